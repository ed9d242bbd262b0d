// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builders and the writer of stream table entries and context descriptors.
 *
 * The law is in entry.h.  How the writer keeps it:
 *
 *  - Qwords conflict where a bit that old and new entry both use is to change.
 *    If at most one qword does, the change is hitless in up to three steps:
 *    qwords with bits that only the new entry uses are set, as far as the old one
 *    does not look, then the conflicting qword is stored whole, then the rest is
 *    cleaned up.  That takes one store for a qword that hardware
 *    sees change, and it reads qwords in one piece (IHI 0070, 3.21.3).
 *  - Otherwise by way of an entry that is not valid.  In between, requests are
 *    terminated with an event, never let through untranslated.
 *
 * An entry that is not valid uses nothing but its valid bit, so making one valid
 * and making one invalid are changes without conflict, too.
 */
#include <linux/bitops.h>
#include <linux/compiler.h>

#include "../../pgtable/arm_lpae.h"
#include "entry.h"

/*
 * What hardware looks at, by qword.  5.2: which fields of a stream table entry there
 * are depends on Config.
 */

static const __le64 used_invalid_ste[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(STE0_V),
};

static const __le64 used_abort[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(STE0_V | STE0_CONFIG),
};

static const __le64 used_bypass[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(STE0_V | STE0_CONFIG),
	cpu_to_le64(STE1_SHCFG),
};

#define USED_S1_0	(STE0_V | STE0_CONFIG | STE0_S1FMT | STE0_S1CONTEXTPTR | \
			 STE0_S1CDMAX)
#define USED_S1_1	(STE1_S1DSS | STE1_S1CIR | STE1_S1COR | STE1_S1CSH |	\
			 STE1_S1STALLD | STE1_EATS | STE1_STRW)

/* Stage 1 is tagged with the VMID as well (3.3.3). */
static const __le64 used_s1[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(USED_S1_0),
	cpu_to_le64(USED_S1_1),
	cpu_to_le64(STE2_S2VMID),
};

/* Requests without SSID bypass. */
static const __le64 used_s1_bypass[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(USED_S1_0),
	cpu_to_le64(USED_S1_1 | STE1_SHCFG),
	cpu_to_le64(STE2_S2VMID),
};

static const __le64 used_s2[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(STE0_V | STE0_CONFIG),
	cpu_to_le64(STE1_EATS | STE1_SHCFG),
	cpu_to_le64(STE2_S2VMID | STE2_S2T0SZ | STE2_S2SL0 | STE2_S2IR0 |
		    STE2_S2OR0 | STE2_S2SH0 | STE2_S2TG | STE2_S2PS |
		    STE2_S2AA64 | STE2_S2ENDI | STE2_S2AFFD | STE2_S2PTW |
		    STE2_S2HD | STE2_S2HA | STE2_S2S | STE2_S2R),
	cpu_to_le64(STE3_S2TTB),
};

static const __le64 *ste_used(const __le64 *e)
{
	u64 qw0 = le64_to_cpu(e[0]);

	if (!(qw0 & STE0_V))
		return used_invalid_ste;
	switch (FIELD_GET(STE0_CONFIG, qw0)) {
	case STE_CONFIG_BYPASS:
		return used_bypass;
	case STE_CONFIG_S1:
		return FIELD_GET(STE1_S1DSS, le64_to_cpu(e[1])) == S1DSS_BYPASS ?
		       used_s1_bypass : used_s1;
	case STE_CONFIG_S2:
		return used_s2;
	default:
		return used_abort;
	}
}

static const __le64 used_invalid_cd[SMMU3_ENTRY_QWORDS] = {
	cpu_to_le64(CD0_V),
};

/* 5.4: TTB1 is never walked (EPD1 is always set here). */
static const __le64 used_cd[SMMU3_ENTRY_QWORDS] = {
	[0] = cpu_to_le64(~0ULL),
	[1] = cpu_to_le64(~0ULL),
	[3] = cpu_to_le64(~0ULL),
};

static const __le64 *cd_used(const __le64 *e)
{
	return le64_to_cpu(e[0]) & CD0_V ? used_cd : used_invalid_cd;
}

const struct smmu3_entry_kind smmu3_entry_ste = { .used = ste_used };
const struct smmu3_entry_kind smmu3_entry_cd = { .used = cd_used };

/* Store the qwords of @set; nothing to wait for if they hold that already. */
static void store_qwords(struct smmu3_entry_writer *w, __le64 *live,
			 const __le64 *value, unsigned long set)
{
	bool changed = false;
	unsigned int i;

	for (; set; set &= set - 1) {
		i = __ffs(set);
		if (live[i] == value[i])
			continue;
		WRITE_ONCE(live[i], value[i]);
		changed = true;
	}
	if (changed)
		w->sync(w);
}

