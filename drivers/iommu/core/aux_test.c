// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aux-domains on the mock IOMMU: each rule with its error.
 *
 * The mock's hardware tables are what is compared with; it reports by itself a
 * PASID set twice or cleared in vain, a domain freed in use, and a PASID that is
 * drained while it is set.
 */

#include <linux/ioasid.h>
#include <linux/iommu-aux.h>
#include <linux/notifier.h>

#include "../iommu-priv.h"
#include "mock.h"

static int owner_token;

/* A device whose driver has enabled aux-domains. */
static struct mock_dev *aux_dev(struct kunit *test, const char *name,
				unsigned int key)
{
	struct mock_dev *md = mock_dev_add(test, name, key);

	KUNIT_ASSERT_EQ(test, iommu_dev_enable_feature(&md->dev, IOMMU_DEV_FEAT_AUX), 0);
	return md;
}

static int attach(struct iommu_domain *domain, struct mock_dev *md)
{
	return iommu_aux_attach_device(domain, &md->dev);
}

static void detach(struct iommu_domain *domain, struct mock_dev *md)
{
	iommu_aux_detach_device(domain, &md->dev);
}

static int pasid_of(struct iommu_domain *domain, struct mock_dev *md)
{
	return iommu_aux_get_pasid(domain, &md->dev);
}

static unsigned int nr_set(struct mock_dev *md)
{
	unsigned int i, nr = 0;

	for (i = 0; i < md->nr_pasids; i++)
		nr += !!md->pasids[i];
	return nr;
}

/* Nothing is left of aux-domains on the device, in the core or the hardware. */
static void expect_clean(struct kunit *test, struct mock_dev *md)
{
	KUNIT_EXPECT_EQ(test, nr_set(md), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&md->dev.iommu_group->attachments));
	KUNIT_EXPECT_EQ(test, md->dev.iommu->feature_users[IOMMU_DEV_FEAT_AUX], 0);
}

static void expect_unused(struct kunit *test, struct iommu_domain *domain)
{
	KUNIT_EXPECT_EQ(test, domain->aux_users, 0);
	KUNIT_EXPECT_EQ(test, domain->aux_pasid, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&domain->attachments), 0);
}

static void aux_attach(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 1), *b = mock_dev_add(test, "b", 1);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct iommu_domain *def = iommu_get_domain_for_dev(&a->dev);
	int p, q;

	mock_allow(a, def, NULL);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_ASSERT_EQ(test, attach(two, a), 0);
	p = pasid_of(one, a);
	q = pasid_of(two, a);
	KUNIT_ASSERT_GT(test, p, 0);
	KUNIT_ASSERT_GT(test, q, 0);
	KUNIT_EXPECT_NE(test, p, q);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[p], one);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[q], two);

	/* The primary domain and the rest of the group are not concerned. */
	EXPECT_IN(test, a, def);
	EXPECT_IN(test, b, def);
	KUNIT_EXPECT_EQ(test, nr_set(b), 0);
	KUNIT_EXPECT_EQ(test, a->nr_history, 0);

	KUNIT_EXPECT_PTR_EQ(test, iommu_aux_get_domain(&a->dev, p), one);
	KUNIT_EXPECT_PTR_EQ(test, iommu_aux_get_domain(&a->dev, q), two);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_aux_get_domain(&b->dev, p)), -ENOENT);
	detach(one, a);
	KUNIT_EXPECT_NULL(test, a->pasids[p]);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[q], two);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_aux_get_domain(&a->dev, p)), -ENOENT);
	KUNIT_EXPECT_EQ(test, pasid_of(one, a), -ENOENT);
	detach(two, a);
	expect_clean(test, a);
	expect_unused(test, one);
}

static void aux_counts(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a);
	int p;

	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	p = pasid_of(one, a);
	/* The mock would notice if the hardware were told again. */
	KUNIT_EXPECT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, nr_set(a), 1);
	detach(one, a);
	detach(one, a);
	KUNIT_EXPECT_EQ(test, pasid_of(one, a), p);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[p], one);
	detach(one, a);
	KUNIT_EXPECT_NULL(test, a->pasids[p]);
	expect_clean(test, a);
	expect_unused(test, one);

	kunit_info(test, "expected splat: core/aux.c");
	detach(one, a);
	expect_clean(test, a);
	expect_unused(test, one);
}

