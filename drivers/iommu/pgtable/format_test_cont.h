/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of pages that are made of several entries, for formats that have them.
 * Included behind format_test.h; the format's *_test.c defines, in numbers,
 *	TEST_CONT_SIZE(level)	the size of such a page at levels 0 and 1
 */
#ifndef __IOMMU_PGTABLE_FORMAT_TEST_CONT_H
#define __IOMMU_PGTABLE_FORMAT_TEST_CONT_H

#define CONT_LEVELS	2

/* Whole, and never in part. */
static void cont_whole(struct kunit *test, struct fmt_ctx *ctx, unsigned int level)
{
	const u64 size = TEST_CONT_SIZE(level), span = TEST_SPAN(level);
	const u64 iova = 2 * size;
	size_t mapped;

	ctx_map(test, ctx, iova, TEST_PADDR, size, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	ctx_check(test, ctx);
	ctx_lookup(test, ctx, iova + span);
	ctx_lookup(test, ctx, iova + size - 1);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			ctx_raw_map(ctx, iova + span, TEST_PADDR, GRANULE, TEST_RW,
				    &mapped));
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, iova + span, span), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, iova + GRANULE, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, iova + size - span, size), 0);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova, GRANULE);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 0);
	ctx_check(test, ctx);

	/* A range that ends within the first of two takes that one. */
	ctx_map(test, ctx, iova, TEST_PADDR, 2 * size, TEST_RW);
	ctx_unmap(test, ctx, iova - span, size);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova + size, size);
}

/* Next to pages of one entry each. */
static void cont_neighbours(struct kunit *test, struct fmt_ctx *ctx, unsigned int level)
{
	const u64 size = TEST_CONT_SIZE(level), span = TEST_SPAN(level);
	const u64 iova = 2 * size;

	ctx_map(test, ctx, iova - span, TEST_PADDR - span, size + 2 * span, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 3);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova - span, size + 2 * span);
	ctx_check(test, ctx);

	/* The addresses would have to be aligned alike. */
	ctx_map(test, ctx, iova, TEST_PADDR + span, size, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), size / span);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova, size);
}

/* Something is where one of the entries would be. */
static void cont_in_the_way(struct kunit *test, struct fmt_ctx *ctx, unsigned int level)
{
	const u64 size = TEST_CONT_SIZE(level);
	const u64 iova = 2 * size, middle = iova + size / 2;
	unsigned int syncs = ctx->syncs;

	ctx_map(test, ctx, middle, TEST_PADDR, GRANULE, TEST_RW);
	ctx_map(test, ctx, iova - size, TEST_PADDR, 3 * size, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 2);
	KUNIT_EXPECT_EQ(test, ctx->syncs, syncs);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova - size, size);

	/* Only an empty table, above level 0. */
	ctx_unmap(test, ctx, middle, GRANULE);
	ctx_map(test, ctx, iova, TEST_PADDR, size, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	KUNIT_EXPECT_EQ(test, ctx->syncs, syncs + level);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova, size);

	/* An empty table before what is in use: nothing is mapped there. */
	ctx_map(test, ctx, iova, TEST_PADDR, GRANULE, TEST_RW);
	ctx_map(test, ctx, middle, TEST_PADDR, GRANULE, TEST_RW);
	ctx_unmap(test, ctx, iova, GRANULE);
	ctx_map(test, ctx, iova, TEST_PADDR, size, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, middle, GRANULE);
}

static void fmt_test_cont(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned int level;

	for (level = 0; level < CONT_LEVELS; level++) {
		cont_whole(test, ctx, level);
		cont_neighbours(test, ctx, level);
		cont_in_the_way(test, ctx, level);
	}
	ctx_finish(test, ctx);
}

