"""A record does not come back with links to others that were deleted meanwhile."""

from __future__ import annotations

from datetime import timedelta

from api_house import MORE_PEOPLE, PASSWORD, ApiHouse, code, fields
from module_houses import houses_of
from services_house import FILES

GRANT = "permissions: {all: {post: planner, can: [read, create, update, delete], scope: org}}\n"
FORMS = {
    **FILES,
    "forms/place.yaml": f"""
kind: form
title: 地点
display: "{{name}}"
fields:
  name: {{type: text, title: 名称}}
  beside: {{type: link, to: place, title: 旁边}}
{GRANT}""",
    "forms/visit.yaml": f"""
kind: form
title: 走访
fields:
  place: {{type: link, to: place, title: 地点}}
  places: {{type: link, to: place, many: true, title: 各处}}
  about: {{type: link, to: any, title: 关于}}
  stops:
    type: table
    title: 停留
    fields:
      place: {{type: link, to: place, title: 处}}
  best: {{type: link, to: finding, title: 首要发现}}
{GRANT}""",
    "forms/finding.yaml": f"""
kind: form
title: 发现
fields:
  visit: {{type: link, to: visit, owner: true, required: true, title: 走访}}
  first: {{type: link, to: finding, title: 先前}}
{GRANT}""",
}
PEOPLE = [dict(one, password=PASSWORD) for one in MORE_PEOPLE if one["login"] != "auditor"]
api = houses_of(FORMS, PEOPLE)


def delete(api: ApiHouse, form: str, id: int) -> None:
    path = f"forms/{form}/records/{id}"
    revision = api.get("li.na", path).get_json()["revision"]
    assert api.delete("li.na", path, match=revision).status_code == 204


def test_each_link_to_what_was_deleted_is_named(api: ApiHouse) -> None:
    place, other = (api.make("li.na", "place", name=name)["id"] for name in ("东", "西"))
    visit = api.make(
        "li.na",
        "visit",
        place=place,
        places=[other, place],
        about={"form": "place", "id": place},
        stops=[{"place": other}, {"place": place}],
    )["id"]
    delete(api, "visit", visit)
    api.later(timedelta(minutes=1))
    delete(api, "place", place)

    refused = api.post("li.na", f"forms/visit/records/{visit}/restore")

    paths = ("place", "places.1", "about", "stops.1.place")
    assert code(refused) == (422, "invalid")
    assert fields(refused) == [(path, "link-deleted") for path in paths]
    said = refused.get_json()["error"]["fields"][0]["message"]
    assert said == "它关联的地点已在此后删除，请先恢复那一条。"
    assert api.get("li.na", f"forms/visit/records/{visit}").status_code == 404
    assert api.post("li.na", f"forms/place/records/{place}/restore").status_code == 200
    assert api.post("li.na", f"forms/visit/records/{visit}/restore").status_code == 200


def test_what_went_together_comes_back_together(api: ApiHouse) -> None:
    """Details that link to each other, their owner to one of them, and what one act deleted."""
    visit = api.make("li.na", "visit")
    first = api.make("li.na", "finding", visit=visit["id"])["id"]
    second = api.make("li.na", "finding", visit=visit["id"], first=first)["id"]
    address = f"forms/visit/records/{visit['id']}"
    assert api.patch("li.na", address, {"best": second}, match=1).status_code == 200
    delete(api, "visit", visit["id"])
    assert api.post("li.na", f"{address}/restore").status_code == 200
    for one in (first, second):
        assert api.get("li.na", f"forms/finding/records/{one}").status_code == 200
