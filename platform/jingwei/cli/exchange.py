"""`import` and `export`: records from a sheet and into one."""

from __future__ import annotations

from pathlib import Path

import click

from jingwei.cli import Context, words
from jingwei.cli.people import known_person, open_platform
from jingwei.gateways.sheets import read_sheet
from jingwei.gateways.workbook import write_sheet
from jingwei.services.exchange import Imported, Mode, export_sheet, import_sheet
from jingwei.services.listing import ListWish
from jingwei.services.people import SYSTEM


@click.command(name="import", help=words("import_help"))
@click.argument("form")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=click.Choice(["atomic", "rows"]),
    default="atomic",
    show_default=True,
    help=words("import_mode_help"),
)
@click.option("--as", "login", help=words("as_person_help"))
@click.pass_obj
def import_(context: Context, form: str, file: Path, mode: Mode, login: str | None) -> int:
    sheet = read_sheet(file)
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        found = import_sheet(platform.commands, actor, form, sheet, mode)
    _report(context, found)
    return 1 if found.bad else 0


def _report(context: Context, found: Imported) -> None:
    rows = [
        {"row": row, "path": one.path, "code": one.code, "message": one.message(context.locale)}
        for row, one in found.refused
    ]
    lines = [context.text("cli.import_row", **row) for row in rows]
    lines.append(context.text("cli.import_done", good=found.good, bad=found.bad))
    context.give({"good": found.good, "bad": found.bad, "refused": rows}, "\n".join(lines))


@click.command(help=words("export_help"))
@click.argument("form")
@click.option("--filter", "filter_", help=words("filter_help"))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=words("out_help"))
@click.option("--as", "login", help=words("as_person_help"))
@click.pass_obj
def export(context: Context, form: str, filter_: str | None, out: Path, login: str | None) -> None:
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        with platform.commands.read(actor) as view:
            found = export_sheet(view, form, ListWish(filter=filter_), context.locale)
    out.write_bytes(write_sheet(found.titles, found.rows))
    said = context.text("cli.export_done", rows=len(found.rows), file=out)
    context.give({"rows": len(found.rows), "file": str(out)}, said)
