// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builders bit by bit; the writer step by step.
 *
 * At each sync the test plays the hardware: what was stored since the sync before
 * may have become visible in any order, a granule in one piece if it is the only
 * one.  Each mixture must be the old entry, the new one, or not present.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/cpufeature.h>

#include "entry.h"

struct test_writer {
	struct entry_writer w;
	struct kunit *test;
	const u64 *old;
	const u64 *target;
	u64 seen[ENTRY_MAX_QW];	/* memory at the last sync */
	unsigned int syncs, forgets, announces;
};

static bool looks_like(const struct entry_kind *kind, const u64 *a, const u64 *b)
{
	unsigned int g;

	for (g = 0; g < kind->nqw / 2; g++)
		if (kind->uses(b, g) && memcmp(&a[2 * g], &b[2 * g], 16))
			return false;
	return true;
}

static void check_view(struct test_writer *t, const u64 *view)
{
	bool ok = !(view[0] & ENTRY_P) || looks_like(t->w.kind, view, t->old) ||
		  looks_like(t->w.kind, view, t->target);

	KUNIT_EXPECT_TRUE_MSG(t->test, ok, "torn: %016llx %016llx %016llx",
			      view[0], view[1], view[2]);
}

static void test_sync(struct entry_writer *w, u64 *live, unsigned int nqw)
{
	struct test_writer *t = container_of(w, struct test_writer, w);
	unsigned long changed = 0, granules = 0, subset;
	u64 view[ENTRY_MAX_QW];
	unsigned int i;

	for (i = 0; i < nqw; i++)
		if (live[i] != t->seen[i]) {
			changed |= BIT(i);
			granules |= BIT(i / 2);
		}
	for (subset = 0; hweight_long(granules) > 1 && subset < BIT(nqw); subset++) {
		if (subset & ~changed)
			continue;
		for (i = 0; i < nqw; i++)
			view[i] = subset & BIT(i) ? live[i] : t->seen[i];
		check_view(t, view);
	}
	check_view(t, live);
	memcpy(t->seen, live, nqw * sizeof(u64));
	t->syncs++;
}

static void test_forget(struct entry_writer *w, const u64 *old)
{
	struct test_writer *t = container_of(w, struct test_writer, w);

	KUNIT_EXPECT_TRUE(t->test, old[0] & ENTRY_P);
	KUNIT_EXPECT_MEMEQ(t->test, old, t->old, w->kind->nqw * sizeof(u64));
	/* Too early while the hardware could fetch the old entry again. */
	KUNIT_EXPECT_TRUE(t->test, !(t->seen[0] & ENTRY_P) ||
			  looks_like(w->kind, t->seen, t->target));
	t->forgets++;
}

static void test_announce(struct entry_writer *w, const u64 *new)
{
	struct test_writer *t = container_of(w, struct test_writer, w);

	KUNIT_EXPECT_MEMEQ(t->test, t->seen, new, w->kind->nqw * sizeof(u64));
	t->announces++;
}

static const struct entry_writer_ops test_ops = {
	.sync = test_sync,
	.forget = test_forget,
	.announce = test_announce,
};

/* The cost of a change. */
struct cost {
	unsigned int syncs, forgets, announces;
};

static struct cost change(struct kunit *test, const struct entry_kind *kind,
			  const void *old, const void *target)
{
	size_t size = kind->nqw * sizeof(u64);
	struct test_writer t = {
		.w = { .ops = &test_ops, .kind = kind },
		.test = test,
		.old = old,
		.target = target,
	};
	u64 live[ENTRY_MAX_QW] __aligned(64);

	memcpy(live, old, size);
	memcpy(t.seen, old, size);
	intel_write_entry(&t.w, live, target);
	KUNIT_EXPECT_MEMEQ(test, live, target, size);
	KUNIT_EXPECT_MEMEQ(test, t.seen, target, size);
	return (struct cost) { t.syncs, t.forgets, t.announces };
}

static void expect_cost(struct kunit *test, struct cost c, int syncs,
			int forgets, int announces)
{
	KUNIT_EXPECT_EQ(test, c.syncs, syncs);
	KUNIT_EXPECT_EQ(test, c.forgets, forgets);
	KUNIT_EXPECT_EQ(test, c.announces, announces);
}

