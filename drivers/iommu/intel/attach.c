// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: which domain a device's requests go through, and the entries that
 * say so to the hardware.
 *
 * Laws
 *   Everything that can fail happens before an entry changes: intel_attach()
 *   either replaces the old domain by the new one or leaves the old in place.
 *   In between, requests are translated by one of the two, or refused.
 *   ATS is on only while an entry translates.  It goes off when the device's TLB
 *   is empty and cannot be filled again, so no flush can miss it.
 *
 * In scalable mode an attachment is a PASID table entry; the context entries of
 * the device's source IDs only lead to its PASID directory.  In legacy mode the
 * context entries themselves are it.  Source IDs that devices of a group share
 * (aliases) serve whoever attached last, and pass on when that one leaves.
 */
#include <linux/pci-ats.h>
#include <linux/slab.h>

#include "domain.h"

/**
 * struct entry_change - a writer that knows whose entry it writes
 * @w: what entry.c sees
 * @device: the device
 * @id: source ID of a context entry, PASID of a PASID table entry
 * @all: the old entry led to PASID entries of unknown content
 */
struct entry_change {
	struct entry_writer w;
	struct intel_device *device;
	u32 id;
	bool all;
};

#define to_change(writer)	container_of(writer, struct entry_change, w)

static void change_sync(struct entry_writer *w, u64 *live, unsigned int nqw)
{
	dma_wmb();
	iommu_flush_cache(to_change(w)->device->iommu, live, nqw * sizeof(u64));
}

static void context_forget(struct entry_writer *w, const u64 *old)
{
	struct entry_change *c = to_change(w);

	intel_flush_context_gone(c->device, c->id,
				 (const struct context_entry *)old);
}

static void context_announce(struct entry_writer *w, const u64 *new)
{
	struct entry_change *c = to_change(w);

	intel_flush_context_new(c->device, c->id, FIELD_GET(CTX_HI_DID, new[1]));
}

static void sm_context_forget(struct entry_writer *w, const u64 *old)
{
	struct entry_change *c = to_change(w);

	intel_flush_sm_context_gone(c->device, c->id, c->all);
}

static void sm_context_announce(struct entry_writer *w, const u64 *new)
{
	struct entry_change *c = to_change(w);

	intel_flush_context_new(c->device, c->id, DID_INVALID);
}

static void pasid_forget(struct entry_writer *w, const u64 *old)
{
	struct entry_change *c = to_change(w);

	intel_flush_pasid_gone(c->device, c->id, (const struct pasid_entry *)old);
}

static void pasid_announce(struct entry_writer *w, const u64 *new)
{
	struct entry_change *c = to_change(w);

	intel_flush_pasid_new(c->device, c->id, (const struct pasid_entry *)new);
}

static const struct entry_writer_ops context_ops = {
	.sync = change_sync,
	.forget = context_forget,
	.announce = context_announce,
};

static const struct entry_writer_ops sm_context_ops = {
	.sync = change_sync,
	.forget = sm_context_forget,
	.announce = sm_context_announce,
};

static const struct entry_writer_ops pasid_ops = {
	.sync = change_sync,
	.forget = pasid_forget,
	.announce = pasid_announce,
};

static bool rid_copied(struct intel_iommu *iommu, u16 rid)
{
	return iommu->copied && test_bit(rid, iommu->copied);
}

/* @e: zero to block.  The context table exists wherever @e is not zero. */
static void write_context(struct intel_device *device, u16 rid,
			  const struct context_entry *e)
{
	struct intel_iommu *iommu = device->iommu;
	struct entry_change c = {
		.w = { .ops = &context_ops, .kind = &entry_context },
		.device = device,
		.id = rid,
	};
	u64 *live = intel_context_find(iommu, rid);

	if (live)
		intel_write_entry(&c.w, live, &e->lo);
	if (rid_copied(iommu, rid))
		clear_bit(rid, iommu->copied);
}

