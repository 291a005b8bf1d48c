"""A request that never begins: who would be asked for a record that nobody saved, and where a rule
of the workflow finds nobody at all. Nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from jingwei.language.form import Form
from jingwei.language.values import Formula
from jingwei.language.who import Who, Whos
from jingwei.language.workflow import Step, Workflow
from jingwei.refusals import FieldRefusal, Invalid, NotFound
from jingwei.services import computing, parsing
from jingwei.services.commands import Reading
from jingwei.services.flows import predict, who
from jingwei.services.flows.plan import ASKS_PEOPLE, FlowPlan
from jingwei.services.flows.predict import Ahead
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.seats import needs_every_seat
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import Walk
from jingwei.services.found import Found
from jingwei.services.people import may_sign_in
from jingwei.services.plans import build_plan
from jingwei.storage.flow_rows import FlowRow
from jingwei.storage.people import all_people

NO_RECORD = 0
STUCK = "stuck"  # nobody is found, and no administrator of flows either
_ROW = re.compile(r"\brow\b")
_OF_THE_RECORD = frozenset({"field", "chosen_by"})  # rules that only a real record can answer


@dataclass(frozen=True, slots=True)
class Lack:
    """Rules of a step that find nobody here. `why`: `record` (only a real one can say), `initiator`
    (nobody is known who would begin it), or `nobody`. `policy`: what then happens, `stuck` where
    nobody can be asked at all; `written`: the step itself says so."""

    rules: Whos
    why: Literal["record", "initiator", "nobody"]
    policy: str
    written: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A step of people that the request would come to, and the rules of it that find nobody."""

    ahead: Ahead
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The steps of people that a request of this record would pass, were everything approved."""

    org: str
    initiator: str | None
    steps: tuple[Asked, ...]
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """At these orgs a rule of this step finds nobody."""

    step: Step
    lack: Lack
    orgs: tuple[str, ...]


class Rehearsal(WorldAsks):
    """The world as asked about a record that is only imagined."""

    def __init__(
        self, view: Reading, plan: FlowPlan, record: Mapping[str, Any], initiator: str
    ) -> None:
        workflow = plan.workflow
        flow = FlowRow(
            NO_RECORD,
            workflow.form,
            NO_RECORD,
            workflow.name,
            workflow.fingerprint,
            view.installation.release.id,
            "running",
            initiator,
            view.now,
        )
        super().__init__(view, plan, flow)
        self._record = record

    def forget(self) -> None:
        """Nothing changes an imagined record."""


def rehearse(
    view: Reading,
    workflow: Workflow,
    org: str,
    values: Mapping[str, Any],
    initiator: str | None = None,
) -> Rehearsed:
    """Who would be asked. `values`: as the API takes them; defaults and computes are filled in.

    Without an initiator: the first person who may start it there. Raises NotFound, Invalid.
    """
    if org not in view.catalogue.orgs:
        raise NotFound("unknown-org", name=org)
    plan = FlowPlan(workflow)
    found = initiator or _first_starter(view, plan, org, _people_by_org(view).get(org, ()))
    view = _as(view, found)
    record = imagined(view, workflow.form, org, values, found)
    asks = Rehearsal(view, plan, record, found or "")
    walk = Walk(plan, State(asks.flow), asks, view.now, None)
    around = who.Around(asks.environment(()), record, found or "")
    steps = []
    for one in predict.from_start(walk, every=True):
        if one.step.kind not in predict.ASKED:
            steps.append(Asked(one, ()))
            continue
        lacks = _lacks(view, plan, one.step, around, found)
        # what a row or a field says was asked with the rest
        known = tuple(lack for lack in lacks if lack.why != "record" or not one.named)
        if not one.named and any(lack.why != "nobody" for lack in known):
            one = replace(one, people=(), by_itself=None, outcome=None)  # it is not nobody
        steps.append(Asked(one, known))
    return Rehearsed(org, found, tuple(steps), record)


def _as(view: Reading, login: str | None) -> Reading:
    """The view of the person who would begin: `me` in defaults and rules is that person."""
    person = view.people.find(view.connection, login, view.today) if login else None
    return view if person is None else replace(view, actor=person)


def imagined(
    view: Reading, form: str, org: str, values: Mapping[str, Any], owner: str | None
) -> dict[str, Any]:
    """A record as the form would make it, with what is given. Raises Invalid."""
    definition = view.catalogue.forms[form]
    plan = build_plan(view.catalogue, definition)
    unknown = [name for name in values if name not in definition.fields and name != "org"]
    if unknown:
        fields = [FieldRefusal(name, "unknown-field", {"name": name}) for name in unknown]
        raise Invalid("invalid", fields=fields)
    found = Found()
    record: dict[str, Any] = dict.fromkeys(definition.fields)
    record.update(
        id=NO_RECORD,
        revision=1,
        number=None,
        org=org,
        owner=owner,
        created_by=owner,
        updated_by=owner,
        created_at=view.now,
        updated_at=view.now,
        deleted_at=None,
        status="draft",
        state=definition.initial_state,
    )
    for table in plan.tables:
        record[table] = []
    given = {"org": org, **values}
    record.update(parsing.parse(view, plan, given, found))
    for table in plan.tables:
        for number, row in enumerate(record[table] or (), 1):
            row.setdefault("id", number)
            for column in plan.tables[table]:
                row.setdefault(column, None)
    computing.fill_defaults(view, plan, record, given.keys())
    computing.compute(view, plan, record, found)
    if found.refusals:
        raise Invalid("invalid", fields=found.refusals)
    return record


def _first_starter(view: Reading, plan: FlowPlan, org: str, own: Sequence[str]) -> str | None:
    """The first person who may start it at this org; where the workflow lets everyone, the first of
    the org's own who may make such a record there."""
    asks = Rehearsal(view, plan, {"org": org}, "")
    if plan.workflow.start_who:
        return next(iter(asks.persons(plan.workflow.start_who, ())), None)
    return next((p for p in own if _may_make(view, plan.workflow.form, org, p)), None)


