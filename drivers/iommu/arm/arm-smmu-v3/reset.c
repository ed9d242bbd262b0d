// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switching an SMMU on and off (IHI 0070, 3.11, 6.3).
 *
 * Laws: what registers hold follows from the structure alone, so the same code
 * serves the first start and a resume.  Where requests were translated before,
 * they are terminated until our table is in use, never let through.  Off, they
 * meet what firmware had set for that (GBPA), for whoever comes next (kexec).
 */
#include <linux/crash_dump.h>
#include <linux/iopoll.h>

#include "smmu.h"

/* How long registers take to become effective, and between looks. */
#define REG_TIMEOUT_US		100000
#define REG_POLL_US		1

/**
 * smmu3_write_reg_sync() - write a control register and wait until it is effective
 * @smmu: the SMMU
 * @val: value
 * @reg: offset of the register
 * @ack: offset of the register that shows the value then
 *
 * Context: Any.
 * Return: 0, -ETIMEDOUT.
 */
int smmu3_write_reg_sync(struct smmu3_device *smmu, u32 val,
			 unsigned int reg, unsigned int ack)
{
	u32 seen;

	writel_relaxed(val, smmu->base + reg);
	return readl_relaxed_poll_timeout_atomic(smmu->base + ack, seen,
						 seen == val, REG_POLL_US,
						 REG_TIMEOUT_US);
}

static int write_cr0(struct smmu3_device *smmu, u32 val)
{
	int ret = smmu3_write_reg_sync(smmu, val, SMMU3_CR0, SMMU3_CR0ACK);

	if (ret)
		dev_err(smmu->dev, "CR0 did not become %#x, it is %#x\n", val,
			readl_relaxed(smmu->base + SMMU3_CR0ACK));
	return ret;
}

/* What happens while SMMUEN is clear; a change takes effect on its own time. */
static int write_gbpa(struct smmu3_device *smmu, u32 set, u32 clear)
{
	void __iomem *gbpa = smmu->base + SMMU3_GBPA;
	u32 val;
	int ret;

	ret = readl_relaxed_poll_timeout(gbpa, val, !(val & GBPA_UPDATE),
					 REG_POLL_US, REG_TIMEOUT_US);
	if (!ret) {
		val = (val & ~clear) | set;
		writel_relaxed(val | GBPA_UPDATE, gbpa);
		ret = readl_relaxed_poll_timeout(gbpa, val, !(val & GBPA_UPDATE),
						 REG_POLL_US, REG_TIMEOUT_US);
	}
	if (ret)
		dev_err(smmu->dev, "GBPA is not updated\n");
	return ret;
}

/**
 * smmu3_disable() - switch translation, queues and interrupts off
 * @smmu: the SMMU
 *
 * Context: May sleep; nobody uses the SMMU.
 * Return: 0, -ETIMEDOUT.
 */
int smmu3_disable(struct smmu3_device *smmu)
{
	int ret;

	smmu3_queues_stop(smmu);
	ret = smmu3_irq_disable(smmu);
	if (ret)
		dev_err(smmu->dev, "interrupts cannot be disabled\n");
	return write_cr0(smmu, 0);
}

/**
 * smmu3_hand_over() - leave the SMMU as it was found
 * @smmu: the SMMU
 *
 * Context: May sleep; nobody uses the SMMU.
 */
void smmu3_hand_over(struct smmu3_device *smmu)
{
	if (!smmu3_disable(smmu))
		write_gbpa(smmu, smmu->gbpa & GBPA_ABORT, GBPA_ABORT);
}

/* Tables and queues are in cacheable memory; hardware snoops as far as it can. */
static void write_attributes(struct smmu3_device *smmu)
{
	u32 cr2 = CR2_RECINVSID;

	writel_relaxed(FIELD_PREP(CR1_TABLE_SH, SH_ISH) |
		       FIELD_PREP(CR1_TABLE_OC, CR1_CACHE_WB) |
		       FIELD_PREP(CR1_TABLE_IC, CR1_CACHE_WB) |
		       FIELD_PREP(CR1_QUEUE_SH, SH_ISH) |
		       FIELD_PREP(CR1_QUEUE_OC, CR1_CACHE_WB) |
		       FIELD_PREP(CR1_QUEUE_IC, CR1_CACHE_WB),
		       smmu->base + SMMU3_CR1);
	/* CPUs' ASIDs are not ours: take no part in their invalidations. */
	cr2 |= CR2_PTM;
	if (smmu->features & SMMU3_FEAT_E2H)
		cr2 |= CR2_E2H;
	writel_relaxed(cr2, smmu->base + SMMU3_CR2);
}

