// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMAR table of this machine: found early, parsed once, kept as lists.
 *
 * Laws: detection runs before there is an allocator and only looks; what parsing
 * makes is added to the lists under dmar_global_lock and lives as long as VT-d
 * or interrupt remapping is in use; a table that is wrong costs what is wrong in
 * it, not the boot.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <linux/acpi.h>
#include <linux/dmi.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/tboot.h>
#include <asm/iommu.h>
#include <asm/x86_init.h>

#include "table.h"
#include "unit.h"
#include "../irq_remapping.h"

/* Protects the lists below and all scopes; readers of scopes may use RCU. */
DECLARE_RWSEM(dmar_global_lock);

LIST_HEAD(dmar_drhd_units);

/*
 * Units that firmware names but that are not there or not usable.  No other unit
 * translates for their devices, so they must not be looked up elsewhere.
 */
LIST_HEAD(dmar_lost_units);

LIST_HEAD(dmar_rmrrs);
LIST_HEAD(dmar_atsrs);
LIST_HEAD(dmar_satcs);
LIST_HEAD(dmar_andds);

static u8 table_flags;

/**
 * dmar_table_flags - flags of the DMAR table's header
 *
 * Context: after dmar_table_init()
 * Return: DMAR_INTR_REMAP, DMAR_X2APIC_OPT_OUT, DMAR_PLATFORM_OPT_IN
 */
u8 dmar_table_flags(void)
{
	return table_flags;
}

static const char *bios(int field)
{
	return dmi_get_system_info(field) ?: "unknown";
}

/**
 * dmar_firmware_is_broken - tell whom to ask for a fix
 * @bugs: how many faults were found; nothing happens for 0
 */
void dmar_firmware_is_broken(unsigned int bugs)
{
	if (!bugs)
		return;

	pr_warn(FW_BUG "%u fault(s) in what firmware says of VT-d; BIOS vendor: %s; Ver: %s; Product Version: %s\n",
		bugs, bios(DMI_BIOS_VENDOR), bios(DMI_BIOS_VERSION),
		bios(DMI_PRODUCT_VERSION));
	add_taint(TAINT_FIRMWARE_WORKAROUND, LOCKDEP_STILL_OK);
}

/**
 * dmar_registers_answer - is there a unit at an address
 * @base: physical address of the registers
 * @early: before ioremap() works
 *
 * Return: false when nothing can be mapped, or nothing answers
 */
bool __ref dmar_registers_answer(u64 base, bool early)
{
	void __iomem *reg;
	u64 cap, ecap;

	KUNIT_STATIC_STUB_REDIRECT(dmar_registers_answer, base, early);
	reg = early ? early_ioremap(base, VTD_PAGE_SIZE)
		    : ioremap(base, VTD_PAGE_SIZE);
	if (!reg)
		return false;

	cap = readq(reg + VTD_CAP_REG);
	ecap = readq(reg + VTD_ECAP_REG);
	if (early)
		early_iounmap(reg, VTD_PAGE_SIZE);
	else
		iounmap(reg);

	return dmar_caps_answer(cap, ecap);
}

/* Does the table name at least one unit that is there? */
static bool __init any_unit(struct acpi_table_header *table)
{
	struct dmar_cursor cur = { .quiet = true };
	const struct acpi_dmar_hardware_unit *drhd;
	struct dmar_entry e;

	if (dmar_check_header(table, table->length, &cur))
		return false;

	while (dmar_next(&cur, &e)) {
		if (e.hdr->type != ACPI_DMAR_TYPE_HARDWARE_UNIT)
			continue;
		drhd = (const void *)e.hdr;
		if (dmar_drhd_sound(&cur, drhd, e.off) &&
		    dmar_registers_answer(drhd->address, true))
			return true;
	}

	pr_warn(FW_BUG "the DMAR table names no remapping unit that is there\n");
	return false;
}

/**
 * detect_intel_iommu - see early whether VT-d is to be set up later
 *
 * Tells the DMA layer that an IOMMU is expected, and has x86 call
 * intel_iommu_init() when PCI is up, even if only to switch off what firmware
 * left on.
 *
 * Context: boot, before the memory allocators
 */
