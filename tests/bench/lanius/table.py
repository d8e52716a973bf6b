"""The figures: raw as CSV, medians and ratios for people."""

import csv
import os
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One run. `planted` is how many credentials were planted, `found` how many of them were reported, `others` how many places beside."""

    input: str
    tool: str
    round: int
    bytes: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    planted: int | None = None
    found: int | None = None
    others: int | None = None


class Table:
    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        self.rows.append(row)
        print(f"{row.input:34} {row.tool:26} {row.cpu_seconds:9.3f} CPU-s {row.wall_seconds:9.3f} s", flush=True)

    def cpu(self, input: str, tool: str) -> float:
        return self.median(input, tool, "cpu_seconds")

    def median(self, input: str, tool: str, figure: str) -> float:
        return statistics.median(getattr(row, figure) for row in self.rows if (row.input, row.tool) == (input, tool))

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"lanius-{int(time.time())}.csv"
        with path.open("w", newline="") as out:
            writer = csv.DictWriter(out, list(asdict(self.rows[0])), lineterminator="\n")
            writer.writeheader()
            for row in self.rows:
                writer.writerow({name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()})
        print(f"raw figures: {path}")

    def show(self) -> None:
        load = os.getloadavg()[0]
        print(f"\n{'input':34} {'tool':26} {'CPU s':>9} {'MB/CPU-s':>9} {'of lanius':>9} {'peak MiB':>9} {'found':>9} {'others':>7}")
        seen = dict.fromkeys((row.input, row.tool) for row in self.rows)
        for input, tool in seen:
            rows = [row for row in self.rows if (row.input, row.tool) == (input, tool)]
            cpu = self.cpu(input, tool)
            rate = f"{rows[0].bytes / cpu / 1e6:.0f}" if rows[0].bytes and cpu else ""
            ratio = f"{cpu / self.cpu(input, 'lanius'):.2f}" if (input, "lanius") in seen else ""
            found = f"{rows[0].found}/{rows[0].planted}" if rows[0].planted is not None else ""
            others = "" if rows[0].others is None else rows[0].others
            peak = max(row.peak_bytes for row in rows) / (1 << 20)
            print(f"{input:34} {tool:26} {cpu:9.3f} {rate:>9} {ratio:>9} {peak:9.0f} {found:>9} {others:>7}")
        print(f"load average at the end: {load:.1f}")
