// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hardware sees, for people: registers, tables and queues in debugfs, and
 * the entries behind a fault in the log.
 *
 * Laws: nothing is changed, nothing is kept.  Tables are walked from the root,
 * as hardware does, under iommu->lock where that is possible; I/O page tables
 * may be unmapped and freed meanwhile, and hold anything.  Then what is shown of
 * them is wrong, but reading it does no harm (read_entry).
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "debugfs.h"
#include "domain.h"
#include "queue.h"

/* Second-stage and first-stage entries agree in what a walk needs (9.7, 9.8). */
#define PTE_ACCESS		GENMASK_ULL(2, 0)
#define PTE_PRESENT		BIT_ULL(0)
#define PTE_PS			BIT_ULL(7)
#define PTE_ADDR		GENMASK_ULL(51, 12)
#define PTES_PER_TABLE		512
#define LEVEL_SHIFT(level)	(VTD_PAGE_SHIFT + 9 * ((level) - 1))

/**
 * struct top_table - where a translation starts
 * @table: the top table, NULL when nothing is translated by one
 * @levels: its levels
 * @present: the bits of which one is set in an entry that is present
 */
struct top_table {
	u64 *table;
	u8 levels;
	u64 present;
};

static struct top_table second_stage(u64 qw, u64 aw)
{
	return (struct top_table) {
		.table = phys_to_virt(qw & VTD_PAGE_MASK),
		.levels = LEVELS_OF_AW(aw),
		.present = PTE_ACCESS,
	};
}

static struct top_table top_of_context(const u64 *context)
{
	if (!(context[0] & ENTRY_P) ||
	    FIELD_GET(CTX_LO_TT, context[0]) == TT_PASSTHROUGH)
		return (struct top_table) {};
	return second_stage(context[0], FIELD_GET(CTX_HI_AW, context[1]));
}

static struct top_table top_of_pasid(const struct pasid_entry *e)
{
	if (!(e->qw[0] & ENTRY_P))
		return (struct top_table) {};
	switch (FIELD_GET(PE0_PGTT, e->qw[0])) {
	case PGTT_FIRST_STAGE:
		return (struct top_table) {
			.table = phys_to_virt(e->qw[2] & PE2_FSPTPTR),
			.levels = FIELD_GET(PE2_FSPM, e->qw[2]) ==
				  FSPM_5LEVEL ? 5 : 4,
			.present = PTE_PRESENT,
		};
	case PGTT_SECOND_STAGE:
	case PGTT_NESTED:
		return second_stage(e->qw[0], FIELD_GET(PE0_AW, e->qw[0]));
	default:
		return (struct top_table) {};
	}
}

/* The PASID tables that a scalable-mode context entry leads to. */
static struct pasid_table tables_of_context(const u64 *context)
{
	return (struct pasid_table) {
		.dir = phys_to_virt(context[0] & SMCTX0_PASIDDIRPTR),
		.dir_shift = FIELD_GET(SMCTX0_PDTS, context[0]) + PDTS_MIN_SHIFT,
	};
}

/* An inherited entry leads to memory of the crashed kernel: stay out of it. */
static bool context_ours(struct intel_iommu *iommu, u16 rid, const u64 *context)
{
	return context && context[0] & ENTRY_P &&
	       !(iommu->copied && test_bit(rid, iommu->copied));
}

/* An entry of a table that may be none any more, nor memory at all. */
static bool read_entry(const u64 *entry, u64 *pte)
{
	return !get_kernel_nofault(*pte, entry);
}

static void dump_walk(const struct top_table *top, u64 addr)
{
	u64 *table = top->table, pte;
	int level;

	for (level = top->levels; level; level--) {
		if (!read_entry(&table[addr >> LEVEL_SHIFT(level) &
				       (PTES_PER_TABLE - 1)], &pte)) {
			pr_info("page table level %d: cannot be read\n", level);
			return;
		}
		pr_info("page table level %d: 0x%016llx\n", level, pte);
		if (!(pte & top->present) || pte & PTE_PS)
			return;
		table = phys_to_virt(pte & PTE_ADDR);
	}
}

static void dump_pasid(const u64 *context, u32 pasid, u64 addr)
{
	struct pasid_table tables = tables_of_context(context);
	struct pasid_entry *e;
	struct top_table top;
	int i;

	e = pasid_table_find(&tables, pasid);
	if (!e) {
		pr_info("no PASID table for PASID 0x%x\n", pasid);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(e->qw); i++)
		pr_info("PASID 0x%x entry[%d]: 0x%016llx\n", pasid, i,
			READ_ONCE(e->qw[i]));
	top = top_of_pasid(e);
	if (top.table)
		dump_walk(&top, addr);
}

