"""Lineage in both directions, from the expression trees and from what is named beside them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jingwei.authoring.lineage import Lineage, lineage
from jingwei.authoring.starter import starter
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.refusals import NotFound

MORE: Mapping[str, str] = {
    "definitions/indicators/spent.yaml": """
kind: indicator
title: {zh: 支出, en: Spent}
type: simple
unit: CNY
time: {kind: flow, grain: month}
org_agg: sum
""",
    "definitions/indicators/saved.yaml": """
kind: indicator
title: {zh: 节约, en: Saved}
type: derived
formula: 0 - spent
unit: CNY
time: {kind: flow, grain: month}
org_agg: sum
""",
    "definitions/schedules/monthly.yaml": """
kind: schedule
title: {zh: 月度, en: Monthly}
at: monthly 1 08:00
for: "[\\"EAST\\"]"
do:
  - create: {form: budget, set: {year: "2026"}}
""",
    "definitions/scenarios/less.yaml": """
kind: scenario
title: {zh: 少花, en: Less}
base: {period: "2026", view: target}
drivers:
  spent: {change: "0.9"}
show: [saved]
""",
    "definitions/code_lists/reasons.yaml": """
kind: code_list
title: {zh: 用过的理由, en: Reasons given}
source: {form: purchase_request, code: subject, where: total > 100}
""",
    "forms/budget.yaml": """
kind: form
title: {zh: 预算, en: Budget}
fields:
  year: {type: period, grain: year, title: {zh: 年, en: Year}}
  request: {type: link, to: purchase_request, title: {zh: 申请, en: Request}, filter: total > 0}
  of_request: {type: money, unit: CNY, title: {zh: 申请额, en: Requested}, compute: request.total}
  requests: {type: link, to: purchase_request, many: true, title: {zh: 各申请, en: Requests}}
  of_all: {type: money, unit: CNY, title: {zh: 合计, en: All}, compute: sum(requests.total)}
  about: {type: link, to: [budget, purchase_request], title: {zh: 关于, en: About}}
  about_what: {type: text, title: {zh: 何事, en: What}, compute: about.form}
  spent_before:
    type: number
    title: {zh: 上年, en: Before}
    compute: 'fact(spent, org, previous(year), "actual")'
  all_requests:
    type: money
    unit: CNY
    title: {zh: 全部, en: All}
    compute: 'sum(purchase_request.total where org == this.org)'
facts:
  spent: {when: status == "approved", indicator: '"spent"', value: of_request, period: year}
permissions:
  staff: {post: staff, can: [read, create], hide: [of_request]}
