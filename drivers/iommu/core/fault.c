// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O page faults: from the driver's queue to the domain's handler and back.
 *
 * The device waits for an answer to each group of faults, so the law here is: a
 * group that was complete is answered exactly once - by its handler, by the
 * report that found no handler, or by the removal of the device from its queue,
 * whichever comes first.
 *
 * A fault that does not close its group waits in fault_param->partial.  The one
 * that does makes the group, which is in fault_param->faults (or ->taken) from
 * then until it is answered.  The group belongs to its handler, which frees it
 * after that; nobody else does.
 *
 * Locks, outer to inner: queue->lock, dev->iommu->lock, fault_param->lock.  The
 * last one is held while the driver sends an answer.
 */

#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../iommu-priv.h"

/*
 * The fault state of a device
 */

/* Return: the state with a reference, or NULL if the device is on no queue. */
static struct iommu_fault_param *fault_param_get(struct device *dev)
{
	struct iommu_fault_param *param;

	rcu_read_lock();
	param = rcu_dereference(dev->iommu->fault_param);
	if (param && !refcount_inc_not_zero(&param->users))
		param = NULL;
	rcu_read_unlock();
	return param;
}

static void fault_param_put(struct iommu_fault_param *param)
{
	if (!refcount_dec_and_test(&param->users))
		return;
	mutex_destroy(&param->lock);
	kfree_rcu(param, rcu);
}

static void send_response(struct device *dev, struct iopf_fault *last,
			  enum iommu_page_response_code code)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_page_response resp = {
		.pasid = last->fault.prm.pasid,
		.grpid = last->fault.prm.grpid,
		.code = code,
	};

	ops->page_response(dev, last, &resp);
}

/* On a list until answered, and never answered twice. */
static void answer_locked(struct iopf_group *group,
			  enum iommu_page_response_code code)
{
	lockdep_assert_held(&group->fault_param->lock);

	if (list_empty(&group->pending_node))
		return;
	list_del_init(&group->pending_node);
	send_response(group->fault_param->dev, &group->last_fault, code);
}

static void free_faults(struct list_head *faults, struct iopf_fault *embedded)
{
	struct iopf_fault *fault, *next;

	list_for_each_entry_safe(fault, next, faults, list)
		if (fault != embedded)
			kfree(fault);
}

/*
 * Groups, as their handlers see them
 */

/**
 * iopf_group_response - answer a group of faults
 * @group: a group that the caller handles
 * @status: the answer
 *
 * Does nothing if the device has left its queue, which answers for the handler.
 *
 * Context: may sleep.
 */
void iopf_group_response(struct iopf_group *group,
			 enum iommu_page_response_code status)
{
	struct iommu_fault_param *param = group->fault_param;

	mutex_lock(&param->lock);
	answer_locked(group, status);
	mutex_unlock(&param->lock);
}
EXPORT_SYMBOL_GPL(iopf_group_response);

/**
 * iopf_free_group - free a group of faults
 * @group: a group that the caller handles and has answered
 *
 * A group that was not is answered with %IOMMU_PAGE_RESP_INVALID: a device must
 * not wait for ever because of a bug in a handler.
 *
 * Context: may sleep.
 */
void iopf_free_group(struct iopf_group *group)
{
	iopf_group_response(group, IOMMU_PAGE_RESP_INVALID);
	free_faults(&group->faults, &group->last_fault);
	fault_param_put(group->fault_param);
	kfree(group);
}
EXPORT_SYMBOL_GPL(iopf_free_group);

/**
 * iopf_group_dequeue - take a group out of the core's queue
 * @group: a group that the caller handles
 *
 * For handlers that keep the group for longer, e.g. until user space answers:
 * iopf_queue_flush_dev() does not wait for it.
 *
 * Context: may sleep.
 */
void iopf_group_dequeue(struct iopf_group *group)
{
	struct iommu_fault_param *param = group->fault_param;

	mutex_lock(&param->lock);
	if (!list_empty(&group->pending_node))
		list_move_tail(&group->pending_node, &param->taken);
	mutex_unlock(&param->lock);
}
EXPORT_SYMBOL_GPL(iopf_group_dequeue);

/*
 * Reports
 */

static bool closes_group(const struct iommu_fault *fault)
{
	return fault->prm.flags & IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
}

