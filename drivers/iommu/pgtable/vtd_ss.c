// SPDX-License-Identifier: GPL-2.0-only
/*
 * VT-d second-stage page tables (VT-d 3.7, 9.8).  The operations are described in pgtable.h.
 */
#include "vtd_ss.h"
#include "ops.h"

int vtd_ss_init(struct pgt *pgt, const struct pgt_params *params)
{
	return pgt_init(pgt, params);
}

void vtd_ss_free(struct pgt *pgt)
{
	pgt_free(pgt);
}

int vtd_ss_map(struct pgt *pgt, unsigned long iova, phys_addr_t paddr,
	       size_t len, int prot, gfp_t gfp, size_t *mapped)
{
	return pgt_map(pgt, iova, paddr, len, prot, gfp, mapped);
}

int vtd_ss_map_sg(struct pgt *pgt, unsigned long iova, struct scatterlist *sg,
		  unsigned int nents, int prot, gfp_t gfp, size_t *mapped)
{
	return pgt_map_sg(pgt, iova, sg, nents, prot, gfp, mapped);
}

size_t vtd_ss_unmap(struct pgt *pgt, unsigned long iova, size_t len,
		    struct iommu_iotlb_gather *gather)
{
	return pgt_unmap(pgt, iova, len, gather);
}

phys_addr_t vtd_ss_iova_to_phys(struct pgt *pgt, unsigned long iova)
{
	return pgt_iova_to_phys(pgt, iova);
}

int vtd_ss_read_dirty(struct pgt *pgt, unsigned long iova, size_t size,
		      unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	return pgt_read_dirty(pgt, iova, size, flags, dirty);
}

/**
 * vtd_ss_force_snoop - set SNP in every leaf from now on
 * @pgt: a page table that maps nothing yet
 *
 * Context: Any; the caller keeps others from mapping meanwhile.
 */
void vtd_ss_force_snoop(struct pgt *pgt)
{
	pgt->leaf_bits |= VTD_SS_SNP;
}
