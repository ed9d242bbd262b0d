/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers that the tests of a page-table format go by.
 *
 * A format's *_test.c defines, from the specification, in numbers:
 *	TEST_LINK_BITS		every link, besides the address
 *	test_leaf_bits()	a leaf of a given prot and level, besides the address
 *	TEST_TABLE_BIT		what makes an entry above level 0 a leaf (or not):
 *	TEST_TABLE_IF		its value in links
 *	TEST_IOVA_BITS()	the widest space of so many levels
 *	TEST_CLEAN()		what becomes of a leaf when it is clean
 * and, where they differ from the values here, what follows.
 */
#ifndef __IOMMU_PGTABLE_FORMAT_NUMBERS_H
#define __IOMMU_PGTABLE_FORMAT_NUMBERS_H

#include <linux/bits.h>
#include <linux/log2.h>
#include <linux/sizes.h>

#ifndef TEST_GRANULE_SHIFT
#define TEST_GRANULE_SHIFT	12
#endif
#define TEST_LEVEL_SHIFT	(TEST_GRANULE_SHIFT - 3)
#define TEST_ENTRIES		BIT(TEST_LEVEL_SHIFT)

/* Pages of one entry each, the largest of them, and the largest of all. */
#ifndef TEST_PLAIN_SIZES
#define TEST_PLAIN_SIZES	FMT_PGSIZES
#endif
#define TEST_SPAN(level)	BIT_ULL(TEST_GRANULE_SHIFT + TEST_LEVEL_SHIFT * (level))
#define GRANULE			TEST_SPAN(0)
#define BLOCK			TEST_SPAN(1)
#define HUGE_LEVEL		(TEST_PLAIN_SIZES & TEST_SPAN(2) ? 2 : 1)
#define HUGE			TEST_SPAN(HUGE_LEVEL)
#define LARGEST			BIT_ULL(const_ilog2(FMT_PGSIZES))

/* What software marks links with, and pages of several entries. */
#ifndef TEST_MARK
#define TEST_MARK		BIT_ULL(52)
#endif
#ifndef TEST_CONT
#define TEST_CONT		0ull
#endif

/* Addresses in entries. */
#ifndef TEST_PADDR_BITS
#define TEST_PADDR_BITS		46
#endif
#ifndef TEST_PADDR_OF
#define TEST_ENTRY(paddr)	(paddr)
#define TEST_PADDR_OF(entry)	((entry) & GENMASK_ULL(51, 12))
#endif
#define TEST_PADDR		BIT_ULL(TEST_PADDR_BITS - 1)	/* above memory: never looked at */

/* Whether dirty tracking needs hardware that snoops. */
#ifndef TEST_DIRTY_SNOOPS
#define TEST_DIRTY_SNOOPS	0
#endif

#endif /* __IOMMU_PGTABLE_FORMAT_NUMBERS_H */
