// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware and firmware that are not what they say.
 *
 * Laws: a quirk has an entry in a table, with its reason; a device on a link that
 * strangers can reach (untrusted) triggers none, or it could switch off its own
 * translation by taking another's ID.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/iommu.h>
#include <linux/pci.h>

#include "table.h"
#include "unit.h"

/* The unit says that it has no write buffer, but it has. */
bool intel_quirk_rwbf;

/* Integrated graphics hangs when translation of its unit is switched off. */
static bool skip_te_disable;

/* The unit for isochronous audio has no IOTLB: audio must pass through. */
static bool azalia_identity;

#define Q_IGFX		BIT(0)	/* graphics malfunctions behind its unit */
#define Q_RWBF		BIT(1)	/* RWBF is needed but not reported */
#define Q_SHADOW_GTT	BIT(2)	/* graphics needs a shadow GTT from firmware */

struct device_quirk {
	u16 device;
	u16 quirks;
};

static const struct device_quirk device_quirks[] = {
	/* Q35 graphics. */
	{ 0x29b2, Q_IGFX },

	/* GM45 and G4x: graphics, and host bridges that deny their buffer. */
	{ 0x2a40, Q_IGFX | Q_RWBF },
	{ 0x2e00, Q_IGFX | Q_RWBF }, { 0x2e10, Q_IGFX | Q_RWBF },
	{ 0x2e20, Q_IGFX | Q_RWBF }, { 0x2e30, Q_IGFX | Q_RWBF },
	{ 0x2e40, Q_IGFX | Q_RWBF }, { 0x2e90, Q_IGFX | Q_RWBF },

	/* Ironlake: host bridges of Calpella, and QM57/QS57. */
	{ 0x0040, Q_SHADOW_GTT }, { 0x0062, Q_SHADOW_GTT },
	{ 0x006a, Q_SHADOW_GTT },
	{ 0x0044, Q_IGFX },

	/* Broadwell graphics. */
	{ 0x1602, Q_IGFX }, { 0x1606, Q_IGFX }, { 0x160a, Q_IGFX },
	{ 0x160b, Q_IGFX }, { 0x160d, Q_IGFX }, { 0x160e, Q_IGFX },
	{ 0x1612, Q_IGFX }, { 0x1616, Q_IGFX }, { 0x161a, Q_IGFX },
	{ 0x161b, Q_IGFX }, { 0x161d, Q_IGFX }, { 0x161e, Q_IGFX },
	{ 0x1622, Q_IGFX }, { 0x1626, Q_IGFX }, { 0x162a, Q_IGFX },
	{ 0x162b, Q_IGFX }, { 0x162d, Q_IGFX }, { 0x162e, Q_IGFX },
	{ 0x1632, Q_IGFX }, { 0x1636, Q_IGFX }, { 0x163a, Q_IGFX },
	{ 0x163b, Q_IGFX }, { 0x163d, Q_IGFX }, { 0x163e, Q_IGFX },
};

/*
 * Graphics generations, by the high byte of the device ID, that must not see
 * translation go off while they run: Elkhart/Jasper Lake, Alder Lake, Rocket Lake,
 * Tiger Lake, Meteor Lake and their kin.
 */
static const u8 te_disable_generations[] = {
	0x45, 0x46, 0x4c, 0x4e, 0x7d, 0x8a, 0x98, 0x9a, 0xa7,
};

static bool is_graphics(const struct pci_dev *pdev)
{
	return pdev->class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

/**
 * intel_quirk_risky - could somebody have plugged this device in to fool us
 * @pdev: the device
 *
 * Return: true for an untrusted device, which must not trigger a quirk
 */
bool intel_quirk_risky(struct pci_dev *pdev)
{
	if (!pdev->untrusted)
		return false;
	pci_info(pdev, "no IOMMU quirk for [%04x:%04x] on an untrusted link\n",
		 pdev->vendor, pdev->device);
	return true;
}

/* GGC: how much memory firmware gave to graphics, and whether for VT-d too. */
#define GGC_REG			0x52
#define GGC_VTD_ENABLED		BIT(11)

static void quirk_shadow_gtt(struct pci_dev *pdev)
{
	u16 ggc;

	if (pci_read_config_word(pdev, GGC_REG, &ggc))
		return;

	if (!(ggc & GGC_VTD_ENABLED)) {
		pci_info(pdev, "firmware gave no memory for a shadow GTT; graphics is not translated\n");
		intel_iommu_igfx_off = true;
	} else if (!intel_iommu_igfx_off) {
		/* Graphics must be idle when the IOTLB is flushed. */
		pci_info(pdev, "IOTLB is flushed at every unmap for Ironlake graphics\n");
		iommu_set_dma_strict();
	}
}

static void apply_quirks(struct pci_dev *pdev, unsigned int quirks)
{
	if (intel_quirk_risky(pdev))
		return;

	if (quirks & Q_IGFX) {
		pci_info(pdev, "graphics is not translated on this chipset\n");
		intel_iommu_igfx_off = true;
	}
	if (quirks & Q_RWBF) {
		pci_info(pdev, "write buffer is flushed though not reported\n");
		intel_quirk_rwbf = true;
	}
	if (quirks & Q_SHADOW_GTT)
		quirk_shadow_gtt(pdev);
}

static void check_te_disable(struct pci_dev *pdev)
{
	if (!is_graphics(pdev) ||
	    !memchr(te_disable_generations, pdev->device >> 8,
		    sizeof(te_disable_generations)) ||
	    intel_quirk_risky(pdev))
		return;
	pci_info(pdev, "translation is not switched off for this graphics\n");
	skip_te_disable = true;
}

static void vtd_header_quirks(struct pci_dev *pdev)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(device_quirks); i++)
		if (device_quirks[i].device == pdev->device)
			apply_quirks(pdev, device_quirks[i].quirks);
	check_te_disable(pdev);
}
DECLARE_PCI_FIXUP_HEADER(PCI_VENDOR_ID_INTEL, PCI_ANY_ID, vtd_header_quirks);

