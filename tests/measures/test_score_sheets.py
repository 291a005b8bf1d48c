"""Score sheets in records: scored at each save until they are submitted, then they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from api_house import MORE_FILES, ApiHouse, fields, open_api
from measures_house import INDICATORS
from openpyxl import load_workbook
from own_postgres import own_postgres
from page_house import Pages, texts
from test_scores import FACTS, INCIDENT, SCHEME

from jingwei.authoring.lineage import lineage
from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import write_to_change
from jingwei.services.exchange import import_sheet
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_lines import Wanted

BY_HAND = "  party_work: {title: 党建, weight: 10, manual: {who: {role: group_ops}, max: 10}}\n"
MANUAL = SCHEME.replace("weight: 40", "weight: 30").replace("  leverage:", f"{BY_HAND}  leverage:")
SHEET = """
kind: form
title: 考核表
display: "{org.title} {year}"
submit: {cancel: true, amend: true}
versions: on_approval
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  year: {type: period, grain: year, title: 年度}
  card:
    type: scorecard
    title: 评分
    scheme: by_hand
    org: org
    period: year
    columns:
      note: {type: text, title: 备注, max: 20}
      doubled: {type: number, title: 翻倍, compute: score * 2}
  total:
    {type: number, title: 总分, compute: 'first(card.score where item == "result.total")'}
  profit_score: {type: number, title: 利润得分, compute: 'card[profit].score'}
  about: {type: definition, title: 关于, of: [form, scoring]}
  grade: {type: text, title: 等级, compute: 'first(card.explanation where item == "result.total")'}
actions:
  again:
    title: 重新计分
    who: {post: finance_manager}
    do: [{score: card}]
permissions:
  planner: {post: planner, can: [read, create, update, submit, amend], scope: org}
  finance: {post: finance_manager, can: [read, update, again], scope: org_and_below}
  audit: {role: audit_admin, can: [read], scope: all, mask: [card]}
  ops: {role: group_ops, can: [read, create, update], scope: all}
"""


# as known on a day, by the scheme of the org's profile; its figures stand from the first save on
FIRST = """
kind: form
title: 试算表
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  year: {type: period, grain: year, title: 年度, default: "2025"}
  until: {type: date, title: 截止}
  card:
    type: scorecard
    title: 评分
    scheme: org.profile.scoring
    period: year
    as_of: until
    freeze: create
permissions:
  planner: {post: planner, can: [read, create, update, export, import], scope: org}
  ops: {role: group_ops, can: [read, update], scope: all}
"""
# approved by somebody who scores the item
REVIEWED = """
kind: form
title: 评审表
workflow: review
fields:
  year: {type: period, grain: year, title: 年度, default: "2025"}
  card: {type: scorecard, title: 评分, scheme: by_hand, period: year, columns: {note: {type: text}}}
