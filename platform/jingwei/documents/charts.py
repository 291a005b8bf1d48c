"""Bar and line charts: in Word a chart of Word itself, with its numbers behind it; elsewhere SVG.

No browser, no JavaScript: a chart here is a few rectangles, lines and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from jingwei.documents.values import scaled, unit_words
from jingwei.services.report_data import ChartData, Figure

COLORS = ("1F4E79", "C55A11", "548235", "7F6000", "7030A0", "3B8686", "A5A5A5", "C00000")
TYPES = ("bar", "line")
ASIAN_FONT = "宋体"  # in Word; SVG takes what the machine has
LATIN_FONT = "Times New Roman"
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)  # the same data gives the same bytes
_NS = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as it is drawn: numbers in the unit that is shown."""

    title: str
    unit: str
    type: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[Decimal | None, ...]], ...]

    @property
    def heading(self) -> str:
        return f"{self.title}（{self.unit}）" if self.unit else self.title


def drawn(chart: ChartData, locale: str) -> Drawn:
    """The chart with its numbers scaled (money in 万元, percent times 100) and rounded."""
    series = tuple(
        (name, tuple(_point(value, chart, locale) for value in values))
        for name, values in chart.series
    )
    kind = chart.type if chart.type in TYPES else TYPES[0]
    unit = unit_words(chart.kind, chart.unit, locale)
    return Drawn(chart.title, unit, kind, chart.categories, series)


def _point(value: Any, chart: ChartData, locale: str) -> Decimal | None:
    number = scaled(Figure(value, chart.kind, chart.unit), locale)
    return None if number is None else round(number, 2)


# --- Word ----------------------------------------------------------------------------------------


