// SPDX-License-Identifier: GPL-2.0-only
/*
 * Masters: how they come, what they can do, what addresses they must leave alone,
 * and how they go; and the driver's operations as the core knows them.
 *
 * Laws: a master's requests are terminated until it is attached, unless firmware
 * said that they go on (RMR).  Released, it has left nothing in tables, queues and
 * caches.  PASID is enabled before ATS ever is, because PCIe does not allow the
 * reverse (PCIe 10.5.1.3).
 */
#include <linux/bitmap.h>
#include <linux/of.h>
#include <linux/pci-ats.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../../dma-iommu.h"
#include "smmu.h"

/* Where domains whose iovas someone else manages have MSI doorbells. */
#define MSI_WINDOW_BASE		0x8000000
#define MSI_WINDOW_SIZE		SZ_1M

static int compare_sids(const void *a, const void *b)
{
	u32 sa = *(const u32 *)a, sb = *(const u32 *)b;

	return sa < sb ? -1 : sa > sb;
}

/* A device behind a bridge may be listed with the same ID several times. */
static int find_sids(struct smmu3_master *master, const struct iommu_fwspec *spec)
{
	unsigned int i, n = 0;

	master->sids = kmemdup_array(spec->ids, spec->num_ids,
				     sizeof(*master->sids), GFP_KERNEL);
	if (!master->sids)
		return -ENOMEM;
	sort(master->sids, spec->num_ids, sizeof(*master->sids), compare_sids,
	     NULL);
	for (i = 0; i < spec->num_ids; i++)
		if (!n || master->sids[i] != master->sids[n - 1])
			master->sids[n++] = master->sids[i];
	master->nr_sids = n;
	return n ? 0 : -ENODEV;
}

static int make_stes(struct smmu3_master *master)
{
	struct smmu3_ste *ste;
	unsigned int i;

	for (i = 0; i < master->nr_sids; i++) {
		ste = smmu3_ste_get(master->smmu, master->sids[i]);
		if (!IS_ERR(ste))
			continue;
		if (PTR_ERR(ste) == -ERANGE)
			dev_err(master->dev, "StreamID %#x is out of range of %s\n",
				master->sids[i], dev_name(master->smmu->dev));
		return PTR_ERR(ste);
	}
	return 0;
}

/* Somebody else who has @sid, to be found by it from now on. */
static struct smmu3_master *find_sharer(struct smmu3_device *smmu, u32 sid)
{
	struct smmu3_master *other;

	lockdep_assert_held(&smmu->lock);
	list_for_each_entry(other, &smmu->masters, node)
		if (smmu3_has_sid(other, sid))
			return other;
	return NULL;
}

static void drop_streams(struct smmu3_master *master)
{
	struct smmu3_device *smmu = master->smmu;
	unsigned int i;
	u32 sid;

	mutex_lock(&smmu->lock);
	list_del(&master->node);
	for (i = 0; i < master->nr_sids; i++) {
		sid = master->sids[i];
		/* In place of what is there or not at all: needs no memory. */
		if (xa_load(&smmu->streams, sid) == master)
			xa_store(&smmu->streams, sid, find_sharer(smmu, sid),
				 GFP_KERNEL);
	}
	mutex_unlock(&smmu->lock);
	/* Whoever looked it up, and flushes that saw its ATC. */
	synchronize_rcu();
}

static int add_streams(struct smmu3_master *master)
{
	struct smmu3_device *smmu = master->smmu;
	unsigned int i;
	int ret = 0;

	mutex_lock(&smmu->lock);
	list_add_tail(&master->node, &smmu->masters);
	for (i = 0; i < master->nr_sids && !ret; i++) {
		ret = xa_insert(&smmu->streams, master->sids[i], master,
				GFP_KERNEL);
		/* PCI aliases share one: the first stands for all. */
		if (ret == -EBUSY)
			ret = dev_is_pci(master->dev) ? 0 : -EBUSY;
	}
	mutex_unlock(&smmu->lock);
	if (!ret)
		return 0;
	if (ret == -EBUSY)
		dev_err(master->dev, "StreamID %#x belongs to another device\n",
			master->sids[i - 1]);
	drop_streams(master);
	return ret;
}

