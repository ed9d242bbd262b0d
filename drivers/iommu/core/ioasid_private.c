// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private numbering of a set: the numbers by which a guest knows its ids.
 *
 * One id has at most one private id and the other way round, within a set.  Two
 * trees, one per direction, change together under set->lock.  A private id stays
 * taken until its id is drained: what the guest's hardware view may still hold
 * follows the same rule as the host's.
 */
#include <linux/export.h>
#include <linux/xarray.h>
#include <kunit/static_stub.h>

#include "ioasid_priv.h"

/**
 * ioasid_xa_insert - put a number into a tree where there is none
 * @xa: the tree
 * @index: where
 * @value: the number
 *
 * Context: May sleep.
 * Return: 0, -EBUSY if there is one, -ENOMEM.
 */
int ioasid_xa_insert(struct xarray *xa, unsigned long index, ioasid_t value)
{
	KUNIT_STATIC_STUB_REDIRECT(ioasid_xa_insert, xa, index, value);
	return xa_insert(xa, index, xa_mk_value(value), GFP_KERNEL);
}

static int ioasid_name(struct ioasid_set *set, ioasid_t id, ioasid_t private_id)
{
	int ret;

	lockdep_assert_held(&set->lock);

	if (xa_load(&set->by_id, id))
		return -EBUSY;
	ret = ioasid_xa_insert(&set->by_private, private_id, id);
	if (ret)
		return ret == -EBUSY ? -EEXIST : ret;
	ret = ioasid_xa_insert(&set->by_id, id, private_id);
	if (ret)
		xa_erase(&set->by_private, private_id);
	return ret;
}

/**
 * ioasid_attach_private_id - give an id its number within its set
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: the id
 * @private_id: the number, any but INVALID_IOASID
 *
 * Context: May sleep.
 * Return: 0, -EINVAL for INVALID_IOASID, -ENOENT if the id is not allocated or
 * was freed, -EACCES if it belongs to another set, -EBUSY if it has a private id,
 * -EEXIST if @private_id is taken, -ENOMEM.
 */
int ioasid_attach_private_id(struct ioasid_set *set, ioasid_t ioasid,
			     ioasid_t private_id)
{
	int ret;

	/* A tree of values holds a bit less than an unsigned long. */
	if (private_id == INVALID_IOASID || private_id > LONG_MAX)
		return -EINVAL;
	set = ioasid_set_or_host(set);
	ret = ioasid_get(set, ioasid);
	if (ret)
		return ret;
	mutex_lock(&set->lock);
	ret = ioasid_name(set, ioasid, private_id);
	mutex_unlock(&set->lock);
	ioasid_put(set, ioasid);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_attach_private_id);

/**
 * ioasid_detach_private_id - take an id's number within its set away
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: the id
 *
 * Not needed before ioasid_free(), and then not wanted: the number stays taken
 * until the id is drained.
 *
 * Context: May sleep.
 * Return: 0, -ENOENT if the id is not allocated, was freed or has none, -EACCES
 * if it belongs to another set.
 */
int ioasid_detach_private_id(struct ioasid_set *set, ioasid_t ioasid)
{
	void *private;
	int ret;

	set = ioasid_set_or_host(set);
	ret = ioasid_get(set, ioasid);
	if (ret)
		return ret;
	mutex_lock(&set->lock);
	private = xa_erase(&set->by_id, ioasid);
	if (private)
		xa_erase(&set->by_private, xa_to_value(private));
	else
		ret = -ENOENT;
	mutex_unlock(&set->lock);
	ioasid_put(set, ioasid);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_detach_private_id);

/**
 * ioasid_find_by_private_id - from a set's own number to the id
 * @set: the set; NULL for the host's own
 * @private_id: the number within the set
 * @get: whether to take a reference, for ioasid_put()
 *
 * Context: Any but NMI.
 * Return: the id, or INVALID_IOASID if there is none or it was freed.
 */
ioasid_t ioasid_find_by_private_id(struct ioasid_set *set, ioasid_t private_id,
				   bool get)
{
	ioasid_t id = INVALID_IOASID;
	struct ioasid_entry *entry;
	void *value;

	set = ioasid_set_or_host(set);
	rcu_read_lock();
	value = xa_load(&set->by_private, private_id);
	if (!value)
		goto out;
	entry = ioasid_lookup(set, xa_to_value(value));
	if (IS_ERR(entry))
		goto out;
	if (get ? !ioasid_ref(entry) : ioasid_live(entry))
		id = xa_to_value(value);
out:
	rcu_read_unlock();
	return id;
}
EXPORT_SYMBOL_GPL(ioasid_find_by_private_id);

/**
 * ioasid_find_private_id - from an id to its number within its set
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: the id
 *
 * Also answers for an id that was freed, as long as it is referenced.
 *
 * Context: Any but NMI.
 * Return: the number, or INVALID_IOASID.
 */
ioasid_t ioasid_find_private_id(struct ioasid_set *set, ioasid_t ioasid)
{
	ioasid_t private_id = INVALID_IOASID;
	void *value;

	set = ioasid_set_or_host(set);
	rcu_read_lock();
	if (!IS_ERR(ioasid_lookup(set, ioasid))) {
		value = xa_load(&set->by_id, ioasid);
		if (value)
			private_id = xa_to_value(value);
	}
	rcu_read_unlock();
	return private_id;
}
EXPORT_SYMBOL_GPL(ioasid_find_private_id);
