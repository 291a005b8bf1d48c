"""What was deleted comes back as it was, or stays where it is with a word on what is in its way."""

from __future__ import annotations

from typing import Any

from api_house import MORE_PEOPLE, PASSWORD, ApiHouse, code, fields
from module_houses import houses_of
from services_house import FILES

from jingwei.storage.people import find_person, update_person

FORMS = {
    **FILES,
    "forms/job.yaml": """
kind: form
title: 作业单
display: "{name}"
number: {format: "J-{seq:3}", assign: create}
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称, unique: true}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
  head: {post: general_manager, can: [read, delete], scope: all}
  finance: {post: finance_manager, can: [read, update, delete], scope: org_and_below}
""",
    "forms/remark.yaml": """
kind: form
title: 附记
display: "{text}"
fields:
  job: {type: link, to: job, owner: true, required: true, title: 作业}
  text: {type: text, title: 文, unique: true}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
""",
}
PEOPLE = [dict(one, password=PASSWORD) for one in MORE_PEOPLE if one["login"] != "auditor"]
api = houses_of(FORMS, PEOPLE)
JOBS, REMARKS = "forms/job/records", "forms/remark/records"


def back(api: ApiHouse, path: str, login: str = "li.na") -> Any:
    return api.post(login, f"{path}/restore")


def gone(api: ApiHouse, path: str) -> bool:
    """Whether it lies in the bin, with all it had."""
    living = api.get("li.na", path).status_code
    return (living, api.get("li.na", f"{path}?deleted=true").status_code) == (404, 200)


def message(answer: Any) -> str:
    error = answer.get_json()["error"]
    told: str = error["fields"][0]["message"] if error["fields"] else error["message"]
    return told


def test_who_deletes_what_somebody_changed_since_is_told_to_look_again(api: ApiHouse) -> None:
    made = api.make("li.na", "job", name="改过")
    path = f"{JOBS}/{made['id']}"
    assert api.patch("chen.jie", path, {"name": "改过了"}, match=1).status_code == 200

    refused = api.delete("li.na", path, match=1)

    assert code(refused) == (412, "stale")
    assert message(refused) == "记录在您读取之后被别人改过，没有保存。请看过最新内容后再试。"
    assert api.get("li.na", path).get_json()["name"] == "改过了"
    assert len(api.get("li.na", f"{path}/history").get_json()["items"]) == 2
    assert api.delete("li.na", path, match=2).status_code == 204
    assert code(api.post("li.na", f"{path}/restore", match=2)) == (412, "stale")
    assert gone(api, path)


def test_a_number_is_never_given_again_so_that_none_is_in_the_way(api: ApiHouse) -> None:
    first = api.make("li.na", "job", name="编号一")
    path = f"{JOBS}/{first['id']}"
    assert api.delete("li.na", path, match=1).status_code == 204
    second = api.make("li.na", "job", name="编号二")

    assert back(api, path).status_code == 200

    again = api.get("li.na", path).get_json()
    assert (again["number"], again["name"]) == (first["number"], "编号一")
    assert second["number"] == f"J-{int(first['number'][2:]) + 1:03}"


def test_a_value_that_another_took_keeps_a_record_out_until_that_one_gives_it_up(
    api: ApiHouse,
) -> None:
    first = api.make("li.na", "job", name="抢名")
    path = f"{JOBS}/{first['id']}"
    assert api.delete("li.na", path, match=1).status_code == 204
    other = api.make("li.na", "job", name="抢名")

    refused = back(api, path)

    assert (code(refused), fields(refused)) == ((422, "invalid"), [("name", "taken-since")])
    assert message(refused) == "别的记录已经用了这个值。请先改掉那条记录的值，再恢复这一条。"
    assert gone(api, path)
    assert api.patch("li.na", f"{JOBS}/{other['id']}", {"name": "让名"}, match=1).status_code == 200
    assert back(api, path).status_code == 200
    assert api.get("li.na", path).get_json()["name"] == "抢名"


def test_a_detail_does_not_come_back_without_its_owner(api: ApiHouse) -> None:
    owner = api.make("li.na", "job", name="主")["id"]
    job = f"{JOBS}/{owner}"
    remark = f"{REMARKS}/{api.make('li.na', 'remark', job=owner, text='从')['id']}"
    assert api.delete("li.na", job, match=1).status_code == 204

    refused = back(api, remark)

    assert (code(refused), fields(refused)) == ((422, "invalid"), [("job", "owner-deleted")])
    assert message(refused) == "它所属的作业单已被删除。请恢复那条记录，这一条会随之恢复。"
    assert gone(api, job) and gone(api, remark)
    assert back(api, job).status_code == 200
    assert api.get("li.na", remark).get_json()["text"] == "从"


def test_an_owner_comes_back_with_all_of_its_details_or_stays(api: ApiHouse) -> None:
    owner = api.make("li.na", "job", name="带从")
    job = f"{JOBS}/{owner['id']}"
    remarks = [api.make("li.na", "remark", job=owner["id"], text=t)["id"] for t in ("留", "抢")]
    assert api.delete("li.na", job, match=1).status_code == 204
    elsewhere = api.make("li.na", "job", name="别处")["id"]
    taken = api.make("li.na", "remark", job=elsewhere, text="抢")["id"]

    refused = back(api, job)

    assert code(refused) == (409, "detail-not-restored")
    assert message(refused) == (
        "它的从属记录“抢”（附记）不能一起恢复：文：别的记录已经用了这个值。请先改掉那条记录的值，"
        "再恢复这一条。没有恢复任何内容。"
    )
    # who sees the owner alone is told no more than which of its details
    assert f"从属记录“#{remarks[1]}”" in message(back(api, job, "boss.a"))
    assert gone(api, job) and all(gone(api, f"{REMARKS}/{one}") for one in remarks)
    sent = api.patch("li.na", f"{REMARKS}/{taken}", {"text": "让"}, match=1)
    assert sent.status_code == 200
    assert back(api, job).status_code == 200
    assert [api.get("li.na", f"{REMARKS}/{one}").status_code for one in remarks] == [200, 200]


def test_what_somebody_leaves_behind_comes_back_as_his(api: ApiHouse) -> None:
    """The record's owner may have left, and others still bring it back."""
    made = api.make("li.na", "job", name="离任")
    path = f"{JOBS}/{made['id']}"
    assert api.delete("li.na", path, match=1).status_code == 204
    set_active(api, "li.na", active=False)
    try:
        assert back(api, path, "chen.jie").status_code == 200
        shown = api.get("chen.jie", path).get_json()
        assert (shown["owner"], shown["name"]) == ("li.na", "离任")
    finally:
        set_active(api, "li.na", active=True)


def set_active(api: ApiHouse, login: str, *, active: bool) -> None:
    with api.platform.database.writing() as connection:
        row = find_person(connection, login)
        assert row is not None
        update_person(connection, row.id, {"active": active})
