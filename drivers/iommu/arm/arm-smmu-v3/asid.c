// SPDX-License-Identifier: GPL-2.0-only
/*
 * ASIDs and VMIDs: how the TLB of an SMMU tells domains apart (IHI 0070, 3.3.3).
 *
 * Law: a tag that is handed out is in no TLB: it is invalidated when its last
 * user gives it back, and everything is at reset.
 *
 * Each SMMU has its own numbers, so that a domain attached behind several of them
 * has one on each, shared by all its attachments there.  0 is left out: stage 1
 * is tagged by VMID 0 as well.
 */
#include <linux/slab.h>

#include "smmu.h"

static struct ida *tags_of(struct smmu3_device *smmu, enum smmu3_stage stage,
			   unsigned int *max)
{
	*max = BIT(stage == SMMU3_S1 ? smmu->asid_bits : smmu->vmid_bits) - 1;
	return stage == SMMU3_S1 ? &smmu->asids : &smmu->vmids;
}

static struct smmu3_tag *new_tag(struct smmu3_domain *domain,
				 struct smmu3_device *smmu)
{
	struct smmu3_tag *tag = kzalloc(sizeof(*tag), GFP_KERNEL);
	unsigned int max;
	struct ida *ida;
	int ret;

	if (!tag)
		return ERR_PTR(-ENOMEM);
	tag->smmu = smmu;
	ida = tags_of(smmu, domain->stage, &max);
	ret = ida_alloc_range(ida, 1, max, GFP_KERNEL);
	if (ret < 0)
		goto free_tag;
	tag->tag = ret;
	ret = xa_insert(&domain->tags, smmu->tlb_order, tag, GFP_KERNEL);
	if (!ret)
		return tag;
	ida_free(ida, tag->tag);
free_tag:
	kfree(tag);
	return ERR_PTR(ret);
}

/**
 * smmu3_tag_get() - the ASID or VMID of a domain on an SMMU, for one user more
 * @domain: the domain
 * @smmu: the SMMU
 *
 * Context: May sleep; domain->lock.
 * Return: the number; -ENOSPC when all are in use, -ENOMEM.
 */
int smmu3_tag_get(struct smmu3_domain *domain, struct smmu3_device *smmu)
{
	struct smmu3_tag *tag;

	lockdep_assert_held(&domain->lock);
	tag = xa_load(&domain->tags, smmu->tlb_order);
	if (!tag)
		tag = new_tag(domain, smmu);
	if (IS_ERR(tag))
		return PTR_ERR(tag);
	tag->users++;
	return tag->tag;
}

/**
 * smmu3_tag_put() - the reverse of smmu3_tag_get()
 * @domain: the domain
 * @smmu: the SMMU; no entry of the user that leaves names the tag any more
 *
 * Context: May sleep; domain->lock.
 */
void smmu3_tag_put(struct smmu3_domain *domain, struct smmu3_device *smmu)
{
	struct smmu3_tag *tag;
	unsigned int max;

	lockdep_assert_held(&domain->lock);
	tag = xa_load(&domain->tags, smmu->tlb_order);
	if (WARN_ON_ONCE(!tag) || --tag->users)
		return;
	if (domain->stage == SMMU3_S1)
		smmu3_tlbi_asid(smmu, tag->tag);
	else
		smmu3_tlbi_vmid(smmu, tag->tag);
	xa_erase(&domain->tags, smmu->tlb_order);
	ida_free(tags_of(smmu, domain->stage, &max), tag->tag);
	kfree(tag);
}
