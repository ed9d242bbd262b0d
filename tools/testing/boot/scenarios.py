# SPDX-License-Identifier: GPL-2.0-only
"""The boots: which machine, which command line, which script.

A script is scenarios/NAME.sh; one script serves several boots.  Device entries are
arguments of -device, or another option when they start with "-".
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scenario:
    name: str
    script: str
    append: str = ""
    iommu: tuple = ()
    devices: tuple = ()
    disks: tuple = ()               # names for "drive="; 16 MiB each
    env: dict = field(default_factory=dict)     # variables of the script
    allow: str = ""                 # a pattern of kernel messages that are no splat here
    deadline: int = 240             # seconds; only ends a hung guest
    arch: str = "x86_64"
    payload: bool = False           # the guest gets the kernel and the initramfs as files
    dmar: str = ""                  # the name of a table in dmar.py
    acpi: bool = False              # boot through UEFI where the machine has a choice


def vtd(mode, *options):
    scalable = ("x-scalable-mode=on",) if mode == "scalable" else ()
    return (",".join(("intel-iommu,aw-bits=48,intremap=on", *scalable, *options)),)


ON = {"legacy": "intel_iommu=on,sm_off", "scalable": "intel_iommu=on,sm_on"}
POLICY = {
    "strict": ("iommu.passthrough=0 iommu.strict=1", "DMA"),
    "lazy": ("iommu.passthrough=0 iommu.strict=0", "DMA-FQ"),
    "passthrough": ("iommu.passthrough=1", "identity"),
}
UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1"
EDU = "edu,dma_mask=0xffffffffff"
VIRTIO = "iommu_platform=on,disable-legacy=on"
HUB = "-netdev hubport,id={id},hubid=0"


def nic(model, port, place, *options):
    return HUB.format(id=port), ",".join((model, f"netdev={port}", place, "romfile=", *options))


# One of each device that does DMA, each alone in its group.
DEVICES = (
    "nvme,drive=disk0,serial=disk0,addr=4",
    *nic("e1000e", "net0", "addr=5"),
    f"virtio-blk-pci,drive=disk1,addr=6,{VIRTIO}",
    *nic("virtio-net-pci", "net1", "addr=7", VIRTIO),
    f"{EDU},addr=8",
    *nic("e1000e", "net2", "addr=9"),
)
DISKS = ("disk0", "disk1")


def io_boots():
    """{legacy, scalable} x {strict, lazy, pass-through}; one of them with caching mode."""
    for mode, on in ON.items():
        for policy, (options, kind) in POLICY.items():
            caching = ("caching-mode=on",) if (mode, policy) == ("scalable", "strict") else ()
            yield Scenario(f"io-{mode}-{policy}", "io", f"{on} {options}", vtd(mode, *caching), DEVICES, DISKS,
                           {"type": kind})


def other_iommu_boots():
    """Drivers of the base that plug into the core."""
    amd, virtio = ("amd-iommu",), ("virtio-iommu-pci,addr=2",)
    for policy, (options, kind) in POLICY.items():
        # QEMU's unit has no hardware page-table cache of its own: the driver is always strict.
        if policy != "lazy":
            yield Scenario(f"amd-{policy}", "io", options, amd, DEVICES, DISKS, {"type": kind, "vendor": "amd"})
        if policy != "passthrough":
            yield Scenario(f"virtio-iommu-{policy}", "io", options, virtio, DEVICES, DISKS,
                           {"type": kind, "vendor": "virtio"})


def option_boots():
    """Words of intel_iommu= (and iommu=); boot goes on whatever they are."""
    boots = {
        "off": ("intel_iommu=off", "none"),
        "on": ("intel_iommu=on", "DMA-FQ"),
        "strict": ("intel_iommu=on,sp_off,strict", "DMA"),
        "unknown": ("intel_iommu=on,tboot_noforce,,nonsense=1,sm_on,sm_off iommu=pt", "identity"),
    }
    for name, (options, kind) in boots.items():
        yield Scenario(f"option-{name}", "option", options, vtd("scalable"), DEVICES[:1], ("disk0",), {"type": kind})


def firmware_boots():
    """What the DMAR table says, which takes the place of QEMU's."""
    options = f"{ON['scalable']} iommu.strict=1"
    for mode, on in ON.items():
        yield Scenario(f"rmrr-{mode}", "rmrr", f"{on} iommu.strict=1", vtd(mode), DEVICES[:4], DISKS, dmar="rmrr")
    yield Scenario("hotplug-scopes", "hotplug", options, vtd("scalable"), HOTPLUG, ("disk0", "hot"),
                   dmar="scopes")
    for name, env in {"faulty": {"type": "DMA", "faults": "4"}, "nowhere": {"type": "none"}}.items():
        yield Scenario(f"firmware-{name}", "option", options, vtd("scalable"), DEVICES[:1], ("disk0",), env, dmar=name)


