# SPDX-License-Identifier: GPL-2.0-only
"""DMAR tables that take the place of QEMU's, good and bad (VT-d chapter 8).

The kernel takes a table from the start of the initramfs that has the IDs of the
firmware's and a higher revision (CONFIG_ACPI_TABLE_UPGRADE).
"""
import struct

UNIT = 0xfed90000       # QEMU's only one
NOWHERE = 0xfec10000    # nothing answers there
REGION = 0xfed1c000, 0xfed1ffff     # of the chipset, reserved by firmware
DRHD, RMRR, ANDD, UNKNOWN = 0, 1, 4, 77
INCLUDE_ALL = INTR_REMAP = 1
ENDPOINT, BRIDGE, IO_APIC = 1, 2, 3


def scope(kind, number, bus, device, function=0):
    return struct.pack("<BBHBBBB", kind, 8, 0, number, bus, device, function)


def structure(kind, body):
    return struct.pack("<HH", kind, 4 + len(body)) + body


def drhd(base, *scopes):
    """A unit for some devices, or for all, and for the I/O APIC as QEMU numbers it."""
    flags = 0 if scopes else INCLUDE_ALL
    return structure(DRHD, struct.pack("<BBHQ", flags, 0, 0, base) + b"".join(scopes) + scope(IO_APIC, 0, 0xff, 0))


def rmrr(first, last, *scopes):
    return structure(RMRR, struct.pack("<HHQQ", 0, 0, first, last) + b"".join(scopes))


def table(*structures):
    body = struct.pack("<BB10x", 47, INTR_REMAP) + b"".join(structures)
    ids = struct.pack("<6s8sI4sI", b"BOCHS ", b"BXPC    ", 2, b"TEST", 1)
    head = [struct.pack("<4sIB", b"DMAR", 36 + len(body), 1), b"\0", ids]
    head[1] = bytes([-sum(b"".join(head) + body) & 0xff])
    return b"".join(head) + body


NVME = scope(ENDPOINT, 0, 0, 4)
TABLES = {
    # memory that firmware has the NVMe reach at fixed addresses
    "rmrr": table(drhd(UNIT), rmrr(*REGION, NVME)),
    # good in the middle of everything that can be wrong
    "faulty": table(structure(UNKNOWN, b"?" * 12), rmrr(0x2000, 0x1fff, NVME), structure(ANDD, b"\0\0\0\1no end"),
                    drhd(UNIT), drhd(UNIT), rmrr(0, 0xfff)[:10], struct.pack("<HH", DRHD, 0)),
    "nowhere": table(drhd(NOWHERE)),
    # the devices of the hot-plug tests one by one, and what comes below two ports
    "scopes": table(drhd(UNIT, NVME, scope(BRIDGE, 0, 0, 5), scope(BRIDGE, 0, 0, 6), scope(ENDPOINT, 0, 0, 7))),
}
