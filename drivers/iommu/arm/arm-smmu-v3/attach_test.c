// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching, replacing and blocking on a model of the hardware: what is in the
 * tables, what was invalidated, and that a failure leaves everything as it was.
 */
#include "../../core/mock_alloc.h"
#include "entry.h"
#include "objects_test.h"

#define SID_A	0x123
#define SID_B	0x456

/* The commands since the last look, without CMD_SYNCs. */
static void expect_commands(struct kunit *test, struct smmu3_model *m,
			    const u8 *ops, unsigned int count, int line)
{
	unsigned int i, n = 0;
	u8 op;

	KUNIT_ASSERT_LT(test, m->count, MODEL_LOG);
	for (i = 0; i < m->count; i++) {
		op = smmu3_cmd_opcode(m->cmd[i]);
		if (op == CMD_SYNC)
			continue;
		if (n < count)
			KUNIT_EXPECT_EQ_MSG(test, op, ops[n], "command %u, line %d",
					    n, line);
		n++;
	}
	KUNIT_EXPECT_EQ_MSG(test, n, count, "line %d", line);
	KUNIT_EXPECT_EQ(test, m->wrong, 0);
	model_reset(m);
}

#define EXPECT_COMMANDS(m, ...) do {					\
	const u8 ops_[] = { __VA_ARGS__ };				\
									\
	expect_commands(test, m, ops_, ARRAY_SIZE(ops_), __LINE__);	\
} while (0)

static u64 ste_qw(struct smmu3_model *m, u32 sid, unsigned int i)
{
	return le64_to_cpu(smmu3_ste_find(&m->smmu, sid)->qw[i]);
}

static u64 cd_qw(struct smmu3_master *master, u32 ssid, unsigned int i)
{
	struct smmu3_cd *cd = smmu3_cd_find(master, ssid);

	return cd ? le64_to_cpu(cd->qw[i]) : 0;
}

static u64 config_of(struct smmu3_model *m, u32 sid)
{
	return ste_qw(m, sid, 0) & STE0_V ? FIELD_GET(STE0_CONFIG, ste_qw(m, sid, 0)) :
					    U64_MAX;
}

static u64 s1dss_of(struct smmu3_model *m, u32 sid)
{
	return FIELD_GET(STE1_S1DSS, ste_qw(m, sid, 1));
}

static u64 top_of(const struct smmu3_domain *domain)
{
	return virt_to_phys(domain->pgt.top);
}

static u16 asid_of(struct smmu3_master *master, u32 ssid)
{
	return FIELD_GET(CD0_ASID, cd_qw(master, ssid, 0));
}

/* How many attachments a domain's flushes are for. */
static unsigned int users_of(const struct smmu3_domain *domain)
{
	const struct smmu3_targets *list = rcu_dereference_protected(domain->targets,
								     true);
	unsigned int i, n = 0;

	for (i = 0; i < list->count; i++)
		n += list->target[i].users;
	return n;
}

static void primary(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *master = new_master(test, m, SID_A, 0);
	struct smmu3_domain *a = new_domain(test, master);
	struct smmu3_domain *b = new_domain(test, master);
	u16 asid;

	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_ABORT);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, a), 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_S1);
	KUNIT_EXPECT_EQ(test, s1dss_of(m, SID_A), S1DSS_SSID0);
	KUNIT_EXPECT_EQ(test, ste_qw(m, SID_A, 0) & STE0_S1CONTEXTPTR,
			master->cdtab.dma);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 1), top_of(a));
	KUNIT_EXPECT_TRUE(test, cd_qw(master, 0, 0) & CD0_V);
	asid = asid_of(master, 0);
	KUNIT_EXPECT_NE(test, asid, 0);
	/* The descriptor is there before the entry that leads to it. */
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_STE, CMD_CFGI_STE);

	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), 0);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 1), top_of(b));
	KUNIT_EXPECT_NE(test, asid_of(master, 0), asid);
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_CD);
	/* Again the same: nothing. */
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), 0);
	EXPECT_COMMANDS(m);

	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_BYPASS);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 0), 0);
	/* Nothing leads to the descriptor any more when it goes. */
	EXPECT_COMMANDS(m, CMD_CFGI_STE, CMD_CFGI_STE, CMD_CFGI_CD, CMD_CFGI_CD);
	smmu3_block(master, 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_ABORT);
	EXPECT_COMMANDS(m, CMD_CFGI_STE);
	smmu3_block(master, 0);
	EXPECT_COMMANDS(m);

	put_domain(a);
	EXPECT_COMMANDS(m, CMD_TLBI_NH_ASID);
	put_domain(b);
	EXPECT_COMMANDS(m, CMD_TLBI_NH_ASID);
	put_master(master);
}

