"""Details of a record (`owner: true`): seen, moved, thrown away and brought back with it."""

from __future__ import annotations

import json
from datetime import timedelta

from api_house import MORE_PEOPLE, PASSWORD, ApiHouse, code, fields
from module_houses import houses_of
from services_house import FILES

FORMS = {
    **FILES,
    "forms/job.yaml": """
kind: form
title: {zh: 作业单, en: Job}
display: "{name}"
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称, required: true}
  about: {type: text, title: 说明}
related:
  remarks: {form: remark, by: job, title: 附记, columns: [text]}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
  finance: {post: finance_manager, can: [read, create, update, delete], scope: org_and_below}
  ops: {role: group_ops, can: [read], scope: all}
restrict:
  hushed: {when: 'contains(about, "HUSH")', to: {role: group_ops}}
""",
    "forms/remark.yaml": """
kind: form
title: {zh: 附记, en: Remark}
display: "{text}"
fields:
  job: {type: link, to: job, owner: true, required: true, title: 作业}
  text: {type: text, title: 文, required: true, search: true}
  cost: {type: money, unit: CNY, title: 费}
permissions:
  planner: {post: planner, can: [read, create, update, delete, export], scope: org}
  finance: {post: finance_manager, can: [read, create, update, delete, export], scope: all}
  ops: {role: group_ops, can: [read], scope: all}
""",
    "forms/reply.yaml": """
kind: form
title: {zh: 答复, en: Reply}
display: "{text}"
fields:
  remark: {type: link, to: remark, owner: true, title: 附记}
  text: {type: text, title: 文, required: true}
permissions:
  planner: {post: planner, can: [read, create, update, delete, export], scope: org}
""",
    "forms/pointer.yaml": """
kind: form
title: {zh: 指向, en: Pointer}
display: "{name}"
fields:
  name: {type: text, title: 名称, required: true}
  remark: {type: link, to: remark, title: 附记}
  reply: {type: link, to: reply, title: 答复}
permissions:
  planner: {post: planner, can: [read, create, update, delete, export], scope: all}
  finance: {post: finance_manager, can: [read], scope: all}
  ops: {role: group_ops, can: [read], scope: all}
""",
}


PEOPLE = [dict(one, password=PASSWORD) for one in MORE_PEOPLE if one["login"] != "auditor"]
api = houses_of(FORMS, PEOPLE)


def channels(api: ApiHouse, login: str, remark: int, text: str) -> dict[str, object]:
    """What one person finds of a remark, whichever way he asks."""
    rows = "forms/remark/records"
    chosen = {"filter": f'text == "{text}"'}
    summed = {**chosen, "by": "text", "values": "sum(cost)"}
    grouped = api.get(login, "forms/remark/groups", query_string=summed)
    return {
        "open": api.get(login, f"{rows}/{remark}").status_code,
        "list": api.get(login, rows, query_string=chosen).get_json()["total"],
        "search": api.get(login, rows, query_string={"q": text}).get_json()["total"],
        "csv": text in api.get(login, "forms/remark/export.csv").get_data(as_text=True),
        "sum": text in json.dumps(grouped.get_json()["items"], ensure_ascii=False),
        "history": api.get(login, f"{rows}/{remark}/history").status_code,
    }


SEEN = {"open": 200, "list": 1, "search": 1, "csv": True, "sum": True, "history": 200}
UNSEEN = {"open": 404, "list": 0, "search": 0, "csv": False, "sum": False, "history": 404}


def made(api: ApiHouse, text: str) -> tuple[int, int]:
    job = api.make("li.na", "job", name=text)["id"]
    return job, api.make("li.na", "remark", job=job, text=text, cost=7)["id"]


def test_a_detail_is_seen_by_those_who_see_its_owner(api: ApiHouse) -> None:
    job, remark = made(api, "悄悄话")
    pointer = api.make("li.na", "pointer", name="指", remark=remark)["id"]
    through = {"filter": 'remark.text == "悄悄话"', "fields": "name,remark.text"}
    found = api.get("li.na", "forms/pointer/records", query_string=through).get_json()
    assert [item["remark.text"] for item in found["items"]] == ["悄悄话"]
    assert channels(api, "li.na", remark, "悄悄话") == SEEN

    hushed = api.patch("li.na", f"forms/job/records/{job}", {"about": "HUSH"}, match=1)

    assert hushed.status_code == 200
    assert channels(api, "li.na", remark, "悄悄话") == UNSEEN
    assert channels(api, "chen.jie", remark, "悄悄话") == UNSEEN  # whose grant is for all remarks
    found = api.get("li.na", "forms/pointer/records", query_string=through).get_json()
    assert found["items"] == []
    one = api.get("li.na", f"forms/pointer/records?fields=name,remark.text&ids={pointer}")
    assert "悄悄话" not in one.get_data(as_text=True)
    sent = api.patch("li.na", f"forms/remark/records/{remark}", {"text": "x"}, match=1)
    assert sent.status_code == 404


