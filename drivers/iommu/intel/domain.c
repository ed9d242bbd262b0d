// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: a page table in the format that suits a unit, and what the core does
 * with it.
 *
 * Laws: a domain's format, width and page sizes are those of the device that it
 * was made for, and never change; another unit either copes with them or refuses
 * the attach.  Each format has its own table of operations, which call the format
 * directly.  Identity and blocked domains are static.
 *
 * Which format: scalable mode has both (VT-d 3.4).  First stage is preferred: its
 * IOTLB is flushed by PASID and it is never cached while not present.  What
 * iommufd asks for is second stage: only there are dirty bits and, later,
 * parents of nested domains.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <uapi/linux/iommufd.h>

#include "../core/driver.h"
#include "../iommu-pages.h"
#include "domain.h"

#define PADDR_BITS_MAX	52

static struct dmar_domain *pgt_domain(struct pgt *pgt)
{
	return container_of(pgt, struct dmar_domain, pgt);
}

static void free_after_flush(struct pgt *pgt, unsigned long iova, size_t len,
			     struct list_head *freelist)
{
	domain_flush_range(pgt_domain(pgt), iova, iova + len - 1, false);
	iommu_put_pages_list(freelist);
	INIT_LIST_HEAD(freelist);
}

static void domain_iotlb_sync(struct iommu_domain *domain,
			      struct iommu_iotlb_gather *gather)
{
	if (gather->start <= gather->end)
		domain_flush_range(to_dmar_domain(domain), gather->start,
				   gather->end, list_empty(&gather->freelist));
	iommu_put_pages_list(&gather->freelist);
}

static void domain_flush_iotlb_all(struct iommu_domain *domain)
{
	domain_flush_all(to_dmar_domain(domain));
}

static int domain_iotlb_sync_map(struct iommu_domain *domain,
				 unsigned long iova, size_t size)
{
	domain_flush_mapped(to_dmar_domain(domain), iova, iova + size - 1);
	return 0;
}

static inline struct pgt *pgt_of(struct iommu_domain *domain)
{
	return &to_dmar_domain(domain)->pgt;
}

IOMMU_PGT_DOMAIN_OPS(vtd_ss)
IOMMU_PGT_DOMAIN_OPS(x86_fs)

static bool levels_supported(const struct intel_iommu *iommu, u8 levels)
{
	return cap_sagaw(iommu->cap) & BIT(AW_OF_LEVELS(levels));
}

static bool first_stage_supported(const struct intel_iommu *iommu)
{
	return sm_supported(iommu) && ecap_fsts(iommu->ecap);
}

static bool second_stage_supported(const struct intel_iommu *iommu)
{
	return !sm_supported(iommu) || ecap_ssts(iommu->ecap);
}

static unsigned long first_stage_pgsizes(const struct intel_iommu *iommu)
{
	if (!intel_iommu_superpage)
		return SZ_4K;
	return SZ_4K | SZ_2M | (cap_fs1gp(iommu->cap) ? SZ_1G : 0);
}

static unsigned long second_stage_pgsizes(const struct intel_iommu *iommu)
{
	unsigned int sizes = cap_sslps(iommu->cap);

	if (!intel_iommu_superpage)
		return SZ_4K;
	return SZ_4K | (sizes & SSLPS_2M ? SZ_2M : 0) |
	       (sizes & SSLPS_1G ? SZ_1G : 0);
}

static bool first_stage_suits(const struct dmar_domain *domain,
			      const struct intel_iommu *iommu)
{
	return first_stage_supported(iommu) &&
	       (domain->pgt.levels < 5 || cap_fs5lp(iommu->cap)) &&
	       !(domain->pgt.pgsize_bitmap & ~first_stage_pgsizes(iommu));
}

static bool second_stage_suits(const struct dmar_domain *domain,
			       const struct intel_iommu *iommu)
{
	return second_stage_supported(iommu) &&
	       levels_supported(iommu, domain->pgt.levels) &&
	       !(domain->pgt.pgsize_bitmap & ~second_stage_pgsizes(iommu));
}

/**
 * domain_check_device() - whether a device's unit can use a domain
 * @domain: the domain
 * @device: the device
 *
 * Says nothing to the log: callers try domains until one fits.
 *
 * Context: domain->lock.
 * Return: 0, -EINVAL.
 */
