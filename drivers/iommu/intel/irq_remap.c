// SPDX-License-Identifier: GPL-2.0-only
/*
 * The irq domain of a unit's interrupt remapping table: it sits between the
 * vector domain of the architecture and the MSI, I/O APIC and HPET domains.
 *
 * Laws of this file:
 *  - An interrupt owns its entry from alloc to free; the entry is clear
 *    whenever the interrupt is not activated.
 *  - Moving an interrupt changes its entry and nothing in the device.
 */

#define pr_fmt(fmt) "DMAR-IR: " fmt

#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irq_remapping.h>
#include <asm/irqdomain.h>
#include <asm/posted_intr.h>

#include "bits.h"
#include "unit.h"
#include "ir.h"
#include "../irq_remapping.h"

/**
 * struct ir_irq - one interrupt of the domain (chip data)
 * @iommu: the unit whose table holds the entry
 * @index: of the entry
 * @entry: remapped form of the entry for the current vector and CPU; irq
 *         descriptor lock
 * @msg: what the device sends; fixed
 * @posted_msi: delivered to host CPUs through posted descriptors; fixed
 * @posted_vcpu: the entry posts to a virtual CPU now; irq descriptor lock
 */
struct ir_irq {
	struct intel_iommu *iommu;
	unsigned int index;
	struct irte entry;
	struct msi_msg msg;
	bool posted_msi;
	bool posted_vcpu;
};

#ifdef CONFIG_X86_POSTED_MSI
/* The descriptor of the CPU the interrupt is for, whose bit is the vector. */
static struct irte ir_host_posted_entry(struct irq_data *irqd, const struct ir_irq *irq)
{
	int cpu = cpumask_first(irq_data_get_effective_affinity_mask(irqd));

	if (WARN_ON_ONCE(cpu >= nr_cpu_ids))
		return (struct irte) {};
	return irte_make_posted(&irq->entry, __pa(per_cpu_ptr(&posted_msi_pi_desc, cpu)),
				irqd_cfg(irqd)->vector);
}
#else
static struct irte ir_host_posted_entry(struct irq_data *irqd, const struct ir_irq *irq)
{
	return irq->entry;
}
#endif

/* Make the entry deliver to the host CPU that the vector domain chose. */
static void ir_route_to_host(struct irq_data *irqd)
{
	struct ir_irq *irq = irqd->chip_data;
	struct irte next = irq->entry;

	if (irq->posted_msi)
		next = ir_host_posted_entry(irqd, irq);
	irq->posted_vcpu = false;
	ir_write_entry(irq->iommu, irq->index, &next);
}

static void ir_follow_vector(struct irq_data *irqd)
{
	struct ir_irq *irq = irqd->chip_data;
	struct irq_cfg *cfg = irqd_cfg(irqd);
	struct ir_source src = {
		.sid = FIELD_GET(IRTE1_SID, irq->entry.high),
		.sq = FIELD_GET(IRTE1_SQ, irq->entry.high),
		.svt = FIELD_GET(IRTE1_SVT, irq->entry.high),
	};

	irq->entry = irte_make_remapped(cfg->vector, cfg->dest_apicid,
					apic->dest_mode_logical, ir_x2apic_mode(), &src);
}

static int ir_set_affinity(struct irq_data *irqd, const struct cpumask *mask, bool force)
{
	struct irq_data *parent = irqd->parent_data;
	struct ir_irq *irq = irqd->chip_data;
	int ret = parent->chip->irq_set_affinity(parent, mask, force);

	if (ret < 0 || ret == IRQ_SET_MASK_OK_DONE)
		return ret;

	ir_follow_vector(irqd);
	/* A guest's interrupt stays with the guest; the host's CPU does not matter. */
	if (!irq->posted_vcpu)
		ir_route_to_host(irqd);

	/* From here on nothing arrives at the old vector any more. */
	vector_schedule_cleanup(irqd_cfg(irqd));
	return IRQ_SET_MASK_OK_DONE;
}

static void ir_compose_msi_msg(struct irq_data *irqd, struct msi_msg *msg)
{
	const struct ir_irq *irq = irqd->chip_data;

	*msg = irq->msg;
}

static int ir_set_vcpu_affinity(struct irq_data *irqd, void *info)
{
	struct ir_irq *irq = irqd->chip_data;
	struct vcpu_data *vcpu = info;
	struct irte posted;

	if (!vcpu) {
		ir_route_to_host(irqd);
		return 0;
	}

	posted = irte_make_posted(&irq->entry, vcpu->pi_desc_addr, vcpu->vector);
	irq->posted_vcpu = true;
	return ir_write_entry(irq->iommu, irq->index, &posted);
}

