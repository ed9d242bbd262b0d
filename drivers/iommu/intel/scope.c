// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device scopes: which devices a firmware structure means, and under which unit
 * a device is (VT-d 8.3.1).
 *
 * Laws: the i-th scope that names a device owns the i-th struct dmar_dev_scope of
 * its structure, filled while such a device exists; a device is looked up among
 * explicit scopes first, by itself and by the bridges above it, and last under
 * the unit for all other devices of its segment; a device under a unit that is
 * ignored is under no unit.  Scopes change under dmar_global_lock held for
 * writing; lookups need RCU only.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/acpi.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>

#include "table.h"
#include "unit.h"

/* A structure's scopes, whatever the structure is. */
struct scope_set {
	const struct acpi_dmar_header *hdr;
	const struct acpi_dmar_device_scope *first;
	u16 segment;
	struct dmar_dev_scope *devices;
};

typedef void (*scope_set_fn)(const struct scope_set *set, void *arg);

static struct scope_set scope_set(const struct acpi_dmar_header *hdr,
				  size_t fixed, u16 segment,
				  struct dmar_dev_scope *devices)
{
	return (struct scope_set) {
		.hdr = hdr,
		.first = dmar_first_scope(hdr, fixed),
		.segment = segment,
		.devices = devices,
	};
}

/* The first scope from @scope on that names a device. */
static const struct acpi_dmar_device_scope *
device_scope(const struct scope_set *set,
	     const struct acpi_dmar_device_scope *scope)
{
	while (dmar_scope_in(scope, set->hdr) && !dmar_scope_is_device(scope))
		scope = dmar_next_scope(scope);
	return dmar_scope_in(scope, set->hdr) ? scope : NULL;
}

static const struct acpi_dmar_device_scope *
next_device_scope(const struct scope_set *set,
		  const struct acpi_dmar_device_scope *scope)
{
	return device_scope(set, dmar_next_scope(scope));
}

static void for_all_drhds(struct list_head *list, scope_set_fn fn, void *arg)
{
	struct dmar_drhd_unit *drhd;
	struct scope_set set;

	list_for_each_entry(drhd, list, list) {
		set = scope_set(drhd->hdr,
				sizeof(struct acpi_dmar_hardware_unit),
				drhd->segment, drhd->devices);
		fn(&set, arg);
	}
}

/* Call @fn for every structure that has scopes. */
static void for_all_scope_sets(scope_set_fn fn, void *arg)
{
	struct dmar_rmrr *rmrr;
	struct scope_set set;
	struct dmar_atc *atc;

	lockdep_assert_held_write(&dmar_global_lock);

	for_all_drhds(&dmar_drhd_units, fn, arg);
	for_all_drhds(&dmar_lost_units, fn, arg);
	for_each_rmrr(rmrr) {
		set = scope_set(&rmrr->hdr->header, sizeof(*rmrr->hdr),
				rmrr->segment, rmrr->devices);
		fn(&set, arg);
	}
	list_for_each_entry(atc, &dmar_atsrs, list) {
		set = scope_set(atc->hdr, sizeof(struct acpi_dmar_atsr),
				atc->segment, atc->devices);
		fn(&set, arg);
	}
	list_for_each_entry(atc, &dmar_satcs, list) {
		set = scope_set(atc->hdr, sizeof(struct acpi_dmar_satc),
				atc->segment, atc->devices);
		fn(&set, arg);
	}
}

/**
 * dmar_scope_leads_to - does the path of a scope lead to a device
 * @scope: the scope
 * @pdev: the device, in the segment of the scope
 *
 * The path starts on a root bus and names one device per bus down to @pdev.
 * Firmware was seen that gives the device's own bus instead, with one step: it is
 * taken at its word.
 *
 * Return: true when it does
 */
bool dmar_scope_leads_to(const struct acpi_dmar_device_scope *scope,
			 struct pci_dev *pdev)
{
	const struct acpi_dmar_pci_path *path = dmar_scope_path(scope);
	unsigned int n = dmar_scope_depth(scope);
	unsigned int i = n;

	for (;;) {
		i--;
		if (PCI_SLOT(pdev->devfn) != path[i].device ||
		    PCI_FUNC(pdev->devfn) != path[i].function)
			return false;
		if (!i)
			break;
		pdev = pdev->bus->self;
		if (!pdev)
			return false;
	}
	if (pdev->bus->number != scope->bus)
		return false;
	if (pci_is_root_bus(pdev->bus))
		return true;
	if (n != 1)
		return false;
	pr_info_once(FW_BUG "device scope of %s starts on a bus that is no root bus\n",
		     pci_name(pdev));
	return true;
}

