/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SMMU, its clients, domains and what binds them.
 *
 * Glossary
 *   SMMU	one instance of the hardware: struct smmu3_device
 *   master	a client device behind an SMMU: struct smmu3_master
 *   SID	StreamID: tells the SMMU where a request comes from; a master has
 *		one or more, and no other master has them, except for PCI aliases
 *   SSID	SubstreamID, what PCI calls PASID; 0 stands for requests without
 *   STE	stream table entry: what happens to the requests of a SID
 *   CD		context descriptor: stage 1 of one SSID
 *   tag	ASID of a stage 1 or VMID of a stage 2: the name of a domain in the
 *		TLB of one SMMU
 *   ATC	address translation cache in a device (PCIe ATS)
 *   attachment	that (master, SSID) translates through a domain, or passes, where
 *		the domain is NULL.  No attachment: aborted
 *   target	a cache that has to forget what a domain unmaps: a tag in the TLB
 *		of an SMMU, or an ATC
 *   last	inclusive; end is exclusive
 *
 * Laws
 *   A change of attachment has two halves: everything that can fail comes first
 *   and leaves no trace when it does; publishing the entry cannot fail.
 *   A target is in the domain's array before hardware can cache anything on its
 *   behalf, and until after it has forgotten everything.
 *   Map, unmap and flush take no lock but the command queue's, allocate nothing
 *   and never sleep.
 *
 * Locks, outer to inner
 *   group->mutex	of the core: one transition of a group at a time
 *   domain->lock	attachments, targets (writers) and their tags
 *   master->lock	the entries of a master and what they are for
 *   smmu->lock		stream tables, @streams (writers), @masters
 *   command queue	see queue.h
 */
#ifndef _ARM_SMMU3_SMMU_H
#define _ARM_SMMU3_SMMU_H

#include <linux/idr.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "../../pgtable/pgtable.h"
#include "bits.h"
#include "queue.h"

struct smmu3_domain;
struct smmu3_format;
struct smmu3_master;
struct smmu3_ste;

/* smmu3_device.features: what the hardware can do and we use */
#define SMMU3_FEAT_S1		BIT(0)
#define SMMU3_FEAT_S2		BIT(1)
#define SMMU3_FEAT_COHERENCY	BIT(2)	/* snoops tables, queues and MSI words */
#define SMMU3_FEAT_2LVL_STRTAB	BIT(3)
#define SMMU3_FEAT_2LVL_CDTAB	BIT(4)
#define SMMU3_FEAT_SEV		BIT(5)	/* wakes WFE when it consumes commands */
#define SMMU3_FEAT_MSI		BIT(6)
#define SMMU3_FEAT_STALLS	BIT(7)	/* faults may wait for CMD_RESUME */
#define SMMU3_FEAT_STALL_FORCE	BIT(8)	/* and always do */
#define SMMU3_FEAT_PRI		BIT(9)
#define SMMU3_FEAT_ATS		BIT(10)
#define SMMU3_FEAT_HYP		BIT(11)	/* EL2 contexts, EL2 TLB commands */
#define SMMU3_FEAT_E2H		BIT(12)	/* EL2 with ASIDs: the kernel runs at EL2 */
#define SMMU3_FEAT_RANGE_INV	BIT(13)	/* TLBI by range (RIL) */
#define SMMU3_FEAT_HA		BIT(14)	/* sets access flags */
#define SMMU3_FEAT_HD		BIT(15)	/* sets dirty state */
#define SMMU3_FEAT_VAX		BIT(16)	/* 52-bit input addresses, 64K granule */
#define SMMU3_FEAT_ATTR_TYPES_OVR BIT(17)	/* SHCFG and the like have an effect */

/* smmu3_device.options: what has to be done differently (quirks.c) */
#define SMMU3_OPT_PAGE0_REGS_ONLY	BIT(0)
#define SMMU3_OPT_MSIPOLL		BIT(1)	/* CMD_SYNC completes by an MSI to memory */
#define SMMU3_OPT_CMDQ_FORCE_SYNC	BIT(2)	/* a CMD_SYNC after every TLBI batch */

