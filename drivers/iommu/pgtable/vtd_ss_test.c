// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of VT-d second-stage page tables.  Numbers are from VT-d 9.8.
 */
#include "vtd_ss.h"

#define TEST_LINK_BITS		0x3
#define TEST_TABLE_BIT		0x80
#define TEST_TABLE_IF		0
#define TEST_CLEAN(leaf)	((leaf) & ~0x200ull)
#define TEST_IOVA_BITS(levels)	(12 + 9 * (levels))

static unsigned long long test_leaf_bits(const struct pgt *pgt, int prot,
					 unsigned int level)
{
	return (prot & IOMMU_READ ? 0x1 : 0) | (prot & IOMMU_WRITE ? 0x2 : 0) |
	       (level ? 0x80 : 0);
}

#include "format_test.h"

/* Entries, bit for bit. */
static void vtd_ss_test_entries(struct kunit *test)
{
	struct pgt pgt = {};

	KUNIT_EXPECT_EQ(test, fmt_link(0x123456000), 0x123456003);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ), 0x1);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_WRITE), 0x2);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0x3);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_CACHE | IOMMU_NOEXEC |
				       IOMMU_MMIO | IOMMU_PRIV), 0x3);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_CACHE), 0);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(0), 0);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(1), 0x80);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(2), 0x80);
	KUNIT_EXPECT_TRUE(test, fmt_is_leaf(0x123456003, 0));
	KUNIT_EXPECT_FALSE(test, fmt_is_leaf(0x123456003, 1));
	KUNIT_EXPECT_TRUE(test, fmt_is_leaf(0x123400083, 1));
	KUNIT_EXPECT_EQ(test, FMT_ADDR_MASK, 0x000ffffffffff000);
	/* Reserved in links (11, 7, 51:width, 62): never set by us. */
	KUNIT_EXPECT_EQ(test, (fmt_link(0) | FMT_LINKED) & 0x400ffffffffff880, 0);
}

/* Snoop control, from the start and later. */
static void vtd_ss_test_snoop(struct kunit *test)
{
	const struct fmt_config config = { 4, true };
	struct pgt_params params;
	struct fmt_ctx *ctx;
	u64 *entry;

	ctx_params(&params, &config);
	params.force_snoop = true;
	ctx = ctx_new(test, &params);
	KUNIT_EXPECT_EQ(test, fmt_prot(&ctx->pgt, TEST_RW), 0x803);
	KUNIT_EXPECT_EQ(test, fmt_prot(&ctx->pgt, IOMMU_CACHE), 0);
	ctx_finish(test, ctx);

	params.force_snoop = false;
	ctx = ctx_new(test, &params);
	vtd_ss_force_snoop(&ctx->pgt);
	ctx_map(test, ctx, 0, TEST_PADDR, SZ_4K, TEST_RW);
	entry = pgt_entry(&ctx->pgt, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, *entry, TEST_PADDR | 0x803);
	ctx_unmap(test, ctx, 0, SZ_4K);
	ctx_finish(test, ctx);

	params.noexec = true;
	KUNIT_EXPECT_EQ(test, fmt_check(&params), -EINVAL);
}

static struct kunit_case vtd_ss_cases[] = {
	KUNIT_CASE(vtd_ss_test_entries),
	KUNIT_CASE(vtd_ss_test_snoop),
	{}
};

static struct kunit_suite vtd_ss_suite = {
	.name = "iommu_pgtable_vtd_ss",
	.test_cases = fmt_cases,
};

static struct kunit_suite vtd_ss_bits_suite = {
	.name = "iommu_pgtable_vtd_ss_bits",
	.test_cases = vtd_ss_cases,
};

kunit_test_suites(&vtd_ss_suite, &vtd_ss_bits_suite);

MODULE_DESCRIPTION("Tests of VT-d second-stage page tables");
MODULE_LICENSE("GPL");
