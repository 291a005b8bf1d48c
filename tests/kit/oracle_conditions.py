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
    of_reader = (_held, _held, _beyond, _beyond, _related)
    leaves = (*_LEAVES, *(partial(leaf, login) for leaf in of_reader))
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


def _beyond(login: str, chance: Random, rows: Mapping[int, Row]) -> Condition:
    """Over what stands behind a link: a table, what a link of many of it holds, links of rows. No
    row is found that leads to what this person may not list, see `follows`; and none is folded."""

    def up(row: Row) -> Row | None:
        return rows.get(row["upper"] or 0)

    def open_(row: Row | None) -> bool:
        return row is None or login == "all" or visible(login, row)

    def held(row: Row | None) -> list[Row]:
        found = (rows[one] for one in (row or {}).get("partners") or ())
        return [one for one in found if visible(login, one)]

    def lines(row: Row | None) -> list[Row]:
        """The lines that lead to nothing, or to what may be listed."""
        return [line for line in (row or {}).get("lines") or () if open_(rows.get(line["of"] or 0))]

    def of(line: Row) -> Row:
        return rows.get(line["of"] or 0) or _NO_ROW

    limit, code, least = (
        Decimal(chance.choice([0, 10, 50])),
        chance.choice("xyz"),
        int(chance.choice("0123")),
    )
    choices: list[tuple[str, Test]] = [
        (
            f'any(upper.partners.kind == "{code}")',
            lambda r: any(one["kind"] == code for one in held(up(r))),
        ),
        (
            f'count(upper.partners where kind != "{code}") == {least}',
            lambda r: len([o for o in held(up(r)) if o["kind"] != code]) == least,
        ),
        (
            f'all(upper.upper.partners.kind == "{code}")',
            lambda r: all(one["kind"] == code for one in held(up(up(r) or _NO_ROW))),
        ),
        (
            f"any(upper.partners.upper.amount > {limit})",
            lambda r: any(
                (up(one) or _NO_ROW)["amount"] is not None and up(one)["amount"] > limit  # type: ignore[index]
                for one in held(up(r))
                if open_(up(one))
            ),
        ),
        (
            f"sum(upper.lines.price) > {limit}",
            lambda r: sum(o["price"] or 0 for o in (up(r) or {}).get("lines") or ()) > limit,
        ),
        ("upper.lines is empty", lambda r: not (up(r) or {}).get("lines")),
        (
            f"any(upper.lines.of.amount > {limit})",
            lambda r: any((of(o)["amount"] or 0) > limit for o in lines(up(r))),
        ),
        (f'any(lines.of.kind == "{code}")', lambda r: any(of(o)["kind"] == code for o in lines(r))),
        (f'all(lines.of.kind != "{code}")', lambda r: all(of(o)["kind"] != code for o in lines(r))),
        (
            f"count(lines where of.upper.amount is empty) >= {least}",
            lambda r: (
                len(
                    [
                        o
                        for o in lines(r)
                        if open_(up(of(o))) and (up(of(o)) or _NO_ROW)["amount"] is None
                    ]
                )
                >= least
            ),
        ),
        (
            f'count(lines where any(of.partners.kind == "{code}")) > 0',
            lambda r: any(one["kind"] == code for o in lines(r) for one in held(of(o))),
        ),
        (
            f'count(partners where any(partners.kind == "{code}")) > 0',
            lambda r: any(o["kind"] == code for one in held(r) for o in held(one)),
        ),
    ]
    source, holds = chance.choice(choices)
    return Condition(source, holds)


_NO_ROW: Row = {"amount": None, "kind": None, "upper": None, "partners": None, "lines": ()}


def _related(login: str, chance: Random, rows: Mapping[int, Row]) -> Condition:
    """Over the records whose `upper` is this one, as far as this person may list them."""
    below: dict[int, list[Row]] = {}
    for one in rows.values():
        if one["upper"] is not None and visible(login, one):
            below.setdefault(one["upper"], []).append(one)

    def under(row: Row, *, urgent: bool = False) -> list[Row]:
        return [one for one in below.get(row["id"], ()) if one["urgent"] or not urgent]

    code, least = chance.choice("xyz"), int(chance.choice("0123"))
    choices: list[tuple[str, Test]] = [
        (f"count(related.below) >= {least}", lambda r: len(under(r)) >= least),
        (
            f'any(related.below.kind == "{code}")',
            lambda r: any(one["kind"] == code for one in under(r)),
        ),
        (
            f'count(related.below where kind == "{code}" and amount > upper . amount) > {least}',
            lambda r: (
                len(
                    [
                        o
                        for o in under(r)
                        if o["kind"] == code
                        and None not in (o["amount"], r["amount"])
                        and o["amount"] > r["amount"]
                    ]
                )
                > least
            ),
        ),
        ("related.below is empty", lambda r: not under(r)),
        (
            f"pressed == {least}",  # computed of all `pressing`, whoever looks
            lambda r: r["pressed"] == int(least),
        ),
        (
            f"count(related.pressing) == {least}",  # whose `where` is urgent
            lambda r: len(under(r, urgent=True)) == least,
        ),
        (
            f"sum(related.pressing.pieces) > {least}",
            lambda r: sum(o["pieces"] or 0 for o in under(r, urgent=True)) > least,
        ),
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
