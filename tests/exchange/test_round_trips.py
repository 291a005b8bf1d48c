"""Every type of field out to a sheet and back is the same value, in every way it can go."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import sheet_file
from services_house import FILES, House, open_house

from jingwei.gateways.workbook import csv_pages, write_to_change
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.services import records
from jingwei.services.exchange import import_sheet
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_lines import Wanted

WORDS = [
    "普通", " 两边 ", "a;b、c", "=1+1", "'=x", "-5", "0012", "1e5", "行一\n行二", "\t制表",
    "_x000D_", "&<>\"'", "[1]", "٣", "＝x", "true", "2026-03-01", "–", "𠮷", "#N/A", "•", "a,b",
]  # fmt: skip
OPTIONS = {
    "money": ", unit: CNY", "period": ", grain: month", "choice": ", choices: {x: 甲, y: 乙, z: x}",
    "link": ", to: contract", "rating": ", max: 5",
}  # fmt: skip
LEFT_OUT = {
    "table", "heading", "note", "secret", "file", "image", "signature", "indicator",
    "classification", "scorecard", "region",
}  # fmt: skip
TYPES = sorted(set(FIELD_TYPES) - LEFT_OUT)
MANY = ("choice", "person", "link", "org")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("round")
    lines = [f"  f_{t}: {{type: {t}, title: {t}{OPTIONS.get(t, '')}}}" for t in TYPES]
    lines += [
        f"  m_{t}: {{type: {t}, title: many {t}, many: true{OPTIONS.get(t, '')}}}" for t in MANY
    ]
    lines.append("  rows: {type: table, title: '行/列', fields: {")
    lines.append(", ".join(f"c_{t}: {{type: {t}, title: {t}{OPTIONS.get(t, '')}}}" for t in TYPES))
    lines.append("  }}")
    can = "can: [read, create, update, import, export], scope: org"
    grants = f"permissions:\n  all: {{post: planner, {can}}}"
    text = "kind: form\ntitle: 样品\nfields:\n" + "\n".join(lines) + "\n" + grants + "\n"
    files = {**FILES, "forms/sample.yaml": text}
    opened = open_house(folder / "application", f"sqlite:///{folder / 'test.db'}", files)
    yield opened
    opened.database.close()


def value(chance: random.Random, type_: str, links: list[int]) -> Any:
    """Some value of a type, as JSON; None now and then."""
    words = chance.choice(WORDS)
    plain = words.replace("\n", " ").replace("\t", " ")
    amount = Decimal(chance.randrange(-(10**15), 10**15)) / 100
    found: dict[str, Any] = {
        "text": plain, "long_text": words, "markdown": words, "code": words, "barcode": "069 0123",
        "rich_text": "<p>一 &amp; 二</p>", "boolean": chance.random() < 0.5,
        "integer": chance.randrange(-(2**53) + 1, 2**53), "money": f"{amount:f}",
        "number": f"{amount / 100:f}", "percent": f"{Decimal(chance.randrange(10**6)) / 10**6:f}",
        "date": str(date(1900, 1, 1) + timedelta(chance.randrange(90_000))),
        "datetime": f"2026-0{chance.randrange(1, 9)}-28T09:30:{chance.randrange(60):02d}."
                    f"{chance.choice(['000', '125'])}+08:00",
        "time": chance.choice(["09:30", "23:59:01"]), "duration": chance.randrange(10**6),
        "period": f"20{chance.randrange(10, 99)}-{chance.randrange(1, 13):02d}",
        "choice": chance.choice("xyz"),
        "tags": chance.sample([*map(str.strip, WORDS[:5]), "急"], 2),
        "link": chance.choice(links), "org": chance.choice("AB"),
        "person": chance.choice(["li.na", "boss.a"]), "role": "group_ops", "post": "planner",
        "form": "contract", "definition": chance.choice(["form/contract", "role/group_ops"]),
        "email": "a@b.cn", "phone": "+86 10 12", "url": "https://a.cn/?a=1&b=2",
        "color": "#aabbcc", "rating": chance.randrange(1, 6),
        "json": chance.choice([{"a": [1, None, "x"]}, [], "文", 1.5, True, {"=1": "=2"}]),
        "geolocation": {"lat": round(chance.uniform(-90, 90), 6), "lon": -0.5},
    }  # fmt: skip
    return None if chance.random() < 0.15 else found[type_]


def fill(house: House, chance: random.Random, count: int) -> None:
    with house.read("li.na") as view:
        there = [r["id"] for r in _all(view, "contract")]
    links = there or [
        house.create("li.na", "contract", name=name, amount=1)["id"]
        for name in ("甲", "乙", "乙 ", "7", "=丙")
    ]
    for _ in range(count):
        values = {f"f_{t}": value(chance, t, links) for t in TYPES}
        for type_ in MANY:
            several = [value(chance, type_, links) for _ in range(2)]
            values[f"m_{type_}"] = list({v for v in several if v is not None})
        values["rows"] = [
            {f"c_{t}": value(chance, t, links) for t in TYPES} for _ in range(chance.randrange(3))
        ]
        house.do("li.na", lambda work, v=values: records.create(work, "sample", v))


def _all(view: Any, form: str) -> list[dict[str, Any]]:
    from jingwei.services.listing import listing

    return listing(view, form, ListWish(size=200)).items


def bring_back(house: House, folder: Path, seed: int, ending: str, how: Any) -> None:
    chance = random.Random(seed)
    fill(house, chance, 3)
    with house.read("li.na") as view:
        paths = None if how == "edit" else ("id", "revision", *(f"f_{t}" for t in TYPES))
        wish = ListWish(fields=paths)
        csv = ending == "csv"
        found = export(
            view, "sample", wish, "zh", values=how, days=not csv, tables=not csv and how == "edit"
        )
        path = folder / f"{seed}.{ending}"
        if csv:
            path.write_bytes(b"".join(csv_pages(found.titles, found.pages, found.types)))
        else:
            write_to_change(str(path), found, "zh")
    sheet = sheet_file(folder, path.read_bytes(), path.name)
    wanted = Wanted("update", "id")
    back = import_sheet(
        house.commands, house.person("li.na"), "sample", sheet, "rows", wanted=wanted
    )
    said = [(row, one.path, one.message("zh")) for row, one in back.refused]
    assert (said, back.updated, back.bad) == ([], 0, 0)
    assert back.same >= 3


@pytest.mark.parametrize(("ending", "how"), [("xlsx", "edit"), ("csv", "codes")])
def test_what_goes_out_comes_back_as_it_was(
    house: House, tmp_path: Path, ending: str, how: str
) -> None:
    bring_back(house, tmp_path, 1, ending, how)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 40))
def test_random_records_go_out_and_come_back_as_they_were(
    house: House, tmp_path: Path, seed: int
) -> None:
    bring_back(house, tmp_path, seed, "xlsx" if seed % 2 else "csv", "edit")
