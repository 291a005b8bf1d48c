"""Which layers an org stands under, and each definition as it is for that org.

Base → type by type and org by org from the top of the tree down. Resolutions are kept by the
layers that made them, so that orgs without layers of their own share one.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.currency import with_currency
from jingwei.catalogue.formulas_form import type_form
from jingwei.catalogue.formulas_measures import (
    type_alert,
    type_dashboard,
    type_indicator,
    type_module,
    type_report,
)
from jingwei.catalogue.formulas_workflow import type_workflow
from jingwei.catalogue.layering import Leaf, Merged, merged, written
from jingwei.catalogue.org_tree import OrgTree
from jingwei.catalogue.rules_form import check_form
from jingwei.catalogue.rules_workflow import check_workflow
from jingwei.catalogue.scorecards import with_scorecards
from jingwei.catalogue.shared_rows import with_shared_rows
from jingwei.catalogue.typed import Typing
from jingwei.language.definition import Origin
from jingwei.language.kinds.table import KINDS
from jingwei.language.layer import Layer
from jingwei.language.walker import BAD, Walker
from jingwei.problems import DefinitionErrors, Problems, nearest
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import Path, YamlFile

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
_CHECKS: Mapping[str, Callable[[Catalogue, Any, Problems], None]] = {
    "form": check_form,
    "workflow": check_workflow,
}
Standing = tuple[str, ...]
Patching = Mapping[tuple[str, str], Mapping[str, Sequence[Layer]]]


@dataclass(frozen=True, slots=True)
class Read:
    """A definition with its layers put in, its formulas not looked at yet.

    `file`: what it was read from; `added`: own blocks of layers, and for which org or type.
    """

    definition: Any
    layers: tuple[Layer, ...]
    file: YamlFile
    added: Mapping[Path, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A definition as it is for some orgs. `expressions`: its formulas, typed; those of the
    catalogue are the base's."""

    definition: Any
    layers: tuple[str, ...]
    expressions: Any
    added: Mapping[Path, str]
    merge: Callable[[], Merged]

    def leaves(self) -> list[Leaf]:
        """Every written value with its place and layer, in reading order."""
        return self.merge().leaves()

    def text(self) -> str:
        """The definition as one file that needs no layers."""
        return written(self.merge().data)


# -- who stands under what


def chain(tree: OrgTree, org: str, on: date) -> tuple[str, ...]:
    """The org and those above it on that day, the top first."""
    return tuple(reversed(tree.ancestors(org, on)))


def standing(catalogue: Catalogue, org: str, on: date) -> Standing:
    """The types of org and orgs whose layers an org stands under, in the order in which these are
    put in. Orgs that stand alike have one catalogue."""
    if not catalogue.layers or org not in catalogue.orgs:
        return ()
    tree = catalogue.tree
    key = ("standing", org, tree.era(on))
    kept: Standing | None = catalogue._layered.get(key)
    if kept is None:
        targets = _targets(catalogue)
        ways = ((tree.type_of(code), code) for code in chain(tree, org, on))
        found = dict.fromkeys(t for pair in ways for t in pair if t in targets)
        kept = catalogue._layered[key] = tuple(found)
    return kept


def _targets(catalogue: Catalogue) -> frozenset[str]:
    kept: frozenset[str] | None = catalogue._layered.get("targets")
    if kept is None:
        kept = frozenset(layer.for_ for layer in catalogue.layers.values())
        catalogue._layered["targets"] = kept
    return kept


def patching(catalogue: Catalogue) -> Patching:
    """(kind, name) → org or type → its layers, by name."""
    kept: Patching | None = catalogue._layered.get("patching")
    if kept is None:
        found: dict[tuple[str, str], dict[str, list[Layer]]] = {}
        for name in sorted(catalogue.layers):
            layer = catalogue.layers[name]
            of = found.setdefault((layer.of_kind, layer.of_name), {})
            of.setdefault(layer.for_, []).append(layer)
        kept = catalogue._layered["patching"] = found
    return kept


def layers_under(catalogue: Catalogue, kind: str, name: str, under: Standing) -> tuple[Layer, ...]:
    """The layers of a definition for those who stand so, in the order in which they are put in."""
    own = patching(catalogue).get((kind, name), {})
    return tuple(layer for target in under for layer in own.get(target, ())) if own else ()


def layers_of(catalogue: Catalogue, kind: str, name: str, org: str, on: date) -> tuple[Layer, ...]:
    """The layers of a definition for an org, in the order in which they are put in."""
    return layers_under(catalogue, kind, name, standing(catalogue, org, on))


# -- one definition


def resolved(catalogue: Catalogue, kind: str, name: str, org: str, on: date) -> Resolved:
    """The definition as it is for an org on a day. Raises KeyError for what is not there."""
    problems = Problems()
    found = resolve(catalogue, kind, name, standing(catalogue, org, on), problems)
    if found is None:
        raise DefinitionErrors(problems)
    return found


