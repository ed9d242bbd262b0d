// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle of the page-table tests.  See model.h.
 */
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "model.h"

/**
 * model_init - start with nothing mapped
 * @model: the model
 * @sizes: bitmap of the page sizes to choose from
 */
void model_init(struct model *model, unsigned long sizes)
{
	INIT_LIST_HEAD(&model->runs);
	model->sizes = sizes;
}

/**
 * model_destroy - forget everything
 * @model: the model
 */
void model_destroy(struct model *model)
{
	struct model_run *run, *next;

	list_for_each_entry_safe(run, next, &model->runs, list) {
		list_del(&run->list);
		kfree(run);
	}
}

/**
 * model_find - the run that covers an address
 * @model: the model
 * @iova: the address
 *
 * Return: the run, or NULL if nothing is mapped there.
 */
const struct model_run *model_find(const struct model *model, u64 iova)
{
	const struct model_run *run;

	list_for_each_entry(run, &model->runs, list) {
		if (run->iova <= iova && iova - run->iova < run->len)
			return run;
	}
	return NULL;
}

/**
 * model_lookup - translate
 * @model: the model
 * @iova: the address
 *
 * Return: what it maps to, or 0.
 */
u64 model_lookup(const struct model *model, u64 iova)
{
	const struct model_run *run = model_find(model, iova);

	return run ? run->paddr + (iova - run->iova) : 0;
}

/**
 * model_count - how many pages there are
 * @model: the model
 *
 * Return: pages of any size.
 */
u64 model_count(const struct model *model)
{
	const struct model_run *run;
	u64 count = 0;

	list_for_each_entry(run, &model->runs, list)
		count += run->len / run->pgsize;
	return count;
}

static u64 model_best_size(const struct model *model, u64 iova, u64 paddr, u64 len)
{
	int bit;

	for (bit = BITS_PER_LONG - 1; bit > 0; bit--) {
		u64 size = BIT_ULL(bit);

		if ((model->sizes & size) && size <= len &&
		    iova % size == 0 && paddr % size == 0)
			return size;
	}
	return 0;
}

static bool model_overlaps(const struct model *model, u64 iova, u64 len)
{
	const struct model_run *run;

	list_for_each_entry(run, &model->runs, list) {
		if (run->iova < iova + len && iova < run->iova + run->len)
			return true;
	}
	return false;
}

static bool model_add(struct model *model, const struct model_run *new)
{
	struct model_run *run = kmemdup(new, sizeof(*new), GFP_KERNEL);
	struct model_run *at;

	if (!run)
		return false;
	list_for_each_entry(at, &model->runs, list) {
		if (at->iova > run->iova)
			break;
	}
	list_add_tail(&run->list, &at->list);
	return true;
}

/**
 * model_map - map page by page, up to the first that is in use
 * @model: the model
 * @iova: where
 * @paddr: to what
 * @len: bytes
 * @prot: IOMMU_READ etc.
 *
 * Return: the bytes mapped.
 */
u64 model_map(struct model *model, u64 iova, u64 paddr, u64 len, int prot)
{
	struct model_run run = { .iova = iova, .paddr = paddr, .prot = prot };
	u64 done = 0;

	while (done < len) {
		u64 size = model_best_size(model, iova + done, paddr + done,
					   len - done);

		if (!size || model_overlaps(model, iova + done, size))
			break;
		if (size != run.pgsize) {
			if (run.len && !model_add(model, &run))
				return done - run.len;
			run.iova = iova + done;
			run.paddr = paddr + done;
			run.len = 0;
			run.pgsize = size;
		}
		run.len += size;
		done += size;
	}
	if (run.len && !model_add(model, &run))
		done -= run.len;
	return done;
}

/**
 * model_unmap - unmap all pages that a range touches
 * @model: the model
 * @iova: where; nothing is done if this is inside of a page
 * @len: bytes
 *
 * Return: the distance from @iova to the end of what was unmapped, at least @len;
 * 0 if nothing was mapped.
 */
u64 model_unmap(struct model *model, u64 iova, u64 len)
{
	const struct model_run *first = model_find(model, iova);
	struct model_run *run, *next;
	u64 end = iova + len;
	bool any = false;

	if (first && (iova - first->iova) % first->pgsize)
		return 0;

	list_for_each_entry_safe(run, next, &model->runs, list) {
		struct model_run tail = *run;
		u64 from, to;

		if (run->iova >= iova + len || run->iova + run->len <= iova)
			continue;
		any = true;
		from = max(run->iova, iova);
		to = min(run->iova + run->len, iova + len);
		to = run->iova + roundup(to - run->iova, run->pgsize);
		end = max(end, to);

		tail.iova = to;
		tail.paddr += to - run->iova;
		tail.len = run->iova + run->len - to;
		if (tail.len)
			model_add(model, &tail);
		run->len = from - run->iova;
		if (!run->len) {
			list_del(&run->list);
			kfree(run);
		}
	}
	return any ? end - iova : 0;
}
