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

from jingwei.jobs.imports import run_import, undo_import
from jingwei.services import exchange, import_undo
from jingwei.storage import outbox
from jingwei.storage.changes import read_log
from jingwei.storage.people import find_person, update_person


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


def test_a_sheet_exported_to_be_changed_updates_by_its_ids(api: ApiHouse) -> None:
    made = api.make("li.na", "ledger", name="改前", amount=1)
    mine = 'filter=name == "改前"'
    got = api.get("li.na", f"forms/ledger/export.xlsx?values=edit&{mine}").get_data()
    book = load_workbook(io.BytesIO(got))
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    sheet.cell(2, heads.index("名称") + 1, "改后")
    kept = io.BytesIO()
    book.save(kept)

    browser = Browser(api, "li.na")
    browser.get("/f/ledger/import")
    assert "导出 → Excel，用于修改后再导入" in browser.text  # as the menu calls it
    changed = (io.BytesIO(kept.getvalue()), "改.xlsx")
    browser.post("/f/ledger/import", file=changed, do="create", key="name")  # nothing was chosen
    assert (browser.field("do"), browser.field("key")) == ("update", "id")
    assert "按 ID 只更新已有的记录" in browser.text
    sealed = {name: browser.field(name) for name in ("sha256", "name", "do", "key")}
    browser.post("/f/ledger/import", mode="atomic", **sealed)
    now = api.get("li.na", f"forms/ledger/records/{made['id']}").get_json()
    assert now["name"] == "改后"

    browser.get("/f/ledger/import")  # other sheets are what they were
    browser.post("/f/ledger/import", file=upload("名称,金额\n新,1\n"), do="create", key="name")
    assert browser.field("do") == "create" and "只更新已有的记录。" not in browser.text


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
        ["页二", "x", "金额：请填数字，例如 1234.50。"],
    ]
    assert "不对的格子标红，原因写在最后一列" in browser.text
    browser.get("/f/ledger/import")
    assert "更新的记录恢复原值；之后又被改过的保留不动。" in browser.text  # before one is sure
    browser.post(f"/f/ledger/import/{address[1]}/undo")
    assert "已撤销：删除 2 条，恢复 0 条，保留 0 条。" in browser.text
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


def test_the_import_of_somebody_else_is_told_like_one_that_there_is_not(api: ApiHouse) -> None:
    brought = api.post(
        "li.na", "forms/ledger/import", data={"file": upload("名称\n别人的\n")}
    ).get_json()
    told = []
    for batch in (brought["batch"], 999_999):
        for method, rest in (("GET", ""), ("GET", "/errors.xlsx"), ("POST", "/undo")):
            answer = api.ask(method, "wang.wu", f"forms/ledger/imports/{batch}{rest}")
            assert code(answer) == (404, "no-such-import")
            told.append(answer.get_json()["error"]["message"])
    assert set(told) == {
        "您在这张表单中没有这次导入。导入只有导入人自己能看到和撤销：请从您的导入列表中选择，"
        "或请导入人处理。"
    }
    mine = api.post("li.na", f"forms/ledger/imports/{brought['batch']}/undo")
    assert (mine.status_code, mine.get_json()["undone"]) == (200, 1)


def test_who_may_not_import_finds_no_page(api: ApiHouse) -> None:
    browser = Browser(api, "ops")
    browser.get("/f/ledger/import")
    assert browser.status == 403
    assert code(api.get("ops", "forms/ledger/import-template.xlsx")) == (403, "not-allowed")
    assert code(api.get("wang.wu", "forms/ledger/imports/1/errors.xlsx")) == (404, "no-such-import")
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


ORDER = """
kind: form
title: 订单
fields:
  name: {type: text, title: 名称}
  pin: {type: text, title: 证件号, sensitive: true}
  lines:
    type: table
    title: 明细
    fields:
      thing: {type: text, title: 物品}
      kind: {type: choice, title: 类别, choices: {a: 甲类, b: 乙类}}
permissions:
  planner: {post: planner, can: [read, create, update, import, export], scope: org}
"""


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder: Path = tmp_path_factory.mktemp("orders")
    files = {**MORE_FILES, "forms/order.yaml": ORDER, "forms/ledger.yaml": FORM}
    house = open_api(folder, f"sqlite:///{folder / 'test.db'}", files, MORE_PEOPLE)
    yield house
    house.close()


