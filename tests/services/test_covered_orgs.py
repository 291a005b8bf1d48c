"""Who looks after orgs (分管) sees what is theirs and below, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from services_house import FILES, House

from jingwei.refusals import Invalid
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords

DEPUTY = "kind: post\ntitle: 分管副总\ncovers: true\n"
GRANT = "  deputy: {post: deputy, can: [read], scope: covered}\n"


@pytest.fixture
def covered(house: House) -> House:
    contract = FILES["forms/contract.yaml"].replace("permissions:\n", f"permissions:\n{GRANT}")
    house.publish({"definitions/posts/deputy.yaml": DEPUTY, "forms/contract.yaml": contract})
    appoint(house, "deputy@G:A")
    house.create("li.na", "contract", name="甲", amount=1)
    house.create("wang.wu", "contract", name="乙", amount=1)
    return house


def appoint(house: House, posts: str) -> None:
    person = {"login": "zhao", "name": "赵副总", "org": "G", "posts": posts}
    house.commands.run(lambda work: import_people(work, [person], Passwords(cheap=True)), SYSTEM)


def seen(house: House) -> list[str]:
    return sorted(item["name"] for item in house.list("zhao", "contract").items)


def test_a_deputy_sees_the_orgs_he_looks_after(covered: House) -> None:
    assert seen(covered) == ["甲"]
    appoint(covered, "deputy@G:B")
    assert seen(covered) == ["乙"]
    appoint(covered, "deputy@G:S1")
    assert seen(covered) == ["乙", "甲"]
    appoint(covered, "deputy@G")
    assert seen(covered) == []


@pytest.mark.parametrize(
    ("posts", "message"),
    [
        ("deputy@G:A+X", "There is no organisation 'X'."),
        (
            "planner@A:B",
            "The post 'planner' looks after no organisations. Say covers: true in its definition, "
            "or leave out what stands behind the colon.",
        ),
    ],
)
def test_a_sheet_says_what_it_cannot_appoint(covered: House, posts: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        appoint(covered, posts)
    messages: list[Any] = [f.message("en") for f in refused.value.fields]
    assert messages == [message]
    assert seen(covered) == ["甲"]
