/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be done with a page table, compiled into every format: a format's
 * source file includes its header, then this one, and exports thin wrappers.
 * What each operation promises is in pgtable.h.
 *
 * Nothing here locks.  Nothing here writes a link but to clear it, and that only
 * when the whole span behind it belongs to the caller.  Every operation ends
 * with at most one fence, and flushes each run of entries once.
 */
#ifndef __IOMMU_PGTABLE_OPS_H
#define __IOMMU_PGTABLE_OPS_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/scatterlist.h>

#include "walk.h"

static_assert(IS_ENABLED(CONFIG_IOMMU_API));

static inline int pgt_init(struct pgt *pgt, const struct pgt_params *params)
{
	unsigned long sizes = params->pgsize_bitmap;

	if (params->levels < FMT_MIN_LEVELS || params->levels > FMT_MAX_LEVELS ||
	    params->iova_bits < FMT_GRANULE_SHIFT + FMT_LEVEL_SHIFT ||
	    params->paddr_bits < FMT_GRANULE_SHIFT ||
	    params->paddr_bits > fls64(FMT_ADDR_MASK) ||
	    sizes & ~FMT_PGSIZES || !(sizes & PGT_GRANULE) || fmt_check(params))
		return -EINVAL;

	*pgt = (struct pgt) {
		.iova_last = GENMASK(params->iova_bits - 1, 0),
		.paddr_last = GENMASK_ULL(params->paddr_bits - 1, 0),
		.pgsize_bitmap = sizes,
		.leaf_bits = fmt_leaf_bits(params),
		.sync = params->sync,
		.nid = params->nid,
		.levels = params->levels,
		.coherent = params->coherent,
		.noexec = params->noexec,
		.supervisor = params->supervisor,
	};
	pgt->top = pgt_mem_alloc(pgt->nid, GFP_KERNEL_ACCOUNT);
	if (!pgt->top)
		return -ENOMEM;
	pgt_flush(pgt, pgt->top, pgt->top + PGT_ENTRIES);
	pgt_fence(pgt);
	return 0;
}

static inline void pgt_free(struct pgt *pgt)
{
	if (!pgt->top)
		return;
	pgt_free_table(pgt->top, pgt->levels - 1);
	pgt->top = NULL;
}

/*
 * Where a map operation stands.  Entries in [first, pos) are written and not yet
 * flushed.  pos is NULL when the table has ended or none was entered.
 */
struct pgt_cursor {
	struct pgt *pgt;
	u64 *first;
	u64 *pos;
	unsigned long iova;	/* the next to be mapped */
	u64 bits;		/* of every leaf */
	unsigned int level;	/* of the table that pos is in */
	gfp_t gfp;
};

static __always_inline void pgt_leave(struct pgt_cursor *c)
{
	pgt_flush(c->pgt, c->first, c->pos);
	c->first = NULL;
	c->pos = NULL;
}

/* Go to the entry for c->iova in a table at @level. */
static int pgt_enter(struct pgt_cursor *c, unsigned int level)
{
	u64 *entry = NULL;

	pgt_leave(c);
	if (!level)
		entry = pgt_bottom(c->pgt, c->iova);
	if (!entry)
		entry = pgt_build(c->pgt, c->iova, level, c->gfp);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	c->first = entry;
	c->pos = entry;
	c->level = level;
	return 0;
}

/* log2 of the largest of @sizes that both addresses and the length allow. */
static __always_inline unsigned int pgt_best_shift(unsigned long sizes,
						   unsigned long iova, u64 paddr,
						   size_t len)
{
	unsigned long align = iova | paddr;

	/* Up to the lowest bit set in either address, up to the highest of len. */
	sizes &= align ^ (align - 1);
	sizes &= GENMASK(__fls(len), 0);
	return __fls(sizes);
}

/*
 * Write up to @count leaves; how many it were until something was in the way.
 * These entries are the caller's alone (rule 1), so plain reads do.
 */
