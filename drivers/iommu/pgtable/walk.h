/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables, links and descents, compiled into every format.  See pgtable.h.
 *
 * This file owns the structure: it alone allocates tables, writes links and
 * frees tables.  A link goes through three states and never back:
 *
 *   empty -> written (compare-and-exchange) -> known to memory (FMT_LINKED)
 *
 * The second step exists for hardware that does not snoop: whoever meets a link
 * that lacks the mark flushes it before going below, so nobody reports success
 * for a page whose path is still in somebody else's cache.  With a snooping
 * walk, links are born marked.  A page that is mapped therefore has marked links
 * all the way, and the hot path asks one question per level.
 */
#ifndef __IOMMU_PGTABLE_WALK_H
#define __IOMMU_PGTABLE_WALK_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/cacheflush.h>
#include <linux/dma-map-ops.h>
#include <linux/err.h>
#include <linux/iommu.h>

#include "pages.h"
#include "pgtable.h"

#define PGT_ENTRIES	BIT(FMT_LEVEL_SHIFT)
#define PGT_GRANULE	BIT(FMT_GRANULE_SHIFT)
#define PGT_SPAN_2	BIT(FMT_GRANULE_SHIFT + 2 * FMT_LEVEL_SHIFT)

/* What few formats have; see pgtable.h. */
#ifndef FMT_TOPS_SHIFT
#define FMT_TOPS_SHIFT	0
#endif
#ifndef FMT_ADDR_HIGH
#define FMT_ADDR_HIGH	0ull
#define FMT_ADDR_HIGH_SHIFT	0
#endif
#ifndef FMT_CONT
#define FMT_CONT	0ull
static __always_inline unsigned int fmt_cont_shift(unsigned int level)
{
	return 0;
}
#endif
#ifndef FMT_DIRTY_IF
#define FMT_DIRTY_IF	0ull
#define FMT_DIRTY_INVERTED	0
#endif

#define PGT_PADDR_BITS	(FMT_ADDR_HIGH ? fls64(FMT_ADDR_HIGH) + FMT_ADDR_HIGH_SHIFT : \
					 fls64(FMT_ADDR_MASK))

static_assert(sizeof(long) == sizeof(u64));
static_assert(PGT_ENTRIES * sizeof(u64) == PGT_GRANULE);
static_assert(FMT_PGSIZES & PGT_GRANULE);
static_assert(!(FMT_ADDR_MASK & (FMT_LINKED | (PGT_GRANULE - 1))));
static_assert(!((FMT_ADDR_MASK | FMT_ADDR_HIGH) & FMT_CONT));

#ifndef CONFIG_X86
/* As for streaming DMA to a device that does not snoop: hardware only reads. */
static inline void pgt_clean(const void *start, size_t bytes)
{
	arch_sync_dma_for_device(virt_to_phys(start), bytes, DMA_TO_DEVICE);
}
#endif

/* The seam: what tests replace to count, to inject and to watch. */
#ifndef pgt_mem_alloc
#define pgt_mem_alloc(nid, gfp, bytes)	pgt_pages_alloc(nid, gfp, bytes)
#define pgt_mem_free(table, bytes)	pgt_pages_free(table, bytes)
/* Behind flushes, before hardware is told. */
#define pgt_mem_fence()		wmb()
#ifdef CONFIG_X86
#define pgt_mem_flush(line)	clflushopt(line)
#define pgt_mem_line()		boot_cpu_data.x86_clflush_size
#else
#define pgt_mem_flush(entry)	pgt_clean(entry, sizeof(u64))
#define pgt_mem_flush_range(start, bytes)	pgt_clean(start, bytes)
#endif
#endif

static __always_inline unsigned int pgt_shift(unsigned int level)
{
	return FMT_GRANULE_SHIFT + level * FMT_LEVEL_SHIFT;
}

static __always_inline unsigned long pgt_span(unsigned int level)
{
	return BIT(pgt_shift(level));
}