/**
 * intel_iommu_dump_entries() - log the entries that a request was walked by
 * @iommu: the unit
 * @sid: source ID of the request
 * @addr: address of the request
 * @pasid: its PASID, or %IOMMU_PASID_INVALID for none
 *
 * Context: Any; takes no lock, so entries may change under it.  RCU keeps tables of
 * PASIDs, and page tables are read as what may be gone.
 */
void intel_iommu_dump_entries(struct intel_iommu *iommu, u16 sid, u64 addr,
			      u32 pasid)
{
	u64 *context = intel_context_find(iommu, sid);
	struct top_table top;

	guard(rcu)();
	pr_info("%s: entries for source ID %02x:%02x.%x, address 0x%llx\n",
		iommu->name, PCI_BUS_NUM(sid), PCI_SLOT(sid & 0xff),
		PCI_FUNC(sid & 0xff), addr);
	if (!context) {
		pr_info("no context table\n");
		return;
	}
	pr_info("context entry: 0x%016llx 0x%016llx\n", context[1], context[0]);
	if (!context_ours(iommu, sid, context))
		return;
	if (sm_supported(iommu)) {
		dump_pasid(context, pasid == IOMMU_PASID_INVALID ? 0 : pasid,
			   addr);
		return;
	}
	top = top_of_context(context);
	if (top.table)
		dump_walk(&top, addr);
}

/* Registers by offset; the names are those of the specification (11.4). */
struct reg_name {
	u16 offset;
	u8 bits;
	const char *name;
};

#define REG32(reg)	{ VTD_##reg##_REG, 32, #reg }
#define REG64(reg)	{ VTD_##reg##_REG, 64, #reg }

static const struct reg_name regs[] = {
	REG32(VER), REG32(GCMD), REG32(GSTS), REG32(FSTS), REG32(FECTL),
	REG32(FEDATA), REG32(FEADDR), REG32(FEUADDR), REG32(PMEN),
	REG32(PLMBASE), REG32(PLMLIMIT), REG32(ICS), REG32(PRS), REG32(PECTL),
	REG32(PEDATA), REG32(PEADDR), REG32(PEUADDR),
	REG64(CAP), REG64(ECAP), REG64(RTADDR), REG64(CCMD), REG64(PHMBASE),
	REG64(PHMLIMIT), REG64(IQH), REG64(IQT), REG64(IQA), REG64(IQERCD),
	REG64(IRTA), REG64(PQH), REG64(PQT), REG64(PQA),
};

static u64 read_reg(struct intel_iommu *iommu, const struct reg_name *reg)
{
	return reg->bits == 32 ? readl(iommu->reg + reg->offset) :
				 readq(iommu->reg + reg->offset);
}

/**
 * intel_debugfs_show_units() - call a function for each unit in use
 * @m: the file
 * @show: the function; units cannot go meanwhile
 *
 * Context: May sleep.
 * Return: 0
 */
int intel_debugfs_show_units(struct seq_file *m,
			     void (*show)(struct seq_file *m,
					  struct intel_iommu *iommu))
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	guard(rwsem_read)(&dmar_global_lock);
	for_each_active_iommu(iommu, drhd)
		show(m, iommu);
	return 0;
}

static void show_regs(struct seq_file *m, struct intel_iommu *iommu)
{
	const struct reg_name *reg;

	seq_printf(m, "IOMMU: %s Register Base Address: %llx\n", iommu->name,
		   iommu->reg_phys);
	seq_puts(m, "Name\t\t\tOffset\t\tContents\n");
	for (reg = regs; reg < regs + ARRAY_SIZE(regs); reg++)
		seq_printf(m, "%-16s\t0x%02x\t\t0x%016llx\n", reg->name,
			   reg->offset, read_reg(iommu, reg));
	seq_putc(m, '\n');
}

static int iommu_regset_show(struct seq_file *m, void *unused)
{
	return intel_debugfs_show_units(m, show_regs);
}
DEFINE_SHOW_ATTRIBUTE(iommu_regset);

static void show_entry(struct seq_file *m, struct intel_iommu *iommu, u16 rid,
		       const u64 *context, int pasid, const struct pasid_entry *e)
{
	const struct root_entry *root = &iommu->root[PCI_BUS_NUM(rid)];
	static const struct pasid_entry none;

	e = e ?: &none;
	seq_printf(m, "%02x:%02x.%x\t0x%016llx:0x%016llx\t0x%016llx:0x%016llx\t",
		   PCI_BUS_NUM(rid), PCI_SLOT(rid & 0xff), PCI_FUNC(rid & 0xff),
		   root->hi, root->lo, context[1], context[0]);
	seq_printf(m, "%-6d\t0x%016llx:0x%016llx:0x%016llx\n", pasid, e->qw[2],
		   e->qw[1], e->qw[0]);
}

