/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be done with a page table, compiled into every format: a format's
 * source file includes its header, then this one, and exports thin wrappers.
 * What each operation promises is in pgtable.h.
 *
 * Nothing here or in map.h locks, or writes a link but to clear it, and that only
 * when the whole span behind it belongs to the caller.  Every operation ends
 * with at most one fence, and flushes each run of entries once.
 */
#ifndef __IOMMU_PGTABLE_OPS_H
#define __IOMMU_PGTABLE_OPS_H

#include <linux/bitops.h>
#include <linux/numa.h>

#include "map.h"
#include "walk.h"

static_assert(IS_ENABLED(CONFIG_IOMMU_API));

static inline int pgt_init(struct pgt *pgt, const struct pgt_params *params)
{
	unsigned long sizes = params->pgsize_bitmap;

	if (params->levels < FMT_MIN_LEVELS || params->levels > FMT_MAX_LEVELS ||
	    params->iova_bits < FMT_GRANULE_SHIFT + FMT_LEVEL_SHIFT ||
	    params->paddr_bits < FMT_GRANULE_SHIFT ||
	    params->paddr_bits > PGT_PADDR_BITS ||
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
		.dirty = params->dirty,
	};
	pgt->top = pgt_new_table(pgt, GFP_KERNEL_ACCOUNT,
				 pgt_tops(pgt) * PGT_GRANULE);
	if (!pgt->top)
		return -ENOMEM;
	pgt_flush(pgt, pgt->top, pgt->top + pgt_tops(pgt) * PGT_ENTRIES);
	pgt_fence(pgt);
	return 0;
}

