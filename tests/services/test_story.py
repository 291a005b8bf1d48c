"""A story told to a fresh installation: acts of people, each at its own moment."""

from __future__ import annotations

from datetime import date

import pytest
from services_house import House

from jingwei.refusals import Refused
from jingwei.services.story import Story


def story(house: House) -> Story:
    return Story(house.commands, date(2026, 3, 2), "Asia/Shanghai")


def test_an_act_happens_at_its_own_moment_as_its_own_person(house: House) -> None:
    told = story(house)

    count = told.tell(
        [
            {
                "at": "2026-01-08T09:30",
                "as": "li.na",
                "create": "contract",
                "name": "bridge",
                "set": {"name": "桥", "amount": "100", "signed_on": "@-3d"},
            },
            {"as": "li.na", "change": "bridge", "set": {"main": "$bridge"}},
        ]
    )

    form, id = told.named["bridge"]
    shown = house.show("li.na", form, id)
    assert count == 2
    assert str(shown["created_at"]).startswith("2026-01-08T01:30")
    assert (shown["owner"], str(shown["signed_on"])) == ("li.na", "2026-02-27")
    assert shown["main"] == id


def test_an_act_that_is_refused_is_named_with_its_reason(house: House) -> None:
    with pytest.raises(Refused) as refused:
        story(house).tell([{"as": "li.na", "create": "contract", "set": {"amount": -1}}])

    assert refused.value.message("en") == (
        "Act 1 of the story was refused: Some entries need correcting; nothing was "
        "saved. amount: At least 0."
    )


def test_a_record_without_a_name_cannot_be_spoken_of(house: House) -> None:
    with pytest.raises(Refused) as refused:
        story(house).tell([{"as": "li.na", "submit": "bridge"}])

    assert refused.value.message("zh") == ("故事的第 1 幕被拒绝：故事里没有名为 bridge 的记录。")
