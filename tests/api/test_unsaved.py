"""What one typed and has not saved is kept, for oneself alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from api_house import ApiHouse, code, fields

from jingwei.jobs.runtime import Runtime
from jingwei.jobs.scheduler import Scheduler

NEW = "forms/contract/unsaved"
TYPED = {"name": "半截", "amount": "12,", "lines": [{"item": "梁"}]}


def test_what_was_typed_is_offered_when_the_form_is_opened_again(api_on_both: ApiHouse) -> None:
    api = api_on_both
    assert api.get("li.na", NEW).get_json() == {"unsaved": None}
    kept = api.put("li.na", NEW, {"values": TYPED}).get_json()["unsaved"]
    assert kept["values"] == TYPED and kept["revision"] is None
    later = {**TYPED, "amount": "12,5"}
    api.put("li.na", NEW, {"values": later})
    assert api.get("li.na", NEW).get_json()["unsaved"]["values"] == later
    assert api.get("wang.wu", NEW).get_json() == {"unsaved": None}  # nobody else's
    assert api.delete("li.na", NEW).status_code == 204
    assert api.get("li.na", NEW).get_json() == {"unsaved": None}


def test_what_was_typed_over_a_record_is_apart_from_what_is_new(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="甲", amount=1)
    of_it = f"{NEW}?id={made['id']}"
    api.put("li.na", of_it, {"values": {"name": "乙"}, "revision": made["revision"]})
    assert api.get("li.na", NEW).get_json() == {"unsaved": None}
    kept = api.get("li.na", of_it).get_json()["unsaved"]
    assert (kept["values"], kept["revision"]) == ({"name": "乙"}, 1)
    assert code(api.get("wang.wu", of_it)) == (404, "no-such-record")  # the record of another org
    assert code(api.put("wang.wu", of_it, {"values": {}})) == (404, "no-such-record")


def test_what_one_may_not_type_is_not_kept(api: ApiHouse) -> None:
    assert code(api.put("chen.jie", NEW, {"values": {}})) == (404, "no-such-form")
    refused = api.put("li.na", NEW, {"values": {"name": "x", "revision": 3, "nmae": "y"}})
    assert code(refused)[0] == 400
    assert fields(refused) == [("revision", "unknown-field"), ("nmae", "unknown-field")]
    large = api.put("li.na", NEW, {"values": {"name": "x" * 300_000}})
    assert fields(large) == [("values", "unsaved-too-large")]


@pytest.mark.parametrize("days", [29, 31])
def test_it_is_kept_for_thirty_days(api: ApiHouse, days: int) -> None:
    api.put("li.na", NEW, {"values": TYPED})
    api.later(timedelta(days=days))
    offered = api.get("li.na", NEW).get_json()["unsaved"]
    assert (offered is not None) == (days < 30)
    Scheduler(Runtime(api.platform, {}, {}), "test").forget()
    with api.platform.database.reading() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM sys_unsaved").scalar()
    assert left == (1 if days < 30 else 0)
