// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arm stage 2 page tables with granules of 64K.  The operations are described in pgtable.h.
 */
#define ARM_GRANULE_SHIFT	16
#include "arm_s2.h"
#include "ops.h"

int arm_s2_64k_init(struct pgt *pgt, const struct pgt_params *params)
{
	struct pgt_params p = *params;

	p.levels = p.levels ?: arm_s2_levels(ARM_GRANULE_SHIFT, p.iova_bits);
	return pgt_init(pgt, &p);
}

PGT_DEFINE(arm_s2_64k)
