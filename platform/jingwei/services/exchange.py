"""Records from a sheet, under the rules of the screens: looked at first, whole or row by row,
again where it was left, and taken back as one (`import_undo`)."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from jingwei.catalogue.compile import form_fingerprint
from jingwei.garbage import collecting_later
from jingwei.language.form import Form
from jingwei.refusals import Conflict, FieldRefusal, Refused
from jingwei.services import records
from jingwei.services.bulk import attempt
from jingwei.services.commands import Commands, Reading, Work
from jingwei.services.import_batches import (
    CREATE,
    Mode,
    Source,
    batch_of,
    begun,
    kept_refusals,
    may_import,
    read_refusal,
)
from jingwei.services.people import Person
from jingwei.services.plans import form_plan
from jingwei.services.sheet_headings import headings_of
from jingwei.services.sheet_lines import Chunk, Line, Lines, Wanted, known_columns
from jingwei.services.sheet_matching import Matched, Matcher, change_of
from jingwei.services.sheet_rows import Sheet
from jingwei.services.sheet_words import left_row
from jingwei.services.wanted import Change
from jingwei.storage import imports as rows

MOST_LOOKED_AT = 1_000  # rows of a preview
MOST_REFUSED = 2_000  # said of one sheet; the rest is counted
CREATED, UPDATED, SAME = "c", "u", "s"
Written = tuple[int, int, int, str]  # row, id, revision, what was done


@dataclass(slots=True)
class Imported:
    """`good` rows are as the sheet says now: `created`, `updated` or `same` as before. `refused`:
    (row of the sheet, what is wrong), the first 2,000. `batch`: by which it is undone.
    `is_outdated`: the form was changed since the template was made. `notes`: what was not read."""

    good: int = 0
    bad: int = 0
    refused: list[tuple[int, FieldRefusal]] = field(default_factory=list)
    batch: int | None = None
    looked_at: int = 0
    created: int = 0
    updated: int = 0
    same: int = 0
    is_outdated: bool = False
    notes: list[FieldRefusal] = field(default_factory=list)

    def refuse(self, line: Line, refused: Refused) -> None:
        self.bad += 1
        found = refused.fields or (FieldRefusal("", refused.code, dict(refused.holes)),)
        wrong = {
            one.path for one in found if one.code != "required"
        }  # what is wrong is not missing
        found = tuple(one for one in found if one.code != "required" or one.path not in wrong)
        if len(self.refused) < MOST_REFUSED:
            self.refused += [(line.number, line.placed(one)) for one in found]

    def count(self, written: Iterable[Sequence[Any]]) -> None:
        for _, _, _, what in written:
            self.good += 1
            self.created += what == CREATED
            self.updated += what == UPDATED
            self.same += what == SAME

    def add(self, part: Imported) -> None:
        self.good += part.good
        self.bad += part.bad
        self.created += part.created
        self.updated += part.updated
        self.same += part.same
        self.refused += part.refused[: max(0, MOST_REFUSED - len(self.refused))]


class _TakenBack(Exception):
    """Nothing is kept."""


class ImportRefused(Refused):
    """Some rows are bad, so that none was kept; `found` says which."""

    def __init__(self, found: Imported) -> None:
        fields = [replace(one, path=f"{row}.{one.path}") for row, one in found.refused]
        found.good = found.created = found.updated = found.same = 0
        self.found = found
        super().__init__("import-refused", fields=fields, bad=found.bad)


# --- looking -------------------------------------------------------------------------------------


def look(
    commands: Commands, actor: Person, form: str, sheet: Sheet, wanted: Wanted = CREATE
) -> Imported:
    """What importing the first rows would do; nothing is kept.

    Raises NotFound, NotAllowed, and Malformed for a column that is not there.
    """
    found = Imported()

    def handler(work: Work) -> None:
        nonlocal found
        found = Imported()
        work = work.of(work.actor.org)  # a sheet has the columns that its bringer's org has
        definition = may_import(work, form, wanted)
        found.is_outdated = _is_outdated(work, form, sheet)
        lines, matcher = _readers(work, definition, wanted, sheet)
        lines.look_through(sheet, MOST_LOOKED_AT)
        for chunk in lines.chunks(islice(sheet, MOST_LOOKED_AT)):
            found.looked_at += len(chunk.rows)
            found.count(_write(work, lines, matcher, chunk, found))
        found.notes = lines.notes()
        if found.looked_at < MOST_LOOKED_AT:
            _refuse_left(lines, found)
        raise _TakenBack

    with suppress(_TakenBack):
        commands.run(handler, actor)
    return found


def is_for_update(view: Reading, form: str, sheet: Sheet) -> bool:
    """Whether the sheet is one of ours that was exported to be changed: it says of which form it
    is, and which record each row is. Raises Refused for a file that cannot be read."""
    about = getattr(sheet, "about", None)
    said: Mapping[str, str] = about() if about is not None else {}
    if said.get("form") != form or "fingerprint" not in said:
        return False
    view = view.of(view.actor.org)
    definition = view.catalogue.forms.get(form)
    if definition is None:  # whoever asks is told later
        return False
    lines, _ = _readers(view, definition, Wanted("update", "id"), sheet)
    first = next(iter(lines.chunks(islice(sheet, 1))), None)
    if first is None:
        return False
    headings = headings_of(definition, lines.visible)
    return any(headings.field(title) == "id" for title in first.rows[0].columns)


def _is_outdated(view: Reading, form: str, sheet: Sheet) -> bool:
    """Whether the form was changed since the template was made. Raises Conflict for the template
    of another form."""
    about = getattr(sheet, "about", None)
    said: Mapping[str, str] = about() if about is not None else {}
    if said.get("form", form) != form:
        raise Conflict("sheet-other-form", form=said["form"][:60])
    fingerprint = said.get("fingerprint")
    if fingerprint is None or form not in view.catalogue.forms:  # whoever asks is told later
        return False
    return fingerprint != form_fingerprint(view.catalogue, form)


def _readers(view: Reading, form: Form, wanted: Wanted, sheet: Sheet) -> tuple[Lines, Matcher]:
    lines = Lines(form, wanted, known_columns(view, form, wanted))
    lines.open(sheet)
    return lines, Matcher(form, wanted)


# --- importing -----------------------------------------------------------------------------------


def import_sheet(
    commands: Commands,
    actor: Person,
    form: str,
    sheet: Sheet,
    mode: Mode = "atomic",
    source: Source | None = None,
    key: str | None = None,
    wanted: Wanted = CREATE,
) -> Imported:
    """`atomic`: all rows or none, and what is wrong with each; `rows`: the good ones, a batch of
    them a transaction. The same file again, where it was left unfinished, goes on from there; the
    same again under a `key` is done once (of `rows`).

    Raises NotFound, NotAllowed, and Malformed for a column that is not there.
    """
    given = source or Source()
    if mode == "atomic":
        return _import_all(commands, actor, form, sheet, given, wanted)

    prove(commands, actor, form, sheet, wanted)

    def begin(work: Work) -> int:
        return begun(work, form, given, "rows", wanted).id

    hashed = f"import:{form}:{given.sha256}:{wanted.do}:{wanted.key}"
    batch = commands.run(begin, actor, key=key, request_hash=hashed)
    return go_on(commands, actor, form, sheet, batch, wanted)


def prove(commands: Commands, actor: Person, form: str, sheet: Sheet, wanted: Wanted) -> None:
    """Raises what is wrong with a sheet as a whole, before a part of it is written."""
    with commands.read(actor) as view:
        view = view.of(actor.org)
        _is_outdated(view, form, sheet)
        lines, _ = _readers(view, may_import(view, form, wanted), wanted, sheet)
    lines.look_through(sheet)
    walk = getattr(sheet, "prove", None)
    if walk is not None:
        walk()


def import_all(
    work: Work, form: str, sheet: Sheet, source: Source | None = None, wanted: Wanted = CREATE
) -> Imported:
    """Every row, or none. Raises ImportRefused with what is wrong."""
    _is_outdated(work.of(work.actor.org), form, sheet)
    batch = begun(work, form, source or Source(), "atomic", wanted)
    return all_of(work, form, sheet, batch.id, wanted)


def all_of(work: Work, form: str, sheet: Sheet, batch: int, wanted: Wanted) -> Imported:
    """Every row of a batch that was begun. Raises Conflict for one that is over."""
    if rows.hold(work.connection, batch) != "running":
        raise Conflict("import-over")
    found = Imported(batch=batch)
    work.origin = _origin(batch)
    work = work.of(work.actor.org)
    lines, matcher = _readers(work, may_import(work, form, wanted), wanted, sheet)
    lines.look_through(sheet)
    for chunk in _calmly(lines.chunks(sheet)):
        written = _write(work, lines, matcher, chunk, found)
        found.count(written)
        if found.bad == 0:
            rows.insert_part(work.connection, batch, chunk.first, written, [])
        work.flush()
    found.notes = lines.notes()
    _refuse_left(lines, found)
    if found.bad:
        raise ImportRefused(found)
    rows.finish(work.connection, batch, found.good, 0, "done")
    return found


def _import_all(
    commands: Commands, actor: Person, form: str, sheet: Sheet, source: Source, wanted: Wanted
) -> Imported:
    try:
        return commands.run(
            partial(import_all, form=form, sheet=sheet, source=source, wanted=wanted), actor
        )
    except ImportRefused as refused:
        return keep_refused(commands, actor, form, source, wanted, refused.found)


def keep_refused(
    commands: Commands, actor: Person, form: str, source: Source, wanted: Wanted, found: Imported
) -> Imported:
    """Remember what was wrong with a sheet of which nothing was kept, for the file of errors."""

    def handler(work: Work) -> int:
        batch = begun(work, form, source, "atomic", wanted)
        refuse_batch(work, batch.id, found)
        return batch.id

    found.batch = commands.run(handler, actor)
    return found


def refuse_batch(work: Work, batch: int, found: Imported) -> None:
    rows.insert_part(work.connection, batch, 0, [], kept_refusals(found.refused))
    rows.finish(work.connection, batch, 0, found.bad, "refused")


def go_on(
    commands: Commands, actor: Person, form: str, sheet: Sheet, batch: int, wanted: Wanted
) -> Imported:
    """Import the good rows of what a batch has not written yet, part by part."""
    found = Imported(batch=batch)
    with commands.read(actor) as view:
        view = view.of(actor.org)
        definition = may_import(view, form, wanted)
        lines, matcher = _readers(view, definition, wanted, sheet)
    lines.look_through(sheet)
    for chunk in _calmly(lines.chunks(sheet)):
        _one_part(commands, actor, lines, matcher, batch, chunk, found)
    found.notes = lines.notes()
    last = Imported()
    _refuse_left(lines, last)
    found.add(last)

    def finish(work: Work) -> None:
        if rows.hold(work.connection, batch) == "running":
            if last.bad:
                rows.insert_part(work.connection, batch, 0, [], kept_refusals(last.refused))
            rows.finish(work.connection, batch, found.good, found.bad, "done")

    commands.run(finish, actor)
    return found


def _origin(batch: int) -> str:
    return f"import:{batch}"


def _calmly(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The same chunks. Cycles are looked for between them, among what is young: a look at all the
    objects of a chunk, again and again while they are made, costs a fifth of the time."""
    with collecting_later():
        for chunk in chunks:
            yield chunk
            gc.collect(1)


