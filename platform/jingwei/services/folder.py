"""An application's folder and the release it was taken from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.releases import Release, active_release, find_release, read_files


class Folder:
    """Which release the folder follows is kept in the data folder, beside the database."""

    def __init__(self, data_dir: Path, root: Path, database: Database) -> None:
        self._state = data_dir / "base.json"
        self._root = root
        self._database = database

    @property
    def base(self) -> int | None:
        """The release the folder's texts come from; None when that is not known."""
        if not self._state.exists():
            return None
        kept = json.loads(self._state.read_text(encoding="utf-8"))
        with self._database.reading() as connection:
            release = find_release(connection, int(kept["release"]))
        known = release is not None and release.fingerprint == kept["fingerprint"]
        return release.id if release is not None and known else None

    def follows(self, release: Release) -> None:
        """From now on the folder's base is this release."""
        state = {"release": release.id, "fingerprint": release.fingerprint}
        self._state.parent.mkdir(parents=True, exist_ok=True)
        self._state.write_text(json.dumps(state), encoding="utf-8")

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
