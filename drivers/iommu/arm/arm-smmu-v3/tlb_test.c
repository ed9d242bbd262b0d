// SPDX-License-Identifier: GPL-2.0-only
/*
 * What unmapping costs: which commands, in which order, with how many waits; and
 * whether they cover what they have to, against a count of granules.
 */
#include <linux/log2.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "model_test.h"

#define TAG	0x1234

/* A domain in use on one SMMU. */
static struct smmu3_domain *new_domain(struct kunit *test,
				       struct smmu3_model *m,
				       enum smmu3_stage stage, u8 shift,
				       unsigned int targets)
{
	struct smmu3_domain *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct smmu3_targets *t;

	KUNIT_ASSERT_NOT_NULL(test, d);
	t = kunit_kzalloc(test, struct_size(t, target, targets), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->count = targets;
	t->target[0] = (struct smmu3_target) {
		.smmu = &m->smmu, .tag = TAG, .users = 1,
	};
	d->stage = stage;
	d->granule_shift = shift;
	RCU_INIT_POINTER(d->targets, t);
	return d;
}

static struct smmu3_target *target(struct smmu3_domain *d, unsigned int i)
{
	return &rcu_dereference_protected(d->targets, true)->target[i];
}

/* A device with ATS and two StreamIDs. */
static struct smmu3_master *new_master(struct kunit *test,
				       struct smmu3_model *m, u32 sid)
{
	struct smmu3_master *master;

	master = kunit_kzalloc(test, sizeof(*master), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, master);
	master->sids = kunit_kcalloc(test, 2, sizeof(u32), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, master->sids);
	master->dev = m->smmu.dev;
	master->smmu = &m->smmu;
	master->nr_sids = 2;
	master->sids[0] = sid;
	master->sids[1] = sid + 1;
	master->ats_enabled = true;
	return master;
}

/* The opcodes of all commands so far, in order; then forget them. */
static void expect_commands(struct kunit *test, struct smmu3_model *m,
			    const u8 *op, unsigned int count)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, m->count, count);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, smmu3_cmd_opcode(m->cmd[i]), op[i]);
	model_reset(m);
}

#define EXPECT_COMMANDS(test, m, ...)					\
do {									\
	static const u8 __op[] = { __VA_ARGS__ };			\
									\
	expect_commands(test, m, __op, ARRAY_SIZE(__op));		\
} while (0)

static void one_page(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 8, true);
	struct smmu3_domain *d = new_domain(test, m, SMMU3_S1, 12, 1);

	smmu3_domain_flush_range(d, 0x5000, 0x1000, 0x1000, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x1234000000000012ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x5001ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_SYNC);
	smmu3_domain_flush_range(d, 0x5000, 0x1000, 0x1000, false);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x5000ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_SYNC);

	m->smmu.features = SMMU3_FEAT_RANGE_INV | SMMU3_FEAT_E2H;
	smmu3_domain_flush_range(d, 0x5000, 0x1000, 0x1000, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x1234000000000022ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x5701ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_EL2_VA, CMD_SYNC);

	d->stage = SMMU3_S2;
	smmu3_domain_flush_range(d, 0x5000, 0x1000, 0, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x000012340000002aULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x5001ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_S2_IPA, CMD_SYNC);
}

