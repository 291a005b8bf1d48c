"""A brute-force reader of records: what lists should give, worked out row by row in plain Python.

It shares nothing with the query compiler: rows are dicts, conditions are functions, and rights are
written out by hand for each person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
BELOW: Mapping[str, tuple[str, ...]] = {
    "G": ("G", "S1", "S2", "A", "B", "C"),
    "S1": ("S1", "A", "B"),
    "S2": ("S2", "C"),
    "A": ("A",),
    "B": ("B",),
    "C": ("C",),
}
SECTOR: Mapping[str, str | None] = {
    "G": None, "S1": "S1", "S2": "S2", "A": "S1", "B": "S1", "C": "S2",
}  # fmt: skip
TODAY = date(2026, 3, 2)

FORM = """
kind: form
title: 交易
fields:
  name: {type: text, title: 名称, search: true}
  amount: {type: money, unit: CNY, title: 金额}
  share: {type: percent, title: 比例}
  pieces: {type: integer, title: 件数}
  signed_on: {type: date, title: 日期}
  urgent: {type: boolean, title: 急}
  kind: {type: choice, title: 类别, choices: {x: 甲, y: 乙, z: 丙}}
  labels: {type: choice, title: 标签, many: true, choices: {p: 一, q: 二, r: 三}}
  keeper: {type: person, title: 保管人, search: true}
  upper: {type: link, to: deal, title: 上级, search: true}
  place: {type: region, title: 地点}
  about: {type: link, to: [deal, site], title: 关于}
  partners: {type: link, to: deal, many: true, title: 相关}
  mentions: {type: link, to: [deal, site], many: true, title: 提及}
  papers: {type: file, many: true, title: 附件}
  secret: {type: text, title: 底价, search: true}
  lines:
    type: table
    title: 明细
    fields:
      item: {type: text, title: 项}
      price: {type: money, unit: CNY, title: 价}
      of: {type: link, to: deal, title: 所属}
  total: {type: money, unit: CNY, title: 合计, compute: sum(lines.price)}
  pressed: {type: integer, title: 急的, compute: count(related.pressing)}
related:
  below: {form: deal, by: upper, title: 下级}
  pressing: {form: deal, by: upper, title: 急的下级, where: urgent}
permissions:
  own: {role: own, can: [read], scope: own}
  org: {role: org, can: [read], scope: org}
  below: {role: below, can: [read], scope: org_and_below}
  covered: {post: deputy, can: [read], scope: covered}
  all: {role: all, can: [read], scope: all, hide: [secret]}
  some: {role: some, can: [read], scope: 'amount > 50 and kind == "x"'}
  late: {role: late, can: [read], scope: org_and_below, where: signed_on < 2026-01-15}
restrict:
  sealed: {when: 'kind == "z" and urgent', to: [{role: own}, {role: all}, {field: keeper}]}
