"""A message to one person: the template filled with what this reader may see, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.expressions.environment import Environment
from jingwei.language.form import Form
from jingwei.language.template import Template
from jingwei.services.commands import Reading
from jingwei.services.display import shown
from jingwei.services.reader_world import ReaderWorld, visible
from jingwei.services.world import environment

Record = Mapping[str, Any]


def reader_environment(
    reader: Reading,
    form: Form | None,
    record: Record,
    locale: str,
    row: Any = None,
    **variables: Any,
) -> Environment:
    """What the holes of a message are filled from. `row`: the element of an `each`; of a table of
    the record, cut like the record."""
    seen = visible(reader, form.name, record) if form is not None and record else dict(record)
    if isinstance(row, Mapping) and form is not None:
        row = _row_seen(form, seen, row)
    env = environment(reader, seen, row=row if isinstance(row, Mapping) else None, **variables)
    env.variables = {**env.variables, "row": row}
    env.world = ReaderWorld(reader, locale)
    return env


def _row_seen(form: Form, seen: Record, row: Mapping[str, Any]) -> Mapping[str, Any]:
    for table in form.tables:
        for one in seen.get(table) or ():
            if one.get("id") == row.get("id"):
                return dict(one)
    return {"id": row.get("id")}


def filled(view: Reading, template: Template, env: Environment, locale: str) -> str:
    """The template's text with its holes filled."""
    return "".join(
        piece
        if isinstance(piece, str)
        else shown(view.catalogue.closure(piece.formula)(env), piece.form, locale, env.zone)
        for piece in template.pieces(locale)
    )


def called(reader: Reading, form: Form, env: Environment, locale: str) -> str:
    """What the reader may call the record: its display text, else its number, else its form."""
    if form.display is not None:
        return filled(reader, form.display, env, locale)
    return str(env.record.get("number") or f"{form.title(locale)} {env.record.get('id')}")


def message_for(
    reader: Reading,
    template: Template,
    form: Form | None,
    record: Record,
    locale: str,
    row: Any = None,
    **variables: Any,
) -> str:
    """The message in one language, as the reader may see it; `{display}` names the record."""
    env = reader_environment(reader, form, record, locale, row, **variables)
    if form is not None:
        env.record = {**env.record, "display": called(reader, form, env, locale)}
    return filled(reader, template, env, locale)
