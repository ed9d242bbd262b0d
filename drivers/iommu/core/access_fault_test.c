// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access faults on the mock IOMMU: to whom they go, and that they do not come after
 * the detach.
 */

#include <linux/delay.h>
#include <linux/iommu-aux.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>

#include "../iommu-priv.h"
#include "mock.h"

/* What a handler was told. */
struct told {
	unsigned int calls;
	struct iommu_domain *domain;
	struct device *dev;
	struct iommu_access_fault fault;
	unsigned long iova;
	int flags;
	int answer;
};

static int all_told(struct iommu_domain *domain, struct device *dev,
		    const struct iommu_access_fault *fault, void *token)
{
	struct told *t = token;

	t->calls++;
	t->domain = domain;
	t->dev = dev;
	t->fault = *fault;
	return t->answer;
}

static int less_told(struct iommu_domain *domain, struct device *dev,
		     unsigned long iova, int flags, void *token)
{
	struct told *t = token;

	t->calls++;
	t->domain = domain;
	t->dev = dev;
	t->iova = iova;
	t->flags = flags;
	return t->answer;
}

static int report(struct mock_dev *md, ioasid_t pasid, u32 perm)
{
	const struct iommu_access_fault fault = {
		.pasid = pasid,
		.perm = perm,
		.addr = 0xabc000,
		.code = 7,
		.reason = "not mapped",
	};
	unsigned long flags;
	int ret;

	/* As an interrupt does. */
	local_irq_save(flags);
	ret = iommu_report_access_fault(&md->dev, &fault);
	local_irq_restore(flags);
	return ret;
}

/* The request went to a domain, which has no handler. */
static bool unhandled(int ret)
{
	return ret && ret != -ENOENT;
}

static struct mock_dev *aux_dev(struct kunit *test, const char *name,
				unsigned int key)
{
	struct mock_dev *md = mock_dev_add(test, name, key);

	KUNIT_ASSERT_EQ(test, iommu_dev_enable_feature(&md->dev, IOMMU_DEV_FEAT_AUX), 0);
	return md;
}

static void fault_by_pasid(struct kunit *test)
{
	struct mock_dev *a = aux_dev(test, "a", 1), *b = aux_dev(test, "b", 1);
	struct iommu_domain *one = mock_paging(test, a), *two = mock_paging(test, a);
	struct told t1 = {}, t2 = { .answer = -EAGAIN };
	int p, q;

	iommu_set_access_fault_handler(one, all_told, &t1);
	iommu_set_access_fault_handler(two, all_told, &t2);
	KUNIT_EXPECT_EQ(test, report(a, 1, IOMMU_FAULT_PERM_READ), -ENOENT);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_device(one, &a->dev), 0);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_device(two, &a->dev), 0);
	p = iommu_aux_get_pasid(one, &a->dev);
	q = iommu_aux_get_pasid(two, &a->dev);

	KUNIT_EXPECT_EQ(test, report(a, p, IOMMU_FAULT_PERM_WRITE), 0);
	KUNIT_EXPECT_EQ(test, t1.calls, 1);
	KUNIT_EXPECT_PTR_EQ(test, t1.domain, one);
	KUNIT_EXPECT_PTR_EQ(test, t1.dev, &a->dev);
	KUNIT_EXPECT_EQ(test, t1.fault.pasid, p);
	KUNIT_EXPECT_EQ(test, t1.fault.addr, 0xabc000);
	KUNIT_EXPECT_EQ(test, t1.fault.perm, IOMMU_FAULT_PERM_WRITE);
	KUNIT_EXPECT_EQ(test, t1.fault.code, 7);
	KUNIT_EXPECT_STREQ(test, t1.fault.reason, "not mapped");
	KUNIT_EXPECT_EQ(test, report(a, q, IOMMU_FAULT_PERM_READ), -EAGAIN);
	KUNIT_EXPECT_EQ(test, t1.calls, 1);
	KUNIT_EXPECT_EQ(test, t2.calls, 1);

	/* The domain is not attached to this member. */
	KUNIT_EXPECT_EQ(test, report(b, p, IOMMU_FAULT_PERM_READ), -ENOENT);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_device(one, &b->dev), 0);
	KUNIT_EXPECT_EQ(test, report(b, p, IOMMU_FAULT_PERM_READ), 0);
	KUNIT_EXPECT_PTR_EQ(test, t1.dev, &b->dev);
	iommu_aux_detach_device(one, &b->dev);
	KUNIT_EXPECT_EQ(test, report(b, p, IOMMU_FAULT_PERM_READ), -ENOENT);

	iommu_aux_detach_device(one, &a->dev);
	KUNIT_EXPECT_EQ(test, report(a, p, IOMMU_FAULT_PERM_READ), -ENOENT);
	KUNIT_EXPECT_EQ(test, t1.calls, 2);
	iommu_aux_detach_device(two, &a->dev);
}

