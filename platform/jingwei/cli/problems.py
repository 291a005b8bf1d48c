"""Problems of definitions on a terminal, in a pipe, and as JSON."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from jingwei.cli import FINE, FOUND_PROBLEMS, Context
from jingwei.problems import MOST_SHOWN, Position, Problem
from jingwei.refusals import NotFound

_MOST_COLUMNS = 100  # of a source line around the caret
_COLOURS = {"error": "red", "warning": "yellow"}


def within(problems: Iterable[Problem], root: Path, paths: Sequence[Path]) -> list[Problem]:
    """Only those in these files and folders; all of them where none is named.

    Raises NotFound for a path outside the application.
    """
    wanted = inside(root, paths)
    return [problem for problem in problems if is_in(problem.at.file, wanted)]


def inside(root: Path, paths: Sequence[Path]) -> list[str]:
    """Paths as the application names them. Raises NotFound for one outside."""
    top = root.resolve()
    for path in paths:
        if not path.resolve().is_relative_to(top):
            raise NotFound("path-outside", path=path, root=root)
    return [path.resolve().relative_to(top).as_posix() for path in paths]


def is_in(file: str, wanted: Sequence[str]) -> bool:
    """Whether a file is among these files and folders; every file is where none is named."""
    return not wanted or any(
        path == "." or file == path or file.startswith(f"{path}/") for path in wanted
    )


def report_problems(
    context: Context, root: Path, problems: Sequence[Problem], *, every: bool = False
) -> int:
    """Tells tools everything, and shows people a hundred by their places, errors before warnings,
    unless they ask for `every` one; the exit code."""
    errors = [p for p in problems if p.severity == "error"]
    warnings = [p for p in problems if p.severity == "warning"]
    if context.json:
        context.give(
            {
                "problems": [p.to_json(context.locale) for p in _by_place(problems)],
                "count": len(problems),
                "errors": len(errors),
                "warnings": len(warnings),
            }
        )
        return FOUND_PROBLEMS if errors else FINE
    shown = _by_place(problems) if every else _first(problems)
    for problem in shown:
        for line in _lines(context, root, problem):
            click.echo(line)
    if len(problems) > len(shown):
        context.say(context.text("cli_definitions.more_problems", count=len(problems) - len(shown)))
    if problems:
        key = "cli_definitions.counted"
        context.say(context.text(key, errors=len(errors), warnings=len(warnings)))
    else:
        context.say(context.text("cli_definitions.clean"))
    return FOUND_PROBLEMS if errors else FINE


def _by_place(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: (p.at, p.code))


def _first(problems: Sequence[Problem]) -> list[Problem]:
    """As many as people read, by their places; where there are more, the errors are among them."""
    return _by_place(sorted(problems, key=lambda p: (p.severity != "error", p.at))[:MOST_SHOWN])


def _lines(context: Context, root: Path, problem: Problem) -> Iterator[str]:
    message = problem.message(context.locale)
    if not sys.stdout.isatty():
        yield message
        return
    place = problem.at.words(context.locale)
    what = message.removeprefix(place)
    yield click.style(place, bold=True) + click.style(what, fg=_COLOURS[problem.severity])
    yield from pointed(root, problem.at)


def pointed(root: Path, at: Position) -> Iterator[str]:
    """The source line with a caret under the place; nothing for a file that is no text."""
    try:
        lines = (root / at.file).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        return
    if not 1 <= at.line <= len(lines):
        return
    line = lines[at.line - 1].rstrip("\r")
    first = max(0, at.column - 1 - _MOST_COLUMNS // 2)
    shown = line[first : first + _MOST_COLUMNS].replace("\t", " ")
    before = line[first : at.column - 1].replace("\t", " ")
    width = _width(line[at.column - 1 : max(at.end_column, at.column + 1) - 1]) or 1
    yield f"  {shown}"
    yield f"  {' ' * _width(before)}{'^' * min(width, _MOST_COLUMNS)}"


def _width(words: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in words)
