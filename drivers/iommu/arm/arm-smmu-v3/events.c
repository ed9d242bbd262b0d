// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queues that hardware fills - events (Arm IHI 0070 7.2) and page requests
 * (8.1) - and global errors (7.5).
 *
 * Laws: every record is read, whoever prints it or not, because a full queue loses
 * them; a storm is cut by a rate limit per queue.  What waits for an answer - a
 * stalled access, the last page request of a group - gets exactly one, from here
 * or from the core.  Records are read under the queue's lock, so whoever has
 * unpublished a domain or device and then has drained the queue may free it.
 */
#include <linux/pci-ats.h>
#include <linux/pci.h>
#include <linux/sched.h>

#include "events.h"
#include "smmu.h"

/*
 * Reading
 */

static u32 inq_index(const struct smmu3_inq *q, u32 reg)
{
	return smmu3_ring_index(&q->ring, reg);
}

/* How many entries are there?  Indices that cannot be right are set right. */
static u32 inq_count(struct smmu3_device *smmu, struct smmu3_inq *q, u32 prod)
{
	u32 count = inq_index(q, prod - q->cons);

	if (count <= smmu3_ring_size(&q->ring))
		return count;
	dev_err_ratelimited(smmu->dev, "queue indices PROD 0x%x CONS 0x%x make no sense; entries dropped\n",
			    prod, q->cons);
	q->cons = inq_index(q, prod) | (q->cons & Q_OVERFLOW);
	writel(q->cons, q->ring.cons);
	return 0;
}

static void inq_read(const struct smmu3_inq *q, u64 *qw, unsigned int count)
{
	const __le64 *at = smmu3_ring_entry(&q->ring, q->cons);

	while (count--)
		*qw++ = le64_to_cpu(*at++);
}

/* Give the slot back to the hardware. */
static void inq_advance(struct smmu3_inq *q)
{
	q->cons = inq_index(q, q->cons + 1) | (q->cons & Q_OVERFLOW);
	writel(q->cons, q->ring.cons);
}

/* Did the queue overflow since this was last asked?  Acknowledges it. */
static bool inq_overflowed(struct smmu3_inq *q, u32 prod)
{
	if (!((prod ^ q->cons) & Q_OVERFLOW))
		return false;
	q->cons ^= Q_OVERFLOW;
	writel(q->cons, q->ring.cons);
	return true;
}

/*
 * Read until the queue is empty: @handle gets each record, of @qwords, and @lost
 * hears of an overflow.
 */
static void inq_drain(struct smmu3_device *smmu, struct smmu3_inq *q,
		      unsigned int qwords,
		      void (*handle)(struct smmu3_device *smmu, const u64 *qw),
		      void (*lost)(struct smmu3_device *smmu))
{
	u64 qw[SMMU3_EVT_QWORDS];
	u32 prod, left;

	static_assert(SMMU3_PRI_QWORDS <= SMMU3_EVT_QWORDS);
	lockdep_assert_held(&q->lock);
	do {
		prod = readl(q->ring.prod);
		for (left = inq_count(smmu, q, prod); left; left--) {
			inq_read(q, qw, qwords);
			inq_advance(q);
			handle(smmu, qw);
			cond_resched();
		}
		if (inq_overflowed(q, prod))
			lost(smmu);
	} while (inq_index(q, readl(q->ring.prod) - q->cons));
}

/* The device behind a StreamID.  It stays until the queue's lock is let go. */
static struct smmu3_master *find_master(struct smmu3_device *smmu, u32 sid)
{
	guard(rcu)();
	return smmu3_find_master(smmu, sid);
}

/*
 * Events
 */

/* Let a stalled access fail. */
static void abort_stall(struct smmu3_device *smmu, const struct smmu3_event *e)
{
	struct smmu3_batch b __uninitialized;

	smmu3_batch_init(&b, smmu);
	smmu3_batch_add(&b, smmu3_cmd_resume(e->sid, e->stag, RESUME_ABORT));
	smmu3_batch_submit(&b, false);
}

/* Hand a stalled access to the core; false: nobody could resolve it. */
static bool report_stall(struct smmu3_device *smmu, struct smmu3_master *master,
			 const struct smmu3_event *e)
{
	struct iopf_fault fault;

	if (!master || !smmu3_event_to_fault(e, &fault)) {
		abort_stall(smmu, e);
		return false;
	}
	/* Answers in any case. */
	return !iommu_report_device_fault(master->dev, &fault);
}

