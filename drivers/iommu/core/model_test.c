// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences on a group of the mock IOMMU, against a model.
 *
 * The model is a few variables and the rules of the interface.  After each step
 * the error, every member's translation and the claims are what the model says;
 * in between, the mock watches where devices go.  A driver may fail at any
 * attach that can be refused.
 */

#include <linux/prandom.h>

#include "../iommu-priv.h"
#include "mock.h"

static const char *const names[] = { "a", "b", "c" };

#define NR_DEVS		3
#define NR_DOMAINS	2
#define STEPS		20000
#define SEED		0x10bb

static int tokens[2];

struct model {
	/* Under test */
	struct mock_dev *md[NR_DEVS];
	struct iommu_group *group;
	struct iommu_domain *domains[NR_DOMAINS];

	/* What should be */
	struct iommu_domain *cur;
	void *owner;
	unsigned int users;
	unsigned int claims[NR_DEVS];
	unsigned int uses[NR_DEVS];
	bool attached[NR_DEVS];
	bool by_group;
	struct iommu_domain *pasid;

	/* Of this step */
	struct rnd_state rnd;
	unsigned int dev;
	struct iommu_domain *domain;
	bool fails;
};

static struct iommu_domain *core_domain(struct model *m)
{
	return m->owner ? &mock_blocked : iommu_group_default_domain(m->group);
}

static bool any_attached(struct model *m)
{
	return m->attached[0] || m->attached[1] || m->attached[2];
}

static bool in_core_domain(struct model *m)
{
	return m->cur == &mock_blocked ||
	       m->cur == iommu_group_default_domain(m->group);
}

/* A move to @to that the driver may refuse. */
static int move(struct model *m, struct iommu_domain *to)
{
	if (m->cur == to)
		return 0;
	if (m->fails)
		return -EIO;
	m->cur = to;
	return 0;
}

static int model_attach(struct model *m)
{
	if (!in_core_domain(m) || m->pasid)
		return -EBUSY;
	return move(m, m->domain);
}

static void model_detach(struct model *m)
{
	memset(m->attached, 0, sizeof(m->attached));
	m->by_group = false;
	m->cur = core_domain(m);
}

static void model_release(struct model *m)
{
	memset(m->claims, 0, sizeof(m->claims));
	m->owner = NULL;
	m->users = 0;
	model_detach(m);
}

static struct device *dev_of(struct model *m)
{
	return &m->md[m->dev]->dev;
}

static void step_use(struct kunit *test, struct model *m)
{
	int want = 0;

	if (m->users && (m->owner || m->pasid ||
			 m->cur != iommu_group_default_domain(m->group)))
		want = -EBUSY;
	KUNIT_EXPECT_EQ(test, iommu_device_use_default_domain(dev_of(m)), want);
	if (!want) {
		m->users++;
		m->uses[m->dev]++;
	}
}

static void step_unuse(struct kunit *test, struct model *m)
{
	if (m->owner || !m->uses[m->dev] || m->pasid)
		return;
	iommu_device_unuse_default_domain(dev_of(m));
	m->uses[m->dev]--;
	m->users--;
}

static int model_claim(struct model *m, void *owner)
{
	int ret;

	if (m->cur != iommu_group_default_domain(m->group) || m->pasid)
		return -EBUSY;
	ret = move(m, &mock_blocked);
	if (!ret)
		m->owner = owner;
	return ret;
}

static void step_claim(struct kunit *test, struct model *m)
{
	void *owner = &tokens[prandom_u32_state(&m->rnd) % 2];
	int want = 0;

	if (m->pasid && !m->owner)
		want = -EBUSY;
	else if (!m->users)
		want = model_claim(m, owner);
	else if (m->owner != owner)
		want = -EPERM;
	KUNIT_EXPECT_EQ(test, iommu_device_claim_dma_owner(dev_of(m), owner), want);
	if (!want) {
		m->users++;
		m->claims[m->dev]++;
	}
}

static void step_release(struct kunit *test, struct model *m)
{
	if (!m->owner || !m->claims[m->dev] || m->pasid)
		return;
	iommu_device_release_dma_owner(dev_of(m));
	if (m->users > 1) {
		m->users--;
		m->claims[m->dev]--;
	} else {
		model_release(m);
	}
}