/* Sizes that people unmap, and what they come to. */
static void ranges(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 8, true);
	struct smmu3_domain *d = new_domain(test, m, SMMU3_S1, 12, 1);

	m->smmu.features = SMMU3_FEAT_RANGE_INV;
	/* 256 pages: 1 << 8 granules. */
	smmu3_domain_flush_range(d, 0x7f000, SZ_1M, SZ_4K, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x1234000000800012ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x7f701ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_SYNC);
	/* 33 pages: 1, and 1 << 5. */
	smmu3_domain_flush_range(d, 0x7f000, 33 * SZ_4K, SZ_4K, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x7f701ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[1].qw[0], 0x1234000000500012ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[1].qw[1], 0x80701ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA, CMD_SYNC);
	/* A gigabyte in blocks of level 2; of no known kind; and with tables. */
	smmu3_domain_flush_range(d, SZ_1G, SZ_1G, SZ_2M, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], SZ_1G | 0x601ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_SYNC);
	smmu3_domain_flush_range(d, SZ_1G, SZ_1G, 0, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], SZ_1G | 0x401ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_SYNC);
	smmu3_domain_flush_range(d, SZ_1G, SZ_1G, SZ_2M, false);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], SZ_1G | 0x400ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_SYNC);

	/* Without ranges: as many as there are leaves, or the tag. */
	m->smmu.features = 0;
	smmu3_domain_flush_range(d, SZ_1G, 3 * (size_t)SZ_2M, SZ_2M, true);
	KUNIT_EXPECT_EQ(test, m->cmd[2].qw[1], (SZ_1G + 2 * SZ_2M) | 1ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA,
			CMD_SYNC);
	smmu3_domain_flush_range(d, SZ_1G, SZ_1M, SZ_4K, true);
	KUNIT_EXPECT_EQ(test, m->count, 257);
	KUNIT_EXPECT_EQ(test, m->syncs, 1);
	model_reset(m);
	smmu3_domain_flush_range(d, SZ_1G, SZ_1M + SZ_4K, SZ_4K, true);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x1234000000000011ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_ASID, CMD_SYNC);
}

static void everything(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 8, false);
	struct smmu3_domain *d = new_domain(test, m, SMMU3_S1, 12, 1);

	smmu3_domain_flush_all(d);
	EXPECT_COMMANDS(test, m, CMD_TLBI_NH_ASID, CMD_SYNC);
	m->smmu.features = SMMU3_FEAT_E2H | SMMU3_FEAT_HYP | SMMU3_FEAT_RANGE_INV;
	smmu3_domain_flush_all(d);
	EXPECT_COMMANDS(test, m, CMD_TLBI_EL2_ASID, CMD_SYNC);
	d->stage = SMMU3_S2;
	smmu3_domain_flush_all(d);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x0000123400000028ULL);
	EXPECT_COMMANDS(test, m, CMD_TLBI_S12_VMALL, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_tlbi_asid(&m->smmu, 7), 0);
	EXPECT_COMMANDS(test, m, CMD_TLBI_EL2_ASID, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_tlbi_vmid(&m->smmu, 7), 0);
	EXPECT_COMMANDS(test, m, CMD_TLBI_S12_VMALL, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_tlbi_all(&m->smmu), 0);
	EXPECT_COMMANDS(test, m, CMD_TLBI_EL2_ALL, CMD_TLBI_NSNH_ALL, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_cfgi_all(&m->smmu), 0);
	EXPECT_COMMANDS(test, m, CMD_CFGI_STE_RANGE, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_cfgi_ste(&m->smmu, 9, true), 0);
	EXPECT_COMMANDS(test, m, CMD_CFGI_STE, CMD_SYNC);

	/* A TLB keeps what it has while nobody uses it. */
	target(d, 0)->users = 0;
	smmu3_domain_flush_all(d);
	EXPECT_COMMANDS(test, m, CMD_TLBI_S12_VMALL, CMD_SYNC);
	RCU_INIT_POINTER(d->targets, NULL);
	smmu3_domain_flush_all(d);
	KUNIT_EXPECT_EQ(test, m->count, 0);
}

