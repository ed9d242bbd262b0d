/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU interface
 *
 * Who reads what:
 *
 *  - users of translation (VFIO, iommufd, GPU and device drivers): domains,
 *    attach/detach, iommu_map() and friends, groups and DMA ownership, PASIDs;
 *  - drivers of IOMMU hardware: &struct iommu_ops and &struct iommu_domain_ops,
 *    &struct iommu_device, fwspec, the gather and I/O page fault helpers;
 *  - bus and firmware code: iommu_probe_device(), fwspec, reserved regions.
 *
 * Words: an *iova* is the address that a device puts on the bus, *paddr* what it
 * is translated to; a *domain* is one translation of iovas; a *group* is the
 * smallest set of devices that can be isolated from all others; a *PASID* tells
 * several address spaces of one device apart.  Sizes and lengths are in bytes;
 * "last" is inclusive, "end" exclusive unless a field says otherwise.
 *
 * Functions are documented where they are defined, in drivers/iommu/core/;
 * the model is described in Documentation/driver-api/iommu/.
 */

#ifndef __LINUX_IOMMU_H
#define __LINUX_IOMMU_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/ioasid.h>
#include <linux/iova_bitmap.h>
#include <linux/of.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct mm_struct;
struct notifier_block;
struct iommu_access_fault;
struct iommu_attach_handle;
struct iommu_dirty_ops;
struct iommu_dma_cookie;
struct iommu_domain;
struct iommu_domain_ops;
struct iommu_fault_param;
struct iommu_group;
struct iommu_ops;
struct iommu_sva;

/*
 * Permissions and attributes of a mapping (the @prot of iommu_map())
 */

#define IOMMU_READ	0x01	/* the device may read */
#define IOMMU_WRITE	0x02	/* the device may write */
#define IOMMU_CACHE	0x04	/* DMA is coherent with the CPU caches */
#define IOMMU_NOEXEC	0x08	/* the device may not fetch instructions */
#define IOMMU_MMIO	0x10	/* the target is device memory, e.g. an MSI doorbell */
/*
 * On buses whose requests are marked as user or supervisor: the permissions
 * above hold for supervisor requests, and user requests get as little as the
 * table format can express.
 */
#define IOMMU_PRIV	0x20

/*
 * Domains
 */

/* Traits that a domain type is made of. */
#define __IOMMU_DOMAIN_PAGING	0x01U	/* iommu_map() and iommu_unmap() work */
#define __IOMMU_DOMAIN_DMA_API	0x02U	/* used by the DMA API */
#define __IOMMU_DOMAIN_PT	0x04U	/* pass-through: iova == paddr */
#define __IOMMU_DOMAIN_DMA_FQ	0x08U	/* the DMA API defers invalidation */
#define __IOMMU_DOMAIN_SVA	0x10U	/* a process's address space */
#define __IOMMU_DOMAIN_PLATFORM	0x20U	/* the platform's own DMA ops */
#define __IOMMU_DOMAIN_NESTED	0x40U	/* user-managed, on top of a parent */

/* A driver need not know whether invalidation is deferred. */
#define IOMMU_DOMAIN_ALLOC_FLAGS (~__IOMMU_DOMAIN_DMA_FQ)

/* No DMA gets through. */
#define IOMMU_DOMAIN_BLOCKED	0U
/* The user of the IOMMU API manages the mappings (VFIO, iommufd, drivers). */
#define IOMMU_DOMAIN_UNMANAGED	__IOMMU_DOMAIN_PAGING
/* The DMA API manages the mappings; unmap invalidates at once ("strict"). */
#define IOMMU_DOMAIN_DMA	(__IOMMU_DOMAIN_DMA_API | __IOMMU_DOMAIN_PAGING)
/* As above, with invalidation in batches ("lazy"). */
#define IOMMU_DOMAIN_DMA_FQ	(IOMMU_DOMAIN_DMA | __IOMMU_DOMAIN_DMA_FQ)
/* Untranslated. */
#define IOMMU_DOMAIN_IDENTITY	__IOMMU_DOMAIN_PT
/* The page table of an mm, walked by the device as well. */
#define IOMMU_DOMAIN_SVA	__IOMMU_DOMAIN_SVA
/* Stage 1 belongs to user space, stage 2 is the parent domain. */
#define IOMMU_DOMAIN_NESTED	__IOMMU_DOMAIN_NESTED
/* For platforms with DMA ops of their own; not for new drivers. */
#define IOMMU_DOMAIN_PLATFORM	__IOMMU_DOMAIN_PLATFORM

/* Access kinds in the @flags of report_iommu_fault() and of a fault handler. */
#define IOMMU_FAULT_READ	0x0
#define IOMMU_FAULT_WRITE	0x1

/**
 * typedef iommu_fault_handler_t - called for a translation fault
 * @domain: the domain in which it happened
 * @dev: the device that made the access
 * @iova: address of the access
 * @flags: %IOMMU_FAULT_READ or %IOMMU_FAULT_WRITE
 * @token: what iommu_set_fault_handler() was given
 *
 * Context: as the driver's fault interrupt, possibly atomic.
 * Return: 0 if the fault was dealt with, -ENOSYS for the driver's default
 * treatment, another negative error otherwise.
 */
typedef int (*iommu_fault_handler_t)(struct iommu_domain *domain,
				     struct device *dev, unsigned long iova,
				     int flags, void *token);

/**
 * typedef iommu_access_fault_handler_t - called for a request that was refused
 * @domain: the domain that the request went to
 * @dev: the device that made it
 * @fault: what it was; only during the call
 * @token: what iommu_set_access_fault_handler() was given
 *
 * Context: as the driver's fault interrupt, usually hard interrupt, with a raw
 * spinlock held: must neither sleep nor attach or detach anything.
 * Return: 0 if the fault was dealt with; an error for the driver to log it.
 */
typedef int (*iommu_access_fault_handler_t)(struct iommu_domain *domain,
					    struct device *dev,
					    const struct iommu_access_fault *fault,
					    void *token);

/**
 * struct iommu_domain_geometry - the iovas that a domain can translate
 * @aperture_start: lowest iova that can be mapped
 * @aperture_end: highest iova that can be mapped (inclusive)
 * @force_aperture: the device cannot reach anything outside; iommu_map()
 *	refuses it with -ERANGE
 */
struct iommu_domain_geometry {
	dma_addr_t	aperture_start;
	dma_addr_t	aperture_end;
	bool		force_aperture;
};

struct iopf_group;

/**
 * struct iommu_domain - one translation of device addresses
 * @type: IOMMU_DOMAIN_*, set at allocation and never changed while attached
 * @ops: what can be done with it, from the driver
 * @dirty_ops: dirty tracking, or NULL if the domain has none
 * @owner: ops of the driver that allocated it; only devices of the same driver
 *	can be attached
 * @pgsize_bitmap: a bit for each page size that can be mapped, by its size
 * @geometry: the iovas that can be mapped
 * @iova_cookie: the DMA API's iova allocator, or the MSI window of a domain
 *	whose iovas someone else manages; belongs to dma-iommu.c
 * @iopf_handler: takes the I/O page faults that this domain can resolve, or NULL;
 *	returns 0 when it has taken over the group, and then has to call
 *	iopf_group_response() and iopf_free_group()
 * @fault_data: for @iopf_handler
 * @attachments: groups, and PASIDs of groups, that are attached to it
 * @aux_pasid: its PASID as an aux-domain, 0 while it is none; aux.c
 * @aux_users: iommu_aux_attach_device() calls that have it as their domain; aux.c
 * @handler: translation fault handler (not for %IOMMU_DOMAIN_SVA)
 * @access_handler: the same, of the kind that is told everything
 * @handler_token: for either handler
 * @mm: the address space, with a reference by mmgrab() (%IOMMU_DOMAIN_SVA)
 * @users: bonds that use the domain; the SVA lock (%IOMMU_DOMAIN_SVA)
 * @next: in &iommu_mm_data.sva_domains; the SVA lock (%IOMMU_DOMAIN_SVA)
 *
 * A driver embeds it in its own structure and returns it from an allocation op.
 * It may set @pgsize_bitmap, @geometry, @ops and @dirty_ops there; the core
 * fills in what was left out.  Fields without a lock are constant after that.
 */
struct iommu_domain {
	unsigned int type;
	const struct iommu_domain_ops *ops;
	unsigned long pgsize_bitmap;
	struct iommu_domain_geometry geometry;
	const struct iommu_ops *owner;
	const struct iommu_dirty_ops *dirty_ops;
	struct iommu_dma_cookie *iova_cookie;
	int (*iopf_handler)(struct iopf_group *group);
	void *fault_data;
	atomic_t attachments;
	ioasid_t aux_pasid;
	unsigned int aux_users;
	union {
		struct {
			iommu_fault_handler_t handler;
			iommu_access_fault_handler_t access_handler;
			void *handler_token;
		};
		struct {
			struct mm_struct *mm;
			int users;
			struct list_head next;
		};
	};
};

