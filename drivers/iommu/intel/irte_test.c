// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt remapping entries, checked against the bit fields that
 * <linux/dmar.h> publishes for the same layout (VT-d 9.9, 9.10).
 */

#include <kunit/test.h>

#include "bits.h"
#include "ir.h"

/* typeof() does not take bit fields. */
#define EXPECT_FIELD(test, field, value) KUNIT_EXPECT_EQ(test, (u64)(field), (u64)(value))

static const struct ir_source bridge = {
	.sid = 0x0503, .sq = IR_SQ_ALL, .svt = IR_SVT_BUS,
};

static void remapped_xapic(struct kunit *test)
{
	struct ir_source src = ir_source_rid(0x00f8);
	struct irte e = irte_make_remapped(0x31, 0x07, true, false, &src);

	EXPECT_FIELD(test, e.present, 1);
	EXPECT_FIELD(test, e.fpd, 0);
	EXPECT_FIELD(test, e.dst_mode, 1);
	EXPECT_FIELD(test, e.redir_hint, 1);
	EXPECT_FIELD(test, e.trigger_mode, 0);
	EXPECT_FIELD(test, e.dlvry_mode, 0);
	EXPECT_FIELD(test, e.pst, 0);
	EXPECT_FIELD(test, e.vector, 0x31);
	EXPECT_FIELD(test, e.dest_id, 0x0700);
	EXPECT_FIELD(test, e.sid, 0x00f8);
	EXPECT_FIELD(test, e.sq, 0);
	EXPECT_FIELD(test, e.svt, 1);
	EXPECT_FIELD(test, e.__res3, 0);
	EXPECT_FIELD(test, e.r_res0, 0);
	EXPECT_FIELD(test, e.r_res1, 0);
}

static void remapped_x2apic(struct kunit *test)
{
	struct irte e = irte_make_remapped(0xef, 0x12345678, false, true, &bridge);

	EXPECT_FIELD(test, e.dst_mode, 0);
	EXPECT_FIELD(test, e.vector, 0xef);
	EXPECT_FIELD(test, e.dest_id, 0x12345678);
	EXPECT_FIELD(test, e.sid, 0x0503);
	EXPECT_FIELD(test, e.svt, 2);
}

/* An 8-bit destination never spills into its neighbours. */
static void xapic_destination_is_8_bits(struct kunit *test)
{
	struct irte e = irte_make_remapped(0x20, 0x1ff, false, false, &bridge);

	EXPECT_FIELD(test, e.dest_id, 0xff00);
}

static void posted(struct kunit *test)
{
	struct irte r = irte_make_remapped(0x31, 7, true, true, &bridge);
	u64 desc = 0x123456789abcdfc0;
	struct irte e = irte_make_posted(&r, desc, 0x52);

	EXPECT_FIELD(test, e.present, 1);
	EXPECT_FIELD(test, e.p_pst, 1);
	EXPECT_FIELD(test, e.p_urgent, 0);
	EXPECT_FIELD(test, e.p_vector, 0x52);
	KUNIT_EXPECT_EQ(test, (u64)e.pda_h << 32 | (u64)e.pda_l << 6, desc);
	EXPECT_FIELD(test, e.p_sid, r.sid);
	EXPECT_FIELD(test, e.p_sq, r.sq);
	EXPECT_FIELD(test, e.p_svt, r.svt);
	KUNIT_EXPECT_EQ(test, e.p_res0 | e.p_res1 | e.p_res2 | e.p_res3, 0);
}

static struct kunit_case irte_cases[] = {
	KUNIT_CASE(remapped_xapic),
	KUNIT_CASE(remapped_x2apic),
	KUNIT_CASE(xapic_destination_is_8_bits),
	KUNIT_CASE(posted),
	{}
};

static struct kunit_suite irte_suite = {
	.name = "vtd_irte",
	.test_cases = irte_cases,
};

kunit_test_suite(irte_suite);
