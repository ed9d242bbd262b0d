/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core call in one another, one section per file.
 * Drivers never include this.
 */

#ifndef __IOMMU_CORE_H
#define __IOMMU_CORE_H

#include "objects.h"

/* registry.c: the IOMMU instances */
int iommu_registry_drain(ioasid_t pasid);
bool iommu_registry_empty(void);
void iommu_registry_add(struct iommu_device *iommu);
void iommu_registry_del(struct iommu_device *iommu);

/* buses.c: the buses whose devices an IOMMU can translate */
int iommu_buses_probe(void);
void iommu_buses_release(struct iommu_device *iommu);
bool iommu_bus_is_known(const struct bus_type *bus);
int iommu_bus_notify(struct notifier_block *nb, unsigned long action, void *data);

/* probe.c: one device and its IOMMU */
int iommu_probe_device_locked(struct device *dev, struct list_head *fresh);
void iommu_release_device(struct device *dev);
void iommu_group_finalize(struct iommu_group *group);

/* group.c: the group and its members */
struct group_member *iommu_member_create(struct iommu_group *group,
					 struct device *dev);
void iommu_member_destroy(struct iommu_group *group, struct group_member *m);
struct group_member *iommu_group_find(struct iommu_group *group,
				      struct device *dev);
struct device *iommu_group_first_dev(struct iommu_group *group);

/* default.c: which default domain a group gets */
const char *iommu_domain_type_name(unsigned int type);
int iommu_group_setup_default(struct iommu_group *group, unsigned int target);
ssize_t iommu_group_store_type(struct iommu_group *group, const char *buf,
			       size_t count);

/* attach.c: every change of a primary domain */
int iommu_group_set_domain(struct iommu_group *group,
			   struct iommu_domain *domain);
int iommu_group_force_domain(struct iommu_group *group,
			     struct iommu_domain *domain);
void iommu_group_set_core_domain(struct iommu_group *group);
int iommu_member_join_domain(struct iommu_group *group, struct group_member *m);
void iommu_member_leave_domain(struct iommu_group *group,
			       struct group_member *m);
void iommu_device_park(struct device *dev);

/* group.c: all groups that there are */
bool iommu_groups_any(bool (*test)(struct iommu_group *group, void *arg), void *arg);

/* ownership.c: who may decide about the primary domain */
void iommu_member_drop_claims(struct iommu_group *group, struct group_member *m);
bool iommu_group_is_claimed(struct iommu_group *group);

/* access_fault.c: what a fault interrupt may look at */
void iommu_group_publish_domain(struct iommu_group *group,
				struct iommu_domain *domain);
void iommu_group_quiesce_faults(struct iommu_group *group);

/* aux.c: domains on PASIDs of single devices */
void iommu_member_drop_aux(struct iommu_group *group, struct device *dev);
void iommu_aux_forget_driver(struct device *dev);
struct aux_binding *iommu_aux_binding(struct iommu_attachment *at,
				      struct device *dev);

/* pasid.c: attachments of PASIDs */
struct iommu_attachment *iommu_attachment_new(struct iommu_domain *domain);
int iommu_group_add_attachment(struct iommu_group *group, ioasid_t pasid,
			       struct iommu_attachment *at);
void iommu_group_del_attachment(struct iommu_group *group, ioasid_t pasid,
				struct iommu_attachment *at);
void iommu_device_clear_pasid(struct device *dev, ioasid_t pasid,
			      struct iommu_domain *domain);
int iommu_attach_host_pasid(struct iommu_domain *domain, struct device *dev,
			    ioasid_t pasid, struct iommu_attach_handle *handle);
bool iommu_group_has_pasids(struct iommu_group *group);
bool iommu_group_has_attachments(struct iommu_group *group);
bool iommu_group_shares_pasids(struct iommu_group *group);
void iommu_member_drop_pasids(struct iommu_group *group, struct device *dev);
void iommu_group_publish_handle(struct iommu_group *group,
				struct iommu_attach_handle *handle);

/* domain.c: allocation of domains */
struct iommu_domain *iommu_domain_alloc_type(const struct iommu_ops *ops,
					     struct device *dev,
					     unsigned int type);

/* resv.c: reserved regions */
int iommu_resv_map_direct(struct iommu_domain *domain, struct device *dev);
int iommu_resv_insert(struct list_head *regions,
		      const struct iommu_resv_region *region);

/* fwspec.c: the IOMMU's record of a device */
struct dev_iommu *dev_iommu_get(struct device *dev);

/* features.c: what is switched on for a device */
void iommu_feature_bond(struct device *dev);
void iommu_feature_unbond(struct device *dev);
int iommu_feature_get(struct device *dev, enum iommu_dev_features f);
void iommu_feature_put(struct device *dev, enum iommu_dev_features f);
void iommu_feature_force_off(struct device *dev, enum iommu_dev_features f);

#endif /* __IOMMU_CORE_H */