/**
 * iommu_is_dma_domain - does the DMA API manage this domain?
 * @domain: the domain
 *
 * Return: true for %IOMMU_DOMAIN_DMA and %IOMMU_DOMAIN_DMA_FQ.
 */
static inline bool iommu_is_dma_domain(struct iommu_domain *domain)
{
	return (domain->type & __IOMMU_DOMAIN_DMA_API) != 0;
}

/**
 * enum iommu_cap - what device_iommu_capable() can be asked
 * @IOMMU_CAP_CACHE_COHERENCY: %IOMMU_CACHE has an effect
 * @IOMMU_CAP_NOEXEC: %IOMMU_NOEXEC has an effect
 * @IOMMU_CAP_PRE_BOOT_PROTECTION: firmware protected memory from DMA with the
 *	IOMMU, and the system should go on doing so
 * @IOMMU_CAP_ENFORCE_CACHE_COHERENCY: &iommu_domain_ops.enforce_cache_coherency
 *	will work for this device
 * @IOMMU_CAP_DEFERRED_FLUSH: unmap issues no invalidation of its own, so that
 *	%IOMMU_DOMAIN_DMA_FQ is worth having
 * @IOMMU_CAP_DIRTY_TRACKING: domains can track dirty pages
 */
enum iommu_cap {
	IOMMU_CAP_CACHE_COHERENCY,
	IOMMU_CAP_NOEXEC,
	IOMMU_CAP_PRE_BOOT_PROTECTION,
	IOMMU_CAP_ENFORCE_CACHE_COHERENCY,
	IOMMU_CAP_DEFERRED_FLUSH,
	IOMMU_CAP_DIRTY_TRACKING,
};

/*
 * Reserved regions: iovas that are not free for mapping on some device
 */

/**
 * enum iommu_resv_type - why a region is reserved
 * @IOMMU_RESV_DIRECT: firmware uses the memory for the device's DMA: has to be
 *	mapped one-to-one at all times
 * @IOMMU_RESV_DIRECT_RELAXABLE: as above, but the device can do without once a
 *	driver has taken over (USB, graphics); may be given to user space
 * @IOMMU_RESV_RESERVED: never to be mapped, e.g. another device's window
 * @IOMMU_RESV_MSI: interrupt messages, which the hardware does not translate
 * @IOMMU_RESV_SW_MSI: a window of iovas where software maps the MSI doorbells
 */
enum iommu_resv_type {
	IOMMU_RESV_DIRECT,
	IOMMU_RESV_DIRECT_RELAXABLE,
	IOMMU_RESV_RESERVED,
	IOMMU_RESV_MSI,
	IOMMU_RESV_SW_MSI,
};

/**
 * struct iommu_resv_region - one reserved region
 * @list: in the list that iommu_get_resv_regions() fills
 * @start: first address
 * @length: size in bytes
 * @prot: permissions for the one-to-one mapping, IOMMU_READ and the like
 * @type: why it is reserved
 * @free: how to free the region where kfree() is not enough, or NULL
 */
struct iommu_resv_region {
	struct list_head	list;
	phys_addr_t		start;
	size_t			length;
	int			prot;
	enum iommu_resv_type	type;
	void			(*free)(struct device *dev,
					struct iommu_resv_region *region);
};

/**
 * struct iommu_iort_rmr_data - a reserved region from an IORT RMR node
 * @rr: the region
 * @sids: StreamIDs that it is for
 * @num_sids: number of entries in @sids
 */
struct iommu_iort_rmr_data {
	struct iommu_resv_region rr;
	const u32		*sids;
	u32			num_sids;
};

/*
 * Device features and PASIDs
 */

/**
 * enum iommu_dev_features - what has to be switched on for one device
 * @IOMMU_DEV_FEAT_SVA: shared virtual addressing, for iommu_sva_bind_device()
 * @IOMMU_DEV_FEAT_IOPF: I/O page faults by PCI PRI or stall.  Where it is there,
 *	SVA needs it: enable it before %IOMMU_DEV_FEAT_SVA and disable it after.
 *	A device that handles its faults itself does without.
 * @IOMMU_DEV_FEAT_AUX: domains attached to a PASID of the device
 *
 * See iommu_dev_enable_feature().
 */
enum iommu_dev_features {
	IOMMU_DEV_FEAT_SVA,
	IOMMU_DEV_FEAT_IOPF,
	IOMMU_DEV_FEAT_AUX,
};

/* Number of values above, for tables. */
#define IOMMU_DEV_FEAT_NR	(IOMMU_DEV_FEAT_AUX + 1)

#define IOMMU_NO_PASID			0U	/* requests without PASID */
#define IOMMU_FIRST_GLOBAL_PASID	1U	/* lowest that is handed out */
#define IOMMU_PASID_INVALID		(-1U)

/*
 * Access faults: requests that were refused and are over
 */

/**
 * struct iommu_access_fault - a request that was not translated
 * @pasid: PASID of the request, or IOMMU_NO_PASID
 * @perm: what it wanted: IOMMU_FAULT_PERM_*
 * @addr: its address, as exactly as the hardware tells
 * @code: why it was refused: the hardware's number
 * @reason: the same in words; a constant string
 */
struct iommu_access_fault {
	ioasid_t	pasid;
	u32		perm;
	u64		addr;
	u32		code;
	const char	*reason;
};

/*
 * I/O page faults (PCI page requests, SMMU stalls)
 *
 * A device reports a group of faults and waits for one response.  The driver
 * calls iommu_report_device_fault() for each; the last one of the group passes
 * all of them to the domain's handler as a &struct iopf_group.
 */

/* The access that faulted, &iommu_fault_page_request.perm. */
#define IOMMU_FAULT_PERM_READ	0x1
#define IOMMU_FAULT_PERM_WRITE	0x2
#define IOMMU_FAULT_PERM_EXEC	0x4
#define IOMMU_FAULT_PERM_PRIV	0x8	/* by a supervisor */

/* &iommu_fault_page_request.flags */
#define IOMMU_FAULT_PAGE_REQUEST_PASID_VALID	0x1	/* @pasid is valid */
#define IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE	0x2	/* closes the group */
#define IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID	0x4	/* respond with @pasid */

/**
 * enum iommu_fault_type - kinds of fault that can be reported
 * @IOMMU_FAULT_PAGE_REQ: a page request that can be answered
 */
enum iommu_fault_type {
	IOMMU_FAULT_PAGE_REQ = 1,
};

/**
 * struct iommu_fault_page_request - one faulting access
 * @flags: IOMMU_FAULT_PAGE_REQUEST_* and IOMMU_FAULT_PAGE_RESPONSE_*
 * @pasid: address space of the access, if @flags say so
 * @grpid: index of the group, chosen by the device
 * @perm: IOMMU_FAULT_PERM_*
 * @addr: address of the page
 * @private_data: whatever the driver needs to see again in the response
 */
struct iommu_fault_page_request {
	u32	flags;
	u32	pasid;
	u32	grpid;
	u32	perm;
	u64	addr;
	u64	private_data[2];
};

/**
 * struct iommu_fault - one fault
 * @type: of &enum iommu_fault_type
 * @prm: the request, for %IOMMU_FAULT_PAGE_REQ
 */
struct iommu_fault {
	u32				type;
	struct iommu_fault_page_request	prm;
};

/**
 * enum iommu_page_response_code - how a group of faults ended
 * @IOMMU_PAGE_RESP_SUCCESS: the pages are there, try again (PRI "Success")
 * @IOMMU_PAGE_RESP_INVALID: the access is not allowed, do not try again (PRI
 *	"Invalid Request")
 * @IOMMU_PAGE_RESP_FAILURE: the faults of this device cannot be handled any
 *	more; it should stop sending them (PRI "Response Failure")
 */
enum iommu_page_response_code {
	IOMMU_PAGE_RESP_SUCCESS = 0,
	IOMMU_PAGE_RESP_INVALID,
	IOMMU_PAGE_RESP_FAILURE,
};

/**
 * struct iommu_page_response - the answer to a group of faults
 * @pasid: as in the request that closed the group
 * @grpid: as in the request
 * @code: of &enum iommu_page_response_code
 */
struct iommu_page_response {
	u32	pasid;
	u32	grpid;
	u32	code;
};

/**
 * struct iopf_fault - a fault on its way to a handler
 * @fault: what the device reported
 * @list: in &iopf_group.faults, or &iommu_fault_param.partial until the group is
 *	complete
 */
struct iopf_fault {
	struct iommu_fault	fault;
	struct list_head	list;
};

