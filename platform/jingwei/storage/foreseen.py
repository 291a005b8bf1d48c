"""A release before it is published: its keys, its tables, and queries over the rows of today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.names import PhysicalNames
from jingwei.storage.orgs import kept_keys
from jingwei.storage.people import refresh_book
from jingwei.storage.plan import Plan, plan_on
from jingwei.storage.query import Query, RowScope
from jingwei.storage.records import RecordStore
from jingwei.storage.releases import active_release, read_names
from jingwei.storage.runtime import read_parents
from jingwei.storage.tables_releases import sys_name


@contextmanager
def looking(database: Database) -> Iterator[Connection]:
    """One snapshot for a long look; whatever is made in it (temporary views) is undone."""
    engine = database.engine
    if not database.is_sqlite:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            if not database.is_sqlite:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            yield connection
        finally:
            transaction.rollback()


def foreseen_names(connection: Connection, catalogue: Catalogue, plan: Plan) -> PhysicalNames:
    """The names the release would have. New orgs, roles … get keys that no row has."""
    base = active_release(connection)
    was = read_names(connection, base.id).keys if base else {}
    known = {(row.kind, row.name): row.key for row in connection.execute(select(sys_name))}
    keys, fresh = kept_keys(catalogue, was, known)
    following = max(known.values(), default=0) + 1
    for number, (kind, name) in enumerate(fresh):
        keys[kind][name] = following + number
    return replace(plan.names, keys=keys)


def foreseen_store(
    database: Database,
    connection: Connection,
    catalogue: Catalogue,
    zone: str,
    plan: Plan | None = None,
) -> RecordStore:
    """A store of the release as it would be. Where columns are missing yet, call `shadow`."""
    plan = plan or plan_on(connection, catalogue, values=False)
    names = foreseen_names(connection, catalogue, plan)
    rows = {row.key: (row.kind, row.name) for row in connection.execute(select(sys_name))}
    for kind, keys in names.keys.items():
        rows |= {key: (kind, name) for name, key in keys.items()}
    book = NameBook((key, kind, name) for key, (kind, name) in rows.items())
    refresh_book(connection, database.people)
    return RecordStore(database, catalogue, names, book, read_parents(connection), zone)


def shadow(connection: Connection, plan: Plan, store: RecordStore) -> None:
    """Temporary views and tables in front of the real ones: with every column that would be
    added, empty."""
    schema = "main" if connection.dialect.name == "sqlite" else _schema(connection)
    ddl = Ddl(connection.dialect, store.names)
    tables = {t.name: t for t in plan.names.tables.values()}
    for form, part in ddl.new_tables(set(plan.allotment.new_tables)):
        physical = store.names.table(form, part)
        columns = ", ".join(
            f'NULL AS "{c}"'
            if connection.dialect.name == "sqlite"
            else f'CAST(NULL AS {_type(connection, physical.types[k])}) AS "{c}"'
            for k, c in physical.columns.items()
        )
        connection.exec_driver_sql(
            f'CREATE TEMPORARY VIEW "{physical.name}" AS SELECT {columns} WHERE 1 = 0'
        )
    added: dict[str, list[str]] = {}
    for table, key in plan.allotment.new_columns:
        added.setdefault(table, []).append(key)
    for table, keys in added.items():
        physical = tables[table]
        more = ", ".join(
            f'CAST(NULL AS {_type(connection, physical.types[key])}) AS "{physical.columns[key]}"'
            for key in keys
        )
        connection.exec_driver_sql(
            f'CREATE TEMPORARY VIEW "{table}" AS SELECT t.*, {more} FROM "{schema}"."{table}" AS t'
        )


def _schema(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())


def _type(connection: Connection, word: str) -> str:
    type_ = sql_type(word, NameBook(()), PersonBook())
    words: str = type_.compile(dialect=connection.dialect)
    return words.partition(" COLLATE")[0]


# --- who sees which rows -------------------------------------------------------------------------


def count_rows(
    connection: Connection,
    store: RecordStore,
    form: str,
    scope: RowScope,
    variables: dict[str, Any],
) -> int:
    """Living records of a form within a scope."""
    found = _ids(store, form, scope, variables)
    if found is None:
        return 0
    text, values = found
    return _scalar(connection, f"SELECT count(*) FROM ({text}) AS x", values)


def count_difference(
    connection: Connection,
    one: tuple[RecordStore, str, RowScope],
    other: tuple[RecordStore, str, RowScope],
    variables: dict[str, Any],
) -> int:
    """Records that the one (store, form, scope) gives and the other does not."""
    found = _ids(*one, variables)
    without = _ids(*other, variables)
    if found is None:
        return 0
    if without is None:
        return count_rows(connection, *one, variables)
    text = f"SELECT count(*) FROM (SELECT c0 FROM ({found[0]}) AS x EXCEPT SELECT c0 FROM "
    return _scalar(connection, f"{text}({without[0]}) AS y) AS z", (*found[1], *without[1]))


def _ids(
    store: RecordStore, form: str, scope: RowScope, variables: dict[str, Any]
) -> tuple[str, tuple[Any, ...]] | None:
    if not scope.terms:
        return None
    return store.text_of(Query(form, ("id",), scope, page=None, variables=variables))


def _scalar(connection: Connection, statement: str, values: Sequence[Any]) -> int:
    found: int = connection.exec_driver_sql(statement, tuple(values)).scalar_one()
    return found
