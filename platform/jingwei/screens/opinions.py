"""What became of everybody who was asked at a step: who decided, for whom, at whose request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.screens.cells import Cells
from jingwei.texts import has_text, text
from jingwei.web import locale

BAD = frozenset({"rejected", "returned", "terminated"})
DECIDED = frozenset({"approved", "rejected", "returned", "submitted", "acknowledged"})
ANSWERED = DECIDED | {"skipped", "transferred"}
ADDED = frozenset({"before", "after", "with"})
SYSTEM = "system"
JUMPED = "jumped"  # the event of an administrator, and the reason of the tasks that it cancels
Asked = Mapping[str, Any]
Signed = Mapping[tuple[str, str], str]
Booked = Mapping[tuple[str, str], list[Mapping[str, Any]]]  # by step and moment
# what the system says of a step that nobody decided, and the reason that goes without saying
WITHOUT_PEOPLE = {
    "seat_empty": "nobody-found",
    "step_passed": "",
    "step_skipped": "condition",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody decided, when, with which words and which signature. `bad`: it was no; `quiet`:
    nothing was decided, this person was only asked."""

    who: str
    outcome: str
    at: str = ""
    comment: str = ""
    signature: str = ""  # its address
    bad: bool = False
    quiet: bool = False
    address: str = ""  # of the request that this is about


def joined(names: Iterable[str]) -> str:
    return text("screens.joint", locale()).join(names)


def outcome_words(outcome: str) -> str:
    key = f"flows.outcomes.{outcome}"
    return text(key, locale()) if has_text(key) else outcome


def run_words(run: Mapping[str, Any]) -> str:
    """How a run of a step went: a copy was sent, and decides nothing."""
    if run.get("kind") == "cc" and run.get("outcome") == "passed":
        return text("flows.outcomes.copied", locale())
    return outcome_words(str(run.get("outcome") or ""))


def reason_words(reason: Any) -> str:
    """Why the system did something; nothing where that goes without saying."""
    key = f"flows.reasons.{reason}"
    return text(key, locale()) if reason and has_text(key) else ""


def stands_in(cells: Cells, who: str, other: str) -> str:
    """One person, or two names: who acts and for whom."""
    if who == other:
        return cells.person(other)
    return text("screens.for_other", locale(), who=cells.person(who), other=cells.person(other))


def asked_name(cells: Cells, one: Asked) -> str:
    """Who is asked, and for whom."""
    return stands_in(cells, str(one.get("acting") or one["person"]), str(one["person"]))


def foreseen(cells: Cells, one: Mapping[str, Any]) -> list[str]:
    """Whom a step to come will ask, and for whom."""
    owners = one["on_behalf_of"]
    return [
        stands_in(cells, login, owner)
        for login in one["people"]
        for owner in owners.get(login, (login,))
    ]


def waited_for(cells: Cells, step: Mapping[str, Any]) -> list[str]:
    """Who has to answer now, each with who asked him for it, the first who asked first."""
    people = step.get("people") or ()
    return list(
        dict.fromkeys(_with_chain(cells, one, people) for one in people if one["state"] == "open")
    )


def _with_chain(cells: Cells, one: Asked, people: Sequence[Asked]) -> str:
    name = asked_name(cells, one)
    chain: list[str] = []
    position, asker = one.get("position"), one.get("asked_by")
    if asker is None or (position != "delegate" and position not in ADDED):
        return name
    while asker is not None and asker not in chain:
        chain.insert(0, str(asker))
        before = [p for p in people if p["acting"] == asker and p.get("position") == "delegate"]
        asker = before[-1].get("asked_by") if before else None
    key = "asked_for_opinion" if position == "delegate" else "added_by"
    told = text("flow_screens.chain", locale()).join(cells.person(login) for login in chain)
    return text(f"flow_screens.{key}", locale(), who=name, by=told)


def everybody(step: Mapping[str, Any]) -> set[str]:
    """Logins that the lines of a step name."""
    keys = ("person", "acting", "by", "asked_by", "to")
    return {str(one[key]) for one in step.get("people") or () for key in keys if one.get(key)}


# --- what each said ------------------------------------------------------------------------------


def opinions_of(
    cells: Cells, step: Mapping[str, Any], signed: Signed, events: Booked
) -> list[Opinion]:
    """The earliest first; then what the system decided, and who was asked and did not answer.
    `events`: see system_events."""
    people = [one for one in step.get("people") or () if one["state"] == "closed"]
    people.sort(key=lambda one: str(one.get("at") or ""))
    answered = [one for one in people if one.get("by") or one["outcome"] in ANSWERED]
    told = [_opinion(cells, one, signed, step) for one in answered]
    # who was passed over says why already; the system need not say the same again
    said = {one.comment for one in told if one.quiet and one.comment}
    by_system = [one for one in _by_system(cells, step, events) if one.comment not in said]
    return [*told, *by_system, *_unanswered(cells, people, events)]


