// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where entries live: the stream table of an SMMU (IHI 0070, 3.3.1), the CD table
 * of a master (3.3.3).
 *
 * Laws: a second-level table is filled before the link to it is written; a link
 * goes from empty to a table once, and stays until all are freed together.  So a
 * table grows without disturbing what is in use.  Entries are found here and
 * written elsewhere (entry.h).
 *
 * Memory comes from the DMA API for the SMMU: it is coherent, or not cached.
 */
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "entry.h"
#include "smmu.h"

/* 2^17 descriptors of 8 bytes: 32 million streams have to do. */
#define MAX_L1_SHIFT	17

static bool strtab_2lvl(const struct smmu3_device *smmu)
{
	return smmu->features & SMMU3_FEAT_2LVL_STRTAB &&
	       smmu->sid_bits > STE_SPLIT;
}

static void abort_all(struct smmu3_ste *table, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		smmu3_make_ste_abort(&table[i]);
}

static int alloc_linear_strtab(struct smmu3_device *smmu)
{
	struct smmu3_strtab *t = &smmu->strtab;

	t->log2size = smmu->sid_bits;
	t->count = BIT(t->log2size);
	t->size = array_size(t->count, sizeof(*t->ste));
	t->ste = dmam_alloc_coherent(smmu->dev, t->size, &t->dma, GFP_KERNEL);
	if (!t->ste)
		return -ENOMEM;
	abort_all(t->ste, t->count);
	return 0;
}

static int alloc_2lvl_strtab(struct smmu3_device *smmu)
{
	struct smmu3_strtab *t = &smmu->strtab;

	t->log2size = min(smmu->sid_bits, MAX_L1_SHIFT + STE_SPLIT);
	if (t->log2size < smmu->sid_bits)
		dev_warn(smmu->dev, "StreamIDs have %u bits, serving those of %u\n",
			 smmu->sid_bits, t->log2size);
	t->count = BIT(t->log2size - STE_SPLIT);
	t->size = t->count * sizeof(*t->l1);
	t->l1 = dmam_alloc_coherent(smmu->dev, t->size, &t->dma, GFP_KERNEL);
	t->l2 = devm_kcalloc(smmu->dev, t->count, sizeof(*t->l2), GFP_KERNEL);
	return t->l1 && t->l2 ? 0 : -ENOMEM;
}

/**
 * smmu3_strtab_alloc() - make the stream table; all streams abort
 * @smmu: the SMMU
 *
 * It goes with the device.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM.
 */
int smmu3_strtab_alloc(struct smmu3_device *smmu)
{
	return strtab_2lvl(smmu) ? alloc_2lvl_strtab(smmu) :
				   alloc_linear_strtab(smmu);
}

/**
 * smmu3_ste_find() - the stream table entry of a StreamID
 * @smmu: the SMMU
 * @sid: StreamID
 *
 * Context: Any.
 * Return: The entry; NULL where there is no table, or no such StreamID.
 */
struct smmu3_ste *smmu3_ste_find(struct smmu3_device *smmu, u32 sid)
{
	struct smmu3_strtab *t = &smmu->strtab;
	struct smmu3_ste *table;

	if ((u64)sid >> t->log2size)
		return NULL;
	if (t->ste)
		return &t->ste[sid];
	table = READ_ONCE(t->l2[sid >> STE_SPLIT]);
	return table ? &table[sid & (STES_PER_L2 - 1)] : NULL;
}

