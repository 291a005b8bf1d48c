"""Definitions that are not published, over the data that are there: nothing is changed.

Tables and columns that publishing would add are views of this connection alone, which stand before
the tables of the same name and hold nothing there. The transaction is undone at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection, Database
from jingwei.storage.foreseen import foreseen_store, looking, shadow
from jingwei.storage.names import PhysicalTable
from jingwei.storage.plan import Plan, plan_on
from jingwei.storage.runtime import Installation

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
    with looking(database) as connection:
        plan = plan_on(connection, catalogue, values=False)
        store = foreseen_store(database, connection, catalogue, zone, plan)
        if empty:
            for statement in _emptied(connection, plan, base):
                connection.exec_driver_sql(statement)
        else:
            shadow(connection, plan, store)
        if not database.is_sqlite:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        release = replace(base.release, id=_number(catalogue), fingerprint=catalogue.fingerprint)
        yield (
            connection,
            Installation(database, release, catalogue, store.names, store.book, store),
        )


def _number(catalogue: Catalogue) -> int:
    """A number that no release has; the same for the same text, since caches ask by it."""
    return -1 - int(catalogue.fingerprint[:7], 16)


def _emptied(connection: Connection, plan: Plan, base: Installation) -> Iterator[str]:
    """Every table of the application without its rows."""
    schema = "main"
    if connection.dialect.name != "sqlite":
        schema = str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())
    added: dict[str, list[str]] = {}
    for name, key in plan.allotment.new_columns:
        added.setdefault(name, []).append(key)
    wanted = {table.name for table in plan.names.tables.values()}
    for table in plan.names.tables.values():
        if table.name in plan.allotment.new_tables:
            columns = _nothing(connection, table, table.columns)
            yield f'CREATE TEMPORARY VIEW "{table.name}" AS SELECT {columns} WHERE 1 = 0'
        else:
            columns = _nothing(connection, table, added.get(table.name, ()))
            yield _hidden(schema, table.name, f", {columns}" if columns else "")
    hidden = {table.name for table in base.names.tables.values()} - wanted
    for name in (*_BESIDE, *sorted(hidden)):
        yield _hidden(schema, name, "")


def _hidden(schema: str, name: str, more: str) -> str:
    source = f'"{schema}"."{name}" AS there'
    return f'CREATE TEMPORARY VIEW "{name}" AS SELECT there.*{more} FROM {source} WHERE 1 = 0'


def _nothing(connection: Connection, table: PhysicalTable, keys: Iterable[str]) -> str:
    """Typed nulls by the names of columns. Names are ours, never a user's."""
    made = []
    for key in keys:
        type_ = sql_type(table.types[key], _NOTHING, _NOBODY).compile(dialect=connection.dialect)
        words = str(type_).partition(" COLLATE")[0]
        made.append(f'CAST(NULL AS {words}) AS "{table.columns[key]}"')
    return ", ".join(made)
