"""What the studio answers while somebody types: problems, offers, meanings, lineage."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import FORM, Author
from jingwei.authoring.cursor import locate
from jingwei.authoring.merging import merged, with_marks

HERE = "█"


@pytest.fixture(scope="module")
def ann(writers: Any) -> Author:
    found: Author = writers("ann")
    return found


def offers(ann: Author, text: str, path: str = FORM) -> dict[str, dict[str, Any]]:
    body = {"path": path, "text": text.replace(HERE, ""), "offset": text.index(HERE)}
    answer = ann.ask("POST", "/complete", body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {one["label"]: one for one in answer.get_json()["items"]}


def meaning(ann: Author, text: str, path: str = FORM) -> Any:
    body = {"path": path, "text": text.replace(HERE, ""), "offset": text.index(HERE)}
    return ann.ask("POST", "/hover", body).get_json()["meaning"]


@pytest.mark.parametrize(
    ("text", "path", "key", "written"),
    [
        (f"kind: form\nti{HERE}", (), None, "ti"),
        (f"a:\n  b: {{c: d{HERE}}}", ("a", "b"), "c", "d"),
        (f"a:\n  b: {{c: d, e{HERE}}}", ("a", "b"), None, "e"),
        (f"a: {{b: 1,\n  c: 2}}\nd: {HERE}", (), "d", ""),
        (f"a:\n- id: x\n  b: {HERE}", ("a", "-"), "b", ""),
        (f"a:\n  - id: x\n    {HERE}", ("a", "-"), None, ""),
        (f"a: [x, {HERE}]", ("a", "-"), "-", ""),
        (f"a:\n  t: |\n    b: c\n    {HERE}d\n", ("a",), "t", "|\n    b: c\n    "),
        (f"a:\n  t: |\n    b: c\n  e: {HERE}d\n", ("a",), "e", ""),
        (f'a: "x, y: {HERE}"', (), "a", '"x, y: '),
    ],
)
def test_a_cursor_knows_where_it_stands(
    text: str, path: tuple[str, ...], key: str | None, written: str
) -> None:
    found = locate(text.replace(HERE, ""), text.index(HERE))
    assert (found.path, found.key, found.written) == (path, key, written)


def test_keys_are_offered_that_may_stand_there_and_do_not_yet(ann: Author) -> None:
    found = offers(ann, f"kind: form\ntitle: x\nfields:\n  a:\n    type: money\n    {HERE}\n")
    assert {"unit", "required", "compute"} <= set(found)
    assert not {"type", "choices", "fields"} & set(found), "of money, and not said yet"
    assert found["required"]["said"] == "提交前必须填写。"


def test_names_of_this_application_are_offered_with_their_titles(ann: Author) -> None:
    found = offers(ann, f"kind: form\npermissions:\n  a: {{role: gr{HERE}}}\n")
    assert (list(found), found["group_ops"]["detail"]) == (["group_ops"], "集团运营")
    found = offers(ann, f"kind: form\nrelated:\n  x: {{form: {HERE}}}\n")
    assert set(found) == {"contract", "receipt"}


def test_in_an_expression_fields_and_functions_are_offered(ann: Author) -> None:
    found = offers(ann, f"kind: form\nrules:\n  a:\n    check: su{HERE}\n")
    assert found["sum"]["kind"] == "function"
    found = offers(ann, f"kind: form\nrules:\n  a:\n    check: sum(lines.{HERE}\n")
    assert found["price"]["detail"] == "价格 · 数值"
    found = offers(ann, f"kind: form\nrules:\n  a:\n    check: sum(lines.price where it{HERE}\n")
    assert "item" in found
    found = offers(ann, f'kind: form\ndisplay: "{{org.ti{HERE}}}"\n')
    assert set(found) == {"title"}


RECEIPT = "forms/receipt.yaml"


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        (f'kind == "{HERE}"', {"cash": None, "bank": None}),
        (f'kind == "{HERE}', {"cash": 'cash"', "bank": 'bank"'}),
        (f'kind not in ["cash", "b{HERE}"]', {"bank": None}),
        (f"'contract.status != {HERE}'", {"draft": '"draft"', "approved": '"approved"'}),
        (f'"kind != c{HERE}"', {"cash": "'cash'"}),
    ],
)
def test_the_codes_of_a_choice_are_offered_where_it_is_compared(
    ann: Author, condition: str, chosen: dict[str, str | None]
) -> None:
    found = offers(ann, f"kind: form\nrules:\n  a:\n    check: {condition}\n", RECEIPT)
    assert {code: found[code].get("insert") for code in chosen} == chosen
    assert {"cash": "现金", "bank": "转账"}.get(next(iter(chosen)), "草稿") == (
        found[next(iter(chosen))]["detail"]
    )


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (f"  x: {{do: [{{set: {{{HERE}}}}}]}}\n", {"note", "paid", "kind"}),
        (f"  x: {{do: [{{create: {{form: contract, set: {{{HERE}}}}}}}]}}\n", {"name", "amount"}),
        (f"  x:\n    do:\n      - update:\n          record: contract\n          set:\n"
         f"            {HERE}\n", {"name", "amount"}),
        (f"  x: {{do: [{{set: {{kind: {HERE}}}}}]}}\n", {"cash", "bank"}),
    ],
)  # fmt: skip
def test_what_an_effect_sets_is_offered_by_the_form_it_writes_to(
    ann: Author, written: str, names: set[str]
) -> None:
    assert names <= set(offers(ann, f"kind: form\nactions:\n{written}", RECEIPT))


def test_a_pointer_is_told_what_a_key_and_a_field_are_and_where_from(ann: Author) -> None:
    text = ann.file()["text"]
    at = text.replace("required: true", f"re{HERE}quired: true", 1)
    assert meaning(ann, at)["lines"][0] == "提交前必须填写。"
    at = text.replace("compute: amount * tax_rate", f"compute: am{HERE}ount * tax_rate")
    found = meaning(ann, at)
    assert found["lines"] == ["金额", "数值"]
    line = text[: text.index("  amount:")].count("\n") + 1
    assert found["at"] == {"file": FORM, "line": line}
    at = text.replace("{role: group_ops", f"{{role: gr{HERE}oup_ops")
    assert meaning(ann, at)["at"]["file"] == "definitions/roles/group_ops.yaml"


def test_a_draft_is_checked_over_the_whole_application(ann: Author) -> None:
    text = ann.file()["text"]
    sent = {"path": FORM, "text": text.replace("  name: {type: text", "  called: {type: text")}
    found = ann.ask("POST", "/check", sent).get_json()
    assert found["errors"] > 0
    assert {problem["file"] for problem in found["items"]} == {FORM}
    gone = {"path": "definitions/roles/group_ops.yaml", "text": None}
    found = ann.ask("POST", "/check", gone).get_json()["items"]
    assert [(p["file"], p["code"]) for p in found] == [(FORM, "unknown-reference")] + [
        ("forms/receipt.yaml", "unknown-reference")
    ]
    assert ann.ask("POST", "/check", {}).get_json()["errors"] == 0


@pytest.mark.parametrize("broken", ["\n  x: [\n", "\nfields: 7\n", "\nrelated: [x]\n"])
def test_of_a_form_that_cannot_be_read_the_mistake_is_named_and_nothing_else(
    ann: Author, broken: str
) -> None:
    made = "kind: form\ntitle: 单\nfields:\n  a: {type: text, title: 甲}\n"
    do = "[{create: {form: contract, set: {name: =a}}}]"
    other = f"{made}actions:\n  go: {{title: 去, do: {do}}}\n"
    assert ann.put("forms/other.yaml", other).status_code == 200
    sent = {"path": FORM, "text": ann.file()["text"] + broken}
    answer = ann.ask("POST", "/check", sent)
    ann.ask("DELETE", "/files/forms/other.yaml")
    assert answer.status_code == 200
    assert {one["file"] for one in answer.get_json()["items"]} == {FORM}


def test_lineage_leads_both_ways_and_values_say_where_they_are_written(ann: Author) -> None:
    found = ann.ask("GET", "/lineage?name=contract.total").get_json()
    assert [use["target"] for use in found["reads"]] == ["contract.lines", "contract.lines.price"]
    assert "rules.lines_add_up.check" in {use["path"] for use in found["read_by"]}
    (value,) = ann.ask("GET", "/explain?path=form/contract.title").get_json()["items"]
    assert (value["value"], value["file"], value["line"]) == ("合同", FORM, 2)
    layered = ann.ask("GET", "/explain?path=form/contract.fields.name.help&org=A").get_json()
    assert layered["items"][-1]["layer"] == "A/contract"


def test_a_new_definition_begins_with_one_that_checks(ann: Author) -> None:
    body = {"kind": "role", "name": "clerk", "title": "办事员"}
    (file,) = ann.ask("POST", "/scaffold", body).get_json()["items"]
    assert file["path"] == "definitions/roles/clerk.yaml"
    found = ann.ask("POST", "/check", file).get_json()
    assert found["errors"] == 0
    again = ann.ask("POST", "/scaffold", {**body, "name": "group_ops"})
    assert again.status_code == 409


def test_changes_apart_are_merged_and_those_that_touch_are_marked() -> None:
    base = "a\nb\nc\nd\ne\n"
    assert merged(base, "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n") == "A\nb\nc\nd\nE\n"
    assert merged(base, "a\nX\nc\nd\ne\n", "a\nY\nc\nd\ne\n") is None
    marked = with_marks(base, "a\nX\nc\nd\ne\n", "a\nY\nc\nd\nE\n")
    assert marked == "a\n<<<<<<<\nX\n=======\nY\n>>>>>>>\nc\nd\nE\n"
    assert merged(base, "a\nX\nc\nd\ne\n", "a\nX\nc\nd\ne\n") == "a\nX\nc\nd\ne\n"
