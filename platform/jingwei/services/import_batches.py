"""Imports as they are kept: what was asked for, how far it came, what was wrong with which row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jingwei.language.form import Form
from jingwei.refusals import FieldRefusal, Malformed, NotAllowed, NotFound
from jingwei.services.commands import Reading, Work
from jingwei.services.sheet_lines import Wanted, match_keys
from jingwei.services.sheet_words import kept_holes
from jingwei.storage import imports as rows
from jingwei.storage.imports import Batch

Mode = Literal["atomic", "rows"]
CREATE = Wanted()
OWN_WORDS = "_words"


@dataclass(frozen=True, slots=True)
class Source:
    """The file a sheet came from: its name, and its content by its sha256."""

    name: str = ""
    sha256: str = ""


def begun(work: Work, form: str, source: Source, mode: Mode, wanted: Wanted = CREATE) -> Batch:
    """A new batch, or the one of the same file that was left unfinished."""
    may_import(work, form, wanted)
    key = work.installation.book.key("form", form)
    by = None if work.actor.is_system else work.actor.id
    said = mode_words(mode, wanted)
    if source.sha256 and mode == "rows":
        left = rows.unfinished(work.connection, key, by, source.sha256, said)
        if left is not None:
            return left
    batch = Batch(
        id=work.store.next_ids(work.connection, 1)[0],
        form=key,
        by=by,
        at=work.now,
        name=source.name,
        sha256=source.sha256,
        mode=said,
        state="running",
    )
    rows.insert_batch(work.connection, batch)
    return batch


def mode_words(mode: Mode, wanted: Wanted) -> str:
    """As it is kept: `rows`, or `rows/upsert/code`."""
    return mode if wanted == CREATE else f"{mode}/{wanted.do}/{wanted.key}"


def mode_of(batch: Batch) -> tuple[Mode, Wanted]:
    mode, _, rest = batch.mode.partition("/")
    do, _, key = rest.partition("/")
    read: Any = (mode, Wanted(do, key) if do else CREATE)  # type: ignore[arg-type]  # as it was kept
    return read  # type: ignore[no-any-return]


def batches(view: Reading, form: str) -> list[Batch]:
    """What this person imported into the form, newest first; of everybody for who administers."""
    may_import(view, form)
    key = view.installation.book.key("form", form)
    by = None if view.actor.is_system else view.actor.id
    return rows.batches(view.connection, key, by)


def batch_of(view: Reading, form: str, batch: int) -> Batch:
    """One of them. Raises NotFound, alike for one of somebody else and for none."""
    may_import(view, form)
    found = rows.find_batch(view.connection, batch)
    mine = view.actor.is_system or (found is not None and found.by == view.actor.id)
    if found is None or not mine or found.form != view.installation.book.key("form", form):
        raise NotFound("no-such-import")
    return found


def refused_of(view: Reading, form: str, batch: int) -> dict[int, list[FieldRefusal]]:
    """What was wrong with the rows of a batch, by the row of its sheet."""
    batch_of(view, form, batch)
    found: dict[int, list[FieldRefusal]] = {}
    for row, path, code, holes in rows.refusals(view.connection, batch):
        found.setdefault(row, []).append(read_refusal(path, code, holes))
    return found


def read_refusal(path: str, code: str, holes: Mapping[str, Any]) -> FieldRefusal:
    said = {name: value for name, value in holes.items() if name != OWN_WORDS}
    return FieldRefusal(path, code, said, holes.get(OWN_WORDS))


def may_import(view: Reading, form: str, wanted: Wanted | None = None) -> Form:
    """The form, when this person may import into it. Raises NotFound, NotAllowed, and Malformed for
    a key by which he may not match records."""
    definition = view.catalogue.forms.get(form)
    if definition is None or not (view.actor.is_system or view.rights.grants(view, form).grants):
        raise NotFound("no-such-form")
    owed = ["import"]
    if wanted is not None:
        owed += ["create"] if wanted.may_create else []
        owed += ["update"] if wanted.may_update else []
    for action in owed:
        if not view.rights.decide(view, form, action).allowed:
            raise NotAllowed("not-allowed", action=action)
    if wanted is not None and wanted.may_update:
        known = match_keys(view, definition)
        if wanted.key not in known:
            raise Malformed("parameter-choice", name="key", known=", ".join(known))
    return definition


def kept_refusals(
    refused: Sequence[tuple[int, FieldRefusal]],
) -> list[tuple[int, str, str, Mapping[str, Any]]]:
    """Refusals as they are kept with their rows."""
    return [(row, one.path, one.code, _plain(one)) for row, one in refused]


def _plain(refusal: FieldRefusal) -> dict[str, Any]:
    """The holes of a sentence as JSON; words that are not the catalogue's with them."""
    holes, words = kept_holes(refusal)
    return holes if words is None else {**holes, OWN_WORDS: dict(words)}
