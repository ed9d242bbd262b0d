// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of reserved regions: merging against a map of bytes, and one-to-one
 * mappings in a domain that remembers them.
 */

#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core.h"
#include "mock.h"

#define NR_UNITS	256
#define UNIT		SZ_4K
#define FIRST		0x80000000ULL
#define NR_TYPES	(IOMMU_RESV_SW_MSI + 1)

static int insert(struct list_head *regions, phys_addr_t start, size_t length,
		  enum iommu_resv_type type)
{
	struct iommu_resv_region region = {
		.start = start, .length = length, .type = type,
		.prot = IOMMU_READ,
	};

	return iommu_resv_insert(regions, &region);
}

static void free_regions(struct list_head *regions)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, regions, list)
		kfree(region);
	INIT_LIST_HEAD(regions);
}

static bool in_order(const struct iommu_resv_region *a,
		     const struct iommu_resv_region *b)
{
	return a->start != b->start ? a->start < b->start : a->type <= b->type;
}

/* Sorted, and the same units by type as in @want, each stretch once. */
static void expect_units(struct kunit *test, struct list_head *regions,
			 bool (*want)[NR_UNITS])
{
	static bool have[NR_TYPES][NR_UNITS];
	struct iommu_resv_region *region, *before = NULL;
	size_t i, first, count;

	memset(have, 0, sizeof(have));
	list_for_each_entry(region, regions, list) {
		first = (region->start - FIRST) / UNIT;
		count = region->length / UNIT;
		if (before)
			KUNIT_EXPECT_TRUE(test, in_order(before, region));
		before = region;
		for (i = first; i < first + count; i++) {
			KUNIT_EXPECT_FALSE(test, have[region->type][i]);
			have[region->type][i] = true;
		}
		/* Its neighbours would have been merged. */
		if (first)
			KUNIT_EXPECT_FALSE(test, want[region->type][first - 1]);
		if (first + count < NR_UNITS)
			KUNIT_EXPECT_FALSE(test, want[region->type][first + count]);
	}
	KUNIT_EXPECT_MEMEQ(test, &have[0][0], &want[0][0], sizeof(have));
}

static void merge_random(struct kunit *test)
{
	static bool want[NR_TYPES][NR_UNITS];
	struct rnd_state rnd;
	LIST_HEAD(regions);
	unsigned int i, step;

	prandom_seed_state(&rnd, 3);
	memset(want, 0, sizeof(want));
	for (step = 0; step < 120; step++) {
		unsigned int type = prandom_u32_state(&rnd) % NR_TYPES;
		unsigned int first = prandom_u32_state(&rnd) % (NR_UNITS - 8);
		unsigned int count = 1 + prandom_u32_state(&rnd) % 8;

		KUNIT_ASSERT_EQ(test, insert(&regions, FIRST + first * UNIT,
					     count * UNIT, type), 0);
		for (i = first; i < first + count; i++)
			want[type][i] = true;
		expect_units(test, &regions, want);
	}
	free_regions(&regions);
}

static void merge_at_the_end(struct kunit *test)
{
	phys_addr_t last = ~0ULL;
	struct iommu_resv_region *region;
	LIST_HEAD(regions);

	KUNIT_EXPECT_EQ(test, insert(&regions, last - SZ_4K + 1, SZ_4K, 0), 0);
	KUNIT_EXPECT_EQ(test, insert(&regions, last - SZ_8K + 1, SZ_4K, 0), 0);
	KUNIT_EXPECT_EQ(test, insert(&regions, 0, SZ_4K, 0), 0);
	KUNIT_EXPECT_EQ(test, insert(&regions, 0x5000, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&regions), 2);
	region = list_last_entry(&regions, struct iommu_resv_region, list);
	KUNIT_EXPECT_EQ(test, region->start, last - SZ_8K + 1);
	KUNIT_EXPECT_EQ(test, region->length, SZ_8K);
	free_regions(&regions);
}

static void merge_without_memory(struct kunit *test)
{
	LIST_HEAD(regions);

	if (!mock_can_fail_allocs())
		kunit_skip(test, "needs CONFIG_FAILSLAB");
	KUNIT_EXPECT_EQ(test, insert(&regions, FIRST, SZ_4K, 0), 0);
	mock_fail_alloc(1);
	KUNIT_EXPECT_EQ(test, insert(&regions, FIRST, SZ_8K, 0), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, mock_fail_alloc_end());
	KUNIT_EXPECT_EQ(test, list_count_nodes(&regions), 1);
	free_regions(&regions);
}

/*
 * One-to-one mappings
 */

/* A domain of NR_UNITS pages from 0 on, where memory begins as well. */
struct direct {
	struct iommu_domain domain;
	struct iommu_device unit;
	struct dev_iommu client;
	struct device dev;
	phys_addr_t pages[NR_UNITS];
	bool present[NR_UNITS];
	unsigned int room;
	unsigned int flushes;
};

static struct direct *direct_of(struct iommu_domain *domain)
{
	return container_of(domain, struct direct, domain);
}

static int direct_map_range(struct iommu_domain *domain, unsigned long iova,
			    phys_addr_t paddr, size_t len, int prot, gfp_t gfp,
			    size_t *mapped)
{
	struct direct *direct = direct_of(domain);

	for (; *mapped < len; *mapped += UNIT) {
		unsigned long unit = (iova + *mapped) / UNIT;

		if (direct->present[unit])
			return -EEXIST;
		if (!direct->room)
			return -ENOMEM;
		direct->room--;
		direct->present[unit] = true;
		direct->pages[unit] = paddr + *mapped;
	}
	return 0;
}

