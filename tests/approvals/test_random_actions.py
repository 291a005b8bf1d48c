"""Random legal and illegal actions with crashes: no invariant breaks (see random_approvals)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from approvals_house import open_approvals
from own_postgres import own_postgres
from random_approvals import Walker, random_flows


@contextmanager
def _sqlite(folder: Path) -> Any:
    yield f"sqlite:///{folder / 'r.db'}"


@contextmanager
def _postgresql(folder: Path) -> Any:
    with own_postgres() as url:
        yield url


DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}


def walk(folder: Path, database: str, *, flows: int, actions: int, seed: int) -> Walker:
    with DATABASES[database](folder) as url:
        house = open_approvals(folder, url, random_flows(flows))
        try:
            walker = Walker(house, list(random_flows(flows)), seed)
            for _ in range(actions):
                walker.act()
            return walker
        finally:
            house.api.close()


@pytest.mark.parametrize("database", list(DATABASES))
def test_no_random_action_breaks_an_invariant(tmp_path: Path, database: str) -> None:
    walker = walk(tmp_path, database, flows=6, actions=50, seed=1)
    assert walker.done > 20
    assert walker.refused > 5


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize(("database", "actions"), [("sqlite", 500), ("postgresql", 2_500)])
def test_thousands_of_random_actions_break_no_invariant(
    tmp_path: Path, database: str, actions: int, seed: int
) -> None:
    walker = walk(tmp_path, database, flows=25, actions=actions, seed=20_260_302 + seed)
    counts = f"done {walker.done}, refused {walker.refused}, crashed {walker.crashed}"
    counts += f", moved {walker.moved}"
    print(f"{database}, seed {seed}: {actions} actions; {counts}")
    assert min(walker.done, walker.refused, walker.crashed) > actions // 50
    assert walker.moved > actions // 250
