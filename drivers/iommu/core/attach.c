// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transitions: the only code that changes what a device's requests without
 * PASID are translated by.
 *
 * Law: a device goes from its old domain to the new one in one step of its
 * driver, never through untranslated DMA.  When a member of a group fails, the
 * group goes back to its old domain; a member that cannot go back is blocked.
 * group->domain always names what the members are in, blocked ones apart.
 *
 * A transition first asks whether any member must refuse (prepare), which
 * touches no hardware, and only then moves the members one by one (commit).
 * Detaching cannot be refused, so it commits without a way back (force).
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/export.h>
#include <linux/iommu.h>
#include <trace/events/iommu.h>

#include "../iommu-priv.h"
#include "core.h"

static int write_domain(struct iommu_domain *domain, struct device *dev)
{
	int ret;

	if (unlikely(!domain->ops->attach_dev))
		return -ENODEV;
	ret = domain->ops->attach_dev(domain, dev);
	if (ret)
		return ret;

	dev->iommu->attach_deferred = 0;
	trace_attach_device_to_domain(dev);
	return 0;
}

/*
 * A device can come up with DMA running that an earlier kernel started.  Its
 * driver asks for the default domain when it knows better, by
 * iommu_deferred_attach(); any other domain is written at once.
 */
static int move_device(struct iommu_group *group, struct device *dev,
		       struct iommu_domain *domain)
{
	if (dev->iommu->attach_deferred && domain == group->default_domain)
		return 0;
	return write_domain(domain, dev);
}

/* The last resort for a device that no longer has a domain to be in. */
static void block_device(struct iommu_group *group, struct device *dev)
{
	struct iommu_domain *blocked = group->blocking_domain;

	if (!blocked)
		blocked = dev_iommu_ops(dev)->blocked_domain;
	if (blocked && !write_domain(blocked, dev))
		dev_err(dev, "DMA is blocked until the next attach\n");
	else
		dev_err(dev, "IOMMU driver cannot block it, old translation may remain\n");
}

static bool is_blocking(struct iommu_group *group, struct iommu_domain *domain)
{
	return domain->type == IOMMU_DOMAIN_BLOCKED ||
	       domain == group->blocking_domain;
}

/*
 * Firmware's 1:1 ranges of a device must be there without a gap, or the
 * machine may stop.  That keeps the device from being claimed, too.
 */
static int prepare_device(struct iommu_group *group, struct device *dev,
			  struct iommu_domain *domain)
{
	if (!dev_has_iommu(dev))
		return -EINVAL;
	if (dev->iommu->require_direct && is_blocking(group, domain)) {
		dev_warn(dev, "Firmware requires a 1:1 mapping for this device, refusing to block it. Ask the platform vendor.\n");
		return -EINVAL;
	}
	return 0;
}

static int prepare(struct iommu_group *group, struct iommu_domain *domain)
{
	struct group_member *m;
	int ret;

	for_each_group_member(group, m) {
		ret = prepare_device(group, m->dev, domain);
		if (ret)
			return ret;
	}
	return 0;
}

/* Undoes a transition from the first member up to and including @failed. */
static void revert(struct iommu_group *group, struct group_member *failed)
{
	struct group_member *m;
	int ret;

	for_each_group_member(group, m) {
		ret = group->domain ?
			move_device(group, m->dev, group->domain) : -ENODEV;
		if (ret) {
			dev_err(m->dev, "cannot return to its %s domain: %d\n",
				group->domain ? "old" : "(missing)", ret);
			block_device(group, m->dev);
		}
		if (m == failed)
			break;
	}
}

/**
 * iommu_group_set_domain() - change the primary domain, all members or none
 * @group: the group
 * @domain: the new primary domain
 *
 * Context: may sleep; under group->mutex.
 * Return: 0; -EINVAL if @domain is NULL or a member must not be blocked or has
 * no IOMMU; the driver's error of the member that failed, and the group is back
 * in its old domain.
 */
int iommu_group_set_domain(struct iommu_group *group,
			   struct iommu_domain *domain)
{
	struct group_member *m;
	int ret;

	lockdep_assert_held(&group->mutex);

	if (group->domain == domain)
		return 0;
	if (WARN_ON(!domain))
		return -EINVAL;

	ret = prepare(group, domain);
	if (ret)
		return ret;

