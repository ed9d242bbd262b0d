# SPDX-License-Identifier: GPL-2.0-only
"""The boots of arm64: QEMU's "virt" machine with SMMUv3 or virtio-iommu.

A devicetree of QEMU's own describes the machine or, through UEFI, ACPI.  Either way
a PCI device gets its IOMMU when a driver binds to it, not before.
"""
from scenarios import (BRIDGED, CRASH, CRASH_MEMORY, CRASHKERNEL, DEVICES, DISKS, EDU, HOTPLUG, NVME_FREEZE,
                       PLAIN_TOPOLOGY, POLICY, ROOT_BUS, Scenario)

FIRMWARE = {"dt": False, "acpi": True}
TYPES = {"alone": "identity,DMA,DMA-FQ,identity,DMA-FQ,auto", "beside": "identity,DMA-FQ"}
STRICT = "iommu.passthrough=0 iommu.strict=1"


def virt(iommu="smmuv3", gic=3):
    return (f"-M virt,gic-version={gic},iommu={iommu}",)


# The base's pciehp, which x86 does not use here, lets go of its reset_lock while it binds
# drivers and takes it again under pci_rescan_remove_lock, which it has taken under it
# before.  No lock of anybody else's is in that chain; lockdep says so, and ends.
PCIEHP = r"possible circular locking dependency detected"

# What a scenario of requests with PASIDs has.
SUBSTREAMS = (*virt(), "-global arm-smmuv3.ssidsize=16")


def boot(name, script, firmware, append, devices=DEVICES, disks=DISKS, **more):
    env = {"vendor": "smmuv3", **more.pop("env", {})}
    more.setdefault("iommu", virt())
    return Scenario(f"{name}-{firmware}", script, append, devices=devices, disks=disks, env=env, arch="arm64",
                    acpi=FIRMWARE[firmware], **more)


def each_firmware():
    for firmware in FIRMWARE:
        for policy, (options, kind) in POLICY.items():
            yield boot(f"io-{policy}", "io", firmware, options, env={"type": kind})
        yield boot("type", "type", firmware, STRICT, env=TYPES)
        # No unsafe_interrupts: the ITS knows which device an MSI comes from.
        yield boot("vfio", "vfio", firmware, STRICT, (*DEVICES[:1], f"{EDU},addr=8"), DISKS[:1])
        yield boot("owner", "owner", firmware, STRICT, (*DEVICES[:1], *BRIDGED))
        yield boot("hotplug", "hotplug", firmware, f"iommu.strict={int(firmware == 'dt')}", HOTPLUG, ("disk0", "hot"),
                   allow=PCIEHP)
        yield boot("kdump", "kdump", firmware, f"{STRICT} {CRASHKERNEL}", (*DEVICES, *CRASH_MEMORY), payload=True,
                   allow=CRASH)


def stage2_boots():
    """An SMMU without stage 1, which QEMU has since 8.1."""
    iommu = ("-M virt-9.0,gic-version=3,iommu=smmuv3", "-global arm-smmuv3.stage=2")
    for firmware, policy in (("dt", "strict"), ("acpi", "lazy"), ("acpi", "passthrough")):
        options, kind = POLICY[policy]
        yield boot(f"io-stage2-{policy}", "io", firmware, options, env={"type": kind}, iommu=iommu)
    yield boot("type-stage2", "type", "dt", STRICT, env=TYPES, iommu=iommu)
    yield boot("vfio-stage2", "vfio", "acpi", STRICT, (*DEVICES[:1], f"{EDU},addr=8"), DISKS[:1], iommu=iommu)
    # PASIDs choose a stage 1.
    yield boot("auxnone-stage2", "auxnone", "dt", STRICT, (*DEVICES[:1], "pasid-dma,addr=8"), DISKS[:1],
               iommu=(*iommu, "-global arm-smmuv3.ssidsize=16"))