static void write_sm_context(struct intel_device *device, u16 rid,
			     const struct sm_context_entry *e, bool all)
{
	struct intel_iommu *iommu = device->iommu;
	struct entry_change c = {
		.w = { .ops = &sm_context_ops, .kind = &entry_sm_context },
		.device = device,
		.id = rid,
		.all = all || rid != device->rid || rid_copied(iommu, rid),
	};
	u64 *live = intel_context_find(iommu, rid);

	if (live)
		intel_write_entry(&c.w, live, e->qw);
	if (rid_copied(iommu, rid))
		clear_bit(rid, iommu->copied);
}

/*
 * Lead @rid to the device's PASID directory.  @all: the entry may have led to
 * another one.
 */
static void point_sm_context(struct intel_device *device, u16 rid, bool all)
{
	struct sm_context_entry e;
	u64 flags = 0;

	if (device->ats_supported && rid == device->rid)
		flags |= SMCTX0_DTE;
	if (device->pasid_supported)
		flags |= SMCTX0_PASIDE;
	make_sm_context(&e, virt_to_phys(device->pasids.dir),
			device->pasids.dir_shift, flags);
	write_sm_context(device, rid, &e, all);
}

static void write_pasid(struct intel_device *device, u32 pasid,
			const struct pasid_entry *e)
{
	struct entry_change c = {
		.w = { .ops = &pasid_ops, .kind = &entry_pasid },
		.device = device,
		.id = pasid,
	};
	struct pasid_entry *live = pasid_table_find(&device->pasids, pasid);

	if (live)
		intel_write_entry(&c.w, live->qw, e->qw);
}

/* Pass-through entries name the widest that the unit has (VT-d 9.3, 9.6). */
static u8 widest_levels(const struct intel_iommu *iommu)
{
	u64 widths = cap_sagaw(iommu->cap) & (SAGAW_39 | SAGAW_48 | SAGAW_57);

	return widths ? LEVELS_OF_AW(__fls(widths)) : 4;
}

static void make_pasid_of(const struct attachment *att, struct pasid_entry *e)
{
	struct dmar_domain *domain = att->domain;
	struct intel_iommu *iommu = att->device->iommu;
	unsigned int attrs = 0;

	if (ecap_smpwcs(iommu->ecap))
		attrs |= PASID_ATTR_PWSNP;
	if (!domain) {
		make_pasid_passthrough(e, widest_levels(iommu), att->did, attrs);
		return;
	}
	if (READ_ONCE(domain->force_snoop))
		attrs |= PASID_ATTR_PGSNP;
	if (READ_ONCE(domain->dirty_tracking))
		attrs |= PASID_ATTR_SSADE;
	if (domain->first_stage)
		make_pasid_first_stage(e, virt_to_phys(domain->pgt.top),
				       domain->pgt.levels, att->did, attrs);
	else
		make_pasid_second_stage(e, virt_to_phys(domain->pgt.top),
					domain->pgt.levels, att->did, attrs);
}

static void make_context_of(const struct attachment *att, u16 rid,
			    struct context_entry *e)
{
	struct intel_device *device = att->device;
	struct dmar_domain *domain = att->domain;
	u8 tt = TT_UNTRANSLATED;

	if (!domain) {
		make_context_passthrough(e, widest_levels(device->iommu),
					 att->did);
		return;
	}
	if (device->ats_supported && rid == device->rid)
		tt = TT_DEV_TLB;
	make_context(e, virt_to_phys(domain->pgt.top), domain->pgt.levels,
		     att->did, tt);
}

static void ats_on(struct intel_device *device)
{
	struct pci_dev *pdev;

	if (!device->ats_supported || device->ats_enabled)
		return;
	pdev = to_pci_dev(device->dev);
	if (!pci_ats_page_aligned(pdev) || pci_enable_ats(pdev, VTD_PAGE_SHIFT))
		return;
	WRITE_ONCE(device->ats_enabled, true);
	/* What it fetched before flushes knew of it, the last of which ends first. */
	synchronize_rcu_expedited();
	intel_flush_device_tlb(device);
}

