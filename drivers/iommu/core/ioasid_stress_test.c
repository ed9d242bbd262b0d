// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of size and of concurrency: the whole space filled, and many tasks that
 * allocate, look up, reference and free the same ids at once.
 *
 * The time of the concurrent runs can be given on the command line:
 * ioasid_stress_test.msecs=N
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ioasid_test.h"

#define TASKS		6
#define SLOTS		16	/* ids that the tasks share */
#define MAGIC		0x1a51d

static unsigned int msecs = 1000;
module_param(msecs, uint, 0444);
MODULE_PARM_DESC(msecs, "milliseconds per concurrent run");

/* Allocates all that is left; returns how many came. */
static u32 fill(struct kunit *test, struct ioasid_set *set, unsigned long *seen)
{
	u32 nr = 0;

	for (;;) {
		ioasid_t id = ioasid_alloc(set, 1, INVALID_IOASID, seen);

		if (id == INVALID_IOASID)
			return nr;
		KUNIT_ASSERT_LT(test, id, ioasid_get_capacity());
		KUNIT_ASSERT_FALSE(test, __test_and_set_bit(id, seen));
		nr++;
		if (nr % 4096 == 0)
			cond_resched();
	}
}

static void space_filled_and_emptied(struct kunit *test)
{
	struct ioasid_books *start = test->priv, now;
	struct ioasid_set *set = ioasid_test_set(test, start->left);
	unsigned long *seen = vzalloc(BITS_TO_LONGS(IOASID_MAX_CAPACITY) *
				      sizeof(long));
	unsigned int ids;
	size_t bytes;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_EXPECT_EQ(test, fill(test, set, seen), start->left);
	KUNIT_EXPECT_FALSE(test, test_bit(0, seen));
	ioasid_space_stat(&ids, &bytes);
	KUNIT_EXPECT_EQ(test, ids, ioasid_get_capacity() - 1);
	KUNIT_EXPECT_LE(test, bytes, 34 * ids + SZ_8K);
	kunit_info(test, "%u ids, %zu bytes\n", ids, bytes);

	/* One number is free in the whole space: it is found. */
	if (test_bit(77777, seen)) {
		KUNIT_EXPECT_EQ(test, ioasid_free(set, 77777), 0);
		KUNIT_EXPECT_EQ(test, 77777, ioasid_alloc(set, 1, INVALID_IOASID,
							  NULL));
	}

	ioasid_free_all_in_set(set);
	ioasid_flush();
	now = ioasid_test_books();
	KUNIT_EXPECT_EQ(test, now.ids, start->ids);
	ioasid_space_stat(&ids, &bytes);
	KUNIT_EXPECT_LE(test, bytes, SZ_512K);

	/* And once more, the set going with everything in it. */
	bitmap_zero(seen, IOASID_MAX_CAPACITY);
	KUNIT_EXPECT_EQ(test, fill(test, set, seen), start->left);
	ioasid_set_free(set);
	vfree(seen);
}

/**
 * struct payload - what the shared ids point to; freed after a grace period
 * @rcu: for that
 * @magic: MAGIC
 * @set: the set of its id
 * @id: the id, 0 until it is known
 */
struct payload {
	struct rcu_head rcu;
	u32 magic;
	struct ioasid_set *set;
	ioasid_t id;
};

/**
 * struct arena - what the tasks share
 * @test: the test
 * @sets: two sets, one with a tight quota
 * @quota: the quota of each
 * @slots: ids that may be live, or 0
 * @stop: ends the tasks
 * @errors: things seen that cannot be
 * @turns: what was done, for the log
 * @done: completed by each task
 */
struct arena {
	struct kunit *test;
	struct ioasid_set *sets[2];
	u32 quota[2];
	atomic_t slots[SLOTS];
	bool stop;
	atomic_t errors;
	atomic_t turns;
	struct completion done;
};

static void arena_expect(struct arena *arena, bool condition)
{
	if (WARN_ON_ONCE(!condition))
		atomic_inc(&arena->errors);
}

/* Put a new id into @slot, and free the one that was there. */
static void turn_replace(struct arena *arena, struct ioasid_set *set,
			 atomic_t *slot)
{
	struct payload *payload = kzalloc(sizeof(*payload), GFP_KERNEL), *old;
	ioasid_t id, before;

	if (!payload)
		return;
	payload->magic = MAGIC;
	payload->set = set;
	id = ioasid_alloc(set, 1, 4000, payload);
	if (id == INVALID_IOASID) {
		kfree(payload);
		id = 0;
	} else {
		WRITE_ONCE(payload->id, id);
	}
	before = atomic_xchg(slot, id);
	if (!before)
		return;

	/*
	 * Whoever takes the id out of its slot owns it.  Its number does not
	 * return while this is under RCU, so that a second free is refused.
	 */
	rcu_read_lock();
	old = ioasid_find_any(before, NULL);
	arena_expect(arena, !IS_ERR_OR_NULL(old));
	if (!IS_ERR_OR_NULL(old)) {
		arena_expect(arena, ioasid_free(old->set, before) == 0);
		arena_expect(arena, ioasid_free(old->set, before) == -ENOENT);
		kfree_rcu(old, rcu);
	}
	rcu_read_unlock();
}

/* Look an id up that others may be freeing. */
static void turn_find(struct arena *arena, struct ioasid_set *set, ioasid_t id)
{
	struct payload *payload;

	rcu_read_lock();
	payload = ioasid_find(set, id, NULL);
	if (!IS_ERR_OR_NULL(payload)) {
		ioasid_t known = READ_ONCE(payload->id);

		arena_expect(arena, payload->magic == MAGIC);
		arena_expect(arena, payload->set == set);
		arena_expect(arena, !known || known == id);
	}
	rcu_read_unlock();
}

