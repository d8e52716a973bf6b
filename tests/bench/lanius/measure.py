"""Runs a command on one core and says what it took: CPU seconds, wall seconds and the most memory, of itself and its children."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a run took. A launcher, such as the Python one of a package, is counted with what it starts."""

    cpu: float
    wall: float
    peak: int


def run(command: list[str], statuses: tuple[int, ...], cores: int = 1, cwd: Path | None = None, output: Path | None = None) -> Cost:
    """Runs `command` and ends the program if its exit status is none of `statuses`."""
    held = sorted(os.sched_getaffinity(0))[:cores]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LANIUS_", "GITLEAKS_", "BETTERLEAKS_"))}
    with open(output or os.devnull, "wb") as out, open(os.devnull, "wb") as quiet:
        begin = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=quiet, cwd=cwd, env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, held),
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in statuses:
        sys.exit(f"bench: exit status {child.returncode} of: {' '.join(command)}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024)
