"""What is sound of an application with mistakes, so that one run looks at its formulas too.

What is wrong is left out: the key, or the thing that is nothing without it. The names that go with
it are kept in mind, since to miss them elsewhere is no mistake of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from jingwei.catalogue.check_files import Checked, check_file
from jingwei.catalogue.link import check_references
from jingwei.language.kinds.table import KINDS
from jingwei.problems import Position, Problem, Problems
from jingwei.reading.yaml_file import Data, Mark, Path, Places, Scalar, YamlFile

MOST_ROUNDS = 10
_PATIENCE = 4  # rounds after which more than the thing itself is left out
# keys of a field that decide what its name means to others
_DECIDING = frozenset({"type", "unit", "choices", "to", "of", "many", "fields", "grain", "compute"})
# words that a key brings into the scope of expressions
_BRINGS = {
    "workflow": ("flow",),
    "workflows": ("flow",),
    "submit": ("status",),
    "states": ("state",),
    "versions": ("version", "previous_version"),
    "collect": ("org", "period"),
}
# maps whose keys are names that others use
_NAMED = frozenset(
    {"fields", "states", "choices", "items", "actions", "types", "facts", "levels", "inputs"}
    | {"members", "parameters", "controls", "ask", "related", "receipts", "data", "posts", "cases"}
    | {"tiers", "trees", "drivers", "columns", "records", "tiles", "charts", "narrative"}
)
# problems of which the names below may be missed elsewhere
_WITH_NAMES = ("unknown-key", "misplaced-field", "unknown-field-type")
# problems that say which name is missed, and the hole that has it
_MISSED = {
    "unknown-name": "name",
    "unknown-field": "name",
    "unknown-code": "value",
    "no-such-field": "name",
    "unknown-table": "name",
    "unknown-state": "name",
    "unknown-right": "name",
    "unknown-org-type": "name",
    "layer-for-nobody": "name",
    "unknown-value": "value",
}
_SHAPE = frozenset({"branch-without-else", "else-not-last"})
_NAME = re.compile(r"[\w.\[\]()\"' -]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"(?<![\w(.])([A-Za-z_][A-Za-z0-9_]*)[\"']?\s*[:=：]")
# keys that say who: everyone stands in for somebody who is not known
_PEOPLE = frozenset({"who", "for"})


@dataclass
class Sound:
    """Definitions without what is wrong in them; `touched`: the files that lost something."""

    checked: Checked
    touched: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)  # files that have a mistake
    lost: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)  # files that could not be read whole
    unread: set[str] = field(default_factory=set)  # names of their definitions
    stood_for: set[str] = field(default_factory=set)  # fields in whose place another stands

    def is_follow_up(self, problem: Problem, text: str) -> bool:
        """Whether a problem may be there only since something was left out. `text`: the file's."""
        hole = _MISSED.get(problem.code)
        if hole is not None:
            return self._may_be_lost(problem, str(problem.holes.get(hole)), text)
        lines = text.split("\n")
        line = lines[problem.at.line - 1] if problem.at.line <= len(lines) else ""
        words = _WORD.findall(line)
        if problem.code == "no-fields" and not self.stood_for.isdisjoint(words):
            return True
        return not self.lost.isdisjoint(words)

    def _may_be_lost(self, problem: Problem, name: str, text: str) -> bool:
        """Whether what is missed may be in what was left out, or in what nobody could read."""
        if name in self.lost or name == "row" or problem.holes.get("known") == "":
            return True
        if problem.suggestion is not None:
            return not _NAME.fullmatch(problem.suggestion)  # a name that is refused itself
        line = text.split("\n")[problem.at.line - 1]
        unread = {*_WORD.findall(line), *_WORD.findall(str(problem.holes.get("place", "")))}
        return problem.at.file in self.broken or not self.unread.isdisjoint(unread)

    def is_sure(self, problem: Problem, unread: Collection[str]) -> bool:
        """Whether a rule misses a name, which it would miss in the whole application too; or what
        the ways of a block lack, in a file of which nothing is `unread`."""
        shape = problem.code in _SHAPE and problem.at.file not in unread
        return shape or problem.code in _MISSED

    def tested_is_sound(self, before: Checked) -> bool:
        """Whether nothing is wrong in what definition tests are about, however they lead to it."""
        kinds = ("form", "workflow", "rows", "code_list")
        homes = {at.file for kind in kinds for at in before.known.get(kind, {}).values()}
        return homes.isdisjoint(self.touched | self.wrong)

    def apart_from_the_wrong(self) -> set[str]:
        """Files that neither lost something nor name, or are named by, one that did."""
        homes = {
            (kind, name): at.file
            for kind, names in self.checked.known.items()
            for name, at in names.items()
        }
        wrong = self.touched | self.wrong
        near = set(wrong)
        for reference in self.checked.references:
            other = homes.get((reference.kind, reference.name))
            if other is not None and reference.at.file in wrong:
                near.add(other)
            elif other is None or other in wrong:
                near.add(reference.at.file)
        return set(self.checked.files) - near