static __always_inline unsigned int pgt_index(unsigned long iova,
					      unsigned int level)
{
	return (iova >> pgt_shift(level)) & (PGT_ENTRIES - 1);
}

/* An address as it is in an entry, and the address that is in an entry. */
static __always_inline u64 pgt_addr_bits(u64 paddr)
{
	if (!FMT_ADDR_HIGH)
		return paddr;
	return (paddr & FMT_ADDR_MASK) |
	       (paddr >> FMT_ADDR_HIGH_SHIFT & FMT_ADDR_HIGH);
}

static __always_inline u64 pgt_paddr(u64 entry)
{
	return (entry & FMT_ADDR_MASK) |
	       (entry & FMT_ADDR_HIGH) << FMT_ADDR_HIGH_SHIFT;
}

/* The table that a link points to. */
static __always_inline u64 *pgt_below(u64 link)
{
	return phys_to_virt(pgt_paddr(link));
}

/* How many tables are concatenated at the top, and which of them is for @iova. */
static __always_inline unsigned long pgt_tops(const struct pgt *pgt)
{
	return FMT_TOPS_SHIFT ? (pgt->iova_last >> pgt_shift(pgt->levels)) + 1 : 1;
}

static __always_inline u64 *pgt_top(const struct pgt *pgt, unsigned long iova)
{
	if (!FMT_TOPS_SHIFT)
		return pgt->top;
	return pgt->top + (iova >> pgt_shift(pgt->levels)) * PGT_ENTRIES;
}

/* pgt_index() at the top, which has all the bits that are left of an iova in range. */
static __always_inline unsigned long pgt_top_index(unsigned long iova,
						   unsigned int level)
{
	return FMT_TOPS_SHIFT ? pgt_index(iova, level) : iova >> pgt_shift(level);
}

/* How many entries the page of leaf @entry has. */
static __always_inline unsigned long pgt_page_entries(u64 entry, unsigned int level)
{
	return entry & FMT_CONT ? BIT(fmt_cont_shift(level)) : 1;
}

/* The first of the entries of @entry's page. */
static __always_inline u64 *pgt_page_first(u64 *entry, unsigned long entries)
{
	return PTR_ALIGN_DOWN(entry, entries * sizeof(u64));
}

static __always_inline bool pgt_is_link(u64 entry, unsigned int level)
{
	return entry && !fmt_is_leaf(entry, level);
}

static __always_inline bool pgt_at_table_end(const u64 *entry)
{
	return IS_ALIGNED((unsigned long)entry, PGT_GRANULE);
}

/* Whether [start, start + len) is not empty and ends at most at @last. */
static __always_inline bool pgt_in_range(u64 start, u64 len, u64 last)
{
	u64 range_last = start + len - 1;

	return range_last >= start && range_last <= last;
}

/*
 * Send the lines of [first, end) towards memory, where a walk that does not snoop
 * reads them.  A flush is ordered behind older stores to its own line; a fence
 * or a locked instruction orders what follows behind the flush (Intel SDM 2,
 * CLFLUSHOPT).
 */
static __always_inline void pgt_flush_lines(const u64 *first, const u64 *end)
{
#ifdef pgt_mem_flush_range
	/* Nothing, which may be nowhere, is no range: one line is the least there is. */
	if (first != end)
		pgt_mem_flush_range(first, (end - first) * sizeof(u64));
#else
	unsigned long step = pgt_mem_line();
	unsigned long line = (unsigned long)first & ~(step - 1);

	for (; line < (unsigned long)end; line += step)
		pgt_mem_flush((void *)line);
#endif
}

static __always_inline void pgt_flush(const struct pgt *pgt, const u64 *first,
				      const u64 *end)
{
	if (!pgt->coherent)
		pgt_flush_lines(first, end);
}

/* The same for one entry, which never straddles lines, and a fence. */
static __always_inline void pgt_flush_one(const struct pgt *pgt, u64 *entry)
{
	if (!pgt->coherent) {
		pgt_mem_flush(entry);
		pgt_mem_fence();
	}
}

