"""Collections: who owes a form for a period, and urging them."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, parameters, words, write
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services import collections
from jingwei.services.commands import Work

blueprint = Blueprint("collect", __name__, url_prefix="/api/v1/forms/<form>/collect")


@blueprint.get("")
def matrix(form: str) -> Response:
    """`period`: one or several; by default the newest that is open."""
    given = parameters("period", "org")
    with reading() as view:
        periods = [collections.period_of(view, form, one) for one in words(given, "period")]
        return answer(collections.matrix(view, form, periods, given.get("org")))


@blueprint.post("/urge")
def urge(form: str) -> Response:
    """`{period, orgs}`: those who owe it are told; how many people."""
    parameters()
    body = known_body("period", "orgs")
    period, orgs = body.get("period"), body.get("orgs")
    if period is not None and not isinstance(period, str):
        raise Invalid("invalid", fields=[FieldRefusal("period", "not-text")])
    if orgs is not None and not (
        isinstance(orgs, list) and all(isinstance(one, str) for one in orgs)
    ):
        raise Invalid("invalid", fields=[FieldRefusal("orgs", "not-a-list")])

    def handler(work: Work) -> Answer:
        wanted = None if period is None else collections.period_of(work, form, period)
        return 200, {"urged": collections.urge(work, form, wanted, orgs)}

    return write(handler)
