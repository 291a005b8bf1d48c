"""What publishing a catalogue would do: to the tables, and to the rows that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import select

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import stored_test
from jingwei.language.form import Form
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.indexes import Index, form_indexes
from jingwei.storage.names import (
    Allotment,
    Ledger,
    PhysicalNames,
    PhysicalTable,
    allot,
    wanted_tables,
)
from jingwei.storage.releases import Release, active_release, read_files, read_names
from jingwei.storage.tables_releases import sys_column, sys_table
from jingwei.texts import text

Group = Literal["safe", "needs_data", "destructive"]
GROUPS: tuple[Group, ...] = ("safe", "needs_data", "destructive")


@dataclass(frozen=True, slots=True)
class Step:
    """One effect, in words. `code` names the sentence; `rows` are those it touches. One that
    `blocks` must be mended first."""

    group: Group
    code: str
    holes: Mapping[str, object] = field(default_factory=dict)
    rows: int | None = None
    blocks: bool = False

    def message(self, locale: str) -> str:
        return text(f"plan.{self.code}", locale, rows=self.rows or 0, **self.holes)


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the application that differs from what runs."""

    path: str
    change: Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Against one base release. `statements` is the DDL, in order; empty files: nothing to do."""

    base: int | None
    fingerprint: str
    files: tuple[FileChange, ...]
    steps: tuple[Step, ...]
    statements: tuple[str, ...]
    names: PhysicalNames
    allotment: Allotment

    @property
    def is_empty(self) -> bool:
        return not self.files and not self.statements

    @property
    def blocked_by(self) -> tuple[Step, ...]:
        """What the data must be mended for first."""
        return tuple(step for step in self.steps if step.blocks)

    @property
    def is_destructive(self) -> bool:
        return any(step.group == "destructive" for step in self.steps)

    def to_json(self, locale: str) -> dict[str, Any]:
        """For `--json`, and for the release that it becomes."""
        return {
            "base": self.base,
            "fingerprint": self.fingerprint,
            "files": [{"path": f.path, "change": f.change} for f in self.files],
            "steps": [
                {"group": s.group, "code": s.code, "rows": s.rows, "message": s.message(locale)}
                for s in self.steps
            ],
            "statements": list(self.statements),
        }

    def to_text(self, locale: str) -> str:
        """For a terminal: files, effects by group, statements."""
        if self.is_empty:
            return text("plan.nothing", locale)
        lines = [text("plan.files", locale)]
        lines += [f"  {_MARKS[f.change]} {f.path}" for f in self.files]
        for group in GROUPS:
            steps = [step for step in self.steps if step.group == group]
            if steps:
                lines += ["", text(f"plan.group_{group}", locale)]
                lines += [f"  - {step.message(locale)}" for step in steps]
        if self.statements:
            lines += ["", text("plan.statements", locale)]
            lines += [f"  {statement};" for statement in self.statements]
        return "\n".join(lines)


_MARKS = {"added": "+", "changed": "~", "removed": "-"}


def plan(database: Database, catalogue: Catalogue) -> Plan:
    """What publishing `catalogue` would do to this database. Changes nothing."""
    with database.reading() as connection:
        return plan_on(connection, catalogue)


def plan_on(connection: Connection, catalogue: Catalogue) -> Plan:
    """The same inside a transaction: `apply` plans again under the lock."""
    base = active_release(connection)
    was = read_names(connection, base.id) if base else PhysicalNames()
    allotment = allot(
        was, wanted_tables(catalogue.forms.values(), stored_test(catalogue)), _ledger(connection)
    )
    indexes = _indexes(catalogue, allotment.names)
    names = _with_indexes(allotment.names, indexes)
    return Plan(
        base.id if base else None,
        catalogue.fingerprint,
        tuple(_file_changes(connection, base, catalogue.files)),
        (*_steps(connection, allotment, was), *_unique_steps(connection, allotment, indexes)),
        tuple(_statements(connection, allotment, indexes)),
        names,
        allotment,
    )


def _ledger(connection: Connection) -> Ledger:
    tables = connection.execute(select(sys_table.c.name)).scalars().all()
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(select(sys_column.c.table, sys_column.c.column)):
        columns.setdefault(table, set()).add(column)
    return Ledger(set(tables), columns)


def _indexes(catalogue: Catalogue, names: PhysicalNames) -> list[Index]:
    forms: Mapping[str, Form] = catalogue.forms
    return [index for form in forms.values() for index in form_indexes(form, names)]


def _with_indexes(names: PhysicalNames, indexes: list[Index]) -> PhysicalNames:
    by_table: dict[str, dict[str, str]] = {}
    for index in indexes:
        by_table.setdefault(index.table, {})[index.name] = index.definition("postgresql")
    return PhysicalNames(
        {key: replace(t, indexes=by_table.get(t.name, {})) for key, t in names.tables.items()}
    )


def _file_changes(
    connection: Connection, base: Release | None, files: Mapping[str, bytes]
) -> Iterator[FileChange]:
    was = read_files(connection, base.id) if base else {}
    for path in sorted(set(was) | set(files)):
        if path not in was:
            yield FileChange(path, "added")
        elif path not in files:
            yield FileChange(path, "removed")
        elif was[path] != files[path]:
            yield FileChange(path, "changed")


def _statements(
    connection: Connection, allotment: Allotment, indexes: list[Index]
) -> Iterator[str]:
    ddl = Ddl(connection.dialect, allotment.names)
    tables: Mapping[str, PhysicalTable] = {t.name: t for t in allotment.names.tables.values()}
    for form, part in ddl.new_tables(set(allotment.new_tables)):
        yield ddl.create_table(form, part)
    for table, key in allotment.new_columns:
        yield ddl.add_column(tables[table], key)
    yield from ddl.late_references(set(allotment.new_tables))
    there = {name for table in tables.values() for name in table.indexes}
    for index in indexes:
        if index.name not in there:
            yield ddl.create_index(index)


def _steps(connection: Connection, allotment: Allotment, was: PhysicalNames) -> Iterator[Step]:
    for table in allotment.new_tables:
        yield Step("safe", "new_table", {"table": table})
    for table, key in allotment.new_columns:
        if not any(r.table == table and r.path.endswith(f".{key}") for r in allotment.retypes):
            yield Step("safe", "new_column", {"table": table, "column": key})
    for rename in allotment.renames:
        yield Step("safe", "rename", {"old": rename.old, "new": rename.new})
    for retype in allotment.retypes:
        rows = _count(connection, retype.table, retype.old_column)
        holes = {"path": retype.path, "old": retype.old_type, "new": retype.new_type}
        yield Step("needs_data", "retype", holes, rows)
    for table in allotment.retired_tables:
        yield Step("destructive", "retire_table", {"table": table}, _count(connection, table))
    for table, column in allotment.retired_columns:
        if not any(r.table == table and r.old_column == column for r in allotment.retypes):
            rows = _count(connection, table, column)
            yield Step("destructive", "retire_column", {"table": table, "column": column}, rows)


def _unique_steps(
    connection: Connection, allotment: Allotment, indexes: list[Index]
) -> Iterator[Step]:
    """New unique keys over rows that are there: values that occur twice stand in the way."""
    there = {name for table in allotment.names.tables.values() for name in table.indexes}
    fresh = set(allotment.new_columns)
    for index in indexes:
        columns = [column for column, _ in index.columns]
        is_new = index.table in allotment.new_tables or any(
            (index.table, column) in fresh for column in columns
        )
        if index.unique and index.name not in there and not is_new:
            rows = _twice(connection, index.table, columns)
            if rows:
                holes = {"table": index.table, "columns": ", ".join(columns)}
                yield Step("needs_data", "not_unique", holes, rows, blocks=True)


def _twice(connection: Connection, table: str, columns: list[str]) -> int:
    """Combinations of values that several living rows share."""
    names = ", ".join(f'"{column}"' for column in columns)
    filled = " AND ".join(f'"{column}" IS NOT NULL' for column in columns)
    count: int = connection.exec_driver_sql(
        f'SELECT count(*) FROM (SELECT 1 FROM "{table}" WHERE deleted_at IS NULL AND {filled} '
        f"GROUP BY {names} HAVING count(*) > 1) AS twice"
    ).scalar_one()
    return count


def _count(connection: Connection, table: str, column: str | None = None) -> int:
    """Rows of a table, or those that have a value in a column. Names are ours, never a user's."""
    where = f' WHERE "{column}" IS NOT NULL' if column else ""
    count: int = connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"{where}').scalar_one()
    return count