/* Tell when scope and device disagree; the address decides. */
static void check_scope_type(const struct acpi_dmar_device_scope *scope,
			     struct pci_dev *pdev)
{
	bool plain = pdev->hdr_type == PCI_HEADER_TYPE_NORMAL;

	/* Non-transparent bridges have plain headers but are often "bridge". */
	if (scope->entry_type == ACPI_DMAR_SCOPE_TYPE_ENDPOINT ? !plain :
	    plain && pdev->class >> 16 != PCI_BASE_CLASS_BRIDGE)
		pr_warn(FW_BUG "device scope calls %s a%s\n", pci_name(pdev),
			plain ? " bridge" : "n endpoint");
}

static void add_device(const struct scope_set *set, void *arg)
{
	const struct acpi_dmar_device_scope *scope;
	struct pci_dev *pdev = arg;
	struct dmar_dev_scope *slot;

	if (pci_domain_nr(pdev->bus) != set->segment)
		return;

	for (scope = device_scope(set, set->first), slot = set->devices; scope;
	     scope = next_device_scope(set, scope), slot++) {
		if (scope->entry_type == ACPI_DMAR_SCOPE_TYPE_NAMESPACE ||
		    rcu_access_pointer(slot->dev) ||
		    !dmar_scope_leads_to(scope, pdev))
			continue;
		check_scope_type(scope, pdev);
		slot->bus = pdev->bus->number;
		slot->devfn = pdev->devfn;
		rcu_assign_pointer(slot->dev, get_device(&pdev->dev));
	}
}

/* Forget @dev in @devices, once nobody can be looking at it any more. */
static void drop_device(struct dmar_dev_scope *slot)
{
	struct device *dev = rcu_dereference_protected(slot->dev, true);

	if (!dev)
		return;
	RCU_INIT_POINTER(slot->dev, NULL);
	synchronize_rcu();
	put_device(dev);
}

static void del_device(const struct scope_set *set, void *arg)
{
	const struct acpi_dmar_device_scope *scope;
	struct dmar_dev_scope *slot = set->devices;
	struct pci_dev *pdev = arg;

	for (scope = device_scope(set, set->first); scope;
	     scope = next_device_scope(set, scope), slot++)
		if (rcu_access_pointer(slot->dev) == &pdev->dev)
			drop_device(slot);
}

/**
 * dmar_scopes_release - drop the devices of a structure that goes away
 * @devices: its scopes
 * @cnt: how many
 *
 * Context: dmar_global_lock held for writing; sleeps
 */
void dmar_scopes_release(struct dmar_dev_scope *devices, int cnt)
{
	int i;

	for (i = 0; i < cnt; i++)
		drop_device(&devices[i]);
}

/* VFs are not in scopes: they are where their PF is. */
static void inherit_msi_domain(struct pci_dev *vf)
{
	dev_set_msi_domain(&vf->dev,
			   dev_get_msi_domain(&pci_physfn(vf)->dev));
}

/* Segments beyond 16 bits are made up by the kernel (VMD): firmware has none. */
static bool in_firmware_segment(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) <= U16_MAX;
}

static void device_added(struct pci_dev *pdev)
{
	for_all_scope_sets(add_device, pdev);
	intel_irq_remap_add_device(pdev);
}

static int pci_bus_event(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);

	if (action != BUS_NOTIFY_ADD_DEVICE &&
	    action != BUS_NOTIFY_REMOVED_DEVICE)
		return NOTIFY_DONE;

	if (pdev->is_virtfn) {
		if (action == BUS_NOTIFY_ADD_DEVICE)
			inherit_msi_domain(pdev);
		return NOTIFY_DONE;
	}
	if (!in_firmware_segment(pdev))
		return NOTIFY_DONE;

	down_write(&dmar_global_lock);
	if (action == BUS_NOTIFY_ADD_DEVICE)
		device_added(pdev);
	else
		for_all_scope_sets(del_device, pdev);
	up_write(&dmar_global_lock);
	return NOTIFY_OK;
}

/* Before the IOMMU core's notifier, which looks the device up. */
static struct notifier_block pci_bus_nb = {
	.notifier_call = pci_bus_event,
	.priority = 1,
};

static bool bus_nb_registered;

/**
 * dmar_register_bus_notifier - follow PCI hot-plug from now on
 *
 * Context: process context, without dmar_global_lock: the notifier takes it
 */
void __init dmar_register_bus_notifier(void)
{
	bus_nb_registered = !bus_register_notifier(&pci_bus_type, &pci_bus_nb);
}

/**
 * dmar_unregister_bus_notifier - stop following PCI hot-plug
 *
 * Context: process context, without dmar_global_lock
 */
