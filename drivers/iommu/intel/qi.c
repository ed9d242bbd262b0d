// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queued invalidation (VT-d 6.5).
 *
 * Laws: a submission is a run of slots that ends in a wait descriptor;
 * hardware writes DONE into the status word of that slot, and the submitter,
 * who spins with interrupts off, gives the run back.  The lock is taken once
 * for that.  Whoever finds the queue in error mends it under qi->lock: a bad
 * descriptor (IQE) is replaced by one that does nothing, and the waits that a
 * time-out (ITE) swallowed are marked ABORTED, for their submitters to submit
 * again.  Nobody waits for ever: a device that is gone is no longer asked, and
 * a queue that stands still is declared dead.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/bitops.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "../iommu-pages.h"
#include "queue.h"
#include "unit.h"

/* A queue that stands still is complained of before it is given up. */
#define QI_COMPLAIN_NS		(10 * (u64)NSEC_PER_SEC)

/* A device that is there but does not answer is asked this often. */
#define QI_TRIES		3

/* Looks at the status word per look at the fault status register. */
#define QI_SPINS_PER_CHECK	256

#define COMMAND_TIMEOUT_US	(10 * USEC_PER_SEC)

static const char *desc_name(u64 qw0)
{
	static const char * const names[] = {
		[QI_CC] = "context-cache", [QI_IOTLB] = "IOTLB",
		[QI_DEV_TLB] = "device-TLB", [QI_IEC] = "interrupt-entry-cache",
		[QI_WAIT] = "wait", [QI_P_IOTLB] = "PASID IOTLB",
		[QI_PC] = "PASID-cache", [QI_P_DEV_TLB] = "PASID device-TLB",
		[QI_PGRP_RESP] = "page-group response",
	};
	unsigned int type = FIELD_GET(QI_TYPE, qw0);

	return type < ARRAY_SIZE(names) && names[type] ? names[type]
						       : "unknown";
}

static const char *iqe_reason(u64 iqei)
{
	static const char * const reasons[] = {
		"no reason given", "tail register out of bounds",
		"descriptor cannot be fetched", "invalid descriptor type",
		"reserved field set in descriptor", "invalid descriptor width",
		"tail register not aligned", "invalid translation table mode",
	};

	return iqei < ARRAY_SIZE(reasons) ? reasons[iqei] : "unknown reason";
}

/*
 * A descriptor that cannot be executed: hardware stopped in front of it.  Put one
 * in its place that writes a word nobody reads; the submitter is told.
 */
static void mend_iqe(struct intel_iommu *iommu, u64 iqercd)
{
	struct q_inval *qi = iommu->qi;
	unsigned int slot = qi_slot_at(qi, readl(iommu->reg + VTD_IQH_REG));
	const u64 *bad = qi_slot_ptr(qi, slot);

	pr_err_ratelimited("%s: invalidation queue error: %s; %s descriptor at slot %u: %016llx %016llx\n",
			   iommu->name,
			   iqe_reason(FIELD_GET(IQERCD_IQEI, iqercd)),
			   desc_name(bad[0]), slot, bad[0], bad[1]);
	qi_ring_replace(qi, slot);
	writel(FSTS_IQE, iommu->reg + VTD_FSTS_REG);
}

/*
 * A device did not answer in time: hardware dropped the waits it had fetched and
 * stopped.  Those before the head register are lost, the others will be executed.
 */
static void mend_ite(struct intel_iommu *iommu, u64 iqercd)
{
	struct q_inval *qi = iommu->qi;
	unsigned int head = qi_slot_at(qi, readl(iommu->reg + VTD_IQH_REG));
	u16 sid = FIELD_GET(IQERCD_ITESID, iqercd);

	pr_err_ratelimited("%s: invalidation time-out: device %02x:%02x.%x does not answer\n",
			   iommu->name, PCI_BUS_NUM(sid), PCI_SLOT(sid),
			   PCI_FUNC(sid));
	qi_ring_abort(qi, head);
	writel(FSTS_ITE, iommu->reg + VTD_FSTS_REG);
}

/**
 * qi_clear_ice() - a completion came that nobody waits for
 * @iommu: the unit, whose FSTS has ICE
 *
 * There is nothing to mend.  But as long as any status stands no other raises an
 * interrupt (VT-d 11.4.9.2, IP).
 *
 * Context: any
 */