static void show_pasids(struct seq_file *m, struct intel_iommu *iommu, u16 rid,
			const u64 *context)
{
	struct pasid_table tables = tables_of_context(context);
	struct pasid_entry *e;
	u32 pasid = 0;

	while (pasid < BIT(tables.dir_shift + PASID_TABLE_SHIFT)) {
		e = pasid_table_find(&tables, pasid);
		if (!e) {
			pasid += BIT(PASID_TABLE_SHIFT);
			continue;
		}
		if (e->qw[0] & ENTRY_P)
			show_entry(m, iommu, rid, context, pasid, e);
		pasid++;
	}
}

static void show_tables(struct seq_file *m, struct intel_iommu *iommu)
{
	unsigned long flags;
	u64 *context;
	u32 rid;

	if (!iommu_translating(iommu) || !iommu->root) {
		seq_printf(m, "DMA Remapping is not enabled on %s\n",
			   iommu->name);
		return;
	}
	seq_printf(m, "IOMMU %s: Root Table Address: 0x%llx\n", iommu->name,
		   (u64)virt_to_phys(iommu->root));
	seq_puts(m, "B.D.F\tRoot_entry\t\t\t\tContext_entry\t\t\t\tPASID\tPASID_table_entry\n");
	spin_lock_irqsave(&iommu->lock, flags);
	for (rid = 0; rid < BIT(16); rid++) {
		context = intel_context_find(iommu, rid);
		if (!context)
			rid |= 0x7f;
		else if (sm_supported(iommu) && context_ours(iommu, rid, context))
			show_pasids(m, iommu, rid, context);
		else if (context[0] & ENTRY_P)
			show_entry(m, iommu, rid, context, -1, NULL);
	}
	spin_unlock_irqrestore(&iommu->lock, flags);
	seq_putc(m, '\n');
}

static int dmar_translation_struct_show(struct seq_file *m, void *unused)
{
	return intel_debugfs_show_units(m, show_tables);
}
DEFINE_SHOW_ATTRIBUTE(dmar_translation_struct);

static void show_queue(struct seq_file *m, struct intel_iommu *iommu)
{
	struct q_inval *qi = iommu->qi;
	unsigned long flags;
	unsigned int slot;
	const u64 *qw;

	if (!qi)
		return;
	seq_printf(m, "Invalidation queue on IOMMU: %s\n", iommu->name);
	raw_spin_lock_irqsave(&qi->lock, flags);
	seq_printf(m, " Base: 0x%llx\tHead: %lld\tTail: %lld\n",
		   (u64)virt_to_phys(qi->ring),
		   readq(iommu->reg + VTD_IQH_REG) >> qi->shift,
		   readq(iommu->reg + VTD_IQT_REG) >> qi->shift);
	seq_puts(m, qi->shift == QI_SHIFT_256 ?
		 "Index\t\tqw0\t\t\tqw1\t\t\tqw2\t\t\tqw3\t\t\tstatus\n" :
		 "Index\t\tqw0\t\t\tqw1\t\t\tstatus\n");
	for (slot = 0; slot < QI_SLOTS; slot++) {
		qw = qi_slot_ptr(qi, slot);
		seq_printf(m, "%5d\t%016llx\t%016llx\t", slot, qw[0], qw[1]);
		if (qi->shift == QI_SHIFT_256)
			seq_printf(m, "%016llx\t%016llx\t", qw[2], qw[3]);
		seq_printf(m, "%016x\n", qi->status[slot]);
	}
	raw_spin_unlock_irqrestore(&qi->lock, flags);
	seq_putc(m, '\n');
}

static int invalidation_queue_show(struct seq_file *m, void *unused)
{
	return intel_debugfs_show_units(m, show_queue);
}
DEFINE_SHOW_ATTRIBUTE(invalidation_queue);

/* One line per leaf: where it is, and the entries from the top down to it. */
static void show_leaf(struct seq_file *m, u64 iova, const u64 *path)
{
	int level;

	seq_printf(m, "0x%013llx |", iova >> VTD_PAGE_SHIFT);
	for (level = 5; level; level--)
		if (level > 2 || path[level])
			seq_printf(m, "\t0x%016llx", path[level]);
	seq_putc(m, '\n');
}

