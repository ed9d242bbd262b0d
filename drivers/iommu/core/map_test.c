// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mapping against a fake driver whose page table is a flat array, once
 * with page ops, once with range ops, once with map_sg as well.
 *
 * The oracle is a second array that each test fills on its own.  The fake checks
 * what the core promises to drivers: alignment, page sizes, room.
 */

#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#define BASE		0x40000000UL
#define NR_PAGES	2048		/* 8M, so that 2M pages fit */
#define SIZES		(SZ_4K | SZ_64K | SZ_2M)
#define PADDR		0x123400000ULL
#define SG_ORDER	5

/**
 * struct fake - a domain and what happened to it
 * @domain: the domain
 * @ops: its ops, for one flavour
 * @table: what each page of the aperture translates to, or 0
 * @want: the oracle
 * @broken: promises of the core that were not kept
 * @map_calls: calls of a map op with a range that is right
 * @unmap_calls: calls of an unmap op with such a range
 * @sync_calls: calls of iotlb_sync_map
 * @sync_iova: iova of the last one
 * @sync_size: size of the last one
 * @invalidations: calls of iotlb_sync
 * @pages_left: pages that can be mapped before -ENOMEM
 * @sync_error: what iotlb_sync_map returns
 */
struct fake {
	struct iommu_domain domain;
	struct iommu_domain_ops ops;
	phys_addr_t *table;
	phys_addr_t *want;
	unsigned int broken;
	unsigned int map_calls;
	unsigned int unmap_calls;
	unsigned int sync_calls;
	unsigned long sync_iova;
	size_t sync_size;
	unsigned int invalidations;
	unsigned int pages_left;
	int sync_error;
};

static struct fake *to_fake(struct iommu_domain *domain)
{
	return container_of(domain, struct fake, domain);
}

static void promise(struct fake *fake, bool kept)
{
	if (!kept)
		fake->broken++;
}

static int store(struct fake *fake, unsigned long iova, phys_addr_t paddr,
		 size_t len, size_t *mapped)
{
	unsigned long i = (iova - BASE) / SZ_4K;

	promise(fake, len && IS_ALIGNED(iova | paddr | len, SZ_4K));
	promise(fake, iova >= BASE && i + len / SZ_4K <= NR_PAGES);
	if (fake->broken)
		return -EFAULT;
	for (; len; len -= SZ_4K, paddr += SZ_4K, i++) {
		if (fake->table[i])
			return -EEXIST;
		if (!fake->pages_left)
			return -ENOMEM;
		fake->pages_left--;
		fake->table[i] = paddr;
		*mapped += SZ_4K;
	}
	return 0;
}

static size_t clear(struct fake *fake, unsigned long iova, size_t len,
		    struct iommu_iotlb_gather *gather)
{
	unsigned long i = (iova - BASE) / SZ_4K;
	size_t done = 0;

	fake->unmap_calls++;
	promise(fake, len && IS_ALIGNED(iova | len, SZ_4K));
	promise(fake, iova >= BASE && i + len / SZ_4K <= NR_PAGES);
	if (fake->broken)
		return 0;
	for (; done < len && fake->table[i]; done += SZ_4K, i++)
		fake->table[i] = 0;
	if (done)
		iommu_iotlb_gather_add_range(gather, iova, done);
	return done;
}

/* The size is the largest that fits, and stays so to the end of the run. */
static void check_run(struct fake *fake, unsigned long iova, phys_addr_t paddr,
		      size_t pgsize, size_t count)
{
	promise(fake, is_power_of_2(pgsize) && (pgsize & SIZES) && count);
	promise(fake, IS_ALIGNED(iova | paddr, pgsize));
}

static int fake_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t count,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct fake *fake = to_fake(domain);

	fake->map_calls++;
	check_run(fake, iova, paddr, pgsize, count);
	return store(fake, iova, paddr, pgsize * count, mapped);
}

static size_t fake_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t count,
			       struct iommu_iotlb_gather *gather)
{
	check_run(to_fake(domain), iova, 0, pgsize, count);
	return clear(to_fake(domain), iova, pgsize * count, gather);
}