static __always_inline unsigned long pgt_store(struct pgt_cursor *c, u64 paddr,
					       unsigned long count)
{
	u64 leaf = paddr | c->bits | fmt_level_bits(c->level);
	u64 step = pgt_span(c->level);
	u64 *pos = c->pos;
	u64 *end = pos + count;

	for (; pos < end; pos++, leaf += step) {
		if (unlikely(*pos))
			break;
		WRITE_ONCE(*pos, leaf);
	}
	count = pos - c->pos;
	c->pos = pos;
	return count;
}

/* Detach the empty tables behind up to @count entries, for large pages. */
static noinline int pgt_make_way(struct pgt_cursor *c, unsigned long count)
{
	unsigned long i;
	LIST_HEAD(list);

	for (i = 0; i < count; i++) {
		u64 entry = READ_ONCE(c->pos[i]);

		if (!entry)
			continue;
		if (fmt_is_leaf(entry, c->level) ||
		    !pgt_is_empty(pgt_below(entry), c->level - 1))
			break;
		WRITE_ONCE(c->pos[i], 0);
		pgt_collect(pgt_below(entry), c->level - 1, &list);
	}
	if (!i)
		return -EEXIST;
	pgt_flush(c->pgt, c->pos, c->pos + i);
	pgt_fence(c->pgt);
	c->pgt->sync(c->pgt, c->iova, i * pgt_span(c->level), &list);
	return 0;
}

static int pgt_map_run(struct pgt_cursor *c, u64 paddr, size_t len,
		       unsigned long sizes);

/*
 * Something is at c->pos, where @count large pages or granules were to begin.
 * How many bytes were mapped to get past it (perhaps none), or an error.
 */
static noinline long pgt_resolve(struct pgt_cursor *c, u64 paddr,
				 unsigned long count, unsigned long sizes)
{
	unsigned long span = pgt_span(c->level);
	int ret;

	if (fmt_is_leaf(READ_ONCE(*c->pos), c->level))
		return -EEXIST;
	if (c->pgt->sync)
		return pgt_make_way(c, count);

	/* Fill the table that is there.  The cursor comes back from below. */
	ret = pgt_map_run(c, paddr, span, sizes & (span - 1));
	return ret ?: span;
}

/* Map a run of memory; c->iova tells how far it came. */
static noinline int pgt_map_run(struct pgt_cursor *c, u64 paddr, size_t len,
				unsigned long sizes)
{
	while (len) {
		unsigned int shift = pgt_best_shift(sizes, c->iova, paddr, len);
		unsigned int level = (shift - FMT_GRANULE_SHIFT) / FMT_LEVEL_SHIFT;
		unsigned long count, done;
		long past = 0;

		if (!c->pos || c->level != level) {
			int ret = pgt_enter(c, level);

			if (ret)
				return ret;
		}
		/* The table's end is where a larger page may begin. */
		count = min(len >> shift,
			    PGT_ENTRIES - pgt_index(c->iova, level));
		done = pgt_store(c, paddr, count);
		c->iova += done << shift;
		if (unlikely(done < count)) {
			past = pgt_resolve(c, paddr + (done << shift),
					   count - done, sizes);
			if (past < 0)
				return past;
		}
		past += done << shift;
		paddr += past;
		len -= past;
		if (pgt_at_table_end(c->pos))
			pgt_leave(c);
	}
	return 0;
}

static noinline int pgt_map_range(struct pgt *pgt, unsigned long iova,
				  u64 paddr, size_t len, u64 bits, gfp_t gfp,
				  size_t *mapped)
{
	struct pgt_cursor c = {
		.pgt = pgt, .iova = iova, .bits = bits, .gfp = gfp,
	};
	int ret = pgt_map_run(&c, paddr, len, pgt->pgsize_bitmap);

	pgt_leave(&c);
	pgt_fence(pgt);
	*mapped = c.iova - iova;
	return ret;
}

