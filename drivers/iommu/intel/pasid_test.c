// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains on PASIDs, on model units: entries, what map, unmap and detach flush, the
 * directory that grows, and faults that find their way by PASID.
 */
#include <linux/sizes.h>

#include "fault.h"
#include "model_test.h"

#define PASID	5

/* Its ATS is on, as far as flushes can tell. */
static struct intel_device *new_device(struct kunit *test,
				       struct intel_iommu *iommu, u16 rid)
{
	struct intel_device *device = model_device(test, iommu, rid);

	device->ats_supported = true;
	device->ats_enabled = true;
	device->pasid_supported = true;
	device->pasid_enabled = true;
	device->dev->iommu->max_pasids = BIT(20);
	KUNIT_ASSERT_EQ(test, pasid_table_alloc(&device->pasids, iommu, 0), 0);
	return device;
}

static void release(struct intel_device *device)
{
	/* There is no PCI device whose ATS could be switched off. */
	device->ats_enabled = false;
	intel_release_entries(device);
}

static const struct qi_desc *desc(struct kunit *test, unsigned int i)
{
	return &((struct model *)test->priv)->desc[i];
}

static u64 entry_type(struct intel_device *device, u32 pasid)
{
	struct pasid_entry *e = pasid_table_find(&device->pasids, pasid);

	return e && e->qw[0] & ENTRY_P ? FIELD_GET(PE0_PGTT, e->qw[0]) : 0;
}

static void second_stage(struct kunit *test)
{
	struct intel_device *device;
	struct dmar_domain *a, *b;
	struct intel_iommu *iommu;
	struct pasid_entry *e;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_SM);
	device = new_device(test, iommu, 0x10);
	a = model_domain(test, device);
	b = model_domain(test, device);
	KUNIT_ASSERT_EQ(test, intel_attach(device, 0, a), 0);
	KUNIT_ASSERT_EQ(test, intel_attach(device, PASID, b), 0);
	e = pasid_table_find(&device->pasids, PASID);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, entry_type(device, PASID), PGTT_SECOND_STAGE);
	KUNIT_EXPECT_EQ(test, FIELD_GET(PE1_DID, e->qw[1]), 3ULL);
	model_reset(test->priv);

	/* The tag is the domain's; the device's TLB knows it by PASID. */
	domain_flush_range(b, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_IOTLB_DID, desc(test, 0)->qw[0]), 3ULL);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_DEV_TLB_PASID, desc(test, 1)->qw[0]),
			(u64)PASID);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_DEV_TLB_SID, desc(test, 1)->qw[0]), 0x10ULL);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_P_DEV_TLB);
	/* The other one's is its own. */
	domain_flush_range(a, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_IOTLB_DID, desc(test, 0)->qw[0]), 2ULL);
	EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB);

	intel_block(device, PASID);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_PC_PASID, desc(test, 0)->qw[0]), (u64)PASID);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_PC_DID, desc(test, 0)->qw[0]), 3ULL);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_DEV_TLB_PASID, desc(test, 2)->qw[0]),
			(u64)PASID);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_IOTLB, QI_P_DEV_TLB);
	KUNIT_EXPECT_EQ(test, entry_type(device, PASID), 0ULL);
	KUNIT_EXPECT_EQ(test, entry_type(device, 0), PGTT_SECOND_STAGE);
	domain_flush_all(b);
	EXPECT_COMMANDS(test, 0);

	release(device);
	model_domain_free(a);
	model_domain_free(b);
	model_unit_free(test, iommu);
}

static void first_stage(struct kunit *test)
{
	struct intel_device *device;
	struct intel_iommu *iommu;
	struct dmar_domain *a;
	struct pasid_entry *e;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_FS);
	device = new_device(test, iommu, 0x10);
	a = model_domain(test, device);
	KUNIT_ASSERT_EQ(test, intel_attach(device, PASID, a), 0);
	e = pasid_table_find(&device->pasids, PASID);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, entry_type(device, PASID), PGTT_FIRST_STAGE);
	KUNIT_EXPECT_EQ(test, e->qw[2], virt_to_phys(a->pgt.top));
	EXPECT_COMMANDS(test, 0);

	domain_flush_range(a, 0x1000, 0x1fff, true);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_IOTLB_PASID, desc(test, 0)->qw[0]),
			(u64)PASID);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_IOTLB_GRAN, desc(test, 0)->qw[0]),
			(u64)P_IOTLB_GRAN_PAGE);
	EXPECT_COMMANDS(test, 1, QI_P_IOTLB, QI_P_DEV_TLB);

	intel_block(device, PASID);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_IOTLB_PASID, desc(test, 1)->qw[0]),
			(u64)PASID);
	KUNIT_EXPECT_EQ(test, FIELD_GET(QI_P_IOTLB_GRAN, desc(test, 1)->qw[0]),
			(u64)P_IOTLB_GRAN_PASID);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_P_IOTLB, QI_P_DEV_TLB);
	KUNIT_EXPECT_EQ(test, entry_type(device, PASID), 0ULL);

	release(device);
	model_domain_free(a);
	model_unit_free(test, iommu);
}

