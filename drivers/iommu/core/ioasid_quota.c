// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many ids may be taken, and by whom.
 *
 * The quota of a set is a promise: numbers that are promised to one set are not
 * given to another, used or not.  What is promised to none can be charged by
 * the sets without quota.  The books always balance:
 *
 *	capacity - 1 = promised to sets + charged by sets without quota + left
 *
 * Charging is one atomic step on one counter, before a number is looked for;
 * whoever finds no number gives the charge back.  Promises change under a mutex.
 */
#include <linux/export.h>
#include <linux/mutex.h>

#include "ioasid_priv.h"

static DEFINE_MUTEX(ioasid_quota_lock);

/* What neither a quota nor a set without quota has. */
atomic_t ioasid_left = ATOMIC_INIT(IOASID_MAX_CAPACITY - 1);

static u32 ioasid_promised;	/* sum of quotas; ioasid_quota_lock */
static u32 ioasid_reserve;	/* kept from quotas; ioasid_quota_lock */
bool ioasid_installed;		/* capacity is no longer the default; ioasid_quota_lock */

/* What of the reserve is not charged already, when @left is left. */
static u32 ioasid_reserve_open(int left)
{
	u32 charged = ioasid_capacity - 1 - ioasid_promised - left;

	lockdep_assert_held(&ioasid_quota_lock);

	return ioasid_reserve > charged ? ioasid_reserve - charged : 0;
}

static int ioasid_promise(u32 nr)
{
	int left = atomic_read(&ioasid_left);

	lockdep_assert_held(&ioasid_quota_lock);

	do {
		if (nr > left || ioasid_reserve_open(left) > left - nr)
			return -ENOSPC;
	} while (!atomic_try_cmpxchg(&ioasid_left, &left, left - nr));
	ioasid_promised += nr;
	return 0;
}

static void ioasid_unpromise(u32 nr)
{
	lockdep_assert_held(&ioasid_quota_lock);

	ioasid_promised -= nr;
	atomic_add(nr, &ioasid_left);
}

/* Take @nr from what is left in @purse, all or nothing. */
static bool ioasid_purse_take(atomic_t *purse, u32 nr)
{
	int left = atomic_read(purse);

	do {
		if (nr > left)
			return false;
	} while (!atomic_try_cmpxchg(purse, &left, left - nr));
	return true;
}

/**
 * ioasid_quota_open - promise a new set its quota
 * @set: the set, not published yet
 * @quota: how many ids
 *
 * Context: May sleep.
 * Return: 0, or -ENOSPC when so many are not left beside the reserve.
 */
int ioasid_quota_open(struct ioasid_set *set, u32 quota)
{
	int ret;

	mutex_lock(&ioasid_quota_lock);
	ret = ioasid_promise(quota);
	mutex_unlock(&ioasid_quota_lock);
	if (ret)
		return ret;
	set->counted = true;
	set->quota = quota;
	atomic_set(&set->left, quota);
	return 0;
}

/**
 * ioasid_quota_sweep - give back what a dead set does not use
 * @set: a set; nothing happens unless it is dead and has a quota
 *
 * Called when the set dies, and again for each id that it still used then.
 *
 * Context: May sleep.
 */
void ioasid_quota_sweep(struct ioasid_set *set)
{
	u32 unused;

	if (!READ_ONCE(set->dead) || !set->counted)
		return;
	mutex_lock(&ioasid_quota_lock);
	unused = atomic_xchg(&set->left, 0);
	WRITE_ONCE(set->quota, set->quota - unused);
	ioasid_unpromise(unused);
	mutex_unlock(&ioasid_quota_lock);
}

/**
 * ioasid_adjust_set - change the quota of a set
 * @set: a set with a quota
 * @quota: the new number of ids
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if the set has no quota, -ENOENT if it was freed, -EBUSY
 * if it uses more than @quota, -ENOSPC if the space has not enough left.
 */
