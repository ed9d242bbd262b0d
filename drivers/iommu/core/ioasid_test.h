/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the PASID allocator share.  The kernel under test may use
 * PASIDs itself, so everything is compared with how it was when a test began.
 */
#ifndef __IOMMU_CORE_IOASID_TEST_H
#define __IOMMU_CORE_IOASID_TEST_H

#include <kunit/test.h>

#include "ioasid_priv.h"

/**
 * struct ioasid_books - the state of the allocator
 * @ids: numbers taken
 * @promised: sum of quotas
 * @left: neither promised nor charged
 */
struct ioasid_books {
	unsigned int ids;
	u32 promised;
	u32 left;
};

/* Exported, but declared in kernel/rcu/rcu.h only. */
#ifdef CONFIG_TINY_RCU
static inline void rcu_expedite_gp(void) { }
static inline void rcu_unexpedite_gp(void) { }
#else
void rcu_expedite_gp(void);
void rcu_unexpedite_gp(void);
#endif

int ioasid_test_init(struct kunit *test);
void ioasid_test_exit(struct kunit *test);
struct ioasid_books ioasid_test_books(void);
void ioasid_test_expect(struct kunit *test, u32 quotas, u32 unquoted);
struct ioasid_set *ioasid_test_set(struct kunit *test, u32 quota);

#define IOASID_EXPECT_ERR(test, ptr, err)				\
	KUNIT_EXPECT_PTR_EQ(test, ptr, ERR_PTR(err))

#endif /* __IOMMU_CORE_IOASID_TEST_H */
