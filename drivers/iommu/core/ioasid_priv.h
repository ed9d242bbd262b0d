/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the PASID allocator: what its files share.
 *
 * The space is two tables deep: a directory of leaves of 1024 ids, and in each
 * leaf pointers to blocks of 128 entries.  Leaves stay once made (0.2 bytes per
 * id); blocks go when all their ids are free.  An entry that a reader under RCU
 * has seen live keeps its identity until that reader is done, because a number
 * returns to the pool only a grace period after its last reference.
 *
 * Locks, outer to inner: set->lock -> custom mutex or quota mutex -> leaf->lock.
 * All are taken in process context only; get, put, free and find take none.
 */
#ifndef __IOMMU_CORE_IOASID_PRIV_H
#define __IOMMU_CORE_IOASID_PRIV_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/ioasid.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#define IOASID_LEAF_BITS	10
#define IOASID_LEAF_IDS		1024U
#define IOASID_NR_LEAVES	(IOASID_MAX_CAPACITY / IOASID_LEAF_IDS)
#define IOASID_BLOCK_BITS	7
#define IOASID_BLOCK_IDS	128U
#define IOASID_LEAF_BLOCKS	(IOASID_LEAF_IDS / IOASID_BLOCK_IDS)

/* Empty blocks that are kept for the next allocation instead of freed. */
#define IOASID_SPARE_BLOCKS	8

/* So many ids are taken care of before a lock is given up. */
#define IOASID_BATCH		64

/* ioasid_entry.state; no references: the id is free or being reclaimed */
#define IOASID_PENDING		BIT(31)	/* freed: no new references */
#define IOASID_BOUND		BIT(30)	/* between a BIND and an UNBIND event */
#define IOASID_ANNOUNCING	BIT(29)	/* ALLOC event being delivered */
#define IOASID_REFS		GENMASK(28, 0)

/**
 * struct ioasid_entry - one id
 * @state: IOASID_PENDING, IOASID_BOUND, IOASID_ANNOUNCING and the references
 * @queued: next id in the queue it is in; belongs to that queue
 * @set: the owner; written before the id is published
 * @data: the driver's pointer; RCU
 * @next: next id of the set; under set->lock
 * @origin: the backend the number came from, 0 for the kernel's own pool;
 *	    written before the id is published
 * @prev: previous id of the set; under set->lock
 */
struct ioasid_entry {
	atomic_t state;
	u32 queued;
	struct ioasid_set *set;
	void __rcu *data;
	u32 next : 24;
	u32 origin : 8;
	u32 prev;
};

static_assert(sizeof(void *) != 8 || sizeof(struct ioasid_entry) == 32);

struct ioasid_block {
	struct ioasid_entry entries[IOASID_BLOCK_IDS];
};

/**
 * struct ioasid_leaf - 1024 consecutive ids
 * @lock: writers of everything in the leaf
 * @nr: ids taken; under @lock
 * @lowest: no id below is free; under @lock
 * @block_nr: ids taken in each block; under @lock
 * @taken: a bit per id; under @lock
 * @blocks: entries, absent while no id of the block is taken; RCU
 */
struct ioasid_leaf {
	spinlock_t lock;	/* for one scan of @taken, never longer */
	u16 nr;
	u16 lowest;
	u8 block_nr[IOASID_LEAF_BLOCKS];
	DECLARE_BITMAP(taken, IOASID_LEAF_IDS);
	struct ioasid_block __rcu *blocks[IOASID_LEAF_BLOCKS];
};

static_assert(IOASID_BLOCK_IDS <= U8_MAX);
static_assert(IOASID_LEAF_IDS == 1U << IOASID_LEAF_BITS);
static_assert(IOASID_BLOCK_IDS == 1U << IOASID_BLOCK_BITS);

/* ioasid_space.c: which numbers are taken */
extern struct ioasid_leaf *ioasid_dir[IOASID_NR_LEAVES];
extern u32 ioasid_capacity;	/* written under the quota mutex */

int ioasid_take(ioasid_t min, ioasid_t max, struct ioasid_entry **entry);
void ioasid_give(ioasid_t id);
u32 ioasid_give_some(u32 id);
bool ioasid_taken_from(ioasid_t min);
void ioasid_space_stat(unsigned int *ids, size_t *bytes);

/* ioasid_quota.c: how many may be taken, by whom */
extern atomic_t ioasid_left;	/* promised to no set and not charged */
extern bool ioasid_installed;	/* not static for tests, which must undo it */

int ioasid_quota_open(struct ioasid_set *set, u32 quota);
void ioasid_quota_sweep(struct ioasid_set *set);
void ioasid_quota_stat(u32 *promised, u32 *left);