def test_a_template_has_a_sheet_for_each_table(orders: ApiHouse) -> None:
    answer = orders.get("li.na", "forms/order/import-template.xlsx")
    book = load_workbook(io.BytesIO(answer.get_data()))
    first, lines = book.worksheets[:2]
    assert [c.value for c in first[1]] == ["行号", "单位", "名称", "证件号"]
    assert (lines.title, [c.value for c in lines[1]]) == ("明细", ["行号", "物品", "类别"])
    orders_ = [[1, "甲公司", "订一"], [2, "甲公司", "订二"]]
    things = [[2, "钢", "乙类"], [1, "砂", None], [2, "石", "甲类"]]
    for sheet, rows in ((first, orders_), (lines, things)):
        for at, row in enumerate(rows, 2):
            for column, cell in enumerate(row, 1):
                sheet.cell(at, column, cell)
    kept = io.BytesIO()
    book.save(kept)
    data = {"file": (io.BytesIO(kept.getvalue()), "t.xlsx")}
    done = orders.ask("POST", "li.na", "forms/order/import", data=data).get_json()
    assert (done["created"], done["bad"]) == (2, 0), done
    found = orders.get("li.na", "forms/order/records?sort=name&fields=name,lines").get_json()
    rows = {i["name"]: [(r["thing"], r["kind"]) for r in i["lines"]] for i in found["items"]}
    assert rows == {"订一": [("砂", None)], "订二": [("钢", "b"), ("石", "a")]}
    data = {"file": (io.BytesIO(kept.getvalue()), "t.xlsx")}
    wrong = orders.ask("POST", "li.na", "forms/ledger/import", data=data)
    assert wrong.get_json()["error"]["message"] == (
        "这是另一张表单（order）的模板，请在那张表单的列表中导入，或下载这张表单的模板。"
    )


def test_an_export_of_sensitive_fields_is_kept_in_the_log(orders: ApiHouse) -> None:
    orders.make("li.na", "order", name="密", pin="320102")
    for query in ("fields=name", "fields=name,pin&filter=name=='密'"):
        assert orders.get("li.na", f"forms/order/export.csv?{query}").status_code == 200
    with orders.platform.database.reading() as connection:
        store = orders.platform.active.current
        entries = read_log(connection, store.book, store.store.people, kind="export")
    assert [(e.change.actor, e.change.action, e.change.form, e.change.body) for e in entries] == [
        ("li.na", "exported", "order", {"fields": ["pin"], "filter": "name=='密'", "q": ""})
    ]


def set_active(api: ApiHouse, login: str, active: bool) -> None:
    with api.platform.database.writing() as connection:
        row = find_person(connection, login)
        assert row is not None
        update_person(connection, row.id, {"active": active})


