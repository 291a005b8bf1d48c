"""A story told to a fresh installation: people create, submit, decide and press buttons, each at
their own moment, through the services that screens and API use.

An act is a mapping: `at` (an instant of the installation's zone, or a signed count of days from
today such as `-30d`), `as` (a login) and one verb:

    create FORM, set {…}, name N        change N, set {…}         submit N
    approve N [comment]                 everybody who is asked approves, until nobody is
    return N, to STEP, comment …        the first who is asked sends it back
    do ACTION, on N [ask {…}]           find FORM, where {field: value}, name N

In values `$N` is the id of the record named N, `@+12d` the day twelve days from today.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from jingwei.refusals import NotFound, Refused
from jingwei.services import actions, flows, records
from jingwei.services.clock import FixedClock
from jingwei.services.commands import Commands, Work
from jingwei.services.people import SYSTEM, Person
from jingwei.services.record_ids import select_ids

Act = Mapping[str, Any]
MOST_REQUESTS = 50  # of one flow
_DAYS = re.compile(r"([+-]\d{1,4})d\Z")


class Story:
    """Tells its acts in order. `named`: the form and id of the records that have a name."""

    def __init__(self, commands: Commands, today: date, zone: str) -> None:
        self._clock = FixedClock(datetime.combine(today, datetime.min.time()), zone)
        self._commands = Commands(
            commands.active,
            self._clock,
            commands.listeners,
            commands.rights,
            commands.people,
            commands.beyond,
        )
        self._today = today
        self.named: dict[str, tuple[str, int]] = {}

    def tell(self, acts: Iterable[Act]) -> int:
        """How many acts were told. Raises Refused naming the act that was refused."""
        count = 0
        for count, act in enumerate(acts, 1):
            if "at" in act:
                self._clock.at = self._moment(str(act["at"]))
            verb = next((verb for verb in VERBS if verb in act), None)
            if verb is None:
                raise Refused("story-act-unknown", act=count, known=", ".join(VERBS))
            try:
                VERBS[verb](self, act)
            except Refused as refused:
                raise Refused("story-act-refused", act=count, why=_why(refused)) from refused
        return count

    # --- verbs ----------------------------------------------------------------------------------

    def create(self, act: Act) -> None:
        values = self._values(act.get("set", {}))
        made = self._run(act["as"], lambda work: records.create(work, act["create"], values).record)
        if "name" in act:
            self.named[act["name"]] = (act["create"], made["id"])

    def change(self, act: Act) -> None:
        form, id = self._record(act["change"])
        values = self._values(act.get("set", {}))

        def handler(work: Work) -> None:
            revision = work.store.load(work.connection, form, [id])[id]["revision"]
            records.update(work, form, id, values, expected_revision=revision)

        self._run(act["as"], handler)

    def submit(self, act: Act) -> None:
        form, id = self._record(act["submit"])
        self._run(act["as"], lambda work: flows.submit(work, form, id))

    def approve(self, act: Act) -> None:
        """Whoever is asked approves; more are asked until the flow ends."""
        for _ in range(MOST_REQUESTS):
            task = self._asked(act["approve"])
            if task is None:
                return
            body = {"comment": act.get("comment", ""), "fields": act.get("fields", {})}
            given = {key: value for key, value in body.items() if value}
            self._act(task, "approve", given)

    def send_back(self, act: Act) -> None:
        task = self._asked(act["return"])
        if task is None:
            raise NotFound("no-such-task")
        self._act(task, "return", {"to": act["to"], "comment": act["comment"]})

    def press(self, act: Act) -> None:
        form, id = self._record(act["on"])
        asked = self._values(act.get("ask", {}))
        self._run(act["as"], lambda work: actions.act(work, form, id, act["do"], asked))

    def find(self, act: Act) -> None:
        """Give a name to the newest record that holds these values."""
        form, wanted = act["find"], self._values(act.get("where", {}))

        def handler(work: Work) -> int:
            found = work.store.load(work.connection, form, select_ids(work, form))
            fits = [i for i, r in found.items() if all(r.get(n) == v for n, v in wanted.items())]
            if not fits:
                raise NotFound("no-such-record")
            return max(fits)

        self.named[act["name"]] = (form, self._run(act["as"], handler))

    # --- help -----------------------------------------------------------------------------------

    def _run(self, login: str, handler: Callable[[Work], Any]) -> Any:
        return self._commands.run(handler, self._person(login))

    def _person(self, login: str) -> Person:
        with self._commands.active.database.reading() as connection:
            found = self._commands.people.find(connection, login, self._clock.today())
        if found is None:
            raise NotFound("no-such-person", name=login)
        return found

    def _asked(self, name: str) -> Mapping[str, Any] | None:
        """The first open request of the record's flow."""
        form, id = self._record(name)
        with self._commands.read(SYSTEM) as reading:
            flow = flows.latest_flow(reading, form, id)
            if flow is None:
                raise NotFound("no-such-flow")
            found = flows.flow_view(reading, flow)
        open_: list[Mapping[str, Any]] = [t for t in found["open"] if t["kind"] == "approval"]
        return open_[0] if open_ else None

    def _act(self, task: Mapping[str, Any], action: str, body: Mapping[str, Any]) -> None:
        person = task["person"]
        login = person if isinstance(person, str) else person["login"]
        self._run(login, lambda work: flows.act(work, task["id"], action, body))

    def _record(self, name: str) -> tuple[str, int]:
        if name not in self.named:
            raise Refused("story-name-unknown", name=name)
        return self.named[name]

    def _values(self, given: Any) -> Any:
        if isinstance(given, Mapping):
            return {name: self._values(value) for name, value in given.items()}
        if isinstance(given, list):
            return [self._values(value) for value in given]
        if isinstance(given, str) and given.startswith("$"):
            return self._record(given[1:])[1]
        if isinstance(given, str) and given.startswith("@"):
            return self._day(given[1:]).isoformat()
        return given

    def _day(self, words: str) -> date:
        match = _DAYS.match(words)
        if match is None:
            raise Refused("story-day-unknown", words=words)
        return self._today + timedelta(days=int(match[1]))

    def _moment(self, words: str) -> datetime:
        if words[0] in "+-":
            at = datetime.combine(self._day(words), datetime.min.time()).replace(hour=9)
        else:
            at = datetime.fromisoformat(words)
        return at.replace(tzinfo=self._clock.zone)


VERBS: Mapping[str, Callable[[Story, Act], None]] = {
    "create": Story.create,
    "change": Story.change,
    "submit": Story.submit,
    "approve": Story.approve,
    "return": Story.send_back,
    "do": Story.press,
    "find": Story.find,
}


def _why(refused: Refused) -> Callable[[str], str]:
    def words(locale: str) -> str:
        parts = [refused.message(locale)]
        parts += [f"{f.path}: {f.message(locale)}" for f in refused.fields]
        return " ".join(parts)

    return words
