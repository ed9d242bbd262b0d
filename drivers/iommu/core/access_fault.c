// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access faults: requests that hardware refused, on their way from the fault
 * interrupt to whoever owns the domain that they went to.
 *
 * Law: a handler runs under the fault lock of the device's group, and only for a
 * domain that is attached there: the device for an aux-domain, the group for
 * others.  Whoever takes a domain out of the group's tables passes through that
 * lock afterwards.  So when a detach returns, no handler runs any more for what
 * was detached, and none will: the domain, and what the handler's token points
 * to, can be freed.
 */

#include <linux/export.h>
#include <linux/iommu.h>
#include <trace/events/iommu.h>

#include "core.h"

/**
 * iommu_group_publish_domain() - note a group's primary domain
 * @group: the group
 * @domain: what its members are in now, or NULL
 *
 * On return nobody reports a fault to the old one.
 *
 * Context: any context but interrupts; under group->mutex.
 */
void iommu_group_publish_domain(struct iommu_group *group,
				struct iommu_domain *domain)
{
	struct iommu_domain *old = group->domain;

	lockdep_assert_held(&group->mutex);

	if (domain)
		atomic_inc(&domain->attachments);
	raw_spin_lock_irq(&group->fault_lock);
	group->domain = domain;
	raw_spin_unlock_irq(&group->fault_lock);
	if (old)
		atomic_dec(&old->attachments);
}

/**
 * iommu_group_quiesce_faults() - wait for fault handlers that are running
 * @group: the group, out of whose tables something was taken
 *
 * Context: any context but interrupts.
 */
void iommu_group_quiesce_faults(struct iommu_group *group)
{
	raw_spin_lock_irq(&group->fault_lock);
	raw_spin_unlock_irq(&group->fault_lock);
}

/* Where the request went; NULL: nowhere, e.g. it came after the detach. */
static struct iommu_domain *faulting_domain(struct iommu_group *group,
					    struct device *dev, ioasid_t pasid)
{
	struct iommu_attachment *at;

	lockdep_assert_held(&group->fault_lock);

	if (pasid == IOMMU_NO_PASID)
		return group->domain;
	at = xa_load(&group->attachments, pasid);
	if (!at)
		return NULL;
	if (!list_empty(&at->bindings) && !iommu_aux_binding(at, dev))
		return NULL;
	return at->domain;
}

static int flags_of(const struct iommu_access_fault *fault)
{
	return fault->perm & IOMMU_FAULT_PERM_WRITE ? IOMMU_FAULT_WRITE :
						      IOMMU_FAULT_READ;
}

/* A domain has a handler of one of two kinds, or none. */
static int tell(struct iommu_domain *domain, struct device *dev,
		const struct iommu_access_fault *fault)
{
	if (domain->type == IOMMU_DOMAIN_SVA || !domain->access_handler)
		return report_iommu_fault(domain, dev, fault->addr,
					  flags_of(fault));
	trace_io_page_fault(dev, fault->addr, flags_of(fault));
	return domain->access_handler(domain, dev, fault, domain->handler_token);
}

/**
 * iommu_report_access_fault() - tell the user of a domain that a request was
 * refused
 * @dev: the device that made the request
 * @fault: what it was
 *
 * For IOMMU drivers, which find @dev by its ID under RCU and have not released it
 * yet.  They log what this returns an error for: rate-limited, with device,
 * PASID, address, access and reason.
 *
 * Context: any but NMI; usually the fault interrupt.
 * Return: 0 if the domain's handler dealt with it; -ENOSYS without a handler;
 * -ENOENT if nothing is attached where the request went; the handler's error.
 */
int iommu_report_access_fault(struct device *dev,
			      const struct iommu_access_fault *fault)
{
	/* Devices are reported by their units before they have a group. */
	struct iommu_group *group = READ_ONCE(dev->iommu_group);
	struct iommu_domain *domain;
	unsigned long flags;
	int ret = -ENOENT;

	if (!group)
		return -ENOENT;

	raw_spin_lock_irqsave(&group->fault_lock, flags);
	domain = faulting_domain(group, dev, fault->pasid);
	if (domain)
		ret = tell(domain, dev, fault);
	raw_spin_unlock_irqrestore(&group->fault_lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_report_access_fault);
