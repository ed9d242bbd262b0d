// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: which domain a master's requests go through, and the entries that
 * say so to the hardware.
 *
 * Laws
 *   Everything that can fail happens before an entry changes: smmu3_attach()
 *   either replaces the old domain by the new one or leaves the old in place.
 *   In between, requests are translated by one of the two, or terminated.
 *   What the stream table entry shall be follows from the attachments alone
 *   (make_ste_of), so every change of them ends in writing it again.
 *   ATS is on only while an entry translates.  It goes off when translation
 *   requests are refused and the ATC is empty, so no flush can miss it.
 *
 * A stage 1 attachment is a context descriptor; the stream table entry leads to
 * the CD table as long as there is at least one, and S1DSS says what happens to
 * requests without SSID: they use CD 0, bypass, or are terminated.  A stage 2
 * attachment is the stream table entry itself, and leaves no room for SSIDs.
 *
 * StreamIDs that masters of a group share (PCI aliases) serve whoever attached
 * last, and pass on when that one leaves.
 */
#include <linux/pci-ats.h>
#include <linux/slab.h>

#include "../../pgtable/arm_lpae.h"
#include "entry.h"
#include "smmu.h"

/**
 * struct ste_change - a writer that knows whose stream table entry it writes
 * @w: what entry.c sees
 * @smmu: the SMMU
 * @sid: StreamID
 */
struct ste_change {
	struct smmu3_entry_writer w;
	struct smmu3_device *smmu;
	u32 sid;
};

/**
 * struct cd_change - a writer that knows whose context descriptor it writes
 * @w: what entry.c sees
 * @master: the master
 * @ssid: SSID
 */
struct cd_change {
	struct smmu3_entry_writer w;
	struct smmu3_master *master;
	u32 ssid;
};

static void ste_sync(struct smmu3_entry_writer *w)
{
	struct ste_change *c = container_of(w, struct ste_change, w);

	dma_wmb();
	smmu3_cfgi_ste(c->smmu, c->sid, true);
}

static void cd_sync(struct smmu3_entry_writer *w)
{
	struct cd_change *c = container_of(w, struct cd_change, w);

	dma_wmb();
	smmu3_cfgi_cd(c->master, c->ssid, true);
}

static void write_ste(struct smmu3_device *smmu, u32 sid,
		      const struct smmu3_ste *e)
{
	struct ste_change c = {
		.w = { .kind = &smmu3_entry_ste, .sync = ste_sync },
		.smmu = smmu,
		.sid = sid,
	};
	struct smmu3_ste *live = smmu3_ste_find(smmu, sid);

	if (live)
		smmu3_write_entry(&c.w, live->qw, e->qw);
}

/* @e: zero to terminate.  The table exists wherever @e is not zero. */
static void write_cd(struct smmu3_master *master, u32 ssid,
		     const struct smmu3_cd *e)
{
	struct cd_change c = {
		.w = { .kind = &smmu3_entry_cd, .sync = cd_sync },
		.master = master,
		.ssid = ssid,
	};
	struct smmu3_cd *live = smmu3_cd_find(master, ssid);

	if (live)
		smmu3_write_entry(&c.w, live->qw, e->qw);
}

/* Where it is noted what the requests go through; NULL before there is a CD. */
static struct smmu3_attachment **slot_of(struct smmu3_master *master, u32 ssid)
{
	return ssid ? smmu3_cd_owner(master, ssid) : &master->primary;
}

/* What the requests go through; NULL: they are aborted. */
static struct smmu3_attachment *attachment_of(struct smmu3_master *master,
					      u32 ssid)
{
	struct smmu3_attachment **slot = slot_of(master, ssid);

	return slot ? *slot : NULL;
}

static u8 output_size(const struct smmu3_domain *domain,
		      const struct smmu3_device *smmu)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u8 code = ARRAY_SIZE(bits) - 1;

	while (code && bits[code] > smmu->oas)
		code--;
	/* 52 bits are there with the 64K granule only. */
	if (domain->granule_shift != 16)
		code = min_t(u8, code, OAS_48);
	return code;
}