static __always_inline int pgt_map(struct pgt *pgt, unsigned long iova,
				   phys_addr_t paddr, size_t len, int prot,
				   gfp_t gfp, size_t *mapped)
{
	u64 bits = fmt_prot(pgt, prot);

	*mapped = 0;
	if (unlikely(!IS_ALIGNED(iova | paddr | len, PGT_GRANULE) || !bits))
		return -EINVAL;
	if (unlikely(!pgt_in_range(iova, len, pgt->iova_last) ||
		     !pgt_in_range(paddr, len, pgt->paddr_last)))
		return -ERANGE;

	if (len == PGT_GRANULE) {
		u64 *entry = pgt_bottom(pgt, iova);

		if (likely(entry && !*entry)) {
			WRITE_ONCE(*entry, paddr | bits | fmt_level_bits(0));
			pgt_flush_one(pgt, entry);
			*mapped = len;
			return 0;
		}
	}
	return pgt_map_range(pgt, iova, paddr, len, bits, gfp, mapped);
}

/* The segment at @sg, which may be a pointer to the next part of the list. */
static __always_inline struct scatterlist *pgt_segment(struct scatterlist *sg)
{
	return unlikely(sg_is_chain(sg)) ? sg_chain_ptr(sg) : sg;
}

/*
 * The hot loop of a scatterlist: segments of one granule each, stored at c->pos.
 * No large page can begin here, so there is nothing to gain from a look at the
 * next segment.  Ends after @count, or at one that needs more care.  A leaf
 * that is in the way belongs to the caller, hence the plain read.
 */
static __always_inline struct scatterlist *
pgt_map_granules(struct pgt_cursor *c, struct scatterlist *sg, unsigned int *count)
{
	const u64 bits = c->bits | fmt_level_bits(0);
	const u64 paddr_last = c->pgt->paddr_last;
	unsigned int left = *count;
	u64 *pos = c->pos;

	for (; left; left--, sg++, pos++) {
		u64 paddr;

		if (unlikely(sg_is_chain(sg)) ||
		    unlikely(sg->offset | (sg->length ^ PGT_GRANULE)) ||
		    unlikely(sg_dma_is_bus_address(sg)))
			break;
		paddr = page_to_phys(sg_page(sg));
		if (unlikely(paddr > paddr_last) || unlikely(*pos))
			break;
		WRITE_ONCE(*pos, paddr | bits);
	}
	*count -= left;
	c->iova += (unsigned long)*count << FMT_GRANULE_SHIFT;
	c->pos = pos;
	return sg;
}

/* Any segments: one, and those that adjoin it in memory, as one run. */
static noinline struct scatterlist *
pgt_map_adjoining(struct pgt_cursor *c, struct scatterlist *sg,
		  unsigned int *nents, int *ret)
{
	struct pgt *pgt = c->pgt;
	u64 start = 0, len = 0;

	for (; *nents; --*nents, sg++) {
		sg = pgt_segment(sg);
		if (sg_dma_is_bus_address(sg))
			continue;
		if (!len)
			start = sg_phys(sg);
		else if (sg_phys(sg) != start + len)
			break;
		len += sg->length;
	}

	if (!len)
		*ret = 0;
	else if (!IS_ALIGNED(start | len, PGT_GRANULE))
		*ret = -EINVAL;
	else if (!pgt_in_range(c->iova, len, pgt->iova_last) ||
		 !pgt_in_range(start, len, pgt->paddr_last))
		*ret = -ERANGE;
	else
		*ret = pgt_map_run(c, start, len, pgt->pgsize_bitmap);
	return sg;
}

