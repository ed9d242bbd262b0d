// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of ids, references and capacity, each rule and each error by itself.
 */
#include <linux/rcupdate.h>

#include "ioasid_test.h"

struct ioasid_books ioasid_test_books(void)
{
	struct ioasid_books books;
	size_t bytes;

	ioasid_space_stat(&books.ids, &bytes);
	ioasid_quota_stat(&books.promised, &books.left);
	return books;
}

int ioasid_test_init(struct kunit *test)
{
	struct ioasid_books *start;

	start = kunit_kzalloc(test, sizeof(*start), GFP_KERNEL);
	if (!start)
		return -ENOMEM;
	rcu_expedite_gp();
	ioasid_flush();
	*start = ioasid_test_books();
	test->priv = start;
	return 0;
}

/* No test leaves an id, a promise or a charge behind. */
void ioasid_test_exit(struct kunit *test)
{
	struct ioasid_books *start = test->priv, now;

	ioasid_flush();
	now = ioasid_test_books();
	KUNIT_EXPECT_EQ(test, now.ids, start->ids);
	KUNIT_EXPECT_EQ(test, now.promised, start->promised);
	KUNIT_EXPECT_EQ(test, now.left, start->left);
	rcu_unexpedite_gp();
}

/*
 * The books balance when the test's sets have @quotas in all and the test has
 * @unquoted ids in sets without quota.
 */
void ioasid_test_expect(struct kunit *test, u32 quotas, u32 unquoted)
{
	struct ioasid_books *start = test->priv, now = ioasid_test_books();

	KUNIT_EXPECT_EQ(test, now.promised, start->promised + quotas);
	KUNIT_EXPECT_EQ(test, now.left, start->left - quotas - unquoted);
}

struct ioasid_set *ioasid_test_set(struct kunit *test, u32 quota)
{
	struct ioasid_set *set;

	set = ioasid_set_alloc(NULL, quota, IOASID_SET_TYPE_NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	return set;
}

static void ranges_are_inclusive(struct kunit *test)
{
	ioasid_t a = ioasid_alloc(NULL, 700, 701, NULL);
	ioasid_t b = ioasid_alloc(NULL, 700, 701, NULL);

	KUNIT_EXPECT_EQ(test, a + b, 1401);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 700, 701, NULL), INVALID_IOASID);
	ioasid_test_expect(test, 0, 2);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, a), 0);
	/* Needs the number just freed, so waits for it. */
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 700, 701, NULL), a);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, a), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, b), 0);
}

static void bad_ranges(struct kunit *test)
{
	ioasid_t capacity = ioasid_get_capacity();
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 0, 0, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 9, 8, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, capacity, capacity, NULL),
			INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, capacity, INVALID_IOASID, NULL),
			INVALID_IOASID);
	id = ioasid_alloc(NULL, capacity - 1, INVALID_IOASID, NULL);
	KUNIT_EXPECT_EQ(test, id, capacity - 1);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
	ioasid_test_expect(test, 0, 0);
}

static void unknown_ids(struct kunit *test)
{
	static const ioasid_t ids[] = { 0, 900000, 1u << 20, INVALID_IOASID };
	int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		IOASID_EXPECT_ERR(test, ioasid_find(NULL, ids[i], NULL), -ENOENT);
		IOASID_EXPECT_ERR(test, ioasid_find_any(ids[i], NULL), -ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_get(NULL, ids[i]), -ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_free(NULL, ids[i]), -ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_set_data(NULL, ids[i], NULL), -ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, ids[i], IOASID_NOTIFY_BIND),
				-ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(NULL, ids[i], 1),
				-ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_detach_private_id(NULL, ids[i]), -ENOENT);
		KUNIT_EXPECT_EQ(test, ioasid_find_private_id(NULL, ids[i]),
				INVALID_IOASID);
	}
}

