// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching PASIDs: to a domain of the caller's, and, where the kernel has
 * auxiliary domains, one more of those beside many.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define PASID	5

static struct iommu_domain *domain;

static int pasid_round(void)
{
	int ret;

	start("attach PASID");
	ret = iommu_attach_device_pasid(domain, bench.dev, PASID, NULL);
	stop(1);
	if (ret)
		return complain("iommu_attach_device_pasid", ret);
	start("detach PASID");
	iommu_detach_device_pasid(domain, bench.dev, PASID);
	stop(1);
	return 0;
}

#if __has_include(<linux/iommu-aux.h>)
#include <linux/iommu-aux.h>

static const struct {
	const char *attach, *detach;
	unsigned int count;
} populations[] = {
	{ "aux attach, 1 domain", "aux detach, 1 domain", 1 },
	{ "aux attach, 100 domains", "aux detach, 100 domains", 100 },
	{ "aux attach, 4000 domains", "aux detach, 4000 domains", 4000 },
};

static const char *op_attach, *op_detach;

static int aux_round(void)
{
	int ret;

	start(op_attach);
	ret = iommu_aux_attach_device(domain, bench.dev);
	stop(1);
	if (ret)
		return complain("iommu_aux_attach_device", ret);
	start(op_detach);
	iommu_aux_detach_device(domain, bench.dev);
	stop(1);
	/* What is left of a PASID goes back in a work item. */
	schedule_timeout_uninterruptible(2);
	return 0;
}

/* Attach domains until there are @count. */
static int populate(struct iommu_domain **domains, unsigned int *have,
		    unsigned int count)
{
	int ret = 0;

	while (*have < count && !ret) {
		struct iommu_domain *one = iommu_paging_domain_alloc(bench.dev);

		if (IS_ERR(one))
			return complain("iommu_paging_domain_alloc", PTR_ERR(one));
		ret = complain("iommu_aux_attach_device",
			       iommu_aux_attach_device(one, bench.dev));
		if (ret)
			iommu_domain_free(one);
		else
			domains[(*have)++] = one;
		cond_resched();
	}
	return ret;
}

static int bench_aux(void)
{
	unsigned int have = 0, most = populations[ARRAY_SIZE(populations) - 1].count;
	struct iommu_domain **domains;
	unsigned int i;
	int ret;

	domains = kcalloc(most, sizeof(*domains), GFP_KERNEL);
	if (!domains)
		return -ENOMEM;
	ret = complain("IOMMU_DEV_FEAT_AUX",
		       iommu_dev_enable_feature(bench.dev, IOMMU_DEV_FEAT_AUX));
	if (ret)
		goto out;
	for (i = 0; i < ARRAY_SIZE(populations) && !ret; i++) {
		op_attach = populations[i].attach;
		op_detach = populations[i].detach;
		ret = populate(domains, &have, populations[i].count) ?:
		      each_round(aux_round);
	}
	while (have--) {
		iommu_aux_detach_device(domains[have], bench.dev);
		iommu_domain_free(domains[have]);
	}
	iommu_dev_disable_feature(bench.dev, IOMMU_DEV_FEAT_AUX);
out:
	kfree(domains);
	return ret;
}
#else
static int bench_aux(void)
{
	return 0;
}
#endif

int bench_pasid(void)
{
	int ret;

	domain = iommu_paging_domain_alloc(bench.dev);
	if (IS_ERR(domain))
		return complain("iommu_paging_domain_alloc", PTR_ERR(domain));
	ret = iommu_map(domain, IOVA_PART(0), PADDR_FAR, SZ_4K, PROT, GFP_KERNEL);
	if (!ret)
		ret = each_round(pasid_round);
	if (!ret)
		ret = bench_aux();
	iommu_domain_free(domain);
	return ret;
}