static __always_inline int pgt_map_segments(struct pgt_cursor *c,
					    struct scatterlist *sg,
					    unsigned int nents)
{
	int ret = 0;

	while (nents && !ret) {
		if (c->pos && !c->level) {
			unsigned int count = PGT_ENTRIES - pgt_index(c->iova, 0);

			count = min(nents, count);
			sg = pgt_map_granules(c, sg, &count);
			nents -= count;
			if (pgt_at_table_end(c->pos))
				pgt_leave(c);
			if (!nents)
				break;
		}
		sg = pgt_map_adjoining(c, sg, &nents, &ret);
	}
	return ret;
}

static __always_inline int pgt_map_sg(struct pgt *pgt, unsigned long iova,
				      struct scatterlist *sg, unsigned int nents,
				      int prot, gfp_t gfp, size_t *mapped)
{
	struct pgt_cursor c = { .pgt = pgt, .iova = iova, .gfp = gfp };
	int ret;

	*mapped = 0;
	c.bits = fmt_prot(pgt, prot);
	if (!c.bits || !IS_ALIGNED(iova, PGT_GRANULE))
		return -EINVAL;
	ret = pgt_map_segments(&c, sg, nents);
	pgt_leave(&c);
	pgt_fence(pgt);
	*mapped = c.iova - iova;
	return ret;
}

/* What an unmap works on, and how it went. */
struct pgt_unmap {
	unsigned long iova;	/* the next to look at */
	unsigned long end;
	bool any;		/* something was mapped */
	struct list_head *freelist;
};

/*
 * Whether the entry at @level that covers u->iova can be dealt with as a whole:
 * there is nothing, or a leaf, or a table that is unmapped entirely.
 */
static __always_inline bool pgt_is_whole(const struct pgt_unmap *u, u64 entry,
					 unsigned int level)
{
	unsigned long span = pgt_span(level);

	if (!pgt_is_link(entry, level))
		return true;
	return IS_ALIGNED(u->iova, span) && u->end - u->iova >= span;
}

/* Clear a run of granules, up to @stop. */
static __always_inline u64 *pgt_clear_granules(struct pgt_unmap *u, u64 *entry,
					       const u64 *stop)
{
	u64 any = 0;
	u64 *pos;

	for (pos = entry; pos < stop; pos++) {
		any |= READ_ONCE(*pos);
		WRITE_ONCE(*pos, 0);
	}
	u->any |= any;
	u->iova += (pos - entry) << FMT_GRANULE_SHIFT;
	return pos;
}

/* Clear a run of entries at @level > 0, up to @stop or a table to descend to. */
static u64 *pgt_clear_entries(struct pgt_unmap *u, u64 *entry, const u64 *stop,
			      unsigned int level)
{
	unsigned long span = pgt_span(level);

	for (; entry < stop; entry++) {
		unsigned long next = ALIGN_DOWN(u->iova, span) + span;
		u64 old = READ_ONCE(*entry);

		if (!pgt_is_whole(u, old, level))
			break;
		u->iova = old ? next : min(next, u->end);
		if (!old)
			continue;
		u->any = true;
		WRITE_ONCE(*entry, 0);
		if (!fmt_is_leaf(old, level))
			pgt_collect(pgt_below(old), level - 1, u->freelist);
	}
	return entry;
}

/* Clear what one table has of the range; false if a page is in its way. */
static bool pgt_unmap_run(const struct pgt *pgt, struct pgt_unmap *u)
{
	unsigned int level = pgt->levels - 1;
	u64 *table = pgt->top;
	u64 *entry, *stop;
	u64 old;

	for (;; level--) {
		entry = &table[pgt_index(u->iova, level)];
		old = READ_ONCE(*entry);
		if (!level || pgt_is_whole(u, old, level))
			break;
		table = pgt_below(old);
	}
	if (old && !IS_ALIGNED(u->iova, pgt_span(level)))
		return false;

	stop = &table[PGT_ENTRIES];
	if ((u->end - 1) >> pgt_shift(level + 1) ==
	    u->iova >> pgt_shift(level + 1))
		stop = &table[pgt_index(u->end - 1, level)] + 1;
	if (level)
		stop = pgt_clear_entries(u, entry, stop, level);
	else
		stop = pgt_clear_granules(u, entry, stop);
	pgt_flush(pgt, entry, stop);
	return true;
}