void __init detect_intel_iommu(void)
{
	struct acpi_table_header *table;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_DMAR, 0, &table)))
		return;

	if (any_unit(table)) {
		if (!iommu_detected && intel_iommu_wanted()) {
			iommu_detected = 1;
			/* Groups are only as small as ACS allows. */
			pci_request_acs();
		}
		x86_init.iommu.iommu_init = intel_iommu_init;
		x86_platform.iommu_shutdown = intel_iommu_shutdown;
	}
	acpi_put_table(table);
}

/**
 * dmar_platform_optin - does firmware ask for DMA protection
 *
 * DMA_CTRL_PLATFORM_OPT_IN_FLAG (8.1): firmware left no device able to do DMA
 * outside of RMRRs and wants the kernel to keep it so.
 *
 * Context: process context, or boot
 * Return: true when the flag is set
 */
bool dmar_platform_optin(void)
{
	struct acpi_table_header *table;
	struct dmar_cursor cur = { .quiet = true };
	bool optin = false;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_DMAR, 0, &table)))
		return false;
	if (!dmar_check_header(table, table->length, &cur))
		optin = ((struct acpi_table_dmar *)table)->flags &
			DMAR_PLATFORM_OPT_IN;
	acpi_put_table(table);
	return optin;
}
EXPORT_SYMBOL_GPL(dmar_platform_optin);

/**
 * dmar_find_drhd - the unit with its registers at an address
 * @segment: PCI segment
 * @base: physical address of the registers
 *
 * Context: dmar_global_lock or RCU
 * Return: the unit, or NULL
 */
struct dmar_drhd_unit *dmar_find_drhd(u16 segment, u64 base)
{
	struct dmar_drhd_unit *drhd;

	for_each_drhd_unit(drhd)
		if (drhd->segment == segment && drhd->reg_base_addr == base)
			return drhd;
	return NULL;
}

/**
 * dmar_add_drhd - publish a unit
 * @drhd: complete, not on a list
 *
 * Units for all other devices go last, where lookups find them last.
 *
 * Context: dmar_global_lock held for writing, or boot
 */
void dmar_add_drhd(struct dmar_drhd_unit *drhd)
{
	if (drhd->include_all)
		list_add_tail_rcu(&drhd->list, &dmar_drhd_units);
	else
		list_add_rcu(&drhd->list, &dmar_drhd_units);
}

/**
 * dmar_drop_drhd - take back a unit, and free it
 * @drhd: on a list; its unit does nothing any more
 *
 * Context: dmar_global_lock held for writing; sleeps
 */
void dmar_drop_drhd(struct dmar_drhd_unit *drhd)
{
	list_del_rcu(&drhd->list);
	synchronize_rcu();
	dmar_scopes_release(drhd->devices, drhd->devices_cnt);
	if (drhd->iommu)
		iommu_unit_free(drhd->iommu);
	dmar_free_drhd(drhd);
}

static unsigned int __init print_tables(struct dmar_tables *t)
{
	struct dmar_drhd_unit *drhd;
	struct dmar_andd *andd;
	struct dmar_rmrr *rmrr;
	unsigned int bugs = 0;

	if (t->width)
		pr_info("Host address width %u\n", t->width);
	list_for_each_entry(drhd, &t->drhds, list)
		pr_info("DRHD base: 0x%016llx segment: %04x%s%s\n",
			drhd->reg_base_addr, drhd->segment,
			drhd->include_all ? " all other devices" : "",
			drhd->ignored ? " not usable" : "");
	list_for_each_entry(rmrr, &t->rmrrs, list) {
		pr_info("RMRR base: 0x%016llx end: 0x%016llx\n",
			rmrr->base, rmrr->last);
		/* Says itself what is wrong; devices use the range anyway. */
		bugs += arch_rmrr_sanity_check(rmrr->hdr) < 0;
	}
	list_for_each_entry(andd, &t->andds, list)
		pr_info("ANDD device: %x name: %s\n", andd->number, andd->name);
	return bugs;
}

