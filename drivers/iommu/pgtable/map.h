/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping: runs of memory and scatterlists, compiled into every format by ops.h.
 *
 * A cursor stays in a table as long as it can.  A page of several entries (FMT_CONT)
 * is written where all of them are empty and not at all otherwise, so that nobody
 * ever meets a part of one.
 */
#ifndef __IOMMU_PGTABLE_MAP_H
#define __IOMMU_PGTABLE_MAP_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>

#include "walk.h"

/* No struct page is of memory beyond. */
#ifdef MAX_PHYSMEM_BITS
#define PGT_MEMORY_LAST	(BIT_ULL(MAX_PHYSMEM_BITS) - 1)
#else
#define PGT_MEMORY_LAST	U64_MAX
#endif

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

/* All that was written is in memory, before the caller has a device start. */
static __always_inline void pgt_finish(struct pgt_cursor *c)
{
	pgt_leave(c);
	pgt_fence(c->pgt);
	pgt_order_new(c->pgt);
}

/* Go to the entry for c->iova in a table at @level. */
static int pgt_enter(struct pgt_cursor *c, unsigned int level)
{
	u64 *entry = NULL;

	pgt_leave(c);
	if (!level)
		entry = pgt_entry(c->pgt, c->iova, 0);
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

static __always_inline u64 pgt_leaf(const struct pgt_cursor *c, u64 paddr)
{
	return pgt_addr_bits(paddr) | c->bits | fmt_level_bits(c->level);
}

/* The leaf behind @leaf, which maps @step bytes. */
static __always_inline u64 pgt_next_leaf(u64 leaf, u64 step)
{
	if (!FMT_ADDR_HIGH)
		return leaf + step;
	return (leaf & ~(FMT_ADDR_MASK | FMT_ADDR_HIGH)) |
	       pgt_addr_bits(pgt_paddr(leaf) + step);
}

/*
 * Write up to @count leaves; how many it were until something was in the way.
 * These entries are the caller's alone (rule 1), so plain reads do.
 */
static __always_inline unsigned long pgt_store(struct pgt_cursor *c, u64 paddr,
					       unsigned long count)
{
	u64 leaf = pgt_leaf(c, paddr);
	u64 step = pgt_span(c->level);
	u64 *pos = c->pos;
	u64 *end = pos + count;

	for (; pos < end; pos++, leaf = pgt_next_leaf(leaf, step)) {
		if (unlikely(*pos))
			break;
		WRITE_ONCE(*pos, leaf);
	}
	count = pos - c->pos;
	c->pos = pos;
	return count;
}

/* How many entries are read or written at a time; every group is a multiple. */
#define PGT_STRIDE	4

/* Whether @group entries are empty.  They are the caller's alone. */
static __always_inline bool pgt_are_empty(const u64 *entry, unsigned long group)
{
	const u64 *end = entry + group;
	u64 any;

	do {
		any = entry[0] | entry[1] | entry[2] | entry[3];
		entry += PGT_STRIDE;
	} while (!any && entry < end);
	return !any;
}

/* The same as pgt_store(), over entries that are known to be empty. */
static __always_inline void pgt_fill(struct pgt_cursor *c, u64 leaf,
				     unsigned long group)
{
	u64 step = pgt_span(c->level);
	u64 *end = c->pos + group, *pos;
	unsigned int i;

	for (pos = c->pos; pos < end; pos += PGT_STRIDE)
		for (i = 0; i < PGT_STRIDE; i++, leaf = pgt_next_leaf(leaf, step))
			WRITE_ONCE(pos[i], leaf);
	c->pos = end;
}

/* Write leaves that are pages only in groups of @group: all of a group or none. */
static noinline unsigned long pgt_store_groups(struct pgt_cursor *c, u64 paddr,
					       unsigned long count,
					       unsigned long group)
{
	unsigned long done;

	for (done = 0; done < count; done += group) {
		if (!pgt_are_empty(c->pos, group))
			break;
		pgt_fill(c, pgt_leaf(c, paddr + done * pgt_span(c->level)) | FMT_CONT,
			 group);
	}
	return done;
}

/*
 * How many entries to write with pages of 1 << @shift: up to the end of the table,
 * or to where a larger page of the same level may begin.
 */
static __always_inline unsigned long
pgt_room(const struct pgt_cursor *c, u64 paddr, size_t len, unsigned long sizes,
	 unsigned int shift, unsigned int level)
{
	unsigned long span = pgt_span(level + 1);
	unsigned long larger = sizes & ~GENMASK(shift, 0);

	if (!FMT_CONT)
		return min(len >> shift, PGT_ENTRIES - pgt_index(c->iova, level));

	larger &= -larger;
	if (larger && larger < span && !((c->iova ^ paddr) & (larger - 1)))
		span = larger;
	len = min(len, span - (c->iova & (span - 1)));
	return len >> shift << (shift - pgt_shift(level));
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
	if (list_empty(&list))
		return -EEXIST;
	pgt_flush(c->pgt, c->pos, c->pos + i);
	pgt_fence(c->pgt);
	c->pgt->sync(c->pgt, c->iova, i * pgt_span(c->level), &list);
	return 0;
}

/* Whether a leaf is among @count entries, not all of which are empty. */
static __always_inline bool pgt_holds_leaf(const u64 *entry, unsigned long count,
					   unsigned int level)
{
	unsigned long i;

	if (!FMT_CONT)
		return fmt_is_leaf(READ_ONCE(*entry), level);

	for (i = 0; i < count; i++) {
		u64 old = READ_ONCE(entry[i]);

		if (old && fmt_is_leaf(old, level))
			return true;
	}
	return false;
}

static int pgt_map_run(struct pgt_cursor *c, u64 paddr, size_t len,
		       unsigned long sizes);

/*
 * Something is at c->pos, or behind it in the first page of @group entries, where
 * @count large pages or granules were to begin.  How many bytes were mapped to
 * get past it (perhaps none), or an error.
 */
static noinline long pgt_resolve(struct pgt_cursor *c, u64 paddr,
				 unsigned long count, unsigned long group,
				 unsigned long sizes)
{
	unsigned long span = pgt_span(c->level) * (FMT_CONT ? group : 1);
	int ret;

	if (pgt_holds_leaf(c->pos, group, c->level))
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
		unsigned int unit = FMT_CONT ? pgt_shift(level) : shift;
		unsigned long group = FMT_CONT ? BIT(shift - unit) : 1;
		unsigned long count, done;
		long past = 0;

		if (!c->pos || c->level != level) {
			int ret = pgt_enter(c, level);

			if (ret)
				return ret;
		}
		/* The table's end is where a larger page may begin. */
		count = pgt_room(c, paddr, len, sizes, shift, level);
		if (group == 1)
			done = pgt_store(c, paddr, count);
		else
			done = pgt_store_groups(c, paddr, count, group);
		c->iova += done << unit;
		if (unlikely(done < count)) {
			past = pgt_resolve(c, paddr + (done << unit),
					   count - done, group, sizes);
			if (past < 0)
				return past;
		}
		past += done << unit;
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

	pgt_finish(&c);
	*mapped = c.iova - iova;
	return ret;
}

/* A page of one entry, where all tables are there and the entry is empty. */
static __always_inline bool pgt_map_page(struct pgt *pgt, unsigned long iova,
					 u64 paddr, u64 bits,
					 const unsigned int level)
{
	u64 *entry = pgt_entry(pgt, iova, level);

	if (unlikely(!entry || *entry))
		return false;
	WRITE_ONCE(*entry, pgt_addr_bits(paddr) | bits | fmt_level_bits(level));
	pgt_flush_one(pgt, entry);
	pgt_order_new(pgt);
	return true;
}

static __always_inline bool pgt_map_large(struct pgt *pgt, unsigned long iova,
					  u64 paddr, size_t len, u64 bits)
{
	if (!(len & pgt->pgsize_bitmap))
		return false;
	if (pgt_is_page(iova | paddr, len, 1))
		return pgt_map_page(pgt, iova, paddr, bits, 1);
	if (pgt_is_page(iova | paddr, len, 2))
		return pgt_map_page(pgt, iova, paddr, bits, 2);
	return false;
}

static __always_inline int pgt_map(struct pgt *pgt, unsigned long iova,
				   phys_addr_t paddr, size_t len, int prot,
				   gfp_t gfp, size_t *mapped)
{
	u64 bits = fmt_prot(pgt, prot);

	*mapped = 0;
	if (unlikely(!IS_ALIGNED(iova | paddr | len, PGT_GRANULE) || !bits))
		return -EINVAL;

	/* Aligned, it ends in range where it begins there. */
	if (likely(len == PGT_GRANULE) && likely(iova <= pgt->iova_last) &&
	    likely(paddr <= pgt->paddr_last) &&
	    likely(pgt_map_page(pgt, iova, paddr, bits, 0))) {
		*mapped = PGT_GRANULE;
		return 0;
	}

	if (unlikely(!pgt_in_range(iova, len, pgt->iova_last) ||
		     !pgt_in_range(paddr, len, pgt->paddr_last)))
		return -ERANGE;
	if (pgt_map_large(pgt, iova, paddr, len, bits)) {
		*mapped = len;
		return 0;
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
 * next segment.  Ends after @count, or at one that needs more care: with @near, if
 * the table cannot hold its address.  A leaf that is in the way belongs to the
 * caller, hence the plain read.
 */
static __always_inline struct scatterlist *
pgt_store_granules(struct pgt_cursor *c, struct scatterlist *sg, unsigned int *count,
		   const bool near)
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
		if (unlikely(!IS_ALIGNED(paddr, PGT_GRANULE)) && PGT_GRANULE > PAGE_SIZE)
			break;
		if (near && unlikely(paddr > paddr_last))
			break;
		if (unlikely(*pos))
			break;
		WRITE_ONCE(*pos, pgt_addr_bits(paddr) | bits);
	}
	*count -= left;
	c->iova += (unsigned long)*count << FMT_GRANULE_SHIFT;
	c->pos = pos;
	return sg;
}

static __always_inline struct scatterlist *
pgt_map_granules(struct pgt_cursor *c, struct scatterlist *sg, unsigned int *count)
{
	if (likely(c->pgt->paddr_last >= PGT_MEMORY_LAST))
		return pgt_store_granules(c, sg, count, false);
	return pgt_store_granules(c, sg, count, true);
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
	pgt_finish(&c);
	*mapped = c.iova - iova;
	return ret;
}

#endif /* __IOMMU_PGTABLE_MAP_H */
