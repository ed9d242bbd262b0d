// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching, replacing and blocking on model units: what is in the tables, what
 * was flushed, and that a failure leaves everything as it was.
 */
#include "../core/mock_alloc.h"
#include "model_test.h"

static struct intel_device *sm_device(struct kunit *test,
				      struct intel_iommu *iommu, u16 rid)
{
	struct intel_device *device = model_device(test, iommu, rid);

	KUNIT_ASSERT_EQ(test, pasid_table_alloc(&device->pasids, iommu, 1024), 0);
	return device;
}

static u64 top_of(struct dmar_domain *domain)
{
	return virt_to_phys(domain->pgt.top);
}

static void legacy(struct kunit *test)
{
	struct intel_iommu *iommu;
	struct intel_device *device;
	struct dmar_domain *a, *b;
	u64 *ctx;

	model_set_mode(test, false);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	device = model_device(test, iommu, 0x1234);
	a = model_domain(test, device);
	b = model_domain(test, device);
	KUNIT_EXPECT_FALSE(test, a->first_stage);

	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, a), 0);
	ctx = intel_context_find(iommu, 0x1234);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_EXPECT_EQ(test, ctx[0], top_of(a) | 1);
	KUNIT_EXPECT_EQ(test, ctx[1], 0x202ULL);
	EXPECT_COMMANDS(test, 0);

	/* In place: one batch, no gap. */
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, b), 0);
	KUNIT_EXPECT_EQ(test, ctx[0], top_of(b) | 1);
	KUNIT_EXPECT_EQ(test, ctx[1], 0x302ULL);
	EXPECT_COMMANDS(test, 1, QI_CC, QI_IOTLB);
	/* Again the same: nothing. */
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, b), 0);
	EXPECT_COMMANDS(test, 0);

	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, ctx[0], 0x9ULL);
	EXPECT_COMMANDS(test, 1, QI_CC, QI_IOTLB);
	intel_block(device, 0);
	KUNIT_EXPECT_EQ(test, ctx[0] | ctx[1], 0ULL);
	EXPECT_COMMANDS(test, 1, QI_CC, QI_IOTLB);
	intel_block(device, 0);
	EXPECT_COMMANDS(test, 0);

	model_domain_free(a);
	model_domain_free(b);
	intel_release_entries(device);
	model_unit_free(test, iommu);
}

/* A table that was freed before a fault is logged can lead anywhere. */
static void stray_table(struct kunit *test)
{
	struct intel_device *device;
	struct dmar_domain *domain;
	struct intel_iommu *iommu;

	model_set_mode(test, false);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	device = model_device(test, iommu, 0x1234);
	domain = model_domain(test, device);
	KUNIT_ASSERT_EQ(test, intel_attach(device, 0, domain), 0);
	/* Present, and where no memory is. */
	domain->pgt.top[0] = BIT_ULL(45) | 3;
	intel_iommu_dump_entries(iommu, 0x1234, 0, IOMMU_PASID_INVALID);
	domain->pgt.top[0] = 0;
	intel_block(device, 0);

	model_domain_free(domain);
	intel_release_entries(device);
	model_unit_free(test, iommu);
}

/* Two devices behind a bridge that gives both the same second source ID. */
static void aliases(struct kunit *test)
{
	struct intel_device *a, *b;
	struct dmar_domain *domain;
	struct intel_iommu *iommu;
	u64 *alias;

	model_set_mode(test, false);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	a = model_device(test, iommu, 0x108);
	b = model_device(test, iommu, 0x110);
	a->rids[a->nr_rids++] = 0x100;
	b->rids[b->nr_rids++] = 0x100;
	KUNIT_ASSERT_EQ(test, iommu_add_device(iommu, a->rid, a->dev), 0);
	KUNIT_ASSERT_EQ(test, iommu_add_device(iommu, b->rid, b->dev), 0);
	domain = model_domain(test, a);

	KUNIT_EXPECT_EQ(test, intel_attach(a, 0, domain), 0);
	KUNIT_EXPECT_EQ(test, intel_attach(b, 0, domain), 0);
	alias = intel_context_find(iommu, 0x100);
	KUNIT_ASSERT_NOT_NULL(test, alias);
	intel_block(a, 0);
	KUNIT_EXPECT_EQ(test, intel_context_find(iommu, 0x108)[0], 0ULL);
	KUNIT_EXPECT_EQ(test, alias[0], top_of(domain) | 1);
	intel_block(b, 0);
	KUNIT_EXPECT_EQ(test, alias[0], 0ULL);

	model_domain_free(domain);
	model_unit_free(test, iommu);
}

