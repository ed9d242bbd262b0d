// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding SMMUs: devicetree (arm,smmu-v3) and ACPI IORT, and what their ID
 * registers say (IHI 0070, 6.3.1 to 6.3.8).
 *
 * Laws: what the hardware can do is decided here, once.  Firmware is asked for
 * nothing that the registers tell, except for coherency and, with ACPI, dirty
 * state, which depend on what is around the SMMU.
 */
#include <linux/acpi.h>
#include <linux/acpi_iort.h>
#include <linux/dma-mapping.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/sizes.h>

#include <asm/virt.h>

#include "entry.h"
#include "smmu.h"

/* On the command line it is called by the driver's name, not by this file's. */
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"arm_smmu_v3."

static bool disable_msipolling;
module_param(disable_msipolling, bool, 0444);
MODULE_PARM_DESC(disable_msipolling,
		 "Poll the command queue for completion of CMD_SYNC, instead of memory that an MSI is written to");

/* All SMMUs, by @tlb_order. */
static DEFINE_XARRAY_ALLOC(smmu3_units);

/**
 * smmu3_of_fwnode() - the SMMU of a firmware node
 * @fwnode: the node of one that the core knows
 *
 * Asking the driver core would not do: to it, an SMMU that is just registering
 * itself is not bound yet.
 *
 * Context: May sleep.  The SMMU stays: it is not unbound.
 * Return: The SMMU; NULL if there is none.
 */
struct smmu3_device *smmu3_of_fwnode(const struct fwnode_handle *fwnode)
{
	struct smmu3_device *smmu;
	unsigned long i;

	xa_for_each(&smmu3_units, i, smmu)
		if (dev_fwnode(smmu->dev) == fwnode)
			return smmu;
	return NULL;
}

/*
 * ID registers
 */

/* Number of the access- and dirty-state abilities, as IDR0.HTTU has them. */
static u32 httu_features(u32 httu)
{
	return httu >= HTTU_ACCESS_DIRTY ? SMMU3_FEAT_HA | SMMU3_FEAT_HD :
	       httu == HTTU_ACCESS ? SMMU3_FEAT_HA : 0;
}

static u32 stall_features(u32 model)
{
	return model == STALL_MODEL_FORCE ?
	       SMMU3_FEAT_STALLS | SMMU3_FEAT_STALL_FORCE :
	       model == STALL_MODEL_BOTH ? SMMU3_FEAT_STALLS : 0;
}

static u32 idr0_features(u32 idr0)
{
	static const struct {
		u32 bit;
		u32 feature;
	} simple[] = {
		{ IDR0_S1P, SMMU3_FEAT_S1 },
		{ IDR0_S2P, SMMU3_FEAT_S2 },
		{ IDR0_CD2L, SMMU3_FEAT_2LVL_CDTAB },
		{ IDR0_SEV, SMMU3_FEAT_SEV },
		{ IDR0_MSI, SMMU3_FEAT_MSI },
		{ IDR0_HYP, SMMU3_FEAT_HYP },
		{ IS_ENABLED(CONFIG_PCI_ATS) ? IDR0_ATS : 0, SMMU3_FEAT_ATS },
		{ IS_ENABLED(CONFIG_PCI_PRI) ? IDR0_PRI : 0, SMMU3_FEAT_PRI },
	};
	u32 features = stall_features(FIELD_GET(IDR0_STALL_MODEL, idr0));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(simple); i++)
		if (idr0 & simple[i].bit)
			features |= simple[i].feature;
	if (FIELD_GET(IDR0_ST_LEVEL, idr0) == ST_LEVEL_2LVL)
		features |= SMMU3_FEAT_2LVL_STRTAB;
	/* Broadcast invalidations of a kernel at EL2 are about EL2's ASIDs. */
	if (idr0 & IDR0_HYP && is_kernel_in_hyp_mode())
		features |= SMMU3_FEAT_E2H;
	return features;
}

