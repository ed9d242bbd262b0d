// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe and release of one device.
 *
 * Law: after a probe the device is a member of a group and attached to the
 * group's domain; after a failed probe, or a release, nothing of it is left in
 * the core, the driver or sysfs.  The module of the driver is held from before
 * its first call for a device until after its last.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <linux/property.h>

#include "../dma-iommu.h"
#include "../iommu-priv.h"
#include "core.h"

/*
 * Instances register in parallel, and firmware code replays probes when a
 * driver is about to bind: one probe at a time.
 */
DEFINE_MUTEX(iommu_probe_device_lock);

/* PASIDs that the device itself can send, from its capability or firmware. */
static u32 device_pasids(struct device *dev)
{
	u32 bits;
	int num;

	if (dev_is_pci(dev)) {
		num = pci_max_pasids(to_pci_dev(dev));
		return max(num, 0);
	}
	if (device_property_read_u32(dev, "pasid-num-bits", &bits))
		return 0;
	if (bits > 20) {
		dev_warn(dev, "firmware says %u bits of PASID, using 20\n", bits);
		bits = 20;
	}
	return 1U << bits;
}

/* Asks the driver for the device's instance, and shows it in sysfs. */
static int probe_unit(struct device *dev, const struct iommu_ops *ops)
{
	struct iommu_device *unit;
	int ret;

	unit = ops->probe_device(dev);
	if (IS_ERR(unit))
		return PTR_ERR(unit);

	dev->iommu->iommu_dev = unit;
	ret = iommu_device_link(unit, dev);
	if (!ret)
		return 0;

	if (ops->release_device)
		ops->release_device(dev);
	dev->iommu->iommu_dev = NULL;
	return ret;
}

static void release_unit(struct device *dev, const struct iommu_ops *ops)
{
	iommu_device_unlink(dev->iommu->iommu_dev, dev);
	/*
	 * From here the driver must not use any domain: they may be freed.  A
	 * driver with a release_domain gets it attached, others fall back to
	 * something harmless in release_device().
	 */
	iommu_device_park(dev);
	if (ops->release_device)
		ops->release_device(dev);
}

static struct iommu_group *choose_group(struct device *dev,
					const struct iommu_ops *ops)
{
	struct iommu_group *group = ops->device_group(dev);

	if (!group) {
		dev_err(dev, "%ps named no group, device stays untranslated\n",
			ops->device_group);
		return ERR_PTR(-EINVAL);
	}
	return group;
}

/* Makes the device a client of its IOMMU, with a reference to its group. */
static int client_open(struct device *dev, const struct iommu_ops *ops)
{
	struct iommu_group *group;
	struct dev_iommu *client;
	int ret;

	client = dev_iommu_get(dev);
	if (!client)
		return -ENOMEM;

	ret = -EINVAL;
	if (!try_module_get(ops->owner))
		goto err_free;

	ret = probe_unit(dev, ops);
	if (ret)
		goto err_module;

	group = choose_group(dev, ops);
	if (IS_ERR(group)) {
		ret = PTR_ERR(group);
		goto err_unit;
	}
	dev->iommu_group = group;
	client->max_pasids = min(device_pasids(dev), client->iommu_dev->max_pasids);
	if (ops->is_attach_deferred)
		client->attach_deferred = ops->is_attach_deferred(dev);
	return 0;

err_unit:
	/* Never attached: there is nothing to park. */
	iommu_device_unlink(client->iommu_dev, dev);
	if (ops->release_device)
		ops->release_device(dev);
	client->iommu_dev = NULL;
err_module:
	module_put(ops->owner);
err_free:
	dev_iommu_free(dev);
	return ret;
}

/* The domains of a group live as long as it has members: their driver does. */
static void free_core_domains(struct iommu_group *group)
{
	struct iommu_domain *def = group->default_domain;
	struct iommu_domain *blocking = group->blocking_domain;

	lockdep_assert_held(&group->mutex);

	iommu_group_publish_domain(group, NULL);
	group->default_domain = NULL;
	group->blocking_domain = NULL;
	if (def)
		iommu_domain_free(def);
	if (blocking)
		iommu_domain_free(blocking);
}

/* Undoes client_open(), except that the caller puts the group. */
static void client_close(struct device *dev, struct iommu_group *group)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	lockdep_assert_held(&group->mutex);

	release_unit(dev, ops);
	if (list_empty(&group->members))
		free_core_domains(group);
	dev->iommu_group = NULL;
	module_put(ops->owner);
	dev_iommu_free(dev);
#ifdef CONFIG_IOMMU_DMA
	dev->dma_iommu = false;
#endif
}

/* Brings a new member, already listed, under the group's translation. */
static int settle_member(struct iommu_group *group, struct group_member *m,
			 struct list_head *fresh)
{
	int ret = 0;

	lockdep_assert_held(&group->mutex);

	if (group->domain) {
		ret = iommu_member_join_domain(group, m);
	} else if (!fresh) {
		ret = iommu_group_setup_default(group, 0);
	} else if (list_empty(&group->entry)) {
		iommu_group_ref_get(group);
		list_add_tail(&group->entry, fresh);
	}
	if (!ret && group->default_domain)
		iommu_setup_dma_ops(m->dev);
	return ret;
}

