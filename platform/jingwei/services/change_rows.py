"""Rows of history and audit about records: who changed what from what to what, and from where.

The origin of a change stands in its body under `_origin`: `screen`, `api`, `job`, `import:BATCH`,
`action:NAME`, `flow:ID`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.field_types.table import present_value
from jingwei.services.commands import Work
from jingwei.services.plans import FormPlan
from jingwei.services.wanted import Prepared
from jingwei.storage import written_bodies
from jingwei.storage.changes import ChangeRow
from jingwei.storage.rows import columns_of

ORIGIN = "_origin"


def change_row(
    work: Work,
    form: str,
    record: Mapping[str, Any],
    action: str,
    body: Mapping[str, Any],
    private: Mapping[str, Any] | None = None,
    written: str = "",
) -> None:
    """Keep one row of history and audit about a record. `written`: see `bodies_of_new`."""
    if work.origin is not None:
        body = {**body, ORIGIN: work.origin}
    behalf = work.on_behalf_of
    work.log(
        ChangeRow(
            at=work.now,
            actor=None if work.actor.is_system else work.actor.login,
            on_behalf_of=behalf.login if behalf is not None else None,
            org=record.get("org"),
            action=action,
            form=form,
            object=record["id"],
            object_version=record["revision"],
            body=body,
            release=work.installation.release.id,
            request=work.request_id,
            private=private or {},
            written=written,
        )
    )


_TRACKED = ("number", "org", "owner", "status", "state", "deleted_at")


def body_of(
    plan: FormPlan, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`{field: [old, new]}` of what differs, rows of tables by id; and the sensitive values."""
    if before is None and not plan.sensitive:
        return _body_of_new(plan, after), {}
    body: dict[str, Any] = {}
    private: dict[str, Any] = {}
    old = before or {}
    for name in (*plan.kept, *_TRACKED):
        if name in plan.form.fields and not plan.form.fields[name].track and before is not None:
            continue
        was, now = old.get(name), after.get(name)
        if was != now:
            pair = [_json(plan, name, was), _json(plan, name, now)]
            if name in plan.sensitive:
                private[name] = pair
            else:
                body[name] = pair
    for table in plan.tables:
        rows = _rows_body(plan, table, old.get(table) or (), after.get(table) or ())
        for identity, columns in rows.items():
            for name in [n for n in columns if f"{table}.{n}" in plan.sensitive]:
                private[f"{table}.{identity}.{name}"] = columns.pop(name)
        if rows:
            body[table] = rows
    return body, private


def bodies_of_new(plan: FormPlan, prepared: Sequence[Prepared]) -> list[str]:
    """The bodies of several new records as text; empty where they are made one by one."""
    are_new = len(prepared) > 1 and all(one.before is None for one in prepared)
    if not are_new or plan.sensitive or plan.tables:
        return [""] * len(prepared)
    records = [one.after for one in prepared]
    names = (*plan.kept, *_TRACKED)
    columns = dict(zip(names, columns_of(records, names), strict=True))
    for name, present in plan.presented:
        columns[name] = [v if v is None else present(v) for v in columns[name]]
    for name in _TRACKED:
        if name in plan.form.fields and name not in plan.kept:
            columns[name] = [_json(plan, name, value) for value in columns[name]]
    return written_bodies.bodies_of_new(columns)


def _body_of_new(plan: FormPlan, after: Mapping[str, Any]) -> dict[str, Any]:
    """Everything a new record holds; most changes of an import are these."""
    get = after.get
    body: dict[str, Any] = {
        name: [None, value] for name in plan.plain if (value := get(name)) is not None
    }
    for name, present in plan.presented:
        value = get(name)
        if value is not None:
            body[name] = [None, present(value)]
    for name in _TRACKED:
        value = get(name)
        if value is not None:
            body[name] = [None, _json(plan, name, value)]
    for table in plan.tables:
        rows = _rows_body(plan, table, (), after.get(table) or ())
        if rows:
            body[table] = rows
    return body


def _json(plan: FormPlan, name: str, value: Any) -> Any:
    definition = plan.form.fields.get(name)
    return value if definition is None else present_value(definition, value)


def _rows_body(
    plan: FormPlan, table: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    columns = plan.form.fields[table].fields
    was = {row["id"]: row for row in old}
    now = {row["id"]: row for row in new}
    body: dict[str, Any] = {}
    for identity in (*was, *(i for i in now if i not in was)):
        before, after = was.get(identity, {}), now.get(identity, {})
        differing = {
            name: [present_value(c, before.get(name)), present_value(c, after.get(name))]
            for name, c in columns.items()
            if before.get(name) != after.get(name)
        }
        if differing or not before or not after:
            body[str(identity)] = differing
    return body


def by_row(record: Mapping[str, Any], path: str) -> str:
    """`table.0.column` as the history knows it: by the id of the row."""
    table, _, rest = path.partition(".")
    place, _, column = rest.partition(".")
    rows = record.get(table)
    if not column or not place.isdecimal() or not isinstance(rows, list):
        return path
    return f"{table}.{rows[int(place)]['id']}.{column}" if int(place) < len(rows) else path
