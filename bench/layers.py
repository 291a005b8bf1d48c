"""Definitions as 200 orgs have them: 50 forms, layers of the sector on each, one of each org's own.

CPU time of the whole compilation with every org's definitions resolved, of asking for those of one
org again, and what the layers of the orgs take of memory beside those of the sector alone.
"""

from __future__ import annotations

import gc
import time
from datetime import date
from pathlib import Path

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.catalogue.layered import catalogue_for

ORGS, FORMS = 200, 50
ON = date(2026, 1, 1)
PAGE_BYTES = 4096
BASE = {
    "definitions/manifest.yaml": "kind: manifest\nname: bench\ntitle: bench\nlanguage: 1\n",
    "definitions/org_types.yaml": (
        "kind: org_types\ntitle: Types\ntypes:\n  group: {title: Group}\n"
        "  sector: {title: Sector, above: [group]}\n"
        "  subsidiary: {title: Subsidiary, above: [sector]}\n"
    ),
    "definitions/roles/clerk.yaml": "kind: role\ntitle: Clerk\n",
    "definitions/orgs/G.yaml": "kind: org\ntitle: G\ntype: group\nvalid_from: 2020-01-01\n",
    "definitions/orgs/S.yaml": (
        "kind: org\ntitle: S\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n"
    ),
}
FORM = """kind: form
title: Form
fields:
  name: {type: text, title: Name}
  amount: {type: money, unit: CNY, title: Amount, min: 0, max: 1000}
  paid: {type: money, unit: CNY, title: Paid}
  rest: {type: money, unit: CNY, title: Rest, compute: amount - paid}
  lines: {type: table, title: Lines, fields: {price: {type: money, unit: CNY, title: Price}}}
  signed_on: {type: date, title: Signed on}
rules:
  paid: {check: paid is empty or paid <= amount, at: paid, message: Too much is paid}
list: {columns: [name, amount, signed_on], sort: [-signed_on]}
permissions:
  clerk: {role: clerk, can: [read, create, update], scope: org}
"""


def texts(*, own: bool) -> dict[str, bytes]:
    """The application; `own`: each org has a layer of its own, with a field."""
    files = dict(BASE)
    for number in range(FORMS):
        name = f"form_{number}"
        files[f"forms/{name}.yaml"] = FORM
        files[f"definitions/layers/S/{name}.yaml"] = (
            f"kind: layer\nfor: S\npatches: form/{name}\nset: {{fields.name.required: true}}\n"
        )
    for number in range(ORGS):
        code = f"C{number:03d}"
        files[f"definitions/orgs/{code}.yaml"] = (
            f"kind: org\ntitle: {code}\ntype: subsidiary\nparent: S\nvalid_from: 2020-01-01\n"
        )
        if own:
            files[f"definitions/layers/{code}/form.yaml"] = (
                f"kind: layer\nfor: {code}\npatches: form/form_{number % FORMS}\n"
                "set: {fields.amount.max: {override: 10}}\n"
                f"add: {{fields: {{x_{code.lower()}_fee: {{type: text, title: Fee}}}}}}\n"
            )
    return {name: text.encode() for name, text in files.items()}


def _resolved(files: dict[str, bytes]) -> Catalogue:
    catalogue = compile_texts(files)
    for number in range(ORGS):
        catalogue_for(catalogue, f"C{number:03d}", ON)
    return catalogue


def _megabytes() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE_BYTES / 1e6


def figures() -> tuple[float, float, float]:
    """Cold seconds for all orgs, warm milliseconds for one, MB for the layers of the orgs."""
    before = _megabytes()
    shared = _resolved(texts(own=False))
    alone = _megabytes() - before
    begun = time.process_time()
    whole = _resolved(texts(own=True))
    cold = time.process_time() - begun
    more = _megabytes() - before - alone
    begun = time.process_time()
    catalogue_for(whole, "C100", ON)
    warm = (time.process_time() - begun) * 1_000
    assert len({id(catalogue_for(shared, f"C{n:03d}", ON)) for n in range(ORGS)}) == 1
    return cold, warm, more - alone
