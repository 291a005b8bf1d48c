"""What is asked of both servers: the same requests, in each one's own words."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench import subject
from bench.load import Answer, Script, ask, request

PAGE = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. `path`: where the records are; `wish`: the query of a list."""

    name: str
    token: str
    path: str
    wish: Callable[[str, int, int, bool], dict[str, Any]]


def our_wish(category: str, least: int, page: int, total: bool) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "filter": f'category == "{category}" and amount > {least}',
        "sort": "-signed_on",
        "page": page,
        "size": PAGE,
    }
    if not total:
        wanted["count"] = "capped"
    return wanted


def floor_wish(category: str, least: int, page: int, total: bool) -> dict[str, Any]:
    wanted: dict[str, Any] = {"category": category, "least": least, "page": page, "size": PAGE}
    if not total:
        wanted["count"] = "capped"
    return wanted


def ours(token: str) -> Side:
    return Side("ours", token, f"/api/v1/forms/{subject.FORM}/records", our_wish)


def floor(token: str) -> Side:
    return Side("floor", token, "/contracts", floor_wish)


def listing(side: Side, *, total: bool) -> Script:
    chance = random.Random(1)

    def script(_lane: int, _answer: Answer | None) -> bytes:
        wish = side.wish(
            chance.choice(subject.CATEGORIES),
            chance.randrange(900_000),
            chance.randint(1, 5),
            total,
        )
        return request("GET", f"{side.path}?{urlencode(wish)}", side.token)

    return script


def some_ids(side: Side, address: tuple[str, int], count: int) -> list[int]:
    """Ids of records that the person may see."""
    found: list[int] = []
    page = 1
    while len(found) < count:
        wish = {**side.wish(subject.CATEGORIES[0], 0, page, False), "size": 200}
        answer = ask(address, request("GET", f"{side.path}?{urlencode(wish)}", side.token))
        items = answer.json()["items"]
        if not items:
            break
        found += [item["id"] for item in items]
        page += 1
    return found


def reading(side: Side, ids: list[int]) -> Script:
    chance = random.Random(2)

    def script(_lane: int, _answer: Answer | None) -> bytes:
        return request("GET", f"{side.path}/{chance.choice(ids)}", side.token)

    return script


def creating(side: Side, start: int) -> Script:
    counter = iter(range(start, start + 10_000_000))

    def script(_lane: int, _answer: Answer | None) -> bytes:
        return request("POST", side.path, side.token, subject.new_record(next(counter)))

    return script


def updating(side: Side, address: tuple[str, int], ids: list[int]) -> Script:
    """Each connection changes one record of its own again and again."""
    chance = random.Random(3)
    lanes: dict[int, tuple[int, str]] = {}

    def first(lane: int) -> tuple[int, str]:
        id_ = ids[lane]
        answer = ask(address, request("GET", f"{side.path}/{id_}", side.token))
        return id_, answer.headers["etag"]

    def script(lane: int, answer: Answer | None) -> bytes:
        if answer is None:
            lanes[lane] = first(lane)
        else:
            lanes[lane] = (lanes[lane][0], answer.headers["etag"])
        id_, etag = lanes[lane]
        body = {
            "partner": f"Partner {chance.randrange(1000)}",
            "rate": chance.randrange(1000) / 10_000,
            "note": f"Note {chance.randrange(10**9)}",
        }
        return request("PATCH", f"{side.path}/{id_}", side.token, body, {"If-Match": etag})

    return script