""",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    files = dict(starter("office", "办公", "Office"))
    files.update({path: text.lstrip("\n").encode() for path, text in MORE.items()})
    return compile_texts(files)


def read_by(found: Lineage, depth: int = 1) -> set[tuple[str, str]]:
    return {(f"{u.by}.{u.path}", u.role) for u in found.read_by if u.depth == depth}


def test_a_field_is_read_by_computes_rules_lists_flows_alerts_and_tiles(
    catalogue: Catalogue,
) -> None:
    found = lineage(catalogue, "purchase_request.total")
    assert read_by(found) == {
        ("form/purchase_request.fields.reason.required_if", "required_if"),
        ("form/purchase_request.rules.something_to_buy.check", "rule"),
        ("form/purchase_request.list.columns", "list"),
        ("form/purchase_request.layout.1", "layout"),
        ("workflow/purchase_approval.steps.size.branches.0.when", "flow"),
        ("alert/large_purchase.when", "alert"),
        ("alert/large_purchase.message", "alert"),
        ("dashboard/purchases.tiles.by_category.values.value", "tile"),
        ("dashboard/purchases.tiles.latest.columns", "tile"),
        ("form/budget.fields.request.filter", "filter"),
        ("form/budget.fields.of_all.compute", "compute"),
        ("code_list/reasons.source.where", "choices"),
        ("form/budget.fields.of_request.compute", "compute"),
        ("form/budget.fields.all_requests.compute", "compute"),
        (
            "test/purchase_request.cases.the_total_is_the_sum_of_the_lines.then.value",
            "test",
        ),
    }


def test_it_is_followed_through_computed_fields_into_facts_and_indicators(
    catalogue: Catalogue,
) -> None:
    found = lineage(catalogue, "purchase_request.lines.price")
    reached = {f"{use.by}.{use.path}" for use in found.read_by}
    assert "form/purchase_request.fields.lines.fields.amount.compute" in reached
    assert "form/budget.facts.spent.value" in reached
    assert "indicator/saved.formula" in reached
    assert {use.depth for use in found.read_by} == {1, 2, 3, 4, 5, 6}


def test_a_computed_field_tells_what_it_is_made_of(catalogue: Catalogue) -> None:
    found = lineage(catalogue, "budget.of_request")
    made_of = {(use.target, use.depth) for use in found.reads}
    assert made_of >= {
        ("budget.request", 1),
        ("purchase_request.total", 1),
        ("purchase_request.lines.amount", 2),
        ("purchase_request.lines.price", 3),
    }


def test_an_indicator_knows_the_forms_that_feed_it_and_the_fields_that_ask_for_it(
    catalogue: Catalogue,
) -> None:
    found = lineage(catalogue, "spent")
    assert ("form/budget.fields.spent_before.compute", "compute") in read_by(found)
    assert ("indicator/saved.formula", "indicator") in read_by(found)
    feeding = [f"{use.by}.{use.path}" for use in found.reads if use.writes]
    assert feeding == ["form/budget.facts.spent"]


def test_rights_that_hide_a_field_are_named(catalogue: Catalogue) -> None:
    found = lineage(catalogue, "budget.of_request")
    assert ("form/budget.permissions.staff.hide", "permission") in read_by(found)


@pytest.mark.parametrize("name", ["budget.spend", "nothing.at_all", "purchase_request.lines.x"])
def test_a_name_that_is_not_there_is_refused(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(NotFound) as refused:
        lineage(catalogue, name)
    assert refused.value.code == "no-such-lineage"


def test_scenarios_and_schedules_are_named(catalogue: Catalogue) -> None:
    assert ("scenario/less.drivers.spent", "scenario") in read_by(lineage(catalogue, "spent"))
    written = [f"{u.by}.{u.path}" for u in lineage(catalogue, "budget.year").reads if u.writes]
    assert written == ["schedule/monthly.do.create"]


def test_what_a_layer_adds_has_its_lineage_and_uses_what_the_group_has(
    catalogue: Catalogue,
) -> None:
    files = dict(catalogue.files)
    form, field = next(
        (form.name, name)
        for form in catalogue.forms.values()
        for name, one in form.fields.items()
        if one.type == "money"
    )
    org = next(code for code, one in catalogue.orgs.items() if one.parent is not None)
    own = f"x_{org.lower()}_twice"
    files[f"definitions/layers/{org}/{form}.yaml"] = (
        f"kind: layer\nfor: {org}\npatches: form/{form}\nadd:\n  fields:\n"
        f"    {own}: {{type: money, unit: CNY, title: 两倍, compute: {field} * 2}}\n"
    ).encode()
    layered = compile_texts(files)

    made_of = {u.target for u in lineage(layered, f"{form}.{own}").reads if u.depth == 1}
    read_by = {use.made for use in lineage(layered, f"{form}.{field}").read_by}

    assert made_of == {f"{form}.{field}"}
    assert f"{form}.{own}" in read_by


def test_what_a_link_of_many_folds_is_read_with_the_link(catalogue: Catalogue) -> None:
    made_of = {use.target for use in lineage(catalogue, "budget.of_all").reads if use.depth == 1}
    assert made_of == {"budget.requests", "purchase_request.total"}
    assert {use.made for use in lineage(catalogue, "budget.about").read_by} == {"budget.about_what"}


def test_layers_tests_versions_views_and_tables_of_facts_are_named(catalogue: Catalogue) -> None:
    files = dict(catalogue.files)
    files["forms/letter.yaml"] = """
kind: form
title: {zh: 函, en: Letter}
versions: {cut: approval, reason: why}
submit: {}
tree: above
fields:
  why: {type: text, title: {zh: 原因, en: Why}}
  above: {type: link, to: letter, title: {zh: 上级, en: Above}}
  day: {type: date, title: {zh: 日期, en: Day}}
  rows: {type: table, title: {zh: 行, en: Rows}, fields: {x: {type: money, unit: CNY, title: X}}}
rules:
  each_row: {each: rows, check: x > 0, message: {zh: 大于零, en: Above zero}}
list: {views: {days: {type: calendar, by: day}}}
facts:
  f: {each: rows, when: "true", indicator: '"spent"', value: row.x, period: this_month()}
permissions:
  staff: {post: staff, can: [read, create, submit]}
""".lstrip("\n").encode()
    files["definitions/layers/EAST/letter.yaml"] = (
        b"kind: layer\nfor: EAST\npatches: form/letter\nset:\n  fields.day.required: true\n"
    )
    files["definitions/tests/letter.yaml"] = (
        b"kind: test\nrecords:\n  one: {form: letter, rows: [{x: 5}]}\ncases:\n  c:\n"
        b"    as: east.staff\n    given: one\n    when: [{change: {day: 2026-01-01}}]\n"
        b"    then: {hidden: [why]}\n"
    )
    whole = compile_texts(files)

    def named(field: str) -> set[str]:
        return {f"{use.by}.{use.path}" for use in lineage(whole, f"letter.{field}").read_by}

    assert named("why") == {"form/letter.versions.reason", "test/letter.cases.c"}
    assert named("above") == {"form/letter.tree"}
    assert named("day") >= {
        "form/letter.list.views.days.by",
        "layer/EAST/letter.set.fields.day.required",
        "test/letter.cases.c.when.0.change",
    }
    assert named("rows") >= {
        "form/letter.facts.f",
        "form/letter.rules.each_row.each",
        "test/letter.records.one",
    }
    assert "test/letter.records.one" in named("rows.x")
