// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invalidation queue against a model of the hardware.
 *
 * The builders are compared with the words of the specification; the ring is
 * driven step by step by a model that executes descriptors; and qi_submit() runs
 * against a fake unit, whose hardware does a step while the submitter waits.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "queue_test.h"
#include "unit.h"

#define D(q0, q1)	((struct qi_desc) { .qw = { (q0), (q1) } })

static void expect_desc(struct kunit *test, struct qi_desc got,
			struct qi_desc want)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(got.qw); i++)
		KUNIT_EXPECT_EQ(test, got.qw[i], want.qw[i]);
}

static void test_builders(struct kunit *test)
{
	expect_desc(test, qi_desc_cc(0x12, 0x0318, 2, CC_GRAN_DEVICE),
		    D(0x2031800120031ULL, 0));
	expect_desc(test, qi_desc_iotlb(0x12, 0x5000, 2, true, IOTLB_GRAN_GLOBAL),
		    D(0x120012ULL, 0));
	expect_desc(test, qi_desc_iotlb(0x12, 0x4000, 2, true, IOTLB_GRAN_PAGE),
		    D(0x120032ULL, 0x4042ULL));
	expect_desc(test, qi_desc_piotlb(3, 0x456, 0x8000, 3, false,
					 P_IOTLB_GRAN_PAGE),
		    D(0x45600030036ULL, 0x8003ULL));
	expect_desc(test, qi_desc_piotlb(3, 0x456, 0x8000, 3, false,
					 P_IOTLB_GRAN_PASID),
		    D(0x45600030026ULL, 0));
	expect_desc(test, qi_desc_pc(3, 0x456, PC_GRAN_PASID),
		    D(0x45600030017ULL, 0));
	expect_desc(test, qi_desc_iec(true, 5, 5), D(0x4ULL, 0));
	expect_desc(test, qi_desc_iec(false, 0x1234, 2), D(0x123410000014ULL, 0));
	expect_desc(test, qi_desc_wait(2, 0x1004), D(0x200000025ULL, 0x1004ULL));
}

static void test_device_tlb_ranges(struct kunit *test)
{
	/* One page: the address alone. */
	expect_desc(test, qi_desc_dev_iotlb(0x0318, 0x0310, 0, 0x7000, 0),
		    D(0x0310031800000003ULL, 0x7000ULL));
	/* Two pages: S, and bit 12 clear. */
	expect_desc(test, qi_desc_dev_iotlb(0, 0, 5, 0x6000, 1),
		    D(0x50003ULL, 0x6001ULL));
	/* 2 MiB: bits 12 to 19 set, bit 20 clear. */
	expect_desc(test, qi_desc_dev_iotlb(0, 0, 0, 0x40000000, 9),
		    D(0x3ULL, 0x400ff001ULL));
	/* Everything: only bit 63 clear. */
	expect_desc(test, qi_desc_dev_iotlb(0, 0, 0, 0, 64 - VTD_PAGE_SHIFT),
		    D(0x3ULL, 0x7ffffffffffff001ULL));
	expect_desc(test, qi_desc_dev_iotlb(0, 0, 0, 0, 255),
		    D(0x3ULL, 0x7ffffffffffff001ULL));
	/* With PASID: S is bit 11. */
	expect_desc(test, qi_desc_dev_iotlb_pasid(0x0318, 0x0318, 0x456, 3,
						  0x6000, 1),
		    D(0x0310045603188038ULL, 0x6800ULL));
}

/* A queue without registers. */
static struct q_inval *alloc_ring(struct kunit *test, u8 shift)
{
	struct q_inval *qi = kunit_kzalloc(test, sizeof(*qi), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, qi);
	raw_spin_lock_init(&qi->lock);
	qi->shift = shift;
	qi->ring = kunit_kzalloc(test, QI_SLOTS << shift, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, qi->ring);
	return qi;
}

static void run_until(struct q_inval *qi, unsigned int *at, unsigned int head)
{
	for (; *at != head; *at = qi_next(*at))
		model_execute(qi, *at);
}

