// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stream tables and CD tables of all sizes: every entry is found where hardware
 * looks for it, and nothing is reachable before it is filled.
 */
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/vmalloc.h>

#include "../../core/mock_alloc.h"
#include "entry.h"
#include "objects_test.h"

/* An SMMU with a new stream table. */
static struct smmu3_model *smmu_of(struct kunit *test, u8 sid_bits, bool two_levels)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_device *smmu = &m->smmu;

	smmu->strtab = (struct smmu3_strtab) {};
	smmu->sid_bits = sid_bits;
	if (!two_levels)
		smmu->features &= ~SMMU3_FEAT_2LVL_STRTAB;
	KUNIT_ASSERT_EQ(test, smmu3_strtab_alloc(smmu), 0);
	model_reset(m);
	return m;
}

/* Commands of a kind since the last look; there were no others but CMD_SYNC. */
static unsigned int commands(struct kunit *test, struct smmu3_model *m, u8 op)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->count; i++) {
		if (smmu3_cmd_opcode(m->cmd[i]) == CMD_SYNC)
			continue;
		KUNIT_EXPECT_EQ(test, smmu3_cmd_opcode(m->cmd[i]), op);
		n++;
	}
	model_reset(m);
	return n;
}

/* The DMA API maps memory anew for who does not snoop. */
static phys_addr_t phys_of(const void *p)
{
	return is_vmalloc_addr(p) ? page_to_phys(vmalloc_to_page(p)) + offset_in_page(p) :
				    virt_to_phys((void *)p);
}

static bool aborts(const struct smmu3_ste *ste)
{
	struct smmu3_ste abort;

	smmu3_make_ste_abort(&abort);
	return !memcmp(ste, &abort, sizeof(abort));
}

static void expect_linear(struct kunit *test, u8 sid_bits, bool two_levels)
{
	struct smmu3_model *m = smmu_of(test, sid_bits, two_levels);
	struct smmu3_strtab *t = &m->smmu.strtab;
	u32 sid;

	KUNIT_EXPECT_EQ(test, t->log2size, sid_bits);
	KUNIT_ASSERT_NOT_NULL(test, t->ste);
	for (sid = 0; sid < BIT(sid_bits); sid++) {
		KUNIT_EXPECT_PTR_EQ(test, smmu3_ste_get(&m->smmu, sid), &t->ste[sid]);
		KUNIT_EXPECT_PTR_EQ(test, smmu3_ste_find(&m->smmu, sid), &t->ste[sid]);
		KUNIT_EXPECT_TRUE(test, aborts(&t->ste[sid]));
	}
	KUNIT_EXPECT_NULL(test, smmu3_ste_find(&m->smmu, sid));
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(smmu3_ste_get(&m->smmu, sid)), -ERANGE);
	KUNIT_EXPECT_EQ(test, commands(test, m, 0), 0);
}

static void streams_in_one_level(struct kunit *test)
{
	expect_linear(test, 0, false);
	expect_linear(test, 6, false);
	expect_linear(test, 10, false);
	/* Two levels are of no use for this few. */
	expect_linear(test, STE_SPLIT, true);
}

static void streams_in_two_levels(struct kunit *test)
{
	struct smmu3_model *m = smmu_of(test, 16, true);
	struct smmu3_strtab *t = &m->smmu.strtab;
	struct smmu3_ste *first;
	unsigned int i;
	u64 l1;

	KUNIT_EXPECT_NULL(test, t->ste);
	KUNIT_EXPECT_NULL(test, smmu3_ste_find(&m->smmu, 0x4200));
	first = smmu3_ste_get(&m->smmu, 0x4200);
	KUNIT_ASSERT_FALSE(test, IS_ERR(first));
	/* Hardware may have seen that there was nothing. */
	KUNIT_EXPECT_EQ(test, commands(test, m, CMD_CFGI_STE), 1);

	l1 = le64_to_cpu(t->l1[0x42]);
	KUNIT_EXPECT_EQ(test, FIELD_GET(L1STD_SPAN, l1), STE_SPLIT + 1);
	KUNIT_EXPECT_EQ(test, l1 & L1STD_L2PTR, phys_of(first));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->l1[0x41]), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->l1[0x43]), 0);
	for (i = 0; i < STES_PER_L2; i++) {
		KUNIT_EXPECT_PTR_EQ(test, smmu3_ste_get(&m->smmu, 0x4200 + i), first + i);
		KUNIT_EXPECT_TRUE(test, aborts(first + i));
	}
	KUNIT_EXPECT_EQ(test, commands(test, m, CMD_CFGI_STE), 0);
	KUNIT_EXPECT_NULL(test, smmu3_ste_find(&m->smmu, 0x4300));
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(smmu3_ste_get(&m->smmu, BIT(16))), -ERANGE);
	KUNIT_EXPECT_NULL(test, smmu3_ste_find(&m->smmu, U32_MAX));
}

