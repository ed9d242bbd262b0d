// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of IOMMU instances.
 *
 * Law: an instance is in the registry from before its first device is probed
 * until after its last device is released.  The registry's lock covers the
 * list and nothing else; no driver is called under it.  Whoever calls drivers for
 * one instance after the other keeps the list as it is by registry_sem.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/property.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "../iommu-priv.h"
#include "core.h"

static DEFINE_SPINLOCK(registry_lock);
static DECLARE_RWSEM(registry_sem);
static LIST_HEAD(registry);	/* of iommu_device.list; written under both */

bool iommu_registry_empty(void)
{
	guard(spinlock)(&registry_lock);
	return list_empty(&registry);
}

void iommu_registry_add(struct iommu_device *iommu)
{
	guard(rwsem_write)(&registry_sem);
	guard(spinlock)(&registry_lock);
	list_add_tail(&iommu->list, &registry);
}

void iommu_registry_del(struct iommu_device *iommu)
{
	guard(rwsem_write)(&registry_sem);
	guard(spinlock)(&registry_lock);
	list_del(&iommu->list);
}

/**
 * iommu_registry_drain() - have all units forget a PASID
 * @pasid: the PASID, attached nowhere
 *
 * Context: may sleep.
 * Return: 0; the error of a unit that could not, and the others were asked all the
 * same.
 */
int iommu_registry_drain(ioasid_t pasid)
{
	struct iommu_device *unit;
	int ret, first = 0;

	guard(rwsem_read)(&registry_sem);
	list_for_each_entry(unit, &registry, list) {
		if (!unit->ops->drain_pasid)
			continue;
		ret = unit->ops->drain_pasid(unit, pasid);
		first = first ?: ret;
	}
	return first;
}

/**
 * iommu_ops_from_fwnode() - find the driver of the IOMMU that firmware names
 * @fwnode: the IOMMU's firmware node; NULL stands for an IOMMU that firmware
 *	describes in its own way (DMAR, IVRS), of which there is one kind at most
 *
 * Context: any context.
 * Return: the driver's ops, or NULL if no such IOMMU is registered.
 */
const struct iommu_ops *iommu_ops_from_fwnode(const struct fwnode_handle *fwnode)
{
	struct iommu_device *unit;

	guard(spinlock)(&registry_lock);
	list_for_each_entry(unit, &registry, list) {
		if (unit->fwnode == fwnode)
			return unit->ops;
	}
	return NULL;
}

/**
 * iommu_device_register() - announce an IOMMU instance and probe its devices
 * @iommu: the instance, in memory of the driver's; zeroed before first use
 * @ops: how to drive it; stays until iommu_device_unregister()
 * @hwdev: the device that the instance is, whose firmware node identifies it to
 *	the devices behind it; NULL for an IOMMU that firmware describes otherwise
 *
 * Context: may sleep; must not hold iommu_probe_device_lock.
 * Return: 0; -EINVAL if @ops lie in a module but do not name it; otherwise the
 * error with which a device could not be probed, and nothing is registered.
 */
int iommu_device_register(struct iommu_device *iommu,
			  const struct iommu_ops *ops, struct device *hwdev)
{
	int ret;

	if (!ops->owner && is_module_address((unsigned long)ops)) {
		pr_err("%ps: driver in a module names no owner, not registered\n",
		       ops);
		return -EINVAL;
	}

	iommu->ops = ops;
	if (hwdev)
		iommu->fwnode = dev_fwnode(hwdev);
	iommu_registry_add(iommu);

	ret = iommu_buses_probe();
	if (ret)
		iommu_device_unregister(iommu);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_device_register);

/**
 * iommu_device_unregister() - release an instance's devices and forget it
 * @iommu: the instance
 *
 * Context: may sleep; no driver may be bound to a device behind @iommu.
 */
void iommu_device_unregister(struct iommu_device *iommu)
{
	struct iommu_group *single;

	iommu_buses_release(iommu);
	iommu_registry_del(iommu);

	/* The reference that generic_single_device_group() left here. */
	single = iommu->singleton_group;
	iommu->singleton_group = NULL;
	iommu_group_put(single);
}
EXPORT_SYMBOL_GPL(iommu_device_unregister);

/**
 * iommu_present() - might an IOMMU translate some device of a bus?
 * @bus: the bus
 *
 * For old users only; device_iommu_mapped() tells what matters, the answer for
 * one device.
 *
 * Context: any context.
 * Return: true if any IOMMU is registered and the core looks after @bus.
 */
bool iommu_present(const struct bus_type *bus)
{
	return iommu_bus_is_known(bus) && !iommu_registry_empty();
}
EXPORT_SYMBOL_GPL(iommu_present);