def resolve(
    catalogue: Catalogue, kind: str, name: str, under: Standing, problems: Problems
) -> Resolved | None:
    """The definition for those who stand so; None after adding what is wrong with their layers.

    Its formulas are typed beside the group's definitions; only where one asks for what a layer of
    another form added, beside all forms as these orgs have them.
    """
    base = getattr(catalogue, OF_KIND[kind])[name]
    layers = layers_under(catalogue, kind, name, under)
    if not layers:
        return _unlayered(catalogue, base)
    form = layers_under(catalogue, "form", base.form, under) if kind == "workflow" else ()
    key: tuple[Any, ...] = ("resolved", kind, name, _names(layers), _names(form))
    kept: Resolved | None = catalogue._layered.get(key) or catalogue._layered.get((*key, under))
    if kept is not None:
        return kept
    found = read(catalogue, kind, name, layers, problems)
    if found is None:
        return None
    alone = Problems()
    around = _beside(catalogue, kind, found, form, alone)
    expressions = _typed(around, kind, found, alone)
    if alone.errors:
        key, alone = (*key, under), Problems()
        around = _beside_all_forms(catalogue, kind, found, under, alone)
        expressions = _typed(around, kind, found, alone)
    if not alone.errors and kind in _CHECKS:
        typed = ChainMap(expressions, catalogue.expressions)  # type: ignore[arg-type]  # only read
        _CHECKS[kind](with_definitions(around, {}, expressions=typed), found.definition, alone)
    problems.extend(alone.errors)  # of the warnings those of the definition itself are enough
    if alone.errors:
        return None
    origin = Origin(base.origin.file, {}, {})  # the places of the merged text are not kept
    result = Resolved(
        replace(found.definition, origin=origin),
        _names(layers),
        expressions,
        found.added,
        lambda: _merged(catalogue, base, layers),
    )
    catalogue._layered[key] = result
    return result


def _names(layers: Iterable[Layer]) -> tuple[str, ...]:
    return tuple(layer.name for layer in layers)


def _unlayered(catalogue: Catalogue, base: Any) -> Resolved:
    return Resolved(base, (), catalogue.expressions, {}, lambda: _merged(catalogue, base, ()))


def _merged(catalogue: Catalogue, base: Any, layers: Sequence[Layer]) -> Merged:
    file = _file_of(catalogue, base.origin.file, Problems())
    assert file is not None  # it was read when the catalogue was made
    return merged(file, layers, Problems())


def read(
    catalogue: Catalogue,
    kind: str,
    name: str,
    layers: tuple[Layer, ...],
    problems: Problems,
) -> Read | None:
    """The definition with these layers put in, read by its kind as if it had been written so."""
    key = ("read", kind, name, _names(layers))
    kept: Read | None = catalogue._layered.get(key)
    if kept is not None:
        return kept
    base = getattr(catalogue, OF_KIND[kind])[name]
    file = _file_of(catalogue, base.origin.file, problems)
    if file is None:
        return None
    before = len(problems.errors)
    result = merged(file, layers, problems)
    if len(problems.errors) > before:
        return None
    whole = replace(file, data=result.data, keys=result.keys, values=result.values)
    text = sha256(written(result.data).encode()).hexdigest()
    found = _as_kind(catalogue, kind, name, whole, text, problems)
    if found is None:
        return None
    found = replace(found, layers=layers, added=result.added)
    if kind == "form":
        catalogue._layered[key] = found
    return found


def _as_kind(
    catalogue: Catalogue, kind: str, name: str, whole: YamlFile, text: str, problems: Problems
) -> Read | None:
    """A file read by its kind, all that it names being there. `text`: its fingerprint."""
    before = len(problems.errors)
    walker = Walker(whole, problems)
    values = walker.read(KINDS[kind].schema, whole.data, ())
    definition = BAD if values is BAD else KINDS[kind].build(walker, name, values)
    if definition is BAD or walker.bad:
        return None
    definition = replace(definition, fingerprint=text)
    if kind == "form":
        shared = with_shared_rows({name: definition}, catalogue.rows)
        definition = with_scorecards(shared, catalogue.scorings, catalogue.indicators)[name]
        currency = catalogue.manifest.currency
        definition = with_currency({name: definition}, currency)[name]
    _check_references(catalogue, walker, problems)
    if len(problems.errors) > before:
        return None
    return Read(definition, (), whole, {})


def with_text(catalogue: Catalogue, kind: str, name: str, text: bytes) -> Catalogue:
    """The catalogue with one definition read from another text. Raises DefinitionErrors."""
    problems = Problems()
    path = f"{OF_KIND[kind]}/{name}.yaml"
    file = read_file(path, text, problems)
    problems.stop_here_if_any()
    assert file is not None
    found = _as_kind(catalogue, kind, name, file, sha256(text).hexdigest(), problems)
    problems.stop_here_if_any()
    assert found is not None
    own = {OF_KIND[kind]: {name: found.definition}}
    expressions = _typed(with_definitions(catalogue, own), kind, found, problems)
    problems.stop_here_if_any()
    typed = ChainMap(expressions, catalogue.expressions)  # type: ignore[arg-type]  # only read
    return with_definitions(catalogue, own, expressions=typed)


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