enum { NONE, SS_A, SS_B, SS_DIRTY, FS_A, FS_B, FS_SNOOP, PT, NR_PASID };

static void make_all(struct pasid_entry e[NR_PASID])
{
	memset(e, 0, sizeof(*e) * NR_PASID);
	make_pasid_second_stage(&e[SS_A], 0x111000, 4, 2, PASID_ATTR_PWSNP);
	make_pasid_second_stage(&e[SS_B], 0x222000, 4, 3, PASID_ATTR_PWSNP);
	make_pasid_second_stage(&e[SS_DIRTY], 0x111000, 4, 2,
				PASID_ATTR_PWSNP | PASID_ATTR_SSADE);
	make_pasid_first_stage(&e[FS_A], 0x333000, 4, 4, PASID_ATTR_PWSNP);
	make_pasid_first_stage(&e[FS_B], 0x444000, 5, 5, PASID_ATTR_PWSNP);
	make_pasid_first_stage(&e[FS_SNOOP], 0x333000, 4, 4,
			       PASID_ATTR_PWSNP | PASID_ATTR_PGSNP);
	make_pasid_passthrough(&e[PT], 4, 1, PASID_ATTR_PWSNP);
}

static void pasid_every_change(struct kunit *test)
{
	struct pasid_entry e[NR_PASID];
	struct cost c;
	int i, j;

	make_all(e);
	for (i = 0; i < NR_PASID; i++)
		for (j = 0; j < NR_PASID; j++) {
			c = change(test, &entry_pasid, &e[i], &e[j]);
			KUNIT_EXPECT_EQ(test, c.forgets, i != NONE && i != j);
		}
}

static void need_cx16(struct kunit *test)
{
#ifdef system_has_cmpxchg128
	if (system_has_cmpxchg128())
		return;
#endif
	kunit_skip(test, "CPU without cmpxchg16b: more steps");
}

static void pasid_costs(struct kunit *test)
{
	struct pasid_entry e[NR_PASID];

	need_cx16(test);
	make_all(e);
#define COST(from, to) change(test, &entry_pasid, &e[from], &e[to])
	expect_cost(test, COST(SS_A, SS_A), 0, 0, 0);
	expect_cost(test, COST(NONE, SS_A), 2, 0, 1);
	expect_cost(test, COST(SS_A, NONE), 3, 1, 0);
	/* Without a gap. */
	expect_cost(test, COST(SS_A, SS_B), 1, 1, 0);
	expect_cost(test, COST(SS_A, SS_DIRTY), 1, 1, 0);
	expect_cost(test, COST(SS_A, PT), 1, 1, 0);
	expect_cost(test, COST(PT, SS_A), 1, 1, 0);
	expect_cost(test, COST(FS_A, FS_SNOOP), 1, 1, 0);
	expect_cost(test, COST(SS_A, FS_A), 2, 1, 0);
	expect_cost(test, COST(FS_A, SS_A), 2, 1, 0);
	expect_cost(test, COST(PT, FS_A), 2, 1, 0);
	expect_cost(test, COST(FS_A, PT), 2, 1, 0);
	/* Domain ID and table pointer are in different granules. */
	expect_cost(test, COST(FS_A, FS_B), 3, 1, 1);
#undef COST
}

static void context_costs(struct kunit *test)
{
	struct context_entry none = {}, a, b, pt;

	need_cx16(test);
	make_context(&a, 0x111000, 4, 2, TT_DEV_TLB);
	make_context(&b, 0x222000, 3, 3, TT_UNTRANSLATED);
	make_context_passthrough(&pt, 4, 1);
#define COST(from, to) change(test, &entry_context, &(from), &(to))
	expect_cost(test, COST(none, a), 2, 0, 1);
	expect_cost(test, COST(a, b), 1, 1, 0);
	expect_cost(test, COST(b, pt), 1, 1, 0);
	expect_cost(test, COST(pt, a), 1, 1, 0);
	expect_cost(test, COST(a, none), 3, 1, 0);
	expect_cost(test, COST(b, b), 0, 0, 0);
#undef COST
}

