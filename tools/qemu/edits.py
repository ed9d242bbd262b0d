# SPDX-License-Identifier: GPL-2.0-or-later
"""The changes to QEMU's source: its errors that boots run into, and what the emulated
IOMMUs need to serve PASIDs.

Each edit replaces an anchor, which must occur exactly as often as the edit says, so that
a QEMU whose source differs is refused rather than changed at a wrong place.  README.md
explains the edits; the section numbers in them are those of
  PCIe   PCI Express Base Specification 6.0
  VT-d   Intel Virtualization Technology for Directed I/O 4.1
  SMMU   Arm System Memory Management Unit Architecture (IHI 0070)
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str
    count: int = 1


def before(path, anchor, text):
    return Edit(path, anchor, text + anchor)


def after(path, anchor, text):
    return Edit(path, anchor, anchor + text)


def apply(tree, edits):
    """Changes the files under tree; raises ValueError with what does not fit."""
    for edit in edits:
        path = tree / edit.path
        text = path.read_text()
        if text.count(edit.old) != edit.count:
            raise ValueError(f"{edit.path}: {text.count(edit.old)} instead of {edit.count} of: "
                             f"{edit.old.strip().splitlines()[0]}")
        path.write_text(text.replace(edit.old, edit.new))


# Memory: virtio keeps its rings in a MemoryRegionCache.

PHYSMEM_C = "system/physmem.c"

# An access that crosses a page goes on elsewhere, for an IOMMU.
MEMORY = (
    Edit(PHYSMEM_C, """\
    MemoryRegion *mr;

    l = len;
    mr = address_space_translate_cached(cache, addr, &mr_addr, &l, false,
                                        MEMTXATTRS_UNSPECIFIED);
    return address_space_read_continue_cached(MEMTXATTRS_UNSPECIFIED,
                                              buf, len, mr_addr, l, mr);
""", """\
    MemoryRegion *mr;
    MemTxResult result = MEMTX_OK;

    for (; len; len -= l, addr += l, buf += l) {
        l = len;
        mr = address_space_translate_cached(cache, addr, &mr_addr, &l, false,
                                            MEMTXATTRS_UNSPECIFIED);
        result |= address_space_read_continue_cached(MEMTXATTRS_UNSPECIFIED,
                                                     buf, l, mr_addr, l, mr);
    }
    return result;
"""),
    Edit(PHYSMEM_C, """\
    MemoryRegion *mr;

    l = len;
    mr = address_space_translate_cached(cache, addr, &mr_addr, &l, true,
                                        MEMTXATTRS_UNSPECIFIED);
    return address_space_write_continue_cached(MEMTXATTRS_UNSPECIFIED,
                                               buf, len, mr_addr, l, mr);
""", """\
    MemoryRegion *mr;
    MemTxResult result = MEMTX_OK;

    for (; len; len -= l, addr += l, buf += l) {
        l = len;
        mr = address_space_translate_cached(cache, addr, &mr_addr, &l, true,
                                            MEMTXATTRS_UNSPECIFIED);
        result |= address_space_write_continue_cached(MEMTXATTRS_UNSPECIFIED,
                                                      buf, l, mr_addr, l, mr);
    }
    return result;
"""),
)

# A CPU goes on using the section that its TLB was filled from until it flushes the TLB; the
# section's number means something else as soon as another CPU has changed the memory map.
CPU_H = "include/hw/core/cpu.h"
CPUTLB_C = "accel/tcg/cputlb.c"

CPU_TLB = (
    after(CPU_H, "    hwaddr xlat_section;\n", """\
    struct MemoryRegionSection *section;
"""),
    after(CPUTLB_C, "    full->xlat_section = iotlb - addr_page;\n", "    full->section = section;\n"),
    Edit(CPUTLB_C, """\
