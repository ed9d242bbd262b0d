// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers from outside: in a guest, the host says which PASIDs may be used.
 *
 * Registered ops with the same functions are doors to one backend; any of them
 * will do, so that one IOMMU can go while others stay.  The backend that was
 * registered first and still has a door is asked; without one, numbers come from
 * the kernel's own pool.  A number remembers where it came from and returns there.
 * Asking may poll hardware: it is done under a mutex and nothing else.
 */
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/printk.h>

#include "ioasid_priv.h"

#define IOASID_BACKENDS		8	/* different ones at a time; 0: own pool */
#define IOASID_REFUSALS		16	/* numbers refused before giving up */

/**
 * struct ioasid_backend - a source of numbers
 * @alloc: identifies it, with @free
 * @free: identifies it, with @alloc
 * @doors: registered ops; empty: none is left, but @nr may not be 0
 * @link: in ioasid_order while there are doors
 * @nr: numbers that are out
 *
 * All under ioasid_custom_lock.
 */
struct ioasid_backend {
	ioasid_alloc_fn_t alloc;
	ioasid_free_fn_t free;
	struct list_head doors;
	struct list_head link;
	u32 nr;
};

static DEFINE_MUTEX(ioasid_custom_lock);
static struct ioasid_backend ioasid_backends[IOASID_BACKENDS];
static LIST_HEAD(ioasid_order);	/* by age; ioasid_custom_lock */

/**
 * ioasid_custom_active - do numbers come from a backend?
 *
 * Context: Any; a snapshot.
 * Return: true if so.
 */
bool ioasid_custom_active(void)
{
	return !list_empty_careful(&ioasid_order);
}

static struct ioasid_allocator_ops *ioasid_door(struct ioasid_backend *backend)
{
	lockdep_assert_held(&ioasid_custom_lock);

	return list_first_entry_or_null(&backend->doors,
					struct ioasid_allocator_ops, list);
}

static void ioasid_backend_free(struct ioasid_backend *backend, ioasid_t id)
{
	struct ioasid_allocator_ops *ops = ioasid_door(backend);

	if (ops)
		ops->free(id, ops->pdata);
}

/*
 * Get a number that is free here too.  The backend may know nothing of numbers
 * that were taken from the own pool before it came: these are held until another
 * is found, so that it does not offer them again.
 */
static int ioasid_backend_take(struct ioasid_backend *backend, ioasid_t min,
			       ioasid_t max, struct ioasid_entry **entry)
{
	struct ioasid_allocator_ops *ops = ioasid_door(backend);
	ioasid_t refused[IOASID_REFUSALS];
	unsigned int nr = 0;
	int ret = -ENOSPC;
	ioasid_t id;

	while (nr < IOASID_REFUSALS) {
		id = ops->alloc(min, max, ops->pdata);
		if (id == INVALID_IOASID)
			break;
		if (id < min || id > max) {
			pr_warn_ratelimited("ioasid: backend %ps gave %u for %u..%u\n",
					    ops->alloc, id, min, max);
			ops->free(id, ops->pdata);
			ret = -EPROTO;
			break;
		}
		ret = ioasid_take(id, id, entry);
		if (ret >= 0)
			break;
		refused[nr++] = id;
		if (ret != -ENOSPC)
			break;
	}
	while (nr)
		ops->free(refused[--nr], ops->pdata);
	return ret;
}

/**
 * ioasid_custom_take - take a number from the backend
 * @min: the lowest that will do, at least 1
 * @max: the highest that will do, inclusive
 * @entry: set to the number's entry
 *
 * Context: May sleep.
 * Return: the number, -ENOSPC if the backend gives none, -EPROTO if it gives one
 * outside the range, -ENOMEM.
 */
int ioasid_custom_take(ioasid_t min, ioasid_t max, struct ioasid_entry **entry)
{
	struct ioasid_backend *backend;
	int id;

	mutex_lock(&ioasid_custom_lock);
	backend = list_first_entry_or_null(&ioasid_order, struct ioasid_backend,
					   link);
	if (!backend) {
		mutex_unlock(&ioasid_custom_lock);
		return ioasid_take(min, max, entry);
	}
	id = ioasid_backend_take(backend, min, max, entry);
	if (id >= 0) {
		(*entry)->origin = backend - ioasid_backends + 1;
		backend->nr++;
	}
	mutex_unlock(&ioasid_custom_lock);
	return id;
}

