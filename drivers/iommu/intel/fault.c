// SPDX-License-Identifier: GPL-2.0-only
/*
 * The primary fault log: what a device tried and why it was refused
 * (VT-d 4.2.2, 7.3, 11.4.7).
 *
 * Laws: every record is read and cleared, whoever prints it or not, because a
 * full log loses faults; the owner of the domain that a request went to is told
 * of it, and what he does not take is printed: one line names device, PASID,
 * address, access and reason.  A storm is cut by a rate limit per unit and never
 * keeps the CPU for more than the log's length.
 *
 * The log is emptied under fault_lock.  So whoever has emptied it knows that no
 * record that was in it before is still on its way to an owner.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>

#include "fault.h"
#include "unit.h"

/* Looks at the log per interrupt; each takes up to the whole log. */
#define FAULT_ROUNDS	8

/* Reasons of DMA faults (7.1.3 table 23: legacy mode; 7.2: scalable mode). */
static const char * const dma_reasons[] = {
	[0x01] = "Present bit in root entry is clear",
	[0x02] = "Present bit in context entry is clear",
	[0x03] = "Context entry is invalid",
	[0x04] = "Address is beyond the guest address width",
	[0x05] = "Write permission is missing in page table",
	[0x06] = "Read permission is missing in page table",
	[0x07] = "Page table cannot be read",
	[0x08] = "Root table cannot be read",
	[0x09] = "Context table cannot be read",
	[0x0a] = "Reserved bits are set in root entry",
	[0x0b] = "Reserved bits are set in context entry",
	[0x0c] = "Reserved bits are set in page table entry",
	[0x0d] = "Translation request is blocked by context entry",
	[0x0e] = "Address is in the interrupt range",

	[0x30] = "SM: Root table address is invalid",
	[0x31] = "SM: Request with PASID in legacy mode",
	[0x32] = "SM: Page request in legacy mode",
	[0x38] = "SM: Root table cannot be read",
	[0x39] = "SM: Present bit in root entry is clear",
	[0x3a] = "SM: Reserved bits are set in root entry",
	[0x40] = "SM: Context table cannot be read",
	[0x41] = "SM: Present bit in context entry is clear",
	[0x42] = "SM: Reserved bits are set in context entry",
	[0x43] = "SM: Context entry is invalid",
	[0x44] = "SM: Device-TLB is not enabled in context entry",
	[0x45] = "SM: PASIDs are not enabled in context entry",
	[0x46] = "SM: PASID is beyond the directory",
	[0x47] = "SM: Page requests are not enabled in context entry",
	[0x48] = "SM: RID_PASID of context entry is wrong",
	[0x50] = "SM: PASID directory cannot be read",
	[0x51] = "SM: Present bit in PASID directory entry is clear",
	[0x52] = "SM: Reserved bits are set in PASID directory entry",
	[0x58] = "SM: PASID table cannot be read",
	[0x59] = "SM: Present bit in PASID table entry is clear",
	[0x5a] = "SM: Reserved bits are set in PASID table entry",
	[0x5b] = "SM: PASID table entry is invalid",
	[0x5c] = "SM: Execute requests are not enabled in PASID table entry",
	[0x5d] = "SM: Supervisor requests are not enabled in PASID table entry",
	[0x70] = "SM: First-stage table cannot be read",
	[0x71] = "SM: Present bit in first-stage entry is clear",
	[0x72] = "SM: Reserved bits are set in first-stage entry",
	[0x73] = "SM: First-stage top table cannot be read",
	[0x74] = "SM: First-stage entry points beyond the second stage",
	[0x75] = "SM: First-stage top table is not readable by the second stage",
	[0x76] = "SM: First-stage table is not readable by the second stage",
	[0x77] = "SM: First-stage table is not writable by the second stage",
	[0x78] = "SM: Second-stage table cannot be read",
	[0x79] = "SM: Permission is missing in second-stage entry",
	[0x7a] = "SM: Reserved bits are set in second-stage entry",
	[0x7b] = "SM: Second-stage top table cannot be read",
	[0x7c] = "SM: Second-stage accessed/dirty bit cannot be set without snooping",
	[0x80] = "SM: Address is not canonical",
	[0x81] = "SM: User request to a supervisor page",
	[0x82] = "SM: Execute request to a page without execute permission",
	[0x83] = "SM: First stage leads beyond the host address width",
	[0x84] = "SM: Address is beyond the second stage",
	[0x85] = "SM: Write permission is missing in first-stage entry",
	[0x86] = "SM: Read permission is missing in first-stage entry",
	[0x87] = "SM: Address is in the interrupt range",
	[0x88] = "SM: Second stage leads into the interrupt range",
	[0x90] = "SM: First-stage accessed/dirty bit cannot be set without snooping",
};

