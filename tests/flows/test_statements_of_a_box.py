"""What a page asks the database does not grow with the records that are opened to its reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flows_small import FORM, House, house, workflow

from jingwei.services import sharing, tasks, titles
from jingwei.services.inbox import BoxWish, box_page

STEPS = """
    - id: a
      approve: {mode: one, who: {post: finance, at: org}, fields: {hide: [amount]}}
    - {id: b, approve: {who: {head_of: org.sector}}}
    """
NAMED = FORM.replace("number:", 'display: "{title} {amount}"\nnumber:')
SHARED = NAMED + "  head: {post: general_manager, can: [read, share], scope: all, hide: [amount]}\n"


@contextmanager
def heard(here: House) -> Iterator[list[str]]:
    """Every statement that the database is asked meanwhile."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = here.platform.database.engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)


def test_whose_tasks_open_the_records_to_him_has_a_box_of_few_statements(
    tmp_path: Path, database_url: str
) -> None:
    """For each task, the shares of its record, its tasks and what their steps hide used to be asked
    for, and some of it three times: ten statements a task."""
    here = house(tmp_path, workflow(STEPS), form=NAMED, url=database_url)
    for number in range(6):
        here.start(title=f"t{number}", amount=77)

    for wish, most in ((BoxWish(), 14), (BoxWish(q="r-"), 16)):
        asked: dict[int, int] = {}
        for size in (2, 6):
            with here.reading("fin") as view, heard(here) as statements:
                page = box_page(view, "todo", wish, size)
            asked[size] = len(statements)
            names = [one["display"] for one in page.items]
            assert names == [f"R-{number + 1:04}" for number in range(size)]  # amount is hidden
        assert asked[2] == asked[6] <= most


def test_of_records_shown_together_each_is_judged_by_itself(
    tmp_path: Path, database_url: str
) -> None:
    """One is shared, one is a task, one is neither, and one somebody is asked about by a step that
    hides what another step shows."""
    here = house(tmp_path, workflow(STEPS), form=SHARED, url=database_url)
    shared, asked, closed = (here.create(title=f"t{n}", amount=77) for n in range(3))
    flow = here.start(title="t3", amount=77)
    every = [shared, asked, closed, flow["record"]]
    boss, fin = here.person("boss"), here.person("fin")
    here.platform.commands.run(lambda work: sharing.share(work, "request", shared, "eve"), boss)
    here.system(lambda work: tasks.open_todo(work, "eve", "request", asked, "看看"))
    here.system(lambda work: tasks.open_todo(work, "fin", "request", asked, "看看"))

    with here.reading("eve") as view, heard(here) as statements:
        called = titles.displays_of(view, "request", every, "zh")
        most = len(statements)
        as_fin = titles.displays_of(replace(view, actor=fin), "request", every, "zh")
    assert called == {shared: "t0", asked: "t1 77"}
    assert as_fin == {asked: "t1 77", flow["record"]: "R-0001"}
    assert most < 14
    with here.reading("head") as view:
        named = titles.displays_of(view, "request", every, "zh")
    assert list(named.values()) == ["t0", "t1", "t2", "R-0001"], "a grant hides it of each"


def test_what_a_command_opens_and_closes_is_so_at_once(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(STEPS), form=SHARED)
    record = here.create()
    eve = here.person("eve")
    seen: list[bool] = []

    def look(work: Any) -> None:
        seen.append(work.rights.opened(replace(work, actor=eve), record))

    def deed(work: Any) -> None:
        look(work)
        sharing.share(work, "request", record, "eve")
        look(work)
        sharing.share(work, "request", record, "eve", take_back=True)
        look(work)
        tasks.open_todo(work, "eve", "request", record, "看看")
        look(work)

    here.platform.commands.run(deed, here.person("boss"))
    assert seen == [False, True, False, True]
