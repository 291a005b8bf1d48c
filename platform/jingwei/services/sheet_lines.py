"""Rows of sheets as values of a form: what each column means, whom and what its words name, and
the rows of tables that belong to a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Literal

from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.refusals import FieldRefusal, Malformed
from jingwei.services.columns import ABSENT, as_rows, by_name
from jingwei.services.commands import Reading
from jingwei.services.form_paths import all_fields
from jingwei.services.rights import FieldRights
from jingwei.services.sheet_cells import Converter, converted, converter, is_code
from jingwei.services.sheet_columns import Column, each, is_name, row_id, waits
from jingwei.services.sheet_headings import headings_of, headings_of_rows, sheets_of_tables
from jingwei.services.sheet_long import DOUBTED, MARK, doubted
from jingwei.services.sheet_names import PeopleNames, RecordNames
from jingwei.services.sheet_rows import KeyedRows, Row, Sheet, Unread
from jingwei.services.sheet_words import Speaker
from jingwei.texts import Several, Words

Do = Literal["create", "update", "upsert"]
AT_ONCE = 1_000  # rows that are written together
FIRST_ROW = 2  # row 1 is the header
_MOST_ROWS = 5  # that are told
_KEY_TYPES = ("text", "barcode", "email", "phone", "integer", "date", "period", "org", "person")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is done with the rows of a sheet. `key`: the field, `id` or `number` that records which
    are there are known by."""

    do: Do = "create"
    key: str = ""

    @property
    def may_create(self) -> bool:
        return self.do != "update"

    @property
    def may_update(self) -> bool:
        return self.do != "create"


