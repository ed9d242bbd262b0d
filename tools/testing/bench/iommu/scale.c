// SPDX-License-Identifier: GPL-2.0-only
/*
 * How map and unmap scale: CPUs that work on disjoint ranges of one domain, or
 * each on a domain of its own.  In wall time, which only says something relative
 * to one CPU in the same run.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>

#include "bench.h"

#define PAGES	1000
#define TRIES	20	/* a host with fewer CPUs seldom lets all run at once */

/**
 * struct worker - one CPU's share
 * @domain: that it works on
 * @iova: its range
 * @task: its thread
 */
struct worker {
	struct iommu_domain *domain;
	unsigned long iova;
	struct task_struct *task;
};

static struct worker workers[MAX_DEVS];
static atomic_t waiting, failures;
static struct completion done;
static u64 begun;

static int work(void *data)
{
	struct worker *w = data;
	unsigned int i;

	/* All begin together. */
	if (atomic_dec_and_test(&waiting))
		WRITE_ONCE(begun, ktime_get_ns());
	while (!READ_ONCE(begun))
		cpu_relax();
	for (i = 0; i < PAGES; i++) {
		unsigned long iova = w->iova + i % 512 * SZ_4K;

		if (iommu_map(w->domain, iova, PADDR_FAR, SZ_4K, PROT, GFP_KERNEL) ||
		    iommu_unmap(w->domain, iova, SZ_4K) != SZ_4K)
			atomic_inc(&failures);
	}
	complete(&done);
	return 0;
}

/* Nanoseconds until all of @n workers have finished. */
static u64 run(unsigned int n)
{
	unsigned int i;

	init_completion(&done);
	atomic_set(&waiting, n);
	begun = 0;
	for (i = 0; i < n; i++) {
		workers[i].task = kthread_create(work, &workers[i], "bench/%u", i);
		if (IS_ERR(workers[i].task))
			return 0;
		kthread_bind(workers[i].task, i);
	}
	for (i = 0; i < n; i++)
		wake_up_process(workers[i].task);
	for (i = 0; i < n; i++)
		wait_for_completion(&done);
	return ktime_get_ns() - begun;
}

static void measure(const char *what, bool several, struct iommu_domain **domains)
{
	unsigned int n, i, try;

	for (n = 1; n <= bench.nr_devs && n <= num_online_cpus(); n *= 2) {
		u64 least = U64_MAX;

		for (i = 0; i < n; i++)
			workers[i] = (struct worker) {
				.domain = domains[several ? i : 0],
				.iova = IOVA_PART(i),
			};
		for (try = 0; try < TRIES; try++)
			least = min(least, run(n));
		pr_info("bench: scale %s %u CPUs = %llu / %u\n", what, n, least,
			n * PAGES);
	}
}

/* Every domain has a device, so that every unmap has something to invalidate. */
static int prepare(struct iommu_domain **domains)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < bench.nr_devs && !ret; i++) {
		domains[i] = iommu_paging_domain_alloc(bench.devs[i]);
		if (IS_ERR(domains[i])) {
			ret = PTR_ERR(domains[i]);
			domains[i] = NULL;
			break;
		}
		ret = iommu_attach_device(domains[i], bench.devs[i]);
		if (ret) {
			iommu_domain_free(domains[i]);
			domains[i] = NULL;
		}
	}
	return ret;
}

int bench_scale(void)
{
	struct iommu_domain *domains[MAX_DEVS] = {};
	unsigned int i;
	int ret = prepare(domains);

	if (!ret) {
		measure("one domain", false, domains);
		measure("several domains", true, domains);
	}
	for (i = 0; i < MAX_DEVS && domains[i]; i++) {
		iommu_detach_device(domains[i], bench.devs[i]);
		iommu_domain_free(domains[i]);
	}
	return ret ?: (atomic_read(&failures) ? -EIO : 0);
}
