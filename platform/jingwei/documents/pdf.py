"""PDF of any report, through typst: one layout of the engine, the same bytes for the same data."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typst

from jingwei.documents.charts import HEIGHT, SLANT, WIDTH, Drawn, picture
from jingwei.documents.parts import printed
from jingwei.documents.values import sayable
from jingwei.refusals import Refused
from jingwei.services.report_data import ReportData

MIMETYPE = "application/pdf"
LAYOUT = "layout.typ"
FONT_PACKAGE = "manimgx_fonts_cjk"  # for machines without Chinese fonts


def render(data: ReportData) -> bytes:
    """The PDF of a report. Raises Refused when typst cannot lay it out."""
    try:
        return _compiled(data)
    except typst.TypstError as error:
        if data.pictures:  # one that cannot be read is said in words, as the others then are
            return render(replace(data, pictures={}))
        raise Refused("report-not-laid-out", reason=error.message) from error


def _compiled(data: ReportData) -> bytes:
    layout = files(__package__).joinpath(LAYOUT).read_bytes()
    compiler = typst.Compiler(
        layout,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(_laid_out(data), ensure_ascii=False)},
    )
    day = data.made_on
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    content = compiler.compile(format="pdf", timestamp=moment)
    assert isinstance(content, bytes)  # a list of pages is what PNG and SVG give
    return content


@cache
def _fonts() -> Any:
    spec = find_spec(FONT_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return typst.Fonts(font_paths=[Path(folder) for folder in folders])


def _laid_out(data: ReportData) -> dict[str, Any]:
    """The parts with each chart as shapes, and its words apart: typst sets them in its fonts."""
    found = printed(data)
    for part in found["parts"]:
        chart = part.pop("chart", None)
        if chart is not None:
            part.update(_picture(chart))
    found["pictures"] = {name: list(content) for name, content in data.pictures.items()}
    return found


def _picture(chart: Drawn) -> dict[str, Any]:
    made = picture(chart)
    return {
        "svg": made.svg(words=False).decode(),
        "width": WIDTH,
        "height": HEIGHT,
        "slant": SLANT,
        "labels": [asdict(label) | {"words": sayable(label.words)} for label in made.labels],
    }