def _one_part(
    commands: Commands,
    actor: Person,
    lines: Lines,
    matcher: Matcher,
    batch: int,
    chunk: Chunk,
    found: Imported,
) -> None:
    """One batch of rows and the note that it was written, in one transaction."""
    part = Imported()

    def handler(work: Work) -> None:
        nonlocal part
        part = Imported()
        work.origin = _origin(batch)
        if _was_written(work, batch, chunk.first, part):
            return
        written = _write(work, lines, matcher, chunk, part)
        part.count(written)
        rows.insert_part(work.connection, batch, chunk.first, written, kept_refusals(part.refused))
        rows.advance(work.connection, batch, part.good, part.bad)

    commands.run(handler, actor)
    found.add(part)


def result_of(view: Reading, form: str, batch: int) -> Imported:
    """What came of a batch so far; of one that is over, how many were created, updated and the
    same, too. Raises NotFound."""
    found = batch_of(view, form, batch)
    result = Imported(batch=batch, good=found.good)
    if found.state == "done":  # while it runs, it is asked every second
        for part in rows.parts(view.connection, batch).values():
            result.count(w if isinstance(w, list) else (0, w, 1, CREATED) for w in part.ids)
        result.good = found.good
    refused = rows.refusals(view.connection, batch)[:MOST_REFUSED]
    result.refused = [(row, read_refusal(*said)) for row, *said in refused]
    result.bad = found.bad
    return result


