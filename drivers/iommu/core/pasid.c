// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments of PASIDs.
 *
 * Law: group->attachments has a record for each PASID that a member's hardware
 * translates: it is there before the first member is set up, and until the last
 * one has been cleared.  A PASID is attached to all members that can send one,
 * or to none; except that an aux-domain (aux.c) is attached to the members that
 * its binding list names.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/export.h>
#include <linux/init.h>
#include <linux/ioasid.h>
#include <linux/iommu.h>
#include <linux/slab.h>

#include "../iommu-priv.h"
#include "core.h"

/**
 * iommu_group_has_pasids() - are PASIDs of a group attached?
 * @group: the group
 *
 * While there are, the primary domain cannot be taken from their users: attach,
 * claim and a change of the default domain's type are refused.
 *
 * Context: under group->mutex.
 * Return: true if so.
 */
bool iommu_group_has_pasids(struct iommu_group *group)
{
	lockdep_assert_held(&group->mutex);
	return !xa_empty(&group->attachments);
}

bool iommu_group_has_attachments(struct iommu_group *group)
{
	return group->handle || iommu_group_has_pasids(group);
}

/**
 * iommu_group_shares_pasids() - are PASIDs attached to all of a group?
 * @group: the group
 *
 * Aux-domains are not: they concern nobody but the devices they are attached to.
 *
 * Context: under group->mutex.
 * Return: true if so.
 */
bool iommu_group_shares_pasids(struct iommu_group *group)
{
	struct iommu_attachment *at;
	unsigned long pasid;

	lockdep_assert_held(&group->mutex);

	xa_for_each(&group->attachments, pasid, at) {
		if (list_empty(&at->bindings))
			return true;
	}
	return false;
}

/**
 * iommu_group_publish_handle() - set the handle of requests without PASID
 * @group: the group
 * @handle: for iommu_attach_handle_get(); NULL for none
 *
 * Context: under group->mutex.
 */
void iommu_group_publish_handle(struct iommu_group *group,
				struct iommu_attach_handle *handle)
{
	lockdep_assert_held(&group->mutex);

	xa_lock(&group->attachments);
	group->handle = handle;
	xa_unlock(&group->attachments);
}

/* Members that cannot send a PASID need no translation of it. */
static bool sends_pasids(struct device *dev)
{
	return dev_has_iommu(dev) && dev->iommu->max_pasids > 0;
}

/**
 * iommu_attachment_new() - make the record of an attachment
 * @domain: the domain
 *
 * Context: may sleep.
 * Return: the record, to be freed by kfree() while it has not been added to a
 * group; NULL without memory.
 */
struct iommu_attachment *iommu_attachment_new(struct iommu_domain *domain)
{
	struct iommu_attachment *at = kzalloc(sizeof(*at), GFP_KERNEL);

	if (at) {
		at->domain = domain;
		INIT_LIST_HEAD(&at->bindings);
	}
	return at;
}

/**
 * iommu_group_add_attachment() - announce that a PASID is going to be attached
 * @group: the group
 * @pasid: the PASID
 * @at: its record, the group's from now on
 *
 * Context: may sleep; under group->mutex.
 * Return: 0; -EBUSY if the PASID has one already; -ENOMEM.
 */
int iommu_group_add_attachment(struct iommu_group *group, ioasid_t pasid,
			       struct iommu_attachment *at)
{
	int ret;

	lockdep_assert_held(&group->mutex);

	ret = xa_insert(&group->attachments, pasid, at, GFP_KERNEL);
	if (!ret)
		atomic_inc(&at->domain->attachments);
	return ret;
}

/**
 * iommu_group_del_attachment() - note that a PASID is not attached any more
 * @group: the group, of which no member translates the PASID
 * @pasid: the PASID
 * @at: its record, to be freed
 *
 * On return nobody reports a fault to the domain because of it.
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_group_del_attachment(struct iommu_group *group, ioasid_t pasid,
				struct iommu_attachment *at)
{
	lockdep_assert_held(&group->mutex);

	xa_erase(&group->attachments, pasid);
	iommu_group_quiesce_faults(group);
	atomic_dec(&at->domain->attachments);
	kfree_rcu(at, rcu);
}

/**
 * iommu_device_clear_pasid() - have the hardware refuse a device's PASID
 * @dev: the device
 * @pasid: the PASID
 * @domain: what it was translated by
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_device_clear_pasid(struct device *dev, ioasid_t pasid,
			      struct iommu_domain *domain)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	if (ops->remove_dev_pasid)
		ops->remove_dev_pasid(dev, pasid, domain);
}

static void clear_members(struct iommu_group *group, ioasid_t pasid,
			  struct iommu_domain *domain,
			  struct group_member *end)
{
	struct group_member *m;

	lockdep_assert_held(&group->mutex);

	for_each_group_member(group, m) {
		if (m == end)
			break;
		if (sends_pasids(m->dev))
			iommu_device_clear_pasid(m->dev, pasid, domain);
	}
}

static int set_members(struct iommu_group *group, ioasid_t pasid,
		       struct iommu_domain *domain)
{
	struct group_member *m;
	int ret;

	lockdep_assert_held(&group->mutex);

	for_each_group_member(group, m) {
		if (!sends_pasids(m->dev))
			continue;
		ret = domain->ops->set_dev_pasid(domain, m->dev, pasid, NULL);
		if (ret) {
			clear_members(group, pasid, domain, m);
			return ret;
		}
	}
	return 0;
}

static bool pasid_fits(struct iommu_group *group, ioasid_t pasid)
{
	struct group_member *m;

	for_each_group_member(group, m) {
		if (sends_pasids(m->dev) && pasid >= m->dev->iommu->max_pasids)
			return false;
	}
	return true;
}

/* Takes @at, also on failure. */
static int attach_pasid(struct iommu_group *group, ioasid_t pasid,
			struct iommu_attachment *at)
{
	int ret;

