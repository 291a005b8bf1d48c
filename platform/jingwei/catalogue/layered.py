"""Which layers an org stands under, and each definition as it is for that org.

Base → type by type and org by org from the top of the tree down. Resolutions are kept by the
layers that made them, so that orgs without layers of their own share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.formulas_form import type_form
from jingwei.catalogue.formulas_measures import (
    type_alert,
    type_dashboard,
    type_indicator,
    type_module,
    type_report,
)
from jingwei.catalogue.formulas_workflow import type_workflow
from jingwei.catalogue.layering import Leaf, Merged, merged
from jingwei.catalogue.org_tree import OrgTree
from jingwei.catalogue.shared_rows import with_shared_rows
from jingwei.catalogue.typed import Typing
from jingwei.language.kinds.table import KINDS
from jingwei.language.layer import Layer
from jingwei.language.walker import BAD, Walker
from jingwei.problems import DefinitionErrors, Position, Problems, nearest
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import YamlFile

OF_KIND = {
    "form": "forms",
    "workflow": "workflows",
    "dashboard": "dashboards",
    "report": "reports",
    "alert": "alerts",
    "module": "modules",
    "indicator": "indicators",
}
_TYPING: Mapping[str, Callable[[Typing, Any], None]] = {
    "form": type_form,
    "workflow": type_workflow,
    "dashboard": type_dashboard,
    "report": type_report,
    "alert": type_alert,
    "module": type_module,
    "indicator": type_indicator,
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A definition as it is for some orgs, and where each of its values comes from.

    `expressions`: its formulas, typed; those of the catalogue are the base's.
    """

    definition: Any
    layers: tuple[str, ...]
    merged: Merged
    expressions: Any

    def leaves(self) -> list[Leaf]:
        """Every written value with its place and layer, in reading order."""
        return self.merged.leaves()


Patching = Mapping[tuple[str, str], Mapping[str, Sequence[Layer]]]


def chain(tree: OrgTree, org: str, on: date) -> tuple[str, ...]:
    """The org and those above it on that day, the top first."""
    found = [org]
    above = tree.parent(org, on)
    while above is not None and above not in found:
        found.append(above)
        above = tree.parent(above, on)
    return tuple(reversed(found))


def layers_of(catalogue: Catalogue, kind: str, name: str, org: str, on: date) -> tuple[Layer, ...]:
    """The layers of a definition for an org, in the order in which they are put in."""
    return stacked(_patching(catalogue).get((kind, name), {}), catalogue.tree, org, on)


def stacked(
    own: Mapping[str, Sequence[Layer]], tree: OrgTree, org: str, on: date
) -> tuple[Layer, ...]:
    """Of the layers of one definition (by org or type) those an org stands under, in order."""
    found: list[Layer] = []
    for code in chain(tree, org, on) if own else ():
        for target in (tree.type_of(code), code):
            found += [layer for layer in own.get(target, ()) if layer not in found]
    return tuple(found)


def patching(layers: Mapping[str, Layer]) -> Patching:
    """(kind, name) → org or type → its layers, by name."""
    found: dict[tuple[str, str], dict[str, list[Layer]]] = {}
    for name in sorted(layers):
        layer = layers[name]
        of = found.setdefault((layer.of_kind, layer.of_name), {})
        of.setdefault(layer.for_, []).append(layer)
    return found


def _patching(catalogue: Catalogue) -> Patching:
    kept: Patching | None = catalogue._layered.get("patching")
    if kept is None:
        kept = catalogue._layered["patching"] = patching(catalogue.layers)
    return kept


def resolved(catalogue: Catalogue, kind: str, name: str, org: str, on: date) -> Resolved:
    """The definition as it is for an org on a day. Raises KeyError for what is not there."""
    layers = layers_of(catalogue, kind, name, org, on)
    key = (kind, name, tuple(layer.name for layer in layers))
    found: Resolved | None = catalogue._layered.get(key)
    if found is None:
        problems = Problems()
        found = _resolve(catalogue, kind, name, layers, problems)
        if found is None:
            raise DefinitionErrors(problems)
        catalogue._layered[key] = found
    return found


