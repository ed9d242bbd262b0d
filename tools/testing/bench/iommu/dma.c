// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA API, in the mode that the kernel was booted with.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/slab.h>

#include "bench.h"

#define ORDER	9
#define MAX_COUNT	512
#define SG_NENTS	64

static dma_addr_t addrs[MAX_COUNT];
static struct page *memory;
static const char *op_map, *op_unmap;
static size_t size;
static unsigned int count;
static struct sg_table table;

static int page_round(void)
{
	unsigned int i, bad = 0;

	start(op_map);
	for (i = 0; i < count; i++)
		addrs[i] = dma_map_page(bench.dev, memory, i % 16 * size, size,
					DMA_TO_DEVICE);
	stop(count);
	for (i = 0; i < count; i++)
		bad += dma_mapping_error(bench.dev, addrs[i]);
	if (bad)
		return complain("dma_map_page", -EIO);
	start(op_unmap);
	for (i = 0; i < count; i++)
		dma_unmap_page(bench.dev, addrs[i], size, DMA_TO_DEVICE);
	stop(count);
	return 0;
}

static int sg_round(void)
{
	unsigned int i, mapped = 0;

	/* One list can be mapped once at a time. */
	for (i = 0; i < 4; i++) {
		start("dma_map_sg 64x4K");
		mapped += dma_map_sg(bench.dev, table.sgl, SG_NENTS,
				     DMA_TO_DEVICE);
		stop(1);
		start("dma_unmap_sg 64x4K");
		dma_unmap_sg(bench.dev, table.sgl, SG_NENTS, DMA_TO_DEVICE);
		stop(1);
	}
	return mapped ? 0 : complain("dma_map_sg", -EIO);
}

static int bench_sg(void)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(&table, SG_NENTS, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(&table, sg, i)
		sg_set_page(sg, memory + 2 * i, PAGE_SIZE, 0);
	ret = each_round(sg_round);
	sg_free_table(&table);
	return ret;
}

static int bench_api(bool strict)
{
	int ret;

	memory = alloc_pages(GFP_KERNEL | __GFP_COMP, ORDER);
	if (!memory)
		return -ENOMEM;

	op_map = "dma_map_page 4K";
	op_unmap = "dma_unmap_page 4K";
	size = SZ_4K;
	/* Never less in lazy mode, which flushes only now and then. */
	count = strict ? times(MAX_COUNT) : MAX_COUNT;
	ret = each_round(page_round);
	op_map = "dma_map_page 64K";
	op_unmap = "dma_unmap_page 64K";
	size = SZ_64K;
	count = times(MAX_COUNT);
	if (!ret)
		ret = each_round(page_round);
	if (!ret)
		ret = bench_sg();
	__free_pages(memory, ORDER);
	return ret;
}

int bench_dma_strict(void)
{
	return bench_api(true);
}

int bench_dma_lazy(void)
{
	return bench_api(false);
}
