// SPDX-License-Identifier: GPL-2.0-only
/* Calls of /dev/pasid-dmaN; see aux.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "aux.h"
#include "iot.h"

int aux_try(const struct aux *aux)
{
	return open(aux->path, O_RDWR | O_CLOEXEC);
}

int aux_open(const struct aux *aux)
{
	int fd = aux_try(aux);

	if (fd < 0)
		die("%s", aux->path);
	return fd;
}

struct pasid_dma_info aux_info(int fd)
{
	struct pasid_dma_info info;

	if (ioctl(fd, PASID_DMA_INFO, &info))
		die("PASID_DMA_INFO");
	return info;
}

int aux_map(int fd, void *mem, uint64_t iova, size_t len, uint32_t flags)
{
	struct pasid_dma_map map = { .addr = (uintptr_t)mem, .iova = iova, .len = len, .flags = flags };

	return ioctl(fd, PASID_DMA_MAP, &map);
}

int aux_unmap(int fd, uint64_t iova)
{
	struct pasid_dma_unmap unmap = { .iova = iova };

	return ioctl(fd, PASID_DMA_UNMAP, &unmap);
}

int aux_attach(int fd, int other, uint32_t how, uint64_t ring)
{
	struct pasid_dma_attach attach = { .fd = other, .how = how, .ring = ring };

	return ioctl(fd, PASID_DMA_ATTACH, &attach);
}

int aux_detach(int fd, int other, uint32_t how)
{
	struct pasid_dma_attach attach = { .fd = other, .how = how };

	return ioctl(fd, PASID_DMA_DETACH, &attach);
}

int aux_set(int fd, uint32_t what, uint64_t value, uint64_t value2)
{
	struct pasid_dma_set set = { .what = what, .value = value, .value2 = value2 };

	return ioctl(fd, PASID_DMA_SET, &set);
}

int aux_run(int fd, struct pasid_dma_run *run)
{
	return ioctl(fd, PASID_DMA_RUN, run) ? -1 : (int)run->error;
}

int aux_copy(int fd, uint64_t src, uint64_t dst, uint32_t len, uint32_t flags)
{
	struct pasid_dma_run run = { .op = PASID_DMA_OP_COPY, .flags = flags, .src = src, .dst = dst, .len = len };

	return aux_run(fd, &run);
}

int aux_foreign(int fd, uint32_t pasid, uint64_t src, uint64_t dst, uint32_t len, uint32_t flags)
{
	struct pasid_dma_run run = {
		.op = PASID_DMA_OP_COPY, .flags = flags | PASID_DMA_RUN_FOREIGN,
		.src = src, .dst = dst, .len = len, .pasid = pasid,
	};

	return aux_run(fd, &run);
}

int aux_bounce(int fd, const void *src, void *dst, uint32_t len, uint32_t flags)
{
	struct pasid_dma_bounce bounce = { .src = (uintptr_t)src, .dst = (uintptr_t)dst, .len = len, .flags = flags };

	return ioctl(fd, PASID_DMA_BOUNCE, &bounce);
}

bool aux_copies(int fd, uint8_t *mem, uint64_t iova, size_t half, uint64_t seed, uint32_t flags)
{
	fill(mem, half, seed, 0);
	memset(mem + half, 0, half);
	return aux_copy(fd, iova, iova + half, half, flags) == PASID_DMA_OK && filled(mem + half, half, seed, 0);
}

static bool is_smmu(void)
{
	DIR *dir = opendir("/sys/class/iommu");
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir)))
		found |= !strncmp(entry->d_name, "smmu", 4);
	if (dir)
		closedir(dir);
	return found;
}

/*
 * What the log says of a fault: always device and PASID; address and access too, but
 * where an SMMU finds no translation at all.
 */
static void log_words(const char **words, const struct aux *aux, uint32_t pasid, uint64_t addr,
		      enum aux_fault fault)
{
	static char at[32], number[32];
	bool smmu = is_smmu();

	snprintf(number, sizeof(number), smmu ? "substream 0x%x" : "PASID 0x%x", pasid);
	snprintf(at, sizeof(at), "0x%llx", (unsigned long long)(addr & ~(PAGE - 1)));
	*words++ = aux->bdf + 5;
	*words++ = number;
	if (!smmu || fault != AUX_DETACHED) {
		*words++ = at;
		*words++ = fault == AUX_WRITE ? "write" : "read";
	}
	*words = NULL;
}

static bool has_words(const char *text, const void *arg)
{
	for (const char *const *words = arg; *words; words++)
		if (!strcasestr(text, *words))
			return false;
	return true;
}

/*
 * The log is rate-limited, so a report may be lost: three attempts, a limit's
 * interval apart.
 */
bool aux_logged(const struct aux *aux, int fd, uint32_t pasid, uint64_t addr, enum aux_fault fault)
{
	struct pasid_dma_run run = {
		.op = fault == AUX_WRITE ? PASID_DMA_OP_FILL : PASID_DMA_OP_COPY,
		.flags = PASID_DMA_RUN_FOREIGN, .src = addr, .dst = addr, .len = 4, .pasid = pasid,
	};
	const char *words[5];
	char line[1024];

	log_words(words, aux, pasid, addr, fault);
	for (int i = 0; i < 3; i++) {
		int log = klog_open();
		bool found;

		if (i)
			sleep(6);
		aux_run(fd, &run);
		found = klog_find(log, line, sizeof(line), has_words, words);
		close(log);
		if (found) {
			printf("%s\n", line);
			return true;
		}
	}
	return false;
}
