"""`fmt`: the same definition in the canonical order of keys, with every comment where it belongs.

Text is moved, never written anew: whatever is in order stays byte for byte as its author wrote it.
The keys of a definition stand in the order of the language; below, only the word that says what a
thing is comes first (`id` of a step, `type` of a field). Maps by name keep their order, which is
the reading order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jingwei.authoring.grammar import element, kind_schema, named_parts, opened, thing
from jingwei.authoring.outline import kind_of
from jingwei.authoring.quoting import quoted
from jingwei.language.kinds.manifest import LANGUAGE
from jingwei.language.kinds.table import KINDS
from jingwei.language.shapes import Schema
from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import Data, Path, Scalar, YamlFile

# kinds whose keys read better in another order than that of the table of keys
ORDERS: Mapping[str, tuple[str, ...]] = {
    "form": (
        *("kind", "title", "description", "help", "renamed_from", "retired", "tags", "layering"),
        *("number", "display", "tree", "single", "workflow", "workflows", "submit", "versions"),
        *("collect", "states", "fields", "rules", "layout", "list", "related", "actions"),
        *("events", "receipts", "facts", "permissions", "restrict"),
    ),
    "workflow": (
        *("kind", "title", "description", "help", "renamed_from", "retired", "form", "tags"),
        *("layering", "start", "policy", "defaults", "steps", "end", "migrate"),
    ),
    "org": (
        *("kind", "code", "title", "description", "help", "renamed_from", "retired", "tags"),
        *("layering", "type", "parent", "valid_from", "valid_to", "moves", "also_in", "profile"),
        *("facts", "posts", "calendar"),
    ),
    "manifest": ("kind", "name", "title", "description", "language"),
    "calendar": ("kind", "title", "description", "base", "weekend", "holidays", "workdays"),
    "module": ("kind", "title", "description", "icon", "for", "home", "menu"),
}
# what a map is called → the key that comes first in it
FIRST: Mapping[str, str] = {"step": "id", "field": "type", "tile": "type", "chart": "type"}
_OPENING, _CLOSING = "{[", "}]"


@dataclass(frozen=True, slots=True)
class _Entry:
    """The text of one key and what stands under it. `lead`: comment lines above it."""

    key: str
    lead: tuple[str, ...]
    body: tuple[str, ...]


def canonical(file: YamlFile, *, upgrade: bool = False) -> str:
    """The text of a file in canonical order; the same text when it is so already."""
    text = file.text.replace("\r\n", "\n")
    if upgrade and kind_of(file) == "manifest":
        text = _newest_language(file, text)
    kind = kind_of(file)
    if kind is not None and kind in KINDS:
        text = quoted(file, text)
        # one map at a time: moving lines changes the places of all that follow
        for _ in range(len(file.values)):
            moved = _one_move(file.path, text, kind)
            if moved is None:
                break
            text = moved
    return text if text.endswith("\n") else f"{text}\n"


def _newest_language(file: YamlFile, text: str) -> str:
    """The manifest says the number of the language that this version writes."""
    assert isinstance(file.data, dict)
    written = file.data.get("language")
    if not isinstance(written, Scalar) or not written.text.isdigit():
        return text
    if int(written.text) >= LANGUAGE:
        return text
    at = file.value_at(("language",))
    lines = text.split("\n")
    line = lines[at.line - 1]
    lines[at.line - 1] = line[: at.column - 1] + str(LANGUAGE) + line[at.end_column - 1 :]
    return "\n".join(lines)


def _one_move(path: str, text: str, kind: str) -> str | None:
    """The text with the first map that is out of order put in order; None when all are."""
    file = read_file(path, text.encode(), Problems())
    if file is None or not isinstance(file.data, dict):
        return None
    for here, data, order in _maps(file.data, kind_schema(kind), ()):
        wanted = sorted(data, key=lambda key: order.get(key, len(order)))
        if wanted == list(data):
            continue
        moved = _moved(file, here, data, wanted)
        if moved is not None and _same(path, moved, file.data):
            return moved
    return None


def _maps(
    data: Data, schema: Schema, path: Path
) -> Iterator[tuple[Path, dict[str, Data], Mapping[str, int]]]:
    """Every map of fixed keys, with the place of each key in the order wanted."""
    parts = named_parts(schema)
    inner = element(schema)
    if isinstance(data, dict):
        fixed = opened(schema).get("jingwei") == "keys" or (parts and set(data) <= set(parts))
        if fixed:
            yield path, data, _order(data, parts, thing(schema))
        for key, part in data.items():
            below = parts.get(key) if fixed else inner
            if below is not None:
                yield from _maps(part, below, (*path, key))
    elif isinstance(data, list) and inner is not None:
        for index, part in enumerate(data):
            yield from _maps(part, inner, (*path, index))


def _order(data: dict[str, Data], parts: Mapping[str, Schema], of: str | None) -> dict[str, int]:
    if of is not None and of in KINDS:
        names: Sequence[str] = (*ORDERS.get(of, ()), *parts)
    else:
        first = FIRST.get(of or "")
        names = (*((first,) if first in parts else ()), *data)
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def _same(path: str, text: str, data: Data) -> bool:
    """Whether the moved text still says the same."""
    again = read_file(path, text.encode(), Problems())
    return again is not None and again.data == data


def _moved(file: YamlFile, path: Path, data: dict[str, Data], wanted: list[str]) -> str | None:
    lines = file.text.replace("\r\n", "\n").split("\n")
    places = {key: file.keys[(*path, key)] for key in data}
    rows = [places[key].line for key in data]
    if len(set(rows)) == len(rows) and path not in _flow_maps(file, lines, path):
        return _move_lines(file, path, data, wanted, lines)
    if len(set(rows)) == 1:
        return _move_words(file, path, data, wanted, lines)
    return None  # braces over several lines: left as the author laid them out


def _flow_maps(file: YamlFile, lines: list[str], path: Path) -> set[Path]:
    """The path itself when its map is written in braces."""
    at = file.value_at(path)
    return {path} if lines[at.line - 1][at.column - 1 : at.column] == "{" else set()


def _move_lines(
    file: YamlFile, path: Path, data: dict[str, Data], wanted: list[str], lines: list[str]
) -> str:
    """A map with one key a line: whole blocks of lines change places."""
    keys = list(data)
    column = file.keys[(*path, keys[0])].column
    starts = [file.keys[(*path, key)].line - 1 for key in keys]
    end = _end(lines, starts[-1], column)
    prefix = lines[starts[0]][: column - 1]  # spaces, or the dash of a list
    leads = [
        0 if number == 0 and prefix.strip() else _comments_above(lines, start, column)
        for number, start in enumerate(starts)
    ]
    bounds = [*(s - lead for s, lead in zip(starts[1:], leads[1:], strict=True)), end]
    entries: dict[str, _Entry] = {}
    for key, start, lead, stop in zip(keys, starts, leads, bounds, strict=True):
        body = (lines[start][column - 1 :], *lines[start + 1 : stop])
        entries[key] = _Entry(key, tuple(lines[start - lead : start]), body)
    made: list[str] = []
    for number, key in enumerate(wanted):
        entry = entries[key]
        made += entry.lead
        made.append((prefix if number == 0 else " " * (column - 1)) + entry.body[0])
        made += entry.body[1:]
    return "\n".join((*lines[: starts[0] - leads[0]], *made, *lines[end:]))


def _comments_above(lines: list[str], start: int, column: int) -> int:
    """How many comment lines stand directly above a key, at its column. The first line of the
    file, by which editors find the schema, belongs to no key."""
    count = 0
    while start - count > 0:
        line = lines[start - count - 1]
        if not line.startswith(" " * (column - 1) + "#") or line.startswith("# yaml-language"):
            break
        count += 1
    return count


def _end(lines: list[str], start: int, column: int) -> int:
    """The line after the last that belongs to the key at `start`; blank lines at the end stay."""
    last = start
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        # a list may stand at the very column of its key
        in_list = indent == column - 1 and line.lstrip().startswith("- ")
        if indent < column and not in_list:
            break
        last = number
    return last + 1


def _move_words(
    file: YamlFile, path: Path, data: dict[str, Data], wanted: list[str], lines: list[str]
) -> str | None:
    """A map in braces on one line: its parts change places, its commas stay."""
    keys = list(data)
    at = file.keys[(*path, keys[0])]
    line = lines[at.line - 1]
    parts = _parts(line, at.column - 1)
    if parts is None or len(parts) != len(keys):
        return None
    words = {key: line[start:end] for key, (start, end) in zip(keys, parts, strict=True)}
    made, done = "", parts[0][0]
    for key, (start, end) in zip(wanted, parts, strict=True):
        made += line[done:start] + words[key]
        done = end
    lines[at.line - 1] = line[: parts[0][0]] + made + line[done:]
    return "\n".join(lines)


def _parts(line: str, start: int) -> list[tuple[int, int]] | None:
    """Where each `key: value` begins and ends, from the first key to the closing brace."""
    found: list[tuple[int, int]] = []
    depth, begin, quote = 0, start, ""
    for index in range(start, len(line)):
        sign = line[index]
        if quote:
            if sign == quote and line[index - 1] != "\\":
                quote = ""
        elif sign in "\"'" and line[:index].rstrip(" ")[-1:] in (":", ",", "{", "["):
            quote = sign
        elif sign in _OPENING:
            depth += 1
        elif sign in _CLOSING and depth:
            depth -= 1
        elif sign == "," and depth == 0:
            found.append((begin, index))
            begin = index + 1 + (len(line[index + 1 :]) - len(line[index + 1 :].lstrip(" ")))
        elif sign == "}":
            end = index - (len(line[begin:index]) - len(line[begin:index].rstrip(" ")))
            found.append((begin, end))
            return found
    return None
