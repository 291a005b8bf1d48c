"""A message to one person: the template filled with what this reader may see, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jingwei.language.expressions.environment import Environment, Values
from jingwei.language.expressions.tree import Node, Source
from jingwei.language.form import Form
from jingwei.language.template import Template
from jingwei.services.commands import Reading
from jingwei.services.display import shown
from jingwei.services.people import Person
from jingwei.services.world import StoredWorld, environment

Record = Mapping[str, Any]


def as_reader(view: Reading, person: Person) -> Reading:
    """The same moment, looked at by this person."""
    return Reading(
        view.connection,
        view.installation,
        person,
        view.now,
        view.today,
        view.rights,
        view.people,
        view.clock,
        view.listeners,
    )


def visible(reader: Reading, form: str, record: Record) -> dict[str, Any]:
    """The record without what the reader may not see; of one that may not be read, its id."""
    if reader.actor.is_system:
        return dict(record)
    if not reader.rights.may_read(reader, form, record).allowed:
        return {"id": record["id"]}
    rights = reader.rights.fields(reader, form, record)
    open_ = rights.visible - rights.masked
    tables = reader.catalogue.forms[form].tables
    found: dict[str, Any] = {}
    for name, value in record.items():
        if name in tables and name in open_:
            found[name] = [
                {c: v for c, v in row.items() if c == "id" or f"{name}.{c}" in open_}
                for row in value or ()
            ]
        elif name in open_ or name == "id":
            found[name] = value
    return found


class ReaderWorld(StoredWorld):
    """The world beyond the record, cut to what the reader may see of it."""

    def __init__(self, reader: Reading, locale: str) -> None:
        super().__init__(reader, locale)
        self._reader = reader

    def linked(self, form: str, id: int) -> Values | None:
        found = super().linked(form, id)
        return None if found is None else visible(self._reader, form, found)

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        form = source.form or source.type.form or source.name.partition(".")[0]
        for row, owner in super().rows(source, where, environment):
            whole = owner if owner is not None else row
            if self._reader.rights.may_read(self._reader, form, whole).allowed:
                yield row, owner


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
        else shown(view.catalogue.closure(piece.formula)(env), piece.form, locale)
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
