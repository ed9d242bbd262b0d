/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions per IOMMU operation, with what both kernels export to modules.
 *
 * Words: a case runs some operations in one round; an operation is a name and a
 * number of repetitions between start() and stop().  A round leaves the domain as
 * it found it, so that all rounds after the first are alike; the figure is the
 * least of them, because a timer interrupt can fall into any one of them.
 *
 * Meant for QEMU with -icount shift=0, where an instruction takes a nanosecond.
 */
#ifndef _IOMMU_BENCH_H
#define _IOMMU_BENCH_H

#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#define MAX_DEVS	4

#define PROT	(IOMMU_READ | IOMMU_WRITE)

/*
 * Where things are mapped: each case in a part of its own, so that none finds
 * another's tables.  The memory need not exist: nothing accesses it.
 */
#define IOVA_PART(n)	(SZ_1G * 64UL * (1 + (n)))
#define PADDR_FAR	(SZ_1G * 256UL)

/**
 * struct bench - what the cases work with
 * @dev: a device behind the IOMMU
 * @devs: that one, and others like it if there are
 * @nr_devs: how many
 * @reg: register that the device ignores; writes to it are marks in QEMU's trace
 * @mark: write marks
 * @few: repeat less often: somebody records every instruction
 */
struct bench {
	struct device *dev;
	struct device *devs[MAX_DEVS];
	unsigned int nr_devs;
	void __iomem *reg;
	bool mark;
	bool few;
};

extern struct bench bench;

/* How often to repeat an operation that is usually repeated @n times. */
static inline unsigned int times(unsigned int n)
{
	return bench.few ? DIV_ROUND_UP(n, 16) : n;
}

/* main.c: measures what is between the two; the name is a literal. */
void start(const char *op);
void stop(unsigned int repeated);
/* Something else than instructions, printed as it is. */
void figure(const char *what, u64 value);
/* Ends the run with a message, unless @ret is 0. */
int complain(const char *what, int ret);

typedef int (*round_fn)(void);

int each_round(round_fn round);
struct iommu_domain *bench_domain(void);

int bench_pages(void);
int bench_lists(void);
int bench_dma_strict(void);
int bench_dma_lazy(void);
int bench_attach(void);
int bench_pasid(void);
int bench_memory(void);
int bench_scale(void);

#endif /* _IOMMU_BENCH_H */
