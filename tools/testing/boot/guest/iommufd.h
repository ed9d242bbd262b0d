/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The requests of /dev/iommu and of the VFIO device cdev that the tests use.
 *
 * The kernel headers of Debian 12 are older than these interfaces.  Field names are
 * ours; numbers, sizes and order are the kernel's.
 */
#ifndef IOMMUFD_H
#define IOMMUFD_H

#include <linux/vfio.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define IOMMUFD_DESTROY		_IO(';', 0x80)
#define IOMMUFD_IOAS_ALLOC	_IO(';', 0x81)
#define IOMMUFD_IOAS_MAP	_IO(';', 0x85)
#define IOMMUFD_IOAS_UNMAP	_IO(';', 0x86)

struct iommufd_destroy {
	uint32_t size, object;
};

struct iommufd_ioas_alloc {
	uint32_t size, flags, ioas;
};

struct iommufd_ioas_map {
	uint32_t size, flags, ioas, reserved;
	uint64_t memory, length, iova;
};

#define IOMMUFD_MAP_FIXED	0x1
#define IOMMUFD_MAP_WRITE	0x2
#define IOMMUFD_MAP_READ	0x4

struct iommufd_ioas_unmap {
	uint32_t size, ioas;
	uint64_t iova, length;
};

#define CDEV_BIND	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define CDEV_ATTACH	_IO(VFIO_TYPE, VFIO_BASE + 19)
#define CDEV_DETACH	_IO(VFIO_TYPE, VFIO_BASE + 20)

struct cdev_bind {
	uint32_t size, flags;
	int32_t iommufd;
	uint32_t device;
};

struct cdev_attach {
	uint32_t size, flags, object;
};

struct cdev_detach {
	uint32_t size, flags;
};

#endif