static void test_ring(struct kunit *test, u8 shift)
{
	struct q_inval *qi = alloc_ring(test, shift);
	struct qi_desc desc[QI_BATCH];
	unsigned int at = 0, i, n, first, wait;
	struct rnd_state rnd;

	for (i = 0; i < QI_BATCH; i++)
		desc[i] = qi_desc_cc(i, 0, 0, CC_GRAN_DOMAIN);

	prandom_seed_state(&rnd, 0x7169);
	for (i = 0; i < 2000; i++) {
		n = prandom_u32_state(&rnd) % QI_BATCH;
		KUNIT_ASSERT_EQ(test, qi_ring_room(qi), QI_SLOTS - 1);
		first = qi->head;
		wait = qi_ring_put(qi, desc, n);
		KUNIT_ASSERT_EQ(test, wait, (first + n) % QI_SLOTS);
		KUNIT_ASSERT_EQ(test, qi_ring_room(qi), QI_SLOTS - 2 - n);
		KUNIT_ASSERT_EQ(test, qi->status[wait], QI_BUSY);
		run_until(qi, &at, qi->head);
		KUNIT_ASSERT_EQ(test, qi->status[wait], QI_DONE);
		KUNIT_ASSERT_FALSE(test, qi_ring_take_bad(qi, first));
		qi_ring_release(qi, wait);
	}
}

static void test_ring_128(struct kunit *test)
{
	test_ring(test, QI_SHIFT_128);
}

static void test_ring_256(struct kunit *test)
{
	test_ring(test, QI_SHIFT_256);
}

/* Runs are given back out of order; the ring frees what is free in order. */
static void test_release_order(struct kunit *test)
{
	struct q_inval *qi = alloc_ring(test, QI_SHIFT_128);
	struct qi_desc desc = qi_desc_pc(0, 0, PC_GRAN_GLOBAL);
	unsigned int wait[3], at = 0, i;

	qi->head = QI_SLOTS - 3;
	qi->tail = qi->head;
	at = qi->head;
	for (i = 0; i < 3; i++)
		wait[i] = qi_ring_put(qi, &desc, 1);
	run_until(qi, &at, qi->head);
	qi_ring_release(qi, wait[1]);
	KUNIT_EXPECT_EQ(test, qi_ring_room(qi), QI_SLOTS - 7);
	qi_ring_release(qi, wait[0]);
	KUNIT_EXPECT_EQ(test, qi_ring_room(qi), QI_SLOTS - 3);
	qi_ring_release(qi, wait[2]);
	KUNIT_EXPECT_EQ(test, qi_ring_room(qi), QI_SLOTS - 1);
}

static void test_bad_descriptor(struct kunit *test)
{
	struct q_inval *qi = alloc_ring(test, QI_SHIFT_128);
	struct qi_desc desc[3] = { D(0xf, 0), D(0xf, 0), D(0xf, 0) };
	unsigned int at = 0, first, other;

	first = qi->head;
	qi_ring_put(qi, desc, 3);
	other = qi->head;
	qi_ring_put(qi, desc, 1);
	qi_ring_replace(qi, 1);
	run_until(qi, &at, qi->head);
	/* The replacement did not touch anybody's status. */
	KUNIT_EXPECT_EQ(test, qi->status[3], QI_DONE);
	KUNIT_EXPECT_EQ(test, qi->nr_bad, 1);
	KUNIT_EXPECT_FALSE(test, qi_ring_take_bad(qi, other));
	KUNIT_EXPECT_TRUE(test, qi_ring_take_bad(qi, first));
	/* And is forgotten with the run. */
	KUNIT_EXPECT_TRUE(test, bitmap_empty(qi->bad, QI_SLOTS));
	KUNIT_EXPECT_EQ(test, qi->nr_bad, 0);

	/* A wait that is refused: its owner must not wait for it. */
	first = qi->head;
	at = qi_ring_put(qi, desc, 0);
	qi_ring_replace(qi, at);
	KUNIT_EXPECT_EQ(test, qi->status[at], QI_ABORTED);
	KUNIT_EXPECT_TRUE(test, qi_ring_take_bad(qi, first));
}

/* Of five runs, two are done, one is fetched, two are not yet. */
static void test_abort(struct kunit *test)
{
	struct q_inval *qi = alloc_ring(test, QI_SHIFT_256);
	struct qi_desc desc = qi_desc_dev_iotlb(8, 8, 0, 0, 0);
	unsigned int wait[5], at, head, i;

	qi->head = QI_SLOTS - 4;
	qi->tail = qi->head;
	at = qi->head;
	for (i = 0; i < 5; i++)
		wait[i] = qi_ring_put(qi, &desc, 1);
	run_until(qi, &at, qi_next(wait[1]));
	head = qi_next(wait[2]);
	qi_ring_abort(qi, head);
	KUNIT_EXPECT_EQ(test, qi->status[wait[0]], QI_DONE);
	KUNIT_EXPECT_EQ(test, qi->status[wait[1]], QI_DONE);
	KUNIT_EXPECT_EQ(test, qi->status[wait[2]], QI_ABORTED);
	KUNIT_EXPECT_EQ(test, qi->status[wait[3]], QI_BUSY);
	KUNIT_EXPECT_EQ(test, qi->status[wait[4]], QI_BUSY);
}