	for_each_group_member(group, m) {
		ret = move_device(group, m->dev, domain);
		if (ret) {
			revert(group, m);
			return ret;
		}
	}
	iommu_group_publish_domain(group, domain);
	return 0;
}

/**
 * iommu_group_force_domain() - change the primary domain, with no way back
 * @group: the group
 * @domain: the new primary domain; the old one may be freed afterwards
 *
 * Context: may sleep; under group->mutex.
 * Return: 0; the first error of a driver, and the members that failed are
 * blocked; -EINVAL if @domain is NULL, and nothing has changed.
 */
int iommu_group_force_domain(struct iommu_group *group,
			     struct iommu_domain *domain)
{
	struct group_member *m;
	int ret, first = 0;

	lockdep_assert_held(&group->mutex);

	if (group->domain == domain)
		return 0;
	if (WARN_ON(!domain))
		return -EINVAL;

	for_each_group_member(group, m) {
		ret = move_device(group, m->dev, domain);
		if (!ret)
			continue;
		dev_err(m->dev, "cannot attach its group's %s domain: %d\n",
			iommu_domain_type_name(domain->type), ret);
		block_device(group, m->dev);
		first = first ?: ret;
	}
	iommu_group_publish_domain(group, domain);
	return first;
}

/**
 * iommu_group_set_core_domain() - return a group to the domain the core gives it
 * @group: the group
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_group_set_core_domain(struct iommu_group *group)
{
	iommu_group_force_domain(group, group->owner ? group->blocking_domain :
						       group->default_domain);
}

/**
 * iommu_member_join_domain() - bring a new member into the group's domain
 * @group: the group, which has a primary domain
 * @m: the new member
 *
 * Context: may sleep; under group->mutex.
 * Return: 0; -EINVAL if the member's 1:1 ranges do not allow the group's state;
 * the driver's error.
 */
int iommu_member_join_domain(struct iommu_group *group, struct group_member *m)
{
	int ret;

	lockdep_assert_held(&group->mutex);

	if (group->default_domain &&
	    iommu_resv_map_direct(group->default_domain, m->dev))
		dev_warn(m->dev, "firmware's 1:1 ranges could not all be mapped\n");

	ret = prepare_device(group, m->dev, group->domain);
	/* A claimed group is going to be blocked, now or when its user detaches. */
	if (!ret && group->owner)
		ret = prepare_device(group, m->dev, group->blocking_domain);
	if (ret)
		return ret;
	return move_device(group, m->dev, group->domain);
}

static bool any_attached(struct iommu_group *group)
{
	struct group_member *m;

	for_each_group_member(group, m) {
		if (m->attached)
			return true;
	}
	return false;
}

static void detach_locked(struct iommu_group *group)
{
	struct group_member *m;

	lockdep_assert_held(&group->mutex);

	for_each_group_member(group, m)
		m->attached = false;
	iommu_group_set_core_domain(group);
}

/**
 * iommu_member_leave_domain() - a member is gone: see to the rest of the group
 * @group: the group
 * @m: the member, off the list
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_member_leave_domain(struct iommu_group *group,
			       struct group_member *m)
{
	lockdep_assert_held(&group->mutex);

	if (m->attached)
		dev_warn(m->dev, "removed with a domain attached, detaching it\n");

	if (list_empty(&group->members))
		WARN_ON(group->owner_cnt ||
			group->domain != group->default_domain);
	else if (m->attached && !any_attached(group))
		iommu_group_set_core_domain(group);
}

/**
 * iommu_device_park() - take a device out of every domain that can be freed
 * @dev: the device, which is about to be released
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_device_park(struct device *dev)
{
	struct iommu_domain *parking = dev_iommu_ops(dev)->release_domain;
	int ret;

	/* Whatever still runs there was not started by this kernel. */
	if (!parking || dev->iommu->attach_deferred)
		return;
	ret = parking->ops->attach_dev(parking, dev);
	if (ret)
		dev_err(dev, "cannot attach the release domain: %d\n", ret);
}

/**
 * iommu_deferred_attach() - attach a device that came up with DMA running
 * @dev: the device
 * @domain: its default domain
 *
 * Called by the DMA API before the first mapping for @dev.
 *
 * Context: that of the DMA API's caller, possibly atomic.
 * Return: 0, also if there is nothing to do; -ENODEV or the driver's error.
 */
