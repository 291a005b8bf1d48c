"""One file with all an installation keeps: every row at one moment, and every uploaded file.

A ZIP: `backup.json` says what it holds, `tables/NAME.jsonl` has a line a row, `files/` the
contents by their sha256. Either database reads it back, so it is also the way from SQLite to
PostgreSQL. Secrets of the settings are not in it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

import jingwei
from jingwei.catalogue.compile import compile_texts
from jingwei.refusals import Conflict, NotFound, Refused
from jingwei.services.files import CHUNK, FOLDER, keep, path_of
from jingwei.storage.backup import Snapshot, TableHead, snapshot
from jingwei.storage.database import Database
from jingwei.storage.restore import Content
from jingwei.storage.restore import restore as fill_database

FORMAT = 1
HEAD = "backup.json"
_DIGITS = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Backup:
    """What one holds: how many rows and files, of which release and moment."""

    release: int | None
    at: str
    rows: int
    files: int

    def to_json(self) -> dict[str, Any]:
        return {"release": self.release, "at": self.at, "rows": self.rows, "files": self.files}


def take(database: Database, data_dir: Path, target: Path, now: datetime) -> Backup:
    """Write a backup. The file appears when it is whole.

    Raises Conflict `backup-there` for a file that is there, NotFound `backup-no-folder`.
    """
    if target.exists():
        raise Conflict("backup-there", path=target)
    if not target.parent.is_dir():
        raise NotFound("backup-no-folder", path=target.parent)
    coming = target.with_name(f"{target.name}.coming")
    try:
        coming.touch(mode=0o600)  # it holds everything, whoever else may read this folder
        with zipfile.ZipFile(coming, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            found = _write(archive, database, data_dir, now)
        coming.replace(target)
    finally:
        coming.unlink(missing_ok=True)
    return found


def _write(archive: zipfile.ZipFile, database: Database, data_dir: Path, now: datetime) -> Backup:
    with snapshot(database) as moment:
        counts = {head.name: _write_table(archive, moment, head) for head in moment.tables}
        about = {
            "format": FORMAT,
            "engine": jingwei.__version__,
            "revision": moment.revision,
            "release": moment.release,
            "next_id": moment.next_id,
            "at": now.isoformat(),
            "tables": [
                {
                    "name": head.name,
                    "columns": head.columns,
                    "order": head.order,
                    "is_engine": head.is_engine,
                    "rows": counts[head.name],
                }
                for head in moment.tables
            ],
        }
    about["files"] = files = _write_files(archive, data_dir / FOLDER)
    archive.writestr(HEAD, orjson.dumps(about, option=orjson.OPT_INDENT_2))
    return Backup(moment.release, now.isoformat(), sum(counts.values()), files)


def _write_table(archive: zipfile.ZipFile, moment: Snapshot, head: TableHead) -> int:
    count = 0
    with archive.open(_member(head.name), "w", force_zip64=True) as out:
        for rows, lines in moment.lines(head):
            count += rows
            out.write(lines)
    return count


def _write_files(archive: zipfile.ZipFile, folder: Path) -> int:
    """Written after the rows: a file is there before the row that names it."""
    count = 0
    for path in sorted(folder.glob("[0-9a-f][0-9a-f]/*")):
        archive.write(path, f"{FOLDER}/{path.parent.name}{path.name}", zipfile.ZIP_STORED)
        count += 1
    return count


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


# --- back ----------------------------------------------------------------------------------------


def bring_back(database: Database, data_dir: Path, source: Path) -> Backup:
    """Fill an empty installation with a backup; all of it or nothing.

    Raises Refused `backup-unreadable` for what is no backup or is damaged, Conflict
    `restore-not-empty` for an installation in use, `schema-newer`.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            about = _about(archive, source)
            return _fill(archive, about, database, data_dir, source)
    except (zipfile.BadZipFile, EOFError) as error:
        raise Refused("backup-unreadable", path=source) from error


def _about(archive: zipfile.ZipFile, source: Path) -> Mapping[str, Any]:
    """What the backup says of itself, once every part was found undamaged."""
    names = set(archive.namelist())
    if HEAD not in names:
        raise Refused("backup-unreadable", path=source)
    about: Mapping[str, Any] = orjson.loads(archive.read(HEAD))
    if about["format"] != FORMAT:
        raise Refused("backup-format", path=source, format=about["format"], ours=FORMAT)
    missing = {_member(table["name"]) for table in about["tables"]} - names
    files = [name for name in names if name.startswith(f"{FOLDER}/")]
    if missing or len(files) != about["files"] or archive.testzip() is not None:
        raise Refused("backup-unreadable", path=source)
    return about


def _fill(
    archive: zipfile.ZipFile,
    about: Mapping[str, Any],
    database: Database,
    data_dir: Path,
    source: Path,
) -> Backup:
    # Files first: by their content, they may lie there unused; a row without its file may not.
    files = sum(_take_file(archive, name, data_dir, source) for name in archive.namelist())
    heads = [_head(table) for table in about["tables"]]

    def lines(head: TableHead) -> Iterator[bytes]:
        with archive.open(_member(head.name)) as found:
            yield from found

    content = Content(about["revision"], about["next_id"], heads, lines)
    fill_database(database, content, compile_texts)
    rows = sum(table["rows"] for table in about["tables"])
    return Backup(about["release"], about["at"], rows, files)


def _head(table: Mapping[str, Any]) -> TableHead:
    columns = tuple((name, kind) for name, kind in table["columns"])
    return TableHead(table["name"], columns, tuple(table["order"]), table["is_engine"])


def _take_file(archive: zipfile.ZipFile, name: str, data_dir: Path, source: Path) -> int:
    folder, _, sha256 = name.partition("/")
    if folder != FOLDER:
        return 0
    if len(sha256) != _SHA256_DIGITS or not set(sha256) <= _DIGITS:
        raise Refused("backup-unreadable", path=source)
    if path_of(data_dir, sha256).exists():
        return 1
    with archive.open(name) as content:
        if _digest(content) != sha256:
            raise Refused("backup-unreadable", path=source)
    with archive.open(name) as content:
        keep(data_dir, content)
    return 1


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