static size_t direct_unmap_range(struct iommu_domain *domain, unsigned long iova,
				 size_t len, struct iommu_iotlb_gather *gather)
{
	memset(&direct_of(domain)->present[iova / UNIT], 0, len / UNIT);
	return len;
}

static phys_addr_t direct_iova_to_phys(struct iommu_domain *domain,
				       dma_addr_t iova)
{
	struct direct *direct = direct_of(domain);

	if (!direct->present[iova / UNIT])
		return 0;
	return direct->pages[iova / UNIT] + iova % UNIT;
}

static void direct_flush(struct iommu_domain *domain)
{
	direct_of(domain)->flushes++;
}

static const struct iommu_domain_ops direct_domain_ops = {
	.map_range = direct_map_range,
	.unmap_range = direct_unmap_range,
	.iova_to_phys = direct_iova_to_phys,
	.flush_iotlb_all = direct_flush,
};

/* Two that overlap, one that begins and ends within pages, others. */
static void direct_regions(struct device *dev, struct list_head *list)
{
	static const struct iommu_resv_region have[] = {
		{ .start = 0, .length = 4 * UNIT, .type = IOMMU_RESV_DIRECT },
		{ .start = 2 * UNIT, .length = 4 * UNIT,
		  .type = IOMMU_RESV_DIRECT_RELAXABLE },
		{ .start = 16 * UNIT + 64, .length = UNIT,
		  .type = IOMMU_RESV_DIRECT },
		{ .start = 32 * UNIT, .length = UNIT,
		  .type = IOMMU_RESV_MSI },
		{ .start = 40 * UNIT, .length = UNIT,
		  .type = IOMMU_RESV_RESERVED },
	};
	struct iommu_resv_region *region;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(have); i++) {
		region = iommu_alloc_resv_region(have[i].start, have[i].length,
						 IOMMU_READ | IOMMU_WRITE,
						 have[i].type, GFP_KERNEL);
		if (region)
			list_add_tail(&region->list, list);
	}
}

static const struct iommu_ops direct_ops = {
	.get_resv_regions = direct_regions,
};

static struct direct *make_direct(struct kunit *test, unsigned int type)
{
	struct direct *direct = kunit_kzalloc(test, sizeof(*direct), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, direct);
	direct->unit.ops = &direct_ops;
	direct->client.iommu_dev = &direct->unit;
	direct->dev.iommu = &direct->client;
	direct->domain.type = type;
	direct->domain.ops = &direct_domain_ops;
	direct->domain.pgsize_bitmap = UNIT;
	direct->room = NR_UNITS;
	return direct;
}

static bool is_mapped(struct direct *direct, unsigned int unit)
{
	return direct->present[unit] && direct->pages[unit] == unit * UNIT;
}

static void direct_maps_holes(struct kunit *test)
{
	struct direct *direct = make_direct(test, IOMMU_DOMAIN_DMA);
	unsigned int i;

	direct->present[1] = true;
	direct->pages[1] = UNIT;
	KUNIT_EXPECT_EQ(test, iommu_resv_map_direct(&direct->domain,
						    &direct->dev), 0);
	for (i = 0; i < NR_UNITS; i++)
		KUNIT_EXPECT_EQ(test, is_mapped(direct, i),
				i < 6 || i == 16 || i == 17);
	KUNIT_EXPECT_TRUE(test, direct->client.require_direct);
	KUNIT_EXPECT_EQ(test, direct->flushes, 1);

	/* Another device of the group with the same regions. */
	KUNIT_EXPECT_EQ(test, iommu_resv_map_direct(&direct->domain,
						    &direct->dev), 0);
	KUNIT_EXPECT_EQ(test, direct->room, NR_UNITS - 7);
}

static void direct_reports_errors(struct kunit *test)
{
	struct direct *direct = make_direct(test, IOMMU_DOMAIN_DMA);

	direct->room = 5;
	KUNIT_EXPECT_EQ(test, iommu_resv_map_direct(&direct->domain,
						    &direct->dev), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, direct->client.require_direct);
	KUNIT_EXPECT_FALSE(test, is_mapped(direct, 5));
}

static void direct_leaves_others_alone(struct kunit *test)
{
	struct direct *direct = make_direct(test, IOMMU_DOMAIN_UNMANAGED);

	KUNIT_EXPECT_EQ(test, iommu_resv_map_direct(&direct->domain,
						    &direct->dev), 0);
	KUNIT_EXPECT_TRUE(test, direct->client.require_direct);
	KUNIT_EXPECT_EQ(test, direct->room, NR_UNITS);
	KUNIT_EXPECT_EQ(test, direct->flushes, 0);
}

static struct kunit_case resv_cases[] = {
	KUNIT_CASE(merge_random),
	KUNIT_CASE(merge_at_the_end),
	KUNIT_CASE(merge_without_memory),
	KUNIT_CASE(direct_maps_holes),
	KUNIT_CASE(direct_reports_errors),
	KUNIT_CASE(direct_leaves_others_alone),
	{}
};

static struct kunit_suite resv_suite = {
	.name = "iommu-resv",
	.test_cases = resv_cases,
};

kunit_test_suite(resv_suite);
