// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue: handing in commands and waiting for them.
 *
 * Laws: see the top of queue.h.  Nobody waits for ever: a queue that stands still
 * is complained of, then declared dead, after which commands are refused at once.
 * A command that hardware refuses is replaced by one that does nothing, its
 * submitter is told, and the others go on; whoever waits looks for such errors
 * itself, because the interrupt may be waiting for the same CPU.
 */
#include <linux/bitops.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>

#include "smmu.h"

/* A queue that stands still is complained of before it is given up. */
#define COMPLAIN_NS		(10 * (u64)NSEC_PER_SEC)

/* Looks at the queue per look at the error register. */
#define SPINS_PER_CHECK		256

/* A command that cannot be read is tried this often. */
#define ABORT_TRIES		3

static const char *cmd_name(u64 qw0)
{
	static const char * const names[] = {
		[CMD_PREFETCH_CONFIG] = "PREFETCH_CONFIG",
		[CMD_CFGI_STE] = "CFGI_STE",
		[CMD_CFGI_STE_RANGE] = "CFGI_STE_RANGE",
		[CMD_CFGI_CD] = "CFGI_CD", [CMD_CFGI_CD_ALL] = "CFGI_CD_ALL",
		[CMD_TLBI_NH_ALL] = "TLBI_NH_ALL",
		[CMD_TLBI_NH_ASID] = "TLBI_NH_ASID",
		[CMD_TLBI_NH_VA] = "TLBI_NH_VA",
		[CMD_TLBI_NH_VAA] = "TLBI_NH_VAA",
		[CMD_TLBI_EL2_ALL] = "TLBI_EL2_ALL",
		[CMD_TLBI_EL2_ASID] = "TLBI_EL2_ASID",
		[CMD_TLBI_EL2_VA] = "TLBI_EL2_VA",
		[CMD_TLBI_EL2_VAA] = "TLBI_EL2_VAA",
		[CMD_TLBI_S12_VMALL] = "TLBI_S12_VMALL",
		[CMD_TLBI_S2_IPA] = "TLBI_S2_IPA",
		[CMD_TLBI_NSNH_ALL] = "TLBI_NSNH_ALL",
		[CMD_ATC_INV] = "ATC_INV", [CMD_PRI_RESP] = "PRI_RESP",
		[CMD_RESUME] = "RESUME", [CMD_STALL_TERM] = "STALL_TERM",
		[CMD_SYNC] = "SYNC",
	};
	unsigned int op = FIELD_GET(CMD0_OPCODE, qw0);

	return op < ARRAY_SIZE(names) && names[op] ? names[op] : "unknown";
}

/*
 * Slots: reserve, fill, mark ready
 */

static bool reserve(struct smmu3_cmdq *q, unsigned int n, u64 *pos)
{
	s64 tail = atomic64_read(&q->tail);

	do {
		/* Acquire: hardware has read the slots before we write them. */
		if (tail + n - atomic64_read_acquire(&q->head) >
		    (s64)smmu3_ring_size(&q->ring))
			return false;
	} while (!atomic64_try_cmpxchg_relaxed(&q->tail, &tail, tail + n));
	*pos = tail;
	return true;
}

static void write_slot(struct smmu3_cmdq *q, u64 pos, struct smmu3_cmd cmd)
{
	__le64 *at = smmu3_ring_entry(&q->ring, pos);

	at[0] = cpu_to_le64(cmd.qw[0]);
	at[1] = cpu_to_le64(cmd.qw[1]);
}

/* The number of a lap, from 1, as it comes back by MSI. */
static u32 lap_number(const struct smmu3_cmdq *q, u64 pos)
{
	return (pos >> q->ring.shift) + 1;
}

static void write_sync(struct smmu3_cmdq *q, u64 pos)
{
	u32 slot = smmu3_ring_slot(&q->ring, pos), lap = lap_number(q, pos);

	if (!q->msi) {
		write_slot(q, pos, smmu3_cmd_sync());
		return;
	}
	/*
	 * A word that was not written for 2^31 laps would look like one of the
	 * future.  Whoever still waits there for an earlier lap is done.
	 */
	WRITE_ONCE(q->done[slot], lap - 1);
	write_slot(q, pos, smmu3_cmd_sync_msi(q->done_dma + slot * sizeof(u32),
					      lap));
}

