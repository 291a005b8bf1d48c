"""Fields that name people, orgs and posts take what their filter lets through: by every member that
a filter may name, in the page's offers as at saving."""

from __future__ import annotations

from typing import Any

import pytest
from services_house import FILES, House

from jingwei.refusals import Invalid
from jingwei.screens.widgets import offered

# the field, and what of the candidates beside it is offered to li.na at A
PEOPLE = {
    "org == this.org": {"li.na", "boss.a"},
    'org == "S1"': {"chen.jie"},
    "this.org in orgs": {"li.na", "boss.a"},
    'contains(name, "总")': {"boss.a"},
    'title == "顾问"': set(),
    "org.sector is not empty": {"li.na", "boss.a", "chen.jie", "wang.wu", "nobody"},
    'org.city == "武汉"': {"li.na", "boss.a"},
    'login == "ops"': {"ops"},
}
ORGS = {
    'type == "subsidiary"': {"A", "B"},
    'type != "subsidiary"': {"G", "S1"},
    'title == "甲公司"': {"A"},
    "parent == this.org.parent": {"A", "B"},
    'parent == "G"': {"S1"},
    "city is not empty": {"A"},
    'sector == "S1"': {"S1", "A", "B"},
    "is_below(this.org)": {"A"},
    'code == "B"': {"B"},
}
POSTS = {'title == "总经理"': {"general_manager"}}
FIELDS = [
    (f"{kind}_{place}", kind, source, fit)
    for kind, rules in (("person", PEOPLE), ("org", ORGS), ("post", POSTS))
    for place, (source, fit) in enumerate(rules.items())
]
LOGINS = ("li.na", "wang.wu", "chen.jie", "boss.a", "ops", "nobody")
KNOWN: dict[str, tuple[str, ...]] = {
    "person": LOGINS,
    "org": ("G", "S1", "A", "B"),
    "post": ("general_manager", "planner", "finance_manager"),
}


@pytest.fixture
def filtered(house: House) -> House:
    fields = "".join(
        f"  {name}: {{type: {kind}, title: T, filter: '{source}'}}\n"
        for name, kind, source, _ in FIELDS
    )
    house.publish(
        {
            "definitions/org_types.yaml": FILES["definitions/org_types.yaml"]
            + "facts:\n  city: {type: text, title: 城市}\n",
            "definitions/orgs/A.yaml": FILES["definitions/orgs/A.yaml"] + "facts: {city: 武汉}\n",
            "forms/choice.yaml": f"kind: form\ntitle: 选择\nfields:\n{fields}"
            "permissions: {all: {who: everyone, can: [read, create], scope: all}}\n",
        }
    )
    return house


def test_a_filter_lets_through_whom_it_names_and_nobody_else(filtered: House) -> None:
    for name, kind, source, fit in FIELDS:
        taken = {one for one in KNOWN[kind] if takes(filtered, {name: one})}
        assert taken == fit, source


def takes(house: House, values: dict[str, Any]) -> bool:
    try:
        house.create("li.na", "choice", **values)
    except Invalid as refused:
        assert [one.code for one in refused.fields] == ["not-offered"]
        return False
    return True


def test_the_page_offers_what_is_taken(filtered: House) -> None:
    with filtered.read("li.na") as view:
        form = view.catalogue.forms["choice"]
        for name, kind, source, fit in FIELDS:
            if kind != "person":  # who is looked for is asked one by one, by the same candidates
                assert offered(view, form.fields[name], {"org": "A"}, {}) == fit, source
