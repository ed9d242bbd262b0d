// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the page tables of a mapped GiB take.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "bench.h"

/* Pages that the kernel accounts as page tables of an IOMMU. */
static unsigned long tables_now(void)
{
	/* Long enough for the counters of the CPUs to be gathered. */
	msleep(3000);
	return global_node_page_state(NR_IOMMU_PAGES);
}

static int measure(const char *what, size_t skew)
{
	unsigned long before = tables_now();
	struct iommu_domain *domain;
	int ret;

	/* Attached, as the page sizes may depend on where it is in use. */
	domain = bench_domain();
	if (!domain)
		return -ENODEV;
	ret = iommu_map(domain, IOVA_PART(0), PADDR_FAR + skew, SZ_1G, PROT,
			GFP_KERNEL);
	if (!ret)
		figure(what, (tables_now() - before) * PAGE_SIZE);
	iommu_detach_device(domain, bench.dev);
	iommu_domain_free(domain);
	return complain(what, ret);
}

int bench_memory(void)
{
	if (bench.few)
		return 0;
	return measure("table bytes of 1G in 4K", SZ_4K) ?:
	       measure("table bytes of 1G in 2M", SZ_2M);
}
