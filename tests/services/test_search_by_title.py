"""Search finds records by what their values are called: definitions, forms, indicators, choices."""

from __future__ import annotations

import pytest
from services_house import House

INDICATOR = """
kind: indicator
title: {zh: 营业利润率, en: Operating margin}
type: input
unit: percent
time: {kind: rate, grain: month}
org_agg: none
"""
FILES = {
    "definitions/roles/keeper.yaml": "kind: role\ntitle: {zh: 保管员, en: Keeper}\n",
    "definitions/indicators/margin.yaml": INDICATOR,
    "forms/ticket.yaml": """
kind: form
title: {zh: 问题单, en: Ticket}
fields:
  about: {type: definition, title: 关于, of: [form, role]}
  others: {type: definition, title: 其他, of: form, many: true}
  opened: {type: form, title: 表单}
  measure: {type: indicator, title: 指标}
  kind: {type: choice, title: 类别, choices: {bug: {zh: 缺陷, en: Defect}, wish: 需求}}
  labels: {type: choice, title: 标签, many: true, choices: {late: 逾期, big: 重大}}
  what: {type: text, title: 标题}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [about], mask: [kind]}
""",
    "forms/note.yaml": """
kind: form
title: 便签
fields:
  what: {type: text, title: 标题, search: true}
  about: {type: definition, title: 关于, of: [form, role], search: true}
  kind: {type: choice, title: 类别, choices: {bug: 缺陷}}
permissions: {all: {post: planner, can: [read, create], scope: org}}
""",
    "forms/mark.yaml": """
kind: form
title: 标记
fields:
  what: {type: text, title: 标题}
  note: {type: text, title: 说明}
  kind: {type: choice, title: 类别, choices: {bug: 缺陷}, search: true}
permissions: {all: {post: planner, can: [read, create], scope: org}}
""",
}


@pytest.fixture
def known(house: House) -> House:
    house.publish(FILES)
    return house


def test_values_are_found_by_their_titles_in_any_language(known: House) -> None:
    made = {
        name: known.create("li.na", "ticket", **values)["id"]
        for name, values in {
            "role": {"about": "role/keeper"},
            "form": {"about": "form/contract"},
            "both": {"others": ["form/ticket", "form/contract"], "what": "泵"},
            "opened": {"opened": "contract"},
            "measure": {"measure": "margin"},
            "bug": {"kind": "bug", "labels": ["big"]},
            "wish": {"kind": "wish", "labels": ["big", "late"]},
        }.items()
    }
    names = {id_: name for name, id_ in made.items()}

    def found(words: str, login: str = "li.na") -> set[str]:
        return {names[item["id"]] for item in known.list(login, "ticket", q=words).items}

    assert found("保管") == found("keep") == found("KEEPER") == {"role"}
    assert found("合同") == {"form", "both", "opened"}
    assert found("问题单") == found("ticket") == {"both"}
    assert found("缺陷") == found("defe") == {"bug"}
    assert found("利润") == found("operating mar") == {"measure"}
    assert found("重大") == {"bug", "wish"} and found("逾期") == {"wish"}
    assert found("泵") == {"both"}
    assert found("管合") == found("eeper") == found("bug") == found("%") == set()
    # what is hidden or masked is not found, and the total is that of what is
    assert found("保管", "chen.jie") == found("缺陷", "chen.jie") == set()
    assert found("合同", "chen.jie") == {"both", "opened"}
    assert known.list("chen.jie", "ticket", q="合同", size=1).total == 2
    assert known.list("li.na", "ticket", q="合同", filter='what == "泵"').total == 1


def test_a_form_that_marks_fields_is_searched_in_these(known: House) -> None:
    known.create("li.na", "note", what="泵房", about="role/keeper", kind="bug")
    known.create("li.na", "mark", what="泵房", note="渗水", kind="bug")
    for form, words, total in (
        ("note", "泵", 1),
        ("note", "保管", 1),
        ("note", "缺陷", 0),
        ("mark", "缺陷", 1),
        ("mark", "泵", 1),  # which it is called by
        ("mark", "渗", 0),
    ):
        assert known.list("li.na", form, q=words).total == total, (form, words)


def test_a_title_that_changes_with_a_release_is_found_anew(known: House) -> None:
    known.create("li.na", "note", about="role/keeper")
    known.publish(
        {"definitions/roles/keeper.yaml": "kind: role\ntitle: {zh: 仓库主管, en: Warden}\n"}
    )
    for words, total in (("保管", 0), ("keeper", 0), ("仓库", 1), ("ward", 1)):
        assert known.list("li.na", "note", q=words).total == total, words
