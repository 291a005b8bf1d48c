"""The ledger of allotted names: which table and column was made for what, and what became of it.

States: `prepared` (made for a publication that is under way), `active`, `retired` (hidden and
kept), `purged` (emptied for good; the name is not given again).
"""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import bindparam, delete, insert, select, update

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
    """Make the ledger say what the active release calls each table and column."""
    for kept in (sys_table, sys_column):
        connection.execute(update(kept).where(kept.c.state == "active").values(state="retired"))
    tables = [
        {"table_": table.name, "form_": form, "part_": part}
        for (form, part), table in names.tables.items()
    ]
    if tables:
        of_table = update(sys_table).where(sys_table.c.name == bindparam("table_"))
        moved = of_table.values(form=bindparam("form_"), part=bindparam("part_"), state="active")
        connection.execute(moved, tables)
    rows = [
        {
            "table_": table.name,
            "column_": column,
            "field_": key,
            "type_": table.types[key],
        }
        for table in names.tables.values()
        for key, column in table.columns.items()
    ]
    if rows:
        connection.execute(
            update(sys_column)
            .where(
                sys_column.c.table == bindparam("table_"),
                sys_column.c.column == bindparam("column_"),
            )
            .values(field=bindparam("field_"), type=bindparam("type_"), state="active"),
            rows,
        )


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