/* What the TLB has of a detached domain is flushed as before, and freed with it. */
static void tag_is_kept(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *master = new_master(test, m, SID_A, 0);
	struct smmu3_domain *a = new_domain(test, master);
	struct smmu3_domain *b = new_domain(test, master);
	u16 asid;

	smmu3_domain_flush_all(a);
	EXPECT_COMMANDS(m);
	KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, a), 0);
	asid = asid_of(master, 0);
	smmu3_block(master, 0);
	model_reset(m);
	smmu3_domain_flush_range(a, 0x1000, SZ_4K, 0, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_TLBI_ASID, m->cmd[0].qw[0]), asid);
	EXPECT_COMMANDS(m, CMD_TLBI_NH_VA);

	KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, b), 0);
	KUNIT_EXPECT_NE(test, asid_of(master, 0), asid);
	model_reset(m);
	KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, a), 0);
	KUNIT_EXPECT_EQ(test, asid_of(master, 0), asid);
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_CD);
	KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, b), 0);
	model_reset(m);
	put_domain(a);
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_TLBI_ASID, m->cmd[0].qw[0]), asid);
	EXPECT_COMMANDS(m, CMD_TLBI_NH_ASID);

	a = new_domain(test, master);
	KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, a), 0);
	KUNIT_EXPECT_EQ(test, asid_of(master, 0), asid);
	smmu3_block(master, 0);
	put_domain(a);
	put_domain(b);
	put_master(master);
}

/* What becomes of requests without SSID while there are SSIDs. */
static void substreams(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *master = new_master(test, m, SID_A, 12);
	struct smmu3_domain *a = new_domain(test, master);
	struct smmu3_domain *b = new_domain(test, master);
	struct smmu3_cd before, *cd;

	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 5, a), 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_S1);
	KUNIT_EXPECT_EQ(test, FIELD_GET(STE0_S1CDMAX, ste_qw(m, SID_A, 0)), 12);
	KUNIT_EXPECT_EQ(test, FIELD_GET(STE0_S1FMT, ste_qw(m, SID_A, 0)),
			S1FMT_64K_L2);
	KUNIT_EXPECT_EQ(test, s1dss_of(m, SID_A), S1DSS_TERMINATE);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 5, 1), top_of(a));
	KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 0), 0);
	/* The first is for the second-level table. */
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_STE,
			CMD_CFGI_STE);

	/* The table grows, and what is there does not move. */
	cd = smmu3_cd_find(master, 5);
	before = *cd;
	KUNIT_EXPECT_NULL(test, smmu3_cd_find(master, 2000));
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 2000, a), 0);
	KUNIT_EXPECT_PTR_EQ(test, smmu3_cd_find(master, 5), cd);
	KUNIT_EXPECT_MEMEQ(test, cd, &before, sizeof(before));
	KUNIT_EXPECT_EQ(test, asid_of(master, 5), asid_of(master, 2000));
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_CD);

	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, s1dss_of(m, SID_A), S1DSS_BYPASS);
	EXPECT_COMMANDS(m, CMD_CFGI_STE);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), 0);
	KUNIT_EXPECT_EQ(test, s1dss_of(m, SID_A), S1DSS_SSID0);
	KUNIT_EXPECT_MEMEQ(test, cd, &before, sizeof(before));
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_STE);
	smmu3_block(master, 0);
	KUNIT_EXPECT_EQ(test, s1dss_of(m, SID_A), S1DSS_TERMINATE);
	EXPECT_COMMANDS(m, CMD_CFGI_STE, CMD_CFGI_CD, CMD_CFGI_CD);

	smmu3_block(master, 5);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_S1);
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD);
	smmu3_block(master, 2000);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_ABORT);
	EXPECT_COMMANDS(m, CMD_CFGI_CD, CMD_CFGI_CD, CMD_CFGI_STE, CMD_CFGI_STE);

	put_domain(a);
	put_domain(b);
	put_master(master);
}

