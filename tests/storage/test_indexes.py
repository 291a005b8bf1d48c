"""Which indexes a list brings along, and that the first rows of an order are read in its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storage_small import NOW, TODAY, a_catalogue, a_field, a_form, publish

from jingwei.language.form import ListView
from jingwei.storage.database import Database
from jingwei.storage.indexes import form_indexes, superseded_index
from jingwei.storage.query import OrgScope, Page, Query, RowScope, ScopeTerm, SortKey
from jingwei.storage.runtime import Installation
from jingwei.storage.upgrade import upgrade


def open_deals(folder: Path, **list_keys: Any) -> Installation:
    database = Database(f"sqlite:///{folder / 'indexes.db'}")
    upgrade(database)
    fields = (
        a_field("kind", "choice", choices=()),
        a_field("amount", "money"),
        a_field("day", "date"),
    )
    return publish(database, a_catalogue(a_form("deal", *fields, list=ListView(**list_keys))))


def indexed(installation: Installation) -> list[str]:
    form = installation.catalogue.forms["deal"]
    return [
        " ".join(f"-{c}" if down else c for c, down in index.columns)
        for index in form_indexes(form, installation.names)
        if index.living
    ]


def test_a_list_has_its_order_behind_the_filter_that_asks_for_one_value(tmp_path: Path) -> None:
    made = open_deals(tmp_path, filters=("amount", "kind"), sort=("-day",))
    assert indexed(made) == [
        "org id",
        "kind -day id org amount",
        "-day id org kind amount",
        "org kind amount",
    ]
    made.database.close()


def test_a_filter_of_a_range_stands_behind_the_order(tmp_path: Path) -> None:
    made = open_deals(tmp_path, filters=("day",), sort=("amount",))
    assert indexed(made) == ["org id", "amount id org day"]
    made.database.close()


def test_the_first_rows_of_an_order_are_not_found_by_sorting_all_in_scope(tmp_path: Path) -> None:
    made = open_deals(tmp_path, filters=("kind", "amount"), sort=("-day",))
    orgs = tuple(sorted(made.book.key("org", code) for code in made.catalogue.orgs))[1:]
    query = Query(
        "deal",
        ("id", "amount"),
        RowScope((ScopeTerm(OrgScope(orgs)),)),
        sort=(SortKey("day", True),),
        page=Page(20),
        variables={"me": None, "today": TODAY, "now": NOW},
    )
    text, values = made.store.text_of(query)
    with made.database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
    steps = [step[3] for step in plan]
    assert not any("TEMP B-TREE" in step for step in steps), steps
    made.database.close()


def test_a_list_without_filters_is_counted_in_an_index_of_living_rows(tmp_path: Path) -> None:
    """Also where an earlier engine left one of all rows, which the database would prefer."""
    made = open_deals(tmp_path)
    names = made.names
    old = superseded_index(made.catalogue.forms["deal"], names)
    table = names.table("deal").name
    with made.database.writing() as connection:
        connection.exec_driver_sql(f'CREATE INDEX "{old}" ON "{table}" ("org", "id")')
    made = publish(made.database, made.catalogue)
    asked = f'SELECT count(*) FROM "{table}" WHERE deleted_at IS NULL AND org IN (1, 2)'
    with made.database.reading() as connection:
        connection.exec_driver_sql(asked)  # a plan alone does not look whether tables have changed
        (step,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").fetchall()
    living = next(i for i in form_indexes(made.catalogue.forms["deal"], names) if i.living)
    assert living.name in step[3] and old not in step[3]
    made.database.close()
