// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of numbers that come from elsewhere, on fake hosts; and of running out of
 * memory at each place where memory is allocated.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <kunit/static_stub.h>

#include "ioasid_test.h"

#define HOST_IDS	64

/**
 * struct fake_host - the host behind one or more doors
 * @out: numbers that the guest has
 * @first: number of bit 0
 * @bad: a number to answer with once, out of turn; 0: none
 * @calls: calls so far
 */
struct fake_host {
	DECLARE_BITMAP(out, HOST_IDS);
	ioasid_t first;
	ioasid_t bad;
	int calls;
};

/* What pdata points to: gone when its IOMMU is. */
struct fake_iommu {
	struct fake_host *host;
	bool gone;
};

static struct fake_host *enter(struct fake_iommu *iommu)
{
	/* As a poll of the virtual command register would. */
	usleep_range(10, 20);
	WARN_ON(iommu->gone);
	iommu->host->calls++;
	return iommu->host;
}

static ioasid_t host_alloc(ioasid_t min, ioasid_t max, void *data)
{
	struct fake_host *host = enter(data);
	ioasid_t id = host->bad;
	unsigned long bit;

	if (id) {
		host->bad = 0;
		return id;
	}
	bit = min > host->first ? min - host->first : 0;
	bit = find_next_zero_bit(host->out, HOST_IDS, bit);
	if (bit >= HOST_IDS || host->first + bit > max)
		return INVALID_IOASID;
	__set_bit(bit, host->out);
	return host->first + bit;
}

static void host_free(ioasid_t id, void *data)
{
	struct fake_host *host = enter(data);

	if (id >= host->first && id < host->first + HOST_IDS)
		WARN_ON(!__test_and_clear_bit(id - host->first, host->out));
}

static ioasid_t other_alloc(ioasid_t min, ioasid_t max, void *data)
{
	return host_alloc(min, max, data);
}

static struct ioasid_allocator_ops door_to(struct fake_iommu *iommu)
{
	return (struct ioasid_allocator_ops){
		.alloc = host_alloc, .free = host_free, .pdata = iommu,
	};
}

static void host_gives_numbers(struct kunit *test)
{
	struct fake_host host = { .first = 3000 };
	struct fake_iommu iommu = { .host = &host };
	struct ioasid_allocator_ops ops = door_to(&iommu);
	ioasid_t own = ioasid_alloc(NULL, 1, 100, NULL), id;

	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	id = ioasid_alloc(NULL, 1, 5000, NULL);
	KUNIT_EXPECT_EQ(test, id, 3000);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 100, NULL), INVALID_IOASID);

	/* Returned to whom it came from, and no sooner than it is free. */
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, own), 0);
	ioasid_flush();
	KUNIT_EXPECT_TRUE(test, test_bit(0, host.out));
	ioasid_put(NULL, id);
	ioasid_flush();
	KUNIT_EXPECT_TRUE(test, bitmap_empty(host.out, HOST_IDS));

	ioasid_unregister_allocator(&ops);
	host.calls = 0;
	id = ioasid_alloc(NULL, 1, 100, NULL);
	KUNIT_EXPECT_NE(test, id, INVALID_IOASID);
	ioasid_free(NULL, id);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, host.calls, 0);
}

/* A host without numbers left gets back what was freed before it is given up. */
static void host_is_exhausted(struct kunit *test)
{
	struct fake_host host = { .first = 3000 };
	struct fake_iommu iommu = { .host = &host };
	struct ioasid_allocator_ops ops = door_to(&iommu);
	int i;

	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	for (i = 0; i < HOST_IDS; i++)
		KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 3000 + i);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), INVALID_IOASID);
	ioasid_test_expect(test, 0, HOST_IDS);
	ioasid_free(NULL, 3010);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 3010);
	for (i = 0; i < HOST_IDS; i++)
		ioasid_free(NULL, 3000 + i);
	ioasid_flush();
	KUNIT_EXPECT_TRUE(test, bitmap_empty(host.out, HOST_IDS));
	ioasid_unregister_allocator(&ops);
}

