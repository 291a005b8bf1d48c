"""Records into a sheet: every row a reader may see that a list asks for, one after the other.

Columns are shown as the screens show them, or (`codes`) as the API writes them, which is what comes
back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jingwei.catalogue.compile import form_fingerprint
from jingwei.language.form import Field, Form
from jingwei.refusals import NotAllowed
from jingwei.services import list_fields, listing
from jingwei.services.commands import Reading, Work
from jingwei.services.export_cells import Cells
from jingwei.services.listing import ListWish
from jingwei.services.rights import FieldRights
from jingwei.services.sheet_cells import NOT_IN_SHEETS, columns_of_rows
from jingwei.services.sheet_headings import columns_of_sheet, sheet_title
from jingwei.services.sheet_template import is_closed, org_words, words_of
from jingwei.storage.changes import ChangeRow
from jingwei.texts import has_text, text

LOG = "exported"  # the action under which an export of sensitive fields is kept
Values = Literal["titles", "codes", "edit"]
Shown = Callable[[Any], Any]
_Made = list[tuple[str, Shown | None]]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """`type`: of its values, for whoever writes them. Of a sheet that comes back: `is_locked`, what
    is not this person's to change; `choices`, the words that there are."""

    path: str
    title: str
    type: str
    is_locked: bool = False
    is_required: bool = False
    choices: tuple[str, ...] = ()


class Headed:
    """What has columns with titles and types."""

    __slots__ = ()
    columns: Sequence[SheetColumn]

    @property
    def titles(self) -> list[str]:
        return [column.title for column in self.columns]

    @property
    def types(self) -> list[str]:
        return [column.type for column in self.columns]


@dataclass(slots=True)
class SheetTable(Headed):
    """The rows of one table of all records, of which each begins with the word of its record's
    first column. `waiting`: rows of the records that were walked; whoever writes them takes them.
    """

    title: str
    columns: tuple[SheetColumn, ...]
    waiting: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Exported(Headed):
    """A sheet of a form. `pages`: some rows at a time, as one list a column; they may be walked
    once. `tables`: further sheets. `sensitive`: fields that are marked so and shown. `about`: what
    a sheet that comes back says of itself."""

    columns: tuple[SheetColumn, ...]
    pages: Iterator[Sequence[Sequence[Any]]]
    tables: tuple[SheetTable, ...] = ()
    sensitive: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> Iterator[Sequence[Any]]:
        for page in self.pages:
            yield from zip(*page, strict=True)


def export(
    view: Reading,
    form: str,
    wish: ListWish,
    locale: str,
    *,
    codes: bool = False,
    days: bool = True,
    values: Values = "titles",
    tables: bool = False,
) -> Exported:
    """Every row of a list. `values`: `titles` as the screens show them; `codes` (or `codes=True`)
    names and ids, with field names as headings; `edit`: titles that come back as the same values,
    with the id and revision of each record. `days`: dates as such, not as their text. `tables`:
    those that are asked for (all, where no fields are) as further sheets.

    Raises NotFound, NotAllowed, Malformed.
    """
    view = view.rights.home(view, form)
    definition = listing.form_of(view, form)
    listing.raise_unless_known(view, definition)
    if not view.rights.decide(view, form, "export").allowed:
        raise NotAllowed("not-allowed", action="export")
    said: Values = "codes" if codes else values
    paths = _paths(view, definition, wish, said)
    names = _tables(view, definition, wish) if tables else ()
    wish = replace(wish, fields=(*paths, *names), page=1, after=None, count=None)
    listing.check(view, form, wish)
    shown = Cells(view, definition, locale, said, days)
    visible = view.rights.fields(view, form).visible
    known = columns_of_sheet(definition, visible)
    rights = view.rights.fields(view, form)
    columns = tuple(_column(view, definition, path, locale, said, known) for path in paths)
    if said == "edit":
        columns = tuple(guarded(view, definition, c, locale, rights) for c in columns)
    join: tuple[SheetColumn, ...] = ()
    if names and said != "edit":
        join = (SheetColumn("", text("exchange.join", locale), "integer"),)
    first = join or tuple(c for c in columns if c.path == "id")
    further = {
        name: _further(definition.fields[name], first[0], locale, said, visible) for name in names
    }
    if said == "edit":
        further = {
            name: (_guarded_table(view, definition, name, made, locale, rights), inside)
            for name, (made, inside) in further.items()
        }
    sheets = _Walk(view, definition, wish, shown, paths, further, bool(join), days)
    return Exported(
        (*join, *columns),
        sheets.pages(),
        tuple(table for table, _ in further.values()),
        sensitive_of(view, definition, (*paths, *names)),
        {"form": form, "fingerprint": form_fingerprint(view.catalogue, form)},
    )