io_prepare(hwaddr *out_offset, CPUState *cpu, hwaddr xlat,
           MemTxAttrs attrs, vaddr addr, uintptr_t retaddr)
{
    MemoryRegionSection *section;
    hwaddr mr_offset;

    section = iotlb_to_section(cpu, xlat, attrs);
    mr_offset = (xlat & TARGET_PAGE_MASK) + addr;
""", """\
io_prepare(hwaddr *out_offset, CPUState *cpu, CPUTLBEntryFull *full,
           MemTxAttrs attrs, vaddr addr, uintptr_t retaddr)
{
    MemoryRegionSection *section = full->section;
    hwaddr mr_offset;

    mr_offset = (full->xlat_section & TARGET_PAGE_MASK) + addr;
"""),
    Edit(CPUTLB_C, "io_prepare(&mr_offset, cpu, full->xlat_section, attrs, addr, ra)",
         "io_prepare(&mr_offset, cpu, full, attrs, addr, ra)", 4),
)

# PCI: an endpoint asks for a translation, the IOMMU sends it invalidations.

PCI_H = "include/hw/pci/pci.h"
PCI_DEVICE_H = "include/hw/pci/pci_device.h"
PCI_C = "hw/pci/pci.c"
MEMORY_H = "include/exec/memory.h"

PCI = (
    after(MEMORY_H, "    IOMMU_RW   = 3,\n", """\
    IOMMU_EXEC = 4, /* the read is an instruction fetch */
    IOMMU_PRIV = 8, /* privileged mode requested */
"""),
    before(PCI_H, """\
/**
 * struct PCIIOMMUOps: callbacks structure for specific IOMMU handlers
""", """\
/**
 * struct PCITranslation: one translation by the IOMMU for an endpoint
 *
 * @pasid: the PASID of the request, or PCI_NO_PASID
 * @iova: the address to translate
 * @flags: IOMMU_RO or IOMMU_WO, and IOMMU_EXEC, IOMMU_PRIV
 * @ats: a translation request (PCIe 10.2) instead of an untranslated one
 * @tlb: the result; @tlb.perm says which of the @flags are allowed
 */
typedef struct PCITranslation {
    uint32_t pasid;
    hwaddr iova;
    IOMMUAccessFlags flags;
    bool ats;
    IOMMUTLBEntry tlb;
} PCITranslation;

/**
 * struct PCIATSInvalidate: an Invalidate Request (PCIe 10.3)
 *
 * @pasid: the PASID, or PCI_NO_PASID
 * @global: Global Invalidate, for every PASID
 * @addr: the first address
 * @mask: the size less one
 */
typedef struct PCIATSInvalidate {
    uint32_t pasid;
    bool global;
    hwaddr addr;
    hwaddr mask;
} PCIATSInvalidate;

"""),
    after(PCI_H, """\
    void (*unset_iommu_device)(PCIBus *bus, void *opaque, int devfn);
""", """\
    /**
     * @translate: translate for a request with PASID or by ATS
     *
     * Optional; without it the IOMMU supports neither.
     *
     * @bus: the #PCIBus of the PCI device.
     *
     * @opaque: the data passed to pci_setup_iommu().
     *
     * @devfn: device and function number of the PCI device.
     *
     * @request: what to translate, and the result.
     *
     * Returns: false when the request is blocked.  The IOMMU has recorded the
     * fault then, if faults of its kind are recorded.
     */
    bool (*translate)(PCIBus *bus, void *opaque, int devfn,
                      PCITranslation *request);
"""),
    after(PCI_H, "void pci_device_unset_iommu_device(PCIDevice *dev);\n", """\

/**
 * pci_device_translate: what PCIIOMMUOps.translate says
 *
 * Returns false, too, for a device that has no IOMMU which can do it.
 */
bool pci_device_translate(PCIDevice *dev, PCITranslation *request);

/**
 * pci_ats_invalidate: send an Invalidate Request to an endpoint
 *
 * @bus: the endpoint's bus
 * @devfn: its device and function number
 *
 * The endpoint has complied when this returns.
 */
void pci_ats_invalidate(PCIBus *bus, int devfn,
                        const PCIATSInvalidate *inval);
"""),
    before(PCI_DEVICE_H, "\n    uint16_t vendor_id;\n    uint16_t device_id;\n", """\
    void (*ats_invalidate)(PCIDevice *dev, const PCIATSInvalidate *inval);
"""),
    before(PCI_C, """\
void pci_setup_iommu(PCIBus *bus, const PCIIOMMUOps *ops, void *opaque)
{
""", """\
bool pci_device_translate(PCIDevice *dev, PCITranslation *request)
{
    PCIBus *bus;
    PCIBus *iommu_bus;
    int devfn;

    pci_device_get_iommu_bus_devfn(dev, &iommu_bus, &bus, &devfn);
    if (!iommu_bus || !iommu_bus->iommu_ops->translate) {
        return false;
    }
    return iommu_bus->iommu_ops->translate(bus, iommu_bus->iommu_opaque, devfn,
                                           request);
}

void pci_ats_invalidate(PCIBus *bus, int devfn,
                        const PCIATSInvalidate *inval)
{
    PCIDevice *dev = bus->devices[devfn];
    PCIDeviceClass *pc = dev ? PCI_DEVICE_GET_CLASS(dev) : NULL;

    if (pc && pc->ats_invalidate) {
        pc->ats_invalidate(dev, inval);
    }
}

"""),
)

# VT-d

VTD_C = "hw/i386/intel_iommu.c"
VTD_INTERNAL = "hw/i386/intel_iommu_internal.h"
VTD_H = "include/hw/i386/intel_iommu.h"

VTD_CAPABILITIES = (
    # 11.4.3: ECAP.PSS is the PASID width less one.
    after(VTD_INTERNAL, "#define VTD_ECAP_PASID              (1ULL << 40)\n", """\
#define VTD_ECAP_PSS                (19ULL << 35) /* 20-bit PASIDs */
"""),
    Edit(VTD_C, "        s->ecap |= VTD_ECAP_PASID;\n", "        s->ecap |= VTD_ECAP_PASID | VTD_ECAP_PSS;\n"),
    # PASID-based device-TLB invalidation (6.5.2.6) reaches the endpoint now.
    Edit(VTD_C, """\
    if (s->pasid && x86_iommu->dt_supported) {
        /*
         * PASID-based-Device-TLB Invalidate Descriptor is not
         * implemented and it requires support from vhost layer which
         * needs to be implemented in the future.
         */
        error_setg(errp, "PASID based device IOTLB is not supported");
        return;
    }

""", ""),
    Edit(VTD_C, """\
    X86IOMMUState *x86_iommu = X86_IOMMU_DEVICE(s);

    if (!vtd_decide_config(s, errp)) {
""", """\

    if (!vtd_decide_config(s, errp)) {
"""),
)

VTD_FAULTS = (
    # 7.1.3: what a context entry can refuse.
    after(VTD_INTERNAL, """\
    VTD_FR_IR_SID_ERR = 0x26,   /* Invalid Source-ID */
""", """\

    /* A request with PASID while RTADDR_REG.TTM selects legacy mode */
    VTD_FR_RTADDR_TTM = 0x31,
    /* The fields of a scalable-mode context entry do not allow the request */
    VTD_FR_SM_CONTEXT_DTE = 0x44,   /* translation request, DTE clear */
    VTD_FR_SM_CONTEXT_PASIDE = 0x45, /* request with PASID, PASIDE clear */
    VTD_FR_SM_CONTEXT_PDTS = 0x46,  /* PASID beyond the directory */
"""),
    after(VTD_C, "    [VTD_FR_CONTEXT_ENTRY_TT] = true,\n", """\
    [VTD_FR_RTADDR_TTM] = false,
    [VTD_FR_SM_CONTEXT_DTE] = true,
    [VTD_FR_SM_CONTEXT_PASIDE] = true,
    [VTD_FR_SM_CONTEXT_PDTS] = true,
"""),
    # 11.4.9.1 "Fault Recording Registers": PV is 20 bits wide.
    Edit(VTD_INTERNAL, "#define VTD_FRCD_PV(val)        (((val) & 0xffffULL) << 40)\n",
         "#define VTD_FRCD_PV(val)        (((val) & 0xfffffULL) << 40)\n"),
    # Whether the request had a PASID, not whether its translation uses one.
    Edit(VTD_C, """\
                vtd_report_fault(s, -ret_fr, is_fpd_set,
                                 source_id, addr, is_write,
                                 false, 0);
                goto error;
            }
        }
    } else {
""", """\
                vtd_report_fault(s, -ret_fr, is_fpd_set,
                                 source_id, addr, is_write,
                                 pasid != PCI_NO_PASID, pasid);
                goto error;
            }
        }
    } else {
"""),
    Edit(VTD_C, """\
            vtd_report_fault(s, -ret_fr, is_fpd_set,
                             source_id, addr, is_write,
                             false, 0);
            goto error;
        }
        /* Update context-cache */
""", """\
            vtd_report_fault(s, -ret_fr, is_fpd_set,
                             source_id, addr, is_write,
                             pasid != PCI_NO_PASID, pasid);
            goto error;
        }
        /* Update context-cache */
"""),
    Edit(VTD_C, """\
    if (ret_fr) {
        vtd_report_fault(s, -ret_fr, is_fpd_set, source_id,
                         addr, is_write, pasid != PCI_NO_PASID, pasid);
        goto error;
    }
