"""A form's text: a new one, or one that is there with other fields and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from jingwei.authoring.flow_text import Fields, flow, text_of
from jingwei.authoring.sheet_form import SheetForm
from jingwei.reading.yaml_file import Data, Scalar, YamlFile


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
    type_ = text_of(field.get("type")) if isinstance(field, dict) else ""
    return type_ not in ("table", "long_text", "rich_text", "markdown", "heading", "note", "json")
