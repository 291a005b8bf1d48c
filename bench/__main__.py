"""`make bench`: ours beside the floor, in the same run; ratios are printed and kept."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import alone, definitions, layers, prepare, scripts, servers, subject
from bench.load import Script, drive

ROUNDS = 3
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
RECORDS = int(os.environ.get("BENCH_RECORDS", str(subject.RECORDS)))
RESULTS = Path(__file__).parent / "results.json"
ADMIN = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")

Results = dict[str, dict[str, Any]]


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
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def keep(
    results: Results, name: str, ours: float, floor: float | None, unit: str, rows: int = 0
) -> None:
    """One figure; without a floor the limit of the product stands in the README."""
    ratio = None if floor is None else round(ours / floor, 3)
    results[name] = {
        "ours": round(ours, 3),
        "floor": None if floor is None else round(floor, 3),
        "ratio": ratio,
        "unit": unit,
        "rows": rows,
    }
    beside = "" if floor is None else f"  floor {floor:>10.1f}   ratio {ratio:.2f}"
    print(f"{name:<34}{ours:>12.2f} {unit:<12}{beside}", flush=True)


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


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL database of this run's own."""
    import psycopg

    name = f"jw_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"postgresql+psycopg://127.0.0.1:5432/{name}"
    finally:
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