static void other_sets_are_refused(struct kunit *test)
{
	struct ioasid_set *mine = ioasid_test_set(test, 1);
	struct ioasid_set *other = ioasid_test_set(test, 1);
	ioasid_t id = ioasid_alloc(mine, 1, 5000, test);

	KUNIT_ASSERT_NE(test, id, INVALID_IOASID);
	IOASID_EXPECT_ERR(test, ioasid_find(other, id, NULL), -EACCES);
	IOASID_EXPECT_ERR(test, ioasid_find(NULL, id, NULL), -EACCES);
	KUNIT_EXPECT_PTR_EQ(test, ioasid_find_any(id, NULL), (void *)test);
	KUNIT_EXPECT_EQ(test, ioasid_get(other, id), -EACCES);
	KUNIT_EXPECT_EQ(test, ioasid_free(other, id), -EACCES);
	KUNIT_EXPECT_EQ(test, ioasid_set_data(other, id, NULL), -EACCES);
	KUNIT_EXPECT_EQ(test, ioasid_notify(other, id, IOASID_NOTIFY_BIND), -EACCES);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(other, id, 1), -EACCES);
	KUNIT_EXPECT_EQ(test, ioasid_detach_private_id(other, id), -EACCES);
	KUNIT_EXPECT_EQ(test, ioasid_free(mine, id), 0);
	ioasid_set_free(mine);
	ioasid_set_free(other);
}

static void free_waits_for_references(struct kunit *test)
{
	ioasid_t id = ioasid_alloc(NULL, 42, 42, test);

	KUNIT_ASSERT_EQ(test, id, 42);
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), 0);
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), 0);
	KUNIT_EXPECT_FALSE(test, ioasid_put(NULL, id));
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);

	/* Pending: neither found nor referenced nor freed again. */
	IOASID_EXPECT_ERR(test, ioasid_find(NULL, id, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), -ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), -ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(NULL, id, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), INVALID_IOASID);
	ioasid_test_expect(test, 0, 1);

	KUNIT_EXPECT_TRUE(test, ioasid_put(NULL, id));
	ioasid_test_expect(test, 0, 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, 42), 0);
}

static void last_put_frees(struct kunit *test)
{
	ioasid_t id = ioasid_alloc(NULL, 1, 5000, NULL);

	KUNIT_ASSERT_NE(test, id, INVALID_IOASID);
	KUNIT_EXPECT_TRUE(test, ioasid_put(NULL, id));
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), -ENOENT);
	ioasid_test_expect(test, 0, 0);
}

static void free_from_any_context(struct kunit *test)
{
	ioasid_t a = ioasid_alloc(NULL, 1, 5000, NULL);
	ioasid_t b = ioasid_alloc(NULL, 1, 5000, NULL);
	unsigned long flags;
	int free;
	bool put;

	local_irq_save(flags);
	free = ioasid_free(NULL, a);
	put = ioasid_put(NULL, b);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, free, 0);
	KUNIT_EXPECT_TRUE(test, put);
}

static void references_do_not_overflow(struct kunit *test)
{
	ioasid_t id = ioasid_alloc(NULL, 1, 5000, NULL);
	struct ioasid_entry *entry = ioasid_entry(id);

	KUNIT_ASSERT_NOT_NULL(test, entry);
	atomic_set(&entry->state, IOASID_REFS);
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_BIND), -ENOENT);
	atomic_set(&entry->state, 1);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
}

static bool getter_agrees(void *data)
{
	*(int *)data += 1;
	return true;
}

static bool getter_refuses(void *data)
{
	return false;
}

static void data_is_found(struct kunit *test)
{
	int first = 0, second = 0;
	ioasid_t id = ioasid_alloc(NULL, 1, 5000, &first);

	KUNIT_EXPECT_PTR_EQ(test, ioasid_find(NULL, id, NULL), (void *)&first);
	KUNIT_EXPECT_PTR_EQ(test, ioasid_find(NULL, id, getter_agrees),
			    (void *)&first);
	KUNIT_EXPECT_EQ(test, first, 1);
	KUNIT_EXPECT_NULL(test, ioasid_find(NULL, id, getter_refuses));
	KUNIT_EXPECT_EQ(test, ioasid_set_data(NULL, id, &second), 0);
	KUNIT_EXPECT_PTR_EQ(test, ioasid_find_any(id, getter_agrees),
			    (void *)&second);
	KUNIT_EXPECT_EQ(test, second, 1);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
}

