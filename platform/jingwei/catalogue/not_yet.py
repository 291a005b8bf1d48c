"""What the language has and this version does not run yet: said, not passed in silence."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import all_effects
from jingwei.problems import Phrase, Problems

LATER_VERBS = ("render", "score")
INDICATOR_TYPES = ("qualitative",)
SCORING_KEYS = ("weights_from",)
ITEM_KEYS = ("cap_override",)
# kinds that are read, linked and checked, and do nothing yet
LATER_KINDS = ("sources", "scenarios")
# kinds of which every org has the group's, whatever its layers say
LATER_LAYERS = ("alert", "indicator")


def warn_about_what_is_not_yet_run(catalogue: Catalogue, problems: Problems) -> None:
    for form in catalogue.forms.values():
        if ("collect", "each") in form.origin.keys:
            at = form.origin.key("collect", "each")
            problems.add("not-yet-run", at, severity="warning", what="each")
    for profile in catalogue.profiles.values():
        if ("collect",) in profile.origin.keys:
            at = profile.origin.key("collect")
            problems.add("not-yet-run", at, severity="warning", what="collect")
    for effects in all_effects(catalogue):
        for effect in effects:
            if effect.verb in LATER_VERBS:
                problems.add("not-yet-run", effect.at, severity="warning", what=effect.verb)
    for indicator in catalogue.indicators.values():
        if indicator.type in INDICATOR_TYPES:
            at = indicator.origin.value("type")
            problems.add("not-yet-run", at, severity="warning", what=indicator.type)
    for scoring in catalogue.scorings.values():
        places: list[tuple[str, ...]] = [(key,) for key in SCORING_KEYS]
        places += [("items", item, key) for item in scoring.items for key in ITEM_KEYS]
        for place in places:
            if place in scoring.origin.keys:
                at = scoring.origin.key(*place)
                problems.add("not-yet-run", at, severity="warning", what=place[-1])
    for layer in catalogue.layers.values():
        if layer.of_kind in LATER_LAYERS:
            at = layer.origin.value("kind")
            what = Phrase("things.kind_layer")
            problems.add("not-yet-run", at, severity="warning", what=what)
    for kind in LATER_KINDS:
        for definition in getattr(catalogue, kind).values():
            at = definition.origin.value("kind")
            what = Phrase(f"things.kind_{definition.kind}")
            problems.add("not-yet-run", at, severity="warning", what=what)
