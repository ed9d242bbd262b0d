// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever was attached, refused and detached before: a flush of a domain reaches
 * each TLB and each ATC that may hold its translations, once, and no other ATC.
 *
 * The oracle is a table of which domain is attached where, and one of the ASIDs that
 * a TLB has seen and not been told to forget.  What the flush reached is read from
 * the commands that the models of two SMMUs have executed.
 */
#include <linux/prandom.h>

#include "../../core/mock_alloc.h"
#include "entry.h"
#include "objects_test.h"

#define SMMUS		2
#define MASTERS		4
#define DOMAINS		3
#define SSIDS		4	/* 0 stands for requests without */
#define ROUNDS		600

struct world {
	struct smmu3_model *smmu[SMMUS];
	struct smmu3_master *master[MASTERS];
	struct smmu3_domain *domain[DOMAINS];
	/* The oracle */
	struct smmu3_domain *at[MASTERS][SSIDS];
	u16 held[DOMAINS][SMMUS];	/* by the TLB, 0: nothing */
	unsigned int refused;
};

static u32 sid_of(unsigned int i)
{
	return 0x100 * (i + 1);
}

/*
 * Masters 0 and 1 have ATCs, and master 3 no SSIDs.  An SSID of each that is never
 * detached keeps their ATS on, which is no PCI device's here.
 */
static struct world *new_world(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	for (i = 0; i < SMMUS; i++) {
		w->smmu[i] = new_smmu(test, SMMU3_FEAT_S1);
		w->smmu[i]->smmu.tlb_order = i;
	}
	for (i = 0; i < MASTERS; i++) {
		w->master[i] = new_master(test, w->smmu[i % SMMUS], sid_of(i),
					  i == 3 ? 0 : 3);
		w->master[i]->ats_supported = i < 2;
		w->master[i]->ats_enabled = i < 2;
	}
	for (i = 0; i < DOMAINS; i++)
		w->domain[i] = new_domain(test, w->master[0]);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, 0, smmu3_attach(w->master[i], SSIDS - 1,
						      w->domain[0]));
		w->at[i][SSIDS - 1] = w->domain[0];
	}
	return w;
}

static void end_world(struct world *w)
{
	struct smmu3_master *master;
	unsigned int i, ssid;

	for (i = 0; i < MASTERS; i++) {
		master = w->master[i];
		for (ssid = 0; ssid < SSIDS - 1; ssid++)
			if (w->at[i][ssid])
				smmu3_block(master, ssid);
		/* The last: there is no PCI device to switch ATS off. */
		master->ats_enabled = false;
		if (w->at[i][ssid])
			smmu3_block(master, ssid);
	}
	for (i = 0; i < DOMAINS; i++)
		put_domain(w->domain[i]);
	for (i = 0; i < MASTERS; i++)
		put_master(w->master[i]);
}

/* How often was the ATC asked to forget all that it has of @ssid? */
static unsigned int atc_invs(const struct smmu3_model *m, u32 sid, u32 ssid)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->count; i++)
		n += smmu3_cmd_opcode(m->cmd[i]) == CMD_ATC_INV &&
		     FIELD_GET(CMD0_SID, m->cmd[i].qw[0]) == sid &&
		     FIELD_GET(CMD0_SSID, m->cmd[i].qw[0]) == ssid;
	return n;
}

static unsigned int tlbis(const struct smmu3_model *m, u16 asid)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->count; i++)
		n += smmu3_cmd_opcode(m->cmd[i]) == CMD_TLBI_NH_ASID &&
		     FIELD_GET(CMD0_TLBI_ASID, m->cmd[i].qw[0]) == asid;
	return n;
}

/* All but CMD_SYNCs */
static unsigned int commands(const struct smmu3_model *m)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->count; i++)
		n += smmu3_cmd_opcode(m->cmd[i]) != CMD_SYNC;
	return n;
}

static u16 asid_at(const struct world *w, unsigned int i, u32 ssid)
{
	const struct smmu3_cd *cd = smmu3_cd_find(w->master[i], ssid);

	return FIELD_GET(CD0_ASID, le64_to_cpu(cd->qw[0]));
}

/* What the TLB of one SMMU may have of a domain, after attaching or detaching. */
static void follow_tlb(struct kunit *test, struct world *w, unsigned int d,
		       unsigned int smmu)
{
	u16 asid = 0, *held = &w->held[d][smmu];
	unsigned int i, ssid;

	for (i = smmu; i < MASTERS; i += SMMUS)
		for (ssid = 0; ssid < SSIDS; ssid++)
			if (w->at[i][ssid] == w->domain[d])
				asid = asid_at(w, i, ssid);
	if (*held && tlbis(w->smmu[smmu], *held))
		*held = 0;
	if (!asid)
		return;
	/* Under two ASIDs at a time, one would be forgotten. */
	KUNIT_ASSERT_TRUE(test, !*held || *held == asid);
	*held = asid;
}

