"""Runs a command on so many cores and says what it took: CPU seconds, wall seconds and the most memory, of itself and its children."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    cpu: float
    wall: float
    peak: int


def run(command: list[str], output: Path, cores: int = 1) -> Cost:
    """Runs `command`, whose standard output becomes the file `output`, and ends the program if it fails. Status 1 is a finding, and no failure."""
    held = sorted(os.sched_getaffinity(0))[:cores]
    before = os.times()
    with open(output, "wb") as out, open(os.devnull, "wb") as quiet:
        begin = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=quiet, preexec_fn=lambda: os.sched_setaffinity(0, held)
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
    after = os.times()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit(f"bench: exit status {child.returncode} of: {' '.join(command)}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(cpu, wall, usage.ru_maxrss * 1024)
