"""With whom a record is shared, and why one cannot see one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import lxml.html
import pytest
from api_house import ApiHouse, code
from module_houses import house_of
from page_house import Pages, texts
from survey_house import FILES

house = house_of(FILES)


def share(house: ApiHouse, login: str, id: int, **body: Any) -> Any:
    return house.post(login, f"forms/survey/records/{id}/share", body)


def test_a_share_ends_with_its_last_day_and_can_be_taken_back(
    house: ApiHouse, pages: Pages
) -> None:
    id = int(house.make("li.na", "survey", text="共享")["id"])
    address = f"forms/survey/records/{id}"
    assert house.get("wang.wu", address).status_code == 404
    assert share(house, "li.na", id, person="wang.wu", until="2026-03-03").status_code == 200
    assert share(house, "li.na", id, person="ops").status_code == 200
    assert house.get("wang.wu", address).status_code == 200
    told = [(one["person"], one["until"], one["over"]) for one in shares(house, id)]
    assert sorted(told) == [("ops", None, False), ("wang.wu", "2026-03-03", False)]

    house.later(timedelta(days=2))  # from the 2nd: the 3rd is the last day
    assert house.get("wang.wu", address).status_code == 404
    assert {one["person"]: one["over"] for one in shares(house, id)} == {
        "ops": False,
        "wang.wu": True,
    }
    assert share(house, "li.na", id, person="wang.wu", until="2026-03-09").status_code == 200
    assert house.get("wang.wu", address).status_code == 200
    assert share(house, "li.na", id, person="wang.wu", remove=True).status_code == 200
    assert house.get("wang.wu", address).status_code == 404
    house.later(timedelta(0))

    page = pages.page("li.na", f"/f/survey/{id}")
    assert texts(page, "//ul[@class='shares']/li/span") == ["运营 长期 · 由 李娜"]
    said = texts(page, "//*[@class='timeline']//*[@class='moment-head']/span")
    assert said == [
        "收回共享 → 王五",
        "共享 → 王五（到 2026-03-09）",
        "共享 → 运营",
        "共享 → 王五（到 2026-03-03）",
        "创建",
    ]


def shares(house: ApiHouse, id: int) -> Any:
    return house.get("li.na", f"forms/survey/records/{id}/share").get_json()["items"]


def test_only_who_may_share_learns_with_whom_it_is_shared(house: ApiHouse, pages: Pages) -> None:
    id = int(house.make("li.na", "survey", text="私下")["id"])
    share(house, "li.na", id, person="wang.wu")
    assert code(house.get("ops", f"forms/survey/records/{id}/share")) == (403, "not-allowed")
    assert code(house.get("nobody", f"forms/survey/records/{id}/share"))[0] == 404
    for login in ("ops", "wang.wu"):
        assert not texts(pages.page(login, f"/f/survey/{id}"), "//ul[@class='shares']/li")
        [told, _] = house.get(login, f"forms/survey/records/{id}/history").get_json()["items"]
        assert told["action"] == "shared" and not {"person", "until"} & told.keys()


@pytest.mark.parametrize(
    ("until", "problem"),
    [
        ("2026-03-01", "不能小于 2026-03-02。"),
        ("soon", "请填日期，例如 2026-03-01。"),
        (5, "请填日期，例如 2026-03-01。"),
    ],
)
def test_a_share_ends_on_a_day_to_come(house: ApiHouse, until: Any, problem: str) -> None:
    id = int(house.make("li.na", "survey", text="错")["id"])
    answer = share(house, "li.na", id, person="wang.wu", until=until)
    assert answer.status_code == 422
    told = answer.get_json()["error"]["fields"]
    assert [(one["path"], one["message"]) for one in told] == [("until", problem)]
    assert shares(house, id) == []


# --- why one cannot see a record ------------------------------------------------------------------


def unseen(pages: Pages, login: str, id: int) -> str:
    answer = pages.get(login, f"/f/survey/{id}")
    assert answer.status_code == 404
    return str(answer.get_data(as_text=True))


def test_who_cannot_see_a_record_learns_what_he_sees_and_whom_to_ask_and_nothing_of_it(
    house: ApiHouse, pages: Pages
) -> None:
    id = int(house.make("li.na", "survey", text="秘密甲", area="420106")["id"])
    told = unseen(pages, "wang.wu", id)
    assert "秘密" not in told and "李娜" not in told and "武昌" not in told
    page = lxml.html.document_fromstring(told)
    assert texts(page, "//h1") == ["看不到这条记录"]
    assert texts(page, "//main//li") == [
        "乙公司的记录（权限“planner”）",
        "把这个地址发给能打开它的同事，请他在页面上点“共享”。",
        "请他在“查看与修改权限”里选您的名字，就能看到原因。",
        "若是删除了，可在回收站里找到",
    ]
    # it reads the same where there is no record at all
    missing = unseen(pages, "wang.wu", 999_999)
    assert told.replace(str(id), "N") == missing.replace("999999", "N")


def test_who_has_nothing_of_the_form_learns_not_even_its_name(
    house: ApiHouse, pages: Pages
) -> None:
    id = int(house.make("li.na", "survey", text="秘密乙")["id"])
    told = unseen(pages, "nobody", id)
    assert "看不到这条记录" in told and "踏勘" not in told
    other = pages.get("nobody", f"/f/nix/{id}").get_data(as_text=True)
    assert told.replace("/survey/", "/nix/").replace("%2Fsurvey%2F", "%2Fnix%2F") == other


def test_who_may_share_asks_why_another_may_not(house: ApiHouse, pages: Pages) -> None:
    id = int(house.make("li.na", "survey", text="问")["id"])
    page = pages.page("li.na", f"/f/survey/{id}")
    assert texts(page, "//button[@data-access-of]") == ["查看他人的权限"]
    assert pages.page("ops", f"/f/survey/{id}").xpath("//button[@data-access-of]") == []
    why = house.get("li.na", f"forms/survey/records/{id}/access?person=wang.wu").get_json()
    assert (why["name"], why["allowed"], why["hidden"]) == ("王五", False, 0)
    assert why["message"] == "不可以：有这个动作的权限，但范围不包括这条记录。"
