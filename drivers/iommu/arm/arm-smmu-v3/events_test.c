// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events and page requests, word by word, and the queues that they come in.
 */
#include <linux/slab.h>

#include "events.h"
#include "model_test.h"

#define EVT_SHIFT	3
#define PRI_SHIFT	2

/* A read without SSID that finds nothing mapped; as the architecture draws it. */
static const u64 translation[] = {
	0x0000001000000010ULL, 0x0000020800000000ULL, 0x12345678ULL, 0,
};

static void decode_translation(struct kunit *test)
{
	struct smmu3_event e = smmu3_event_decode(translation);

	KUNIT_EXPECT_STREQ(test, e.name, "F_TRANSLATION");
	KUNIT_EXPECT_STREQ(test, e.what, "input address");
	KUNIT_EXPECT_EQ(test, e.sid, 0x10);
	KUNIT_EXPECT_EQ(test, e.ssid, IOMMU_PASID_INVALID);
	KUNIT_EXPECT_EQ(test, e.addr, 0x12345678);
	KUNIT_EXPECT_EQ(test, e.stage, 1);
	KUNIT_EXPECT_TRUE(test, e.has_access);
	KUNIT_EXPECT_TRUE(test, e.read);
	KUNIT_EXPECT_FALSE(test, e.exec);
	KUNIT_EXPECT_FALSE(test, e.priv);
	KUNIT_EXPECT_FALSE(test, e.stall);
	KUNIT_EXPECT_FALSE(test, e.has_ipa);
}

/* Stage 1 translates the device's addresses only, whatever the class says. */
static void decode_class(struct kunit *test)
{
	u64 qw[4] = { 0x0000001000000010ULL, BIT_ULL(35), 0x1000 };
	struct smmu3_event e = smmu3_event_decode(qw);

	KUNIT_EXPECT_STREQ(test, e.what, "input address");
	qw[1] |= BIT_ULL(39);
	e = smmu3_event_decode(qw);
	KUNIT_EXPECT_STREQ(test, e.what, "context descriptor");
	qw[1] |= BIT_ULL(40) | BIT_ULL(41);
	e = smmu3_event_decode(qw);
	KUNIT_EXPECT_STREQ(test, e.what, "unknown class");
}

static void decode_permission(struct kunit *test)
{
	const u64 qw[] = {
		0x0000002034567813ULL | EVT0_SSV,
		BIT_ULL(39) | BIT_ULL(33) | BIT_ULL(40) | BIT_ULL(31) | 0xbeef,
		U64_MAX, U64_MAX,
	};
	struct smmu3_event e = smmu3_event_decode(qw);

	KUNIT_EXPECT_STREQ(test, e.name, "F_PERMISSION");
	KUNIT_EXPECT_STREQ(test, e.what, "translation table");
	KUNIT_EXPECT_EQ(test, e.sid, 0x20);
	KUNIT_EXPECT_EQ(test, e.ssid, 0x34567);
	KUNIT_EXPECT_EQ(test, e.stage, 2);
	KUNIT_EXPECT_FALSE(test, e.read);
	KUNIT_EXPECT_TRUE(test, e.priv);
	KUNIT_EXPECT_TRUE(test, e.stall);
	KUNIT_EXPECT_EQ(test, e.stag, 0xbeef);
	KUNIT_EXPECT_EQ(test, e.addr, U64_MAX);
	KUNIT_EXPECT_TRUE(test, e.has_ipa);
	KUNIT_EXPECT_EQ(test, e.ipa, 0x000ffffffffff000ULL);
}

static void decode_fetch(struct kunit *test)
{
	const u64 qw[] = { 0x0000001000000003ULL, U64_MAX, 0, U64_MAX };
	struct smmu3_event e = smmu3_event_decode(qw);

	KUNIT_EXPECT_STREQ(test, e.name, "F_STE_FETCH");
	KUNIT_EXPECT_NULL(test, e.what);
	KUNIT_EXPECT_FALSE(test, e.has_access);
	/* Words that such an event does not have say nothing. */
	KUNIT_EXPECT_FALSE(test, e.stall);
	KUNIT_EXPECT_EQ(test, e.stage, 0);
	KUNIT_EXPECT_TRUE(test, e.has_fetch);
	KUNIT_EXPECT_EQ(test, e.fetch, 0x000ffffffffffff8ULL);
}

