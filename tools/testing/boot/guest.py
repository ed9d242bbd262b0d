# SPDX-License-Identifier: GPL-2.0-only
"""The initramfs of the boot tests: busybox, the "iot" program and the scenarios.

One archive serves every scenario.  It is named after its content and made once; no
root rights and no cpio program are needed.
"""
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import cross  # noqa: E402

HERE = Path(__file__).resolve().parent
GUEST = HERE / "guest"
SCENARIOS = HERE / "scenarios"
DAY = 24 * 3600         # seconds
DEBIAN = {"x86_64": "amd64", "arm64": "arm64"}
# Headers of interfaces that the overlay adds, which the compiler's system does not have.
UAPI = HERE.parents[2] / "include/uapi"
CFLAGS = ["-static", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-pthread", "-idirafter", str(UAPI)]


class Missing(Exception):
    """Something that has to be installed first."""


class Cpio:
    """A cpio archive in the "newc" format, with fixed times so that it repeats."""

    def __init__(self):
        self.parts = []
        self.inode = 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        self.parts += [self.padded(head), self.padded(data)]

    def directory(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    @staticmethod
    def padded(data):
        return data + bytes(-len(data) % 4)

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def busybox(arch, cache):
    """A static busybox for the architecture."""
    if not cross(arch):
        found = shutil.which("busybox")
        if not found:
            raise Missing("busybox-static is not installed: run tools/setup")
        return Path(found)
    path = cache / f"busybox-{arch}"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fetch_busybox(arch, path)
    return path


def apt_for(arch, state):
    """An apt-get with package lists of its own, which knows only the given architecture."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    options = {"APT::Architecture": DEBIAN[arch], "APT::Architectures": DEBIAN[arch], "APT::Sandbox::User": "root",
               "Dir::State": state, "Dir::State::status": "/dev/null", "Dir::Cache": state / "cache",
               "Acquire::Languages": "none", "Acquire::Retries": 3}
    return ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]


def fetch_busybox(arch, path):
    """Takes busybox for a foreign architecture out of Debian's package, installing nothing."""
    with tempfile.TemporaryDirectory(prefix="busybox-", dir=path.parent) as name:
        work = Path(name)
        apt = apt_for(arch, work / "apt")
        for verb in (["update"], ["download", "busybox-static"]):
            done = subprocess.run([*apt, *verb], cwd=work, capture_output=True, text=True, check=False)
        package = next(work.glob("*.deb"), None)
        if not package:
            raise Missing(f"busybox-static for {arch} cannot be downloaded; put the program at {path}\n{done.stderr}")
        subprocess.run(["dpkg-deb", "-x", package, work / "x"], check=True)
        os.replace(next((work / "x").glob("**/bin/busybox")), path)


def compiler(arch):
    found = shutil.which(cross(arch) + "gcc")
    if not found:
        raise Missing(f"no compiler for {arch}: run tools/setup --arch {arch}")
    return found


def compile_iot(arch, path):
    sources = sorted(GUEST.glob("*.c"))
    new = path.with_suffix(f".{os.getpid()}")
    done = subprocess.run([compiler(arch), *CFLAGS, "-o", new, *sources], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing("the guest program does not compile:\n" + done.stderr)
    os.replace(new, path)


def sources():
    return sorted(path for top in (GUEST, SCENARIOS) for path in top.iterdir() if path.is_file())


def digest(paths, *words):
    result = hashlib.sha256(repr(words).encode())
    for path in paths:
        result.update(path.name.encode() + b"\0" + path.read_bytes())
    return result.hexdigest()[:16]


def applets(box):
    """Names of busybox's commands; asked of the native one, as a foreign one cannot run here."""
    native = shutil.which("busybox")
    return subprocess.run([native or box, "--list"], capture_output=True, text=True, check=True).stdout.split()


def archive(arch, iot, box):
    cpio = Cpio()
    for name in ("bin", "dev", "proc", "sys", "tmp", "scenarios"):
        cpio.directory(name)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.file("bin/busybox", box.read_bytes(), 0o755)
    for name in applets(box):
        if name != "busybox":
            cpio.link(f"bin/{name}", "busybox")
    cpio.file("bin/iot", iot.read_bytes(), 0o755)
    cpio.file("init", (GUEST / "init").read_bytes(), 0o755)
    cpio.file("lib.sh", (GUEST / "lib.sh").read_bytes())
    for path in sorted(SCENARIOS.glob("*.sh")):
        cpio.file(f"scenarios/{path.name}", path.read_bytes())
    return cpio.bytes()


def initramfs(arch, cache):
    """The path of the archive, made where it is not there yet."""
    cache.mkdir(parents=True, exist_ok=True)
    box = busybox(arch, cache)
    programs = [*(path for path in sources() if path.suffix in (".c", ".h")), *UAPI.glob("linux/*.h")]
    iot = cache / f"iot-{arch}-{digest(programs, CFLAGS)}"
    if not iot.exists():
        compile_iot(arch, iot)
    path = cache / f"initramfs-{arch}-{digest([*sources(), iot, box, Path(__file__)])}.cpio"
    if not path.exists():
        for old in (*cache.glob(f"initramfs-{arch}-*.cpio"), *cache.glob(f"iot-{arch}-*")):
            # Another run may still boot what is not old.
            if old != iot and time.time() - old.stat().st_mtime > DAY:
                old.unlink(missing_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_bytes(archive(arch, iot, box))
        os.replace(new, path)
    return path


def with_table(base, table, path):
    """The archive at base behind one with an ACPI table, written to path."""
    early = Cpio()
    early.file("kernel/firmware/acpi/dmar.aml", table)
    path.write_bytes(Cpio.padded(early.bytes()) + Path(base).read_bytes())
    return path


def with_files(base, files, path):
    """The archive at base followed by more files (name -> Path), written to path."""
    extra = Cpio()
    for name, source in files.items():
        extra.file(name, Path(source).read_bytes())
    path.write_bytes(Cpio.padded(Path(base).read_bytes()) + extra.bytes())
    return path
