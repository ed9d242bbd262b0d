/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stream table entries and context descriptors: pure builders and the one writer.
 *
 * Laws: a builder touches nothing but the entry it fills.  An entry that the
 * hardware can reach is changed by smmu3_write_entry() and by nothing else.
 * Whatever moment the hardware chooses to read it, it sees the old entry, the
 * new one, or one that is not valid - never a mixture.
 *
 * Words: an entry is eight qwords, each of which hardware reads and the CPU
 * writes in one piece; a bit is used if hardware looks at it, which depends on
 * other bits of the entry; live is the entry in memory.
 */
#ifndef _ARM_SMMU3_ENTRY_H
#define _ARM_SMMU3_ENTRY_H

#include <linux/types.h>

#include "bits.h"

#define SMMU3_ENTRY_QWORDS	8

static_assert(STE_QWORDS == SMMU3_ENTRY_QWORDS);
static_assert(CD_QWORDS == SMMU3_ENTRY_QWORDS);

/**
 * struct smmu3_entry_kind - a sort of entry
 * @used: the bits of @e that hardware looks at, %SMMU3_ENTRY_QWORDS of them
 */
struct smmu3_entry_kind {
	const __le64 *(*used)(const __le64 *e);
};

/**
 * struct smmu3_entry_writer - one change of one entry
 * @kind: what the entry is
 * @sync: the stores made so far must reach the hardware and its configuration
 *	caches before any store that follows
 */
struct smmu3_entry_writer {
	const struct smmu3_entry_kind *kind;
	void (*sync)(struct smmu3_entry_writer *w);
};

extern const struct smmu3_entry_kind smmu3_entry_ste;
extern const struct smmu3_entry_kind smmu3_entry_cd;

void smmu3_write_entry(struct smmu3_entry_writer *w, __le64 *live,
		       const __le64 *target);

/* What holds of every entry of one SMMU or of one master. */
#define ENTRY_ATTR_SHCFG	BIT(0)	/* the shareability override exists */
#define ENTRY_ATTR_EL2		BIT(1)	/* StreamWorld EL2 (E2H) */
#define ENTRY_ATTR_ATS		BIT(2)	/* translation requests are answered */
#define ENTRY_ATTR_NO_STALL	BIT(3)	/* stalling is there and shall not be used */
#define ENTRY_ATTR_STALL	BIT(4)	/* faults wait for CMD_RESUME */
#define ENTRY_ATTR_COHERENT	BIT(5)	/* table walks snoop */
#define ENTRY_ATTR_DIRTY	BIT(6)	/* walks set access flags and dirty state */

/**
 * struct smmu3_walk - what the hardware has to know of a page table
 * @top: address of the top table
 * @iova_bits: width of input addresses
 * @granule_shift: 12, 14 or 16
 * @levels: levels of a walk
 * @ps: size of output addresses, OAS_x
 * @mair: stage 1: memory types (MAIR_EL1)
 * @tag: ASID or VMID
 */
struct smmu3_walk {
	u64 top;
	u8 iova_bits;
	u8 granule_shift;
	u8 levels;
	u8 ps;
	u16 tag;
	u64 mair;
};

void smmu3_make_ste_abort(struct smmu3_ste *e);
void smmu3_make_ste_bypass(struct smmu3_ste *e, unsigned int attrs);
void smmu3_make_ste_s1(struct smmu3_ste *e, u64 cdtab, u8 fmt, u8 ssid_bits,
		       u8 s1dss, unsigned int attrs);
void smmu3_make_ste_s2(struct smmu3_ste *e, const struct smmu3_walk *walk,
		       unsigned int attrs);
void smmu3_make_cd(struct smmu3_cd *e, const struct smmu3_walk *walk,
		   unsigned int attrs);

#endif /* _ARM_SMMU3_ENTRY_H */
