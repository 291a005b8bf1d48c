"""The monthly report of the demo group: what its Word file says is what the query API answers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from api_house import ApiHouse, code
from demo_house import open_demo, publish
from documents_kit import opened
from openpyxl import load_workbook

from jingwei.jobs.reports import TOPIC, make_report
from jingwei.storage.outbox import Message

MONTH = "period=2025-09"
PATH = "reports/monthly_analysis"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    house = open_demo(tmp_path_factory.mktemp("demo"))
    yield house
    house.close()


def document(demo: ApiHouse, query: str, login: str = "group.ops") -> bytes:
    answer = demo.get(login, f"{PATH}?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return bytes(answer.get_data())


def cells(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def asked(demo: ApiHouse, **question: Any) -> dict[tuple[str, str], dict[str, Any]]:
    answer = demo.post("group.ops", "indicators/query", question)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {(c["indicator"], c["org"]): c for c in answer.get_json()["cells"]}


def money(value: Any) -> str:
    if value is None:
        return "—"
    number = (Decimal(str(value)) / 10_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{number:,}"


@pytest.mark.parametrize(("org", "period"), [("JW", "2025-09"), ("PARK", "2025-06")])
def test_the_word_file_says_what_the_query_api_answers(
    demo: ApiHouse, org: str, period: str
) -> None:
    made = opened(document(demo, f"org={org}&period={period}&format=docx"))
    first, second = made.tables[:2]
    children = {o["code"]: o["title"] for o in demo.get("group.ops", "orgs").get_json()["items"]}
    found = asked(
        demo,
        indicators=["total_profit", "revenue", "cfo"],
        orgs=list(children),
        periods=[period],
        views=["actual"],
    )
    profit = next(row for row in cells(first) if row[0] == "利润总额")
    assert profit[:3] == ["利润总额", "万元", money(found["total_profit", org]["value"])]
    by_title = {title: code for code, title in children.items()}
    rows = cells(second)[1:]
    assert rows
    for row in rows:
        below = by_title[row[0]]
        wanted = [found[name, below]["value"] for name in ("revenue", "total_profit", "cfo")]
        assert [row[1], row[3], row[5]] == [money(value) for value in wanted]


def test_what_is_missing_says_why(demo: ApiHouse) -> None:
    query = "org=JW&period=2024-06"
    made = opened(document(demo, f"{query}&format=docx"))
    notes = [p.text for p in made.paragraphs if p.text.startswith("注：")]
    data = demo.get("group.ops", f"{PATH}?{query}").get_json()["data"]
    missing = [
        row["_titles"] for block in data.values() for row in block["rows"] if row["actual"] is None
    ]
    assert missing
    for titles in missing:
        assert any(titles["indicator"] in note for note in notes), titles
    assert any(note.startswith("注：尚无数据：") for note in notes)
    assert all("-" not in note.split("：")[1] for note in notes), notes


def test_a_report_before_its_figures_are_due_says_so(demo: ApiHouse) -> None:
    made = opened(document(demo, "org=JW&period=2025-11&format=docx"))
    notes = [p.text for p in made.paragraphs if p.text.startswith("注：")]
    assert any(n.startswith("注：未到报送期：") for n in notes), notes


def test_the_chart_of_the_word_file_has_the_figures_of_the_table(demo: ApiHouse) -> None:
    content = document(demo, f"org=JW&{MONTH}&format=docx")
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        book = file.read(next(n for n in file.namelist() if n.startswith("word/embeddings/")))
    sheet = load_workbook(io.BytesIO(book)).active
    drawn = {row[0].value: row[1].value for row in sheet.iter_rows(min_row=2)}
    table = {row[0]: row[1] for row in cells(opened(content).tables[1])[1:]}
    assert drawn and set(drawn) == set(table)
    for title, value in drawn.items():
        assert table[title] == ("—" if value is None else f"{value:,.2f}")


def test_a_text_is_written_by_its_owner_and_stands_in_the_document(demo: ApiHouse) -> None:
    slot = f"{PATH}/narrative/causes?org=JW&{MONTH}"
    body = {"text": "一是房地产板块结转增加。"}
    refused = demo.ask("PUT", "group.ops", slot, json=body, match=0)
    assert code(refused) == (403, "narrative-not-yours")
    written = demo.ask("PUT", "group.planner", slot, json=body, match=0)
    assert written.status_code == 200, written.get_data(as_text=True)
    late = demo.ask("PUT", "group.planner", slot, json={"text": "别的"}, match=0)
    assert code(late) == (412, "narrative-written-meanwhile")
    words = [p.text for p in opened(document(demo, f"org=JW&{MONTH}&format=docx")).paragraphs]
    assert body["text"] in words and "（待填写）" not in words
    assert body["text"] in document(demo, f"org=JW&{MONTH}&format=html").decode()


def test_a_reader_of_one_sector_reads_that_sector_only(demo: ApiHouse) -> None:
    assert code(demo.get("eng.head", f"{PATH}?org=JW&{MONTH}")) == (404, "no-such-report")
    assert code(demo.get("group.ops", f"{PATH}?org=NOPE&{MONTH}")) == (422, "invalid")
    assert code(demo.get("group.ops", f"{PATH}?org=JW&{MONTH}&format=exe"))[0] == 400
    assert code(demo.get("group.ops", f"{PATH}?org=JW&{MONTH}&surprise=1"))[0] == 400


def test_a_document_is_kept_with_its_data_and_handed_out_as_it_was(demo: ApiHouse) -> None:
    first = demo.get("group.ops", f"{PATH}?org=PARK&{MONTH}&format=pdf")
    again = demo.get("group.ops", f"{PATH}?org=PARK&{MONTH}&format=pdf")
    assert first.get_data() == again.get_data()
    assert "filename*=UTF-8''" in first.headers["Content-Disposition"]
    kept = demo.get("group.ops", f"{PATH}?org=PARK&{MONTH}").get_json()["kept"]
    assert [k["type"] for k in kept] == ["application/pdf"]
    found = demo.get("group.ops", f"{PATH}/kept/{kept[0]['id']}?org=PARK&{MONTH}")
    assert found.get_data() == first.get_data()
    other = demo.get("group.ops", f"{PATH}/kept/{kept[0]['id']}?org=JW&{MONTH}")
    assert code(other) == (404, "no-such-content")


def test_the_figures_of_a_report_do_not_depend_on_its_format(demo: ApiHouse) -> None:
    data = demo.get("group.ops", f"{PATH}?org=JW&{MONTH}").get_json()
    content = document(demo, f"org=JW&{MONTH}&format=xlsx")
    sheet = load_workbook(io.BytesIO(content))["分单位情况"]
    rows = {row[0].value: row[1].value for row in sheet.iter_rows(min_row=2) if row[1].value}
    block = data["data"]["by_org"]["rows"]
    wanted = {
        row["_titles"]["org"]: row["actual"]
        for row in block
        if row["indicator"] == "revenue" and row["actual"] is not None
    }
    assert {title: pytest.approx(value / 10_000) for title, value in wanted.items()} == rows


def test_the_calendar_makes_a_report_for_each_org_it_names_and_keeps_it(demo: ApiHouse) -> None:
    path = demo.root / "report_templates" / "monthly_analysis.yaml"
    text = path.read_text(encoding="utf-8")
    more = """\
schedule: monthly 15 09:00
each_org: org.type == "sector"
"""
    begun = """due: 2wd,
    prefill: "{org.title}本月" }"""
    assert "due: 2wd}" in text
    text = text.replace("due: 2wd}", begun)
    publish(demo, "report_templates/monthly_analysis.yaml", text + more)
    message = Message(1, TOPIC, {"report": "monthly_analysis"}, 1, 1, datetime.min, None)
    for _ in range(2):
        make_report(demo.platform, message)
    kept = demo.get("group.ops", f"{PATH}?org=TRANS&{MONTH}").get_json()["kept"]
    assert sorted(k["name"].rpartition(".")[2] for k in kept) == ["docx", "html", "pdf", "xlsx"]
    assert demo.get("group.ops", f"{PATH}?org=JW&period=2025-08").get_json()["kept"] == []

    # what nobody has written yet begins as the report says
    words = document(demo, f"org=TRANS&{MONTH}&format=html").decode()
    assert "交通基建板块本月" in words
