"""Wrong definitions with the problem expected of each written beneath the offending line.

A case file holds many cases. `#=== claim` begins a case, `#--- path` a file of it, and below a line

    #! COLUMN [warning] CODE
    #! zh: the sentence, without its place
    #! en: the same in English

say what is wrong with it. These lines are no part of the file that is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jingwei.catalogue.compile import compile_catalogue
from jingwei.problems import DefinitionErrors, Problem

FIRST = "forms/order.yaml"  # the file of a case that names none
BASE = {
    "definitions/manifest.yaml": "kind: manifest\ntitle: 测试\nlanguage: 1\n",
    "definitions/org_types.yaml": """\
kind: org_types
title: 组织类型
types:
  group: {title: 集团, head: general_manager}
  sector: {title: 板块, above: [group], head: general_manager}
  subsidiary: {title: 子公司, above: [sector, group], head: general_manager}
""",
    "definitions/orgs/G.yaml": (
        "kind: org\ntitle: 集团\ntype: group\nvalid_from: 2020-01-01\n"
        "posts: [general_manager, planner]\n"
    ),
    "definitions/posts/general_manager.yaml": "kind: post\ntitle: 总经理\nsingle: true\n",
    "definitions/posts/planner.yaml": "kind: post\ntitle: 计划员\n",
    "definitions/roles/flow_admin.yaml": "kind: role\ntitle: 流程管理员\n",
    "definitions/roles/group_ops.yaml": "kind: role\ntitle: 运营部\n",
    "definitions/indicators/revenue.yaml": """\
kind: indicator
title: 营业收入
type: input
unit: CNY
time: {kind: flow, grain: month}
org_agg: sum
""",
    "definitions/indicators/profit.yaml": """\
kind: indicator
title: 利润总额
type: input
unit: CNY
time: {kind: flow, grain: month}
org_agg: sum
thresholds:
  red: value < 0
""",
    "definitions/indicator_sets/main.yaml": """\
kind: indicator_set
title: 主要指标
members:
  revenue: {}
  profit: {}
""",
    "forms/task.yaml": """\
kind: form
title: 事项
fields:
  name: {type: text, required: true}
  due: {type: date}
  cost: {type: money, unit: CNY}
permissions:
  ops: {role: group_ops, can: [read, create, update, delete]}
""",
}


@dataclass(frozen=True, order=True)
class Expected:
    """One problem: `message` by locale, without the place."""

    file: str
    line: int
    column: int
    severity: str
    code: str
    messages: tuple[tuple[str, str], ...]


@dataclass
class Case:
    """One small application that is wrong, and what is said about it."""

    claim: str
    files: dict[str, str] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)


_HEAD = re.compile(r"#! (?P<column>\d+) (?P<severity>warning )?(?P<code>[a-z0-9-]+)\Z")
_SAID = re.compile(r"#! (?P<locale>zh|en): (?P<said>.*)\Z")


def cases_of(path: Path) -> Iterator[Case]:
    """The cases of one file."""
    case: Case | None = None
    lines: list[str] = []
    file = ""
    for written in path.read_text(encoding="utf-8").split("\n"):
        if written.startswith("#=== "):
            if case is not None:
                case.files[file] = _text(lines)
                yield case
            case, file, lines = Case(written[5:]), FIRST, []
        elif case is None:
            continue
        elif written.startswith("#--- "):
            if file != FIRST or any(line.strip() for line in lines):
                case.files[file] = _text(lines)
            file, lines = written[5:], []
        elif written.lstrip().startswith("#! "):
            _expect(case, file, max(len(lines), 1), written.strip())
        else:
            lines.append(written)
    if case is not None:
        case.files[file] = _text(lines)
        yield case


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _expect(case: Case, file: str, line: int, written: str) -> None:
    head = _HEAD.match(written)
    if head:
        severity = "warning" if head["severity"] else "error"
        place = (file, line, int(head["column"]))
        case.expected.append(Expected(*place, severity, head["code"], ()))
        return
    said = _SAID.match(written)
    if said is None:
        raise ValueError(f"{written!r} is neither a head nor a sentence")
    last = case.expected.pop()
    messages = (*last.messages, (said["locale"], said["said"]))
    case.expected.append(
        Expected(last.file, last.line, last.column, last.severity, last.code, messages)
    )


def found_in(case: Case, root: Path) -> list[Expected]:
    """What the engine says about the case, as written in case files."""
    for name, text in {**BASE, **case.files}.items():
        if not text.strip():
            continue  # a file of the base that this case leaves out
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))
    try:
        problems = compile_catalogue(root).warnings
    except DefinitionErrors as errors:
        problems = errors.problems
    return [_as_expected(problem) for problem in problems]


def _as_expected(problem: Problem) -> Expected:
    place = f"{problem.at}: "
    messages = tuple(
        (locale, problem.message(locale).removeprefix(place).removesuffix(f" [{problem.code}]"))
        for locale in ("zh", "en")
    )
    at = problem.at
    return Expected(at.file, at.line, at.column, problem.severity, problem.code, messages)
