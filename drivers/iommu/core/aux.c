// SPDX-License-Identifier: GPL-2.0-only
/*
 * Auxiliary domains: paging domains on the PASIDs of a single device.
 *
 * Laws
 *   A domain has one PASID, on every device.  It is allocated for the first
 *   attach and freed with the last one; the allocator gives it to somebody else
 *   only when it is attached nowhere and drained (pasid.c).
 *   A binding is one (domain, device), counted, and in the hardware while its
 *   count is not 0.  It concerns no other member of the device's group.
 *   While a group has bindings, its primary domain stays what it is; while a group
 *   is claimed, it gets none.
 *
 * A binding is found through the attachment of the domain's PASID in the group.
 * Each call of iommu_aux_attach_device() holds the PASID and the feature by itself,
 * so an attach can be undone without knowing what others do.
 *
 * The aux lock protects domain->aux_pasid and aux_users of all domains, and the
 * sub-devices.  It nests inside group->mutex, and the PASID allocator inside it.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/ioasid.h>
#include <linux/iommu-aux.h>
#include <linux/slab.h>

#include "../iommu-priv.h"
#include "core.h"

static DEFINE_MUTEX(aux_lock);

/* The PASID of a domain */

/* The PASIDs that @dev can have: what it can send, and what its driver said. */
static void pasid_range(struct device *dev, ioasid_t *min, ioasid_t *max)
{
	struct dev_iommu *client = dev->iommu;

	guard(mutex)(&client->feature_lock);
	*min = client->aux_min ?: IOMMU_FIRST_GLOBAL_PASID;
	*max = client->max_pasids - 1;
	if (client->aux_max)
		*max = min(*max, client->aux_max);
}

/* Listeners are told under the aux lock: they must not attach anything. */
static int alloc_pasid(struct iommu_domain *domain, ioasid_t min, ioasid_t max)
{
	int ret, pasid = ioasid_try_alloc(NULL, min, max, NULL);

	lockdep_assert_held(&aux_lock);

	if (pasid < 0)
		return pasid == -ENOMEM ? -ENOMEM : -ENOSPC;
	ret = ioasid_notify(NULL, pasid, IOASID_NOTIFY_BIND);
	if (ret) {
		ioasid_free(NULL, pasid);
		return ret;
	}
	domain->aux_pasid = pasid;
	return 0;
}

/* Returns the domain's PASID, which stays until put_pasid(), or an error. */
static int get_pasid(struct iommu_domain *domain, struct device *dev)
{
	ioasid_t min, max;
	int ret = 0;

	pasid_range(dev, &min, &max);

	guard(mutex)(&aux_lock);
	if (!domain->aux_users)
		ret = alloc_pasid(domain, min, max);
	else if (domain->aux_pasid < min || domain->aux_pasid > max)
		ret = -ERANGE;
	if (ret)
		return ret;
	domain->aux_users++;
	return domain->aux_pasid;
}

/* What listeners hear of it comes later, from the allocator's own thread. */
static void put_pasid(struct iommu_domain *domain, unsigned int users)
{
	guard(mutex)(&aux_lock);
	domain->aux_users -= users;
	if (domain->aux_users)
		return;
	ioasid_free(NULL, domain->aux_pasid);
	domain->aux_pasid = 0;
}

/* Bindings */

/**
 * iommu_aux_binding() - find the binding of a device
 * @at: the attachment of a PASID
 * @dev: the device
 *
 * Context: under group->mutex or the group's fault lock.
 * Return: the binding, or NULL.
 */
struct aux_binding *iommu_aux_binding(struct iommu_attachment *at,
				      struct device *dev)
{
	struct aux_binding *b;

	list_for_each_entry(b, &at->bindings, node) {
		if (b->dev == dev)
			return b;
	}
	return NULL;
}

static void list_binding(struct iommu_group *group, struct iommu_attachment *at,
			 struct aux_binding *b)
{
	raw_spin_lock_irq(&group->fault_lock);
	list_add_tail(&b->node, &at->bindings);
	raw_spin_unlock_irq(&group->fault_lock);
}

