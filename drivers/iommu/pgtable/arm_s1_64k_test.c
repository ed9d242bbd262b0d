// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of Arm stage 1 page tables with granules of 64K.
 */
#define ARM_GRANULE_SHIFT	16
#define ARM_FN(op)		arm_s1_64k_##op
#include "arm_s1_test.h"

static struct kunit_suite arm_s1_64k_suite = {
	.name = "iommu_pgtable_arm_s1_64k",
	.test_cases = fmt_cases,
};

static struct kunit_suite arm_s1_64k_bits_suite = {
	.name = "iommu_pgtable_arm_s1_64k_bits",
	.test_cases = arm_s1_cases,
};

static struct kunit_suite arm_s1_64k_cont_suite = {
	.name = "iommu_pgtable_arm_s1_64k_cont",
	.test_cases = fmt_cont_cases,
};

kunit_test_suites(&arm_s1_64k_suite, &arm_s1_64k_bits_suite, &arm_s1_64k_cont_suite);

MODULE_DESCRIPTION("Tests of Arm stage 1 page tables with granules of 64K");
MODULE_LICENSE("GPL");
