/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The remapping unit and what the files of this folder call of each other.
 *
 * Glossary
 *   unit	one remapping hardware unit: struct intel_iommu, "dmar0"
 *   drhd	what firmware said of a unit: struct dmar_drhd_unit
 *   scope	the devices that a firmware structure names
 *   sid	source ID, bus << 8 | devfn, with which a device's requests come
 *   did	domain ID, the tag of the unit's caches
 *   RMRR	memory that firmware has devices access at fixed addresses
 *   ATSR	root ports below which ATS may be used
 *   SATC	integrated devices that have ATS
 *   ANDD	ACPI namespace device that does DMA
 *   last	inclusive; end is exclusive
 *
 * Locks, outer to inner
 *   dmar_global_lock	the list of units, scopes and firmware structures;
 *			readers may use RCU instead
 *   iommu->lock	root, context and PASID directory tables, domain IDs
 *   qi->lock		the invalidation queue
 *   fault_lock		who empties the fault log, with the handlers that he calls
 *   register_lock	command registers and gcmd; nothing nests in it
 */
#ifndef _INTEL_VTD_UNIT_H
#define _INTEL_VTD_UNIT_H

#include <linux/cacheflush.h>
#include <linux/dmar.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "bits.h"
#include "latency.h"
#include "qi.h"

struct ir_table;
struct q_inval;

/* Domain IDs that name no domain of their own (6.2.3.1). */
#define DID_INVALID		0	/* caching mode tags invalid entries 0 */
#define FLPT_DEFAULT_DID	1	/* first-stage and pass-through */
#define DID_FIRST		2

/* intel_iommu.flags */
#define UNIT_PRE_ENABLED	BIT(0)	/* translation was on at boot (kdump) */
#define UNIT_IR_PRE_ENABLED	BIT(1)	/* interrupt remapping was on at boot */
#define UNIT_REGISTERED		BIT(2)	/* known to the IOMMU core and sysfs */

/* Registers of the fault event, kept over suspend. */
struct fault_event_state {
	u32 ctl, data, addr, uaddr;
};

/**
 * struct intel_iommu - one remapping hardware unit
 * @iommu: the core's handle; max_pasids is 0 where PASIDs are not supported
 * @reg: the mapped registers
 * @reg_phys: their physical address
 * @reg_size: their size in bytes
 * @cap: capability register, read once
 * @ecap: extended capability register, read once
 * @gcmd: what the global command register holds of TE, QIE, IRE and CFI;
 *	register_lock
 * @register_lock: serialises multi-step register accesses
 * @seq_id: number of the unit, unique
 * @name: "dmar<seq_id>"
 * @segment: PCI segment that the unit serves
 * @node: NUMA node, or NUMA_NO_NODE
 * @flags: UNIT_x; dmar_global_lock
 * @drhd: what firmware said of the unit
 * @lock: protects @root and what hangs from it, the domain IDs and @copied;
 *	taken with interrupts disabled
 * @root: root table, one page; set once by intel_iommu_alloc_root()
 * @copied: 64K bits by source ID: context entries inherited from the kernel
 *	that crashed and not yet replaced (kdump), or NULL; @lock
 * @did_ida: domain IDs of domains, from DID_FIRST on; its own lock
 * @spare_did: one that is allocated and not in use, 0: none; @lock
 * @nr_dids: domain IDs in use, without those that are reserved, for sysfs; @lock
 * @devices: source ID -> struct device of the devices that were probed; changed
 *	by iommu_add_device() and iommu_del_device(), read under RCU
 * @qi: invalidation queue, NULL where the unit has none or it is off
 * @irq: fault event interrupt, 0 while there is none
 * @fault_lock: held while the fault log is emptied
 * @fault_rs: limits what faults write to the log
 * @fault_timer: looks at the fault log again after a storm
 * @fault_event: fault event registers over suspend; syscore only
 * @ir: interrupt remapping table, NULL while there is none
 * @latency: by enum latency_kind; a lock in latency.c
 */
struct intel_iommu {
	struct iommu_device iommu;

	void __iomem *reg;
	u64 reg_phys;
	u64 reg_size;
	u64 cap;
	u64 ecap;
	u32 gcmd;
	raw_spinlock_t register_lock;

	int seq_id;
	char name[16];
	u16 segment;
	int node;
	u32 flags;
	struct dmar_drhd_unit *drhd;

