"""Measures how fast repokid takes in CloudTrail, beside `gzip -dc | jq` and DuckDB: the distinct (principal, event, resource, error) of the
same files (`repokid usage distinct`), on one core, round after round in turn. That the answers are the same is seen to before speed.
`repokid analyze` reads the same files, and maps each event to actions and resources beside. Last, it analyses roles that hold everything.

Speed is CPU seconds of the program and all that it starts, which is sturdy on a machine that does other things too; only what the second
thread gains is told by the clock. A program and not a test: what it prints is looked at, and its raw figures stay in `tests/bench/runs`.
"""

import argparse
import csv
import filecmp
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import corpus
import details
import peers
from measure import Cost, run


ROLES = 100
ONE, MANY = "1 role with *", f"{ROLES} roles with *"
ANSWERS = ["repokid", "repokid, 2 threads", "gzip -dc | jq", "DuckDB"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="repokid", description=__doc__)
    parser.add_argument("repokid", type=Path, help="the program that is measured")
    parser.add_argument("target", type=Path, help="the folder of builds, where logs and peers are kept")
    parser.add_argument("runs", type=Path, help="where the raw figures go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-rounds", type=int, default=3)
    parser.add_argument("--mb", type=int, default=320, help="length of the logs, decompressed")
    arguments = parser.parse_args()
    work = (arguments.target / "bench-repokid").resolve()
    work.mkdir(parents=True, exist_ok=True)
    logs = work / "logs"
    length = corpus.make(logs, arguments.mb * 1_000_000)
    repokid = str(arguments.repokid.resolve())
    distinct = [repokid, "usage", "distinct", str(logs), "--threads"]
    analyze = [repokid, "analyze", "--threads", "1", "--as-of", corpus.END, "--assume-complete", "--authorization-details"]
    tools: dict[str, tuple[list[str], int, int]] = {
        "repokid": ([*distinct, "1"], 1, arguments.rounds),
        "repokid, 2 threads": ([*distinct, "2"], 2, arguments.rounds),
        "repokid analyze": ([*analyze, str(details.of_corpus(work)), "--cloudtrail", str(logs)], 1, arguments.rounds),
        ONE: ([*analyze, str(details.of_everything(work, 1)), "--cloudtrail", str(empty(work))], 1, arguments.rounds),
        MANY: ([*analyze, str(details.of_everything(work, ROLES)), "--cloudtrail", str(empty(work))], 1, arguments.rounds),
        "gzip -dc": (["bash", "-c", f"find '{logs}' -name '*.json.gz' -print0 | xargs -0 gzip -dc"], 1, arguments.peer_rounds),
        "gzip -dc | jq": (peers.jq(logs), 1, arguments.peer_rounds),
        "DuckDB": (peers.duckdb(work, logs), 1, arguments.peer_rounds),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in tools}
    answers: dict[str, Path] = {}
    for round in range(max(arguments.rounds, arguments.peer_rounds)):
        for name, (command, cores, rounds) in tools.items():
            if round < rounds:
                output = work / "answer"
                cost = run(command, output, cores)
                costs[name].append(cost)
                print(f"{name:20} {cost.cpu:9.3f} CPU-s {cost.wall:9.3f} s", flush=True)
                if round == 0 and name in ANSWERS:
                    answers[name] = sort(output, work / f"answer-{len(answers)}")
        if round == 0:
            compare(answers)
    write(arguments.runs, length, costs)
    show(length, costs)


def empty(work: Path) -> Path:
    """A folder with one event that nobody of the details did: its account has logs, and they show nothing."""
    folder = work / "one-event"
    folder.mkdir(exist_ok=True)
    (folder / "event.json").write_text(corpus.alone(details.ACCOUNT))
    return folder


def sort(answer: Path, target: Path) -> Path:
    """In a process of its own: what this one has in memory would count as theirs that it starts."""
    subprocess.run(["sort", "-u", "-o", str(target), str(answer)], check=True, env=os.environ | {"LC_ALL": "C"})
    return target


def compare(answers: dict[str, Path]) -> None:
    ours = answers["repokid"]
    for name, theirs in answers.items():
        if not filecmp.cmp(ours, theirs, shallow=False):
            sys.exit(f"bench: {name} and repokid differ: see {ours} and {theirs}")
    with ours.open("rb") as lines:
        print(f"all have the same {sum(1 for _ in lines)} answers")


def write(folder: Path, length: int, costs: dict[str, list[Cost]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"repokid-{int(time.time())}.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["input", "tool", "round", "bytes", "cpu_seconds", "wall_seconds", "peak_bytes"])
        for name, runs in costs.items():
            for round, cost in enumerate(runs):
                writer.writerow(["roles" if name in (ONE, MANY) else "cloudtrail", name, round, length, round_to(cost.cpu), round_to(cost.wall), cost.peak])
    print(f"raw figures: {path}")


def round_to(seconds: float) -> float:
    return int(seconds * 10_000 + 0.5) / 10_000


def show(length: int, costs: dict[str, list[Cost]]) -> None:
    cpu = {name: statistics.median(cost.cpu for cost in runs) for name, runs in costs.items()}
    print(f"\n{'tool':20} {'CPU s':>9} {'MB/CPU-s':>9} {'of repokid':>10} {'peak MiB':>9}")
    for name, runs in costs.items():
        if name in (ONE, MANY):
            continue
        peak = max(cost.peak for cost in runs) / (1 << 20)
        print(f"{name:20} {cpu[name]:9.3f} {length / cpu[name] / 1e6:9.0f} {cpu[name] / cpu['repokid']:10.2f} {peak:9.0f}")
    one, two = (min(cost.wall for cost in costs[name]) for name in ("repokid", "repokid, 2 threads"))
    print(f"\ningest: {length / cpu['repokid'] / 1e9:.2f} GB of text for a CPU second (0.4)")
    print(f"jq: {cpu['gzip -dc | jq'] / cpu['repokid']:.1f} x our CPU (15); DuckDB: {cpu['DuckDB'] / cpu['repokid']:.1f} x (10)")
    print(f"analyze: {length / cpu['repokid analyze'] / 1e9:.2f} GB of text for a CPU second (0.4)")
    print(f"a role with *: {(cpu[MANY] - cpu[ONE]) / (ROLES - 1) * 1e3:.1f} ms of CPU (10)")
    print(f"two threads: {one / two:.2f} x as fast by the clock (1.8), at best of each; load average {os.getloadavg()[0]:.1f}")


main()
