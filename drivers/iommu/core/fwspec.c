// SPDX-License-Identifier: GPL-2.0-only
/*
 * What firmware and drivers say about a client device before it is probed.
 *
 * A device has a struct dev_iommu from the first thing that is said until it is
 * released; all of it changes under iommu_probe_device_lock.
 */

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "../iommu-priv.h"
#include "core.h"

/**
 * dev_iommu_get - find or make the core's record of a device
 * @dev: the device
 *
 * Context: may sleep; iommu_probe_device_lock is held.
 * Return: the record, or NULL without memory.
 */
struct dev_iommu *dev_iommu_get(struct device *dev)
{
	struct dev_iommu *client;

	lockdep_assert_held(&iommu_probe_device_lock);

	if (dev->iommu)
		return dev->iommu;

	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (client) {
		mutex_init(&client->feature_lock);
		mutex_init(&client->lock);
		dev->iommu = client;
	}
	return client;
}

static void fwspec_free(struct iommu_fwspec *spec)
{
	if (spec)
		fwnode_handle_put(spec->iommu_fwnode);
	kfree(spec);
}

/**
 * dev_iommu_free - drop the core's record of a device and its fwspec
 * @dev: a device that has the record
 *
 * Context: may sleep; nobody looks at the device's IOMMU any more.
 */
void dev_iommu_free(struct device *dev)
{
	struct dev_iommu *client = dev->iommu;

	dev->iommu = NULL;
	fwspec_free(client->fwspec);
	mutex_destroy(&client->feature_lock);
	mutex_destroy(&client->lock);
	kfree(client);
}

/**
 * dev_iommu_priv_set - keep a pointer of the IOMMU driver with a device
 * @dev: the device, from its probe_device()
 * @priv: the driver's data, found again with dev_iommu_priv_get()
 *
 * Context: iommu_probe_device_lock is held (except by the PAMU driver, which
 * calls it from an attach).
 */
void dev_iommu_priv_set(struct device *dev, void *priv)
{
	struct dev_iommu *client = dev->iommu;

	if (!IS_ENABLED(CONFIG_FSL_PAMU))
		lockdep_assert_held(&iommu_probe_device_lock);
	client->priv = priv;
}
EXPORT_SYMBOL_GPL(dev_iommu_priv_set);

/**
 * iommu_fwspec_init - say which IOMMU translates a device
 * @dev: the device
 * @iommu_fwnode: firmware node of the IOMMU
 *
 * Saying the same again is fine.
 *
 * Context: may sleep; iommu_probe_device_lock is held.
 * Return: 0; -EPROBE_DEFER while no unit of that node is registered; -EINVAL if
 * the device has been given to another driver's IOMMU; -ENOMEM.
 */
int iommu_fwspec_init(struct device *dev, struct fwnode_handle *iommu_fwnode)
{
	const struct iommu_ops *ops = iommu_ops_from_fwnode(iommu_fwnode);
	struct iommu_fwspec *spec = dev_iommu_fwspec_get(dev);

	if (!ops)
		return -EPROBE_DEFER;
	if (spec && iommu_fwspec_ops(spec) != ops)
		return -EINVAL;
	if (spec)
		return 0;

	/* Most devices have one ID. */
	spec = kzalloc(struct_size(spec, ids, 1), GFP_KERNEL);
	if (!spec)
		return -ENOMEM;
	if (!dev_iommu_get(dev)) {
		kfree(spec);
		return -ENOMEM;
	}
	spec->iommu_fwnode = fwnode_handle_get(iommu_fwnode);
	dev_iommu_fwspec_set(dev, spec);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_fwspec_init);

/**
 * iommu_fwspec_add_ids - add IDs by which the IOMMU knows a device
 * @dev: a device that has a fwspec
 * @ids: the IDs
 * @num_ids: number of entries in @ids
 *
 * Context: may sleep; iommu_probe_device_lock is held.
 * Return: 0; -EINVAL without a fwspec or for a number that makes no sense;
 * -ENOMEM, and then the fwspec is as it was.
 */
int iommu_fwspec_add_ids(struct device *dev, const u32 *ids, int num_ids)
{
	struct iommu_fwspec *spec = dev_iommu_fwspec_get(dev), *larger;
	unsigned int total;

	if (!spec || num_ids < 0 ||
	    check_add_overflow(spec->num_ids, (unsigned int)num_ids, &total))
		return -EINVAL;

	if (total > 1) {
		larger = krealloc(spec, struct_size(spec, ids, total), GFP_KERNEL);
		if (!larger)
			return -ENOMEM;
		dev_iommu_fwspec_set(dev, larger);
		spec = larger;
	}
	memcpy(&spec->ids[spec->num_ids], ids, array_size(num_ids, sizeof(*ids)));
	spec->num_ids = total;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_fwspec_add_ids);

/**
 * iommu_fwspec_free - take back what firmware said about a device
 * @dev: the device; may have no fwspec
 *
 * Context: may sleep; iommu_probe_device_lock is held.
 */
void iommu_fwspec_free(struct device *dev)
{
	struct iommu_fwspec *spec = dev_iommu_fwspec_get(dev);

	if (!spec)
		return;
	dev_iommu_fwspec_set(dev, NULL);
	fwspec_free(spec);
}
EXPORT_SYMBOL_GPL(iommu_fwspec_free);
