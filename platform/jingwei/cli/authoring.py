"""Tools for definitions: fmt, lineage, and the reference made from the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from jingwei.authoring.canonical import canonical
from jingwei.authoring.lineage import Use
from jingwei.authoring.lineage import lineage as find_lineage
from jingwei.authoring.outline import outline
from jingwei.authoring.reference import pages
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import command, option
from jingwei.cli.problems import inside, is_in

words = words_of("cli_definitions")


@command(help=words("fmt_help"))
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@option("--check", "only", is_flag=True, help=words("fmt_check_help"))
@option("--upgrade", is_flag=True, help=words("fmt_upgrade_help"))
@click.pass_obj
def fmt(context: Context, paths: tuple[Path, ...], only: bool, upgrade: bool) -> int:
    root = context.root_of(paths)
    wanted = inside(root, paths)
    changed: list[str] = []
    known = outline(root)
    unread = [problem for problem in known.unread if is_in(problem.at.file, wanted)]
    for file in known.checked.files.values():
        if file.broken or not is_in(file.path, wanted):
            continue
        text = canonical(file, upgrade=upgrade)
        if text.encode() == (root / file.path).read_bytes():
            continue
        changed.append(file.path)
        if not only:
            (root / file.path).write_bytes(text.encode())
    key = "fmt_would_change" if only else "fmt_changed"
    lines = [context.text(f"cli_definitions.{key}", file=path) for path in changed]
    lines += [problem.message(context.locale) for problem in unread]
    problems = [problem.to_json(context.locale) for problem in unread]
    context.give(
        {"changed": changed, "problems": problems},
        "\n".join(lines) or context.text("cli_definitions.fmt_nothing"),
    )
    return FOUND_PROBLEMS if unread or (only and changed) else FINE


@command(help=words("lineage_help"))
@click.argument("name", metavar="FORM.FIELD|INDICATOR")
@click.pass_obj
def lineage(context: Context, name: str) -> int:
    found = find_lineage(compile_catalogue(context.root), name)
    value = {
        "name": found.name,
        "read_by": [use.to_json() for use in found.read_by],
        "reads": [use.to_json() for use in found.reads],
    }
    lines = [found.name, context.text("cli_definitions.lineage_read_by")]
    lines += _use_lines(context, found.read_by, down=True)
    lines.append(context.text("cli_definitions.lineage_reads"))
    lines += _use_lines(context, found.reads, down=False)
    context.give(value, "\n".join(lines))
    return FINE


def _use_lines(context: Context, uses: Sequence[Use], *, down: bool) -> list[str]:
    if not uses:
        return [context.text("cli_definitions.lineage_nothing")]
    lines = []
    for use in uses:
        role = context.text("cli_definitions.lineage_writes") if use.writes else use.role
        head = f"{use.by}.{use.path}" if down else use.target
        if not down and use.writes:
            head = f"{use.by}.{use.path}"
        lines.append(f"{'  ' * use.depth}{head}  ({role}, {use.at})")
    return lines


@command(help=words("reference_help"))
@option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs") / "reference",
    show_default=True,
    help=words("reference_out"),
)
@click.pass_obj
def reference(context: Context, out: Path) -> int:
    made = pages()
    for path, page in made.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")
    done = context.text("cli_definitions.reference_done", count=len(made), to=out)
    context.give({"files": list(made)}, done)
    return FINE
