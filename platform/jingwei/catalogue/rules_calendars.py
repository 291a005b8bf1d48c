"""What must hold of days: of calendars, and of organisations that come, move and go."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.organisation import Calendar, Org
from jingwei.problems import Problems, Severity


def check_calendars(catalogue: Catalogue, problems: Problems) -> None:
    for calendar in catalogue.calendars.values():
        _check_holidays(calendar, problems)


def _check_holidays(calendar: Calendar, problems: Problems) -> None:
    """A holiday ends after it begins, and no day is a holiday and worked at once."""
    for index, (first, last) in enumerate(calendar.holidays):
        if last < first:
            at = calendar.origin.value("holidays", index, "to")
            problems.add("ends-before-it-begins", at, first=first, last=last)
    for index, day in enumerate(calendar.workdays):
        spans = [span for span in calendar.holidays if span[0] <= day <= span[1]]
        if spans:
            at = calendar.origin.value("workdays", index)
            within = all(first < last for first, last in spans)  # may be an exception to it
            severity: Severity = "warning" if within else "error"
            problems.add("holiday-and-workday", at, severity=severity, day=day)


def check_times_of(catalogue: Catalogue, org: Org, problems: Problems) -> None:
    """Moves happen while there is an org, and it stands below what was there before it."""
    for index, move in enumerate(org.moves):
        gone = org.valid_to is not None and move.from_ > org.valid_to
        if move.from_ < org.valid_from or gone:
            at = org.origin.value("moves", index, "from")
            span = {"first": str(org.valid_from), "last": str(org.valid_to or "…")}
            problems.add(
                "move-out-of-life", at, severity="warning", org=org.code, day=move.from_, **span
            )
    parent = catalogue.orgs.get(org.parent) if org.parent is not None else None
    if parent is not None and org.valid_from < parent.valid_from:
        at = org.origin.value("valid_from")
        holes = {"org": org.code, "parent": parent.code, "day": str(parent.valid_from)}
        problems.add("older-than-parent", at, severity="warning", **holes)
