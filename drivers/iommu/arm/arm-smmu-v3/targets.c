// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which caches a domain's flushes reach (the flushes are in tlb.c).
 *
 * Laws: attaching publishes a new array before the entry that lets hardware
 * walk; detaching only marks targets dead, after hardware has forgotten, so it
 * cannot fail.
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
	       a->ssid == b->ssid && a->tag == b->tag;
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

	target[0] = (struct smmu3_target) {
		.smmu = master->smmu,
		.tag = att->tag,
		.users = 1,
	};
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

static struct smmu3_target *find_target(struct smmu3_target *in,
					unsigned int count,
					const struct smmu3_target *t)
{
	for (; count--; in++)
		if (in->users && same_target(in, t))
			return in;
	return NULL;
}

/* A new array: the live targets of @old, and @count of @add. */
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

/**
 * smmu3_targets_add() - have a domain's flushes reach one attachment more
 * @domain: the domain
 * @att: the attachment, not yet published
 *
 * Context: May sleep; domain->lock.
 * Return: 0, -ENOMEM.
 */
int smmu3_targets_add(struct smmu3_domain *domain,
		      const struct smmu3_attachment *att)
{
	struct smmu3_targets *old, *list;
	struct smmu3_target target[2];

	lockdep_assert_held(&domain->lock);
	old = rcu_dereference_protected(domain->targets, true);
	list = list_with(old, target, targets_of(att, target));
	if (!list)
		return -ENOMEM;
	rcu_assign_pointer(domain->targets, list);
	smp_mb();	/* the array before the entry: see the top */
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * smmu3_targets_del() - the reverse of smmu3_targets_add()
 * @domain: the domain
 * @att: the attachment, no longer published; its caches are flushed
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
		if (!WARN_ON_ONCE(!t))
			WRITE_ONCE(t->users, t->users - 1);
	}
}
