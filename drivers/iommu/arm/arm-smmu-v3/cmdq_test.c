// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue against a model of the hardware, from one CPU.
 */
#include <linux/prandom.h>
#include <linux/slab.h>

#include "model_test.h"

static void expect_cmd(struct kunit *test, struct smmu3_cmd cmd, u64 qw0, u64 qw1)
{
	KUNIT_EXPECT_EQ(test, cmd.qw[0], qw0);
	KUNIT_EXPECT_EQ(test, cmd.qw[1], qw1);
}

static void builders(struct kunit *test)
{
	expect_cmd(test, smmu3_cmd_cfgi_ste(0x1234, true),
		   0x0000123400000003ULL, 1);
	expect_cmd(test, smmu3_cmd_cfgi_all(), 0x4, 31);
	expect_cmd(test, smmu3_cmd_cfgi_cd(0x1234, 0x56789, false),
		   0x0000123456789005ULL, 0);
	expect_cmd(test, smmu3_cmd_cfgi_cd_all(0x1234), 0x0000123400000006ULL, 0);
	expect_cmd(test, smmu3_cmd_tlbi(CMD_TLBI_NH_ASID, 0xabcd, 0x1234),
		   0xabcd123400000011ULL, 0);
	expect_cmd(test, smmu3_cmd_atc_inv(0x10, 0, 0x5000, 0),
		   0x0000001000000040ULL, 0x5000);
	expect_cmd(test, smmu3_cmd_atc_inv(0x10, 0x56789, 0x8000, 3),
		   0x0000001056789840ULL, 0x8003);
	expect_cmd(test, smmu3_cmd_atc_inv_global(0x10), 0x0000001000000a40ULL,
		   52);
	expect_cmd(test, smmu3_cmd_pri_resp(0x10, 0x5, true, 0x1ff,
					    PRI_RESP_SUCCESS),
		   0x0000001000005841ULL, 0x21ff);
	expect_cmd(test, smmu3_cmd_pri_resp(0x10, 0x5, false, 1,
					    PRI_RESP_INVALID),
		   0x0000001000000041ULL, 0x1001);
	expect_cmd(test, smmu3_cmd_resume(0x10, 0xbeef, RESUME_RETRY),
		   0x0000001000001044ULL, 0xbeef);
	expect_cmd(test, smmu3_cmd_resume(0x10, 1, RESUME_ABORT),
		   0x0000001000002044ULL, 1);
	expect_cmd(test, smmu3_cmd_stall_term(0x10), 0x0000001000000045ULL, 0);
	expect_cmd(test, smmu3_cmd_sync(), 0x46, 0);
	expect_cmd(test, smmu3_cmd_sync_msi(0x12345678, 7), 0x70fc01046ULL,
		   0x12345678);
}

static void submit(struct kunit *test, bool msi)
{
	struct smmu3_model *m = model_start(test, 4, msi);
	struct smmu3_batch b;
	unsigned int i;

	/* Nothing is nothing, not even a CMD_SYNC. */
	smmu3_batch_init(&b, &m->smmu);
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), 0);
	KUNIT_EXPECT_EQ(test, m->count, 0);

	for (i = 0; i < 3; i++)
		smmu3_batch_add(&b, model_numbered(1, i));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), 0);
	KUNIT_EXPECT_EQ(test, m->count, 4);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, m->cmd[i].qw[1], i);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_opcode(m->cmd[3]), CMD_SYNC);

	/* Without waiting: published, not executed yet. */
	smmu3_batch_add(&b, model_numbered(1, 3));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, false), 0);
	KUNIT_EXPECT_EQ(test, m->count, 4);
	KUNIT_EXPECT_EQ(test, model_read(m, SMMU3_CMDQ_PROD), 5);
	model_drain(m);
	KUNIT_EXPECT_EQ(test, m->count, 5);

	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 4)), 0);
	KUNIT_EXPECT_EQ(test, m->count, 7);
	KUNIT_EXPECT_EQ(test, m->wrong, 0);
}

