// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping and unmapping in paging domains: the fast path of the core.
 *
 * Drivers with range ops are called once for each contiguous range or
 * scatterlist.  For the others, a range is cut here into runs of pages of one
 * size.  Either way:
 *
 *  - no range is mapped or unmapped that is not a multiple of the smallest page
 *    size, that wraps around, or that a forced aperture does not hold.  Range ops
 *    see to that themselves, once, as they know their tables; for the others the
 *    code here does.  What was wrong is worked out only when it was;
 *  - a map that fails leaves nothing mapped of its range;
 *  - no lock is taken, unmap never sleeps and never allocates, and what is only
 *    for people (messages, tracing) stays out of the way until it is needed.
 *
 * Callers do not map and unmap overlapping ranges of a domain at the same time.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <trace/events/iommu.h>

/* Page tables are never that kind of memory. */
#define UNFIT_GFP (__GFP_COMP | __GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)

/*
 * Checks
 */

/* The bits of an address that are an offset into the smallest page. */
static inline unsigned long offset_mask(const struct iommu_domain *domain)
{
	unsigned long sizes = domain->pgsize_bitmap;

	return (sizes & -sizes) - 1;
}

/* @size bytes from @iova on do not wrap around and are in the aperture. */
static inline bool is_reachable(const struct iommu_domain *domain,
				unsigned long iova, size_t size)
{
	const struct iommu_domain_geometry *geometry = &domain->geometry;
	unsigned long last = iova + size - 1;

	if (unlikely(last < iova))
		return false;
	return likely(!geometry->force_aperture ||
		      (iova >= geometry->aperture_start &&
		       last <= geometry->aperture_end));
}

static inline bool is_paging(const struct iommu_domain *domain)
{
	return domain->type & __IOMMU_DOMAIN_PAGING;
}

static inline bool is_fit(const struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t size)
{
	return !((iova | paddr | size) & offset_mask(domain)) &&
	       is_reachable(domain, iova, size) && paddr <= paddr + size - 1;
}

/* Say why a range was refused. */
static noinline __cold int refuse(const struct iommu_domain *domain,
				  const char *what, unsigned long iova,
				  phys_addr_t paddr, size_t size)
{
	if (!is_paging(domain))
		return -EINVAL;
	if (WARN_ON_ONCE(!domain->pgsize_bitmap))
		return -ENODEV;

	if ((iova | paddr | size) & offset_mask(domain)) {
		pr_err_ratelimited("%s: iova 0x%lx paddr %pa size 0x%zx: not a multiple of the page size 0x%lx\n",
				   what, iova, &paddr, size,
				   offset_mask(domain) + 1);
		return -EINVAL;
	}
	pr_err_ratelimited("%s: iova 0x%lx paddr %pa size 0x%zx: out of range (aperture %pad to %pad)\n",
			   what, iova, &paddr, size,
			   &domain->geometry.aperture_start,
			   &domain->geometry.aperture_end);
	return -ERANGE;
}

/* A driver that maps less than it was asked to, and calls it success. */
static noinline __cold int short_map(size_t mapped, size_t size)
{
	WARN_ONCE(1, "IOMMU driver mapped 0x%zx of 0x%zx bytes and reported no error\n",
		  mapped, size);
	return -EIO;
}

static inline int check_gfp(gfp_t gfp)
{
	might_sleep_if(gfpflags_allow_blocking(gfp));
	return WARN_ON_ONCE(gfp & UNFIT_GFP) ? -EINVAL : 0;
}

/*
 * Drivers that take pages of one size
 */

/**
 * struct page_run - pages of one size at the start of a range
 * @pgsize: their size in bytes
 * @count: how many of them
 */
struct page_run {
	size_t pgsize;
	size_t count;
};

/*
 * The pages to begin a range with: of the largest size that alignment and @size
 * allow, and as many of them as lie before the place where a larger size fits.
 * None, if addresses or @size are not multiples of the smallest size in @sizes:
 * then a driver has mapped or unmapped half a page before.
 */
