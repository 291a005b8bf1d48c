"""Records from a sheet, under the rules of the screens: looked at first, whole or row by row,
again where it was left, and taken back as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Literal

from jingwei.language.form import Form
from jingwei.refusals import Conflict, FieldRefusal, Malformed, NotAllowed, NotFound, Refused
from jingwei.services import records
from jingwei.services.commands import Commands, Reading, Work
from jingwei.services.people import Person
from jingwei.services.records import BATCH
from jingwei.services.sheet_cells import Converter, columns_of, converter
from jingwei.services.wanted import Change
from jingwei.storage import imports as rows
from jingwei.storage.imports import Batch

Mode = Literal["atomic", "rows"]
Row = Mapping[str, str]
Sheet = Iterable[Row]  # walked again when a transaction is tried again
FIRST_ROW = 2  # row 1 is the header
MOST_LOOKED_AT = 1_000  # rows of a preview
OWN_WORDS = "_words"
MOST_REFUSED = 2_000  # said of one sheet; the rest is counted


@dataclass(slots=True)
class Imported:
    """`good` rows were kept. `refused`: (row of the sheet, what is wrong), the first 2,000.
    `batch`: by which it is undone."""

    good: int = 0
    bad: int = 0
    refused: list[tuple[int, FieldRefusal]] = field(default_factory=list)
    batch: int | None = None
    looked_at: int = 0

    def refuse(self, row: int, refused: Refused) -> None:
        self.bad += 1
        found = refused.fields or (FieldRefusal("", refused.code, dict(refused.holes)),)
        if len(self.refused) < MOST_REFUSED:
            self.refused += [(row, one) for one in found]


class _TakenBack(Exception):
    """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file a sheet came from: its name, and its content by its sha256."""

    name: str = ""
    sha256: str = ""


# --- looking -------------------------------------------------------------------------------------


def look(commands: Commands, actor: Person, form: str, sheet: Sheet) -> Imported:
    """What importing the first rows would do; nothing is kept.

    Raises NotFound, NotAllowed, and Malformed for a column that is not there.
    """
    found = Imported()

    def handler(work: Work) -> None:
        for chunk in _chunks(_Lines(work, form), islice(sheet, MOST_LOOKED_AT)):
            found.looked_at += len(chunk.lines)
            found.good += len(_create(work, form, chunk, found))
        raise _TakenBack

    with suppress(_TakenBack):
        commands.run(handler, actor)
    return found


# --- importing -----------------------------------------------------------------------------------


def import_sheet(
    commands: Commands,
    actor: Person,
    form: str,
    sheet: Sheet,
    mode: Mode = "atomic",
    source: Source | None = None,
    key: str | None = None,
) -> Imported:
    """`atomic`: all rows or none, and what is wrong with each; `rows`: the good ones, a batch of
    them a transaction. The same file again, where it was left unfinished, goes on from there; the
    same again under a `key` is done once (of `rows`).

    Raises NotFound, NotAllowed, and Malformed for a column that is not there.
    """
    given = source or Source()
    if mode == "atomic":
        return _import_all(commands, actor, form, sheet, given)
    return _import_good(commands, actor, form, sheet, given, key)


def import_all(work: Work, form: str, sheet: Sheet, source: Source | None = None) -> Imported:
    """Every row, or none. Raises _TakenBack's reason as Refused `import-refused` with the rows."""
    found = Imported()
    given = source or Source()
    batch = _begin(work, form, given, "atomic")
    for chunk in _chunks(_Lines(work, form), sheet):
        ids = _create(work, form, chunk, found)
        found.good += len(ids)
        if found.bad == 0:
            rows.insert_part(work.connection, batch.id, chunk.first, ids, [])
        work.flush()
    if found.bad:
        raise ImportRefused(found)
    rows.finish(work.connection, batch.id, found.good, 0, "done")
    found.batch = batch.id
    return found


class ImportRefused(Refused):
    """Some rows are bad, so that none was kept; `found` says which."""

    def __init__(self, found: Imported) -> None:
        fields = [
            FieldRefusal(f"{row}.{one.path}", one.code, one.holes, one.words)
            for row, one in found.refused
        ]
        found.good = 0
        self.found = found
        super().__init__("import-refused", fields=fields, bad=found.bad)


def _import_all(
    commands: Commands, actor: Person, form: str, sheet: Sheet, source: Source
) -> Imported:
    try:
        return commands.run(partial(import_all, form=form, sheet=sheet, source=source), actor)
    except ImportRefused as refused:
        return refused.found


