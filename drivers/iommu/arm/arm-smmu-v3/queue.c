// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory and registers of the queues (Arm IHI 0070 3.5, 6.3.25 to 6.3.33).
 *
 * Laws: memory is allocated once and stays as long as the SMMU's device is bound;
 * registers are written only while the queues are disabled, at probe and at every
 * resume, and nothing that was queued before survives that.
 */
#include <linux/dma-mapping.h>
#include <linux/time64.h>

#include "smmu.h"

/*
 * PCIe lets a device take 90 s to answer an invalidation (10.3.1), and a CMD_SYNC
 * waits for it.  What takes longer is the SMMU, not the device.
 */
#define CMDQ_PATIENCE_NS	(120 * (u64)NSEC_PER_SEC)

/*
 * The SMMU takes the queue to be aligned to its size, which the DMA API's
 * power-of-two allocations are.
 */
static int alloc_ring(struct smmu3_device *smmu, struct smmu3_ring *r,
		      u8 shift, u8 entry_shift, const char *name)
{
	u8 least = PAGE_SHIFT - entry_shift;
	u8 wanted = shift;

	for (;; shift--) {
		r->mem = dmam_alloc_coherent(smmu->dev,
					     BIT(shift + entry_shift), &r->dma,
					     GFP_KERNEL | __GFP_NOWARN);
		if (r->mem || shift <= least)
			break;
	}
	if (!r->mem) {
		dev_err(smmu->dev, "no memory for %lu bytes of %s queue\n",
			BIT(shift + entry_shift), name);
		return -ENOMEM;
	}
	if (shift != wanted)
		dev_info(smmu->dev, "%s queue has %lu entries, for want of memory\n",
			 name, BIT(shift));
	r->shift = shift;
	r->entry_shift = entry_shift;
	return 0;
}

/* What the queue needs besides the ring; positions stay what they are. */
static int alloc_cmdq(struct smmu3_device *smmu)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	size_t words;

	words = DIV_ROUND_UP(smmu3_ring_size(&q->ring), BITS_PER_LONG);
	q->ready = devm_kcalloc(smmu->dev, words, sizeof(*q->ready), GFP_KERNEL);
	if (!q->ready)
		return -ENOMEM;
	q->msi = smmu->options & SMMU3_OPT_MSIPOLL;
	if (!q->msi)
		return 0;
	q->done = dmam_alloc_coherent(smmu->dev,
				      smmu3_ring_size(&q->ring) * sizeof(u32),
				      &q->done_dma, GFP_KERNEL);
	return q->done ? 0 : -ENOMEM;
}

static int init_cmdq(struct smmu3_device *smmu)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	int ret;

	/* A command and its CMD_SYNC must fit. */
	if (!smmu->cmdq_shift) {
		dev_err(smmu->dev, "a command queue of one entry is of no use\n");
		return -ENXIO;
	}
	ret = alloc_ring(smmu, &q->ring,
			 min_t(u8, smmu->cmdq_shift, SMMU3_CMDQ_MAX_SHIFT),
			 SMMU3_CMD_SHIFT, "command");
	if (ret)
		return ret;
	q->ring.base = smmu->base + SMMU3_CMDQ_BASE;
	q->ring.prod = smmu->base + SMMU3_CMDQ_PROD;
	q->ring.cons = smmu->base + SMMU3_CMDQ_CONS;
	q->patience_ns = CMDQ_PATIENCE_NS;
	raw_spin_lock_init(&q->error_lock);
	return alloc_cmdq(smmu);
}

static int init_inq(struct smmu3_device *smmu, struct smmu3_inq *q, u8 shift,
		    u8 entry_shift, unsigned int base, unsigned int prod,
		    unsigned int cons, const char *name)
{
	int ret;

	ret = alloc_ring(smmu, &q->ring, shift, entry_shift, name);
	if (ret)
		return ret;
	q->ring.base = smmu->base + base;
	q->ring.prod = smmu->page1 + prod;
	q->ring.cons = smmu->page1 + cons;
	mutex_init(&q->lock);
	ratelimit_state_init(&q->rs, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	return 0;
}

/**
 * smmu3_queues_init() - allocate the queues
 * @smmu: the SMMU, with registers, features, options and sizes of the queues
 *
 * Context: May sleep; at probe.
 * Return: 0; -ENOMEM; -ENXIO if a queue is too small to be used.
 */
int smmu3_queues_init(struct smmu3_device *smmu)
{
	int ret;

	ret = init_cmdq(smmu);
	if (ret)
		return ret;
	ret = init_inq(smmu, &smmu->q.evtq,
		       min_t(u8, smmu->evtq_shift, SMMU3_EVTQ_MAX_SHIFT),
		       SMMU3_EVT_SHIFT, SMMU3_EVENTQ_BASE, SMMU3_EVENTQ_PROD,
		       SMMU3_EVENTQ_CONS, "event");
	if (ret || !(smmu->features & SMMU3_FEAT_PRI))
		return ret;
	return init_inq(smmu, &smmu->q.priq,
			min_t(u8, smmu->priq_shift, SMMU3_PRIQ_MAX_SHIFT),
			SMMU3_PRI_SHIFT, SMMU3_PRIQ_BASE, SMMU3_PRIQ_PROD,
			SMMU3_PRIQ_CONS, "PRI");
}

static void write_base(const struct smmu3_ring *r)
{
	writeq(Q_BASE_RWA | (r->dma & Q_BASE_ADDR) |
	       FIELD_PREP(Q_BASE_LOG2SIZE, r->shift), r->base);
}

/*
 * Slots that were reserved were marked ready as well, so the bits of the tail's
 * lap are right, and the queue may go on where it stopped.
 */
static void write_cmdq(struct smmu3_cmdq *q)
{
	u64 tail = atomic64_read(&q->tail);

	atomic64_set(&q->head, tail);
	q->published = tail;
	q->aborts = 0;
	write_base(&q->ring);
	writel(smmu3_ring_index(&q->ring, tail), q->ring.prod);
	writel(smmu3_ring_index(&q->ring, tail), q->ring.cons);
	WRITE_ONCE(q->state, SMMU3_CMDQ_ON);
}

static void write_inq(struct smmu3_inq *q)
{
	guard(mutex)(&q->lock);
	q->cons = 0;
	write_base(&q->ring);
	writel(0, q->ring.prod);
	writel(0, q->ring.cons);
}

/**
 * smmu3_queues_write() - tell the hardware where its queues are, all empty
 * @smmu: the SMMU, with its queues disabled (CR0)
 *
 * Commands are accepted from then on; the caller enables the queue before it
 * submits the first one.
 *
 * Context: May sleep; nobody submits.
 */
void smmu3_queues_write(struct smmu3_device *smmu)
{
	write_cmdq(&smmu->q.cmdq);
	write_inq(&smmu->q.evtq);
	if (smmu->features & SMMU3_FEAT_PRI)
		write_inq(&smmu->q.priq);
}

/**
 * smmu3_queues_stop() - accept no commands any more
 * @smmu: the SMMU, about to be disabled
 *
 * Submitting fails with -ENODEV until smmu3_queues_write().  Caches are empty
 * after that, so nothing has to be made up for.
 *
 * Context: Any.
 */
void smmu3_queues_stop(struct smmu3_device *smmu)
{
	WRITE_ONCE(smmu->q.cmdq.state, SMMU3_CMDQ_OFF);
}
