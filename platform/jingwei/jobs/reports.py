"""Reports that the calendar asks for: made for each org, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import structlog

from jingwei.documents.reports import Made, formats_of, make_asked
from jingwei.language.output import Report
from jingwei.language.periods import Grain, Period
from jingwei.refusals import Refused
from jingwei.services import report_asked, report_kept
from jingwei.services.commands import Reading, Work
from jingwei.services.people import SYSTEM
from jingwei.services.platform import Platform
from jingwei.services.world import environment
from jingwei.storage.outbox import Message

TOPIC = "report.make"
log = structlog.get_logger(__name__)


def make_report(platform: Platform, message: Message) -> None:
    """The documents of one report for the period that was over when it came due. Made again they
    are kept once: the same data has the same fingerprint."""
    name = str(message.payload["report"])
    with platform.commands.read(SYSTEM) as view:
        report = view.catalogue.reports.get(name)
        asked = [] if report is None else list(_questions(view, report))
    for given in asked:
        try:
            _make(platform, name, given)
        except Refused as refused:
            # One org whose report cannot be made must not keep the others from theirs.
            log.warning("report_not_made", report=name, given=given, why=refused.message("en"))


def _questions(view: Reading, report: Report) -> Iterator[dict[str, str]]:
    """Parameters: one set for each org of `each_org`, or of the root; the last closed period."""
    given: dict[str, str] = {}
    org_name = None
    for name, field in report.parameters.items():
        if field.type == "period" and field.default is None:
            grain: Grain = field.grain or "month"  # type: ignore[assignment]  # checked
            given[name] = str(Period.containing(view.today, grain).shifted(-1))
        elif field.type == "org" and field.default is None:
            org_name = name
    if org_name is None:
        yield given
        return
    for org in _orgs(view, report):
        yield {**given, org_name: org}


def _orgs(view: Reading, report: Report) -> list[str]:
    tree = view.catalogue.tree
    if report.each_org is None:
        return [tree.root]
    holds = view.catalogue.closure(report.each_org)
    there = (code for code in tree.codes if tree.exists(code, view.today))
    return [code for code in there if holds(environment(view, {}, org=code))]


def _make(platform: Platform, name: str, given: Mapping[str, str]) -> None:
    locale = platform.settings.default_locale
    with platform.commands.read(SYSTEM) as view:
        asked = report_asked.ask(view, name, given)
        made = [make_asked(view, asked, one, locale) for one in formats_of(asked.report)]
    for one in made:
        platform.commands.run(partial(_keep, name=name, given=given, made=one), SYSTEM)


def _keep(work: Work, *, name: str, given: Mapping[str, str], made: Made) -> int:
    asked = report_asked.ask(work, name, given)
    return report_kept.keep_file(work, asked, made.data, made.name, made.mimetype, made.content)