def _people_by_org(view: Reading) -> dict[str, list[str]]:
    """The logins of whoever may sign in."""
    found: dict[str, list[str]] = {}
    for row in all_people(view.connection):
        if may_sign_in(row, view.today):
            found.setdefault(row.org, []).append(row.login)
    return found


def _may_make(view: Reading, form: str, org: str, login: str) -> bool:
    orgs = view.rights.create_orgs(_as(view, login), form)
    return orgs is None or org in orgs


def gaps(view: Reading, workflow: Workflow) -> list[Gap]:
    """Each rule that finds nobody, with the orgs from which a request may come where it does not.

    Steps under a condition on the record count as possible; what only a row or a field of a real
    record can say is left out.
    """
    plan = FlowPlan(workflow)
    found: dict[tuple[str, Whos], Gap] = {}
    for org, starter in _starting(view, plan):
        record = imagined(view, workflow.form, org, {}, starter)
        asks = Rehearsal(view, plan, record, starter or "")
        around = who.Around(asks.environment(()), record, starter or "")
        for step in _possible(view, asks, plan, workflow.steps):
            for lack in _lacks(view, plan, step, around, starter):
                if lack.why == "nobody" and step.kind in ASKS_PEOPLE:
                    gap = found.get((step.id, lack.rules)) or Gap(step, lack, ())
                    found[(step.id, lack.rules)] = replace(gap, orgs=(*gap.orgs, org))
    return list(found.values())


def _starting(view: Reading, plan: FlowPlan) -> Iterator[tuple[str, str | None]]:
    """The orgs a request may come from, each with the first person who may start it there. Where
    the workflow lets everyone: those that have people, or else seats and somebody who may make a
    record for them."""
    own = _people_by_org(view)
    made: set[str] | None = set()
    if not plan.workflow.start_who and not view.catalogue.orgs.keys() <= own.keys():
        made = _made_for(view, plan.workflow.form, own)
    for org, definition in view.catalogue.orgs.items():
        if not view.catalogue.tree.exists(org, view.today):
            continue
        starter = _first_starter(view, plan, org, own.get(org, ()))
        anybody = org in own or (definition.posts and (made is None or org in made))
        if starter is not None or (anybody and not plan.workflow.start_who):
            yield org, starter


