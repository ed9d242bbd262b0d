/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains, devices and what binds them.
 *
 * Glossary
 *   domain	one I/O page table: struct dmar_domain
 *   device	a device behind a unit, as this driver sees it: struct intel_device
 *   RID	requester ID: the source ID that a device's requests carry; aliases
 *		(bridges, quirks) give a device more than one
 *   attachment	that (device, PASID) translates through a domain, or, where the
 *		domain is NULL, passes through.  PASID 0 is requests without PASID.
 *		No attachment: blocked
 *   target	a cache that has to forget what a domain unmaps: an IOTLB tag of a
 *		unit, or a device TLB
 *
 * Laws
 *   A change of attachment has two halves: everything that can fail comes first
 *   and leaves no trace when it does; publishing the entry cannot fail.
 *   A target is in the domain's array before hardware can cache anything on its
 *   behalf, and until after it has forgotten everything.
 *   Map, unmap and flush take no lock, allocate nothing and never sleep.
 *
 * Locks, outer to inner
 *   group->mutex	of the core: one transition of a group at a time
 *   domain->lock	attachments, targets (writers), properties
 *   device->lock	the device's entries and @attachments
 *   iommu->lock	see unit.h
 */
#ifndef _INTEL_DOMAIN_H
#define _INTEL_DOMAIN_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "../pgtable/pgtable.h"
#include "entry.h"
#include "unit.h"

struct dentry;
struct dmar_domain;
struct intel_device;

/**
 * struct pasid_table - the PASID directory of one device and its tables
 * @dir: the directory; its entries go from empty to a table once (cmpxchg)
 * @dir_shift: number of entries of @dir, as a shift
 * @node: NUMA node of the tables
 * @coherent: the unit snoops when it reads them (ECAP.C)
 */
struct pasid_table {
	struct pasid_dir_entry *dir;
	unsigned int dir_shift;
	int node;
	bool coherent;
};

/**
 * struct attachment - (device, PASID) translates through a domain
 * @node: in domain->attachments; domain->lock
 * @domain: NULL: pass-through
 * @device: the device
 * @pasid: 0 for requests without PASID
 * @did: domain ID on the device's unit
 * @debugfs: directory of the PASID
 */
struct attachment {
	struct list_head node;
	struct dmar_domain *domain;
	struct intel_device *device;
	u32 pasid;
	u16 did;
	struct dentry *debugfs;
};

/**
 * struct intel_device - a device behind a unit (dev_iommu_priv)
 * @dev: the device
 * @iommu: its unit
 * @segment: PCI segment
 * @bus: bus number of @rid
 * @devfn: device and function number of @rid
 * @rid: source ID of its own requests
 * @pfsid: source ID of the physical function, 0 where the unit does not want it
 * @ats_qdep: depth of the invalidate queue
 * @ats_supported: device and platform allow ATS
 * @pasid_supported: PASIDs may be enabled
 * @pasid_enabled: and are
 * @extra_dev_tlb_flush: needs every device-TLB invalidation twice (quirk)
 * @sub_device: its DMA is another device's (VMD), which has the entries
 * @ats_enabled: the device may hold translations; read by flush without lock,
 *	written under @lock
 * @nr_rids: number of @rids
 * @rids: the source IDs that its requests may carry, @rid among them
 * @lock: serialises changes of its entries
 * @primary: what requests without PASID go through; written under @lock
 * @attachments: other PASIDs -> &struct attachment; written under @lock
 * @identity: the @primary that passes through, so that attaching it cannot fail
 * @pasids: its PASID tables, in scalable mode; the directory grows under @lock
 * @debugfs: its directory
 */
struct intel_device {
	struct device *dev;
	struct intel_iommu *iommu;
	u16 segment;
	u8 bus;
	u8 devfn;
	u16 rid;
	u16 pfsid;
	u8 ats_qdep;
	bool ats_supported;
	bool pasid_supported;
	bool pasid_enabled;
	bool extra_dev_tlb_flush;
	bool sub_device;
	bool ats_enabled;
	unsigned int nr_rids;
	u16 *rids;

