// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidation verbs that work with and without a queue (VT-d 6.5).
 *
 * Laws: a unit that has a queue is never asked through its registers; one without
 * is asked one thing at a time, under register_lock.  Scalable mode needs the
 * queue: registers know nothing of PASIDs (6.5.1).
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/iopoll.h>

#include "unit.h"

#define COMMAND_TIMEOUT_US	(10 * USEC_PER_SEC)

/* Context-cache invalidation by register (11.4.6.1). */
static int ccmd(struct intel_iommu *iommu, u64 val)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	writeq(val | CCMD_ICC, iommu->reg + VTD_CCMD_REG);
	ret = readq_poll_timeout_atomic(iommu->reg + VTD_CCMD_REG, val,
					!(val & CCMD_ICC), 1,
					COMMAND_TIMEOUT_US);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	if (ret)
		pr_err("%s: context-cache invalidation does not end, CCMD 0x%016llx\n",
		       iommu->name, val);
	return ret;
}

/* IOTLB invalidation by register (11.4.6.2). */
static int iotlb_cmd(struct intel_iommu *iommu, u64 iva, u64 val)
{
	void __iomem *reg = iommu->reg + ecap_iro(iommu->ecap);
	unsigned long flags;
	u64 now;
	int ret;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	writeq(iva, reg + VTD_IVA_OFFSET);
	writeq(val | IOTLB_IVT, reg + VTD_IOTLB_OFFSET);
	ret = readq_poll_timeout_atomic(reg + VTD_IOTLB_OFFSET, now,
					!(now & IOTLB_IVT), 1,
					COMMAND_TIMEOUT_US);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	if (ret) {
		pr_err("%s: IOTLB invalidation does not end, IOTLB 0x%016llx\n",
		       iommu->name, now);
		return ret;
	}
	/* Hardware may do more than asked; 0 is that it refused. */
	if (FIELD_GET(IOTLB_IAIG, now))
		return 0;
	pr_err_ratelimited("%s: IOTLB invalidation 0x%016llx refused\n",
			   iommu->name, val);
	return -EIO;
}

/**
 * iommu_flush_context - flush the context cache
 * @iommu: the unit
 * @did: domain ID that the entries had, for CC_GRAN_DOMAIN and CC_GRAN_DEVICE
 * @sid: source ID, for CC_GRAN_DEVICE
 * @fm: function mask, for CC_GRAN_DEVICE
 * @gran: CC_GRAN_x
 *
 * Context: any; spins with interrupts off
 * Return: 0, -ETIMEDOUT, -EIO
 */
int iommu_flush_context(struct intel_iommu *iommu, u16 did, u16 sid, u8 fm,
			u8 gran)
{
	struct qi_desc desc = qi_desc_cc(did, sid, fm, gran);

	if (iommu->qi)
		return qi_submit(iommu, &desc, 1);

	return ccmd(iommu, FIELD_PREP(CCMD_CIRG, gran) |
			   FIELD_PREP(CCMD_FM, fm) |
			   FIELD_PREP(CCMD_SID, sid) |
			   FIELD_PREP(CCMD_DID, did));
}

/**
 * iommu_flush_iotlb - flush the IOTLB, and the walk caches
 * @iommu: the unit
 * @did: domain ID, for IOTLB_GRAN_DOMAIN and IOTLB_GRAN_PAGE
 * @addr: input address, aligned to @order, for IOTLB_GRAN_PAGE
 * @order: 2^@order pages, for IOTLB_GRAN_PAGE; at most CAP.MAMV
 * @gran: IOTLB_GRAN_x
 *
 * Context: any; spins with interrupts off
 * Return: 0, -ETIMEDOUT, -EIO
 */
int iommu_flush_iotlb(struct intel_iommu *iommu, u16 did, u64 addr, u8 order,
		      u8 gran)
{
	struct qi_desc desc = qi_desc_iotlb(did, addr, order, false, gran);

	if (iommu->qi)
		return qi_submit(iommu, &desc, 1);

	return iotlb_cmd(iommu, desc.qw[1],
			 FIELD_PREP(IOTLB_IIRG, gran) |
			 FIELD_PREP(IOTLB_DID, did) |
			 FIELD_PREP(IOTLB_DW, cap_dwd(iommu->cap)) |
			 FIELD_PREP(IOTLB_DR, cap_drd(iommu->cap)));
}

/**
 * iommu_flush_all - flush every translation cache of a unit
 * @iommu: the unit
 *
 * Context: any; spins with interrupts off
 * Return: 0, -ETIMEDOUT, -EIO
 */
int iommu_flush_all(struct intel_iommu *iommu)
{
	struct qi_desc desc = qi_desc_pc(0, 0, PC_GRAN_GLOBAL);
	int ret;

	/* Outer caches are filled from inner ones: context before IOTLB. */
	ret = iommu_flush_context(iommu, 0, 0, 0, CC_GRAN_GLOBAL);
	if (!ret && sm_supported(iommu))
		ret = qi_submit(iommu, &desc, 1);
	if (!ret)
		ret = iommu_flush_iotlb(iommu, 0, 0, 0, IOTLB_GRAN_GLOBAL);
	return ret;
}
