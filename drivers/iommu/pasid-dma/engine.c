// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submission of descriptors to the pasid-dma device.
 *
 * Law: one descriptor is under way at a time, and the engine's lock is held until
 * the device has completed it or is stopped.  So whoever has stopped the engine
 * knows that the device makes no request any more.
 */

#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>

#include "engine.h"

/* A megabyte takes milliseconds; an emulated machine can stall for seconds. */
#define TIMEOUT_MS	10000

/**
 * pdma_engine_init() - take over an engine that does nothing
 * @e: the engine
 * @dev: its device
 * @regs: its registers
 *
 * Context: any.
 */
void pdma_engine_init(struct pdma_engine *e, struct device *dev,
		      void __iomem *regs)
{
	e->dev = dev;
	e->regs = regs;
	mutex_init(&e->lock);
	init_completion(&e->done);
	writel(0, regs + REG_CONTROL);
}

/**
 * pdma_engine_start() - let an engine that is stopped take descriptors
 * @e: the engine
 * @ring: a page for the descriptors
 * @addr: where the device finds it, with requests without PASID
 *
 * Context: process context; takes @e->lock.
 */
void pdma_engine_start(struct pdma_engine *e, struct pdma_desc *ring, u64 addr)
{
	guard(mutex)(&e->lock);

	e->ring = ring;
	e->tail = 0;
	e->control |= CONTROL_RUN;
	if (!e->regs)
		return;
	writel(RING_ORDER, e->regs + REG_RING_SIZE);
	writel(lower_32_bits(addr), e->regs + REG_RING_LO);
	writel(upper_32_bits(addr), e->regs + REG_RING_HI);
	writel(e->control, e->regs + REG_CONTROL);
}

static void stop(struct pdma_engine *e)
{
	lockdep_assert_held(&e->lock);

	e->control &= ~CONTROL_RUN;
	e->ring = NULL;
	if (!e->regs)
		return;
	writel(e->control, e->regs + REG_CONTROL);
	readl(e->regs + REG_CONTROL);	/* the device has seen it */
}

/**
 * pdma_engine_stop() - end all DMA of an engine
 * @e: the engine
 *
 * Context: process context; takes @e->lock.
 */
void pdma_engine_stop(struct pdma_engine *e)
{
	guard(mutex)(&e->lock);
	stop(e);
}

/**
 * pdma_engine_gone() - end all DMA of an engine for good
 * @e: the engine; the device may be unplugged already
 *
 * Context: process context; takes @e->lock.
 */
void pdma_engine_gone(struct pdma_engine *e)
{
	guard(mutex)(&e->lock);
	stop(e);
	e->regs = NULL;
}

/**
 * pdma_engine_deaf() - break the device, for tests
 * @e: the engine
 * @deaf: it acknowledges ATS invalidations and does not obey
 *
 * Context: process context; takes @e->lock.
 */
void pdma_engine_deaf(struct pdma_engine *e, bool deaf)
{
	guard(mutex)(&e->lock);

	if (deaf)
		e->control |= CONTROL_DEAF;
	else
		e->control &= ~CONTROL_DEAF;
	if (e->regs)
		writel(e->control, e->regs + REG_CONTROL);
}

/**
 * pdma_engine_interrupt() - the device has interrupted
 * @e: the engine
 *
 * Context: any.
 */
void pdma_engine_interrupt(struct pdma_engine *e)
{
	complete(&e->done);
}

static void fill(struct pdma_desc *desc, const struct pdma_op *op)
{
	*desc = (struct pdma_desc) {
		.command = cpu_to_le32(op->command),
		.pasid = cpu_to_le32(op->pasid),
		.src = cpu_to_le64(op->src),
		.dst = cpu_to_le64(op->dst),
		.len = cpu_to_le32(op->len),
	};
}

static bool is_done(const struct pdma_desc *desc)
{
	return le32_to_cpu(READ_ONCE(desc->status)) & DESC_STATUS_DONE;
}

/*
 * The interrupt says that the descriptor is worth a look, not more: it can be late
 * and belong to the one before.  So there is a look in any case, with its own limit.
 */
static int wait_for(struct pdma_engine *e, const struct pdma_desc *desc,
		    bool interrupt)
{
	bool done;

	if (interrupt)
		wait_for_completion_timeout(&e->done, msecs_to_jiffies(TIMEOUT_MS));
	return read_poll_timeout(is_done, done, done, 50,
				 TIMEOUT_MS * USEC_PER_MSEC, false, desc);
}

static void collect(const struct pdma_desc *desc, struct pdma_op *op)
{
	dma_rmb();		/* the rest was written before the status */
	op->error = FIELD_GET(DESC_STATUS_ERROR, le32_to_cpu(desc->status));
	op->moved = le32_to_cpu(desc->moved);
	op->fault_addr = le64_to_cpu(desc->fault_addr);
	op->result = le64_to_cpu(desc->result);
}

static int submit(struct pdma_engine *e, struct pdma_op *op)
{
	struct pdma_desc *desc = &e->ring[e->tail & (BIT(RING_ORDER) - 1)];
	int ret;

	fill(desc, op);
	reinit_completion(&e->done);
	e->tail++;
	writel(e->tail, e->regs + REG_TAIL);	/* orders the descriptor before it */
	ret = wait_for(e, desc, op->command & DESC_INTERRUPT);
	if (ret) {
		dev_err(e->dev, "no completion of descriptor %u (status %#x); the engine is stopped\n",
			e->tail - 1, readl(e->regs + REG_STATUS));
		stop(e);
		return ret;
	}
	collect(desc, op);
	return 0;
}

/**
 * pdma_run() - have the device do something, and wait for it
 * @e: the engine
 * @op: what; the results are put there
 *
 * Context: sleeps; takes @e->lock.
 * Return: 0 when the device has completed it, be it with an error in @op; -ENODEV
 * if the engine is stopped or gone; -ETIMEDOUT if the device does not answer, and is
 * stopped therefore.
 */
int pdma_run(struct pdma_engine *e, struct pdma_op *op)
{
	guard(mutex)(&e->lock);

	if (!e->regs || !e->ring)
		return -ENODEV;
	return submit(e, op);
}
