"""Templates with holes, and what a record is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import format_decimal

from jingwei.language.form import Form
from jingwei.language.template import Hole, Template
from jingwei.services.commands import Reading
from jingwei.services.form_paths import all_fields, with_columns
from jingwei.services.reader_world import ReaderWorld
from jingwei.services.world import environment

MOST_NAMES = 3  # of linked records inside one another
Known = dict[tuple[str, int], Any]  # records that were read already, by form and id
AMOUNTS = {"元": Decimal(1), "千元": Decimal(1_000), "万元": Decimal(10_000),
           "百万元": Decimal(1_000_000), "亿元": Decimal(100_000_000),
           "万": Decimal(10_000), "亿": Decimal(100_000_000)}  # fmt: skip


def rendered(
    view: Reading,
    template: Template,
    record: Mapping[str, Any],
    locale: str,
    depth: int = 0,
    known: Known | None = None,
    /,
    **more: Any,
) -> str:
    """The template with its holes filled from the record, and from what the reader may see of
    others. `depth`: how many names of linked records this stands in."""
    env = environment(view, record, row=more.pop("row", None), locale=locale, **more)
    known = {} if known is None else known
    env.world = ReaderWorld(view, locale, known)
    return "".join(
        piece if isinstance(piece, str) else _hole(view, piece, env, locale, depth, known)
        for piece in template.pieces(locale)
    )


def _hole(view: Reading, hole: Hole, env: Any, locale: str, depth: int, known: Known) -> str:
    value = view.catalogue.closure(hole.formula)(env)
    type_ = view.catalogue.expression(hole.formula).type
    if type_.name == "record" and type_.table is None and value is not None:
        form = value["form"] if isinstance(value, Mapping) else type_.form
        identity = value["id"] if isinstance(value, Mapping) else value
        if form in view.catalogue.forms and isinstance(identity, int):
            return _linked(view, str(form), identity, locale, depth, known)
    return shown(value, hole.form, locale, env.zone)


def _linked(view: Reading, form: str, identity: int, locale: str, depth: int, known: Known) -> str:
    """What a linked record is called, as far as the reader may know it and names do not go on
    without end."""
    if depth < MOST_NAMES:
        key = form, identity
        if key not in known:
            known[key] = view.store.load(view.connection, form, [identity]).get(identity)
        record = known[key]
        if record is not None and view.rights.may_read(view, form, record).allowed:
            return display(view, form, record, locale, depth + 1, known)
    return f"{view.catalogue.forms[form].title(locale)} #{identity}"


def shown(value: Any, form: str | None, locale: str, zone: tzinfo) -> str:
    """A value inside a sentence, an instant by the clock of `zone`. `form`: `万元`, `percent`, a
    number of digits, or `%Y%m`."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime(form if form and "%" in form else "%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.strftime(form) if form and "%" in form else value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | int | float):
        return _number(Decimal(str(value)), form, locale)
    return str(value)


def _number(value: Decimal, form: str | None, locale: str) -> str:
    if form == "percent":
        return f"{_rounded(value * 100, 2)}%"
    if form in AMOUNTS:
        return f"{format_decimal(_rounded(value / AMOUNTS[form], 2), locale=locale)}{form}"
    if form and form.isdigit():
        return format_decimal(_rounded(value, int(form)), locale=locale)
    return format_decimal(value, locale=locale, decimal_quantization=False)


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def display(
    view: Reading,
    form: str,
    record: Mapping[str, Any],
    locale: str,
    depth: int = 0,
    known: Known | None = None,
    hidden: Collection[str] = (),
) -> str:
    """What a record is called: its display text, else its number, else its first text; of these
    what its reader may see. `hidden`: fields that nothing is said of either."""
    definition = view.catalogue.forms[form]
    closed = closed_fields(view, definition, record) | with_columns(definition, tuple(hidden))
    if definition.display is not None and not closed & reads_of(view, definition.display, locale):
        return rendered(view, definition.display, record, locale, depth, known)
    if record.get("number") and "number" not in closed:
        return str(record["number"])
    for name, field in definition.fields.items():
        if field.type in ("text", "long_text") and record.get(name) and name not in closed:
            return str(record[name])[:80]
    return f"{definition.title(locale)} {record['id']}"


def closed_fields(view: Reading, form: Form, record: Mapping[str, Any]) -> frozenset[str]:
    """Fields that are hidden from the reader, or masked; mostly there are none to look for."""
    if not view.rights.hides_anything(view, form.name, record):
        return frozenset()
    rights = view.rights.fields(view, form.name, record)
    return all_fields(form) - (rights.visible - rights.masked)


def reads_of(view: Reading, template: Template, locale: str) -> frozenset[str]:
    """The fields that a template shows something of."""
    paths = {
        path
        for piece in template.pieces(locale)
        if not isinstance(piece, str)
        for path in view.catalogue.expression(piece.formula).reads
    }
    return frozenset(paths | {path.partition(".")[0] for path in paths})
