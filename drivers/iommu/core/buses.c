// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buses whose devices an IOMMU can translate.
 *
 * Law: a device of these buses is probed when it appears or when its IOMMU
 * does, whichever comes later, and released when it disappears.  Groups found
 * while a whole bus is walked get their default domain after the walk, when all
 * their members are known: the members' drivers and reserved regions decide
 * about it together.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/amba/bus.h>
#include <linux/cdx/cdx_bus.h>
#include <linux/export.h>
#include <linux/fsl/mc.h>
#include <linux/host1x_context_bus.h>
#include <linux/iommu.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#include "../dma-iommu.h"
#include "../iommu-priv.h"
#include "core.h"

struct iommu_bus {
	const struct bus_type *type;
	struct notifier_block nb;
};

#define IOMMU_BUS(_type) { .type = (_type), .nb.notifier_call = iommu_bus_notify }

/**
 * iommu_bus_notify() - a device has appeared or disappeared
 * @nb: of the bus
 * @action: BUS_NOTIFY_*
 * @data: the device
 *
 * Context: may sleep.
 * Return: NOTIFY_OK when the IOMMU core took note, else NOTIFY_DONE.
 */
int iommu_bus_notify(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		return iommu_probe_device(data) ? NOTIFY_DONE : NOTIFY_OK;
	case BUS_NOTIFY_REMOVED_DEVICE:
		iommu_release_device(data);
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct iommu_bus buses[] = {
	IOMMU_BUS(&platform_bus_type),
#ifdef CONFIG_PCI
	IOMMU_BUS(&pci_bus_type),
#endif
#ifdef CONFIG_ARM_AMBA
	IOMMU_BUS(&amba_bustype),
#endif
#ifdef CONFIG_FSL_MC_BUS
	IOMMU_BUS(&fsl_mc_bus_type),
#endif
#ifdef CONFIG_TEGRA_HOST1X_CONTEXT_BUS
	IOMMU_BUS(&host1x_context_device_bus_type),
#endif
#ifdef CONFIG_CDX_BUS
	IOMMU_BUS(&cdx_bus_type),
#endif
};

bool iommu_bus_is_known(const struct bus_type *type)
{
	struct iommu_bus *bus;

	for (bus = buses; bus < buses + ARRAY_SIZE(buses); bus++) {
		if (bus->type == type)
			return true;
	}
	return false;
}

static int probe_one(struct device *dev, void *fresh)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = iommu_probe_device_locked(dev, fresh);
	mutex_unlock(&iommu_probe_device_lock);

	/* Most devices have no IOMMU, or one that is not there yet. */
	return ret == -ENODEV ? 0 : ret;
}

/* Gives a group that probe_one() found its default domain. */
static int complete_group(struct iommu_group *group)
{
	struct group_member *m;
	int ret;

	mutex_lock(&group->mutex);
	ret = iommu_group_setup_default(group, 0);
	if (!ret) {
		for_each_group_member(group, m)
			iommu_setup_dma_ops(m->dev);
	}
	mutex_unlock(&group->mutex);

	if (!ret)
		iommu_group_finalize(group);
	return ret;
}

/* Takes a group off the list of a walk, and drops the list's reference. */
static void unlist_group(struct iommu_group *group)
{
	mutex_lock(&group->mutex);
	list_del_init(&group->entry);
	mutex_unlock(&group->mutex);
	iommu_group_put(group);
}

/**
 * bus_iommu_probe() - probe all devices of a bus that have no group yet
 * @bus: the bus
 *
 * Context: may sleep; must not hold iommu_probe_device_lock.
 * Return: 0, or the first error other than -ENODEV of a device or its group.
 */
int bus_iommu_probe(const struct bus_type *bus)
{
	struct iommu_group *group, *next;
	LIST_HEAD(fresh);
	int ret;

	ret = bus_for_each_dev(bus, NULL, &fresh, probe_one);
	list_for_each_entry_safe(group, next, &fresh, entry) {
		if (!ret)
			ret = complete_group(group);
		unlist_group(group);
	}
	return ret;
}

int iommu_buses_probe(void)
{
	struct iommu_bus *bus;
	int ret;

	for (bus = buses; bus < buses + ARRAY_SIZE(buses); bus++) {
		ret = bus_iommu_probe(bus->type);
		if (ret)
			return ret;
	}
	return 0;
}

static int release_if_behind(struct device *dev, void *iommu)
{
	if (dev->iommu && dev->iommu->iommu_dev == iommu)
		iommu_release_device(dev);
	return 0;
}

void iommu_buses_release(struct iommu_device *iommu)
{
	struct iommu_bus *bus;

	for (bus = buses; bus < buses + ARRAY_SIZE(buses); bus++)
		bus_for_each_dev(bus->type, NULL, iommu, release_if_behind);
}

#if IS_ENABLED(CONFIG_IOMMUFD_TEST) || IS_ENABLED(CONFIG_IOMMU_CORE_KUNIT_TEST)
/**
 * iommu_device_unregister_bus() - undo iommu_device_register_bus()
 * @iommu: the instance
 * @bus: its bus
 * @nb: what was given at registration; free again afterwards
 *
 * Context: may sleep.
 */
void iommu_device_unregister_bus(struct iommu_device *iommu,
				 const struct bus_type *bus,
				 struct notifier_block *nb)
{
	bus_unregister_notifier(bus, nb);
	bus_for_each_dev(bus, NULL, iommu, release_if_behind);
	iommu_device_unregister(iommu);
}
EXPORT_SYMBOL_GPL(iommu_device_unregister_bus);

/**
 * iommu_device_register_bus() - register a mock IOMMU on a bus of its own
 * @iommu: the instance, with the firmware node that its devices name
 * @ops: how to drive it
 * @bus: the bus, which is not one of the core's
 * @nb: memory for the notifier, the core's until iommu_device_unregister_bus()
 *
 * For tests.
 *
 * Context: may sleep.
 * Return: 0, or the error of the notifier or of a device's probe.
 */
int iommu_device_register_bus(struct iommu_device *iommu,
			      const struct iommu_ops *ops,
			      const struct bus_type *bus,
			      struct notifier_block *nb)
{
	int ret;

	nb->notifier_call = iommu_bus_notify;
	ret = bus_register_notifier(bus, nb);
	if (ret)
		return ret;

	iommu->ops = ops;
	iommu_registry_add(iommu);
	ret = bus_iommu_probe(bus);
	if (ret)
		iommu_device_unregister_bus(iommu, bus, nb);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_device_register_bus);
#endif

static int __init iommu_buses_init(void)
{
	struct iommu_bus *bus;
	int ret;

	for (bus = buses; bus < buses + ARRAY_SIZE(buses); bus++) {
		ret = bus_register_notifier(bus->type, &bus->nb);
		if (ret)
			pr_err("bus %s: no notifier (%d), its new devices stay untranslated\n",
			       bus->type->name, ret);
	}
	return 0;
}
subsys_initcall(iommu_buses_init);
