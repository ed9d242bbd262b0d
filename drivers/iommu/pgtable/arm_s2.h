/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arm stage 2 entries (Arm ARM D8.3.1, D8.4.2, D8.5), for walk.h.
 *
 * Tables are concatenated at the top wherever this saves a level (D8.2.2).  Leaves
 * give the memory type themselves (MemAttr as without FEAT_S2FWB).  Write-only
 * exists.  IOMMU_PRIV means nothing: stage 2 does not tell privileges apart.  S2AP
 * bit 1 allows writing; where DBM is set, hardware sets it on a write (D8.5.3).
 */
#ifndef __IOMMU_PGTABLE_ARM_S2_H
#define __IOMMU_PGTABLE_ARM_S2_H

#include <linux/bitfield.h>

#define ARM_STAGE	2
#include "arm_format.h"

#define ARM_S2_MEMATTR		GENMASK_ULL(5, 2)
#define ARM_S2_MEMATTR_DEVICE	0x1ull	/* Device-nGnRE */
#define ARM_S2_MEMATTR_NC	0x5ull	/* Normal, inner and outer not cacheable */
#define ARM_S2_MEMATTR_WB	0xfull	/* Normal, inner and outer write-back */
#define ARM_S2_READ		BIT_ULL(6)	/* S2AP[0] */
#define ARM_S2_WRITE		BIT_ULL(7)	/* S2AP[1] */
#define ARM_S2_XN		BIT_ULL(54)	/* XN[1]; with XN[0] clear for all levels */

#define FMT_TOPS_SHIFT		ARM_S2_TOPS_SHIFT
#define FMT_DIRTY_BIT		7
#define FMT_DIRTY_INVERTED	0

static_assert(BIT_ULL(FMT_DIRTY_BIT) == ARM_S2_WRITE);
static_assert(FMT_GRANULE_SHIFT + FMT_MAX_LEVELS * FMT_LEVEL_SHIFT + FMT_TOPS_SHIFT >=
	      ARM_IOVA_BITS_MAX);

static inline int fmt_check(const struct pgt_params *params)
{
	return arm_check(params, arm_s2_levels(FMT_GRANULE_SHIFT, params->iova_bits));
}

static inline u64 fmt_leaf_bits(const struct pgt_params *params)
{
	return ARM_VALID | ARM_AF;
}

/* Memory that is not cacheable is outer shareable whatever SH says (D8.6.2). */
static __always_inline u64 arm_s2_memory(int prot)
{
	if (prot & IOMMU_MMIO)
		return FIELD_PREP(ARM_S2_MEMATTR, ARM_S2_MEMATTR_DEVICE) |
		       FIELD_PREP(ARM_SH, ARM_SH_OUTER);
	if (prot & IOMMU_CACHE)
		return FIELD_PREP(ARM_S2_MEMATTR, ARM_S2_MEMATTR_WB) |
		       FIELD_PREP(ARM_SH, ARM_SH_INNER);
	return FIELD_PREP(ARM_S2_MEMATTR, ARM_S2_MEMATTR_NC) |
	       FIELD_PREP(ARM_SH, ARM_SH_OUTER);
}

static __always_inline u64 fmt_prot(const struct pgt *pgt, int prot)
{
	u64 bits = pgt->leaf_bits | arm_s2_memory(prot);

	if (unlikely(!(prot & (IOMMU_READ | IOMMU_WRITE))))
		return 0;
	if (prot & IOMMU_READ)
		bits |= ARM_S2_READ;
	if (prot & IOMMU_WRITE)
		bits |= ARM_S2_WRITE | (pgt->dirty ? ARM_DBM : 0);
	if (prot & IOMMU_NOEXEC)
		bits |= ARM_S2_XN;
	return bits;
}

#endif /* __IOMMU_PGTABLE_ARM_S2_H */