/* Is there a handler of the domain that deals with it? */
static bool report_to_domain(struct smmu3_master *master,
			     const struct smmu3_event *e)
{
	struct iommu_access_fault fault;

	return master && smmu3_event_to_access(e, &fault) &&
	       !iommu_report_access_fault(master->dev, &fault);
}

static void handle_event(struct smmu3_device *smmu, const u64 *qw)
{
	struct smmu3_event e = smmu3_event_decode(qw);
	struct smmu3_master *master = find_master(smmu, e.sid);
	char text[256];

	if (e.stall && report_stall(smmu, master, &e))
		return;
	if (report_to_domain(master, &e))
		return;
	if (!__ratelimit(&smmu->q.evtq.rs))
		return;
	smmu3_event_print(text, sizeof(text), &e,
			  master ? dev_name(master->dev) : NULL);
	dev_err(smmu->dev, "%s\n", text);
	dev_dbg(smmu->dev, "record %016llx %016llx %016llx %016llx\n",
		qw[0], qw[1], qw[2], qw[3]);
}

/* Stalls are not lost: hardware keeps them until there is room. */
static void events_lost(struct smmu3_device *smmu)
{
	if (__ratelimit(&smmu->q.evtq.rs))
		dev_err(smmu->dev, "event queue overflowed: events were lost\n");
}

/**
 * smmu3_evtq_handle() - read the event queue until it is empty
 * @smmu: the SMMU
 *
 * Context: May sleep; the interrupt's thread.
 */
void smmu3_evtq_handle(struct smmu3_device *smmu)
{
	guard(mutex)(&smmu->q.evtq.lock);
	inq_drain(smmu, &smmu->q.evtq, SMMU3_EVT_QWORDS, handle_event,
		  events_lost);
}

/*
 * Page requests
 */

static void answer_pri(struct smmu3_device *smmu, const struct iopf_fault *fault,
		       bool with_ssid, u8 resp)
{
	const struct iommu_fault_page_request *prm = &fault->fault.prm;
	struct smmu3_batch b __uninitialized;

	smmu3_batch_init(&b, smmu);
	smmu3_batch_add(&b, smmu3_cmd_pri_resp(prm->private_data[0], prm->pasid,
					       with_ssid, prm->grpid, resp));
	smmu3_batch_submit(&b, false);
}

/* Does the device want to see the PASID in the answer? */
static bool wants_pasid(const struct smmu3_master *master,
			const struct iommu_fault_page_request *prm)
{
#ifdef CONFIG_PCI_PRI	/* who else would ask? */
	return prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID &&
	       dev_is_pci(master->dev) &&
	       pci_prg_resp_pasid_required(to_pci_dev(master->dev));
#else
	return false;
#endif
}

static void handle_request(struct smmu3_device *smmu, const u64 *qw)
{
	struct smmu3_inq *q = &smmu->q.priq;
	struct smmu3_master *master;
	struct iopf_fault fault;
	u32 sid;

	if (!smmu3_pri_to_fault(qw, &fault))
		return;
	sid = fault.fault.prm.private_data[0];
	master = find_master(smmu, sid);
	if (master) {
		if (wants_pasid(master, &fault.fault.prm))
			fault.fault.prm.flags |=
				IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID;
		/* Answers in any case that the group is closed. */
		if (!iommu_report_device_fault(master->dev, &fault))
			return;
	} else if (qw[0] & PRI0_LAST) {
		answer_pri(smmu, &fault, qw[0] & PRI0_SSV, PRI_RESP_FAILURE);
	}
	if (__ratelimit(&q->rs))
		dev_err(smmu->dev, "page request of stream 0x%x (%s) PASID 0x%x at 0x%llx is denied\n",
			sid, master ? dev_name(master->dev) : "no device of ours",
			fault.fault.prm.pasid, fault.fault.prm.addr);
}

/*
 * What did not fit the hardware has answered itself, so that the device asks
 * again; the groups that we have in part will not be completed.
 */
static void requests_lost(struct smmu3_device *smmu)
{
	if (__ratelimit(&smmu->q.priq.rs))
		dev_err(smmu->dev, "PRI queue overflowed: page requests were lost\n");
	iopf_queue_discard_partial(smmu->iopf);
}

/**
 * smmu3_priq_handle() - read the PRI queue until it is empty
 * @smmu: the SMMU; nothing happens if it has none
 *
 * Context: May sleep; the interrupt's thread.
 */
void smmu3_priq_handle(struct smmu3_device *smmu)
{
	if (!smmu->q.priq.ring.mem)
		return;
	guard(mutex)(&smmu->q.priq.lock);
	inq_drain(smmu, &smmu->q.priq, SMMU3_PRI_QWORDS, handle_request,
		  requests_lost);
}

