/* SPDX-License-Identifier: GPL-2.0-only */
/* Masters and domains behind the model of the hardware, for tests. */
#ifndef _ARM_SMMU3_OBJECTS_TEST_H
#define _ARM_SMMU3_OBJECTS_TEST_H

#include <kunit/test-bug.h>
#include <linux/dma-mapping.h>

#include "model_test.h"

static inline void free_objects(void *data)
{
	struct smmu3_device *smmu = data;

	KUNIT_EXPECT_TRUE(kunit_get_current_test(), ida_is_empty(&smmu->asids));
	KUNIT_EXPECT_TRUE(kunit_get_current_test(), ida_is_empty(&smmu->vmids));
	KUNIT_EXPECT_TRUE(kunit_get_current_test(), list_empty(&smmu->masters));
	ida_destroy(&smmu->asids);
	ida_destroy(&smmu->vmids);
}

/* An SMMU with an empty stream table of two levels. */
static inline struct smmu3_model *new_smmu(struct kunit *test, u32 features)
{
	struct smmu3_model *m = model_start(test, 8, false);
	static u64 dma_mask = DMA_BIT_MASK(48);
	struct smmu3_device *smmu = &m->smmu;

	m->step = 64;
	smmu->dev->dma_mask = &dma_mask;
	smmu->dev->coherent_dma_mask = dma_mask;
	smmu->features = features | SMMU3_FEAT_2LVL_STRTAB |
			 SMMU3_FEAT_2LVL_CDTAB | SMMU3_FEAT_COHERENCY;
	smmu->sid_bits = 16;
	smmu->ssid_bits = 16;
	smmu->asid_bits = 16;
	smmu->vmid_bits = 16;
	smmu->oas = 44;
	smmu->pgsize_bitmap = SZ_4K;
	mutex_init(&smmu->lock);
	INIT_LIST_HEAD(&smmu->masters);
	ida_init(&smmu->asids);
	ida_init(&smmu->vmids);
	KUNIT_ASSERT_EQ(test, smmu3_strtab_alloc(smmu), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_objects, smmu),
			0);
	return m;
}

/* Its domains are allocated by the device. */
static inline struct smmu3_master *new_master(struct kunit *test,
					      struct smmu3_model *m, u32 sid,
					      u8 ssid_bits)
{
	static unsigned int number;
	struct smmu3_master *master;
	char name[16];

	master = kunit_kzalloc(test, sizeof(*master), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, master);
	master->sids = kunit_kcalloc(test, 2, sizeof(u32), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, master->sids);
	snprintf(name, sizeof(name), "master%u", number++);
	master->dev = kunit_device_register(test, name);
	KUNIT_ASSERT_FALSE(test, IS_ERR(master->dev));
	master->dev->iommu = kunit_kzalloc(test, sizeof(struct dev_iommu),
					   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, master->dev->iommu);
	master->dev->iommu->priv = master;
	master->smmu = &m->smmu;
	master->ssid_bits = ssid_bits;
	master->sids[0] = sid;
	master->nr_sids = 1;
	master->identity.master = master;
	mutex_init(&master->lock);
	list_add_tail(&master->node, &m->smmu.masters);
	KUNIT_ASSERT_FALSE(test, IS_ERR(smmu3_ste_get(&m->smmu, sid)));
	model_reset(m);
	return master;
}

static inline void put_master(struct smmu3_master *master)
{
	smmu3_release_entries(master);
	list_del(&master->node);
	master->dev->iommu = NULL;
}

static inline struct smmu3_domain *new_domain(struct kunit *test,
					      struct smmu3_master *master)
{
	struct iommu_domain *domain = smmu3_domain_alloc_paging(master->dev);

	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	return to_smmu3_domain(domain);
}

static inline void put_domain(struct smmu3_domain *domain)
{
	domain->domain.ops->free(&domain->domain);
}

#endif /* _ARM_SMMU3_OBJECTS_TEST_H */
