"""Fields that are filled in, locked and kept: what a link brings along, what is found, what is set
once; and how questions that go too far are answered. One house for all, on both databases."""

from __future__ import annotations

import io

import pytest
from api_house import MORE_PEOPLE, PASSWORD, ApiHouse, code, fields
from module_houses import houses_of
from services_house import FILES

FORMS = {
    **FILES,
    "forms/vendor.yaml": """
kind: form
title: {zh: 供应商, en: Vendor}
display: "{name}"
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称, required: true}
  mail: {type: email, title: 邮箱}
  price: {type: money, unit: CNY, title: 单价}
  grade: {type: choice, choices: {a: 甲, b: 乙}, title: 等级}
permissions:
  planner: {post: planner, can: [read, export], scope: all, mask: [mail]}
  ops: {role: group_ops, can: [read, create, update], scope: all}
""",
    "forms/site.yaml": """
kind: form
title: {zh: 场地, en: Site}
display: "{name}"
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称, required: true}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
  ops: {role: group_ops, can: [read, create, update], scope: all}
""",
    "forms/order.yaml": """
kind: form
title: {zh: 订单, en: Order}
display: "{name}"
submit: {amend: true}
states:
  open: {title: 执行, initial: true}
  done: {title: 完结, final: true, locked: true}
fields:
  name: {type: text, title: 名称, required: true}
actions:
  finish: {title: 完结, from: open, to: done}
permissions:
  planner: {post: planner, can: [read, create, update, submit, amend, finish], scope: org}
""",
    "forms/job.yaml": """
kind: form
title: {zh: 作业单, en: Job}
display: "{name}"
fields:
  head: {type: heading, title: {zh: 基本, en: Basics}}
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称, required: true, max: 40}
  about: {type: text, title: 说明}
  day: {type: date, title: 日期}
  count_of: {type: integer, title: 数量}
  amount: {type: money, unit: CNY, title: 金额}
  twice: {type: money, unit: CNY, title: 双倍, compute: amount * 20000000000000000}
  once: {type: text, title: 一次, set_once: true}
  keeper: {type: person, title: 保管}
  kinds: {type: choice, many: true, choices: {a: 甲, b: 乙}, title: 多类}
  crew: {type: person, many: true, title: 班组}
  sites: {type: link, to: site, many: true, title: 场地们}
  vendor:
    type: link
    to: vendor
    title: 供应商
    fill: {contact: mail, price: price, grade: {from: grade, mode: follow}}
  contact: {type: text, title: 联系}
  price: {type: money, unit: CNY, title: 单价}
  grade: {type: choice, choices: {a: 甲, b: 乙}, title: 供级}
  rate: {type: number, title: 系数, compute: vendor.price, mode: lock_if_found}
  lines:
    type: table
    title: 明细
    fields:
      item: {type: text, title: 品名, required: true}
      qty: {type: number, title: 量}
      of: {type: link, to: vendor, title: 商}
      site: {type: link, to: site, title: 场地}
      rate: {type: number, title: 系数, compute: of.price, mode: lock_if_found}
permissions:
  planner: {post: planner, can: [read, create, update, export, import], scope: org}
  ops: {role: group_ops, can: [read, create, update], scope: all}
""",
}


PEOPLE = [dict(one, password=PASSWORD) for one in MORE_PEOPLE if one["login"] != "auditor"]
api = houses_of(FORMS, PEOPLE)


JOBS = "forms/job/records"


def vendor(api: ApiHouse, **values: object) -> int:
    made = {"name": "华东", "mail": "secret@example.cn", "price": 12, "grade": "a", **values}
    return int(api.make("ops", "vendor", **made)["id"])


def change(api: ApiHouse, login: str, job: int, **values: object) -> object:
    revision = api.get("ops", f"{JOBS}/{job}").get_json()["revision"]
    return api.patch(login, f"{JOBS}/{job}", values, match=revision)


# --- what a link brings along --------------------------------------------------------------------


def test_a_link_brings_along_what_its_chooser_may_see(api: ApiHouse) -> None:
    chosen = vendor(api)
    tried = api.post("li.na", "forms/job/compute", {"vendor": chosen}).get_json()["values"]
    mine = api.make("li.na", "job", name="a", vendor=chosen)
    theirs = api.make("ops", "job", name="b", vendor=chosen)
    assert (tried["contact"], tried["price"]) == (None, 12)
    assert (mine["contact"], mine["price"], mine["grade"]) == (None, 12, "a")
    assert theirs["contact"] == "secret@example.cn"


