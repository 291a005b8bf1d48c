"""A plan tells what publishing would do: to tables, to data, to who sees what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backends import on_sqlite
from services_house import FILES, House

from jingwei.catalogue.compile import compile_texts
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan
from jingwei.storage.apply import Publication, apply
from jingwei.storage.changes import read_log, seal, verify
from jingwei.storage.plan import Wish

CONTRACT = "forms/contract.yaml"


def planned(
    house: House, *changes: tuple[str, str], path: str = CONTRACT, **wish: Any
) -> ReleasePlan:
    """The plan of the house's definitions with some words replaced."""
    text = FILES[path].lstrip("\n")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    running = house.commands.active.current
    files = {**running.catalogue.files, path: text.encode()}
    moment = Moment(house.clock.now(), house.clock.today())
    return make_plan(house.database, compile_texts(files), moment, running=running, **wish)


def said(plan: ReleasePlan) -> list[str]:
    return [step.message("en") for step in plan.steps]


def contracts(house: House, *names: str, login: str = "li.na", **values: Any) -> list[int]:
    return [
        house.create(login, "contract", name=name, amount=100, **values)["id"] for name in names
    ]


@on_sqlite
def test_a_plan_tells_what_records_lack_and_what_they_would_get(house: House) -> None:
    first, _ = contracts(house, "a", "b")

    plan = planned(
        house,
        (
            "  signed_on: {type: date, title: 签订日期}",
            "  signed_on: {type: date, title: 签订日期, required: true}",
        ),
        (
            "  secret:",
            "  kind: {type: text, title: 类型, required: true, default: plain}\n  secret:",
        ),
        (
            "  secret:",
            "  double: {type: money, unit: CNY, title: 倍, compute: amount * 2}\n  secret:",
        ),
    )

    assert said(plan) == [
        "new column f_contract.kind",
        "new column f_contract.double",
        "contract.signed_on becomes required; 2 records have no value",
        "contract.kind: 2 records get the default plain",
        "contract.double: computed for 2 records",
    ]
    lacking = plan.steps[2]
    assert (lacking.group, lacking.blocks, lacking.examples[0].record) == (
        "needs_data",
        False,
        first,
    )


def test_who_sees_more_or_less_is_counted_person_by_person(house: House) -> None:
    contracts(house, "a", "b")
    contracts(house, "c", login="wang.wu")

    plan = planned(
        house,
        (
            "cancel, export], scope: org}",
            "cancel, export], scope: all}",
        ),
        ("scope: org_and_below, hide: [secret]}", "scope: org_and_below, where: amount > 100}"),
        ("scope: all, mask: [secret]}", "scope: all}"),
    )

    (sight,) = plan.sight
    assert [person.login for person in sight.people][0] == "chen.jie"  # who loses comes first
    assert (sight.form, sight.people_gaining, sight.people_losing) == ("contract", 4, 1)
    many = replace(sight, touched=29, people=sight.people * 7)
    assert many.to_lines("en")[-1].strip() == "and 9 more"
    assert many.to_json("en")["capped"]
    assert (sight.gained, sight.lost) == (1 + 2, 3)
    assert {p.login: (p.gained, p.lost, p.fields_gained) for p in sight.people} == {
        "li.na": (1, 0, ()),
        "wang.wu": (2, 0, ()),
        "chen.jie": (0, 3, ("secret",)),
        "ops": (0, 0, ("secret",)),
    }


def test_a_scope_over_a_field_that_is_not_there_yet_is_counted_too(house: House) -> None:
    contracts(house, "a")

    plan = planned(
        house,
        ("  secret:", "  open: {type: boolean, title: 公开}\n  secret:"),
        (
            "scope: org_and_below, hide: [secret]}",
            "scope: org_and_below, where: open, hide: [secret]}",
        ),
    )

    (sight,) = plan.sight
    assert [(p.login, p.lost) for p in sight.people] == [("chen.jie", 1)]


@on_sqlite
def test_choices_and_states_in_use_are_named_with_their_number(house: House) -> None:
    house.publish(
        {
            CONTRACT: FILES[CONTRACT].replace(
                "  secret:",
                "  kind: {type: choice, title: 类型, choices: {a: 甲, b: 乙}}\n  secret:",
            )
        }
    )
    contracts(house, "a", "b", kind="a")
    text = (house.root / CONTRACT).read_text(encoding="utf-8")
    running = house.commands.active.current
    text = text.replace("{a: 甲, b: 乙}", "{b: 乙}")
    text = text.replace(
        "  draft: {title: 拟稿, initial: true}\n", "  made: {title: 拟稿, initial: true}\n"
    )
    catalogue = compile_texts({**running.catalogue.files, CONTRACT: text.encode()})

    plan = make_plan(house.database, catalogue, Moment(house.clock.now(), house.clock.today()))

    assert said(plan) == [
        "contract.kind: choices that are removed are in use: a (2)",
        "contract: states that are removed are in use: draft (2)",
    ]
    assert [step.group for step in plan.steps] == ["needs_data", "needs_data"]


@on_sqlite
def test_a_plan_as_json_has_the_same_keys_always(house: House) -> None:
    plan = planned(
        house,
        ("  secret: {type: text, title: 底价}\n", ""),
        (", hide: [secret]", ""),
        (", mask: [secret]", ""),
    )

    value = plan.to_json("en")
    assert set(value) == {
        "schema",
        "base",
        "fingerprint",
        "hash",
        "empty",
        "blocked",
        "destructive",
        "files",
        "steps",
        "flows",
        "flows_total",
        "sight",
        "statements",
        "destroy",
        "restore",
        "left_out",
        "back_to",
    }
    assert (value["schema"], value["base"], value["destructive"]) == (1, 1, True)
    assert set(value["steps"][0]) == {
        "group",
        "topic",
        "code",
        "path",
        "rows",
        "blocks",
        "message",
        "fix",
        "examples",
    }
    assert value["steps"][0]["fix"] == (
        "Nothing is lost: roll back, or apply with --restore contract.secret, to have them again."
    )


def test_what_is_destroyed_after_it_was_retired_is_in_the_sealed_log(house: House) -> None:
    contracts(house, "a", "b", secret="s")
    text = FILES[CONTRACT].replace("  secret: {type: text, title: 底价}\n", "")
    text = text.replace(", hide: [secret]", "").replace(", mask: [secret]", "")
    house.publish({CONTRACT: text})
    running = house.commands.active
    running.poll()
    now, today = house.clock.now(), house.clock.today()
    wish = Wish(frozenset({"contract.secret"}), reason="asked for")
    wanted = Publication("root", now, today, base=running.current.release.id, wish=wish)
    release = apply(house.database, running.current.catalogue, wanted)

    assert release.id == running.current.release.id
    with house.database.writing() as connection:
        seal(connection)
        last = read_log(connection, running.current.book, house.database.people, limit=1)[0].change
        assert verify(connection).bad is None
    assert (last.action, last.kind, last.actor) == ("retired.destroyed", "definition", None)
    assert (last.body["rows"], last.body["author"]) == ([None, 2], [None, "root"])
    assert last.body["reason"] == [None, "asked for"]