static __always_inline void pgt_fence(const struct pgt *pgt)
{
	if (!pgt->coherent)
		pgt_mem_fence();
}

/*
 * Behind new leaves that had no fence: a walk finds them when the caller has a device
 * start, by however relaxed a register write.  Stores of x86 stay in order.
 */
static __always_inline void pgt_order_new(const struct pgt *pgt)
{
	if (!IS_ENABLED(CONFIG_X86) && pgt->coherent)
		pgt_mem_fence();
}

/* Zeroed memory for tables that the hardware's addresses reach, or NULL. */
static __always_inline u64 *pgt_new_table(const struct pgt *pgt, gfp_t gfp, size_t bytes)
{
	u64 *table = pgt_mem_alloc(pgt->nid, gfp, bytes);

	if (!table || pgt_in_range(virt_to_phys(table), bytes, pgt->paddr_last))
		return table;
	pgt_mem_free(table, bytes);
	return NULL;
}

/* Put a new table behind the empty @entry.  The link that is there then, or 0. */
static noinline u64 pgt_install(const struct pgt *pgt, u64 *entry, gfp_t gfp)
{
	u64 *table = pgt_new_table(pgt, gfp, PGT_GRANULE);
	u64 link, old = 0;

	if (!table)
		return 0;

	link = fmt_link(pgt_addr_bits(virt_to_phys(table)));
	if (pgt->coherent)
		link |= FMT_LINKED;
	else
		pgt_flush_lines(table, table + PGT_ENTRIES);

	/* Hardware must not see the link before the zeroing and the flushes. */
	dma_wmb();
	if (try_cmpxchg64(entry, &old, link))
		return link;

	/* Somebody was faster; theirs is as good. */
	pgt_mem_free(table, PGT_GRANULE);
	return old;
}

/* Make sure that memory holds @link, which may be another thread's, and mark it. */
static noinline u64 pgt_settle(u64 *entry, u64 link)
{
	pgt_mem_flush(entry);
	pgt_mem_fence();
	link |= FMT_LINKED;
	WRITE_ONCE(*entry, link);
	return link;
}

/* The entry for @iova in a table at @level, made if need be, or an ERR_PTR(). */
static noinline u64 *pgt_build(const struct pgt *pgt, unsigned long iova,
			       unsigned int level, gfp_t gfp)
{
	u64 *table = pgt_top(pgt, iova);
	unsigned int l;

	for (l = pgt->levels - 1; l > level; l--) {
		u64 *entry = &table[pgt_index(iova, l)];
		u64 link = READ_ONCE(*entry);

		if (!link) {
			link = pgt_install(pgt, entry, gfp);
			if (!link)
				return ERR_PTR(-ENOMEM);
		}
		if (!(link & FMT_LINKED)) {
			if (fmt_is_leaf(link, l))
				return ERR_PTR(-EEXIST);
			link = pgt_settle(entry, link);
		}
		table = pgt_below(link);
	}
	return &table[pgt_index(iova, level)];
}

/* One level down, if there is a marked link. */
static __always_inline bool pgt_step(u64 **table, unsigned long index)
{
	u64 link;

	/*
	 * A marked link stays what it is while something below is the caller's
	 * (rule 2), so the compiler may read it as it likes.
	 */
	link = data_race((*table)[index]);
	if (unlikely(!(link & FMT_LINKED)))
		return false;
	*table = pgt_below(link);
	return true;
}

/* A table and its level.  Passed by value, so that it stays in registers. */
struct pgt_place {
	u64 *table;
	unsigned int level;
};

/* The last steps, from a table below level %FMT_USUAL_LEVELS - 1. */
static __always_inline struct pgt_place
pgt_descend_low(u64 *table, unsigned long iova, const unsigned int floor)
{
	if (floor < 2 && FMT_USUAL_LEVELS > 3 &&
	    !pgt_step(&table, pgt_index(iova, 2)))
		return (struct pgt_place){ table, 2 };
	if (floor < 1 && !pgt_step(&table, pgt_index(iova, 1)))
		return (struct pgt_place){ table, 1 };
	return (struct pgt_place){ table, floor };
}

