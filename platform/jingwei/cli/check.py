"""`check`: every problem of the definitions. A module of its own, since it is run at every save."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_catalogue
from jingwei.catalogue.rules_people import roles_of_nobody
from jingwei.cli import Context, words_of
from jingwei.cli.commands import command, option
from jingwei.cli.compiled import with_removals
from jingwei.cli.problems import report_problems, within
from jingwei.documents.check import template_problems
from jingwei.problems import DefinitionErrors, Problem

words = words_of("cli_definitions")
PEOPLE = Path("definitions") / "demo"  # the people that come with the application


@command(help=words("check_help"))
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@option("--all", "every", is_flag=True, help=words("check_all_help"))
@click.pass_obj
def check(context: Context, paths: tuple[Path, ...], every: bool) -> int:
    root = context.root_of(paths)
    found: Iterable[Problem]
    try:
        catalogue = compile_catalogue(root)
        found = [
            *template_problems(catalogue),
            *catalogue.warnings,
            *roles_of_nobody(catalogue, _people(root / PEOPLE)),
        ]
    except DefinitionErrors as errors:
        found = with_removals(root, errors.problems)
        if isinstance(errors.rest, Catalogue):
            found = [*found, *template_problems(errors.rest)]
    return report_problems(context, root, within(found, root, paths), every=every)


def _people(folder: Path) -> Iterator[dict[str, str | None]]:
    """The lines of the people sheets there; what cannot be read is said where it is imported."""
    for path in sorted(folder.glob("people*.csv")):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from csv.DictReader(file)
