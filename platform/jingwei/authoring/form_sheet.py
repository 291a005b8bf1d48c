"""A form's fields as a sheet, one row a field, with columns named as in XLSForm; and back.

A sub-table stands between the rows `begin table` and `end table`. What has no column of its own is
in `more`, written as in YAML, so that nothing is lost on the way out and in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.authoring.flow_text import flow, unflow, words
from jingwei.authoring.sheet_doubts import doubts
from jingwei.authoring.xlsform import is_xlsform, ours, pattern_of
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.problems import nearest
from jingwei.reading.yaml_file import Data, Scalar, YamlFile
from jingwei.refusals import FieldRefusal, Invalid

COLUMNS = (
    "type",
    "name",
    "label::zh",
    "label::en",
    "hint",
    "hint::en",
    "required",
    "visible_if",
    "check",
    "message",
    "message::en",
    "compute",
    "choices",
    "more",
)
BEGIN, END = "begin table", "end table"
BEGIN_GROUP, END_GROUP = "begin group", "end group"
# words of XLSForm and what they are here
_TYPES: Mapping[str, str] = {
    "decimal": "number",
    "string": "text",
    "datetime": "datetime",
    "geopoint": "geolocation",
    "calculate": "number",
    "acknowledge": "boolean",
    "begin repeat": BEGIN,
    "begin_repeat": BEGIN,
    "begin_table": BEGIN,
    "end repeat": END,
    "end_repeat": END,
    "end_table": END,
    "begin_group": BEGIN_GROUP,
    "end_group": END_GROUP,
    "int": "integer",
    "geotrace": "json",
    "audio": "file",
    "video": "file",
    "photo": "image",
    "range": "integer",
}
# how another tool draws a question: nothing that a form of ours says
_UNSAID = frozenset({"appearance", "parameters", "guidance_hint", "required_message", "notes"})
_LANGUAGES = {"english (en)": "en", "中文 (zh)": "zh", "chinese (zh)": "zh", "english": "en"}
_COLUMNS: Mapping[str, str] = {
    "label": "label::zh",
    "relevant": "visible_if",
    "constraint": "check",
    "constraint_message": "message",
    "calculation": "compute",
    "hint::zh": "hint",
    "message::zh": "message",
    "read_only": "readonly",
    "constraint_message::en": "message::en",
    "constraint_message::zh": "message",
}
_PLAIN_KEYS = ("default", "readonly")  # columns of other tools that are keys here
_YES = frozenset({"yes", "true", "1", "是"})
_NO = frozenset({"no", "false", "0", "否"})

Fields = dict[str, Data]
Row = Mapping[str, str]


# --- out


def rows_of(file: YamlFile) -> list[list[str]]:
    """The rows of a form's file, in the order of its fields. Needs a file that checks clean."""
    assert isinstance(file.data, dict)
    fields, rules = file.data["fields"], file.data.get("rules", {})
    assert isinstance(fields, dict) and isinstance(rules, dict)
    found: list[list[str]] = []
    for name, field in fields.items():
        assert isinstance(field, dict)
        found += _rows_of_field(name, field, rules)
    return found


def _rule_at(rules: Fields, name: str) -> Fields:
    """The first check that is shown at a field."""
    for rule in rules.values():
        if isinstance(rule, dict) and "check" in rule and rule.get("at") == Scalar(name):
            return rule
    return {}


def _rows_of_field(name: str, field: Fields, rules: Fields) -> Iterator[list[str]]:
    rule = _rule_at(rules, name)
    inner = field.get("fields")
    if not isinstance(inner, dict):
        yield _row(name, field, rule)
        return
    outer = {key: part for key, part in field.items() if key not in ("fields", "type")}
    yield _row(name, {"type": Scalar(BEGIN), **outer}, rule)
    for column, part in inner.items():
        assert isinstance(part, dict)
        yield _row(column, part, _rule_at(rules, f"{name}.{column}"))
    yield _row(name, {"type": Scalar(END)}, {})


