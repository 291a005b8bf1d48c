"""Kind `layer`: schema and builder."""

from __future__ import annotations

from typing import Any

from jingwei.language.definition import Origin
from jingwei.language.layer import Addition, Hidden, Layer, Patch
from jingwei.language.shapes import WORD, Schema, kind, list_of, map_of
from jingwei.language.walker import BAD, Walker, reads, wrong_shape
from jingwei.problems import nearest
from jingwei.reading.yaml_file import Data, Path, Scalar

# kinds that layers may patch
PATCHED = ("form", "workflow", "dashboard", "report", "alert", "module", "indicator")
_RAW: Schema = {"jingwei": "raw"}
SCHEMA = kind(
    "layer",
    {
        "for": WORD,
        "patches": WORD,
        "rebased_on": WORD,
        "set": map_of(_RAW, names="any"),
        "add": map_of(map_of(_RAW, names="any", thing="addition"), names="any"),
        "hide": list_of(WORD),
    },
    ("for", "patches"),
    titled=False,
)


@reads("raw")
def read_raw(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """As it is written: the kind that is patched will read it."""
    if isinstance(data, Scalar) and data.is_empty:
        return walker.empty(path)
    return data


def build(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    of_kind, slash, of_name = values["patches"].partition("/")
    at = walker.value_at(("patches",))
    if not slash or of_kind not in PATCHED:
        return walker.fail(
            "not-patched",
            at,
            suggestion=nearest(of_kind, PATCHED),
            value=values["patches"],
            known=", ".join(f"{kind}/…" for kind in PATCHED),
        )
    walker.reference(of_kind, of_name, at.shifted(len(of_kind) + 1, len(values["patches"])))
    sets = [_patch(walker, path, data) for path, data in values.get("set", {}).items()]
    adds = [
        _addition(walker, path, entry, data)
        for path, entries in values.get("add", {}).items()
        for entry, data in entries.items()
    ]
    if any(one is BAD for one in (*sets, *adds)):
        return BAD
    hides = [
        Hidden(path, walker.value_at(("hide", index)))
        for index, path in enumerate(values.get("hide", ()))
    ]
    file = walker.file
    return Layer(
        kind="layer",
        name=name,
        origin=Origin(file.path, file.keys, file.values),
        fingerprint=file.fingerprint,
        for_=values["for"],
        of_kind=of_kind,
        of_name=of_name,
        rebased_on=values.get("rebased_on"),
        sets=tuple(sets),
        adds=tuple(adds),
        hides=tuple(hides),
        keys=file.keys,
        values=file.values,
    )


def _patch(walker: Walker, path: str, data: Data) -> Any:
    place: Path = ("set", path)
    at = walker.key_at(place)
    if isinstance(data, dict) and list(data) == ["override"]:
        return Patch(path, data["override"], at, (*place, "override"), override=True)
    return Patch(path, data, at, place)


def _addition(walker: Walker, path: str, name: str, data: Data) -> Any:
    place: Path = ("add", path, name)
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, place)
    beside: dict[str, str] = {}
    for key in ("after", "before"):
        written = data.get(key)
        if written is not None:
            if not isinstance(written, Scalar):
                return wrong_shape(walker, "things.words", written, (*place, key))
            beside[key] = written.text
    if len(beside) > 1:
        return walker.fail("one-of-keys", walker.key_at((*place, "before")), keys="after, before")
    value: Data = {key: part for key, part in data.items() if key not in beside}
    return Addition(path, name, value, walker.key_at(place), place, **beside)
