// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: the object, its members, and its face in sysfs.
 *
 * Law: a group lives as long as someone holds a reference, and each member
 * does.  The count is that of the kobject devices/, whose parent is the group's
 * own kobject.  The paths and texts under /sys/kernel/iommu_groups are read by
 * programs; they do not change.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/export.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <trace/events/iommu.h>

#include "../iommu-priv.h"
#include "core.h"

static struct kset *groups_kset;	/* set once at boot */
static DEFINE_IDA(group_ids);

/* sysfs */

struct group_attribute {
	struct attribute attr;
	ssize_t (*show)(struct iommu_group *group, char *buf);
	ssize_t (*store)(struct iommu_group *group, const char *buf, size_t len);
};

static struct iommu_group *kobj_to_group(struct kobject *kobj)
{
	return container_of(kobj, struct iommu_group, kobj);
}

static ssize_t group_show(struct kobject *kobj, struct attribute *attr,
			  char *buf)
{
	struct group_attribute *ga;

	ga = container_of(attr, struct group_attribute, attr);
	return ga->show ? ga->show(kobj_to_group(kobj), buf) : -EIO;
}

static ssize_t group_store(struct kobject *kobj, struct attribute *attr,
			   const char *buf, size_t len)
{
	struct group_attribute *ga;

	ga = container_of(attr, struct group_attribute, attr);
	return ga->store ? ga->store(kobj_to_group(kobj), buf, len) : -EIO;
}

static ssize_t name_show(struct iommu_group *group, char *buf)
{
	return sysfs_emit(buf, "%s\n", group->name);
}

static const char *resv_type_name(enum iommu_resv_type type)
{
	switch (type) {
	case IOMMU_RESV_DIRECT:
		return "direct";
	case IOMMU_RESV_DIRECT_RELAXABLE:
		return "direct-relaxable";
	case IOMMU_RESV_MSI:
	case IOMMU_RESV_SW_MSI:
		return "msi";
	default:
		return "reserved";
	}
}

static ssize_t reserved_regions_show(struct iommu_group *group, char *buf)
{
	struct iommu_resv_region *r, *next;
	LIST_HEAD(regions);
	int len = 0;

	/* After an error the list still has what could be read. */
	iommu_get_group_resv_regions(group, &regions);
	list_for_each_entry_safe(r, next, &regions, list) {
		u64 first = r->start, last = first + r->length - 1;

		len += sysfs_emit_at(buf, len, "0x%016llx 0x%016llx %s\n",
				     first, last, resv_type_name(r->type));
		kfree(r);
	}
	return len;
}

static const char *sysfs_type(struct iommu_domain *domain)
{
	if (!domain)
		return "unknown";

	switch (domain->type) {
	case IOMMU_DOMAIN_IDENTITY:
		return "identity";
	case IOMMU_DOMAIN_DMA:
		return "DMA";
	case IOMMU_DOMAIN_DMA_FQ:
		return "DMA-FQ";
	case IOMMU_DOMAIN_UNMANAGED:
		return "unmanaged";
	case IOMMU_DOMAIN_BLOCKED:
		return "blocked";
	default:
		return "unknown";
	}
}

static ssize_t type_show(struct iommu_group *group, char *buf)
{
	const char *type;

	mutex_lock(&group->mutex);
	type = sysfs_type(group->default_domain);
	mutex_unlock(&group->mutex);
	return sysfs_emit(buf, "%s\n", type);
}

static const struct group_attribute attr_name = __ATTR_RO(name);
static const struct group_attribute attr_reserved_regions =
	__ATTR_RO(reserved_regions);
static const struct group_attribute attr_type =
	__ATTR(type, 0644, type_show, iommu_group_store_type);

static const struct attribute *const group_attrs[] = {
	&attr_reserved_regions.attr,
	&attr_type.attr,
	NULL
};

