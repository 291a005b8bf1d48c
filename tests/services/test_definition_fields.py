"""Fields that name a definition: chosen from what the reader may see, told by its title."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.refusals import Invalid
from jingwei.services import record_views
from jingwei.services.definitions import offered
from jingwei.services.titles import Titles

FILES = {
    "forms/ticket.yaml": """
kind: form
title: 问题单
display: "{what}"
fields:
  about: {type: definition, title: 关于, of: [form, workflow, dashboard, role], required: true}
  others: {type: definition, title: 其他, of: form, many: true}
  is_form: {type: boolean, title: 关于表单, compute: 'starts_with(about, "form/")'}
  what: {type: text, title: 标题}
  lines:
    type: table
    title: 明细
    fields: {part: {type: definition, title: 部件, of: [role]}, note: {type: text, title: 备注}}
permissions:
  all: {post: planner, can: [read, create, update, export, import], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below}
""",
    "forms/salary.yaml": """
kind: form
title: {zh: 薪酬, en: Salary}
fields: {paid: {type: money, unit: CNY, title: 金额}}
permissions:
  finance: {post: finance_manager, can: [read, create], scope: org}
""",
    "definitions/dashboards/board.yaml": """
kind: dashboard
title: {zh: 财务看板, en: Finance board}
for: {post: finance_manager}
tiles:
  all: {type: list, title: 合同, form: contract, columns: [name]}
""",
    "definitions/roles/old_role.yaml": "kind: role\ntitle: 旧角色\nretired: 2026-01-01\n",
}


@pytest.fixture
def known(house: House) -> House:
    house.publish(FILES)
    return house


def test_a_definition_is_chosen_from_what_the_reader_sees_and_told_by_its_title(
    known: House,
) -> None:
    with known.read("li.na") as view:
        form = view.catalogue.forms["ticket"]
        mine = [named for named, _ in offered(view, form.fields["about"])]
    with known.read("chen.jie") as view:
        theirs = [named for named, _ in offered(view, form.fields["about"])]
    # neither the salaries nor the board of finance, and nothing that is out of use
    assert mine == ["role/flow_admin", "role/group_ops", "form/contract", "form/ticket"]
    assert theirs == [*mine[:3], "form/salary", "form/ticket", "dashboard/board"]

    for about, code in (
        ("form/salary", "unknown-definition"),
        ("dashboard/board", "unknown-definition"),
        ("form/none", "unknown-definition"),
        ("post/planner", "definition-other-kind"),
        ("contract", "unknown-definition"),
        ("role/old_role", "retired-definition"),
    ):
        with pytest.raises(Invalid) as refused:
            known.create("li.na", "ticket", about=about)
        assert [(one.path, one.code) for one in refused.value.fields] == [("about", code)], about
    with pytest.raises(Invalid) as refused:
        known.create("li.na", "ticket", about="role/group_ops", lines=[{"part": "form/contract"}])
    assert [one.path for one in refused.value.fields] == ["lines.0.part"]

    made = known.create(
        "li.na",
        "ticket",
        about="form/contract",
        others=["contract", "form/ticket"],  # of one kind the name says enough
        lines=[{"part": "group_ops"}],
    )
    assert made["others"] == ["form/contract", "form/ticket"]
    assert (made["is_form"], made["lines"][0]["part"]) == (True, "role/group_ops")
    with known.read("li.na") as view:
        shown = record_views.record(view, "ticket", made["id"])
        titles = Titles(view, shown.form, "zh").of([shown.json])[0]
    assert titles["about"] == "合同"
    assert titles["others"] == ["合同", "问题单"]
    assert titles["lines"] == [{"part": "集团运营"}]


def test_definitions_are_filtered_sorted_and_stay_where_they_stand(known: House) -> None:
    ids = {
        about: known.create("li.na", "ticket", about=about, others=[form])["id"]
        for about, form in (("form/contract", "ticket"), ("role/group_ops", "contract"))
    }

    def found(**wish: object) -> list[int]:
        return [item["id"] for item in known.list("li.na", "ticket", **wish).items]

    one, other = ids.values()
    assert found(filter='about == "form/contract"') == [one]
    assert found(filter='about != "form/contract"') == [other]
    assert found(filter='about in ["role/group_ops", "form/none"]') == [other]
    assert found(filter='"form/contract" in others') == [other]
    assert found(filter="is_form") == [one]
    assert found(sort=("about",)) == [one, other]
    assert found(sort=("-about",)) == [other, one]

    # a role goes out of use: where it stands, it stays
    text = "kind: role\ntitle: 集团运营\nretired: 2026-02-01\n"
    known.publish({"definitions/roles/group_ops.yaml": text})
    changed = known.update("li.na", "ticket", other, about="role/group_ops", what="改")
    assert (changed["about"], changed["what"]) == ("role/group_ops", "改")
    with pytest.raises(Invalid, match="retired-definition"):
        known.create("li.na", "ticket", about="role/group_ops")


def test_a_renamed_definition_is_the_same(known: House) -> None:
    made = known.create("li.na", "ticket", about="role/flow_admin")
    text = "kind: role\ntitle: 管理员\nrenamed_from: flow_admin\n"
    (known.root / "definitions/roles/flow_admin.yaml").unlink()
    known.publish({"definitions/roles/flow_keeper.yaml": text})

    assert known.show("li.na", "ticket", made["id"])["about"] == "role/flow_keeper"
    found = known.list("li.na", "ticket", filter='about == "role/flow_keeper"').items
    assert [one["id"] for one in found] == [made["id"]]
