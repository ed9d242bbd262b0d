/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every page-table test stands on: a table with its model, operations that
 * are compared with the model, and a check of the whole structure that shares
 * no code with the walker.  Included by format_test.h, behind ops.h.
 */
#ifndef __IOMMU_PGTABLE_FORMAT_CHECK_H
#define __IOMMU_PGTABLE_FORMAT_CHECK_H

#include <kunit/test.h>

#include "format_numbers.h"
#include "model.h"

#define TEST_RW		(IOMMU_READ | IOMMU_WRITE)

/* One configuration that tests run in. */
struct fmt_config {
	u8 levels;
	bool coherent;
};

struct fmt_ctx {
	struct pgt pgt;		/* first, for the sync function */
	struct model model;
	bool clean;		/* every leaf has been read as dirty, and cleared */
	unsigned int syncs;
	u64 sync_iova, sync_len;
};

static void ctx_free_list(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		seam_free_page(page);
	}
}

static void ctx_sync(struct pgt *pgt, unsigned long iova, size_t len,
		     struct list_head *freelist)
{
	struct fmt_ctx *ctx = container_of(pgt, struct fmt_ctx, pgt);

	ctx->syncs++;
	ctx->sync_iova = iova;
	ctx->sync_len = len;
	ctx_free_list(freelist);
}

static void ctx_params(struct pgt_params *params, const struct fmt_config *config)
{
	*params = (struct pgt_params) {
		.pgsize_bitmap = FMT_PGSIZES,
		.sync = ctx_sync,
		.nid = NUMA_NO_NODE,
		.iova_bits = TEST_IOVA_BITS(config->levels),
		.paddr_bits = TEST_PADDR_BITS,
		.levels = config->levels,
		.coherent = config->coherent,
	};
}

static struct fmt_ctx *ctx_new(struct kunit *test, const struct pgt_params *params)
{
	struct fmt_ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	seam_reset();
	KUNIT_ASSERT_EQ(test, seam_tables(), 0);
	KUNIT_ASSERT_EQ(test, pgt_init(&ctx->pgt, params), 0);
	model_init(&ctx->model, params->pgsize_bitmap);
	return ctx;
}

/* The configuration of a parameterised test. */
static struct fmt_ctx *ctx_start(struct kunit *test)
{
	struct pgt_params params;

	ctx_params(&params, test->param_value);
	return ctx_new(test, &params);
}

/* The same, where pages have one entry each. */
static struct fmt_ctx *ctx_start_plain(struct kunit *test)
{
	struct pgt_params params;

	ctx_params(&params, test->param_value);
	params.pgsize_bitmap = TEST_PLAIN_SIZES;
	return ctx_new(test, &params);
}

/* Tables of an empty structure: what is concatenated at the top. */
static long ctx_tops(const struct fmt_ctx *ctx)
{
	u64 span = TEST_SPAN(ctx->pgt.levels);

	return ((u64)ctx->pgt.iova_last + span) / span;
}

static noinline int ctx_raw_map(struct fmt_ctx *ctx, u64 iova, u64 paddr, u64 len,
				int prot, size_t *mapped)
{
	return pgt_map(&ctx->pgt, iova, paddr, len, prot, GFP_KERNEL, mapped);
}

/* Map, expecting what the model says. */
static void ctx_map(struct kunit *test, struct fmt_ctx *ctx, u64 iova, u64 paddr,
		    u64 len, int prot)
{
	u64 want = model_map(&ctx->model, iova, paddr, len, prot);
	size_t mapped = 1;
	int ret = ctx_raw_map(ctx, iova, paddr, len, prot, &mapped);

	KUNIT_EXPECT_EQ_MSG(test, ret, want == len ? 0 : -EEXIST,
			    "map %llx -> %llx, %llx", iova, paddr, len);
	KUNIT_EXPECT_EQ_MSG(test, mapped, want,
			    "map %llx -> %llx, %llx", iova, paddr, len);
}

static noinline size_t ctx_raw_unmap(struct fmt_ctx *ctx, u64 iova, u64 len)
{
	struct iommu_iotlb_gather gather;
	size_t unmapped;

	iommu_iotlb_gather_init(&gather);
	unmapped = pgt_unmap(&ctx->pgt, iova, len, &gather);
	ctx_free_list(&gather.freelist);
	return unmapped;
}

/* Unmap, expecting what the model says. */
static void ctx_unmap(struct kunit *test, struct fmt_ctx *ctx, u64 iova, u64 len)
{
	u64 want = model_unmap(&ctx->model, iova, len);
	size_t got = ctx_raw_unmap(ctx, iova, len);

	/* A detached empty table counts as something, see pgtable.h. */
	if (!want && got == len)
		want = len;
	KUNIT_EXPECT_EQ_MSG(test, got, want, "unmap %llx, %llx", iova, len);
}