static void follow(struct kunit *test, struct world *w)
{
	unsigned int d, i;

	for (d = 0; d < DOMAINS; d++)
		for (i = 0; i < SMMUS; i++)
			follow_tlb(test, w, d, i);
}

/* The commands of one SMMU against the tables. */
static void check_smmu(struct kunit *test, struct world *w, unsigned int d,
		       unsigned int smmu)
{
	const struct smmu3_model *m = w->smmu[smmu];
	unsigned int i, ssid, expect = 0, tlb;

	for (i = smmu; i < MASTERS; i += SMMUS) {
		for (ssid = 0; ssid < SSIDS; ssid++) {
			if (w->at[i][ssid] != w->domain[d] ||
			    !w->master[i]->ats_supported)
				continue;
			KUNIT_ASSERT_EQ(test, atc_invs(m, sid_of(i), ssid), 1);
			expect++;
		}
	}
	tlb = commands(m) - expect;
	KUNIT_ASSERT_LE(test, tlb, 1);
	if (w->held[d][smmu])
		KUNIT_ASSERT_EQ(test, tlbis(m, w->held[d][smmu]), 1);
	else if (tlb)	/* of an attach that was refused */
		KUNIT_ASSERT_EQ(test, smmu3_cmd_opcode(m->cmd[0]), CMD_TLBI_NH_ASID);
}

static void check_flushes(struct kunit *test, struct world *w)
{
	unsigned int d, i;

	follow(test, w);
	for (d = 0; d < DOMAINS; d++) {
		for (i = 0; i < SMMUS; i++)
			model_reset(w->smmu[i]);
		smmu3_domain_flush_all(w->domain[d]);
		for (i = 0; i < SMMUS; i++)
			check_smmu(test, w, d, i);
	}
	for (i = 0; i < SMMUS; i++)
		model_reset(w->smmu[i]);
}

/* A master without SSIDs refuses them after the domain knew of the attachment. */
static int expected(unsigned int i, u32 ssid)
{
	return i == 3 && ssid ? -ERANGE : 0;
}

static void attach(struct kunit *test, struct world *w, unsigned int i, u32 ssid,
		   struct smmu3_domain *domain, unsigned int fail)
{
	bool failed = false;
	int ret;

	if (fail)
		mock_fail_alloc(fail);
	ret = smmu3_attach(w->master[i], ssid, domain);
	if (fail)
		failed = mock_fail_alloc_end();
	if (ret == -ENOMEM)
		KUNIT_ASSERT_TRUE(test, failed);
	else
		KUNIT_ASSERT_EQ(test, ret, expected(i, ssid));
	if (ret)
		w->refused++;
	else
		w->at[i][ssid] = domain;
}

static void any_history(struct kunit *test)
{
	bool may_fail = mock_can_fail_allocs();
	struct world *w = new_world(test);
	unsigned int n, i, fail;
	struct rnd_state rnd;
	u32 dice, ssid;

	prandom_seed_state(&rnd, 7);
	for (n = 0; n < ROUNDS; n++) {
		dice = prandom_u32_state(&rnd);
		i = dice % MASTERS;
		ssid = (dice >> 4) % (SSIDS - 1);
		/* Up to the sixth: attachment, targets, tables */
		fail = may_fail && dice >> 8 & 1 ? 1 + (dice >> 9) % 6 : 0;
		if (dice >> 16 & 3) {
			attach(test, w, i, ssid, w->domain[(dice >> 18) % DOMAINS],
			       fail);
		} else if (!expected(i, ssid)) {
			smmu3_block(w->master[i], ssid);
			w->at[i][ssid] = NULL;
		}
		check_flushes(test, w);
	}
	kunit_info(test, "%u of %u refused\n", w->refused, n);
	KUNIT_EXPECT_GT(test, w->refused, ROUNDS / 20);
	end_world(w);
}

/* The domain stays attached elsewhere while one more place is refused again and again. */
static void refused_beside(struct kunit *test)
{
	struct world *w = new_world(test);
	unsigned int n;

	attach(test, w, 0, 0, w->domain[1], 0);
	attach(test, w, 2, 1, w->domain[1], 0);
	for (n = 0; n < 20; n++) {
		attach(test, w, 3, 1, w->domain[1], 0);
		check_flushes(test, w);
	}
	KUNIT_EXPECT_EQ(test, w->refused, n);
	/* Each attach made room for one; none of that is left. */
	KUNIT_EXPECT_LE(test, rcu_dereference_protected(w->domain[1]->targets,
							true)->count, 4);
	smmu3_block(w->master[0], 0);
	w->at[0][0] = NULL;
	attach(test, w, 3, 1, w->domain[1], 0);
	check_flushes(test, w);
	attach(test, w, 0, 0, w->domain[1], 0);
	check_flushes(test, w);
	end_world(w);
}

static struct kunit_case targets_cases[] = {
	KUNIT_CASE(any_history),
	KUNIT_CASE(refused_beside),
	{}
};

static struct kunit_suite targets_suite = {
	.name = "smmu3_targets",
	.test_cases = targets_cases,
};

kunit_test_suite(targets_suite);