/**
 * struct iopf_group - the faults that one response answers
 * @last_fault: the fault that closed the group
 * @faults: all of them, @last_fault at the end
 * @fault_count: number of entries in @faults
 * @pending_node: in &iommu_fault_param.faults or .taken until the group is
 *	answered; &iommu_fault_param.lock
 * @work: for the handler
 * @attach_handle: the attachment that the faults belong to
 * @fault_param: the device's fault state; holds a reference
 * @node: for the handler
 * @cookie: for the handler
 */
struct iopf_group {
	struct iopf_fault		last_fault;
	struct list_head		faults;
	size_t				fault_count;
	struct list_head		pending_node;
	struct work_struct		work;
	struct iommu_attach_handle	*attach_handle;
	struct iommu_fault_param	*fault_param;
	struct list_head		node;
	u32				cookie;
};

/**
 * struct iopf_queue - a workqueue that handles the faults of some devices
 * @wq: runs the handlers
 * @devices: the &struct iommu_fault_param of each device; @lock
 * @lock: protects @devices; taken before &dev_iommu.lock
 */
struct iopf_queue {
	struct workqueue_struct	*wq;
	struct list_head	devices;
	struct mutex		lock;	/* protects @devices */
};

/* &iommu_dirty_ops.read_and_clear_dirty: leave the dirty bits as they are. */
#define IOMMU_DIRTY_NO_CLEAR	0x1

#ifdef CONFIG_IOMMU_API

/*
 * What drivers of IOMMU hardware implement
 */

/**
 * struct iommu_iotlb_gather - what has been unmapped and not yet invalidated
 * @start: lowest iova
 * @end: highest iova (inclusive); 0 together with @start == %ULONG_MAX is empty
 * @pgsize: page size of the range where the driver cares, or 0
 * @freelist: table pages to free after the invalidation (by &page.lru)
 * @queued: the invalidation will be &iommu_domain_ops.flush_iotlb_all some time
 *	later instead of &iommu_domain_ops.iotlb_sync
 *
 * Filled by any number of calls to unmap, emptied by iommu_iotlb_sync().
 * Belongs to the caller, usually on its stack: no lock.
 */
struct iommu_iotlb_gather {
	unsigned long		start;
	unsigned long		end;
	size_t			pgsize;
	struct list_head	freelist;
	bool			queued;
};

/**
 * struct iommu_dirty_bitmap - where dirty pages are reported
 * @bitmap: takes the dirty ranges, or NULL if nobody wants to know
 * @gather: takes the ranges whose dirty bits were cleared, or NULL
 */
struct iommu_dirty_bitmap {
	struct iova_bitmap		*bitmap;
	struct iommu_iotlb_gather	*gather;
};

/**
 * struct iommu_dirty_ops - dirty tracking of a domain
 */
struct iommu_dirty_ops {
	/**
	 * @set_dirty_tracking: switch it on or off for the whole domain.
	 * Return: 0 or a negative error.
	 */
	int (*set_dirty_tracking)(struct iommu_domain *domain, bool enabled);
	/**
	 * @read_and_clear_dirty: report each page in [iova, iova + size) that
	 * was written to with iommu_dirty_bitmap_record(), and clear its bit
	 * unless @flags has %IOMMU_DIRTY_NO_CLEAR.  The caller invalidates.
	 * Return: 0 or a negative error.
	 */
	int (*read_and_clear_dirty)(struct iommu_domain *domain,
				    unsigned long iova, size_t size,
				    unsigned long flags,
				    struct iommu_dirty_bitmap *dirty);
};

/**
 * struct iommu_user_data - a structure in user memory, for one driver
 * @type: which structure, from include/uapi/linux/iommufd.h
 * @uptr: where it is
 * @len: its size in bytes, as user space knows it
 */
struct iommu_user_data {
	unsigned int	type;
	void __user	*uptr;
	size_t		len;
};

/**
 * struct iommu_user_data_array - an array of such structures
 * @type: which structure, from include/uapi/linux/iommufd.h
 * @uptr: where the array is
 * @entry_len: size of an entry in bytes, as user space knows it
 * @entry_num: number of entries
 */
struct iommu_user_data_array {
	unsigned int	type;
	void __user	*uptr;
	size_t		entry_len;
	u32		entry_num;
};

/**
 * struct iommu_ops - an IOMMU driver
 *
 * Constant.  Unless it says otherwise an op may sleep and may be left out.
 */
struct iommu_ops {
	/** @capable: Return: whether @dev and its IOMMU have the capability. */
	bool (*capable)(struct device *dev, enum iommu_cap cap);

	/**
	 * @hw_info: describe the hardware to user space, as enum
	 * iommu_hw_info_type in include/uapi/linux/iommufd.h.
	 * Return: a buffer for the caller to kfree(), or an ERR_PTR().
	 */
	void *(*hw_info)(struct device *dev, u32 *length, u32 *type);

	/**
	 * @domain_alloc: the old way to make a domain, without a device to make
	 * it for.  Prefer the ops below and static domains.
	 * Return: the domain, an ERR_PTR(), or NULL without memory.
	 */
	struct iommu_domain *(*domain_alloc)(unsigned int iommu_domain_type);

	/**
	 * @domain_alloc_user: make a domain for iommufd, filled in completely.
	 * With a @parent it is a %IOMMU_DOMAIN_NESTED on top of that, described
	 * by @user_data; without, a paging domain (and @user_data is optional).
	 * Return: the domain or an ERR_PTR().
	 */
	struct iommu_domain *(*domain_alloc_user)(struct device *dev, u32 flags,
						  struct iommu_domain *parent,
						  const struct iommu_user_data *user_data);

	/**
	 * @domain_alloc_paging: make a domain for iommu_map(), which will be
	 * %IOMMU_DOMAIN_UNMANAGED, _DMA or _DMA_FQ.  @dev is a device that it
	 * will be attached to; NULL for iommu_domain_alloc() only.
	 * Return: the domain or an ERR_PTR().
	 */
	struct iommu_domain *(*domain_alloc_paging)(struct device *dev);

	/**
	 * @domain_alloc_sva: make a domain that translates like @mm.
	 * Return: the domain or an ERR_PTR().
	 */
	struct iommu_domain *(*domain_alloc_sva)(struct device *dev,
						 struct mm_struct *mm);

	/**
	 * @probe_device: start to serve a device.  iommu_probe_device_lock is
	 * held.  Return: its unit, ERR_PTR(-ENODEV) if there is none.
	 */
	struct iommu_device *(*probe_device)(struct device *dev);
	/**
	 * @release_device: forget the device.  It translates through no domain
	 * afterwards; see also @release_domain.
	 */
	void (*release_device)(struct device *dev);
	/**
	 * @probe_finalize: called once the device is in a group that has its
	 * default domain.
	 */
	void (*probe_finalize)(struct device *dev);
	/**
	 * @device_group: find or make the group, with a reference for the
	 * device: pci_device_group(), generic_device_group() or a driver's own.
	 * Return: the group or an ERR_PTR().  Not optional.
	 */
	struct iommu_group *(*device_group)(struct device *dev);

	/** @get_resv_regions: append the device's reserved regions to @list. */
	void (*get_resv_regions)(struct device *dev, struct list_head *list);

	/**
	 * @of_xlate: take the IDs of a devicetree "iommus" entry, usually with
	 * iommu_fwspec_add_ids().  Return: 0 or a negative error.
	 */
	int (*of_xlate)(struct device *dev, const struct of_phandle_args *args);
	/**
	 * @is_attach_deferred: Return: whether the device has to keep the
	 * translation it has (e.g. a crashed kernel's) until its driver maps.
	 */
	bool (*is_attach_deferred)(struct device *dev);

	/**
	 * @dev_has_feat: can the device together with its unit do it?  Asked
	 * while the feature is off; changes nothing.  Where it is left out, the
	 * core switches the feature on and off to find out.
	 * Return: whether @dev_enable_feat would succeed, memory permitting.
	 */
	bool (*dev_has_feat)(struct device *dev, enum iommu_dev_features f);
	/**
	 * @dev_enable_feat: switch a feature of the device on.  The core counts:
	 * called only while it is off.  Return: 0, -ENODEV where it is not
	 * supported, another negative error where it failed.
	 */
	int (*dev_enable_feat)(struct device *dev, enum iommu_dev_features f);
	/**
	 * @dev_disable_feat: switch it off.
	 * Return: 0, -EBUSY while something uses it.
	 */
	int (*dev_disable_feat)(struct device *dev, enum iommu_dev_features f);

	/**
	 * @page_response: send the answer to a group of page requests to the
	 * device; @evt is the one that closed the group.  Cannot fail.
	 */
	void (*page_response)(struct device *dev, struct iopf_fault *evt,
			      struct iommu_page_response *msg);