""", """\
    if (ret_fr) {
        /*
         * 7.2: that a page is not there or not allowed is the answer to a
         * translation request, not a fault.
         */
        if (!vtd_as->translation_request || !vtd_is_page_fault(-ret_fr)) {
            vtd_report_fault(s, -ret_fr, is_fpd_set, source_id, addr, is_write,
                             vtd_as->pasid != PCI_NO_PASID, pasid);
        }
        goto error;
    }
"""),
    Edit(VTD_C, """\
    lo = VTD_FRCD_FI(addr);
    hi = VTD_FRCD_SID(source_id) | VTD_FRCD_FR(fault) |
         VTD_FRCD_PV(pasid) | VTD_FRCD_PP(is_pasid);
""", """\
    lo = VTD_FRCD_FI(addr);
    hi = VTD_FRCD_SID(source_id) | VTD_FRCD_FR(fault);
    if (is_pasid) {
        hi |= VTD_FRCD_PV(pasid) | VTD_FRCD_PP(1);
    }
"""),
    before(VTD_C, """\
static inline bool vtd_is_interrupt_addr(hwaddr addr)
{
""", """\
static bool vtd_is_page_fault(VTDFaultReason fault)
{
    switch (fault) {
    case VTD_FR_WRITE:
    case VTD_FR_READ:
    case VTD_FR_FS_PAGING_ENTRY_P:
    case VTD_FR_FS_PAGING_ENTRY_US:
    case VTD_FR_SM_WRITE:
        return true;
    default:
        return false;
    }
}

"""),
    after(VTD_H, "    IntelIOMMUState *iommu_state;\n    VTDContextCacheEntry context_cache_entry;\n", """\
    bool translation_request;   /* ATS; only in vtd_translate() */
"""),
    # 6.2.4: a cached translation that does not allow the access is none.
    Edit(VTD_C, """\
    if (!rid2pasid) {
        iotlb_entry = vtd_lookup_iotlb(s, source_id, pasid, addr);
        if (iotlb_entry) {
""", """\
    if (!rid2pasid) {
        iotlb_entry = vtd_lookup_iotlb(s, source_id, pasid, addr);
        if (iotlb_entry && (iotlb_entry->access_flags & need)) {
"""),
    Edit(VTD_C, """\
    if (rid2pasid) {
        iotlb_entry = vtd_lookup_iotlb(s, source_id, pasid, addr);
        if (iotlb_entry) {
""", """\
    if (rid2pasid) {
        iotlb_entry = vtd_lookup_iotlb(s, source_id, pasid, addr);
        if (iotlb_entry && (iotlb_entry->access_flags & need)) {
"""),
    after(VTD_C, "    bool rid2pasid = (pasid == PCI_NO_PASID) && s->root_scalable;\n", """\
    IOMMUAccessFlags need = is_write ? IOMMU_WO : IOMMU_RO;
"""),
    # 3.14: a request with PASID to the interrupt range is translated like any other.
    Edit(VTD_C, "    assert(!vtd_is_interrupt_addr(addr));\n", """\
    assert(vtd_as->pasid != PCI_NO_PASID || !vtd_is_interrupt_addr(addr));
"""),
    # 7.1.3: a PASID-table entry that is not present has no type to be wrong.
    Edit(VTD_C, """\
    /* Do translation type check */
    if (!vtd_pe_type_check(s, pe)) {
""", """\
    if (!vtd_pe_present(pe)) {
        return 0;       /* left to the callers */
    }

    /* Do translation type check */
    if (!vtd_pe_type_check(s, pe)) {
"""),
)

# 6.2.3 PASID-cache: present entries stay until they are invalidated (6.5.2.2).
VTD_PASID_CACHE = (
    after(VTD_H, "    GHashTable *iotlb;              /* IOTLB */\n", """\

    GHashTable *pasid_cache;        /* VTDPASIDCacheKey -> VTDPASIDEntry */
    QemuMutex pasid_lock;           /* protects pasid_cache */
"""),
    after(VTD_INTERNAL, """\
/* Masks for Interrupt Entry Invalidate Descriptor */
#define VTD_INV_DESC_IEC_RSVD           0xffff000007fff1e0ULL
""", """\

/* Masks for PASID-cache Invalidate Descriptor, 6.5.2.2 */
#define VTD_INV_DESC_PASIDC_G           (3ULL << 4)
#define VTD_INV_DESC_PASIDC_DOMAIN      (0ULL << 4)
#define VTD_INV_DESC_PASIDC_PASID       (1ULL << 4)
#define VTD_INV_DESC_PASIDC_GLOBAL      (3ULL << 4)
#define VTD_INV_DESC_PASIDC_DID(val)    (((val) >> 16) & VTD_DOMAIN_ID_MASK)
#define VTD_INV_DESC_PASIDC_PASID_OF(val) (((val) >> 32) & 0xfffffULL)
#define VTD_INV_DESC_PASIDC_RSVD_VAL0   0xfff000000000f1c0ULL
"""),
    before(VTD_C, """\
/**
 * This function gets a pasid entry from a specified pasid
 * table (includes dir and leaf table) with a specified pasid.
""", """\
typedef struct VTDPASIDCacheKey {
    dma_addr_t dir;
    uint32_t pasid;
} VTDPASIDCacheKey;

typedef struct VTDPASIDCacheInv {
    uint64_t granularity;
    uint16_t did;
    uint32_t pasid;
} VTDPASIDCacheInv;

static guint vtd_pasid_cache_hash(gconstpointer v)
{
    const VTDPASIDCacheKey *key = v;
    uint64_t mixed = (key->dir >> VTD_PAGE_SHIFT) * 0x9e3779b97f4a7c15ULL +
                     key->pasid;

    return mixed ^ (mixed >> 32);
}

static gboolean vtd_pasid_cache_equal(gconstpointer v1, gconstpointer v2)
{
    const VTDPASIDCacheKey *a = v1, *b = v2;

    return a->dir == b->dir && a->pasid == b->pasid;
}

static bool vtd_pasid_cache_lookup(IntelIOMMUState *s, dma_addr_t dir,
                                   uint32_t pasid, VTDPASIDEntry *pe)
{
    VTDPASIDCacheKey key = { .dir = dir, .pasid = pasid };
    VTDPASIDEntry *cached;

    QEMU_LOCK_GUARD(&s->pasid_lock);
    cached = g_hash_table_lookup(s->pasid_cache, &key);
    if (cached) {
        *pe = *cached;
    }
    return cached;
}

static void vtd_pasid_cache_insert(IntelIOMMUState *s, dma_addr_t dir,
                                   uint32_t pasid, const VTDPASIDEntry *pe)
{
    VTDPASIDCacheKey *key = g_new(VTDPASIDCacheKey, 1);

    *key = (VTDPASIDCacheKey) { .dir = dir, .pasid = pasid };
    QEMU_LOCK_GUARD(&s->pasid_lock);
    g_hash_table_replace(s->pasid_cache, key, g_memdup2(pe, sizeof(*pe)));
}

static gboolean vtd_pasid_cache_match(gpointer k, gpointer v, gpointer data)
{
    const VTDPASIDCacheKey *key = k;
    const VTDPASIDEntry *pe = v;
    const VTDPASIDCacheInv *inv = data;

    switch (inv->granularity) {
    case VTD_INV_DESC_PASIDC_GLOBAL:
        return true;
    case VTD_INV_DESC_PASIDC_PASID:
        if (key->pasid != inv->pasid) {
            return false;
        }
        /* fall through */
    default:
        return VTD_SM_PASID_ENTRY_DID(pe->val[1]) == inv->did;
    }
}

static void vtd_pasid_cache_invalidate(IntelIOMMUState *s,
                                       VTDPASIDCacheInv *inv)
{
    QEMU_LOCK_GUARD(&s->pasid_lock);
    g_hash_table_foreach_remove(s->pasid_cache, vtd_pasid_cache_match, inv);
}

"""),
    Edit(VTD_C, """\
    int ret;
    VTDPASIDDirEntry pdire;

    ret = vtd_get_pdire_from_pdir_table(pasid_dir_base,
                                        pasid, &pdire);
    if (ret) {
        return ret;
    }
""", """\
    int ret;
    VTDPASIDDirEntry pdire;

    if (vtd_pasid_cache_lookup(s, pasid_dir_base, pasid, pe)) {
        return 0;
    }

    ret = vtd_get_pdire_from_pdir_table(pasid_dir_base,
                                        pasid, &pdire);
    if (ret) {
        return ret;
    }
"""),
    Edit(VTD_C, """\
    if (!vtd_pe_present(pe)) {
        return -VTD_FR_PASID_ENTRY_P;
    }

    return 0;
}
""", """\
    if (!vtd_pe_present(pe)) {
        return -VTD_FR_PASID_ENTRY_P;
    }

    vtd_pasid_cache_insert(s, pasid_dir_base, pasid, pe);
    return 0;
}
"""),
    Edit(VTD_C, """\
    vtd_iommu_lock(s);
    vtd_reset_iotlb_locked(s);
    vtd_reset_context_cache_locked(s);
    vtd_iommu_unlock(s);
}
""", """\
    vtd_iommu_lock(s);
    vtd_reset_iotlb_locked(s);
    vtd_reset_context_cache_locked(s);
    vtd_iommu_unlock(s);
    WITH_QEMU_LOCK_GUARD(&s->pasid_lock) {
        g_hash_table_remove_all(s->pasid_cache);
    }
}
"""),
    after(VTD_C, """\
    s->iotlb = g_hash_table_new_full(vtd_iotlb_hash, vtd_iotlb_equal,
                                     g_free, g_free);
""", """\
    qemu_mutex_init(&s->pasid_lock);
    s->pasid_cache = g_hash_table_new_full(vtd_pasid_cache_hash,
                                           vtd_pasid_cache_equal,
                                           g_free, g_free);
"""),
    Edit(VTD_C, """\
    case VTD_INV_DESC_PC:
        if (s->scalable_mode) {
            break;
        }
    /* fallthrough */
""", """\
    case VTD_INV_DESC_PC:
        trace_vtd_inv_desc("pasid-cache", inv_desc.hi, inv_desc.lo);
        if (s->scalable_mode && vtd_process_pasid_desc(s, &inv_desc)) {
            break;
        }
    /* fallthrough */
"""),
    before(VTD_C, """\
static bool vtd_process_inv_iec_desc(IntelIOMMUState *s,
""", """\
static bool vtd_process_pasid_desc(IntelIOMMUState *s, VTDInvDesc *inv_desc)
{
    uint64_t mask[4] = {VTD_INV_DESC_PASIDC_RSVD_VAL0, VTD_INV_DESC_ALL_ONE,
                        VTD_INV_DESC_ALL_ONE, VTD_INV_DESC_ALL_ONE};
    VTDPASIDCacheInv inv = {
        .granularity = inv_desc->lo & VTD_INV_DESC_PASIDC_G,
        .did = VTD_INV_DESC_PASIDC_DID(inv_desc->lo),
        .pasid = VTD_INV_DESC_PASIDC_PASID_OF(inv_desc->lo),
    };

    if (!vtd_inv_desc_reserved_check(s, inv_desc, mask, false,
                                     __func__, "pasid-cache inv")) {
        return false;
    }
    switch (inv.granularity) {
    case VTD_INV_DESC_PASIDC_DOMAIN:
    case VTD_INV_DESC_PASIDC_PASID:
    case VTD_INV_DESC_PASIDC_GLOBAL:
        vtd_pasid_cache_invalidate(s, &inv);
        /* An entry may have begun or ceased to pass requests through */
        vtd_switch_address_space_all(s);
        return true;
    default:
        return false;
    }
}

"""),
)

VTD_TRANSLATE = (
    before(VTD_C, "static PCIIOMMUOps vtd_iommu_ops = {\n", """\
/* The context entry of a requester, from the context cache if it is there. */
static int vtd_context_of(VTDAddressSpace *rid_as, VTDContextEntry *ce)
{
    IntelIOMMUState *s = rid_as->iommu_state;
    VTDContextCacheEntry *cached = &rid_as->context_cache_entry;
    int ret;

    QEMU_LOCK_GUARD(&s->iommu_lock);
    if (cached->context_cache_gen != s->context_cache_gen) {
        ret = vtd_dev_to_context_entry(s, pci_bus_num(rid_as->bus),
                                       rid_as->devfn, ce);
        if (ret) {
            return ret;
        }
        cached->context_entry = *ce;
        cached->context_cache_gen = s->context_cache_gen;
    }
    *ce = cached->context_entry;
    return 0;
}

/* 9.4 "Scalable-Mode Context-Entry", 9.3 "Context Entry" */
static int vtd_context_allows(IntelIOMMUState *s, const VTDContextEntry *ce,
                              const PCITranslation *request)
{
    if (!s->root_scalable) {
        if (request->pasid != PCI_NO_PASID) {
            return -VTD_FR_RTADDR_TTM;
        }
        return (ce->lo & VTD_CONTEXT_ENTRY_TT) == VTD_CONTEXT_TT_DEV_IOTLB ?
               0 : -VTD_FR_CONTEXT_ENTRY_TT;
    }
    if (request->ats && !(ce->val[0] & VTD_SM_CONTEXT_ENTRY_DTE)) {
        return -VTD_FR_SM_CONTEXT_DTE;
    }
    if (request->pasid != PCI_NO_PASID) {
        if (!(ce->val[0] & VTD_SM_CONTEXT_ENTRY_PASIDE)) {
            return -VTD_FR_SM_CONTEXT_PASIDE;
        }
        if (request->pasid >> VTD_SM_CONTEXT_ENTRY_PASID_BITS(ce->val[0])) {
            return -VTD_FR_SM_CONTEXT_PDTS;
        }
    }
    return 0;
}

static bool vtd_translate(PCIBus *bus, void *opaque, int devfn,
                          PCITranslation *request)
{
    IntelIOMMUState *s = opaque;
    VTDAddressSpace *rid_as = vtd_find_add_as(s, bus, devfn, PCI_NO_PASID);
    uint16_t sid = PCI_BUILD_BDF(pci_bus_num(bus), devfn);
    bool is_write = request->flags & IOMMU_WO;
    bool is_pasid = request->pasid != PCI_NO_PASID;
    VTDAddressSpace as = {
        .bus = bus,
        .devfn = devfn,
        .pasid = request->pasid,
        .iommu_state = s,
        .translation_request = request->ats,
    };
    VTDContextEntry ce = {};
    int ret;

    request->tlb = (IOMMUTLBEntry) { .target_as = &address_space_memory };
    if (!s->dmar_enabled || (request->flags & (IOMMU_EXEC | IOMMU_PRIV)) ||
        (!is_pasid && vtd_is_interrupt_addr(request->iova))) {
        return false;   /* ECAP.ERS and SRS are clear where it matters */
    }
    ret = vtd_context_of(rid_as, &ce);
    if (!ret) {
        ret = vtd_context_allows(s, &ce, request);
    }
    if (ret) {
        vtd_report_fault(s, -ret, ce.lo & VTD_CONTEXT_ENTRY_FPD, sid,
                         request->iova, is_write, is_pasid, request->pasid);
        return false;
    }
    as.context_cache_entry.context_entry = ce;
    as.context_cache_entry.context_cache_gen = s->context_cache_gen;
    if (vtd_do_iommu_translate(&as, bus, devfn, request->iova, is_write,
                               &request->tlb)) {
        return true;
    }
    return request->ats;        /* answered: no access */
}

"""),
    after(VTD_C, "    .unset_iommu_device = vtd_dev_unset_iommu_device,\n", "    .translate = vtd_translate,\n"),
    after(VTD_INTERNAL, "#define VTD_SM_CONTEXT_ENTRY_RID2PASID_MASK 0xfffff\n", """\
#define VTD_SM_CONTEXT_ENTRY_DTE            (1ULL << 2)
#define VTD_SM_CONTEXT_ENTRY_PASIDE         (1ULL << 3)
/* PDTS: a directory of 2^(PDTS + 7) entries, each for 2^6 PASIDs */
#define VTD_SM_CONTEXT_ENTRY_PASID_BITS(val) (extract64(val, 9, 3) + 7 + 6)
"""),
    # 6.5.2.5, 6.5.2.6: the descriptors become Invalidate Requests to the endpoint.
    before(VTD_C, """\
static bool vtd_process_device_piotlb_desc(IntelIOMMUState *s,
""", """\
static void vtd_ats_invalidate(IntelIOMMUState *s, uint16_t sid,
                               uint32_t pasid, bool global, bool size,
                               hwaddr addr)
{
    VTDAddressSpace *rid_as = vtd_get_as_by_sid(s, sid);
    PCIATSInvalidate inval = {
        .pasid = pasid,
        .global = global,
        .addr = addr,
        .mask = VTD_PAGE_SIZE - 1,
    };

    if (!rid_as) {
        return;
    }
    if (size) {
        /* The lowest clear bit of the address gives the size, ~0 all of it */
        unsigned int ones = cto64(addr >> VTD_PAGE_SHIFT);

        inval.mask = MAKE_64BIT_MASK(0, MIN(VTD_PAGE_SHIFT + ones + 1, 64));
        inval.addr &= ~inval.mask;
    }
    pci_ats_invalidate(rid_as->bus, rid_as->devfn, &inval);
}

"""),
    Edit(VTD_C, """\
    sid = VTD_INV_DESC_PASID_DEVICE_IOTLB_SID(inv_desc->lo);
    if (global) {
""", """\
    sid = VTD_INV_DESC_PASID_DEVICE_IOTLB_SID(inv_desc->lo);
    vtd_ats_invalidate(s, sid,
                       VTD_INV_DESC_PASID_DEVICE_IOTLB_PASID(inv_desc->lo),
                       global, size, addr);
    if (global) {
"""),
    Edit(VTD_C, """\
    size = VTD_INV_DESC_DEVICE_IOTLB_SIZE(inv_desc->hi);

    /*
     * Using sid is OK since the guest should have finished the
""", """\
    size = VTD_INV_DESC_DEVICE_IOTLB_SIZE(inv_desc->hi);
    vtd_ats_invalidate(s, sid, PCI_NO_PASID, false, size, addr);

    /*
     * Using sid is OK since the guest should have finished the
"""),
)

# SMMUv3

SMMU_H = "include/hw/arm/smmu-common.h"
SMMU_C = "hw/arm/smmu-common.c"
SMMUV3_H = "include/hw/arm/smmuv3.h"
SMMUV3_C = "hw/arm/smmuv3.c"
SMMUV3_INTERNAL = "hw/arm/smmuv3-internal.h"

# The configuration cache is keyed by SMMUDevice: one for each substream in use.
SMMU_STREAMS = (
    after(SMMU_H, "    int                devfn;\n    IOMMUMemoryRegion  iommu;\n", """\
    bool               ssv;     /* the requests have a SubstreamID */
    uint32_t           ssid;
"""),
    after(SMMU_H, "    GHashTable *smmu_pcibus_by_busptr;\n", """\
    GHashTable *substreams;     /* SMMUSubstreamKey -> SMMUDevice */
"""),
    after(SMMU_H, "SMMUDevice *smmu_find_sdev(SMMUState *s, uint32_t sid);\n", """\

/* The SMMUDevice of a substream, NULL if none of its requests was ever seen */
SMMUDevice *smmu_find_substream(SMMUState *s, SMMUDevice *sdev, uint32_t ssid);

/* The same, made where it is not there yet */
SMMUDevice *smmu_find_add_substream(SMMUState *s, PCIBus *bus, int devfn,
                                    uint32_t ssid);
"""),
    after(SMMU_C, '#include "hw/qdev-properties.h"\n', '#include "hw/pci/pci_bus.h"\n'),
    before(SMMU_C, "static const PCIIOMMUOps smmu_ops = {\n", """\
typedef struct SMMUSubstreamKey {
    SMMUDevice *sdev;
    uint32_t ssid;
} SMMUSubstreamKey;

static guint smmu_substream_hash(gconstpointer v)
{
    const SMMUSubstreamKey *key = v;

    return g_direct_hash(key->sdev) + key->ssid * 2654435761u;
}

static gboolean smmu_substream_equal(gconstpointer v1, gconstpointer v2)
{
    const SMMUSubstreamKey *a = v1, *b = v2;

    return a->sdev == b->sdev && a->ssid == b->ssid;
}

SMMUDevice *smmu_find_substream(SMMUState *s, SMMUDevice *sdev, uint32_t ssid)
{
    SMMUSubstreamKey key = { .sdev = sdev, .ssid = ssid };

    return g_hash_table_lookup(s->substreams, &key);
}

SMMUDevice *smmu_find_add_substream(SMMUState *s, PCIBus *bus, int devfn,
                                    uint32_t ssid)
{
    SMMUDevice *stream = container_of(smmu_find_add_as(bus, s, devfn),
                                      SMMUDevice, as);
    SMMUDevice *sdev = smmu_find_substream(s, stream, ssid);
    g_autofree char *name = NULL;
    SMMUSubstreamKey *key;

    if (sdev) {
        return sdev;
    }
    name = g_strdup_printf("%s-substream-%x", stream->iommu.parent_obj.name,
                           ssid);
    sdev = g_new0(SMMUDevice, 1);
    sdev->smmu = s;
    sdev->bus = bus;
    sdev->devfn = devfn;
    sdev->ssv = true;
    sdev->ssid = ssid;
    /* A name to translate under; there is no address space on top of it */
    memory_region_init_iommu(&sdev->iommu, sizeof(sdev->iommu), s->mrtypename,
                             OBJECT(s), name, UINT64_MAX);
    key = g_new(SMMUSubstreamKey, 1);
    *key = (SMMUSubstreamKey) { .sdev = stream, .ssid = ssid };
    g_hash_table_insert(s->substreams, key, sdev);
    return sdev;
}

"""),
    Edit(SMMU_C, """\
static const PCIIOMMUOps smmu_ops = {
    .get_address_space = smmu_find_add_as,
};
""", """\
static bool smmu_translate_request(PCIBus *bus, void *opaque, int devfn,
                                   PCITranslation *request)
{
    SMMUState *s = opaque;
    IOMMUMemoryRegionClass *imrc;
    SMMUDevice *sdev;

    if (request->pasid == PCI_NO_PASID || request->ats) {
        return false;           /* IDR0.ATS is clear */
    }
    sdev = smmu_find_add_substream(s, bus, devfn, request->pasid);
    imrc = IOMMU_MEMORY_REGION_GET_CLASS(&sdev->iommu);
    request->tlb = imrc->translate(&sdev->iommu, request->iova, request->flags,
                                   0);
    if (request->tlb.perm == IOMMU_NONE) {
        return false;
    }
    /* What the walk allowed; the permissions it keeps are read and write. */
    request->tlb.perm |= request->flags & (IOMMU_EXEC | IOMMU_PRIV);
    return true;
}

static const PCIIOMMUOps smmu_ops = {
    .get_address_space = smmu_find_add_as,
    .translate = smmu_translate_request,
};
"""),
    after(SMMU_C, "    s->smmu_pcibus_by_busptr = g_hash_table_new(NULL, NULL);\n", """\
    s->substreams = g_hash_table_new_full(smmu_substream_hash,
                                          smmu_substream_equal, g_free, NULL);
"""),
    # DDI 0487 D8.4: an instruction fetch needs a leaf without XN.
    Edit("hw/arm/smmu-internal.h", """\
#define PTE_AP_TO_PERM(ap) \\
""", """\
/* Execute-never at EL0: UXN of a stage-1 leaf in the EL1&0 regime */
#define PTE_UXN(pte) (extract64(pte, 54, 1))

#define PTE_AP_TO_PERM(ap) \\
"""),
    Edit("hw/arm/smmu-internal.h", "    (!(((s2ap) & (perm)) == (perm)))\n", "    (((perm) & IOMMU_RW) & ~(s2ap))\n"),
    Edit(SMMU_C, """\
        ap = PTE_AP(pte);
        if (is_permission_fault(ap, perm)) {
            info->type = SMMU_PTW_ERR_PERMISSION;
            goto error;
        }

        /*
         * The address output from the translation causes a stage 1 Address
""", """\
        ap = PTE_AP(pte);
        if (is_permission_fault(ap, perm) ||
            ((perm & IOMMU_EXEC) && PTE_UXN(pte))) {
            info->type = SMMU_PTW_ERR_PERMISSION;
            goto error;
        }

        /*
         * The address output from the translation causes a stage 1 Address
"""),
    Edit(SMMU_C, """\
        tlbe->parent_perm = PTE_AP_TO_PERM(ap);
        tlbe->entry.perm = tlbe->parent_perm;
        tlbe->level = level;
        tlbe->granule = granule_sz;
        return 0;
""", """\
        tlbe->parent_perm = PTE_AP_TO_PERM(ap);
        tlbe->entry.perm = tlbe->parent_perm;
        tlbe->exec = !PTE_UXN(pte);
        tlbe->level = level;
        tlbe->granule = granule_sz;
        return 0;
"""),
    after(SMMU_H, "    uint8_t granule;\n    IOMMUAccessFlags parent_perm;\n", """\
    bool exec;                  /* stage 1 allows instruction fetches */
"""),
    Edit(SMMU_C, """\
            info->stage = !(cached_entry->entry.perm & IOMMU_WO) ?
                          SMMU_STAGE_1 :
                          SMMU_STAGE_2;
            return NULL;
        }
        return cached_entry;
""", """\
            info->stage = !(cached_entry->entry.perm & IOMMU_WO) ?
                          SMMU_STAGE_1 :
                          SMMU_STAGE_2;
            return NULL;
        }
        if ((flag & IOMMU_EXEC) && cfg->stage != SMMU_STAGE_2 &&
            !cached_entry->exec) {
            info->type = SMMU_PTW_ERR_PERMISSION;
            info->stage = SMMU_STAGE_1;
            return NULL;
        }
        return cached_entry;
"""),
)

SMMU_SUBSTREAMS = (
    after(SMMUV3_H, "    char *stage;\n", "    uint8_t ssidsize;\n"),
    after(SMMUV3_C, """\
    DEFINE_PROP_STRING("stage", SMMUv3State, stage),
""", """\
    /* IDR1.SSIDSIZE: the width of SubstreamIDs, 0 to 20 */
    DEFINE_PROP_UINT8("ssidsize", SMMUv3State, ssidsize, 0),
"""),
    # 6.3.2, 6.3.1: SSIDSIZE, and 2-level CD tables.
    before(SMMUV3_C, """\
    s->idr[1] = FIELD_DP32(s->idr[1], IDR1, EVENTQS, SMMU_EVENTQS);
""", """\
    if (s->ssidsize && STAGE1_SUPPORTED(s)) {
        s->idr[0] = FIELD_DP32(s->idr[0], IDR0, CD2L, 1);
        s->idr[1] = FIELD_DP32(s->idr[1], IDR1, SSIDSIZE, s->ssidsize);
    }
"""),
    # 5.2 STE.S1DSS, STE.S1Fmt; 5.3 "Level 1 Context Descriptor"
    before(SMMUV3_INTERNAL, "#define STE_S1STALLD(x)", """\
#define STE_S1DSS(x)       extract32((x)->word[2], 0, 2)
#define S1DSS_TERMINATE    0
#define S1DSS_BYPASS       1
#define S1DSS_SSID0        2
#define S1FMT_LINEAR       0
#define S1FMT_4K_L2        1
#define S1FMT_64K_L2       2
"""),
    before(SMMUV3_INTERNAL, "#define L1STD_SPAN(stm)", """\
#define L1CD_V(x)          extract32((x)->word[0], 0, 1)
#define L1CD_L2PTR(x)                                   \\
    ((extract64((x)->word[1], 0, 20) << 32) |           \\
     ((x)->word[0] & 0xfffff000))

"""),
    after(SMMUV3_INTERNAL, "    bool recorded;\n    bool inval_ste_allowed;\n", """\
    bool ssv;
    uint32_t ssid;
"""),
    Edit(SMMUV3_C, """\
/* @ssid > 0 not supported yet */
static int smmu_get_cd(SMMUv3State *s, STE *ste, SMMUTransCfg *cfg,
                       uint32_t ssid, CD *buf, SMMUEventInfo *event)
{
    dma_addr_t addr = STE_CTXPTR(ste);
    int ret, i;
    SMMUTranslationStatus status;
    SMMUTLBEntry *entry;

    trace_smmuv3_get_cd(addr);

""", """\
/* Reads @n words of CD table at @addr, which is an IPA when nesting */
static int smmu_read_cd_table(SMMUv3State *s, SMMUTransCfg *cfg,
                              dma_addr_t addr, uint32_t *buf, int n,
                              SMMUEventInfo *event)
{
    int ret, i;
    SMMUTranslationStatus status;
    SMMUTLBEntry *entry;

"""),
    Edit(SMMUV3_C, """\
    /* TODO: guarantee 64-bit single-copy atomicity */
    ret = dma_memory_read(&address_space_memory, addr, buf, sizeof(*buf),
                          MEMTXATTRS_UNSPECIFIED);
    if (ret != MEMTX_OK) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "Cannot fetch pte at address=0x%"PRIx64"\\n", addr);
        event->type = SMMU_EVT_F_CD_FETCH;
        event->u.f_cd_fetch.addr = addr;
        return -EINVAL;
    }
    for (i = 0; i < ARRAY_SIZE(buf->word); i++) {
        le32_to_cpus(&buf->word[i]);
    }
    return 0;
}
""", """\
    /* TODO: guarantee 64-bit single-copy atomicity */
    ret = dma_memory_read(&address_space_memory, addr, buf, n * sizeof(*buf),
                          MEMTXATTRS_UNSPECIFIED);
    if (ret != MEMTX_OK) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "Cannot fetch pte at address=0x%"PRIx64"\\n", addr);
        event->type = SMMU_EVT_F_CD_FETCH;
        event->u.f_cd_fetch.addr = addr;
        return -EINVAL;
    }
    for (i = 0; i < n; i++) {
        le32_to_cpus(&buf[i]);
    }
    return 0;
}

/* 5.4: tables of CDs, linear or in two levels */
static int smmu_get_cd(SMMUv3State *s, STE *ste, SMMUTransCfg *cfg,
                       uint32_t ssid, CD *buf, SMMUEventInfo *event)
{
    dma_addr_t addr = STE_CTXPTR(ste);

    trace_smmuv3_get_cd(addr);

    if (STE_S1CDMAX(ste) && STE_S1FMT(ste) != S1FMT_LINEAR) {
        int split = STE_S1FMT(ste) == S1FMT_4K_L2 ? 6 : 10;
        CDDesc l1;

        if (smmu_read_cd_table(s, cfg, addr + (ssid >> split) * sizeof(l1),
                               l1.word, ARRAY_SIZE(l1.word), event)) {
            return -EINVAL;
        }
        if (!L1CD_V(&l1)) {
            event->type = SMMU_EVT_C_BAD_SUBSTREAMID;
            return -EINVAL;
        }
        addr = L1CD_L2PTR(&l1);
        ssid &= MAKE_64BIT_MASK(0, split);
    }

    return smmu_read_cd_table(s, cfg, addr + ssid * sizeof(*buf), buf->word,
                              ARRAY_SIZE(buf->word), event);
}
"""),
    Edit(SMMUV3_C, """\
    if (STE_S1CDMAX(ste) != 0) {
        qemu_log_mask(LOG_UNIMP,
                      "SMMUv3 does not support multiple context descriptors yet\\n");
        goto bad_ste;
    }
""", """\
    /* 5.2: S1CDMax beyond SSIDSIZE, reserved S1Fmt or S1DSS are ILLEGAL */
    if (STE_CFG_S1_ENABLED(config) && STE_S1CDMAX(ste) &&
        (STE_S1CDMAX(ste) > s->ssidsize || STE_S1FMT(ste) > S1FMT_64K_L2 ||
         STE_S1DSS(ste) > S1DSS_SSID0)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "SMMUv3 bad STE S1CDMax %d, S1Fmt %d or S1DSS %d\\n",
                      STE_S1CDMAX(ste), STE_S1FMT(ste), STE_S1DSS(ste));
        goto bad_ste;
    }
"""),
    before(SMMUV3_C, """\
/**
 * smmuv3_decode_config - Prepare the translation configuration
""", """\
/*
 * 3.9 "Support for PCI Express, PASIDs, PRI, and ATS" and 5.2 STE.S1DSS: which
 * context descriptor a request takes.  Sets *@ssid, or what ends the request:
 * cfg->bypassed, a stage 2 alone, or an event.
 */
static int smmu_select_cd(SMMUDevice *sdev, STE *ste, SMMUTransCfg *cfg,
                          uint32_t *ssid, SMMUEventInfo *event)
{
    uint32_t max = STE_S1CDMAX(ste), dss = STE_S1DSS(ste);

    *ssid = sdev->ssid;
    if (sdev->ssv) {
        if (!STE_CFG_S1_ENABLED(STE_CONFIG(ste)) || !max || *ssid >> max ||
            (!*ssid && dss == S1DSS_SSID0)) {
            event->type = SMMU_EVT_C_BAD_SUBSTREAMID;
            return -EINVAL;
        }
        return 0;
    }
    if (!max || cfg->stage == SMMU_STAGE_2) {
        return 0;
    }
    if (dss == S1DSS_TERMINATE) {
        event->type = SMMU_EVT_F_STREAM_DISABLED;
        return -EINVAL;
    }
    if (dss == S1DSS_BYPASS) {
        if (cfg->stage == SMMU_NESTED) {
            cfg->stage = SMMU_STAGE_2;
        } else {
            cfg->bypassed = true;
        }
    }
    return 0;
}

"""),
    Edit(SMMUV3_C, """\
    if (cfg->aborted || cfg->bypassed || (cfg->stage == SMMU_STAGE_2)) {
        return 0;
    }

    ret = smmu_get_cd(s, &ste, cfg, 0 /* ssid */, &cd, event);
""", """\
    if (cfg->aborted || (cfg->bypassed && !sdev->ssv)) {
        return 0;
    }

    ret = smmu_select_cd(sdev, &ste, cfg, &ssid, event);
    if (ret) {
        return ret;
    }
    if (cfg->bypassed || cfg->stage == SMMU_STAGE_2) {
        return 0;
    }

    ret = smmu_get_cd(s, &ste, cfg, ssid, &cd, event);
"""),
    Edit(SMMUV3_C, """\
    uint32_t sid = smmu_get_sid(sdev);
    SMMUv3State *s = sdev->smmu;
    int ret;
    STE ste;
    CD cd;
""", """\
    uint32_t sid = smmu_get_sid(sdev), ssid;
    SMMUv3State *s = sdev->smmu;
    int ret;
    STE ste;
    CD cd;
"""),
    # 7.3: events tell the substream, all but those that have no field for it.
    Edit(SMMUV3_C, """\
                           .sid = sid,
                           .inval_ste_allowed = false};
""", """\
                           .sid = sid,
                           .ssv = sdev->ssv,
                           .ssid = sdev->ssid,
                           .inval_ste_allowed = false};
