/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queued invalidation: the pure builders of descriptors, and the queue.
 *
 * A builder returns a complete descriptor; unused words are zero.  Where
 * the spec gives hardware a choice that depends on capabilities (draining),
 * the submitting side adds it, so that builders stay pure.
 */
#ifndef _INTEL_VTD_QI_H
#define _INTEL_VTD_QI_H

#include <linux/spinlock.h>

#include "bits.h"

struct intel_iommu;

/**
 * qi_desc_cc - context-cache invalidation (6.5.2.1)
 * @did: domain ID, for CC_GRAN_DOMAIN and CC_GRAN_DEVICE
 * @sid: source ID, for CC_GRAN_DEVICE
 * @fm: function mask, for CC_GRAN_DEVICE
 * @gran: CC_GRAN_x
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_cc(u16 did, u16 sid, u8 fm, u8 gran)
{
	return (struct qi_desc) { .qw[0] =
		QI_CC | FIELD_PREP(QI_CC_GRAN, gran) |
		FIELD_PREP(QI_CC_DID, did) | FIELD_PREP(QI_CC_SID, sid) |
		FIELD_PREP(QI_CC_FM, fm) };
}

/**
 * qi_desc_iotlb - IOTLB invalidation (6.5.2.3)
 * @did: domain ID, for IOTLB_GRAN_DOMAIN and IOTLB_GRAN_PAGE
 * @addr: input address, aligned to @order, for IOTLB_GRAN_PAGE
 * @order: 2^@order pages, for IOTLB_GRAN_PAGE; at most CAP.MAMV
 * @ih: only leaf entries changed, for IOTLB_GRAN_PAGE
 * @gran: IOTLB_GRAN_x
 *
 * qi_submit() adds the draining that the unit is capable of.
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_iotlb(u16 did, u64 addr, u8 order,
					   bool ih, u8 gran)
{
	struct qi_desc desc = { .qw[0] =
		QI_IOTLB | FIELD_PREP(QI_IOTLB_GRAN, gran) |
		FIELD_PREP(QI_IOTLB_DID, did) };

	if (gran == IOTLB_GRAN_PAGE)
		desc.qw[1] = (addr & QI_IOTLB_ADDR) |
			     FIELD_PREP(QI_IOTLB_IH, ih) |
			     FIELD_PREP(QI_IOTLB_AM, order);
	return desc;
}

/**
 * qi_desc_piotlb - PASID-based IOTLB invalidation (6.5.2.4)
 * @did: domain ID
 * @pasid: PASID
 * @addr: input address, aligned to @order, for P_IOTLB_GRAN_PAGE
 * @order: 2^@order pages, for P_IOTLB_GRAN_PAGE
 * @ih: only leaf entries changed, for P_IOTLB_GRAN_PAGE
 * @gran: P_IOTLB_GRAN_x
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_piotlb(u16 did, u32 pasid, u64 addr,
					    u8 order, bool ih, u8 gran)
{
	struct qi_desc desc = { .qw[0] =
		QI_P_IOTLB | FIELD_PREP(QI_P_IOTLB_GRAN, gran) |
		FIELD_PREP(QI_P_IOTLB_DID, did) |
		FIELD_PREP(QI_P_IOTLB_PASID, pasid) };

	if (gran == P_IOTLB_GRAN_PAGE)
		desc.qw[1] = (addr & QI_P_IOTLB_ADDR) |
			     FIELD_PREP(QI_P_IOTLB_IH, ih) |
			     FIELD_PREP(QI_P_IOTLB_AM, order);
	return desc;
}

/**
 * qi_desc_pc - PASID-cache invalidation (6.5.2.2)
 * @did: domain ID, for PC_GRAN_DOMAIN and PC_GRAN_PASID
 * @pasid: PASID, for PC_GRAN_PASID
 * @gran: PC_GRAN_x
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_pc(u16 did, u32 pasid, u8 gran)
{
	return (struct qi_desc) { .qw[0] =
		QI_PC | FIELD_PREP(QI_PC_GRAN, gran) |
		FIELD_PREP(QI_PC_DID, did) | FIELD_PREP(QI_PC_PASID, pasid) };
}

/*
 * The range of a device-TLB invalidation: with S set, the lowest zero bit of
 * the page number says how many pages, as in the ATS invalidate request
 * (PCIe 10.3.1).  An order that covers everything leaves bit 63 as that zero.
 */
static inline u64 qi_dev_tlb_range(u64 addr, u8 order, u64 s)
{
	u8 top = order < 64 - VTD_PAGE_SHIFT ? VTD_PAGE_SHIFT + order - 1 : 63;

	if (!order)
		return addr & VTD_PAGE_MASK;
	addr &= ~GENMASK_ULL(top, 0);
	if (top > VTD_PAGE_SHIFT)
		addr |= GENMASK_ULL(top - 1, VTD_PAGE_SHIFT);
	return addr | s;
}