"""
PLACES = ("110000", "310000", "310101", "440300")
ROLES = ("own", "org", "below", "all", "some", "late")
DEFINITIONS: Mapping[str, str] = {
    "definitions/orgs/S2.yaml": (
        "kind: org\ntitle: 园区板块\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n"
    ),
    "definitions/orgs/C.yaml": (
        "kind: org\ntitle: 丙公司\ntype: subsidiary\nparent: S2\nvalid_from: 2020-01-01\n"
    ),
    "definitions/posts/deputy.yaml": "kind: post\ntitle: 分管\ncovers: true\n",
    "forms/deal.yaml": FORM,
    "forms/site.yaml": (
        "kind: form\ntitle: 地块\nfields: {name: {type: text, title: 名称}}\n"
        "permissions: {all: {role: all, can: [read], scope: all}}\n"
    ),
    **{f"definitions/roles/{name}.yaml": f"kind: role\ntitle: {name}\n" for name in ROLES},
}
PEOPLE = (
    {"login": "own", "name": "own", "org": "A", "roles": "own@A"},
    {"login": "org", "name": "org", "org": "A", "roles": "org@A;org@C"},
    {"login": "below", "name": "below", "org": "S1", "roles": "below@S1"},
    {"login": "covers", "name": "covers", "org": "G", "posts": "deputy@G:S2+A"},
    {"login": "all", "name": "all", "org": "G", "roles": "all@G"},
    {"login": "some", "name": "some", "org": "B", "roles": "some@B"},
    {"login": "late", "name": "late", "org": "S2", "roles": "late@S2"},
    {"login": "several", "name": "several", "org": "B", "roles": "some@B;org@B;own@B"},
    {"login": "none", "name": "none", "org": "A"},
)


def _some(row: Row) -> bool:
    return row["amount"] is not None and row["amount"] > 50 and row["kind"] == "x"


_SCOPES: Mapping[str, Test] = {
    "own": lambda r: r["owner"] == "own",
    "org": lambda r: r["org"] in ("A", "C"),
    "below": lambda r: r["org"] in BELOW["S1"],
    "covers": lambda r: r["org"] in (*BELOW["S2"], *BELOW["A"]),
    "all": lambda r: True,
    "some": _some,
    "late": lambda r: (
        r["org"] in BELOW["S2"]
        and r["signed_on"] is not None
        and r["signed_on"] < date(2026, 1, 15)
    ),
    "several": lambda r: _some(r) or r["org"] == "B" or r["owner"] == "several",
    "none": lambda r: False,
}
NOT_SEALED_OUT = ("own", "several", "all")
HIDES_SECRET = ("all", "none")


def visible(login: str, row: Row) -> bool:
    """Whether this person may see this row."""
    named = login in NOT_SEALED_OUT or row["keeper"] == login
    sealed = row["kind"] == "z" and bool(row["urgent"]) and not named
    return _SCOPES[login](row) and row["deleted_at"] is None and not sealed


def follows(login: str, source: str, rows: Mapping[int, Row], row: Row) -> bool:
    """Whether every link that a condition looks through leads to a row this person may see, or to
    none."""
    one = row
    for path in ("upper.", "upper.upper.", "upper.upper.upper."):
        # of the record itself: `of.upper.x` follows from a line
        followed = re.search(rf"(?<![\w.]){re.escape(path)}", source) is not None
        if login == "all" or not followed or one["upper"] is None:
            return True
        one = rows[one["upper"]]
        if not visible(login, one):
            return False
    return True


def records(seed: int, count: int) -> list[dict[str, Any]]:
    """Random records, many values equal or empty, ids ascending."""
    chance = Random(seed)

    def maybe(value: Any) -> Any:
        return None if chance.random() < 0.2 else value

    found: list[dict[str, Any]] = []
    logins = [str(person["login"]) for person in PEOPLE]
    for place in range(count):
        lines = [
            {
                "item": maybe(f"i{chance.randrange(3)}"),
                "price": maybe(_money(chance)),
                "of": maybe(1_000 + chance.randrange(9)),
            }
            for _ in range(chance.randrange(3))
        ]
        prices = [line["price"] for line in lines if line["price"] is not None]
        found.append(
            {
                "id": 1_000 + place,
                "org": chance.choice(list(BELOW)),
                "owner": maybe(chance.choice(logins)),
                "name": maybe(
                    chance.choice(["桥", "桥梁", "Bridge 100%", "road_1", "路", "a'b", ""])
                )
                or None,
                "amount": maybe(_money(chance)),
                "share": maybe(Decimal(chance.randrange(-5, 12)) / 10),
                "pieces": maybe(chance.randrange(-3, 6)),
                "signed_on": maybe(date(2026, chance.randrange(1, 5), chance.choice([1, 15, 28]))),
                "urgent": chance.random() < 0.4,
                "kind": maybe(chance.choice("xyz")),
                "labels": sorted(set(chance.choices("pqr", k=chance.randrange(3)))) or None,
                "keeper": maybe(chance.choice(logins)),
                "upper": 1_000 + chance.randrange(place)
                if place and chance.random() < 0.6
                else None,
                "place": maybe(chance.choice(PLACES)),
                "about": maybe({"form": chance.choice(["deal", "site"]), "id": 1_000}),
                "partners": sorted(
                    {1_000 + chance.randrange(9) for _ in range(chance.randrange(3))}
                )
                or None,
                "mentions": _mentions(chance),
                "papers": list(range(chance.randrange(3))) or None,
                "secret": maybe(chance.choice(["s1", "s2"])),
                "lines": lines,
                "total": sum(prices, Decimal(0)),
                "deleted_at": "gone" if chance.random() < 0.1 else None,
            }
        )
    for row in found:
        row["pressed"] = sum(_presses(one, row) for one in found)
    return found


def _presses(one: Row, row: Row) -> bool:
    """Whether it is one of this row's `pressing`, whoever looks."""
    return one["upper"] == row["id"] and bool(one["urgent"]) and not one["deleted_at"]


