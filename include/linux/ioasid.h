/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system-wide space of I/O address space identifiers (PASIDs).
 *
 * A number ("id") belongs to one set from its allocation until its last
 * reference is gone.  See Documentation/driver-api/ioasid.rst.
 *
 * Glossary:
 *   id          a number of the space, 1 .. capacity - 1; 0 is never handed out
 *   set         the owner of ids: a token, a quota, a private numbering
 *   private id  the number by which a set's user (a guest) knows an id
 *   data        the pointer that the allocating driver keeps with an id
 *   pending     freed, but still referenced: the number cannot be reused
 */
#ifndef __LINUX_IOASID_H
#define __LINUX_IOASID_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct mm_struct;

typedef u32 ioasid_t;

#define INVALID_IOASID		((ioasid_t)-1)
#define IOASID_BITS		20
#define IOASID_MAX_CAPACITY	0x100000U

/**
 * enum ioasid_set_type - what the token of a set is
 * @IOASID_SET_TYPE_NULL: no token; the set cannot be looked up
 * @IOASID_SET_TYPE_MM: a struct mm_struct; the set keeps the structure (not the
 *			address space) alive
 * @IOASID_SET_TYPE_DRIVER: any pointer of the driver's own; never followed
 * @IOASID_SET_TYPE_NR: how many there are
 */
enum ioasid_set_type {
	IOASID_SET_TYPE_NULL,
	IOASID_SET_TYPE_MM,
	IOASID_SET_TYPE_DRIVER,
	IOASID_SET_TYPE_NR,
};

/**
 * struct ioasid_set - an owner of ids
 *
 * Made by ioasid_set_alloc() (with a quota) or DECLARE_IOASID_SET() (without);
 * only the allocator looks inside.
 */
struct ioasid_set {
	/* private: */
	struct mutex lock;	/* first, nr, dead, writers of the numbering */
	u32 first;		/* head of the list of ids; 0: none */
	u32 nr;			/* ids in the list; each counts as users */
	bool dead;		/* no more allocation; also read without lock */
	bool counted;		/* has a quota; constant */
	u8 type;		/* enum ioasid_set_type; constant */
	void *token;		/* constant */
	u32 quota;		/* under the allocator's quota lock */
	atomic_t left;		/* the part of quota that is not charged */
	refcount_t refs;	/* the owner, other holders, one if nr > 0 */
	struct hlist_node node;	/* in the table of tokens, under its lock */
	struct notifier_block __rcu *listeners; /* under the notify mutex */
	struct xarray by_private; /* private id -> id */
	struct xarray by_id;	/* id -> private id */
	struct rcu_head rcu;
};

/**
 * DECLARE_IOASID_SET - define a set that has no quota
 * @name: the set's name
 *
 * Its ids come from what is promised to no other set.  A module that defines
 * one frees all ids and calls ioasid_flush() before it goes.
 */
#define DECLARE_IOASID_SET(name)					\
	struct ioasid_set name = IOASID_SET_INIT(name)

#define IOASID_SET_INIT(name)						\
	{								\
		.lock = __MUTEX_INITIALIZER((name).lock),		\
		.refs = REFCOUNT_INIT(1),				\
		.by_private = XARRAY_INIT(ioasid_set.by_private, 0),	\
		.by_id = XARRAY_INIT(ioasid_set.by_id, 0),		\
	}

/* The host's own ids: what a set argument of NULL stands for. */
extern struct ioasid_set ioasid_host_set;

/**
 * enum ioasid_notify_val - the transitions of an id that listeners hear of
 * @IOASID_NOTIFY_ALLOC: allocated and findable; nobody else knows the number yet
 * @IOASID_NOTIFY_FREE: freed by its owner; drop what refers to it
 * @IOASID_NOTIFY_BIND: a device table is about to name it; may be refused
 * @IOASID_NOTIFY_UNBIND: no device table names it any more
 */
enum ioasid_notify_val {
	IOASID_NOTIFY_ALLOC = 1,
	IOASID_NOTIFY_FREE,
	IOASID_NOTIFY_BIND,
	IOASID_NOTIFY_UNBIND,
};

/* Values for notifier_block.priority: the CPU side hears of an event first. */
enum ioasid_notifier_prios {
	IOASID_PRIO_LAST,
	IOASID_PRIO_DEVICE,
	IOASID_PRIO_IOMMU,
	IOASID_PRIO_CPU,
};

