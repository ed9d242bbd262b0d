// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of sets, quotas and private numbering.
 */
#include <linux/sched.h>

#include "ioasid_test.h"

static void tokens(struct kunit *test)
{
	struct ioasid_set *set, *found;
	int token;

	IOASID_EXPECT_ERR(test, ioasid_set_alloc(&token, 1, IOASID_SET_TYPE_NULL),
			  -EINVAL);
	IOASID_EXPECT_ERR(test, ioasid_set_alloc(NULL, 1, IOASID_SET_TYPE_MM),
			  -EINVAL);
	IOASID_EXPECT_ERR(test, ioasid_set_alloc(NULL, 1, IOASID_SET_TYPE_DRIVER),
			  -EINVAL);
	IOASID_EXPECT_ERR(test, ioasid_set_alloc(&token, 1, IOASID_SET_TYPE_NR),
			  -EINVAL);

	set = ioasid_set_alloc(&token, 5, IOASID_SET_TYPE_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	IOASID_EXPECT_ERR(test, ioasid_set_alloc(&token, 1, IOASID_SET_TYPE_DRIVER),
			  -EEXIST);
	ioasid_test_expect(test, 5, 0);

	found = ioasid_find_set(&token, IOASID_SET_TYPE_DRIVER);
	KUNIT_EXPECT_PTR_EQ(test, found, set);
	KUNIT_EXPECT_NULL(test, ioasid_find_set(&token, IOASID_SET_TYPE_MM));
	ioasid_set_free(set);

	/* The token is free although somebody keeps the old set. */
	KUNIT_EXPECT_NULL(test, ioasid_find_set(&token, IOASID_SET_TYPE_DRIVER));
	set = ioasid_set_alloc(&token, 5, IOASID_SET_TYPE_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	ioasid_set_free(set);
	ioasid_set_put(found);
}

static void address_spaces(struct kunit *test)
{
	struct mm_struct *mm = current->active_mm;
	int count = atomic_read(&mm->mm_count);
	struct ioasid_set *set, *found;

	set = ioasid_set_alloc(mm, 5, IOASID_SET_TYPE_MM);
	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	found = ioasid_find_mm_set(mm);
	KUNIT_EXPECT_PTR_EQ(test, found, set);
	ioasid_set_put(found);
	ioasid_set_free(set);
	KUNIT_EXPECT_NULL(test, ioasid_find_mm_set(mm));
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
}

static void quota_is_exact(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 2);
	ioasid_t a = ioasid_alloc(set, 1, 5000, NULL);
	ioasid_t b = ioasid_alloc(set, 1, 5000, NULL);

	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 1, 5000, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), 2);
	KUNIT_EXPECT_EQ(test, ioasid_set_quota(set), 2);

	/* A referenced id stays charged. */
	KUNIT_EXPECT_EQ(test, ioasid_get(set, a), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(set, a), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 1, 5000, NULL), INVALID_IOASID);
	KUNIT_EXPECT_TRUE(test, ioasid_put(set, a));
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), 1);
	a = ioasid_alloc(set, 1, 5000, NULL);
	KUNIT_EXPECT_NE(test, a, INVALID_IOASID);

	/* An allocation that finds no number is not charged. */
	KUNIT_EXPECT_EQ(test, ioasid_free(set, b), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, a, a, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), 1);
	ioasid_set_free(set);
}

static void quota_is_adjusted(struct kunit *test)
{
	struct ioasid_books *start = test->priv;
	struct ioasid_set *set = ioasid_test_set(test, 10);
	int i;

	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_NE(test, ioasid_alloc(set, 1, 5000, NULL),
				INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, 5), -EBUSY);
	ioasid_test_expect(test, 10, 0);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, 6), 0);
	ioasid_test_expect(test, 6, 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 1, 5000, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, start->left + 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, INVALID_IOASID), -ENOSPC);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, start->left), 0);
	ioasid_test_expect(test, start->left, 0);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(&ioasid_host_set, 1), -EINVAL);
	ioasid_set_free(set);
}

static void quotas_fit_the_space(struct kunit *test)
{
	struct ioasid_books *start = test->priv;
	struct ioasid_set *set = ioasid_test_set(test, start->left);

	IOASID_EXPECT_ERR(test, ioasid_set_alloc(NULL, 1, IOASID_SET_TYPE_NULL),
			  -ENOSPC);
	IOASID_EXPECT_ERR(test, ioasid_set_alloc(NULL, INVALID_IOASID,
						 IOASID_SET_TYPE_NULL), -ENOSPC);
	ioasid_set_free(set);
	ioasid_test_expect(test, 0, 0);
	KUNIT_EXPECT_EQ(test, ioasid_set_quota(NULL), ioasid_get_capacity() - 1);
}

