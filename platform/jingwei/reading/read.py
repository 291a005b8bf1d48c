"""Text to plain data with positions, strictly: what YAML would guess or expand is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NoReturn, cast

import yaml
from yaml import events

from jingwei.garbage import collecting_later
from jingwei.problems import Position, Problem, Problems
from jingwei.reading import lookalikes, syntax
from jingwei.reading.decode import CONTROL, DIRECTIONS, INVISIBLE, decode
from jingwei.reading.yaml_file import Data, Mark, Path, Places, Scalar, Style, YamlFile

MOST_DEPTH = 50
MOST_NODES = 50_000
MOST_REFUSED = 20  # references of one file that are named before reading stops
MOST_ROUNDS = 8  # a file with mistakes is read again without each of them
MOST_READ_AGAIN = 400_000  # characters of one file in all rounds together
_LEFT_EMPTY = {"file-empty", "not-a-map"}  # said of a file only when it was so from the start
# mistakes that the lines below share, as far as they stand in the same column
_ASKEW = frozenset({"copied-cells", "indentation", "entry-among-keys", "key-among-entries"})
_STYLES: dict[str | None, Style] = {
    None: "plain",
    "": "plain",
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}


_NO_READING_ON = {"not-a-map", "too-deep", "too-many-values", "file-empty"}
_CUT = re.compile(r" +(#)(?:[0-9]| ?(?:and|or)\b.*?(?:[<>=]| in | is )| ?[<>=!+*/]+ ?\w)")
_CONFLICT = re.compile(r"^<<<<<<< .*\n(?:.*\n)*?=======$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_REST = re.compile(r"\Z|and |or |[=!<>&|]")


class _Stop(Exception):
    """Reading cannot go on; the problem has been added."""


def read_file(path: str, content: bytes, problems: Problems) -> YamlFile | None:
    """One definition file, or None when it has problems."""
    text = decode(path, content, problems)
    if text is None:
        return None
    file, _ = _read(path, text, problems)
    return None if file is None or file.broken else file


@collecting_later()
def read_files(files: Iterable[tuple[str, bytes]], problems: Problems) -> list[YamlFile]:
    """All files that can be read, in the order given."""
    read = (read_file(path, content, problems) for path, content in files)
    return [file for file in read if file is not None]


@collecting_later()
def read_parts(files: Iterable[tuple[str, bytes]], problems: Problems) -> list[YamlFile]:
    """All files, those with problems as far as they can be read (`broken`), so that one run names
    the mistakes behind the first one too."""
    return [_read_parts(path, content, problems) for path, content in files]


def _read_parts(path: str, content: bytes, problems: Problems) -> YamlFile:
    nothing = YamlFile(path, {}, {}, {}, "", broken=True)
    text = decode(path, content, problems)
    if text is None:
        return nothing
    first = Problems()
    file, line = _read(path, text, first)
    problems.extend(first)
    askew = not _ASKEW.isdisjoint(problem.code for problem in first)
    left, rounds = text, min(MOST_ROUNDS, MOST_READ_AGAIN // max(len(text), 1))
    while file is None and line is not None and rounds > 0:
        rounds -= 1
        left = without_entry(left, line, whole_block=askew)
        again = Problems()
        file, line = _read(path, left, again)
        if file is not None or line is not None:
            problems.extend(p for p in again if p.code not in _LEFT_EMPTY)
        askew = not _ASKEW.isdisjoint(problem.code for problem in again)
        if file is not None:
            return replace(file, text=text, broken=True)
    return file or nothing


def without_entry(text: str, line: int, *, whole_block: bool = False) -> str:
    """The text with the entry around a line (from 1) left blank, all lines in their places.

    An entry is what a definition holds one level down, such as a field or a rule; of a key of the
    top level all that belongs to it. With `whole_block` what follows in the same column goes too,
    since it is as far out of place.
    """
    lines = text.split("\n")
    line = min(line, len(lines))
    depth = 2 if _indent(lines[line - 1]) >= 2 else 0
    first, last = line - 1, line
    if whole_block:
        depth = max(_indent(lines[line - 1]) - 1, 0)
    while first > 0 and (not lines[first].strip() or _indent(lines[first]) > depth):
        first -= 1
    while last < len(lines) and (
        not lines[last].strip() or _indent(lines[last]) > depth or lines[last].lstrip()[0] == ":"
    ):
        last += 1
    return "\n".join([*lines[:first], *[""] * (last - first), *lines[last:]])


def _indent(line: str) -> int:
    """How deep a line is meant to be, whatever blanks its author used."""
    return sum(2 if char == "\t" else 1 for char in line[: len(line) - len(line.lstrip())])


def _read(path: str, text: str, problems: Problems) -> tuple[YamlFile | None, int | None]:
    """The file, `broken` when something of it is wrong; or None and the line (from 1) that the
    reader could not get past, which is None when there is no reading on."""
    before = len(problems.errors)
    marker = _CONFLICT.search(text) if "<<<<<<< " in text else None
    if marker is not None:
        line = text.count("\n", 0, marker.start()) + 1
        problems.add("conflict-marker", Position(path, line))
        return None, None
    reader = _Reader(path, text, problems)
    try:
        data = reader.document()
    except _Stop:
        return None, reader.stopped
    except yaml.MarkedYAMLError as error:
        problem = syntax.explain(path, text, error)
        # A look-alike that was named is what the parser stumbles over a little later.
        if not problems.at_line(path, problem.at.line):
            problems.extend([problem])
        return None, problem.at.line
    except yaml.YAMLError:
        problems.add("yaml-syntax", Position(path))
        return None, None
    broken = len(problems.errors) > before
    keys, values = Places(path, reader.keys), Places(path, reader.values)
    return YamlFile(path, data, keys, values, text, broken), None


class _Reader:
    """One pass over the parser's events."""

    def __init__(self, path: str, text: str, problems: Problems) -> None:
        self.path = path
        self.text = text
        self.problems = problems
        self.keys: dict[Path, Mark] = {}
        self.values: dict[Path, Mark] = {}
        self.suspects = lookalikes.any_in(text)
        self.lines = text.split("\n") if " #" in text else []
        self.cuts: list[Problem] = []  # said when nothing else stumbles over them
        self.nodes = 0
        self.refused = 0
        self.stopped: int | None = None  # the line that cannot be read past, when others can
        self.next: Any = yaml.CLoader(text).get_event

    def document(self) -> dict[str, Data]:
        self.next()  # the stream starts
        event = self.next()
        if isinstance(event, events.StreamEndEvent):
            self.problems.add("file-empty", Position(self.path))
            raise _Stop
        if event.version is not None:
            self.problems.add("yaml-version", self.place(event), severity="warning")
        event = self.next()
        if not isinstance(event, events.MappingStartEvent):
            self.top_is_no_map(event)
        data = self.node(event, (), 0, in_list=False)
        self.next()  # the document ends
        event = self.next()
        if not isinstance(event, events.StreamEndEvent):
            self.refuse("many-documents", event)
        self.problems.extend(self.cuts)
        return cast(dict[str, Data], data)

    def top_is_no_map(self, event: Any) -> None:
        if isinstance(event, events.ScalarEvent):
            lookalikes.check_plain(self.place(event), event.value, self.problems)
            line = self.mark(event)[0]
            place = lookalikes.colon_in(self.path, self.text, line - 1)
            if place:
                self.problems.add("full-width-colon", place)
                self.stopped = line
                raise _Stop
            spaceless = syntax.missing_space(self.path, self.text, line - 1)
            if spaceless:
                self.problems.extend([spaceless])
                self.stopped = line
                raise _Stop
        self.stop("not-a-map", event)

    def stop(self, code: str, event: Any, **holes: str | int) -> NoReturn:
        place = self.place(event)
        self.problems.extend([Problem(code, place, holes)])
        self.stopped = None if code in _NO_READING_ON else place.line
        raise _Stop

    def refuse(
        self, code: str, event: Any, *, suggestion: str | None = None, **holes: str | int
    ) -> None:
        """What can be read past, so that the rest of the file is looked at too."""
        self.problems.extend([Problem(code, self.place(event), holes, suggestion=suggestion)])
        self.refused += 1
        if self.refused >= MOST_REFUSED:
            raise _Stop

    def place(self, event: Any) -> Position:
        return Position(self.path, *self.mark(event))

    def mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        column = start.column + 1
        return (
            start.line + 1,
            column,
            end.column + 1 if end.line == start.line else column + 1,
        )

    def node(self, event: Any, path: Path, depth: int, *, in_list: bool) -> Data:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.stop("too-many-values", event, most=f"{MOST_NODES:,}")
        kind = type(event)
        if kind is events.AliasEvent:
            self.refuse("alias", event, word="*" + event.anchor)
            return Scalar("*" + event.anchor)
        if event.anchor is not None:
            self.refuse("anchor", event, word="&" + event.anchor)
        if event.tag is not None and event.tag != "":
            suggestion = _negation(event) if kind is events.ScalarEvent else None
            self.refuse("tag", event, suggestion=suggestion, word=_tag(event.tag))
        if kind is events.ScalarEvent:
            self.values[path] = self.mark(event)
            return self.scalar(event, in_list)
        if depth >= MOST_DEPTH:
            self.stop("too-deep", event, most=MOST_DEPTH)
        self.values[path] = self.mark(event)
        if kind is events.MappingStartEvent:
            return self.map(path, depth + 1)
        return self.list(path, depth + 1)

    def scalar(self, event: Any, in_list: bool) -> Scalar:
        scalar = Scalar(event.value, _STYLES[event.style])
        if scalar.style == "plain":
            if self.lines and scalar.text:
                self.check_cut(event)
            if self.suspects and not scalar.text.isascii():
                place = self.place(event)
                lookalikes.check_plain(place, scalar.text, self.problems)
                if in_list:
                    lookalikes.check_item(place, scalar.text, self.problems)
        elif scalar.style == "double":
            self.check_escapes(scalar.text, event)
        return scalar

    def check_cut(self, event: Any) -> None:
        """A comment that reads as the rest of the value before it: `No #1`, `a > 1 # and b < 2`."""
        end = event.end_mark
        line = self.lines[end.line] if end.line < len(self.lines) else ""
        match = _CUT.match(line, end.column)
        if match and event.value.count('"') % 2 == 0:  # else a quotation is cut, which is said
            column = match.start(1) + 1
            at = Position(self.path, end.line + 1, column, column + 1)
            self.cuts.append(Problem("comment-cuts", at, {}, "warning"))

    def check_escapes(self, text: str, event: Any) -> None:
        match = INVISIBLE.search(text) or CONTROL.search(text)
        if match:
            name = f"U+{ord(match[0]):04X}"
            code = "direction-character" if DIRECTIONS.match(match[0]) else "invisible-character"
            word = CONTROL.sub("", INVISIBLE.sub("", text))[:40]
            self.problems.add(code, self.place(event), name=name, word=word)

    def list(self, path: Path, depth: int) -> list[Data]:
        items: list[Data] = []
        while type(event := self.next()) is not events.SequenceEndEvent:
            items.append(self.node(event, (*path, len(items)), depth, in_list=True))
        return items

    def map(self, path: Path, depth: int) -> dict[str, Data]:
        entries: dict[str, Data] = {}
        while type(event := self.next()) is not events.MappingEndEvent:
            key = self.key(event, path, depth)
            here = (*path, key)
            if key in entries:
                first = self.keys[here]
                self.refuse("duplicate-key", event, key=key, line=first[0])
                here = (*path, f"{key}\0{event.start_mark.line}")
            self.keys[here] = self.mark(event)
            value = self.node(self.next(), here, depth, in_list=False)
            if ":" in key and event.style in (None, ""):
                self.check_space(event, key, value)
            if key not in entries:
                entries[key] = value
        return entries

    def key(self, event: Any, path: Path, depth: int) -> str:
        kind = type(event)
        if kind is not events.ScalarEvent:
            if kind is events.AliasEvent:
                self.stop("alias", event, word="*" + event.anchor)
            if kind is events.MappingStartEvent and self.char_before(event) == "{":
                line, column, _ = self.mark(event)
                place = Position(self.path, line, column - 1, column + 1)
                self.problems.add("braces-unquoted", place)
                self.stopped = line
                raise _Stop
            self.stop("key-not-text", event)
        if event.anchor is not None:
            self.refuse("anchor", event, word="&" + event.anchor)
        if event.tag:
            self.refuse("tag", event, word=_tag(event.tag))
        key = str(event.value)
        if event.style in (None, "") and key in ("", "~"):
            self.stop("key-not-text", event)
        if key == "<<":
            self.stop("merge-key", event)
        if self.suspects and not key.isascii() and event.style in (None, ""):
            lookalikes.check_key(self.place(event), key, self.problems)
        return key

    def check_space(self, event: Any, key: str, value: Data) -> None:
        """`{type:text}` and `due:{type: date}`: a colon that separates nothing."""
        before, _, after = key.partition(":")
        alone = isinstance(value, Scalar) and value.style == "plain" and value.text == ""
        if _WORD.fullmatch(before) and (
            after[:1] in ("{", "[", '"', "'") or (alone and after[:1].strip())
        ):
            at = self.place(event).shifted(len(before), len(before) + 1)
            self.problems.add("missing-space", at, key=before)

    def char_before(self, event: Any) -> str:
        index = event.start_mark.index
        return self.text[index - 1 : index]


def _negation(event: Any) -> str | None:
    """`!paid` and `!paid and a > 3`, written in a condition: `not paid`."""
    name = event.tag.removeprefix("!")
    rest = event.value
    plain = _WORD.fullmatch(name) and event.style in (None, "")
    return f"not {name} {rest}".strip() if plain and _REST.match(rest) else None


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
