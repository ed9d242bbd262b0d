/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest programs share.
 *
 * "iot" is one static binary with a command per file.  A command that checks
 * several things prints one line per check, "ok TEXT" or "not ok TEXT", which the
 * shell passes on; everything else it prints is a diagnostic.  A command that does
 * one thing answers with its exit status.
 */
#ifndef IOT_H
#define IOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096UL

/* Exit status of a command whose DMA reached memory it should or should not reach */
#define EXIT_REACHED	3

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
bool check(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bytes that are a function of seed and offset, so that a block at a wrong place shows. */
void fill(void *buf, size_t len, uint64_t seed, uint64_t offset);
bool filled(const void *buf, size_t len, uint64_t seed, uint64_t offset);

/* Locked, populated pages; the physical address of one. */
void *pages(size_t len);
uint64_t phys_of(const void *page);

/* The kernel log from a moment on. */
int klog_open(void);
bool klog_find(int fd, char *line, size_t size, bool (*take)(const char *text, const void *arg), const void *arg);

/* A PCI device as sysfs shows it. */
int pci_open(const char *bdf, const char *file, int flags);
void pci_bus_master(const char *bdf, bool on);
volatile uint8_t *pci_map_bar0(const char *bdf, size_t size);

static inline void mmio_write32(volatile uint8_t *bar, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(bar + reg) = value;
}

static inline void mmio_write64(volatile uint8_t *bar, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(bar + reg) = value;
}

static inline uint32_t mmio_read32(volatile uint8_t *bar, unsigned int reg)
{
	return *(volatile uint32_t *)(bar + reg);
}

static inline uint64_t mmio_read64(volatile uint8_t *bar, unsigned int reg)
{
	return *(volatile uint64_t *)(bar + reg);
}

/*
 * QEMU's "edu" device: a DMA engine with a buffer of one page.  Some versions of QEMU
 * take a transfer of the whole buffer for one beyond its end, and abort.
 */
#define EDU_BAR_SIZE	0x100000UL
#define EDU_MOST	2048UL

enum edu_dir { EDU_READS, EDU_WRITES };		/* as seen from the device: memory is ... */

bool edu_alive(volatile uint8_t *bar);
void edu_dma(volatile uint8_t *bar, enum edu_dir dir, uint64_t addr, size_t len);
void edu_interrupt(volatile uint8_t *bar);
bool edu_faults(volatile uint8_t *bar, const char *bdf, enum edu_dir dir, uint64_t addr);

int cmd_blk(int argc, char **argv);
int cmd_net(int argc, char **argv);
int cmd_edu(int argc, char **argv);
int cmd_flood(int argc, char **argv);
int cmd_vfio(int argc, char **argv);
int cmd_kexec(int argc, char **argv);
int cmd_aux(int argc, char **argv);

#endif
