// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt remapping of units: switching it on and off.
 *
 * Laws of this file:
 *  - Remapping is on for every unit or for none: one unit without it would
 *    let its devices forge any interrupt.
 *  - While it is on, requests in compatibility format are blocked (VT-d 5.1.4).
 *  - prepare, enable, disable and reenable run on one CPU with interrupts off
 *    or before the others start; hot-plug holds dmar_global_lock.
 */

#define pr_fmt(fmt) "DMAR-IR: " fmt

#include <linux/acpi.h>
#include <linux/bitmap.h>
#include <linux/crash_dump.h>
#include <linux/dmar.h>
#include <linux/io.h>
#include <linux/slab.h>

#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/io_apic.h>
#include <asm/irq_remapping.h>

#include "bits.h"
#include "unit.h"
#include "ir.h"
#include "../iommu-pages.h"
#include "../irq_remapping.h"

#define IR_IRTA_S	15	/* 2^(15 + 1) entries (VT-d 11.4.7.13) */
static_assert(IR_ENTRIES == 1U << (IR_IRTA_S + 1));

static bool ir_x2apic __ro_after_init;

/* Are destinations 32-bit x2APIC IDs (IRTA.EIME)? */
bool ir_x2apic_mode(void)
{
	return ir_x2apic;
}

static struct ir_table *ir_table_alloc(struct intel_iommu *iommu)
{
	struct ir_table *table = kzalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	raw_spin_lock_init(&table->lock);
	table->used = bitmap_zalloc(IR_ENTRIES, GFP_KERNEL);
	if (!table->used)
		goto err_table;
	table->base = iommu_alloc_pages_node(iommu->node, GFP_KERNEL, IR_TABLE_ORDER);
	if (!table->base)
		goto err_used;
	iommu_flush_cache(iommu, table->base, IR_ENTRIES * sizeof(struct irte));
	if (ir_domain_create(iommu, table))
		goto err_base;
	return table;

err_base:
	iommu_free_pages(table->base, IR_TABLE_ORDER);
err_used:
	bitmap_free(table->used);
err_table:
	kfree(table);
	return NULL;
}

static void ir_table_free(struct ir_table *table)
{
	ir_domain_remove(table);
	iommu_free_pages(table->base, IR_TABLE_ORDER);
	bitmap_free(table->used);
	kfree(table);
}

/*
 * The kernel that crashed left devices that still interrupt.  Keep its entries
 * so that they stay harmless, and keep their indices out of use.
 */
static int ir_inherit_entries(struct intel_iommu *iommu)
{
	struct ir_table *table = iommu->ir;
	size_t size = IR_ENTRIES * sizeof(struct irte);
	u64 irta = readq(iommu->reg + VTD_IRTA_REG);
	struct irte *old;

	if (FIELD_GET(IRTA_S, irta) != IR_IRTA_S)
		return -EINVAL;
	old = memremap(irta & IRTA_ADDR, size, MEMREMAP_WB);
	if (!old)
		return -ENOMEM;

	memcpy(table->base, old, size);
	memunmap(old);
	iommu_flush_cache(iommu, table->base, size);
	for (unsigned int i = 0; i < IR_ENTRIES; i++)
		if (table->base[i].low & IRTE0_P)
			__set_bit(i, table->used);
	return 0;
}

static void ir_disable(struct intel_iommu *iommu)
{
	if (!(readl(iommu->reg + VTD_GSTS_REG) & GSTS_IRES))
		return;
	/* Without a queue of ours there is nothing of ours in the cache. */
	if (iommu->qi && !cap_esirtps(iommu->cap))
		qi_global_iec(iommu);
	iommu_gcmd_clear(iommu, GCMD_IRE);
}

static void ir_take_over(struct intel_iommu *iommu)
{
	int ret;

	if (!(readl(iommu->reg + VTD_GSTS_REG) & GSTS_IRES))
		return;
	if (!is_kdump_kernel()) {
		pr_info("%s: interrupt remapping was on at boot, switched off\n", iommu->name);
		ir_disable(iommu);
		return;
	}
	iommu->flags |= UNIT_IR_PRE_ENABLED;
	ret = ir_inherit_entries(iommu);
	if (ret)
		pr_err("%s: cannot read the old kernel's interrupt remapping table (%d), its interrupts are blocked\n",
		       iommu->name, ret);
	else
		pr_info("%s: kept the old kernel's interrupt remapping entries\n", iommu->name);
}

/* VT-d 11.4.4, SIRTP: the pointer is latched, then the cache is invalidated. */
static int ir_set_table(struct intel_iommu *iommu)
{
	u64 irta = virt_to_phys(iommu->ir->base) | FIELD_PREP(IRTA_S, IR_IRTA_S);
	unsigned long flags;
	int ret;

	if (ir_x2apic)
		irta |= IRTA_EIME;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	writeq(irta, iommu->reg + VTD_IRTA_REG);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);

	ret = iommu_gcmd_oneshot(iommu, GCMD_SIRTP, GSTS_IRTPS);
	if (!ret && !cap_esirtps(iommu->cap))
		qi_global_iec(iommu);
	return ret;
}

