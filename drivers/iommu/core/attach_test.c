// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transitions and PASID attachments, on the mock IOMMU.
 *
 * The mock reports every step of a device into a domain that is neither the old
 * nor the new one, nor blocked.
 */

#include <linux/ioasid.h>

#include "../iommu-priv.h"
#include "mock.h"

static const char *const names[] = { "a", "b", "c" };

#define NR 3

/* A group of three, which one token claims as a whole. */
struct trio {
	struct mock_dev *md[NR];
	struct iommu_group *group;
	struct iommu_domain *def;
	struct iommu_domain *one;
	struct iommu_domain *two;
};

static void make_trio(struct kunit *test, struct trio *t)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		t->md[i] = mock_dev_add(test, names[i], 1);
	t->group = t->md[0]->dev.iommu_group;
	t->def = iommu_group_default_domain(t->group);
	t->one = mock_paging(test, t->md[0]);
	t->two = mock_paging(test, t->md[0]);
}

static void allow(struct trio *t, struct iommu_domain *from,
		  struct iommu_domain *to)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		mock_allow(t->md[i], from, to);
}

static void expect_all(struct kunit *test, struct trio *t,
		       struct iommu_domain *domain)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		EXPECT_IN(test, t->md[i], domain);
}

static void attach_group(struct kunit *test)
{
	struct trio t;

	make_trio(test, &t);
	allow(&t, t.def, t.one);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), 0);
	expect_all(test, &t, t.one);
	KUNIT_EXPECT_EQ(test, t.md[0]->nr_history, 1);

	/* Not over another domain, nor the same one twice. */
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.two, t.group), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), -EBUSY);
	expect_all(test, &t, t.one);
	iommu_detach_group(t.one, t.group);
	expect_all(test, &t, t.def);
	KUNIT_EXPECT_EQ(test, t.md[0]->nr_history, 2);
}

static void attach_replace(struct kunit *test)
{
	struct trio t;

	make_trio(test, &t);
	KUNIT_EXPECT_EQ(test, iommu_group_replace_domain(t.group, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), 0);
	allow(&t, t.one, t.two);
	KUNIT_EXPECT_EQ(test, iommu_group_replace_domain(t.group, t.two), 0);
	expect_all(test, &t, t.two);
	KUNIT_EXPECT_EQ(test, t.md[2]->nr_history, 1);
	KUNIT_EXPECT_EQ(test, iommu_group_replace_domain(t.group, t.two), 0);
	KUNIT_EXPECT_EQ(test, t.md[2]->nr_history, 1);
	allow(&t, t.two, t.def);
	iommu_detach_group(t.two, t.group);
	expect_all(test, &t, t.def);
}

/* Whichever member fails, all are back in the old domain. */
static void attach_failure(struct kunit *test)
{
	unsigned int i, j;
	struct trio t;

	make_trio(test, &t);
	for (i = 0; i < NR; i++) {
		allow(&t, t.def, t.one);
		mock_fail(t.md[i], 1, 1, -ENOSPC);
		KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), -ENOSPC);
		expect_all(test, &t, t.def);
		for (j = 0; j < NR; j++)
			KUNIT_EXPECT_EQ(test, t.md[j]->nr_history, j <= i ? 2 : 0);
	}
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), 0);
	for (i = 0; i < NR; i++) {
		allow(&t, t.one, t.two);
		mock_fail(t.md[i], 1, 1, -EINVAL);
		KUNIT_EXPECT_EQ(test, iommu_group_replace_domain(t.group, t.two), -EINVAL);
		expect_all(test, &t, t.one);
	}
	allow(&t, t.one, t.def);
	iommu_detach_group(t.one, t.group);
}

/* A member that cannot return either is blocked; the others return. */
static void attach_failure_twice(struct kunit *test)
{
	struct trio t;

	make_trio(test, &t);
	allow(&t, t.def, t.one);
	mock_fail(t.md[1], 1, 2, -EIO);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), -EIO);
	EXPECT_IN(test, t.md[0], t.def);
	KUNIT_EXPECT_PTR_EQ(test, t.md[1]->cur, &mock_blocked);
	EXPECT_IN(test, t.md[2], t.def);

	/* It is not lost for ever. */
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.one, t.group), 0);
	expect_all(test, &t, t.one);

	/* Detaching does not fail, whatever the drivers say. */
	mock_fail(t.md[1], 1, 1, -EIO);
	iommu_detach_group(t.one, t.group);
	EXPECT_IN(test, t.md[0], t.def);
	KUNIT_EXPECT_PTR_EQ(test, t.md[1]->cur, &mock_blocked);
	EXPECT_IN(test, t.md[2], t.def);
}

static void attach_device(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct iommu_domain *def = iommu_get_domain_for_dev(&a->dev);

	mock_allow(a, def, one);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(one, &a->dev), 0);
	EXPECT_IN(test, a, one);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(one, &a->dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(two, &a->dev), -EBUSY);
	iommu_detach_device(one, &a->dev);
	EXPECT_IN(test, a, def);
}

