// SPDX-License-Identifier: GPL-2.0-only
/* What attaching auxiliary domains is refused for, and that a refusal changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aux.h"
#include "iot.h"

static bool fails(int ret, int error)
{
	return ret < 0 && errno == error;
}

static void try_feature(const struct aux *aux)
{
	int fd = aux_open(aux);

	check(fails(aux_set(fd, PASID_DMA_SET_FEATURE, 0, 0), EBUSY),
	      "the feature cannot be disabled while an aux-domain is attached: EBUSY");
	check(!aux_detach(fd, -1, PASID_DMA_AUX) && !aux_set(fd, PASID_DMA_SET_FEATURE, 0, 0), "without one it can");
	check(fails(aux_attach(fd, -1, PASID_DMA_AUX, 0), EPERM), "attaching without the feature: EPERM");
	check(fails(aux_try(aux), EPERM), "opening without the feature: EPERM");
	check(!aux_set(fd, PASID_DMA_SET_FEATURE, 1, 0) && !aux_attach(fd, -1, PASID_DMA_AUX, 0), "enabled again it works");
	close(fd);
}

static void try_range(const struct aux *aux)
{
	int fd = aux_open(aux), one, two;

	check(fails(aux_set(fd, PASID_DMA_SET_RANGE, 20, 21), EBUSY),
	      "the PASID range cannot change while an aux-domain is attached: EBUSY");
	aux_detach(fd, -1, PASID_DMA_AUX);
	check(fails(aux_set(fd, PASID_DMA_SET_RANGE, 0, 21), EINVAL), "a range with PASID 0: EINVAL");
	check(!aux_set(fd, PASID_DMA_SET_RANGE, 20, 21), "a range of two PASIDs");
	one = aux_open(aux);
	two = aux_open(aux);
	check(aux_info(one).pasid + aux_info(two).pasid == 20 + 21, "two files have them");
	check(fails(aux_try(aux), ENOSPC), "a third: ENOSPC");
	close(one);
	close(two);
	check(!aux_set(fd, PASID_DMA_SET_RANGE, 1, 0xfffff), "the whole range again");
	close(fd);
}

int aux_errors(const struct aux *aux)
{
	int fd = aux_open(aux);

	check(fails(aux_set(fd, PASID_DMA_SET_DEFAULT, 0, 0), EINVAL), "the default domain as aux-domain: EINVAL");
	check(aux_foreign(fd, 0x9abc, IOVA, IOVA, 4, 0) == PASID_DMA_READ_FAULT, "a PASID that nobody has faults");
	check(aux_foreign(fd, 0x19abc, IOVA, IOVA, 4, 0) == PASID_DMA_INVALID, "a PASID beyond the device's is not sent");
	close(fd);
	try_feature(aux);
	try_range(aux);
	return 0;
}

/* A device that has PASIDs behind an IOMMU that has none */
int aux_none(const struct aux *aux)
{
	int fd = open(aux->path, O_RDONLY | O_CLOEXEC);
	uint8_t *mem = pages(2 * PAGE);

	if (fd < 0)
		die("%s", aux->path);
	check(fails(aux_try(aux), ENODEV), "opening the device: ENODEV");
	check(fails(aux_set(fd, PASID_DMA_SET_FEATURE, 1, 0), ENODEV), "the feature cannot be enabled: ENODEV");
	check(fails(aux_attach(fd, -1, PASID_DMA_AUX, 0), ENODEV), "attaching: ENODEV");
	check(!aux_info(fd).pasid, "the file has no PASID");
	check(aux_foreign(fd, 1, IOVA, IOVA, 4, 0) > 0, "a request with PASID gets nowhere");
	check(!aux_attach(fd, -1, PASID_DMA_PRIMARY, IOVA), "its domain can be primary");
	check(!aux_map(fd, mem, IOVA + PAGE, 2 * PAGE, RW), "memory is mapped in it");
	fill(mem, PAGE, 1, 0);
	check(!aux_foreign(fd, 0, IOVA + PAGE, IOVA + 2 * PAGE, PAGE, PASID_DMA_RUN_POLL) && filled(mem + PAGE, PAGE, 1, 0),
	      "the device copies it without PASID");
	check(!aux_unmap(fd, IOVA + PAGE), "it is unmapped");
	check(aux_foreign(fd, 0, IOVA + PAGE, IOVA + PAGE, 4, PASID_DMA_RUN_POLL) == PASID_DMA_READ_FAULT, "then reading faults");
	check(!aux_detach(fd, -1, PASID_DMA_PRIMARY), "primary no more");
	close(fd);
	return 0;
}

