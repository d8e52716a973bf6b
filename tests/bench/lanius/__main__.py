"""Measures lanius beside what a user would pick instead, each from its package: Kingfisher, Betterleaks, Gitleaks, detect-secrets and
ripsecrets. Same input, on one core, round after round in turn; findings are compared before speed.

Speed is bytes for a second of CPU, which is sturdy on a machine that does other things too; only the start-up and the second thread are
told by the clock. A program and not a test: what it prints is looked at, and its raw figures stay in `tests/bench/runs`.
"""

import argparse
import sys
import time
from pathlib import Path

import inputs
import peers
from measure import Cost, run
from planted import in_files
from table import Row, Table

STARTS = 30
OWN_RULES = 500


class Bench:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.program: Path = arguments.lanius.resolve()
        self.work: Path = (arguments.target / "bench-lanius").resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.arguments, self.rounds, self.table = arguments, arguments.rounds, Table()
        self.lanius = peers.lanius(self.program)
        self.peers = peers.peers(self.work, arguments.target / "tools", arguments.environments)
        self.source = inputs.tree(self.work, arguments.source)

    def scan(self, scanner: peers.Scanner, path: Path, history: bool) -> tuple[Cost, Path]:
        report = self.work / f"{scanner.name}.json"
        report.unlink(missing_ok=True)
        command = (scanner.history if history else scanner.files)(path, report)
        cost = run(command, scanner.statuses, cwd=self.work, output=report if scanner.to_stdout else None)
        if not report.is_file():
            sys.exit(f"bench: no report of: {' '.join(command)}")
        return cost, report

    def compare(self, name: str, path: Path, bytes: int, planted: set[str], scanners: list[peers.Scanner], history: bool = False) -> None:
        """All scanners on one input, in turn."""
        for round in range(self.rounds):
            for scanner in scanners:
                cost, report = self.scan(scanner, path, history)
                places = {(file.rsplit("/", 1)[-1], first, last) for file, first, last in scanner.places(report)}
                told = {f"{file}:{line}" for file, first, last in places for line in range(first, last + 1)} & planted
                others = sum(1 for file, first, last in places if not any(f"{file}:{line}" in planted for line in range(first, last + 1)))
                self.add(name, scanner.name, round, bytes, cost, len(planted), len(told), others)

    def add(self, input: str, tool: str, round: int, bytes: int, cost: Cost, *findings: int) -> None:
        self.table.add(Row(input, tool, round, bytes, cost.cpu, cost.wall, cost.peak, *findings))

    def own(self, name: str, tool: str, round: int, bytes: int, arguments: list[str], cores: int = 1) -> None:
        self.add(name, tool, round, bytes, run([str(self.program), *arguments], (0, 1), cores))

    def on_the_tree(self) -> None:
        planted = in_files(self.source / "planted", 2)
        bytes = inputs.size(self.source)
        for round in range(self.rounds):
            self.add("source tree", "cat", round, bytes, run(["find", str(self.source), "-type", "f", "-exec", "cat", "{}", "+"], (0,)))
        fast = [scanner for scanner in self.peers if not scanner.slow]
        self.compare("source tree", self.source, bytes, planted, [self.lanius, *fast])
        part = inputs.subset(self.source, self.work / "part")
        self.compare("small tree", part, inputs.size(part), planted, [self.lanius, *self.peers])

    def with_more_rules(self) -> None:
        rules, bytes = inputs.rules(self.work / "own.toml", OWN_RULES), inputs.size(self.source)
        scan = ["scan", "--no-progress", "--no-config", "--threads", "1", "--format", "jsonl", "-o", str(self.work / "own.report")]
        for round in range(self.rounds):
            self.own("source tree, own rules", "lanius", round, bytes, [*scan, str(self.source)])
            self.own("source tree, own rules", f"lanius, {OWN_RULES} rules more", round, bytes, [*scan, "--rules", str(rules), str(self.source)])

    def on_two_cores(self) -> None:
        bytes = inputs.size(self.source)
        scan = ["scan", "--no-progress", "--no-config", "--format", "jsonl", "-o", str(self.work / "own.report"), str(self.source)]
        for round in range(self.rounds):
            for threads in [1, 2]:
                self.own("source tree, two cores", f"lanius, threads: {threads}", round, bytes, [*scan, "--threads", str(threads)], threads)

    def on_the_log(self) -> None:
        log, planted, density = inputs.log(self.work, self.arguments.log_mb * 1_000_000)
        print(f"log: {density}")
        bytes = log.stat().st_size
        # A program whose comparison with lanius would take minutes has been compared on the small tree.
        self.compare("log", log, bytes, planted, [self.lanius, *[scanner for scanner in self.peers if not scanner.slow]])
        for round in range(self.rounds):
            self.own("log", "lanius redact", round, bytes, ["redact", str(log), "-o", str(self.work / "redacted.log")])

    def on_history(self) -> None:
        repository = inputs.history(self.work, self.arguments.history, self.arguments.synthesise, self.source)
        planted = inputs.planted_commit(repository, self.work, 2)
        packs = sum(pack.stat().st_size for pack in (repository / "objects/pack").glob("*.pack"))
        self.compare("history", repository, packs, planted, [self.lanius, *[peer for peer in self.peers if peer.history]], history=True)
        state = self.work / "history.state"
        state.unlink(missing_ok=True)
        for number, what in enumerate(["all of it", "nothing new", "one commit more"]):
            if what == "one commit more":
                inputs.commit(repository, {"new.txt": b"a line\n" * 40}, "More\n")
            arguments = ["--git", str(repository), "--state", str(state), "-o", str(self.work / "state.report"), "--format", "jsonl"]
            self.own("history, --state", what, number, 0, ["scan", "--no-progress", "--no-config", "--threads", "1", *arguments])

    def starting(self) -> None:
        empty = self.work / "empty"
        empty.touch()
        for round in range(STARTS):
            self.own("start", "lanius", round, 0, ["scan", "--no-progress", "--no-config", "--threads", "1", str(empty)])

    def verdicts(self) -> None:
        """What the issue asks for, and what was measured."""
        cpu = self.table.cpu

        def fastest(input: str) -> float:
            return min(cpu(row.input, row.tool) for row in self.table.rows if row.input == input and row.tool in ("Kingfisher", "Betterleaks", "Gitleaks"))

        measured = {row.input for row in self.table.rows}
        says = []
        if "source tree" in measured:
            says.append(f"source tree: {fastest('source tree') / cpu('source tree', 'lanius'):.1f} x less CPU than the fastest peer (4)")
        if "source tree, own rules" in measured:
            more = cpu("source tree, own rules", f"lanius, {OWN_RULES} rules more") / cpu("source tree, own rules", "lanius") - 1
            says.append(f"{OWN_RULES} rules more: {more:+.0%} CPU (25 %)")
        if "source tree, two cores" in measured:
            one, two = (self.table.median("source tree, two cores", f"lanius, threads: {threads}", "wall_seconds") for threads in (1, 2))
            says.append(f"two cores: {one / two:.2f} x as fast by the clock (1.8)")
        if "log" in measured:
            rate = self.table.median("log", "lanius", "bytes") / cpu("log", "lanius") / 1e6
            says.append(f"log: {rate:.0f} MB for a CPU second (800)")
        if "history" in measured:
            says.append(f"history: {fastest('history') / cpu('history', 'lanius'):.1f} x less CPU than the fastest peer (5)")
            share = cpu("history, --state", "one commit more") / cpu("history, --state", "all of it")
            says.append(f"one commit more: {share:.2%} of the first scan (1 %)")
        if "start" in measured:
            says.append(f"start: {self.table.median('start', 'lanius', 'wall_seconds') * 1000:.1f} ms by the clock (15)")
        print("\n" + "\n".join(says))


PARTS = {
    "start": Bench.starting,
    "tree": Bench.on_the_tree,
    "rules": Bench.with_more_rules,
    "cores": Bench.on_two_cores,
    "log": Bench.on_the_log,
    "history": Bench.on_history,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="lanius", description=__doc__)
    parser.add_argument("lanius", type=Path, help="the program, built as it is released")
    parser.add_argument("target", type=Path, help="the folder of builds, where inputs and peers are kept")
    parser.add_argument("synthesise", type=Path, help="the program that makes a history, an example of menagerie-git")
    parser.add_argument("runs", type=Path, help="where the raw figures go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--log-mb", type=int, default=1000, help="length of the log")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--environments", type=Path, help="a folder that has the peers already, as v-PACKAGE")
    parser.add_argument("--source", type=Path, help="an unpacked linux-source")
    parser.add_argument("--history", type=Path, help="a repository to clone, in place of a made one")
    arguments = parser.parse_args()
    begin, bench = time.monotonic(), Bench(arguments)
    for part in arguments.only:
        PARTS[part](bench)
    bench.table.write(arguments.runs)
    bench.table.show()
    bench.verdicts()
    print(f"took {time.monotonic() - begin:.0f} s")


main()
