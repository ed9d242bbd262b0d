// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units over suspend to RAM: they lose everything but their memory tables.
 *
 * Laws: translation goes off last before sleep and on first after it, while one
 * CPU runs with interrupts off and no device does DMA.  Interrupt remapping looks
 * after its own registers.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/panic.h>
#include <linux/syscore_ops.h>
#include <linux/tboot.h>

#include "unit.h"

static void save_fault_event(struct intel_iommu *iommu)
{
	void __iomem *reg = iommu->reg + VTD_FECTL_REG;

	iommu->fault_event = (struct fault_event_state) {
		.ctl = readl(reg),
		.data = readl(reg + VTD_MSI_DATA),
		.addr = readl(reg + VTD_MSI_ADDR),
		.uaddr = readl(reg + VTD_MSI_UADDR),
	};
}

static void restore_fault_event(struct intel_iommu *iommu)
{
	void __iomem *reg = iommu->reg + VTD_FECTL_REG;
	const struct fault_event_state *s = &iommu->fault_event;

	/* The mask last: from then on messages are sent. */
	writel(s->data, reg + VTD_MSI_DATA);
	writel(s->addr, reg + VTD_MSI_ADDR);
	writel(s->uaddr, reg + VTD_MSI_UADDR);
	writel(s->ctl, reg);
}

/* Sleep is called off: those that were switched off translate again. */
static void undo_suspend(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_active_iommu(iommu, drhd)
		if (!iommu_translating(iommu))
			iommu_enable_translation(iommu);
}

static int suspend_units(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	for_each_active_iommu(iommu, drhd) {
		iommu_flush_all(iommu);
		save_fault_event(iommu);
		ret = iommu_disable_translation(iommu);
		if (ret) {
			undo_suspend();
			return ret;
		}
	}
	return 0;
}

static int resume_unit(struct intel_iommu *iommu)
{
	int ret;

	iommu_flush_write_buffer(iommu);
	ret = iommu_set_root(iommu);
	if (!ret)
		ret = iommu_enable_translation(iommu);
	if (!ret)
		ret = iommu_disable_pmr(iommu);
	if (!ret)
		restore_fault_event(iommu);
	return ret;
}

/* Queues first, on all units, for the same reason as at boot. */
static int resume_units(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	for_each_active_iommu(iommu, drhd) {
		ret = iommu->qi ? qi_reenable(iommu) : 0;
		if (ret)
			return ret;
	}
	for_each_active_iommu(iommu, drhd) {
		ret = resume_unit(iommu);
		if (ret)
			return ret;
	}
	return 0;
}

static void resume_all(void)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;
	int ret;

	ret = resume_units();
	if (ret && !intel_iommu_tboot_noforce && tboot_enabled())
		panic("tboot: IOMMU setup failed, DMAR can not resume!\n");
	WARN(ret, "DMA remapping does not come back after sleep: %d\n", ret);

	for_each_iommu(iommu, drhd)
		if (drhd->ignored)
			iommu_disable_pmr(iommu);
}

/* Later releases of 6.12.y pass the callbacks a pointer; see the Makefile. */
#ifdef SYSCORE_HAS_DATA
static int vtd_suspend(void *data)
{
	return suspend_units();
}

static void vtd_resume(void *data)
{
	resume_all();
}

static const struct syscore_ops vtd_syscore_ops = {
	.suspend = vtd_suspend,
	.resume = vtd_resume,
};

static struct syscore vtd_syscore = {
	.ops = &vtd_syscore_ops,
};

static void __init register_vtd_syscore(void)
{
	register_syscore(&vtd_syscore);
}
#else
static struct syscore_ops vtd_syscore_ops = {
	.suspend = suspend_units,
	.resume = resume_all,
};

static void __init register_vtd_syscore(void)
{
	register_syscore_ops(&vtd_syscore_ops);
}
#endif

/**
 * intel_iommu_suspend_init - look after units over sleep from now on
 *
 * Context: boot
 */
void __init intel_iommu_suspend_init(void)
{
	if (IS_ENABLED(CONFIG_SUSPEND) || IS_ENABLED(CONFIG_HIBERNATION))
		register_vtd_syscore();
}
