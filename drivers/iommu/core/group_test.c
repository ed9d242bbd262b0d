// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups and the probe and release of devices, on the mock IOMMU.
 */

#include <kunit/device.h>
#include <linux/kernfs.h>

#include "../iommu-priv.h"
#include "mock.h"

static const char *const names[] = { "a", "b", "c" };

static bool has_entry(struct kernfs_node *dir, const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get(dir, name);

	kernfs_put(kn);
	return kn;
}

static bool lists(struct iommu_group *group, const char *name)
{
	return has_entry(group->devices_kobj->sd, name);
}

/* Reads a sysfs file of the group. */
static ssize_t read_file(struct iommu_group *group, const char *name, char *buf)
{
	struct kernfs_node *kn = kernfs_find_and_get(group->kobj.sd, name);
	ssize_t len = -ENOENT;

	if (kn)
		len = group->kobj.ktype->sysfs_ops->show(&group->kobj, kn->priv, buf);
	kernfs_put(kn);
	return len;
}

static void expect_text(struct kunit *test, struct iommu_group *group,
			const char *name, const char *text)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, read_file(group, name, page), (ssize_t)strlen(text));
	KUNIT_EXPECT_STREQ(test, page, text);
	free_page((unsigned long)page);
}

static void group_probe(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct iommu_group *group = a->dev.iommu_group;

	KUNIT_EXPECT_EQ(test, mock.devices, 1);
	KUNIT_EXPECT_EQ(test, mock.groups, 1);
	KUNIT_EXPECT_EQ(test, a->finalized, 1);
	KUNIT_EXPECT_EQ(test, a->nr_history, 1);
	EXPECT_IN(test, a, iommu_group_default_domain(group));
	KUNIT_EXPECT_TRUE(test, has_entry(a->dev.kobj.sd, "iommu_group"));
	KUNIT_EXPECT_TRUE(test, has_entry(a->dev.kobj.sd, "iommu"));
	KUNIT_EXPECT_TRUE(test, lists(group, "a"));
	KUNIT_EXPECT_EQ(test, iommu_probe_device(&a->dev), 0);
	KUNIT_EXPECT_EQ(test, mock.devices, 1);
}

static void group_sysfs(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 1);
	struct iommu_group *group;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->want_type = IOMMU_DOMAIN_DMA;
	a->direct = true;
	KUNIT_EXPECT_EQ(test, mock_dev_plug(a), 0);
	group = iommu_group_get(&a->dev);
	KUNIT_ASSERT_NOT_NULL(test, group);

	expect_text(test, group, "type", "DMA\n");
	expect_text(test, group, "reserved_regions",
		    "0x0000000000100000 0x0000000000101fff direct\n");
	KUNIT_EXPECT_FALSE(test, has_entry(group->kobj.sd, "name"));
	KUNIT_EXPECT_EQ(test, iommu_group_set_name(group, "one"), 0);
	expect_text(test, group, "name", "one\n");
	KUNIT_EXPECT_EQ(test, iommu_group_set_name(group, "two"), 0);
	expect_text(test, group, "name", "two\n");
	KUNIT_EXPECT_EQ(test, iommu_group_set_name(group, NULL), 0);
	KUNIT_EXPECT_FALSE(test, has_entry(group->kobj.sd, "name"));

	/* The group outlives its members while it is held. */
	mock_dev_free(a);
	KUNIT_EXPECT_EQ(test, mock.groups, 1);
	expect_text(test, group, "type", "unknown\n");
	iommu_group_put(group);
	KUNIT_EXPECT_EQ(test, mock.groups, 0);
}

static void group_shared(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct mock_dev *b = mock_dev_add(test, "b", 1);
	struct mock_dev *c = mock_dev_add(test, "c", 2);
	struct iommu_group *group = a->dev.iommu_group;

	KUNIT_EXPECT_PTR_EQ(test, b->dev.iommu_group, group);
	KUNIT_EXPECT_PTR_NE(test, c->dev.iommu_group, group);
	KUNIT_EXPECT_EQ(test, mock.groups, 2);
	EXPECT_IN(test, b, iommu_group_default_domain(group));
	KUNIT_EXPECT_EQ(test, b->finalized, 1);
}

