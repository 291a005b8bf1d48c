"""What happened to a record, as its reader may know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jingwei.language.form import Field
from jingwei.services.change_rows import ORIGIN
from jingwei.services.commands import Reading
from jingwei.services.form_paths import secret_fields
from jingwei.services.past_fields import past_fields
from jingwei.services.presenting import MASK, instant
from jingwei.services.record_views import readable
from jingwei.storage import changes


def history(view: Reading, form: str, id: int, *, limit: int = 200) -> list[dict[str, Any]]:
    """What happened to a record, newest first; fields this reader may not see are left out."""
    return history_with_past(view, form, id, limit=limit)[0]


def history_with_past(
    view: Reading, form: str, id: int, *, limit: int = 200
) -> tuple[list[dict[str, Any]], Mapping[str, Field]]:
    """The same, and the fields it tells of that the form has no more."""
    shown = readable(view, form, id)
    entries = changes.history(
        view.connection, view.installation.book, view.store.people, id, limit=limit
    )
    visible = shown.rights.visible - shown.rights.masked
    past = past_fields(view, shown, entries)
    visible |= _paths(past.fields)
    secret = secret_fields(shown.form) & shown.rights.visible  # that it was changed, and no more
    secret |= {name for name in past.fields if name.partition("@")[0] in secret}  # was plain once
    private = changes.private_values(view.connection, [e.id for e in entries if _hides(e)])
    found: list[dict[str, Any]] = []
    shares = view.rights.decide(view, form, "share", shown.raw).allowed
    for entry in entries:
        release = entry.change.release
        named = {
            past.names.get((release, name), name): value
            for name, value in _with_private(entry, private).items()
        }
        is_share = entry.change.action in ("shared", "unshared")
        given = _share_of(entry) if is_share and shares else {}
        body = {} if is_share else dict(_shown(named, visible, secret))
        found.append(
            {
                "id": entry.id,
                "at": instant(entry.change.at),
                "actor": entry.change.actor,
                "on_behalf_of": entry.change.on_behalf_of,
                "action": entry.change.action,
                "origin": _origin_of(entry),
                "revision": entry.change.object_version,
                "changes": body,
                **given,
                "retired": sorted(name for name in body if name in past.fields),
                "reasons": {
                    called: why
                    for name, why in entry.change.body.get("_reasons", {}).items()
                    if _field_of(called := past.names.get((release, name), name)) in visible
                },
            }
        )
    return found, past.fields


def _origin_of(entry: changes.Entry) -> dict[str, Any] | None:
    """Where a change comes from: `{kind, of}`, `of` the batch, the button or the request; None of
    what was kept before origins were."""
    written = entry.change.body.get(ORIGIN)
    if not isinstance(written, str):
        return None
    kind, _, of = written.partition(":")
    return {"kind": kind, "of": int(of) if of.isdecimal() else of or None}


def _share_of(entry: changes.Entry) -> dict[str, Any]:
    """To whom a record was opened, and until when; for those who may share it."""
    told = {name: entry.change.body.get(name) for name in ("person", "until")}
    return {name: pair[1] if isinstance(pair, list) else None for name, pair in told.items()}


def _field_of(path: str) -> str:
    """`table.ROW.column` without the row."""
    table, _, rest = path.partition(".")
    column = rest.partition(".")[2]
    return f"{table}.{column}" if column else path


def _paths(fields: Mapping[str, Field]) -> frozenset[str]:
    """The fields, and the columns of those that are tables."""
    columns = {f"{name}.{column}" for name, one in fields.items() for column in one.fields}
    return frozenset((*fields, *columns))


def _hides(entry: changes.Entry) -> bool:
    return any(isinstance(v, Mapping) and "sha256" in v for v in entry.change.body.values())


def _with_private(
    entry: changes.Entry, private: Mapping[tuple[int, str], Any]
) -> Mapping[str, Any]:
    """The body with the sensitive values that are kept beside it; what was erased is masked."""
    if not _hides(entry):
        return entry.change.body
    body: dict[str, Any] = {}
    for path, value in entry.change.body.items():
        if not (isinstance(value, Mapping) and "sha256" in value):
            body.setdefault(path, value)
            continue
        pair = private.get((entry.id, path), [MASK, MASK])
        table, _, rest = path.partition(".")
        row, _, column = rest.partition(".")
        if not column:
            body[path] = pair
            continue
        rows = {r: dict(c) for r, c in {**entry.change.body, **body}.get(table, {}).items()}
        rows.setdefault(row, {})[column] = pair
        body[table] = rows
    return body


def _covered(pair: Any) -> list[str | None]:
    """Of a secret: whether there was one, before and after."""
    return [None if value is None else MASK for value in pair]


def _shown(
    body: Mapping[str, Any], visible: frozenset[str], secret: frozenset[str]
) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name in secret:
            yield name, _covered(value)
        elif name not in visible and name not in ("status", "state", "number"):
            continue
        elif not isinstance(value, Mapping):
            yield name, value
        elif (rows := _visible_rows(name, value, visible, secret)) or not value:
            yield name, rows


def _visible_rows(
    name: str, value: Mapping[str, Any], visible: frozenset[str], secret: frozenset[str]
) -> dict[str, Any]:
    """The rows that changed, but for those of which nothing is shown: that something changed in a
    row is told to nobody who does not see what."""
    found = {
        row: {
            c: _covered(v) if f"{name}.{c}" in secret else v
            for c, v in columns.items()
            if f"{name}.{c}" in visible or f"{name}.{c}" in secret
        }
        for row, columns in value.items()
    }
    return {row: shown for row, shown in found.items() if shown or not value[row]}