/* Change the ready bits of @n slots from @pos on. */
static void mark_ready(struct smmu3_cmdq *q, u64 pos, unsigned int n)
{
	unsigned int bit, take;
	u32 slot;

	lockdep_assert_irqs_disabled();
	/* Commands, and what they speak of, before the bits: see queue.h. */
	dma_wmb();
	for (; n; pos += take, n -= take) {
		slot = smmu3_ring_slot(&q->ring, pos);
		bit = slot % BITS_PER_LONG;
		take = min3(n, (unsigned int)(BITS_PER_LONG - bit),
			    (unsigned int)smmu3_ring_size(&q->ring) - slot);
		atomic_long_xor(GENMASK(bit + take - 1, bit),
				&q->ready[slot / BITS_PER_LONG]);
	}
}

/* How many slots from @pos to the end of their word are ready without a gap? */
static unsigned int count_ready(struct smmu3_cmdq *q, u64 pos)
{
	u32 slot = smmu3_ring_slot(&q->ring, pos);
	unsigned int bit = slot % BITS_PER_LONG, most;
	unsigned long word;

	word = atomic_long_read_acquire(&q->ready[slot / BITS_PER_LONG]);
	if (pos & smmu3_ring_size(&q->ring))
		word = ~word;
	word = ~(word >> bit);
	most = min(BITS_PER_LONG - bit,
		   (unsigned int)smmu3_ring_size(&q->ring) - slot);
	return word ? min_t(unsigned int, most, __ffs(word)) : most;
}

static u64 ready_end(struct smmu3_cmdq *q, u64 pos)
{
	unsigned int n;

	/* Ends at the tail at last: a slot is not ready for two laps at once. */
	while ((n = count_ready(q, pos)))
		pos += n;
	return pos;
}

/*
 * Tell the hardware of everything that is ready, unless somebody else is about
 * to.  With a full barrier between marking slots and looking whether anybody
 * publishes, and one between ceasing to publish and looking for slots, one of the
 * two sees the other: nothing is left behind.
 */
static void publish(struct smmu3_cmdq *q)
{
	u64 end;

	smp_mb();	/* ready bits before @publishing */
	do {
		if (atomic_read(&q->publishing) ||
		    atomic_xchg_acquire(&q->publishing, 1))
			return;
		end = ready_end(q, q->published);
		if (end != q->published) {
			WRITE_ONCE(q->published, end);
			writel(smmu3_ring_index(&q->ring, end), q->ring.prod);
		}
		atomic_set_release(&q->publishing, 0);
		smp_mb();	/* @publishing before ready bits */
	} while (count_ready(q, READ_ONCE(q->published)));
}

/*
 * Learn how far the hardware is.  CONS has only the low bits of its position, so
 * this finds the least position that is not before @head and has them; @head is
 * read first, so it is never more than the truth.
 */
static void look_at_cons(struct smmu3_cmdq *q)
{
	s64 head = atomic64_read_acquire(&q->head), now;
	u32 cons = readl(q->ring.cons);

	now = head + smmu3_ring_index(&q->ring, cons - head);
	/* A register that reads as all ones is no progress. */
	if (now - (s64)READ_ONCE(q->published) > 0)
		return;
	while (now > head &&
	       !atomic64_try_cmpxchg_release(&q->head, &head, now))
		;
}

/*
 * Errors (7.1): the queue stands at the command that CONS names, until the error
 * is acknowledged in GERRORN.
 */

static bool error_active(struct smmu3_device *smmu)
{
	return (readl(smmu->base + SMMU3_GERROR) ^
		readl(smmu->base + SMMU3_GERRORN)) & GERROR_CMDQ_ERR;
}

static void acknowledge(struct smmu3_device *smmu)
{
	u32 gerrorn = readl(smmu->base + SMMU3_GERRORN);

	writel(gerrorn ^ GERROR_CMDQ_ERR, smmu->base + SMMU3_GERRORN);
}

static void declare_dead(struct smmu3_device *smmu)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;

	if (cmpxchg(&q->state, SMMU3_CMDQ_ON, SMMU3_CMDQ_DEAD) == SMMU3_CMDQ_ON)
		dev_err(smmu->dev, "command queue is dead: caches are no longer invalidated\n");
}

