"""The ledger of alerts as rows: what fired, for whom, and how the newest look ended."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from jingwei.storage.books import NameBook
from jingwei.storage.database import Connection
from jingwei.storage.locks import lock_exclusively
from jingwei.storage.tables_effects import sys_alert, sys_alert_look

_LOCKS = 0x6A78_0000_0000
_INSERTS = {
    "sqlite": sqlite.insert(sys_alert).on_conflict_do_nothing().returning(sys_alert.c.id),
    "postgresql": postgresql.insert(sys_alert).on_conflict_do_nothing().returning(sys_alert.c.id),
}
_NAMES = {"org": "org", "form": "form", "todo_form": "form"}  # column → kind of name


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One thing an alert did. `rung` 0: the alert itself. `period`, `value`: as text."""

    id: int
    alert: str
    subject: str
    rung: int
    due: datetime
    at: datetime
    late: bool
    org: str | None = None
    form: str | None = None
    record: int | None = None
    level: str | None = None
    period: str | None = None
    value: str | None = None
    people: Sequence[str] = ()
    text: Mapping[str, str] = field(default_factory=dict)
    todo_form: str | None = None
    todo: int | None = None
    closed_at: datetime | None = None
    closed_why: str | None = None


@dataclass(frozen=True, slots=True)
class LookRow:
    """How the newest look at a subject ended: `outcome` is a key of the texts, with its holes."""

    alert: str
    subject: str
    at: datetime
    org: str | None
    outcome: str
    holes: Mapping[str, Any] = field(default_factory=dict)


def hold(connection: Connection, alert: str) -> None:
    """Let nobody else look at this alert until this transaction ends."""
    lock_exclusively(connection, _LOCKS | zlib.crc32(alert.encode()))


def insert_alert(connection: Connection, book: NameBook, row: AlertRow) -> bool:
    """Keep it; False when the same (alert, subject, rung, due) is there already."""
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    values |= {name: _key(book, kind, values[name]) for name, kind in _NAMES.items()}
    values |= {"people": list(row.people), "text": dict(row.text)}
    return connection.execute(_INSERTS[connection.dialect.name], values).first() is not None


def _key(book: NameBook, kind: str, name: str | None) -> int | None:
    return None if name is None else book.key(kind, name)


def _row(book: NameBook, row: Any) -> AlertRow:
    values = {f.name: getattr(row, f.name) for f in fields(AlertRow)}
    for name in _NAMES:
        values[name] = None if values[name] is None else book.names.get(values[name])
    return AlertRow(**values)


def set_todo(connection: Connection, book: NameBook, id_: int, form: str, record: int) -> None:
    """The record that was opened for it."""
    connection.execute(
        sa.update(sys_alert)
        .where(sys_alert.c.id == id_)
        .values(todo_form=book.key("form", form), todo=record)
    )


def close_alerts(connection: Connection, ids: Collection[int], at: datetime, why: str) -> None:
    connection.execute(
        sa.update(sys_alert)
        .where(sys_alert.c.id.in_(ids), sys_alert.c.closed_at.is_(None))
        .values(closed_at=at, closed_why=why)
    )


def open_alerts(
    connection: Connection, book: NameBook, alert: str, subject: str | None = None
) -> dict[str, AlertRow]:
    """What is open of an alert, by subject; the newest of each."""
    statement = sa.select(sys_alert).where(
        sys_alert.c.alert == alert, sys_alert.c.closed_at.is_(None)
    )
    if subject is not None:
        statement = statement.where(sys_alert.c.subject == subject)
    rows = connection.execute(statement.order_by(sys_alert.c.id))
    return {row.subject: _row(book, row) for row in rows}


def rungs_done(
    connection: Connection, alert: str, subjects: Collection[str]
) -> set[tuple[str, int, datetime]]:
    """(subject, rung, due) of what a ladder did already."""
    found: set[tuple[str, int, datetime]] = set()
    wanted = list(subjects)
    for start in range(0, len(wanted), 500):
        rows = connection.execute(
            sa.select(sys_alert.c.subject, sys_alert.c.rung, sys_alert.c.due).where(
                sys_alert.c.alert == alert,
                sys_alert.c.subject.in_(wanted[start : start + 500]),
            )
        )
        found |= {(row.subject, row.rung, row.due) for row in rows}
    return found


def alerts_of_todo(connection: Connection, book: NameBook, record: int) -> list[AlertRow]:
    """What led to this record."""
    rows = connection.execute(
        sa.select(sys_alert).where(sys_alert.c.todo == record).order_by(sys_alert.c.id)
    )
    return [_row(book, row) for row in rows]


def ledger(
    connection: Connection,
    book: NameBook,
    *,
    alert: str | None = None,
    orgs: Collection[str] | None = None,
    is_open: bool | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[AlertRow]:
    """Newest first. `orgs` None: of all."""
    statement = sa.select(sys_alert)
    if alert is not None:
        statement = statement.where(sys_alert.c.alert == alert)
    if orgs is not None:
        statement = statement.where(sys_alert.c.org.in_(_keys(book, orgs)))
    if is_open is not None:
        open_ = sys_alert.c.closed_at.is_(None)
        statement = statement.where(open_ if is_open else sa.not_(open_))
    if before is not None:
        statement = statement.where(sys_alert.c.id < before)
    rows = connection.execute(statement.order_by(sys_alert.c.id.desc()).limit(limit))
    return [_row(book, row) for row in rows]


def _keys(book: NameBook, orgs: Iterable[str]) -> list[int]:
    return [book.key("org", code) for code in orgs if ("org", code) in book.keys]


# --- looks ---------------------------------------------------------------------------------------


def looks(
    connection: Connection,
    book: NameBook,
    alert: str | None = None,
    orgs: Collection[str] | None = None,
) -> list[LookRow]:
    """How the newest look at each subject ended, newest first."""
    statement = sa.select(sys_alert_look)
    if alert is not None:
        statement = statement.where(sys_alert_look.c.alert == alert)
    if orgs is not None:
        statement = statement.where(sys_alert_look.c.org.in_(_keys(book, orgs)))
    rows = connection.execute(
        statement.order_by(sys_alert_look.c.at.desc(), sys_alert_look.c.subject)
    )
    return [
        LookRow(
            row.alert,
            row.subject,
            row.at,
            None if row.org is None else book.names.get(row.org),
            row.outcome,
            row.holes,
        )
        for row in rows
    ]


def save_looks(connection: Connection, book: NameBook, rows: Sequence[LookRow]) -> None:
    """Keep the newest look at each subject."""
    if not rows:
        return
    kind: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = kind.insert(sys_alert_look)
    fresh = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[sys_alert_look.c.alert, sys_alert_look.c.subject],
        set_={name: fresh[name] for name in ("at", "org", "outcome", "holes")},
    )
    values = [
        {
            "alert": row.alert,
            "subject": row.subject,
            "at": row.at,
            "org": _key(book, "org", row.org),
            "outcome": row.outcome,
            "holes": dict(row.holes),
        }
        for row in rows
    ]
    connection.execute(statement, values)
