"""`link.display`: what a linked record is called, as a value of a compute, a filter or a rule."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.refusals import Invalid, Malformed

GRANT = """permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""
FILES = {
    "forms/area.yaml": f"""
kind: form
title: 片区
fields: {{name: {{type: text, title: 名称}}}}
{GRANT}
  ops: {{role: group_ops, can: [read], scope: all}}
""",
    "forms/site.yaml": f"""
kind: form
title: 工地
display: "{{area}} {{name}}（{{floors}} 层，{{org}}）"
fields:
  area: {{type: link, to: area, title: 片区}}
  name: {{type: text, title: 名称}}
  floors: {{type: integer, title: 层数}}
{GRANT}
  ops: {{role: group_ops, can: [read], scope: all, hide: [name]}}
""",
    "forms/plant.yaml": f"""
kind: form
title: 工厂
display: "{{org.title}} {{name}}"
fields: {{name: {{type: text, title: 名称}}}}
{GRANT}""",
    "forms/look.yaml": f"""
kind: form
title: 看厂
fields:
  plant: {{type: link, to: plant, title: 工厂}}
  called: {{type: text, title: 厂名, compute: plant.display}}
{GRANT}""",
    "forms/tour.yaml": f"""
kind: form
title: 巡查
display: "{{name}}"
fields:
  upper: {{type: text, title: 大写, compute: upper(this.whole)}}
  called: {{type: text, title: 称呼, compute: this.display}}
  name: {{type: text, title: 名称}}
  whole: {{type: text, title: 全称, compute: 'concat(name, "号")'}}
  stops:
    type: table
    title: 停靠
    fields:
      of: {{type: text, title: 属于, compute: parent.display}}
      all: {{type: text, title: 全称, compute: this.upper}}
rules:
  no_x: {{check: this.display != "x", at: name, message: 不叫 x}}
{GRANT}""",
    "forms/visit.yaml": f"""
kind: form
title: 走访
fields:
  site: {{type: link, to: site, title: 工地}}
  called: {{type: text, title: 工地名, compute: site.display}}
  guests:
    type: table
    title: 来宾
    fields:
      from: {{type: link, to: area, title: 来自}}
      said: {{type: text, title: 称呼, compute: 'concat(from.display, "/", parent.site.display)'}}
rules:
  not_north:
    check: not starts_with(site.display, "北")
    at: site
    on: save
    message: "{{site.display}} 不去"
{GRANT}
  ops: {{role: group_ops, can: [read], scope: all}}
""",
}


@pytest.fixture
def sites(house: House) -> dict[str, int]:
    house.publish(FILES)
    north = house.create("li.na", "area", name="北区")["id"]
    south = house.create("li.na", "area", name="南区")["id"]
    return {
        "north": house.create("li.na", "site", area=north, name="一号", floors=12)["id"],
        "south": house.create("li.na", "site", area=south, name="二号", floors=3)["id"],
        "area": south,
    }


def test_a_link_is_called_what_its_record_is_called(house: House, sites: dict[str, int]) -> None:
    guests = [{"from": sites["area"]}]
    made = house.create("li.na", "visit", site=sites["south"], guests=guests)
    shown = house.show("li.na", "visit", made["id"])

    assert shown["called"] == "南区 二号（3 层，A）"
    assert shown["guests"][0]["said"] == "南区/南区 二号（3 层，A）"
    assert [one["called"] for one in house.list("li.na", "visit").items] == [shown["called"]]


def test_a_name_with_the_title_of_an_org_is_kept_as_it_is_saved(
    house: House, sites: dict[str, int]
) -> None:
    plant = house.create("li.na", "plant", name="一厂")["id"]
    house.create("li.na", "look", plant=plant)

    assert house.list("li.na", "look").items[0]["called"] == "甲公司 一厂"


def test_conditions_and_messages_may_ask_for_it(house: House, sites: dict[str, int]) -> None:
    with pytest.raises(Invalid) as refused:
        house.create("li.na", "visit", site=sites["north"])
    assert refused.value.fields[0].message("zh") == "北区 一号（12 层，A） 不去"

    house.create("li.na", "visit", site=sites["south"])
    found = house.list("li.na", "visit", filter='contains(site.display, "二号")')
    assert len(found.items) == 1
    assert house.list("li.na", "visit", filter='contains(site.display, "一号")').items == []


def test_who_does_not_see_a_part_of_a_name_does_not_find_by_it(
    house: House, sites: dict[str, int]
) -> None:
    house.create("li.na", "visit", site=sites["south"])

    assert house.list("ops", "visit", filter='contains(site.display, "南区")').items != []
    with pytest.raises(Malformed):
        house.list("ops", "visit", filter='site.name == "二号"')
    assert house.list("ops", "visit", filter='contains(site.display, "二号")').items == []


def test_this_record_is_read_as_it_will_be_kept(house: House, sites: dict[str, int]) -> None:
    made = house.create("li.na", "tour", name="a", stops=[{}])
    for name in ("a", "b"):
        if name != "a":
            made = house.update("li.na", "tour", made["id"], name=name)
        assert (made["upper"], made["called"]) == (f"{name.upper()}号", name)
        assert [(stop["of"], stop["all"]) for stop in made["stops"]] == [
            (name, f"{name.upper()}号")
        ]
    with pytest.raises(Invalid):
        house.update("li.na", "tour", made["id"], name="x")