	/**
	 * @def_domain_type: Return: %IOMMU_DOMAIN_IDENTITY or _DMA where the
	 * device needs that as its default domain, 0 where it does not matter.
	 */
	int (*def_domain_type)(struct device *dev);

	/**
	 * @remove_dev_pasid: stop translating requests with this PASID and
	 * block them.  @domain is what it was attached to.  Cannot fail.
	 */
	void (*remove_dev_pasid)(struct device *dev, ioasid_t pasid,
				 struct iommu_domain *domain);

	/**
	 * @drain_pasid: make sure that nothing in the unit remembers a PASID that
	 * is attached to no device any more: wait until what its fault queues
	 * have of it has been handled.  Table entries and TLBs were cleared by
	 * @remove_dev_pasid.  Called before the number is given to somebody else,
	 * also for numbers that the unit has never seen, by whoever needs a
	 * number: takes no lock under which one can be allocated.
	 * Return: 0; an error if the number has to stay out of use, and the core
	 * asks again later.
	 */
	int (*drain_pasid)(struct iommu_device *unit, ioasid_t pasid);

	/** @default_domain_ops: for domains that come without ops. */
	const struct iommu_domain_ops *default_domain_ops;
	/** @pgsize_bitmap: for domains that come without page sizes. */
	unsigned long pgsize_bitmap;
	/** @owner: the driver's module. */
	struct module *owner;
	/** @identity_domain: static; attaching it never fails. */
	struct iommu_domain *identity_domain;
	/** @blocked_domain: static; attaching it never fails. */
	struct iommu_domain *blocked_domain;
	/** @release_domain: static; attached before @release_device. */
	struct iommu_domain *release_domain;
	/**
	 * @default_domain: static; the default domain of every group, whatever
	 * the command line says.  Not for new drivers.
	 */
	struct iommu_domain *default_domain;
	/**
	 * @user_pasid_table: user space owns the PASID table, so that faults of
	 * any PASID go to the nested domain attached to the device.
	 */
	u8 user_pasid_table:1;
};

/**
 * struct iommu_domain_ops - what can be done with a domain
 *
 * Constant.  Any op may be left out unless it says otherwise.
 *
 * A paging domain has either the range ops (@map_range, @unmap_range and
 * preferably @map_sg) or the page ops (@map_pages, @unmap_pages); where it has
 * both, the core uses the range ops.  Range ops refuse themselves a range in which
 * iova, paddr or length are not multiples of the smallest page size, that wraps
 * around, or that a forced aperture does not hold; page ops are not called with
 * such.  Callers do not map or unmap overlapping ranges at the same time.  Map may
 * sleep if @gfp allows it, unmap never does.
 *
 * The map ops add to *@mapped (0 at the call) the bytes that they mapped,
 * counted from @iova without a gap, when they fail as well: the core unmaps
 * what was mapped.
 */
struct iommu_domain_ops {
	/**
	 * @attach_dev: make the domain the primary one of @dev, in place of what
	 * it is attached to, with no untranslated step in between; on failure
	 * the device stays where it was.
	 * Return: 0, -EINVAL if device and domain do not go together (without
	 * a message, callers try), -ENOMEM, -ENOSPC for another resource,
	 * -EBUSY if the device cannot be moved, -ENODEV for anything else.
	 */
	int (*attach_dev)(struct iommu_domain *domain, struct device *dev);
	/**
	 * @set_dev_pasid: translate requests with @pasid through the domain.
	 * @old is what they were attached to, or NULL.
	 * Return: as @attach_dev.
	 */
	int (*set_dev_pasid)(struct iommu_domain *domain, struct device *dev,
			     ioasid_t pasid, struct iommu_domain *old);

	/**
	 * @map_range: map a range that is contiguous on both sides with the
	 * best page sizes, in one call and one descent.
	 * Return: 0 with *@mapped == @len, or -ENOMEM, -EEXIST where something
	 * is mapped already, -EINVAL if it is not aligned, -ERANGE if too high.
	 */
	int (*map_range)(struct iommu_domain *domain, unsigned long iova,
			 phys_addr_t paddr, size_t len, int prot, gfp_t gfp,
			 size_t *mapped);
	/**
	 * @map_sg: map the @nents entries of a scatterlist one after the other
	 * from @iova on.  Entries that are bus addresses are skipped and take no
	 * iova; entries that continue the one before may be mapped together.
	 * Each run is checked like a range.  Without it the core calls
	 * @map_range for each run.
	 * Return: as @map_range, of the first run that fails.
	 */
	int (*map_sg)(struct iommu_domain *domain, unsigned long iova,
		      struct scatterlist *sg, unsigned int nents, int prot,
		      gfp_t gfp, size_t *mapped);
	/**
	 * @unmap_range: unmap a range and add it to @gather, and to its freelist
	 * the tables that it emptied.  Takes a large page whole that begins in
	 * the range and ends later.
	 * Return: bytes from @iova to where it ended: @len, more for such a large
	 * page, 0 if nothing was mapped.  A driver may pass over holes, which
	 * then count, or stop at the first one and return less than @len.
	 */
	size_t (*unmap_range)(struct iommu_domain *domain, unsigned long iova,
			      size_t len, struct iommu_iotlb_gather *gather);

	/** @map_pages: map @pgcount pages of @pgsize.  Return: as @map_range. */
	int (*map_pages)(struct iommu_domain *domain, unsigned long iova,
			 phys_addr_t paddr, size_t pgsize, size_t pgcount,
			 int prot, gfp_t gfp, size_t *mapped);
	/** @unmap_pages: unmap @pgcount pages.  Return: as @unmap_range. */
	size_t (*unmap_pages)(struct iommu_domain *domain, unsigned long iova,
			      size_t pgsize, size_t pgcount,
			      struct iommu_iotlb_gather *iotlb_gather);

	/** @flush_iotlb_all: invalidate all of the domain and wait for it. */
	void (*flush_iotlb_all)(struct iommu_domain *domain);
	/**
	 * @iotlb_sync_map: make a range that was just mapped visible to the
	 * hardware, once for each iommu_map() or iommu_map_sg().
	 * Return: 0 or a negative error, on which the range is unmapped.
	 */
	int (*iotlb_sync_map)(struct iommu_domain *domain, unsigned long iova,
			      size_t size);
	/**
	 * @iotlb_sync: invalidate what was gathered, wait for it, and free the
	 * pages on the freelist.
	 */
	void (*iotlb_sync)(struct iommu_domain *domain,
			   struct iommu_iotlb_gather *iotlb_gather);
	/**
	 * @cache_invalidate_user: do the invalidations that user space asks for
	 * in a %IOMMU_DOMAIN_NESTED.  Sets array->entry_num to the number done.
	 * Return: 0 or a negative error.
	 */
	int (*cache_invalidate_user)(struct iommu_domain *domain,
				     struct iommu_user_data_array *array);

	/** @iova_to_phys: Return: the address @iova translates to, or 0. */
	phys_addr_t (*iova_to_phys)(struct iommu_domain *domain,
				    dma_addr_t iova);

	/**
	 * @enforce_cache_coherency: from now on every mapping snoops, whatever
	 * the device asks for.  Return: whether that is so.
	 */
	bool (*enforce_cache_coherency)(struct iommu_domain *domain);
	/** @enable_nesting: Return: 0 or a negative error. */
	int (*enable_nesting)(struct iommu_domain *domain);
	/**
	 * @set_pgtable_quirks: IO_PGTABLE_QUIRK_* for the tables to be made.
	 * Return: 0 or a negative error.
	 */
	int (*set_pgtable_quirks)(struct iommu_domain *domain,
				  unsigned long quirks);

	/** @free: free the domain; nothing is attached to it any more. */
	void (*free)(struct iommu_domain *domain);
};

/**
 * struct iommu_device - a unit: one instance of IOMMU hardware
 * @list: in the core's list of units
 * @ops: its driver
 * @fwnode: its firmware node, to find it by; NULL if devices of any node may
 *	belong to it
 * @dev: its device in /sys/class/iommu
 * @singleton_group: the group of generic_single_device_group()
 * @max_pasids: number of PASIDs it supports; set before registration
 */
struct iommu_device {
	struct list_head		list;
	const struct iommu_ops		*ops;
	struct fwnode_handle		*fwnode;
	struct device			*dev;
	struct iommu_group		*singleton_group;
	u32				max_pasids;
};

