/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * pasid-dma: a PCI Express endpoint that copies memory with PASID-tagged DMA.
 *
 * The device takes 64-byte descriptors from a ring in memory.  It reads the ring
 * and writes completions with requests without PASID; the copies that a descriptor
 * asks for carry the descriptor's PASID, if it names one.  So the two kinds of
 * requests are always under way side by side, as they are in a real device that
 * serves several address spaces (PCI Express Base 6.0, 6.20 "PASID").
 *
 * With ATS enabled, a descriptor can ask for its copy to go through the device's
 * translation cache (ATC): the device requests a translation (10.2), keeps it, and
 * issues translated requests until an Invalidate Request (10.3) takes it away.
 *
 * Registers and descriptors are little-endian; see README.md beside this file.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "system/dma.h"
#include "system/reset.h"

#define TYPE_PASID_DMA "pasid-dma"
OBJECT_DECLARE_SIMPLE_TYPE(PasidDma, PASID_DMA)

#define PDMA_DEVICE_ID          0x11fa
#define PDMA_BAR_SIZE           (4 * KiB)

#define PDMA_REG_ID             0x00    /* RO */
#define PDMA_ID                 0x414d4450u     /* "PDMA" */
#define PDMA_REG_VERSION        0x04    /* RO */
#define PDMA_VERSION            1
#define PDMA_REG_CONTROL        0x08    /* RW */
#define PDMA_CONTROL_RUN        0x1u
#define PDMA_CONTROL_DEAF       0x2u    /* answer invalidations, ignore them */
#define PDMA_REG_RING_SIZE      0x0c    /* RW: log2 of the number of descriptors */
#define PDMA_RING_SIZE_MAX      12
#define PDMA_REG_RING_LO        0x10    /* RW */
#define PDMA_REG_RING_HI        0x14    /* RW */
#define PDMA_REG_TAIL           0x18    /* RW: free-running; writing starts work */
#define PDMA_REG_HEAD           0x1c    /* RO: free-running */
#define PDMA_REG_STATUS         0x20    /* RO */
#define PDMA_STATUS_RING_ERROR  0x1u    /* the ring cannot be read or written */
#define PDMA_REG_ATC_USED       0x24    /* RO: translations in the cache */
#define PDMA_REG_ATC_HITS       0x28    /* RO: counts from reset on */
#define PDMA_REG_ATC_INVAL      0x2c    /* RO */

/* Descriptor: command and flags in the first word, results in the last two */
#define PDMA_OP_MASK            0xffu
#define PDMA_OP_NOP             0
#define PDMA_OP_COPY            1       /* len bytes from src to dst */
#define PDMA_OP_FILL            2       /* len bytes of the byte in src to dst */
#define PDMA_OP_TRANSLATE       3       /* an ATS request for src alone */
#define PDMA_OP_FLUSH           4       /* empty the ATC */
#define PDMA_DESC_PASID         (1u << 8)       /* the PASID field is valid */
#define PDMA_DESC_PRIV          (1u << 9)       /* Privileged Mode Requested */
#define PDMA_DESC_EXEC          (1u << 10)      /* Execute Requested, for src */
#define PDMA_DESC_ATC           (1u << 11)      /* through the ATC */
#define PDMA_DESC_INTERRUPT     (1u << 12)
#define PDMA_LEN_MAX            (1 * MiB)

#define PDMA_DONE               (1u << 31)
#define PDMA_ERR_NONE           0
#define PDMA_ERR_INVALID        1       /* a bad descriptor */
#define PDMA_ERR_DISABLED       2       /* a capability is not enabled */
#define PDMA_ERR_READ           3       /* at fault_addr */
#define PDMA_ERR_WRITE          4
#define PDMA_ERR_NO_TRANSLATION 5       /* ATS: no access, at fault_addr */

typedef struct PdmaDesc {
    uint32_t command;
    uint32_t pasid;
    uint64_t src;
    uint64_t dst;
    uint32_t len;
    uint32_t reserved;
    uint64_t cookie;            /* for software */
    uint32_t status;            /* PDMA_DONE | PDMA_ERR_... */
    uint32_t moved;             /* bytes */
    uint64_t fault_addr;
    uint64_t result;            /* of PDMA_OP_TRANSLATE: address | permissions */
} QEMU_PACKED PdmaDesc;

