"""Who decided: what a person did, and what followed by itself, told apart in the events of a
command."""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.services.flows.state import Noted

NOBODY = "nobody-found"
NO_STEP = "no-step"
_BEGINS = ("started", "reopened")
_SENDS_BACK = ("returned", "rejected", "jumped")


def decided_by_system(events: Sequence[Noted]) -> str | None:
    """Why the newest decision of a command was the system's, by a code of `flows.reasons`; None
    where it was a person's. Who began a request decided nothing."""
    for event in reversed(events):
        if event.type == "step_passed":
            return str(event.data.get("reason"))
        if event.type == "seat_empty" and event.data.get("rule") in ("pass", "reject"):
            return NOBODY
        if event.type == "escalated" and event.data.get("did") == "decide":
            return "overdue"
        if event.actor is not None and event.type not in _BEGINS:
            began = any(one.type in _BEGINS for one in events)
            return NO_STEP if began and event.type == "submitted" else None
    return NO_STEP if any(one.type in _BEGINS for one in events) else None


def ended_by_system(events: Sequence[Noted]) -> bool:
    """Whether the end of a request follows from no person's decision."""
    ends = [event for event in events if event.type == "ended"]
    return bool(ends) and ends[-1].data.get("reason") is not None


def sent_back_by_system(events: Sequence[Noted]) -> bool:
    """Whether a request came back to its initiator by a rule, and nobody sent it."""
    went = any(event.type == "sent_back" for event in events)
    return went and not any(e.actor is not None and e.type in _SENDS_BACK for e in events)
