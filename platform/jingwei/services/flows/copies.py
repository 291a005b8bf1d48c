"""Copies that somebody who is asked gives to others: they may read, and are asked nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jingwei.refusals import FieldRefusal, Invalid, Refused
from jingwei.services.flows.seats import ask_more
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import Listed
from jingwei.storage.flow_rows import TaskRow


class Wanted(Protocol):
    """What an action says of people."""

    @property
    def people(self) -> Sequence[str]: ...
    @property
    def to(self) -> str | None: ...
    @property
    def comment(self) -> str | None: ...


def give_copies(walk: Walk, task: TaskRow, wish: Wanted) -> None:
    """Tell these people of the request; who has a copy of this step gets no other. What the step
    hides from its people stays hidden from them. Raises Invalid where nobody is named."""
    people = tuple(wish.people) or ((wish.to,) if wish.to else ())
    if not people or task.run is None:
        raise Invalid("invalid", fields=[FieldRefusal("people", "required")])
    run = walk.runs[task.run]
    told = {t.person for t in walk.tasks.values() if t.run == run.id and t.kind == "cc"}
    fresh = [p for p in dict.fromkeys(people) if p not in told and p != walk.actor]
    if not fresh:
        names = Listed(tuple(walk.asks.named(p) for p in dict.fromkeys(people)))
        raise Refused("flow-has-copy", people=names)
    known = [p for p in dict.fromkeys(people) if p not in fresh]
    more = {"known": known} if known else {}
    walk.note("copied", step=run.step, comment=wish.comment, task=task.id, people=fresh, **more)
    for person in fresh:
        ask_more(walk, run.id, person, 0, kind="cc", state="told", weight=0, origin=task.id)
