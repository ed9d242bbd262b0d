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

static int alloc_linear_cdtab(struct smmu3_master *master)
{
	struct smmu3_cdtab *t = &master->cdtab;

	t->count = BIT(t->ssid_bits);
	t->size = t->count * sizeof(*t->cd);
	t->cd = dma_alloc_coherent(master->smmu->dev, t->size, &t->dma,
				   GFP_KERNEL);
	return t->cd ? 0 : -ENOMEM;
}

static int alloc_2lvl_cdtab(struct smmu3_master *master)
{
	struct smmu3_cdtab *t = &master->cdtab;

	t->count = BIT(t->ssid_bits - CD_SPLIT);
	t->size = t->count * sizeof(*t->l1);
	t->l2 = kcalloc(t->count, sizeof(*t->l2), GFP_KERNEL);
	if (!t->l2)
		return -ENOMEM;
	t->l1 = dma_alloc_coherent(master->smmu->dev, t->size, &t->dma,
				   GFP_KERNEL);
	if (t->l1)
		return 0;
	kfree(t->l2);
	t->l2 = NULL;
	return -ENOMEM;
}

static bool cdtab_exists(const struct smmu3_cdtab *t)
{
	return t->cd || t->l1;
}

/* STE.S1CDMax says how large the table is, so it is made for all SSIDs at once. */
static int alloc_cdtab(struct smmu3_master *master)
{
	master->cdtab.ssid_bits = master->ssid_bits;
	/* No larger than a second-level table: one level will do. */
	return master->ssid_bits <= CD_SPLIT ? alloc_linear_cdtab(master) :
					       alloc_2lvl_cdtab(master);
}

static dma_addr_t l2_dma(const struct smmu3_cdtab *t, unsigned int i)
{
	return le64_to_cpu(t->l1[i]) & L1CD_L2PTR;
}

#define CD_L2_SIZE	(CDS_PER_L2 * sizeof(struct smmu3_cd))

static int grow_cdtab(struct smmu3_master *master, u32 ssid)
{
	struct smmu3_cdtab *t = &master->cdtab;
	u32 i = ssid >> CD_SPLIT;
	struct smmu3_cd *table;
	dma_addr_t dma;

	if (t->l2[i])
		return 0;
	table = dma_alloc_coherent(master->smmu->dev, CD_L2_SIZE, &dma,
				   GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	dma_wmb();
	WRITE_ONCE(t->l1[i], cpu_to_le64((dma & L1CD_L2PTR) | L1CD_V));
	/* Filled before it is found. */
	smp_store_release(&t->l2[i], table);
	/* Hardware may remember that there was no table. */
	smmu3_cfgi_cd(master, ssid, false);
	return 0;
}

/**
 * smmu3_cd_find() - the context descriptor of an SSID
 * @master: the master
 * @ssid: SSID; 0: requests without one
 *
 * Context: Any.
 * Return: The descriptor; NULL where there is no table.
 */
struct smmu3_cd *smmu3_cd_find(struct smmu3_master *master, u32 ssid)
{
	struct smmu3_cdtab *t = &master->cdtab;
	struct smmu3_cd *table;

	if (!cdtab_exists(t) || ssid >> t->ssid_bits)
		return NULL;
	if (t->cd)
		return &t->cd[ssid];
	table = READ_ONCE(t->l2[ssid >> CD_SPLIT]);
	return table ? &table[ssid & (CDS_PER_L2 - 1)] : NULL;
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
	struct smmu3_cdtab *t = &master->cdtab;
	int ret = 0;

	lockdep_assert_held(&master->lock);
	if (ssid >> master->ssid_bits)
		return ERR_PTR(-ERANGE);
	if (!cdtab_exists(t))
		ret = alloc_cdtab(master);
	if (!ret && t->l1)
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
	struct device *dev = master->smmu->dev;
	unsigned int i;

	if (t->cd)
		dma_free_coherent(dev, t->size, t->cd, t->dma);
	for (i = 0; t->l1 && i < t->count; i++)
		if (t->l2[i])
			dma_free_coherent(dev, CD_L2_SIZE, t->l2[i],
					  l2_dma(t, i));
	if (t->l1)
		dma_free_coherent(dev, t->size, t->l1, t->dma);
	kfree(t->l2);
	*t = (struct smmu3_cdtab) {};
}
