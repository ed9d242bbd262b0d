/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of a page-table format, continued: random sequences, scatterlists,
 * dirty tracking, threads, and what operations cost.  See format_test.h.
 */
#ifndef __IOMMU_PGTABLE_FORMAT_TEST_OPS_H
#define __IOMMU_PGTABLE_FORMAT_TEST_OPS_H

#define RANDOM_STEPS	4000
#define RANDOM_CHECK	100	/* steps between looks at the whole structure */
#define SG_PAGES_ORDER	10

static u64 random_below(struct rnd_state *rnd, u64 limit)
{
	u64 value = prandom_u32_state(rnd);

	return (value << 32 | prandom_u32_state(rnd)) % limit;
}

/* A range of any shape, near the bottom, a boundary or the top of the space. */
static void random_range(struct rnd_state *rnd, const struct pgt *pgt,
			 u64 *iova, u64 *len)
{
	static const u64 units[] = { SZ_4K, SZ_4K, SZ_4K, SZ_64K, SZ_2M, SZ_1G };
	u64 top = (u64)pgt->iova_last + 1;
	u64 bases[] = { 0, top / 2 - SZ_8M, top - 4ull * SZ_1G };
	u64 unit = units[random_below(rnd, ARRAY_SIZE(units))];
	u64 base = bases[random_below(rnd, ARRAY_SIZE(bases))];
	u64 room = unit == SZ_1G ? 4 : 16;

	*iova = ALIGN(base, unit) + random_below(rnd, room) * unit;
	*len = (1 + random_below(rnd, room)) * unit;
	if (random_below(rnd, 4) == 0)
		*len += random_below(rnd, 512) * SZ_4K;
	if (*iova >= top)
		*iova = top - unit;
	*len = min(*len, top - *iova);
}

static void random_map(struct kunit *test, struct fmt_ctx *ctx, struct rnd_state *rnd)
{
	static const int prots[] = { TEST_RW, IOMMU_READ, IOMMU_WRITE };
	u64 iova, len, paddr;

	random_range(rnd, &ctx->pgt, &iova, &len);
	if (random_below(rnd, 4)) {	/* mostly fit for large pages */
		paddr = TEST_PADDR + random_below(rnd, 64) * SZ_1G + iova % SZ_1G;
	} else {
		paddr = TEST_PADDR + random_below(rnd, SZ_16M / SZ_4K) * SZ_4K;
		len = min_t(u64, len, SZ_16M);
	}
	ctx_map(test, ctx, iova, paddr, len, prots[random_below(rnd, 3)]);
}

static void random_unmap(struct kunit *test, struct fmt_ctx *ctx,
			 struct rnd_state *rnd)
{
	const struct model_run *run;
	u64 iova, len;

	random_range(rnd, &ctx->pgt, &iova, &len);
	run = model_find(&ctx->model, iova);
	if (run && random_below(rnd, 2)) {	/* one run, or its end */
		u64 skip = random_below(rnd, 2) * run->pgsize;

		if (skip >= run->len)
			skip = 0;
		iova = run->iova + skip;
		len = run->len - skip;
	}
	ctx_unmap(test, ctx, iova, len);
	ctx_lookup(test, ctx, iova);
}

/* Long random sequences with fixed seeds. */
static void fmt_test_random(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	struct rnd_state rnd;
	unsigned int step;

	prandom_seed_state(&rnd, 0x10aa + ctx->pgt.levels);
	for (step = 1; step <= RANDOM_STEPS; step++) {
		u64 iova, len;

		if (random_below(&rnd, 100) < 50)
			random_map(test, ctx, &rnd);
		else
			random_unmap(test, ctx, &rnd);
		random_range(&rnd, &ctx->pgt, &iova, &len);
		ctx_lookup(test, ctx, iova + random_below(&rnd, len));
		if (step % RANDOM_CHECK == 0)
			ctx_check(test, ctx);
		if (step % 500 == 0)
			ctx_unmap(test, ctx, 0, (u64)ctx->pgt.iova_last + 1);
	}
	KUNIT_EXPECT_GT(test, ctx->syncs, 0);
	ctx_finish(test, ctx);
}