static void one_of_several_goes(struct kunit *test)
{
	struct fake_host host = { .first = 3000 };
	struct fake_iommu iommu[3] = { { &host }, { &host }, { &host } };
	struct ioasid_allocator_ops ops[3];
	ioasid_t ids[3];
	int i;

	for (i = 0; i < 3; i++) {
		ops[i] = door_to(&iommu[i]);
		KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops[1]), -EEXIST);

	/* The first, which is the one in use, then the next. */
	for (i = 0; i < 3; i++) {
		ids[i] = ioasid_alloc(NULL, 1, 5000, NULL);
		KUNIT_EXPECT_EQ(test, ids[i], 3000 + i);
		if (i == 2)
			break;
		ioasid_unregister_allocator(&ops[i]);
		iommu[i].gone = true;
		memset(&ops[i], 0x5a, sizeof(ops[i]));
	}
	for (i = 0; i < 3; i++)
		ioasid_free(NULL, ids[i]);
	ioasid_flush();
	KUNIT_EXPECT_TRUE(test, bitmap_empty(host.out, HOST_IDS));
	ioasid_unregister_allocator(&ops[2]);
}

static void the_last_door_goes(struct kunit *test)
{
	struct fake_host host = { .first = 3000 };
	struct fake_iommu iommu = { .host = &host };
	struct ioasid_allocator_ops ops = door_to(&iommu);
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 3000);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 3001);
	ioasid_unregister_allocator(&ops);
	iommu.gone = true;
	memset(&ops, 0x5a, sizeof(ops));

	/* Its numbers live on, and are freed here only. */
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, 3000), 0);
	ioasid_free(NULL, 3000);
	ioasid_put(NULL, 3000);
	ioasid_flush();
	id = ioasid_alloc(NULL, 3000, 3001, NULL);
	KUNIT_EXPECT_EQ(test, id, 3000);
	ioasid_free(NULL, 3000);

	/* It comes back and gets the other one. */
	iommu.gone = false;
	ops = door_to(&iommu);
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	ioasid_free(NULL, 3001);
	ioasid_flush();
	KUNIT_EXPECT_FALSE(test, test_bit(1, host.out));
	KUNIT_EXPECT_TRUE(test, test_bit(0, host.out));
	ioasid_unregister_allocator(&ops);
}

static void several_hosts(struct kunit *test)
{
	struct fake_host host = { .first = 3000 }, host2 = { .first = 4000 };
	struct fake_iommu iommu = { .host = &host }, iommu2 = { .host = &host2 };
	struct ioasid_allocator_ops ops = door_to(&iommu), ops2 = door_to(&iommu2);

	ops2.alloc = other_alloc;
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops2), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 3000);
	ioasid_unregister_allocator(&ops);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 4000);
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	ioasid_free(NULL, 3000);
	ioasid_free(NULL, 4000);
	ioasid_flush();
	KUNIT_EXPECT_TRUE(test, bitmap_empty(host.out, HOST_IDS));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(host2.out, HOST_IDS));
	ioasid_unregister_allocator(&ops2);
	ioasid_unregister_allocator(&ops);
}

static void host_misbehaves(struct kunit *test)
{
	struct fake_host host = { .first = 3000 };
	struct fake_iommu iommu = { .host = &host };
	struct ioasid_allocator_ops ops = door_to(&iommu), bad = {};
	ioasid_t own = ioasid_alloc(NULL, 3000, 3000, NULL);

	KUNIT_EXPECT_EQ(test, own, 3000);
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);

	/* Outside the range: given back, and the allocation fails. */
	host.bad = 5001;
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), INVALID_IOASID);
	ioasid_test_expect(test, 0, 1);

	/* In use here since before the host was known: another one is found. */
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 1, 5000, NULL), 3001);
	KUNIT_EXPECT_FALSE(test, test_bit(0, host.out));
	ioasid_free(NULL, own);
	ioasid_free(NULL, 3001);
	ioasid_flush();
	ioasid_unregister_allocator(&ops);
}

static void too_many_hosts(struct kunit *test)
{
	static ioasid_alloc_fn_t fns[9];
	struct fake_host host = { .first = 3000 };
	struct fake_iommu iommu = { .host = &host };
	struct ioasid_allocator_ops ops[9];
	int i;

	for (i = 0; i < 9; i++) {
		ops[i] = door_to(&iommu);
		/* Never called: only their difference matters. */
		ops[i].alloc = (ioasid_alloc_fn_t)(void *)&fns[i];
		KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops[i]),
				i < 8 ? 0 : -ENOSPC);
	}
	for (i = 0; i < 8; i++)
		ioasid_unregister_allocator(&ops[i]);
}