static unsigned int __init alloc_units(struct dmar_tables *t)
{
	struct dmar_drhd_unit *drhd, *next;
	unsigned int usable = 0;

	list_for_each_entry_safe(drhd, next, &t->drhds, list) {
		list_del(&drhd->list);
		if (!drhd->ignored && !iommu_unit_alloc(drhd)) {
			dmar_add_drhd(drhd);
			usable++;
			continue;
		}
		pr_err("unit at 0x%llx is not used: its devices are not translated\n",
		       drhd->reg_base_addr);
		drhd->ignored = 1;
		list_add(&drhd->list, &dmar_lost_units);
	}
	return usable;
}

static int __init parse_table(struct acpi_table_header *table)
{
	struct dmar_cursor cur = {};
	struct dmar_tables t;
	unsigned int bugs;
	int ret;

	ret = dmar_check_header(table, table->length, &cur);
	if (ret)
		goto out;

	dmar_tables_init(&t);
	ret = dmar_tables_parse(&t, &cur);
	if (ret)
		goto out;
	dmar_parse_width(&t, &cur, (struct acpi_table_dmar *)table);
	dmar_tables_finish(&t, &cur);
	bugs = print_tables(&t);
	cur.bugs += bugs;

	table_flags = t.flags;
	list_splice(&t.rmrrs, &dmar_rmrrs);
	list_splice(&t.atsrs, &dmar_atsrs);
	list_splice(&t.satcs, &dmar_satcs);
	list_splice(&t.andds, &dmar_andds);
	if (!alloc_units(&t)) {
		pr_info("No DMAR devices found\n");
		ret = -ENODEV;
	}
out:
	dmar_firmware_is_broken(cur.bugs);
	return ret;
}

/**
 * dmar_table_init - parse the DMAR table and map its units
 *
 * Interrupt remapping asks first, early in boot; DMA remapping asks again and
 * gets the same answer.
 *
 * Context: boot; takes no lock: there is one CPU's worth of initialisation
 * Return: 0; -ENODEV without a table or a usable unit; -EINVAL when the table
 * is too short; -ENOMEM
 */
int __init dmar_table_init(void)
{
	static int result = 1;
	struct acpi_table_header *table, *copy;

	if (result <= 0)
		return result;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_DMAR, 0, &table))) {
		result = -ENODEV;
		return result;
	}
	/* After a measured launch, the copy that SINIT checked is the true one. */
	copy = tboot_get_dmar_table(table);
	result = copy ? parse_table(copy) : -ENODEV;
	acpi_put_table(table);
	return result;
}

static void __init drop_atcs(struct list_head *list)
{
	struct dmar_atc *atc, *next;

	list_for_each_entry_safe(atc, next, list, list) {
		list_del(&atc->list);
		dmar_scopes_release(atc->devices, atc->devices_cnt);
		dmar_free_atc(atc);
	}
}

static void __init drop_rmrrs(void)
{
	struct dmar_rmrr *rmrr, *next;

	list_for_each_entry_safe(rmrr, next, &dmar_rmrrs, list) {
		list_del(&rmrr->list);
		dmar_scopes_release(rmrr->devices, rmrr->devices_cnt);
		kfree(rmrr->devices);
		kfree(rmrr);
	}
}

static void __init drop_andds(void)
{
	struct dmar_andd *andd, *next;

	list_for_each_entry_safe(andd, next, &dmar_andds, list) {
		list_del(&andd->list);
		kfree(andd);
	}
}

/* Nobody came to use what was parsed: give everything back. */
static int __init dmar_free_unused(void)
{
	struct dmar_drhd_unit *drhd, *next;

	if (irq_remapping_enabled || intel_iommu_enabled)
		return 0;

	dmar_unregister_bus_notifier();

	guard(rwsem_write)(&dmar_global_lock);
	list_for_each_entry_safe(drhd, next, &dmar_drhd_units, list)
		dmar_drop_drhd(drhd);
	list_for_each_entry_safe(drhd, next, &dmar_lost_units, list)
		dmar_drop_drhd(drhd);
	drop_rmrrs();
	drop_atcs(&dmar_atsrs);
	drop_atcs(&dmar_satcs);
	drop_andds();
	return 0;
}
late_initcall(dmar_free_unused);
