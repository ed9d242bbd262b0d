// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/pasid-dmaN: an open file is a space that the device reaches with a PASID.
 *
 * Law: a process names addresses, never a PASID: the driver puts the file's own into
 * each descriptor.  Only with CAP_SYS_RAWIO can it be another one, for tests.
 */

#include <linux/capability.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommu-aux.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pasid-dma.h"

static int pdma_open(struct inode *inode, struct file *file)
{
	struct pdma_device *dev = container_of(file->private_data,
					       struct pdma_device, misc);
	struct pdma_space *space;
	int ret;

	/* misc_open() and misc_deregister() exclude each other: dev is there. */
	space = pdma_space_alloc(dev);
	if (IS_ERR(space))
		return PTR_ERR(space);
	ret = file->f_mode & FMODE_WRITE ? pdma_attach(space, dev, false, 0) : 0;
	if (ret) {
		pdma_space_free(space);
		return ret;
	}
	kref_get(&dev->refs);
	file->private_data = space;
	return 0;
}

static int pdma_release(struct inode *inode, struct file *file)
{
	struct pdma_space *space = file->private_data;
	struct pdma_device *dev = space->dev;

	pdma_detach_space(space);
	pdma_space_free(space);
	pdma_device_put(dev);
	return 0;
}

static int get_info(struct pdma_space *space, struct pasid_dma_info __user *arg)
{
	struct iommu_domain *domain = space->domain;
	struct pasid_dma_info info = {
		.pgsizes = domain->pgsize_bitmap,
		.last = domain->geometry.aperture_end,
		.faults = atomic64_read(&space->faults),
		.fault_addr = READ_ONCE(space->fault_addr),
	};
	int pasid = pdma_pasid(space);

	if (pasid == -ENODEV)
		return pasid;
	if (pasid > 0)
		info.pasid = pasid;
	if (space->dev->pdev->ats_enabled)
		info.flags |= PASID_DMA_INFO_ATS;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* Whose the requests are: sets PASID and flags of the descriptor. */
static int choose_pasid(struct pdma_space *space, const struct pasid_dma_run *run,
			struct pdma_op *op)
{
	int pasid = run->pasid;

	if (!(run->flags & PASID_DMA_RUN_FOREIGN))
		pasid = run->pasid ? -EINVAL : pdma_pasid(space);
	else if (!capable(CAP_SYS_RAWIO))
		pasid = -EPERM;
	if (pasid < 0)
		return pasid;
	op->pasid = pasid;
	if (pasid)
		op->command |= DESC_PASID;
	return 0;
}

static int prepare(struct pdma_space *space, const struct pasid_dma_run *run,
		   struct pdma_op *op)
{
	const u32 known = PASID_DMA_RUN_PRIV | PASID_DMA_RUN_EXEC | PASID_DMA_RUN_ATC |
			  PASID_DMA_RUN_FOREIGN | PASID_DMA_RUN_POLL;

	if ((run->flags & ~known) || run->op > PASID_DMA_OP_FLUSH ||
	    run->len > PASID_DMA_LEN_MAX)
		return -EINVAL;
	op->command = run->op |
		      (run->flags & PASID_DMA_RUN_PRIV ? DESC_PRIV : 0) |
		      (run->flags & PASID_DMA_RUN_EXEC ? DESC_EXEC : 0) |
		      (run->flags & PASID_DMA_RUN_ATC ? DESC_ATC : 0) |
		      (run->flags & PASID_DMA_RUN_POLL ? 0 : DESC_INTERRUPT);
	op->src = run->src;
	op->dst = run->dst;
	op->len = run->len;
	return choose_pasid(space, run, op);
}

/*
 * Where the requests without PASID are of a space, an interrupt may not get through:
 * its address is mapped in the default domain.
 */
static int execute(struct pdma_device *dev, struct pdma_op *op)
{
	guard(rwsem_read)(&dev->mode);

	if (dev->gone)
		return -ENODEV;
	if (dev->owned || (dev->primary && (op->command & DESC_INTERRUPT)))
		return -EBUSY;
	return pdma_run(&dev->engine, op);
}

static int run_op(struct pdma_space *space, struct pasid_dma_run __user *arg)
{
	struct pasid_dma_run run;
	struct pdma_op op = {};
	int ret;

	if (copy_from_user(&run, arg, sizeof(run)))
		return -EFAULT;
	ret = prepare(space, &run, &op) ?: execute(space->dev, &op);
	if (ret)
		return ret;
	run.error = op.error;
	run.moved = op.moved;
	run.fault_addr = op.fault_addr;
	run.result = op.result;
	return copy_to_user(arg, &run, sizeof(run)) ? -EFAULT : 0;
}

/* One buffer to the other with the DMA API, as a driver without PASIDs does it. */
static int copy_mapped(struct pdma_device *dev, void *src, void *dst, u32 len,
		       u32 command)
{
	struct device *d = &dev->pdev->dev;
	struct pdma_op op = { .command = command, .len = len };
	int ret;

	guard(rwsem_read)(&dev->mode);
	if (dev->gone)
		return -ENODEV;
	if (dev->owned || dev->primary)
		return -EBUSY;
	op.src = dma_map_single(d, src, len, DMA_TO_DEVICE);
	if (dma_mapping_error(d, op.src))
		return -ENOMEM;
	op.dst = dma_map_single(d, dst, len, DMA_FROM_DEVICE);
	if (dma_mapping_error(d, op.dst)) {
		ret = -ENOMEM;
		goto unmap_src;
	}
	ret = pdma_run(&dev->engine, &op);
	if (!ret && op.error)
		ret = -EIO;
	dma_unmap_single(d, op.dst, len, DMA_FROM_DEVICE);
unmap_src:
	dma_unmap_single(d, op.src, len, DMA_TO_DEVICE);
	return ret;
}

static int bounce(struct pdma_space *space, const struct pasid_dma_bounce __user *arg)
{
	u32 command = PASID_DMA_OP_COPY | DESC_INTERRUPT;
	struct pasid_dma_bounce b;
	void *src, *dst;
	int ret;

	if (copy_from_user(&b, arg, sizeof(b)))
		return -EFAULT;
	if (!b.len || b.len > PASID_DMA_BOUNCE_MAX || (b.flags & ~PASID_DMA_RUN_ATC))
		return -EINVAL;
	if (b.flags & PASID_DMA_RUN_ATC)
		command |= DESC_ATC;
	src = memdup_user(u64_to_user_ptr(b.src), b.len);
	if (IS_ERR(src))
		return PTR_ERR(src);
	ret = -ENOMEM;
	dst = kzalloc(b.len, GFP_KERNEL);
	if (!dst)
		goto free_src;
	ret = copy_mapped(space->dev, src, dst, b.len, command);
	if (!ret && copy_to_user(u64_to_user_ptr(b.dst), dst, b.len))
		ret = -EFAULT;
	kfree(dst);
free_src:
	kfree(src);
	return ret;
}

/* Attach, detach: the device of this file, or that of another. */
static int rebind(struct pdma_space *space, const struct pasid_dma_attach __user *arg,
		  bool attach)
{
	struct pdma_device *dev = space->dev;
	struct pasid_dma_attach a;
	struct fd other = {};
	int ret;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.how > PASID_DMA_PRIMARY)
		return -EINVAL;
	/* The device reads PASIDs from its ring, which it can be told to write to then. */
	if (a.how == PASID_DMA_PRIMARY && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (a.fd >= 0) {
		other = fdget(a.fd);
		if (!fd_file(other))
			return -EBADF;
		ret = -EINVAL;
		if (fd_file(other)->f_op != &pdma_fops)
			goto put;
		dev = ((struct pdma_space *)fd_file(other)->private_data)->dev;
	}
	ret = attach ? pdma_attach(space, dev, a.how == PASID_DMA_PRIMARY, a.ring) :
		       pdma_detach(space, dev, a.how == PASID_DMA_PRIMARY);
put:
	fdput(other);
	return ret;
}

static int set_feature(struct pdma_device *dev, bool on)
{
	int ret;

	if (dev->enabled == on)
		return -EALREADY;
	ret = on ? iommu_dev_enable_feature(&dev->pdev->dev, IOMMU_DEV_FEAT_AUX) :
		   iommu_dev_disable_feature(&dev->pdev->dev, IOMMU_DEV_FEAT_AUX);
	if (!ret)
		dev->enabled = on;
	return ret;
}

static void use_again(struct pdma_device *dev)
{
	WARN_ON(iommu_device_use_default_domain(&dev->pdev->dev));
	pdma_engine_start(&dev->engine, dev->ring, dev->ring_addr);
}

/* The driver, as far as the core is concerned, is no user of the device any more. */
static int claim(struct pdma_device *dev)
{
	struct device *d = &dev->pdev->dev;
	int ret;

	/* What says no to whoever asks?  -EPERM: only that this driver is here. */
	ret = iommu_device_claim_dma_owner(d, dev);
	if (ret != -EPERM)
		return ret;
	ret = set_feature(dev, false);
	if (ret)
		return ret;
	pdma_engine_stop(&dev->engine);
	iommu_device_unuse_default_domain(d);
	ret = iommu_device_claim_dma_owner(d, dev);
	if (ret)
		use_again(dev);
	set_feature(dev, true);
	return ret;
}

/* While user space owns the group, the driver makes no requests without PASID. */
static int set_owned(struct pdma_device *dev, bool owned)
{
	int ret = 0;

	guard(rwsem_write)(&dev->mode);
	if (dev->owned == owned || dev->primary)
		return -EALREADY;
	if (owned) {
		ret = claim(dev);
	} else {
		iommu_device_release_dma_owner(&dev->pdev->dev);
		use_again(dev);
	}
	if (!ret)
		dev->owned = owned;
	return ret;
}

static int set(struct pdma_space *space, const struct pasid_dma_set __user *arg)
{
	struct pdma_device *dev = space->dev;
	struct device *d;
	struct pasid_dma_set s;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.flags)
		return -EINVAL;

	guard(mutex)(&pdma_bindings);
	if (dev->gone)
		return -ENODEV;
	d = &dev->pdev->dev;
	switch (s.what) {
	case PASID_DMA_SET_FEATURE:
		return set_feature(dev, s.value);
	case PASID_DMA_SET_RANGE:
		return iommu_aux_set_pasid_range(d, s.value, s.value2);
	case PASID_DMA_SET_OWNED:
		return set_owned(dev, s.value);
	case PASID_DMA_SET_DEAF:
		pdma_engine_deaf(&dev->engine, s.value);
		return 0;
	case PASID_DMA_SET_HANDLER:
		if (!list_empty(&space->bindings))
			return -EBUSY;
		pdma_space_handle_faults(space);
		return 0;
	case PASID_DMA_SET_CARELESS:
		dev->careless = s.value;
		return 0;
	case PASID_DMA_SET_DEFAULT:
		return iommu_aux_attach_device(iommu_get_domain_for_dev(d), d);
	default:
		return -EINVAL;
	}
}