/**
 * struct ioasid_nb_args - what a listener is told (the notifier's data pointer)
 * @id: the id
 * @private_id: its number within @set, INVALID_IOASID if it has none
 * @set: the owner, valid during the call
 * @data: the driver's pointer at the time of the event
 */
struct ioasid_nb_args {
	ioasid_t id;
	ioasid_t private_id;
	struct ioasid_set *set;
	void *data;
};

typedef ioasid_t (*ioasid_alloc_fn_t)(ioasid_t min, ioasid_t max, void *data);
typedef void (*ioasid_free_fn_t)(ioasid_t ioasid, void *data);
typedef int (*ioasid_set_fn_t)(ioasid_t ioasid, void *arg);

/**
 * struct ioasid_allocator_ops - a source of numbers outside this kernel
 * @alloc: get a number from @min to @max inclusive, or INVALID_IOASID;
 *	   called under a mutex, may sleep
 * @free: give a number back; called under the same mutex, may sleep
 * @list: for the allocator's use while registered
 * @pdata: passed to @alloc and @free
 *
 * Ops with equal @alloc and @free are doors to one source.
 */
struct ioasid_allocator_ops {
	ioasid_alloc_fn_t alloc;
	ioasid_free_fn_t free;
	struct list_head list;
	void *pdata;
};

/**
 * struct ioasid_drainer - makes hardware forget a number before it is reused
 * @drain: called in a context that may sleep after the last reference is gone.
 *	   Returns 0 once no table, TLB or fault queue knows @id, or an error:
 *	   the number then stays out of use and is drained again later.  Must
 *	   accept an id that the hardware has never seen.
 * @list: for the allocator's use while registered
 */
struct ioasid_drainer {
	int (*drain)(struct ioasid_drainer *drainer, ioasid_t id);
	struct list_head list;
};

#ifdef CONFIG_IOASID

ioasid_t ioasid_alloc(struct ioasid_set *set, ioasid_t min, ioasid_t max,
		      void *private);
int ioasid_try_alloc(struct ioasid_set *set, ioasid_t min, ioasid_t max,
		     void *private);
int ioasid_get(struct ioasid_set *set, ioasid_t ioasid);
bool ioasid_put(struct ioasid_set *set, ioasid_t ioasid);
int ioasid_free(struct ioasid_set *set, ioasid_t ioasid);
void *ioasid_find(struct ioasid_set *set, ioasid_t ioasid,
		  bool (*getter)(void *));
void *ioasid_find_any(ioasid_t ioasid, bool (*getter)(void *));
int ioasid_set_data(struct ioasid_set *set, ioasid_t ioasid, void *data);
void ioasid_flush(void);

int ioasid_install_capacity(ioasid_t total);
ioasid_t ioasid_get_capacity(void);
int ioasid_reserve_capacity(ioasid_t nr);
void ioasid_cancel_capacity(ioasid_t nr);

struct ioasid_set *ioasid_set_alloc(void *token, ioasid_t quota,
				    enum ioasid_set_type type);
void ioasid_set_free(struct ioasid_set *set);
bool ioasid_set_get(struct ioasid_set *set);
void ioasid_set_put(struct ioasid_set *set);
int ioasid_adjust_set(struct ioasid_set *set, ioasid_t quota);
ioasid_t ioasid_set_quota(struct ioasid_set *set);
ioasid_t ioasid_set_used(struct ioasid_set *set);
struct ioasid_set *ioasid_find_set(void *token, enum ioasid_set_type type);
struct ioasid_set *ioasid_find_mm_set(struct mm_struct *mm);
void ioasid_free_all_in_set(struct ioasid_set *set);
int ioasid_set_walk(struct ioasid_set *set, ioasid_set_fn_t fn, void *arg);

int ioasid_attach_private_id(struct ioasid_set *set, ioasid_t ioasid,
			     ioasid_t private_id);
int ioasid_detach_private_id(struct ioasid_set *set, ioasid_t ioasid);
ioasid_t ioasid_find_by_private_id(struct ioasid_set *set, ioasid_t private_id,
				   bool get);
ioasid_t ioasid_find_private_id(struct ioasid_set *set, ioasid_t ioasid);

int ioasid_register_notifier(struct ioasid_set *set, struct notifier_block *nb);
int ioasid_unregister_notifier(struct ioasid_set *set,
			       struct notifier_block *nb);
int ioasid_notify(struct ioasid_set *set, ioasid_t ioasid,
		  enum ioasid_notify_val event);

int ioasid_register_allocator(struct ioasid_allocator_ops *ops);
void ioasid_unregister_allocator(struct ioasid_allocator_ops *ops);