/* Every code has words; those that are in the architecture have a name. */
static void all_types(struct kunit *test)
{
	static const u8 known[] = {
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
		0x0b, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x24, 0x25,
	};
	unsigned int code, i = 0;
	struct smmu3_event e;
	u64 qw[4] = {};

	for (code = 0; code <= U8_MAX; code++) {
		qw[0] = code;
		e = smmu3_event_decode(qw);
		KUNIT_ASSERT_NOT_NULL(test, e.name);
		KUNIT_ASSERT_NOT_NULL(test, e.reason);
		KUNIT_EXPECT_EQ(test, e.type, code);
		if (i < ARRAY_SIZE(known) && known[i] == code) {
			KUNIT_EXPECT_STRNEQ(test, e.name, "unknown event");
			i++;
		} else {
			KUNIT_EXPECT_STREQ(test, e.name, "unknown event");
		}
	}
	KUNIT_EXPECT_EQ(test, i, ARRAY_SIZE(known));
}

static void words(struct kunit *test)
{
	const u64 stage2[] = {
		0x000000200000a810ULL, BIT_ULL(39) | BIT_ULL(41) | BIT_ULL(31),
		0x4000, 0x5000,
	};
	const u64 bad_ste[] = { 0x0000001000000004ULL, 0, 0, 0 };
	struct smmu3_event e = smmu3_event_decode(translation);
	char buf[256];
	int n;

	n = smmu3_event_print(buf, sizeof(buf), &e, "0000:00:02.0");
	KUNIT_EXPECT_STREQ(test, buf,
			   "event F_TRANSLATION (0x10): stream 0x10 (0000:00:02.0) read at 0x12345678, input address, stage 1: nothing is mapped");
	KUNIT_EXPECT_EQ(test, n, strlen(buf));
	e = smmu3_event_decode(stage2);
	smmu3_event_print(buf, sizeof(buf), &e, NULL);
	KUNIT_EXPECT_STREQ(test, buf,
			   "event F_TRANSLATION (0x10): stream 0x20 (no device of ours) substream 0xa write at 0x4000, input address, stage 2 at 0x5000: nothing is mapped; stalled");
	e = smmu3_event_decode(bad_ste);
	smmu3_event_print(buf, sizeof(buf), &e, "x");
	KUNIT_EXPECT_STREQ(test, buf,
			   "event C_BAD_STE (0x04): stream 0x10 (x): stream table entry is invalid");
	/* Too long is cut. */
	n = smmu3_event_print(buf, 16, &e, "x");
	KUNIT_EXPECT_EQ(test, n, 15);
	KUNIT_EXPECT_STREQ(test, buf, "event C_BAD_STE");
}

static void event_to_access(struct kunit *test)
{
	const u64 fetch[] = {
		0x000000200000a810ULL, BIT_ULL(34) | BIT_ULL(33) | BIT_ULL(35),
		0x4000, 0,
	};
	const u64 bad_ste[] = { 0x0000001000000004ULL, 0, 0x4000, 0 };
	struct smmu3_event e = smmu3_event_decode(translation);
	struct iommu_access_fault fault;

	KUNIT_ASSERT_TRUE(test, smmu3_event_to_access(&e, &fault));
	KUNIT_EXPECT_EQ(test, fault.pasid, IOMMU_NO_PASID);
	KUNIT_EXPECT_EQ(test, fault.perm, IOMMU_FAULT_PERM_READ);
	KUNIT_EXPECT_EQ(test, fault.addr, 0x12345678);
	KUNIT_EXPECT_EQ(test, fault.code, F_TRANSLATION);
	KUNIT_EXPECT_STREQ(test, fault.reason, "nothing is mapped");
	e = smmu3_event_decode(fetch);
	KUNIT_ASSERT_TRUE(test, smmu3_event_to_access(&e, &fault));
	KUNIT_EXPECT_EQ(test, fault.pasid, 0xa);
	KUNIT_EXPECT_EQ(test, fault.perm, IOMMU_FAULT_PERM_READ |
			IOMMU_FAULT_PERM_EXEC | IOMMU_FAULT_PERM_PRIV);
	/* No address, no access. */
	e = smmu3_event_decode(bad_ste);
	KUNIT_EXPECT_FALSE(test, smmu3_event_to_access(&e, &fault));
}