void qi_clear_ice(struct intel_iommu *iommu)
{
	u64 iqercd = readq(iommu->reg + VTD_IQERCD_REG);
	u16 sid = FIELD_GET(IQERCD_ICESID, iqercd);

	writel(FSTS_ICE, iommu->reg + VTD_FSTS_REG);
	pr_err_ratelimited("%s: unexpected invalidation completion from device %02x:%02x.%x\n",
			   iommu->name, PCI_BUS_NUM(sid), PCI_SLOT(sid),
			   PCI_FUNC(sid));
}

/* Look for queue errors and mend them. */
static void check_errors(struct intel_iommu *iommu)
{
	u32 fsts = readl(iommu->reg + VTD_FSTS_REG);
	u64 iqercd;

	lockdep_assert_held(&iommu->qi->lock);

	if (likely(!(fsts & (FSTS_IQE | FSTS_ITE | FSTS_ICE))))
		return;

	iqercd = readq(iommu->reg + VTD_IQERCD_REG);
	if (fsts & FSTS_IQE)
		mend_iqe(iommu, iqercd);
	if (fsts & FSTS_ITE)
		mend_ite(iommu, iqercd);
	if (fsts & FSTS_ICE)
		qi_clear_ice(iommu);

	/* A fault that was logged meanwhile had no interrupt. */
	if (readl(iommu->reg + VTD_FSTS_REG) & FSTS_PPF)
		iommu_defer_faults(iommu);
}

static void relax(struct q_inval *qi)
{
	if (IS_ENABLED(CONFIG_INTEL_IOMMU_KUNIT_TEST) && qi->relax)
		qi->relax(qi);
	else
		cpu_relax();
}

/*
 * Time kept by someone who waits for hardware, on one CPU with interrupts off.
 * Where the TSC is not known to be constant, local_clock() stands still without
 * ticks; sched_clock() does not.
 */
struct qi_patience {
	u64 start;
	bool complained;
};

/* Still willing to wait?  Says after a while what it waits for. */
static bool patient(struct intel_iommu *iommu, struct qi_patience *p)
{
	struct q_inval *qi = iommu->qi;
	u64 now = sched_clock();
	unsigned int slot;
	const u64 *at;

	if (!p->start)
		p->start = now;
	if (now - p->start < min(QI_COMPLAIN_NS, qi->patience_ns))
		return true;

	if (!p->complained) {
		p->complained = true;
		slot = qi_slot_at(qi, readl(iommu->reg + VTD_IQH_REG));
		at = qi_slot_ptr(qi, slot);
		pr_warn("%s: invalidation queue stands at slot %u: %s descriptor %016llx %016llx\n",
			iommu->name, slot, desc_name(at[0]), at[0], at[1]);
	}
	return now - p->start < qi->patience_ns;
}

static void give_up(struct intel_iommu *iommu)
{
	if (!READ_ONCE(iommu->qi->dead))
		pr_err("%s: invalidation queue is dead: caches are no longer flushed\n",
		       iommu->name);
	WRITE_ONCE(iommu->qi->dead, true);
}

/* Wait for the wait descriptor at @slot. */
static int wait_done(struct intel_iommu *iommu, unsigned int slot)
{
	struct q_inval *qi = iommu->qi;
	struct qi_patience p = {};
	unsigned int spins = 0;

	while (READ_ONCE(qi->status[slot]) == QI_BUSY) {
		relax(qi);
		if (likely(++spins % QI_SPINS_PER_CHECK))
			continue;
		raw_spin_lock(&qi->lock);
		check_errors(iommu);
		raw_spin_unlock(&qi->lock);
		if (READ_ONCE(qi->dead) || !patient(iommu, &p)) {
			give_up(iommu);
			return -ETIMEDOUT;
		}
	}
	return READ_ONCE(qi->status[slot]) == QI_DONE ? 0 : -EAGAIN;
}

/* Wait for room for @n slots, letting go of qi->lock meanwhile. */
static int wait_room(struct intel_iommu *iommu, unsigned int n)
	__must_hold(&iommu->qi->lock)
{
	struct q_inval *qi = iommu->qi;
	struct qi_patience p = {};
	bool enough;

	while (qi_ring_room(qi) < n) {
		check_errors(iommu);
		raw_spin_unlock(&qi->lock);
		relax(qi);
		enough = READ_ONCE(qi->dead) || !patient(iommu, &p);
		raw_spin_lock(&qi->lock);
		if (enough) {
			give_up(iommu);
			return -ETIMEDOUT;
		}
	}
	return 0;
}