static void set_free_with_ids_in_use(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 100);
	ioasid_t held = INVALID_IOASID;
	int i;

	for (i = 0; i < 50; i++) {
		ioasid_t id = ioasid_alloc(set, 1, 5000, NULL);

		KUNIT_ASSERT_NE(test, id, INVALID_IOASID);
		if (i == 25)
			held = id;
	}
	KUNIT_EXPECT_EQ(test, ioasid_get(set, held), 0);
	KUNIT_EXPECT_TRUE(test, ioasid_set_get(set));
	ioasid_set_free(set);

	/* One id is held, and its charge with it; all else is back. */
	ioasid_flush();
	ioasid_test_expect(test, 1, 0);
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), 1);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 1, 5000, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_adjust_set(set, 5), -ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_get(set, held), -ENOENT);
	KUNIT_EXPECT_TRUE(test, ioasid_put(set, held));
	ioasid_flush();
	ioasid_test_expect(test, 0, 0);
	ioasid_set_put(set);
}

static void free_all_keeps_the_set(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 10);
	int i;

	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_NE(test, ioasid_alloc(set, 1, 5000, NULL),
				INVALID_IOASID);
	ioasid_free_all_in_set(set);
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), 0);
	KUNIT_EXPECT_NE(test, ioasid_alloc(set, 1, 5000, NULL), INVALID_IOASID);
	ioasid_set_free(set);
}

static int count_id(ioasid_t id, void *arg)
{
	return ++*(int *)arg == 3 ? id : 0;
}

static void walk_sees_live_ids(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 10);
	ioasid_t ids[5];
	int i, seen = 0;

	KUNIT_EXPECT_EQ(test, ioasid_set_walk(set, count_id, &seen), 0);
	KUNIT_EXPECT_EQ(test, seen, 0);
	for (i = 0; i < 5; i++)
		ids[i] = ioasid_alloc(set, 1, 5000, NULL);
	/* Oldest last: the third seen is ids[2]. */
	KUNIT_EXPECT_EQ(test, ioasid_set_walk(set, count_id, &seen), ids[2]);
	KUNIT_EXPECT_EQ(test, ioasid_get(set, ids[4]), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(set, ids[4]), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(set, ids[1]), 0);
	seen = 3;
	KUNIT_EXPECT_EQ(test, ioasid_set_walk(set, count_id, &seen), 0);
	KUNIT_EXPECT_EQ(test, seen, 6);
	KUNIT_EXPECT_TRUE(test, ioasid_put(set, ids[4]));
	ioasid_set_free(set);
}

static void private_ids_both_ways(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 10);
	ioasid_t a = ioasid_alloc(set, 1, 5000, NULL);
	ioasid_t b = ioasid_alloc(set, 1, 5000, NULL);

	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, a, INVALID_IOASID),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, a, 7), 0);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, a, 8), -EBUSY);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, b, 7), -EEXIST);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, b, 0), 0);
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(set, 7, false), a);
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(set, 0, false), b);
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(set, 8, false),
			INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(NULL, 7, false),
			INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_find_private_id(set, a), 7);
	KUNIT_EXPECT_EQ(test, ioasid_find_private_id(set, b), 0);
	KUNIT_EXPECT_EQ(test, ioasid_find_private_id(NULL, a), INVALID_IOASID);

	KUNIT_EXPECT_EQ(test, ioasid_detach_private_id(set, b), 0);
	KUNIT_EXPECT_EQ(test, ioasid_detach_private_id(set, b), -ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_find_private_id(set, b), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, b, 8), 0);
	ioasid_set_free(set);
}

static void private_id_lasts_as_long(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 10);
	ioasid_t a = ioasid_alloc(set, 1, 5000, NULL);
	ioasid_t b = ioasid_alloc(set, 1, 5000, NULL);

	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, a, 7), 0);
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(set, 7, true), a);
	KUNIT_EXPECT_EQ(test, ioasid_free(set, a), 0);

	/* Freed: found by no newcomer, but its holder can still name it. */
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(set, 7, false),
			INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_find_by_private_id(set, 7, true),
			INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_find_private_id(set, a), 7);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, b, 7), -EEXIST);
	KUNIT_EXPECT_TRUE(test, ioasid_put(set, a));
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, b, 7), 0);
	ioasid_set_free(set);
}

static struct kunit_case ioasid_set_cases[] = {
	KUNIT_CASE(tokens),
	KUNIT_CASE(address_spaces),
	KUNIT_CASE(quota_is_exact),
	KUNIT_CASE(quota_is_adjusted),
	KUNIT_CASE(quotas_fit_the_space),
	KUNIT_CASE(set_free_with_ids_in_use),
	KUNIT_CASE(free_all_keeps_the_set),
	KUNIT_CASE(walk_sees_live_ids),
	KUNIT_CASE(private_ids_both_ways),
	KUNIT_CASE(private_id_lasts_as_long),
	{}
};

static struct kunit_suite ioasid_set_suite = {
	.name = "ioasid_set",
	.init = ioasid_test_init,
	.exit = ioasid_test_exit,
	.test_cases = ioasid_set_cases,
};

kunit_test_suite(ioasid_set_suite);
