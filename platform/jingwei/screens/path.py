"""The steps of a request and what was said at each, round by round; then what is foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.workflow import walk
from jingwei.screens.awaited import Awaited
from jingwei.screens.begun import child_opinion
from jingwei.screens.cells import Cells
from jingwei.screens.opinions import (
    BAD,
    Booked,
    Opinion,
    Signed,
    foreseen,
    joined,
    opinions_of,
    run_words,
    system_events,
    waited_for,
)
from jingwei.services.flows.predict import STUCK
from jingwei.services.flows.words import step_words, titled
from jingwei.services.row_titles import with_rows
from jingwei.texts import text
from jingwei.web import locale

OPEN_ROUNDS = 2  # the newest ones; older ones are folded up


@dataclass(frozen=True, slots=True)
class PathStep:
    """One run of a step. `state`: open, done, cancelled, ahead; `id`: its anchor, where it is the
    newest run of the step; `people`: who is waited for, or will be asked."""

    title: str
    state: str
    id: str = ""
    outcome: str = ""
    bad: bool = False
    people: str = ""
    since: str = ""
    certain: bool = True
    opinions: list[Opinion] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Round:
    """One walk of the request, begun anew by a return or a jump. `title`: nothing where there is
    only one; `open`: whether it is unfolded."""

    title: str
    open: bool
    steps: list[PathStep]


def step_title(step: Mapping[str, Any]) -> str:
    """What a step is called: its title, else what kind it is; with the rows that it asks about."""
    title = titled(step["step"], str(step["title"]), step["kind"], locale())
    return with_rows(title, step.get("rows") or (), locale())


def titles_of(catalogue: Catalogue, json: Mapping[str, Any]) -> dict[str, str]:
    """What the steps of a request are called: as on its path, else as in the workflow of today."""
    workflow = catalogue.workflows.get(str(json.get("workflow")))
    steps = walk(workflow.steps) if workflow is not None else ()
    return {
        **{step.id: step_words(step, locale()) for step in steps},
        **{one["step"]: step_title({**one, "rows": ()}) for one in json.get("path", ())},
    }


def rounds(
    cells: Cells,
    json: Mapping[str, Any],
    signed: Signed,
    awaited: Sequence[Awaited] = (),
    *,
    predicts: bool,
) -> list[Round]:
    """The newest round first, the steps of each in their order; what is `awaited` and what is
    foreseen follow the newest."""
    newest = {run["step"]: number for number, run in enumerate(json["path"])}
    events = system_events(json["events"], titles_of(cells.view.catalogue, json))
    walked: dict[int, list[PathStep]] = {int(json["round"]): []}
    for number, run in enumerate(json["path"]):
        if run["kind"] == "subflow" and run["state"] == "open":
            continue  # it is awaited
        anchored = newest[run["step"]] == number
        walked.setdefault(int(run["round"]), []).append(
            _step(cells, run, signed, events, anchored=anchored)
        )
    walked[int(json["round"])] += [
        PathStep(one.title, "open", one.step, people=one.what, since=one.since) for one in awaited
    ]
    for one in (json["prediction"] or ()) if predicts else ():
        walked[int(json["round"])].append(
            PathStep(
                step_title(one),
                "ahead",
                "" if one["step"] in newest else one["step"],
                people=joined(foreseen(cells, one)) or _by_itself(one),
                certain=one["certain"],
            )
        )
    numbers = sorted((n for n, steps in walked.items() if steps), reverse=True)
    if len(numbers) == 1:
        return [Round("", True, walked[numbers[0]])]
    return [
        Round(
            text("flow_screens.round", locale(), number=number),
            place < OPEN_ROUNDS,
            walked[number],
        )
        for place, number in enumerate(numbers)
    ]


def _by_itself(one: Mapping[str, Any]) -> str:
    """Why a foreseen step would ask nobody."""
    reason = one["by_itself"]
    return "" if reason in (None, STUCK) else text(f"flows.reasons.{reason}", locale())


def _step(
    cells: Cells, run: Mapping[str, Any], signed: Signed, events: Booked, *, anchored: bool
) -> PathStep:
    outcome = str(run.get("outcome") or "")
    is_open = run.get("state") == "open"
    since = cells.moment(run["opened_at"]) if is_open and run.get("opened_at") else ""
    told = run.get("people") or ()
    names = waited_for(cells, run) if is_open else []
    if run.get("kind") == "cc":  # a copy is read, not answered
        names = [cells.person(one["person"]) for one in told]
    return PathStep(
        step_title(run),
        str(run.get("state")),
        run["step"] if anchored else "",
        run_words(run),
        outcome in BAD,
        joined(names),
        text("flow_screens.waiting_since", locale(), at=since) if since else "",
        opinions=[
            *opinions_of(cells, run, signed, events),
            *(child_opinion(cells, child) for child in run.get("requests", ())),
        ],
    )