	/* root, what hangs from it, domain IDs, copied */
	spinlock_t lock;
	struct root_entry *root;
	unsigned long *copied;
	struct ida did_ida;
	u16 spare_did;
	unsigned int nr_dids;
	struct xarray devices;

	struct q_inval *qi;
	int irq;
	raw_spinlock_t fault_lock;
	struct ratelimit_state fault_rs;
	struct timer_list fault_timer;
	struct fault_event_state fault_event;

	struct ir_table *ir;
#ifdef CONFIG_INTEL_IOMMU_DEBUGFS
	struct latency latency[LATENCY_KINDS];
#endif
};

/* options.c: what the command line and firmware's flags decided. */
extern int dmar_disabled;		/* intel_iommu=off or the default */
extern int intel_iommu_enabled;		/* intel_iommu_init() succeeded */
extern int intel_iommu_sm;		/* scalable mode is wanted */
extern int intel_iommu_tboot_noforce;
extern bool intel_iommu_superpage;	/* cleared by intel_iommu=sp_off */
extern bool intel_iommu_intgpu_identity; /* intel_iommu=intgpu_off */
extern bool intel_iommu_igfx_off;	/* intel_iommu=igfx_off, quirks */
bool intel_iommu_wanted(void);
bool intel_iommu_force(void);

/**
 * sm_supported - will this unit run in scalable mode
 * @iommu: the unit
 *
 * Return: true when it can and it is wanted
 */
static inline bool sm_supported(const struct intel_iommu *iommu)
{
	return intel_iommu_sm && ecap_smts(iommu->ecap);
}

static inline bool pasid_supported(const struct intel_iommu *iommu)
{
	return sm_supported(iommu) && ecap_pasid(iommu->ecap);
}

static inline bool nested_supported(const struct intel_iommu *iommu)
{
	return sm_supported(iommu) && ecap_nest(iommu->ecap);
}

/* Second-stage accessed and dirty bits, which need snooped walks. */
static inline bool ssads_supported(const struct intel_iommu *iommu)
{
	return sm_supported(iommu) && ecap_ssads(iommu->ecap) &&
	       ecap_smpwcs(iommu->ecap);
}

/* Does the unit snoop CPU caches when it walks page tables (3.10)? */
static inline bool iommu_walk_coherent(const struct intel_iommu *iommu)
{
	return sm_supported(iommu) ? ecap_smpwcs(iommu->ecap)
				   : ecap_c(iommu->ecap);
}

/**
 * iommu_flush_cache - make table entries visible to a unit that does not snoop
 * @iommu: the unit
 * @addr: first byte written
 * @size: bytes
 *
 * For root, context, PASID and interrupt remapping tables (ECAP.C).
 * Context: any.
 */
static inline void iommu_flush_cache(const struct intel_iommu *iommu,
				     void *addr, size_t size)
{
	if (!ecap_c(iommu->ecap))
		clflush_cache_range(addr, size);
}

/* Was translation on when we booted, with tables that we took over? */
static inline bool iommu_pre_enabled(const struct intel_iommu *iommu)
{
	return iommu->flags & UNIT_PRE_ENABLED;
}

/* Device-TLB requests must not be queued while translation is off (4.3). */
static inline bool iommu_translating(const struct intel_iommu *iommu)
{
	return READ_ONCE(iommu->gcmd) & GCMD_TE;
}

/* unit.c */
int iommu_unit_alloc(struct dmar_drhd_unit *drhd);
void iommu_unit_free(struct intel_iommu *iommu);
int iommu_unit_register(struct intel_iommu *iommu);
void iommu_unit_unregister(struct intel_iommu *iommu);
int iommu_unit_levels(const struct intel_iommu *iommu);
int iommu_enable_translation(struct intel_iommu *iommu);
int iommu_disable_translation(struct intel_iommu *iommu);
int iommu_set_root(struct intel_iommu *iommu);
void iommu_flush_write_buffer(struct intel_iommu *iommu);
int iommu_disable_pmr(struct intel_iommu *iommu);
int iommu_gcmd_set(struct intel_iommu *iommu, u32 bit);
int iommu_gcmd_clear(struct intel_iommu *iommu, u32 bit);
int iommu_gcmd_oneshot(struct intel_iommu *iommu, u32 bit, bool set);
int iommu_wait_status(struct intel_iommu *iommu, u32 bit, bool set);
int iommu_map_registers(struct intel_iommu *iommu, u64 size);
void iommu_unmap_registers(struct intel_iommu *iommu);