	lockdep_assert_held(&group->mutex);

	ret = iommu_group_add_attachment(group, pasid, at);
	if (ret) {
		kfree(at);
		return ret;
	}
	ret = set_members(group, pasid, at->domain);
	if (ret)
		iommu_group_del_attachment(group, pasid, at);
	return ret;
}

/* @host: for a driver of this kernel, not for the group's owner. */
static int attach_device_pasid(struct iommu_domain *domain, struct device *dev,
			       ioasid_t pasid,
			       struct iommu_attach_handle *handle, bool host)
{
	struct iommu_group *group = dev->iommu_group;
	struct iommu_attachment *at;

	if (!domain->ops->set_dev_pasid)
		return -EOPNOTSUPP;
	if (!group)
		return -ENODEV;
	if (pasid == IOMMU_NO_PASID || !dev_has_iommu(dev) ||
	    dev_iommu_ops(dev) != domain->owner)
		return -EINVAL;

	guard(mutex)(&group->mutex);
	if (host && iommu_group_is_claimed(group))
		return -EBUSY;
	if (!pasid_fits(group, pasid))
		return -EINVAL;
	at = iommu_attachment_new(domain);
	if (!at)
		return -ENOMEM;
	at->handle = handle;
	if (handle)
		handle->domain = domain;
	return attach_pasid(group, pasid, at);
}

/**
 * iommu_attach_device_pasid() - attach a domain to a PASID of a device's group
 * @domain: the domain
 * @dev: the device, bound to the caller
 * @pasid: the PASID, not IOMMU_NO_PASID
 * @handle: what iommu_attach_handle_get() returns for @pasid, or NULL; the
 *	caller's memory until iommu_detach_device_pasid()
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0; -EOPNOTSUPP if the domain cannot be attached to PASIDs; -ENODEV if
 * @dev has no group; -EINVAL if @pasid is IOMMU_NO_PASID or more than a member
 * can send, or the domain is of another IOMMU driver; -EBUSY if the PASID is
 * attached already; -ENOMEM; others from the driver.
 */
int iommu_attach_device_pasid(struct iommu_domain *domain, struct device *dev,
			      ioasid_t pasid,
			      struct iommu_attach_handle *handle)
{
	return attach_device_pasid(domain, dev, pasid, handle, false);
}
EXPORT_SYMBOL_GPL(iommu_attach_device_pasid);

/**
 * iommu_attach_host_pasid() - iommu_attach_device_pasid() for host drivers
 * @domain: the domain
 * @dev: the device
 * @pasid: the PASID
 * @handle: as for iommu_attach_device_pasid()
 *
 * Whoever has claimed a group decides about all of it, and may attach PASIDs;
 * the driver of a device may not meanwhile.
 *
 * Context: may sleep; takes group->mutex.
 * Return: as iommu_attach_device_pasid(); -EBUSY also if the group is claimed.
 */
int iommu_attach_host_pasid(struct iommu_domain *domain, struct device *dev,
			    ioasid_t pasid, struct iommu_attach_handle *handle)
{
	return attach_device_pasid(domain, dev, pasid, handle, true);
}

static void detach_pasid(struct iommu_group *group, ioasid_t pasid,
			 struct iommu_attachment *at)
{
	lockdep_assert_held(&group->mutex);

	clear_members(group, pasid, at->domain, NULL);
	iommu_group_del_attachment(group, pasid, at);
}

/* Aux-domains have a detach of their own. */
static bool is_detachable(struct iommu_attachment *at,
			  struct iommu_domain *domain)
{
	return at && at->domain == domain && list_empty(&at->bindings);
}

/**
 * iommu_detach_device_pasid() - undo iommu_attach_device_pasid()
 * @domain: the domain that was attached
 * @dev: the device, bound to the caller
 * @pasid: the PASID
 *
 * Context: may sleep; takes group->mutex.  When it returns, no member
 * translates @pasid any more.
 */