/*
 * Descend as far as marked links lead, at most to level @floor.  @iova is in range.
 * Unrolled, so that every shift is a constant, and straight for the usual number of
 * levels.
 */
static __always_inline struct pgt_place
pgt_descend_to(const struct pgt *pgt, unsigned long iova, const unsigned int floor)
{
	const unsigned int usual = FMT_USUAL_LEVELS - 1;
	u64 *table = pgt_top(pgt, iova);

	static_assert(FMT_USUAL_LEVELS == 3 || FMT_USUAL_LEVELS == 4);
	static_assert(FMT_USUAL_LEVELS - FMT_MIN_LEVELS <= 1);
	static_assert(FMT_MAX_LEVELS - FMT_USUAL_LEVELS <= 1);
	static_assert(FMT_MIN_LEVELS > 2 || !(FMT_PGSIZES & PGT_SPAN_2));
	if (likely(pgt->levels == FMT_USUAL_LEVELS)) {
		if (floor < usual && !pgt_step(&table, pgt_top_index(iova, usual)))
			return (struct pgt_place){ table, usual };
		/* A lookup, which is little else, has no jump to where it joins. */
		if (!floor)
			return pgt_descend_low(table, iova, floor);
	} else if (pgt->levels > FMT_USUAL_LEVELS) {
		if (!pgt_step(&table, pgt_top_index(iova, usual + 1)))
			return (struct pgt_place){ table, usual + 1 };
		if (floor < usual && !pgt_step(&table, pgt_index(iova, usual)))
			return (struct pgt_place){ table, usual };
	}
	return pgt_descend_low(table, iova, floor);
}

static __always_inline struct pgt_place pgt_descend(const struct pgt *pgt,
						    unsigned long iova)
{
	return pgt_descend_to(pgt, iova, 0);
}

/* The entry for @iova in a table at @level, NULL if there is no such table. */
static __always_inline u64 *pgt_entry(const struct pgt *pgt, unsigned long iova,
				      const unsigned int level)
{
	struct pgt_place at = pgt_descend_to(pgt, iova, level);

	return likely(at.level == level) ? &at.table[pgt_index(iova, level)] : NULL;
}

/* Whether a range may be a page of one entry at @level: 0, 1 or 2. */
static __always_inline bool pgt_is_page(u64 addrs, size_t len,
					const unsigned int level)
{
	return (FMT_PGSIZES & pgt_span(level)) && len == pgt_span(level) &&
	       IS_ALIGNED(addrs, len);
}

/* Whether no leaf is in or below @table, which is at @level. */
static bool pgt_is_empty(const u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; i < PGT_ENTRIES; i++) {
		u64 entry = READ_ONCE(table[i]);

		if (!entry)
			continue;
		if (fmt_is_leaf(entry, level) ||
		    !pgt_is_empty(pgt_below(entry), level - 1))
			return false;
	}
	return true;
}

/* Put @table, which is at @level and detached, and all below it on @list. */
static void pgt_collect(u64 *table, unsigned int level, struct list_head *list)
{
	unsigned int i;

	pgt_pages_list(table, PGT_GRANULE, list);
	if (!level)
		return;
	for (i = 0; i < PGT_ENTRIES; i++) {
		u64 entry = READ_ONCE(table[i]);

		if (pgt_is_link(entry, level))
			pgt_collect(pgt_below(entry), level - 1, list);
	}
}

/* Free all tables below @table, which is at @level. */
static void pgt_free_below(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < PGT_ENTRIES; i++) {
		if (!pgt_is_link(table[i], level))
			continue;
		pgt_free_below(pgt_below(table[i]), level - 1);
		pgt_mem_free(pgt_below(table[i]), PGT_GRANULE);
	}
}

#endif /* __IOMMU_PGTABLE_WALK_H */