/* What range ops have to check themselves. */
static int check_range(const struct iommu_domain *domain, unsigned long iova,
		       phys_addr_t paddr, size_t len)
{
	const struct iommu_domain_geometry *geometry = &domain->geometry;
	unsigned long last = iova + len - 1;

	if (!IS_ALIGNED(iova | paddr | len, SZ_4K))
		return -EINVAL;
	if (last < iova || paddr + len - 1 < paddr)
		return -ERANGE;
	return geometry->force_aperture &&
	       (iova < geometry->aperture_start ||
		last > geometry->aperture_end) ? -ERANGE : 0;
}

static int fake_map_range(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t len, int prot, gfp_t gfp,
			  size_t *mapped)
{
	int ret = check_range(domain, iova, paddr, len);

	if (ret)
		return ret;
	to_fake(domain)->map_calls++;
	return store(to_fake(domain), iova, paddr, len, mapped);
}

/* Adjacent segments are one run, as in the page-table formats. */
static int fake_map_sg(struct iommu_domain *domain, unsigned long iova,
		       struct scatterlist *sgl, unsigned int nents, int prot,
		       gfp_t gfp, size_t *mapped)
{
	unsigned long last = BASE + NR_PAGES * SZ_4K - 1;
	struct scatterlist *sg;
	phys_addr_t paddr = 0;
	size_t len = 0;
	unsigned int i;
	int ret = 0;

	to_fake(domain)->map_calls++;
	for_each_sg(sgl, sg, nents + 1, i) {
		bool more = i < nents && !sg_dma_is_bus_address(sg);

		if (i < nents && !more)
			continue;
		if (len && (!more || sg_phys(sg) != paddr + len)) {
			if (!IS_ALIGNED(paddr | len, SZ_4K))
				return -EINVAL;
			if (iova + *mapped + len - 1 > last)
				return -ERANGE;
			ret = store(to_fake(domain), iova + *mapped, paddr, len,
				    mapped);
			len = 0;
		}
		if (ret || !more)
			break;
		paddr = len ? paddr : sg_phys(sg);
		len += sg->length;
	}
	return ret;
}

static size_t fake_unmap_range(struct iommu_domain *domain, unsigned long iova,
			       size_t len, struct iommu_iotlb_gather *gather)
{
	if (check_range(domain, iova, 0, len))
		return 0;
	return clear(to_fake(domain), iova, len, gather);
}

static int fake_sync_map(struct iommu_domain *domain, unsigned long iova,
			 size_t size)
{
	struct fake *fake = to_fake(domain);

	fake->sync_calls++;
	fake->sync_iova = iova;
	fake->sync_size = size;
	return fake->sync_error;
}

static void fake_iotlb_sync(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather)
{
	to_fake(domain)->invalidations++;
}

static phys_addr_t fake_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	phys_addr_t page = to_fake(domain)->table[(iova - BASE) / SZ_4K];

	return page ? page + offset_in_page(iova) : 0;
}

struct flavour {
	const char *name;
	bool range;
	bool sg;
};

static const struct flavour flavours[] = {
	{ "pages" },
	{ "range", .range = true },
	{ "range and sg", .range = true, .sg = true },
};