int ioasid_register_drainer(struct ioasid_drainer *drainer);
void ioasid_unregister_drainer(struct ioasid_drainer *drainer);

#else /* !CONFIG_IOASID */

static inline ioasid_t ioasid_alloc(struct ioasid_set *set, ioasid_t min,
				    ioasid_t max, void *private)
{
	return INVALID_IOASID;
}

static inline int ioasid_try_alloc(struct ioasid_set *set, ioasid_t min,
				   ioasid_t max, void *private)
{
	return -ENODEV;
}

static inline int ioasid_get(struct ioasid_set *set, ioasid_t ioasid)
{
	return -ENODEV;
}

static inline bool ioasid_put(struct ioasid_set *set, ioasid_t ioasid)
{
	return false;
}

static inline int ioasid_free(struct ioasid_set *set, ioasid_t ioasid)
{
	return -ENODEV;
}

static inline void *ioasid_find(struct ioasid_set *set, ioasid_t ioasid,
				bool (*getter)(void *))
{
	return ERR_PTR(-ENODEV);
}

static inline void *ioasid_find_any(ioasid_t ioasid, bool (*getter)(void *))
{
	return ERR_PTR(-ENODEV);
}

static inline int ioasid_set_data(struct ioasid_set *set, ioasid_t ioasid,
				  void *data)
{
	return -ENODEV;
}

static inline void ioasid_flush(void)
{
}

static inline int ioasid_install_capacity(ioasid_t total)
{
	return -ENODEV;
}

static inline ioasid_t ioasid_get_capacity(void)
{
	return 0;
}

static inline int ioasid_reserve_capacity(ioasid_t nr)
{
	return -ENODEV;
}

static inline void ioasid_cancel_capacity(ioasid_t nr)
{
}

static inline struct ioasid_set *
ioasid_set_alloc(void *token, ioasid_t quota, enum ioasid_set_type type)
{
	return ERR_PTR(-ENODEV);
}

static inline void ioasid_set_free(struct ioasid_set *set)
{
}

static inline bool ioasid_set_get(struct ioasid_set *set)
{
	return false;
}

static inline void ioasid_set_put(struct ioasid_set *set)
{
}

static inline int ioasid_adjust_set(struct ioasid_set *set, ioasid_t quota)
{
	return -ENODEV;
}

static inline ioasid_t ioasid_set_quota(struct ioasid_set *set)
{
	return 0;
}

static inline ioasid_t ioasid_set_used(struct ioasid_set *set)
{
	return 0;
}

static inline struct ioasid_set *ioasid_find_set(void *token,
						 enum ioasid_set_type type)
{
	return NULL;
}

static inline struct ioasid_set *ioasid_find_mm_set(struct mm_struct *mm)
{
	return NULL;
}

static inline void ioasid_free_all_in_set(struct ioasid_set *set)
{
}

static inline int ioasid_set_walk(struct ioasid_set *set, ioasid_set_fn_t fn,
				  void *arg)
{
	return 0;
}

static inline int ioasid_attach_private_id(struct ioasid_set *set,
					   ioasid_t ioasid, ioasid_t private_id)
{
	return -ENODEV;
}

static inline int ioasid_detach_private_id(struct ioasid_set *set,
					   ioasid_t ioasid)
{
	return -ENODEV;
}

static inline ioasid_t ioasid_find_by_private_id(struct ioasid_set *set,
						 ioasid_t private_id, bool get)
{
	return INVALID_IOASID;
}

static inline ioasid_t ioasid_find_private_id(struct ioasid_set *set,
					      ioasid_t ioasid)
{
	return INVALID_IOASID;
}

static inline int ioasid_register_notifier(struct ioasid_set *set,
					   struct notifier_block *nb)
{
	return -ENODEV;
}

static inline int ioasid_unregister_notifier(struct ioasid_set *set,
					     struct notifier_block *nb)
{
	return -ENODEV;
}

static inline int ioasid_notify(struct ioasid_set *set, ioasid_t ioasid,
				enum ioasid_notify_val event)
{
	return -ENODEV;
}

static inline int ioasid_register_allocator(struct ioasid_allocator_ops *ops)
{
	return -ENODEV;
}

static inline void ioasid_unregister_allocator(struct ioasid_allocator_ops *ops)
{
}

static inline int ioasid_register_drainer(struct ioasid_drainer *drainer)
{
	return -ENODEV;
}

static inline void ioasid_unregister_drainer(struct ioasid_drainer *drainer)
{
}

#endif /* CONFIG_IOASID */
#endif /* __LINUX_IOASID_H */
