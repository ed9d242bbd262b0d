// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling listeners what happens to an id.
 *
 * Each transition makes one event: the state of the id changes first, atomically,
 * and only the winner tells.  Listeners of the set and of the whole space hear it
 * as one sequence in the order of priority, higher first, always in a context that may
 * sleep.  Of one id, ALLOC is over before FREE begins; those who bind and unbind
 * it order these two among themselves.
 */
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/srcu.h>

#include "ioasid_priv.h"

/* Writers of all lists of listeners. */
static DEFINE_MUTEX(ioasid_notify_lock);

/* Readers: list links stay while an event is being delivered. */
DEFINE_STATIC_SRCU(ioasid_notify_srcu);

/* Those who hear of every set; written under ioasid_notify_lock. */
struct notifier_block __rcu *ioasid_listeners;

static struct notifier_block *ioasid_link(struct notifier_block __rcu **link)
{
	return srcu_dereference_check(*link, &ioasid_notify_srcu,
				      lockdep_is_held(&ioasid_notify_lock));
}

/*
 * Call the listeners of both lists in order of priority.  Ends before @stop, or
 * when a BIND is refused: then it returns the one who refused.
 */
static struct notifier_block *ioasid_deliver(struct ioasid_nb_args *args,
					     enum ioasid_notify_val event,
					     struct notifier_block *stop,
					     int *error)
{
	struct notifier_block *own, *all, *nb;

	own = ioasid_link(&args->set->listeners);
	all = ioasid_link(&ioasid_listeners);
	while (own || all) {
		if (!all || (own && own->priority >= all->priority)) {
			nb = own;
			own = ioasid_link(&nb->next);
		} else {
			nb = all;
			all = ioasid_link(&nb->next);
		}
		if (nb == stop)
			break;
		*error = notifier_to_errno(nb->notifier_call(nb, event, args));
		if (*error && event == IOASID_NOTIFY_BIND)
			return nb;
	}
	*error = 0;
	return NULL;
}

static int ioasid_tell_args(struct ioasid_nb_args *args,
			    enum ioasid_notify_val event)
{
	struct notifier_block *refuser;
	int idx, ret, ignored;

	idx = srcu_read_lock(&ioasid_notify_srcu);
	refuser = ioasid_deliver(args, event, NULL, &ret);
	if (refuser)
		ioasid_deliver(args, IOASID_NOTIFY_UNBIND, refuser, &ignored);
	srcu_read_unlock(&ioasid_notify_srcu, idx);
	return ret;
}

static int ioasid_tell_entry(struct ioasid_entry *entry, ioasid_t id,
			     enum ioasid_notify_val event)
{
	struct ioasid_nb_args args = {
		.id = id,
		.private_id = INVALID_IOASID,
		.set = entry->set,
	};
	void *value;

	if (!ioasid_has_listeners(entry->set))
		return 0;
	value = xa_load(&entry->set->by_id, id);
	if (value)
		args.private_id = xa_to_value(value);
	args.data = rcu_access_pointer(entry->data);
	return ioasid_tell_args(&args, event);
}

/**
 * ioasid_tell - deliver an event that cannot be refused
 * @entry: the id's entry, which the caller keeps from being reclaimed
 * @id: its number
 * @event: the event
 *
 * Context: May sleep.
 */
void ioasid_tell(struct ioasid_entry *entry, ioasid_t id,
		 enum ioasid_notify_val event)
{
	ioasid_tell_entry(entry, id, event);
}

/* Set (BIND) or clear (UNBIND) IOASID_BOUND, once. */
static int ioasid_bind_step(struct ioasid_entry *entry, bool bind)
{
	int state = atomic_read(&entry->state);

	do {
		if (bind && state & IOASID_PENDING)
			return -ENOENT;
		if (bind == !!(state & IOASID_BOUND))
			return -EALREADY;
	} while (!atomic_try_cmpxchg(&entry->state, &state,
				     state ^ IOASID_BOUND));
	return 0;
}

