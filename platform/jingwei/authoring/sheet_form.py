"""The form that a sheet's rows say, with every cell that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jingwei.authoring.flow_text import Fields, unflow, words
from jingwei.authoring.sheet_columns import (
    BEGIN,
    BEGIN_GROUP,
    COLUMNS,
    END,
    END_GROUP,
    OTHER_TYPES,
    column_of,
    type_of,
)
from jingwei.authoring.sheet_doubts import doubts
from jingwei.authoring.xlsform import is_xlsform, ours, pattern_of
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.problems import nearest
from jingwei.reading.yaml_file import Data
from jingwei.refusals import FieldRefusal, Invalid

# how another tool draws a question: nothing that a form of ours says
_UNSAID = frozenset({"appearance", "parameters", "guidance_hint", "required_message", "notes"})
_PLAIN_KEYS = ("default", "readonly")  # columns of other tools that are keys here
_YES = frozenset({"yes", "true", "1", "是"})
_NO = frozenset({"no", "false", "0", "否"})


Row = Mapping[str, str]


@dataclass
class SheetForm:
    """A form out of a sheet. `sections`: groups of the sheet, as sections of the layout."""

    fields: Fields
    rules: Fields
    sections: list[Fields]


def fields_of(rows: Sequence[Row], choices: Sequence[Row] = ()) -> SheetForm:
    """The form of the rows. `choices`: rows of the sheet of that name, as XLSForm has it.

    Raises Invalid naming each bad cell (`3.type`: line 3).
    """
    return _Reader(_lists_of(choices)).read(rows)


def _lists_of(rows: Sequence[Row]) -> Mapping[str, Fields]:
    """The choices of each list, by their code."""
    lists: dict[str, Fields] = {}
    for row in rows:
        known = {column_of(key): cell.strip() for key, cell in row.items()}
        name, code = known.get("list_name") or known.get("list name", ""), known.get("name", "")
        if name and code:
            title = title_of(known.get("label::zh") or code, known.get("label::en", ""))
            lists.setdefault(name, {})[code] = title
    return lists


class _Reader:
    def __init__(self, lists: Mapping[str, Fields]) -> None:
        self.lists = lists
        self.sections: list[Fields] = []
        self.group = False  # a group is open
        self.tables: dict[str, str] = {}  # column → its table
        self.inside: str | None = None  # the name of the table that is open
        self.refused: list[FieldRefusal] = []
        self.fields: Fields = {}
        self.rules: Fields = {}
        self.table: Fields | None = None  # the columns of the table that is open

    def read(self, rows: Sequence[Row]) -> SheetForm:
        known = [{column_of(key): cell.strip() for key, cell in row.items()} for row in rows]
        self.tables = _tables_of(known)
        lines = [getattr(row, "number", line) for line, row in enumerate(rows, 2)]
        for line, row in zip(lines, known, strict=True):
            said = {key: cell for key, cell in row.items() if key not in _UNSAID}
            self.row(line, said, row.get("appearance", ""))
        if self.table is not None:
            self.refuse(lines[-1], "type", "table-not-ended")
        if not self.fields and not self.refused:
            self.refuse(2, "name", "required")
        if self.refused:
            more = [one for at in zip(lines, known, strict=True) for one in doubts(*at)]
            both = sorted((*self.refused, *more), key=lambda one: int(one.path.partition(".")[0]))
            raise Invalid("form-sheet", fields=both)
        grouped = any("section" in section for section in self.sections)
        return SheetForm(self.fields, self.rules, self.sections if grouped else [])

    def refuse(self, line: int, cell: str, code: str, **holes: object) -> None:
        self.refused.append(FieldRefusal(f"{line}.{cell}", code, dict(holes)))

    def row(self, line: int, row: Row, appearance: str) -> None:
        unknown = [key for key in row if key not in COLUMNS and key not in _PLAIN_KEYS]
        for key in unknown:
            self.refuse(line, key, "unknown-column", column=key, known=", ".join(COLUMNS))
        type_, many, choices = type_of(row.get("type", ""))
        if type_ in (BEGIN_GROUP, END_GROUP):
            self.open_group(row) if type_ == BEGIN_GROUP else self.close_group()
            return
        if type_ == END:
            self.inside = None
            if self.table is None:
                self.refuse(line, "type", "table-not-begun")
            self.table = None
            return
        name = row.get("name", "")
        if not name:
            self.refuse(line, "name", "required")
            return
        if type_ != BEGIN and type_ not in FIELD_TYPES:
            meant = nearest(type_, (*FIELD_TYPES, *OTHER_TYPES))
            code = "unknown-field-type-meant" if meant else "unknown-field-type"
            self.refuse(line, "type", code, name=type_ or "–", meant=meant)
        if type_ == "text" and "multiline" in appearance:
            type_ = "long_text"
        field = self.field(line, row, "table" if type_ == BEGIN else type_)
        if many:
            field["many"] = words("true")
        if choices and "choices" not in field:
            field["choices"] = self.lists.get(choices, words(choices))
        if self.table is None:
            self.place(name)
        into = self.fields if self.table is None else self.table
        if name in into:
            self.refuse(line, "name", "field-named-twice", name=name)
        into[name] = field
        if type_ == BEGIN:
            inner: Fields = {}
            field["fields"] = inner
            self.table = inner
            self.inside = name
        self.rule(name, row, field)

    def open_group(self, row: Row) -> None:
        title = title_of(row.get("label::zh", "") or row.get("name", ""), row.get("label::en", ""))
        section: Fields = {"section": title, "fields": []}
        if row.get("visible_if"):
            section["visible_if"] = words(ours(row["visible_if"], "", self.tables))
        self.sections.append(section)
        self.group = True

    def close_group(self) -> None:
        self.group = False

    def place(self, name: str) -> None:
        """A field that no group holds stands in a block without a heading."""
        if not self.sections or ("section" in self.sections[-1]) != self.group:
            self.sections.append({"fields": []})
        listed = self.sections[-1]["fields"]
        assert isinstance(listed, list)
        listed.append(words(name))

    def field(self, line: int, row: Row, type_: str) -> Fields:
        field: Fields = {"type": words(type_)}
        if row.get("label::zh") or row.get("label::en"):
            field["title"] = title_of(row.get("label::zh", ""), row.get("label::en", ""))
        required = row.get("required", "")
        if required.lower() in _YES:
            field["required"] = words("true")
        elif required and required.lower() not in _NO:
            field["required_if"] = words(self.ours(required, row))
        for key in ("visible_if", "compute"):
            if row.get(key):
                field[key] = words(self.ours(row[key], row))
        for key in _PLAIN_KEYS:
            if row.get(key):
                lower = row[key].lower()
                truth = "true" if lower in _YES else "false" if lower in _NO else row[key]
                field[key] = words(truth if key == "readonly" else row[key])
        pattern = pattern_of(row.get("check", ""))
        if pattern is not None:
            field["pattern"] = words(pattern)
        if row.get("choices"):
            field["choices"] = _choices_in(row["choices"])
        if row.get("hint") or row.get("hint::en"):
            field["help"] = title_of(row.get("hint", ""), row.get("hint::en", ""))
        if row.get("more"):
            more = unflow(row["more"])
            if more is None:
                self.refuse(line, "more", "not-yaml-map")
            field.update(more or {})
        return field

    def ours(self, written: str, row: Row) -> str:
        return ours(written, row.get("name", ""), self.tables, self.inside)

    def rule(self, name: str, row: Row, field: Fields) -> None:
        if not row.get("check") or "pattern" in field and pattern_of(row["check"]):
            return
        rule: Fields = {"check": words(self.ours(row["check"], row)), "at": words(name)}
        if is_xlsform(row["check"]) and field["type"] != words("table"):
            rule["when"] = words(f"{name} is not empty")  # there an answer is checked, not a gap
        if self.inside is not None and name != self.inside:
            rule = {**rule, "at": words(f"{self.inside}.{name}"), "each": words(self.inside)}
        if row.get("message"):
            rule["message"] = title_of(row["message"], row.get("message::en", ""))
        self.rules[f"{name}_check"[:40]] = rule


def _tables_of(rows: Sequence[Row]) -> dict[str, str]:
    """Each column of a table of the sheet, with the table's name."""
    found: dict[str, str] = {}
    inside = ""
    for row in rows:
        type_ = type_of(row.get("type", ""))[0]
        if type_ == END:
            inside = ""
        elif inside:
            found[row.get("name", "")] = inside
        if type_ == BEGIN:
            inside = row.get("name", "")
    return found


def title_of(zh: str, en: str) -> Data:
    if zh and en:
        return {"zh": words(zh), "en": words(en)}
    return words(zh or en)


def _choices_in(written: str) -> Data:
    if ":" not in written and ";" not in written:
        return words(written)
    found: Fields = {}
    for part in written.split(";"):
        code, _, title = part.partition(":")
        zh, _, en = title.partition("|")
        if code.strip():
            found[code.strip()] = title_of(zh.strip() or code.strip(), en.strip())
    return found
