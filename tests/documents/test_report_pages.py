"""The pages of reports: read, written and taken along by those they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_house import ApiHouse
from demo_house import open_demo

ADDRESS = "/reports/monthly_analysis?org=JW&period=2025-09"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    house = open_demo(tmp_path_factory.mktemp("pages"))
    yield house
    house.close()


def page(demo: ApiHouse, login: str, address: str) -> tuple[int, str]:
    client: Any = demo.app.test_client()
    client.set_cookie("lang", "zh")
    signed = client.post("/sign-in", data={"login": login, "password": "let me in"})
    assert signed.status_code == 302
    answer = client.get(address)
    return answer.status_code, answer.get_data(as_text=True)


def test_a_reader_finds_the_reports_there_are_for_him(demo: ApiHouse) -> None:
    status, text = page(demo, "group.ops", "/reports")
    assert status == 200 and 'href="/reports/monthly_analysis"' in text
    assert "/reports/target_letter" not in text
    _, text = page(demo, "sys.admin", "/reports")
    assert "monthly_analysis" not in text and "没有您可以查看的报告" in text


def test_the_page_shows_figures_reasons_and_documents(demo: ApiHouse) -> None:
    status, text = page(demo, "group.ops", ADDRESS)
    assert status == 200
    block = demo.get("group.ops", f"/api/v1{ADDRESS}").get_json()["data"]["summary"]
    profit = next(row for row in block["rows"] if row["indicator"] == "total_profit")
    figure = f"{profit['actual'] / 10_000:,.2f}"
    for words in (figure, block["notes"][0], "<svg", "下载 Word", "还没有归档的文件。"):
        assert words in text, words
    assert "format=docx" in text and "data-slot" not in text


def test_the_owner_of_a_text_writes_it_on_the_page(demo: ApiHouse) -> None:
    _, text = page(demo, "group.planner", ADDRESS)
    assert 'data-slot="/api/v1/reports/monthly_analysis/narrative/causes?' in text


def test_a_parameter_that_is_wrong_is_said_beside_it(demo: ApiHouse) -> None:
    status, text = page(demo, "group.ops", "/reports/monthly_analysis?org=JW&period=soon")
    assert status == 200 and 'id="bad-period"' in text and "data-slot" not in text
    status, _ = page(demo, "eng.head", ADDRESS)
    assert status == 404