def aux_boots():
    """SubstreamIDs, as scenarios.aux_boots() has PASIDs on VT-d.

    QEMU's SMMUv3 has no ATS, so what a device's own cache must forget is shown there,
    and for this driver by KUnit only.  Here no-exec is shown, which VT-d lacks.
    """
    devices = ("pasid-dma,addr=8", "pasid-dma,addr=9", "pasid-dma,pasid-bits=6,addr=10", "pasid-dma,pasid-bits=0,addr=11")
    for firmware in FIRMWARE:
        yield boot("aux", "aux", firmware, STRICT, (*DEVICES[:1], *devices), DISKS[:1], iommu=SUBSTREAMS,
                   env={"permissions": "noexec"}, deadline=600)
    yield boot("aux-many", "auxmany", "dt", STRICT, (*DEVICES[:1], "pasid-dma,addr=8"), DISKS[:1], iommu=SUBSTREAMS,
               env={"count_of_domains": "4000", "rounds": "4000"}, deadline=900)
    yield boot("aux-plug", "auxplug", "acpi", STRICT, HOTPLUG[1:3], (), iommu=SUBSTREAMS,
               env={"options": "ats=off"}, allow=rf"WARNING: .*iommu|{PCIEHP}")


def kexec_boots():
    """The base, not the IOMMU, has its limits here: without one it is the same.

    6.12 crashes while it copies a linear map of 52 bits.  An ITS goes on using tables
    of the old kernel, and only by UEFI the next one learns where they are: with a
    devicetree alone it needs a GICv2m.  A CPU goes off when its block requests have
    ended, which those of a virtio disk that was shut down never do: with several
    CPUs only the NVMe may be busy then.
    """
    devices = (*DEVICES, "-cpu max,lpa2=off")
    yield boot("kexec", "kexec", "dt", STRICT, (*devices, "-smp 1"), payload=True, iommu=virt(gic=2))
    yield boot("kexec", "kexec", "acpi", STRICT, devices, payload=True, env={"in_flight": "nvme"})


def scenarios():
    yield from each_firmware()
    yield from stage2_boots()
    yield from aux_boots()
    # Only ACPI describes a second root bus.
    disks = ("disk0", "disk1", "disk2", "disk3")
    yield boot("topology", "topology", "dt", STRICT, PLAIN_TOPOLOGY, disks[:3])
    yield boot("topology", "topology", "acpi", STRICT, (*PLAIN_TOPOLOGY, *ROOT_BUS), disks)
    yield from kexec_boots()
    # Only the devicetree describes a clock that can wake the machine.
    yield boot("suspend", "suspend", "dt", STRICT, allow=NVME_FREEZE)
    # Strict: an unmap is a command and a wait for it.  More CPUs than the host may have.
    yield boot("stress-strict", "stress", "dt", STRICT, (*DEVICES, "pasid-dma,addr=10", "-smp 4"),
               env={"type": "DMA", "crowd": "100"}, deadline=600, iommu=SUBSTREAMS)
    yield boot("stress-lazy", "stress", "dt", POLICY["lazy"][0], (*DEVICES, "-smp 4"), env={"type": "DMA-FQ"}, deadline=600)
    # The virtual IOMMU, on the base's driver
    for firmware, policy in (("dt", "strict"), ("acpi", "lazy")):
        yield boot(f"virtio-iommu-{policy}", "io", firmware, POLICY[policy][0], env={"type": POLICY[policy][1], "vendor": "virtio"},
                   iommu=(*virt("none"), "virtio-iommu-pci,addr=2"))
    options = {
        "none": ("", "none", virt("none")),
        "msipolling": ("arm_smmu_v3.disable_msipolling=1 iommu.strict=1", "DMA", virt()),
        "unknown": ("arm_smmu_v3.nonsense=1 iommu=nonsense iommu.passthrough=1", "identity", virt()),
    }
    for name, (append, kind, iommu) in options.items():
        yield boot(f"option-{name}", "option", "acpi" if name == "msipolling" else "dt", append, DEVICES[:1], DISKS[:1],
                   env={"type": kind}, iommu=iommu)
