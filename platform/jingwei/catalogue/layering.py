"""How a definition and its layers become one: keyed merge, and what each place allows.

`locked` may not be changed, `tighten` only made stricter, `open` freely. Nothing merges at run
time: the result is a snapshot in which every key knows the file, line and layer it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import orjson

from jingwei.catalogue.tightening import tightens
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.fields import keys_of
from jingwei.language.layer import Addition, Hidden, Layer, Patch
from jingwei.language.leaves import plain_data
from jingwei.language.meant import meant_boolean
from jingwei.language.meant_keys import meant_key
from jingwei.problems import Phrase, Position, Problems, nearest
from jingwei.reading.yaml_file import Data, Path, Scalar, YamlFile

T = TypeVar("T")
BASE = ""  # the layer of what the definition itself says
Level = Literal["locked", "tighten", "open"]
_OPEN = frozenset(
    ("title", "help", "placeholder", "description", "message", "confirm", "labels", "zh", "en")
)
_OPEN_ROOTS = frozenset(("layout", "list", "title", "help", "description", "phone"))
_TIGHTEN = frozenset(("required", "readonly", "min", "max", "min_rows", "max_rows"))
_TIGHTEN_ROOTS = frozenset(("rules", "steps", "permissions", "restrict"))
# maps and lists that a layer may add blocks of its own to
ADDED_TO = ("fields", "choices", "rules", "actions", "related", "steps", "tiles", "events")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One written value of a resolved definition."""

    path: str
    value: str
    at: Position
    layer: str  # BASE, or the layer's name


