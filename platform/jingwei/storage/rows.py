"""Prepared statements of one stored table: text, and converters in column order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Dialect

from jingwei.language.expressions import numbers
from jingwei.storage.codecs import Convert, ConvertAll, column_writer, reader, writer
from jingwei.storage.columns import FORM_PART
from jingwei.storage.tables import StoredTable

_BY_COLUMN = 50  # rows
_SAME = (type(None), str, datetime)  # what the system says of a batch; equal is kept alike
_LINK_FORM = f".{FORM_PART}"


class RowReader:
    """Driver rows as dicts of engine values, in the order of `keys`."""

    def __init__(
        self,
        keys: Sequence[str],
        converters: Sequence[Convert | None],
        words: Sequence[Convert | None] = (),
    ) -> None:
        """`words`: converters of which some give the text of a value."""
        self.keys = tuple(keys)
        self._words = words
        self._convert = [
            (key, convert) for key, convert in zip(keys, converters, strict=True) if convert
        ]
        self._links = [
            (key.removesuffix(_LINK_FORM), key) for key in keys if key.endswith(_LINK_FORM)
        ]

    def read(self, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        keys = self.keys
        if isinstance(rows, Sequence) and len(rows) > _BY_COLUMN:
            rows = self._converted(rows)
            items = [dict(zip(keys, row, strict=False)) for row in rows]
        else:
            items = [dict(zip(keys, row, strict=False)) for row in rows]
            for key, convert in self._convert:
                for item in items:
                    value = item[key]
                    if value is not None:
                        item[key] = convert(value)
        for field, form in self._links:
            for item in items:
                target = item.pop(form)
                if target is not None:
                    item[field] = {"form": target, "id": item[field]}
        return items

    def as_words(self) -> RowReader:
        """The same with the text of what is written in one way only (`codecs.words`)."""
        return RowReader(self.keys, self._words, self._words)

    def columns(self, rows: Sequence[Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """The rows, of which there is one at least, as one list of values a key."""
        found: dict[str, Sequence[Any]] = dict(
            zip(self.keys, zip(*rows, strict=True), strict=False)
        )
        for key, convert in self._convert:
            found[key] = _read(found[key], convert)
        for field, form in self._links:
            pairs = zip(found.pop(form), found[field], strict=True)
            found[field] = [None if f is None else {"form": f, "id": i} for f, i in pairs]
        return found

    def _converted(self, rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """The same rows, converted column by column: of many rows that is faster."""
        columns: list[Any] = list(zip(*rows, strict=False))
        places = {key: place for place, key in enumerate(self.keys)}
        for key, convert in self._convert:
            place = places[key]
            columns[place] = [v if v is None else convert(v) for v in columns[place]]
        return zip(*columns, strict=False)


def _read(values: Sequence[Any], convert: Convert) -> Sequence[Any]:
    """The values converted, at once where there is one in each row and `convert` knows how."""
    at_once: Callable[[Sequence[Any]], Sequence[Any]] | None = getattr(convert, "at_once", None)
    if at_once is not None and None not in values:
        return at_once(values)
    return [value if value is None else convert(value) for value in values]


class TableStatements:
    """Insert, load and update of one table; each text is made once."""

    def __init__(self, stored: StoredTable, dialect: Dialect) -> None:
        self.stored = stored
        self.dialect = dialect
        quote = dialect.identifier_preparer.quote
        self.name = quote(stored.table.name)
        self.is_joined = False  # together with what layers add, to ask
        self.keys = tuple(stored.columns)
        self.quoted: Mapping[str, str] = {k: quote(c.name) for k, c in stored.columns.items()}
        self._types = {key: column.type for key, column in stored.columns.items()}
        self.mark = "?" if dialect.name == "sqlite" else "%s"
        self.reader = RowReader(self.keys, [reader(self._types[k], dialect) for k in self.keys])
        self._writers: dict[str, Convert | None] = {
            key: writer(type_, dialect) for key, type_ in self._types.items()
        }
        self._column_writers: dict[str, ConvertAll | None] = {
            key: column_writer(type_, dialect) for key, type_ in self._types.items()
        }
        self._linked = {
            key.removesuffix(_LINK_FORM) for key in self.keys if key.endswith(_LINK_FORM)
        }
        self.row = self.writer(self.keys)
        self.insert = self._insert()
        self.copy = self._copy()

    def writer(self, keys: Sequence[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
        """Converts a mapping to the driver's values of `keys`."""
        parts = [(key, *self._source(key), self._writers[key]) for key in keys]
        if all(part is None for _, _, part, _ in parts):
            return _plain_writer([(name, convert) for _, name, _, convert in parts])

        def write(values: Mapping[str, Any]) -> list[Any]:
            row: list[Any] = []
            for _, name, part, convert in parts:
                value = values.get(name)
                if part is not None and value is not None:
                    value = value[part]
                row.append(value if value is None or convert is None else convert(value))
            return row

        return write

    def by_column(
        self, records: Sequence[Mapping[str, Any]], keys: Sequence[str]
    ) -> list[Sequence[Any]]:
        """The driver's values of many records, a list a column: that is faster than row by row.

        Raises UnknownPerson.
        """
        sources = [self._source(key) for key in keys]
        columns: list[Sequence[Any]] = []
        for key, (_, part), values in zip(
            keys, sources, columns_of(records, [name for name, _ in sources]), strict=True
        ):
            if part is not None:
                values = [v if v is None else v[part] for v in values]
            columns.append(_converted(values, self._writers[key], self._column_writers[key]))
        return columns

    def sql_type(self, key: str) -> str:
        """What the database calls the type of a column, without its collation."""
        return self._types[key].compile(dialect=self.dialect).partition(" COLLATE ")[0]

    def _source(self, key: str) -> tuple[str, str | None]:
        """Where a column's value stands in a record: a polymorphic link fills two columns."""
        if key.endswith(_LINK_FORM):
            return key.removesuffix(_LINK_FORM), "form"
        return key, "id" if key in self._linked else None

    def columns_of(self, fields: Iterable[str]) -> tuple[str, ...]:
        """The column keys these fields are kept in; a field that is not stored has none."""
        keys: list[str] = []
        for field in fields:
            if field in self.quoted:
                keys.append(field)
            if field in self._linked:
                keys.append(field + _LINK_FORM)
        return tuple(keys)

    def _copy(self) -> str:
        columns = ", ".join(self.quoted[key] for key in self.keys)
        return f"COPY {self.name} ({columns}) FROM STDIN"

    def _insert(self) -> str:
        columns = ", ".join(self.quoted[key] for key in self.keys)
        marks = ", ".join([self.mark] * len(self.keys))
        return f"INSERT INTO {self.name} ({columns}) VALUES ({marks})"

    def upsert(self) -> str:
        """Insert, or replace a row that already belongs to the same record."""
        changed = ", ".join(
            f"{self.quoted[k]} = excluded.{self.quoted[k]}" for k in self.keys if k != "id"
        )
        return (
            f"{self.insert} ON CONFLICT (id) DO UPDATE SET {changed} "
            f"WHERE {self.name}.record_id = excluded.record_id"
        )

    def among(self, column: str, count: int) -> str:
        """`column` is one of `count` values. PostgreSQL takes several as one array; a single one by
        itself, because it plans a statement with an array anew each time."""
        if self.dialect.name == "sqlite":
            return f"{column} IN ({', '.join('?' * count)})"
        return f"{column} = %s" if count == 1 else f"{column} = ANY(%s)"

    def among_values(self, values: Sequence[int]) -> list[Any]:
        alone = self.dialect.name == "sqlite" or len(values) == 1
        return list(values) if alone else [list(values)]


