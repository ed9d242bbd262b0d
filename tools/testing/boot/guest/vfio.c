// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio type1|cdev BDF: assign an edu device to this process and try what it can reach.
 * vfio own type1|cdev BDF COMMAND: run a shell command while the device is owned.
 * vfio try type1|cdev BDF: attempt to own the device, print the error's name.
 *
 * The two interfaces differ in how a device is opened and memory is mapped; the
 * tests of what the device can reach are the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iommufd.h"
#include "iot.h"

#define IOVA		0x100000000ULL
#define BIG		(4UL << 20)
#define PCI_COMMAND	4

struct assigned {
	const char *bdf;
	bool cdev;
	int space;	/* the container, or /dev/iommu */
	int group, device;
	uint32_t ioas;
	volatile uint8_t *bar;
};

static const char *failed_at;	/* what own() was doing when it failed */

#define TRY(what, call) ({ int ret_ = (call); if (ret_ < 0) { failed_at = (what); return -1; } ret_; })

static int open_group(const char *bdf)
{
	char link[128], target[256], path[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		die("%s has no group", bdf);
	target[len] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	return open(path, O_RDWR);
}

static int open_cdev(const char *bdf)
{
	char path[512], name[256] = "";
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		die("%s is not bound to vfio-pci", bdf);
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", 4))
			snprintf(name, sizeof(name), "%s", entry->d_name);
	closedir(dir);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	return open(path, O_RDWR);
}

static int own_type1(struct assigned *dev)
{
	dev->space = TRY("/dev/vfio/vfio", open("/dev/vfio/vfio", O_RDWR));
	dev->group = TRY("group", open_group(dev->bdf));
	TRY("VFIO_GROUP_SET_CONTAINER", ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->space));
	TRY("VFIO_SET_IOMMU", ioctl(dev->space, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	dev->device = TRY("VFIO_GROUP_GET_DEVICE_FD", ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, dev->bdf));
	return 0;
}

static int ioas_alloc(int iommufd, uint32_t *id)
{
	struct iommufd_ioas_alloc alloc = { .size = sizeof(alloc) };
	int ret = ioctl(iommufd, IOMMUFD_IOAS_ALLOC, &alloc);

	*id = alloc.ioas;
	return ret;
}

static int cdev_attach(int device, uint32_t ioas)
{
	struct cdev_attach attach = { .size = sizeof(attach), .object = ioas };

	return ioctl(device, CDEV_ATTACH, &attach);
}

static int cdev_detach(int device)
{
	struct cdev_detach detach = { .size = sizeof(detach) };

	return ioctl(device, CDEV_DETACH, &detach);
}

static int own_cdev(struct assigned *dev)
{
	struct cdev_bind bind = { .size = sizeof(bind) };

	dev->space = TRY("/dev/iommu", open("/dev/iommu", O_RDWR));
	dev->device = TRY("device", open_cdev(dev->bdf));
	bind.iommufd = dev->space;
	TRY("VFIO_DEVICE_BIND_IOMMUFD", ioctl(dev->device, CDEV_BIND, &bind));
	TRY("IOMMU_IOAS_ALLOC", ioas_alloc(dev->space, &dev->ioas));
	TRY("VFIO_DEVICE_ATTACH_IOMMUFD_PT", cdev_attach(dev->device, dev->ioas));
	return 0;
}

static int own(struct assigned *dev, const char *how, const char *bdf)
{
	*dev = (struct assigned){ .bdf = bdf, .cdev = !strcmp(how, "cdev"), .space = -1, .group = -1, .device = -1 };
	return dev->cdev ? own_cdev(dev) : own_type1(dev);
}

static void disown(struct assigned *dev)
{
	if (dev->device >= 0)
		close(dev->device);
	if (dev->group >= 0)
		close(dev->group);
	if (dev->space >= 0)
		close(dev->space);
}

static int map(struct assigned *dev, void *mem, uint64_t iova, size_t len, bool writable)
{
	struct vfio_iommu_type1_dma_map type1 = {
		.argsz = sizeof(type1), .vaddr = (uintptr_t)mem, .iova = iova, .size = len,
		.flags = VFIO_DMA_MAP_FLAG_READ | (writable ? VFIO_DMA_MAP_FLAG_WRITE : 0),
	};
	struct iommufd_ioas_map cdev = {
		.size = sizeof(cdev), .ioas = dev->ioas, .memory = (uintptr_t)mem, .iova = iova, .length = len,
		.flags = IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READ | (writable ? IOMMUFD_MAP_WRITE : 0),
	};

	return dev->cdev ? ioctl(dev->space, IOMMUFD_IOAS_MAP, &cdev) : ioctl(dev->space, VFIO_IOMMU_MAP_DMA, &type1);
}

static int unmap(struct assigned *dev, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap type1 = { .argsz = sizeof(type1), .iova = iova, .size = len };
	struct iommufd_ioas_unmap cdev = { .size = sizeof(cdev), .ioas = dev->ioas, .iova = iova, .length = len };

	return dev->cdev ? ioctl(dev->space, IOMMUFD_IOAS_UNMAP, &cdev) : ioctl(dev->space, VFIO_IOMMU_UNMAP_DMA, &type1);
}

/* Maps the registers and lets the device master the bus. */
static void start(struct assigned *dev)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct vfio_region_info config = { .argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX };
	uint16_t command;
	void *mem;

	if (ioctl(dev->device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(dev->device, VFIO_DEVICE_GET_REGION_INFO, &config))
		die("VFIO_DEVICE_GET_REGION_INFO");
	if (pread(dev->device, &command, 2, config.offset + PCI_COMMAND) != 2)
		die("config space");
	command |= 0x6;
	if (pwrite(dev->device, &command, 2, config.offset + PCI_COMMAND) != 2)
		die("config space");
	mem = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dev->device, bar.offset);
	if (mem == MAP_FAILED)
		die("BAR 0");
	dev->bar = mem;
	if (!edu_alive(dev->bar))
		die("%s is no edu device", dev->bdf);
}

