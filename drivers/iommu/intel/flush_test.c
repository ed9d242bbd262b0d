// SPDX-License-Identifier: GPL-2.0-only
/*
 * What unmapping costs: which commands go to which unit, in which order, with how
 * many waits - on model units.
 */
#include <linux/log2.h>
#include <linux/prandom.h>

#include "model_test.h"

struct flush_fixture {
	struct dmar_domain domain;
	struct attachment att[4];
	unsigned int count;
};

static struct flush_fixture *new_fixture(struct kunit *test, bool first_stage)
{
	struct flush_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct flush_list *none = kzalloc(sizeof(*none), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	KUNIT_ASSERT_NOT_NULL(test, none);
	RCU_INIT_POINTER(f->domain.targets, none);
	f->domain.first_stage = first_stage;
	mutex_init(&f->domain.lock);
	INIT_LIST_HEAD(&f->domain.attachments);
	return f;
}

static void free_fixture(struct flush_fixture *f)
{
	kfree(rcu_dereference_protected(f->domain.targets, true));
}

static struct attachment *add(struct kunit *test, struct flush_fixture *f,
			      struct intel_device *device, u32 pasid, u16 did)
{
	struct attachment *att = &f->att[f->count++];

	*att = (struct attachment) {
		.domain = &f->domain, .device = device, .pasid = pasid, .did = did,
	};
	mutex_lock(&f->domain.lock);
	KUNIT_ASSERT_EQ(test, targets_add(&f->domain, att), 0);
	mutex_unlock(&f->domain.lock);
	return att;
}

static void del(struct flush_fixture *f, struct attachment *att)
{
	mutex_lock(&f->domain.lock);
	targets_del(&f->domain, att);
	mutex_unlock(&f->domain.lock);
}

static struct intel_device *ats_device(struct kunit *test,
				       struct intel_iommu *iommu, u16 rid)
{
	struct intel_device *device = model_device(test, iommu, rid);

	device->ats_supported = true;
	device->ats_enabled = true;
	return device;
}

static u64 qw(struct kunit *test, unsigned int desc, unsigned int i)
{
	return ((struct model *)test->priv)->desc[desc].qw[i];
}

static void one_page(struct kunit *test)
{
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct flush_fixture *f = new_fixture(test, false);

	domain_flush_range(&f->domain, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_EQ(test, ((struct model *)test->priv)->submits, 0);
	add(test, f, model_device(test, iommu, 0x10), 0, 7);
	domain_flush_range(&f->domain, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 0), 7ULL << 16 | 3 << 4 | QI_IOTLB);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 1), 0x1000ULL | QI_IOTLB_IH);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	free_fixture(f);
	model_unit_free(test, iommu);
}

static void blocks(struct kunit *test)
{
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct flush_fixture *f = new_fixture(test, false);

	add(test, f, model_device(test, iommu, 0x10), 0, 7);
	/* Three pages in the aligned four around them. */
	domain_flush_range(&f->domain, 0x1000, 0x3fff, false);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 1), 0x0ULL | 2);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	/* Two pages astride 2G: not the 4G around them. */
	domain_flush_range(&f->domain, 0x7ffff000, 0x80000fff, true);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 1), 0x7ffff000ULL | QI_IOTLB_IH);
	KUNIT_EXPECT_EQ(test, qw(test, 1, 1), 0x80000000ULL | QI_IOTLB_IH);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_IOTLB);
	/* More than the unit can name: the domain. */
	domain_flush_range(&f->domain, 0, SZ_4G - 1, true);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 0), 7ULL << 16 | 2 << 4 | QI_IOTLB);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 1), 0ULL);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	domain_flush_all(&f->domain);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 0), 7ULL << 16 | 2 << 4 | QI_IOTLB);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	free_fixture(f);
	model_unit_free(test, iommu);
}