def sensitive_of(view: Reading, form: Form, paths: Sequence[str]) -> tuple[str, ...]:
    """The fields among these that are sensitive and not masked for this reader, those of linked
    records by the path that leads to them."""
    return tuple(dict.fromkeys(one for path in paths for one in _sensitive(view, form, path)))


def _sensitive(view: Reading, form: Form, path: str) -> Iterator[str]:
    first, _, rest = path.partition(".")
    definition = form.fields.get(first)
    if definition is None:
        return
    rights = view.rights.fields(view, form.name)
    for one in (definition, *definition.fields.values()):
        if one.sensitive and one.path in rights.visible - rights.masked:
            yield one.path
    if rest and definition.type == "link" and len(definition.to) == 1:
        target = view.catalogue.forms.get(definition.to[0])
        if target is not None:
            yield from (f"{first}.{one}" for one in _sensitive(view, target, rest))


def log_export(work: Work, form: str, exported: Exported, wish: ListWish) -> None:
    """Keep who took which sensitive fields out of the house, and by which list."""
    body = {"fields": list(exported.sensitive), "filter": wish.filter or "", "q": wish.q or ""}
    work.log(
        ChangeRow(
            at=work.now,
            actor=None if work.actor.is_system else work.actor.login,
            action=LOG,
            kind="export",
            org=work.actor.org or None,
            form=form,
            body=body,
            release=work.installation.release.id,
            request=work.request_id,
        )
    )


def _paths(view: Reading, form: Form, wish: ListWish, values: Values) -> tuple[str, ...]:
    heads: tuple[str, ...] = ("id", "revision") if values == "edit" else ()
    if wish.fields is not None:
        asked = tuple(path for path in wish.fields if path not in form.tables)
        return tuple(dict.fromkeys((*heads, *asked)))
    visible = view.rights.fields(view, form.name).visible
    own = [
        name
        for name in list_fields.kept_fields(view, form)
        if name in visible and form.fields[name].type not in NOT_IN_SHEETS
    ]
    number = ("number",) if form.number is not None else ()
    heads = {"codes": ("org",), "titles": ("number", "org", "status")}.get(
        values, (*heads, *number, "org")
    )
    return tuple(dict.fromkeys((*heads, *own)))


def _tables(view: Reading, form: Form, wish: ListWish) -> tuple[str, ...]:
    visible = view.rights.fields(view, form.name).visible
    asked = form.tables if wish.fields is None else wish.fields
    return tuple(name for name in asked if name in form.tables and name in visible)


def _column(
    view: Reading, form: Form, path: str, locale: str, values: Values, known: Mapping[str, str]
) -> SheetColumn:
    """`known`: what columns are understood as. A title that would be taken for another column
    gives way to the name, where the sheet is to come back."""
    field_ = form.fields.get(path)
    title = path if values == "codes" else _title(view, form, path, locale)
    if values == "edit" and known.get(title, path) != path:
        title = path
    kind = "text" if field_ is None or field_.many else field_.type
    return SheetColumn(path, title, kind)


def _title(view: Reading, form: Form, path: str, locale: str) -> str:
    """What a column is called: that of a linked record with the link, so that it is not taken for
    a column of the form itself."""
    first, _, rest = path.partition(".")
    definition = form.fields.get(first)
    if definition is None:
        key = f"system_fields.{path}"
        return text(key, locale) if has_text(key, locale) else path
    if not rest:
        return definition.title(locale)
    to = definition.to[0] if len(definition.to) == 1 else ""
    target = view.catalogue.forms.get(to)
    if target is None:
        return path
    inner = _title(view, target, rest, locale)
    return text("exchange.along", locale, link=definition.title(locale), field=inner)


