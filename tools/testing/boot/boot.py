# SPDX-License-Identifier: GPL-2.0-only
"""One boot: runs a scenario in a machine, reads the console, judges.

The guest's results are records of the kernel log that start with "boot: ", in KTAP
but for four lines of our own: "host ..." is a request to the monitor, "expect faults
BDF" announces DMA faults of one device, "show ..." is for the demonstration, and
"done" is the last.
"""
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import dmar
import guest
import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import SPLATS  # noqa: E402

RECORD = re.compile(r"(?:^|\] )boot: (.*)$")
RESULT = re.compile(r"^(ok|not ok) (\d+)(?: - (.*?))?(?: # SKIP ?(.*))?$")
PLAN = re.compile(r"^1\.\.(\d+)$")
FAULT = re.compile(r"DMAR: .*(?:fault addr|handling fault)|AMD-Vi: Event logged|virtio_iommu.* fault|arm-smmu\S* \S+: event ")
NO_DEVICE = re.compile(r"handling fault|no device of ours")
DISK = 16 << 20

# On a busy host QEMU has been seen to lose a timer interrupt of a CPU's local APIC, for
# which the guest's timers of that CPU then wait for ever: RCU complains of a timer, and
# of a CPU that idles.
LOST_TIMER = ("kthread timer wakeup didn't happen", "skipped: idling at")


@dataclass
class Outcome:
    """What came of a boot; every complaint starts with one line that says it all."""
    scenario: object
    log: Path
    passed: int = 0
    skipped: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    seconds: float = 0
    tries: int = 1

    @property
    def good(self):
        return not self.failed

    def complain(self, text):
        """Adds what is wrong; the kernel may say the same a thousand times."""
        if text not in self.failed:
            self.failed.append(text)


class Judge:
    """Takes the console line by line."""

    def __init__(self, scenario, outcome, monitor, show):
        self.scenario, self.outcome, self.monitor, self.show = scenario, outcome, monitor, show
        self.seen = 0
        self.plan = None
        self.done = False
        self.faulty = set()
        self.last = ""
        self.bad = False            # the last result
        self.symptoms = set()       # of LOST_TIMER

    def line(self, text):
        match = RECORD.search(text)
        if match:
            self.record(match[1])
            return
        self.symptoms.update(symptom for symptom in LOST_TIMER if symptom in text)
        allowed = self.scenario.allow and re.search(self.scenario.allow, text)
        if SPLATS.search(text) and not allowed:
            self.outcome.complain(f"the kernel complains: {text}")
        if FAULT.search(text) and not any(bdf in text or NO_DEVICE.search(text) for bdf in self.faulty):
            self.outcome.complain(f"an unexpected DMA fault: {text}")

    def record(self, text):
        if match := RESULT.match(text):
            self.result(match)
        elif match := PLAN.match(text):
            self.plan = int(match[1])
        elif text.startswith("host "):
            self.monitor.request(text.split()[1:])
        elif text.startswith("expect faults "):
            self.faulty.add(text.split()[2].removeprefix("0000:"))
        elif text.startswith("show") and self.show:
            self.show(text[5:])
        elif text.startswith("# ") and self.bad:
            self.outcome.failed[-1] += f"\n            {text}"
        elif text == "done":
            self.done = True

    def result(self, match):
        verdict, number, text, reason = match.groups()
        self.seen += 1
        self.last = text
        if int(number) != self.seen:
            self.outcome.failed.append(f"result {self.seen} is lost before: {text}")
            self.seen = int(number)
        self.bad = verdict == "not ok"
        if self.bad:
            self.outcome.failed.append(f"not ok {number} - {text}")
        elif reason is not None:
            self.outcome.skipped.append(f"{text}: {reason}")
        else:
            self.outcome.passed += 1

    def end(self, timed_out):
        """Complaints about a guest that did not come to its end."""
        after = f" after '{self.last}'" if self.last else " before its first result"
        if timed_out:
            self.outcome.failed.append(f"no end within the deadline,{after}")
        elif not self.done:
            self.outcome.failed.append(f"the guest stopped{after}")
        elif self.plan != self.seen:
            self.outcome.failed.append(f"{self.seen} results instead of {self.plan}")
        self.outcome.failed += [f"QEMU's monitor: {text}" for text in self.monitor.errors]


def run(scenario, *args, **kwargs):
    """Boots a scenario, once more if QEMU lost a timer; returns its Outcome.

    The arguments are those of run_once().
    """
    lost, outcome = run_once(scenario, *args, **kwargs)
    if lost:
        seconds = outcome.seconds
        _, outcome = run_once(scenario, *args, **kwargs)
        outcome.tries, outcome.seconds = 2, outcome.seconds + seconds
    return outcome


def run_once(scenario, arch, kernel, initrd, log, slow=1, show=None, running=None):
    """Boots a scenario; returns whether QEMU lost a timer, and the Outcome.

    slow multiplies the deadline; show gets the guest's lines for the reader; running
    is a set of machines that the caller can end.
    """
    outcome = Outcome(scenario, log)
    start = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="boot-"))
    try:
        if scenario.dmar:
            initrd = guest.with_table(initrd, dmar.TABLES[scenario.dmar], work / "initrd")
        if scenario.payload:
            initrd = guest.with_files(initrd, {"kernel": kernel, "initrd": initrd}, work / "initrd")
        disks = {name: machine.sparse(work / name, DISK) for name in scenario.disks}
        box = machine.Machine(machine.argv(arch, scenario, kernel, initrd, disks), scenario.deadline * slow)
        if running is not None:
            running.add(box)
        judge = Judge(scenario, outcome, box.monitor, show)
        try:
            with open(log, "w", encoding="utf-8", buffering=1) as stream:
                for line in box.lines():
                    stream.write(line + "\n")
                    judge.line(line)
        except BaseException:
            box.kill()
            raise
        finally:
            status = box.close()
            if running is not None:
                running.discard(box)
        judge.end(box.timed_out)
        if status and not box.timed_out:
            outcome.failed.append(f"QEMU ended with status {status}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    outcome.seconds = time.monotonic() - start
    return box.timed_out and judge.symptoms == set(LOST_TIMER), outcome
