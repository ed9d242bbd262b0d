/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of a page-table format, compiled per format against the walker.
 *
 * A format's *_test.c includes the format's header, defines what format_check.h
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
	{ 3, false }, { 3, true },	/* last, for formats without */
};

static const void *fmt_gen_params(const void *prev, char *desc)
{
	const struct fmt_config *c = prev ? (const struct fmt_config *)prev + 1 :
					    fmt_configs;

	if (c == fmt_configs + ARRAY_SIZE(fmt_configs) || c->levels < FMT_MIN_LEVELS)
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
	REFUSED(iova_bits, 12);
	REFUSED(paddr_bits, 53);
	REFUSED(paddr_bits, 11);
	REFUSED(pgsize_bitmap, 0);
	REFUSED(pgsize_bitmap, SZ_2M);
	REFUSED(pgsize_bitmap, SZ_4K | SZ_64K);
#undef REFUSED
	seam.fail_at = 1;
	KUNIT_EXPECT_EQ(test, pgt_init(&pgt, &good), -ENOMEM);
	KUNIT_EXPECT_EQ(test, seam.live, 0);
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

	for (bit = 12; bit <= 30; bit++) {
		u64 size = 1ull << bit;

		if (!(FMT_PGSIZES & size))
			continue;
		fmt_one_page(test, ctx, 0, size);
		fmt_one_page(test, ctx, top - size, size);
		for (level = 1; level < ctx->pgt.levels; level++) {
			u64 boundary = 1ull << (12 + 9 * level);

			if (boundary >= size && boundary < top)
				fmt_one_page(test, ctx, boundary, size);
		}
	}
	ctx_finish(test, ctx);
}

/* Two granules astride each level's boundary, and a run of mixed sizes. */
static void fmt_test_boundaries(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned int level;

	for (level = 1; level < ctx->pgt.levels; level++) {
		u64 boundary = 1ull << (12 + 9 * level);

		if (boundary > ctx->pgt.iova_last)
			continue;
		ctx_map(test, ctx, boundary - SZ_4K, TEST_PADDR, 2 * SZ_4K, TEST_RW);
		ctx_check(test, ctx);
		ctx_lookup(test, ctx, boundary - 1);
		ctx_lookup(test, ctx, boundary);
		ctx_unmap(test, ctx, boundary - SZ_4K, 2 * SZ_4K);
	}

	/* 4K, 2M, 1G, 2M, 4K. */
	ctx_map(test, ctx, SZ_1G - SZ_2M - SZ_4K, TEST_PADDR - SZ_2M - SZ_4K,
		SZ_1G + 2 * SZ_2M + 2 * SZ_4K, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 5);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, SZ_1G - SZ_2M, SZ_1G + SZ_2M);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, 0, 4ul * SZ_1G);
	ctx_finish(test, ctx);
}

