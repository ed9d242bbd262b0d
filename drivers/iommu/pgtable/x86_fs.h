/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86-64 first-stage paging entries (VT-d 9.7), for walk.h.
 *
 * The bits are those of the CPU's page tables.  Addresses are canonical: bits above
 * the width repeat its top bit, so what can be mapped here, the lower half, is
 * one bit narrower than what the levels translate.  Hardware always keeps A and
 * D; links are born with A, writable leaves with A and D, so that a walk has
 * nothing to write back until dirty tracking clears D.  Write-only does not exist.
 */
#ifndef __IOMMU_PGTABLE_X86_FS_H
#define __IOMMU_PGTABLE_X86_FS_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "pgtable.h"

#define X86_FS_P	BIT_ULL(0)
#define X86_FS_RW	BIT_ULL(1)
#define X86_FS_US	BIT_ULL(2)
#define X86_FS_A	BIT_ULL(5)
#define X86_FS_D	BIT_ULL(6)
#define X86_FS_PS	BIT_ULL(7)	/* a page, not a table; level 1 and 2 */
#define X86_FS_ADDR	GENMASK_ULL(51, 12)
#define X86_FS_SW	BIT_ULL(52)	/* 58:52 are ignored at all levels */
#define X86_FS_XD	BIT_ULL(63)	/* reserved unless the PASID entry has NXE */

#define FMT_GRANULE_SHIFT	12
#define FMT_LEVEL_SHIFT		9
#define FMT_MIN_LEVELS		4
#define FMT_MAX_LEVELS		5
#define FMT_USUAL_LEVELS	4
#define FMT_PGSIZES		(SZ_4K | SZ_2M | SZ_1G)
#define FMT_ADDR_MASK		X86_FS_ADDR
#define FMT_LINKED		X86_FS_SW
#define FMT_DIRTY_BIT		6

static_assert(BIT_ULL(FMT_DIRTY_BIT) == X86_FS_D);
static_assert(SZ_2M == 1 << (FMT_GRANULE_SHIFT + FMT_LEVEL_SHIFT));
static_assert(SZ_1G == 1 << (FMT_GRANULE_SHIFT + 2 * FMT_LEVEL_SHIFT));
static_assert(FMT_GRANULE_SHIFT + FMT_MIN_LEVELS * FMT_LEVEL_SHIFT == 48);
static_assert(FMT_GRANULE_SHIFT + FMT_MAX_LEVELS * FMT_LEVEL_SHIFT == 57);

static inline int fmt_check(const struct pgt_params *params)
{
	if (params->iova_bits >= FMT_GRANULE_SHIFT + params->levels * FMT_LEVEL_SHIFT)
		return -EINVAL;
	return params->force_snoop ? -EINVAL : 0;
}

static inline u64 fmt_leaf_bits(const struct pgt_params *params)
{
	return X86_FS_P | X86_FS_A;
}

static __always_inline u64 fmt_prot(const struct pgt *pgt, int prot)
{
	u64 bits = pgt->leaf_bits;

	if (unlikely(!(prot & (IOMMU_READ | IOMMU_WRITE))))
		return 0;
	if (prot & IOMMU_WRITE)
		bits |= X86_FS_RW | X86_FS_D;
	if (!(prot & IOMMU_PRIV) || !pgt->supervisor)
		bits |= X86_FS_US;
	if ((prot & IOMMU_NOEXEC) && pgt->noexec)
		bits |= X86_FS_XD;
	return bits;
}

static __always_inline u64 fmt_level_bits(unsigned int level)
{
	return level ? X86_FS_PS : 0;
}

static __always_inline u64 fmt_link(phys_addr_t table)
{
	return table | X86_FS_P | X86_FS_RW | X86_FS_US | X86_FS_A;
}

static __always_inline bool fmt_is_leaf(u64 entry, unsigned int level)
{
	return !level || (entry & X86_FS_PS);
}

#endif /* __IOMMU_PGTABLE_X86_FS_H */