static void scalable_second_stage(struct kunit *test)
{
	struct intel_device *device;
	struct dmar_domain *a, *b;
	struct intel_iommu *iommu;
	struct pasid_entry *e;
	u64 *ctx;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_SM);
	device = sm_device(test, iommu, 0x1284);
	a = model_domain(test, device);
	b = model_domain(test, device);

	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, a), 0);
	EXPECT_COMMANDS(test, 0);
	ctx = intel_context_find(iommu, 0x1284);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_EXPECT_EQ(test, ctx[0], virt_to_phys(device->pasids.dir) | 1);
	e = pasid_table_find(&device->pasids, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->qw[0], top_of(a) | 0x89);
	KUNIT_EXPECT_EQ(test, e->qw[1], 0x800002ULL);

	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, b), 0);
	KUNIT_EXPECT_EQ(test, e->qw[0], top_of(b) | 0x89);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_IOTLB);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 7, a), 0);
	KUNIT_EXPECT_EQ(test, e[7].qw[0], top_of(a) | 0x89);
	EXPECT_COMMANDS(test, 0);

	mutex_lock(&a->lock);
	a->dirty_tracking = true;
	intel_reattach(a);
	mutex_unlock(&a->lock);
	KUNIT_EXPECT_EQ(test, e[7].qw[0], top_of(a) | 0x289);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_IOTLB);

	KUNIT_EXPECT_EQ(test, intel_attach(device, 5000000, a), -ERANGE);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, e->qw[0], 0x109ULL);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_IOTLB);
	intel_block(device, 7);
	intel_block(device, 0);
	KUNIT_EXPECT_EQ(test, e->qw[0] | e[7].qw[0], 0ULL);
	EXPECT_COMMANDS(test, 2, QI_PC, QI_IOTLB, QI_CC, QI_PC, QI_P_IOTLB);

	model_domain_free(a);
	model_domain_free(b);
	intel_release_entries(device);
	KUNIT_EXPECT_EQ(test, ctx[0], 0ULL);
	EXPECT_COMMANDS(test, 1, QI_CC);
	model_unit_free(test, iommu);
}

static void scalable_first_stage(struct kunit *test)
{
	struct intel_device *device;
	struct intel_iommu *iommu;
	struct dmar_domain *a;
	struct pasid_entry *e;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_FS);
	device = sm_device(test, iommu, 0x10);
	a = model_domain(test, device);
	KUNIT_EXPECT_TRUE(test, a->first_stage);
	KUNIT_EXPECT_EQ(test, a->domain.geometry.aperture_end, BIT_ULL(47) - 1);

	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, a), 0);
	e = pasid_table_find(&device->pasids, 0);
	KUNIT_EXPECT_EQ(test, e->qw[0], 0x49ULL);
	KUNIT_EXPECT_EQ(test, e->qw[2], top_of(a));
	model_reset(test->priv);
	KUNIT_EXPECT_TRUE(test,
			  a->domain.ops->enforce_cache_coherency(&a->domain));
	KUNIT_EXPECT_EQ(test, e->qw[1], 0x1800002ULL);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_P_IOTLB);

	intel_block(device, 0);
	model_domain_free(a);
	intel_release_entries(device);
	model_unit_free(test, iommu);
}

/* A domain that another unit cannot use; and no domain ID left. */
static void refusals(struct kunit *test)
{
	struct intel_device *device, *small;
	struct intel_iommu *iommu, *other;
	struct dmar_domain *a, *last;
	u64 *ctx;
	int did;

	if (!intel_iommu_superpage)
		kunit_skip(test, "needs large pages");
	model_set_mode(test, false);
	iommu = model_unit(test, 0, MODEL_CAP & ~7ULL, MODEL_ECAP);
	other = model_unit(test, 1, MODEL_CAP & ~(3ULL << 34), MODEL_ECAP);
	device = model_device(test, iommu, 0x10);
	small = model_device(test, other, 0x10);
	a = model_domain(test, device);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, a), 0);
	KUNIT_EXPECT_EQ(test, intel_attach(small, 0, a), -EINVAL);
	KUNIT_EXPECT_NULL(test, attachment_of(small, 0));

	/* Sixteen IDs, of which 0 and 1 are reserved. */
	for (did = 3; did < 16; did++)
		did_reserve(iommu, did);
	last = model_domain(test, device);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, last), -ENOSPC);
	ctx = intel_context_find(iommu, 0x10);
	KUNIT_EXPECT_EQ(test, ctx[0], top_of(a) | 1);
	EXPECT_COMMANDS(test, 0);
	/* One that comes back is enough. */
	intel_block(device, 0);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, last), 0);
	KUNIT_EXPECT_EQ(test, attachment_of(device, 0)->did, 2);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, a), -ENOSPC);
	for (did = 3; did < 16; did++)
		ida_free(&iommu->did_ida, did);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 0, a), 0);

	intel_block(device, 0);
	model_domain_free(a);
	model_domain_free(last);
	model_unit_free(test, iommu);
	model_unit_free(test, other);
}

