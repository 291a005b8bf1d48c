"""What a step hides stays hidden from its people, whatever they ask for the record with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flows_small import FORM, house, workflow

from jingwei.refusals import Invalid
from jingwei.services import history, notices, record_views
from jingwei.services.flows.view import MOST_ROWS_TOLD
from jingwei.services.inbox import BoxWish, box_page
from jingwei.services.row_titles import RowTitles, with_rows

TWO = workflow(
    """
    - id: finance
      approve: {mode: one, who: {post: finance, at: org}, fields: {hide: [amount, lines]}}
    - id: sector
      approve: {mode: one, who: {head_of: org.sector}}
    """
)


def test_a_step_hides_its_fields_from_its_people_only(tmp_path: Path) -> None:
    here = house(tmp_path, TWO)
    flow = here.start(amount=7)
    here.act("fin", flow, "approve")

    def shown(login: str) -> dict[str, object]:
        with here.reading(login) as view:
            record = record_views.record(view, "request", flow["record"])
            changes = history.history(view, "request", flow["record"])[-1]["changes"]
            assert ("amount" in record.json) == ("amount" in changes)
            return record.json

    assert "title" in shown("fin")
    assert not {"amount", "lines"} & shown("fin").keys()  # after the decision, too
    assert shown("head")["amount"] == 7
    assert shown("ann")["amount"] == 7


def test_nor_do_names_and_rules_tell_of_them(tmp_path: Path) -> None:
    """In the box of tasks, in its notice, and where a rule refuses what he fills in."""
    rule = "rules:\n  most: {check: opinion is empty, at: title, message: '{title} {amount}'}\n"
    form = FORM.replace("number:", 'display: "{title} {amount}"\nnumber:')
    text = TWO.replace("hide: [amount, lines]", "hide: [amount, lines], write: [opinion]")
    here = house(tmp_path, text, form=form.replace("permissions:\n", rule + "permissions:\n"))
    flow = here.start(amount=77)

    def named(login: str) -> str:
        with here.reading(login) as view:
            [task] = box_page(view, "todo", BoxWish(), 5).items
            return str(task["display"])

    def noticed(login: str) -> str:
        with here.reading(login) as view:
            return " ".join(one["text"] for one in notices.inbox(view)["items"])

    assert "77" not in named("fin") + noticed("fin")
    with pytest.raises(Invalid) as refused:
        here.act("fin", flow, "approve", fields={"opinion": "好"})
    assert [one.words["zh"] for one in refused.value.fields] == ["t —"]
    here.act("fin", flow, "approve")
    assert named("head") == "t 77"
    assert "t 77" in noticed("head")


def test_a_row_is_named_by_what_is_not_hidden(tmp_path: Path) -> None:
    """In the box, the path and the notice of who is asked about it."""
    flow_text = workflow(
        """
        - id: e
          each:
            of: lines
            steps:
              - id: r
                approve: {who: {field: row.keeper}, fields: {hide: [row.secret]}}
              - {id: s, approve: {who: {head_of: org.sector}}}
        """
    )
    columns = "      secret: {type: text, title: 密}\n      thing: {type: text, title: 物}\n"
    here = house(tmp_path, flow_text, form=FORM.replace("      unit:", f"{columns}      unit:"))
    rows = [{"secret": "机密", "thing": n, "keeper": "fin"} for n in ("椅", "车")]
    flow = here.start(lines=rows)
    with here.reading("fin") as view:
        items = box_page(view, "todo", BoxWish(), 5).items
        told = " ".join(one["text"] for one in notices.inbox(view)["items"])
    assert sorted((one["row"]["number"], one["row"]["title"]) for one in items) == [
        (1, "椅"),
        (2, "车"),
    ]
    assert "第 1 行 椅" in told and "第 2 行 车" in told and "机密" not in told
    shown = [one["row"]["title"] for one in here.view(flow, "fin")["path"]]
    assert shown == ["椅", "车"]
    here.act("fin", flow, "approve", task=items[0]["id"])
    assert here.box("head", "todo")["items"][0]["row"]["title"] == "机密"


def test_who_is_asked_about_several_rows_at_once_is_told_which(tmp_path: Path) -> None:
    """In the box, the notice, the path and the log, by what the reader may see of them."""
    flow_text = workflow(
        """
        - id: e
          each:
            of: lines
            distinct: row.keeper
            steps:
              - id: r
                approve: {who: {field: row.keeper}, fields: {hide: [row.secret]}}
                due: 1d
                overdue: [{after: 0d, notify: initiator}]
        """
    )
    columns = "      secret: {type: text, title: 密}\n      thing: {type: text, title: 物}\n"
    here = house(tmp_path, flow_text, form=FORM.replace("      unit:", f"{columns}      unit:"))
    names = {"椅": "fin", "车": "head", "桌": "fin", "灯": "fin", "笔": "fin"}
    rows = [{"secret": "机密", "thing": n, "keeper": who} for n, who in names.items()]
    flow = here.start(lines=rows)
    with here.reading("fin") as view:
        [task] = box_page(view, "todo", BoxWish(), 5).items
        told = " ".join(one["text"] for one in notices.inbox(view)["items"])
    assert [(one["number"], one["title"]) for one in task["rows"]] == [
        (1, "椅"), (3, "桌"), (4, "灯"), (5, "笔"),
    ]  # fmt: skip
    assert task["row"] is None, "it is not about one of them"
    assert "第 1 行 椅、第 3 行 桌、第 4 行 灯 等 4 行" in told and "机密" not in told
    here.later(days=2)
    with here.reading("ann") as view:
        late = [one["text"] for one in notices.inbox(view)["items"]]
    assert any("第 2 行 车" in one for one in late)
    here.act("head", flow, "approve")
    shown = here.view(flow, "ann")
    assert [[row["number"] for row in run["rows"]] for run in shown["path"]] == [[1, 3, 4, 5], [2]]
    decided = next(e for e in shown["events"] if e["type"] == "approved")
    assert [row["number"] for row in decided["rows"]] == [2]
    assert [len(e["rows"]) for e in shown["events"] if e["type"] == "escalated"] == [4, 1]


def test_an_event_about_many_rows_names_the_first_and_how_many_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its step names them all, and each is looked up once however often it is told of."""
    flow_text = workflow(
        """
        - id: e
          each:
            of: lines
            distinct: row.keeper
            steps: [{id: r, approve: {who: {field: row.keeper}}}]
        """
    )
    here = house(tmp_path, flow_text)
    count = MOST_ROWS_TOLD + 4
    flow = here.start(lines=[{"keeper": "fin", "score": number} for number in range(count)])
    here.act("fin", flow, "approve")
    called: list[int] = []
    title = RowTitles._title

    def counted(self: RowTitles, table: str, row: Any, hidden: Any) -> str | None:
        called.append(row["id"])
        return title(self, table, row, hidden)

    monkeypatch.setattr(RowTitles, "_title", counted)
    shown = here.view(flow, "ann")

    [run] = [one for one in shown["path"] if one["step"] == "r"]
    assert [row["number"] for row in run["rows"]] == list(range(1, count + 1))
    [decided] = [one for one in shown["events"] if one["type"] == "approved"]
    assert decided["rows"] == run["rows"][:MOST_ROWS_TOLD]
    assert decided["more_rows"] == 4
    assert len(called) == count
    said = with_rows("审批", decided["rows"], "zh", decided["more_rows"])
    assert said == with_rows("审批", run["rows"], "zh")
