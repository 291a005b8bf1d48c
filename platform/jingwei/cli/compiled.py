"""The application's definitions; of a field that is gone, the release that took it out is named."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import Context
from jingwei.problems import DefinitionErrors, Phrase, Problem
from jingwei.refusals import Refused
from jingwei.settings import Settings
from jingwei.texts import Words

# what is said of a name that may have been a field once
_OF_A_NAME = ("no-such-field", "unknown-field", "unknown-name", "template-unknown-name")


def compiled(context: Context) -> Catalogue:
    """Raises DefinitionErrors."""
    try:
        return compile_catalogue(context.root)
    except DefinitionErrors as errors:
        raise DefinitionErrors(with_removals(context.root, errors.problems)) from None


def with_removals(root: Path, problems: Iterable[Problem]) -> list[Problem]:
    """The problems; where a database is there, those about a removed field say since when."""
    problems = list(problems)
    names = {str(p.holes["name"]) for p in problems if p.code in _OF_A_NAME and "name" in p.holes}
    settings = _settings_of(root) if names else None
    if settings is None:
        return problems
    # loaded by name, and only when there is something to ask: `check` needs no database else
    removals = importlib.import_module("jingwei.cli.removals")
    gone = removals.removed(settings, {name.rpartition(".")[2] for name in names})
    return [_with_removal(problem, gone) for problem in problems]


def _settings_of(root: Path) -> Settings | None:
    """Where there is a database to be asked; none is made for this, and settings that are wrong are
    no matter of definitions."""
    try:
        settings = Settings.read(root)
    except Refused:
        return None
    _, _, file = settings.database_url.partition("sqlite:///")
    return settings if not file or Path(file).exists() else None


def _with_removal(problem: Problem, gone: Mapping[tuple[str, str], Any]) -> Problem:
    if problem.code not in _OF_A_NAME:
        return problem
    place, name = _place(problem), str(problem.holes.get("name"))
    for (form, path), release in gone.items():
        last = path.rpartition(".")[2]
        if name in (path, last) and place in ("", form, path.partition(".")[0], f"{form}.{path}"):
            holes = {"form": form, "field": path, "release": release.id, "author": release.author}
            note = Phrase("things.removed", (*holes.items(), ("day", release.at.date())))
            return replace(problem, note=note)
    return problem


def _place(problem: Problem) -> str:
    """The form, or the table of one, in which the name was looked for; empty: not known."""
    place = problem.holes.get("place", "")
    if isinstance(place, Words):
        return str(place.holes.get("name", ""))
    return str(place).partition(".")[0]
