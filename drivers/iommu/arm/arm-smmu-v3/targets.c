// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which caches a domain's flushes reach (the flushes are in tlb.c).
 *
 * Laws: attaching publishes a target before the entry that lets hardware walk;
 * detaching only counts down, after hardware has forgotten, so it cannot fail.
 * An ATC without users is empty and left out.  A TLB without users keeps what it
 * has under the domain's tag, and the domain the tag: flushes go on to reach it, so
 * that attaching there again allocates and invalidates nothing.  The tag goes when
 * the array is made anew, or with the domain.
 *
 * Why unmap cannot miss a target: it clears entries, then reads the array;
 * attaching writes the array, then the entry.  With a full barrier between the
 * two halves on either side, an unmap that does not see the target has cleared
 * its entries before hardware could read them.
 */
#include <linux/slab.h>
#include <linux/sort.h>

#include "smmu.h"

static bool same_target(const struct smmu3_target *a,
			const struct smmu3_target *b)
{
	return a->smmu == b->smmu && a->master == b->master &&
	       a->ssid == b->ssid;
}

/* By SMMU; the TLB before ATCs. */
static int compare_targets(const void *va, const void *vb)
{
	const struct smmu3_target *a = va, *b = vb;

	if (a->smmu != b->smmu)
		return a->smmu->tlb_order < b->smmu->tlb_order ? -1 : 1;
	return !!a->master - !!b->master;
}

/* The targets of one attachment: a TLB, and an ATC if there is one. */
static unsigned int targets_of(const struct smmu3_attachment *att,
			       struct smmu3_target target[2])
{
	struct smmu3_master *master = att->master;

	target[0] = (struct smmu3_target) { .smmu = master->smmu, .users = 1 };
	if (!master->ats_supported)
		return 1;
	target[1] = (struct smmu3_target) {
		.smmu = master->smmu,
		.master = master,
		.ssid = att->ssid,
		.users = 1,
	};
	return 2;
}

/* With users or without. */
static struct smmu3_target *find_target(struct smmu3_target *in,
					unsigned int count,
					const struct smmu3_target *t)
{
	for (; count--; in++)
		if (same_target(in, t))
			return in;
	return NULL;
}

/* One user more of each, if @list has them all.  @add: the TLB's gets its tag. */
static bool targets_revive(struct smmu3_targets *list, struct smmu3_target *add,
			   unsigned int count)
{
	struct smmu3_target *known[2];
	unsigned int i;

	for (i = 0; i < count; i++) {
		known[i] = find_target(list->target, list->count, &add[i]);
		if (!known[i])
			return false;
	}
	for (i = 0; i < count; i++)
		WRITE_ONCE(known[i]->users, known[i]->users + 1);
	add->tag = known[0]->tag;
	return true;
}

/* A new array: what has users in @old, and @count of @add. */
static struct smmu3_targets *list_with(const struct smmu3_targets *old,
				       const struct smmu3_target *add,
				       unsigned int count)
{
	struct smmu3_target *t, *end, *known;
	struct smmu3_targets *list;
	unsigned int i;

	list = kzalloc(struct_size(list, target, old->count + count), GFP_KERNEL);
	if (!list)
		return NULL;
	list->count = old->count + count;
	t = list->target;
	end = t;
	for (i = 0; i < old->count; i++)
		if (old->target[i].users)
			*end++ = old->target[i];
	for (; count--; add++) {
		known = find_target(t, end - t, add);
		if (known)
			known->users++;
		else
			*end++ = *add;
	}
	list->count = end - t;
	sort(t, list->count, sizeof(*t), compare_targets, NULL);
	return list;
}

/* The tags of TLBs without users, but that of @keep. */
static void free_tags(const struct smmu3_domain *domain,
		      const struct smmu3_targets *list,
		      const struct smmu3_target *keep)
{
	const struct smmu3_target *t;

	for (t = list->target; t < list->target + list->count; t++)
		if (!t->master && !t->users && t != keep)
			smmu3_tag_free(t->smmu, domain->stage, t->tag);
}

/* The same where some are new. */
static int targets_renew(struct smmu3_domain *domain,
			 struct smmu3_targets *old,
			 struct smmu3_target *add, unsigned int count)
{
	const struct smmu3_target *tlb = find_target(old->target, old->count, add);
	struct smmu3_targets *list;
	int tag;

	tag = tlb ? tlb->tag : smmu3_tag_alloc(add->smmu, domain->stage);
	if (tag < 0)
		return tag;
	add->tag = tag;
	list = list_with(old, add, count);
	if (!list) {
		if (!tlb)
			smmu3_tag_free(add->smmu, domain->stage, tag);
		return -ENOMEM;
	}
	rcu_assign_pointer(domain->targets, list);
	free_tags(domain, old, tlb);
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * smmu3_targets_add() - have a domain's flushes reach one attachment more
 * @domain: the domain
 * @att: the attachment, not yet published; its tag is set
 *
 * Context: May sleep; domain->lock.
 * Return: 0; -ENOSPC when the SMMU has no ASID or VMID left; -ENOMEM.
 */
int smmu3_targets_add(struct smmu3_domain *domain, struct smmu3_attachment *att)
{
	struct smmu3_targets *list;
	struct smmu3_target add[2];
	unsigned int count;
	int ret;

	lockdep_assert_held(&domain->lock);
	list = rcu_dereference_protected(domain->targets, true);
	count = targets_of(att, add);
	if (!targets_revive(list, add, count)) {
		ret = targets_renew(domain, list, add, count);
		if (ret)
			return ret;
	}
	att->tag = add->tag;
	smp_mb();	/* targets before the entry: see the top */
	return 0;
}

/**
 * smmu3_targets_del() - the reverse of smmu3_targets_add()
 * @domain: the domain
 * @att: the attachment, no longer published; its ATC is empty
 *
 * Flushes that have begun may still reach the targets.
 *
 * Context: domain->lock.
 */
void smmu3_targets_del(struct smmu3_domain *domain,
		       const struct smmu3_attachment *att)
{
	struct smmu3_target target[2], *t;
	struct smmu3_targets *list;
	unsigned int i, count;

	lockdep_assert_held(&domain->lock);
	list = rcu_dereference_protected(domain->targets, true);
	count = targets_of(att, target);
	for (i = 0; i < count; i++) {
		t = find_target(list->target, list->count, &target[i]);
		if (!WARN_ON_ONCE(!t || !t->users))
			WRITE_ONCE(t->users, t->users - 1);
	}
}

/**
 * smmu3_targets_free() - give up the tags of a domain, and forget its targets
 * @domain: the domain, attached nowhere and about to be freed
 *
 * Context: Any.
 */
void smmu3_targets_free(struct smmu3_domain *domain)
{
	struct smmu3_targets *list = rcu_dereference_protected(domain->targets, true);

	free_tags(domain, list, NULL);
	kfree(list);
}
