/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of a page-table format, continued: random sequences, scatterlists,
 * dirty tracking, threads, and what operations cost.  See format_test.h.
 */
#ifndef __IOMMU_PGTABLE_FORMAT_TEST_OPS_H
#define __IOMMU_PGTABLE_FORMAT_TEST_OPS_H

#define RANDOM_STEPS	4000
/* A kernel with KASAN takes ten times as long for a step. */
#define RANDOM_ENOUGH	(IS_ENABLED(CONFIG_KASAN) ? RANDOM_STEPS / 8 : RANDOM_STEPS)
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
	static const u64 units[] = {
		GRANULE, GRANULE, GRANULE, 16 * GRANULE, BLOCK, 16 * BLOCK, LARGEST,
	};
	u64 top = (u64)pgt->iova_last + 1;
	u64 bases[] = { 0, top / 2 - 4 * BLOCK, top - 4 * LARGEST };
	u64 unit = units[random_below(rnd, ARRAY_SIZE(units))];
	u64 base = bases[random_below(rnd, ARRAY_SIZE(bases))];
	u64 room = unit > BLOCK ? 4 : 16;

	*iova = ALIGN(base, unit) + random_below(rnd, room) * unit;
	*len = (1 + random_below(rnd, room)) * unit;
	if (random_below(rnd, 4) == 0)
		*len += random_below(rnd, TEST_ENTRIES) * GRANULE;
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
		paddr = TEST_PADDR + random_below(rnd, 64) * LARGEST + iova % LARGEST;
	} else {
		paddr = TEST_PADDR + random_below(rnd, 4096) * GRANULE;
		len = min_t(u64, len, 4096 * GRANULE);
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
		/* What is rare has to come up, too: a table replaced by a page. */
		if (step >= RANDOM_ENOUGH && ctx->syncs)
			break;
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
		u64 len = GRANULE;

		if (random_below(rnd, 8) == 0)
			len *= 1 + random_below(rnd, 32);
		if (random_below(rnd, 2))
			at = random_below(rnd, (PAGE_SIZE << SG_PAGES_ORDER) / GRANULE) *
			     GRANULE;
		if (at + len > PAGE_SIZE << SG_PAGES_ORDER)
			at = 0;
		sg_set_page(sg, pages + at / PAGE_SIZE, len, at % PAGE_SIZE);
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
		for (off = 0; off < sg->length; off += GRANULE)
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
		u64 iova = 4 * HUGE - random_below(&rnd, 2 * TEST_ENTRIES) * GRANULE;
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

	/* Adjoining segments make a large page, which every format has of this size. */
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
	struct page *pages = alloc_pages(GFP_KERNEL, get_order(8 * GRANULE));
	struct fmt_ctx *ctx = ctx_start(test);
	struct scatterlist sg[4];
	size_t mapped;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	sg_init_table(sg, 4);
	for (i = 0; i < 4; i++)		/* backwards, so none adjoin */
		sg_set_buf(&sg[i], page_address(pages) + (4 - i) * GRANULE, GRANULE);

	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 1, sg, 4, &mapped), -EINVAL);
	KUNIT_EXPECT_EQ(test, mapped, 0);
	ctx_map(test, ctx, 2 * GRANULE, TEST_PADDR, GRANULE, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 0, sg, 4, &mapped), -EEXIST);
	KUNIT_EXPECT_EQ(test, mapped, 2 * GRANULE);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, 0, 2 * GRANULE), 2 * GRANULE);
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, ctx->pgt.iova_last + 1 - 2 * GRANULE, sg, 4,
					     &mapped), -ERANGE);
	KUNIT_EXPECT_EQ(test, mapped, 2 * GRANULE);
	ctx_raw_unmap(ctx, ctx->pgt.iova_last + 1 - 2 * GRANULE, 2 * GRANULE);

	sg[2].offset = 512;
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 2 * BLOCK, sg, 4, &mapped), -EINVAL);
	KUNIT_EXPECT_EQ(test, mapped, 2 * GRANULE);
	ctx_raw_unmap(ctx, 2 * BLOCK, 2 * GRANULE);
	sg[2].offset = 0;
	seam.allocs = 0;
	seam.fail_at = 1;
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 4 * HUGE - 2 * GRANULE, sg, 4, &mapped), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mapped, 0);

#ifdef CONFIG_NEED_SG_DMA_FLAGS
	sg_dma_mark_bus_address(&sg[1]);
	KUNIT_EXPECT_EQ(test, ctx_raw_map_sg(ctx, 2 * BLOCK, sg, 4, &mapped), 0);
	KUNIT_EXPECT_EQ(test, mapped, 3 * GRANULE);
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, 2 * BLOCK + GRANULE), sg_phys(&sg[2]));
	ctx_raw_unmap(ctx, 2 * BLOCK, 3 * GRANULE);
#endif
	ctx_finish(test, ctx);
	__free_pages(pages, get_order(8 * GRANULE));
}

