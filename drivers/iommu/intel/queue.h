/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of the invalidation queue, as memory: no registers here, so that a
 * test can play the hardware.
 *
 * A run is the slots of one submission, the last of which is its wait.  Runs are
 * given back in any order and without the lock, which is why there is one lock per
 * submission; the ring's tail passes those that are free when somebody wants room.
 */
#ifndef _INTEL_VTD_QUEUE_H
#define _INTEL_VTD_QUEUE_H

#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "qi.h"

#define QI_SLOTS	256U
#define QI_BATCH	32U		/* descriptors per wait */
#define QI_SHIFT_128	4
#define QI_SHIFT_256	5

static_assert(QI_BATCH + 2 <= QI_SLOTS);

/*
 * PCIe lets a device take 90 s for an invalidation (10.3.1), after which hardware
 * reports a time-out itself.  What takes longer is the queue, not the device.
 */
#define QI_PATIENCE_NS	(120 * (u64)NSEC_PER_SEC)

/* States of a run, in the status word of its wait.  Hardware writes QI_DONE. */
#define QI_FREE		0U
#define QI_BUSY		1U
#define QI_DONE		2U
#define QI_ABORTED	3U

/**
 * struct q_inval - the invalidation queue of one unit
 * @lock: protects the ring; taken with interrupts off, registers nest in it
 * @ring: QI_SLOTS descriptors, physically contiguous
 * @shift: log2 of a descriptor's size
 * @order: page order of @ring, which is also IQA.QS
 * @drain: QI_IOTLB_DW and QI_IOTLB_DR as the unit is capable of them
 * @head: first slot not submitted; @lock
 * @tail: first slot of the oldest run that nobody was seen to give back; @lock
 * @wait_of: by first slot of a run: its wait slot; written under @lock, read
 *	under it or by the run's submitter
 * @bad: slots whose descriptors hardware refused; @lock
 * @nr_bad: how many; written under @lock.  A submitter may look without: what is
 *	refused is marked before its wait can be done
 * @dead: the queue stands still and is not used any more
 * @patience_ns: how long a submitter waits for a queue that stands still
 * @relax: called while a submitter waits; for tests, which play the hardware
 * @status: by wait slot, QI_x: BUSY -> DONE (by hardware) or ABORTED (@lock) ->
 *	FREE (by the submitter)
 * @scratch: status word of descriptors that do nothing
 */
struct q_inval {
	/* the ring and its cursors */
	raw_spinlock_t lock;
	void *ring;
	u8 shift;
	u8 order;
	u16 drain;
	unsigned int head;
	unsigned int tail;
	u16 wait_of[QI_SLOTS];
	DECLARE_BITMAP(bad, QI_SLOTS);
	unsigned int nr_bad;
	bool dead;
	u64 patience_ns;
	void (*relax)(struct q_inval *qi);
	u32 status[QI_SLOTS];
	u32 scratch;
};

static inline unsigned int qi_next(unsigned int slot)
{
	return (slot + 1) % QI_SLOTS;
}

static inline void *qi_slot_ptr(const struct q_inval *qi, unsigned int slot)
{
	return qi->ring + ((size_t)slot << qi->shift);
}

/* The slot at a byte offset, as the head register has it. */
static inline unsigned int qi_slot_at(const struct q_inval *qi, u32 offset)
{
	return (offset >> qi->shift) % QI_SLOTS;
}

/* Free slots; one is never used, so that full is not empty. */
static inline unsigned int qi_ring_room(struct q_inval *qi)
{
	unsigned int wait;

	while (qi->tail != qi->head) {
		wait = qi->wait_of[qi->tail];
		/* Pairs with qi_ring_release(): its owner is done with the run. */
		if (smp_load_acquire(&qi->status[wait]) != QI_FREE)
			break;
		qi->tail = qi_next(wait);
	}
	return (qi->tail + QI_SLOTS - qi->head - 1) % QI_SLOTS;
}

