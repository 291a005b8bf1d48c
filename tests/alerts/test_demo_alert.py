"""The application that comes along: each company over the line is one case and one to-do."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from services_house import House, open_house

from jingwei.catalogue.compile import compile_catalogue
from jingwei.services import alerts, effects, flows, records, tasks
from jingwei.services.effects import listeners
from jingwei.services.events import Listeners
from jingwei.services.facts import import_facts
from jingwei.services.notices import inbox
from jingwei.services.people import SYSTEM
from jingwei.services.rights import Rights
from jingwei.storage import alerts as ledger
from jingwei.storage.query import ALL_ROWS, Query
from jingwei.storage.tables_flows import sys_task

HERE = Path(__file__).parents[2]
DEMO = HERE / "definitions" / "demo"
ALERT, CASE = "debt_ratio_line", "exception_case"


def sheet(name: str) -> list[dict[str, Any]]:
    with (DEMO / f"{name}.csv").open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return dict(compile_catalogue(HERE).files)


@pytest.fixture
def house(tmp_path: Path, database_url: str, files: dict[str, bytes]) -> Iterator[House]:
    heard = Listeners(
        changed=(listeners.on_changed, alerts.on_changed), extra={"effects": effects.run}
    )
    opened = open_house(
        tmp_path,
        database_url,
        files,
        sheet("people"),
        heard,
        Rights([flows.opens]),
        datetime(2026, 3, 2, 9, 0),
    )
    opened.commands.run(lambda work: import_facts(work, sheet("facts_public"), "demo"), SYSTEM)
    yield opened
    opened.database.close()


def check(house: House) -> None:
    due = house.clock.now().isoformat()
    payload = {"alert": ALERT, "due": due, "late": False}
    house.commands.run(lambda work: alerts.on_check(work, payload), SYSTEM)


def cases(house: House) -> dict[str, dict[str, Any]]:
    """Every case, by org; one org has one."""
    query = Query(CASE, ("id",), ALL_ROWS, page=None)
    with house.read("group.ops") as view:
        ids = [row["id"] for row in view.store.select(view.connection, query).items]
        found = view.store.load(view.connection, CASE, ids).values()
    assert len({case["org"] for case in found}) == len(found)
    return {case["org"]: case for case in found}


def open_todos(house: House) -> list[tuple[str, int]]:
    """(person, record) of every open to-do."""
    wanted = sa.select(sys_task.c.acting, sys_task.c.record).where(sys_task.c.state == "open")
    with house.database.reading() as connection:
        rows = connection.execute(wanted).all()
    with house.read("group.ops") as view:
        logins = {row.acting: tasks.books(view).people.logins[row.acting] for row in rows}
    return sorted((logins[row.acting], row.record) for row in rows)


def outcomes(house: House) -> dict[str, str]:
    with house.read("group.ops") as view:
        found = ledger.looks(view.connection, view.installation.book, ALERT)
        return {one.org or "": one.outcome for one in found}


def close(house: House, case: int) -> None:
    """What the approval of a closure does."""
    house.commands.run(lambda work: records.set_system(work, CASE, case, state="closed"), SYSTEM)


def told(house: House, login: str) -> list[str]:
    with house.read(login) as view:
        return [item["text"] for item in inbox(view, limit=200)["items"]]


def test_each_company_over_the_line_is_one_case_and_one_thing_to_do_until_it_is_green(
    house: House,
) -> None:
    check(house)

    over = cases(house)
    assert "S601668" in over
    assert {org for org, outcome in outcomes(house).items() if outcome == "fired"} == set(over)
    assert sorted(record for _, record in open_todos(house)) == sorted(
        case["id"] for case in over.values()
    )
    construction = over["S601668"]
    assert (construction["level"], construction["indicator"]) == ("red", "debt_ratio")
    assert ("chen.jie", construction["id"]) in open_todos(house)
    assert len(told(house, "group.ops")) == len(over)
    assert any("中国建筑 资产负债率 7" in text for text in told(house, "group.ops"))

    # the next runs open no second case, and nobody is told again
    asked, heard = open_todos(house), told(house, "group.ops")
    house.clock.move(timedelta(days=1))
    check(house)
    check(house)
    assert (cases(house), open_todos(house), told(house, "group.ops")) == (over, asked, heard)
    assert outcomes(house)["S601668"] == "already-open"

    # a case that is closed takes its to-do along, and stays closed
    other = next(case for org, case in over.items() if org != "S601668")
    close(house, other["id"])
    assert other["id"] not in [record for _, record in open_todos(house)]
    house.clock.move(timedelta(days=1))
    check(house)
    assert cases(house)[other["org"]]["state"] == "closed"

    # a figure that is green again asks for its case to be closed
    facts = [
        {"indicator": name, "org": "S601668", "period": "2025-12", "value": value, "unit": "亿元"}
        for name, value in (("total_liabilities", 60), ("total_assets", 100))
    ]
    house.commands.run(lambda work: import_facts(work, facts, "test"), SYSTEM)
    house.clock.move(timedelta(days=1))
    check(house)
    assert outcomes(house)["S601668"] == "ended"
    assert cases(house)["S601668"]["state"] == "open"  # the person in charge closes it
    with house.read("chen.jie") as view:
        titles = [item["title"] for item in tasks.inbox(view, "todo")["items"]]
    assert "“资产负债率超预警线”已恢复，请确认并关闭" in titles
    close(house, construction["id"])
    assert construction["id"] not in [record for _, record in open_todos(house)]