static bool copies(struct assigned *dev, uint8_t *buf, uint64_t iova, size_t from, size_t to)
{
	fill(buf + from, PAGE, from + 1, 0);
	memset(buf + to, 0, EDU_MOST);
	edu_dma(dev->bar, EDU_READS, iova + from, EDU_MOST);
	edu_dma(dev->bar, EDU_WRITES, iova + to, EDU_MOST);
	return filled(buf + to, EDU_MOST, from + 1, 0);
}

static bool faults(struct assigned *dev, enum edu_dir dir, uint64_t iova)
{
	return edu_faults(dev->bar, dev->bdf, dir, iova);
}

static void try_mapped(struct assigned *dev, uint8_t *buf)
{
	uint8_t *readonly = pages(PAGE);

	check(!map(dev, buf, IOVA, BIG, true), "4 MiB are mapped");
	check(copies(dev, buf, IOVA, 0, PAGE), "the device copies a page to the next");
	check(copies(dev, buf, IOVA, BIG - PAGE, BIG / 2), "and the last to the middle");
	check(map(dev, buf, IOVA + PAGE, PAGE, true) < 0 && errno == EEXIST, "an overlapping map is refused with EEXIST");

	fill(readonly, PAGE, 7, 0);
	check(!map(dev, readonly, IOVA + BIG, PAGE, false), "a page is mapped read-only");
	/* Before it is read: QEMU reports no fault where its IOTLB has the page read-only. */
	check(faults(dev, EDU_WRITES, IOVA + BIG), "writing it faults");
	check(filled(readonly, PAGE, 7, 0), "and leaves it as it was");
	edu_dma(dev->bar, EDU_READS, IOVA + BIG, EDU_MOST);
	edu_dma(dev->bar, EDU_WRITES, IOVA, EDU_MOST);
	check(filled(buf, EDU_MOST, 7, 0), "the device reads it");
	check(!unmap(dev, IOVA + BIG, PAGE), "it is unmapped");
}

static void try_unmapped(struct assigned *dev, uint8_t *buf)
{
	uint8_t *victim = pages(PAGE);
	uint64_t phys = phys_of(victim);

	fill(victim, PAGE, 9, 0);
	check(faults(dev, EDU_WRITES, phys), "a write to the physical address %#llx of a page that is not mapped faults",
	      (unsigned long long)phys);
	edu_dma(dev->bar, EDU_WRITES, phys, EDU_MOST);
	check(filled(victim, PAGE, 9, 0), "the page is as it was");
	check(faults(dev, EDU_READS, IOVA + BIG), "a read just behind the mapping faults");

	fill(buf, PAGE, 3, 0);
	check(!unmap(dev, IOVA, BIG), "the 4 MiB are unmapped");
	check(faults(dev, EDU_WRITES, IOVA), "a write to them then faults");
	check(filled(buf, PAGE, 3, 0), "and leaves them as they were");
	check(!map(dev, buf, IOVA, BIG, true) && copies(dev, buf, IOVA, 0, PAGE), "mapped again, they are reached again");
}