static struct page_run next_run(unsigned long sizes, unsigned long iova,
				phys_addr_t paddr, size_t size)
{
	unsigned long both = iova | (unsigned long)paddr;
	unsigned long skew = iova ^ (unsigned long)paddr;
	unsigned long usable, larger;
	unsigned int order;
	size_t lead;

	/* x ^ (x - 1) has all bits up to the lowest one of x; all for 0. */
	usable = sizes & (both ^ (both - 1)) & GENMASK(__fls(size), 0);
	if (WARN_ON_ONCE(!usable))
		return (struct page_run) {};
	order = __fls(usable);

	larger = sizes & ~GENMASK(order, 0);
	larger &= -larger;
	if (larger && !(skew & (larger - 1))) {
		lead = larger - (iova & (larger - 1));
		if (lead < size && size - lead >= larger)
			size = lead;
	}
	return (struct page_run) {
		.pgsize = BIT(order),
		.count = size >> order,
	};
}

static int map_pages(struct iommu_domain *domain, unsigned long iova,
		     phys_addr_t paddr, size_t size, int prot, gfp_t gfp,
		     size_t *mapped)
{
	const struct iommu_domain_ops *ops = domain->ops;
	int ret;

	if (WARN_ON_ONCE(!ops->map_pages))
		return -ENODEV;

	while (*mapped < size) {
		size_t done = *mapped, step = 0;
		struct page_run run = next_run(domain->pgsize_bitmap,
					       iova + done, paddr + done,
					       size - done);

		if (!run.count)
			return -EIO;
		ret = ops->map_pages(domain, iova + done, paddr + done,
				     run.pgsize, run.count, prot, gfp, &step);
		*mapped += step;
		if (ret)
			return ret;
		if (!step)
			break;
	}
	return 0;
}

/* Stops at a hole; may take more than @size, where a large page ends later. */
static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova,
			  size_t size, struct iommu_iotlb_gather *gather)
{
	const struct iommu_domain_ops *ops = domain->ops;
	size_t unmapped = 0, step;

	if (WARN_ON_ONCE(!ops->unmap_pages))
		return 0;

	while (unmapped < size) {
		unsigned long addr = iova + unmapped;
		struct page_run run = next_run(domain->pgsize_bitmap, addr,
					       addr, size - unmapped);

		if (!run.count)
			break;
		step = ops->unmap_pages(domain, addr, run.pgsize, run.count,
					gather);
		if (!step)
			break;
		unmapped += step;
	}
	return unmapped;
}

/*
 * One contiguous range
 */

/* A range op failed: say so where that is the caller's fault. */
static noinline __cold int map_failed(const struct iommu_domain *domain,
				      unsigned long iova, phys_addr_t paddr,
				      size_t size, int ret)
{
	if ((ret == -EINVAL || ret == -ERANGE) &&
	    !is_fit(domain, iova, paddr, size))
		refuse(domain, "map", iova, paddr, size);
	return ret;
}

/* Map a range in a paging domain; *@mapped counts even on error. */
static inline int map_run(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t size, int prot, gfp_t gfp,
			  size_t *mapped)
{
	const struct iommu_domain_ops *ops = domain->ops;
	int ret;

	if (likely(ops->map_range)) {
		ret = ops->map_range(domain, iova, paddr, size, prot, gfp,
				     mapped);
		if (unlikely(ret))
			return map_failed(domain, iova, paddr, size, ret);
		return 0;
	}
	if (unlikely(!is_fit(domain, iova, paddr, size)))
		return refuse(domain, "map", iova, paddr, size);
	return map_pages(domain, iova, paddr, size, prot, gfp, mapped);
}

/* All of it is mapped, and there is nobody who wants to hear of it. */
static __always_inline bool is_map_finished(const struct iommu_domain *domain,
					    size_t size, size_t mapped, int ret)
{
	return likely(!ret) && likely(mapped == size) &&
	       likely(!READ_ONCE(domain->ops)->iotlb_sync_map);
}

/*
 * The end of every map of [iova, iova + size) otherwise: all of it is mapped and the
 * hardware knows, or none of it.
 */
static noinline int finish_map(struct iommu_domain *domain, unsigned long iova,
			       size_t size, size_t mapped, int ret)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (!ret && unlikely(mapped != size))
		ret = short_map(mapped, size);
	if (!ret && ops->iotlb_sync_map)
		ret = ops->iotlb_sync_map(domain, iova, size);
	if (ret && mapped)
		iommu_unmap(domain, iova, mapped);
	return ret;
}