def _opinion(cells: Cells, one: Asked, signed: Signed, step: Mapping[str, Any]) -> Opinion:
    outcome, by = str(one.get("outcome") or ""), one.get("by")
    at = cells.moment(one["at"]) if one.get("at") else ""
    comment = str(one.get("comment") or "")
    if by is None:
        why = reason_words(one.get("reason"))
        if outcome == "skipped":
            return Opinion(asked_name(cells, one), outcome_words(outcome), at, why, quiet=True)
        if outcome == "transferred":
            moved = text("flow_screens.moved_by", locale(), by=cells.person(SYSTEM))
            words = f"{moved}{_arrow(cells, one)}"
            return Opinion(asked_name(cells, one), words, at, why, quiet=True)
        who = stands_in(cells, SYSTEM, str(one["person"]))
        return Opinion(who, outcome_words(outcome), at, why, bad=outcome in BAD)
    if outcome == "transferred":
        words = outcome_words(outcome)
        who = asked_name(cells, one)
        if by not in (one["person"], one.get("acting")):  # an administrator, or the sweeper for him
            words = text("flow_screens.moved_by", locale(), by=cells.person(by))
        return Opinion(who, f"{words}{_arrow(cells, one)}", at, comment, quiet=True)
    if outcome in ("withdrawn", "dropped"):
        return Opinion(asked_name(cells, one), _withdrawn(cells, one), at, comment, quiet=True)
    if outcome == "submitted" and step.get("kind") == "approve":
        outcome = "answered"  # who was only asked for an opinion
    who = stands_in(cells, str(by), str(one["person"]))
    if outcome == "answered" and one.get("asked_by"):
        who = _with_chain(cells, one, step.get("people") or ())
    return Opinion(
        who,
        outcome_words(outcome),
        at,
        comment,
        signed.get((str(by), str(one.get("at") or "")), ""),
        bad=outcome in BAD,
    )


def _arrow(cells: Cells, one: Asked) -> str:
    return f" → {cells.person(one['to'])}" if one.get("to") else ""


def _withdrawn(cells: Cells, one: Asked) -> str:
    """Taken back by oneself, or asked no more by who had asked."""
    by = str(one["by"])
    if by in (one["person"], one.get("acting")):
        return text("flow_screens.taken_back", locale())
    added = one["outcome"] == "dropped" or one.get("position") in ADDED
    key = "dropped_by" if added else "asked_no_more_by"
    return text(f"flow_screens.{key}", locale(), by=cells.person(by))


def system_events(events: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> Booked:
    """Of the events, those that say why a step went on that nobody decided; under JUMPED those that
    left it for another, with what that is called."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for event in events:
        if event["type"] in WITHOUT_PEOPLE and not event["actor"]:
            found.setdefault((str(event["step"]), str(event["at"])), []).append(event)
        if event["type"] == JUMPED:
            to = str((event["data"] or {}).get("to") or "")
            found[JUMPED, str(event["at"])] = [{**event, "to_title": titles.get(to, to)}]
    return found


def _by_system(cells: Cells, step: Mapping[str, Any], events: Booked) -> list[Opinion]:
    """Why a step went on that nobody decided."""
    if step.get("state") != "done":
        return []
    outcome = str(step.get("outcome") or "")
    at = dict.fromkeys(str(step.get(key)) for key in ("opened_at", "closed_at"))
    for event in (e for moment in at for e in events.get((step["step"], moment), ())):
        data = event["data"] or {}
        if event["type"] == "seat_empty" and data.get("rule") not in ("pass", "reject"):
            continue
        why = reason_words(data.get("reason") or WITHOUT_PEOPLE[event["type"]])
        when = cells.moment(event["at"])
        bad = outcome in BAD
        return [Opinion(cells.person(SYSTEM), outcome_words(outcome), when, why, bad=bad)]
    return []


def _unanswered(cells: Cells, people: Sequence[Asked], events: Booked) -> list[Opinion]:
    """Who was asked when the step was decided without him, by why."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for one in people:
        if one.get("by") or one["outcome"] not in ("superseded", "cancelled"):
            continue
        key = (str(one["outcome"]), _why_not(one, events))
        by_reason.setdefault(key, []).append(asked_name(cells, one))
    words = text("flow_screens.not_answered", locale())
    return [
        Opinion(joined(dict.fromkeys(names)), words, "", why, quiet=True)
        for (_, why), names in by_reason.items()
    ]


def _why_not(one: Asked, events: Booked) -> str:
    """Why somebody was asked no more; of a jump, where it led."""
    why = reason_words(one.get("reason"))
    if one.get("reason") != JUMPED:
        return why
    jumps = events.get((JUMPED, str(one.get("at"))), ())
    return " → ".join([why, *(str(jump["to_title"]) for jump in jumps)])
