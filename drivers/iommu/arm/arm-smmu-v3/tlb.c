// SPDX-License-Identifier: GPL-2.0-only
/*
 * What caches have to forget: translations, device translations, configuration.
 *
 * Laws: one wait per SMMU and operation, as long as the commands fit a batch.  No
 * lock and no allocation: a domain's targets are an RCU array.
 *
 * Why unmap cannot miss a target: see the top of targets.c.
 *
 * An ATC may ask for a translation at any time and is answered from the TLB, so
 * the TLB has to forget first: a CMD_SYNC stands between the two (3.9.1).
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/pci.h>

#include "smmu.h"

/* Without ranges: more commands than this cost more than refilling the TLB. */
#define TLBI_MAX	256

/**
 * struct span - what a domain has to forget
 * @iova: first address
 * @size: in bytes; 0: everything
 * @granule: each leaf in the span is that large; 0: not known
 * @leaf: no table was taken out, so that only leaves have to be forgotten
 */
struct span {
	u64 iova;
	u64 size;
	u64 granule;
	bool leaf;
};

/* Grow to whole units, so that commands cover what is asked for. */
static struct span align_span(struct span s, u64 unit)
{
	u64 start = s.iova & ~(unit - 1);

	s.size = ALIGN(s.size + (s.iova - start), unit);
	s.iova = start;
	return s;
}

/*
 * TLB
 */

/* The level of the leaves as TTL has it, where that is known. */
static u8 leaf_level(const struct span *s, u8 shift)
{
	int level;

	if (!s->leaf || !s->granule)
		return 0;
	level = 3 - (ilog2(s->granule) - shift) / (shift - 3);
	/* Level 1 has leaves in every variant of the 4K granule only. */
	return level > 1 || (level == 1 && shift == 12) ? level : 0;
}

/* Widths of the fields that say how long a range is. */
#define SCALE_MAX	31
#define NUM_MAX		32

/*
 * By ranges of (NUM + 1) << SCALE granules (4.4.1.1): five bits of the number of
 * granules at a time, from the lowest that is set.
 */
static void add_tlbi_ranges(struct smmu3_batch *b, struct smmu3_cmd cmd,
			    struct span s, u8 shift)
{
	u8 ttl = leaf_level(&s, shift), scale;
	struct smmu3_cmd one;
	u64 left, num;

	s = align_span(s, BIT_ULL(shift));
	cmd.qw[1] |= FIELD_PREP(CMD1_TLBI_LEAF, s.leaf);
	for (left = s.size >> shift; left; left -= num << scale) {
		scale = min(__ffs64(left), SCALE_MAX);
		num = scale < SCALE_MAX ? (left >> scale) % NUM_MAX :
					  min(left >> scale, NUM_MAX);
		one = cmd;
		one.qw[1] |= s.iova & CMD1_TLBI_ADDR;
		/* One granule at no level is no range: that is reserved. */
		if (num > 1 || scale || ttl) {
			one.qw[0] |= FIELD_PREP(CMD0_TLBI_NUM, num - 1) |
				     FIELD_PREP(CMD0_TLBI_SCALE, scale);
			one.qw[1] |= FIELD_PREP(CMD1_TLBI_TG, (shift - 10) / 2) |
				     FIELD_PREP(CMD1_TLBI_TTL, ttl);
		}
		smmu3_batch_add(b, one);
		s.iova += num << (scale + shift);
	}
}

/* Leaf by leaf; false if there are too many. */
static bool add_tlbi_leaves(struct smmu3_batch *b, struct smmu3_cmd cmd,
			    struct span s, u8 shift)
{
	u64 step = s.granule ?: BIT_ULL(shift);

	s = align_span(s, step);
	if (s.size / step > TLBI_MAX)
		return false;
	cmd.qw[1] |= FIELD_PREP(CMD1_TLBI_LEAF, s.leaf);
	for (; s.size; s.size -= step, s.iova += step) {
		cmd.qw[1] &= ~CMD1_TLBI_ADDR;
		cmd.qw[1] |= s.iova & CMD1_TLBI_ADDR;
		smmu3_batch_add(b, cmd);
	}
	return true;
}

static struct smmu3_cmd tlbi_tag(struct smmu3_device *smmu,
				 enum smmu3_stage stage, u16 tag)
{
	if (stage == SMMU3_S2)
		return smmu3_cmd_tlbi(CMD_TLBI_S12_VMALL, 0, tag);
	if (smmu->features & SMMU3_FEAT_E2H)
		return smmu3_cmd_tlbi(CMD_TLBI_EL2_ASID, tag, 0);
	return smmu3_cmd_tlbi(CMD_TLBI_NH_ASID, tag, 0);
}