static int check_idr0(struct smmu3_device *smmu, u32 idr0)
{
	u32 other = IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? TTENDIAN_LE : TTENDIAN_BE;

	if (!(idr0 & (IDR0_S1P | IDR0_S2P))) {
		dev_err(smmu->dev, "translates nothing (IDR0 %#x)\n", idr0);
		return -ENXIO;
	}
	if (!(FIELD_GET(IDR0_TTF, idr0) & TTF_AARCH64)) {
		dev_err(smmu->dev, "has no AArch64 page tables (IDR0 %#x)\n", idr0);
		return -ENXIO;
	}
	if (FIELD_GET(IDR0_TTENDIAN, idr0) == other) {
		dev_err(smmu->dev, "reads page tables of the other endianness (IDR0 %#x)\n",
			idr0);
		return -ENXIO;
	}
	return 0;
}

/* @smmu->features has what firmware said: coherency, and HTTU with ACPI. */
static int probe_idr0(struct smmu3_device *smmu)
{
	u32 idr0 = readl_relaxed(smmu->base + SMMU3_IDR0);
	bool coherent = smmu->features & SMMU3_FEAT_COHERENCY;
	int ret = check_idr0(smmu, idr0);

	if (ret)
		return ret;
	smmu->features |= idr0_features(idr0);
	if (smmu->dev->of_node)
		smmu->features |= httu_features(FIELD_GET(IDR0_HTTU, idr0));
	if (!!(idr0 & IDR0_COHACC) != coherent)
		dev_warn(smmu->dev, "IDR0.COHACC says %s, firmware says %s, which counts\n",
			 idr0 & IDR0_COHACC ? "coherent" : "not coherent",
			 coherent ? "coherent" : "not coherent");
	if (idr0 & IDR0_MSI && coherent && !disable_msipolling)
		smmu->options |= SMMU3_OPT_MSIPOLL;
	smmu->asid_bits = idr0 & IDR0_ASID16 ? 16 : 8;
	smmu->vmid_bits = idr0 & IDR0_VMID16 ? 16 : 8;
	return 0;
}

static int probe_idr1(struct smmu3_device *smmu)
{
	u32 idr1 = readl_relaxed(smmu->base + SMMU3_IDR1);

	if (idr1 & (IDR1_TABLES_PRESET | IDR1_QUEUES_PRESET | IDR1_REL)) {
		dev_err(smmu->dev, "has tables or queues of its own, which is not supported (IDR1 %#x)\n",
			idr1);
		return -ENXIO;
	}
	if (idr1 & IDR1_ATTR_TYPES_OVR)
		smmu->features |= SMMU3_FEAT_ATTR_TYPES_OVR;
	smmu->cmdq_shift = FIELD_GET(IDR1_CMDQS, idr1);
	smmu->evtq_shift = FIELD_GET(IDR1_EVENTQS, idr1);
	smmu->priq_shift = FIELD_GET(IDR1_PRIQS, idr1);
	smmu->sid_bits = FIELD_GET(IDR1_SIDSIZE, idr1);
	/* SSIDs choose a stage 1. */
	if (smmu->features & SMMU3_FEAT_S1)
		smmu->ssid_bits = FIELD_GET(IDR1_SSIDSIZE, idr1);
	/* A table in one piece has to be found in memory. */
	if (!(smmu->features & SMMU3_FEAT_2LVL_CDTAB))
		smmu->ssid_bits = min(smmu->ssid_bits, CD_SPLIT);
	return 0;
}

static void probe_idr3(struct smmu3_device *smmu)
{
	if (readl_relaxed(smmu->base + SMMU3_IDR3) & IDR3_RIL)
		smmu->features |= SMMU3_FEAT_RANGE_INV;
}