static void shared_tag(struct kunit *test)
{
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct flush_fixture *f = new_fixture(test, false);
	struct attachment *a, *b;

	a = add(test, f, ats_device(test, iommu, 0x10), 0, 7);
	b = add(test, f, ats_device(test, iommu, 0x18), 0, 7);
	domain_flush_range(&f->domain, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_DEV_TLB_SID, qw(test, 1, 0)), 0x10ULL);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_DEV_TLB_SID, qw(test, 2, 0)), 0x18ULL);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB, QI_DEV_TLB);
	a->device->ats_enabled = false;
	domain_flush_all(&f->domain);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB);
	b->device->extra_dev_tlb_flush = true;
	domain_flush_all(&f->domain);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB, QI_DEV_TLB);
	del(f, b);
	domain_flush_all(&f->domain);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	del(f, a);
	domain_flush_all(&f->domain);
	KUNIT_EXPECT_EQ(test, ((struct model *)test->priv)->submits, 0);
	/* Dead targets make room for live ones. */
	add(test, f, ats_device(test, iommu, 0x20), 0, 8);
	KUNIT_EXPECT_EQ(test, rcu_access_pointer(f->domain.targets)->count, 2);
	free_fixture(f);
	model_unit_free(test, iommu);
}

static void first_stage(struct kunit *test)
{
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_FS);
	struct flush_fixture *f = new_fixture(test, true);
	struct intel_device *device = ats_device(test, iommu, 0x10);

	add(test, f, device, 0, 7);
	add(test, f, device, 5, 7);
	domain_flush_range(&f->domain, 0x2000, 0x3fff, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_IOTLB_PASID, qw(test, 1, 0)), 5ULL);
	KUNIT_EXPECT_EQ(test, qw(test, 1, 1), 0x2000ULL | QI_P_IOTLB_IH | 1);
	EXPECT_COMMANDS(test, 1, QI_P_IOTLB, QI_P_IOTLB, QI_DEV_TLB,
			QI_P_DEV_TLB);
	domain_flush_all(&f->domain);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_IOTLB_GRAN, qw(test, 0, 0)),
			(u64)P_IOTLB_GRAN_PASID);
	EXPECT_COMMANDS(test, 1, QI_P_IOTLB, QI_P_IOTLB, QI_DEV_TLB,
			QI_P_DEV_TLB);
	free_fixture(f);
	model_unit_free(test, iommu);
}

static void two_units(struct kunit *test)
{
	struct intel_iommu *a = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct intel_iommu *b = model_unit(test, 1, MODEL_CAP, MODEL_ECAP);
	struct flush_fixture *f = new_fixture(test, false);
	struct model *model = test->priv;

	add(test, f, ats_device(test, b, 0x10), 0, 3);
	add(test, f, ats_device(test, a, 0x10), 0, 2);
	add(test, f, model_device(test, b, 0x18), 0, 3);
	domain_flush_range(&f->domain, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_PTR_EQ(test, model->unit[1], a);
	KUNIT_EXPECT_PTR_EQ(test, model->unit[2], b);
	EXPECT_COMMANDS(test, 2, QI_IOTLB, QI_DEV_TLB, QI_IOTLB, QI_DEV_TLB);
	free_fixture(f);
	model_unit_free(test, a);
	model_unit_free(test, b);
}

/* A target that comes back is found again, without a new array. */
static void comes_back(struct kunit *test)
{
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct flush_fixture *f = new_fixture(test, false);
	struct intel_device *device = ats_device(test, iommu, 0x10);
	struct flush_list *list;
	struct attachment *att;

	att = add(test, f, device, 0, 7);
	list = rcu_dereference_protected(f->domain.targets, true);
	del(f, att);
	domain_flush_all(&f->domain);
	KUNIT_EXPECT_EQ(test, ((struct model *)test->priv)->submits, 0);
	add(test, f, device, 0, 7);
	KUNIT_EXPECT_PTR_EQ(test, list,
			    rcu_dereference_protected(f->domain.targets, true));
	domain_flush_all(&f->domain);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB);
	/* With another ID it is another one. */
	del(f, att);
	add(test, f, device, 0, 8);
	domain_flush_all(&f->domain);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 0), 8ULL << 16 | 2 << 4 | QI_IOTLB);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB);
	free_fixture(f);
	model_unit_free(test, iommu);
}