BRIDGED = ("pcie-pci-bridge,id=bridge,addr=10", f"{EDU},bus=bridge,addr=1",
           f"virtio-blk-pci,drive=disk1,bus=bridge,addr=2,{VIRTIO}")


def vfio_boots():
    for mode, on in ON.items():
        caching = ("caching-mode=on",) if mode == "legacy" else ()
        yield Scenario(f"vfio-{mode}", "vfio", f"{on} iommu.strict=1 {UNSAFE}", vtd(mode, *caching),
                       (*DEVICES[:1], f"{EDU},addr=8"), ("disk0",))
        yield Scenario(f"owner-{mode}", "owner", f"{on} iommu.strict=1 {UNSAFE}", vtd(mode),
                       (*DEVICES[:1], *BRIDGED), DISKS)


PLAIN_TOPOLOGY = (
    # a group of its own, the bridge with two devices, behind a root port
    "pcie-root-port,id=port1,chassis=1,addr=4", "nvme,drive=disk0,serial=disk0,bus=port1",
    # a conventional bus: its devices cannot be told apart
    "pcie-pci-bridge,id=bridge,addr=5", f"virtio-blk-pci,drive=disk1,bus=bridge,addr=1,{VIRTIO}",
    *nic("virtio-net-pci", "net0", "bus=bridge,addr=2", VIRTIO),
    # functions of one slot without ACS
    f"virtio-blk-pci,drive=disk2,addr=6.0,multifunction=on,{VIRTIO}",
    *nic("virtio-net-pci", "net1", "addr=6.1", VIRTIO),
)
ROOT_BUS = (
    "pxb-pcie,id=root2,bus_nr=32,bus=pcie.0,addr=7", "pcie-root-port,id=port2,chassis=2,bus=root2",
    "nvme,drive=disk3,serial=disk3,bus=port2",
)

HOTPLUG = (
    "nvme,drive=disk0,serial=disk0,addr=4",
    "pcie-root-port,id=port1,chassis=1,addr=5", "pcie-root-port,id=port2,chassis=2,addr=6",
    HUB.format(id="net0"), *nic("virtio-net-pci", "net1", "addr=7", VIRTIO),
)


# How VT-d translates for PASIDs, on QEMU 10 with our changes; the device caches
# translations unless it has no ATS.
PASIDS = ("x-pasid-mode=on", "device-iotlb=on")
AUX = {
    "second": (vtd("scalable", *PASIDS), "ats=on"),
    "first": (vtd("scalable", *PASIDS, "x-flts=on"), "ats=on"),
    "noats": (vtd("scalable", "x-pasid-mode=on"), "ats=off"),
}


# Virtio is PCI Express, and has ATS, behind ports only.
ATS = (
    "pcie-root-port,id=port1,chassis=1,addr=4", f"virtio-blk-pci,drive=disk0,bus=port1,ats=on,{VIRTIO}",
    "pcie-root-port,id=port2,chassis=2,addr=5", *nic("virtio-net-pci", "net0", "bus=port2", "ats=on", VIRTIO),
    *nic("e1000e", "net1", "addr=6"),
)


def ats_boots():
    """Device TLBs, of virtio; and what debugfs tells of a unit that has everything."""
    for mode, on in ON.items():
        yield Scenario(f"ats-{mode}", "ats", f"{on} iommu.strict={int(mode == 'legacy')}", vtd(mode, "device-iotlb=on"),
                       ATS, ("disk0",), {"mode": mode})
    yield Scenario("debugfs", "debugfs", f"{ON['scalable']} iommu.strict=1", vtd("scalable", "device-iotlb=on"), ATS,
                   ("disk0",))


