"""Definitions that are not published, over the data that are there: nothing is changed.

Tables and columns that publishing would add are views of this connection alone, which stand before
the tables of the same name and hold nothing there. The transaction is undone at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import select

from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection, Database
from jingwei.storage.ledger import read_ledger
from jingwei.storage.names import Allotment, PhysicalNames, PhysicalTable, allot
from jingwei.storage.plan import wanted_of
from jingwei.storage.records import RecordStore
from jingwei.storage.runtime import Installation, read_book, read_parents
from jingwei.storage.tables_releases import sys_name

# figures and words to find are data too
_BESIDE = ("sys_fact", "sys_adjustment", "sys_cube_block", "sys_words")
_NOBODY, _NOTHING = PersonBook(), NameBook(())


@contextmanager
def previewed(
    database: Database,
    base: Installation,
    catalogue: Catalogue,
    zone: str,
    *,
    empty: bool,
) -> Iterator[tuple[Connection, Installation]]:
    """A connection on which `catalogue` runs, until the end of the block. `empty`: no rows."""
    with database.engine.connect() as connection:
        transaction = connection.begin()
        try:
            ledger = read_ledger(connection)
            allotment = allot(base.names, wanted_of(catalogue), ledger)
            keys = _keys(connection, catalogue, base)
            names = replace(allotment.names, keys=keys)
            for statement in _views(connection, database, allotment, base.names, empty):
                connection.exec_driver_sql(statement)
            if not database.is_sqlite:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            book = read_book(connection, names)
            parents = read_parents(connection)
            store = RecordStore(database, catalogue, names, book, parents, zone)
            release = replace(
                base.release, id=_number(catalogue), fingerprint=catalogue.fingerprint
            )
            yield connection, Installation(database, release, catalogue, names, book, store)
        finally:
            transaction.rollback()


def _number(catalogue: Catalogue) -> int:
    """A number that no release has; the same for the same text, since caches ask by it."""
    return -1 - int(catalogue.fingerprint[:7], 16)


def _keys(
    connection: Connection, catalogue: Catalogue, base: Installation
) -> dict[str, dict[str, int]]:
    """Keys as they are; what is new has one below nought, which no row has."""
    known = {(row.kind, row.name): row.key for row in connection.execute(select(sys_name))}
    named = {
        "org": catalogue.orgs,
        "indicator": catalogue.indicators,
        "form": catalogue.forms,
        "role": catalogue.roles,
        "post": catalogue.posts,
    }
    keys: dict[str, dict[str, int]] = {}
    fresh = -1
    for kind, definitions in named.items():
        was = base.names.keys.get(kind, {})
        keys[kind] = {}
        for name, definition in definitions.items():
            earlier = definition.renamed_from
            key = was.get(name) or known.get((kind, name)) or was.get(earlier or "")
            if key is None:
                key, fresh = fresh, fresh - 1
            keys[kind][name] = key
    return keys


def _views(
    connection: Connection,
    database: Database,
    allotment: Allotment,
    was: PhysicalNames,
    empty: bool,
) -> Iterator[str]:
    schema = "main" if database.is_sqlite else "public"
    if not database.is_sqlite:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    there = {table.name: table for table in was.tables.values()}
    added: dict[str, list[str]] = {}
    for name, key in allotment.new_columns:
        added.setdefault(name, []).append(key)
    for table in allotment.names.tables.values():
        if table.name in allotment.new_tables:
            yield _view(table.name, _nothing(connection, table, table.columns), "", True)
        elif table.name in added or empty:
            columns = _nothing(connection, table, dict.fromkeys(added.get(table.name, ())))
            own = ", ".join(["there.*", *([columns] if columns else [])])
            yield _view(table.name, own, f'"{schema}"."{table.name}" AS there', empty)
    if empty:
        for name in (*_BESIDE, *(n for n in there if n not in _names(allotment))):
            yield _view(name, "there.*", f'"{schema}"."{name}" AS there', True)


def _names(allotment: Allotment) -> set[str]:
    return {table.name for table in allotment.names.tables.values()}


def _nothing(connection: Connection, table: PhysicalTable, keys: Mapping[str, object]) -> str:
    """Typed nulls by the names of columns. Names are ours, never a user's."""
    made = []
    for key in keys:
        type_ = sql_type(table.types[key], _NOTHING, _NOBODY).compile(dialect=connection.dialect)
        made.append(f'CAST(NULL AS {type_}) AS "{table.columns[key]}"')
    return ", ".join(made)


def _view(name: str, columns: str, source: str, empty: bool) -> str:
    from_ = f" FROM {source}" if source else ""
    where = " WHERE 1 = 0" if empty else ""
    return f'CREATE TEMPORARY VIEW "{name}" AS SELECT {columns}{from_}{where}'