static inline void qi_ring_reset(struct q_inval *qi)
{
	qi->head = 0;
	qi->tail = 0;
	qi->dead = false;
	memset(qi->status, 0, sizeof(qi->status));
	bitmap_zero(qi->bad, QI_SLOTS);
	qi->nr_bad = 0;
}

static inline void qi_slot_write(struct q_inval *qi, unsigned int slot,
				 const struct qi_desc *desc)
{
	u64 *at = qi_slot_ptr(qi, slot);
	u64 drain = 0;

	if (FIELD_GET(QI_TYPE, desc->qw[0]) == QI_IOTLB)
		drain = qi->drain;
	at[0] = desc->qw[0] | drain;
	at[1] = desc->qw[1];
	if (qi->shift == QI_SHIFT_128)
		return;
	at[2] = desc->qw[2];
	at[3] = desc->qw[3];
}

/* Add a run of @count descriptors and its wait; returns the wait's slot. */
static inline unsigned int qi_ring_put(struct q_inval *qi,
				       const struct qi_desc *desc,
				       unsigned int count)
{
	unsigned int first = qi->head, slot = first, i;
	struct qi_desc wait;

	for (i = 0; i < count; i++, slot = qi_next(slot))
		qi_slot_write(qi, slot, &desc[i]);

	wait = qi_desc_wait(QI_DONE, virt_to_phys(&qi->status[slot]));
	qi_slot_write(qi, slot, &wait);
	qi->status[slot] = QI_BUSY;
	qi->wait_of[first] = slot;
	qi->head = qi_next(slot);
	return slot;
}

/* Have the descriptor at @slot do nothing, and remember that it was bad. */
static inline void qi_ring_replace(struct q_inval *qi, unsigned int slot)
{
	struct qi_desc nop = qi_desc_wait(0, virt_to_phys(&qi->scratch));

	qi_slot_write(qi, slot, &nop);
	qi->nr_bad += !__test_and_set_bit(slot, qi->bad);
	/* A wait that cannot be executed says nothing to its owner. */
	cmpxchg(&qi->status[slot], QI_BUSY, QI_ABORTED);
}

/* The waits before @head that are not done will never be: tell their owners. */
static inline void qi_ring_abort(struct q_inval *qi, unsigned int head)
{
	unsigned int fetched = (head + QI_SLOTS - qi->tail) % QI_SLOTS;
	unsigned int first = qi->tail, wait;

	while (first != qi->head) {
		wait = qi->wait_of[first];
		if ((wait + QI_SLOTS - qi->tail) % QI_SLOTS >= fetched)
			break;
		/* DONE may arrive while we look: then it is done. */
		cmpxchg(&qi->status[wait], QI_BUSY, QI_ABORTED);
		first = qi_next(wait);
	}
}

/* Did hardware refuse part of the run at @first?  Forgets it. */
static inline bool qi_ring_take_bad(struct q_inval *qi, unsigned int first)
{
	unsigned int end = qi_next(qi->wait_of[first]), slot, bad = 0;

	for (slot = first; slot != end; slot = qi_next(slot))
		bad += __test_and_clear_bit(slot, qi->bad);
	qi->nr_bad -= bad;
	return bad;
}

/* Give back the run that ends at @wait.  Needs no lock. */
static inline void qi_ring_release(struct q_inval *qi, unsigned int wait)
{
	/* Pairs with qi_ring_room(): nobody looks at the run after this. */
	smp_store_release(&qi->status[wait], QI_FREE);
}

/* Which device does a descriptor speak to, if any? */
static inline bool qi_desc_device(const struct qi_desc *desc, u16 *sid)
{
	switch (FIELD_GET(QI_TYPE, desc->qw[0])) {
	case QI_DEV_TLB:
		*sid = FIELD_GET(QI_DEV_TLB_SID, desc->qw[0]);
		return true;
	case QI_P_DEV_TLB:
		*sid = FIELD_GET(QI_P_DEV_TLB_SID, desc->qw[0]);
		return true;
	}
	return false;
}

#endif /* _INTEL_VTD_QUEUE_H */
