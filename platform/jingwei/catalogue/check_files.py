"""Files to definitions, each by the keys of its kind; what it refers to is noted for linking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from jingwei.language.kinds.table import KINDS, LATER, Kind
from jingwei.language.meant_keys import meant_key
from jingwei.language.walker import BAD, Reference, Walker, well_named
from jingwei.problems import Phrase, Position, Problems, nearest
from jingwei.reading.yaml_file import Scalar, YamlFile
from jingwei.texts import text

# What is certain however much of a file could not be read: it is said of what is written, never
# of what is missing.
SAID_OF_PARTS = frozenset(
    {
        "unknown-key",
        "unknown-field-type",
        "unknown-value",
        "unknown-who",
        "unknown-effect",
        "unknown-right",
        "unknown-locale",
        "expected-boolean",
        "quoted-boolean",
        "expected-integer",
        "out-of-range",
        "leading-zero",
        "bad-value",
        "bad-name",
        "name-too-long",
        "bad-code",
        "bad-duration",
        "bad-schedule",
        "bad-pattern",
        "reserved-name",
        "text-too-long",
        "cut-expression",
        "cut-text",
        "missing-colon",
        "misplaced-field",
        "misplaced-key",
        "key-too-deep",
        "key-of-other-kind",
        "wrong-shape",
    }
)


@dataclass
class Checked:
    """What came out of the files. `known` has the names of broken definitions too, so that one
    mistake is not reported again wherever the name is used."""

    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: dict[str, dict[str, Position]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    files: dict[str, YamlFile] = field(default_factory=dict)
    complete: bool = True  # every file became a definition, though of some a key is unknown

    def of(self, kind: str) -> Mapping[str, Any]:
        return self.definitions.get(kind, {})


def check_files(
    files: Iterable[YamlFile], folders: Mapping[str, str], problems: Problems
) -> Checked:
    """Every definition of the files. `folders`: kind → folder, where the manifest differs."""
    checked = Checked()
    for file in files:
        checked.files[file.path] = file
        if file.broken:
            checked.complete = False
            _check_parts(file, folders, checked, problems)
            continue
        check_file(file, folders, checked, problems)
    return checked


def check_file(
    file: YamlFile, folders: Mapping[str, str], checked: Checked, problems: Problems
) -> None:
    """The definition of one file, put beside the others."""
    kind = _kind_of(file, problems)
    if kind is None:
        checked.complete = False
        _go_on_as_what_is_meant(file, folders, checked, problems)
    elif kind in LATER:
        stem = PurePosixPath(file.path).stem
        at = file.value_at(("kind",))
        checked.known.setdefault(kind, {})[stem] = at
        problems.add("not-yet-run", at, severity="warning", what=Phrase(f"things.kind_{kind}"))
    else:
        _check(file, KINDS[kind], folders.get(kind, KINDS[kind].folder), checked, problems)


def _check_parts(
    file: YamlFile, folders: Mapping[str, str], checked: Checked, problems: Problems
) -> None:
    """What is wrong with the parts that could be read. Nothing is built; its name is known, so
    that nobody is told that the file is not there."""
    written = file.data.get("kind") if isinstance(file.data, dict) else None
    name = written.text.strip() if isinstance(written, Scalar) else None
    name = name if name in KINDS else _kind_of_folder(file.path)
    if name is None or name not in KINDS:
        return
    if isinstance(file.data, dict) and "kind" in file.data:
        file = replace(file, data={**file.data, "kind": Scalar(name)})
    apart = Problems()
    _check(file, KINDS[name], folders.get(name, KINDS[name].folder), checked, apart)
    said = [
        p for p in apart if p.code in SAID_OF_PARTS and not problems.at_line(file.path, p.at.line)
    ]
    problems.extend(said)


def _go_on_as_what_is_meant(
    file: YamlFile, folders: Mapping[str, str], checked: Checked, problems: Problems
) -> None:
    """Where the kind is missing or wrong the folder tells it: the other keys are looked at too."""
    _known_all_the_same(file, checked)
    data = file.data
    written = data.get("kind") if isinstance(data, dict) else None
    meant = nearest(written.text, KINDS) if isinstance(written, Scalar) else None
    kind = meant or _kind_of_folder(file.path)
    if kind is None or kind not in KINDS or not isinstance(data, dict):
        return
    first = next(iter(data), "")
    if "kind" not in data and first not in KINDS[kind].schema["properties"]:
        data = {key: part for key, part in data.items() if key != first}
    known = KINDS[kind].schema["properties"].keys() - {"kind"}
    if not any(meant_key(key, dict.fromkeys(known)) for key in data):
        return  # too little of it to tell
    apart = Problems()
    whole = replace(file, data={"kind": Scalar(kind), **data, **{"kind": Scalar(kind)}})
    _check(whole, KINDS[kind], folders.get(kind, KINDS[kind].folder), Checked(), apart)
    problems.extend(p for p in apart if p.code in SAID_OF_PARTS)


def _known_all_the_same(file: YamlFile, checked: Checked) -> None:
    """The name of a file whose kind is wrong: that it is not there is no mistake of others."""
    written = file.data.get("kind") if isinstance(file.data, dict) else None
    meant = nearest(written.text, KINDS) if isinstance(written, Scalar) else None
    note_name(file.path, checked, meant)


def note_name(path: str, checked: Checked, kind: str | None = None) -> None:
    """What a file that is not read would be called."""
    kind = kind or _kind_of_folder(path)
    if kind is not None:
        names = checked.known.setdefault(kind, {})
        stem = PurePosixPath(path).stem
        for name in (stem, stem.lower().replace("-", "_").replace(" ", "_")):
            names.setdefault(name, Position(path))


def _kind_of(file: YamlFile, problems: Problems) -> str | None:
    data = file.data
    assert isinstance(data, dict)
    written = data.get("kind")
    every = {**KINDS, **LATER}
    if written is None:
        first = next(iter(data), "")
        guess = data[first] if nearest(first, ("kind",)) else None
        suggestion = guess.text if isinstance(guess, Scalar) and guess.text in every else None
        at = Position(file.path)
        suggestion = suggestion or _kind_of_folder(file.path)
        problems.add("missing-kind", at, suggestion=suggestion, known=", ".join(every))
        return None
    if not isinstance(written, Scalar) or written.text not in every:
        at = file.value_at(("kind",))
        name = written.text[:40] if isinstance(written, Scalar) else ""
        suggestion = nearest(name, every) or _kind_called(name, every)
        known = ", ".join(every)
        problems.add("unknown-kind", at, suggestion=suggestion, name=name, known=known)
        return None
    if next(iter(data)) != "kind":
        problems.add("kind-not-first", file.key_at(("kind",)))
        return None
    return written.text


def _kind_called(name: str, kinds: Iterable[str]) -> str | None:
    """The kind that is called so in Chinese."""
    other = _OTHER_KINDS.get(name.lower())
    return other or next((k for k in kinds if text(f"things.kind_{k}", "zh") == name), None)


_OTHER_KINDS = {"organisation": "org", "organization": "org", "company": "org", "flow": "workflow"}


def _kind_of_folder(path: str) -> str | None:
    """The kind whose folder a file stands in, where that is one kind's alone."""
    folder = str(PurePosixPath(path).parent)
    folders = {**{name: kind.folder for name, kind in KINDS.items()}, **LATER}
    at_home = [name for name, home in folders.items() if home == folder]
    if PurePosixPath(path).stem == "manifest" or "form" in at_home:
        return next((name for name in ("form", "manifest") if name in at_home), None)
    return at_home[0] if len(at_home) == 1 else None