int iommu_add_device(struct intel_iommu *iommu, u16 sid, struct device *dev);
void iommu_del_device(struct intel_iommu *iommu, u16 sid);

/* table.c */
u8 dmar_table_flags(void);	/* DMAR_INTR_REMAP, DMAR_X2APIC_OPT_OUT, ... */

/* scope.c: which unit, and which firmware structures, a device is under. */
struct intel_iommu *intel_iommu_lookup(struct device *dev, u8 *bus, u8 *devfn);
struct dmar_drhd_unit *dmar_find_matched_drhd_unit(struct pci_dev *pdev);
bool intel_dev_has_satc(struct device *dev);
bool intel_atsr_allows_ats(struct device *dev);
bool intel_ats_allowed(struct intel_iommu *iommu, struct device *dev);

/**
 * struct dmar_rmrr - memory that firmware's devices use at fixed addresses
 * @list: in dmar_rmrrs
 * @base: first byte, page aligned
 * @last: last byte
 * @segment: PCI segment of the devices
 * @devices: the devices; dmar_global_lock, readers by RCU
 * @devices_cnt: how many
 * @hdr: firmware's structure, a copy that ends with this one
 */
struct dmar_rmrr {
	struct list_head list;
	u64 base;
	u64 last;
	u16 segment;
	struct dmar_dev_scope *devices;
	int devices_cnt;
	struct acpi_dmar_reserved_memory *hdr;
};

extern struct list_head dmar_rmrrs;

/* The RMRRs never change after boot: no lock.  Their scopes need RCU. */
#define for_each_rmrr(rmrr)	list_for_each_entry((rmrr), &dmar_rmrrs, list)

/* irq.c, fault.c: dmar_set_interrupt(), dmar_fault() are in <linux/dmar.h> */
void iommu_fault_init(struct intel_iommu *iommu);
void iommu_fault_stop(struct intel_iommu *iommu);
void iommu_clear_faults(struct intel_iommu *iommu);
int iommu_drain_faults(struct intel_iommu *iommu);
void iommu_defer_faults(struct intel_iommu *iommu);
void iommu_free_irq(struct intel_iommu *iommu);

/* quirks.c */
extern bool intel_quirk_rwbf;
bool intel_quirk_risky(struct pci_dev *pdev);
bool intel_quirk_skip_te_disable(const struct intel_iommu *iommu);
bool intel_quirk_ioat_misplaced(struct pci_dev *pdev,
				const struct dmar_drhd_unit *drhd);
bool intel_quirk_extra_devtlb_flush(struct pci_dev *pdev);
int intel_quirk_def_domain_type(struct device *dev);
void intel_quirk_tylersburg_isoch(void);

/* init.c, suspend.c, hotplug.c */
int intel_iommu_prepare_unit(struct intel_iommu *iommu);
void intel_iommu_undo_unit(struct intel_iommu *iommu);
void intel_iommu_suspend_init(void);

/*
 * From the files on entries, domains and devices.
 *
 * intel_iommu_alloc_root() allocates and flushes the root table.
 * intel_iommu_free_tables() frees root, context and PASID tables, @copied and
 * what else hangs from the unit; translation is off.
 * intel_kdump_copy_tables() fills the new root table from the tables that
 * hardware uses; on failure the caller turns translation off.
 */
int intel_iommu_alloc_root(struct intel_iommu *iommu);
void intel_iommu_free_tables(struct intel_iommu *iommu);
int intel_kdump_copy_tables(struct intel_iommu *iommu);
extern const struct iommu_ops intel_iommu_ops;

#ifdef CONFIG_DMAR_DEBUG
void intel_iommu_dump_entries(struct intel_iommu *iommu, u16 sid, u64 addr,
			      u32 pasid);
#else
static inline void intel_iommu_dump_entries(struct intel_iommu *iommu, u16 sid,
					    u64 addr, u32 pasid)
{
}
#endif

#ifdef CONFIG_INTEL_IOMMU_DEBUGFS
void intel_iommu_debugfs_init(void);
#else
static inline void intel_iommu_debugfs_init(void)
{
}
#endif

/* irq_remap.c, which also has dmar_ir_hotplug(): see <linux/dmar.h> */
#ifdef CONFIG_IRQ_REMAP
void intel_irq_remap_add_device(struct pci_dev *pdev);
#else
static inline void intel_irq_remap_add_device(struct pci_dev *pdev)
{
}
#endif

#endif /* _INTEL_VTD_UNIT_H */
