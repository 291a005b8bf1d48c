"""The check of templates: what a report does not have is said with its paragraph, before anything
is filled in."""

from __future__ import annotations

from typing import Any

import pytest
from documents_kit import template

from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import run
from jingwei.documents.check import template_problems

LETTER_FORM = """
    kind: form
    title: 责任书
    fields:
      year: {type: period, grain: year, title: 年度}
      items:
        type: table
        title: 指标
        fields:
          name: {type: text, title: 名称}
          target: {type: number, title: 目标值}
    """


def messages(application: Any, locale: str = "en") -> list[str]:
    return [p.message(locale) for p in template_problems(compile_catalogue(application.root))]


def letter(application: Any, content: bytes, name: str = "letter.docx") -> None:
    application.write("forms/letter.yaml", LETTER_FORM)
    application.write(
        "report_templates/letter.yaml",
        f"kind: report\ntitle: 责任书\nof: letter\ntemplate: {name}\noutput: [docx, html]\n",
    )
    application.write(f"report_templates/{name}", content)


def test_a_template_that_asks_for_what_there_is_has_no_problem(application: Any) -> None:
    words = ("{{ record.number }} {{ record.year }}", "{{ report.organisation }}")
    rows = ("{%tr for row in record.items %}", "{{ row.name }} {{ row.target | number }}",
            "{%tr endfor %}")  # fmt: skip
    letter(application, template(*words, cells=rows))
    assert messages(application) == []


def test_an_unknown_field_is_named_with_its_paragraph(application: Any) -> None:
    letter(application, template("标题", "{{ record.yaer }}"))
    assert messages(application) == [
        "report_templates/letter.docx paragraph 2: the report has no name 'record.yaer'. "
        "Did you mean 'year'? [template-unknown-name]"
    ]
    assert messages(application, "zh") == [
        "report_templates/letter.docx 第 2 段: 报告里没有名称“record.yaer”。"
        "是不是“year”？ [template-unknown-name]"
    ]


def test_paragraphs_are_counted_past_rows_that_repeat(application: Any) -> None:
    rows = ("{%tr for row in record.items %}", "{{ row.name }}", "{%tr endfor %}")
    content = template("一", "二", cells=(*rows, "{{ row.name }}"))
    letter(application, content)
    assert messages(application) == [
        "report_templates/letter.docx paragraph 6: the report has no name 'row'. "
        "The names here are: report, charts, narrative, record. [template-unknown-name]"
    ]


def test_what_no_template_may_do_is_said_once_with_its_place(application: Any) -> None:
    hostile = "{{ record.__class__.__mro__ }}"
    letter(
        application, template("一", hostile, "{{ record.year | attr }}", header="{{ lipsum() }}")
    )
    assert messages(application) == [
        "report_templates/letter.docx paragraph 2: the report has no name '__mro__'. "
        "The names here are: report, charts, narrative, record. [template-unknown-name]",
        "report_templates/letter.docx paragraph 3: there is no filter 'attr'. "
        "There are: money, percent, date, number, upper_number, default. "
        "[template-unknown-filter]",
        "report_templates/letter.docx: a template cannot use 'call'. "
        "Use a value, if, for or a filter. [template-forbidden]",
    ]


def test_a_template_of_html_says_the_place(application: Any) -> None:
    letter(application, b"<h1>{{ report.title }}</h1>\n<p>{{ record.y }}</p>\n", "letter.html")
    assert messages(application) == [
        "report_templates/letter.html:2:14: the report has no name 'record.y'. "
        "The names here are: id, revision, number, org, owner, status, state, created_at, "
        "created_by, updated_at, updated_by, year, items. [template-unknown-name]"
    ]


def test_a_name_that_is_none_is_said_once_and_not_its_rows_too(application: Any) -> None:
    page = b"{% for r in recor.items %}{{ r.name }} {{ r.note }}{% endfor %}"
    letter(application, page, "letter.html")
    assert messages(application) == [
        "report_templates/letter.html:1:13: the report has no name 'recor'. "
        "Did you mean 'record'? [template-unknown-name]"
    ]


