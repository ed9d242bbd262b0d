/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A unit without hardware, for tests: what is submitted to its queue is recorded.
 */
#ifndef _INTEL_MODEL_TEST_H
#define _INTEL_MODEL_TEST_H

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/args.h>

#include "domain.h"

#define MODEL_LOG	64

/* ND 64K, SAGAW 48, SSLPS 2M 1G, PSI, MGAW 48, MAMV 18, FS1GP */
#define MODEL_CAP	(6ULL | BIT_ULL(10) | 47ULL << 16 | 3ULL << 34 |	\
			 BIT_ULL(39) | 18ULL << 48 | BIT_ULL(56))
#define MODEL_CAP_CM	BIT_ULL(7)
/* C, QI, DT, PT, SC; and for scalable mode SMTS, SSTS, FSTS, SMPWCS, SSADS */
#define MODEL_ECAP	(BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(2) | BIT_ULL(6) |	\
			 BIT_ULL(7))
#define MODEL_ECAP_SM	(MODEL_ECAP | BIT_ULL(43) | BIT_ULL(45) |	\
			 BIT_ULL(46) | BIT_ULL(48) | BIT_ULL(40) | 19ULL << 35)
#define MODEL_ECAP_FS	(MODEL_ECAP_SM | BIT_ULL(47))

/**
 * struct model - the queue of all model units
 * @submits: waits
 * @count: commands
 * @unit: for each command: where it went
 * @desc: the commands
 * @saved_sm: the mode of the machine
 */
struct model {
	unsigned int submits;
	unsigned int count;
	struct intel_iommu *unit[MODEL_LOG];
	struct qi_desc desc[MODEL_LOG];
	int saved_sm;
};

static inline int model_submit(struct intel_iommu *iommu,
			       const struct qi_desc *desc, unsigned int count)
{
	struct kunit *test = kunit_get_current_test();
	struct model *model = test->priv;

	model->submits++;
	for (; count--; desc++) {
		if (WARN_ON_ONCE(model->count == MODEL_LOG))
			break;
		model->unit[model->count] = iommu;
		model->desc[model->count++] = *desc;
	}
	return 0;
}

static inline void model_reset(struct model *model)
{
	model->submits = 0;
	model->count = 0;
}

static inline int model_init(struct kunit *test)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);

	if (!model)
		return -ENOMEM;
	model->saved_sm = intel_iommu_sm;
	test->priv = model;
	/* A write-buffer flush would want registers. */
	if (intel_quirk_rwbf)
		kunit_skip(test, "the machine has the write-buffer quirk");
	kunit_activate_static_stub(test, intel_submit, model_submit);
	return 0;
}

static inline void model_exit(struct kunit *test)
{
	struct model *model = test->priv;

	if (model)
		intel_iommu_sm = model->saved_sm;
}

/* The mode is the machine's; it changes only while no unit is in use. */
static inline void model_set_mode(struct kunit *test, bool scalable)
{
	if (intel_iommu_enabled && !!intel_iommu_sm != scalable)
		kunit_skip(test, "the machine's units run in the other mode");
	intel_iommu_sm = scalable;
}

static inline struct intel_iommu *model_unit(struct kunit *test, int id, u64 cap,
					     u64 ecap)
{
	struct intel_iommu *iommu;

	iommu = kunit_kzalloc(test, sizeof(*iommu), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, iommu);
	iommu->cap = cap;
	iommu->ecap = ecap;
	iommu->gcmd = GCMD_TE;
	iommu->seq_id = id;
	iommu->node = NUMA_NO_NODE;
	spin_lock_init(&iommu->lock);
	ida_init(&iommu->did_ida);
	xa_init(&iommu->devices);
	KUNIT_ASSERT_EQ(test, intel_iommu_alloc_root(iommu), 0);
	return iommu;
}

/* Releases everything, and sees to it that domain IDs were given back. */
static inline void model_unit_free(struct kunit *test, struct intel_iommu *iommu)
{
	if (iommu->spare_did)
		ida_free(&iommu->did_ida, iommu->spare_did);
	KUNIT_EXPECT_TRUE(test, ida_is_empty(&iommu->did_ida));
	intel_iommu_free_tables(iommu);
	xa_destroy(&iommu->devices);
}

/* A device that is no PCI device: its ATS is a flag. */
static inline struct intel_device *
model_device(struct kunit *test, struct intel_iommu *iommu, u16 rid)
{
	struct intel_device *device;
	struct device *dev;

	device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);
	dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, device);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->iommu = kunit_kzalloc(test, sizeof(*dev->iommu), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->iommu);
	set_dev_node(dev, NUMA_NO_NODE);
	dev->init_name = "model";
	mutex_lock(&iommu_probe_device_lock);
	dev_iommu_priv_set(dev, device);
	mutex_unlock(&iommu_probe_device_lock);
	device->dev = dev;
	device->iommu = iommu;
	device->rid = rid;
	device->bus = PCI_BUS_NUM(rid);
	device->devfn = rid & 0xff;
	device->rids = kunit_kmalloc_array(test, 2, sizeof(u16), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, device->rids);
	device->rids[device->nr_rids++] = rid;
	mutex_init(&device->lock);
	xa_init(&device->attachments);
	device->identity = (struct attachment) {
		.device = device,
		.did = FLPT_DEFAULT_DID,
	};
	return device;
}

static __maybe_unused void expect_commands(struct kunit *test, int waits,
					   int count, ...)
{
	struct model *model = test->priv;
	va_list types;
	int i;

	KUNIT_EXPECT_EQ(test, model->submits, waits);
	KUNIT_ASSERT_EQ(test, model->count, count);
	va_start(types, count);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, (int)(model->desc[i].qw[0] & QI_TYPE),
				va_arg(types, int));
	va_end(types);
	model_reset(model);
}

/* All commands so far, in order, in so many submissions; then forget them. */
#define EXPECT_COMMANDS(test, waits, ...)				\
	expect_commands(test, waits, COUNT_ARGS(__VA_ARGS__), ##__VA_ARGS__)

static inline struct dmar_domain *model_domain(struct kunit *test,
					       struct intel_device *device)
{
	struct iommu_domain *domain = intel_domain_alloc_paging(device->dev);

	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	return to_dmar_domain(domain);
}

static inline void model_domain_free(struct dmar_domain *domain)
{
	domain->domain.ops->free(&domain->domain);
}

#endif /* _INTEL_MODEL_TEST_H */
