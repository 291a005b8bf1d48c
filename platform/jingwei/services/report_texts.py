"""Texts that people write into reports: whose each is, what stands there, and its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.output import Slot
from jingwei.refusals import FieldRefusal, Invalid, NotAllowed, NotFound, Stale
from jingwei.services.commands import Reading, Work
from jingwei.services.display import rendered
from jingwei.services.report_asked import Asked, about, around, owns
from jingwei.services.report_data import Narrative
from jingwei.storage import reports as rows
from jingwei.storage.changes import ChangeRow
from jingwei.storage.reports import NarrativeRow

MOST_TEXT = 20_000


def narrative_of(
    view: Reading, asked: Asked, blocks: Mapping[str, Any], locale: str
) -> dict[str, Narrative]:
    written = rows.narrative_of(view.connection, asked.report.name, about(view, asked))
    found = {}
    for name, slot in asked.report.narrative.items():
        row = written.get(name)
        found[name] = Narrative(
            name=name,
            title=slot.title(locale),
            text=row.text if row is not None else _prefilled(view, asked, slot, blocks, locale),
            required=_is_required(view, asked, slot, blocks),
            may_write=_may_write(view, asked, slot),
            written_by=row.name if row is not None else None,
            written_at=row.at if row is not None else None,
            id=row.id if row is not None else None,
        )
    return found


def _is_required(view: Reading, asked: Asked, slot: Slot, blocks: Mapping[str, Any]) -> bool:
    if slot.required_if is None:
        return False
    return bool(view.catalogue.closure(slot.required_if)(around(view, asked, **blocks)))


def _prefilled(
    view: Reading, asked: Asked, slot: Slot, blocks: Mapping[str, Any], locale: str
) -> str:
    if slot.prefill is None:
        return ""
    raw = asked.record.raw if asked.record is not None else {}
    return rendered(view, slot.prefill, raw, locale, **asked.values, **blocks)


def _may_write(view: Reading, asked: Asked, slot: Slot) -> bool:
    return view.actor.is_system or not slot.owner or owns(view, asked, slot)


def write_narrative(
    work: Work, asked: Asked, slot: str, text: Any, before: int | None = None
) -> dict[str, Any]:
    """Keep the text of a slot; `before`: the id of the text the writer saw (0: there was none).

    Raises NotFound, NotAllowed, Invalid, and Stale when somebody wrote in between.
    """
    definition = asked.report.narrative.get(slot)
    if definition is None:
        raise NotFound("no-such-slot")
    if not _may_write(work, asked, definition):
        raise NotAllowed("narrative-not-yours")
    words = _checked(text)
    key = about(work, asked)
    old = rows.narrative_of(work.connection, asked.report.name, key).get(slot)
    if before is not None and before != (old.id if old is not None else 0):
        raise Stale("narrative-written-meanwhile", person=old.name if old and old.name else "–")
    row = NarrativeRow(
        work.store.next_ids(work.connection, 1)[0],
        slot,
        words,
        None if work.actor.is_system else work.actor.id,
        work.now,
        None if work.actor.is_system else work.actor.name,
    )
    rows.insert_narrative(work.connection, asked.report.name, key, row)
    work.log(
        ChangeRow(
            at=work.now,
            actor=None if work.actor.is_system else work.actor.login,
            action="narrative",
            kind="report",
            org=asked.org,
            body={f"{asked.report.name}.{slot}?{key}": [old.text if old else None, words]},
            release=work.installation.release.id,
            request=work.request_id,
        )
    )
    return {"id": row.id, "text": words, "written_by": row.name, "written_at": work.now}


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise Invalid("invalid", fields=[FieldRefusal("text", "not-text")])
    if len(text) > MOST_TEXT:
        holes: dict[str, object] = {"most": MOST_TEXT, "length": len(text)}
        raise Invalid("invalid", fields=[FieldRefusal("text", "text-too-long", holes)])
    if "\x00" in text or not _is_unicode(text):
        raise Invalid("invalid", fields=[FieldRefusal("text", "not-text")])
    return text.strip()


def _is_unicode(text: str) -> bool:
    """Half a surrogate pair is no character; JSON can carry one, no database keeps it."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
