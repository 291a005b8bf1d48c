"""JSON Schema of the fields of a form: of what is read, which says what may come; of what is
written, which says what is taken; and an example of each that is taken as it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jingwei.language.field_types.period import EXAMPLES as PERIODS
from jingwei.language.field_types.table import json_schema, present_value
from jingwei.language.form import Choice, Field, Form
from jingwei.language.values import Literal_
from jingwei.services.commands import Reading
from jingwei.services.rights import FieldRights
from jingwei.services.titles import choices
from jingwei.web import locale

NOT_VALUES = ("heading", "note")
_NUMBERS = ("integer", "number", "money", "percent", "rating", "duration")
_DECIMAL = r"^-?[0-9]{1,15}(\.[0-9]{1,10})?$"
_EXAMPLES: Mapping[str, Any] = {
    "text": "2026",
    "long_text": "2026",
    "markdown": "**2026**",
    "rich_text": "2026",
    "code": "A-2026",
    "barcode": "6901234567892",
    "email": "name@example.com",
    "phone": "13800000000",
    "url": "https://example.com/",
    "color": "#1f6feb",
    "time": "09:30",
    "datetime": "2026-03-01T09:30:00+08:00",
    "boolean": True,
    "duration": 5400,
    "rating": 3,
    "integer": 3,
    "number": 12.5,
    "money": 1200.5,
    "percent": 0.13,
    "geolocation": {"lat": 31.2304, "lon": 121.4737},
    "json": {"key": "value"},
}


def may_be_sent(field: Field) -> bool:
    """Whether a person may give its value: what is worked out always, or read only, is not sent."""
    computed = field.compute is not None and field.mode in ("always", "lock_if_found")
    return not (computed or field.readonly)


def read_schema(view: Reading, field: Field, rights: FieldRights) -> dict[str, Any]:
    """What may come: old records may break the rules of today, so that none is promised."""
    found = {**_words(field), **json_schema(field)}
    if field.type == "table":
        columns = {c.name: read_schema(view, c, rights) for c in _columns(field, rights)}
        row = {"type": "object", "properties": {"id": {"type": "integer"}, **columns}}
        return {**_words(field), "type": "array", "items": row}
    titles = _titles(view, field)
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
    titles = _titles(view, field, view.today)
    if titles and not field.many:
        offered = [{"const": code, "title": said} for code, said in titles.items()]
        found["oneOf"] = [*offered, {"type": "null"}]
        found.pop("enum", None)
    example = example_of(view, field)
    if example is not None:
        found["examples"] = [example]
    return found


def _written_table(
    view: Reading, form: Form, field: Field, rights: FieldRights, *, whole: bool
) -> dict[str, Any]:
    columns = {
        c.name: written_schema(view, form, c, rights, whole=whole)
        for c in _columns(field, rights)
        if c.path in rights.writable and may_be_sent(c)
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


def owed(form: Form, names: Mapping[str, Any]) -> list[str]:
    """Of what may be sent, what a new record must have: nothing of one that may be unfinished."""
    if form.workflow or form.workflows or form.submit is not None:
        return []
    return [n for n in names if n in form.fields and _is_owed(form.fields[n])]


def _is_owed(field: Field) -> bool:
    given = field.default is not None or field.compute is not None or field.generate is not None
    return field.required and not given and field.visible_if is None


def example_body(view: Reading, form: Form, rights: FieldRights) -> dict[str, Any] | None:
    """A new record that is taken; None where it needs what no example can know."""
    found: dict[str, Any] = {}
    for name, field in form.fields.items():
        if name not in rights.writable or not may_be_sent(field) or field.visible_if is not None:
            if field.required and field.visible_if is None and may_be_sent(field):
                return None
            continue
        wanted = field.required or field.type in ("text", "money", "date")
        example = example_of(view, field) if wanted and field.readonly_if is None else None
        if example is not None and field.type != "table":
            found[name] = example
        elif field.required and _is_owed(field):
            return None
    return found or None


def example_of(view: Reading, field: Field) -> Any:
    """A value that this field takes; None where it depends on what there is."""
    one = _example(view, field)
    if one is None or field.filter is not None:
        return None
    if field.pattern is not None and not re.fullmatch(field.pattern, str(one)):
        return None
    return [one] if field.many else one


def _example(view: Reading, field: Field) -> Any:
    if field.type == "choice":
        return next(iter(_titles(view, field, view.today)), None)
    if field.type == "org":
        return view.actor.org or None
    if field.type == "person":
        return None if view.actor.is_system else view.actor.login
    if field.type == "period":
        return PERIODS[field.grain or "month"] if field.min is field.max is None else None
    if field.type == "date":
        return _between(field, date(2026, 3, 1))
    if field.type in _NUMBERS:
        return _between(field, Decimal(str(_EXAMPLES[field.type])))
    example = _EXAMPLES.get(field.type)
    most = _limit(field.max)
    if isinstance(example, str) and isinstance(most, Decimal | int):
        return example[: int(most)] or None
    return example


def _between(field: Field, value: Any) -> Any:
    """The value, or the limit of the definition that it lies beyond; None for limits that are
    worked out."""
    least, most = _limit(field.min), _limit(field.max)
    if (field.min is not None and least is None) or (field.max is not None and most is None):
        return None
    if least is not None and value < least:
        value = least
    if most is not None and value > most:
        value = most
    if isinstance(value, date):
        return value.isoformat()
    if field.precision is not None:
        value = round(value, field.precision + (2 if field.type == "percent" else 0))
    return float(value) if value != int(value) else int(value)


def _limit(value: Any) -> Any:
    return value.value if isinstance(value, Literal_) else None


def _limits(field: Field) -> dict[str, Any]:
    """What the definition says of every value; limits that are worked out are said nowhere."""
    found: dict[str, Any] = {}
    least, most = _limit(field.min), _limit(field.max)
    if field.type in _NUMBERS:
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


def _titles(view: Reading, field: Field, day: date | None = None) -> dict[str, str]:
    """Codes with their titles; with a `day` those that may be chosen then."""
    if field.type != "choice":
        return {}
    return {
        c.code: c.title(locale())
        for c in choices(view, field)
        if isinstance(c, Choice) and (day is None or c.offered_on(day))
    }


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