def test_a_long_sheet_is_imported_by_a_worker_that_may_be_stopped(
    orders: ApiHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "name\n" + "".join(f"长{n:04d}\n" for n in range(2_100)) + "x\ty\n"
    data = {"file": upload(text.replace("x\ty", '"=1\n2"'))}
    asked = orders.ask("POST", "li.na", "forms/order/import?mode=rows&background=1", data=data)
    assert (asked.status_code, asked.get_json()["state"]) == (202, "running")
    batch = asked.get_json()["batch"]
    with orders.platform.database.writing() as connection:
        leased = outbox.lease(connection, orders.platform.clock.now(), seconds=-1)
    message = next(m for m in leased if m[2] == "import.run")
    written, whole = 0, exchange._one_part

    def power_cut(*arguments: Any) -> None:
        nonlocal written
        written += 1
        if written == 2:
            raise KeyboardInterrupt
        whole(*arguments)

    monkeypatch.setattr(exchange, "_one_part", power_cut)
    with orders.platform.database.reading() as connection:
        held = outbox.held(connection, message[0], message[1])
    assert held is not None
    set_active(orders, "li.na", False)
    run_import(orders.platform, held)  # whoever has left brings nothing in
    set_active(orders, "li.na", True)
    with pytest.raises(KeyboardInterrupt):
        run_import(orders.platform, held)
    shown = orders.get("li.na", f"forms/order/imports/{batch}").get_json()
    assert (shown["state"], shown["good"]) == ("running", 1_000)
    monkeypatch.setattr(exchange, "_one_part", whole)
    for _ in range(2):  # a message may come twice
        run_import(orders.platform, held)
    shown = orders.get("li.na", f"forms/order/imports/{batch}").get_json()
    assert (shown["state"], shown["good"], shown["bad"]) == ("done", 2_100, 1)
    assert [(one["row"], one["code"]) for one in shown["refused"]] == [(2_102, "text-one-line")]
    total = orders.get("li.na", "forms/order/records?q=长").get_json()["total"]
    assert total == 2_100


def in_background(orders: ApiHouse, content: str, mode: str = "atomic") -> int:
    """The number of an import that a worker has done."""
    data = {"file": upload(content)}
    path = f"forms/order/import?mode={mode}&background=1"
    batch: int = orders.ask("POST", "li.na", path, data=data).get_json()["batch"]
    by_a_worker(orders)
    return batch


def by_a_worker(orders: ApiHouse) -> None:
    """What lies there for a worker is done."""
    work = {"import.run": run_import, "import.undo": undo_import}
    with orders.platform.database.writing() as connection:
        now = orders.platform.clock.now()
        leased = outbox.lease(connection, now, seconds=60, limit=10_000)
    for id_, lease, topic, *_ in leased:
        with orders.platform.database.reading() as connection:
            held = outbox.held(connection, id_, lease)
        if topic in work and held is not None:
            work[topic](orders.platform, held)


def test_a_worker_takes_an_import_back_and_the_page_tells_what_stayed(orders: ApiHouse) -> None:
    batch = in_background(orders, "name\n甲\n乙\n丙\n", "rows")
    path = f"forms/order/imports/{batch}"
    made = orders.get("li.na", "forms/order/records?filter=name%20%3D%3D%20%22乙%22").get_json()
    record = made["items"][0]["id"]
    orders.patch("li.na", f"forms/order/records/{record}", {"name": "乙改"}, match=1)

    asked = orders.post("li.na", f"{path}/undo?background=1", {})
    assert (asked.status_code, asked.get_json()) == (202, {"batch": batch, "state": "undoing"})
    assert orders.post("li.na", f"{path}/undo", {}).status_code == 202  # it has begun
    assert "正在撤销" in Browser(orders, "li.na").get(f"/f/order/import/{batch}")
    set_active(orders, "li.na", active=False)  # who asked has left meanwhile
    by_a_worker(orders)
    set_active(orders, "li.na", active=True)
    again = orders.post("li.na", f"{path}/undo", {})
    assert (again.status_code, again.get_json()["error"]["code"]) == (409, "import-undone")

    shown = orders.get("li.na", path).get_json()
    undone = shown["undone"]
    assert (shown["state"], undone["undone"], undone["kept"]) == ("undone", 2, 1)
    assert [(one["row"], one["id"], one["code"]) for one in undone["refused"]] == [
        (3, record, "import-changed-since")
    ]
    page = Browser(orders, "li.na").get(f"/f/order/import/{batch}")
    assert "已撤销：删除 2 条，恢复 0 条，保留 1 条。" in page
    assert "第 3 行：导入之后已被 李娜 改过" in page


def test_nobody_waits_for_a_long_import_to_be_taken_back(
    orders: ApiHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_undo, "MOST_AT_ONCE", 1)
    batch = in_background(orders, "name\n甲\n乙\n", "rows")
    browser = Browser(orders, "li.na")
    browser.get("/f/order/import")
    browser.post(f"/f/order/import/{batch}/undo")
    assert "正在撤销" in browser.text
    by_a_worker(orders)
    assert "已撤销：删除 2 条，恢复 0 条，保留 0 条。" in browser.get(f"/f/order/import/{batch}")


def cells_of_errors(orders: ApiHouse, address: str) -> list[tuple[Any, ...]]:
    body = orders.get("li.na", address).get_data()
    return list(load_workbook(io.BytesIO(body)).worksheets[0].iter_rows(values_only=True))


def test_an_import_that_a_worker_refused_leads_to_what_is_wrong(orders: ApiHouse) -> None:
    for content, row, words in (
        ('name\n"=1\n2"\n', 2, "一行"),
        ("nobody knows this\nx\n", 1, "下载模板"),
    ):
        batch = in_background(orders, content)
        shown = orders.get("li.na", f"forms/order/imports/{batch}").get_json()
        assert (shown["state"], shown["good"], shown["bad"]) == ("refused", 0, 1)
        assert shown["refused"][0]["row"] == row
        listed = orders.get("li.na", "forms/order/imports").get_json()["items"][0]
        address = f"/api/v1/forms/order/imports/{batch}/errors.xlsx"
        assert (listed["errors"], shown["errors"]) == (address, address)
        heads, told = cells_of_errors(orders, address.removeprefix("/api/v1/"))
        assert heads[-1] == "未导入的原因"
        assert words in told[-1]
        page = Browser(orders, "li.na").get(f"/f/order/import/{batch}")
        assert f'href="{address}"' in page
