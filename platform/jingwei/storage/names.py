"""Physical names: which table and column holds what. Allotted once, readable, at most 60 bytes.

A release keeps its own map, so two releases run side by side over the same tables, and an earlier
one finds its columns again. The ledger (`sys_table`, `sys_column`) says what was ever allotted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import orjson

from jingwei.language.form import Field, Form
from jingwei.storage.columns import (
    ROW_COLUMNS,
    SYSTEM_COLUMNS,
    Column,
    form_columns,
    table_columns,
)

LONGEST = 60


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """One table. `columns`, `types`: by column key (`amount`, `about.form`); indexes by name."""

    name: str
    columns: Mapping[str, str]
    types: Mapping[str, str]
    indexes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """Tables by (form, part); part is a sub-table's field, empty for the form itself. `keys`: the
    small keys of orgs, indicators …, by kind and name."""

    tables: Mapping[tuple[str, str], PhysicalTable] = field(default_factory=dict)
    keys: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def table(self, form: str, part: str = "") -> PhysicalTable:
        return self.tables[form, part]

    def to_json(self) -> bytes:
        """Canonical: the same names are the same bytes."""
        plain = {
            f"{form}/{part}": {
                "name": table.name,
                "columns": {k: [c, table.types[k]] for k, c in table.columns.items()},
                "indexes": dict(table.indexes),
            }
            for (form, part), table in self.tables.items()
        }
        whole = {"tables": plain, "keys": self.keys}
        return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, content: bytes) -> PhysicalNames:
        whole = orjson.loads(content)
        tables = {_key(path): _table(plain) for path, plain in whole["tables"].items()}
        return cls(tables, whole["keys"])


def _key(path: str) -> tuple[str, str]:
    form, _, part = path.partition("/")
    return form, part


def _table(plain: Mapping[str, Any]) -> PhysicalTable:
    columns = plain["columns"]
    return PhysicalTable(
        plain["name"],
        {key: column for key, (column, _) in columns.items()},
        {key: type_ for key, (_, type_) in columns.items()},
        plain["indexes"],
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table that definitions ask for; `was`, `part_was`: earlier names of form and sub-table."""

    form: str
    part: str
    columns: tuple[Column, ...]
    was: str | None = None
    part_was: str | None = None

    @property
    def fixed(self) -> Mapping[str, str]:
        """The columns every such table has."""
        return ROW_COLUMNS if self.part else SYSTEM_COLUMNS


def wanted_tables(forms: Iterable[Form], is_stored: Callable[[Field], bool]) -> list[Wanted]:
    """Every table the forms need, each form before its sub-tables."""
    wanted: list[Wanted] = []
    for form in forms:
        columns = tuple(form_columns(form, is_stored))
        wanted.append(Wanted(form.name, "", columns, form.renamed_from))
        for table in form.tables.values():
            parts = tuple(table_columns(table, is_stored))
            wanted.append(
                Wanted(form.name, table.name, parts, form.renamed_from, table.renamed_from)
            )
    return wanted


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every table and column name that was ever allotted, so that none is given twice."""

    tables: Set[str] = frozenset()
    columns: Mapping[str, Set[str]] = field(default_factory=dict)  # by physical table


@dataclass(frozen=True, slots=True)
class Rename:
    """`old` and `new` are `form`, `form.field` or `form.table.field`."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Retype:
    """A field whose values are kept another way: a new column, filled from the old one."""

    table: str
    path: str
    old_column: str
    old_type: str
    new_column: str
    new_type: str


@dataclass(slots=True)
class Allotment:
    """What changes from one map to the next. Columns: (physical table, column key)."""

    names: PhysicalNames
    new_tables: list[str] = field(default_factory=list)
    new_columns: list[tuple[str, str]] = field(default_factory=list)
    renames: list[Rename] = field(default_factory=list)
    retypes: list[Retype] = field(default_factory=list)
    retired_tables: list[str] = field(default_factory=list)
    retired_columns: list[tuple[str, str]] = field(default_factory=list)  # table, physical column


def allot(base: PhysicalNames, wanted: Iterable[Wanted], ledger: Ledger) -> Allotment:
    """Names for all that is wanted: kept where they were, moved on a rename, fresh otherwise."""
    tables: dict[tuple[str, str], PhysicalTable] = {}
    result = Allotment(PhysicalNames(tables))
    taken = set(ledger.tables)
    for want in wanted:
        known = _known_table(base, want, result)
        if known is None:
            name = _free(f"f_{want.form}_{want.part}" if want.part else f"f_{want.form}", taken)
            taken.add(name)
            result.new_tables.append(name)
            known = PhysicalTable(name, {}, {})
        used = set(ledger.columns.get(known.name, ())) | set(want.fixed)
        tables[want.form, want.part] = _allot_columns(known, want, used, result)
    _retire(base, result)
    return result


def _known_table(base: PhysicalNames, want: Wanted, result: Allotment) -> PhysicalTable | None:
    for form in (want.form, want.was):
        for part in (want.part, want.part_was):
            if form is None or part is None:
                continue
            known = base.tables.get((form, part))
            if known is None:
                continue
            old, new = f"{form}.{part}".rstrip("."), f"{want.form}.{want.part}".rstrip(".")
            if old != new:
                result.renames.append(Rename(old, new))
            return known
    return None


def _allot_columns(
    known: PhysicalTable, want: Wanted, used: set[str], result: Allotment
) -> PhysicalTable:
    columns = dict(zip(want.fixed, want.fixed, strict=True))
    types = dict(want.fixed)
    fresh = known.name in result.new_tables
    prefix = f"{want.form}.{want.part}." if want.part else f"{want.form}."
    for column in want.columns:
        old_key = _known_column(known, column)
        if old_key is not None and _same_type(known.types[old_key], column.type):
            columns[column.key] = known.columns[old_key]
            if old_key != column.key:
                result.renames.append(Rename(prefix + old_key, prefix + column.key))
        else:
            name = _free(column.key.replace(".", "__"), used)
            used.add(name)
            columns[column.key] = name
            if not fresh:
                result.new_columns.append((known.name, column.key))
            if old_key is not None:
                was, old_type = known.columns[old_key], known.types[old_key]
                result.retypes.append(
                    Retype(known.name, prefix + column.key, was, old_type, name, column.type)
                )
        types[column.key] = column.type
    return PhysicalTable(known.name, columns, types, known.indexes)


def _known_column(known: PhysicalTable, column: Column) -> str | None:
    if column.key in known.columns:
        return column.key
    if column.renamed_from is None:
        return None
    old = column.key.replace(column.field, column.renamed_from, 1)
    return old if old in known.columns else None


def _same_type(old: str, new: str) -> bool:
    """A link whose target was renamed is the same column: values are ids either way."""
    return old == new or (old.startswith("link:") and new.startswith("link:"))


def _free(wish: str, taken: Set[str]) -> str:
    """`wish`, cut to fit, with `__2`, `__3` … when it is taken."""
    name = _cut(wish, LONGEST)
    number = 2
    while name in taken:
        end = f"__{number}"
        name = _cut(wish, LONGEST - len(end)) + end
        number += 1
    return name


def _cut(name: str, longest: int) -> str:
    if len(name.encode()) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: longest - 9]}_{digest}"


def _retire(base: PhysicalNames, result: Allotment) -> None:
    kept = {table.name: table for table in result.names.tables.values()}
    for table in base.tables.values():
        now = kept.get(table.name)
        if now is None:
            result.retired_tables.append(table.name)
            continue
        still = set(now.columns.values())
        gone = [column for column in table.columns.values() if column not in still]
        result.retired_columns += [(table.name, column) for column in gone]
