"""What is said about an application as a whole, and how long saying it takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from problem_cases import BASE

from jingwei.catalogue import sources
from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.problems import DefinitionErrors, Problem


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def problems(files: dict[str, str]) -> tuple[Problem, ...]:
    try:
        return compile_texts({name: text.encode() for name, text in files.items()}).warnings
    except DefinitionErrors as errors:
        return errors.problems


def said(files: dict[str, str], locale: str) -> list[str]:
    return [problem.message(locale) for problem in problems(files)]


def without(*names: str) -> dict[str, str]:
    return {name: text for name, text in BASE.items() if name not in names}


def form(fields: str) -> dict[str, str]:
    text = f"kind: form\ntitle: 订单\nfields:\n{fields}permissions: {{}}\n"
    return {**BASE, "forms/order.yaml": text}


def test_an_application_without_its_manifest_is_none(tmp_path: Path) -> None:
    with pytest.raises(DefinitionErrors) as raised:
        compile_catalogue(write(tmp_path, without("definitions/manifest.yaml")))

    found = raised.value.problems
    assert [p.message("en") for p in found] == [
        "definitions/manifest.yaml:1:1: there is no definitions/manifest.yaml. "
        "Run 'jingwei init', or call the command in the application's folder. [no-manifest]"
    ]
    assert [p.message("zh") for p in found] == [
        "definitions/manifest.yaml:1:1: 没有 definitions/manifest.yaml。"
        "请运行 jingwei init，或在应用目录中执行。 [no-manifest]"
    ]


def test_an_application_has_types_of_organisation() -> None:
    files = {"definitions/manifest.yaml": BASE["definitions/manifest.yaml"]}

    assert said(files, "en")[1] == (
        "definitions/manifest.yaml:1:1: there is no definitions/org_types.yaml. "
        "Add it. [no-org-types]"
    )
    assert said(files, "zh")[1] == (
        "definitions/manifest.yaml:1:1: 没有 definitions/org_types.yaml。请添加。 [no-org-types]"
    )


def test_an_application_has_an_organisation() -> None:
    files = without("definitions/orgs/G.yaml")

    assert said(files, "en") == [
        "definitions/manifest.yaml:1:1: there is no organisation. "
        "Add one in definitions/orgs/. [no-org]"
    ]
    assert said(files, "zh") == [
        "definitions/manifest.yaml:1:1: 没有任何组织。请在 definitions/orgs/ 中添加。 [no-org]"
    ]


def test_a_link_out_of_the_application_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("kind: form\n")
    root = write(tmp_path / "app", BASE)
    (root / "forms" / "order.yaml").symlink_to(outside)

    with pytest.raises(DefinitionErrors) as raised:
        compile_catalogue(root)

    found = raised.value.problems
    assert [p.message("en") for p in found] == [
        "forms/order.yaml:1:1: this is not an ordinary file. "
        "Replace it by the file itself. [not-a-file]"
    ]
    assert [p.message("zh") for p in found] == [
        "forms/order.yaml:1:1: 这不是普通文件。请换成文件本身。 [not-a-file]"
    ]


def test_a_file_whose_name_is_no_text_is_named_as_far_as_it_can_be(tmp_path: Path) -> None:
    root = write(tmp_path / "app", BASE)
    Path(os.fsdecode(os.fsencode(root) + b"/forms/\xb6\xa9.yaml")).write_text("kind: form\n")

    with pytest.raises(DefinitionErrors) as raised:
        compile_catalogue(root)

    found = raised.value.problems
    assert [p.message("en") for p in found] == [
        "forms/\\xb6\\xa9.yaml:1:1: the name of this file is not text in UTF-8. "
        "Rename the file, or unpack the archive again with its names as UTF-8. "
        "[file-name-not-text]"
    ]
    assert [p.message("zh") for p in found] == [
        "forms/\\xb6\\xa9.yaml:1:1: 这个文件的名称不是 UTF-8 文字。"
        "请给文件改名，或以 UTF-8 文件名重新解压。 [file-name-not-text]"
    ]


def test_an_application_of_far_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)

    with pytest.raises(DefinitionErrors) as raised:
        compile_catalogue(write(tmp_path, BASE))

    (found, *_) = (p for p in raised.value.problems if p.code == "too-many-files")
    assert found.message("en") == (
        f"{found.at}: there are more than 3 files. "
        "Remove what is not a definition. [too-many-files]"
    )
    assert found.message("zh") == (
        f"{found.at}: 文件超过 3 个。请移走不是定义的文件。 [too-many-files]"
    )


def test_a_form_of_more_than_500_fields_is_refused() -> None:
    files = form("".join(f"  f{n}: {{type: text}}\n" for n in range(501)))

    assert said(files, "en") == [
        "forms/order.yaml:3:1: there are 501 fields; at most 500 are possible. "
        "Split the form. [too-many-fields]"
    ]
    assert said(files, "zh") == [
        "forms/order.yaml:3:1: 有 501 个字段，最多 500 个。请拆分表单。 [too-many-fields]"
    ]


def test_a_field_of_more_than_2000_choices_is_refused() -> None:
    choices = ", ".join(f"c{n}: x" for n in range(2_001))
    files = form(f"  a: {{type: choice, choices: {{{choices}}}}}\n")

    assert said(files, "en") == [
        "forms/order.yaml:4:21: there are 2001 choices; at most 2000 are possible. "
        "Use a link to a form. [too-many-choices]"
    ]
    assert said(files, "zh") == [
        "forms/order.yaml:4:21: 有 2001 个选项，最多 2000 个。请改用链接。 [too-many-choices]"
    ]


def test_a_file_of_far_too_many_expressions_is_refused_once() -> None:
    line = "  f{n}: {{type: number, compute: {source}}}\n"
    files = form("".join(line.format(n=n, source="1+" * 500 + "1") for n in range(100)))

    assert said(files, "en") == [
        "forms/order.yaml:63:32: the expressions of this file have more than 60,000 characters. "
        "Split the form. [too-many-expressions]"
    ]
    assert said(files, "zh") == [
        "forms/order.yaml:63:32: 这个文件的表达式超过 60,000 个字符。"
        "请拆成几个表单。 [too-many-expressions]"
    ]


def test_all_problems_are_said_at_once_in_order() -> None:
    files = {
        **BASE,
        "forms/b.yaml": "kind: form\ntitle: B\nfields:\n  x: {typ: text}\n  y: {type: txet}\n",
        "forms/a.yaml": "kind: form\ntitel: A\nfields:\n  x: {type: text, min: 1, requird: 1}\n",
        "workflows/w.yaml": "kind: workflow\ntitle: W\nform: nowhere\nsteps: []\n",
    }

    assert [str(p.at) for p in problems(files)] == [
        "forms/a.yaml:2:1",
        "forms/a.yaml:4:19",
        "forms/a.yaml:4:27",
        "forms/b.yaml:4:7",
        "forms/b.yaml:5:13",
        "workflows/w.yaml:3:7",
    ]


def test_a_mistake_in_one_definition_is_not_said_again_where_its_name_is_used() -> None:
    files = {
        **form("  name: {type: txt}\n"),
        "forms/other.yaml": "kind: form\ntitle: O\nfields:\n  o: {type: link, to: order}\n",
    }

    assert [p.code for p in problems(files)] == ["unknown-field-type"]


def test_a_problem_for_tools_says_where_it_begins_and_ends() -> None:
    (problem,) = problems(form("  name: {type: textt}\n"))

    assert problem.to_json("en") == {
        "file": "forms/order.yaml",
        "line": 4,
        "column": 16,
        "end_column": 21,
        "code": "unknown-field-type",
        "severity": "error",
        "message": "'textt' is not a field type",
        "fix": "Did you mean 'text'?",
        "suggestion": "text",
    }


FIELDS = """\
  name: {{type: text, title: 名称, required: true, max: 80}}
  amount: {{type: money, unit: CNY, title: 金额, min: 0}}
  due: {{type: date, default: =today}}
  level: {{type: choice, choices: {{high: 高, low: 低}}, visible_if: amount > {n}}}
  twice: {{type: money, unit: CNY, compute: 'amount * 2 + coalesce(amount, {n})'}}