static void stall_to_fault(struct kunit *test)
{
	u64 qw[4] = { 0x0000001000005810ULL, 0x80000042ULL | BIT_ULL(41), 0x7000 };
	struct iommu_fault_page_request *prm;
	struct smmu3_event e = smmu3_event_decode(qw);
	struct iopf_fault fault;

	prm = &fault.fault.prm;
	KUNIT_ASSERT_TRUE(test, smmu3_event_to_fault(&e, &fault));
	KUNIT_EXPECT_EQ(test, fault.fault.type, IOMMU_FAULT_PAGE_REQ);
	KUNIT_EXPECT_EQ(test, prm->flags, IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE |
			IOMMU_FAULT_PAGE_REQUEST_PASID_VALID);
	KUNIT_EXPECT_EQ(test, prm->pasid, 5);
	KUNIT_EXPECT_EQ(test, prm->grpid, 0x42);
	KUNIT_EXPECT_EQ(test, prm->perm, IOMMU_FAULT_PERM_WRITE);
	KUNIT_EXPECT_EQ(test, prm->addr, 0x7000);
	KUNIT_EXPECT_EQ(test, prm->private_data[0], 0x10);
	/* What nobody can map, and what does not wait. */
	e.stage = 2;
	KUNIT_EXPECT_FALSE(test, smmu3_event_to_fault(&e, &fault));
	e.stage = 1;
	e.stall = false;
	KUNIT_EXPECT_FALSE(test, smmu3_event_to_fault(&e, &fault));
}

static void request_to_fault(struct kunit *test)
{
	u64 qw[2] = {
		PRI0_SSV | PRI0_LAST | PRI0_READ | PRI0_PRIV | 5ULL << 32 | 0x10,
		0x7000 | 0x1ff,
	};
	struct iommu_fault_page_request *prm;
	struct iopf_fault fault;

	prm = &fault.fault.prm;
	KUNIT_EXPECT_TRUE(test, smmu3_pri_to_fault(qw, &fault));
	KUNIT_EXPECT_EQ(test, prm->flags, IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE |
			IOMMU_FAULT_PAGE_REQUEST_PASID_VALID);
	KUNIT_EXPECT_EQ(test, prm->pasid, 5);
	KUNIT_EXPECT_EQ(test, prm->grpid, 0x1ff);
	KUNIT_EXPECT_EQ(test, prm->perm,
			IOMMU_FAULT_PERM_READ | IOMMU_FAULT_PERM_PRIV);
	KUNIT_EXPECT_EQ(test, prm->addr, 0x7000);
	/* A PASID that is used no more. */
	qw[0] &= ~PRI0_READ;
	KUNIT_EXPECT_FALSE(test, smmu3_pri_to_fault(qw, &fault));
	/* In the middle of a group, and no PASID. */
	qw[0] = PRI0_WRITE | PRI0_EXEC | 0x10;
	KUNIT_EXPECT_TRUE(test, smmu3_pri_to_fault(qw, &fault));
	KUNIT_EXPECT_EQ(test, prm->flags, 0);
	KUNIT_EXPECT_EQ(test, prm->perm,
			IOMMU_FAULT_PERM_WRITE | IOMMU_FAULT_PERM_EXEC);
}

/*
 * Queues
 */

static struct smmu3_model *start(struct kunit *test)
{
	struct smmu3_model *m = model_start(test, 6, true);

	model_inq(test, m, &m->smmu.q.evtq, EVT_SHIFT, SMMU3_EVT_SHIFT,
		  SMMU3_EVENTQ_PROD, SMMU3_EVENTQ_CONS);
	model_inq(test, m, &m->smmu.q.priq, PRI_SHIFT, SMMU3_PRI_SHIFT,
		  SMMU3_PRIQ_PROD, SMMU3_PRIQ_CONS);
	return m;
}

/* Hardware adds a record, if there is room. */
static bool add_record(struct smmu3_inq *q, const u64 *qw)
{
	u32 prod = readl(q->ring.prod), cons = readl(q->ring.cons);
	__le64 *at = smmu3_ring_entry(&q->ring, prod);
	unsigned int i;

	if (smmu3_ring_index(&q->ring, prod - cons) ==
	    smmu3_ring_size(&q->ring)) {
		/* Overflows once until that is acknowledged. */
		if (!((prod ^ cons) & Q_OVERFLOW))
			writel(prod ^ Q_OVERFLOW, q->ring.prod);
		return false;
	}
	for (i = 0; i < BIT(q->ring.entry_shift) / sizeof(*at); i++)
		at[i] = cpu_to_le64(qw[i]);
	writel(smmu3_ring_index(&q->ring, prod + 1) | (prod & Q_OVERFLOW),
	       q->ring.prod);
	return true;
}