static void walk_of(const struct smmu3_attachment *att, struct smmu3_walk *walk)
{
	const struct smmu3_domain *domain = att->domain;

	*walk = (struct smmu3_walk) {
		.top = virt_to_phys(domain->pgt.top),
		.iova_bits = fls64(domain->pgt.iova_last),
		.granule_shift = domain->granule_shift,
		.levels = domain->pgt.levels,
		.ps = output_size(domain, att->master->smmu),
		.tag = att->tag,
		.mair = ARM_S1_MAIR,
	};
}

static unsigned int attrs_of(const struct smmu3_master *master)
{
	u32 features = master->smmu->features;
	unsigned int attrs = 0;

	if (features & SMMU3_FEAT_ATTR_TYPES_OVR)
		attrs |= ENTRY_ATTR_SHCFG;
	if (features & SMMU3_FEAT_E2H)
		attrs |= ENTRY_ATTR_EL2;
	if (master->stall_supported)
		attrs |= ENTRY_ATTR_STALL;
	else if (features & SMMU3_FEAT_STALLS)
		attrs |= ENTRY_ATTR_NO_STALL;
	if (master->ats_supported)
		attrs |= ENTRY_ATTR_ATS;
	return attrs;
}

static unsigned int walk_attrs_of(const struct smmu3_attachment *att)
{
	unsigned int attrs = attrs_of(att->master);

	if (att->domain->pgt.coherent)
		attrs |= ENTRY_ATTR_COHERENT;
	if (att->domain->pgt.dirty)
		attrs |= ENTRY_ATTR_DIRTY;
	return attrs;
}

static void make_cd_of(const struct smmu3_attachment *att, struct smmu3_cd *e)
{
	struct smmu3_walk walk;

	walk_of(att, &walk);
	smmu3_make_cd(e, &walk, walk_attrs_of(att));
}

static bool is_stage(const struct smmu3_attachment *att, enum smmu3_stage stage)
{
	return att && att->domain && att->domain->stage == stage;
}

static void make_ste_s1(const struct smmu3_master *master, struct smmu3_ste *e)
{
	const struct smmu3_attachment *primary = master->primary;
	const struct smmu3_cdtab *t = &master->cdtab;
	u8 s1dss = S1DSS_TERMINATE;

	if (primary)
		s1dss = primary->domain ? S1DSS_SSID0 : S1DSS_BYPASS;
	smmu3_make_ste_s1(e, t->dma, t->l1 ? S1FMT_64K_L2 : S1FMT_LINEAR,
			  t->ssid_bits, s1dss, attrs_of(master));
}

/* What the attachments of @master come to. */
static void make_ste_of(const struct smmu3_master *master, struct smmu3_ste *e)
{
	const struct smmu3_attachment *primary = master->primary;
	struct smmu3_walk walk;

	if (is_stage(primary, SMMU3_S2)) {
		walk_of(primary, &walk);
		smmu3_make_ste_s2(e, &walk, walk_attrs_of(primary));
	} else if (is_stage(primary, SMMU3_S1) || master->nr_ssids) {
		make_ste_s1(master, e);
	} else if (primary) {
		smmu3_make_ste_bypass(e, attrs_of(master));
	} else {
		smmu3_make_ste_abort(e);
	}
}

static bool translates(const struct smmu3_master *master)
{
	return (master->primary && master->primary->domain) ||
	       master->nr_ssids;
}

/*
 * Another attached master whose requests may carry @sid, for when @master has
 * nothing to do with it any more.  It is in the same group, so as long as the
 * group is locked it stays.
 */
static struct smmu3_master *heir_of(struct smmu3_master *master, u32 sid)
{
	struct smmu3_device *smmu = master->smmu;
	struct smmu3_master *other, *found = NULL;

	mutex_lock(&smmu->lock);
	list_for_each_entry(other, &smmu->masters, node) {
		if (other != master && smmu3_has_sid(other, sid) && other->primary) {
			found = other;
			break;
		}
	}
	mutex_unlock(&smmu->lock);
	return found;
}

