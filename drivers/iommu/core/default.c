// SPDX-License-Identifier: GPL-2.0-only
/*
 * Default domains: which type a group gets, and changing it.
 *
 * Law: the type of a default domain is what, in this order, trust (an untrusted
 * device is translated), the IOMMU driver's needs, whoever writes the group's
 * sysfs file, and the system's default ask for.  The first two cannot be
 * overruled: a request against them is refused.
 *
 * The system's default comes from Kconfig, the command line and IOMMU drivers,
 * all before devices are probed.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/capability.h>
#include <linux/cc_platform.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/kstrtox.h>
#include <linux/pci.h>

#include "../dma-iommu.h"
#include "../iommu-priv.h"
#include "core.h"

/* The system's default: written at boot, and by drivers before they register. */
static struct {
	unsigned int type;
	bool strict;
	bool type_from_cmdline;
	bool strict_from_cmdline;
} policy = {
	.strict = IS_ENABLED(CONFIG_IOMMU_DEFAULT_DMA_STRICT),
};

const char *iommu_domain_type_name(unsigned int type)
{
	switch (type) {
	case IOMMU_DOMAIN_DMA:
	case IOMMU_DOMAIN_DMA_FQ:
		return "Translated";
	case IOMMU_DOMAIN_IDENTITY:
		return "Passthrough";
	case IOMMU_DOMAIN_BLOCKED:
		return "Blocked";
	case IOMMU_DOMAIN_UNMANAGED:
		return "Unmanaged";
	case IOMMU_DOMAIN_PLATFORM:
		return "Platform";
	default:
		return "Unknown";
	}
}

/**
 * iommu_set_default_passthrough() - let the system's default be pass-through
 * @cmd_line: the user said so, rather than Kconfig
 *
 * Context: boot.
 */
void iommu_set_default_passthrough(bool cmd_line)
{
	policy.type_from_cmdline |= cmd_line;
	policy.type = IOMMU_DOMAIN_IDENTITY;
}

/**
 * iommu_set_default_translated() - let the system's default be translation
 * @cmd_line: the user said so, rather than Kconfig
 *
 * Context: boot.
 */
void iommu_set_default_translated(bool cmd_line)
{
	policy.type_from_cmdline |= cmd_line;
	policy.type = IOMMU_DOMAIN_DMA;
}

/**
 * iommu_default_passthrough() - is pass-through the system's default?
 *
 * Context: any context.
 * Return: true if so.
 */
bool iommu_default_passthrough(void)
{
	return policy.type == IOMMU_DOMAIN_IDENTITY;
}
EXPORT_SYMBOL_GPL(iommu_default_passthrough);

/**
 * iommu_set_dma_strict() - let unmap invalidate at once from now on
 *
 * For drivers of hardware, or of emulated hardware, with which deferring does
 * not pay.
 *
 * Context: boot.
 */
void iommu_set_dma_strict(void)
{
	policy.strict = true;
	if (policy.type == IOMMU_DOMAIN_DMA_FQ)
		policy.type = IOMMU_DOMAIN_DMA;
}

static int __init parse_passthrough(char *arg)
{
	bool passthrough;
	int ret = kstrtobool(arg, &passthrough);

	if (!ret && passthrough)
		iommu_set_default_passthrough(true);
	else if (!ret)
		iommu_set_default_translated(true);
	return ret;
}
early_param("iommu.passthrough", parse_passthrough);

static int __init parse_strict(char *arg)
{
	int ret = kstrtobool(arg, &policy.strict);

	policy.strict_from_cmdline |= !ret;
	return ret;
}
early_param("iommu.strict", parse_strict);

static const char *__init origin(bool cmdline)
{
	return cmdline ? " (set via kernel command line)" : "";
}

static int __init iommu_default_init(void)
{
	if (!policy.type_from_cmdline) {
		bool pt = IS_ENABLED(CONFIG_IOMMU_DEFAULT_PASSTHROUGH);

		/* Devices cannot reach encrypted memory untranslated. */
		if (pt && cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
			pr_info("Memory encryption detected - Disabling default IOMMU Passthrough\n");
			pt = false;
		}
		policy.type = pt ? IOMMU_DOMAIN_IDENTITY : IOMMU_DOMAIN_DMA;
	}
	if (!iommu_default_passthrough() && !policy.strict)
		policy.type = IOMMU_DOMAIN_DMA_FQ;

	pr_info("Default domain type: %s%s\n",
		iommu_domain_type_name(policy.type),
		origin(policy.type_from_cmdline));
	if (!iommu_default_passthrough())
		pr_info("DMA domain TLB invalidation policy: %s mode%s\n",
			policy.strict ? "strict" : "lazy",
			origin(policy.strict_from_cmdline));
	return 0;
}
subsys_initcall(iommu_default_init);

/**
 * iommu_group_default_domain() - the default domain of a group
 * @group: the group
 *
 * Context: any context in which the group keeps its default domain.
 * Return: the domain, or NULL if the group has none yet.
 */
struct iommu_domain *iommu_group_default_domain(struct iommu_group *group)
{
	return group->default_domain;
}