static u8 oas_bits(struct smmu3_device *smmu, u32 code)
{
	static const u8 bits[] = {
		[OAS_32] = 32, [OAS_36] = 36, [OAS_40] = 40, [OAS_42] = 42,
		[OAS_44] = 44, [OAS_48] = 48, [OAS_52] = 52,
	};

	if (code < ARRAY_SIZE(bits))
		return bits[code];
	dev_info(smmu->dev, "unknown output address size, taking 48 bits\n");
	return 48;
}

static int probe_idr5(struct smmu3_device *smmu)
{
	u32 idr5 = readl_relaxed(smmu->base + SMMU3_IDR5);

	if (idr5 & IDR5_GRAN4K)
		smmu->pgsize_bitmap |= SZ_4K;
	if (idr5 & IDR5_GRAN16K)
		smmu->pgsize_bitmap |= SZ_16K;
	if (idr5 & IDR5_GRAN64K)
		smmu->pgsize_bitmap |= SZ_64K;
	if (!smmu->pgsize_bitmap) {
		dev_err(smmu->dev, "has no granule (IDR5 %#x)\n", idr5);
		return -ENXIO;
	}
	if (FIELD_GET(IDR5_VAX, idr5) == VAX_52)
		smmu->features |= SMMU3_FEAT_VAX;
	smmu->oas = oas_bits(smmu, FIELD_GET(IDR5_OAS, idr5));
	return 0;
}

static int probe_registers(struct smmu3_device *smmu)
{
	int ret;

	ret = probe_idr0(smmu);
	if (!ret)
		ret = probe_idr1(smmu);
	if (ret)
		return ret;
	probe_idr3(smmu);
	ret = probe_idr5(smmu);
	if (ret)
		return ret;
	smmu3_quirks_iidr(smmu, readl_relaxed(smmu->base + SMMU3_IIDR));
	return 0;
}

/* What an administrator wants to know, and a bug report needs. */
static void describe(struct smmu3_device *smmu)
{
	u32 aidr = readl_relaxed(smmu->base + SMMU3_AIDR);

	dev_info(smmu->dev, "SMMUv%lu.%lu, %u-bit output, stage%s%s, %s stream table for %u bits, %u-bit SSIDs\n",
		 FIELD_GET(AIDR_MAJOR, aidr) + 3, FIELD_GET(AIDR_MINOR, aidr),
		 smmu->oas, smmu->features & SMMU3_FEAT_S1 ? " 1" : "",
		 smmu->features & SMMU3_FEAT_S2 ? " 2" : "",
		 smmu->strtab.ste ? "linear" : "2-level", smmu->strtab.log2size,
		 smmu->ssid_bits);
	dev_info(smmu->dev, "features %#x, options %#x\n", smmu->features,
		 smmu->options);
}

/*
 * Firmware
 */

#ifdef CONFIG_ACPI
static void probe_iort(struct smmu3_device *smmu)
{
	const struct acpi_iort_node *node;
	const struct acpi_iort_smmu_v3 *iort;

	node = *(const struct acpi_iort_node **)dev_get_platdata(smmu->dev);
	iort = (const struct acpi_iort_smmu_v3 *)node->node_data;
	if (iort->flags & ACPI_IORT_SMMU_V3_COHACC_OVERRIDE)
		smmu->features |= SMMU3_FEAT_COHERENCY;
	smmu->features |=
		httu_features(FIELD_GET(ACPI_IORT_SMMU_V3_HTTU_OVERRIDE,
					iort->flags));
	smmu3_quirks_iort(smmu, iort->model);
}
#else
static void probe_iort(struct smmu3_device *smmu)
{
}
#endif

static int probe_of(struct smmu3_device *smmu)
{
	u32 cells = 0;

	of_property_read_u32(smmu->dev->of_node, "#iommu-cells", &cells);
	if (cells != 1) {
		dev_err(smmu->dev, "#iommu-cells has to be 1, it is %u\n", cells);
		return -EINVAL;
	}
	if (of_dma_is_coherent(smmu->dev->of_node))
		smmu->features |= SMMU3_FEAT_COHERENCY;
	smmu3_quirks_of(smmu);
	return 0;
}