/* Was a descriptor of the run at @first refused? */
static bool was_refused(struct q_inval *qi, unsigned int first)
{
	bool bad;

	if (likely(!READ_ONCE(qi->nr_bad)))
		return false;
	raw_spin_lock(&qi->lock);
	bad = qi_ring_take_bad(qi, first);
	raw_spin_unlock(&qi->lock);
	return bad;
}

/* Submit @count descriptors once, and wait for them. */
static int submit_once(struct intel_iommu *iommu, const struct qi_desc *desc,
		       unsigned int count)
{
	struct q_inval *qi = iommu->qi;
	unsigned int first, wait;
	unsigned long flags;
	bool bad;
	int ret;

	/*
	 * Interrupts stay off until the slots are given back: a handler on
	 * this CPU that found the queue full would wait for us for ever.
	 */
	local_irq_save(flags);
	raw_spin_lock(&qi->lock);
	ret = wait_room(iommu, count + 1);
	if (ret) {
		raw_spin_unlock(&qi->lock);
		goto out;
	}
	first = qi->head;
	wait = qi_ring_put(qi, desc, count);
	writel(qi->head << qi->shift, iommu->reg + VTD_IQT_REG);
	raw_spin_unlock(&qi->lock);

	ret = wait_done(iommu, wait);
	if (ret == -ETIMEDOUT)
		goto out;	/* hardware may still use the slots */
	bad = was_refused(qi, first);
	qi_ring_release(qi, wait);
	if (!ret && bad)
		ret = -EIO;
out:
	local_irq_restore(flags);
	return ret;
}

/* Is there a device at @sid that could still answer? */
static bool device_is_there(struct intel_iommu *iommu, u16 sid)
{
	struct device *dev;

	guard(rcu)();
	dev = xa_load(&iommu->devices, sid);
	return dev && (!dev_is_pci(dev) ||
		       pci_device_is_present(to_pci_dev(dev)));
}

/*
 * After a time-out: submit again one by one, without what is addressed to devices
 * that are gone, so that one bad device does not take the others with it.
 */
static int submit_again(struct intel_iommu *iommu, const struct qi_desc *desc,
			unsigned int count)
{
	unsigned int i, tries;
	int ret, result = 0;
	u16 sid;

	for (i = 0; i < count; i++) {
		for (tries = 0, ret = -EAGAIN;
		     ret == -EAGAIN && tries < QI_TRIES; tries++) {
			if (qi_desc_device(&desc[i], &sid) &&
			    !device_is_there(iommu, sid)) {
				ret = 0;
				break;
			}
			ret = submit_once(iommu, &desc[i], 1);
		}
		if (ret)
			result = ret == -EAGAIN ? -ETIMEDOUT : ret;
	}
	return result;
}

static int submit_batch(struct intel_iommu *iommu, const struct qi_desc *desc,
			unsigned int count)
{
	u64 start;
	int ret;

	if (unlikely(READ_ONCE(iommu->qi->dead)))
		return -ETIMEDOUT;
	start = dmar_latency_start();
	ret = submit_once(iommu, desc, count);
	if (unlikely(ret == -EAGAIN))
		ret = submit_again(iommu, desc, count);
	dmar_latency_end(iommu, desc, count, start);
	return ret;
}

/**
 * qi_submit - execute invalidation descriptors and wait until they are done
 * @iommu: the unit
 * @desc: the descriptors, executed in order; without waits
 * @count: how many
 *
 * Any number of CPUs may submit at once.  One wait descriptor is added per batch
 * of QI_BATCH.
 *
 * Context: any; spins with interrupts off
 * Return: 0 when all is done, also where a device that was asked is gone; -EIO
 * when hardware refused a descriptor (the others were executed); -ETIMEDOUT when
 * a device or the queue does not answer; -ENODEV without a queue
 */
int qi_submit(struct intel_iommu *iommu, const struct qi_desc *desc,
	      unsigned int count)
{
	int ret, result = 0;

	if (!iommu->qi)
		return -ENODEV;

	for (; unlikely(count > QI_BATCH); desc += QI_BATCH, count -= QI_BATCH) {
		ret = submit_batch(iommu, desc, QI_BATCH);
		if (ret)
			result = ret;
	}
	ret = count ? submit_batch(iommu, desc, count) : 0;
	return ret ?: result;
}

