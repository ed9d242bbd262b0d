// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builders and the writer of context and PASID table entries.
 *
 * The law is in entry.h.  How the writer keeps it:
 *
 *  - nothing there before: everything but the present bit's granule first,
 *    then that granule;
 *  - nothing there afterwards: the present bit first; the rest when no cache
 *    holds the entry any more;
 *  - present before and after, and all that the hardware looks at in both
 *    changes within one granule: that granule in one store.  What only the new
 *    entry uses is written before it, what only the old one used after it;
 *  - otherwise by way of not present.  In between DMA is refused, never let
 *    through untranslated.
 *
 * VT-d 6.5.3.3 ("Guidance to Software for Invalidations") says what follows a
 * change of a present entry; the @forget hook does it, here is only when.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cpufeature.h>
#include <linux/string.h>

#include "entry.h"

static bool uses_all(const u64 *e, unsigned int g)
{
	return true;
}

/* VT-d 9.6: granule 1 holds the first-stage fields, the rest is reserved. */
static bool pasid_uses(const u64 *e, unsigned int g)
{
	u64 pgtt = FIELD_GET(PE0_PGTT, e[0]);

	if (g == 1)
		return pgtt == PGTT_FIRST_STAGE || pgtt == PGTT_NESTED;
	return g == 0;
}

const struct entry_kind entry_context = { .nqw = 2, .uses = uses_all };
const struct entry_kind entry_sm_context = { .nqw = 4, .uses = uses_all };
const struct entry_kind entry_pasid = { .nqw = 8, .uses = pasid_uses };

static void store_qword(u64 *live, u64 value)
{
#ifdef CONFIG_64BIT
	WRITE_ONCE(*live, value);
#else
	u64 old = *live;

	while (!try_cmpxchg64(live, &old, value))
		;
#endif
}

static bool granule_differs(const u64 *a, const u64 *b, unsigned int g)
{
	return a[2 * g] != b[2 * g] || a[2 * g + 1] != b[2 * g + 1];
}

/* Whether store_granule() can move granule @g from @old to @new in one piece. */
static bool granule_atomic(const u64 *old, const u64 *new, unsigned int g)
{
#ifdef system_has_cmpxchg128
	if (system_has_cmpxchg128())
		return true;
#endif
	return old[2 * g] == new[2 * g] || old[2 * g + 1] == new[2 * g + 1];
}

static void store_granule(u64 *live, const u64 *new, unsigned int g)
{
	u64 *lo = &live[2 * g], *hi = lo + 1;

	if (*lo == new[2 * g]) {
		store_qword(hi, new[2 * g + 1]);
		return;
	}
	if (*hi == new[2 * g + 1]) {
		store_qword(lo, new[2 * g]);
		return;
	}
#ifdef system_has_cmpxchg128
	if (system_has_cmpxchg128()) {
		u128 *p = (u128 *)lo;

		/* The hardware never writes here and writers are serialised. */
		cmpxchg128(p, *p, (u128)new[2 * g + 1] << 64 | new[2 * g]);
		return;
	}
#endif
	store_qword(hi, new[2 * g + 1]);
	store_qword(lo, new[2 * g]);
}

/* Store the granules of @set; the hardware looks at none of them. */
static void store_unused(struct entry_writer *w, u64 *live, const u64 *target,
			 unsigned long set)
{
	unsigned int nqw = w->kind->nqw, g;

	if (!set)
		return;
	for (g = 0; g < nqw / 2; g++)
		if (set & BIT(g))
			store_granule(live, target, g);
	w->ops->sync(w, live, nqw);
}

/* @live is not present; @target may be. */
static void entry_install(struct entry_writer *w, u64 *live, const u64 *target)
{
	unsigned int nqw = w->kind->nqw, i;

	for (i = 1; i < nqw; i++)
		store_qword(&live[i], target[i]);
	w->ops->sync(w, live, nqw);
	store_qword(&live[0], target[0]);
	w->ops->sync(w, live, nqw);
	if (target[0] & ENTRY_P)
		w->ops->announce(w, target);
}