def first_stage_boots():
    """A unit without second-stage tables: DMA and user-space domains are first-stage."""
    unit, on = vtd("scalable", "x-flts=on"), ON["scalable"]
    for policy, (options, kind) in POLICY.items():
        yield Scenario(f"io-first-{policy}", "io", f"{on} {options}", unit, DEVICES, DISKS, {"type": kind})
    yield Scenario("type-first", "type", f"{on} iommu.strict=1", unit, DEVICES, DISKS, TYPES["legacy"])
    yield Scenario("vfio-first", "vfio", f"{on} iommu.strict=1 {UNSAFE}", unit, (*DEVICES[:1], f"{EDU},addr=8"),
                   ("disk0",))


def aux_boots():
    on = f"{ON['scalable']} iommu.strict=1"
    for name, (iommu, ats) in AUX.items():
        devices = (f"pasid-dma,{ats},addr=8", f"pasid-dma,{ats},addr=9", f"pasid-dma,pasid-bits=6,{ats},addr=10",
                   f"pasid-dma,pasid-bits=0,{ats},addr=11")
        yield Scenario(f"aux-{name}", "aux", on, iommu, (*DEVICES[:1], *devices), ("disk0",), deadline=600)
    for name in ("second", "first"):
        iommu, ats = AUX[name]
        yield Scenario(f"aux-many-{name}", "auxmany", on, iommu, (*DEVICES[:1], f"pasid-dma,{ats},addr=8"), ("disk0",),
                       {"count_of_domains": "4000", "rounds": "4000"}, deadline=900)
    iommu, ats = AUX["second"]
    yield Scenario("aux-plug", "auxplug", on, iommu, HOTPLUG[1:3], env={"options": ats},
                   allow=r"WARNING: .*iommu")


# See scenarios/type.sh for the orders.
TYPES = {
    "legacy": {"alone": "identity,DMA,DMA-FQ,identity,DMA-FQ,auto", "beside": "identity,DMA-FQ"},
    "scalable": {"alone": "DMA,DMA-FQ,auto,DMA-FQ,identity", "beside": "DMA-FQ,identity"},
}

# The base's NVMe driver sleeps with frozen queues and lets another worker thaw them.
# lockdep takes that for a lock that was forgotten, says so twice, and ends.
NVME_FREEZE = r"workqueue leaked atomic, lock or RCU: kworker|possible circular locking dependency detected"

# A machine that crashes on purpose, with memory for a second kernel, of a debug build, too
CRASHKERNEL, CRASH_MEMORY = "crashkernel=400M", ("-m 1024",)
CRASH = r"Kernel panic - not syncing: sysrq|sysrq: Trigger a crash"


def scenarios():
    both = tuple(ON.items())
    yield from io_boots()
    for mode, on in both:
        yield Scenario(f"type-{mode}", "type", f"{on} iommu.strict=1", vtd(mode), DEVICES, DISKS, TYPES[mode])
    yield from vfio_boots()
    for mode, on in both:
        yield Scenario(f"topology-{mode}", "topology", f"{on} iommu.strict=1", vtd(mode), (*PLAIN_TOPOLOGY, *ROOT_BUS),
                       ("disk0", "disk1", "disk2", "disk3"))
    for mode, on in both:
        yield Scenario(f"hotplug-{mode}", "hotplug", f"{on} iommu.strict={int(mode == 'legacy')}", vtd(mode),
                       HOTPLUG, ("disk0", "hot"))
    for mode, on in both:
        yield Scenario(f"suspend-{mode}", "suspend", f"{on} iommu.strict=1", vtd(mode), DEVICES, DISKS, allow=NVME_FREEZE)
    for mode, on in both:
        yield Scenario(f"kexec-{mode}", "kexec", f"{on} iommu.strict=1", vtd(mode), DEVICES, DISKS, payload=True)
    for mode, on in both:
        yield Scenario(f"kdump-{mode}", "kdump", f"{on} {CRASHKERNEL}", (*vtd(mode), *CRASH_MEMORY), DEVICES, DISKS,
                       payload=True, allow=CRASH)
    yield from other_iommu_boots()
    yield from option_boots()
    yield from firmware_boots()
    yield from ats_boots()
    yield from first_stage_boots()
    yield from aux_boots()


DEMO = Scenario("demo", "demo", f"{ON['scalable']} iommu.strict=1", AUX["second"][0],
                (*DEVICES, "pasid-dma,ats=on,addr=10"), DISKS)
