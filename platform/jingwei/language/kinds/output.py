"""Kinds alert, report and dashboard, and the data block they share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jingwei.language.fields import FIELDS
from jingwei.language.kinds.common import common, own
from jingwei.language.output import (
    Alert,
    Chart,
    Control,
    Dashboard,
    DataBlock,
    Report,
    Slot,
    Tile,
    Todo,
)
from jingwei.language.shapes import (
    AT,
    BOOLEAN,
    CONDITION,
    DUE,
    DURATION,
    FORMULA,
    INTEGER,
    LADDER,
    NAME,
    TEMPLATE,
    TEXT,
    VALUE,
    WHO,
    WORD,
    Schema,
    by_shape,
    else_,
    enum,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.values import Formula
from jingwei.language.walker import BAD, Walker, reads
from jingwei.reading.yaml_file import Data, Path, Scalar

VIEWS = ("actual", "target", "budget", "forecast")
COMPARE = ("yoy", "yoy_pp", "mom", "mom_pp", "vs_target", "attainment", "tier", "rank")
TILE_TYPES = ("number", "table", "chart", "heat", "matrix", "list", "text")
CHART_TYPES = ("bar", "line", "pie", "area", "stacked_bar", "scatter", "waterfall", "radar")

_INDICATORS = {"jingwei": "indicator_names", "type": ["string", "array"]}
BLOCK: Mapping[str, Schema] = {
    "indicator": _INDICATORS,
    "indicators": _INDICATORS,
    "orgs": FORMULA,
    "periods": by_shape(scalar=FORMULA),
    "views": list_of(enum(*VIEWS), one=True),
    "compare": list_of(enum(*COMPARE), one=True),
    "sort": list_of(WORD, one=True),
    "limit": INTEGER,
    "form": WORD,
    "where": CONDITION,
    "columns": list_of(by_shape(scalar=WORD, keyed=map_of(FORMULA))),
    "group": list_of(WORD, one=True),
    "value": by_shape(scalar=FORMULA, keyed=map_of(FORMULA)),
    "values": by_shape(scalar=FORMULA, items=list_of(FORMULA), keyed=map_of(FORMULA)),
    "by": WORD,
    "every": enum("month", "quarter", "half", "year"),
}
_BLOCK = keys("data_block", {**BLOCK, "periods": {"jingwei": "block_periods"}})


@reads("indicator_names")
def read_indicator_names(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """Names of indicators, or `set.NAME`."""
    items = data if isinstance(data, list) else [data]
    names: list[str] = []
    for index, part in enumerate(items):
        here = (*path, index) if isinstance(data, list) else path
        scalar = walker.scalar(part, here, "things.words")
        if scalar is None:
            return BAD
        at = walker.value_at(here)
        if scalar.text.startswith("set."):
            walker.reference("indicator_set", scalar.text[4:], at.shifted(4, len(scalar.text)))
        else:
            walker.reference("indicator", scalar.text, at)
        names.append(scalar.text)
    return tuple(names)


@reads("block_periods")
def read_block_periods(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """How many periods, or an expression that yields them."""
    if isinstance(data, Scalar) and re.fullmatch("[0-9]{1,3}", data.text):
        return int(data.text)
    return walker.read(FORMULA, data, path)


def build_block(walker: Walker, values: dict[str, Any], path: Path) -> DataBlock:
    """The data block of checked keys."""
    arguments = own(values, "orgs", "views", "compare", "form", "where", "group", "by", "every")
    arguments.update(own(values, "sort", "limit"))
    arguments["indicators"] = values.get("indicators", ()) + values.get("indicator", ())
    periods = values.get("periods")
    if isinstance(periods, int):
        arguments["period_count"] = periods
    elif periods is not None:
        arguments["periods"] = periods
    arguments["columns"] = tuple(_columns(values.get("columns", ())))
    arguments["values"] = _values(values)
    if "form" in values:
        form = values["form"].partition(".")[0]
        walker.reference("form", form, walker.value_at((*path, "form")))
    return DataBlock(at=walker.value_at(path), **arguments)


def _columns(given: tuple[Any, ...]) -> Any:
    for column in given:
        if isinstance(column, dict):
            yield from column.items()
        else:
            yield column, None


def _values(values: dict[str, Any]) -> dict[str, Formula]:
    """Aggregates by column name; one without a name is called `value`, then `value_2` …"""
    found: dict[str, Formula] = {}
    for given in (values.get("value"), values.get("values")):
        if isinstance(given, dict):
            found.update(given)
        elif given is not None:
            for formula in given if isinstance(given, tuple) else (given,):
                count = len(found)
                found["value" if not count else f"value_{count + 1}"] = formula
    return found


def check_block(walker: Walker, block: DataBlock, path: Path) -> bool:
    """A block asks for indicators or for rows of a form, not for both."""
    if block.indicators and block.form:
        walker.fail("block-twice", walker.key_at((*path, "form")))
        return False
    if not block.indicators and not block.form:
        walker.fail("block-empty", walker.key_at(path))
        return False
    return True


ALERT = kind(
    "alert",
    {
        "watch": keys(
            "watch",
            {
                "indicator": ref("indicator"),
                "level": list_of(NAME, one=True),
                "form": ref("form"),
                "each": NAME,
            },
        ),
        "when": CONDITION,
        "date": FORMULA,
        "check": by_shape(scalar={"jingwei": "check_time"}),
        "for_at_least": DURATION,
        "to": WHO,
        "message": TEMPLATE,
        "todo": keys(
            "todo",
            {
                "form": ref("form"),
                "one_open_per": list_of(NAME, one=True),
                "set": map_of(VALUE),
                "closes_by": else_(enum("asking", "itself"), "asking"),
                "close_when": CONDITION,
            },
            ("form",),
        ),
        "urge": LADDER,
        "urgent": BOOLEAN,
    },
    ("watch", "to"),
)


@reads("check_time")
def read_check_time(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if isinstance(data, Scalar) and data.text == "on_change":
        return data.text
    return walker.read(AT, data, path)


def build_alert(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    watch = values["watch"]
    if ("indicator" in watch) == ("form" in watch):
        return walker.fail("watch-one", walker.key_at(("watch",)))
    arguments = own(values, "when", "date", "check", "for_at_least", "to", "message", "urge")
    if "todo" in values:
        arguments["todo"] = Todo(**values["todo"])
    if watch.get("indicator") and not watch.get("level") and "when" not in values:
        return walker.fail("alert-without-condition", walker.key_at(("watch",)))
    if watch.get("form") and "when" not in values and "date" not in values:
        return walker.fail("alert-without-condition", walker.key_at(("watch",)))
    return Alert(
        **common(walker, name, values),
        watch_indicator=watch.get("indicator"),
        watch_levels=watch.get("level", ()),
        watch_form=watch.get("form"),
        watch_each=watch.get("each"),
        urgent=values.get("urgent", False),
        **arguments,
    )


_CHART: Mapping[str, Schema] = {
    "type": enum(*CHART_TYPES),
    "title": TEXT,
    "of": NAME,
    "indicator": ref("indicator"),
    "periods": INTEGER,
    "by": WORD,
    "value": WORD,
}
_SLOT = keys(
    "narrative",
    {"title": TEXT, "owner": WHO, "due": DUE, "required_if": CONDITION, "prefill": TEMPLATE},
    ("title",),
)
REPORT = kind(
    "report",
    {
        "of": ref("form"),
        "parameters": FIELDS,
        "template": WORD,
        "style": WORD,
        "data": map_of(_BLOCK, thing="data_block"),
        "charts": map_of(keys("chart", _CHART, ("type",)), thing="chart"),
        "narrative": map_of(_SLOT, thing="narrative"),
        "number": TEMPLATE,
        "for": WHO,
        "output": else_(list_of(enum("docx", "pdf", "html", "xlsx", "pptx"), one=True), "docx"),
        "schedule": AT,
        "each_org": FORMULA,
        "archive": BOOLEAN,
    },
    ("template",),
)


def build_report(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    blocks = {}
    for block_name, given in values.get("data", {}).items():
        path = ("data", block_name)
        blocks[block_name] = build_block(walker, given, path)
        check_block(walker, blocks[block_name], path)
    charts = {
        n: Chart(
            options={k: v for k, v in c.items() if k not in ("type", "of", "indicator", "periods")},
            **own(c, "type", "of", "indicator", "periods"),
        )
        for n, c in values.get("charts", {}).items()
    }
    return Report(
        **common(walker, name, values),
        data=blocks,
        charts=charts,
        narrative={n: Slot(name=n, **s) for n, s in values.get("narrative", {}).items()},
        for_=values.get("for", ()),
        **own(values, "template", "of", "parameters", "style", "number", "output", "schedule"),
        **own(values, "each_org", "archive"),
    )


_TILE: Mapping[str, Schema] = {
    **_BLOCK["properties"],
    "type": enum(*TILE_TYPES),
    "title": TEXT,
    "chart": enum(*CHART_TYPES),
    "spark": INTEGER,
    "link": WORD,
    "format": WORD,
    "text": TEXT,
}
DASHBOARD = kind(
    "dashboard",
    {
        "for": WHO,
        "controls": map_of(
            keys(
                "control",
                {"default": VALUE, "grain": enum("month", "quarter", "half", "year")},
            ),
            thing="control",
        ),
        "tiles": map_of(keys("tile", _TILE, ("type",)), thing="tile"),
        "layout": list_of(list_of(NAME)),
        "phone": list_of(NAME),
    },
    ("for", "tiles"),
)


def build_dashboard(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    tiles = {}
    for tile_name, given in values["tiles"].items():
        path = ("tiles", tile_name)
        block = build_block(walker, given, path)
        if given["type"] != "text":
            check_block(walker, block, path)
        tiles[tile_name] = Tile(
            name=tile_name,
            block=block,
            **own(given, "type", "title", "chart", "spark", "link", "format", "text"),
        )
    return Dashboard(
        **common(walker, name, values),
        for_=values["for"],
        controls={n: Control(name=n, **c) for n, c in values.get("controls", {}).items()},
        tiles=tiles,
        **own(values, "layout", "phone"),
    )
