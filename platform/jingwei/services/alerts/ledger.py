"""The ledger of alerts as its reader may see it: what fired, and why something did or did not.

A figure's alert belongs to those who read the figures of its org; a record's to those who may open
the record. Who was told may always look it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.small import whole_number
from jingwei.refusals import NotFound
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.measures import readable_orgs
from jingwei.services.tasks import instant
from jingwei.storage import alerts as rows
from jingwei.storage.alerts import AlertRow, LookRow
from jingwei.texts import text

AT_ONCE = 2_000  # entries that are read together
MOST_A_PAGE = 200
MOST_LOOKS = 2_000  # of one answer


def fired(
    view: Reading,
    *,
    alert: str | None = None,
    org: str | None = None,
    state: str | None = None,
    page: int = 1,
    size: int = 20,
) -> dict[str, Any]:
    """A page of what fired, newest first. `state`: open or closed. Raises NotFound."""
    _known(view, alert)
    is_open = None if state is None else state == "open"
    judge = _Judge(view)
    kept: list[AlertRow] = []
    before: int | None = None
    while True:
        found = rows.ledger(
            view.connection,
            view.installation.book,
            alert=alert,
            orgs=None if org is None else [org],
            is_open=is_open,
            before=before,
            limit=AT_ONCE,
        )
        kept += [r for r in found if r.closed_why != "overtaken" and judge.may_see(r)]
        if len(found) < AT_ONCE:
            break
        before = found[-1].id
    start = (page - 1) * size
    items = [_shown(view, row) for row in kept[start : start + size]]
    return {"items": items, "total": len(kept), "page": page, "size": size}


def looked(view: Reading, alert: str | None = None) -> list[dict[str, Any]]:
    """How the newest look at each subject ended, and why, newest first. Raises NotFound."""
    _known(view, alert)
    judge = _Judge(view)
    locale = view.actor.locale or "zh"
    return [
        {
            "alert": look.alert,
            "subject": look.subject,
            "org": look.org,
            "at": instant(look.at),
            "outcome": look.outcome,
            "why": said(look, locale),
        }
        for look in rows.looks(view.connection, view.installation.book, alert)
        if judge.may_see_look(look)
    ][:MOST_LOOKS]


def said(look: LookRow, locale: str) -> str:
    """The sentence that tells how a look ended."""
    holes: dict[str, Any] = dict(look.holes)
    level = holes.get("level")
    holes["level"] = text(f"alerts.level.{level}", locale) if level else "—"
    return text(f"alerts.why.{look.outcome}", locale, **holes)


def _known(view: Reading, alert: str | None) -> None:
    if alert is not None and alert not in view.catalogue.alerts:
        raise NotFound("no-such-alert", name=alert[:60])


class _Judge:
    """Who may see what, each record looked at once."""

    def __init__(self, view: Reading) -> None:
        self._view = view
        self._orgs = readable_orgs(view)
        self._records: dict[tuple[str, int], bool] = {}

    def may_see(self, row: AlertRow) -> bool:
        if self._view.actor.login in row.people:
            return True
        if row.form is not None and row.record is not None:
            return self._record(row.form, row.record)
        return self._org(row.org)

    def may_see_look(self, look: LookRow) -> bool:
        form, _, rest = look.subject.partition("/")
        if form in self._view.catalogue.forms and self._watches(look.alert):
            record = whole_number(rest.partition("/")[0])
            return record is not None and self._record(form, record)
        return self._org(look.org)

    def _watches(self, alert: str) -> bool:
        found = self._view.catalogue.alerts.get(alert)
        return found is not None and found.watch_form is not None

    def _org(self, org: str | None) -> bool:
        return self._orgs is None or org in self._orgs

    def _record(self, form: str, id_: int) -> bool:
        key = (form, id_)
        if key not in self._records:
            view = self._view
            record = None
            if form in view.catalogue.forms:
                record = view.store.load(view.connection, form, [id_]).get(id_)
            self._records[key] = (
                record is not None
                and record["deleted_at"] is None
                and view.rights.may_read(view, form, record).allowed
            )
        return self._records[key]


def _shown(view: Reading, row: AlertRow) -> Mapping[str, Any]:
    locale = view.actor.locale or "zh"
    definition = view.catalogue.alerts.get(row.alert)
    message = row.text.get(locale)
    if row.form is not None and row.form in view.catalogue.forms:
        record = view.store.load(view.connection, row.form, [row.record or 0]).get(row.record or 0)
        # Who was once told keeps what he was told; what the record says now is for its readers.
        if record is not None and view.rights.may_read(view, row.form, record).allowed:
            message = display(view, row.form, record, locale)
    return {
        "id": row.id,
        "alert": row.alert,
        "title": definition.title(locale) if definition is not None else row.alert,
        "subject": row.subject,
        "org": row.org,
        "form": row.form,
        "record": row.record,
        "message": message,
        "rung": row.rung,
        "due": instant(row.due),
        "at": instant(row.at),
        "late": row.late,
        "level": row.level,
        "period": row.period,
        "value": row.value,
        "people": list(row.people),
        "todo": None if row.todo is None else {"form": row.todo_form, "id": row.todo},
        "state": "open" if row.closed_at is None else "closed",
        "closed_at": instant(row.closed_at),
        "closed_why": (
            None if row.closed_why is None else text(f"alerts.closed.{row.closed_why}", locale)
        ),
    }