int iommu_deferred_attach(struct device *dev, struct iommu_domain *domain)
{
	if (!dev->iommu || !dev->iommu->attach_deferred)
		return 0;
	return write_domain(domain, dev);
}

/* Nobody else may be using the group with a domain of his own. */
static int attach_locked(struct iommu_group *group, struct iommu_domain *domain)
{
	struct device *dev;

	lockdep_assert_held(&group->mutex);

	if (group->domain && group->domain != group->default_domain &&
	    group->domain != group->blocking_domain)
		return -EBUSY;
	/* Their users rely on the primary domain that they found. */
	if (iommu_group_has_pasids(group))
		return -EBUSY;
	if (list_empty(&group->members))
		return -ENODEV;

	dev = iommu_group_first_dev(group);
	if (!dev_has_iommu(dev) || dev_iommu_ops(dev) != domain->owner)
		return -EINVAL;
	return iommu_group_set_domain(group, domain);
}

/*
 * In a group of several devices, a driver moves devices that are not its own.
 * So it must have claimed the group; since a group has one owner, all that
 * claimed it belong together.  The first of them moves the group, the others
 * can only agree.
 */
static int attach_member(struct iommu_group *group, struct group_member *m,
			 struct iommu_domain *domain)
{
	if (list_is_singular(&group->members))
		return attach_locked(group, domain);

	if (!m->claims) {
		dev_warn_ratelimited(m->dev, "shares group %d and its driver has not claimed it, attach refused\n",
				     group->id);
		return -EINVAL;
	}
	if (!any_attached(group))
		return attach_locked(group, domain);
	if (m->attached || group->domain != domain)
		return -EBUSY;
	return 0;
}

/**
 * iommu_attach_device() - attach a domain to the group of a device
 * @domain: the domain, allocated for the same IOMMU driver
 * @dev: the device, bound to the caller
 *
 * The whole group is attached, and detached with the last
 * iommu_detach_device().  If @dev shares its group with other devices, the
 * caller must have claimed the group by iommu_device_claim_dma_owner(); further
 * members can be attached by drivers that claimed it for the same owner, and
 * must name the same domain.
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0; -ENODEV if @dev has no group; -EBUSY if another domain is attached,
 * or a PASID of the group; -EINVAL if @dev shares its group and the caller has
 * not claimed it, if the domain is of another IOMMU driver, or if the driver
 * finds that this domain (but perhaps not another one) does not suit the device;
 * -ENOMEM and others from the driver.  After an error the group is where it was.
 */
int iommu_attach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_member *m;
	int ret = -ENODEV;

	if (!group)
		return -ENODEV;

	mutex_lock(&group->mutex);
	m = iommu_group_find(group, dev);
	if (m) {
		ret = attach_member(group, m, domain);
		if (!ret)
			m->attached = true;
	}
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_attach_device);

/**
 * iommu_detach_device() - undo iommu_attach_device()
 * @domain: the domain that was attached
 * @dev: the device, bound to the caller
 *
 * With the last of its attached members, the group returns to its default
 * domain, or to its blocking domain while it is claimed.
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_detach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_member *m;
	bool alone;

	if (!group)
		return;

	mutex_lock(&group->mutex);
	m = iommu_group_find(group, dev);
	alone = list_is_singular(&group->members);
	if (!m || group->domain != domain || !(m->attached || alone)) {
		dev_WARN(dev, "detach of a domain that is not attached, ignored\n");
	} else {
		m->attached = false;
		if (!any_attached(group))
			iommu_group_set_core_domain(group);
	}
	mutex_unlock(&group->mutex);
}
EXPORT_SYMBOL_GPL(iommu_detach_device);

/**
 * iommu_attach_group() - attach a domain to a group
 * @domain: the domain, allocated for the IOMMU driver of the group's devices
 * @group: the group
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0; -EBUSY if another domain is attached, or a PASID of the group;
 * -ENODEV if the group is empty; -EINVAL if the domain is of another IOMMU
 * driver or does not suit a device; -ENOMEM and others from the driver.  After
 * an error the group is where it was.
 */
int iommu_attach_group(struct iommu_domain *domain, struct iommu_group *group)
{
	guard(mutex)(&group->mutex);
	return attach_locked(group, domain);
}
EXPORT_SYMBOL_GPL(iommu_attach_group);

