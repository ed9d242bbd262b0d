/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of a page-table format, compiled per format against the walker.
 *
 * A format's *_test.c includes the format's header, defines what format_numbers.h
 * asks for, includes this file, and has one suite of fmt_cases and one of its own.
 */
#ifndef __IOMMU_PGTABLE_FORMAT_TEST_H
#define __IOMMU_PGTABLE_FORMAT_TEST_H

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>

#include "format_seam.h"
#include "ops.h"
#include "format_check.h"

static const struct fmt_config fmt_configs[] = {
	{ 4, false }, { 4, true }, { 5, false }, { 5, true },
	{ 3, false }, { 3, true }, { 2, false }, { 2, true },
};

static const void *fmt_gen_params(const void *prev, char *desc)
{
	const struct fmt_config *c = prev ? (const struct fmt_config *)prev + 1 :
					    fmt_configs;
	const struct fmt_config *end = fmt_configs + ARRAY_SIZE(fmt_configs);

	while (c < end && (c->levels < FMT_MIN_LEVELS || c->levels > FMT_MAX_LEVELS))
		c++;
	if (c == end)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u levels, %s", c->levels,
		 c->coherent ? "coherent" : "not coherent");
	return c;
}

/* Parameters that hardware cannot do are refused. */
static void fmt_test_params(struct kunit *test)
{
	const struct fmt_config config = { FMT_MAX_LEVELS, false };
	struct pgt_params good, bad;
	struct pgt pgt;

	seam_reset();
	ctx_params(&good, &config);
#define REFUSED(field, value) do {						\
		bad = good;							\
		bad.field = (value);						\
		KUNIT_EXPECT_EQ(test, pgt_init(&pgt, &bad), -EINVAL);		\
	} while (0)
	REFUSED(levels, FMT_MIN_LEVELS - 1);
	REFUSED(levels, FMT_MAX_LEVELS + 1);
	REFUSED(iova_bits, good.iova_bits + 1);
	REFUSED(iova_bits, TEST_GRANULE_SHIFT);
	REFUSED(paddr_bits, 53);
	REFUSED(paddr_bits, TEST_GRANULE_SHIFT - 1);
	REFUSED(pgsize_bitmap, 0);
	REFUSED(pgsize_bitmap, BLOCK);
	REFUSED(pgsize_bitmap, GRANULE | GRANULE << 1);
#undef REFUSED
	/* No memory is where hardware's addresses end. */
	bad = good;
	bad.paddr_bits = TEST_GRANULE_SHIFT;
	KUNIT_EXPECT_EQ(test, pgt_init(&pgt, &bad), -ENOMEM);
	KUNIT_EXPECT_EQ(test, seam_tables(), 0);
	seam.allocs = 0;
	seam.fail_at = 1;
	KUNIT_EXPECT_EQ(test, pgt_init(&pgt, &good), -ENOMEM);
	KUNIT_EXPECT_EQ(test, seam_tables(), 0);
}

/* Map, look at and unmap one page. */
static void fmt_one_page(struct kunit *test, struct fmt_ctx *ctx, u64 iova, u64 size)
{
	ctx_map(test, ctx, iova, TEST_PADDR + size, size, TEST_RW);
	ctx_lookup(test, ctx, iova);
	ctx_lookup(test, ctx, iova + size / 2 + 1);
	ctx_lookup(test, ctx, iova + size - 1);
	ctx_lookup(test, ctx, iova - 1);
	ctx_lookup(test, ctx, iova + size);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, iova, size);
	ctx_lookup(test, ctx, iova);
	ctx_check(test, ctx);
}

/* Every page size at the bottom, at the top and behind each level's boundary. */
static void fmt_test_sizes(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	u64 top = (u64)ctx->pgt.iova_last + 1;
	unsigned int level, bit;

	for (bit = TEST_GRANULE_SHIFT; bit < BITS_PER_LONG; bit++) {
		u64 size = 1ull << bit;

		if (!(FMT_PGSIZES & size))
			continue;
		fmt_one_page(test, ctx, 0, size);
		fmt_one_page(test, ctx, top - size, size);
		for (level = 1; level < ctx->pgt.levels; level++) {
			u64 boundary = TEST_SPAN(level);

			if (boundary >= size && boundary < top)
				fmt_one_page(test, ctx, boundary, size);
		}
	}
	ctx_finish(test, ctx);
}