/**
 * struct iommu_fault_param - the I/O page faults of one device
 * @lock: protects @partial, @faults and @taken, and serialises responses;
 *	innermost
 * @users: one for the queue, one for each unfreed group and each reporter
 * @rcu: frees it after the readers of &dev_iommu.fault_param
 * @dev: the device; not to be used once @removed
 * @queue: the queue it was added to
 * @queue_list: in &iopf_queue.devices
 * @partial: faults of groups that are not complete
 * @faults: groups that wait for an answer
 * @taken: as @faults, after iopf_group_dequeue()
 * @removed: the device left the queue, everything was answered; @lock
 */
struct iommu_fault_param {
	struct mutex		lock;	/* protects the lists */
	refcount_t		users;
	struct rcu_head		rcu;
	struct device		*dev;
	struct iopf_queue	*queue;
	struct list_head	queue_list;
	struct list_head	partial;
	struct list_head	faults;
	struct list_head	taken;
	bool			removed;
};

/**
 * struct iommu_fwspec - how firmware says that a device reaches its IOMMU
 * @iommu_fwnode: the IOMMU's firmware node; holds a reference
 * @flags: IOMMU_FWSPEC_*
 * @num_ids: number of entries in @ids
 * @ids: the IDs by which the IOMMU knows the device
 *
 * The contents are between firmware code and the IOMMU's driver.
 */
struct iommu_fwspec {
	struct fwnode_handle	*iommu_fwnode;
	u32			flags;
	unsigned int		num_ids;
	u32			ids[];
};

/* The root complex lets ATS through. */
#define IOMMU_FWSPEC_PCI_RC_ATS		0x1

/**
 * struct dev_iommu - what is known about one client device
 * @lock: protects changes of @fault_param
 * @feature_lock: protects what says so below; taken outside all driver locks
 * @fault_param: I/O page faults, while the device is on a queue; RCU
 * @fwspec: from firmware, or NULL; the probe lock
 * @iommu_dev: its unit, once probed; the probe lock
 * @priv: the IOMMU driver's data; the probe lock
 * @max_pasids: number of PASIDs that device and unit share; 0 for none
 * @features: how often each feature was enabled; @feature_lock
 * @feature_users: number of things that use each feature (bonds, aux-domains), so
 *	that it cannot be disabled; @feature_lock
 * @aux_min: lowest PASID that the device's driver can use for aux-domains, 0 if
 *	it did not say; @feature_lock
 * @aux_max: highest; @feature_lock
 * @attach_deferred: the first attach waits for the first mapping
 * @pci_32bit_workaround: try iovas below 4G first
 * @require_direct: has an %IOMMU_RESV_DIRECT region: cannot be blocked or given
 *	to user space
 * @shadow_on_flush: a hypervisor learns of mappings from invalidations
 *
 * Made when firmware or the driver first says something about the device,
 * freed when it is released.
 */
struct dev_iommu {
	struct mutex			lock;		/* @fault_param */
	struct mutex			feature_lock;	/* see above */
	struct iommu_fault_param __rcu	*fault_param;
	struct iommu_fwspec		*fwspec;
	struct iommu_device		*iommu_dev;
	void				*priv;
	u32				max_pasids;
	unsigned int			features[IOMMU_DEV_FEAT_NR];
	unsigned int			feature_users[IOMMU_DEV_FEAT_NR];
	ioasid_t			aux_min;
	ioasid_t			aux_max;
	u32				attach_deferred:1;
	u32				pci_32bit_workaround:1;
	u32				require_direct:1;
	u32				shadow_on_flush:1;
};

/**
 * struct iommu_attach_handle - an attachment, as its maker sees it
 * @domain: what is attached; set by the core
 *
 * Embedded in a structure of whoever attaches, and valid from before the attach
 * until after the detach: the fault path finds it by group and PASID.
 */
struct iommu_attach_handle {
	struct iommu_domain	*domain;
};

/**
 * struct iommu_sva - a bond between a device and an mm
 * @handle: its attachment
 * @dev: the device
 * @users: number of iommu_sva_bind_device() calls
 */
struct iommu_sva {
	struct iommu_attach_handle	handle;
	struct device			*dev;
	refcount_t			users;
};

/**
 * struct iommu_mm_data - what shared virtual addressing knows about an mm
 * @pasid: its PASID, on every device; constant
 * @sva_domains: its domains, one for each kind of IOMMU; the SVA lock
 */
struct iommu_mm_data {
	u32			pasid;
	struct list_head	sva_domains;
};

/*
 * For IOMMU drivers: units, their place in sysfs, groups, client devices
 */

extern struct mutex iommu_probe_device_lock;

int iommu_device_register(struct iommu_device *iommu,
			  const struct iommu_ops *ops, struct device *hwdev);
void iommu_device_unregister(struct iommu_device *iommu);
__printf(4, 5)
int iommu_device_sysfs_add(struct iommu_device *iommu, struct device *parent,
			   const struct attribute_group **groups,
			   const char *fmt, ...);
void iommu_device_sysfs_remove(struct iommu_device *iommu);
int iommu_device_link(struct iommu_device *iommu, struct device *link);
void iommu_device_unlink(struct iommu_device *iommu, struct device *link);

struct iommu_group *pci_device_group(struct device *dev);
struct iommu_group *fsl_mc_device_group(struct device *dev);
struct iommu_group *generic_device_group(struct device *dev);
struct iommu_group *generic_single_device_group(struct device *dev);

int bus_iommu_probe(const struct bus_type *bus);
int iommu_probe_device(struct device *dev);
int iommu_deferred_attach(struct device *dev, struct iommu_domain *domain);
void dev_iommu_priv_set(struct device *dev, void *priv);
int iommu_fwspec_init(struct device *dev, struct fwnode_handle *iommu_fwnode);
int iommu_fwspec_add_ids(struct device *dev, const u32 *ids, int num_ids);
void iommu_fwspec_free(struct device *dev);

/**
 * dev_to_iommu_device - the unit behind a device of /sys/class/iommu
 * @dev: &iommu_device.dev
 *
 * Return: the unit.
 */
static inline struct iommu_device *dev_to_iommu_device(struct device *dev)
{
	return dev_get_drvdata(dev);
}

/* Helper of iommu_get_iommu_dev(). */
static inline struct iommu_device *__iommu_get_iommu_dev(struct device *dev)
{
	struct dev_iommu *client = dev->iommu;

	return client->iommu_dev;
}

/**
 * iommu_get_iommu_dev - the driver's own structure of a device's unit
 * @dev: a client device; only from an op called for it
 * @type: the structure
 * @member: its &struct iommu_device
 */
#define iommu_get_iommu_dev(dev, type, member) \
	container_of(__iommu_get_iommu_dev(dev), type, member)

/**
 * dev_iommu_fwspec_get - the fwspec of a device
 * @dev: the device
 *
 * Return: the fwspec, or NULL.
 */
static inline struct iommu_fwspec *dev_iommu_fwspec_get(struct device *dev)
{
	return dev->iommu ? dev->iommu->fwspec : NULL;
}

/**
 * dev_iommu_fwspec_set - replace the fwspec of a device
 * @dev: the device, which has its &struct dev_iommu
 * @fwspec: the new one, or NULL
 */
static inline void dev_iommu_fwspec_set(struct device *dev,
					struct iommu_fwspec *fwspec)
{
	struct dev_iommu *client = dev->iommu;

	client->fwspec = fwspec;
}

/**
 * dev_iommu_priv_get - what the driver gave dev_iommu_priv_set()
 * @dev: the device
 *
 * Return: the driver's data, or NULL.
 */
static inline void *dev_iommu_priv_get(struct device *dev)
{
	return dev->iommu ? dev->iommu->priv : NULL;
}

/*
 * For users: domains, mappings, groups, ownership, features, PASIDs
 */

bool iommu_present(const struct bus_type *bus);
bool device_iommu_capable(struct device *dev, enum iommu_cap cap);
bool iommu_group_has_isolated_msi(struct iommu_group *group);

struct iommu_domain *iommu_domain_alloc(const struct bus_type *bus);
struct iommu_domain *iommu_paging_domain_alloc(struct device *dev);
void iommu_domain_free(struct iommu_domain *domain);
int iommu_enable_nesting(struct iommu_domain *domain);
int iommu_set_pgtable_quirks(struct iommu_domain *domain, unsigned long quirks);

int iommu_attach_device(struct iommu_domain *domain, struct device *dev);
void iommu_detach_device(struct iommu_domain *domain, struct device *dev);
int iommu_attach_group(struct iommu_domain *domain, struct iommu_group *group);
void iommu_detach_group(struct iommu_domain *domain, struct iommu_group *group);
struct iommu_domain *iommu_get_domain_for_dev(struct device *dev);
struct iommu_domain *iommu_get_dma_domain(struct device *dev);
struct iommu_domain *iommu_group_default_domain(struct iommu_group *group);

int iommu_map(struct iommu_domain *domain, unsigned long iova,
	      phys_addr_t paddr, size_t size, int prot, gfp_t gfp);
