// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which numbers of the PASID space are taken, and the entries behind them.
 *
 * A search holds the lock of one leaf at a time, for one scan of its bitmap;
 * leaves without a free number are skipped by a bitmap that is read without a
 * lock.  Each CPU starts at its own leaf, so that CPUs do not meet.  Numbers of
 * leaf 0 are kept for callers whose range ends there, until the rest is used up:
 * a device with few PASID bits must not find its range emptied by wide ones.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <kunit/static_stub.h>

#include "ioasid_priv.h"

struct ioasid_leaf *ioasid_dir[IOASID_NR_LEAVES];
u32 ioasid_capacity = IOASID_MAX_CAPACITY;

/* Leaves in which no number is free; written under the leaf's lock. */
static DECLARE_BITMAP(ioasid_full, IOASID_NR_LEAVES);

/* Blocks without a taken id that are still there. */
static atomic_t ioasid_empty_blocks = ATOMIC_INIT(0);

/* The leaf this CPU last allocated from, a hint; 0: not chosen yet. */
static DEFINE_PER_CPU(unsigned int, ioasid_hint);

/* CPUs further apart than this many share a leaf to begin with. */
#define IOASID_SHARDS		64

/**
 * ioasid_zalloc - allocate zeroed memory for the allocator's own use
 * @size: bytes
 *
 * Context: May sleep.
 * Return: the memory, or NULL.
 */
void *ioasid_zalloc(size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(ioasid_zalloc, size);
	return kzalloc(size, GFP_KERNEL);
}

static struct ioasid_leaf *ioasid_leaf_make(unsigned int nr)
{
	struct ioasid_leaf *leaf, *other;

	leaf = ioasid_zalloc(sizeof(*leaf));
	if (!leaf)
		return NULL;
	spin_lock_init(&leaf->lock);
	if (!nr) {
		/* Number 0 means requests without PASID. */
		__set_bit(0, leaf->taken);
		leaf->lowest = 1;
		leaf->nr = 1;
	}

	other = cmpxchg(&ioasid_dir[nr], NULL, leaf);
	if (other) {
		kfree(leaf);
		return other;
	}
	return leaf;
}

static void ioasid_leaf_mark(struct ioasid_leaf *leaf, unsigned int nr,
			     unsigned int bit)
{
	lockdep_assert_held(&leaf->lock);

	__set_bit(bit, leaf->taken);
	if (bit == leaf->lowest)
		leaf->lowest = bit + 1;
	if (!leaf->block_nr[bit >> IOASID_BLOCK_BITS]++)
		atomic_dec(&ioasid_empty_blocks);
	if (++leaf->nr == IOASID_LEAF_IDS)
		set_bit(nr, ioasid_full);
}

/*
 * The lowest free bit from @lo to @hi, or > @hi.  The capacity is read under the
 * lock so that whoever lowers it and then looks here misses nobody.
 */
static unsigned int ioasid_leaf_search(struct ioasid_leaf *leaf,
				       unsigned int nr, unsigned int lo,
				       unsigned int hi)
{
	u32 capacity = READ_ONCE(ioasid_capacity);
	u32 base = nr << IOASID_LEAF_BITS;
	unsigned int bit;

	lockdep_assert_held(&leaf->lock);

	bit = max_t(unsigned int, lo, leaf->lowest);
	if (bit > hi || test_bit(bit, leaf->taken))
		bit = find_next_zero_bit(leaf->taken, hi + 1, bit);
	return base + bit < capacity ? bit : hi + 1;
}

/* Returns the bit taken, -ENOSPC or -ENOMEM. */
static int ioasid_leaf_take(unsigned int nr, unsigned int lo, unsigned int hi,
			    struct ioasid_entry **entry)
{
	struct ioasid_block *block, *spare = NULL;
	struct ioasid_block __rcu **slot;
	struct ioasid_leaf *leaf;
	unsigned int bit;
	int ret;

	leaf = READ_ONCE(ioasid_dir[nr]) ?: ioasid_leaf_make(nr);
	if (!leaf)
		return -ENOMEM;
again:
	spin_lock(&leaf->lock);
	bit = ioasid_leaf_search(leaf, nr, lo, hi);
	if (bit > hi) {
		ret = -ENOSPC;
		goto out;
	}