int domain_check_device(struct dmar_domain *domain, struct intel_device *device)
{
	struct intel_iommu *iommu = device->iommu;
	bool suits;

	lockdep_assert_held(&domain->lock);
	suits = domain->first_stage ? first_stage_suits(domain, iommu) :
				      second_stage_suits(domain, iommu);
	if (!suits || fls64(domain->pgt.iova_last) > cap_mgaw(iommu->cap))
		return -EINVAL;
	if (domain->pgt.coherent && !iommu_walk_coherent(iommu))
		return -EINVAL;
	if (domain->force_snoop && !ecap_sc(iommu->ecap))
		return -EINVAL;
	if (domain->domain.dirty_ops && !ssads_supported(iommu))
		return -EINVAL;
	return 0;
}

static int domain_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	return intel_attach(to_intel_device(dev), 0, to_dmar_domain(domain));
}

static int check_pasid(struct intel_device *device)
{
	if (!device->pasid_enabled)
		return -EOPNOTSUPP;
	/* The source ID still leads to the tables of the crashed kernel. */
	if (iommu_pre_enabled(device->iommu) && !attachment_of(device, 0))
		return -EBUSY;
	return 0;
}

static int domain_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
				ioasid_t pasid, struct iommu_domain *old)
{
	struct intel_device *device = to_intel_device(dev);

	return check_pasid(device) ?:
	       intel_attach(device, pasid, to_dmar_domain(domain));
}

/*
 * Second-stage leaves carry the snoop bit themselves, so none may exist yet;
 * a first stage has it in the PASID entries.
 */
static bool force_snoop(struct dmar_domain *domain)
{
	struct attachment *att;

	lockdep_assert_held(&domain->lock);
	list_for_each_entry(att, &domain->attachments, node)
		if (!ecap_sc(att->device->iommu->ecap))
			return false;
	if (!domain->first_stage &&
	    memchr_inv(domain->pgt.top, 0, VTD_PAGE_SIZE))
		return false;
	WRITE_ONCE(domain->force_snoop, true);
	if (domain->first_stage)
		intel_reattach(domain);
	else
		vtd_ss_force_snoop(&domain->pgt);
	return true;
}

static bool domain_enforce_cache_coherency(struct iommu_domain *domain)
{
	struct dmar_domain *dmar = to_dmar_domain(domain);
	bool ret;

	mutex_lock(&dmar->lock);
	ret = dmar->force_snoop || force_snoop(dmar);
	mutex_unlock(&dmar->lock);
	return ret;
}

static int domain_set_dirty_tracking(struct iommu_domain *domain, bool enable)
{
	struct dmar_domain *dmar = to_dmar_domain(domain);

	mutex_lock(&dmar->lock);
	if (dmar->dirty_tracking != enable) {
		WRITE_ONCE(dmar->dirty_tracking, enable);
		intel_reattach(dmar);
	}
	mutex_unlock(&dmar->lock);
	return 0;
}

static int domain_read_and_clear_dirty(struct iommu_domain *domain,
				       unsigned long iova, size_t size,
				       unsigned long flags,
				       struct iommu_dirty_bitmap *dirty)
{
	struct dmar_domain *dmar = to_dmar_domain(domain);

	/* Without a bitmap: what an earlier run left behind is cleared. */
	if (!READ_ONCE(dmar->dirty_tracking) && dirty->bitmap)
		return -EINVAL;
	return vtd_ss_read_dirty(&dmar->pgt, iova, size, flags, dirty);
}

static const struct iommu_dirty_ops domain_dirty_ops = {
	.set_dirty_tracking = domain_set_dirty_tracking,
	.read_and_clear_dirty = domain_read_and_clear_dirty,
};

static void domain_free(struct iommu_domain *domain)
{
	struct dmar_domain *dmar = to_dmar_domain(domain);

	/* Better to lose memory than to have hardware walk what is freed. */
	if (WARN_ON(!list_empty(&dmar->attachments)))
		return;
	if (dmar->first_stage)
		x86_fs_free(&dmar->pgt);
	else
		vtd_ss_free(&dmar->pgt);
	kfree(rcu_dereference_protected(dmar->targets, true));
	mutex_destroy(&dmar->lock);
	kfree(dmar);
}