static void streams(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 8, true);
	struct smmu3_master *master = new_master(test, m, 0x10);

	KUNIT_EXPECT_EQ(test, smmu3_cfgi_cd(master, 5, true), 0);
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_SID, m->cmd[1].qw[0]), 0x11);
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_SSID, m->cmd[1].qw[0]), 5);
	EXPECT_COMMANDS(test, m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_cfgi_cd_all(master), 0);
	EXPECT_COMMANDS(test, m, CMD_CFGI_CD_ALL, CMD_CFGI_CD_ALL, CMD_SYNC);

	KUNIT_EXPECT_EQ(test, smmu3_atc_inv(master, 5, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x0000001000005840ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], ATC_SIZE_ALL);
	EXPECT_COMMANDS(test, m, CMD_ATC_INV, CMD_ATC_INV, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, smmu3_atc_inv_all(master), 0);
	EXPECT_COMMANDS(test, m, CMD_ATC_INV, CMD_ATC_INV, CMD_SYNC);
	master->ssid_bits = 10;
	KUNIT_EXPECT_EQ(test, smmu3_atc_inv_all(master), 0);
	KUNIT_EXPECT_TRUE(test, m->cmd[3].qw[0] & CMD0_ATC_GLOBAL);
	EXPECT_COMMANDS(test, m, CMD_ATC_INV, CMD_ATC_INV, CMD_ATC_INV,
			CMD_ATC_INV, CMD_SYNC);
	master->ats_enabled = false;
	KUNIT_EXPECT_EQ(test, smmu3_atc_inv_all(master), 0);
	KUNIT_EXPECT_EQ(test, smmu3_atc_inv(master, 0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, m->count, 0);
}

/* Two SMMUs, one with ATCs: the TLB before them, and one wait for each SMMU. */
static void targets(struct kunit *test)
{
	struct smmu3_model *a = model_start(test, 8, true);
	struct smmu3_model *b = model_start(test, 4, false);
	struct smmu3_domain *d = new_domain(test, a, SMMU3_S1, 12, 4);

	*target(d, 1) = (struct smmu3_target) {
		.smmu = &a->smmu, .master = new_master(test, a, 0x10), .users = 1,
	};
	*target(d, 2) = (struct smmu3_target) {
		.smmu = &a->smmu, .master = new_master(test, a, 0x20),
		.ssid = 3, .users = 2,
	};
	*target(d, 3) = (struct smmu3_target) {
		.smmu = &b->smmu, .tag = 7, .users = 1,
	};
	smmu3_domain_flush_range(d, 0x8000, 0x4000, 0x1000, true);
	KUNIT_EXPECT_EQ(test, a->cmd[6].qw[0], 0x0000001100000040ULL);
	KUNIT_EXPECT_EQ(test, a->cmd[6].qw[1], 0x8002ULL);
	KUNIT_EXPECT_EQ(test, a->cmd[7].qw[0], 0x0000002000003840ULL);
	EXPECT_COMMANDS(test, a, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA,
			CMD_TLBI_NH_VA, CMD_SYNC, CMD_ATC_INV, CMD_ATC_INV,
			CMD_ATC_INV, CMD_ATC_INV, CMD_SYNC);
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_TLBI_ASID, b->cmd[0].qw[0]), 7);
	EXPECT_COMMANDS(test, b, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA,
			CMD_TLBI_NH_VA, CMD_SYNC);

	target(d, 1)->master->ats_enabled = false;
	target(d, 2)->users = 0;
	target(d, 3)->users = 0;
	smmu3_domain_flush_all(d);
	EXPECT_COMMANDS(test, a, CMD_TLBI_NH_ASID, CMD_SYNC);
	EXPECT_COMMANDS(test, b, CMD_TLBI_NH_ASID, CMD_SYNC);
}

/*
 * Any range
 */

/* What a range is to be, in granules. */
struct oracle {
	u8 shift;
	u64 granule;
	u64 first;
	u64 end;
	bool leaf;
};

/*
 * How many commands: one per five bits, from the lowest that is set; beyond what
 * SCALE can say, one per 32 of the largest unit.
 */
static unsigned int fewest_ranges(u64 granules)
{
	unsigned int n = 0, scale;

	while (granules) {
		scale = __ffs64(granules);
		if (scale >= 31)
			return n + DIV_ROUND_UP(granules >> 31, 32);
		granules &= ~(31ULL << scale);
		n++;
	}
	return n;
}