int ioasid_adjust_set(struct ioasid_set *set, ioasid_t quota)
{
	int ret = 0;

	if (!set || !set->counted)
		return -EINVAL;
	mutex_lock(&ioasid_quota_lock);
	if (READ_ONCE(set->dead)) {
		ret = -ENOENT;
	} else if (quota > set->quota) {
		u32 more = quota - set->quota;

		ret = ioasid_promise(more);
		if (!ret)
			atomic_add(more, &set->left);
	} else if (ioasid_purse_take(&set->left, set->quota - quota)) {
		ioasid_unpromise(set->quota - quota);
	} else {
		ret = -EBUSY;
	}
	if (!ret)
		WRITE_ONCE(set->quota, quota);
	mutex_unlock(&ioasid_quota_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_adjust_set);

/**
 * ioasid_set_quota - how many ids may a set have?
 * @set: the set; NULL for the host's
 *
 * Context: Any.
 * Return: the quota; for a set without, the size of the space.
 */
ioasid_t ioasid_set_quota(struct ioasid_set *set)
{
	set = ioasid_set_or_host(set);
	if (!set->counted)
		return READ_ONCE(ioasid_capacity) - 1;
	return READ_ONCE(set->quota);
}
EXPORT_SYMBOL_GPL(ioasid_set_quota);

/**
 * ioasid_set_used - how many ids does a set have?
 * @set: the set; NULL for the host's
 *
 * Ids that were freed count until their last reference is gone; in a set
 * without quota, until the number is back in the pool.
 *
 * Context: Any.
 * Return: the number, a snapshot.
 */
ioasid_t ioasid_set_used(struct ioasid_set *set)
{
	set = ioasid_set_or_host(set);
	if (!set->counted)
		return READ_ONCE(set->nr);
	return READ_ONCE(set->quota) - atomic_read(&set->left);
}
EXPORT_SYMBOL_GPL(ioasid_set_used);

static int ioasid_capacity_grow(u32 total)
{
	u32 more = total - ioasid_capacity;

	lockdep_assert_held(&ioasid_quota_lock);

	WRITE_ONCE(ioasid_capacity, total);
	atomic_add(more, &ioasid_left);
	return 0;
}

static int ioasid_capacity_shrink(u32 total)
{
	u32 old = ioasid_capacity, less = old - total;

	lockdep_assert_held(&ioasid_quota_lock);

	if (!ioasid_purse_take(&ioasid_left, less))
		return -EBUSY;
	WRITE_ONCE(ioasid_capacity, total);
	if (!ioasid_taken_from(total) &&
	    ioasid_reserve_open(atomic_read(&ioasid_left)) <=
	    atomic_read(&ioasid_left))
		return 0;
	WRITE_ONCE(ioasid_capacity, old);
	atomic_add(less, &ioasid_left);
	return -EBUSY;
}

/**
 * ioasid_install_capacity - say how many PASIDs the hardware can tell apart
 * @total: one more than the highest PASID, 2 to IOASID_MAX_CAPACITY
 *
 * Called by each IOMMU at boot.  The first call limits the space; a later one
 * can widen it but not narrow it, so that the widest unit decides.  What one
 * device can do is given by the range of each allocation instead.
 *
 * Context: May sleep.
 * Return: 0 (also where @total is below what another unit can do), -EINVAL for
 * a bad @total, -EBUSY when numbers at or above it are in use or promised.
 */
int ioasid_install_capacity(ioasid_t total)
{
	int ret = 0;

	if (total < 2 || total > IOASID_MAX_CAPACITY)
		return -EINVAL;
	mutex_lock(&ioasid_quota_lock);
	if (total > ioasid_capacity)
		ret = ioasid_capacity_grow(total);
	else if (total < ioasid_capacity && !ioasid_installed)
		ret = ioasid_capacity_shrink(total);
	if (!ret)
		ioasid_installed = true;
	mutex_unlock(&ioasid_quota_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_install_capacity);

/**
 * ioasid_get_capacity - the size of the space
 *
 * Context: Any.
 * Return: one more than the highest id that can be allocated.
 */
ioasid_t ioasid_get_capacity(void)
{
	return READ_ONCE(ioasid_capacity);
}
EXPORT_SYMBOL_GPL(ioasid_get_capacity);

/**
 * ioasid_reserve_capacity - keep ids for the host
 * @nr: how many more
 *
 * The reserve cannot be promised to sets as quota; sets without quota use it.
 *
 * Context: May sleep.
 * Return: 0, or -ENOSPC when so many are not left.
 */
int ioasid_reserve_capacity(ioasid_t nr)
{
	int left, ret = -ENOSPC;

	mutex_lock(&ioasid_quota_lock);
	if (nr < ioasid_capacity - ioasid_reserve) {
		ioasid_reserve += nr;
		left = atomic_read(&ioasid_left);
		if (ioasid_reserve_open(left) <= left)
			ret = 0;
		else
			ioasid_reserve -= nr;
	}
	mutex_unlock(&ioasid_quota_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_reserve_capacity);

/**
 * ioasid_cancel_capacity - undo ioasid_reserve_capacity()
 * @nr: how many ids of the reserve are no longer kept
 *
 * Context: May sleep.
 */
void ioasid_cancel_capacity(ioasid_t nr)
{
	mutex_lock(&ioasid_quota_lock);
	if (!WARN_ON(nr > ioasid_reserve))
		ioasid_reserve -= nr;
	mutex_unlock(&ioasid_quota_lock);
}
EXPORT_SYMBOL_GPL(ioasid_cancel_capacity);

/**
 * ioasid_quota_stat - the books, for tests
 * @promised: set to the sum of quotas
 * @left: set to what is neither promised nor charged
 *
 * Context: May sleep.
 */
void ioasid_quota_stat(u32 *promised, u32 *left)
{
	mutex_lock(&ioasid_quota_lock);
	*promised = ioasid_promised;
	*left = atomic_read(&ioasid_left);
	mutex_unlock(&ioasid_quota_lock);
}
