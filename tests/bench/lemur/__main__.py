"""Measures `lemur serve` as its clients meet it, beside its peers: certificates by REST (PyPI `django-ca`, whose REST API signs a CSR too) and
whole ACME flows by dns-01 (Debian's pebble, which keeps all in memory). Then lists at a million rows, and revocation lists of a million.

Speed is CPU seconds of the service and of its database, of each certificate: sturdy on a machine that does other things too. A program and
not a test: what it prints is looked at, and its raw figures stay in `tests/bench/runs`.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import peer

LISTS = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="lemur", description=__doc__)
    parser.add_argument("lemur", type=Path, help="the program that is measured")
    parser.add_argument("examples", type=Path, help="the folder of the built example, service_rate")
    parser.add_argument("target", type=Path, help="the folder of builds, where the peer is kept")
    parser.add_argument("runs", type=Path, help="where the raw figures go")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="how long each service is watched in a round")
    parser.add_argument("--rows", type=int, default=LISTS, help="rows of the lists, and revocations")
    arguments = parser.parse_args()
    rate, seconds = str(arguments.examples / "service_rate"), str(arguments.seconds)
    rest_peer = peer.Peer((arguments.target / "bench-lemur").resolve())
    services = {
        "REST: lemur": lambda: answer(rate, "rest", str(arguments.lemur.resolve()), seconds),
        "REST: django-ca": lambda: rest_peer.measure(arguments.seconds),
        "ACME: lemur": lambda: answer(rate, "acme", str(arguments.lemur.resolve()), seconds),
        "ACME: pebble": lambda: pebble(rate, arguments.seconds),
    }
    found: dict[str, list[dict]] = {name: [] for name in services}
    for round in range(arguments.rounds):
        for name, measure in services.items():
            figures = measure()
            found[name].append(figures)
            database = f" and {figures['database_ms']:.2f} ms of its database" if figures.get("database_ms") is not None else ""
            print(f"{name:16} {figures['per_second']:8.0f}/s {figures['service_ms']:8.2f} ms of CPU each{database}", flush=True)
    write(arguments.runs, found)
    show(found)
    if arguments.rows:
        stored(rate, arguments.rows)


def answer(*command: str) -> dict:
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"bench: exit status {ended.returncode} of: {' '.join(command)}")
    return json.loads(ended.stdout)


def pebble(rate: str, seconds: int) -> dict:
    # Under load pebble 2.4 may stand still for good: handlers that wait for each other's locks (`FindValidAuthorization` in its dump). The
    # shorter it is watched, the rarer that is.
    for _ in range(9):
        try:
            return answer(rate, "pebble", str(min(seconds, 4)))
        except SystemExit as stopped:
            print(f"{stopped}; pebble is started anew", flush=True)
    return answer(rate, "pebble", str(min(seconds, 4)))


def stored(rate: str, rows: int) -> None:
    for database in ("sqlite", "postgres"):
        for what in ("lists", "revoked"):
            print(f"\n{what}, {database}:", flush=True)
            subprocess.run([rate, what, database, str(rows)], check=True)


def write(folder: Path, found: dict[str, list[dict]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"lemur-{int(time.time())}.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["service", "round", "done", "per_second", "service_ms", "database_ms", "peak_mib"])
        for name, rounds in found.items():
            for number, one in enumerate(rounds):
                writer.writerow([name, number, one["done"], *(plain(one.get(key)) for key in ("per_second", "service_ms", "database_ms", "peak_mib"))])
    print(f"raw figures: {path}")


def plain(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"


def show(found: dict[str, list[dict]]) -> None:
    def median(name: str, key: str) -> float:
        return statistics.median(one.get(key) or 0.0 for one in found[name])

    rest, acme = median("REST: lemur", "service_ms"), median("ACME: lemur", "service_ms")
    whole = rest + median("REST: lemur", "database_ms")
    print(f"\nREST: {rest:.2f} ms of CPU in the service (0.6), {whole:.2f} ms with PostgreSQL's (1.3), {median('REST: lemur', 'per_second'):.0f}/s (1000)")
    print(f"REST: django-ca takes {median('REST: django-ca', 'service_ms') / rest:.0f} x the CPU")
    print(f"ACME: {acme:.2f} ms of CPU in the service (2); pebble takes {median('ACME: pebble', 'service_ms') / acme:.2f} x that")
    print(f"memory: {max(median(name, 'peak_mib') for name in ('REST: lemur', 'ACME: lemur')):.0f} MiB at most (150)")


if __name__ == "__main__":
    main()