ssize_t iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
		     struct scatterlist *sg, unsigned int nents, int prot,
		     gfp_t gfp);
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova, size_t size);
size_t iommu_unmap_fast(struct iommu_domain *domain, unsigned long iova,
			size_t size, struct iommu_iotlb_gather *iotlb_gather);
phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova);

void iommu_set_fault_handler(struct iommu_domain *domain,
			     iommu_fault_handler_t handler, void *token);
void iommu_set_access_fault_handler(struct iommu_domain *domain,
				    iommu_access_fault_handler_t handler,
				    void *token);
int report_iommu_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags);
int iommu_report_access_fault(struct device *dev,
			      const struct iommu_access_fault *fault);

struct iommu_resv_region *
iommu_alloc_resv_region(phys_addr_t start, size_t length, int prot,
			enum iommu_resv_type type, gfp_t gfp);
void iommu_get_resv_regions(struct device *dev, struct list_head *list);
void iommu_put_resv_regions(struct device *dev, struct list_head *list);
int iommu_get_group_resv_regions(struct iommu_group *group,
				 struct list_head *head);

void iommu_set_dma_strict(void);
void iommu_set_default_passthrough(bool cmd_line);
void iommu_set_default_translated(bool cmd_line);
bool iommu_default_passthrough(void);

struct iommu_group *iommu_group_alloc(void);
struct iommu_group *iommu_group_get(struct device *dev);
struct iommu_group *iommu_group_ref_get(struct iommu_group *group);
void iommu_group_put(struct iommu_group *group);
int iommu_group_id(struct iommu_group *group);
int iommu_group_set_name(struct iommu_group *group, const char *name);
void *iommu_group_get_iommudata(struct iommu_group *group);
void iommu_group_set_iommudata(struct iommu_group *group, void *iommu_data,
			       void (*release)(void *iommu_data));
int iommu_group_add_device(struct iommu_group *group, struct device *dev);
void iommu_group_remove_device(struct device *dev);
int iommu_group_for_each_dev(struct iommu_group *group, void *data,
			     int (*fn)(struct device *dev, void *data));

int iommu_device_use_default_domain(struct device *dev);
void iommu_device_unuse_default_domain(struct device *dev);
int iommu_group_claim_dma_owner(struct iommu_group *group, void *owner);
void iommu_group_release_dma_owner(struct iommu_group *group);
bool iommu_group_dma_owner_claimed(struct iommu_group *group);
int iommu_device_claim_dma_owner(struct device *dev, void *owner);
void iommu_device_release_dma_owner(struct device *dev);

bool iommu_dev_has_feature(struct device *dev, enum iommu_dev_features f);
bool iommu_dev_feature_enabled(struct device *dev, enum iommu_dev_features f);
int iommu_dev_enable_feature(struct device *dev, enum iommu_dev_features f);
int iommu_dev_disable_feature(struct device *dev, enum iommu_dev_features f);

int iommu_attach_device_pasid(struct iommu_domain *domain, struct device *dev,
			      ioasid_t pasid, struct iommu_attach_handle *handle);
void iommu_detach_device_pasid(struct iommu_domain *domain, struct device *dev,
			       ioasid_t pasid);
ioasid_t iommu_alloc_global_pasid(struct device *dev);
void iommu_free_global_pasid(ioasid_t pasid);

/*
 * Invalidation
 */

/**
 * iommu_iotlb_gather_init - start to gather
 * @gather: gather to empty
 */
static inline void iommu_iotlb_gather_init(struct iommu_iotlb_gather *gather)
{
	gather->start = ULONG_MAX;
	gather->end = 0;
	gather->pgsize = 0;
	gather->queued = false;
	INIT_LIST_HEAD(&gather->freelist);
}

/**
 * iommu_flush_iotlb_all - invalidate everything cached of a domain
 * @domain: a domain
 *
 * Context: any that the driver's unmap allows.
 */
static inline void iommu_flush_iotlb_all(struct iommu_domain *domain)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (ops->flush_iotlb_all)
		ops->flush_iotlb_all(domain);
}

/**
 * iommu_iotlb_sync - invalidate what was gathered, and start again
 * @domain: the domain it was gathered for
 * @iotlb_gather: from iommu_unmap_fast()
 *
 * Context: any that the driver's unmap allows.
 */
static inline void iommu_iotlb_sync(struct iommu_domain *domain,
				    struct iommu_iotlb_gather *iotlb_gather)
{
	const struct iommu_domain_ops *ops = domain->ops;

	if (ops->iotlb_sync)
		ops->iotlb_sync(domain, iotlb_gather);
	iommu_iotlb_gather_init(iotlb_gather);
}

/**
 * iommu_iotlb_gather_is_disjoint - would a range leave a gap?
 * @gather: what has been gathered
 * @iova: start of a range
 * @size: its length in bytes
 *
 * Return: true if there are addresses between the two, so that one invalidation
 * of both would hit entries that are still good.
 */
static inline bool
iommu_iotlb_gather_is_disjoint(struct iommu_iotlb_gather *gather,
			       unsigned long iova, size_t size)
{
	unsigned long last = iova + size - 1;

	if (!gather->end)
		return false;
	return last + 1 < gather->start || gather->end + 1 < iova;
}

/**
 * iommu_iotlb_gather_add_range - gather a range of any size
 * @gather: what has been gathered
 * @iova: start of the range
 * @size: its length in bytes, not 0
 *
 * For hardware that invalidates by address alone.
 */
static inline void
iommu_iotlb_gather_add_range(struct iommu_iotlb_gather *gather,
			     unsigned long iova, size_t size)
{
	gather->start = min(gather->start, iova);
	gather->end = max(gather->end, iova + size - 1);
}

/**
 * iommu_iotlb_gather_add_page - gather pages of one size
 * @domain: the domain
 * @gather: what has been gathered
 * @iova: start of the page
 * @size: its size in bytes
 *
 * For hardware that invalidates page by page, or wants to know the page size:
 * a gap or another size invalidates what was gathered first.
 */
static inline void
iommu_iotlb_gather_add_page(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather,
			    unsigned long iova, size_t size)
{
	bool resized = gather->pgsize && gather->pgsize != size;

	if (resized || iommu_iotlb_gather_is_disjoint(gather, iova, size))
		iommu_iotlb_sync(domain, gather);
	gather->pgsize = size;
	iommu_iotlb_gather_add_range(gather, iova, size);
}

/**
 * iommu_iotlb_gather_queued - will everything be flushed some time later?
 * @gather: what is being gathered, or NULL
 *
 * Return: true if the driver need not invalidate anything now.
 */
static inline bool iommu_iotlb_gather_queued(struct iommu_iotlb_gather *gather)
{
	return gather ? gather->queued : false;
}

/**
 * iommu_dirty_bitmap_init - prepare a report of dirty pages
 * @dirty: the report
 * @bitmap: takes the dirty ranges, or NULL
 * @gather: takes the ranges to invalidate, or NULL; is emptied
 */
static inline void iommu_dirty_bitmap_init(struct iommu_dirty_bitmap *dirty,
					   struct iova_bitmap *bitmap,
					   struct iommu_iotlb_gather *gather)
{
	*dirty = (struct iommu_dirty_bitmap) {
		.bitmap = bitmap,
		.gather = gather,
	};
	if (gather)
		iommu_iotlb_gather_init(gather);
}

/**
 * iommu_dirty_bitmap_record - report a dirty range
 * @dirty: the report
 * @iova: start of the range
 * @length: its length in bytes
 */
static inline void iommu_dirty_bitmap_record(struct iommu_dirty_bitmap *dirty,
					     unsigned long iova,
					     unsigned long length)
{
	struct iommu_iotlb_gather *gather = dirty->gather;

	if (gather)
		iommu_iotlb_gather_add_range(gather, iova, length);
	if (dirty->bitmap)
		iova_bitmap_set(dirty->bitmap, iova, length);
}

/*
 * Structures from user space (iommufd)
 */

/* Helper of iommu_copy_struct_from_user(). */
static inline int
__iommu_copy_struct_from_user(void *dst_data,
			      const struct iommu_user_data *src_data,
			      unsigned int data_type, size_t data_len,
			      size_t min_len)
{
	size_t len;

	if (WARN_ON(!src_data) || WARN_ON(!dst_data))
		return -EINVAL;
	len = src_data->len;
	if (data_type != src_data->type || len < min_len || len > data_len)
		return -EINVAL;
	return copy_struct_from_user(dst_data, data_len, src_data->uptr, len);
}

/**
 * iommu_copy_struct_from_user - copy a structure of a driver from user space
 * @kdst: where to
 * @user_data: where from, a &struct iommu_user_data
 * @data_type: the type that @user_data must have
 * @min_last: last member of the first published version of the structure
 *
 * What user space does not know yet is zeroed.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for another type, or a size that is too small or too large;
 * -E2BIG or -EFAULT as copy_struct_from_user().
 */