/* The last one takes the attachment along. */
static void drop_binding(struct iommu_group *group, ioasid_t pasid,
			 struct iommu_attachment *at, struct aux_binding *b)
{
	lockdep_assert_held(&group->mutex);

	if (list_is_singular(&at->bindings)) {
		iommu_group_del_attachment(group, pasid, at);
	} else {
		raw_spin_lock_irq(&group->fault_lock);
		list_del(&b->node);
		raw_spin_unlock_irq(&group->fault_lock);
	}
	kfree(b);
}

/* The attachment of @pasid with @b in it, new or shared with other members. */
static struct iommu_attachment *
prepare_attachment(struct iommu_group *group, struct iommu_domain *domain,
		   ioasid_t pasid, struct aux_binding *b)
{
	struct iommu_attachment *at = xa_load(&group->attachments, pasid);
	int ret;

	if (at) {
		list_binding(group, at, b);
		return at;
	}
	at = iommu_attachment_new(domain);
	if (!at)
		return ERR_PTR(-ENOMEM);
	at->aux_handle.domain = domain;
	at->handle = &at->aux_handle;
	list_add_tail(&b->node, &at->bindings);
	ret = iommu_group_add_attachment(group, pasid, at);
	if (!ret)
		return at;
	kfree(at);
	return ERR_PTR(ret);
}

static int make_binding(struct iommu_group *group, struct iommu_domain *domain,
			struct device *dev, ioasid_t pasid)
{
	struct iommu_attachment *at;
	struct aux_binding *b;
	int ret;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->dev = dev;
	b->count = 1;
	at = prepare_attachment(group, domain, pasid, b);
	if (IS_ERR(at)) {
		kfree(b);
		return PTR_ERR(at);
	}
	ret = domain->ops->set_dev_pasid(domain, dev, pasid, NULL);
	if (ret)
		drop_binding(group, pasid, at, b);
	return ret == -EOPNOTSUPP ? -ENODEV : ret;
}

static int bind(struct iommu_group *group, struct iommu_domain *domain,
		struct device *dev, ioasid_t pasid)
{
	struct iommu_attachment *at;
	struct aux_binding *b;

	lockdep_assert_held(&group->mutex);

	if (iommu_group_is_claimed(group))
		return -EBUSY;
	at = xa_load(&group->attachments, pasid);
	/* Somebody who does not ask the allocator uses the number. */
	if (at && (at->domain != domain || list_empty(&at->bindings)))
		return -EBUSY;
	b = at ? iommu_aux_binding(at, dev) : NULL;
	if (!b)
		return make_binding(group, domain, dev, pasid);
	b->count++;
	return 0;
}

static void unbind(struct iommu_group *group, ioasid_t pasid,
		   struct iommu_attachment *at, struct aux_binding *b)
{
	iommu_device_clear_pasid(b->dev, pasid, at->domain);
	drop_binding(group, pasid, at, b);
}

static int check_domain(struct iommu_domain *domain, struct device *dev)
{
	if (!dev->iommu_group || !dev_has_iommu(dev))
		return -ENODEV;
	if (domain->type != IOMMU_DOMAIN_UNMANAGED ||
	    domain->owner != dev_iommu_ops(dev))
		return -EINVAL;
	return domain->ops->set_dev_pasid ? 0 : -ENODEV;
}

static int get_feature(struct device *dev)
{
	int ret = iommu_feature_get(dev, IOMMU_DEV_FEAT_AUX);

	if (ret && !iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_AUX))
		return -ENODEV;
	return ret;
}