static void stage_2(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S2);
	struct smmu3_master *master = new_master(test, m, SID_A, 0);
	struct smmu3_domain *a = new_domain(test, master);

	KUNIT_EXPECT_EQ(test, a->stage, SMMU3_S2);
	KUNIT_EXPECT_NULL(test, a->domain.ops->set_dev_pasid);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, a), 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_S2);
	KUNIT_EXPECT_EQ(test, ste_qw(m, SID_A, 3), top_of(a));
	KUNIT_EXPECT_NE(test, FIELD_GET(STE2_S2VMID, ste_qw(m, SID_A, 2)), 0);
	/* IPAs as wide as output addresses: T0SZ 64 - 44. */
	KUNIT_EXPECT_EQ(test, FIELD_GET(STE2_S2T0SZ, ste_qw(m, SID_A, 2)), 20);
	EXPECT_COMMANDS(m, CMD_CFGI_STE, CMD_CFGI_STE);
	smmu3_block(master, 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_ABORT);
	EXPECT_COMMANDS(m, CMD_CFGI_STE, CMD_CFGI_STE);

	put_domain(a);
	EXPECT_COMMANDS(m, CMD_TLBI_S12_VMALL);
	put_master(master);
}

static void stage_2_or_substreams(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1 | SMMU3_FEAT_S2);
	struct smmu3_master *master = new_master(test, m, SID_A, 4);
	struct smmu3_domain *s1 = new_domain(test, master), *s2;
	struct smmu3_ste before;

	KUNIT_EXPECT_EQ(test, s1->stage, SMMU3_S1);
	m->smmu.features &= ~SMMU3_FEAT_S1;
	s2 = new_domain(test, master);
	m->smmu.features |= SMMU3_FEAT_S1;

	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 3, s1), 0);
	before = *smmu3_ste_find(&m->smmu, SID_A);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, s2), -EBUSY);
	KUNIT_EXPECT_MEMEQ(test, smmu3_ste_find(&m->smmu, SID_A), &before,
			   sizeof(before));
	KUNIT_EXPECT_TRUE(test, list_empty(&s2->attachments));
	smmu3_block(master, 3);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, s2), 0);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 3, s1), -EINVAL);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_S2);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, s1), 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_S1);
	smmu3_block(master, 0);

	put_domain(s1);
	put_domain(s2);
	put_master(master);
}

static void refusals(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *master = new_master(test, m, SID_A, 4);
	struct smmu3_domain *a = new_domain(test, master);
	struct smmu3_domain *b = new_domain(test, master);

	/* One ASID, and 0. */
	m->smmu.asid_bits = 1;
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, a), 0);
	model_reset(m);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), -ENOSPC);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 1, b), -ENOSPC);
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 16, a), -ERANGE);
	m->smmu.asid_bits = 16;
	m->smmu.pgsize_bitmap = SZ_64K;
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), -EINVAL);
	m->smmu.pgsize_bitmap = SZ_4K;
	m->smmu.features &= ~SMMU3_FEAT_COHERENCY;
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), -EINVAL);
	m->smmu.oas = 40;
	m->smmu.features |= SMMU3_FEAT_COHERENCY;
	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, b), -EINVAL);
	/* All that left no trace. */
	EXPECT_COMMANDS(m);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 1), top_of(a));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&a->attachments));
	KUNIT_EXPECT_TRUE(test, list_empty(&b->attachments));
	KUNIT_EXPECT_EQ(test, users_of(b), 0);
	KUNIT_EXPECT_EQ(test, master->nr_ssids, 0);
	smmu3_block(master, 0);

	put_domain(a);
	put_domain(b);
	put_master(master);
}

static void undo_attach(struct kunit *test, struct smmu3_master *master,
			u32 ssid, struct smmu3_domain *old)
{
	if (ssid)
		smmu3_block(master, ssid);
	else
		KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, old), 0);
}

/* Attach with each allocation failing in turn, until there is none. */
static int attach_short_of_memory(struct kunit *test, struct smmu3_model *m,
				  struct smmu3_master *master, u32 ssid,
				  struct smmu3_domain *domain,
				  struct smmu3_domain *old)
{
	int nth, ret, failures = 0, noise = 0;
	bool failed;