static struct irq_chip ir_chip = {
	.name			= "INTEL-IR",
	.irq_ack		= apic_ack_irq,
	.irq_set_affinity	= ir_set_affinity,
	.irq_compose_msi_msg	= ir_compose_msi_msg,
	.irq_set_vcpu_affinity	= ir_set_vcpu_affinity,
};

/*
 * A host interrupt that is posted reaches the CPU as bits behind one
 * notification vector, which acknowledges the APIC once for all of them.
 */
static struct irq_chip ir_posted_chip = {
	.name			= "INTEL-IR-POST",
	.irq_ack		= intel_ack_posted_msi_irq,
	.irq_set_affinity	= ir_set_affinity,
	.irq_compose_msi_msg	= ir_compose_msi_msg,
	.irq_set_vcpu_affinity	= ir_set_vcpu_affinity,
};

/* A remappable request names its entry by handle plus subhandle (VT-d 5.1.2.2). */
static struct msi_msg ir_make_msg(unsigned int handle, unsigned int subhandle)
{
	struct msi_msg msg = {};

	msg.arch_addr_lo.dmar_base_address = X86_MSI_BASE_ADDRESS_LOW;
	msg.arch_addr_lo.dmar_format = 1;
	msg.arch_addr_lo.dmar_subhandle_valid = 1;
	msg.arch_addr_lo.dmar_index_0_14 = handle & GENMASK(14, 0);
	msg.arch_addr_lo.dmar_index_15 = handle >> 15;
	msg.arch_data.dmar_subhandle = subhandle;
	return msg;
}

static bool ir_is_msi(const struct irq_alloc_info *info)
{
	return info->type == X86_IRQ_ALLOC_TYPE_PCI_MSI ||
	       info->type == X86_IRQ_ALLOC_TYPE_PCI_MSIX;
}

/* -EINVAL for a controller that no device scope places behind a unit */
static int ir_find_source(const struct irq_alloc_info *info, struct ir_source *src)
{
	switch (info->type) {
	case X86_IRQ_ALLOC_TYPE_IOAPIC:
		return ir_ioapic_unit(info->devid, src) ? 0 : -EINVAL;
	case X86_IRQ_ALLOC_TYPE_HPET:
		return ir_hpet_unit(info->devid, src) ? 0 : -EINVAL;
	case X86_IRQ_ALLOC_TYPE_PCI_MSI:
	case X86_IRQ_ALLOC_TYPE_PCI_MSIX:
		*src = ir_source_pci(pci_real_dma_dev(msi_desc_to_pci_dev(info->desc)));
		return 0;
	default:
		return -EINVAL;
	}
}

static int ir_init_irq(struct irq_domain *domain, unsigned int virq, unsigned int handle,
		       unsigned int sub, const struct irq_alloc_info *info,
		       const struct ir_source *src)
{
	struct irq_data *irqd = irq_domain_get_irq_data(domain, virq + sub);
	struct irq_cfg *cfg = irqd_cfg(irqd);
	struct ir_irq *irq;

	if (!irqd || !cfg)
		return -EINVAL;
	irq = kzalloc(sizeof(*irq), GFP_KERNEL);
	if (!irq)
		return -ENOMEM;

	irq->iommu = domain->host_data;
	irq->index = handle + sub;
	irq->posted_msi = ir_is_msi(info) && posted_msi_supported();
	irq->entry = irte_make_remapped(cfg->vector, cfg->dest_apicid,
					apic->dest_mode_logical, ir_x2apic_mode(), src);
	/* An I/O APIC keeps its pin there, by which an EOI finds the entry. */
	irq->msg = ir_make_msg(handle, info->type == X86_IRQ_ALLOC_TYPE_IOAPIC ?
				       info->ioapic.pin : sub);

	irqd->hwirq = irq->index;
	irqd->chip_data = irq;
	irqd->chip = irq->posted_msi ? &ir_posted_chip : &ir_chip;
	irq_set_status_flags(virq + sub, IRQ_MOVE_PCNTXT);
	return 0;
}

static void ir_drop_irqs(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs)
{
	for (unsigned int i = 0; i < nr_irqs; i++) {
		struct irq_data *irqd = irq_domain_get_irq_data(domain, virq + i);

		kfree(irqd->chip_data);
		irq_domain_reset_irq_data(irqd);
	}
}

