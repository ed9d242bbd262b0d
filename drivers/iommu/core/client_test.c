// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is known about a client device: its fwspec, its features; and of
 * the making of domains for it.
 */

#include <kunit/test.h>
#include <linux/fwnode.h>
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "../iommu-priv.h"
#include "core.h"
#include "mock.h"

/*
 * fwspec
 */

static struct mock_dev *make_device(struct kunit *test)
{
	struct mock_dev *md = mock_dev_new("client", 0);

	KUNIT_ASSERT_NOT_NULL(test, md);
	return md;
}

static int add_ids(struct mock_dev *md, const u32 *ids, int count)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = iommu_fwspec_add_ids(&md->dev, ids, count);
	mutex_unlock(&iommu_probe_device_lock);
	return ret;
}

static void fwspec_ids(struct kunit *test)
{
	static const u32 ids[] = { 10, 11, 12, 13 };
	struct mock_dev *md = make_device(test);
	struct iommu_fwspec *spec;

	KUNIT_EXPECT_EQ(test, add_ids(md, ids, 1), -EINVAL);
	KUNIT_EXPECT_NULL(test, md->dev.iommu);
	KUNIT_ASSERT_EQ(test, mock_dev_describe(md), 0);
	KUNIT_EXPECT_EQ(test, mock_dev_describe(md), 0);

	KUNIT_EXPECT_EQ(test, add_ids(md, ids, 1), 0);
	KUNIT_EXPECT_EQ(test, add_ids(md, ids, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, add_ids(md, ids + 1, 3), 0);
	KUNIT_EXPECT_EQ(test, add_ids(md, ids, 0), 0);
	spec = dev_iommu_fwspec_get(&md->dev);
	KUNIT_ASSERT_EQ(test, spec->num_ids, 4);
	KUNIT_EXPECT_MEMEQ(test, spec->ids, ids, sizeof(ids));
	mock_dev_free(md);
}

static void fwspec_unknown_node(struct kunit *test)
{
	static const struct fwnode_operations no_ops = {};
	struct mock_dev *md = make_device(test);
	struct fwnode_handle node;

	fwnode_init(&node, &no_ops);
	mutex_lock(&iommu_probe_device_lock);
	KUNIT_EXPECT_EQ(test, iommu_fwspec_init(&md->dev, &node), -EPROBE_DEFER);
	mutex_unlock(&iommu_probe_device_lock);
	KUNIT_EXPECT_NULL(test, md->dev.iommu);
	mock_dev_free(md);
}

static void fwspec_again(struct kunit *test)
{
	struct mock_dev *md = make_device(test);
	u32 id = 5;

	KUNIT_ASSERT_EQ(test, mock_dev_describe(md), 0);
	KUNIT_EXPECT_EQ(test, add_ids(md, &id, 1), 0);
	mutex_lock(&iommu_probe_device_lock);
	iommu_fwspec_free(&md->dev);
	iommu_fwspec_free(&md->dev);
	mutex_unlock(&iommu_probe_device_lock);
	KUNIT_EXPECT_NULL(test, dev_iommu_fwspec_get(&md->dev));
	KUNIT_ASSERT_EQ(test, mock_dev_describe(md), 0);
	KUNIT_EXPECT_EQ(test, dev_iommu_fwspec_get(&md->dev)->num_ids, 0);
	mock_dev_free(md);
}

/* Debugging allocates as well, and can do without: not each failure is ours. */
static void fwspec_without_memory(struct kunit *test)
{
	static const u32 ids[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct mock_dev *md = make_device(test);
	unsigned int nth, failures = 0;
	bool failed = true;
	int ret;

	if (!mock_can_fail_allocs()) {
		mock_dev_free(md);
		kunit_skip(test, "needs CONFIG_FAILSLAB");
	}
	for (nth = 1; failed; nth++) {
		if (md->dev.iommu)
			dev_iommu_free(&md->dev);
		mock_fail_alloc(nth);
		ret = mock_dev_describe(md);
		failed = mock_fail_alloc_end();
		failures += !!ret;
		KUNIT_EXPECT_TRUE(test, !ret || (failed && ret == -ENOMEM));
		KUNIT_EXPECT_EQ(test, !ret, !!md->dev.iommu);
	}
	KUNIT_EXPECT_EQ(test, failures, 2);

	KUNIT_EXPECT_EQ(test, add_ids(md, ids, 1), 0);
	failures = 0;
	failed = true;
	for (nth = 1; failed; nth++) {
		mock_fail_alloc(nth);
		ret = add_ids(md, ids, 9);
		failed = mock_fail_alloc_end();
		if (!ret)
			break;
		failures++;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_EQ(test, dev_iommu_fwspec_get(&md->dev)->num_ids, 1);
		KUNIT_EXPECT_EQ(test, dev_iommu_fwspec_get(&md->dev)->ids[0], 1);
	}
	KUNIT_EXPECT_EQ(test, failures, 1);
	mock_dev_free(md);
}

/*
 * Features, with a driver like those of the hardware: SVA needs IOPF, nothing
 * may be switched on twice
 */

struct featured {
	struct device dev;
	struct dev_iommu client;
	struct iommu_device unit;
	struct iommu_ops ops;
	bool on[IOMMU_DEV_FEAT_NR];
	unsigned int calls;
	int error;
};

static int feature_on(struct device *dev, enum iommu_dev_features f)
{
	struct featured *fd = container_of(dev, struct featured, dev);

	fd->calls++;
	if (f == IOMMU_DEV_FEAT_AUX)
		return -EINVAL;
	if (fd->error || fd->on[f])
		return fd->error ?: -EBUSY;
	if (f == IOMMU_DEV_FEAT_SVA && !fd->on[IOMMU_DEV_FEAT_IOPF])
		return -EINVAL;
	fd->on[f] = true;
	return 0;
}

static int feature_off(struct device *dev, enum iommu_dev_features f)
{
	struct featured *fd = container_of(dev, struct featured, dev);

	fd->calls++;
	if (fd->error || !fd->on[f])
		return fd->error ?: -EINVAL;
	fd->on[f] = false;
	return 0;
}

static void feature_response(struct device *dev, struct iopf_fault *fault,
			     struct iommu_page_response *response)
{
}

static struct featured *make_featured(struct kunit *test)
{
	struct featured *fd = kunit_kzalloc(test, sizeof(*fd), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fd);
	fd->ops.dev_enable_feat = feature_on;
	fd->ops.dev_disable_feat = feature_off;
	fd->ops.page_response = feature_response;
	fd->client.max_pasids = 64;
	fd->unit.ops = &fd->ops;
	mutex_init(&fd->client.feature_lock);
	fd->client.iommu_dev = &fd->unit;
	fd->dev.iommu = &fd->client;
	return fd;
}

static void features_are_counted(struct kunit *test)
{
	struct featured *fd = make_featured(test);
	struct device *dev = &fd->dev;

	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
	KUNIT_EXPECT_EQ(test, fd->calls, 1);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
	KUNIT_EXPECT_TRUE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_IOPF));
	KUNIT_EXPECT_EQ(test, fd->calls, 1);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
	KUNIT_EXPECT_FALSE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_IOPF));
	KUNIT_EXPECT_EQ(test, fd->calls, 2);
}

