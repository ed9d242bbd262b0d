// SPDX-License-Identifier: GPL-2.0-only
/*
 * Default domains and their run-time change, on the mock IOMMU.
 */

#include <linux/string.h>

#include "../dma-iommu.h"
#include "../iommu-priv.h"
#include "mock.h"

static ssize_t store(struct mock_dev *md, const char *word)
{
	return iommu_group_store_type(md->dev.iommu_group, word, strlen(word));
}

static unsigned int type_of(struct mock_dev *md)
{
	return iommu_group_default_domain(md->dev.iommu_group)->type;
}

static struct mock_dev *add_typed(struct kunit *test, const char *name,
				  unsigned int key, int type)
{
	struct mock_dev *md = mock_dev_new(name, key);

	KUNIT_ASSERT_NOT_NULL(test, md);
	md->want_type = type;
	KUNIT_ASSERT_EQ(test, mock_dev_plug(md), 0);
	KUNIT_ASSERT_NOT_NULL(test, md->dev.iommu_group);
	return md;
}

static void default_driver(struct kunit *test)
{
	struct mock_dev *a = add_typed(test, "a", 0, IOMMU_DOMAIN_IDENTITY);
	struct mock_dev *b = add_typed(test, "b", 0, IOMMU_DOMAIN_DMA);

	EXPECT_IN(test, a, &mock_identity);
	KUNIT_EXPECT_EQ(test, type_of(b), IOMMU_DOMAIN_DMA);
	KUNIT_EXPECT_FALSE(test, a->dev.dma_iommu);
	KUNIT_EXPECT_TRUE(test, b->dev.dma_iommu);
	/* What the driver must have cannot be changed. */
	KUNIT_EXPECT_EQ(test, store(a, "DMA"), -EINVAL);
	EXPECT_IN(test, a, &mock_identity);
	KUNIT_EXPECT_EQ(test, store(a, "identity"), 8);
	KUNIT_EXPECT_EQ(test, store(a, "auto"), 4);
	EXPECT_IN(test, a, &mock_identity);
	mock_dev_free(a);
	mock_dev_free(b);
}

/* Drivers that contradict themselves get pass-through, for all members. */
static void default_conflict(struct kunit *test)
{
	struct mock_dev *a = add_typed(test, "a", 1, IOMMU_DOMAIN_DMA);
	struct mock_dev *b = add_typed(test, "b", 1, IOMMU_DOMAIN_IDENTITY);

	/* A hot-added member takes the group as it is. */
	KUNIT_EXPECT_EQ(test, type_of(b), IOMMU_DOMAIN_DMA);
	KUNIT_EXPECT_PTR_EQ(test, a->cur, b->cur);
	KUNIT_EXPECT_EQ(test, store(a, "auto"), 4);
	EXPECT_IN(test, a, &mock_identity);
	EXPECT_IN(test, b, &mock_identity);
	mock_dev_free(a);
	mock_dev_free(b);
}

static void default_change(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct mock_dev *b = mock_dev_add(test, "b", 1);
	struct iommu_domain *dma, *before = a->cur;

	mock_allow(a, before, &mock_identity);
	KUNIT_EXPECT_EQ(test, store(a, "identity\n"), 9);
	EXPECT_IN(test, a, &mock_identity);
	EXPECT_IN(test, b, &mock_identity);
	KUNIT_EXPECT_FALSE(test, b->dev.dma_iommu);

	mock_allow(a, NULL, NULL);
	KUNIT_EXPECT_EQ(test, store(a, "DMA"), 3);
	KUNIT_EXPECT_EQ(test, type_of(a), IOMMU_DOMAIN_DMA);
	KUNIT_EXPECT_EQ(test, mock.domains, 1);
	KUNIT_EXPECT_TRUE(test, b->dev.dma_iommu);
	dma = a->cur;
	EXPECT_IN(test, b, dma);

	/* The same domain only changes its policy, even with drivers bound. */
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&b->dev), 0);
	KUNIT_EXPECT_EQ(test, store(a, "DMA-FQ"), 6);
	KUNIT_EXPECT_EQ(test, type_of(a), IOMMU_DOMAIN_DMA_FQ);
	EXPECT_IN(test, a, dma);
	KUNIT_EXPECT_EQ(test, store(a, "DMA"), -EPERM);
	KUNIT_EXPECT_EQ(test, store(a, "identity"), -EPERM);
	KUNIT_EXPECT_EQ(test, store(a, "auto"), -EPERM);
	iommu_device_unuse_default_domain(&b->dev);

	KUNIT_EXPECT_EQ(test, store(a, "DMA"), 3);
	KUNIT_EXPECT_EQ(test, type_of(a), IOMMU_DOMAIN_DMA);
	KUNIT_EXPECT_PTR_NE(test, a->cur, NULL);
	KUNIT_EXPECT_EQ(test, mock.domains, 1);
}

