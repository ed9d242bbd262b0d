// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault event interrupt of a unit (VT-d 11.4.7).
 *
 * Laws: a unit has one interrupt, allocated from the platform since a unit is no
 * PCI device; its message lives in registers next to its mask bit and is changed
 * only through the hooks below, under register_lock.
 *
 * The platform's interrupt chip passes the interrupt's number; which block of
 * registers it means depends on what the interrupt is for.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/msi.h>
#include <linux/topology.h>

#include "unit.h"

/* Page requests will have a block of their own: VTD_PECTL_REG. */
static void __iomem *msi_block(struct intel_iommu *iommu)
{
	return iommu->reg + VTD_FECTL_REG;
}

static void write_mask(struct intel_iommu *iommu, u32 mask)
{
	void __iomem *ctl = msi_block(iommu);
	unsigned long flags;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	writel(mask, ctl);
	readl(ctl);	/* the write has arrived when this returns */
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
}

/**
 * dmar_msi_unmask - let the interrupt through
 * @data: the interrupt
 *
 * Context: any
 */
void dmar_msi_unmask(struct irq_data *data)
{
	write_mask(irq_data_get_irq_handler_data(data), 0);
}

/**
 * dmar_msi_mask - hold the interrupt back
 * @data: the interrupt
 *
 * Context: any
 */
void dmar_msi_mask(struct irq_data *data)
{
	write_mask(irq_data_get_irq_handler_data(data), FECTL_IM);
}

/**
 * dmar_msi_write - say where the interrupt goes
 * @irq: the interrupt
 * @msg: its message
 *
 * Context: any
 */
void dmar_msi_write(int irq, struct msi_msg *msg)
{
	struct intel_iommu *iommu = irq_get_handler_data(irq);
	void __iomem *ctl = msi_block(iommu);
	unsigned long flags;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	writel(msg->data, ctl + VTD_MSI_DATA);
	writel(msg->address_lo, ctl + VTD_MSI_ADDR);
	writel(msg->address_hi, ctl + VTD_MSI_UADDR);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
}

/**
 * dmar_set_interrupt - have faults of a unit reported by interrupt
 * @iommu: the unit; nothing happens when it has its interrupt
 *
 * Context: process context
 * Return: 0; -EINVAL when there is no vector; what request_irq() returns
 */
int dmar_set_interrupt(struct intel_iommu *iommu)
{
	int irq, ret;

	KUNIT_STATIC_STUB_REDIRECT(dmar_set_interrupt, iommu);
	if (iommu->irq)
		return 0;

	irq = dmar_alloc_hwirq(iommu->seq_id, iommu->node, iommu);
	if (irq <= 0) {
		pr_err("%s: no interrupt vector for faults\n", iommu->name);
		return -EINVAL;
	}

	/* Faults are reported from hard interrupts even where others are threads. */
	ret = request_irq(irq, dmar_fault, IRQF_NO_THREAD, iommu->name, iommu);
	if (ret) {
		pr_err("%s: fault interrupt %d cannot be requested: %d\n",
		       iommu->name, irq, ret);
		dmar_free_hwirq(irq);
		return ret;
	}
	iommu->irq = irq;

	/* What was in the log before keeps interrupts from coming (7.3). */
	dmar_fault(irq, iommu);
	return 0;
}

/**
 * iommu_free_irq - give the fault interrupt back
 * @iommu: the unit
 *
 * Context: process context
 */
void iommu_free_irq(struct intel_iommu *iommu)
{
	if (!iommu->irq)
		return;
	free_irq(iommu->irq, iommu);
	dmar_free_hwirq(iommu->irq);
	iommu->irq = 0;
}

/**
 * enable_drhd_fault_handling - report faults of the units near a CPU
 * @cpu: a CPU that came up
 *
 * For interrupt remapping, whose faults are to be seen even where DMA is not
 * remapped.  A unit is served by the first CPU of its node.
 *
 * Context: process context
 * Return: 0, -1 when a unit gets no interrupt
 */
int enable_drhd_fault_handling(unsigned int cpu)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	guard(rwsem_read)(&dmar_global_lock);
	for_each_iommu(iommu, drhd) {
		if (iommu->irq || iommu->node != cpu_to_node(cpu))
			continue;
		if (dmar_set_interrupt(iommu))
			return -1;
	}
	return 0;
}
