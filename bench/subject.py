"""The application that is measured: one form of contracts, its rights, and its 100,000 records.

Ours is these definitions; the floor does the same by hand (`floor.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

SECTORS, BELOW = 4, 10
RECORDS = 100_000
CATEGORIES = ("works", "goods", "services", "design", "other")
STATES = ("planned", "running", "finished")
FORM = "contract"
ROLE = "clerk"
LOGIN = "bench"
PASSWORD = "as-long-as-it-need-be"

DEFINITIONS = {
    "definitions/manifest.yaml": "kind: manifest\nname: bench\ntitle: bench\nlanguage: 1\n",
    "definitions/org_types.yaml": """kind: org_types
title: Types
types:
  group: {title: Group}
  sector: {title: Sector, above: [group]}
  subsidiary: {title: Subsidiary, above: [sector]}
""",
    f"definitions/roles/{ROLE}.yaml": "kind: role\ntitle: Clerk\n",
    f"forms/{FORM}.yaml": f"""kind: form
title: Contract
fields:
  code: {{type: text, title: Code, required: true, unique: true}}
  name: {{type: text, title: Name, required: true}}
  category: {{type: choice, title: Category, required: true, choices: {{{
        ", ".join(f"{c}: {c}" for c in CATEGORIES)
    }}}, index: true}}
  partner: {{type: text, title: Partner}}
  amount: {{type: money, unit: CNY, title: Amount, required: true, min: 0}}
  paid: {{type: money, unit: CNY, title: Paid, min: 0, default: 0}}
  rest: {{type: money, unit: CNY, title: Rest, compute: amount - paid}}
  rate: {{type: percent, title: Rate, min: 0, max: 100%}}
  signed_on: {{type: date, title: Signed on, required: true}}
  ends_on: {{type: date, title: Ends on}}
  urgent: {{type: boolean, title: Urgent}}
  note: {{type: long_text, title: Note}}
rules:
  dates:
    check: ends_on is empty or ends_on >= signed_on
    at: ends_on
    on: save
    message: The end is before the beginning
  paid: {{check: paid <= amount, at: paid, on: save, message: More is paid than was agreed}}
list:
  columns: [code, name, category, amount, signed_on]
  filters: [category, amount]
  sort: [-signed_on]
permissions:
  clerks: {{role: {ROLE}, can: [read, create, update, delete], scope: org_and_below}}
""",
}


def orgs() -> Iterator[tuple[str, str, str | None]]:
    """Code, type and parent of every org, from the top."""
    yield "G", "group", None
    for sector in range(SECTORS):
        yield f"S{sector}", "sector", "G"
        for one in range(BELOW):
            yield f"S{sector}C{one}", "subsidiary", f"S{sector}"


def visible_orgs() -> list[str]:
    """The orgs of the person who asks: one sector of four and what is below."""
    return ["S1", *(f"S1C{i}" for i in range(BELOW))]


def write_definitions(root: Path) -> None:
    for path, text in DEFINITIONS.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for code, type_, parent in orgs():
        target = root / "definitions" / "orgs" / f"{code}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = ["kind: org", f"title: {code}", f"type: {type_}", "valid_from: 2020-01-01"]
        if parent:
            lines.append(f"parent: {parent}")
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def records(count: int) -> Iterator[dict[str, Any]]:
    """The same records for everybody, as engine values, without system fields."""
    chance = random.Random(7)
    codes = [code for code, _, _ in orgs()]
    first = date(2020, 1, 1)
    for number in range(count):
        amount = Decimal(chance.randrange(100, 100_000_000)) / 100
        paid = (amount * chance.randrange(0, 100) / 100).quantize(Decimal("0.01"))
        signed = first + timedelta(days=chance.randrange(2_000))
        yield {
            "org": chance.choice(codes),
            "code": f"C-{number:06d}",
            "name": f"Contract {number} of works at the harbour",
            "category": chance.choice(CATEGORIES),
            "partner": f"Partner {number % 977}",
            "amount": amount,
            "paid": paid,
            "rest": amount - paid,
            "rate": Decimal(chance.randrange(0, 1000)) / 10_000,
            "signed_on": signed,
            "ends_on": signed + timedelta(days=chance.randrange(30, 900)),
            "urgent": chance.random() < 0.1,
            "note": f"Remarks on {number}",
        }


def new_record(number: int) -> dict[str, Any]:
    """The body of one create."""
    return {
        "org": f"S1C{number % BELOW}",
        "code": f"N-{number:09d}",
        "name": f"New contract {number}",
        "category": CATEGORIES[number % len(CATEGORIES)],
        "partner": f"Partner {number % 977}",
        "amount": 12_345.67,
        "paid": 345.67,
        "rate": 0.1234,
        "signed_on": "2026-03-01",
        "ends_on": "2026-12-31",
        "urgent": False,
        "note": f"Remarks on {number}",
    }