static void flavour_desc(const struct flavour *flavour, char *desc)
{
	strscpy(desc, flavour->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(flavour, flavours, flavour_desc);

static struct fake *make_fake(struct kunit *test)
{
	const struct flavour *flavour = test->param_value;
	struct fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->table = kunit_kcalloc(test, NR_PAGES, sizeof(phys_addr_t),
				    GFP_KERNEL);
	fake->want = kunit_kcalloc(test, NR_PAGES, sizeof(phys_addr_t),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake->table);
	KUNIT_ASSERT_NOT_NULL(test, fake->want);

	fake->ops.iotlb_sync_map = fake_sync_map;
	fake->ops.iotlb_sync = fake_iotlb_sync;
	fake->ops.iova_to_phys = fake_iova_to_phys;
	if (flavour->range) {
		fake->ops.map_range = fake_map_range;
		fake->ops.unmap_range = fake_unmap_range;
	} else {
		fake->ops.map_pages = fake_map_pages;
		fake->ops.unmap_pages = fake_unmap_pages;
	}
	if (flavour->sg)
		fake->ops.map_sg = fake_map_sg;

	fake->domain.type = IOMMU_DOMAIN_UNMANAGED;
	fake->domain.ops = &fake->ops;
	fake->domain.pgsize_bitmap = SIZES;
	fake->domain.geometry.force_aperture = true;
	fake->domain.geometry.aperture_start = BASE;
	fake->domain.geometry.aperture_end = BASE + NR_PAGES * SZ_4K - 1;
	fake->pages_left = UINT_MAX;
	return fake;
}

static int map(struct fake *fake, unsigned long iova, phys_addr_t paddr,
	       size_t size)
{
	return iommu_map(&fake->domain, iova, paddr, size, IOMMU_READ,
			 GFP_KERNEL);
}

static void expect_table(struct kunit *test, struct fake *fake)
{
	size_t bytes = NR_PAGES * sizeof(phys_addr_t);

	KUNIT_EXPECT_MEMEQ(test, fake->table, fake->want, bytes);
	KUNIT_EXPECT_EQ(test, fake->broken, 0);
}

static void want(struct fake *fake, unsigned long iova, phys_addr_t paddr,
		 size_t size)
{
	for (; size; size -= SZ_4K, iova += SZ_4K, paddr += SZ_4K)
		fake->want[(iova - BASE) / SZ_4K] = paddr;
}

static void map_and_unmap(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	unsigned long iova = BASE + 3 * SZ_4K;

	KUNIT_EXPECT_EQ(test, map(fake, iova, PADDR, SZ_64K), 0);
	want(fake, iova, PADDR, SZ_64K);
	expect_table(test, fake);
	KUNIT_EXPECT_EQ(test, fake->sync_calls, 1);
	KUNIT_EXPECT_EQ(test, fake->sync_iova, iova);
	KUNIT_EXPECT_EQ(test, fake->sync_size, SZ_64K);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&fake->domain, iova + 0x1234),
			PADDR + 0x1234);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&fake->domain, BASE), 0);

	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, iova, SZ_64K), SZ_64K);
	KUNIT_EXPECT_EQ(test, fake->invalidations, 1);
	memset(fake->want, 0, NR_PAGES * sizeof(phys_addr_t));
	expect_table(test, fake);
}

/* Unmap takes what there is up to the first hole, and says how much. */
static void unmap_stops_at_hole(struct kunit *test)
{
	struct fake *fake = make_fake(test);

	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, map(fake, BASE + SZ_16K, PADDR, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, BASE, SZ_32K), SZ_8K);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, BASE, SZ_32K), 0);
	want(fake, BASE + SZ_16K, PADDR, SZ_4K);
	expect_table(test, fake);
}

static void unmap_fast_gathers(struct kunit *test)
{
	struct iommu_iotlb_gather gather;
	struct fake *fake = make_fake(test);

	iommu_iotlb_gather_init(&gather);
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, iommu_unmap_fast(&fake->domain, BASE + SZ_4K,
					       SZ_8K, &gather), SZ_8K);
	KUNIT_EXPECT_EQ(test, iommu_unmap_fast(&fake->domain, BASE + SZ_32K,
					       SZ_4K, &gather), SZ_4K);
	KUNIT_EXPECT_EQ(test, fake->invalidations, 0);
	KUNIT_EXPECT_EQ(test, gather.start, BASE + SZ_4K);
	KUNIT_EXPECT_EQ(test, gather.end, BASE + SZ_32K + SZ_4K - 1);
	iommu_iotlb_sync(&fake->domain, &gather);
	KUNIT_EXPECT_EQ(test, fake->invalidations, 1);
	KUNIT_EXPECT_EQ(test, gather.end, 0);
}

/* How many calls a greedy choice of page sizes takes, page by page. */
static unsigned int count_runs(unsigned long iova, phys_addr_t paddr,
			       size_t size)
{
	static const size_t sizes[] = { SZ_2M, SZ_64K, SZ_4K };
	unsigned int i, runs = 0;
	size_t last = 0;

	while (size) {
		for (i = 0; sizes[i] > size || !IS_ALIGNED(iova | paddr, sizes[i]);)
			i++;
		runs += sizes[i] != last;
		last = sizes[i];
		iova += last;
		paddr += last;
		size -= last;
	}
	return runs;
}