	/* entries of the device */
	struct mutex lock;
	struct attachment *primary;
	struct xarray attachments;
	struct attachment identity;
	struct pasid_table pasids;
	struct dentry *debugfs;
};

/**
 * struct flush_target - one cache that holds translations of a domain
 * @iommu: the unit that owns it, or that reaches the device
 * @device: a device TLB; NULL: the unit's IOTLB
 * @pasid: first stage and device TLB: which address space
 * @did: IOTLB: domain ID
 * @users: attachments behind it, 0 while it is dead; written under domain->lock
 */
struct flush_target {
	struct intel_iommu *iommu;
	struct intel_device *device;
	u32 pasid;
	u16 did;
	u16 users;
};

/**
 * struct flush_list - the targets of a domain
 * @rcu: for freeing
 * @count: number of @target
 * @target: by unit, and within a unit IOTLB before device TLBs: translation
 *	requests are answered from the IOTLB, so it has to forget first
 */
struct flush_list {
	struct rcu_head rcu;
	unsigned int count;
	struct flush_target target[] __counted_by(count);
};

/**
 * struct dmar_domain - a page table and where it is in use
 * @domain: what the core knows
 * @pgt: the table
 * @targets: what to invalidate; RCU, written under @lock
 * @first_stage: x86_fs, else vtd_ss; never changes
 * @force_snoop: every access snoops; @lock
 * @dirty_tracking: hardware sets dirty bits; @lock
 * @lock: see the top of the file
 * @attachments: &struct attachment.node; @lock
 */
struct dmar_domain {
	struct iommu_domain domain;
	struct pgt pgt;
	struct flush_list __rcu *targets;
	bool first_stage;
	bool force_snoop;
	bool dirty_tracking;

	/* attachments, targets, properties */
	struct mutex lock;
	struct list_head attachments;
};

static inline struct dmar_domain *to_dmar_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct dmar_domain, domain);
}

static inline struct intel_device *to_intel_device(struct device *dev)
{
	return dev_iommu_priv_get(dev);
}

/* What the requests go through; NULL: they are refused. */
static inline struct attachment *attachment_of(struct intel_device *device,
					       u32 pasid)
{
	return pasid ? xa_load(&device->attachments, pasid) :
		       READ_ONCE(device->primary);
}

/* Whether the directory has an entry for @pasid. */
static inline bool pasid_table_reaches(const struct pasid_table *t, u32 pasid)
{
	return !(pasid >> (t->dir_shift + PASID_TABLE_SHIFT));
}

/* tables.c: root, context and PASID tables of a unit and of a device. */
u64 *intel_context_find(struct intel_iommu *iommu, u16 rid);
u64 *intel_context_get(struct intel_iommu *iommu, u16 rid);
void intel_context_reset(struct intel_iommu *iommu);
int pasid_table_alloc(struct pasid_table *t, struct intel_iommu *iommu,
		      u32 max_pasids);
void pasid_table_free(struct pasid_table *t);
int pasid_table_widen(const struct pasid_table *t, u32 max_pasids,
		      struct pasid_table *wide);
void pasid_dir_free(struct pasid_table *t);
struct pasid_entry *pasid_table_find(const struct pasid_table *t, u32 pasid);
struct pasid_entry *pasid_table_get(struct pasid_table *t, u32 pasid);

/* did.c */
int domain_get_did(struct dmar_domain *domain, struct intel_iommu *iommu);
void domain_put_did(struct dmar_domain *domain, struct intel_iommu *iommu,
		    u16 did);
void did_reserve(struct intel_iommu *iommu, u16 did);

/* flush.c: what the caches of a domain have to forget. */
int targets_add(struct dmar_domain *domain, const struct attachment *att);
void targets_del(struct dmar_domain *domain, const struct attachment *att);
void domain_flush_range(struct dmar_domain *domain, unsigned long start,
			unsigned long last, bool leaf_only);
