/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What firmware says of the remapping units: the ACPI table "DMAR" (VT-d 8).
 */
#ifndef _INTEL_VTD_TABLE_H
#define _INTEL_VTD_TABLE_H

#include <linux/acpi.h>
#include <linux/dmar.h>
#include <linux/list.h>

/**
 * struct dmar_cursor - walks the remapping structures of a buffer
 * @buf: the structures, from a DMAR table or from a _DSM
 * @len: bytes in @buf
 * @off: offset of the next structure
 * @bugs: how many faults of firmware were found
 * @quiet: count them, but do not write them to the log
 */
struct dmar_cursor {
	const u8 *buf;
	size_t len;
	size_t off;
	unsigned int bugs;
	bool quiet;
};

/**
 * struct dmar_entry - one sound remapping structure
 * @hdr: the structure, at least as long as its type demands
 * @off: where it is in the buffer, for messages
 * @fixed: bytes before the device scopes
 * @scopes_len: bytes of sound device scopes that follow
 */
struct dmar_entry {
	const struct acpi_dmar_header *hdr;
	size_t off;
	size_t fixed;
	size_t scopes_len;
};

/**
 * struct dmar_drhd - a DRHD and what other structures say of its unit
 * @unit: what <linux/dmar.h> shows of it
 * @node: NUMA node by RHSA, or NUMA_NO_NODE
 * @hotplug: in a list of units that come or go together; hotplug_lock
 */
struct dmar_drhd {
	struct dmar_drhd_unit unit;
	int node;
	struct list_head hotplug;
};

#define to_dmar_drhd(u)		container_of_const((u), struct dmar_drhd, unit)

/**
 * struct dmar_atc - an ATSR or a SATC: devices that may use ATS
 * @list: in dmar_atsrs or dmar_satcs
 * @hdr: firmware's structure, a copy
 * @segment: PCI segment
 * @flag: ATSR: all root ports; SATC: the devices do not work without ATS
 * @devices: the devices; dmar_global_lock, readers by RCU
 * @devices_cnt: how many
 */
struct dmar_atc {
	struct list_head list;
	struct acpi_dmar_header *hdr;
	u16 segment;
	bool flag;
	struct dmar_dev_scope *devices;
	int devices_cnt;
};

/**
 * struct dmar_andd - an ACPI namespace device that does DMA
 * @list: in dmar_tables.andds
 * @number: how device scopes call it
 * @name: path of the ACPI object
 */
struct dmar_andd {
	struct list_head list;
	u8 number;
	char name[];
};

/**
 * struct dmar_rhsa - which NUMA node a unit is on
 * @list: in dmar_tables.rhsas
 * @off: offset of the structure, for messages
 * @base: register base of the unit
 * @pxm: ACPI proximity domain
 */
struct dmar_rhsa {
	struct list_head list;
	size_t off;
	u64 base;
	u32 pxm;
};

/**
 * struct dmar_tables - everything that one table or _DSM said
 * @drhds: struct dmar_drhd_unit, those with INCLUDE_ALL last
 * @rmrrs: struct dmar_rmrr
 * @atsrs: struct dmar_atc
 * @satcs: struct dmar_atc
 * @andds: struct dmar_andd
 * @rhsas: struct dmar_rhsa, until dmar_tables_finish()
 * @width: host address width in bits, 0 when firmware does not say
 * @flags: flags of the table's header (DMAR_x)
 */
struct dmar_tables {
	struct list_head drhds;
	struct list_head rmrrs;
	struct list_head atsrs;
	struct list_head satcs;
	struct list_head andds;
	struct list_head rhsas;
	unsigned int width;
	u8 flags;
};

/* The first scope that follows @hdr, whose fixed part is @fixed long. */
static inline const struct acpi_dmar_device_scope *
dmar_first_scope(const void *hdr, size_t fixed)
{
	return hdr + fixed;
}

static inline const struct acpi_dmar_device_scope *
dmar_next_scope(const struct acpi_dmar_device_scope *scope)
{
	return (const void *)scope + scope->length;
}

/* Is @scope still inside of @hdr, a structure kept by the parser? */
static inline bool dmar_scope_in(const struct acpi_dmar_device_scope *scope,
				 const struct acpi_dmar_header *hdr)
{
	return (const void *)scope < (const void *)hdr + hdr->length;
}

/* How many (device, function) pairs lead to the device. */
static inline unsigned int
dmar_scope_depth(const struct acpi_dmar_device_scope *scope)
{
	return (scope->length - sizeof(*scope)) /
	       sizeof(struct acpi_dmar_pci_path);
}

static inline const struct acpi_dmar_pci_path *
dmar_scope_path(const struct acpi_dmar_device_scope *scope)
{
	return (const void *)(scope + 1);
}

/* Does the scope name a device that we keep in a struct dmar_dev_scope? */
static inline bool
dmar_scope_is_device(const struct acpi_dmar_device_scope *scope)
{
	return scope->entry_type == ACPI_DMAR_SCOPE_TYPE_ENDPOINT ||
	       scope->entry_type == ACPI_DMAR_SCOPE_TYPE_BRIDGE ||
	       scope->entry_type == ACPI_DMAR_SCOPE_TYPE_NAMESPACE;
}

/*
 * Are these the capability registers of a unit?  Where nothing answers, reads
 * return all ones, or zeros behind some bridges and hypervisors.
 */
static inline bool dmar_caps_answer(u64 cap, u64 ecap)
{
	return (cap || ecap) && (~cap || ~ecap);
}

/* walk.c: nothing but bytes; callable before there is an allocator */
int dmar_check_header(const void *table, size_t len, struct dmar_cursor *cur);
bool dmar_next(struct dmar_cursor *cur, struct dmar_entry *entry);
bool dmar_drhd_sound(struct dmar_cursor *cur,
		     const struct acpi_dmar_hardware_unit *drhd, size_t off);
__printf(2, 3) void dmar_fw_warn(struct dmar_cursor *cur, const char *fmt, ...);

/* parse.c: objects from bytes; no hardware is touched */
void dmar_tables_init(struct dmar_tables *t);
void dmar_parse_width(struct dmar_tables *t, struct dmar_cursor *cur,
		      const struct acpi_table_dmar *dmar);
int dmar_tables_parse(struct dmar_tables *t, struct dmar_cursor *cur);
void dmar_tables_finish(struct dmar_tables *t, struct dmar_cursor *cur);
void dmar_tables_free(struct dmar_tables *t);
void dmar_free_drhd(struct dmar_drhd_unit *drhd);
void dmar_free_atc(struct dmar_atc *atc);

/* table.c: the tables of this machine */
extern struct list_head dmar_lost_units;
extern struct list_head dmar_atsrs;
extern struct list_head dmar_satcs;
extern struct list_head dmar_andds;
struct dmar_drhd_unit *dmar_find_drhd(u16 segment, u64 base);
void dmar_add_drhd(struct dmar_drhd_unit *drhd);
void dmar_drop_drhd(struct dmar_drhd_unit *drhd);
void dmar_firmware_is_broken(unsigned int bugs);
bool dmar_registers_answer(u64 base, bool early);
bool dmar_has_dsm(acpi_handle handle, enum acpi_dmar_type type);
union acpi_object *dmar_eval_dsm(acpi_handle handle, enum acpi_dmar_type type);

/* scope.c */
bool dmar_scope_leads_to(const struct acpi_dmar_device_scope *scope,
			 struct pci_dev *pdev);
void dmar_scopes_release(struct dmar_dev_scope *devices, int cnt);
void dmar_unregister_bus_notifier(void);

#endif /* _INTEL_VTD_TABLE_H */
