/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long invalidations take, measured while somebody wants to know (debugfs).
 */
#ifndef _INTEL_VTD_LATENCY_H
#define _INTEL_VTD_LATENCY_H

#include <linux/jump_label.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

struct intel_iommu;
struct qi_desc;

/* What is measured: batches with at least one invalidation of a kind. */
enum latency_kind {
	LATENCY_IOTLB,
	LATENCY_DEV_TLB,
	LATENCY_IEC,
	LATENCY_KINDS
};

#define LATENCY_BUCKETS	7	/* < 100 ns, < 1 us, ... < 10 ms, and more */

/**
 * struct latency - what was measured of one kind on one unit
 * @count: batches
 * @buckets: of them, by duration
 * @min: the shortest, in ns
 * @max: the longest, in ns
 * @sum: of all, in ns
 */
struct latency {
	u64 count;
	u64 buckets[LATENCY_BUCKETS];
	u64 min;
	u64 max;
	u64 sum;
};

#ifdef CONFIG_INTEL_IOMMU_DEBUGFS
DECLARE_STATIC_KEY_FALSE(dmar_latency_measured);

void dmar_latency_add(struct intel_iommu *iommu, const struct qi_desc *desc,
		      unsigned int count, u64 ns);

static inline u64 dmar_latency_start(void)
{
	return static_branch_unlikely(&dmar_latency_measured) ? ktime_get_ns() : 0;
}

/* @start is 0 when measuring began after it. */
static inline void dmar_latency_end(struct intel_iommu *iommu,
				    const struct qi_desc *desc,
				    unsigned int count, u64 start)
{
	if (static_branch_unlikely(&dmar_latency_measured) && start)
		dmar_latency_add(iommu, desc, count, ktime_get_ns() - start);
}
#else
static inline u64 dmar_latency_start(void)
{
	return 0;
}

static inline void dmar_latency_end(struct intel_iommu *iommu,
				    const struct qi_desc *desc,
				    unsigned int count, u64 start)
{
}
#endif

#endif /* _INTEL_VTD_LATENCY_H */