#define iommu_copy_struct_from_user(kdst, user_data, data_type, min_last)	\
({										\
	typeof(kdst) __dst = (kdst);						\
										\
	__iommu_copy_struct_from_user(__dst, user_data, data_type,		\
				      sizeof(*__dst),				\
				      offsetofend(typeof(*__dst), min_last));	\
})

/* Helper of iommu_copy_struct_from_user_array(). */
static inline int
__iommu_copy_struct_from_user_array(void *dst_data,
				    const struct iommu_user_data_array *src_array,
				    unsigned int data_type, unsigned int index,
				    size_t data_len, size_t min_len)
{
	struct iommu_user_data entry;

	if (WARN_ON(!src_array) || WARN_ON(index >= src_array->entry_num))
		return -EINVAL;
	entry = (struct iommu_user_data) {
		.type = src_array->type,
		.uptr = src_array->uptr + index * src_array->entry_len,
		.len = src_array->entry_len,
	};
	return __iommu_copy_struct_from_user(dst_data, &entry, data_type,
					     data_len, min_len);
}

/**
 * iommu_copy_struct_from_user_array - copy an entry of an array from user space
 * @kdst: where to
 * @user_array: where from, a &struct iommu_user_data_array
 * @data_type: the type that @user_array must have
 * @index: number of the entry
 * @min_last: last member of the first published version of the structure
 *
 * Context: may sleep.
 * Return: as iommu_copy_struct_from_user(); -EINVAL for an index beyond the end.
 */
#define iommu_copy_struct_from_user_array(kdst, user_array, data_type, index,	\
					  min_last)				\
({										\
	typeof(kdst) __dst = (kdst);						\
										\
	__iommu_copy_struct_from_user_array(__dst, user_array, data_type,	\
					    index, sizeof(*__dst),		\
					    offsetofend(typeof(*__dst), min_last)); \
})

#else /* CONFIG_IOMMU_API */

/* Without IOMMUs: nothing is there, nothing can be attached. */

struct iommu_ops {};
struct iommu_group {};
struct iommu_fwspec {};
struct iommu_device {};
struct iommu_fault_param {};
struct iommu_dirty_ops {};
struct iommu_dirty_bitmap {};
struct iommu_iotlb_gather {};

static inline bool iommu_present(const struct bus_type *bus)
{
	return false;
}

static inline bool device_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	return false;
}

static inline struct iommu_domain *
iommu_domain_alloc(const struct bus_type *bus)
{
	return NULL;
}

static inline struct iommu_domain *iommu_paging_domain_alloc(struct device *dev)
{
	return ERR_PTR(-ENODEV);
}

static inline void iommu_domain_free(struct iommu_domain *domain)
{
}

static inline int iommu_set_pgtable_quirks(struct iommu_domain *domain,
					   unsigned long quirks)
{
	return 0;
}

static inline int iommu_attach_device(struct iommu_domain *domain,
				      struct device *dev)
{
	return -ENODEV;
}

static inline int iommu_attach_group(struct iommu_domain *domain,
				     struct iommu_group *group)
{
	return -ENODEV;
}

static inline void iommu_detach_device(struct iommu_domain *domain,
				       struct device *dev)
{
}

static inline void iommu_detach_group(struct iommu_domain *domain,
				      struct iommu_group *group)
{
}

static inline struct iommu_domain *iommu_get_domain_for_dev(struct device *dev)
{
	return NULL;
}

static inline int iommu_map(struct iommu_domain *domain, unsigned long iova,
			    phys_addr_t paddr, size_t size, int prot, gfp_t gfp)
{
	return -ENODEV;
}

static inline ssize_t iommu_map_sg(struct iommu_domain *domain,
				   unsigned long iova, struct scatterlist *sg,
				   unsigned int nents, int prot, gfp_t gfp)
{
	return -ENODEV;
}

static inline size_t iommu_unmap(struct iommu_domain *domain,
				 unsigned long iova, size_t size)
{
	return 0;
}

static inline size_t iommu_unmap_fast(struct iommu_domain *domain,
				      unsigned long iova, size_t size,
				      struct iommu_iotlb_gather *iotlb_gather)
{
	return 0;
}

static inline phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain,
					     dma_addr_t iova)
{
	return 0;
}

static inline void iommu_flush_iotlb_all(struct iommu_domain *domain)
{
}

static inline void iommu_iotlb_sync(struct iommu_domain *domain,
				    struct iommu_iotlb_gather *iotlb_gather)
{
}

static inline void iommu_iotlb_gather_init(struct iommu_iotlb_gather *gather)
{
}

static inline bool iommu_iotlb_gather_queued(struct iommu_iotlb_gather *gather)
{
	return false;
}

static inline void
iommu_iotlb_gather_add_page(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather,
			    unsigned long iova, size_t size)
{
}

static inline void iommu_dirty_bitmap_init(struct iommu_dirty_bitmap *dirty,
					   struct iova_bitmap *bitmap,
					   struct iommu_iotlb_gather *gather)
{
}

static inline void iommu_dirty_bitmap_record(struct iommu_dirty_bitmap *dirty,
					     unsigned long iova,
					     unsigned long length)
{
}

static inline void iommu_set_fault_handler(struct iommu_domain *domain,
					   iommu_fault_handler_t handler,
					   void *token)
{
}

static inline void
iommu_set_access_fault_handler(struct iommu_domain *domain,
			       iommu_access_fault_handler_t handler, void *token)
{
}

static inline void iommu_get_resv_regions(struct device *dev,
					  struct list_head *list)
{
}

static inline int iommu_get_group_resv_regions(struct iommu_group *group,
					       struct list_head *head)
{
	return -ENODEV;
}

static inline void iommu_put_resv_regions(struct device *dev,
					  struct list_head *list)
{
}

static inline bool iommu_default_passthrough(void)
{
	return true;
}

static inline void iommu_set_default_passthrough(bool cmd_line)
{
}

static inline void iommu_set_default_translated(bool cmd_line)
{
}

static inline struct iommu_group *iommu_group_alloc(void)
{
	return ERR_PTR(-ENODEV);
}

static inline struct iommu_group *iommu_group_get(struct device *dev)
{
	return NULL;
}

static inline void iommu_group_put(struct iommu_group *group)
{
}

static inline int iommu_group_id(struct iommu_group *group)
{
	return -ENODEV;
}

static inline int iommu_group_set_name(struct iommu_group *group,
				       const char *name)
{
	return -ENODEV;
}

static inline void *iommu_group_get_iommudata(struct iommu_group *group)
{
	return NULL;
}

static inline void iommu_group_set_iommudata(struct iommu_group *group,
					     void *iommu_data,
					     void (*release)(void *iommu_data))
{
}

static inline int iommu_group_add_device(struct iommu_group *group,
					 struct device *dev)
{
	return -ENODEV;
}

static inline int iommu_group_for_each_dev(struct iommu_group *group, void *data,
					   int (*fn)(struct device *dev, void *data))
{
	return -ENODEV;
}

static inline void iommu_group_remove_device(struct device *dev)
{
}

static inline int iommu_device_use_default_domain(struct device *dev)
{
	return 0;
}

static inline void iommu_device_unuse_default_domain(struct device *dev)
{
}

static inline bool iommu_group_dma_owner_claimed(struct iommu_group *group)
{
	return false;
}

static inline int iommu_group_claim_dma_owner(struct iommu_group *group,
					      void *owner)
{
	return -ENODEV;
}

static inline int iommu_device_claim_dma_owner(struct device *dev, void *owner)
{
	return -ENODEV;
}

static inline void iommu_group_release_dma_owner(struct iommu_group *group)
{
}

static inline void iommu_device_release_dma_owner(struct device *dev)
{
}

static inline bool iommu_dev_has_feature(struct device *dev,
					 enum iommu_dev_features f)
{
	return false;
}

static inline bool iommu_dev_feature_enabled(struct device *dev,
					     enum iommu_dev_features f)
{
	return false;
}

static inline int iommu_dev_enable_feature(struct device *dev,
					   enum iommu_dev_features f)
{
	return -ENODEV;
}

static inline int iommu_dev_disable_feature(struct device *dev,
					    enum iommu_dev_features f)
{
	return -ENODEV;
}

static inline void iommu_free_global_pasid(ioasid_t pasid)
{
}

static inline ioasid_t iommu_alloc_global_pasid(struct device *dev)
{
	return IOMMU_PASID_INVALID;
}

static inline int iommu_attach_device_pasid(struct iommu_domain *domain,
					    struct device *dev, ioasid_t pasid,
					    struct iommu_attach_handle *handle)
{
	return -ENODEV;
}

