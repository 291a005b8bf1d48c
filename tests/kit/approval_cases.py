"""Runs the cases of `tests/approvals/*.yaml` over HTTP as real people.

A case has `flow` (a workflow without kind, title and form), `record` (values), `begins: monday`
where it counts working days (cases before it let time pass), and `steps`:

    {do, by, …}   do one thing: an action of a task (`step` names whose, else the person's newest),
                  of the flow (`recall`, `jump`, …), or `submit`, `clock`, `publish`, `proxy`,
                  `disable`, `people` (`lines` of the people sheet), `hand_over`, `change`, `race`,
                  `child` (acts in a request that this one began), `forget_what_fired` (requests as
                  they were kept before runs remembered it); `publish` may be `of` another
                  form, and be `without` a field; `draw` gives the person a signature; `was` names
                  the task by its outcome; what else is written goes into the body
    expect        tasks: "step:person …" open now · status · refused: code, or true: and then
                  nothing has changed · outcomes: {person: outcome of the newest task} · record:
                  {field: value} · signed: whose signature its field `sign` holds · scores: of the
                  lines · events: types that the step wrote, in order · round · answered: how many
                  of a race were not refused · waits: {person: how many of the person's tasks wait
                  for whom the person asked} · done: {person: how many stand there} · said: [{type,
                  by, for, step, …data}]: events that the step wrote, with what is named of each;
                  `by: system` · history: {action: actor} of the record's newest changes · waiting:
                  [{kind, …}] · moves: ["stays step:person", …] of a dry run of `migrate`, `times`:
                  ["due of step: 1h → none", …] of it, in hours since the request began, `votes`:
                  ["step moved|kept pass → pass person weight → weight", …] · ahead:
                  ["step:person", …] that is foreseen, `step:person/owner` for who stands in ·
                  sure: the steps that are foreseen for certain

Beside what a case expects, A1–A7 are looked at after every step, and whether what is offered then
is what would be accepted.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from approval_offers import misled
from approvals_house import Approvals, case_files
from foretold import foretold, untrue

from jingwei.services import tasks
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows

_NUMBERS = itertools.count()
SHOWN = {"tasks", "status", "round", "on_behalf", "waiting", "ahead", "sure"}
OF_FLOW = {"recall", "jump", "terminate", "suspend", "resume", "reopen", "migrate", "urge_all"}
WITH_REASON = {"reject", "return", "comment", *(OF_FLOW - {"recall", "urge_all"})}
REASONED = {*OF_FLOW, "reassign"}  # they call it `reason`
SPANS = {"d": "days", "h": "hours", "min": "minutes"}
OURS = {"do", "by", "step", "expect", "key", "match", "was"}


@dataclass(frozen=True)
class Case:
    """One case as written, and the file it is from."""

    name: str
    file: str
    form: str
    body: Mapping[str, Any]

    @property
    def publishes(self) -> bool:
        """It changes definitions: better an installation of its own than a large one again."""
        return any(step["do"] == "publish" for step in self.body["steps"])


def cases_of(folder: Path) -> list[Case]:
    """Cases of the same flow share its form."""
    found = []
    forms: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        cases = yaml.safe_load(path.read_text(encoding="utf-8"))
        for number, (name, body) in enumerate(cases.items(), 1):
            form = forms.setdefault(body["flow"].strip(), f"{path.stem}{number}")
            found.append(Case(name, path.name, form, body))
    return found


def flows_of(cases: list[Case]) -> dict[str, str]:
    """What `open_approvals` takes; a case may bring further flows under `also`."""
    found = {}
    for case in cases:
        found[case.form] = case.body["flow"]
        for name, flow in case.body.get("also", {}).items():
            found[name] = flow
    return found


@dataclass
class Run:
    """One case on its way."""

    house: Approvals
    case: Case
    flow: int = 0
    seen: int = 0  # events already there
    last: Any = None  # what was kept of the flow after the step before
    answered: Any = None  # by the newest call
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def play(self) -> None:
        self.house.forget_absences()
        if self.case.body.get("begins") == "monday":
            self.house.later(days=-self.house.at.weekday() % 7)
        for number, step in enumerate(self.case.body["steps"], 1):
            self.where = f"{self.case.file}: {self.case.name}, step {number}: {step}"
            self._step(step)

    def _step(self, step: Mapping[str, Any]) -> None:
        expect = step.get("expect", {})
        before = self.last
        approves = step["do"] == "approve" and before is not None and not step.get("fields")
        told = foretold(self.house.api.platform, self.flow) if approves else {}
        answers = self._do(step)
        self.answered = answers[-1]
        refused = [a for a in answers if a is not None and a.status_code >= 400]
        wanted = expect.get("refused")
        if wanted:
            assert refused, f"{self.where}: was not refused"
            code = refused[0].get_json()["error"]["code"]
            assert wanted in (True, code), f"{self.where}: refused with {code}"
            assert refused[0].status_code < 500, self.where
            if before is not None and len(answers) == 1:
                self.last = self.house.stored(self.flow)
                assert self.last == before, f"{self.where}: A7"
                self._look(expect, self.last)
                return
        elif step["do"] == "race":
            done = len(answers) - len(refused)
            assert done == expect.get("answered", done) > 0, self._told(answers)
            assert all(a.status_code < 500 for a in refused), self._told(answers)
        else:
            assert not refused, self._told(refused)
        if self.flow:
            self.last = self.house.stored(self.flow)
            wrong = untrue(told, before[0], self.last[0]) if told else []
            assert wrong == [], f"{self.where}: {wrong}"
            broken = self.house.broken(self.flow, self.last)
            assert broken == [], f"{self.where}: {broken}"
            offers = misled(self.house, self.last[0])
            assert offers == [], f"{self.where}: {offers}"
            self._look(expect, self.last)

    def _told(self, answers: list[Any]) -> str:
        return f"{self.where}: " + "; ".join(a.get_data(as_text=True)[:400] for a in answers if a)

    def _look(self, expect: Mapping[str, Any], stored: Any) -> None:
        if SHOWN & expect.keys():
            self._look_at_page(expect, self.house.flow(self.flow))
        state, events = stored[0], stored[1]
        fresh = [e.type for e in events[self.seen :]]
        self.seen = len(events)
        for type_ in expect.get("events", []):
            assert type_ in fresh, f"{self.where}: {fresh}"
        assert expect.get("events") != [] or not fresh, f"{self.where}: {fresh}"
        told = [_told_of(e) for e in events[len(events) - len(fresh) :]]
        for said in expect.get("said", []):
            assert any(said.items() <= one.items() for one in told), f"{self.where}: {told}"
        for action, actor in expect.get("history", {}).items():
            found = self._changes(state.flow)
            assert (action, actor) in found, f"{self.where}: {found}"
        for person, outcome in expect.get("outcomes", {}).items():
            mine = [t for t in state.tasks.values() if t.person == person]
            found = f"{mine[-1].outcome}" if mine else "none"
            assert found == outcome, f"{self.where}: {person} {found}"
        if "record" in expect:
            record = stored[3][state.flow.record]
            for name, value in expect["record"].items():
                same = record[name] == value or str(record[name]) == str(value)
                assert same, f"{self.where}: {name} {record[name]}"
        if "signed" in expect:
            signer = self.house.signer(stored[3][state.flow.record]["sign"])
            assert signer == expect["signed"], f"{self.where}: signed by {signer}"
        if "scores" in expect:
            scores = [row["score"] for row in stored[3][state.flow.record]["lines"]]
            assert scores == expect["scores"], f"{self.where}: scores {scores}"
        for login, count in expect.get("inbox", {}).items():
            assert len(self.house.todo(login, self.flow)) == count, f"{self.where}: inbox {login}"
        if "moves" in expect:
            (item,) = self.answered.get_json()["items"]
            moved = sorted(f"{t['fate']} {t['step']}:{t['acting']}" for t in item["tasks"])
            assert moved == sorted(expect["moves"]), f"{self.where}: {moved}"
        if "votes" in expect:
            (item,) = self.answered.get_json()["items"]
            assert [_counted(one) for one in item["votes"]] == expect["votes"], self._told(
                [self.answered]
            )
        if "times" in expect:
            (item,) = self.answered.get_json()["items"]
            times = sorted(_moved(one, stored[0].flow.started_at) for one in item["times"])
            assert times == sorted(expect["times"]), f"{self.where}: {times}"
        for box, key in (("waiting", "waits"), ("done", "done")):
            for login, count in expect.get(key, {}).items():
                shown = self.house.todo(login, self.flow, box=box)
                assert len(shown) == count, f"{self.where}: {box} of {login}"

    def _changes(self, flow: Any) -> list[tuple[str, str]]:
        path = f"forms/{flow.form}/records/{flow.record}/history"
        items = self.house.api.get("I", path).get_json()["items"]
        return [(item["action"], _whose(item)) for item in items]

    def _look_at_page(self, expect: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
        if "tasks" in expect:
            wanted = sorted((expect["tasks"] or "").split())
            assert self.house.asked(shown) == wanted, f"{self.where}: {self.house.asked(shown)}"
        if "status" in expect:
            assert shown["status"] == expect["status"], f"{self.where}: {shown['status']}"
        if "waiting" in expect:
            assert len(shown["waiting"]) == len(expect["waiting"]), f"{self.where}: {shown}"
            for one, wanted in zip(shown["waiting"], expect["waiting"], strict=True):
                found = {**one, "requests": [r["display"] for r in one.get("requests", ())]}
                assert wanted.items() <= found.items(), f"{self.where}: {one}"
        if "ahead" in expect:
            told = [_foreseen(one, who) for one in shown["prediction"] for who in one["people"]]
            assert told == expect["ahead"], f"{self.where}: {told}"
        if "sure" in expect:
            sure = [one["step"] for one in shown["prediction"] if one["certain"]]
            assert sure == expect["sure"], f"{self.where}: {sure}"
        if "round" in expect:
            assert shown["round"] == expect["round"], f"{self.where}: {shown['round']}"
        for person, behalf in expect.get("on_behalf", {}).items():
            (task,) = [t for t in shown["open"] if t["person"] == person]
            assert task["on_behalf_of"] == behalf, f"{self.where}: {task}"

    # --- doing

    def _do(self, step: Mapping[str, Any]) -> list[Any]:
        match step["do"]:
            case "clock":
                self._clock(str(step["by"]))
                return [None]
            case "publish":
                form = step.get("of", self.case.form)
                files = case_files(
                    form, step["flow"], step.get("form"), without=step.get("without")
                )
                self.house.publish(files)
                return [None]
            case "forget_what_fired":
                self.house.forget_what_fired()
                return [None]
            case "disable":
                return self._import([{**_line(x), "active": "no"} for x in step["by"].split()])
            case "enable":
                return self._import([_line(login) for login in step["by"].split()])
            case "people":
                return self._import(step["lines"])
            case "race":
                return self._race(step["deeds"])
        return [self._ask(step)()]

    def _import(self, lines: list[Mapping[str, str]]) -> list[None]:
        self.house.changed_people |= {line["login"] for line in lines}
        lines = [{name: self._day(words) for name, words in line.items()} for line in lines]
        commands = self.house.api.platform.commands
        commands.run(lambda w: import_people(w, lines, Passwords(cheap=True)), SYSTEM)
        return [None]

    def _day(self, words: str) -> str:
        """`+2d` as a day from now on."""
        found = re.fullmatch(r"\+(\d+)d", words)
        return (
            words if found is None else f"{self.house.at + timedelta(days=int(found[1])):%Y-%m-%d}"
        )

    def _clock(self, by: str) -> None:
        found = re.fullmatch(r"\+(\d+)(d|h|min)", by)
        assert found, by
        self.house.later(**{SPANS[found[2]]: int(found[1])})

    def _race(self, deeds: list[Mapping[str, Any]]) -> list[Any]:
        asked = [self._ask(deed) for deed in deeds]
        gate = threading.Barrier(len(asked))
        answers: list[Any] = [None] * len(asked)

        def run(number: int) -> None:
            gate.wait()
            answers[number] = asked[number]()

        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def _ask(self, step: Mapping[str, Any]) -> Any:
        """A call that does it: what it has to know is looked up now."""
        do, by, house = step["do"], step.get("by", "I"), self.house
        body = {name: value for name, value in step.items() if name not in OURS}
        keys = {name: step[name] for name in ("key", "match") if name in step}
        if "key" in keys:  # of this run alone
            keys["key"] = f"{keys['key']}-{self.number}"
        if do == "clock":
            return lambda: self._clock(str(by))
        house.api.token(by)
        if do == "submit" and "step" not in step and not self._mine(by, "fill"):
            return lambda: self._submit(by, body, keys)
        if do == "change":
            return lambda: self._change(by, step)
        if do == "child":
            return lambda: self._child(by, body)
        if do == "proxy":
            if "hours" in body:
                until = house.at + timedelta(hours=body.pop("hours"))
                body["until"] = f"{until.isoformat()}+00:00"
            for name in ("from", "until"):
                if name in body:
                    body[name] = self._day(body[name])
            return lambda: house.api.post(by, "proxies", body)
        if do == "draw":
            return lambda: house.draw(by)
        if do == "hand_over":
            login = body.pop("person")
            body.setdefault("reason", "离任")
            return lambda: house.api.post(by, f"people/{login}/hand-over", body)
        if do in WITH_REASON or do == "reassign":
            body.setdefault("comment" if do not in REASONED else "reason", "因为")
        if do in OF_FLOW:
            action = "urge" if do == "urge_all" else do
            if do == "jump" and "from" in body:
                body["step"] = body.pop("from")
            return lambda: self._on_flow(by, action, body, keys)
        task = self._task(by, step.get("step"), step.get("of"), step.get("was"))
        body.pop("of", None)
        return lambda: house.act(by, task, do, body, **keys)

    def _submit(self, by: str, body: dict[str, Any], keys: dict[str, Any]) -> Any:
        house = self.house
        if not self.flow:
            values = {"title": "t", "amount": 1, **self.case.body.get("record", {})}
            record = house.api.make(by, self.case.form, **values)["id"]
            house.seen.clear()
        else:
            record = self._stored()[0].flow.record
        answer = house.submit(self.case.form, record, by, body=body, **keys)
        if answer.status_code == 200:
            self._follow(answer.get_json()["id"])
        return answer

    def _follow(self, flow: int) -> None:
        if flow != self.flow:
            self.flow, self.seen, self.last = flow, 0, None

    def _on_flow(self, by: str, action: str, body: dict[str, Any], keys: dict[str, Any]) -> Any:
        answer = self.house.on_flow(by, self.flow, action, body, **keys)
        if answer.status_code == 200 and "id" in answer.get_json():
            self._follow(answer.get_json()["id"])
        return answer

    def _change(self, by: str, step: Mapping[str, Any]) -> Any:
        flow = self._stored()[0].flow
        path = f"forms/{flow.form}/records/{flow.record}"
        record = self._stored()[3][flow.record]
        return self.house.api.patch(by, path, step["values"], match=record["revision"])

    def _child(self, by: str, body: Mapping[str, Any]) -> Any:
        """Act on the person's task in a request that this one began; on that request, where the
        action is one of a whole request (`number`: which, from 0)."""
        action = body["action"]
        with self.house.api.platform.commands.read(SYSTEM) as reading:
            books = tasks.books(reading)
            children = rows.children_of(reading.connection, books, self.flow)
            found = [
                t
                for child in children
                for t in task_rows.tasks_of(reading.connection, books, child.id)
                if t.acting == by
            ]
        if action in OF_FLOW:
            flow = children[body.get("number", 0)].id
            answer = self.house.on_flow(by, flow, action, {"reason": "x"})
        else:
            open_ = [t for t in found if t.state == "open"]
            task = (open_ or found)[0]
            flow = task.flow or 0
            sent = {"fields": body["fields"]} if "fields" in body else {}
            answer = self.house.act(by, task.id, action, {"comment": "x", **sent})
        assert self.house.broken(flow) == [], self.where
        return answer

    # --- looking up

    def _stored(self) -> Any:
        if self.last is None:
            self.last = self.house.stored(self.flow)
        return self.last

    def _mine(self, by: str, kind: str | None = None) -> list[Any]:
        if not self.flow:
            return []
        mine = self._stored()[0].tasks.values()
        open_ = [t for t in mine if t.acting == by and t.state == "open"]
        return [t for t in open_ if kind in (None, t.kind)]

    def _task(self, by: str, step: str | None, of: str | None, was: str | None) -> int:
        """The person's open task (of a step, or `of` somebody whose place is taken, or that `was`
        closed so); else the newest closed one; else any that is open: to be refused."""
        state = self._stored()[0]
        known = [
            t for t in state.tasks.values() if step is None or state.runs[t.run or 0].step == step
        ]
        if of is not None:
            known = [t for t in known if t.person == of]
        if was is not None:
            known = [t for t in known if t.outcome == was]
        mine = [t for t in known if by in (t.acting, t.person)]
        ranked = [
            *[t for t in mine if t.state == "open" and t.acting == by],
            *[t for t in mine if t.state == "open"],
            *mine[::-1],
            *[t for t in known if t.state == "open"],
            *known,
            *state.tasks.values(),
        ]
        return int(ranked[0].id)


def _whose(item: Mapping[str, Any]) -> str:
    """Who did what a change says: `u2/u1` for u2 in place of u1."""
    actor, behalf = item["actor"] or "system", item["on_behalf_of"]
    return actor if behalf is None else f"{actor}/{behalf}"


def _foreseen(one: Mapping[str, Any], who: str) -> str:
    """Whom a step to come asks, as `ahead` writes it."""
    return f"{one['step']}:{'/'.join([who, *one['on_behalf_of'].get(who, ())])}"


def _counted(one: Mapping[str, Any]) -> str:
    """A vote that a move counts otherwise, or not, as `votes` writes it."""
    words = f"{one['step']} {'kept' if one['kept'] else 'moved'}"
    votes = [{"person": words, **one["pass"]}, *sorted(one["weights"], key=lambda x: x["person"])]
    return " ".join(f"{x['person']} {x['from']} → {x['to']}" for x in votes)


def _moved(one: Mapping[str, Any], start: datetime) -> str:
    """A moment that a move changes, as `times` writes it."""

    def hours(instant: str | None) -> str:
        if instant is None:
            return "none"
        return f"{(datetime.fromisoformat(instant) - start).total_seconds() / 3600:g}h"

    does = f", {one['does']}" if one["does"] else ""
    words = f"{one['purpose']} of {one['step']}{does}: {hours(one['from'])} → {hours(one['to'])}"
    return words + (" at once" if one["at_once"] else "")


def _told_of(event: Any) -> dict[str, Any]:
    """An event as `said` writes it."""
    about = {"type": event.type, "by": event.actor or "system", "for": event.on_behalf_of}
    return {**event.data, **about, "step": event.step}


def _line(login: str) -> dict[str, str]:
    from approvals_house import PEOPLE

    return dict(next(p for p in PEOPLE if p["login"] == login))
