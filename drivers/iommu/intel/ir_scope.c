// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which I/O APIC and which HPET is behind which unit, and with which requester
 * ID it interrupts: what the device scopes of the DRHD structures say of
 * interrupt controllers (VT-d 8.3.1).
 */

#define pr_fmt(fmt) "DMAR-IR: " fmt

#include <linux/acpi.h>
#include <linux/dmar.h>
#include <linux/hpet.h>
#include <linux/pci.h>

#include <asm/apicdef.h>
#include <asm/pci-direct.h>

#include "unit.h"
#include "ir.h"

/**
 * struct ir_controller - an interrupt controller that a device scope names
 * @iommu: the unit it is behind; NULL in a free slot
 * @rid: requester ID of its interrupts
 * @id: its APIC ID or HPET number
 * @type: ACPI_DMAR_SCOPE_TYPE_IOAPIC or _HPET
 *
 * Written at boot and, under dmar_global_lock, when a unit is hot-plugged.
 */
struct ir_controller {
	struct intel_iommu *iommu;
	u16 rid;
	u8 id;
	u8 type;
};

static struct ir_controller ir_controllers[MAX_IO_APICS + MAX_HPET_TBS];
static struct ir_controller *ir_find_controller(u8 type, unsigned int id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ir_controllers); i++) {
		struct ir_controller *ctrl = &ir_controllers[i];

		if (ctrl->iommu && ctrl->type == type && ctrl->id == id)
			return ctrl;
	}
	return NULL;
}

/**
 * ir_ioapic_unit() - The unit behind which an I/O APIC is
 * @id: APIC ID
 * @src: filled with the source of its interrupts
 *
 * Context: any.
 * Return: the unit, or NULL when no device scope names the I/O APIC.
 */
struct intel_iommu *ir_ioapic_unit(unsigned int id, struct ir_source *src)
{
	struct ir_controller *ctrl = ir_find_controller(ACPI_DMAR_SCOPE_TYPE_IOAPIC, id);

	if (!ctrl)
		return NULL;
	*src = ir_source_rid(ctrl->rid);
	return ctrl->iommu;
}

/**
 * ir_hpet_unit() - The unit behind which an HPET is
 * @id: HPET number
 * @src: filled with the source of its interrupts
 *
 * Some chipsets send from another function than the one firmware names, so
 * the function number does not count.
 *
 * Context: any.
 * Return: the unit, or NULL when no device scope names the HPET.
 */
struct intel_iommu *ir_hpet_unit(unsigned int id, struct ir_source *src)
{
	struct ir_controller *ctrl = ir_find_controller(ACPI_DMAR_SCOPE_TYPE_HPET, id);

	if (!ctrl)
		return NULL;
	*src = ir_source_rid(ctrl->rid);
	src->sq = IR_SQ_IGNORE_FUNCTION;
	return ctrl->iommu;
}

/* PCI is not up yet when scopes are read: follow the path in config space. */
static u16 ir_scope_rid(const struct acpi_dmar_device_scope *scope)
{
	const struct acpi_dmar_pci_path *hop = (const void *)(scope + 1);
	unsigned int hops = (scope->length - sizeof(*scope)) / sizeof(*hop);
	u8 bus = scope->bus;

	for (; hops > 1; hops--, hop++)
		bus = read_pci_config_byte(bus, hop->device, hop->function, PCI_SECONDARY_BUS);
	return PCI_DEVID(bus, PCI_DEVFN(hop->device, hop->function));
}

static int ir_add_controller(struct intel_iommu *iommu, const struct acpi_dmar_device_scope *scope)
{
	struct ir_controller *ctrl = ir_find_controller(scope->entry_type, scope->enumeration_id);
	unsigned int i;

	if (ctrl) {
		if (ctrl->iommu == iommu)
			return 0;
		pr_warn(FW_BUG "%s %u is behind %s and %s, using %s\n",
			scope->entry_type == ACPI_DMAR_SCOPE_TYPE_HPET ? "HPET" : "I/O APIC",
			scope->enumeration_id, ctrl->iommu->name, iommu->name, ctrl->iommu->name);
		return 0;
	}

	for (i = 0; i < ARRAY_SIZE(ir_controllers); i++)
		if (!ir_controllers[i].iommu)
			break;
	if (i == ARRAY_SIZE(ir_controllers)) {
		pr_warn(FW_BUG "%s: more than %zu interrupt controllers in device scopes\n",
			iommu->name, ARRAY_SIZE(ir_controllers));
		return -ENOSPC;
	}
	ir_controllers[i] = (struct ir_controller) {
		.iommu = iommu,
		.rid = ir_scope_rid(scope),
		.id = scope->enumeration_id,
		.type = scope->entry_type,
	};
	return 0;
}

/**
 * ir_add_controllers() - Note the controllers that firmware puts behind a unit
 * @drhd: the unit; its structure was checked when the table was parsed, so
 *        that scopes lie within it
 *
 * Context: boot, or dmar_global_lock held for writing.
 * Return: 0; -ENOSPC when there are more than any machine has.
 */
int ir_add_controllers(struct dmar_drhd_unit *drhd)
{
	struct acpi_dmar_hardware_unit *hw = (void *)drhd->hdr;
	void *pos = hw + 1, *end = (void *)hw + hw->header.length;

	while (pos < end) {
		struct acpi_dmar_device_scope *scope = pos;
		int ret = 0;

		if (scope->entry_type == ACPI_DMAR_SCOPE_TYPE_IOAPIC ||
		    scope->entry_type == ACPI_DMAR_SCOPE_TYPE_HPET)
			ret = ir_add_controller(drhd->iommu, scope);
		if (ret)
			return ret;
		pos += scope->length;
	}
	return 0;
}

/**
 * ir_remove_controllers() - Forget the controllers behind a unit
 * @iommu: the unit
 *
 * Context: boot, or dmar_global_lock held for writing.
 */
void ir_remove_controllers(struct intel_iommu *iommu)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ir_controllers); i++)
		if (ir_controllers[i].iommu == iommu)
			ir_controllers[i].iommu = NULL;
}
