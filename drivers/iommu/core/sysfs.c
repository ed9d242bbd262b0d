// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units in sysfs: /sys/class/iommu/NAME, with a link devices/CLIENT to each
 * device that the unit translates and a link "iommu" back from there.
 */

#include <linux/device.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

/* A directory to put the links in. */
static struct attribute *no_attributes[] = { NULL };

static const struct attribute_group unit_devices_group = {
	.name = "devices",
	.attrs = no_attributes,
};

static const struct attribute_group *unit_groups[] = {
	&unit_devices_group, NULL
};

static void unit_release(struct device *unit)
{
	kfree(unit);
}

static struct class iommu_class = {
	.dev_groups = unit_groups,
	.dev_release = unit_release,
	.name = "iommu",
};

static int __init iommu_class_init(void)
{
	return class_register(&iommu_class);
}
postcore_initcall(iommu_class_init);

/**
 * iommu_device_sysfs_add - show a unit in sysfs
 * @iommu: the unit
 * @parent: the device that it is, or NULL
 * @groups: attributes of the driver, or NULL
 * @fmt: format of its name
 *
 * Context: may sleep; before iommu_device_register().
 * Return: 0; -ENOMEM; -EEXIST if the name is taken; an error of device_add().
 */
int iommu_device_sysfs_add(struct iommu_device *iommu, struct device *parent,
			   const struct attribute_group **groups,
			   const char *fmt, ...)
{
	struct device *unit = kzalloc(sizeof(*unit), GFP_KERNEL);
	va_list args;
	int ret;

	if (!unit)
		return -ENOMEM;

	device_initialize(unit);
	unit->parent = parent;
	unit->groups = groups;
	unit->class = &iommu_class;
	/* Attributes can be read from within device_add() on. */
	dev_set_drvdata(unit, iommu);

	va_start(args, fmt);
	ret = kobject_set_name_vargs(&unit->kobj, fmt, args);
	va_end(args);
	if (!ret)
		ret = device_add(unit);
	if (ret) {
		put_device(unit);
		return ret;
	}

	iommu->dev = unit;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_device_sysfs_add);

/**
 * iommu_device_sysfs_remove - take a unit out of sysfs
 * @iommu: the unit
 *
 * Context: may sleep; after iommu_device_unregister().
 */
void iommu_device_sysfs_remove(struct iommu_device *iommu)
{
	struct device *unit = iommu->dev;

	iommu->dev = NULL;
	dev_set_drvdata(unit, NULL);
	device_unregister(unit);
}
EXPORT_SYMBOL_GPL(iommu_device_sysfs_remove);

/**
 * iommu_device_link - show that a unit translates a device
 * @iommu: the unit
 * @link: the device
 *
 * Context: may sleep.
 * Return: 0; -ENODEV if the unit is not in sysfs; -EEXIST; -ENOMEM.
 */
int iommu_device_link(struct iommu_device *iommu, struct device *link)
{
	struct device *unit = iommu->dev;
	int ret;

	if (!unit)
		return -ENODEV;

	ret = sysfs_create_link_nowarn(&link->kobj, &unit->kobj, "iommu");
	if (ret)
		return ret;
	ret = sysfs_add_link_to_group(&unit->kobj, unit_devices_group.name,
				      &link->kobj, dev_name(link));
	if (ret)
		sysfs_remove_link(&link->kobj, "iommu");
	return ret;
}

/**
 * iommu_device_unlink - undo iommu_device_link()
 * @iommu: the unit
 * @link: the device
 *
 * Context: may sleep.
 */
void iommu_device_unlink(struct iommu_device *iommu, struct device *link)
{
	struct device *unit = iommu->dev;

	/* A driver may take its own entry away first. */
	if (unit)
		sysfs_remove_link_from_group(&unit->kobj, unit_devices_group.name,
					     dev_name(link));
	sysfs_remove_link(&link->kobj, "iommu");
}