#define DOMAIN_OPS(fmt)							\
	.map_range = fmt##_domain_map_range,				\
	.map_sg = fmt##_domain_map_sg,					\
	.unmap_range = fmt##_domain_unmap_range,			\
	.iova_to_phys = fmt##_domain_iova_to_phys,			\
	.attach_dev = domain_attach_dev,				\
	.set_dev_pasid = domain_set_dev_pasid,				\
	.flush_iotlb_all = domain_flush_iotlb_all,			\
	.iotlb_sync = domain_iotlb_sync,				\
	.enforce_cache_coherency = domain_enforce_cache_coherency,	\
	.free = domain_free

/* Most units need not hear of what is mapped, and then nothing is called. */
const struct iommu_domain_ops intel_ss_domain_ops = {
	DOMAIN_OPS(vtd_ss),
};

static const struct iommu_domain_ops intel_ss_domain_sync_ops = {
	DOMAIN_OPS(vtd_ss),
	.iotlb_sync_map = domain_iotlb_sync_map,
};

static const struct iommu_domain_ops intel_fs_domain_ops = {
	DOMAIN_OPS(x86_fs),
};

static const struct iommu_domain_ops intel_fs_domain_sync_ops = {
	DOMAIN_OPS(x86_fs),
	.iotlb_sync_map = domain_iotlb_sync_map,
};

/**
 * domain_sync_mapped() - have hardware told of new mappings from now on
 * @domain: the domain
 *
 * Context: may sleep; domain->lock; before the unit that needs it can walk the
 * table.
 */
void domain_sync_mapped(struct dmar_domain *domain)
{
	const struct iommu_domain_ops *ops = domain->first_stage ?
		&intel_fs_domain_sync_ops : &intel_ss_domain_sync_ops;

	lockdep_assert_held(&domain->lock);
	if (domain->domain.ops == ops)
		return;
	WRITE_ONCE(domain->domain.ops, ops);
	/*
	 * Who maps has no barrier between its entries and its look at the operations.
	 * After an interrupt on its CPU its entries are visible, or it sees these.
	 */
	kick_all_cpus_sync();
}

static int init_first_stage(struct dmar_domain *domain,
			    const struct intel_iommu *iommu,
			    struct pgt_params *params)
{
	params->levels = levels_supported(iommu, 5) &&
			 cap_fs5lp(iommu->cap) ? 5 : 4;
	/* The upper half is that of sign-extended addresses (VT-d 3.6). */
	params->iova_bits = min_t(unsigned int, WIDTH_OF_LEVELS(params->levels),
				  cap_mgaw(iommu->cap)) - 1;
	params->pgsize_bitmap = first_stage_pgsizes(iommu);
	domain->first_stage = true;
	domain->domain.ops = &intel_fs_domain_ops;
	return x86_fs_init(&domain->pgt, params);
}

static int init_second_stage(struct dmar_domain *domain,
			     const struct intel_iommu *iommu,
			     struct pgt_params *params)
{
	params->levels = iommu_unit_levels(iommu);
	params->iova_bits = min_t(unsigned int, WIDTH_OF_LEVELS(params->levels),
				  cap_mgaw(iommu->cap));
	params->pgsize_bitmap = second_stage_pgsizes(iommu);
	domain->domain.ops = &intel_ss_domain_ops;
	return vtd_ss_init(&domain->pgt, params);
}

static int init_pgt(struct dmar_domain *domain, struct intel_iommu *iommu,
		    int nid, bool first_stage)
{
	struct pgt_params params = {
		.sync = free_after_flush,
		.nid = nid,
		.paddr_bits = PADDR_BITS_MAX,
		.coherent = iommu_walk_coherent(iommu),
	};
	int ret;

	ret = first_stage ? init_first_stage(domain, iommu, &params) :
			    init_second_stage(domain, iommu, &params);
	if (ret)
		return ret;
	domain->domain.pgsize_bitmap = domain->pgt.pgsize_bitmap;
	domain->domain.geometry = (struct iommu_domain_geometry) {
		.aperture_end = domain->pgt.iova_last,
		.force_aperture = true,
	};
	return 0;
}

