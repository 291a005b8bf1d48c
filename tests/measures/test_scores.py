"""A scheme applied to orgs: items, guards, deductions, vetoes, places, and who may see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, fields, open_api
from measures_house import INDICATORS

SCHEME = """
kind: scoring
title: {zh: 年度考核, en: Annual assessment}
applies_to: org.type == "subsidiary" and year == 2025
items:
  profit: {weight: 60, base: target, rule: {type: step, per: 3%, points: 1, cap_up: 6, cap_down: 6}}
  sales:
    weight: 40
    rule:
      type: bands
      bands: [{ge: 100%, score: full}, {ge: 90%, per: 1%, points: -1}, {lt: 90%, score: 0}]
  leverage: {constraint: true, rule: {type: deduct, per: 1pp, points: 1, cap: 5}}
adjust:
  multiplier: 1.1
  bonus_max: 2
  deductions:
    {form: incident, where: org == this.org and year(on) == this.year, points: points}
guards:
  - {if: any(items.score < items.weight), then: {others: cap_at_basic, multiplier: 1}}
veto:
  - {when: 'count(incident where org == this.org and grave) > 0', grade_max: C}
grades: {A: 90, B: 80, C: 60, D: 0}
rank: {ties: competition, tiebreak: [profit]}
missing: pending
"""
INCIDENT = """
kind: form
title: 事件
display: "{what}"
fields:
  what: {type: text, title: 事由}
  on: {type: date, title: 日期}
  points: {type: number, title: 扣分}
  grave: {type: boolean, title: 重大}