static int ir_domain_alloc(struct irq_domain *domain, unsigned int virq,
			   unsigned int nr_irqs, void *arg)
{
	struct intel_iommu *iommu = domain->host_data;
	struct irq_alloc_info *info = arg;
	struct ir_source src;
	int handle, ret;
	unsigned int i;

	if (!info || (nr_irqs > 1 && info->type != X86_IRQ_ALLOC_TYPE_PCI_MSI))
		return -EINVAL;
	ret = ir_find_source(info, &src);
	if (ret) {
		pr_warn("%s: interrupt source of type %d, id %d is in no device scope, refused\n",
			iommu->name, info->type, info->devid);
		return ret;
	}
	if (disable_sourceid_checking)
		src.svt = IR_SVT_NONE;

	ret = irq_domain_alloc_irqs_parent(domain, virq, nr_irqs, arg);
	if (ret < 0)
		return ret;

	handle = ir_alloc_entries(iommu, nr_irqs);
	if (handle < 0) {
		ret = handle;
		goto err_parent;
	}
	for (i = 0; i < nr_irqs; i++) {
		ret = ir_init_irq(domain, virq, handle, i, info, &src);
		if (ret)
			goto err_irqs;
	}
	return 0;

err_irqs:
	ir_drop_irqs(domain, virq, i);
	ir_free_entries(iommu, handle, nr_irqs);
err_parent:
	irq_domain_free_irqs_common(domain, virq, nr_irqs);
	return ret;
}

static void ir_domain_free(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs)
{
	struct irq_data *first = irq_domain_get_irq_data(domain, virq);

	ir_free_entries(domain->host_data, first->hwirq, nr_irqs);
	ir_drop_irqs(domain, virq, nr_irqs);
	irq_domain_free_irqs_common(domain, virq, nr_irqs);
}

static int ir_domain_activate(struct irq_domain *domain, struct irq_data *irqd, bool reserve)
{
	ir_follow_vector(irqd);
	ir_route_to_host(irqd);
	return 0;
}

static void ir_domain_deactivate(struct irq_domain *domain, struct irq_data *irqd)
{
	static const struct irte clear;
	struct ir_irq *irq = irqd->chip_data;

	WARN_ON_ONCE(irq->posted_vcpu);
	irq->posted_vcpu = false;
	ir_write_entry(irq->iommu, irq->index, &clear);
}

static int ir_domain_select(struct irq_domain *domain, struct irq_fwspec *fwspec,
			    enum irq_domain_bus_token bus_token)
{
	struct intel_iommu *iommu = NULL;
	struct ir_source src;

	if (x86_fwspec_is_ioapic(fwspec))
		iommu = ir_ioapic_unit(fwspec->param[0], &src);
	else if (x86_fwspec_is_hpet(fwspec))
		iommu = ir_hpet_unit(fwspec->param[0], &src);

	return iommu && iommu->ir && iommu->ir->domain == domain;
}

static const struct irq_domain_ops ir_domain_ops = {
	.select		= ir_domain_select,
	.alloc		= ir_domain_alloc,
	.free		= ir_domain_free,
	.activate	= ir_domain_activate,
	.deactivate	= ir_domain_deactivate,
};

static const struct msi_parent_ops ir_msi_parent_ops = {
	.supported_flags	= X86_VECTOR_MSI_FLAGS_SUPPORTED | MSI_FLAG_MULTI_PCI_MSI,
	.prefix			= "IR-",
	.init_dev_msi_info	= msi_parent_init_dev_msi_info,
};

/**
 * ir_domain_create() - Make the irq domain of a unit's table
 * @iommu: the unit
 * @table: its table; gets the domain
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int ir_domain_create(struct intel_iommu *iommu, struct ir_table *table)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_id_fwnode("INTEL-IR", iommu->seq_id);
	struct irq_domain *domain;

	if (!fwnode)
		return -ENOMEM;
	domain = irq_domain_create_hierarchy(arch_get_ir_parent_domain(), 0, IR_ENTRIES, fwnode,
					     &ir_domain_ops, iommu);
	if (!domain) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}

	irq_domain_update_bus_token(domain, DOMAIN_BUS_DMAR);
	domain->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT | IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	domain->msi_parent_ops = &ir_msi_parent_ops;
	table->domain = domain;
	return 0;
}

/**
 * ir_domain_remove() - Undo ir_domain_create()
 * @table: the table, with no interrupt left in it
 *
 * Context: process context.
 */
void ir_domain_remove(struct ir_table *table)
{
	struct fwnode_handle *fwnode = table->domain->fwnode;

	irq_domain_remove(table->domain);
	irq_domain_free_fwnode(fwnode);
	table->domain = NULL;
}