static noinline u64 ctx_raw_lookup(struct fmt_ctx *ctx, u64 iova)
{
	return pgt_iova_to_phys(&ctx->pgt, iova);
}

static void ctx_lookup(struct kunit *test, struct fmt_ctx *ctx, u64 iova)
{
	KUNIT_EXPECT_EQ_MSG(test, ctx_raw_lookup(ctx, iova),
			    model_lookup(&ctx->model, iova), "lookup %llx", iova);
}

/* The state of a walk over the whole structure. */
struct fmt_walk {
	struct kunit *test;
	struct fmt_ctx *ctx;
	const struct model_run *run;	/* the one that comes next */
	u64 offset;			/* in run */
	long tables;
	unsigned int bad;
};

static void walk_complain(struct fmt_walk *w, const char *what, u64 iova, u64 entry)
{
	if (!w->bad++)
		kunit_err(w->test, "%s at %llx: %llx\n", what, iova, entry);
}

/* Whether pages of this size are made of entries of this level. */
static bool walk_is_level(u64 pgsize, unsigned int level)
{
	return pgsize >= TEST_SPAN(level) && pgsize < TEST_SPAN(level + 1);
}

static void walk_leaf(struct fmt_walk *w, u64 iova, unsigned int level, u64 entry)
{
	const struct model_run *run = w->run;
	u64 want;

	if (list_entry_is_head(run, &w->ctx->model.runs, list) ||
	    run->iova + w->offset != iova || !walk_is_level(run->pgsize, level)) {
		walk_complain(w, "unexpected leaf", iova, entry);
		return;
	}
	want = TEST_ENTRY(run->paddr + w->offset) |
	       test_leaf_bits(&w->ctx->pgt, run->prot, level);
	if (run->pgsize != TEST_SPAN(level))
		want |= TEST_CONT;
	if (w->ctx->clean)
		want = TEST_CLEAN(want);
	if (entry != want)
		walk_complain(w, "wrong leaf", iova, entry);
	w->offset += TEST_SPAN(level);
	if (w->offset == run->len) {
		w->run = list_next_entry(run, list);
		w->offset = 0;
	}
}

static void walk_table(struct fmt_walk *w, const u64 *table, unsigned int level,
		       u64 iova)
{
	unsigned int i;

	w->tables++;
	for (i = 0; i < TEST_ENTRIES; i++, iova += TEST_SPAN(level)) {
		u64 entry = table[i];
		u64 seen = w->ctx->pgt.coherent ? entry : *seam_shadow(&table[i]);

		/* Only the mark may differ: hardware ignores it. */
		if ((entry ^ seen) & ~TEST_MARK)
			walk_complain(w, "not in memory", iova, entry);
		if (!entry)
			continue;
		if (!level || (entry & TEST_TABLE_BIT) != TEST_TABLE_IF) {
			walk_leaf(w, iova, level, entry);
			continue;
		}
		if (entry != (TEST_ENTRY(TEST_PADDR_OF(entry)) | TEST_LINK_BITS |
			      TEST_MARK))
			walk_complain(w, "wrong link", iova, entry);
		walk_table(w, phys_to_virt(TEST_PADDR_OF(entry)), level - 1, iova);
	}
}

/* What hardware sees is the model, and no table is lost. */
static void ctx_check(struct kunit *test, struct fmt_ctx *ctx)
{
	struct fmt_walk w = {
		.test = test,
		.ctx = ctx,
		.run = list_first_entry(&ctx->model.runs, struct model_run, list),
	};
	long i;

	for (i = 0; i < ctx_tops(ctx); i++)
		walk_table(&w, ctx->pgt.top + i * TEST_ENTRIES, ctx->pgt.levels - 1,
			   i * TEST_SPAN(ctx->pgt.levels));
	KUNIT_EXPECT_EQ(test, w.bad, 0);
	KUNIT_EXPECT_TRUE(test, list_entry_is_head(w.run, &ctx->model.runs, list));
	KUNIT_EXPECT_EQ(test, w.tables, seam_tables());
	KUNIT_EXPECT_EQ(test, seam.early, 0);
	KUNIT_EXPECT_EQ(test, seam.empty, 0);
	if (ctx->pgt.coherent)
		KUNIT_EXPECT_EQ(test, seam.lines, 0);
	if (ctx->pgt.coherent && IS_ENABLED(CONFIG_X86))
		KUNIT_EXPECT_EQ(test, seam.fences, 0);
}

static void ctx_finish(struct kunit *test, struct fmt_ctx *ctx)
{
	ctx_check(test, ctx);
	pgt_free(&ctx->pgt);
	model_destroy(&ctx->model);
	KUNIT_EXPECT_EQ(test, seam_tables(), 0);
}

#endif /* __IOMMU_PGTABLE_FORMAT_CHECK_H */
