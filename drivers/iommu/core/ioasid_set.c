// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets: who owns an id.
 *
 * A set lists its ids until their last reference is gone and they are drained,
 * not only until they are freed: a holder can still name what it holds.  The
 * list counts as one user of the set, so a freed set stays until its last id is
 * reclaimed.  Freeing a set frees all its ids and forbids new ones; it needs no
 * memory and cannot fail.
 */
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "ioasid_priv.h"

#define IOASID_TOKEN_BITS	6

/* Sets that have a token; written under ioasid_token_lock, read under RCU. */
static DEFINE_READ_MOSTLY_HASHTABLE(ioasid_tokens, IOASID_TOKEN_BITS);
static DEFINE_SPINLOCK(ioasid_token_lock);

/**
 * ioasid_enlist - publish an id in its set
 * @set: the set, charged for the id
 * @entry: the id's entry, filled in
 * @id: the number
 * @state: the first value of entry->state
 *
 * Context: May sleep.
 * Return: 0, or -ENOENT if the set was freed.
 */
int ioasid_enlist(struct ioasid_set *set, struct ioasid_entry *entry,
		  ioasid_t id, u32 state)
{
	int ret = -ENOENT;

	mutex_lock(&set->lock);
	if (!set->dead) {
		entry->prev = 0;
		entry->next = set->first;
		if (set->first)
			ioasid_known_entry(set->first)->prev = id;
		else
			refcount_inc(&set->refs);
		set->first = id;
		WRITE_ONCE(set->nr, set->nr + 1);
		atomic_set_release(&entry->state, state);
		ret = 0;
	}
	mutex_unlock(&set->lock);
	return ret;
}

static void ioasid_unname(struct ioasid_set *set, ioasid_t id)
{
	void *private;

	lockdep_assert_held(&set->lock);

	private = xa_erase(&set->by_id, id);
	if (private)
		xa_erase(&set->by_private, xa_to_value(private));
}

static void ioasid_delist_one(struct ioasid_set *set, struct ioasid_entry *entry,
			      ioasid_t id)
{
	lockdep_assert_held(&set->lock);

	if (entry->prev)
		ioasid_known_entry(entry->prev)->next = entry->next;
	else
		set->first = entry->next;
	if (entry->next)
		ioasid_known_entry(entry->next)->prev = entry->prev;
	WRITE_ONCE(set->nr, set->nr - 1);
}

/* Delist some ids of the set of @id; returns the first that was not delisted. */
static u32 ioasid_delist_some(u32 id)
{
	struct ioasid_entry *entry = ioasid_known_entry(id);
	struct ioasid_set *set = entry->set;
	unsigned int nr = 0;
	bool last, named;

	mutex_lock(&set->lock);
	named = !xa_empty(&set->by_id);
	do {
		if (named)
			ioasid_unname(set, id);
		ioasid_delist_one(set, entry, id);
		id = entry->queued;
		if (!id)
			break;
		entry = ioasid_known_entry(id);
	} while (entry->set == set && ++nr < IOASID_BATCH);
	last = !set->nr;
	mutex_unlock(&set->lock);

	ioasid_quota_sweep(set);
	if (last)
		ioasid_set_put(set);
	return id;
}

/**
 * ioasid_delist - take reclaimed ids out of their sets
 * @id: the first id, without references; the others follow by entry->queued
 *
 * Context: May sleep.
 */
void ioasid_delist(u32 id)
{
	while (id) {
		id = ioasid_delist_some(id);
		cond_resched();
	}
}

static struct ioasid_set *ioasid_token_lookup(void *token,
					      enum ioasid_set_type type)
{
	struct ioasid_set *set;

	hash_for_each_possible_rcu(ioasid_tokens, set, node,
				   (unsigned long)token,
				   lockdep_is_held(&ioasid_token_lock))
		if (set->token == token && set->type == type)
			return set;
	return NULL;
}

static int ioasid_token_add(struct ioasid_set *set)
{
	int ret = 0;

	if (set->type == IOASID_SET_TYPE_NULL)
		return 0;
	spin_lock(&ioasid_token_lock);
	if (ioasid_token_lookup(set->token, set->type))
		ret = -EEXIST;
	else
		hash_add_rcu(ioasid_tokens, &set->node,
			     (unsigned long)set->token);
	spin_unlock(&ioasid_token_lock);
	return ret;
}

static void ioasid_token_del(struct ioasid_set *set)
{
	if (set->type == IOASID_SET_TYPE_NULL)
		return;
	spin_lock(&ioasid_token_lock);
	if (hash_hashed(&set->node))
		hash_del_rcu(&set->node);
	spin_unlock(&ioasid_token_lock);
}

static struct ioasid_set *ioasid_set_make(void *token, enum ioasid_set_type type)
{
	struct ioasid_set *set;

	set = ioasid_zalloc(sizeof(*set));
	if (!set)
		return NULL;
	mutex_init(&set->lock);
	refcount_set(&set->refs, 1);
	xa_init(&set->by_private);
	xa_init(&set->by_id);
	set->type = type;
	set->token = token;
	return set;
}

static bool ioasid_token_fits(void *token, enum ioasid_set_type type)
{
	return type < IOASID_SET_TYPE_NR &&
	       !token == (type == IOASID_SET_TYPE_NULL);
}

/**
 * ioasid_set_alloc - make a set
 * @token: what the set stands for, according to @type
 * @quota: how many ids it is promised
 * @type: the type of @token
 *
 * Context: May sleep.
 * Return: the set, to be freed with ioasid_set_free(); ERR_PTR: -EINVAL if
 * @token does not suit @type, -EEXIST if there is a set for @token, -ENOSPC if
 * @quota is more than what is left of the space, -ENOMEM.
 */