static int grow_strtab(struct smmu3_device *smmu, u32 sid)
{
	struct smmu3_strtab *t = &smmu->strtab;
	u32 i = sid >> STE_SPLIT;
	struct smmu3_ste *table;
	dma_addr_t dma;

	lockdep_assert_held(&smmu->lock);
	if (t->l2[i])
		return 0;
	table = dmam_alloc_coherent(smmu->dev, STES_PER_L2 * sizeof(*table),
				    &dma, GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	abort_all(table, STES_PER_L2);
	dma_wmb();
	/* SPAN is one more than the number of StreamID bits that it takes. */
	WRITE_ONCE(t->l1[i], cpu_to_le64((dma & L1STD_L2PTR) |
					 FIELD_PREP(L1STD_SPAN, STE_SPLIT + 1)));
	/* Filled before it is found. */
	smp_store_release(&t->l2[i], table);
	return 1;
}

/**
 * smmu3_ste_get() - the stream table entry of a StreamID, made if need be
 * @smmu: the SMMU
 * @sid: StreamID
 *
 * Context: May sleep.
 * Return: The entry; ERR_PTR: -ERANGE for a StreamID beyond the table, -ENOMEM.
 */
struct smmu3_ste *smmu3_ste_get(struct smmu3_device *smmu, u32 sid)
{
	struct smmu3_strtab *t = &smmu->strtab;
	int ret = 0;

	if ((u64)sid >> t->log2size)
		return ERR_PTR(-ERANGE);
	if (t->ste)
		return &t->ste[sid];
	mutex_lock(&smmu->lock);
	ret = grow_strtab(smmu, sid);
	mutex_unlock(&smmu->lock);
	if (ret < 0)
		return ERR_PTR(ret);
	/* Hardware may remember that there was no table. */
	if (ret)
		smmu3_cfgi_ste(smmu, sid, false);
	return smmu3_ste_find(smmu, sid);
}

/* Where the descriptor of @ssid is. */
struct cd_place {
	struct smmu3_cds *cds;
	u32 index;
};

static u32 cds_number(const struct smmu3_cdtab *t, u32 ssid)
{
	return t->l1 ? ssid >> CD_SPLIT : 0;
}

static struct cd_place cd_place(const struct smmu3_cdtab *t, u32 ssid)
{
	if (!t->cds || ssid >> t->ssid_bits)
		return (struct cd_place) { };
	return (struct cd_place) {
		.cds = t->cds[cds_number(t, ssid)],
		.index = t->l1 ? ssid & (CDS_PER_L2 - 1) : ssid,
	};
}

static struct smmu3_cds *alloc_cds(struct smmu3_master *master,
				   unsigned int count)
{
	struct smmu3_cds *cds = kvzalloc(struct_size(cds, att, count), GFP_KERNEL);

	if (!cds)
		return NULL;
	cds->count = count;
	cds->cd = dma_alloc_coherent(master->smmu->dev, count * sizeof(*cds->cd),
				     &cds->dma, GFP_KERNEL);
	if (cds->cd)
		return cds;
	kvfree(cds);
	return NULL;
}

static void free_cds(struct smmu3_master *master, struct smmu3_cds *cds)
{
	if (!cds)
		return;
	dma_free_coherent(master->smmu->dev, cds->count * sizeof(*cds->cd),
			  cds->cd, cds->dma);
	kvfree(cds);
}

/* No larger than a second-level table: one level will do. */
static bool one_level(const struct smmu3_cdtab *t)
{
	return t->ssid_bits <= CD_SPLIT;
}

static size_t l1_size(const struct smmu3_cdtab *t)
{
	return t->count * sizeof(*t->l1);
}

/* STE.S1CDMax says how large the table is, so it is made for all SSIDs at once. */
static int alloc_cdtab(struct smmu3_master *master)
{
	struct smmu3_cdtab t = { .ssid_bits = master->ssid_bits };

	t.count = one_level(&t) ? 1 : BIT(t.ssid_bits - CD_SPLIT);
	t.cds = kcalloc(t.count, sizeof(*t.cds), GFP_KERNEL);
	if (!t.cds)
		return -ENOMEM;
	if (one_level(&t)) {
		t.cds[0] = alloc_cds(master, BIT(t.ssid_bits));
		t.dma = t.cds[0] ? t.cds[0]->dma : 0;
	} else {
		t.l1 = dma_alloc_coherent(master->smmu->dev, l1_size(&t), &t.dma,
					  GFP_KERNEL);
	}
	if (!t.cds[0] && !t.l1) {
		kfree(t.cds);
		return -ENOMEM;
	}
	master->cdtab = t;
	return 0;
}

static int grow_cdtab(struct smmu3_master *master, u32 ssid)
{
	struct smmu3_cdtab *t = &master->cdtab;
	u32 i = cds_number(t, ssid);
	struct smmu3_cds *cds;

	if (t->cds[i])
		return 0;
	cds = alloc_cds(master, CDS_PER_L2);
	if (!cds)
		return -ENOMEM;
	dma_wmb();
	WRITE_ONCE(t->l1[i], cpu_to_le64((cds->dma & L1CD_L2PTR) | L1CD_V));
	t->cds[i] = cds;
	/* Hardware may remember that there was no table. */
	smmu3_cfgi_cd(master, ssid, false);
	return 0;
}

/**
 * smmu3_cd_find() - the context descriptor of an SSID
 * @master: the master
 * @ssid: SSID; 0: requests without one
 *
 * Context: master->lock.
 * Return: The descriptor; NULL where there is no table.
 */
struct smmu3_cd *smmu3_cd_find(struct smmu3_master *master, u32 ssid)
{
	struct cd_place at = cd_place(&master->cdtab, ssid);

	return at.cds ? &at.cds->cd[at.index] : NULL;
}

/**
 * smmu3_cd_owner() - what the context descriptor of an SSID is for
 * @master: the master
 * @ssid: SSID, not 0
 *
 * Context: master->lock.
 * Return: Where the attachment is noted; NULL where there is no table.
 */
struct smmu3_attachment **smmu3_cd_owner(struct smmu3_master *master, u32 ssid)
{
	struct cd_place at = cd_place(&master->cdtab, ssid);

	return at.cds ? &at.cds->att[at.index] : NULL;
}

/**
 * smmu3_cd_get() - the context descriptor of an SSID, made if need be
 * @master: the master
 * @ssid: SSID; 0: requests without one
 *
 * Context: May sleep; master->lock.
 * Return: The descriptor, not valid if it was made; ERR_PTR: -ERANGE for an SSID
 * that the master does not have, -ENOMEM.
 */
struct smmu3_cd *smmu3_cd_get(struct smmu3_master *master, u32 ssid)
{
	int ret = 0;

	lockdep_assert_held(&master->lock);
	if (ssid >> master->ssid_bits)
		return ERR_PTR(-ERANGE);
	if (!master->cdtab.cds)
		ret = alloc_cdtab(master);
	if (!ret)
		ret = grow_cdtab(master, ssid);
	return ret ? ERR_PTR(ret) : smmu3_cd_find(master, ssid);
}

/**
 * smmu3_cdtab_free() - free the CD table of a master
 * @master: the master; no stream table entry leads to the table any more
 *
 * Context: May sleep.
 */
void smmu3_cdtab_free(struct smmu3_master *master)
{
	struct smmu3_cdtab *t = &master->cdtab;
	unsigned int i;

	for (i = 0; i < t->count; i++)
		free_cds(master, t->cds[i]);
	if (t->l1)
		dma_free_coherent(master->smmu->dev, l1_size(t), t->l1, t->dma);
	kfree(t->cds);
	*t = (struct smmu3_cdtab) {};
}