static void features_in_use(struct kunit *test)
{
	struct featured *fd = make_featured(test);
	struct device *dev = &fd->dev;

	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA), 0);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF),
			-EBUSY);
	iommu_feature_bond(dev);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA),
			-EBUSY);
	KUNIT_EXPECT_TRUE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_SVA));
	iommu_feature_unbond(dev);

	fd->error = -EBUSY;
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA),
			-EBUSY);
	fd->error = 0;
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA), 0);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
}

static void features_errors(struct kunit *test)
{
	struct featured *fd = make_featured(test);
	struct device *dev = &fd->dev;

	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_AUX),
			-ENODEV);
	fd->error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF),
			-ENOMEM);
	KUNIT_EXPECT_FALSE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_IOPF));

	fd->ops.dev_enable_feat = NULL;
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF),
			-ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_NR),
			-ENODEV);
	fd->dev.iommu = NULL;
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA),
			-ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA),
			-ENODEV);
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
	KUNIT_EXPECT_FALSE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_SVA));
}

static void features_tried(struct kunit *test)
{
	struct featured *fd = make_featured(test);
	struct device *dev = &fd->dev;

	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_IOPF));
	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_AUX));
	KUNIT_EXPECT_FALSE(test, fd->on[IOMMU_DEV_FEAT_IOPF]);
	KUNIT_EXPECT_FALSE(test, fd->on[IOMMU_DEV_FEAT_SVA]);

	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF), 0);
	fd->calls = 0;
	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_IOPF));
	KUNIT_EXPECT_EQ(test, fd->calls, 0);
	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
	KUNIT_EXPECT_TRUE(test, fd->on[IOMMU_DEV_FEAT_IOPF]);
	fd->error = -ENODEV;
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
}

/* Some drivers agree to switch on what cannot work. */
static void features_agreed_to(struct kunit *test)
{
	struct featured *fd = make_featured(test);
	struct device *dev = &fd->dev;

	fd->ops.page_response = NULL;
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_IOPF));
	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
	fd->client.max_pasids = 0;
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_AUX));
}

/*
 * Domains
 */

static struct iommu_domain test_domain;
static const struct iommu_domain_ops test_domain_ops = {};

static struct iommu_domain *alloc_paging(struct device *dev)
{
	memset(&test_domain, 0, sizeof(test_domain));
	return &test_domain;
}

static struct iommu_domain *alloc_nothing(unsigned int type)
{
	return NULL;
}

static struct iommu_domain *alloc_by_type(unsigned int type)
{
	memset(&test_domain, 0, sizeof(test_domain));
	test_domain.pgsize_bitmap = SZ_64K;
	/* Drivers are not asked for deferred invalidation. */
	return type & __IOMMU_DOMAIN_DMA_FQ ? ERR_PTR(-EINVAL) : &test_domain;
}

