// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86-64 first-stage page tables (VT-d 3.6, 9.7).  The operations are described in pgtable.h.
 */
#include "x86_fs.h"
#include "ops.h"

int x86_fs_init(struct pgt *pgt, const struct pgt_params *params)
{
	return pgt_init(pgt, params);
}

void x86_fs_free(struct pgt *pgt)
{
	pgt_free(pgt);
}

int x86_fs_map(struct pgt *pgt, unsigned long iova, phys_addr_t paddr,
	       size_t len, int prot, gfp_t gfp, size_t *mapped)
{
	return pgt_map(pgt, iova, paddr, len, prot, gfp, mapped);
}

int x86_fs_map_sg(struct pgt *pgt, unsigned long iova, struct scatterlist *sg,
		  unsigned int nents, int prot, gfp_t gfp, size_t *mapped)
{
	return pgt_map_sg(pgt, iova, sg, nents, prot, gfp, mapped);
}

size_t x86_fs_unmap(struct pgt *pgt, unsigned long iova, size_t len,
		    struct iommu_iotlb_gather *gather)
{
	return pgt_unmap(pgt, iova, len, gather);
}

phys_addr_t x86_fs_iova_to_phys(struct pgt *pgt, unsigned long iova)
{
	return pgt_iova_to_phys(pgt, iova);
}

int x86_fs_read_dirty(struct pgt *pgt, unsigned long iova, size_t size,
		      unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	return pgt_read_dirty(pgt, iova, size, flags, dirty);
}
