"""`import` and `export`: records from a sheet and into one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from jingwei.cli import Context, words
from jingwei.cli.commands import command, option
from jingwei.cli.people import known_person, open_platform
from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import csv_lines, write_workbook
from jingwei.refusals import Refused
from jingwei.services import files
from jingwei.services.exchange import Imported, import_sheet
from jingwei.services.export import Exported
from jingwei.services.export import export as exported
from jingwei.services.import_batches import Mode, Source
from jingwei.services.listing import ListWish
from jingwei.services.people import SYSTEM


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
@option("--as", "login", help=words("as_person_help"))
@click.pass_obj
def import_(context: Context, form: str, file: Path, mode: Mode, login: str | None) -> int:
    sheet = SheetFile(file, file.name)
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        if not file.is_file():
            raise Refused("no-such-file", file=file)
        with file.open("rb") as stream:
            sha256, _ = files.keep(platform.settings.data_dir, stream)
        source = Source(file.name, sha256)
        found = import_sheet(platform.commands, actor, form, sheet, mode, source)
    _report(context, found)
    return 1 if found.bad else 0


def _report(context: Context, found: Imported) -> None:
    rows = [
        {"row": row, "path": one.path, "code": one.code, "message": one.message(context.locale)}
        for row, one in found.refused
    ]
    lines = [context.text("cli.import_row", **row) for row in rows]
    lines.append(context.text("cli.import_done", good=found.good, bad=found.bad))
    value = {"good": found.good, "bad": found.bad, "refused": rows, "batch": found.batch}
    context.give(value, "\n".join(lines))


@command(help=words("export_help"))
@click.argument("form")
@option("--filter", "filter_", help=words("filter_help"))
@option("--out", required=True, type=click.Path(path_type=Path), help=words("out_help"))
@option("--codes", is_flag=True, help=words("export_codes_help"))
@option("--as", "login", help=words("as_person_help"))
@click.pass_obj
def export(
    context: Context, form: str, filter_: str | None, out: Path, codes: bool, login: str | None
) -> None:
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        with platform.commands.read(actor) as view:
            found = exported(view, form, ListWish(filter=filter_), context.locale, codes=codes)
            count = _write(out, found)
    said = context.text("cli.export_done", rows=count, file=out)
    context.give({"rows": count, "file": str(out)}, said)


def _write(out: Path, found: Exported) -> int:
    """How many rows; the ending of the name says in what format."""
    if out.suffix.lower() != ".csv":
        return write_workbook(str(out), found.titles, found.rows, [c.type for c in found.columns])
    count = 0

    def counted() -> Iterator[list[Any]]:
        nonlocal count
        for row in found.rows:
            count += 1
            yield row

    with out.open("wb") as target:
        for piece in csv_lines(found.titles, counted(), [c.type for c in found.columns]):
            target.write(piece)
    return count
