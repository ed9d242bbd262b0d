// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of Arm stage 1 page tables with granules of 16K.
 */
#define ARM_GRANULE_SHIFT	14
#define ARM_FN(op)		arm_s1_16k_##op
#include "arm_s1_test.h"

static struct kunit_suite arm_s1_16k_suite = {
	.name = "iommu_pgtable_arm_s1_16k",
	.test_cases = fmt_cases,
};

static struct kunit_suite arm_s1_16k_bits_suite = {
	.name = "iommu_pgtable_arm_s1_16k_bits",
	.test_cases = arm_s1_cases,
};

static struct kunit_suite arm_s1_16k_cont_suite = {
	.name = "iommu_pgtable_arm_s1_16k_cont",
	.test_cases = fmt_cont_cases,
};

kunit_test_suites(&arm_s1_16k_suite, &arm_s1_16k_bits_suite, &arm_s1_16k_cont_suite);

MODULE_DESCRIPTION("Tests of Arm stage 1 page tables with granules of 16K");
MODULE_LICENSE("GPL");