static struct smmu3_cmd tlbi_address(struct smmu3_device *smmu,
				     enum smmu3_stage stage, u16 tag)
{
	if (stage == SMMU3_S2)
		return smmu3_cmd_tlbi(CMD_TLBI_S2_IPA, 0, tag);
	if (smmu->features & SMMU3_FEAT_E2H)
		return smmu3_cmd_tlbi(CMD_TLBI_EL2_VA, tag, 0);
	return smmu3_cmd_tlbi(CMD_TLBI_NH_VA, tag, 0);
}

static void add_tlb(struct smmu3_batch *b, const struct smmu3_domain *domain,
		    u16 tag, const struct span *s)
{
	struct smmu3_cmd cmd = tlbi_address(b->smmu, domain->stage, tag);

	if (s->size && b->smmu->features & SMMU3_FEAT_RANGE_INV)
		add_tlbi_ranges(b, cmd, *s, domain->granule_shift);
	else if (!s->size ||
		 !add_tlbi_leaves(b, cmd, *s, domain->granule_shift))
		smmu3_batch_add(b, tlbi_tag(b->smmu, domain->stage, tag));
}

/*
 * ATC
 */

/* An unplugged device answers no invalidation: do not wait for it. */
static bool master_gone(const struct smmu3_master *master)
{
	return dev_is_pci(master->dev) &&
	       to_pci_dev(master->dev)->error_state == pci_channel_io_perm_failure;
}

static void add_atc_block(struct smmu3_batch *b,
			  const struct smmu3_master *master, u32 ssid,
			  u64 page, u8 order)
{
	unsigned int i;

	page = order < ATC_SIZE_ALL ? page >> order << order : 0;
	for (i = 0; i < master->nr_sids; i++)
		smmu3_batch_add(b, smmu3_cmd_atc_inv(master->sids[i], ssid,
						     page << ATC_PAGE_SHIFT,
						     order));
}

/*
 * A command names 2^n pages that are aligned to their number.  The least such
 * block that holds both ends can be far larger than the range, when that crosses
 * a big boundary; two blocks, one on each side of it, are tight then.
 */
static void add_atc(struct smmu3_batch *b, const struct smmu3_master *master,
		    u32 ssid, u64 iova, u64 size)
{
	u64 first = iova >> ATC_PAGE_SHIFT, end, mid;
	u8 order;

	if (!size) {
		add_atc_block(b, master, ssid, 0, ATC_SIZE_ALL);
		return;
	}
	end = (iova + size - 1) >> ATC_PAGE_SHIFT;
	order = fls64(first ^ end);
	if (order <= order_base_2(end - first + 1) + 1) {
		add_atc_block(b, master, ssid, first, order);
		return;
	}
	mid = end & ~(BIT_ULL(order - 1) - 1);
	add_atc_block(b, master, ssid, mid - 1, order_base_2(mid - first));
	add_atc_block(b, master, ssid, mid, order_base_2(end - mid + 1));
}

static bool has_atc(const struct smmu3_master *master)
{
	return READ_ONCE(master->ats_enabled) && !master_gone(master);
}

/**
 * smmu3_atc_inv() - have a device forget translations
 * @master: the device; nothing happens unless its ATS is enabled
 * @ssid: which address space; 0: requests without SSID
 * @iova: first address
 * @size: bytes; 0: everything
 *
 * The TLB has forgotten them before.
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_atc_inv(struct smmu3_master *master, u32 ssid, unsigned long iova,
		  size_t size)
{
	struct smmu3_batch b __uninitialized;

	if (!has_atc(master))
		return 0;
	smmu3_batch_init(&b, master->smmu);
	add_atc(&b, master, ssid, iova, size);
	return smmu3_batch_submit(&b, true);
}

/**
 * smmu3_atc_inv_all() - have a device forget all translations of all SSIDs
 * @master: the device; nothing happens unless its ATS is enabled
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_atc_inv_all(struct smmu3_master *master)
{
	struct smmu3_batch b __uninitialized;
	unsigned int i;

	if (!has_atc(master))
		return 0;
	smmu3_batch_init(&b, master->smmu);
	add_atc(&b, master, 0, 0, 0);
	for (i = 0; master->ssid_bits && i < master->nr_sids; i++)
		smmu3_batch_add(&b, smmu3_cmd_atc_inv_global(master->sids[i]));
	return smmu3_batch_submit(&b, true);
}

/*
 * Domains
 */

static void flush_span(struct smmu3_domain *domain, const struct span *s)
{
	const struct smmu3_targets *targets;
	const struct smmu3_target *t;
	struct smmu3_batch b __uninitialized;
	bool fence = false;

	b.smmu = NULL;
	smp_mb();	/* cleared entries before the array: see targets.c */
	guard(rcu)();
	targets = rcu_dereference(domain->targets);
	if (!targets)
		return;
	for (t = targets->target; t < targets->target + targets->count; t++) {
		if (t->smmu != b.smmu) {
			if (b.smmu)
				smmu3_batch_submit(&b, true);
			smmu3_batch_init(&b, t->smmu);
			fence = false;
		}
		if (!t->master) {
			add_tlb(&b, domain, t->tag, s);
			fence = true;
			continue;
		}
		if (!READ_ONCE(t->users) || !has_atc(t->master))
			continue;
		if (fence)
			smmu3_batch_add(&b, smmu3_cmd_sync());
		fence = false;
		add_atc(&b, t->master, t->ssid, s->iova, s->size);
	}
	if (b.smmu)
		smmu3_batch_submit(&b, true);
}

