// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching PASIDs: to a domain of the caller's, and, where the kernel has
 * auxiliary domains, one more of those beside many.  And what an unmap costs in a
 * domain that is in use in several places.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "bench.h"

#define PASID	5
#define PAGES	512

static struct iommu_domain *domain;
static const char *op_unmap;

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

static int places_round(void)
{
	unsigned long iova = IOVA_PART(0) + SZ_2M;
	unsigned int n = times(PAGES), i;
	size_t done = 0;
	int ret = 0;

	for (i = 0; i < n; i++)
		ret |= iommu_map(domain, iova + i * SZ_4K, PADDR_FAR, SZ_4K,
				 PROT, GFP_KERNEL);
	start(op_unmap);
	for (i = 0; i < n; i++)
		done += iommu_unmap(domain, iova + i * SZ_4K, SZ_4K);
	stop(n);
	return !ret && done == n * SZ_4K ? 0 : complain("iommu_unmap", -EIO);
}

/* The first place is a PASID of one device, the others are other devices. */
static int bench_places(void)
{
	static const char * const ops[MAX_DEVS] = {
		"unmap 4K, in 1 place", "unmap 4K, in 2 places",
		"unmap 4K, in 3 places", "unmap 4K, in 4 places",
	};
	unsigned int n;
	int ret;

	ret = iommu_attach_device_pasid(domain, bench.dev, PASID, NULL);
	if (ret)
		return complain("iommu_attach_device_pasid", ret);
	for (n = 0; n < bench.nr_devs && !ret; n++) {
		ret = n ? iommu_attach_device(domain, bench.devs[n]) : 0;
		if (ret)
			break;
		op_unmap = ops[n];
		ret = each_round(places_round);
	}
	while (n-- > 1)
		iommu_detach_device(domain, bench.devs[n]);
	iommu_detach_device_pasid(domain, bench.dev, PASID);
	return complain("unmap in several places", ret);
}

#if __has_include(<linux/iommu-aux.h>)
#include <linux/iommu-aux.h>

static const struct {
	const char *attach, *detach, *bytes;
	unsigned int count;
} populations[] = {
	{ "aux attach, 1 domain", "aux detach, 1 domain",
	  "aux attach bytes, first", 1 },
	{ "aux attach, 100 domains", "aux detach, 100 domains",
	  "aux attach bytes, to 100", 100 },
	{ "aux attach, 4000 domains", "aux detach, 4000 domains",
	  "aux attach bytes, to 4000", 4000 },
};

#define MOST	4000

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

/* What objects and the tables of the IOMMU take. */
static unsigned long bytes_now(void)
{
	/* Long enough for the counters of the CPUs to be gathered. */
	msleep(3000);
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
		global_node_page_state_pages(NR_IOMMU_PAGES)) * PAGE_SIZE;
}

/* Attach domains until there are @count, and say what each took. */
static int populate(struct iommu_domain **domains, unsigned int *have,
		    unsigned int count, const char *bytes)
{
	unsigned long before = bytes_now();
	unsigned int had = *have;
	int ret = 0;

	for (; *have < count && !ret; *have += !ret) {
		ret = complain("iommu_aux_attach_device",
			       iommu_aux_attach_device(domains[*have], bench.dev));
		cond_resched();
	}
	if (!ret && !bench.few)
		figure(bytes, (bytes_now() - before) / (count - had));
	return ret;
}

static int measure_aux(struct iommu_domain **domains)
{
	unsigned int most = bench.few ? 1 : ARRAY_SIZE(populations);
	unsigned int have = 0, i;
	int ret;

	ret = complain("IOMMU_DEV_FEAT_AUX",
		       iommu_dev_enable_feature(bench.dev, IOMMU_DEV_FEAT_AUX));
	if (ret)
		return ret;
	for (i = 0; i < most && !ret; i++) {
		op_attach = populations[i].attach;
		op_detach = populations[i].detach;
		ret = populate(domains, &have, populations[i].count,
			       populations[i].bytes) ?: each_round(aux_round);
	}
	while (have--)
		iommu_aux_detach_device(domains[have], bench.dev);
	iommu_dev_disable_feature(bench.dev, IOMMU_DEV_FEAT_AUX);
	return ret;
}

static int bench_aux(void)
{
	unsigned int n, most = bench.few ? 1 : MOST;
	struct iommu_domain **domains;
	int ret = 0;

	domains = kvcalloc(most, sizeof(*domains), GFP_KERNEL);
	if (!domains)
		return -ENOMEM;
	for (n = 0; n < most && !ret; n += !ret) {
		domains[n] = iommu_paging_domain_alloc(bench.dev);
		if (IS_ERR(domains[n]))
			ret = complain("iommu_paging_domain_alloc",
				       PTR_ERR(domains[n]));
	}
	ret = ret ?: measure_aux(domains);
	while (n--)
		iommu_domain_free(domains[n]);
	kvfree(domains);
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
		ret = each_round(pasid_round) ?: bench_places() ?: bench_aux();
	iommu_domain_free(domain);
	return ret;
}
