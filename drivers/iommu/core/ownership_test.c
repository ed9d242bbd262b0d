// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ownership and the shared attach of multi-device groups, on the mock IOMMU.
 */

#include "../iommu-priv.h"
#include "mock.h"

static int token_x, token_y;

struct pair {
	struct mock_dev *a;
	struct mock_dev *b;
	struct iommu_group *group;
	struct iommu_domain *def;
	struct iommu_domain *one;
	struct iommu_domain *two;
};

static void make_pair(struct kunit *test, struct pair *p)
{
	p->a = mock_dev_add(test, "a", 1);
	p->b = mock_dev_add(test, "b", 1);
	p->group = p->a->dev.iommu_group;
	p->def = iommu_group_default_domain(p->group);
	p->one = mock_paging(test, p->a);
	p->two = mock_paging(test, p->a);
}

static void expect_both(struct kunit *test, struct pair *p,
			struct iommu_domain *domain)
{
	EXPECT_IN(test, p->a, domain);
	EXPECT_IN(test, p->b, domain);
}

static void own_default(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	KUNIT_EXPECT_FALSE(test, iommu_group_dma_owner_claimed(p.group));
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&p.a->dev), 0);
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&p.b->dev), 0);
	KUNIT_EXPECT_TRUE(test, iommu_group_dma_owner_claimed(p.group));
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), -EPERM);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&p.a->dev, &token_x), -EPERM);
	iommu_device_unuse_default_domain(&p.a->dev);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), -EPERM);
	iommu_device_unuse_default_domain(&p.b->dev);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), 0);
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&p.a->dev), -EBUSY);
	iommu_group_release_dma_owner(p.group);
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&p.a->dev), 0);
	iommu_device_unuse_default_domain(&p.a->dev);
}

static void own_claim(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	mock_allow(p.a, p.def, NULL);
	mock_allow(p.b, p.def, NULL);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&p.a->dev, &token_x), 0);
	expect_both(test, &p, &mock_blocked);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&p.b->dev, &token_y), -EPERM);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), -EPERM);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&p.b->dev, &token_x), 0);
	iommu_device_release_dma_owner(&p.a->dev);
	expect_both(test, &p, &mock_blocked);
	iommu_device_release_dma_owner(&p.b->dev);
	expect_both(test, &p, p.def);
	KUNIT_EXPECT_FALSE(test, iommu_group_dma_owner_claimed(p.group));
}

/* A claim that a member cannot follow changes nothing. */
static void own_claim_failure(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	mock_allow(p.a, p.def, NULL);
	mock_allow(p.b, p.def, NULL);
	mock_fail(p.b, 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), -EIO);
	expect_both(test, &p, p.def);
	KUNIT_EXPECT_FALSE(test, iommu_group_dma_owner_claimed(p.group));
	KUNIT_EXPECT_NULL(test, p.group->owner);

	/* Firmware's ranges forbid it before any member is touched. */
	p.b->dev.iommu->require_direct = 1;
	p.a->nr_history = 0;
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), -EINVAL);
	KUNIT_EXPECT_EQ(test, p.a->nr_history, 0);
	expect_both(test, &p, p.def);
	p.b->dev.iommu->require_direct = 0;
}

static void own_claim_attached(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	KUNIT_ASSERT_EQ(test, iommu_attach_group(p.one, p.group), 0);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&p.a->dev, &token_x), -EBUSY);
	iommu_detach_group(p.one, p.group);
}

/* VFIO's order: claim, attach, replace, detach to blocking, release. */
static void own_attach(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	KUNIT_ASSERT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), 0);
	mock_allow(p.a, p.one, NULL);
	mock_allow(p.b, p.one, NULL);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(p.one, p.group), 0);
	expect_both(test, &p, p.one);
	mock_fail(p.b, 1, 1, -EIO);
	mock_allow(p.a, p.one, p.two);
	mock_allow(p.b, p.one, p.two);
	KUNIT_EXPECT_EQ(test, iommu_group_replace_domain(p.group, p.two), -EIO);
	expect_both(test, &p, p.one);
	iommu_detach_group(p.one, p.group);
	expect_both(test, &p, &mock_blocked);
	mock_allow(p.a, p.def, NULL);
	mock_allow(p.b, p.def, NULL);
	iommu_group_release_dma_owner(p.group);
	expect_both(test, &p, p.def);
}