/**
 * iommu_map - map a contiguous range
 * @domain: a paging domain
 * @iova: address that devices will use
 * @paddr: address that it translates to
 * @size: length in bytes
 * @prot: IOMMU_READ and the like
 * @gfp: how to allocate page tables
 *
 * @iova, @paddr and @size are multiples of the smallest page size of the domain.
 * Nothing of the range may be mapped.
 *
 * Context: may sleep if @gfp allows it.
 * Return: 0; -EINVAL for a domain that is not a paging one, a range that is not
 * aligned, or a @gfp that page tables cannot have; -ERANGE for a range that
 * wraps around or leaves the aperture; -ENOMEM; -ENODEV or another error of the
 * driver.  On error nothing of the range is mapped.
 */
int iommu_map(struct iommu_domain *domain, unsigned long iova,
	      phys_addr_t paddr, size_t size, int prot, gfp_t gfp)
{
	size_t mapped = 0;
	int ret;

	ret = check_gfp(gfp);
	if (unlikely(ret))
		return ret;
	if (unlikely(!size))
		return 0;
	if (unlikely(!is_paging(domain)))
		return -EINVAL;

	ret = map_run(domain, iova, paddr, size, prot, gfp, &mapped);
	if (unlikely(!is_map_finished(domain, size, mapped, ret))) {
		ret = finish_map(domain, iova, size, mapped, ret);
		if (ret)
			return ret;
	}
	trace_map(iova, paddr, size);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_map);

/* Nothing was unmapped: say so where that is the caller's fault. */
static noinline __cold size_t unmap_failed(const struct iommu_domain *domain,
					   unsigned long iova, size_t size)
{
	if (!is_paging(domain) || !is_fit(domain, iova, 0, size))
		refuse(domain, "unmap", iova, 0, size);
	return 0;
}

static __always_inline size_t unmap_range(struct iommu_domain *domain,
					  unsigned long iova, size_t size,
					  struct iommu_iotlb_gather *gather)
{
	const struct iommu_domain_ops *ops = domain->ops;
	size_t unmapped;

	if (unlikely(!size))
		return 0;
	if (unlikely(!is_paging(domain)))
		return unmap_failed(domain, iova, size);

	if (likely(ops->unmap_range))
		unmapped = ops->unmap_range(domain, iova, size, gather);
	else if (likely(is_fit(domain, iova, 0, size)))
		unmapped = unmap_pages(domain, iova, size, gather);
	else
		unmapped = 0;
	if (unlikely(!unmapped))
		unmap_failed(domain, iova, size);
	trace_unmap(iova, size, unmapped);
	return unmapped;
}

/**
 * iommu_unmap_fast - unmap a range, and leave the invalidation to the caller
 * @domain: a paging domain
 * @iova: start of the range
 * @size: length in bytes
 * @iotlb_gather: from iommu_iotlb_gather_init(); takes what was unmapped
 *
 * Until iommu_iotlb_sync() devices may still reach the pages.  Unmap what was
 * mapped: part of a large page may not be unmapped alone, depending on the
 * driver.
 *
 * Context: any; never sleeps.
 * Return: bytes from @iova on that are unmapped now, holes that the driver passed
 * over included: @size, or less where it stopped at a hole, or more if a large page
 * ended later; 0 if nothing was mapped, and for a range that iommu_map() would
 * refuse.
 */
size_t iommu_unmap_fast(struct iommu_domain *domain, unsigned long iova,
			size_t size, struct iommu_iotlb_gather *iotlb_gather)
{
	return unmap_range(domain, iova, size, iotlb_gather);
}
EXPORT_SYMBOL_GPL(iommu_unmap_fast);

/**
 * iommu_unmap - unmap a range
 * @domain: a paging domain
 * @iova: start of the range
 * @size: length in bytes
 *
 * When it returns, no device reaches the pages through the domain any more.
 *
 * Context: any; never sleeps.
 * Return: as iommu_unmap_fast().
 */
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	struct iommu_iotlb_gather gather = {
		.start = ULONG_MAX,
		.freelist = LIST_HEAD_INIT(gather.freelist),
	};
	size_t unmapped;

	unmapped = unmap_range(domain, iova, size, &gather);
	iommu_iotlb_sync(domain, &gather);
	return unmapped;
}
EXPORT_SYMBOL_GPL(iommu_unmap);

static noinline phys_addr_t unpaged_iova_to_phys(struct iommu_domain *domain,
						 dma_addr_t iova)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return iova;
	return ops && ops->iova_to_phys ? ops->iova_to_phys(domain, iova) : 0;
}