static void submit_msi(struct kunit *test)
{
	submit(test, true);
}

static void submit_polling(struct kunit *test)
{
	submit(test, false);
}

/*
 * Batches of all sizes through queues of all sizes, many laps: everything comes
 * out once and in order, with one wait each.
 */
static void laps(struct kunit *test, u8 shift, bool msi)
{
	struct smmu3_model *m = model_start(test, shift, msi);
	unsigned long before, number = 0, i, round;
	struct rnd_state rnd;
	struct smmu3_batch b;
	unsigned int n;

	prandom_seed_state(&rnd, shift);
	smmu3_batch_init(&b, &m->smmu);
	for (round = 0; round < 300; round++) {
		n = 1 + prandom_u32_state(&rnd) % 100;
		m->step = 1 + prandom_u32_state(&rnd) % 40;
		before = number;
		model_reset(m);
		for (i = 0; i < n; i++)
			smmu3_batch_add(&b, model_numbered(2, number++));
		KUNIT_ASSERT_EQ(test, smmu3_batch_submit(&b, true), 0);
		KUNIT_ASSERT_EQ(test, m->count, n + 1);
		KUNIT_ASSERT_EQ(test, m->syncs, 1);
		for (i = 0; i < n; i++)
			KUNIT_ASSERT_EQ(test, m->cmd[i].qw[1], before + i);
	}
	KUNIT_EXPECT_EQ(test, m->wrong, 0);
	KUNIT_EXPECT_GT(test, number, 10UL << shift);
}

static void laps_of_all_sizes(struct kunit *test)
{
	u8 shift;

	for (shift = 1; shift <= 9; shift++) {
		laps(test, shift, false);
		laps(test, shift, true);
	}
}

/* Begin in a late lap, an even one, with words that an early one has written. */
static void late_lap(struct kunit *test, u32 lap, u32 word)
{
	struct smmu3_model *m = model_start(test, 2, true);
	struct smmu3_cmdq *q = &m->smmu.q.cmdq;
	u64 start = (u64)lap << 2;
	unsigned int i;

	atomic64_set(&q->tail, start);
	atomic64_set(&q->head, start);
	q->published = start;
	model_write(m, SMMU3_CMDQ_PROD, smmu3_ring_index(&q->ring, start));
	model_write(m, SMMU3_CMDQ_CONS, smmu3_ring_index(&q->ring, start));
	for (i = 0; i < 4; i++)
		q->done[i] = word;
	for (i = 0; i < 40; i++) {
		KUNIT_ASSERT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, i)),
				0);
		KUNIT_ASSERT_EQ(test, m->count, 2 * (i + 1));
	}
}

/* The number of a lap comes back by MSI, and is only 32 bits wide. */
static void lap_numbers_wrap(struct kunit *test)
{
	late_lap(test, U32_MAX - 1, U32_MAX - 1);
	late_lap(test, BIT(31), 0);
	late_lap(test, BIT(31) + 6, 1);
}

/* A hardware that is restarted goes on where the queue stands. */
static void restart(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 3, true);
	unsigned int i;

	for (i = 0; i < 11; i++)
		KUNIT_ASSERT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, i)),
				0);
	smmu3_queues_stop(&m->smmu);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 99)),
			-ENODEV);
	model_reset(m);
	model_write(m, SMMU3_CMDQ_PROD, 0);
	model_write(m, SMMU3_CMDQ_CONS, 0);
	model_inq(test, m, &m->smmu.q.evtq, 2, SMMU3_EVT_SHIFT,
		  SMMU3_EVENTQ_PROD, SMMU3_EVENTQ_CONS);
	m->smmu.q.evtq.ring.base = m->smmu.base + SMMU3_EVENTQ_BASE;
	m->smmu.q.cmdq.ring.dma = 0x4000;
	smmu3_queues_write(&m->smmu);
	KUNIT_EXPECT_EQ(test, readq(m->smmu.base + SMMU3_CMDQ_BASE),
			Q_BASE_RWA | 0x4000 | 3);
	for (i = 0; i < 11; i++)
		KUNIT_ASSERT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, i)),
				0);
	KUNIT_EXPECT_EQ(test, m->count, 22);
	KUNIT_EXPECT_EQ(test, m->wrong, 0);
}

