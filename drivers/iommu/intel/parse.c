// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the bytes of a DMAR table to objects.
 *
 * Laws: no hardware is touched and no global is changed, so that a test can feed
 * anything; each object owns a copy of its structure, cut to the scopes that are
 * sound, so that the table can go; what contradicts itself is dropped with one
 * line that says what and where, and the first of two that claim the same wins.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/acpi.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "table.h"
#include "unit.h"

/* DRHD "size": the register set is 2^N pages (8.3). */
#define DRHD_SIZE_MASK		0xf

#define WIDTH_MIN	32	/* no x86 with VT-d addresses less */
#define WIDTH_MAX	64

/**
 * dmar_tables_init - make @t empty
 * @t: the tables
 */
void dmar_tables_init(struct dmar_tables *t)
{
	memset(t, 0, sizeof(*t));
	INIT_LIST_HEAD(&t->drhds);
	INIT_LIST_HEAD(&t->rmrrs);
	INIT_LIST_HEAD(&t->atsrs);
	INIT_LIST_HEAD(&t->satcs);
	INIT_LIST_HEAD(&t->andds);
	INIT_LIST_HEAD(&t->rhsas);
}

static int count_devices(const struct dmar_entry *e)
{
	const void *end = (const void *)e->hdr + e->fixed + e->scopes_len;
	const struct acpi_dmar_device_scope *scope;
	int n = 0;

	for (scope = dmar_first_scope(e->hdr, e->fixed);
	     (const void *)scope < end; scope = dmar_next_scope(scope))
		n += dmar_scope_is_device(scope);
	return n;
}

/*
 * Allocate an object of @size with a copy of @e's structure behind it, and room
 * for the devices of its scopes.
 */
static void *alloc_scoped(const struct dmar_entry *e, size_t size, void **copy,
			  struct dmar_dev_scope **devices, int *cnt)
{
	size_t len = e->fixed + e->scopes_len;
	struct acpi_dmar_header *hdr;
	void *obj;

	size = ALIGN(size, sizeof(u64));
	obj = kzalloc(size_add(size, len), GFP_KERNEL);
	if (!obj)
		return NULL;

	*cnt = count_devices(e);
	if (*cnt) {
		*devices = kcalloc(*cnt, sizeof(**devices), GFP_KERNEL);
		if (!*devices) {
			kfree(obj);
			return NULL;
		}
	}
	hdr = obj + size;
	memcpy(hdr, e->hdr, len);
	hdr->length = len;
	*copy = hdr;
	return obj;
}

/**
 * dmar_free_drhd - free what parsing made of a DRHD
 * @drhd: not on a list, without a unit, its scopes released
 */
void dmar_free_drhd(struct dmar_drhd_unit *drhd)
{
	kfree(drhd->devices);
	kfree(to_dmar_drhd(drhd));
}

/**
 * dmar_free_atc - free an ATSR or SATC
 * @atc: not on a list, its scopes released
 */
void dmar_free_atc(struct dmar_atc *atc)
{
	kfree(atc->devices);
	kfree(atc);
}

/* A unit that can be used, with registers in [@base, @base + @size). */
static struct dmar_drhd_unit *find_overlap(struct dmar_tables *t, u64 base,
					   u64 size)
{
	struct dmar_drhd_unit *u;

	list_for_each_entry(u, &t->drhds, list)
		if (!u->ignored && base < u->reg_base_addr + u->reg_size &&
		    u->reg_base_addr < base + size)
			return u;
	return NULL;
}

static bool has_include_all(struct dmar_tables *t, u16 segment)
{
	struct dmar_drhd_unit *u;

	list_for_each_entry(u, &t->drhds, list)
		if (u->include_all && u->segment == segment)
			return true;
	return false;
}

static bool drhd_usable(struct dmar_tables *t, struct dmar_cursor *cur,
			const struct dmar_entry *e, u64 base, u64 size)
{
	struct dmar_drhd_unit *other;

	if (!dmar_drhd_sound(cur, (const void *)e->hdr, e->off))
		return false;

	other = find_overlap(t, base, size);
	if (!other)
		return true;
	dmar_fw_warn(cur, "DRHD at offset %zu: registers at 0x%llx overlap those at 0x%llx; unit not used",
		     e->off, base, other->reg_base_addr);
	return false;
}

