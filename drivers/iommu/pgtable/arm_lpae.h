/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver has to tell hardware about Arm tables, besides where they are.
 *
 * Sections are those of the Arm Architecture Reference Manual (DDI 0487).  Levels
 * are counted as in pgtable.h: our level 0 is the architecture's level 3, and the
 * level that a walk starts at there is 4 - levels.
 */
#ifndef __IOMMU_PGTABLE_ARM_LPAE_H
#define __IOMMU_PGTABLE_ARM_LPAE_H

#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* AttrIndx of stage 1 leaves, and the MAIR that gives them their meaning (D8.6.1). */
#define ARM_S1_ATTR_NC		0	/* Normal, not cacheable */
#define ARM_S1_ATTR_WB		1	/* Normal, write-back, read and write allocate */
#define ARM_S1_ATTR_DEVICE	2	/* Device-nGnRE */
#define ARM_S1_MAIR		(0x44ull << (8 * ARM_S1_ATTR_NC) |	\
				 0xffull << (8 * ARM_S1_ATTR_WB) |	\
				 0x04ull << (8 * ARM_S1_ATTR_DEVICE))

/* As many tables can be concatenated at the top of stage 2 (D8.2.2). */
#define ARM_S2_TOPS_SHIFT	4

/**
 * arm_s1_levels() - levels of a stage 1 walk, which the input width implies
 * @granule_shift: 12, 14 or 16
 * @iova_bits: the input width, 64 - T0SZ
 *
 * Return: levels.
 */
static inline unsigned int arm_s1_levels(unsigned int granule_shift,
					 unsigned int iova_bits)
{
	return DIV_ROUND_UP(iova_bits - granule_shift, granule_shift - 3);
}

/**
 * arm_s2_levels() - levels of a stage 2 walk, the fewest that will do
 * @granule_shift: 12, 14 or 16
 * @iova_bits: the input width, 64 - T0SZ
 *
 * Top tables are concatenated wherever that saves a level.
 *
 * Return: levels.
 */
static inline unsigned int arm_s2_levels(unsigned int granule_shift,
					 unsigned int iova_bits)
{
	unsigned int fewest = granule_shift == 12 ? 3 : 2;

	return max(fewest, arm_s1_levels(granule_shift,
					 iova_bits - ARM_S2_TOPS_SHIFT));
}

/**
 * arm_s2_sl0() - the field SL0 of VTCR, S2SL0 of a stream table entry
 * @granule_shift: 12, 14 or 16
 * @levels: levels of the walk, &pgt.levels
 *
 * Return: the value of the field (D8.2.2).
 */
static inline unsigned int arm_s2_sl0(unsigned int granule_shift,
				      unsigned int levels)
{
	return granule_shift == 12 ? levels - 2 : levels - 1;
}

#endif /* __IOMMU_PGTABLE_ARM_LPAE_H */
