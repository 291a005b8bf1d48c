"""Physical names: which table and column holds what. Allotted once, readable, at most 60 bytes.

A release keeps its own map, so two releases run side by side over the same tables, and an earlier
one finds its columns again. The ledger (`sys_table`, `sys_column`) says what was ever allotted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import orjson

from jingwei.catalogue.extensions import NOTHING, Extensions
from jingwei.language.form import Field, Form
from jingwei.storage.columns import (
    BESIDE,
    Column,
    field_columns,
    fixed_columns,
    form_columns,
    table_columns,
)

LONGEST = 60


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """One table. `columns`, `types`: by column key (`amount`, `about.form`); indexes by name.
    `formulas`: a mark of what computes a column; None: nobody wrote that down then."""

    name: str
    columns: Mapping[str, str]
    types: Mapping[str, str]
    indexes: Mapping[str, str] = field(default_factory=dict)
    formulas: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """Tables by (form, part); part is a sub-table's field, empty for the form itself, and with
    `@HY01` behind either what the layers of that org add. `keys`: the small keys of orgs,
    indicators …, by kind and name."""

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
                **({} if table.formulas is None else {"formulas": dict(table.formulas)}),
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
        plain.get("formulas"),
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
        return fixed_columns(self.part)

    @property
    def wish(self) -> str:
        """How the table is best called."""
        table, _, for_ = self.part.partition(BESIDE)
        own = f"f_{self.form}_{table}" if table else f"f_{self.form}"
        return f"{own}__{_word(for_)}" if for_ else own

    @property
    def prefix(self) -> str:
        """What stands before a field in its path."""
        table = self.part.partition(BESIDE)[0]
        return f"{self.form}.{table}." if table else f"{self.form}."


def wanted_tables(
    forms: Iterable[Form],
    is_stored: Callable[[Field], bool],
    extensions: Extensions = NOTHING,
    orgs_were: Mapping[str, str | None] = MappingProxyType({}),
    formulas: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> list[Wanted]:
    """Every table the forms need, each form before its sub-tables, and these before what layers
    add. `orgs_were`: earlier names of orgs; `formulas`: marks by form and path."""
    forms = list(forms)
    wanted: list[Wanted] = []
    for form in forms:
        columns = _marked(form_columns(form, is_stored), form.name, "", formulas)
        wanted.append(Wanted(form.name, "", columns, form.renamed_from))
        for table in form.tables.values():
            found = table_columns(table, is_stored)
            parts = _marked(found, form.name, f"{table.name}.", formulas)
            wanted.append(
                Wanted(form.name, table.name, parts, form.renamed_from, table.renamed_from)
            )
    return [*wanted, *_wanted_of_layers({f.name: f for f in forms}, extensions, orgs_were)]


def _marked(
    columns: Iterable[Column], form: str, prefix: str, formulas: Mapping[tuple[str, str], str]
) -> tuple[Column, ...]:
    return tuple(replace(c, formula=formulas.get((form, prefix + c.field))) for c in columns)


def _wanted_of_layers(
    forms: Mapping[str, Form], extensions: Extensions, orgs_were: Mapping[str, str | None]
) -> Iterator[Wanted]:
    for added in extensions.tables:
        columns = tuple(c for f in added.fields for c in field_columns(f))
        was, part_was = forms[added.form].renamed_from, added.table.renamed_from
        yield Wanted(added.form, added.table.name, columns, was, part_was)
    for one in extensions.fields:
        form = forms[one.form]
        table = form.fields.get(one.table)
        table_was = (table.renamed_from if table is not None else None) or one.table
        org_was = orgs_were.get(one.for_) or one.for_
        part, part_was = f"{one.table}{BESIDE}{one.for_}", f"{table_was}{BESIDE}{org_was}"
        columns = tuple(c for f in one.fields for c in field_columns(f))
        yield Wanted(one.form, part, columns, form.renamed_from, part_was)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every table and column name that was ever allotted, so that none is given twice.

    `hidden`: retired tables by (form, part); `hidden_columns`: the newest retired column of a
    field that still has values, with its type, by (physical table, column key). What is named in
    `restore` is taken up again, instead of beginning empty.
    """

    tables: Set[str] = frozenset()
    columns: Mapping[str, Set[str]] = field(default_factory=dict)  # by physical table
    hidden: Mapping[tuple[str, str], PhysicalTable] = field(default_factory=dict)
    hidden_columns: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    restore: Set[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class Hidden:
    """A field (or form) that was there before. `column` None: the whole table."""

    path: str
    table: str
    column: str | None = None


@dataclass(slots=True)
class Allotment:
    """What changes from one map to the next. Columns: (physical table, column key)."""

    names: PhysicalNames
    computes: bool = True
    new_tables: list[str] = field(default_factory=list)
    new_columns: list[tuple[str, str]] = field(default_factory=list)
    renames: list[Rename] = field(default_factory=list)
    retypes: list[Retype] = field(default_factory=list)
    retired_tables: list[str] = field(default_factory=list)
    retired_columns: list[tuple[str, str]] = field(default_factory=list)  # table, physical column
    restored: list[Hidden] = field(default_factory=list)
    were_there: list[Hidden] = field(default_factory=list)  # and begin empty
    recomputed: list[Retype] = field(default_factory=list)  # another formula: worked out anew


# Columns that PostgreSQL gives every table, and lets nobody else name so.
_SYSTEM_COLUMNS = frozenset(("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"))


def allot(
    base: PhysicalNames, wanted: Iterable[Wanted], ledger: Ledger, *, computes: bool = True
) -> Allotment:
    """Names for all that is wanted: kept where they were, moved on a rename, fresh otherwise.
    `computes`: whether columns with another formula can be filled."""
    tables: dict[tuple[str, str], PhysicalTable] = {}
    result = Allotment(PhysicalNames(tables), computes=computes)
    taken = set(ledger.tables)
    for want in wanted:
        known = _known_table(base, want, result) or _hidden_table(want, ledger, result)
        if known is None:
            name = _free(want.wish, taken)
            taken.add(name)
            result.new_tables.append(name)
            known = PhysicalTable(name, {}, {})
        used = set(ledger.columns.get(known.name, ())) | set(want.fixed) | _SYSTEM_COLUMNS
        tables[want.form, want.part] = _allot_columns(known, want, used, ledger, result)
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


def _hidden_table(want: Wanted, ledger: Ledger, result: Allotment) -> PhysicalTable | None:
    """A table that was retired: taken up again when that is wished."""
    found = ledger.hidden.get((want.form, want.part))
    if found is None:
        return None
    path = f"{want.form}.{want.part}".rstrip(".")
    if path not in ledger.restore and want.form not in ledger.restore:
        result.were_there.append(Hidden(path, found.name))
        return None
    result.restored.append(Hidden(path, found.name))
    return found


def _hidden_column(
    known: PhysicalTable, column: Column, path: str, ledger: Ledger, result: Allotment
) -> str | None:
    """A column that was retired: taken up again when that is wished and its type is the same."""
    name, type_ = ledger.hidden_columns.get((known.name, column.key), ("", ""))
    if not name or not _same_type(type_, column.type):
        return None
    if path not in ledger.restore:
        result.were_there.append(Hidden(path, known.name, name))
        return None
    result.restored.append(Hidden(path, known.name, name))
    return name


def _allot_columns(
    known: PhysicalTable, want: Wanted, used: set[str], ledger: Ledger, result: Allotment
) -> PhysicalTable:
    columns = dict(zip(want.fixed, want.fixed, strict=True))
    types = dict(want.fixed)
    formulas: dict[str, str] = {}
    fresh = known.name in result.new_tables
    prefix = want.prefix
    for column in want.columns:
        old_key = _known_column(known, column)
        again = result.computes and old_key is not None and _is_another(known, old_key, column)
        if column.formula is not None:
            kept = (known.formulas or {}).get(old_key or "") if not result.computes else None
            formulas[column.key] = kept or column.formula
        if old_key is not None and not again and _same_type(known.types[old_key], column.type):
            columns[column.key] = known.columns[old_key]
            if old_key != column.key:
                result.renames.append(Rename(prefix + old_key, prefix + column.key))
        elif old_key is None and (
            found := _hidden_column(known, column, prefix + column.key, ledger, result)
        ):
            columns[column.key] = found
        else:
            name = _free(column.key.replace(".", "__"), used)
            used.add(name)
            columns[column.key] = name
            if not fresh:
                result.new_columns.append((known.name, column.key))
            if old_key is not None:
                was, old_type = known.columns[old_key], known.types[old_key]
                moved = result.recomputed if again else result.retypes
                moved.append(
                    Retype(known.name, prefix + column.key, was, old_type, name, column.type)
                )
        types[column.key] = column.type
    return PhysicalTable(known.name, columns, types, known.indexes, formulas)


def _is_another(known: PhysicalTable, old_key: str, column: Column) -> bool:
    """Whether what is kept is not what the formula of today would give."""
    if column.formula is None or known.formulas is None:
        return False
    return known.formulas.get(old_key) != column.formula


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


def _word(code: str) -> str:
    """The code of an org as part of a name."""
    return re.sub("[^a-z0-9]+", "_", code.lower()).strip("_")


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
