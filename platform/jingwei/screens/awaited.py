"""What a request waits for where nobody is asked: a moment, a condition, other requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jingwei.screens.cells import Cells
from jingwei.screens.flow_diagram import condition_words
from jingwei.screens.stands import ON_THE_WAY
from jingwei.services.commands import Reading
from jingwei.texts import text
from jingwei.web import locale

DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Child:
    """A request that is waited for. `address`: empty where the reader may not see it."""

    title: str
    address: str
    status: str
    people: str
    runs: bool = True


@dataclass(frozen=True, slots=True)
class Awaited:
    """One step that waits. `short`: what fits into the box of the picture."""

    step: str
    title: str
    what: str
    since: str
    long: str
    short: str
    children: tuple[Child, ...] = ()

    @property
    def briefly(self) -> str:
        """The whole of it in a few words, the requests by name."""
        requests = [child.title for child in self.children if child.runs]
        if not requests:
            return self.what
        people = text("screens.joint", locale()).join(requests)
        return text("screens.record.waits_for", locale(), people=people)


def awaited_of(
    view: Reading, cells: Cells, json: Mapping[str, Any], names: Mapping[str, str]
) -> list[Awaited]:
    """`names`: what fields are called, by path, for conditions."""
    return [_awaited(view, cells, one, names) for one in json["waiting"]]


def _awaited(
    view: Reading, cells: Cells, one: Mapping[str, Any], names: Mapping[str, str]
) -> Awaited:
    children: tuple[Child, ...] = ()
    if one["kind"] == "subflow":
        what = short = text(f"flow_screens.awaits_requests_{one['for']}", locale())
        children = tuple(_child(cells, child) for child in one["requests"])
    else:
        parts = []
        if one["until"]:
            parts.append(text("flow_screens.awaits_until", locale(), at=cells.moment(one["until"])))
        if one["condition"]:
            condition = condition_words(one["condition"], names)
            parts.append(text("flow_screens.awaits_that", locale(), condition=condition))
        short = parts[0] if parts else ""
        if one["at_most"]:
            at = cells.moment(one["at_most"])
            parts.append(text("flow_screens.awaits_at_most", locale(), at=at))
        what = text("flow_screens.clauses", locale()).join(parts)
    since = text("flow_screens.waiting_since", locale(), at=cells.moment(one["since"]))
    long = waited(view, one["since"])
    return Awaited(one["step"], one["title"], what, since, long, short, children)


def _child(cells: Cells, child: Mapping[str, Any]) -> Child:
    seen = child["display"] is not None
    form = cells.title("form", child["form"])
    return Child(
        f"{form} {child['display']}" if seen else form,
        f"/f/{child['form']}/{child['record']}" if seen else "",
        text(f"flows.statuses.{child['status']}", locale()),
        text("screens.joint", locale()).join(cells.person(p) for p in child["waiting_for"]),
        child["status"] in ON_THE_WAY,
    )


def waited(view: Reading, since: datetime | str) -> str:
    """How long that is now; nothing for less than an hour."""
    begun = datetime.fromisoformat(since) if isinstance(since, str) else since
    hours = int((view.now - begun).total_seconds() // 3600)
    key = "days" if hours >= DAY_HOURS else "hours"
    count = hours // DAY_HOURS if hours >= DAY_HOURS else hours
    if count < 1:
        return ""
    return text(f"flow_screens.waited_{key}{'_one' if count == 1 else ''}", locale(), count=count)
