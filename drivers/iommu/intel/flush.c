// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the caches have to forget when a domain's mappings change.
 *
 * Laws: one wait per unit and operation, as long as its commands fit a batch.
 * No lock and no allocation: the targets are an RCU array.  Attaching makes a
 * new array, unless the old one has the targets; detaching only marks targets dead,
 * so it cannot fail, and the next attach finds them again.
 *
 * Why unmap cannot miss a target: it clears entries, then reads the array;
 * attaching publishes the array or the revived targets, then the entry that
 * lets hardware walk.  With a full barrier between the two halves on either
 * side, an unmap that does not see the target cleared its entries before
 * hardware could read them.
 *
 * Words: a block is 2^order pages, aligned to its size, all that a page-selective
 * command can name.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "domain.h"

#define ORDER_ALL	(64 - VTD_PAGE_SHIFT)

/* One or two blocks that cover a range; none: everything. */
struct blocks {
	unsigned int count;
	u8 max_order;
	bool leaf_only;
	u64 addr[2];
	u8 order[2];
};

static inline void add_block(struct blocks *b, u64 pfn, u8 order)
{
	b->addr[b->count] = (pfn >> order) << (order + VTD_PAGE_SHIFT);
	b->order[b->count++] = order;
	b->max_order = max(b->max_order, order);
}

/*
 * The block that holds both ends can be far larger than the range when that
 * crosses a big boundary.  Two blocks, one on each side of it, are tight.
 */
static __always_inline void cover_range(struct blocks *b, unsigned long start,
					unsigned long last, bool leaf_only)
{
	u64 first = start >> VTD_PAGE_SHIFT, end = last >> VTD_PAGE_SHIFT, mid;
	u8 order = fls64(first ^ end);

	*b = (struct blocks) { .leaf_only = leaf_only };
	if (order <= order_base_2(end - first + 1) + 1) {
		add_block(b, first, order);
		return;
	}
	mid = end & ~(BIT_ULL(order - 1) - 1);
	add_block(b, mid - 1, order_base_2(mid - first));
	add_block(b, mid, order_base_2(end - mid + 1));
}

/* Page-selective, where the unit is able to name the blocks (CAP.PSI, CAP.MAMV). */
static bool page_selective(struct intel_iommu *iommu, const struct blocks *b)
{
	return b->count && cap_psi(iommu->cap) &&
	       b->max_order <= cap_mamv(iommu->cap);
}

static __always_inline void add_iotlb(struct flush_batch *fb,
				      const struct flush_target *t,
				      const struct blocks *b)
{
	unsigned int i;

	if (!page_selective(fb->iommu, b)) {
		batch_add(fb, qi_desc_iotlb(t->did, 0, 0, false,
					    IOTLB_GRAN_DOMAIN));
		return;
	}
	for (i = 0; i < b->count; i++)
		batch_add(fb, qi_desc_iotlb(t->did, b->addr[i], b->order[i],
					    b->leaf_only, IOTLB_GRAN_PAGE));
}

static __always_inline void add_piotlb(struct flush_batch *fb,
				       const struct flush_target *t,
				       const struct blocks *b)
{
	unsigned int i;

	if (!page_selective(fb->iommu, b)) {
		batch_add(fb, qi_desc_piotlb(t->did, t->pasid, 0, 0, false,
					     P_IOTLB_GRAN_PASID));
		return;
	}
	for (i = 0; i < b->count; i++)
		batch_add(fb, qi_desc_piotlb(t->did, t->pasid, b->addr[i],
					     b->order[i], b->leaf_only,
					     P_IOTLB_GRAN_PAGE));
}

static noinline void add_device_tlb(struct flush_batch *fb,
				    const struct flush_target *t,
				    const struct blocks *b)
{
	unsigned int i;

	if (!b->count)
		batch_add_device_tlb(fb, t->device, t->pasid, 0, ORDER_ALL);
	for (i = 0; i < b->count; i++)
		batch_add_device_tlb(fb, t->device, t->pasid, b->addr[i],
				     b->order[i]);
}

static __always_inline void add_target(struct flush_batch *fb,
				       const struct dmar_domain *domain,
				       const struct flush_target *t,
				       const struct blocks *b)
{
	if (t->device)
		add_device_tlb(fb, t, b);
	else if (domain->first_stage)
		add_piotlb(fb, t, b);
	else
		add_iotlb(fb, t, b);
}

static void flush_blocks(struct dmar_domain *domain, const struct blocks *b)
{
	const struct flush_list *list;
	const struct flush_target *t;
	struct flush_batch fb __uninitialized;

	fb.iommu = NULL;
	fb.count = 0;
	smp_mb();	/* cleared entries before the array: see the top */
	rcu_read_lock();
	list = rcu_dereference(domain->targets);
	for (t = list->target; t < list->target + list->count; t++) {
		if (!READ_ONCE(t->users))
			continue;
		if (t->iommu != fb.iommu) {
			batch_submit(&fb);
			fb.iommu = t->iommu;
		}
		add_target(&fb, domain, t, b);
	}
	batch_submit(&fb);
	rcu_read_unlock();
}

/**
 * domain_flush_range() - make hardware forget a range that was unmapped
 * @domain: the domain
 * @start: first address
 * @last: last address
 * @leaf_only: no table was taken out, so caches of upper levels may stay
 *
 * Context: Any.  On return no unit and no device uses the old translations.
 */
void domain_flush_range(struct dmar_domain *domain, unsigned long start,
			unsigned long last, bool leaf_only)
{
	struct blocks b;

	cover_range(&b, start, last, leaf_only);
	flush_blocks(domain, &b);
}

