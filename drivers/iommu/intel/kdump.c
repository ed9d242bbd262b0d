// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of the kernel that crashed.
 *
 * Devices go on with DMA until a driver of this kernel resets them, and that DMA
 * may write to memory that is the crash dump.  So translation stays on, with a
 * copy of the old root and context tables; what these lead to - page tables, and
 * PASID tables in scalable mode - is the old kernel's memory, which this kernel
 * does not touch.
 *
 * Laws: an inherited entry is marked in iommu->copied until it is replaced; its
 * domain ID is not handed out (did.c); its device is attached only when a driver
 * asks for it (is_attach_deferred).
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/bitmap.h>
#include <linux/mm.h>

#include "../iommu-pages.h"
#include "domain.h"

/* Entries of one context table, and the source ID of the first. */
struct copied_table {
	struct intel_iommu *iommu;
	u16 first_rid;
	unsigned int count;
	unsigned int nqw;	/* qwords of an entry */
};

static int reserve_table_dids(struct intel_iommu *iommu, u64 pde)
{
	struct pasid_entry *table;
	int i;

	table = memremap(pde & PDE_SMPTBLPTR, VTD_PAGE_SIZE, MEMREMAP_WB);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < BIT(PASID_TABLE_SHIFT); i++)
		if (table[i].qw[0] & ENTRY_P)
			did_reserve(iommu, FIELD_GET(PE1_DID, table[i].qw[1]));
	memunmap(table);
	return 0;
}

/* The domain IDs behind a scalable-mode context entry. */
static int reserve_pasid_dids(struct intel_iommu *iommu, const u64 *context)
{
	u32 count = BIT(FIELD_GET(SMCTX0_PDTS, context[0]) + PDTS_MIN_SHIFT), i;
	struct pasid_dir_entry *dir;
	int ret = 0;

	dir = memremap(context[0] & SMCTX0_PASIDDIRPTR, count * sizeof(*dir),
		       MEMREMAP_WB);
	if (!dir)
		return -ENOMEM;
	for (i = 0; i < count && !ret; i++)
		if (dir[i].val & PDE_P)
			ret = reserve_table_dids(iommu, dir[i].val);
	memunmap(dir);
	return ret;
}

static int copy_entries(const struct copied_table *c, const u64 *from, u64 *to)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < c->count && !ret; i++, from += c->nqw, to += c->nqw) {
		if (!(from[0] & ENTRY_P))
			continue;
		memcpy(to, from, c->nqw * sizeof(u64));
		set_bit(c->first_rid + i, c->iommu->copied);
		if (sm_supported(c->iommu))
			ret = reserve_pasid_dids(c->iommu, to);
		else
			did_reserve(c->iommu, FIELD_GET(CTX_HI_DID, to[1]));
	}
	return ret;
}

/* Make a copy of the context table that @old links to; @slot is in our root. */
static int copy_context_table(const struct copied_table *c, u64 old, u64 *slot)
{
	u64 *from, *to;
	int ret;

	if (!(old & ROOT_P))
		return 0;
	to = iommu_alloc_page_node(c->iommu->node, GFP_KERNEL);
	if (!to)
		return -ENOMEM;
	from = memremap(old & ROOT_CTP, VTD_PAGE_SIZE, MEMREMAP_WB);
	if (!from) {
		iommu_free_page(to);
		return -ENOMEM;
	}
	ret = copy_entries(c, from, to);
	memunmap(from);
	iommu_flush_cache(c->iommu, to, VTD_PAGE_SIZE);
	WRITE_ONCE(*slot, virt_to_phys(to) | ROOT_P);
	return ret;
}

static int copy_bus(struct intel_iommu *iommu, const struct root_entry *old,
		    u8 bus)
{
	struct root_entry *root = &iommu->root[bus];
	struct copied_table c = { .iommu = iommu, .first_rid = bus << 8 };
	int ret;

	if (!sm_supported(iommu)) {
		c.count = 256;
		c.nqw = sizeof(struct context_entry) / sizeof(u64);
		return copy_context_table(&c, old->lo, &root->lo);
	}
	c.count = 128;
	c.nqw = sizeof(struct sm_context_entry) / sizeof(u64);
	ret = copy_context_table(&c, old->lo, &root->lo);
	if (ret)
		return ret;
	c.first_rid += c.count;
	return copy_context_table(&c, old->hi, &root->hi);
}

static int copy_root(struct intel_iommu *iommu, const struct root_entry *old)
{
	int bus, ret;

	for (bus = 0; bus < 256; bus++) {
		ret = copy_bus(iommu, &old[bus], bus);
		if (ret) {
			pr_err("%s: cannot copy the context table of bus %d: %d\n",
			       iommu->name, bus, ret);
			return ret;
		}
	}
	iommu_flush_cache(iommu, iommu->root, VTD_PAGE_SIZE);
	return 0;
}

/**
 * intel_kdump_copy_tables() - take over the tables that a unit is using
 * @iommu: the unit; its translation is on and its own root table is empty
 *
 * Context: May sleep; at boot, before any device is probed.
 * Return: 0; -EINVAL when the unit is in the other mode than this kernel wants,
 * or has no root table; -ENOMEM.  On failure nothing is inherited, and the caller
 * turns translation off.
 */
int intel_kdump_copy_tables(struct intel_iommu *iommu)
{
	u64 rtaddr = readq(iommu->reg + VTD_RTADDR_REG);
	bool scalable = FIELD_GET(RTADDR_TTM, rtaddr) == TTM_SCALABLE;
	struct root_entry *old;
	int ret;

	/* The mode can change only while translation is off (VT-d 11.4.5). */
	if (scalable != sm_supported(iommu) || !(rtaddr & RTADDR_RTA))
		return -EINVAL;
	iommu->copied = bitmap_zalloc(BIT(16), GFP_KERNEL);
	if (!iommu->copied)
		return -ENOMEM;
	old = memremap(rtaddr & RTADDR_RTA, VTD_PAGE_SIZE, MEMREMAP_WB);
	if (!old) {
		intel_context_reset(iommu);
		return -ENOMEM;
	}
	ret = copy_root(iommu, old);
	memunmap(old);
	if (ret)
		intel_context_reset(iommu);
	return ret;
}
