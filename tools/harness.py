# SPDX-License-Identifier: GPL-2.0-only
"""What the build and test tools share.

Places (ROOT, BUILD, TREE, LOGS, CACHE), steps that show progress and name their
log when they fail, the environment for Kbuild, and the counts that every check
ends with.  Nothing here depends on CACHE: removing it costs time only.  Without a home
directory to write to it is below BUILD.
"""
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
TREE = BUILD / "linux"
LOGS = BUILD / "log"
CONFIGS = ROOT / "tools/testing/configs"


def cache():
    try:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linux-iommu"
        path.mkdir(parents=True, exist_ok=True)
        if os.access(path, os.W_OK):
            return path
    except (OSError, RuntimeError):     # read-only; a user without a home directory
        pass
    return BUILD / "cache"


CACHE = cache()

# What of the checkout is laid over the kernel tree.
OVERLAY = ("drivers", "include", "Documentation", "samples")
IGNORED = ("*~", "*.o", "*.orig", "*.rej", "*.cmd", ".*.sw?", ".#*", "*.pyc")

IMAGES = {"x86_64": "arch/x86/boot/bzImage", "arm64": "arch/arm64/boot/Image"}
CROSS = {"x86_64": ("x86_64", "x86_64-linux-gnu-"), "arm64": ("aarch64", "aarch64-linux-gnu-")}

# Our files that only another architecture compiles.
FOREIGN = {"x86_64": re.compile(r"/arm/"), "arm64": re.compile(r"/intel/|/pgtable/(vtd|x86)_")}

# What the kernel says on the console when something is wrong, whoever asked.
SPLATS = re.compile(
    r"WARNING: |BUG: |BUG kmalloc|BUG kmem|KASAN: |KCSAN: |KFENCE: |UBSAN: |kernel BUG at|Oops[: ]|"
    r"possible circular locking|possible recursive locking|inconsistent lock state|"
    r"suspicious RCU usage|bad unlock balance|sleeping function called|scheduling while atomic|"
    r"general protection fault|Unable to handle kernel|unreferenced object|"
    r"kmemleak: \d+ new suspected|DMA-API: (?!preallocated|debugging enabled|dma_debug)|"
    r"list_(add|del) corruption|refcount_t: |rcu: INFO: |soft lockup|hung_task|blocked for more than|"
    r"Kernel panic - not syncing: (?!VFS: Unable to mount root fs|No working init)")

_tty = sys.stdout.isatty()

# Being told to end runs the clean-up of whatever is under way.
for _number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(_number, lambda number, frame: sys.exit(128 + number))

# The locks that are held.  What a step runs inherits them: should it outlive us, nobody else
# builds in the same place before it has ended.
_held = set()


def say(text=""):
    print(text, flush=True)


def die(text):
    """Prints what is wrong and ends the tool with status 1."""
    sys.stdout.flush()
    sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def jobs():
    return int(os.environ.get("JOBS") or len(os.sched_getaffinity(0)))


