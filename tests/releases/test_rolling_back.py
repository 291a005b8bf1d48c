"""Going back to an earlier release: shown first, asked for, and never at the cost of a record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from services_house import FILES, House, open_house
from sqlalchemy import inspect

from jingwei.catalogue.compile import compile_texts
from jingwei.cli import run
from jingwei.refusals import Conflict
from jingwei.services.releases.computed import Computed
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan_back
from jingwei.storage.publication import Publication
from jingwei.storage.releases import read_files
from jingwei.storage.rollback import rollback

CONTRACT = "forms/contract.yaml"
NOTE = ("  secret:", "  note: {type: text, title: 备注}\n  secret:")


def changed(*pairs: tuple[str, str]) -> dict[str, str]:
    text = FILES[CONTRACT]
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {CONTRACT: text}


def catalogue_of(house: House, number: int) -> Any:
    with house.database.reading() as connection:
        return compile_texts(read_files(connection, number))


def planned(house: House, number: int) -> ReleasePlan:
    moment = Moment(house.clock.now(), house.clock.today())
    running = house.commands.active.current
    return make_plan_back(
        house.database, catalogue_of(house, number), number, moment, running=running
    )


def back(house: House, number: int) -> int:
    catalogue = catalogue_of(house, number)
    publication = Publication(
        "test",
        house.clock.now(),
        house.clock.today(),
        computer=Computed(house.database, catalogue, "Asia/Shanghai", number),
    )
    release = rollback(house.database, catalogue, number, publication)
    house.commands.active.follow(release.id)
    return release.id


def said(plan: ReleasePlan) -> list[tuple[str, str]]:
    return [(step.group, step.message("en")) for step in plan.steps]


def test_the_plan_of_a_rollback_tells_what_is_hidden_shown_and_lacking(house: House) -> None:
    house.create("li.na", "contract", name="a", amount=1, secret="old")
    house.publish(
        changed(
            NOTE,
            ("  secret: {type: text, title: 底价}\n", ""),
            (", hide: [secret]", ""),
            (", mask: [secret]", ""),
            ("title: 金额, required: true,", "title: 金额,"),
        )
    )
    house.create("li.na", "contract", name="b", note="new")

    plan = planned(house, 1)

    assert said(plan) == [
        ("safe", "contract.secret has its earlier values again: 1"),
        ("destructive", "column f_contract.note is retired: 1 value is hidden and kept"),
        ("needs_data", "contract.amount becomes required; 1 record has no value"),
    ]
    assert plan.to_json("en")["back_to"] == 1
    assert plan.to_text("en").startswith("Release 1 again, in the place of release 2\n\nFiles\n")


@on_sqlite
def test_after_a_rollback_every_value_is_where_it_was(house: House) -> None:
    first = house.create("li.na", "contract", name="a", amount=1, secret="old")["id"]
    house.publish(changed(NOTE, ("  secret: {type: text,", "  secret: {type: long_text,")))
    second = house.create("li.na", "contract", name="b", amount=2, note="kept")["id"]
    assert back(house, 1) == 3

    assert house.show("li.na", "contract", first)["secret"] == "old"
    assert house.show("li.na", "contract", second)["name"] == "b"
    assert said(planned(house, 2)) == [("safe", "contract.note has its earlier values again: 1")]
    assert back(house, 2) == 4
    assert house.show("li.na", "contract", second)["note"] == "kept"


@on_sqlite
def test_a_field_of_another_type_shows_what_it_had_before(house: House) -> None:
    record = house.create("li.na", "contract", name="a", amount=1, secret="12")["id"]
    house.publish(changed(("  secret: {type: text,", "  secret: {type: integer,")))
    house.update("li.na", "contract", record, 1, secret=15)

    step = next(s for s in planned(house, 1).steps if s.code == "type_before")
    assert (step.group, step.message("en")) == (
        "destructive",
        "contract.secret shows again what it had as text: 1 value; "
        "1 value as integer is hidden and kept",
    )
    back(house, 1)
    assert house.show("li.na", "contract", record)["secret"] == "12"


@on_sqlite
def test_a_computed_value_that_comes_back_is_that_of_today(house: House) -> None:
    """The record was changed while the field was away."""
    twice = "  twice: {type: money, unit: CNY, title: 倍, compute: amount * 2}\n  secret:"
    house.publish(changed(("  secret:", twice)))
    record = house.create("li.na", "contract", name="a", amount=1)["id"]
    house.publish(changed())
    house.update("li.na", "contract", record, 1, amount=5)

    back(house, 2)
    assert house.show("li.na", "contract", record)["twice"] == Decimal(10)


def test_values_that_are_no_longer_unique_stop_a_rollback(house: House) -> None:
    house.publish(changed(("  one_name: {unique: [org, name], on: save}\n", "")))
    for _ in range(2):
        house.create("li.na", "contract", name="same", amount=1)

    (step,) = planned(house, 1).blocked_by
    assert step.code == "not_unique"
    with pytest.raises(Conflict) as refused:
        back(house, 1)
    assert refused.value.code == "plan-blocked"
    assert house.commands.active.poll() is False


@on_sqlite
def test_a_unique_rule_that_came_later_goes_with_its_release(house: House) -> None:
    house.publish(changed(("  amount: {type: money,", "  amount: {unique: true, type: money,")))
    back(house, 1)
    indexes = inspect(house.database.engine).get_indexes("f_contract")
    assert not [i for i in indexes if i["unique"] and i["column_names"] == ["amount"]]
    for name in "ab":
        house.create("li.na", "contract", name=name, amount=7)


@on_sqlite
def test_who_sees_more_or_less_after_a_rollback_is_counted_across_a_rename(house: House) -> None:
    house.create("li.na", "contract", name="a", amount=1)
    text = FILES["definitions/roles/group_ops.yaml"]
    (house.root / "definitions/roles/group_ops.yaml").unlink()
    house.publish(
        {
            "definitions/roles/ops.yaml": text + "renamed_from: group_ops\n",
            **changed(
                (
                    "ops: {role: group_ops, can: [read], scope: all,",
                    "ops: {role: ops, can: [read], scope: all, where: amount > 5,",
                )
            ),
        }
    )

    (sight,) = planned(house, 1).sight
    assert [(p.login, p.gained, p.lost) for p in sight.people] == [("ops", 1, 0)]


@on_sqlite
def test_to_go_back_to_what_runs_is_nothing(house: House) -> None:
    assert planned(house, 1).is_empty
    assert back(house, 1) == 1


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Two releases, the second with a note in use, and a command line that speaks English."""
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    monkeypatch.setenv("JINGWEI_DATABASE_URL", url)
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("JINGWEI_DEFAULT_LOCALE", "en")
    found = open_house(tmp_path / "application", url)
    found.publish(changed(NOTE))
    found.create("li.na", "contract", name="a", amount=1, note="x")
    yield found
    found.database.close()


