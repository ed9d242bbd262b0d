// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu BDF rogue|blocked|direct: DMA of QEMU's "edu" device that nobody allowed.
 *
 * The device has no driver; its registers are driven through sysfs.  It is told the
 * physical address of a locked page of this process.  "rogue" expects the IOMMU to
 * stop it and the kernel to report it; "blocked" that no IOMMU lets a device through
 * that it does not know; "direct" expects the DMA to reach memory (a
 * pass-through domain), which shows that the first test can fail.
 *
 * flood BDF COUNT: an e1000e without a driver fetches transmit descriptors from
 * nowhere until COUNT fault interrupts of the IOMMU have been taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iot.h"

#define EDU_ID		0x00
#define EDU_LIVENESS	0x04
#define EDU_RAISE	0x60
#define EDU_ACK		0x64
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_LEN	0x90
#define EDU_DMA_CMD	0x98
#define EDU_BUFFER	0x40000
#define EDU_START	0x1
#define EDU_TO_MEMORY	0x2

bool edu_alive(volatile uint8_t *bar)
{
	mmio_write32(bar, EDU_LIVENESS, 0x5a0ff0a5);
	return mmio_read32(bar, EDU_ID) == 0x010000ed && mmio_read32(bar, EDU_LIVENESS) == ~0x5a0ff0a5U;
}

/* One transfer, waited for; the device takes a tenth of a second for each. */
void edu_dma(volatile uint8_t *bar, enum edu_dir dir, uint64_t addr, size_t len)
{
	mmio_write64(bar, EDU_DMA_SRC, dir == EDU_READS ? addr : EDU_BUFFER);
	mmio_write64(bar, EDU_DMA_DST, dir == EDU_READS ? EDU_BUFFER : addr);
	mmio_write64(bar, EDU_DMA_LEN, len);
	mmio_write64(bar, EDU_DMA_CMD, EDU_START | (dir == EDU_WRITES ? EDU_TO_MEMORY : 0));
	for (int i = 0; mmio_read64(bar, EDU_DMA_CMD) & EDU_START; i++) {
		if (i == 3000)
			die("edu does not end its DMA");
		usleep(10000);
	}
}

void edu_interrupt(volatile uint8_t *bar)
{
	mmio_write32(bar, EDU_RAISE, 1);
	mmio_write32(bar, EDU_ACK, 1);
}

struct fault {
	const char *device, *dir;
	uint64_t page;
};

/* A number in the text, however many digits it is printed with, that is in the page. */
static bool names_page(const char *text, uint64_t page)
{
	while ((text = strstr(text, "0x"))) {
		char *end;

		if ((strtoull(text, &end, 16) & ~(PAGE - 1)) == page)
			return true;
		text = end > text + 2 ? end : text + 2;
	}
	return false;
}

/* VT-d gives a number and a text, SMMUv3 the text that belongs to its event. */
static bool names_reason(const char *text)
{
	return strstr(text, "fault reason 0x") || strstr(text, ": nothing is mapped") ||
	       strstr(text, ": mapping does not allow it");
}

/* Does a record of the log tell the device, the address, the direction and the reason? */
static bool tells(const char *text, const void *arg)
{
	const struct fault *fault = arg;

	return strstr(text, fault->device) && names_page(text, fault->page) && strcasestr(text, fault->dir) &&
	       names_reason(text);
}

/*
 * Does the transfer make the kernel report a fault with device, address and reason?
 * The log is rate-limited, so a report may be lost: three attempts, a limit's
 * interval apart.
 */
bool edu_faults(volatile uint8_t *bar, const char *bdf, enum edu_dir dir, uint64_t addr)
{
	struct fault fault = { .device = bdf + 5, .dir = dir == EDU_READS ? "read" : "write", .page = addr & ~(PAGE - 1) };
	char line[1024];

	for (int i = 0; i < 3; i++) {
		int log = klog_open();
		bool found;

		if (i)
			sleep(6);
		edu_dma(bar, dir, addr, 8);
		found = klog_find(log, line, sizeof(line), tells, &fault);
		close(log);
		if (found) {
			printf("%s\n", line);
			return true;
		}
	}
	return false;
}

