"""Which columns a field is kept in. A column's type is a word (`decimal:2`), kept in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer
from sqlalchemy.types import TypeEngine

from jingwei.language.field_types.base import Kept, StoredAs
from jingwei.language.field_types.table import stored_as
from jingwei.language.form import Field, Form
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.types import (
    CODE_POINT_TEXT,
    Day,
    Instant,
    JsonText,
    NameKey,
    PeriodKey,
    PersonKey,
    ScaledDecimal,
    SealedText,
    Several,
    TimeOfDay,
)

SECRET = "secret"  # the word for a column of secrets
FORM_PART = "form"  # the second column of a polymorphic link
BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")  # an alias of SQLite's own row key

_NAMED = {"org", "role", "post", "indicator", "form", "definition", "person"}

# How a value is kept → the word for its column.
_WORDS = {
    Kept.TEXT: "text",
    Kept.LONG_TEXT: "text",
    Kept.INTEGER: "integer",
    Kept.DATE: "date",
    Kept.INSTANT: "instant",
    Kept.TIME: "time",
    Kept.PERIOD: "period",
    Kept.BOOLEAN: "boolean",
    Kept.ORG: "org",
    Kept.PERSON: "person",
    Kept.FILE: "file",
    Kept.JSON: "json",
    Kept.SECRET: SECRET,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is wanted: `part` tells the two columns of a polymorphic link apart."""

    field: str
    type: str
    part: str = ""
    renamed_from: str | None = None
    formula: str | None = None  # a mark of what computes it; None: it is written by people

    @property
    def key(self) -> str:
        """How the map of physical names knows it."""
        return f"{self.field}.{self.part}" if self.part else self.field


# name → type, of every form's own table, in order; fixed physical names
SYSTEM_COLUMNS: Mapping[str, str] = {
    "id": "key",
    "revision": "integer",
    "number": "text",
    "org": "org",
    "owner": "person",
    "status": "text",
    "state": "text",
    "flow": "reference",
    "created_at": "instant",
    "created_by": "person",
    "updated_at": "instant",
    "updated_by": "person",
    "deleted_at": "instant",
}
ROW_COLUMNS: Mapping[str, str] = {"id": "key", "record_id": "reference", "position": "integer"}
# of what a layer adds to records, and to rows of their tables: the id is that of the record or row
EXTENSION_COLUMNS: Mapping[str, str] = {"id": "key"}
ROW_EXTENSION_COLUMNS: Mapping[str, str] = {"id": "key", "record_id": "reference"}
BESIDE = "@"  # in the name of a part: `@HY01` extends the form, `lines@HY01` its table of lines


def fixed_columns(part: str) -> Mapping[str, str]:
    """The columns that every table of such a part has."""
    table, beside, _ = part.partition(BESIDE)
    if beside:
        return ROW_EXTENSION_COLUMNS if table else EXTENSION_COLUMNS
    return ROW_COLUMNS if table else SYSTEM_COLUMNS


def field_columns(field: Field) -> Iterator[Column]:
    """The columns a field is kept in: none, one, or two for a polymorphic link."""
    stored = stored_as(field)
    if stored.kept is Kept.NONE:
        return
    if stored.kept is Kept.POLY_LINK and not stored.many:
        yield Column(field.name, "reference", renamed_from=field.renamed_from)
        yield Column(field.name, "form", FORM_PART, renamed_from=field.renamed_from)
        return
    yield Column(field.name, column_type(stored), renamed_from=field.renamed_from)


def column_type(stored: StoredAs) -> str:
    """The word for how one value, or several, are kept."""
    if not stored.many:
        return _one(stored)
    if stored.kept is Kept.POLY_LINK:
        return "json"
    return "several:" + ("reference" if stored.kept is Kept.LINK else _one(stored))


def _one(stored: StoredAs) -> str:
    if stored.kept is Kept.DECIMAL:
        return f"decimal:{stored.scale}"
    if stored.kept is Kept.NAME:
        return stored.of if stored.of in _NAMED else "text"
    if stored.kept is Kept.LINK:
        return f"link:{stored.of}"  # `form`, or `form.table`
    return _WORDS[stored.kept]


def form_columns(form: Form, is_stored: Callable[[Field], bool]) -> list[Column]:
    """Columns of the form's own table beside the system's."""
    return [
        column
        for field in form.fields.values()
        if field.name not in SYSTEM_COLUMNS and is_stored(field)
        for column in field_columns(field)
    ]


def table_columns(table: Field, is_stored: Callable[[Field], bool]) -> list[Column]:
    """Columns of a sub-table beside `id`, `record_id` and `position`."""
    return [
        column
        for field in table.fields.values()
        if is_stored(field)
        for column in field_columns(field)
    ]


def sql_type(word: str, names: NameBook, people: PersonBook) -> TypeEngine[Any]:
    """The column type behind the word."""
    head, _, rest = word.partition(":")
    if head == "several":
        return Several(sql_type(rest, names, people))
    if head == "decimal":
        return ScaledDecimal(int(rest))
    if head == "person":
        return PersonKey(people)
    if head in _NAMED:
        return NameKey(head, names)
    return _TYPES[head]


_TYPES: Mapping[str, TypeEngine[Any]] = {
    "key": BIG_KEY,
    "reference": BigInteger(),
    "link": BigInteger(),
    "file": BigInteger(),
    "integer": BigInteger(),
    "boolean": Boolean(create_constraint=False),
    "text": CODE_POINT_TEXT,
    "date": Day(),
    "instant": Instant(),
    "time": TimeOfDay(),
    "period": PeriodKey(),
    "json": JsonText(),
    SECRET: SealedText(),
}
