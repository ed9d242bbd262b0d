// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mock IOMMU: see mock.h.
 */

#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../iommu-priv.h"
#include "mock.h"

struct mock_state mock;

static struct iommu_device mock_unit;
static struct notifier_block mock_nb;
static const struct fwnode_operations mock_fwnode_ops;
static struct fwnode_handle mock_fwnode;

static struct mock_dev *to_mock(struct device *dev)
{
	return container_of(dev, struct mock_dev, dev);
}

static void violation(struct device *dev, const char *what)
{
	mock.violations++;
	dev_err(dev, "mock: %s\n", what);
}

/* Failing allocations */

#ifdef CONFIG_FAILSLAB

static unsigned int held_failures;	/* of the one test that runs */

static void hold_alloc_failures(void)
{
	if (!current->fail_nth)
		return;
	held_failures = current->fail_nth;
	current->fail_nth = 0;
}

/*
 * The slab allocator fails only allocations that cannot sleep unless told
 * otherwise through debugfs, whose file is a variable.
 */
static bool *failslab_file(const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL), *file;
	void *data = NULL;

	if (!dir)
		return NULL;
	file = debugfs_lookup(name, dir);
	dput(dir);
	if (!file)
		return NULL;
	data = d_inode(file)->i_private;
	dput(file);
	return data;
}

bool mock_can_fail_allocs(void)
{
	return failslab_file("ignore-gfp-wait") && failslab_file("verbose");
}

/* Lets the @nth allocation of this task fail, counted from 1. */
void mock_fail_alloc(unsigned int nth)
{
	*failslab_file("ignore-gfp-wait") = false;
	*(unsigned long *)failslab_file("verbose") = 0;
	held_failures = 0;
	current->fail_nth = nth;
}

/* Returns whether an allocation failed since mock_fail_alloc(). */
bool mock_fail_alloc_end(void)
{
	bool failed = !current->fail_nth && !held_failures;

	current->fail_nth = 0;
	*failslab_file("ignore-gfp-wait") = true;
	return failed;
}

#else /* !CONFIG_FAILSLAB */

static void hold_alloc_failures(void)
{
}

bool mock_can_fail_allocs(void)
{
	return false;
}

void mock_fail_alloc(unsigned int nth)
{
}

bool mock_fail_alloc_end(void)
{
	return false;
}

#endif /* CONFIG_FAILSLAB */

/* Domains */

static bool is_allowed(struct mock_dev *md, struct iommu_domain *domain)
{
	unsigned int i;

	/* The last resort is always right. */
	if (!md->allowed[0] || domain == &mock_blocked)
		return true;
	for (i = 0; i < MOCK_ALLOWED; i++) {
		if (md->allowed[i] == domain)
			return true;
	}
	return false;
}

static int mock_attach(struct iommu_domain *domain, struct device *dev)
{
	struct mock_dev *md = to_mock(dev);

	if (!is_allowed(md, domain))
		violation(dev, "attached to a domain that is neither old, new nor blocked");
	md->history[md->nr_history++ % MOCK_HISTORY] = domain;

	if (md->fail_in && !--md->fail_in) {
		if (--md->fail_times)
			md->fail_in = 1;
		return md->fail_error;
	}
	md->cur = domain;
	/* What follows is the DMA API's, which does not survive it everywhere. */
	if (iommu_is_dma_domain(domain))
		hold_alloc_failures();
	return 0;
}

static int mock_set_pasid(struct iommu_domain *domain, struct device *dev,
			  ioasid_t pasid, struct iommu_domain *old)
{
	struct mock_dev *md = to_mock(dev);

	if (WARN_ON(pasid >= md->nr_pasids))
		return -ERANGE;
	if (md->pasids[pasid])
		violation(dev, "PASID set twice");
	if (md->fail_pasid && !--md->fail_pasid)
		return -ENOSPC;
	md->pasids[pasid] = domain;
	return 0;
}

static void mock_remove_pasid(struct device *dev, ioasid_t pasid,
			      struct iommu_domain *domain)
{
	struct mock_dev *md = to_mock(dev);

	if (md->pasids[pasid] != domain)
		violation(dev, "PASID cleared that was not set");
	md->pasids[pasid] = NULL;
}