static void group_name_clash(struct kunit *test)
{
	struct device *other = kunit_device_register(test, "clash");
	struct iommu_group *group;
	const char *name;
	char second[64];

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	name = dev_name(other);
	scnprintf(second, sizeof(second), "%s.0", name);
	group = mock_dev_add(test, name, 1)->dev.iommu_group;
	KUNIT_EXPECT_EQ(test, iommu_group_add_device(group, other), 0);
	KUNIT_EXPECT_TRUE(test, lists(group, name));
	KUNIT_EXPECT_TRUE(test, lists(group, second));
	iommu_group_remove_device(other);
	KUNIT_EXPECT_FALSE(test, lists(group, second));
	KUNIT_EXPECT_NULL(test, other->iommu_group);
	iommu_group_remove_device(other);
}

static int count_devs(struct device *dev, void *data)
{
	int *left = data;

	return --*left ? 0 : -EINTR;
}

static void group_iterate(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct iommu_group *group = a->dev.iommu_group;
	int left = 10;

	mock_dev_add(test, "b", 1);
	KUNIT_EXPECT_EQ(test, iommu_group_for_each_dev(group, &left, count_devs), 0);
	KUNIT_EXPECT_EQ(test, left, 8);
	left = 1;
	KUNIT_EXPECT_EQ(test, iommu_group_for_each_dev(group, &left, count_devs), -EINTR);
	KUNIT_EXPECT_EQ(test, left, 0);
}

/* A new member of a claimed group is blocked, and no driver can use it. */
static void group_hot_add_claimed(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1), *b;
	int owner;

	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&a->dev, &owner), 0);
	b = mock_dev_add(test, "b", 1);
	EXPECT_IN(test, b, &mock_blocked);
	KUNIT_EXPECT_EQ(test, b->nr_history, 1);
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&b->dev), -EBUSY);
	iommu_device_release_dma_owner(&a->dev);
	EXPECT_IN(test, b, iommu_group_default_domain(b->dev.iommu_group));
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(&b->dev), 0);
	iommu_device_unuse_default_domain(&b->dev);
}

/* A member that must not be blocked cannot join a claimed group. */
static void group_hot_add_direct(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1), *b;
	struct iommu_domain *domain = mock_paging(test, a);
	int owner;

	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&a->dev, &owner), 0);
	KUNIT_ASSERT_EQ(test, iommu_attach_device(domain, &a->dev), 0);
	b = mock_dev_new("b", 1);
	KUNIT_ASSERT_NOT_NULL(test, b);
	b->direct = true;
	KUNIT_EXPECT_EQ(test, mock_dev_plug(b), 0);
	KUNIT_EXPECT_NULL(test, b->dev.iommu_group);
	KUNIT_EXPECT_FALSE(test, lists(a->dev.iommu_group, "b"));
	KUNIT_EXPECT_EQ(test, mock.devices, 1);
	mock_dev_free(b);
	iommu_detach_device(domain, &a->dev);
	iommu_device_release_dma_owner(&a->dev);
}

/* Members come and go; the rest of the group stays what it was. */
static void group_hot_remove(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct iommu_group *group = a->dev.iommu_group;
	struct mock_dev *b = mock_dev_new("b", 1);
	unsigned int refs = kref_read(&group->devices_kobj->kref);
	int domains = mock.domains;

	KUNIT_ASSERT_NOT_NULL(test, b);
	KUNIT_EXPECT_EQ(test, mock_dev_plug(b), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&group->devices_kobj->kref), refs + 1);
	mock_dev_free(b);
	KUNIT_EXPECT_EQ(test, kref_read(&group->devices_kobj->kref), refs);
	KUNIT_EXPECT_FALSE(test, lists(group, "b"));
	KUNIT_EXPECT_EQ(test, mock.devices, 1);
	KUNIT_EXPECT_EQ(test, mock.domains, domains);
	EXPECT_IN(test, a, iommu_group_default_domain(group));
}