/* The device's TLB is empty and its entries refuse translation requests. */
static void ats_off(struct intel_device *device)
{
	if (!device->ats_enabled)
		return;
	WRITE_ONCE(device->ats_enabled, false);
	/* A flush on its way must not wait for a device that has ATS off. */
	synchronize_rcu_expedited();
	pci_disable_ats(to_pci_dev(device->dev));
}

static bool has_rid(const struct intel_device *device, u16 rid)
{
	unsigned int i;

	for (i = 0; i < device->nr_rids; i++)
		if (device->rids[i] == rid)
			return true;
	return false;
}

/*
 * Another attached device whose requests may carry @rid.  It is in the same
 * group, so as long as the group is locked it stays.
 */
static struct intel_device *alias_user(struct intel_device *device, u16 rid)
{
	struct intel_device *other, *found = NULL;
	struct device *dev;
	unsigned long i;

	if (rid == device->rid)
		return NULL;
	xa_lock(&device->iommu->devices);
	xa_for_each(&device->iommu->devices, i, dev) {
		other = to_intel_device(dev);
		if (other && other != device && has_rid(other, rid) &&
		    attachment_of(other, 0)) {
			found = other;
			break;
		}
	}
	xa_unlock(&device->iommu->devices);
	return found;
}

static void block_contexts(struct intel_device *device)
{
	const struct context_entry none = {};
	unsigned int i;

	for (i = 0; i < device->nr_rids; i++)
		if (!alias_user(device, device->rids[i]))
			write_context(device, device->rids[i], &none);
}

static bool leads_to(struct intel_device *device, u16 rid,
		     const struct pasid_table *t)
{
	u64 *live = intel_context_find(device->iommu, rid);

	return live && live[0] & ENTRY_P &&
	       (live[0] & SMCTX0_PASIDDIRPTR) == virt_to_phys(t->dir);
}

/* Whoever walked the tables from the root is done: debugfs, and the fault log. */
static void wait_for_walkers(struct intel_iommu *iommu)
{
	spin_lock_irq(&iommu->lock);
	spin_unlock_irq(&iommu->lock);
	synchronize_rcu_expedited();
}

/*
 * Have the PASID directory hold PASIDs below @max.  The tables stay what they
 * are, so at every moment each PASID that is in use is translated by one entry,
 * found by way of the one directory or the other.
 */
static int widen_pasids(struct intel_device *device, u32 max)
{
	struct pasid_table old = device->pasids, wide;
	unsigned int i;
	int ret;

	lockdep_assert_held(&device->lock);
	ret = pasid_table_widen(&old, max, &wide);
	if (ret || !wide.dir)
		return ret;
	device->pasids = wide;
	for (i = 0; i < device->nr_rids; i++)
		if (leads_to(device, device->rids[i], &old))
			point_sm_context(device, device->rids[i], true);
	wait_for_walkers(device->iommu);
	pasid_dir_free(&old);
	return 0;
}

/**
 * intel_widen_pasids() - make room for all PASIDs that a device can send
 * @device: the device, in scalable mode
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM.
 */
int intel_widen_pasids(struct intel_device *device)
{
	guard(mutex)(&device->lock);
	return widen_pasids(device, device->dev->iommu->max_pasids);
}

/**
 * intel_prepare_entries() - make the tables that entries will be in
 * @device: the device
 * @pasid: PASID; 0: of its requests without PASID
 *
 * Context: May sleep.
 * Return: 0, -ERANGE for a PASID that the device does not have, -ENOMEM.
 */
int intel_prepare_entries(struct intel_device *device, u32 pasid)
{
	struct pasid_entry *entry;
	unsigned int i;
	int ret = 0;

	if (device->sub_device)
		return 0;
	for (i = 0; i < device->nr_rids; i++)
		if (!intel_context_get(device->iommu, device->rids[i]))
			return -ENOMEM;
	if (!sm_supported(device->iommu))
		return 0;

	guard(mutex)(&device->lock);
	if (!pasid_table_reaches(&device->pasids, pasid) &&
	    pasid < device->dev->iommu->max_pasids)
		ret = widen_pasids(device, pasid + 1);
	if (ret)
		return ret;
	entry = pasid_table_get(&device->pasids, pasid);
	return PTR_ERR_OR_ZERO(entry);
}

