// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices share a group: the rules that drivers choose from.
 *
 * Law: two devices share a group if one can use the other's identity, or can
 * reach it without passing the IOMMU.  For PCI that is decided by
 *
 *  - DMA aliases: requests of devices behind some bridges, and of devices with
 *    quirks, carry the identity of another device;
 *  - ACS: unless every port on the way up says otherwise, requests between
 *    devices below a port are turned round there;
 *  - functions of one device, which reach each other inside it unless ACS says
 *    otherwise.
 */

#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/fsl/mc.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "../iommu-priv.h"
#include "core.h"

/**
 * generic_device_group() - a group of its own for each device
 * @dev: the device
 *
 * Context: as a driver's device_group().
 * Return: a new group, or an error of iommu_group_alloc().
 */
struct iommu_group *generic_device_group(struct device *dev)
{
	return iommu_group_alloc();
}
EXPORT_SYMBOL_GPL(generic_device_group);

/**
 * generic_single_device_group() - one group for all devices of an instance
 * @dev: the device
 *
 * Context: as a driver's device_group(), under iommu_probe_device_lock.
 * Return: the group with a reference, or an error of iommu_group_alloc().
 */
struct iommu_group *generic_single_device_group(struct device *dev)
{
	struct iommu_device *unit = dev->iommu->iommu_dev;
	struct iommu_group *group = unit->singleton_group;

	if (!group) {
		group = iommu_group_alloc();
		if (IS_ERR(group))
			return group;
		/* iommu_device_unregister() drops this reference. */
		unit->singleton_group = group;
	}
	return iommu_group_ref_get(group);
}
EXPORT_SYMBOL_GPL(generic_single_device_group);

/**
 * fsl_mc_device_group() - the group of the container that a device is in
 * @dev: the device on an fsl-mc bus
 *
 * Context: as a driver's device_group().
 * Return: the group with a reference, or an error of iommu_group_alloc().
 */
struct iommu_group *fsl_mc_device_group(struct device *dev)
{
	return iommu_group_get(fsl_mc_cont_dev(dev)) ?: iommu_group_alloc();
}
EXPORT_SYMBOL_GPL(fsl_mc_device_group);

#ifdef CONFIG_PCI

/*
 * What a port or function must enforce to keep the devices on either side
 * apart: nobody sends with another's identity (SV), and neither requests (RR)
 * nor completions (CR) nor what comes from below (UF) are turned round instead
 * of going up to the IOMMU.  PCIe 6.12 "Access Control Services".
 */
#define ACS_ISOLATED	(PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

static bool is_isolated_function(struct pci_dev *pdev)
{
	return !pdev->multifunction || pci_acs_enabled(pdev, ACS_ISOLATED);
}

static bool functions_reach_each_other(struct pci_dev *a, struct pci_dev *b)
{
	return PCI_SLOT(a->devfn) == PCI_SLOT(b->devfn) &&
	       !is_isolated_function(a) && !pci_acs_enabled(b, ACS_ISOLATED);
}

static bool share_fate(struct pci_dev *a, struct pci_dev *b)
{
	return a != b && a->bus == b->bus &&
	       (pci_devs_are_dma_aliases(a, b) ||
		functions_reach_each_other(a, b));
}

struct upstream {
	struct pci_dev *top;		/* the last alias seen */
	struct iommu_group *group;	/* of an alias, with a reference */
};

static int look_at_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	struct upstream *up = data;

	up->top = pdev;
	up->group = iommu_group_get(&pdev->dev);
	return up->group ? 1 : 0;
}

/*
 * Goes up from @up->top to where ACS keeps everything below together with
 * nothing else.  Ends early at a bridge that has a group.
 */
static void climb_to_isolation(struct upstream *up)
{
	struct pci_bus *bus;

	for (bus = up->top->bus; !pci_is_root_bus(bus); bus = bus->parent) {
		struct pci_dev *bridge = bus->self;

		if (!bridge)	/* the virtual bus of some VFs */
			continue;
		if (pci_acs_path_enabled(bridge, NULL, ACS_ISOLATED))
			return;
		up->top = bridge;
		up->group = iommu_group_get(&bridge->dev);
		if (up->group)
			return;
	}
}

/* The devices on one bus that share their fate, by devfn. */
struct fate {
	DECLARE_BITMAP(found, 256);
	DECLARE_BITMAP(followed, 256);
};

/* Adds what shares its fate with @pdev; returns the group of any, or NULL. */
static struct iommu_group *follow(struct fate *fate, struct pci_dev *pdev)
{
	struct iommu_group *group = iommu_group_get(&pdev->dev);
	struct pci_dev *other = NULL;

	__set_bit(pdev->devfn & 0xff, fate->followed);
	if (group)
		return group;

	for_each_pci_dev(other) {
		if (share_fate(pdev, other))
			__set_bit(other->devfn & 0xff, fate->found);
	}
	return NULL;
}

static struct pci_dev *get_sibling(struct pci_dev *pdev, unsigned int devfn)
{
	struct pci_dev *other = NULL;

	for_each_pci_dev(other) {
		if (other->bus == pdev->bus && other->devfn == devfn)
			return other;
	}
	return NULL;
}

/*
 * Looks for a group among all that share their fate with @pdev, directly or by
 * way of others.  Each devfn is followed once, so it ends.
 */
static struct iommu_group *find_shared_group(struct pci_dev *pdev)
{
	struct iommu_group *group;
	struct fate fate = {};
	struct pci_dev *other;
	unsigned int devfn;

	group = follow(&fate, pdev);
	while (!group) {
		devfn = find_next_andnot_bit(fate.found, fate.followed, 256, 0);
		if (devfn >= 256)
			break;
		__set_bit(devfn, fate.followed);
		other = get_sibling(pdev, devfn);
		if (!other)
			continue;
		group = follow(&fate, other);
		pci_dev_put(other);
	}
	return group;
}

/**
 * pci_device_group() - the group that PCI's topology puts a device into
 * @dev: the PCI device
 *
 * Context: as a driver's device_group(), under iommu_probe_device_lock.
 * Return: the group with a reference, new if no device to share one with has
 * been probed; -EINVAL if @dev is not a PCI device; an error of
 * iommu_group_alloc().
 */
struct iommu_group *pci_device_group(struct device *dev)
{
	struct iommu_group *group;
	struct upstream up = {};

	if (WARN_ON(!dev_is_pci(dev)))
		return ERR_PTR(-EINVAL);

	pci_for_each_dma_alias(to_pci_dev(dev), look_at_alias, &up);
	if (!up.group)
		climb_to_isolation(&up);
	if (up.group)
		return up.group;

	group = find_shared_group(up.top);
	return group ?: iommu_group_alloc();
}
EXPORT_SYMBOL_GPL(pci_device_group);

#else /* !CONFIG_PCI */

/* Drivers name it in code that is never run. */
struct iommu_group *pci_device_group(struct device *dev)
{
	return ERR_PTR(-EINVAL);
}
EXPORT_SYMBOL_GPL(pci_device_group);

#endif /* CONFIG_PCI */
