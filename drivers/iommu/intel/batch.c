// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations of one unit, gathered, with one wait for all of them.
 *
 * Law: the hardware orders the kinds among themselves - context and PASID cache
 * before IOTLB before device TLB - by their order in the queue (VT-d 6.5.2,
 * "Queued Invalidation Ordering Considerations"), so a batch needs no fence in it.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "domain.h"

/* A unit without a queue has registers for the two that legacy mode needs. */
static int submit_register(struct intel_iommu *iommu, const struct qi_desc *d)
{
	u64 qw0 = d->qw[0], qw1 = d->qw[1];

	switch (FIELD_GET(QI_TYPE, qw0)) {
	case QI_CC:
		return iommu_flush_context(iommu, FIELD_GET(QI_CC_DID, qw0),
					   FIELD_GET(QI_CC_SID, qw0),
					   FIELD_GET(QI_CC_FM, qw0),
					   FIELD_GET(QI_CC_GRAN, qw0));
	case QI_IOTLB:
		return iommu_flush_iotlb(iommu, FIELD_GET(QI_IOTLB_DID, qw0),
					 qw1 & QI_IOTLB_ADDR,
					 FIELD_GET(QI_IOTLB_AM, qw1),
					 FIELD_GET(QI_IOTLB_GRAN, qw0));
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * intel_submit() - have a unit carry out invalidations, and wait
 * @iommu: the unit
 * @desc: the commands
 * @count: number of @desc
 *
 * Context: Any; spins until the hardware is done, or its deadline has passed.
 * Return: 0, or what qi_submit() returns.
 */
int intel_submit(struct intel_iommu *iommu, const struct qi_desc *desc,
		 unsigned int count)
{
	int ret = 0;

	KUNIT_STATIC_STUB_REDIRECT(intel_submit, iommu, desc, count);
	if (iommu->qi)
		return qi_submit(iommu, desc, count);
	while (count-- && !ret)
		ret = submit_register(iommu, desc++);
	return ret;
}

/* An unplugged device answers no invalidation: do not wait for it. */
static bool device_gone(struct intel_device *device)
{
	return dev_is_pci(device->dev) &&
	       to_pci_dev(device->dev)->error_state == pci_channel_io_perm_failure;
}

/**
 * batch_add_device_tlb() - have a device forget translations
 * @b: the batch
 * @device: the device; nothing happens unless its ATS is enabled
 * @pasid: 0: of requests without PASID
 * @addr: first address, aligned to @order
 * @order: 2^@order pages; 64 - %VTD_PAGE_SHIFT is everything
 *
 * Context: Any.  The caller holds off the device's release, by RCU at least.
 */
void batch_add_device_tlb(struct flush_batch *b, struct intel_device *device,
			  u32 pasid, u64 addr, u8 order)
{
	struct qi_desc desc;

	if (!READ_ONCE(device->ats_enabled) || device_gone(device) ||
	    !iommu_translating(b->iommu))
		return;
	if (pasid)
		desc = qi_desc_dev_iotlb_pasid(device->rid, device->pfsid, pasid,
					       device->ats_qdep, addr, order);
	else
		desc = qi_desc_dev_iotlb(device->rid, device->pfsid,
					 device->ats_qdep, addr, order);
	batch_add(b, desc);
	if (device->extra_dev_tlb_flush)
		batch_add(b, desc);
}