/* Put a command that does nothing in the place of one that is refused. */
static void replace_command(struct smmu3_device *smmu, u64 pos, u32 error)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	__le64 *at = smmu3_ring_entry(&q->ring, pos);
	u64 qw0 = le64_to_cpu(at[0]);

	dev_err_ratelimited(smmu->dev, "command %s at slot %u is refused (error %u): %016llx %016llx; skipped\n",
			    cmd_name(qw0), smmu3_ring_slot(&q->ring, pos),
			    error, qw0, le64_to_cpu(at[1]));
	q->bad[q->errors % SMMU3_CMDQ_ERRORS] = pos;
	/* Release: with @bad; acquired by batch_result() through @error_lock. */
	smp_store_release(&q->errors, q->errors + 1);
	/* A refused CMD_SYNC writes nothing: do that for it, after the error. */
	if (q->msi && FIELD_GET(CMD0_OPCODE, qw0) == CMD_SYNC)
		/* Release: whoever sees it sees the error. */
		smp_store_release(&q->done[smmu3_ring_slot(&q->ring, pos)],
				  lap_number(q, pos));
	write_slot(q, pos, smmu3_cmd_sync());
}

/* The queue's memory does not answer: try again, but not for ever. */
static bool abort_is_final(struct smmu3_device *smmu, u64 pos)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;

	if (q->abort_at != pos)
		q->aborts = 0;
	q->abort_at = pos;
	dev_err_ratelimited(smmu->dev, "command at slot %u cannot be read; %s\n",
			    smmu3_ring_slot(&q->ring, pos),
			    q->aborts < ABORT_TRIES ? "trying again" : "given up");
	return q->aborts++ >= ABORT_TRIES;
}

/*
 * Some device did not answer the CMD_ATC_INVs before this CMD_SYNC, which will be
 * executed again.  Hardware does not tell which one; the commands may.
 */
static void atc_timed_out(struct smmu3_device *smmu, u64 pos)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	u64 at = pos, qw0, last_sid = U64_MAX;

	/* Before the CMD_SYNC can be completed: acknowledge() comes after. */
	smp_store_release(&q->atc_timeouts, q->atc_timeouts + 1);
	while (at-- && pos - at <= SMMU3_BATCH_MAX) {
		if (atomic64_read(&q->tail) - at > smmu3_ring_size(&q->ring))
			break;	/* the slot is somebody else's by now */
		qw0 = le64_to_cpu(*smmu3_ring_entry(&q->ring, at));
		if (FIELD_GET(CMD0_OPCODE, qw0) == CMD_SYNC)
			break;
		if (FIELD_GET(CMD0_OPCODE, qw0) != CMD_ATC_INV ||
		    FIELD_GET(CMD0_SID, qw0) == last_sid)
			continue;
		last_sid = FIELD_GET(CMD0_SID, qw0);
		dev_err_ratelimited(smmu->dev, "ATC invalidation timed out: stream 0x%llx may be the one that does not answer\n",
				    last_sid);
	}
	if (last_sid == U64_MAX)
		dev_err_ratelimited(smmu->dev, "ATC invalidation timed out: some device does not answer\n");
}

static void mend(struct smmu3_device *smmu)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	u32 error;
	u64 pos;

	lockdep_assert_held(&q->error_lock);

	error = FIELD_GET(CMDQ_CONS_ERR, readl(q->ring.cons));
	look_at_cons(q);
	pos = atomic64_read(&q->head);
	switch (error) {
	case CERROR_NONE:
		break;
	case CERROR_ABT:
		if (abort_is_final(smmu, pos)) {
			declare_dead(smmu);
			return;
		}
		break;
	case CERROR_ATC_INV_SYNC:
		atc_timed_out(smmu, pos);
		break;
	case CERROR_ILL:
	default:
		replace_command(smmu, pos, error);
		break;
	}
	acknowledge(smmu);	/* orders the new command before itself */
}

/**
 * smmu3_cmdq_check_error() - set a queue going again that an error stopped
 * @smmu: the SMMU
 *
 * Context: Any.
 */
void smmu3_cmdq_check_error(struct smmu3_device *smmu)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	unsigned long flags;

	if (likely(!error_active(smmu)) ||
	    READ_ONCE(q->state) != SMMU3_CMDQ_ON)
		return;
	raw_spin_lock_irqsave(&q->error_lock, flags);
	if (error_active(smmu))
		mend(smmu);
	raw_spin_unlock_irqrestore(&q->error_lock, flags);
}

/*
 * Waiting
 */

/* Time kept by somebody who waits for hardware. */
struct patience {
	u64 start;
	unsigned int spins;
	bool complained;
};