/**
 * struct smmu3_strtab - the stream table of an SMMU
 * @ste: linear: the entries; NULL for two levels
 * @l1: two levels: the descriptors
 * @l2: two levels: the tables behind @l1, entries go from NULL to a table once;
 *	written under smmu->lock
 * @dma: address of @ste or @l1 for the hardware
 * @size: bytes of @ste or @l1
 * @count: number of entries of @ste, or of @l1
 * @log2size: StreamIDs are below 1 << log2size
 */
struct smmu3_strtab {
	struct smmu3_ste *ste;
	__le64 *l1;
	struct smmu3_ste **l2;
	dma_addr_t dma;
	size_t size;
	unsigned int count;
	u8 log2size;
};

/**
 * struct smmu3_device - one SMMU
 * @iommu: the core's handle; max_pasids is 0 where PASIDs are not supported
 * @dev: the platform device
 * @base: registers, page 0
 * @page1: registers, page 1; @base with %SMMU3_OPT_PAGE0_REGS_ONLY
 * @features: SMMU3_FEAT_x
 * @options: SMMU3_OPT_x
 * @cmdq_shift: most entries of the command queue, as a shift (IDR1)
 * @evtq_shift: of the event queue
 * @priq_shift: of the PRI queue
 * @sid_bits: width of StreamIDs
 * @ssid_bits: width of SubstreamIDs, 0: none
 * @asid_bits: 8 or 16
 * @vmid_bits: 8 or 16
 * @oas: bits of output addresses
 * @pgsize_bitmap: granules
 * @gbpa: what SMMU_GBPA held when the SMMU was found
 * @combined_irq: Linux interrupt of all sources, or 0
 * @tlb_order: position of the SMMU in arrays of targets, unique
 * @strtab: stream table
 * @asids: ASIDs in use, below 1 << asid_bits
 * @vmids: VMIDs in use, below 1 << vmid_bits
 * @lock: see the top of the file
 * @streams: SID -> &struct smmu3_master; written under @lock, read by RCU.  Of
 *	masters that share a SID, the first
 * @masters: &struct smmu3_master.node; @lock
 * @iopf: where faults that wait go, or NULL; set once at probe
 * @q: queues and interrupts (queue.h)
 *
 * Without a lock: constant after probe.
 */
struct smmu3_device {
	struct iommu_device iommu;
	struct device *dev;
	void __iomem *base;
	void __iomem *page1;
	u32 features;
	u32 options;
	u8 cmdq_shift;
	u8 evtq_shift;
	u8 priq_shift;
	u8 sid_bits;
	u8 ssid_bits;
	u8 asid_bits;
	u8 vmid_bits;
	u8 oas;
	unsigned long pgsize_bitmap;
	u32 gbpa;
	int combined_irq;
	unsigned int tlb_order;
	struct smmu3_strtab strtab;
	struct ida asids;
	struct ida vmids;

	/* stream tables, @streams and @masters */
	struct mutex lock;
	struct xarray streams;
	struct list_head masters;
	struct iopf_queue *iopf;
	struct smmu3_queues q;
};

/**
 * struct smmu3_cds - context descriptors that lie together, and whose they are
 * @cd: the descriptors
 * @dma: their address for the hardware
 * @count: how many
 * @att: what each is for, but SSID 0 (smmu3_master.primary); master->lock
 */
struct smmu3_cds {
	struct smmu3_cd *cd;
	dma_addr_t dma;
	unsigned int count;
	struct smmu3_attachment *att[] __counted_by(count);
};

/**
 * struct smmu3_cdtab - the CD table of a master
 * @cds: the table; with two levels, the tables behind @l1.  Entries go from NULL to
 *	a table once; NULL before the first
 * @l1: two levels: the level 1 descriptors
 * @dma: address of the table or @l1 for the hardware
 * @count: number of @cds
 * @ssid_bits: STE.S1CDMax: SSIDs are below 1 << ssid_bits
 *
 * Written under master->lock.
 */
