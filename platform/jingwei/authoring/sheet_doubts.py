"""What `check` would say of a sheet's cells once they were a form: told beside the cells that
cannot be taken, so that one run names both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jingwei.authoring.xlsform import is_xlsform
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.parser import parse
from jingwei.language.meant_words import meant_name
from jingwei.language.shapes import NAME_PATTERN
from jingwei.problems import Position, Problem
from jingwei.refusals import FieldRefusal
from jingwei.texts import LOCALES

EXPRESSIONS = ("visible_if", "check", "compute")
_NAME = re.compile(NAME_PATTERN)


def doubts(row: int, cells: Mapping[str, str]) -> Iterator[FieldRefusal]:
    """The name of a row that is none, and its expressions that are not complete."""
    name = cells.get("name", "")
    at = Position(f"{row}")
    if name and not _NAME.match(name):
        bad = Problem("bad-name", at, {"name": name[:60]}, suggestion=meant_name(name))
        yield _refusal(f"{row}.name", bad)
    for column in EXPRESSIONS:
        written = cells.get(column, "")
        if not written or is_xlsform(written):
            continue
        try:
            parse(written)
        except ExpressionError as error:
            yield _refusal(f"{row}.{column}", error.problem(at))


def _refusal(path: str, problem: Problem) -> FieldRefusal:
    words = {locale: problem.sentences(locale) for locale in LOCALES}
    return FieldRefusal(path, problem.code, words=words)