/* ioasid_set.c */
int ioasid_enlist(struct ioasid_set *set, struct ioasid_entry *entry,
		  ioasid_t id, u32 state);
void ioasid_delist(u32 id);

/* ioasid_notify.c */
extern struct notifier_block __rcu *ioasid_listeners;	/* under its mutex */

void ioasid_tell(struct ioasid_entry *entry, ioasid_t id,
		 enum ioasid_notify_val event);

/* ioasid_custom.c */
bool ioasid_custom_active(void);
int ioasid_custom_take(ioasid_t min, ioasid_t max, struct ioasid_entry **entry);
void ioasid_custom_give(ioasid_t id, unsigned int origin);

/* ioasid_reclaim.c */
extern unsigned long ioasid_drain_period;	/* not static for tests */

void ioasid_queue(struct ioasid_entry *entry, ioasid_t id);
void ioasid_reclaim_now(void);
void ioasid_reclaim_dep(void);

/* ioasid.c */
bool ioasid_pin(struct ioasid_entry *entry);
bool ioasid_drop(struct ioasid_entry *entry, ioasid_t id);
int ioasid_ref(struct ioasid_entry *entry);
int ioasid_revoke(struct ioasid_entry *entry, ioasid_t id);

/* Memory, through one door so that tests can make it fail. */
void *ioasid_zalloc(size_t size);
int ioasid_xa_insert(struct xarray *xa, unsigned long index, ioasid_t value);

static inline struct ioasid_set *ioasid_set_or_host(struct ioasid_set *set)
{
	return set ?: &ioasid_host_set;
}

/*
 * The entry of @id, or NULL if it has none.  Under RCU, or by someone who keeps
 * the id from being reclaimed.  A live entry is one whose state has references.
 */
static inline struct ioasid_entry *ioasid_entry(ioasid_t id)
{
	struct ioasid_block *block;
	struct ioasid_leaf *leaf;

	if (id >= IOASID_MAX_CAPACITY)
		return NULL;
	leaf = READ_ONCE(ioasid_dir[id >> IOASID_LEAF_BITS]);
	if (!leaf)
		return NULL;
	id %= IOASID_LEAF_IDS;
	block = rcu_dereference_check(leaf->blocks[id >> IOASID_BLOCK_BITS], 1);
	if (!block)
		return NULL;
	return &block->entries[id % IOASID_BLOCK_IDS];
}

/* The same for an id that cannot be reclaimed meanwhile. */
static inline struct ioasid_entry *ioasid_known_entry(ioasid_t id)
{
	struct ioasid_leaf *leaf = ioasid_dir[id >> IOASID_LEAF_BITS];
	struct ioasid_block *block;

	id %= IOASID_LEAF_IDS;
	block = rcu_dereference_protected(leaf->blocks[id >> IOASID_BLOCK_BITS],
					  1);
	return &block->entries[id % IOASID_BLOCK_IDS];
}

/*
 * The entry of an id of @set, live or pending, or ERR_PTR: -ENOENT if it is free,
 * -EACCES if it belongs to another set.  Under RCU for as long as the entry is
 * used without a reference.
 */
static inline struct ioasid_entry *ioasid_lookup(struct ioasid_set *set,
						 ioasid_t id)
{
	struct ioasid_entry *entry = ioasid_entry(id);

	if (!entry || !(atomic_read_acquire(&entry->state) & IOASID_REFS))
		return ERR_PTR(-ENOENT);
	if (entry->set != set)
		return ERR_PTR(-EACCES);
	return entry;
}

/* Allocated and not freed: references can be added. */
static inline bool ioasid_live(struct ioasid_entry *entry)
{
	int state = atomic_read(&entry->state);

	return state & IOASID_REFS && !(state & IOASID_PENDING);
}

/* Where the ids of @set are charged. */
static inline atomic_t *ioasid_purse(struct ioasid_set *set)
{
	return set->counted ? &set->left : &ioasid_left;
}

/* Charge one id.  False when the quota (without one: the space) is used up. */
static inline bool ioasid_charge(struct ioasid_set *set)
{
	return atomic_dec_if_positive(ioasid_purse(set)) >= 0;
}

/* Take that back; if @set is dead, ioasid_quota_sweep() must follow. */
static inline void ioasid_uncharge(struct ioasid_set *set)
{
	atomic_inc(ioasid_purse(set));
}

/* Does anybody hear of the ids of @set? */
static inline bool ioasid_has_listeners(struct ioasid_set *set)
{
	return rcu_access_pointer(ioasid_listeners) ||
	       rcu_access_pointer(set->listeners);
}

#endif /* __IOMMU_CORE_IOASID_PRIV_H */