struct smmu3_cdtab {
	struct smmu3_cds **cds;
	__le64 *l1;
	dma_addr_t dma;
	unsigned int count;
	u8 ssid_bits;
};

/**
 * struct smmu3_attachment - (master, SSID) translates through a domain
 * @node: in domain->attachments; domain->lock
 * @domain: NULL: requests pass through
 * @master: the master
 * @ssid: 0 for requests without SSID
 * @tag: ASID or VMID of the domain on the master's SMMU
 */
struct smmu3_attachment {
	struct list_head node;
	struct smmu3_domain *domain;
	struct smmu3_master *master;
	u32 ssid;
	u16 tag;
};

/**
 * struct smmu3_master - a client device (dev_iommu_priv)
 * @dev: the device
 * @smmu: its SMMU
 * @node: in smmu->masters; smmu->lock
 * @ssid_bits: width of the SSIDs that device and SMMU share, 0: none
 * @ats_supported: device, root complex and SMMU allow ATS
 * @stall_supported: the device copes with faults that wait
 * @pasid_enabled: PCI PASID is on
 * @iopf_enabled: %IOMMU_DEV_FEAT_IOPF is on; the core's feature lock
 * @ats_enabled: the ATC may hold translations; read by flush without lock,
 *	written under @lock
 * @nr_sids: number of @sids
 * @sids: its StreamIDs, ascending
 * @lock: serialises changes of its entries
 * @primary: what requests without SSID go through; written under @lock
 * @identity: the @primary that passes through, so that attaching it cannot fail
 * @nr_ssids: SSIDs that are attached, without 0; @lock
 * @cdtab: its CDs; made at the first stage 1 attach, under @lock
 */
struct smmu3_master {
	struct device *dev;
	struct smmu3_device *smmu;
	struct list_head node;
	u8 ssid_bits;
	bool ats_supported;
	bool stall_supported;
	bool pasid_enabled;
	bool iopf_enabled;
	bool ats_enabled;
	unsigned int nr_sids;
	u32 *sids;

	/* entries of the master */
	struct mutex lock;
	struct smmu3_attachment *primary;
	struct smmu3_attachment identity;
	unsigned int nr_ssids;
	struct smmu3_cdtab cdtab;
};

/**
 * struct smmu3_target - one cache that holds translations of a domain
 * @smmu: the SMMU that owns it, or that reaches the device
 * @master: an ATC; NULL: the SMMU's TLB
 * @ssid: ATC: which address space; 0: requests without SSID
 * @tag: TLB: ASID or VMID of the domain there
 * @users: attachments behind it; written under domain->lock
 *
 * An ATC whose master has not @ats_enabled is empty, and is skipped.
 */
struct smmu3_target {
	struct smmu3_device *smmu;
	struct smmu3_master *master;
	u32 ssid;
	u16 tag;
	unsigned int users;
};

/**
 * struct smmu3_targets - the targets of a domain
 * @rcu: for freeing
 * @count: number of @target
 * @target: by SMMU, and within an SMMU the TLB before ATCs: translation requests
 *	are answered from the TLB, so it has to forget first
 */
struct smmu3_targets {
	struct rcu_head rcu;
	unsigned int count;
	struct smmu3_target target[] __counted_by(count);
};

/**
 * enum smmu3_stage - which stage a domain's table is for
 * @SMMU3_S1: stage 1, tagged by ASID; a CD leads to it
 * @SMMU3_S2: stage 2, tagged by VMID; an STE leads to it
 */
enum smmu3_stage {
	SMMU3_S1,
	SMMU3_S2,
};

/**
 * struct smmu3_domain - a page table and where it is in use
 * @domain: what the core knows
 * @pgt: the table
 * @targets: what to invalidate; RCU, written under @lock
 * @stage: stage 1 or 2
 * @granule_shift: 12, 14 or 16
 * @format: its functions (domain.c)
 * @lock: see the top of the file
 * @attachments: &struct smmu3_attachment.node; @lock
 *
 * Without a lock: constant once it is made.
 */