/**
 * smmu3_domain_flush_range() - make hardware forget a range that was unmapped
 * @domain: the domain
 * @iova: first address
 * @size: bytes
 * @granule: size of every leaf that was in the range; 0 if they differed
 * @leaf: no table was taken out, so what is cached of upper levels may stay
 *
 * Context: Any.  On return no SMMU and no device uses the old translations, as
 * far as they answer; the log says if one did not.
 */
void smmu3_domain_flush_range(struct smmu3_domain *domain, unsigned long iova,
			      size_t size, size_t granule, bool leaf)
{
	const struct span s = {
		.iova = iova, .size = size, .granule = granule, .leaf = leaf,
	};

	flush_span(domain, &s);
}

/**
 * smmu3_domain_flush_all() - make hardware forget all translations of a domain
 * @domain: the domain
 *
 * Context: Any.
 */
void smmu3_domain_flush_all(struct smmu3_domain *domain)
{
	const struct span everything = { .size = 0 };

	flush_span(domain, &everything);
}

/**
 * smmu3_tlbi_asid() - make an SMMU forget an ASID
 * @smmu: the SMMU
 * @asid: the ASID
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_tlbi_asid(struct smmu3_device *smmu, u16 asid)
{
	return smmu3_cmd_submit(smmu, tlbi_tag(smmu, SMMU3_S1, asid));
}

/**
 * smmu3_tlbi_vmid() - make an SMMU forget a VMID, with its stage 1
 * @smmu: the SMMU
 * @vmid: the VMID
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_tlbi_vmid(struct smmu3_device *smmu, u16 vmid)
{
	return smmu3_cmd_submit(smmu, tlbi_tag(smmu, SMMU3_S2, vmid));
}

/**
 * smmu3_tlbi_all() - make an SMMU forget all translations
 * @smmu: the SMMU
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_tlbi_all(struct smmu3_device *smmu)
{
	struct smmu3_batch b __uninitialized;

	smmu3_batch_init(&b, smmu);
	if (smmu->features & SMMU3_FEAT_HYP)
		smmu3_batch_add(&b, smmu3_cmd_tlbi(CMD_TLBI_EL2_ALL, 0, 0));
	smmu3_batch_add(&b, smmu3_cmd_tlbi(CMD_TLBI_NSNH_ALL, 0, 0));
	return smmu3_batch_submit(&b, true);
}

/*
 * Configuration
 */

/**
 * smmu3_cfgi_ste() - make an SMMU forget a stream table entry
 * @smmu: the SMMU
 * @sid: StreamID
 * @leaf: the level 1 descriptor did not change
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_cfgi_ste(struct smmu3_device *smmu, u32 sid, bool leaf)
{
	return smmu3_cmd_submit(smmu, smmu3_cmd_cfgi_ste(sid, leaf));
}

/**
 * smmu3_cfgi_cd() - make an SMMU forget a context descriptor
 * @master: whose; of all its StreamIDs
 * @ssid: SubstreamID
 * @leaf: the level 1 descriptor did not change
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_cfgi_cd(struct smmu3_master *master, u32 ssid, bool leaf)
{
	struct smmu3_batch b __uninitialized;
	unsigned int i;

	smmu3_batch_init(&b, master->smmu);
	for (i = 0; i < master->nr_sids; i++)
		smmu3_batch_add(&b, smmu3_cmd_cfgi_cd(master->sids[i], ssid,
						      leaf));
	return smmu3_batch_submit(&b, true);
}

/**
 * smmu3_cfgi_cd_all() - make an SMMU forget all context descriptors of a device
 * @master: whose; of all its StreamIDs
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_cfgi_cd_all(struct smmu3_master *master)
{
	struct smmu3_batch b __uninitialized;
	unsigned int i;

	smmu3_batch_init(&b, master->smmu);
	for (i = 0; i < master->nr_sids; i++)
		smmu3_batch_add(&b, smmu3_cmd_cfgi_cd_all(master->sids[i]));
	return smmu3_batch_submit(&b, true);
}

/**
 * smmu3_cfgi_all() - make an SMMU forget all configuration
 * @smmu: the SMMU
 *
 * Context: Any.
 * Return: as smmu3_batch_submit().
 */
int smmu3_cfgi_all(struct smmu3_device *smmu)
{
	return smmu3_cmd_submit(smmu, smmu3_cmd_cfgi_all());
}