/* More streams than a table can be made for. */
static void too_many_streams(struct kunit *test)
{
	struct smmu3_model *m = smmu_of(test, 32, true);

	KUNIT_EXPECT_EQ(test, m->smmu.strtab.log2size, 25);
	KUNIT_EXPECT_FALSE(test, IS_ERR(smmu3_ste_get(&m->smmu, BIT(25) - 1)));
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(smmu3_ste_get(&m->smmu, BIT(25))), -ERANGE);
	KUNIT_EXPECT_NULL(test, smmu3_ste_find(&m->smmu, U32_MAX));
}

/* Where hardware finds the descriptor of @ssid (IHI 0070, 3.3.3). */
static phys_addr_t walk(const struct smmu3_cdtab *t, u32 ssid)
{
	u64 l1;

	if (!t->l1)
		return t->dma + ssid * sizeof(struct smmu3_cd);
	l1 = le64_to_cpu(t->l1[ssid >> CD_SPLIT]);
	if (!(l1 & L1CD_V))
		return 0;
	return (l1 & L1CD_L2PTR) +
	       (ssid & (CDS_PER_L2 - 1)) * sizeof(struct smmu3_cd);
}

static void expect_contexts(struct kunit *test, struct smmu3_model *m, u8 ssid_bits)
{
	struct smmu3_master *master = new_master(test, m, 0x100 + ssid_bits, ssid_bits);
	struct rnd_state rnd;
	struct smmu3_cd *cd;
	unsigned int i, made;
	u32 ssid;

	prandom_seed_state(&rnd, ssid_bits);
	mutex_lock(&master->lock);
	KUNIT_EXPECT_NULL(test, smmu3_cd_find(master, 0));
	for (i = 0; i < 200; i++) {
		ssid = prandom_u32_state(&rnd) & (BIT(ssid_bits) - 1);
		made = !smmu3_cd_find(master, ssid) && ssid_bits > CD_SPLIT;
		cd = smmu3_cd_get(master, ssid);
		KUNIT_ASSERT_FALSE(test, IS_ERR(cd));
		KUNIT_EXPECT_PTR_EQ(test, smmu3_cd_find(master, ssid), cd);
		KUNIT_EXPECT_EQ(test, walk(&master->cdtab, ssid), phys_of(cd));
		KUNIT_EXPECT_EQ(test, le64_to_cpu(cd->qw[0]), 0);
		KUNIT_EXPECT_NOT_NULL(test, smmu3_cd_owner(master, ssid));
		KUNIT_EXPECT_EQ(test, commands(test, m, CMD_CFGI_CD), made);
	}
	KUNIT_EXPECT_EQ(test, master->cdtab.ssid_bits, ssid_bits);
	KUNIT_EXPECT_EQ(test, !!master->cdtab.l1, ssid_bits > CD_SPLIT);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(smmu3_cd_get(master, BIT(ssid_bits))),
			-ERANGE);
	KUNIT_EXPECT_NULL(test, smmu3_cd_find(master, BIT(ssid_bits)));
	smmu3_cdtab_free(master);
	KUNIT_EXPECT_NULL(test, smmu3_cd_find(master, 0));
	mutex_unlock(&master->lock);
	put_master(master);
}