static int probe_firmware(struct smmu3_device *smmu)
{
	if (smmu->dev->of_node)
		return probe_of(smmu);
	probe_iort(smmu);
	return 0;
}

/* The page holds performance counters as well, which are another driver's. */
static void __iomem *map_page(struct device *dev, resource_size_t start)
{
	struct resource res = DEFINE_RES_MEM(start, SMMU3_REG_SIZE);

	return devm_ioremap_resource(dev, &res);
}

static int map_registers(struct smmu3_device *smmu, struct resource *res)
{
	bool one_page = smmu->options & SMMU3_OPT_PAGE0_REGS_ONLY;
	resource_size_t size = SMMU3_PAGE1_OFFSET + SMMU3_PAGE_SIZE;

	if (!res || resource_size(res) < (one_page ? SMMU3_PAGE_SIZE : size)) {
		dev_err(smmu->dev, "register region is missing or too small\n");
		return -EINVAL;
	}
	smmu->base = map_page(smmu->dev, res->start);
	if (IS_ERR(smmu->base))
		return PTR_ERR(smmu->base);
	smmu->page1 = one_page ? smmu->base :
		      map_page(smmu->dev, res->start + SMMU3_PAGE1_OFFSET);
	return PTR_ERR_OR_ZERO(smmu->page1);
}

/**
 * smmu3_bypass_rmrs() - let streams pass that firmware has DMA going on with
 * @smmu: the SMMU; hardware does not look at its tables yet
 * @rmrs: struct iommu_iort_rmr_data, by rr.list
 *
 * Until their device is probed.  StreamIDs that the SMMU does not have are named
 * in the log.
 *
 * Context: May sleep.
 */
void smmu3_bypass_rmrs(struct smmu3_device *smmu, struct list_head *rmrs)
{
	struct iommu_resv_region *region;
	struct iommu_iort_rmr_data *rmr;
	struct smmu3_ste *ste;
	unsigned int i;

	list_for_each_entry(region, rmrs, list) {
		rmr = container_of(region, struct iommu_iort_rmr_data, rr);
		for (i = 0; i < rmr->num_sids; i++) {
			ste = smmu3_ste_get(smmu, rmr->sids[i]);
			if (!IS_ERR(ste))
				smmu3_make_ste_bypass(ste, smmu->features &
						      SMMU3_FEAT_ATTR_TYPES_OVR ?
						      ENTRY_ATTR_SHCFG : 0);
			else
				dev_err(smmu->dev, "no bypass for stream %#x in use by firmware\n",
					rmr->sids[i]);
		}
	}
}

static void bypass_rmr_streams(struct smmu3_device *smmu)
{
	LIST_HEAD(rmrs);

	iort_get_rmr_sids(dev_fwnode(smmu->dev), &rmrs);
	smmu3_bypass_rmrs(smmu, &rmrs);
	iort_put_rmr_sids(dev_fwnode(smmu->dev), &rmrs);
}

/*
 * Driver
 */

static void free_iopf(void *queue)
{
	iopf_queue_free(queue);
}

/* Without it, faults that stall are terminated. */
static int alloc_iopf(struct smmu3_device *smmu)
{
	if (!IS_ENABLED(CONFIG_IOMMU_IOPF) ||
	    !(smmu->features & SMMU3_FEAT_STALLS))
		return 0;
	smmu->iopf = iopf_queue_alloc(dev_name(smmu->dev));
	if (!smmu->iopf)
		return -ENOMEM;
	return devm_add_action_or_reset(smmu->dev, free_iopf, smmu->iopf);
}

static void destroy_objects(void *data)
{
	struct smmu3_device *smmu = data;

	ida_destroy(&smmu->asids);
	ida_destroy(&smmu->vmids);
	xa_destroy(&smmu->streams);
	mutex_destroy(&smmu->lock);
	xa_erase(&smmu3_units, smmu->tlb_order);
}

