/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA engine of the pasid-dma device: registers, descriptors, submission.
 *
 * The device is an emulated one (tools/qemu/); its README.md specifies the registers.
 */
#ifndef PASID_DMA_ENGINE_H
#define PASID_DMA_ENGINE_H

#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/types.h>

/* Registers of BAR 0, 32 bits each */
#define REG_ID			0x00
#define ID_PDMA			0x414d4450
#define REG_CONTROL		0x08
#define CONTROL_RUN		BIT(0)
#define CONTROL_DEAF		BIT(1)
#define REG_RING_SIZE		0x0c	/* log2 of descriptors */
#define REG_RING_LO		0x10
#define REG_RING_HI		0x14
#define REG_TAIL		0x18
#define REG_HEAD		0x1c
#define REG_STATUS		0x20
#define STATUS_RING_ERROR	BIT(0)

#define DESC_OP			GENMASK(7, 0)
#define DESC_PASID		BIT(8)
#define DESC_PRIV		BIT(9)
#define DESC_EXEC		BIT(10)
#define DESC_ATC		BIT(11)
#define DESC_INTERRUPT		BIT(12)
#define DESC_STATUS_ERROR	GENMASK(30, 0)
#define DESC_STATUS_DONE	BIT(31)

/* As the device reads and writes it */
struct pdma_desc {
	__le32 command;
	__le32 pasid;
	__le64 src;
	__le64 dst;
	__le32 len;
	__le32 reserved;
	__le64 cookie;
	__le32 status;		/* written by the device, last */
	__le32 moved;		/* written by the device, as the two below */
	__le64 fault_addr;
	__le64 result;
};

static_assert(sizeof(struct pdma_desc) == 64);

#define RING_ORDER	6	/* 64 descriptors fill a page */

/* One operation and what came of it */
struct pdma_op {
	u32 command;		/* DESC_... */
	u32 pasid;
	u64 src;
	u64 dst;
	u32 len;
	u32 error;		/* DESC_STATUS_ERROR, valid when pdma_run() returns 0 */
	u32 moved;
	u64 fault_addr;
	u64 result;
};

/**
 * struct pdma_engine - the engine of one device
 * @dev: the device, for messages
 * @regs: BAR 0; NULL when the device is gone; under @lock
 * @lock: one operation at a time; protects the ring and registers
 * @ring: the descriptors; under @lock
 * @tail: next descriptor, free-running; under @lock
 * @control: what REG_CONTROL has; under @lock
 * @done: an interrupt came
 */
struct pdma_engine {
	struct device *dev;
	void __iomem *regs;
	struct mutex lock;	/* one operation at a time */
	struct pdma_desc *ring;
	u32 tail;
	u32 control;
	struct completion done;
};

void pdma_engine_init(struct pdma_engine *e, struct device *dev,
		      void __iomem *regs);
void pdma_engine_start(struct pdma_engine *e, struct pdma_desc *ring, u64 addr);
void pdma_engine_stop(struct pdma_engine *e);
void pdma_engine_gone(struct pdma_engine *e);
void pdma_engine_deaf(struct pdma_engine *e, bool deaf);
void pdma_engine_interrupt(struct pdma_engine *e);
int pdma_run(struct pdma_engine *e, struct pdma_op *op);

#endif
