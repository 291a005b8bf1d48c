"""A report as a document: Word or HTML by its template; PDF, HTML and Excel by the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jingwei.documents import book, page, pdf, word
from jingwei.documents.check import known_names
from jingwei.language.output import Report
from jingwei.refusals import NotFound, Refused
from jingwei.services import reports
from jingwei.services.commands import Reading
from jingwei.services.report_asked import Asked, ask
from jingwei.services.report_data import ReportData

FORMATS = ("docx", "pdf", "html", "xlsx")
_NOT_IN_NAMES = frozenset('\\/:*?"<>|')


@dataclass(frozen=True, slots=True)
class Made:
    """A document. `data`: what it was made from."""

    name: str
    mimetype: str
    content: bytes
    data: ReportData


def make(
    reading: Reading,
    report: str,
    parameters: Mapping[str, str],
    format: str,
    locale: str,
    data_dir: Path | None = None,
) -> Made:
    """The document of a report for these parameters (as text). `data_dir`: where files are.

    Raises NotFound for what this person may not read, Invalid for parameters, and Refused for a
    format the report is not given in or a template that asks for what the report does not know.
    """
    return make_asked(reading, ask(reading, report, parameters), format, locale, data_dir)


def make_asked(
    reading: Reading, asked: Asked, format: str, locale: str, data_dir: Path | None = None
) -> Made:
    report = asked.report
    known = formats_of(report)
    if format not in known:
        raise Refused("report-format", format=format, known=", ".join(known) or "–")
    data = reports.gather(reading, asked, locale, data_dir)
    mimetype, content = _made(reading, report, data, format)
    return Made(_file_name(data, format), mimetype, content, data)


def formats_of(report: Report) -> list[str]:
    """The formats a report is given in."""
    return [f for f in report.output if f in FORMATS and _has_template_for(report, f)]


def _has_template_for(report: Report, format: str) -> bool:
    """Word is filled in; whatever else there is, the engine can lay out."""
    return format != "docx" or report.template.endswith(".docx")


def _made(reading: Reading, report: Report, data: ReportData, format: str) -> tuple[str, bytes]:
    if format == "pdf":
        return pdf.MIMETYPE, pdf.render(data)
    if format == "xlsx":
        return book.MIMETYPE, book.render(data)
    if format == "html" and not report.template.endswith(".html"):
        return page.MIMETYPE, page.render(data)
    template = reports.template_of(reading, report)
    if template is None:
        raise NotFound("template-missing-here", name=report.template)
    names = known_names(reading.catalogue, report)
    if format == "html":
        return page.MIMETYPE, page.fill(template, data, names)
    return word.MIMETYPE, word.fill(template, data, names)


def _file_name(data: ReportData, format: str) -> str:
    """`经营分析报告_JW_2026-03.docx`, without what file systems refuse."""
    parts: list[Any] = [data.title, *(f.value for f in data.parameters.values())]
    if data.record:
        parts.append(data.record["id"].value)
    name = "_".join(str(part) for part in parts if part is not None)
    plain = "".join("_" if c in _NOT_IN_NAMES or ord(c) < 32 else c for c in name)
    return f"{plain[:120]}.{format}"