static void step_attach_device(struct kunit *test, struct model *m)
{
	int want;

	if (!m->claims[m->dev])
		want = -EINVAL;
	else if (!any_attached(m))
		want = model_attach(m);
	else
		want = m->attached[m->dev] || m->cur != m->domain ? -EBUSY : 0;
	KUNIT_EXPECT_EQ(test, iommu_attach_device(m->domain, dev_of(m)), want);
	if (!want)
		m->attached[m->dev] = true;
}

static void step_detach_device(struct kunit *test, struct model *m)
{
	if (!m->attached[m->dev])
		return;
	iommu_detach_device(m->cur, dev_of(m));
	m->attached[m->dev] = false;
	if (!any_attached(m))
		model_detach(m);
}

static void step_attach_group(struct kunit *test, struct model *m)
{
	int want = model_attach(m);

	KUNIT_EXPECT_EQ(test, iommu_attach_group(m->domain, m->group), want);
	m->by_group |= !want;
}

static void step_detach_group(struct kunit *test, struct model *m)
{
	if (!m->by_group)
		return;
	iommu_detach_group(m->cur, m->group);
	model_detach(m);
}

static void step_replace(struct kunit *test, struct model *m)
{
	int want;

	if (!m->by_group)
		return;
	want = move(m, m->domain);
	KUNIT_EXPECT_EQ(test, iommu_group_replace_domain(m->group, m->domain), want);
}

static void step_pasid(struct kunit *test, struct model *m)
{
	int want = m->pasid ? -EBUSY : 0;

	KUNIT_EXPECT_EQ(test, iommu_attach_device_pasid(m->domain, dev_of(m), 9, NULL), want);
	if (!want)
		m->pasid = m->domain;
}

static void step_no_pasid(struct kunit *test, struct model *m)
{
	if (!m->pasid)
		return;
	iommu_detach_device_pasid(m->pasid, dev_of(m), 9);
	m->pasid = NULL;
}

static void step_type(struct kunit *test, struct model *m)
{
	bool pt = prandom_u32_state(&m->rnd) & 1;
	struct iommu_domain *def = iommu_group_default_domain(m->group);
	bool same = def->type == (pt ? IOMMU_DOMAIN_IDENTITY : IOMMU_DOMAIN_DMA);
	const char *word = pt ? "identity" : "DMA";
	ssize_t want = strlen(word);

	if (m->pasid)
		want = -EBUSY;
	else if (m->users)
		want = -EPERM;
	else if (!same && m->cur != def)
		want = -EBUSY;
	else if (!same && m->fails)
		want = -EIO;
	/* The old default domain may be freed: it must not stay allowed. */
	for (unsigned int i = 0; i < NR_DEVS; i++)
		mock_allow(m->md[i], NULL, NULL);
	KUNIT_EXPECT_EQ(test, iommu_group_store_type(m->group, word, strlen(word)), want);
	if (want > 0 && !same)
		m->cur = iommu_group_default_domain(m->group);
}

static void step_unplug(struct kunit *test, struct model *m)
{
	struct mock_dev *last = m->md[NR_DEVS - 1], *md;

	/* Only as the driver core does: with no driver bound. */
	if (m->claims[NR_DEVS - 1] || m->attached[NR_DEVS - 1] ||
	    m->uses[NR_DEVS - 1] || m->pasid)
		return;
	mock_dev_free(last);
	md = mock_dev_new("hot", 1);
	KUNIT_ASSERT_NOT_NULL(test, md);
	md->max_pasids = MOCK_MAX_PASIDS;
	KUNIT_ASSERT_EQ(test, mock_dev_plug(md), 0);
	m->md[NR_DEVS - 1] = md;
	KUNIT_EXPECT_EQ(test, md->nr_history, 1);
}

static void (*const steps[])(struct kunit *test, struct model *m) = {
	step_use, step_unuse, step_claim, step_claim, step_release,
	step_attach_device, step_attach_device, step_detach_device,
	step_attach_group, step_detach_group, step_replace, step_pasid,
	step_no_pasid, step_type, step_unplug,
};