/* Keep a fault until its group is complete. */
static int add_partial(struct iommu_fault_param *param,
		       const struct iommu_fault *fault)
{
	struct iopf_fault *partial = kmalloc(sizeof(*partial), GFP_KERNEL);
	int ret = 0;

	if (!partial)
		return -ENOMEM;
	partial->fault = *fault;

	mutex_lock(&param->lock);
	if (param->removed)
		ret = -ENODEV;
	else
		list_add_tail(&partial->list, &param->partial);
	mutex_unlock(&param->lock);

	if (ret)
		kfree(partial);
	return ret;
}

/* Move the faults of a group to @faults. */
static void take_partial_locked(struct iommu_fault_param *param, u32 grpid,
				struct list_head *faults)
{
	struct iopf_fault *fault, *next;

	lockdep_assert_held(&param->lock);

	list_for_each_entry_safe(fault, next, &param->partial, list)
		if (fault->fault.prm.grpid == grpid)
			list_move_tail(&fault->list, faults);
}

static void drop_partial(struct iommu_fault_param *param, u32 grpid)
{
	LIST_HEAD(faults);

	mutex_lock(&param->lock);
	take_partial_locked(param, grpid, &faults);
	mutex_unlock(&param->lock);
	free_faults(&faults, NULL);
}

/*
 * Make the group that @evt closes.  It holds a reference to @param.
 * Return: the group; ERR_PTR(-ENOMEM); -ENODEV if the device left its queue.
 */
static struct iopf_group *make_group(struct iommu_fault_param *param,
				     const struct iopf_fault *evt,
				     struct iommu_attach_handle *handle)
{
	struct iopf_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&group->faults);
	group->last_fault.fault = evt->fault;
	group->attach_handle = handle;
	group->fault_param = param;

	mutex_lock(&param->lock);
	if (param->removed) {
		mutex_unlock(&param->lock);
		kfree(group);
		return ERR_PTR(-ENODEV);
	}
	refcount_inc(&param->users);
	take_partial_locked(param, evt->fault.prm.grpid, &group->faults);
	list_add_tail(&group->last_fault.list, &group->faults);
	list_add_tail(&group->pending_node, &param->faults);
	mutex_unlock(&param->lock);

	group->fault_count = list_count_nodes(&group->faults);
	return group;
}

/* Return: the attachment that the fault is for, or an ERR_PTR(). */
static struct iommu_attach_handle *find_attachment(struct device *dev,
						   const struct iommu_fault *fault)
{
	struct iommu_group *group = dev->iommu_group;
	struct iommu_attach_handle *handle;

	if (!(fault->prm.flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID))
		return iommu_attach_handle_get(group, IOMMU_NO_PASID, 0);

	handle = iommu_attach_handle_get(group, fault->prm.pasid, 0);
	if (!IS_ERR(handle) || !dev_iommu_ops(dev)->user_pasid_table)
		return handle;
	/* User space has its own PASID table in the nested domain. */
	return iommu_attach_handle_get(group, IOMMU_NO_PASID,
				       IOMMU_DOMAIN_NESTED);
}

/*
 * Hand a complete group to its handler.  @param is the caller's reference.
 * Return: 0 if the group was handled or answered.
 */
static int deliver(struct iommu_fault_param *param, struct iopf_fault *evt,
		   struct iommu_attach_handle *handle)
{
	struct iopf_group *group = make_group(param, evt, handle);
	struct device *dev = param->dev;

	if (PTR_ERR(group) == -ENODEV)
		return -ENODEV;
	if (IS_ERR(group)) {
		drop_partial(param, evt->fault.prm.grpid);
		send_response(dev, evt, IOMMU_PAGE_RESP_FAILURE);
	} else if (handle->domain->iopf_handler(group)) {
		iopf_group_response(group, IOMMU_PAGE_RESP_FAILURE);
		iopf_free_group(group);
	} else {
		return 0;
	}
	dev_warn_ratelimited(dev, "page fault of PASID %u at 0x%llx could not be handled\n",
			     evt->fault.prm.pasid, evt->fault.prm.addr);
	return 0;
}

/* Nobody handles the fault: say so to the device, if it waits for an answer. */
static int reject(struct device *dev, struct iommu_fault_param *param,
		  struct iopf_fault *evt)
{
	if (evt->fault.type != IOMMU_FAULT_PAGE_REQ ||
	    !closes_group(&evt->fault))
		return -EINVAL;
	if (param)
		drop_partial(param, evt->fault.prm.grpid);
	send_response(dev, evt, IOMMU_PAGE_RESP_INVALID);
	return -EINVAL;
}

