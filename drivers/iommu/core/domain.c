// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and freeing domains.
 *
 * A domain belongs to whoever allocated it, from the allocation op until
 * iommu_domain_free().  Its type never changes while it is attached.  Identity
 * and blocked domains of drivers that have static ones are never allocated and
 * never freed.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/sched/mm.h>
#include <trace/events/iommu.h>

#include "../dma-iommu.h"
#include "../iommu-priv.h"
#include "core.h"

static struct iommu_domain *static_domain(const struct iommu_ops *ops,
					  unsigned int type)
{
	if (type == IOMMU_DOMAIN_BLOCKED)
		return ops->blocked_domain;
	if (type == IOMMU_DOMAIN_IDENTITY)
		return ops->identity_domain;
	return NULL;
}

/* Drivers report failure as NULL or ERR_PTR(); the core knows only ERR_PTR(). */
static struct iommu_domain *driver_alloc(const struct iommu_ops *ops,
					 struct device *dev, unsigned int type)
{
	struct iommu_domain *domain = ERR_PTR(-EOPNOTSUPP);

	if (ops->domain_alloc_paging && (type & __IOMMU_DOMAIN_PAGING))
		domain = ops->domain_alloc_paging(dev);
	else if (ops->domain_alloc)
		domain = ops->domain_alloc(type & IOMMU_DOMAIN_ALLOC_FLAGS);
	return domain ?: ERR_PTR(-ENOMEM);
}

/**
 * iommu_domain_alloc_type - make a domain of a given type
 * @ops: the driver to ask
 * @dev: a device that the domain is for, or NULL if it is not known
 * @type: IOMMU_DOMAIN_*
 *
 * Context: may sleep.
 * Return: the domain, which for %IOMMU_DOMAIN_IDENTITY and _BLOCKED may be a
 * static one; ERR_PTR(-EOPNOTSUPP) if the driver has no such type, -ENOMEM, or
 * an error of the driver.
 */