def _made_for(view: Reading, form: str, own: Mapping[str, Sequence[str]]) -> set[str] | None:
    """The orgs for which somebody may make such a record; None: all."""
    found: set[str] = set()
    for logins in own.values():
        for login in logins:
            orgs = view.rights.create_orgs(_as(view, login), form)
            if orgs is None:
                return None
            found.update(orgs)
    return found


def _possible(
    view: Reading, asks: Rehearsal, plan: FlowPlan, steps: tuple[Step, ...]
) -> Iterator[Step]:
    """Steps that ask people, but for those the org alone rules out."""
    for step in steps:
        if step.when is not None and _of_org(view, step.when) and not asks.holds(step.when, ()):
            continue
        if step.kind in ASKS_PEOPLE:
            yield step
        yield from _possible(view, asks, plan, step.steps)
        for branch in step.branches:
            decided = branch.when is not None and _of_org(view, branch.when)
            if decided and branch.when is not None and not asks.holds(branch.when, ()):
                continue
            yield from _possible(view, asks, plan, branch.steps)


def _of_org(view: Reading, formula: Formula) -> bool:
    reads = view.catalogue.expression(formula).reads
    return bool(reads) and all(path == "org" or path.startswith("org.") for path in reads)


def _lacks(
    view: Reading, plan: FlowPlan, step: Step, around: who.Around, starter: str | None
) -> Iterator[Lack]:
    """Rules that find nobody: each, where all of them must decide; else where none of them does."""
    word = _then(view, plan.policy(step, "empty"), step, around)
    apart = step.kind == "fill" or needs_every_seat(step)
    groups: list[Whos] = [(rule,) for rule in step.who] if apart else [step.who]
    for rules in groups:
        if any(_finds(view, rule, around) for rule in rules):
            continue
        why: Literal["record", "initiator", "nobody"] = "nobody"
        form = view.catalogue.forms[plan.workflow.form]
        if any(_is_of_record(view, form, rule) for rule in rules):
            why = "record"
        elif starter is None and any(_needs_initiator(rule) for rule in rules):
            why = "initiator"
        yield Lack(rules, why, word, "empty" in step.policy and word != STUCK)


def _then(view: Reading, policy: object, step: Step, around: who.Around) -> str:
    """What happens where nobody is found: the word of the policy, `person`, or that nobody else
    can be asked either."""
    decides = step.kind == "approve" or (step.kind == "acknowledge" and policy == "pass")
    if policy == "block_start" or (policy in ("pass", "reject") and decides):
        return str(policy)
    if isinstance(policy, tuple) and who.people(view, policy, around):
        return "person"
    admins = who.nearest(view, "role", who.FLOW_ADMIN, around.record.get("org"))
    return "flow_admin" if admins else STUCK


def _finds(view: Reading, rule: Who, around: who.Around) -> bool:
    return not _reads_row(rule) and bool(who.people(view, (rule,), around))


def _reads_row(rule: Who) -> bool:
    """Whether only a row of `each` can answer it."""
    formulas = (rule.org, rule.covering, rule.path)
    own = any(one is not None and _ROW.search(one.source) for one in formulas)
    return own or any(_reads_row(one) for one in (*rule.of, *rule.exclude))


def _is_of_record(view: Reading, form: Form, rule: Who) -> bool:
    """Whether only a real record can answer it, a row of it, or who chooses."""
    formulas = (rule.org, rule.covering)
    reads = [view.catalogue.expression(one).reads for one in formulas if one is not None]
    names = form.fields.keys() - {"org"}  # that one is known
    fields = any(path.split(".")[0] in names for paths in reads for path in paths)
    own = rule.kind in _OF_THE_RECORD or fields or _reads_row(rule)
    return own or any(_is_of_record(view, form, one) for one in rule.of)


def _needs_initiator(rule: Who) -> bool:
    own = rule.kind in ("initiator", "superior", "me")
    return own or any(_needs_initiator(one) for one in rule.of)