struct smmu3_domain {
	struct iommu_domain domain;
	struct pgt pgt;
	struct smmu3_targets __rcu *targets;
	enum smmu3_stage stage;
	u8 granule_shift;
	const struct smmu3_format *format;

	/* attachments, targets */
	struct mutex lock;
	struct list_head attachments;
};

static inline struct smmu3_domain *to_smmu3_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct smmu3_domain, domain);
}

static inline struct smmu3_master *to_smmu3_master(struct device *dev)
{
	return dev_iommu_priv_get(dev);
}

static inline bool smmu3_has_sid(const struct smmu3_master *master, u32 sid)
{
	unsigned int i;

	for (i = 0; i < master->nr_sids; i++)
		if (master->sids[i] == sid)
			return true;
	return false;
}

/*
 * The master that a StreamID belongs to, or NULL.  Inside of rcu_read_lock(); it
 * stays until the end of the read-side section, and its device as well.
 */
static inline struct smmu3_master *smmu3_find_master(struct smmu3_device *smmu,
						     u32 sid)
{
	return xa_load(&smmu->streams, sid);
}

/* reset.c */
int smmu3_write_reg_sync(struct smmu3_device *smmu, u32 val,
			 unsigned int reg, unsigned int ack);
int smmu3_disable(struct smmu3_device *smmu);
void smmu3_hand_over(struct smmu3_device *smmu);
int smmu3_start(struct smmu3_device *smmu);
int smmu3_resume(struct smmu3_device *smmu);

/* quirks.c */
void smmu3_quirks_iidr(struct smmu3_device *smmu, u32 iidr);
void smmu3_quirks_iort(struct smmu3_device *smmu, u32 model);
void smmu3_quirks_of(struct smmu3_device *smmu);
int smmu3_quirks_def_domain_type(struct device *dev);

/* tables.c */
int smmu3_strtab_alloc(struct smmu3_device *smmu);
struct smmu3_ste *smmu3_ste_find(struct smmu3_device *smmu, u32 sid);
struct smmu3_ste *smmu3_ste_get(struct smmu3_device *smmu, u32 sid);
struct smmu3_cd *smmu3_cd_find(struct smmu3_master *master, u32 ssid);
struct smmu3_cd *smmu3_cd_get(struct smmu3_master *master, u32 ssid);
struct smmu3_attachment **smmu3_cd_owner(struct smmu3_master *master, u32 ssid);
void smmu3_cdtab_free(struct smmu3_master *master);

/* asid.c */
int smmu3_tag_alloc(struct smmu3_device *smmu, enum smmu3_stage stage);
void smmu3_tag_free(struct smmu3_device *smmu, enum smmu3_stage stage, u16 tag);

/* targets.c */
int smmu3_targets_add(struct smmu3_domain *domain, struct smmu3_attachment *att);
void smmu3_targets_del(struct smmu3_domain *domain,
		       const struct smmu3_attachment *att);
void smmu3_targets_free(struct smmu3_domain *domain);

/* attach.c */
int smmu3_attach(struct smmu3_master *master, u32 ssid,
		 struct smmu3_domain *domain);
void smmu3_block(struct smmu3_master *master, u32 ssid);
void smmu3_release_entries(struct smmu3_master *master);

/* domain.c */
int smmu3_domain_check(struct smmu3_domain *domain,
		       const struct smmu3_master *master);
extern struct iommu_domain smmu3_identity_domain;
extern struct iommu_domain smmu3_blocked_domain;
struct iommu_domain *smmu3_domain_alloc_paging(struct device *dev);
struct iommu_domain *
smmu3_domain_alloc_user(struct device *dev, u32 flags,
			struct iommu_domain *parent,
			const struct iommu_user_data *user_data);

/* master.c */
extern const struct iommu_ops smmu3_iommu_ops;

/* probe.c */
struct smmu3_device *smmu3_of_fwnode(const struct fwnode_handle *fwnode);
void smmu3_bypass_rmrs(struct smmu3_device *smmu, struct list_head *rmrs);

#endif /* _ARM_SMMU3_SMMU_H */