void dmar_unregister_bus_notifier(void)
{
	if (bus_nb_registered)
		bus_unregister_notifier(&pci_bus_type, &pci_bus_nb);
	bus_nb_registered = false;
}

struct andd_match {
	struct dmar_andd *andd;
	struct acpi_device *adev;
	bool found;
};

static void add_namespace_device(const struct scope_set *set, void *arg)
{
	const struct acpi_dmar_device_scope *scope;
	const struct acpi_dmar_pci_path *path;
	struct andd_match *m = arg;
	struct dmar_dev_scope *slot;

	for (scope = device_scope(set, set->first), slot = set->devices; scope;
	     scope = next_device_scope(set, scope), slot++) {
		if (scope->entry_type != ACPI_DMAR_SCOPE_TYPE_NAMESPACE ||
		    scope->enumeration_id != m->andd->number ||
		    rcu_access_pointer(slot->dev))
			continue;
		path = dmar_scope_path(scope);
		slot->bus = scope->bus;
		slot->devfn = PCI_DEVFN(path->device, path->function);
		rcu_assign_pointer(slot->dev, get_device(&m->adev->dev));
		pr_info("ACPI device \"%s\" does DMA as %04x:%02x:%02x.%x\n",
			dev_name(&m->adev->dev), set->segment, scope->bus,
			path->device, path->function);
		m->found = true;
	}
}

static void add_andd(struct dmar_andd *andd)
{
	struct andd_match m = { .andd = andd };
	acpi_handle handle;

	if (ACPI_SUCCESS(acpi_get_handle(ACPI_ROOT_OBJECT, andd->name, &handle)))
		m.adev = acpi_fetch_acpi_dev(handle);
	if (!m.adev) {
		pr_warn(FW_BUG "ANDD device %x: there is no ACPI device %s\n",
			andd->number, andd->name);
		return;
	}
	for_all_scope_sets(add_namespace_device, &m);
	if (!m.found)
		pr_warn(FW_BUG "ANDD device %x (%s) is in no device scope\n",
			andd->number, andd->name);
}

/**
 * dmar_dev_scope_init - find the devices of all scopes, once
 *
 * Context: boot, dmar_global_lock held for writing
 * Return: 0; -ENODEV when there is no unit
 */
int __init dmar_dev_scope_init(void)
{
	struct pci_dev *pdev = NULL;
	static int result = 1;
	struct dmar_andd *andd;

	if (result <= 0)
		return result;

	if (list_empty(&dmar_drhd_units)) {
		result = -ENODEV;
		return result;
	}
	list_for_each_entry(andd, &dmar_andds, list)
		add_andd(andd);
	for_each_pci_dev(pdev)
		if (!pdev->is_virtfn && in_firmware_segment(pdev))
			device_added(pdev);
	result = 0;
	return result;
}

/* The scope of @devices that is @dev or, with @bridges, a bridge above it. */
static struct dmar_dev_scope *match_scope(struct dmar_dev_scope *devices,
					  int cnt, struct device *dev,
					  bool bridges)
{
	struct pci_dev *up = dev_is_pci(dev) ? to_pci_dev(dev) : NULL;
	struct device *tmp;
	int i;

	while (dev) {
		for_each_active_dev_scope(devices, cnt, i, tmp)
			if (tmp == dev)
				return &devices[i];
		up = up && bridges ? up->bus->self : NULL;
		dev = up ? &up->dev : NULL;
	}
	return NULL;
}

static bool drhd_has(const struct dmar_drhd_unit *drhd, struct pci_dev *pdev)
{
	return drhd->segment == pci_domain_nr(pdev->bus) &&
	       (drhd->include_all ||
		match_scope(drhd->devices, drhd->devices_cnt, &pdev->dev, true));
}

/* Is the device under a unit that is not there?  Call under RCU. */
static bool unit_is_lost(struct pci_dev *pdev)
{
	struct dmar_drhd_unit *drhd;

	list_for_each_entry_rcu(drhd, &dmar_lost_units, list)
		if (drhd_has(drhd, pdev))
			return true;
	return false;
}

/**
 * dmar_find_matched_drhd_unit - what firmware says of the unit of a PCI device
 * @pdev: the device; for a VF, its PF is looked up
 *
 * Context: any
 * Return: the unit, ignored or not; NULL when there is none
 */
struct dmar_drhd_unit *dmar_find_matched_drhd_unit(struct pci_dev *pdev)
{
	struct dmar_drhd_unit *drhd;

	pdev = pci_physfn(pdev);

	guard(rcu)();
	if (unit_is_lost(pdev))
		return NULL;
	for_each_drhd_unit(drhd)
		if (drhd_has(drhd, pdev))
			return drhd;
	return NULL;
}