static u8 width_of(u32 number)
{
	return number ? order_base_2(number) : 0;
}

static u8 device_ssid_bits(struct device *dev)
{
	u32 bits = 0;
	int max;

	if (dev_is_pci(dev)) {
		max = pci_max_pasids(to_pci_dev(dev));
		return max > 0 ? width_of(max) : 0;
	}
	device_property_read_u32(dev, "pasid-num-bits", &bits);
	return min(bits, 20U);
}

static bool ats_possible(const struct smmu3_master *master,
			 const struct iommu_fwspec *spec)
{
	return master->smmu->features & SMMU3_FEAT_ATS &&
	       spec->flags & IOMMU_FWSPEC_PCI_RC_ATS &&
	       dev_is_pci(master->dev) &&
	       pci_ats_supported(to_pci_dev(master->dev));
}

static void find_features(struct smmu3_master *master,
			  const struct iommu_fwspec *spec)
{
	struct smmu3_device *smmu = master->smmu;

	master->ats_supported = ats_possible(master, spec);
	master->ssid_bits = min(smmu->ssid_bits, device_ssid_bits(master->dev));
	master->stall_supported = smmu->features & SMMU3_FEAT_STALL_FORCE ||
		(smmu->features & SMMU3_FEAT_STALLS &&
		 device_property_read_bool(master->dev, "dma-can-stall"));
}

static void enable_pasid(struct smmu3_master *master)
{
	struct pci_dev *pdev;
	int ret;

	if (!master->ssid_bits || !dev_is_pci(master->dev))
		return;
	pdev = to_pci_dev(master->dev);
	ret = pci_enable_pasid(pdev, pci_pasid_features(pdev));
	master->pasid_enabled = !ret;
	if (!ret)
		return;
	dev_warn(master->dev, "PASID cannot be enabled (%d), going on without\n",
		 ret);
	master->ssid_bits = 0;
}

static void free_master(struct smmu3_master *master)
{
	mutex_destroy(&master->lock);
	kfree(master->sids);
	kfree(master);
}

static struct smmu3_master *new_master(struct device *dev,
				       struct smmu3_device *smmu)
{
	struct smmu3_master *master = kzalloc(sizeof(*master), GFP_KERNEL);

	if (!master)
		return NULL;
	master->dev = dev;
	master->smmu = smmu;
	mutex_init(&master->lock);
	master->identity.master = master;
	return master;
}

static struct iommu_device *smmu3_probe_device(struct device *dev)
{
	const struct iommu_fwspec *spec = dev_iommu_fwspec_get(dev);
	struct smmu3_device *smmu = smmu3_of_fwnode(spec->iommu_fwnode);
	struct smmu3_master *master;
	int ret;

	if (!smmu)
		return ERR_PTR(-ENODEV);
	master = new_master(dev, smmu);
	if (!master)
		return ERR_PTR(-ENOMEM);
	ret = find_sids(master, spec);
	if (!ret)
		ret = make_stes(master);
	if (ret)
		goto free;
	find_features(master, spec);
	dev_iommu_priv_set(dev, master);
	ret = add_streams(master);
	if (ret)
		goto unset;
	if (master->ats_supported)
		pci_prepare_ats(to_pci_dev(dev), __ffs(smmu->pgsize_bitmap));
	enable_pasid(master);
	return &smmu->iommu;

unset:
	dev_iommu_priv_set(dev, NULL);
free:
	free_master(master);
	return ERR_PTR(ret);
}

static void smmu3_release_device(struct device *dev)
{
	struct smmu3_master *master = to_smmu3_master(dev);

	if (WARN_ON(master->iopf_enabled))
		iopf_queue_remove_device(master->smmu->iopf, dev);
	smmu3_release_entries(master);
	drop_streams(master);
	/* Whoever found it by an event. */
	smmu3_evtq_drain(master->smmu);
	if (master->pasid_enabled)
		pci_disable_pasid(to_pci_dev(dev));
	free_master(master);
}

