// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the command line, the configuration and firmware decide.
 *
 * Law: decisions are made before intel_iommu_init() and do not change after it.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/tboot.h>
#include <asm/iommu.h>

#include "../dma-iommu.h"
#include "unit.h"

int dmar_disabled = IS_ENABLED(CONFIG_INTEL_IOMMU_DEFAULT_OFF);
int intel_iommu_sm = IS_ENABLED(CONFIG_INTEL_IOMMU_SCALABLE_MODE_DEFAULT_ON);
int intel_iommu_tboot_noforce;
bool intel_iommu_superpage = true;
bool intel_iommu_intgpu_identity = !IS_ENABLED(CONFIG_INTEL_IOMMU_DEFAULT_ON);
bool intel_iommu_igfx_off;

/* Set when intel_iommu_init() succeeded; others ask whether VT-d translates. */
int intel_iommu_enabled;
EXPORT_SYMBOL_GPL(intel_iommu_enabled);

/* intel_iommu=off also means: whatever firmware wishes. */
static bool no_platform_optin __initdata;

static void __init opt_on(void)
{
	dmar_disabled = 0;
	intel_iommu_intgpu_identity = false;
}

static void __init opt_off(void)
{
	dmar_disabled = 1;
	no_platform_optin = true;
}

static void __init opt_igfx_off(void)
{
	intel_iommu_igfx_off = true;
}

static void __init opt_intgpu_off(void)
{
	intel_iommu_intgpu_identity = true;
}

static void __init opt_forcedac(void)
{
	pr_warn("intel_iommu=forcedac is deprecated, use iommu.forcedac=1\n");
	iommu_dma_forcedac = true;
}

static void __init opt_strict(void)
{
	pr_warn("intel_iommu=strict is deprecated, use iommu.strict=1\n");
	iommu_set_dma_strict();
}

static void __init opt_sp_off(void)
{
	intel_iommu_superpage = false;
}

static void __init opt_sm_on(void)
{
	intel_iommu_sm = 1;
}

static void __init opt_sm_off(void)
{
	intel_iommu_sm = 0;
}

static void __init opt_tboot_noforce(void)
{
	intel_iommu_tboot_noforce = 1;
}

struct vtd_option {
	const char *name;
	void (*set)(void);
	const char *meaning;
};

static const struct vtd_option vtd_options[] __initconst = {
	{ "on", opt_on, "IOMMU enabled" },
	{ "off", opt_off, "IOMMU disabled" },
	{ "igfx_off", opt_igfx_off, "Units for graphics only are not used" },
	{ "intgpu_off", opt_intgpu_off, "Integrated graphics is passed through" },
	{ "forcedac", opt_forcedac, NULL },
	{ "strict", opt_strict, NULL },
	{ "sp_off", opt_sp_off, "Large pages are not used" },
	{ "sm_on", opt_sm_on, "Scalable mode is used where hardware has it" },
	{ "sm_off", opt_sm_off, "Scalable mode is not used" },
	{ "tboot_noforce", opt_tboot_noforce,
	  "VT-d is not forced on after tboot, which may be a security risk" },
};

static void __init set_option(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vtd_options); i++) {
		const struct vtd_option *o = &vtd_options[i];

		if (strlen(o->name) != len || strncmp(name, o->name, len))
			continue;
		o->set();
		if (o->meaning)
			pr_info("%s\n", o->meaning);
		return;
	}
	pr_notice("Unknown option - '%.*s'\n", (int)len, name);
}

static int __init intel_iommu_setup(char *str)
{
	size_t len;

	if (!str)
		return 0;
	for (; *str; str += len) {
		len = strcspn(str, ",");
		if (len)
			set_option(str, len);
		else
			len = 1;	/* the comma */
	}
	return 1;
}
__setup("intel_iommu=", intel_iommu_setup);

/**
 * intel_iommu_wanted - is DMA remapping going to be used, if there is a unit
 *
 * Context: boot, from early on
 * Return: true after a measured launch, or unless it is switched off
 */
bool __init intel_iommu_wanted(void)
{
	if (!intel_iommu_tboot_noforce && tboot_enabled())
		return true;
	return !no_iommu && (!dmar_disabled || dmar_platform_optin());
}

/* Can strangers plug in devices that do DMA? */
static bool __init has_external_port(void)
{
	struct pci_dev *port = NULL;

	do {
		port = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, port);
	} while (port && !port->external_facing);
	pci_dev_put(port);
	return port;
}

static bool __init force_by_tboot(void)
{
	if (intel_iommu_tboot_noforce || !tboot_enabled())
		return false;

	if (no_iommu || dmar_disabled)
		pr_warn("Forced on: the kernel was launched by tboot\n");
	dmar_disabled = 0;
	no_iommu = 0;
	return true;
}

/*
 * Firmware asks for DMA protection, and strangers can plug devices in.  Whoever
 * had VT-d off by default gets it for untrusted devices only.
 */
static bool __init force_by_platform(void)
{
	if (no_iommu || no_platform_optin || !dmar_platform_optin() ||
	    !has_external_port())
		return false;

	if (dmar_disabled) {
		pr_info("Forced on: firmware asks for it and there are external ports\n");
		iommu_set_default_passthrough(false);
	}
	dmar_disabled = 0;
	return true;
}

/**
 * intel_iommu_force - must DMA be remapped whatever the command line says
 *
 * Switches VT-d on where it must.
 *
 * Context: boot, when PCI devices are known
 * Return: true when the machine must not run without
 */
bool __init intel_iommu_force(void)
{
	return force_by_tboot() || force_by_platform();
}