static int do_map(struct pdma_space *space, const struct pasid_dma_map __user *arg)
{
	struct pasid_dma_map map;

	if (copy_from_user(&map, arg, sizeof(map)))
		return -EFAULT;
	return pdma_space_map(space, &map);
}

static int do_unmap(struct pdma_space *space, const struct pasid_dma_unmap __user *arg)
{
	struct pasid_dma_unmap unmap;

	if (copy_from_user(&unmap, arg, sizeof(unmap)))
		return -EFAULT;
	return pdma_space_unmap(space, unmap.iova);
}

static long pdma_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pdma_space *space = file->private_data;
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case PASID_DMA_INFO:
		return get_info(space, p);
	case PASID_DMA_MAP:
		return do_map(space, p);
	case PASID_DMA_UNMAP:
		return do_unmap(space, p);
	case PASID_DMA_RUN:
		return run_op(space, p);
	case PASID_DMA_BOUNCE:
		return bounce(space, p);
	case PASID_DMA_ATTACH:
		return rebind(space, p, true);
	case PASID_DMA_DETACH:
		return rebind(space, p, false);
	case PASID_DMA_SET:
		return set(space, p);
	default:
		return -ENOTTY;
	}
}

const struct file_operations pdma_fops = {
	.owner = THIS_MODULE,
	.open = pdma_open,
	.release = pdma_release,
	.unlocked_ioctl = pdma_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