def test_a_file_that_is_no_word_file_is_said(application: Any) -> None:
    letter(application, b"PK broken")
    assert messages(application) == [
        "report_templates/letter.docx: the template is not a readable Word file. "
        "Save it again as .docx. [template-unreadable]"
    ]


def test_the_command_line_names_the_paragraph_and_publishes_nothing(
    application: Any, capsys: Any, monkeypatch: Any
) -> None:
    letter(application, template("标题", "{{ record.yaer }}"))
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(application.root / "var"))
    said = "report_templates/letter.docx 第 2 段: 报告里没有名称“record.yaer”。"
    for command in (["check"], ["apply", "--yes"]):
        arguments = ["--application", str(application.root), "--lang", "zh", *command]
        assert run(arguments) == 1
        printed = capsys.readouterr()
        assert said in printed.out + printed.err
    assert run(["--application", str(application.root), "releases"]) == 0
    assert "1" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("page", "zh", "en"),
    [
        (
            "<h1>{{ report.title }</h1>\n{{ record.number }}",
            "1:5: “{{”没有关闭。请补上另一半，例如“{{”后的“}}”、“{%”后的“%}”、“(”后的“)”。 "
            "[template-tag-open]",
            "1:5: '{{' is not closed. Write what closes it, such as '}}' after '{{', '%}' after "
            "'{%' or ')' after '('. [template-tag-open]",
        ),
        (
            "<p>\n  {% for row in record.items %}{{ row.name }}\n</p>",
            "2:3: 块“for”没有结尾。请在结束处写“{% endfor %}”。 [template-block-open]",
            "2:3: the block 'for' has no end. Write '{% endfor %}' where it ends. "
            "[template-block-open]",
        ),
        (
            "{% if record.year %}\n{% for row in record.items %}\n{% endif %}{% endfor %}",
            "3:1: “endif”没有对应的已打开的块。请删除它，或先结束最后开始的块。 "
            "[template-end-stray]",
            "3:1: 'endif' closes or continues no block that is open here. Delete it, or close "
            "first what was begun last. [template-end-stray]",
        ),
        (
            "<p>\n{{ record. }}",
            "2:1: “{{ record. }}”中缺少名称或值。请补上，或删去等待它的部分。 "
            "[template-name-missing]",
            "2:1: a name or value is missing in '{{ record. }}'. Write it, or delete what waits "
            "for it. [template-name-missing]",
        ),
        (
            "<b>\n{% if record.year = 2026 %}{% endif %}",
            "2:19: “=”不该出现在这里。请在它前面写运算符或“|”，或删去它；“=”应写成“==”。 "
            "[template-stray-word]",
            "2:19: '=' does not belong here. Put an operator or '|' before it, or delete it; '=' "
            "is written '=='. [template-stray-word]",
        ),
        (
            "<b>\n{{ (record.year }}",
            "2:4: “(”没有关闭。请补上另一半，例如“{{”后的“}}”、“{%”后的“%}”、“(”后的“)”。 "
            "[template-tag-open]",
            "2:4: '(' is not closed. Write what closes it, such as '}}' after '{{', '%}' after "
            "'{%' or ')' after '('. [template-tag-open]",
        ),
        (
            "<b>\n{% macro a() %}",
            "2:4: 模板里不能使用“macro”。请改用取值、if、for 或过滤器。 [template-forbidden]",
            "2:4: a template cannot use 'macro'. Use a value, if, for or a filter. "
            "[template-forbidden]",
        ),
    ],
)
def test_what_cannot_be_read_is_said_at_its_cause(
    application: Any, page: str, zh: str, en: str
) -> None:
    letter(application, page.encode(), "letter.html")
    assert messages(application, "zh") == [f"report_templates/letter.html:{zh}"]
    assert messages(application) == [f"report_templates/letter.html:{en}"]
