/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The queues between CPUs and the SMMU, and the interrupts that announce them.
 *
 * Glossary
 *   position	a slot of the command queue in the order of its use: counts up
 *		from 0 and never wraps.  The slot is position modulo the size; what
 *		the registers hold, index and wrap bit, are its low bits
 *   lap	one round through the slots: position divided by the size
 *   push	reserve slots, fill them, mark them ready
 *   publish	tell the hardware how far the slots are ready: write PROD
 *   batch	commands that one CPU gathers, to wait once for all of them
 *
 * Law of the command queue: no CPU waits for another one in order to hand in
 * commands.  Slots are reserved by compare-exchange on @tail, filled, and marked
 * ready in any order; whoever finds nobody publishing publishes all that is ready
 * without a gap, for others too, and looks again after that.  From reserving to
 * publishing interrupts are off: a handler on the same CPU may wait for a
 * CMD_SYNC behind the unfilled slots.  Nothing is held during a wait, since a
 * position, unlike a slot, is never used again.
 *
 * Memory order, from a cleared table entry to its invalidation:
 *   table writes, command writes - dma_wmb() - ready bit - (by whoever publishes)
 *   acquire of the ready bit - writel() of PROD.
 */
#ifndef _ARM_SMMU3_QUEUE_H
#define _ARM_SMMU3_QUEUE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "cmd.h"

struct device;
struct iommu_page_response;
struct iopf_fault;
struct smmu3_cmdq;
struct smmu3_device;
struct smmu3_domain;
struct smmu3_master;

/*
 * Most entries that we use of what IDR1 offers: 1 MiB of memory each.  More only
 * costs memory and cache: every CPU waits before it has filled a few dozen slots.
 */
#define SMMU3_CMDQ_MAX_SHIFT	16
#define SMMU3_EVTQ_MAX_SHIFT	15
#define SMMU3_PRIQ_MAX_SHIFT	16

/* Commands of a batch; with their CMD_SYNC they are one word of ready bits. */
#define SMMU3_BATCH_MAX		63U

/* Refused commands that are remembered, for their submitters. */
#define SMMU3_CMDQ_ERRORS	8U

/**
 * struct smmu3_ring - memory and registers of one queue
 * @mem: the entries
 * @dma: their address for the SMMU
 * @shift: 2^@shift entries
 * @entry_shift: of 2^@entry_shift bytes
 * @base: queue base register
 * @prod: producer index register
 * @cons: consumer index register
 *
 * Constant after smmu3_queues_init().
 */
struct smmu3_ring {
	void *mem;
	dma_addr_t dma;
	u8 shift;
	u8 entry_shift;
	void __iomem *base;
	void __iomem *prod;
	void __iomem *cons;
};

static inline u64 smmu3_ring_size(const struct smmu3_ring *r)
{
	return BIT_ULL(r->shift);
}

static inline u32 smmu3_ring_slot(const struct smmu3_ring *r, u64 pos)
{
	return pos & (BIT_ULL(r->shift) - 1);
}

/* The low bits of a position as registers hold them: index and wrap bit. */
static inline u32 smmu3_ring_index(const struct smmu3_ring *r, u64 pos)
{
	return pos & (BIT_ULL(r->shift + 1) - 1);
}

static inline __le64 *smmu3_ring_entry(const struct smmu3_ring *r, u64 pos)
{
	return r->mem + ((size_t)smmu3_ring_slot(r, pos) << r->entry_shift);
}

/**
 * enum smmu3_cmdq_state - may the command queue be used?
 * @SMMU3_CMDQ_OFF: the SMMU is not running; commands are refused
 * @SMMU3_CMDQ_ON: it is
 * @SMMU3_CMDQ_DEAD: hardware did not go on; commands are refused
 */
enum smmu3_cmdq_state {
	SMMU3_CMDQ_OFF,
	SMMU3_CMDQ_ON,
	SMMU3_CMDQ_DEAD,
};

/**
 * struct smmu3_cmdq - the command queue
 * @ring: its memory and registers
 * @state: &enum smmu3_cmdq_state
 * @msi: CMD_SYNC completes by a word in @done, otherwise by CONS
 * @ready: a bit per slot, which changes when the slot is filled: 1 in even laps,
 *	0 in odd ones; atomic
 * @done: a word per slot: number, from 1, of the latest lap in which a CMD_SYNC
 *	there was completed; written by hardware
 * @done_dma: address of @done for the SMMU
 * @patience_ns: how long to wait for hardware that stands still
 * @relax: called while somebody waits; for tests, which play the hardware
 * @error_lock: protects the errors below, GERRORN, and a stopped queue
 * @errors: how many commands were refused; @error_lock, read without
 * @bad: positions of the latest ones; @error_lock
 * @atc_timeouts: how many CMD_SYNCs found an ATC that did not answer; as @errors
 * @aborts: aborted reads of the command at @abort_at; @error_lock
 * @abort_at: position; @error_lock
 * @tail: first position that is not reserved
 * @head: lower bound of what hardware has consumed
 * @published: PROD; written by whoever has @publishing
 * @publishing: somebody publishes
 */