/* Reasons of interrupt faults (7.1.2 table 22). */
static const char * const ir_reasons[] = {
	[0x0] = "Reserved fields are set in the interrupt request",
	[0x1] = "Interrupt index is beyond the remapping table",
	[0x2] = "Present bit in the remapping entry is clear",
	[0x3] = "Remapping table cannot be read",
	[0x4] = "Reserved fields are set in the remapping entry",
	[0x5] = "Interrupt request in compatibility format is blocked",
	[0x6] = "Source of the interrupt request is not the entry's",
	[0x7] = "Posted-interrupt descriptor cannot be read",
	[0x8] = "Reserved fields are set in the posted-interrupt descriptor",
};

#define FR_IR_FIRST	0x20

/**
 * vtd_fault_reason - words for a fault reason code
 * @reason: the code
 * @ir: set when it is about an interrupt request
 *
 * Return: a text, "Unknown" for codes that the specification does not have
 */
const char *vtd_fault_reason(u8 reason, bool *ir)
{
	unsigned int i = reason - FR_IR_FIRST;
	const char *text = NULL;

	*ir = reason >= FR_IR_FIRST && i < ARRAY_SIZE(ir_reasons);
	if (*ir)
		text = ir_reasons[i];
	else if (reason < ARRAY_SIZE(dma_reasons))
		text = dma_reasons[reason];
	return text ?: "Unknown";
}

/* T1, T2 (11.4.14) as an index. */
static unsigned int request_type(u64 hi)
{
	return FIELD_GET(FRCD_HI_T1, hi) * 2 + FIELD_GET(FRCD_HI_T2, hi);
}

/* EXE and PRIV are of requests with PASID only. */
static u32 fault_perm(u64 hi)
{
	static const u32 perm[] = {
		IOMMU_FAULT_PERM_WRITE, 0, IOMMU_FAULT_PERM_READ,
		IOMMU_FAULT_PERM_READ | IOMMU_FAULT_PERM_WRITE,
	};
	u32 p = perm[request_type(hi)];

	if (!(hi & FRCD_HI_PP))
		return p;
	if (hi & FRCD_HI_EXE)
		p |= IOMMU_FAULT_PERM_EXEC;
	if (hi & FRCD_HI_PRIV)
		p |= IOMMU_FAULT_PERM_PRIV;
	return p;
}

/**
 * vtd_fault_decode - what a fault record says
 * @lo: its low word
 * @hi: its high word
 *
 * Return: the fields
 */
struct vtd_fault vtd_fault_decode(u64 lo, u64 hi)
{
	static const char * const access[] = {
		"DMA Write", "Page Request", "DMA Read", "DMA AtomicOp",
	};
	struct vtd_fault f = {
		.reason = FIELD_GET(FRCD_HI_FR, hi),
		.sid = FIELD_GET(FRCD_HI_SID, hi),
		.addr = lo & FRCD_LO_FI,
		.pasid = IOMMU_PASID_INVALID,
	};

