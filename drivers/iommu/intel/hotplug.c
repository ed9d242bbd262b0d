// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units that come and go with a PCI host bridge (VT-d 8.9).
 *
 * Laws: a unit comes before its devices and goes after them; firmware describes it
 * by a _DSM in the structures of the DMAR table; insertion is all or nothing, and
 * a unit becomes known to the core only when it translates.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <linux/acpi.h>
#include <linux/cleanup.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "ir.h"
#include "table.h"
#include "unit.h"
#include "../irq_remapping.h"

/* _DSM of a host bridge with units (8.9). */
static const guid_t dsm_guid =
	GUID_INIT(0xd8c1a3a6, 0xbe9b, 0x4c9b, 0x91, 0xbf, 0xc3, 0xcb, 0x81,
		  0xfc, 0x5d, 0xaf);
#define DSM_REVISION	0

/* Functions, by the type of structure that they return. */
static const u8 dsm_function[] = {
	[ACPI_DMAR_TYPE_HARDWARE_UNIT] = 1,
	[ACPI_DMAR_TYPE_ROOT_ATS] = 2,
	[ACPI_DMAR_TYPE_HARDWARE_AFFINITY] = 3,
	[ACPI_DMAR_TYPE_SATC] = 4,
};

/**
 * dmar_has_dsm() - does firmware describe hot-plugged hardware
 * @handle: an ACPI object
 * @type: what is asked for
 *
 * Return: true when the object itself has such a _DSM
 */
bool dmar_has_dsm(acpi_handle handle, enum acpi_dmar_type type)
{
	KUNIT_STATIC_STUB_REDIRECT(dmar_has_dsm, handle, type);
	return acpi_check_dsm(handle, &dsm_guid, DSM_REVISION,
			      BIT(dsm_function[type]));
}

/**
 * dmar_eval_dsm() - the structures of a type
 * @handle: an ACPI object that has such a _DSM
 * @type: the type
 *
 * Return: a buffer object, for the caller to free; NULL when there is none
 */
union acpi_object *dmar_eval_dsm(acpi_handle handle, enum acpi_dmar_type type)
{
	KUNIT_STATIC_STUB_REDIRECT(dmar_eval_dsm, handle, type);
	return acpi_evaluate_dsm_typed(handle, &dsm_guid, DSM_REVISION,
				       dsm_function[type], NULL,
				       ACPI_TYPE_BUFFER);
}

/* Add what the _DSM says of @type to @t; nothing where it has no such function. */
static int read_dsm(acpi_handle handle, enum acpi_dmar_type type,
		    struct dmar_tables *t, struct dmar_cursor *cur)
{
	union acpi_object *obj;
	int ret;

	if (!dmar_has_dsm(handle, type))
		return 0;
	obj = dmar_eval_dsm(handle, type);
	if (!obj)
		return -ENODEV;

	cur->buf = obj->buffer.pointer;
	cur->len = obj->buffer.length;
	cur->off = 0;
	ret = dmar_tables_parse(t, cur);
	ACPI_FREE(obj);
	return ret;
}

static int read_tables(acpi_handle handle, struct dmar_tables *t)
{
	static const enum acpi_dmar_type types[] = {
		ACPI_DMAR_TYPE_HARDWARE_UNIT, ACPI_DMAR_TYPE_HARDWARE_AFFINITY,
		ACPI_DMAR_TYPE_ROOT_ATS, ACPI_DMAR_TYPE_SATC,
	};
	struct dmar_cursor cur = {};
	size_t i;
	int ret;

	dmar_tables_init(t);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		ret = read_dsm(handle, types[i], t, &cur);
		if (ret) {
			dmar_tables_free(t);
			return ret;
		}
	}
	dmar_tables_finish(t, &cur);
	dmar_firmware_is_broken(cur.bugs);
	return 0;
}

/* Tables, queue and translation of a unit that is on the list. */
static int start_unit(struct dmar_drhd_unit *drhd)
{
	struct intel_iommu *iommu = drhd->iommu;
	int ret;

	if (!intel_iommu_enabled || drhd->ignored)
		return 0;

	ret = intel_iommu_prepare_unit(iommu);
	if (ret)
		return ret;

	iommu_flush_write_buffer(iommu);
	ret = dmar_set_interrupt(iommu);
	if (!ret)
		ret = iommu_set_root(iommu);
	if (!ret)
		ret = iommu_enable_translation(iommu);
	if (!ret)
		ret = iommu_disable_pmr(iommu);
	if (ret)
		intel_iommu_undo_unit(iommu);
	return ret;
}

