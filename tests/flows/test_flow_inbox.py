"""What waits for a person: the boxes of the inbox, and to-dos beside flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flows_small import TWO, house, workflow

from jingwei.services import tasks


def test_the_inbox_has_what_waits_what_was_done_and_what_was_begun(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    item = here.box("fin", "todo")["items"][0]
    assert item["flow"] == flow["id"]
    assert item["step"] == "a"
    assert item["number"] == "R-0001"
    assert {"approve", "reject", "return", "transfer"} <= set(item["actions"])
    assert here.box("ann", "mine")["items"][0]["flow"] == flow["id"]

    here.act("fin", flow, "approve")
    assert here.box("fin", "todo")["total"] == 0
    assert here.box("fin", "done")["items"][0]["outcome"] == "approved"
    with here.reading("fin") as reading:
        assert tasks.counts(reading) == {"todo": 0, "waiting": 0, "done": 1, "cc": 0, "mine": 0}


def test_a_page_of_the_inbox_is_read_in_the_order_of_its_index(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    here.start()
    engine = here.platform.database.engine
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    sa.event.listen(engine, "before_cursor_execute", hear)
    here.box("fin", "todo")
    sa.event.remove(engine, "before_cursor_execute", hear)

    ((statement, values),) = [one for one in asked if "ORDER BY sys_task.due_at" in one[0]]
    with here.platform.database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        words = [row[3] for row in plan]
    assert words == ["SEARCH sys_task USING INDEX ix_sys_task_todo (acting=?)"]


def test_todos_beside_flows_are_opened_once_and_closed(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    record = here.create()

    def open_(work: Any) -> int:
        return tasks.open_todo(work, "eve", "request", record, "看看", key="one")

    assert here.system(open_) == here.system(open_)
    assert [i["title"] for i in here.box("eve", "todo")["items"]] == ["看看"]
    assert here.system(lambda work: tasks.close_todos(work, "request", record, "submitted")) == 1
    assert here.box("eve", "todo")["total"] == 0
