// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: a page table in the format that suits an SMMU, and what the core does
 * with it.
 *
 * Laws: a domain's stage, granule and width are those of the master that it was
 * made for, and never change; another SMMU either copes with them or refuses the
 * attach.  Each format has its own table of operations, which call the format
 * directly.  Identity and blocked domains are static.
 *
 * Which format: stage 1 wherever there is one, because only there a master has
 * address spaces for its SSIDs; the granule is the CPU's page size, if possible.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "../../core/driver.h"
#include "../../iommu-pages.h"
#include "../../pgtable/arm_lpae.h"
#include "smmu.h"

/**
 * struct smmu3_format - a page-table format
 * @ops: operations of its domains
 * @init: make a table
 * @free: free a table
 * @read_dirty: find, and clear, dirty state
 * @pgsizes: page sizes
 */
struct smmu3_format {
	const struct iommu_domain_ops *ops;
	int (*init)(struct pgt *pgt, const struct pgt_params *params);
	void (*free)(struct pgt *pgt);
	int (*read_dirty)(struct pgt *pgt, unsigned long iova, size_t size,
			  unsigned long flags, struct iommu_dirty_bitmap *dirty);
	unsigned long pgsizes;
};

static void free_after_flush(struct pgt *pgt, unsigned long iova, size_t len,
			     struct list_head *freelist)
{
	struct smmu3_domain *domain = container_of(pgt, struct smmu3_domain, pgt);

	smmu3_domain_flush_range(domain, iova, len, 0, false);
	iommu_put_pages_list(freelist);
	INIT_LIST_HEAD(freelist);
}

static void domain_iotlb_sync(struct iommu_domain *domain,
			      struct iommu_iotlb_gather *gather)
{
	if (gather->start <= gather->end)
		smmu3_domain_flush_range(to_smmu3_domain(domain), gather->start,
					 gather->end - gather->start + 1, 0,
					 list_empty(&gather->freelist));
	iommu_put_pages_list(&gather->freelist);
}

static void domain_flush_iotlb_all(struct iommu_domain *domain)
{
	smmu3_domain_flush_all(to_smmu3_domain(domain));
}

static inline struct pgt *pgt_of(struct iommu_domain *domain)
{
	return &to_smmu3_domain(domain)->pgt;
}

static int domain_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	return smmu3_attach(to_smmu3_master(dev), 0, to_smmu3_domain(domain));
}

static int domain_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
				ioasid_t pasid, struct iommu_domain *old)
{
	return smmu3_attach(to_smmu3_master(dev), pasid,
			    to_smmu3_domain(domain));
}

static void domain_free(struct iommu_domain *domain)
{
	struct smmu3_domain *smmu_domain = to_smmu3_domain(domain);

	/* Better to lose memory than to have hardware walk what is freed. */
	if (WARN_ON(!list_empty(&smmu_domain->attachments)))
		return;
	smmu3_targets_free(smmu_domain);
	smmu_domain->format->free(&smmu_domain->pgt);
	mutex_destroy(&smmu_domain->lock);
	kfree(smmu_domain);
}

/*
 * The operations of one format, each a direct call into it.  Further members of
 * its table, such as what there is in stage 1 only, follow the page sizes.
 */
#define DOMAIN_OPS(fmt, sizes, ...)					\
IOMMU_PGT_DOMAIN_OPS(fmt)						\
									\
static const struct iommu_domain_ops fmt##_domain_ops = {		\
	.attach_dev = domain_attach_dev,				\
	.map_range = fmt##_domain_map_range,				\
	.map_sg = fmt##_domain_map_sg,					\
	.unmap_range = fmt##_domain_unmap_range,			\
	.iova_to_phys = fmt##_domain_iova_to_phys,			\
	.flush_iotlb_all = domain_flush_iotlb_all,			\
	.iotlb_sync = domain_iotlb_sync,				\
	.free = domain_free,						\
	__VA_ARGS__							\
};									\
									\
static const struct smmu3_format fmt##_format = {			\
	.ops = &fmt##_domain_ops,					\
	.init = fmt##_init,						\
	.free = fmt##_free,						\
	.read_dirty = fmt##_read_dirty,					\
	.pgsizes = sizes,						\
}