static void write_stes(struct smmu3_master *master)
{
	bool left = !master->primary && !master->nr_ssids;
	struct smmu3_master *owner;
	struct smmu3_ste e;
	unsigned int i;

	lockdep_assert_held(&master->lock);
	for (i = 0; i < master->nr_sids; i++) {
		owner = left ? heir_of(master, master->sids[i]) : NULL;
		make_ste_of(owner ?: master, &e);
		write_ste(master->smmu, master->sids[i], &e);
	}
}

static void ats_on(struct smmu3_master *master)
{
	struct pci_dev *pdev;

	if (!master->ats_supported || master->ats_enabled)
		return;
	pdev = to_pci_dev(master->dev);
	if (pci_enable_ats(pdev, __ffs(master->smmu->pgsize_bitmap))) {
		dev_warn(master->dev, "ATS cannot be enabled, going on without\n");
		return;
	}
	WRITE_ONCE(master->ats_enabled, true);
	/* What it fetched before flushes knew of it. */
	synchronize_rcu_expedited();
	smmu3_atc_inv_all(master);
}

/* The entries of the device refuse translation requests. */
static void ats_off(struct smmu3_master *master)
{
	if (!master->ats_enabled)
		return;
	smmu3_atc_inv_all(master);
	WRITE_ONCE(master->ats_enabled, false);
	/* A flush on its way must not wait for a device that has ATS off. */
	synchronize_rcu_expedited();
	pci_disable_ats(to_pci_dev(master->dev));
}

/* Cannot fail: prepare() went before.  @ssid: what changed. */
static void publish(struct smmu3_master *master, u32 ssid)
{
	struct smmu3_attachment *att = attachment_of(master, ssid);
	struct smmu3_cd cd = {};

	lockdep_assert_held(&master->lock);
	if (is_stage(att, SMMU3_S1)) {
		make_cd_of(att, &cd);
		write_cd(master, ssid, &cd);
		write_stes(master);
	} else if (ssid) {
		/* Before an entry may cease to lead to the table. */
		write_cd(master, ssid, &cd);
		write_stes(master);
	} else {
		write_stes(master);
		write_cd(master, ssid, &cd);
	}
	if (!translates(master))
		ats_off(master);
	else if (master->ats_enabled)
		smmu3_atc_inv(master, ssid, 0, 0);
	else
		ats_on(master);
}

static int bind_domain(struct smmu3_attachment *att)
{
	struct smmu3_domain *domain = att->domain;
	int ret;

	mutex_lock(&domain->lock);
	ret = smmu3_domain_check(domain, att->master);
	if (ret)
		goto unlock;
	ret = smmu3_targets_add(domain, att);
	if (!ret)
		list_add_tail(&att->node, &domain->attachments);
unlock:
	mutex_unlock(&domain->lock);
	return ret;
}

static void destroy_attachment(struct smmu3_attachment *att)
{
	struct smmu3_domain *domain = att->domain;

	if (att == &att->master->identity)
		return;
	mutex_lock(&domain->lock);
	list_del(&att->node);
	smmu3_targets_del(domain, att);
	mutex_unlock(&domain->lock);
	kfree(att);
}

static struct smmu3_attachment *create_attachment(struct smmu3_master *master,
						  u32 ssid,
						  struct smmu3_domain *domain)
{
	struct smmu3_attachment *att;
	int ret;

	/* Cannot fail; the entries are there since the master was probed. */
	if (!domain)
		return &master->identity;
	att = kzalloc(sizeof(*att), GFP_KERNEL);
	if (!att)
		return ERR_PTR(-ENOMEM);
	att->master = master;
	att->ssid = ssid;
	att->domain = domain;
	ret = bind_domain(att);
	if (!ret)
		return att;
	kfree(att);
	return ERR_PTR(ret);
}

