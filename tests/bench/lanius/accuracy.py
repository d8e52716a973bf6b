"""Recall and precision of lanius and its peers on the labelled corpus (`labelled.py`), each at its defaults and offline.

A place is a line of a file. One that holds a secret and is reported is found; a report on any other line is false. A private key counts
once. A program and not a test: it prints the table, and with `--list` what lanius missed and what it told wrongly.
"""

import argparse
import shutil
import sys
from collections import Counter
from pathlib import Path

import peers
from labelled import plant, templates
from measure import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="accuracy", description=__doc__)
    parser.add_argument("lanius", type=Path, help="the program, built as it is released")
    parser.add_argument("work", type=Path, help="a folder for the corpus, the reports and the peers")
    parser.add_argument("--half", choices=["tuning", "held-out", "both"], default="both")
    parser.add_argument("--copies", type=int, default=5, help="how often each template is filled in")
    parser.add_argument("--environments", type=Path, help="a folder that has the peers already, as v-PACKAGE")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--list", action="store_true", help="print what lanius missed and what it told wrongly")
    arguments = parser.parse_args()

    work = arguments.work.resolve()
    corpus = work / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    wanted = {"tuning": [False], "held-out": [True], "both": [False, True]}[arguments.half]
    chosen = [template for template in templates() if template.held_out() in wanted]
    truth = plant(corpus, chosen, arguments.copies)
    secrets = {(file, first, last): said for file, places in truth.items() for first, last, said in places}
    print(f"{len(chosen)} templates, {len(truth)} files, {len(secrets)} places with secrets")

    scanners = [peers.lanius(arguments.lanius.resolve())]
    if not arguments.alone:
        scanners += peers.peers(work, work / "tools", arguments.environments)
    print(f"{'':15} {'found':>6} {'missed':>6} {'false':>6} {'recall':>7} {'precision':>9} {'F1':>6}")
    for scanner in scanners:
        report = work / f"{scanner.name}.json"
        report.unlink(missing_ok=True)
        run(scanner.files(corpus, report), scanner.statuses, cwd=work, output=report if scanner.to_stdout else None)
        if not report.is_file():
            sys.exit(f"accuracy: {scanner.name} wrote no report")
        told = {(str(Path(work, file)), line) for file, first, last in scanner.places(report) for line in range(first, last + 1)}
        found = {place for place in secrets if any((place[0], line) in told for line in range(place[1], place[2] + 1))}
        right = {(file, line) for file, first, last in secrets for line in range(first, last + 1)}
        wrong = told - right
        recall, precision = len(found) / len(secrets), len(found) / max(1, len(found) + len(wrong))
        f1 = 2 * recall * precision / max(1e-9, recall + precision)
        print(f"{scanner.name:15} {len(found):6} {len(secrets) - len(found):6} {len(wrong):6} {recall:7.1%} {precision:9.1%} {f1:6.3f}")
        if arguments.list and scanner.name == "lanius":
            listing(corpus, {place: said for place, said in secrets.items() if place not in found}, wrong)


def listing(corpus: Path, missed: dict[tuple[str, int, int], str], wrong: set[tuple[str, int]]) -> None:
    def template(file: str) -> str:
        return "/".join(Path(file).relative_to(corpus).parts[1:])

    for (file, said), count in sorted(Counter((template(file), said) for (file, _, _), said in missed.items()).items()):
        print(f"missed {count:3} {file}: {said}")
    lines = Counter((template(file), number, Path(file).read_text().split("\n")[number - 1][:160]) for file, number in wrong)
    for (file, number, line), count in sorted(lines.items()):
        print(f"false {count:3} {file}:{number}: {line}")


main()