"""),
    before(SMMUV3_C, """\
    trace_smmuv3_record_event(smmu_event_string(info->type), info->sid);
    r = smmuv3_write_eventq(s, &evt);
""", """\
    if (info->ssv && info->type != SMMU_EVT_F_STREAM_DISABLED &&
        info->type != SMMU_EVT_F_TRANS_FORBIDDEN) {
        EVT_SET_SSID(&evt, info->ssid);
        EVT_SET_SSV(&evt, info->type != SMMU_EVT_C_BAD_SUBSTREAMID);
    }

"""),
    # 7.3.13: RnW is 1 for a read, InD for an instruction, PnU for privileged.
    Edit(SMMUV3_C, """\
    case SMMU_TRANS_ERROR:
        smmuv3_fixup_event(&event, addr);
""", """\
    case SMMU_TRANS_ERROR:
        smmuv3_fixup_event(&event, addr);
        smmuv3_fixup_access(&event, flag);
"""),
    before(SMMUV3_C, """\
/* Entry point to SMMU, does everything. */
""", """\
static void smmuv3_fixup_access(SMMUEventInfo *event, IOMMUAccessFlags flag)
{
    switch (event->type) {
    case SMMU_EVT_F_TRANSLATION:
    case SMMU_EVT_F_ADDR_SIZE:
    case SMMU_EVT_F_ACCESS:
    case SMMU_EVT_F_PERMISSION:
        event->u.f_walk_eabt.rnw = !(flag & IOMMU_WO);
        event->u.f_walk_eabt.ind = !!(flag & IOMMU_EXEC);
        event->u.f_walk_eabt.pnu = !!(flag & IOMMU_PRIV);
        break;
    default:
        break;
    }
}

