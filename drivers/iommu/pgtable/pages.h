/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for tables.
 *
 * Tables are handed out on lists of pages, which whoever invalidates frees page by
 * page.  So a table that is larger than a page is made of single pages.
 */
#ifndef __IOMMU_PGTABLE_PAGES_H
#define __IOMMU_PGTABLE_PAGES_H

#include <linux/mm.h>

#include "../iommu-pages.h"

/* Zeroed, aligned to @bytes, which is a power of two. */
static __always_inline u64 *pgt_pages_alloc(int nid, gfp_t gfp, size_t bytes)
{
	unsigned int order = get_order(bytes);
	u64 *table = iommu_alloc_pages_node(nid, gfp, order);

	if (order && table)
		split_page(virt_to_page(table), order);
	return table;
}

static __always_inline void pgt_pages_free(void *table, size_t bytes)
{
	void *page;

	for (page = table; page < table + bytes; page += PAGE_SIZE)
		iommu_free_page(page);
}

static __always_inline void pgt_pages_list(void *table, size_t bytes,
					   struct list_head *list)
{
	void *page;

	for (page = table; page < table + bytes; page += PAGE_SIZE)
		list_add_tail(&virt_to_page(page)->lru, list);
}

#endif /* __IOMMU_PGTABLE_PAGES_H */
