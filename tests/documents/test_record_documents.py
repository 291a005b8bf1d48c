"""Documents about one record: its visible fields and rows, for those who may print it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse, code, open_api
from demo_house import publish
from documents_kit import opened, template, words_of

REPORT = """
kind: report
title: 合同单
of: contract
template: contract_sheet.docx
for: everyone
output: [docx, pdf, html, xlsx]
"""
KEPT = REPORT.replace("output:", "archive: true\noutput:")
SHEET = template(
    "{{ record.number | default('无编号') }} {{ record.name }}",
    "{{ record.amount | money('元') }}，底价 {{ record.secret }}",
    "{% for row in record.lines %}{{ loop.index }}.{{ row.item }} {% endfor %}",
    cells=("{%tr for row in record.lines %}", "{{ row.item }}={{ row.price | money('元') }}",
           "{%tr endfor %}"),
)  # fmt: skip
FILES = {
    **MORE_FILES,
    "forms/contract.yaml": MORE_FILES["forms/contract.yaml"]
    .replace("submit, cancel, export]", "submit, cancel, export, print]")
    .replace("finance: {post: finance_manager, can: [read]", "finance: {post: finance_manager, "
             "can: [read, print]"),
}  # fmt: skip


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder: Path = tmp_path_factory.mktemp("letters")
    house = open_api(folder, f"sqlite:///{folder / 'test.db'}", FILES)
    (house.root / "report_templates").mkdir()
    (house.root / "report_templates" / "contract_sheet.docx").write_bytes(SHEET)
    publish(house, "report_templates/contract_sheet.yaml", REPORT)
    publish(house, "report_templates/contract_kept.yaml", KEPT)
    yield house
    house.close()


@pytest.fixture(scope="module")
def contract(api: ApiHouse) -> dict[str, Any]:
    lines = [{"item": "桥墩", "price": 3}, {"item": "=1+1", "price": 4}]
    return api.make("li.na", "contract", name="跨江桥", amount=7, secret="底价六", lines=lines)


def made(api: ApiHouse, login: str, id: int, format: str = "docx") -> Any:
    return api.get(login, f"reports/contract_sheet?id={id}&format={format}")


def test_a_record_is_printed_with_its_rows(api: ApiHouse, contract: dict[str, Any]) -> None:
    answer = made(api, "li.na", contract["id"])
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert words_of(answer.get_data()) == ["无编号 跨江桥", "7.00，底价 底价六", "1.桥墩 2.=1+1 "]
    table = opened(answer.get_data()).tables[0]
    assert [row.cells[0].text for row in table.rows] == ["桥墩=3.00", "=1+1=4.00"]


def test_a_field_that_is_hidden_from_the_reader_is_not_in_the_document(
    api: ApiHouse, contract: dict[str, Any]
) -> None:
    words = words_of(made(api, "chen.jie", contract["id"]).get_data())
    assert words[1] == "7.00，底价 —"
    for format in ("html", "xlsx", "pdf"):
        answer = made(api, "chen.jie", contract["id"], format)
        assert answer.status_code == 200 and "底价六".encode() not in answer.get_data()


def test_who_may_not_print_or_read_gets_no_document(
    api: ApiHouse, contract: dict[str, Any]
) -> None:
    assert code(made(api, "ops", contract["id"])) == (403, "not-allowed")
    assert code(made(api, "wang.wu", contract["id"])) == (404, "no-such-record")
    assert code(made(api, "li.na", 999_999)) == (404, "no-such-record")
    assert code(api.get("li.na", "reports/contract_sheet")) == (422, "invalid")


def test_the_page_of_a_record_offers_its_documents(api: ApiHouse, contract: dict[str, Any]) -> None:
    def page(login: str) -> str:
        client: Any = api.app.test_client()
        client.post("/sign-in", data={"login": login, "password": PASSWORD})
        return str(client.get(f"/f/contract/{contract['id']}").get_data(as_text=True))

    link = f'href="/reports/contract_sheet?id={contract["id"]}"'
    assert link in page("li.na") and link not in page("ops")


def test_a_kept_document_is_for_nobody_who_sees_less_than_its_maker(
    api: ApiHouse, contract: dict[str, Any]
) -> None:
    path, asked = "reports/contract_kept", f"id={contract['id']}"
    full = api.get("li.na", f"{path}?{asked}&format=docx")
    assert "底价六" in words_of(full.get_data())[1]

    mine = api.get("li.na", f"{path}?{asked}").get_json()["kept"]

    assert api.get("li.na", f"{path}/kept/{mine[0]['id']}?{asked}").data == full.get_data()
    assert api.get("chen.jie", f"{path}?{asked}").get_json()["kept"] == []
    other = api.get("chen.jie", f"{path}/kept/{mine[0]['id']}?{asked}")
    assert code(other) == (404, "no-such-content")
