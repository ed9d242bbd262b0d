/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words: a *space* is what an open file has: a paging domain and the caller's memory
 * mapped in it.  A *device* is one PCI function.  A *binding* says that a device
 * reaches a space: with the space's PASID (aux), or with its requests without PASID
 * (primary).
 *
 * Locks, outer to inner: pdma_bindings, device->mode, space->lock, engine.lock.
 */
#ifndef PASID_DMA_H
#define PASID_DMA_H

#include <linux/atomic.h>
#include <linux/iommu.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <uapi/linux/pasid-dma.h>

#include "engine.h"

/* Protects every list of bindings, and what devices are there. */
extern struct mutex pdma_bindings;

/**
 * struct pdma_device - one device, which may be gone while files are open
 * @refs: the driver's and one for each open file
 * @pdev: the function; a reference is held, but nothing is done with it when @gone
 * @engine: has its own lock
 * @ring: descriptors in DMA-API memory, at @ring_addr
 * @ring_addr: constant
 * @misc: the character device
 * @number: in @name
 * @name: of @misc
 * @bindings: of this device; under pdma_bindings
 * @mode: held for writing where the requests without PASID change hands
 * @primary: the space that they go to, or NULL: the DMA API; under @mode
 * @owned: the group is claimed for user space; under @mode
 * @enabled: IOMMU_DEV_FEAT_AUX is on; under pdma_bindings
 * @gone: the driver is unbound; written under pdma_bindings and @mode
 * @careless: removal does not detach, a bug for tests; under pdma_bindings
 */
struct pdma_device {
	struct kref refs;
	struct pci_dev *pdev;
	struct pdma_engine engine;
	struct pdma_desc *ring;
	dma_addr_t ring_addr;
	struct miscdevice misc;
	int number;
	char name[20];
	struct list_head bindings;
	struct rw_semaphore mode;
	struct pdma_space *primary;
	bool owned;
	bool enabled;
	bool gone;
	bool careless;
};

/**
 * struct pdma_space - what an open file has
 * @dev: the device that the file is of; constant
 * @domain: constant
 * @lock: protects @maps
 * @maps: struct pdma_mapping by iova
 * @bindings: of this space; under pdma_bindings
 * @faults: counted by the fault handler
 * @fault_addr: of the last one
 */
struct pdma_space {
	struct pdma_device *dev;
	struct iommu_domain *domain;
	struct mutex lock;	/* of the mappings */
	struct maple_tree maps;
	struct list_head bindings;
	atomic64_t faults;
	u64 fault_addr;
};

/* A device and a space; under pdma_bindings */
struct pdma_binding {
	struct pdma_device *dev;
	struct pdma_space *space;
	struct list_head of_dev;
	struct list_head of_space;
	bool primary;
	unsigned int count;
	struct pdma_desc *ring;		/* primary: a page in the space */
	u64 ring_iova;
};

/* space.c */
struct pdma_space *pdma_space_alloc(struct pdma_device *dev);
void pdma_space_free(struct pdma_space *space);
int pdma_space_map(struct pdma_space *space, const struct pasid_dma_map *map);
int pdma_space_unmap(struct pdma_space *space, u64 iova);
int pdma_space_map_page(struct pdma_space *space, u64 iova, void *page);
void pdma_space_unmap_page(struct pdma_space *space, u64 iova);
void pdma_space_handle_faults(struct pdma_space *space);

/* binding.c */
int pdma_attach(struct pdma_space *space, struct pdma_device *dev, bool primary,
		u64 ring_iova);
int pdma_detach(struct pdma_space *space, struct pdma_device *dev, bool primary);
void pdma_detach_space(struct pdma_space *space);
void pdma_detach_device(struct pdma_device *dev);
int pdma_pasid(struct pdma_space *space);

/* main.c */
void pdma_device_put(struct pdma_device *dev);

/* file.c */
extern const struct file_operations pdma_fops;

#endif
