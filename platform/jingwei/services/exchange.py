"""Records from a sheet and into one, under the rules of the screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from jingwei.language.form import Field, Form
from jingwei.refusals import FieldRefusal, Invalid, Malformed, NotAllowed, NotFound, Refused
from jingwei.services import listing, records
from jingwei.services.commands import Commands, Reading, Work
from jingwei.services.listing import ListWish
from jingwei.services.people import Person
from jingwei.services.records import Change
from jingwei.services.titles import Titles, choices
from jingwei.texts import has_text, text

Mode = Literal["atomic", "rows"]
Sheet = Sequence[Mapping[str, str]]
YES, NO = frozenset({"true", "1", "yes", "y", "是"}), frozenset({"false", "0", "no", "n", "否"})
SEVERAL = (";", "；", "、")
FIRST_ROW = 2  # row 1 is the header
MOST_ROWS = 100_000  # of one export


@dataclass(slots=True)
class Imported:
    """`good` rows were kept. `refused`: (row of the sheet, what is wrong)."""

    good: int = 0
    bad: int = 0
    refused: list[tuple[int, FieldRefusal]] = field(default_factory=list)

    def refuse(self, row: int, refused: Refused) -> None:
        self.bad += 1
        found = refused.fields or (FieldRefusal("", refused.code, dict(refused.holes)),)
        self.refused += [(row, one) for one in found]


class _TakenBack(Exception):
    """Some rows are bad: nothing is kept."""


def import_sheet(
    commands: Commands, actor: Person, form: str, sheet: Sheet, mode: Mode = "atomic"
) -> Imported:
    """`atomic`: all rows or none; `rows`: those that are good, each in its own transaction.

    Raises NotFound, NotAllowed, and Malformed for a column that is not there.
    """
    if mode == "rows":
        return import_good(commands, actor, form, sheet)
    try:
        return Imported(commands.run(lambda work: import_all(work, form, sheet), actor))
    except Invalid:
        return every_problem(commands, actor, form, sheet)


def import_all(work: Work, form: str, sheet: Sheet) -> int:
    """Every row, or none: how many. Raises Refused; see `every_problem`."""
    changes = [Change("create", values=line) for line in _values(work, form, sheet)]
    return len(records.write_many(work, form, changes, source="import"))


def import_good(
    commands: Commands, actor: Person, form: str, sheet: Sheet, key: str | None = None
) -> Imported:
    """The rows that are good. `key`: the same rows again under it are not imported twice."""
    found = Imported()
    with commands.read(actor) as view:
        values = _values(view, form, sheet)
    for row, line in enumerate(values, FIRST_ROW):
        own = None if key is None else f"{key}:{row}"
        try:
            commands.run(
                _creator(form, line), actor, key=own, request_hash=repr(sorted(line.items()))
            )
        except Refused as refused:
            found.refuse(row, refused)
        else:
            found.good += 1
    return found


def _creator(form: str, line: Mapping[str, Any]) -> Any:
    def create(work: Work) -> int:
        return records.create(work, form, line, source="import").id

    return create


def every_problem(commands: Commands, actor: Person, form: str, sheet: Sheet) -> Imported:
    """What is wrong with each row; nothing is kept."""
    found = Imported()

    def look(work: Work) -> None:
        for row, line in enumerate(_values(work, form, sheet), FIRST_ROW):
            try:
                records.create(work, form, line, source="import")
            except Refused as refused:
                found.refuse(row, refused)
        raise _TakenBack

    with suppress(_TakenBack):
        commands.run(look, actor)
    return found


# --- out -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exported:
    """A sheet of a form. `paths`, `titles` and the cells of each row stand in the same order."""

    paths: tuple[str, ...]
    titles: tuple[str, ...]
    rows: list[list[Any]]


def export_sheet(view: Reading, form: str, wish: ListWish, locale: str) -> Exported:
    """Every row that the reader may see and that the wish asks for, as the screens show it.

    Raises NotFound, NotAllowed, Malformed; Refused above MOST_ROWS rows.
    """
    definition = listing.form_of(view, form)
    listing.raise_unless_known(view, definition)
    if not view.rights.decide(view, form, "export").allowed:
        raise NotAllowed("not-allowed", action="export")
    if wish.fields is None:
        visible = view.rights.fields(view, form).visible
        own = [n for n in listing.kept_fields(view, definition) if n in visible]
        wish = replace(wish, fields=tuple(dict.fromkeys(("number", "org", "status", *own))))
    known = Titles(view, definition, locale)
    paths: tuple[str, ...] = tuple(p for p in wish.fields or () if p not in definition.tables)
    rows: list[list[Any]] = []
    after: str | None = None
    while True:
        page = replace(
            wish, fields=paths, size=listing.MOST_A_PAGE, page=1, after=after, count=None
        )
        found = listing.listing(view, form, page)
        for item, titles in zip(found.items, known.of(found.items), strict=True):
            rows.append([_shown(titles.get(path, item.get(path))) for path in paths])
        if len(rows) > MOST_ROWS:
            raise Refused("sheet-too-many-rows", most=MOST_ROWS)
        after = found.next_after
        if after is None:
            return Exported(paths, tuple(_title(definition, p, locale) for p in paths), rows)


def _shown(value: Any) -> Any:
    """A cell: several values as words, a link to what cannot be seen by its id."""
    if isinstance(value, list | tuple):
        return "; ".join(str(_shown(one)) for one in value if one is not None)
    if isinstance(value, Mapping):
        return str(value.get("id", ""))
    return value


def _title(form: Form, path: str, locale: str) -> str:
    field = form.fields.get(path)
    if field is not None:
        return field.title(locale)
    key = f"system_fields.{path}"
    return text(key, locale) if has_text(key, locale) else path


# --- cells ---------------------------------------------------------------------------------------


def _values(work: Reading, form: str, sheet: Sheet) -> list[dict[str, Any]]:
    definition = work.catalogue.forms.get(form)
    if definition is None or not (work.actor.is_system or work.rights.grants(work, form).grants):
        raise NotFound("no-such-form")
    for action in ("create", "import"):
        if not work.rights.decide(work, form, action).allowed:
            raise NotAllowed("not-allowed", action=action)
    visible = work.rights.create_fields(work, form).visible
    columns = _columns(definition, visible)
    unknown = sorted({name for line in sheet for name in line} - columns.keys())
    if unknown:
        known = ", ".join(n for n in definition.fields if n in visible)
        refused = [
            FieldRefusal(name, "unknown-column", {"column": name, "known": known})
            for name in unknown
        ]
        raise Malformed("unknown-fields", fields=refused)
    return [
        {
            columns[name]: _value(work, definition, columns[name], cell)
            for name, cell in line.items()
        }
        for line in sheet
    ]


def _columns(form: Form, visible: frozenset[str]) -> dict[str, str]:
    """Field names by what a column may be called: the name, or a title in either language."""
    found: dict[str, str] = {}
    for name, definition in form.fields.items():
        if name in visible and definition.type not in ("heading", "note", "table"):
            found.setdefault(definition.title("zh"), name)
            found.setdefault(definition.title("en"), name)
    found |= {name: name for name in form.fields if name in visible}
    return {**found, "org": "org"}


def _value(view: Reading, form: Form, name: str, cell: str) -> Any:
    definition = form.fields.get(name)
    if definition is None:
        return _code(view.catalogue.orgs, cell)
    if definition.many:
        for mark in SEVERAL[1:]:
            cell = cell.replace(mark, SEVERAL[0])
        words = [word.strip() for word in cell.split(SEVERAL[0])]
        return [_one(view, definition, word) for word in words if word]
    return _one(view, definition, cell)


def _one(view: Reading, field: Field, cell: str) -> Any:
    """The JSON value that a cell means; what is not understood is left for the field to refuse."""
    match field.type:
        case "boolean":
            word = cell.strip().lower()
            return True if word in YES else False if word in NO else cell
        case "choice":
            known = {c.code: c for c in choices(view, field)}
            return _code(known, cell)
        case "org" | "role" | "post" | "indicator":
            return _code(getattr(view.catalogue, f"{field.type}s"), cell)
        case "link" | "file" | "image":
            return int(cell) if cell.isascii() and cell.isdigit() else cell
        case "integer":
            return int(cell) if cell.isascii() and cell.lstrip("-").isdigit() else cell
        case "percent":
            return _fraction(cell)
        case _:
            return cell


def _code(known: Mapping[str, Any], cell: str) -> str:
    """The code itself, or the one whose title this is, if it is the only one."""
    if cell in known:
        return cell
    found = [c for c, one in known.items() if cell in (one.title("zh"), one.title("en"))]
    return found[0] if len(found) == 1 else cell


def _fraction(cell: str) -> str:
    """`13%` as the fraction it is."""
    if not cell.endswith("%"):
        return cell
    try:
        return f"{Decimal(cell[:-1]) / 100:f}"
    except InvalidOperation:
        return cell