static bool is_read(const struct smmu3_inq *q)
{
	return readl(q->ring.prod) == readl(q->ring.cons);
}

/* Of events that no handler took, those that the rate limit keeps off the log. */
static unsigned int events_seen(struct smmu3_model *m)
{
	return m->smmu.q.evtq.rs.missed;
}

/* A device without a handler; what happens to it is only counted. */
static struct smmu3_master *counting_master(struct kunit *test,
					    struct smmu3_model *m, u32 sid)
{
	struct smmu3_master *master = kunit_kzalloc(test, sizeof(*master),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, master);
	ratelimit_state_init(&m->smmu.q.evtq.rs, HZ * 3600, 0);
	master->dev = m->smmu.dev;
	master->smmu = &m->smmu;
	KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store(&m->smmu.streams, sid, master,
						    GFP_KERNEL)));
	return master;
}

static void event_queue(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	struct smmu3_inq *q = &m->smmu.q.evtq;
	unsigned int i;

	counting_master(test, m, 0x10);
	/* Many laps, some at a time. */
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_TRUE(test, add_record(q, translation));
		if (i % 7 == 0)
			smmu3_evtq_handle(&m->smmu);
	}
	smmu3_evtq_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, events_seen(m), 100);
	KUNIT_EXPECT_TRUE(test, is_read(q));
	KUNIT_EXPECT_EQ(test, m->count, 0);
}

static void event_queue_overflow(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	struct smmu3_inq *q = &m->smmu.q.evtq;
	unsigned int taken = 0, round, i;

	counting_master(test, m, 0x10);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 11; i++)
			taken += add_record(q, translation);
		KUNIT_EXPECT_NE(test, readl(q->ring.prod) & Q_OVERFLOW,
				readl(q->ring.cons) & Q_OVERFLOW);
		smmu3_evtq_handle(&m->smmu);
		/* Acknowledged with all that was read. */
		KUNIT_EXPECT_TRUE(test, is_read(q));
	}
	KUNIT_EXPECT_EQ(test, taken, 4 << EVT_SHIFT);
	/* And a line for each time that it overflowed. */
	KUNIT_EXPECT_EQ(test, events_seen(m), taken + 4);
}

/* Indices that no hardware could have written do not send us round in circles. */
static void event_queue_nonsense(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	struct smmu3_inq *q = &m->smmu.q.evtq;

	counting_master(test, m, 0x10);
	writel(0xb, q->ring.prod);
	smmu3_evtq_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, events_seen(m), 0);
	KUNIT_EXPECT_TRUE(test, is_read(q));
	add_record(q, translation);
	smmu3_evtq_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, events_seen(m), 1);
}

/* What waits and has nobody to resolve it is ended. */
static void stall_of_nobody(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	u64 qw[4] = { 0x0000009900000010ULL, 0x80000042ULL, 0x7000 };

	add_record(&m->smmu.q.evtq, qw);
	smmu3_evtq_handle(&m->smmu);
	model_drain(m);
	KUNIT_ASSERT_EQ(test, m->count, 1);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x0000009900002044ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x42);
}

static void request_of_nobody(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	u64 first[2] = { PRI0_READ | 0x99, 0x7003 };
	u64 last[2] = { PRI0_SSV | PRI0_LAST | PRI0_READ | 5ULL << 32 | 0x99,
			0x8003 };
	u64 stop[2] = { PRI0_SSV | PRI0_LAST | 5ULL << 32 | 0x99, 0 };

	/* One answer for the group, and none for a PASID that is not used. */
	add_record(&m->smmu.q.priq, first);
	add_record(&m->smmu.q.priq, last);
	add_record(&m->smmu.q.priq, stop);
	smmu3_evtq_drain(&m->smmu);
	model_drain(m);
	KUNIT_ASSERT_EQ(test, m->count, 1);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x0000009900005841ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 3);
	KUNIT_EXPECT_TRUE(test, is_read(&m->smmu.q.priq));
}

