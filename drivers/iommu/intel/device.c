// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices behind a unit: how they come, what they can do, what memory they must
 * keep, and how they go; and the driver's operations as the core knows them.
 *
 * Laws: a device is probed blocked, unless firmware or a crashed kernel left
 * translation on.  Released, it has left nothing in tables, queues and caches.
 * PASID is enabled before ATS ever is, because PCIe does not allow the reverse
 * (PCIe 10.5.1.3).  So it is enabled at probe: a feature that needs PASIDs finds
 * it on, and only has to see to the memory, the PASID directory.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/pci-ats.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "domain.h"

/* Writes to it are interrupts, whatever the page tables say (VT-d 3.14). */
#define INTERRUPT_RANGE_START	0xfee00000
#define INTERRUPT_RANGE_LAST	0xfeefffff

/* VMD: a device whose requests carry the source ID of another one. */
static bool is_sub_device(struct device *dev)
{
	return dev_is_pci(dev) && pci_real_dma_dev(to_pci_dev(dev)) != to_pci_dev(dev);
}

static int add_rid(struct pci_dev *pdev, u16 rid, void *data)
{
	struct intel_device *device = data;
	unsigned int i;
	u16 *rids;

	for (i = 0; i < device->nr_rids; i++)
		if (device->rids[i] == rid)
			return 0;
	rids = krealloc_array(device->rids, device->nr_rids + 1, sizeof(*rids),
			      GFP_KERNEL);
	if (!rids)
		return -ENOMEM;
	rids[device->nr_rids++] = rid;
	device->rids = rids;
	return 0;
}

static int find_rids(struct intel_device *device)
{
	if (device->sub_device)
		return 0;
	if (dev_is_pci(device->dev))
		return pci_for_each_dma_alias(to_pci_dev(device->dev), add_rid,
					      device);
	return add_rid(NULL, device->rid, device);
}

static void find_ats(struct intel_device *device, struct pci_dev *pdev)
{
	struct intel_iommu *iommu = device->iommu;

	if (!ecap_dt(iommu->ecap) || !pci_ats_supported(pdev) ||
	    !intel_ats_allowed(iommu, &pdev->dev))
		return;
	device->ats_supported = true;
	device->ats_qdep = pci_ats_queue_depth(pdev);
	device->extra_dev_tlb_flush = intel_quirk_extra_devtlb_flush(pdev);
	/* Units that throttle do so by physical function (VT-d 6.5.2.5). */
	if (ecap_dit(iommu->ecap))
		device->pfsid = pci_dev_id(pci_physfn(pdev));
}

static void find_features(struct intel_device *device)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(device->dev) || device->sub_device)
		return;
	pdev = to_pci_dev(device->dev);
	find_ats(device, pdev);
	if (pasid_supported(device->iommu))
		device->pasid_supported = pci_pasid_features(pdev) >= 0;
}

/* One more than the highest PASID that both device and unit know. */
static u32 max_pasids(const struct intel_device *device)
{
	u32 unit = 2U << ecap_pss(device->iommu->ecap);

	if (!device->pasid_supported)
		return 0;
	return min_t(u32, pci_max_pasids(to_pci_dev(device->dev)), unit);
}

/*
 * The directory starts small and grows where its PASIDs are asked for.  One that
 * context entries of another device may lead to, too, does not move.
 */
static u32 first_pasids(const struct intel_device *device)
{
	return device->nr_rids > 1 ? max_pasids(device) : 0;
}

static void enable_pasid(struct intel_device *device)
{
	struct pci_dev *pdev;

	if (!device->pasid_supported)
		return;
	pdev = to_pci_dev(device->dev);
	device->pasid_enabled = !pci_enable_pasid(pdev, pci_pasid_features(pdev));
}

static struct intel_device *alloc_device(struct device *dev,
					 struct intel_iommu *iommu, u8 bus,
					 u8 devfn)
{
	struct intel_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return NULL;
	device->dev = dev;
	device->iommu = iommu;
	device->segment = iommu->segment;
	device->sub_device = is_sub_device(dev);
	if (device->sub_device) {
		device->segment = pci_domain_nr(to_pci_dev(dev)->bus);
		bus = to_pci_dev(dev)->bus->number;
		devfn = to_pci_dev(dev)->devfn;
	}
	device->bus = bus;
	device->devfn = devfn;
	device->rid = PCI_DEVID(bus, devfn);
	mutex_init(&device->lock);
	xa_init(&device->attachments);
	device->identity = (struct attachment) {
		.device = device,
		.did = FLPT_DEFAULT_DID,
	};
	return device;
}