static bool drhd_include_all(struct dmar_tables *t, struct dmar_cursor *cur,
			     const struct dmar_entry *e,
			     const struct dmar_drhd_unit *u)
{
	const struct acpi_dmar_hardware_unit *hw = (const void *)e->hdr;

	if (!(hw->flags & ACPI_DMAR_INCLUDE_ALL) || u->ignored)
		return false;
	if (!has_include_all(t, u->segment))
		return true;
	dmar_fw_warn(cur, "DRHD at offset %zu: segment %04x has a unit for all other devices already",
		     e->off, u->segment);
	return false;
}

/*
 * A unit that cannot be used stays, ignored, with its scopes: no other unit
 * translates for its devices, so they must not be looked up elsewhere.
 */
static int parse_drhd(struct dmar_tables *t, struct dmar_cursor *cur,
		      const struct dmar_entry *e)
{
	const struct acpi_dmar_hardware_unit *hw = (const void *)e->hdr;
	u64 size = VTD_PAGE_SIZE << (hw->size & DRHD_SIZE_MASK);
	struct dmar_dev_scope *devices = NULL;
	struct dmar_drhd_unit *u;
	struct dmar_drhd *drhd;
	void *copy;
	int cnt;

	drhd = alloc_scoped(e, sizeof(*drhd), &copy, &devices, &cnt);
	if (!drhd)
		return -ENOMEM;

	drhd->node = NUMA_NO_NODE;
	u = &drhd->unit;
	u->hdr = copy;
	u->reg_base_addr = hw->address;
	u->reg_size = size;
	u->segment = hw->segment;
	u->devices = devices;
	u->devices_cnt = cnt;
	u->ignored = !drhd_usable(t, cur, e, hw->address, size);
	u->include_all = drhd_include_all(t, cur, e, u);

	/* Lookups stop at the first match: explicit scopes go before the rest. */
	if (u->include_all)
		list_add_tail(&u->list, &t->drhds);
	else
		list_add(&u->list, &t->drhds);
	return 0;
}

static bool rmrr_sound(struct dmar_cursor *cur, const struct dmar_entry *e,
		       u64 base, u64 last)
{
	if (base >= last) {
		dmar_fw_warn(cur, "RMRR at offset %zu: [0x%llx-0x%llx] is no range; ignored",
			     e->off, base, last);
		return false;
	}
	if (!IS_ALIGNED(base, PAGE_SIZE) || !IS_ALIGNED(last + 1, PAGE_SIZE))
		dmar_fw_warn(cur, "RMRR at offset %zu: [0x%llx-0x%llx] is not made of pages; rounded outwards",
			     e->off, base, last);
	return true;
}

static int parse_rmrr(struct dmar_tables *t, struct dmar_cursor *cur,
		      const struct dmar_entry *e)
{
	const struct acpi_dmar_reserved_memory *mem = (const void *)e->hdr;
	struct dmar_dev_scope *devices = NULL;
	struct dmar_rmrr *rmrr;
	void *copy;
	int cnt;

	if (!rmrr_sound(cur, e, mem->base_address, mem->end_address))
		return 0;

	rmrr = alloc_scoped(e, sizeof(*rmrr), &copy, &devices, &cnt);
	if (!rmrr)
		return -ENOMEM;

	rmrr->hdr = copy;
	rmrr->base = mem->base_address & PAGE_MASK;
	rmrr->last = mem->end_address | ~PAGE_MASK;
	rmrr->segment = mem->segment;
	rmrr->devices = devices;
	rmrr->devices_cnt = cnt;
	list_add_tail(&rmrr->list, &t->rmrrs);
	return 0;
}

/* ATSR and SATC: flags and segment are at the same place in both (8.5, 8.8). */
static int parse_atc(struct list_head *list, const struct dmar_entry *e)
{
	const struct acpi_dmar_atsr *atsr = (const void *)e->hdr;
	struct dmar_dev_scope *devices = NULL;
	struct dmar_atc *atc;
	void *copy;
	int cnt;

	static_assert(offsetof(struct acpi_dmar_atsr, flags) ==
		      offsetof(struct acpi_dmar_satc, flags));
	static_assert(offsetof(struct acpi_dmar_atsr, segment) ==
		      offsetof(struct acpi_dmar_satc, segment));

	atc = alloc_scoped(e, sizeof(*atc), &copy, &devices, &cnt);
	if (!atc)
		return -ENOMEM;

	atc->hdr = copy;
	atc->flag = atsr->flags & ACPI_DMAR_ALL_PORTS;
	atc->segment = atsr->segment;
	atc->devices = devices;
	atc->devices_cnt = cnt;
	list_add_tail(&atc->list, list);
	return 0;
}

