"""A report as a document: Word by its template, or PDF by the engine's own layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.documents import pdf, word
from jingwei.refusals import NotFound, Refused
from jingwei.services import reports
from jingwei.services.commands import Reading
from jingwei.services.report_asked import Asked, ask
from jingwei.services.report_data import ReportData

FORMATS = ("docx", "pdf")
_WORD = ".docx"
_REFUSED = frozenset('\\/:*?"<>|')


@dataclass(frozen=True, slots=True)
class Made:
    """A document. `data`: what it was made from."""

    name: str
    mimetype: str
    content: bytes
    data: ReportData


def make(
    reading: Reading, report: str, parameters: Mapping[str, str], format: str, locale: str
) -> Made:
    """The document of a report for these parameters (as text).

    Raises NotFound for what this person may not read, Invalid for parameters, and Refused for a
    format the report is not given in or a template that asks for what the report does not know.
    """
    return make_asked(reading, ask(reading, report, parameters), format, locale)


def make_asked(reading: Reading, asked: Asked, format: str, locale: str) -> Made:
    report = asked.report
    if format not in FORMATS or format not in report.output:
        known = ", ".join(f for f in report.output if f in FORMATS)
        raise Refused("report-format", format=format, known=known or "–")
    data = reports.gather(reading, asked, locale)
    if format == "pdf":
        return Made(_file_name(data, format), pdf.MIMETYPE, pdf.render(data), data)
    if not report.template.endswith(_WORD):
        raise Refused("report-format", format=format, known="pdf")
    template = reports.template_of(reading, report)
    if template is None:
        raise NotFound("template-missing-here", name=report.template)
    return Made(_file_name(data, format), word.MIMETYPE, word.fill(template, data), data)


def _file_name(data: ReportData, format: str) -> str:
    """`经营分析报告_JW_2026-03.docx`, without what file systems refuse."""
    parts: list[Any] = [data.title, *(f.value for f in data.parameters.values())]
    if data.record:
        parts.append(data.record["id"].value)
    name = "_".join(str(part) for part in parts if part is not None)
    return (
        "".join("_" if c in '\\/:*?"<>|' or ord(c) < 32 else c for c in name)[:120] + f".{format}"
    )