/* Lets the mock watch for what the step may do, and perhaps fail once. */
static void prepare_step(struct model *m)
{
	unsigned int i, victim = prandom_u32_state(&m->rnd) % NR_DEVS;

	m->dev = prandom_u32_state(&m->rnd) % NR_DEVS;
	m->domain = m->domains[prandom_u32_state(&m->rnd) % NR_DOMAINS];
	m->fails = !(prandom_u32_state(&m->rnd) % 4);
	for (i = 0; i < NR_DEVS; i++) {
		mock_allow(m->md[i], m->cur, m->domain);
		m->md[i]->allowed[2] = iommu_group_default_domain(m->group);
		mock_fail(m->md[i], m->fails && i == victim, 1, -EIO);
	}
}

static bool step_can_fail(void (*step)(struct kunit *test, struct model *m))
{
	return step == step_claim || step == step_attach_device ||
	       step == step_attach_group || step == step_replace ||
	       step == step_type;
}

static void check_step(struct kunit *test, struct model *m)
{
	unsigned int i;

	for (i = 0; i < NR_DEVS; i++) {
		EXPECT_IN(test, m->md[i], m->cur);
		KUNIT_EXPECT_PTR_EQ(test, m->md[i]->pasids[9], m->pasid);
	}
	KUNIT_EXPECT_EQ(test, iommu_group_dma_owner_claimed(m->group), m->users > 0);
	KUNIT_EXPECT_PTR_EQ(test, m->group->owner, m->owner);
	KUNIT_EXPECT_EQ(test, mock.violations, 0);
	KUNIT_EXPECT_EQ(test, mock.devices, NR_DEVS);
	KUNIT_EXPECT_EQ(test, mock.domains, NR_DOMAINS +
			(iommu_group_default_domain(m->group) != &mock_identity));
}

static void take_down(struct model *m)
{
	unsigned int i;

	if (m->pasid)
		iommu_detach_device_pasid(m->pasid, &m->md[0]->dev, 9);
	iommu_detach_group(m->cur, m->group);
	if (m->owner)
		iommu_group_release_dma_owner(m->group);
	for (i = 0; i < NR_DEVS; i++) {
		for (; m->uses[i]; m->uses[i]--)
			iommu_device_unuse_default_domain(&m->md[i]->dev);
	}
	for (i = 0; i < NR_DOMAINS; i++)
		iommu_domain_free(m->domains[i]);
	for (i = 0; i < NR_DEVS; i++)
		mock_dev_free(m->md[i]);
}

static void model_random(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, m);
	prandom_seed_state(&m->rnd, SEED);
	for (i = 0; i < NR_DEVS; i++) {
		m->md[i] = mock_dev_new(names[i], 1);
		KUNIT_ASSERT_NOT_NULL(test, m->md[i]);
		m->md[i]->max_pasids = MOCK_MAX_PASIDS;
		KUNIT_ASSERT_EQ(test, mock_dev_plug(m->md[i]), 0);
	}
	m->group = m->md[0]->dev.iommu_group;
	m->cur = iommu_group_default_domain(m->group);
	for (i = 0; i < NR_DOMAINS; i++)
		m->domains[i] = iommu_paging_domain_alloc(&m->md[0]->dev);

	for (n = 0; n < STEPS; n++) {
		i = prandom_u32_state(&m->rnd) % ARRAY_SIZE(steps);
		prepare_step(m);
		if (!step_can_fail(steps[i])) {
			for (unsigned int d = 0; d < NR_DEVS; d++)
				mock_fail(m->md[d], 0, 0, 0);
		}
		steps[i](test, m);
		check_step(test, m);
		if (test->status == KUNIT_FAILURE) {
			kunit_err(test, "step %u: %ps\n", n, steps[i]);
			break;
		}
	}
	for (i = 0; i < NR_DEVS; i++) {
		mock_fail(m->md[i], 0, 0, 0);
		mock_allow(m->md[i], NULL, NULL);
	}
	take_down(m);
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE(model_random),
	{}
};

static struct kunit_suite model_suite = {
	.name = "iommu-model",
	.init = mock_test_init,
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);
