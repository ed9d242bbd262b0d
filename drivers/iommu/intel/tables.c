// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where entries live: root and context tables of a unit (VT-d 9.1 to 9.4), PASID
 * directory and tables of a device (VT-d 9.5, 9.6).
 *
 * Laws: a table is zeroed and flushed before the link to it is; a link goes from
 * empty to a table once, and stays until all are freed together.  Entries are
 * found here and written elsewhere (entry.h).
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../iommu-pages.h"
#include "domain.h"

#define SM_DEVFN_PER_TABLE	128

static u64 *root_slot(struct intel_iommu *iommu, u16 rid)
{
	struct root_entry *root = &iommu->root[PCI_BUS_NUM(rid)];

	if (sm_supported(iommu) && (rid & 0xff) >= SM_DEVFN_PER_TABLE)
		return &root->hi;
	return &root->lo;
}

/**
 * intel_context_find() - the context entry of a source ID
 * @iommu: the unit
 * @rid: source ID
 *
 * Context: Any.
 * Return: &struct context_entry or, in scalable mode, &struct sm_context_entry;
 * NULL where there is no context table.
 */
u64 *intel_context_find(struct intel_iommu *iommu, u16 rid)
{
	u64 link;
	void *table;

	if (!iommu->root)
		return NULL;
	link = READ_ONCE(*root_slot(iommu, rid));
	if (!(link & ROOT_P))
		return NULL;
	table = phys_to_virt(link & ROOT_CTP);
	if (sm_supported(iommu))
		return table + (rid & (SM_DEVFN_PER_TABLE - 1)) *
			       sizeof(struct sm_context_entry);
	return table + (rid & 0xff) * sizeof(struct context_entry);
}

/**
 * intel_context_get() - the context entry of a source ID, made if need be
 * @iommu: the unit
 * @rid: source ID
 *
 * Context: May sleep.
 * Return: As intel_context_find(), NULL only when out of memory.
 */
u64 *intel_context_get(struct intel_iommu *iommu, u16 rid)
{
	u64 *slot = root_slot(iommu, rid);
	unsigned long flags;
	void *table;

	if (READ_ONCE(*slot) & ROOT_P)
		return intel_context_find(iommu, rid);
	table = iommu_alloc_page_node(iommu->node, GFP_KERNEL);
	if (!table)
		return NULL;
	iommu_flush_cache(iommu, table, VTD_PAGE_SIZE);

	spin_lock_irqsave(&iommu->lock, flags);
	if (!(*slot & ROOT_P)) {
		WRITE_ONCE(*slot, virt_to_phys(table) | ROOT_P);
		iommu_flush_cache(iommu, slot, sizeof(*slot));
		table = NULL;
	}
	spin_unlock_irqrestore(&iommu->lock, flags);
	if (table)
		iommu_free_page(table);
	return intel_context_find(iommu, rid);
}

/**
 * intel_iommu_alloc_root() - make the root table of a unit
 * @iommu: the unit
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM.
 */
int intel_iommu_alloc_root(struct intel_iommu *iommu)
{
	iommu->root = iommu_alloc_page_node(iommu->node, GFP_KERNEL);
	if (!iommu->root)
		return -ENOMEM;
	iommu_flush_cache(iommu, iommu->root, VTD_PAGE_SIZE);
	return 0;
}

static void free_context_table(u64 *slot)
{
	if (*slot & ROOT_P)
		iommu_free_page(phys_to_virt(*slot & ROOT_CTP));
	*slot = 0;
}

/**
 * intel_context_reset() - free all context tables, and forget what was inherited
 * @iommu: the unit; hardware does not use its root table
 */
void intel_context_reset(struct intel_iommu *iommu)
{
	int bus;

	for (bus = 0; bus < 256; bus++) {
		free_context_table(&iommu->root[bus].lo);
		free_context_table(&iommu->root[bus].hi);
	}
	iommu_flush_cache(iommu, iommu->root, VTD_PAGE_SIZE);
	bitmap_free(iommu->copied);
	iommu->copied = NULL;
}

/**
 * intel_iommu_free_tables() - free root and context tables
 * @iommu: the unit; its translation is off and its devices are released
 *
 * PASID tables went with their devices.
 *
 * Context: May sleep.
 */
void intel_iommu_free_tables(struct intel_iommu *iommu)
{
	if (!iommu->root)
		return;
	intel_context_reset(iommu);
	iommu_free_page(iommu->root);
	iommu->root = NULL;
}

static unsigned int pasid_dir_order(const struct pasid_table *t)
{
	return get_order(sizeof(struct pasid_dir_entry) << t->dir_shift);
}

/**
 * pasid_table_alloc() - make the PASID directory of a device
 * @t: to fill
 * @iommu: the device's unit
 * @max_pasids: PASIDs are below it; 0 and 1: only requests without PASID
 *
 * The tables come when they are needed.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM.
 */
