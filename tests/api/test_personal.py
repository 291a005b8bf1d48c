"""What is a person's own: phrases of opinions, and a signature that opinions keep."""

from __future__ import annotations

import io
from datetime import UTC, timedelta

from api_house import ApiHouse, code, fields
from services_house import MORNING

from jingwei.services import personal
from jingwei.services.people import SYSTEM

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60


def upload(api: ApiHouse, login: str, content: bytes = PNG, name: str = "签名.png") -> int:
    answer = api.ask("POST", login, "files", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found: int = answer.get_json()["id"]
    return found


def put(api: ApiHouse, login: str, path: str, body: object) -> object:
    return api.ask("PUT", login, path, json=body)


def test_phrases_are_kept_per_person_and_begin_with_those_of_the_product(api: ApiHouse) -> None:
    first = api.get("li.na", "me/phrases").get_json()["items"]
    assert len(first) == 3
    kept = put(api, "li.na", "me/phrases", {"items": ["同意 ", "请 补充依据", "同意"]})
    assert kept.get_json()["items"] == ["同意", "请 补充依据"]  # type: ignore[attr-defined]
    assert api.get("li.na", "me/phrases").get_json()["items"] == ["同意", "请 补充依据"]
    assert api.get("ops", "me/phrases").get_json()["items"] == first
    put(api, "li.na", "me/phrases", {"items": []})
    assert api.get("li.na", "me/phrases").get_json()["items"] == []
    assert fields(put(api, "ops", "me/phrases", {"items": [1]})) == [("items", "not-text")]
    many = put(api, "ops", "me/phrases", {"items": [str(n) for n in range(21)] + ["x" * 201]})
    assert fields(many) == [("items", "too-many-phrases"), ("items.21", "text-too-long")]


def test_a_signature_is_a_picture_of_ones_own(api: ApiHouse) -> None:
    file = upload(api, "li.na")
    assert put(api, "li.na", "me/signature", {"file": file}).status_code == 200  # type: ignore[attr-defined]
    assert api.get("li.na", "me/signature").get_json() == {"file": file}
    assert fields(put(api, "ops", "me/signature", {"file": file})) == [("file", "unknown-file")]
    text = upload(api, "li.na", b"words", "签名.txt")
    assert fields(put(api, "li.na", "me/signature", {"file": text})) == [("file", "not-an-image")]
    large = upload(api, "li.na", PNG + b"\0" * 600_000)
    refused = put(api, "li.na", "me/signature", {"file": large})
    assert fields(refused) == [("file", "signature-too-large")]
    assert code(put(api, "li.na", "me/signature", {"file": "x"}))[0] == 422


WIDE = (30_000).to_bytes(4)  # of a side: a picture of a hundred kilobytes, a gigabyte in a document
BOMBS = {
    "签名.png": PNG[:16] + WIDE * 2 + b"\0" * 40,
    "签名.jpg": b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xc2\0\x11\x08" + WIDE[2:] * 2 + b"\0" * 40,
    "签名.webp": b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + b"\x2f\x75\0" * 2 + b"\0" * 40,
}


def test_a_signature_unpacks_to_no_more_than_a_page_can_show(api: ApiHouse) -> None:
    for name, content in BOMBS.items():
        bomb = upload(api, "li.na", content, name)
        refused = put(api, "li.na", "me/signature", {"file": bomb})
        assert fields(refused) == [("file", "signature-too-fine")], name


def test_a_new_signature_changes_nothing_that_was_signed_before(api: ApiHouse) -> None:
    old, new = upload(api, "li.na"), upload(api, "li.na", PNG + b"1")
    put(api, "li.na", "me/signature", {"file": old})
    api.later(timedelta(hours=1))
    put(api, "li.na", "me/signature", {"file": new})
    api.later(timedelta(hours=2))
    put(api, "li.na", "me/signature", {"file": None})
    hours = [MORNING.replace(tzinfo=UTC) + timedelta(hours=h) for h in (-1, 0.5, 1.5, 3)]
    with api.platform.commands.read(SYSTEM) as view:
        found = personal.signatures_at(view, [("li.na", at) for at in hours])
    assert [found.get(("li.na", at)) for at in hours] == [None, old, new, None]