static int ir_enable(struct intel_iommu *iommu)
{
	int ret = iommu_gcmd_set(iommu, GCMD_IRE);

	if (!ret && (readl(iommu->reg + VTD_GSTS_REG) & GSTS_CFIS))
		ret = iommu_gcmd_clear(iommu, GCMD_CFI);
	if (ret)
		pr_err("%s: cannot switch interrupt remapping on (%d)\n", iommu->name, ret);
	return ret;
}

/* Whatever was on, a crashed kernel's table, too, is off. */
static void ir_teardown(struct intel_iommu *iommu)
{
	if (!ecap_ir(iommu->ecap))
		return;
	ir_disable(iommu);
	iommu->flags &= ~UNIT_IR_PRE_ENABLED;
	if (!iommu->ir)
		return;
	ir_table_free(iommu->ir);
	iommu->ir = NULL;
}

/* Give the unit a table and a queue; remapping itself stays off (or inherited). */
static int ir_setup(struct intel_iommu *iommu)
{
	int ret;

	if (iommu->ir)
		return 0;
	iommu->ir = ir_table_alloc(iommu);
	if (!iommu->ir)
		return -ENOMEM;

	ret = iommu->qi ? 0 : qi_enable(iommu);
	if (!ret) {
		ir_take_over(iommu);
		ret = ir_set_table(iommu);
	}
	if (ret)
		ir_teardown(iommu);
	return ret;
}

static bool __init ir_all_capable(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	bool any = false;

	for_each_iommu(iommu, drhd) {
		if (!ecap_ir(iommu->ecap) || !ecap_qi(iommu->ecap))
			return false;
		any = true;
	}
	return any;
}

static bool __init ir_ioapics_covered(void)
{
	struct dmar_drhd_unit *drhd;
	struct ir_source src;

	for_each_drhd_unit(drhd)
		if (ir_add_controllers(drhd))
			return false;

	for (int i = 0; i < nr_ioapics; i++) {
		if (ir_ioapic_unit(mpc_ioapic_id(i), &src))
			continue;
		pr_err(FW_BUG "I/O APIC %d is behind no unit, interrupt remapping stays off\n",
		       mpc_ioapic_id(i));
		return false;
	}
	return true;
}

static bool __init ir_choose_x2apic(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	if (!x2apic_supported())
		return false;
	if ((dmar_table_flags() & DMAR_X2APIC_OPT_OUT) && !no_x2apic_optout) {
		pr_info("firmware asks for no x2apic; intremap=no_x2apic_optout overrides it\n");
		return false;
	}
	for_each_iommu(iommu, drhd) {
		if (!ecap_eim(iommu->ecap)) {
			pr_info("%s has no extended interrupt mode, x2apic stays off\n",
				iommu->name);
			return false;
		}
	}
	return true;
}

static void ir_teardown_all(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_iommu(iommu, drhd) {
		ir_teardown(iommu);
		ir_remove_controllers(iommu);
	}
}

static int __init ir_prepare(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	if (irq_remap_broken) {
		pr_warn(FW_BUG "firmware uses interrupt remapping on a chipset where it is unreliable, it stays off; ask your vendor for an update\n");
		add_taint(TAINT_FIRMWARE_WORKAROUND, LOCKDEP_STILL_OK);
		return -ENODEV;
	}
	if (dmar_table_init() < 0 || !(dmar_table_flags() & DMAR_INTR_REMAP))
		return -ENODEV;
	if (!ir_all_capable() || !ir_ioapics_covered())
		goto err_all;

	ir_x2apic = ir_choose_x2apic();
	for_each_iommu(iommu, drhd) {
		ret = ir_setup(iommu);
		if (ret) {
			pr_err("%s: cannot set up interrupt remapping (%d), it stays off\n",
			       iommu->name, ret);
			goto err_all;
		}
	}
	return 0;

err_all:
	ir_teardown_all();
	pr_warn("interrupts are not remapped: a device can raise any of them\n");
	return -ENODEV;
}

/* A posted entry is changed with CMPXCHG16B or not at all. */
static bool ir_can_post(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	if (disable_irq_post || !boot_cpu_has(X86_FEATURE_CX16))
		return false;
	for_each_iommu(iommu, drhd)
		if (!cap_pi(iommu->cap))
			return false;
	return true;
}

static void ir_set_posting(bool on)
{
	if (on)
		intel_irq_remap_ops.capability |= BIT(IRQ_POSTING_CAP);
	else
		intel_irq_remap_ops.capability &= ~BIT(IRQ_POSTING_CAP);
}