/* Goes on at *@at; says whether the command is a proper one. */
static bool follow_range(const struct oracle *o, struct smmu3_cmd cmd, u64 *at)
{
	u64 num = FIELD_GET(CMD0_TLBI_NUM, cmd.qw[0]);
	u64 scale = FIELD_GET(CMD0_TLBI_SCALE, cmd.qw[0]);
	u64 ttl = FIELD_GET(CMD1_TLBI_TTL, cmd.qw[1]);
	u64 tg = FIELD_GET(CMD1_TLBI_TG, cmd.qw[1]);
	u64 addr = cmd.qw[1] & CMD1_TLBI_ADDR;

	if (!!(cmd.qw[1] & CMD1_TLBI_LEAF) != o->leaf ||
	    addr != *at << o->shift)
		return false;
	if (!tg) {
		*at += 1;
		return !num && !scale && !ttl;
	}
	*at += (num + 1) << scale;
	if (tg != (o->shift == 12 ? 1 : o->shift == 14 ? 2 : 3))
		return false;
	/* The hint is true of every leaf, or is not given. */
	if (ttl && (!o->leaf || !o->granule ||
		    o->granule < BIT_ULL(o->shift + (3 - ttl) * (o->shift - 3)) ||
		    (ttl > 1 && o->granule >=
		     BIT_ULL(o->shift + (4 - ttl) * (o->shift - 3)))))
		return false;
	return num || scale || ttl;
}

static void check_ranges(struct kunit *test, struct smmu3_model *m,
			 const struct oracle *o)
{
	u64 at = o->first;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, m->syncs, 1);
	KUNIT_ASSERT_EQ(test, m->count - 1, fewest_ranges(o->end - o->first));
	for (i = 0; i < m->count - 1; i++)
		KUNIT_ASSERT_TRUE(test, follow_range(o, m->cmd[i], &at));
	KUNIT_ASSERT_EQ(test, at, o->end);
}

static void check_leaves(struct kunit *test, struct smmu3_model *m,
			 const struct oracle *o)
{
	u64 step = o->granule ?: BIT_ULL(o->shift), at = o->first << o->shift;
	u64 left = ((o->end - o->first) << o->shift) / step;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, m->syncs, 1);
	if (left > 256) {
		KUNIT_ASSERT_EQ(test, m->count, 2);
		KUNIT_ASSERT_EQ(test, smmu3_cmd_opcode(m->cmd[0]),
				CMD_TLBI_NH_ASID);
		return;
	}
	KUNIT_ASSERT_EQ(test, m->count - 1, left);
	for (i = 0; i < left; i++, at += step)
		KUNIT_ASSERT_EQ(test, m->cmd[i].qw[1], at | o->leaf);
}

static void any_range(struct kunit *test, u8 shift, bool ril)
{
	struct smmu3_model *m = model_start(test, 9, true);
	struct smmu3_domain *d = new_domain(test, m, SMMU3_S1, shift, 1);
	struct rnd_state rnd;
	struct oracle o = { .shift = shift };
	u64 leaf, count, per;
	unsigned int n;

	m->smmu.features = ril ? SMMU3_FEAT_RANGE_INV : 0;
	m->step = 64;
	prandom_seed_state(&rnd, shift);
	for (n = 0; n < 4000; n++) {
		/* A page, a contiguous run of 16, a block of level 2 or 1. */
		static const u8 levels[] = { 0, 0, 4, 1, 2 };
		u8 pick = levels[prandom_u32_state(&rnd) % ARRAY_SIZE(levels)];

		per = pick == 4 ? 16 : 1ULL << (pick * (shift - 3));
		leaf = per << shift;
		count = 1 + (prandom_u32_state(&rnd) & 0xfffff) /
			    (1 + (prandom_u32_state(&rnd) & 0xffff));
		o.first = per * (prandom_u32_state(&rnd) & 0xfff);
		o.end = o.first + per * count;
		if (o.end > BIT_ULL(52 - shift))
			continue;
		o.granule = prandom_u32_state(&rnd) & 1 ? leaf : 0;
		o.leaf = prandom_u32_state(&rnd) & 1;
		model_reset(m);
		smmu3_domain_flush_range(d, o.first << shift,
					 (o.end - o.first) << shift, o.granule,
					 o.leaf);
		if (ril)
			check_ranges(test, m, &o);
		else
			check_leaves(test, m, &o);
	}
}