static struct dmar_domain *alloc_domain(struct intel_iommu *iommu, int nid,
					bool first_stage)
{
	struct dmar_domain *domain;
	struct flush_list *none;
	int ret = -ENOMEM;

	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	none = kzalloc(sizeof(*none), GFP_KERNEL);
	if (!none)
		goto free_domain;
	RCU_INIT_POINTER(domain->targets, none);
	mutex_init(&domain->lock);
	INIT_LIST_HEAD(&domain->attachments);
	ret = init_pgt(domain, iommu, nid, first_stage);
	if (!ret)
		return domain;
	kfree(none);
free_domain:
	kfree(domain);
	return ERR_PTR(ret);
}

/* The unit whose tables most of the others can use; NULL where there is none. */
static struct intel_iommu *least_unit(void)
{
	struct intel_iommu *iommu, *least = NULL;
	struct dmar_drhd_unit *drhd;

	guard(rwsem_read)(&dmar_global_lock);
	for_each_active_iommu(iommu, drhd) {
		if (!least ||
		    first_stage_supported(iommu) < first_stage_supported(least) ||
		    iommu_walk_coherent(iommu) < iommu_walk_coherent(least) ||
		    cap_mgaw(iommu->cap) < cap_mgaw(least->cap))
			least = iommu;
	}
	return least;
}

/**
 * intel_domain_alloc_paging() - make a domain for the kernel's own use
 * @dev: the device that it is for; NULL: any
 *
 * Context: May sleep.
 * Return: The domain, of no type yet; ERR_PTR: -ENOMEM; -ENODEV where there is no
 * device and no unit.
 */
struct iommu_domain *intel_domain_alloc_paging(struct device *dev)
{
	struct intel_iommu *iommu = dev ? to_intel_device(dev)->iommu : least_unit();
	struct dmar_domain *domain;

	if (!iommu)
		return ERR_PTR(-ENODEV);
	domain = alloc_domain(iommu, dev ? dev_to_node(dev) : NUMA_NO_NODE,
			      first_stage_supported(iommu));
	return IS_ERR(domain) ? ERR_CAST(domain) : &domain->domain;
}

/**
 * intel_domain_alloc_user() - make a domain for user space
 * @dev: the device that it is for
 * @flags: IOMMU_HWPT_ALLOC_x
 * @parent: not supported
 * @user_data: not supported
 *
 * Context: May sleep.
 * Return: The domain; ERR_PTR: -EOPNOTSUPP for what the unit cannot do, -ENOMEM.
 */
struct iommu_domain *
intel_domain_alloc_user(struct device *dev, u32 flags,
			struct iommu_domain *parent,
			const struct iommu_user_data *user_data)
{
	struct intel_iommu *iommu = to_intel_device(dev)->iommu;
	bool dirty = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	struct dmar_domain *domain;

	if (parent || user_data || flags & ~IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
		return ERR_PTR(-EOPNOTSUPP);
	if (dirty && (!ssads_supported(iommu) || !second_stage_supported(iommu)))
		return ERR_PTR(-EOPNOTSUPP);
	domain = alloc_domain(iommu, dev_to_node(dev),
			      !second_stage_supported(iommu));
	if (IS_ERR(domain))
		return ERR_CAST(domain);
	domain->domain.type = IOMMU_DOMAIN_UNMANAGED;
	domain->domain.owner = &intel_iommu_ops;
	if (dirty)
		domain->domain.dirty_ops = &domain_dirty_ops;
	return &domain->domain;
}

static int identity_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct intel_device *device = to_intel_device(dev);

	if (!ecap_pt(device->iommu->ecap))
		return -EINVAL;
	return intel_attach(device, 0, NULL);
}

static int identity_set_dev_pasid(struct iommu_domain *domain,
				  struct device *dev, ioasid_t pasid,
				  struct iommu_domain *old)
{
	struct intel_device *device = to_intel_device(dev);

	if (!ecap_pt(device->iommu->ecap))
		return -EOPNOTSUPP;
	return check_pasid(device) ?: intel_attach(device, pasid, NULL);
}

static int blocked_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	intel_block(to_intel_device(dev), 0);
	return 0;
}

/* Requests pass through; all devices of all units share it. */
struct iommu_domain intel_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = identity_attach_dev,
		.set_dev_pasid = identity_set_dev_pasid,
	},
};

/* Requests are refused. */
struct iommu_domain intel_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = blocked_attach_dev,
	},
};