permissions: {planner: {post: planner, can: [read, create], scope: org}}
"""
OWNERS = "owner: {post: finance_manager, at: sector}"
FACTS = (
    ("profit", "A", "109", "actual"), ("profit", "A", "100", "target"),
    ("sales", "A", "200", "actual"), ("sales", "A", "200", "target"),
    ("leverage", "A", "0.60", "actual"), ("leverage", "A", "0.65", "target"),
    ("profit", "B", "130", "actual"), ("profit", "B", "100", "target"),
    ("sales", "B", "97", "actual"), ("sales", "B", "100", "target"),
    ("leverage", "B", "0.671", "actual"), ("leverage", "B", "0.65", "target"),
)  # fmt: skip


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiHouse]:
    files = {
        **MORE_FILES,
        **INDICATORS,
        "definitions/scoring/annual.yaml": SCHEME,
        "definitions/scoring/apart.yaml": SCHEME.replace(
            "rank: {ties: competition, tiebreak: [profit]}",
            "rank:\n  ties: dense\n  within: subsidiary",
        ),
        "definitions/scoring/without_b.yaml": SCHEME.replace(
            "rank: {ties: competition, tiebreak: [profit]}",
            'rank:\n  ties: dense\n  exclude: org.code == "B"',
        ),
        "forms/incident.yaml": INCIDENT,
    }
    house = open_api(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", files)
    rows = [
        {"indicator": i, "org": o, "period": "2025", "value": v, "view": w} for i, o, v, w in FACTS
    ]
    assert house.post("chen.jie", "facts", {"facts": rows}).status_code == 200
    yield house
    house.close()


def sheet(api: ApiHouse, org: str, login: str = "chen.jie") -> dict[str, Any]:
    answer = api.get(login, f"scores/annual?org={org}&period=2025")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def test_every_item_says_what_it_earned_and_why(api: ApiHouse) -> None:
    found = sheet(api, "A")

    assert [(i["item"], i["score"]) for i in found["items"]] == [
        ("profit", 63), ("sales", 40), ("leverage", 0),
    ]  # fmt: skip
    profit = found["items"][0]
    assert (profit["actual"], profit["base"], profit["attainment"]) == (109, 100, 1.09)
    assert profit["explanation"] == "基本分 60，较基数 0.09，3 档，加减 3 分（上下限 6）"
    # of the three points above the weights the scheme gives two
    assert (found["derivation"]["beyond_bonus"], found["derivation"]["items"]) == (1, 102)
    assert found["derivation"]["multiplier"] == 1.1
    assert (found["total"], found["grade"], found["rank"], found["ranked"]) == (112.2, "A", 1, 2)
    assert len(found["rule_version"]) == 64


def test_an_item_below_its_basic_score_caps_the_others(api: ApiHouse) -> None:
    found = sheet(api, "B")

    # profit would be 66, sales lose 3 points, the debt ratio 2
    assert [(i["item"], i["automatic"], i["score"]) for i in found["items"]] == [
        ("profit", 66, 60), ("sales", 37, 37), ("leverage", -2, -2),
    ]  # fmt: skip
    assert found["derivation"]["guards"] == ["any(items.score < items.weight)"]
    assert (found["total"], found["grade"], found["rank"]) == (95, "A", 2)


def test_events_of_the_year_are_deducted_and_a_grave_one_caps_the_grade(api: ApiHouse) -> None:
    api.make("li.na", "incident", what="审计", on="2025-05-01", points=4)
    api.make("li.na", "incident", what="去年", on="2024-05-01", points=50)
    assert sheet(api, "A")["derivation"]["deducted"] == 4

    api.make("li.na", "incident", what="安全", on="2025-06-01", points=0, grave=True)
    found = sheet(api, "A")

    assert (found["total"], found["grade"]) == (108.2, "C")
    assert found["derivation"]["vetoes"] == [
        {"when": "count(incident where org == this.org and grave) > 0", "grade_max": "C"}
    ]
    assert sheet(api, "B")["grade"] == "A"


def test_a_missing_figure_keeps_the_score_pending(api: ApiHouse) -> None:
    answer = api.get("chen.jie", "scores/annual?org=A&period=2025-06")
    found = answer.get_json()

    assert (found["status"], found["total"], found["grade"], found["rank"]) == (
        "pending", None, None, None,
    )  # fmt: skip
    assert found["items"][0]["reason"] == "缺少实际值"


def test_scores_are_seen_by_those_who_may_read_the_figures(api: ApiHouse) -> None:
    assert sheet(api, "A", "li.na")["total"] == 112.2
    assert code(api.get("li.na", "scores/annual?org=B&period=2025")) == (404, "no-such-org")
    assert code(api.get("nobody", "scores/annual?org=A&period=2025")) == (404, "no-such-org")
    everybody = api.get("chen.jie", "scores/annual?period=2025").get_json()["items"]
    assert [(one["org"], one["rank"]) for one in everybody] == [("A", 1), ("B", 2)]
    own = api.get("li.na", "scores/annual?period=2025").get_json()["items"]
    assert [(one["org"], one["rank"], one["ranked"]) for one in own] == [("A", 1, 2)]


def test_a_scheme_scores_only_whom_it_is_for(api: ApiHouse) -> None:
    answer = api.get("chen.jie", "scores/annual?org=S1&period=2025")
    assert code(answer) == (422, "invalid")
    assert fields(answer) == [("org", "scheme-not-for-org")]
    assert code(api.get("chen.jie", "scores/none?org=A&period=2025")) == (404, "no-such-scheme")
    assert code(api.get("chen.jie", "scores/annual?org=A&period=soon")) == (422, "invalid")


def test_wrong_schemes_are_told_what_is_wrong(application: Any) -> None:
    for path, text in INDICATORS.items():
        if path.endswith(("sales.yaml", "profit.yaml")):
            application.write(
                path, text.replace("owner: {post: finance_manager, at: sector}\n", "")
            )
    application.write(
        "definitions/scoring/annual.yaml",
        """
        kind: scoring
        title: Year
        items:
          sales: {weight: 50, rule: {type: step, per: 3 percent, points: 1}}
          nothing: {weight: 50, rule: {type: deduct, points: 1}}
        """,
    )
    assert application.problems() == [
        "definitions/scoring/annual.yaml:4:47: '3 percent' is not an amount. "
        "Write 3, 3% or 1pp. [bad-amount]"
    ]

    application.write(
        "definitions/scoring/annual.yaml",
        """
        kind: scoring
        title: Year
        items:
          sales: {weight: 50, rule: {type: efficiency_coefficient, tiers: [1, 0.5]}}
          profit: {weight: 50, rule: {type: proportional}}
        grades: {A: 90, B: 0}
        veto: [{when: org.code == "A", grade_max: C}]
        """,
    )
    assert application.problems() == [
        "definitions/scoring/annual.yaml:4:23: item 'sales' has no benchmark. Name one with "
        "benchmark:, or in the indicator. [rule-needs-benchmark]",
        "definitions/scoring/annual.yaml:7:43: there is no grade 'C'. Use one of: A, B. "
        "[unknown-grade]",
    ]


def test_places_are_given_within_a_group_and_without_those_who_are_excluded(api: ApiHouse) -> None:
    def places(scheme: str) -> list[tuple[str, int | None, int, bool]]:
        found = api.get("chen.jie", f"scores/{scheme}?period=2025").get_json()["items"]
        return sorted((i["org"], i["rank"], i["ranked"], i["excluded"]) for i in found)

    assert places("apart") == [("A", 1, 1, False), ("B", 1, 1, False)]
    assert places("without_b") == [("A", 1, 1, False), ("B", None, 1, True)]
