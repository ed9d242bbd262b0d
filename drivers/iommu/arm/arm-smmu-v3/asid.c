// SPDX-License-Identifier: GPL-2.0-only
/*
 * ASIDs and VMIDs: how the TLB of an SMMU tells domains apart (IHI 0070, 3.3.3).
 *
 * Law: a tag that is handed out is in no TLB: it is invalidated when it is given
 * back, and everything is at reset.
 *
 * Each SMMU has its own numbers, so that a domain attached behind several of them
 * has one on each, shared by all its attachments there (targets.c keeps them).
 * 0 is left out: stage 1 is tagged by VMID 0 as well.
 */
#include "smmu.h"

static struct ida *tags_of(struct smmu3_device *smmu, enum smmu3_stage stage,
			   unsigned int *max)
{
	*max = BIT(stage == SMMU3_S1 ? smmu->asid_bits : smmu->vmid_bits) - 1;
	return stage == SMMU3_S1 ? &smmu->asids : &smmu->vmids;
}

/**
 * smmu3_tag_alloc() - an ASID or VMID
 * @smmu: the SMMU that knows it
 * @stage: %SMMU3_S1: an ASID; %SMMU3_S2: a VMID
 *
 * Context: May sleep.
 * Return: the number; -ENOSPC when all are in use, -ENOMEM.
 */
int smmu3_tag_alloc(struct smmu3_device *smmu, enum smmu3_stage stage)
{
	unsigned int max;
	struct ida *ida = tags_of(smmu, stage, &max);

	return ida_alloc_range(ida, 1, max, GFP_KERNEL);
}

/**
 * smmu3_tag_free() - the reverse of smmu3_tag_alloc()
 * @smmu: the SMMU
 * @stage: as it was allocated
 * @tag: the number; no entry names it any more
 *
 * Context: Any.
 */
void smmu3_tag_free(struct smmu3_device *smmu, enum smmu3_stage stage, u16 tag)
{
	unsigned int max;

	if (stage == SMMU3_S1)
		smmu3_tlbi_asid(smmu, tag);
	else
		smmu3_tlbi_vmid(smmu, tag);
	ida_free(tags_of(smmu, stage, &max), tag);
}