static void write_strtab(struct smmu3_device *smmu)
{
	const struct smmu3_strtab *t = &smmu->strtab;
	u32 cfg = FIELD_PREP(STRTAB_BASE_CFG_LOG2SIZE, t->log2size);

	if (t->ste)
		cfg |= FIELD_PREP(STRTAB_BASE_CFG_FMT, STRTAB_FMT_LINEAR);
	else
		cfg |= FIELD_PREP(STRTAB_BASE_CFG_FMT, STRTAB_FMT_2LVL) |
		       FIELD_PREP(STRTAB_BASE_CFG_SPLIT, STE_SPLIT);
	writeq_relaxed((t->dma & STRTAB_BASE_ADDR) | STRTAB_BASE_RA,
		       smmu->base + SMMU3_STRTAB_BASE);
	writel_relaxed(cfg, smmu->base + SMMU3_STRTAB_BASE_CFG);
}

/* Caches may hold anything: firmware's, or what we had before a suspend. */
static int forget_everything(struct smmu3_device *smmu)
{
	int ret = smmu3_cfgi_all(smmu);

	return ret ?: smmu3_tlbi_all(smmu);
}

/*
 * Queues before what reports to them (6.3.9).  @setup_irqs is for the first time
 * or for any later one.
 */
static int start(struct smmu3_device *smmu,
		 int (*setup_irqs)(struct smmu3_device *smmu))
{
	u32 cr0 = CR0_CMDQEN;
	int ret;

	ret = write_cr0(smmu, cr0);
	if (!ret)
		ret = forget_everything(smmu);
	if (ret)
		return ret;
	cr0 |= CR0_EVENTQEN;
	if (smmu->features & SMMU3_FEAT_PRI)
		cr0 |= CR0_PRIQEN;
	if (smmu->features & SMMU3_FEAT_ATS)
		cr0 |= CR0_ATSCHK;
	/* Devices that the crashed kernel left running would flood the queues. */
	if (is_kdump_kernel())
		cr0 &= ~(CR0_EVENTQEN | CR0_PRIQEN);
	ret = write_cr0(smmu, cr0);
	if (!ret)
		ret = setup_irqs(smmu);
	if (ret)
		return ret;
	return write_cr0(smmu, cr0 | CR0_SMMUEN);
}

static int restart(struct smmu3_device *smmu,
		   int (*setup_irqs)(struct smmu3_device *smmu))
{
	int ret = 0;

	if (readl_relaxed(smmu->base + SMMU3_CR0) & CR0_SMMUEN)
		ret = write_gbpa(smmu, GBPA_ABORT, 0);
	if (!ret)
		ret = smmu3_disable(smmu);
	if (ret)
		return ret;
	write_attributes(smmu);
	write_strtab(smmu);
	smmu3_queues_write(smmu);
	ret = start(smmu, setup_irqs);
	if (ret)
		dev_err(smmu->dev, "cannot be started (%d)\n", ret);
	return ret;
}

/**
 * smmu3_start() - bring an SMMU from any state to ours, for the first time
 * @smmu: the SMMU, with its tables and queues in memory
 *
 * Context: May sleep; nobody uses the SMMU.
 * Return: 0; -ETIMEDOUT if hardware does not answer; an error of interrupt setup.
 */
int smmu3_start(struct smmu3_device *smmu)
{
	smmu->gbpa = readl_relaxed(smmu->base + SMMU3_GBPA);
	if (readl_relaxed(smmu->base + SMMU3_CR0) & CR0_SMMUEN)
		dev_warn(smmu->dev, "is enabled already, starting over\n");
	return restart(smmu, smmu3_irq_setup);
}

/**
 * smmu3_resume() - bring an SMMU back to our state
 * @smmu: the SMMU, which may have lost its registers
 *
 * Context: May sleep; nobody uses the SMMU.
 * Return: 0; -ETIMEDOUT if hardware does not answer.
 */
int smmu3_resume(struct smmu3_device *smmu)
{
	return restart(smmu, smmu3_irq_rearm);
}