struct ioasid_set *ioasid_set_alloc(void *token, ioasid_t quota,
				    enum ioasid_set_type type)
{
	struct ioasid_set *set;
	int ret;

	if (!ioasid_token_fits(token, type))
		return ERR_PTR(-EINVAL);
	set = ioasid_set_make(token, type);
	if (!set)
		return ERR_PTR(-ENOMEM);
	ret = ioasid_quota_open(set, quota);
	if (ret)
		goto err_free;
	ret = ioasid_token_add(set);
	if (ret)
		goto err_quota;
	if (type == IOASID_SET_TYPE_MM)
		mmgrab(token);
	return set;

err_quota:
	set->dead = true;
	ioasid_quota_sweep(set);
err_free:
	kfree(set);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(ioasid_set_alloc);

static void ioasid_revoke_all(struct ioasid_set *set)
{
	ioasid_t id;

	lockdep_assert_held(&set->lock);

	/* The set keeps its ids from being reclaimed: they wait for the lock. */
	for (id = set->first; id; id = ioasid_known_entry(id)->next) {
		ioasid_revoke(ioasid_known_entry(id), id);
		cond_resched();
	}
}

static void ioasid_set_kill(struct ioasid_set *set)
{
	mutex_lock(&set->lock);
	WRITE_ONCE(set->dead, true);
	ioasid_revoke_all(set);
	mutex_unlock(&set->lock);

	ioasid_token_del(set);
	ioasid_quota_sweep(set);
}

/**
 * ioasid_free_all_in_set - free every id of a set
 * @set: the set; NULL for the host's
 *
 * As ioasid_free() on each.  Ids allocated meanwhile may or may not be freed.
 *
 * Context: May sleep.  Waits for the set's lock.
 */
void ioasid_free_all_in_set(struct ioasid_set *set)
{
	set = ioasid_set_or_host(set);
	mutex_lock(&set->lock);
	ioasid_revoke_all(set);
	mutex_unlock(&set->lock);
}
EXPORT_SYMBOL_GPL(ioasid_free_all_in_set);

/**
 * ioasid_set_free - free a set and every id in it
 * @set: a set from ioasid_set_alloc(), which the caller owns
 *
 * The token can be used for a new set at once.  What the set was promised and
 * does not use returns to the space now, the rest as references to its ids go.
 * Those who have references drop them as usual: the set stays valid for them.
 *
 * Context: May sleep.
 */
void ioasid_set_free(struct ioasid_set *set)
{
	if (WARN_ON(!set || !set->counted || READ_ONCE(set->dead)))
		return;
	ioasid_set_kill(set);
	ioasid_set_put(set);
}
EXPORT_SYMBOL_GPL(ioasid_set_free);

/**
 * ioasid_set_get - keep a set's structure
 * @set: the set; under RCU, or already kept
 *
 * Context: Any.
 * Return: false if nobody keeps it any more.
 */
bool ioasid_set_get(struct ioasid_set *set)
{
	return refcount_inc_not_zero(&set->refs);
}
EXPORT_SYMBOL_GPL(ioasid_set_get);

/**
 * ioasid_set_put - undo ioasid_set_get()
 * @set: the set
 *
 * Context: May sleep.
 */
void ioasid_set_put(struct ioasid_set *set)
{
	if (!refcount_dec_and_test(&set->refs))
		return;
	if (WARN_ON(!set->counted))
		return;
	/* Only an owner who forgot ioasid_set_free() comes here with a live set. */
	if (WARN_ON(!set->dead))
		ioasid_set_kill(set);
	if (set->type == IOASID_SET_TYPE_MM)
		mmdrop(set->token);
	kfree_rcu(set, rcu);
}
EXPORT_SYMBOL_GPL(ioasid_set_put);

/**
 * ioasid_find_set - find the set of a token
 * @token: the token
 * @type: its type, not IOASID_SET_TYPE_NULL
 *
 * Context: Any but NMI.
 * Return: the set, for ioasid_set_put(), or NULL.
 */
struct ioasid_set *ioasid_find_set(void *token, enum ioasid_set_type type)
{
	struct ioasid_set *set;

	rcu_read_lock();
	set = ioasid_token_lookup(token, type);
	if (set && !ioasid_set_get(set))
		set = NULL;
	rcu_read_unlock();
	return set;
}
EXPORT_SYMBOL_GPL(ioasid_find_set);

/**
 * ioasid_find_mm_set - find the set of an address space
 * @mm: the address space
 *
 * Context: Any but NMI.
 * Return: the set, for ioasid_set_put(), or NULL.
 */
struct ioasid_set *ioasid_find_mm_set(struct mm_struct *mm)
{
	return ioasid_find_set(mm, IOASID_SET_TYPE_MM);
}
EXPORT_SYMBOL_GPL(ioasid_find_mm_set);

/**
 * ioasid_set_walk - call a function for each live id of a set
 * @set: the set; NULL for the host's
 * @fn: called with the id and @arg; a value other than 0 ends the walk.  It may
 *	get, put, free and find, but not allocate from the set
 * @arg: for @fn
 *
 * Context: May sleep.
 * Return: the last value of @fn, 0 if there was no id.
 */
int ioasid_set_walk(struct ioasid_set *set, ioasid_set_fn_t fn, void *arg)
{
	struct ioasid_entry *entry;
	ioasid_t id;
	int ret = 0;

	set = ioasid_set_or_host(set);
	mutex_lock(&set->lock);
	for (id = set->first; id && !ret; id = entry->next) {
		entry = ioasid_known_entry(id);
		if (!ioasid_live(entry))
			continue;
		ret = fn(id, arg);
	}
	mutex_unlock(&set->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_set_walk);