def shown(path):
    """A path as the user would type it from the checkout."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def log_for(name):
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{name}.log"


@contextlib.contextmanager
def locked(name):
    """Holds build/NAME.lock, so that two tools in one checkout take turns."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / f".{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"   waiting for another '{name}' step in this checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        _held.add(lock.fileno())
        try:
            yield
        finally:
            _held.remove(lock.fileno())


def tail(log, lines=25):
    text = Path(log).read_text(errors="replace").splitlines()
    return "\n".join("   | " + line for line in text[-lines:])


class Progress:
    """A line that is rewritten each second on a terminal, a line each 20 s elsewhere."""

    def __init__(self):
        self.start = self.last = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.start

    def show(self, text):
        now = time.monotonic()
        if _tty:
            print(f"\r   {text}, {self.seconds():.0f} s\033[K", end="", flush=True)
        elif now - self.last >= 20:
            say(f"   {text}, {self.seconds():.0f} s")
        else:
            return
        self.last = now

    def clear(self):
        if _tty:
            print("\r\033[K", end="", flush=True)


class Count:
    """How many lines of a growing log match a pattern."""

    def __init__(self, log, pattern):
        self.log, self.pattern, self.offset, self.seen = log, re.compile(pattern, re.M), 0, 0

    def update(self):
        with open(self.log, errors="replace") as stream:
            stream.seek(self.offset)
            text = stream.read()
        whole = text.rfind("\n") + 1
        self.offset += len(text[:whole].encode(errors="replace"))
        self.seen += len(self.pattern.findall(text[:whole]))
        return self.seen


def step(title, argv, log, pattern=r"^", unit="lines", expect=0, check=True, **popen):
    """Runs argv with its output in a log; shows the title, progress and duration.

    The progress counts the lines of the log that match pattern, of about expect.
    With check a failure prints the end of the log and ends the tool.
    Returns (exit status, lines counted).
    """
    say(f"== {title}")
    progress = Progress()
    with open(log, "wb") as out:
        proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT, start_new_session=True, pass_fds=_held, **popen)
    count = Count(log, pattern)
    try:
        while True:
            try:
                proc.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                of = f" of about {expect}" if expect > count.update() else ""
                progress.show(f"{count.seen}{of} {unit}")
    finally:
        progress.clear()
        if proc.poll() is None:
            os.killpg(proc.pid, signal.SIGTERM)
            proc.wait()
    count.update()
    if proc.returncode and check:
        say(tail(log))
        die(f"'{title}' failed (exit status {proc.returncode}); the log is {shown(log)}")
    say(f"   {count.seen} {unit} in {progress.seconds():.0f} s")
    return proc.returncode, count.seen


def tool(*argv):
    """Runs another tool, which says itself what is wrong; ends it first when we are ended.

    Returns its exit status.
    """
    proc = subprocess.Popen([str(word) for word in argv])
    try:
        return proc.wait()
    except BaseException:
        proc.terminate()
        proc.wait()
        raise


def need(*argv):
    """Runs another tool; ends this one, with its status, when it failed."""
    if status := tool(*argv):
        sys.exit(status)


def kbuild_env():
    """The environment for Kbuild: ccache when it is there, nothing of our own make."""
    env = dict(os.environ, LC_ALL="C", CCACHE_NOHASHDIR="1")
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARCH", "CONFIG", "KSRC", "O", "V"):
        env.pop(name, None)
    env.setdefault("CCACHE_DIR", str(CACHE / "ccache"))
    env.setdefault("CCACHE_MAXSIZE", "10G")
    if os.path.isdir("/usr/lib/ccache") and shutil.which("ccache"):
        env["PATH"] = "/usr/lib/ccache:" + env["PATH"]
    return env


def cross(arch):
    """The prefix of the tools that build for an architecture; empty for the machine's own."""
    machine, prefix = CROSS[arch]
    return "" if os.uname().machine == machine else prefix


def compiler_version(arch):
    return subprocess.run([cross(arch) + "gcc", "--version"], capture_output=True, check=True).stdout


def kbuild(tree, out, arch, *args):
    """The make command line that builds in tree/out (out is relative to tree)."""
    argv = ["make", "-C", str(tree), f"O={out}", f"ARCH={arch}", f"-j{jobs()}"]
    if cross(arch):
        argv.append(f"CROSS_COMPILE={cross(arch)}")
    return argv + list(args)


def outdir(arch, config):
    """The output directory of a configuration, a child of the tree.

    Kbuild then calls the sources "..", whatever the checkout is called, and
    ccache finds what another checkout compiled.
    """
    return arch if config == "test" else f"{arch}-{config}"


def our_files(*suffixes, root=ROOT, under=OVERLAY):
    """Our files in the overlay, relative to the checkout, sorted."""
    found = []
    for top in under:
        for path in (root / top).rglob("*"):
            name = path.name
            if not path.is_file() or any(Path(name).match(glob) for glob in IGNORED):
                continue
            if not suffixes or name.endswith(suffixes):
                found.append(str(path.relative_to(root)))
    return sorted(found)


SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


class Counts:
    """Passed, failed and skipped checks; prints as the last line of every check."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @classmethod
    def parse(cls, line):
        match = SUMMARY.match(line.strip())
        return cls(*map(int, match.groups())) if match else None
