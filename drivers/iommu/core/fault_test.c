// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of fault queues: a device of which every answer is recorded, and a
 * handler that can take, refuse, keep or forget groups.
 */

#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "core.h"
#include "mock.h"

#define MAX_ANSWERS 8

/**
 * struct bed - a device with faults
 * @dev: the device
 * @client: its record in the core
 * @unit: its unit
 * @ops: the unit's driver
 * @group: its group
 * @domain: what is attached to it
 * @handle: the attachment
 * @queue: its fault queue
 * @answers: what the device was told
 * @nr_answers: how often
 * @kept: groups that the handler has taken, oldest first
 * @nr_kept: how many
 * @refuse: the handler returns this
 * @work_code: the handler answers from the workqueue with this, if @queued
 * @queued: let the workqueue answer
 */
struct bed {
	struct device dev;
	struct dev_iommu client;
	struct iommu_device unit;
	struct iommu_ops ops;
	struct iommu_group group;
	struct iommu_domain domain;
	struct iommu_attach_handle handle;
	struct iopf_queue *queue;
	struct iommu_page_response answers[MAX_ANSWERS];
	unsigned int nr_answers;
	struct iopf_group *kept[MAX_ANSWERS];
	unsigned int nr_kept;
	int refuse;
	enum iommu_page_response_code work_code;
	bool queued;
};

static void record_answer(struct device *dev, struct iopf_fault *evt,
			  struct iommu_page_response *msg)
{
	struct bed *bed = container_of(dev, struct bed, dev);

	if (bed->nr_answers < MAX_ANSWERS)
		bed->answers[bed->nr_answers] = *msg;
	bed->nr_answers++;
}

static void answer_work(struct work_struct *work)
{
	struct iopf_group *group = container_of(work, struct iopf_group, work);
	struct bed *bed = group->attach_handle->domain->fault_data;

	iopf_group_response(group, bed->work_code);
	iopf_free_group(group);
}

static int handler(struct iopf_group *group)
{
	struct bed *bed = group->attach_handle->domain->fault_data;

	if (bed->refuse)
		return bed->refuse;
	if (bed->queued) {
		INIT_WORK(&group->work, answer_work);
		queue_work(bed->queue->wq, &group->work);
		return 0;
	}
	bed->kept[bed->nr_kept++] = group;
	return 0;
}

static void free_bed(void *data)
{
	struct bed *bed = data;

	iopf_queue_free(bed->queue);
	xa_destroy(&bed->group.attachments);
}

static struct bed *make_bed(struct kunit *test)
{
	struct bed *bed = kunit_kzalloc(test, sizeof(*bed), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bed);
	bed->ops.page_response = record_answer;
	bed->unit.ops = &bed->ops;
	mutex_init(&bed->client.lock);
	bed->client.iommu_dev = &bed->unit;
	bed->dev.iommu = &bed->client;
	bed->dev.init_name = "faulty";
	mutex_init(&bed->group.mutex);
	INIT_LIST_HEAD(&bed->group.members);
	xa_init(&bed->group.attachments);
	bed->group.handle = &bed->handle;
	bed->dev.iommu_group = &bed->group;
	bed->handle.domain = &bed->domain;
	bed->domain.type = IOMMU_DOMAIN_NESTED;
	bed->domain.iopf_handler = handler;
	bed->domain.fault_data = bed;

	bed->queue = iopf_queue_alloc("test");
	KUNIT_ASSERT_NOT_NULL(test, bed->queue);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_bed, bed), 0);
	KUNIT_ASSERT_EQ(test, iopf_queue_add_device(bed->queue, &bed->dev), 0);
	return bed;
}

static int report(struct bed *bed, u32 grpid, u32 flags)
{
	struct iopf_fault evt = {
		.fault = {
			.type = IOMMU_FAULT_PAGE_REQ,
			.prm = {
				.flags = flags, .grpid = grpid, .pasid = 7,
				.addr = 0x1000 * grpid,
				.perm = IOMMU_FAULT_PERM_READ,
			},
		},
	};

	return iommu_report_device_fault(&bed->dev, &evt);
}

static int report_last(struct bed *bed, u32 grpid)
{
	return report(bed, grpid, IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE);
}

static struct iommu_fault_param *param_of(struct bed *bed)
{
	return rcu_dereference_protected(bed->client.fault_param, true);
}

static void expect_answer(struct kunit *test, struct bed *bed, unsigned int nr,
			  u32 grpid, u32 code)
{
	KUNIT_ASSERT_EQ(test, bed->nr_answers, nr + 1);
	KUNIT_EXPECT_EQ(test, bed->answers[nr].grpid, grpid);
	KUNIT_EXPECT_EQ(test, bed->answers[nr].pasid, 7);
	KUNIT_EXPECT_EQ(test, bed->answers[nr].code, code);
}