def sound_parts(checked: Checked, folders: Mapping[str, str], problems: Problems) -> Sound | None:
    """What is left when everything that has an error is left out; None where that is not to be
    had in a few rounds."""
    sound = Sound(checked, wrong={problem.at.file for problem in problems.errors})
    files = dict(checked.files)
    sound.lost = {name for file in files.values() if file.broken for name in _unread_names(file)}
    sound.broken = {path for path, file in files.items() if file.broken}
    sound.unread = {PurePosixPath(path).stem for path in sound.broken}
    sound.lost |= set(_misplaced_names(files, problems.errors))
    bad = (str(one.holes.get("name", "")) for one in problems.errors if one.code == "bad-name")
    sound.lost |= {re.sub(r"\W", "", name) for name in bad}
    wrong = _unbuilt(checked, _by_file(problems.errors))
    for path in (path for path, file in files.items() if file.broken):
        wrong.setdefault(path, [])  # what could be read of it is all there is
    missing = Problems()
    check_references(checked, missing)
    _join(wrong, _by_file(missing.errors))
    stand_for = {kind: name for kind in ("role", "post") for name in list(checked.of(kind))[:1]}
    for tried in range(MOST_ROUNDS):
        for path, places in wrong.items():
            if path in files:
                sound.touched.add(path)
                files[path] = _without(files[path], places, tried, sound, stand_for)
        again = Problems()
        sound.checked = _of_definitions(checked, files, sound.touched)
        for path in sorted(sound.touched):
            if files[path].data:
                check_file(files[path], folders, sound.checked, again)
        wrong = _unbuilt(sound.checked, _by_file(again.errors))
        _forget_what_is_given_up(sound.checked)
        missing = Problems()
        check_references(sound.checked, missing)
        _join(wrong, _by_file(missing.errors))
        if not wrong:
            sound.lost |= _names_without_definition(checked, sound.checked)
            return sound
    return None


def _unbuilt(checked: Checked, wrong: dict[str, list[Position]]) -> dict[str, list[Position]]:
    """Files of which no definition was made; of the others what is wrong has its stand-ins."""
    built = {
        checked.known[kind][name].file
        for kind, named in checked.definitions.items()
        for name in named
    }
    return {path: places for path, places in wrong.items() if path not in built}


def _join(wrong: dict[str, list[Position]], more: dict[str, list[Position]]) -> None:
    for path, places in more.items():
        wrong[path] = [*wrong.get(path, ()), *places]


def _by_file(problems: Iterable[Problem]) -> dict[str, list[Position]]:
    found: dict[str, list[Position]] = {}
    for problem in problems:
        found.setdefault(problem.at.file, []).append(problem.at)
    return found


def _unread_names(file: YamlFile) -> set[str]:
    """Names in those lines of a broken file that were passed over."""
    known = {part for path in file.keys for part in path[-1:] if isinstance(part, str)}
    return set(_KEY.findall(file.text)) - known


def _misplaced_names(files: Mapping[str, YamlFile], problems: Iterable[Problem]) -> Iterator[str]:
    """Names below a key that is none here: they may be what is missed elsewhere."""
    starts: dict[str, list[tuple[tuple[int, int], Path]]] = {}
    for problem in problems:
        at, file = problem.at, files.get(problem.at.file)
        if problem.code not in _WITH_NAMES or file is None:
            continue
        if at.file not in starts:
            starts[at.file] = _starts(file)
        path = _path_at(starts[at.file], at)
        if problem.code == "unknown-field-type":
            path = path[:-1]
            if "fields" not in _map_at(file.data, path):
                continue  # a plain field, which has its stand-in
        yield from (str(part) for part in path[-1:] if problem.code != "unknown-key")
        below = _at(file.data, path) if path else None
        if below is not None:
            yield from _names_in(problem.suggestion or "", below)
            yield from (name for name, part in _map_at(below, ()).items() if _has_type(part))


def _map_at(data: Data, path: Path) -> dict[str, Data]:
    found = _at(data, path)
    return found if isinstance(found, dict) else {}


def _has_type(data: Data) -> bool:
    return isinstance(data, dict) and "type" in data


def _path_at(starts: list[tuple[tuple[int, int], Path]], at: Position) -> Path:
    """What stands at a place, or before it."""
    index = bisect_right(starts, (at.line, at.column), key=lambda one: one[0]) - 1
    return starts[index][1] if index >= 0 else ()


def _names_without_definition(before: Checked, after: Checked) -> set[str]:
    return {
        name
        for kind, names in before.known.items()
        if kind in KINDS
        for name in names
        if name not in after.of(kind)
    }