def workbook(chart: Drawn) -> bytes:
    """The numbers as a workbook, which Word opens on "edit data"."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties({"created": _CREATED})
    sheet = book.add_worksheet("Sheet1")
    for column, (name, values) in enumerate(chart.series, 1):
        sheet.write_string(0, column, name)
        for row, value in enumerate(values, 1):
            if value is not None:
                sheet.write_number(row, column, float(value))
    for row, category in enumerate(chart.categories, 1):
        sheet.write_string(row, 0, category)
    book.close()
    return file.getvalue()


def chart_xml(chart: Drawn, workbook_relation: str) -> bytes:
    """The chart part of a Word document."""
    series = "".join(
        _series_xml(chart, index, name, values) for index, (name, values) in enumerate(chart.series)
    )
    plot = _line_xml(series) if chart.type == "line" else _bar_xml(series)
    legend = (
        f'<c:legend><c:legendPos val="b"/><c:overlay val="0"/>{_text_xml(900)}</c:legend>'
        if len(chart.series) > 1
        else ""
    )
    xml = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><c:chartSpace {_NS}>'
        '<c:roundedCorners val="0"/><c:chart>'
        f"{_title_xml(chart.heading)}"
        '<c:autoTitleDeleted val="0"/><c:plotArea><c:layout/>'
        f"{plot}{_axes_xml()}</c:plotArea>{legend}"
        '<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>'
        "<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>"
        f"{_text_xml(900)}"
        f'<c:externalData r:id="{workbook_relation}"><c:autoUpdate val="0"/></c:externalData>'
        "</c:chartSpace>"
    )
    return xml.encode()


def _fonts_xml(size: int, bold: int = 0) -> str:
    return (
        f'sz="{size}" b="{bold}"><a:solidFill><a:srgbClr val="262626"/></a:solidFill>'
        f'<a:latin typeface="{LATIN_FONT}"/><a:ea typeface="{ASIAN_FONT}"/>'
    )


def _text_xml(size: int) -> str:
    properties = f"<a:defRPr {_fonts_xml(size)}</a:defRPr>"
    return (
        f"<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr>{properties}</a:pPr>"
        '<a:endParaRPr lang="zh-CN"/></a:p></c:txPr>'
    )


def _title_xml(words: str) -> str:
    run = f'<a:rPr lang="zh-CN" {_fonts_xml(1200, 1)}</a:rPr><a:t>{escape(words)}</a:t>'
    return (
        "<c:title><c:tx><c:rich><a:bodyPr/><a:lstStyle/>"
        f"<a:p><a:pPr><a:defRPr {_fonts_xml(1200, 1)}</a:defRPr></a:pPr><a:r>{run}</a:r></a:p>"
        '</c:rich></c:tx><c:overlay val="0"/></c:title>'
    )


def _series_xml(chart: Drawn, index: int, name: str, values: tuple[Decimal | None, ...]) -> str:
    color = COLORS[index % len(COLORS)]
    letter = xl_col_to_name(index + 1)
    last = len(chart.categories) + 1
    fill = f'<a:solidFill><a:srgbClr val="{color}"/></a:solidFill>'
    look = (
        f'<c:spPr><a:ln w="28575" cap="rnd">{fill}<a:round/></a:ln></c:spPr>'
        f'<c:marker><c:symbol val="circle"/><c:size val="5"/><c:spPr>{fill}</c:spPr></c:marker>'
        if chart.type == "line"
        else f'<c:spPr>{fill}</c:spPr><c:invertIfNegative val="0"/>'
    )
    categories = "".join(
        f'<c:pt idx="{at}"><c:v>{escape(words)}</c:v></c:pt>'
        for at, words in enumerate(chart.categories)
    )
    points = "".join(
        f'<c:pt idx="{at}"><c:v>{value:f}</c:v></c:pt>'
        for at, value in enumerate(values)
        if value is not None
    )
    smooth = '<c:smooth val="0"/>' if chart.type == "line" else ""
    return (
        f'<c:ser><c:idx val="{index}"/><c:order val="{index}"/>'
        f"<c:tx><c:strRef><c:f>Sheet1!${letter}$1</c:f><c:strCache>"
        f'<c:ptCount val="1"/><c:pt idx="0"><c:v>{escape(name)}</c:v></c:pt>'
        f"</c:strCache></c:strRef></c:tx>{look}{_labels_xml(chart)}"
        f"<c:cat><c:strRef><c:f>Sheet1!$A$2:$A${last}</c:f><c:strCache>"
        f'<c:ptCount val="{len(chart.categories)}"/>{categories}</c:strCache></c:strRef></c:cat>'
        f"<c:val><c:numRef><c:f>Sheet1!${letter}$2:${letter}${last}</c:f><c:numCache>"
        f'<c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{points}'
        f"</c:numCache></c:numRef></c:val>{smooth}</c:ser>"
    )


def _labels_xml(chart: Drawn) -> str:
    """Numbers at the bars, where they do not run into each other."""
    many = len(chart.categories) * len(chart.series) > 16
    place = "t" if chart.type == "line" else "outEnd"
    if many:
        flags = ("showLegendKey", "showVal", "showCatName", "showSerName", "showPercent")
        shown = "".join(f'<c:{flag} val="0"/>' for flag in flags)
        return f'<c:dLbls>{shown}<c:showBubbleSize val="0"/></c:dLbls>'
    return (
        '<c:dLbls><c:numFmt formatCode="#,##0" sourceLinked="0"/><c:spPr><a:noFill/></c:spPr>'
        f'{_text_xml(800)}<c:dLblPos val="{place}"/><c:showLegendKey val="0"/>'
        '<c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
        '<c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
    )


def _bar_xml(series: str) -> str:
    return (
        '<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/><c:varyColors val="0"/>'
        f'{series}<c:gapWidth val="80"/><c:axId val="1001"/><c:axId val="1002"/></c:barChart>'
    )


def _line_xml(series: str) -> str:
    return (
        '<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>'
        f'{series}<c:marker val="1"/><c:axId val="1001"/><c:axId val="1002"/></c:lineChart>'
    )


def _axes_xml() -> str:
    grey = '<a:ln w="6350"><a:solidFill><a:srgbClr val="D9D9D9"/></a:solidFill></a:ln>'
    dark = '<a:ln w="6350"><a:solidFill><a:srgbClr val="7F7F7F"/></a:solidFill></a:ln>'
    return (
        '<c:catAx><c:axId val="1001"/><c:scaling><c:orientation val="minMax"/></c:scaling>'
        '<c:delete val="0"/><c:axPos val="b"/><c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        f"<c:spPr>{dark}</c:spPr>{_text_xml(900)}"
        '<c:crossAx val="1002"/><c:crosses val="autoZero"/><c:auto val="0"/>'
        '<c:lblAlgn val="ctr"/><c:lblOffset val="100"/><c:noMultiLvlLbl val="0"/></c:catAx>'
        '<c:valAx><c:axId val="1002"/><c:scaling><c:orientation val="minMax"/></c:scaling>'
        f'<c:delete val="0"/><c:axPos val="l"/><c:majorGridlines><c:spPr>{grey}</c:spPr>'
        '</c:majorGridlines><c:numFmt formatCode="#,##0.##" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>'
        f"<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>{_text_xml(900)}"
        '<c:crossAx val="1001"/><c:crosses val="autoZero"/>'
        '<c:crossBetween val="between"/></c:valAx>'
    )


# --- pictures ------------------------------------------------------------------------------------

WIDTH, HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 16, 46, 66
SVG_FONTS = "Noto Sans CJK SC, Noto Sans SC, sans-serif"
SLANT = -28


@dataclass(frozen=True, slots=True)
class Label:
    """Words on a picture; `x`, `y`: where their base line begins, is in the middle, or ends."""

    x: float
    y: float
    words: str
    size: int
    anchor: str  # start, middle, end
    bold: bool = False
    slanted: bool = False


@dataclass(slots=True)
class Picture:
    """Shapes (SVG) and the words on them: typst sets the words in fonts of its own choice."""

    shapes: list[str]
    labels: list[Label]

    def svg(self, *, words: bool = True) -> bytes:
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family={quoteattr(SVG_FONTS)} fill="#262626">',
            *self.shapes,
            *(_label_svg(label) for label in self.labels if words),
            "</svg>",
        ]
        return "".join(parts).encode()


def svg(chart: Drawn) -> bytes:
    """The chart as a picture of its own, for mails and screens without script."""
    return picture(chart).svg()


def picture(chart: Drawn) -> Picture:
    """The chart on 720 × 320."""
    low, high, step = scale([v for _, values in chart.series for v in values if v is not None])
    plot = _Plot(low, high, len(chart.categories), len(chart.series))
    made = Picture([], [Label(WIDTH / 2, 22, chart.heading, 15, "middle", bold=True)])
    _draw_grid(made, plot, step)
    for index, (_, values) in enumerate(chart.series):
        draw = _draw_line if chart.type == "line" else _draw_bars
        draw(made, plot, index, values, labels=_has_room(chart))
    _draw_categories(made, chart, plot)
    if len(chart.series) > 1:
        _draw_legend(made, chart)
    return made


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where a number and a category lie on the picture."""

    low: Decimal
    high: Decimal
    categories: int
    series: int

    def y(self, value: Decimal) -> float:
        share = float((value - self.low) / (self.high - self.low))
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    @property
    def slot(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / max(self.categories, 1)

    def middle(self, category: int) -> float:
        return _LEFT + self.slot * (category + 0.5)


def scale(values: list[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """The axis: its lowest and highest tick and the step, around zero and every value."""
    low, high = min([Decimal(0), *values]), max([Decimal(0), *values])
    if low == high:
        high = low + 1
    rough = (high - low) / 5
    magnitude = Decimal(10) ** rough.adjusted()
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough)
    lowest = (low / step).to_integral_value(ROUND_FLOOR) * step
    highest = -((-high / step).to_integral_value(ROUND_FLOOR)) * step
    return lowest, highest, step


def _has_room(chart: Drawn) -> bool:
    return len(chart.categories) * len(chart.series) <= 14


def _draw_grid(made: Picture, plot: _Plot, step: Decimal) -> None:
    tick = plot.low
    while tick <= plot.high:
        y = plot.y(tick)
        color = "#7f7f7f" if tick == 0 else "#d9d9d9"
        made.shapes.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="{color}" stroke-width="0.8"/>'
        )
        made.labels.append(Label(_LEFT - 8, y + 4, f"{tick.normalize():,f}", 12, "end"))
        tick += step


def _draw_bars(
    made: Picture,
    plot: _Plot,
    index: int,
    values: tuple[Decimal | None, ...],
    *,
    labels: bool,
) -> None:
    width = min(plot.slot * 0.7 / plot.series, 56.0)
    zero = plot.y(Decimal(0))
    for at, value in enumerate(values):
        if value is None:
            continue
        left = plot.middle(at) - width * plot.series / 2 + width * index
        y = plot.y(value)
        made.shapes.append(
            f'<rect x="{left:.1f}" y="{min(y, zero):.1f}" width="{width * 0.94:.1f}" '
            f'height="{abs(zero - y):.1f}" fill="#{COLORS[index % len(COLORS)]}"/>'
        )
        if labels:
            below = 13 if value < 0 else -4
            made.labels.append(_number_label(left + width / 2, y + below, value))


def _draw_line(
    made: Picture,
    plot: _Plot,
    index: int,
    values: tuple[Decimal | None, ...],
    *,
    labels: bool,
) -> None:
    color = COLORS[index % len(COLORS)]
    run: list[str] = []
    for at, value in enumerate([*values, None]):
        if value is None:
            if len(run) > 1:
                made.shapes.append(
                    f'<polyline points="{" ".join(run)}" fill="none" stroke="#{color}" '
                    'stroke-width="2.2" stroke-linejoin="round"/>'
                )
            run = []
            continue
        x, y = plot.middle(at), plot.y(value)
        run.append(f"{x:.1f},{y:.1f}")
        made.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#{color}"/>')
        if labels:
            made.labels.append(_number_label(x, y - 8, value))


def _number_label(x: float, y: float, value: Decimal) -> Label:
    words = f"{value:,.0f}" if abs(value) >= 100 else f"{value.normalize():,f}"
    return Label(x, y, words, 11, "middle")


def _draw_categories(made: Picture, chart: Drawn, plot: _Plot) -> None:
    y = HEIGHT - _BOTTOM + 18
    fits = max(2, int(plot.slot / 13))
    longest = max((len(words) for words in chart.categories), default=0)
    if longest <= fits * 2:
        for at, words in enumerate(chart.categories):
            made.labels.append(Label(plot.middle(at), y, words[:fits], 12, "middle"))
            if words[fits:]:
                made.labels.append(Label(plot.middle(at), y + 15, words[fits:], 12, "middle"))
        return
    every = -(-len(chart.categories) // 30)
    for at, words in enumerate(chart.categories):
        if at % every == 0:
            made.labels.append(Label(plot.middle(at), y - 4, words, 11, "end", slanted=True))


def _draw_legend(made: Picture, chart: Drawn) -> None:
    widths = [30 + 13 * len(name) for name, _ in chart.series]
    x = (WIDTH - sum(widths)) / 2
    for index, ((name, _), width) in enumerate(zip(chart.series, widths, strict=True)):
        color = COLORS[index % len(COLORS)]
        made.shapes.append(
            f'<rect x="{x:.1f}" y="{HEIGHT - 16}" width="11" height="11" fill="#{color}"/>'
        )
        made.labels.append(Label(x + 16, HEIGHT - 6, name, 12, "start"))
        x += width


def _label_svg(label: Label) -> str:
    weight = ' font-weight="bold"' if label.bold else ""
    turn = f' transform="rotate({SLANT} {label.x:.1f} {label.y:.1f})"' if label.slanted else ""
    return (
        f'<text x="{label.x:.1f}" y="{label.y:.1f}" font-size="{label.size}" '
        f'text-anchor="{label.anchor}"{weight}{turn}>{escape(label.words)}</text>'
    )
