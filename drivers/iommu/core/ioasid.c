// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an id: allocation, references, free.
 *
 * An id is free, live or pending.  Allocation publishes it last and cannot fail
 * after that; free marks it pending, once, and from then on no lookup finds it
 * and no reference is added; whoever drops the last reference hands it to the
 * reclaim work, which alone returns the number.  Get, put, free and find take no
 * lock and can be called from any context but NMI.
 */
#include <linux/export.h>
#include <linux/rcupdate.h>

#include "ioasid_priv.h"

struct ioasid_set ioasid_host_set = IOASID_SET_INIT(ioasid_host_set);
EXPORT_SYMBOL_GPL(ioasid_host_set);

/**
 * ioasid_ref - add a reference to a live id
 * @entry: the entry, under RCU or referenced
 *
 * Context: Any.
 * Return: 0, -ENOENT if it is free or pending, -EOVERFLOW.
 */
int ioasid_ref(struct ioasid_entry *entry)
{
	int state = atomic_read(&entry->state);

	do {
		if (!(state & IOASID_REFS) || state & IOASID_PENDING)
			return -ENOENT;
		if ((state & IOASID_REFS) == IOASID_REFS)
			return -EOVERFLOW;
	} while (!atomic_try_cmpxchg(&entry->state, &state, state + 1));
	return 0;
}

/**
 * ioasid_pin - keep an id from being reclaimed, pending or not
 * @entry: the entry, under RCU or referenced
 *
 * For the allocator's own use around an event.
 *
 * Context: Any.
 * Return: false if it has no reference left (or no room for one).
 */
bool ioasid_pin(struct ioasid_entry *entry)
{
	int state = atomic_read(&entry->state);

	do {
		if (!(state & IOASID_REFS) ||
		    (state & IOASID_REFS) == IOASID_REFS)
			return false;
	} while (!atomic_try_cmpxchg(&entry->state, &state, state + 1));
	return true;
}

/*
 * The state after the owner's reference was given up: pending.  When somebody
 * listens, that reference passes to the reclaim work, which drops it after the
 * FREE event; while the ALLOC event is under way, it stays with the allocation,
 * which hands it on.
 */
static int ioasid_given_up(int state, bool heard)
{
	if (!heard && !(state & IOASID_ANNOUNCING))
		state--;
	return state | IOASID_PENDING;
}

/* What follows from a change of state from @old to @new. */
static void ioasid_settle(struct ioasid_entry *entry, ioasid_t id, u32 old,
			  u32 new)
{
	if (!(new & IOASID_REFS)) {
		/* The charge returns now, the number later. */
		ioasid_uncharge(entry->set);
		ioasid_queue(entry, id);
	} else if ((old ^ new) == IOASID_PENDING && !(old & IOASID_ANNOUNCING)) {
		ioasid_queue(entry, id);
	}
}

/**
 * ioasid_revoke - make an id pending and give up its owner's reference
 * @entry: the entry, under RCU or referenced
 * @id: its number
 *
 * Context: Any.
 * Return: 0, or -ENOENT if the id is free or pending already.
 */
int ioasid_revoke(struct ioasid_entry *entry, ioasid_t id)
{
	bool heard = ioasid_has_listeners(entry->set);
	int state = atomic_read(&entry->state);
	int new;

	do {
		if (!(state & IOASID_REFS) || state & IOASID_PENDING)
			return -ENOENT;
		new = ioasid_given_up(state, heard);
	} while (!atomic_try_cmpxchg(&entry->state, &state, new));
	ioasid_settle(entry, id, state, new);
	return 0;
}

/**
 * ioasid_drop - drop a reference
 * @entry: the entry, of which the caller has a reference
 * @id: its number
 *
 * Dropping the last reference of an id that was not freed frees it.
 *
 * Context: Any.
 * Return: true if it was the last.
 */
bool ioasid_drop(struct ioasid_entry *entry, ioasid_t id)
{
	bool heard = ioasid_has_listeners(entry->set);
	int state = atomic_read(&entry->state);
	int new;

	do {
		if (WARN_ON_ONCE(!(state & IOASID_REFS)))
			return false;
		if ((state & (IOASID_REFS | IOASID_PENDING)) == 1)
			new = ioasid_given_up(state, heard);
		else
			new = state - 1;
	} while (!atomic_try_cmpxchg(&entry->state, &state, new));
	ioasid_settle(entry, id, state, new);
	return (state & IOASID_REFS) == 1;
}

static int ioasid_number(ioasid_t min, ioasid_t max, struct ioasid_entry **entry)
{
	if (unlikely(ioasid_custom_active()))
		return ioasid_custom_take(min, max, entry);
	return ioasid_take(min, max, entry);
}