static void partial_groups(struct kunit *test)
{
	struct bed *bed = make_bed(test);
	struct iopf_fault *fault;
	struct iopf_group *group;

	KUNIT_EXPECT_EQ(test, report(bed, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, report(bed, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, report(bed, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, bed->nr_kept, 0);
	KUNIT_EXPECT_EQ(test, report_last(bed, 1), 0);
	KUNIT_ASSERT_EQ(test, bed->nr_kept, 1);

	group = bed->kept[0];
	KUNIT_EXPECT_EQ(test, group->fault_count, 3);
	KUNIT_EXPECT_PTR_EQ(test, group->attach_handle, &bed->handle);
	list_for_each_entry(fault, &group->faults, list)
		KUNIT_EXPECT_EQ(test, fault->fault.prm.grpid, 1);
	fault = list_last_entry(&group->faults, struct iopf_fault, list);
	KUNIT_EXPECT_PTR_EQ(test, fault, &group->last_fault);

	KUNIT_EXPECT_EQ(test, bed->nr_answers, 0);
	iopf_group_response(group, IOMMU_PAGE_RESP_SUCCESS);
	expect_answer(test, bed, 0, 1, IOMMU_PAGE_RESP_SUCCESS);
	iopf_free_group(group);
	KUNIT_EXPECT_EQ(test, bed->nr_answers, 1);
	/* The other group still waits for its last fault. */
	KUNIT_EXPECT_EQ(test, list_count_nodes(&param_of(bed)->partial), 1);
}

static void answered_once(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	KUNIT_EXPECT_EQ(test, report_last(bed, 1), 0);
	iopf_group_response(bed->kept[0], IOMMU_PAGE_RESP_FAILURE);
	iopf_group_response(bed->kept[0], IOMMU_PAGE_RESP_SUCCESS);
	iopf_free_group(bed->kept[0]);
	expect_answer(test, bed, 0, 1, IOMMU_PAGE_RESP_FAILURE);

	/* A handler that forgets to answer. */
	KUNIT_EXPECT_EQ(test, report_last(bed, 2), 0);
	iopf_free_group(bed->kept[1]);
	expect_answer(test, bed, 1, 2, IOMMU_PAGE_RESP_INVALID);
	KUNIT_EXPECT_EQ(test, refcount_read(&param_of(bed)->users), 1);
}

static void flush_waits(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	bed->queued = true;
	bed->work_code = IOMMU_PAGE_RESP_SUCCESS;
	KUNIT_EXPECT_EQ(test, report_last(bed, 4), 0);
	KUNIT_EXPECT_EQ(test, iopf_queue_flush_dev(&bed->dev), 0);
	expect_answer(test, bed, 0, 4, IOMMU_PAGE_RESP_SUCCESS);
}

static void refused_by_handler(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	bed->refuse = -EBUSY;
	KUNIT_EXPECT_EQ(test, report(bed, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, report_last(bed, 3), 0);
	expect_answer(test, bed, 0, 3, IOMMU_PAGE_RESP_FAILURE);
	KUNIT_EXPECT_TRUE(test, list_empty(&param_of(bed)->partial));
	KUNIT_EXPECT_EQ(test, refcount_read(&param_of(bed)->users), 1);
}

static void no_handler(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	KUNIT_EXPECT_EQ(test, report(bed, 5, 0), 0);
	bed->domain.iopf_handler = NULL;
	KUNIT_EXPECT_EQ(test, report(bed, 5, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, bed->nr_answers, 0);
	KUNIT_EXPECT_EQ(test, report_last(bed, 5), -EINVAL);
	expect_answer(test, bed, 0, 5, IOMMU_PAGE_RESP_INVALID);
	KUNIT_EXPECT_TRUE(test, list_empty(&param_of(bed)->partial));

	/* Nothing is attached to the PASID. */
	bed->domain.iopf_handler = handler;
	KUNIT_EXPECT_EQ(test, report(bed, 6, IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE |
				     IOMMU_FAULT_PAGE_REQUEST_PASID_VALID),
			-EINVAL);
	expect_answer(test, bed, 1, 6, IOMMU_PAGE_RESP_INVALID);

	/* Unless user space has the PASID table. */
	bed->ops.user_pasid_table = 1;
	KUNIT_EXPECT_EQ(test, report(bed, 6, IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE |
				     IOMMU_FAULT_PAGE_REQUEST_PASID_VALID), 0);
	KUNIT_ASSERT_EQ(test, bed->nr_kept, 1);
	iopf_free_group(bed->kept[0]);
}

static void overflow(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	KUNIT_EXPECT_EQ(test, report(bed, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, report(bed, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, iopf_queue_discard_partial(bed->queue), 0);
	KUNIT_EXPECT_EQ(test, report_last(bed, 1), 0);
	KUNIT_ASSERT_EQ(test, bed->nr_kept, 1);
	KUNIT_EXPECT_EQ(test, bed->kept[0]->fault_count, 1);
	iopf_free_group(bed->kept[0]);
	KUNIT_EXPECT_EQ(test, iopf_queue_discard_partial(NULL), -EINVAL);
}

static void removal_answers(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	KUNIT_EXPECT_EQ(test, report_last(bed, 1), 0);
	KUNIT_EXPECT_EQ(test, report_last(bed, 2), 0);
	KUNIT_EXPECT_EQ(test, report_last(bed, 3), 0);
	KUNIT_EXPECT_EQ(test, report(bed, 4, 0), 0);
	KUNIT_ASSERT_EQ(test, bed->nr_kept, 3);
	iopf_group_dequeue(bed->kept[1]);
	iopf_group_response(bed->kept[2], IOMMU_PAGE_RESP_SUCCESS);

	iopf_queue_remove_device(bed->queue, &bed->dev);
	KUNIT_EXPECT_EQ(test, bed->nr_answers, 3);
	KUNIT_EXPECT_EQ(test, bed->answers[0].grpid, 3);
	KUNIT_EXPECT_EQ(test, bed->answers[1].grpid, 1);
	KUNIT_EXPECT_EQ(test, bed->answers[1].code, IOMMU_PAGE_RESP_INVALID);
	KUNIT_EXPECT_EQ(test, bed->answers[2].grpid, 2);
	KUNIT_EXPECT_EQ(test, bed->answers[2].code, IOMMU_PAGE_RESP_INVALID);

	/* Their handlers come late. */
	iopf_group_response(bed->kept[0], IOMMU_PAGE_RESP_SUCCESS);
	iopf_group_response(bed->kept[1], IOMMU_PAGE_RESP_SUCCESS);
	iopf_free_group(bed->kept[0]);
	iopf_free_group(bed->kept[1]);
	iopf_free_group(bed->kept[2]);
	KUNIT_EXPECT_EQ(test, bed->nr_answers, 3);
	KUNIT_EXPECT_NULL(test, param_of(bed));
}

static void add_and_remove(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	KUNIT_EXPECT_EQ(test, iopf_queue_add_device(bed->queue, &bed->dev),
			-EBUSY);
	iopf_queue_remove_device(bed->queue, &bed->dev);
	bed->ops.page_response = NULL;
	KUNIT_EXPECT_EQ(test, iopf_queue_add_device(bed->queue, &bed->dev),
			-ENODEV);
	bed->ops.page_response = record_answer;
	if (mock_can_fail_allocs()) {
		mock_fail_alloc(1);
		KUNIT_EXPECT_EQ(test, iopf_queue_add_device(bed->queue,
							    &bed->dev), -ENOMEM);
		KUNIT_EXPECT_TRUE(test, mock_fail_alloc_end());
	}
	KUNIT_EXPECT_EQ(test, iopf_queue_add_device(bed->queue, &bed->dev), 0);
}

static void without_memory(struct kunit *test)
{
	struct bed *bed = make_bed(test);

	if (!mock_can_fail_allocs())
		kunit_skip(test, "needs CONFIG_FAILSLAB");

	mock_fail_alloc(1);
	KUNIT_EXPECT_EQ(test, report(bed, 1, 0), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, mock_fail_alloc_end());
	KUNIT_EXPECT_EQ(test, bed->nr_answers, 0);

	KUNIT_EXPECT_EQ(test, report(bed, 1, 0), 0);
	mock_fail_alloc(1);
	KUNIT_EXPECT_EQ(test, report_last(bed, 1), 0);
	KUNIT_EXPECT_TRUE(test, mock_fail_alloc_end());
	expect_answer(test, bed, 0, 1, IOMMU_PAGE_RESP_FAILURE);
	KUNIT_EXPECT_TRUE(test, list_empty(&param_of(bed)->partial));
	KUNIT_EXPECT_EQ(test, refcount_read(&param_of(bed)->users), 1);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(partial_groups),
	KUNIT_CASE(answered_once),
	KUNIT_CASE(flush_waits),
	KUNIT_CASE(refused_by_handler),
	KUNIT_CASE(no_handler),
	KUNIT_CASE(overflow),
	KUNIT_CASE(removal_answers),
	KUNIT_CASE(add_and_remove),
	KUNIT_CASE(without_memory),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "iommu-fault",
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
