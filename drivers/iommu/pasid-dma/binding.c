// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which device reaches which space.
 *
 * Law: a space is freed only when no binding is left, and a device is released only
 * when none is; whoever ends a binding detaches the domain first.
 *
 * Detaching an aux-domain while the device uses its PASID is allowed: the requests
 * fault from then on.  The requests without PASID are another matter, because the
 * engine's ring is read with them: where they change hands, the engine is stopped
 * and started with a ring that is reachable on the other side.
 */

#include <linux/gfp.h>
#include <linux/iommu-aux.h>
#include <linux/slab.h>

#include "pasid-dma.h"

/* Outermost: a device or a file comes and goes. */
DEFINE_MUTEX(pdma_bindings);

static struct pdma_binding *find(struct pdma_space *space, struct pdma_device *dev,
				 bool primary)
{
	struct pdma_binding *b;

	lockdep_assert_held(&pdma_bindings);

	list_for_each_entry(b, &space->bindings, of_space) {
		if (b->dev == dev && b->primary == primary)
			return b;
	}
	return NULL;
}

static void drop(struct pdma_binding *b)
{
	lockdep_assert_held(&pdma_bindings);

	list_del(&b->of_dev);
	list_del(&b->of_space);
	kfree(b);
}

static void start_on_dma_api(struct pdma_device *dev)
{
	pdma_engine_start(&dev->engine, dev->ring, dev->ring_addr);
}

/* The driver's page in the space, then the domain: nothing is reachable before. */
static int attach_primary(struct pdma_binding *b)
{
	struct pdma_device *dev = b->dev;
	int ret;

	b->ring = (void *)get_zeroed_page(GFP_KERNEL);
	if (!b->ring)
		return -ENOMEM;
	ret = pdma_space_map_page(b->space, b->ring_iova, b->ring);
	if (ret)
		goto err_free;

	down_write(&dev->mode);
	pdma_engine_stop(&dev->engine);
	ret = iommu_attach_device(b->space->domain, &dev->pdev->dev);
	if (ret) {
		start_on_dma_api(dev);
		up_write(&dev->mode);
		goto err_unmap;
	}
	dev->primary = b->space;
	pdma_engine_start(&dev->engine, b->ring, b->ring_iova);
	up_write(&dev->mode);
	return 0;

err_unmap:
	pdma_space_unmap_page(b->space, b->ring_iova);
err_free:
	free_page((unsigned long)b->ring);
	return ret;
}

static void detach_primary(struct pdma_binding *b)
{
	struct pdma_device *dev = b->dev;

	down_write(&dev->mode);
	pdma_engine_stop(&dev->engine);
	iommu_detach_device(b->space->domain, &dev->pdev->dev);
	dev->primary = NULL;
	start_on_dma_api(dev);
	up_write(&dev->mode);
	pdma_space_unmap_page(b->space, b->ring_iova);
	free_page((unsigned long)b->ring);
}

static int attach(struct pdma_binding *b)
{
	if (b->primary)
		return attach_primary(b);
	return iommu_aux_attach_device(b->space->domain, &b->dev->pdev->dev);
}

static void detach(struct pdma_binding *b)
{
	if (b->primary)
		detach_primary(b);
	else
		iommu_aux_detach_device(b->space->domain, &b->dev->pdev->dev);
}

static int attach_new(struct pdma_space *space, struct pdma_device *dev,
		      bool primary, u64 ring_iova)
{
	struct pdma_binding *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int ret;

	if (!b)
		return -ENOMEM;
	b->dev = dev;
	b->space = space;
	b->primary = primary;
	b->ring_iova = ring_iova;
	b->count = 1;
	ret = attach(b);
	if (ret) {
		kfree(b);
		return ret;
	}
	list_add(&b->of_dev, &dev->bindings);
	list_add(&b->of_space, &space->bindings);
	return 0;
}

/**
 * pdma_attach() - let a device reach a space
 * @space: the space
 * @dev: the device
 * @primary: with its requests without PASID; else with the space's PASID
 * @ring_iova: with @primary, where in the space the driver may put a page
 *
 * Context: may sleep; takes pdma_bindings.
 * Return: 0; -ENODEV if the device is gone; what iommu_aux_attach_device() or
 * iommu_attach_device() says; -EBUSY for a second primary space; -ENOMEM.
 */
int pdma_attach(struct pdma_space *space, struct pdma_device *dev, bool primary,
		u64 ring_iova)
{
	struct pdma_binding *b;
	int ret;

	guard(mutex)(&pdma_bindings);
	if (dev->gone)
		return -ENODEV;
	b = find(space, dev, primary);
	if (!b)
		return attach_new(space, dev, primary, ring_iova);
	if (primary)
		return -EBUSY;
	ret = attach(b);
	if (!ret)
		b->count++;
	return ret;
}

/**
 * pdma_detach() - undo one pdma_attach()
 * @space: as there
 * @dev: as there
 * @primary: as there
 *
 * Context: may sleep; takes pdma_bindings.
 * Return: 0; -ENOENT if it is not attached.
 */
int pdma_detach(struct pdma_space *space, struct pdma_device *dev, bool primary)
{
	struct pdma_binding *b;

	guard(mutex)(&pdma_bindings);
	b = find(space, dev, primary);
	if (!b)
		return -ENOENT;
	detach(b);
	if (!--b->count)
		drop(b);
	return 0;
}

static void end(struct pdma_binding *b)
{
	for (; b->count; b->count--)
		detach(b);
	drop(b);
}

/**
 * pdma_detach_space() - end all bindings of a space
 * @space: the space
 *
 * Context: may sleep; takes pdma_bindings.
 */
void pdma_detach_space(struct pdma_space *space)
{
	struct pdma_binding *b, *next;

	guard(mutex)(&pdma_bindings);
	list_for_each_entry_safe(b, next, &space->bindings, of_space)
		end(b);
}

/**
 * pdma_detach_device() - end all bindings of a device that goes
 * @dev: the device, which does no DMA any more
 *
 * Context: may sleep; under pdma_bindings.
 */
void pdma_detach_device(struct pdma_device *dev)
{
	struct pdma_binding *b, *next;

	lockdep_assert_held(&pdma_bindings);

	list_for_each_entry_safe(b, next, &dev->bindings, of_dev) {
		if (dev->careless && !b->primary)
			drop(b);	/* what the IOMMU core warns about */
		else
			end(b);
	}
}

/**
 * pdma_pasid() - the PASID of a space on the device of its file
 * @space: the space
 *
 * Context: may sleep; takes pdma_bindings.
 * Return: the PASID; -ENODEV if the device is gone; -ENOENT if it is not attached
 * there.
 */
int pdma_pasid(struct pdma_space *space)
{
	guard(mutex)(&pdma_bindings);
	if (space->dev->gone)
		return -ENODEV;
	if (!find(space, space->dev, false))
		return -ENOENT;
	return iommu_aux_get_pasid(space->domain, &space->dev->pdev->dev);
}
