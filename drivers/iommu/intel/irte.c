// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt remapping table entries: what goes into one, and the one writer
 * that publishes it.
 *
 * Laws of this file:
 *  - An entry is built aside and published whole.  No request can be matched
 *    against half of an old and half of a new entry.
 *  - An index is free only when its entry is clear and the unit's interrupt
 *    entry cache has forgotten it.
 */

#define pr_fmt(fmt) "DMAR-IR: " fmt

#include <linux/bitmap.h>
#include <linux/cpufeature.h>
#include <linux/log2.h>
#include <linux/pci.h>

#include "bits.h"
#include "unit.h"
#include "ir.h"
#include "../irq_remapping.h"

struct ir_source ir_source_rid(u16 rid)
{
	return (struct ir_source) {
		.sid = rid, .sq = IR_SQ_ALL, .svt = IR_SVT_RID,
	};
}

static struct ir_source ir_source_buses(u8 first, u8 last)
{
	return (struct ir_source) {
		.sid = (u16)first << 8 | last, .sq = IR_SQ_ALL, .svt = IR_SVT_BUS,
	};
}

struct alias_walk {
	struct pci_dev *owner;	/* of the last alias seen */
	u16 last;
	unsigned int count;
	bool one_bus;		/* every alias so far has the same bus number */
};

static int alias_step(struct pci_dev *owner, u16 alias, void *data)
{
	struct alias_walk *walk = data;

	if (walk->count && PCI_BUS_NUM(alias) != PCI_BUS_NUM(walk->last))
		walk->one_bus = false;
	walk->owner = owner;
	walk->last = alias;
	walk->count++;
	return 0;
}

/**
 * ir_source_pci() - Requester IDs that a function's MSIs can arrive with
 * @pdev: the function
 *
 * A conventional bus behind a PCIe bridge hides which device on it speaks, and
 * hardware that uses several IDs of one bus (non-transparent bridges) may use
 * any of them: only the bus numbers can be checked.  An alias on another bus
 * is the ID that topology gives the function.  Any other alias is a quirk of
 * the function's DMA, which its interrupts need not share.
 *
 * Context: process context; walks the PCI hierarchy above @pdev.
 * Return: the source to store in the entry.
 */
struct ir_source ir_source_pci(struct pci_dev *pdev)
{
	struct alias_walk walk = { .one_bus = true };
	u8 alias_bus, bus = pdev->bus->number;

	pci_for_each_dma_alias(pdev, alias_step, &walk);
	alias_bus = PCI_BUS_NUM(walk.last);

	if (alias_bus != walk.owner->bus->number)
		return ir_source_buses(alias_bus, bus);
	if (walk.count > 1 && walk.one_bus)
		return ir_source_buses(bus, bus);
	if (walk.owner->bus->number != bus)
		return ir_source_rid(walk.last);
	return ir_source_rid(pci_dev_id(pdev));
}

/**
 * irte_make_remapped() - Build an entry that delivers to local APICs
 * @vector: interrupt vector
 * @dest: APIC ID of the destination
 * @logical: @dest is a logical ID
 * @x2apic: the table is in extended mode, with 32-bit destinations (VT-d 5.1.4)
 * @src: who may use the entry
 *
 * The entry is always edge triggered with fixed delivery: an I/O APIC keeps
 * level semantics in its own redirection entry (VT-d 5.1.5.1).
 *
 * Return: the entry (VT-d 9.9).
 */
struct irte irte_make_remapped(u8 vector, u32 dest, bool logical, bool x2apic,
			       const struct ir_source *src)
{
	return (struct irte) {
		.low = FIELD_PREP(IRTE0_P, 1) |
		       FIELD_PREP(IRTE0_DM, logical) |
		       FIELD_PREP(IRTE0_RH, 1) |
		       FIELD_PREP(IRTE0_V, vector) |
		       FIELD_PREP(IRTE0_DST, x2apic ? dest : (dest & 0xff) << 8),
		.high = FIELD_PREP(IRTE1_SID, src->sid) |
			FIELD_PREP(IRTE1_SQ, src->sq) |
			FIELD_PREP(IRTE1_SVT, src->svt),
	};
}

/**
 * irte_make_posted() - Build an entry that posts to a descriptor
 * @remapped: entry of the same interrupt; gives the source
 * @pi_desc: physical address of the posted-interrupt descriptor, 64-byte aligned
 * @vector: vector to set in the descriptor
 *
 * Return: the entry (VT-d 9.10).
 */
