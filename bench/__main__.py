"""`make bench`: ours beside the floor, in the same run; ratios are printed and kept."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import alone, definitions, layers, prepare, scripts, servers, subject
from bench.keeping import Results, keep, postgres, write
from bench.load import Script, drive

ROUNDS = 3
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
RECORDS = int(os.environ.get("BENCH_RECORDS", str(subject.RECORDS)))
FULL = os.environ.get("BENCH_FULL") == "1"  # releases and sheets at the size of their limits
SMALL_RELEASES = {"BENCH_RELEASE_ROWS": "100000", "BENCH_RELEASE_FORMS": "50"}
SMALL_SHEETS = {"BENCH_SHEET_ROWS": "10000"}


def main() -> None:
    results: Results = {}
    if "--postgresql" not in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            addresses = f"sqlite:///{root}/ours.db", f"sqlite:///{root}/floor.db"
            compare(results, "sqlite", root, *addresses)
    if "--sqlite" not in sys.argv:
        with tempfile.TemporaryDirectory() as folder, postgres() as ours, postgres() as floor:
            compare(results, "postgresql", Path(folder), ours, floor)
    measure_alone(results)
    write(results)
    if "--sqlite" not in sys.argv:
        beside("bench.releases", SMALL_RELEASES)
        beside("bench.pages", {})
    beside("bench.sheets", SMALL_SHEETS)


def beside(module: str, small: Mapping[str, str]) -> None:
    """Figures of a process of their own, which adds them to the results."""
    environment = {**os.environ, **({} if FULL else small)}
    subprocess.run([sys.executable, "-m", module], env=environment, check=True)


def measure_alone(results: Results) -> None:
    ours, by_hand = alone.evaluations()
    keep(results, "expression", ours, by_hand, "1/s")
    keep(results, "check demo", alone.check_seconds(servers.ROOT), None, "s")
    with tempfile.TemporaryDirectory() as folder:
        alone.write_many_forms(Path(folder))
        keep(results, "check 1000 forms", alone.check_seconds(Path(folder)), None, "s", alone.FORMS)
    keep(results, "read 1000 files of 2 KB", definitions.read_seconds(), None, "s cpu", 1_000)
    seconds = definitions.check_seconds()
    keep(results, "500 forms, flows, layers", seconds, None, "s cpu", definitions.FORMS)
    cold, warm, megabytes = layers.figures()
    keep(results, "layers: 200 orgs, 50 forms", cold, None, "s", layers.ORGS)
    keep(results, "layers: one org again", warm, None, "ms", 1)
    keep(results, "layers: memory of the orgs'", megabytes, None, "MB", layers.ORGS)


def compare(results: Results, base: str, root: Path, ours_url: str, floor_url: str) -> None:
    application = root / "application"
    ours = scripts.ours(prepare.prepare_ours(application, ours_url, RECORDS))
    floor = scripts.floor(prepare.prepare_floor(floor_url, RECORDS))
    ready, megabytes = alone.start_up(application, ours_url)
    keep(results, f"{base}: ready", ready, None, "s", RECORDS)
    keep(results, f"{base}: worker", megabytes, None, "MB", RECORDS)
    pair = [
        (ours, servers.start_ours(application, ours_url)),
        (floor, servers.start_floor(floor_url)),
    ]
    try:
        for name, make, expect in kinds():
            rates: dict[str, list[float]] = {"ours": [], "floor": []}
            for turn in range(ROUNDS + 1):
                for side, server in pair:
                    script = make(side, server, turn)
                    seconds = SECONDS if turn else SECONDS / 3  # the first warms up
                    measured = drive(server.address, script, expect, seconds)
                    if turn:
                        rates[side.name].append(measured.per_second)
            middle = {side: statistics.median(found) for side, found in rates.items()}
            keep(results, f"{base}: {name}", middle["ours"], middle["floor"], "1/s", RECORDS)
    finally:
        for _, server in pair:
            server.stop()


Make = Callable[[scripts.Side, servers.Server, int], Script]


def kinds() -> list[tuple[str, Make, int]]:
    """What is measured: name, how the script is made, the status that every answer must have."""
    known: dict[str, list[int]] = {}

    def ids(side: scripts.Side, server: servers.Server) -> list[int]:
        if side.name not in known:
            known[side.name] = scripts.some_ids(side, server.address, 2_000)
        return known[side.name]

    return [
        ("list with total", lambda s, v, t: scripts.listing(s, total=True), 200),
        ("list, capped total", lambda s, v, t: scripts.listing(s, total=False), 200),
        ("read", lambda s, v, t: scripts.reading(s, ids(s, v)), 200),
        ("create", lambda s, v, t: scripts.creating(s, 1_000_000 * (t + 1)), 201),
        ("update", lambda s, v, t: scripts.updating(s, v.address, ids(s, v)), 200),
    ]


if __name__ == "__main__":
    main()
