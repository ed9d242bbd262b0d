// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of Arm stage 1 page tables with granules of 4K.
 */
#define ARM_GRANULE_SHIFT	12
#define ARM_FN(op)		arm_s1_4k_##op
#include "arm_s1_test.h"

static struct kunit_suite arm_s1_4k_suite = {
	.name = "iommu_pgtable_arm_s1_4k",
	.test_cases = fmt_cases,
};

static struct kunit_suite arm_s1_4k_bits_suite = {
	.name = "iommu_pgtable_arm_s1_4k_bits",
	.test_cases = arm_s1_cases,
};

static struct kunit_suite arm_s1_4k_cont_suite = {
	.name = "iommu_pgtable_arm_s1_4k_cont",
	.test_cases = fmt_cont_cases,
};

kunit_test_suites(&arm_s1_4k_suite, &arm_s1_4k_bits_suite, &arm_s1_4k_cont_suite);

MODULE_DESCRIPTION("Tests of Arm stage 1 page tables with granules of 4K");
MODULE_LICENSE("GPL");
