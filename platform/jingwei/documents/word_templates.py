"""Word files as templates: what one asks for, and what is wrong with it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from itertools import count
from typing import Any

from docxtpl import DocxTemplate

from jingwei.documents.template_language import Fault, names_of, parsed, unknown_names
from jingwei.refusals import Refused

MOST_BYTES = 40_000_000  # of a template, unpacked
_ACTIVE = ("vbaproject", "activex", "oleobject", "attachedtemplate")


def read_template(content: bytes) -> tuple[dict[str, int], list[Fault]]:
    """The names a template asks for (`summary.rows.*.actual`), each with the paragraph of the
    first time, and everything wrong with it but unknown names."""
    names: dict[str, int] = {}
    faults: list[Fault] = []
    for source in _sources(opened(content)):
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


def opened(content: bytes) -> Any:
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
