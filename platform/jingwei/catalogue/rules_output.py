"""What must hold of alerts, reports, dashboards and modules, and of the files beside them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.formulas_measures import columns_of
from jingwei.catalogue.rules_form import check_path, unknown
from jingwei.catalogue.standard_values import sheet_path
from jingwei.language.definition import Origin
from jingwei.language.form import Form
from jingwei.language.measures import LEVELS
from jingwei.language.output import BLOCK_HEADS, Alert, Dashboard, DataBlock, Report, Tile
from jingwei.language.periods import Period
from jingwei.language.values import Literal_
from jingwei.language.who import Whos
from jingwei.problems import Position, Problems, nearest

# effects that are written on a record; a schedule has none
OF_A_RECORD = frozenset(
    ("set", "enter", "append", "start", "publish", "amend", "discard_amendment", "render", "score")
)
MOST_ROWS = 1_000  # of one block
TEMPLATES = (".docx", ".typ", ".html", ".xlsx", ".pptx")


def check_output(catalogue: Catalogue, problems: Problems) -> None:
    for alert in catalogue.alerts.values():
        _check_alert(catalogue, alert, problems)
    for schedule in catalogue.schedules.values():
        for effect in schedule.do:
            if effect.verb in OF_A_RECORD or effect.args.get("kind") in ("todo", "cc"):
                problems.add("effect-without-record", effect.at, verb=effect.verb)
    for report in catalogue.reports.values():
        _check_report(catalogue, report, problems)
        _check_readers(report.for_, _READERS_OF_REPORTS, problems)
    for dashboard in catalogue.dashboards.values():
        _check_dashboard(catalogue, dashboard, problems)
        _check_readers(dashboard.for_, _READERS, problems)
    for module in catalogue.modules.values():
        _check_readers(module.for_, _READERS, problems)


# Who can be meant where there is no record; of reports the orgs, too, at which somebody is it.
_READERS_OF_REPORTS = ("everyone", "me", "person", "role", "post", "any_of")
_READERS = (*_READERS_OF_REPORTS, "head_of", "members_of", "field")


def _check_readers(whos: Whos, known: Collection[str], problems: Problems) -> None:
    for who in whos:
        if who.kind not in known:
            problems.add("not-a-reader", who.at, kind=who.kind, known=", ".join(known))
        else:
            _check_readers((*who.of, *who.exclude), known, problems)


def _check_link(catalogue: Catalogue, link: str, at: Position, problems: Problems) -> None:
    """What a tile leads to is there: `form/task`, `dashboard/home` …"""
    places = {
        "form": catalogue.forms,
        "dashboard": catalogue.dashboards,
        "report": catalogue.reports,
        "indicator": catalogue.indicators,
    }
    kind, _, name = link.partition("/")
    if kind in places and name in places[kind]:
        return
    known = [f"{one}/{other}" for one, names in places.items() for other in names]
    meant = nearest(link, known) or next((one for one in known if one.endswith(f"/{link}")), None)
    some = ", ".join(f"{one}/…" for one in places)
    problems.add("unknown-value", at, suggestion=meant, value=link[:60], known=some)


def _check_alert(catalogue: Catalogue, alert: Alert, problems: Problems) -> None:
    for index, level in enumerate(alert.watch_levels):
        if level not in LEVELS:
            at = alert.origin.value("watch", "level", index)
            problems.add(
                "unknown-value",
                at,
                suggestion=nearest(level, LEVELS),
                value=level,
                known=", ".join(LEVELS),
            )
    if alert.watch_indicator is not None and alert.watch_levels:
        indicator = catalogue.indicators[alert.watch_indicator]
        given = {level.level for one in indicator.thresholds for level in one.levels}
        missing = [level for level in alert.watch_levels if level not in given | {"green"}]
        if missing:
            at = alert.origin.value("watch", "level", alert.watch_levels.index(missing[0]))
            problems.add("level-never-given", at, level=missing[0], indicator=indicator.name)
    if alert.watch_form is not None and alert.watch_each is not None:
        tables = catalogue.forms[alert.watch_form].tables
        if alert.watch_each not in tables:
            at = alert.origin.value("watch", "each")
            unknown(problems, at, alert.watch_each, tables, alert.watch_form)
    if alert.urge and alert.date is None:
        problems.add("ladder-without-date", alert.origin.key("urge"))


def _check_report(catalogue: Catalogue, report: Report, problems: Problems) -> None:
    at = report.origin.value("template")
    path = PurePosixPath(report.template)
    if path.is_absolute() or ".." in path.parts or path.suffix not in TEMPLATES:
        problems.add("bad-template-path", at, path=report.template, known=", ".join(TEMPLATES))
    else:
        file = (PurePosixPath(report.origin.file).parent / path).as_posix()
        if file not in catalogue.files:
            problems.add("template-missing", at, path=file)
    for name, block in report.data.items():
        _check_block(catalogue, block, report, ("data", name), problems)
    for name, chart in report.charts.items():
        if chart.of is not None and chart.of not in report.data:
            place = report.origin.value("charts", name, "of")
            unknown(problems, place, chart.of, report.data, "data")
        gathered = report.data.get(chart.of or "")
        columns = columns_of(gathered) if gathered is not None else ()
        for key in ("by", "value"):
            written = chart.options.get(key)
            if columns and isinstance(written, str) and written not in columns:
                place = report.origin.value("charts", name, key)
                unknown(problems, place, written, columns, str(chart.of))


def _check_block(
    catalogue: Catalogue,
    block: DataBlock,
    definition: Report | Dashboard,
    path: tuple[str, ...],
    problems: Problems,
) -> None:
    origin = definition.origin
    _check_order(catalogue, block, definition, path, problems)
    if block.limit is not None and block.limit < 1:
        at = origin.value(*path, "limit")
        problems.add("out-of-range", at, value=block.limit, low=1, high=MOST_ROWS)
    if block.form is None:
        return
    _check_names(block, origin, path, problems)
    name, _, table = block.form.partition(".")
    form = catalogue.forms[name]
    if table:
        _check_columns(form, table, block, origin, path, problems)
        return
    for index, (name, formula) in enumerate(block.columns):
        if formula is None:
            at = origin.value(*path, "columns", index)
            check_path(catalogue, form, name, at, problems)
    for index, name in enumerate(block.group):
        at = origin.value(*path, "group", index)
        check_path(catalogue, form, name, at, problems)
    if block.by:
        at = origin.value(*path, "by")
        check_path(catalogue, form, block.by, at, problems)
        check_time(form, block.by, at, problems)


def _check_names(
    block: DataBlock, origin: Origin, path: tuple[str, ...], problems: Problems
) -> None:
    """A group has its keys and its values side by side, each under a name of its own."""
    keys = [*block.group, *(("period",) if block.by else ())]
    places = [(name, origin.value(*path, "group", i)) for i, name in enumerate(block.group)]
    for name, at in places:
        if name in block.values or keys.count(name) > 1:
            problems.add("group-named-twice", at, name=name)


def check_time(form: Form, name: str, at: Position, problems: Problems) -> None:
    """What says when a record counts is a day, an instant or a period."""
    field = form.fields.get(name)
    if field is not None and field.type not in ("date", "datetime", "period"):
        timed = [n for n, f in form.fields.items() if f.type in ("date", "datetime", "period")]
        known = ", ".join([*timed, "created_at"])
        problems.add("not-in-time", at, name=name, type=field.type, known=known)


def _check_columns(
    form: Form,
    table: str,
    block: DataBlock,
    origin: Origin,
    path: tuple[str, ...],
    problems: Problems,
) -> None:
    """Of the rows of a table: its columns, and what stands on the record as `parent.x`."""
    if table not in form.tables:
        return  # said where the block names it
    columns = form.tables[table].fields
    named = [(n, ("columns", i)) for i, (n, f) in enumerate(block.columns) if f is None]
    named += [(n, ("group", i)) for i, n in enumerate(block.group)]
    for name, place in named:
        if name.partition(".")[0] not in (*columns, "parent", "id"):
            at = origin.value(*path, *place)
            unknown(problems, at, name, list(columns), f"{form.name}.{table}")


# what the rows of a block of indicators have beside their views and comparisons
_OF_A_CELL = (
    *BLOCK_HEADS,
    "value",
    "unit",
    "light",
    "status",
    "missing_reason",
    "as_of",
    "version",
)


def _check_order(
    catalogue: Catalogue,
    block: DataBlock,
    definition: Report | Dashboard,
    path: tuple[str, ...],
    problems: Problems,
) -> None:
    """What a block is sorted by is something its rows have."""
    for index, written in enumerate(block.sort):
        name = written.removeprefix("-")
        at = definition.origin.value(*path, "sort", index)
        if block.form is None:
            across = any(name.startswith(one) for one in catalogue.indicators)
            known: list[str] = [*_OF_A_CELL, *block.measured]
            if block.indicators and name not in known and not across:
                unknown(problems, at, name, known, definition.name)
            continue
        grouped = block.group or block.values or block.by
        named = [name for name, _ in block.columns if not grouped]
        known = [*named, *block.group, *block.values, *(("period",) if block.by else ())]
        if name in known:
            continue
        if grouped:
            unknown(problems, at, name, known, definition.name)
        elif "." not in block.form:
            check_path(catalogue, catalogue.forms[block.form], name, at, problems)


def _check_dashboard(catalogue: Catalogue, dashboard: Dashboard, problems: Problems) -> None:
    for name, tile in dashboard.tiles.items():
        _check_block(catalogue, tile.block, dashboard, ("tiles", name), problems)
        if tile.link is not None:
            _check_link(
                catalogue, tile.link, dashboard.origin.value("tiles", name, "link"), problems
            )
        if tile.spark is not None and tile.type != "number":
            at = dashboard.origin.key("tiles", name, "spark")
            needs = "type: number"
            problems.add("without-effect", at, severity="warning", key="spark", needs=needs)
        _check_tile(catalogue, tile, dashboard.origin.value("tiles", name, "type"), problems)
    for control in dashboard.controls.values():
        written = control.default.value if isinstance(control.default, Literal_) else None
        if control.grain is not None and isinstance(written, str):
            try:
                Period.parse(written)
            except ValueError:
                at = dashboard.origin.value("controls", control.name, "default")
                problems.add("not-a-period", at, text=written[:40])
    placed: list[tuple[str, Position]] = [
        (name, dashboard.origin.value("layout", row, index))
        for row, names in enumerate(dashboard.layout)
        for index, name in enumerate(names)
    ]
    placed += [(n, dashboard.origin.value("phone", i)) for i, n in enumerate(dashboard.phone)]
    for name, at in placed:
        if name not in dashboard.tiles:
            unknown(problems, at, name, dashboard.tiles, "tiles")
    shown = {name for name, _ in placed}
    for name in dashboard.tiles:
        if dashboard.layout and name not in shown:
            at = dashboard.origin.key("tiles", name)
            problems.add("tile-not-placed", at, severity="warning", name=name)


def _check_tile(catalogue: Catalogue, tile: Tile, at: Position, problems: Problems) -> None:
    """A tile has what its kind shows."""
    missing = {
        "chart": tile.chart is None and "chart",
        "heat": not tile.block.indicators and "indicator",
        "text": tile.text is None and "text",
    }.get(tile.type)
    if missing:
        problems.add("key-for-type-missing", at, key=missing, type=tile.type)
    if tile.type == "matrix" and tile.block.form is not None:
        form = catalogue.forms[tile.block.form.partition(".")[0]]
        if not any(field.type == "period" for field in form.fields.values()):
            problems.add("matrix-without-period", at, form=form.name)


def check_files_are_used(catalogue: Catalogue, problems: Problems) -> None:
    """A file beside the definitions that no report names is a mistake, not an extra."""
    named = {
        (PurePosixPath(report.origin.file).parent / report.template).as_posix()
        for report in catalogue.reports.values()
    }
    named |= {sheet_path(benchmark) for benchmark in catalogue.benchmarks.values()}
    for file in catalogue.files:
        if file.endswith((".yaml", ".md")) or file in named:
            continue
        problems.add("file-not-used", Position(file), severity="warning", name=file)