/* Make all that publish() needs.  Stage 2 and SSIDs exclude each other. */
static int prepare(struct smmu3_attachment *att)
{
	struct smmu3_master *master = att->master;

	lockdep_assert_held(&master->lock);
	if (!att->domain)
		return 0;
	if (att->ssid && is_stage(master->primary, SMMU3_S2))
		return -EINVAL;
	if (att->domain->stage == SMMU3_S2)
		return master->nr_ssids ? -EBUSY : 0;
	return PTR_ERR_OR_ZERO(smmu3_cd_get(master, att->ssid));
}

/* Returns the old one.  @new: NULL, or what prepare() made room for. */
static struct smmu3_attachment *swap_attachment(struct smmu3_master *master,
						u32 ssid,
						struct smmu3_attachment *new)
{
	struct smmu3_attachment **slot = slot_of(master, ssid), *old;

	lockdep_assert_held(&master->lock);
	if (!slot)
		return NULL;
	old = *slot;
	WRITE_ONCE(*slot, new);
	if (ssid)
		master->nr_ssids += !!new - !!old;
	return old;
}

/* Returns the attachment that was replaced, NULL if none, or an ERR_PTR(). */
static struct smmu3_attachment *install(struct smmu3_master *master, u32 ssid,
					struct smmu3_attachment *att)
{
	struct smmu3_attachment *old;
	int ret;

	mutex_lock(&master->lock);
	ret = prepare(att);
	if (ret) {
		old = ERR_PTR(ret);
	} else {
		old = swap_attachment(master, ssid, att);
		publish(master, ssid);
	}
	mutex_unlock(&master->lock);
	return old;
}

/**
 * smmu3_attach() - have a master's requests go through a domain
 * @master: the master
 * @ssid: 0: its requests without SSID
 * @domain: the domain; NULL: they bypass, for @ssid 0 only
 *
 * Replaces what was there.  Cannot fail for requests that bypass.
 *
 * Context: May sleep; group->mutex.
 * Return: 0; or, with the master as it was: -EINVAL when the domain does not suit
 * the master's SMMU, or for an SSID beside a stage 2; -EBUSY for a stage 2 beside
 * SSIDs; -ERANGE for an SSID that the master does not have; -ENOSPC when the SMMU
 * has no ASID or VMID left; -ENOMEM.
 */
int smmu3_attach(struct smmu3_master *master, u32 ssid,
		 struct smmu3_domain *domain)
{
	struct smmu3_attachment *att, *old;

	att = create_attachment(master, ssid, domain);
	if (IS_ERR(att))
		return PTR_ERR(att);
	old = install(master, ssid, att);
	if (IS_ERR(old)) {
		destroy_attachment(att);
		return PTR_ERR(old);
	}
	if (old)
		destroy_attachment(old);
	return 0;
}

/**
 * smmu3_block() - terminate a master's requests
 * @master: the master
 * @ssid: 0: its requests without SSID
 *
 * Context: May sleep; group->mutex.  Cannot fail.  On return no cache holds
 * anything for the requests.
 */
void smmu3_block(struct smmu3_master *master, u32 ssid)
{
	struct smmu3_attachment *old;

	mutex_lock(&master->lock);
	old = swap_attachment(master, ssid, NULL);
	publish(master, ssid);
	mutex_unlock(&master->lock);
	if (old)
		destroy_attachment(old);
}

/**
 * smmu3_release_entries() - leave nothing of a master in tables and caches
 * @master: the master, about to be freed
 *
 * Its SSIDs are detached by now, unless a driver forgot one.
 *
 * Context: May sleep; group->mutex.
 */
void smmu3_release_entries(struct smmu3_master *master)
{
	u32 ssid;

	for (ssid = 1; master->nr_ssids; ssid++) {
		if (!attachment_of(master, ssid))
			continue;
		WARN_ONCE(1, "%s released with PASID %u attached\n",
			  dev_name(master->dev), ssid);
		smmu3_block(master, ssid);
	}
	smmu3_block(master, 0);
	smmu3_cdtab_free(master);
}