def _was_written(work: Work, batch: int, first: int, part: Imported) -> bool:
    """Whether this part was written before the import stopped, or by another who went on with it;
    what came of it is counted. Raises Conflict for an import that is over."""
    state = rows.hold(work.connection, batch)
    there = rows.part(work.connection, batch, first)
    if there is None:
        if state != "running":
            raise Conflict("import-over")
        return False
    part.count(there.ids)
    part.bad = len({row for row, *_ in there.refused})
    part.refused = [(row, read_refusal(*said)) for row, *said in there.refused]
    return True


# --- rows ----------------------------------------------------------------------------------------


def _write(
    work: Work, lines: Lines, matcher: Matcher, chunk: Chunk, found: Imported
) -> list[Written]:
    """Write the rows that hold; `found` is told of the others."""
    read = lines.read(work, chunk)
    left: Sequence[Line] = [line for line in read if line.problem is None]
    for line in read:
        if line.problem is not None:
            found.refuse(line, Refused("invalid", fields=[line.problem]))
    written: list[Written] = []
    while left:  # a row may name a record that another row makes
        now, later = lines.in_turn(left)
        written += _write_lines(work, lines, matcher, now, found)
        left = lines.look_again(work, later)
    return written


def _write_lines(
    work: Work, lines: Lines, matcher: Matcher, good: Sequence[Line], found: Imported
) -> list[Written]:
    matched, refused = matcher.match(work, good)
    for line, why in refused:
        found.refuse(line, why)
    try:
        return _write_together(work, lines.form, matched, found)
    except Refused:  # a listener refused one row, and so all of them: each by itself, then
        return [w for one in matched for w in _write_alone(work, lines.form, one, found)]


