// SPDX-License-Identifier: GPL-2.0-only
/*
 * What devices and their IOMMUs can do, and what of it is switched on.
 *
 * Drivers switch a feature on once; several parts of the kernel may need it.  So
 * the core counts: the driver is called for the first enable and for the last
 * disable only, and not at all while something depends on the feature.
 */

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/msi.h>

#include "../iommu-priv.h"
#include "core.h"

/**
 * device_iommu_capable - does a device's IOMMU have a capability?
 * @dev: the device
 * @cap: the capability
 *
 * Context: may sleep.
 * Return: true if it has; false if not, or without an IOMMU.
 */
bool device_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	const struct iommu_ops *ops;

	if (!dev_has_iommu(dev))
		return false;
	ops = dev_iommu_ops(dev);
	return ops->capable && ops->capable(dev, cap);
}
EXPORT_SYMBOL_GPL(device_iommu_capable);

/**
 * iommu_group_has_isolated_msi - can no device of a group forge interrupts?
 * @group: the group
 *
 * The devices of a group should not differ in this; if they do, the weakest
 * decides.
 *
 * Context: may sleep; takes the mutex of the group.
 * Return: true if the interrupts of every device are isolated.
 */
bool iommu_group_has_isolated_msi(struct iommu_group *group)
{
	struct group_member *member;
	bool isolated = true;

	mutex_lock(&group->mutex);
	for_each_group_member(group, member) {
		isolated = msi_device_has_isolated_msi(member->dev);
		if (!isolated)
			break;
	}
	mutex_unlock(&group->mutex);
	return isolated;
}
EXPORT_SYMBOL_GPL(iommu_group_has_isolated_msi);

/* Drivers have several errors for what they do not support; users get one. */
static int switch_on(struct device *dev, enum iommu_dev_features f)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	int ret = -ENODEV;

	if (ops->dev_enable_feat)
		ret = ops->dev_enable_feat(dev, f);
	return ret == -EINVAL || ret == -EOPNOTSUPP ? -ENODEV : ret;
}

static int switch_off(struct device *dev, enum iommu_dev_features f)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	return ops->dev_disable_feat ? ops->dev_disable_feat(dev, f) : 0;
}

static bool is_on(const struct dev_iommu *client, enum iommu_dev_features f)
{
	return READ_ONCE(client->features[f]) != 0;
}

/* Something would break if the feature went away. */
static bool is_needed(const struct dev_iommu *client, enum iommu_dev_features f)
{
	if (f == IOMMU_DEV_FEAT_IOPF && is_on(client, IOMMU_DEV_FEAT_SVA))
		return true;
	return client->feature_users[f] != 0;
}

static bool is_feature(struct device *dev, enum iommu_dev_features f)
{
	return (unsigned int)f < IOMMU_DEV_FEAT_NR && dev_has_iommu(dev);
}

/*
 * A driver that cannot be asked is told to do it.  Where the device has I/O page
 * faults, SVA comes after them.
 */
static bool try_feature(struct device *dev, enum iommu_dev_features f)
{
	bool faults = f == IOMMU_DEV_FEAT_SVA &&
		      !is_on(dev->iommu, IOMMU_DEV_FEAT_IOPF) &&
		      !switch_on(dev, IOMMU_DEV_FEAT_IOPF);
	bool works = !switch_on(dev, f);

	if (works && switch_off(dev, f))
		dev_warn(dev, "feature %d was tried and cannot be switched off\n", f);
	if (faults)
		switch_off(dev, IOMMU_DEV_FEAT_IOPF);
	return works;
}

static bool can_do(struct device *dev, enum iommu_dev_features f)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	/* Some drivers agree to everything. */
	if (f == IOMMU_DEV_FEAT_IOPF && !ops->page_response)
		return false;
	if ((f == IOMMU_DEV_FEAT_SVA || f == IOMMU_DEV_FEAT_AUX) &&
	    dev->iommu->max_pasids <= IOMMU_FIRST_GLOBAL_PASID)
		return false;
	return ops->dev_has_feat ? ops->dev_has_feat(dev, f) :
				   try_feature(dev, f);
}

/**
 * iommu_dev_has_feature - can a device together with its IOMMU do something?
 * @dev: the device
 * @f: the feature
 *
 * Where the IOMMU's driver lacks &iommu_ops.dev_has_feat, a feature that is off is
 * tried: switched on and off again.  So this is for the driver of @dev, while it
 * sets the device up.
 *
 * Context: may sleep.
 * Return: true if iommu_dev_enable_feature() would succeed, memory permitting.
 */
bool iommu_dev_has_feature(struct device *dev, enum iommu_dev_features f)
{
	struct dev_iommu *client = dev->iommu;
	bool has;

	if (!is_feature(dev, f))
		return false;

	mutex_lock(&client->feature_lock);
	has = is_on(client, f) || can_do(dev, f);
	mutex_unlock(&client->feature_lock);
	return has;
}
EXPORT_SYMBOL_GPL(iommu_dev_has_feature);

