"""Sheets in and out over HTTP: the rules, rights and words of the screens."""

from __future__ import annotations

import io
from typing import Any

from api_house import ApiHouse, code, fields
from python_calamine import CalamineWorkbook

from jingwei.gateways.workbook import write_sheet

CONTRACTS = "forms/contract/records"


def send(api: ApiHouse, login: str, text: str | bytes, mode: str = "", **keys: Any) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    query = f"?mode={mode}" if mode else ""
    data = {"file": (io.BytesIO(content), "a.csv")}
    return api.ask("POST", login, f"forms/contract/import{query}", data=data, **keys)


def importer(api: ApiHouse) -> None:
    """Let planners import."""
    path = api.root / "forms" / "contract.yaml"
    text = path.read_text(encoding="utf-8").replace("submit, cancel, export]", "import, export]")
    path.write_text(text, encoding="utf-8")
    from jingwei.catalogue.compile import compile_catalogue
    from jingwei.storage.apply import Publication, apply

    clock = api.platform.clock
    wanted = Publication(author="test", now=clock.now(), today=clock.today())
    release = apply(api.platform.database, compile_catalogue(api.root), wanted)
    api.platform.active.follow(release.id)


def cells(answer: Any) -> list[list[Any]]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    found: list[list[Any]] = book.get_sheet_by_index(0).to_python()
    return found


def test_a_sheet_is_imported_whole_or_not_at_all(api_on_both: ApiHouse) -> None:
    api = api_on_both
    importer(api)
    refused = send(api, "li.na", "name,amount\n桥,1\n路,x\n桥,2\n")
    assert code(refused) == (422, "import-refused")
    assert fields(refused) == [("3.amount", "not-a-number"), ("4.org", "taken")]
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 0

    done = send(api, "li.na", "名称,amount\n桥,1\n路,2\n")
    assert done.get_json() | {"batch": 0} == {
        "good": 2, "bad": 0, "created": 2, "updated": 0, "same": 0, "refused": [],
        "notes": [], "batch": 0,
    }  # fmt: skip
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 2


def test_good_rows_are_kept_where_that_is_wished(api: ApiHouse) -> None:
    importer(api)
    body = send(api, "li.na", "name,amount\n桥,1\n路,x\n", "rows").get_json()
    assert (body["good"], body["bad"]) == (1, 1)
    assert (body["refused"][0]["row"], body["refused"][0]["path"]) == (3, "amount")


def test_an_import_under_a_key_is_done_once(api: ApiHouse) -> None:
    importer(api)
    for mode in ("atomic", "rows"):
        text = f"name,amount\n{mode}1,1\n{mode}2,1\n"
        for _ in range(2):
            assert send(api, "li.na", text, mode, key=mode).get_json()["good"] == 2
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 4


def test_an_import_obeys_rights(api: ApiHouse) -> None:
    assert code(send(api, "li.na", "name\nx\n")) == (403, "not-allowed")
    assert code(send(api, "nobody", "name\nx\n")) == (404, "no-such-form")
    importer(api)
    foreign = send(api, "li.na", "name,amount,org\n桥,1,B\n")
    assert fields(foreign) == [("2.org", "org-out-of-reach")]
    assert code(send(api, "li.na", "name,colour\nx,red\n")) == (400, "sheet-columns")
    assert code(send(api, "li.na", "name,tax\nx,1\n"))[0] in (400, 422)


def test_what_is_no_sheet_is_refused(api: ApiHouse) -> None:
    importer(api)
    assert code(send(api, "li.na", b"PK\x03\x04 broken")) == (422, "sheet-broken")
    assert code(send(api, "li.na", b"\xff\xff\xff")) == (422, "sheet-broken")
    assert code(send(api, "li.na", "name,name\nx,y\n")) == (422, "sheet-column-twice")


def test_an_export_has_what_the_list_has(api: ApiHouse) -> None:
    for index in range(3):
        api.make("li.na", "contract", name=f"合同{index}", amount=index, secret="底")
    sheet = cells(api.get("li.na", "forms/contract/export.xlsx?sort=amount&filter=amount>0"))
    assert sheet[0][:5] == ["编号", "单位", "流程状态", "名称", "金额"]
    assert [row[1:5] for row in sheet[1:]] == [
        ["甲公司", "草稿", "合同1", 1.0],
        ["甲公司", "草稿", "合同2", 2.0],
    ]
    english = cells(api.get("li.na", "forms/contract/export.xlsx?lang=en&fields=org,amount"))
    assert english[0] == ["Org", "金额"]


def test_an_export_shows_no_more_than_the_list(api: ApiHouse) -> None:
    api.make("li.na", "contract", name="桥", amount=1, secret="底")
    assert code(api.get("chen.jie", "forms/contract/export.xlsx")) == (403, "not-allowed")
    assert code(api.get("nobody", "forms/contract/export.xlsx")) == (404, "no-such-form")
    assert cells(api.get("wang.wu", "forms/contract/export.xlsx"))[1:] == []


def test_text_in_a_sheet_is_never_a_formula() -> None:
    sheet = write_sheet(["a"], [["=1+1"], ["@cmd"], [None], [True], [12345678901234567890]])
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet))
    found = book.get_sheet_by_index(0).to_python()
    assert [row[0] for row in found] == ["a", "=1+1", "@cmd", "", True, "12345678901234567890"]