static const struct sysfs_ops group_sysfs_ops = {
	.show = group_show,
	.store = group_store,
};

/* Life and death */

static void group_release(struct kobject *kobj)
{
	struct iommu_group *group = kobj_to_group(kobj);

	pr_debug("group %d: freed\n", group->id);

	/* The last member took the domains along. */
	WARN_ON(group->default_domain || group->blocking_domain);

	if (group->iommu_data_release)
		group->iommu_data_release(group->iommu_data);
	xa_destroy(&group->attachments);
	ida_free(&group_ids, group->id);
	kfree(group->name);
	kfree(group);
}

static const struct kobj_type group_ktype = {
	.sysfs_ops = &group_sysfs_ops,
	.release = group_release,
};

/* Returns a group that is not in sysfs yet; kfree() is enough to undo it. */
static struct iommu_group *group_new(void)
{
	struct iommu_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return NULL;
	mutex_init(&group->mutex);
	INIT_LIST_HEAD(&group->members);
	INIT_LIST_HEAD(&group->entry);
	xa_init(&group->attachments);
	raw_spin_lock_init(&group->fault_lock);
	group->kobj.kset = groups_kset;
	return group;
}

/**
 * iommu_group_alloc() - create an empty group
 *
 * Context: may sleep.
 * Return: the group, with a reference that iommu_group_put() drops; -ENOMEM, or
 * an error of sysfs.
 */
struct iommu_group *iommu_group_alloc(void)
{
	struct iommu_group *group;
	int ret;

	if (!groups_kset)
		return ERR_PTR(-ENOMEM);
	group = group_new();
	if (!group)
		return ERR_PTR(-ENOMEM);

	ret = ida_alloc(&group_ids, GFP_KERNEL);
	if (ret < 0) {
		kfree(group);
		return ERR_PTR(ret);
	}
	group->id = ret;

	ret = kobject_init_and_add(&group->kobj, &group_ktype, NULL, "%d",
				   group->id);
	if (ret)
		goto err_put;
	ret = sysfs_create_files(&group->kobj, group_attrs);
	if (ret)
		goto err_put;
	ret = -ENOMEM;
	group->devices_kobj = kobject_create_and_add("devices", &group->kobj);
	if (!group->devices_kobj)
		goto err_put;

