/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Context and PASID table entries: pure builders and the one writer.
 *
 * Laws: a builder touches nothing but the entry it fills.  An entry that the
 * hardware can reach is changed by intel_write_entry() and by nothing else.
 * Whatever moment the hardware chooses to read it, it sees the old entry, the
 * new one, or one that is not present - never a mixture.
 *
 * Words: an entry is qwords; a granule is the 16 bytes that both the hardware
 * reads and cmpxchg16b writes in one piece; live is the entry in memory.
 */
#ifndef _INTEL_ENTRY_H
#define _INTEL_ENTRY_H

#include <linux/types.h>

#include "bits.h"

#define ENTRY_P			BIT_ULL(0)	/* in qword 0 of every kind */
#define ENTRY_MAX_QW		8

struct entry_writer;

/**
 * struct entry_writer_ops - what has to happen between the stores of a change
 * @sync: the stores made so far must reach the memory that the hardware reads,
 *	before any store that follows
 * @forget: caches may hold @old, which was present; return when none does
 * @announce: @new became present; caches may hold that nothing was there
 */
struct entry_writer_ops {
	void (*sync)(struct entry_writer *w, u64 *live, unsigned int nqw);
	void (*forget)(struct entry_writer *w, const u64 *old);
	void (*announce)(struct entry_writer *w, const u64 *new);
};

/**
 * struct entry_kind - a sort of entry
 * @nqw: its length in qwords, a multiple of two
 * @uses: whether the hardware looks at granule @g of the present entry @e
 */
struct entry_kind {
	unsigned int nqw;
	bool (*uses)(const u64 *e, unsigned int g);
};

/**
 * struct entry_writer - one change of one entry
 * @ops: see &struct entry_writer_ops
 * @kind: what the entry is
 */
struct entry_writer {
	const struct entry_writer_ops *ops;
	const struct entry_kind *kind;
};

extern const struct entry_kind entry_context;
extern const struct entry_kind entry_sm_context;
extern const struct entry_kind entry_pasid;

void intel_write_entry(struct entry_writer *w, u64 *live, const u64 *target);

/* Attributes of a PASID table entry. */
#define PASID_ATTR_PWSNP	BIT(0)	/* table walks snoop */
#define PASID_ATTR_PGSNP	BIT(1)	/* all accesses snoop */
#define PASID_ATTR_SSADE	BIT(2)	/* second stage sets accessed and dirty */

void make_context(struct context_entry *e, phys_addr_t table, u8 levels,
		  u16 did, u8 tt);
void make_context_passthrough(struct context_entry *e, u8 levels, u16 did);
void make_sm_context(struct sm_context_entry *e, phys_addr_t dir,
		     unsigned int dir_shift, u64 flags);
void make_pasid_dir(struct pasid_dir_entry *e, phys_addr_t table);
void make_pasid_first_stage(struct pasid_entry *e, phys_addr_t table,
			    u8 levels, u16 did, unsigned int attrs);
void make_pasid_second_stage(struct pasid_entry *e, phys_addr_t table,
			     u8 levels, u16 did, unsigned int attrs);
void make_pasid_passthrough(struct pasid_entry *e, u8 levels, u16 did,
			    unsigned int attrs);

#endif /* _INTEL_ENTRY_H */