/* Failure injection: the allocation with this number fails, counting from 1. */
static int fail_at, allocations;

static bool fails(void)
{
	return ++allocations == fail_at;
}

static void *zalloc_stub(size_t size)
{
	return fails() ? NULL : kzalloc(size, GFP_KERNEL);
}

static int xa_insert_stub(struct xarray *xa, unsigned long index,
			  ioasid_t value)
{
	if (fails())
		return -ENOMEM;
	return xa_insert(xa, index, xa_mk_value(value), GFP_KERNEL);
}

/* The first number of a leaf that does not exist yet, or 0. */
static ioasid_t unused_leaf(void)
{
	unsigned int nr = ioasid_get_capacity() / IOASID_LEAF_IDS;

	while (nr--)
		if (!ioasid_dir[nr])
			return nr * IOASID_LEAF_IDS;
	return 0;
}

/* Everything that allocates.  Returns true if all went well. */
static bool allocate_all(struct kunit *test, ioasid_t min)
{
	ioasid_t id, max = min + IOASID_LEAF_IDS - 1;
	struct ioasid_set *set;
	bool named = false;

	set = ioasid_set_alloc(test, 3, IOASID_SET_TYPE_DRIVER);
	if (IS_ERR(set)) {
		IOASID_EXPECT_ERR(test, set, -ENOMEM);
		return false;
	}
	id = ioasid_alloc(set, min, max, NULL);
	if (id != INVALID_IOASID) {
		int ret = ioasid_attach_private_id(set, id, 12345);

		named = !ret;
		if (ret)
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_EQ(test, xa_empty(&set->by_id), !named);
		KUNIT_EXPECT_EQ(test, xa_empty(&set->by_private), !named);
	}
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), id != INVALID_IOASID);
	ioasid_set_free(set);
	ioasid_flush();
	ioasid_test_expect(test, 0, 0);
	return named;
}

/* Returns how many allocations there were in the run in which none failed. */
static int fail_each(struct kunit *test, struct fake_host *host)
{
	bool done;

	kunit_activate_static_stub(test, ioasid_zalloc, zalloc_stub);
	kunit_activate_static_stub(test, ioasid_xa_insert, xa_insert_stub);
	fail_at = 0;
	do {
		ioasid_t min = unused_leaf();

		if (!min)
			kunit_skip(test, "all of the space has been used");
		if (host)
			host->first = min;
		fail_at++;
		allocations = 0;
		done = allocate_all(test, min);
		KUNIT_EXPECT_EQ(test, done, allocations < fail_at);
	} while (!done && fail_at < 20);
	kunit_deactivate_static_stub(test, ioasid_xa_insert);
	kunit_deactivate_static_stub(test, ioasid_zalloc);
	return allocations;
}

static void memory_runs_out(struct kunit *test)
{
	/* set, leaf, block, two trees */
	KUNIT_EXPECT_EQ(test, fail_each(test, NULL), 5);
}

static void memory_runs_out_behind_host(struct kunit *test)
{
	struct fake_host host = {};
	struct fake_iommu iommu = { .host = &host };
	struct ioasid_allocator_ops ops = door_to(&iommu);

	KUNIT_EXPECT_EQ(test, ioasid_register_allocator(&ops), 0);
	KUNIT_EXPECT_EQ(test, fail_each(test, &host), 5);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(host.out, HOST_IDS));
	ioasid_unregister_allocator(&ops);
}

static struct kunit_case ioasid_custom_cases[] = {
	KUNIT_CASE(host_gives_numbers),
	KUNIT_CASE(host_is_exhausted),
	KUNIT_CASE(one_of_several_goes),
	KUNIT_CASE(the_last_door_goes),
	KUNIT_CASE(several_hosts),
	KUNIT_CASE(host_misbehaves),
	KUNIT_CASE(too_many_hosts),
	KUNIT_CASE(memory_runs_out),
	KUNIT_CASE(memory_runs_out_behind_host),
	{}
};

static struct kunit_suite ioasid_custom_suite = {
	.name = "ioasid_custom",
	.init = ioasid_test_init,
	.exit = ioasid_test_exit,
	.test_cases = ioasid_custom_cases,
};

kunit_test_suite(ioasid_custom_suite);