static void request_overflow(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	u64 qw[2] = { PRI0_READ | 0x99, 0x7003 };
	unsigned int i;

	for (i = 0; i < 6; i++)
		add_record(&m->smmu.q.priq, qw);
	smmu3_priq_handle(&m->smmu);
	KUNIT_EXPECT_TRUE(test, is_read(&m->smmu.q.priq));
	KUNIT_EXPECT_TRUE(test, readl(m->smmu.q.priq.ring.cons) & Q_OVERFLOW);
	/* An SMMU without page requests has no such queue. */
	m->smmu.q.priq.ring.mem = NULL;
	smmu3_priq_handle(&m->smmu);
}

static void responses(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	struct smmu3_master *master = counting_master(test, m, 0x10);
	struct iopf_fault fault = { .fault.prm = {
		.pasid = 5, .grpid = 0x42, .private_data[0] = 0x11,
	} };
	struct iommu_page_response resp = { .code = IOMMU_PAGE_RESP_SUCCESS };
	struct device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->iommu = kunit_kzalloc(test, sizeof(*dev->iommu), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->iommu);
	mutex_lock(&iommu_probe_device_lock);
	dev_iommu_priv_set(dev, master);
	mutex_unlock(&iommu_probe_device_lock);

	smmu3_page_response(dev, &fault, &resp);
	fault.fault.prm.flags = IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID;
	resp.code = IOMMU_PAGE_RESP_INVALID;
	smmu3_page_response(dev, &fault, &resp);
	resp.code = IOMMU_PAGE_RESP_FAILURE;
	smmu3_page_response(dev, &fault, &resp);
	master->stall_supported = true;
	smmu3_page_response(dev, &fault, &resp);
	resp.code = IOMMU_PAGE_RESP_SUCCESS;
	smmu3_page_response(dev, &fault, &resp);
	model_drain(m);
	KUNIT_ASSERT_EQ(test, m->count, 5);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[0], 0x0000001100000041ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[0].qw[1], 0x2042);
	KUNIT_EXPECT_EQ(test, m->cmd[1].qw[0], 0x0000001100005841ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[1].qw[1], 0x1042);
	KUNIT_EXPECT_EQ(test, m->cmd[2].qw[1], 0x0042);
	KUNIT_EXPECT_EQ(test, m->cmd[3].qw[0], 0x0000001100002044ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[4].qw[0], 0x0000001100001044ULL);
	KUNIT_EXPECT_EQ(test, m->cmd[4].qw[1], 0x42);
}

static void global_errors(struct kunit *test)
{
	struct smmu3_model *m = start(test);
	u32 bits = GERROR_EVENTQ_ABT_ERR | GERROR_MSI_GERROR_ABT_ERR;

	model_write(m, SMMU3_GERROR, bits);
	smmu3_gerror_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, model_read(m, SMMU3_GERRORN), bits);
	/* The next time the other way round; what is not active stays. */
	model_write(m, SMMU3_GERROR, GERROR_MSI_GERROR_ABT_ERR);
	smmu3_gerror_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, model_read(m, SMMU3_GERRORN),
			GERROR_MSI_GERROR_ABT_ERR);
	KUNIT_EXPECT_EQ(test, m->smmu.q.cmdq.state, SMMU3_CMDQ_ON);

	model_write(m, SMMU3_GERROR, GERROR_SFM_ERR | GERROR_MSI_GERROR_ABT_ERR);
	smmu3_gerror_handle(&m->smmu);
	KUNIT_EXPECT_EQ(test, m->smmu.q.cmdq.state, SMMU3_CMDQ_OFF);
	KUNIT_EXPECT_EQ(test, smmu3_cfgi_all(&m->smmu), -ENODEV);
}

static struct kunit_case events_cases[] = {
	KUNIT_CASE(decode_translation),
	KUNIT_CASE(decode_class),
	KUNIT_CASE(decode_permission),
	KUNIT_CASE(decode_fetch),
	KUNIT_CASE(all_types),
	KUNIT_CASE(words),
	KUNIT_CASE(event_to_access),
	KUNIT_CASE(stall_to_fault),
	KUNIT_CASE(request_to_fault),
	KUNIT_CASE(event_queue),
	KUNIT_CASE(event_queue_overflow),
	KUNIT_CASE(event_queue_nonsense),
	KUNIT_CASE(stall_of_nobody),
	KUNIT_CASE(request_of_nobody),
	KUNIT_CASE(request_overflow),
	KUNIT_CASE(responses),
	KUNIT_CASE(global_errors),
	{}
};

static struct kunit_suite events_suite = {
	.name = "smmu3_events",
	.test_cases = events_cases,
};

kunit_test_suite(events_suite);
