# SPDX-License-Identifier: GPL-2.0-only
"""What the recording of a boot says: per operation its instructions by function, the
cache lines that it flushed, its fences, its accesses to the IOMMU's registers and the
commands that it gave.
"""
import collections
import re

EXEC = re.compile(rb"Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/")
MMIO = re.compile(rb"memory_region_ops_(read|write) .* addr (0x[0-9a-f]+) value (0x[0-9a-f]+) size \d+ name '([^']*)'")
WAIT = re.compile(rb"vtd_inv_desc_wait_sw|smmuv3_cmdq_opcode.*SMMU_CMD_SYNC")
OPCODE = re.compile(rb"smmuv3_cmdq_opcode")

# The regions of the registers.
UNITS = (b"intel_iommu", b"arm-smmuv3")
# VT-d: the register that says how far the commands go, in a queue of 256 of 32 bytes in
# both kernels.  SMMUv3: QEMU names each command.
IQT, IQ_BYTES, IQ_SLOTS = 0x88, 32, 256
MARKS = (b"edu-mmio", b"pasid-dma")
END = 0xffffffff
INTERRUPT = re.compile(r"asm_sysvec_|asm_common_interrupt|irq_entries|el1h_64_irq|vectors$")


class Costs:
    """Sums over all repetitions of one operation."""

    def __init__(self):
        self.functions = collections.Counter()
        self.sums = collections.Counter()       # lines, fences, writes, reads, waits, commands
        self.times = 0

    def per(self, key):
        return self.sums[key] / max(self.times, 1)


class Reader:
    """Goes through a recording line by line."""

    def __init__(self, symbols):
        self.symbols = symbols
        self.known = {}                                 # address -> (function, kind)
        self.found = collections.defaultdict(Costs)     # by mark
        self.now = None
        self.interrupted = None
        self.last = None
        self.tail = 0

    def execute(self, address):
        if address not in self.known:
            self.known[address] = (self.symbols.function(address), self.symbols.kinds.get(address))
        function, kind = self.known[address]
        if self.interrupted:
            if function != self.interrupted:
                return
            self.interrupted = None
        elif INTERRUPT.match(function):
            self.interrupted = self.last
            return
        self.last = function
        self.now.functions[function] += 1
        if kind:
            self.now.sums[kind] += 1

    def register(self, kind, address, value, name):
        if name in MARKS and kind == b"write":
            self.now = None if value == END else self.found[value]
            if self.now:
                self.now.times += 1
            return
        if name not in UNITS:
            return
        commands = 0
        if name == b"intel_iommu" and kind == b"write" and address & 0xfff == IQT:
            commands = (value - self.tail) // IQ_BYTES % IQ_SLOTS
            self.tail = value
        if self.now and not self.interrupted:
            self.now.sums["writes" if kind == b"write" else "reads"] += 1
            self.now.sums["commands"] += commands

    def read(self, path):
        with open(path, "rb", buffering=1 << 20) as stream:
            for line in stream:
                if line.startswith(b"Trace"):
                    if self.now:
                        self.execute(int(EXEC.match(line)[1], 16))
                elif match := MMIO.search(line):
                    self.register(match[1], int(match[2], 16), int(match[3], 16), match[4])
                elif self.now:
                    self.now.sums["waits"] += bool(WAIT.search(line))
                    self.now.sums["commands"] += bool(OPCODE.search(line))


def read(boot, symbols):
    """operation -> Costs, per repetition, of a boot that was recorded."""
    reader = Reader(symbols)
    reader.read(boot.record)
    result = {}
    for mark, (operation, repeated) in boot.marks().items():
        costs = reader.found[mark]
        costs.times *= repeated
        result[operation] = costs
    return result
