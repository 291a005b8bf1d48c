"""Data of a report as the service would gather it, and Word templates written in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from docx import Document

from jingwei.language.periods import Period
from jingwei.services.report_data import (
    ChartData,
    Figure,
    Narrative,
    ReportColumn,
    ReportData,
    ReportTable,
)

COLUMNS = tuple(
    ReportColumn(*column)
    for column in (
        ("indicator", "指标", "indicator"),
        ("org", "单位", "org"),
        ("period", "期间", "period"),
        ("unit", "计量单位"),
        ("actual", "实际", "number"),
        ("yoy", "同比", "percent"),
        ("yoy_pp", "同比增减", "number"),
    )
)
PERIOD = Period.parse("2026-03")
SIX = (
    ("total_profit", "利润总额", "CNY", "1234567890.12", "0.0812"),
    ("debt_ratio", "资产负债率", "percent", "0.6213", "-0.012"),
    ("labor_productivity", "全员劳动生产率", "CNY_per_person", "682300", None),
)
THREE = (("revenue", "营业收入"), ("total_profit", "利润总额"), ("cfo", "现金净流"))
ORGS = (
    ("ENG", "工程建设板块", 52),
    ("ESTATE", "地产开发板块", -31),
    ("CHEM", "化工新材料板块", 22),
)
NOTE = "注：缺少比较期数据：全员劳动生产率（同比）。"
CAUSES = "一是新签合同额增长，<同比> & 环比均上升。\n二是结转减少。"


def row(
    indicator: tuple[str, str], unit: str, org: tuple[str, str], value: Any, yoy: Any
) -> dict[str, Figure]:
    return {
        "indicator": Figure(indicator[0], "indicator", None, indicator[1]),
        "org": Figure(org[0], "org", None, org[1]),
        "period": Figure(PERIOD, "period"),
        "unit": Figure(unit),
        "light": Figure("green"),
        "status": Figure("ok"),
        "actual": Figure(value, "number", unit),
        "yoy": Figure(yoy, "percent"),
        "yoy_pp": Figure(yoy if unit == "percent" else None, "points", unit),
    }


def decimal(words: str | None) -> Decimal | None:
    return None if words is None else Decimal(words)


def monthly(locale: str = "zh", causes: str = CAUSES, orgs: Sequence[Any] = ORGS) -> ReportData:
    """A month of a group: one table of indicators, one by org, a chart and a text."""
    summary = tuple(
        row((name, title), unit, ("G", "经纬集团"), decimal(value), decimal(yoy))
        for name, title, unit, value, yoy in SIX
    )
    by_org = tuple(
        row(indicator, "CNY", (code, title), Decimal(many) * Decimal("135791113.17"), None)
        for code, title, many in orgs
        for indicator in THREE
    )
    revenue = tuple(r["actual"].value for r in by_org if r["indicator"].value == "revenue")
    heads = tuple(ReportColumn(n, t, "number", u) for n, t, u, _, _ in SIX)
    three = tuple(ReportColumn(n, t, "number", "CNY") for n, t in THREE)
    names = tuple(title for _, title, _ in orgs)
    return ReportData(
        report="monthly",
        title="经营分析报告",
        locale=locale,
        parameters={
            "org": Figure("G", "org", None, "经纬控股集团有限公司"),
            "period": Figure(PERIOD, "period"),
        },
        parameter_titles={"org": "单位", "period": "期间"},
        tables={
            "summary": ReportTable(COLUMNS, summary, heads, (NOTE,)),
            "by_org": ReportTable(COLUMNS, by_org, three),
        },
        table_titles={"summary": "一利五率", "by_org": "分单位"},
        charts={
            "revenue": ChartData(
                "revenue",
                "bar",
                "营业收入",
                names,
                (("营业收入", revenue),),
                "by_org",
                "number",
                "CNY",
            )
        },
        narrative={"causes": Narrative("causes", "影响因素", causes)},
        made_at=datetime(2026, 4, 12, 8, tzinfo=UTC),
        made_on=date(2026, 4, 12),
        organisation="经纬控股集团有限公司",
    )


def template(
    *paragraphs: str, cells: Sequence[str] = (), header: str = "", title: str = ""
) -> bytes:
    """A docx with these paragraphs and one table row a cell."""
    document = Document()
    for words in paragraphs:
        document.add_paragraph(words)
    if cells:
        table = document.add_table(rows=len(cells), cols=1)
        for at, words in enumerate(cells):
            table.rows[at].cells[0].text = words
    if header:
        document.sections[0].header.paragraphs[0].text = header
    document.core_properties.title = title
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def opened(content: bytes) -> Any:
    return Document(BytesIO(content))


def words_of(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in opened(content).paragraphs if paragraph.text]