#define PGSIZES_4K	(SZ_4K | SZ_64K | SZ_2M | SZ_32M | SZ_1G)
#define PGSIZES_16K	(SZ_16K | SZ_2M | SZ_32M | SZ_1G)
#define PGSIZES_64K	(SZ_64K | SZ_2M | SZ_512M | SZ_16G)

DOMAIN_OPS(arm_s1_4k, PGSIZES_4K, .set_dev_pasid = domain_set_dev_pasid);
DOMAIN_OPS(arm_s1_16k, PGSIZES_16K, .set_dev_pasid = domain_set_dev_pasid);
DOMAIN_OPS(arm_s1_64k, PGSIZES_64K, .set_dev_pasid = domain_set_dev_pasid);
DOMAIN_OPS(arm_s2_4k, PGSIZES_4K);
DOMAIN_OPS(arm_s2_16k, PGSIZES_16K);
DOMAIN_OPS(arm_s2_64k, PGSIZES_64K);

static const struct smmu3_format *format_of(enum smmu3_stage stage,
					    u8 granule_shift)
{
	static const struct smmu3_format *const formats[2][3] = {
		[SMMU3_S1] = { &arm_s1_4k_format, &arm_s1_16k_format,
			       &arm_s1_64k_format },
		[SMMU3_S2] = { &arm_s2_4k_format, &arm_s2_16k_format,
			       &arm_s2_64k_format },
	};

	return formats[stage][(granule_shift - 12) / 2];
}

static bool has_granule(const struct smmu3_device *smmu, u8 shift)
{
	return smmu->pgsize_bitmap & BIT(shift);
}

/* The CPU's page size, else the largest that is smaller, else the next larger. */
static u8 best_granule(const struct smmu3_device *smmu)
{
	unsigned long granules = smmu->pgsize_bitmap & (SZ_4K | SZ_16K | SZ_64K);
	unsigned long fit = granules & (PAGE_SIZE | (PAGE_SIZE - 1));

	return fit ? __fls(fit) : __ffs(granules);
}

/* Width of the addresses that a table translates. */
static u8 input_bits(const struct smmu3_device *smmu, enum smmu3_stage stage,
		     u8 granule_shift)
{
	u8 most = granule_shift == 16 ? 52 : 48;

	if (stage == SMMU3_S2)
		return min(most, smmu->oas);
	return smmu->features & SMMU3_FEAT_VAX ? most : 48;
}

static u8 output_bits(const struct smmu3_device *smmu, u8 granule_shift)
{
	return min_t(u8, granule_shift == 16 ? 52 : 48, smmu->oas);
}

/**
 * smmu3_domain_check() - whether a master's SMMU can use a domain
 * @domain: the domain
 * @master: the master
 *
 * Says nothing to the log: callers try domains until one fits.
 *
 * Context: Any.
 * Return: 0, -EINVAL.
 */
int smmu3_domain_check(struct smmu3_domain *domain,
		       const struct smmu3_master *master)
{
	const struct smmu3_device *smmu = master->smmu;
	u32 stage = domain->stage == SMMU3_S1 ? SMMU3_FEAT_S1 : SMMU3_FEAT_S2;
	const struct pgt *pgt = &domain->pgt;
	u8 shift = domain->granule_shift;

	if (!(smmu->features & stage) || !has_granule(smmu, shift))
		return -EINVAL;
	if (fls64(pgt->iova_last) > input_bits(smmu, domain->stage, shift) ||
	    fls64(pgt->paddr_last) > output_bits(smmu, shift))
		return -EINVAL;
	if (pgt->coherent && !(smmu->features & SMMU3_FEAT_COHERENCY))
		return -EINVAL;
	if (pgt->dirty && !(smmu->features & SMMU3_FEAT_HD))
		return -EINVAL;
	return 0;
}

/* Leaves are made to be tracked; there is nothing to switch. */
static int domain_set_dirty_tracking(struct iommu_domain *domain, bool enable)
{
	return 0;
}

static int domain_read_and_clear_dirty(struct iommu_domain *domain,
				       unsigned long iova, size_t size,
				       unsigned long flags,
				       struct iommu_dirty_bitmap *dirty)
{
	struct smmu3_domain *smmu_domain = to_smmu3_domain(domain);