static void stop_unit(struct dmar_drhd_unit *drhd)
{
	if (drhd->iommu->root)
		intel_iommu_undo_unit(drhd->iommu);
}

/* A unit that comes has no interrupts yet; of one that goes, find_going() has seen it. */
static void remove_unit(struct dmar_drhd_unit *drhd)
{
	stop_unit(drhd);
	if (dmar_ir_hotplug(drhd, false)) {
		pr_err("%s: interrupts still come through it, it is kept\n",
		       drhd->iommu->name);
		return;
	}
	dmar_drop_drhd(drhd);
}

/* Takes @drhd, also when it fails. */
static int insert_unit(struct dmar_drhd_unit *drhd)
{
	int ret;

	ret = iommu_unit_alloc(drhd);
	if (ret) {
		dmar_free_drhd(drhd);
		return ret;
	}
	dmar_add_drhd(drhd);

	ret = dmar_ir_hotplug(drhd, true);
	if (ret) {
		dmar_drop_drhd(drhd);
		return ret;
	}
	ret = start_unit(drhd);
	if (ret)
		remove_unit(drhd);
	return ret;
}

/* Take the units of @t that are new; those that are known are freed. */
static int insert_units(struct dmar_tables *t, struct list_head *added)
{
	struct dmar_drhd_unit *drhd, *next;
	struct dmar_drhd *d;
	int ret;

	list_for_each_entry_safe(drhd, next, &t->drhds, list) {
		list_del(&drhd->list);
		if (dmar_find_drhd(drhd->segment, drhd->reg_base_addr)) {
			dmar_free_drhd(drhd);
			continue;
		}
		if (drhd->ignored ||
		    !dmar_registers_answer(drhd->reg_base_addr, false)) {
			pr_err(FW_BUG "no unit answers at 0x%llx\n",
			       drhd->reg_base_addr);
			dmar_free_drhd(drhd);
			return -ENXIO;
		}
		d = to_dmar_drhd(drhd);
		ret = insert_unit(drhd);
		if (ret)
			return ret;
		list_add_tail(&d->hotplug, added);
	}
	return 0;
}

static void remove_units(struct list_head *added)
{
	struct dmar_drhd *d, *next;

	list_for_each_entry_safe(d, next, added, hotplug) {
		list_del(&d->hotplug);
		remove_unit(&d->unit);
	}
}

static bool same_structure(const struct acpi_dmar_header *a,
			   const struct acpi_dmar_header *b)
{
	return a->length == b->length && !memcmp(a, b, a->length);
}

static struct dmar_atc *find_atc(struct list_head *list,
				 const struct dmar_atc *atc)
{
	struct dmar_atc *known;

	list_for_each_entry(known, list, list)
		if (same_structure(known->hdr, atc->hdr))
			return known;
	return NULL;
}

static void insert_atcs(struct list_head *from, struct list_head *to)
{
	struct dmar_atc *atc, *next;

	list_for_each_entry_safe(atc, next, from, list) {
		list_del(&atc->list);
		if (find_atc(to, atc))
			dmar_free_atc(atc);
		else
			list_add_tail_rcu(&atc->list, to);
	}
}

static void remove_atcs(struct list_head *gone, struct list_head *from)
{
	struct dmar_atc *atc, *known;

	list_for_each_entry(atc, gone, list) {
		known = find_atc(from, atc);
		if (!known)
			continue;
		list_del_rcu(&known->list);
		synchronize_rcu();
		dmar_scopes_release(known->devices, known->devices_cnt);
		dmar_free_atc(known);
	}
}

/* Known to the core last, without the lock: probing takes it. */
static int register_units(struct list_head *added)
{
	struct dmar_drhd *d;
	int ret;

	if (!intel_iommu_enabled)
		return 0;

	list_for_each_entry(d, added, hotplug) {
		if (d->unit.ignored)
			continue;
		ret = iommu_unit_register(d->unit.iommu);
		if (ret)
			return ret;
	}
	return 0;
}

static void unregister_units(struct list_head *units)
{
	struct dmar_drhd *d;

	list_for_each_entry(d, units, hotplug)
		iommu_unit_unregister(d->unit.iommu);
}