/**
 * qi_desc_dev_iotlb - device-TLB invalidation (6.5.2.5)
 * @sid: source ID of the device
 * @pfsid: source ID of its physical function (itself, if it is one), which
 *	hardware uses to throttle the requests to a device
 * @qdep: the device's invalidate queue depth, 0 to 31 (0 is 32)
 * @addr: untranslated address, aligned to @order
 * @order: 2^@order pages; 64 - VTD_PAGE_SHIFT or more is everything
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_dev_iotlb(u16 sid, u16 pfsid, u8 qdep,
					       u64 addr, u8 order)
{
	return (struct qi_desc) {
		.qw[0] = QI_DEV_TLB | FIELD_PREP(QI_DEV_TLB_SID, sid) |
			 FIELD_PREP(QI_DEV_TLB_PFSID_LO, pfsid & 0xf) |
			 FIELD_PREP(QI_DEV_TLB_PFSID_HI, pfsid >> 4) |
			 FIELD_PREP(QI_DEV_TLB_MIP, qdep & 0x1f),
		.qw[1] = qi_dev_tlb_range(addr, order, QI_DEV_TLB_S),
	};
}

/**
 * qi_desc_dev_iotlb_pasid - PASID-based device-TLB invalidation (6.5.2.6)
 * @sid: source ID of the device
 * @pfsid: source ID of its physical function
 * @pasid: PASID
 * @qdep: the device's invalidate queue depth, 0 to 31 (0 is 32)
 * @addr: untranslated address, aligned to @order
 * @order: 2^@order pages; 64 - VTD_PAGE_SHIFT or more is everything
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_dev_iotlb_pasid(u16 sid, u16 pfsid,
						     u32 pasid, u8 qdep,
						     u64 addr, u8 order)
{
	return (struct qi_desc) {
		.qw[0] = QI_P_DEV_TLB | FIELD_PREP(QI_P_DEV_TLB_SID, sid) |
			 FIELD_PREP(QI_P_DEV_TLB_PASID, pasid) |
			 FIELD_PREP(QI_P_DEV_TLB_PFSID_LO, pfsid & 0xf) |
			 FIELD_PREP(QI_P_DEV_TLB_PFSID_HI, pfsid >> 4) |
			 FIELD_PREP(QI_P_DEV_TLB_MIP, qdep & 0x1f),
		.qw[1] = qi_dev_tlb_range(addr, order, QI_P_DEV_TLB_S),
	};
}

/**
 * qi_desc_iec - interrupt-entry-cache invalidation (6.5.2.7)
 * @global: everything; otherwise 2^@mask entries from @index
 * @index: first interrupt index, aligned to @mask
 * @mask: 2^@mask entries; at most ECAP.MHMV
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_iec(bool global, u16 index, u8 mask)
{
	if (global)
		return (struct qi_desc) { .qw[0] = QI_IEC };
	return (struct qi_desc) { .qw[0] =
		QI_IEC | QI_IEC_GRAN | FIELD_PREP(QI_IEC_IIDX, index) |
		FIELD_PREP(QI_IEC_IM, mask) };
}

/**
 * qi_desc_wait - invalidation wait that writes a status word (6.5.2.8)
 * @data: what to write
 * @addr: physical address of the 32-bit word
 *
 * Return: the descriptor
 */
static inline struct qi_desc qi_desc_wait(u32 data, u64 addr)
{
	return (struct qi_desc) {
		.qw[0] = QI_WAIT | QI_WAIT_SW | FIELD_PREP(QI_WAIT_DATA, data),
		.qw[1] = addr & QI_WAIT_ADDR,
	};
}

/* qi.c */
int qi_enable(struct intel_iommu *iommu);
void qi_disable(struct intel_iommu *iommu);
int qi_reenable(struct intel_iommu *iommu);
void qi_free(struct intel_iommu *iommu);
int qi_submit(struct intel_iommu *iommu, const struct qi_desc *desc,
	      unsigned int count);
void qi_global_iec(struct intel_iommu *iommu);
void qi_clear_ice(struct intel_iommu *iommu);

int iommu_flush_context(struct intel_iommu *iommu, u16 did, u16 sid, u8 fm,
			u8 gran);
int iommu_flush_iotlb(struct intel_iommu *iommu, u16 did, u64 addr, u8 order,
		      u8 gran);
int iommu_flush_all(struct intel_iommu *iommu);

#endif /* _INTEL_VTD_QI_H */