/**
 * qi_global_iec - flush the interrupt entry cache
 * @iommu: the unit, with its queue on
 *
 * Context: any
 */
void qi_global_iec(struct intel_iommu *iommu)
{
	struct qi_desc desc = qi_desc_iec(true, 0, 0);

	qi_submit(iommu, &desc, 1);
}

/* Switch the empty queue on (6.5.2, 11.4.9.3). */
static int start_queue(struct intel_iommu *iommu)
{
	struct q_inval *qi = iommu->qi;
	u64 iqa = virt_to_phys(qi->ring) | FIELD_PREP(IQA_QS, qi->order);

	/* 256-bit descriptors, wherever hardware knows them. */
	if (ecap_smts(iommu->ecap))
		iqa |= IQA_DW;

	qi_ring_reset(qi);
	writel(0, iommu->reg + VTD_IQT_REG);
	writeq(iqa, iommu->reg + VTD_IQA_REG);
	return iommu_gcmd_set(iommu, GCMD_QIE);
}

static struct q_inval *alloc_queue(const struct intel_iommu *iommu)
{
	struct q_inval *qi;

	qi = kzalloc(sizeof(*qi), GFP_ATOMIC);
	if (!qi)
		return NULL;
	raw_spin_lock_init(&qi->lock);
	qi->patience_ns = QI_PATIENCE_NS;
	qi->shift = ecap_smts(iommu->ecap) ? QI_SHIFT_256 : QI_SHIFT_128;
	qi->order = get_order(QI_SLOTS << qi->shift);
	qi->drain = FIELD_PREP(QI_IOTLB_DW, cap_dwd(iommu->cap)) |
		    FIELD_PREP(QI_IOTLB_DR, cap_drd(iommu->cap));
	qi->ring = iommu_alloc_pages_node(iommu->node, GFP_ATOMIC, qi->order);
	if (!qi->ring) {
		kfree(qi);
		return NULL;
	}
	return qi;
}

/**
 * qi_enable - have the unit take invalidations from a queue
 * @iommu: the unit; nothing happens when its queue is on
 *
 * A queue that firmware or another kernel left on is switched off first.
 *
 * Context: any; allocates atomically, as interrupt remapping calls it with
 * interrupts off
 * Return: 0; -ENOENT when the unit has no queue; -ENOMEM; -ETIMEDOUT
 */
int qi_enable(struct intel_iommu *iommu)
{
	int ret;

	if (!ecap_qi(iommu->ecap))
		return -ENOENT;
	if (iommu->qi)
		return 0;

	iommu_clear_faults(iommu);
	qi_disable(iommu);
	iommu->qi = alloc_queue(iommu);
	if (!iommu->qi)
		return -ENOMEM;

	ret = start_queue(iommu);
	if (ret)
		qi_free(iommu);
	return ret;
}

/**
 * qi_disable - switch the queue off, when it has come to rest
 * @iommu: the unit
 *
 * The queue's memory stays, for qi_reenable().
 *
 * Context: any; nobody submits any more
 */
void qi_disable(struct intel_iommu *iommu)
{
	u32 head;

	if (!ecap_qi(iommu->ecap) ||
	    !(readl(iommu->reg + VTD_GSTS_REG) & GSTS_QIES))
		return;

	if (readl_poll_timeout_atomic(iommu->reg + VTD_IQH_REG, head,
				      head == readl(iommu->reg + VTD_IQT_REG),
				      1, COMMAND_TIMEOUT_US))
		pr_warn("%s: invalidation queue is switched off while it works at 0x%x\n",
			iommu->name, head);
	iommu_gcmd_clear(iommu, GCMD_QIE);
}

/**
 * qi_reenable - start again with an empty queue
 * @iommu: the unit
 *
 * Context: any; nobody submits
 * Return: 0, -ENOENT without a queue, -ETIMEDOUT
 */
int qi_reenable(struct intel_iommu *iommu)
{
	if (!iommu->qi)
		return -ENOENT;
	qi_disable(iommu);
	return start_queue(iommu);
}

/**
 * qi_free - free the queue
 * @iommu: the unit; its queue is off, or goes with it
 */
void qi_free(struct intel_iommu *iommu)
{
	struct q_inval *qi = iommu->qi;

	if (!qi)
		return;
	if (iommu->gcmd & GCMD_QIE)
		qi_disable(iommu);
	iommu->qi = NULL;
	iommu_free_pages(qi->ring, qi->order);
	kfree(qi);
}