static void attach_foreign(struct kunit *test)
{
	static const struct iommu_ops other_ops;
	struct mock_dev *a = mock_dev_add(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a);
	struct iommu_domain foreign = { .type = IOMMU_DOMAIN_UNMANAGED,
					.ops = one->ops, .owner = &other_ops };
	unsigned int steps = a->nr_history;
	struct device *bare = kzalloc(sizeof(*bare), GFP_KERNEL);

	KUNIT_EXPECT_EQ(test, iommu_attach_device(&foreign, &a->dev), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(&foreign, a->dev.iommu_group), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(&foreign, &a->dev, 1, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, a->nr_history, steps);
	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(one, bare), -ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(one, bare, 1, NULL), -ENODEV);
	KUNIT_EXPECT_NULL(test, iommu_get_domain_for_dev(bare));
	kfree(bare);
}

static void attach_deferred(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 0);
	struct iommu_domain *def, *one;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->deferred = true;
	KUNIT_ASSERT_EQ(test, mock_dev_plug(a), 0);
	def = iommu_get_domain_for_dev(&a->dev);
	KUNIT_ASSERT_NOT_NULL(test, def);
	KUNIT_EXPECT_EQ(test, a->nr_history, 0);

	/* Another domain comes at once; a failed attach leaves it deferred. */
	one = iommu_paging_domain_alloc(&a->dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	mock_fail(a, 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(one, &a->dev), -EIO);
	KUNIT_EXPECT_NULL(test, a->cur);
	KUNIT_EXPECT_TRUE(test, a->dev.iommu->attach_deferred);

	/* The first use of the DMA API attaches. */
	KUNIT_EXPECT_EQ(test, iommu_deferred_attach(&a->dev, def), 0);
	EXPECT_IN(test, a, def);
	KUNIT_EXPECT_EQ(test, iommu_deferred_attach(&a->dev, def), 0);
	KUNIT_EXPECT_EQ(test, a->nr_history, 2);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(one, &a->dev), 0);
	EXPECT_IN(test, a, one);
	iommu_detach_device(one, &a->dev);
	EXPECT_IN(test, a, def);
	iommu_domain_free(one);
	mock_dev_free(a);
}

static void attach_handles(struct kunit *test)
{
	struct iommu_attach_handle h1 = {}, h2 = {};
	struct trio t;

	make_trio(test, &t);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_attach_handle_get(t.group, 0, 0)), -ENOENT);
	mock_fail(t.md[2], 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, iommu_attach_group_handle(t.one, t.group, &h1), -EIO);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_attach_handle_get(t.group, 0, 0)), -ENOENT);

	KUNIT_EXPECT_EQ(test, iommu_attach_group_handle(t.one, t.group, &h1), 0);
	KUNIT_EXPECT_PTR_EQ(test, iommu_attach_handle_get(t.group, 0, 0), &h1);
	KUNIT_EXPECT_PTR_EQ(test, h1.domain, t.one);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_attach_handle_get(t.group, 0, IOMMU_DOMAIN_SVA)),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_attach_group_handle(t.two, t.group, &h2), -EBUSY);

	mock_fail(t.md[1], 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, iommu_replace_group_handle(t.group, t.two, &h2), -EIO);
	KUNIT_EXPECT_PTR_EQ(test, iommu_attach_handle_get(t.group, 0, 0), &h1);
	KUNIT_EXPECT_EQ(test, iommu_replace_group_handle(t.group, NULL, &h2), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_replace_group_handle(t.group, t.two, &h2), 0);
	KUNIT_EXPECT_PTR_EQ(test, iommu_attach_handle_get(t.group, 0, 0), &h2);
	KUNIT_EXPECT_PTR_EQ(test, h2.domain, t.two);
	KUNIT_EXPECT_EQ(test, iommu_replace_group_handle(t.group, t.one, NULL), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_attach_handle_get(t.group, 0, 0)), -ENOENT);
	iommu_detach_group_handle(t.one, t.group);
	expect_all(test, &t, t.def);
}

static void pasid_attach(struct kunit *test)
{
	struct iommu_attach_handle h = {};
	struct trio t;
	unsigned int i;

	make_trio(test, &t);
	/* The last member cannot send any, and does not matter. */
	t.md[2]->dev.iommu->max_pasids = 0;
	t.md[1]->dev.iommu->max_pasids = 8;
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 0, &h), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 8, &h), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(&mock_blocked, &t.md[0]->dev, 1, &h),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 7, &h), 0);
	KUNIT_EXPECT_PTR_EQ(test, iommu_attach_handle_get(t.group, 7, 0), &h);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_attach_handle_get(t.group, 6, 0)), -ENOENT);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.two, &t.md[1]->dev, 7, NULL), -EBUSY);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_PTR_EQ(test, t.md[i]->pasids[7], i < 2 ? t.one : NULL);
	expect_all(test, &t, t.def);

	/* One domain on two PASIDs, one of them without a handle. */
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 3, NULL), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_attach_handle_get(t.group, 3, 0)), -ENOENT);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 3, &h), -EBUSY);
	iommu_detach_device_pasid(t.one, &t.md[0]->dev, 3);
	iommu_detach_device_pasid(t.one, &t.md[0]->dev, 7);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_NULL(test, t.md[i]->pasids[7]);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t.group->attachments));
}

