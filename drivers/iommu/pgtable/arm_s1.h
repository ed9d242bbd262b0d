/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arm stage 1 entries (Arm ARM D8.3.1, D8.4.1, D8.5), for walk.h.
 *
 * The tables are those of a stream that has an ASID: leaves are not global.  What
 * can be written can be read.  Unprivileged access is allowed unless IOMMU_PRIV
 * asks otherwise.  AP[2] forbids writing; where DBM is set it does not forbid but
 * tells that the page is clean, and hardware clears it on a write (D8.5.3).
 */
#ifndef __IOMMU_PGTABLE_ARM_S1_H
#define __IOMMU_PGTABLE_ARM_S1_H

#include <linux/bitfield.h>

#define ARM_STAGE	1
#include "arm_format.h"

#define ARM_S1_ATTRINDX	GENMASK_ULL(4, 2)
#define ARM_S1_AP1	BIT_ULL(6)	/* unprivileged access, too */
#define ARM_S1_AP2	BIT_ULL(7)	/* read-only, or clean */
#define ARM_S1_NG	BIT_ULL(11)
#define ARM_S1_PXN	BIT_ULL(53)
#define ARM_S1_UXN	BIT_ULL(54)

#define FMT_DIRTY_BIT		7
#define FMT_DIRTY_INVERTED	1

static_assert(BIT_ULL(FMT_DIRTY_BIT) == ARM_S1_AP2);
static_assert(FMT_GRANULE_SHIFT + FMT_MAX_LEVELS * FMT_LEVEL_SHIFT >= ARM_IOVA_BITS_MAX);

static inline int fmt_check(const struct pgt_params *params)
{
	return arm_check(params, arm_s1_levels(FMT_GRANULE_SHIFT, params->iova_bits));
}

static inline u64 fmt_leaf_bits(const struct pgt_params *params)
{
	return ARM_VALID | ARM_AF | ARM_S1_NG;
}

/* Memory that is not cacheable is outer shareable whatever SH says (D8.6.2). */
static __always_inline u64 arm_s1_memory(int prot)
{
	if (prot & IOMMU_MMIO)
		return FIELD_PREP(ARM_S1_ATTRINDX, ARM_S1_ATTR_DEVICE) |
		       FIELD_PREP(ARM_SH, ARM_SH_OUTER);
	if (prot & IOMMU_CACHE)
		return FIELD_PREP(ARM_S1_ATTRINDX, ARM_S1_ATTR_WB) |
		       FIELD_PREP(ARM_SH, ARM_SH_INNER);
	return FIELD_PREP(ARM_S1_ATTRINDX, ARM_S1_ATTR_NC) |
	       FIELD_PREP(ARM_SH, ARM_SH_OUTER);
}

static __always_inline u64 fmt_prot(const struct pgt *pgt, int prot)
{
	u64 bits = pgt->leaf_bits | arm_s1_memory(prot);

	if (unlikely(!(prot & (IOMMU_READ | IOMMU_WRITE))))
		return 0;
	if (!(prot & IOMMU_WRITE))
		bits |= ARM_S1_AP2;
	else if (pgt->dirty)
		bits |= ARM_DBM;
	if (!(prot & IOMMU_PRIV))
		bits |= ARM_S1_AP1;
	if (prot & IOMMU_NOEXEC)
		bits |= ARM_S1_UXN | ARM_S1_PXN;
	return bits;
}

#endif /* __IOMMU_PGTABLE_ARM_S1_H */
