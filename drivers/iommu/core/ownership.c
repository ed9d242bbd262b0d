// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ownership of a group's DMA.
 *
 * Law: a group is used by drivers through the DMA API, or it is claimed by one
 * owner (a user-space session, or drivers that manage domains themselves), never
 * both.  group->owner_cnt counts the users of either kind; group->owner tells
 * which kind it is.  A claimed group is in its blocking domain unless its owner
 * has attached another one, so that a device can reach nothing that its owner
 * did not map.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/export.h>
#include <linux/iommu.h>

#include "../iommu-priv.h"
#include "core.h"

static bool in_default_domain(struct iommu_group *group)
{
	return group->domain == group->default_domain;
}

/**
 * iommu_group_is_claimed() - has someone claimed the group's DMA?
 * @group: the group
 *
 * Context: under group->mutex.
 * Return: true if so; users of the DMA API do not count.
 */
bool iommu_group_is_claimed(struct iommu_group *group)
{
	lockdep_assert_held(&group->mutex);
	return group->owner;
}

static int use_default(struct iommu_group *group)
{
	lockdep_assert_held(&group->mutex);

	/* Its bus may just be being probed. */
	if (!group->default_domain)
		return -EPROBE_DEFER;
	if (group->owner_cnt &&
	    (iommu_group_is_claimed(group) || !in_default_domain(group) ||
	     group->handle || iommu_group_shares_pasids(group)))
		return -EBUSY;
	group->owner_cnt++;
	return 0;
}

/**
 * iommu_device_use_default_domain() - a driver is going to use the DMA API
 * @dev: the device it is about to be bound to
 *
 * Context: may sleep; from the driver core, before probe().
 * Return: 0; -EPROBE_DEFER if the group is not set up yet; -EBUSY if it is
 * claimed, or attached to another domain.
 */
int iommu_device_use_default_domain(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	int ret;

	if (!group)
		return 0;

	mutex_lock(&group->mutex);
	ret = use_default(group);
	mutex_unlock(&group->mutex);
	return ret;
}

/**
 * iommu_device_unuse_default_domain() - undo iommu_device_use_default_domain()
 * @dev: the device
 *
 * Aux-domains that the driver forgot are detached, with a warning.
 *
 * Context: may sleep; from the driver core, after remove().
 */
void iommu_device_unuse_default_domain(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;

	if (!group)
		return;

	mutex_lock(&group->mutex);
	iommu_member_drop_aux(group, dev);
	if (group->owner_cnt == 1 && iommu_group_has_attachments(group))
		dev_WARN(dev, "driver left PASIDs or a handle attached\n");
	if (!WARN_ON(!group->owner_cnt))
		group->owner_cnt--;
	mutex_unlock(&group->mutex);
	/* The next driver shall find the device as this one did. */
	if (dev_has_iommu(dev))
		iommu_aux_forget_driver(dev);
}

/*
 * A driver that knows no blocked domain gets an empty one: it translates
 * nothing, which blocks as well.
 */
static int make_blocking_domain(struct iommu_group *group)
{
	struct iommu_domain *domain;
	const struct iommu_ops *ops;
	struct device *dev;

	if (group->blocking_domain)
		return 0;
	if (list_empty(&group->members))
		return -ENODEV;
	dev = iommu_group_first_dev(group);
	if (!dev_has_iommu(dev))
		return -ENODEV;

	ops = dev_iommu_ops(dev);
	domain = iommu_domain_alloc_type(ops, dev, IOMMU_DOMAIN_BLOCKED);
	if (IS_ERR(domain))
		domain = iommu_domain_alloc_type(ops, dev, IOMMU_DOMAIN_UNMANAGED);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	group->blocking_domain = domain;
	return 0;
}

/* The first claim, of a group that nobody uses. */
static int take(struct iommu_group *group, void *owner)
{
	int ret;

	lockdep_assert_held(&group->mutex);

	if (group->domain && !in_default_domain(group))
		return -EBUSY;
	if (iommu_group_has_attachments(group))
		return -EBUSY;

	ret = make_blocking_domain(group);
	if (ret)
		return ret;
	ret = iommu_group_set_domain(group, group->blocking_domain);
	if (ret)
		return ret;

	group->owner = owner;
	group->owner_cnt = 1;
	return 0;
}

/*
 * Is there anyone whom a claim would take the group from?  A driver may use the
 * DMA API without doing DMA; who has attached PASIDs surely does.
 */
static int check_takeable(struct iommu_group *group)
{
	if (!iommu_group_is_claimed(group) && iommu_group_has_pasids(group))
		return -EBUSY;
	return group->owner_cnt ? -EPERM : 0;
}

