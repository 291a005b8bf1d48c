"""`/settings`: what a person sets for himself: who stands in, phrases, the signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint

from jingwei.screens.away import chain_words, last_day
from jingwei.screens.cells import Cells
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.services import personal
from jingwei.services.commands import Reading
from jingwei.services.flows import proxies
from jingwei.texts import text
from jingwei.web import locale

WORDS = (
    "title", "stand_in", "stand_in_hint", "to", "from", "until", "forms", "forms_all",
    "include_open", "make", "none_given", "end", "end_sure", "for_me", "for_others", "now",
    "coming", "over", "phrases", "phrases_hint", "save", "signature", "signature_hint", "draw",
    "clear", "upload", "use_drawn", "remove", "remove_sure", "no_signature", "mine", "choose_forms",
    "nothing_drawn",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/settings", "settings", show)


def show() -> Any:
    with reading() as view:
        cells = Cells(view)
        every = proxies.listed(view)
        cells.learn_people(p for one in every for p in (one["person"], one["to"]))
        shown = [_shown(view, cells, one) for one in every]
        return page(
            view,
            "settings.html",
            words={name: text(f"personal.{name}", locale()) for name in WORDS},
            given=[one for one in shown if one["mine"]],
            got=[one for one in shown if not one["mine"]],
            forms=_forms(view),
            today=view.today.isoformat(),
            phrases=personal.phrases(view),
            signed=personal.signature(view),
        )


def _forms(view: Reading) -> list[tuple[str, str]]:
    """Forms with an approval."""
    return [
        (form.name, form.title(locale()))
        for form in view.catalogue.forms.values()
        if form.workflow or form.workflows
    ]


def _shown(view: Reading, cells: Cells, one: Mapping[str, Any]) -> dict[str, Any]:
    since = datetime.fromisoformat(one["from"])
    until = datetime.fromisoformat(one["until"])
    when = "now" if since <= view.now < until else "coming" if view.now < since else "over"
    mine = one["person"] == view.actor.login
    forms = [cells.title("form", name) for name in one["forms"]]
    return {
        "id": one["id"],
        "mine": mine,
        "who": cells.person(one["to"] if mine else one["person"]),
        "from": cells.moment(one["from"]).rpartition(" ")[0],
        "until": last_day(cells, until),
        "when": when,
        "words": text(f"personal.{when}", locale()),
        "color": {"now": "green", "coming": "blue"}.get(when, "grey"),
        "forms": text("screens.joint", locale()).join(forms),
        "chain": chain_words(view, cells, one) if mine and when != "over" else "",
    }
