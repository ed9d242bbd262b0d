/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/pasid-dmaN: address spaces on a device that copies memory with PASIDs
 *
 * Each open file has an address space of its own, which starts empty and which the
 * device reaches with the file's PASID.  A file that is open for reading only has
 * no PASID until PASID_DMA_ATTACH.  See
 * Documentation/driver-api/iommu/aux-domains.rst.
 */
#ifndef _UAPI_LINUX_PASID_DMA_H
#define _UAPI_LINUX_PASID_DMA_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PASID_DMA_IOC_MAGIC	0xb8

/**
 * struct pasid_dma_info - what a file has
 * @pasid: out: its PASID; 0 while it is not attached
 * @flags: out: PASID_DMA_INFO_...
 * @pgsizes: out: the page sizes of the address space, a bit for each
 * @last: out: the highest address that can be mapped
 * @faults: out: faults that the address space's handler has counted
 * @fault_addr: out: the address of the last of them
 */
struct pasid_dma_info {
	__u32 pasid;
	__u32 flags;
#define PASID_DMA_INFO_ATS	0x1	/* the device caches translations */
	__u64 pgsizes;
	__u64 last;
	__u64 faults;
	__u64 fault_addr;
};

/**
 * struct pasid_dma_map - memory of the caller, for the device
 * @addr: where it is in the caller's address space; a multiple of the page size
 * @iova: where the device finds it; a multiple of the page size
 * @len: bytes; a multiple of the page size
 * @flags: PASID_DMA_MAP_...; at least one of READ and WRITE
 * @reserved: 0
 */
struct pasid_dma_map {
	__u64 addr;
	__u64 iova;
	__u64 len;
	__u32 flags;
#define PASID_DMA_MAP_READ	0x1
#define PASID_DMA_MAP_WRITE	0x2
#define PASID_DMA_MAP_NOEXEC	0x4
	__u32 reserved;
};

/**
 * struct pasid_dma_unmap - take back what one struct pasid_dma_map gave
 * @iova: as it was mapped
 */
struct pasid_dma_unmap {
	__u64 iova;
};

/**
 * struct pasid_dma_run - one operation of the device, waited for
 * @op: PASID_DMA_OP_...
 * @flags: PASID_DMA_RUN_...
 * @src: address for the device; for FILL the byte to write
 * @dst: address for the device
 * @len: bytes; at most PASID_DMA_LEN_MAX
 * @pasid: with PASID_DMA_RUN_FOREIGN: the PASID of the requests
 * @error: out: PASID_DMA_OK or what stopped the device
 * @moved: out: bytes copied before that
 * @fault_addr: out: where it was stopped
 * @result: out: of TRANSLATE: the address, and the permissions in its low bits
 */
struct pasid_dma_run {
	__u32 op;
#define PASID_DMA_OP_NOP	0
#define PASID_DMA_OP_COPY	1
#define PASID_DMA_OP_FILL	2
#define PASID_DMA_OP_TRANSLATE	3
#define PASID_DMA_OP_FLUSH	4
	__u32 flags;
#define PASID_DMA_RUN_PRIV	0x1	/* privileged mode requested */
#define PASID_DMA_RUN_EXEC	0x2	/* src is fetched as instructions */
#define PASID_DMA_RUN_ATC	0x4	/* through the device's translation cache */
#define PASID_DMA_RUN_FOREIGN	0x8	/* any PASID; CAP_SYS_RAWIO */
#define PASID_DMA_RUN_POLL	0x10	/* without an interrupt */
	__u64 src;
	__u64 dst;
	__u32 len;
	__u32 pasid;
	__u32 error;
#define PASID_DMA_OK			0
#define PASID_DMA_INVALID		1
#define PASID_DMA_DISABLED		2
#define PASID_DMA_READ_FAULT		3
#define PASID_DMA_WRITE_FAULT		4
#define PASID_DMA_NO_TRANSLATION	5
	__u32 moved;
	__u64 fault_addr;
	__u64 result;
};

#define PASID_DMA_LEN_MAX	0x100000

/**
 * struct pasid_dma_bounce - a copy by requests without PASID, through the DMA API
 * @src: address in the caller's memory
 * @dst: address in the caller's memory
 * @len: bytes; at most PASID_DMA_BOUNCE_MAX
 * @flags: 0 or PASID_DMA_RUN_ATC
 */
struct pasid_dma_bounce {
	__u64 src;
	__u64 dst;
	__u32 len;
	__u32 flags;
};

#define PASID_DMA_BOUNCE_MAX	0x10000

/**
 * struct pasid_dma_attach - give a device the file's address space, or take it back
 * @fd: a file of the device that is meant, or -1: the one that this file is of
 * @how: PASID_DMA_AUX, or PASID_DMA_PRIMARY for the requests without PASID
 *	(CAP_SYS_RAWIO)
 * @ring: with PASID_DMA_PRIMARY: a free page of the address space, for the driver
 *
 * Attachments count.  With PASID_DMA_PRIMARY the device does nothing through the DMA
 * API and takes PASID_DMA_RUN_POLL only, with requests without PASID.
 */
struct pasid_dma_attach {
	__s32 fd;
	__u32 how;
#define PASID_DMA_AUX		0
#define PASID_DMA_PRIMARY	1
	__u64 ring;
};

/**
 * struct pasid_dma_set - change something of the device (CAP_SYS_ADMIN)
 * @what: PASID_DMA_SET_...
 * @flags: 0
 * @value: its new value
 * @value2: a second value
 */
struct pasid_dma_set {
	__u32 what;
#define PASID_DMA_SET_FEATURE	0	/* IOMMU_DEV_FEAT_AUX on or off */
#define PASID_DMA_SET_RANGE	1	/* PASIDs from value to value2 */
#define PASID_DMA_SET_OWNED	2	/* claim the group for user space, or release it */
#define PASID_DMA_SET_DEAF	3	/* the device ignores ATS invalidations */
#define PASID_DMA_SET_HANDLER	4	/* count this file's faults; not only log them */
#define PASID_DMA_SET_CARELESS	5	/* do not detach when the device goes */
#define PASID_DMA_SET_DEFAULT	6	/* try to attach the default domain as aux-domain */
	__u32 flags;
	__u64 value;
	__u64 value2;
};

#define PASID_DMA_INFO		_IOR(PASID_DMA_IOC_MAGIC, 0, struct pasid_dma_info)
#define PASID_DMA_MAP		_IOW(PASID_DMA_IOC_MAGIC, 1, struct pasid_dma_map)
#define PASID_DMA_UNMAP		_IOW(PASID_DMA_IOC_MAGIC, 2, struct pasid_dma_unmap)
#define PASID_DMA_RUN		_IOWR(PASID_DMA_IOC_MAGIC, 3, struct pasid_dma_run)
#define PASID_DMA_BOUNCE	_IOW(PASID_DMA_IOC_MAGIC, 4, struct pasid_dma_bounce)
#define PASID_DMA_ATTACH	_IOW(PASID_DMA_IOC_MAGIC, 5, struct pasid_dma_attach)
#define PASID_DMA_DETACH	_IOW(PASID_DMA_IOC_MAGIC, 6, struct pasid_dma_attach)
#define PASID_DMA_SET		_IOW(PASID_DMA_IOC_MAGIC, 7, struct pasid_dma_set)

#endif