static int __init ir_enable_all(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_iommu(iommu, drhd) {
		if (iommu->flags & UNIT_IR_PRE_ENABLED)
			continue;
		if (ir_enable(iommu)) {
			ir_teardown_all();
			return -EIO;
		}
	}

	irq_remapping_enabled = 1;
	ir_set_posting(ir_can_post());
	pr_info("Enabled IRQ remapping in %s mode\n", ir_x2apic ? "x2apic" : "xapic");
	return ir_x2apic ? IRQ_REMAP_X2APIC_MODE : IRQ_REMAP_XAPIC_MODE;
}

static void ir_disable_all(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_iommu(iommu, drhd)
		if (iommu->ir)
			ir_disable(iommu);
	ir_set_posting(false);
}

/* After suspend: the registers are lost, the tables are not. */
static int ir_reenable_all(int x2apic)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	for_each_iommu(iommu, drhd) {
		if (!iommu->ir)
			continue;
		ret = qi_reenable(iommu);
		if (!ret)
			ret = ir_set_table(iommu);
		if (!ret)
			ret = ir_enable(iommu);
		if (ret)
			return ret;
	}
	ir_set_posting(ir_can_post());
	return 0;
}

struct irq_remap_ops intel_irq_remap_ops = {
	.prepare		= ir_prepare,
	.enable			= ir_enable_all,
	.disable		= ir_disable_all,
	.reenable		= ir_reenable_all,
	.enable_faulting	= enable_drhd_fault_handling,
};

/* Interrupts of PCI devices are remapped even when their DMA is not. */
static int __init ir_scope_init(void)
{
	int ret;

	if (!irq_remapping_enabled)
		return 0;
	down_write(&dmar_global_lock);
	ret = dmar_dev_scope_init();
	up_write(&dmar_global_lock);
	return ret;
}
rootfs_initcall(ir_scope_init);

/**
 * intel_irq_remap_add_device() - Send a new PCI device's MSIs through its unit
 * @pdev: the device
 *
 * A device that already has another MSI domain (behind a VMD, for example)
 * keeps it.
 *
 * Context: process context, dmar_global_lock held.
 */
void intel_irq_remap_add_device(struct pci_dev *pdev)
{
	struct dmar_drhd_unit *drhd;

	if (!irq_remapping_enabled || !pci_dev_has_default_msi_parent_domain(pdev))
		return;
	drhd = dmar_find_matched_drhd_unit(pdev);
	if (drhd && drhd->iommu && drhd->iommu->ir)
		dev_set_msi_domain(&pdev->dev, drhd->iommu->ir->domain);
}

static int ir_hot_add(struct dmar_drhd_unit *drhd)
{
	struct intel_iommu *iommu = drhd->iommu;
	int ret;

	if (iommu->ir)
		return 0;
	if (ir_x2apic && !ecap_eim(iommu->ecap)) {
		pr_warn("%s has no extended interrupt mode, not added\n", iommu->name);
		return -ENODEV;
	}
	ret = ir_add_controllers(drhd);
	if (!ret)
		ret = ir_setup(iommu);
	if (!ret)
		ret = ir_enable(iommu);
	if (ret) {
		ir_teardown(iommu);
		ir_remove_controllers(iommu);
	}
	return ret;
}

/* Does any interrupt come through the unit? */
bool ir_in_use(const struct intel_iommu *iommu)
{
	return iommu->ir && !bitmap_empty(iommu->ir->used, IR_ENTRIES);
}

static int ir_hot_remove(struct intel_iommu *iommu)
{
	if (!iommu->ir)
		return 0;
	if (ir_in_use(iommu))
		return -EBUSY;
	ir_teardown(iommu);
	ir_remove_controllers(iommu);
	return 0;
}

/**
 * dmar_ir_hotplug() - A unit appears or disappears
 * @dmaru: the unit
 * @insert: it appears
 *
 * Context: process context, dmar_global_lock held for writing.
 * Return: 0; -EINVAL when the unit was not set up; -EBUSY when interrupts are
 * still in its table or it cannot post as the others do; -ENODEV when it
 * cannot remap as the others do; -ENOMEM; -ENOSPC; -ETIMEDOUT.
 */
int dmar_ir_hotplug(struct dmar_drhd_unit *dmaru, bool insert)
{
	struct intel_iommu *iommu = dmaru->iommu;

	if (!irq_remapping_enabled)
		return 0;
	if (!iommu)
		return -EINVAL;
	if (!insert)
		return ir_hot_remove(iommu);
	if (!ecap_ir(iommu->ecap))
		return -ENODEV;
	if (irq_remapping_cap(IRQ_POSTING_CAP) && !cap_pi(iommu->cap))
		return -EBUSY;
	return ir_hot_add(dmaru);
}
