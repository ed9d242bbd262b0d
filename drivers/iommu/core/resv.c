// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserved regions: addresses that a device cannot use as iovas, or that have to
 * be mapped one-to-one.
 *
 * Two kinds of list: a device's own, from its driver, freed with
 * iommu_put_resv_regions(); and a group's, plain copies that are sorted by start
 * and type, in which no two regions of a type overlap or touch.
 */

#include <linux/align.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "../iommu-priv.h"
#include "core.h"

/**
 * iommu_alloc_resv_region - make a reserved region
 * @start: first address
 * @length: size in bytes
 * @prot: permissions, for the one-to-one mapping
 * @type: why it is reserved
 * @gfp: how to allocate it
 *
 * Context: as @gfp says.
 * Return: the region, or NULL without memory.
 */
struct iommu_resv_region *
iommu_alloc_resv_region(phys_addr_t start, size_t length, int prot,
			enum iommu_resv_type type, gfp_t gfp)
{
	struct iommu_resv_region *region = kmalloc(sizeof(*region), gfp);

	if (!region)
		return NULL;
	*region = (struct iommu_resv_region) {
		.list = LIST_HEAD_INIT(region->list),
		.start = start,
		.length = length,
		.prot = prot,
		.type = type,
	};
	return region;
}
EXPORT_SYMBOL_GPL(iommu_alloc_resv_region);

/**
 * iommu_get_resv_regions - list the reserved regions of a device
 * @dev: a device that has an IOMMU
 * @list: regions are appended to it
 *
 * Context: may sleep.
 */
void iommu_get_resv_regions(struct device *dev, struct list_head *list)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	if (ops->get_resv_regions)
		ops->get_resv_regions(dev, list);
}
EXPORT_SYMBOL_GPL(iommu_get_resv_regions);

/**
 * iommu_put_resv_regions - free what iommu_get_resv_regions() listed
 * @dev: the device
 * @list: its regions; not to be used afterwards
 *
 * Context: may sleep.
 */
void iommu_put_resv_regions(struct device *dev, struct list_head *list)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, list, list)
		if (region->free)
			region->free(dev, region);
		else
			kfree(region);
}
EXPORT_SYMBOL(iommu_put_resv_regions);

static phys_addr_t region_last(const struct iommu_resv_region *region)
{
	return region->start + region->length - 1;
}

/* No address lies between @last and @start. */
static bool meets(phys_addr_t last, phys_addr_t start)
{
	return start <= last || start - last == 1;
}

static bool touches(const struct iommu_resv_region *a,
		    const struct iommu_resv_region *b)
{
	return meets(region_last(a), b->start) && meets(region_last(b), a->start);
}

/* Make @region the union with @other, with the permissions of the lower one. */
static void absorb(struct iommu_resv_region *region,
		   const struct iommu_resv_region *other)
{
	phys_addr_t last = max(region_last(region), region_last(other));

	if (other->start < region->start) {
		region->start = other->start;
		region->prot = other->prot;
	}
	region->length = last - region->start + 1;
}

static bool sorts_before(const struct iommu_resv_region *a,
			 const struct iommu_resv_region *b)
{
	return a->start < b->start ||
	       (a->start == b->start && a->type <= b->type);
}

/**
 * iommu_resv_insert - add a copy of a region to a group's list
 * @regions: the list, sorted and merged
 * @region: what to add
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM with the list unchanged.
 */
int iommu_resv_insert(struct list_head *regions,
		      const struct iommu_resv_region *region)
{
	struct iommu_resv_region *new, *pos, *next;

	if (!region->length)
		return 0;

	new = iommu_alloc_resv_region(region->start, region->length,
				      region->prot, region->type, GFP_KERNEL);
	if (!new)
		return -ENOMEM;

	list_for_each_entry_safe(pos, next, regions, list) {
		if (pos->type != new->type || !touches(pos, new))
			continue;
		absorb(new, pos);
		list_del(&pos->list);
		kfree(pos);
	}

	list_for_each_entry(pos, regions, list)
		if (sorts_before(new, pos))
			break;
	list_add_tail(&new->list, &pos->list);
	return 0;
}

