// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue against a model of the hardware, from all CPUs at once.
 *
 * Every sender numbers its commands.  Whatever the order between senders, the
 * hardware has to see each number once and in order, and a wait may end only
 * after the hardware has executed all that its sender has sent.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "model_test.h"

#define STRESS_WHO	5	/* the last one sends from interrupts */
#define STRESS_ROUNDS	1500

struct stress;

/**
 * struct sender - one of those who hand in numbered commands
 * @s: the run
 * @who: its number
 * @rnd: its dice
 * @next: the next number to send
 * @seen: the next number that the hardware expects; written by the model
 * @early: how often a wait ended before its commands were executed
 * @result: how often a submission returned something else than it should have
 * @done: it has ended
 */
struct sender {
	struct stress *s;
	unsigned int who;
	struct rnd_state rnd;
	u64 next;
	u64 seen;
	unsigned long early;
	unsigned long result;
	struct completion done;
};

/**
 * struct stress - a run
 * @m: the hardware
 * @sender: those who send
 * @disorder: commands that came twice, too late, or never
 * @refuse: some commands are refused
 */
struct stress {
	struct smmu3_model *m;
	struct sender sender[STRESS_WHO];
	unsigned long disorder;
	bool refuse;
};

/* Played by one CPU at a time. */
static void stress_executed(struct smmu3_model *m, struct smmu3_cmd cmd)
{
	struct stress *s = m->data;
	u32 who = FIELD_GET(CMD0_SID, cmd.qw[0]);

	if (smmu3_cmd_opcode(cmd) == CMD_SYNC)
		return;
	if (smmu3_cmd_opcode(cmd) != CMD_CFGI_STE || who >= STRESS_WHO ||
	    s->sender[who].seen != cmd.qw[1])
		s->disorder++;
	else
		WRITE_ONCE(s->sender[who].seen, cmd.qw[1] + 1);
}

/* One batch.  The bad commands are not numbered: they never come out. */
static void stress_submit(void *data)
{
	struct sender *sender = data;
	struct smmu3_device *smmu = &sender->s->m->smmu;
	u32 dice = prandom_u32_state(&sender->rnd), before;
	bool sync = dice & 7, bad = sender->s->refuse && !(dice >> 3 & 31);
	unsigned int n = 1 + (dice >> 8) % 20, i;
	struct smmu3_batch b;
	int ret;

	before = READ_ONCE(smmu->q.cmdq.errors);
	smmu3_batch_init(&b, smmu);
	for (i = 0; i < n; i++) {
		if (bad && i == n / 2)
			smmu3_batch_add(&b, model_bad(sender->who));
		smmu3_batch_add(&b, model_numbered(sender->who, sender->next++));
	}
	ret = smmu3_batch_submit(&b, sync);
	if (!sync) {
		sender->result += ret != 0;
		return;
	}
	sender->early += READ_ONCE(sender->seen) != sender->next;
	if (bad)
		sender->result += ret != -EIO;
	else if (ret)
		/* Only where more was refused than is remembered. */
		sender->result += ret != -EIO ||
				  READ_ONCE(smmu->q.cmdq.errors) - before <=
				  SMMU3_CMDQ_ERRORS;
}

static int stress_thread(void *data)
{
	struct sender *sender = data;
	unsigned int i;

	for (i = 0; i < STRESS_ROUNDS; i++) {
		if (sender->who == STRESS_WHO - 1)
			smp_call_function_any(cpumask_of(i % num_online_cpus()),
					      stress_submit, sender, true);
		else
			stress_submit(sender);
		cond_resched();
	}
	complete(&sender->done);
	return 0;
}

static void stress_start(struct kunit *test, struct stress *s)
{
	struct task_struct *task;
	unsigned int i, started = 0;

	for (i = 0; i < STRESS_WHO; i++) {
		s->sender[i].s = s;
		s->sender[i].who = i;
		prandom_seed_state(&s->sender[i].rnd, 1000 + i);
		init_completion(&s->sender[i].done);
		task = kthread_create_on_cpu(stress_thread, &s->sender[i],
					     i % num_online_cpus(), "smmu3/%u");
		if (IS_ERR(task))
			break;
		wake_up_process(task);
		started++;
	}
	for (i = 0; i < started; i++)
		wait_for_completion(&s->sender[i].done);
	KUNIT_ASSERT_EQ(test, started, STRESS_WHO);
}

static void stress(struct kunit *test, u8 shift, bool msi, bool refuse)
{
	struct smmu3_model *m = model_start(test, shift, msi);
	struct stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->m = m;
	s->refuse = refuse;
	m->data = s;
	m->executed = stress_executed;
	m->step = 13;
	stress_start(test, s);
	do {
		model_drain(m);
		smmu3_cmdq_check_error(&m->smmu);
	} while (model_read(m, SMMU3_CMDQ_PROD) !=
		 (model_read(m, SMMU3_CMDQ_CONS) & ~CMDQ_CONS_ERR));
	for (i = 0; i < STRESS_WHO; i++) {
		KUNIT_EXPECT_EQ(test, s->sender[i].seen, s->sender[i].next);
		KUNIT_EXPECT_EQ(test, s->sender[i].early, 0);
		KUNIT_EXPECT_EQ(test, s->sender[i].result, 0);
	}
	KUNIT_EXPECT_EQ(test, s->disorder, 0);
	KUNIT_EXPECT_EQ(test, m->wrong, 0);
	KUNIT_EXPECT_EQ(test, m->smmu.q.cmdq.errors, m->errors);
	KUNIT_EXPECT_EQ(test, m->errors > 0, refuse);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->smmu.q.cmdq.tail), m->count);
	kunit_info(test, "%lu commands, %lu waits, %lu refused\n", m->count,
		   m->syncs, m->errors);
}

static void stress_msi(struct kunit *test)
{
	stress(test, 8, true, false);
}

static void stress_polling(struct kunit *test)
{
	stress(test, 8, false, false);
}

/* Hardly room for two batches: everybody waits for room. */
static void stress_small(struct kunit *test)
{
	stress(test, 5, true, false);
	stress(test, 5, false, false);
}

static void stress_refused(struct kunit *test)
{
	stress(test, 7, true, true);
	stress(test, 7, false, true);
}

static struct kunit_case stress_cases[] = {
	KUNIT_CASE_SLOW(stress_msi),
	KUNIT_CASE_SLOW(stress_polling),
	KUNIT_CASE_SLOW(stress_small),
	KUNIT_CASE_SLOW(stress_refused),
	{}
};

static struct kunit_suite stress_suite = {
	.name = "smmu3_cmdq_stress",
	.test_cases = stress_cases,
};

kunit_test_suite(stress_suite);
