"""Word files from templates: a docx whose text holds values, `if` and `for`, filled in.

Layout is the template's alone. Charts become charts of Word, with their numbers behind them.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from docx.image.exceptions import (
    InvalidImageStreamError,
    UnexpectedEndOfFileError,
    UnrecognizedImageError,
)
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.shared import Mm
from jinja2 import TemplateError
from markupsafe import Markup

from jingwei.documents.charts import chart_xml, drawn, workbook
from jingwei.documents.given import template_values
from jingwei.documents.template_language import unknown_names
from jingwei.documents.templates import TemplateEnvironment
from jingwei.documents.values import plain, sayable
from jingwei.documents.word_templates import opened, read_template
from jingwei.refusals import Refused
from jingwei.services.report_data import ChartData, Figure, ReportData
from jingwei.texts import text

MIMETYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SIGNATURE_MM = 11  # high
# what python-docx says of a picture it cannot place: WebP, and what is damaged
UNREADABLE = (
    UnrecognizedImageError,
    InvalidImageStreamError,
    UnexpectedEndOfFileError,
    struct.error,
)
CHART_WIDTH, CHART_HEIGHT = 5_580_000, 2_880_000  # EMU: 155 mm × 80 mm
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)  # the same data gives the same bytes
_NEW_PARAGRAPH = "\a"  # docxtpl's own mark


def fill(content: bytes, data: ReportData, known: Mapping[str, Any] | None = None) -> bytes:
    """The Word file of a report. `known`: the names its template may ask for, where that is more
    than this reader is given. Raises Refused naming what the template asks for in vain."""
    document = opened(content)
    names, faults = read_template(content)
    for fault in faults:
        raise fault.refusal()
    values, shape = template_values(data, lambda figure: _signature(document, data, figure))
    for name in unknown_names(names, shape if known is None else known):
        raise Refused("template-unknown-name", name=name)
    values["narrative"] = {n: _NEW_PARAGRAPH.join(w) for n, w in values["narrative"].items()}
    for number, name in enumerate(sorted(_charts_used(names, data)), 1):
        values["charts"][name] = _chart(document, data.charts[name], number, data.locale)
    environment = TemplateEnvironment(data.locale)
    try:
        document.render(values, environment, autoescape=True)
    except TemplateError as error:
        raise Refused("template-syntax", name=str(error)) from None
    _describe(document, data)
    file = BytesIO()
    document.save(file)
    return _repacked(file.getvalue())


# --- charts --------------------------------------------------------------------------------------


def _charts_used(names: Collection[str], data: ReportData) -> set[str]:
    return {name for name in data.charts if f"charts.{name}" in names}


def _chart(document: Any, chart: ChartData, number: int, locale: str) -> str:
    """The chart as a part of the document, and the drawing that shows it."""
    if chart.is_empty:
        return text("reports.no_data", locale)
    package = document.docx.part.package
    picture = drawn(chart, locale)
    book = Part(
        PackURI(f"/word/embeddings/Microsoft_Excel_Sheet_jw{number}.xlsx"),
        _WORKBOOK,
        workbook(picture),
        package,
    )
    part = Part(PackURI(f"/word/charts/chart_jw{number}.xml"), CONTENT_TYPE.DML_CHART, b"", package)
    part._blob = chart_xml(picture, part.relate_to(book, RELATIONSHIP_TYPE.PACKAGE))
    relation = document.docx.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
    return _drawing(relation, 9_000 + number, picture.heading)


def _signature(document: Any, data: ReportData, figure: Figure) -> str:
    """The picture where a template names it; in words what Word cannot show."""
    content = data.pictures.get(str(figure.value))
    if content is None:
        return ""
    try:
        inline = document.docx.part.new_pic_inline(BytesIO(content), height=Mm(SIGNATURE_MM))
    except UNREADABLE:
        return figure.title or ""
    inline.docPr.set("descr", figure.title or "")
    return _in_run(inline.xml)


def _in_run(drawing: str) -> str:
    return Markup(  # noqa: S704  # every part of it is ours or escaped
        f'</w:t></w:r><w:r><w:drawing>{drawing}</w:drawing></w:r><w:r><w:t xml:space="preserve">'
    )


def _drawing(relation: str, number: int, title: str) -> str:
    words = Markup.escape(title)
    graphic = (
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        f'r:id="{relation}"/></a:graphicData></a:graphic>'
    )
    inline = (
        '<wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
        'wordprocessingDrawing" distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{CHART_WIDTH}" cy="{CHART_HEIGHT}"/>'
        f'<wp:docPr id="{number}" name="Chart {number}" descr="{words}"/>'
        f"<wp:cNvGraphicFramePr/>{graphic}</wp:inline>"
    )
    return _in_run(inline)


# --- the file ------------------------------------------------------------------------------------


def _describe(document: Any, data: ReportData) -> None:
    """What the file says of itself: the report and its data, never the person who asked."""
    properties = document.docx.core_properties
    properties.title = sayable(data.title)
    properties.author = sayable(data.organisation)
    properties.last_modified_by = ""
    properties.comments = data.fingerprint
    properties.subject = "  ".join(
        plain(figure.title or figure.value, data.locale) for figure in data.parameters.values()
    )
    day = datetime(data.made_on.year, data.made_on.month, data.made_on.day, tzinfo=UTC)
    properties.created = properties.modified = day
    properties.revision = 1


def _repacked(content: bytes) -> bytes:
    """The same package with one date on all its parts."""
    file = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as before,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for info in before.infolist():
            entry = zipfile.ZipInfo(info.filename, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(entry, before.read(info))
    return file.getvalue()
