// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: wired, one for all or one each, or MSIs (Arm IHI 0070 3.18).
 *
 * Laws: an interrupt only says that a queue is to be looked at, so a lost or a
 * superfluous one does no harm.  Global errors are seen to in the interrupt
 * itself, since somebody may be waiting for commands with everything else held
 * up; the queues, in a thread.  The registers that hold MSIs are written while
 * interrupts are off in IRQ_CTRL.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/msi.h>
#include <linux/platform_device.h>

#include "smmu.h"

/**
 * struct source - something that raises interrupts
 * @name: of its wired interrupt in the firmware's tables
 * @user: of its interrupt in /proc/interrupts, where tools look for it
 * @enable: its bit in IRQ_CTRL
 * @cfg0: where its MSI goes: address, 64 bits
 * @cfg1: data
 * @cfg2: memory attributes
 * @handler: the interrupt's handler, or NULL
 * @thread: and thread, or NULL
 */
struct source {
	const char *name;
	const char *user;
	u32 enable;
	u16 cfg0;
	u16 cfg1;
	u16 cfg2;
	irq_handler_t handler;
	irq_handler_t thread;
};

static irqreturn_t gerror_irq(int irq, void *data)
{
	smmu3_gerror_handle(data);
	return IRQ_HANDLED;
}

static irqreturn_t evtq_thread(int irq, void *data)
{
	smmu3_evtq_handle(data);
	return IRQ_HANDLED;
}

static irqreturn_t priq_thread(int irq, void *data)
{
	smmu3_priq_handle(data);
	return IRQ_HANDLED;
}