static int still_set(struct device *dev, void *pasid)
{
	struct mock_dev *md = to_mock(dev);
	ioasid_t nr = *(ioasid_t *)pasid;

	if (nr < md->nr_pasids && READ_ONCE(md->pasids[nr]))
		violation(dev, "PASID drained that is set");
	return 0;
}

static int mock_drain(struct iommu_device *unit, ioasid_t pasid)
{
	atomic_inc(&mock.drains);
	bus_for_each_dev(&mock_bus, NULL, &pasid, still_set);
	return READ_ONCE(mock.drain_error);
}

static int in_use(struct device *dev, void *domain)
{
	struct mock_dev *md = to_mock(dev);
	unsigned int i;

	if (md->cur == domain)
		violation(dev, "its domain is freed");
	for (i = 0; i < md->nr_pasids; i++) {
		if (md->pasids[i] == domain)
			violation(dev, "the domain of a PASID is freed");
	}
	return 0;
}

static void mock_domain_free(struct iommu_domain *domain)
{
	bus_for_each_dev(&mock_bus, NULL, domain, in_use);
	mock.domains--;
	kfree(domain);
}

static int mock_map(struct iommu_domain *domain, unsigned long iova,
		    phys_addr_t paddr, size_t pgsize, size_t pgcount, int prot,
		    gfp_t gfp, size_t *mapped)
{
	*mapped = pgsize * pgcount;
	mock.mapped += *mapped;
	return 0;
}

static size_t mock_unmap(struct iommu_domain *domain, unsigned long iova,
			 size_t pgsize, size_t pgcount,
			 struct iommu_iotlb_gather *gather)
{
	return pgsize * pgcount;
}

static phys_addr_t mock_lookup(struct iommu_domain *domain, dma_addr_t iova)
{
	return 0;
}

static const struct iommu_domain_ops static_ops = {
	.attach_dev = mock_attach,
};

struct iommu_domain mock_blocked = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &static_ops,
};

struct iommu_domain mock_identity = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &static_ops,
};

static const struct iommu_domain_ops paging_ops = {
	.attach_dev = mock_attach,
	.set_dev_pasid = mock_set_pasid,
	.map_pages = mock_map,
	.unmap_pages = mock_unmap,
	.iova_to_phys = mock_lookup,
	.free = mock_domain_free,
};

static struct iommu_domain *mock_alloc_paging(struct device *dev)
{
	struct iommu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->geometry.aperture_end = DMA_BIT_MASK(32);
	domain->geometry.force_aperture = true;
	mock.domains++;
	return domain;
}

/* Devices */

static bool mock_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY ||
	       cap == IOMMU_CAP_DEFERRED_FLUSH;
}

static bool mock_has(struct device *dev, enum iommu_dev_features f)
{
	return f == IOMMU_DEV_FEAT_AUX && !to_mock(dev)->lacks_aux;
}

static int mock_switch(struct device *dev, enum iommu_dev_features f, bool on)
{
	struct mock_dev *md = to_mock(dev);

	md->feature_calls++;
	if (!mock_has(dev, f))
		return -EOPNOTSUPP;
	if (md->fail_feature)
		return md->fail_feature;
	if (md->features[f] == on)
		violation(dev, "feature switched to what it is");
	md->features[f] = on;
	return 0;
}

static int mock_enable(struct device *dev, enum iommu_dev_features f)
{
	return mock_switch(dev, f, true);
}

static int mock_disable(struct device *dev, enum iommu_dev_features f)
{
	return mock_switch(dev, f, false);
}

static struct iommu_device *mock_probe(struct device *dev)
{
	struct mock_dev *md = to_mock(dev);

	if (md->fail_probe)
		return ERR_PTR(md->fail_probe);
	mock.devices++;
	return &mock_unit;
}

static void mock_release(struct device *dev)
{
	struct mock_dev *md = to_mock(dev);
	unsigned int i;

	for (i = 0; i < md->nr_pasids; i++) {
		if (md->pasids[i])
			violation(dev, "released with a PASID set");
	}
	md->cur = NULL;
	mock.devices--;
}

static void mock_finalize(struct device *dev)
{
	to_mock(dev)->finalized++;
}

static int find_by_key(struct device *dev, const void *data)
{
	const unsigned int *key = data;

	return to_mock(dev)->key == *key && dev->iommu_group;
}

static void group_gone(void *data)
{
	mock.groups--;
}

static struct iommu_group *mock_group(struct device *dev)
{
	struct mock_dev *md = to_mock(dev);
	struct device *sibling = NULL;
	struct iommu_group *group;

