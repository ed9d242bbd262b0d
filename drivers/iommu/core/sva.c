// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared virtual addressing: devices that use the address space of a process.
 *
 * An mm gets its PASID with the first bond and keeps it until it is freed, the
 * same on every device.  For each kind of IOMMU it has a domain, which all bonds
 * that can attach to it share.  A bond is one (device, mm); binding again counts.
 *
 * One lock, iommu_sva_lock, protects the bonds, the domains of every mm and the
 * creation of mm->iommu_mm.  It is taken outside of group->mutex and never by the
 * fault handler, so detaching may wait for faults.
 */

#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../iommu-priv.h"
#include "core.h"

static DEFINE_MUTEX(iommu_sva_lock);

/*
 * Faults
 */

static unsigned long vm_flags_needed(u32 perm)
{
	unsigned long flags = 0;

	if (perm & IOMMU_FAULT_PERM_READ)
		flags |= VM_READ;
	if (perm & IOMMU_FAULT_PERM_WRITE)
		flags |= VM_WRITE;
	if (perm & IOMMU_FAULT_PERM_EXEC)
		flags |= VM_EXEC;
	return flags;
}

static unsigned int mm_fault_flags(u32 perm)
{
	unsigned int flags = FAULT_FLAG_REMOTE;

	if (!(perm & IOMMU_FAULT_PERM_PRIV))
		flags |= FAULT_FLAG_USER;
	if (perm & IOMMU_FAULT_PERM_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (perm & IOMMU_FAULT_PERM_EXEC)
		flags |= FAULT_FLAG_INSTRUCTION;
	return flags;
}

/* Return: whether the page is there now. */
static bool fault_in_locked(struct mm_struct *mm, u64 addr, u32 perm)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);

	vma = vma_lookup(mm, addr);
	if (!vma || (vm_flags_needed(perm) & ~vma->vm_flags))
		return false;
	return !(handle_mm_fault(vma, addr, mm_fault_flags(perm), NULL) &
		 VM_FAULT_ERROR);
}

static enum iommu_page_response_code
handle_fault(const struct iommu_fault_page_request *prm, struct mm_struct *mm)
{
	bool present;

	if (!(prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID))
		return IOMMU_PAGE_RESP_INVALID;
	/* The process may be gone, with the device not told yet. */
	if (!mmget_not_zero(mm))
		return IOMMU_PAGE_RESP_INVALID;

	mmap_read_lock(mm);
	present = fault_in_locked(mm, prm->addr, prm->perm);
	mmap_read_unlock(mm);
	mmput(mm);
	return present ? IOMMU_PAGE_RESP_SUCCESS : IOMMU_PAGE_RESP_INVALID;
}

/* The first fault that cannot be resolved decides for the whole group. */
static void handle_group(struct work_struct *work)
{
	struct iopf_group *group = container_of(work, struct iopf_group, work);
	struct mm_struct *mm = group->attach_handle->domain->mm;
	enum iommu_page_response_code code = IOMMU_PAGE_RESP_SUCCESS;
	struct iopf_fault *fault;

	list_for_each_entry(fault, &group->faults, list) {
		code = handle_fault(&fault->fault.prm, mm);
		if (code != IOMMU_PAGE_RESP_SUCCESS)
			break;
	}
	iopf_group_response(group, code);
	iopf_free_group(group);
}

static int queue_group(struct iopf_group *group)
{
	struct iopf_queue *queue = group->fault_param->queue;

	INIT_WORK(&group->work, handle_group);
	return queue_work(queue->wq, &group->work) ? 0 : -EBUSY;
}

/*
 * Domains and PASIDs of an mm
 */