/* A driver without a blocked domain gets an empty one. */
static void own_no_blocked(struct kunit *test)
{
	struct iommu_domain *empty;
	struct pair p;

	make_pair(test, &p);
	mock_lacks_blocked();
	KUNIT_ASSERT_EQ(test, iommu_group_claim_dma_owner(p.group, &token_x), 0);
	empty = p.group->blocking_domain;
	KUNIT_ASSERT_NOT_NULL(test, empty);
	KUNIT_EXPECT_EQ(test, empty->type, IOMMU_DOMAIN_UNMANAGED);
	expect_both(test, &p, empty);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(p.one, p.group), 0);
	iommu_detach_group(p.one, p.group);
	expect_both(test, &p, empty);
	iommu_group_release_dma_owner(p.group);
	expect_both(test, &p, p.def);
}

/* Drivers that share a group act together, or not at all. */
static void own_shared_attach(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.a->dev), -EINVAL);
	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&p.a->dev, &token_x), 0);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.b->dev), -EINVAL);
	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&p.b->dev, &token_x), 0);
	expect_both(test, &p, &mock_blocked);

	mock_allow(p.a, p.one, NULL);
	mock_allow(p.b, p.one, NULL);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.a->dev), 0);
	expect_both(test, &p, p.one);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.two, &p.b->dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.b->dev), 0);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.b->dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, p.a->nr_history, 1);

	iommu_detach_device(p.one, &p.a->dev);
	expect_both(test, &p, p.one);
	iommu_detach_device(p.one, &p.b->dev);
	expect_both(test, &p, &mock_blocked);
	mock_allow(p.a, NULL, NULL);
	mock_allow(p.b, NULL, NULL);
	iommu_device_release_dma_owner(&p.b->dev);
	expect_both(test, &p, &mock_blocked);
	iommu_device_release_dma_owner(&p.a->dev);
	expect_both(test, &p, p.def);
}

static void own_shared_failure(struct kunit *test)
{
	struct pair p;

	make_pair(test, &p);
	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&p.a->dev, &token_x), 0);
	mock_allow(p.a, p.one, NULL);
	mock_allow(p.b, p.one, NULL);
	mock_fail(p.b, 1, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.a->dev), -ENOMEM);
	expect_both(test, &p, &mock_blocked);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.a->dev), 0);
	expect_both(test, &p, p.one);

	/* Releasing with the domain attached takes it away. */
	mock_allow(p.a, p.def, NULL);
	mock_allow(p.b, p.def, NULL);
	iommu_device_release_dma_owner(&p.a->dev);
	expect_both(test, &p, p.def);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(p.one, &p.a->dev), -EINVAL);
}

static void own_errors(struct kunit *test)
{
	struct device *bare = kzalloc(sizeof(*bare), GFP_KERNEL);
	struct iommu_group *empty = iommu_group_alloc();

	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_ASSERT_FALSE(test, IS_ERR(empty));
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(bare), 0);
	iommu_device_unuse_default_domain(bare);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(bare, &token_x), -ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(empty, &token_x), -ENODEV);
	iommu_group_put(empty);
	kfree(bare);
}

static struct kunit_case ownership_cases[] = {
	KUNIT_CASE(own_default),
	KUNIT_CASE(own_claim),
	KUNIT_CASE(own_claim_failure),
	KUNIT_CASE(own_claim_attached),
	KUNIT_CASE(own_attach),
	KUNIT_CASE(own_no_blocked),
	KUNIT_CASE(own_shared_attach),
	KUNIT_CASE(own_shared_failure),
	KUNIT_CASE(own_errors),
	{}
};

static struct kunit_suite ownership_suite = {
	.name = "iommu-ownership",
	.init = mock_test_init,
	.test_cases = ownership_cases,
};

kunit_test_suite(ownership_suite);