QEMU_BUILD_BUG_ON(sizeof(PdmaDesc) != 64);

/* Extended capabilities follow each other; the first is at 0x100 (7.6.1) */
#define PDMA_FIRST_CAP          0x100
#define PDMA_PASID_WIDTH_MAX    20

/* 7.8.8 "PASID Extended Capability" */
#define PASID_CAP_EXEC          0x0002
#define PASID_CAP_PRIV          0x0004
#define PASID_CTRL_ENABLE       0x0001
#define PASID_CTRL_EXEC         0x0002
#define PASID_CTRL_PRIV         0x0004

#define ATC_ENTRIES             64

typedef struct AtcEntry {
    bool valid;
    uint32_t pasid;             /* or PCI_NO_PASID */
    IOMMUTLBEntry tlb;
} AtcEntry;

struct PasidDma {
    PCIDevice pdev;
    MemoryRegion bar;
    QEMUBH *bh;

    uint32_t control;
    uint32_t ring_size;
    uint64_t ring;
    uint32_t head;
    uint32_t tail;
    uint32_t status;

    AtcEntry atc[ATC_ENTRIES];
    unsigned int atc_next;
    uint32_t atc_hits;
    uint32_t atc_inval;

    uint8_t pasid_bits;
    bool ats;
    bool pri;
    uint16_t pasid_cap;         /* offsets in configuration space, or 0 */
    uint16_t ats_cap;
    uint8_t page[4 * KiB];
};

/* The address space and the kind of access of a descriptor's requests */
typedef struct PdmaAccess {
    uint32_t pasid;
    IOMMUAccessFlags flags;
    bool atc;
} PdmaAccess;

static bool pdma_pasid_enabled(PasidDma *d, uint16_t bits)
{
    uint8_t *cap = d->pdev.config + d->pasid_cap;

    return d->pasid_cap && (pci_get_word(cap + PCI_PASID_CTRL) & bits) == bits;
}

static bool pdma_ats_enabled(PasidDma *d)
{
    uint8_t *cap = d->pdev.config + d->ats_cap;

    return d->ats_cap &&
           (pci_get_word(cap + PCI_ATS_CTRL) & PCI_ATS_CTRL_ENABLE);
}