/* One domain, one PASID, on devices of one group and of others. */
static void aux_shared(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 1), *b = aux_dev(test, "b", 1);
	struct mock_dev *c = aux_dev(test, "c", 0);
	struct iommu_domain *one = mock_paging(test, a);
	int p;

	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	p = pasid_of(one, a);
	KUNIT_EXPECT_EQ(test, pasid_of(one, b), -ENOENT);
	KUNIT_ASSERT_EQ(test, attach(one, b), 0);
	KUNIT_ASSERT_EQ(test, attach(one, c), 0);
	KUNIT_EXPECT_EQ(test, pasid_of(one, b), p);
	KUNIT_EXPECT_EQ(test, pasid_of(one, c), p);
	KUNIT_EXPECT_PTR_EQ(test, b->pasids[p], one);
	KUNIT_EXPECT_PTR_EQ(test, c->pasids[p], one);

	detach(one, a);
	KUNIT_EXPECT_NULL(test, a->pasids[p]);
	KUNIT_EXPECT_PTR_EQ(test, b->pasids[p], one);
	detach(one, b);
	KUNIT_EXPECT_EQ(test, pasid_of(one, c), p);
	expect_clean(test, b);
	/* Still taken. */
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, p, p, NULL), INVALID_IOASID);
	detach(one, c);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, p, p, NULL), p);
	ioasid_free(NULL, p);
	expect_unused(test, one);
}

/* 'Primary' and 'aux' belong to the binding, not to the domain. */
static void aux_and_primary(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0), *b = aux_dev(test, "b", 0);
	struct iommu_domain *one = mock_paging(test, a);
	int p;

	KUNIT_ASSERT_EQ(test, iommu_attach_device(one, &b->dev), 0);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_ASSERT_EQ(test, attach(one, b), 0);
	p = pasid_of(one, a);
	EXPECT_IN(test, b, one);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[p], one);
	KUNIT_EXPECT_PTR_EQ(test, b->pasids[p], one);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->attachments), 3);

	/* A detach cannot be refused. */
	iommu_detach_device(one, &b->dev);
	KUNIT_EXPECT_PTR_EQ(test, b->pasids[p], one);
	detach(one, a);
	detach(one, b);
	expect_unused(test, one);
}

static void aux_not_enabled(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 0), *b = mock_dev_add(test, "b", 0);
	struct device *bare = kunit_kzalloc(test, sizeof(*bare), GFP_KERNEL);
	struct iommu_domain *one = mock_paging(test, a);

	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_EQ(test, attach(one, a), -EPERM);
	KUNIT_EXPECT_EQ(test, pasid_of(one, a), -EPERM);
	b->lacks_aux = true;
	KUNIT_EXPECT_EQ(test, attach(one, b), -ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(&b->dev, IOMMU_DEV_FEAT_AUX), -ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_aux_attach_device(one, bare), -ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_aux_get_pasid(one, bare), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_aux_get_domain(bare, 1)), -ENODEV);
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(bare, 1, 2), -ENODEV);
	expect_clean(test, a);
	expect_unused(test, one);
}

static void aux_wrong_domains(struct kunit *test)
{
	static const struct iommu_ops other_ops;
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a);
	struct iommu_domain *def = iommu_get_domain_for_dev(&a->dev);
	struct iommu_domain foreign = { .type = IOMMU_DOMAIN_UNMANAGED,
					.ops = one->ops, .owner = &other_ops };
	static const unsigned int types[] = {
		IOMMU_DOMAIN_BLOCKED, IOMMU_DOMAIN_IDENTITY, IOMMU_DOMAIN_DMA,
		IOMMU_DOMAIN_DMA_FQ, IOMMU_DOMAIN_SVA, IOMMU_DOMAIN_NESTED,
	};
	unsigned int i;

	KUNIT_EXPECT_EQ(test, attach(&foreign, a), -EINVAL);
	KUNIT_EXPECT_EQ(test, pasid_of(&foreign, a), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(def, a), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&mock_blocked, a), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&mock_identity, a), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		foreign = (struct iommu_domain) { .type = types[i], .ops = one->ops,
						  .owner = one->owner };
		KUNIT_EXPECT_EQ(test, attach(&foreign, a), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_aux_get_domain(&a->dev, 0)), -EINVAL);
	expect_clean(test, a);
}