static noinline size_t pgt_unmap_range(const struct pgt *pgt, unsigned long iova,
				       size_t len, struct list_head *freelist)
{
	struct pgt_unmap u = {
		.iova = iova,
		.end = iova + len,
		.freelist = freelist,
	};

	while (u.iova < u.end) {
		if (!pgt_unmap_run(pgt, &u))
			break;
	}
	pgt_fence(pgt);
	return u.any ? u.iova - iova : 0;
}

static __always_inline size_t pgt_unmap(struct pgt *pgt, unsigned long iova,
					size_t len,
					struct iommu_iotlb_gather *gather)
{
	if (unlikely(!IS_ALIGNED(iova | len, PGT_GRANULE) ||
		     !pgt_in_range(iova, len, pgt->iova_last)))
		return 0;

	if (len == PGT_GRANULE) {
		u64 *entry = pgt_bottom(pgt, iova);

		if (likely(entry)) {
			if (unlikely(!*entry))
				return 0;
			WRITE_ONCE(*entry, 0);
			pgt_flush_one(pgt, entry);
			return len;
		}
	}
	return pgt_unmap_range(pgt, iova, len, &gather->freelist);
}

static __always_inline phys_addr_t pgt_iova_to_phys(const struct pgt *pgt,
						    unsigned long iova)
{
	struct pgt_place at;
	unsigned long offset;
	u64 entry;

	if (unlikely(iova > pgt->iova_last))
		return 0;
	at = pgt_descend(pgt, iova);
	entry = READ_ONCE(at.table[pgt_index(iova, at.level)]);
	if (unlikely(!entry))
		return 0;
	if (likely(!at.level))
		return (entry & FMT_ADDR_MASK) | (iova & (PGT_GRANULE - 1));

	/* Below a link without mark nothing is mapped. */
	if (!fmt_is_leaf(entry, at.level))
		return 0;
	offset = pgt_span(at.level) - 1;
	return (entry & FMT_ADDR_MASK & ~(u64)offset) | (iova & offset);
}

/* Whether a leaf was written through; no longer, unless @keep. */
static __always_inline bool pgt_take_dirty(const struct pgt *pgt, u64 *entry,
					   bool keep)
{
	if (!(READ_ONCE(*entry) & BIT_ULL(FMT_DIRTY_BIT)))
		return false;
	if (keep)
		return true;
	clear_bit(FMT_DIRTY_BIT, (unsigned long *)entry);
	pgt_flush(pgt, entry, entry + 1);
	return true;
}

static inline int pgt_read_dirty(struct pgt *pgt, unsigned long iova, size_t size,
				 unsigned long flags,
				 struct iommu_dirty_bitmap *dirty)
{
	unsigned long end = iova + size;

	if (!pgt_in_range(iova, size, pgt->iova_last))
		return -ERANGE;

	while (iova < end) {
		struct pgt_place at = pgt_descend(pgt, iova);
		u64 *entry = &at.table[pgt_index(iova, at.level)];
		unsigned long span = pgt_span(at.level);

		/* All of this table's entries, up to one that leads further down. */
		do {
			unsigned long next = ALIGN_DOWN(iova, span) + span;
			u64 old = READ_ONCE(*entry);

			if (at.level && (old & FMT_LINKED))
				break;
			if (old && fmt_is_leaf(old, at.level) &&
			    pgt_take_dirty(pgt, entry, flags & IOMMU_DIRTY_NO_CLEAR))
				iommu_dirty_bitmap_record(dirty, iova, next - iova);
			iova = next;
		} while (iova < end && !pgt_at_table_end(++entry));
	}
	pgt_fence(pgt);
	return 0;
}

#endif /* __IOMMU_PGTABLE_OPS_H */