static int parse_andd(struct dmar_tables *t, struct dmar_cursor *cur,
		      const struct dmar_entry *e)
{
	const struct acpi_dmar_andd *src = (const void *)e->hdr;
	size_t room = e->hdr->length - e->fixed;
	struct dmar_andd *andd;
	size_t len;

	len = strnlen(src->device_name, room);
	if (len == room) {
		dmar_fw_warn(cur, "ANDD at offset %zu: name of device %u has no end; ignored",
			     e->off, src->device_number);
		return 0;
	}

	andd = kzalloc(struct_size(andd, name, len + 1), GFP_KERNEL);
	if (!andd)
		return -ENOMEM;
	andd->number = src->device_number;
	memcpy(andd->name, src->device_name, len);
	list_add_tail(&andd->list, &t->andds);
	return 0;
}

static int parse_rhsa(struct dmar_tables *t, const struct dmar_entry *e)
{
	const struct acpi_dmar_rhsa *src = (const void *)e->hdr;
	struct dmar_rhsa *rhsa;

	rhsa = kzalloc(sizeof(*rhsa), GFP_KERNEL);
	if (!rhsa)
		return -ENOMEM;
	rhsa->off = e->off;
	rhsa->base = src->base_address;
	rhsa->pxm = src->proximity_domain;
	list_add_tail(&rhsa->list, &t->rhsas);
	return 0;
}

static int parse_entry(struct dmar_tables *t, struct dmar_cursor *cur,
		       const struct dmar_entry *e)
{
	switch (e->hdr->type) {
	case ACPI_DMAR_TYPE_HARDWARE_UNIT:
		return parse_drhd(t, cur, e);
	case ACPI_DMAR_TYPE_RESERVED_MEMORY:
		return parse_rmrr(t, cur, e);
	case ACPI_DMAR_TYPE_ROOT_ATS:
		return parse_atc(&t->atsrs, e);
	case ACPI_DMAR_TYPE_SATC:
		return parse_atc(&t->satcs, e);
	case ACPI_DMAR_TYPE_NAMESPACE:
		return parse_andd(t, cur, e);
	case ACPI_DMAR_TYPE_HARDWARE_AFFINITY:
		return parse_rhsa(t, e);
	}
	return 0;
}

static bool same_device(const struct acpi_dmar_device_scope *a,
			const struct acpi_dmar_device_scope *b)
{
	if (a->entry_type == ACPI_DMAR_SCOPE_TYPE_NAMESPACE ||
	    b->entry_type == ACPI_DMAR_SCOPE_TYPE_NAMESPACE)
		return a->entry_type == b->entry_type &&
		       a->enumeration_id == b->enumeration_id;

	return a->bus == b->bus && a->length == b->length &&
	       !memcmp(a + 1, b + 1, a->length - sizeof(*a));
}

static bool is_claimed(const struct dmar_drhd_unit *u,
		       const struct acpi_dmar_device_scope *dev)
{
	const struct acpi_dmar_device_scope *s;

	for (s = dmar_first_scope(u->hdr, sizeof(struct acpi_dmar_hardware_unit));
	     dmar_scope_in(s, u->hdr); s = dmar_next_scope(s))
		if (dmar_scope_is_device(s) && same_device(s, dev))
			return true;
	return false;
}

/* Complain of devices of @a that @b claims as well. */
static void check_overlap(struct dmar_cursor *cur,
			  const struct dmar_drhd_unit *a,
			  const struct dmar_drhd_unit *b)
{
	const struct acpi_dmar_device_scope *s;

	for (s = dmar_first_scope(a->hdr, sizeof(struct acpi_dmar_hardware_unit));
	     dmar_scope_in(s, a->hdr); s = dmar_next_scope(s))
		if (dmar_scope_is_device(s) && is_claimed(b, s))
			dmar_fw_warn(cur, "device %04x:%02x:%02x.%x is in the scopes of the units at 0x%llx and 0x%llx",
				     a->segment, s->bus,
				     dmar_scope_path(s)->device,
				     dmar_scope_path(s)->function,
				     a->reg_base_addr, b->reg_base_addr);
}

