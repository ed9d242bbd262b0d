# SPDX-License-Identifier: GPL-2.0-only
"""The virtual machines of the boot tests: QEMU's arguments and its monitor.

Always emulation (tcg): /dev/kvm can exist and hang, and emulated runs repeat.

A scenario runs on the QEMU that tools/qemu builds, which is the same everywhere: only that
has devices with PASIDs, and the errors of QEMU's that they run into are mended there.
A guest without devices can run on the distribution's.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "qemu"))
import place

QEMU = {"x86_64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}

BASE = {
    "x86_64": ["-M", "q35,kernel-irqchip=split", "-cpu", "max"],
    "arm64": ["-cpu", "max"],
}
# UEFI, for machines that without it have a devicetree
FIRMWARE = {"arm64": "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"}
CONSOLE = {"x86_64": "ttyS0", "arm64": "ttyAMA0"}

COMMON = ["-accel", "tcg", "-smp", "2", "-m", "512", "-nodefaults", "-no-user-config",
          "-display", "none", "-no-reboot", "-serial", "stdio", "-net", "none"]

# A busy host must not look like broken hardware: no timer check, patient stall detection.
APPEND = ("loglevel=7 printk.devkmsg=on panic=-1 oops=panic random.trust_cpu=on no_console_suspend "
          "no_timer_check rcupdate.rcu_cpu_stall_timeout=120")
# Nor must time run fast: a TSC that was calibrated while the host did something else was
# once found to have 24 MHz, not 2600.  So it tells no time, and delays take it for granted.
CLOCK = {"x86_64": ["tsc=unstable", "tsc_early_khz=2500000"], "arm64": []}


def distribution(arch):
    """The path of the distribution's QEMU for an architecture, None where it is not installed."""
    return shutil.which(QEMU[arch])


def built(arch):
    """The QEMU of tools/qemu for an architecture, as words of a command; none where it is not built."""
    program = place.binary(arch)
    return [str(program), *(word for path in place.FIRMWARE for word in ("-L", path))] if program else []


def missing(arch):
    """What the machines of an architecture need and is not there, and what brings it."""
    if not built(arch):
        yield "the QEMU of the boots is not built: run tools/qemu/build"
    if arch in FIRMWARE and not os.path.exists(FIRMWARE[arch]):
        yield f"{FIRMWARE[arch]} is not installed: run tools/setup --arch {arch}"


def words(arch):
    """What every kernel command line has."""
    return [f"console={CONSOLE[arch]}", APPEND, *CLOCK[arch]]


def argv(arch, scenario, kernel, initrd, disks):
    """The whole command line but for the monitor; disks: node name -> file."""
    args = [*built(arch), *BASE[arch], *COMMON]
    for name, path in disks.items():
        args += ["-blockdev", f"driver=raw,node-name={name},file.driver=file,file.filename={path}"]
    for device in (*scenario.iommu, *scenario.devices):
        args += device.split(" ", 1) if device.startswith("-") else ["-device", device]
    if scenario.acpi:
        args += ["-bios", FIRMWARE[arch]]
    env = [f"boot.{key}={value}" for key, value in scenario.env.items()]
    append = " ".join([*words(arch), scenario.append, f"boot.script={scenario.script}", *env])
    return args + ["-kernel", str(kernel), "-initrd", str(initrd), "-append", append]


# QMP has booleans where the command line has words.
SWITCH = {"on": True, "off": False}


class Monitor:
    """QMP over a socket pair: commands without waiting, some only after an event.

    QEMU lets go of an unplugged device's drive and network peer some time after the
    guest has seen it go, so a device_add that is refused is tried again for a while.
    """
    ADD_TRIES, ADD_PAUSE = 50, 0.2

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.lock = threading.Lock()
        self.pending = {}
        self.adding = {}        # id of a device_add -> [command, tries left]
        self.errors = []

    def args(self):
        fd = self.theirs.fileno()
        return ["-chardev", f"socket,id=qmp,fd={fd}", "-mon", "chardev=qmp,mode=control"]

    def start(self):
        """Called when QEMU has its end."""
        self.theirs.close()
        self.send({"execute": "qmp_capabilities"})
        threading.Thread(target=self.listen, daemon=True).start()

    def send(self, message):
        with self.lock:
            with contextlib.suppress(OSError):      # QEMU is gone; its exit is noticed elsewhere
                self.ours.sendall(json.dumps(message).encode() + b"\n")

    def listen(self):
        try:
            with self.ours.makefile("r", errors="replace") as stream:
                for line in stream:
                    self.receive(json.loads(line))
        except OSError:
            pass                # reset by QEMU's end

    def receive(self, message):
        if "error" in message and not self.again(message.get("id")):
            self.errors.append(message["error"].get("desc", str(message)))
        for command in self.pending.pop(message.get("event"), []):
            self.send(command)

    def again(self, number):
        """Sends a refused device_add once more; False when there is none or it had its tries."""
        add = self.adding.get(number)
        if not add or not add[1]:
            return False
        add[1] -= 1
        threading.Timer(self.ADD_PAUSE, self.send, [add[0]]).start()
        return True

    def request(self, words):
        """What the guest asked for: [on EVENT] COMMAND [KEY=VALUE...]"""
        event = None
        if words[0] == "on":
            event, words = words[1], words[2:]
        values = dict(word.split("=", 1) for word in words[1:])
        command = {"execute": words[0], "arguments": {key: SWITCH.get(value, value) for key, value in values.items()}}
        if words[0] == "device_add":
            command["id"] = len(self.adding)
            self.adding[command["id"]] = [command, self.ADD_TRIES]
        if event:
            self.pending.setdefault(event, []).append(command)
        else:
            self.send(command)

    def close(self):
        self.ours.close()


class Machine:
    """A running QEMU: its console line by line, its end at the latest at the deadline.

    QEMU is a child of timeout(1), so that it ends even if we are killed.  A kernel that
    is not through at the deadline tells first what it waits for: sysrq by a serial break.
    """
    ASK, PATIENCE = b"wl", 3        # blocked tasks, all CPUs; seconds for each to be told

    def __init__(self, args, deadline):
        self.monitor = Monitor()
        self.timed_out = False
        # Kept apart from the console, whose lines it would cut in two.
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["timeout", "-k", "5", str(deadline + 30), *args, *self.monitor.args()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.stderr, pass_fds=[self.monitor.theirs.fileno()], start_new_session=True)
        self.monitor.start()
        self.timer = threading.Timer(deadline, self.expire)
        self.timer.start()

    def expire(self):
        self.timed_out = True
        for key in self.ASK:
            self.monitor.send({"execute": "chardev-send-break", "arguments": {"id": "serial0"}})
            time.sleep(self.PATIENCE / 2)
            self.type(bytes([key]))
            time.sleep(self.PATIENCE / 2)
        self.kill()

    def type(self, text):
        with contextlib.suppress(OSError, ValueError):      # QEMU is gone
            self.process.stdin.write(text)
            self.process.stdin.flush()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def lines(self):
        """The console, then what QEMU itself had to say."""
        for raw in self.process.stdout:
            yield raw.decode(errors="replace").rstrip("\r\n")
        self.stderr.seek(0)
        for raw in self.stderr:
            yield raw.decode(errors="replace").rstrip("\r\n")

    def close(self):
        """Waits for the end, which is near when the console has ended; returns the status."""
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.timer.cancel()
        self.process.stdout.close()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.stderr.close()
        self.monitor.close()
        return self.process.wait()


def sparse(path, size):
    """A new file of zeroes for a disk."""
    with open(path, "wb") as stream:
        os.truncate(stream.fileno(), size)
    return path