static void ioasid_unnumber(struct ioasid_entry *entry, ioasid_t id)
{
	if (entry->origin)
		ioasid_custom_give(id, entry->origin);
	else
		ioasid_give(id);
}

/*
 * Charge and number.  Where either is short, reclaim what was freed and try again
 * in any case: what was on its way may have come back since the first try.
 */
static int ioasid_acquire(struct ioasid_set *set, ioasid_t min, ioasid_t max,
			  struct ioasid_entry **entry)
{
	int id;

	if (!ioasid_charge(set)) {
		ioasid_reclaim_now();
		if (!ioasid_charge(set))
			return -ENOSPC;
	}
	id = ioasid_number(min, max, entry);
	if (unlikely(id == -ENOSPC)) {
		ioasid_reclaim_now();
		id = ioasid_number(min, max, entry);
	}
	if (id < 0) {
		ioasid_uncharge(set);
		ioasid_quota_sweep(set);
	}
	return id;
}

/*
 * Tell of the new id.  One who guesses the number can free it meanwhile: the
 * FREE event then waits for this one to end.
 */
static void ioasid_announce(struct ioasid_entry *entry, ioasid_t id)
{
	int state;

	ioasid_tell(entry, id, IOASID_NOTIFY_ALLOC);
	state = atomic_fetch_andnot(IOASID_ANNOUNCING, &entry->state);
	if (state & IOASID_PENDING)
		ioasid_queue(entry, id);
}

/**
 * ioasid_try_alloc - allocate an id, or tell why there is none
 * @set: the set that shall own it; NULL for the host's own
 * @min: the lowest number that will do (0 stands for 1)
 * @max: the highest number that will do, inclusive
 * @private: the pointer that ioasid_find() returns
 *
 * The same as ioasid_alloc() otherwise.
 *
 * Context: May sleep, as ioasid_alloc().
 * Return: the id; -ENOSPC when the range or the quota is used up, -ENOENT when
 * the set was freed, -EPROTO when a custom allocator gave a number out of range,
 * -ENOMEM.
 */
int ioasid_try_alloc(struct ioasid_set *set, ioasid_t min, ioasid_t max,
		     void *private)
{
	struct ioasid_entry *entry;
	u32 state = 1;
	int id, ret;

	ioasid_reclaim_dep();
	set = ioasid_set_or_host(set);
	min = max(min, 1U);
	max = min(max, READ_ONCE(ioasid_capacity) - 1);
	if (min > max)
		return -ENOSPC;

	id = ioasid_acquire(set, min, max, &entry);
	if (id < 0)
		return id;
	if (unlikely(ioasid_has_listeners(set)))
		state |= IOASID_ANNOUNCING;
	entry->set = set;
	RCU_INIT_POINTER(entry->data, private);
	ret = ioasid_enlist(set, entry, id, state);
	if (ret) {
		ioasid_unnumber(entry, id);
		ioasid_uncharge(set);
		ioasid_quota_sweep(set);
		return ret;
	}
	if (unlikely(state & IOASID_ANNOUNCING))
		ioasid_announce(entry, id);
	return id;
}

/**
 * ioasid_alloc - allocate an id
 * @set: the set that shall own it; NULL for the host's own
 * @min: the lowest number that will do (0 stands for 1)
 * @max: the highest number that will do, inclusive
 * @private: the pointer that ioasid_find() returns
 *
 * The caller owns one reference, until ioasid_free() or ioasid_put().
 *
 * Context: May sleep: waits for freed ids to be reclaimed when there are no
 * others, and for a custom allocator.  Not with a lock that a listener or a
 * drainer takes.
 * Return: the id, INVALID_IOASID when the range or the quota is used up, the set
 * was freed, or memory is short.
 */
ioasid_t ioasid_alloc(struct ioasid_set *set, ioasid_t min, ioasid_t max,
		      void *private)
{
	int id = ioasid_try_alloc(set, min, max, private);

	return id < 0 ? INVALID_IOASID : id;
}
EXPORT_SYMBOL_GPL(ioasid_alloc);

/**
 * ioasid_get - add a reference
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: the id
 *
 * Context: Any but NMI.
 * Return: 0, -ENOENT if the id is not allocated or was freed, -EACCES if it
 * belongs to another set, -EOVERFLOW.
 */
int ioasid_get(struct ioasid_set *set, ioasid_t ioasid)
{
	struct ioasid_entry *entry;
	int ret;

	rcu_read_lock();
	entry = ioasid_lookup(ioasid_set_or_host(set), ioasid);
	ret = IS_ERR(entry) ? PTR_ERR(entry) : ioasid_ref(entry);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_get);

