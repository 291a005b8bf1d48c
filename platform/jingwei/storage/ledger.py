"""The ledger of allotted names: which table and column was made for what, and what became of it.

States: `prepared` (made for a publication that is under way), `active`, `retired` (hidden and
kept), `purged` (emptied for good; the name is not given again).
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlalchemy import Table, bindparam, delete, insert, select, update

from jingwei.storage.database import Connection
from jingwei.storage.names import Hidden, Ledger, PhysicalNames, PhysicalTable
from jingwei.storage.tables_releases import sys_column, sys_preparation, sys_table


def read_ledger(
    connection: Connection, fingerprint: str = "", restore: Set[str] = frozenset()
) -> Ledger:
    """Every name that was given out, but for those prepared for the definitions of this
    fingerprint: planned again, they get the same names."""
    ours = is_prepared(connection, fingerprint)
    tables: set[str] = set()
    columns: dict[str, set[str]] = {}
    hidden: dict[tuple[str, str], PhysicalTable] = {}
    by_table: dict[str, dict[str, tuple[str, str]]] = {}
    hidden_columns: dict[tuple[str, str], tuple[str, str]] = {}
    rows = connection.execute(select(sys_column).order_by(sys_column.c.since))
    for row in rows.mappings():
        if ours and row["state"] == "prepared":
            continue
        columns.setdefault(row["table"], set()).add(row["column"])
        by_table.setdefault(row["table"], {})[row["field"]] = (row["column"], row["type"])
        if row["state"] == "retired":
            hidden_columns[row["table"], row["field"]] = (row["column"], row["type"])
        elif row["state"] == "active":
            hidden_columns.pop((row["table"], row["field"]), None)
    for row in connection.execute(select(sys_table).order_by(sys_table.c.since)).mappings():
        if ours and row["state"] == "prepared":
            continue
        tables.add(row["name"])
        if row["state"] == "retired":
            found = by_table.get(row["name"], {})
            hidden[row["form"], row["part"]] = PhysicalTable(
                row["name"],
                {field: column for field, (column, _) in found.items()},
                {field: type_ for field, (_, type_) in found.items()},
            )
    return Ledger(tables, columns, hidden, hidden_columns, restore)


def is_prepared(connection: Connection, fingerprint: str) -> bool:
    """Whether what is prepared is for the definitions of this fingerprint."""
    found = connection.execute(select(sys_preparation.c.fingerprint)).scalar()
    return found is not None and found == fingerprint


def prepared_names(connection: Connection) -> tuple[set[str], set[tuple[str, str]]]:
    """Tables, and columns of tables, that are prepared."""
    tables = connection.execute(select(sys_table.c.name).where(sys_table.c.state == "prepared"))
    columns = connection.execute(
        select(sys_column.c.table, sys_column.c.column).where(sys_column.c.state == "prepared")
    )
    return set(tables.scalars()), {(row.table, row.column) for row in columns}


def write_names(
    connection: Connection,
    names: PhysicalNames,
    new_tables: Set[str],
    new_columns: Set[tuple[str, str]],
    since: int,
    state: str,
) -> None:
    """Write down what was allotted."""
    tables = [
        {"name": table.name, "form": form, "part": part, "since": since, "state": state}
        for (form, part), table in names.tables.items()
        if table.name in new_tables
    ]
    if tables:
        connection.execute(insert(sys_table), tables)
    columns = [
        {
            "table": table.name,
            "column": column,
            "field": key,
            "type": table.types[key],
            "since": since,
            "state": state,
        }
        for table in names.tables.values()
        for key, column in table.columns.items()
        if table.name in new_tables or (table.name, key) in new_columns
    ]
    if columns:
        connection.execute(insert(sys_column), columns)


def mark_active(connection: Connection, names: PhysicalNames) -> None:
    """Make the ledger say what the active release calls each table and column. Only what differs
    is written: a publication changes little, and the ledger has a row for every column there is."""
    tables: dict[tuple[str, ...], dict[str, str]] = {}
    columns: dict[tuple[str, ...], dict[str, str]] = {}
    for (form, part), table in names.tables.items():
        tables[(table.name,)] = {"form": form, "part": part, "state": "active"}
        for key, column in table.columns.items():
            what = {"field": key, "type": table.types[key], "state": "active"}
            columns[table.name, column] = what
    _make_active(connection, sys_table, ("name",), tables)
    _make_active(connection, sys_column, ("table", "column"), columns)


def _make_active(
    connection: Connection,
    kept: Table,
    key: tuple[str, ...],
    wanted: Mapping[tuple[str, ...], Mapping[str, str]],
) -> None:
    """Write the rows that differ; what is active and not wanted any more is retired."""
    rows = [dict(row) for row in connection.execute(select(kept)).mappings()]
    differing = []
    for row in rows:
        identity = tuple(row[name] for name in key)
        now = wanted.get(identity)
        if now is None:
            if row["state"] != "active":
                continue
            now = {"state": "retired"}
        if any(row[name] != value for name, value in now.items()):
            differing.append({**row, **now})
    if not differing:
        return
    values = list(next(iter(wanted.values()), {"state": ""}))
    statement = (
        update(kept)
        .where(*(kept.c[name] == bindparam(f"{name}_") for name in key))
        .values({name: bindparam(f"{name}_") for name in values})
    )
    connection.execute(statement, [{f"{n}_": row[n] for n in (*key, *values)} for row in differing])


def set_aside(connection: Connection) -> None:
    """Forget a publication that was begun and is not gone on with: its names are never given
    again, and nobody has seen them."""
    for kept in (sys_table, sys_column):
        connection.execute(update(kept).where(kept.c.state == "prepared").values(state="purged"))
    connection.execute(delete(sys_preparation))


def mark_purged(connection: Connection, found: Hidden) -> None:
    """Write down that the values are gone for good."""
    columns = update(sys_column).where(sys_column.c.table == found.table)
    if found.column is not None:
        columns = columns.where(sys_column.c.column == found.column)
    connection.execute(columns.values(state="purged"))
    if found.column is None:
        connection.execute(
            update(sys_table).where(sys_table.c.name == found.table).values(state="purged")
        )
