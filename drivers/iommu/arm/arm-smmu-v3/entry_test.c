// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builders bit by bit; the writer step by step.
 *
 * At each sync the test plays the hardware: of the qwords that were stored since
 * the sync before, any may have become visible and any not.  Each mixture must
 * behave as the old entry or as the new one, or not be valid.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/string.h>

#include "../../pgtable/arm_lpae.h"
#include "entry.h"

#define QW	SMMU3_ENTRY_QWORDS
#define SIZE	(QW * sizeof(__le64))

/**
 * struct test_writer - a writer that is watched
 * @w: the writer
 * @test: the test
 * @live: the entry
 * @old: what it was
 * @target: what it shall be
 * @valid: its valid bit, in the first qword
 * @seen: memory at the last sync
 * @syncs: how many there were
 * @gap: the hardware may have seen an entry that is not valid
 */
struct test_writer {
	struct smmu3_entry_writer w;
	struct kunit *test;
	const __le64 *live;
	const __le64 *old;
	const __le64 *target;
	u64 valid;
	__le64 seen[QW];
	unsigned int syncs;
	bool gap;
};

/* Does hardware treat @view as it would @e? */
static bool behaves_like(const struct smmu3_entry_kind *kind,
			 const __le64 *view, const __le64 *e)
{
	const __le64 *bits = kind->used(e);
	unsigned int i;

	for (i = 0; i < QW; i++)
		if ((view[i] ^ e[i]) & bits[i])
			return false;
	return true;
}

static void check_view(struct test_writer *t, const __le64 *view)
{
	if (!(le64_to_cpu(view[0]) & t->valid)) {
		t->gap = true;
		return;
	}
	KUNIT_EXPECT_TRUE_MSG(t->test,
			      behaves_like(t->w.kind, view, t->old) ||
			      behaves_like(t->w.kind, view, t->target),
			      "torn: %016llx %016llx %016llx %016llx",
			      le64_to_cpu(view[0]), le64_to_cpu(view[1]),
			      le64_to_cpu(view[2]), le64_to_cpu(view[3]));
}

static void test_sync(struct smmu3_entry_writer *w)
{
	struct test_writer *t = container_of(w, struct test_writer, w);
	unsigned long changed = 0, subset;
	__le64 view[QW];
	unsigned int i;

	for (i = 0; i < QW; i++)
		if (t->live[i] != t->seen[i])
			changed |= BIT(i);
	/* A wait for nothing is a wait too many. */
	KUNIT_EXPECT_NE(t->test, changed, 0);
	for (subset = 0; subset < BIT(QW); subset++) {
		if (subset & ~changed)
			continue;
		for (i = 0; i < QW; i++)
			view[i] = subset & BIT(i) ? t->live[i] : t->seen[i];
		check_view(t, view);
	}
	memcpy(t->seen, t->live, SIZE);
	t->syncs++;
}

/* What a change costs. */
struct cost {
	unsigned int syncs;
	bool gap;
};

static struct cost change(struct kunit *test, const struct smmu3_entry_kind *kind,
			  const __le64 *old, const __le64 *target)
{
	__le64 live[QW];
	struct test_writer t = {
		.w = { .kind = kind, .sync = test_sync },
		.test = test,
		.live = live,
		.old = old,
		.target = target,
		.valid = kind == &smmu3_entry_ste ? STE0_V : CD0_V,
	};

	memcpy(live, old, SIZE);
	memcpy(t.seen, old, SIZE);
	smmu3_write_entry(&t.w, live, target);
	KUNIT_EXPECT_MEMEQ(test, live, target, SIZE);
	/* Nothing is left that hardware was not told of. */
	KUNIT_EXPECT_MEMEQ(test, t.seen, target, SIZE);
	KUNIT_EXPECT_LE(test, t.syncs, 3);
	return (struct cost) { t.syncs, t.gap };
}

enum {
	NONE, ABORT, BYPASS, S1, S1_BYPASS, S1_ABORT, S1_OTHER, S1_ATS, S1_EL2,
	S2_A, S2_B, S2_ATS, NR_STE
};

static const struct smmu3_walk walk_a = {
	.top = 0x0000444455556000, .iova_bits = 48, .granule_shift = 12,
	.levels = 4, .ps = OAS_44, .tag = 0x1234, .mair = ARM_S1_MAIR,
};

static const struct smmu3_walk walk_b = {
	.top = 0x0000777788880000, .iova_bits = 42, .granule_shift = 16,
	.levels = 2, .ps = OAS_52, .tag = 0xabcd, .mair = ARM_S1_MAIR,
};