def _import_good(
    commands: Commands,
    actor: Person,
    form: str,
    sheet: Sheet,
    source: Source,
    key: str | None = None,
) -> Imported:
    def begin(work: Work) -> int:
        return _begin(work, form, source, "rows").id

    batch = commands.run(begin, actor, key=key, request_hash=f"import:{form}:{source.sha256}")
    found = Imported(batch=batch)
    with commands.read(actor) as view:
        lines = _Lines(view, form)
        done = rows.parts(view.connection, batch)
    for chunk in _chunks(lines, sheet):
        part = done.get(chunk.first)
        if part is not None:  # it was written before the import stopped
            found.good += len(part.ids)
            for row, path, code, holes in part.refused:
                found.refused.append((row, _refusal(path, code, holes)))
            found.bad += len({row for row, *_ in part.refused})
            continue
        _one_part(commands, actor, form, batch, chunk, found)
    commands.run(
        lambda work: rows.finish(work.connection, batch, found.good, found.bad, "done"), actor
    )
    return found


def _one_part(
    commands: Commands,
    actor: Person,
    form: str,
    batch: int,
    chunk: _Chunk,
    found: Imported,
) -> None:
    """One batch of rows and the note that it was written, in one transaction. A listener that
    refuses one row would undo all of them, so then each row is written by itself."""
    part = Imported()

    def handler(work: Work) -> int:
        nonlocal part
        part = Imported()
        ids = _create(work, form, chunk, part)
        rows.insert_part(work.connection, batch, chunk.first, ids, _kept(part))
        return len(ids)

    try:
        part.good = commands.run(handler, actor)
    except Refused:
        part = _row_by_row(commands, actor, form, batch, chunk)
    found.good += part.good
    found.bad += part.bad
    found.refused += part.refused[: max(0, MOST_REFUSED - len(found.refused))]


def _row_by_row(
    commands: Commands,
    actor: Person,
    form: str,
    batch: int,
    chunk: _Chunk,
) -> Imported:
    part = Imported()
    ids: list[int] = []
    for row, line in zip(chunk.numbers, chunk.lines, strict=True):
        key = f"import:{batch}:{row}"  # done once, even when it stops here and goes on later
        try:
            ids.append(commands.run(partial(_create_one, form=form, line=line), actor, key=key))
        except Refused as refused:
            part.refuse(row, refused)
    part.good = len(ids)
    commands.run(
        lambda work: rows.insert_part(work.connection, batch, chunk.first, ids, _kept(part)), actor
    )
    return part


def _create_one(work: Work, form: str, line: Mapping[str, Any]) -> int:
    return records.create(work, form, line, source="import").id


def _create(work: Work, form: str, chunk: _Chunk, found: Imported) -> list[int]:
    def refuse(index: int, refused: Refused) -> None:
        found.refuse(chunk.numbers[index], refused)

    return records.create_many(work, form, chunk.lines, source="import", refuse=refuse)


def _kept(part: Imported) -> list[tuple[int, str, str, Mapping[str, Any]]]:
    return [(row, one.path, one.code, _plain(one)) for row, one in part.refused]


def _plain(refusal: FieldRefusal) -> dict[str, Any]:
    """The holes of a sentence as JSON; the author's own words with them."""
    simple = (str, int, float, bool)
    holes = {k: v if isinstance(v, simple) else str(v) for k, v in refusal.holes.items()}
    return holes if refusal.words is None else {**holes, OWN_WORDS: dict(refusal.words)}


def _begin(work: Work, form: str, source: Source, mode: Mode) -> Batch:
    """A new batch, or the one of the same file that was left unfinished."""
    may_import(work, form)
    key = work.installation.book.key("form", form)
    by = None if work.actor.is_system else work.actor.id
    if source.sha256 and mode == "rows":
        left = rows.unfinished(work.connection, key, by, source.sha256)
        if left is not None:
            return left
    batch = Batch(
        id=work.store.next_ids(work.connection, 1)[0],
        form=key,
        by=by,
        at=work.now,
        name=source.name,
        sha256=source.sha256,
        mode=mode,
        state="running",
    )
    rows.insert_batch(work.connection, batch)
    return batch


# --- batches -------------------------------------------------------------------------------------


