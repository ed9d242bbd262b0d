// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths of device scopes, through bridges made up here.
 *
 *	bus 0 (root) -- 1c.0 -- bus 5 -- 00.1 -- bus 9 -- 03.2
 *	             \- 02.0
 */
#include <kunit/test.h>
#include <linux/pci.h>

#include "table.h"

struct topology {
	struct pci_bus root, middle, leaf;
	struct pci_dev port, bridge, device, graphics;
};

static void init_device(struct pci_dev *pdev, struct pci_bus *bus,
			unsigned int devfn)
{
	pdev->dev.init_name = "fake";
	pdev->bus = bus;
	pdev->devfn = devfn;
}

static void init_bus(struct pci_bus *bus, struct pci_dev *self, u8 number)
{
	bus->number = number;
	bus->self = self;
	bus->parent = self ? self->bus : NULL;
}

static int scope_test_init(struct kunit *test)
{
	struct topology *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	init_bus(&t->root, NULL, 0);
	init_device(&t->port, &t->root, PCI_DEVFN(0x1c, 0));
	init_device(&t->graphics, &t->root, PCI_DEVFN(2, 0));
	init_bus(&t->middle, &t->port, 5);
	init_device(&t->bridge, &t->middle, PCI_DEVFN(0, 1));
	init_bus(&t->leaf, &t->bridge, 9);
	init_device(&t->device, &t->leaf, PCI_DEVFN(3, 2));
	test->priv = t;
	return 0;
}

/* Does the scope with @n steps of @devfn from @bus lead to @pdev? */
static bool leads_to(struct pci_dev *pdev, u8 bus, unsigned int n,
		     const u8 *devfn)
{
	u8 buf[64] = {};
	struct acpi_dmar_device_scope *scope = (void *)buf;
	struct acpi_dmar_pci_path *path = (void *)(scope + 1);
	unsigned int i;

	scope->length = sizeof(*scope) + n * sizeof(*path);
	scope->bus = bus;
	for (i = 0; i < n; i++) {
		path[i].device = PCI_SLOT(devfn[i]);
		path[i].function = PCI_FUNC(devfn[i]);
	}
	return dmar_scope_leads_to(scope, pdev);
}

static const u8 steps[] = {
	PCI_DEVFN(0x1c, 0), PCI_DEVFN(0, 1), PCI_DEVFN(3, 2), PCI_DEVFN(0, 0),
};

static void test_through_bridges(struct kunit *test)
{
	struct topology *t = test->priv;

	KUNIT_EXPECT_TRUE(test, leads_to(&t->port, 0, 1, steps));
	KUNIT_EXPECT_TRUE(test, leads_to(&t->bridge, 0, 2, steps));
	KUNIT_EXPECT_TRUE(test, leads_to(&t->device, 0, 3, steps));
}

static void test_other_paths(struct kunit *test)
{
	const u8 other[] = { PCI_DEVFN(0x1c, 1), steps[1], steps[2] };
	struct topology *t = test->priv;

	/* Too short, too long, another function, another root bus. */
	KUNIT_EXPECT_FALSE(test, leads_to(&t->device, 0, 2, steps));
	KUNIT_EXPECT_FALSE(test, leads_to(&t->device, 0, 4, steps));
	KUNIT_EXPECT_FALSE(test, leads_to(&t->device, 0, 3, other));
	KUNIT_EXPECT_FALSE(test, leads_to(&t->device, 1, 3, steps));
	KUNIT_EXPECT_FALSE(test, leads_to(&t->graphics, 0, 1, steps));
	/* Longer than the tree is deep. */
	KUNIT_EXPECT_FALSE(test, leads_to(&t->port, 0, 2, (u8[]){
			   steps[0], steps[0] }));
}

/* One step from a bus that is no root bus is taken as it stands; more is not. */
static void test_own_bus(struct kunit *test)
{
	struct topology *t = test->priv;

	KUNIT_EXPECT_TRUE(test, leads_to(&t->device, 9, 1, &steps[2]));
	KUNIT_EXPECT_FALSE(test, leads_to(&t->device, 5, 2, &steps[1]));
}

static struct kunit_case scope_cases[] = {
	KUNIT_CASE(test_through_bridges),
	KUNIT_CASE(test_other_paths),
	KUNIT_CASE(test_own_bus),
	{}
};

static struct kunit_suite scope_suite = {
	.name = "vtd_scope",
	.init = scope_test_init,
	.test_cases = scope_cases,
};

kunit_test_suite(scope_suite);
