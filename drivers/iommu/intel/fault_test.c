// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault records, word by word.
 */
#include <kunit/test.h>
#include <linux/iommu.h>

#include "bits.h"
#include "fault.h"

static void test_read_without_pasid(struct kunit *test)
{
	struct vtd_fault f;

	f = vtd_fault_decode(0x123456789abcULL,
			     FRCD_HI_F | FRCD_HI_T1 |
			     FIELD_PREP(FRCD_HI_FR, 6) |
			     FIELD_PREP(FRCD_HI_SID, 0x0318));
	KUNIT_EXPECT_STREQ(test, f.access, "DMA Read");
	KUNIT_EXPECT_EQ(test, f.addr, 0x123456789000ULL);
	KUNIT_EXPECT_EQ(test, f.sid, 0x0318);
	KUNIT_EXPECT_EQ(test, f.reason, 6);
	KUNIT_EXPECT_EQ(test, f.pasid, IOMMU_PASID_INVALID);
	KUNIT_EXPECT_FALSE(test, f.ir);
}

static void test_write_with_pasid(struct kunit *test)
{
	struct vtd_fault f;

	f = vtd_fault_decode(U64_MAX,
			     FRCD_HI_F | FRCD_HI_PP |
			     FIELD_PREP(FRCD_HI_PV, 0xabcde) |
			     FIELD_PREP(FRCD_HI_FR, 0x59));
	KUNIT_EXPECT_STREQ(test, f.access, "DMA Write");
	KUNIT_EXPECT_EQ(test, f.pasid, 0xabcde);
	KUNIT_EXPECT_EQ(test, f.addr, GENMASK_ULL(63, 12));
	KUNIT_EXPECT_STREQ(test, f.text,
			   "SM: Present bit in PASID table entry is clear");
}

static void test_request_types(struct kunit *test)
{
	struct vtd_fault f;

	f = vtd_fault_decode(0, FRCD_HI_T2);
	KUNIT_EXPECT_STREQ(test, f.access, "Page Request");
	f = vtd_fault_decode(0, FRCD_HI_T1 | FRCD_HI_T2);
	KUNIT_EXPECT_STREQ(test, f.access, "DMA AtomicOp");
}

static void test_interrupt(struct kunit *test)
{
	struct vtd_fault f;

	f = vtd_fault_decode(0x0042000000000000ULL,
			     FIELD_PREP(FRCD_HI_FR, 0x22));
	KUNIT_EXPECT_TRUE(test, f.ir);
	KUNIT_EXPECT_EQ(test, f.addr, 0x42);
	KUNIT_EXPECT_EQ(test, f.pasid, IOMMU_PASID_INVALID);
}

/* Every code has words. */
static void test_all_reasons(struct kunit *test)
{
	unsigned int code;
	bool ir;

	for (code = 0; code <= U8_MAX; code++) {
		KUNIT_EXPECT_NOT_NULL(test, vtd_fault_reason(code, &ir));
		KUNIT_EXPECT_EQ(test, ir, code >= 0x20 && code <= 0x28);
	}
	KUNIT_EXPECT_STREQ(test, vtd_fault_reason(0xff, &ir), "Unknown");
	KUNIT_EXPECT_STREQ(test, vtd_fault_reason(0x10, &ir), "Unknown");
	KUNIT_EXPECT_STREQ(test, vtd_fault_reason(0x33, &ir), "Unknown");
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(test_read_without_pasid),
	KUNIT_CASE(test_write_with_pasid),
	KUNIT_CASE(test_request_types),
	KUNIT_CASE(test_interrupt),
	KUNIT_CASE(test_all_reasons),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "vtd_fault",
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