static int rogue(volatile uint8_t *bar, const char *bdf, uint8_t *victim)
{
	uint64_t phys = phys_of(victim);

	check(edu_faults(bar, bdf, EDU_WRITES, phys), "a write of %s to %#llx is reported with device, address and reason",
	      bdf, (unsigned long long)phys);
	edu_dma(bar, EDU_WRITES, phys, EDU_MOST);
	check(filled(victim, PAGE, 1, 0), "memory at %#llx is as it was", (unsigned long long)phys);
	check(edu_faults(bar, bdf, EDU_READS, phys), "a read of %s is reported", bdf);
	return 0;
}

static int blocked(volatile uint8_t *bar, uint8_t *victim)
{
	uint64_t phys = phys_of(victim);

	edu_dma(bar, EDU_WRITES, phys, EDU_MOST);
	check(filled(victim, PAGE, 1, 0), "memory at %#llx is as it was", (unsigned long long)phys);
	return 0;
}

static int direct(volatile uint8_t *bar, uint8_t *page)
{
	uint64_t phys = phys_of(page);

	edu_dma(bar, EDU_READS, phys, EDU_MOST);
	memset(page, 0, EDU_MOST);
	edu_dma(bar, EDU_WRITES, phys, EDU_MOST);
	check(filled(page, PAGE, 1, 0), "the same DMA reaches memory at %#llx in pass-through",
	      (unsigned long long)phys);
	return 0;
}

int cmd_edu(int argc, char **argv)
{
	volatile uint8_t *bar;
	uint8_t *page;

	if (argc != 3)
		die("edu BDF rogue|blocked|direct");
	pci_bus_master(argv[1], true);
	bar = pci_map_bar0(argv[1], EDU_BAR_SIZE);
	if (!edu_alive(bar))
		die("%s is no edu device", argv[1]);
	page = pages(PAGE);
	fill(page, PAGE, 1, 0);
	if (!strcmp(argv[2], "direct"))
		return direct(bar, page);
	if (!strcmp(argv[2], "blocked"))
		return blocked(bar, page);
	return rogue(bar, argv[1], page);
}

/* Intel 82574 registers, the transmit side */
#define E1000_BAR_SIZE	0x20000
#define E1000_CTRL	0x0000
#define E1000_CTRL_RST	(1U << 26)
#define E1000_TCTL	0x0400
#define E1000_TCTL_EN	(1U << 1)
#define E1000_TDBAL	0x3800
#define E1000_TDBAH	0x3804
#define E1000_TDLEN	0x3808
#define E1000_TDH	0x3810
#define E1000_TDT	0x3818
#define RING		8U

/* Fault interrupts taken so far, over all units and CPUs. */
static unsigned long fault_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0;
	char line[512];

	if (!file)
		die("/proc/interrupts");
	while (fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':'), *end;

		if (!at || !(strstr(line, "dmar") || strstr(line, "arm-smmu-v3-evtq")))
			continue;
		for (at++;; at = end) {
			unsigned long count = strtoul(at, &end, 10);

			if (end == at || *end != ' ')
				break;
			sum += count;
		}
	}
	fclose(file);
	return sum;
}

int cmd_flood(int argc, char **argv)
{
	unsigned long target, start;
	volatile uint8_t *bar;

	if (argc != 3)
		die("flood BDF COUNT");
	bar = pci_map_bar0(argv[1], E1000_BAR_SIZE);
	pci_bus_master(argv[1], true);
	mmio_write32(bar, E1000_CTRL, E1000_CTRL_RST);
	usleep(10000);
	mmio_write32(bar, E1000_TDBAL, 0xdead0000);
	mmio_write32(bar, E1000_TDBAH, 0);
	mmio_write32(bar, E1000_TDLEN, RING * 16);
	mmio_write32(bar, E1000_TDH, 0);
	mmio_write32(bar, E1000_TDT, 0);
	mmio_write32(bar, E1000_TCTL, E1000_TCTL_EN);

	start = fault_interrupts();
	target = start + strtoul(argv[2], NULL, 0);
	for (unsigned int i = 1; fault_interrupts() < target; i += 20) {
		if (i > 1000000)
			break;
		for (unsigned int k = 0; k < 20; k++)
			mmio_write32(bar, E1000_TDT, (i + k) % RING);
	}
	errno = 0;
	check(fault_interrupts() >= target, "%lu fault interrupts taken", fault_interrupts() - start);
	mmio_write32(bar, E1000_CTRL, E1000_CTRL_RST);
	pci_bus_master(argv[1], false);
	return 0;
}