/* Hold an id for a while: its number must not come back meanwhile. */
static void turn_hold(struct arena *arena, struct ioasid_set *set, ioasid_t id)
{
	struct ioasid_entry *entry;

	if (ioasid_get(set, id))
		return;
	entry = ioasid_entry(id);
	arena_expect(arena, entry && entry->set == set);
	if (id % 2)
		cond_resched();
	else
		udelay(5);
	arena_expect(arena, entry->set == set);
	arena_expect(arena, atomic_read(&entry->state) & IOASID_REFS);
	if (id % 3 == 0)
		ioasid_attach_private_id(set, id, id % 64);
	if (id % 5 == 0)
		ioasid_find_by_private_id(set, id % 64, false);
	ioasid_put(set, id);
}

/* Whatever happens meanwhile: granted, or refused because of the set's use. */
static void turn_quota(struct arena *arena, u32 seed)
{
	int ret = ioasid_adjust_set(arena->sets[1], SLOTS - 4 + seed % SLOTS);

	arena_expect(arena, !ret || ret == -EBUSY);
}

static int arena_task(void *data)
{
	struct arena *arena = data;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, (unsigned long)current);
	while (!READ_ONCE(arena->stop)) {
		u32 r = prandom_u32_state(&rnd);
		atomic_t *slot = &arena->slots[r % SLOTS];
		struct ioasid_set *set = arena->sets[(r >> 8) % 2];
		ioasid_t id = atomic_read(slot);

		switch ((r >> 16) % 8) {
		case 0 ... 2:
			turn_replace(arena, set, slot);
			break;
		case 3 ... 4:
			turn_find(arena, set, id);
			break;
		case 5 ... 6:
			turn_hold(arena, set, id);
			break;
		default:
			turn_quota(arena, r >> 20);
		}
		atomic_inc(&arena->turns);
		cond_resched();
	}
	complete(&arena->done);
	return 0;
}

static int quiet_listener(struct notifier_block *nb, unsigned long event,
			  void *data)
{
	return NOTIFY_OK;
}

static void arena_run(struct arena *arena)
{
	struct task_struct *task;
	int i, nr = 0;

	init_completion(&arena->done);
	for (i = 0; i < TASKS; i++) {
		task = kthread_run(arena_task, arena, "ioasid-stress/%d", i);
		nr += !IS_ERR(task);
	}
	msleep(msecs);
	WRITE_ONCE(arena->stop, true);
	while (nr--)
		wait_for_completion(&arena->done);
}

static void arena_test(struct kunit *test, struct notifier_block *nb)
{
	struct arena *arena = kunit_kzalloc(test, sizeof(*arena), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, arena);
	arena->test = test;
	arena->quota[0] = 100;
	arena->quota[1] = SLOTS;
	for (i = 0; i < 2; i++)
		arena->sets[i] = ioasid_test_set(test, arena->quota[i]);
	if (nb)
		KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, nb), 0);

	arena_run(arena);

	for (i = 0; i < SLOTS; i++) {
		ioasid_t id = atomic_read(&arena->slots[i]);
		struct payload *payload;

		if (!id)
			continue;
		payload = ioasid_find_any(id, NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(payload));
		KUNIT_EXPECT_EQ(test, ioasid_free(payload->set, id), 0);
		kfree_rcu(payload, rcu);
	}
	ioasid_flush();
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, ioasid_set_used(arena->sets[i]), 0);
		ioasid_set_free(arena->sets[i]);
	}
	if (nb)
		KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, nb), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->errors), 0);
	kunit_info(test, "%d turns\n", atomic_read(&arena->turns));
}

static void tasks_share_ids(struct kunit *test)
{
	arena_test(test, NULL);
}

static void tasks_share_ids_heard(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = quiet_listener };

	arena_test(test, &nb);
}

/**
 * struct crowd - tasks that allocate from one set until nothing is left
 * @set: the set
 * @got: ids that all together got
 * @done: completed by each task
 */
struct crowd {
	struct ioasid_set *set;
	atomic_t got;
	struct completion done;
};

static int crowd_task(void *data)
{
	struct crowd *crowd = data;

	while (ioasid_alloc(crowd->set, 1, INVALID_IOASID, NULL) !=
	       INVALID_IOASID) {
		atomic_inc(&crowd->got);
		cond_resched();
	}
	complete(&crowd->done);
	return 0;
}

static void quota_is_exact_for_a_crowd(struct kunit *test)
{
	struct crowd crowd = { .set = ioasid_test_set(test, 20000) };
	int i, nr = 0;

	init_completion(&crowd.done);
	for (i = 0; i < TASKS; i++)
		nr += !IS_ERR(kthread_run(crowd_task, &crowd, "ioasid-crowd/%d", i));
	while (nr--)
		wait_for_completion(&crowd.done);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd.got), 20000);
	KUNIT_EXPECT_EQ(test, ioasid_set_used(crowd.set), 20000);
	ioasid_set_free(crowd.set);
}

static struct kunit_case ioasid_stress_cases[] = {
	KUNIT_CASE_SLOW(space_filled_and_emptied),
	KUNIT_CASE_SLOW(tasks_share_ids),
	KUNIT_CASE_SLOW(tasks_share_ids_heard),
	KUNIT_CASE_SLOW(quota_is_exact_for_a_crowd),
	{}
};

static struct kunit_suite ioasid_stress_suite = {
	.name = "ioasid_stress",
	.init = ioasid_test_init,
	.exit = ioasid_test_exit,
	.test_cases = ioasid_stress_cases,
};

kunit_test_suite(ioasid_stress_suite);