permissions:
  planner: {post: planner, can: [read, create, update, submit, export, import], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
"""
REVIEW = """
kind: workflow
title: 评审
form: reviewed
steps:
  - {id: party, title: 党建评分, approve: {who: {role: group_ops}, fields: {write: [card]}}}
"""
PROFILE = "kind: profile\ntitle: 一般\nscoring: by_hand\n"


def add(api: ApiHouse, rows: Any, **more: Any) -> None:
    found = [
        {"indicator": i, "org": o, "period": "2025", "value": v, "view": w, **more}
        for i, o, v, w in rows
    ]
    assert api.post("chen.jie", "facts", {"facts": found}).status_code == 200


FILES = {
    **MORE_FILES,
    **INDICATORS,
    "definitions/scoring/by_hand.yaml": MANUAL,
    "forms/incident.yaml": INCIDENT,
    "forms/sheet.yaml": SHEET,
    "forms/first.yaml": FIRST,
    "forms/reviewed.yaml": REVIEWED,
    "workflows/review.yaml": REVIEW,
    "definitions/profiles/plain.yaml": PROFILE,
    "definitions/orgs/A.yaml": MORE_FILES["definitions/orgs/A.yaml"] + "profile: plain\n",
}


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder = tmp_path_factory.mktemp("sheets")
    opened = open_api(folder, f"sqlite:///{folder / 'test.db'}", FILES)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    with own_postgres() as url:
        opened = open_api(tmp_path_factory.mktemp("sheets"), url, FILES)
        yield opened
        opened.close()


@pytest.fixture
def api(on_sqlite: ApiHouse) -> ApiHouse:
    add(on_sqlite, FACTS)
    return on_sqlite


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def on_both(request: pytest.FixtureRequest) -> ApiHouse:
    found: ApiHouse = request.getfixturevalue(request.param)
    add(found, FACTS)
    return found


def column(record: Any, name: str) -> dict[str, Any]:
    return {row["item"]: row[name] for row in record["card"]}


def changed(api: ApiHouse, login: str, record: Any, **values: Any) -> dict[str, Any]:
    answer = api.patch(
        login, f"forms/sheet/records/{record['id']}", values, match=record["revision"]
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def read(api: ApiHouse, login: str, record: Any) -> dict[str, Any]:
    answer = api.get(login, f"forms/sheet/records/{record['id']}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def by_hand(record: Any, **scores: Any) -> list[dict[str, Any]]:
    ids = column(record, "id")
    return [{"id": ids[item], "manual": points} for item, points in scores.items()]


def test_a_sheet_is_scored_at_each_save_until_it_is_submitted(on_both: ApiHouse) -> None:
    api = on_both
    made = api.make("li.na", "sheet", year="2025")

    assert column(made, "score") == {
        "profit": 63, "sales": 30, "party_work": None, "leverage": 0,
        "adjust.bonus_max": None, "adjust.multiplier": None, "adjust.deductions": 0,
        "result.total": None,
    }  # fmt: skip
    profit, party, total = made["card"][0], made["card"][2], made["card"][-1]
    assert (profit["weight"], profit["actual"], profit["base"]) == (60, 109, 100)
    assert profit["rule"] == "较基准每增减 3%，加减 1 分；最多加 6 分、减 6 分"
    assert profit["explanation"] == "基本分 60，较基数 0.09，3 档，加减 3 分（上下限 6）"
    assert party["explanation"] == "待定：待人工评分"
    assert "A ≥ 90，B ≥ 80，C ≥ 60，D ≥ 0；年度考核（规则版本 " in total["rule"]
    assert (made["total"], made["grade"], made["profit_score"]) == (None, None, 63)
    assert profit["doubled"] == 126

    # the figures of a draft are fetched at each save; rows and the author's columns stay
    add(api, [("profit", "A", "103", "actual")])
    sent = [{"id": profit["id"], "note": "看"}]
    saved = changed(api, "li.na", made, card=sent)
    assert column(saved, "id") == column(made, "id")
    assert (saved["card"][0]["score"], saved["card"][0]["note"]) == (61, "看")

    # only those who score an item give it points, and not too many
    for login, item, points, wrong in (
        ("li.na", "party_work", 8, "scored-by-others"),
        ("ops", "profit", 8, "not-by-hand"),
        ("ops", "party_work", 11, "score-out-of-range"),
    ):
        answer = api.patch(
            login,
            f"forms/sheet/records/{made['id']}",
            {"card": by_hand(saved, **{item: points})},
            match=saved["revision"],
        )
        assert fields(answer) == [("card.0.manual", wrong)]
    scored = changed(api, "ops", saved, card=by_hand(saved, party_work=9))
    # 61 + 30 + 9 + 0; a company below a basic score has the multiplier 1 and no bonus
    assert (column(scored, "score")["party_work"], scored["total"], scored["grade"]) == (9, 99, "A")
    assert column(scored, "score")["profit"] == 60
    assert "约束生效：any(items.score < items.weight)" in scored["card"][-1]["rule"]

    # once it is submitted the figures stand, and who reads is told that they are others by now
    assert api.post("li.na", f"forms/sheet/records/{made['id']}/submit").status_code == 200
    add(api, [("profit", "A", "130", "actual")])
    stands = read(api, "li.na", made)
    assert (stands["total"], column(stands, "actual")["profit"]) == (99, 103)
    assert [item for item, is_so in column(stands, "source_changed").items() if is_so] == ["profit"]
    covered = read(api, "auditor", made)["card"]
    assert {row[name] for row in covered for name in row if name != "id"} == {"•••", None}
    kept = api.get("li.na", f"forms/sheet/records/{made['id']}/versions").get_json()["items"]
    assert column(kept[0]["record"], "score")["profit"] == 60

    # the effect `score` fetches them again; the version stays what it was
    answer = api.post("chen.jie", f"forms/sheet/records/{made['id']}/actions/again")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    again = read(api, "li.na", made)
    assert column(again, "score")["profit"] == 60  # capped by the guard
    assert (column(again, "automatic")["profit"], column(again, "manual")["party_work"]) == (66, 9)
    assert not any(column(again, "source_changed").values())
    differs = api.get(
        "li.na", f"forms/sheet/records/{made['id']}/versions/1/diff/current"
    ).get_json()
    row = differs["changes"]["card"][str(profit["id"])]
    assert (row["actual"], row["automatic"]) == ([103, 130], [61, 66])
    told = api.get("li.na", f"forms/sheet/records/{made['id']}/history").get_json()["items"]
    assert "card" in told[0]["changes"]


def test_reading_a_sheet_asks_for_its_figures_once_and_for_nothing_else_of_its_scheme(
    on_both: ApiHouse,
) -> None:
    api = on_both
    made = api.make("li.na", "sheet", year="2025")
    at = f"forms/sheet/records/{made['id']}"
    assert api.post("li.na", f"{at}/submit").status_code == 200
    add(api, [("profit", "A", "130", "actual")])
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = api.platform.database.engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        stands = read(api, "li.na", made)
        for_reading = list(asked)
        asked.clear()
        for around in ("comments", "history", "files"):
            assert api.get("li.na", f"{at}/{around}").status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)

    assert [item for item, is_so in column(stands, "source_changed").items() if is_so] == ["profit"]
    of_figures = ("sys_fact.", "sys_adjustment.", "f_incident")
    found = [n for n in of_figures for one in for_reading if n in one.partition("FROM")[0]]
    assert found == ["sys_fact.", "sys_adjustment."]
    assert len(for_reading) <= 6
    assert not [one for one in asked if any(n in one for n in of_figures)]


def test_a_sheet_is_of_its_scheme_and_of_no_other_rows(api: ApiHouse) -> None:
    # items are named in rows without an id; others there are not
    made = api.make(
        "ops", "sheet", org="A", year="2025", card=[{"item": "party_work", "manual": 7}]
    )
    assert column(made, "score")["party_work"] == 7
    wrong = {"year": "2025", "card": [{"item": "result.grade"}]}
    assert fields(api.post("li.na", "forms/sheet/records", wrong)) == [
        ("card.0.item", "not-a-choice")
    ]
    wrong = {"year": "2025", "card": [{"note": "看"}]}
    assert fields(api.post("li.na", "forms/sheet/records", wrong)) == [("card.0", "not-an-item")]
    wrong = {"year": "2025", "card": [{"item": "profit", "score": 99}]}
    assert fields(api.post("li.na", "forms/sheet/records", wrong)) == [
        ("card.0.score", "not-writable")
    ]
    # a scheme that is not for the year
    assert fields(api.post("li.na", "forms/sheet/records", {"year": "2024"})) == [
        ("card", "scheme-not-for-org")
    ]
    # of a sheet that is sent back whole nothing is taken for a wish, and rows stay in their order
    again = read(api, "ops", made)
    sent = list(reversed(again["card"]))
    saved = changed(api, "ops", again, card=sent)
    assert saved["card"] == again["card"]
    # while it does not say of what it is, there are no rows; what people scored goes with them
    emptied = changed(api, "ops", saved, year=None)
    assert (emptied["card"], emptied["total"]) == ([], None)


def test_what_a_browser_asks_before_saving(api: ApiHouse) -> None:
    asked = {"year": "2025", "card": [{"item": "profit", "note": "看"}]}
    answer = api.post("li.na", "forms/sheet/compute", asked).get_json()
    assert column(answer["values"], "automatic")["profit"] == 63
    assert column(answer["values"], "note")["profit"] == "看"


def test_figures_stand_from_the_day_and_the_moment_that_the_form_says(api: ApiHouse) -> None:
    restated = {"data_version": "restated-in-2026-02"}
    add(api, [("profit", "A", "106", "actual")], **restated)
    early = api.make("li.na", "first", until="2026-01-31")
    late = api.make("li.na", "first", until="2026-02-28")
    assert [column(one, "actual")["profit"] for one in (early, late)] == [109, 106]

    # nothing is fetched again; what people score is worked out from what stands
    add(api, [("profit", "A", "100", "actual"), ("sales", "A", "199", "actual")])
    answer = api.patch(
        "ops",
        f"forms/first/records/{early['id']}",
        {"card": [{"item": "party_work", "manual": 10}]},
        match=1,
    )
    scored = answer.get_json()
    assert column(scored, "actual") == column(early, "actual")
    assert column(scored, "rule") == column(early, "rule")
    assert column(scored, "explanation")["party_work"] == "人工评分 10"
    # 63 + 30 + 10, of the 3 points above the weights 2, times 1.1
    assert column(scored, "score")["result.total"] == 112.2
    assert column(scored, "explanation")["result.total"] == "A"
    told = api.get("ops", f"forms/first/records/{early['id']}").get_json()
    gone = [item for item, is_so in column(told, "source_changed").items() if is_so]
    assert gone == ["profit", "sales"]

    # an org without a scheme has no rows
    other = api.make("wang.wu", "first", until="2026-01-31")
    assert other["card"] == []


def test_an_amendment_that_is_dropped_leaves_the_sheet_as_it_stood(api: ApiHouse) -> None:
    made = api.make("li.na", "sheet", year="2025")
    at = f"forms/sheet/records/{made['id']}"
    assert api.post("li.na", f"{at}/submit").status_code == 200
    before = read(api, "li.na", made)
    assert api.post("li.na", f"{at}/amend").status_code == 200
    add(api, [("profit", "A", "120", "actual")])
    draft = read(api, "li.na", made)
    saved = changed(api, "li.na", draft, card=[{"item": "profit", "note": "新"}])
    assert column(saved, "automatic")["profit"] == 66
    assert api.post("li.na", f"{at}/discard").status_code == 200
    after = read(api, "li.na", made)
    same = ("id", "item", "actual", "automatic", "score", "note", "explanation")
    assert [[row[n] for n in same] for row in after["card"]] == [
        [row[n] for n in same] for row in before["card"]
    ]
    assert [item for item, is_so in column(after, "source_changed").items() if is_so] == ["profit"]


def test_lineage_leads_through_a_score_sheet(api: ApiHouse) -> None:
    catalogue = api.platform.active.current.catalogue
    sheets = {use.target for use in lineage(catalogue, "sheet.total").reads}
    assert {"sheet.card", "sheet.card.score", "profit", "sales", "leverage", "sheet.year"} <= sheets
    used = {use.made for use in lineage(catalogue, "profit").read_by}
    assert {"sheet.card", "sheet.total", "first.card"} <= used


def test_a_step_scores_a_sheet_that_stands(api: ApiHouse) -> None:
    made = api.make("li.na", "reviewed", card=[{"item": "sales", "note": "甲"}])
    at = f"forms/reviewed/records/{made['id']}"
    assert column(made, "note")["sales"] == "甲"
    assert api.post("li.na", f"{at}/submit").status_code == 200
    add(api, [("profit", "A", "130", "actual")])
    (task,) = api.get("ops", "tasks").get_json()["items"]
    sent = {"card": [{"id": column(made, "id")["party_work"], "manual": 12}]}
    answer = api.post("ops", f"tasks/{task['id']}/approve", {"fields": sent})
    assert fields(answer) == [("card.0.manual", "score-out-of-range")]
    sent["card"][0]["manual"] = 10
    answer = api.post("ops", f"tasks/{task['id']}/approve", {"fields": sent})
    assert answer.status_code == 200, answer.get_data(as_text=True)

    shown = api.get("li.na", at).get_json()
    assert shown["status"] == "approved"
    assert (column(shown, "actual")["profit"], column(shown, "manual")["party_work"]) == (109, 10)
    assert column(shown, "score")["result.total"] == 112.2
    assert column(shown, "note")["sales"] == "甲"


def test_a_sheet_goes_out_to_be_changed_and_comes_back(api: ApiHouse, tmp_path: Path) -> None:
    made = api.make("li.na", "reviewed", card=[{"item": "sales", "note": "甲"}])
    commands = api.platform.commands
    with commands.active.database.reading() as connection:
        person = commands.people.find(connection, "li.na", commands.clock.today())
    assert person is not None
    with commands.read(person) as view:
        wish = ListWish(filter=f"id == {made['id']}")
        found = export(view, "reviewed", wish, "zh", values="edit", days=True, tables=True)
        write_to_change(str(tmp_path / "out.xlsx"), found, "zh")
    path = tmp_path / "out.xlsx"
    sheet = SheetFile(path, path.name)
    wanted = Wanted("update", "id")
    back = import_sheet(commands, person, "reviewed", sheet, "rows", wanted=wanted)
    assert (back.refused, back.same, back.bad) == ([], 1, 0)

    book = load_workbook(path)
    rows = book.worksheets[1]
    titles = [cell.value for cell in rows[1]]
    said = {row[titles.index("考核项目")].value: row for row in rows.iter_rows(min_row=2)}
    said["利润"][titles.index("note")].value = "好"
    said["销售额"][titles.index("得分")].value = 99
    book.save(path)
    sheet = SheetFile(path, path.name)
    back = import_sheet(commands, person, "reviewed", sheet, "rows", wanted=wanted)
    assert [(one.code, back.bad) for _, one in back.refused] == [("not-writable", 1)]
    said["销售额"][titles.index("得分")].value = column(made, "score")["sales"]
    book.save(path)
    sheet = SheetFile(path, path.name)
    back = import_sheet(commands, person, "reviewed", sheet, "rows", wanted=wanted)
    assert (back.refused, back.updated) == ([], 1)
    shown = api.get("li.na", f"forms/reviewed/records/{made['id']}").get_json()
    assert (column(shown, "note")["profit"], column(shown, "note")["sales"]) == ("好", "甲")


def test_sheets_are_asked_for_and_described_as_tables_are(on_both: ApiHouse) -> None:
    api = on_both
    one = api.make("li.na", "sheet", year="2025")
    other = api.make("wang.wu", "sheet", year="2025")

    def found(condition: str) -> list[int]:
        answer = api.get("ops", "forms/sheet/records", query_string={"filter": condition})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        ids = {item["id"] for item in answer.get_json()["items"]}
        return sorted(ids & {one["id"], other["id"]})

    assert found('any(card.item == "sales" and card.score < 30)') == [other["id"]]
    assert found("card[profit].actual == 109") == [one["id"]]
    assert found("profit_score >= 60") == [one["id"], other["id"]]
    described = api.get("li.na", "openapi.json").get_json()
    row = described["components"]["schemas"]["sheet"]["properties"]["card"]["items"]["properties"]
    assert row["score"]["readOnly"] and "readOnly" not in row["manual"]
    assert "party_work" in row["item"]["enum"]


def test_the_pages_of_a_sheet_open_what_is_scored_by_hand_and_add_no_rows(api: ApiHouse) -> None:
    made = api.make("li.na", "sheet", year="2025", about="scoring/by_hand")
    add(api, [("profit", "A", "90", "actual")])
    pages = Pages(api)
    form = pages.page("li.na", f"/f/sheet/{made['id']}/edit")
    block = form.xpath("//div[@data-table='card']")[0]
    assert not block.xpath(".//button[@data-add or @data-remove]")
    assert [c.tag for c in block.xpath(".//td[@data-column='score']/*[@data-output]")] == ["output"]
    assert block.xpath(".//td[@data-column='manual']//input[@data-input]")
    assert "card" in json.loads(form.xpath("//form/@data-model")[0])["asks"]
    offered = form.xpath("//select[@id='field-about']/option/@value")
    assert "scoring/by_hand" in offered and "form/sheet" in offered
    assert "年度考核" in texts(form, "//select[@id='field-about']/option")

    shown = pages.page("li.na", f"/f/sheet/{made['id']}")
    rows = [texts(row, "./td") for row in shown.xpath("//table[.//th[.='考核项目']]//tbody/tr")]
    assert rows[0][1:3] == ["利润", "60"]
    closed = pages.page("auditor", f"/f/sheet/{made['id']}")
    rows = [texts(row, "./td") for row in closed.xpath("//table[.//th[.='考核项目']]//tbody/tr")]
    assert set(rows[0][1:]) == {"•••", "—"}
    assert "年度考核" in texts(shown, "//dd")