static void aux_range(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0), *b = aux_dev(test, "b", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct iommu_domain *three = mock_paging(test, a);

	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 0, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 5, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 16, 20), -ERANGE);
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 13, 14), 0);

	KUNIT_EXPECT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, attach(two, a), 0);
	KUNIT_EXPECT_EQ(test, pasid_of(one, a) + pasid_of(two, a), 13 + 14);
	KUNIT_EXPECT_EQ(test, attach(three, a), -ENOSPC);
	KUNIT_EXPECT_EQ(test, nr_set(a), 2);
	expect_unused(test, three);
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 1, 15), -EBUSY);

	/* The domain has its PASID, which another device cannot use. */
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&b->dev, 1, 12), 0);
	KUNIT_EXPECT_EQ(test, attach(one, b), -ERANGE);
	KUNIT_EXPECT_EQ(test, attach(three, b), 0);
	KUNIT_EXPECT_LE(test, pasid_of(three, b), 12);
	KUNIT_EXPECT_EQ(test, attach(three, a), -ERANGE);
	detach(three, b);
	expect_clean(test, b);
	detach(one, a);
	detach(two, a);

	/* The driver's limit does not reach beyond the device's. */
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 15, 1000), 0);
	KUNIT_EXPECT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, attach(two, a), -ENOSPC);
	detach(one, a);
	b->dev.iommu->max_pasids = 1;
	KUNIT_EXPECT_EQ(test, iommu_aux_set_pasid_range(&b->dev, 1, 1), -ENODEV);
	expect_clean(test, a);
}

/* Somebody uses a number that he was not given. */
static void aux_taken(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);

	KUNIT_ASSERT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 7, 7), 0);
	KUNIT_ASSERT_EQ(test, iommu_attach_device_pasid(one, &a->dev, 7, NULL), 0);
	KUNIT_EXPECT_EQ(test, attach(two, a), -EBUSY);
	/* The number went back, and stays out of use while it is attached. */
	KUNIT_EXPECT_EQ(test, attach(one, a), -ENOSPC);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[7], one);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iommu_aux_get_domain(&a->dev, 7)), -ENOENT);
	iommu_detach_device_pasid(one, &a->dev, 7);

	/* Nor can he detach what is not his. */
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(one, &a->dev, 7, NULL), -EBUSY);
	kunit_info(test, "expected splat: core/pasid.c");
	iommu_detach_device_pasid(one, &a->dev, 7);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[7], one);
	detach(one, a);
	expect_clean(test, a);
}

/* The driver's own refusal. */
static void aux_driver_refuses(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 1), *b = aux_dev(test, "b", 1);
	struct iommu_domain *one = mock_paging(test, a);

	a->fail_pasid = 1;
	KUNIT_EXPECT_EQ(test, attach(one, a), -ENOSPC);
	expect_clean(test, a);
	expect_unused(test, one);

	/* The other device keeps what it has. */
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	b->fail_pasid = 1;
	KUNIT_EXPECT_EQ(test, attach(one, b), -ENOSPC);
	KUNIT_EXPECT_EQ(test, nr_set(a), 1);
	KUNIT_EXPECT_EQ(test, nr_set(b), 0);
	KUNIT_EXPECT_EQ(test, one->aux_users, 1);
	detach(one, a);
	expect_clean(test, a);
}

/* What keeps the primary domain, and what keeps aux-domains away. */
static void aux_pins_primary(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 1), *b = mock_dev_add(test, "b", 1);
	struct iommu_group *group = a->dev.iommu_group;
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct iommu_domain *def = iommu_get_domain_for_dev(&a->dev);

	KUNIT_ASSERT_EQ(test, iommu_device_use_default_domain(&a->dev), 0);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	mock_allow(a, def, NULL);
	mock_allow(b, def, NULL);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(two, group), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(group, &owner_token), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&a->dev, &owner_token), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(&b->dev, &owner_token), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_group_store_type(group, "identity", 8), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_group_store_type(group, "DMA-FQ", 6), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(&a->dev, IOMMU_DEV_FEAT_AUX), -EBUSY);
	EXPECT_IN(test, a, def);
	EXPECT_IN(test, b, def);
	/* A driver of another member uses the same DMA API as before. */
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&b->dev), 0);
	iommu_device_unuse_default_domain(&b->dev);

	detach(one, a);
	KUNIT_EXPECT_EQ(test, iommu_group_store_type(group, "identity", 8), -EPERM);
	KUNIT_EXPECT_EQ(test, iommu_group_claim_dma_owner(group, &owner_token), -EPERM);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(&a->dev, IOMMU_DEV_FEAT_AUX), 0);
	iommu_device_unuse_default_domain(&a->dev);
}