/* What the driver needs for one device; 0 if it does not mind. */
static unsigned int driver_type(struct device *dev)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	int type;

	if (ops->default_domain)
		return ops->default_domain->type;
	type = ops->def_domain_type ? ops->def_domain_type(dev) : 0;
	return max(type, 0);
}

/* One type for two devices of a group; pass-through wins over translation. */
static unsigned int agree(struct iommu_group *group, struct device *dev,
			  unsigned int so_far, unsigned int type)
{
	if (!type || type == so_far)
		return so_far;
	if (!so_far)
		return type;

	dev_err_ratelimited(dev, "IOMMU driver needs %s here and %s elsewhere in group %u\n",
			    iommu_domain_type_name(type),
			    iommu_domain_type_name(so_far), group->id);
	return type == IOMMU_DOMAIN_IDENTITY ? type : so_far;
}

static bool is_untrusted(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->untrusted;
}

/*
 * What the configuration forces where drivers do not mind.  With arm32's own
 * DMA ops, the default domain is what devices use before those ops attach a
 * domain themselves; without any DMA ops on top, nothing could map.
 */
static unsigned int config_type(void)
{
	BUILD_BUG_ON(IS_ENABLED(CONFIG_ARM_DMA_USE_IOMMU) &&
		     IS_ENABLED(CONFIG_IOMMU_DMA));
	return IS_ENABLED(CONFIG_IOMMU_DMA) ? 0 : IOMMU_DOMAIN_IDENTITY;
}

/*
 * The type that a group must have: *@type, or 0 if any will do.  arm32 counts
 * its own wish as a driver's, so that a driver that differs is reported.
 */
static int required_type(struct iommu_group *group, unsigned int *type)
{
	struct device *untrusted = NULL;
	unsigned int need = 0;
	struct group_member *m;

	if (IS_ENABLED(CONFIG_ARM_DMA_USE_IOMMU))
		need = config_type();

	for_each_group_member(group, m) {
		need = agree(group, m->dev, need, driver_type(m->dev));
		if (is_untrusted(m->dev))
			untrusted = m->dev;
	}

	if (!need && !untrusted)
		need = config_type();

	if (untrusted && need && need != IOMMU_DOMAIN_DMA) {
		dev_err_ratelimited(untrusted, "Device is not trusted, but driver is overriding group %u to %s, refusing to probe.\n",
				    group->id, iommu_domain_type_name(need));
		return -EINVAL;
	}
	if (untrusted)
		need = IOMMU_DOMAIN_DMA;

	if (need == IOMMU_DOMAIN_DMA && !IS_ENABLED(CONFIG_IOMMU_DMA)) {
		dev_err(iommu_group_first_dev(group),
			"needs the DMA API over the IOMMU, which this kernel lacks\n");
		return -EINVAL;
	}
	*type = need;
	return 0;
}

static struct iommu_domain *domain_of_type(struct iommu_group *group,
					   unsigned int type)
{
	struct device *dev = iommu_group_first_dev(group);

	if (group->default_domain && group->default_domain->type == type)
		return group->default_domain;
	return iommu_domain_alloc_type(dev_iommu_ops(dev), dev, type);
}

/* A driver may lack what the system's default asks for; DMA comes closest. */
static struct iommu_domain *domain_of_policy(struct iommu_group *group)
{
	struct iommu_domain *domain = domain_of_type(group, policy.type);

	if (!IS_ERR(domain))
		return domain;
	if (policy.type == IOMMU_DOMAIN_DMA)
		return ERR_PTR(-EINVAL);

	domain = domain_of_type(group, IOMMU_DOMAIN_DMA);
	if (!IS_ERR(domain))
		pr_warn("Failed to allocate default IOMMU domain of type %u for group %d - Falling back to IOMMU_DOMAIN_DMA\n",
			policy.type, group->id);
	return domain;
}

/*
 * The default domain for a group, or what it has already if that is right.
 * @target is what sysfs asks for, 0 for anything.
 */
static struct iommu_domain *choose_domain(struct iommu_group *group,
					  unsigned int target)
{
	struct device *dev = iommu_group_first_dev(group);
	struct iommu_domain *fixed = dev_iommu_ops(dev)->default_domain;
	unsigned int required;
	int ret;

	ret = required_type(group, &required);
	if (ret)
		return ERR_PTR(ret);
	if (target && required && target != required)
		return ERR_PTR(-EINVAL);
	target = target ?: required;

	/* Old drivers bring a domain of their own. */
	if (fixed)
		return fixed->type == target ? fixed : ERR_PTR(-EINVAL);
	return target ? domain_of_type(group, target) : domain_of_policy(group);
}

static int map_direct(struct iommu_group *group, struct iommu_domain *domain)
{
	struct group_member *m;
	int ret, first = 0;

	for_each_group_member(group, m) {
		ret = iommu_resv_map_direct(domain, m->dev);
		first = first ?: ret;
	}
	return first;
}