def _row(name: str, field: Fields, rule: Fields) -> list[str]:
    rest = dict(field)
    cells = {"name": name, "type": _text(rest.pop("type"))}
    cells["label::zh"], cells["label::en"] = _two(rest.pop("title", None))
    cells["hint"], cells["hint::en"] = _two(rest.pop("help", None))
    cells["required"] = _required(rest)
    for key in ("visible_if", "compute"):
        cells[key] = _text(rest.pop(key, None))
    if rule:
        cells["check"] = _text(rule.get("check"))
        cells["message"], cells["message::en"] = _two(rule.get("message"))
    choices = _choices_out(rest.get("choices"))
    if choices is not None:
        cells["choices"] = choices
        del rest["choices"]
    cells["more"] = flow(rest) if rest else ""
    return [cells.get(column, "") for column in COLUMNS]


def _text(data: Data | None) -> str:
    return data.text if isinstance(data, Scalar) else ""


def _two(data: Data | None) -> tuple[str, str]:
    """Chinese and English; words for both stand in the first."""
    if isinstance(data, dict):
        return _text(data.get("zh")), _text(data.get("en"))
    return _text(data), ""


def _required(rest: Fields) -> str:
    if "required_if" in rest:
        return _text(rest.pop("required_if"))
    return "yes" if rest.pop("required", None) == Scalar("true") else ""


def _choices_out(data: Data | None) -> str | None:
    """A code list's name, or `cash: 现金 | Cash; …`; None for choices with more to them."""
    if isinstance(data, Scalar):
        return data.text
    if not isinstance(data, dict):
        return None
    parts = []
    for code, choice in data.items():
        if isinstance(choice, dict) and not set(choice) <= {"zh", "en"}:
            return None
        zh, en = _two(choice)
        parts.append(f"{code}: {zh} | {en}" if en else f"{code}: {zh}")
    return "; ".join(parts)


# --- in


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
        known = {_column(key): cell.strip() for key, cell in row.items()}
        name, code = known.get("list_name") or known.get("list name", ""), known.get("name", "")
        if name and code:
            title = _title(known.get("label::zh") or code, known.get("label::en", ""))
            lists.setdefault(name, {})[code] = title
    return lists


def _column(written: str) -> str:
    """The name of a column as we call it: `label::English (en)` is `label::en`."""
    head, colons, language = written.strip().partition("::")
    if colons:
        written = f"{head}::{_LANGUAGES.get(language.strip().lower(), language)}"
    return _COLUMNS.get(written, written)


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
        known = [{_column(key): cell.strip() for key, cell in row.items()} for row in rows]
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
        type_, many, choices = _type_of(row.get("type", ""))
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
            meant = nearest(type_, (*FIELD_TYPES, *_TYPES))
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
        title = _title(row.get("label::zh", "") or row.get("name", ""), row.get("label::en", ""))
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
            field["title"] = _title(row.get("label::zh", ""), row.get("label::en", ""))
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
            field["help"] = _title(row.get("hint", ""), row.get("hint::en", ""))
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
            rule["message"] = _title(row["message"], row.get("message::en", ""))
        self.rules[f"{name}_check"[:40]] = rule


def _tables_of(rows: Sequence[Row]) -> dict[str, str]:
    """Each column of a table of the sheet, with the table's name."""
    found: dict[str, str] = {}
    inside = ""
    for row in rows:
        type_ = _type_of(row.get("type", ""))[0]
        if type_ == END:
            inside = ""
        elif inside:
            found[row.get("name", "")] = inside
        if type_ == BEGIN:
            inside = row.get("name", "")
    return found


def _type_of(written: str) -> tuple[str, bool, str]:
    """The type, whether several, and the code list of `select_one LIST`."""
    head, _, rest = written.partition(" ")
    if head in ("select_one", "select_multiple"):
        return "choice", head == "select_multiple", rest.strip()
    return _TYPES.get(written.lower(), written), False, ""


def _title(zh: str, en: str) -> Data:
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
            found[code.strip()] = _title(zh.strip() or code.strip(), en.strip())
    return found