static struct iommu_domain *alloc_domain(struct device *dev,
					 struct mm_struct *mm)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_domain *domain;

	if (ops->domain_alloc_sva)
		domain = ops->domain_alloc_sva(dev, mm);
	else if (ops->domain_alloc)
		domain = ops->domain_alloc(IOMMU_DOMAIN_SVA);
	else
		domain = ERR_PTR(-EOPNOTSUPP);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(domain))
		return domain;

	mmgrab(mm);
	domain->mm = mm;
	domain->type = IOMMU_DOMAIN_SVA;
	domain->owner = ops;
	domain->iopf_handler = queue_group;
	domain->users = 0;
	list_add(&domain->next, &mm->iommu_mm->sva_domains);
	return domain;
}

static void put_domain(struct iommu_domain *domain)
{
	lockdep_assert_held(&iommu_sva_lock);

	if (domain->users)
		return;
	list_del(&domain->next);
	iommu_domain_free(domain);
}

static struct iommu_mm_data *make_mm_data(struct mm_struct *mm,
					  struct device *dev)
{
	struct iommu_mm_data *data = kmalloc(sizeof(*data), GFP_KERNEL);

	if (!data)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&data->sva_domains);
	data->pasid = iommu_alloc_global_pasid(dev);
	if (data->pasid == IOMMU_PASID_INVALID) {
		kfree(data);
		return ERR_PTR(-ENOSPC);
	}
	/* mm_get_enqcmd_pasid() reads without a lock. */
	smp_store_release(&mm->iommu_mm, data);
	return data;
}

/* Return: the PASID state of @mm, with a PASID that @dev can send. */
static struct iommu_mm_data *get_mm_data(struct mm_struct *mm,
					 struct device *dev)
{
	struct iommu_mm_data *data = mm->iommu_mm;

	lockdep_assert_held(&iommu_sva_lock);

	/* E.g. pointers with tags that the IOMMU does not ignore. */
	if (!arch_pgtable_dma_compat(mm))
		return ERR_PTR(-EBUSY);
	if (!data)
		return make_mm_data(mm, dev);
	if (data->pasid >= dev->iommu->max_pasids)
		return ERR_PTR(-EOVERFLOW);
	return data;
}

/*
 * Bonds
 */

/* Return: the bond, NULL if there is none, or an ERR_PTR(). */
static struct iommu_sva *find_bond(struct device *dev, struct mm_struct *mm,
				   ioasid_t pasid)
{
	struct iommu_attach_handle *handle;

	handle = iommu_attach_handle_get(dev->iommu_group, pasid,
					 IOMMU_DOMAIN_SVA);
	if (PTR_ERR(handle) == -ENOENT)
		return NULL;
	if (IS_ERR(handle))
		return ERR_CAST(handle);
	if (handle->domain->mm != mm)
		return ERR_PTR(-EBUSY);
	return container_of(handle, struct iommu_sva, handle);
}

/* Attach to a domain that the mm has already, or else to a new one. */
static int attach_bond(struct iommu_sva *bond, struct mm_struct *mm)
{
	struct iommu_mm_data *data = mm->iommu_mm;
	struct iommu_domain *domain;
	int ret;

	list_for_each_entry(domain, &data->sva_domains, next) {
		ret = iommu_attach_host_pasid(domain, bond->dev, data->pasid,
					      &bond->handle);
		if (!ret)
			goto attached;
	}

	domain = alloc_domain(bond->dev, mm);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = iommu_attach_host_pasid(domain, bond->dev, data->pasid,
				      &bond->handle);
	if (ret) {
		put_domain(domain);
		return ret;
	}
attached:
	domain->users++;
	return 0;
}

static struct iommu_sva *make_bond(struct device *dev, struct mm_struct *mm)
{
	struct iommu_sva *bond = kzalloc(sizeof(*bond), GFP_KERNEL);
	int ret;

	if (!bond)
		return ERR_PTR(-ENOMEM);
	bond->dev = dev;
	refcount_set(&bond->users, 1);

	iommu_feature_bond(dev);
	ret = attach_bond(bond, mm);
	if (ret) {
		iommu_feature_unbond(dev);
		kfree(bond);
		return ERR_PTR(ret);
	}
	return bond;
}

