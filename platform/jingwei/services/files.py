"""Uploaded files: content by its sha256 in the data folder, rights by the record that owns it.

A file belongs to whoever uploaded it until a record is saved with it; from then on it is as
readable as that field of that record.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from jingwei.language.field_types.base import Kept
from jingwei.language.field_types.table import stored_as
from jingwei.language.form import Form
from jingwei.refusals import Invalid, Malformed, NotFound
from jingwei.services import presenting, record_views
from jingwei.services.commands import Reading, Work
from jingwei.services.found import Found
from jingwei.services.plans import form_plan
from jingwei.storage import files as rows
from jingwei.storage.files import FileRow

FOLDER = "files"
CHUNK = 1024 * 1024
MOST_NAME = 255
UNKNOWN_TYPE = "application/octet-stream"


# --- content -------------------------------------------------------------------------------------


def keep(data_dir: Path, stream: IO[bytes]) -> tuple[str, int]:
    """Write content beneath the data folder: its sha256 and size. What is there stays as it is."""
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    coming = folder / f"coming-{secrets.token_hex(8)}"
    digest, size = hashlib.sha256(), 0
    try:
        with coming.open("xb") as target:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        place = path_of(data_dir, digest.hexdigest())
        place.parent.mkdir(exist_ok=True)
        coming.replace(place)
    finally:
        coming.unlink(missing_ok=True)
    return digest.hexdigest(), size


def path_of(data_dir: Path, sha256: str) -> Path:
    return data_dir / FOLDER / sha256[:2] / sha256[2:]


def plain_name(given: str | None) -> str:
    """The name without folders and without what cannot be seen. Raises Malformed."""
    name = (given or "").replace("\\", "/").rpartition("/")[2].strip()
    name = "".join(c for c in name if c.isprintable()) or "file"
    if len(name) > MOST_NAME:
        raise Malformed("file-name", most=MOST_NAME)
    return name


# --- rows ----------------------------------------------------------------------------------------


def add(work: Work, name: str, type_: str, sha256: str, size: int) -> dict[str, Any]:
    """A file that no record owns yet. Raises Invalid for an empty one."""
    if size == 0:
        raise Invalid("file-empty")
    row = FileRow(
        work.store.next_ids(work.connection, 1)[0],
        name,
        type_[:100] or UNKNOWN_TYPE,
        size,
        sha256,
        work.now,
        work.actor.id,
    )
    rows.insert_file(work.connection, row)
    return file_json(row)


def file_json(row: FileRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "size": row.size,
        "sha256": row.sha256,
        "created_at": presenting.instant(row.created_at),
        "field": row.field,
    }


def readable(view: Reading, file: int) -> FileRow:
    """A file the reader may open. Raises NotFound, alike for every reason."""
    row = rows.find_files(view.connection, [file]).get(file)
    if row is None:
        raise NotFound("no-such-content")
    if row.record is None or row.form is None:
        if row.created_by != view.actor.id and not view.actor.is_system:
            raise NotFound("no-such-content")
        return row
    form = view.installation.book.names.get(row.form)
    if form is None or form not in view.catalogue.forms:
        raise NotFound("no-such-content")
    try:
        shown = record_views.readable(view, form, row.record)
    except NotFound:
        raise NotFound("no-such-content") from None
    if row.field not in shown.rights.visible - shown.rights.masked:
        raise NotFound("no-such-content")
    return row


def of_record(view: Reading, form: str, record: int) -> list[dict[str, Any]]:
    """The files that the fields of a record hold now, as far as they are visible."""
    shown = record_views.readable(view, form, record)
    visible = shown.rights.visible - shown.rights.masked
    held = {identity for _, _, identity in held_files(shown.form, shown.raw)}
    found = rows.files_of(view.connection, record)
    return [file_json(r) for r in found.values() if r.field in visible and r.id in held]


# --- with the write path -------------------------------------------------------------------------


def _may_hold(work: Reading, form: Form) -> bool:
    return form_plan(work.store, work.catalogue, form.name).holds_files


def held_files(form: Form, record: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """(path of the value, path of the field, file id) of every file a record holds."""
    for name, field in form.fields.items():
        if field.type == "table":
            for index, row in enumerate(record.get(name) or ()):
                for column, definition in field.fields.items():
                    for identity in _ids(definition, row.get(column)):
                        yield f"{name}.{index}.{column}", definition.path, identity
        else:
            for identity in _ids(field, record.get(name)):
                yield name, name, identity


def _ids(field: Any, value: Any) -> list[int]:
    if value is None or stored_as(field).kept is not Kept.FILE:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def judge(
    work: Work,
    form: Form,
    record: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
) -> None:
    """A record takes only files that its writer uploaded and that no other record owns."""
    if not _may_hold(work, form):
        return
    kept = {identity for _, _, identity in held_files(form, before or {})}
    fresh = [(path, i) for path, _, i in held_files(form, record) if i not in kept]
    if not fresh:
        return
    known = rows.find_files(work.connection, {identity for _, identity in fresh})
    for path, identity in fresh:
        row = known.get(identity)
        own = row is not None and row.record is not None and row.record == record.get("id")
        free = row is not None and row.record is None and row.created_by == work.actor.id
        if not (own or free or (row is not None and work.actor.is_system)):
            found.add(path, "unknown-file")
        elif row is not None and not row.type.startswith("image/") and _wants_image(form, path):
            found.add(path, "not-an-image", name=row.name)


def _wants_image(form: Form, path: str) -> bool:
    name, _, rest = path.partition(".")
    definition = form.fields[name]
    if definition.type == "table":
        definition = definition.fields[rest.partition(".")[2]]
    return definition.type in ("image", "signature")


def own(work: Work, form: Form, record: Mapping[str, Any]) -> None:
    """The files of a record that was just written are this record's from now on."""
    if not _may_hold(work, form):
        return
    by_field: dict[str, set[int]] = {}
    for _, field, identity in held_files(form, record):
        by_field.setdefault(field, set()).add(identity)
    key = work.installation.book.key("form", form.name) if by_field else 0
    for field, ids in by_field.items():
        rows.own_files(work.connection, ids, key, record["id"], field)
