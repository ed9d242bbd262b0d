/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam of the page-table tests: allocation, cache and hardware's view.
 *
 * Every page of a table gets a shadow that stands for memory, filled with poison.  A
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

#include "format_numbers.h"
#include "pages.h"

#define SEAM_LINE	64
#define SEAM_POISON	0xa5a5a5a5a5a5a5a5ull

static struct {
	spinlock_t lock;	/* all below */
	long live;		/* bytes of tables allocated and not freed */
	unsigned long allocs;
	unsigned long fail_at;	/* which allocation fails, counted from 1 */
	unsigned long lines;	/* flushed */
	unsigned long fences;
	unsigned long empty;	/* flushes of nothing */
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
	seam.empty = 0;
	seam.early = 0;
	seam.race = NULL;
}

/* Tables allocated and not freed; part of one counts as one. */
static long seam_tables(void)
{
	return DIV_ROUND_UP(seam.live, (long)GRANULE);
}

static void seam_count(long bytes)
{
	unsigned long flags;

	spin_lock_irqsave(&seam.lock, flags);
	seam.live += bytes;
	spin_unlock_irqrestore(&seam.lock, flags);
}

/* What memory has at the place of @entry. */
static u64 *seam_shadow(const u64 *entry)
{
	return (u64 *)page_private(virt_to_page(entry)) +
	       offset_in_page(entry) / sizeof(u64);
}

static void seam_remove_shadow(struct page *page)
{
	if (!PagePrivate(page))
		return;
	free_page(page_private(page));
	ClearPagePrivate(page);
	set_page_private(page, 0);
}

static bool seam_add_shadow(struct page *page, gfp_t gfp)
{
	u64 *shadow = (u64 *)__get_free_page(gfp & ~__GFP_ZERO);

	if (!shadow)
		return false;
	memset64(shadow, SEAM_POISON, PAGE_SIZE / sizeof(u64));
	set_page_private(page, (unsigned long)shadow);
	SetPagePrivate(page);
	return true;
}

static void seam_free(void *table, size_t bytes)
{
	void *page;

	for (page = table; page < table + bytes; page += PAGE_SIZE)
		seam_remove_shadow(virt_to_page(page));
	pgt_pages_free(table, bytes);
	seam_count(-bytes);
}

/* Free a page of a list: a table, or a part of one. */
static void seam_free_page(struct page *page)
{
	seam_free(page_address(page), min_t(size_t, PAGE_SIZE, GRANULE));
}

static u64 *seam_alloc(int nid, gfp_t gfp, size_t bytes)
{
	void (*race)(void);
	unsigned long flags;
	void *table, *page;
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

	table = pgt_pages_alloc(nid, gfp, bytes);
	if (!table)
		return NULL;
	seam_count(bytes);
	for (page = table; page < table + bytes; page += PAGE_SIZE) {
		if (!seam_add_shadow(virt_to_page(page), gfp)) {
			seam_free(table, bytes);
			return NULL;
		}
	}
	return table;
}

/* Whether @entry leads to a table of which memory still holds poison. */
static bool seam_is_early(u64 entry)
{
	unsigned long pfn = PHYS_PFN(TEST_PADDR_OF(entry));
	const u64 *table;
	unsigned int i;

	if (!entry || !pfn_valid(pfn) || !PagePrivate(pfn_to_page(pfn)))
		return false;
	table = phys_to_virt(TEST_PADDR_OF(entry));
	for (i = 0; i < TEST_ENTRIES; i++) {
		if (*seam_shadow(&table[i]) == SEAM_POISON)
			return true;
	}
	return false;
}

static void seam_flush(void *addr)
{
	u64 *line = PTR_ALIGN_DOWN((u64 *)addr, SEAM_LINE);
	u64 *to = seam_shadow(line);
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

#ifndef CONFIG_X86
static void seam_flush_range(const u64 *start, size_t bytes)
{
	const u64 *line = PTR_ALIGN_DOWN(start, SEAM_LINE);

	seam.empty += !bytes;
	for (; line < start + bytes / sizeof(u64); line += SEAM_LINE / sizeof(u64))
		seam_flush((void *)line);
}
#endif

static void seam_fence(void)
{
	unsigned long flags;

	spin_lock_irqsave(&seam.lock, flags);
	seam.fences++;
	spin_unlock_irqrestore(&seam.lock, flags);
}

#define pgt_mem_alloc(nid, gfp, bytes)	seam_alloc(nid, gfp, bytes)
#define pgt_mem_free(table, bytes)	seam_free(table, bytes)
#define pgt_mem_flush(line)	seam_flush((void *)(line))
#define pgt_mem_fence()		seam_fence()
#ifdef CONFIG_X86
#define pgt_mem_line()		((unsigned long)SEAM_LINE)
#else
#define pgt_mem_flush_range(start, bytes)	seam_flush_range(start, bytes)
#endif

#endif /* __IOMMU_PGTABLE_FORMAT_SEAM_H */
