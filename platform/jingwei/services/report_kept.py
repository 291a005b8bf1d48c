"""Documents of reports that were kept: the file, the data it was made from, its fingerprint.

A document says what whoever made it may see. It is handed out to him, and to those from whom
nothing that its report asks for is kept.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from jingwei.language.form import Form
from jingwei.language.output import DataBlock
from jingwei.refusals import NotFound, Refused
from jingwei.services import presenting
from jingwei.services.blocks import orgs_of, periods_of
from jingwei.services.commands import Reading, Work
from jingwei.services.form_paths import all_fields
from jingwei.services.measures import readable_orgs
from jingwei.services.report_asked import Asked, about
from jingwei.services.report_data import ReportData
from jingwei.services.rights import FieldRights
from jingwei.storage import reports as rows
from jingwei.storage.reports import ReportFileRow


def keep_file(
    work: Work, asked: Asked, data: ReportData, name: str, mimetype: str, content: bytes
) -> int:
    """Keep a document with the data it was made from; the id. The same data in the same format is
    kept once."""
    key = about(work, asked)
    for kept in rows.report_files(work.connection, asked.report.name, key):
        if kept.fingerprint == data.fingerprint and kept.type == mimetype:
            return kept.id
    org = work.installation.book.key("org", asked.org) if asked.org is not None else None
    row = ReportFileRow(
        id=work.store.next_ids(work.connection, 1)[0],
        report=asked.report.name,
        about=key,
        org=org,
        period=asked.period,
        name=name,
        type=mimetype,
        fingerprint=data.fingerprint,
        sha256=sha256(content).hexdigest(),
        release=work.installation.release.id,
        by=None if work.actor.is_system else work.actor.id,
        at=work.now,
    )
    said = data.to_json() | {"made_at": presenting.instant(data.made_at)}
    for slot in said["narrative"].values():
        if slot["written_at"] is not None:
            slot["written_at"] = presenting.instant(slot["written_at"])
    rows.insert_report_file(work.connection, row, said, content)
    return row.id


def kept_files(view: Reading, asked: Asked) -> list[dict[str, Any]]:
    """Documents of this report that were kept, newest first."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "fingerprint": row.fingerprint,
            "sha256": row.sha256,
            "release": row.release,
            "at": presenting.instant(row.at),
        }
        for row in rows.report_files(view.connection, asked.report.name, about(view, asked))
        if _is_for(view, asked, row)
    ]


def kept_file(view: Reading, asked: Asked, file: int) -> tuple[str, str, bytes]:
    """Name, type and content. Raises NotFound."""
    found = rows.report_file_content(view.connection, asked.report.name, about(view, asked), file)
    if found is None or not _is_for(view, asked, found[0]):
        raise NotFound("no-such-content")
    row, content = found
    if sha256(content).hexdigest() != row.sha256:
        raise Refused("kept-file-damaged")
    return row.name, row.type, content


def _is_for(view: Reading, asked: Asked, row: ReportFileRow) -> bool:
    """Whether the reader made it, or sees all that anybody may see in it."""
    if view.actor.is_system or (row.by is not None and row.by == view.actor.id):
        return True
    if asked.record is not None and not _sees_all(asked.record.form, asked.record.rights):
        return False
    return all(_reads_whole(view, asked, block) for block in asked.report.data.values())


def _reads_whole(view: Reading, asked: Asked, block: DataBlock) -> bool:
    if block.form is not None:
        form = view.catalogue.forms[block.form.partition(".")[0]]
        whole = view.rights.row_scope(view, form.name).everything
        return whole and _sees_all(form, view.rights.fields(view, form.name))
    readable = readable_orgs(view)
    if readable is None:
        return True
    values = dict(asked.values)
    periods = periods_of(view, block, values)
    return all(set(orgs_of(view, block, values, period)) <= readable for period in periods)


def _sees_all(form: Form, rights: FieldRights) -> bool:
    return not rights.masked and all_fields(form) <= rights.visible
