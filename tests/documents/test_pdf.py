"""PDF of the same data: its words and numbers can be read back, and its bytes do not change."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal

import pytest
from documents_kit import CAUSES, monthly
from outside import require_service

from jingwei.documents.charts import Drawn, picture, scale
from jingwei.documents.parts import printed
from jingwei.documents.pdf import render


def text_of(content: bytes) -> str:
    reader = shutil.which("pdftotext")
    require_service(reader is not None, "pdftotext (poppler-utils)")
    assert reader is not None
    made = subprocess.run(
        [reader, "-layout", "-", "-"], input=content, check=True, capture_output=True
    )
    return made.stdout.decode()


def test_the_pdf_says_what_the_service_found() -> None:
    text = text_of(render(monthly()))
    flat = "".join(text.split())
    for words in (
        "经营分析报告",
        "2026年3月",
        "123,456.79",
        "-420,952.45",
        "62.13%",
        "2026年4月12日",
    ):
        assert words in flat, words
    for line in CAUSES.split("\n"):
        assert "".join(line.split()) in flat
    assert "—1—" in flat


def test_the_same_data_gives_the_same_pdf() -> None:
    assert render(monthly()) == render(monthly())


def test_an_english_reader_gets_english_units() -> None:
    flat = "".join(text_of(render(monthly("en"))).split())
    assert "1,234.57" in flat and "CNYmillion" in flat and "March2026" in flat


def test_words_of_typst_are_only_words() -> None:
    hostile = '#read("/etc/passwd") *x* $1$ \\ " ] #'
    assert '#read("/etc/passwd")' in text_of(render(monthly(causes=hostile)))


def test_empty_columns_and_repeated_orgs_are_left_out() -> None:
    summary, by_org = (p for p in printed(monthly())["parts"] if p["kind"] == "table")
    assert [c["title"] for c in summary["columns"]] == ["指标", "计量单位", "实际", "同比"]
    assert [c["title"] for c in by_org["columns"]] == ["单位", "营业收入", "利润总额", "现金净流"]
    assert by_org["unit"] == "单位：万元"


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ([], (0, 1, Decimal("0.2"))),
        ([7, 93], (0, 100, 20)),
        ([-31, 52], (-40, 60, 20)),
        ([Decimal("0.03")], (0, Decimal("0.03"), Decimal("0.01"))),
    ],
)
def test_an_axis_holds_zero_and_every_value(
    values: list[Decimal], axis: tuple[Decimal, ...]
) -> None:
    low, high, step = scale([Decimal(v) for v in values])
    assert (low, high, step) == axis


def test_a_line_breaks_where_a_number_is_missing() -> None:
    values = (Decimal(1), Decimal(2), None, Decimal(3), Decimal(4))
    made = picture(Drawn("t", "", "line", tuple("abcde"), (("s", values),)))
    assert sum(shape.startswith("<polyline") for shape in made.shapes) == 2
    assert b"<script" not in made.svg() and made.svg().startswith(b"<svg")
