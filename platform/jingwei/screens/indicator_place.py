"""Of which org and period the figures of an indicator's pages are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from jingwei.language.measures import Indicator
from jingwei.language.periods import Period
from jingwei.refusals import NotFound
from jingwei.screens.cells import Cells
from jingwei.screens.dashboards import shown_control
from jingwei.services.commands import Reading
from jingwei.services.dashboards import org_options, period_options
from jingwei.services.measures import Measures
from jingwei.texts import text
from jingwei.web import locale


@dataclass(frozen=True, slots=True)
class Place:
    """Of which org and period figures are shown; both stand in the address."""

    view: Reading
    measures: Measures
    org: str
    period: Period

    def controls(self, cells: Cells) -> list[dict[str, Any]]:
        grain = self.period.grain
        return [
            shown_control(
                cells,
                {
                    "name": "org",
                    "type": "org",
                    "title": text("measures.column.org", locale()),
                    "value": self.org,
                    "options": org_options(self.view, self.measures, locale()),
                },
            ),
            shown_control(
                cells,
                {
                    "name": "period",
                    "type": "period",
                    "title": text("measures.column.period", locale()),
                    "value": self.period,
                    "options": period_options(self.view, grain, self.period),
                },
            ),
        ]


def asked_place(view: Reading, definition: Indicator) -> Place:
    """What the address asks for; without it the reader's own org and the last period with data."""
    measures = Measures(view)
    org = request.args.get("org", "")
    if org and (org not in view.catalogue.orgs or not measures.may_read(org)):
        raise NotFound("no-such-org", name=org[:60])
    readable = [o["value"] for o in org_options(view, measures, locale())]
    org = org or (view.actor.org if view.actor.org in readable else (readable or [""])[0])
    asked = request.args.get("period", "")
    try:
        period = Period.parse(asked)
    except ValueError:
        period = _latest(view, measures, definition, org)
    return Place(view, measures, org, period)


def _latest(view: Reading, measures: Measures, definition: Indicator, org: str) -> Period:
    """The last period with a figure, if there is one in the last two years."""
    now = Period.containing(view.today, definition.time.grain)
    back = {"month": 24, "quarter": 8, "year": 3}[definition.time.grain]
    for place in range(back):
        period = now.shifted(-place)
        if org and measures.cell(definition.name, org, period).value is not None:
            return period
    return now


def reason_words(code: str | None) -> str:
    return "" if code is None else text(f"measures.reason.{code}", locale())