static void test_draining(struct kunit *test)
{
	struct q_inval *qi = alloc_ring(test, QI_SHIFT_128);
	struct qi_desc desc[2] = {
		qi_desc_iotlb(1, 0, 0, false, IOTLB_GRAN_DOMAIN),
		qi_desc_pc(1, 0, PC_GRAN_DOMAIN),
	};

	qi->drain = QI_IOTLB_DW | QI_IOTLB_DR;
	qi_ring_put(qi, desc, 2);
	KUNIT_EXPECT_EQ(test, *(u64 *)qi_slot_ptr(qi, 0),
			desc[0].qw[0] | QI_IOTLB_DW | QI_IOTLB_DR);
	KUNIT_EXPECT_EQ(test, *(u64 *)qi_slot_ptr(qi, 1), desc[1].qw[0]);
}

/*
 * A fake unit: its registers are memory, and its hardware does one step whenever
 * a submitter looks whether it is done.  A write of 1 to clear shows as the bare
 * bit: errors are raised together with FSTS_MARK, which the driver never writes.
 */
#define FSTS_MARK	BIT(31)
#define BAD_TYPE	0xf

struct model {
	struct intel_iommu iommu;
	struct q_inval qi;
	u16 dead_sid;		/* does not answer device-TLB requests */
	bool dead;		/* hardware does nothing at all */
	unsigned long executed, timeouts, errors;
};

static u32 model_read(struct model *m, u32 reg)
{
	return readl(m->iommu.reg + reg);
}

static void model_write(struct model *m, u32 reg, u32 val)
{
	writel(val, m->iommu.reg + reg);
}

/* Stop with an error, which @iqercd explains. */
static void model_raise(struct model *m, u32 error, u64 iqercd)
{
	m->errors++;
	writeq(iqercd, m->iommu.reg + VTD_IQERCD_REG);
	model_write(m, VTD_FSTS_REG, error | FSTS_MARK);
}

static void model_set_head(struct model *m, unsigned int slot)
{
	model_write(m, VTD_IQH_REG, slot << m->qi.shift);
}

/* A device does not answer: the wait was fetched with it, and is dropped. */
static void model_time_out(struct model *m, unsigned int slot, u16 sid)
{
	m->timeouts++;
	while (FIELD_GET(QI_TYPE, *(u64 *)qi_slot_ptr(&m->qi, slot)) != QI_WAIT)
		slot = qi_next(slot);
	model_set_head(m, qi_next(slot));
	model_raise(m, FSTS_ITE, FIELD_PREP(IQERCD_ITESID, sid));
}

static void model_step(struct q_inval *qi)
{
	struct model *m = container_of(qi, struct model, qi);
	unsigned int slot = qi_slot_at(qi, model_read(m, VTD_IQH_REG));
	struct qi_desc desc = {};
	u16 sid;

	if (m->dead || model_read(m, VTD_FSTS_REG) & FSTS_MARK)
		return;
	model_write(m, VTD_FSTS_REG, 0);
	if (slot == qi_slot_at(qi, model_read(m, VTD_IQT_REG)))
		return;

	memcpy(&desc, qi_slot_ptr(qi, slot), 1 << qi->shift);
	if (FIELD_GET(QI_TYPE, desc.qw[0]) == BAD_TYPE) {
		model_raise(m, FSTS_IQE, FIELD_PREP(IQERCD_IQEI, 3));
	} else if (qi_desc_device(&desc, &sid) && sid == m->dead_sid) {
		model_time_out(m, slot, sid);
	} else {
		model_execute(qi, slot);
		m->executed++;
		model_set_head(m, qi_next(slot));
	}
}

static void model_stop(void *data)
{
	struct model *m = data;

	xa_destroy(&m->iommu.devices);
}

static struct model *model_start(struct kunit *test)
{
	struct model *m;
	void *reg;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	reg = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_NOT_NULL(test, reg);
	m->iommu.reg = (void __iomem __force *)reg;
	strscpy(m->iommu.name, "fake");
	xa_init(&m->iommu.devices);
	m->iommu.qi = &m->qi;

	raw_spin_lock_init(&m->qi.lock);
	m->qi.relax = model_step;
	m->qi.patience_ns = QI_PATIENCE_NS;
	m->qi.shift = QI_SHIFT_256;
	m->qi.ring = kunit_kzalloc(test, QI_SLOTS << m->qi.shift, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->qi.ring);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, model_stop, m));
	return m;
}