static irqreturn_t combined_irq(int irq, void *data)
{
	smmu3_gerror_handle(data);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t combined_thread(int irq, void *data)
{
	smmu3_evtq_handle(data);
	smmu3_priq_handle(data);
	return IRQ_HANDLED;
}

/* In the order of their MSIs. */
static const struct source sources[] = {
	{
		.name = "eventq",
		.user = "arm-smmu-v3-evtq",
		.enable = IRQ_CTRL_EVENTQ_IRQEN,
		.cfg0 = SMMU3_EVENTQ_IRQ_CFG0,
		.cfg1 = SMMU3_EVENTQ_IRQ_CFG1,
		.cfg2 = SMMU3_EVENTQ_IRQ_CFG2,
		.thread = evtq_thread,
	}, {
		.name = "gerror",
		.user = "arm-smmu-v3-gerror",
		.enable = IRQ_CTRL_GERROR_IRQEN,
		.cfg0 = SMMU3_GERROR_IRQ_CFG0,
		.cfg1 = SMMU3_GERROR_IRQ_CFG1,
		.cfg2 = SMMU3_GERROR_IRQ_CFG2,
		.handler = gerror_irq,
	}, {
		.name = "priq",
		.user = "arm-smmu-v3-priq",
		.enable = IRQ_CTRL_PRIQ_IRQEN,
		.cfg0 = SMMU3_PRIQ_IRQ_CFG0,
		.cfg1 = SMMU3_PRIQ_IRQ_CFG1,
		.cfg2 = SMMU3_PRIQ_IRQ_CFG2,
		.thread = priq_thread,
	},
};

/* The PRI queue is the last one, and need not be there. */
static unsigned int nr_sources(const struct smmu3_device *smmu)
{
	return ARRAY_SIZE(sources) - !(smmu->features & SMMU3_FEAT_PRI);
}

/*
 * MSIs
 */

static void write_msi(struct smmu3_device *smmu, unsigned int i,
		      const struct msi_msg *msg)
{
	const struct source *s = &sources[i];
	u64 addr = (u64)msg->address_hi << 32 | msg->address_lo;

	writeq(addr & IRQ_CFG0_ADDR, smmu->base + s->cfg0);
	writel(msg->data, smmu->base + s->cfg1);
	writel(FIELD_PREP(IRQ_CFG2_MEMATTR, MEMATTR_DEVICE_NGNRE),
	       smmu->base + s->cfg2);
}

static void write_msi_msg(struct msi_desc *desc, struct msi_msg *msg)
{
	struct smmu3_device *smmu = dev_get_drvdata(msi_desc_to_dev(desc));

	if (desc->msi_index < nr_sources(smmu))
		write_msi(smmu, desc->msi_index, msg);
}

static void free_msis(void *dev)
{
	platform_device_msi_free_irqs_all(dev);
}

static int setup_msis(struct smmu3_device *smmu)
{
	int ret;

	if (!(smmu->features & SMMU3_FEAT_MSI) || !smmu->dev->msi.domain)
		return -ENOENT;
	ret = platform_device_msi_init_and_alloc_irqs(smmu->dev,
						      nr_sources(smmu),
						      write_msi_msg);
	if (ret) {
		dev_warn(smmu->dev, "no MSIs (%d), using wired interrupts\n", ret);
		return ret;
	}
	ret = devm_add_action_or_reset(smmu->dev, free_msis, smmu->dev);
	smmu->q.msi_irqs = !ret;
	return ret;
}

/* No address: no MSI; the interrupt, if it is enabled, is a wired one. */
static void clear_msis(struct smmu3_device *smmu)
{
	unsigned int i;

	if (!(smmu->features & SMMU3_FEAT_MSI))
		return;
	for (i = 0; i < nr_sources(smmu); i++)
		writeq(0, smmu->base + sources[i].cfg0);
}

static void rewrite_msis(struct smmu3_device *smmu)
{
	struct msi_msg msg;
	unsigned int i;

	for (i = 0; i < nr_sources(smmu); i++) {
		get_cached_msi_msg(msi_get_virq(smmu->dev, i), &msg);
		write_msi(smmu, i, &msg);
	}
}

/*
 * Set-up
 */

/* Return: the Linux interrupt, or 0 if there is none. */
static int find_irq(struct smmu3_device *smmu, unsigned int i)
{
	int irq;

	if (smmu->q.msi_irqs)
		return msi_get_virq(smmu->dev, i);
	irq = platform_get_irq_byname_optional(to_platform_device(smmu->dev),
					       sources[i].name);
	return max(irq, 0);
}

static int setup_separate(struct smmu3_device *smmu)
{
	const struct source *s;
	unsigned int i;
	int irq, ret;

	for (i = 0; i < nr_sources(smmu); i++) {
		s = &sources[i];
		irq = find_irq(smmu, i);
		if (!irq) {
			dev_warn(smmu->dev, "no %s interrupt: nobody will look there\n",
				 s->name);
			continue;
		}
		ret = devm_request_threaded_irq(smmu->dev, irq, s->handler,
						s->thread,
						s->thread ? IRQF_ONESHOT : 0,
						s->user, smmu);
		if (ret)
			return dev_err_probe(smmu->dev, ret, "%s interrupt %d\n",
					     s->name, irq);
		smmu->q.irq_bits |= s->enable;
	}
	return 0;
}

static int setup_combined(struct smmu3_device *smmu)
{
	unsigned int i;
	int ret;

	ret = devm_request_threaded_irq(smmu->dev, smmu->combined_irq,
					combined_irq, combined_thread,
					IRQF_ONESHOT, "arm-smmu-v3-combined-irq",
					smmu);
	if (ret)
		return dev_err_probe(smmu->dev, ret, "combined interrupt %d\n",
				     smmu->combined_irq);
	for (i = 0; i < nr_sources(smmu); i++)
		smmu->q.irq_bits |= sources[i].enable;
	return 0;
}

/**
 * smmu3_irq_disable() - have the SMMU raise no interrupts
 * @smmu: the SMMU
 *
 * Context: As smmu3_write_reg_sync().
 * Return: 0; -ETIMEDOUT.
 */
int smmu3_irq_disable(struct smmu3_device *smmu)
{
	return smmu3_write_reg_sync(smmu, 0, SMMU3_IRQ_CTRL, SMMU3_IRQ_CTRLACK);
}

/**
 * smmu3_irq_rearm() - have the SMMU raise interrupts, after its registers were lost
 * @smmu: the SMMU, set up
 *
 * Context: As smmu3_write_reg_sync().
 * Return: 0; -ETIMEDOUT.
 */
int smmu3_irq_rearm(struct smmu3_device *smmu)
{
	int ret;

	ret = smmu3_irq_disable(smmu);
	if (ret)
		return ret;
	if (smmu->q.msi_irqs)
		rewrite_msis(smmu);
	else
		clear_msis(smmu);
	return smmu3_write_reg_sync(smmu, smmu->q.irq_bits, SMMU3_IRQ_CTRL,
				    SMMU3_IRQ_CTRLACK);
}

/**
 * smmu3_irq_setup() - find, request and enable the interrupts
 * @smmu: the SMMU, which its device has as drvdata
 *
 * The interrupts belong to the device, which gives them back.
 *
 * Context: May sleep; at probe.
 * Return: 0; what requesting returned; -ETIMEDOUT.
 */
int smmu3_irq_setup(struct smmu3_device *smmu)
{
	int ret;

	ret = smmu3_irq_disable(smmu);
	if (ret)
		return ret;
	clear_msis(smmu);
	/* Without MSIs, for whatever reason, there are wires. */
	if (smmu->combined_irq) {
		ret = setup_combined(smmu);
	} else {
		setup_msis(smmu);
		ret = setup_separate(smmu);
	}
	return ret ?: smmu3_irq_rearm(smmu);
}