	slot = &leaf->blocks[bit >> IOASID_BLOCK_BITS];
	block = rcu_dereference_protected(*slot, lockdep_is_held(&leaf->lock));
	if (!block && !spare) {
		spin_unlock(&leaf->lock);
		spare = ioasid_zalloc(sizeof(*spare));
		if (!spare)
			return -ENOMEM;
		goto again;
	}
	if (!block) {
		block = spare;
		spare = NULL;
		atomic_inc(&ioasid_empty_blocks);
		rcu_assign_pointer(*slot, block);
	}

	ioasid_leaf_mark(leaf, nr, bit);
	*entry = &block->entries[bit % IOASID_BLOCK_IDS];
	ret = bit;
out:
	spin_unlock(&leaf->lock);
	if (unlikely(spare))
		kfree(spare);
	return ret;
}

/* Try the leaves from @from to @to; @min and @max bound the id. */
static int ioasid_take_between(unsigned int from, unsigned int to,
			       ioasid_t min, ioasid_t max,
			       struct ioasid_entry **entry)
{
	unsigned int nr = from;

	for (;;) {
		unsigned int lo = 0, hi = IOASID_LEAF_IDS - 1;
		int bit;

		if (test_bit(nr, ioasid_full))
			nr = find_next_zero_bit(ioasid_full, to + 1, nr);
		if (nr > to)
			return -ENOSPC;
		if (nr == min >> IOASID_LEAF_BITS)
			lo = min % IOASID_LEAF_IDS;
		if (nr == max >> IOASID_LEAF_BITS)
			hi = max % IOASID_LEAF_IDS;

		bit = ioasid_leaf_take(nr, lo, hi, entry);
		if (bit >= 0)
			return (nr << IOASID_LEAF_BITS) + bit;
		if (bit != -ENOSPC || nr == to)
			return bit;
		nr++;
	}
}

/* Where this CPU starts to look between the leaves @first (> 0) and @last. */
static unsigned int ioasid_start(unsigned int first, unsigned int last)
{
	unsigned int hint = raw_cpu_read(ioasid_hint);

	if (unlikely(!hint))
		hint = 1 + raw_smp_processor_id() % IOASID_SHARDS;
	return hint >= first && hint <= last ? hint : first;
}

static int ioasid_take_wide(unsigned int first, unsigned int last, ioasid_t min,
			    ioasid_t max, struct ioasid_entry **entry)
{
	unsigned int start = ioasid_start(first, last);
	int id;

	id = ioasid_take_between(start, last, min, max, entry);
	if (id == -ENOSPC && start > first)
		id = ioasid_take_between(first, start - 1, min, max, entry);
	if (id >= 0)
		raw_cpu_write(ioasid_hint, id >> IOASID_LEAF_BITS);
	return id;
}

/**
 * ioasid_take - take a free number
 * @min: the lowest that will do, at least 1
 * @max: the highest that will do, inclusive
 * @entry: set to the number's entry, whose state is 0
 *
 * Context: May sleep.
 * Return: the number, -ENOSPC when none is free in the range, -ENOMEM.
 */
int ioasid_take(ioasid_t min, ioasid_t max, struct ioasid_entry **entry)
{
	unsigned int first = min >> IOASID_LEAF_BITS;
	unsigned int last = max >> IOASID_LEAF_BITS;
	int id;

	if (!last)
		return ioasid_take_between(0, 0, min, max, entry);

	id = ioasid_take_wide(max(first, 1U), last, min, max, entry);
	if (id == -ENOSPC && !first)
		id = ioasid_take_between(0, 0, min, max, entry);
	return id;
}

/* Detach the block behind @slot if enough empty ones are kept already. */
static struct ioasid_block *ioasid_block_trim(struct ioasid_leaf *leaf,
					      struct ioasid_block __rcu **slot)
{
	struct ioasid_block *block;

	lockdep_assert_held(&leaf->lock);

	if (atomic_inc_return(&ioasid_empty_blocks) <= IOASID_SPARE_BLOCKS)
		return NULL;
	atomic_dec(&ioasid_empty_blocks);
	block = rcu_dereference_protected(*slot, lockdep_is_held(&leaf->lock));
	RCU_INIT_POINTER(*slot, NULL);
	return block;
}

