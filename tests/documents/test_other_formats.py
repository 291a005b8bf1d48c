"""HTML and Excel of the same data: the same figures, and nothing in them runs."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from documents_kit import CAUSES, NOTE, monthly
from openpyxl import load_workbook

from jingwei.documents import book, page
from jingwei.refusals import Refused


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    made = load_workbook(BytesIO(content))
    return {s.title: [[cell.value for cell in row] for row in s.rows] for s in made.worksheets}


def test_the_page_says_what_the_service_found() -> None:
    made = page.render(monthly()).decode()
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", made)
    assert {"利润总额", "123,456.79", "62.13%", "-1.20个百分点", "-420,952.45"} <= set(cells)
    assert f"<p class=note>{NOTE}</p>" in made
    assert "<svg" in made and "&lt;同比&gt; &amp; 环比" in made
    assert page.render(monthly()) == page.render(monthly())


def test_nothing_in_a_page_runs() -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    made = page.render(replace(monthly(causes=hostile), title=hostile)).decode()
    assert "<script" not in made and "<img" not in made


def test_an_author_lays_out_a_page_with_a_template() -> None:
    source = (
        "<h1>{{ report.title }}</h1>"
        "{% for r in summary.rows %}<p>{{ r.indicator }}={{ r.actual }}</p>{% endfor %}"
        "<div>{{ narrative.causes }}</div>{{ charts.revenue }}"
    )
    made = page.fill(source.encode(), monthly()).decode()
    assert "<h1>经营分析报告</h1><p>利润总额=123,456.79</p>" in made
    assert "&lt;同比&gt; &amp; 环比均上升。<br>二是结转减少。" in made and "<svg" in made


def test_a_page_template_can_do_no_more_than_a_word_template() -> None:
    for source in (b"{{ report.__class__ }}", b"{% include 'x' %}", b"{{ nothing }}", b"\xff"):
        with pytest.raises(Refused):
            page.fill(source, monthly())


def test_numbers_are_numbers_in_a_workbook_and_add_up() -> None:
    found = sheets(book.render(monthly()))
    assert list(found) == ["经营分析报告", "一利五率", "分单位", "营业收入"]
    head, *rows = found["分单位"]
    assert head == ["单位", "营业收入 (万元)", "利润总额 (万元)", "现金净流 (万元)"]
    assert [row[0] for row in rows[:3]] == ["工程建设板块", "地产开发板块", "化工新材料板块"]
    assert rows[0][1] == pytest.approx(706113.788484)
    assert found["一利五率"][2][2] == pytest.approx(0.6213)
    assert [row[0] for row in found["一利五率"]][-1] == NOTE
    front = {row[0]: row[1] for row in found["经营分析报告"]}
    assert front["影响因素"] == CAUSES and front["期间"] == "2026年3月"


def test_text_in_a_workbook_is_never_a_formula() -> None:
    data = monthly(causes="=1+1\n@cmd\n+2")
    front = sheets(book.render(data))["经营分析报告"]
    assert ["影响因素", "=1+1\n@cmd\n+2"] in front
    made = load_workbook(BytesIO(book.render(data)))
    assert all(cell.data_type != "f" for sheet in made for row in sheet.rows for cell in row)


def test_a_text_longer_than_a_cell_is_there_as_far_as_it_fits() -> None:
    front = {r[0]: r[1] for r in sheets(book.render(monthly(causes="因" * 40_000)))["经营分析报告"]}
    words = front["影响因素"]
    assert words.startswith("【全文 40000 字，超过一格的 32767 字") and words.endswith(
        "因" * 30_000
    )