static void aux_pins_primary_alone(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct iommu_domain *def = iommu_get_domain_for_dev(&a->dev);

	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(two, &a->dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(one, &a->dev), -EBUSY);
	EXPECT_IN(test, a, def);
	detach(one, a);
	KUNIT_EXPECT_EQ(test, iommu_attach_device(two, &a->dev), 0);
	iommu_detach_device(two, &a->dev);
}

static void aux_while_claimed(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 1), *b = aux_dev(test, "b", 1);
	struct iommu_domain *one = mock_paging(test, a);
	struct iommu_group *group = a->dev.iommu_group;

	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&b->dev, &owner_token), 0);
	KUNIT_EXPECT_EQ(test, attach(one, a), -EBUSY);
	KUNIT_EXPECT_EQ(test, attach(one, b), -EBUSY);
	/* What SVA binds with. */
	KUNIT_EXPECT_EQ(test, iommu_attach_host_pasid(one, &a->dev, 5, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, nr_set(a) + nr_set(b), 0);
	expect_unused(test, one);

	/* The owner's own attaches go on. */
	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(one, &a->dev, 5, NULL), 0);
	iommu_detach_device_pasid(one, &a->dev, 5);
	iommu_device_release_dma_owner(&b->dev);
	KUNIT_EXPECT_EQ(test, iommu_attach_host_pasid(one, &a->dev, 5, NULL), 0);
	iommu_detach_device_pasid(one, &a->dev, 5);

	KUNIT_ASSERT_EQ(test, iommu_group_claim_dma_owner(group, &owner_token), 0);
	KUNIT_EXPECT_EQ(test, attach(one, a), -EBUSY);
	iommu_group_release_dma_owner(group);
	KUNIT_EXPECT_EQ(test, attach(one, a), 0);
	detach(one, a);
	expect_clean(test, a);
}

/* A number comes back only when the hardware has forgotten it. */
static void aux_drain(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	int drains;

	KUNIT_ASSERT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 9, 9), 0);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	drains = atomic_read(&mock.drains);
	WRITE_ONCE(mock.drain_error, -EBUSY);
	detach(one, a);
	KUNIT_EXPECT_NULL(test, a->pasids[9]);
	KUNIT_EXPECT_EQ(test, attach(two, a), -ENOSPC);
	KUNIT_EXPECT_EQ(test, attach(one, a), -ENOSPC);
	KUNIT_EXPECT_GT(test, atomic_read(&mock.drains), drains);
	expect_clean(test, a);

	drains = atomic_read(&mock.drains);
	WRITE_ONCE(mock.drain_error, 0);
	KUNIT_EXPECT_EQ(test, attach(two, a), 0);
	KUNIT_EXPECT_EQ(test, pasid_of(two, a), 9);
	KUNIT_EXPECT_GT(test, atomic_read(&mock.drains), drains);
	detach(two, a);
}

/* Who listens to PASIDs (KVM does) hears of this one, and can refuse it. */

struct listener {
	struct notifier_block nb;
	atomic_t binds;
	atomic_t unbinds;
	int refuse;
};

static int listen(struct notifier_block *nb, unsigned long event, void *data)
{
	struct listener *l = container_of(nb, struct listener, nb);

	if (event == IOASID_NOTIFY_UNBIND)
		atomic_inc(&l->unbinds);
	if (event != IOASID_NOTIFY_BIND)
		return NOTIFY_DONE;
	atomic_inc(&l->binds);
	return notifier_from_errno(l->refuse);
}

static void aux_listeners(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0), *b = aux_dev(test, "b", 0);
	struct iommu_domain *one = mock_paging(test, a);
	struct listener l = { .nb.notifier_call = listen };

	/* Numbers of the tests before may still be on their way back. */
	ioasid_flush();
	KUNIT_ASSERT_EQ(test, ioasid_register_notifier(&ioasid_host_set, &l.nb), 0);
	KUNIT_EXPECT_EQ(test, attach(one, a), 0);
	KUNIT_EXPECT_EQ(test, attach(one, b), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&l.binds), 1);
	detach(one, a);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, atomic_read(&l.unbinds), 0);
	detach(one, b);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, atomic_read(&l.unbinds), 1);

	l.refuse = -EACCES;
	KUNIT_EXPECT_EQ(test, attach(one, a), -EACCES);
	expect_clean(test, a);
	expect_unused(test, one);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(&ioasid_host_set, &l.nb), 0);
}