/**
 * iommu_iova_to_phys - translate as a device would
 * @domain: the domain
 * @iova: the address
 *
 * Context: any; the caller keeps others from unmapping @iova.
 * Return: what @iova translates to, or 0 if it is not mapped.
 */
phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	if (unlikely(!is_paging(domain)))
		return unpaged_iova_to_phys(domain, iova);
	return domain->ops->iova_to_phys(domain, iova);
}
EXPORT_SYMBOL_GPL(iommu_iova_to_phys);

/*
 * Scatterlists
 *
 * Segments that are bus addresses (peer-to-peer transfers that no IOMMU sees)
 * take no iova.  The others follow one another from the first iova on.
 */

/**
 * struct sg_cursor - goes through a scatterlist run by run
 * @sg: next segment to look at
 * @left: segments from @sg on
 * @paddr: start of the current run of adjacent segments
 * @len: its length in bytes
 */
struct sg_cursor {
	struct scatterlist *sg;
	unsigned int left;
	phys_addr_t paddr;
	size_t len;
};

static inline void step_segment(struct sg_cursor *cursor)
{
	if (--cursor->left)
		cursor->sg = sg_next(cursor->sg);
}

/* Return: whether there was another run, now in @paddr and @len. */
static bool next_sg_run(struct sg_cursor *cursor)
{
	cursor->len = 0;
	for (; cursor->left; step_segment(cursor)) {
		struct scatterlist *sg = cursor->sg;
		phys_addr_t paddr = sg_phys(sg);

		if (sg_dma_is_bus_address(sg) || !sg->length)
			continue;
		if (!cursor->len)
			cursor->paddr = paddr;
		else if (paddr != cursor->paddr + cursor->len)
			break;
		cursor->len += sg->length;
	}
	return cursor->len != 0;
}

/* Drivers without map_sg: each run is a range. */
static int map_sg_runs(struct iommu_domain *domain, unsigned long iova,
		       struct scatterlist *sg, unsigned int nents, int prot,
		       gfp_t gfp, size_t *mapped)
{
	struct sg_cursor cursor = { .sg = sg, .left = nents };
	int ret = 0;

	while (!ret && next_sg_run(&cursor)) {
		size_t done = 0;

		ret = map_run(domain, iova + *mapped, cursor.paddr, cursor.len,
			      prot, gfp, &done);
		*mapped += done;
		if (!ret && done != cursor.len)
			ret = short_map(done, cursor.len);
	}
	return ret;
}

/* One event for each run, as for iommu_map(). */
static noinline void trace_sg(unsigned long iova, struct scatterlist *sg,
			      unsigned int nents)
{
	struct sg_cursor cursor = { .sg = sg, .left = nents };

	for (; next_sg_run(&cursor); iova += cursor.len)
		trace_map(iova, cursor.paddr, cursor.len);
}

/**
 * iommu_map_sg - map the segments of a scatterlist one after the other
 * @domain: a paging domain
 * @iova: where the first segment goes
 * @sg: the list
 * @nents: number of segments
 * @prot: IOMMU_READ and the like
 * @gfp: how to allocate page tables
 *
 * Segments that are bus addresses are skipped and take no iova.  The others
 * follow each other without a gap; each run of adjacent ones is a multiple of the
 * smallest page size.
 *
 * Context: may sleep if @gfp allows it.
 * Return: bytes mapped from @iova on, or an error as iommu_map(); on error
 * nothing is mapped.
 */
ssize_t iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
		     struct scatterlist *sg, unsigned int nents, int prot,
		     gfp_t gfp)
{
	const struct iommu_domain_ops *ops = domain->ops;
	size_t mapped = 0;
	int ret;

	ret = check_gfp(gfp);
	if (unlikely(ret))
		return ret;
	if (unlikely(!is_paging(domain)))
		return -EINVAL;

	if (likely(ops->map_sg))
		ret = ops->map_sg(domain, iova, sg, nents, prot, gfp, &mapped);
	else
		ret = map_sg_runs(domain, iova, sg, nents, prot, gfp, &mapped);
	if (unlikely(!ret && !mapped))
		return 0;

	if (unlikely(!is_map_finished(domain, mapped, mapped, ret))) {
		ret = finish_map(domain, iova, mapped, mapped, ret);
		if (ret)
			return ret;
	}
	if (trace_map_enabled())
		trace_sg(iova, sg, nents);
	return mapped;
}
EXPORT_SYMBOL_GPL(iommu_map_sg);
