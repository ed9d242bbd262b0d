// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the last reference back to the pool.
 *
 * One work item does it all, so it may sleep wherever the last reference was
 * dropped, and no two reclaim at once.  Freed ids wait on a lock-free stack;
 * the work takes the whole stack, tells listeners, drains, takes the ids out of
 * their sets, waits once for readers under RCU, and gives the numbers back.  A
 * number that cannot be drained is not given back: it is tried again later.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "ioasid_priv.h"

static void ioasid_reclaim(struct work_struct *work);

static struct workqueue_struct *ioasid_wq;	/* constant after init */
static DECLARE_DELAYED_WORK(ioasid_work, ioasid_reclaim);

/* Top of the stack of freed ids, linked by entry->queued. */
static atomic_t ioasid_freed = ATOMIC_INIT(0);

/* Ids whose drain failed, linked by entry->queued; only the work uses it. */
static u32 ioasid_undrained;

/* Jiffies until a failed drain is tried again, and when that is. */
unsigned long ioasid_drain_period = HZ;
static unsigned long ioasid_drain_at;	/* only the work uses it */

/* An allocation is short of numbers: drain again at once. */
static atomic_t ioasid_short = ATOMIC_INIT(0);

/* The task in the work; written by the work. */
static struct task_struct *ioasid_reclaimer;

static DEFINE_MUTEX(ioasid_drain_lock);
static LIST_HEAD(ioasid_drainers);	/* ioasid_drain_lock */

#ifdef CONFIG_LOCKDEP
/* Held by the work; allocation waits for it, at times. */
static struct lockdep_map ioasid_reclaim_map =
	STATIC_LOCKDEP_MAP_INIT("ioasid_reclaim", &ioasid_reclaim_map);
#endif

static struct workqueue_struct *ioasid_queue_on(void)
{
	return READ_ONCE(ioasid_wq) ?: system_unbound_wq;
}

/**
 * ioasid_queue - hand an id to the work
 * @entry: its entry: without references, or pending with one that passes to the
 *	   work
 * @id: its number
 *
 * Context: Any but NMI.
 */
void ioasid_queue(struct ioasid_entry *entry, ioasid_t id)
{
	int top = atomic_read(&ioasid_freed);

	do {
		entry->queued = top;
	} while (!atomic_try_cmpxchg(&ioasid_freed, &top, id));
	if (!top)
		mod_delayed_work(ioasid_queue_on(), &ioasid_work, 0);
}

/* Let others run now and then; looking each time would cost as much as the id. */
static void ioasid_breathe(unsigned int *count)
{
	if (!(++*count % IOASID_BATCH))
		cond_resched();
}

/* Every drainer is asked even if one fails: each has its own hardware. */
static int ioasid_drain_one(ioasid_t id)
{
	struct ioasid_drainer *drainer;
	int ret = 0;

	lockdep_assert_held(&ioasid_drain_lock);

	list_for_each_entry(drainer, &ioasid_drainers, list) {
		int err = drainer->drain(drainer, id);

		if (err) {
			pr_warn_ratelimited("ioasid: %u not drained: %d\n", id,
					    err);
			ret = err;
		}
	}
	return ret;
}

static void ioasid_keep_undrained(struct ioasid_entry *entry, ioasid_t id)
{
	if (!ioasid_undrained)
		ioasid_drain_at = jiffies + ioasid_drain_period;
	entry->queued = ioasid_undrained;
	WRITE_ONCE(ioasid_undrained, id);
}

/* Drain the ids from @id on; returns the stack of those that are drained. */
static u32 ioasid_drain(u32 id)
{
	unsigned int count = 0;
	u32 done = 0;

	mutex_lock(&ioasid_drain_lock);
	if (list_empty(&ioasid_drainers))
		swap(id, done);
	while (id) {
		struct ioasid_entry *entry = ioasid_known_entry(id);
		u32 next = entry->queued;

		if (ioasid_drain_one(id)) {
			ioasid_keep_undrained(entry, id);
		} else {
			entry->queued = done;
			done = id;
		}
		id = next;
		ioasid_breathe(&count);
	}
	mutex_unlock(&ioasid_drain_lock);
	return done;
}

/* Deliver FREE and drop the owner's reference.  Returns true if it was the last. */
static bool ioasid_retire_owner(struct ioasid_entry *entry, ioasid_t id)
{
	ioasid_tell(entry, id, IOASID_NOTIFY_FREE);
	if (atomic_dec_return(&entry->state) & IOASID_REFS)
		return false;
	ioasid_uncharge(entry->set);
	return true;
}

/* Returns true if no reference is left and all has been told. */
static bool ioasid_retire_one(struct ioasid_entry *entry, ioasid_t id)
{
	int state = atomic_read(&entry->state);

	if (!(state & (IOASID_REFS | IOASID_BOUND)))
		return true;
	if (state & IOASID_REFS && !ioasid_retire_owner(entry, id))
		return false;
	if (atomic_read(&entry->state) & IOASID_BOUND) {
		atomic_andnot(IOASID_BOUND, &entry->state);
		ioasid_tell(entry, id, IOASID_NOTIFY_UNBIND);
	}
	return true;
}

/*
 * Retire the ids from @id on; returns the stack of those without references, on
 * top of @done.
 */