struct smmu3_cmdq {
	struct smmu3_ring ring;
	enum smmu3_cmdq_state state;
	bool msi;
	atomic_long_t *ready;
	u32 *done;
	dma_addr_t done_dma;
	u64 patience_ns;
	void (*relax)(struct smmu3_cmdq *q);

	/* errors */
	raw_spinlock_t error_lock;
	u32 errors;
	u32 atc_timeouts;
	u64 bad[SMMU3_CMDQ_ERRORS];
	u64 abort_at;
	unsigned int aborts;

	/* what every CPU changes, by what is changed together */
	atomic64_t tail ____cacheline_aligned_in_smp;
	atomic64_t head ____cacheline_aligned_in_smp;
	u64 published ____cacheline_aligned_in_smp;
	atomic_t publishing;
};

/**
 * struct smmu3_inq - a queue that hardware fills: events, page requests
 * @ring: its memory and registers
 * @lock: one reader at a time
 * @cons: next position to read, with the overflow that was acknowledged in
 *	%Q_OVERFLOW; @lock
 * @rs: limits what goes to the log
 */
struct smmu3_inq {
	struct smmu3_ring ring;
	struct mutex lock;	/* one reader at a time */
	u32 cons;
	struct ratelimit_state rs;
};

/**
 * struct smmu3_queues - the queues and interrupts of one SMMU
 * @cmdq: commands
 * @evtq: events
 * @priq: page requests; without memory where the SMMU has none
 * @irq_bits: what goes into IRQ_CTRL; constant after smmu3_irq_setup()
 * @msi_irqs: interrupts are MSIs, whose configuration is lost with the registers
 */
struct smmu3_queues {
	struct smmu3_cmdq cmdq;
	struct smmu3_inq evtq;
	struct smmu3_inq priq;
	u32 irq_bits;
	bool msi_irqs;
};

/**
 * struct smmu3_batch - commands that one waits for together
 * @smmu: where they go
 * @count: number of @cmd that are not pushed yet
 * @pushed: some were
 * @atc: one was a CMD_ATC_INV
 * @failed: the queue refused them
 * @errors: smmu3_cmdq.errors when the first was pushed
 * @atc_timeouts: smmu3_cmdq.atc_timeouts then
 * @first: its position
 * @cmd: the commands
 *
 * On the stack of whoever gathers.
 */
struct smmu3_batch {
	struct smmu3_device *smmu;
	unsigned int count;
	bool pushed;
	bool atc;
	int failed;
	u32 errors;
	u32 atc_timeouts;
	u64 first;
	struct smmu3_cmd cmd[SMMU3_BATCH_MAX];
};

/* queue.c: memory and registers */
int smmu3_queues_init(struct smmu3_device *smmu);
void smmu3_queues_write(struct smmu3_device *smmu);
void smmu3_queues_stop(struct smmu3_device *smmu);

/* cmdq.c */
void smmu3_batch_init(struct smmu3_batch *b, struct smmu3_device *smmu);
void smmu3_batch_add(struct smmu3_batch *b, struct smmu3_cmd cmd);
int smmu3_batch_submit(struct smmu3_batch *b, bool sync);
int smmu3_cmd_submit(struct smmu3_device *smmu, struct smmu3_cmd cmd);
void smmu3_cmdq_check_error(struct smmu3_device *smmu);

/* tlb.c: each returns when the hardware has forgotten; any context */
void smmu3_domain_flush_range(struct smmu3_domain *domain, unsigned long iova,
			      size_t size, size_t granule, bool leaf);
void smmu3_domain_flush_all(struct smmu3_domain *domain);
int smmu3_atc_inv(struct smmu3_master *master, u32 ssid, unsigned long iova,
		  size_t size);
int smmu3_atc_inv_all(struct smmu3_master *master);
int smmu3_cfgi_ste(struct smmu3_device *smmu, u32 sid, bool leaf);
int smmu3_cfgi_cd(struct smmu3_master *master, u32 ssid, bool leaf);
int smmu3_cfgi_cd_all(struct smmu3_master *master);
int smmu3_cfgi_all(struct smmu3_device *smmu);
int smmu3_tlbi_asid(struct smmu3_device *smmu, u16 asid);
int smmu3_tlbi_vmid(struct smmu3_device *smmu, u16 vmid);
int smmu3_tlbi_all(struct smmu3_device *smmu);

/* events.c */
void smmu3_evtq_handle(struct smmu3_device *smmu);
void smmu3_priq_handle(struct smmu3_device *smmu);
void smmu3_gerror_handle(struct smmu3_device *smmu);
void smmu3_evtq_drain(struct smmu3_device *smmu);
void smmu3_page_response(struct device *dev, struct iopf_fault *fault,
			 struct iommu_page_response *resp);

/* irq.c */
int smmu3_irq_setup(struct smmu3_device *smmu);
int smmu3_irq_rearm(struct smmu3_device *smmu);
int smmu3_irq_disable(struct smmu3_device *smmu);

#endif /* _ARM_SMMU3_QUEUE_H */
