"""What was said about a record on its way through an approval, with the signatures of that time:
for documents about the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jingwei.language.output import OPINIONS
from jingwei.services import flows, personal
from jingwei.services.commands import Reading
from jingwei.services.files import path_of
from jingwei.services.flows.runtime import load, may_see
from jingwei.services.flows.view import flow_json
from jingwei.services.record_views import RecordView
from jingwei.services.report_data import PICTURE, Figure, ReportColumn, ReportTable
from jingwei.services.row_titles import with_rows
from jingwei.storage.files import find_files
from jingwei.storage.people import find_people
from jingwei.texts import has_text, text

SYSTEM = "system"  # the login of who decided what no person did
DECIDED = frozenset({"approved", "rejected", "returned"})
TYPES = {"round": "integer", "at": "datetime", "signature": PICTURE}


def opinions(view: Reading, record: RecordView, locale: str) -> ReportTable:
    """The decisions of the record's newest request, the earliest first, those of the system with
    their reason among them; none where there is no request that the reader may see."""
    columns = tuple(
        ReportColumn(name, text(f"reports.opinions.{name}", locale), TYPES.get(name, "text"))
        for name in OPINIONS
    )
    latest = flows.latest_flow(view, record.form.name, record.raw["id"])
    if latest is None:
        return ReportTable(columns, ())
    found = load(view, latest, though_it_fits_no_more=True, whole=True)
    if not may_see(view, found.state):
        return ReportTable(columns, ())
    json = flow_json(view, found, predicts=False)
    told = sorted(_told(json, locale), key=lambda one: str(one["at"]))
    signed = _signatures(view, told)
    people = {str(one[key]) for one in told for key in ("by", "person")}
    names = {login: row.name for login, row in find_people(view.connection, people).items()}
    names[SYSTEM] = text("screens.system", locale)
    return ReportTable(columns, tuple(_row(view, one, names, signed, locale) for one in told))


def pictures(table: ReportTable, data_dir: Path | None) -> Mapping[str, bytes]:
    """The contents of the signatures, by what the figures of the table name them."""
    if data_dir is None:
        return {}
    wanted = {str(row["signature"].value) for row in table.rows if row["signature"].value}
    return {sha256: path_of(data_dir, sha256).read_bytes() for sha256 in sorted(wanted)}


def _told(json: Mapping[str, Any], locale: str) -> Iterator[Mapping[str, Any]]:
    for run in json["path"]:
        title = with_rows(str(run["title"]), run["rows"], locale)
        about = {"step": run["step"], "title": title, "round": run["round"]}
        told = [one for one in run["people"] if one["at"] and one["outcome"] in DECIDED]
        for one in told:
            yield {**one, **about} if one["by"] else {**_by_system(one, locale), **about}
        # nobody was asked, or nobody had to be: the step itself says why it went on
        if run["reason"] and not told and run["outcome"] in DECIDED:
            own = {"person": SYSTEM, "outcome": run["outcome"], "at": run["closed_at"]}
            yield {**_by_system({**own, "reason": run["reason"]}, locale), **about}


def _by_system(one: Mapping[str, Any], locale: str) -> dict[str, Any]:
    key = f"flows.reasons.{one['reason']}"
    return {**one, "by": SYSTEM, "comment": text(key, locale) if has_text(key) else ""}


def _signatures(view: Reading, told: list[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """The sha256 of the picture that each had when he decided."""
    asked = {(str(o["by"]), str(o["at"])): datetime.fromisoformat(str(o["at"])) for o in told}
    held = personal.signatures_at(view, [(who, at) for (who, _), at in asked.items()])
    files = find_files(view.connection, set(held.values()))
    return {
        key: files[held[key[0], at]].sha256
        for key, at in asked.items()
        if held.get((key[0], at)) in files
    }


def _row(
    view: Reading,
    one: Mapping[str, Any],
    names: Mapping[str, str],
    signed: Mapping[tuple[str, str], str],
    locale: str,
) -> dict[str, Figure]:
    by, person = str(one["by"]), str(one["person"])
    who = names.get(by, by)
    if person != by:
        who = text("reports.for_other", locale, who=who, other=names.get(person, person))
    at = datetime.fromisoformat(str(one["at"])).astimezone(view.clock.zone).replace(tzinfo=None)
    outcome = str(one["outcome"])
    said = text("reports.signature_of", locale, name=names.get(by, by))
    sha256 = signed.get((by, str(one["at"])))
    return {
        "step": Figure(str(one["step"]), "text", None, str(one["title"])),
        "person": Figure(by, "person", None, who),
        "outcome": Figure(outcome, "choice", None, text(f"flows.outcomes.{outcome}", locale)),
        "comment": Figure(str(one["comment"] or "") or None),
        "at": Figure(at, "datetime"),
        "round": Figure(one["round"], "integer"),
        "signature": Figure(sha256, PICTURE, None, said if sha256 else None),
    }