@dataclass(slots=True)
class Merged:
    """A definition with some of its layers put in. Paths are those of the merged data."""

    data: Data
    keys: dict[Path, Position]
    values: dict[Path, Position]
    layers: dict[Path, str] = field(default_factory=dict)  # where another layer than BASE spoke
    added: dict[Path, str] = field(default_factory=dict)  # own blocks: for which org, or type

    def layer_of(self, path: Path) -> str:
        """The layer that a value comes from: its own, or that of what it is part of."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.layers:
                return self.layers[path[:length]]
        return BASE

    def leaves(self) -> list[Leaf]:
        return list(self._leaves(self.data, ()))

    def _leaves(self, data: Data, path: Path) -> Iterator[Leaf]:
        if isinstance(data, Scalar):
            at = self.values.get(path) or Position("")
            yield Leaf(shown(path), data.text, at, self.layer_of(path))
        elif isinstance(data, list):
            for index, part in enumerate(data):
                yield from self._leaves(part, (*path, index))
        else:
            for key, part in data.items():
                yield from self._leaves(part, (*path, key))


def shown(path: Path) -> str:
    return ".".join(str(part) for part in path)


def merged(base: YamlFile, layers: Sequence[Layer], problems: Problems) -> Merged:
    """The definition with its layers in this order; what may not be is a problem of the layer."""
    result = Merged(base.data, dict(base.keys), dict(base.values))
    levels = _declared(base.data)
    for layer in layers:
        merger = _Merger(result, layer, levels, problems)
        # Sorted, so that the order in which a layer lists its changes means nothing.
        for patch in sorted(layer.sets, key=lambda p: p.path):
            merger.set(patch)
        for addition in layer.adds:
            merger.add(addition)
        for hidden in sorted(layer.hides, key=lambda h: h.path):
            merger.hide(hidden)
    return result


def written(data: Data) -> str:
    """The data as a text that reads as the same data again."""
    assert isinstance(data, dict)
    return "".join(_lines(data, 0))


def _lines(data: dict[str, Data] | list[Data], depth: int) -> Iterator[str]:
    entries: list[tuple[str, Data]]
    if isinstance(data, dict):
        entries = [(f"{orjson.dumps(key).decode()}:", part) for key, part in data.items()]
    else:
        entries = [("-", part) for part in data]
    for head, part in entries:
        if isinstance(part, Scalar):
            yield f"{'  ' * depth}{head} {_scalar(part)}\n"
        elif not part:
            yield f"{'  ' * depth}{head} {'{}' if isinstance(part, dict) else '[]'}\n"
        else:
            yield f"{'  ' * depth}{head}\n"
            yield from _lines(part, depth + 1)


def _scalar(scalar: Scalar) -> str:
    plain = scalar.style == "plain" and "\n" not in scalar.text
    return scalar.text if plain else orjson.dumps(scalar.text).decode()


def _declared(data: Data) -> Mapping[str, Level]:
    """`layering:` of the definition itself."""
    found = data.get("layering") if isinstance(data, dict) else None
    plain = plain_data(found) if isinstance(found, dict) else {}
    return {path: level for path, level in plain.items() if isinstance(level, str)}  # type: ignore[misc]  # the schema allows only levels


def level_of(path: Path, declared: Mapping[str, Level]) -> Level:
    """What the definition allows at a path: as declared nearest above it, else as a rule."""
    words = [str(part) for part in path]
    for length in range(len(words), 0, -1):
        level = declared.get(".".join(words[:length]))
        if level is not None:
            return level
    if words[0] in _OPEN_ROOTS or words[-1] in _OPEN:
        return "open"
    if words[-1] in _TIGHTEN or words[0] in _TIGHTEN_ROOTS:
        return "tighten"
    return "locked"


class _Merger:
    """Puts one layer into what is below it."""

    def __init__(
        self, result: Merged, layer: Layer, levels: Mapping[str, Level], problems: Problems
    ) -> None:
        self.result = result
        self.layer = layer
        self.levels = levels
        self.problems = problems

    # -- set

    def set(self, patch: Patch) -> None:
        words = patch.path.split(".")
        here, parent, rest = _descend(self.result.data, words)
        if len(rest) > 1 or (rest and not isinstance(parent, dict)):
            self._stale(patch.path, patch.at, rest[0], parent)
            return
        path: Path = (*here, *rest)
        if rest and here and here[-1] == "fields":
            self._stale(patch.path, patch.at, rest[0], parent)  # fields are added, never set
            return
        if rest and self._is_no_key_of_a_field(patch, here, parent, rest[0]):
            return
        old = None if rest else parent
        level = level_of(path, self.levels)
        if level == "locked":
            self.problems.add("layer-locked", patch.at, path=patch.path)
        elif self._is_no_truth(patch, path):
            pass
        elif level == "tighten" and not tightens(path, old, patch.value):
            self.problems.add("layer-loosens", patch.at, path=patch.path)
        elif old is not None and not patch.override:
            at = self.result.keys.get(path) or self.result.values.get(path)
            self.problems.add("layer-needs-override", patch.at, path=patch.path, where=at)
        elif old is None and patch.override:
            self.problems.add("layer-overrides-nothing", patch.at, path=patch.path)
        else:
            self._put(path, patch.value, patch.place)

    def _put(self, path: Path, value: Data, place: Path) -> None:
        self._forget(path)
        self.result.data = _with(self.result.data, path, value)
        self._bring(path, place)

    def _bring(self, path: Path, place: Path) -> None:
        """The places of what a layer wrote, at the path where it is now."""
        layer = self.layer
        self.result.layers[path] = layer.name
        key = layer.keys.get(place) or layer.keys.get(place[:-1])
        if key is not None:
            self.result.keys[path] = key
        for marks, into in ((layer.keys, self.result.keys), (layer.values, self.result.values)):
            for inner, at in marks.items():
                if inner[: len(place)] == place and (inner != place or marks is layer.values):
                    into[(*path, *inner[len(place) :])] = at

    def _forget(self, path: Path) -> None:
        _drop(self.result.keys, path)
        _drop(self.result.values, path)
        _drop(self.result.layers, path)

    # -- add

    def add(self, addition: Addition) -> None:
        words = addition.path.split(".")
        here, block, rest = _descend(self.result.data, words)
        if rest and len(rest) == 1 and isinstance(block, dict) and rest[0] in ADDED_TO:
            here, block = (*here, rest[0]), {}
        elif rest:
            self._stale(addition.path, addition.at, rest[0], block)
            return
        if str(here[-1]) not in ADDED_TO or isinstance(block, Scalar):
            known = ", ".join(ADDED_TO)
            self.problems.add("layer-cannot-add", addition.at, path=addition.path, known=known)
            return
        if not addition.name.startswith(self.layer.prefix):
            name, prefix = addition.name, self.layer.prefix
            suggestion = prefix + name
            self.problems.add(
                "layer-prefix", addition.at, suggestion=suggestion, name=name, prefix=prefix
            )
            return
        names = _names(block)
        if addition.name in names:
            self.problems.add("layer-name-taken", addition.at, name=addition.name)
            return
        for beside in (addition.after, addition.before):
            if beside is not None and beside not in names:
                self._stale(f"{addition.path}.{beside}", addition.at, beside, block)
                return
        self._insert(here, block, addition)

    def _insert(self, here: Path, block: Data, addition: Addition) -> None:
        if isinstance(block, dict):
            grown: dict[str, Data] = {}
            for name, part in block.items():
                if name == addition.before:
                    grown[addition.name] = addition.value
                grown[name] = part
                if name == addition.after:
                    grown[addition.name] = addition.value
            grown.setdefault(addition.name, addition.value)
            self.result.data = _with(self.result.data, here, grown)
            self.result.added[(*here, addition.name)] = self.layer.for_
            self._bring((*here, addition.name), addition.place)
            if here == ("fields",):
                self._lay_out(addition)
            return
        assert isinstance(block, list)
        step: Data = {"id": Scalar(addition.name), **_as_map(addition.value)}
        names = _names(block)
        place = len(block)
        if addition.after is not None:
            place = names.index(addition.after) + 1
        elif addition.before is not None:
            place = names.index(addition.before)
        self._shift(here, place)
        self.result.data = _with(self.result.data, here, [*block[:place], step, *block[place:]])
        self._bring((*here, place), addition.place)
        self.result.values[(*here, place, "id")] = addition.at

    def _lay_out(self, addition: Addition) -> None:
        """Show an added field beside its neighbour; without one, last on the page."""
        found = self._place_in_layout(addition.after or addition.before)
        if found is None:
            return
        here, place = found
        place += 0 if addition.before is not None else 1
        self._shift(here, place)
        self.result.data = _at(
            self.result.data, here, lambda names: _inserted(names, place, addition.name)
        )
        self.result.layers[(*here, place)] = self.layer.name
        self.result.values[(*here, place)] = addition.at

    def _place_in_layout(self, beside: str | None) -> tuple[Path, int] | None:
        """The list of names in the layout that has this one (none: the last list), and where."""
        data = self.result.data
        layout = data.get("layout") if isinstance(data, dict) else None
        last: tuple[Path, int] | None = None
        for index, section in enumerate(layout if isinstance(layout, list) else ()):
            names = section.get("fields") if isinstance(section, dict) else None
            if not isinstance(names, list):
                continue
            here: Path = ("layout", index, "fields")
            last = here, len(names) - 1
            rows = [(here, names)] + [
                ((*here, row), part) for row, part in enumerate(names) if isinstance(part, list)
            ]
            for path, row_names in rows:
                for place, name in enumerate(row_names):
                    if isinstance(name, Scalar) and name.text == beside:
                        return path, place
        return last

    def _shift(self, here: Path, place: int, by: int = 1) -> None:
        """Later entries of a list stand at other numbers now."""
        _move(self.result.keys, here, place, by)
        _move(self.result.values, here, place, by)
        _move(self.result.layers, here, place, by)

    def _is_no_truth(self, patch: Patch, path: Path) -> bool:
        """Whether something else is written where only true and false are possible."""
        value = patch.value
        if path[-1] not in ("required", "readonly") or "fields" not in path[:-2]:
            return False
        if not isinstance(value, Scalar):
            return False
        if value.text in ("true", "false") and value.style == "plain":
            return False
        quoted = value.text in ("true", "false")
        meant = value.text if quoted else meant_boolean(value.text)
        at = self.layer.values.get(patch.place) or patch.at
        code = "quoted-boolean" if quoted else "expected-boolean"
        self.problems.add(code, at, suggestion=meant, value=value.text[:40])
        return True

    def _is_no_key_of_a_field(self, patch: Patch, here: Path, field: Data, key: str) -> bool:
        """Whether a key is set that no field of this type has."""
        if here[-2:-1] != ("fields",) or not isinstance(field, dict):
            return False
        type_ = field.get("type")
        if not isinstance(type_, Scalar) or type_.text not in FIELD_TYPES:
            return False
        known = keys_of(type_.text)
        if key in known:
            return False
        self.problems.add(
            "unknown-key",
            patch.at,
            suggestion=meant_key(key, known),
            key=key[:40],
            thing=Phrase("things.field"),
            known=", ".join(known),
        )
        return True

    # -- hide

    def hide(self, hidden: Hidden) -> None:
        words = hidden.path.split(".")
        here, found, rest = _descend(self.result.data, words)
        if len(rest) == 1 and isinstance(found, list):
            texts = [part.text if isinstance(part, Scalar) else "" for part in found]
            if rest[0] in texts:
                here, rest = (*here, texts.index(rest[0])), []
        if rest:
            self._stale(hidden.path, hidden.at, rest[0], found)
        elif level_of(here, self.levels) != "open":
            self.problems.add("layer-locked", hidden.at, path=hidden.path)
        else:
            self.result.data = _without(self.result.data, here)
            self._forget(here)
            last = here[-1]
            if isinstance(last, int):
                self._shift(here[:-1], last + 1, -1)

    def _stale(self, path: str, at: Position, word: str, around: Data) -> None:
        names = _names(around)
        self.problems.add(
            "stale-patch",
            at,
            suggestion=nearest(word, names),
            path=path,
            word=word,
            known=", ".join(names[:12]),
        )


def _drop(marks: dict[Path, T], path: Path) -> None:
    for one in [one for one in marks if one[: len(path)] == path]:
        del marks[one]


def _move(marks: dict[Path, T], here: Path, place: int, by: int) -> None:
    depth = len(here)
    moved: dict[Path, T] = {}
    for path in [p for p in marks if p[:depth] == here and len(p) > depth]:
        index = path[depth]
        if isinstance(index, int) and index >= place:
            moved[(*here, index + by, *path[depth + 1 :])] = marks.pop(path)
    marks.update(moved)


def _names(block: Data) -> list[str]:
    if isinstance(block, dict):
        return list(block)
    if isinstance(block, list):
        return [_name_of(entry) for entry in block]
    return []


def _name_of(entry: Data) -> str:
    """How an entry of a list is addressed: a step by its id, a section by its title."""
    if isinstance(entry, Scalar):
        return entry.text
    if isinstance(entry, dict):
        for key in ("id", "section", "tab"):
            found = entry.get(key)
            if isinstance(found, dict) and found:
                found = next(iter(found.values()))  # a title in several languages: by the first
            if isinstance(found, Scalar):
                return found.text
    return ""


def _descend(data: Data, words: list[str]) -> tuple[Path, Data, list[str]]:
    """As far as the words lead, and the words that are left. A key may hold dots itself."""
    path: Path = ()
    left = list(words)
    while left:
        step = _step(data, left)
        if step is None:
            break
        part, used, data = step
        path, left = (*path, part), left[used:]
    return path, data, left


def _step(data: Data, words: list[str]) -> tuple[str | int, int, Data] | None:
    for used in range(len(words), 0, -1):
        word = ".".join(words[:used])
        if isinstance(data, dict) and word in data:
            return word, used, data[word]
        if isinstance(data, list):
            names = _names(data)
            if word in names and not isinstance(data[names.index(word)], Scalar):
                index = names.index(word)
                return index, used, data[index]
    return None


def _as_map(data: Data) -> dict[str, Data]:
    assert isinstance(data, dict)
    return data


def _with(data: Data, path: Path, value: Data) -> Data:
    """A copy in which `value` stands at `path`."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(data, list) and isinstance(first, int):
        return [*data[:first], _with(data[first], rest, value), *data[first + 1 :]]
    assert isinstance(data, dict) and isinstance(first, str)
    return {**data, first: _with(data.get(first, {}), rest, value)}


def _at(data: Data, path: Path, change: Callable[[Data], Data]) -> Data:
    """A copy in which what stands at a path is changed."""
    if not path:
        return change(data)
    first, rest = path[0], path[1:]
    if isinstance(data, list) and isinstance(first, int):
        return [*data[:first], _at(data[first], rest, change), *data[first + 1 :]]
    assert isinstance(data, dict) and isinstance(first, str)
    return {**data, first: _at(data[first], rest, change)}


def _inserted(names: Data, place: int, name: str) -> Data:
    assert isinstance(names, list)
    return [*names[:place], Scalar(name), *names[place:]]


def _without(data: Data, path: Path) -> Data:
    first, rest = path[0], path[1:]
    if isinstance(data, list) and isinstance(first, int):
        if not rest:
            return [*data[:first], *data[first + 1 :]]
        return [*data[:first], _without(data[first], rest), *data[first + 1 :]]
    assert isinstance(data, dict) and isinstance(first, str)
    if not rest:
        return {key: part for key, part in data.items() if key != first}
    return {**data, first: _without(data[first], rest)}
