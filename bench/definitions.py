"""Reading and checking definitions: what an author waits for. Seconds of the processor."""

from __future__ import annotations

import time
from collections.abc import Mapping

from jingwei.catalogue.compile import compile_texts
from jingwei.problems import Problems
from jingwei.reading.read import read_files

FILES, FORMS, LAYERS = 1_000, 500, 100
BYTES = 2_000  # of a file that is read
TYPES = ("text", "money, unit: CNY", "date", "integer", "boolean", "percent")
AROUND: Mapping[str, str] = {
    "definitions/manifest.yaml": "kind: manifest\ntitle: Bench\nlanguage: 1\n",
    "definitions/org_types.yaml": (
        "kind: org_types\ntitle: Types\ntypes:\n  group: {title: Group, head: boss}\n"
        "  company: {title: Company, above: [group], head: boss}\n"
    ),
    "definitions/orgs/G.yaml": (
        "kind: org\ntitle: Group\ntype: group\nvalid_from: 2020-01-01\nposts: [boss]\n"
    ),
    "definitions/orgs/C1.yaml": (
        "kind: org\ntitle: C1\ntype: company\nparent: G\nvalid_from: 2020-01-01\nposts: [boss]\n"
    ),
    "definitions/posts/boss.yaml": "kind: post\ntitle: Boss\n",
    "definitions/roles/clerk.yaml": "kind: role\ntitle: Clerk\n",
    "definitions/roles/flow_admin.yaml": "kind: role\ntitle: Flow administrator\n",
}


def read_seconds() -> float:
    """1,000 files of two kilobytes as plain data with positions."""
    lines = ["kind: form", "title: {zh: 表单, en: Form}", "fields:"]
    number = 0
    while len("\n".join(lines).encode()) < BYTES:
        title = f"{{zh: 字段{number}, en: Field {number}}}"
        lines.append(f"  f{number}: {{type: {TYPES[number % 6]}, title: {title}, required: true}}")
        number += 1
    content = "\n".join(lines).encode()
    problems = Problems()
    begun = time.process_time()
    read = read_files(((f"forms/f{n}.yaml", content) for n in range(FILES)), problems)
    seconds = time.process_time() - begun
    assert len(read) == FILES and not problems.errors
    return seconds


def check_seconds() -> float:
    """500 forms of 20 fields, each with its flow, every fifth with a layer of a subsidiary."""
    files = {path: text.encode() for path, text in application().items()}
    begun = time.process_time()
    catalogue = compile_texts(files)
    seconds = time.process_time() - begun
    assert len(catalogue.forms) == FORMS and len(catalogue.layers) == LAYERS
    return seconds


def application() -> dict[str, str]:
    made = dict(AROUND)
    for number in range(FORMS):
        name = f"form_{number}"
        fields = "".join(
            f"  f{n}: {{type: {TYPES[n % 6]}, title: {{zh: 字段, en: F{n}}}}}\n" for n in range(18)
        )
        made[f"forms/{name}.yaml"] = (
            f"kind: form\ntitle: {{zh: 表单, en: {name}}}\nworkflow: flow_{number}\nfields:\n"
            f"{fields}  total: {{type: money, unit: CNY, compute: f1 + f7}}\n"
            "  late: {type: boolean, compute: f2 < f8 and total > 0}\n"
            "rules:\n  sum: {check: total >= 0, message: {zh: 不能为负, en: Below zero}}\n"
            "permissions:\n  clerks: {role: clerk, can: [read, create, submit], scope: all}\n"
        )
        made[f"workflows/flow_{number}.yaml"] = (
            f"kind: workflow\ntitle: {{zh: 流程, en: {name}}}\nform: {name}\nsteps:\n"
            "  - {id: draft, fill: {who: initiator, fields: {write: [f0]}}}\n"
            "  - {id: boss, approve: {who: superior, on_reject: {return_to: draft}}}\n"
            "  - id: gate\n    branch:\n      - {when: total > 1000, "
            "steps: [{id: chief, approve: {who: {head_of: group}}}]}\n      - {else: []}\n"
        )
        if number % (FORMS // LAYERS) == 0:
            made[f"definitions/layers/C1/{name}.yaml"] = (
                f"kind: layer\nfor: C1\npatches: form/{name}\nset:\n"
                "  fields.f0.required: true\n  fields.f0.title: {override: {zh: 名称, en: Name}}\n"
            )
    return made
