// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking the bytes of a DMAR table (VT-d 8.1 - 8.8).
 *
 * Laws: nothing is read that was not checked to be inside the buffer; nothing
 * is allocated and no hardware is touched, so that the walk works before there
 * is an allocator and in a test; a fault of firmware costs one line that says
 * what and where, and the walk goes on with what is sound.
 *
 * A structure whose own length cannot be true ends the walk, because nobody can
 * tell where the next one begins.  A device scope whose length cannot be true
 * ends the scopes of its structure, for the same reason.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/stddef.h>

#include "bits.h"
#include "table.h"

#define PATH_DEVICE_MAX		31
#define PATH_FUNCTION_MAX	7

/* The shortest scope has a header and one step of a path (8.3.1). */
#define SCOPE_MIN	(sizeof(struct acpi_dmar_device_scope) + \
			 sizeof(struct acpi_dmar_pci_path))

struct dmar_kind {
	const char *name;
	size_t fixed;
	bool scopes;
};

static const struct dmar_kind dmar_kinds[] = {
	[ACPI_DMAR_TYPE_HARDWARE_UNIT] = {
		"DRHD", sizeof(struct acpi_dmar_hardware_unit), true },
	[ACPI_DMAR_TYPE_RESERVED_MEMORY] = {
		"RMRR", sizeof(struct acpi_dmar_reserved_memory), true },
	[ACPI_DMAR_TYPE_ROOT_ATS] = {
		"ATSR", sizeof(struct acpi_dmar_atsr), true },
	[ACPI_DMAR_TYPE_HARDWARE_AFFINITY] = {
		"RHSA", sizeof(struct acpi_dmar_rhsa), false },
	[ACPI_DMAR_TYPE_NAMESPACE] = {
		"ANDD", offsetof(struct acpi_dmar_andd, device_name), false },
	[ACPI_DMAR_TYPE_SATC] = {
		"SATC", sizeof(struct acpi_dmar_satc), true },
};

/**
 * dmar_fw_warn - say what is wrong with what firmware said
 * @cur: counts it, and decides whether it is logged
 * @fmt: one line, without its end
 *
 * Context: any
 */
void dmar_fw_warn(struct dmar_cursor *cur, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	cur->bugs++;
	if (cur->quiet)
		return;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_warn(FW_BUG "%pV\n", &vaf);
	va_end(args);
}

/**
 * dmar_check_header - is this a DMAR table, and where are its structures
 * @table: the table
 * @len: bytes that may be read at @table
 * @cur: initialised to walk the structures; its bugs and quiet are kept
 *
 * Context: any
 * Return: 0; -EINVAL when the table is too short to say anything
 */
int dmar_check_header(const void *table, size_t len, struct dmar_cursor *cur)
{
	const struct acpi_table_dmar *dmar = table;

	cur->off = sizeof(*dmar);
	cur->buf = table;
	cur->len = 0;
	if (len < sizeof(*dmar) || dmar->header.length < sizeof(*dmar)) {
		dmar_fw_warn(cur, "DMAR table is truncated: %zu bytes where the header has %zu",
			     len < sizeof(*dmar) ? len : (size_t)dmar->header.length,
			     sizeof(*dmar));
		return -EINVAL;
	}
	if (dmar->header.length > len)
		dmar_fw_warn(cur, "DMAR table says %u bytes but only %zu are there",
			     dmar->header.length, len);

	cur->len = min_t(size_t, len, dmar->header.length);
	return 0;
}

/* One scope that lies within @room bytes, or a complaint. */
static bool scope_sound(struct dmar_cursor *cur, const struct dmar_kind *kind,
			const u8 *at, size_t room, size_t off)
{
	const struct acpi_dmar_device_scope *scope = (const void *)at;
	const struct acpi_dmar_pci_path *path;
	unsigned int i;

	if (room < SCOPE_MIN) {
		dmar_fw_warn(cur, "%s at offset %zu: %zu stray bytes after its device scopes",
			     kind->name, off, room);
		return false;
	}
	if (scope->length < SCOPE_MIN || scope->length > room ||
	    scope->length % sizeof(*path)) {
		dmar_fw_warn(cur, "%s at offset %zu: device scope of %u bytes where %zu are left",
			     kind->name, off, scope->length, room);
		return false;
	}

	path = dmar_scope_path(scope);
	for (i = 0; i < dmar_scope_depth(scope); i++)
		if (path[i].device > PATH_DEVICE_MAX ||
		    path[i].function > PATH_FUNCTION_MAX)
			dmar_fw_warn(cur, "%s at offset %zu: device scope names %02x.%x, which cannot be",
				     kind->name, off, path[i].device,
				     path[i].function);
	return true;
}