/*
 * The same domain for requests with and without PASID of one device, and for those
 * without of another: an unmap reaches all three, and each place once.
 */
static void primary_and_aux(struct kunit *test, u64 ecap)
{
	struct intel_device *one, *two;
	struct intel_iommu *iommu;
	struct dmar_domain *a;
	bool fs = ecap == MODEL_ECAP_FS;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, ecap);
	one = new_device(test, iommu, 0x10);
	two = new_device(test, iommu, 0x18);
	a = model_domain(test, one);
	KUNIT_ASSERT_EQ(test, intel_attach(one, 0, a), 0);
	KUNIT_ASSERT_EQ(test, intel_attach(one, PASID, a), 0);
	KUNIT_ASSERT_EQ(test, intel_attach(two, 0, a), 0);
	model_reset(test->priv);

	/* One tag, of a second stage; by PASID where it is the first. */
	domain_flush_range(a, 0x1000, 0x1fff, true);
	if (fs)
		EXPECT_COMMANDS(test, 1, QI_P_IOTLB, QI_P_IOTLB, QI_DEV_TLB,
				QI_DEV_TLB, QI_P_DEV_TLB);
	else
		EXPECT_COMMANDS(test, 1, QI_IOTLB, QI_DEV_TLB, QI_DEV_TLB,
				QI_P_DEV_TLB);

	/* The primary stays when the aux goes. */
	intel_block(one, PASID);
	KUNIT_EXPECT_NE(test, entry_type(one, 0), 0ULL);
	model_reset(test->priv);
	domain_flush_range(a, 0x1000, 0x1fff, true);
	EXPECT_COMMANDS(test, 1, fs ? QI_P_IOTLB : QI_IOTLB, QI_DEV_TLB,
			QI_DEV_TLB);

	release(one);
	release(two);
	model_domain_free(a);
	model_unit_free(test, iommu);
}

static void primary_and_aux_second_stage(struct kunit *test)
{
	primary_and_aux(test, MODEL_ECAP_SM);
}

static void primary_and_aux_first_stage(struct kunit *test)
{
	primary_and_aux(test, MODEL_ECAP_FS);
}

/* With caching mode, what was not there has to be forgotten, too. */
static void caching_mode(struct kunit *test)
{
	struct intel_device *device;
	struct intel_iommu *iommu;
	struct dmar_domain *a;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP | MODEL_CAP_CM, MODEL_ECAP_SM);
	device = new_device(test, iommu, 0x10);
	a = model_domain(test, device);
	KUNIT_ASSERT_EQ(test, intel_attach(device, PASID, a), 0);
	EXPECT_COMMANDS(test, 1, QI_PC, QI_IOTLB);
	domain_flush_mapped(a, 0x1000, 0x1fff);
	EXPECT_COMMANDS(test, 1, QI_IOTLB);
	intel_block(device, PASID);
	release(device);
	model_domain_free(a);
	model_unit_free(test, iommu);
}

/* The directory grows under a live context entry; no entry is lost. */
static void wider_directory(struct kunit *test)
{
	struct pasid_entry *e, before;
	struct intel_device *device;
	struct intel_iommu *iommu;
	struct dmar_domain *a;
	u64 *ctx, dir;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_SM);
	device = new_device(test, iommu, 0x10);
	a = model_domain(test, device);
	KUNIT_ASSERT_EQ(test, intel_attach(device, 0, a), 0);
	KUNIT_ASSERT_EQ(test, intel_attach(device, PASID, a), 0);
	ctx = intel_context_find(iommu, 0x10);
	e = pasid_table_find(&device->pasids, PASID);
	before = *e;
	dir = ctx[0] & SMCTX0_PASIDDIRPTR;
	KUNIT_EXPECT_EQ(test, dir, virt_to_phys(device->pasids.dir));
	KUNIT_EXPECT_EQ(test, FIELD_GET(SMCTX0_PDTS, ctx[0]), 0ULL);
	KUNIT_EXPECT_NULL(test, pasid_table_find(&device->pasids, 100000));
	model_reset(test->priv);

	KUNIT_EXPECT_EQ(test, intel_widen_pasids(device), 0);
	EXPECT_COMMANDS(test, 1, QI_CC, QI_PC, QI_IOTLB, QI_DEV_TLB);
	KUNIT_EXPECT_EQ(test, device->pasids.dir_shift, 20 - PASID_TABLE_SHIFT);
	KUNIT_EXPECT_NE(test, ctx[0] & SMCTX0_PASIDDIRPTR, dir);
	KUNIT_EXPECT_EQ(test, ctx[0] & SMCTX0_PASIDDIRPTR,
			virt_to_phys(device->pasids.dir));
	KUNIT_EXPECT_EQ(test, FIELD_GET(SMCTX0_PDTS, ctx[0]), 7ULL);
	KUNIT_EXPECT_PTR_EQ(test, pasid_table_find(&device->pasids, PASID), e);
	KUNIT_EXPECT_MEMEQ(test, e, &before, sizeof(before));
	KUNIT_EXPECT_EQ(test, intel_widen_pasids(device), 0);
	EXPECT_COMMANDS(test, 0);

	KUNIT_EXPECT_EQ(test, intel_attach(device, BIT(20) - 1, a), 0);
	KUNIT_EXPECT_EQ(test, intel_attach(device, BIT(20), a), -ERANGE);
	intel_block(device, BIT(20) - 1);
	intel_block(device, PASID);
	release(device);
	model_domain_free(a);
	model_unit_free(test, iommu);
}

