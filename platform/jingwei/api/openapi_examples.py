"""Examples for programs: values that fields take, which are sent as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jingwei.api.openapi_sent import is_owed, may_be_sent
from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.field_types.period import EXAMPLES as PERIODS
from jingwei.language.form import Choice, Field, Form
from jingwei.language.values import Literal_
from jingwei.refusals import Refused
from jingwei.services import definitions, drafts
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, listing, may_open
from jingwei.services.rights import FieldRights
from jingwei.services.titles import choices
from jingwei.web import locale

NUMBERS = ("integer", "number", "money", "percent", "rating", "duration")
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
        elif field.required and is_owed(field):
            return None
    return _taken(view, form, found)


def _taken(view: Reading, form: Form, body: dict[str, Any]) -> dict[str, Any] | None:
    """As much of the body as the server would take now: the rules of a form know what belongs
    together, and the one validator knows the rules."""
    while body:
        try:
            problems = drafts.compute(view, form.name, body).problems
        except Refused:
            return None
        if not problems:
            return body
        wrong = {one.path.partition(".")[0] for one in problems}
        if not wrong & body.keys():
            return None
        body = {name: value for name, value in body.items() if name not in wrong}
    return None


def example_of(view: Reading, field: Field) -> Any:
    """A value that this field takes; None where it depends on what there is."""
    one = _example(view, field)
    if one is None or field.filter is not None or field.mode == "override_with_reason":
        return None
    if field.pattern is not None and not re.fullmatch(field.pattern, str(one)):
        return None
    return [one] if field.many else one


def _example(view: Reading, field: Field) -> Any:
    if field.type == "choice":
        return next(iter(titles_of(view, field, view.today)), None)
    if field.type == "definition":
        return next((named for named, _ in definitions.offered(view, field)), None)
    if field.type == "form":
        return next((name for name in view.catalogue.forms if may_open(view, name)), None)
    if field.type == "link":
        return _newest(view, field) if field.required else None
    if field.type == "org":
        return view.actor.org or None
    if field.type == "person":
        return None if view.actor.is_system else view.actor.login
    if field.type == "period":
        return PERIODS[field.grain or "month"] if field.min is field.max is None else None
    if field.type == "date":
        return _between(field, view.today)
    if field.type in NUMBERS:
        return _between(field, Decimal(str(_EXAMPLES[field.type])))
    example = _EXAMPLES.get(field.type)
    most = limit_of(field.max)
    if isinstance(example, str) and isinstance(most, Decimal | int):
        return example[: int(most)] or None
    return example


def _newest(view: Reading, field: Field) -> Any:
    """The newest record that may be linked to, as far as this person may list it."""
    wish = ListWish(sort=("-id",), size=1, fields=("id",), count=None)
    for name in field.to:
        if name in view.catalogue.forms and may_open(view, name):
            for one in listing(view, name, wish).items:
                return {"form": name, "id": one["id"]} if is_polymorphic(field) else one["id"]
    return None


def _between(field: Field, value: Any) -> Any:
    """The value, or the limit of the definition that it lies beyond; None for limits that are
    worked out."""
    least, most = limit_of(field.min), limit_of(field.max)
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


def limit_of(value: Any) -> Any:
    """A limit that is written in the definition; None of one that is worked out."""
    return value.value if isinstance(value, Literal_) else None


def titles_of(view: Reading, field: Field, day: date | None = None) -> dict[str, str]:
    """Codes with their titles; with a `day` those that may be chosen then."""
    if field.type != "choice":
        return {}
    return {
        c.code: c.title(locale())
        for c in choices(view, field)
        if isinstance(c, Choice) and (day is None or c.offered_on(day))
    }