/**
 * ioasid_custom_give - return a number to the backend it came from
 * @id: the number
 * @origin: entry->origin, not 0
 *
 * Context: May sleep.
 */
void ioasid_custom_give(ioasid_t id, unsigned int origin)
{
	struct ioasid_backend *backend = &ioasid_backends[origin - 1];

	/* In one piece, so that the backend does not offer what is taken here. */
	mutex_lock(&ioasid_custom_lock);
	ioasid_known_entry(id)->origin = 0;
	ioasid_backend_free(backend, id);
	ioasid_give(id);
	backend->nr--;
	mutex_unlock(&ioasid_custom_lock);
}

/* The backend of @ops, or an unused one, or NULL. */
static struct ioasid_backend *ioasid_backend(struct ioasid_allocator_ops *ops)
{
	struct ioasid_backend *unused = NULL, *backend;

	lockdep_assert_held(&ioasid_custom_lock);

	for (backend = ioasid_backends;
	     backend < ioasid_backends + IOASID_BACKENDS; backend++) {
		bool used = backend->alloc &&
			    (backend->nr || !list_empty(&backend->doors));

		if (used && backend->alloc == ops->alloc &&
		    backend->free == ops->free)
			return backend;
		if (!used && !unused)
			unused = backend;
	}
	if (unused) {
		unused->alloc = ops->alloc;
		unused->free = ops->free;
		INIT_LIST_HEAD(&unused->doors);
	}
	return unused;
}

static bool ioasid_is_door(struct ioasid_backend *backend,
			   struct ioasid_allocator_ops *ops)
{
	struct ioasid_allocator_ops *door;

	list_for_each_entry(door, &backend->doors, list)
		if (door == ops)
			return true;
	return false;
}

/**
 * ioasid_register_allocator - let numbers come from elsewhere
 * @ops: the functions and what they need; stays until it is unregistered
 *
 * Numbers that are out already stay as they are.
 *
 * Context: May sleep.
 * Return: 0, -EINVAL without both functions, -EEXIST if @ops is registered,
 * -ENOSPC if there are too many different backends.
 */
int ioasid_register_allocator(struct ioasid_allocator_ops *ops)
{
	struct ioasid_backend *backend;
	int ret = 0;

	if (!ops || !ops->alloc || !ops->free)
		return -EINVAL;
	mutex_lock(&ioasid_custom_lock);
	backend = ioasid_backend(ops);
	if (!backend) {
		ret = -ENOSPC;
	} else if (ioasid_is_door(backend, ops)) {
		ret = -EEXIST;
	} else {
		if (list_empty(&backend->doors))
			list_add_tail(&backend->link, &ioasid_order);
		list_add_tail(&ops->list, &backend->doors);
	}
	mutex_unlock(&ioasid_custom_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_register_allocator);

/**
 * ioasid_unregister_allocator - undo ioasid_register_allocator()
 * @ops: registered ops
 *
 * On return none of its functions is running or will be called.  When the last
 * door to a backend goes while numbers of it are out, they stay usable; the
 * backend is not told when they are freed.
 *
 * Context: May sleep.  Not from the functions of any ops.
 */
void ioasid_unregister_allocator(struct ioasid_allocator_ops *ops)
{
	struct ioasid_backend *backend;

	mutex_lock(&ioasid_custom_lock);
	backend = ioasid_backend(ops);
	if (!WARN_ON(!backend || !ioasid_is_door(backend, ops))) {
		list_del(&ops->list);
		if (list_empty(&backend->doors)) {
			list_del_init(&backend->link);
			if (backend->nr)
				pr_warn("ioasid: %u numbers outlive their backend %ps\n",
					backend->nr, ops->alloc);
		}
	}
	mutex_unlock(&ioasid_custom_lock);
}
EXPORT_SYMBOL_GPL(ioasid_unregister_allocator);
