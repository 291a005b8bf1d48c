"""A report as one HTML page that needs nothing else: for mails, previews and archives.

A report whose template is HTML says itself what stands where; any other gets the engine's layout.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from jinja2 import TemplateError
from markupsafe import Markup

from jingwei.documents.charts import drawn, svg
from jingwei.documents.given import template_values
from jingwei.documents.page_templates import read_template
from jingwei.documents.parts import printed
from jingwei.documents.template_language import unknown_names
from jingwei.documents.templates import TemplateEnvironment
from jingwei.refusals import Refused
from jingwei.services.report_data import ChartData, Figure, ReportData
from jingwei.texts import text

MIMETYPE = "text/html; charset=utf-8"
STYLE = """
body{font:16px/1.8 FangSong,"Noto Serif CJK SC",serif;color:#222;margin:0 auto;max-width:50rem;
padding:2rem}h1{font-size:1.7rem;text-align:center}h2{font-size:1.15rem;margin:1.6em 0 .4em}
.line,.unit{text-align:center}.unit{text-align:right;font-size:.85rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{border-top:1px solid #bbb;border-bottom:1px solid #bbb;padding:.25em .5em;text-align:left}
.num{text-align:right;white-space:nowrap}.note{font-size:.85rem;color:#555}svg{width:100%}
.signed{max-height:3rem}.sign{text-align:right;margin-top:2em}
@page{size:A4;margin:37mm 26mm 35mm 28mm}
"""


def render(data: ReportData) -> bytes:
    """The page in the engine's own layout."""
    found = printed(data)
    lang = "zh-CN" if data.locale == "zh" else "en"
    head = f"<meta charset=utf-8><title>{escape(found['title'])}</title><style>{STYLE}</style>"
    return (
        f"<!doctype html><html lang={lang}><head>{head}</head><body>"
        f"<h1>{escape(found['title'])}</h1><p class=line>{escape(found['line'])}</p>"
        f"{''.join(fragments(found['parts'], data.pictures))}"
        f"<p class=sign>{escape(found['author'])}<br>{escape(found['date'])}</p></body></html>"
    ).encode()


def fragments(
    parts: list[dict[str, Any]], pictures: Mapping[str, bytes] | None = None
) -> Iterator[str]:
    """Each part as HTML; every word of it escaped. `pictures`: those that its cells name."""
    for part in parts:
        part = {"pictures": pictures or {}, **part}
        title = f"<h2>{escape(part['title'])}</h2>" if part["title"] else ""
        yield title + _PARTS[part["kind"]](part)


def _fields(part: dict[str, Any]) -> str:
    rows = (
        f"<tr><th>{escape(name)}</th><td>{escape(words)}</td></tr>" for name, words in part["rows"]
    )
    return f"<table>{''.join(rows)}</table>"


def _table(part: dict[str, Any]) -> str:
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in part["notes"])
    if not part["rows"]:
        return f"<p>{escape(part['empty'])}</p>{notes}"
    kinds = [" class=num" if c["kind"] == "number" else "" for c in part["columns"]]
    heads = (
        f"<th{k}>{escape(c['title'])}</th>" for c, k in zip(part["columns"], kinds, strict=True)
    )
    rows = (
        "<tr>"
        + "".join(
            f"<td{k}>{_said(cell, part['pictures'])}</td>"
            for cell, k in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for row in part["rows"]
    )
    unit = f"<p class=unit>{escape(part['unit'])}</p>" if part["unit"] else ""
    table = f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return unit + table + notes


def _said(cell: Any, pictures: Mapping[str, bytes]) -> str:
    """A cell: words, or a picture that is part of the page."""
    if isinstance(cell, str):
        return escape(cell)
    return _signature(pictures.get(cell["picture"]), cell["alt"])


def _signature(content: bytes | None, alt: str) -> str:
    if content is None:
        return escape(alt)
    address = f"data:{_type_of(content)};base64,{b64encode(content).decode()}"
    return f'<img class="signed" src="{address}" alt="{escape(alt, quote=True)}">'


def _type_of(content: bytes) -> str:
    """What a signature may be (`personal.DRAWN`), by its first bytes."""
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if content[8:12] == b"WEBP" else "image/png"


def _chart(part: dict[str, Any]) -> str:
    label = escape(part["alt"], quote=True)
    return f'<figure role=img aria-label="{label}">{svg(part["chart"]).decode()}</figure>'


def _text(part: dict[str, Any]) -> str:
    return "".join(f"<p>{escape(words)}</p>" for words in part["paragraphs"])


_PARTS = {"fields": _fields, "table": _table, "chart": _chart, "text": _text}


# --- templates of authors ------------------------------------------------------------------------


def fill(content: bytes, data: ReportData, known: Mapping[str, Any] | None = None) -> bytes:
    """The page that an author's template makes; `known`: see `word.fill`. Raises Refused."""
    names, faults = read_template(content)
    for fault in faults:
        raise fault.refusal()
    values, shape = template_values(data, lambda figure: _signed(data, figure))
    for name in unknown_names(names, shape if known is None else known):
        raise Refused("template-unknown-name", name=name)
    values["charts"] = {name: _picture(chart, data.locale) for name, chart in data.charts.items()}
    values["narrative"] = {
        name: Markup("<br>").join(lines) for name, lines in values["narrative"].items()
    }
    try:
        made = TemplateEnvironment(data.locale).from_string(content.decode("utf-8")).render(values)
    except TemplateError as error:
        raise Refused("template-syntax", name=str(error)) from None
    return made.encode()


def _signed(data: ReportData, figure: Figure) -> Markup:
    if figure.value is None:
        return Markup("")
    made = _signature(data.pictures.get(str(figure.value)), figure.title or "")
    return Markup(made)  # noqa: S704  # every word in it is escaped


def _picture(chart: ChartData, locale: str) -> Markup:
    if chart.is_empty:
        return Markup.escape(text("reports.no_data", locale))
    return Markup(svg(drawn(chart, locale)).decode())  # noqa: S704  # every word in it is escaped
