"""What a link brings along: fields filled from the record it points to.

`copy` when the link is set or changed and the field was not sent, `if_empty` only into an empty
field, `follow` at every save. Values are read as the person who saves: what he may not see of the
linked record, or sees masked, brings nothing along; what follows it stays as it is at his saves.
`display` is what the record is called, as far as he may know it. What was approved or submitted
follows no more: whoever changes a field that was left open changes that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.people import SYSTEM
from jingwei.services.plans import FormPlan
from jingwei.services.reader_world import visible
from jingwei.services.wanted import AFTER_SUBMIT
from jingwei.texts import DEFAULT_LOCALE

Values = dict[str, Any]
MOST_LINKS = 3
_CLOSED = object()  # a value that is there, and not for who saves


@dataclass(frozen=True, slots=True)
class _Part:
    """What somebody may see of a name, who may not see all of it."""

    value: str


def fill(
    view: Reading,
    plan: FormPlan,
    record: Values,
    before: Mapping[str, Any] | None,
    given: Collection[str],
) -> None:
    """Fill the record and its rows. `given`: fields that were sent, which a copy leaves alone."""
    if not plan.fills:
        return
    old = before or {}
    stands = old.get("status") in AFTER_SUBMIT
    for field_plan in plan.fields.values():
        if field_plan.field.fill:
            _fill(view, plan.form, field_plan.field, record, old, given, stands)
    for table, columns in plan.tables.items():
        filling = [c.field for c in columns.values() if c.field.fill]
        if not filling:
            continue
        known = {row["id"]: row for row in old.get(table) or ()}
        for row in record.get(table) or ():
            was = known.get(row.get("id"), {})
            sent = [name for name, value in row.items() if value != was.get(name)]
            for field in filling:
                _fill(view, plan.form, field, row, was, sent, stands)


def _fill(
    view: Reading,
    form: Form,
    link: Field,
    record: Values,
    old: Mapping[str, Any],
    given: Collection[str],
    stands: bool,
) -> None:
    value = record.get(link.name)
    changed = value != old.get(link.name)
    for target, path, mode in rules_of(link):
        if mode == "follow":
            wanted = changed or not stands
        else:
            wanted = changed and value is not None and target not in given
        if mode == "if_empty":
            wanted = wanted and record.get(target) in (None, [], "")
        if wanted:
            found = _at(view, link, value, path)
            if found is _CLOSED or isinstance(found, _Part):
                if not changed:
                    continue
                found = found.value if isinstance(found, _Part) else None
            field = form.fields.get(target)
            record[target] = _fresh_rows(field, found) if _is_table(field) else found


def rules_of(link: Field) -> Iterable[tuple[str, str, str]]:
    for target, rule in link.fill.items():
        if isinstance(rule, Mapping):
            yield target, str(rule.get("from", target)), str(rule.get("mode", "copy"))
        else:
            yield target, str(rule), "copy"


def _at(view: Reading, link: Field, value: Any, path: str) -> Any:
    """The value at a path of the linked record; None where it leads nowhere."""
    target = _target(link, value)
    for _ in range(MOST_LINKS + 1):
        if target is None:
            return None
        form, identity = target
        definition = view.catalogue.forms.get(form)
        found = view.store.load(view.connection, form, [identity]).get(identity)
        if definition is None or found is None:
            return None
        name, _dot, path = path.partition(".")
        if name == "display" and not path and name not in definition.fields:
            return _name(view, form, found)
        shown = visible(view, form, found)
        if name not in shown:
            return _CLOSED if name in found else None
        field = definition.fields.get(name)
        if not path:
            if field is not None and not FIELD_TYPES[field.type].is_value and not _is_table(field):
                return None
            return shown.get(name)
        if field is None or field.type != "link" or field.many:
            return None
        target = _target(field, found.get(name))
    return None


def _name(view: Reading, form: str, record: Mapping[str, Any]) -> Any:
    if not view.rights.may_read(view, form, record).allowed:
        return _CLOSED
    own = display(view, form, record, DEFAULT_LOCALE)
    whole = display(replace(view, actor=SYSTEM), form, record, DEFAULT_LOCALE)
    return own if own == whole else _Part(own)


def _target(link: Field, value: Any) -> tuple[str, int] | None:
    if isinstance(value, Mapping):
        return str(value["form"]), int(value["id"])
    if type(value) is not int or not link.to or "." in link.to[0]:
        return None
    return link.to[0], value


def _is_table(field: Field | None) -> bool:
    return field is not None and field.type == "table"


def _fresh_rows(table: Field | None, rows: Any) -> list[Values]:
    """Rows of another record as new rows of this one: the columns that both have."""
    assert table is not None
    return [{n: row[n] for n in table.fields if n in row} for row in rows or ()]
