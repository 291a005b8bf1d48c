"""What is wrong with a row, as whoever works in a spreadsheet hears it: the cell it stands in,
titles instead of names and codes, and what to write there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.sheet_headings import Headings, headings_of_rows
from jingwei.services.sheet_rows import Unread
from jingwei.services.titles import choices
from jingwei.texts import LOCALES, Several, Words, has_text, text

LEFT = "sheet-row-left"  # of a row of a table that belongs to no row
CELL = "_cell"  # the hole that holds the place of a refusal in its sheet
_MOST_CHOICES = 30
_IN_SHEETS = (
    "not-writable", "taken", "unknown-record", "unknown-org", "unknown-person", "not-a-record-id",
    "org-out-of-reach", "not-a-datetime", "not-a-form-and-id",
    "not-a-region",
)  # fmt: skip


class Placed(Protocol):
    """A row that was read: its number, its values, and the rows of its tables."""

    number: int
    values: dict[str, Any]
    system: dict[str, str]
    rows: dict[str, list[int]]
    columns: Sequence[str]


class Speaker:
    """Knows one form, and what the columns of one file are called."""

    def __init__(self, form: Form, visible: frozenset[str], headings: Headings) -> None:
        self._form = form
        self._visible = visible
        self._headings = headings
        self._letters: dict[tuple[int, str], dict[str, str]] = {}
        self._tables: dict[str, Sequence[str]] = {}
        self.view: Reading | None = None  # of the rows that are read now

    def know_table(self, table: str, columns: Sequence[str]) -> None:
        self._tables[table] = columns

    def said(self, line: Placed, refusal: FieldRefusal) -> FieldRefusal:
        """The same with its place, `lines!5.price` for a row of a table, and in words."""
        found = _placed(line, refusal)
        value = _value_at(line, refusal.path)
        value = line.system.get(refusal.path) if value is None else value
        cell = self._cell(line, found.path)
        worded = self._worded(found, value, bool(cell))
        return replace(worded, holes={**worded.holes, CELL: cell}) if cell else worded

    # --- places ----------------------------------------------------------------------------------

    def _cell(self, line: Placed, path: str) -> str:
        """`C12`, or `lines!C5` of another sheet; empty where the file has no such column."""
        table, mark, rest = path.partition("!")
        if not mark:
            letter = self._letters_of(line.columns, "").get(path.partition(".")[0], "")
            return f"{letter}{line.number}" if letter else ""
        row, _, column = rest.partition(".")
        columns = self._tables.get(table, ())
        letter = self._letters_of(columns, table).get(column, "") or "A"
        sheet = getattr(columns, "sheet", "") or table
        return f"{sheet}!{letter}{row}"

    def _letters_of(self, columns: Sequence[str], table: str) -> dict[str, str]:
        key = (id(columns), table)
        found = self._letters.get(key)
        if found is None:
            letters: Mapping[str, str] = getattr(columns, "letters", {})
            headings = self._headings
            if table:
                headings = headings_of_rows(self._form.fields[table], self._visible)
            named = ((headings.field(title), letter) for title, letter in letters.items())
            found = self._letters[key] = {name: letter for name, letter in named if name}
        return found

    # --- words -----------------------------------------------------------------------------------

    def _worded(self, refusal: FieldRefusal, value: Any, has_cell: bool) -> FieldRefusal:
        if refusal.words is not None:
            return refusal
        definition = self._field(refusal.path)
        holes, code = dict(refusal.holes), refusal.code
        if code == "required" and not has_cell and "!" not in refusal.path:
            return _in_words(refusal, "sheet-column-missing", column=self._title(refusal.path))
        if code == "not-a-choice" and definition is not None:
            return replace(refusal, holes={**holes, "choices": self._offered(definition)})
        if code == "not-offered":
            return replace(refusal, holes={**holes, "value": self._called(definition, value)})
        if code == "pattern" and definition is not None and definition.placeholder is not None:
            return _in_words(refusal, "sheet-pattern", example=definition.placeholder)
        if code == "not-a-record-id" and _is_of_id(refusal.path):
            return _in_words(refusal, "sheet-not-an-id", value=self._called(definition, value))
        if code == "taken" and not (definition is not None and definition.unique):
            return self._taken_together(refusal)
        if code in _IN_SHEETS:
            name = holes.get("name", value)
            said = {"column": self._title(refusal.path), "value": self._called(definition, value)}
            said["name"] = said["value"] if name in (None, value) else name
            return _in_words(refusal, f"sheet-{code}", **{**holes, **said})
        return refusal

    def _taken_together(self, refusal: FieldRefusal) -> FieldRefusal:
        """Several columns that no two records may have alike."""
        at = refusal.path
        for rule in self._form.rules.values():
            if rule.unique and at in (rule.field_at, *rule.unique):
                titles = Several([self._title(name) for name in rule.unique])
                return _in_words(refusal, "sheet-taken-together", columns=titles)
        return refusal

    def _field(self, path: str) -> Field | None:
        table, mark, rest = path.partition("!")
        if not mark:
            return self._form.fields.get(path.partition(".")[0])
        column = rest.partition(".")[2].partition(".")[0]
        return self._form.fields[table].fields.get(column)

    def _title(self, path: str) -> Any:
        definition = self._field(path)
        if definition is not None:
            return definition.title
        return Words(f"system_fields.{path}") if path in SYSTEM_FIELDS else path

    def _offered(self, definition: Field) -> Any:
        view = self.view
        if view is None:
            return ""
        listed = choices(view, definition)
        offered = [c for c in listed if not hasattr(c, "offered_on") or c.offered_on(view.today)]
        return Several([c.title for c in offered or listed], _MOST_CHOICES)

    def _called(self, definition: Field | None, value: Any) -> Any:
        """What a value of a field is called."""
        if isinstance(value, Unread):  # one of several names in a cell
            return str(value.holes.get("name", ""))[:60]
        if isinstance(value, Mapping | list):  # "form/12", or several with commas between them
            words = [f"{v['form']}/{v['id']}" if _is_place(v) else str(v) for v in _each(value)]
            return ", ".join(words)[:60]
        if value is None or self.view is None:
            return "" if value is None else str(value)[:60]
        kind = definition.type if definition is not None else "org"
        known: Mapping[str, Any] = {}
        if kind in ("choice", "classification") and definition is not None:
            known = {c.code: c for c in choices(self.view, definition)}
        elif kind in ("org", "role", "post", "indicator", "form", "definition"):
            known = getattr(self.view.catalogue, f"{kind}s")
        return known[value].title if value in known else str(value)[:60]


def _is_of_id(path: str) -> bool:
    """Whether a place is that of the ID of a record, or of a row of a table."""
    return path == "id" or ("!" in path and path.endswith(".id"))


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_place(value: Any) -> bool:
    """Whether it says which record of which form."""
    return isinstance(value, Mapping) and value.keys() >= {"form", "id"}


def _in_words(refusal: FieldRefusal, code: str, **holes: Any) -> FieldRefusal:
    """The same refusal in a sentence for sheets."""
    words = {locale: text(f"refusals.{code}", locale, **holes) for locale in LOCALES}
    return replace(refusal, words=words)


def left_row(path: str, column: str, key: Any) -> FieldRefusal:
    """Of a row of a table that belongs to no row of the first sheet."""
    if isinstance(key, Unread):
        words = {locale: key.refusal("").message(locale) for locale in LOCALES}
        return FieldRefusal(path, LEFT, {"column": column}, words)
    refusal = FieldRefusal(path, LEFT, {"column": column, "key": str(key or "")[:60]})
    return refusal if key else _in_words(refusal, "sheet-row-unplaced", column=column)


def _placed(line: Placed, refusal: FieldRefusal) -> FieldRefusal:
    """A refusal inside a table with the row of the sheet that it stands in: `lines!5.price`."""
    table, _, rest = refusal.path.partition(".")
    index, _, column = rest.partition(".")
    if table not in line.rows or not index.isdigit() or int(index) >= len(line.rows[table]):
        return refusal
    rows = line.rows[table]
    path = f"{table}!{rows[int(index)]}" + (f".{column}" if column else "")
    holes = dict(refusal.holes)
    if refusal.code == "row-twice" and isinstance(twin := holes.get("row"), int):
        holes["row"] = rows[twin - 1]  # as it is counted in the sheet
    return replace(refusal, path=path, holes=holes)


def _value_at(line: Placed, path: str) -> Any:
    found: Any = line.values
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def column_title(form: Form | None, path: str, locale: str) -> str:
    """What the column of a refusal is called: of a table, with the table."""
    table, mark, rest = path.partition("!")
    if form is None:
        return path
    if mark and table in form.fields:
        inside = form.fields[table]
        column = rest.partition(".")[2].partition(".")[0]
        title = inside.fields[column].title(locale) if column in inside.fields else ""
        return f"{inside.title(locale)} {title}".strip()
    name = path.partition(".")[0]
    if name in form.fields:
        return form.fields[name].title(locale)
    key = f"system_fields.{name}"
    return text(key, locale) if name and has_text(key, locale) else name


def cell_of(refusal: FieldRefusal) -> str:
    return str(refusal.holes.get(CELL, ""))


def kept_holes(refusal: FieldRefusal) -> tuple[dict[str, Any], dict[str, str] | None]:
    """The holes of a sentence as JSON, and its words where a hole is worded by language."""
    simple = (str, int, float, bool)
    words = refusal.words
    if words is None and any(callable(value) for value in refusal.holes.values()):
        words = {locale: refusal.message(locale) for locale in LOCALES}
    holes = {
        k: v if isinstance(v, simple) else str(v)
        for k, v in refusal.holes.items()
        if not callable(v)
    }
    return holes, words
