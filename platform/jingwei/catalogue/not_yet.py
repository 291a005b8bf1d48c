"""What the language has and this version does not run yet: said, not passed in silence."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import all_effects
from jingwei.catalogue.sources import MANIFEST
from jingwei.language.definition import Definition
from jingwei.language.form import Form
from jingwei.language.layer import Layer
from jingwei.language.workflow import walk
from jingwei.problems import Phrase, Problems
from jingwei.reading.read import read_file
from jingwei.texts import LOCALES

LATER_VERBS = ("render",)
INDICATOR_TYPES = ("qualitative",)
# keys that are read and checked, by kind and place; `*` stands for any name or number
LATER_KEYS: dict[str, tuple[str, ...]] = {
    "form": (
        "collect.each",
        "fields.*.permissions",
        "collect.urge.*.channels",
        "receipts.*.urge.*.channels",
    ),
    "alert": ("urge.*.channels",),
    "profile": ("collect",),
    "org": ("also_in",),
    "org_types": ("trees",),
    "scoring": ("weights_from", "items.*.cap_override"),
}
LATER_VIEWS = ("card", "gantt", "pivot")
_LATER = {
    kind: [tuple(pattern.split(".")) for pattern in patterns]
    for kind, patterns in LATER_KEYS.items()
}
# kinds that are read, linked and checked, and do nothing yet
LATER_KINDS = ("sources", "scenarios")
# kinds whose `help` no page leads to
WITHOUT_A_PAGE = (
    *("orgs", "profiles", "roles", "posts", "calendars", "code_lists", "workflows", "modules"),
    *("indicator_sets", "benchmarks", "classifications", "scorings", "rows", "alerts", "schedules"),
)
# kinds of which every org has the group's, whatever its layers say, but for thresholds
LATER_LAYERS = ("alert", "indicator")


def warn_about_what_is_not_yet_run(catalogue: Catalogue, problems: Problems) -> None:
    for definition in _definitions(catalogue):
        _warn_of_keys(definition, problems)
    for effects in all_effects(catalogue):
        for effect in effects:
            if effect.verb in LATER_VERBS:
                problems.add("not-yet-run", effect.at, severity="warning", what=effect.verb)
    for form in catalogue.forms.values():
        _warn_of_values(form, problems)
    for workflow in catalogue.workflows.values():
        for step in walk(workflow.steps):
            if step.help is not None:
                problems.add("not-yet-run", step.at, severity="warning", what="help")
    for indicator in catalogue.indicators.values():
        if indicator.type in INDICATOR_TYPES:
            at = indicator.origin.value("type")
            problems.add("not-yet-run", at, severity="warning", what=indicator.type)
    for layer in catalogue.layers.values():
        if layer.of_kind in LATER_LAYERS and not _is_run(layer):
            at = layer.origin.value("kind")
            what = Phrase("things.kind_layer")
            problems.add("not-yet-run", at, severity="warning", what=what)
    for kind in LATER_KINDS:
        for definition in getattr(catalogue, kind).values():
            at = definition.origin.value("kind")
            what = Phrase(f"things.kind_{definition.kind}")
            problems.add("not-yet-run", at, severity="warning", what=what)
    for kind in WITHOUT_A_PAGE:
        for definition in getattr(catalogue, kind).values():
            if definition.help is not None:
                at = definition.origin.key("help")
                problems.add("not-yet-run", at, severity="warning", what="help")
    _warn_of_channels(catalogue, problems)


def _is_run(layer: Layer) -> bool:
    """Of an indicator the thresholds are each org's own; the rest is the group's."""
    paths = [one.path for one in layer.sets] + [one.path for one in layer.adds]
    paths += [one.path for one in layer.hides]
    return layer.of_kind == "indicator" and all(p.split(".")[0] == "thresholds" for p in paths)


def _definitions(catalogue: Catalogue) -> Iterator[Definition]:
    yield catalogue.org_types
    kinds = ("forms", "alerts", "profiles", "orgs", "scorings")
    for kind in kinds:
        yield from getattr(catalogue, kind).values()


def _warn_of_keys(definition: Definition, problems: Problems) -> None:
    patterns = _LATER[definition.kind]
    last = {pattern[-1] for pattern in patterns}
    for path in definition.origin.keys:
        if not path or path[-1] not in last:
            continue
        for pattern in patterns:
            alike = len(path) == len(pattern) and all(
                one == "*" or one == part for one, part in zip(pattern, path, strict=True)
            )
            if alike:
                at = definition.origin.key(*path)
                problems.add("not-yet-run", at, severity="warning", what=str(path[-1]))


def _warn_of_values(form: Form, problems: Problems) -> None:
    """Words that a key may have, and that are not run, though others of the same key are."""
    for name, view in form.list.views.items():
        if view.get("type") in LATER_VIEWS:
            at = form.origin.value("list", "views", name, "type")
            problems.add("not-yet-run", at, severity="warning", what=view["type"])
    for name, action in form.actions.items():
        if action.place != "record" and not action.place.startswith("row "):
            at = form.origin.value("actions", name, "place")
            problems.add("not-yet-run", at, severity="warning", what=action.place)


def _warn_of_channels(catalogue: Catalogue, problems: Problems) -> None:
    """Messages go where each person wants them; the manifest's channels are not asked."""
    file = read_file(MANIFEST, catalogue.files[MANIFEST], Problems())
    if file is not None and ("channels",) in file.keys:
        at = file.key_at(("channels",))
        problems.add("not-yet-run", at, severity="warning", what="channels")
    if file is not None and tuple(catalogue.manifest.locales) != LOCALES:
        at = file.key_at(("locales",))  # the screens are in both
        problems.add("not-yet-run", at, severity="warning", what="locales")
