"""What every field type answers: how it is written, kept, shown, filtered and computed with.

A type sees one value of one field. It knows no record, no right and no database; the few names
that only the application or the installation can vouch for are asked of `Known`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Protocol

from jingwei.language.expressions.tree import Type
from jingwei.language.form import Field
from jingwei.language.values import Literal_, Value
from jingwei.refusals import FieldRefusal


class Kept(Enum):
    """In what a value is kept."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    INSTANT = "instant"
    TIME = "time"
    PERIOD = "period"
    BOOLEAN = "boolean"
    ORG = "org"
    PERSON = "person"
    NAME = "name"
    LINK = "link"
    POLY_LINK = "poly_link"
    FILE = "file"
    JSON = "json"
    SECRET = "secret"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class StoredAs:
    """`scale`: decimal places of a DECIMAL. `of`: the kind of a NAME, the form of a LINK.

    `many`: a list of such values.
    """

    kept: Kept
    scale: int = 0
    of: str | None = None
    many: bool = False


class ValueRefused(Exception):
    """A raw value that this field cannot take. The sentence is `refusals.<code>`."""

    def __init__(self, code: str, *, below: str = "", **holes: object) -> None:
        self.code = code
        self.below = below  # place inside the value: `2` of a list, `0.amount` of a table
        self.holes = holes
        super().__init__(f"{code} {holes}")

    def refusal(self, path: str) -> FieldRefusal:
        where = f"{path}.{self.below}" if self.below else path
        return FieldRefusal(where, self.code, dict(self.holes))


class Known(Protocol):
    """The names that exist. CORE answers from the catalogue and the people of the installation."""

    def knows(self, kind: str, name: str) -> bool:
        """Whether an `org`, `person`, `role`, `post`, `indicator`, `form` of this name exists; of a
        `definition`, by `kind/name`."""

    def codes(self, field: Field) -> Collection[str] | None:
        """The codes a choice may take; None where they are not limited."""


Parser = Callable[[Any, Known], Any]
# Of values that are all there; None where each is to be read by itself.
ColumnParser = Callable[[Sequence[Any]], Sequence[Any] | None]

EQUALITY = ("==", "!=", "in", "is empty")
ORDER = (*EQUALITY, "<", "<=", ">", ">=", "between")
WORDS = (*EQUALITY, "contains", "starts_with")


class FieldType:
    """One type. Subclasses set the class attributes and override what differs."""

    name: ClassVar[str]
    options: ClassVar[frozenset[str]] = frozenset()  # keys beside those of every field
    operators: ClassVar[tuple[str, ...]] = EQUALITY
    widget: ClassVar[str] = "text"
    many_allowed: ClassVar[bool] = False
    is_value: ClassVar[bool] = True  # False for headings, notes and tables
    sortable: ClassVar[bool] = True
    searchable: ClassVar[bool] = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.TEXT, many=field.many)

    def expression_type(self, field: Field) -> Type:
        """The type of one value; `many` is wrapped by `table.expression_type`."""
        return Type("text")

    def parse(self, field: Field, raw: Any, known: Known) -> Any:
        """The engine value of one JSON value that is not empty. Raises ValueRefused."""
        return raw

    def parser(self, field: Field) -> Parser:
        """`parse` for one field, made once and called for every value."""

        def parse(raw: Any, known: Known) -> Any:
            return self.parse(field, raw, known)

        return parse

    def column_parser(self, field: Field) -> ColumnParser | None:
        """What reads many values of one field by a few calls, each as `parser` would; None where
        that is no faster."""
        return None

    def written(self, field: Field, text: str) -> Any:
        """The engine value of a scalar in a definition (`default: 100%`). Raises ValueRefused."""
        return self.parse(field, text, ANYTHING)

    def present(self, field: Field, value: Any) -> Any:
        """The JSON value of an engine value that is not None; decimals stay Decimal."""
        return value

    def json_schema(self, field: Field) -> dict[str, Any]:
        """JSON Schema of one value as the API carries it."""
        return {"type": "string"}


class _Anything:
    def knows(self, kind: str, name: str) -> bool:
        return True

    def codes(self, field: Field) -> Collection[str] | None:
        if isinstance(field.choices, tuple):
            return [c.code for c in field.choices]
        return None


ANYTHING: Known = _Anything()


def text_of(raw: Any, *, most: int, lines: bool = False, own: Value | None = None) -> str:
    """`raw` as text that can be stored and shown; text that shows nothing is none. `own`: what the
    field itself has at most, which is told where it is less. Raises ValueRefused."""
    if not isinstance(raw, str):
        raise ValueRefused("not-text")
    if len(raw) > most:
        told = min(most, int(own.value)) if isinstance(own, Literal_) else most
        raise ValueRefused("text-too-long", most=told, length=len(raw))
    if (_NOT_IN_LINES if lines else _NOT_IN_A_LINE).search(raw):
        _refuse_character(raw, lines)
    return "" if is_blank(raw) else raw


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: spaces of any width, and what has no width."""
    return text[:1] in BLANK_FIRST and _BLANK.fullmatch(text) is not None


# What is not seen: white space, format characters, and the letters that only fill a place.
_UNSEEN = (
    "\t-\r\x1c- \x85\xa0\xad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
_BLANK = re.compile(f"[{_UNSEEN}\U000e0000-\U000e0fff]*")
BLANK_FIRST = frozenset(
    {"", *(c for c in map(chr, (*range(0x10000), *range(0xE0000, 0xE1000))) if _BLANK.fullmatch(c))}
)
# What no text may hold; regular expressions look at a long text far faster than a loop.
_NOT_IN_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NOT_IN_A_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # how what stands beside them is written


def _refuse_character(raw: str, lines: bool) -> None:
    for at, char in enumerate(raw, 1):
        if char in "\n\r\t\u2028\u2029\x85":
            if not lines:
                raise ValueRefused("text-one-line")
        elif char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff":
            raise ValueRefused("text-control-character")
        elif not lines and _TURNING.match(char):
            raise ValueRefused("text-turning-character", at=at, character=f"U+{ord(char):04X}")


def schema_of_text(most: int, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, **more}


Options = Mapping[str, Any]