	return smmu_domain->format->read_dirty(&smmu_domain->pgt, iova, size,
					       flags, dirty);
}

static const struct iommu_dirty_ops domain_dirty_ops = {
	.set_dirty_tracking = domain_set_dirty_tracking,
	.read_and_clear_dirty = domain_read_and_clear_dirty,
};

static int init_pgt(struct smmu3_domain *domain, struct smmu3_master *master,
		    bool dirty)
{
	struct smmu3_device *smmu = master->smmu;
	u8 shift = best_granule(smmu);
	struct pgt_params params = {
		.pgsize_bitmap = format_of(domain->stage, shift)->pgsizes,
		.sync = free_after_flush,
		.nid = dev_to_node(smmu->dev),
		.iova_bits = input_bits(smmu, domain->stage, shift),
		.paddr_bits = output_bits(smmu, shift),
		.coherent = smmu->features & SMMU3_FEAT_COHERENCY,
		.dirty = dirty,
	};
	int ret;

	domain->granule_shift = shift;
	domain->format = format_of(domain->stage, shift);
	domain->domain.ops = domain->format->ops;
	ret = domain->format->init(&domain->pgt, &params);
	if (ret)
		return ret;
	domain->domain.pgsize_bitmap = domain->pgt.pgsize_bitmap;
	domain->domain.geometry = (struct iommu_domain_geometry) {
		.aperture_end = domain->pgt.iova_last,
		.force_aperture = true,
	};
	return 0;
}

static struct smmu3_domain *alloc_domain(struct device *dev, bool dirty)
{
	struct smmu3_master *master = to_smmu3_master(dev);
	struct smmu3_domain *domain;
	struct smmu3_targets *none;
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
	domain->stage = master->smmu->features & SMMU3_FEAT_S1 ? SMMU3_S1 :
								 SMMU3_S2;
	ret = init_pgt(domain, master, dirty);
	if (!ret)
		return domain;
	kfree(none);
free_domain:
	kfree(domain);
	return ERR_PTR(ret);
}

/**
 * smmu3_domain_alloc_paging() - make a domain for the kernel's own use
 * @dev: the device that it is for
 *
 * Context: May sleep.
 * Return: The domain, of no type yet; ERR_PTR: -EOPNOTSUPP without a device,
 * -ENOMEM.
 */
struct iommu_domain *smmu3_domain_alloc_paging(struct device *dev)
{
	struct smmu3_domain *domain;

	if (!dev)
		return ERR_PTR(-EOPNOTSUPP);
	domain = alloc_domain(dev, false);
	return IS_ERR(domain) ? ERR_CAST(domain) : &domain->domain;
}

/**
 * smmu3_domain_alloc_user() - make a domain for user space
 * @dev: the device that it is for
 * @flags: IOMMU_HWPT_ALLOC_x
 * @parent: not supported
 * @user_data: not supported
 *
 * Context: May sleep.
 * Return: The domain; ERR_PTR: -EOPNOTSUPP for what the SMMU cannot do, -ENOMEM.
 */
struct iommu_domain *
smmu3_domain_alloc_user(struct device *dev, u32 flags,
			struct iommu_domain *parent,
			const struct iommu_user_data *user_data)
{
	bool dirty = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	struct smmu3_domain *domain;

	if (parent || user_data || flags & ~IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
		return ERR_PTR(-EOPNOTSUPP);
	if (dirty && !device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		return ERR_PTR(-EOPNOTSUPP);
	domain = alloc_domain(dev, dirty);
	if (IS_ERR(domain))
		return ERR_CAST(domain);
	domain->domain.type = IOMMU_DOMAIN_UNMANAGED;
	domain->domain.owner = &smmu3_iommu_ops;
	if (dirty)
		domain->domain.dirty_ops = &domain_dirty_ops;
	return &domain->domain;
}

static int identity_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	return smmu3_attach(to_smmu3_master(dev), 0, NULL);
}

static int blocked_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	smmu3_block(to_smmu3_master(dev), 0);
	return 0;
}

/* Requests bypass; all masters of all SMMUs share it. */
struct iommu_domain smmu3_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = identity_attach_dev,
	},
};

/* Requests are terminated. */
struct iommu_domain smmu3_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = blocked_attach_dev,
	},
};
