/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle of the page-table tests: what is mapped, as a plain sorted list.
 *
 * It knows nothing of tables, levels or entries, and is slow and simple on
 * purpose.  Each item is a run of pages of one size; pages are found by trying
 * all sizes, mappings by looking at every item.
 */
#ifndef __IOMMU_PGTABLE_MODEL_H
#define __IOMMU_PGTABLE_MODEL_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct model_run - consecutive pages of one size
 * @list: in model->runs, sorted by @iova
 * @iova: first address
 * @len: bytes, a multiple of @pgsize
 * @pgsize: size of each page
 * @paddr: what @iova maps to
 * @prot: IOMMU_READ etc.
 */
struct model_run {
	struct list_head list;
	u64 iova;
	u64 len;
	u64 pgsize;
	u64 paddr;
	int prot;
};

/**
 * struct model - everything that is mapped
 * @runs: the list of &struct model_run
 * @sizes: bitmap of the page sizes to choose from
 */
struct model {
	struct list_head runs;
	unsigned long sizes;
};

void model_init(struct model *model, unsigned long sizes);
void model_destroy(struct model *model);
u64 model_map(struct model *model, u64 iova, u64 paddr, u64 len, int prot);
u64 model_unmap(struct model *model, u64 iova, u64 len);
const struct model_run *model_find(const struct model *model, u64 iova);
u64 model_lookup(const struct model *model, u64 iova);
u64 model_count(const struct model *model);

#endif /* __IOMMU_PGTABLE_MODEL_H */