/* @live is present as @old; afterwards it is not, and no cache knows of it. */
static void entry_retire(struct entry_writer *w, u64 *live, const u64 *old)
{
	store_qword(&live[0], old[0] & ~ENTRY_P);
	w->ops->sync(w, live, w->kind->nqw);
	w->ops->forget(w, old);
}

/* Both are present.  False, with nothing done, when it takes two steps. */
static bool entry_swap(struct entry_writer *w, u64 *live, const u64 *old,
		       const u64 *target)
{
	unsigned long before = 0, after = 0, both = 0;
	unsigned int g;

	for (g = 0; g < w->kind->nqw / 2; g++) {
		bool used, use;

		if (!granule_differs(old, target, g))
			continue;
		used = w->kind->uses(old, g);
		use = w->kind->uses(target, g);
		if (used && use)
			both |= BIT(g);
		else if (use)
			before |= BIT(g);
		else
			after |= BIT(g);
	}
	if (hweight_long(both) > 1 ||
	    (both && !granule_atomic(old, target, __ffs(both))))
		return false;
	store_unused(w, live, target, before);
	if (both) {
		store_granule(live, target, __ffs(both));
		w->ops->sync(w, live, w->kind->nqw);
		w->ops->forget(w, old);
	}
	store_unused(w, live, target, after);
	return true;
}

/**
 * intel_write_entry() - change an entry that the hardware can reach
 * @w: the kind of entry, and what to do between the stores
 * @live: the entry in memory, aligned to its size
 * @target: what it shall be
 *
 * Writing what is there already costs nothing and calls nothing.
 *
 * Context: The caller serialises writers of one entry.  Sleeps only where the
 * hooks of @w do.
 */
void intel_write_entry(struct entry_writer *w, u64 *live, const u64 *target)
{
	u64 old[ENTRY_MAX_QW], changed = 0;
	unsigned int i;

	for (i = 0; i < w->kind->nqw; i++) {
		old[i] = live[i];
		changed |= old[i] ^ target[i];
	}
	if (!changed)
		return;
	if (old[0] & target[0] & ENTRY_P && entry_swap(w, live, old, target))
		return;
	if (old[0] & ENTRY_P)
		entry_retire(w, live, old);
	entry_install(w, live, target);
}

/**
 * make_context() - legacy-mode context entry that translates (VT-d 9.3)
 * @e: the entry to fill
 * @table: physical address of the second-stage top table
 * @levels: number of levels of @table
 * @did: domain ID
 * @tt: %TT_UNTRANSLATED, or %TT_DEV_TLB when the device may use ATS
 */
void make_context(struct context_entry *e, phys_addr_t table, u8 levels,
		  u16 did, u8 tt)
{
	e->lo = CTX_LO_P | FIELD_PREP(CTX_LO_TT, tt) | (table & CTX_LO_SSPTPTR);
	e->hi = FIELD_PREP(CTX_HI_AW, AW_OF_LEVELS(levels)) |
		FIELD_PREP(CTX_HI_DID, did);
}

/**
 * make_context_passthrough() - legacy-mode context entry that does not
 * translate (VT-d 9.3)
 * @e: the entry to fill
 * @levels: the most levels that the unit supports, as the field AW requires
 * @did: domain ID
 */
void make_context_passthrough(struct context_entry *e, u8 levels, u16 did)
{
	make_context(e, 0, levels, did, TT_PASSTHROUGH);
}

/**
 * make_sm_context() - scalable-mode context entry (VT-d 9.4)
 * @e: the entry to fill
 * @dir: physical address of the PASID directory
 * @dir_shift: its number of entries, as a shift, at least %PDTS_MIN_SHIFT
 * @flags: %SMCTX0_DTE, %SMCTX0_PASIDE, %SMCTX0_PRE
 *
 * Requests without PASID use PASID 0 (RID_PASID).
 */