/* Each error, and that it changes nothing. */
static void fmt_test_errors(struct kunit *test)
{
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
	ERROR(top, TEST_PADDR, SZ_4K, TEST_RW, -ERANGE);
	ERROR(top - SZ_4K, TEST_PADDR, SZ_8K, TEST_RW, -ERANGE);
	ERROR(-SZ_4K, TEST_PADDR, SZ_8K, TEST_RW, -ERANGE);
	ERROR(0, BIT_ULL(TEST_PADDR_BITS), SZ_4K, TEST_RW, -ERANGE);
	ERROR(0, BIT_ULL(TEST_PADDR_BITS) - SZ_4K, SZ_8K, TEST_RW, -ERANGE);
	ERROR(0, TEST_PADDR, 0, TEST_RW, -ERANGE);
	ERROR(1, TEST_PADDR, SZ_4K, TEST_RW, -EINVAL);
	ERROR(0, TEST_PADDR + 1, SZ_4K, TEST_RW, -EINVAL);
	ERROR(0, TEST_PADDR, SZ_4K + 1, TEST_RW, -EINVAL);
	ERROR(0, TEST_PADDR, SZ_4K, 0, -EINVAL);
	ERROR(0, TEST_PADDR, SZ_4K, IOMMU_CACHE, -EINVAL);
	KUNIT_EXPECT_EQ(test, seam.live, 1);

	ctx_map(test, ctx, SZ_2M, TEST_PADDR, SZ_4K, TEST_RW);
	ctx_map(test, ctx, SZ_1G, TEST_PADDR, SZ_1G, IOMMU_READ);
	ERROR(SZ_2M, TEST_PADDR, SZ_4K, TEST_RW, -EEXIST);
	ERROR(SZ_2M, TEST_PADDR, SZ_2M, TEST_RW, -EEXIST);
	ERROR(0, TEST_PADDR, SZ_1G, TEST_RW, -EEXIST);
	ERROR(SZ_1G + SZ_4K, TEST_PADDR, SZ_4K, TEST_RW, -EEXIST);
	ERROR(SZ_1G + SZ_2M, TEST_PADDR, SZ_2M, TEST_RW, -EEXIST);
	ctx_map(test, ctx, SZ_2M - SZ_8K, TEST_PADDR, SZ_16K, TEST_RW);
	ctx_map(test, ctx, SZ_1G - SZ_4M, TEST_PADDR, SZ_8M, TEST_RW);
#undef ERROR
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, top, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, top - SZ_4K, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_2M + 1, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_2M, 0), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, top), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, ~0ul), 0);
	KUNIT_EXPECT_EQ(test, pgt_read_dirty(&ctx->pgt, top, SZ_4K, 0, &dirty), -ERANGE);
	ctx_finish(test, ctx);
}

/* Large pages are unmapped whole from their beginning, and not at all otherwise. */
static void fmt_test_partial(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);

	ctx_map(test, ctx, SZ_2M, TEST_PADDR, 2 * SZ_2M, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_2M + SZ_4K, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_2M + SZ_4K, SZ_4M), 0);
	ctx_unmap(test, ctx, SZ_2M - SZ_4K, SZ_8K);
	ctx_lookup(test, ctx, SZ_2M);
	ctx_lookup(test, ctx, SZ_4M);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	ctx_unmap(test, ctx, SZ_4M, SZ_4K);
	ctx_check(test, ctx);

	ctx_map(test, ctx, SZ_1G, TEST_PADDR, SZ_1G, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_1G + SZ_2M, SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_1G + SZ_4K, SZ_4K), 0);
	ctx_unmap(test, ctx, SZ_1G - SZ_2M, SZ_4M);
	ctx_check(test, ctx);

	/* Holes are passed over. */
	ctx_map(test, ctx, SZ_1M, TEST_PADDR, SZ_4K, TEST_RW);
	ctx_map(test, ctx, SZ_1G, TEST_PADDR, SZ_4K, TEST_RW);
	ctx_unmap(test, ctx, 0, SZ_1G + SZ_4K);
	ctx_unmap(test, ctx, 0, SZ_1G + SZ_4K);
	ctx_finish(test, ctx);
}

/* Leave tables without leaves below [0, 1G): unmap by granules frees none. */
static void fmt_leave_tables(struct kunit *test, struct fmt_ctx *ctx)
{
	ctx_map(test, ctx, SZ_2M - SZ_4K, TEST_PADDR, SZ_8K, TEST_RW);
	ctx_map(test, ctx, SZ_8M, TEST_PADDR, SZ_4K, TEST_RW);
	ctx_unmap(test, ctx, SZ_2M - SZ_4K, SZ_4K);
	ctx_unmap(test, ctx, SZ_2M, SZ_4K);
	ctx_unmap(test, ctx, SZ_8M, SZ_4K);
	ctx_check(test, ctx);
}