static void publish_legacy(const struct attachment *att)
{
	struct intel_device *device = att->device;
	struct context_entry e;
	unsigned int i;

	/* A pass-through entry answers no translation request (VT-d 9.3). */
	if (!att->domain && device->ats_enabled) {
		block_contexts(device);
		ats_off(device);
	}
	for (i = 0; i < device->nr_rids; i++) {
		make_context_of(att, device->rids[i], &e);
		write_context(device, device->rids[i], &e);
	}
	if (att->domain)
		ats_on(device);
}

static void publish_sm(const struct attachment *att)
{
	struct intel_device *device = att->device;
	struct pasid_entry e;
	unsigned int i;

	make_pasid_of(att, &e);
	write_pasid(device, att->pasid, &e);
	if (att->pasid)
		return;
	for (i = 0; i < device->nr_rids; i++)
		point_sm_context(device, device->rids[i], false);
	ats_on(device);
}

/* Cannot fail: intel_prepare_entries() went before. */
static void publish(const struct attachment *att)
{
	lockdep_assert_held(&att->device->lock);
	if (att->device->sub_device)
		return;
	if (sm_supported(att->device->iommu))
		publish_sm(att);
	else
		publish_legacy(att);
}

static void retract(struct intel_device *device, u32 pasid)
{
	const struct pasid_entry none = {};
	struct intel_device *other;
	unsigned int i;

	lockdep_assert_held(&device->lock);
	if (device->sub_device)
		return;
	if (!sm_supported(device->iommu)) {
		block_contexts(device);
		ats_off(device);
		return;
	}
	for (i = 0; !pasid && i < device->nr_rids; i++) {
		other = alias_user(device, device->rids[i]);
		if (other)
			point_sm_context(other, device->rids[i], false);
		else if (rid_copied(device->iommu, device->rids[i]))
			point_sm_context(device, device->rids[i], false);
	}
	write_pasid(device, pasid, &none);
	if (!pasid)
		ats_off(device);
}

static int bind_domain(struct attachment *att)
{
	struct dmar_domain *domain = att->domain;
	int ret;

	mutex_lock(&domain->lock);
	ret = domain_check_device(domain, att->device);
	if (ret)
		goto unlock;
	ret = domain_get_did(domain, att->device->iommu);
	if (ret < 0)
		goto unlock;
	att->did = ret;
	ret = targets_add(domain, att);
	if (ret)
		domain_put_did(domain, att->device->iommu, att->did);
	else
		list_add_tail(&att->node, &domain->attachments);
unlock:
	mutex_unlock(&domain->lock);
	return ret;
}

static void destroy_attachment(struct attachment *att)
{
	struct dmar_domain *domain = att->domain;

	if (domain) {
		intel_debugfs_del_attachment(att);
		mutex_lock(&domain->lock);
		list_del(&att->node);
		targets_del(domain, att);
		domain_put_did(domain, att->device->iommu, att->did);
		mutex_unlock(&domain->lock);
	}
	if (att != &att->device->identity)
		kfree(att);
}

static struct attachment *create_attachment(struct intel_device *device,
					    u32 pasid,
					    struct dmar_domain *domain)
{
	struct attachment *att = &device->identity;
	int ret;

	/* Cannot fail; the tables are there since the device was probed. */
	if (!domain && !pasid)
		return att;
	att = kzalloc(sizeof(*att), GFP_KERNEL);
	if (!att)
		return ERR_PTR(-ENOMEM);
	*att = (struct attachment) {
		.device = device,
		.pasid = pasid,
		.domain = domain,
		.did = FLPT_DEFAULT_DID,
	};
	ret = domain ? bind_domain(att) : 0;
	if (!ret)
		ret = intel_prepare_entries(device, pasid);
	else
		att->domain = NULL;
	if (!ret)
		return att;
	destroy_attachment(att);
	return ERR_PTR(ret);
}

/* Returns the old one, or xa_err() with nothing changed. */
static struct attachment *swap_attachment(struct intel_device *device, u32 pasid,
					  struct attachment *new)
{
	struct attachment *old = attachment_of(device, pasid);

