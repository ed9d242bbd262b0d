// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking over the tables of a kernel that crashed: one model unit plays the old
 * kernel, another one the new.
 */
#include "model_test.h"

#define RID	0x1284

/* A unit whose hardware still uses the tables of @old. */
static struct intel_iommu *heir(struct kunit *test, struct intel_iommu *old,
				u64 ttm)
{
	struct intel_iommu *iommu = model_unit(test, 1, old->cap, old->ecap);
	void *regs = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 rtaddr = virt_to_phys(old->root) | FIELD_PREP(RTADDR_TTM, ttm);

	KUNIT_ASSERT_NOT_NULL(test, regs);
	iommu->reg = (void __iomem __force *)regs;
	writeq(rtaddr, iommu->reg + VTD_RTADDR_REG);
	iommu->flags |= UNIT_PRE_ENABLED;
	return iommu;
}

static struct dmar_domain *attach_new(struct kunit *test,
				      struct intel_device *device)
{
	struct iommu_domain *domain = intel_domain_alloc_paging(device->dev);

	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	KUNIT_ASSERT_EQ(test, domain->ops->attach_dev(domain, device->dev), 0);
	return to_dmar_domain(domain);
}

static void alloc_pasids(struct kunit *test, struct intel_device *device)
{
	struct intel_iommu *iommu = device->iommu;

	if (sm_supported(iommu))
		KUNIT_ASSERT_EQ(test,
				pasid_table_alloc(&device->pasids, iommu, 0), 0);
}

static bool did_free(struct intel_iommu *iommu, u16 did)
{
	if (iommu->spare_did == did)
		return true;
	if (ida_alloc_range(&iommu->did_ida, did, did, GFP_KERNEL) < 0)
		return false;
	ida_free(&iommu->did_ida, did);
	return true;
}

static void free_all(struct kunit *test, struct intel_iommu *iommu,
		     struct intel_device *device, struct dmar_domain *domain)
{
	intel_release_entries(device);
	if (domain)
		domain->domain.ops->free(&domain->domain);
	ida_destroy(&iommu->did_ida);
	iommu->spare_did = 0;
	model_unit_free(test, iommu);
}

static void check(struct kunit *test, u64 ecap, u64 ttm)
{
	struct intel_iommu *old = model_unit(test, 0, MODEL_CAP, ecap), *new;
	struct intel_device *crashed, *device;
	struct dmar_domain *before, *after;
	u64 *entry;
	u16 did;

	crashed = model_device(test, old, RID);
	alloc_pasids(test, crashed);
	before = attach_new(test, crashed);
	did = attachment_of(crashed, 0)->did;

	new = heir(test, old, ttm);
	KUNIT_ASSERT_EQ(test, intel_kdump_copy_tables(new), 0);
	entry = intel_context_find(new, RID);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_PTR_NE(test, entry, intel_context_find(old, RID));
	KUNIT_EXPECT_MEMEQ(test, entry, intel_context_find(old, RID), 16);
	KUNIT_EXPECT_TRUE(test, test_bit(RID, new->copied));
	KUNIT_EXPECT_EQ(test, bitmap_weight(new->copied, BIT(16)), 1);
	KUNIT_EXPECT_FALSE(test, did_free(new, did));

	/* The device comes; its driver does DMA; it goes. */
	device = model_device(test, new, RID);
	alloc_pasids(test, device);
	KUNIT_EXPECT_TRUE(test, intel_iommu_ops.is_attach_deferred(device->dev));
	model_reset(test->priv);
	after = attach_new(test, device);
	KUNIT_EXPECT_FALSE(test, intel_iommu_ops.is_attach_deferred(device->dev));
	KUNIT_EXPECT_FALSE(test, test_bit(RID, new->copied));
	KUNIT_EXPECT_NE(test, entry[0], intel_context_find(old, RID)[0]);
	if (ttm == TTM_SCALABLE)
		EXPECT_COMMANDS(test, 1, QI_CC, QI_PC, QI_IOTLB);
	else
		EXPECT_COMMANDS(test, 1, QI_CC, QI_IOTLB);
	intel_block(device, 0);
	free_all(test, new, device, after);
	free_all(test, old, crashed, before);
}

static void kdump_legacy(struct kunit *test)
{
	model_set_mode(test, false);
	check(test, MODEL_ECAP, TTM_LEGACY);
}

static void kdump_scalable(struct kunit *test)
{
	model_set_mode(test, true);
	check(test, MODEL_ECAP_SM, TTM_SCALABLE);
}

/* A device that is claimed for user space before its driver came. */
static void kdump_block(struct kunit *test)
{
	struct intel_iommu *old, *new;
	struct intel_device *crashed, *device;
	struct dmar_domain *before;

	model_set_mode(test, false);
	old = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	crashed = model_device(test, old, RID);
	before = attach_new(test, crashed);
	new = heir(test, old, TTM_LEGACY);
	KUNIT_ASSERT_EQ(test, intel_kdump_copy_tables(new), 0);
	device = model_device(test, new, RID);
	intel_block(device, 0);
	KUNIT_EXPECT_EQ(test, intel_context_find(new, RID)[0], 0ULL);
	EXPECT_COMMANDS(test, 1, QI_CC, QI_IOTLB);
	free_all(test, new, device, NULL);
	free_all(test, old, crashed, before);
}

static void kdump_other_mode(struct kunit *test)
{
	struct intel_iommu *old, *new;

	model_set_mode(test, false);
	old = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	new = heir(test, old, TTM_SCALABLE);
	KUNIT_EXPECT_EQ(test, intel_kdump_copy_tables(new), -EINVAL);
	KUNIT_EXPECT_NULL(test, new->copied);
	model_unit_free(test, new);
	model_unit_free(test, old);
}

static struct kunit_case kdump_cases[] = {
	KUNIT_CASE(kdump_legacy),
	KUNIT_CASE(kdump_scalable),
	KUNIT_CASE(kdump_block),
	KUNIT_CASE(kdump_other_mode),
	{}
};

static struct kunit_suite kdump_suite = {
	.name = "vtd_kdump",
	.init = model_init,
	.exit = model_exit,
	.test_cases = kdump_cases,
};

kunit_test_suite(kdump_suite);
