/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SMMU without hardware, for tests: its registers and queues are memory, and
 * whoever waits for it plays the hardware, some commands at a time.
 */
#ifndef _ARM_SMMU3_MODEL_TEST_H
#define _ARM_SMMU3_MODEL_TEST_H

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "smmu.h"

#define MODEL_LOG	1024
#define MODEL_BAD	0xff	/* an opcode that hardware refuses */
/* Where the SMMU sees the words of CMD_SYNC. */
#define MODEL_DONE_DMA	0x12340000ULL

/**
 * struct smmu3_model - the hardware
 * @smmu: what the driver knows of it
 * @step: commands to execute per look of somebody who waits
 * @dead: it does nothing
 * @aborts: reads of commands that will fail
 * @atc_timeouts: CMD_SYNCs that will fail
 * @refuse_sync: CMD_SYNCs with an MSI that will be refused
 * @count: commands executed
 * @syncs: CMD_SYNCs among them
 * @errors: how often the queue stopped
 * @wrong: how often the driver broke the rules of the queue
 * @atc_pending: a CMD_ATC_INV was executed after the last CMD_SYNC
 * @cmd: the first commands that were executed
 * @executed: called for every command, or NULL
 * @data: for @executed
 * @lock: one CPU plays at a time
 */
struct smmu3_model {
	struct smmu3_device smmu;
	unsigned int step;
	bool dead;
	unsigned int aborts;
	unsigned int atc_timeouts;
	unsigned int refuse_sync;
	unsigned long count;
	unsigned long syncs;
	unsigned long errors;
	unsigned long wrong;
	bool atc_pending;
	struct smmu3_cmd cmd[MODEL_LOG];
	void (*executed)(struct smmu3_model *m, struct smmu3_cmd cmd);
	void *data;
	raw_spinlock_t lock;
};

/* A command that hardware refuses. */
static inline struct smmu3_cmd model_bad(u64 data)
{
	return (struct smmu3_cmd) { .qw = { MODEL_BAD, data } };
}

/* A command that says who sent it, and which of his it is. */
static inline struct smmu3_cmd model_numbered(u32 who, u64 number)
{
	struct smmu3_cmd cmd = smmu3_cmd_cfgi_ste(who, false);

	cmd.qw[1] = number;
	return cmd;
}

static inline u32 model_read(struct smmu3_model *m, u32 reg)
{
	return readl(m->smmu.base + reg);
}

static inline void model_write(struct smmu3_model *m, u32 reg, u32 val)
{
	writel(val, m->smmu.base + reg);
}

static inline bool model_stopped(struct smmu3_model *m)
{
	return (model_read(m, SMMU3_GERROR) ^ model_read(m, SMMU3_GERRORN)) &
	       GERROR_CMDQ_ERR;
}

/* Stop at the current command. */
static inline void model_raise(struct smmu3_model *m, u32 error)
{
	u32 cons = model_read(m, SMMU3_CMDQ_CONS) & ~CMDQ_CONS_ERR;

	m->errors++;
	model_write(m, SMMU3_CMDQ_CONS, cons | FIELD_PREP(CMDQ_CONS_ERR, error));
	model_write(m, SMMU3_GERROR,
		    model_read(m, SMMU3_GERROR) ^ GERROR_CMDQ_ERR);
}

static inline void model_complete(struct smmu3_model *m, struct smmu3_cmd cmd)
{
	struct smmu3_cmdq *q = &m->smmu.q.cmdq;
	u64 word;

	m->syncs++;
	m->atc_pending = false;
	if (FIELD_GET(CMD0_SYNC_CS, cmd.qw[0]) != SYNC_CS_IRQ)
		return;
	word = ((cmd.qw[1] & CMD1_SYNC_MSIADDR) - MODEL_DONE_DMA) / sizeof(u32);
	if (word >= smmu3_ring_size(&q->ring))
		m->wrong++;
	else
		/* After what the command was to wait for, as the write of hardware. */
		smp_store_release(&q->done[word],
				  FIELD_GET(CMD0_SYNC_MSIDATA, cmd.qw[0]));
}

/* Return: the error that the command ends in, or CERROR_NONE. */
static inline u32 model_error(struct smmu3_model *m, struct smmu3_cmd cmd)
{
	bool sync = smmu3_cmd_opcode(cmd) == CMD_SYNC;

	if (m->aborts) {
		m->aborts--;
		return CERROR_ABT;
	}
	if (smmu3_cmd_opcode(cmd) == MODEL_BAD)
		return CERROR_ILL;
	if (sync && m->atc_pending && m->atc_timeouts) {
		m->atc_timeouts--;
		return CERROR_ATC_INV_SYNC;
	}
	if (sync && m->refuse_sync &&
	    FIELD_GET(CMD0_SYNC_CS, cmd.qw[0]) == SYNC_CS_IRQ) {
		m->refuse_sync--;
		return CERROR_ILL;
	}
	return CERROR_NONE;
}

static inline void model_execute(struct smmu3_model *m, struct smmu3_cmd cmd)
{
	if (m->count < MODEL_LOG)
		m->cmd[m->count] = cmd;
	m->count++;
	if (smmu3_cmd_opcode(cmd) == CMD_SYNC)
		model_complete(m, cmd);
	m->atc_pending |= smmu3_cmd_opcode(cmd) == CMD_ATC_INV;
	if (m->executed)
		m->executed(m, cmd);
}