/* One CMD_SYNC per piece that is handed in, for hardware that wants it. */
static void forced_syncs(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 8, true);
	struct smmu3_batch b;
	unsigned int i;

	m->smmu.options = SMMU3_OPT_CMDQ_FORCE_SYNC;
	smmu3_batch_init(&b, &m->smmu);
	for (i = 0; i < 2 * SMMU3_BATCH_MAX + 1; i++)
		smmu3_batch_add(&b, model_numbered(1, i));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), 0);
	KUNIT_EXPECT_EQ(test, m->syncs, 3);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_opcode(m->cmd[SMMU3_BATCH_MAX]), CMD_SYNC);
	smmu3_batch_add(&b, model_numbered(1, i));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, false), 0);
	model_drain(m);
	KUNIT_EXPECT_EQ(test, m->syncs, 4);
}

/* A refused command: the others are executed, and its sender is told. */
static void refused(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, true);
	struct smmu3_batch b;
	unsigned int i;

	smmu3_batch_init(&b, &m->smmu);
	smmu3_batch_add(&b, model_numbered(1, 0));
	smmu3_batch_add(&b, model_bad(1));
	smmu3_batch_add(&b, model_numbered(1, 2));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), -EIO);
	KUNIT_EXPECT_EQ(test, m->errors, 1);
	KUNIT_EXPECT_EQ(test, m->count, 4);
	/* In its place stood a CMD_SYNC that says nothing to anybody. */
	expect_cmd(test, m->cmd[1], CMD_SYNC, 0);
	KUNIT_EXPECT_EQ(test, m->cmd[2].qw[1], 2);

	/* Not the next one's fault. */
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 3)), 0);
	/* Nor that of one who found the queue stopped by another. */
	smmu3_batch_add(&b, model_bad(2));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, false), 0);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 4)), 0);
	KUNIT_EXPECT_EQ(test, m->errors, 2);

	/* All of them, more than are remembered. */
	for (i = 0; i < 2 * SMMU3_CMDQ_ERRORS; i++)
		smmu3_batch_add(&b, model_bad(i));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), -EIO);
	KUNIT_EXPECT_EQ(test, m->errors, 2 + 2 * SMMU3_CMDQ_ERRORS);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 5)), 0);
}

/* A refused CMD_SYNC does not leave its sender waiting. */
static void refused_sync(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, true);

	m->refuse_sync = 1;
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 0)), -EIO);
	KUNIT_EXPECT_EQ(test, m->errors, 1);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 1)), 0);
	KUNIT_EXPECT_EQ(test, m->count, 4);
}

/* The interrupt handler gets a stopped queue going when nobody waits. */
static void refused_interrupt(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, false);
	struct smmu3_batch b;

	smmu3_batch_init(&b, &m->smmu);
	smmu3_batch_add(&b, model_bad(0));
	smmu3_batch_add(&b, model_numbered(1, 1));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, false), 0);
	model_drain(m);
	KUNIT_EXPECT_TRUE(test, model_stopped(m));
	KUNIT_EXPECT_EQ(test, m->count, 0);
	smmu3_gerror_handle(&m->smmu);
	KUNIT_EXPECT_FALSE(test, model_stopped(m));
	model_drain(m);
	KUNIT_EXPECT_EQ(test, m->count, 2);
	/* Nothing more to do is nothing. */
	smmu3_gerror_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, m->errors, 1);
}