/* Without the feature it grows as far as it has to. */
static void wider_on_demand(struct kunit *test)
{
	struct intel_device *device;
	struct intel_iommu *iommu;
	struct dmar_domain *a;

	model_set_mode(test, true);
	iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP_SM);
	device = new_device(test, iommu, 0x10);
	device->dev->iommu->max_pasids = 20000;
	a = model_domain(test, device);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 20000, a), -ERANGE);
	KUNIT_EXPECT_EQ(test, device->pasids.dir_shift, PDTS_MIN_SHIFT);
	KUNIT_EXPECT_EQ(test, intel_attach(device, 19999, a), 0);
	KUNIT_EXPECT_EQ(test, device->pasids.dir_shift, 15 - PASID_TABLE_SHIFT);
	KUNIT_EXPECT_EQ(test, entry_type(device, 19999), PGTT_SECOND_STAGE);
	intel_block(device, 19999);
	release(device);
	model_domain_free(a);
	model_unit_free(test, iommu);
}

/* Faults */

struct reports {
	unsigned int count;
	struct device *dev;
	struct iommu_access_fault last;
	int answer;
};

static struct reports reports;

static int fake_report(struct device *dev, const struct iommu_access_fault *fault)
{
	reports.count++;
	reports.dev = dev;
	reports.last = *fault;
	return reports.answer;
}

static struct vtd_fault decoded(u16 sid, u64 bits)
{
	return vtd_fault_decode(0xabc000, FRCD_HI_F | bits |
				FIELD_PREP(FRCD_HI_SID, sid) |
				FIELD_PREP(FRCD_HI_FR, 0x79));
}

static void faults(struct kunit *test)
{
	const u64 with_pasid = FRCD_HI_PP | FIELD_PREP(FRCD_HI_PV, 0x1234);
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct intel_device *device = model_device(test, iommu, 0x318);
	struct vtd_fault f;

	memset(&reports, 0, sizeof(reports));
	kunit_activate_static_stub(test, intel_report_fault, fake_report);
	f = decoded(0x318, FRCD_HI_T1);
	KUNIT_EXPECT_FALSE(test, vtd_fault_taken(iommu, &f));
	KUNIT_EXPECT_EQ(test, reports.count, 0);

	KUNIT_ASSERT_EQ(test, iommu_add_device(iommu, 0x318, device->dev), 0);
	KUNIT_EXPECT_TRUE(test, vtd_fault_taken(iommu, &f));
	KUNIT_EXPECT_PTR_EQ(test, reports.dev, device->dev);
	KUNIT_EXPECT_EQ(test, reports.last.pasid, IOMMU_NO_PASID);
	KUNIT_EXPECT_EQ(test, reports.last.addr, 0xabc000);
	KUNIT_EXPECT_EQ(test, reports.last.perm, IOMMU_FAULT_PERM_READ);
	KUNIT_EXPECT_EQ(test, reports.last.code, 0x79);
	KUNIT_EXPECT_STREQ(test, reports.last.reason, f.text);

	f = decoded(0x318, with_pasid | FRCD_HI_EXE | FRCD_HI_T1);
	KUNIT_EXPECT_TRUE(test, vtd_fault_taken(iommu, &f));
	KUNIT_EXPECT_EQ(test, reports.last.pasid, 0x1234);
	KUNIT_EXPECT_EQ(test, reports.last.perm,
			IOMMU_FAULT_PERM_READ | IOMMU_FAULT_PERM_EXEC);
	f = decoded(0x318, with_pasid | FRCD_HI_PRIV);
	KUNIT_EXPECT_TRUE(test, vtd_fault_taken(iommu, &f));
	KUNIT_EXPECT_EQ(test, reports.last.perm,
			IOMMU_FAULT_PERM_WRITE | IOMMU_FAULT_PERM_PRIV);
	f = decoded(0x318, FRCD_HI_T1 | FRCD_HI_T2);
	KUNIT_EXPECT_TRUE(test, vtd_fault_taken(iommu, &f));
	KUNIT_EXPECT_EQ(test, reports.last.perm,
			IOMMU_FAULT_PERM_READ | IOMMU_FAULT_PERM_WRITE);
	KUNIT_EXPECT_EQ(test, reports.count, 4);

	/* Not for owners: page requests, interrupts, other devices. */
	f = decoded(0x318, FRCD_HI_T2);
	KUNIT_EXPECT_FALSE(test, vtd_fault_taken(iommu, &f));
	f = vtd_fault_decode(0, FIELD_PREP(FRCD_HI_FR, 0x22) |
			     FIELD_PREP(FRCD_HI_SID, 0x318));
	KUNIT_EXPECT_FALSE(test, vtd_fault_taken(iommu, &f));
	f = decoded(0x319, FRCD_HI_T1);
	KUNIT_EXPECT_FALSE(test, vtd_fault_taken(iommu, &f));
	KUNIT_EXPECT_EQ(test, reports.count, 4);

	reports.answer = -EAGAIN;
	f = decoded(0x318, FRCD_HI_T1);
	KUNIT_EXPECT_FALSE(test, vtd_fault_taken(iommu, &f));
	iommu_del_device(iommu, 0x318);
	model_unit_free(test, iommu);
}

