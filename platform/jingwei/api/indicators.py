"""Indicators: the catalogue, cards, questions about figures; facts that come in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, parameters, write
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_object
from jingwei.refusals import Malformed
from jingwei.services import facts
from jingwei.services.commands import Work
from jingwei.services.indicator_cards import card, indicators_listed
from jingwei.services.measure_query import answer_question, read_question
from jingwei.web import locale

blueprint = Blueprint("indicators", __name__, url_prefix="/api/v1")


@blueprint.get("/indicators")
def listed() -> Response:
    """The catalogue."""
    parameters()
    with reading() as view:
        items = indicators_listed(view, locale())
    return answer({"items": items, "total": len(items), "page": 1, "size": len(items)})


@blueprint.get("/indicators/<name>")
def one(name: str) -> Response:
    """The card of an indicator."""
    parameters()
    with reading() as view:
        return answer(card(view, name, locale()))


@blueprint.post("/indicators/query")
def query() -> Response:
    """Figures; what may be asked stands in `services/measure_query.py`. It changes nothing."""
    parameters()
    body = body_object()
    with reading() as view:
        question = read_question(view, body)
        return answer(answer_question(view, question, locale()))


@blueprint.post("/facts")
def put_facts() -> Response:
    """`{facts: […], adjustments: […], source}`: all of it or nothing; the same again changes
    nothing."""
    body = known_body("facts", "adjustments", "source")

    def handler(work: Work) -> Answer:
        source = body.get("source") or "api"
        found = facts.post_facts(
            work, _rows(body, "facts"), _rows(body, "adjustments"), str(source)[:200]
        )
        return 200, found

    return write(handler)


def _rows(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = body.get(key) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed("facts-rows-needed")
    return rows