static void show_level(struct seq_file *m, const struct top_table *top,
		       const u64 *table, int level, u64 iova, u64 *path)
{
	u64 pte;
	int i;

	for (i = 0; i < PTES_PER_TABLE; i++, iova += BIT_ULL(LEVEL_SHIFT(level))) {
		if (!read_entry(&table[i], &pte) || !(pte & top->present))
			continue;
		path[level] = pte;
		if (level == 1 || pte & PTE_PS)
			show_leaf(m, iova, path);
		else
			show_level(m, top, phys_to_virt(pte & PTE_ADDR),
				   level - 1, iova, path);
		path[level] = 0;
	}
}

static struct top_table top_of_device(struct intel_device *device, u32 pasid)
{
	const u64 *context = intel_context_find(device->iommu, device->rid);
	struct pasid_table tables;
	struct pasid_entry *e;

	if (!context_ours(device->iommu, device->rid, context))
		return (struct top_table) {};
	if (!sm_supported(device->iommu))
		return top_of_context(context);
	tables = tables_of_context(context);
	e = pasid_table_find(&tables, pasid);
	return e ? top_of_pasid(e) : (struct top_table) {};
}

static void show_domain(struct seq_file *m, struct intel_device *device,
			u32 pasid)
{
	struct intel_iommu *iommu = device->iommu;
	u64 path[6] = {};
	struct top_table top;
	unsigned long flags;

	spin_lock_irqsave(&iommu->lock, flags);
	top = top_of_device(device, pasid);
	if (!top.table || device->sub_device)
		goto unlock;
	seq_printf(m, "Device %04x:%02x:%02x.%x ", device->segment, device->bus,
		   PCI_SLOT(device->devfn), PCI_FUNC(device->devfn));
	if (sm_supported(iommu))
		seq_printf(m, "with pasid %x ", pasid);
	seq_printf(m, "@0x%llx\n", (u64)virt_to_phys(top.table));
	seq_printf(m, "%-17s\t%-18s\t%-18s\t%-18s\t%-18s\t%-s\n", "IOVA_PFN",
		   "PML5E", "PML4E", "PDPE", "PDE", "PTE");
	show_level(m, &top, top.table, top.levels, 0, path);
unlock:
	spin_unlock_irqrestore(&iommu->lock, flags);
}

static int domain_translation_struct_show(struct seq_file *m, void *unused)
{
	show_domain(m, m->private, 0);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(domain_translation_struct);

static int pasid_translation_struct_show(struct seq_file *m, void *unused)
{
	struct attachment *att = m->private;

	show_domain(m, att->device, att->pasid);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pasid_translation_struct);

static struct dentry *intel_dir;

/**
 * intel_debugfs_add_device() - show a device: intel/<device>/
 * @device: the device
 */
void intel_debugfs_add_device(struct intel_device *device)
{
	device->debugfs = debugfs_create_dir(dev_name(device->dev), intel_dir);
	debugfs_create_file("domain_translation_struct", 0444, device->debugfs,
			    device, &domain_translation_struct_fops);
}

/**
 * intel_debugfs_del_device() - the reverse; waits for readers
 * @device: the device
 */
void intel_debugfs_del_device(struct intel_device *device)
{
	debugfs_remove_recursive(device->debugfs);
}

/**
 * intel_debugfs_add_attachment() - show a PASID: intel/<device>/<pasid>/
 * @att: the attachment
 */
void intel_debugfs_add_attachment(struct attachment *att)
{
	char name[12];

	snprintf(name, sizeof(name), "%x", att->pasid);
	att->debugfs = debugfs_create_dir(name, att->device->debugfs);
	debugfs_create_file("domain_translation_struct", 0444, att->debugfs, att,
			    &pasid_translation_struct_fops);
}

/**
 * intel_debugfs_del_attachment() - the reverse; waits for readers
 * @att: the attachment
 */
void intel_debugfs_del_attachment(struct attachment *att)
{
	debugfs_remove_recursive(att->debugfs);
}

/**
 * intel_iommu_debugfs_init() - make the directory and what concerns all units
 */
void __init intel_iommu_debugfs_init(void)
{
	intel_dir = debugfs_create_dir("intel", iommu_debugfs_dir);
	debugfs_create_file("iommu_regset", 0444, intel_dir, NULL,
			    &iommu_regset_fops);
	debugfs_create_file("dmar_translation_struct", 0444, intel_dir, NULL,
			    &dmar_translation_struct_fops);
	debugfs_create_file("invalidation_queue", 0444, intel_dir, NULL,
			    &invalidation_queue_fops);
	dmar_latency_debugfs_init(intel_dir);
	ir_debugfs_init(intel_dir);
}