/**
 * intel_quirk_skip_te_disable - must translation of a unit stay on
 * @iommu: the unit
 *
 * Return: true for a unit for graphics only, where that hangs without
 */
bool intel_quirk_skip_te_disable(const struct intel_iommu *iommu)
{
	return skip_te_disable && iommu->drhd->gfx_dedicated &&
	       (cap_drd(iommu->cap) || cap_dwd(iommu->cap));
}

/* Sandy Bridge Xeon: where the host bridge has its VT-d registers. */
#define SNB_VTBAR		0xb0
#define SNB_VTBAR_MASK		GENMASK(31, 16)
#define SNB_IOAT_UNIT		0xa000

/**
 * intel_quirk_ioat_misplaced - did firmware put a QuickData device elsewhere
 * @pdev: a device
 * @drhd: where firmware says it is
 *
 * The device of Sandy Bridge has a unit of its own.  When firmware names another,
 * hope that its own is off, and take it as not translated.
 *
 * Context: any
 * Return: true when the device must be left alone
 */
bool intel_quirk_ioat_misplaced(struct pci_dev *pdev,
				const struct dmar_drhd_unit *drhd)
{
	static bool told;
	u32 vtbar;

	if (pdev->vendor != PCI_VENDOR_ID_INTEL ||
	    pdev->device != PCI_DEVICE_ID_INTEL_IOAT_SNB)
		return false;
	if (pci_bus_read_config_dword(pdev->bus, PCI_DEVFN(0, 0), SNB_VTBAR,
				      &vtbar))
		return false;

	if (drhd->reg_base_addr ==
	    (u64)(vtbar & SNB_VTBAR_MASK) + SNB_IOAT_UNIT)
		return false;
	if (!told) {
		told = true;
		pr_warn(FW_BUG "%s is not under the unit that hardware has for it\n",
			pci_name(pdev));
		dmar_firmware_is_broken(1);
	}
	return true;
}

/* QuickAssist 4940 to 4943; later ones are mended. */
#define QAT_DEVICE		0x4940
#define QAT_DEVICE_MASK		0xfffc

/**
 * intel_quirk_extra_devtlb_flush - does the device need a second TLB flush
 * @pdev: the device
 *
 * These answer an invalidation before writes that used the old translation have
 * been posted; a second invalidation pushes them out.
 *
 * Context: any
 * Return: true when each device-TLB flush must be sent twice
 */
bool intel_quirk_extra_devtlb_flush(struct pci_dev *pdev)
{
	return pdev->vendor == PCI_VENDOR_ID_INTEL &&
	       (pdev->device & QAT_DEVICE_MASK) == QAT_DEVICE &&
	       !intel_quirk_risky(pdev);
}

#define AZALIA_TYLERSBURG	0x3a3e

/**
 * intel_quirk_def_domain_type - must a device not be translated by default
 * @dev: any device
 *
 * Return: IOMMU_DOMAIN_IDENTITY, or 0 when there is nothing to say
 */
int intel_quirk_def_domain_type(struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return 0;
	pdev = to_pci_dev(dev);
	if (pdev->vendor != PCI_VENDOR_ID_INTEL)
		return 0;

	if (azalia_identity && pdev->device == AZALIA_TYLERSBURG)
		return IOMMU_DOMAIN_IDENTITY;
	if (intel_iommu_intgpu_identity && is_graphics(pdev) &&
	    pci_is_root_bus(pdev->bus))
		return IOMMU_DOMAIN_IDENTITY;
	return 0;
}

/* Tylersburg's system management registers, where firmware does not hide them. */
#define TYLERSBURG_SMR		0x342e
#define VTISOCHCTRL		0x188
#define VTISOCH_NON_ISOCH	BIT(0)		/* audio uses the other unit */
#define VTISOCH_TLB		GENMASK(4, 2)
#define VTISOCH_TLB_16		0x10

static bool __init read_trusted(u16 device, int where, u32 *val)
{
	struct pci_dev *pdev;
	bool ok;

	pdev = pci_get_device(PCI_VENDOR_ID_INTEL, device, NULL);
	if (!pdev)
		return false;
	ok = !intel_quirk_risky(pdev) &&
	     !pci_read_config_dword(pdev, where, val);
	pci_dev_put(pdev);
	return ok;
}

/**
 * intel_quirk_tylersburg_isoch - does audio have an IOTLB to use
 *
 * Some firmware routes audio through the isochronous unit and gives that unit no
 * IOTLB entries, where DMA deadlocks.
 *
 * Context: boot, when VT-d is going to be used
 */
void __init intel_quirk_tylersburg_isoch(void)
{
	u32 ctrl;

	if (!read_trusted(AZALIA_TYLERSBURG, PCI_VENDOR_ID, &ctrl) ||
	    !read_trusted(TYLERSBURG_SMR, VTISOCHCTRL, &ctrl) ||
	    ctrl & VTISOCH_NON_ISOCH)
		return;

	ctrl &= VTISOCH_TLB;
	if (ctrl == VTISOCH_TLB_16)
		return;
	if (ctrl) {
		pr_warn("16 IOTLB entries are recommended for audio; firmware gave %u\n",
			ctrl);
		return;
	}
	WARN(1, FW_BUG "audio has a unit without IOTLB entries: it is passed through\n");
	dmar_firmware_is_broken(1);
	azalia_identity = true;
}