	for (nth = 1; ; nth++) {
		mock_fail_alloc(nth);
		ret = smmu3_attach(master, ssid, domain);
		failed = mock_fail_alloc_end();
		if (!ret && !failed)
			return failures;
		if (!ret) {
			/* Debugging allocates as well, and can do without. */
			undo_attach(test, master, ssid, old);
			if (noise++ < 8)
				nth--;
			continue;
		}
		failures++;
		KUNIT_ASSERT_TRUE(test, failed);
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_PTR_EQ(test, master->primary->domain, old);
		KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 1), top_of(old));
		KUNIT_EXPECT_EQ(test, cd_qw(master, ssid, 1), ssid ? 0 : top_of(old));
		KUNIT_EXPECT_TRUE(test, list_empty(&domain->attachments));
		KUNIT_EXPECT_EQ(test, users_of(domain), 0);
		KUNIT_EXPECT_EQ(test, master->nr_ssids, 0);
	}
}

static void short_of_memory(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *master = new_master(test, m, SID_A, 12);
	struct smmu3_domain *a = new_domain(test, master);
	struct smmu3_domain *b = new_domain(test, master);
	bool failed = true;
	unsigned int n;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "failslab is not in debugfs");
	KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, a), 0);
	/* Attachment; targets, but they stay when debugging took the failure. */
	KUNIT_EXPECT_GE(test, attach_short_of_memory(test, m, master, 0, b, a), 1);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 0, 1), top_of(b));
	/* Attachment; targets are known, and descriptors can come from vmalloc(). */
	KUNIT_EXPECT_GE(test, attach_short_of_memory(test, m, master, 1500, a, b), 1);
	KUNIT_EXPECT_EQ(test, cd_qw(master, 1500, 1), top_of(a));
	KUNIT_EXPECT_EQ(test, s1dss_of(m, SID_A), S1DSS_SSID0);
	smmu3_block(master, 1500);

	/* What must not fail takes no memory, but now and then for debugging. */
	for (n = 0; failed && n < 8; n++) {
		KUNIT_ASSERT_EQ(test, smmu3_attach(master, 0, b), 0);
		mock_fail_alloc(1);
		KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, NULL), 0);
		smmu3_block(master, 0);
		failed = mock_fail_alloc_end();
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_A), STE_CONFIG_ABORT);

	put_domain(a);
	put_domain(b);
	put_master(master);
}

/* Two devices behind a bridge that gives both the same second StreamID. */
static void aliases(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *a = new_master(test, m, SID_A, 0);
	struct smmu3_master *b = new_master(test, m, SID_B, 0);
	struct smmu3_domain *domain = new_domain(test, a);

	KUNIT_ASSERT_FALSE(test, IS_ERR(smmu3_ste_get(&m->smmu, 0x100)));
	a->sids[a->nr_sids++] = 0x100;
	b->sids[b->nr_sids++] = 0x100;
	KUNIT_EXPECT_EQ(test, smmu3_attach(a, 0, domain), 0);
	KUNIT_EXPECT_EQ(test, smmu3_attach(b, 0, domain), 0);
	KUNIT_EXPECT_EQ(test, ste_qw(m, 0x100, 0) & STE0_S1CONTEXTPTR,
			b->cdtab.dma);
	/* Whoever leaves takes no table along that the other one's requests use. */
	smmu3_block(b, 0);
	KUNIT_EXPECT_EQ(test, config_of(m, SID_B), STE_CONFIG_ABORT);
	KUNIT_EXPECT_EQ(test, config_of(m, 0x100), STE_CONFIG_S1);
	KUNIT_EXPECT_EQ(test, ste_qw(m, 0x100, 0) & STE0_S1CONTEXTPTR,
			a->cdtab.dma);
	smmu3_block(a, 0);
	KUNIT_EXPECT_EQ(test, config_of(m, 0x100), STE_CONFIG_ABORT);

	put_domain(domain);
	put_master(a);
	put_master(b);
}