static size_t sound_scopes(struct dmar_cursor *cur, const struct dmar_kind *kind,
			   const u8 *at, size_t room, size_t off)
{
	size_t len = 0;

	while (len < room && scope_sound(cur, kind, at + len, room - len, off))
		len += ((const struct acpi_dmar_device_scope *)(at + len))->length;
	return len;
}

/* The header at the cursor, when its length can be true. */
static const struct acpi_dmar_header *header_at_cursor(struct dmar_cursor *cur)
{
	size_t room = cur->len - cur->off;
	const struct acpi_dmar_header *hdr = (const void *)(cur->buf + cur->off);

	if (room < sizeof(*hdr)) {
		dmar_fw_warn(cur, "%zu stray bytes at the end of the DMAR structures",
			     room);
		return NULL;
	}
	if (hdr->length < sizeof(*hdr)) {
		dmar_fw_warn(cur, "structure of type %u at offset %zu has length %u; %zu bytes after it are lost",
			     hdr->type, cur->off, hdr->length, room);
		return NULL;
	}
	if (hdr->length > room) {
		dmar_fw_warn(cur, "structure of type %u at offset %zu has length %u but only %zu bytes are left",
			     hdr->type, cur->off, hdr->length, room);
		return NULL;
	}
	return hdr;
}

/* Is @hdr long enough for its type?  Unknown types are for newer kernels. */
static const struct dmar_kind *kind_of(struct dmar_cursor *cur,
				       const struct acpi_dmar_header *hdr,
				       size_t off)
{
	const struct dmar_kind *kind;

	if (hdr->type >= ARRAY_SIZE(dmar_kinds)) {
		pr_debug("structure type %u at offset %zu is not known\n",
			 hdr->type, off);
		return NULL;
	}
	kind = &dmar_kinds[hdr->type];
	if (hdr->length < kind->fixed) {
		dmar_fw_warn(cur, "%s at offset %zu has %u bytes where %zu are needed",
			     kind->name, off, hdr->length, kind->fixed);
		return NULL;
	}
	return kind;
}

/**
 * dmar_next - step to the next sound structure
 * @cur: the walk
 * @entry: describes the structure
 *
 * Skips structures of unknown type, and those too short for their type.
 *
 * Context: any
 * Return: false at the end, or where the buffer makes no sense any more
 */
bool dmar_next(struct dmar_cursor *cur, struct dmar_entry *entry)
{
	const struct acpi_dmar_header *hdr;
	const struct dmar_kind *kind;
	size_t off;

	while (cur->off < cur->len) {
		off = cur->off;
		hdr = header_at_cursor(cur);
		if (!hdr) {
			cur->off = cur->len;
			return false;
		}
		cur->off += hdr->length;

		kind = kind_of(cur, hdr, off);
		if (!kind)
			continue;

		*entry = (struct dmar_entry) {
			.hdr = hdr, .off = off, .fixed = kind->fixed,
		};
		if (kind->scopes)
			entry->scopes_len =
				sound_scopes(cur, kind,
					     (const u8 *)hdr + kind->fixed,
					     hdr->length - kind->fixed, off);
		return true;
	}
	return false;
}

/**
 * dmar_drhd_sound - can there be a unit where the DRHD says
 * @cur: takes complaints
 * @drhd: the structure
 * @off: its offset, for messages
 *
 * Context: any
 * Return: true when the register base can be true
 */
bool dmar_drhd_sound(struct dmar_cursor *cur,
		     const struct acpi_dmar_hardware_unit *drhd, size_t off)
{
	u64 base = drhd->address;

	if (base && base != U64_MAX && IS_ALIGNED(base, VTD_PAGE_SIZE))
		return true;

	dmar_fw_warn(cur, "DRHD at offset %zu has its registers at 0x%llx, which cannot be",
		     off, base);
	return false;
}