def _write_alone(work: Work, form: Form, one: Matched, found: Imported) -> list[Written]:
    try:
        return _write_together(work, form, [one], found)
    except Refused as refused:
        found.refuse(one.line, refused)
        return []


def _write_together(
    work: Work, form: Form, matched: Sequence[Matched], found: Imported
) -> list[Written]:
    """All rows that hold, or none where a listener refuses one of them."""
    part = Imported()

    def do() -> list[Written]:
        written = _create(work, form, [m.line for m in matched if m.record is None], part)
        there = [m for m in matched if m.record is not None]
        return sorted(written + _update(work, form, there, part)) if there else written

    done = attempt(work, do)
    found.bad += part.bad
    found.refused += part.refused[: max(0, MOST_REFUSED - len(found.refused))]
    return done


def _create(work: Work, form: Form, lines: Sequence[Line], found: Imported) -> list[Written]:
    if not lines:
        return []
    bad: set[int] = set()

    def refuse(index: int, refused: Refused) -> None:
        bad.add(index)
        found.refuse(lines[index], refused)

    values = [line.values for line in lines]
    ids = records.create_many(work, form.name, values, source="import", refuse=refuse)
    kept = (line.number for index, line in enumerate(lines) if index not in bad)
    return [(row, identity, 1, CREATED) for row, identity in zip(kept, ids, strict=True)]


def _update(work: Work, form: Form, matched: Sequence[Matched], found: Imported) -> list[Written]:
    plan = form_plan(work.store, work.catalogue, form.name)
    written: list[Written] = []
    lines: list[Line] = []
    changes: list[Change] = []
    for one in matched:
        record = one.record or {}
        try:
            change = change_of(work, plan, one)
        except Refused as refused:
            found.refuse(one.line, refused)
            continue
        if change is None:
            written.append((one.line.number, record["id"], record["revision"], SAME))
        else:
            lines.append(one.line)
            changes.append(change)

    def refuse(index: int, refused: Refused) -> None:
        found.refuse(lines[index], refused)

    for done in records.update_many(work, form.name, changes, source="import", refuse=refuse):
        what = UPDATED if done.is_changed else SAME
        written.append((lines[done.index].number, done.id, done.revision, what))
    return written


def _refuse_left(lines: Lines, found: Imported) -> None:
    """Rows of tables that belong to no row of the first sheet."""
    for table, row in lines.left():
        join = row.columns[0] if row.columns else ""
        why = left_row(f"{table}!{row.number}", join, row.get(join))
        line = Line(row.number, columns=row.columns, speaker=lines.speaker)
        found.refuse(line, Refused("invalid", fields=[why]))