/**
 * smmu3_evtq_drain() - see to it that no fault is on its way to the core
 * @smmu: the SMMU
 *
 * For whoever is about to free a domain or a device, or to reuse a PASID, and has
 * made sure that hardware reports no new faults of it.
 *
 * Context: May sleep; not from a fault handler, and without locks that one takes.
 */
void smmu3_evtq_drain(struct smmu3_device *smmu)
{
	smmu3_priq_handle(smmu);
	smmu3_evtq_handle(smmu);
}

/**
 * smmu3_page_response() - answer a fault (iommu_ops.page_response)
 * @dev: the device that waits
 * @fault: the fault that closed the group
 * @resp: the answer
 *
 * Context: Any.
 */
void smmu3_page_response(struct device *dev, struct iopf_fault *fault,
			 struct iommu_page_response *resp)
{
	static const u8 pri[] = {
		[IOMMU_PAGE_RESP_SUCCESS] = PRI_RESP_SUCCESS,
		[IOMMU_PAGE_RESP_INVALID] = PRI_RESP_INVALID,
		[IOMMU_PAGE_RESP_FAILURE] = PRI_RESP_FAILURE,
	};
	const struct iommu_fault_page_request *prm = &fault->fault.prm;
	struct smmu3_master *master = to_smmu3_master(dev);
	bool again = resp->code == IOMMU_PAGE_RESP_SUCCESS;
	struct smmu3_batch b __uninitialized;

	if (!master->stall_supported) {
		answer_pri(master->smmu, fault,
			   prm->flags & IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID,
			   resp->code < ARRAY_SIZE(pri) ? pri[resp->code]
							: PRI_RESP_FAILURE);
		return;
	}
	smmu3_batch_init(&b, master->smmu);
	smmu3_batch_add(&b, smmu3_cmd_resume(prm->private_data[0], prm->grpid,
					     again ? RESUME_RETRY : RESUME_ABORT));
	/* What the device does next needs no waiting for the command. */
	smmu3_batch_submit(&b, false);
}

/*
 * Global errors
 */

static const struct {
	u32 bit;
	const char *text;
} gerrors[] = {
	{ GERROR_MSI_GERROR_ABT_ERR, "MSI of global errors was lost" },
	{ GERROR_MSI_PRIQ_ABT_ERR, "MSI of the PRI queue was lost" },
	{ GERROR_MSI_EVENTQ_ABT_ERR, "MSI of the event queue was lost" },
	{ GERROR_MSI_CMDQ_ABT_ERR, "MSI of a CMD_SYNC was lost" },
	{ GERROR_PRIQ_ABT_ERR, "PRI queue cannot be written: page requests are lost" },
	{ GERROR_EVENTQ_ABT_ERR, "event queue cannot be written: events are lost" },
};

#define GERRORS_OURS	(GERROR_SFM_ERR | GENMASK(7, 2))

/*
 * In service failure mode (12.3) the SMMU lets nothing through and executes
 * nothing until it is reset.  Disabling it would let everything bypass.
 */
static void service_failure(struct smmu3_device *smmu)
{
	smmu3_queues_stop(smmu);
	dev_err(smmu->dev, "service failure mode: its devices can do no DMA any more\n");
}

/* Return: the errors that were active; they are acknowledged. */
static u32 take_gerrors(struct smmu3_device *smmu)
{
	struct smmu3_cmdq *q = &smmu->q.cmdq;
	unsigned long flags;
	u32 active, gerrorn;

	raw_spin_lock_irqsave(&q->error_lock, flags);
	gerrorn = readl(smmu->base + SMMU3_GERRORN);
	active = (readl(smmu->base + SMMU3_GERROR) ^ gerrorn) & GERRORS_OURS;
	if (active)
		writel(gerrorn ^ active, smmu->base + SMMU3_GERRORN);
	raw_spin_unlock_irqrestore(&q->error_lock, flags);
	return active;
}

/**
 * smmu3_gerror_handle() - see to global errors
 * @smmu: the SMMU
 *
 * Context: Any; the interrupt itself, since others may be waiting for commands.
 */
void smmu3_gerror_handle(struct smmu3_device *smmu)
{
	unsigned int i;
	u32 active;

	smmu3_cmdq_check_error(smmu);
	active = take_gerrors(smmu);
	if (!active)
		return;
	if (active & GERROR_SFM_ERR)
		service_failure(smmu);
	for (i = 0; i < ARRAY_SIZE(gerrors); i++)
		if (active & gerrors[i].bit)
			dev_err_ratelimited(smmu->dev, "global error: %s\n",
					    gerrors[i].text);
}