/* The last release. */
static void give_back(struct iommu_group *group)
{
	struct group_member *m;

	lockdep_assert_held(&group->mutex);

	if (WARN_ON(!group->owner_cnt || !group->owner) ||
	    WARN_ON(iommu_group_has_attachments(group)))
		return;

	for_each_group_member(group, m) {
		m->claims = 0;
		m->attached = false;
	}
	group->owner = NULL;
	group->owner_cnt = 0;
	iommu_group_set_core_domain(group);
}

/**
 * iommu_group_claim_dma_owner() - claim a group's DMA for one owner
 * @group: the group
 * @owner: token of the owner, not NULL
 *
 * For VFIO; others use iommu_device_claim_dma_owner().
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0, and the group is blocked; -EINVAL if @owner is NULL or a device has
 * 1:1 ranges; -EBUSY if a domain or a PASID is attached; -EPERM if the group is
 * claimed, or a driver uses the DMA API; -ENOMEM and others from the driver.
 */
int iommu_group_claim_dma_owner(struct iommu_group *group, void *owner)
{
	int ret;

	if (WARN_ON(!owner))
		return -EINVAL;

	mutex_lock(&group->mutex);
	ret = check_takeable(group);
	if (!ret)
		ret = take(group, owner);
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_group_claim_dma_owner);

/**
 * iommu_group_release_dma_owner() - undo iommu_group_claim_dma_owner()
 * @group: the group, which returns to its default domain
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_group_release_dma_owner(struct iommu_group *group)
{
	mutex_lock(&group->mutex);
	give_back(group);
	mutex_unlock(&group->mutex);
}
EXPORT_SYMBOL_GPL(iommu_group_release_dma_owner);

static int claim_member(struct iommu_group *group, struct group_member *m,
			void *owner)
{
	int ret;

	if (group->owner == owner) {
		group->owner_cnt++;
	} else {
		ret = check_takeable(group) ?: take(group, owner);
		if (ret)
			return ret;
	}
	m->claims++;
	return 0;
}

/**
 * iommu_device_claim_dma_owner() - claim the DMA of a device's group
 * @dev: the device, bound to the caller
 * @owner: token of the owner, not NULL; other members can be claimed with the
 *	same token
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0, and with the first claim the group is blocked; -ENODEV if @dev has
 * no group; -EINVAL if @owner is NULL or a device has 1:1 ranges; -EBUSY if a
 * domain or a PASID is attached; -EPERM if another owner has claimed the group, or
 * a driver uses the DMA API; -ENOMEM and others from the driver.
 */
int iommu_device_claim_dma_owner(struct device *dev, void *owner)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_member *m;
	int ret = -ENODEV;

	if (WARN_ON(!owner))
		return -EINVAL;
	if (!group)
		return -ENODEV;

	mutex_lock(&group->mutex);
	m = iommu_group_find(group, dev);
	if (m)
		ret = claim_member(group, m, owner);
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_device_claim_dma_owner);

/**
 * iommu_device_release_dma_owner() - undo iommu_device_claim_dma_owner()
 * @dev: the device
 *
 * With the last claim the group returns to its default domain.
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_device_release_dma_owner(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_member *m;

	if (WARN_ON(!group))
		return;

	mutex_lock(&group->mutex);
	m = iommu_group_find(group, dev);
	if (m && m->claims)
		m->claims--;
	if (group->owner_cnt > 1)
		group->owner_cnt--;
	else
		give_back(group);
	mutex_unlock(&group->mutex);
}
EXPORT_SYMBOL_GPL(iommu_device_release_dma_owner);

/**
 * iommu_member_drop_claims() - a member is leaving: release what it claimed
 * @group: the group
 * @m: the member, still listed; its driver should have released its claims
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_member_drop_claims(struct iommu_group *group, struct group_member *m)
{
	lockdep_assert_held(&group->mutex);

	if (!m->claims)
		return;
	dev_warn(m->dev, "removed with the DMA of its group claimed, releasing it\n");
	if (group->owner_cnt > m->claims)
		group->owner_cnt -= m->claims;
	else
		give_back(group);
	m->claims = 0;
}

/**
 * iommu_group_dma_owner_claimed() - is anyone using the group's DMA?
 * @group: the group
 *
 * Context: may sleep; takes group->mutex.
 * Return: true if the group is claimed or a driver uses the DMA API; it can be
 * otherwise by the time the caller looks at it.
 */
bool iommu_group_dma_owner_claimed(struct iommu_group *group)
{
	guard(mutex)(&group->mutex);
	return group->owner_cnt > 0;
}
EXPORT_SYMBOL_GPL(iommu_group_dma_owner_claimed);