/* A driver's bug: the device goes with its claim and its domain. */
static void group_hot_remove_attached(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 1);
	struct mock_dev *b = mock_dev_new("b", 1);
	struct iommu_domain *domain = mock_paging(test, a);
	int owner;

	KUNIT_ASSERT_NOT_NULL(test, b);
	KUNIT_ASSERT_EQ(test, mock_dev_plug(b), 0);
	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&a->dev, &owner), 0);
	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(&b->dev, &owner), 0);
	KUNIT_ASSERT_EQ(test, iommu_attach_device(domain, &b->dev), 0);
	EXPECT_IN(test, a, domain);
	mock_allow(a, domain, &mock_blocked);
	mock_dev_free(b);
	EXPECT_IN(test, a, &mock_blocked);
	KUNIT_EXPECT_EQ(test, a->dev.iommu_group->owner_cnt, 1);
	mock_allow(a, NULL, NULL);
	iommu_device_release_dma_owner(&a->dev);
	KUNIT_EXPECT_FALSE(test, iommu_group_dma_owner_claimed(a->dev.iommu_group));
}

static void group_probe_errors(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 1), *b;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->fail_probe = -EIO;
	KUNIT_EXPECT_EQ(test, mock_dev_plug(a), 0);
	KUNIT_EXPECT_NULL(test, a->dev.iommu_group);
	KUNIT_EXPECT_NULL(test, a->dev.iommu);
	KUNIT_EXPECT_EQ(test, iommu_probe_device(&a->dev), -ENODEV);

	/* The first attach fails: no group is left behind. */
	a->fail_probe = 0;
	KUNIT_ASSERT_EQ(test, mock_dev_describe(a), 0);
	mock_fail(a, 1, 1, -ENOSPC);
	KUNIT_EXPECT_EQ(test, iommu_probe_device(&a->dev), -ENOSPC);
	KUNIT_EXPECT_NULL(test, a->dev.iommu_group);
	KUNIT_EXPECT_EQ(test, mock.devices + mock.groups + mock.domains, 0);
	mock_dev_free(a);

	/* The second member fails: the first does not notice. */
	a = mock_dev_add(test, "a", 1);
	b = mock_dev_new("b", 1);
	KUNIT_ASSERT_NOT_NULL(test, b);
	mock_fail(b, 1, 1, -EINVAL);
	KUNIT_EXPECT_EQ(test, mock_dev_plug(b), 0);
	KUNIT_EXPECT_NULL(test, b->dev.iommu_group);
	KUNIT_EXPECT_EQ(test, mock.devices, 1);
	EXPECT_IN(test, a, iommu_group_default_domain(a->dev.iommu_group));
	mock_dev_free(b);
}

/*
 * Each allocation of a probe fails once: either the probe copes, or it leaves
 * nothing behind and works the next time.
 */
static void probe_without_memory(struct kunit *test, struct mock_dev *md)
{
	int devices = mock.devices, groups = mock.groups;
	int domains = mock.domains;
	bool failed = true;
	unsigned int nth;
	int ret;

	for (nth = 1; failed; nth++) {
		KUNIT_ASSERT_EQ(test, mock_dev_describe(md), 0);
		mock_fail_alloc(nth);
		ret = iommu_probe_device(&md->dev);
		failed = mock_fail_alloc_end();
		if (!ret) {
			KUNIT_EXPECT_NOT_NULL(test, md->dev.iommu_group);
			iommu_release_device(&md->dev);
		}
		KUNIT_EXPECT_TRUE(test, !ret || (failed && ret == -ENOMEM));
		KUNIT_EXPECT_NULL(test, md->dev.iommu_group);
		KUNIT_EXPECT_NULL(test, md->dev.iommu);
		KUNIT_EXPECT_FALSE(test, has_entry(md->dev.kobj.sd, "iommu_group"));
		KUNIT_EXPECT_FALSE(test, has_entry(md->dev.kobj.sd, "iommu"));
		KUNIT_EXPECT_EQ(test, mock.devices, devices);
		KUNIT_EXPECT_EQ(test, mock.groups, groups);
		KUNIT_EXPECT_EQ(test, mock.domains, domains);
	}
	kunit_info(test, "%u allocations failed one by one\n", nth - 2);
	KUNIT_EXPECT_GT(test, nth, 3);
}