struct iommu_domain *iommu_domain_alloc_type(const struct iommu_ops *ops,
					     struct device *dev,
					     unsigned int type)
{
	struct iommu_domain *domain = static_domain(ops, type);
	int ret;

	if (domain)
		return domain;

	domain = driver_alloc(ops, dev, type);
	if (IS_ERR(domain))
		return domain;

	domain->type = type;
	domain->owner = ops;
	domain->ops = domain->ops ?: ops->default_domain_ops;
	domain->pgsize_bitmap = domain->pgsize_bitmap ?: ops->pgsize_bitmap;
	if (!iommu_is_dma_domain(domain))
		return domain;

	ret = iommu_get_dma_cookie(domain);
	if (ret) {
		iommu_domain_free(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

/* The driver of all devices of a bus, where there is just one. */
static int find_bus_ops(struct device *dev, void *data)
{
	const struct iommu_ops **found = data, *ops;

	if (!dev_has_iommu(dev))
		return 0;

	ops = dev_iommu_ops(dev);
	if (*found && *found != ops) {
		WARN_ONCE(1, "bus %s has IOMMUs of several drivers: use iommu_paging_domain_alloc()\n",
			  dev_bus_name(dev));
		return -EBUSY;
	}
	*found = ops;
	return 0;
}

/**
 * iommu_domain_alloc - make a paging domain for a device of a bus
 * @bus: the bus
 *
 * Works only where all IOMMUs of the bus have the same driver.  Use
 * iommu_paging_domain_alloc(), which knows the device.
 *
 * Context: may sleep.
 * Return: an %IOMMU_DOMAIN_UNMANAGED domain, or NULL.
 */
struct iommu_domain *iommu_domain_alloc(const struct bus_type *bus)
{
	const struct iommu_ops *ops = NULL;
	struct iommu_domain *domain;

	if (bus_for_each_dev(bus, NULL, &ops, find_bus_ops) || !ops)
		return NULL;

	domain = iommu_domain_alloc_type(ops, NULL, IOMMU_DOMAIN_UNMANAGED);
	return IS_ERR(domain) ? NULL : domain;
}
EXPORT_SYMBOL_GPL(iommu_domain_alloc);

/**
 * iommu_paging_domain_alloc - make a paging domain for a device
 * @dev: a device that it will be attached to
 *
 * The mappings are up to the caller, who frees it with iommu_domain_free().
 *
 * Context: may sleep.
 * Return: an %IOMMU_DOMAIN_UNMANAGED domain; ERR_PTR(-ENODEV) without an IOMMU,
 * -EOPNOTSUPP, -ENOMEM, or an error of the driver.
 */
struct iommu_domain *iommu_paging_domain_alloc(struct device *dev)
{
	if (!dev_has_iommu(dev))
		return ERR_PTR(-ENODEV);
	return iommu_domain_alloc_type(dev_iommu_ops(dev), dev,
				       IOMMU_DOMAIN_UNMANAGED);
}
EXPORT_SYMBOL_GPL(iommu_paging_domain_alloc);

/* Static domains are attached wherever they are needed, and stay. */
static bool is_in_use(struct iommu_domain *domain)
{
	return domain->ops->free && atomic_read(&domain->attachments);
}

/**
 * iommu_domain_free - free a domain
 * @domain: a domain that nothing is attached to
 *
 * Mappings that are left go with it.  A domain that is still attached is not
 * freed: better to lose its memory than to have hardware walk what is freed.
 *
 * Context: may sleep.
 */
void iommu_domain_free(struct iommu_domain *domain)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (WARN(is_in_use(domain), "iommu: domain freed while attached in %d places, leaking it\n",
		 atomic_read(&domain->attachments)))
		return;
	iommu_put_dma_cookie(domain);
	if (domain->type == IOMMU_DOMAIN_SVA)
		mmdrop(domain->mm);
	if (ops->free)
		ops->free(domain);
}
EXPORT_SYMBOL_GPL(iommu_domain_free);

static bool has_fault_handler(struct iommu_domain *domain)
{
	return domain->type != IOMMU_DOMAIN_SVA;
}

/**
 * iommu_set_fault_handler - ask to be told of translation faults
 * @domain: the domain
 * @handler: called for each fault that the driver reports
 * @token: passed to @handler
 *
 * Context: any; before the domain is attached, so that no fault is under way.
 */
void iommu_set_fault_handler(struct iommu_domain *domain,
			     iommu_fault_handler_t handler, void *token)
{
	if (WARN_ON(!domain || !has_fault_handler(domain)))
		return;
	domain->handler_token = token;
	domain->access_handler = NULL;
	domain->handler = handler;
}
EXPORT_SYMBOL_GPL(iommu_set_fault_handler);

/**
 * iommu_set_access_fault_handler - ask to be told all about translation faults
 * @domain: the domain
 * @handler: called for each fault that the driver reports, with PASID, access
 *	and reason; NULL for none
 * @token: passed to @handler; not used any more once the domain is detached
 *
 * Takes the place of a handler that was set before, of either kind.
 *
 * Context: any; before the domain is attached, so that no fault is under way.
 */
void iommu_set_access_fault_handler(struct iommu_domain *domain,
				    iommu_access_fault_handler_t handler,
				    void *token)
{
	if (WARN_ON(!domain || !has_fault_handler(domain)))
		return;
	domain->handler_token = token;
	domain->handler = NULL;
	domain->access_handler = handler;
}
EXPORT_SYMBOL_GPL(iommu_set_access_fault_handler);

/**
 * report_iommu_fault - tell the user of a domain of a translation fault
 * @domain: where it happened
 * @dev: the device that made the access
 * @iova: address of the access
 * @flags: %IOMMU_FAULT_READ or %IOMMU_FAULT_WRITE
 *
 * For IOMMU drivers, which print faults that nobody handles.
 *
 * Context: any that the handler can run in, usually a fault interrupt.
 * Return: what the handler returned: 0 if it dealt with the fault; -ENOSYS
 * without a handler.
 */
int report_iommu_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags)
{
	iommu_fault_handler_t handler = NULL;
	int ret = -ENOSYS;

	if (has_fault_handler(domain))
		handler = domain->handler;
	if (handler)
		ret = handler(domain, dev, iova, flags, domain->handler_token);
	trace_io_page_fault(dev, iova, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(report_iommu_fault);

/**
 * iommu_enable_nesting - let a domain be the parent of user-managed ones
 * @domain: an %IOMMU_DOMAIN_UNMANAGED domain that is not attached yet
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for another type or where the driver cannot; an error of
 * the driver.
 */
int iommu_enable_nesting(struct iommu_domain *domain)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (domain->type == IOMMU_DOMAIN_UNMANAGED && ops->enable_nesting)
		return ops->enable_nesting(domain);
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(iommu_enable_nesting);

/**
 * iommu_set_pgtable_quirks - choose variants of the page-table format
 * @domain: an %IOMMU_DOMAIN_UNMANAGED domain that is not attached yet
 * @quirks: IO_PGTABLE_QUIRK_*
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for another type or where the driver cannot; an error of
 * the driver.
 */
int iommu_set_pgtable_quirks(struct iommu_domain *domain, unsigned long quirks)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (domain->type == IOMMU_DOMAIN_UNMANAGED && ops->set_pgtable_quirks)
		return ops->set_pgtable_quirks(domain, quirks);
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(iommu_set_pgtable_quirks);
