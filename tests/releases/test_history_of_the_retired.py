"""A field that was taken away or renamed stays in the history of every record, for whoever might
see it."""

from __future__ import annotations

from typing import Any

from backends import on_sqlite
from services_house import FILES, House

from jingwei.services import snapshots, versions
from jingwei.services.history import history

CONTRACT = "forms/contract.yaml"
WITHOUT_SECRET = (
    FILES[CONTRACT]
    .replace("  secret: {type: text, title: 底价}\n", "")
    .replace(", hide: [secret]", "")
    .replace(", mask: [secret]", "")
)


def told(house: House, login: str, record: int, field: str) -> list[Any]:
    """What the history of a record says of a field, oldest first."""
    with house.read(login) as view:
        entries = history(view, "contract", record)
    return [e["changes"][field] for e in reversed(entries) if field in e["changes"]]


@on_sqlite
def test_a_retired_field_is_in_the_history_for_who_might_see_it_and_for_nobody_else(
    house: House,
) -> None:
    record = house.create("li.na", "contract", name="a", amount=1, secret="low")["id"]
    house.update("li.na", "contract", record, 1, secret="lower")
    house.publish({CONTRACT: WITHOUT_SECRET})

    assert told(house, "li.na", record, "secret") == [[None, "low"], ["low", "lower"]]
    assert told(house, "chen.jie", record, "secret") == []  # it was hidden from finance
    assert told(house, "ops", record, "secret") == []  # and masked for the group
    with house.read("li.na") as view:
        assert history(view, "contract", record)[0]["retired"] == ["secret"]


@on_sqlite
def test_a_renamed_field_keeps_its_history_under_its_new_name(house: House) -> None:
    record = house.create("li.na", "contract", name="a", amount=1, secret="low")["id"]
    text = FILES[CONTRACT].replace(
        "  secret: {type: text, title: 底价}",
        "  floor: {type: text, title: 底价, renamed_from: secret}",
    )
    house.publish({CONTRACT: text.replace("[secret]", "[floor]")})
    house.update("li.na", "contract", record, 1, floor="lower")

    assert told(house, "li.na", record, "floor") == [[None, "low"], ["low", "lower"]]
    assert told(house, "chen.jie", record, "floor") == []


@on_sqlite
def test_a_version_is_called_by_the_names_of_today_and_is_restored_by_them(house: House) -> None:
    lines = [{"item": "x", "price": 1}]
    record = house.create("li.na", "contract", name="a", amount=1, secret="low", lines=lines)["id"]
    house.do("li.na", lambda work: versions.cut(work.as_system(), "contract", record))
    text = FILES[CONTRACT].replace(
        "secret: {type: text,", "floor: {renamed_from: secret, type: text,"
    )
    text = text.replace("[secret]", "[floor]").replace("sum(lines.price)", "sum(lines.cost)")
    text = text.replace("price: {type: money,", "cost: {renamed_from: price, type: money,")
    house.publish({CONTRACT: text})
    house.update("li.na", "contract", record, 1, floor="lower")

    with house.read("li.na") as view:
        (then,) = snapshots.versions(view, "contract", record)
    assert then["record"]["floor"] == "low"
    assert [(row["item"], row["cost"]) for row in then["record"]["lines"]] == [("x", 1)]
    house.do(
        "li.na",
        lambda work: snapshots.restore(work, "contract", record, 1, expected_revision=2),
    )
    assert house.show("li.na", "contract", record)["floor"] == "low"


@on_sqlite
def test_rows_of_a_retired_table_are_in_the_history(house: House) -> None:
    lines = [{"item": "x", "price": 1}]
    record = house.create("li.na", "contract", name="a", amount=1, lines=lines)["id"]
    text = FILES[CONTRACT]
    start, end = text.index("  lines:\n"), text.index("rules:\n")
    text = text[:start] + text[end:]
    start, end = text.index("  lines_add_up:"), text.index("  one_name:")
    house.publish({CONTRACT: text[:start] + text[end:]})

    ((rows,),) = [told(house, "li.na", record, "lines")]
    assert [row["item"] for row in rows.values()] == [[None, "x"]]
