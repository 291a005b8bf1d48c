"""A publication that is killed anywhere changed nothing that anybody sees, and is completed by
running it again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from killed_apply import go_back, publish
from services_house import FILES, House
from sqlalchemy import inspect

from jingwei import storage
from jingwei.catalogue.compile import compile_catalogue
from jingwei.refusals import Conflict
from jingwei.services.releases.planning import Moment, make_plan
from jingwei.storage.failpoints import FAILPOINTS, Failed, arm
from jingwei.storage.plan import plan as plan_tables
from jingwei.storage.plan_step import Step
from jingwei.storage.preparing import Tell
from jingwei.storage.releases import all_releases

CONTRACT = "forms/contract.yaml"
KIT = Path(__file__).parents[1] / "kit"
STORAGE = Path(storage.__file__).parent
# what a publication with and without a long part passes; purges only where something is destroyed
LONG = tuple(name for name in FAILPOINTS if not name.startswith(("purge", "rollback")))
SHORT = tuple(name for name in LONG if name.startswith("publish") and name != "publish.caught_up")
PURGE = tuple(name for name in FAILPOINTS if name.startswith("purge"))
BACK = tuple(name for name in FAILPOINTS if name.startswith("rollback"))
TIMES = {"fill.batch": 3, "prepare.statement": 2}


def changed(house: House) -> None:
    """Definitions that add, compute, index, and keep an amount as text from now on."""
    text = FILES[CONTRACT]
    for old, new in (
        ("  secret: {type: text, title: 底价}", "  secret: {type: money, unit: CNY, title: 底价}"),
        ("  signed_on:", "  note: {type: text, title: 备注, index: true}\n  signed_on:"),
        (
            "  signed_on:",
            "  kind: {type: text, title: 类型, required: true, default: plain}\n  signed_on:",
        ),
        (
            "  signed_on:",
            "  twice: {type: money, unit: CNY, title: 倍, compute: amount * 2}\n  signed_on:",
        ),
        ("  signed_on:", "  code: {type: text, title: 编号, unique: true}\n  signed_on:"),
        ("  name: {type: text,", "  name: {type: text, search: true,"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (house.root / CONTRACT).write_text(text.lstrip("\n"), encoding="utf-8")


def filled(house: House, count: int = 12) -> None:
    for number in range(count):
        house.create("li.na", "contract", name=f"n{number}", amount=number, secret=f"{number}.5")


def releases(house: House) -> list[int]:
    with house.database.reading() as connection:
        return [release.id for release in all_releases(connection)]


def run(
    house: House, plan: str = "", *, inline: int = 0, destroy: str = "", tell: Tell | None = None
) -> int:
    url = house.database.url.render_as_string(hide_password=False)
    return publish(house.root, url, plan, inline=inline, batch=5, destroy=destroy, tell=tell)


def killed(house: House, plan: str, *, inline: int = 0, destroy: str = "") -> None:
    """The same in a process of its own, which dies of SIGKILL."""
    url = house.database.url.render_as_string(hide_password=False)
    words = [str(house.root), url, plan, str(inline), "5", destroy]
    paths = [str(KIT), str(KIT.parents[1] / "platform")]
    done = subprocess.run(
        [sys.executable, str(KIT / "killed_apply.py"), *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr.decode()[-2_000:]


def old_release_works(house: House) -> None:
    """Whoever did not publish reads and writes as before."""
    house.commands.active.poll()
    record = house.create("li.na", "contract", name="meanwhile", amount=3, secret="9.25")
    assert house.show("li.na", "contract", record["id"])["secret"] == "9.25"


def completed(house: House, release: int = 2) -> None:
    """The new release is whole: every value is there, every index, and nothing is left over."""
    house.commands.active.poll()
    assert house.commands.active.current.release.id == release
    found = house.list("li.na", "contract", size=100).items
    assert found
    for record in found:
        whole = house.show("li.na", "contract", record["id"])
        number = 9.25 if whole["name"] == "meanwhile" else float(whole["name"][1:]) + 0.5
        assert float(whole["secret"]) == number, whole["name"]
        assert float(whole["twice"]) == 2 * float(whole["amount"])
        assert whole["kind"] == "plain"
    assert house.list("li.na", "contract", q="n1", size=100).items
    current = house.commands.active.current
    assert plan_tables(house.database, current.catalogue).is_empty  # type: ignore[arg-type]
    there = {i["name"] for i in inspect(house.database.engine).get_indexes("f_contract")}
    assert set(current.names.table("contract").indexes) <= there
    with house.database.reading() as connection:
        left = connection.exec_driver_sql(
            "SELECT count(*) FROM sys_column WHERE state = 'prepared'"
        ).scalar()
        prepared = connection.exec_driver_sql("SELECT count(*) FROM sys_preparation").scalar()
        invalid = 0
        if not house.database.is_sqlite:
            invalid = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
            ).scalar()
    assert (left, prepared, invalid) == (0, 0, 0)


def stopped(house: House, name: str, inline: int) -> None:
    """Stopped at this place by an exception, which undoes what a kill undoes."""
    with pytest.raises(Failed):
        run(house, f"{name}@{TIMES.get(name, 1)}=raise", inline=inline)


def test_after_a_publication_was_killed_the_plan_shows_the_same_change_again(house: House) -> None:
    filled(house)
    changed(house)
    before = planned(house)
    stopped(house, "fill.batch_committed", inline=0)
    assert planned(house) == before
    there = [step for step in steps_of(house) if step.is_there]
    assert there and all("is there already" in step.message("en") for step in there)


def planned(house: House) -> list[tuple[str, str]]:
    return [(step.code, str(step.path)) for step in steps_of(house)]


def steps_of(house: House) -> tuple[Step, ...]:
    catalogue = compile_catalogue(house.root)
    moment = Moment(house.clock.now(), house.clock.today())
    return make_plan(house.database, catalogue, moment).steps


def test_a_long_publication_stopped_at_every_place_in_turn_is_completed_in_the_end(
    house: House,
) -> None:
    filled(house)
    changed(house)

    for name in LONG[:-1]:
        stopped(house, name, inline=0)
        assert releases(house) == [1], name
    old_release_works(house)
    stopped(house, LONG[-1], inline=0)
    assert releases(house) == [2, 1]
    assert run(house) == 2
    completed(house)


@on_sqlite
@pytest.mark.long
def test_a_short_publication_stopped_anywhere_changed_nothing(house: House) -> None:
    filled(house, 3)
    changed(house)
    before = [c["name"] for c in inspect(house.database.engine).get_columns("f_contract")]

    for name in SHORT[:-1]:
        stopped(house, name, inline=1_000)
        assert releases(house) == [1], name
        after = inspect(house.database.engine).get_columns("f_contract")
        assert [c["name"] for c in after] == before, name
    old_release_works(house)
    assert run(house, inline=1_000) == 2
    completed(house)


@on_sqlite
def test_a_process_that_is_killed_leaves_the_release_that_ran(house: House) -> None:
    filled(house)
    changed(house)

    killed(house, "fill.batch@2=kill")
    assert releases(house) == [1]
    old_release_works(house)
    assert run(house) == 2
    completed(house)


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_a_process_killed_at_any_place_leaves_the_release_that_ran(house: House, name: str) -> None:
    filled(house)
    changed(house)

    killed(house, f"{name}@{TIMES.get(name, 1)}=kill")
    if name != "publish.committed":
        assert releases(house) == [1]
        old_release_works(house)
    assert run(house) == 2
    completed(house)


@on_sqlite
def test_a_purge_that_is_stopped_is_gone_on_with(house: House) -> None:
    filled(house)
    text = FILES[CONTRACT].replace("  secret: {type: text, title: 底价}\n", "")
    text = text.replace(", hide: [secret]", "").replace(", mask: [secret]", "")
    (house.root / CONTRACT).write_text(text.lstrip("\n"), encoding="utf-8")

    for name in PURGE[:-1]:
        with pytest.raises(Failed):
            run(house, f"{name}=raise", destroy="contract.secret")
        assert releases(house) == [2, 1]
    run(house, destroy="contract.secret")
    assert kept(house) == 0
    assert releases(house) == [2, 1]


def kept(house: House) -> Any:
    with house.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(secret) FROM f_contract").scalar()


@on_sqlite
@pytest.mark.long
def test_definitions_that_are_given_up_leave_nothing_in_the_way_of_others(house: House) -> None:
    filled(house)
    changed(house)
    stopped(house, "index.begin", inline=0)

    text = FILES[CONTRACT].replace(
        "  signed_on:", "  note: {type: text, title: 备注}\n  signed_on:"
    )
    (house.root / CONTRACT).write_text(text.lstrip("\n"), encoding="utf-8")
    assert run(house) == 2
    house.commands.active.poll()
    assert house.create("li.na", "contract", name="x", amount=1, note="y")["note"] == "y"


def test_a_rollback_stopped_at_every_place_in_turn_is_completed_in_the_end(house: House) -> None:
    filled(house, 3)
    twice = "  twice: {type: money, unit: CNY, title: 倍, compute: amount * 2}\n  signed_on:"
    house.publish({CONTRACT: FILES[CONTRACT].replace("  signed_on:", twice)})
    house.publish({CONTRACT: FILES[CONTRACT]})
    url = house.database.url.render_as_string(hide_password=False)

    for name in BACK:
        with pytest.raises(Failed):
            go_back(url, 2, f"{name}=raise")
        if name != BACK[-1]:
            assert releases(house) == [3, 2, 1], name
            house.create("li.na", "contract", name=f"{name[-5:]}", amount=4)
    assert releases(house) == [4, 3, 2, 1]
    house.commands.active.poll()
    for record in house.list("li.na", "contract").items:
        whole = house.show("li.na", "contract", record["id"])
        assert float(whole["twice"]) == 2 * float(whole["amount"])


def test_every_place_that_is_passed_has_a_name_and_is_walked_here() -> None:
    """The walks above take their names from the list: one that nothing passes ends no walk, and
    one that is not on the list is found by this."""
    passed = {
        name
        for path in STORAGE.glob("*.py")
        for name in re.findall(r'failpoint\("([a-z_.]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert passed == set(FAILPOINTS)
    assert {*LONG, *PURGE, *BACK} == set(FAILPOINTS)


@on_sqlite
def test_of_two_long_publications_at_once_one_is_told_to_wait(house: House) -> None:
    filled(house)
    changed(house)
    from jingwei.storage.preparing import alone

    with alone(house.database), pytest.raises(Conflict) as refused:
        run(house)
    assert refused.value.code == "apply-running"
    assert run(house) == 2


def test_only_known_places_can_be_armed() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        arm("nowhere=kill")
    with pytest.raises(ValueError, match=r"publish\.begin=explode"):
        arm("publish.begin=explode")
