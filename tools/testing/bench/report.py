# SPDX-License-Identifier: GPL-2.0-only
"""The table, its verdicts, and its forms: text, CSV and a plot."""
import csv
import math
import shutil
import subprocess
from dataclasses import dataclass, field

# The most that an operation may cost, as a part of what it costs on the base kernel.
# What is not here may not cost more than there.
TARGETS = {
    "map 4K": 0.35,
    "unmap 4K": 0.50,
    "iova_to_phys 4K": 0.30,
    "map_sg 256x4K": 0.06,
    "unmap of map_sg 256x4K": 0.60,
    "map 1M in 4K": 0.50,
    "map 64M in 2M": 0.40,
    "map 1G": 0.40,
    "dma_map_page 4K": 0.60,
    "dma_unmap_page 4K": 0.60,
    "dma_map_page 4K, lazy": 0.60,
    "dma_unmap_page 4K, lazy": 0.60,
    "attach": 0.80,
    # Beside ida, which the base takes PASIDs from.
    "PASID alloc, 1 id": 2.00,
    "PASID alloc, 1000 ids": 2.00,
    "PASID alloc, 1000000 ids": 2.00,
    "PASID free, 1 id": 2.00,
    "PASID free, 1000 ids": 2.00,
    "PASID free, 1000000 ids": 2.00,
    # Keeps data for each number, ida does not.
    "PASID bytes each, 1000 ids": math.inf,
    "PASID bytes each, 1000000 ids": math.inf,
    "PASID find, 1 id": 60,
    "PASID find, 1000 ids": 60,
    "PASID find, 1000000 ids": 60,
}

# What may not grow with the number of domains: by a quarter at most.
FLAT = {f"aux {verb}, {many} domains": f"aux {verb}, 1 domain" for verb in ("attach", "detach") for many in (100, 4000)}
FLAT_LIMIT = 1.25

COUNTED = (("commands", "invalidation commands"), ("waits", "of them waits"), ("lines", "flushed cache lines"),
           ("fences", "fences"), ("writes", "register writes"), ("reads", "register reads"))
# Of these never more than the base, where something is unmapped.
NEVER_MORE = ("commands", "waits")


@dataclass
class Row:
    """An operation: instructions, or bytes; base is None where it has nothing alike."""
    operation: str
    base: float | None
    ours: float
    unit: str = "instructions"
    counts: dict = field(default_factory=dict)      # key -> (base, ours)
    limit: float | None = None                      # of one that FLAT names

    def ratio(self):
        return self.ours / self.base if self.base else None

    def target(self):
        if self.limit:
            return self.limit
        return TARGETS.get(self.operation, 1.0 if self.base else math.inf)

    def faults(self):
        """What is not as it should be, as words."""
        value = self.ratio() if self.base else self.ours
        if value > self.target() + 1e-9:
            yield f"{value:.2f} is more than {self.target():.2f}"
        if "unmap" in self.operation:
            for key, what in COUNTED:
                base, ours = self.counts.get(key, (0, 0))
                if key in NEVER_MORE and ours > base + 1e-9:
                    yield f"{what}: {ours:g}, base {base:g}"


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.1f}"


def mean(rows):
    ratios = [row.ratio() for row in rows if row.base and row.unit == "instructions" and row.ours]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def table(rows):
    """The lines of the main table."""
    yield f"{'operation':<28}{'base':>10}{'ours':>10}{'ratio':>8}{'at most':>9}"
    for row in rows:
        ratio = f"{row.ratio():.2f}" if row.base else "-"
        limit = "-" if math.isinf(row.target()) else f"{row.target():.2f}" if row.base else number(row.target())
        verdict = "  MISSED" if any(row.faults()) else ""
        yield f"{row.operation:<28}{number(row.base):>10}{number(row.ours):>10}{ratio:>8}{limit:>9}{verdict}"
    if mean(rows):
        yield f"{'geometric mean':<28}{'':>20}{mean(rows):>8.2f}"


def table_of_counts(rows):
    """What instruction counts do not show, base and ours, per operation."""
    yield f"{'base / ours, each':<28}" + "".join(f"{key:>15}" for key, _ in COUNTED)
    for row in rows:
        if row.counts:
            cells = (f"{number(row.counts[key][0])} / {number(row.counts[key][1])}" for key, _ in COUNTED)
            yield f"{row.operation:<28}" + "".join(f"{cell:>15}" for cell in cells)


def write_csv(rows, path):
    with open(path, "w", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["operation", "unit", "base", "ours", "ratio", "target",
                      *(f"{key} {who}" for key, _ in COUNTED for who in ("base", "ours"))])
        for row in rows:
            counts = [f"{value:g}" for key, _ in COUNTED for value in row.counts.get(key, ("nan", "nan"))] \
                if row.counts else [""] * (2 * len(COUNTED))
            out.writerow([row.operation, row.unit, "" if row.base is None else f"{row.base:g}", f"{row.ours:g}",
                          f"{row.ratio():.4f}" if row.base else "",
                          "" if math.isinf(row.target()) else row.target(), *counts])


PLOT = """set terminal svg size 900,{height} font "sans,12" noenhanced background "white"
set output "{svg}"
set title "{title}"
set style fill solid 0.8 noborder
set xrange [0:{right}]
set yrange [-1:{rows}]
set xlabel "instructions, base kernel = 1"
set ytics out nomirror
set grid xtics
set key outside bottom center horizontal
set boxwidth 0.35
$data << END
{data}
END
plot $data using (1):0:(0):(1):($0-0.35):($0-0.02):ytic(1) with boxxyerror lc rgb "#b0b0b0" title "base", \\
     $data using 2:0:(0):2:($0+0.02):($0+0.35) with boxxyerror lc rgb "#2060a0" title "ours", \\
     $data using 3:0 with points pt 2 lc rgb "#c02020" title "target"
"""


def plot(rows, title, svg):
    """Draws the ratios; without gnuplot there is no picture.  Returns whether there is."""
    rows = [row for row in reversed(rows) if row.base and row.unit == "instructions"]
    if not shutil.which("gnuplot"):
        return False
    data = "\n".join(f'"{row.operation}" {row.ratio():.4f} {min(row.target(), 2.0):.2f}' for row in rows)
    right = max([1.2, *(row.ratio() * 1.05 for row in rows)])
    script = PLOT.format(height=100 + 26 * len(rows), svg=svg, title=title, rows=len(rows), data=data,
                         right=f"{right:.2f}")
    return subprocess.run(["gnuplot"], input=script, text=True, check=False).returncode == 0