static void domain_alloc(struct kunit *test)
{
	struct iommu_ops ops = {
		.default_domain_ops = &test_domain_ops,
		.pgsize_bitmap = SZ_4K,
	};
	struct iommu_domain *domain;

	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_UNMANAGED);
	KUNIT_EXPECT_PTR_EQ(test, domain, ERR_PTR(-EOPNOTSUPP));
	ops.domain_alloc = alloc_nothing;
	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_UNMANAGED);
	KUNIT_EXPECT_PTR_EQ(test, domain, ERR_PTR(-ENOMEM));

	ops.domain_alloc = alloc_by_type;
	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_BLOCKED);
	KUNIT_ASSERT_PTR_EQ(test, domain, &test_domain);
	KUNIT_EXPECT_EQ(test, domain->type, IOMMU_DOMAIN_BLOCKED);
	KUNIT_EXPECT_EQ(test, domain->pgsize_bitmap, SZ_64K);
	KUNIT_EXPECT_PTR_EQ(test, domain->owner, &ops);
	iommu_domain_free(domain);

	ops.domain_alloc_paging = alloc_paging;
	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_UNMANAGED);
	KUNIT_ASSERT_PTR_EQ(test, domain, &test_domain);
	KUNIT_EXPECT_EQ(test, domain->pgsize_bitmap, SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, domain->ops, &test_domain_ops);
	iommu_domain_free(domain);

	ops.identity_domain = &mock_identity;
	ops.blocked_domain = &mock_blocked;
	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_IDENTITY);
	KUNIT_EXPECT_PTR_EQ(test, domain, &mock_identity);
	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_BLOCKED);
	KUNIT_EXPECT_PTR_EQ(test, domain, &mock_blocked);
}

static void domain_dma_cookie(struct kunit *test)
{
	struct iommu_ops ops = {
		.domain_alloc = alloc_by_type,
		.default_domain_ops = &test_domain_ops,
	};
	struct iommu_domain *domain;

	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_DMA_FQ);
	if (!IS_ENABLED(CONFIG_IOMMU_DMA)) {
		KUNIT_EXPECT_PTR_EQ(test, domain, ERR_PTR(-ENODEV));
		return;
	}
	KUNIT_ASSERT_PTR_EQ(test, domain, &test_domain);
	KUNIT_EXPECT_EQ(test, domain->type, IOMMU_DOMAIN_DMA_FQ);
	KUNIT_EXPECT_NOT_NULL(test, domain->iova_cookie);
	iommu_domain_free(domain);

	if (!mock_can_fail_allocs())
		return;
	mock_fail_alloc(1);
	domain = iommu_domain_alloc_type(&ops, NULL, IOMMU_DOMAIN_DMA);
	KUNIT_EXPECT_TRUE(test, mock_fail_alloc_end());
	KUNIT_EXPECT_PTR_EQ(test, domain, ERR_PTR(-ENOMEM));
}

static int count_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags, void *token)
{
	*(unsigned long *)token = iova;
	return flags == IOMMU_FAULT_WRITE ? 0 : -EAGAIN;
}

static void domain_faults(struct kunit *test)
{
	struct mock_dev *md = mock_dev_add(test, "faulty", 0);
	struct iommu_domain *domain = mock_paging(test, md);
	unsigned long iova = 0;

	KUNIT_EXPECT_NE(test, report_iommu_fault(domain, &md->dev, 1, 0), 0);
	iommu_set_fault_handler(domain, count_fault, &iova);
	KUNIT_EXPECT_EQ(test, report_iommu_fault(domain, &md->dev, 0x123,
						 IOMMU_FAULT_WRITE), 0);
	KUNIT_EXPECT_EQ(test, iova, 0x123);
	KUNIT_EXPECT_EQ(test, report_iommu_fault(domain, &md->dev, 0x456,
						 IOMMU_FAULT_READ), -EAGAIN);
	KUNIT_EXPECT_EQ(test, iommu_enable_nesting(domain), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_set_pgtable_quirks(domain, 0), -EINVAL);
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(fwspec_ids),
	KUNIT_CASE(fwspec_unknown_node),
	KUNIT_CASE(fwspec_again),
	KUNIT_CASE(fwspec_without_memory),
	KUNIT_CASE(features_are_counted),
	KUNIT_CASE(features_in_use),
	KUNIT_CASE(features_errors),
	KUNIT_CASE(features_tried),
	KUNIT_CASE(features_agreed_to),
	KUNIT_CASE(domain_alloc),
	KUNIT_CASE(domain_dma_cookie),
	KUNIT_CASE(domain_faults),
	{}
};

static struct kunit_suite client_suite = {
	.name = "iommu-client",
	.init = mock_test_init,
	.test_cases = client_cases,
};

kunit_test_suite(client_suite);