/* @differ: qwords that are to change; @pivot: the one with a conflict, or none. */
static void write_hitless(struct smmu3_entry_writer *w, __le64 *live,
			  const __le64 *target, const __le64 *used,
			  const __le64 *needs, unsigned long differ,
			  unsigned long pivot)
{
	unsigned long rest = differ & ~pivot, fresh = 0, set;
	__le64 staged[SMMU3_ENTRY_QWORDS];
	unsigned int i;

	for (set = rest; set; set &= set - 1) {
		i = __ffs(set);
		if (!((live[i] ^ target[i]) & needs[i] & ~used[i]))
			continue;
		staged[i] = (live[i] & used[i]) | (target[i] & ~used[i]);
		fresh |= BIT(i);
	}
	store_qwords(w, live, staged, fresh);
	store_qwords(w, live, target, pivot);
	store_qwords(w, live, target, rest);
}

static void write_with_gap(struct smmu3_entry_writer *w, __le64 *live,
			   const __le64 *target, unsigned long differ)
{
	const __le64 invalid[1] = {};

	store_qwords(w, live, invalid, BIT(0));
	store_qwords(w, live, target, differ & ~BIT(0));
	store_qwords(w, live, target, BIT(0));
}

/**
 * smmu3_write_entry() - change an entry that the hardware can reach
 * @w: the kind of entry, and what to do between the stores
 * @live: the entry in memory
 * @target: what it shall be
 *
 * Writing what is there already costs nothing and calls nothing.
 *
 * Context: The caller serialises writers of one entry.  Sleeps only where the
 * hook of @w does.
 */
void smmu3_write_entry(struct smmu3_entry_writer *w, __le64 *live,
		       const __le64 *target)
{
	const __le64 *used = w->kind->used(live), *needs = w->kind->used(target);
	unsigned long differ = 0, conflicts = 0;
	unsigned int i;
	__le64 change;

	for (i = 0; i < SMMU3_ENTRY_QWORDS; i++) {
		change = live[i] ^ target[i];
		if (!change)
			continue;
		differ |= BIT(i);
		if (change & used[i] & needs[i])
			conflicts |= BIT(i);
	}
	if (conflicts & (conflicts - 1))
		write_with_gap(w, live, target, differ);
	else
		write_hitless(w, live, target, used, needs, differ, conflicts);
}

/* The valid bit and Config; everything else zero. */
static void start_ste(struct smmu3_ste *e, u64 config)
{
	*e = (struct smmu3_ste) {
		.qw[0] = cpu_to_le64(STE0_V | FIELD_PREP(STE0_CONFIG, config)),
	};
}

static u64 shcfg(unsigned int attrs)
{
	return attrs & ENTRY_ATTR_SHCFG ?
	       FIELD_PREP(STE1_SHCFG, SHCFG_INCOMING) : 0;
}

static u64 eats(unsigned int attrs)
{
	return FIELD_PREP(STE1_EATS, attrs & ENTRY_ATTR_ATS ? EATS_TRANSLATE :
							      EATS_ABORT);
}

/**
 * smmu3_make_ste_abort() - stream table entry that terminates all requests
 * @e: the entry to fill
 */
void smmu3_make_ste_abort(struct smmu3_ste *e)
{
	start_ste(e, STE_CONFIG_ABORT);
}

/**
 * smmu3_make_ste_bypass() - stream table entry that does not translate
 * @e: the entry to fill
 * @attrs: %ENTRY_ATTR_SHCFG
 */
void smmu3_make_ste_bypass(struct smmu3_ste *e, unsigned int attrs)
{
	start_ste(e, STE_CONFIG_BYPASS);
	e->qw[1] = cpu_to_le64(shcfg(attrs));
}

/**
 * smmu3_make_ste_s1() - stream table entry that leads to a CD table
 * @e: the entry to fill
 * @cdtab: address of the CD table, or of its first level
 * @fmt: %S1FMT_LINEAR, %S1FMT_64K_L2
 * @ssid_bits: SSIDs are below 1 << ssid_bits
 * @s1dss: what happens to requests without SSID, S1DSS_x
 * @attrs: %ENTRY_ATTR_SHCFG, _EL2, _ATS, _NO_STALL
 */
