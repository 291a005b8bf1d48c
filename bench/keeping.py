"""Where the figures are kept, and the databases that they are taken on."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
ADMIN = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")

Results = dict[str, dict[str, Any]]


def read() -> Results:
    """The figures that were taken last."""
    if not RESULTS.exists():
        return {}
    found: Results = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def write(results: Results) -> None:
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