void iommu_detach_device_pasid(struct iommu_domain *domain, struct device *dev,
			       ioasid_t pasid)
{
	struct iommu_group *group = dev->iommu_group;
	struct iommu_attachment *at;

	if (!group)
		return;

	mutex_lock(&group->mutex);
	at = xa_load(&group->attachments, pasid);
	if (is_detachable(at, domain))
		detach_pasid(group, pasid, at);
	else
		dev_WARN(dev, "detach of PASID %u that is not attached, ignored\n",
			 pasid);
	mutex_unlock(&group->mutex);
}
EXPORT_SYMBOL_GPL(iommu_detach_device_pasid);

/**
 * iommu_member_drop_pasids() - a member is leaving: clear its PASIDs
 * @group: the group
 * @dev: the member, still listed
 *
 * Its driver should have detached them.  The last member takes the attachments
 * along.  Aux-domains of the member were dropped before.
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_member_drop_pasids(struct iommu_group *group, struct device *dev)
{
	bool last = list_is_singular(&group->members);
	struct iommu_attachment *at;
	unsigned long pasid;

	lockdep_assert_held(&group->mutex);

	if (last && iommu_group_has_pasids(group))
		dev_WARN(dev, "removed with PASIDs attached, detaching them\n");

	xa_for_each(&group->attachments, pasid, at) {
		if (last)
			detach_pasid(group, pasid, at);
		else if (list_empty(&at->bindings) && sends_pasids(dev))
			iommu_device_clear_pasid(dev, pasid, at->domain);
	}
}

/**
 * iommu_attach_handle_get() - find the handle of an attachment
 * @group: the group
 * @pasid: the PASID; IOMMU_NO_PASID for requests without
 * @type: type that the domain must have, 0 for any
 *
 * Context: any context but interrupts; the caller sees to it that the attachment
 * is not detached while it uses the handle.
 * Return: the handle; -ENOENT if nothing is attached, or without a handle; -EBUSY
 * if the domain is of another type.
 */
struct iommu_attach_handle *
iommu_attach_handle_get(struct iommu_group *group, ioasid_t pasid,
			unsigned int type)
{
	struct iommu_attach_handle *handle;
	struct iommu_attachment *at;

	xa_lock(&group->attachments);
	if (pasid == IOMMU_NO_PASID) {
		handle = group->handle;
	} else {
		at = xa_load(&group->attachments, pasid);
		handle = at ? at->handle : NULL;
	}
	if (!handle)
		handle = ERR_PTR(-ENOENT);
	else if (type && handle->domain->type != type)
		handle = ERR_PTR(-EBUSY);
	xa_unlock(&group->attachments);
	return handle;
}
EXPORT_SYMBOL_NS_GPL(iommu_attach_handle_get, IOMMUFD_INTERNAL);

/* The system-wide numbers: the host's own set of the PASID allocator */

/**
 * iommu_alloc_global_pasid() - allocate a PASID that no other device has
 * @dev: the device that is to send it
 *
 * Context: may sleep.
 * Return: the PASID, to be freed by iommu_free_global_pasid();
 * IOMMU_PASID_INVALID if @dev cannot send PASIDs, or none in its range is free.
 */
ioasid_t iommu_alloc_global_pasid(struct device *dev)
{
	u32 max_pasids = dev->iommu->max_pasids;

	static_assert(IOMMU_PASID_INVALID == INVALID_IOASID);

	if (max_pasids <= IOMMU_FIRST_GLOBAL_PASID)
		return IOMMU_PASID_INVALID;
	return ioasid_alloc(NULL, IOMMU_FIRST_GLOBAL_PASID, max_pasids - 1,
			    NULL);
}
EXPORT_SYMBOL_GPL(iommu_alloc_global_pasid);

/**
 * iommu_free_global_pasid() - free a PASID
 * @pasid: from iommu_alloc_global_pasid(); attached nowhere any more
 *
 * Context: any context.
 */
void iommu_free_global_pasid(ioasid_t pasid)
{
	if (WARN_ON(pasid == IOMMU_PASID_INVALID))
		return;
	ioasid_free(NULL, pasid);
}
EXPORT_SYMBOL_GPL(iommu_free_global_pasid);

static bool translates(struct iommu_group *group, void *pasid)
{
	return xa_load(&group->attachments, *(ioasid_t *)pasid);
}

/*
 * A freed number returns to the pool only when it is attached nowhere: then each
 * driver has cleared and flushed it, see the law above; and when no unit has
 * anything of it in a queue.  Until then it is kept and asked about again.
 */
static int drain_pasid(struct ioasid_drainer *drainer, ioasid_t pasid)
{
	if (iommu_groups_any(translates, &pasid))
		return -EBUSY;
	return iommu_registry_drain(pasid);
}

static struct ioasid_drainer pasid_drainer = { .drain = drain_pasid };

static int __init pasid_drainer_init(void)
{
	return ioasid_register_drainer(&pasid_drainer);
}
core_initcall(pasid_drainer_init);
