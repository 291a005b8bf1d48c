"""Random conditions beside the brute-force reader: the text a person types, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from oracle import BELOW, PEOPLE, PLACES, SECTOR, TODAY, Row, Test, visible


@dataclass(frozen=True)
class Condition:
    source: str
    holds: Test


def condition(
    chance: Random, rows: Mapping[int, Row], depth: int, login: str, *, secret: bool
) -> Condition:
    """A random filter of this person; `secret`: it may name that field."""
    if depth and chance.random() < 0.6:
        one = condition(chance, rows, depth - 1, login, secret=secret)
        if chance.random() < 0.25:
            return Condition(f"not ({one.source})", lambda r: not one.holds(r))
        other = condition(chance, rows, depth - 1, login, secret=secret)
        if chance.random() < 0.5:
            return Condition(
                f"({one.source}) and ({other.source})", lambda r: one.holds(r) and other.holds(r)
            )
        return Condition(
            f"({one.source}) or ({other.source})", lambda r: one.holds(r) or other.holds(r)
        )
    leaves = (*_LEAVES, partial(_held, login), partial(_held, login))
    return chance.choice(leaves if not secret else (*leaves, _secret))(chance, rows)


Leaf = Callable[[Random, Mapping[int, Row]], Condition]
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _compared(path: str, op: str, value: Any, word: str, get: Callable[[Row], Any]) -> Condition:
    def holds(row: Row) -> bool:
        found = get(row)
        if op == "==":
            return bool(found == value)
        if op == "!=":
            return bool(found != value)
        return found is not None and _ORDERS[op](found, value)

    return Condition(f"{path} {op} {word}", holds)


def _numbers(chance: Random, rows: Mapping[int, Row]) -> Condition:
    path = chance.choice(["amount", "pieces", "total", "share"])
    value = Decimal(chance.choice(["-1", "0", "1", "10", "50", "50.005", "0.5"]))
    op = chance.choice(["<", "<=", ">", ">=", "==", "!="])
    return _compared(path, op, value, str(value), lambda r: r[path])


def _days(chance: Random, rows: Mapping[int, Row]) -> Condition:
    day = date(2026, chance.randrange(1, 5), 15)
    op = chance.choice(["<", "<=", ">", ">=", "==", "!="])
    if chance.random() < 0.3:
        return _compared("signed_on", op, TODAY, "today", lambda r: r["signed_on"])
    return _compared("signed_on", op, day, day.isoformat(), lambda r: r["signed_on"])


def _choices(chance: Random, rows: Mapping[int, Row]) -> Condition:
    codes = chance.sample("xyz", chance.randrange(1, 4))
    if chance.random() < 0.5:
        return _compared(
            "kind", chance.choice(["==", "!="]), codes[0], f'"{codes[0]}"', lambda r: r["kind"]
        )
    listed = ", ".join(f'"{code}"' for code in codes)
    return Condition(f"kind in [{listed}]", lambda r: r["kind"] in codes)


def _labels(chance: Random, rows: Mapping[int, Row]) -> Condition:
    code = chance.choice("pqr")
    return Condition(f'"{code}" in labels', lambda r: code in (r["labels"] or ()))


def _texts(chance: Random, rows: Mapping[int, Row]) -> Condition:
    part = chance.choice(["桥", "100%", "_", "a'b", "idge", "B"])
    return Condition(
        f'contains(name, "{part}")', lambda r: r["name"] is not None and part in r["name"]
    )


def _empties(chance: Random, rows: Mapping[int, Row]) -> Condition:
    path = chance.choice(
        ["amount", "name", "kind", "keeper", "signed_on", "labels", "lines", "upper"]
        + ["place", "about", "partners", "papers", "mentions"]
    )
    if chance.random() < 0.5:
        return Condition(f"{path} is empty", lambda r: not r[path] and r[path] != 0)
    return Condition(f"{path} is not empty", lambda r: bool(r[path]) or r[path] == 0)


def _orgs(chance: Random, rows: Mapping[int, Row]) -> Condition:
    org = chance.choice(list(BELOW))
    kind = chance.randrange(3)
    if kind == 0:
        return _compared("org", chance.choice(["==", "!="]), org, f'"{org}"', lambda r: r["org"])
    if kind == 1:
        return Condition(f'is_below("{org}")', lambda r: r["org"] in BELOW[org])
    return _compared("org.sector", "==", org, f'"{org}"', lambda r: SECTOR[r["org"]])


def _people(chance: Random, rows: Mapping[int, Row]) -> Condition:
    path = chance.choice(["owner", "keeper"])
    login = str(chance.choice(PEOPLE)["login"])
    return _compared(path, chance.choice(["==", "!="]), login, f'"{login}"', lambda r: r[path])


def _urgent(chance: Random, rows: Mapping[int, Row]) -> Condition:
    return Condition("urgent", lambda r: bool(r["urgent"]))


def _links(chance: Random, rows: Mapping[int, Row]) -> Condition:
    """Through a link, of the record it points to; see `follows`."""

    def up(row: Row | None) -> Row | None:
        return rows.get(row["upper"] or 0) if row is not None else None

    value = Decimal(chance.choice([0, 10, 50]))
    if chance.random() < 0.5:
        return _compared(
            "upper.amount", ">", value, str(value), lambda r: (up(r) or {}).get("amount")
        )
    if chance.random() < 0.5:
        return _compared(
            "upper.upper.kind", "==", "x", '"x"', lambda r: (up(up(r)) or {}).get("kind")
        )
    return _compared(
        "upper.upper.upper.pieces",
        chance.choice(["<", ">="]),
        Decimal(1),
        "1",
        lambda r: (up(up(up(r))) or {}).get("pieces"),
    )


def _places(chance: Random, rows: Mapping[int, Row]) -> Condition:
    code = chance.choice(PLACES)
    if chance.random() < 0.5:
        op = chance.choice(["==", "!="])
        return _compared("place", op, code, f'"{code}"', lambda r: r["place"])
    return Condition(f'place in ["{code}", "440300"]', lambda r: r["place"] in (code, "440300"))


def _partners(chance: Random, rows: Mapping[int, Row]) -> Condition:
    one = 1_000 + chance.randrange(9)
    return Condition(f"{one} in partners", lambda r: one in (r["partners"] or ()))


def _held(login: str, chance: Random, rows: Mapping[int, Row]) -> Condition:
    """Over what a link of many holds, as far as this person may list it."""

    def held(row: Row, test: Test = lambda one: True) -> list[Row]:
        found = (rows[one] for one in row["partners"] or ())
        return [one for one in found if visible(login, one) and test(one)]

    def known(row: Row, path: str) -> list[Any]:
        return [one[path] for one in held(row) if one[path] is not None]

    def has_price(one: Row) -> bool:
        return any(line["price"] is not None and line["price"] > 0 for line in one["lines"])

    limit, code, least = (
        Decimal(chance.choice([0, 10, 50])),
        chance.choice("xyz"),
        chance.choice("12"),
    )
    choices: list[tuple[str, Test]] = [
        (f"any(partners.amount > {limit})", lambda r: any(v > limit for v in known(r, "amount"))),
        (f'all(partners.kind == "{code}")', lambda r: all(o["kind"] == code for o in held(r))),
        (
            f'count(partners where kind != "{code}" or urgent) >= {least}',
            lambda r: len(held(r, lambda o: o["kind"] != code or bool(o["urgent"]))) >= int(least),
        ),
        (f"sum(partners.pieces) > {least}", lambda r: sum(known(r, "pieces")) > int(least)),
        (
            f"max(partners.amount) <= {limit}",
            lambda r: bool(known(r, "amount")) and max(known(r, "amount")) <= limit,
        ),
        (
            'first(partners.name) == "桥"',
            lambda r: bool(held(r)) and held(r)[0]["name"] == "桥",
        ),
        ("last(partners).owner is empty", lambda r: not held(r) or held(r)[-1]["owner"] is None),
        (
            'any(is_below("S1") and partners.urgent)',
            lambda r: bool(held(r, lambda o: o["org"] in BELOW["S1"] and bool(o["urgent"]))),
        ),
        (
            f"count(partners where any(lines.price > 0)) == {least}",
            lambda r: len(held(r, has_price)) == int(least),
        ),
        (f"count(partners) == {least}", lambda r: len(r["partners"] or ()) == int(least)),
    ]
    source, holds = chance.choice(choices)
    return Condition(source, holds)


def _forms(chance: Random, rows: Mapping[int, Row]) -> Condition:
    """Which form a link to one of several leads to."""

    def about(row: Row) -> str | None:
        return row["about"]["form"] if row["about"] else None

    def forms(row: Row) -> list[str]:
        return [one["form"] for one in row["mentions"] or ()]

    form, one = chance.choice(["deal", "site"]), chance.randrange(1_000, 1_009)
    choices: list[tuple[str, Test]] = [
        (f'about.form == "{form}"', lambda r: about(r) == form),
        (f'about.form != "{form}"', lambda r: about(r) != form),
        (f'about.form in ["{form}"]', lambda r: about(r) == form),
        (f'contains(about.form, "{form[:3]}")', lambda r: about(r) == form),
        (f'any(mentions.form == "{form}")', lambda r: form in forms(r)),
        (f'count(mentions where form == "{form}") > 1', lambda r: forms(r).count(form) > 1),
        ("count(mentions) == 1", lambda r: len(forms(r)) == 1),
        (f"{one} in mentions", lambda r: one in [m["id"] for m in r["mentions"] or ()]),
    ]
    source, holds = chance.choice(choices)
    return Condition(source, holds)


def _tables(chance: Random, rows: Mapping[int, Row]) -> Condition:
    def prices(row: Row) -> list[Decimal]:
        return [line["price"] for line in row["lines"] if line["price"] is not None]

    limit = Decimal(chance.choice([0, 10, 60]))
    kind = chance.randrange(3)
    if kind == 0:
        return Condition(f"any(lines.price > {limit})", lambda r: any(p > limit for p in prices(r)))
    if kind == 1:
        return Condition("count(lines) == 2", lambda r: len(r["lines"]) == 2)
    return Condition(f"sum(lines.price) >= {limit}", lambda r: sum(prices(r), Decimal(0)) >= limit)


def _secret(chance: Random, rows: Mapping[int, Row]) -> Condition:
    return _compared("secret", "==", "s1", '"s1"', lambda r: r["secret"])


_LEAVES: Sequence[Leaf] = (
    _numbers, _days, _choices, _labels, _texts, _empties, _orgs, _people, _urgent, _links, _tables,
    _places, _partners, _forms,
)  # fmt: skip