static void fault_without_pasid(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 0);
	struct iommu_domain *one = mock_paging(test, a);
	struct told t = {};

	/* The default domain has no handler: the driver logs. */
	KUNIT_EXPECT_TRUE(test, unhandled(report(a, IOMMU_NO_PASID, IOMMU_FAULT_PERM_READ)));
	iommu_set_fault_handler(one, less_told, &t);
	KUNIT_ASSERT_EQ(test, iommu_attach_device(one, &a->dev), 0);
	KUNIT_EXPECT_EQ(test, report(a, IOMMU_NO_PASID, IOMMU_FAULT_PERM_WRITE), 0);
	KUNIT_EXPECT_EQ(test, t.calls, 1);
	KUNIT_EXPECT_EQ(test, t.iova, 0xabc000);
	KUNIT_EXPECT_EQ(test, t.flags, IOMMU_FAULT_WRITE);
	KUNIT_EXPECT_PTR_EQ(test, t.domain, one);
	KUNIT_EXPECT_PTR_EQ(test, t.dev, &a->dev);
	KUNIT_EXPECT_EQ(test, report(a, IOMMU_NO_PASID, IOMMU_FAULT_PERM_READ), 0);
	KUNIT_EXPECT_EQ(test, t.flags, IOMMU_FAULT_READ);
	iommu_detach_device(one, &a->dev);
	KUNIT_EXPECT_TRUE(test, unhandled(report(a, IOMMU_NO_PASID, IOMMU_FAULT_PERM_READ)));
	KUNIT_EXPECT_EQ(test, t.calls, 2);
}

/* The last handler that was set is the one. */
static void fault_handlers(struct kunit *test)
{
	struct mock_dev *a = mock_dev_add(test, "a", 0);
	struct device *bare = kunit_kzalloc(test, sizeof(*bare), GFP_KERNEL);
	const struct iommu_access_fault fault = {};
	struct iommu_domain *one = mock_paging(test, a);
	struct told old = {}, new = {};

	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_EQ(test, iommu_report_access_fault(bare, &fault), -ENOENT);
	KUNIT_ASSERT_EQ(test, iommu_attach_device_pasid(one, &a->dev, 5, NULL), 0);
	KUNIT_EXPECT_TRUE(test, unhandled(report(a, 5, IOMMU_FAULT_PERM_READ)));
	iommu_set_fault_handler(one, less_told, &old);
	KUNIT_EXPECT_EQ(test, report(a, 5, IOMMU_FAULT_PERM_READ), 0);
	iommu_set_access_fault_handler(one, all_told, &new);
	KUNIT_EXPECT_EQ(test, report(a, 5, IOMMU_FAULT_PERM_READ), 0);
	KUNIT_EXPECT_EQ(test, old.calls, 1);
	KUNIT_EXPECT_EQ(test, new.calls, 1);
	/* What drivers call that know of no PASIDs. */
	KUNIT_EXPECT_TRUE(test, unhandled(report_iommu_fault(one, &a->dev, 0, 0)));
	iommu_set_access_fault_handler(one, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, unhandled(report(a, 5, IOMMU_FAULT_PERM_READ)));
	iommu_detach_device_pasid(one, &a->dev, 5);
}

/*
 * Faults come all the time, on PASIDs that are attached and detached.  What a
 * handler's token points to dies with the detach.
 */

struct storm {
	struct mock_dev *md;
	atomic_t handled;
	atomic_t late;
	bool stop;
};

struct mortal {
	struct storm *storm;
	bool alive;
};

static int handle_alive(struct iommu_domain *domain, struct device *dev,
			const struct iommu_access_fault *fault, void *token)
{
	struct mortal *m = token;

	udelay(5);
	atomic_inc(READ_ONCE(m->alive) ? &m->storm->handled : &m->storm->late);
	return 0;
}

static int storm_thread(void *data)
{
	struct storm *s = data;
	ioasid_t pasid = 0;

	while (!READ_ONCE(s->stop)) {
		report(s->md, pasid++ % MOCK_MAX_PASIDS, IOMMU_FAULT_PERM_READ);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void live_and_die(struct kunit *test, struct storm *s)
{
	struct mortal *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct iommu_domain *domain = iommu_paging_domain_alloc(&s->md->dev);

	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	m->storm = s;
	m->alive = true;
	iommu_set_access_fault_handler(domain, handle_alive, m);
	KUNIT_ASSERT_EQ(test, iommu_aux_attach_device(domain, &s->md->dev), 0);
	usleep_range(50, 100);
	iommu_aux_detach_device(domain, &s->md->dev);
	WRITE_ONCE(m->alive, false);
	iommu_domain_free(domain);
	kfree(m);
}

static void fault_storm(struct kunit *test)
{
	struct storm s = { .md = aux_dev(test, "a", 0) };
	struct task_struct *task;
	unsigned int i;

	task = kthread_run(storm_thread, &s, "iommu-storm");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (i = 0; i < 500; i++)
		live_and_die(test, &s);
	WRITE_ONCE(s.stop, true);
	kthread_stop(task);
	KUNIT_EXPECT_GT(test, atomic_read(&s.handled), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s.late), 0);
}

static struct kunit_case access_fault_cases[] = {
	KUNIT_CASE(fault_by_pasid),
	KUNIT_CASE(fault_without_pasid),
	KUNIT_CASE(fault_handlers),
	KUNIT_CASE(fault_storm),
	{}
};

static struct kunit_suite access_fault_suite = {
	.name = "iommu-access-fault",
	.init = mock_test_init,
	.test_cases = access_fault_cases,
};

kunit_test_suite(access_fault_suite);