/* Without a sync function, pages of one entry fill what is left. */
static void fmt_test_cont_keep_tables(struct kunit *test)
{
	const u64 size = TEST_CONT_SIZE(1), iova = 2 * size, middle = iova + size / 2;
	struct pgt_params params;
	struct fmt_ctx *ctx;
	size_t mapped;
	long tables;
	u64 off;

	ctx_params(&params, test->param_value);
	params.sync = NULL;
	ctx = ctx_new(test, &params);
	ctx_map(test, ctx, middle, TEST_PADDR, GRANULE, TEST_RW);
	ctx_unmap(test, ctx, middle, GRANULE);
	tables = seam_tables();
	KUNIT_EXPECT_EQ(test, 0, ctx_raw_map(ctx, iova, TEST_PADDR, size, TEST_RW, &mapped));
	KUNIT_EXPECT_EQ(test, mapped, size);
	KUNIT_EXPECT_EQ(test, seam_tables(), tables);
	for (off = 0; off < size; off += BLOCK / 2)
		KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova + off), TEST_PADDR + off);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, iova, BLOCK), BLOCK);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, iova, size), size);

	/* A leaf further on: nothing is mapped. */
	ctx_map(test, ctx, middle, TEST_PADDR, BLOCK, TEST_RW);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			ctx_raw_map(ctx, iova, TEST_PADDR, size, TEST_RW, &mapped));
	KUNIT_EXPECT_EQ(test, mapped, 0);
	ctx_finish(test, ctx);
}

/* One entry that is dirty makes all of its page dirty. */
static void fmt_test_cont_dirty(struct kunit *test)
{
	struct fmt_ctx *ctx = dirty_start(test, FMT_PGSIZES);
	unsigned int level;

	if (!ctx)
		return;
	for (level = 0; level < CONT_LEVELS; level++) {
		const u64 size = TEST_CONT_SIZE(level), span = TEST_SPAN(level);
		const u64 iova = 2 * size;

		ctx_map(test, ctx, iova, TEST_PADDR, 2 * size, TEST_RW);
		dirty_read(test, ctx, 0, 16 * size, 0, iova, 2 * size);
		ctx->clean = true;
		ctx_check(test, ctx);

		dirty_set(ctx, iova + 3 * span);
		dirty_set(ctx, iova + size - span);
		dirty_read(test, ctx, iova, span, IOMMU_DIRTY_NO_CLEAR, iova, size);
		dirty_read(test, ctx, iova + size, size, 0, 0, 0);
		dirty_read(test, ctx, 0, 16 * size, 0, iova, size);
		dirty_read(test, ctx, 0, 16 * size, 0, 0, 0);
		ctx_check(test, ctx);

		/* From its middle on, it is reported to its end, and kept. */
		dirty_set(ctx, iova);
		dirty_read(test, ctx, iova + size - span, GRANULE, 0, iova + size - span,
			   span);
		dirty_read(test, ctx, iova, GRANULE, 0, iova, size);
		dirty_read(test, ctx, 0, 16 * size, 0, 0, 0);
		ctx_unmap(test, ctx, iova, 2 * size);
		ctx->clean = false;
	}
	ctx_finish(test, ctx);
}

/* All of a page's lines once, and one fence. */
static void fmt_test_cont_cost(struct kunit *test)
{
	const struct fmt_config config = { FMT_USUAL_LEVELS, false };
	struct pgt_params params;
	struct fmt_ctx *ctx;
	unsigned int level;

	ctx_params(&params, &config);
	ctx = ctx_new(test, &params);
	for (level = 0; level < CONT_LEVELS; level++) {
		const u64 size = TEST_CONT_SIZE(level);
		unsigned long lines = size / TEST_SPAN(level) * sizeof(u64) / SEAM_LINE;

		/* The tables are there. */
		ctx_map(test, ctx, 0, TEST_PADDR, GRANULE, TEST_RW);
		ctx_unmap(test, ctx, 0, GRANULE);
		seam_reset();
		ctx_map(test, ctx, size, TEST_PADDR, size, TEST_RW);
		KUNIT_EXPECT_EQ(test, seam.lines, lines);
		KUNIT_EXPECT_EQ(test, seam.fences, 1);
		seam_reset();
		ctx_unmap(test, ctx, size, size);
		KUNIT_EXPECT_EQ(test, seam.lines, lines);
		KUNIT_EXPECT_EQ(test, seam.fences, 1);
	}
	ctx_finish(test, ctx);
}

/* The cases, a suite of their own. */
static struct kunit_case fmt_cont_cases[] = {
	KUNIT_CASE_PARAM(fmt_test_cont, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_cont_keep_tables, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_cont_dirty, fmt_gen_params),
	KUNIT_CASE(fmt_test_cont_cost),
	{}
};

#endif /* __IOMMU_PGTABLE_FORMAT_TEST_CONT_H */
