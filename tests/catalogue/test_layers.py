"""A definition as it is for one org: base, then type by type and org by org down the tree."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problem_cases import BASE

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.catalogue.extensions import added_choice, extensions
from jingwei.catalogue.layered import catalogue_for, chain, layers_of, resolved
from jingwei.catalogue.layering import BASE as BASE_LAYER
from jingwei.catalogue.tightening import tightens
from jingwei.problems import DefinitionErrors
from jingwei.reading.yaml_file import Scalar

ON = date(2026, 1, 1)
ORDER = """\
kind: form
title: 订单
workflow: order_approval
fields:
  name: {type: text}
  amount: {type: money, unit: CNY, min: 0, max: 1000, help: 含税}
  lines: {type: table, max_rows: 50, fields: {x: {type: money, unit: CNY}}}
rules:
  positive: {check: amount >= 0, level: warn, message: 不能为负}
list:
  columns: [name, amount]
  views: {board: {type: kanban, by: state}}
permissions:
  ops: {role: group_ops, can: [read, create, submit], scope: org_and_below}
"""
FLOW = """\
kind: workflow
title: 订单审批
form: order
steps:
  - {id: draft, fill: {who: initiator}}
  - {id: boss, approve: {who: superior}, due: 5d}
"""


def org(code: str, type_: str, parent: str) -> str:
    return (
        f"kind: org\ntitle: {code}\ntype: {type_}\nparent: {parent}\nvalid_from: 2024-01-01\n"
        "posts: [general_manager, planner]\n"
    )


FILES = {
    **BASE,
    "forms/order.yaml": ORDER,
    "workflows/order_approval.yaml": FLOW,
    "definitions/orgs/S1.yaml": org("S1", "sector", "G"),
    "definitions/orgs/S2.yaml": org("S2", "sector", "G"),
    "definitions/orgs/HY01.yaml": org("HY01", "subsidiary", "S1"),
    "definitions/orgs/HY02.yaml": org("HY02", "subsidiary", "S2"),
}


def layer(for_: str, text: str, patches: str = "form/order") -> str:
    return f"kind: layer\nfor: {for_}\npatches: {patches}\n{text}"


def compiled(**layers: str) -> Catalogue:
    """The application with these layers, by their name with `__` for a slash."""
    files = dict(FILES)
    for name, text in layers.items():
        files[f"definitions/layers/{name.replace('__', '/')}.yaml"] = text
    return compile_texts({name: text.encode() for name, text in files.items()})


THREE = {
    "S1__order": layer("S1", "set:\n  fields.name.required: true\n  fields.name.help: 板块\n"),
    "HY01__order": layer(
        "HY01",
        "set:\n"
        "  fields.name.help: {override: 子公司}\n"
        "  fields.amount.max: {override: 500}\n"
        "add:\n"
        "  fields: {x_hy01_port_fee: {type: money, unit: CNY, after: name}}\n"
        "hide: [list.views.board]\n",
    ),
    "order_of_sectors": layer("sector", "set: {fields.name.placeholder: 名称}\n"),
}


def test_an_org_stands_under_the_layers_of_its_chain_in_order() -> None:
    catalogue = compiled(**THREE)

    assert chain(catalogue.tree, "HY01", ON) == ("G", "S1", "HY01")
    found = layers_of(catalogue, "form", "order", "HY01", ON)
    assert [one.name for one in found] == ["order_of_sectors", "S1/order", "HY01/order"]
    found = layers_of(catalogue, "form", "order", "HY02", ON)
    assert [one.name for one in found] == ["order_of_sectors"]


def test_each_org_sees_its_own_form_and_the_base_stays_as_it_is() -> None:
    catalogue = compiled(**THREE)

    hy01 = resolved(catalogue, "form", "order", "HY01", ON).definition
    assert list(hy01.fields) == ["name", "x_hy01_port_fee", "amount", "lines"]
    assert hy01.fields["name"].required
    assert hy01.fields["name"].help("zh") == "子公司"
    assert hy01.fields["amount"].max.value == 500
    assert not hy01.list.views
    hy02 = resolved(catalogue, "form", "order", "HY02", ON).definition
    assert list(hy02.fields) == ["name", "amount", "lines"]
    assert hy02.fields["name"].placeholder("zh") == "名称"
    assert catalogue.forms["order"].fields["name"].placeholder is None


def test_every_value_says_the_file_the_line_and_the_layer_it_comes_from() -> None:
    leaves = resolved(compiled(**THREE), "form", "order", "HY01", ON).leaves()

    found = {leaf.path: (leaf.value, leaf.layer, str(leaf.at)) for leaf in leaves}
    assert found["title"] == ("订单", BASE_LAYER, "forms/order.yaml:2:8")
    assert found["fields.name.required"] == (
        "true",
        "S1/order",
        "definitions/layers/S1/order.yaml:5:25",
    )
    assert found["fields.name.help"] == (
        "子公司",
        "HY01/order",
        "definitions/layers/HY01/order.yaml:5:32",
    )
    assert found["fields.x_hy01_port_fee.unit"][1] == "HY01/order"
    assert "list.views.board.type" not in found
    assert all(leaf.at.file for leaf in leaves)


def test_a_layer_may_add_a_step_and_shorten_one() -> None:
    catalogue = compiled(
        HY01__flow=layer(
            "HY01",
            "set: {steps.boss.due: {override: 3d}}\n"
            "add: {steps: {x_hy01_audit: {approve: {who: superior}, after: draft}}}\n",
            "workflow/order_approval",
        )
    )

    found = resolved(catalogue, "workflow", "order_approval", "HY01", ON)
    assert [step.id for step in found.definition.steps] == ["draft", "x_hy01_audit", "boss"]
    assert found.definition.steps[2].due.lag.amount == 3
    places = {leaf.path: leaf.layer for leaf in found.leaves()}
    assert places["steps.1.id"] == places["steps.1.approve.who"] == "HY01/flow"
    assert places["steps.2.id"] == BASE_LAYER


def test_a_definition_may_open_and_lock_its_places() -> None:
    opened = ORDER.replace("fields:", "layering: {fields.lines: open, title: locked}\nfields:", 1)
    files = {**FILES, "forms/order.yaml": opened}
    files["definitions/layers/G/order.yaml"] = layer(
        "G", "set: {fields.lines.max_rows: {override: 90}, title: {override: 单}}\n"
    )
    with pytest.raises(DefinitionErrors) as raised:
        compile_texts({name: text.encode() for name, text in files.items()})

    assert [p.message("en") for p in raised.value.problems if p.severity == "error"] == [
        "definitions/layers/G/order.yaml:4:46: 'title' is locked. Delete the entry, "
        "or let the definition open it with 'layering'. [layer-locked]"
    ]


def test_a_formula_of_a_layer_is_typed_with_the_fields_of_the_layer() -> None:
    catalogue = compiled(
        HY01__order=layer(
            "HY01",
            "add:\n  fields:\n    x_hy01_fee: {type: money, unit: CNY}\n"
            "    x_hy01_sum: {type: money, unit: CNY, compute: x_hy01_fee + amount}\n",
        )
    )

    found = resolved(catalogue, "form", "order", "HY01", ON)
    compute = found.definition.fields["x_hy01_sum"].compute
    assert found.expressions[compute].reads == {"x_hy01_fee", "amount"}


# -- the whole catalogue of an org


def test_orgs_that_stand_alike_share_one_catalogue_and_others_have_the_groups() -> None:
    catalogue = compiled(HY01__order=THREE["HY01__order"], S1__order=THREE["S1__order"])

    own = catalogue_for(catalogue, "HY01", ON)
    assert own.forms["order"].fields["name"].help("zh") == "子公司"
    assert own.standing == ("S1", "HY01")
    assert catalogue_for(own, "HY01", ON) is own
    assert catalogue_for(own, "HY02", ON) is catalogue
    assert catalogue_for(catalogue, None, ON) is catalogue
    assert own.forms["task"] is catalogue.forms["task"]
    assert catalogue_for(own, "S1", ON).forms["order"].fields["name"].help("zh") == "板块"


def test_what_layers_add_is_kept_once_for_all_who_stand_under_them() -> None:
    catalogue = compiled(
        S1__order=layer(
            "S1",
            "add:\n  fields:\n    x_s1_fee: {type: money, unit: CNY}\n"
            "    x_s1_rows: {type: table, fields: {what: {type: text}}}\n",
        ),
        HY01__order=layer(
            "HY01",
            "add:\n  fields.lines.fields: {x_hy01_weight: {type: integer}}\n"
            "  fields.x_s1_rows.fields: {x_hy01_note: {type: text}}\n",
        ),
    )

    found = extensions(catalogue)
    kept = {(one.table, one.for_): [f.name for f in one.fields] for one in found.fields}
    assert kept == {
        ("", "S1"): ["x_s1_fee"],
        ("lines", "HY01"): ["x_hy01_weight"],
        ("x_s1_rows", "HY01"): ["x_hy01_note"],
    }
    assert [(t.table.name, t.for_, [f.name for f in t.fields]) for t in found.tables] == [
        ("x_s1_rows", "S1", ["what"])
    ]


def test_a_workflow_of_an_org_may_ask_for_the_fields_of_its_form() -> None:
    catalogue = compiled(
        HY01__order=layer("HY01", "add: {fields: {x_hy01_fee: {type: money, unit: CNY}}}\n"),
        HY01__flow=layer(
            "HY01",
            "add: {steps: {x_hy01_more: "
            "{approve: {who: superior}, when: x_hy01_fee > 5, after: boss}}}\n",
            "workflow/order_approval",
        ),
    )

    own = catalogue_for(catalogue, "HY01", ON)
    when = own.workflows["order_approval"].steps[2].when
    assert own.expression(when).reads == {"x_hy01_fee"}


def test_an_added_field_stands_on_the_page_beside_its_neighbour() -> None:
    laid_out = ORDER + (
        "layout:\n  - {section: {zh: 一, en: One}, fields: [[name, amount]]}\n"
        "  - {section: 二, fields: [lines]}\n"
    )
    files = {**FILES, "forms/order.yaml": laid_out}
    files["definitions/layers/HY01/order.yaml"] = layer(
        "HY01",
        "set: {layout.一.columns: 3}\n"
        "add:\n  fields:\n    x_hy01_a: {type: text, after: name}\n    x_hy01_b: {type: text}\n",
    )
    catalogue = compile_texts({name: text.encode() for name, text in files.items()})

    found = resolved(catalogue, "form", "order", "HY01", ON)
    rows = [section.rows for section in found.definition.layout]
    assert rows == [(("name", "x_hy01_a", "amount"),), (("lines",), ("x_hy01_b",))]
    assert found.definition.layout[0].columns == 3
    for leaf in found.leaves():
        line = files[leaf.at.file].split("\n")[leaf.at.line - 1]
        assert line[leaf.at.column - 1 :].lstrip("\"'").startswith(leaf.value)


def test_an_org_may_add_a_choice_of_its_own() -> None:
    chosen = ORDER.replace(
        "  name: {type: text}\n",
        "  name: {type: text}\n  sort: {type: choice, choices: {a: {title: 甲}}}\n",
    )
    files = {**FILES, "forms/order.yaml": chosen}
    files["definitions/layers/HY01/order.yaml"] = layer(
        "HY01", "add: {fields.sort.choices: {x_hy01_b: {title: 乙}}}\n"
    )
    catalogue = compile_texts({name: text.encode() for name, text in files.items()})

    own = catalogue_for(catalogue, "HY01", ON).forms["order"].fields["sort"]
    assert [choice.code for choice in own.choices] == ["a", "x_hy01_b"]
    group = catalogue.forms["order"].fields["sort"]
    assert [choice.code for choice in group.choices] == ["a"]
    assert added_choice(catalogue, group, "x_hy01_b").title("zh") == "乙"


def test_a_merged_definition_reads_as_one_file_without_layers() -> None:
    catalogue = compiled(**THREE)
    found = resolved(catalogue, "form", "order", "HY01", ON)
    files = {**FILES, "forms/order.yaml": found.text()}
    again = compile_texts({name: text.encode() for name, text in files.items()})

    assert list(again.forms["order"].fields) == list(found.definition.fields)
    assert again.forms["order"].fingerprint == found.definition.fingerprint


# -- what holds of all layers

PATCHES = {
    "fields.name.required": "true",
    "fields.name.help": "甲",
    "fields.amount.max": "{override: 900}",
    "fields.amount.min": "{override: 10}",
    "fields.lines.max_rows": "{override: 20}",
    "rules.positive.level": "{override: error}",
    "permissions.ops.scope": "{override: org}",
    "permissions.ops.can": "{override: [read, create]}",
    "list.columns": "{override: [amount]}",
    "fields.amount.help": "{override: 乙}",
    "title": "{override: 丙}",
}
CHOSEN = st.lists(st.sampled_from(sorted(PATCHES)), unique=True, min_size=1)
FEW = settings(
    max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


def as_data(catalogue: Catalogue, code: str) -> dict[str, str]:
    found = resolved(catalogue, "form", "order", code, ON)
    return {leaf.path: leaf.value for leaf in found.leaves()}


@FEW
@given(CHOSEN, st.randoms(use_true_random=False))
def test_the_order_of_sibling_patches_does_not_matter(chosen: list[str], random: Any) -> None:
    def one_layer(paths: list[str]) -> Catalogue:
        body = "".join(f"  {path}: {PATCHES[path]}\n" for path in paths)
        return compiled(HY01__order=layer("HY01", f"set:\n{body}"))

    shuffled = random.sample(chosen, len(chosen))
    apart = compiled(
        **{
            f"HY01__part_{number}": layer("HY01", f"set:\n  {path}: {PATCHES[path]}\n")
            for number, path in enumerate(shuffled)
        }
    )

    whole = as_data(one_layer(chosen), "HY01")
    assert as_data(one_layer(shuffled), "HY01") == whole
    assert as_data(apart, "HY01") == whole


@FEW
@given(CHOSEN)
def test_resolving_again_gives_the_same_snapshot(chosen: list[str]) -> None:
    body = "".join(f"  {path}: {PATCHES[path]}\n" for path in chosen)
    catalogue = compiled(HY01__order=layer("HY01", f"set:\n{body}"))

    first = resolved(catalogue, "form", "order", "HY01", ON)
    assert resolved(catalogue, "form", "order", "HY01", ON) is first
    again = compiled(HY01__order=layer("HY01", f"set:\n{body}"))
    assert as_data(again, "HY01") == as_data(catalogue, "HY01")
    assert as_data(catalogue, "HY02") == as_data(compiled(), "HY02")


@FEW
@given(CHOSEN)
def test_every_leaf_has_an_origin_that_says_its_value(chosen: list[str]) -> None:
    body = "".join(f"  {path}: {PATCHES[path]}\n" for path in chosen)
    catalogue = compiled(HY01__order=layer("HY01", f"set:\n{body}"))

    for leaf in resolved(catalogue, "form", "order", "HY01", ON).leaves():
        line = catalogue.files[leaf.at.file].decode().split("\n")[leaf.at.line - 1]
        assert line[leaf.at.column - 1 :].lstrip("\"'").startswith(leaf.value)
        touched = any(leaf.path == path or leaf.path.startswith(f"{path}.") for path in chosen)
        assert leaf.layer == ("HY01/order" if touched else BASE_LAYER)


@FEW
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=5))
def test_tightening_only_ever_tightens(limits: list[int]) -> None:
    allowed = limits[0]
    for limit in limits[1:]:
        old, new = Scalar(str(allowed)), Scalar(str(limit))
        if tightens(("fields", "a", "max"), old, new):
            assert limit <= allowed
            allowed = limit
        else:
            assert limit > allowed
    assert allowed == min(limits[0], *(n for n in limits))


@pytest.mark.parametrize(
    ("path", "old", "new", "is_stricter"),
    [
        ("fields.a.required", None, "true", True),
        ("fields.a.required", "true", "false", False),
        ("fields.a.required", "false", "false", True),
        ("fields.a.min", None, "5", True),
        ("fields.a.min", "5", "4", False),
        ("fields.a.min", "5", "=x", False),
        ("rules.r.level", "warn", "error", True),
        ("rules.r.level", "error", "warn", False),
        ("rules.r.level", None, "warn", False),
        ("rules.r.when", None, "a > 1", False),
        ("rules.r.on", None, "save", True),
        ("rules.r.on", "save", "submit", False),
        ("rules.r.check", "a > 1", "a > 2", False),
        ("permissions.p.scope", "org_and_below", "own", True),
        ("permissions.p.scope", "org", "all", False),
        ("steps.0.due", "5d", "72h", True),
        ("steps.0.due", "3d", "1w", False),
        ("steps.0.due", "3wd", "2d", False),
    ],
)
def test_what_counts_as_stricter(path: str, old: str | None, new: str, is_stricter: bool) -> None:
    before = None if old is None else Scalar(old)

    assert tightens(tuple(path.split(".")), before, Scalar(new)) is is_stricter