static void make_stes(struct smmu3_ste e[NR_STE])
{
	const u64 tab = 0x0000111122223000, other = 0x0000333300000000;
	const unsigned int attrs = ENTRY_ATTR_SHCFG | ENTRY_ATTR_NO_STALL;

	memset(e, 0, sizeof(*e) * NR_STE);
	smmu3_make_ste_abort(&e[ABORT]);
	smmu3_make_ste_bypass(&e[BYPASS], attrs);
	smmu3_make_ste_s1(&e[S1], tab, S1FMT_LINEAR, 4, S1DSS_SSID0, attrs);
	smmu3_make_ste_s1(&e[S1_BYPASS], tab, S1FMT_LINEAR, 4, S1DSS_BYPASS, attrs);
	smmu3_make_ste_s1(&e[S1_ABORT], tab, S1FMT_LINEAR, 4, S1DSS_TERMINATE,
			  attrs);
	smmu3_make_ste_s1(&e[S1_OTHER], other, S1FMT_64K_L2, 16, S1DSS_SSID0,
			  attrs);
	smmu3_make_ste_s1(&e[S1_ATS], other, S1FMT_64K_L2, 16, S1DSS_BYPASS,
			  attrs | ENTRY_ATTR_ATS);
	smmu3_make_ste_s1(&e[S1_EL2], tab, S1FMT_LINEAR, 4, S1DSS_SSID0,
			  attrs | ENTRY_ATTR_EL2);
	smmu3_make_ste_s2(&e[S2_A], &walk_a, attrs | ENTRY_ATTR_COHERENT);
	smmu3_make_ste_s2(&e[S2_B], &walk_b, attrs | ENTRY_ATTR_DIRTY);
	smmu3_make_ste_s2(&e[S2_ATS], &walk_a,
			  attrs | ENTRY_ATTR_COHERENT | ENTRY_ATTR_ATS);
}

static void ste_every_change(struct kunit *test)
{
	struct smmu3_ste *e = kunit_kcalloc(test, NR_STE, sizeof(*e), GFP_KERNEL);
	struct cost c;
	int i, j;

	KUNIT_ASSERT_NOT_NULL(test, e);
	make_stes(e);
	for (i = 0; i < NR_STE; i++)
		for (j = 0; j < NR_STE; j++) {
			c = change(test, &smmu3_entry_ste, e[i].qw, e[j].qw);
			KUNIT_EXPECT_EQ(test, c.syncs == 0, i == j);
		}
}

static void expect_cost(struct kunit *test, struct cost c, unsigned int syncs,
			bool gap, const char *what)
{
	KUNIT_EXPECT_EQ_MSG(test, c.syncs, syncs, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, c.gap, gap, "%s", what);
}