def _check(file: YamlFile, kind: Kind, folder: str, checked: Checked, problems: Problems) -> None:
    path = PurePosixPath(file.path)
    at = file.value_at(("kind",))
    if not path.is_relative_to(folder):
        problems.add("wrong-folder", at, kind=kind.name, folder=folder, path=file.path)
        if _kind_of_folder(file.path) is not None and _is_strange_to(file, kind):
            checked.complete = False
            note_name(file.path, checked)
            return  # the word of another kind was written: its keys are not what is wrong
    walker = Walker(file, problems, kinds_with_keys())
    names = "name" if kind.names == "path" else kind.names
    if not well_named(walker, path.stem, names, Position(file.path)):
        note_name(file.path, checked, kind.name)
        return
    name = path.stem
    if kind.names == "path" and path.is_relative_to(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
    values = walker.read(kind.schema, file.data, ())
    definition = BAD if values is BAD else kind.build(walker, name, values)
    if (
        kind.name == "org"
        and isinstance(file.data, dict)
        and isinstance(file.data.get("code"), Scalar)
    ):
        name = file.data["code"].text  # type: ignore[union-attr]  # just seen to be a Scalar
    earlier = checked.known.setdefault(kind.name, {}).get(name)
    if earlier is not None:
        problems.add(
            "defined-twice", at, kind=Phrase(f"things.kind_{kind.name}"), name=name, other=earlier
        )
        return
    checked.known[kind.name][name] = at
    checked.references += walker.references
    if definition is not BAD and not walker.bad:
        checked.definitions.setdefault(kind.name, {})[name] = definition
    else:
        checked.complete = False


@cache
def kinds_with_keys() -> Mapping[str, Sequence[str]]:
    """Key of the top level → the kinds that have it."""
    found: dict[str, list[str]] = {}
    for kind in KINDS.values():
        for key in kind.schema["properties"]:
            found.setdefault(key, []).append(kind.name)
    return found


def _is_strange_to(file: YamlFile, kind: Kind) -> bool:
    """Whether there are keys in the file that this kind does not have."""
    return isinstance(file.data, dict) and not set(file.data) <= set(kind.schema["properties"])