static void random_against_oracle(struct kunit *test)
{
	static const phys_addr_t skews[] = { 0, SZ_2M, SZ_64K, SZ_4K };
	struct fake *fake = make_fake(test);
	bool pages = fake->ops.map_pages;
	struct rnd_state rnd;
	unsigned int i, step;

	prandom_seed_state(&rnd, 612);
	for (step = 0; step < 400; step++) {
		unsigned long first = prandom_u32_state(&rnd) % NR_PAGES;
		unsigned long iova = BASE + first * SZ_4K;
		unsigned int most = prandom_u32_state(&rnd) % 3 ? 64 : NR_PAGES;
		unsigned long count = 1 + prandom_u32_state(&rnd) % most;
		phys_addr_t paddr = iova + SZ_1G + skews[step % 4];
		size_t size;

		count = min(count, NR_PAGES - first);
		/* The stretch from there on that is like its first page. */
		for (i = 1; i < count; i++)
			if (!fake->want[first + i] != !fake->want[first])
				break;
		size = i * SZ_4K;
		fake->map_calls = 0;
		if (fake->want[first]) {
			KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, iova,
							  size), size);
			memset(&fake->want[first], 0, i * sizeof(phys_addr_t));
		} else {
			KUNIT_EXPECT_EQ(test, map(fake, iova, paddr, size), 0);
			want(fake, iova, paddr, size);
			KUNIT_EXPECT_EQ(test, fake->map_calls, pages ?
					count_runs(iova, paddr, size) : 1);
		}
	}
	expect_table(test, fake);
}

static void map_error_leaves_nothing(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	unsigned int pages;

	for (pages = 0; pages < 40; pages++) {
		fake->pages_left = pages;
		KUNIT_EXPECT_EQ(test, map(fake, BASE + SZ_32K, PADDR + SZ_32K,
					  SZ_32K + SZ_128K), -ENOMEM);
		expect_table(test, fake);
	}
	KUNIT_EXPECT_EQ(test, fake->sync_calls, 0);
	fake->pages_left = pages;
	KUNIT_EXPECT_EQ(test, map(fake, BASE + SZ_32K, PADDR + SZ_32K,
				  SZ_32K + SZ_128K), 0);
}

/* What was mapped before the range stays, also where it ends the attempt. */
static void map_onto_mapped(struct kunit *test)
{
	struct fake *fake = make_fake(test);

	KUNIT_EXPECT_EQ(test, map(fake, BASE + SZ_64K, PADDR, SZ_4K), 0);
	want(fake, BASE + SZ_64K, PADDR, SZ_4K);
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, SZ_128K), -EEXIST);
	expect_table(test, fake);
}

static void sync_error_unwinds(struct kunit *test)
{
	struct fake *fake = make_fake(test);

	fake->sync_error = -EIO;
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, SZ_64K + SZ_4K), -EIO);
	KUNIT_EXPECT_EQ(test, fake->sync_iova, BASE);
	KUNIT_EXPECT_EQ(test, fake->sync_size, SZ_64K + SZ_4K);
	KUNIT_EXPECT_EQ(test, fake->invalidations, 1);
	expect_table(test, fake);
}

static void bad_ranges_are_refused(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	unsigned long end = BASE + NR_PAGES * SZ_4K;

	KUNIT_EXPECT_EQ(test, map(fake, BASE + 1, PADDR, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR + 8, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, SZ_4K + SZ_2K), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(fake, end, PADDR, SZ_4K), -ERANGE);
	KUNIT_EXPECT_EQ(test, map(fake, end - SZ_4K, PADDR, SZ_8K), -ERANGE);
	KUNIT_EXPECT_EQ(test, map(fake, BASE - SZ_4K, PADDR, SZ_8K), -ERANGE);
	KUNIT_EXPECT_EQ(test, map(fake, BASE, -SZ_4K, SZ_8K), -ERANGE);
	fake->domain.geometry.force_aperture = false;
	KUNIT_EXPECT_EQ(test, map(fake, -SZ_4K, PADDR, SZ_8K), -ERANGE);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, -SZ_4K, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, BASE + 1, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, 0), 0);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, BASE, 0), 0);

	fake->domain.type = IOMMU_DOMAIN_IDENTITY;
	KUNIT_EXPECT_EQ(test, map(fake, BASE, PADDR, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, BASE, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&fake->domain, 0x123), 0x123);
	fake->domain.type = IOMMU_DOMAIN_BLOCKED;
	fake->ops.iova_to_phys = NULL;
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&fake->domain, 0x123), 0);

	KUNIT_EXPECT_EQ(test, fake->map_calls + fake->unmap_calls, 0);
	expect_table(test, fake);
}