/* Two granules astride each level's boundary, and a run of mixed sizes. */
static void fmt_test_boundaries(struct kunit *test)
{
	const u64 lead = HUGE_LEVEL == 2 ? BLOCK + GRANULE : GRANULE;
	struct fmt_ctx *ctx = ctx_start_plain(test);
	unsigned int level;

	for (level = 1; level <= ctx->pgt.levels; level++) {
		u64 boundary = TEST_SPAN(level);

		if (boundary > ctx->pgt.iova_last)
			continue;
		ctx_map(test, ctx, boundary - GRANULE, TEST_PADDR, 2 * GRANULE, TEST_RW);
		ctx_check(test, ctx);
		ctx_lookup(test, ctx, boundary - 1);
		ctx_lookup(test, ctx, boundary);
		ctx_unmap(test, ctx, boundary - GRANULE, 2 * GRANULE);
	}

	/* A granule, perhaps a block, the largest page, and back again. */
	ctx_map(test, ctx, HUGE - lead, TEST_PADDR - lead, HUGE + 2 * lead, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), HUGE_LEVEL == 2 ? 5 : 3);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, HUGE - lead + GRANULE, HUGE + lead - GRANULE);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, 0, 4 * HUGE);
	ctx_finish(test, ctx);
}

/* Each error, and that it changes nothing. */
static void fmt_test_errors(struct kunit *test)
{
	const u64 within = HUGE_LEVEL == 2 ? BLOCK : 0;	/* of a page, for smaller ones */
	const u64 tables = 2 * HUGE, leaf = 4 * HUGE;
	struct fmt_ctx *ctx = ctx_start(test);
	u64 top = (u64)ctx->pgt.iova_last + 1;
	struct iommu_dirty_bitmap dirty = {};
	size_t mapped;

#define ERROR(iova, paddr, len, prot, error) do {				\
		mapped = 1;							\
		KUNIT_EXPECT_EQ(test, error,					\
				ctx_raw_map(ctx, iova, paddr, len, prot, &mapped)); \
		KUNIT_EXPECT_EQ(test, mapped, 0);				\
	} while (0)
	ERROR(top, TEST_PADDR, GRANULE, TEST_RW, -ERANGE);
	ERROR(top - GRANULE, TEST_PADDR, 2 * GRANULE, TEST_RW, -ERANGE);
	ERROR(-GRANULE, TEST_PADDR, 2 * GRANULE, TEST_RW, -ERANGE);
	ERROR(0, BIT_ULL(TEST_PADDR_BITS), GRANULE, TEST_RW, -ERANGE);
	ERROR(0, BIT_ULL(TEST_PADDR_BITS) - GRANULE, 2 * GRANULE, TEST_RW, -ERANGE);
	ERROR(0, TEST_PADDR, 0, TEST_RW, -ERANGE);
	ERROR(1, TEST_PADDR, GRANULE, TEST_RW, -EINVAL);
	ERROR(0, TEST_PADDR + 1, GRANULE, TEST_RW, -EINVAL);
	ERROR(0, TEST_PADDR, GRANULE + 1, TEST_RW, -EINVAL);
	ERROR(0, TEST_PADDR, GRANULE, 0, -EINVAL);
	ERROR(0, TEST_PADDR, GRANULE, IOMMU_CACHE, -EINVAL);
	KUNIT_EXPECT_EQ(test, seam_tables(), ctx_tops(ctx));

	ctx_map(test, ctx, tables + within, TEST_PADDR, GRANULE, TEST_RW);
	ctx_map(test, ctx, leaf, TEST_PADDR, HUGE, IOMMU_READ);
	ERROR(tables + within, TEST_PADDR, GRANULE, TEST_RW, -EEXIST);
	ERROR(tables + within, TEST_PADDR, BLOCK, TEST_RW, -EEXIST);
	ERROR(tables, TEST_PADDR, HUGE, TEST_RW, -EEXIST);
	ERROR(leaf + GRANULE, TEST_PADDR, GRANULE, TEST_RW, -EEXIST);
	ERROR(leaf + within, TEST_PADDR, BLOCK, TEST_RW, -EEXIST);
	ctx_map(test, ctx, tables + within - 2 * GRANULE, TEST_PADDR, 4 * GRANULE,
		TEST_RW);
	ctx_map(test, ctx, leaf - 2 * BLOCK, TEST_PADDR, 4 * BLOCK, TEST_RW);
