/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A clock that counts instructions under -icount shift=0.
 *
 * x86: the time stamp counter.  arm64: the cycle counter, as the generic timer
 * has only 62.5 MHz.  QEMU runs both at 1 GHz of virtual time.
 */
#ifndef _IOMMU_BENCH_CLOCK_H
#define _IOMMU_BENCH_CLOCK_H

#include <linux/math64.h>

#ifdef CONFIG_X86
#include <asm/msr.h>

static inline int clock_start(void)
{
	return 0;
}

static __always_inline u64 clock_read(void)
{
	u64 t;

	barrier();
	t = rdtsc();
	barrier();
	return t;
}
#else
#include <asm/sysreg.h>

#define PMCR_E		BIT(0)
#define PMCR_LC		BIT(6)
#define PMCNTEN_C	BIT(31)

static inline int clock_start(void)
{
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(PMCNTEN_C, pmcntenset_el0);
	write_sysreg(read_sysreg(pmcr_el0) | PMCR_E | PMCR_LC, pmcr_el0);
	isb();
	return 0;
}

static __always_inline u64 clock_read(void)
{
	u64 t;

	barrier();
	t = read_sysreg(pmccntr_el0);
	barrier();
	return t;
}
#endif

static inline u64 clock_to_instructions(u64 ticks)
{
	return ticks;
}

#endif /* _IOMMU_BENCH_CLOCK_H */
