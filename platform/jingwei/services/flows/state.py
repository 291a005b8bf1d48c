"""The state of one request, and the only way to change it: events that carry their changes.

A `Walk` works on a copy. Each `note` begins an event; each change is kept in the newest event, so
that the log by itself gives the same state again (`replayed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jingwei.storage.flow_rows import EventRow, FlowRow, RunRow, TaskRow

_INSTANTS = frozenset({"started_at", "ended_at", "opened_at", "closed_at", "due_at"})


@dataclass(frozen=True, slots=True)
class State:
    """An instance with its runs and tasks by id, in the order they were made."""

    flow: FlowRow
    runs: Mapping[int, RunRow] = field(default_factory=dict)
    tasks: Mapping[int, TaskRow] = field(default_factory=dict)


@dataclass(slots=True)
class Noted:
    """An event on its way. `actor` None: the system."""

    type: str
    actor: str | None
    on_behalf_of: str | None
    step: str | None
    comment: str | None
    data: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)


def plain(row: Any, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Fields of a row as JSON data; all of them by default."""
    wanted = row._fields if names is None else names
    return {name: _plain(getattr(row, name)) for name in wanted}


def telling(row: Any) -> dict[str, Any]:
    """The fields of a new row that are not what its class gives by itself, as JSON data."""
    given = row._field_defaults
    return {
        name: _plain(value)
        for name, value in zip(row._fields, row, strict=True)
        if name not in given or value != given[name]
    }


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int or value is None:  # nearly all
        return value
    if kind is datetime:
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _INSTANTS and value else value
        for name, value in values.items()
    }


def replayed(events: Iterable[EventRow]) -> State | None:
    """The state that the events lead to; None without events."""
    flow: FlowRow | None = None
    runs: dict[int, RunRow] = {}
    tasks: dict[int, TaskRow] = {}
    for event in events:
        changes = event.changes or {}
        if "flow" in changes:
            values = _typed(changes["flow"])
            flow = FlowRow(**values) if flow is None else flow._replace(**values)
        _merge(runs, RunRow, changes.get("runs", {}))
        _merge(tasks, TaskRow, changes.get("tasks", {}))
    return None if flow is None else State(flow, runs, tasks)


def _merge(rows: dict[int, Any], made: Any, changes: Mapping[str, Any]) -> None:
    for key, values in changes.items():
        typed = _typed(values)
        known = rows.get(int(key))
        rows[int(key)] = made(**typed) if known is None else known._replace(**typed)