static void contexts(struct kunit *test)
{
	static const u8 ssid_bits[] = { 0, 1, 6, CD_SPLIT, CD_SPLIT + 1, 16, 20 };
	struct smmu3_model *m = smmu_of(test, 16, true);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ssid_bits); i++)
		expect_contexts(test, m, ssid_bits[i]);
}

static void short_of_memory(struct kunit *test)
{
	struct smmu3_model *m = smmu_of(test, 16, true);
	struct smmu3_master *master = new_master(test, m, 0x100, 16);
	unsigned int nth, failures = 0;
	struct smmu3_ste *ste;
	struct smmu3_cd *cd;
	bool failed = true;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "failslab is not in debugfs");
	mutex_lock(&master->lock);
	for (nth = 1; failed && nth < 50; nth++) {
		mock_fail_alloc(nth);
		ste = smmu3_ste_get(&m->smmu, (0x40 + nth) << STE_SPLIT);
		failed = mock_fail_alloc_end();
		failures += IS_ERR(ste);
		if (IS_ERR(ste)) {
			KUNIT_EXPECT_EQ(test, PTR_ERR(ste), -ENOMEM);
			KUNIT_EXPECT_EQ(test, le64_to_cpu(m->smmu.strtab.l1[0x40 + nth]), 0);
		}
	}
	KUNIT_EXPECT_GT(test, failures, 0);
	for (nth = 1, failures = 0, failed = true; failed && nth < 50; nth++) {
		mock_fail_alloc(nth);
		cd = smmu3_cd_get(master, 0x1234);
		failed = mock_fail_alloc_end();
		failures += IS_ERR(cd);
		if (IS_ERR(cd)) {
			KUNIT_EXPECT_EQ(test, PTR_ERR(cd), -ENOMEM);
			KUNIT_EXPECT_NULL(test, smmu3_cd_find(master, 0x1234));
		}
		smmu3_cdtab_free(master);
	}
	KUNIT_EXPECT_GT(test, failures, 2);
	mutex_unlock(&master->lock);
	put_master(master);
}

/* Streams that firmware goes on using pass; others do not because of them. */
static void firmware_streams(struct kunit *test)
{
	struct smmu3_model *m = smmu_of(test, 16, true);
	u32 one[] = { 0x5, 0x300 }, other[] = { BIT(20), 0x7 };
	struct iommu_iort_rmr_data rmrs[] = {
		{ .sids = one, .num_sids = ARRAY_SIZE(one) },
		{ .sids = other, .num_sids = ARRAY_SIZE(other) },
	};
	LIST_HEAD(list);
	u32 sid;

	list_add_tail(&rmrs[0].rr.list, &list);
	list_add_tail(&rmrs[1].rr.list, &list);
	smmu3_bypass_rmrs(&m->smmu, &list);
	for (sid = 0; sid < 0x10; sid++) {
		struct smmu3_ste *ste = smmu3_ste_find(&m->smmu, sid);
		u64 qw;

		KUNIT_ASSERT_NOT_NULL(test, ste);
		qw = le64_to_cpu(ste->qw[0]);
		KUNIT_EXPECT_TRUE(test, qw & STE0_V);
		KUNIT_EXPECT_EQ(test, FIELD_GET(STE0_CONFIG, qw),
				sid == 0x5 || sid == 0x7 ? STE_CONFIG_BYPASS :
							   STE_CONFIG_ABORT);
	}
	KUNIT_EXPECT_FALSE(test, aborts(smmu3_ste_find(&m->smmu, 0x300)));
}

static struct kunit_case tables_cases[] = {
	KUNIT_CASE(streams_in_one_level),
	KUNIT_CASE(streams_in_two_levels),
	KUNIT_CASE(too_many_streams),
	KUNIT_CASE(contexts),
	KUNIT_CASE(short_of_memory),
	KUNIT_CASE(firmware_streams),
	{}
};

static struct kunit_suite tables_suite = {
	.name = "smmu3_tables",
	.test_cases = tables_cases,
};

kunit_test_suite(tables_suite);