static void complain(struct smmu3_device *smmu, const char *what)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	u64 pos = atomic64_read(&q->head);
	const __le64 *at = smmu3_ring_entry(&q->ring, pos);

	dev_warn(smmu->dev, "waiting for %s: command queue stands at slot %u, PROD 0x%x CONS 0x%x, command %s: %016llx %016llx\n",
		 what, smmu3_ring_slot(&q->ring, pos), readl(q->ring.prod),
		 readl(q->ring.cons), cmd_name(le64_to_cpu(at[0])),
		 le64_to_cpu(at[0]), le64_to_cpu(at[1]));
}

/* Still willing to wait?  Says after a while what it waits for. */
static bool patient(struct smmu3_device *smmu, struct patience *p,
		    const char *what)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	u64 now = local_clock();

	if (!p->start)
		p->start = now;
	if (now - p->start < min(COMPLAIN_NS, q->patience_ns))
		return true;
	if (!p->complained) {
		p->complained = true;
		complain(smmu, what);
	}
	return now - p->start < q->patience_ns;
}

/* One step of a wait.  Return: 0; -ETIMEDOUT, -ENODEV: do not wait any longer. */
static int wait_step(struct smmu3_device *smmu, struct patience *p,
		     const char *what)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;

	if (IS_ENABLED(CONFIG_ARM_SMMU_V3_QUEUE_KUNIT_TEST) && q->relax)
		q->relax(q);
	else
		cpu_relax();
	if (likely(++p->spins % SPINS_PER_CHECK))
		return 0;
	smmu3_cmdq_check_error(smmu);
	if (READ_ONCE(q->state) == SMMU3_CMDQ_OFF)
		return -ENODEV;
	if (READ_ONCE(q->state) == SMMU3_CMDQ_ON && patient(smmu, p, what))
		return 0;
	declare_dead(smmu);
	return -ETIMEDOUT;
}

static int wait_room(struct smmu3_device *smmu, unsigned int n)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	struct patience p = {};
	int ret = 0;

	for (;;) {
		look_at_cons(q);
		if (ret || atomic64_read(&q->tail) + n - atomic64_read(&q->head) <=
		    (s64)smmu3_ring_size(&q->ring))
			return ret;
		ret = wait_step(smmu, &p, "room in the queue");
	}
}

static bool sync_is_done(struct smmu3_cmdq *q, u64 pos)
{
	u32 *done;

	if (!q->msi) {
		look_at_cons(q);
		return atomic64_read_acquire(&q->head) - (s64)pos > 0;
	}
	done = &q->done[smmu3_ring_slot(&q->ring, pos)];
	/* A later lap of the slot is as good. */
	return (s32)(smp_load_acquire(done) - lap_number(q, pos)) >= 0;
}

static int wait_sync(struct smmu3_device *smmu, u64 pos)
{
	struct patience p = {};
	int ret = 0;

	while (!sync_is_done(&smmu->q.cmdq, pos) && !ret)
		ret = wait_step(smmu, &p, "CMD_SYNC");
	return ret;
}

/*
 * Batches
 */

/* Reserve, fill, mark, publish.  Return: 0, or why the queue does not take it. */
static int push(struct smmu3_device *smmu, const struct smmu3_cmd *cmd,
		unsigned int n, bool sync, u64 *pos)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	unsigned int slots = n + sync, i;
	unsigned long flags;
	int ret;

	for (;;) {
		if (READ_ONCE(q->state) != SMMU3_CMDQ_ON)
			return READ_ONCE(q->state) == SMMU3_CMDQ_OFF ?
			       -ENODEV : -ETIMEDOUT;
		local_irq_save(flags);
		if (likely(reserve(q, slots, pos)))
			break;
		local_irq_restore(flags);
		ret = wait_room(smmu, slots);
		if (ret)
			return ret;
	}
	for (i = 0; i < n; i++)
		write_slot(q, *pos + i, cmd[i]);
	if (sync)
		write_sync(q, *pos + n);
	mark_ready(q, *pos, slots);
	publish(q);
	local_irq_restore(flags);
	return 0;
}

static bool force_sync(const struct smmu3_device *smmu)
{
	return smmu->options & SMMU3_OPT_CMDQ_FORCE_SYNC;
}