static void free_device(struct intel_device *device)
{
	pasid_table_free(&device->pasids);
	kfree(device->rids);
	kfree(device);
}

/* ACPI devices may share a source ID: the first one stands for all. */
static int register_device(struct intel_device *device)
{
	int ret;

	if (device->sub_device)
		return 0;
	ret = iommu_add_device(device->iommu, device->rid, device->dev);
	return ret == -EBUSY ? 0 : ret;
}

static void unregister_device(struct intel_device *device)
{
	struct intel_iommu *iommu = device->iommu;

	if (xa_load(&iommu->devices, device->rid) == device->dev)
		iommu_del_device(iommu, device->rid);
}

static int setup_device(struct intel_device *device)
{
	int ret;

	ret = find_rids(device);
	if (ret)
		return ret;
	find_features(device);
	if (sm_supported(device->iommu) && !device->sub_device)
		ret = pasid_table_alloc(&device->pasids, device->iommu,
					first_pasids(device));
	return ret ?: intel_prepare_entries(device, 0);
}

static struct iommu_device *intel_probe_device(struct device *dev)
{
	struct intel_device *device;
	struct intel_iommu *iommu;
	u8 bus, devfn;
	int ret;

	iommu = intel_iommu_lookup(dev, &bus, &devfn);
	if (!iommu || !iommu->iommu.ops)
		return ERR_PTR(-ENODEV);
	device = alloc_device(dev, iommu, bus, devfn);
	if (!device)
		return ERR_PTR(-ENOMEM);
	ret = setup_device(device);
	if (ret)
		goto free;
	dev_iommu_priv_set(dev, device);
	ret = register_device(device);
	if (ret)
		goto unset;
	if (device->ats_supported)
		pci_prepare_ats(to_pci_dev(dev), VTD_PAGE_SHIFT);
	enable_pasid(device);
	intel_debugfs_add_device(device);
	return &iommu->iommu;

unset:
	dev_iommu_priv_set(dev, NULL);
free:
	free_device(device);
	return ERR_PTR(ret);
}

static void intel_release_device(struct device *dev)
{
	struct intel_device *device = to_intel_device(dev);

	intel_release_entries(device);
	intel_debugfs_del_device(device);
	/* Waits for flushes, too. */
	unregister_device(device);
	if (device->pasid_enabled)
		pci_disable_pasid(to_pci_dev(dev));
	free_device(device);
}

static struct iommu_group *intel_device_group(struct device *dev)
{
	return dev_is_pci(dev) ? pci_device_group(dev) :
				 generic_device_group(dev);
}

static bool intel_capable(struct device *dev, enum iommu_cap cap)
{
	struct intel_iommu *iommu = to_intel_device(dev)->iommu;

	switch (cap) {
	case IOMMU_CAP_DIRTY_TRACKING:
		return ssads_supported(iommu);
	case IOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		return ecap_sc(iommu->ecap);
	case IOMMU_CAP_PRE_BOOT_PROTECTION:
		return dmar_platform_optin();
	default:
		return cap == IOMMU_CAP_CACHE_COHERENCY ||
		       cap == IOMMU_CAP_DEFERRED_FLUSH;
	}
}

static void *intel_hw_info(struct device *dev, u32 *length, u32 *type)
{
	struct intel_iommu *iommu = to_intel_device(dev)->iommu;
	struct iommu_hw_info_vtd *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return ERR_PTR(-ENOMEM);
	/* Parents of nested domains take no read-only mappings. */
	info->flags = IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17;
	info->cap_reg = iommu->cap;
	info->ecap_reg = iommu->ecap;
	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_INTEL_VTD;
	return info;
}

static int intel_def_domain_type(struct device *dev)
{
	if (!ecap_pt(to_intel_device(dev)->iommu->ecap))
		return IOMMU_DOMAIN_DMA;
	return intel_quirk_def_domain_type(dev);
}

/*
 * The tables of the kernel that crashed stay in use until a driver of this one
 * has reset the device and does DMA.
 */
static bool intel_is_attach_deferred(struct device *dev)
{
	struct intel_device *device = to_intel_device(dev);

	return iommu_pre_enabled(device->iommu) && !attachment_of(device, 0);
}

/*
 * Firmware uses the memory of USB and graphics devices before boot, not after.
 * It may be remapped when such a device is assigned.
 */
static enum iommu_resv_type rmrr_type(struct device *dev)
{
	unsigned int class;

	if (!dev_is_pci(dev))
		return IOMMU_RESV_DIRECT;
	class = to_pci_dev(dev)->class;
	if (class >> 16 == PCI_BASE_CLASS_DISPLAY ||
	    class >> 8 == PCI_CLASS_SERIAL_USB)
		return IOMMU_RESV_DIRECT_RELAXABLE;
	return IOMMU_RESV_DIRECT;
}

