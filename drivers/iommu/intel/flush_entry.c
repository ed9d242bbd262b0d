// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the caches have to forget when a context or PASID table entry changes.
 *
 * The law is VT-d 6.5.3.3 ("Guidance to Software for Invalidations"), and for
 * entries that were not present VT-d 6.1 (caching mode) and 6.8 (write buffer).
 * Each of these is one submission with one wait.
 */
#include "domain.h"

#define ORDER_ALL	(64 - VTD_PAGE_SHIFT)
#define FM_EXACT	0	/* the function mask that names one function */

static void batch_init(struct flush_batch *b, struct intel_device *device)
{
	b->iommu = device->iommu;
	b->count = 0;
}

/**
 * intel_flush_device_tlb() - have a device forget all it knows
 * @device: the device
 *
 * Context: Any.
 */
void intel_flush_device_tlb(struct intel_device *device)
{
	struct flush_batch b __uninitialized;

	batch_init(&b, device);
	batch_add_device_tlb(&b, device, 0, 0, ORDER_ALL);
	batch_submit(&b);
}

/**
 * intel_flush_context_gone() - a legacy-mode context entry was present
 * @device: whose requests it served
 * @rid: source ID that it is for
 * @old: what it was
 *
 * An entry inherited from a crashed kernel may hold any domain ID; one that the
 * unit does not have means that everything goes.
 *
 * Context: Any.
 */
void intel_flush_context_gone(struct intel_device *device, u16 rid,
			      const struct context_entry *old)
{
	u16 did = FIELD_GET(CTX_HI_DID, old->hi);
	struct flush_batch b __uninitialized;

	batch_init(&b, device);
	if (did < cap_ndoms(b.iommu->cap)) {
		batch_add(&b, qi_desc_cc(did, rid, FM_EXACT, CC_GRAN_DEVICE));
		batch_add(&b, qi_desc_iotlb(did, 0, 0, false,
					    IOTLB_GRAN_DOMAIN));
	} else {
		batch_add(&b, qi_desc_cc(0, 0, 0, CC_GRAN_GLOBAL));
		batch_add(&b, qi_desc_iotlb(0, 0, 0, false, IOTLB_GRAN_GLOBAL));
	}
	batch_add_device_tlb(&b, device, 0, 0, ORDER_ALL);
	batch_submit(&b);
}

/**
 * intel_flush_sm_context_gone() - a scalable-mode context entry was present
 * @device: whose requests it served
 * @rid: source ID that it is for
 * @all: it led to PASID entries that are not known here: another device's, or
 *	those of a crashed kernel
 *
 * Otherwise all the PASID entries behind it were retired before.
 *
 * Context: Any.
 */
void intel_flush_sm_context_gone(struct intel_device *device, u16 rid, bool all)
{
	struct flush_batch b __uninitialized;

	batch_init(&b, device);
	batch_add(&b, qi_desc_cc(0, rid, FM_EXACT, CC_GRAN_DEVICE));
	if (all) {
		batch_add(&b, qi_desc_pc(0, 0, PC_GRAN_GLOBAL));
		batch_add(&b, qi_desc_iotlb(0, 0, 0, false, IOTLB_GRAN_GLOBAL));
	}
	batch_add_device_tlb(&b, device, 0, 0, ORDER_ALL);
	batch_submit(&b);
}

/**
 * intel_flush_context_new() - a context entry became present
 * @device: whose requests it serves
 * @rid: source ID that it is for
 * @did: its domain ID in legacy mode, %DID_INVALID in scalable mode
 *
 * Caching mode has the absence tagged with domain 0.
 *
 * Context: Any.
 */
void intel_flush_context_new(struct intel_device *device, u16 rid, u16 did)
{
	struct flush_batch b __uninitialized;

	batch_init(&b, device);
	if (!cap_cm(b.iommu->cap)) {
		iommu_flush_write_buffer(b.iommu);
		return;
	}
	batch_add(&b, qi_desc_cc(DID_INVALID, rid, FM_EXACT, CC_GRAN_DEVICE));
	batch_add(&b, qi_desc_iotlb(did, 0, 0, false, IOTLB_GRAN_DOMAIN));
	batch_submit(&b);
}

/*
 * Emulated units (QEMU 7.2) decide whether a device passes through only when its
 * context cache is invalidated.  The specification does not ask for it where a
 * PASID entry changes; on hardware it costs one descriptor per attach.
 */
static void add_passthrough(struct flush_batch *b, struct intel_device *device,
			    u64 pgtt)
{
	unsigned int i;

	if (pgtt == PGTT_PASSTHROUGH)
		for (i = 0; i < device->nr_rids; i++)
			batch_add(b, qi_desc_cc(0, device->rids[i], FM_EXACT,
						CC_GRAN_DEVICE));
}

static void add_pasid_iotlb(struct flush_batch *b, u32 pasid, u16 did, u64 pgtt)
{
	if (pgtt == PGTT_SECOND_STAGE || pgtt == PGTT_NESTED)
		batch_add(b, qi_desc_iotlb(did, 0, 0, false, IOTLB_GRAN_DOMAIN));
	else
		batch_add(b, qi_desc_piotlb(did, pasid, 0, 0, false,
					    P_IOTLB_GRAN_PASID));
}

/**
 * intel_flush_pasid_gone() - a PASID table entry was present
 * @device: whose it is
 * @pasid: its PASID
 * @old: what it was
 *
 * Context: Any.
 */
void intel_flush_pasid_gone(struct intel_device *device, u32 pasid,
			    const struct pasid_entry *old)
{
	u64 pgtt = FIELD_GET(PE0_PGTT, old->qw[0]);
	u16 did = FIELD_GET(PE1_DID, old->qw[1]);
	struct flush_batch b __uninitialized;

	batch_init(&b, device);
	add_passthrough(&b, device, pgtt);
	batch_add(&b, qi_desc_pc(did, pasid, PC_GRAN_PASID));
	add_pasid_iotlb(&b, pasid, did, pgtt);
	batch_add_device_tlb(&b, device, pasid, 0, ORDER_ALL);
	batch_submit(&b);
}

/**
 * intel_flush_pasid_new() - a PASID table entry became present
 * @device: whose it is
 * @pasid: its PASID
 * @entry: what it is
 *
 * Context: Any.
 */
void intel_flush_pasid_new(struct intel_device *device, u32 pasid,
			   const struct pasid_entry *entry)
{
	u16 did = FIELD_GET(PE1_DID, entry->qw[1]);
	struct flush_batch b __uninitialized;

	batch_init(&b, device);
	if (!cap_cm(b.iommu->cap)) {
		iommu_flush_write_buffer(b.iommu);
		return;
	}
	batch_add(&b, qi_desc_pc(did, pasid, PC_GRAN_PASID));
	add_pasid_iotlb(&b, pasid, did, FIELD_GET(PE0_PGTT, entry->qw[0]));
	batch_submit(&b);
}
