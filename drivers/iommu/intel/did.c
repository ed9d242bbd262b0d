// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domain IDs: the tag of a domain in the caches of each unit where it is in use.
 *
 * Law: two things that translate differently never share a tag on a unit, for
 * as long as a cache may hold anything under it.  So the ID goes back only when
 * the last entry with it is gone and flushed.
 *
 * The last ID that came back is not given to the allocator but to the next domain:
 * most attaches follow a detach.
 *
 * 0 is what caching mode tags absence with, 1 is for pass-through and for tables
 * shared with the CPU (VT-d 6.2.3.1); domains have %DID_FIRST and up.
 */
#include <linux/idr.h>

#include "domain.h"

static void count_dids(struct intel_iommu *iommu, int n)
{
	unsigned long flags;

	spin_lock_irqsave(&iommu->lock, flags);
	iommu->nr_dids += n;
	spin_unlock_irqrestore(&iommu->lock, flags);
}

/* Count one more, and take the ID that is at hand; 0: there is none. */
static int take_spare(struct intel_iommu *iommu)
{
	unsigned long flags;
	int did;

	spin_lock_irqsave(&iommu->lock, flags);
	did = iommu->spare_did;
	iommu->spare_did = 0;
	iommu->nr_dids += !!did;
	spin_unlock_irqrestore(&iommu->lock, flags);
	return did;
}

/* Count one less, and keep @did at hand; what is no longer, or 0. */
static u16 keep_spare(struct intel_iommu *iommu, u16 did)
{
	unsigned long flags;

	spin_lock_irqsave(&iommu->lock, flags);
	swap(iommu->spare_did, did);
	iommu->nr_dids--;
	spin_unlock_irqrestore(&iommu->lock, flags);
	return did;
}

/* Any attachment of @domain on a unit: all of them there have the same ID. */
static struct attachment *on_unit(struct dmar_domain *domain,
				  const struct intel_iommu *iommu)
{
	struct attachment *att;

	list_for_each_entry(att, &domain->attachments, node)
		if (att->device->iommu == iommu)
			return att;
	return NULL;
}

/**
 * domain_get_did() - use a domain on a unit
 * @domain: the domain
 * @iommu: the unit
 *
 * Context: May sleep; domain->lock, held until the attachment is in
 * domain->attachments.
 * Return: The domain ID, to be given back with domain_put_did(); -ENOSPC when
 * the unit has none left; -ENOMEM.
 */
int domain_get_did(struct dmar_domain *domain, struct intel_iommu *iommu)
{
	struct attachment *att;
	int did;

	lockdep_assert_held(&domain->lock);
	att = on_unit(domain, iommu);
	if (att)
		return att->did;
	did = take_spare(iommu);
	if (did)
		return did;
	did = ida_alloc_range(&iommu->did_ida, DID_FIRST,
			      cap_ndoms(iommu->cap) - 1, GFP_KERNEL);
	if (did >= 0)
		count_dids(iommu, 1);
	return did;
}

/**
 * domain_put_did() - one use less
 * @domain: the domain; the attachment is not in domain->attachments any more
 * @iommu: the unit
 * @did: what domain_get_did() returned
 *
 * Context: domain->lock.
 */
void domain_put_did(struct dmar_domain *domain, struct intel_iommu *iommu,
		    u16 did)
{
	lockdep_assert_held(&domain->lock);
	if (on_unit(domain, iommu))
		return;
	did = keep_spare(iommu, did);
	if (did)
		ida_free(&iommu->did_ida, did);
}

/**
 * did_reserve() - never hand out a domain ID that an inherited entry uses
 * @iommu: the unit
 * @did: domain ID; several entries may have the same
 *
 * Context: May sleep.
 */
void did_reserve(struct intel_iommu *iommu, u16 did)
{
	if (did < DID_FIRST || did >= cap_ndoms(iommu->cap))
		return;
	if (ida_alloc_range(&iommu->did_ida, did, did, GFP_KERNEL) == did)
		count_dids(iommu, 1);
}