	f.access = access[request_type(hi)];
	f.perm = fault_perm(hi);
	f.text = vtd_fault_reason(f.reason, &f.ir);
	if (f.ir)
		f.addr = FIELD_GET(FRCD_LO_IR_INDEX, lo);
	else if (hi & FRCD_HI_PP)
		f.pasid = FIELD_GET(FRCD_HI_PV, hi);
	return f;
}

/* One line per fault.  Tools look for "DMAR:", "fault addr", "fault reason". */
static void print_fault(struct intel_iommu *iommu, const struct vtd_fault *f)
{
	char pasid[24] = "NO_PASID";

	if (f->ir) {
		pr_err("[INTR-REMAP] Request device [%02x:%02x.%d] fault index 0x%llx [fault reason 0x%02x] %s\n",
		       PCI_BUS_NUM(f->sid), PCI_SLOT(f->sid), PCI_FUNC(f->sid),
		       f->addr, f->reason, f->text);
		return;
	}

	if (f->pasid != IOMMU_PASID_INVALID)
		snprintf(pasid, sizeof(pasid), "PASID 0x%x", f->pasid);
	pr_err("[%s %s] Request device [%02x:%02x.%d] fault addr 0x%llx [fault reason 0x%02x] %s\n",
	       f->access, pasid, PCI_BUS_NUM(f->sid), PCI_SLOT(f->sid),
	       PCI_FUNC(f->sid), f->addr, f->reason, f->text);
	intel_iommu_dump_entries(iommu, f->sid, f->addr, f->pasid);
}

/**
 * intel_report_fault() - tell the owner of a domain of a fault
 * @dev: the device
 * @fault: the fault
 *
 * Context: As iommu_report_access_fault().
 * Return: As iommu_report_access_fault().
 */
int intel_report_fault(struct device *dev,
		       const struct iommu_access_fault *fault)
{
	KUNIT_STATIC_STUB_REDIRECT(intel_report_fault, dev, fault);
	return iommu_report_access_fault(dev, fault);
}

/**
 * vtd_fault_taken() - give a fault to the owner of the domain
 * @iommu: the unit
 * @f: the fault
 *
 * Page requests that are refused are the business of who answers them.
 *
 * Context: Any but NMI.
 * Return: true when he took it
 */
bool vtd_fault_taken(struct intel_iommu *iommu, const struct vtd_fault *f)
{
	struct iommu_access_fault fault = {
		.pasid = f->pasid == IOMMU_PASID_INVALID ? IOMMU_NO_PASID :
							   f->pasid,
		.perm = f->perm,
		.addr = f->addr,
		.code = f->reason,
		.reason = f->text,
	};
	struct device *dev;
	bool taken;

	if (f->ir || !f->perm)
		return false;
	rcu_read_lock();
	dev = xa_load(&iommu->devices, f->sid);
	taken = dev && !intel_report_fault(dev, &fault);
	rcu_read_unlock();
	return taken;
}

/* Take a record out of the log; false when there is none at @index. */
static bool take_record(struct intel_iommu *iommu, unsigned int index, u64 *lo,
			u64 *hi)
{
	void __iomem *rec = iommu->reg + cap_fro(iommu->cap) +
			    index * VTD_FRCD_SIZE;
	unsigned long flags;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	*hi = readq(rec + 8);
	if (*hi & FRCD_HI_F) {
		*lo = readq(rec);
		/* In the last of the record's four words; 1 clears it. */
		writel(upper_32_bits(FRCD_HI_F), rec + 12);
	}
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	return *hi & FRCD_HI_F;
}

/*
 * Empty the log from @index on: hardware fills it as a ring, and stops when it
 * comes to a record that is not cleared.
 */
static void drain_log(struct intel_iommu *iommu, unsigned int index, bool print)
{
	unsigned int records = cap_nfr(iommu->cap), n;
	struct vtd_fault f;
	u64 lo, hi;

	for (n = 0; n < records; n++) {
		if (!take_record(iommu, index, &lo, &hi))
			return;
		index = (index + 1) % records;
		if (!print)
			continue;
		f = vtd_fault_decode(lo, hi);
		if (!vtd_fault_taken(iommu, &f) && __ratelimit(&iommu->fault_rs))
			print_fault(iommu, &f);
	}
}

