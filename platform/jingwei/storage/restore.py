"""A backup's rows brought into an empty database, of either kind, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Column, MetaData, Table, insert, select, text
from sqlalchemy.schema import CreateTable

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.extensions import extensions
from jingwei.refusals import Conflict
from jingwei.storage.backup import AT_ONCE, TableHead
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.indexes import extension_indexes, form_indexes
from jingwei.storage.locks import PUBLISH_LOCK, lock_exclusively
from jingwei.storage.names import PhysicalNames, PhysicalTable
from jingwei.storage.portable import Reader, plain_table
from jingwei.storage.releases import active_release, read_files, read_names
from jingwei.storage.tables_releases import sys_column, sys_table
from jingwei.storage.upgrade import known_revisions, upgrade, upgrade_to

# What an installation has once anybody has used it.
_USED = ("sys_release", "sys_person", "sys_change")

Compile = Callable[[Mapping[str, bytes]], Catalogue]


@dataclass(frozen=True, slots=True)
class Content:
    """What a backup has: its tables in order, and the lines of each."""

    revision: str
    next_id: int
    tables: Sequence[TableHead]
    lines: Callable[[TableHead], Iterator[bytes]]


def restore(database: Database, content: Content, compile: Compile) -> None:
    """Fill an empty database with a backup; all of it or nothing.

    Raises Conflict `schema-newer` for a backup of a newer engine, `restore-not-empty` for a
    database that somebody has used.
    """
    known = known_revisions()
    if content.revision not in known:
        raise Conflict("schema-newer", found=content.revision, ours=known[-1])
    upgrade_to(database, content.revision)
    with database.writing() as connection:
        lock_exclusively(connection, PUBLISH_LOCK)
        _require_empty(connection)
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        else:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        own = [head for head in content.tables if head.is_engine]
        _fill(connection, own, content)
        made = _make_tables(connection)
        heads = {head.name: head for head in content.tables if not head.is_engine}
        _fill(connection, [heads[name] for name in made.order if name in heads], content)
        for statement in made.ddl.late_references(made.active):
            connection.exec_driver_sql(statement)
        _make_indexes(connection, made, compile)
        _go_on_counting(connection, content.next_id)
    upgrade(database)


def _require_empty(connection: Connection) -> None:
    for name in _USED:
        if connection.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first() is not None:
            raise Conflict("restore-not-empty")


def _fill(connection: Connection, heads: Iterable[TableHead], content: Content) -> None:
    for head in heads:
        table = plain_table(head.name, head.columns)
        reader = Reader(head.columns)
        lines = content.lines(head)
        while some := list(islice(lines, AT_ONCE)):
            connection.execute(insert(table), reader.rows(some))


@dataclass(frozen=True, slots=True)
class Made:
    """The application's tables: `order` has those that others refer to first."""

    ddl: Ddl
    names: PhysicalNames
    active: set[str]
    order: Sequence[str]


def _make_tables(connection: Connection) -> Made:
    """Those of the active release as it names them, with the columns it no longer shows; and those
    it no longer shows at all, which nothing refers to."""
    release = active_release(connection)
    names = read_names(connection, release.id) if release is not None else PhysicalNames()
    kept: dict[str, dict[str, str]] = {}
    rows = connection.execute(select(sys_column).where(sys_column.c.state != "purged"))
    for row in rows.mappings():
        kept.setdefault(row["table"], {})[row["column"]] = row["type"]
    tables = {key: _whole(table, kept.get(table.name, {})) for key, table in names.tables.items()}
    ddl = Ddl(connection.dialect, replace(names, tables=tables))
    active = {table.name for table in tables.values()}
    order = []
    for form, part in ddl.new_tables(active):
        connection.exec_driver_sql(ddl.create_table(form, part))
        order.append(tables[form, part].name)
    hidden = (
        select(sys_table.c.name).where(sys_table.c.state != "purged").order_by(sys_table.c.name)
    )
    for name in connection.execute(hidden).scalars():
        if name not in active:
            connection.execute(CreateTable(_alone(name, kept.get(name, {}))))
            order.append(name)
    return Made(ddl, names, active, order)


def _whole(table: PhysicalTable, kept: Mapping[str, str]) -> PhysicalTable:
    """The table with the columns that no name leads to any more."""
    hidden = {column for column in kept if column not in set(table.columns.values())}
    return replace(
        table,
        columns={**table.columns, **{f"{c}@hidden": c for c in sorted(hidden)}},
        types={**table.types, **{f"{c}@hidden": kept[c] for c in sorted(hidden)}},
    )


def _alone(name: str, kept: Mapping[str, str]) -> Table:
    nobody, nothing = PersonBook(), NameBook(())
    columns = (
        Column(column, sql_type(word, nothing, nobody), primary_key=column == "id")
        for column, word in kept.items()
    )
    return Table(name, MetaData(), *columns)


def _make_indexes(connection: Connection, made: Made, compile: Compile) -> None:
    release = active_release(connection)
    if release is None:
        return
    catalogue = compile(read_files(connection, release.id))
    wanted = [i for form in catalogue.forms.values() for i in form_indexes(form, made.names)]
    wanted += extension_indexes(extensions(catalogue), made.names)
    for index in dict.fromkeys(wanted):
        connection.exec_driver_sql(made.ddl.create_index(index))


def _go_on_counting(connection: Connection, next_id: int) -> None:
    """No number that was given out is given out again."""
    if connection.dialect.name == "sqlite":
        connection.execute(
            text("UPDATE sys_ids SET next = :next WHERE name = 'records'"), {"next": next_id}
        )
        return
    connection.execute(text("SELECT setval('sys_id_blocks', :next, false)"), {"next": next_id})
    counted = connection.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name LIKE 'sys\\_%' "
            "AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')"
        )
    )
    for table, column in counted.all():
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "
            f'greatest((SELECT max("{column}") FROM {table}), 1))'
        )