void domain_flush_all(struct dmar_domain *domain);
void domain_flush_mapped(struct dmar_domain *domain, unsigned long start,
			 unsigned long last);

/* flush_entry.c: what a change of an entry has to flush. */
void intel_flush_context_gone(struct intel_device *device, u16 rid,
			      const struct context_entry *old);
void intel_flush_sm_context_gone(struct intel_device *device, u16 rid, bool all);
void intel_flush_context_new(struct intel_device *device, u16 rid, u16 did);
void intel_flush_pasid_gone(struct intel_device *device, u32 pasid,
			    const struct pasid_entry *old);
void intel_flush_pasid_new(struct intel_device *device, u32 pasid,
			   const struct pasid_entry *entry);
void intel_flush_device_tlb(struct intel_device *device);

/* batch.c: descriptors on their way to one unit. */
#define FLUSH_BATCH_MAX		16

/**
 * struct flush_batch - invalidations of one unit, with one wait for all
 * @iommu: the unit
 * @count: number of @desc
 * @desc: the commands
 *
 * On the stack it is __uninitialized: clearing all of it would take longer than an
 * invalidation.
 */
struct flush_batch {
	struct intel_iommu *iommu;
	unsigned int count;
	struct qi_desc desc[FLUSH_BATCH_MAX];
};

int intel_submit(struct intel_iommu *iommu, const struct qi_desc *desc,
		 unsigned int count);
void batch_add_device_tlb(struct flush_batch *b, struct intel_device *device,
			  u32 pasid, u64 addr, u8 order);

/**
 * batch_submit() - carry out what has been gathered
 * @b: the batch; empty afterwards
 *
 * A failure is logged by the queue and leaves nothing that could be done here.
 *
 * Context: Any.
 */
static inline void batch_submit(struct flush_batch *b)
{
	if (b->count)
		intel_submit(b->iommu, b->desc, b->count);
	b->count = 0;
}

/**
 * batch_add() - gather one command
 * @b: the batch
 * @desc: the command
 *
 * Context: Any.  A batch that is full is carried out.
 */
static inline void batch_add(struct flush_batch *b, struct qi_desc desc)
{
	b->desc[b->count++] = desc;
	if (unlikely(b->count == FLUSH_BATCH_MAX))
		batch_submit(b);
}

/* attach.c */
int intel_attach(struct intel_device *device, u32 pasid,
		 struct dmar_domain *domain);
void intel_block(struct intel_device *device, u32 pasid);
int intel_prepare_entries(struct intel_device *device, u32 pasid);
int intel_widen_pasids(struct intel_device *device);
void intel_reattach(struct dmar_domain *domain);
void intel_release_entries(struct intel_device *device);

/* domain.c */
int domain_check_device(struct dmar_domain *domain,
			struct intel_device *device);
void domain_sync_mapped(struct dmar_domain *domain);
extern struct iommu_domain intel_identity_domain;
extern struct iommu_domain intel_blocked_domain;
extern const struct iommu_domain_ops intel_ss_domain_ops;
struct iommu_domain *intel_domain_alloc_paging(struct device *dev);
struct iommu_domain *
intel_domain_alloc_user(struct device *dev, u32 flags,
			struct iommu_domain *parent,
			const struct iommu_user_data *user_data);

#ifdef CONFIG_INTEL_IOMMU_DEBUGFS
void intel_debugfs_add_device(struct intel_device *device);
void intel_debugfs_del_device(struct intel_device *device);
void intel_debugfs_add_attachment(struct attachment *att);
void intel_debugfs_del_attachment(struct attachment *att);
#else
static inline void intel_debugfs_add_device(struct intel_device *device)
{
}

static inline void intel_debugfs_del_device(struct intel_device *device)
{
}

static inline void intel_debugfs_add_attachment(struct attachment *att)
{
}

static inline void intel_debugfs_del_attachment(struct attachment *att)
{
}
#endif

#endif /* _INTEL_DOMAIN_H */
