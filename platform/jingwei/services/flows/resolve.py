"""The world as an approval asks it, answered from the database of this moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from jingwei.catalogue.routing import routing_fields
from jingwei.language.effects import Effects
from jingwei.language.expressions.environment import Environment
from jingwei.language.field_types.table import present_value
from jingwei.language.values import Due, Formula
from jingwei.language.who import Whos
from jingwei.language.workflow import Step
from jingwei.refusals import Invalid, Refused
from jingwei.services import tasks, workdays
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import who
from jingwei.services.flows.asks import Found, Group, Rows, StandIn
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.words import Listed
from jingwei.services.people import may_sign_in
from jingwei.services.world import environment, superior_of
from jingwei.storage.flow_rows import EventRow, FlowRow
from jingwei.storage.flows import last_event, status_of_flows
from jingwei.storage.people import PersonRow, find_people, find_people_at
from jingwei.storage.proxies import active_proxies

NO_VALUE = "∅"  # the lane of all rows for which `distinct` gives nothing


class WorldAsks:
    """Answers for one instance; see `asks.Asks`. The record is read again after each effect."""

    def __init__(self, view: Reading, plan: FlowPlan, flow: FlowRow) -> None:
        self.view = view
        self.plan = plan
        self.flow = flow
        self._record: Mapping[str, Any] | None = None
        self.holds_record = False  # locked by this transaction, and known as it is now
        self._absences: dict[str, str] | None = None
        self.known: dict[str, PersonRow] = {}  # people looked up by this command

    @property
    def record(self) -> Mapping[str, Any]:
        if self._record is None:
            found = self.view.store.load(self.view.connection, self.flow.form, [self.flow.record])
            self._record = found.get(self.flow.record, {})
        return self._record

    def held(self) -> Mapping[str, Any]:
        """The record, locked until this transaction ends; empty for one that is gone."""
        if not self.holds_record:
            view = self.view
            found = view.store.load(view.connection, self.flow.form, [self.flow.record], lock=True)
            self.keep(found.get(self.flow.record, {}))
        return self.record

    def forget(self) -> None:
        """The record was changed."""
        self._record, self.holds_record = None, False

    def keep(self, record: Mapping[str, Any]) -> None:
        """The record, which this transaction has locked, as it is now."""
        self._record, self.holds_record = record, True

    @property
    def org(self) -> str | None:
        return self.record.get("org")

    def next_id(self) -> int:
        return self.view.store.next_ids(self.view.connection, 1)[0]

    # --- expressions

    def environment(self, rows: Rows) -> Environment:
        row = self._row(rows)
        flow = {
            "initiator": self.flow.initiator,
            "round": self.flow.round,
            "status": self.flow.status,
            "started": self.flow.started_at,
            "step": None,
            "waiting_for": [],
        }
        return environment(
            self.view, self.record, row=row, initiator=self.flow.initiator, flow=flow
        )

    def _row(self, rows: Rows) -> Any:
        if not rows:
            return None
        block, lane = rows[-1]
        step = self.plan.step(block)
        return self._elements(step, rows[:-1]).get(lane)

    def several(self, rows: Rows) -> list[int]:
        """The ids of the rows that a lane of `distinct` stands for; empty for any other lane."""
        if not rows:
            return []
        block, lane = rows[-1]
        step = self.plan.step(block)
        if step.distinct is None:
            return []
        alike = self._alike(step, rows[:-1]).get(lane, ())
        return [one["id"] for one in alike if isinstance(one, Mapping) and "id" in one]

    def _elements(self, step: Step, rows: Rows) -> dict[str, Any]:
        """What `each` goes through, by lane. With `distinct`, the first of each value."""
        return {lane: alike[0] for lane, alike in self._alike(step, rows).items()}

    def _alike(self, step: Step, rows: Rows) -> dict[str, list[Any]]:
        """What `each` goes through, by lane: one each, but with `distinct`."""
        assert step.of is not None
        found = self.view.catalogue.closure(step.of)(self.environment(rows)) or []
        alike: dict[str, list[Any]] = {}
        for element in found:
            if step.distinct is not None:
                inside = environment(self.view, self.record, row=element)
                key = self.view.catalogue.closure(step.distinct)(inside)
            else:
                key = element.get("id") if isinstance(element, Mapping) else element
            if key is not None:
                alike.setdefault(str(key).replace("/", "-"), []).append(element)
            elif step.distinct is not None:  # nobody's rows are not passed over in silence
                alike.setdefault(NO_VALUE, []).append(element)
        return alike

    def holds(self, formula: Formula, rows: Rows) -> bool:
        return bool(self.view.catalogue.closure(formula)(self.environment(rows)))

    def lanes(self, step: Step, rows: Rows) -> list[str]:
        return list(self._elements(step, rows))

    def lanes_gone(self, step: Step, rows: Rows, lanes: Collection[str]) -> list[str]:
        """Those of these lanes whose row is there no more, where they are of a field."""
        if not self.of_a_field(step):
            return []
        found = self._elements(step, rows)
        return [lane for lane in lanes if lane not in found]

    def of_a_field(self, step: Step) -> bool:
        """Whether `each` goes through what a field of the record holds, and not through what an
        expression makes of the world at some moment."""
        fields = self.view.catalogue.forms[self.flow.form].fields
        return step.of is not None and step.of.source.strip() in fields

    # --- people

    def _around(
        self, rows: Rows, subject: str | None = None, chosen: Sequence[str] = ()
    ) -> who.Around:
        return who.Around(
            lambda: self.environment(rows),
            self.record,
            self.flow.initiator,
            subject,
            tuple(chosen),
            self.known,
            self._look_up,
        )

    def _look_up(self, logins: Collection[str]) -> Mapping[str, PersonRow]:
        """People by login; the same statement tells whether anybody is absent at all."""
        view = self.view
        found, absences = find_people_at(view.connection, logins, view.now)
        if not absences and self._absences is None:
            self._absences = {}
        return found

    def foresee(self) -> None:
        """Look everybody up at once whom the workflow names: many steps will be asked about."""
        fresh = self.plan.named - self.known.keys()
        if fresh:
            self.known.update(self._look_up(fresh))

    def people(self, step: Step, rows: Rows, chosen: Sequence[str]) -> Found:
        around = self._around(rows, chosen=chosen)
        groups: list[Group] = who.groups(self.view, step.who, around)
        ancestors: tuple[str, ...] = ()
        if self.org in self.view.catalogue.orgs:
            ancestors = self.view.catalogue.tree.ancestors(str(self.org), self.view.today)
        how = {
            "rules": [
                {"rule": rule.kind, "name": rule.name, "people": list(group.people)}
                for rule, group in zip(step.who, groups, strict=True)
            ],
            "orgs": list(ancestors),
            "day": self.view.today.isoformat(),
            "release": self.view.installation.release.id,
        }
        return Found(tuple(groups), how)

    def persons(self, whos: Whos, rows: Rows, subject: str | None = None) -> list[str]:
        return who.people(self.view, whos, self._around(rows, subject))

    def named(self, login: str) -> str:
        """What a sentence calls a person: the name, and the login that tells him apart."""
        found = find_people(self.view.connection, {login}).get(login)
        return login if found is None else f"{found.name} ({login})"

    def last_event(self, type_: str) -> EventRow | None:
        """The newest of its type."""
        return last_event(self.view.connection, tasks.books(self.view), self.flow.id, type_)

    def moment(self, at: datetime) -> str:
        """An instant in the installation's zone, to the minute."""
        return f"{at.astimezone(self.view.clock.zone):%Y-%m-%d %H:%M}"

    def superior(self, login: str) -> str | None:
        return superior_of(self.view, login)

    def flow_admins(self) -> list[str]:
        return who.nearest(self.view, "role", who.FLOW_ADMIN, self.org)

    def stand_in(self, login: str) -> StandIn:
        """Follow the absences in force now; the first repeat ends the chain at the owner."""
        if self._absences is None:
            found = active_proxies(self.view.connection, self.view.now)
            known = find_people(self.view.connection, {p.to for p in found}) if found else {}
            self._absences = {
                one.person: one.to
                for one in sorted(found, key=lambda p: (bool(p.forms), p.id))
                if (not one.forms or self.flow.form in one.forms)
                and one.to in known
                and may_sign_in(known[one.to], self.view.today)
            }
        chain = [login]
        while (following := self._absences.get(chain[-1])) is not None:
            if following in chain:
                return StandIn(login, tuple(chain), loops=True)
            chain.append(following)
        return StandIn(chain[-1], tuple(chain[:-1]))

    # --- time

    def due(self, step: Step, rows: Rows, since: datetime | None = None) -> datetime | None:
        """Until when a step is to be done that opened then; None: now."""
        if step.due is None:
            return None
        return self._due_day(step.due, rows, since or self.view.now)

    def _due_day(self, due: Due, rows: Rows, since: datetime) -> datetime | None:
        zone = self.view.clock.zone
        if due.date is not None:
            value = self.view.catalogue.closure(due.date)(self.environment(rows))
            if isinstance(value, datetime):
                return value
            return workdays.end_of(value, zone) if isinstance(value, date) else None
        if due.lag is not None and due.lag.unit in ("min", "h"):
            return workdays.add_duration(self.view.catalogue, since, due.lag, self.org, zone)
        opened = since.astimezone(zone).date()
        day = workdays.due_day(self.view.catalogue, due, opened, self.org)
        return workdays.end_of(day, zone)

    def after(self, at: datetime, duration: Any) -> datetime:
        """An instant moved by a duration, in working days of the record's org."""
        return workdays.add_duration(
            self.view.catalogue, at, duration, self.org, self.view.clock.zone
        )

    def wait_over(self, step: Step, rows: Rows, opened_at: datetime) -> bool:
        if step.wait_for is not None and self.after(opened_at, step.wait_for) > self.view.now:
            return False
        return step.wait_until is None or self.holds(step.wait_until, rows)

    # --- the record

    def effects(self, effects: Effects, path: str, rows: Rows) -> None:
        run_effects(self.view, effects, self.flow, path=path, row=self._row(rows))
        self.forget()

    def start_children(self, step: Step, path: str, rows: Rows, run: int) -> list[int]:
        """Make the records a subflow is about and begin its requests; their ids."""
        from jingwei.services.flows.begin import begin_child

        work = self.view
        made = run_effects(work, step.do, self.flow, path=path, row=self._row(rows))
        self.forget()
        if made is None or not isinstance(work, Work):
            return []
        workflow = work.catalogue.workflows[str((step.subflow or {})["workflow"])]
        try:
            return [begin_child(work, workflow, self.flow, run, id_) for _, id_ in made.created]
        except Invalid as wrong:  # of a record that nobody sees yet
            form = work.catalogue.forms[workflow.form]
            known = [form.fields.get(one.path.split(".")[0]) for one in wrong.fields]
            named = Listed(tuple(field.title for field in known if field is not None))
            raise Refused(
                "flow-child-lacks", step=step.title, workflow=workflow.title, lacks=named
            ) from None

    def statuses(self, flows: Sequence[int]) -> Mapping[int, str]:
        return status_of_flows(self.view.connection, flows)

    def routing_fields(self, steps: Sequence[Step]) -> list[str]:
        """The fields that decide the way through these steps."""
        return routing_fields(self.view.catalogue, self.view.catalogue.forms[self.flow.form], steps)

    def snapshot(self, fields: Sequence[str]) -> dict[str, Any]:
        """The routing fields as text; columns of a table as the list of their values."""
        found: dict[str, Any] = {}
        form = self.view.catalogue.forms[self.flow.form]
        for path in fields:
            name, _, column = path.partition(".")
            definition = form.fields.get(name)
            value = self.record.get(name)
            if definition is None:
                found[path] = None if value is None else str(value)
            elif definition.type == "table":
                names = [column] if column else list(definition.fields)
                found[path] = [
                    [str(present_value(definition.fields[n], row.get(n))) for n in names]
                    for row in value or ()
                ]
            else:
                found[path] = str(present_value(definition, value))
        return found


def run_effects(
    view: Reading, effects: Effects, flow: FlowRow, *, path: str, row: Any = None
) -> Any:
    """Run effects of the workflow as the system, on behalf of who acts; what they did.

    The hook upwards: flows lie below effects, so `app.py` names who runs them as the listener
    `extra["effects"]`, a function `(work, effects, form, record, *, initiator, flow, row)` that
    works in this transaction and gives an outcome with `created`, pairs of form and id in order.
    `flow["path"]` is another one at each run of a step, so that the same occasion is known.
    Without that listener nothing is done, and None comes back.
    """
    if not effects or not isinstance(view, Work):
        return None
    run = view.listeners.extra.get("effects")
    if run is None:
        return None
    return run(
        view.as_system(),
        effects,
        flow.form,
        flow.record,
        initiator=flow.initiator,
        flow={"id": flow.id, "initiator": flow.initiator, "path": path},
        row=row,
    )