static struct intel_iommu *lookup_pci(struct pci_dev *pdev, u8 *bus, u8 *devfn)
{
	struct dmar_drhd_unit *drhd;

	drhd = dmar_find_matched_drhd_unit(pdev);
	if (!drhd || drhd->ignored || intel_quirk_ioat_misplaced(pdev, drhd))
		return NULL;

	*bus = pdev->bus->number;
	*devfn = pdev->devfn;
	return drhd->iommu;
}

static struct intel_iommu *lookup_acpi(struct acpi_device *adev, u8 *bus,
				       u8 *devfn)
{
	struct dmar_dev_scope *scope;
	struct dmar_drhd_unit *drhd;

	guard(rcu)();
	for_each_drhd_unit(drhd) {
		scope = match_scope(drhd->devices, drhd->devices_cnt,
				    &adev->dev, false);
		if (!scope)
			continue;
		if (drhd->ignored)
			return NULL;
		*bus = scope->bus;
		*devfn = scope->devfn;
		return drhd->iommu;
	}
	return NULL;
}

/**
 * intel_iommu_lookup - the unit that translates for a device
 * @dev: a PCI device, or one with an ACPI companion
 * @bus: bus number of its requests, may be NULL
 * @devfn: device and function of its requests, may be NULL
 *
 * A device that does DMA in the name of another (VMD) is under that one's unit
 * and has its source ID.
 *
 * Context: any
 * Return: the unit; NULL when there is none, or it is not used
 */
struct intel_iommu *intel_iommu_lookup(struct device *dev, u8 *bus, u8 *devfn)
{
	u8 none;

	bus = bus ?: &none;
	devfn = devfn ?: &none;
	if (dev_is_pci(dev))
		return lookup_pci(pci_real_dma_dev(to_pci_dev(dev)), bus,
				  devfn);
	if (has_acpi_companion(dev))
		return lookup_acpi(ACPI_COMPANION(dev), bus, devfn);
	return NULL;
}

/* The SATC that names @pdev; call under RCU. */
static struct dmar_atc *find_satc(struct pci_dev *pdev)
{
	struct dmar_atc *satc;

	list_for_each_entry_rcu(satc, &dmar_satcs, list)
		if (satc->segment == pci_domain_nr(pdev->bus) &&
		    match_scope(satc->devices, satc->devices_cnt, &pdev->dev,
				false))
			return satc;
	return NULL;
}

/**
 * intel_dev_has_satc - is the device in a SATC (8.8)
 * @dev: any device
 *
 * Context: any
 * Return: true for an integrated device that firmware says has ATS
 */
bool intel_dev_has_satc(struct device *dev)
{
	guard(rcu)();
	return dev_is_pci(dev) && find_satc(pci_physfn(to_pci_dev(dev)));
}

static bool atsr_names(struct pci_dev *port)
{
	struct dmar_atc *atsr;

	list_for_each_entry_rcu(atsr, &dmar_atsrs, list)
		if (atsr->segment == pci_domain_nr(port->bus) &&
		    (atsr->flag ||
		     match_scope(atsr->devices, atsr->devices_cnt, &port->dev,
				 false)))
			return true;
	return false;
}

/**
 * intel_atsr_allows_ats - may ATS be used where the device is plugged in (8.5)
 * @dev: any device
 *
 * Context: any
 * Return: true for a device on a root bus, and below a root port that an ATSR
 * names; false below a conventional bridge
 */
bool intel_atsr_allows_ats(struct device *dev)
{
	struct pci_dev *up;

	if (!dev_is_pci(dev))
		return false;

	for (up = pci_physfn(to_pci_dev(dev))->bus->self; up;
	     up = up->bus->self) {
		if (!pci_is_pcie(up) ||
		    pci_pcie_type(up) == PCI_EXP_TYPE_PCI_BRIDGE)
			return false;
		if (pci_pcie_type(up) == PCI_EXP_TYPE_ROOT_PORT)
			break;
	}
	guard(rcu)();
	return !up || atsr_names(up);
}

/**
 * intel_ats_allowed - may the device's ATS be switched on by us
 * @iommu: the device's unit
 * @dev: the device
 *
 * In legacy mode hardware itself switches on the ATS of integrated devices that
 * cannot do without, and flushes their TLBs; a second flush of ours is not
 * wanted.
 *
 * Context: any
 * Return: true when it may
 */
bool intel_ats_allowed(struct intel_iommu *iommu, struct device *dev)
{
	struct dmar_atc *satc;

	if (!dev_is_pci(dev))
		return false;

	scoped_guard(rcu) {
		satc = find_satc(pci_physfn(to_pci_dev(dev)));
		if (satc)
			return !satc->flag || sm_supported(iommu);
	}
	return intel_atsr_allows_ats(dev);
}