static void group_no_memory(struct kunit *test)
{
	struct mock_dev *a = mock_dev_new("a", 1);
	struct iommu_group *group;
	unsigned int refs;
	struct mock_dev *b;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->fail_probe = -ENODEV;
	a->want_type = IOMMU_DOMAIN_DMA;
	KUNIT_ASSERT_EQ(test, mock_dev_plug(a), 0);
	a->fail_probe = 0;
	if (mock_can_fail_allocs())
		probe_without_memory(test, a);

	b = mock_dev_add(test, "b", 1);
	group = b->dev.iommu_group;
	refs = kref_read(&group->devices_kobj->kref);
	if (mock_can_fail_allocs())
		probe_without_memory(test, a);
	KUNIT_EXPECT_EQ(test, kref_read(&group->devices_kobj->kref), refs);
	KUNIT_EXPECT_FALSE(test, lists(group, "a"));
	EXPECT_IN(test, b, iommu_group_default_domain(group));
	mock_dev_free(a);
	if (!mock_can_fail_allocs())
		kunit_skip(test, "needs FAILSLAB and FAULT_INJECTION_DEBUG_FS");
}

/* Probing a whole bus: groups get their default domain when all are known. */
static void group_bus_probe(struct kunit *test)
{
	struct mock_dev *md[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		md[i] = mock_dev_new(names[i], 1 + i / 2);
		KUNIT_ASSERT_NOT_NULL(test, md[i]);
		md[i]->fail_probe = -ENODEV;
		KUNIT_ASSERT_EQ(test, mock_dev_plug(md[i]), 0);
		KUNIT_ASSERT_EQ(test, mock_dev_describe(md[i]), 0);
		md[i]->fail_probe = 0;
	}
	/* The second member decides for the group, although the first comes first. */
	md[1]->want_type = IOMMU_DOMAIN_IDENTITY;
	md[2]->want_type = IOMMU_DOMAIN_DMA;
	KUNIT_EXPECT_EQ(test, bus_iommu_probe(&mock_bus), 0);
	EXPECT_IN(test, md[0], &mock_identity);
	EXPECT_IN(test, md[1], &mock_identity);
	KUNIT_EXPECT_TRUE(test, iommu_is_dma_domain(md[2]->cur));
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, md[i]->nr_history, 1);
		KUNIT_EXPECT_EQ(test, md[i]->finalized, 1);
		mock_dev_free(md[i]);
	}
}

static struct kunit_case group_cases[] = {
	KUNIT_CASE(group_probe),
	KUNIT_CASE(group_sysfs),
	KUNIT_CASE(group_shared),
	KUNIT_CASE(group_name_clash),
	KUNIT_CASE(group_iterate),
	KUNIT_CASE(group_hot_add_claimed),
	KUNIT_CASE(group_hot_add_direct),
	KUNIT_CASE(group_hot_remove),
	KUNIT_CASE(group_hot_remove_attached),
	KUNIT_CASE(group_probe_errors),
	KUNIT_CASE(group_no_memory),
	KUNIT_CASE(group_bus_probe),
	{}
};

static struct kunit_suite group_suite = {
	.name = "iommu-group",
	.init = mock_test_init,
	.test_cases = group_cases,
};

kunit_test_suite(group_suite);