/* Returns the block, to be freed, if it is empty and not kept. */
static struct ioasid_block *ioasid_leaf_unmark(struct ioasid_leaf *leaf,
					       unsigned int nr, unsigned int bit)
{
	unsigned int i = bit >> IOASID_BLOCK_BITS;

	lockdep_assert_held(&leaf->lock);

	__clear_bit(bit, leaf->taken);
	if (bit < leaf->lowest)
		leaf->lowest = bit;
	if (leaf->nr-- == IOASID_LEAF_IDS)
		clear_bit(nr, ioasid_full);
	if (--leaf->block_nr[i])
		return NULL;
	return ioasid_block_trim(leaf, &leaf->blocks[i]);
}

/**
 * ioasid_give - return a number to the pool
 * @id: a number from ioasid_take(), of which nobody holds the entry
 *
 * Context: May sleep.
 */
void ioasid_give(ioasid_t id)
{
	unsigned int nr = id >> IOASID_LEAF_BITS;
	struct ioasid_leaf *leaf = ioasid_dir[nr];
	struct ioasid_block *empty;

	spin_lock(&leaf->lock);
	empty = ioasid_leaf_unmark(leaf, nr, id % IOASID_LEAF_IDS);
	spin_unlock(&leaf->lock);
	if (empty)
		kvfree_rcu_mightsleep(empty);
}

/**
 * ioasid_give_some - return some numbers to the pool
 * @id: the first, of the kernel's own; the others follow by entry->queued
 *
 * Those that lie in one leaf are returned under one lock.
 *
 * Context: May sleep.
 * Return: the first number that was not returned, 0 if there is none.
 */
u32 ioasid_give_some(u32 id)
{
	unsigned int nr = id >> IOASID_LEAF_BITS, count = 0;
	struct ioasid_leaf *leaf = ioasid_dir[nr];
	struct ioasid_block *empty = NULL;

	spin_lock(&leaf->lock);
	do {
		unsigned int bit = id % IOASID_LEAF_IDS;
		struct ioasid_entry *entry = ioasid_known_entry(id);

		if (entry->origin)
			break;
		atomic_set(&entry->state, 0);
		id = entry->queued;
		empty = ioasid_leaf_unmark(leaf, nr, bit);
	} while (!empty && id && id >> IOASID_LEAF_BITS == nr &&
		 ++count < IOASID_BATCH);
	spin_unlock(&leaf->lock);
	if (empty)
		kvfree_rcu_mightsleep(empty);
	return id;
}

/**
 * ioasid_taken_from - is any number from a given one upwards taken?
 * @min: the lowest number of interest
 *
 * Pairs with ioasid_leaf_search(): after the capacity was lowered to @min, a
 * number that this does not see is not handed out.
 *
 * Context: Process context.
 * Return: true if at least one is.
 */
bool ioasid_taken_from(ioasid_t min)
{
	unsigned int nr = min >> IOASID_LEAF_BITS;
	unsigned int lo = min % IOASID_LEAF_IDS;

	/* The new capacity before the look at the directory. */
	smp_mb();
	for (; nr < IOASID_NR_LEAVES; nr++, lo = 0) {
		struct ioasid_leaf *leaf = READ_ONCE(ioasid_dir[nr]);
		unsigned int bit;

		if (!leaf)
			continue;
		spin_lock(&leaf->lock);
		bit = find_next_bit(leaf->taken, IOASID_LEAF_IDS, lo);
		spin_unlock(&leaf->lock);
		if (bit < IOASID_LEAF_IDS)
			return true;
	}
	return false;
}

/**
 * ioasid_space_stat - count what is there
 * @ids: set to the numbers taken, without 0
 * @bytes: set to the memory behind them, without the directory
 *
 * Context: Process context.
 */
void ioasid_space_stat(unsigned int *ids, size_t *bytes)
{
	unsigned int nr, i;

	*ids = 0;
	*bytes = 0;
	for (nr = 0; nr < IOASID_NR_LEAVES; nr++) {
		struct ioasid_leaf *leaf = READ_ONCE(ioasid_dir[nr]);

		if (!leaf)
			continue;
		*bytes += sizeof(*leaf);
		spin_lock(&leaf->lock);
		*ids += leaf->nr - !nr;
		for (i = 0; i < IOASID_LEAF_BLOCKS; i++)
			if (rcu_access_pointer(leaf->blocks[i]))
				*bytes += sizeof(struct ioasid_block);
		spin_unlock(&leaf->lock);
	}
}
