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

PGT_DEFINE(x86_fs)
