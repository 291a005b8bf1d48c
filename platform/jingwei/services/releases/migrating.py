"""Running requests of one workflow moved to its text of today, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jingwei.refusals import Refused
from jingwei.services import flows, tasks
from jingwei.services.commands import Commands, Reading, Work
from jingwei.services.display import display
from jingwei.services.flows.migrate import check_map
from jingwei.services.people import SYSTEM, Person
from jingwei.storage.flow_rows import FlowRow
from jingwei.storage.flows import running_flows


@dataclass(frozen=True, slots=True)
class Moved:
    """One request: the steps it has run by their new ids, or why it stays where it is."""

    flow: int
    form: str
    record: int
    number: str | None = None
    display: str = ""  # what the record is called
    steps: Mapping[str, str] = field(default_factory=dict)
    opens: tuple[str, ...] = ()
    refused: Refused | None = None
    tasks: tuple[Mapping[str, Any], ...] = ()  # as the dry run of the API gives them
    times: tuple[Mapping[str, Any], ...] = ()
    votes: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """As people know it: the number and the title of the record, as far as it has them."""
        parts = [self.number or "", self.display if self.display != self.number else ""]
        return " ".join(part for part in parts if part) or f"#{self.record}"

    def to_json(self, locale: str) -> dict[str, Any]:
        return {
            "flow": self.flow,
            "form": self.form,
            "record": self.record,
            "number": self.number,
            "display": self.display,
            "steps": dict(self.steps),
            "opens": list(self.opens),
            "tasks": [dict(one) for one in self.tasks],
            "times": [dict(one) for one in self.times],
            "votes": [dict(one) for one in self.votes],
            "refused": None if self.refused is None else self.refused.message(locale),
        }


def migrate_all(
    commands: Commands,
    workflow: str,
    steps: Mapping[str, str],
    reason: str,
    *,
    dry_run: bool,
    actor: Person = SYSTEM,
    locale: str = "zh",
) -> list[Moved]:
    """Every running request that was begun under an earlier text, oldest first. `steps`: old id →
    new id, before what the workflow itself says. `dry_run` changes nothing. Raises Invalid."""
    with commands.read(actor) as view:
        today = view.catalogue.workflows.get(workflow)
        if today is not None:
            check_map(today, steps)
        books = tasks.books(view)
        running = running_flows(view.connection, books, workflow=workflow)
        fingerprint = today.fingerprint if today is not None else None
        wanted = [flow for flow in running if flow.fingerprint != fingerprint]
        named = [_named(view, flow, locale) for flow in wanted]
    return [_move(commands, one, steps, reason, dry_run, actor) for one in named]


def _named(view: Reading, flow: FlowRow, locale: str) -> Moved:
    """The request, with what its record is called."""
    found = Moved(flow.id, flow.form, flow.record)
    if flow.form not in view.catalogue.forms:
        return found
    record = view.store.load(view.connection, flow.form, [flow.record]).get(flow.record)
    if record is None:
        return found
    own = view.of(record.get("org"))
    title = display(own, flow.form, {**record, "number": None}, locale)
    return replace(found, number=record.get("number"), display=title)


def _move(
    commands: Commands,
    flow: Moved,
    steps: Mapping[str, str],
    reason: str,
    dry_run: bool,
    actor: Person,
) -> Moved:
    looked = {"map": dict(steps), "reason": reason or "dry run", "dry_run": True}

    def look(work: Work) -> dict[str, Any]:
        return flows.act_on_flow(work, flow.flow, "migrate", looked)

    def move(work: Work) -> dict[str, Any]:
        return flows.act_on_flow(work, flow.flow, "migrate", {**looked, "dry_run": False})

    try:
        item = commands.run(look, actor)["items"][0]
        if not dry_run:
            commands.run(move, actor)
    except Refused as refused:
        return replace(flow, refused=refused)
    return replace(
        flow,
        steps=item["steps"],
        opens=tuple(item["opens"]),
        tasks=tuple(item["tasks"]),
        times=tuple(item["times"]),
        votes=tuple(item["votes"]),
    )
