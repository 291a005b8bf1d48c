"""Where each step of a request stands, for its picture: done, now, to come, passed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.workflow import Workflow
from jingwei.screens.cells import Cells
from jingwei.screens.flow_diagram import Stand, Standing
from jingwei.screens.opinions import (
    BAD,
    DECIDED,
    SYSTEM,
    foreseen,
    joined,
    outcome_words,
    run_words,
    stands_in,
    waited_for,
)
from jingwei.services.flows.offers import Drawn
from jingwei.services.row_titles import rows_words
from jingwei.texts import text
from jingwei.web import locale

ON_THE_WAY = ("running", "suspended")
# of steps that ask nobody
_STANDINGS: Mapping[str, Standing] = {"skipped": "skipped", "rejected": "bad"}


def stands_of(
    cells: Cells, flow: Drawn, awaited: Mapping[str, str] | None = None
) -> dict[str, Stand]:
    """What is open, else what is to come, else how the newest run of each step went. `awaited`:
    what is waited for at steps that ask nobody."""
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for run in flow.json["path"]:
        runs.setdefault(run["step"], []).append(run)
    found = {step: _stand(cells, tried) for step, tried in runs.items()}
    for step, state in flow.others.items():
        standing: Standing = "now" if state == "open" else "done"
        if state in _STANDINGS:
            standing = _STANDINGS[state]
        found[step] = Stand(standing, "", (awaited or {}).get(step, ""))
    on_the_way = flow.json["status"] in ON_THE_WAY
    for step in flow.passed_by:
        if step not in found or found[step].standing != "now":
            found[step] = Stand("skipped", "", text("flow_screens.passed_by", locale()))
    if not on_the_way:
        return found
    rows: dict[str, list[Mapping[str, Any]]] = {}  # one for each row that a step is asked about
    for one in flow.json["prediction"] or ():
        if found.get(one["step"], Stand("maybe")).standing != "now":
            rows.setdefault(one["step"], []).append(one)
    coming: dict[str, Stand] = {}
    for step, ones in rows.items():
        people = dict.fromkeys(name for one in ones for name in foreseen(cells, one))
        sure = all(one["certain"] for one in ones)
        coming[step] = Stand("ahead" if sure else "likely", joined(people))
    for step, tried in runs.items():
        # what was refused in an earlier round is not how the request stands now
        if tried[-1]["round"] < flow.json["round"] and found[step].standing == "bad":
            coming.setdefault(step, Stand("maybe"))
    found |= coming
    ways = {
        **dict.fromkeys(flow.ways.likely, Stand("likely")),
        **dict.fromkeys(flow.ways.otherwise, Stand("otherwise")),
    }
    return {**ways, **_certain(flow.workflow, found), **found}


def _stand(cells: Cells, runs: list[Mapping[str, Any]]) -> Stand:
    open_ = [run for run in runs if run["state"] == "open"]
    if open_:
        since = min(str(run["opened_at"]) for run in open_)
        people = joined(dict.fromkeys(name for run in open_ for name in _awaited(cells, run)))
        words = text("flow_screens.waiting_since", locale(), at=_day(cells, since))
        answered = _told(_answered(cells, runs))
        if not answered or not people:
            return Stand("now", people, words, tuple(answered))
        waits = text("flow_screens.waits_still", locale(), people=people)
        return Stand("now", "", words, (*answered, waits))
    told = [run for run in runs if run["state"] != "cancelled"] or runs
    newest = told[-1]
    outcome = str(newest["outcome"] or "")
    at = _day(cells, newest["closed_at"]) if newest["closed_at"] else ""
    note = " ".join(part for part in (run_words(newest), at) if part)
    if outcome == "skipped":
        return Stand("skipped", "", note)
    if newest["state"] == "cancelled" and outcome != "returned":
        names = dict.fromkeys(cells.person(one["person"]) for one in newest["people"])
        return Stand("skipped", joined(names), note)
    said = _said(cells, newest)
    standing: Any = "bad" if outcome in BAD else "done"
    if len(said) == 1 and outcome in said:
        return Stand(standing, joined(said[outcome]), note)
    return Stand(standing, "", note, tuple(_told(said)))


def _told(said: Mapping[str, Sequence[str]]) -> list[str]:
    """A line for each answer, with those who gave it."""
    return [f"{joined(names)} {outcome_words(word)}" for word, names in said.items()]


def _answered(cells: Cells, runs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Names by what they decided already, of a step that is open: of each of its rows, in this
    round."""
    newest = max(run["round"] for run in runs if run["state"] == "open")
    said: dict[str, list[str]] = {}
    for run in runs:
        if run["round"] == newest and run["state"] != "cancelled":
            for outcome, names in _decided(cells, run).items():
                known = said.setdefault(outcome, [])
                known += [name for name in _of_row(run, names) if name not in known]
    return said


def _awaited(cells: Cells, run: Mapping[str, Any]) -> list[str]:
    """Who has to answer, and about which row."""
    return _of_row(run, waited_for(cells, run))


def _of_row(run: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    row = rows_words(run.get("rows") or (), locale())
    return [f"{name} ({row})" if row else name for name in names]


def _said(cells: Cells, run: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names by what became of a run that is done: what they decided, else what the system did."""
    said = _decided(cells, run)
    if not said and run["kind"] == "cc":
        return {str(run["outcome"]): [cells.person(one["person"]) for one in run["people"]]}
    return said or {str(run["outcome"] or ""): [cells.person(SYSTEM)]}


def _decided(cells: Cells, run: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names by what they decided; those who were only asked for an opinion decided nothing."""
    said: dict[str, list[str]] = {}
    asked: Sequence[Mapping[str, Any]] = run["people"]
    for one in sorted(asked, key=lambda p: str(p.get("at") or "")):
        outcome = str(one["outcome"] or "")
        if one["state"] != "closed" or outcome not in DECIDED or one.get("position") == "delegate":
            continue
        by, person = one["by"] or SYSTEM, str(one["person"])
        name = stands_in(cells, str(by), person)
        if name not in said.setdefault(outcome, []):
            said[outcome].append(name)
    return said


def _day(cells: Cells, at: str) -> str:
    """The day of an instant: there is little room in a box."""
    return cells.moment(at).rpartition(" ")[0]


def _certain(workflow: Workflow, found: Mapping[str, Stand]) -> dict[str, Stand]:
    """Steps outside every block, with no condition, behind what is open: they will come."""
    ahead: dict[str, Stand] = {}
    for step in reversed(workflow.steps):
        if step.id in found:
            if found[step.id].standing not in ("ahead", "likely", "maybe"):
                break
        elif step.when is None and step.kind in ("do", "wait", "subflow", "cc", "acknowledge"):
            ahead[step.id] = Stand("ahead")
    return ahead
