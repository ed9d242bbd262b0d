/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's own objects.  Users of the interface and drivers see only
 * pointers to them.
 *
 * Words: the *primary* domain of a group translates its requests without
 * PASID; the *default* domain is the primary while nobody has attached another
 * one; the *core* domain of a group is what it falls back to: the default
 * domain, or the blocking domain while the group is claimed.
 *
 * Locks, outer to inner: device_lock, iommu_probe_device_lock, the SVA lock,
 * group->mutex, the aux lock, the lock inside group->attachments,
 * group->fault_lock.  "mutex" below is the mutex of the group, "fault lock" its
 * fault_lock; "const" is a field that never changes once the group is visible to
 * others.
 */

#ifndef __IOMMU_CORE_OBJECTS_H
#define __IOMMU_CORE_OBJECTS_H

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

/**
 * struct iommu_attachment - a domain attached to one PASID of a group
 * @domain: what the PASID is translated by; const
 * @handle: the attacher's own record of it, or NULL; const
 * @bindings: of an aux-domain: the members it is attached to, one &struct
 *	aux_binding each.  Empty for others, which are attached to all members
 *	that can send PASIDs.  Written under mutex and the fault lock, read under
 *	either
 * @aux_handle: @handle of an aux-domain
 * @rcu: frees it after the readers of &iommu_group.attachments
 *
 * The attachment of PASID 0, requests without PASID, is not stored here: it is
 * &iommu_group.domain with &iommu_group.handle.
 */
struct iommu_attachment {
	struct iommu_domain *domain;
	struct iommu_attach_handle *handle;
	struct list_head bindings;
	struct iommu_attach_handle aux_handle;
	struct rcu_head rcu;
};

/**
 * struct aux_binding - an aux-domain attached to one device
 * @node: in &iommu_attachment.bindings
 * @dev: the device; const
 * @count: how often it was attached; mutex
 */
struct aux_binding {
	struct list_head node;
	struct device *dev;
	unsigned int count;
};

/**
 * struct group_member - one device of a group
 * @list: in &iommu_group.members; mutex
 * @dev: the device, which is removed from the group before it is freed; const
 * @name: of its link in the group's devices/ directory; const
 * @claims: how often the device's driver has claimed the group; mutex
 * @attached: the device's driver has called iommu_attach_device(); mutex
 * @finalized: the driver's probe_finalize() has been called; mutex
 */
struct group_member {
	struct list_head list;
	struct device *dev;
	char *name;
	unsigned int claims;
	bool attached;
	bool finalized;
};

/**
 * struct iommu_group - the devices that cannot be isolated from one another
 * @kobj: /sys/kernel/iommu_groups/ID
 * @devices_kobj: its directory devices/, which carries the reference count
 * @mutex: protects what it is named for below
 * @members: list of &struct group_member; mutex
 * @attachments: PASID to &struct iommu_attachment; written under mutex, read
 *	under mutex, the lock of the array or the fault lock
 * @fault_lock: held while a fault handler runs, so that a detach can wait for it;
 *	interrupts off, and raw because the interrupt need not be a thread
 * @domain: the primary domain, NULL before the first one; written under mutex and
 *	the fault lock, read under either
 * @handle: attach handle of the primary domain, or NULL; written under mutex and
 *	the lock of @attachments, read under either
 * @default_domain: NULL until the first device is set up; mutex
 * @blocking_domain: NULL until the group is first claimed; mutex
 * @owner: token of the claim, NULL if not claimed; mutex
 * @owner_cnt: claims if @owner is set, otherwise drivers that use the DMA API; mutex
 * @entry: in the list of groups that wait for their default domain; mutex
 * @iommu_data: of the IOMMU driver; its business
 * @iommu_data_release: frees @iommu_data with the group
 * @name: given by the IOMMU driver, or NULL; its business
 * @id: number in sysfs; const
 */
struct iommu_group {
	struct kobject kobj;
	struct kobject *devices_kobj;
	struct mutex mutex;	/* see above */
	struct list_head members;
	struct xarray attachments;
	raw_spinlock_t fault_lock;	/* see above */
	struct iommu_domain *domain;
	struct iommu_attach_handle *handle;
	struct iommu_domain *default_domain;
	struct iommu_domain *blocking_domain;
	void *owner;
	unsigned int owner_cnt;
	struct list_head entry;
	void *iommu_data;
	void (*iommu_data_release)(void *iommu_data);
	char *name;
	int id;
};

#define for_each_group_member(group, m) \
	list_for_each_entry(m, &(group)->members, list)

/* Groups may hold devices that no IOMMU translates (VFIO's no-IOMMU mode). */
static inline bool dev_has_iommu(struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev;
}

#endif /* __IOMMU_CORE_OBJECTS_H */