"""


def many_forms(count: int, flows: bool) -> dict[str, bytes]:
    files = {name: text.encode() for name, text in BASE.items()}
    for number in range(count):
        fields = FIELDS.format(n=number)
        for copy in range(1, 4):
            for name in ("name", "amount", "due", "level", "twice"):
                line = next(x for x in fields.split("\n") if x.startswith(f"  {name}:"))
                fields += line.replace(f"  {name}:", f"  {name}{copy}:") + "\n"
        workflow = f"workflow: flow_{number}\n" if flows else ""
        text = (
            f"kind: form\ntitle: {{zh: 表单{number}, en: Form {number}}}\n{workflow}"
            f"fields:\n{fields}"
            "rules:\n  positive: {check: amount >= 0, message: 不能为负}\n"
            "list: {columns: [name, amount], filters: [level], sort: [-due]}\n"
            "permissions:\n  ops: {role: group_ops, can: [read, create, update, submit]}\n"
        )
        files[f"forms/form_{number}.yaml"] = text.encode()
        if flows:
            files[f"workflows/flow_{number}.yaml"] = (
                f"kind: workflow\ntitle: 流程{number}\nform: form_{number}\nsteps:\n"
                "  - {id: draft, fill: {who: initiator, fields: {write: [name]}}}\n"
                "  - {id: boss, approve: {who: superior, on_reject: {return_to: draft}}}\n"
                "  - id: gate\n    branch:\n"
                "      - {when: amount > 1000, "
                "steps: [{id: chief, approve: {who: {head_of: org.sector}}}]}\n"
                "      - {else: []}\n"
            ).encode()
    return files


def test_a_hundred_forms_with_their_flows_are_checked() -> None:
    catalogue = compile_texts(many_forms(100, flows=True))

    assert len(catalogue.forms) == 101
    assert not catalogue.warnings


def test_a_form_of_150_fields_and_12_tables_is_checked() -> None:
    fields = "".join(f"  f{n}: {{type: number, compute: f{n + 1} + 1}}\n" for n in range(149))
    fields += "  f149: {type: number}\n"
    for table in range(12):
        columns = ", ".join(f"c{n}: {{type: money}}" for n in range(20))
        fields += f"  t{table}: {{type: table, totals: [c0], fields: {{{columns}}}}}\n"
    catalogue = compile_texts({n: t.encode() for n, t in form(fields).items()})

    order = catalogue.forms["order"]
    assert len(order.fields) == 162
    assert len(order.tables) == 12


def test_amounts_that_name_no_unit_are_in_the_currency_of_the_application() -> None:
    manifest = "definitions/manifest.yaml"
    fields = (
        "  a: {type: money}\n  b: {type: money, unit: USD}\n"
        "  lines: {type: table, fields: {c: {type: money}}}\n"
    )
    files = form(fields)
    files[manifest] += "currency: CNY\n"
    made = compile_texts({name: text.encode() for name, text in files.items()}).forms["order"]
    units = [
        one.unit.value
        for one in (made.fields["a"], made.fields["b"], made.tables["lines"].fields["c"])
    ]
    assert units == ["CNY", "USD", "CNY"]

    files |= {
        "forms/order.yaml": form(fields + "  d: {type: money, compute: a + b}\n")[
            "forms/order.yaml"
        ]
    }
    errors = [problem.code for problem in problems(files) if problem.severity == "error"]
    assert errors == ["unit-mismatch"]


def test_screens_are_in_both_languages_whatever_the_manifest_lists() -> None:
    files = form("  a: {type: text}\n")
    files["definitions/manifest.yaml"] += "locales: [en]\n"
    assert [str(p.holes["what"]) for p in problems(files) if p.code == "not-yet-run"] == ["locales"]
