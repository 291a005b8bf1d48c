"""`import-form`, `export-form`: a form's definition as a workbook, one row a field."""

from __future__ import annotations

from pathlib import Path

import click

from jingwei.authoring.flow_text import words as spoken
from jingwei.authoring.form_sheet import rows_of
from jingwei.authoring.form_text import form_text, with_sheet
from jingwei.authoring.outline import outline
from jingwei.authoring.scaffolds import grants, modeline, path_of
from jingwei.authoring.sheet_columns import COLUMNS
from jingwei.authoring.sheet_form import fields_of
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import command, option
from jingwei.cli.definitions import problems_of
from jingwei.gateways.sheets import SheetFile, read_sheet
from jingwei.gateways.workbook import write_sheet
from jingwei.refusals import Conflict, NotFound
from jingwei.services.sheet_rows import Row

CHOICES = "choices"
words = words_of("cli_definitions")


@command(help=words("export_form_help"))
@click.argument("form")
@option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def export_form(context: Context, form: str, out: Path) -> int:
    held = outline(context.root)
    file = held.file("form", form)
    if file is None:
        known = ", ".join(held.names("form")) or "–"
        raise NotFound("no-such-definition", kind="form", name=form, known=known)
    if held.definition("form", form) is None:
        raise Conflict("form-broken", name=form)
    rows = rows_of(file)
    out.write_bytes(write_sheet(COLUMNS, rows))
    done = context.text("cli_definitions.export_form_done", count=len(rows), file=out)
    context.give({"rows": len(rows), "file": str(out)}, done)
    return FINE


@command(help=words("import_form_help"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--name", help=words("import_form_name_help"))
@option("--update", is_flag=True, help=words("import_form_update_help"))
@click.pass_obj
def import_form(context: Context, file: Path, name: str | None, update: bool) -> int:
    name = name or file.stem
    held = outline(context.root)
    made = fields_of(read_sheet(file), _choices(file))
    fields, rules = made.fields, made.rules
    there = held.file("form", name) if update else None
    if there is not None:
        if held.definition("form", name) is None:
            raise Conflict("form-broken", name=name)
        path, text = there.path, with_sheet(there, fields, rules)
    else:
        path = path_of(held, "form", name)
        title = spoken(name.replace("_", " ").capitalize())
        text = f"{modeline(path, 'form')}\n{form_text(title, made, grants(held))}"
    target = context.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode())
    found = problems_of(context.root, [path])
    value = {
        "file": path,
        "fields": len(fields),
        "problems": [problem.to_json(context.locale) for problem in found],
    }
    lines = [context.text("cli_definitions.import_form_done", count=len(fields), file=path)]
    lines += [problem.message(context.locale) for problem in found]
    context.give(value, "\n".join(lines))
    return FOUND_PROBLEMS if any(p.severity == "error" for p in found) else FINE


def _choices(file: Path) -> list[Row]:
    """The rows of a workbook's sheet `choices`, as XLSForm keeps lists of choices."""
    sheets = SheetFile(file, file.name)
    return list(sheets.keyed(CHOICES).left()) if CHOICES in sheets.sheets() else []
