/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both stages of the Armv8 long descriptors have in common (Arm ARM D8.2, D8.3),
 * for walk.h.  ARM_GRANULE_SHIFT says which granule: 12, 14 or 16; ARM_STAGE is 1
 * or 2.
 *
 * Leaves are born with AF, so hardware never has to set it.  Pages are made of
 * several entries where the Contiguous bit allows it (D8.7.1): the entries of one
 * group all have it or none has, are written and cleared together, and are dirty
 * as soon as one of them is, because a TLB entry for the group may have come from
 * any of them.
 */
#ifndef __IOMMU_PGTABLE_ARM_FORMAT_H
#define __IOMMU_PGTABLE_ARM_FORMAT_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "arm_lpae.h"
#include "pgtable.h"

#define ARM_VALID	BIT_ULL(0)
#define ARM_PAGE	BIT_ULL(1)	/* level 0: a page; above: a table, not a block */
#define ARM_SH		GENMASK_ULL(9, 8)
#define ARM_SH_OUTER	2ull
#define ARM_SH_INNER	3ull
#define ARM_AF		BIT_ULL(10)
#define ARM_ADDR_HIGH	GENMASK_ULL(15, 12)	/* granule 64K: address 51:48 */
#define ARM_DBM		BIT_ULL(51)
#define ARM_CONT	BIT_ULL(52)
#define ARM_SW		BIT_ULL(55)	/* 58:55 are for software in all descriptors */

#define FMT_GRANULE_SHIFT	ARM_GRANULE_SHIFT
#define FMT_LEVEL_SHIFT		(ARM_GRANULE_SHIFT - 3)
#define FMT_ADDR_MASK		GENMASK_ULL(47, ARM_GRANULE_SHIFT)
#define FMT_LINKED		ARM_SW
#define FMT_CONT		ARM_CONT
#define FMT_DIRTY_IF		ARM_DBM

#if ARM_GRANULE_SHIFT == 12
#define FMT_MIN_LEVELS		3
#define FMT_MAX_LEVELS		4
#define FMT_USUAL_LEVELS	4
#define ARM_BLOCKS		(SZ_4K | SZ_2M | SZ_1G)
#define ARM_CONTS		(SZ_64K | SZ_32M)
#define ARM_IOVA_BITS_MIN	31
#define ARM_IOVA_BITS_MAX	48
#elif ARM_GRANULE_SHIFT == 14
#define FMT_MIN_LEVELS		2
#define FMT_MAX_LEVELS		(ARM_STAGE == 1 ? 4 : 3)
#define FMT_USUAL_LEVELS	3
#define ARM_BLOCKS		(SZ_16K | SZ_32M)
#define ARM_CONTS		(SZ_2M | SZ_1G)
#define ARM_IOVA_BITS_MIN	26
#define ARM_IOVA_BITS_MAX	48
#elif ARM_GRANULE_SHIFT == 16
#define FMT_MIN_LEVELS		2
#define FMT_MAX_LEVELS		3
#define FMT_USUAL_LEVELS	3
#define ARM_BLOCKS		(SZ_64K | SZ_512M)
#define ARM_CONTS		(SZ_2M | SZ_16G)
#define ARM_IOVA_BITS_MIN	30
#define ARM_IOVA_BITS_MAX	52
#define FMT_ADDR_HIGH		ARM_ADDR_HIGH
#define FMT_ADDR_HIGH_SHIFT	36
#else
#error Granules are 4K, 16K and 64K.
#endif

#define FMT_PGSIZES		(ARM_BLOCKS | ARM_CONTS)

/* log2 of the entries of a contiguous page. */
static __always_inline unsigned int fmt_cont_shift(unsigned int level)
{
	return FMT_GRANULE_SHIFT == 12 ? 4 :
	       FMT_GRANULE_SHIFT == 16 || level ? 5 : 7;
}

static inline int arm_check(const struct pgt_params *params, unsigned int levels)
{
	if (params->iova_bits < ARM_IOVA_BITS_MIN ||
	    params->iova_bits > ARM_IOVA_BITS_MAX || params->levels != levels)
		return -EINVAL;
	/* What hardware writes behind the CPU's caches cannot be read back. */
	if (params->dirty && !params->coherent)
		return -EINVAL;
	return params->force_snoop || params->noexec || params->supervisor ?
	       -EINVAL : 0;
}

static __always_inline u64 fmt_level_bits(unsigned int level)
{
	return level ? 0 : ARM_PAGE;
}

static __always_inline u64 fmt_link(u64 table)
{
	return table | ARM_VALID | ARM_PAGE;
}

static __always_inline bool fmt_is_leaf(u64 entry, unsigned int level)
{
	return !level || !(entry & ARM_PAGE);
}

#endif /* __IOMMU_PGTABLE_ARM_FORMAT_H */
