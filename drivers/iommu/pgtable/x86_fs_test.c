// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of x86-64 first-stage page tables.  Numbers are from VT-d 9.7.
 */
#include "x86_fs.h"

#define TEST_LINK_BITS		0x27
#define TEST_TABLE_BIT		0x80
#define TEST_TABLE_IF		0
#define TEST_CLEAN(leaf)	((leaf) & ~0x40ull)
#define TEST_IOVA_BITS(levels)	(11 + 9 * (levels))

static unsigned long long test_leaf_bits(const struct pgt *pgt, int prot,
					 unsigned int level)
{
	return 0x25 | (prot & IOMMU_WRITE ? 0x42 : 0) | (level ? 0x80 : 0);
}

#include "format_test.h"

/* Entries, bit for bit. */
static void x86_fs_test_entries(struct kunit *test)
{
	const struct pgt_params params = {};
	struct pgt pgt = { .leaf_bits = fmt_leaf_bits(&params) };

	KUNIT_EXPECT_EQ(test, fmt_link(0x123456000), 0x123456027);
	/* P, U/S, A; D with R/W, so that hardware has nothing to update. */
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_READ), 0x25);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0x67);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_WRITE), 0x67);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, IOMMU_PRIV), 0);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(0), 0);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(1), 0x80);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(2), 0x80);

	/* XD and supervisor pages only where the PASID entry allows them. */
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_NOEXEC | IOMMU_PRIV), 0x67);
	pgt.noexec = true;
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_NOEXEC | IOMMU_PRIV),
			0x8000000000000067);
	pgt.supervisor = true;
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW | IOMMU_NOEXEC | IOMMU_PRIV),
			0x8000000000000063);
	KUNIT_EXPECT_EQ(test, fmt_prot(&pgt, TEST_RW), 0x67);

	KUNIT_EXPECT_TRUE(test, fmt_is_leaf(0x123456067, 0));
	KUNIT_EXPECT_FALSE(test, fmt_is_leaf(0x123456027, 1));
	KUNIT_EXPECT_TRUE(test, fmt_is_leaf(0x1234000e7, 1));
	KUNIT_EXPECT_EQ(test, FMT_ADDR_MASK, 0x000ffffffffff000);
	/* Ignored at every level: 58:52 (bits 62:59 can be protection keys). */
	KUNIT_EXPECT_EQ(test, FMT_LINKED & ~0x07f0000000000000, 0);
}

/* Only the lower canonical half exists. */
static void x86_fs_test_canonical(struct kunit *test)
{
	const struct fmt_config config = { 4, true };
	struct pgt_params params;

	ctx_params(&params, &config);
	KUNIT_EXPECT_EQ(test, fmt_check(&params), 0);
	params.iova_bits = 48;
	KUNIT_EXPECT_EQ(test, fmt_check(&params), -EINVAL);
	params.levels = 5;
	params.iova_bits = 56;
	KUNIT_EXPECT_EQ(test, fmt_check(&params), 0);
	params.iova_bits = 57;
	KUNIT_EXPECT_EQ(test, fmt_check(&params), -EINVAL);
	params.iova_bits = 56;
	params.force_snoop = true;
	KUNIT_EXPECT_EQ(test, fmt_check(&params), -EINVAL);
}

static struct kunit_case x86_fs_cases[] = {
	KUNIT_CASE(x86_fs_test_entries),
	KUNIT_CASE(x86_fs_test_canonical),
	{}
};

static struct kunit_suite x86_fs_suite = {
	.name = "iommu_pgtable_x86_fs",
	.test_cases = fmt_cases,
};

static struct kunit_suite x86_fs_bits_suite = {
	.name = "iommu_pgtable_x86_fs_bits",
	.test_cases = x86_fs_cases,
};

kunit_test_suites(&x86_fs_suite, &x86_fs_bits_suite);

MODULE_DESCRIPTION("Tests of x86-64 first-stage page tables");
MODULE_LICENSE("GPL");
