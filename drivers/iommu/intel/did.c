// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domain IDs: the tag of a domain in the caches of each unit where it is in use.
 *
 * Law: two things that translate differently never share a tag on a unit, for
 * as long as a cache may hold anything under it.  So the ID goes back only when
 * the last entry with it is gone and flushed.
 *
 * 0 is what caching mode tags absence with, 1 is for pass-through and for tables
 * shared with the CPU (VT-d 6.2.3.1); domains have %DID_FIRST and up.
 */
#include <linux/slab.h>

#include "domain.h"

static void count_dids(struct intel_iommu *iommu, int n)
{
	unsigned long flags;

	spin_lock_irqsave(&iommu->lock, flags);
	iommu->nr_dids += n;
	spin_unlock_irqrestore(&iommu->lock, flags);
}

static int new_unit(struct dmar_domain *domain, struct intel_iommu *iommu)
{
	struct domain_unit *unit = kzalloc(sizeof(*unit), GFP_KERNEL);
	int did, ret;

	if (!unit)
		return -ENOMEM;
	did = ida_alloc_range(&iommu->did_ida, DID_FIRST,
			      cap_ndoms(iommu->cap) - 1, GFP_KERNEL);
	if (did < 0) {
		ret = did;
		goto free_unit;
	}
	*unit = (struct domain_unit) { .iommu = iommu, .did = did, .users = 1 };
	ret = xa_insert(&domain->units, iommu->seq_id, unit, GFP_KERNEL);
	if (ret)
		goto free_did;
	count_dids(iommu, 1);
	return did;

free_did:
	ida_free(&iommu->did_ida, did);
free_unit:
	kfree(unit);
	return ret;
}

/**
 * domain_get_did() - use a domain on a unit
 * @domain: the domain
 * @iommu: the unit
 *
 * Context: May sleep; domain->lock.
 * Return: The domain ID, to be given back with domain_put_did(); -ENOSPC when
 * the unit has none left; -ENOMEM.
 */
int domain_get_did(struct dmar_domain *domain, struct intel_iommu *iommu)
{
	struct domain_unit *unit;

	lockdep_assert_held(&domain->lock);
	unit = xa_load(&domain->units, iommu->seq_id);
	if (!unit)
		return new_unit(domain, iommu);
	unit->users++;
	return unit->did;
}

/**
 * domain_put_did() - one use less
 * @domain: the domain
 * @iommu: the unit
 *
 * Context: domain->lock.
 */
void domain_put_did(struct dmar_domain *domain, struct intel_iommu *iommu)
{
	struct domain_unit *unit;

	lockdep_assert_held(&domain->lock);
	unit = xa_load(&domain->units, iommu->seq_id);
	if (WARN_ON_ONCE(!unit) || --unit->users)
		return;
	xa_erase(&domain->units, iommu->seq_id);
	ida_free(&iommu->did_ida, unit->did);
	count_dids(iommu, -1);
	kfree(unit);
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
