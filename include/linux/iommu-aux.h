/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Auxiliary domains: paging domains on the PASIDs of a device
 *
 * For drivers of devices that put a PASID into some of their requests.  See
 * Documentation/driver-api/iommu/aux-domains.rst.
 *
 * Words: 'primary' and 'aux' belong to the binding, not to the domain: one domain
 * can be the primary of one device and an aux-domain of another.  A *sub-device* is
 * a part of a device that is handed out on its own, such as a mediated device; the
 * device that it is a part of is its *parent*.
 */

#ifndef __LINUX_IOMMU_AUX_H
#define __LINUX_IOMMU_AUX_H

#include <linux/iommu.h>

#ifdef CONFIG_IOMMU_API

int iommu_aux_attach_device(struct iommu_domain *domain, struct device *dev);
void iommu_aux_detach_device(struct iommu_domain *domain, struct device *dev);
int iommu_aux_get_pasid(struct iommu_domain *domain, struct device *dev);
int iommu_aux_set_pasid_range(struct device *dev, ioasid_t min, ioasid_t max);
struct iommu_domain *iommu_aux_get_domain(struct device *dev, ioasid_t pasid);

int iommu_aux_attach_subdev(struct iommu_domain *domain, struct device *parent,
			    struct device *subdev);
void iommu_aux_detach_subdev(struct device *subdev);
struct iommu_domain *iommu_aux_get_subdev_domain(struct device *subdev);

#else /* !CONFIG_IOMMU_API */

static inline int iommu_aux_attach_device(struct iommu_domain *domain,
					  struct device *dev)
{
	return -ENODEV;
}

static inline void iommu_aux_detach_device(struct iommu_domain *domain,
					   struct device *dev)
{
}

static inline int iommu_aux_get_pasid(struct iommu_domain *domain,
				      struct device *dev)
{
	return -ENODEV;
}

static inline int iommu_aux_set_pasid_range(struct device *dev, ioasid_t min,
					    ioasid_t max)
{
	return -ENODEV;
}

static inline struct iommu_domain *iommu_aux_get_domain(struct device *dev,
							ioasid_t pasid)
{
	return ERR_PTR(-ENODEV);
}

static inline int iommu_aux_attach_subdev(struct iommu_domain *domain,
					  struct device *parent,
					  struct device *subdev)
{
	return -ENODEV;
}

static inline void iommu_aux_detach_subdev(struct device *subdev)
{
}

static inline struct iommu_domain *
iommu_aux_get_subdev_domain(struct device *subdev)
{
	return NULL;
}

#endif /* CONFIG_IOMMU_API */

#endif /* __LINUX_IOMMU_AUX_H */
