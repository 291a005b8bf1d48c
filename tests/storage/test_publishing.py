"""Publishing only adds, in one step or not at all; a rename is no statement; rollback loses
nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError
from storage_small import (
    GROUP,
    TODAY,
    a_catalogue,
    a_contract,
    a_field,
    a_form,
    a_role,
    an_org,
    publish,
    published_by,
)

from jingwei.language.form import Form, ListView, Rule
from jingwei.refusals import Conflict, NotFound
from jingwei.storage.apply import apply
from jingwei.storage.convert import judge
from jingwei.storage.database import Database
from jingwei.storage.orgs import write_orgs
from jingwei.storage.plan import Wish, plan
from jingwei.storage.releases import all_releases, pull, read_files
from jingwei.storage.rollback import rollback
from jingwei.storage.runtime import ActiveInstallation, Installation, load


def a_plan(*fields: Any, **keys: Any) -> Form:
    return a_form("plan", a_field("title", "text"), *fields, **keys)


def put(installation: Installation, form: str, *records: dict[str, Any]) -> None:
    with installation.database.writing() as connection:
        installation.store.insert(
            connection, form, [{"revision": 1, "org": "G", **record} for record in records]
        )


def get(installation: Installation, form: str, record: int) -> dict[str, Any]:
    with installation.database.reading() as connection:
        found = installation.store.load(connection, form, [record])[record]
    return {k: v for k, v in found.items() if v is not None and k not in ("id", "revision")}


def columns(database: Database, table: str) -> set[str]:
    return {column["name"] for column in inspect(database.engine).get_columns(table)}


def test_the_second_publication_of_the_same_is_empty(database: Database) -> None:
    catalogue = a_catalogue(a_contract(list=ListView(filters=("org", "year"), sort=("-amount",))))
    publish(database, catalogue)

    again = plan(database, catalogue)
    assert (again.is_empty, again.files, again.steps, again.statements) == (True, (), (), ())
    assert apply(database, catalogue, published_by()).id == 1


def test_a_new_field_is_a_new_column_and_the_old_release_still_reads(database: Database) -> None:
    old = publish(database, a_catalogue(a_plan()))
    put(old, "plan", {"id": 1, "title": "x"})
    new = publish(database, a_catalogue(a_plan(a_field("amount", "money"))))
    put(new, "plan", {"id": 2, "title": "y", "amount": Decimal(5)})

    assert get(new, "plan", 1) == {"org": "G", "title": "x"}
    assert get(new, "plan", 2) == {"org": "G", "title": "y", "amount": Decimal("5.00")}
    assert get(old, "plan", 2) == {"org": "G", "title": "y"}


def test_a_rename_is_no_statement_and_keeps_the_values(database: Database) -> None:
    lines = a_field("lines", "table", fields=(a_field("n", "number"),))
    old = publish(database, a_catalogue(a_plan(lines)))
    put(old, "plan", {"id": 1, "title": "x", "lines": [{"id": 2, "n": Decimal(7)}]})

    rows = a_field("rows", "table", renamed_from="lines", fields=(a_field("n", "number"),))
    name = a_field("name", "text", renamed_from="title")
    renamed = a_catalogue(a_form("scheme", name, rows, renamed_from="plan"))
    wanted = plan(database, renamed)
    new = publish(database, renamed)

    assert wanted.statements == ()
    assert [step.message("en") for step in wanted.steps] == [
        "plan is now called scheme; no statement is needed",
        "scheme.title is now called scheme.name; no statement is needed",
        "plan.lines is now called scheme.rows; no statement is needed",
    ]
    assert get(new, "scheme", 1) == {
        "org": "G",
        "name": "x",
        "rows": [{"id": 2, "n": Decimal("7.0000")}],
    }
    assert get(old, "plan", 1)["title"] == "x"


def test_a_removed_field_is_hidden_and_a_new_one_of_that_name_starts_empty(
    database: Database,
) -> None:
    first = publish(database, a_catalogue(a_plan(a_field("note", "text"))))
    put(first, "plan", {"id": 1, "title": "x", "note": "kept"})

    without = plan(database, a_catalogue(a_plan()))
    publish(database, a_catalogue(a_plan()))
    again = a_catalogue(a_plan(a_field("note", "text")), note="again")
    asked = plan(database, again)
    third = publish(database, again)

    assert [step.message("en") for step in asked.steps] == [
        "new column f_plan.note__2",
        "plan.note was there before, with 1 value; it begins empty",
    ]
    assert [(step.group, step.code, step.rows) for step in without.steps] == [
        ("destructive", "retire_column", 1)
    ]
    assert without.is_destructive
    assert get(third, "plan", 1) == {"org": "G", "title": "x"}
    assert columns(database, "f_plan") >= {"note", "note__2"}


def test_rolling_back_brings_the_old_columns_back(database: Database) -> None:
    first = publish(database, a_catalogue(a_plan(a_field("note", "text"))))
    put(first, "plan", {"id": 1, "title": "x", "note": "kept"})
    publish(database, a_catalogue(a_form("plan", a_field("name", "text", renamed_from="title"))))

    release = rollback(database, first.catalogue, 1, published_by())
    third = load(database, release.id, lambda files: first.catalogue)

    assert (release.id, release.parent, release.rollback_of) == (3, 2, 1)
    assert get(third, "plan", 1) == {"org": "G", "title": "x", "note": "kept"}
    assert plan(database, first.catalogue).is_empty
    with pytest.raises(NotFound):
        rollback(database, first.catalogue, 99, published_by())


@pytest.mark.parametrize(
    ("old", "new", "value", "expected"),
    [
        ("text", "money", "12.50", Decimal("12.50")),
        ("money", "text", Decimal("12.50"), "12.50"),
        ("number", "integer", Decimal(3), 3),
        ("integer", "percent", 1, Decimal("1.000000")),
    ],
)
def test_a_field_of_another_type_is_a_new_column_with_what_converts(
    database: Database, old: str, new: str, value: Any, expected: Any
) -> None:
    first = publish(database, a_catalogue(a_plan(a_field("x", old))))
    put(first, "plan", {"id": 1, "x": value}, {"id": 2})

    retyped = a_catalogue(a_plan(a_field("x", new)))
    steps = plan(database, retyped).steps
    second = publish(database, retyped)

    assert [(step.group, step.code, step.rows) for step in steps] == [("safe", "retype", 1)]
    assert get(second, "plan", 1).get("x") == expected
    assert get(first, "plan", 1)["x"] == value


@pytest.mark.parametrize(
    ("old", "new", "value", "said"),
    [
        ("text", "money", "twelve", "plan.x: 1 value does not convert (text → decimal:2)"),
        ("number", "integer", Decimal("3.5"), "plan.x: 1 value does not convert"),
        ("number", "money", Decimal("0.125"), "plan.x: 1 value has more digits than"),
        ("boolean", "money", True, "plan.x: nothing converts boolean to decimal:2, 1 value"),
    ],
)
def test_values_that_do_not_convert_stop_the_publication_unless_they_may_be_lost(
    database: Database, old: str, new: str, value: Any, said: str
) -> None:
    first = publish(database, a_catalogue(a_plan(a_field("x", old))))
    put(first, "plan", {"id": 7, "x": value}, {"id": 8})
    retyped = a_catalogue(a_plan(a_field("x", new)))

    with pytest.raises(Conflict) as refused:
        publish(database, retyped)
    assert refused.value.message("en").startswith(f"The data stand in the way: {said}")
    assert len(all_releases_of(database)) == 1

    wish = Wish(destroy=frozenset({"plan.x"}), reason="known")
    accepted = plan(database, retyped, wish)
    assert [step.group for step in accepted.steps][-1] == "destructive"
    apply(database, retyped, published_by(wish=wish))
    assert get(first, "plan", 7)["x"] == value  # the old column has it still


DOUBTFUL = ("12", "-3.5", "0.125", "1e3", " 7", "1,000", "٣", "", "12.", ".5", "+1", "9" * 16,
            "1.50", "x", "-", "00", "1\n", "NaN", "3.50", "-0")  # fmt: skip


@pytest.mark.parametrize("new", ["money", "integer"])
def test_what_the_database_passes_over_is_what_would_convert_anyway(
    database: Database, new: str
) -> None:
    first = publish(database, a_catalogue(a_plan(a_field("x", "text"))))
    put(first, "plan", *({"id": n, "x": value} for n, value in enumerate(DOUBTFUL, 1)))
    retyped = plan(database, a_catalogue(a_plan(a_field("x", new))))

    one_by_one = judge(retyped.allotment.retypes[0])
    for value in DOUBTFUL:
        one_by_one.take(1, value)
    told = {step.code: step.rows for step in retyped.steps}
    assert told.get("unconverted", 0) == one_by_one.failed > 0
    assert told.get("rounded", 0) == one_by_one.rounded


def test_a_base_that_is_no_longer_active_is_refused_with_what_changed(database: Database) -> None:
    publish(database, a_catalogue(a_plan()))
    publish(database, a_catalogue(a_plan(a_field("note", "text"))))

    with pytest.raises(Conflict) as refused:
        apply(database, a_catalogue(note="mine"), published_by("wang", base=1))

    assert refused.value.message("en") == (
        "Release 2 was published by li.na in the meantime (changed: forms/plan.yaml). "
        "Run `jingwei pull`, then plan again."
    )
    assert [release.id for release in all_releases_of(database)] == [2, 1]


def all_releases_of(database: Database) -> list[Any]:
    with database.reading() as connection:
        return all_releases(connection)


def test_what_the_studio_published_is_not_overwritten_unseen(database: Database) -> None:
    apply(database, a_catalogue(note="studio"), published_by(source="studio"))

    with pytest.raises(Conflict):
        apply(database, a_catalogue(note="folder"), published_by())
    assert apply(database, a_catalogue(note="folder"), published_by(base=1)).id == 2


def test_values_that_are_not_unique_are_counted_and_stop_the_publication(
    database: Database,
) -> None:
    first = publish(database, a_catalogue(a_plan()))
    put(first, "plan", {"id": 1, "title": "same"}, {"id": 2, "title": "same"})
    unique = a_form("plan", a_field("title", "text", unique=True), a_field("extra", "text"))

    with pytest.raises(Conflict) as refused:
        publish(database, a_catalogue(unique, a_form("other")))

    assert refused.value.message("en") == (
        "The data stand in the way: f_plan: 1 value of title occurs more than once; "
        "make them differ first. Nothing has changed. Do what the plan says to each, then run it "
        "again."
    )
    assert_untouched(database)


def test_nothing_changes_when_a_statement_fails(database: Database) -> None:
    publish(database, a_catalogue(a_plan()))
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE f_third (id INTEGER)"))

    with pytest.raises(DBAPIError):
        publish(database, a_catalogue(a_plan(a_field("extra", "text")), *map(a_form, OTHERS)))

    assert_untouched(database)


OTHERS = ("other", "third")


def assert_untouched(database: Database) -> None:

    assert len(all_releases_of(database)) == 1
    assert "extra" not in columns(database, "f_plan")
    assert not inspect(database.engine).has_table("f_other")


def test_names_too_long_or_taken_are_told_apart(database: Database) -> None:
    long = "a" * 40
    parts = (a_field("b" * 40, "table", fields=(a_field("x", "text"),)),)
    form = a_form(long, *parts)
    clash = a_form(f"{long[:38]}_c", a_field("flow", "text"), a_field("record_id", "text"))
    first = publish(database, a_catalogue(form, clash))

    names = [table.name for table in first.names.tables.values()]
    assert len(set(names)) == 3
    assert max(len(name) for name in names) <= 60
    assert first.names.table(clash.name).columns["flow"] == "flow"
    put(first, clash.name, {"id": 1, "record_id": "x"})
    assert get(first, clash.name, 1) == {"org": "G", "record_id": "x"}


def test_indexes_are_those_of_the_list_and_of_unique_rules(database: Database) -> None:
    once = Rule(name="once", at=a_field("x", "text").at, unique=("org", "title"), on="save")
    form = a_plan(
        a_field("amount", "money"),
        a_field("parent", "link", to=("plan",)),
        list=ListView(filters=("title", "status"), sort=("-amount",)),
        rules={"once": once},
    )
    publish(database, a_catalogue(form))

    found = {
        tuple(index["column_names"]): bool(index["unique"])
        for index in inspect(database.engine).get_indexes("f_plan")
    }
    assert found == {
        ("org", "id"): False,
        ("owner",): False,
        ("status",): False,
        ("parent",): False,
        ("title", "amount", "id", "org", "status"): False,
        ("amount", "id", "org", "title", "status"): False,
        ("org", "title", "status"): False,
        ("org", "title"): True,
    }


def test_files_come_back_byte_by_byte_and_are_kept_once(database: Database) -> None:
    first, second = a_catalogue(a_plan(), note="1"), a_catalogue(a_plan(), note="2")
    publish(database, first)
    publish(database, second)

    assert pull(database) == second.files
    with database.reading() as connection:
        assert read_files(connection, 1) == first.files
        count = connection.execute(text("SELECT count(*) FROM sys_text")).scalar()
    assert count == 3 + 1  # one form, two manifests, one map of names


def test_a_key_stays_when_a_name_moves(database: Database) -> None:
    first = publish(database, a_catalogue(a_plan()))
    put(first, "plan", {"id": 1, "org": "A"})
    moved = [o for o in GROUP if o.code != "A"]
    moved.append(replace(an_org("A2", "subsidiary", "S2"), renamed_from="A"))
    catalogue = replace(a_catalogue(a_plan(), orgs=moved, note="2"), roles={"ops2": a_role("ops2")})
    second = publish(database, catalogue)

    assert get(second, "plan", 1)["org"] == "A2"
    assert get(first, "plan", 1)["org"] == "A"
    assert second.book.key("org", "A2") == first.book.key("org", "A")

    release = rollback(database, first.catalogue, 1, published_by())
    third = load(database, release.id, lambda files: first.catalogue)
    assert get(third, "plan", 1)["org"] == "A"


def test_the_tree_is_kept_as_rows_and_follows_the_definitions(database: Database) -> None:
    def above(org: str) -> list[str]:
        with database.reading() as connection:
            rows = connection.execute(
                text(
                    "SELECT a.code FROM sys_org_below b JOIN sys_org a ON a.key = b.above "
                    "JOIN sys_org o ON o.key = b.below WHERE o.code = :org ORDER BY depth"
                ),
                {"org": org},
            )
            return [row.code for row in rows]

    publish(database, a_catalogue())
    assert above("A") == ["A", "S1", "G"]

    moved = [o for o in GROUP if o.code != "A"] + [an_org("A", "subsidiary", "S2")]
    installation = publish(database, a_catalogue(orgs=moved, note="moved"))
    assert above("A") == ["A", "S2", "G"]
    with database.writing() as connection:
        keys = installation.names.keys["org"]
        assert write_orgs(connection, installation.catalogue, keys, TODAY) is False


def test_a_process_swaps_to_what_was_published_and_keeps_what_it_began_with(
    database: Database,
) -> None:
    published = {1: a_catalogue(a_plan()), 2: a_catalogue(a_plan(), note="2")}
    by_files = {tuple(c.files.items()): c for c in published.values()}
    active = ActiveInstallation(database, lambda files: by_files[tuple(sorted_as(files))])
    with pytest.raises(LookupError):
        active.current  # noqa: B018

    publish(database, published[1])
    began_with = active.current
    swaps: list[int] = []
    active.on_swap(lambda installation: swaps.append(installation.release.id))
    assert active.poll() is False
    publish(database, published[2])

    assert active.poll() is True
    assert (began_with.release.id, active.current.release.id, swaps) == (1, 2, [2])


def sorted_as(files: Any) -> list[tuple[str, bytes]]:
    """Files in the order the small catalogue wrote them."""
    return sorted(files.items(), key=lambda item: not item[0].startswith("forms/"))