int pasid_table_alloc(struct pasid_table *t, struct intel_iommu *iommu,
		      u32 max_pasids)
{
	unsigned int bits = order_base_2(max_pasids);

	bits = clamp(bits, PDTS_MIN_SHIFT + PASID_TABLE_SHIFT, PASID_BITS_MAX);
	t->dir_shift = bits - PASID_TABLE_SHIFT;
	t->node = iommu->node;
	t->coherent = ecap_c(iommu->ecap);
	t->dir = iommu_alloc_pages_node(t->node, GFP_KERNEL, pasid_dir_order(t));
	if (!t->dir)
		return -ENOMEM;
	if (!t->coherent)
		clflush_cache_range(t->dir, sizeof(*t->dir) << t->dir_shift);
	return 0;
}

/**
 * pasid_table_widen() - make a larger copy of a PASID directory
 * @t: the directory
 * @max_pasids: PASIDs are below it
 * @wide: to fill: a directory with the tables of @t; empty if @t is wide enough
 *
 * The caller puts it in the place of @t, and then frees the old directory, but not
 * the tables, with pasid_dir_free().
 *
 * Context: May sleep; nobody adds a table to @t.
 * Return: 0, -ENOMEM.
 */
int pasid_table_widen(const struct pasid_table *t, u32 max_pasids,
		      struct pasid_table *wide)
{
	unsigned int bits = min_t(unsigned int, order_base_2(max_pasids),
				  PASID_BITS_MAX);
	size_t size = sizeof(*t->dir) << t->dir_shift;

	*wide = *t;
	wide->dir = NULL;
	if (bits <= t->dir_shift + PASID_TABLE_SHIFT)
		return 0;
	wide->dir_shift = bits - PASID_TABLE_SHIFT;
	wide->dir = iommu_alloc_pages_node(wide->node, GFP_KERNEL,
					   pasid_dir_order(wide));
	if (!wide->dir)
		return -ENOMEM;
	memcpy(wide->dir, t->dir, size);
	if (!wide->coherent)
		clflush_cache_range(wide->dir,
				    sizeof(*wide->dir) << wide->dir_shift);
	return 0;
}

/**
 * pasid_dir_free() - free a PASID directory without its tables
 * @t: no context entry leads to it any more, and no cache
 */
void pasid_dir_free(struct pasid_table *t)
{
	iommu_free_pages(t->dir, pasid_dir_order(t));
	t->dir = NULL;
}

static struct pasid_entry *pasid_dir_table(const struct pasid_table *t, u32 i)
{
	u64 pde = READ_ONCE(t->dir[i].val);

	return pde & PDE_P ? phys_to_virt(pde & PDE_SMPTBLPTR) : NULL;
}

/**
 * pasid_table_free() - free a PASID directory and its tables
 * @t: no context entry leads to it any more, and no cache; may be empty
 */
void pasid_table_free(struct pasid_table *t)
{
	u32 i;

	if (!t->dir)
		return;
	for (i = 0; i < BIT(t->dir_shift); i++)
		if (pasid_dir_table(t, i))
			iommu_free_page(pasid_dir_table(t, i));
	pasid_dir_free(t);
}

/**
 * pasid_table_find() - the entry of a PASID
 * @t: the directory
 * @pasid: PASID
 *
 * Context: Any.
 * Return: The entry; NULL where there is no table, or no such PASID.
 */
struct pasid_entry *pasid_table_find(const struct pasid_table *t, u32 pasid)
{
	struct pasid_entry *table;

	if (!t->dir || pasid >> PASID_TABLE_SHIFT >= BIT(t->dir_shift))
		return NULL;
	table = pasid_dir_table(t, pasid >> PASID_TABLE_SHIFT);
	return table ? &table[pasid & (BIT(PASID_TABLE_SHIFT) - 1)] : NULL;
}

/**
 * pasid_table_get() - the entry of a PASID, made if need be
 * @t: the directory
 * @pasid: PASID
 *
 * Context: May sleep.  Any number of callers at once.
 * Return: The entry; ERR_PTR: -ERANGE for a PASID beyond the directory, -ENOMEM.
 */
struct pasid_entry *pasid_table_get(struct pasid_table *t, u32 pasid)
{
	struct pasid_entry *entry = pasid_table_find(t, pasid);
	struct pasid_dir_entry new, *pde;
	void *table;
	u64 empty = 0;

	if (entry)
		return entry;
	if (pasid >> PASID_TABLE_SHIFT >= BIT(t->dir_shift))
		return ERR_PTR(-ERANGE);
	table = iommu_alloc_page_node(t->node, GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	if (!t->coherent)
		clflush_cache_range(table, VTD_PAGE_SIZE);

	pde = &t->dir[pasid >> PASID_TABLE_SHIFT];
	make_pasid_dir(&new, virt_to_phys(table));
	if (!try_cmpxchg64(&pde->val, &empty, new.val))
		iommu_free_page(table);
	else if (!t->coherent)
		clflush_cache_range(pde, sizeof(*pde));
	return pasid_table_find(t, pasid);
}
