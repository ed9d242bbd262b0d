# SPDX-License-Identifier: GPL-2.0-only
"""The two kernels of the benchmark, and its modules compiled for each."""
import bisect
import re
import shutil
import subprocess

import kconfig
from harness import (BUILD, CONFIGS, IMAGES, ROOT, TREE, cross, kbuild, kbuild_env, locked, log_for, need, say, shown,
                     step)

HERE = ROOT / "tools/testing/bench"
STEP = r"^  (?:CC|AS|LD|AR|HOSTCC|HOSTLD)\b"


class Kernel:
    """One of "base" (as unpacked) and "ours" (with the overlay), for an architecture."""

    def __init__(self, name, arch):
        self.name, self.arch = name, arch
        self.tree = TREE if name == "ours" else BUILD / "base"
        self.out = f"{arch}-bench"
        self.path = self.tree / self.out
        self.image = self.path / IMAGES[arch]

    def unpack(self):
        more = [] if self.name == "ours" else ["--base", str(self.tree)]
        need(ROOT / "tools/tree", *more)

    def configure(self):
        """The same fragments for both."""
        paths = [CONFIGS / "bench.config", CONFIGS / f"bench-{self.arch}.config"]
        kconfig.configure(self.tree, self.out, self.arch, paths, f"configure {self.name} {self.arch}")

    def build(self):
        self.unpack()
        with locked(f"kernel-{self.name}-{self.out}"):
            self.configure()
            step(f"build {self.name} {self.arch} (log: {shown(log_for(self.log_name()))})",
                 kbuild(self.tree, self.out, self.arch, self.image.name, "modules"), log_for(self.log_name()), STEP,
                 "steps", env=kbuild_env())

    def log_name(self):
        return f"bench-{self.name}-{self.arch}"

    def module(self, directory):
        """The module whose source is in a directory of ours, compiled for this kernel."""
        work = BUILD / "bench" / self.arch / self.name / directory
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(HERE / directory, work)
        log = log_for(f"{self.log_name()}-{directory}")
        step(f"compile {directory} for {self.name}", kbuild(self.tree, self.out, self.arch, f"M={work}", "modules"),
             log, STEP, "steps", env=kbuild_env())
        return next(work.glob("*.ko"))

    def configuration(self):
        return kconfig.values(self.path / ".config")


def differences(base, ours):
    """Symbols that the two kernels do not have in common: those of the subsystem itself."""
    one, two = base.configuration(), ours.configuration()
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


class Symbols:
    """Which function an address is in, and what kind of instruction is there."""

    KINDS = (
        ("lines", re.compile(r"\s((clflush|clflushopt|clwb)\s|dc\s+c)")),
        ("fences", re.compile(r"\s([mls]fence|dsb|dmb)\b")),
    )

    def __init__(self, kernel):
        objdump = cross(kernel.arch) + "objdump"
        self.starts, self.names = [], []
        self.end = 0
        for line in sorted((kernel.path / "System.map").read_text().splitlines()):
            address, kind, name = line.split()
            if kind in "tTwW":
                self.starts.append(int(address, 16))
                self.names.append(name)
            if name == "_etext":
                self.end = int(address, 16)
        self.kinds = self.read_kinds(objdump, kernel)

    def read_kinds(self, objdump, kernel):
        """address -> kind, for the instructions that cost more than others."""
        found = {}
        done = subprocess.Popen([objdump, "-d", "--no-show-raw-insn", kernel.path / "vmlinux"], stdout=subprocess.PIPE,
                                text=True)
        for line in done.stdout:
            for kind, pattern in self.KINDS:
                if pattern.search(line):
                    found[int(line.split(":")[0], 16)] = kind
        if done.wait():
            say(f"   {objdump} failed: no flushes and fences are counted")
        return found

    def function(self, address):
        if not self.starts[0] <= address < self.end:
            return "(the loop around it)"       # in the module
        return self.names[bisect.bisect_right(self.starts, address) - 1]