/**
 * iommu_detach_group() - undo iommu_attach_group()
 * @domain: the domain that was attached
 * @group: the group
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_detach_group(struct iommu_domain *domain, struct iommu_group *group)
{
	guard(mutex)(&group->mutex);
	detach_locked(group);
}
EXPORT_SYMBOL_GPL(iommu_detach_group);

/**
 * iommu_group_replace_domain() - go from one domain to another in one step
 * @group: the group
 * @new_domain: the new domain; like iommu_attach_group() if none is attached
 *
 * PASIDs that are attached stay so: they are the caller's.
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0; -EINVAL if @new_domain is NULL or does not suit a device; -ENOMEM
 * and others from the driver.  After an error the group is where it was.
 */
int iommu_group_replace_domain(struct iommu_group *group,
			       struct iommu_domain *new_domain)
{
	if (!new_domain)
		return -EINVAL;

	guard(mutex)(&group->mutex);
	return iommu_group_set_domain(group, new_domain);
}
EXPORT_SYMBOL_NS_GPL(iommu_group_replace_domain, IOMMUFD_INTERNAL);

/**
 * iommu_attach_group_handle() - iommu_attach_group() with a record to be found
 * @domain: the domain
 * @group: the group
 * @handle: what iommu_attach_handle_get() returns for requests without PASID;
 *	the caller's memory until iommu_detach_group_handle()
 *
 * Context: may sleep; takes group->mutex.
 * Return: as iommu_attach_group(), and -EBUSY if there is a handle already.
 */
int iommu_attach_group_handle(struct iommu_domain *domain,
			      struct iommu_group *group,
			      struct iommu_attach_handle *handle)
{
	int ret = -EBUSY;

	if (handle)
		handle->domain = domain;

	mutex_lock(&group->mutex);
	if (!group->handle) {
		/* The first fault may come before the attach returns. */
		iommu_group_publish_handle(group, handle);
		ret = attach_locked(group, domain);
		if (ret)
			iommu_group_publish_handle(group, NULL);
	}
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommu_attach_group_handle, IOMMUFD_INTERNAL);

/**
 * iommu_detach_group_handle() - undo iommu_attach_group_handle()
 * @domain: the domain that was attached
 * @group: the group
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_detach_group_handle(struct iommu_domain *domain,
			       struct iommu_group *group)
{
	guard(mutex)(&group->mutex);
	detach_locked(group);
	iommu_group_publish_handle(group, NULL);
}
EXPORT_SYMBOL_NS_GPL(iommu_detach_group_handle, IOMMUFD_INTERNAL);

/**
 * iommu_replace_group_handle() - iommu_group_replace_domain() with a record
 * @group: the group
 * @new_domain: the new domain
 * @handle: takes the place of the old handle once @new_domain is attached; NULL
 *	for none
 *
 * Context: may sleep; takes group->mutex.
 * Return: as iommu_group_replace_domain(); after an error the old handle stays.
 */
int iommu_replace_group_handle(struct iommu_group *group,
			       struct iommu_domain *new_domain,
			       struct iommu_attach_handle *handle)
{
	int ret;

	if (!new_domain)
		return -EINVAL;

	mutex_lock(&group->mutex);
	if (handle)
		handle->domain = new_domain;
	ret = iommu_group_set_domain(group, new_domain);
	if (!ret)
		iommu_group_publish_handle(group, handle);
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommu_replace_group_handle, IOMMUFD_INTERNAL);

/**
 * iommu_get_domain_for_dev() - the primary domain of a device
 * @dev: the device, bound to the caller
 *
 * Context: any context in which the caller knows that nobody attaches.
 * Return: the domain, or NULL if the device has no group or no domain yet.
 */
struct iommu_domain *iommu_get_domain_for_dev(struct device *dev)
{
	return dev->iommu_group ? dev->iommu_group->domain : NULL;
}
EXPORT_SYMBOL_GPL(iommu_get_domain_for_dev);

/**
 * iommu_get_dma_domain() - the domain of a device's DMA API mappings
 * @dev: the device, which uses the DMA API through its IOMMU
 *
 * Context: any context.
 * Return: the group's default domain.
 */
struct iommu_domain *iommu_get_dma_domain(struct device *dev)
{
	return dev->iommu_group->default_domain;
}
