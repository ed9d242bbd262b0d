// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arm stage 1 page tables with granules of 64K.  The operations are described in pgtable.h.
 */
#define ARM_GRANULE_SHIFT	16
#include "arm_s1.h"
#include "ops.h"

int arm_s1_64k_init(struct pgt *pgt, const struct pgt_params *params)
{
	struct pgt_params p = *params;

	p.levels = p.levels ?: arm_s1_levels(ARM_GRANULE_SHIFT, p.iova_bits);
	return pgt_init(pgt, &p);
}

void arm_s1_64k_free(struct pgt *pgt)
{
	pgt_free(pgt);
}

int arm_s1_64k_map(struct pgt *pgt, unsigned long iova, phys_addr_t paddr,
		   size_t len, int prot, gfp_t gfp, size_t *mapped)
{
	return pgt_map(pgt, iova, paddr, len, prot, gfp, mapped);
}

int arm_s1_64k_map_sg(struct pgt *pgt, unsigned long iova, struct scatterlist *sg,
		      unsigned int nents, int prot, gfp_t gfp, size_t *mapped)
{
	return pgt_map_sg(pgt, iova, sg, nents, prot, gfp, mapped);
}

size_t arm_s1_64k_unmap(struct pgt *pgt, unsigned long iova, size_t len,
			struct iommu_iotlb_gather *gather)
{
	return pgt_unmap(pgt, iova, len, gather);
}

phys_addr_t arm_s1_64k_iova_to_phys(struct pgt *pgt, unsigned long iova)
{
	return pgt_iova_to_phys(pgt, iova);
}

int arm_s1_64k_read_dirty(struct pgt *pgt, unsigned long iova, size_t size,
			  unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	return pgt_read_dirty(pgt, iova, size, flags, dirty);
}
