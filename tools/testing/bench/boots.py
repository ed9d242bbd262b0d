# SPDX-License-Identifier: GPL-2.0-only
"""The virtual machines of the benchmark.

Under -icount shift=0,sleep=off an instruction takes a nanosecond of virtual time and
waiting takes none, so the same machine boots to the same figures, wherever it runs.
"""
import json
import re
import socket
import stat
import subprocess
import sys
import threading

from harness import BUILD, ROOT, cross, log_for, say, shown, tail

sys.path.append(str(ROOT / "tools/testing/boot"))
import guest
import machine

HERE = ROOT / "tools/testing/bench"
LIMIT = 600             # seconds; ends only what hangs

MACHINES = {
    "x86_64": ["-M", "q35,kernel-irqchip=split", "-cpu", "max",
               "-device", "intel-iommu,intremap=on,x-scalable-mode=on,aw-bits=48"],
    "arm64": ["-M", "virt,iommu=smmuv3,gic-version=3", "-cpu", "max"],
}
# The same with PASIDs and device TLBs, as far as the QEMU of tools/qemu has them.
WITH_PASIDS = {
    "x86_64": ["-M", "q35,kernel-irqchip=split", "-cpu", "max", "-device",
               "intel-iommu,intremap=on,x-scalable-mode=on,aw-bits=48,x-pasid-mode=on,device-iotlb=on"],
    "arm64": [*MACHINES["arm64"], "-global", "arm-smmuv3.ssidsize=16"],
}
COMMON = ["-m", "1024", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
          "-net", "none"]
EXACT = ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-smp", "1", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
PARALLEL = ["-accel", "tcg,thread=multi", "-smp", "4"]
DEVICES = 4
DEVICE = {"x86_64": "pasid-dma,ats=on", "arm64": "pasid-dma"}

APPEND = {
    "x86_64": "console=ttyS0 intel_iommu=on,sm_on tsc=reliable no_timer_check",
    "arm64": "console=ttyAMA0",
}

# What records each instruction, each register access and each command.
RECORD = ("one-insn-per-tb on", "log exec,nochain", "trace-event memory_region_ops_write on",
          "trace-event memory_region_ops_read on", "trace-event vtd_inv_desc_wait_sw on",
          "trace-event smmuv3_cmdq_opcode on")
OLDER = {"one-insn-per-tb on": "singlestep on"}


class Broken(Exception):
    """A boot that did not do what it was to do."""


def compile_init(arch):
    path = BUILD / "bench" / arch / "init"
    path.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([guest.compiler(arch), "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path,
                           HERE / "init.c"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Broken("the guest program does not compile:\n" + done.stderr)
    return path


def initramfs(arch, module, path):
    cpio = guest.Cpio()
    cpio.directory("dev")
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.file("init", compile_init(arch).read_bytes(), 0o755)
    cpio.file("bench.ko", module.read_bytes())
    path.write_bytes(cpio.bytes())
    return path


class Monitor:
    """QEMU's monitor: one command after the other."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()

    def args(self):
        fd = self.theirs.fileno()
        return ["-chardev", f"socket,id=qmp,fd={fd}", "-mon", "chardev=qmp,mode=control"]

    def open(self):
        self.theirs.close()
        self.stream = self.ours.makefile("rw")
        self.stream.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        for line in self.stream:
            reply = json.loads(line)
            if "return" in reply or "error" in reply:
                return reply.get("return", "")
        return ""

    def human(self, line):
        """Sends a line of the human monitor; what it has to say means that it is not known."""
        said = self.command("human-monitor-command", **{"command-line": line})
        if said and line in OLDER:
            self.command("human-monitor-command", **{"command-line": OLDER[line]})


class Boot:
    """One run of a machine: afterwards .lines has what the module printed."""

    def __init__(self, kernel, initrd, run, exact=True, record=None, mode="", pasids=False):
        self.kernel, self.run, self.record = kernel, run, record
        self.log = log_for(f"bench-{kernel.name}-{kernel.arch}-{run or initrd.stem}")
        self.monitor = Monitor() if record else None
        arch = kernel.arch
        words = [APPEND[arch], "nokaslr panic=-1 oops=panic loglevel=7", mode,
                 f"bench.run={run}" if run else "", "bench.gate" if record else ""]
        if pasids:
            argv = [*machine.built(arch), *WITH_PASIDS[arch], *["-device", DEVICE[arch]] * DEVICES]
        else:
            # A device for each CPU where there are several.
            argv = [machine.distribution(arch), *MACHINES[arch], *["-device", "edu"] * (1 if exact else DEVICES)]
        self.argv = [*argv, *COMMON, *(EXACT if exact else PARALLEL),
                     "-kernel", str(kernel.image), "-initrd", str(initrd), "-append", " ".join(filter(None, words))]
        if record:
            self.argv += ["-D", str(record), *self.monitor.args()]

    def start(self):
        fds = [self.monitor.theirs.fileno()] if self.monitor else []
        process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   pass_fds=fds)
        if self.monitor:
            self.monitor.open()
        return process

    def open_gate(self, process):
        for line in RECORD:
            self.monitor.human(line)
        process.stdin.write(b"\n")
        process.stdin.flush()

    def go(self):
        say(f"   boot {self.kernel.name}: {self.run or 'ioasid'}")
        self.lines, text = [], []
        with self.start() as process:
            timer = threading.Timer(LIMIT, process.kill)
            timer.start()
            try:
                for raw in process.stdout:
                    line = raw.decode(errors="replace").rstrip("\r\n")
                    text.append(line)
                    if self.monitor and line == "bench: ready":
                        self.open_gate(process)
            finally:
                timer.cancel()
                process.kill()
        self.log.write_text("\n".join(text) + "\n")
        self.lines = [match[1] for line in text if (match := re.search(r"bench: (.*)", line))]
        if self.run and f"{self.run}: complete" not in self.lines:
            say(tail(self.log))
            raise Broken(f"{self.kernel.name}: the run '{self.run}' did not complete; the console is {shown(self.log)}")
        return self

    def figures(self):
        """operation -> (instructions of all repetitions, repetitions)"""
        found = {}
        for line in self.lines:
            if match := re.fullmatch(r"(.+) = (\d+) / (\d+)", line):
                found[match[1]] = (int(match[2]), int(match[3]))
        return found

    def marks(self):
        """mark -> (operation, repetitions between two marks)"""
        return {int(match[1]): (match[2], int(match[3])) for line in self.lines
                if (match := re.fullmatch(r"mark (\d+) is (.+) / (\d+)", line))}


def has_pasids(arch):
    """Whether there is a QEMU whose devices have PASIDs."""
    return bool(machine.built(arch))


def cross_missing(arch):
    """What is not installed to measure an architecture, or None."""
    if not machine.distribution(arch):
        return machine.QEMU[arch]
    try:
        guest.compiler(arch)
    except guest.Missing:
        return cross(arch) + "gcc"
    return None