static void aux_subdevs(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct device *s = kunit_kcalloc(test, 2, sizeof(*s), GFP_KERNEL);
	int p;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_NULL(test, iommu_aux_get_subdev_domain(s));
	KUNIT_EXPECT_EQ(test, iommu_aux_attach_subdev(one, &a->dev, &a->dev), -EINVAL);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_subdev(one, &a->dev, s), 0);
	KUNIT_EXPECT_EQ(test, iommu_aux_attach_subdev(two, &a->dev, s), -EBUSY);
	KUNIT_EXPECT_EQ(test, nr_set(a), 1);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_subdev(one, &a->dev, s + 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, iommu_aux_get_subdev_domain(s), one);
	KUNIT_EXPECT_PTR_EQ(test, iommu_aux_get_subdev_domain(s + 1), one);
	p = pasid_of(iommu_aux_get_subdev_domain(s), a);
	KUNIT_ASSERT_GT(test, p, 0);
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[p], one);
	/* No aux-domains of a part. */
	KUNIT_EXPECT_EQ(test, iommu_aux_attach_device(two, s), -ENODEV);

	iommu_aux_detach_subdev(s);
	KUNIT_EXPECT_NULL(test, iommu_aux_get_subdev_domain(s));
	KUNIT_EXPECT_PTR_EQ(test, a->pasids[p], one);
	iommu_aux_detach_subdev(s + 1);
	expect_clean(test, a);
	expect_unused(test, one);
}

/* Whatever a driver leaves behind goes with it, and it is told once. */
static void aux_careless_driver(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0), *b = aux_dev(test, "b", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct device *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, iommu_device_use_default_domain(&a->dev), 0);
	KUNIT_ASSERT_EQ(test, iommu_aux_set_pasid_range(&a->dev, 3, 9), 0);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_ASSERT_EQ(test, attach(one, b), 0);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_subdev(two, &a->dev, s), 0);

	kunit_info(test, "expected splat: core/aux.c");
	iommu_device_unuse_default_domain(&a->dev);
	expect_clean(test, a);
	expect_unused(test, two);
	KUNIT_EXPECT_NULL(test, iommu_aux_get_subdev_domain(s));
	KUNIT_EXPECT_FALSE(test, iommu_dev_feature_enabled(&a->dev, IOMMU_DEV_FEAT_AUX));
	KUNIT_EXPECT_FALSE(test, a->features[IOMMU_DEV_FEAT_AUX]);
	KUNIT_EXPECT_EQ(test, a->dev.iommu->aux_min, 0);
	/* The other device's driver is not the one that went. */
	KUNIT_EXPECT_EQ(test, nr_set(b), 1);
	KUNIT_EXPECT_EQ(test, one->aux_users, 1);
	detach(one, b);

	/* Those who clean up hear nothing. */
	KUNIT_ASSERT_EQ(test, iommu_device_use_default_domain(&b->dev), 0);
	iommu_device_unuse_default_domain(&b->dev);
	expect_unused(test, one);
}

static void aux_careless_removal(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 1), *b = aux_dev(test, "b", 1);
	struct iommu_domain *one = mock_paging(test, b), *two = mock_paging(test, b);

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_EQ(test, mock_dev_plug(a), 0);
	KUNIT_ASSERT_EQ(test, iommu_dev_enable_feature(&a->dev, IOMMU_DEV_FEAT_AUX), 0);
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	KUNIT_ASSERT_EQ(test, attach(two, a), 0);
	KUNIT_ASSERT_EQ(test, attach(one, b), 0);

	/* The mock looks for PASIDs that are still set at release. */
	kunit_info(test, "expected splat: core/aux.c");
	mock_dev_free(a);
	KUNIT_EXPECT_EQ(test, nr_set(b), 1);
	KUNIT_EXPECT_EQ(test, one->aux_users, 1);
	expect_unused(test, two);
	detach(one, b);
	expect_clean(test, b);
	expect_unused(test, one);
}

static void aux_free_in_use(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = iommu_paging_domain_alloc(&a->dev);
	int domains = mock.domains;

	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	KUNIT_ASSERT_EQ(test, attach(one, a), 0);
	kunit_info(test, "expected splat: core/domain.c");
	iommu_domain_free(one);
	KUNIT_EXPECT_EQ(test, mock.domains, domains);
	detach(one, a);
	KUNIT_ASSERT_EQ(test, iommu_attach_device(one, &a->dev), 0);
	kunit_info(test, "expected splat: core/domain.c");
	iommu_domain_free(one);
	KUNIT_EXPECT_EQ(test, mock.domains, domains);
	iommu_detach_device(one, &a->dev);
	iommu_domain_free(one);
	KUNIT_EXPECT_EQ(test, mock.domains, domains - 1);
}

