/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of both Arm stages have in common.  Numbers are from the Arm ARM, D8.
 *
 * Included by arm_s1_test.h and arm_s2_test.h, with ARM_GRANULE_SHIFT and
 *	ARM_FN(op)		name of the format's function
 */
#define TEST_GRANULE_SHIFT	ARM_GRANULE_SHIFT
#define TEST_LINK_BITS		0x3
#define TEST_TABLE_BIT		0x2
#define TEST_TABLE_IF		0x2
#define TEST_MARK		0x0080000000000000ull
#define TEST_CONT		0x0010000000000000ull
#define TEST_DIRTY_SNOOPS	1

#if ARM_GRANULE_SHIFT == 12
#define TEST_PLAIN_SIZES	(SZ_4K | SZ_2M | SZ_1G)
#define TEST_CONT_SIZE(level)	((level) ? SZ_32M : SZ_64K)
#elif ARM_GRANULE_SHIFT == 14
#define TEST_PLAIN_SIZES	(SZ_16K | SZ_32M)
#define TEST_CONT_SIZE(level)	((level) ? SZ_1G : SZ_2M)
#else
#define TEST_PLAIN_SIZES	(SZ_64K | SZ_512M)
#define TEST_CONT_SIZE(level)	((level) ? SZ_16G : (u64)SZ_2M)
#endif

/* D8.3.1: with 64K, bits 51:48 of an address are bits 15:12 of the descriptor. */
#if ARM_GRANULE_SHIFT == 16
#define TEST_PADDR_BITS		52
#define TEST_ENTRY(paddr)	test_entry(paddr)
#define TEST_PADDR_OF(entry)	test_paddr_of(entry)

static inline unsigned long long test_entry(unsigned long long paddr)
{
	return (paddr & 0x0000ffffffff0000) | (paddr >> 48 & 0xf) << 12;
}

static inline unsigned long long test_paddr_of(unsigned long long entry)
{
	return (entry & 0x0000ffffffff0000) | (entry >> 12 & 0xf) << 48;
}
#else
#define TEST_ENTRY(paddr)	(paddr)
#define TEST_PADDR_OF(entry)	((entry) & 0x0000fffffffff000)
#endif

#include "format_test.h"
#include "format_test_cont.h"

/* Links, leaves and addresses, bit for bit; what is the same in both stages. */
static void arm_test_entries(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, fmt_link(0x123450000), 0x123450003);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(0), 0x2);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(1), 0);
	KUNIT_EXPECT_EQ(test, fmt_level_bits(2), 0);
	KUNIT_EXPECT_TRUE(test, fmt_is_leaf(0x123450403, 0));
	KUNIT_EXPECT_FALSE(test, fmt_is_leaf(0x123450403, 1));
	KUNIT_EXPECT_TRUE(test, fmt_is_leaf(0x100000401, 1));
	/* D8.3.1: 58:55 are ignored in every descriptor. */
	KUNIT_EXPECT_EQ(test, FMT_LINKED & ~0x0780000000000000, 0);
	if (ARM_GRANULE_SHIFT == 16) {
		KUNIT_EXPECT_EQ(test, pgt_addr_bits(0x000f123456780000), 0x000012345678f000);
		KUNIT_EXPECT_EQ(test, pgt_paddr(0x00f812345678f403), 0x000f123456780000);
		KUNIT_EXPECT_EQ(test, pgt_next_leaf(0x00f8ffffffff3403, SZ_64K),
				0x00f8000000004403);
	} else {
		KUNIT_EXPECT_EQ(test, pgt_addr_bits(0x0000123456784000), 0x0000123456784000);
		KUNIT_EXPECT_EQ(test, pgt_paddr(0x00f8123456784403), 0x0000123456784000);
	}
	/* D8.7.1: how many entries a contiguous page has. */
	KUNIT_EXPECT_EQ(test, 1 << fmt_cont_shift(0),
			ARM_GRANULE_SHIFT == 12 ? 16 : ARM_GRANULE_SHIFT == 14 ? 128 : 32);
	KUNIT_EXPECT_EQ(test, 1 << fmt_cont_shift(1), ARM_GRANULE_SHIFT == 12 ? 16 : 32);
}

/* What hardware has no bits for is refused. */
static void arm_test_params(struct kunit *test)
{
	const struct fmt_config config = { FMT_USUAL_LEVELS, true };
	struct pgt_params good, bad;

	ctx_params(&good, &config);
	KUNIT_EXPECT_EQ(test, fmt_check(&good), 0);
#define REFUSED(field, value) do {						\
		bad = good;							\
		bad.field = (value);						\
		KUNIT_EXPECT_EQ(test, fmt_check(&bad), -EINVAL);		\
	} while (0)
	REFUSED(noexec, true);
	REFUSED(supervisor, true);
	REFUSED(force_snoop, true);
	REFUSED(levels, FMT_USUAL_LEVELS - 1);
	REFUSED(levels, FMT_USUAL_LEVELS + 1);
	REFUSED(iova_bits, ARM_GRANULE_SHIFT == 16 ? 53 : 49);
	REFUSED(iova_bits, ARM_GRANULE_SHIFT == 12 ? 30 : ARM_GRANULE_SHIFT == 14 ? 25 : 29);
	good.dirty = true;
	KUNIT_EXPECT_EQ(test, fmt_check(&good), 0);
	REFUSED(coherent, false);
#undef REFUSED
	/* No FEAT_LPA2. */
	KUNIT_EXPECT_EQ(test, PGT_PADDR_BITS, ARM_GRANULE_SHIFT == 16 ? 52 : 48);
}

/* What drivers call, on memory and caches as they are. */
static void arm_test_real(struct kunit *test)
{
	const struct fmt_config *config = test->param_value;
	struct iommu_iotlb_gather gather;
	struct pgt_params params;
	struct pgt pgt = {};
	size_t mapped;

	ctx_params(&params, config);
	params.levels = 0;
	params.sync = NULL;
	KUNIT_ASSERT_EQ(test, ARM_FN(init)(&pgt, &params), 0);
	KUNIT_EXPECT_EQ(test, pgt.levels, config->levels);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)pgt.top, GRANULE));
	KUNIT_EXPECT_EQ(test, ARM_FN(map)(&pgt, BLOCK - GRANULE, TEST_PADDR - GRANULE,
					  2 * BLOCK + GRANULE, TEST_RW | IOMMU_CACHE,
					  GFP_KERNEL, &mapped), 0);
	KUNIT_EXPECT_EQ(test, mapped, 2 * BLOCK + GRANULE);
	KUNIT_EXPECT_EQ(test, ARM_FN(iova_to_phys)(&pgt, BLOCK + 5), TEST_PADDR + 5);

	iommu_iotlb_gather_init(&gather);
	KUNIT_EXPECT_EQ(test, ARM_FN(unmap)(&pgt, 0, 4 * BLOCK, &gather), 4 * BLOCK);
	KUNIT_EXPECT_FALSE(test, list_empty(&gather.freelist));
	iommu_put_pages_list(&gather.freelist);
	KUNIT_EXPECT_EQ(test, ARM_FN(iova_to_phys)(&pgt, BLOCK), 0);
	KUNIT_EXPECT_EQ(test, ARM_FN(map)(&pgt, 0, TEST_PADDR, GRANULE, TEST_RW,
					  GFP_KERNEL, &mapped), 0);
	ARM_FN(free)(&pgt);
}