static noinline int ctx_raw_map_sg(struct fmt_ctx *ctx, u64 iova,
				   struct scatterlist *sg, unsigned int nents,
				   size_t *mapped)
{
	return pgt_map_sg(&ctx->pgt, iova, sg, nents, TEST_RW, GFP_KERNEL, mapped);
}

/* Fill a list with pieces of @pages, some of them adjoining; their bytes. */
static u64 sg_fill(struct sg_table *sgt, struct page *pages, struct rnd_state *rnd)
{
	u64 at = 0, total = 0;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(sgt->sgl, sg, sgt->orig_nents, i) {
		u64 len = SZ_4K;

		if (random_below(rnd, 8) == 0)
			len *= 1 + random_below(rnd, 32);
		if (random_below(rnd, 2))
			at = random_below(rnd, (PAGE_SIZE << SG_PAGES_ORDER) / SZ_4K) *
			     SZ_4K;
		if (at + len > PAGE_SIZE << SG_PAGES_ORDER)
			at = 0;
		sg_set_page(sg, pages + at / PAGE_SIZE, len, 0);
		at += len;
		total += len;
	}
	return total;
}

/* Give the model what a list maps, and see that the table says the same. */
static void sg_compare(struct kunit *test, struct fmt_ctx *ctx, u64 iova,
		       struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;
	u64 off;

	for_each_sg(sgt->sgl, sg, sgt->orig_nents, i) {
		if (sg_dma_is_bus_address(sg))
			continue;
		for (off = 0; off < sg->length; off += SZ_4K)
			KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova + off),
					sg_phys(sg) + off);
		iova += sg->length;
	}
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova), 0);
}

/* Scatterlists short, long and chained, across table boundaries. */
static void fmt_test_sg(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL, SG_PAGES_ORDER);
	struct fmt_ctx *ctx = ctx_start(test);
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	prandom_seed_state(&rnd, 0x56);
	for (i = 0; i < 40; i++) {
		u64 iova = SZ_1G - random_below(&rnd, 2 * SZ_2M / SZ_4K) * SZ_4K;
		unsigned int nents = 1 + random_below(&rnd, 400);
		struct sg_table sgt;
		size_t mapped = 1;
		u64 total;

		KUNIT_ASSERT_EQ(test, sg_alloc_table(&sgt, nents, GFP_KERNEL), 0);
		total = sg_fill(&sgt, pages, &rnd);
		KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, iova, sgt.sgl, nents, &mapped),
				0);
		KUNIT_EXPECT_EQ(test, mapped, total);
		sg_compare(test, ctx, iova, &sgt);
		KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, iova, total), total);
		ctx_check(test, ctx);
		sg_free_table(&sgt);
	}

	/* Adjoining segments make a large page. */
	{
		struct scatterlist sg[4];
		size_t mapped;

		sg_init_table(sg, 4);
		for (i = 0; i < 4; i++)
			sg_set_page(&sg[i], pages + i * (SZ_512K / PAGE_SIZE), SZ_512K, 0);
		KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 5 * SZ_2M, sg, 4, &mapped), 0);
		model_map(&ctx->model, 5 * SZ_2M, page_to_phys(pages), SZ_2M, TEST_RW);
		KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
		ctx_check(test, ctx);
	}
	ctx_finish(test, ctx);
	__free_pages(pages, SG_PAGES_ORDER);
}