static void aux_feature(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 0);
	struct device *dev = &a->dev;

	/* Asking changes nothing. */
	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_AUX));
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_SVA));
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_NR));
	KUNIT_EXPECT_EQ(test, a->feature_calls, 0);
	KUNIT_EXPECT_FALSE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_AUX));

	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_AUX), 0);
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_AUX), 0);
	KUNIT_EXPECT_EQ(test, a->feature_calls, 1);
	KUNIT_EXPECT_TRUE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_AUX));
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_AUX), 0);
	KUNIT_EXPECT_TRUE(test, a->features[IOMMU_DEV_FEAT_AUX]);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_AUX), 0);
	KUNIT_EXPECT_FALSE(test, a->features[IOMMU_DEV_FEAT_AUX]);
	KUNIT_EXPECT_EQ(test, iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_AUX), -EINVAL);
	KUNIT_EXPECT_EQ(test, a->feature_calls, 2);

	a->fail_feature = -ENOMEM;
	KUNIT_EXPECT_EQ(test, iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_AUX), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, iommu_dev_feature_enabled(dev, IOMMU_DEV_FEAT_AUX));
	a->fail_feature = 0;

	/* A driver that cannot be asked is made to try. */
	mock_lacks_query();
	a->feature_calls = 0;
	KUNIT_EXPECT_TRUE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_AUX));
	KUNIT_EXPECT_EQ(test, a->feature_calls, 2);
	KUNIT_EXPECT_FALSE(test, a->features[IOMMU_DEV_FEAT_AUX]);
	a->lacks_aux = true;
	KUNIT_EXPECT_FALSE(test, iommu_dev_has_feature(dev, IOMMU_DEV_FEAT_AUX));
}

/* Each allocation of an attach fails once; nothing changes. */
static void aux_no_memory(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	unsigned int nth, failures = 0;
	bool failed = true;
	int ret;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "needs FAILSLAB and FAULT_INJECTION_DEBUG_FS");

	KUNIT_ASSERT_EQ(test, attach(two, a), 0);
	for (nth = 1; failed; nth++) {
		mock_fail_alloc(nth);
		ret = attach(one, a);
		failed = mock_fail_alloc_end();
		failures += !!ret;
		/* Some are tried again. */
		KUNIT_EXPECT_TRUE(test, !ret || ret == -ENOMEM);
		KUNIT_EXPECT_TRUE(test, failed || !ret);
		if (!ret)
			detach(one, a);
		expect_unused(test, one);
		KUNIT_EXPECT_EQ(test, nr_set(a), 1);
		KUNIT_EXPECT_PTR_EQ(test, a->pasids[pasid_of(two, a)], two);
		KUNIT_EXPECT_EQ(test, a->dev.iommu->feature_users[IOMMU_DEV_FEAT_AUX], 1);
	}
	/* The binding and the attachment at least. */
	KUNIT_EXPECT_GE(test, failures, 2);
	detach(two, a);
	expect_clean(test, a);
}

static struct kunit_case aux_cases[] = {
	KUNIT_CASE(aux_attach),
	KUNIT_CASE(aux_counts),
	KUNIT_CASE(aux_shared),
	KUNIT_CASE(aux_and_primary),
	KUNIT_CASE(aux_not_enabled),
	KUNIT_CASE(aux_wrong_domains),
	KUNIT_CASE(aux_range),
	KUNIT_CASE(aux_taken),
	KUNIT_CASE(aux_driver_refuses),
	KUNIT_CASE(aux_pins_primary),
	KUNIT_CASE(aux_pins_primary_alone),
	KUNIT_CASE(aux_while_claimed),
	KUNIT_CASE(aux_drain),
	KUNIT_CASE(aux_listeners),
	KUNIT_CASE(aux_subdevs),
	KUNIT_CASE(aux_careless_driver),
	KUNIT_CASE(aux_careless_removal),
	KUNIT_CASE(aux_free_in_use),
	KUNIT_CASE(aux_feature),
	KUNIT_CASE(aux_no_memory),
	{}
};

static struct kunit_suite aux_suite = {
	.name = "iommu-aux",
	.init = mock_test_init,
	.test_cases = aux_cases,
};

kunit_test_suite(aux_suite);