/**
 * ioasid_notify - tell listeners that an id is bound or unbound
 * @set: the set that owns the id; NULL for the host's own
 * @ioasid: an id of which the caller has a reference
 * @event: IOASID_NOTIFY_BIND before the first device table names the id,
 *	   IOASID_NOTIFY_UNBIND after the last one stopped
 *
 * A listener can refuse BIND by notifier_from_errno(); those who heard it before
 * then hear UNBIND.  An id that is reclaimed while bound is unbound first.
 *
 * Context: May sleep.  Calls for one id come one after the other.
 * Return: 0, -EINVAL for another event, -ENOENT if the id is not allocated (for
 * BIND: or was freed), -EACCES if it belongs to another set, -EALREADY if it is
 * bound (unbound) already, and what a listener refuses BIND with.
 */
int ioasid_notify(struct ioasid_set *set, ioasid_t ioasid,
		  enum ioasid_notify_val event)
{
	bool bind = event == IOASID_NOTIFY_BIND;
	struct ioasid_entry *entry;
	int ret;

	if (!bind && event != IOASID_NOTIFY_UNBIND)
		return -EINVAL;

	rcu_read_lock();
	entry = ioasid_lookup(ioasid_set_or_host(set), ioasid);
	if (!IS_ERR(entry) && !ioasid_pin(entry))
		entry = ERR_PTR(-ENOENT);
	rcu_read_unlock();
	if (IS_ERR(entry))
		return PTR_ERR(entry);

	ret = ioasid_bind_step(entry, bind);
	if (!ret) {
		ret = ioasid_tell_entry(entry, ioasid, event);
		if (ret && bind)
			ioasid_bind_step(entry, false);
	}
	ioasid_drop(entry, ioasid);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_notify);

static struct notifier_block __rcu **ioasid_list(struct ioasid_set *set)
{
	return set ? &set->listeners : &ioasid_listeners;
}

/* Where @nb is linked, or where it belongs. */
static struct notifier_block __rcu **ioasid_place(struct ioasid_set *set,
						  struct notifier_block *nb,
						  bool insert)
{
	struct notifier_block __rcu **link = ioasid_list(set);
	struct notifier_block *at;

	lockdep_assert_held(&ioasid_notify_lock);

	for (; (at = ioasid_link(link)); link = &at->next) {
		if (at == nb)
			return link;
		if (insert && at->priority < nb->priority)
			break;
	}
	return link;
}

/**
 * ioasid_register_notifier - listen to what happens to ids
 * @set: hear of this set only, which stays until the listener is gone; NULL: of
 *	 all sets
 * @nb: the listener: called with enum ioasid_notify_val and struct
 *	ioasid_nb_args, in order of priority (enum ioasid_notifier_prios).  It is
 *	registered in one place at a time
 *
 * Context: May sleep.
 * Return: 0, -EEXIST if @nb is registered there, -EINVAL without a callback.
 */
int ioasid_register_notifier(struct ioasid_set *set, struct notifier_block *nb)
{
	struct notifier_block __rcu **link;
	int ret = -EEXIST;

	if (!nb || !nb->notifier_call)
		return -EINVAL;
	mutex_lock(&ioasid_notify_lock);
	if (!ioasid_link(ioasid_place(set, nb, false))) {
		link = ioasid_place(set, nb, true);
		rcu_assign_pointer(nb->next, ioasid_link(link));
		rcu_assign_pointer(*link, nb);
		if (set)
			refcount_inc(&set->refs);
		ret = 0;
	}
	mutex_unlock(&ioasid_notify_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_register_notifier);

/**
 * ioasid_unregister_notifier - stop listening
 * @set: as for ioasid_register_notifier()
 * @nb: the listener
 *
 * On return the callback is not running and will not be called.
 *
 * Context: May sleep.  Not from a listener.
 * Return: 0, -ENOENT if @nb is not registered there.
 */
int ioasid_unregister_notifier(struct ioasid_set *set,
			       struct notifier_block *nb)
{
	struct notifier_block __rcu **link;
	int ret = -ENOENT;

	mutex_lock(&ioasid_notify_lock);
	link = ioasid_place(set, nb, false);
	if (ioasid_link(link)) {
		/* nb->next stays for those who are at @nb. */
		rcu_assign_pointer(*link, ioasid_link(&nb->next));
		ret = 0;
	}
	mutex_unlock(&ioasid_notify_lock);
	if (ret)
		return ret;

	synchronize_srcu(&ioasid_notify_srcu);
	if (set)
		ioasid_set_put(set);
	return 0;
}
EXPORT_SYMBOL_GPL(ioasid_unregister_notifier);