/* One command; false: there is none, or it cannot be executed. */
static inline bool model_step(struct smmu3_model *m)
{
	struct smmu3_ring *r = &m->smmu.q.cmdq.ring;
	u32 prod = model_read(m, SMMU3_CMDQ_PROD);
	u32 cons = model_read(m, SMMU3_CMDQ_CONS) & ~CMDQ_CONS_ERR;
	struct smmu3_cmd cmd;
	u32 error;

	if (m->dead || model_stopped(m) || prod == cons)
		return false;
	/* Wrap bits and index: never more than the queue holds. */
	if (prod != smmu3_ring_index(r, prod) ||
	    smmu3_ring_index(r, prod - cons) > smmu3_ring_size(r))
		m->wrong++;
	cmd.qw[0] = le64_to_cpu(smmu3_ring_entry(r, cons)[0]);
	cmd.qw[1] = le64_to_cpu(smmu3_ring_entry(r, cons)[1]);
	error = model_error(m, cmd);
	if (error != CERROR_NONE) {
		model_raise(m, error);
		return false;
	}
	/* Hardware does not look at a slot again. */
	memset(smmu3_ring_entry(r, cons), MODEL_BAD, sizeof(cmd));
	model_execute(m, cmd);
	model_write(m, SMMU3_CMDQ_CONS, smmu3_ring_index(r, cons + 1));
	return true;
}

static inline void model_relax(struct smmu3_cmdq *q)
{
	struct smmu3_model *m = container_of(q, struct smmu3_model, smmu.q.cmdq);
	unsigned long flags;
	unsigned int i;

	if (raw_spin_trylock_irqsave(&m->lock, flags)) {
		for (i = 0; i < m->step && model_step(m); i++)
			;
		raw_spin_unlock_irqrestore(&m->lock, flags);
	}
	/* An invalidation waits in an RCU section. */
	if (!irqs_disabled() && in_task() && !rcu_preempt_depth())
		cond_resched();
}

/* Have everything executed that was handed in without waiting. */
static inline void model_drain(struct smmu3_model *m)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&m->lock, flags);
	while (model_step(m))
		;
	raw_spin_unlock_irqrestore(&m->lock, flags);
}

static inline void model_reset(struct smmu3_model *m)
{
	m->count = 0;
	m->syncs = 0;
	m->errors = 0;
}

static inline void *model_ring(struct kunit *test, struct smmu3_ring *r,
			       u8 shift, u8 entry_shift)
{
	r->shift = shift;
	r->entry_shift = entry_shift;
	r->mem = kunit_kzalloc(test, BIT(shift + entry_shift), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->mem);
	return r->mem;
}

static inline void model_cmdq(struct kunit *test, struct smmu3_model *m,
			      u8 shift, bool msi)
{
	struct smmu3_cmdq *q = &m->smmu.q.cmdq;

	model_ring(test, &q->ring, shift, SMMU3_CMD_SHIFT);
	q->ring.base = m->smmu.base + SMMU3_CMDQ_BASE;
	q->ring.prod = m->smmu.base + SMMU3_CMDQ_PROD;
	q->ring.cons = m->smmu.base + SMMU3_CMDQ_CONS;
	q->ready = kunit_kcalloc(test, BITS_TO_LONGS(BIT(shift)),
				 sizeof(*q->ready), GFP_KERNEL);
	q->done = kunit_kcalloc(test, BIT(shift), sizeof(u32), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q->ready);
	KUNIT_ASSERT_NOT_NULL(test, q->done);
	q->done_dma = MODEL_DONE_DMA;
	q->msi = msi;
	q->patience_ns = 20 * (u64)NSEC_PER_SEC;
	q->relax = model_relax;
	raw_spin_lock_init(&q->error_lock);
	q->state = SMMU3_CMDQ_ON;
}

static inline void model_inq(struct kunit *test, struct smmu3_model *m,
			     struct smmu3_inq *q, u8 shift, u8 entry_shift,
			     u32 prod, u32 cons)
{
	model_ring(test, &q->ring, shift, entry_shift);
	q->ring.prod = m->smmu.page1 + prod;
	q->ring.cons = m->smmu.page1 + cons;
	mutex_init(&q->lock);
	ratelimit_state_init(&q->rs, HZ, 1000);
}

static inline void model_stop(void *data)
{
	struct smmu3_model *m = data;

	xa_destroy(&m->smmu.streams);
}

/* An SMMU with a command queue of 2^@shift entries. */
static inline struct smmu3_model *model_start(struct kunit *test, u8 shift,
					      bool msi)
{
	struct smmu3_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	void *reg = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	static unsigned int nr;
	char name[32];

	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_NOT_NULL(test, reg);
	m->smmu.base = (void __iomem __force *)reg;
	m->smmu.page1 = m->smmu.base + PAGE_SIZE;
	snprintf(name, sizeof(name), "model-smmu.%u", nr++);
	m->smmu.dev = kunit_device_register(test, name);
	KUNIT_ASSERT_FALSE(test, IS_ERR(m->smmu.dev));
	m->step = 1;
	raw_spin_lock_init(&m->lock);
	xa_init(&m->smmu.streams);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, model_stop, m));
	model_cmdq(test, m, shift, msi);
	return m;
}

#endif /* _ARM_SMMU3_MODEL_TEST_H */
