"""One filled installation a database, for every random question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oracle
import pytest
from services_house import FILES, House, open_house

MANY = 160


@pytest.fixture
def filled(tmp_path: Path, database_url: str) -> Iterator[tuple[House, list[dict[str, Any]]]]:
    files = {**FILES, **oracle.DEFINITIONS}
    house = open_house(tmp_path / "application", database_url, files, oracle.PEOPLE)
    rows = oracle.records(7, MANY)
    store = house.commands.active.current.store
    with house.database.writing() as connection:
        store.insert(connection, "deal", [_stored(row, house) for row in rows])
    yield house, rows
    house.database.close()


def _stored(row: dict[str, Any], house: House) -> dict[str, Any]:
    lines = [{"id": row["id"] * 100 + i, **line} for i, line in enumerate(row["lines"])]
    gone = house.clock.now() if row["deleted_at"] else None
    return {**row, "revision": 1, "lines": lines, "deleted_at": gone}