#define STE_COST(from, to, syncs, gap)					\
	expect_cost(test, change(test, &smmu3_entry_ste, e[from].qw,	\
				 e[to].qw), syncs, gap, #from " to " #to)

/* Attaching, blocking, passing and coming back leave no gap. */
static void ste_hitless(struct kunit *test)
{
	struct smmu3_ste *e = kunit_kcalloc(test, NR_STE, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	make_stes(e);
	STE_COST(ABORT, S1, 2, false);
	STE_COST(S1, ABORT, 2, false);
	STE_COST(ABORT, BYPASS, 2, false);
	STE_COST(BYPASS, ABORT, 2, false);
	STE_COST(BYPASS, S1, 2, false);
	STE_COST(S1, BYPASS, 2, false);
	STE_COST(ABORT, S2_A, 2, false);
	STE_COST(S2_A, ABORT, 2, false);
	STE_COST(BYPASS, S2_A, 2, false);
	STE_COST(S2_A, BYPASS, 2, false);
	/* What happens to requests without SSID, with SSIDs in use. */
	STE_COST(S1, S1_BYPASS, 1, false);
	STE_COST(S1_BYPASS, S1_ABORT, 1, false);
	STE_COST(S1_ABORT, S1, 1, false);
	STE_COST(S1_BYPASS, BYPASS, 2, false);
	STE_COST(BYPASS, S1_BYPASS, 2, false);
	STE_COST(S1_ABORT, ABORT, 2, false);
	/* One qword changes, in use before and after. */
	STE_COST(S1, S1_OTHER, 1, false);
	STE_COST(S1, S1_EL2, 1, false);
	STE_COST(S2_A, S2_ATS, 1, false);
}

static void ste_with_gap(struct kunit *test)
{
	struct smmu3_ste *e = kunit_kcalloc(test, NR_STE, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	make_stes(e);
	/* From and to an entry that is not valid: it is one to begin with. */
	STE_COST(NONE, S1, 2, true);
	STE_COST(S1, NONE, 2, true);
	STE_COST(NONE, ABORT, 1, true);
	/* Two qwords change that hardware looks at before and after. */
	STE_COST(S1, S1_ATS, 3, true);
	STE_COST(S2_A, S2_B, 3, true);
	STE_COST(S1, S2_A, 3, true);
	STE_COST(S2_A, S1, 3, true);
}

static void cd_costs(struct kunit *test)
{
	struct smmu3_cd none = {}, a, b, c;
	struct smmu3_walk walk = walk_a;

	smmu3_make_cd(&a, &walk_a, ENTRY_ATTR_COHERENT);
	smmu3_make_cd(&b, &walk_b, ENTRY_ATTR_COHERENT);
	walk.tag = 7;
	smmu3_make_cd(&c, &walk, ENTRY_ATTR_COHERENT);
#define CD_COST(from, to, syncs, gap)					\
	expect_cost(test, change(test, &smmu3_entry_cd, (from).qw, (to).qw), \
		    syncs, gap, #from " to " #to)
	CD_COST(none, none, 0, false);
	CD_COST(a, a, 0, false);
	CD_COST(none, a, 2, true);
	CD_COST(a, none, 2, true);
	/* The same table under another ASID. */
	CD_COST(a, c, 1, false);
	/* ASID and table are in two qwords. */
	CD_COST(a, b, 3, true);
#undef CD_COST
}

static void expect_entry(struct kunit *test, const __le64 *e, u64 qw0, u64 qw1,
			 u64 qw2, u64 qw3)
{
	const __le64 want[QW] = {
		cpu_to_le64(qw0), cpu_to_le64(qw1), cpu_to_le64(qw2),
		cpu_to_le64(qw3),
	};

	KUNIT_EXPECT_MEMEQ(test, e, want, SIZE);
}

static void ste_bits(struct kunit *test)
{
	struct smmu3_ste e;

	memset(&e, 0xff, sizeof(e));
	smmu3_make_ste_abort(&e);
	expect_entry(test, e.qw, 0x1, 0, 0, 0);
	memset(&e, 0xff, sizeof(e));
	smmu3_make_ste_bypass(&e, ENTRY_ATTR_SHCFG | ENTRY_ATTR_ATS);
	expect_entry(test, e.qw, 0x9, 0x0000100000000000, 0, 0);
	smmu3_make_ste_bypass(&e, 0);
	expect_entry(test, e.qw, 0x9, 0, 0, 0);

	/* V, Config 0b101; S1CIR, S1COR 0b01, S1CSH 0b11 */
	memset(&e, 0xff, sizeof(e));
	smmu3_make_ste_s1(&e, 0x0000123456789000, S1FMT_LINEAR, 0, S1DSS_SSID0, 0);
	expect_entry(test, e.qw, 0x000012345678900b, 0xd6, 0, 0);
	smmu3_make_ste_s1(&e, 0x000fffffffffffc0, S1FMT_64K_L2, 20, S1DSS_BYPASS,
			  ENTRY_ATTR_ATS | ENTRY_ATTR_NO_STALL | ENTRY_ATTR_EL2 |
			  ENTRY_ATTR_SHCFG);
	expect_entry(test, e.qw, 0xa00fffffffffffeb, 0x00001000980000d5, 0, 0);
}

static void ste_s2_bits(struct kunit *test)
{
	struct smmu3_ste e;
	u64 endi = IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? STE2_S2ENDI : 0;

	memset(&e, 0xff, sizeof(e));
	/* T0SZ 16, SL0 2, IR0 and OR0 WB, SH0 inner, TG 4K, PS 44 bits */
	smmu3_make_ste_s2(&e, &walk_a, ENTRY_ATTR_COHERENT);
	expect_entry(test, e.qw, 0xd, 0, 0x044c359000001234 | endi,
		     0x0000444455556000);
	/* T0SZ 22, SL0 1, not cacheable, SH0 outer, TG 64K, PS 52 bits */
	smmu3_make_ste_s2(&e, &walk_b, ENTRY_ATTR_STALL | ENTRY_ATTR_DIRTY |
			  ENTRY_ATTR_ATS);
	expect_entry(test, e.qw, 0xd, 0x10000000, 0x07ce60560000abcd | endi,
		     0x0000777788880000);
}

static void cd_bits(struct kunit *test)
{
	struct smmu3_cd e;
	u64 endi = IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? CD0_ENDI : 0;

	memset(&e, 0xff, sizeof(e));
	/* ASET, A, R, AA64, IPS 44 bits, V, EPD1, SH0 inner, WB, TG0 4K, T0SZ 16 */
	smmu3_make_cd(&e, &walk_a, ENTRY_ATTR_COHERENT);
	expect_entry(test, e.qw, 0x1234e204c0003510 | endi, 0x0000444455556000,
		     0, 0x000000000004ff44);
	/* The same with S, HA, HD; not cacheable, TG0 64K, T0SZ 22, IPS 52 bits */
	smmu3_make_cd(&e, &walk_b, ENTRY_ATTR_STALL | ENTRY_ATTR_DIRTY);
	expect_entry(test, e.qw, 0xabcdfe06c0002056 | endi, 0x0000777788880000,
		     0, 0x000000000004ff44);
}

static struct kunit_case entry_cases[] = {
	KUNIT_CASE(ste_bits),
	KUNIT_CASE(ste_s2_bits),
	KUNIT_CASE(cd_bits),
	KUNIT_CASE(ste_every_change),
	KUNIT_CASE(ste_hitless),
	KUNIT_CASE(ste_with_gap),
	KUNIT_CASE(cd_costs),
	{}
};

static struct kunit_suite entry_suite = {
	.name = "smmu3_entry",
	.test_cases = entry_cases,
};

kunit_test_suite(entry_suite);