/**
 * iommu_aux_attach_device() - translate some of a device's requests by a domain
 * @domain: a domain of iommu_paging_domain_alloc(), allocated for the same IOMMU
 *	driver; it may be attached elsewhere, too
 * @dev: the device, bound to the caller, who has enabled %IOMMU_DEV_FEAT_AUX
 *
 * The requests are those with the PASID that iommu_aux_get_pasid() tells.  Other
 * members of the device's group are not concerned.  Attaching the same pair again
 * counts; each success needs one iommu_aux_detach_device().
 *
 * While the device has aux-domains, nobody can change the primary domain of its
 * group by an attach, a claim or the type of the default domain.
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0, or an error after which everything is as it was: -EPERM if
 * %IOMMU_DEV_FEAT_AUX is not enabled; -ENODEV if device or IOMMU cannot do it;
 * -EINVAL if the domain is not %IOMMU_DOMAIN_UNMANAGED, is of another IOMMU driver or
 * does not suit the device's IOMMU; -ENOSPC if no PASID is left in the device's
 * range, or the IOMMU has no tag left; -ERANGE if the domain has a PASID that is not
 * in the device's range; -EBUSY if the group is claimed, or the PASID taken by
 * someone who did not allocate it; -ENOMEM; others from the driver, or from who
 * listens to PASIDs.
 */
int iommu_aux_attach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	int ret, pasid;

	ret = check_domain(domain, dev) ?: get_feature(dev);
	if (ret)
		return ret;
	pasid = get_pasid(domain, dev);
	if (pasid < 0) {
		ret = pasid;
		goto err_feature;
	}

	mutex_lock(&group->mutex);
	ret = bind(group, domain, dev, pasid);
	mutex_unlock(&group->mutex);
	if (!ret)
		return 0;

	put_pasid(domain, 1);
err_feature:
	iommu_feature_put(dev, IOMMU_DEV_FEAT_AUX);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_aux_attach_device);

/* Returns the attachment, if the domain is attached to the device as aux-domain. */
static struct iommu_attachment *find_bound(struct iommu_group *group,
					   struct iommu_domain *domain,
					   struct device *dev)
{
	struct iommu_attachment *at;

	lockdep_assert_held(&group->mutex);

	/* It has the PASID for as long as there is a binding, so no lock. */
	at = xa_load(&group->attachments, READ_ONCE(domain->aux_pasid));
	return at && at->domain == domain && iommu_aux_binding(at, dev) ?
		at : NULL;
}

/**
 * iommu_aux_detach_device() - give back one iommu_aux_attach_device()
 * @domain: the domain that was attached
 * @dev: the device, bound to the caller
 *
 * After the last one the device's requests with the domain's PASID are refused, and
 * nothing of the domain is cached on their behalf.  The driver has stopped them
 * before.
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_aux_detach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	struct iommu_attachment *at = NULL;
	struct aux_binding *b;

	if (!group)
		return;

	mutex_lock(&group->mutex);
	at = find_bound(group, domain, dev);
	if (at) {
		b = iommu_aux_binding(at, dev);
		if (!--b->count)
			unbind(group, domain->aux_pasid, at, b);
	}
	mutex_unlock(&group->mutex);

	if (!at) {
		dev_WARN(dev, "detach of an aux-domain that is not attached, ignored\n");
		return;
	}
	put_pasid(domain, 1);
	iommu_feature_put(dev, IOMMU_DEV_FEAT_AUX);
}
EXPORT_SYMBOL_GPL(iommu_aux_detach_device);

/**
 * iommu_aux_get_pasid() - the PASID that a device has to send for a domain
 * @domain: the domain
 * @dev: a device that it is attached to as an aux-domain
 *
 * It is the same on all devices, and stays until the domain is detached from the
 * last of them.
 *
 * Context: may sleep; takes group->mutex.
 * Return: the PASID, greater than 0; -ENODEV without an IOMMU; -EINVAL if the domain
 * is not %IOMMU_DOMAIN_UNMANAGED or is of another IOMMU driver; -EPERM if
 * %IOMMU_DEV_FEAT_AUX is not enabled; -ENOENT if it is not attached to @dev as an
 * aux-domain.
 */
int iommu_aux_get_pasid(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	int ret;

	ret = check_domain(domain, dev);
	if (ret)
		return ret;
	if (!iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_AUX))
		return -EPERM;

	mutex_lock(&group->mutex);
	ret = find_bound(group, domain, dev) ? domain->aux_pasid : -ENOENT;
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_aux_get_pasid);

