"""Word files from templates: a docx whose text holds values, `if` and `for`, filled in.

Layout is the template's alone. Charts become charts of Word, with their numbers behind them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from typing import Any

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docxtpl import DocxTemplate
from jinja2 import TemplateError
from markupsafe import Markup

from jingwei.documents.charts import chart_xml, drawn, workbook
from jingwei.documents.given import template_values
from jingwei.documents.templates import (
    Fault,
    TemplateEnvironment,
    names_of,
    parsed,
    unknown_names,
)
from jingwei.documents.values import plain, sayable
from jingwei.refusals import Refused
from jingwei.services.report_data import ChartData, ReportData
from jingwei.texts import text

MIMETYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST_BYTES = 40_000_000  # of a template, unpacked
CHART_WIDTH, CHART_HEIGHT = 5_580_000, 2_880_000  # EMU: 155 mm × 80 mm
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)  # the same data gives the same bytes
_NEW_PARAGRAPH = "\a"  # docxtpl's own mark
_ACTIVE = ("vbaproject", "activex", "oleobject", "attachedtemplate")


def read_template(content: bytes) -> tuple[dict[str, int], list[Fault]]:
    """The names a template asks for (`summary.rows.*.actual`), each with the paragraph of the
    first time, and everything wrong with it but unknown names."""
    names: dict[str, int] = {}
    faults: list[Fault] = []
    for source in _sources(_opened(content)):
        tree, found = parsed(source)
        faults.extend(replace(fault, line=_paragraph(source, fault.line)) for fault in found)
        if tree is not None and not found:
            for name, line in names_of(tree).items():
                names.setdefault(name, _paragraph(source, line))
    return names, list(dict.fromkeys(faults))


def template_faults(content: bytes, known: Mapping[str, Any]) -> list[Fault]:
    """Everything wrong with a template, for a report that knows these names."""
    try:
        names, faults = read_template(content)
    except Refused as refused:
        return [Fault(refused.code, str(refused.holes.get("name", "")))]
    unknown = unknown_names(names, known)
    return [*faults, *(Fault("template-unknown-name", name, names[name]) for name in unknown)]


def fill(content: bytes, data: ReportData, known: Mapping[str, Any] | None = None) -> bytes:
    """The Word file of a report. `known`: the names its template may ask for, where that is more
    than this reader is given. Raises Refused naming what the template asks for in vain."""
    document = _opened(content)
    names, faults = read_template(content)
    for fault in faults:
        raise fault.refusal()
    values, shape = template_values(data)
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
    return Markup(  # noqa: S704  # every part of it is ours or escaped above
        f'</w:t></w:r><w:r><w:drawing>{inline}</w:drawing></w:r><w:r><w:t xml:space="preserve">'
    )


# --- the file ------------------------------------------------------------------------------------


def _opened(content: bytes) -> Any:
    """The template. Raises Refused for what is no plain docx."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError):
        raise Refused("template-unreadable") from None
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise Refused("template-too-large", most=MOST_BYTES // 1_000_000)
    if any(word in info.filename.lower() for info in infos for word in _ACTIVE):
        raise Refused("template-active")
    document = DocxTemplate(BytesIO(content))
    try:
        document.init_docx()
        _sources_alone(document)
    except Refused:
        raise
    except Exception:  # noqa: BLE001  # a broken package fails in any of three libraries
        raise Refused("template-unreadable") from None
    return document


def _sources(document: Any) -> list[str]:
    return list(_sources_alone(document))


def _sources_alone(document: Any) -> Iterator[str]:
    """Every text of the package that is filled, as Jinja is given it; the body with the number
    of each paragraph on a line of its own."""
    yield document.patch_xml(_numbered(document.get_xml()))
    for uri in (document.HEADER_URI, document.FOOTER_URI):
        for _, part in document.get_headers_footers(uri):
            yield document.patch_xml(document.get_part_xml(part))
    for part in document.docx.part.package.parts:
        if part.content_type.endswith((".footnotes+xml", ".endnotes+xml")):
            yield document.patch_xml(part.blob.decode("utf-8"))
    properties = document.docx.core_properties
    for name in _PROPERTIES:
        words = getattr(properties, name)
        if isinstance(words, str) and words:
            yield words


def _numbered(xml: str) -> str:
    """A comment of the template language before each paragraph; rows of tables that only hold
    `{%tr …%}` lose theirs, so counting lines would not do."""
    numbers = count(1)
    return _PARAGRAPH.sub(
        lambda match: f"\n{{#§{next(numbers)}#}}{match[0]}", xml.replace("\n", " ")
    )


def _paragraph(source: str, line: int) -> int:
    """The number of the paragraph that holds this line; 0 outside the body."""
    for text_ in reversed(source.split("\n")[:line]):
        found = _NUMBER.match(text_)
        if found is not None:
            return int(found[1])
    return 0


_PARAGRAPH = re.compile("<w:p(?=[ >])")
_NUMBER = re.compile(r"\{#§([0-9]+)#\}")
_PROPERTIES = (
    "author",
    "comments",
    "identifier",
    "language",
    "subject",
    "title",
    "keywords",
    "category",
    "content_status",
    "version",
)


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