static struct smmu3_device *new_smmu(struct device *dev)
{
	struct smmu3_device *smmu;
	int ret;

	smmu = devm_kzalloc(dev, sizeof(*smmu), GFP_KERNEL);
	if (!smmu)
		return ERR_PTR(-ENOMEM);
	smmu->dev = dev;
	ret = xa_alloc(&smmu3_units, &smmu->tlb_order, smmu, xa_limit_31b,
		       GFP_KERNEL);
	if (ret)
		return ERR_PTR(ret);
	mutex_init(&smmu->lock);
	ida_init(&smmu->asids);
	ida_init(&smmu->vmids);
	xa_init(&smmu->streams);
	INIT_LIST_HEAD(&smmu->masters);
	ret = devm_add_action_or_reset(dev, destroy_objects, smmu);
	return ret ? ERR_PTR(ret) : smmu;
}

static int alloc_memory(struct smmu3_device *smmu)
{
	int ret;

	if (dma_set_mask_and_coherent(smmu->dev, DMA_BIT_MASK(smmu->oas)))
		dev_warn(smmu->dev, "tables have to be in low memory\n");
	ret = smmu3_strtab_alloc(smmu);
	if (!ret)
		ret = smmu3_queues_init(smmu);
	return ret ?: alloc_iopf(smmu);
}

static int register_smmu(struct smmu3_device *smmu, phys_addr_t where)
{
	int ret;

	smmu->iommu.max_pasids = smmu->ssid_bits ? BIT(smmu->ssid_bits) : 0;
	ret = iommu_device_sysfs_add(&smmu->iommu, smmu->dev, NULL, "smmu3.%pa",
				     &where);
	if (ret)
		return ret;
	ret = iommu_device_register(&smmu->iommu, &smmu3_iommu_ops, smmu->dev);
	if (ret)
		iommu_device_sysfs_remove(&smmu->iommu);
	return ret;
}

static int smmu3_probe(struct platform_device *pdev)
{
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	struct smmu3_device *smmu = new_smmu(&pdev->dev);
	int ret;

	if (IS_ERR(smmu))
		return PTR_ERR(smmu);
	platform_set_drvdata(pdev, smmu);
	ret = probe_firmware(smmu);
	if (!ret)
		ret = map_registers(smmu, res);
	if (!ret)
		ret = probe_registers(smmu);
	if (!ret)
		ret = alloc_memory(smmu);
	if (ret)
		return ret;
	smmu->combined_irq = max(platform_get_irq_byname_optional(pdev, "combined"),
				 0);
	describe(smmu);
	bypass_rmr_streams(smmu);
	ret = smmu3_start(smmu);
	if (!ret)
		ret = register_smmu(smmu, res->start);
	if (ret)
		smmu3_hand_over(smmu);
	return ret;
}

static void smmu3_shutdown(struct platform_device *pdev)
{
	smmu3_hand_over(platform_get_drvdata(pdev));
}

/* Masters are suspended; the SMMU stays on as long as it has power. */
static int smmu3_pm_suspend(struct device *dev)
{
	return 0;
}

static int smmu3_pm_resume(struct device *dev)
{
	return smmu3_resume(dev_get_drvdata(dev));
}

static DEFINE_NOIRQ_DEV_PM_OPS(smmu3_pm_ops, smmu3_pm_suspend, smmu3_pm_resume);

static const struct of_device_id smmu3_of_match[] = {
	{ .compatible = "arm,smmu-v3", },
	{ },
};

static struct platform_driver smmu3_driver = {
	.driver = {
		.name = "arm-smmu-v3",
		.of_match_table = smmu3_of_match,
		.pm = pm_sleep_ptr(&smmu3_pm_ops),
		.suppress_bind_attrs = true,
	},
	.probe = smmu3_probe,
	.shutdown = smmu3_shutdown,
};
builtin_platform_driver(smmu3_driver);