/* Tables that lie in the way of a large page. */
static void fmt_test_displace(struct kunit *test)
{
	struct fmt_ctx *ctx = ctx_start(test);
	long tables;

	fmt_leave_tables(test, ctx);
	tables = seam.live;
	ctx_map(test, ctx, 0, TEST_PADDR, SZ_16M, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 8);
	KUNIT_EXPECT_EQ(test, ctx->syncs, 1);
	KUNIT_EXPECT_EQ(test, ctx->sync_iova, 0);
	KUNIT_EXPECT_EQ(test, ctx->sync_len, SZ_16M);
	KUNIT_EXPECT_EQ(test, seam.live, tables - 3);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, 0, SZ_16M);

	/* Two levels of tables make way for one page. */
	fmt_leave_tables(test, ctx);
	ctx_map(test, ctx, 0, TEST_PADDR, SZ_1G, TEST_RW);
	KUNIT_EXPECT_EQ(test, model_count(&ctx->model), 1);
	KUNIT_EXPECT_EQ(test, ctx->syncs, 2);
	KUNIT_EXPECT_EQ(test, seam.live, tables - 4);
	ctx_check(test, ctx);
	ctx_unmap(test, ctx, 0, SZ_1G);

	/* What is in use stays, and so does what lies behind it. */
	fmt_leave_tables(test, ctx);
	ctx_map(test, ctx, SZ_4M, TEST_PADDR, SZ_4K, TEST_RW);
	ctx_map(test, ctx, 0, TEST_PADDR, SZ_16M, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx->syncs, 3);
	KUNIT_EXPECT_EQ(test, ctx->sync_len, SZ_4M);
	KUNIT_EXPECT_EQ(test, seam.live, tables - 1);
	ctx_finish(test, ctx);
}

/* Without a sync function, smaller pages go into the tables that are there. */
static void fmt_test_keep_tables(struct kunit *test)
{
	struct pgt_params params;
	struct fmt_ctx *ctx;
	size_t mapped;
	long tables;
	u64 iova;

	ctx_params(&params, test->param_value);
	params.sync = NULL;
	ctx = ctx_new(test, &params);
	fmt_leave_tables(test, ctx);
	tables = seam.live;
	KUNIT_EXPECT_EQ(test, ctx_raw_map(ctx, 0, TEST_PADDR, SZ_1G + SZ_4K, TEST_RW,
					  &mapped), 0);
	KUNIT_EXPECT_EQ(test, mapped, SZ_1G + SZ_4K);
	KUNIT_EXPECT_EQ(test, seam.live, tables + 2);
	for (iova = 0; iova < SZ_1G; iova += SZ_1M - SZ_4K)
		KUNIT_EXPECT_EQ(test, ctx_raw_lookup(ctx, iova), TEST_PADDR + iova);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, 0, SZ_1G), SZ_1G);
	KUNIT_EXPECT_EQ(test, seam.live, tables - 2);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, SZ_1G, SZ_4K), SZ_4K);

	/* In use after all: an exact error, and only what came before it. */
	fmt_leave_tables(test, ctx);
	ctx_map(test, ctx, SZ_1M, TEST_PADDR, SZ_4K, TEST_RW);
	KUNIT_EXPECT_EQ(test, ctx_raw_map(ctx, 0, TEST_PADDR, SZ_2M, TEST_RW, &mapped),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, mapped, SZ_1M);
	KUNIT_EXPECT_EQ(test, ctx_raw_unmap(ctx, 0, SZ_1M), SZ_1M);
	ctx_finish(test, ctx);
}

/* The n-th allocation fails, for every n. */
static void fmt_test_enomem(struct kunit *test)
{
	const u64 iova = SZ_1G - SZ_2M - SZ_4K, len = 2 * SZ_2M + 2 * SZ_4K;
	struct fmt_ctx *ctx = ctx_start(test);
	unsigned long n;
	int ret;

	for (n = 1; n < 20; n++) {
		size_t mapped = 1;

		seam.allocs = 0;
		seam.fail_at = n;
		ret = ctx_raw_map(ctx, iova, TEST_PADDR - SZ_2M - SZ_4K, len, TEST_RW,
				  &mapped);
		seam.fail_at = 0;
		model_map(&ctx->model, iova, TEST_PADDR - SZ_2M - SZ_4K, mapped, TEST_RW);
		KUNIT_EXPECT_EQ(test, ret, mapped == len ? 0 : -ENOMEM);
		ctx_check(test, ctx);
		if (mapped)
			ctx_unmap(test, ctx, iova, mapped);
		ctx_raw_unmap(ctx, 0, ctx->pgt.iova_last + 1);
		KUNIT_EXPECT_EQ(test, seam.live, 1);
		if (!ret)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	/* Down to level 0 on either side of 1G; the pages of 2M share the way. */
	KUNIT_EXPECT_EQ(test, n, ctx->pgt.levels + 2);
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