/**
 * domain_flush_all() - make hardware forget all of a domain's translations
 * @domain: the domain
 *
 * Context: Any.
 */
void domain_flush_all(struct dmar_domain *domain)
{
	const struct blocks all = { .count = 0 };

	flush_blocks(domain, &all);
}

/**
 * domain_flush_mapped() - tell hardware of a range where nothing was mapped
 * @domain: the domain
 * @start: first address
 * @last: last address
 *
 * With caching mode a unit remembers that second-stage entries were not present
 * (VT-d 6.1); it is asked to forget.  Device TLBs do not remember that.
 * Others may need their write buffer flushed (VT-d 6.8).
 *
 * Context: Any.
 */
void domain_flush_mapped(struct dmar_domain *domain, unsigned long start,
			 unsigned long last)
{
	const struct flush_list *list;
	const struct flush_target *t;
	struct flush_batch fb __uninitialized;
	struct blocks b;

	cover_range(&b, start, last, false);
	fb.count = 0;
	smp_mb();	/* new entries before the array */
	rcu_read_lock();
	list = rcu_dereference(domain->targets);
	for (t = list->target; t < list->target + list->count; t++) {
		if (t->device || !READ_ONCE(t->users))
			continue;
		if (!cap_cm(t->iommu->cap) || domain->first_stage) {
			iommu_flush_write_buffer(t->iommu);
			continue;
		}
		fb.iommu = t->iommu;
		add_iotlb(&fb, t, &b);
		batch_submit(&fb);
	}
	rcu_read_unlock();
}

static bool same_target(const struct flush_target *a, const struct flush_target *b)
{
	return a->iommu == b->iommu && a->device == b->device &&
	       a->pasid == b->pasid && a->did == b->did;
}

/* By unit; IOTLB before device TLBs; then in a fixed order. */
static int compare_targets(const void *va, const void *vb)
{
	const struct flush_target *a = va, *b = vb;

	if (a->iommu != b->iommu)
		return a->iommu->seq_id - b->iommu->seq_id;
	if (!a->device != !b->device)
		return a->device ? 1 : -1;
	if (a->pasid != b->pasid)
		return a->pasid < b->pasid ? -1 : 1;
	return a->device ? a->device->rid - b->device->rid : 0;
}

/* The targets of one attachment: an IOTLB, and a device TLB if there is one. */
static unsigned int targets_of(const struct attachment *att,
			       struct flush_target target[2])
{
	struct intel_device *device = att->device;

	target[0] = (struct flush_target) {
		.iommu = device->iommu,
		.pasid = att->domain->first_stage ? att->pasid : 0,
		.did = att->did,
		.users = 1,
	};
	if (!device->ats_supported)
		return 1;
	target[1] = (struct flush_target) {
		.iommu = device->iommu,
		.device = device,
		.pasid = att->pasid,
		.users = 1,
	};
	return 2;
}

/* Dead or alive. */
static struct flush_target *find_target(struct flush_target *in,
					unsigned int count,
					const struct flush_target *t)
{
	for (; count--; in++)
		if (same_target(in, t))
			return in;
	return NULL;
}

/* One user more of each, if @list has them all. */
static bool targets_revive(struct flush_list *list,
			   const struct flush_target *add, unsigned int count)
{
	struct flush_target *known[2];
	unsigned int i;

	for (i = 0; i < count; i++) {
		known[i] = find_target(list->target, list->count, &add[i]);
		if (!known[i])
			return false;
	}
	for (i = 0; i < count; i++)
		WRITE_ONCE(known[i]->users, known[i]->users + 1);
	return true;
}

/*
 * Whether new mappings need an invalidation, or a write-buffer flush.  Once they
 * did, they do for good.
 */
static bool needs_sync_map(const struct dmar_domain *domain,
			   const struct intel_iommu *iommu)
{
	return (cap_cm(iommu->cap) && !domain->first_stage) ||
	       cap_rwbf(iommu->cap) || intel_quirk_rwbf;
}

/* A new array: the live targets of @old, and @count of @add. */
static struct flush_list *list_with(struct flush_list *old,
				    const struct flush_target *add,
				    unsigned int count)
{
	struct flush_target *t, *end, *known;
	struct flush_list *list;
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
 * targets_add() - have a domain's flushes reach one attachment more
 * @domain: the domain
 * @att: the attachment, not yet published
 *
 * Context: May sleep; domain->lock.
 * Return: 0, -ENOMEM.
 */
int targets_add(struct dmar_domain *domain, const struct attachment *att)
{
	struct flush_list *old, *list;
	struct flush_target target[2];
	unsigned int count;

	lockdep_assert_held(&domain->lock);
	old = rcu_dereference_protected(domain->targets, true);
	count = targets_of(att, target);
	if (needs_sync_map(domain, att->device->iommu))
		domain_sync_mapped(domain);
	if (!targets_revive(old, target, count)) {
		list = list_with(old, target, count);
		if (!list)
			return -ENOMEM;
		rcu_assign_pointer(domain->targets, list);
		kfree_rcu(old, rcu);
	}
	smp_mb();	/* targets before the entry: see the top */
	return 0;
}

/**
 * targets_del() - the reverse of targets_add()
 * @domain: the domain
 * @att: the attachment, no longer published; its caches are flushed
 *
 * Flushes that have begun may still reach the targets.
 *
 * Context: domain->lock.
 */
void targets_del(struct dmar_domain *domain, const struct attachment *att)
{
	struct flush_target target[2], *t;
	struct flush_list *list;
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