	if (md->key)
		sibling = bus_find_device(&mock_bus, NULL, &md->key, find_by_key);
	if (sibling) {
		group = iommu_group_get(sibling);
		put_device(sibling);
		return group;
	}
	group = generic_device_group(dev);
	if (!IS_ERR(group)) {
		mock.groups++;
		iommu_group_set_iommudata(group, &mock, group_gone);
	}
	return group;
}

static void mock_resv(struct device *dev, struct list_head *list)
{
	struct iommu_resv_region *r;

	if (!to_mock(dev)->direct)
		return;
	r = iommu_alloc_resv_region(to_mock(dev)->far ? SZ_4G : SZ_1M, SZ_8K,
				    IOMMU_READ | IOMMU_WRITE, IOMMU_RESV_DIRECT,
				    GFP_KERNEL);
	if (r)
		list_add_tail(&r->list, list);
}

static bool mock_deferred(struct device *dev)
{
	return to_mock(dev)->deferred;
}

static int mock_def_type(struct device *dev)
{
	return to_mock(dev)->want_type;
}

static struct iommu_ops mock_ops = {
	.capable = mock_capable,
	.domain_alloc_paging = mock_alloc_paging,
	.probe_device = mock_probe,
	.release_device = mock_release,
	.probe_finalize = mock_finalize,
	.device_group = mock_group,
	.get_resv_regions = mock_resv,
	.is_attach_deferred = mock_deferred,
	.def_domain_type = mock_def_type,
	.dev_enable_feat = mock_enable,
	.dev_disable_feat = mock_disable,
	.remove_dev_pasid = mock_remove_pasid,
	.drain_pasid = mock_drain,
	.default_domain_ops = &paging_ops,
	.pgsize_bitmap = SZ_4K,
	.identity_domain = &mock_identity,
	.blocked_domain = &mock_blocked,
	.release_domain = &mock_blocked,
};

/* Behave like a driver without these until the end of the test. */
void mock_lacks_blocked(void)
{
	mock_ops.blocked_domain = NULL;
}

void mock_lacks_identity(void)
{
	mock_ops.identity_domain = NULL;
}

void mock_lacks_query(void)
{
	mock_ops.dev_has_feat = NULL;
}

/* The bus */

const struct bus_type mock_bus = {
	.name = "iommu-mock",
};

static void mock_dev_release(struct device *dev)
{
	to_mock(dev)->released = true;
}

/* Makes a device that can be changed before mock_dev_plug() probes it. */
struct mock_dev *mock_dev_new(const char *name, unsigned int key)
{
	struct mock_dev *md = kzalloc(sizeof(*md), GFP_KERNEL);

	if (!md)
		return NULL;
	device_initialize(&md->dev);
	md->dev.bus = &mock_bus;
	md->dev.release = mock_dev_release;
	md->dev.coherent_dma_mask = DMA_BIT_MASK(32);
	md->dev.dma_mask = &md->dev.coherent_dma_mask;
	md->key = key;
	if (mock_dev_widen(md, MOCK_MAX_PASIDS) ||
	    dev_set_name(&md->dev, "%s", name)) {
		mock_dev_free(md);
		return NULL;
	}
	return md;
}

/* Gives a device that has no PASIDs attached more or fewer of them. */
int mock_dev_widen(struct mock_dev *md, unsigned int nr_pasids)
{
	struct iommu_domain **pasids;

	pasids = kvcalloc(nr_pasids, sizeof(*pasids), GFP_KERNEL);
	if (!pasids)
		return -ENOMEM;
	kvfree(md->pasids);
	md->pasids = pasids;
	md->nr_pasids = nr_pasids;
	md->max_pasids = nr_pasids;
	if (md->dev.iommu)
		md->dev.iommu->max_pasids = nr_pasids;
	return 0;
}

/* Says that the mock IOMMU translates the device, as firmware would. */
int mock_dev_describe(struct mock_dev *md)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = iommu_fwspec_init(&md->dev, &mock_fwnode);
	mutex_unlock(&iommu_probe_device_lock);
	return ret;
}

/* Adds the device to the bus.  The error is that of the bus, not of the probe. */
int mock_dev_plug(struct mock_dev *md)
{
	int ret;

	ret = mock_dev_describe(md);
	if (ret)
		return ret;
	ret = device_add(&md->dev);
	if (!ret && md->dev.iommu)
		md->dev.iommu->max_pasids = md->max_pasids;
	return ret;
}