#undef ERROR
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, top, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, top - GRANULE, 2 * GRANULE), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, tables + within + 1, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, tables + within, 0), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, top), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, ~0ul), 0);
	KUNIT_EXPECT_EQ(test, pgt_read_dirty(&ctx->pgt, top, GRANULE, 0, &dirty), -ERANGE);
	ctx_finish(test, ctx);
}

/* Large pages are unmapped whole from their beginning, and not at all otherwise. */
static void fmt_test_partial(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);

	ctx_map(test, ctx, BLOCK, TEST_PADDR, 2 * BLOCK, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, BLOCK + GRANULE, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, BLOCK + GRANULE, 2 * BLOCK), 0);
	ctx_unmap(test, ctx, BLOCK - GRANULE, 2 * GRANULE);
	ctx_lookup(test, ctx, BLOCK);
	ctx_lookup(test, ctx, 2 * BLOCK);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	ctx_unmap(test, ctx, 2 * BLOCK, GRANULE);
	ctx_check(test, ctx);

	ctx_map(test, ctx, HUGE, TEST_PADDR, HUGE, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, HUGE + HUGE / 2, HUGE / 2), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, HUGE + GRANULE, GRANULE), 0);
	ctx_unmap(test, ctx, HUGE - BLOCK, 2 * BLOCK);
	ctx_check(test, ctx);

	/* Holes are passed over. */
	ctx_map(test, ctx, BLOCK / 2, TEST_PADDR, GRANULE, TEST_RW);
	ctx_map(test, ctx, HUGE, TEST_PADDR, GRANULE, TEST_RW);
	ctx_unmap(test, ctx, 0, HUGE + GRANULE);
	ctx_unmap(test, ctx, 0, HUGE + GRANULE);
	ctx_finish(test, ctx);
}

/* Leave tables without leaves below [0, HUGE): unmap by granules frees none. */
static void fmt_leave_tables(struct kunit *test, struct fmt_ctx *ctx)
{
	ctx_map(test, ctx, BLOCK - GRANULE, TEST_PADDR, 2 * GRANULE, TEST_RW);
	ctx_map(test, ctx, 4 * BLOCK, TEST_PADDR, GRANULE, TEST_RW);
	ctx_unmap(test, ctx, BLOCK - GRANULE, GRANULE);
	ctx_unmap(test, ctx, BLOCK, GRANULE);
	ctx_unmap(test, ctx, 4 * BLOCK, GRANULE);
	ctx_check(test, ctx);
}

/* Tables that lie in the way of a large page. */
static void fmt_test_displace(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned int syncs = 1;
	long tables;

	fmt_leave_tables(test, ctx);
	tables = seam_tables();
	ctx_map(test, ctx, 0, TEST_PADDR, 8 * BLOCK, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 8);
	KUNIT_EXPECT_EQ(test, ctx->syncs, syncs);
	KUNIT_EXPECT_EQ(test, ctx->sync_iova, 0);
	KUNIT_EXPECT_EQ(test, ctx->sync_len, 8 * BLOCK);
	KUNIT_EXPECT_EQ(test, seam_tables(), tables - 3);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, 0, 8 * BLOCK);

	if (HUGE_LEVEL == 2) {
		/* Two levels of tables make way for one page. */
		fmt_leave_tables(test, ctx);
		ctx_map(test, ctx, 0, TEST_PADDR, HUGE, TEST_RW);
		KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
		KUNIT_EXPECT_EQ(test, ctx->syncs, ++syncs);
		KUNIT_EXPECT_EQ(test, seam_tables(), tables - 4);
		ctx_check(test, ctx);
		ctx_unmap(test, ctx, 0, HUGE);
	}

	/* What is in use stays, and so does what lies behind it. */
	fmt_leave_tables(test, ctx);
	ctx_map(test, ctx, 2 * BLOCK, TEST_PADDR, GRANULE, TEST_RW);
	ctx_map(test, ctx, 0, TEST_PADDR, 8 * BLOCK, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx->syncs, ++syncs);
	KUNIT_EXPECT_EQ(test, ctx->sync_len, 2 * BLOCK);
	KUNIT_EXPECT_EQ(test, seam_tables(), tables - 1);
	ctx_finish(test, ctx);
}

