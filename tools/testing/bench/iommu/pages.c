// SPDX-License-Identifier: GPL-2.0-only
/*
 * map, look up and unmap of one contiguous range.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "bench.h"

/**
 * struct pages_case - ranges of one size, one call each
 * @map: name of the operation, NULL: not of interest
 * @lookup: the same
 * @unmap: the same
 * @size: of each range
 * @skew: how much memory is less aligned than the iova: decides the page size
 * @count: how many ranges
 * @part: where they are
 * @shuffled: unmap in random order
 */
struct pages_case {
	const char *map, *lookup, *unmap;
	size_t size;
	size_t skew;
	unsigned int count;
	unsigned int part;
	bool shuffled;
};

static const struct pages_case pages_cases[] = {
	{ "map 4K", "iova_to_phys 4K", "unmap 4K", SZ_4K, 0, 512, 0 },
	{ "map 64K", "iova_to_phys 64K", "unmap 64K", SZ_64K, 0, 64, 1 },
	{ "map 2M", "iova_to_phys 2M", "unmap 2M", SZ_2M, 0, 64, 2 },
	{ "map 1G", "iova_to_phys 1G", "unmap 1G", SZ_1G, 0, 16, 3 },
	{ NULL, NULL, "unmap 4K random", SZ_4K, 0, 512, 4, true },
	{ "map 1M in 4K", NULL, "unmap 1M in 4K", SZ_1M, SZ_4K, 16, 5 },
	{ "map 64M in 2M", NULL, "unmap 64M in 2M", SZ_64M, 0, 16, 6 },
	{ "map 1G in 2M", NULL, "unmap 1G in 2M", SZ_1G, SZ_2M, 4, 7 },
};

#define MAX_COUNT	512

static struct iommu_domain *domain;
static const struct pages_case *the;
static unsigned long iovas[MAX_COUNT];

/* Where the ranges of a case are; the same order in every run. */
static void place(unsigned int n)
{
	struct rnd_state rnd;
	unsigned int i, other;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < n; i++)
		iovas[i] = IOVA_PART(the->part) + i * the->size;
	for (i = n - 1; i && the->shuffled; i--) {
		other = prandom_u32_state(&rnd) % (i + 1);
		swap(iovas[i], iovas[other]);
	}
}

static void begin(const char *op)
{
	start(op ?: "-");
}

static int pages_round(void)
{
	phys_addr_t paddr = PADDR_FAR + the->skew, sum = 0;
	unsigned int n = times(the->count), i;
	size_t size = the->size, done = 0;
	int ret = 0;

	begin(the->map);
	for (i = 0; i < n; i++)
		ret |= iommu_map(domain, iovas[i], paddr + i * size, size,
				 PROT, GFP_KERNEL);
	stop(n);
	if (ret)
		return complain("iommu_map", ret);

	begin(the->lookup);
	for (i = 0; i < n; i++)
		sum += iommu_iova_to_phys(domain, iovas[i]);
	stop(n);

	begin(the->unmap);
	for (i = 0; i < n; i++)
		done += iommu_unmap(domain, iovas[i], size);
	stop(n);

	/* The sum of an arithmetic series tells whether all were right. */
	if (sum != n * paddr + (u64)n * (n - 1) / 2 * size)
		return complain("iommu_iova_to_phys", -EIO);
	return done == n * size ? 0 : complain("iommu_unmap", -EIO);
}

static noinline phys_addr_t nothing(struct iommu_domain *domain, dma_addr_t iova)
{
	barrier();
	return iova;
}

/* What the loop around an operation takes, which the host subtracts. */
static int loop_round(void)
{
	unsigned int n = times(512), i;
	phys_addr_t sum = 0;

	start("loop");
	for (i = 0; i < n; i++)
		sum += nothing(domain, iovas[i]);
	stop(n);
	return sum ? 0 : -EIO;
}

int bench_pages(void)
{
	unsigned int i;
	int ret = 0;

	domain = bench_domain();
	if (!domain)
		return -ENODEV;
	for (i = 0; !ret && i < ARRAY_SIZE(pages_cases); i++) {
		the = &pages_cases[i];
		place(the->count);
		ret = each_round(pages_round);
	}
	if (!ret)
		ret = each_round(loop_round);
	iommu_detach_device(domain, bench.dev);
	iommu_domain_free(domain);
	return ret;
}
