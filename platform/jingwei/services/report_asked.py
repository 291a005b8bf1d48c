"""A report that somebody asks for: which there are, with what parameters, and who may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.org_tree import OrgTree
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import parse_value
from jingwei.language.form import Field
from jingwei.language.output import Report, Slot
from jingwei.language.periods import Period
from jingwei.language.values import Formula, Literal_
from jingwei.language.who import Who, Whos
from jingwei.refusals import FieldRefusal, Invalid, NotAllowed, NotFound
from jingwei.services import record_views
from jingwei.services.commands import Reading
from jingwei.services.parsing import Names
from jingwei.services.rights import anchors_of
from jingwei.services.world import environment

RECORD = "id"  # the parameter of a report about one record


@dataclass(frozen=True, slots=True)
class Asked:
    """A report with its parameters read and checked. `record`: the one it is about, if any."""

    report: Report
    values: Mapping[str, Any]
    record: record_views.RecordView | None = None

    @property
    def org(self) -> str | None:
        if self.record is not None:
            return self.record.raw.get("org")
        return next((self.values[n] for n, f in self._fields if f.type == "org"), None)

    @property
    def period(self) -> Period | None:
        return next((self.values[n] for n, f in self._fields if f.type == "period"), None)

    @property
    def _fields(self) -> Sequence[tuple[str, Field]]:
        return tuple(self.report.parameters.items())


def about(view: Reading, asked: Asked) -> str:
    """The parameters as one text; orgs by their key, which outlives a new code."""
    parts = []
    for name, field in sorted(asked.report.parameters.items()):
        value = asked.values[name]
        if field.type == "org" and value is not None:
            value = view.installation.book.key("org", value)
        parts.append(f"{name}={'' if value is None else value}")
    if asked.record is not None:
        parts.append(f"{RECORD}={asked.record.raw['id']}")
    return "&".join(parts)


# --- who and what --------------------------------------------------------------------------------


def reports(view: Reading, locale: str) -> list[dict[str, Any]]:
    """The reports this person may read somewhere, in the order of their files."""
    return [
        report_json(report, locale)
        for report in view.catalogue.reports.values()
        if _may_open(view, report)
    ]


def of_record(view: Reading, form: str, raw: Mapping[str, Any]) -> list[Report]:
    """The reports about one record that this person may have printed."""
    found = [r for r in view.catalogue.reports.values() if r.of == form and _may_open(view, r)]
    if not found or not view.rights.decide(view, form, "print", raw).allowed:
        return []
    return found


def orgs_read(view: Reading, report: Report) -> frozenset[str] | None:
    """The orgs of which this person may read the report; None: every one."""
    if view.actor.is_system or not report.for_:
        return None
    found: set[str] = set()
    for anchor in anchors_of(view, report.for_):
        found.update(view.catalogue.tree.under(anchor, view.today))
    for slot in report.narrative.values():
        for who in slot.owner:
            found |= _held(view, who)
    return frozenset(found)


def report_json(report: Report, locale: str) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title(locale),
        "of": report.of,
        "output": list(report.output),
        "archive": report.archive,
        "parameters": [
            {"name": name, "type": f.type, "title": f.title(locale), "grain": f.grain}
            for name, f in report.parameters.items()
        ],
        "narrative": [
            {"name": name, "title": slot.title(locale)} for name, slot in report.narrative.items()
        ],
    }


def ask(view: Reading, name: str, given: Mapping[str, str]) -> Asked:
    """The report with these parameters, as the address or the command line says them.

    Raises NotFound for a report or a record this person may not read, Invalid for parameters.
    """
    report = view.catalogue.reports.get(name)
    if report is None or not _may_open(view, report):
        raise NotFound("no-such-report")
    if report.of is not None:
        return _ask_of_record(view, report, given)
    asked = Asked(report, _parameters(view, report, given))
    if not _may_read(view, asked):
        raise NotFound("no-such-report")
    return asked


def _ask_of_record(view: Reading, report: Report, given: Mapping[str, str]) -> Asked:
    raw = given.get(RECORD, "")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise Invalid("invalid", fields=[FieldRefusal(RECORD, "not-a-record-id")])
    assert report.of is not None
    record = record_views.record(view, report.of, int(raw))
    if not view.rights.decide(view, report.of, "print", record.raw).allowed:
        raise NotAllowed("not-allowed", action="print")
    values = _parameters(view, report, {n: v for n, v in given.items() if n != RECORD})
    asked = Asked(report, values, record)
    if not _may_read(view, asked):
        raise NotFound("no-such-report")
    return asked


def _parameters(view: Reading, report: Report, given: Mapping[str, str]) -> dict[str, Any]:
    names, refused, values = Names(view), list[FieldRefusal](), dict[str, Any]()
    extra = [n for n in given if n not in report.parameters]
    refused += [FieldRefusal(n, "unknown-field", {"name": n[:60]}) for n in extra]
    for name, field in report.parameters.items():
        try:
            values[name] = parse_value(field, given.get(name), names)
        except ValueRefused as error:
            refused.append(error.refusal(name))
            continue
        if values[name] is None:
            values[name] = _default(view, field)
        if values[name] is None and (field.required or field.type in ("org", "period")):
            refused.append(FieldRefusal(name, "required"))
    if refused:
        raise Invalid("invalid", fields=refused)
    return values


def _default(view: Reading, field: Field) -> Any:
    match field.default:
        case Formula():
            return view.catalogue.closure(field.default)(environment(view, {}))
        case None:
            return None
        case Literal_():
            return field.default.value
    return field.default


def _may_open(view: Reading, report: Report) -> bool:
    """Whether this person may read the report of some org."""
    if view.actor.is_system or not report.for_:
        return True
    if anchors_of(view, report.for_):
        return True
    return any(_holds_somewhere(view, slot.owner) for slot in report.narrative.values())


def _may_read(view: Reading, asked: Asked) -> bool:
    """A reader reads about the orgs at or below which it is one; whoever writes a text, about its
    org."""
    report = asked.report
    if view.actor.is_system or not report.for_:
        return True
    anchors = anchors_of(view, report.for_)
    if anchors and (asked.org is None or _is_below(view, asked.org, anchors)):
        return True
    return any(owns(view, asked, slot) for slot in report.narrative.values())


def _is_below(view: Reading, org: str, anchors: frozenset[str]) -> bool:
    tree: OrgTree = view.catalogue.tree
    return org in anchors or bool(anchors & set(tree.ancestors(org, view.today)))


def _holds_somewhere(view: Reading, whos: Whos) -> bool:
    return any(_held(view, who) for who in whos)


def _held(view: Reading, who: Who) -> frozenset[str]:
    """The orgs where the actor is this, wherever the rule puts it."""
    if who.kind == "post":
        return frozenset(org for post, org in view.actor.posts if post == who.name)
    return anchors_of(view, (who,))


def owns(view: Reading, asked: Asked, slot: Slot) -> bool:
    """Whether the actor writes this text for this report's org."""
    for who in slot.owner:
        held = _held(view, who)
        if not held:
            continue
        if who.kind in ("person", "me", "everyone"):
            return True
        wanted = asked.org
        if who.org is not None:
            wanted = view.catalogue.closure(who.org)(around(view, asked))
        if wanted is None or wanted in held:
            return True
    return False


def around(view: Reading, asked: Asked, **more: Any) -> Any:
    raw = asked.record.raw if asked.record is not None else {}
    variables = {**asked.values, **({"record": raw} if asked.record is not None else {}), **more}
    return environment(view, raw, **variables)
