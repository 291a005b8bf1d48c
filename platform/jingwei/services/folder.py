"""An application's folder and the release it was taken from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jingwei.refusals import Conflict
from jingwei.storage.database import Connection, Database
from jingwei.storage.releases import (
    Release,
    active_release,
    all_releases,
    find_release,
    read_files,
)


@dataclass(frozen=True, slots=True)
class Behind:
    """A folder that does not begin from what runs. `base`: None when it is not known; `files`: what
    publishing it would take back."""

    base: int | None
    active: int
    author: str
    files: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "base": self.base,
            "active": self.active,
            "author": self.author,
            "files": list(self.files),
        }


OWN = ".jingwei"  # of the folder, and in no repository


class Folder:
    """Which release the folder follows is kept in the folder itself, by installation, where its
    files can be written; and in the data folder by the folder's path, where they cannot."""

    def __init__(self, data_dir: Path, root: Path, database: Database) -> None:
        self._root = root.resolve()
        self._kept = data_dir / "base.json"
        self._own = self._root / OWN / "base.json"
        self._database = database

    @property
    def base(self) -> int | None:
        """The release the folder's texts come from; None when that is not known."""
        with self._database.reading() as connection:
            kept = _read(self._own).get(_installation(connection))
            kept = kept or _read(self._kept).get(str(self._root))
            if not isinstance(kept, dict):
                return None
            release = find_release(connection, int(kept["release"]))
        known = release is not None and release.fingerprint == kept["fingerprint"]
        return release.id if release is not None and known else None

    def base_of(self, fingerprint: str, files: Mapping[str, bytes]) -> int | None:
        """The same, as far as the files themselves tell, and kept from now on. Where nothing is
        kept, it is the newest release that says exactly what they say. Where they have all that
        was published since (somebody else's commits were pulled), it is what runs."""
        base = self.base
        with self._database.reading() as connection:
            if base is None:
                alike = [r for r in all_releases(connection) if r.fingerprint == fingerprint]
                found = alike[0] if alike else None
            else:
                found = active_release(connection)
        if base is not None:
            behind = self.behind(base, files)
            if behind is None or behind.files:
                return base
        if found is None:
            return None
        self.follows(found)
        return found.id

    def behind(self, base: int | None, files: Mapping[str, bytes]) -> Behind | None:
        """What publishing these files over the release that runs would take back unseen; None
        when they begin from it, or say what it says."""
        with self._database.reading() as connection:
            active = active_release(connection)
            if active is None or active.id == base:
                return None
            runs = read_files(connection, active.id)
            began = read_files(connection, base) if base is not None else None
        differing = [p for p in sorted({*runs, *files}) if runs.get(p) != files.get(p)]
        if began is not None:  # a file that was changed here too is no less taken back
            differing = [p for p in differing if runs.get(p) != began.get(p)]
        return Behind(base, active.id, active.author, tuple(differing))

    def follows(self, release: Release) -> None:
        """From now on the folder's base is this release."""
        state = {"release": release.id, "fingerprint": release.fingerprint}
        with self._database.reading() as connection:
            installation = _installation(connection)
        _keep(self._kept, str(self._root), state)
        if os.access(self._root, os.W_OK):
            _keep(self._own, installation, state)

    def take(self, files: Mapping[str, bytes], *, force: bool) -> list[str]:
        """Make the folder hold the active release; the paths that changed.

        Raises Conflict `folder-edited` when that would overwrite an edit, unless forced.
        """
        was = self._base_files()
        changed = [path for path in sorted(files) if self._here(path) != files[path]]
        gone = [path for path in sorted(set(was) - set(files)) if self._here(path) is not None]
        edited = [
            path
            for path in [*changed, *gone]
            if self._here(path) is not None and self._here(path) != was.get(path)
        ]
        if edited and not force:
            raise Conflict("folder-edited", files=", ".join(edited))
        for path in changed:
            target = self._root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
        for path in gone:
            (self._root / path).unlink()
        self._follow_active()
        return [*changed, *gone]

    def give(
        self, before: Mapping[str, bytes], after: Mapping[str, bytes], release: Release
    ) -> tuple[list[str], list[str]]:
        """Make the folder hold what was just published elsewhere; the paths that were written, and
        those that were edited here and are left alone. The folder follows when all were written."""
        followed = self.base == release.parent
        changed = [p for p in sorted({*before, *after}) if before.get(p) != after.get(p)]
        written, left = [], []
        for path in changed:
            here = self._here(path)
            if here not in (before.get(path), after.get(path)):
                left.append(path)
                continue
            if here != after.get(path):
                self._write(path, after.get(path))
            written.append(path)
        if followed and not left:
            self.follows(release)
        return written, left

    def _write(self, path: str, content: bytes | None) -> None:
        """Whole or not at all: nobody reads half a definition."""
        target = self._root / path
        if content is None:
            target.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        coming = target.with_name(f".{target.name}.coming")
        coming.write_bytes(content)
        coming.replace(target)

    def _base_files(self) -> dict[str, bytes]:
        base = self.base
        if base is None:
            return {}
        with self._database.reading() as connection:
            return read_files(connection, base)

    def _follow_active(self) -> None:
        with self._database.reading() as connection:
            release = active_release(connection)
        if release is not None:
            self.follows(release)

    def _here(self, path: str) -> bytes | None:
        file = self._root / path
        return file.read_bytes() if file.is_file() else None


def _installation(connection: Connection) -> str:
    """What tells one installation from another, and stays when it is moved or restored: its very
    first release."""
    first = find_release(connection, 1)
    return f"{first.fingerprint[:16]}@{first.at.isoformat()}" if first is not None else ""


def _read(path: Path) -> dict[str, Any]:
    """What is kept, by installation or folder; a file that cannot be read knows nothing, and then
    the base is unknown, which is refused where it matters."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _keep(path: Path, key: str, state: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f"{path.name}.{os.getpid()}")
    coming.write_text(json.dumps({**_read(path), key: state}, indent=1), encoding="utf-8")
    coming.replace(path)
