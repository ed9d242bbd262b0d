// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing VT-d up at boot, and down at shutdown.
 *
 * Laws: hardware is taken over in steps - queue, tables, root, interrupt, devices,
 * translation - each of which leaves DMA as it was until the last; what fails is
 * undone in reverse, and the machine goes on without DMA remapping, unless a
 * measured launch or the platform demands it: then it must not go on.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/acpi.h>
#include <linux/crash_dump.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <asm/iommu.h>

#include "table.h"
#include "unit.h"

static bool is_graphics(struct device *dev)
{
	return dev_is_pci(dev) &&
	       to_pci_dev(dev)->class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

/*
 * Leave alone the units whose devices are not there, and those for graphics only
 * when graphics is not to be translated.
 */
static void __init choose_units(void)
{
	struct dmar_drhd_unit *drhd;
	unsigned int devices, graphics;
	struct device *dev;
	int i;

	for_each_drhd_unit(drhd) {
		if (drhd->include_all)
			continue;
		devices = 0;
		graphics = 0;
		for_each_active_dev_scope(drhd->devices, drhd->devices_cnt, i,
					  dev) {
			devices++;
			graphics += is_graphics(dev);
		}
		if (!devices)
			drhd->ignored = 1;
		drhd->gfx_dedicated = devices && devices == graphics;
		if (drhd->gfx_dedicated && intel_iommu_igfx_off)
			drhd->ignored = 1;
	}
}

/*
 * Translation is on when we come: another kernel crashed, and its devices may
 * still do DMA (kdump) - keep their tables; or firmware or a kexec left it on -
 * switch it off.
 */
static int take_over(struct intel_iommu *iommu)
{
	if (!(iommu->gcmd & GCMD_TE))
		return 0;

	if (is_kdump_kernel()) {
		if (!intel_kdump_copy_tables(iommu)) {
			iommu->flags |= UNIT_PRE_ENABLED;
			pr_info("%s: translation tables taken over from the previous kernel\n",
				iommu->name);
			return 0;
		}
		pr_err("%s: translation tables of the previous kernel cannot be taken over\n",
		       iommu->name);
	} else {
		pr_warn("%s: translation was on, switched off\n", iommu->name);
	}
	return iommu_disable_translation(iommu);
}

/**
 * intel_iommu_prepare_unit - queue and tables of a unit
 * @iommu: the unit
 *
 * Hardware does not look at the tables yet.
 *
 * Context: process context, dmar_global_lock held for writing
 * Return: 0; -ENOMEM; -ETIMEDOUT; -ENODEV when scalable mode has no queue
 */
int intel_iommu_prepare_unit(struct intel_iommu *iommu)
{
	int ret;

	ret = qi_enable(iommu);
	if (ret && ret != -ENOENT)
		return ret;
	if (!iommu->qi && sm_supported(iommu)) {
		pr_err("%s: scalable mode without an invalidation queue cannot work\n",
		       iommu->name);
		return -ENODEV;
	}
	pr_info("%s: Using %s invalidation\n", iommu->name,
		iommu->qi ? "Queued" : "Register based");

	ret = intel_iommu_alloc_root(iommu);
	if (ret)
		return ret;

	ret = take_over(iommu);
	if (ret)
		intel_iommu_free_tables(iommu);
	return ret;
}

/**
 * intel_iommu_undo_unit - DMA passes, and the tables are gone
 * @iommu: the unit, without devices
 *
 * Context: process context, dmar_global_lock held for writing
 */
void intel_iommu_undo_unit(struct intel_iommu *iommu)
{
	if (iommu_translating(iommu) && iommu_gcmd_clear(iommu, GCMD_TE)) {
		pr_err("%s: does not let go of its tables, which are lost\n",
		       iommu->name);
		return;
	}
	iommu->flags &= ~UNIT_PRE_ENABLED;
	intel_iommu_free_tables(iommu);
}

/* Queues are on everywhere before any root is set: X58 hangs otherwise. */
static int __init set_roots(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	for_each_active_iommu(iommu, drhd) {
		iommu_flush_write_buffer(iommu);
		ret = iommu_set_root(iommu);
		if (ret)
			return ret;
	}
	return 0;
}

static int __init init_units(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	for_each_iommu(iommu, drhd) {
		if (drhd->ignored) {
			iommu_disable_translation(iommu);
			continue;
		}
		ret = intel_iommu_prepare_unit(iommu);
		if (ret)
			goto undo;
	}

	ret = set_roots();
	if (ret)
		goto undo;

	intel_quirk_tylersburg_isoch();

	for_each_active_iommu(iommu, drhd) {
		iommu_flush_write_buffer(iommu);
		ret = dmar_set_interrupt(iommu);
		if (ret)
			goto undo;
	}
	return 0;

undo:
	for_each_active_iommu(iommu, drhd)
		if (iommu->root)
			intel_iommu_undo_unit(iommu);
	return ret;
}

/* Regions that keep DMA out are in the way of units that are not used, too. */
static void __init release_pmrs(bool ignored_only)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_iommu(iommu, drhd)
		if (!ignored_only || drhd->ignored)
			iommu_disable_pmr(iommu);
}

static void disable_all_translation(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_iommu(iommu, drhd)
		iommu_disable_translation(iommu);
}

/*
 * A virtual unit traps each invalidation, and lazy flushing asks for too much at
 * once; first-stage tables need no trap for new mappings.
 */
