"""Forms of everyday business, written as sheets in the way of XLSForm, become forms that check."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from shell import Shell

from jingwei.authoring.xlsform import ours

SHEETS = Path(__file__).parent / "sheets"
ONBOARDING = (
    ("type", "name", "label::Chinese (zh)", "label::English (en)", "required", "relevant"),
    ("begin group", "person", "个人信息", "Person", "", ""),
    ("text", "full_name", "姓名", "Full name", "yes", ""),
    ("date", "joins_on", "入职日期", "Joining date", "yes", ""),
    ("select_one contract", "contract", "合同类型", "Contract", "yes", ""),
    ("date", "trial_until", "试用期至", "On trial until", "", "${contract} = 'permanent'"),
    ("end group", "", "", "", "", ""),
    ("begin group", "work", "工作安排", "Work", "", "${joins_on} != ''"),
    ("select_multiple tools", "tools", "所需设备", "Equipment", "", ""),
    ("email", "email", "邮箱", "E-mail", "", ""),
    ("end group", "", "", "", "", ""),
    ("begin repeat", "activities", "入职事项", "Activities", "", ""),
    ("text", "activity", "事项", "Activity", "yes", ""),
    ("person", "owner_of_it", "负责人", "Responsible", "", ""),
    ("boolean", "done", "完成", "Done", "", ""),
    ("end repeat", "", "", "", "", ""),
)
CHOICES = (
    ("list_name", "name", "label::Chinese (zh)", "label::English (en)"),
    ("contract", "permanent", "无固定期限", "Permanent"),
    ("contract", "fixed", "固定期限", "Fixed term"),
    ("tools", "laptop", "笔记本", "Laptop"),
    ("tools", "phone", "手机", "Phone"),
)


def workbook(**sheets: tuple[tuple[str, ...], ...]) -> bytes:
    content = BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return content.getvalue()


def test_sheets_of_everyday_forms_become_forms_that_check(office: Shell) -> None:
    counts = {}
    for sheet in sorted(SHEETS.glob("*.csv")):
        told = office.json("import-form", str(sheet))
        counts[sheet.stem] = (told["fields"], [problem["code"] for problem in told["problems"]])
    assert counts == {
        "expense_claim": (13, ["in-no-menu"]),
        "leave_request": (13, ["in-no-menu"]),
        "purchase_requisition": (10, ["in-no-menu"]),
    }
    claim = (office.root / "forms/expense_claim.yaml").read_text(encoding="utf-8")
    assert "compute: sum(expenses.amount)" in claim
    assert "  posted_on_check: {check: posted_on <= today, at: posted_on, " in claim
    assert "required_if: (true if payable > 10000 else false)" in claim


def test_a_workbook_with_its_lists_of_choices_becomes_a_form_with_sections(office: Shell) -> None:
    book = office.root / "onboarding.xlsx"
    book.write_bytes(workbook(survey=ONBOARDING, choices=CHOICES))
    told = office.json("import-form", str(book))
    assert (told["fields"], [one["code"] for one in told["problems"]]) == (7, ["in-no-menu"])
    text = (office.root / "forms/onboarding.yaml").read_text(encoding="utf-8")
    assert (
        "choices: {permanent: {zh: 无固定期限, en: Permanent}, "
        "fixed: {zh: 固定期限, en: Fixed term}}" in text
    )
    assert (
        "layout:\n"
        "  - {section: {zh: 个人信息, en: Person}, "
        "fields: [full_name, joins_on, contract, trial_until]}\n" in text
    )


@pytest.mark.parametrize(
    ("theirs", "written"),
    [
        (". > 0 and . < 100", "x > 0 and x < 100"),
        ("${a} = 'it is = so' and not(${b})", "a == 'it is = so' and not (b)"),
        ("if(${a} > 1, if(${b}, 2, 3), 4)", "(2 if b else 3) if a > 1 else 4"),
        ("sum(${amount}) div 2", "sum(lines.amount) / 2"),
        ("selected(${a}, 'red')", "a == 'red'"),
        ("string-length(.) >= 1.5", "len(x) >= 1.5"),
        ('a == "b" and lines.c > 0.5', 'a == "b" and lines.c > 0.5'),
    ],
)
def test_expressions_of_another_tool_are_said_in_our_words(theirs: str, written: str) -> None:
    made = ours(theirs, "x", {"amount": "lines"})
    assert made.strip("()") == written.strip("()")
