"""Rules about layers: each names what is there, and every org's definitions can be made."""

from __future__ import annotations

from itertools import combinations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.extensions import kept_ways
from jingwei.catalogue.layered import build_under, layers_under, patching, standings
from jingwei.catalogue.rules_layering import check_layering
from jingwei.language.layer import Layer
from jingwei.problems import Position, Problems, nearest


def check_layers(catalogue: Catalogue, problems: Problems, *, whole: bool = True) -> None:
    """Every layer names what is there, and every org's definitions can be made. Not `whole`: some
    expressions of the catalogue are wrong and have no tree."""
    check_layering(catalogue, problems)
    if problems.errors or not catalogue.layers:
        return  # a base that is wrong says so itself
    before = len(problems.errors)
    for layer in catalogue.layers.values():
        _check_target(catalogue, layer, problems)
    _check_conflicts(catalogue, problems)
    if len(problems.errors) > before:
        return
    for under in standings(catalogue):
        made = build_under(catalogue, under, problems)
        if made is not None:
            catalogue._layered["catalogue", under] = made
    if whole and len(problems.errors) == before:
        _check_keeping(catalogue, problems)


def _check_target(catalogue: Catalogue, layer: Layer, problems: Problems) -> None:
    if not (layer.sets or layer.adds or layer.hides):
        at = layer.origin.value("kind")
        problems.add("layer-does-nothing", at, severity="warning", name=layer.of_name)
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
    for of in patching(catalogue).values():
        for layers in of.values():
            said: list[tuple[str, Position]] = [
                (patch.path, patch.at) for layer in layers for patch in layer.sets
            ]
            for (one, first), (other, second) in combinations(said, 2):
                if other == one or other.startswith(f"{one}.") or one.startswith(f"{other}."):
                    problems.add("layer-conflict", second, path=other, other=first)


def _check_keeping(catalogue: Catalogue, problems: Problems) -> None:
    """What is kept is kept alike for every org: one record may move from one to another."""
    known = {
        (form.name, path): way
        for form in catalogue.forms.values()
        for path, way in kept_ways(catalogue, form).items()
    }
    for under in standings(catalogue):
        made = catalogue._layered["catalogue", under]
        for kind, name in patching(catalogue):
            layers = layers_under(catalogue, kind, name, under) if kind == "form" else ()
            for path, way in kept_ways(made, made.forms[name]).items() if layers else ():
                if known.setdefault((name, path), way) != way:
                    _say_kept_otherwise(layers, path, problems)


def _say_kept_otherwise(layers: tuple[Layer, ...], path: str, problems: Problems) -> None:
    place = "fields." + path.replace(".", ".fields.")
    for layer in layers:
        for patch in layer.sets:
            if patch.path == place or patch.path.startswith(f"{place}."):
                problems.add("layer-keeps-otherwise", patch.at, path=patch.path, field=path)