def _mentions(chance: Random) -> list[dict[str, Any]] | None:
    ids = chance.sample(range(1_000, 1_009), chance.randrange(3))
    return [{"form": chance.choice(["deal", "site"]), "id": one} for one in ids] or None


def _money(chance: Random) -> Decimal:
    return Decimal(chance.choice([-10, 0, 10, 49.99, 50, 50.01, 75, 100, 1e9])).quantize(
        Decimal("0.01")
    )


# --- words ---------------------------------------------------------------------------------------

# Words that are typed, and the names they find: parts of Chinese runs, words from their beginning.
WORDS: Mapping[str, tuple[str, ...]] = {
    "桥": ("桥", "桥梁"),
    "桥梁": ("桥梁",),
    "梁": ("桥梁",),
    "bRi": ("Bridge 100%",),
    "10": ("Bridge 100%",),
    "idge": (),
    "road": ("road_1",),
    "ROAD_1": ("road_1",),
    "1": ("Bridge 100%", "road_1"),
    "路桥": (),
    "a'b": ("a'b",),
    "%": (),
    "s1": (),
    "own": (),
    "sever": (),
}
ASKED = (
    *WORDS, "bridge 10", "10 bridge", "ROAD 1", "桥 s1", "s1 桥", "own 桥", "own road", "桥 1",
    "梁 own 桥", "own sever", "桥 —", " ", "",
)  # fmt: skip


def finds(login: str, asked: str, row: Row, rows: Mapping[int, Row]) -> bool:
    """Whether each of the words finds the row for this person: by a text, by its keeper, or by the
    name of the record above it that this person may see."""
    words = [one for one in asked.split() if one not in ("—", "%")]
    if asked.strip() and not words:
        return False
    upper = rows.get(row["upper"] or 0)
    names = [row["name"], *([upper["name"]] if upper and visible(login, upper) else ())]
    return all(_finds(login, one, row, names) for one in words)


def _finds(login: str, word: str, row: Row, names: Sequence[str | None]) -> bool:
    found = next((f for known, f in WORDS.items() if known.casefold() == word.casefold()), None)
    found = WORDS["bRi"] if found is None else found  # `bridge`
    secret = word == "s1" and login not in HIDES_SECRET and row["secret"] == "s1"
    keeper = word in ("own", "sever") and str(row["keeper"] or "").startswith(word)
    return secret or keeper or any(name in found for name in names)


# --- order, groups ------------------------------------------------------------------------------

SORTABLE = (
    "amount",
    "pieces",
    "total",
    "share",
    "signed_on",
    "kind",
    "name",
    "urgent",
    "id",
    "org",
    "upper",  # by what it is called
)


SORTABLE_BEYOND = ("upper.amount", "upper.upper.name")
PATHS = ("upper.name", "upper.amount", "upper.upper.kind", "upper.place", "name")
GROUPED = ["org", "kind", "urgent", "owner", "signed_on:month", "place", "upper", "keeper"]
FOLDS = ("sum(amount)", "avg(pieces)", "min(amount)", "max(signed_on)", "count_distinct(keeper)")


