// SPDX-License-Identifier: GPL-2.0-only
/*
 * A space: a paging domain with memory of a process in it.
 *
 * Law: a page is pinned before the domain maps it and unpinned after the domain has
 * unmapped it.  iommu_unmap() reaches every device that the domain is attached to, so
 * no device reaches a page that is not pinned.
 */

#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "pasid-dma.h"

/* One PASID_DMA_MAP, or a page of the driver (then without @pages). */
struct pdma_mapping {
	u64 iova;
	size_t len;
	bool writable;
	struct mm_struct *mm;		/* that the pages are accounted to */
	unsigned long npages;
	struct page **pages;
};

/**
 * pdma_space_alloc() - make an empty space
 * @dev: a device that it will be attached to
 *
 * Context: may sleep.
 * Return: the space; ERR_PTR(-ENOMEM); ERR_PTR(-ENODEV) without an IOMMU.
 */
struct pdma_space *pdma_space_alloc(struct pdma_device *dev)
{
	struct pdma_space *space = kzalloc(sizeof(*space), GFP_KERNEL);

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->domain = iommu_paging_domain_alloc(&dev->pdev->dev);
	if (IS_ERR(space->domain)) {
		int ret = PTR_ERR(space->domain);

		kfree(space);
		return ERR_PTR(ret);
	}
	space->dev = dev;
	mutex_init(&space->lock);
	mt_init(&space->maps);
	INIT_LIST_HEAD(&space->bindings);
	return space;
}

static void unpin(struct pdma_mapping *m)
{
	if (m->npages) {
		unpin_user_pages_dirty_lock(m->pages, m->npages, m->writable);
		account_locked_vm(m->mm, m->npages, false);
	}
	if (m->mm)
		mmdrop(m->mm);
	kvfree(m->pages);
	kfree(m);
}

static int pin(struct pdma_mapping *m, const struct pasid_dma_map *map)
{
	unsigned int flags = FOLL_LONGTERM | (m->writable ? FOLL_WRITE : 0);
	unsigned long npages = m->len >> PAGE_SHIFT;
	long pinned;
	int ret;

	m->pages = kvmalloc_array(npages, sizeof(*m->pages), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!m->pages)
		return -ENOMEM;
	mmgrab(current->mm);
	m->mm = current->mm;
	ret = account_locked_vm(m->mm, npages, true);
	if (ret)
		return ret;
	pinned = pin_user_pages_fast(map->addr, npages, flags, m->pages);
	if (pinned == npages) {
		m->npages = npages;
		return 0;
	}
	if (pinned > 0)
		unpin_user_pages(m->pages, pinned);
	account_locked_vm(m->mm, npages, false);
	return pinned < 0 ? pinned : -EFAULT;
}

static int prot_of(u32 flags)
{
	return IOMMU_CACHE |
	       (flags & PASID_DMA_MAP_READ ? IOMMU_READ : 0) |
	       (flags & PASID_DMA_MAP_WRITE ? IOMMU_WRITE : 0) |
	       (flags & PASID_DMA_MAP_NOEXEC ? IOMMU_NOEXEC : 0);
}

static int map_pages(struct iommu_domain *domain, struct pdma_mapping *m, int prot)
{
	struct sg_table sgt;
	ssize_t mapped;
	int ret;

	ret = sg_alloc_table_from_pages(&sgt, m->pages, m->npages, 0, m->len,
					GFP_KERNEL);
	if (ret)
		return ret;
	mapped = iommu_map_sgtable(domain, m->iova, &sgt, prot);
	sg_free_table(&sgt);
	return mapped < 0 ? mapped : 0;
}

static bool is_valid(struct pdma_space *space, const struct pasid_dma_map *map)
{
	const u32 known = PASID_DMA_MAP_READ | PASID_DMA_MAP_WRITE | PASID_DMA_MAP_NOEXEC;
	u64 last;

	if ((map->flags & ~known) || map->reserved ||
	    !(map->flags & (PASID_DMA_MAP_READ | PASID_DMA_MAP_WRITE)))
		return false;
	if (!map->len || map->len > ULONG_MAX >> 1 ||
	    check_add_overflow(map->iova, map->len - 1, &last))
		return false;
	return IS_ALIGNED(map->addr | map->iova | map->len, PAGE_SIZE) &&
	       last <= space->domain->geometry.aperture_end;
}

/**
 * pdma_space_map() - map memory of the caller
 * @space: the space
 * @map: what and where
 *
 * Context: process context of the memory's owner; takes @space->lock.
 * Return: 0; -EINVAL for a bad range or flags; -EEXIST if something is mapped there;
 * -EFAULT where the caller has no such memory; -ENOMEM, also beyond RLIMIT_MEMLOCK.
 */