/* Take what is in the log; true when there is more already. */
static bool handle_faults(struct intel_iommu *iommu, bool print)
{
	unsigned long flags;
	u32 fsts;

	raw_spin_lock_irqsave(&iommu->fault_lock, flags);
	fsts = readl(iommu->reg + VTD_FSTS_REG);
	if (fsts & FSTS_PFO && print && __ratelimit(&iommu->fault_rs))
		pr_err("%s: fault log overflowed: faults were lost\n",
		       iommu->name);
	if (fsts & FSTS_PPF)
		drain_log(iommu, FIELD_GET(FSTS_FRI, fsts), print);

	/* Other queue errors are left to those who wait for the queue. */
	writel(fsts & (FSTS_PFO | FSTS_PRO), iommu->reg + VTD_FSTS_REG);
	if (fsts & FSTS_ICE)
		qi_clear_ice(iommu);
	fsts = readl(iommu->reg + VTD_FSTS_REG);
	raw_spin_unlock_irqrestore(&iommu->fault_lock, flags);
	return fsts & FSTS_PPF;
}

/**
 * iommu_drain_faults - deal with all faults that happened until now
 * @iommu: the unit
 *
 * What the log has of a PASID that was detached must not be taken for the doings
 * of its next owner.
 *
 * Context: process context
 * Return: 0; -EBUSY when faults come faster than they can be dealt with
 */
int iommu_drain_faults(struct intel_iommu *iommu)
{
	unsigned int rounds = FAULT_ROUNDS;

	while (handle_faults(iommu, true))
		if (!--rounds)
			return -EBUSY;
	return 0;
}

/**
 * iommu_defer_faults - have somebody look at the fault log soon
 * @iommu: the unit
 *
 * Context: any
 */
void iommu_defer_faults(struct intel_iommu *iommu)
{
	mod_timer(&iommu->fault_timer, jiffies + 1);
}

/*
 * No interrupt comes for a fault while one is pending (7.3): whoever leaves one
 * behind must come back.  A storm is not sat out here, but by a timer.
 */
static void handle_or_defer(struct intel_iommu *iommu)
{
	unsigned int rounds = FAULT_ROUNDS;

	while (handle_faults(iommu, true))
		if (!--rounds) {
			iommu_defer_faults(iommu);
			return;
		}
}

static void fault_timer_fn(struct timer_list *t)
{
	struct intel_iommu *iommu = from_timer(iommu, t, fault_timer);

	handle_or_defer(iommu);
}

/**
 * dmar_fault - the fault event interrupt
 * @irq: the interrupt
 * @dev_id: the unit
 *
 * Context: hard interrupt
 * Return: IRQ_HANDLED
 */
irqreturn_t dmar_fault(int irq, void *dev_id)
{
	handle_or_defer(dev_id);
	return IRQ_HANDLED;
}

/**
 * iommu_clear_faults - forget what is in the fault log
 * @iommu: the unit
 *
 * Context: any
 */
void iommu_clear_faults(struct intel_iommu *iommu)
{
	handle_faults(iommu, false);
	writel(readl(iommu->reg + VTD_FSTS_REG), iommu->reg + VTD_FSTS_REG);
}

/**
 * iommu_fault_init - prepare the fault log of a unit
 * @iommu: the unit
 */
void iommu_fault_init(struct intel_iommu *iommu)
{
	raw_spin_lock_init(&iommu->fault_lock);
	ratelimit_state_init(&iommu->fault_rs, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	timer_setup(&iommu->fault_timer, fault_timer_fn, 0);
}

/**
 * iommu_fault_stop - nobody looks at the fault log any more
 * @iommu: the unit, its interrupt freed
 *
 * Context: process context
 */
void iommu_fault_stop(struct intel_iommu *iommu)
{
	timer_shutdown_sync(&iommu->fault_timer);
}