static void sm_context_costs(struct kunit *test)
{
	struct sm_context_entry none = {}, a, b;

	make_sm_context(&a, 0x111000, 7, SMCTX0_DTE);
	make_sm_context(&b, 0x222000, 14, SMCTX0_PASIDE);
#define COST(from, to) change(test, &entry_sm_context, &(from), &(to))
	expect_cost(test, COST(none, a), 2, 0, 1);
	expect_cost(test, COST(a, b), 1, 1, 0);
	expect_cost(test, COST(b, none), 3, 1, 0);
#undef COST
}

static void context_bits(struct kunit *test)
{
	struct context_entry e;

	make_context(&e, 0x123456789000, 4, 0xabcd, TT_DEV_TLB);
	KUNIT_EXPECT_EQ(test, e.lo, 0x123456789005ULL);
	KUNIT_EXPECT_EQ(test, e.hi, 0xabcd02ULL);
	make_context(&e, 0x1000, 3, 2, TT_UNTRANSLATED);
	KUNIT_EXPECT_EQ(test, e.lo, 0x1001ULL);
	KUNIT_EXPECT_EQ(test, e.hi, 0x201ULL);
	make_context_passthrough(&e, 5, 1);
	KUNIT_EXPECT_EQ(test, e.lo, 0x9ULL);
	KUNIT_EXPECT_EQ(test, e.hi, 0x103ULL);
}

static void sm_context_bits(struct kunit *test)
{
	struct sm_context_entry e;
	struct pasid_dir_entry pde;

	memset(&e, 0xff, sizeof(e));
	make_sm_context(&e, 0x123456789000, 14, SMCTX0_DTE | SMCTX0_PASIDE);
	KUNIT_EXPECT_EQ(test, e.qw[0], 0x123456789e0dULL);
	KUNIT_EXPECT_EQ(test, e.qw[1] | e.qw[2] | e.qw[3], 0ULL);
	make_pasid_dir(&pde, 0x777000);
	KUNIT_EXPECT_EQ(test, pde.val, 0x777001ULL);
}

static void expect_pasid(struct kunit *test, const struct pasid_entry *e,
			 u64 qw0, u64 qw1, u64 qw2)
{
	const struct pasid_entry want = { .qw = { qw0, qw1, qw2 } };

	KUNIT_EXPECT_MEMEQ(test, e, &want, sizeof(want));
}

static void pasid_bits(struct kunit *test)
{
	struct pasid_entry e;

	memset(&e, 0xff, sizeof(e));
	make_pasid_second_stage(&e, 0x123456789000, 4, 0xabcd,
				PASID_ATTR_PWSNP | PASID_ATTR_SSADE);
	expect_pasid(test, &e, 0x123456789289, 0x80abcd, 0);
	make_pasid_second_stage(&e, 0x1000, 5, 2, PASID_ATTR_PGSNP);
	expect_pasid(test, &e, 0x108d, 2, 0);
	make_pasid_first_stage(&e, 0x123456789000, 4, 3, PASID_ATTR_PGSNP);
	expect_pasid(test, &e, 0x49, 0x1000003, 0x123456789000);
	make_pasid_first_stage(&e, 0x123456789000, 5, 3, PASID_ATTR_PWSNP);
	expect_pasid(test, &e, 0x4d, 0x800003, 0x123456789004);
	make_pasid_passthrough(&e, 4, 1, PASID_ATTR_PWSNP | PASID_ATTR_PGSNP);
	expect_pasid(test, &e, 0x109, 0x800001, 0);
}

static struct kunit_case entry_cases[] = {
	KUNIT_CASE(context_bits),
	KUNIT_CASE(sm_context_bits),
	KUNIT_CASE(pasid_bits),
	KUNIT_CASE(pasid_every_change),
	KUNIT_CASE(pasid_costs),
	KUNIT_CASE(context_costs),
	KUNIT_CASE(sm_context_costs),
	{}
};

static struct kunit_suite entry_suite = {
	.name = "vtd_entry",
	.test_cases = entry_cases,
};

kunit_test_suite(entry_suite);
