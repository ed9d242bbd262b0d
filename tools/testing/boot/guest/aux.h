/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of auxiliary domains share: calls of /dev/pasid-dmaN. */
#ifndef AUX_H
#define AUX_H

#include <linux/pasid-dma.h>
#include <stdbool.h>
#include <stdint.h>

#define IOVA	0x100000000ULL
#define RW	(PASID_DMA_MAP_READ | PASID_DMA_MAP_WRITE)

struct aux {
	const char *path;	/* /dev/pasid-dmaN */
	const char *bdf;
};

/* Opens the device, or dies; with aux_try() the result is -1 and errno. */
int aux_open(const struct aux *aux);
int aux_try(const struct aux *aux);
struct pasid_dma_info aux_info(int fd);

int aux_map(int fd, void *mem, uint64_t iova, size_t len, uint32_t flags);
int aux_unmap(int fd, uint64_t iova);
int aux_attach(int fd, int other, uint32_t how, uint64_t ring);
int aux_detach(int fd, int other, uint32_t how);
int aux_set(int fd, uint32_t what, uint64_t value, uint64_t value2);

/* Returns PASID_DMA_OK and so on, or -1 with errno. */
int aux_run(int fd, struct pasid_dma_run *run);
int aux_copy(int fd, uint64_t src, uint64_t dst, uint32_t len, uint32_t flags);
int aux_foreign(int fd, uint32_t pasid, uint64_t src, uint64_t dst, uint32_t len, uint32_t flags);
int aux_bounce(int fd, const void *src, void *dst, uint32_t len, uint32_t flags);

/* Two halves at @iova: the device copies the first to the second; is it there? */
bool aux_copies(int fd, uint8_t *mem, uint64_t iova, size_t half, uint64_t seed, uint32_t flags);

/* Does the kernel log a refused access, with the PASID? */
enum aux_fault { AUX_READ, AUX_WRITE, AUX_DETACHED };
bool aux_logged(const struct aux *aux, int fd, uint32_t pasid, uint64_t addr, enum aux_fault fault);

int aux_two(const struct aux *aux);
int aux_unmapped(const struct aux *aux);
int aux_detached(const struct aux *aux);
int aux_reused(const struct aux *aux);
int aux_permissions(const struct aux *aux, bool noexec);
int aux_primary(const struct aux *aux, const struct aux *other);
int aux_errors(const struct aux *aux);
int aux_none(const struct aux *aux);
int aux_narrow(const struct aux *narrow, const struct aux *wide);
int aux_owner(const struct aux *aux);
int aux_handled(const struct aux *aux);
int aux_dma(const struct aux *aux);
int aux_many(const struct aux *aux, unsigned int count, unsigned int rounds);
int aux_crowd(const struct aux *aux, unsigned int rounds);
int aux_hold(const struct aux *aux, bool careless);
int aux_fail(const struct aux *aux);
int aux_silent(const struct aux *aux);

#endif