static void default_words(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct iommu_domain *before = a->cur;
	struct iommu_group *empty = iommu_group_alloc();
	int owner;

	KUNIT_ASSERT_FALSE(test, IS_ERR(empty));
	KUNIT_EXPECT_EQ(test, store(a, ""), -EINVAL);
	KUNIT_EXPECT_EQ(test, store(a, "dma"), -EINVAL);
	KUNIT_EXPECT_EQ(test, store(a, "blocked"), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_group_store_type(empty, "DMA", 3), -EINVAL);
	KUNIT_ASSERT_EQ(test, iommu_group_claim_dma_owner(a->dev.iommu_group, &owner), 0);
	KUNIT_EXPECT_EQ(test, store(a, "identity"), -EPERM);
	iommu_group_release_dma_owner(a->dev.iommu_group);
	EXPECT_IN(test, a, before);
	iommu_group_put(empty);
}

/* Another domain that someone attached without a claim is not taken away. */
static void default_attached(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct iommu_domain *one = mock_paging(test, a);

	KUNIT_ASSERT_EQ(test, iommu_attach_group(one, a->dev.iommu_group), 0);
	KUNIT_EXPECT_EQ(test, store(a, "identity"), -EBUSY);
	EXPECT_IN(test, a, one);
	iommu_detach_group(one, a->dev.iommu_group);
}

/* A change that a member cannot follow changes nothing. */
static void default_failure(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct mock_dev *b = mock_dev_add(test, "b", 1);
	struct iommu_domain *before;
	int domains;

	KUNIT_ASSERT_EQ(test, store(a, "identity"), 8);
	domains = mock.domains;
	before = a->cur;
	mock_fail(b, 1, 1, -ENOSPC);
	KUNIT_EXPECT_EQ(test, store(a, "DMA"), -ENOSPC);
	EXPECT_IN(test, a, before);
	EXPECT_IN(test, b, before);
	KUNIT_EXPECT_PTR_EQ(test, iommu_group_default_domain(a->dev.iommu_group), before);
	KUNIT_EXPECT_EQ(test, mock.domains, domains);
	KUNIT_EXPECT_EQ(test, store(a, "DMA"), 3);
}

/* Without an identity domain the driver cannot give one: nothing changes. */
static void default_unsupported(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct iommu_domain *before = a->cur;

	mock_lacks_identity();
	KUNIT_EXPECT_LT(test, store(a, "identity"), 0);
	EXPECT_IN(test, a, before);
}

/* Firmware's ranges are mapped before the device comes, and in a new domain. */
static void default_direct(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 1), *b;
	int owner;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->direct = true;
	a->want_type = IOMMU_DOMAIN_DMA;
	KUNIT_ASSERT_EQ(test, mock_dev_plug(a), 0);
	KUNIT_EXPECT_EQ(test, mock.mapped, SZ_8K);
	KUNIT_EXPECT_TRUE(test, a->dev.iommu->require_direct);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(a->dev.iommu_group, &owner), -EINVAL);

	b = mock_dev_new("b", 1);
	KUNIT_ASSERT_NOT_NULL(test, b);
	b->direct = true;
	mock.mapped = 0;
	KUNIT_EXPECT_EQ(test, mock_dev_plug(b), 0);
	KUNIT_EXPECT_EQ(test, mock.mapped, SZ_8K);
	mock_dev_free(a);
	mock_dev_free(b);
}

/* Firmware would fault: no device without its ranges. */
static void default_direct_far(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 1), *b;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->direct = true;
	a->far = true;
	KUNIT_EXPECT_EQ(test, mock_dev_plug(a), 0);
	KUNIT_EXPECT_NULL(test, a->dev.iommu_group);
	mock_dev_free(a);
	KUNIT_EXPECT_EQ(test, mock.devices, 0);
	KUNIT_EXPECT_EQ(test, mock.domains, 0);
	KUNIT_EXPECT_EQ(test, mock.groups, 0);

	/* The next is none the worse. */
	b = mock_dev_add(test, "b", 1);
	EXPECT_IN(test, b, iommu_group_default_domain(b->dev.iommu_group));
}

static void default_no_memory(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct mock_dev *b = mock_dev_add(test, "b", 1);
	unsigned int nth, failures = 0;
	bool failed = true;
	ssize_t ret;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "needs FAILSLAB and FAULT_INJECTION_DEBUG_FS");

	for (nth = 1; failed; nth++) {
		KUNIT_ASSERT_EQ(test, store(a, "identity"), 8);
		mock_fail_alloc(nth);
		ret = store(a, "DMA");
		failed = mock_fail_alloc_end();
		failures += failed;
		if (ret < 0) {
			KUNIT_EXPECT_TRUE(test, failed);
			EXPECT_IN(test, a, &mock_identity);
			EXPECT_IN(test, b, &mock_identity);
			KUNIT_EXPECT_EQ(test, mock.domains, 0);
		} else {
			KUNIT_EXPECT_EQ(test, mock.domains, 1);
		}
	}
	KUNIT_EXPECT_GT(test, failures, 1);
}

static struct kunit_case default_cases[] = {
	KUNIT_CASE(default_driver),
	KUNIT_CASE(default_conflict),
	KUNIT_CASE(default_change),
	KUNIT_CASE(default_words),
	KUNIT_CASE(default_attached),
	KUNIT_CASE(default_failure),
	KUNIT_CASE(default_unsupported),
	KUNIT_CASE(default_direct),
	KUNIT_CASE(default_direct_far),
	KUNIT_CASE(default_no_memory),
	{}
};

static struct kunit_suite default_suite = {
	.name = "iommu-default",
	.init = mock_test_init,
	.test_cases = default_cases,
};

kunit_test_suite(default_suite);
