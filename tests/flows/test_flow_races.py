"""Decisions and submissions at the same moment, on PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flows_small import TWO, House, house, workflow

from jingwei.refusals import Conflict, Refused
from jingwei.services import flows


def at_once(here: House, deeds: list[Any]) -> list[Any]:
    """Run commands in threads that start together; what each gave or raised."""
    gate = threading.Barrier(len(deeds))
    results: list[Any] = [None] * len(deeds)

    def run(number: int, login: str, handler: Any) -> None:
        person = here.person(login)
        gate.wait()
        try:
            results[number] = here.platform.commands.run(handler, person)
        except Refused as refused:
            results[number] = refused

    threads = [
        threading.Thread(target=run, args=(n, login, handler))
        for n, (login, handler) in enumerate(deeds)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_who_waited_for_another_decision_sees_it(tmp_path: Path, postgres_url: str) -> None:
    steps = "- {id: a, approve: {mode: all, who: [{person: fin}, {person: law}]}}"
    here = house(tmp_path, workflow(steps), url=postgres_url)
    flow = here.start()
    mine = {login: here.task_of(login, flow["id"]) for login in ("fin", "law")}
    later = threading.Thread(target=here.act, args=("law", flow, "approve", mine["law"]))

    def decide(work: Any) -> None:
        flows.act(work, mine["fin"], "approve", {})
        later.start()  # and waits for what this transaction has locked
        waiting = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        while later.is_alive() and not work.connection.exec_driver_sql(waiting).first():
            later.join(0.01)

    here.platform.commands.run(decide, here.person("fin"))
    later.join()
    assert here.view(flow)["status"] == "approved"
    assert here.asked(flow) == []
    here.check(flow["id"])


@pytest.mark.parametrize("round_", range(3))
def test_votes_at_the_same_moment_queue(tmp_path: Path, round_: int) -> None:
    people = ["fin", "fin2", "law", "eve", "dan"]
    who = ", ".join(f"{{person: {p}}}" for p in people)
    steps = f"- {{id: a, approve: {{mode: all, who: [{who}]}}}}"
    here = house(tmp_path, workflow(steps))
    flow = here.start()

    def vote(task: int) -> Any:
        return lambda work: flows.act(work, task, "approve", {})["status"]

    found = at_once(here, [(p, vote(here.task_of(p, flow["id"]))) for p in people])
    assert sorted(found) == ["approved", "running", "running", "running", "running"]
    here.check(flow["id"])


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_share_a_task_one_decides_and_the_other_is_told(
    tmp_path: Path, round_: int
) -> None:
    steps = "- {id: a, approve: {mode: any, who: [{person: fin}, {person: law}]}}"
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    deeds = []
    for login, action in (("fin", "approve"), ("law", "reject")):
        task = here.task_of(login, flow["id"])
        deeds.append(
            (
                login,
                lambda work, t=task, a=action: flows.act(work, t, a, {"comment": "c"})["status"],
            )
        )
    found = at_once(here, deeds)
    refused = [one for one in found if isinstance(one, Refused)]
    assert len(refused) == 1
    assert refused[0].code == "task-closed"
    assert refused[0].status == 409
    here.check(flow["id"])


def test_a_double_click_submits_once(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    record = here.create()

    def submit(work: Any) -> int:
        return int(flows.submit(work, "request", record)["id"])

    found = at_once(here, [("ann", submit)] * 4)
    assert sorted(isinstance(one, Conflict) for one in found) == [False, True, True, True]
