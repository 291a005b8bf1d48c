"""An org that is closed: what it did is still seen from above, and nothing more is done for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from backends import on_sqlite
from services_house import FILES, House

from jingwei.refusals import Invalid
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords

CLOSING = FILES["definitions/orgs/B.yaml"] + "valid_to: 2026-03-05\n"
LATER = "kind: org\ntitle: 丁公司\ntype: subsidiary\nparent: S1\nvalid_from: 2026-04-01\n"


@pytest.fixture
def closing(house: House) -> House:
    contract = FILES["forms/contract.yaml"].replace(
        "permissions:\n",
        "permissions:\n  deputy: {post: deputy, can: [read], scope: covered}\n"
        "  all: {role: flow_admin, can: [read, create], scope: all}\n",
    )
    house.publish(
        {
            "definitions/orgs/B.yaml": CLOSING,
            "definitions/orgs/D.yaml": LATER,
            "definitions/posts/deputy.yaml": "kind: post\ntitle: 分管副总\ncovers: true\n",
            "forms/contract.yaml": contract,
        }
    )
    people = [
        {"login": "zhao", "name": "赵副总", "org": "G", "posts": "deputy@G:S1"},
        {"login": "admin", "name": "管理员", "org": "G", "roles": "flow_admin@G"},
    ]
    house.commands.run(lambda work: import_people(work, people, Passwords(cheap=True)), SYSTEM)
    house.create("wang.wu", "contract", name="旧", amount=1)
    return house


def names(house: House, login: str) -> list[str]:
    return sorted(item["name"] for item in house.list(login, "contract").items)


def test_what_a_closed_org_did_is_seen_from_above(closing: House) -> None:
    closing.clock.move(timedelta(days=4))

    for login in ("chen.jie", "zhao", "ops", "wang.wu"):
        assert names(closing, login) == ["旧"], login
    assert names(closing, "li.na") == []


@on_sqlite
def test_nothing_is_written_for_an_org_that_is_closed_or_not_there_yet(closing: House) -> None:
    closing.create("wang.wu", "contract", name="最后一天", amount=2)
    closing.clock.move(timedelta(days=4))

    for login, org in (("wang.wu", "B"), ("admin", "B"), ("admin", "D")):
        with pytest.raises(Invalid) as refused:
            closing.create(login, "contract", name="新", amount=3, org=org)
        assert [(one.path, one.code) for one in refused.value.fields] == [("org", "org-closed")]
    assert names(closing, "admin") == ["旧", "最后一天"]