def test_a_detail_moves_with_its_owner(api: ApiHouse) -> None:
    job, remark = made(api, "搬家")
    reply = api.make("li.na", "reply", remark=remark, text="好")["id"]

    moved = api.patch("chen.jie", f"forms/job/records/{job}", {"org": "B"}, match=1)

    assert moved.status_code == 200
    assert channels(api, "li.na", remark, "搬家") == UNSEEN
    assert channels(api, "wang.wu", remark, "搬家") == SEEN
    assert api.get("li.na", f"forms/reply/records/{reply}").status_code == 404
    assert api.get("wang.wu", f"forms/reply/records/{reply}").get_json()["org"] == "B"
    history = api.get("wang.wu", f"forms/remark/records/{remark}/history").get_json()["items"]
    assert list(history[0]["changes"]) == ["org"]
    refused = api.post("wang.wu", "forms/remark/records", {"job": job, "text": "x", "org": "A"})
    assert (code(refused), fields(refused)) == ((422, "invalid"), [("org", "org-of-owner")])
    kept = api.make("wang.wu", "remark", job=job, text="y")
    assert kept["org"] == "B"


def test_a_detail_goes_and_comes_back_with_its_owner(api: ApiHouse) -> None:
    job, remark = made(api, "去而复返")
    gone = api.make("li.na", "remark", job=job, text="早已不在")["id"]
    assert api.delete("li.na", f"forms/remark/records/{gone}", match=1).status_code == 204
    api.later(timedelta(minutes=1))

    assert api.delete("li.na", f"forms/job/records/{job}", match=1).status_code == 204

    assert channels(api, "li.na", remark, "去而复返") == UNSEEN
    bin_ = api.get("li.na", "forms/remark/records", query_string={"deleted": "true"}).get_json()
    assert {remark, gone} <= {item["id"] for item in bin_["items"]}
    alone = api.post("li.na", f"forms/remark/records/{remark}/restore")
    assert (code(alone), fields(alone)) == ((422, "invalid"), [("job", "owner-deleted")])
    assert api.post("li.na", f"forms/job/records/{job}/restore").status_code == 200
    assert channels(api, "li.na", remark, "去而复返") == SEEN
    assert api.get("li.na", f"forms/remark/records/{gone}").status_code == 404


def test_a_record_whose_detail_is_linked_to_stays(api: ApiHouse) -> None:
    job, remark = made(api, "有人指着")
    api.make("li.na", "pointer", name="指", remark=remark)
    refused = api.delete("li.na", f"forms/job/records/{job}", match=1)
    assert code(refused) == (409, "record-linked")
    assert channels(api, "li.na", remark, "有人指着") == SEEN


def test_a_record_stays_with_a_detail_of_a_detail_that_is_linked_to(api: ApiHouse) -> None:
    job, remark = made(api, "隔一层")
    reply = api.make("li.na", "reply", remark=remark, text="好")["id"]
    pointer = api.make("li.na", "pointer", name="指", reply=reply)["id"]
    assert code(api.delete("li.na", f"forms/job/records/{job}", match=1)) == (409, "record-linked")
    assert api.get("li.na", f"forms/reply/records/{reply}").status_code == 200
    assert api.delete("li.na", f"forms/pointer/records/{pointer}", match=1).status_code == 204
    assert api.delete("li.na", f"forms/job/records/{job}", match=1).status_code == 204
    assert api.get("li.na", f"forms/reply/records/{reply}").status_code == 404


def test_who_sees_every_owner_is_kept_from_no_order_by_details(api: ApiHouse) -> None:
    remarks = [made(api, text)[1] for text in ("排序乙", "排序甲")]
    pointers = [api.make("li.na", "pointer", name="排", remark=one)["id"] for one in remarks]
    asked = {"filter": 'name == "排"', "sort": "remark.text,id", "fields": "name"}
    found = api.get("ops", "forms/pointer/records", query_string=asked)
    assert sorted(item["id"] for item in found.get_json()["items"]) == pointers
    # finance lists every remark, but not every job
    refused = api.get("chen.jie", "forms/pointer/records", query_string=asked)
    assert code(refused) == (400, "sort")
    plain = {**asked, "sort": "id"}
    assert api.get("chen.jie", "forms/pointer/records", query_string=plain).get_json()["total"] == 2