static bool wants_sync_map(const struct flush_fixture *f)
{
	return f->domain.domain.ops && f->domain.domain.ops->iotlb_sync_map;
}

static void caching_mode(struct kunit *test)
{
	struct intel_iommu *plain = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct intel_iommu *cm = model_unit(test, 1, MODEL_CAP | MODEL_CAP_CM,
					    MODEL_ECAP);
	struct flush_fixture *f = new_fixture(test, false);

	add(test, f, ats_device(test, plain, 0x10), 0, 2);
	KUNIT_EXPECT_EQ(test, wants_sync_map(f), intel_quirk_rwbf);
	add(test, f, ats_device(test, cm, 0x10), 0, 3);
	KUNIT_EXPECT_TRUE(test, wants_sync_map(f));
	domain_flush_mapped(&f->domain, 0x1000, 0x1fff);
	KUNIT_EXPECT_EQ(test, qw(test, 0, 1), 0x1000ULL);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	free_fixture(f);
	model_unit_free(test, plain);
	model_unit_free(test, cm);
}

/* Any range: covered, by at most two blocks, aligned, not too large. */
static void random_ranges(struct kunit *test)
{
	struct intel_iommu *iommu;
	struct flush_fixture *f = new_fixture(test, false);
	struct model *model = test->priv;
	struct rnd_state rnd;
	u64 first, end, at, next, total;
	unsigned int i, n, order;

	iommu = model_unit(test, 0, MODEL_CAP | 63ULL << 48, MODEL_ECAP);
	add(test, f, model_device(test, iommu, 0x10), 0, 7);
	prandom_seed_state(&rnd, 1);
	for (n = 0; n < 20000; n++) {
		first = prandom_u32_state(&rnd) >> (prandom_u32_state(&rnd) % 32);
		end = first + (prandom_u32_state(&rnd) >>
			       (prandom_u32_state(&rnd) % 32));
		domain_flush_range(&f->domain, first << VTD_PAGE_SHIFT,
				   ((end + 1) << VTD_PAGE_SHIFT) - 1, true);
		KUNIT_ASSERT_LE(test, model->count, 2);
		for (i = 0, next = first, total = 0; i < model->count; i++) {
			at = FIELD_GET(QI_IOTLB_ADDR, model->desc[i].qw[1]);
			order = FIELD_GET(QI_IOTLB_AM, model->desc[i].qw[1]);
			KUNIT_ASSERT_EQ(test, at & (BIT_ULL(order) - 1), 0ULL);
			KUNIT_ASSERT_LE(test, at, next);
			next = max(next, at + BIT_ULL(order));
			total += BIT_ULL(order);
		}
		KUNIT_ASSERT_GT(test, next, end);
		KUNIT_ASSERT_LT(test, total, 4 * (end - first + 1) + 1);
		model_reset(model);
	}
	free_fixture(f);
	model_unit_free(test, iommu);
}

static struct kunit_case flush_cases[] = {
	KUNIT_CASE(one_page),
	KUNIT_CASE(blocks),
	KUNIT_CASE(shared_tag),
	KUNIT_CASE(first_stage),
	KUNIT_CASE(two_units),
	KUNIT_CASE(comes_back),
	KUNIT_CASE(caching_mode),
	KUNIT_CASE(random_ranges),
	{}
};

static struct kunit_suite flush_suite = {
	.name = "vtd_flush",
	.init = model_init,
	.exit = model_exit,
	.test_cases = flush_cases,
};

kunit_test_suite(flush_suite);