/**
 * iommu_dev_feature_enabled - is a feature of a device switched on?
 * @dev: the device
 * @f: the feature
 *
 * Context: any; the answer holds as long as the caller keeps others from
 * enabling and disabling.
 * Return: true if it is on.
 */
bool iommu_dev_feature_enabled(struct device *dev, enum iommu_dev_features f)
{
	return is_feature(dev, f) && is_on(dev->iommu, f);
}
EXPORT_SYMBOL_GPL(iommu_dev_feature_enabled);

/**
 * iommu_dev_enable_feature - switch a feature of a device on
 * @dev: the device; the caller is its driver, or has claimed its group
 * @f: the feature
 *
 * Counted: each success needs one iommu_dev_disable_feature().
 *
 * Context: may sleep.
 * Return: 0; -ENODEV where device or IOMMU do not support it; another error of
 * the driver where it failed.
 */
int iommu_dev_enable_feature(struct device *dev, enum iommu_dev_features f)
{
	struct dev_iommu *client = dev->iommu;
	int ret = 0;

	if (!is_feature(dev, f))
		return -ENODEV;

	mutex_lock(&client->feature_lock);
	if (!is_on(client, f))
		ret = switch_on(dev, f);
	if (!ret)
		WRITE_ONCE(client->features[f], client->features[f] + 1);
	mutex_unlock(&client->feature_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_dev_enable_feature);

/* The last user goes: the driver has its say. */
static int disable_last(struct device *dev, enum iommu_dev_features f)
{
	return is_needed(dev->iommu, f) ? -EBUSY : switch_off(dev, f);
}

/**
 * iommu_dev_disable_feature - give back one iommu_dev_enable_feature()
 * @dev: the device
 * @f: the feature
 *
 * Context: may sleep.
 * Return: 0; -ENODEV where it is not supported; -EINVAL if it is not on; -EBUSY
 * if this is the last user and something depends on it: a bond on
 * %IOMMU_DEV_FEAT_SVA, an aux-domain on %IOMMU_DEV_FEAT_AUX, SVA on
 * %IOMMU_DEV_FEAT_IOPF, or what the driver knows of.
 */
int iommu_dev_disable_feature(struct device *dev, enum iommu_dev_features f)
{
	struct dev_iommu *client = dev->iommu;
	int ret = -EINVAL;

	if (!is_feature(dev, f))
		return -ENODEV;

	mutex_lock(&client->feature_lock);
	if (is_on(client, f))
		ret = client->features[f] == 1 ? disable_last(dev, f) : 0;
	if (!ret)
		WRITE_ONCE(client->features[f], client->features[f] - 1);
	mutex_unlock(&client->feature_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_dev_disable_feature);

/**
 * iommu_feature_get - keep a feature of a device on
 * @dev: the device
 * @f: the feature
 *
 * Context: may sleep.
 * Return: 0, to be given back by iommu_feature_put(); -EPERM if it is off.
 */
int iommu_feature_get(struct device *dev, enum iommu_dev_features f)
{
	struct dev_iommu *client = dev->iommu;

	guard(mutex)(&client->feature_lock);
	if (!is_on(client, f))
		return -EPERM;
	client->feature_users[f]++;
	return 0;
}

/**
 * iommu_feature_put - undo iommu_feature_get()
 * @dev: the device
 * @f: the feature
 *
 * Context: may sleep.
 */
void iommu_feature_put(struct device *dev, enum iommu_dev_features f)
{
	struct dev_iommu *client = dev->iommu;

	guard(mutex)(&client->feature_lock);
	if (!WARN_ON_ONCE(!client->feature_users[f]))
		client->feature_users[f]--;
}

/**
 * iommu_feature_bond - keep %IOMMU_DEV_FEAT_SVA of a device on, if it is
 * @dev: the device
 *
 * Context: may sleep; the SVA lock is held.
 */
void iommu_feature_bond(struct device *dev)
{
	struct dev_iommu *client = dev->iommu;

	guard(mutex)(&client->feature_lock);
	client->feature_users[IOMMU_DEV_FEAT_SVA]++;
}

/**
 * iommu_feature_unbond - undo iommu_feature_bond()
 * @dev: the device
 *
 * Context: may sleep; the SVA lock is held.
 */
void iommu_feature_unbond(struct device *dev)
{
	iommu_feature_put(dev, IOMMU_DEV_FEAT_SVA);
}

/**
 * iommu_feature_force_off - switch a feature off, however often it was enabled
 * @dev: the device, whose driver is gone
 * @f: the feature, which nothing uses any more
 *
 * Context: may sleep.
 */
void iommu_feature_force_off(struct device *dev, enum iommu_dev_features f)
{
	struct dev_iommu *client = dev->iommu;

	guard(mutex)(&client->feature_lock);
	if (!is_on(client, f))
		return;
	WARN_ON_ONCE(client->feature_users[f]);
	if (switch_off(dev, f))
		dev_warn(dev, "feature %d, left on by the driver, stays on\n", f);
	else
		WRITE_ONCE(client->features[f], 0);
}