/* Whichever member fails, none keeps the PASID. */
static void pasid_failure(struct kunit *test)
{
	unsigned int i, j;
	struct trio t;

	make_trio(test, &t);
	for (i = 0; i < NR; i++) {
		t.md[i]->fail_pasid = 1;
		KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 5, NULL),
				-ENOSPC);
		for (j = 0; j < NR; j++)
			KUNIT_EXPECT_NULL(test, t.md[j]->pasids[5]);
		KUNIT_EXPECT_TRUE(test, xa_empty(&t.group->attachments));
	}
}

/* While a PASID is attached, the primary domain is not taken away. */
static void pasid_pins_primary(struct kunit *test)
{
	struct trio t;
	int owner;

	make_trio(test, &t);
	KUNIT_ASSERT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, 5, NULL), 0);
	allow(&t, t.def, NULL);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(t.two, t.group), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(t.group, &owner), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&t.md[0]->dev, &owner), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_group_store_type(t.group, "identity", 8), -EBUSY);
	expect_all(test, &t, t.def);
	iommu_detach_device_pasid(t.one, &t.md[0]->dev, 5);
	allow(&t, NULL, NULL);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(t.group, &owner), 0);
	iommu_group_release_dma_owner(t.group);
}

/* A number that was freed too early is not given to others while it is attached. */
static void pasid_is_drained(struct kunit *test)
{
	struct trio t;
	ioasid_t pasid;

	make_trio(test, &t);
	pasid = iommu_alloc_global_pasid(&t.md[0]->dev);
	KUNIT_ASSERT_LT(test, pasid, MOCK_MAX_PASIDS);
	KUNIT_ASSERT_EQ(test, iommu_attach_device_pasid(t.one, &t.md[0]->dev, pasid, NULL), 0);
	iommu_free_global_pasid(pasid);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, pasid, pasid, NULL), INVALID_IOASID);
	iommu_detach_device_pasid(t.one, &t.md[0]->dev, pasid);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, pasid, pasid, NULL), pasid);
	iommu_free_global_pasid(pasid);
}

/* Each allocation fails once. */
static void attach_no_memory(struct kunit *test)
{
	unsigned int nth, failures = 0;
	bool failed = true;
	struct trio t;
	int owner, ret;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "needs FAILSLAB and FAULT_INJECTION_DEBUG_FS");

	make_trio(test, &t);
	for (nth = 1; failed; nth++) {
		mock_fail_alloc(nth);
		ret = iommu_attach_device_pasid(t.one, &t.md[0]->dev, 5, NULL);
		failed = mock_fail_alloc_end();
		failures += !!ret;
		/* The array tries twice: not each failure is final. */
		KUNIT_EXPECT_TRUE(test, !ret || (failed && ret == -ENOMEM));
		if (ret)
			KUNIT_EXPECT_NULL(test, t.md[0]->pasids[5]);
		else
			iommu_detach_device_pasid(t.one, &t.md[0]->dev, 5);
		KUNIT_EXPECT_TRUE(test, xa_empty(&t.group->attachments));
	}
	KUNIT_EXPECT_GT(test, failures, 0);

	/* A claim allocates where a driver has no static blocked domain. */
	mock_lacks_blocked();
	failures = 0;
	failed = true;
	for (nth = 1; failed; nth++) {
		mock_fail_alloc(nth);
		ret = iommu_group_claim_dma_owner(t.group, &owner);
		failed = mock_fail_alloc_end();
		failures += !!ret;
		/* Debugging allocates as well, and can do without. */
		KUNIT_EXPECT_TRUE(test, !ret || (failed && ret == -ENOMEM));
		expect_all(test, &t, ret ? t.def : t.group->blocking_domain);
		KUNIT_EXPECT_EQ(test, iommu_group_dma_owner_claimed(t.group), !ret);
		if (!ret)
			iommu_group_release_dma_owner(t.group);
	}
	KUNIT_EXPECT_GT(test, failures, 0);
	expect_all(test, &t, t.def);
}

static struct kunit_case attach_cases[] = {
	KUNIT_CASE(attach_group),
	KUNIT_CASE(attach_replace),
	KUNIT_CASE(attach_failure),
	KUNIT_CASE(attach_failure_twice),
	KUNIT_CASE(attach_device),
	KUNIT_CASE(attach_foreign),
	KUNIT_CASE(attach_deferred),
	KUNIT_CASE(attach_handles),
	KUNIT_CASE(pasid_attach),
	KUNIT_CASE(pasid_failure),
	KUNIT_CASE(pasid_pins_primary),
	KUNIT_CASE(pasid_is_drained),
	KUNIT_CASE(attach_no_memory),
	{}
};

static struct kunit_suite attach_suite = {
	.name = "iommu-attach",
	.init = mock_test_init,
	.test_cases = attach_cases,
};

kunit_test_suite(attach_suite);
