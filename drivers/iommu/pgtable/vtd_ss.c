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

PGT_DEFINE(vtd_ss)

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
