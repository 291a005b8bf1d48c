"""Scores: of one org with its derivation, or of all that this person may read."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.asking import parameters
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.language.periods import Period
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services.score_words import sheet_json
from jingwei.services.scores import score_of, scores_of
from jingwei.web import locale

blueprint = Blueprint("scores", __name__, url_prefix="/api/v1/scores")


@blueprint.get("/<scheme>")
def score(scheme: str) -> Response:
    """`?org&period`; without an org, everybody's, best first."""
    given = parameters("org", "period")
    with reading() as view:
        period = _period(given.get("period", ""))
        if "org" in given:
            return answer(sheet_json(view, score_of(view, scheme, given["org"], period), locale()))
        sheets = scores_of(view, scheme, period)
        return answer({"items": [sheet_json(view, one, locale()) for one in sheets]})


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError:
        refused = FieldRefusal("period", "not-a-period", {"example": "2026"})
        raise Invalid("invalid", fields=[refused]) from None
