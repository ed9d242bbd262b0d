// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching a device to a domain that maps something, and back to its own.
 */
#include "bench.h"

#define TIMES	16

static struct iommu_domain *domain;

static int attach_round(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < times(TIMES) && !ret; i++) {
		start("attach");
		ret = iommu_attach_device(domain, bench.dev);
		stop(1);
		start("detach");
		iommu_detach_device(domain, bench.dev);
		stop(1);
	}
	return complain("iommu_attach_device", ret);
}

int bench_attach(void)
{
	int ret;

	domain = iommu_paging_domain_alloc(bench.dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = iommu_map(domain, IOVA_PART(0), PADDR_FAR, SZ_4K, PROT, GFP_KERNEL);
	if (!ret)
		ret = each_round(attach_round);
	iommu_domain_free(domain);
	return ret;
}