int pdma_space_map(struct pdma_space *space, const struct pasid_dma_map *map)
{
	struct pdma_mapping *m;
	int ret;

	if (!is_valid(space, map))
		return -EINVAL;
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m)
		return -ENOMEM;
	m->iova = map->iova;
	m->len = map->len;
	m->writable = map->flags & PASID_DMA_MAP_WRITE;

	ret = pin(m, map);
	if (ret)
		goto err_unpin;
	mutex_lock(&space->lock);
	ret = mtree_insert_range(&space->maps, m->iova, m->iova + m->len - 1, m,
				 GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_unlock;
	ret = map_pages(space->domain, m, prot_of(map->flags));
	if (ret)
		goto err_erase;
	mutex_unlock(&space->lock);
	return 0;

err_erase:
	mtree_erase(&space->maps, m->iova);
err_unlock:
	mutex_unlock(&space->lock);
err_unpin:
	unpin(m);
	return ret;
}

/**
 * pdma_space_map_page() - map a page of the driver, readable and writable
 * @space: the space
 * @iova: where; a multiple of the page size
 * @page: the page
 *
 * It is unmapped by pdma_space_unmap_page(), and by nobody else.
 *
 * Context: may sleep; takes @space->lock.
 * Return: 0; -EINVAL; -EEXIST if something is mapped there; -ENOMEM.
 */
int pdma_space_map_page(struct pdma_space *space, u64 iova, void *page)
{
	struct pdma_mapping *m;
	int ret;

	if (!IS_ALIGNED(iova, PAGE_SIZE))
		return -EINVAL;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->iova = iova;
	m->len = PAGE_SIZE;

	guard(mutex)(&space->lock);
	ret = mtree_insert_range(&space->maps, iova, iova + PAGE_SIZE - 1, m, GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = iommu_map(space->domain, iova, virt_to_phys(page), PAGE_SIZE,
			IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE, GFP_KERNEL);
	if (ret)
		goto err_erase;
	return 0;

err_erase:
	mtree_erase(&space->maps, iova);
err_free:
	kfree(m);
	return ret;
}

static void unmap(struct pdma_space *space, struct pdma_mapping *m)
{
	size_t gone = iommu_unmap(space->domain, m->iova, m->len);

	if (WARN_ONCE(gone != m->len, "%s: %#zx of %#zx bytes unmapped at %#llx\n",
		      space->dev->name, gone, m->len, m->iova))
		return;		/* a device may reach the pages: they stay pinned */
	unpin(m);
}

static int take_back(struct pdma_space *space, u64 iova, bool driver)
{
	struct pdma_mapping *m;

	guard(mutex)(&space->lock);
	m = mtree_load(&space->maps, iova);
	if (!m || m->iova != iova)
		return -ENOENT;
	if (driver == !!m->pages)
		return -EPERM;
	mtree_erase(&space->maps, iova);
	unmap(space, m);
	return 0;
}

/**
 * pdma_space_unmap() - take back one mapping of a process
 * @space: the space
 * @iova: where it begins
 *
 * When this returns, no device reaches the memory.
 *
 * Context: may sleep; takes @space->lock.
 * Return: 0; -ENOENT if no mapping begins there; -EPERM for one of the driver's.
 */
int pdma_space_unmap(struct pdma_space *space, u64 iova)
{
	return take_back(space, iova, false);
}

/**
 * pdma_space_unmap_page() - undo pdma_space_map_page()
 * @space: the space
 * @iova: where the page is
 *
 * Context: may sleep; takes @space->lock.
 */
void pdma_space_unmap_page(struct pdma_space *space, u64 iova)
{
	take_back(space, iova, true);
}

static int count_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags, void *token)
{
	struct pdma_space *space = token;

	WRITE_ONCE(space->fault_addr, iova);
	atomic64_inc(&space->faults);
	return 0;
}

/**
 * pdma_space_handle_faults() - count the faults of a space instead of logging them
 * @space: the space; not attached yet
 *
 * Context: any.
 */
void pdma_space_handle_faults(struct pdma_space *space)
{
	iommu_set_fault_handler(space->domain, count_fault, space);
}

/**
 * pdma_space_free() - end a space
 * @space: the space; attached nowhere
 *
 * Context: may sleep.
 */
void pdma_space_free(struct pdma_space *space)
{
	struct pdma_mapping *m;
	unsigned long index = 0;

	mt_for_each(&space->maps, m, index, ULONG_MAX)
		unmap(space, m);
	mtree_destroy(&space->maps);
	iommu_domain_free(space->domain);
	kfree(space);
}