def test_nobody_filters_by_addresses_of_people_that_nothing_shows(api: ApiHouse) -> None:
    for asked in ('owner.phone == "1"', "keeper.email is empty", 'contains(me.email, "a")'):
        refused = api.get("li.na", JOBS, query_string={"filter": asked})
        assert (code(refused), refused.get_json()["error"]["detail"]["code"]) == (
            (400, "filter"),
            "unknown-field",
        )
    assert api.get("li.na", JOBS, query_string={"filter": 'owner.name == "x"'}).status_code == 200
    for path in ("owner.phone", "keeper.email"):
        assert code(api.get("li.na", JOBS, query_string={"sort": path}))[0] == 400
        assert code(api.get("li.na", "forms/job/groups", query_string={"by": path}))[0] == 400


# --- questions that go too far -------------------------------------------------------------------

FAR = (
    "count_of * 9999999999 * 9999999999 * 9999999999 > 1",
    "day + 9000y > today",
    "add_days(day, 3000000) > today",
    "day - 3000y < today",
)


@pytest.mark.parametrize("asked", FAR)
def test_a_question_that_goes_too_far_is_a_400_in_every_channel(api: ApiHouse, asked: str) -> None:
    api.make("li.na", "job", name="weit", count_of=3, day="2026-03-01")
    for channel in ("records", "export.csv", "export.xlsx", "groups"):
        by = {"by": "org"} if channel == "groups" else {}
        refused = api.get("li.na", f"forms/job/{channel}", query_string={"filter": asked, **by})
        assert (channel, refused.status_code) == (channel, 400)
        assert refused.get_json()["error"]["code"] == "out-of-range"
    near = api.get("li.na", JOBS, query_string={"filter": "day + 7000y > today"})
    assert near.status_code == 200


@pytest.mark.parametrize("asked", ["keeper.orgs is empty", "name == 5", "zz == 1"])
def test_an_export_refuses_what_a_list_refuses(api: ApiHouse, asked: str) -> None:
    there = api.get("li.na", JOBS, query_string={"filter": asked}).get_json()["error"]
    exported = api.get("li.na", "forms/job/export.csv", query_string={"filter": asked})
    assert exported.status_code == 400
    assert exported.get_json()["error"]["message"] == there["message"]


# --- what was there ------------------------------------------------------------------------------


def test_a_row_may_be_sent_once(api: ApiHouse) -> None:
    job = api.make("li.na", "job", name="zeilen", lines=[{"item": "a"}, {"item": "b"}])
    first, second = (row["id"] for row in job["lines"])
    rows = [{"id": first, "item": "x"}, {"id": second}, {"id": first, "item": "y"}]
    refused = change(api, "li.na", job["id"], lines=rows)
    assert (code(refused), fields(refused)) == ((422, "invalid"), [("lines.2.id", "row-twice")])


def test_what_is_set_once_is_not_emptied_either(api: ApiHouse) -> None:
    job = api.make("li.na", "job", name="einmal", once="A")["id"]
    for other in (None, "B"):
        assert fields(change(api, "li.na", job, once=other)) == [("once", "set-once")]
    assert change(api, "li.na", job, once="A", about="x").status_code == 200


def test_a_link_of_many_is_extended_by_who_cannot_see_all_it_holds(api: ApiHouse) -> None:
    theirs = api.make("ops", "site", name="南场", org="B")["id"]
    mine = api.make("li.na", "site", name="北场")["id"]
    job = api.make("ops", "job", name="viele", org="A", sites=[theirs],
                   lines=[{"item": "a", "site": theirs}])  # fmt: skip
    line = job["lines"][0]["id"]
    done = change(api, "li.na", job["id"], sites=[theirs, mine], lines=[{"id": line, "item": "b"}])
    assert (done.status_code, done.get_json()["sites"]) == (200, [theirs, mine])
    assert change(api, "li.na", job["id"], sites=[mine]).status_code == 200
    refused = change(api, "li.na", job["id"], sites=[mine, theirs])
    assert fields(refused) == [("sites.1", "unknown-record")]


def test_a_change_of_nothing_is_no_change(api: ApiHouse) -> None:
    job = api.make("li.na", "job", name="nichts", amount=1)
    for same in ({}, {"amount": "1.00"}, {"name": "nichts"}, {"lines": []}):
        done = change(api, "li.na", job["id"], **same)
        assert (done.status_code, done.get_json()["revision"]) == (200, 1)
    history = api.get("li.na", f"{JOBS}/{job['id']}/history").get_json()["items"]
    assert [entry["action"] for entry in history] == ["created"]


def test_what_follows_a_linked_record_is_written_by_nobody_else(api: ApiHouse) -> None:
    described = {f["name"]: f for f in api.get("li.na", "forms/job").get_json()["fields"]}
    assert (described["grade"]["writable"], described["rate"]["writable"]) == (False, True)
    chosen = vendor(api)
    job = api.make("li.na", "job", name="folgt", vendor=chosen)
    refused = change(api, "li.na", job["id"], grade="b")
    assert (code(refused), fields(refused)) == (
        (400, "not-writable-fields"),
        [("grade", "not-writable")],
    )
    whole = {**job, "about": "x"}
    assert api.patch("li.na", f"{JOBS}/{job['id']}", whole, match=1).status_code == 200
    api.patch("ops", f"forms/vendor/records/{chosen}", {"grade": "b"}, match=1)
    kept = api.get("li.na", f"{JOBS}/{job['id']}").get_json()
    assert kept["grade"] == "a"  # until it is saved
    assert change(api, "li.na", job["id"], about="y").get_json()["grade"] == "b"