/**
 * iommu_report_device_fault - hand a fault to whoever can resolve it
 * @dev: the device that waits for it
 * @evt: the fault; copied
 *
 * For IOMMU drivers, which report the faults of a group in order, from a
 * threaded interrupt handler.  They leave out PCI PASID stop markers, which no
 * device waits for: those only say that a PASID is quiet, and drivers drain their
 * queues anyway before a PASID is used again.
 *
 * The attachment that the fault belongs to must stay until the report and
 * iopf_queue_flush_dev() are done: the driver stops new faults of a PASID before
 * it is detached.
 *
 * Context: may sleep.
 * Return: 0 if the fault was taken, or its group answered; -EINVAL if nobody can
 * handle it, and then its group was answered if @evt closes it; -ENOMEM if a
 * fault that does not close its group was lost, which the device will repeat.
 */
int iommu_report_device_fault(struct device *dev, struct iopf_fault *evt)
{
	struct iommu_fault_param *param = fault_param_get(dev);
	struct iommu_attach_handle *handle;
	int ret;

	handle = find_attachment(dev, &evt->fault);
	if (IS_ERR(handle) || !handle->domain->iopf_handler)
		ret = -EINVAL;
	else if (WARN_ON(!param))
		/* A domain with a handler on a device without a queue. */
		ret = -EINVAL;
	else if (closes_group(&evt->fault))
		ret = deliver(param, evt, handle);
	else
		ret = add_partial(param, &evt->fault);

	if (ret && ret != -ENOMEM)
		ret = reject(dev, param, evt);
	if (param)
		fault_param_put(param);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_report_device_fault);

/*
 * Queues
 */

/**
 * iopf_queue_flush_dev - wait until the queued faults of a device are handled
 * @dev: a device on a queue
 *
 * For IOMMU drivers, before a PASID can be used again.  They have stopped new
 * faults and reported those of the hardware's queue before.
 *
 * Context: may sleep; not from a fault handler.
 * Return: 0; -ENODEV if the device is on no queue.
 */
int iopf_queue_flush_dev(struct device *dev)
{
	struct iommu_fault_param *param = fault_param_get(dev);

	/* The driver removes the device only after its last flush. */
	if (WARN_ON(!param))
		return -ENODEV;
	flush_workqueue(param->queue->wq);
	fault_param_put(param);
	return 0;
}
EXPORT_SYMBOL_GPL(iopf_queue_flush_dev);

static void discard_partial(struct iommu_fault_param *param)
{
	LIST_HEAD(faults);

	mutex_lock(&param->lock);
	list_splice_init(&param->partial, &faults);
	mutex_unlock(&param->lock);
	free_faults(&faults, NULL);
}

/**
 * iopf_queue_discard_partial - forget faults whose groups will not be completed
 * @queue: the queue, or NULL
 *
 * For IOMMU drivers whose hardware queue has overflowed: the faults that close
 * the groups may be lost.  The devices repeat what was not answered.
 *
 * Context: may sleep; no fault is reported meanwhile.
 * Return: 0; -EINVAL without a queue.
 */