def fields_text(fields: Fields) -> str:
    """`fields:` with one field a line; a table has its columns below."""
    return "fields:\n" + "".join(_lines(fields, "  "))


def _lines(fields: Fields, indent: str) -> Iterator[str]:
    for name, field in fields.items():
        assert isinstance(field, dict)
        inner = field.get("fields")
        if not isinstance(inner, dict):
            yield f"{indent}{name}: {flow(field)}\n"
            continue
        yield f"{indent}{name}:\n"
        for key, part in field.items():
            if key != "fields":
                yield f"{indent}  {key}: {flow(part)}\n"
        yield f"{indent}  fields:\n"
        yield from _lines(inner, f"{indent}    ")


def rules_text(rules: Fields) -> str:
    """`rules:` with one rule a line; nothing when there are none."""
    if not rules:
        return ""
    return "rules:\n" + "".join(f"  {name}: {flow(rule)}\n" for name, rule in rules.items())


def with_sheet(file: YamlFile, fields: Fields, rules: Fields) -> str:
    """The text of a form that is there, with the fields of the sheet. A check in the sheet takes
    the place of the one shown at its field; whatever else the form has stays."""
    assert isinstance(file.data, dict)
    there, before = file.data.get("rules", {}), file.data["fields"]
    assert isinstance(there, dict) and isinstance(before, dict)
    kept = {name: as_before(before.get(name), field) for name, field in fields.items()}
    merged = dict(there)
    for name, rule in rules.items():
        assert isinstance(rule, dict)
        same = [n for n, one in there.items() if _is_check_at(one, rule["at"])]
        key = same[0] if same else name
        old = merged.get(key, {})
        merged[key] = as_before(old, {**(old if isinstance(old, dict) else {}), **rule})
    text = file.text
    if kept != before or list(kept) != list(before):
        text = replace_block(text, "fields", fields_text(kept))
    if merged == there:
        return text
    if there:
        return replace_block(text, "rules", rules_text(merged))
    return text.rstrip("\n") + "\n" + rules_text(merged)


def as_before(old: Data | None, new: Data) -> Data:
    """`new` with the keys in the order that `old` has them, and its quotes where it says the
    same."""
    if isinstance(old, Scalar) and isinstance(new, Scalar):
        return old if old.text == new.text else new
    if isinstance(old, dict) and isinstance(new, dict):
        order = [key for key in old if key in new] + [key for key in new if key not in old]
        return {key: as_before(old.get(key), new[key]) for key in order}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [as_before(one, other) for one, other in zip(old, new, strict=True)]
    return new


def _is_check_at(rule: Data, at: Data) -> bool:
    return isinstance(rule, dict) and "check" in rule and rule.get("at") == at


def replace_block(text: str, key: str, block: str) -> str:
    """`text` with everything under one of the definition's own keys written anew."""
    lines = text.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t-#"):
        end += 1
    return "\n".join([*lines[:start], *block.rstrip("\n").split("\n"), *lines[end:]])


def form_text(title: Data, made: SheetForm, grants: Sequence[str]) -> str:
    """A new form. `grants`: lines of its permissions."""
    fields, rules = made.fields, made.rules
    columns = [name for name, field in fields.items() if _listed(field)]
    lines: list[Any] = [
        f"kind: form\ntitle: {flow(title)}\n",
        "submit: {cancel: true}\n",
        fields_text(fields),
        rules_text(rules),
        layout_text(made.sections),
        f"list:\n  columns: [{', '.join((*columns[:6], 'status'))}]\n",
        "permissions:\n" + "".join(f"  {grant}\n" for grant in grants),
    ]
    return "".join(lines)


def layout_text(sections: Sequence[Fields]) -> str:
    """`layout:` with one section a line; nothing for a sheet without groups."""
    if not sections:
        return ""
    return "layout:\n" + "".join(f"  - {flow(section)}\n" for section in sections)


def _listed(field: Data) -> bool:
    """Whether a list page has room for it."""
    type_ = _text(field.get("type")) if isinstance(field, dict) else ""
    return type_ not in ("table", "long_text", "rich_text", "markdown", "heading", "note", "json")