/* Errors of scatterlists, and how far they come. */
static void fmt_test_sg_errors(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	struct page *pages = alloc_pages(GFP_KERNEL, 4);
	struct scatterlist sg[4];
	size_t mapped;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	sg_init_table(sg, 4);
	for (i = 0; i < 4; i++)		/* backwards, so none adjoin */
		sg_set_page(&sg[i], pages + 4 - i, SZ_4K, 0);

	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 1, sg, 4, &mapped), -EINVAL);
	KUNIT_EXPECT_EQ(test, mapped, 0);
	ctx_map(test, ctx, SZ_8K, TEST_PADDR, SZ_4K, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 0, sg, 4, &mapped), -EEXIST);
	KUNIT_EXPECT_EQ(test, mapped, SZ_8K);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, 0, SZ_8K), SZ_8K);
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, ctx->pgt.iova_last + 1 - SZ_8K, sg, 4,
					     &mapped), -ERANGE);
	KUNIT_EXPECT_EQ(test, mapped, SZ_8K);
	ctx_raw_unmap(ctx, ctx->pgt.iova_last + 1 - SZ_8K, SZ_8K);

	sg[2].offset = 512;
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, SZ_4M, sg, 4, &mapped), -EINVAL);
	KUNIT_EXPECT_EQ(test, mapped, SZ_8K);
	ctx_raw_unmap(ctx, SZ_4M, SZ_8K);
	sg[2].offset = 0;
	seam.allocs = 0;
	seam.fail_at = 1;
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, SZ_1G - SZ_8K, sg, 4, &mapped), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mapped, 0);

#ifdef CONFIG_NEED_SG_DMA_FLAGS
	sg_dma_mark_bus_address(&sg[1]);
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, SZ_4M, sg, 4, &mapped), 0);
	KUNIT_EXPECT_EQ(test, mapped, 3 * SZ_4K);
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, SZ_4M + SZ_4K), sg_phys(&sg[2]));
	ctx_raw_unmap(ctx, SZ_4M, 3 * SZ_4K);
#endif
	ctx_finish(test, ctx);
	__free_pages(pages, 4);
}

/* Hardware writes through a page. */
static void dirty_set(struct fmt_ctx *ctx, u64 iova)
{
	struct pgt_place at = pgt_descend(&ctx->pgt, iova);
	u64 *entry = &at.table[pgt_index(iova, at.level)];

	set_bit(FMT_DIRTY_BIT, (unsigned long *)entry);
	if (!ctx->pgt.coherent)
		seam_shadow(at.table)[entry - at.table] = *entry;
}

/* Reading [iova, iova + len) must report @want bytes from @want_iova on. */
static void dirty_read(struct kunit *test, struct fmt_ctx *ctx, u64 iova, u64 len,
		       unsigned long flags, u64 want_iova, u64 want)
{
	struct iommu_iotlb_gather gather;
	struct iommu_dirty_bitmap dirty;

	iommu_dirty_bitmap_init(&dirty, NULL, &gather);
	KUNIT_EXPECT_EQ(test, pgt_read_dirty(&ctx->pgt, iova, len, flags, &dirty), 0);
	if (!want) {
		KUNIT_EXPECT_EQ(test, gather.end, 0);
		return;
	}
	KUNIT_EXPECT_EQ(test, gather.start, want_iova);
	KUNIT_EXPECT_EQ(test, gather.end, want_iova + want - 1);
}

static void fmt_test_dirty(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	const u64 all = 4ull * SZ_1G;

	ctx_map(test, ctx, SZ_4M, TEST_PADDR, SZ_64K, IOMMU_READ);
	ctx_map(test, ctx, SZ_8M, TEST_PADDR, SZ_2M, IOMMU_READ);
	ctx_map(test, ctx, SZ_1G, TEST_PADDR, SZ_1G, IOMMU_READ);
	dirty_read(test, ctx, 0, all, 0, 0, 0);

	dirty_set(ctx, SZ_4M + SZ_8K);
	dirty_read(test, ctx, 0, all, IOMMU_DIRTY_NO_CLEAR, SZ_4M + SZ_8K, SZ_4K);
	dirty_read(test, ctx, SZ_4M, SZ_8K, 0, 0, 0);
	dirty_read(test, ctx, SZ_4M + SZ_8K, SZ_4K, 0, SZ_4M + SZ_8K, SZ_4K);
	dirty_read(test, ctx, 0, all, 0, 0, 0);

	/* A large page is one bit, and is reported to its end. */
	dirty_set(ctx, SZ_8M + SZ_64K);
	dirty_read(test, ctx, SZ_8M + SZ_1M, SZ_4K, 0, SZ_8M + SZ_1M, SZ_1M);
	dirty_read(test, ctx, 0, all, 0, 0, 0);
	dirty_set(ctx, SZ_1G);
	dirty_set(ctx, SZ_4M);
	dirty_read(test, ctx, 0, all, 0, SZ_4M, 2ull * SZ_1G - SZ_4M);
	dirty_read(test, ctx, 0, all, 0, 0, 0);
	ctx_finish(test, ctx);
}

