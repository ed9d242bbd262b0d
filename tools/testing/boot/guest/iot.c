// SPDX-License-Identifier: GPL-2.0-only
/* The guest programs' common part and their dispatcher; see iot.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iot.h"

void die(const char *fmt, ...)
{
	int error = errno;
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	exit(1);
}

bool check(bool good, const char *fmt, ...)
{
	int error = errno;
	va_list args;

	fputs(good ? "ok " : "not ok ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (!good && error)
		printf(" (%s)", strerror(error));
	putchar('\n');
	fflush(stdout);
	return good;
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void fill(void *buf, size_t len, uint64_t seed, uint64_t offset)
{
	uint64_t *word = buf;

	for (size_t i = 0; i < len / sizeof(*word); i++)
		word[i] = mix(seed ^ mix(offset / sizeof(*word) + i));
}

bool filled(const void *buf, size_t len, uint64_t seed, uint64_t offset)
{
	const uint64_t *word = buf;

	for (size_t i = 0; i < len / sizeof(*word); i++)
		if (word[i] != mix(seed ^ mix(offset / sizeof(*word) + i)))
			return false;
	return true;
}

void *pages(size_t len)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED || mlock(mem, len))
		die("%zu bytes of locked memory", len);
	return mem;
}

uint64_t phys_of(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)page / PAGE * 8) != 8)
		die("/proc/self/pagemap");
	close(fd);
	if (!(entry >> 63) || !(entry << 9))
		die("/proc/self/pagemap does not tell the address of a page");
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

int klog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		die("/dev/kmsg");
	return fd;
}

/* Waits up to two seconds for a record that the caller takes. */
bool klog_find(int fd, char *line, size_t size, bool (*take)(const char *text, const void *arg), const void *arg)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		ssize_t len = read(fd, line, size - 1);

		if (len > 0) {
			char *text = memchr(line, ';', len);

			line[len] = 0;
			line[strcspn(line, "\n")] = 0;
			if (text && take(text + 1, arg)) {
				memmove(line, text + 1, strlen(text));
				return true;
			}
		} else if (len < 0 && errno == EAGAIN) {
			if (poll(&pfd, 1, 2000) <= 0)
				return false;
		} else if (len < 0 && errno != EPIPE) {
			die("/dev/kmsg");
		}
	}
}

int pci_open(const char *bdf, const char *file, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file);
	fd = open(path, flags);
	if (fd < 0)
		die("%s", path);
	return fd;
}

void pci_bus_master(const char *bdf, bool on)
{
	int fd = pci_open(bdf, "config", O_RDWR);
	uint16_t command;

	if (pread(fd, &command, 2, 4) != 2)
		die("config space of %s", bdf);
	command = on ? command | 0x6 : command & ~0x4;
	if (pwrite(fd, &command, 2, 4) != 2)
		die("config space of %s", bdf);
	close(fd);
}

volatile uint8_t *pci_map_bar0(const char *bdf, size_t size)
{
	int fd = pci_open(bdf, "resource0", O_RDWR | O_SYNC);
	void *bar = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bar == MAP_FAILED)
		die("BAR 0 of %s", bdf);
	close(fd);
	return bar;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "blk", cmd_blk }, { "net", cmd_net }, { "edu", cmd_edu },
		{ "flood", cmd_flood }, { "vfio", cmd_vfio }, { "kexec", cmd_kexec },
		{ "aux", cmd_aux },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	errno = 0;
	die("no such command");
}
