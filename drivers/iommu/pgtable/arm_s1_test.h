/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit tests of Arm stage 1 page tables.  Numbers are from the Arm ARM, D8.
 *
 * Included by the format's *_test.c, with ARM_GRANULE_SHIFT and ARM_FN() of arm_test.h.
 */
#include "arm_s1.h"

#define TEST_IOVA_BITS(levels)	test_iova_bits(levels)
#define TEST_CLEAN(leaf)	test_clean(leaf)

/* As many as the levels translate and as there are. */
static inline unsigned int test_iova_bits(unsigned int levels)
{
	switch (ARM_GRANULE_SHIFT) {
	case 12:
		return 12 + 9 * levels;
	case 14:
		return min(48, 14 + 11 * levels);
	default:
		return min(52, 16 + 13 * levels);
	}
}

/* AP[2], where there is DBM (D8.5.3). */
static inline unsigned long long test_clean(unsigned long long leaf)
{
	return leaf & 0x0008000000000000 ? leaf | 0x80 : leaf;
}

/* Valid, AF, nG, outer shareable, unprivileged; AP[2] of what is read-only. */
static unsigned long long test_leaf_bits(const struct pgt *pgt, int prot,
					 unsigned int level)
{
	return 0xe41 | (level ? 0 : 0x2) | (prot & IOMMU_WRITE ? 0 : 0x80) |
	       (pgt->dirty && (prot & IOMMU_WRITE) ? 0x0008000000000000 : 0);
}

#include "arm_test.h"

/* D8.3.1, D8.4.1: AttrIndx 4:2, AP 7:6, SH 9:8, AF 10, nG 11, DBM 51, PXN 53, UXN 54. */
static void arm_s1_test_prot(struct kunit *test)
{
	const struct pgt_params params = {};
	struct pgt pgt = { .leaf_bits = fmt_leaf_bits(&params) };

	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0xe41);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_WRITE), 0xe41);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ), 0xec1);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_CACHE), 0xf45);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_MMIO), 0xe49);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_MMIO | IOMMU_CACHE), 0xe49);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_PRIV), 0xe01);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ | IOMMU_PRIV | IOMMU_CACHE), 0xf85);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_NOEXEC), 0x0060000000000e41);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_CACHE | IOMMU_MMIO | IOMMU_PRIV), 0);
	pgt.dirty = true;
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0x0008000000000e41);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ), 0xec1);

	/* D8.5.3: writable and dirty, writable and clean, read-only, always writable. */
	KUNIT_EXPECT_TRUE(test, pgt_is_dirty(0x0008000000000e43));
	KUNIT_EXPECT_FALSE(test, pgt_is_dirty(0x0008000000000ec3));
	KUNIT_EXPECT_FALSE(test, pgt_is_dirty(0xec3));
	KUNIT_EXPECT_FALSE(test, pgt_is_dirty(0xe43));
}

/* D8.6.1: not cacheable, write-back with allocation, Device-nGnRE, by AttrIndx. */
static void arm_s1_test_mair(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ARM_S1_MAIR, 0x04ff44);
}

/* D8.2: where a walk starts follows from the width. */
static void arm_s1_test_levels(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, arm_s1_levels(12, 31), 3);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(12, 39), 3);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(12, 40), 4);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(12, 48), 4);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(14, 36), 2);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(14, 37), 3);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(14, 47), 3);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(14, 48), 4);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(16, 42), 2);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(16, 43), 3);
	KUNIT_EXPECT_EQ(test, arm_s1_levels(16, 52), 3);
}

static struct kunit_case arm_s1_cases[] = {
	KUNIT_CASE(arm_test_entries),
	KUNIT_CASE(arm_test_params),
	KUNIT_CASE_PARAM(arm_test_real, fmt_gen_params),
	KUNIT_CASE(arm_s1_test_prot),
	KUNIT_CASE(arm_s1_test_mair),
	KUNIT_CASE(arm_s1_test_levels),
	{}
};