/* A unit whose registers are memory, with one record in its log. */
static void drain(struct kunit *test)
{
	struct intel_iommu *iommu = model_unit(test, 0, MODEL_CAP, MODEL_ECAP);
	struct intel_device *device = model_device(test, iommu, 0x318);
	u64 *regs = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, regs);
	memset(&reports, 0, sizeof(reports));
	kunit_activate_static_stub(test, intel_report_fault, fake_report);
	/* FRO 0x800: NFR 1 */
	iommu->cap |= 0x80ULL << 24;
	iommu->reg = (void __iomem *)regs;
	raw_spin_lock_init(&iommu->register_lock);
	raw_spin_lock_init(&iommu->fault_lock);
	KUNIT_ASSERT_EQ(test, iommu_add_device(iommu, 0x318, device->dev), 0);

	regs[0x800 / 8 + 1] = FRCD_HI_F | FRCD_HI_PP | FRCD_HI_T1 |
			      FIELD_PREP(FRCD_HI_PV, PASID) |
			      FIELD_PREP(FRCD_HI_SID, 0x318) |
			      FIELD_PREP(FRCD_HI_FR, 0x79);
	KUNIT_EXPECT_EQ(test, iommu_drain_faults(iommu), 0);
	KUNIT_EXPECT_EQ(test, reports.count, 0);
	*(u32 *)((void *)regs + VTD_FSTS_REG) = FSTS_PPF;
	KUNIT_EXPECT_EQ(test, iommu_drain_faults(iommu), 0);
	KUNIT_EXPECT_EQ(test, reports.count, 1);
	KUNIT_EXPECT_EQ(test, reports.last.pasid, PASID);

	/* As long as a completion that nobody waits for stands, no fault interrupts. */
	*(u32 *)((void *)regs + VTD_FSTS_REG) = FSTS_ICE | FSTS_IQE;
	KUNIT_EXPECT_EQ(test, iommu_drain_faults(iommu), 0);
	/* What is written to clear it shows. */
	KUNIT_EXPECT_EQ(test, *(u32 *)((void *)regs + VTD_FSTS_REG), FSTS_ICE);

	iommu_del_device(iommu, 0x318);
	model_unit_free(test, iommu);
}

static struct kunit_case pasid_cases[] = {
	KUNIT_CASE(second_stage),
	KUNIT_CASE(first_stage),
	KUNIT_CASE(primary_and_aux_second_stage),
	KUNIT_CASE(primary_and_aux_first_stage),
	KUNIT_CASE(caching_mode),
	KUNIT_CASE(wider_directory),
	KUNIT_CASE(wider_on_demand),
	KUNIT_CASE(faults),
	KUNIT_CASE(drain),
	{}
};

static struct kunit_suite pasid_suite = {
	.name = "vtd_pasid",
	.init = model_init,
	.exit = model_exit,
	.test_cases = pasid_cases,
};

kunit_test_suite(pasid_suite);
