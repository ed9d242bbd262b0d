// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver of pasid-dma, a DMA engine with PASIDs that QEMU emulates (tools/qemu/).
 *
 * An example of a driver that hands out auxiliary domains, and the means of their
 * tests.  It uses the public interface alone: linux/iommu-aux.h, linux/iommu.h and
 * the DMA API.
 */

#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/iommu-aux.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "pasid-dma.h"

#define PCI_DEVICE_ID_PASID_DMA	0x11fa
#define PCI_VENDOR_ID_QEMU_TEST	0x1234

static DEFINE_IDA(numbers);

static void release(struct kref *refs)
{
	struct pdma_device *dev = container_of(refs, struct pdma_device, refs);

	pci_dev_put(dev->pdev);
	kfree(dev);
}

/**
 * pdma_device_put() - drop a reference
 * @dev: the device
 *
 * Context: any.
 */
void pdma_device_put(struct pdma_device *dev)
{
	kref_put(&dev->refs, release);
}

static irqreturn_t interrupt(int irq, void *data)
{
	struct pdma_device *dev = data;

	pdma_engine_interrupt(&dev->engine);
	return IRQ_HANDLED;
}

/* Everything that the driver core undoes by itself */
static int set_up_pci(struct pci_dev *pdev, void __iomem **regs)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	*regs = pcim_iomap_region(pdev, 0, KBUILD_MODNAME);
	if (IS_ERR(*regs))
		return PTR_ERR(*regs);
	if (readl(*regs + REG_ID) != ID_PDMA)
		return dev_err_probe(&pdev->dev, -ENODEV, "unknown ID %#x\n",
				     readl(*regs + REG_ID));
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	return ret < 0 ? ret : 0;
}

static struct pdma_device *make_device(struct pci_dev *pdev, void __iomem *regs)
{
	struct pdma_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	kref_init(&dev->refs);
	dev->pdev = pci_dev_get(pdev);
	INIT_LIST_HEAD(&dev->bindings);
	init_rwsem(&dev->mode);
	pdma_engine_init(&dev->engine, &pdev->dev, regs);
	dev->ring = dma_alloc_coherent(&pdev->dev, PAGE_SIZE, &dev->ring_addr,
				       GFP_KERNEL);
	if (!dev->ring) {
		pdma_device_put(dev);
		return NULL;
	}
	return dev;
}

static void free_ring(struct pdma_device *dev)
{
	dma_free_coherent(&dev->pdev->dev, PAGE_SIZE, dev->ring, dev->ring_addr);
}

static int add_misc(struct pdma_device *dev)
{
	int ret;

	dev->number = ida_alloc(&numbers, GFP_KERNEL);
	if (dev->number < 0)
		return dev->number;
	snprintf(dev->name, sizeof(dev->name), "pasid-dma%d", dev->number);
	dev->misc.minor = MISC_DYNAMIC_MINOR;
	dev->misc.name = dev->name;
	dev->misc.fops = &pdma_fops;
	dev->misc.parent = &dev->pdev->dev;
	dev->misc.mode = 0600;
	ret = misc_register(&dev->misc);
	if (ret)
		ida_free(&numbers, dev->number);
	return ret;
}

static void remove_misc(struct pdma_device *dev)
{
	misc_deregister(&dev->misc);
	ida_free(&numbers, dev->number);
}

static void disable_aux(struct pdma_device *dev)
{
	if (dev->enabled && iommu_dev_disable_feature(&dev->pdev->dev, IOMMU_DEV_FEAT_AUX))
		dev_warn(&dev->pdev->dev, "aux-domains are in use, the feature stays on\n");
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct pdma_device *dev;
	void __iomem *regs;
	int ret;

	ret = set_up_pci(pdev, &regs);
	if (ret)
		return ret;
	ret = iommu_device_use_default_domain(&pdev->dev);
	if (ret)
		return ret;
	ret = -ENOMEM;
	dev = make_device(pdev, regs);
	if (!dev)
		goto err_unuse;
	pci_set_drvdata(pdev, dev);
	ret = request_irq(pci_irq_vector(pdev, 0), interrupt, 0, KBUILD_MODNAME, dev);
	if (ret)
		goto err_free;
	/* Without PASIDs, opening the file says -ENODEV or -EPERM; the rest works. */
	dev->enabled = !iommu_dev_enable_feature(&pdev->dev, IOMMU_DEV_FEAT_AUX);
	pdma_engine_start(&dev->engine, dev->ring, dev->ring_addr);
	ret = add_misc(dev);
	if (ret)
		goto err_stop;
	return 0;

err_stop:
	pdma_engine_gone(&dev->engine);
	disable_aux(dev);
	free_irq(pci_irq_vector(pdev, 0), dev);
err_free:
	free_ring(dev);
	pdma_device_put(dev);
err_unuse:
	iommu_device_unuse_default_domain(&pdev->dev);
	return ret;
}

static void let_go(struct pdma_device *dev)
{
	down_write(&dev->mode);
	dev->gone = true;
	up_write(&dev->mode);
	pdma_detach_device(dev);
	if (dev->owned) {
		iommu_device_release_dma_owner(&dev->pdev->dev);
		WARN_ON(iommu_device_use_default_domain(&dev->pdev->dev));
	}
	disable_aux(dev);
}

/*
 * Files stay open: they keep the structure, and nothing of the device.  They cannot
 * end their spaces before the core has seen what is left attached.
 */
static void remove(struct pci_dev *pdev)
{
	struct pdma_device *dev = pci_get_drvdata(pdev);

	remove_misc(dev);
	pdma_engine_gone(&dev->engine);
	mutex_lock(&pdma_bindings);
	let_go(dev);
	free_irq(pci_irq_vector(pdev, 0), dev);
	free_ring(dev);
	iommu_device_unuse_default_domain(&pdev->dev);
	mutex_unlock(&pdma_bindings);
	pdma_device_put(dev);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_QEMU_TEST, PCI_DEVICE_ID_PASID_DMA) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

/*
 * The driver takes the default domain itself, because it also gives it up: for a
 * space of a process (PASID_DMA_PRIMARY) and for user space (PASID_DMA_SET_OWNED).
 */
static struct pci_driver pasid_dma_driver = {
	.name = KBUILD_MODNAME,
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.driver_managed_dma = true,
};
module_pci_driver(pasid_dma_driver);

MODULE_DESCRIPTION("Test device for DMA with PASIDs");
MODULE_LICENSE("GPL");
