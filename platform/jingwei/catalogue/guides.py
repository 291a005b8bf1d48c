"""Guides: chapters of help in Markdown, which any definition may point to with `help:`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from jingwei.catalogue.check_files import Checked
from jingwei.language.kinds.table import LATER
from jingwei.problems import Phrase, Position, Problems, nearest
from jingwei.reading.decode import decode
from jingwei.reading.yaml_file import Path, Scalar, YamlFile

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\Z")
_ANCHOR = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class Guide:
    """One Markdown file. `chapters`: anchor → heading, in reading order."""

    name: str
    file: str
    title: str
    chapters: Mapping[str, str]
    text: str


def read_guides(
    files: Mapping[str, bytes], folders: Mapping[str, str], checked: Checked, problems: Problems
) -> dict[str, Guide]:
    """The guides of an application; their names are known from here on."""
    folder = folders.get("guide", LATER.get("guide", "definitions/guides"))
    guides: dict[str, Guide] = {}
    for path, content in sorted(files.items()):
        if path.endswith(".md") and PurePosixPath(path).is_relative_to(folder):
            text = decode(path, content, problems)
            if text is not None:
                guide = _guide(path, text)
                guides[guide.name] = guide
                checked.known.setdefault("guide", {})[guide.name] = Position(path)
    return guides


def _guide(path: str, text: str) -> Guide:
    chapters: dict[str, str] = {}
    for heading in _headings(text):
        chapters.setdefault(anchor(heading), heading)
    stem = PurePosixPath(path).stem
    return Guide(stem, path, next(iter(chapters.values()), stem), chapters, text)


def _headings(text: str) -> Iterator[str]:
    fenced = False
    for line in text.split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        found = _HEADING.match(line)
        if found and not fenced:
            yield found[2]


def anchor(heading: str) -> str:
    """How a heading is pointed to: `How to` → `how-to`."""
    return _ANCHOR.sub("-", heading.lower()).strip("-")


def check_help(checked: Checked, guides: Mapping[str, Guide], problems: Problems) -> None:
    """Every `help:` that points to a guide finds it, and its chapter."""
    for file in checked.files.values():
        if file.broken:
            continue
        for path in _places(file):
            _check_pointer(file, path, guides, problems)


def _places(file: YamlFile) -> Iterator[Path]:
    """`help` of a definition, a step or a section; a field's help is words."""
    for path in file.values:
        if path and path[-1] == "help" and "fields" not in path and "parameters" not in path:
            yield path


def _check_pointer(
    file: YamlFile, path: Path, guides: Mapping[str, Guide], problems: Problems
) -> None:
    data = file.data
    for part in path:
        data = data[part]  # type: ignore[index]  # the path was read from it
    if not isinstance(data, Scalar) or data.is_empty:
        return
    name, sign, chapter = data.text.partition("#")
    at = file.value_at(path)
    guide = guides.get(name)
    if guide is None:
        problems.add(
            "unknown-reference",
            at,
            suggestion=nearest(name, guides),
            kind=Phrase("things.kind_guide"),
            name=name,
            file=f"{LATER.get('guide', 'definitions/guides')}/{name}.md",
        )
    elif sign and chapter not in guide.chapters:
        problems.add(
            "unknown-chapter",
            at.shifted(len(name) + 1, len(data.text)),
            suggestion=nearest(chapter, guide.chapters),
            name=chapter,
            guide=name,
            known=", ".join(guide.chapters),
        )
