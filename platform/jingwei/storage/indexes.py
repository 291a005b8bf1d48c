"""Which indexes a form has: the few that every list needs, and those its definition asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from jingwei.catalogue.extensions import Extensions
from jingwei.language.form import Form
from jingwei.storage.columns import BESIDE
from jingwei.storage.names import LONGEST, PhysicalNames, PhysicalTable

_MOST_FILTERS = 5  # of one index: each makes it wider
_RANGES = frozenset((
    "money", "number", "percent", "integer", "rating", "duration", "date", "datetime", "time",
    "period",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Index:
    """`columns`: physical name, whether it descends. `living`: only rows that are not deleted."""

    table: str
    columns: tuple[tuple[str, bool], ...]
    unique: bool = False
    living: bool = False

    @property
    def name(self) -> str:
        """The same index has the same name, whatever release asks for it."""
        words = "_".join(column for column, _ in self.columns)
        full = f"{'ux' if self.unique else 'ix'}_{self.table}_{words}"
        digest = hashlib.sha256(repr(self).encode()).hexdigest()[:6]
        return f"{full[: LONGEST - 7]}_{digest}"

    def definition(self, dialect: str) -> str:
        """What stands after CREATE INDEX. Empty values sort first on both databases."""
        parts = [_sorted(column, down, dialect) for column, down in self.columns]
        where = " WHERE deleted_at IS NULL" if self.living else ""
        return f'"{self.table}" ({", ".join(parts)}){where}'


def _sorted(column: str, down: bool, dialect: str) -> str:
    if dialect == "sqlite":
        return f'"{column}"{" DESC" if down else ""}'
    return f'"{column}" {"DESC NULLS LAST" if down else "ASC NULLS FIRST"}'


def form_indexes(form: Form, names: PhysicalNames) -> Iterator[Index]:
    """Every index of the form's own table and of its sub-tables, each once."""
    seen: set[Index] = set()
    for index in _all(form, names):
        if index not in seen:
            seen.add(index)
            yield index


def superseded_index(form: Form, names: PhysicalNames) -> str:
    """The name of the index whose place that of living rows has taken. While it is there, SQLite
    prefers it, and looks at each row."""
    return _plain(names.table(form.name), "org", "id").name


def extension_indexes(extensions: Extensions, names: PhysicalNames) -> Iterator[Index]:
    """Those of what layers add. Unique values are held by the write path alone: deleted records
    keep theirs, and only the form's own table knows of it."""
    for added in extensions.tables:
        table = names.table(added.form, added.table.name)
        yield _plain(table, "record_id", "position")
        yield from _links(table)
    for one in extensions.fields:
        table = names.table(one.form, f"{one.table}{BESIDE}{one.for_}")
        if one.table:
            yield _plain(table, "record_id")
        for field in one.fields:
            if (field.index or field.unique) and field.name in table.columns:
                yield _plain(table, field.name)
        yield from _links(table)


def _all(form: Form, names: PhysicalNames) -> Iterator[Index]:
    own = names.table(form.name)
    # of living rows, so that the count of a list without filters reads no row for `deleted_at`
    yield _living(own, [("org", False), ("id", False)])
    yield _plain(own, "owner")
    yield _plain(own, "status")
    yield from _of_fields(form, own)
    yield from _of_lists(form, own)
    for rule in form.rules.values():
        if rule.unique and rule.on == "save" and rule.when is None and rule.each is None:
            yield _unique(own, rule.unique)
    for part in form.tables:
        table = names.table(form.name, part)
        yield _plain(table, "record_id", "position")
        yield from _links(table)


def _of_fields(form: Form, own: PhysicalTable) -> Iterator[Index]:
    if form.number is not None:
        yield _plain(own, "number")  # not unique: a working copy carries its record's number
    for field in form.fields.values():
        if field.name not in own.columns:
            continue
        if field.unique:
            yield _unique(own, (field.name,))
        elif field.index:
            yield _plain(own, field.name)
    yield from _links(own)


def _links(table: PhysicalTable) -> Iterator[Index]:
    """Links, and what points to anything: looked up from the other side."""
    for key, type_ in table.types.items():
        if type_.startswith("link:") or f"{key}.form" in table.types:
            yield _plain(table, key)


def _of_lists(form: Form, own: PhysicalTable) -> Iterator[Index]:
    """The declared order, alone and behind the first filter that asks for one value. The org and
    the other filters stand at the end, so that only rows that are shown are read. With two filters
    one more index, by org, answers counts under a row scope without reading any row."""
    filters = _filters(form, own)
    sort = [(k.lstrip("-"), k.startswith("-")) for k in form.list.sort]
    if sort and all(key in own.columns for key, _ in sort):
        behind = [("id", False), ("org", False), *((name, False) for name in filters)]
        if filters and _asks_for_one(form, filters[0]):
            yield _living(own, [(filters[0], False), *sort, *behind])
        yield _living(own, [*sort, *behind])
    if len(filters) > 1:
        yield _living(own, [("org", False), *((name, False) for name in filters)])


def _filters(form: Form, own: PhysicalTable) -> list[str]:
    """The declared filters: those that ask for one value before those that ask for a range."""
    found = [f for f in form.list.filters if f in own.columns and not _is_many(form, f)]
    return sorted(found, key=lambda name: not _asks_for_one(form, name))[:_MOST_FILTERS]


def _is_many(form: Form, name: str) -> bool:
    return name in form.fields and form.fields[name].many


def _asks_for_one(form: Form, name: str) -> bool:
    return name not in form.fields or form.fields[name].type not in _RANGES


def _living(table: PhysicalTable, keys: list[tuple[str, bool]]) -> Index:
    """Each column once, in the direction in which it is named first."""
    columns = [(table.columns[key], down) for key, down in keys]
    first = dict(reversed(columns))
    names = dict.fromkeys(column for column, _ in columns)
    return Index(table.name, tuple((name, first[name]) for name in names), living=True)


def _plain(table: PhysicalTable, *keys: str) -> Index:
    return Index(table.name, tuple((table.columns[key], False) for key in keys))


def _unique(table: PhysicalTable, keys: tuple[str, ...]) -> Index:
    columns = [table.columns[key] for key in keys if key in table.columns]
    return Index(table.name, tuple((c, False) for c in columns), unique=True, living=True)