struct irte irte_make_posted(const struct irte *remapped, u64 pi_desc, u8 vector)
{
	u64 source = remapped->high & (IRTE1_SID | IRTE1_SQ | IRTE1_SVT);

	return (struct irte) {
		.low = FIELD_PREP(IRTE0_P, 1) |
		       FIELD_PREP(IRTE0_IM, 1) |
		       FIELD_PREP(IRTE0_V, vector) |
		       FIELD_PREP(IRTE0_PDAL, pi_desc >> 6),
		.high = source | FIELD_PREP(IRTE1_PDAH, pi_desc >> 32),
	};
}

/*
 * A posted descriptor's address lies across both halves, so an update must be
 * one 128-bit store (VT-d 5.2.5).  Hardware never writes an entry.  A CPU
 * without CMPXCHG16B has no posting either: there the entry is made not
 * present while its halves differ.
 */
static void irte_publish(struct intel_iommu *iommu, struct irte *live, const struct irte *next)
{
	lockdep_assert_held(&iommu->ir->lock);

	if (boot_cpu_has(X86_FEATURE_CX16)) {
		u128 old = live->irte;

		while (!try_cmpxchg128(&live->irte, &old, next->irte))
			;
	} else {
		WRITE_ONCE(live->low, 0);
		dma_wmb();
		WRITE_ONCE(live->high, next->high);
		dma_wmb();
		WRITE_ONCE(live->low, next->low);
	}
	iommu_flush_cache(iommu, live, sizeof(*live));
}

static int ir_invalidate(struct intel_iommu *iommu, unsigned int index)
{
	struct qi_desc desc = qi_desc_iec(false, index, 0);

	return qi_submit(iommu, &desc, 1);
}

/**
 * ir_write_entry() - Change an entry and make the unit forget the old one
 * @iommu: the unit
 * @index: of the entry, allocated by ir_alloc_entries()
 * @entry: what it becomes; all zeroes blocks the interrupt
 *
 * Context: any; runs under irq descriptor locks.
 * Return: 0; or -EIO, -ETIMEDOUT when the unit did not invalidate its cache
 * (reported by the queue), with the new entry in memory all the same.
 */
int ir_write_entry(struct intel_iommu *iommu, unsigned int index, const struct irte *entry)
{
	struct ir_table *table = iommu->ir;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&table->lock, flags);
	irte_publish(iommu, &table->base[index], entry);
	ret = ir_invalidate(iommu, index);
	raw_spin_unlock_irqrestore(&table->lock, flags);
	return ret;
}

/**
 * ir_alloc_entries() - Take consecutive entries of a unit's table
 * @iommu: the unit
 * @count: how many; rounded up to a power of two, and aligned to it, so that
 *         subhandles of a multi-message MSI reach them
 *
 * Context: any.
 * Return: index of the first, whose entries are clear; -EINVAL when @count is
 * zero or more than the unit can invalidate at once (ECAP.MHMV); -ENOSPC when
 * the table is full.
 */
int ir_alloc_entries(struct intel_iommu *iommu, unsigned int count)
{
	struct ir_table *table = iommu->ir;
	unsigned long flags;
	int order, index;

	if (!count)
		return -EINVAL;
	order = order_base_2(count);
	if (order > ecap_mhmv(iommu->ecap))
		return -EINVAL;

	raw_spin_lock_irqsave(&table->lock, flags);
	index = bitmap_find_free_region(table->used, IR_ENTRIES, order);
	raw_spin_unlock_irqrestore(&table->lock, flags);

	if (index < 0) {
		pr_warn_ratelimited("%s: no room for %u interrupt remapping entries\n",
				    iommu->name, count);
		return -ENOSPC;
	}
	return index;
}

/**
 * ir_free_entries() - Give entries back, clear and invalidated
 * @iommu: the unit
 * @index: first entry
 * @count: how many, as allocated
 *
 * An entry that the unit did not acknowledge to have forgotten is never handed
 * out again.
 *
 * Context: any.
 */
void ir_free_entries(struct intel_iommu *iommu, unsigned int index, unsigned int count)
{
	static const struct irte clear;
	struct ir_table *table = iommu->ir;
	unsigned long flags;

	count = roundup_pow_of_two(count);
	for (unsigned int i = index; i < index + count; i++) {
		if (ir_write_entry(iommu, i, &clear))
			continue;
		raw_spin_lock_irqsave(&table->lock, flags);
		__clear_bit(i, table->used);
		raw_spin_unlock_irqrestore(&table->lock, flags);
	}
}