"""),
    # 4.3.1, 4.3.3, 4.3.4: CFGI_STE and CFGI_CD_ALL are for all substreams.
    Edit(SMMUV3_C, """\
            if (!sdev) {
                break;
            }

            trace_smmuv3_cmdq_cfgi_ste(sid);
            smmuv3_flush_config(sdev);

            break;
        }
""", """\
            if (!sdev) {
                break;
            }

            trace_smmuv3_cmdq_cfgi_ste(sid);
            smmu_configs_inv_sid_range(bs, (SMMUSIDRange) { sid, sid });

            break;
        }
"""),
    Edit(SMMUV3_C, """\
            trace_smmuv3_cmdq_cfgi_cd(sid);
            smmuv3_flush_config(sdev);
            break;
        }
""", """\
            trace_smmuv3_cmdq_cfgi_cd(sid);
            if (type == SMMU_CMD_CFGI_CD_ALL) {
                smmu_configs_inv_sid_range(bs, (SMMUSIDRange) { sid, sid });
                break;
            }
            if (!CMD_SSID(&cmd)) {
                smmuv3_flush_config(sdev);
            }
            sdev = smmu_find_substream(bs, sdev, CMD_SSID(&cmd));
            if (sdev) {
                smmuv3_flush_config(sdev);
            }
            break;
        }
"""),
)

DEVICE = (
    Edit("hw/misc/meson.build", "system_ss.add(when: 'CONFIG_EDU', if_true: files('edu.c'))\n",
         "system_ss.add(when: 'CONFIG_EDU', if_true: files('edu.c', 'pasid-dma.c'))\n"),
)

ALL = (MEMORY + CPU_TLB + PCI + VTD_CAPABILITIES + VTD_FAULTS + VTD_PASID_CACHE + VTD_TRANSLATE + SMMU_STREAMS + SMMU_SUBSTREAMS + DEVICE)