	/* Now held by devices/ alone. */
	kobject_put(&group->kobj);
	pr_debug("group %d: created\n", group->id);
	return group;

err_put:
	kobject_put(&group->kobj);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(iommu_group_alloc);

/**
 * iommu_group_ref_get() - take one more reference to a group
 * @group: the group; the caller has one already
 *
 * Context: any context.
 * Return: @group.
 */
struct iommu_group *iommu_group_ref_get(struct iommu_group *group)
{
	kobject_get(group->devices_kobj);
	return group;
}
EXPORT_SYMBOL_GPL(iommu_group_ref_get);

/**
 * iommu_group_get() - take a reference to a device's group
 * @dev: the device
 *
 * Context: any context in which @dev cannot leave its group.
 * Return: the group, or NULL if the device has none.
 */
struct iommu_group *iommu_group_get(struct device *dev)
{
	return dev->iommu_group ? iommu_group_ref_get(dev->iommu_group) : NULL;
}
EXPORT_SYMBOL_GPL(iommu_group_get);

/**
 * iommu_group_put() - drop a reference to a group
 * @group: the group, or NULL; freed with its last reference
 *
 * Context: may sleep.
 */
void iommu_group_put(struct iommu_group *group)
{
	if (!group)
		return;
	kobject_put(group->devices_kobj);
}
EXPORT_SYMBOL_GPL(iommu_group_put);

/**
 * iommu_group_id() - the number of a group
 * @group: the group
 *
 * Context: any context.
 * Return: its number in /sys/kernel/iommu_groups.
 */
int iommu_group_id(struct iommu_group *group)
{
	return group->id;
}
EXPORT_SYMBOL_GPL(iommu_group_id);

/**
 * iommu_group_get_iommudata() - the IOMMU driver's data of a group
 * @group: the group
 *
 * Context: any context; the driver synchronises with its own set.
 * Return: what iommu_group_set_iommudata() stored, or NULL.
 */
void *iommu_group_get_iommudata(struct iommu_group *group)
{
	return group->iommu_data;
}
EXPORT_SYMBOL_GPL(iommu_group_get_iommudata);

/**
 * iommu_group_set_iommudata() - store the IOMMU driver's data of a group
 * @group: the group
 * @iommu_data: the data
 * @release: called with @iommu_data when the group is freed, or NULL
 *
 * Context: any context.
 */
void iommu_group_set_iommudata(struct iommu_group *group, void *iommu_data,
			       void (*release)(void *iommu_data))
{
	group->iommu_data_release = release;
	group->iommu_data = iommu_data;
}
EXPORT_SYMBOL_GPL(iommu_group_set_iommudata);

/**
 * iommu_group_set_name() - name a group
 * @group: the group
 * @name: shown in the file name of its directory; copied; NULL takes the file away
 *
 * Context: may sleep; the IOMMU driver serialises calls.
 * Return: 0; -ENOMEM or an error of sysfs, and the group then has no name.
 */
int iommu_group_set_name(struct iommu_group *group, const char *name)
{
	char *copy;
	int ret;

	if (group->name) {
		sysfs_remove_file(&group->kobj, &attr_name.attr);
		kfree(group->name);
		group->name = NULL;
	}
	if (!name)
		return 0;

	copy = kstrdup(name, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	group->name = copy;
	ret = sysfs_create_file(&group->kobj, &attr_name.attr);
	if (ret) {
		group->name = NULL;
		kfree(copy);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_group_set_name);

/* Members */

/*
 * Links devices/NAME to the device.  Devices of different buses can have one
 * name; then it gets a number: NAME.0, NAME.1, ...
 */
static int link_member(struct iommu_group *group, struct group_member *m)
{
	const char *base = kobject_name(&m->dev->kobj);
	int suffix = 0, ret;
	char *name;

	name = kstrdup(base, GFP_KERNEL);
	while (name) {
		ret = sysfs_create_link_nowarn(group->devices_kobj,
					       &m->dev->kobj, name);
		if (!ret) {
			m->name = name;
			return 0;
		}
		kfree(name);
		if (ret != -EEXIST)
			return ret;
		name = kasprintf(GFP_KERNEL, "%s.%d", base, suffix++);
	}
	return -ENOMEM;
}

/**
 * iommu_member_create() - make a device a member, all but listing it
 * @group: the group
 * @dev: the device
 *
 * Context: may sleep.
 * Return: the member, to be listed by the caller; -ENOMEM, or an error of sysfs.
 */
struct group_member *iommu_member_create(struct iommu_group *group,
					 struct device *dev)
{
	struct group_member *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!m)
		goto err;
	m->dev = dev;

	ret = sysfs_create_link(&dev->kobj, &group->kobj, "iommu_group");
	if (ret)
		goto err_free;
	ret = link_member(group, m);
	if (ret)
		goto err_unlink;

	trace_add_device_to_group(group->id, dev);
	dev_info(dev, "Adding to iommu group %d\n", group->id);
	return m;

err_unlink:
	sysfs_remove_link(&dev->kobj, "iommu_group");
err_free:
	kfree(m);
err:
	dev_err(dev, "Failed to add to iommu group %d: %d\n", group->id, ret);
	return ERR_PTR(ret);
}

/**
 * iommu_member_destroy() - undo iommu_member_create()
 * @group: the group
 * @m: the member, off the list; freed
 *
 * Context: may sleep; under group->mutex.
 */
void iommu_member_destroy(struct iommu_group *group, struct group_member *m)
{
	lockdep_assert_held(&group->mutex);

	sysfs_remove_link(group->devices_kobj, m->name);
	sysfs_remove_link(&m->dev->kobj, "iommu_group");
	trace_remove_device_from_group(group->id, m->dev);
	kfree(m->name);
	kfree(m);
}

struct group_member *iommu_group_find(struct iommu_group *group,
				      struct device *dev)
{
	struct group_member *m;

	lockdep_assert_held(&group->mutex);

	for_each_group_member(group, m) {
		if (m->dev == dev)
			return m;
	}
	return NULL;
}

/* The group must not be empty. */
struct device *iommu_group_first_dev(struct iommu_group *group)
{
	lockdep_assert_held(&group->mutex);
	return list_first_entry(&group->members, struct group_member, list)->dev;
}

/**
 * iommu_group_add_device() - make a device without an IOMMU a member of a group
 * @group: the group
 * @dev: the device, which has no group
 *
 * For groups that no IOMMU stands behind, such as VFIO's; iommu_probe_device()
 * takes care of all others.
 *
 * Context: may sleep; takes group->mutex.
 * Return: 0 and the group is held by its new member; -ENOMEM, or an error of
 * sysfs.
 */
int iommu_group_add_device(struct iommu_group *group, struct device *dev)
{
	struct group_member *m = iommu_member_create(group, dev);

	if (IS_ERR(m))
		return PTR_ERR(m);

	dev->iommu_group = iommu_group_ref_get(group);
	guard(mutex)(&group->mutex);
	list_add_tail(&m->list, &group->members);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_group_add_device);

/**
 * iommu_group_for_each_dev() - call a function for each member of a group
 * @group: the group
 * @data: passed to @fn
 * @fn: called with the device and @data; stops at the first that is not 0
 *
 * Context: may sleep; @fn runs under group->mutex, so that members neither come
 * nor go.
 * Return: the last result of @fn, 0 for an empty group.
 */
int iommu_group_for_each_dev(struct iommu_group *group, void *data,
			     int (*fn)(struct device *dev, void *data))
{
	struct group_member *m;
	int ret = 0;

	mutex_lock(&group->mutex);
	for_each_group_member(group, m) {
		ret = fn(m->dev, data);
		if (ret)
			break;
	}
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_group_for_each_dev);

/**
 * iommu_groups_any() - is something true of any group?
 * @test: called for one group after the other until it returns true; must not
 *	sleep, and the group may be on its way out
 * @arg: for @test
 *
 * Context: any context but interrupts.
 * Return: whether @test returned true.
 */
bool iommu_groups_any(bool (*test)(struct iommu_group *group, void *arg), void *arg)
{
	struct kobject *kobj;
	bool found = false;

	if (!groups_kset)
		return false;

	spin_lock(&groups_kset->list_lock);
	list_for_each_entry(kobj, &groups_kset->list, entry) {
		found = test(container_of(kobj, struct iommu_group, kobj), arg);
		if (found)
			break;
	}
	spin_unlock(&groups_kset->list_lock);
	return found;
}

#if IS_ENABLED(CONFIG_LOCKDEP)
/**
 * iommu_group_mutex_assert() - check that a device's group is locked
 * @dev: the device, a member of a group
 *
 * For drivers whose ops the core calls under the mutex.
 *
 * Context: any context.
 */
void iommu_group_mutex_assert(struct device *dev)
{
	lockdep_assert_held(&dev->iommu_group->mutex);
}
EXPORT_SYMBOL_GPL(iommu_group_mutex_assert);
#endif

static int __init iommu_groups_init(void)
{
	groups_kset = kset_create_and_add("iommu_groups", NULL, kernel_kobj);
	if (!groups_kset) {
		pr_err("no memory for /sys/kernel/iommu_groups, devices stay untranslated\n");
		return -ENOMEM;
	}
	iommu_debugfs_setup();
	return 0;
}
core_initcall(iommu_groups_init);
