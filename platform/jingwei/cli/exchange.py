"""`import` and `export`: records from a sheet and into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from jingwei.cli import Context, words
from jingwei.cli.commands import command, option
from jingwei.cli.people import known_person, open_platform
from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import csv_pages, write_to_change, write_workbook
from jingwei.language.form import Form
from jingwei.refusals import Refused
from jingwei.services.exchange import Imported, import_sheet, look
from jingwei.services.export import Exported, Values, log_export
from jingwei.services.export import export as exported
from jingwei.services.import_batches import Mode, Source
from jingwei.services.kept_sheets import keep_sheet
from jingwei.services.listing import ListWish
from jingwei.services.people import SYSTEM
from jingwei.services.sheet_lines import Do, Wanted
from jingwei.services.sheet_words import cell_of, column_title


@command(name="import", help=words("import_help"))
@click.argument("form")
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "--mode",
    type=click.Choice(["atomic", "rows"]),
    default="atomic",
    show_default=True,
    help=words("import_mode_help"),
)
@option(
    "--do",
    type=click.Choice(["create", "update", "upsert"]),
    default="create",
    show_default=True,
    help=words("import_do_help"),
)
@option("--key", default="", help=words("import_key_help"))
@option("--preview", is_flag=True, help=words("import_preview_help"))
@option("--as", "login", help=words("as_person_help"))
@click.pass_obj
def import_(
    context: Context,
    form: str,
    file: Path,
    mode: Mode,
    do: Do,
    key: str,
    preview: bool,
    login: str | None,
) -> int:
    sheet = SheetFile(file, file.name)
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        if not file.is_file():
            raise Refused("no-such-file", file=file)
        with file.open("rb") as stream:
            sha256, _ = keep_sheet(platform, form, stream)
        source = Source(file.name, sha256)
        wanted = Wanted(do, key if do != "create" else "")
        if preview:
            found = look(platform.commands, actor, form, sheet, wanted)
        else:
            found = import_sheet(platform.commands, actor, form, sheet, mode, source, wanted=wanted)
        with platform.commands.read(actor) as view:
            definition = view.catalogue.forms.get(form)
    _report(context, definition, found)
    return 1 if found.bad else 0


def _report(context: Context, form: Form | None, found: Imported) -> None:
    rows = [
        {
            "row": row,
            "cell": cell_of(one),
            "column": column_title(form, one.path, context.locale),
            "path": one.path,
            "code": one.code,
            "message": one.message(context.locale),
        }
        for row, one in found.refused
    ]
    lines = [f"  {note.message(context.locale)}" for note in found.notes]
    for one in rows:
        place = [str(one[key]) for key in ("cell", "column") if one[key]]
        lines.append(context.text("cli.import_row", **one, place=" ".join(place)))
    counts = {"created": found.created, "updated": found.updated, "same": found.same}
    done = "cli.import_done" if found.batch is not None else "cli.import_looked"
    lines.append(context.text(done, good=found.good, bad=found.bad, **counts))
    value = {"good": found.good, "bad": found.bad, **counts, "refused": rows}
    value |= {"notes": [one.message(context.locale) for one in found.notes], "batch": found.batch}
    context.give(value, "\n".join(lines))


@command(help=words("export_help"))
@click.argument("form")
@option("--filter", "filter_", help=words("filter_help"))
@option("--out", required=True, type=click.Path(path_type=Path), help=words("out_help"))
@option("--codes", is_flag=True, help=words("export_codes_help"))
@option("--edit", is_flag=True, help=words("export_edit_help"))
@option("--as", "login", help=words("as_person_help"))
@click.pass_obj
def export(
    context: Context,
    form: str,
    filter_: str | None,
    out: Path,
    codes: bool,
    edit: bool,
    login: str | None,
) -> None:
    values: Values = "edit" if edit else "codes" if codes else "titles"
    is_book = out.suffix.lower() != ".csv"
    wish = ListWish(filter=filter_)
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        with platform.commands.read(actor) as view:
            found = exported(
                view, form, wish, context.locale, values=values, days=is_book, tables=is_book
            )
            count = _write(out, found, context.locale if edit else None)
        if found.sensitive:
            platform.commands.run(partial(log_export, form=form, exported=found, wish=wish), actor)
    said = context.text("cli.export_done", rows=count, file=out)
    context.give({"rows": count, "file": str(out)}, said)


def _write(out: Path, found: Exported, to_change: str | None) -> int:
    """How many rows; the ending of the name says in what format. `to_change`: the language of a
    workbook that comes back."""
    if out.suffix.lower() != ".csv" and to_change is not None:
        return write_to_change(str(out), found, to_change)
    if out.suffix.lower() != ".csv":
        return write_workbook(str(out), found.titles, found.rows, found.types, found.tables)
    count = 0

    def counted() -> Iterator[Sequence[Sequence[Any]]]:
        nonlocal count
        for page in found.pages:
            count += len(page[0]) if page else 0
            yield page

    with out.open("wb") as target:
        for piece in csv_pages(found.titles, counted(), found.types):
            target.write(piece)
    return count
