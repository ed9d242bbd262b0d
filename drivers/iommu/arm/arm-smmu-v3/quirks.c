// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to be done differently on some hardware, by erratum.
 *
 * Laws: every quirk is decided here, once, and is known to the rest of the driver
 * as a bit of @options or the lack of a bit of @features.
 *
 * Not here, because we never do what they are about: errata 1209401 and 2268618 of
 * MMU-600 and MMU-700 (nested translation), HiSilicon's 161010701 (prefetch
 * commands).
 */
#include <linux/acpi.h>
#include <linux/of.h>
#include <linux/pci.h>

#include "smmu.h"

#define PRODUCT_MMU_600			0x483
#define PRODUCT_MMU_700			0x487

#define PCI_DEVICE_HISI_PTT		0xa12e

static void quirks_mmu600(struct smmu3_device *smmu, u32 variant, u32 revision)
{
	/* Erratum 1076982: the event after a CMD_SYNC may be lost. */
	if (variant == 0 && revision <= 2)
		smmu->features &= ~SMMU3_FEAT_SEV;
}

static void quirks_mmu700(struct smmu3_device *smmu)
{
	/* Erratum 2812531: two invalidations and their CMD_SYNCs can deadlock. */
	smmu->options |= SMMU3_OPT_CMDQ_FORCE_SYNC;
}

/**
 * smmu3_quirks_iidr() - quirks that the implementation identifies itself for
 * @smmu: the SMMU, with its features
 * @iidr: value of SMMU_IIDR
 */
void smmu3_quirks_iidr(struct smmu3_device *smmu, u32 iidr)
{
	if (FIELD_GET(IIDR_IMPLEMENTER, iidr) != IMPLEMENTER_ARM)
		return;
	switch (FIELD_GET(IIDR_PRODUCTID, iidr)) {
	case PRODUCT_MMU_600:
		quirks_mmu600(smmu, FIELD_GET(IIDR_VARIANT, iidr),
			      FIELD_GET(IIDR_REVISION, iidr));
		break;
	case PRODUCT_MMU_700:
		quirks_mmu700(smmu);
		break;
	}
}

/**
 * smmu3_quirks_iort() - quirks that ACPI knows of
 * @smmu: the SMMU
 * @model: model of the IORT node
 */
void smmu3_quirks_iort(struct smmu3_device *smmu, u32 model)
{
	/* Erratum 74: there is no page 1. */
	if (model == ACPI_IORT_SMMU_V3_CAVIUM_CN99XX)
		smmu->options |= SMMU3_OPT_PAGE0_REGS_ONLY;
}

/**
 * smmu3_quirks_of() - quirks that the devicetree knows of
 * @smmu: the SMMU
 */
void smmu3_quirks_of(struct smmu3_device *smmu)
{
	if (of_property_read_bool(smmu->dev->of_node,
				  "cavium,cn9900-broken-page1-regspace"))
		smmu->options |= SMMU3_OPT_PAGE0_REGS_ONLY;
}

/**
 * smmu3_quirks_def_domain_type() - default domains that devices insist on
 * @dev: the device
 *
 * Return: a domain type, or 0 where it does not matter.
 */
int smmu3_quirks_def_domain_type(struct device *dev)
{
	const struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return 0;
	pdev = to_pci_dev(dev);
	/* HiSilicon's PCIe trace device writes to physical addresses only. */
	if (pdev->vendor == PCI_VENDOR_ID_HUAWEI &&
	    pdev->device == PCI_DEVICE_HISI_PTT)
		return IOMMU_DOMAIN_IDENTITY;
	return 0;
}