def test_a_rollback_is_shown_and_asked_for_before_anything_happens(
    here: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def type_(*words: str) -> tuple[int, str]:
        code = run(["--application", str(here.root), *words])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    code, shown = type_("rollback", "1", "--dry-run")
    assert (code, "column f_contract.note is retired: 1 value is" in shown) == (0, True)
    code, refused = type_("--json", "rollback", "1")
    assert (code, json.loads(refused)["error"]["code"]) == (1, "rollback-needs-yes")
    monkeypatch.setattr("click.confirm", lambda _: False)
    code, shown = type_("rollback", "1")
    assert (code, "column f_contract.note is retired: 1 value is" in shown) == (1, True)
    assert here.commands.active.poll() is False

    assert type_("rollback", "1", "--yes") == (0, "Release 3 is active: release 1 again.\n")
    assert type_("rollback", "1", "--yes") == (
        0,
        "Nothing to do: release 3 says what release 1 said.\n",
    )
    with here.database.reading() as connection:
        told = connection.exec_driver_sql(
            "SELECT payload FROM sys_outbox WHERE topic = 'release.published' ORDER BY id"
        )
        events = [json.loads(row[0]) for row in told]
    assert [(e["release"], e["parent"], e["rollback_of"]) for e in events] == [
        (1, None, None),
        (2, 1, None),
        (3, 2, 1),
    ]
