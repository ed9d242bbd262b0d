// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only process of the benchmark's machines: loads a module, starts it, ends
 * the machine.
 *
 * "bench.run=X" on the kernel command line is what the module is told to run.
 * With "bench.gate" it first says where the module is and waits for a key, so that
 * the host can switch recording on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PARAM "/sys/module/iommu_bench/parameters/run"

static void complain(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
}

static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = 0;
	return got < 0 ? -1 : 0;
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		complain(path);
	if (fd >= 0)
		close(fd);
}

/* The value of "bench.run=". */
static char *run_of(char *cmdline)
{
	char *run = strstr(cmdline, "bench.run=");

	return run ? strtok(run + strlen("bench.run="), " \n") : NULL;
}

static void gate(void)
{
	char text[4096], key;

	if (read_file("/proc/modules", text, sizeof(text)))
		complain("/proc/modules");
	printf("bench: module %s", text);
	printf("bench: ready\n");
	fflush(stdout);
	if (read(STDIN_FILENO, &key, 1) != 1)
		complain("console");
}

static void start(const char *run)
{
	int fd = open(PARAM, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, run, strlen(run)) < 0)
		complain(run);
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	char cmdline[4096], *run;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	read_file("/proc/cmdline", cmdline, sizeof(cmdline));
	load("/bench.ko");
	if (strstr(cmdline, "bench.gate"))
		gate();
	run = run_of(cmdline);
	if (run)
		start(run);
	fflush(stdout);
	reboot(RB_AUTOBOOT);
	return 1;
}