static inline void pgt_free(struct pgt *pgt)
{
	unsigned long i;

	if (!pgt->top)
		return;
	for (i = 0; i < pgt_tops(pgt); i++)
		pgt_free_below(pgt->top + i * PGT_ENTRIES, pgt->levels - 1);
	pgt_mem_free(pgt->top, pgt_tops(pgt) * PGT_GRANULE);
	pgt->top = NULL;
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

/* The end of the page that has @last among its entries. */
static __always_inline u64 *pgt_page_end(u64 *last, unsigned int level)
{
	unsigned long entries = pgt_page_entries(READ_ONCE(*last), level);

	return pgt_page_first(last, entries) + entries;
}

/* Clear what one table has of the range; false if a page is in its way. */
static bool pgt_unmap_run(const struct pgt *pgt, struct pgt_unmap *u)
{
	unsigned int level = pgt->levels - 1;
	u64 *table = pgt_top(pgt, u->iova);
	u64 *entry, *stop;
	u64 old;

	for (;; level--) {
		entry = &table[pgt_index(u->iova, level)];
		old = READ_ONCE(*entry);
		if (!level || pgt_is_whole(u, old, level))
			break;
		table = pgt_below(old);
	}
	if (old && !IS_ALIGNED(u->iova, pgt_span(level) * pgt_page_entries(old, level)))
		return false;

	stop = &table[PGT_ENTRIES];
	if ((u->end - 1) >> pgt_shift(level + 1) ==
	    u->iova >> pgt_shift(level + 1))
		stop = &table[pgt_index(u->end - 1, level)] + 1;
	if (FMT_CONT)
		stop = pgt_page_end(stop - 1, level);
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

/*
 * Clear the entry of a page that has one, at @level.  Whether that was all there is
 * to it; *@unmapped are its bytes, or 0 if nothing was mapped.
 */
static __always_inline bool pgt_unmap_page(const struct pgt *pgt, unsigned long iova,
					   const unsigned int level, size_t *unmapped)
{
	u64 *entry = pgt_entry(pgt, iova, level);
	u64 old;

	if (unlikely(!entry))
		return false;
	old = READ_ONCE(*entry);
	if (unlikely(old & FMT_CONT) || unlikely(pgt_is_link(old, level)))
		return false;
	*unmapped = 0;
	if (unlikely(!old))
		return true;
	WRITE_ONCE(*entry, 0);
	pgt_flush_one(pgt, entry);
	*unmapped = pgt_span(level);
	return true;
}

static __always_inline size_t pgt_unmap(struct pgt *pgt, unsigned long iova,
					size_t len,
					struct iommu_iotlb_gather *gather)
{
	size_t unmapped;

	if (unlikely(!IS_ALIGNED(iova | len, PGT_GRANULE)))
		return 0;

	/* Aligned, it ends in range where it begins there. */
	if (likely(len == PGT_GRANULE) && likely(iova <= pgt->iova_last) &&
	    likely(pgt_unmap_page(pgt, iova, 0, &unmapped)))
		return unmapped;

	if (unlikely(!pgt_in_range(iova, len, pgt->iova_last)))
		return 0;
	if (pgt_is_page(iova, len, 1)) {
		if (pgt_unmap_page(pgt, iova, 1, &unmapped))
			return unmapped;
	} else if (pgt_is_page(iova, len, 2)) {
		if (pgt_unmap_page(pgt, iova, 2, &unmapped))
			return unmapped;
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
	/* The caller holds off whoever would clear it. */
	entry = data_race(at.table[pgt_index(iova, at.level)]);
	if (likely(!at.level))
		return entry ? pgt_paddr(entry) | (iova & (PGT_GRANULE - 1)) : 0;

	/* Below a link without mark nothing is mapped. */
	if (!fmt_is_leaf(entry, at.level) || !entry)
		return 0;
	offset = pgt_span(at.level) - 1;
	return (pgt_paddr(entry) & ~(u64)offset) | (iova & offset);
}

static __always_inline bool pgt_is_dirty(u64 leaf)
{
	if (FMT_DIRTY_IF && !(leaf & FMT_DIRTY_IF))
		return false;
	return (FMT_DIRTY_INVERTED ? ~leaf : leaf) & BIT_ULL(FMT_DIRTY_BIT);
}

/* Whether a leaf was written through; no longer, unless @keep. */
static __always_inline bool pgt_take_dirty(const struct pgt *pgt, u64 *entry,
					   bool keep)
{
	if (!pgt_is_dirty(READ_ONCE(*entry)))
		return false;
	if (keep)
		return true;
	if (FMT_DIRTY_INVERTED)
		set_bit(FMT_DIRTY_BIT, (unsigned long *)entry);
	else
		clear_bit(FMT_DIRTY_BIT, (unsigned long *)entry);
	pgt_flush(pgt, entry, entry + 1);
	return true;
}

/* The same for a page of @entries entries: any of them tells of all. */
static __always_inline bool pgt_take_dirty_page(const struct pgt *pgt, u64 *entry,
						unsigned long entries, bool keep)
{
	bool dirty = false;
	unsigned long i;

	if (!FMT_CONT)
		return pgt_take_dirty(pgt, entry, keep);

	entry = pgt_page_first(entry, entries);
	for (i = 0; i < entries; i++)
		dirty |= pgt_take_dirty(pgt, entry + i, keep);
	return dirty;
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
			u64 old = READ_ONCE(*entry);
			unsigned long entries = pgt_page_entries(old, at.level);
			unsigned long first = ALIGN_DOWN(iova, span * entries);
			unsigned long next = first + span * entries;
			/* Nobody would be told of a part that is left of the range. */
			bool keep = flags & IOMMU_DIRTY_NO_CLEAR || first < iova;

			if (at.level && (old & FMT_LINKED))
				break;
			if (old && fmt_is_leaf(old, at.level) &&
			    pgt_take_dirty_page(pgt, entry, entries, keep))
				iommu_dirty_bitmap_record(dirty, iova, next - iova);
			iova = next;
			if (FMT_CONT)
				entry = pgt_page_first(entry, entries) + entries - 1;
		} while (iova < end && !pgt_at_table_end(++entry));
	}
	pgt_fence(pgt);
	return 0;
}

/* What a format exports, all but its FMT_init(): see pgtable.h. */
#define PGT_DEFINE(fmt)							\
void fmt##_free(struct pgt *pgt)					\
{									\
	pgt_free(pgt);							\
}									\
									\
int fmt##_map(struct pgt *pgt, unsigned long iova, phys_addr_t paddr,	\
	      size_t len, int prot, gfp_t gfp, size_t *mapped)		\
{									\
	return pgt_map(pgt, iova, paddr, len, prot, gfp, mapped);	\
}									\
									\
int fmt##_map_sg(struct pgt *pgt, unsigned long iova,			\
		 struct scatterlist *sg, unsigned int nents, int prot,	\
		 gfp_t gfp, size_t *mapped)				\
{									\
	return pgt_map_sg(pgt, iova, sg, nents, prot, gfp, mapped);	\
}									\
									\
size_t fmt##_unmap(struct pgt *pgt, unsigned long iova, size_t len,	\
		   struct iommu_iotlb_gather *gather)			\
{									\
	return pgt_unmap(pgt, iova, len, gather);			\
}									\
									\
phys_addr_t fmt##_iova_to_phys(struct pgt *pgt, unsigned long iova)	\
{									\
	return pgt_iova_to_phys(pgt, iova);				\
}									\
									\
int fmt##_read_dirty(struct pgt *pgt, unsigned long iova, size_t size,	\
		     unsigned long flags, struct iommu_dirty_bitmap *dirty) \
{									\
	return pgt_read_dirty(pgt, iova, size, flags, dirty);		\
}

#endif /* __IOMMU_PGTABLE_OPS_H */