static void atc_timeout(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, true);
	struct smmu3_batch b;

	m->atc_timeouts = 2;
	smmu3_batch_init(&b, &m->smmu);
	smmu3_batch_add(&b, model_numbered(1, 0));
	smmu3_batch_add(&b, smmu3_cmd_atc_inv(0x10, 0, 0, 0));
	smmu3_batch_add(&b, smmu3_cmd_atc_inv(0x18, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), -ETIMEDOUT);
	/* The CMD_SYNC was executed again, and nothing was replaced. */
	KUNIT_EXPECT_EQ(test, m->errors, 2);
	KUNIT_EXPECT_EQ(test, m->count, 4);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_opcode(m->cmd[2]), CMD_ATC_INV);

	smmu3_batch_add(&b, smmu3_cmd_atc_inv(0x10, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), 0);
	/* Those who did not ask for an ATC are not told of it. */
	m->atc_timeouts = 1;
	smmu3_batch_add(&b, smmu3_cmd_atc_inv(0x10, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, false), 0);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 1)), 0);
	KUNIT_EXPECT_EQ(test, m->errors, 3);
}

/* Memory that does not answer for a while, and memory that never does. */
static void aborts(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, true);

	m->aborts = 3;
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 0)), 0);
	KUNIT_EXPECT_EQ(test, m->errors, 3);
	m->aborts = UINT_MAX;
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 1)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, m->smmu.q.cmdq.state, SMMU3_CMDQ_DEAD);
	KUNIT_EXPECT_EQ(test, m->errors, 7);
}

/* Hardware does nothing: given up once, and not waited for again. */
static void dead(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, false);
	struct smmu3_cmdq *q = &m->smmu.q.cmdq;

	m->dead = true;
	q->patience_ns = 10 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 0)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, q->state, SMMU3_CMDQ_DEAD);
	m->dead = false;
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 1)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, m->count, 0);
}

/* The same with a queue that is full, for one who only wants to hand in. */
static void dead_and_full(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, true);
	struct smmu3_cmdq *q = &m->smmu.q.cmdq;
	struct smmu3_batch b;
	unsigned int i;

	m->dead = true;
	q->patience_ns = 10 * NSEC_PER_MSEC;
	smmu3_batch_init(&b, &m->smmu);
	for (i = 0; i < 16; i++) {
		smmu3_batch_add(&b, model_numbered(1, i));
		KUNIT_ASSERT_EQ(test, smmu3_batch_submit(&b, false), 0);
	}
	KUNIT_EXPECT_EQ(test, model_read(m, SMMU3_CMDQ_PROD), 16);
	smmu3_batch_add(&b, model_numbered(1, 16));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, false), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, model_read(m, SMMU3_CMDQ_PROD), 16);
	/* A batch that overflows says so in the end. */
	q->state = SMMU3_CMDQ_ON;
	for (i = 0; i < 3 * SMMU3_BATCH_MAX; i++)
		smmu3_batch_add(&b, model_numbered(1, i));
	KUNIT_EXPECT_EQ(test, smmu3_batch_submit(&b, true), -ETIMEDOUT);
}

/* Registers of an SMMU that lost its power read as ones: that is no progress. */
static void no_registers(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 4, false);

	m->dead = true;
	m->smmu.q.cmdq.patience_ns = 10 * NSEC_PER_MSEC;
	model_write(m, SMMU3_CMDQ_CONS, U32_MAX);
	KUNIT_EXPECT_EQ(test, smmu3_cmd_submit(&m->smmu, model_numbered(1, 0)),
			-ETIMEDOUT);
}

static struct kunit_case cmdq_cases[] = {
	KUNIT_CASE(builders),
	KUNIT_CASE(submit_msi),
	KUNIT_CASE(submit_polling),
	KUNIT_CASE(laps_of_all_sizes),
	KUNIT_CASE(lap_numbers_wrap),
	KUNIT_CASE(restart),
	KUNIT_CASE(forced_syncs),
	KUNIT_CASE(refused),
	KUNIT_CASE(refused_sync),
	KUNIT_CASE(refused_interrupt),
	KUNIT_CASE(atc_timeout),
	KUNIT_CASE(aborts),
	KUNIT_CASE(dead),
	KUNIT_CASE(dead_and_full),
	KUNIT_CASE(no_registers),
	{}
};

static struct kunit_suite cmdq_suite = {
	.name = "smmu3_cmdq",
	.test_cases = cmdq_cases,
};

kunit_test_suite(cmdq_suite);
