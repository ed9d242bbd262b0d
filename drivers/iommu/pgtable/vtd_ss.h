/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d second-stage paging entries (VT-d 9.8), for walk.h.
 *
 * An entry is present when it allows reading or writing; write-only pages exist.
 * A and D are written by hardware only where the PASID entry has SSADE set.
 */
#ifndef __IOMMU_PGTABLE_VTD_SS_H
#define __IOMMU_PGTABLE_VTD_SS_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "pgtable.h"

#define VTD_SS_R	BIT_ULL(0)
#define VTD_SS_W	BIT_ULL(1)
#define VTD_SS_PS	BIT_ULL(7)	/* a page, not a table; level 1 and 2 */
#define VTD_SS_A	BIT_ULL(8)
#define VTD_SS_D	BIT_ULL(9)
#define VTD_SS_SNP	BIT_ULL(11)	/* leaves, with ECAP.SC */
#define VTD_SS_ADDR	GENMASK_ULL(51, 12)
#define VTD_SS_SW	BIT_ULL(52)	/* 61:52 are ignored at all levels */

#define FMT_GRANULE_SHIFT	12
#define FMT_LEVEL_SHIFT		9
#define FMT_MIN_LEVELS		3
#define FMT_MAX_LEVELS		5
#define FMT_USUAL_LEVELS	4
#define FMT_PGSIZES		(SZ_4K | SZ_2M | SZ_1G)
#define FMT_ADDR_MASK		VTD_SS_ADDR
#define FMT_LINKED		VTD_SS_SW
#define FMT_DIRTY_BIT		9

static_assert(BIT_ULL(FMT_DIRTY_BIT) == VTD_SS_D);
static_assert(SZ_2M == 1 << (FMT_GRANULE_SHIFT + FMT_LEVEL_SHIFT));
static_assert(SZ_1G == 1 << (FMT_GRANULE_SHIFT + 2 * FMT_LEVEL_SHIFT));
static_assert(FMT_GRANULE_SHIFT + FMT_MIN_LEVELS * FMT_LEVEL_SHIFT == 39);
static_assert(FMT_GRANULE_SHIFT + FMT_MAX_LEVELS * FMT_LEVEL_SHIFT == 57);

static inline int fmt_check(const struct pgt_params *params)
{
	if (params->iova_bits > FMT_GRANULE_SHIFT + params->levels * FMT_LEVEL_SHIFT)
		return -EINVAL;
	return params->noexec || params->supervisor ? -EINVAL : 0;
}

static inline u64 fmt_leaf_bits(const struct pgt_params *params)
{
	return params->force_snoop ? VTD_SS_SNP : 0;
}

static __always_inline u64 fmt_prot(const struct pgt *pgt, int prot)
{
	u64 bits = 0;

	/* IOMMU_READ and IOMMU_WRITE are R and W. */
	static_assert(IOMMU_READ == VTD_SS_R && IOMMU_WRITE == VTD_SS_W);
	bits = prot & (IOMMU_READ | IOMMU_WRITE);
	return likely(bits) ? bits | pgt->leaf_bits : 0;
}

static __always_inline u64 fmt_level_bits(unsigned int level)
{
	return level ? VTD_SS_PS : 0;
}

static __always_inline u64 fmt_link(phys_addr_t table)
{
	return table | VTD_SS_R | VTD_SS_W;
}

static __always_inline bool fmt_is_leaf(u64 entry, unsigned int level)
{
	return !level || (entry & VTD_SS_PS);
}

#endif /* __IOMMU_PGTABLE_VTD_SS_H */
