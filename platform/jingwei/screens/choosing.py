"""Whom the initiator names when a record is submitted: the questions of the dialog, and
`/f/FORM/ID/choices`, where the form page asks for them once the record is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from jingwei.language.form import Form
from jingwei.screens.approval import flow_of
from jingwei.screens.session import reading
from jingwei.services.commands import Reading
from jingwei.services.flows.begin import workflow_of
from jingwei.services.flows.first_choices import first_choices, lets_choose
from jingwei.services.listing import form_of
from jingwei.services.record_views import at_record, readable
from jingwei.texts import text
from jingwei.web import locale

Question = Mapping[str, Any]


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/<int:id>/choices", "choices", choices)


def choices(form: str, id: int) -> Response:
    with reading() as view:
        view = at_record(view, form, id)
        definition = form_of(view, form)
        shown = readable(view, form, id)
        return jsonify(questions_of(view, definition, shown.raw))


def questions_of(view: Reading, form: Form, raw: Mapping[str, Any]) -> tuple[Question, ...]:
    """What is asked before this record is submitted, for the first time or again."""
    if not asks_for_people(view, form, raw):
        return ()
    if raw.get("status") == "returned":
        flow = flow_of(view, form.name, raw["id"])
        again = flow.mine.chosen if flow is not None and flow.mine is not None else ()
        return tuple(people_for(*one) for one in again)
    if not view.rights.decide(view, form.name, "submit", raw).allowed:
        return ()
    return tuple(
        people_for(
            one.step.id, one.step.title(locale()), one.among, one.owed, copies=one.step.kind == "cc"
        )
        for one in first_choices(view, form, raw)
    )


def people_for(
    step: str, title: str, among: Sequence[str], owed: bool, *, copies: bool = False
) -> Question:
    """Who is asked at a step to come, or who gets copies besides."""
    key = "flows.copies_for" if copies else "flow_screens.chosen_for"
    return {
        "name": f"chosen.{step}",
        "title": text(key, locale(), step=title),
        "type": "people",
        "among": list(among),
        "required": owed,
    }


def asks_for_people(view: Reading, form: Form, kept: Mapping[str, Any]) -> bool:
    """Whether people may have to be named; `kept`: the record, empty before it is saved."""
    return lets_choose(workflow_of(view, form, kept))