# -- its formulas


def _beside(
    catalogue: Catalogue, kind: str, found: Read, form: tuple[Layer, ...], problems: Problems
) -> Catalogue:
    """The group's catalogue but for this definition; for a workflow, but for its form too."""
    own = {OF_KIND[kind]: {found.definition.name: found.definition}}
    if form:
        layered = read(catalogue, "form", found.definition.form, form, problems)
        if layered is not None:
            own["forms"] = {layered.definition.name: layered.definition}
    return with_definitions(catalogue, own)


def _beside_all_forms(
    catalogue: Catalogue, kind: str, found: Read, under: Standing, problems: Problems
) -> Catalogue:
    own: dict[str, dict[str, Any]] = {"forms": {}}
    for of_kind, name in patching(catalogue):
        layers = layers_under(catalogue, of_kind, name, under) if of_kind == "form" else ()
        layered = read(catalogue, "form", name, layers, problems) if layers else None
        if layered is not None:
            own["forms"][name] = layered.definition
    own.setdefault(OF_KIND[kind], {})[found.definition.name] = found.definition
    return with_definitions(catalogue, own)


def with_definitions(
    catalogue: Catalogue, own: Mapping[str, Mapping[str, Any]], **changes: Any
) -> Catalogue:
    """The catalogue with some definitions in the place of those it has, in the same order."""
    kept = {name: getattr(catalogue, name) for name in Catalogue.__slots__ if name[0] != "_"}
    mixed = {name: {**kept[name], **definitions} for name, definitions in own.items()}
    return Catalogue(**{**kept, **mixed, **changes})


def _typed(around: Catalogue, kind: str, found: Read, problems: Problems) -> Any:
    """The formulas of the resolved definition, typed as part of a whole."""
    texts = {found.file.path: found.file.text}
    for layer in found.layers:
        path = layer.origin.file
        texts[path] = around.files[path].decode("utf-8").replace("\r\n", "\n")
    typing = Typing(around, texts, problems)
    _TYPING[kind](typing, found.definition)
    return typing.expressions


# -- all definitions


def catalogue_for(catalogue: Catalogue, org: str | None, on: date) -> Catalogue:
    """The catalogue as an org has it on a day: the one place that is asked which it is.

    Orgs that stand under the same layers share one; those under none have the group's.
    """
    base = catalogue.base or catalogue
    return base if org is None else catalogue_under(base, standing(base, org, on))


def catalogue_under(base: Catalogue, under: Standing) -> Catalogue:
    """The catalogue of those who stand so. Raises DefinitionErrors, which `check` has told of."""
    if not under:
        return base
    kept: Catalogue | None = base._layered.get(("catalogue", under))
    if kept is None:
        problems = Problems()
        kept = build_under(base, under, problems)
        if kept is None:
            raise DefinitionErrors(problems)
        base._layered["catalogue", under] = kept
    return kept


def build_under(base: Catalogue, under: Standing, problems: Problems) -> Catalogue | None:
    """The same made anew; None after adding what is wrong with their layers."""
    own: dict[str, dict[str, Any]] = {}
    expressions: dict[Any, Any] = {}
    bad = False
    for kind, name in patching(base):
        if not layers_under(base, kind, name, under):
            continue
        found = resolve(base, kind, name, under, problems)
        if found is None:
            bad = True
            continue
        own.setdefault(OF_KIND[kind], {})[name] = found.definition
        expressions.update(found.expressions)
    if bad:
        return None
    return with_definitions(
        base,
        own,
        base=base,
        standing=under,
        expressions=ChainMap(expressions, base.expressions),  # type: ignore[arg-type]  # only read
        fingerprint=sha256(f"{base.fingerprint} {' '.join(under)}".encode()).hexdigest(),
    )


def every_catalogue(catalogue: Catalogue, form: str) -> list[Catalogue]:
    """The catalogues under which a form differs: the group's, and those of orgs with layers."""
    base = catalogue.base or catalogue
    if not base.layers or ("form", form) not in patching(base):
        return [base]
    return [base, *(catalogue_under(base, under) for under in standings(base))]


def standings(catalogue: Catalogue) -> list[Standing]:
    """Every way in which some org stands under layers, now or after a move that is written."""
    if not catalogue.layers:
        return []
    newest = max((org.valid_from for org in catalogue.orgs.values()), default=date.min)
    days = sorted({newest, *catalogue.tree.changes})
    every = (standing(catalogue, org, day) for day in days for org in catalogue.orgs)
    return [found for found in dict.fromkeys(every) if found]