static int join_group(struct device *dev, struct list_head *fresh)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_member *m = iommu_member_create(group, dev);
	int ret;

	mutex_lock(&group->mutex);
	if (IS_ERR(m)) {
		ret = PTR_ERR(m);
		goto err_close;
	}

	m->finalized = !fresh;	/* by iommu_probe_device() itself */
	list_add_tail(&m->list, &group->members);
	ret = settle_member(group, m, fresh);
	if (ret)
		goto err_leave;
	mutex_unlock(&group->mutex);
	return 0;

err_leave:
	list_del(&m->list);
	iommu_member_destroy(group, m);
err_close:
	client_close(dev, group);
	mutex_unlock(&group->mutex);
	iommu_group_put(group);
	return ret;
}

/**
 * iommu_probe_device_locked() - probe a device that may have an IOMMU
 * @dev: the device
 * @fresh: where to list its group, with a reference, if the group has no default
 *	domain yet; NULL to give it one at once
 *
 * Context: under iommu_probe_device_lock.
 * Return: 0, also if the device was probed before; -ENODEV if it has no IOMMU
 * that is registered; otherwise an error with which nothing has changed.
 */
int iommu_probe_device_locked(struct device *dev, struct list_head *fresh)
{
	const struct iommu_ops *ops;
	int ret;

	lockdep_assert_held(&iommu_probe_device_lock);

	/*
	 * Without a fwspec, this finds the one kind of IOMMU that is
	 * registered without a firmware node.
	 */
	ops = iommu_fwspec_ops(dev_iommu_fwspec_get(dev));
	if (!ops)
		return -ENODEV;
	if (dev->iommu_group)
		return 0;

	ret = client_open(dev, ops);
	if (ret)
		return ret;
	return join_group(dev, fresh);
}

/* Takes a member whose driver has not had probe_finalize() yet. */
static struct device *next_to_finalize(struct iommu_group *group)
{
	struct group_member *m;

	guard(mutex)(&group->mutex);
	for_each_group_member(group, m) {
		if (!m->finalized) {
			m->finalized = true;
			return get_device(m->dev);
		}
	}
	return NULL;
}

static void finalize_device(struct device *dev)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	if (ops->probe_finalize)
		ops->probe_finalize(dev);
}

/**
 * iommu_group_finalize() - tell the driver that devices are ready for use
 * @group: their group; each member is told about once
 *
 * Context: may sleep; not under group->mutex, since drivers attach domains from
 * their probe_finalize().
 */
void iommu_group_finalize(struct iommu_group *group)
{
	struct device *dev;

	while ((dev = next_to_finalize(group))) {
		if (dev_has_iommu(dev))
			finalize_device(dev);
		put_device(dev);
	}
}

/**
 * iommu_probe_device() - probe a device that may have an IOMMU
 * @dev: the device; the bus has added it and no driver is bound to it
 *
 * Context: may sleep; takes iommu_probe_device_lock.
 * Return: 0, also if the device was probed before; -ENODEV if it has no IOMMU
 * that is registered; -ENOMEM; otherwise the error of the IOMMU driver or of
 * sysfs.  After an error nothing has changed.
 */
int iommu_probe_device(struct device *dev)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = iommu_probe_device_locked(dev, NULL);
	mutex_unlock(&iommu_probe_device_lock);
	if (ret)
		return ret;

	/* Each time: what the driver sets up here may go with a driver's unbind. */
	finalize_device(dev);
	return 0;
}

/* Undoes join_group() and client_open(), or iommu_group_add_device(). */
static void leave_group(struct iommu_group *group, struct device *dev)
{
	struct group_member *m;

	mutex_lock(&group->mutex);
	m = iommu_group_find(group, dev);
	if (m) {
		iommu_member_drop_claims(group, m);
		if (dev_has_iommu(dev)) {
			iommu_member_drop_aux(group, dev);
			iommu_member_drop_pasids(group, dev);
		}
		list_del(&m->list);
		iommu_member_leave_domain(group, m);
		iommu_member_destroy(group, m);
		if (dev_has_iommu(dev))
			client_close(dev, group);
		else
			dev->iommu_group = NULL;
	}
	mutex_unlock(&group->mutex);
	iommu_group_put(group);
}

/**
 * iommu_group_remove_device() - take a device out of its group
 * @dev: the device; without a group, nothing is done
 *
 * Undoes iommu_group_add_device().
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_group_remove_device(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;

	if (!group)
		return;
	dev_info(dev, "Removing from iommu group %d\n", group->id);
	leave_group(group, dev);
}
EXPORT_SYMBOL_GPL(iommu_group_remove_device);

/**
 * iommu_release_device() - forget a device
 * @dev: the device, which has left its bus
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_release_device(struct device *dev)
{
	if (dev->iommu_group)
		leave_group(dev->iommu_group, dev);

	/* A fwspec may be there although no IOMMU ever came. */
	if (dev->iommu)
		dev_iommu_free(dev);
}
