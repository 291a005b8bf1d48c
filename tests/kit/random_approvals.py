"""Random workflows, and random legal and illegal actions on their requests, with crashes.

Everything comes from one seed. A crash is an error at a random statement of a command: nothing
may be left of it, and the same request again must do what the first would have done.
"""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from approval_offers import misled
from approvals_house import Approvals, case_files
from structlog.testing import capture_logs

PEOPLE = [f"u{n}" for n in range(1, 8)]
EVERYBODY = [*PEOPLE, "I", "boss", "head", "chief", "law1", "law2", "admin", "out"]
TASK_ACTIONS = (
    "approve", "reject", "return", "transfer", "delegate", "add_sign", "drop_sign", "take_back",
    "claim", "submit", "acknowledge", "comment", "urge", "reassign", "dance",
)  # fmt: skip
FLOW_ACTIONS = ("recall", "jump", "suspend", "resume", "terminate", "reopen", "migrate", "urge")


class Crash(Exception):
    """The process is gone, as far as the database can tell."""


# --- workflows -----------------------------------------------------------------------------------


class Flow:
    """Writes one random workflow."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ids: list[str] = []

    def text(self) -> str:
        pick = self.random.choice
        steps = self._steps(0, self.random.randint(2, 4))
        return "\n".join(
            [
                f"start: {{recall: {pick(['until_first_decision', 'until_end'])}}}",
                "defaults:",
                f"  empty: {pick(['flow_admin', 'pass', 'reject'])}",
                f"  self_approval: {pick(['allow', 'superior', 'skip', 'forbid'])}",
                f"  same_person: {pick(['none', 'consecutive', 'any_earlier', 'keep_last'])}",
                f"  rerun: {pick(['branch', 'block'])}",
                f"  vote_withdraw: {pick(['while_open', 'never'])}",
                f"  return: {{to: any_earlier, resume: {pick(['returner', 'walk'])},"
                " walk_again_if_changed: [amount]}",
                "  remind: {first: 1d, every: 1d, max: 2}",
                "steps:",
                textwrap.indent("\n".join(steps), "  "),
            ]
        )

    def _id(self) -> str:
        self.ids.append(f"s{len(self.ids) + 1}")
        return self.ids[-1]

    def _steps(self, depth: int, count: int) -> list[str]:
        kinds = ["approve"] * 5 + ["cc", "do", "acknowledge", "fill", "return"]
        kinds += ["parallel", "inclusive", "branch", "each", "wait"] * (2 if depth < 2 else 0)
        found = [self._approve()]
        for _ in range(count):
            found.append(getattr(self, f"_{self.random.choice(kinds)}")(depth=depth))
        return found

    def _who(self, most: int = 3) -> str:
        rules = [
            f"{{person: {p}}}" for p in self.random.sample(PEOPLE, self.random.randint(1, most))
        ]
        if self.random.random() < 0.2:
            rules[0] = self.random.choice(
                ["{post: lawyer, at: group}", "{post: vacant, at: org}", "{head_of: org.sector}"]
            )
        return f"[{', '.join(rules)}]"

    def _approve(self, depth: int = 0) -> str:
        pick = self.random.choice
        mode = pick(["one", "any", "all", "all", "sequential", "vote"])
        words = [f"mode: {mode}", f"who: {self._who()}"]
        if mode == "vote":
            words.append(f"pass: {pick(['50%', '60%', '100%'])}")
        if mode in ("any", "all") and self.random.random() < 0.3:
            words.append("reject_needs: all")
        if self.random.random() < 0.5:
            words.append("on_reject: {return_to: initiator}")
        if self.random.random() < 0.4:
            words.append("fields: {write: [amount, opinion, lines]}")
        late = ""
        if self.random.random() < 0.3:
            verb = pick(["transfer: superior", "decide: approve", "notify: superior"])
            late = f", due: 1d, overdue: [{{after: 0d, {verb}}}]"
        return f"- {{id: {self._id()}, approve: {{{', '.join(words)}}}{late}}}"

    def _cc(self, depth: int) -> str:
        return f"- {{id: {self._id()}, cc: {{who: {self._who()}}}}}"

    def _do(self, depth: int) -> str:
        return f"- {{id: {self._id()}, do: [{{set: {{opinion: x}}}}]}}"

    def _acknowledge(self, depth: int) -> str:
        wait = self.random.choice(["true", "false"])
        return f"- {{id: {self._id()}, acknowledge: {{who: {self._who()}, wait: {wait}}}}}"

    def _fill(self, depth: int) -> str:
        who = self.random.choice(["initiator", self._who(1)])
        return f"- {{id: {self._id()}, fill: {{who: {who}, fields: {{write: [opinion]}}}}}}"

    def _return(self, depth: int) -> str:
        return f"- {{id: {self._id()}, when: amount > 50, return: {{to: initiator, max: 1}}}}"

    def _wait(self, depth: int) -> str:
        return f"- {{id: {self._id()}, wait: {{for: 2h}}}}"

    def _inside(self, depth: int) -> str:
        return textwrap.indent("\n".join(self._steps(depth + 1, self.random.randint(0, 1))), "    ")

    def _parallel(self, depth: int) -> str:
        own = self._id()
        lanes = [f"  x{n}:\n    steps:\n{self._deeper(depth)}" for n in range(2)]
        return f"- id: {own}\n  parallel:\n" + textwrap.indent("\n".join(lanes), "  ")

    def _deeper(self, depth: int) -> str:
        return textwrap.indent(self._inside(depth), "  ")

    def _branch(self, depth: int, kind: str = "branch") -> str:
        own = self._id()
        ways = [
            f"  - when: amount > {self.random.randint(0, 80)}\n    steps:\n{self._inside(depth)}",
            f"  - when: legal\n    steps:\n{self._inside(depth)}",
            f"  - else:\n{self._inside(depth)}",
        ]
        return f"- id: {own}\n  {kind}:\n" + textwrap.indent("\n".join(ways), "  ")

    def _inclusive(self, depth: int) -> str:
        return self._branch(depth, "inclusive")

    def _each(self, depth: int) -> str:
        order = self.random.choice(["together", "one_by_one"])
        step = f"{{id: {self._id()}, approve: {{who: {{field: row.keeper}}}}}}"
        return f"- {{id: {self._id()}, each: {{of: lines, order: {order}, steps: [{step}]}}}}"


def random_flows(count: int) -> dict[str, str]:
    return {f"r{seed}": Flow(seed).text() for seed in range(count)}


def retimed(flow: str, pick: random.Random) -> str:
    """The same workflow with other deadlines, rungs, reminders and waits: some are added, some
    taken out."""

    def late(_: object) -> str:
        if pick.random() < 0.3:
            return ""
        verbs = ["transfer: superior", "decide: approve", "notify: superior", "urge: {person: u7}"]
        afters = pick.sample(["0d", "2h", "1d", "3d"], pick.randint(1, 3))
        rungs = ", ".join(f"{{after: {after}, {pick.choice(verbs)}}}" for after in sorted(afters))
        return f", due: {pick.choice(['1h', '5h', '1d', '2d'])}, overdue: [{rungs}]"

    def waits(_: object) -> str:
        ends = ["for: 1h", "for: 2h", "for: 2d", "until: amount > 50, at_most: 3h"]
        return f"wait: {{{pick.choice(ends)}}}"

    def reminds(_: object) -> str:
        first, every = pick.choice(["1h", "1d", "3d"]), pick.choice(["2h", "1d"])
        return f"remind: {{first: {first}, every: {every}, max: {pick.randint(1, 4)}}}"

    flow = re.sub(r"wait: \{(for|until).*?\}", waits, flow)
    flow = re.sub(r"remind: \{.*?\}", reminds, flow)
    flow = re.sub(r", due: \w+, overdue: \[.*?\]", late, flow)
    lines = flow.split("\n")
    for number, line in enumerate(lines):
        asks = re.search(r"^ *- \{id: \w+, (approve|fill): .*\}$", line) is not None
        if asks and "overdue" not in line and pick.random() < 0.2:
            lines[number] = f"{line[:-1]}{late(None)}}}"
    return "\n".join(lines)


# --- actions -------------------------------------------------------------------------------------


class Walker:
    """Does one random thing after the other, and looks at what became of it."""

    def __init__(self, house: Approvals, forms: list[str], seed: int) -> None:
        self.house = house
        self.forms = forms
        self.random = random.Random(seed)
        self.live: dict[int, dict[str, Any]] = {}
        self.told: list[str] = []
        self.texts: dict[str, str] = {}  # of the flows that were published again
        self.done = self.refused = self.crashed = self.moved = 0

    def act(self) -> None:
        """One action, legal or not; raises AssertionError with the last ones that led here."""
        if len(self.live) < 3 or self.random.random() < 0.03:
            self._start()
        elif self.random.random() < 0.06:
            self._clock()
        elif self.random.random() < 0.03:
            self._new_version()
        else:
            self._something()

    def _say(self, words: str) -> None:
        self.told = [*self.told[-30:], words]

    def _clock(self) -> None:
        hours = self.random.choice([1, 3, 30])
        self._say(f"clock +{hours}h")
        self.house.later(hours=hours)
        for flow in list(self.live):
            self._check(flow)

    def _new_version(self) -> None:
        """Publish another version of the flow of some request, and move what runs by the old one;
        some stays behind."""
        form = self.random.choice(list(self.live.values()))["form"]
        before = self.texts.get(form) or random_flows(int(form[1:]) + 1)[form]
        self.texts[form] = retimed(before, self.random)
        self._say(f"publish {form}")
        self.house.publish(case_files(form, self.texts[form]))
        for flow_id, flow in list(self.live.items()):
            if flow["form"] == form and self.random.random() < 0.8:
                path, body = f"flows/{flow_id}/migrate", {"reason": "x"}
                self._ask(flow_id, "admin", path, {**body, "dry_run": True})
                self.moved += self._ask(flow_id, "admin", path, body).status_code == 200

    def _start(self) -> None:
        form = self.random.choice(self.forms)
        values = {
            "title": "t",
            "amount": self.random.randint(0, 100),
            "legal": self.random.random() < 0.5,
            "lines": self._lines(),
        }
        record = self.house.api.make("I", form, **values)["id"]
        answer = self._ask(None, "I", f"forms/{form}/records/{record}/submit", {})
        if answer.status_code == 200:
            self._follow(answer.get_json())

    def _lines(self) -> list[dict[str, str]]:
        """Rows, none of which was there before."""
        keepers = self.random.sample(PEOPLE, self.random.randint(0, 2))
        return [{"keeper": keeper} for keeper in keepers]

    def _follow(self, flow: dict[str, Any]) -> None:
        self.live[flow["id"]] = flow
        self._check(flow["id"])

    def _something(self) -> None:
        flow_id = self.random.choice(list(self.live))
        flow = self.live[flow_id]
        if self.random.random() < 0.12:
            self._on_flow(flow_id, flow)
            return
        stored = self.house.stored(flow_id)
        state = stored[0]
        open_ = [t for t in state.tasks.values() if t.state == "open"]
        every = list(state.tasks.values())
        if not every:
            self._on_flow(flow_id, flow)
            return
        legal = self.random.random() < 0.8
        task = self.random.choice(open_ if legal and open_ else every)
        login = task.acting if legal else self.random.choice(EVERYBODY)
        action = self._likely(task.kind) if legal else self.random.choice(TASK_ACTIONS)
        if legal and self.random.random() < 0.05:
            login, action = "admin", "reassign"
        path = f"tasks/{task.id}/{action}"
        self._ask(flow_id, login, path, self._body(action, flow), stored)

    def _likely(self, kind: str) -> str:
        if kind in ("fill", "answer"):
            return "submit"
        if kind == "receipt":
            return "acknowledge"
        return self.random.choice(["approve"] * 6 + list(TASK_ACTIONS[1:8]))

    def _body(self, action: str, flow: dict[str, Any]) -> dict[str, Any]:
        some = self.random.choice
        body: dict[str, Any] = {}
        if action in ("reject", "return", "comment") and self.random.random() < 0.9:
            body["comment"] = "x"
        if action in ("transfer", "delegate", "reassign"):
            body["to"] = some([*EVERYBODY, "nobody"])
        if action == "reassign":
            body["reason"] = "x"
        if action == "return":
            body["to"] = some(["initiator", "previous", *[p["step"] for p in flow["path"]], None])
        if action in ("add_sign", "drop_sign"):
            body["people"] = self.random.sample(EVERYBODY, self.random.randint(0, 2))
            body["position"] = some(["before", "after", "with", None])
        if action in ("approve", "submit") and self.random.random() < 0.2:
            name = some(["amount", "opinion", "lines"])
            body["fields"] = {name: self._lines() if name == "lines" else some([1, 70, "x"])}
        return {name: value for name, value in body.items() if value is not None}

    def _on_flow(self, flow_id: int, flow: dict[str, Any]) -> None:
        action = self.random.choice(FLOW_ACTIONS)
        login = self.random.choice(["admin", "admin", "I", "u1", "out"])
        steps = [p["step"] for p in flow["path"]] + ["s1", "s2", "s3", "s4", "s9"]
        body = {"reason": "x", "to": self.random.choice(steps)}
        if action != "jump":
            del body["to"]
        elif self.random.random() < 0.3:
            body["step"] = self.random.choice(steps)
        self._ask(flow_id, login, f"flows/{flow_id}/{action}", body)

    def _ask(
        self, flow: int | None, login: str, path: str, body: dict[str, Any], before: Any = None
    ) -> Any:
        self._say(f"{login} {path} {body}")
        house = self.house
        house.api.token(login)
        if before is None and flow is not None:
            before = house.stored(flow)
        key = f"k{self.random.random()}"
        if self.random.random() < 0.15 and flow is not None:
            with crashing(house, self.random.randint(3, 22)) as crash:
                answer = house.api.post(login, path, body, key=key)
            if crash.happened:
                self.crashed += 1
                assert answer.status_code >= 400, self._report("a crash went unnoticed")
                assert house.stored(flow) == before, self._report("a crash left something")
        answer = house.api.post(login, path, body, key=key)
        assert answer.status_code < 500, self._report(answer.get_data(as_text=True))
        if answer.status_code >= 400:
            self.refused += 1
            if flow is not None:
                assert house.stored(flow) == before, self._report("A7")
            return answer
        self.done += 1
        if self.random.random() < 0.05:
            again = house.api.post(login, path, body, key=key)
            assert again.get_data() == answer.get_data(), self._report("not the same answer")
        if flow is not None:
            found = answer.get_json()
            if found.get("id") == flow:
                self.live[flow] = found
            elif "workflow" in found:
                self._follow(found)
            self._check(flow)
        return answer

    def _check(self, flow: int) -> None:
        stored = self.house.stored(flow)
        found = self.house.broken(flow, stored)
        assert found == [], self._report("; ".join(found))
        found = misled(self.house, stored[0])
        assert found == [], self._report("; ".join(found))
        if stored[0].flow.ended_at is not None and self.random.random() < 0.7:
            self.live.pop(flow, None)

    def _report(self, words: str) -> str:
        return words + "\n" + "\n".join(self.told)


class _Failpoint:
    def __init__(self, at: int) -> None:
        self.left = at
        self.happened = False

    def __call__(self, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            self.happened = True
            raise Crash


@contextmanager
def crashing(house: Approvals, at: int) -> Iterator[_Failpoint]:
    """Fail at the so-manieth statement from here."""
    point = _Failpoint(at)
    engine = house.api.platform.database.engine
    sa.event.listen(engine, "before_cursor_execute", point)
    try:
        with capture_logs():  # the crash is meant; printing all it saw takes seconds
            yield point
    finally:
        sa.event.remove(engine, "before_cursor_execute", point)