/* What the other thread of fmt_test_lost_race() works on, and what it maps. */
static struct {
	struct kunit *test;
	struct fmt_ctx *ctx;
	u64 iova;
} racer;

static void race_to_map(void)
{
	ctx_map(racer.test, racer.ctx, racer.iova, TEST_PADDR, SZ_4K, TEST_RW);
}

/* Somebody else installs the table while ours is being made, at every level. */
static void fmt_test_lost_race(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned int level;
	u64 iova = 0;

	for (level = ctx->pgt.levels - 1; level; level--) {
		/* All of the way is there, down to an empty entry at @level. */
		iova += 1ull << (12 + 9 * level);
		racer.test = test;
		racer.ctx = ctx;
		racer.iova = iova + SZ_4K;
		seam.race = race_to_map;
		ctx_map(test, ctx, iova, TEST_PADDR, SZ_4K, IOMMU_READ);
		KUNIT_EXPECT_NULL(test, seam.race);
		ctx_check(test, ctx);
	}
	ctx_finish(test, ctx);
}

/* Somebody else has written a link and has not flushed it yet. */
static void fmt_test_unsettled(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned int level;

	ctx_map(test, ctx, 0, TEST_PADDR, SZ_4K, TEST_RW);
	for (level = ctx->pgt.levels - 1; level; level--) {
		u64 iova = (ctx->pgt.levels - level) * SZ_4K;
		u64 *table = ctx->pgt.top;
		unsigned int l;

		for (l = ctx->pgt.levels - 1; l > level; l--)
			table = pgt_below(table[0]);
		if (!ctx->pgt.coherent) {
			table[0] &= ~FMT_LINKED;
			seam_shadow(table)[0] = 0;
		}
		KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova), 0);
		ctx_map(test, ctx, iova, TEST_PADDR, SZ_4K, TEST_RW);
		ctx_check(test, ctx);
	}
	ctx_finish(test, ctx);
}

/* One of several threads that share tables. */
struct fmt_thread {
	struct fmt_ctx *ctx;
	struct completion done;
	unsigned int id;
	unsigned int errors;
};

#define THREADS		4
#define THREAD_ROUNDS	20
#define THREAD_PAGES	64

static u64 thread_iova(const struct fmt_thread *t, unsigned int i)
{
	/* Neighbours in one table, in tables astride 1G. */
	return SZ_1G - THREADS * THREAD_PAGES / 2 * SZ_4K + (i * THREADS + t->id) * SZ_4K;
}

static int thread_main(void *arg)
{
	struct fmt_thread *t = arg;
	unsigned int i, round;
	size_t mapped;

	for (round = 0; round < THREAD_ROUNDS; round++) {
		u64 own = 8ull * SZ_1G + t->id * SZ_2M;

		for (i = 0; i < THREAD_PAGES; i++)
			t->errors += !!ctx_raw_map(t->ctx, thread_iova(t, i),
						   TEST_PADDR + thread_iova(t, i), SZ_4K,
						   TEST_RW, &mapped);
		/* A table of its own, made and detached below a shared one. */
		t->errors += !!ctx_raw_map(t->ctx, own, TEST_PADDR + SZ_4K, SZ_2M,
					   TEST_RW, &mapped);
		t->errors += ctx_raw_unmap(t->ctx, own, SZ_2M) != SZ_2M;
		for (i = 0; i < THREAD_PAGES; i++) {
			u64 iova = thread_iova(t, i);

			t->errors += ctx_raw_lookup(t->ctx, iova) != TEST_PADDR + iova;
			if (round < THREAD_ROUNDS - 1)
				t->errors += ctx_raw_unmap(t->ctx, iova, SZ_4K) != SZ_4K;
		}
		cond_resched();
	}
	complete(&t->done);
	return 0;
}

