/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault records: what they say, and who is told; for the log and its test.
 */
#ifndef _INTEL_VTD_FAULT_H
#define _INTEL_VTD_FAULT_H

#include <linux/types.h>

/**
 * struct vtd_fault - what a fault record says
 * @access: what the device tried
 * @perm: the same as IOMMU_FAULT_PERM_x
 * @text: why it was refused
 * @reason: the same as a code
 * @ir: it was an interrupt request
 * @sid: source ID of the device
 * @pasid: PASID of the request, or IOMMU_PASID_INVALID
 * @addr: page address; for an interrupt request the index
 */
struct vtd_fault {
	const char *access;
	u32 perm;
	const char *text;
	u8 reason;
	bool ir;
	u16 sid;
	u32 pasid;
	u64 addr;
};

const char *vtd_fault_reason(u8 reason, bool *ir);
struct vtd_fault vtd_fault_decode(u64 lo, u64 hi);

struct device;
struct intel_iommu;
struct iommu_access_fault;
bool vtd_fault_taken(struct intel_iommu *iommu, const struct vtd_fault *f);
int intel_report_fault(struct device *dev,
		       const struct iommu_access_fault *fault);

#endif /* _INTEL_VTD_FAULT_H */