static void any_range_by_ranges(struct kunit *test)
{
	any_range(test, 12, true);
	any_range(test, 14, true);
	any_range(test, 16, true);
}

static void any_range_by_leaves(struct kunit *test)
{
	any_range(test, 12, false);
	any_range(test, 14, false);
	any_range(test, 16, false);
}

/* Bytes that are no whole granules: all of those that they touch. */
static void ragged_range(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 9, true);
	struct smmu3_domain *d = new_domain(test, m, SMMU3_S1, 16, 1);
	struct oracle o = { .shift = 16, .first = 1, .end = 4 };

	smmu3_domain_flush_range(d, 0x1f000, 0x12000, 0, false);
	check_leaves(test, m, &o);
	model_reset(m);
	m->smmu.features = SMMU3_FEAT_RANGE_INV;
	smmu3_domain_flush_range(d, 0x1f000, 0x12000, 0, false);
	o.end = 4;
	check_ranges(test, m, &o);
}

/* Any range of an ATC: covered by at most two blocks, aligned, not too large. */
static void any_atc_range(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 6, true);
	struct smmu3_master *master = new_master(test, m, 0x10);
	u64 first, end, at, next, total;
	struct rnd_state rnd;
	unsigned int n, i, size;

	master->nr_sids = 1;
	m->step = 16;
	prandom_seed_state(&rnd, 4);
	for (n = 0; n < 20000; n++) {
		first = prandom_u32_state(&rnd) >> (prandom_u32_state(&rnd) % 32);
		end = first + (prandom_u32_state(&rnd) >>
			       (prandom_u32_state(&rnd) % 32));
		model_reset(m);
		KUNIT_ASSERT_EQ(test, 0,
				smmu3_atc_inv(master, 0, first << ATC_PAGE_SHIFT,
					      (end + 1 - first) << ATC_PAGE_SHIFT));
		KUNIT_ASSERT_LE(test, m->count, 3);
		for (i = 0, next = first, total = 0; i < m->count - 1; i++) {
			at = (m->cmd[i].qw[1] & CMD1_ATC_ADDR) >> ATC_PAGE_SHIFT;
			size = FIELD_GET(CMD1_ATC_SIZE, m->cmd[i].qw[1]);
			KUNIT_ASSERT_EQ(test, at & (BIT_ULL(size) - 1), 0);
			KUNIT_ASSERT_LE(test, at, next);
			next = max(next, at + BIT_ULL(size));
			total += BIT_ULL(size);
		}
		KUNIT_ASSERT_GT(test, next, end);
		KUNIT_ASSERT_LT(test, total, 4 * (end - first + 1) + 1);
	}
	/* Up to the last byte there is. */
	model_reset(m);
	KUNIT_EXPECT_EQ(test, smmu3_atc_inv(master, 0, 1UL << 63, 1UL << 63), 0);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 1ULL << 63 | 51);
	KUNIT_EXPECT_EQ(test, m->count, 2);
}

static struct kunit_case tlb_cases[] = {
	KUNIT_CASE(one_page),
	KUNIT_CASE(ranges),
	KUNIT_CASE(everything),
	KUNIT_CASE(streams),
	KUNIT_CASE(targets),
	KUNIT_CASE(any_range_by_ranges),
	KUNIT_CASE(any_range_by_leaves),
	KUNIT_CASE(ragged_range),
	KUNIT_CASE(any_atc_range),
	{}
};

static struct kunit_suite tlb_suite = {
	.name = "smmu3_tlb",
	.test_cases = tlb_cases,
};

kunit_test_suite(tlb_suite);