static inline void iommu_detach_device_pasid(struct iommu_domain *domain,
					     struct device *dev, ioasid_t pasid)
{
}

static inline int iommu_device_register(struct iommu_device *iommu,
					const struct iommu_ops *ops,
					struct device *hwdev)
{
	return -ENODEV;
}

static inline void iommu_device_unregister(struct iommu_device *iommu)
{
}

static inline int iommu_device_sysfs_add(struct iommu_device *iommu,
					 struct device *parent,
					 const struct attribute_group **groups,
					 const char *fmt, ...)
{
	return -ENODEV;
}

static inline void iommu_device_sysfs_remove(struct iommu_device *iommu)
{
}

static inline struct iommu_device *dev_to_iommu_device(struct device *dev)
{
	return NULL;
}

static inline int iommu_device_link(struct device *dev, struct device *link)
{
	return -EINVAL;
}

static inline void iommu_device_unlink(struct device *dev, struct device *link)
{
}

static inline struct iommu_fwspec *dev_iommu_fwspec_get(struct device *dev)
{
	return NULL;
}

static inline int iommu_fwspec_init(struct device *dev,
				    struct fwnode_handle *iommu_fwnode)
{
	return -ENODEV;
}

static inline int iommu_fwspec_add_ids(struct device *dev, u32 *ids,
				       int num_ids)
{
	return -ENODEV;
}

static inline void iommu_fwspec_free(struct device *dev)
{
}

#endif /* CONFIG_IOMMU_API */

#if defined(CONFIG_LOCKDEP) && defined(CONFIG_IOMMU_API)
void iommu_group_mutex_assert(struct device *dev);
#else
static inline void iommu_group_mutex_assert(struct device *dev) {}
#endif

/**
 * iommu_map_sgtable - map the buffer of an sg_table
 * @domain: a paging domain
 * @iova: where to, aligned to the smallest page size
 * @sgt: the buffer
 * @prot: IOMMU_READ and the like
 *
 * Context: may sleep.
 * Return: bytes mapped, or an error of iommu_map_sg().
 */
static inline ssize_t iommu_map_sgtable(struct iommu_domain *domain,
					unsigned long iova,
					struct sg_table *sgt, int prot)
{
	unsigned int nents = sgt->orig_nents;

	return iommu_map_sg(domain, iova, sgt->sgl, nents, prot, GFP_KERNEL);
}

/*
 * MSI doorbells in domains (dma-iommu.c)
 */

#ifdef CONFIG_IOMMU_DMA

#include <linux/msi.h>

int iommu_get_msi_cookie(struct iommu_domain *domain, dma_addr_t base);
int iommu_dma_prepare_msi(struct msi_desc *desc, phys_addr_t msi_addr);
void iommu_dma_compose_msi_msg(struct msi_desc *desc, struct msi_msg *msg);

#else /* CONFIG_IOMMU_DMA */

struct msi_desc;
struct msi_msg;

static inline int iommu_dma_prepare_msi(struct msi_desc *desc,
					phys_addr_t msi_addr)
{
	return 0;
}

static inline void iommu_dma_compose_msi_msg(struct msi_desc *desc,
					     struct msi_msg *msg)
{
}

static inline int iommu_get_msi_cookie(struct iommu_domain *domain,
				       dma_addr_t base)
{
	return -ENODEV;
}

#endif /* CONFIG_IOMMU_DMA */

#ifdef CONFIG_IOMMU_DEBUGFS
extern struct dentry *iommu_debugfs_dir;
void iommu_debugfs_setup(void);
#else
static inline void iommu_debugfs_setup(void) {}
#endif

/* The StreamID that bypasses a Tegra SMMU. */
#define TEGRA_STREAM_ID_BYPASS 0x7f

/**
 * tegra_dev_iommu_get_stream_id - the one StreamID of a Tegra device
 * @dev: the device
 * @stream_id: is set to the StreamID
 *
 * Drivers of Tegra SoCs program the StreamID into the device.  Behind a Tegra or
 * Arm SMMU it is what the fwspec holds, which nobody else may look into.
 *
 * Return: true if the device has exactly one StreamID.
 */
static inline bool tegra_dev_iommu_get_stream_id(struct device *dev,
						 u32 *stream_id)
{
#ifdef CONFIG_IOMMU_API
	struct iommu_fwspec *spec = dev_iommu_fwspec_get(dev);

	if (spec && spec->num_ids == 1) {
		*stream_id = lower_16_bits(spec->ids[0]);
		return true;
	}
#endif
	return false;
}

/*
 * Shared virtual addressing
 */

#ifdef CONFIG_IOMMU_MM_DATA

/**
 * mm_valid_pasid - was the mm ever bound to a device?
 * @mm: the mm
 *
 * Return: true if it has a PASID, which it keeps for life.
 */
static inline bool mm_valid_pasid(struct mm_struct *mm)
{
	struct iommu_mm_data *data = READ_ONCE(mm->iommu_mm);

	return data;
}

/**
 * mm_get_enqcmd_pasid - the PASID of an mm
 * @mm: the mm
 *
 * Return: the PASID, or %IOMMU_PASID_INVALID.
 */
static inline u32 mm_get_enqcmd_pasid(struct mm_struct *mm)
{
	struct iommu_mm_data *data = READ_ONCE(mm->iommu_mm);

	return data ? data->pasid : IOMMU_PASID_INVALID;
}

/**
 * mm_pasid_init - a new mm has no PASID
 * @mm: the mm
 *
 * fork() copies the mm bytewise, with a pointer that belongs to the parent.
 */
static inline void mm_pasid_init(struct mm_struct *mm)
{
	mm->iommu_mm = NULL;
}

struct iommu_sva *iommu_sva_bind_device(struct device *dev,
					struct mm_struct *mm);
void iommu_sva_unbind_device(struct iommu_sva *handle);
u32 iommu_sva_get_pasid(struct iommu_sva *handle);
void mm_pasid_drop(struct mm_struct *mm);

#else /* CONFIG_IOMMU_MM_DATA */

static inline void mm_pasid_init(struct mm_struct *mm) {}
static inline void mm_pasid_drop(struct mm_struct *mm) {}
static inline bool mm_valid_pasid(struct mm_struct *mm) { return false; }

static inline u32 mm_get_enqcmd_pasid(struct mm_struct *mm)
{
	return IOMMU_PASID_INVALID;
}

static inline struct iommu_sva *iommu_sva_bind_device(struct device *dev,
						      struct mm_struct *mm)
{
	return ERR_PTR(-ENODEV);
}

static inline void iommu_sva_unbind_device(struct iommu_sva *handle) {}

static inline u32 iommu_sva_get_pasid(struct iommu_sva *handle)
{
	return IOMMU_PASID_INVALID;
}

#endif /* CONFIG_IOMMU_MM_DATA */

/*
 * I/O page fault queues
 */

#ifdef CONFIG_IOMMU_IOPF

struct iopf_queue *iopf_queue_alloc(const char *name);
void iopf_queue_free(struct iopf_queue *queue);
int iopf_queue_add_device(struct iopf_queue *queue, struct device *dev);
void iopf_queue_remove_device(struct iopf_queue *queue, struct device *dev);
int iopf_queue_flush_dev(struct device *dev);
int iopf_queue_discard_partial(struct iopf_queue *queue);
int iommu_report_device_fault(struct device *dev, struct iopf_fault *evt);
void iopf_group_dequeue(struct iopf_group *group);
void iopf_group_response(struct iopf_group *group,
			 enum iommu_page_response_code status);
void iopf_free_group(struct iopf_group *group);

#else /* CONFIG_IOMMU_IOPF */

static inline struct iopf_queue *iopf_queue_alloc(const char *name)
{
	return NULL;
}

static inline void iopf_queue_free(struct iopf_queue *queue) {}

static inline int iopf_queue_add_device(struct iopf_queue *queue,
					struct device *dev)
{
	return -ENODEV;
}

static inline void iopf_queue_remove_device(struct iopf_queue *queue,
					    struct device *dev)
{
}

static inline int iopf_queue_flush_dev(struct device *dev)
{
	return -ENODEV;
}

static inline int iopf_queue_discard_partial(struct iopf_queue *queue)
{
	return -ENODEV;
}

static inline int iommu_report_device_fault(struct device *dev,
					    struct iopf_fault *evt)
{
	return -ENODEV;
}

static inline void iopf_group_dequeue(struct iopf_group *group) {}

static inline void iopf_group_response(struct iopf_group *group,
				       enum iommu_page_response_code status)
{
}

static inline void iopf_free_group(struct iopf_group *group) {}

#endif /* CONFIG_IOMMU_IOPF */

#endif /* __LINUX_IOMMU_H */