/* Takes the device off the bus, if it is there, and frees it. */
void mock_dev_free(struct mock_dev *md)
{
	if (device_is_registered(&md->dev))
		device_del(&md->dev);
	else
		iommu_release_device(&md->dev);
	put_device(&md->dev);
	if (!md->released) {
		mock.violations++;
		pr_err("mock: a device is still referenced\n");
		return;
	}
	kvfree(md->pasids);
	kfree(md);
}

static void mock_dev_action(void *md)
{
	mock_dev_free(md);
}

/* A probed device that goes with the test. */
struct mock_dev *mock_dev_add(struct kunit *test, const char *name,
			      unsigned int key)
{
	struct mock_dev *md = mock_dev_new(name, key);

	KUNIT_ASSERT_NOT_NULL(test, md);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, mock_dev_action, md), 0);
	KUNIT_ASSERT_EQ(test, mock_dev_plug(md), 0);
	KUNIT_ASSERT_NOT_NULL(test, md->dev.iommu_group);
	return md;
}

static void free_domain_action(void *domain)
{
	iommu_domain_free(domain);
}

/* A domain for the device's driver that goes with the test. */
struct iommu_domain *mock_paging(struct kunit *test, struct mock_dev *md)
{
	struct iommu_domain *domain = iommu_paging_domain_alloc(&md->dev);

	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_domain_action, domain), 0);
	return domain;
}

void mock_allow(struct mock_dev *md, struct iommu_domain *a,
		struct iommu_domain *b)
{
	memset(md->allowed, 0, sizeof(md->allowed));
	md->allowed[0] = a;
	md->allowed[1] = b;
	md->nr_history = 0;
}

void mock_fail(struct mock_dev *md, unsigned int in, unsigned int times,
	       int error)
{
	md->fail_in = in;
	md->fail_times = times;
	md->fail_error = error;
}

void mock_expect_in(struct kunit *test, struct mock_dev *md,
		    struct iommu_domain *domain, int line)
{
	KUNIT_EXPECT_PTR_EQ_MSG(test, iommu_get_domain_for_dev(&md->dev), domain,
				"%s, line %d", dev_name(&md->dev), line);
	KUNIT_EXPECT_PTR_EQ_MSG(test, md->cur, domain, "%s, line %d",
				dev_name(&md->dev), line);
}

/* Each test starts with a fresh IOMMU and must leave nothing behind. */

static void mock_verify(void *data)
{
	struct kunit *test = data;

	mock.drain_error = 0;
	iommu_device_unregister_bus(&mock_unit, &mock_bus, &mock_nb);
	iommu_device_sysfs_remove(&mock_unit);
	bus_unregister(&mock_bus);
	KUNIT_EXPECT_EQ(test, mock.devices, 0);
	KUNIT_EXPECT_EQ(test, mock.groups, 0);
	KUNIT_EXPECT_EQ(test, mock.domains, 0);
	KUNIT_EXPECT_EQ(test, mock.violations, 0);
}

int mock_test_init(struct kunit *test)
{
	int ret;

	memset(&mock, 0, sizeof(mock));
	memset(&mock_unit, 0, sizeof(mock_unit));
	memset(&mock_nb, 0, sizeof(mock_nb));
	mock_ops.blocked_domain = &mock_blocked;
	mock_ops.identity_domain = &mock_identity;
	mock_ops.dev_has_feat = mock_has;
	mock_blocked.owner = &mock_ops;
	mock_identity.owner = &mock_ops;
	fwnode_init(&mock_fwnode, &mock_fwnode_ops);
	mock_unit.fwnode = &mock_fwnode;

	ret = bus_register(&mock_bus);
	if (ret)
		return ret;
	ret = iommu_device_sysfs_add(&mock_unit, NULL, NULL, "mock");
	if (ret)
		goto err_bus;
	ret = iommu_device_register_bus(&mock_unit, &mock_ops, &mock_bus,
					&mock_nb);
	if (ret)
		goto err_sysfs;
	/* Runs after the actions of the test's own devices and domains. */
	return kunit_add_action_or_reset(test, mock_verify, test);

err_sysfs:
	iommu_device_sysfs_remove(&mock_unit);
err_bus:
	bus_unregister(&mock_bus);
	return ret;
}
