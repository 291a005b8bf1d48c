"""The rows of a form's fields, one row a field, with columns named as in XLSForm.

A sub-table stands between the rows `begin table` and `end table`. What has no column of its own is
in `more`, written as in YAML, so that nothing is lost on the way out and in.
"""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.authoring.flow_text import Fields, flow, text_of
from jingwei.authoring.sheet_columns import BEGIN, COLUMNS, END
from jingwei.reading.yaml_file import Data, Scalar, YamlFile


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
    cells = {"name": name, "type": text_of(rest.pop("type"))}
    cells["label::zh"], cells["label::en"] = _two(rest.pop("title", None))
    cells["hint"], cells["hint::en"] = _two(rest.pop("help", None))
    cells["required"] = _required(rest)
    for key in ("visible_if", "compute"):
        cells[key] = text_of(rest.pop(key, None))
    if rule:
        cells["check"] = text_of(rule.get("check"))
        cells["message"], cells["message::en"] = _two(rule.get("message"))
    choices = _choices_out(rest.get("choices"))
    if choices is not None:
        cells["choices"] = choices
        del rest["choices"]
    cells["more"] = flow(rest) if rest else ""
    return [cells.get(column, "") for column in COLUMNS]


def _two(data: Data | None) -> tuple[str, str]:
    """Chinese and English; words for both stand in the first."""
    if isinstance(data, dict):
        return text_of(data.get("zh")), text_of(data.get("en"))
    return text_of(data), ""


def _required(rest: Fields) -> str:
    if "required_if" in rest:
        return text_of(rest.pop("required_if"))
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
