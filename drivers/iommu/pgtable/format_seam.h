/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam of the page-table tests: allocation, cache and hardware's view.
 *
 * Every table gets a shadow page that stands for memory, filled with poison.  A
 * line reaches the shadow only when it is flushed, so walking the shadows is
 * what hardware sees when it does not snoop the CPU's caches.
 *
 * Included between a format's header and ops.h, by format_test.h.
 */
#ifndef __IOMMU_PGTABLE_FORMAT_SEAM_H
#define __IOMMU_PGTABLE_FORMAT_SEAM_H

#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../iommu-pages.h"

#define SEAM_LINE	64
#define SEAM_POISON	0xa5a5a5a5a5a5a5a5ull

static struct {
	spinlock_t lock;	/* all below */
	long live;		/* tables allocated and not freed */
	unsigned long allocs;
	unsigned long fail_at;	/* which allocation fails, counted from 1 */
	unsigned long lines;	/* flushed */
	unsigned long fences;
	unsigned long early;	/* links that became visible before their table */
	void (*race)(void);	/* runs once, in the middle of the next allocation */
} seam = {
	.lock = __SPIN_LOCK_UNLOCKED(seam.lock),
};

static void seam_reset(void)
{
	seam.allocs = 0;
	seam.fail_at = 0;
	seam.lines = 0;
	seam.fences = 0;
	seam.early = 0;
	seam.race = NULL;
}

static u64 *seam_alloc(int nid, gfp_t gfp)
{
	void (*race)(void);
	unsigned long flags;
	u64 *table, *shadow;
	bool fail;

	spin_lock_irqsave(&seam.lock, flags);
	fail = ++seam.allocs == seam.fail_at;
	race = seam.race;
	seam.race = NULL;
	spin_unlock_irqrestore(&seam.lock, flags);
	if (fail)
		return NULL;
	if (race)
		race();

	table = iommu_alloc_page_node(nid, gfp);
	shadow = (u64 *)__get_free_page(gfp & ~__GFP_ZERO);
	if (!table || !shadow) {
		iommu_free_page(table);
		free_page((unsigned long)shadow);
		return NULL;
	}
	memset64(shadow, SEAM_POISON, PAGE_SIZE / sizeof(u64));
	set_page_private(virt_to_page(table), (unsigned long)shadow);
	SetPagePrivate(virt_to_page(table));

	spin_lock_irqsave(&seam.lock, flags);
	seam.live++;
	spin_unlock_irqrestore(&seam.lock, flags);
	return table;
}

static u64 *seam_shadow(const u64 *table)
{
	return (u64 *)page_private(virt_to_page(table));
}

static void seam_free(u64 *table)
{
	unsigned long flags;

	free_page((unsigned long)seam_shadow(table));
	ClearPagePrivate(virt_to_page(table));
	set_page_private(virt_to_page(table), 0);
	iommu_free_page(table);

	spin_lock_irqsave(&seam.lock, flags);
	seam.live--;
	spin_unlock_irqrestore(&seam.lock, flags);
}

/* Whether @entry leads to a table of which memory still holds poison. */
static bool seam_is_early(u64 entry)
{
	unsigned long pfn = (entry & FMT_ADDR_MASK) >> PAGE_SHIFT;
	const u64 *shadow;
	unsigned int i;

	if (!entry || !pfn_valid(pfn) || !PagePrivate(pfn_to_page(pfn)))
		return false;
	shadow = (u64 *)page_private(pfn_to_page(pfn));
	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++) {
		if (shadow[i] == SEAM_POISON)
			return true;
	}
	return false;
}

static void seam_flush(void *addr)
{
	u64 *line = PTR_ALIGN_DOWN((u64 *)addr, SEAM_LINE);
	u64 *table = PTR_ALIGN_DOWN(line, PAGE_SIZE);
	u64 *to = seam_shadow(table) + (line - table);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&seam.lock, flags);
	seam.lines++;
	for (i = 0; i < SEAM_LINE / sizeof(u64); i++) {
		u64 entry = READ_ONCE(line[i]);

		seam.early += seam_is_early(entry);
		to[i] = entry;
	}
	spin_unlock_irqrestore(&seam.lock, flags);
}

static void seam_fence(void)
{
	unsigned long flags;

	spin_lock_irqsave(&seam.lock, flags);
	seam.fences++;
	spin_unlock_irqrestore(&seam.lock, flags);
}

#define pgt_mem_alloc(nid, gfp)	seam_alloc(nid, gfp)
#define pgt_mem_free(table)	seam_free(table)
#define pgt_mem_flush(line)	seam_flush((void *)(line))
#define pgt_mem_fence()		seam_fence()
#define pgt_mem_line()		((unsigned long)SEAM_LINE)

#endif /* __IOMMU_PGTABLE_FORMAT_SEAM_H */