/* Push what is there, in pieces that the queue can hold. */
static int push_batch(struct smmu3_batch *b, bool sync, u64 *wait_for)
{
	struct smmu3_cmdq *q = &b->smmu->q.cmdq;
	unsigned int done = 0, n;
	bool last;
	u64 pos;
	int ret;

	do {
		n = min_t(u64, b->count - done, smmu3_ring_size(&q->ring) - 1);
		last = done + n == b->count;
		ret = push(b->smmu, b->cmd + done, n,
			   (sync && last) || force_sync(b->smmu), &pos);
		if (ret)
			break;
		if (!b->pushed)
			b->first = pos;
		b->pushed = true;
		*wait_for = pos + n;
		done += n;
	} while (!last);
	b->count = 0;
	return ret;
}

/* Was one of the commands between @first and @end refused? */
static bool was_refused(struct smmu3_cmdq *q, u32 since, u64 first, u64 end)
{
	unsigned long flags;
	bool found = false;
	u32 i;

	raw_spin_lock_irqsave(&q->error_lock, flags);
	/* More errors than are remembered: it may have been. */
	found = q->errors - since > SMMU3_CMDQ_ERRORS;
	for (i = since; i != q->errors && !found; i++)
		found = q->bad[i % SMMU3_CMDQ_ERRORS] - first <= end - first;
	raw_spin_unlock_irqrestore(&q->error_lock, flags);
	return found;
}

static int batch_result(struct smmu3_batch *b, u64 end)
{
	struct smmu3_cmdq *q = &b->smmu->q.cmdq;

	if (unlikely(READ_ONCE(q->errors) != b->errors) &&
	    was_refused(q, b->errors, b->first, end))
		return -EIO;
	if (unlikely(b->atc && READ_ONCE(q->atc_timeouts) != b->atc_timeouts))
		return -ETIMEDOUT;
	return 0;
}

/**
 * smmu3_batch_init() - begin to gather commands
 * @b: the batch
 * @smmu: where they go
 *
 * Context: Any.
 */
void smmu3_batch_init(struct smmu3_batch *b, struct smmu3_device *smmu)
{
	b->smmu = smmu;
	b->count = 0;
	b->pushed = false;
	b->atc = false;
	b->failed = 0;
	b->errors = READ_ONCE(smmu->q.cmdq.errors);
	b->atc_timeouts = READ_ONCE(smmu->q.cmdq.atc_timeouts);
}

/**
 * smmu3_batch_add() - gather one command
 * @b: the batch
 * @cmd: the command; smmu3_cmd_sync() keeps what follows from overtaking
 *
 * Context: Any.  A batch that is full is handed in, which may wait for room in
 * the queue, not for the commands.
 */
void smmu3_batch_add(struct smmu3_batch *b, struct smmu3_cmd cmd)
{
	u64 pos;

	if (b->count == SMMU3_BATCH_MAX && !b->failed)
		b->failed = push_batch(b, false, &pos);
	if (b->failed)
		return;
	b->atc |= smmu3_cmd_opcode(cmd) == CMD_ATC_INV;
	b->cmd[b->count++] = cmd;
}

/**
 * smmu3_batch_submit() - hand in what has been gathered
 * @b: the batch; as smmu3_batch_init() made it, afterwards
 * @sync: wait until the hardware has completed all of it
 *
 * The log says what went wrong.  A batch of more than %SMMU3_BATCH_MAX may be told
 * of a refused command that another CPU handed in between its own.
 *
 * Context: Any; spins until the hardware is done or its deadline has passed.
 * Return: 0; -EIO if hardware refused a command (the others were executed);
 * -ETIMEDOUT if the queue, or a device whose ATC was to be invalidated, does not
 * answer; -ENODEV while the SMMU is off.  Without @sync only what is known when
 * the commands are handed in.
 */
int smmu3_batch_submit(struct smmu3_batch *b, bool sync)
{
	struct smmu3_device *smmu = b->smmu;
	int ret = b->failed;
	u64 end = 0;

	if (!ret && (b->count || (sync && b->pushed)))
		ret = push_batch(b, sync, &end);
	if (!ret && sync && b->pushed)
		ret = wait_sync(smmu, end) ?: batch_result(b, end);
	smmu3_batch_init(b, smmu);
	return ret;
}

/**
 * smmu3_cmd_submit() - have one command executed, and wait
 * @smmu: the SMMU
 * @cmd: the command, but no CMD_SYNC
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_cmd_submit(struct smmu3_device *smmu, struct smmu3_cmd cmd)
{
	struct smmu3_batch b __uninitialized;

	smmu3_batch_init(&b, smmu);
	smmu3_batch_add(&b, cmd);
	return smmu3_batch_submit(&b, true);
}