/**
 * ioasid_put - drop a reference
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: an id of which the caller has a reference
 *
 * Context: Any but NMI.
 * Return: true if it was the last: the number returns to the pool once it is
 * drained.
 */
bool ioasid_put(struct ioasid_set *set, ioasid_t ioasid)
{
	struct ioasid_entry *entry;
	bool last = false;

	rcu_read_lock();
	entry = ioasid_lookup(ioasid_set_or_host(set), ioasid);
	if (!WARN_ON_ONCE(IS_ERR(entry)))
		last = ioasid_drop(entry, ioasid);
	rcu_read_unlock();
	return last;
}
EXPORT_SYMBOL_GPL(ioasid_put);

/**
 * ioasid_free - free an id
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: the id
 *
 * From now on the id cannot be found and gets no new reference.  Its number is
 * used again after the FREE event, the last ioasid_put(), an RCU grace period and
 * the drain.
 *
 * Context: Any but NMI.
 * Return: 0, -ENOENT if the id is not allocated or was freed before, -EACCES if
 * it belongs to another set.
 */
int ioasid_free(struct ioasid_set *set, ioasid_t ioasid)
{
	struct ioasid_entry *entry;
	int ret;

	rcu_read_lock();
	entry = ioasid_lookup(ioasid_set_or_host(set), ioasid);
	ret = IS_ERR(entry) ? PTR_ERR(entry) : ioasid_revoke(entry, ioasid);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_free);

/* The data of @entry if it is live, of @set or any, and the getter agrees. */
static void *ioasid_entry_data(struct ioasid_entry *entry,
			       struct ioasid_set *set, bool (*getter)(void *))
{
	void *data;
	int state;

	if (!entry)
		return ERR_PTR(-ENOENT);
	state = atomic_read_acquire(&entry->state);
	if (!(state & IOASID_REFS) || state & IOASID_PENDING)
		return ERR_PTR(-ENOENT);
	if (set && entry->set != set)
		return ERR_PTR(-EACCES);
	data = rcu_dereference(entry->data);
	if (getter && !getter(data))
		return NULL;
	return data;
}

/**
 * ioasid_find - the data of an id
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: any number
 * @getter: takes a reference on the data (not on the id), NULL if none is needed
 *
 * Context: Any but NMI.  Without a @getter, the caller holds rcu_read_lock() or
 * knows otherwise that the id stays.
 * Return: the pointer given to ioasid_alloc() or ioasid_set_data(); NULL when
 * @getter refuses; ERR_PTR: -ENOENT if the id is not allocated or was freed,
 * -EACCES if it belongs to another set.
 */
void *ioasid_find(struct ioasid_set *set, ioasid_t ioasid,
		  bool (*getter)(void *))
{
	void *data;

	rcu_read_lock();
	data = ioasid_entry_data(ioasid_entry(ioasid), ioasid_set_or_host(set),
				 getter);
	rcu_read_unlock();
	return data;
}
EXPORT_SYMBOL_GPL(ioasid_find);

/**
 * ioasid_find_any - the data of an id, whatever its set
 * @ioasid: any number
 * @getter: as for ioasid_find()
 *
 * For those who are told a number by hardware, such as fault handlers.
 *
 * Context: As for ioasid_find().
 * Return: as ioasid_find(), but never -EACCES.
 */
void *ioasid_find_any(ioasid_t ioasid, bool (*getter)(void *))
{
	void *data;

	rcu_read_lock();
	data = ioasid_entry_data(ioasid_entry(ioasid), NULL, getter);
	rcu_read_unlock();
	return data;
}
EXPORT_SYMBOL_GPL(ioasid_find_any);

/**
 * ioasid_set_data - replace the data of an id
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: an id of which the caller has a reference
 * @data: the new pointer
 *
 * On return no reader under RCU sees the old pointer any more.
 *
 * Context: May sleep.
 * Return: 0, -ENOENT if the id is not allocated, -EACCES if it belongs to another
 * set.
 */
int ioasid_set_data(struct ioasid_set *set, ioasid_t ioasid, void *data)
{
	struct ioasid_entry *entry;

	rcu_read_lock();
	entry = ioasid_lookup(ioasid_set_or_host(set), ioasid);
	if (!IS_ERR(entry))
		rcu_assign_pointer(entry->data, data);
	rcu_read_unlock();
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	synchronize_rcu();
	return 0;
}
EXPORT_SYMBOL_GPL(ioasid_set_data);
