// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thousands of aux-domains, attached and detached in random order, against an
 * oracle: a count for each (domain, device), and who has which PASID.
 */

#include <linux/delay.h>
#include <linux/iommu-aux.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "../iommu-priv.h"
#include "mock.h"

#define NR_DOMAINS	4000
#define NR_PASIDS	4600	/* a few more, for those that are being drained */
#define NR_DEVS		2
/* A kernel with KASAN takes ten times as long for a step. */
#define STEPS		(IS_ENABLED(CONFIG_KASAN) ? 10000 : 30000)
#define SEED		0xa0c5

struct crowd {
	struct rnd_state rnd;
	struct mock_dev *md[NR_DEVS];
	struct iommu_domain *domains[NR_DOMAINS];
	u8 counts[NR_DEVS][NR_DOMAINS];
	u32 pasid[NR_DOMAINS];
	u32 owner[NR_PASIDS];	/* index of the domain, plus one */
};

static u32 below(struct crowd *c, u32 limit)
{
	return prandom_u32_state(&c->rnd) % limit;
}

static bool used(struct crowd *c, u32 i)
{
	return c->counts[0][i] || c->counts[1][i];
}

static void crowd_attach(struct kunit *test, struct crowd *c, u32 d, u32 i)
{
	struct device *dev = &c->md[d]->dev;
	bool first = !used(c, i);
	int pasid;

	KUNIT_ASSERT_EQ(test, iommu_aux_attach_device(c->domains[i], dev), 0);
	c->counts[d][i]++;
	pasid = iommu_aux_get_pasid(c->domains[i], dev);
	KUNIT_ASSERT_GT(test, pasid, 0);
	KUNIT_ASSERT_LT(test, pasid, NR_PASIDS);
	if (first) {
		KUNIT_ASSERT_EQ(test, c->owner[pasid], 0);
		c->owner[pasid] = i + 1;
		c->pasid[i] = pasid;
	}
	KUNIT_ASSERT_EQ(test, pasid, c->pasid[i]);
	KUNIT_ASSERT_PTR_EQ(test, c->md[d]->pasids[pasid], c->domains[i]);
}

static void crowd_detach(struct kunit *test, struct crowd *c, u32 d, u32 i)
{
	u32 pasid = c->pasid[i];

	/* From here it may be anybody's. */
	if (!--c->counts[d][i] && !used(c, i))
		c->owner[pasid] = 0;
	iommu_aux_detach_device(c->domains[i], &c->md[d]->dev);
	KUNIT_ASSERT_PTR_EQ(test, c->md[d]->pasids[pasid],
			    c->counts[d][i] ? c->domains[i] : NULL);
}

/* All that the hardware has, and nothing else. */
static void crowd_check(struct kunit *test, struct crowd *c)
{
	struct iommu_domain *want;
	u32 d, p, i;

	for (d = 0; d < NR_DEVS; d++) {
		for (p = 1; p < NR_PASIDS; p++) {
			i = c->owner[p] - 1;
			want = c->owner[p] && c->counts[d][i] ? c->domains[i] : NULL;
			KUNIT_ASSERT_PTR_EQ(test, c->md[d]->pasids[p], want);
		}
	}
}

static void crowd_step(struct kunit *test, struct crowd *c)
{
	u32 d = below(c, NR_DEVS), i = below(c, NR_DOMAINS);

	if (c->counts[d][i] && below(c, 3))
		crowd_detach(test, c, d, i);
	else if (c->counts[d][i] < U8_MAX)
		crowd_attach(test, c, d, i);
}

static void crowd_free(void *data)
{
	struct crowd *c = data;
	u32 i, d;

	for (i = 0; i < NR_DOMAINS && c->domains[i]; i++) {
		for (d = 0; d < NR_DEVS; d++) {
			for (; c->counts[d][i]; c->counts[d][i]--)
				iommu_aux_detach_device(c->domains[i], &c->md[d]->dev);
		}
		iommu_domain_free(c->domains[i]);
	}
	kvfree(c);
}

static struct crowd *crowd_make(struct kunit *test)
{
	struct crowd *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	prandom_seed_state(&c->rnd, SEED);
	for (i = 0; i < NR_DEVS; i++) {
		c->md[i] = mock_dev_add(test, i ? "b" : "a", 0);
		KUNIT_ASSERT_EQ(test, mock_dev_widen(c->md[i], NR_PASIDS), 0);
		KUNIT_ASSERT_EQ(test, iommu_dev_enable_feature(&c->md[i]->dev,
							       IOMMU_DEV_FEAT_AUX), 0);
	}
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, crowd_free, c), 0);
	for (i = 0; i < NR_DOMAINS; i++) {
		c->domains[i] = iommu_paging_domain_alloc(&c->md[0]->dev);
		if (IS_ERR(c->domains[i]))
			c->domains[i] = NULL;
		KUNIT_ASSERT_NOT_NULL(test, c->domains[i]);
	}
	return c;
}