/* A device with 8 PASID bits finds a number after many wide allocations. */
static void wide_ranges_spare_low_numbers(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 3000);
	int i, low = 0;

	if (ioasid_get_capacity() < 8192)
		kunit_skip(test, "the space is too small");
	for (i = 0; i < 2999; i++) {
		ioasid_t id = ioasid_alloc(set, 1, INVALID_IOASID, NULL);

		KUNIT_ASSERT_NE(test, id, INVALID_IOASID);
		low += id < IOASID_LEAF_IDS;
	}
	KUNIT_EXPECT_EQ(test, low, 0);
	KUNIT_EXPECT_LE(test, ioasid_alloc(set, 1, 255, NULL), 255);
	ioasid_set_free(set);
}

static void capacity_is_the_widest_units(struct kunit *test)
{
	ioasid_t old = ioasid_get_capacity(), id;
	bool installed = ioasid_installed;

	ioasid_installed = false;
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(IOASID_MAX_CAPACITY + 1),
			-EINVAL);

	/* Not below a number in use; nothing has changed then. */
	id = ioasid_alloc(NULL, 256, 300, NULL);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(256), -EBUSY);
	KUNIT_EXPECT_EQ(test, ioasid_get_capacity(), old);
	ioasid_test_expect(test, 0, 1);
	ioasid_free(NULL, id);
	ioasid_flush();

	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(256), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 256, old, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(128), 0);
	KUNIT_EXPECT_EQ(test, ioasid_get_capacity(), 256);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(512), 0);
	KUNIT_EXPECT_EQ(test, ioasid_get_capacity(), 512);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(old), 0);
	ioasid_installed = installed;
}

static void capacity_keeps_promises(struct kunit *test)
{
	ioasid_t old = ioasid_get_capacity();
	bool installed = ioasid_installed;
	struct ioasid_set *set = ioasid_test_set(test, 300);

	ioasid_installed = false;
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(256), -EBUSY);
	KUNIT_EXPECT_EQ(test, ioasid_reserve_capacity(300), 0);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(600), -EBUSY);
	KUNIT_EXPECT_EQ(test, ioasid_get_capacity(), old);
	ioasid_cancel_capacity(300);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(600), 0);
	KUNIT_EXPECT_EQ(test, ioasid_install_capacity(old), 0);
	ioasid_installed = installed;
	ioasid_set_free(set);
}

static void reserve_is_for_the_host(struct kunit *test)
{
	struct ioasid_books *start = test->priv;
	struct ioasid_set *set;
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_reserve_capacity(INVALID_IOASID), -ENOSPC);
	KUNIT_EXPECT_EQ(test, ioasid_reserve_capacity(100), 0);
	set = ioasid_set_alloc(NULL, start->left, IOASID_SET_TYPE_NULL);
	if (start->ids < 1)
		IOASID_EXPECT_ERR(test, set, -ENOSPC);
	if (!IS_ERR(set))
		ioasid_set_free(set);

	/* What the host uses comes out of its reserve. */
	set = ioasid_test_set(test, start->left - 100);
	id = ioasid_alloc(NULL, 1, 5000, NULL);
	KUNIT_EXPECT_NE(test, id, INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, start->left - 99), -ENOSPC);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
	ioasid_cancel_capacity(100);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, start->left), 0);
	/* All is promised: none is left for the host. */
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_reserve_capacity(1), -ENOSPC);
	ioasid_set_free(set);
}

static struct kunit_case ioasid_cases[] = {
	KUNIT_CASE(ranges_are_inclusive),
	KUNIT_CASE(bad_ranges),
	KUNIT_CASE(unknown_ids),
	KUNIT_CASE(other_sets_are_refused),
	KUNIT_CASE(free_waits_for_references),
	KUNIT_CASE(last_put_frees),
	KUNIT_CASE(free_from_any_context),
	KUNIT_CASE(references_do_not_overflow),
	KUNIT_CASE(data_is_found),
	KUNIT_CASE(wide_ranges_spare_low_numbers),
	KUNIT_CASE(capacity_is_the_widest_units),
	KUNIT_CASE(capacity_keeps_promises),
	KUNIT_CASE(reserve_is_for_the_host),
	{}
};

static struct kunit_suite ioasid_suite = {
	.name = "ioasid",
	.init = ioasid_test_init,
	.exit = ioasid_test_exit,
	.test_cases = ioasid_cases,
};

kunit_test_suite(ioasid_suite);