static void test_submit(struct kunit *test)
{
	struct model *m = model_start(test);
	const unsigned int n = QI_BATCH * 3;
	struct qi_desc *desc;
	unsigned int i;

	desc = kunit_kcalloc(test, n, sizeof(*desc), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, desc);
	for (i = 0; i < n; i++)
		desc[i] = qi_desc_cc(i, 0, 0, CC_GRAN_DOMAIN);
	for (i = 0; i < 200; i++)
		KUNIT_ASSERT_EQ(test, qi_submit(&m->iommu, desc, i % 7), 0);
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, desc, 1), 0);

	/* 96 descriptors cost three waits. */
	m->executed = 0;
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, desc, n), 0);
	KUNIT_EXPECT_EQ(test, m->executed, n + 3);
}

static void test_submit_bad(struct kunit *test)
{
	struct model *m = model_start(test);
	struct qi_desc desc[3] = {
		qi_desc_pc(0, 0, PC_GRAN_GLOBAL), D(BAD_TYPE, 0),
		qi_desc_pc(0, 0, PC_GRAN_GLOBAL),
	};

	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, desc, 3), -EIO);
	KUNIT_EXPECT_EQ(test, m->executed, 4);
	KUNIT_EXPECT_EQ(test, m->errors, 1);
	/* The queue goes on. */
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, desc, 1), 0);
}

/* The device is gone: nobody waits for it, the others are flushed. */
static void test_submit_device_gone(struct kunit *test)
{
	struct model *m = model_start(test);
	struct qi_desc desc[3] = {
		qi_desc_pc(0, 0, PC_GRAN_GLOBAL),
		qi_desc_dev_iotlb(0x0100, 0x0100, 0, 0, 0),
		qi_desc_dev_iotlb(0x0200, 0x0200, 0, 0, 0),
	};

	m->dead_sid = 0x0100;
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, desc, 3), 0);
	KUNIT_EXPECT_EQ(test, m->timeouts, 1);
	KUNIT_EXPECT_EQ(test, m->errors, 1);
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, desc, 1), 0);
}

/* The device is there but does not answer: asked again, then given up. */
static void test_submit_device_silent(struct kunit *test)
{
	struct model *m = model_start(test);
	struct device *dev = kunit_device_register(test, "vtd-silent");
	struct qi_desc desc = qi_desc_dev_iotlb(0x0100, 0x0100, 0, 0, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_ASSERT_EQ(test, iommu_add_device(&m->iommu, 0x0100, dev), 0);

	m->dead_sid = 0x0100;
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, &desc, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, m->timeouts, 4);
	m->dead_sid = 0;
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, &desc, 1), 0);
	iommu_del_device(&m->iommu, 0x0100);
}

/* Hardware does nothing: given up once, and not waited for again. */
static void test_submit_dead(struct kunit *test)
{
	struct model *m = model_start(test);
	struct qi_desc desc = qi_desc_pc(0, 0, PC_GRAN_GLOBAL);

	m->dead = true;
	m->qi.patience_ns = 10 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, &desc, 1), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, m->qi.dead);
	m->dead = false;
	KUNIT_EXPECT_EQ(test, qi_submit(&m->iommu, &desc, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, m->executed, 0);
}

static void test_without_queue(struct kunit *test)
{
	struct intel_iommu *iommu = kunit_kzalloc(test, sizeof(*iommu),
						  GFP_KERNEL);
	struct qi_desc desc = qi_desc_pc(0, 0, PC_GRAN_GLOBAL);

	KUNIT_ASSERT_NOT_NULL(test, iommu);
	KUNIT_EXPECT_EQ(test, qi_submit(iommu, &desc, 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, qi_enable(iommu), -ENOENT);
	KUNIT_EXPECT_EQ(test, qi_reenable(iommu), -ENOENT);
}

static struct kunit_case qi_cases[] = {
	KUNIT_CASE(test_builders),
	KUNIT_CASE(test_device_tlb_ranges),
	KUNIT_CASE(test_ring_128),
	KUNIT_CASE(test_ring_256),
	KUNIT_CASE(test_release_order),
	KUNIT_CASE(test_bad_descriptor),
	KUNIT_CASE(test_abort),
	KUNIT_CASE(test_draining),
	KUNIT_CASE(test_submit),
	KUNIT_CASE(test_submit_bad),
	KUNIT_CASE(test_submit_device_gone),
	KUNIT_CASE(test_submit_device_silent),
	KUNIT_CASE(test_submit_dead),
	KUNIT_CASE(test_without_queue),
	{}
};

static struct kunit_suite qi_suite = {
	.name = "vtd_qi",
	.test_cases = qi_cases,
};

kunit_test_suite(qi_suite);
