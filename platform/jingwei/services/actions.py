"""Buttons: what a form's actions ask, whom they are offered to, and what pressing one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from jingwei.language.form import Action, Form
from jingwei.refusals import Conflict, FieldRefusal, Invalid, Malformed, NotAllowed, NotFound, Stale
from jingwei.services import change_rows, effects, parsing, records, validation
from jingwei.services.commands import Reading, Work
from jingwei.services.effects.scene import Outcome
from jingwei.services.flows import who
from jingwei.services.found import Found, by_author
from jingwei.services.plans import FormPlan, build_plan, form_plan
from jingwei.services.world import environment

Record = Mapping[str, Any]


def act(
    work: Work,
    form: str,
    id: int,
    name: str,
    asked: Mapping[str, Any],
    *,
    table: str | None = None,
    row: int | None = None,
    revision: int | None = None,
) -> Outcome:
    """Press a button of a record, or of one row of its tables. `asked`: what its `ask` asks for;
    `revision`: the one in which the record was seen.

    Raises NotFound for a button or row that is not there, NotAllowed, Conflict when it is not its
    time or the record is another by now, Invalid naming what stands in its way, Malformed for keys
    it does not ask for.
    """
    record = records.readable(work, form, id)
    if revision is not None and record["revision"] != revision:
        raise Stale("stale", revision=record["revision"] or 0)
    work = work.of(record["org"])
    definition = work.catalogue.forms[form]
    action = definition.actions.get(name)
    if action is None or table_of(action) != table:
        raise NotFound("no-such-action", name=name[:60])
    element = _row(record, table, row) if table is not None else None
    if not may(work, definition, action, record, element):
        raise NotAllowed("not-allowed", action=name)
    check_time(action, is_time(work, action, record, element))
    work = replace(work, origin=f"action:{name}")
    answers = _asked(work, definition, action, record, element, asked)
    _check(work, definition, action, record, element, answers)
    if action.to is not None:
        records.set_system(work, form, id, action=name, state=action.to)
    else:
        change_rows.change_row(work, form, record, name, {})
    return effects.run(
        work,
        action.do,
        form,
        id,
        initiator=record.get("created_by"),
        row=element,
        old=record,
        variables={"ask": answers},
    )


def table_of(action: Action) -> str | None:
    """The table whose rows have the button; None for one of the record."""
    return action.place.removeprefix("row ") if action.place.startswith("row ") else None


def _row(record: Record, table: str, row: int | None) -> Mapping[str, Any]:
    for one in record.get(table) or ():
        if one["id"] == row:
            return dict(one)
    raise NotFound("no-such-row")


def of_many(form: Form) -> dict[str, Action]:
    """The buttons that may be pressed for several records at once."""
    return {n: a for n, a in form.actions.items() if a.bulk and table_of(a) is None}


def offered_for_many(view: Reading, form: Form) -> list[Action]:
    """Those of them that a grant, or `who`, may give to this person; of each record it is judged
    when they are pressed."""
    return [
        action
        for action in of_many(form).values()
        if action.who or view.rights.decide(view, form.name, action.name).allowed
    ]


def offered(view: Reading, form: Form, record: Record, row: Any = None) -> list[Action]:
    """The buttons that this person may press on this record now, in their order."""
    return [
        action
        for action in form.actions.values()
        if (table_of(action) is not None) == (row is not None)
        and may(view, form, action, record, row)
        and is_time(view, action, record, row)
    ]


def may(view: Reading, form: Form, action: Action, record: Record, row: Any = None) -> bool:
    """A grant names the button, or `who` names the person."""
    if view.rights.decide(view, form.name, action.name, record).allowed:
        return True
    if not action.who:
        return False
    around = who.Around(environment(view, record, row=row), record, record.get("created_by") or "")
    return view.actor.login in who.people(view, action.who, around)


def is_time(view: Reading, action: Action, record: Record, row: Any = None) -> bool:
    """Whether `from` and `when` hold."""
    if action.from_ and record.get("state") not in action.from_:
        return False
    if action.when is None:
        return True
    return bool(view.catalogue.closure(action.when)(environment(view, record, row=row)))


def check_time(action: Action, is_now: bool) -> None:
    """Raises Conflict where it is not the time of the button."""
    if not is_now:
        raise Conflict("action-not-now", action=action.title)


# --- the dialog ---------------------------------------------------------------------------------

_PLANS: WeakKeyDictionary[Any, dict[tuple[str, str], FormPlan]] = WeakKeyDictionary()


def ask_plan(view: Reading, form: Form, action: Action) -> FormPlan:
    """The dialog as a form of its own; kept as long as the release is."""
    plans = _PLANS.setdefault(view.store, {})
    key = (form.name, action.name)
    found = plans.get(key)
    if found is None:
        asked = replace(form, fields=action.ask, rules={})
        found = plans[key] = build_plan(view.catalogue, asked)
    return found


def _asked(
    work: Work, form: Form, action: Action, record: Record, row: Any, given: Mapping[str, Any]
) -> dict[str, Any]:
    unknown = [
        FieldRefusal(name, "unknown-field", {"name": name[:60]})
        for name in given
        if name not in action.ask
    ]
    if not action.ask:
        if unknown:
            raise Malformed("unknown-fields", fields=unknown)
        return {}
    plan = ask_plan(work, form, action)
    found = Found()
    answers: dict[str, Any] = dict.fromkeys(action.ask)
    answers.update(parsing.parse(work, plan, given, found))
    env = environment(work, record, row=row, ask=answers)
    for name, field_plan in plan.fields.items():
        if field_plan.default is not None and name not in given:
            answers[name] = field_plan.default(env)
    known = {(r.path, r.code) for r in found.refusals}
    judged = validation.judge_asked(work, plan, answers, env)
    refusals = found.refusals + [r for r in judged.refusals if (r.path, r.code) not in known]
    if unknown:
        raise Malformed("unknown-fields", fields=[*unknown, *refusals])
    if refusals:
        raise Invalid("invalid", fields=refusals)
    return answers


# --- what must hold -----------------------------------------------------------------------------


def _check(
    work: Work,
    form: Form,
    action: Action,
    record: Record,
    row: Any,
    answers: Mapping[str, Any],
) -> None:
    env = environment(work, record, row=row, ask=answers)
    if action.check is not None and not work.catalogue.closure(action.check)(env):
        said = by_author(work, form, action.name, "", action.message, record, record)
        raise Invalid("invalid", fields=[said])
    plan = form_plan(work.store, work.catalogue, form.name)
    broken = validation.judge_action(work, plan, record, action.name)
    if broken:
        raise Invalid("invalid", fields=broken)