/* A domain's PASID is the same on every device, and must fit. */
int aux_narrow(const struct aux *narrow, const struct aux *wide)
{
	int fd = aux_open(wide), other = aux_open(narrow), second;
	uint8_t *mem = pages(2 * PAGE);

	aux_detach(fd, -1, PASID_DMA_AUX);
	check(!aux_set(fd, PASID_DMA_SET_RANGE, 100, 200), "%s may use PASIDs from 100 on", wide->bdf);
	check(!aux_attach(fd, -1, PASID_DMA_AUX, 0) && aux_info(fd).pasid >= 100, "a domain gets one of them");
	check(fails(aux_attach(fd, other, PASID_DMA_AUX, 0), ERANGE), "%s cannot have it: ERANGE", narrow->bdf);
	check(!aux_map(fd, mem, IOVA, 2 * PAGE, RW) && aux_copies(fd, mem, IOVA, PAGE, 1, 0), "on %s it still works", wide->bdf);

	second = aux_open(narrow);
	check(fails(aux_attach(second, fd, PASID_DMA_AUX, 0), ERANGE), "the other way round, too: ERANGE");
	close(fd);
	fd = aux_open(wide);
	aux_detach(fd, -1, PASID_DMA_AUX);
	check(!aux_set(fd, PASID_DMA_SET_RANGE, 1, 0xfffff), "all PASIDs for %s", wide->bdf);
	check(!aux_attach(second, fd, PASID_DMA_AUX, 0), "now one domain is attached to both");
	check(!aux_map(second, mem, IOVA, 2 * PAGE, RW) && aux_copies(second, mem, IOVA, PAGE, 2, 0), "%s reaches it", narrow->bdf);
	fill(mem, PAGE, 3, 0);
	check(!aux_foreign(fd, aux_info(second).pasid, IOVA, IOVA + PAGE, PAGE, 0) && filled(mem + PAGE, PAGE, 3, 0),
	      "%s reaches the same with the same PASID", wide->bdf);
	check(!aux_unmap(second, IOVA), "it is unmapped");
	check(aux_copy(second, IOVA, IOVA, 4, 0) == PASID_DMA_READ_FAULT &&
	      aux_foreign(fd, aux_info(second).pasid, IOVA, IOVA, 4, 0) == PASID_DMA_READ_FAULT, "both fault");
	close(second);
	close(other);
	close(fd);
	return 0;
}

/* A device that may not reach memory completes nothing. */
int aux_silent(const struct aux *aux)
{
	int fd = aux_open(aux);
	uint8_t *mem = pages(2 * PAGE);

	check(!aux_map(fd, mem, IOVA, 2 * PAGE, RW), "memory is mapped");
	check(fails(aux_copy(fd, IOVA, IOVA + PAGE, PAGE, 0), ETIMEDOUT), "the device does not answer: ETIMEDOUT");
	check(fails(aux_copy(fd, IOVA, IOVA + PAGE, PAGE, 0), ENODEV), "it is stopped: ENODEV");
	check(!aux_unmap(fd, IOVA), "unmapping works");
	close(fd);
	return 0;
}

/* Ownership by user space and aux-domains exclude each other. */
int aux_owner(const struct aux *aux)
{
	int fd = aux_open(aux);
	uint8_t *mem = pages(2 * PAGE);

	check(fails(aux_set(fd, PASID_DMA_SET_OWNED, 1, 0), EBUSY),
	      "the group cannot be claimed while an aux-domain is attached: EBUSY");
	check(!aux_map(fd, mem, IOVA, 2 * PAGE, RW) && aux_copies(fd, mem, IOVA, PAGE, 1, 0), "which still works");
	check(!aux_bounce(fd, mem, mem + PAGE, PAGE, 0), "as does the DMA API");
	check(!aux_detach(fd, -1, PASID_DMA_AUX) && !aux_set(fd, PASID_DMA_SET_OWNED, 1, 0), "detached it can be claimed");
	check(fails(aux_attach(fd, -1, PASID_DMA_AUX, 0), EBUSY), "attaching to a claimed group: EBUSY");
	check(fails(aux_try(aux), EBUSY), "opening the device: EBUSY");
	check(!aux_set(fd, PASID_DMA_SET_OWNED, 0, 0) && !aux_attach(fd, -1, PASID_DMA_AUX, 0), "released it works");
	check(aux_copies(fd, mem, IOVA, PAGE, 2, 0) && !aux_bounce(fd, mem, mem + PAGE, PAGE, 0), "with PASID and without");
	close(fd);
	return 0;
}

/*
 * Allocation failures of the calling thread: the n-th from now.  Reading tells how
 * many are left to go; neither call allocates anything itself.
 */
static int fail_fd;

static void fail_set(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	if (pwrite(fail_fd, text, strlen(text), 0) < 0)
		die("fail-nth");
}

static int fail_left(void)
{
	char text[16] = "";

	if (pread(fail_fd, text, sizeof(text) - 1, 0) < 0)
		die("fail-nth");
	return atoi(text);
}

int aux_fail(const struct aux *aux)
{
	int fd = aux_open(aux), bystander = aux_open(aux);
	unsigned int failed = 0, survived = 0, n;
	uint8_t *mem = pages(2 * PAGE), *spare = pages(2 * PAGE);
	bool good = true, enomem = true;

	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_fd < 0)
		die("/proc/thread-self/fail-nth");
	aux_map(bystander, mem, IOVA, 2 * PAGE, RW);
	aux_map(fd, spare, IOVA, 2 * PAGE, RW);
	aux_detach(fd, -1, PASID_DMA_AUX);
	for (n = 1; n < 1000; n++) {
		int ret, error, left;

		fail_set(n);
		ret = aux_attach(fd, -1, PASID_DMA_AUX, 0);
		error = errno;
		left = fail_left();
		fail_set(0);
		if (left) {
			good &= !ret;
			break;			/* no allocation failed any more */
		}
		if (ret) {
			failed++;
			enomem &= error == ENOMEM;
			good &= !aux_info(fd).pasid;
		} else {
			survived++;
			good &= aux_copies(fd, spare, IOVA, PAGE, n, 0) && !aux_detach(fd, -1, PASID_DMA_AUX);
		}
		good &= aux_copies(bystander, mem, IOVA, PAGE, n, 0);
	}
	check(failed > 2 && n < 1000, "each of the allocations of attach failed once: %u ended it, %u did not matter", failed, survived);
	check(enomem, "with ENOMEM");
	check(good, "leaving everything as it was");
	check(aux_copies(fd, spare, IOVA, PAGE, 1, 0), "without a failure it is attached");
	close(fd);
	close(bystander);
	return 0;
}