static void check_overlaps(struct dmar_tables *t, struct dmar_cursor *cur)
{
	struct dmar_drhd_unit *a, *b;

	list_for_each_entry(a, &t->drhds, list) {
		b = a;
		list_for_each_entry_continue(b, &t->drhds, list)
			if (a->segment == b->segment)
				check_overlap(cur, a, b);
	}
}

static int node_of(u32 pxm)
{
	int node = NUMA_NO_NODE;

	if (IS_ENABLED(CONFIG_ACPI_NUMA))
		node = pxm_to_node(pxm);
	return node == NUMA_NO_NODE || node_online(node) ? node : NUMA_NO_NODE;
}

static void apply_affinity(struct dmar_tables *t, struct dmar_cursor *cur,
			   const struct dmar_rhsa *rhsa)
{
	struct dmar_drhd_unit *u;

	list_for_each_entry(u, &t->drhds, list)
		if (u->reg_base_addr == rhsa->base) {
			to_dmar_drhd(u)->node = node_of(rhsa->pxm);
			return;
		}
	dmar_fw_warn(cur, "RHSA at offset %zu: there is no DRHD for registers at 0x%llx",
		     rhsa->off, rhsa->base);
}

/**
 * dmar_tables_parse - make objects of the structures of a table or _DSM
 * @t: takes the objects, beside those it has
 * @cur: at the first structure
 *
 * Context: process context
 * Return: 0, whatever firmware said; -ENOMEM, with @t empty
 */
int dmar_tables_parse(struct dmar_tables *t, struct dmar_cursor *cur)
{
	struct dmar_entry e;
	int ret;

	while (dmar_next(cur, &e)) {
		ret = parse_entry(t, cur, &e);
		if (ret) {
			dmar_tables_free(t);
			return ret;
		}
	}
	return 0;
}

/**
 * dmar_tables_finish - what can be said when all structures are known
 * @t: the objects
 * @cur: the last cursor, takes complaints
 *
 * Affinity may come before its unit, and scopes overlap only with others.
 */
void dmar_tables_finish(struct dmar_tables *t, struct dmar_cursor *cur)
{
	struct dmar_rhsa *rhsa, *next;

	list_for_each_entry_safe(rhsa, next, &t->rhsas, list) {
		apply_affinity(t, cur, rhsa);
		list_del(&rhsa->list);
		kfree(rhsa);
	}
	check_overlaps(t, cur);
}

/**
 * dmar_tables_free - free all objects
 * @t: the tables, which no one else knows; empty afterwards
 */
void dmar_tables_free(struct dmar_tables *t)
{
	struct dmar_drhd_unit *drhd, *drhd_n;
	struct dmar_rmrr *rmrr, *rmrr_n;
	struct dmar_andd *andd, *andd_n;
	struct dmar_rhsa *rhsa, *rhsa_n;
	struct dmar_atc *atc, *atc_n;

	list_for_each_entry_safe(drhd, drhd_n, &t->drhds, list)
		dmar_free_drhd(drhd);
	list_for_each_entry_safe(rmrr, rmrr_n, &t->rmrrs, list) {
		kfree(rmrr->devices);
		kfree(rmrr);
	}
	list_for_each_entry_safe(atc, atc_n, &t->atsrs, list)
		dmar_free_atc(atc);
	list_for_each_entry_safe(atc, atc_n, &t->satcs, list)
		dmar_free_atc(atc);
	list_for_each_entry_safe(andd, andd_n, &t->andds, list)
		kfree(andd);
	list_for_each_entry_safe(rhsa, rhsa_n, &t->rhsas, list)
		kfree(rhsa);
	dmar_tables_init(t);
}

/**
 * dmar_parse_width - the host address width that the table claims
 * @t: takes the width, or 0 when what the table says cannot be
 * @cur: takes complaints
 * @dmar: the table
 */
void dmar_parse_width(struct dmar_tables *t, struct dmar_cursor *cur,
		      const struct acpi_table_dmar *dmar)
{
	t->flags = dmar->flags;
	t->width = dmar->width + 1;
	if (t->width >= WIDTH_MIN && t->width <= WIDTH_MAX)
		return;

	dmar_fw_warn(cur, "host address width of %u bits cannot be; not used",
		     t->width);
	t->width = 0;
}