def _plain_writer(
    parts: Sequence[tuple[str, Convert | None]],
) -> Callable[[Mapping[str, Any]], list[Any]]:
    """The writer of columns of which each holds a field as a whole."""

    def write(values: Mapping[str, Any]) -> list[Any]:
        get = values.get
        return [
            value if (value := get(name)) is None or convert is None else convert(value)
            for name, convert in parts
        ]

    return write


def columns_of(
    records: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> Sequence[Sequence[Any]]:
    """The values of records, one at least, by name; None where a record has none."""
    if len(names) > 1:  # of one name the values would come alone
        with suppress(KeyError):
            return list(zip(*map(itemgetter(*names), records), strict=True))
    return [[record.get(name) for record in records] for name in names]


def _converted(
    values: Sequence[Any], convert: Convert | None, at_once: ConvertAll | None
) -> Sequence[Any]:
    if convert is None:
        return values
    first = values[0]
    if type(first) in _SAME and values.count(first) == len(values):
        return [first if first is None else convert(first)] * len(values)
    if at_once is not None and (found := at_once(values)) is not None:
        return found
    return [v if v is None else convert(v) for v in values]


def divide(items: Sequence[dict[str, Any]], name: str) -> None:
    """Sum and count as their average: half-up to ten places, None of nothing."""
    for item in items:
        count = item.pop(f"{name}#")
        if count:
            item[name] = numbers.divide(Decimal(item[name]), count)
