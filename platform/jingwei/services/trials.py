"""Definition tests: one case played through the real services, and what did not come out so.

It is given an installation of its own with a clock that can be moved, and a way to let everything
run that the case has set going (the outbox, timers, schedules).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jingwei.language.form import Field, Form
from jingwei.language.small import parse_duration
from jingwei.language.trial import GivenRecord, Trial, TrialCase, TrialStep
from jingwei.language.written import api_values
from jingwei.problems import Position
from jingwei.refusals import Malformed, NotFound, Refused
from jingwei.services import (
    actions,
    facts,
    flows,
    record_ids,
    record_views,
    records,
    tasks,
    versions,
    workdays,
)
from jingwei.services.commands import Work
from jingwei.services.people import SYSTEM, Person
from jingwei.services.platform import Platform
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords
from jingwei.storage import flows as flow_rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.notices import notices_of
from jingwei.storage.people import all_people
from jingwei.texts import text

# what a form without a flow is taken through, beside its own actions
_LIFECYCLE: Mapping[str, Callable[[Work, str, int], Any]] = {
    "cancel": records.cancel,
    "amend": versions.amend,
    "discard_amendment": versions.discard,
}
_ANY = frozenset({"", "true"})  # `approve: true`: whichever step waits for this person


@dataclass(frozen=True, slots=True)
class Stage:
    """Where cases are played. `move_clock` sets the instant that every service sees as now;
    `settle` runs what waits for a worker or a tick."""

    platform: Platform
    move_clock: Callable[[datetime], None]
    settle: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """What did not come out as claimed. The sentence is `trials.<code>`."""

    code: str
    at: Position
    holes: Mapping[str, object]

    def message(self, locale: str) -> str:
        said = {n: h(locale) if callable(h) else h for n, h in self.holes.items()}
        return text(f"trials.{self.code}", locale, **said)


def play(stage: Stage, trial: Trial, case: TrialCase) -> list[Failure]:
    """The failures of one case; none when everything came out as claimed."""
    return _Play(stage, trial, case).run()


class _Play:
    def __init__(self, stage: Stage, trial: Trial, case: TrialCase) -> None:
        self.stage = stage
        self.commands = stage.platform.commands
        self.trial = trial
        self.case = case
        self.there: dict[str, tuple[str, int]] = {}  # name → form and id
        self.current: tuple[str, int] | None = None
        self.failures: list[Failure] = []

    def run(self) -> list[Failure]:
        try:
            self.prepare()
        except Refused as refused:
            self.fail("not-prepared", self.case.at, why=refused_words(refused))
            return self.failures
        self.compare(*self.steps())
        return self.failures

    def fail(self, code: str, at: Position, **holes: object) -> None:
        self.failures.append(Failure(code, at, holes))

    # --- before

    def prepare(self) -> None:
        people = [
            {"login": login, "name": login, **person} for login, person in self.trial.people.items()
        ]
        if people:
            cheap = Passwords(cheap=True)
            self.commands.run(lambda work: import_people(work, people, cheap), SYSTEM)
        if self.trial.facts:
            self.commands.run(
                lambda work: facts.import_facts(work, self.trial.facts, "test"), SYSTEM
            )
        self.person(self.case.as_)
        for name in self.case.given:
            self.have(name)
        if self.case.given:
            self.current = self.there[self.case.given[0]]
        self.stage.settle()

    def have(self, name: str) -> None:
        """The given record is there; what it links to was there before."""
        if name not in self.there:
            self.there[name] = self.given(self.trial.records[name])

    def given(self, record: GivenRecord) -> tuple[str, int]:
        """Made by the system in the name of `owner`, else of whom the case is about."""
        values = dict(record.values)
        owner = self.person(str(values.pop("owner", self.case.as_)))
        values.setdefault("org", owner.org)
        form = self.form(record.form, values["org"])
        made = api_values(form, self.linked(form, values))
        written = self.commands.run(
            lambda work: records.create(work, form.name, made, source="system"),
            SYSTEM,
            on_behalf_of=None if owner.is_system else owner,
        )
        return form.name, written.id

    def form(self, name: str, org: Any = None) -> Form:
        """The form, as an org has it. Raises NotFound."""
        own = self.commands.active.current.of(org, self.commands.clock.today())
        found = own.catalogue.forms.get(name)
        if found is None:
            raise NotFound("no-such-form")
        return found

    def linked(self, form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
        """Names of given records in links, as the ids they have here."""
        return {
            name: self._linked(form.fields[name], given) if name in form.fields else given
            for name, given in values.items()
        }

    def _linked(self, field: Field, given: Any) -> Any:
        if field.type == "table" and isinstance(given, list):
            return [self._linked_row(field, row) for row in given]
        if isinstance(given, list):
            return [self._linked(field, one) for one in given]
        if field.type != "link" or not isinstance(given, str):
            return given
        if given in self.trial.records:
            self.have(given)
        if given not in self.there:
            return given
        form, id_ = self.there[given]
        return id_ if len(field.to) == 1 else {"form": form, "id": id_}

    def _linked_row(self, table: Field, row: Any) -> Any:
        if not isinstance(row, Mapping):
            return row
        return {
            name: self._linked(table.fields[name], given) if name in table.fields else given
            for name, given in row.items()
        }

    def person(self, login: str) -> Person:
        if login == "system":
            return SYSTEM
        platform = self.stage.platform
        with platform.database.reading() as connection:
            found = self.commands.people.find(connection, login, platform.clock.today())
        if found is None:
            raise NotFound("no-such-person", login=login)
        return found

    # --- what is done

    def steps(self) -> tuple[Refused | None, TrialStep | None]:
        """The refusal that ended the case, and the step it came from."""
        for step in self.case.when:
            try:
                self.step(step)
            except Refused as refused:
                return refused, step
            self.stage.settle()
        return None, None

    def step(self, step: TrialStep) -> None:
        if step.verb == "clock":
            self.stage.move_clock(self.moment(str(step.argument)))
            return
        actor = self.person(step.as_ or self.case.as_)
        if step.verb == "create":
            self.create(actor, step.argument)
            return
        form, id_ = self.record(step)
        match step.verb:
            case "submit":
                comment = step.more.get("comment")
                self.do(actor, lambda work: flows.submit(work, form, id_, comment))
            case "change":
                self.do(actor, lambda work: self.change(work, form, id_, step.argument))
            case "do" if (moved := _LIFECYCLE.get(str(step.argument))) is not None:
                self.do(actor, lambda work: moved(work, form, id_))
            case "do":
                asked = step.more.get("ask", {})
                self.do(
                    actor,
                    lambda work: actions.act(work, form, id_, str(step.argument), asked),
                )
            case _:
                self.task(actor, form, id_, step)

    def do(self, actor: Person, handler: Callable[[Work], Any]) -> Any:
        return self.commands.run(handler, actor)

    def record(self, step: TrialStep) -> tuple[str, int]:
        name = step.more.get("record")
        found = self.there.get(str(name)) if name is not None else self.current
        if found is None:
            raise NotFound("no-such-record")
        return found

    def create(self, actor: Person, given: Mapping[str, Any]) -> None:
        values = dict(given)
        form = self.form(str(values.pop("form", "")), values.get("org") or actor.org)
        made = api_values(form, self.linked(form, values))
        written = self.do(actor, lambda work: records.create(work, form.name, made))
        self.current = (form.name, written.id)

    def change(self, work: Work, form: str, id_: int, given: Mapping[str, Any]) -> None:
        there = work.store.load(work.connection, form, [id_])[id_]
        definition = work.of(there["org"]).catalogue.forms[form]
        values = api_values(definition, self.linked(definition, given))
        records.update(work, form, id_, values, expected_revision=there["revision"])

    def task(self, actor: Person, form: str, id_: int, step: TrialStep) -> None:
        """An action of the open task that this person has at a step of the record's flow."""
        wanted = str(step.more.get("step", step.argument))
        with self.commands.read(SYSTEM) as view:
            mine = task_rows.tasks_on(
                view.connection, tasks.books(view), id_, acting=actor.id, state="open"
            )
            steps = {
                run.id: run.step
                for flow in {task.flow for task in mine if task.flow is not None}
                for run in flow_rows.runs_of(view.connection, tasks.books(view), flow)
            }
        found = [t for t in mine if wanted in _ANY or steps.get(t.run or 0) == wanted]
        if not found:
            raise NotFound("no-such-task")
        body = {k: v for k, v in step.more.items() if k in ("comment", "to")}
        if "fields" in step.more:
            definition = self.form(form)
            given = self.linked(definition, step.more["fields"])
            body["fields"] = api_values(definition, given)
        self.do(actor, lambda work: flows.act(work, found[-1].id, step.verb, body))

    def moment(self, written: str) -> datetime:
        """`3d` from now, a day, or an instant in the installation's zone."""
        clock = self.stage.platform.clock
        duration = parse_duration(written)
        if duration is not None:
            catalogue = self.commands.active.current.catalogue
            return workdays.add_duration(catalogue, clock.now(), duration, None, clock.zone)
        try:
            at = datetime.fromisoformat(written)
        except ValueError:
            raise Malformed("not-a-clock", value=written) from None
        return at if at.tzinfo is not None else at.replace(tzinfo=clock.zone)

    # --- what must be so

    def compare(self, refused: Refused | None, step: TrialStep | None) -> None:
        then = self.case.then
        if "refused" in then:
            self.compare_refusal(refused, str(then["refused"]))
        elif refused is not None and step is not None:
            self.fail("step-refused", step.at, verb=step.verb, why=refused_words(refused))
            return
        for word in ("status", "state", "waiting_for", "hidden", "value", "records", "sent"):
            if word in then:
                getattr(self, f"compare_{word}")(then[word])

    def differs(self, word: str, wanted: object, found: object) -> None:
        self.fail("differs", self.case.at, word=word, wanted=wanted, found=found)

    def compare_refusal(self, refused: Refused | None, wanted: str) -> None:
        if refused is None:
            self.fail("not-refused", self.case.at, wanted=wanted)
            return
        words = {refused.code}
        for one in refused.fields:
            words |= {one.code, one.path, str(one.holes.get("rule", ""))}
        if wanted not in words:
            why = refused_words(refused)
            self.fail("refused-otherwise", self.case.at, wanted=wanted, why=why)

    def raw(self) -> Mapping[str, Any]:
        """The record as it is kept; empty where the case is about none."""
        if self.current is None:
            return {}
        form, id_ = self.current
        with self.commands.read(SYSTEM) as view:
            return view.store.load(view.connection, form, [id_]).get(id_, {})

    def compare_status(self, wanted: str) -> None:
        if (found := self.raw().get("status")) != wanted:
            self.differs("status", wanted, found)

    def compare_state(self, wanted: str) -> None:
        if (found := self.raw().get("state")) != wanted:
            self.differs("state", wanted, found)

    def compare_waiting_for(self, wanted: Sequence[str]) -> None:
        found: list[str] = []
        if self.current is not None:
            with self.commands.read(SYSTEM) as view:
                open_ = task_rows.tasks_on(
                    view.connection, tasks.books(view), self.current[1], state="open"
                )
            found = sorted({task.acting for task in open_})
        if found != sorted(wanted):
            self.differs("waiting_for", ", ".join(sorted(wanted)), ", ".join(found))

    def compare_hidden(self, wanted: Sequence[str]) -> None:
        if self.current is None:
            return
        form, id_ = self.current
        with self.commands.read(self.person(self.case.as_)) as view:
            raw = view.store.load(view.connection, form, [id_])[id_]
            readable = view.rights.may_read(view, form, raw).allowed
            visible = view.rights.fields(view, form, raw).visible if readable else frozenset()
        seen = [path for path in wanted if path in visible]
        if seen:
            self.fail("seen", self.case.at, who=self.case.as_, fields=", ".join(seen))

    def compare_value(self, wanted: Mapping[str, Any]) -> None:
        if self.current is None:
            return
        form, id_ = self.current
        with self.commands.read(SYSTEM) as view:
            shown = record_views.record(view, form, id_)
        definition, found = shown.form, shown.json
        expected = api_values(definition, self.linked(definition, wanted))
        for name, value in expected.items():
            if not _matches(value, found.get(name)):
                self.differs(name, _shown(value), _shown(_like(value, found.get(name))))

    def compare_records(self, wanted: Mapping[str, int]) -> None:
        with self.commands.read(SYSTEM) as view:
            for form, count in wanted.items():
                found = len(record_ids.select_ids(view, self.form(form).name))
                if found != count:
                    self.differs(f"records.{form}", count, found)

    def compare_sent(self, wanted: Sequence[str]) -> None:
        with self.commands.read(SYSTEM) as view:
            told = {
                row.login
                for row in all_people(view.connection)
                if notices_of(view.connection, row.id, limit=1)
            }
        lacking = [login for login in wanted if login not in told]
        if lacking:
            self.differs("sent", ", ".join(wanted), ", ".join(sorted(told)))


def refused_words(refused: Refused) -> Callable[[str], str]:
    """A refusal as one sentence in the reader's language."""

    def say(locale: str) -> str:
        parts = [f"{refused.message(locale)} [{refused.code}]"]
        parts += [f"{f.path}: {f.message(locale)} [{f.code}]" for f in refused.fields]
        return " ".join(parts)

    return say


def _matches(wanted: Any, found: Any) -> bool:
    """Of a row only the columns that are named count; a list has as many entries."""
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(
            _matches(one, other) for one, other in zip(wanted, found, strict=True)
        )
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(_matches(value, found.get(name)) for name, value in wanted.items())
    if isinstance(found, date | datetime):
        return bool(found.isoformat() == wanted)
    return bool(wanted == found)


def _like(wanted: Any, found: Any) -> Any:
    """Of what was found, as much as was asked about."""
    if isinstance(wanted, list) and isinstance(found, list):
        like = wanted[0] if wanted else None
        return [_like(like, one) for one in found]
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return {name: _like(value, found.get(name)) for name, value in wanted.items()}
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(one) for one in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_shown(v)}" for k, v in value.items()) + "}"
    return "–" if value is None else str(value)