/* Pages of real memory, contiguous, for scatterlists. */
static struct page *make_pages(struct kunit *test)
{
	unsigned long addr = (unsigned long)
		kunit_kmalloc(test, SZ_4K << SG_ORDER, GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, addr && PAGE_ALIGNED(addr));
	return virt_to_page((void *)addr);
}

static ssize_t map_sg(struct fake *fake, struct scatterlist *sg,
		      unsigned int nents)
{
	return iommu_map_sg(&fake->domain, BASE, sg, nents, IOMMU_READ,
			    GFP_KERNEL);
}

/* Two pages, a gap, two segments that touch, half pages that make up a page. */
static size_t fill_sg(struct fake *fake, struct scatterlist *sg,
		      unsigned int nents, struct page *page)
{
	sg_init_table(sg, nents);
	sg_set_page(&sg[0], page, SZ_8K, 0);
	sg_set_page(&sg[1], page + 4, SZ_4K, 0);
	sg_set_page(&sg[2], page + 5, SZ_16K, 0);
	want(fake, BASE, page_to_phys(page), SZ_8K);
	want(fake, BASE + SZ_8K, page_to_phys(page + 4), SZ_4K + SZ_16K);
	return SZ_8K + SZ_4K + SZ_16K;
}

static void sg_merges(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	struct page *page = make_pages(test);
	bool pages = fake->ops.map_pages;
	struct scatterlist sg[3];
	size_t size = fill_sg(fake, sg, 3, page);

	KUNIT_EXPECT_EQ(test, map_sg(fake, sg, 3), size);
	expect_table(test, fake);
	if (!pages)
		KUNIT_EXPECT_EQ(test, fake->map_calls, fake->ops.map_sg ? 1 : 2);
	KUNIT_EXPECT_EQ(test, fake->sync_calls, 1);
	KUNIT_EXPECT_EQ(test, fake->sync_iova, BASE);
	KUNIT_EXPECT_EQ(test, fake->sync_size, size);
	KUNIT_EXPECT_EQ(test, iommu_unmap(&fake->domain, BASE, size), size);
}

static void sg_halves_make_a_page(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	struct page *page = make_pages(test);
	struct scatterlist sg[2];

	sg_init_table(sg, 2);
	sg_set_page(&sg[0], page, SZ_2K, 0);
	sg_set_page(&sg[1], page, SZ_2K, SZ_2K);
	want(fake, BASE, page_to_phys(page), SZ_4K);
	KUNIT_EXPECT_EQ(test, map_sg(fake, sg, 2), SZ_4K);
	expect_table(test, fake);

	sg_set_page(&sg[1], page + 2, SZ_2K, SZ_2K);
	KUNIT_EXPECT_EQ(test, iommu_map_sg(&fake->domain, BASE + SZ_64K, sg, 2,
					   IOMMU_READ, GFP_KERNEL), -EINVAL);
	expect_table(test, fake);
}

static void sg_error_leaves_nothing(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	struct page *page = make_pages(test);
	struct scatterlist sg[3];
	size_t size = fill_sg(fake, sg, 3, page);
	unsigned int pages;

	memset(fake->want, 0, NR_PAGES * sizeof(phys_addr_t));
	for (pages = 0; pages < size / SZ_4K; pages++) {
		fake->pages_left = pages;
		KUNIT_EXPECT_EQ(test, map_sg(fake, sg, 3), -ENOMEM);
		expect_table(test, fake);
	}
	fake->pages_left = UINT_MAX;
	fake->sync_error = -EIO;
	KUNIT_EXPECT_EQ(test, map_sg(fake, sg, 3), -EIO);
	expect_table(test, fake);
	KUNIT_EXPECT_EQ(test, fake->sync_calls, 1);

	KUNIT_EXPECT_EQ(test, iommu_map_sg(&fake->domain,
					   BASE + (NR_PAGES - 3) * SZ_4K, sg, 3,
					   IOMMU_READ, GFP_KERNEL), -ERANGE);
	expect_table(test, fake);
}

