// SPDX-License-Identifier: GPL-2.0-only
/*
 * map of scatterlists, and unmap of what they mapped.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "bench.h"

/* Real memory, as scatterlists name pages; big enough for MIXED. */
#define ORDER	10

/**
 * struct list_case - a scatterlist, mapped @count times at different iovas
 * @map: name of the operation
 * @unmap: the same
 * @nents: segments
 * @pages: their sizes in pages, in turn; a page is left out between two
 * @nr: number of @pages
 * @count: how often
 * @part: where
 */
struct list_case {
	const char *map, *unmap;
	unsigned int nents;
	unsigned int pages[4];
	unsigned int nr;
	unsigned int count;
	unsigned int part;
};

static const struct list_case list_cases[] = {
	{ "map_sg 256x4K", "unmap of map_sg 256x4K", 256, { 1 }, 1, 16, 8 },
	{ "map_sg 32 mixed", "unmap of map_sg 32 mixed", 32, { 1, 2, 16, 64 }, 4, 16, 9 },
};

static struct iommu_domain *domain;
static const struct list_case *the;
static struct sg_table table;
static size_t total;

static int fill_table(struct page *page)
{
	struct scatterlist *sg;
	unsigned int i, n;
	int ret;

	ret = sg_alloc_table(&table, the->nents, GFP_KERNEL);
	if (ret)
		return ret;
	total = 0;
	for_each_sgtable_sg(&table, sg, i) {
		n = the->pages[i % the->nr];
		sg_set_page(sg, page, n * PAGE_SIZE, 0);
		page += n + 1;
		total += n * PAGE_SIZE;
	}
	return 0;
}

static int list_round(void)
{
	unsigned long iova = IOVA_PART(the->part);
	unsigned int n = times(the->count), i;
	size_t step = roundup_pow_of_two(total);
	size_t mapped = 0, unmapped = 0;
	ssize_t ret;

	start(the->map);
	for (i = 0; i < n; i++) {
		ret = iommu_map_sg(domain, iova + i * step, table.sgl,
				   table.orig_nents, PROT, GFP_KERNEL);
		if (ret > 0)
			mapped += ret;
	}
	stop(n);
	start(the->unmap);
	for (i = 0; i < n; i++)
		unmapped += iommu_unmap(domain, iova + i * step, total);
	stop(n);
	return mapped == n * total && unmapped == mapped ? 0 :
	       complain("iommu_map_sg", -EIO);
}

int bench_lists(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, ORDER);
	unsigned int i;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	domain = bench_domain();
	if (!domain) {
		ret = -ENODEV;
		goto out;
	}
	for (i = 0; !ret && i < ARRAY_SIZE(list_cases); i++) {
		the = &list_cases[i];
		ret = fill_table(page) ?: each_round(list_round);
		sg_free_table(&table);
	}
	iommu_detach_device(domain, bench.dev);
	iommu_domain_free(domain);
out:
	__free_pages(page, ORDER);
	return ret;
}