static void __init choose_flushing(const struct intel_iommu *iommu)
{
	if (!cap_cm(iommu->cap) ||
	    (sm_supported(iommu) && ecap_fsts(iommu->ecap)))
		return;
	pr_info_once("IOMMU batching is not used on virtual hardware\n");
	iommu_set_dma_strict();
}

/* Make the units known, which probes their devices. */
static void __init register_units(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	/* Probing looks devices up, under locks outside of dmar_global_lock. */
	down_read(&dmar_global_lock);
	for_each_active_iommu(iommu, drhd) {
		choose_flushing(iommu);
		up_read(&dmar_global_lock);
		ret = iommu_unit_register(iommu);
		if (ret)
			pr_err("%s: cannot be registered: %d\n", iommu->name,
			       ret);
		down_read(&dmar_global_lock);
	}
	up_read(&dmar_global_lock);
}

/* The devices behind an ACPI namespace device that scopes name. */
static int __init probe_acpi_device(struct acpi_device *adev)
{
	struct acpi_device_physical_node *pn;
	int ret;

	guard(mutex)(&adev->physical_node_lock);
	list_for_each_entry(pn, &adev->physical_node_list, node) {
		ret = iommu_probe_device(pn->dev);
		if (ret)
			return ret;
	}
	return 0;
}

/* No bus event tells of these: they were there before. */
static void __init probe_acpi_devices(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	struct device *dev;
	int i, ret;

	down_read(&dmar_global_lock);
	for_each_active_iommu(iommu, drhd)
		for_each_active_dev_scope(drhd->devices, drhd->devices_cnt, i,
					  dev) {
			if (dev->bus != &acpi_bus_type)
				continue;
			up_read(&dmar_global_lock);
			ret = probe_acpi_device(to_acpi_device(dev));
			if (ret)
				pr_warn("%s: ACPI device %s is not translated: %d\n",
					iommu->name, dev_name(dev), ret);
			down_read(&dmar_global_lock);
		}
	up_read(&dmar_global_lock);
}

static int __init enable_units(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret, result = 0;

	guard(rwsem_read)(&dmar_global_lock);
	for_each_active_iommu(iommu, drhd) {
		if (!(iommu->flags & UNIT_REGISTERED)) {
			result = -ENODEV;
			continue;
		}
		if (iommu_pre_enabled(iommu))
			continue;
		ret = iommu_enable_translation(iommu);
		if (ret)
			result = ret;
	}
	release_pmrs(false);
	return result;
}

/* Parse what firmware says and find the devices it speaks of. */
static int __init find_units(void)
{
	int ret;

	scoped_guard(rwsem_write, &dmar_global_lock) {
		ret = dmar_table_init();
		if (!ret)
			ret = dmar_dev_scope_init();
	}
	/* The notifier takes the lock itself. */
	if (!ret)
		dmar_register_bus_notifier();
	return ret;
}

/* Not used: hardware must not translate by what another kernel left behind. */
static void __init stay_off(void)
{
	guard(rwsem_write)(&dmar_global_lock);
	/* tboot sets regions up and expects the kernel to take them down. */
	if (intel_iommu_tboot_noforce)
		release_pmrs(false);
	disable_all_translation();
}

static bool __init any_unit(void)
{
	struct dmar_drhd_unit *drhd;

	for_each_active_drhd_unit(drhd)
		return true;
	return false;
}

static int __init take_units(bool forced)
{
	int ret;

	guard(rwsem_write)(&dmar_global_lock);
	if (list_empty(&dmar_rmrrs))
		pr_info("No RMRR found\n");
	if (list_empty(&dmar_atsrs))
		pr_info("No ATSR found\n");
	if (list_empty(&dmar_satcs))
		pr_info("No SATC found\n");

	if (forced && !list_empty(&dmar_lost_units))
		return -ENODEV;

	choose_units();
	if (!any_unit()) {
		pr_warn("there is no unit that can translate\n");
		disable_all_translation();
		return -ENODEV;
	}
	ret = init_units();
	if (!ret && forced)
		release_pmrs(true);
	return ret;
}

/**
 * intel_iommu_init - set DMA remapping up
 *
 * Called by x86 when PCI is up, where detect_intel_iommu() saw units.
 *
 * Context: boot
 * Return: 0; -ENODEV where it is off or there is nothing; other errors when it
 * failed. DMA is then not remapped
 */
int __init intel_iommu_init(void)
{
	bool forced = intel_iommu_force();
	int ret;

	ret = find_units();
	if (ret) {
		if (forced)
			panic("tboot: Failed to initialize DMAR table\n");
		return ret;
	}

	if (!no_iommu)
		intel_iommu_debugfs_init();
	if (no_iommu || dmar_disabled) {
		stay_off();
		return -ENODEV;
	}

	ret = take_units(forced);
	if (ret) {
		if (forced)
			panic("tboot: Failed to initialize DMARs\n");
		pr_err("Initialization failed: %d\n", ret);
		return ret;
	}

	intel_iommu_suspend_init();
	register_units();
	probe_acpi_devices();
	ret = enable_units();
	if (ret && forced)
		panic("tboot: Failed to enable DMA remapping\n");

	intel_iommu_enabled = 1;
	pr_info("Intel(R) Virtualization Technology for Directed I/O\n");
	return 0;
}

/**
 * intel_iommu_shutdown - leave hardware as a next kernel expects it
 *
 * Context: reboot, kexec; other CPUs are down
 */
void intel_iommu_shutdown(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	if (no_iommu || dmar_disabled)
		return;

	guard(rwsem_write)(&dmar_global_lock);
	for_each_iommu(iommu, drhd)
		iommu_disable_pmr(iommu);
	disable_all_translation();
}
