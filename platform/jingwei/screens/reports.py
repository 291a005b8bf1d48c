"""`/reports` and `/reports/NAME`: a report to read, the texts that people owe it, its documents.

Parameters stand in the address. What is shown is what the documents say: the same parts, laid out
by the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, request
from markupsafe import Markup

from jingwei.documents.page import fragments
from jingwei.documents.parts import printed
from jingwei.documents.reports import formats_of
from jingwei.language.form import Field
from jingwei.language.output import Report
from jingwei.language.periods import Grain, Period
from jingwei.refusals import NotFound, Refused
from jingwei.screens.cells import Cells
from jingwei.screens.frame import page
from jingwei.screens.orgs import org_options, periods_around
from jingwei.screens.session import reading
from jingwei.services import report_asked, report_kept, reports
from jingwei.services.commands import Reading
from jingwei.services.report_asked import RECORD, Asked
from jingwei.services.report_data import Narrative
from jingwei.services.titles import choices
from jingwei.texts import text
from jingwei.web import current, locale

Options = Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One question of a report. `options`: (value, words, depth); none: it is typed."""

    name: str
    title: str
    value: str
    options: Options = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A text: as it stands, and where it is written."""

    name: str
    title: str
    text: str
    required: bool
    may_write: bool
    written: str
    address: str
    id: int


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/reports", "reports", index)
    blueprint.add_url_rule("/reports/<name>", "report", show)


def words(key: str, **holes: object) -> str:
    return text(f"reports.screen.{key}", locale(), **holes)


def index() -> Any:
    """Those this person may read. Documents about one record are made from its page."""
    with reading() as view:
        found = [r for r in report_asked.reports(view, locale()) if r["of"] is None]
        return page(view, "reports.html", reports=found, words=words)


def show(name: str) -> Any:
    with reading() as view:
        report = view.catalogue.reports.get(name)
        if report is None:
            raise NotFound("no-such-report")
        given = _given(view, report)
        asked, refused = _asked(view, name, given)
        context: dict[str, Any] = {"preview": [], "slots": [], "kept": [], "formats": []}
        if asked is not None:
            context = _context(view, asked, given)
        return page(
            view,
            "report.html",
            code=refused.status if refused is not None and refused.status == 403 else 200,
            title=report.title(locale()),
            report=report,
            parameters=_parameters(view, report, given, refused),
            problem=refused.message(locale()) if refused and not refused.fields else "",
            about=given.get(RECORD) if report.of is not None else None,
            words=words,
            **context,
        )


def _given(view: Reading, report: Report) -> dict[str, str]:
    """Parameters of the address; what is not said is the reader's own org and the last month."""
    known = (*report.parameters, *((RECORD,) if report.of is not None else ()))
    given = {n: request.args[n].strip() for n in known if request.args.get(n, "").strip()}
    for name, field in report.parameters.items():
        if name in given or field.default is not None:
            continue
        if field.type == "org":
            given[name] = _own_org(view, report)
        elif field.type == "period":
            grain = cast(Grain, field.grain or "month")
            given[name] = str(Period.containing(view.today, grain).shifted(-1))
    return {n: v for n, v in given.items() if v}


def _own_org(view: Reading, report: Report) -> str:
    """Where the reader stands, if that is an org the report may be read of; else the first."""
    within = report_asked.orgs_read(view, report)
    own: str = view.actor.org or view.catalogue.tree.root
    if within is None or own in within:
        return own
    tree = view.catalogue.tree
    return min(within, default="", key=lambda org: (len(tree.ancestors(org, view.today)), org))


def _asked(
    view: Reading, name: str, given: Mapping[str, str]
) -> tuple[Asked | None, Refused | None]:
    """The report with these parameters, or what is wrong with them."""
    try:
        return report_asked.ask(view, name, given), None
    except Refused as refused:
        if refused.status == 404:
            raise
        return None, refused


def _context(view: Reading, asked: Asked, given: Mapping[str, str]) -> dict[str, Any]:
    data = reports.gather(view, asked, locale(), current().settings.data_dir)
    parts = [part for part in printed(data)["parts"] if "slot" not in part]
    cells = Cells(view)
    address = f"/api/v1/reports/{asked.report.name}"
    query = urlencode(given)
    slots = [_slot(cells, slot, address, query) for slot in data.narrative.values()]
    kept = [
        {**row, "when": cells.moment(row["at"]), "address": f"{address}/kept/{row['id']}?{query}"}
        for row in report_kept.kept_files(view, asked)
    ]
    return {
        # every word of it was escaped where it was made
        "preview": [Markup(part) for part in fragments(parts, data.pictures)],  # noqa: S704
        "slots": slots,
        "kept": kept,
        "formats": [(f, f"{address}?{query}&format={f}") for f in formats_of(asked.report)],
        "made_of": data.fingerprint,
    }


def _slot(cells: Cells, slot: Narrative, address: str, query: str) -> Slot:
    written = ""
    if slot.written_at is not None:
        when = cells.moment(slot.written_at)
        written = words("written", who=slot.written_by or "–", when=when)
    return Slot(
        slot.name,
        slot.title,
        slot.text,
        slot.required and not slot.text.strip(),
        slot.may_write,
        written,
        f"{address}/narrative/{slot.name}?{query}",
        slot.id or 0,
    )


# --- the questions -------------------------------------------------------------------------------


def _parameters(
    view: Reading, report: Report, given: Mapping[str, str], refused: Refused | None
) -> list[Parameter]:
    wrong = {f.path: f.message(locale()) for f in (refused.fields if refused else ())}
    return [
        Parameter(
            name,
            field.title(locale()),
            given.get(name, ""),
            _options(view, report, field, given.get(name, "")),
            wrong.get(name, ""),
        )
        for name, field in report.parameters.items()
    ]


def _options(view: Reading, report: Report, field: Field, value: str) -> Options:
    cells = Cells(view)
    match field.type:
        case "org":
            return org_options(view, cells, report_asked.orgs_read(view, report))
        case "period":
            found = list(periods_around(view, field.grain or "month"))
            if value and value not in found:
                found.insert(0, value)
            return [(p, cells.period(p), 0) for p in found]
        case "choice":
            return [(c.code, c.title(locale()), 0) for c in choices(view, field)]
        case "indicator":
            return [(i.name, i.title(locale()), 0) for i in view.catalogue.indicators.values()]
    return ()
