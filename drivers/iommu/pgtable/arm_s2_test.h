/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit tests of Arm stage 2 page tables.  Numbers are from the Arm ARM, D8.
 *
 * Included by the format's *_test.c, with ARM_GRANULE_SHIFT and ARM_FN() of arm_test.h.
 */
#include "arm_s2.h"

#define TEST_IOVA_BITS(levels)	test_iova_bits(levels)
#define TEST_CLEAN(leaf)	test_clean(leaf)

/* With 16 tables concatenated at the top, as far as there are addresses. */
static inline unsigned int test_iova_bits(unsigned int levels)
{
	switch (ARM_GRANULE_SHIFT) {
	case 12:
		return min(48, 16 + 9 * levels);
	case 14:
		return min(48, 18 + 11 * levels);
	default:
		return min(52, 20 + 13 * levels);
	}
}

/* Dirty is S2AP[1], where there is DBM (D8.5.3). */
static inline unsigned long long test_clean(unsigned long long leaf)
{
	return leaf & 0x0008000000000000 ? leaf & ~0x80ull : leaf;
}

/* Valid, MemAttr not cacheable, AF, outer shareable; S2AP[1:0]. */
static unsigned long long test_leaf_bits(const struct pgt *pgt, int prot,
					 unsigned int level)
{
	return 0x615 | (level ? 0 : 0x2) | (prot & IOMMU_READ ? 0x40 : 0) |
	       (prot & IOMMU_WRITE ? 0x80 : 0) |
	       (pgt->dirty && (prot & IOMMU_WRITE) ? 0x0008000000000000 : 0);
}

#include "arm_test.h"

/* D8.3.1, D8.4.2: MemAttr 5:2, S2AP 7:6, SH 9:8, AF 10, DBM 51, XN 54:53. */
static void arm_s2_test_prot(struct kunit *test)
{
	const struct pgt_params params = {};
	struct pgt pgt = { .leaf_bits = fmt_leaf_bits(&params) };

	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0x6d5);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_WRITE), 0x695);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ), 0x655);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_CACHE), 0x7fd);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_MMIO), 0x6c5);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_MMIO | IOMMU_CACHE), 0x6c5);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_PRIV), 0x6d5);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_NOEXEC), 0x00400000000006d5);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_CACHE | IOMMU_MMIO | IOMMU_PRIV), 0);
	pgt.dirty = true;
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0x00080000000006d5);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ), 0x655);

	/* D8.5.3: writable and dirty, writable and clean, read-only, always writable. */
	KUNIT_EXPECT_TRUE(test, pgt_is_dirty(0x00080000000006d7));
	KUNIT_EXPECT_FALSE(test, pgt_is_dirty(0x0008000000000657));
	KUNIT_EXPECT_FALSE(test, pgt_is_dirty(0x657));
	KUNIT_EXPECT_FALSE(test, pgt_is_dirty(0x6d7));
}

/* D8.2.2: levels and SL0, which is the level a walk starts at in other words. */
static void arm_s2_test_levels(struct kunit *test)
{
	static const struct {
		unsigned int granule_shift, iova_bits, levels, sl0;
	} cases[] = {
		{ 12, 31, 3, 1 }, { 12, 39, 3, 1 }, { 12, 43, 3, 1 },
		{ 12, 44, 4, 2 }, { 12, 48, 4, 2 },
		{ 14, 26, 2, 1 }, { 14, 40, 2, 1 }, { 14, 41, 3, 2 }, { 14, 48, 3, 2 },
		{ 16, 30, 2, 1 }, { 16, 46, 2, 1 }, { 16, 47, 3, 2 }, { 16, 52, 3, 2 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int levels = arm_s2_levels(cases[i].granule_shift,
						    cases[i].iova_bits);

		KUNIT_EXPECT_EQ(test, levels, cases[i].levels);
		KUNIT_EXPECT_EQ(test, arm_s2_sl0(cases[i].granule_shift, levels),
				cases[i].sl0);
	}
}

/* D8.2.2: 1 to 16 tables at the top, aligned to what they take together. */
static void arm_s2_test_tops(struct kunit *test)
{
	const struct fmt_config config = { FMT_MIN_LEVELS, true };
	const unsigned int plain = ARM_GRANULE_SHIFT + FMT_MIN_LEVELS * (ARM_GRANULE_SHIFT - 3);
	struct pgt_params params;
	unsigned int extra;

	ctx_params(&params, &config);
	for (extra = 0; extra <= 4; extra++) {
		struct fmt_ctx *ctx;

		params.iova_bits = plain + extra;
		ctx = ctx_new(test, &params);
		KUNIT_EXPECT_EQ(test, pgt_tops(&ctx->pgt), 1 << extra);
		KUNIT_EXPECT_EQ(test, seam_tables(), 1 << extra);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)ctx->pgt.top,
						   GRANULE << extra));
		/* Through all of them, and from one to the next. */
		ctx_map(test, ctx, TEST_SPAN(FMT_MIN_LEVELS) - GRANULE, TEST_PADDR,
			extra ? 2 * GRANULE : GRANULE, TEST_RW);
		ctx_map(test, ctx, ctx->pgt.iova_last + 1 - LARGEST, TEST_PADDR, LARGEST / 2,
			TEST_RW);
		ctx_check(test, ctx);
		ctx_unmap(test, ctx, 0, ctx->pgt.iova_last + 1);
		KUNIT_EXPECT_EQ(test, seam_tables(), 1 << extra);
		ctx_finish(test, ctx);
	}
}

static struct kunit_case arm_s2_cases[] = {
	KUNIT_CASE(arm_test_entries),
	KUNIT_CASE(arm_test_params),
	KUNIT_CASE_PARAM(arm_test_real, fmt_gen_params),
	KUNIT_CASE(arm_s2_test_prot),
	KUNIT_CASE(arm_s2_test_levels),
	KUNIT_CASE(arm_s2_test_tops),
	{}
};