/* Attach with the @nth allocation failing; @failed: there were that many. */
static int attach_short_of_memory(struct intel_device *device, u32 pasid,
				  struct dmar_domain *domain, int nth,
				  bool *failed)
{
	int ret;

	mock_fail_alloc(nth);
	ret = intel_attach(device, pasid, domain);
	*failed = mock_fail_alloc_end();
	return ret;
}

static void short_of_memory(struct kunit *test)
{
	struct intel_device *device;
	struct dmar_domain *a, *b;
	struct intel_iommu *iommu;
	struct pasid_entry old;
	unsigned int dids;
	bool failed = true;
	int nth, ret, failures = 0, noise = 0;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "failslab is not in debugfs");
	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_FS);
	device = sm_device(test, iommu, 0x10);
	a = model_domain(test, device);
	b = model_domain(test, device);
	KUNIT_ASSERT_EQ(test, intel_attach(device, 0, a), 0);
	old = *pasid_table_find(&device->pasids, 0);
	dids = iommu->nr_dids;
	model_reset(test->priv);

	for (nth = 1; failed; nth++) {
		ret = attach_short_of_memory(device, 0, b, nth, &failed);
		if (!ret && !failed)
			break;
		if (!ret) {
			/*
			 * Debugging allocates as well, now and then, and can
			 * do without: once more.
			 */
			KUNIT_ASSERT_EQ(test, intel_attach(device, 0, a), 0);
			old = *pasid_table_find(&device->pasids, 0);
			model_reset(test->priv);
			if (noise++ < 8)
				nth--;
			continue;
		}
		failures++;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_PTR_EQ(test, attachment_of(device, 0)->domain, a);
		KUNIT_EXPECT_MEMEQ(test, &old,
				   pasid_table_find(&device->pasids, 0),
				   sizeof(old));
		KUNIT_EXPECT_TRUE(test, list_empty(&b->attachments));
		KUNIT_EXPECT_EQ(test, iommu->nr_dids, dids);
		EXPECT_COMMANDS(test, 0);
	}
	/*
	 * Attachment and targets, which b keeps once it was attached; more where
	 * radix trees grow.
	 */
	KUNIT_EXPECT_GE(test, failures, noise ? 1 : 2);
	KUNIT_EXPECT_PTR_EQ(test, attachment_of(device, 0)->domain, b);
	/* Passing through takes no memory, but now and then for debugging. */
	failed = true;
	for (nth = 0; failed && nth < 8; nth++) {
		KUNIT_ASSERT_EQ(test, intel_attach(device, 0, b), 0);
		ret = attach_short_of_memory(device, 0, NULL, 1, &failed);
		KUNIT_EXPECT_EQ(test, ret, 0);
	}
	KUNIT_EXPECT_FALSE(test, failed);

	intel_block(device, 0);
	model_domain_free(a);
	model_domain_free(b);
	intel_release_entries(device);
	model_unit_free(test, iommu);
}

/* iommu_domain_alloc() knows of none. */
static void no_device(struct kunit *test)
{
	struct iommu_domain *domain = intel_domain_alloc_paging(NULL);

	if (IS_ERR(domain))
		KUNIT_EXPECT_EQ(test, PTR_ERR(domain), -ENODEV);
	else
		domain->ops->free(domain);
}

static struct kunit_case attach_cases[] = {
	KUNIT_CASE(legacy),
	KUNIT_CASE(stray_table),
	KUNIT_CASE(aliases),
	KUNIT_CASE(scalable_second_stage),
	KUNIT_CASE(scalable_first_stage),
	KUNIT_CASE(refusals),
	KUNIT_CASE(no_device),
	KUNIT_CASE(short_of_memory),
	{}
};

static struct kunit_suite attach_suite = {
	.name = "vtd_attach",
	.init = model_init,
	.exit = model_exit,
	.test_cases = attach_cases,
};

kunit_test_suite(attach_suite);