def _resolve(
    catalogue: Catalogue, kind: str, name: str, layers: Sequence[Layer], problems: Problems
) -> Resolved | None:
    base = getattr(catalogue, OF_KIND[kind])[name]
    file = _file_of(catalogue, base.origin.file, problems)
    if file is None:
        return None
    before = len(problems.errors)
    result = merged(file, layers, problems)
    names = tuple(layer.name for layer in layers)
    if not layers or len(problems.errors) > before:
        return None if layers else Resolved(base, names, result, catalogue.expressions)
    whole = replace(file, data=result.data, keys=result.keys, values=result.values)
    walker = Walker(whole, problems)
    values = walker.read(KINDS[kind].schema, whole.data, ())
    definition = BAD if values is BAD else KINDS[kind].build(walker, name, values)
    if definition is BAD or walker.bad:
        return None
    if kind == "form":
        definition = with_shared_rows({name: definition}, catalogue.rows)[name]
    _check_references(catalogue, walker, problems)
    expressions = _typed(catalogue, kind, definition, whole, layers, problems)
    if len(problems.errors) > before:
        return None
    return Resolved(definition, names, result, expressions)


def _file_of(catalogue: Catalogue, path: str, problems: Problems) -> YamlFile | None:
    kept: YamlFile | None = catalogue._layered.get(path)
    if kept is None:
        kept = read_file(path, catalogue.files[path], problems)
        if kept is not None:
            # positions are made once for all the orgs that will be asked about
            kept = replace(kept, keys=dict(kept.keys), values=dict(kept.values))
            catalogue._layered[path] = kept
    return kept


def _check_references(catalogue: Catalogue, walker: Walker, problems: Problems) -> None:
    for reference in walker.references:
        known = _known(catalogue, reference.kind)
        if known is not None and reference.name not in known:
            problems.add(
                "unknown-name",
                reference.at,
                suggestion=nearest(reference.name, known),
                name=reference.name,
                known=", ".join(list(known)[:12]),
            )


def _known(catalogue: Catalogue, kind: str) -> Iterable[str] | None:
    attribute = "orgs" if kind == "org" else f"{kind}s"
    found: Iterable[str] | None = getattr(catalogue, attribute, None)
    return found


def _typed(
    catalogue: Catalogue,
    kind: str,
    definition: Any,
    file: YamlFile,
    layers: Sequence[Layer],
    problems: Problems,
) -> Any:
    """The formulas of the resolved definition, typed as part of the whole."""
    attribute = OF_KIND[kind]
    kept = {name: getattr(catalogue, name) for name in Catalogue.__slots__ if name[0] != "_"}
    around = {**getattr(catalogue, attribute), definition.name: definition}
    whole = Catalogue(**{**kept, attribute: around})
    texts = {file.path: file.text}
    for layer in layers:
        path = layer.origin.file
        texts[path] = catalogue.files[path].decode("utf-8").replace("\r\n", "\n")
    typing = Typing(whole, texts, problems)
    _TYPING[kind](typing, definition)
    return typing.expressions


# -- the rules


def check_layers(catalogue: Catalogue, problems: Problems) -> None:
    """Every layer names what is there, and every org's definitions can be made."""
    if problems.errors:
        return  # a base that is wrong says so itself
    before = len(problems.errors)
    for layer in catalogue.layers.values():
        _check_target(catalogue, layer, problems)
    _check_conflicts(catalogue, problems)
    if len(problems.errors) > before:
        return
    on = max((org.valid_from for org in catalogue.orgs.values()), default=date.min)
    for (kind, name), _ in _patching(catalogue).items():
        chains = {layers_of(catalogue, kind, name, org, on): None for org in catalogue.orgs}
        for layers in chains:
            if layers:
                found = _resolve(catalogue, kind, name, layers, problems)
                key = (kind, name, tuple(layer.name for layer in layers))
                if found is not None:
                    catalogue._layered[key] = found


def _check_target(catalogue: Catalogue, layer: Layer, problems: Problems) -> None:
    targets = [*catalogue.orgs, *catalogue.org_types.types]
    if layer.for_ not in targets:
        problems.add(
            "layer-for-nobody",
            layer.origin.value("for"),
            suggestion=nearest(layer.for_, targets),
            name=layer.for_,
        )


def _check_conflicts(catalogue: Catalogue, problems: Problems) -> None:
    """Layers of one org that say two things about one place: neither comes before the other."""
    for of in _patching(catalogue).values():
        for layers in of.values():
            said: list[tuple[str, Position]] = [
                (patch.path, patch.at) for layer in layers for patch in layer.sets
            ]
            for (one, first), (other, second) in combinations(said, 2):
                if other == one or other.startswith(f"{one}.") or one.startswith(f"{other}."):
                    problems.add("layer-conflict", second, path=other, other=first)