/* One domain behind several SMMUs has a tag on each, and flushes reach both. */
static void several_smmus(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_model *n = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_model *o = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *a = new_master(test, m, SID_A, 4);
	struct smmu3_master *b = new_master(test, n, SID_A, 0);
	struct smmu3_master *c = new_master(test, o, SID_A, 0);
	struct smmu3_domain *other = new_domain(test, a);
	struct smmu3_domain *domain = new_domain(test, a);

	n->smmu.tlb_order = 1;
	o->smmu.tlb_order = 2;
	KUNIT_EXPECT_EQ(test, smmu3_attach(a, 1, other), 0);
	KUNIT_EXPECT_EQ(test, smmu3_attach(a, 0, domain), 0);
	KUNIT_EXPECT_EQ(test, smmu3_attach(a, 2, domain), 0);
	KUNIT_EXPECT_EQ(test, smmu3_attach(b, 0, domain), 0);
	KUNIT_EXPECT_NE(test, asid_of(a, 0), asid_of(b, 0));
	model_reset(m);
	model_reset(n);

	smmu3_domain_flush_range(domain, 0x1000, SZ_4K, 0, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_TLBI_ASID, m->cmd[0].qw[0]),
			asid_of(a, 0));
	KUNIT_EXPECT_EQ(test, FIELD_GET(CMD0_TLBI_ASID, n->cmd[0].qw[0]),
			asid_of(b, 0));
	EXPECT_COMMANDS(m, CMD_TLBI_NH_VA);
	EXPECT_COMMANDS(n, CMD_TLBI_NH_VA);

	smmu3_block(a, 0);
	smmu3_block(a, 2);
	model_reset(m);
	smmu3_domain_flush_all(domain);
	EXPECT_COMMANDS(m, CMD_TLBI_NH_ASID);
	EXPECT_COMMANDS(n, CMD_TLBI_NH_ASID);
	/* A tag that nobody uses goes when one more place comes. */
	KUNIT_EXPECT_EQ(test, smmu3_attach(c, 0, domain), 0);
	EXPECT_COMMANDS(m, CMD_TLBI_NH_ASID);
	model_reset(o);
	smmu3_domain_flush_all(domain);
	EXPECT_COMMANDS(m);
	EXPECT_COMMANDS(n, CMD_TLBI_NH_ASID);
	EXPECT_COMMANDS(o, CMD_TLBI_NH_ASID);
	smmu3_block(a, 1);
	smmu3_block(b, 0);
	smmu3_block(c, 0);

	put_domain(domain);
	put_domain(other);
	put_master(a);
	put_master(b);
	put_master(c);
}

/* Map and unmap through the operations that the core calls. */
static void mapping(struct kunit *test)
{
	struct smmu3_model *m = new_smmu(test, SMMU3_FEAT_S1);
	struct smmu3_master *master = new_master(test, m, SID_A, 0);
	struct smmu3_domain *domain = new_domain(test, master);
	const struct iommu_domain_ops *ops = domain->domain.ops;
	struct iommu_iotlb_gather gather;
	size_t mapped = 0;

	KUNIT_EXPECT_EQ(test, smmu3_attach(master, 0, domain), 0);
	model_reset(m);
	KUNIT_EXPECT_EQ(test, domain->domain.geometry.aperture_end,
			DMA_BIT_MASK(48));
	KUNIT_EXPECT_EQ(test, ops->map_range(&domain->domain, SZ_1G, SZ_2M, SZ_2M,
					     IOMMU_READ, GFP_KERNEL, &mapped), 0);
	KUNIT_EXPECT_EQ(test, mapped, SZ_2M);
	KUNIT_EXPECT_EQ(test, ops->iova_to_phys(&domain->domain, SZ_1G + 12),
			SZ_2M + 12);
	EXPECT_COMMANDS(m);
	iommu_iotlb_gather_init(&gather);
	KUNIT_EXPECT_EQ(test, ops->unmap_range(&domain->domain, SZ_1G, SZ_2M,
					       &gather), SZ_2M);
	EXPECT_COMMANDS(m);
	iommu_iotlb_sync(&domain->domain, &gather);
	KUNIT_EXPECT_GT(test, m->count, 0);
	KUNIT_EXPECT_EQ(test, m->syncs, 1);
	KUNIT_EXPECT_EQ(test, ops->iova_to_phys(&domain->domain, SZ_1G), 0);
	smmu3_block(master, 0);

	put_domain(domain);
	put_master(master);
}

static struct kunit_case attach_cases[] = {
	KUNIT_CASE(primary),
	KUNIT_CASE(tag_is_kept),
	KUNIT_CASE(substreams),
	KUNIT_CASE(stage_2),
	KUNIT_CASE(stage_2_or_substreams),
	KUNIT_CASE(refusals),
	KUNIT_CASE(short_of_memory),
	KUNIT_CASE(aliases),
	KUNIT_CASE(several_smmus),
	KUNIT_CASE(mapping),
	{}
};

static struct kunit_suite attach_suite = {
	.name = "smmu3_attach",
	.test_cases = attach_cases,
};

kunit_test_suite(attach_suite);