void smmu3_make_ste_s1(struct smmu3_ste *e, u64 cdtab, u8 fmt, u8 ssid_bits,
		       u8 s1dss, unsigned int attrs)
{
	u64 strw = attrs & ENTRY_ATTR_EL2 ? STRW_NSEL2 : STRW_NSEL1;

	start_ste(e, STE_CONFIG_S1);
	e->qw[0] |= cpu_to_le64(FIELD_PREP(STE0_S1FMT, fmt) |
				(cdtab & STE0_S1CONTEXTPTR) |
				FIELD_PREP(STE0_S1CDMAX, ssid_bits));
	e->qw[1] = cpu_to_le64(FIELD_PREP(STE1_S1DSS, s1dss) |
			       FIELD_PREP(STE1_S1CIR, S1C_WBRA) |
			       FIELD_PREP(STE1_S1COR, S1C_WBRA) |
			       FIELD_PREP(STE1_S1CSH, SH_ISH) |
			       FIELD_PREP(STE1_STRW, strw) |
			       eats(attrs) | shcfg(attrs));
	if (attrs & ENTRY_ATTR_NO_STALL)
		e->qw[1] |= cpu_to_le64(STE1_S1STALLD);
}

static u64 granule_code(const struct smmu3_walk *walk)
{
	switch (walk->granule_shift) {
	case 14:
		return TG_16K;
	case 16:
		return TG_64K;
	default:
		return TG_4K;
	}
}

/* Cacheability of walks, in the fields of a CD and of STE word 2. */
static u64 walk_cache(unsigned int attrs)
{
	return attrs & ENTRY_ATTR_COHERENT ? WALK_WBRA : WALK_NC;
}

static u64 walk_share(unsigned int attrs)
{
	return attrs & ENTRY_ATTR_COHERENT ? SH_ISH : SH_OSH;
}

/**
 * smmu3_make_ste_s2() - stream table entry with a stage 2 table
 * @e: the entry to fill
 * @walk: the table; tag is the VMID
 * @attrs: %ENTRY_ATTR_SHCFG, _ATS, _STALL, _COHERENT, _DIRTY
 */
void smmu3_make_ste_s2(struct smmu3_ste *e, const struct smmu3_walk *walk,
		       unsigned int attrs)
{
	u64 qw2 = STE2_S2AA64 | STE2_S2PTW | STE2_S2R |
		  FIELD_PREP(STE2_S2VMID, walk->tag) |
		  FIELD_PREP(STE2_S2T0SZ, 64 - walk->iova_bits) |
		  FIELD_PREP(STE2_S2SL0, arm_s2_sl0(walk->granule_shift,
						    walk->levels)) |
		  FIELD_PREP(STE2_S2IR0, walk_cache(attrs)) |
		  FIELD_PREP(STE2_S2OR0, walk_cache(attrs)) |
		  FIELD_PREP(STE2_S2SH0, walk_share(attrs)) |
		  FIELD_PREP(STE2_S2TG, granule_code(walk)) |
		  FIELD_PREP(STE2_S2PS, walk->ps);

	if (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN))
		qw2 |= STE2_S2ENDI;
	if (attrs & ENTRY_ATTR_STALL)
		qw2 |= STE2_S2S;
	if (attrs & ENTRY_ATTR_DIRTY)
		qw2 |= STE2_S2HA | STE2_S2HD;
	start_ste(e, STE_CONFIG_S2);
	e->qw[1] = cpu_to_le64(eats(attrs) | shcfg(attrs));
	e->qw[2] = cpu_to_le64(qw2);
	e->qw[3] = cpu_to_le64(walk->top & STE3_S2TTB);
}

/**
 * smmu3_make_cd() - context descriptor with a stage 1 table
 * @e: the descriptor to fill
 * @walk: the table; tag is the ASID
 * @attrs: %ENTRY_ATTR_STALL, _COHERENT, _DIRTY
 *
 * The ASID belongs to us alone (ASET): no CPU's TLB invalidation hits it.
 */
void smmu3_make_cd(struct smmu3_cd *e, const struct smmu3_walk *walk,
		   unsigned int attrs)
{
	u64 qw0 = CD0_V | CD0_AA64 | CD0_EPD1 | CD0_R | CD0_A | CD0_ASET |
		  FIELD_PREP(CD0_T0SZ, 64 - walk->iova_bits) |
		  FIELD_PREP(CD0_TG0, granule_code(walk)) |
		  FIELD_PREP(CD0_IR0, walk_cache(attrs)) |
		  FIELD_PREP(CD0_OR0, walk_cache(attrs)) |
		  FIELD_PREP(CD0_SH0, walk_share(attrs)) |
		  FIELD_PREP(CD0_IPS, walk->ps) |
		  FIELD_PREP(CD0_ASID, walk->tag);

	if (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN))
		qw0 |= CD0_ENDI;
	if (attrs & ENTRY_ATTR_STALL)
		qw0 |= CD0_S;
	if (attrs & ENTRY_ATTR_DIRTY)
		qw0 |= CD0_HA | CD0_HD;
	*e = (struct smmu3_cd) {
		.qw[0] = cpu_to_le64(qw0),
		.qw[1] = cpu_to_le64(walk->top & CD1_TTB0),
		.qw[3] = cpu_to_le64(walk->mair),
	};
}
