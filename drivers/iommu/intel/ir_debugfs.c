// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt remapping tables, for people: intel/ir_translation_struct in
 * debugfs.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "bits.h"
#include "debugfs.h"
#include "ir.h"
#include "unit.h"

/* One of the two formats of entries (9.9, 9.10). */
struct format {
	const char *name;
	const char *columns;
	bool posted;
	void (*show)(struct seq_file *m, const struct irte *e);
};

static void show_destination(struct seq_file *m, const struct irte *e)
{
	seq_printf(m, "%08llx", FIELD_GET(IRTE0_DST, e->low));
}

static void show_descriptor(struct seq_file *m, const struct irte *e)
{
	seq_printf(m, "%08llx %08llx", FIELD_GET(IRTE1_PDAH, e->high),
		   FIELD_GET(IRTE0_PDAL, e->low) << 6);
}

static const struct format remapped = {
	"Remapped", "DstID   ", false, show_destination,
};

static const struct format posted = {
	"Posted", "PDA_high PDA_low ", true, show_descriptor,
};

static struct irte read_entry(struct ir_table *table, unsigned int index)
{
	guard(raw_spinlock_irqsave)(&table->lock);
	return table->base[index];
}

static void show_entries(struct seq_file *m, struct ir_table *table,
			 const struct format *format)
{
	unsigned int i;
	u16 sid;

	seq_printf(m, " IR table address:%llx\n", (u64)virt_to_phys(table->base));
	seq_printf(m, " Entry SrcID   %s Vct IRTE_high\t\tIRTE_low\n", format->columns);
	for (i = 0; i < IR_ENTRIES; i++) {
		struct irte e = read_entry(table, i);

		if (!(e.low & IRTE0_P) || !!(e.low & IRTE0_IM) != format->posted)
			continue;
		sid = FIELD_GET(IRTE1_SID, e.high);
		seq_printf(m, " %-5u %02x:%02x.%x ", i, PCI_BUS_NUM(sid),
			   PCI_SLOT(sid & 0xff), PCI_FUNC(sid & 0xff));
		format->show(m, &e);
		seq_printf(m, " %02llx  %016llx\t%016llx\n",
			   FIELD_GET(IRTE0_V, e.low), e.high, e.low);
	}
}

static void show_unit(struct seq_file *m, struct intel_iommu *iommu,
		      const struct format *format)
{
	seq_printf(m, "%s Interrupt supported on IOMMU: %s\n", format->name, iommu->name);
	if (iommu->ir && readl(iommu->reg + VTD_GSTS_REG) & GSTS_IRES)
		show_entries(m, iommu->ir, format);
	else
		seq_puts(m, "Interrupt Remapping is not enabled\n");
	seq_putc(m, '\n');
}

static void show_remapped(struct seq_file *m, struct intel_iommu *iommu)
{
	if (ecap_ir(iommu->ecap))
		show_unit(m, iommu, &remapped);
}

static void show_posted(struct seq_file *m, struct intel_iommu *iommu)
{
	if (cap_pi(iommu->cap))
		show_unit(m, iommu, &posted);
}

static int ir_translation_struct_show(struct seq_file *m, void *unused)
{
	intel_debugfs_show_units(m, show_remapped);
	seq_puts(m, "****\n\n");
	return intel_debugfs_show_units(m, show_posted);
}
DEFINE_SHOW_ATTRIBUTE(ir_translation_struct);

/**
 * ir_debugfs_init() - make the file
 * @dir: where
 */
void __init ir_debugfs_init(struct dentry *dir)
{
	debugfs_create_file("ir_translation_struct", 0444, dir, NULL,
			    &ir_translation_struct_fops);
}