def _of_definitions(checked: Checked, files: Mapping[str, YamlFile], but: set[str]) -> Checked:
    """What was made of the files, but for these."""
    left = Checked(files=dict(files))
    for kind, definitions in checked.definitions.items():
        homes = checked.known[kind]
        left.definitions[kind] = {
            name: one for name, one in definitions.items() if homes[name].file not in but
        }
    left.references = [one for one in checked.references if one.at.file not in but]
    left.known = {
        kind: {name: at for name, at in names.items() if kind not in KINDS or at.file not in but}
        for kind, names in checked.known.items()
    }
    return left


def _forget_what_is_given_up(checked: Checked) -> None:
    """Names of files of which nothing is left, which are missed by what uses them."""
    gone = {path for path, file in checked.files.items() if not file.data}
    for kind in KINDS:
        names = checked.known.get(kind, {})
        checked.known[kind] = {name: at for name, at in names.items() if at.file not in gone}


def _without(
    file: YamlFile,
    places: list[Position],
    tried: int,
    sound: Sound,
    stand_for: Mapping[str, str],
) -> YamlFile:
    """The file without what stands at these places; without anything at last. `stand_for`: a name
    that there is, for a role or a post that there is not."""
    starts, lost = _starts(file), sound.lost
    out = {_whole(_path_at(starts, at), tried) for at in places}
    if () in out:
        lost |= set(_names_in("", file.data))
        return YamlFile(file.path, {}, {}, {}, file.text)
    stand_ins = {path for path in out if not tried and _is_plain_field(file, path)}
    sound.stood_for |= {str(path[-1]) for path in stand_ins}
    named = {path for path in out if not tried and path[-1] in stand_for} - stand_ins
    everyone = {path for path in out if not tried and path[-1] in _PEOPLE and len(path) > 0}
    gone = out - stand_ins - everyone - named
    for path in gone:
        lost |= set(_lost_with(file, path))
    keys: dict[Path, Mark] = {}
    values: dict[Path, Mark] = {}

    def kept(data: Data, old: Path, new: Path) -> Data:
        for places, marks in ((file.keys, keys), (file.values, values)):
            if old in places:
                at = places[old]
                marks[new] = (at.line, at.column, at.end_column)
        if old in stand_ins:
            return {"type": Scalar("json")}
        if old in everyone:
            return Scalar("everyone")
        if old in named:
            return Scalar(stand_for[str(old[-1])])
        if isinstance(data, dict):
            return {
                key: kept(part, (*old, key), (*new, key))
                for key, part in data.items()
                if (*old, key) not in gone
            }
        if isinstance(data, list):
            left = [number for number in range(len(data)) if (*old, number) not in out]
            return [kept(data[n], (*old, n), (*new, place)) for place, n in enumerate(left)]
        return data

    data = kept(file.data, (), ())
    return YamlFile(file.path, data, Places(file.path, keys), Places(file.path, values), file.text)


def _is_plain_field(file: YamlFile, path: Path) -> bool:
    """A field that is no table, or any column: another can stand in its place."""
    data = _at(file.data, path)
    if path[-2:-1] != ("fields",) or not isinstance(data, dict):
        return False
    is_table = data.get("type") == Scalar("table") or "fields" in data
    return not is_table or path.count("fields") > 1


def _starts(file: YamlFile) -> list[tuple[tuple[int, int], Path]]:
    """Where each key and value begins, in reading order; of two at one place the inner one last."""
    found = [
        ((at.line, at.column), path)
        for places in (file.keys, file.values)
        for path, at in places.items()
    ]
    return sorted(found, key=lambda one: (one[0], len(one[1])))


def _whole(path: Path, tried: int) -> Path:
    """What is left out when this is wrong: more of it each time that less was not enough."""
    if len(path) >= 3 and path[-1] in _DECIDING and "fields" in path[:-2]:
        path = path[:-1]
    if tried and len(path) > 1 and isinstance(path[-2], int):
        path = path[:-1]  # the first key of an entry stands where the entry does
    return path[: max(len(path) - max(tried - _PATIENCE, 0), 0)]


def _lost_with(file: YamlFile, path: Path) -> Iterator[str]:
    last = path[-1]
    if isinstance(last, str):
        if path[-2:-1] and path[-2] in _NAMED:
            yield last
        yield from _BRINGS.get(last, ())
    data = _at(file.data, path)
    if data is not None:
        yield from _names_in(str(last), data)


def _at(data: Data | None, path: Path) -> Data | None:
    for part in path:
        if isinstance(data, dict) and isinstance(part, str):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _names_in(key: str, data: Data) -> Iterator[str]:
    """Names of fields, states, codes and steps within what is left out."""
    if isinstance(data, dict):
        if key in _NAMED:
            yield from data
        step = data.get("id")
        if isinstance(step, Scalar):
            yield step.text
        for name, part in data.items():
            yield from _names_in(name, part)
    elif isinstance(data, list):
        for part in data:
            yield from _names_in(key, part)