/**
 * iommu_aux_get_domain() - the aux-domain behind a PASID of a device
 * @dev: the device
 * @pasid: the PASID
 *
 * Context: may sleep; takes group->mutex.  The domain is valid for as long as the
 * caller knows that it is not detached.
 * Return: the domain; ERR_PTR(-ENODEV) without an IOMMU; -EINVAL if @pasid is
 * IOMMU_NO_PASID; -ENOENT if no aux-domain is attached there.
 */
struct iommu_domain *iommu_aux_get_domain(struct device *dev, ioasid_t pasid)
{
	struct iommu_group *group = dev->iommu_group;
	struct iommu_attachment *at;

	if (!group || !dev_has_iommu(dev))
		return ERR_PTR(-ENODEV);
	if (pasid == IOMMU_NO_PASID)
		return ERR_PTR(-EINVAL);

	guard(mutex)(&group->mutex);
	at = xa_load(&group->attachments, pasid);
	if (!at || !iommu_aux_binding(at, dev))
		return ERR_PTR(-ENOENT);
	return at->domain;
}
EXPORT_SYMBOL_GPL(iommu_aux_get_domain);

/**
 * iommu_aux_set_pasid_range() - say which PASIDs a device can use
 * @dev: the device, bound to the caller
 * @min: lowest, greater than 0
 * @max: highest
 *
 * For limits that the device's PASID capability does not show.  Holds until it is
 * set again or the driver is unbound.
 *
 * Context: may sleep.
 * Return: 0; -ENODEV without an IOMMU, or if the device can send no PASID; -EINVAL if
 * @min is 0 or greater than @max; -ERANGE if the device can send no PASID from @min
 * on; -EBUSY if the device has aux-domains.
 */
int iommu_aux_set_pasid_range(struct device *dev, ioasid_t min, ioasid_t max)
{
	struct dev_iommu *client = dev->iommu;

	if (!dev_has_iommu(dev) || client->max_pasids <= IOMMU_FIRST_GLOBAL_PASID)
		return -ENODEV;
	if (min == IOMMU_NO_PASID || min > max)
		return -EINVAL;
	if (min >= client->max_pasids)
		return -ERANGE;

	guard(mutex)(&client->feature_lock);
	if (client->feature_users[IOMMU_DEV_FEAT_AUX])
		return -EBUSY;
	client->aux_min = min;
	client->aux_max = max;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_aux_set_pasid_range);

/* Sub-devices */

/**
 * struct aux_subdev - the domain that a sub-device was given
 * @node: in aux_subdevs; the aux lock
 * @subdev: the sub-device, which has no IOMMU of its own; const
 * @parent: the device that makes its requests; const
 * @domain: attached to @parent; const
 */
struct aux_subdev {
	struct hlist_node node;
	struct device *subdev;
	struct device *parent;
	struct iommu_domain *domain;
};

static DEFINE_HASHTABLE(aux_subdevs, 8);	/* aux lock */

static struct aux_subdev *find_subdev(struct device *subdev)
{
	struct aux_subdev *s;

	lockdep_assert_held(&aux_lock);

	hash_for_each_possible(aux_subdevs, s, node, (unsigned long)subdev) {
		if (s->subdev == subdev)
			return s;
	}
	return NULL;
}

/**
 * iommu_aux_attach_subdev() - give a domain to a part of a device
 * @domain: the domain
 * @parent: the device, bound to the caller, who has enabled %IOMMU_DEV_FEAT_AUX
 * @subdev: its part, e.g. a mediated device; stays until
 *	iommu_aux_detach_subdev()
 *
 * Attaches the domain to @parent, counted, so that several sub-devices can share
 * one; and remembers it for iommu_aux_get_subdev_domain().
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0; -EINVAL if @subdev has an IOMMU of its own; -EBUSY if it has a domain;
 * as iommu_aux_attach_device().
 */
int iommu_aux_attach_subdev(struct iommu_domain *domain, struct device *parent,
			    struct device *subdev)
{
	struct aux_subdev *s;
	int ret;