@dataclass(slots=True)
class Line:
    """A row as JSON values. `system`: words in columns of system fields; `rows`: the rows of its
    tables' sheets, in the order of the values; `problem`: why it is not to be taken at all."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    system: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    problem: FieldRefusal | None = None
    columns: Sequence[str] = ()
    speaker: Speaker | None = None

    def placed(self, refusal: FieldRefusal) -> FieldRefusal:
        """A refusal as it is said of this row."""
        return refusal if self.speaker is None else self.speaker.said(self, refusal)


@dataclass(slots=True)
class Chunk:
    """Some rows of the sheet with the rows of tables that belong to them."""

    rows: list[Row]
    below: list[Mapping[str, list[Row]]]

    @property
    def first(self) -> int:
        return self.rows[0].number


class Lines:
    """Reads rows for one form and one person; what columns mean is worked out once."""

    def __init__(self, form: Form, wanted: Wanted, visible: frozenset[str]) -> None:
        self.form = form
        self.wanted = wanted
        self.visible = visible
        self._headings = headings_of(form, visible)
        self.speaker = Speaker(form, visible, self._headings)
        self._known: dict[str, Column | None] = {}
        self._simple: dict[str, tuple[str, Converter]] = {}
        self._row_columns: dict[str, dict[str, Column | None]] = {}
        self._tables: dict[str, tuple[KeyedRows, str]] = {}
        self._repeated: Mapping[str, Mapping[str, Sequence[int]]] = {}
        self._keys: Sequence[str] = ()  # columns by which records are known
        self._made_for: Any = None
        self._from_1904 = False
        self._noted: dict[tuple[str, str], list[Any]] = {}  # how often, and the first place
        self._unread: list[str] = []  # further sheets that belong to no table

    # --- walking ---------------------------------------------------------------------------------

    def open(self, sheet: Sheet) -> None:
        """Look for the headings and for the sheets of tables; what is wrong with the file as a
        whole is told before anything is done with it. Raises Refused."""
        expect = getattr(sheet, "expect", None)
        if expect is None:  # rows that a program made
            return
        titles = sheets_of_tables(self.form, self.visible)
        expect(self._headings.is_known, titles, self._is_code)
        self._from_1904 = sheet.from_1904  # type: ignore[attr-defined]  # a Book has it
        for name in sheet.sheets():  # type: ignore[attr-defined]  # a Book has it
            if name in titles:
                is_code = partial(self._is_code_of_rows, titles[name])
                kept = sheet.keyed(name, is_code)  # type: ignore[attr-defined]
                self._tables[titles[name]] = kept, name
                self.speaker.know_table(titles[name], kept.columns)
            else:
                self._unread.append(name)

    def look_through(self, sheet: Sheet, most: int | None = None) -> None:
        """Know which words stand more than once where each is of one record, before a row is
        taken for the one that is meant. `most`: of so many rows. Raises Refused."""
        repeated = getattr(sheet, "repeated", None)
        if repeated is None:  # rows that a program made
            return
        titles: Sequence[str] = sheet.titles  # type: ignore[attr-defined]  # a Book has them
        joins = {kept.columns[0] for kept, _ in self._tables.values() if kept.columns}
        if self.wanted.may_update:
            self._keys = [t for t in titles if self._headings.field(t) == self.wanted.key]
        asked = [title for title in titles if title in joins or title in self._keys]
        loose = joins | (set(self._keys) if self.wanted.key in ("id", "number") else set())
        if asked:
            self._repeated = repeated(asked, loose, most)

    def notes(self) -> list[FieldRefusal]:
        """What is not wrong, but better known: of the file, and of the rows that were read."""
        found: list[FieldRefusal] = []
        if self._unread:
            found.append(FieldRefusal("", "sheet-not-read", {"sheets": Several(self._unread)}))
        for (code, name), (count, cell) in self._noted.items():
            holes = {"column": self.title_of(name), "count": count, "cell": cell}
            found.append(FieldRefusal(name, code, holes))
        return found

    def _note(self, code: str, name: str, row: Row, title: str) -> None:
        letters = getattr(row.columns, "letters", {})
        noted = self._noted.setdefault((code, name), [0, f"{letters.get(title, '')}{row.number}"])
        noted[0] += 1

    def _is_code(self, title: str) -> bool:
        definition = self.form.fields.get(self._headings.field(title) or "")
        return definition is not None and _holds_codes(definition)

    def _is_code_of_rows(self, table: str, title: str) -> bool:
        """The same of a table's sheet; its first column is headed as one of the first sheet."""
        headings = headings_of_rows(self.form.fields[table], self.visible)
        column = self.form.fields[table].fields.get(headings.field(title) or "")
        return self._is_code(title) if column is None else _holds_codes(column)

    def chunks(self, sheet: Sheet) -> Iterator[Chunk]:
        """The rows in their order. Raises Malformed for a column that is not there."""
        rest = (
            row if isinstance(row, Row) else Row(row, at, tuple(row))
            for at, row in enumerate(sheet, FIRST_ROW)
        )
        checked: Any = None
        is_any = False
        while rows := list(islice(rest, AT_ONCE)):
            if rows[0].columns is not checked:
                checked = rows[0].columns
                self.check(checked)
            is_any = True
            yield Chunk(rows, [self._below(row) for row in rows])
        if not is_any:
            raise Malformed("sheet-no-rows")

    def left(self) -> Iterator[tuple[str, Row]]:
        """Rows of tables that belong to no row, each with the table."""
        for table, (kept, _) in self._tables.items():
            for row in kept.left():
                yield table, row

    def check(self, columns: Sequence[str]) -> None:
        """Raises Malformed that names each column which is not there, or may not be."""
        refused = [one for name in columns if (one := self._refused(name)) is not None]
        seen: dict[str, str] = {}
        for name in columns:
            field_name = self._headings.field(name)
            before = seen.setdefault(field_name or name, name)
            if before != name and name not in self._headings.ignored:
                holes: dict[str, object] = {"column": name, "other": before}
                refused.append(FieldRefusal(name, "sheet-same-column", holes))
        if refused:
            raise Malformed("sheet-columns", fields=refused)
        if self.wanted.may_update and self.wanted.key and self.wanted.key not in seen:
            raise Malformed("sheet-key-missing", column=self.title_of(self.wanted.key))

    def title_of(self, name: str) -> Any:
        """What a column of this name is called, in whatever language is asked for."""
        definition = self.form.fields.get(name)
        if definition is not None:
            return definition.title
        return Words(f"system_fields.{name}") if name in SYSTEM_FIELDS else name

    def _refused(self, name: str) -> FieldRefusal | None:
        if name in self._headings.ignored:
            return None
        field_name = self._headings.field(name)
        if field_name is None:
            own = [n for n in dict.fromkeys(self._headings.columns.values())
                   if n == "org" or n in self.form.fields]  # fmt: skip
            known = Several([self.title_of(n) for n in own])
            return FieldRefusal(name, "sheet-unknown-column", {"column": name, "known": known})
        is_own = field_name in self.form.fields or field_name == "org"
        if is_own or self.wanted.may_update:
            return None
        return FieldRefusal(name, "sheet-system-column", {"column": name})

    def _below(self, row: Row) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for table, (kept, _) in self._tables.items():
            join = kept.columns[0] if kept.columns else ""
            key = row.get(join)
            word = key.strip() if type(key) is str else ""
            rows = self._repeated.get(join, {}).get(word)
            if rows and join not in self._keys and row.problem is None:
                said = Several([str(number) for number in rows], _MOST_ROWS)
                row.problem = Unread("sheet-key-twice", {"column": join, "key": word, "rows": said})
            found[table] = kept.take(word)
        return found

    # --- reading ---------------------------------------------------------------------------------

    def read(self, view: Reading, chunk: Chunk) -> list[Line]:
        """The rows as values. Names of people and records are looked up together."""
        self.speaker.view = view
        if self._made_for is not view.store:
            self._known.clear()
            self._simple.clear()
            self._row_columns.clear()
            self._made_for = view.store
        plain = self._plain_values(view, chunk.rows)
        lines = [
            self._line(view, row, below, values)
            for row, below, values in zip(chunk.rows, chunk.below, plain, strict=True)
        ]
        self._look_up(view, lines)
        return lines

    def _plain_values(self, view: Reading, rows: Sequence[Row]) -> Sequence[_Plain]:
        """The values of new records, read a column at a time; None for all of them where some
        column asks for more than its cells."""
        columns = rows[0].columns
        cells = by_name(rows, ABSENT)
        known = ((title, self._known_column(view, title)) for title in cells)
        asks_more = any(c is not None and title not in self._simple for title, c in known)
        if asks_more or self.wanted.may_update or any(r.columns is not columns for r in rows):
            return [None] * len(rows)
        simple = [title for title in columns if title in cells and title in self._simple]
        names = [self._simple[title][0] for title in simple]
        found = [converted(self._simple[title][1], cells[title]) for title in simple]
        is_whole = all(len(row) == len(cells) for row in rows)
        return as_rows(names, found, len(rows), is_whole=is_whole)

    def _line(self, view: Reading, row: Row, below: Mapping[str, list[Row]], plain: _Plain) -> Line:
        """`plain`: the values, where they were read already."""
        line = Line(row.number, columns=row.columns, speaker=self.speaker)
        if row.problem is not None:
            line.problem = row.problem.refusal("")
            return line
        for title in self._keys:
            line.problem = self._twin(row, title)
            if line.problem is not None:
                return line
        if plain is None:
            self._add_values(view, line, row)
        else:
            line.values = plain
        for name in row.numbers:
            column = self._known.get(name)
            if column is not None and column.definition and is_code(column.definition):
                self._note("sheet-zeros-lost", column.name, row, name)
        for table, rows in below.items():
            self._add_rows(view, line, table, rows)
        return line

    def _add_values(self, view: Reading, line: Line, row: Row) -> None:
        known, values, simple = self._known, line.values, self._simple
        for name, cell in row.items():
            if type(cell) is str and (len(cell) > DOUBTED or cell[:1] == MARK):
                cell = doubted(cell)
            if name in simple and type(cell) is str:  # most of them, which is told at once
                field_name, convert = simple[name]
                values[field_name] = cell if convert is str else convert(cell)
                continue
            column = self._known_column(view, name)
            if column is None:
                continue
            if column.is_system:
                line.system[column.name] = cell.strip() if type(cell) is str else ""
            elif type(cell) is not str:
                values[column.name] = cell
            else:
                values[column.name] = column.convert(cell)
                if column.is_trimmed and cell != cell.strip():
                    self._note("sheet-trimmed", column.name, row, name)
        if self.wanted.may_update and len(row) < len(row.columns):
            for name in row.columns:
                if name not in row:
                    column = known.get(name) or self._column(view, name)
                    if column is not None and column.is_system:
                        line.system[column.name] = ""
                    elif column is not None:
                        values[column.name] = None

    def _twin(self, row: Row, title: str) -> FieldRefusal | None:
        """That another row is about the same record: which of them is meant is nobody's guess."""
        repeated = self._repeated.get(title)
        word = row.get(title)
        if not repeated or type(word) is not str:
            return None
        rows = repeated.get(word) or repeated.get(word.strip()) or ()
        if row.number not in rows:
            return None
        other = next(number for number in rows if number != row.number)
        return FieldRefusal(self.wanted.key, "sheet-record-twice", {"row": other})

    def _known_column(self, view: Reading, name: str) -> Column | None:
        if name not in self._known:
            column = self._known[name] = self._column(view, name)
            if column is not None and not (column.is_system or column.is_trimmed):
                self._simple[name] = column.name, column.convert
        return self._known[name]

    def _add_rows(self, view: Reading, line: Line, table: str, rows: list[Row]) -> None:
        known = self._row_columns.setdefault(table, {})
        listed: list[dict[str, Any]] = []
        for row in rows:
            values: dict[str, Any] = {}
            if row.problem is not None:
                line.problem = row.problem.refusal(f"{table}!{row.number}")
            for name in row.columns[1:]:
                if name not in known:
                    known[name] = self._row_column(view, table, name)
                column = known[name]
                if column is None:
                    continue
                cell = row.get(name)
                if cell is not None:
                    if type(cell) is str and (len(cell) > DOUBTED or cell[:1] == MARK):
                        cell = doubted(cell)
                    values[column.name] = column.convert(cell) if type(cell) is str else cell
                elif self.wanted.may_update:
                    values[column.name] = None
            listed.append(values)
        if listed or self.wanted.may_update:
            line.values[table] = listed
            line.rows[table] = [row.number for row in rows]

    def _column(self, view: Reading, name: str) -> Column | None:
        field_name = None if name in self._headings.ignored else self._headings.field(name)
        if field_name is None:
            return None
        definition = self.form.fields.get(field_name)
        if definition is None and field_name != "org":
            return Column(field_name, str, None, is_system=True)
        convert = converter(view, definition, from_1904=self._from_1904)
        return Column(field_name, convert, definition, is_titled=name != field_name)

    def _row_column(self, view: Reading, table: str, name: str) -> Column | None:
        definition = self.form.fields[table]
        headings = headings_of_rows(definition, self.visible)
        if name in headings.ignored:
            return None
        field_name = headings.field(name)
        if field_name is None:
            own = dict.fromkeys(headings.columns.values())
            known = Several([definition.fields[n].title for n in own if n in definition.fields])
            holes: dict[str, object] = {"column": name, "known": known}
            raise Malformed(
                "sheet-columns", fields=[FieldRefusal(name, "sheet-unknown-column", holes)]
            )
        if field_name == "id":
            return Column("id", row_id, None)
        column = definition.fields[field_name]
        convert = converter(view, column, from_1904=self._from_1904)
        return Column(field_name, convert, column, is_titled=name != field_name)

    # --- names of people and records -------------------------------------------------------------

    def in_turn(self, lines: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
        """The rows that can be written now, and those that name a record of their own form which
        is not there yet: another row may make it. All, where there is none to wait for."""
        links = self._own_links()
        later = [line for line in lines if any(waits(line.values.get(name)) for name in links)]
        if not later or len(later) == len(lines):
            return lines, ()
        waiting = {id(line) for line in later}
        return [line for line in lines if id(line) not in waiting], later

    def look_again(self, view: Reading, lines: Sequence[Line]) -> Sequence[Line]:
        """The same rows, with what was made meanwhile."""
        for name in self._own_links() if lines else ():
            for line in lines:
                value = line.values.get(name)
                if isinstance(value, list):
                    line.values[name] = [one.holes["name"] if waits(one) else one for one in value]
                elif isinstance(value, Unread) and waits(value):
                    line.values[name] = value.holes["name"]
        self._look_up(view, lines)
        return lines

    def _own_links(self) -> Sequence[str]:
        """The links to records of the form itself, such as what is above in a tree."""
        return [
            column.name
            for column in self._known.values()
            if column is not None and column.is_name
            and column.definition is not None and column.definition.type == "link"
            and column.definition.to[0] == self.form.name
        ]  # fmt: skip

    def _look_up(self, view: Reading, lines: Sequence[Line]) -> None:
        for definition, is_titled, places in self._named(lines):
            words = {w for holder, name in places for w in each(holder[name]) if is_name(w)}
            if definition.type == "person":
                found = PeopleNames(view).find(words)
            else:
                names = RecordNames(view, definition.to[0])
                found = names.find(words, may_be_ids=not is_titled)
            for holder, name in places:
                value = holder[name]
                if isinstance(value, list):
                    holder[name] = [found.get(w, w) if is_name(w) else w for w in value]
                else:
                    holder[name] = found.get(value, value)

    def _named(self, lines: Sequence[Line]) -> Collection[tuple[Field, bool, list[_Place]]]:
        """Where words stand that name people or records, by field, and whether their column is
        headed by its title."""
        places: dict[int, tuple[Field, bool, list[_Place]]] = {}
        columns = [c for c in self._known.values() if c is not None and c.is_name]
        tables = {
            table: [c for c in known.values() if c is not None and c.is_name]
            for table, known in self._row_columns.items()
        }
        if not columns and not tables:
            return ()
        for line in lines:
            holders: list[tuple[Column, dict[str, Any]]] = [(c, line.values) for c in columns]
            for table, inside in tables.items():
                holders += [(c, row) for row in line.values.get(table) or () for c in inside]
            for column, holder in holders:
                definition = column.definition
                value = holder.get(column.name)
                if definition is not None and any(is_name(one) for one in each(value)):
                    at = places.setdefault(id(definition), (definition, column.is_titled, []))
                    at[2].append((holder, column.name))
        return places.values()


def _holds_codes(definition: Field) -> bool:
    """Whether a number is read as it is shown: of links and people, too, which are called so."""
    return is_code(definition) or definition.type in ("link", "person")


_Plain = dict[str, Any] | None
_Place = tuple[dict[str, Any], str]  # the values, and the name in them


def known_columns(view: Reading, form: Form, wanted: Wanted) -> frozenset[str]:
    """The fields this person may name in a sheet."""
    if view.actor.is_system:
        return all_fields(form)
    found: frozenset[str] = frozenset()
    if wanted.may_create:
        found |= view.rights.create_fields(view, form.name).visible
    if wanted.may_update:
        found |= view.rights.fields(view, form.name).visible
    return found


def shown_of(rights: FieldRights) -> frozenset[str]:
    """The fields whose values are told."""
    return rights.visible - rights.masked


def match_keys(view: Reading, form: Form) -> list[str]:
    """What this person may match records by: unique fields first. What he is not shown would be
    told by which of his guesses finds a record."""
    shown = shown_of(view.rights.fields(view, form.name))
    own = [
        n
        for n, f in form.fields.items()
        if f.type in _KEY_TYPES and not f.many and not f.compute and n in shown
    ]
    unique = [n for n in own if form.fields[n].unique]
    number = ["number"] if form.number is not None and "number" in shown else []
    return [*unique, *number, "id", *(n for n in own if n not in unique)]