def _further(
    table: Field, join: SheetColumn, locale: str, values: Values, visible: frozenset[str]
) -> tuple[SheetTable, tuple[Field, ...]]:
    """A table's sheet, and the fields of its columns."""
    shown = tuple(
        c for c in table.fields.values() if c.type not in NOT_IN_SHEETS and c.path in visible
    )
    ids = (SheetColumn("id", text("exchange.row_id", locale), "integer"),)
    known = columns_of_rows(table, visible)
    columns = tuple(_inner(c, locale, values, known) for c in shown)
    title = table.name if values == "codes" else sheet_title(table.title(locale))
    heads = (join, *ids) if values == "edit" else (join,)
    return SheetTable(title, (*heads, *columns)), shown


def _inner(column: Field, locale: str, values: Values, known: Mapping[str, str]) -> SheetColumn:
    title = column.name if values == "codes" else column.title(locale)
    if values == "edit" and known.get(title) != column.name:
        title = column.name
    return SheetColumn(column.name, title, "text" if column.many else column.type)


def guarded(
    view: Reading,
    form: Form,
    column: SheetColumn,
    locale: str,
    rights: FieldRights,
    table: Field | None = None,
) -> SheetColumn:
    """A column of a sheet that comes back, with what may be done with it."""
    inside = form.fields if table is None else table.fields
    definition = inside.get(column.path)
    if definition is None:
        is_org = column.path == "org" and "org" in rights.writable
        words = org_words(view, form.name, locale) if is_org else ()
        return replace(column, is_locked=not is_org, choices=words)
    is_locked = definition.path not in rights.writable - rights.masked or is_closed(definition)
    words = () if definition.many else words_of(view, form, definition, locale)
    return replace(column, is_locked=is_locked, is_required=definition.required, choices=words)


def _guarded_table(
    view: Reading, form: Form, name: str, table: SheetTable, locale: str, rights: FieldRights
) -> SheetTable:
    """The column of the record, that of the row, and those of the table."""
    definition = form.fields[name]
    heads = tuple(replace(column, is_locked=True) for column in table.columns[:2])
    rest = (guarded(view, form, c, locale, rights, definition) for c in table.columns[2:])
    return replace(table, columns=(*heads, *rest))


@dataclass(slots=True)
class _Walk:
    """The rows of a list, part after part, those of its tables beside them."""

    view: Reading
    form: Form
    wish: ListWish
    shown: Cells
    paths: Sequence[str]
    further: Mapping[str, tuple[SheetTable, tuple[Field, ...]]]
    is_numbered: bool
    days: bool

    def pages(self) -> Iterator[Sequence[Sequence[Any]]]:
        makers = [(path, self.shown.maker(path)) for path in self.paths]
        inside = {
            name: [(c.name, self.shown.maker_of(c)) for c in columns]
            for name, (_, columns) in self.further.items()
        }
        number = 0
        form = self.form.name
        for part in listing.walked(self.view, form, self.wish, as_words=not self.days):
            self.shown.learn(part.columns, self.paths)
            for name, (_, columns) in self.further.items():
                self.shown.learn_rows([r for rows in part.tables[name] for r in rows], columns)
            numbers = range(number + 1, number + 1 + len(part.ids))
            number += len(part.ids)
            keys = numbers if self.is_numbered else part.ids
            for name, (table, _) in self.further.items():
                for key, rows in zip(keys, part.tables[name], strict=True):
                    table.waiting += self._inside(rows, key, table, inside[name])
            shown: list[Sequence[Any]] = [numbers] if self.is_numbered else []
            for path, make in makers:
                column = part.columns[path]
                if make is not None:
                    column = [v if v is None else make(v) for v in column]
                shown.append(column)
            yield shown

    @staticmethod
    def _inside(rows: Any, key: Any, table: SheetTable, makers: _Made) -> Iterator[list[Any]]:
        has_ids = len(table.columns) > len(makers) + 1
        for row in rows:
            cells = [
                value if (value := row.get(name)) is None or make is None else make(value)
                for name, make in makers
            ]
            yield [key, row["id"], *cells] if has_ids else [key, *cells]