/* Hardware writes through a page; for one of several entries, through that one. */
static void dirty_set(struct fmt_ctx *ctx, u64 iova)
{
	struct pgt_place at = pgt_descend(&ctx->pgt, iova);
	u64 *entry = &at.table[pgt_index(iova, at.level)];

	/* Changes what TEST_CLEAN() changes. */
	if (TEST_CLEAN(*entry) == *entry)
		change_bit(FMT_DIRTY_BIT, (unsigned long *)entry);
	if (!ctx->pgt.coherent)
		*seam_shadow(entry) = *entry;
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

/* A context for dirty tracking, or none if hardware cannot do it here. */
static struct fmt_ctx *dirty_start(struct kunit *test, unsigned long sizes)
{
	struct pgt_params params;
	struct pgt pgt;

	ctx_params(&params, test->param_value);
	params.pgsize_bitmap = sizes;
	params.dirty = true;
	if (!TEST_DIRTY_SNOOPS || params.coherent)
		return ctx_new(test, &params);
	KUNIT_EXPECT_EQ(test, pgt_init(&pgt, &params), -EINVAL);
	return NULL;
}

/* Forget what pages were born with. */
static void dirty_clear(struct kunit *test, struct fmt_ctx *ctx)
{
	struct iommu_iotlb_gather gather;
	struct iommu_dirty_bitmap dirty;

	iommu_dirty_bitmap_init(&dirty, NULL, &gather);
	KUNIT_EXPECT_EQ(test, pgt_read_dirty(&ctx->pgt, 0, 16 * LARGEST, 0, &dirty), 0);
	ctx->clean = true;
	ctx_check(test, ctx);
}

static void fmt_test_dirty(struct kunit *test)
{
	const u64 small = 2 * BLOCK, block = 4 * BLOCK, huge = 8 * HUGE;
	struct fmt_ctx *ctx = dirty_start(test, TEST_PLAIN_SIZES);
	const u64 all = 16 * HUGE;

	if (!ctx)
		return;
	ctx_map(test, ctx, 0, TEST_PADDR, 2 * GRANULE, IOMMU_READ);
	ctx_map(test, ctx, small, TEST_PADDR, 16 * GRANULE, TEST_RW);
	ctx_map(test, ctx, block, TEST_PADDR, BLOCK, TEST_RW);
	ctx_map(test, ctx, huge, TEST_PADDR, HUGE, TEST_RW);
	dirty_read(test, ctx, 0, 2 * GRANULE, 0, 0, 0);
	dirty_clear(test, ctx);
	dirty_read(test, ctx, 0, all, 0, 0, 0);

	dirty_set(ctx, small + 2 * GRANULE);
	dirty_read(test, ctx, 0, all, IOMMU_DIRTY_NO_CLEAR, small + 2 * GRANULE, GRANULE);
	dirty_read(test, ctx, small, 2 * GRANULE, 0, 0, 0);
	dirty_read(test, ctx, small + 2 * GRANULE, GRANULE, 0, small + 2 * GRANULE,
		   GRANULE);
	dirty_read(test, ctx, 0, all, 0, 0, 0);

	/* A large page is one bit: reported to its end, and kept for its beginning. */
	dirty_set(ctx, block + 16 * GRANULE);
	dirty_read(test, ctx, block + BLOCK / 2, GRANULE, 0, block + BLOCK / 2, BLOCK / 2);
	dirty_read(test, ctx, block, GRANULE, 0, block, BLOCK);
	dirty_read(test, ctx, 0, all, 0, 0, 0);
	dirty_set(ctx, huge);
	dirty_set(ctx, small);
	dirty_read(test, ctx, 0, all, 0, small, huge + HUGE - small);
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
	ctx_map(racer.test, racer.ctx, racer.iova, TEST_PADDR, GRANULE, TEST_RW);
}

/* Somebody else installs the table while ours is being made, at every level. */
static void fmt_test_lost_race(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned int level;
	u64 iova = 0;

	for (level = ctx->pgt.levels - 1; level; level--) {
		/* All of the way is there, down to an empty entry at @level. */
		iova += TEST_SPAN(level);
		racer.test = test;
		racer.ctx = ctx;
		racer.iova = iova + GRANULE;
		seam.race = race_to_map;
		ctx_map(test, ctx, iova, TEST_PADDR, GRANULE, IOMMU_READ);
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

	ctx_map(test, ctx, 0, TEST_PADDR, GRANULE, TEST_RW);
	for (level = ctx->pgt.levels - 1; level; level--) {
		u64 iova = (ctx->pgt.levels - level) * GRANULE;
		u64 *table = ctx->pgt.top;
		unsigned int l;

		for (l = ctx->pgt.levels - 1; l > level; l--)
			table = pgt_below(table[0]);
		if (!ctx->pgt.coherent) {
			table[0] &= ~FMT_LINKED;
			*seam_shadow(table) = 0;
		}
		KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova), 0);
		ctx_map(test, ctx, iova, TEST_PADDR, GRANULE, TEST_RW);
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
#define THREAD_ROUNDS	(IS_ENABLED(CONFIG_KASAN) ? 2 : TEST_ENTRIES > 512 ? 5 : 20)
#define THREAD_PAGES	64

static u64 thread_iova(const struct fmt_thread *t, unsigned int i)
{
	/* Neighbours in one table, in tables astride a boundary. */
	return 4 * HUGE - THREADS * THREAD_PAGES / 2 * GRANULE +
	       (i * THREADS + t->id) * GRANULE;
}

static int thread_main(void *arg)
{
	struct fmt_thread *t = arg;
	unsigned int i, round;
	size_t mapped;

	for (round = 0; round < THREAD_ROUNDS; round++) {
		u64 own = 32 * HUGE + t->id * BLOCK;

		for (i = 0; i < THREAD_PAGES; i++)
			t->errors += !!ctx_raw_map(t->ctx, thread_iova(t, i),
						   TEST_PADDR + thread_iova(t, i), GRANULE,
						   TEST_RW, &mapped);
		/* A table of its own, made and detached below a shared one. */
		t->errors += !!ctx_raw_map(t->ctx, own, TEST_PADDR + GRANULE,
					   THREAD_PAGES * GRANULE, TEST_RW, &mapped);
		t->errors += ctx_raw_unmap(t->ctx, own, BLOCK) != BLOCK;
		for (i = 0; i < THREAD_PAGES; i++) {
			u64 iova = thread_iova(t, i);

			t->errors += ctx_raw_lookup(t->ctx, iova) != TEST_PADDR + iova;
			if (round < THREAD_ROUNDS - 1)
				t->errors += ctx_raw_unmap(t->ctx, iova, GRANULE) != GRANULE;
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
			u64 iova = thread_iova(&threads[i % THREADS], i / THREADS);

			model_map(&ctx->model, iova, TEST_PADDR + iova, GRANULE, TEST_RW);
		}
		ctx_check(test, ctx);
		ctx_unmap(test, ctx, 0, (u64)ctx->pgt.iova_last + 1);
		KUNIT_EXPECT_EQ(test, seam_tables(), ctx_tops(ctx));
	}
	ctx_finish(test, ctx);
}

/* Lines and fences that an operation may cost when hardware does not snoop. */
static void fmt_test_cost(struct kunit *test)
{
	const struct fmt_config config = { FMT_USUAL_LEVELS, false };
	const unsigned long table = GRANULE / SEAM_LINE, links = FMT_USUAL_LEVELS - 1;
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
	/* Tables, links and the leaf. */
	COST(ctx_map(test, ctx, 0, TEST_PADDR, GRANULE, TEST_RW),
	     links * table + links + 1, links + 1);
	COST(ctx_map(test, ctx, GRANULE, TEST_PADDR, GRANULE, TEST_RW), 1, 1);
	COST(ctx_unmap(test, ctx, GRANULE, GRANULE), 1, 1);
	COST(ctx_map(test, ctx, GRANULE, TEST_PADDR, 7 * GRANULE, TEST_RW), 1, 1);
	COST(ctx_unmap(test, ctx, GRANULE, 7 * GRANULE), 1, 1);
	COST(ctx_map(test, ctx, BLOCK / 2, TEST_PADDR + GRANULE, BLOCK / 2, TEST_RW),
	     table / 2, 1);
	COST(ctx_unmap(test, ctx, BLOCK / 2, BLOCK / 2), table / 2, 1);
	COST(ctx_map(test, ctx, 32 * BLOCK, TEST_PADDR, 32 * BLOCK, TEST_RW), 4, 1);
	COST(ctx_unmap(test, ctx, 32 * BLOCK, 32 * BLOCK), 4, 1);
	/* All of a table's span: the link alone. */
	ctx_map(test, ctx, BLOCK, TEST_PADDR + GRANULE, BLOCK, TEST_RW);
	COST(ctx_unmap(test, ctx, BLOCK, BLOCK), 1, 1);
	COST(ctx_lookup(test, ctx, 0), 0, 0);
#undef COST
	ctx_finish(test, ctx);

	/* When it snoops, new leaves are ordered before what starts a device. */
	params.coherent = true;
	ctx = ctx_new(test, &params);
	ctx_map(test, ctx, 0, TEST_PADDR, GRANULE, TEST_RW);
	seam_reset();
	ctx_map(test, ctx, GRANULE, TEST_PADDR, GRANULE, TEST_RW);
	KUNIT_EXPECT_EQ(test, seam.fences, !IS_ENABLED(CONFIG_X86));
	ctx_map(test, ctx, 2 * GRANULE, TEST_PADDR, 7 * GRANULE, TEST_RW);
	KUNIT_EXPECT_EQ(test, seam.fences, 2 * !IS_ENABLED(CONFIG_X86));
	ctx_finish(test, ctx);
}

#endif /* __IOMMU_PGTABLE_FORMAT_TEST_OPS_H */