	if (dev_has_iommu(subdev))
		return -EINVAL;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->subdev = subdev;
	s->parent = parent;
	s->domain = domain;
	ret = iommu_aux_attach_device(domain, parent);
	if (ret)
		goto err_free;

	mutex_lock(&aux_lock);
	if (find_subdev(subdev))
		ret = -EBUSY;
	else
		hash_add(aux_subdevs, &s->node, (unsigned long)subdev);
	mutex_unlock(&aux_lock);
	if (!ret)
		return 0;

	iommu_aux_detach_device(domain, parent);
err_free:
	kfree(s);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_aux_attach_subdev);

/**
 * iommu_aux_detach_subdev() - undo iommu_aux_attach_subdev()
 * @subdev: the sub-device
 *
 * Context: may sleep; takes group->mutex.
 */
void iommu_aux_detach_subdev(struct device *subdev)
{
	struct aux_subdev *s;

	mutex_lock(&aux_lock);
	s = find_subdev(subdev);
	if (s)
		hash_del(&s->node);
	mutex_unlock(&aux_lock);

	if (!s) {
		dev_WARN(subdev, "detach of a sub-device without a domain, ignored\n");
		return;
	}
	iommu_aux_detach_device(s->domain, s->parent);
	kfree(s);
}
EXPORT_SYMBOL_GPL(iommu_aux_detach_subdev);

/**
 * iommu_aux_get_subdev_domain() - the domain that a sub-device was given
 * @subdev: the sub-device
 *
 * Context: may sleep.  The domain is valid for as long as the caller knows that it
 * is not detached.
 * Return: the domain, or NULL.
 */
struct iommu_domain *iommu_aux_get_subdev_domain(struct device *subdev)
{
	struct aux_subdev *s;

	guard(mutex)(&aux_lock);
	s = find_subdev(subdev);
	return s ? s->domain : NULL;
}
EXPORT_SYMBOL_GPL(iommu_aux_get_subdev_domain);

/* Careless drivers */

static void drop_subdevs(struct device *parent)
{
	struct hlist_node *next;
	struct aux_subdev *s;
	unsigned int i;

	guard(mutex)(&aux_lock);
	hash_for_each_safe(aux_subdevs, i, next, s, node) {
		if (s->parent != parent)
			continue;
		hash_del(&s->node);
		kfree(s);
	}
}

/**
 * iommu_member_drop_aux() - take from a device what its driver left attached
 * @group: the group
 * @dev: the member, whose driver is gone, or which is going itself
 *
 * It should be nothing: one warning for all that is left.
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_member_drop_aux(struct iommu_group *group, struct device *dev)
{
	struct iommu_attachment *at;
	unsigned int dropped = 0;
	struct aux_binding *b;
	unsigned long pasid;

	lockdep_assert_held(&group->mutex);

	xa_for_each(&group->attachments, pasid, at) {
		struct iommu_domain *domain = at->domain;
		unsigned int count;

		b = iommu_aux_binding(at, dev);
		if (!b)
			continue;
		count = b->count;
		/* Its owner may find it unused from here on, and free it. */
		atomic_inc(&domain->attachments);
		unbind(group, pasid, at, b);
		put_pasid(domain, count);
		atomic_dec(&domain->attachments);
		while (count--)
			iommu_feature_put(dev, IOMMU_DEV_FEAT_AUX);
		dropped++;
	}
	if (!dropped)
		return;
	drop_subdevs(dev);
	dev_WARN(dev, "driver left %u aux-domains attached, detached them\n",
		 dropped);
}

/**
 * iommu_aux_forget_driver() - undo what a driver set up and did not take back
 * @dev: the device that it was bound to, without aux-domains
 *
 * Context: may sleep.
 */
void iommu_aux_forget_driver(struct device *dev)
{
	struct dev_iommu *client = dev->iommu;

	mutex_lock(&client->feature_lock);
	client->aux_min = 0;
	client->aux_max = 0;
	mutex_unlock(&client->feature_lock);
	iommu_feature_force_off(dev, IOMMU_DEV_FEAT_AUX);
}