def test_what_is_found_is_locked_and_what_is_not_is_typed(api: ApiHouse) -> None:
    priced, unpriced = vendor(api, price=12), vendor(api, price=None)
    job = api.make("li.na", "job", name="tippt", vendor=unpriced, rate=3,
                   lines=[{"item": "a", "of": unpriced, "rate": 4},
                          {"item": "b", "of": priced}])  # fmt: skip
    assert (job["rate"], [row["rate"] for row in job["lines"]]) == (3, [4, 12])
    assert change(api, "li.na", job["id"], about="x").get_json()["rate"] == 3
    found = change(api, "li.na", job["id"], vendor=priced)
    assert found.get_json()["rate"] == 12
    typed = change(api, "li.na", job["id"], rate=5)
    assert (code(typed), fields(typed)) == ((422, "invalid"), [("rate", "found-locked")])
    first, second = job["lines"]
    rows = [{"id": first["id"], "rate": 6}, {"id": second["id"], "rate": 7}]
    assert fields(change(api, "li.na", job["id"], lines=rows)) == [("lines.1.rate", "found-locked")]
    tried = api.post("li.na", "forms/job/compute", {"id": job["id"], "lines": [*rows]}).get_json()
    locked = {path for path, shut in tried["readonly"].items() if shut}
    assert {"rate", "lines.1.rate"} <= locked and "lines.0.rate" not in locked
    lost = change(api, "li.na", job["id"], vendor=unpriced)
    assert lost.get_json()["rate"] is None  # what was found is nobody's


def test_fields_of_many_values_say_what_may_be_asked_of_them(api: ApiHouse) -> None:
    described = {f["name"]: f for f in api.get("li.na", "forms/job").get_json()["fields"]}
    asked = {name: described[name]["operators"] for name in ("kinds", "crew", "sites")}
    assert set(map(tuple, asked.values())) == {("in", "is empty")}
    kind = api.make("li.na", "job", name="mehrere", kinds=["a"])["id"]
    right = {"filter": f'"a" in kinds and id == {kind}'}
    assert api.get("li.na", JOBS, query_string=right).get_json()["total"] == 1
    wrong = api.get("li.na", JOBS, query_string={"filter": 'kinds in ["a"]'})
    assert code(wrong) == (400, "filter")
    assert '"a" in kinds' in wrong.get_json()["error"]["message"]


def test_what_a_condition_lacks_is_said_without_a_word_of_files(api: ApiHouse) -> None:
    refused = api.get("li.na", JOBS, query_string={"filter": "len(name > 1"})
    said = refused.get_json()["error"]["message"]
    assert code(refused) == (400, "filter") and "YAML" not in said and "“)”" in said


def test_moments_are_written_in_one_way(api: ApiHouse) -> None:
    job = api.make("li.na", "job", name="wann")
    site = api.make("li.na", "site", name="wann")
    entry = api.get("li.na", f"{JOBS}/{job['id']}/history").get_json()["items"][0]
    listed = api.get("li.na", "forms/site/records", query_string={"fields": "created_at"})
    moments = [job["created_at"], entry["at"], listed.get_json()["items"][-1]["created_at"]]
    assert site["updated_at"].endswith("Z")
    assert {len(moment) for moment in moments} == {len("2026-03-02T09:00:00.000Z")}


def test_a_file_keeps_its_name_and_has_a_plain_one_beside_it(api: ApiHouse) -> None:
    sent = {"file": (io.BytesIO("说明".encode()), "说明.txt")}
    file = api.post("li.na", "files", data=sent, content_type="multipart/form-data").get_json()
    named = api.get("li.na", f"files/{file['id']}").headers["Content-Disposition"]
    assert named == "attachment; filename=\"file.txt\"; filename*=UTF-8''%E8%AF%B4%E6%98%8E.txt"


def test_what_has_ended_is_not_amended(api: ApiHouse) -> None:
    order = f"forms/order/records/{api.make('li.na', 'order', name='endet')['id']}"
    for step in ("submit", "amend", "submit", "actions/finish"):
        assert api.post("li.na", f"{order}/{step}", {}).status_code == 200
    assert code(api.post("li.na", f"{order}/amend", {})) == (409, "record-final")
    kept = api.get("li.na", order).get_json()
    assert (kept["status"], kept["state"]) == ("submitted", "done")
