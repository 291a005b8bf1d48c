"""What holds in a workflow where its definition is silent: the step's own word, else `defaults`,
else the preset that `policy` names, else what the engine takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.authoring.resolved import resolved
from jingwei.catalogue.layering import Merged
from jingwei.language.kinds.workflow import POLICIES, PRESETS
from jingwei.language.leaves import plain_data
from jingwei.language.workflow import Policy, Workflow
from jingwei.problems import Position
from jingwei.reading.yaml_file import Data, Scalar, YamlFile

_RETURN = ("to", "resume", "walk_again_if_changed")
_PLACE = tuple[str | int, ...]
Written = YamlFile | Merged  # a definition as its author wrote it, or with its layers


@dataclass(frozen=True, slots=True)
class InForce:
    """One rule: `path` below the workflow (`defaults.rerun`, `steps.finance.rerun`), its value, and
    where that is written; `at` None where nobody wrote it."""

    path: str
    value: Any
    at: Position | None

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "value": self.value,
            "file": self.at.file if self.at else None,
            "line": self.at.line if self.at else None,
            "default": self.at is None,
        }


def in_force(file: Written) -> list[InForce]:
    """Every rule of the whole workflow, and those that single steps have of their own."""
    found = [_recall(file)]
    for parts in _rules():
        found.append(rule_in_force(file, None, parts))
    for step_id, place in _steps(file.data, ()):
        for parts in _rules():
            if (*place, *parts) in file.values:
                found.append(rule_in_force(file, step_id, parts))
    return found


def _recall(file: Written) -> InForce:
    place = ("start", "recall")
    at = file.values.get(place)
    default = Workflow.__dataclass_fields__["recall"].default
    return InForce("start.recall", default if at is None else _written(file.data, place), at)


def rule_in_force(file: Written, step_id: str | None, parts: tuple[str, ...]) -> InForce:
    """One rule (`("rerun",)`, `("return", "to")`) of the workflow, or of one of its steps."""
    path = ".".join(("defaults",) if step_id is None else ("steps", step_id))
    path = ".".join((path, *parts))
    places: list[_PLACE] = [("defaults", *parts)]
    if step_id is not None:
        places = [(*where, *parts) for name, where in _steps(file.data, ()) if name == step_id]
        places.append(("defaults", *parts))
    for place in places:
        at = file.values.get(place)
        if at is not None:
            return InForce(path, _written(file.data, place), at)
    preset = _preset(file)
    if parts[0] in preset:
        return InForce(path, preset[parts[0]], file.values.get(("policy",)))
    return InForce(path, _default(parts), None)


def step_place(file: Written, step_id: str) -> _PLACE | None:
    """Where a step stands, however deep it is nested."""
    return next((place for name, place in _steps(file.data, ()) if name == step_id), None)


def _rules() -> Iterator[tuple[str, ...]]:
    for key in POLICIES:
        if key == "return":
            yield from ((key, part) for part in _RETURN)
        else:
            yield (key,)


def _preset(file: Written) -> Mapping[str, Any]:
    policy = file.data.get("policy") if isinstance(file.data, dict) else None
    return PRESETS.get(policy.text, {}) if isinstance(policy, Scalar) else {}


def _default(parts: tuple[str, ...]) -> Any:
    policy = resolved(Policy())
    for part in parts:
        policy = policy[part]
    return policy


def _written(data: Data, place: _PLACE) -> Any:
    for part in place:
        data = data[part]  # type: ignore[index]  # `place` is one of this file
    return plain_data(data)


def _steps(data: Data, place: _PLACE) -> Iterator[tuple[str, _PLACE]]:
    """Every map with an `id` below `steps`, from the top down."""
    if isinstance(data, list):
        for number, one in enumerate(data):
            yield from _steps(one, (*place, number))
    elif isinstance(data, dict):
        id_ = data.get("id")
        if isinstance(id_, Scalar) and "steps" in place:
            yield id_.text, place
        for key, one in data.items():
            if place or key == "steps":
                yield from _steps(one, (*place, key))