/* What only the device cdev has: attach, replace and detach at run time. */
static void try_attach(struct assigned *dev, uint8_t *buf)
{
	struct iommufd_destroy destroy = { .size = sizeof(destroy), .object = dev->ioas };
	uint8_t *other = pages(PAGE);
	uint32_t first = dev->ioas, second;

	check(ioctl(dev->space, IOMMUFD_DESTROY, &destroy) < 0 && errno == EBUSY, "an attached IOAS cannot be destroyed: EBUSY");
	check(cdev_attach(dev->device, 0xffff) < 0 && errno == ENOENT, "attaching to what does not exist: ENOENT");
	check(copies(dev, buf, IOVA, 0, PAGE), "the device is still where it was");

	check(!ioas_alloc(dev->space, &second), "a second IOAS");
	dev->ioas = second;
	check(!map(dev, other, IOVA, PAGE, true), "it maps another page at the same address");
	check(!cdev_attach(dev->device, second), "it replaces the first");
	fill(buf, PAGE, 4, 0);
	fill(other, PAGE, 5, 0);
	edu_dma(dev->bar, EDU_READS, IOVA, EDU_MOST);
	memset(other, 0, EDU_MOST);
	edu_dma(dev->bar, EDU_WRITES, IOVA, EDU_MOST);
	check(filled(other, PAGE, 5, 0) && filled(buf, PAGE, 4, 0), "the device reaches the second and not the first");
	check(faults(dev, EDU_WRITES, IOVA + PAGE), "what only the first maps faults");

	check(!cdev_detach(dev->device), "the device is detached");
	fill(other, PAGE, 6, 0);
#ifdef __aarch64__
	/* An SMMUv3 terminates the requests of a blocked stream without an event. */
	edu_dma(dev->bar, EDU_WRITES, IOVA, EDU_MOST);
#else
	check(faults(dev, EDU_WRITES, IOVA), "then all DMA faults");
#endif
	check(filled(other, PAGE, 6, 0), "memory stays as it is whatever a blocked device writes");
	check(!cdev_attach(dev->device, first), "attached to the first again");
	dev->ioas = first;
	check(copies(dev, buf, IOVA, 0, PAGE), "the device reaches it again");
}

/* The device's MSI comes through the IOMMU as its data does: the doorbell is mapped, or remapped. */
static void try_interrupt(struct assigned *dev)
{
	struct {
		struct vfio_irq_set head;
		int32_t fd;
	} set = { .head = { .argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			    .index = VFIO_PCI_MSI_IRQ_INDEX, .count = 1 } };
	struct vfio_irq_set off = { .argsz = sizeof(off), .index = VFIO_PCI_MSI_IRQ_INDEX,
				    .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER };
	struct pollfd pfd = { .fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN };
	uint64_t taken = 0;

	set.fd = pfd.fd;
	if (!check(!ioctl(dev->device, VFIO_DEVICE_SET_IRQS, &set), "the device is given an MSI"))
		return;
	check(poll(&pfd, 1, 300) == 0, "none comes by itself");
	for (int i = 1; i <= 3; i++) {
		uint64_t now;

		edu_interrupt(dev->bar);
		if (poll(&pfd, 1, 5000) == 1 && read(pfd.fd, &now, sizeof(now)) == sizeof(now))
			taken += now;
	}
	check(taken == 3, "3 MSIs raised, %llu taken", (unsigned long long)taken);
	check(!ioctl(dev->device, VFIO_DEVICE_SET_IRQS, &off), "the MSI is taken away");
	close(pfd.fd);
}

static int assign(const char *how, const char *bdf)
{
	uint8_t *buf = pages(BIG);
	struct assigned dev;

	if (!check(!own(&dev, how, bdf), "%s owns %s %s", how, bdf, failed_at ?: ""))
		return 0;
	start(&dev);
	try_interrupt(&dev);
	try_mapped(&dev, buf);
	try_unmapped(&dev, buf);
	if (dev.cdev)
		try_attach(&dev, buf);
	disown(&dev);
	return 0;
}

int cmd_vfio(int argc, char **argv)
{
	struct assigned dev;
	int ret;

	if (argc == 3)
		return assign(argv[1], argv[2]);
	if (argc == 4 && !strcmp(argv[1], "try")) {
		ret = own(&dev, argv[2], argv[3]);
		printf("%s %s\n", ret ? strerrorname_np(errno) : "owned", failed_at ?: "");
		disown(&dev);
		return ret ? 1 : 0;
	}
	if (argc != 5 || strcmp(argv[1], "own"))
		die("vfio type1|cdev BDF, vfio own type1|cdev BDF COMMAND, vfio try type1|cdev BDF");
	if (own(&dev, argv[2], argv[3]))
		die("%s", failed_at);
	ret = system(argv[4]);
	disown(&dev);
	return ret ? 1 : 0;
}