static bool pdma_bus_master(PasidDma *d)
{
    return pci_get_word(d->pdev.config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/* The translation cache */

static AtcEntry *atc_find(PasidDma *d, const PdmaAccess *access, hwaddr iova)
{
    for (int i = 0; i < ATC_ENTRIES; i++) {
        AtcEntry *entry = &d->atc[i];

        if (entry->valid && entry->pasid == access->pasid &&
            (iova & ~entry->tlb.addr_mask) == entry->tlb.iova &&
            (entry->tlb.perm & access->flags) == access->flags) {
            return entry;
        }
    }
    return NULL;
}

static void atc_insert(PasidDma *d, const PdmaAccess *access,
                       const IOMMUTLBEntry *tlb)
{
    AtcEntry *entry = &d->atc[d->atc_next++ % ATC_ENTRIES];

    entry->valid = true;
    entry->pasid = access->pasid;
    entry->tlb = *tlb;
    /*
     * Only what was asked for: write permission may depend on a dirty bit
     * that a translation request for reading does not set.
     */
    entry->tlb.perm &= access->flags;
}

static unsigned int atc_used(PasidDma *d)
{
    unsigned int used = 0;

    for (int i = 0; i < ATC_ENTRIES; i++) {
        used += d->atc[i].valid;
    }
    return used;
}

static void atc_flush(PasidDma *d)
{
    for (int i = 0; i < ATC_ENTRIES; i++) {
        d->atc[i].valid = false;
    }
}

/*
 * 10.3.3: without a PASID an invalidation is for the entries without one; with
 * one for those of that PASID, or with Global Invalidate for those of every PASID.
 */
static void pdma_ats_invalidate(PCIDevice *pdev, const PCIATSInvalidate *inval)
{
    PasidDma *d = PASID_DMA(pdev);

    d->atc_inval++;
    if (d->control & PDMA_CONTROL_DEAF) {
        return;
    }
    for (int i = 0; i < ATC_ENTRIES; i++) {
        AtcEntry *entry = &d->atc[i];
        hwaddr last = entry->tlb.iova | entry->tlb.addr_mask;

        if (inval->global ? entry->pasid == PCI_NO_PASID :
            entry->pasid != inval->pasid) {
            continue;
        }
        if (entry->tlb.iova <= (inval->addr | inval->mask) &&
            last >= inval->addr) {
            entry->valid = false;
        }
    }
}

/* DMA */

/* Fills @tlb for an access at @iova; false when there is none */
static bool pdma_translate(PasidDma *d, const PdmaAccess *access, hwaddr iova,
                           bool ats, IOMMUTLBEntry *tlb)
{
    PCITranslation request = {
        .pasid = access->pasid,
        .iova = iova,
        .flags = access->flags,
        .ats = ats,
    };

    if (!pci_device_translate(&d->pdev, &request)) {
        return false;
    }
    *tlb = request.tlb;
    return (tlb->perm & access->flags) == access->flags;
}

static bool pdma_locate(PasidDma *d, const PdmaAccess *access, hwaddr iova,
                        IOMMUTLBEntry *tlb)
{
    AtcEntry *entry;

    if (!access->atc) {
        return pdma_translate(d, access, iova, false, tlb);
    }
    entry = atc_find(d, access, iova);
    if (entry) {
        d->atc_hits++;
        *tlb = entry->tlb;
        return true;
    }
    if (!pdma_translate(d, access, iova, true, tlb)) {
        return false;
    }
    atc_insert(d, access, tlb);
    return true;
}

/* One access that does not cross a 4 KiB boundary */
static bool pdma_rw(PasidDma *d, const PdmaAccess *access, hwaddr iova,
                    void *buf, size_t len)
{
    bool write = access->flags & IOMMU_WO;
    IOMMUTLBEntry tlb;

    if (access->pasid == PCI_NO_PASID && !access->atc) {
        return pci_dma_rw(&d->pdev, iova, buf, len,
                          write ? DMA_DIRECTION_FROM_DEVICE :
                                  DMA_DIRECTION_TO_DEVICE,
                          MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
    }
    if (!pdma_bus_master(d) || !pdma_locate(d, access, iova, &tlb)) {
        return false;
    }
    return address_space_rw(tlb.target_as,
                            tlb.translated_addr | (iova & tlb.addr_mask),
                            MEMTXATTRS_UNSPECIFIED, buf, len,
                            write) == MEMTX_OK;
}

static size_t to_boundary(hwaddr addr)
{
    return 4 * KiB - (addr & (4 * KiB - 1));
}

static uint32_t pdma_failed(PdmaDesc *desc, const PdmaAccess *access,
                            hwaddr addr)
{
    desc->fault_addr = addr;
    if (access->atc) {
        return PDMA_ERR_NO_TRANSLATION;
    }
    return access->flags & IOMMU_WO ? PDMA_ERR_WRITE : PDMA_ERR_READ;
}

static uint32_t pdma_move(PasidDma *d, PdmaDesc *desc, PdmaAccess access)
{
    bool fill = (desc->command & PDMA_OP_MASK) == PDMA_OP_FILL;
    PdmaAccess read = access, write = access;

    read.flags |= IOMMU_RO;
    write.flags = (access.flags & ~IOMMU_EXEC) | IOMMU_WO;
    if (fill) {
        memset(d->page, desc->src & 0xff, sizeof(d->page));
    }
    while (desc->moved < desc->len) {
        hwaddr from = desc->src + desc->moved, to = desc->dst + desc->moved;
        size_t part = MIN(desc->len - desc->moved, to_boundary(to));

        if (!fill) {
            part = MIN(part, to_boundary(from));
            if (!pdma_rw(d, &read, from, d->page, part)) {
                return pdma_failed(desc, &read, from);
            }
        }
        if (!pdma_rw(d, &write, to, d->page, part)) {
            return pdma_failed(desc, &write, to);
        }
        desc->moved += part;
    }
    return PDMA_ERR_NONE;
}

static uint32_t pdma_ask(PasidDma *d, PdmaDesc *desc, PdmaAccess access)
{
    IOMMUTLBEntry tlb;

    if (!pdma_bus_master(d) || !pdma_ats_enabled(d)) {
        return PDMA_ERR_DISABLED;
    }
    access.flags |= IOMMU_RO;
    if (!pdma_translate(d, &access, desc->src, true, &tlb)) {
        return pdma_failed(desc, &access, desc->src);
    }
    desc->result = tlb.translated_addr | tlb.perm;
    return PDMA_ERR_NONE;
}

static uint32_t pdma_execute(PasidDma *d, PdmaDesc *desc)
{
    PdmaAccess access = { .pasid = PCI_NO_PASID };
    uint16_t need = 0;

    if (desc->command & PDMA_DESC_PASID) {
        access.pasid = desc->pasid;
        need |= PASID_CTRL_ENABLE;
        if (desc->pasid >> d->pasid_bits) {
            return PDMA_ERR_INVALID;
        }
    } else if (desc->command & (PDMA_DESC_EXEC | PDMA_DESC_PRIV)) {
        return PDMA_ERR_INVALID;        /* 6.20.2.3: they need a PASID */
    }
    if (desc->command & PDMA_DESC_EXEC) {
        access.flags |= IOMMU_EXEC;
        need |= PASID_CTRL_EXEC;
    }
    if (desc->command & PDMA_DESC_PRIV) {
        access.flags |= IOMMU_PRIV;
        need |= PASID_CTRL_PRIV;
    }
    access.atc = desc->command & PDMA_DESC_ATC;
    if ((need && !pdma_pasid_enabled(d, need)) ||
        (access.atc && !pdma_ats_enabled(d))) {
        return PDMA_ERR_DISABLED;
    }
    if (desc->len > PDMA_LEN_MAX) {
        return PDMA_ERR_INVALID;
    }

    switch (desc->command & PDMA_OP_MASK) {
    case PDMA_OP_NOP:
        return PDMA_ERR_NONE;
    case PDMA_OP_COPY:
    case PDMA_OP_FILL:
        return pdma_move(d, desc, access);
    case PDMA_OP_TRANSLATE:
        return pdma_ask(d, desc, access);
    case PDMA_OP_FLUSH:
        atc_flush(d);
        return PDMA_ERR_NONE;
    default:
        return PDMA_ERR_INVALID;
    }
}

static void pdma_swap(PdmaDesc *desc)
{
    desc->command = le32_to_cpu(desc->command);
    desc->pasid = le32_to_cpu(desc->pasid);
    desc->src = le64_to_cpu(desc->src);
    desc->dst = le64_to_cpu(desc->dst);
    desc->len = le32_to_cpu(desc->len);
}

/*
 * The results, the status last, because software may poll it.
 */
static bool pdma_complete(PasidDma *d, hwaddr at, PdmaDesc *desc,
                          uint32_t error)
{
    struct {
        uint32_t moved;
        uint64_t fault_addr;
        uint64_t result;
    } QEMU_PACKED results = {
        .moved = cpu_to_le32(desc->moved),
        .fault_addr = cpu_to_le64(desc->fault_addr),
        .result = cpu_to_le64(desc->result),
    };
    uint32_t status = cpu_to_le32(PDMA_DONE | error);

    return !pci_dma_write(&d->pdev, at + offsetof(PdmaDesc, moved), &results,
                          sizeof(results)) &&
           !pci_dma_write(&d->pdev, at + offsetof(PdmaDesc, status), &status,
                          sizeof(status));
}

static bool pdma_one(PasidDma *d)
{
    uint32_t index = d->head & ((1u << d->ring_size) - 1);
    hwaddr at = d->ring + index * sizeof(PdmaDesc);
    PdmaDesc desc;
    uint32_t error;

    if (pci_dma_read(&d->pdev, at, &desc, sizeof(desc))) {
        return false;
    }
    pdma_swap(&desc);
    desc.moved = 0;
    desc.fault_addr = 0;
    desc.result = 0;
    error = pdma_execute(d, &desc);
    if (!pdma_complete(d, at, &desc, error)) {
        return false;
    }
    d->head++;
    if (desc.command & PDMA_DESC_INTERRUPT) {
        msi_notify(&d->pdev, 0);
    }
    return true;
}

/* Outside of the register write, so that software sees work in progress */
static void pdma_work(void *opaque)
{
    PasidDma *d = opaque;

    if (d->head == d->tail || !(d->control & PDMA_CONTROL_RUN) ||
        (d->status & PDMA_STATUS_RING_ERROR)) {
        return;
    }
    if (!pdma_one(d)) {
        d->status |= PDMA_STATUS_RING_ERROR;
        return;
    }
    qemu_bh_schedule(d->bh);
}

/* Registers */

static uint64_t pdma_read(void *opaque, hwaddr addr, unsigned int size)
{
    PasidDma *d = opaque;

    switch (addr) {
    case PDMA_REG_ID:
        return PDMA_ID;
    case PDMA_REG_VERSION:
        return PDMA_VERSION;
    case PDMA_REG_CONTROL:
        return d->control;
    case PDMA_REG_RING_SIZE:
        return d->ring_size;
    case PDMA_REG_RING_LO:
        return extract64(d->ring, 0, 32);
    case PDMA_REG_RING_HI:
        return extract64(d->ring, 32, 32);
    case PDMA_REG_TAIL:
        return d->tail;
    case PDMA_REG_HEAD:
        return d->head;
    case PDMA_REG_STATUS:
        return d->status;
    case PDMA_REG_ATC_USED:
        return atc_used(d);
    case PDMA_REG_ATC_HITS:
        return d->atc_hits;
    case PDMA_REG_ATC_INVAL:
        return d->atc_inval;
    default:
        return 0;
    }
}

static void pdma_control(PasidDma *d, uint32_t value)
{
    uint32_t old = d->control;

    d->control = value & (PDMA_CONTROL_RUN | PDMA_CONTROL_DEAF);
    if (!(old & PDMA_CONTROL_RUN) && (value & PDMA_CONTROL_RUN)) {
        d->head = d->tail = 0;
        d->status = 0;
    }
}

static void pdma_write(void *opaque, hwaddr addr, uint64_t value,
                       unsigned int size)
{
    PasidDma *d = opaque;
    bool running = d->control & PDMA_CONTROL_RUN;

    switch (addr) {
    case PDMA_REG_CONTROL:
        pdma_control(d, value);
        return;
    case PDMA_REG_TAIL:
        d->tail = value;
        qemu_bh_schedule(d->bh);
        return;
    }
    if (running) {
        qemu_log_mask(LOG_GUEST_ERROR, "pasid-dma: a write to register 0x%"
                      HWADDR_PRIx " while running is ignored\n", addr);
        return;
    }
    switch (addr) {
    case PDMA_REG_RING_SIZE:
        d->ring_size = MIN(value, PDMA_RING_SIZE_MAX);
        break;
    case PDMA_REG_RING_LO:
        d->ring = deposit64(d->ring, 0, 32, value);
        break;
    case PDMA_REG_RING_HI:
        d->ring = deposit64(d->ring, 32, 32, value);
        break;
    }
}

static const MemoryRegionOps pdma_ops = {
    .read = pdma_read,
    .write = pdma_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* PCI */

/* 10.5.1: disabling ATS makes the function drop its translations */
static void pdma_config_write(PCIDevice *pdev, uint32_t addr, uint32_t value,
                              int len)
{
    PasidDma *d = PASID_DMA(pdev);

    pci_default_write_config(pdev, addr, value, len);
    if (!pdma_ats_enabled(d)) {
        atc_flush(d);
    }
}

static void pdma_pasid_init(PasidDma *d, uint16_t offset)
{
    uint8_t *cap = d->pdev.config + offset;

    d->pasid_cap = offset;
    pcie_add_capability(&d->pdev, PCI_EXT_CAP_ID_PASID, 1, offset,
                        PCI_EXT_CAP_PASID_SIZEOF);
    pci_set_word(cap + PCI_PASID_CAP,
                 PASID_CAP_EXEC | PASID_CAP_PRIV | d->pasid_bits << 8);
    pci_set_word(d->pdev.wmask + offset + PCI_PASID_CTRL,
                 PASID_CTRL_ENABLE | PASID_CTRL_EXEC | PASID_CTRL_PRIV);
}

/* 10.5.2: the capability only; no request is ever made, so it stays "stopped" */
static void pdma_pri_init(PasidDma *d, uint16_t offset)
{
    uint8_t *cap = d->pdev.config + offset;

    pcie_add_capability(&d->pdev, PCI_EXT_CAP_ID_PRI, 1, offset,
                        PCI_EXT_CAP_PRI_SIZEOF);
    pci_set_word(cap + PCI_PRI_STATUS,
                 PCI_PRI_STATUS_STOPPED | PCI_PRI_STATUS_PASID);
    pci_set_long(cap + PCI_PRI_MAX_REQ, 32);
    pci_set_word(d->pdev.wmask + offset + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
    pci_set_long(d->pdev.wmask + offset + PCI_PRI_ALLOC_REQ, UINT32_MAX);
}

static void pdma_capabilities_init(PasidDma *d)
{
    uint16_t offset = PDMA_FIRST_CAP;

    if (d->pasid_bits) {
        pdma_pasid_init(d, offset);
        offset += PCI_EXT_CAP_PASID_SIZEOF;
    }
    if (d->ats) {
        d->ats_cap = offset;
        pcie_ats_init(&d->pdev, offset, true);
        offset += PCI_EXT_CAP_ATS_SIZEOF;
    }
    if (d->pri) {
        pdma_pri_init(d, offset);
    }
}

static void pdma_realize(PCIDevice *pdev, Error **errp)
{
    PasidDma *d = PASID_DMA(pdev);

    if (d->pasid_bits > PDMA_PASID_WIDTH_MAX) {
        error_setg(errp, "pasid-bits is %u at most", PDMA_PASID_WIDTH_MAX);
        return;
    }
    if (!pci_bus_is_express(pci_get_bus(pdev))) {
        error_setg(errp, "pasid-dma needs a PCI Express bus");
        return;
    }
    if (pcie_endpoint_cap_init(pdev, 0x80) < 0) {
        error_setg(errp, "pasid-dma cannot add its PCI Express capability");
        return;
    }
    if (msi_init(pdev, 0x60, 1, true, false, errp)) {
        pcie_cap_exit(pdev);
        return;
    }
    pdma_capabilities_init(d);
    d->bh = qemu_bh_new_guarded(pdma_work, d,
                                &DEVICE(pdev)->mem_reentrancy_guard);
    memory_region_init_io(&d->bar, OBJECT(d), &pdma_ops, d, TYPE_PASID_DMA,
                          PDMA_BAR_SIZE);
    pci_register_bar(pdev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &d->bar);
}

static void pdma_exit(PCIDevice *pdev)
{
    PasidDma *d = PASID_DMA(pdev);

    qemu_bh_delete(d->bh);
    msi_uninit(pdev);
    pcie_cap_exit(pdev);
}

static void pdma_reset(DeviceState *dev)
{
    PasidDma *d = PASID_DMA(dev);

    d->control = 0;
    d->ring_size = 0;
    d->ring = 0;
    d->head = d->tail = 0;
    d->status = 0;
    d->atc_hits = 0;
    d->atc_inval = 0;
    atc_flush(d);
    if (d->pasid_cap) {
        pci_set_word(d->pdev.config + d->pasid_cap + PCI_PASID_CTRL, 0);
    }
}

static const VMStateDescription pdma_vmstate = {
    .name = TYPE_PASID_DMA,
    .unmigratable = 1,
};

static const Property pdma_properties[] = {
    /* Max PASID Width of the capability; 0: no capability */
    DEFINE_PROP_UINT8("pasid-bits", PasidDma, pasid_bits, 16),
    DEFINE_PROP_BOOL("ats", PasidDma, ats, false),
    DEFINE_PROP_BOOL("pri", PasidDma, pri, false),
};

static void pdma_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = pdma_realize;
    k->exit = pdma_exit;
    k->config_write = pdma_config_write;
    k->ats_invalidate = pdma_ats_invalidate;
    k->vendor_id = PCI_VENDOR_ID_QEMU;
    k->device_id = PDMA_DEVICE_ID;
    k->revision = PDMA_VERSION;
    k->class_id = PCI_CLASS_OTHERS;
    dc->desc = "DMA engine with PASID and ATS, for tests";
    dc->vmsd = &pdma_vmstate;
    device_class_set_props(dc, pdma_properties);
    device_class_set_legacy_reset(dc, pdma_reset);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo pdma_info = {
    .name = TYPE_PASID_DMA,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(PasidDma),
    .class_init = pdma_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { },
    },
};

static void pdma_register(void)
{
    type_register_static(&pdma_info);
}

type_init(pdma_register)
