/* SPDX-License-Identifier: GPL-2.0-only */
/* Failing allocations, for tests of the core and of drivers. */
#ifndef __IOMMU_CORE_MOCK_ALLOC_H
#define __IOMMU_CORE_MOCK_ALLOC_H

#include <linux/types.h>

bool mock_can_fail_allocs(void);
void mock_fail_alloc(unsigned int nth);
bool mock_fail_alloc_end(void);

#endif /* __IOMMU_CORE_MOCK_ALLOC_H */
