"""Importing over the page and the API: the template, the look, the file of errors, the undo."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, MORE_PEOPLE, PASSWORD, ApiHouse, code, open_api
from exchange_kit import FORM
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder: Path = tmp_path_factory.mktemp("import")
    files = {**MORE_FILES, "forms/ledger.yaml": FORM}
    house = open_api(folder, f"sqlite:///{folder / 'test.db'}", files, MORE_PEOPLE)
    yield house
    house.close()


class Browser:
    """Somebody signed in, who sends forms as the page has them."""

    def __init__(self, api: ApiHouse, login: str) -> None:
        self._client: Any = api.app.test_client()
        self._client.set_cookie("lang", "zh")
        self._client.post("/sign-in", data={"login": login, "password": PASSWORD})
        self.text = ""
        self.status = 0

    def get(self, address: str) -> str:
        return self._read(self._client.get(address))

    def post(self, address: str, **fields: Any) -> str:
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.text)
        assert csrf is not None
        answer = self._client.post(address, data={"csrf": csrf[1], **fields}, follow_redirects=True)
        return self._read(answer)

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, name
        return found[1]

    def _read(self, answer: Any) -> str:
        self.status, self.text = answer.status_code, answer.get_data(as_text=True)
        return self.text


def upload(text: str, name: str = "台账.csv") -> Any:
    return (io.BytesIO(text.encode()), name)


def test_a_template_is_filled_in_and_imported_as_it_is(api: ApiHouse) -> None:
    answer = api.get("li.na", "forms/ledger/import-template.xlsx")
    assert "filename*=UTF-8''%E5%8F%B0" in answer.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.get_data()))
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:4] == ["单位", "名称", "金额", "比例"] and sheet.protection.sheet
    assert not sheet.column_dimensions["C"].protection.locked
    rules = {str(r.sqref).split(":")[0]: r for r in sheet.data_validations.dataValidation}
    kind = chr(65 + heads.index("类别"))
    assert rules[f"{kind}2"].type == "list"
    words = [cell.value for cell in book["_lists"][kind] if cell.value]
    assert words == ["甲类", "乙类"]
    about = {row[0].value: row[1].value for row in book["_about"].rows}
    assert about["form"] == "ledger" and len(about["fingerprint"]) == 64
    for at, value in enumerate(["甲公司", "样板", 12, 0.5], 1):
        sheet.cell(2, at, value)
    sheet.cell(2, heads.index("类别") + 1, "乙类")
    kept = io.BytesIO()
    book.save(kept)
    data = {"file": (io.BytesIO(kept.getvalue()), "t.xlsx")}
    done = api.ask("POST", "li.na", "forms/ledger/import", data=data).get_json()
    assert (done["good"], done["bad"]) == (1, 0)


def test_a_preview_over_the_api_keeps_nothing(api: ApiHouse) -> None:
    data = {"file": upload("name,amount\n预览,1\n坏,x\n")}
    found = api.ask("POST", "li.na", "forms/ledger/import?preview=1", data=data).get_json()
    assert (found["good"], found["bad"], found["looked_at"], found["batch"]) == (1, 1, 2, None)
    page = api.get("li.na", 'forms/ledger/records?filter=name == "预览"').get_json()
    assert page["total"] == 0


def test_a_sheet_is_looked_at_imported_and_taken_back_on_the_page(api: ApiHouse) -> None:
    browser = Browser(api, "li.na")
    browser.get("/f/ledger/import")
    assert browser.status == 200 and "下载模板" in browser.text
    browser.post("/f/ledger/import", file=upload("名称,金额\n页一,1\n页二,x\n页三,3\n"))
    assert "共 3 行：2 行可以导入，1 行有问题。" in browser.text
    assert "请填数字，例如 1234.50。" in browser.text
    named = {"sha256": browser.field("sha256"), "name": browser.field("name")}
    browser.post("/f/ledger/import", mode="rows", **named)
    assert "导入完成：2 行已导入，1 行未导入。" in browser.text
    address = re.search(r"/api/v1/forms/ledger/imports/(\d+)/errors.xlsx", browser.text)
    assert address is not None
    errors = api.get("li.na", address[0])
    book = CalamineWorkbook.from_filelike(io.BytesIO(errors.get_data()))
    assert book.get_sheet_by_index(0).to_python() == [
        ["名称", "金额", "未导入的原因"],
        ["页二", "x", "amount: 请填数字，例如 1234.50。"],
    ]
    browser.get("/f/ledger/import")
    browser.post(f"/f/ledger/import/{address[1]}/undo")
    assert "已撤销：删除 2 条，恢复 0 条，保留已被修改的 0 条。" in browser.text
    assert code(api.post("li.na", f"forms/ledger/imports/{address[1]}/undo", {})) == (
        409,
        "import-undone",
    )


def test_a_sheet_that_cannot_be_read_is_said_on_the_page(api: ApiHouse) -> None:
    browser = Browser(api, "li.na")
    browser.get("/f/ledger/import")
    browser.post("/f/ledger/import", file=upload("名称,颜色\nx,红\n"))
    assert browser.status == 400 and "颜色" in browser.text
    browser.post("/f/ledger/import", sha256="../../etc/passwd", name="x")
    assert browser.status == 400
    browser.post("/f/ledger/import", sha256="0" * 64, name="x.csv")
    assert browser.status == 404


def test_a_kept_sheet_is_imported_only_by_who_brought_it(api: ApiHouse) -> None:
    browser = Browser(api, "li.na")
    browser.get("/f/ledger/import")
    browser.post("/f/ledger/import", file=upload("名称\nx\n"))
    sealed = browser.field("sha256")
    sha256 = sealed.partition(".")[0]

    for known_by_others in (sha256, f"{sha256}.{'0' * 64}"):
        browser.get("/f/ledger/import")
        browser.post("/f/ledger/import", sha256=known_by_others, name="x.csv")
        assert browser.status == 404
    assert sealed.startswith(f"{sha256}.")


def test_who_may_not_import_finds_no_page(api: ApiHouse) -> None:
    browser = Browser(api, "ops")
    browser.get("/f/ledger/import")
    assert browser.status == 403
    assert code(api.get("ops", "forms/ledger/import-template.xlsx")) == (403, "not-allowed")
    assert code(api.get("wang.wu", "forms/ledger/imports/1/errors.xlsx")) == (
        404,
        "no-such-content",
    )
    browser = Browser(api, "nobody")
    browser.get("/f/ledger/import")
    assert browser.status == 404


def test_an_export_is_streamed_as_csv(api: ApiHouse) -> None:
    api.make("li.na", "ledger", name="=1+1", amount=1)
    answer = api.get("li.na", 'forms/ledger/export.csv?fields=name,amount&filter=name == "=1%2B1"')
    assert answer.get_data().decode("utf-8-sig").splitlines() == ["名称,金额", "'=1+1,1.00"]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert code(api.get("li.na", "forms/ledger/export.csv?sort=nothing")) == (400, "sort")
    assert code(api.get("nobody", "forms/ledger/export.csv")) == (404, "no-such-form")
