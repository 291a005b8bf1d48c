"""The check of templates: what a report does not have is said with its paragraph, before anything
is filled in."""

from __future__ import annotations

from typing import Any

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
        "report_templates/letter.docx paragraph 6: the report has no name 'row.name'. "
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