	lockdep_assert_held(&device->lock);
	if (pasid)
		return xa_store(&device->attachments, pasid, new, GFP_KERNEL);
	WRITE_ONCE(device->primary, new);
	return old;
}

/**
 * intel_attach() - have a device's requests go through a domain
 * @device: the device
 * @pasid: 0: its requests without PASID
 * @domain: the domain; NULL: they pass through untranslated
 *
 * Replaces what was there.  Cannot fail for requests without PASID that pass
 * through.
 *
 * Context: May sleep; group->mutex.
 * Return: 0; or, with the device as it was: -EINVAL when the domain does not suit
 * the device's unit, -ERANGE for a PASID that the device does not have, -ENOSPC
 * when the unit has no domain ID left, -ENOMEM.
 */
int intel_attach(struct intel_device *device, u32 pasid,
		 struct dmar_domain *domain)
{
	struct attachment *att, *old;

	att = create_attachment(device, pasid, domain);
	if (IS_ERR(att))
		return PTR_ERR(att);
	mutex_lock(&device->lock);
	old = swap_attachment(device, pasid, att);
	if (!xa_is_err(old))
		publish(att);
	mutex_unlock(&device->lock);
	if (xa_is_err(old)) {
		destroy_attachment(att);
		return xa_err(old);
	}
	if (old && old != att)
		destroy_attachment(old);
	if (domain && pasid)
		intel_debugfs_add_attachment(att);
	return 0;
}

/**
 * intel_block() - refuse a device's requests
 * @device: the device
 * @pasid: 0: its requests without PASID
 *
 * Context: May sleep; group->mutex.  Cannot fail.  On return no cache holds
 * anything for the requests.
 */
void intel_block(struct intel_device *device, u32 pasid)
{
	struct attachment *old;

	mutex_lock(&device->lock);
	old = swap_attachment(device, pasid, NULL);
	if (old || rid_copied(device->iommu, device->rid))
		retract(device, pasid);
	mutex_unlock(&device->lock);
	if (old)
		destroy_attachment(old);
}

/**
 * intel_reattach() - bring all entries of a domain up to its properties
 * @domain: the domain, whose @force_snoop or @dirty_tracking changed
 *
 * An attach that runs at the same time publishes the new properties itself, or
 * has published before and is found here.
 *
 * Context: May sleep; domain->lock.
 */
void intel_reattach(struct dmar_domain *domain)
{
	struct attachment *att;
	struct pasid_entry e;

	lockdep_assert_held(&domain->lock);
	list_for_each_entry(att, &domain->attachments, node) {
		struct intel_device *device = att->device;

		if (device->sub_device)
			continue;
		mutex_lock(&device->lock);
		if (attachment_of(device, att->pasid) == att) {
			make_pasid_of(att, &e);
			write_pasid(device, att->pasid, &e);
		}
		mutex_unlock(&device->lock);
	}
}

/* The context entries that lead to the device's PASID directory go. */
static void drop_sm_contexts(struct intel_device *device)
{
	const struct sm_context_entry none = {};
	unsigned int i;

	for (i = 0; i < device->nr_rids; i++)
		if (leads_to(device, device->rids[i], &device->pasids))
			write_sm_context(device, device->rids[i], &none, false);
}

/**
 * intel_release_entries() - leave nothing of a device in tables and caches
 * @device: the device, about to be freed
 *
 * Its PASIDs are detached by now, unless a driver forgot one.
 *
 * Context: May sleep; group->mutex.
 */
void intel_release_entries(struct intel_device *device)
{
	struct attachment *att;
	unsigned long pasid;

	xa_for_each(&device->attachments, pasid, att) {
		WARN_ONCE(1, "%s released with PASID %lu attached\n",
			  dev_name(device->dev), pasid);
		intel_block(device, pasid);
	}
	intel_block(device, 0);
	xa_destroy(&device->attachments);
	if (!device->pasids.dir)
		return;
	drop_sm_contexts(device);
	wait_for_walkers(device->iommu);
	pasid_table_free(&device->pasids);
}
