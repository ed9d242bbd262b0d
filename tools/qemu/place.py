# SPDX-License-Identifier: GPL-2.0-only
"""Where the QEMU of "tools/qemu/build" is: under a name made from what it is built from."""
import functools
import hashlib
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from harness import CACHE

TARGETS = {"x86_64": "x86_64", "arm64": "aarch64"}

# Firmware of the distribution's packages; ours has none of its own.
FIRMWARE = ("/usr/share/qemu", "/usr/share/seabios")


def inputs():
    return sorted(path for path in HERE.iterdir() if path.suffix in (".py", ".c", ".mak") or path.name == "build")


@functools.cache
def result():
    """The directory of the programs, whether they are built or not."""
    digest = hashlib.sha256(f"{platform.machine()} {os.environ.get('QEMUSRC', '')}".encode())
    for path in inputs():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return CACHE / f"qemu-{digest.hexdigest()[:16]}"


def binary(arch):
    """The path of the program for an architecture, None where it is not built."""
    path = result() / f"qemu-system-{TARGETS[arch]}"
    return path if path.exists() else None