/* A group's first domain: there is nothing to go back to. */
static int enter_first(struct iommu_group *group, struct iommu_domain *domain,
		       bool mapped)
{
	int ret;

	/* Freed with the last member, even if the attach fails. */
	group->default_domain = domain;
	ret = iommu_group_force_domain(group, domain);
	if (!ret && !mapped)
		ret = map_direct(group, domain);
	return ret;
}

/* From one default domain to another, all or nothing. */
static int exchange(struct iommu_group *group, struct iommu_domain *domain,
		    bool mapped)
{
	struct iommu_domain *old = group->default_domain;
	int ret;

	/* Someone else's domain must not be taken from under him. */
	if (!old) {
		group->default_domain = domain;
		return 0;
	}
	if (group->domain != old)
		return -EBUSY;

	group->default_domain = domain;
	ret = iommu_group_set_domain(group, domain);
	if (!ret && !mapped) {
		ret = map_direct(group, domain);
		if (ret)
			iommu_group_force_domain(group, old);
	}
	if (ret)
		group->default_domain = old;
	else
		iommu_domain_free(old);
	return ret;
}

/**
 * iommu_group_setup_default() - give a group its default domain, or another one
 * @group: the group; it is attached to the new default domain
 * @target: the type of domain, IOMMU_DOMAIN_*; 0 for the best
 *
 * Context: may sleep; under group->mutex.
 * Return: 0, also if the group has such a domain already or has no members;
 * -EINVAL if drivers or an untrusted device do not allow the type; -EBUSY if
 * another domain is attached; -ENOMEM and others from the driver.  After an error
 * a group that had a default domain still has it.
 */
int iommu_group_setup_default(struct iommu_group *group, unsigned int target)
{
	struct iommu_domain *domain;
	bool mapped;
	int ret;

	lockdep_assert_held(&group->mutex);

	if (list_empty(&group->members))
		return 0;

	domain = choose_domain(group, target);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	if (domain == group->default_domain)
		return 0;

	/*
	 * Firmware's 1:1 ranges must be in place before the device is.  Some
	 * drivers can map only after attaching, with a gap: tried again then.
	 */
	mapped = !map_direct(group, domain);
	if (!mapped)
		dev_warn_once(iommu_group_first_dev(group),
			      "1:1 ranges cannot be mapped before the attach\n");

	if (!group->domain)
		return enter_first(group, domain, mapped);
	ret = exchange(group, domain, mapped);
	if (ret)
		iommu_domain_free(domain);
	return ret;
}

static int parse_type(const char *buf, unsigned int *type)
{
	if (sysfs_streq(buf, "DMA"))
		*type = IOMMU_DOMAIN_DMA;
	else if (sysfs_streq(buf, "DMA-FQ"))
		*type = IOMMU_DOMAIN_DMA_FQ;
	else if (sysfs_streq(buf, "identity"))
		*type = IOMMU_DOMAIN_IDENTITY;
	else if (sysfs_streq(buf, "auto"))
		*type = 0;
	else
		return -EINVAL;
	return 0;
}

static int change_type(struct iommu_group *group, unsigned int type)
{
	struct iommu_domain *def = group->default_domain;
	struct group_member *m;
	int ret;

	lockdep_assert_held(&group->mutex);

	if (!def)
		return -EINVAL;
	/* Their users rely on the default domain as they found it. */
	if (iommu_group_has_pasids(group))
		return -EBUSY;

	/* Drivers need not be unbound to start deferring invalidation. */
	if (def->type == IOMMU_DOMAIN_DMA && type == IOMMU_DOMAIN_DMA_FQ) {
		ret = iommu_dma_init_fq(def);
		if (!ret)
			def->type = IOMMU_DOMAIN_DMA_FQ;
		return ret;
	}

	if (list_empty(&group->members) || group->owner_cnt)
		return -EPERM;

	ret = iommu_group_setup_default(group, type);
	if (ret)
		return ret;
	for_each_group_member(group, m)
		iommu_setup_dma_ops(m->dev);
	return 0;
}

/**
 * iommu_group_store_type() - sysfs: change the type of a group's default domain
 * @group: the group
 * @buf: "identity", "DMA", "DMA-FQ" or "auto"
 * @count: length of @buf in bytes
 *
 * Only DMA can become DMA-FQ while drivers are bound to the group's devices.
 *
 * Context: may sleep; takes group->mutex.
 * Return: @count; -EACCES without CAP_SYS_ADMIN and CAP_SYS_RAWIO; -EINVAL for
 * other words, for a group without default domain, or if drivers or an untrusted
 * device do not allow the type; -EBUSY if a PASID is attached; -EPERM if the group
 * is empty or used by a driver or an owner; -ENOMEM and others from the driver.
 */
ssize_t iommu_group_store_type(struct iommu_group *group, const char *buf,
			       size_t count)
{
	unsigned int type;
	int ret;

	if (!capable(CAP_SYS_ADMIN) || !capable(CAP_SYS_RAWIO))
		return -EACCES;
	ret = parse_type(buf, &type);
	if (ret)
		return ret;

	mutex_lock(&group->mutex);
	ret = change_type(group, type);
	mutex_unlock(&group->mutex);
	return ret ?: count;
}
