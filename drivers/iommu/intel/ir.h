/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt remapping of VT-d units (VT-d chapter 5).
 *
 * Glossary:
 *   IRTE     an entry of the interrupt remapping table (VT-d 9.9, 9.10)
 *   handle   the index a remappable request carries; with a valid subhandle the
 *            two are added (VT-d 5.1.3)
 *   source   what the unit compares with the requester ID (VT-d 9.9, SVT/SQ/SID)
 *   posted   an IRTE that delivers through a posted-interrupt descriptor
 */
#ifndef _INTEL_IR_H
#define _INTEL_IR_H

#include <linux/dmar.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct intel_iommu;
struct irq_domain;
struct pci_dev;

#define IR_ENTRIES	65536U	/* the largest table, IRTA.S = 15 */
#define IR_TABLE_ORDER	get_order(IR_ENTRIES * sizeof(struct irte))

/**
 * struct ir_table - interrupt remapping table of one unit
 * @base: %IR_ENTRIES entries, read by hardware; written under @lock
 * @used: one bit per entry; @lock
 * @domain: the irq domain whose interrupts live in the table; set at
 *          allocation, never changes
 * @lock: taken under irq descriptor locks, so it is raw
 */
struct ir_table {
	struct irte *base;
	unsigned long *used;
	struct irq_domain *domain;
	raw_spinlock_t lock;
};

/* Source validation type and qualifier (VT-d 9.9) */
enum ir_svt { IR_SVT_NONE = 0, IR_SVT_RID = 1, IR_SVT_BUS = 2 };
enum ir_sq { IR_SQ_ALL = 0, IR_SQ_IGNORE_FUNCTION = 3 };

/**
 * struct ir_source - requester that may use an entry
 * @sid: requester ID, or first and last bus number for %IR_SVT_BUS
 * @sq: bits of @sid that do not count (enum ir_sq)
 * @svt: how @sid is checked (enum ir_svt)
 */
struct ir_source {
	u16 sid;
	u8 sq;
	u8 svt;
};

struct ir_source ir_source_rid(u16 rid);
struct ir_source ir_source_pci(struct pci_dev *pdev);

struct irte irte_make_remapped(u8 vector, u32 dest, bool logical, bool x2apic,
			       const struct ir_source *src);
struct irte irte_make_posted(const struct irte *remapped, u64 pi_desc, u8 vector);

int ir_alloc_entries(struct intel_iommu *iommu, unsigned int count);
void ir_free_entries(struct intel_iommu *iommu, unsigned int index, unsigned int count);
int ir_write_entry(struct intel_iommu *iommu, unsigned int index, const struct irte *entry);

/* irq_remap.c: the irq domain of a unit */
int ir_domain_create(struct intel_iommu *iommu, struct ir_table *table);
void ir_domain_remove(struct ir_table *table);

/* ir_scope.c: interrupt controllers behind a unit */
int ir_add_controllers(struct dmar_drhd_unit *drhd);
void ir_remove_controllers(struct intel_iommu *iommu);
struct intel_iommu *ir_ioapic_unit(unsigned int id, struct ir_source *src);
struct intel_iommu *ir_hpet_unit(unsigned int id, struct ir_source *src);

/* ir_unit.c */
bool ir_x2apic_mode(void);
#ifdef CONFIG_IRQ_REMAP
bool ir_in_use(const struct intel_iommu *iommu);
#else
static inline bool ir_in_use(const struct intel_iommu *iommu)
{
	return false;
}
#endif

#endif /* _INTEL_IR_H */