static int insert(acpi_handle handle)
{
	struct dmar_tables t;
	LIST_HEAD(added);
	int ret;

	ret = read_tables(handle, &t);
	if (ret)
		return ret;

	scoped_guard(rwsem_write, &dmar_global_lock)
		ret = insert_units(&t, &added);
	if (!ret)
		ret = register_units(&added);
	if (ret)
		unregister_units(&added);

	scoped_guard(rwsem_write, &dmar_global_lock) {
		if (ret) {
			remove_units(&added);
		} else {
			insert_atcs(&t.atsrs, &dmar_atsrs);
			insert_atcs(&t.satcs, &dmar_satcs);
		}
	}
	dmar_tables_free(&t);
	return ret;
}

static bool has_devices(const struct dmar_dev_scope *devices, int cnt)
{
	int i;

	for (i = 0; i < cnt; i++)
		if (rcu_access_pointer(devices[i].dev))
			return true;
	return false;
}

static bool in_use(const struct dmar_drhd_unit *drhd)
{
	if (ir_in_use(drhd->iommu))
		return true;
	return !drhd->include_all && has_devices(drhd->devices, drhd->devices_cnt);
}

/* Collect the units that go; -EBUSY when one still has devices or interrupts. */
static int find_going(struct dmar_tables *t, struct list_head *going)
{
	struct dmar_drhd_unit *drhd, *known;
	struct dmar_atc *atc, *katc;

	list_for_each_entry(atc, &t->atsrs, list) {
		katc = find_atc(&dmar_atsrs, atc);
		if (katc && has_devices(katc->devices, katc->devices_cnt))
			return -EBUSY;
	}
	list_for_each_entry(drhd, &t->drhds, list) {
		known = dmar_find_drhd(drhd->segment, drhd->reg_base_addr);
		if (!known)
			continue;
		if (in_use(known))
			return -EBUSY;
		list_add_tail(&to_dmar_drhd(known)->hotplug, going);
	}
	return 0;
}

static int remove(acpi_handle handle)
{
	struct dmar_tables t;
	LIST_HEAD(going);
	int ret;

	ret = read_tables(handle, &t);
	if (ret)
		return ret;

	scoped_guard(rwsem_read, &dmar_global_lock)
		ret = find_going(&t, &going);
	if (!ret) {
		unregister_units(&going);
		guard(rwsem_write)(&dmar_global_lock);
		remove_units(&going);
		remove_atcs(&t.atsrs, &dmar_atsrs);
		remove_atcs(&t.satcs, &dmar_satcs);
	}
	dmar_tables_free(&t);
	return ret;
}

static acpi_status stop_at_dsm(acpi_handle handle, u32 level, void *context,
			       void **found)
{
	if (!dmar_has_dsm(handle, ACPI_DMAR_TYPE_HARDWARE_UNIT))
		return AE_OK;
	*found = handle;
	return AE_CTRL_TERMINATE;
}

/* The object with units at @handle or below; NULL when there is none. */
static int find_dsm(acpi_handle handle, acpi_handle *found)
{
	*found = NULL;
	if (dmar_has_dsm(handle, ACPI_DMAR_TYPE_HARDWARE_UNIT)) {
		*found = handle;
		return 0;
	}
	if (ACPI_FAILURE(acpi_walk_namespace(ACPI_TYPE_DEVICE, handle,
					     ACPI_UINT32_MAX, stop_at_dsm,
					     NULL, NULL, found))) {
		pr_warn("ACPI objects below a host bridge cannot be searched\n");
		return -ENXIO;
	}
	return 0;
}

/* One host bridge at a time. */
static DEFINE_MUTEX(hotplug_lock);

static int hotplug(acpi_handle handle, int (*action)(acpi_handle handle))
{
	acpi_handle found;
	int ret;

	if (!irq_remapping_enabled && !intel_iommu_enabled)
		return 0;

	guard(mutex)(&hotplug_lock);
	ret = find_dsm(handle, &found);
	return ret || !found ? ret : action(found);
}

/**
 * dmar_device_add - a host bridge comes, maybe with units
 * @handle: its ACPI object
 *
 * Context: process context, before its devices are scanned
 * Return: 0, also when there are no units; -ENXIO when a unit does not answer;
 * -ENOMEM; -ETIMEDOUT; what registration returns
 */
int dmar_device_add(acpi_handle handle)
{
	return hotplug(handle, insert);
}

/**
 * dmar_device_remove - a host bridge goes, maybe with units
 * @handle: its ACPI object
 *
 * Context: process context, after its devices are gone
 * Return: 0, also when there are no units; -EBUSY while a unit has devices or
 * interrupts come through it; -ENOMEM
 */
int dmar_device_remove(acpi_handle handle)
{
	return hotplug(handle, remove);
}
