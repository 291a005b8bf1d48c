"""Word files: what stands in a cell is the service's number, and templates can do no more than say
values."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from documents_kit import CAUSES, NOTE, monthly, opened, template, words_of
from docx.oxml.ns import qn
from docx.shared import Pt
from openpyxl import load_workbook
from outside import require_service

from jingwei.documents.given import template_values
from jingwei.documents.word import fill
from jingwei.documents.word_templates import read_template, template_faults
from jingwei.refusals import Refused

TEMPLATE = Path(__file__).parents[2] / "report_templates" / "monthly_analysis.docx"


def refused(content: bytes) -> tuple[str, object]:
    with pytest.raises(Refused) as caught:
        fill(content, monthly())
    assert caught.value.message("zh") and caught.value.message("en")
    return caught.value.code, caught.value.holes.get("name")


def cells(table: object) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]  # type: ignore[attr-defined]


def test_the_monthly_analysis_says_the_numbers_of_the_service() -> None:
    document = opened(fill(TEMPLATE.read_bytes(), monthly()))
    first, second = document.tables
    assert cells(first) == [
        ["指标", "单位", "本期", "同比"],
        ["利润总额", "万元", "123,456.79", "8.12%"],
        ["资产负债率", "%", "62.13%", "-1.20个百分点"],
        ["全员劳动生产率", "万元/人", "68.23", "—"],
    ]
    assert NOTE in [p.text for p in document.paragraphs]
    assert cells(second)[1][:4] == ["工程建设板块", "706,113.79", "—", "706,113.79"]
    assert cells(second)[2][1] == "-420,952.45"
    text = [p.text for p in document.paragraphs if p.text.strip()]
    assert text[:2] == ["经营分析报告", "经纬控股集团有限公司　2026年3月"]
    assert text[-2:] == ["经纬控股集团有限公司", "2026年4月12日"]
    assert not any("{" in words or "}" in words for words in text)


def test_each_line_of_a_narrative_is_a_paragraph_of_its_place() -> None:
    document = opened(fill(TEMPLATE.read_bytes(), monthly()))
    lines = CAUSES.split("\n")
    found = [p for p in document.paragraphs if p.text in lines]
    assert [p.text for p in found] == lines
    assert {p.style.name for p in found} == {"公文正文"}


def test_a_text_that_nobody_wrote_says_so() -> None:
    assert "（待填写）" in words_of(fill(TEMPLATE.read_bytes(), monthly(causes="  \n ")))


def test_an_org_without_orgs_below_gets_no_empty_table() -> None:
    content = fill(TEMPLATE.read_bytes(), monthly(orgs=()))
    assert len(opened(content).tables) == 1
    assert "本单位没有下属单位。" in words_of(content)


def test_characters_that_xml_cannot_hold_do_not_break_the_file() -> None:
    content = fill(TEMPLATE.read_bytes(), monthly(causes="甲\x0b\x00乙\ud800{{ org }}"))
    assert "甲乙{{ org }}" in words_of(content)


def test_the_layout_is_that_of_official_documents() -> None:
    document = opened(TEMPLATE.read_bytes())
    section = document.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(m.mm) for m in margins] == [37, 35, 28, 26]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    fonts = {
        name: (
            document.styles[name].element.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia")),
            document.styles[name].font.size,
        )
        for name in ("Title", "Heading 1", "公文正文", "页码奇", "页码偶")
    }
    assert fonts == {
        "Title": ("方正小标宋简体", Pt(22)),
        "Heading 1": ("黑体", Pt(16)),
        "公文正文": ("仿宋_GB2312", Pt(16)),
        "页码奇": ("宋体", Pt(14)),
        "页码偶": ("宋体", Pt(14)),
    }
    assert document.styles["公文正文"].paragraph_format.line_spacing == Pt(29)
    assert document.settings.odd_and_even_pages_header_footer


def test_a_chart_is_a_chart_of_word_with_its_numbers_behind_it() -> None:
    with zipfile.ZipFile(io.BytesIO(fill(TEMPLATE.read_bytes(), monthly()))) as file:
        names = file.namelist()
        chart = file.read(next(n for n in names if n.startswith("word/charts/"))).decode()
        book = file.read(next(n for n in names if n.startswith("word/embeddings/")))
        assert "<c:chart " in file.read("word/document.xml").decode()
    assert "<c:v>706113.79</c:v>" in chart and "营业收入（万元）" in chart
    sheet = load_workbook(io.BytesIO(book)).active
    assert [cell.value for cell in sheet["A"]] == [
        None,
        "工程建设板块",
        "地产开发板块",
        "化工新材料板块",
    ]
    assert sheet["B2"].value == 706113.79


def test_the_same_data_gives_the_same_bytes() -> None:
    assert fill(TEMPLATE.read_bytes(), monthly()) == fill(TEMPLATE.read_bytes(), monthly())


# --- the language of templates -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("{{ summary.rows[0].actual | money('亿元', 1) }}", "12.3"),
        ("{{ summary.rows[0].actual | money }}", "123,456.79"),
        ("{{ summary.rows[1].actual | percent(1) }}", "62.1%"),
        ("{{ summary.rows[0].actual | number(0) }}", "1,234,567,890"),
        ("{{ summary.rows[2].yoy | default('无') }}", "无"),
        ("{{ report.date | date('%Y年%m月') }}", "2026年04月"),
        ("{{ 105 | upper_number }}", "一百零五"),
        ("{{ 12 | upper_number }}", "十二"),
        ("{{ 20260 | upper_number }}", "二万零二百六十"),
        ("{{ 100500 | upper_number }}", "十万零五百"),
        (
            "{% for r in summary.rows %}{{ loop.index }}.{{ r.indicator }} {% endfor %}",
            "1.利润总额",
        ),
        ("{% if summary.rows[1].actual > 0.6 %}高{% else %}低{% endif %}", "高"),
        ("{% if summary.rows[2].yoy > 0 %}升{% else %}无{% endif %}", "无"),
        ("{{ org }} {{ org.code }} {{ period }}", "经纬控股集团有限公司 G 2026年3月"),
        ("{{ org.code | default(“无”) }}", "G"),
    ],
)
def test_values_conditions_loops_and_filters(words: str, shown: str) -> None:
    assert shown in words_of(fill(template(words), monthly()))[0]


def test_rows_of_a_table_repeat() -> None:
    made = fill(
        template(
            cells=(
                "{%tr for row in summary.rows %}",
                "{{ row.indicator }}={{ row.actual }}{{ row.unit }}",
                "{%tr endfor %}",
            )
        ),
        monthly(),
    )
    assert cells(opened(made).tables[0])[1] == ["资产负债率=62.13%%"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("{{ profit }}", "profit"),
        ("{{ summary.row }}", "summary.row"),
        ("{{ org.password }}", "org.password"),
        ("{% for r in summary.rows %}{{ r.budget }}{% endfor %}", "summary.rows.*.budget"),
        ("{{ narrative.risks }}", "narrative.risks"),
        ("{{ charts.revenue2 }}", "charts.revenue2"),
        ("{% if nothing %}{% endif %}", "nothing"),
    ],
)
def test_an_unknown_name_is_refused_by_name(words: str, name: str) -> None:
    assert refused(template(words)) == ("template-unknown-name", name)


@pytest.mark.parametrize(
    "words",
    [
        "{{ ''.__class__ }}",
        "{{ org.__class__.__mro__ }}",
        "{{ org['__class__'] }}",
        "{{ org | attr('__class__') }}",
        "{{ [].append(1) }}",
        "{{ range(10) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self }}",
        "{{ lipsum() }}",
        "{{ loop.__class__ }}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% macro f() %}{% endmacro %}",
        "{% for a in summary.rows recursive %}{% endfor %}",
        "{{ 9 ** 99999999 }}",
        "{{ 'a' * 999999999 }}",
        "{{ '%s' % org }}",
        "{{ org | safe }}",
        "{{ org | map }}",
        "{% raw %}{{ x }}{% endraw %}{{ dict(a=1) }}",
        "{{ org is defined }}",
    ],
)
@pytest.mark.parametrize("place", ["body", "header", "title"])
def test_hostile_templates_are_refused_wherever_they_stand(words: str, place: str) -> None:
    content = {
        "body": lambda: template(words),
        "header": lambda: template("正文", header=words),
        "title": lambda: template("正文", title=words),
    }[place]()
    code, _ = refused(content)
    assert code in {"template-forbidden", "template-unknown-name", "template-unknown-filter"}


def test_a_template_that_loops_for_ever_is_stopped() -> None:
    inner = "{% for a in by_org.rows %}" * 9 + "x" + "{% endfor %}" * 9
    assert refused(template(inner))[0] == "template-too-long"


@pytest.mark.parametrize(
    "deep",
    [
        "{{ " + "(" * 400 + "org.title" + ")" * 400 + " }}",
        "{{ " + "not " * 1500 + "org }}",
        "{% if org %}" * 60 + "{% endif %}" * 60,
        "{{ " + " and ".join(["org"] * 900) + " }}",
        "{{ org" + ".title" * 900 + " }}",
    ],
)
def test_a_template_as_deep_as_nobody_writes_it_is_refused(deep: str) -> None:
    assert refused(template(deep))[0] == "template-too-deep"


def test_a_broken_template_says_what_is_wrong() -> None:
    assert refused(template("{% if org %}"))[0] == "template-block-open"
    assert refused(b"no zip")[0] == "template-unreadable"
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert refused(empty.getvalue())[0] == "template-unreadable"


def test_a_template_with_macros_is_refused() -> None:
    file = io.BytesIO(template("{{ org }}"))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"x")
    assert refused(file.getvalue())[0] == "template-active"


def test_the_check_lists_every_name_and_every_fault() -> None:
    content = template("{{ org }}{{ profit }}", "{% for r in summary.rows %}{{ r.x }}{% endfor %}")
    names, faults = read_template(content)
    assert names == {"org": 1, "profit": 1, "summary.rows": 2, "summary.rows.*.x": 2}
    assert faults == []
    _, known = template_values(monthly())
    assert [(fault.name, fault.line) for fault in template_faults(content, known)] == [
        ("profit", 1),
        ("summary.rows.*.x", 2),
    ]
    assert template_faults(TEMPLATE.read_bytes(), known) == []


def test_libreoffice_opens_the_file(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    require_service(office is not None, "LibreOffice")
    assert office is not None
    (tmp_path / "report.docx").write_bytes(fill(TEMPLATE.read_bytes(), monthly()))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", "pdf", "report.docx"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    require_service(shutil.which("pdftotext") is not None, "pdftotext (poppler-utils)")
    text = subprocess.run(
        ["pdftotext", "-layout", "report.pdf", "-"], cwd=tmp_path, check=True, capture_output=True
    ).stdout.decode()
    flat = "".join(text.split())  # where LibreOffice puts spaces depends on its fonts
    for words in ("经营分析报告", "123,456.79", "营业收入（万元）", "—1—", "—2—"):
        assert words in flat, words