static int insert_device_regions(struct list_head *regions, struct device *dev)
{
	struct iommu_resv_region *region;
	LIST_HEAD(own);
	int ret = 0;

	iommu_get_resv_regions(dev, &own);
	list_for_each_entry(region, &own, list) {
		ret = iommu_resv_insert(regions, region);
		if (ret)
			break;
	}
	iommu_put_resv_regions(dev, &own);
	return ret;
}

/**
 * iommu_get_group_resv_regions - list the reserved regions of a group
 * @group: the group
 * @head: list that takes the regions, for the caller to kfree() each;
 *	sorted by start, regions of a type merged where they overlap or touch
 *
 * Context: may sleep; takes the mutex of the group.
 * Return: 0, or -ENOMEM with some of the regions in @head.
 */
int iommu_get_group_resv_regions(struct iommu_group *group,
				 struct list_head *head)
{
	struct group_member *member;
	int ret = 0;

	mutex_lock(&group->mutex);
	for_each_group_member(group, member) {
		/* Groups of VFIO's no-IOMMU mode have a place in sysfs, too. */
		if (!dev_has_iommu(member->dev))
			break;
		ret = insert_device_regions(head, member->dev);
		if (ret)
			break;
	}
	mutex_unlock(&group->mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_get_group_resv_regions);

/*
 * Bytes from @addr on that are not mapped, at most up to @end.  The lookup says 0
 * for no mapping, which is also what address 0 maps to: ask for the byte behind.
 */
static size_t hole_size(struct iommu_domain *domain, dma_addr_t addr,
			dma_addr_t end, size_t pgsize)
{
	dma_addr_t pos = addr;

	while (pos < end && !iommu_iova_to_phys(domain, pos + 1))
		pos += pgsize;
	return pos - addr;
}

/* Regions of several devices may overlap: map what is not mapped yet. */
static int map_region(struct iommu_domain *domain,
		      const struct iommu_resv_region *region, size_t pgsize)
{
	dma_addr_t addr = ALIGN_DOWN(region->start, pgsize);
	dma_addr_t end = ALIGN(region->start + region->length, pgsize);
	size_t hole;
	int ret;

	while (addr < end) {
		hole = hole_size(domain, addr, end, pgsize);
		if (!hole) {
			addr += pgsize;
			continue;
		}
		ret = iommu_map(domain, addr, addr, hole, region->prot,
				GFP_KERNEL);
		if (ret)
			return ret;
		addr += hole;
	}
	return 0;
}

static bool is_direct(const struct iommu_resv_region *region)
{
	return region->type == IOMMU_RESV_DIRECT ||
	       region->type == IOMMU_RESV_DIRECT_RELAXABLE;
}

/**
 * iommu_resv_map_direct - give a device its one-to-one mappings
 * @domain: the domain that it is about to be attached to
 * @dev: the device
 *
 * Maps the device's direct regions if the DMA API manages @domain (elsewhere
 * that is up to the domain's user), and notes whether the device has regions that
 * it cannot do without.  Mappings made before an error stay: they go with the
 * domain.
 *
 * Context: may sleep; the group's mutex is held.
 * Return: 0; -EINVAL for a domain without page sizes; an error of iommu_map().
 */
int iommu_resv_map_direct(struct iommu_domain *domain, struct device *dev)
{
	unsigned long sizes = domain->pgsize_bitmap;
	bool dma = iommu_is_dma_domain(domain);
	struct iommu_resv_region *region;
	LIST_HEAD(regions);
	int ret = 0;

	if (WARN_ON_ONCE(dma && !sizes))
		return -EINVAL;

	iommu_get_resv_regions(dev, &regions);
	list_for_each_entry(region, &regions, list) {
		if (region->type == IOMMU_RESV_DIRECT)
			dev->iommu->require_direct = 1;
		if (!dma || ret || !is_direct(region))
			continue;
		ret = map_region(domain, region, sizes & -sizes);
	}
	if (dma && !ret && !list_empty(&regions))
		iommu_flush_iotlb_all(domain);
	iommu_put_resv_regions(dev, &regions);
	return ret;
}
