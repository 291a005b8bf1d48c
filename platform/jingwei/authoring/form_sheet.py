"""A form's fields as a sheet, one row a field, with columns named as in XLSForm; and back.

A sub-table stands between the rows `begin table` and `end table`. What has no column of its own is
in `more`, written as in YAML, so that nothing is lost on the way out and in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jingwei.authoring.flow_text import flow, unflow, words
from jingwei.language.field_types.table import FIELD_TYPES
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
}
_COLUMNS: Mapping[str, str] = {
    "label": "label::zh",
    "relevant": "visible_if",
    "constraint": "check",
    "constraint_message": "message",
    "calculation": "compute",
    "hint::zh": "hint",
    "message::zh": "message",
}
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
        found += _rows_of_field(name, field, _rule_at(rules, name))
    return found


def _rule_at(rules: Fields, name: str) -> Fields:
    """The first check that is shown at a field."""
    for rule in rules.values():
        if isinstance(rule, dict) and "check" in rule and rule.get("at") == Scalar(name):
            return rule
    return {}


def _rows_of_field(name: str, field: Fields, rule: Fields) -> Iterator[list[str]]:
    inner = field.get("fields")
    if not isinstance(inner, dict):
        yield _row(name, field, rule)
        return
    outer = {key: part for key, part in field.items() if key not in ("fields", "type")}
    yield _row(name, {"type": Scalar(BEGIN), **outer}, rule)
    for column, part in inner.items():
        assert isinstance(part, dict)
        yield _row(column, part, {})
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


def fields_of(rows: Sequence[Row]) -> tuple[Fields, Fields]:
    """Fields and rules from rows. Raises Invalid naming each bad cell (`3.type`: line 3)."""
    return _Reader().read(rows)


class _Reader:
    def __init__(self) -> None:
        self.refused: list[FieldRefusal] = []
        self.fields: Fields = {}
        self.rules: Fields = {}
        self.table: Fields | None = None  # the columns of the table that is open

    def read(self, rows: Sequence[Row]) -> tuple[Fields, Fields]:
        for line, row in enumerate(rows, 2):
            self.row(line, {_COLUMNS.get(key, key): cell.strip() for key, cell in row.items()})
        if self.table is not None:
            self.refuse(len(rows) + 1, "type", "table-not-ended")
        if not self.fields and not self.refused:
            self.refuse(2, "name", "required")
        if self.refused:
            raise Invalid("form-sheet", fields=self.refused)
        return self.fields, self.rules

    def refuse(self, line: int, cell: str, code: str, **holes: object) -> None:
        self.refused.append(FieldRefusal(f"{line}.{cell}", code, dict(holes)))

    def row(self, line: int, row: Row) -> None:
        unknown = [key for key in row if key not in COLUMNS]
        for key in unknown:
            self.refuse(line, key, "unknown-column", column=key, known=", ".join(COLUMNS))
        type_, many, choices = _type_of(row.get("type", ""))
        if type_ == END:
            if self.table is None:
                self.refuse(line, "type", "table-not-begun")
            self.table = None
            return
        name = row.get("name", "")
        if not name:
            self.refuse(line, "name", "required")
            return
        if type_ != BEGIN and type_ not in FIELD_TYPES:
            self.refuse(line, "type", "unknown-field-type", name=type_ or "–")
            return
        field = self.field(line, row, "table" if type_ == BEGIN else type_)
        if many:
            field["many"] = words("true")
        if choices:
            field["choices"] = words(choices)
        into = self.fields if self.table is None else self.table
        if name in into:
            self.refuse(line, "name", "field-named-twice", name=name)
        into[name] = field
        if type_ == BEGIN:
            inner: Fields = {}
            field["fields"] = inner
            self.table = inner
        self.rule(name, row)

    def field(self, line: int, row: Row, type_: str) -> Fields:
        field: Fields = {"type": words(type_)}
        if row.get("label::zh") or row.get("label::en"):
            field["title"] = _title(row.get("label::zh", ""), row.get("label::en", ""))
        required = row.get("required", "")
        if required.lower() in _YES:
            field["required"] = words("true")
        elif required and required.lower() not in _NO:
            field["required_if"] = words(required)
        for key in ("visible_if", "compute"):
            if row.get(key):
                field[key] = words(row[key])
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

    def rule(self, name: str, row: Row) -> None:
        if not row.get("check") or self.table is not None and name in self.table:
            return
        rule: Fields = {"check": words(row["check"]), "at": words(name)}
        if row.get("message"):
            rule["message"] = _title(row["message"], row.get("message::en", ""))
        self.rules[f"{name}_check"[:40]] = rule


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


def form_text(title: Data, fields: Fields, rules: Fields, grants: Sequence[str]) -> str:
    """A new form. `grants`: lines of its permissions."""
    columns = [name for name, field in fields.items() if _listed(field)]
    lines: list[Any] = [
        f"kind: form\ntitle: {flow(title)}\n",
        "submit: {cancel: true}\n",
        fields_text(fields),
        rules_text(rules),
        f"list:\n  columns: [{', '.join((*columns[:6], 'status'))}]\n",
        "permissions:\n" + "".join(f"  {grant}\n" for grant in grants),
    ]
    return "".join(lines)


def _listed(field: Data) -> bool:
    """Whether a list page has room for it."""
    type_ = _text(field.get("type")) if isinstance(field, dict) else ""
    return type_ not in ("table", "long_text", "rich_text", "markdown", "heading", "note", "json")