static void aux_crowd(struct kunit *test)
{
	struct crowd *c = crowd_make(test);
	u32 i, d, n;

	for (i = 0; i < NR_DOMAINS; i++)
		crowd_attach(test, c, 0, i);
	crowd_check(test, c);
	for (n = 0; n < STEPS; n++)
		crowd_step(test, c);
	crowd_check(test, c);

	/* Away with all of them, from a random place on. */
	n = below(c, NR_DOMAINS);
	for (i = 0; i < NR_DOMAINS; i++, n = (n + 1) % NR_DOMAINS) {
		for (d = 0; d < NR_DEVS; d++) {
			while (c->counts[d][n])
				crowd_detach(test, c, d, n);
		}
	}
	crowd_check(test, c);
	for (d = 0; d < NR_DEVS; d++)
		KUNIT_EXPECT_TRUE(test, xa_empty(&c->md[d]->dev.iommu_group->attachments));
}

/*
 * Several drivers attach the same few domains at once.  The mock sees a PASID that
 * is set twice, cleared in vain, or drained while it is set.
 */

#define NR_TASKS	3
#define NR_SHARED	4
#define ROUNDS		(IS_ENABLED(CONFIG_KASAN) ? 1000 : 3000)

struct race {
	struct mock_dev *md;
	struct iommu_domain **domains;
	u32 seed;
	int failures;
	bool done;
};

static int race_thread(void *data)
{
	struct race *r = data;
	struct rnd_state rnd;
	unsigned int n;

	prandom_seed_state(&rnd, r->seed);
	for (n = 0; n < ROUNDS; n++) {
		struct iommu_domain *domain;

		domain = r->domains[prandom_u32_state(&rnd) % NR_SHARED];
		if (iommu_aux_attach_device(domain, &r->md->dev)) {
			r->failures++;
			continue;
		}
		if (iommu_aux_get_pasid(domain, &r->md->dev) <= 0)
			r->failures++;
		cond_resched();
		iommu_aux_detach_device(domain, &r->md->dev);
	}
	WRITE_ONCE(r->done, true);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void aux_race(struct kunit *test)
{
	static const char *const names[NR_TASKS] = { "a", "b", "c" };
	struct iommu_domain *domains[NR_SHARED];
	struct task_struct *tasks[NR_TASKS];
	struct race races[NR_TASKS] = {};
	unsigned int i;

	/* Two devices share a group, and the third has its own. */
	for (i = 0; i < NR_TASKS; i++) {
		races[i].md = mock_dev_add(test, names[i], i < 2);
		races[i].domains = domains;
		races[i].seed = SEED + i;
		KUNIT_ASSERT_EQ(test, iommu_dev_enable_feature(&races[i].md->dev,
							       IOMMU_DEV_FEAT_AUX), 0);
	}
	for (i = 0; i < NR_SHARED; i++)
		domains[i] = mock_paging(test, races[0].md);
	for (i = 0; i < NR_TASKS; i++) {
		tasks[i] = kthread_run(race_thread, &races[i], "iommu-race");
		if (IS_ERR(tasks[i]))
			KUNIT_FAIL(test, "no thread\n");
	}
	for (i = 0; i < NR_TASKS; i++) {
		if (IS_ERR(tasks[i]))
			continue;
		while (!READ_ONCE(races[i].done))
			usleep_range(500, 1000);
		kthread_stop(tasks[i]);
		KUNIT_EXPECT_EQ(test, races[i].failures, 0);
	}
	for (i = 0; i < NR_TASKS; i++)
		KUNIT_EXPECT_TRUE(test,
				  xa_empty(&races[i].md->dev.iommu_group->attachments));
	for (i = 0; i < NR_SHARED; i++) {
		KUNIT_EXPECT_EQ(test, domains[i]->aux_users, 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&domains[i]->attachments), 0);
	}
	KUNIT_EXPECT_EQ(test, mock.violations, 0);
}

static struct kunit_case aux_model_cases[] = {
	KUNIT_CASE(aux_crowd),
	KUNIT_CASE(aux_race),
	{}
};

static struct kunit_suite aux_model_suite = {
	.name = "iommu-aux-model",
	.init = mock_test_init,
	.test_cases = aux_model_cases,
};

kunit_test_suite(aux_model_suite);
