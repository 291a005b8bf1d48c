"""One wish for many records: each is done wholly or refused, and the answer says which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from jingwei.refusals import Conflict, FieldRefusal, Malformed, PreconditionRequired, Refused
from jingwei.services import actions, flows, listing, records
from jingwei.services.commands import Work
from jingwei.services.listing import ListWish

T = TypeVar("T")
MOST_ID = 10**18
MOST_RECORDS = 1_000
ACTIONS = ("update", "delete", "restore", "submit")


@dataclass(frozen=True, slots=True)
class One:
    """What became of one record: its revision now, or why not."""

    id: int
    revision: int | None = None
    refused: Refused | None = None


def bulk(
    work: Work,
    form: str,
    action: str,
    wanted: Sequence[tuple[int, int | None]],
    values: Mapping[str, Any],
) -> list[One]:
    """`wanted`: id and the revision it was seen in; `action`: one of ACTIONS, or a button of the
    form that has `bulk`, whose questions `values` answers. Raises Malformed for what cannot be
    meant."""
    definition = listing.form_of(work, form)
    listing.raise_unless_known(work, definition)
    known = (*ACTIONS, *(n for n in actions.of_many(definition) if n not in ACTIONS))
    if action not in known:
        raise Malformed("parameter-choice", name="action", known=", ".join(known))
    if not 0 < len(wanted) <= MOST_RECORDS:
        raise Malformed("bulk-size", most=MOST_RECORDS)
    if len({id_ for id_, _ in wanted}) != len(wanted):
        raise Malformed("bulk-twice")
    return [_one(work, form, action, id_, revision, values) for id_, revision in wanted]


def matching(work: Work, form: str, given: Any, *, deleted: bool) -> list[tuple[int, int | None]]:
    """Every record of a list, `{filter, q, total}`, in the revision it has now. `total`: as many as
    somebody meant. Raises Malformed, Conflict when there are more or fewer by now."""
    wish = _wish(given)
    found = listing.listing(
        work, form, replace(wish, deleted=deleted, size=MOST_RECORDS), most=MOST_RECORDS
    )
    if found.total != given["total"]:
        raise Conflict("bulk-moved", total=found.total, meant=given["total"])
    if not 0 < given["total"] <= MOST_RECORDS:
        raise Malformed("bulk-size", most=MOST_RECORDS)
    return [(item["id"], item["revision"]) for item in found.items]


def _wish(given: Any) -> ListWish:
    if not isinstance(given, Mapping) or type(given.get("total")) is not int:
        raise Malformed("unknown-fields", fields=[FieldRefusal("matching.total", "required")])
    for name, value in given.items():
        at = f"matching.{name}"[:80]
        if name not in ("filter", "q", "total"):
            refused = [FieldRefusal(at, "unknown-field", {"name": name[:60]})]
            raise Malformed("unknown-fields", fields=refused)
        if name != "total" and not isinstance(value, str):
            raise Malformed("unknown-fields", fields=[FieldRefusal(at, "not-text")])
    return ListWish(
        filter=given.get("filter"), q=given.get("q") or None, sort=("id",), fields=("id",)
    )


def _one(
    work: Work, form: str, action: str, id: int, revision: int | None, values: Mapping[str, Any]
) -> One:
    def do() -> int:
        if action == "update":
            written = records.update(work, form, id, values, expected_revision=revision)
        elif action == "submit":
            flows.submit(work, form, id, revision=revision)
            return int(work.store.load(work.connection, form, [id])[id]["revision"])
        elif action == "delete":
            written = records.delete(work, form, id, expected_revision=revision)
        elif revision is None:
            raise PreconditionRequired("revision-missing")
        elif action == "restore":
            written = records.restore(work, form, id, expected_revision=revision)
        else:
            actions.act(work, form, id, action, values, revision=revision)
            return int(work.store.load(work.connection, form, [id])[id]["revision"])
        return int(written.record["revision"])

    try:
        return One(id, revision=attempt(work, do))
    except PreconditionRequired:  # here it is no header
        return One(id, refused=PreconditionRequired("revision-missing"))
    except Refused as refused:
        return One(id, refused=refused)


def attempt(work: Work, do: Callable[[], T]) -> T:
    """Do it, or leave no trace of it and raise what refused it."""
    work.flush()
    with work.connection.begin_nested():
        try:
            done = do()
        except Refused:
            work.changes.clear()
            work.outbox.forget()
            work.memo.clear()  # it may hold what was written here
            raise
        work.flush()
    return done


def parsed(given: Any) -> list[tuple[int, int | None]]:
    """`[{id, revision}]` of a request. Raises Malformed."""
    found: list[tuple[int, int | None]] = []
    for index, one in enumerate(given if isinstance(given, list) else ()):
        id_ = one.get("id") if isinstance(one, Mapping) else None
        revision = one.get("revision") if isinstance(one, Mapping) else None
        if type(id_) is not int or not (revision is None or type(revision) is int):
            id_ = 0
        if not 0 < id_ < MOST_ID:
            refused = FieldRefusal(f"records.{index}", "not-a-record-id")
            raise Malformed("unknown-fields", fields=[refused])
        found.append((id_, revision))
    return found