def batches(view: Reading, form: str) -> list[Batch]:
    """What this person imported into the form, newest first; of everybody for who administers."""
    may_import(view, form)
    key = view.installation.book.key("form", form)
    by = None if view.actor.is_system else view.actor.id
    return rows.batches(view.connection, key, by)


def batch_of(view: Reading, form: str, batch: int) -> Batch:
    """One of them. Raises NotFound."""
    found = next((b for b in batches(view, form) if b.id == batch), None)
    if found is None:
        raise NotFound("no-such-content")
    return found


def refused_of(view: Reading, form: str, batch: int) -> dict[int, list[FieldRefusal]]:
    """What was wrong with the rows of a batch, by the row of its sheet."""
    batch_of(view, form, batch)
    found: dict[int, list[FieldRefusal]] = {}
    for part in rows.parts(view.connection, batch).values():
        for row, path, code, holes in part.refused:
            found.setdefault(row, []).append(_refusal(path, code, holes))
    return found


def _refusal(path: str, code: str, holes: Mapping[str, Any]) -> FieldRefusal:
    said = {name: value for name, value in holes.items() if name != OWN_WORDS}
    return FieldRefusal(path, code, said, holes.get(OWN_WORDS))


def undo(work: Work, form: str, batch: int) -> dict[str, int]:
    """Delete what a batch brought, as far as nobody changed it since; what was changed stays.

    Raises NotFound, and Conflict when it was undone before.
    """
    found = batch_of(work, form, batch)
    if found.state == "undone":
        raise Conflict("import-undone")
    ids = [i for part in rows.parts(work.connection, batch).values() for i in part.ids]
    gone = kept = 0
    for start in range(0, len(ids), BATCH):
        there = work.store.load(work.connection, form, ids[start : start + BATCH], lock=True)
        fresh = [r for r in there.values() if r["deleted_at"] is None and r["revision"] == 1]
        changes = [Change("delete", r["id"], {}, 1) for r in fresh]
        # The person undoes what is his own doing, whether or not he may delete otherwise.
        records.write_many(work.as_system(), form, changes, source="system")
        gone += len(changes)
        kept += sum(r["deleted_at"] is None for r in there.values()) - len(changes)
        work.flush()
    rows.finish(work.connection, batch, found.good, found.bad, "undone")
    return {"undone": gone, "kept": kept}


# --- lines of a sheet ----------------------------------------------------------------------------


class _Lines:
    """Turns rows of a sheet into values, with what its columns mean."""

    def __init__(self, view: Reading, form: str) -> None:
        self._view = view
        self._form: Form = may_import(view, form)
        visible = view.rights.create_fields(view, form).visible
        self._columns = columns_of(self._form, visible)
        self._known: dict[str, tuple[str, Converter]] = {}

    def values(self, line: Row) -> dict[str, Any]:
        known = self._known
        found = {}
        for name, cell in line.items():
            pair = known.get(name)
            if pair is None:
                pair = known[name] = self._column(name)
            found[pair[0]] = pair[1](cell)
        return found

    def _column(self, name: str) -> tuple[str, Converter]:
        field_name = self._columns.get(name.strip())
        if field_name is None:
            known = ", ".join(dict.fromkeys(self._columns.values()))
            refusal = FieldRefusal(name, "unknown-column", {"column": name, "known": known})
            raise Malformed("unknown-fields", fields=[refusal])
        return field_name, converter(self._view, self._form, field_name)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Values of some rows, and where these stand in the sheet."""

    numbers: tuple[int, ...]
    lines: tuple[dict[str, Any], ...]

    @property
    def first(self) -> int:
        return self.numbers[0]


def _chunks(lines: _Lines, sheet: Sheet) -> Iterator[_Chunk]:
    rest = enumerate(sheet, FIRST_ROW)
    while chunk := tuple(islice(rest, BATCH)):
        numbers = tuple(getattr(line, "number", at) for at, line in chunk)
        yield _Chunk(numbers, tuple(lines.values(line) for _, line in chunk))


def may_import(view: Reading, form: str) -> Form:
    """The form, when this person may import into it. Raises NotFound, NotAllowed."""
    definition = view.catalogue.forms.get(form)
    if definition is None or not (view.actor.is_system or view.rights.grants(view, form).grants):
        raise NotFound("no-such-form")
    for action in ("create", "import"):
        if not view.rights.decide(view, form, action).allowed:
            raise NotAllowed("not-allowed", action=action)
    return definition
