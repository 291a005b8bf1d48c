"""Texts of reports and kept documents, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from jingwei.language.periods import Period
from jingwei.storage.database import Connection
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_reports import sys_report_file, sys_report_narrative


@dataclass(frozen=True, slots=True)
class NarrativeRow:
    """One text of one slot. `by`: the person's id; `name`: what the person is called."""

    id: int
    slot: str
    text: str
    by: int | None
    at: datetime
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ReportFileRow:
    """One kept document without its content. `org` is the org's key."""

    id: int
    report: str
    about: str
    org: int | None
    period: Period | None
    name: str
    type: str
    fingerprint: str
    sha256: str
    release: int
    by: int | None
    at: datetime


def insert_narrative(connection: Connection, report: str, about: str, row: NarrativeRow) -> None:
    connection.execute(
        insert(sys_report_narrative).values(
            id=row.id,
            report=report,
            about=about,
            slot=row.slot,
            text=row.text,
            by=row.by,
            at=row.at,
        )
    )


def narrative_of(connection: Connection, report: str, about: str) -> dict[str, NarrativeRow]:
    """The text of each slot that counts: the newest."""
    table = sys_report_narrative
    statement = (
        select(table.c.id, table.c.slot, table.c.text, table.c.by, table.c.at, sys_person.c.name)
        .join(sys_person, sys_person.c.id == table.c.by, isouter=True)
        .where(table.c.report == report, table.c.about == about)
        .order_by(table.c.at, table.c.id)  # ids of two processes do not tell who was first
    )
    return {row.slot: NarrativeRow(*tuple(row)) for row in connection.execute(statement)}


_FILE_COLUMNS = tuple(sys_report_file.c[name] for name in ReportFileRow.__dataclass_fields__)


def insert_report_file(
    connection: Connection, row: ReportFileRow, data: Any, content: bytes
) -> None:
    values = {name: getattr(row, name) for name in ReportFileRow.__dataclass_fields__}
    connection.execute(insert(sys_report_file).values(**values, data=data, content=content))


def report_files(connection: Connection, report: str, about: str) -> list[ReportFileRow]:
    """Kept documents of one report, newest first."""
    table = sys_report_file
    rows = connection.execute(
        select(*_FILE_COLUMNS)
        .where(table.c.report == report, table.c.about == about)
        .order_by(table.c.at.desc(), table.c.id.desc())
    )
    return [ReportFileRow(*tuple(row)) for row in rows]


def report_file_content(
    connection: Connection, report: str, about: str, file: int
) -> tuple[ReportFileRow, bytes] | None:
    """One kept document of this report with its bytes."""
    table = sys_report_file
    row = connection.execute(
        select(*_FILE_COLUMNS, table.c.content).where(
            table.c.id == file, table.c.report == report, table.c.about == about
        )
    ).first()
    if row is None:
        return None
    values = tuple(row)
    return ReportFileRow(*values[:-1]), values[-1]