#ifdef CONFIG_NEED_SG_DMA_FLAGS
static void sg_skips_bus_addresses(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	struct page *page = make_pages(test);
	struct scatterlist sg[4];

	sg_init_table(sg, 4);
	sg_set_page(&sg[0], page + 9, SZ_2K, 16);
	sg_set_page(&sg[1], page, SZ_4K, 0);
	sg_set_page(&sg[2], page + 1, SZ_4K, 0);
	sg_set_page(&sg[3], page + 2, SZ_4K, 0);
	sg_dma_mark_bus_address(&sg[0]);
	sg_dma_mark_bus_address(&sg[2]);
	want(fake, BASE, page_to_phys(page), SZ_4K);
	want(fake, BASE + SZ_4K, page_to_phys(page + 2), SZ_4K);
	KUNIT_EXPECT_EQ(test, map_sg(fake, sg, 4), SZ_8K);
	expect_table(test, fake);

	KUNIT_EXPECT_EQ(test, map_sg(fake, sg, 1), 0);
	KUNIT_EXPECT_EQ(test, fake->sync_calls, 1);
}
#endif

static void sg_chains(struct kunit *test)
{
	struct fake *fake = make_fake(test);
	struct page *page = make_pages(test);
	struct scatterlist head[3], tail[2];

	sg_init_table(head, 3);
	sg_init_table(tail, 2);
	sg_set_page(&head[0], page, SZ_4K, 0);
	sg_set_page(&head[1], page + 2, SZ_4K, 0);
	sg_set_page(&tail[0], page + 4, SZ_4K, 0);
	sg_set_page(&tail[1], page + 6, SZ_4K, 0);
	sg_chain(head, 3, tail);
	want(fake, BASE, page_to_phys(page), SZ_4K);
	want(fake, BASE + 0x1000, page_to_phys(page + 2), SZ_4K);
	want(fake, BASE + 0x2000, page_to_phys(page + 4), SZ_4K);
	want(fake, BASE + 0x3000, page_to_phys(page + 6), SZ_4K);
	KUNIT_EXPECT_EQ(test, map_sg(fake, head, 4), SZ_16K);
	expect_table(test, fake);
}

static struct kunit_case map_cases[] = {
	KUNIT_CASE_PARAM(map_and_unmap, flavour_gen_params),
	KUNIT_CASE_PARAM(unmap_stops_at_hole, flavour_gen_params),
	KUNIT_CASE_PARAM(unmap_fast_gathers, flavour_gen_params),
	KUNIT_CASE_PARAM(random_against_oracle, flavour_gen_params),
	KUNIT_CASE_PARAM(map_error_leaves_nothing, flavour_gen_params),
	KUNIT_CASE_PARAM(map_onto_mapped, flavour_gen_params),
	KUNIT_CASE_PARAM(sync_error_unwinds, flavour_gen_params),
	KUNIT_CASE_PARAM(bad_ranges_are_refused, flavour_gen_params),
	KUNIT_CASE_PARAM(sg_merges, flavour_gen_params),
	KUNIT_CASE_PARAM(sg_halves_make_a_page, flavour_gen_params),
	KUNIT_CASE_PARAM(sg_error_leaves_nothing, flavour_gen_params),
#ifdef CONFIG_NEED_SG_DMA_FLAGS
	KUNIT_CASE_PARAM(sg_skips_bus_addresses, flavour_gen_params),
#endif
	KUNIT_CASE_PARAM(sg_chains, flavour_gen_params),
	{}
};

static struct kunit_suite map_suite = {
	.name = "iommu-map",
	.test_cases = map_cases,
};

kunit_test_suite(map_suite);
