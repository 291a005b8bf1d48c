"""What an application holds, even while some of it is wrong: names, files and places."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jingwei.catalogue.check_files import Checked, check_files
from jingwei.catalogue.compile import read_manifest
from jingwei.catalogue.sources import MANIFEST, application_files, definition_files
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.language.organisation import OrgTypes
from jingwei.problems import Problem, Problems
from jingwei.reading.read import read_files
from jingwei.reading.yaml_file import Scalar, YamlFile


@dataclass(frozen=True, slots=True)
class Outline:
    """`files`: path from the application's root → content; `checked` has what could be read, and
    `unread` why the rest could not."""

    files: Mapping[str, bytes]
    checked: Checked
    folders: Mapping[str, str]
    unread: tuple[Problem, ...] = ()

    def names(self, kind: str) -> Collection[str]:
        """The names of this kind, those of broken definitions too."""
        if kind != "org_type":
            return self.checked.known.get(kind, {}).keys()
        types = next(iter(self.checked.of("org_types").values()), None)
        return types.types.keys() if isinstance(types, OrgTypes) else ()

    def definition(self, kind: str, name: str) -> Any:
        """The built definition, or None when it is not there or broken."""
        return self.checked.of(kind).get(name)

    def file(self, kind: str, name: str) -> YamlFile | None:
        """The file a definition is written in."""
        for file in self.checked.files.values():
            if kind_of(file) == kind and name_of(file) == name:
                return file
        return None

    def folder(self, kind: str) -> str:
        """Where definitions of a kind live in this application."""
        default = KINDS[kind].folder if kind in KINDS else LATER[kind]
        return self.folders.get(kind, default)


def kind_of(file: YamlFile) -> str | None:
    """The kind a file says it is."""
    written = file.data.get("kind") if isinstance(file.data, dict) else None
    return written.text if isinstance(written, Scalar) else None


def name_of(file: YamlFile) -> str:
    """The file's stem; of an org the code it may give itself."""
    if kind_of(file) == "org" and isinstance(file.data, dict):
        code = file.data.get("code")
        if isinstance(code, Scalar):
            return code.text
    return PurePosixPath(file.path).stem


def outline(application: Path) -> Outline:
    """Everything that can be read. What is wrong is not said here: `check` says it."""
    unsaid = Problems()
    files = application_files(application, unsaid)
    manifest = read_manifest(files[MANIFEST], unsaid) if MANIFEST in files else None
    folders = manifest.folders if manifest is not None else {}
    names = definition_files(files, unsaid)
    reading = Problems()
    read = list(read_files(((name, files[name]) for name in names), reading))
    unread = tuple(problem for problem in reading if problem.severity == "error")
    return Outline(files, check_files(read, folders, unsaid), folders, unread)
