/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers whose domains are a page table of pgtable/: the operations of
 * &struct iommu_domain_ops that are the same in all of them.
 */
#ifndef __IOMMU_CORE_DRIVER_H
#define __IOMMU_CORE_DRIVER_H

#include <linux/iommu.h>
#include <linux/minmax.h>

/* Before tables of the new range are on the freelist: the sync frees those. */
static inline void iommu_unmap_begin(struct iommu_domain *domain,
				     unsigned long iova, size_t len,
				     struct iommu_iotlb_gather *gather)
{
	if (!iommu_iotlb_gather_queued(gather) &&
	    iommu_iotlb_gather_is_disjoint(gather, iova, len))
		iommu_iotlb_sync(domain, gather);
}

/* A flush queue invalidates the whole domain, and needs no range. */
static inline size_t iommu_unmap_end(unsigned long iova, size_t len,
				     size_t unmapped,
				     struct iommu_iotlb_gather *gather)
{
	if (!iommu_iotlb_gather_queued(gather) &&
	    (unmapped || !list_empty(&gather->freelist)))
		iommu_iotlb_gather_add_range(gather, iova, max(len, unmapped));
	return unmapped;
}

/*
 * The operations on ranges of one format, each a direct call into it.  The driver
 * has pgt_of(), which tells the page table of a domain.
 */
#define IOMMU_PGT_DOMAIN_OPS(fmt)					\
static int fmt##_domain_map_range(struct iommu_domain *domain,		\
				  unsigned long iova, phys_addr_t paddr, \
				  size_t len, int prot, gfp_t gfp,	\
				  size_t *mapped)			\
{									\
	return fmt##_map(pgt_of(domain), iova, paddr, len, prot, gfp,	\
			 mapped);					\
}									\
									\
static int fmt##_domain_map_sg(struct iommu_domain *domain,		\
			       unsigned long iova, struct scatterlist *sg, \
			       unsigned int nents, int prot, gfp_t gfp,	\
			       size_t *mapped)				\
{									\
	return fmt##_map_sg(pgt_of(domain), iova, sg, nents, prot, gfp,	\
			    mapped);					\
}									\
									\
static size_t fmt##_domain_unmap_range(struct iommu_domain *domain,	\
				       unsigned long iova, size_t len,	\
				       struct iommu_iotlb_gather *gather) \
{									\
	size_t unmapped;						\
									\
	iommu_unmap_begin(domain, iova, len, gather);			\
	unmapped = fmt##_unmap(pgt_of(domain), iova, len, gather);	\
	return iommu_unmap_end(iova, len, unmapped, gather);		\
}									\
									\
static phys_addr_t fmt##_domain_iova_to_phys(struct iommu_domain *domain, \
					     dma_addr_t iova)		\
{									\
	return fmt##_iova_to_phys(pgt_of(domain), iova);		\
}

#endif /* __IOMMU_CORE_DRIVER_H */
