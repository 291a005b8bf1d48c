"""The same application checked again and again while somebody types: only what changed is read.

A file is read and walked once for each of its texts; linking, typing and the rules see the whole
every time, so that the problems are those of `check`. What comes out is for looking at: a release
is always compiled from its texts alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from threading import Lock

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.check_files import Checked, check_files
from jingwei.catalogue.compile import linked, read_manifest
from jingwei.catalogue.sources import MANIFEST, definition_files
from jingwei.garbage import collecting_later
from jingwei.language.kinds.table import KINDS
from jingwei.problems import DefinitionErrors, Phrase, Position, Problem, Problems
from jingwei.reading.read import read_parts

MOST_KEPT = 5_000  # files in memory: those of the largest application, and some of their drafts

Key = tuple[str, bytes, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What `check` says. `catalogue` is None while there are errors; `checked` is what could be
    read all the same."""

    problems: tuple[Problem, ...]
    checked: Checked
    catalogue: Catalogue | None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")


@dataclass(frozen=True, slots=True)
class _One:
    """One file by itself."""

    checked: Checked
    problems: tuple[Problem, ...]


class Rechecking:
    """Keeps what was read. Safe to use from several threads, one after another."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, _One] = OrderedDict()
        self._last: tuple[Mapping[str, bytes], Rechecked] | None = None
        self._lock = Lock()

    def check(self, files: Mapping[str, bytes]) -> Rechecked:
        """Every problem, as `check` gives them."""
        with self._lock, collecting_later():
            if self._last is not None and self._last[0] == files:
                return self._last[1]
            found = self._check(files)
            self._last = dict(files), found
            return found

    def _check(self, files: Mapping[str, bytes]) -> Rechecked:
        problems, checked = Problems(), Checked()
        if MANIFEST not in files:
            problems.add("no-manifest", Position(MANIFEST))
            return Rechecked(tuple(problems), checked, None)
        manifest = read_manifest(files[MANIFEST], problems)
        if problems.errors:
            return Rechecked(tuple(problems), checked, None)
        folders = dict(manifest.folders) if manifest is not None else {}
        places = tuple(sorted(folders.items()))
        for path in definition_files(files, problems):
            one = self._one(path, files[path], folders, places)
            problems.extend(one.problems)
            _add(checked, one.checked, problems)
        try:
            catalogue = linked(checked, files, folders, problems)
        except DefinitionErrors as errors:
            return Rechecked(errors.problems, checked, None)
        return Rechecked(catalogue.warnings, checked, catalogue)

    def _one(
        self,
        path: str,
        content: bytes,
        folders: Mapping[str, str],
        places: tuple[tuple[str, str], ...],
    ) -> _One:
        key = (path, sha256(content).digest(), places)
        kept = self._kept.get(key)
        if kept is None:
            problems = Problems()
            files = read_parts([(path, content)], problems)
            checked = check_files(files, folders, problems)
            if files[0].broken:
                _name_unread(checked, path, folders)
            kept = self._kept[key] = _One(checked, tuple(problems))
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return kept


def _name_unread(checked: Checked, path: str, folders: Mapping[str, str]) -> None:
    """What is written in a file that cannot be read has its name all the same: that it is missed
    wherever it is used would be said instead of the one mistake."""
    checked.complete = False
    pure = PurePosixPath(path)
    for kind in KINDS.values():
        if str(pure.parent) == folders.get(kind.name, kind.folder) and kind.names != "path":
            checked.known.setdefault(kind.name, {})[pure.stem] = Position(path)


def _add(whole: Checked, one: Checked, problems: Problems) -> None:
    """Put what one file says beside the others; a name that is taken is a problem of the later."""
    whole.files.update(one.files)
    whole.complete = whole.complete and one.complete
    for kind, names in one.known.items():
        known = whole.known.setdefault(kind, {})
        for name, at in names.items():
            if name in known:
                words = Phrase(f"things.kind_{kind}")
                problems.add("defined-twice", at, kind=words, name=name, other=known[name])
                return
            known[name] = at
    for kind, definitions in one.definitions.items():
        whole.definitions.setdefault(kind, {}).update(definitions)
    whole.references += one.references
