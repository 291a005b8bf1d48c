"""JSON Schema of the fields of a form: what may come of each, what is taken."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from jingwei.api.openapi_examples import NUMBERS, example_of, limit_of, titles_of
from jingwei.api.openapi_sent import may_be_sent
from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.field_types.table import json_schema, present_value
from jingwei.language.form import Field, Form
from jingwei.services.commands import Reading
from jingwei.services.parsing import example_form
from jingwei.services.presenting import MASK
from jingwei.services.rights import FieldRights
from jingwei.web import locale

NOT_VALUES = ("heading", "note")
_DECIMAL = r"^-?[0-9]{1,15}(\.[0-9]{1,10})?$"


def read_schema(view: Reading, field: Field, rights: FieldRights) -> dict[str, Any]:
    """What may come: old records may break the rules of today, so that none is promised."""
    found = {**_words(field), **json_schema(field)}
    if field.type == "table":
        columns = {c.name: read_schema(view, c, rights) for c in _columns(field, rights)}
        row = {"type": "object", "properties": {"id": {"type": "integer"}, **columns}}
        return {**_words(field), "type": "array", "items": row}
    if field.path in rights.masked:
        shown = {key: found.pop(key) for key in list(found) if key not in _words(field)}
        found["anyOf"] = [{"const": MASK}, shown]
    titles = titles_of(view, field)
    if titles:
        found["x-titles"] = titles
    if field.path not in rights.writable or not may_be_sent(field):
        found["readOnly"] = True
    return found


def written_schema(
    view: Reading, form: Form, field: Field, rights: FieldRights, *, whole: bool
) -> dict[str, Any]:
    """What is taken. `whole`: of a new record, where what is required is owed at once."""
    if field.type == "table":
        return _written_table(view, form, field, rights, whole=whole)
    found = {**_words(field), **json_schema(field), **_limits(field)}
    if field.type in ("number", "money", "percent", "integer"):
        # exact digits also come as text; numbers of JSON are read exactly
        kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*(k for k in kinds if k != "null"), "string", "null"]
        found["pattern"] = r"^-?[0-9]{1,15}$" if field.type == "integer" else _DECIMAL
    if field.type == "region":  # names are taken as well as codes
        found.get("items", found).pop("pattern", None)
    titles = titles_of(view, field, view.today)
    if titles and not field.many:
        offered = [{"const": code, "title": said} for code, said in titles.items()]
        found["oneOf"] = [*offered, {"type": "null"}]
        found.pop("enum", None)
    if field.type == "link" and is_polymorphic(field):
        named = found.get("items", found)["properties"]["form"]
        named["examples"] = [example_form(view, field)]
    example = example_of(view, field)
    if example is not None:
        found["examples"] = [example]
    return found


def _names_row(table: Field, column: Field) -> bool:
    """Whether the column says which row is meant where no id does: the item of a score sheet."""
    return table.scorecard is not None and column.name == "item"


def _written_table(
    view: Reading, form: Form, field: Field, rights: FieldRights, *, whole: bool
) -> dict[str, Any]:
    columns = {
        c.name: written_schema(view, form, c, rights, whole=whole)
        for c in _columns(field, rights)
        if _names_row(field, c) or (c.path in rights.writable and may_be_sent(c))
    }
    row: dict[str, Any] = {
        "type": "object",
        "properties": {"id": {"type": "integer", "minimum": 1}, **columns},
        "additionalProperties": False,
    }
    found: dict[str, Any] = {**_words(field), "type": "array", "items": row}
    if field.max_rows is not None:
        found["maxItems"] = field.max_rows
    return found


def _limits(field: Field) -> dict[str, Any]:
    """What the definition says of every value; limits that are worked out are said nowhere."""
    found: dict[str, Any] = {}
    least, most = limit_of(field.min), limit_of(field.max)
    if field.type in NUMBERS:
        if least is not None:
            found["minimum"] = float(present_value(field, least))
        if most is not None:
            found["maximum"] = float(present_value(field, most))
    elif most is not None and isinstance(most, Decimal | int):
        found["maxLength"] = int(most)
    if field.pattern is not None and not field.many and _is_plain(field.pattern):
        found["pattern"] = f"^(?:{field.pattern})$"
    return found


def _is_plain(pattern: str) -> bool:
    """Whether it means the same to whoever reads the document as to us."""
    if re.search(r"\\[pPzQC]|\[\[:|\(\?", pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _columns(field: Field, rights: FieldRights) -> list[Field]:
    return [
        c for c in field.fields.values() if c.path in rights.visible and c.type not in NOT_VALUES
    ]


def _words(field: Field) -> dict[str, Any]:
    words = locale()
    found = {"title": field.title(words)}
    if field.help is not None:
        found["description"] = field.help(words)
    return found
