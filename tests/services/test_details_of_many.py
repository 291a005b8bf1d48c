"""An owner of many details: what follows it is asked for and written together, not one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from services_house import FILES, House, open_house

from jingwei.app import changed_listeners, extra_listeners
from jingwei.refusals import Conflict
from jingwei.services import details, records, titles
from jingwei.services.events import Listeners

FORMS = {
    **FILES,
    "forms/job.yaml": """
kind: form
title: 作业单
display: "{name}"
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称, required: true}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
  finance: {post: finance_manager, can: [read, create, update], scope: org_and_below}
""",
    "forms/remark.yaml": """
kind: form
title: 附记
display: "{text}"
fields:
  job: {type: link, to: job, owner: true, required: true, title: 作业}
  after: {type: link, to: remark, title: 前一条}
  text: {type: text, title: 文, required: true}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
  finance: {post: finance_manager, can: [read], scope: all}
""",
    "forms/reply.yaml": """
kind: form
title: 答复
display: "{text}"
fields:
  remark: {type: link, to: remark, owner: true, required: true, title: 附记}
  text: {type: text, title: 文, required: true}
permissions: {planner: {post: planner, can: [read, create, delete], scope: org}}
""",
    "forms/pointer.yaml": """
kind: form
title: 指向
fields:
  remark: {type: link, to: remark, title: 附记}
  several: {type: link, to: [remark, job], many: true, title: 附记们}
permissions: {planner: {post: planner, can: [read, create, update, delete], scope: org}}
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    listeners = Listeners(changed=changed_listeners(), extra=extra_listeners())
    opened = open_house(tmp_path / "application", database_url, FORMS, listeners=listeners)
    yield opened
    opened.database.close()


@contextmanager
def heard(house: House) -> Iterator[list[str]]:
    """Every statement that the database is asked meanwhile."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(house.database.engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(house.database.engine, "before_cursor_execute", hear)


def job_of(house: House, size: int) -> tuple[int, list[int], list[int]]:
    """A job with so many remarks, of which each has a reply."""

    def make(work: Any) -> tuple[int, list[int], list[int]]:
        job = records.create(work, "job", {"name": "管线"}).id
        rows = [{"job": job, "text": f"附记{number}"} for number in range(size)]
        remarks = records.create_many(work, "remark", rows)
        answers = [{"remark": remark, "text": "好"} for remark in remarks]
        return job, remarks, records.create_many(work, "reply", answers)

    found: tuple[int, list[int], list[int]] = house.do("li.na", make)
    return found


def living(house: House, form: str, ids: list[int]) -> int:
    with house.read("li.na") as view:
        found = view.store.load(view.connection, form, ids)
    return sum(record["deleted_at"] is None for record in found.values())


def delete(house: House, id: int, revision: int) -> None:
    house.do("li.na", lambda w: records.delete(w, "job", id, expected_revision=revision))


def test_what_an_owner_takes_along_costs_statements_by_form_and_not_by_record(
    house: House,
) -> None:
    asked: dict[int, list[int]] = {}
    for size in (2, 10, 90):  # with the first, what is asked once is asked
        job, remarks, replies = job_of(house, size)
        asked[size] = []
        with heard(house) as statements:
            house.update("chen.jie", "job", job, revision=1, org="B")
        asked[size].append(len(statements))
        assert {house.show("wang.wu", "remark", remarks[-1])["org"]} == {"B"}
        house.update("chen.jie", "job", job, revision=2, org="A")
        with heard(house) as statements:
            delete(house, job, 3)
        asked[size].append(len(statements))
        assert living(house, "remark", remarks) == living(house, "reply", replies) == 0
        with heard(house) as statements:
            house.do("li.na", lambda w, id_=job: records.restore(w, "job", id_))
        asked[size].append(len(statements))
        assert living(house, "remark", remarks) == living(house, "reply", replies) == size
    assert asked[10] == asked[90]
    assert max(asked[90]) <= 32


def test_details_that_link_to_each_other_go_together(house: House) -> None:
    job, remarks, _ = job_of(house, 3)
    house.update("li.na", "remark", remarks[0], after=remarks[2])

    delete(house, job, 1)

    assert living(house, "remark", remarks) == 0


def test_what_links_to_details_is_counted_once_whichever_of_them_it_names(house: House) -> None:
    job, remarks, _ = job_of(house, 3)
    several = [{"form": "remark", "id": one} for one in remarks[:2]]
    house.create("li.na", "pointer", remark=remarks[0], several=several)
    house.create("li.na", "pointer", remark=remarks[2])

    with pytest.raises(Conflict) as refused:
        delete(house, job, 1)

    assert refused.value.code == "record-linked"
    said = refused.value.holes["links"]
    assert said("zh") == "指向（附记）2 条、指向（附记们）1 条"  # type: ignore[operator]
    assert living(house, "remark", remarks) == 3


def test_more_details_than_may_go_at_once_stay_and_nothing_is_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, remarks, replies = job_of(house, 4)
    monkeypatch.setattr(details, "MOST_DETAILS", 7)  # of eight
    for act in (
        lambda: delete(house, job, 1),
        lambda: house.update("chen.jie", "job", job, revision=1, org="B"),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert (refused.value.code, dict(refused.value.holes)) == ("too-many-details", {"most": 7})
    assert house.show("li.na", "job", job)["revision"] == 1
    assert living(house, "remark", remarks) == living(house, "reply", replies) == 4

    monkeypatch.setattr(details, "MOST_DETAILS", 8)
    delete(house, job, 1)
    monkeypatch.setattr(details, "MOST_DETAILS", 7)  # what went before comes back whatever is said
    house.do("li.na", lambda w: records.restore(w, "job", job))
    assert living(house, "remark", remarks) == living(house, "reply", replies) == 4


def test_the_owners_of_what_is_named_on_a_page_are_read_together(house: House) -> None:
    asked: dict[int, int] = {}
    for size in (2, 12):
        replies = [job_of(house, 1)[2][0] for _ in range(size)]
        with house.read("li.na") as view, heard(house) as statements:
            named = titles.displays_of(view, "reply", replies, "zh")
        assert set(named.values()) == {"好"} and len(named) == size
        asked[size] = len(statements)
    assert asked[2] == asked[12] <= 5