static struct iommu_sva *bind_locked(struct device *dev, struct mm_struct *mm)
{
	struct iommu_mm_data *data = get_mm_data(mm, dev);
	struct iommu_sva *bond;

	if (IS_ERR(data))
		return ERR_CAST(data);
	bond = find_bond(dev, mm, data->pasid);
	if (!bond)
		return make_bond(dev, mm);
	if (!IS_ERR(bond))
		refcount_inc(&bond->users);
	return bond;
}

/**
 * iommu_sva_bind_device - let a device use the address space of a process
 * @dev: a device whose driver has enabled %IOMMU_DEV_FEAT_SVA
 * @mm: the address space; the caller holds a reference to its users
 *
 * Requests with the PASID of iommu_sva_get_pasid() translate like accesses of the
 * process.  Binding the same pair again counts; each success needs one
 * iommu_sva_unbind_device().
 *
 * Context: may sleep.
 * Return: the bond; ERR_PTR(-ENODEV) without an IOMMU; -EOPNOTSUPP where the
 * architecture or the IOMMU cannot; -ENOSPC without a free PASID; -EOVERFLOW if
 * the mm has a PASID that the device cannot send; -EBUSY if its page table is not
 * fit, its PASID is taken on the device, or the device's group is claimed; -ENOMEM; an
 * error of the driver.
 */
struct iommu_sva *iommu_sva_bind_device(struct device *dev,
					struct mm_struct *mm)
{
	struct iommu_sva *bond;

	if (!dev->iommu_group || !dev_has_iommu(dev))
		return ERR_PTR(-ENODEV);
	/*
	 * The IOMMU would walk the kernel's half of the table, too, and is not
	 * told when that changes: what it caches of freed tables is not safe.
	 */
	if (IS_ENABLED(CONFIG_X86))
		return ERR_PTR(-EOPNOTSUPP);

	mutex_lock(&iommu_sva_lock);
	bond = bind_locked(dev, mm);
	mutex_unlock(&iommu_sva_lock);
	return bond;
}
EXPORT_SYMBOL_GPL(iommu_sva_bind_device);

/* The last user is gone. */
static void break_bond(struct iommu_sva *bond)
{
	struct iommu_domain *domain = bond->handle.domain;

	lockdep_assert_held(&iommu_sva_lock);

	iommu_detach_device_pasid(domain, bond->dev, domain->mm->iommu_mm->pasid);
	domain->users--;
	put_domain(domain);
	iommu_feature_unbond(bond->dev);
	kfree(bond);
}

/**
 * iommu_sva_unbind_device - give back one iommu_sva_bind_device()
 * @handle: the bond
 *
 * Before the last one, the driver stops the device from using the PASID and waits
 * until its page requests have reached the IOMMU.
 *
 * Context: may sleep.
 */
void iommu_sva_unbind_device(struct iommu_sva *handle)
{
	mutex_lock(&iommu_sva_lock);
	if (refcount_dec_and_test(&handle->users))
		break_bond(handle);
	mutex_unlock(&iommu_sva_lock);
}
EXPORT_SYMBOL_GPL(iommu_sva_unbind_device);

/**
 * iommu_sva_get_pasid - the PASID that a device has to send
 * @handle: the bond
 *
 * Context: any.
 * Return: the PASID.
 */
u32 iommu_sva_get_pasid(struct iommu_sva *handle)
{
	return mm_get_enqcmd_pasid(handle->handle.domain->mm);
}
EXPORT_SYMBOL_GPL(iommu_sva_get_pasid);

/**
 * mm_pasid_drop - free the PASID of an mm
 * @mm: an mm that is being freed, so that no bond is left
 *
 * Context: any that mmdrop() is called in.
 */
void mm_pasid_drop(struct mm_struct *mm)
{
	struct iommu_mm_data *data = mm->iommu_mm;

	if (data)
		iommu_free_global_pasid(data->pasid);
	kfree(data);
}
