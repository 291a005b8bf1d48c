"""The quick filters of a list: one box for each field that its definition names, read from the
address, written as one expression of the language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from flask import request

from jingwei.language.clock_words import seconds_of, time_of
from jingwei.language.field_types.listed import NOT_ASKED
from jingwei.language.form import Field, Form
from jingwei.language.regions import full_name, regions, within
from jingwei.screens import shaping
from jingwei.screens.cells import NUMERIC, Cells, Column, shown_paths
from jingwei.screens.widgets import Option, form_options
from jingwei.services.commands import Reading
from jingwei.texts import text
from jingwei.web import locale

PREFIX = "f."
MOST_TYPED = 200  # characters of a box


@dataclass(frozen=True, slots=True)
class Filter:
    """One box. `kind`: choice, text, dates, times, durations, numbers, or pick for a record or
    person that is looked for; `until`: the end of a span; `words`: what was picked, in words;
    `wrong`: why what it says cannot be read."""

    path: str
    name: str  # of the parameter in the address
    title: str
    kind: str
    value: str
    options: tuple[tuple[str, str, int], ...] = ()  # value, words, depth
    until: str = ""
    words: str = ""
    unit: str = ""
    forms: tuple[Option, ...] = ()  # chosen first, where a link may lead to any
    form: str = ""  # of the record that was picked
    inside: str = ""  # the region that was picked
    wrong: str = ""


def quick_filters(view: Reading, form: Form, cells: Cells, visible: frozenset[str]) -> list[Filter]:
    """The boxes that this reader gets, with what the address says of each."""
    found = []
    for path in shown_paths(form, form.list.filters, visible):
        column = cells.column(form, path)
        kind, options = _kind(view, form, cells, column)
        if kind is None:
            continue
        name = PREFIX + path
        value, until = request.args.get(name, ""), request.args.get(f"{name}.to", "")
        words = _words(cells, column, value) if kind == "pick" and value else ""
        unit = cells.unit(column.field) if kind == "numbers" and column.field is not None else ""
        if column.type == "percent":
            unit = "%"
        box = Filter(path, name, column.title, kind, value, tuple(options), until, words, unit)
        if column.type == "region":
            box = replace(box, inside=value)
        if column.field is not None and column.type == "link" and not column.field.to:
            picked = value.partition("/")[0] if "/" in value else ""
            box = replace(box, forms=form_options(view, cells), form=picked)
        found.append(replace(box, wrong=_wrong(column, box)))
    return found


def boxes_missing(filters: Sequence[Filter]) -> str | None:
    """A box that the address fills in and this reader has not; None: there is none."""
    there = {name for one in filters for name in (one.name, f"{one.name}.to")}
    asked = (name for name, value in request.args.items() if value.strip())
    return next((n for n in asked if n.startswith(PREFIX) and n not in there), None)


def _kind(
    view: Reading, form: Form, cells: Cells, column: Column
) -> tuple[str | None, Sequence[tuple[str, str, int]]]:
    """Which box asks for it; None where none can."""
    if column.type in NOT_ASKED:
        return None, ()
    if column.type in ("date", "datetime"):
        return "dates", ()
    if column.type in ("time", "duration"):
        return f"{column.type}s", ()
    if column.type in NUMERIC:
        return "numbers", ()
    if column.type in ("link", "region", "person"):
        return ("pick" if "." not in column.path else "text" if column.type != "link" else None), ()
    options = shaping.filter_options(view, form, cells, column)
    return ("choice" if options else "text"), options


def _words(cells: Cells, column: Column, value: str) -> str:
    if column.type == "person":
        return cells.person(value)
    if column.type == "region":
        return full_name(value)
    form, _, identity = value.rpartition("/")
    if column.field is None or not identity.isdigit() or len(identity) > 18:
        return value
    form = form or (column.field.to[0].partition(".")[0] if column.field.to else "")
    known = form in cells.view.catalogue.forms
    return cells.record_title(form, int(identity)) if known else value


def _wrong(column: Column, one: Filter) -> str:
    """What is wrong with a box: a condition that is not understood must not narrow nothing."""
    read = _READERS.get(one.kind)
    for typed in (one.value.strip(), one.until.strip()):
        if typed and read is not None and read(typed) is None:
            return text(f"screens.list.unread.{one.kind}", locale(), value=typed[:60])
    if len(one.value) > MOST_TYPED:
        return text("screens.list.unread.long", locale(), most=MOST_TYPED)
    if column.type == "boolean" and one.value not in ("", "true", "false"):
        return text("screens.list.unread.choice", locale(), value=one.value[:60])
    return ""


def condition_of(form: Form, cells: Cells, filters: Sequence[Filter]) -> list[str]:
    """What the boxes ask for, as conditions that must all hold."""
    return [term for one in filters for term in _terms(form, cells, one)]


def _terms(form: Form, cells: Cells, one: Filter) -> list[str]:
    column = cells.column(form, one.path)
    field = column.field
    if one.kind == "dates":
        return _span_of_days(one)
    if one.kind == "numbers":
        return _span_of_numbers(field, one)
    if one.kind == "times":
        return _span(one, lambda typed: quoted(typed) if time_of(typed) else None)
    if one.kind == "durations":
        return _span(one, seconds_of)
    if not one.value:
        return []
    if one.path == "org":
        return [f"is_below({quoted(one.value)})"]
    if column.type == "boolean":
        return [f"{one.path} == {'true' if one.value == 'true' else 'false'}"]
    if column.type == "region" and one.value in regions():
        part = within(one.value)
        same = part == one.value
        return [
            f"{one.path} == {quoted(part)}" if same else f"starts_with({one.path}, {quoted(part)})"
        ]
    # ids are of one record in all forms
    identity = one.value.rpartition("/")[2]
    value = identity if column.type == "link" and identity.isdigit() else quoted(one.value)
    if column.type == "tags" or (field is not None and field.many):
        return [f"{value} in {one.path}"]
    if one.kind == "text" and column.type != "person":
        return [f"contains({one.path}, {value})"]
    return [f"{one.path} == {value}"]


def _span_of_days(one: Filter) -> list[str]:
    """Both days are in it; of a moment it is the day in the installation's zone."""
    ends = ((_day(one.value.strip()), ">="), (_day(one.until.strip()), "<="))
    return [f"{one.path} {sign} {day.isoformat()}" for day, sign in ends if day is not None]


def _span_of_numbers(field: Field | None, one: Filter) -> list[str]:
    scale = Decimal(shaping.scale_of_shown(field))
    ends = ((_number(one.value), ">="), (_number(one.until), "<="))
    return [f"{one.path} {sign} {end * scale:f}" for end, sign in ends if end is not None]


def _span(one: Filter, read: Callable[[str], object]) -> list[str]:
    ends = ((read(one.value.strip()), ">="), (read(one.until.strip()), "<="))
    return [f"{one.path} {sign} {end}" for end, sign in ends if end is not None]


def _number(written: str) -> Decimal | None:
    try:
        found = Decimal(written.replace(",", "").replace("，", "").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 28 else None


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if len(written) == 10 else None
    except ValueError:
        return None


_READERS: Mapping[str, Callable[[str], object]] = {
    "dates": _day, "numbers": _number, "times": time_of, "durations": seconds_of,
}  # fmt: skip


def quoted(value: str) -> str:
    return json.dumps(value[:MOST_TYPED], ensure_ascii=False)