int iopf_queue_discard_partial(struct iopf_queue *queue)
{
	struct iommu_fault_param *param;

	if (!queue)
		return -EINVAL;
	mutex_lock(&queue->lock);
	list_for_each_entry(param, &queue->devices, queue_list)
		discard_partial(param);
	mutex_unlock(&queue->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(iopf_queue_discard_partial);

static struct iommu_fault_param *fault_param_alloc(struct iopf_queue *queue,
						   struct device *dev)
{
	struct iommu_fault_param *param = kzalloc(sizeof(*param), GFP_KERNEL);

	if (!param)
		return NULL;
	param->dev = dev;
	param->queue = queue;
	refcount_set(&param->users, 1);
	mutex_init(&param->lock);
	INIT_LIST_HEAD(&param->partial);
	INIT_LIST_HEAD(&param->faults);
	INIT_LIST_HEAD(&param->taken);
	return param;
}

static struct iommu_fault_param *fault_param_locked(struct dev_iommu *client)
{
	return rcu_dereference_protected(client->fault_param,
					 lockdep_is_held(&client->lock));
}

/**
 * iopf_queue_add_device - handle the faults of a device on a queue
 * @queue: the queue
 * @dev: the device
 *
 * Context: may sleep.
 * Return: 0; -ENODEV if its IOMMU's driver cannot answer faults; -EBUSY if it is
 * on a queue already; -ENOMEM.
 */
int iopf_queue_add_device(struct iopf_queue *queue, struct device *dev)
{
	struct dev_iommu *client = dev->iommu;
	struct iommu_fault_param *param;
	int ret = 0;

	if (!dev_iommu_ops(dev)->page_response)
		return -ENODEV;
	param = fault_param_alloc(queue, dev);
	if (!param)
		return -ENOMEM;

	mutex_lock(&queue->lock);
	mutex_lock(&client->lock);
	if (fault_param_locked(client)) {
		ret = -EBUSY;
	} else {
		list_add_tail(&param->queue_list, &queue->devices);
		rcu_assign_pointer(client->fault_param, param);
	}
	mutex_unlock(&client->lock);
	mutex_unlock(&queue->lock);

	if (ret)
		fault_param_put(param);
	return ret;
}
EXPORT_SYMBOL_GPL(iopf_queue_add_device);

/* Answer for every handler that has not yet; from now on none does. */
static void answer_all(struct iommu_fault_param *param)
{
	struct iopf_group *group, *next;

	mutex_lock(&param->lock);
	list_splice_tail_init(&param->taken, &param->faults);
	list_for_each_entry_safe(group, next, &param->faults, pending_node)
		answer_locked(group, IOMMU_PAGE_RESP_INVALID);
	param->removed = true;
	mutex_unlock(&param->lock);
	discard_partial(param);
}

/**
 * iopf_queue_remove_device - handle the faults of a device no more
 * @queue: the queue
 * @dev: the device, which was added to it
 *
 * For IOMMU drivers, between two steps of their own: first they stop new faults
 * and drain the hardware's queue; afterwards they switch page requests off in the
 * device.  Groups that were not answered yet are, with %IOMMU_PAGE_RESP_INVALID;
 * their handlers still have to free them.
 *
 * Context: may sleep.
 */
void iopf_queue_remove_device(struct iopf_queue *queue, struct device *dev)
{
	struct dev_iommu *client = dev->iommu;
	struct iommu_fault_param *param;

	mutex_lock(&queue->lock);
	mutex_lock(&client->lock);
	param = fault_param_locked(client);
	if (!WARN_ON(!param || param->queue != queue)) {
		rcu_assign_pointer(client->fault_param, NULL);
		list_del(&param->queue_list);
		answer_all(param);
		fault_param_put(param);
	}
	mutex_unlock(&client->lock);
	mutex_unlock(&queue->lock);
}
EXPORT_SYMBOL_GPL(iopf_queue_remove_device);

/**
 * iopf_queue_alloc - make a fault queue
 * @name: a name for its workqueue
 *
 * Context: may sleep.
 * Return: the queue, or NULL.
 */
struct iopf_queue *iopf_queue_alloc(const char *name)
{
	struct iopf_queue *queue = kmalloc(sizeof(*queue), GFP_KERNEL);

	/* Order matters within a group, which is one work item. */
	if (queue)
		queue->wq = alloc_workqueue("iopf_queue/%s", WQ_UNBOUND, 0,
					    name);
	if (!queue || !queue->wq) {
		kfree(queue);
		return NULL;
	}
	mutex_init(&queue->lock);
	INIT_LIST_HEAD(&queue->devices);
	return queue;
}
EXPORT_SYMBOL_GPL(iopf_queue_alloc);

/**
 * iopf_queue_free - free a fault queue
 * @queue: the queue, or NULL
 *
 * Removes the devices that are still on it.
 *
 * Context: may sleep; nobody reports faults, adds or removes devices any more.
 */
void iopf_queue_free(struct iopf_queue *queue)
{
	struct iommu_fault_param *param, *next;

	if (!queue)
		return;
	list_for_each_entry_safe(param, next, &queue->devices, queue_list)
		iopf_queue_remove_device(queue, param->dev);
	destroy_workqueue(queue->wq);
	mutex_destroy(&queue->lock);
	kfree(queue);
}
EXPORT_SYMBOL_GPL(iopf_queue_free);