static u32 ioasid_retire(u32 id, u32 done)
{
	unsigned int count = 0;

	while (id) {
		struct ioasid_entry *entry = ioasid_known_entry(id);
		u32 next = entry->queued;

		if (ioasid_retire_one(entry, id)) {
			entry->queued = done;
			done = id;
		}
		id = next;
		ioasid_breathe(&count);
	}
	return done;
}

static void ioasid_give_all(u32 id)
{
	while (id) {
		struct ioasid_entry *entry = ioasid_known_entry(id);
		unsigned int origin = entry->origin;

		if (origin) {
			u32 next = entry->queued;

			atomic_set(&entry->state, 0);
			ioasid_custom_give(id, origin);
			id = next;
		} else {
			id = ioasid_give_some(id);
		}
		cond_resched();
	}
}

/* Take the ids that shall be drained again. */
static u32 ioasid_take_undrained(void)
{
	u32 again = ioasid_undrained;

	if (!atomic_xchg(&ioasid_short, 0) &&
	    time_before(jiffies, ioasid_drain_at))
		return 0;
	WRITE_ONCE(ioasid_undrained, 0);
	return again;
}

static void ioasid_reclaim(struct work_struct *work)
{
	u32 again, done;

	lock_map_acquire(&ioasid_reclaim_map);
	WRITE_ONCE(ioasid_reclaimer, current);
	again = ioasid_take_undrained();
	done = ioasid_drain(ioasid_retire(atomic_xchg(&ioasid_freed, 0), again));
	if (done) {
		ioasid_delist(done);
		synchronize_rcu();
		ioasid_give_all(done);
	}
	/* All numbers are back when nobody is seen here. */
	smp_store_release(&ioasid_reclaimer, NULL);
	lock_map_release(&ioasid_reclaim_map);

	if (ioasid_undrained)
		queue_delayed_work(ioasid_queue_on(), &ioasid_work,
				   ioasid_drain_period);
}

/**
 * ioasid_reclaim_dep - tell lockdep that the caller may wait for the work
 *
 * Context: May sleep.
 */
void ioasid_reclaim_dep(void)
{
	might_sleep();
	if (READ_ONCE(ioasid_reclaimer) == current)
		return;
	lock_map_acquire(&ioasid_reclaim_map);
	lock_map_release(&ioasid_reclaim_map);
}

/**
 * ioasid_reclaim_now - get back what can be got back
 *
 * On return, the numbers and charges of ids whose last reference was dropped
 * before the call are back, except where a drainer failed.  Does nothing when
 * a listener calls it that the work has called.
 *
 * Context: May sleep.
 */
void ioasid_reclaim_now(void)
{
	bool waiting = atomic_read_acquire(&ioasid_freed) ||
		       READ_ONCE(ioasid_undrained);
	/* In this order: the work says that it runs, then takes what waits. */
	struct task_struct *reclaimer = smp_load_acquire(&ioasid_reclaimer);

	if (reclaimer == current || (!waiting && !reclaimer))
		return;
	atomic_set(&ioasid_short, 1);
	mod_delayed_work(ioasid_queue_on(), &ioasid_work, 0);
	flush_work(&ioasid_work.work);
}

/**
 * ioasid_flush - wait for freed ids to be reclaimed
 *
 * On return, every id whose last reference was dropped before the call is back
 * in the pool and its FREE event over, except where a drainer failed.
 *
 * Context: May sleep.  Not from a listener or a drainer.
 */
void ioasid_flush(void)
{
	ioasid_reclaim_dep();
	if (WARN_ON_ONCE(READ_ONCE(ioasid_reclaimer) == current))
		return;
	if (atomic_read(&ioasid_freed))
		mod_delayed_work(ioasid_queue_on(), &ioasid_work, 0);
	flush_work(&ioasid_work.work);
}
EXPORT_SYMBOL_GPL(ioasid_flush);

/**
 * ioasid_register_drainer - be asked to drain each number before it is reused
 * @drainer: the drainer; stays until it is unregistered
 *
 * Context: May sleep.
 * Return: 0, or -EINVAL without a callback.
 */
int ioasid_register_drainer(struct ioasid_drainer *drainer)
{
	if (!drainer || !drainer->drain)
		return -EINVAL;
	mutex_lock(&ioasid_drain_lock);
	list_add_tail(&drainer->list, &ioasid_drainers);
	mutex_unlock(&ioasid_drain_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(ioasid_register_drainer);

/**
 * ioasid_unregister_drainer - undo ioasid_register_drainer()
 * @drainer: a registered drainer
 *
 * On return it is not running and will not be called.
 *
 * Context: May sleep.  Not from a drainer.
 */
void ioasid_unregister_drainer(struct ioasid_drainer *drainer)
{
	mutex_lock(&ioasid_drain_lock);
	list_del(&drainer->list);
	mutex_unlock(&ioasid_drain_lock);
}
EXPORT_SYMBOL_GPL(ioasid_unregister_drainer);

/* Before any driver probes; without memory for it the system's queue does. */
static int __init ioasid_init(void)
{
	WRITE_ONCE(ioasid_wq, alloc_workqueue("ioasid",
					      WQ_UNBOUND | WQ_MEM_RECLAIM, 1));
	return 0;
}
core_initcall(ioasid_init);