/* Disjoint ranges at the same time, racing for the same tables. */
static void fmt_test_concurrent(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	struct fmt_thread threads[THREADS];
	unsigned int i, round;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < THREADS; i++) {
			struct fmt_thread *t = &threads[i];

			*t = (struct fmt_thread){ .ctx = ctx, .id = i };
			init_completion(&t->done);
			if (IS_ERR(kthread_run(thread_main, t, "pgt/%u", i)))
				complete(&t->done);
		}
		for (i = 0; i < THREADS; i++) {
			wait_for_completion(&threads[i].done);
			KUNIT_EXPECT_EQ(test, threads[i].errors, 0);
		}
		for (i = 0; i < THREADS * THREAD_PAGES; i++) {
			u64 iova = SZ_1G - THREADS * THREAD_PAGES / 2 * SZ_4K + i * SZ_4K;

			model_map(&ctx->model, iova, TEST_PADDR + iova, SZ_4K, TEST_RW);
		}
		ctx_check(test, ctx);
		ctx_unmap(test, ctx, 0, 16ull * SZ_1G);
		/* The tables that span more than 16G. */
		KUNIT_EXPECT_EQ(test, seam.live, ctx->pgt.levels - 2);
	}
	ctx_finish(test, ctx);
}

/* Lines and fences that an operation may cost when hardware does not snoop. */
static void fmt_test_cost(struct kunit *test)
{
	const struct fmt_config config = { 4, false };
	struct pgt_params params;
	struct fmt_ctx *ctx;

	ctx_params(&params, &config);
	ctx = ctx_new(test, &params);
#define COST(operation, want_lines, want_fences) do {				\
		seam_reset();							\
		operation;							\
		KUNIT_EXPECT_EQ(test, seam.lines, want_lines);			\
		KUNIT_EXPECT_LE(test, seam.fences, want_fences);		\
	} while (0)
	/* Three tables of 64 lines, three links and the leaf. */
	COST(ctx_map(test, ctx, 0, TEST_PADDR, SZ_4K, TEST_RW), 3 * 64 + 3 + 1, 4);
	COST(ctx_map(test, ctx, SZ_4K, TEST_PADDR, SZ_4K, TEST_RW), 1, 1);
	COST(ctx_unmap(test, ctx, SZ_4K, SZ_4K), 1, 1);
	COST(ctx_map(test, ctx, SZ_4K, TEST_PADDR, SZ_16K + SZ_8K + SZ_4K, TEST_RW), 1, 1);
	COST(ctx_unmap(test, ctx, SZ_4K, SZ_16K + SZ_8K + SZ_4K), 1, 1);
	COST(ctx_map(test, ctx, SZ_1M, TEST_PADDR + SZ_4K, SZ_1M, TEST_RW), 32, 1);
	COST(ctx_unmap(test, ctx, SZ_1M, SZ_1M), 32, 1);
	COST(ctx_map(test, ctx, SZ_64M, TEST_PADDR, SZ_64M, TEST_RW), 4, 1);
	COST(ctx_unmap(test, ctx, SZ_64M, SZ_64M), 4, 1);
	/* All of a table's span: the link alone. */
	ctx_map(test, ctx, SZ_2M, TEST_PADDR + SZ_4K, SZ_2M, TEST_RW);
	COST(ctx_unmap(test, ctx, SZ_2M, SZ_2M), 1, 1);
	COST(ctx_lookup(test, ctx, 0), 0, 0);
#undef COST
	ctx_finish(test, ctx);
}

#endif /* __IOMMU_PGTABLE_FORMAT_TEST_OPS_H */