static struct iommu_group *smmu3_device_group(struct device *dev)
{
	return dev_is_pci(dev) ? pci_device_group(dev) :
				 generic_device_group(dev);
}

static bool smmu3_capable(struct device *dev, enum iommu_cap cap)
{
	u32 features = to_smmu3_master(dev)->smmu->features;
	const u32 dirty = SMMU3_FEAT_HD | SMMU3_FEAT_COHERENCY;

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return features & SMMU3_FEAT_COHERENCY;
	case IOMMU_CAP_DIRTY_TRACKING:
		return (features & dirty) == dirty;
	default:
		return cap == IOMMU_CAP_NOEXEC || cap == IOMMU_CAP_DEFERRED_FLUSH;
	}
}

static int smmu3_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static void smmu3_get_resv_regions(struct device *dev, struct list_head *head)
{
	const int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(MSI_WINDOW_BASE, MSI_WINDOW_SIZE, prot,
					 IOMMU_RESV_SW_MSI, GFP_KERNEL);
	if (!region)
		return;
	list_add_tail(&region->list, head);
	iommu_dma_get_resv_regions(dev, head);
}

/* Only faults that stall can be answered; devices' page requests are refused. */
static bool smmu3_dev_has_feat(struct device *dev, enum iommu_dev_features f)
{
	struct smmu3_master *master = to_smmu3_master(dev);

	switch (f) {
	case IOMMU_DEV_FEAT_IOPF:
		return master->stall_supported && master->smmu->iopf;
	case IOMMU_DEV_FEAT_AUX:
		return master->ssid_bits;
	default:
		return false;
	}
}

/* PASID is on since the probe. */
static int smmu3_dev_enable_feat(struct device *dev, enum iommu_dev_features f)
{
	struct smmu3_master *master = to_smmu3_master(dev);
	int ret;

	if (!smmu3_dev_has_feat(dev, f))
		return -ENODEV;
	if (f != IOMMU_DEV_FEAT_IOPF)
		return 0;
	ret = iopf_queue_add_device(master->smmu->iopf, dev);
	master->iopf_enabled = !ret;
	return ret;
}

static int smmu3_dev_disable_feat(struct device *dev, enum iommu_dev_features f)
{
	struct smmu3_master *master = to_smmu3_master(dev);

	if (f != IOMMU_DEV_FEAT_IOPF || !master->iopf_enabled)
		return 0;
	smmu3_evtq_drain(master->smmu);
	iopf_queue_remove_device(master->smmu->iopf, dev);
	master->iopf_enabled = false;
	return 0;
}

static int smmu3_drain_pasid(struct iommu_device *unit, ioasid_t pasid)
{
	smmu3_evtq_drain(container_of(unit, struct smmu3_device, iommu));
	return 0;
}

static void smmu3_remove_dev_pasid(struct device *dev, ioasid_t pasid,
				   struct iommu_domain *domain)
{
	smmu3_block(to_smmu3_master(dev), pasid);
}

const struct iommu_ops smmu3_iommu_ops = {
	.identity_domain	= &smmu3_identity_domain,
	.blocked_domain		= &smmu3_blocked_domain,
	.release_domain		= &smmu3_blocked_domain,
	.capable		= smmu3_capable,
	.domain_alloc_paging	= smmu3_domain_alloc_paging,
	.domain_alloc_user	= smmu3_domain_alloc_user,
	.probe_device		= smmu3_probe_device,
	.release_device		= smmu3_release_device,
	.device_group		= smmu3_device_group,
	.of_xlate		= smmu3_of_xlate,
	.get_resv_regions	= smmu3_get_resv_regions,
	.dev_has_feat		= smmu3_dev_has_feat,
	.dev_enable_feat	= smmu3_dev_enable_feat,
	.dev_disable_feat	= smmu3_dev_disable_feat,
	.page_response		= smmu3_page_response,
	.def_domain_type	= smmu3_quirks_def_domain_type,
	.remove_dev_pasid	= smmu3_remove_dev_pasid,
	.drain_pasid		= smmu3_drain_pasid,
	.owner			= THIS_MODULE,
};