/* Without a sync function, smaller pages go into the tables that are there. */
static void fmt_test_keep_tables(struct kunit *test)
{
	const u64 len = HUGE_LEVEL == 2 ? HUGE : 8 * BLOCK;
	struct pgt_params params;
	struct fmt_ctx *ctx;
	size_t mapped;
	long tables;
	u64 iova;

	ctx_params(&params, test->param_value);
	params.sync = NULL;
	ctx = ctx_new(test, &params);
	fmt_leave_tables(test, ctx);
	tables = seam_tables();
	KUNIT_EXPECT_EQ(test, ctx_raw_map(ctx, 0, TEST_PADDR, len + GRANULE, TEST_RW,
					  &mapped), 0);
	KUNIT_EXPECT_EQ(test, mapped, len + GRANULE);
	KUNIT_EXPECT_EQ(test, seam_tables(), tables + (HUGE_LEVEL == 2 ? 2 : 1));
	for (iova = 0; iova < len; iova += BLOCK / 2 - GRANULE)
		KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova), TEST_PADDR + iova);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, 0, len), len);
	KUNIT_EXPECT_EQ(test, seam_tables(), tables - 2);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, len, GRANULE), GRANULE);

	/* In use after all: an exact error, and only what came before it. */
	fmt_leave_tables(test, ctx);
	ctx_map(test, ctx, BLOCK / 2, TEST_PADDR, GRANULE, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_map(ctx, 0, TEST_PADDR, BLOCK, TEST_RW, &mapped),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, mapped, BLOCK / 2);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, 0, BLOCK / 2), BLOCK / 2);
	ctx_finish(test, ctx);
}

/* The n-th allocation fails, for every n. */
static void fmt_test_enomem(struct kunit *test)
{
	const u64 len = 2 * BLOCK + 2 * GRANULE;
	struct fmt_ctx *ctx = ctx_start(test);
	const bool low = ctx->pgt.levels == 2;	/* nothing is above the blocks */
	const u64 iova = (low ? 4 * BLOCK : TEST_SPAN(2)) - BLOCK - GRANULE;
	const u64 paddr = TEST_PADDR - BLOCK - GRANULE;
	unsigned long n;
	int ret;

	for (n = 1; n < 20; n++) {
		size_t mapped = 1;

		seam.allocs = 0;
		seam.fail_at = n;
		ret = ctx_raw_map(ctx, iova, paddr, len, TEST_RW, &mapped);
		seam.fail_at = 0;
		model_map(&ctx->model, iova, paddr, mapped, TEST_RW);
		KUNIT_EXPECT_EQ(test, ret, mapped == len ? 0 : -ENOMEM);
		ctx_check(test, ctx);
		if (mapped)
			ctx_unmap(test, ctx, iova, mapped);
		ctx_raw_unmap(ctx, 0, ctx->pgt.iova_last + 1);
		KUNIT_EXPECT_EQ(test, seam_tables(), ctx_tops(ctx));
		if (!ret)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	/* Down to level 0 on either side; the blocks share the way. */
	KUNIT_EXPECT_EQ(test, n, low ? 3 : ctx->pgt.levels + 2);
	ctx_finish(test, ctx);
}

#include "format_test_ops.h"

/* The cases of every format. */
static struct kunit_case fmt_cases[] = {
	KUNIT_CASE(fmt_test_params),
	KUNIT_CASE_PARAM(fmt_test_sizes, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_boundaries, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_errors, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_partial, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_displace, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_keep_tables, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_enomem, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_random, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_sg, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_sg_errors, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_dirty, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_lost_race, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_unsettled, fmt_gen_params),
	KUNIT_CASE_PARAM(fmt_test_concurrent, fmt_gen_params),
	KUNIT_CASE(fmt_test_cost),
	{}
};

#endif /* __IOMMU_PGTABLE_FORMAT_TEST_H */