def in_order(
    login: str, rows: Sequence[Row], keys: Sequence[str], by_id: Mapping[int, Row]
) -> list[Row]:
    """Empty values first, last when the key descends; the id breaks ties, ascending. A sort that is
    reversed keeps equal rows in the order they had."""
    found = sorted(rows, key=lambda r: r["id"])
    for key in reversed(keys):
        path = key.removeprefix("-")

        def place(row: Row, path: str = path) -> tuple[Any, ...]:
            value = at_path(login, f"{path}.name" if path == "upper" else path, by_id, row)
            return (value is not None, () if value is None else (value,))

        found.sort(key=place, reverse=key.startswith("-"))
    return found


def at_path(login: str, path: str, by_id: Mapping[int, Row], row: Row) -> Any:
    """The value at a path, as far as this person may see the records on the way."""
    *links, name = path.split(".")
    one = row
    for link in links:
        if one[link] is None or not (login == "all" or visible(login, by_id[one[link]])):
            return None
        one = by_id[one[link]]
    return one[name]


def in_levels(
    login: str, rows: Sequence[Row], by: Sequence[str], by_id: Mapping[int, Row], *, subtotals: bool
) -> list[dict[str, Any]]:
    """The items of grouped lists: totals before what they are the total of, groups without a value
    last; links by what they lead to is called, behind these what is deleted or hidden from him."""
    found: list[dict[str, Any]] = []
    for level in range(len(by) + 1) if subtotals else [len(by)]:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(_group_value(row, path) for path in by[:level]), []).append(row)
        if not level and not groups:
            groups[()] = []
        for key, members in groups.items():
            found.append({"level": level, **dict(zip(by, key, strict=False)), **_totals(members)})
    there = [row for row in by_id.values() if not row["deleted_at"]]
    seen = [row for row in there if login == "all" or visible(login, row)]
    places = {row["id"]: place for place, row in enumerate(in_order(login, seen, ["name"], by_id))}

    def place(path: str, value: Any) -> Any:
        if path != "upper":
            return str(value)
        return (value not in places, places.get(value, value))

    found.sort(
        key=lambda item: [
            (0, ()) if p not in item else (2, ()) if item[p] is None else (1, place(p, item[p]))
            for p in by
        ]
    )
    return found


def _totals(rows: Sequence[Row]) -> dict[str, Any]:
    def every(name: str) -> list[Any]:
        return [row[name] for row in rows if row[name] is not None]

    amounts, pieces, days = every("amount"), every("pieces"), every("signed_on")
    mean = (Decimal(sum(pieces)) / len(pieces)).quantize(Decimal("1e-10")) if pieces else None
    return {
        "count": len(rows),
        "sum(amount)": sum(amounts, Decimal(0)) if amounts else None,
        "avg(pieces)": mean,
        "min(amount)": min(amounts, default=None),
        "max(signed_on)": max(days).isoformat() if days else None,
        "count_distinct(keeper)": len(set(every("keeper"))),
    }


def grouped(rows: Sequence[Row], by: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Per group: how many, and the sum, average, least and most of the amounts."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_group_value(row, path) for path in by), []).append(row)
    return {key: _folded(members) for key, members in groups.items()}


def _group_value(row: Row, path: str) -> Any:
    if path == "signed_on:month":
        return None if row["signed_on"] is None else f"{row['signed_on']:%Y-%m}"
    return row[path]


def _folded(rows: Sequence[Row]) -> dict[str, Any]:
    amounts = [row["amount"] for row in rows if row["amount"] is not None]
    owners = {row["owner"] for row in rows if row["owner"] is not None}
    mean = None
    if amounts:
        mean = (sum(amounts) / len(amounts)).quantize(Decimal("1e-10"))
    return {
        "n": len(rows),
        "sum": sum(amounts, Decimal(0)) if amounts else None,
        "avg": mean,
        "min": min(amounts, default=None),
        "max": max(amounts, default=None),
        "owners": len(owners),
    }
