"""A form that was changed while somebody had it open: told before anything is saved."""

from __future__ import annotations

from api_house import ApiHouse, code

from jingwei.catalogue.compile import compile_texts
from jingwei.storage.apply import Publication, apply

CONTRACTS = "forms/contract/records"


def publish_with_a_note(api: ApiHouse) -> None:
    platform = api.platform
    files = dict(platform.active.current.catalogue.files)
    path = "forms/contract.yaml"
    with_note = b"  note: {type: text, title: N}\n  name:"
    files[path] = files[path].replace(b"  name:", with_note, 1)
    assert with_note in files[path]
    now, today = platform.clock.now(), platform.clock.today()
    apply(platform.database, compile_texts(files), Publication("test", now, today))
    platform.active.poll()


def test_what_was_filled_in_on_an_old_form_is_refused_and_kept_by_the_sender(api: ApiHouse) -> None:
    opened = api.get("li.na", "forms/contract").get_json()["fingerprint"]
    headers = {"Form-Fingerprint": opened}
    made = api.post("li.na", CONTRACTS, {"name": "a", "amount": 1}, headers=headers).get_json()
    publish_with_a_note(api)

    sent = {"name": "b", "amount": 2}
    refused = api.post("li.na", CONTRACTS, sent, headers={**headers, "Accept-Language": "en"})
    assert code(refused) == (409, "form-changed")
    stale = {"If-Match": f'"{made["revision"]}"', **headers}
    assert code(api.patch("li.na", f"{CONTRACTS}/{made['id']}", {"amount": 9}, headers=stale)) == (
        409,
        "form-changed",
    )
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 1
    now = api.get("li.na", "forms/contract").get_json()["fingerprint"]
    again = api.post("li.na", CONTRACTS, sent, headers={"Form-Fingerprint": now})
    assert again.status_code == 201
    assert api.post("li.na", CONTRACTS, {"name": "c", "amount": 3}).status_code == 201