void make_sm_context(struct sm_context_entry *e, phys_addr_t dir,
		     unsigned int dir_shift, u64 flags)
{
	memset(e, 0, sizeof(*e));
	e->qw[0] = SMCTX0_P | flags | (dir & SMCTX0_PASIDDIRPTR) |
		   FIELD_PREP(SMCTX0_PDTS, dir_shift - PDTS_MIN_SHIFT);
	e->qw[1] = FIELD_PREP(SMCTX1_RID_PASID, 0);
}

/**
 * make_pasid_dir() - PASID directory entry (VT-d 9.5)
 * @e: the entry to fill
 * @table: physical address of the PASID table
 */
void make_pasid_dir(struct pasid_dir_entry *e, phys_addr_t table)
{
	e->val = PDE_P | (table & PDE_SMPTBLPTR);
}

static void make_pasid(struct pasid_entry *e, u64 pgtt, u8 levels, u16 did,
		       unsigned int attrs)
{
	memset(e, 0, sizeof(*e));
	e->qw[0] = PE0_P | FIELD_PREP(PE0_PGTT, pgtt) |
		   FIELD_PREP(PE0_AW, AW_OF_LEVELS(levels));
	e->qw[1] = FIELD_PREP(PE1_DID, did);
	if (attrs & PASID_ATTR_PWSNP)
		e->qw[1] |= PE1_PWSNP;
	if (attrs & PASID_ATTR_PGSNP)
		e->qw[1] |= PE1_PGSNP;
}

/**
 * make_pasid_first_stage() - PASID table entry with a first-stage table
 * (VT-d 9.6)
 * @e: the entry to fill
 * @table: physical address of the top table
 * @levels: 4 or 5
 * @did: domain ID
 * @attrs: %PASID_ATTR_PWSNP, %PASID_ATTR_PGSNP
 */
void make_pasid_first_stage(struct pasid_entry *e, phys_addr_t table,
			    u8 levels, u16 did, unsigned int attrs)
{
	make_pasid(e, PGTT_FIRST_STAGE, levels, did, attrs);
	e->qw[2] = (table & PE2_FSPTPTR) |
		   FIELD_PREP(PE2_FSPM, levels == 5 ? FSPM_5LEVEL : FSPM_4LEVEL);
}

/**
 * make_pasid_second_stage() - PASID table entry with a second-stage table
 * (VT-d 9.6)
 * @e: the entry to fill
 * @table: physical address of the top table
 * @levels: its number of levels
 * @did: domain ID
 * @attrs: %PASID_ATTR_PWSNP, %PASID_ATTR_SSADE; snooping of accesses is in the
 *	second-stage entries
 */
void make_pasid_second_stage(struct pasid_entry *e, phys_addr_t table,
			     u8 levels, u16 did, unsigned int attrs)
{
	make_pasid(e, PGTT_SECOND_STAGE, levels, did, attrs & ~PASID_ATTR_PGSNP);
	e->qw[0] |= table & PE0_SSPTPTR;
	if (attrs & PASID_ATTR_SSADE)
		e->qw[0] |= PE0_SSADE;
}

/**
 * make_pasid_passthrough() - PASID table entry that does not translate
 * (VT-d 9.6)
 * @e: the entry to fill
 * @levels: the most levels that the unit supports, as the field AW requires
 * @did: domain ID; not one that second-stage entries use (VT-d 6.2.3.1)
 * @attrs: %PASID_ATTR_PWSNP
 */
void make_pasid_passthrough(struct pasid_entry *e, u8 levels, u16 did,
			    unsigned int attrs)
{
	make_pasid(e, PGTT_PASSTHROUGH, levels, did, attrs & ~PASID_ATTR_PGSNP);
}