/* A scope names the device, or a bridge above it. */
static bool scope_covers(struct device *scope, struct device *dev)
{
	struct pci_dev *pdev, *bridge;

	if (scope == dev)
		return true;
	if (!dev_is_pci(scope) || !dev_is_pci(dev))
		return false;
	bridge = to_pci_dev(scope);
	pdev = to_pci_dev(dev);
	return bridge->subordinate &&
	       pci_domain_nr(bridge->bus) == pci_domain_nr(pdev->bus) &&
	       bridge->subordinate->number <= pdev->bus->number &&
	       bridge->subordinate->busn_res.end >= pdev->bus->number;
}

static bool rmrr_covers(const struct dmar_rmrr *rmrr, struct device *dev)
{
	struct device *scope;
	int i;

	for_each_active_dev_scope(rmrr->devices, rmrr->devices_cnt, i, scope)
		if (scope_covers(scope, dev))
			return true;
	return false;
}

static void reserve(struct list_head *head, phys_addr_t start, phys_addr_t last,
		    int prot, enum iommu_resv_type type, gfp_t gfp)
{
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(start, last - start + 1, prot, type,
					 gfp);
	if (region)
		list_add_tail(&region->list, head);
}

static void intel_get_resv_regions(struct device *dev, struct list_head *head)
{
	const int rw = IOMMU_READ | IOMMU_WRITE;
	struct dmar_rmrr *rmrr;

	rcu_read_lock();
	for_each_rmrr(rmrr)
		if (rmrr_covers(rmrr, dev))
			reserve(head, rmrr->base, rmrr->last, rw, rmrr_type(dev),
				GFP_ATOMIC);
	rcu_read_unlock();

	/* Floppy drivers have the ISA bridge do DMA that nobody maps. */
	if (IS_ENABLED(CONFIG_INTEL_IOMMU_FLOPPY_WA) && dev_is_pci(dev) &&
	    to_pci_dev(dev)->class >> 8 == PCI_CLASS_BRIDGE_ISA)
		reserve(head, 0, SZ_16M - 1, rw, IOMMU_RESV_DIRECT_RELAXABLE,
			GFP_KERNEL);
	reserve(head, INTERRUPT_RANGE_START, INTERRUPT_RANGE_LAST, 0,
		IOMMU_RESV_MSI, GFP_KERNEL);
}

static bool intel_dev_has_feat(struct device *dev, enum iommu_dev_features f)
{
	return f == IOMMU_DEV_FEAT_AUX && to_intel_device(dev)->pasid_enabled;
}

static int intel_dev_enable_feat(struct device *dev, enum iommu_dev_features f)
{
	if (!intel_dev_has_feat(dev, f))
		return -ENODEV;
	return intel_widen_pasids(to_intel_device(dev));
}

/* The core knows what is in use.  The directory stays until the device goes. */
static int intel_dev_disable_feat(struct device *dev, enum iommu_dev_features f)
{
	return intel_dev_has_feat(dev, f) ? 0 : -ENODEV;
}

static int intel_drain_pasid(struct iommu_device *unit, ioasid_t pasid)
{
	return iommu_drain_faults(container_of(unit, struct intel_iommu, iommu));
}

static void intel_remove_dev_pasid(struct device *dev, ioasid_t pasid,
				   struct iommu_domain *domain)
{
	intel_block(to_intel_device(dev), pasid);
}

const struct iommu_ops intel_iommu_ops = {
	.blocked_domain		= &intel_blocked_domain,
	.release_domain		= &intel_blocked_domain,
	.identity_domain	= &intel_identity_domain,
	.capable		= intel_capable,
	.hw_info		= intel_hw_info,
	.domain_alloc_paging	= intel_domain_alloc_paging,
	.domain_alloc_user	= intel_domain_alloc_user,
	.probe_device		= intel_probe_device,
	.release_device		= intel_release_device,
	.get_resv_regions	= intel_get_resv_regions,
	.device_group		= intel_device_group,
	.is_attach_deferred	= intel_is_attach_deferred,
	.def_domain_type	= intel_def_domain_type,
	.dev_has_feat		= intel_dev_has_feat,
	.dev_enable_feat	= intel_dev_enable_feat,
	.dev_disable_feat	= intel_dev_disable_feat,
	.remove_dev_pasid	= intel_remove_dev_pasid,
	.drain_pasid		= intel_drain_pasid,
	.default_domain_ops	= &intel_ss_domain_ops,
	.pgsize_bitmap		= SZ_4K,
};
