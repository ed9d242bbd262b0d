// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arm stage 1 page tables with granules of 16K.  The operations are described in pgtable.h.
 */
#define ARM_GRANULE_SHIFT	14
#include "arm_s1.h"
#include "ops.h"

int arm_s1_16k_init(struct pgt *pgt, const struct pgt_params *params)
{
	struct pgt_params p = *params;

	p.levels = p.levels ?: arm_s1_levels(ARM_GRANULE_SHIFT, p.iova_bits);
	return pgt_init(pgt, &p);
}

PGT_DEFINE(arm_s1_16k)
