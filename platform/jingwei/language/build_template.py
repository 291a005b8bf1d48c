"""`T{}` parsed: words with `{path}` holes; `{{` and `}}` stand for the braces themselves."""

from __future__ import annotations

import re
from typing import Any

from jingwei.language.leaves import read_text
from jingwei.language.shapes import Schema
from jingwei.language.template import Hole, Template
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.language.walker import BAD, Walker, reads
from jingwei.problems import Position
from jingwei.reading.places import Written
from jingwei.reading.yaml_file import Data, Path, Scalar

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|([{}])")
# the form of a hole begins at the first colon outside quotes and brackets
_FORM = re.compile(
    r"^((?:[^:\"'()\[\]]|\"[^\"]*\"|'[^']*'|\([^()]*\)|\[[^\[\]]*\])*):(.*)$", re.DOTALL
)

Pieces = tuple[str | Hole, ...]


@reads("template")
def read_template(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    words: Text = read_text(walker, schema, data, path)
    if words is BAD:
        return BAD
    pieces: dict[str, Pieces] = {}
    if isinstance(data, dict):
        for locale, part in data.items():
            assert isinstance(part, Scalar)
            pieces[locale] = _pieces(walker, part, (*path, locale))
    else:
        assert isinstance(data, Scalar)
        pieces = {"zh": _pieces(walker, data, path)}
    given = next(iter(pieces.values()))
    zh, en = pieces.get("zh", given), pieces.get("en", given)
    return Template(zh, en, words, walker.value_at(path))


def _pieces(walker: Walker, scalar: Scalar, path: Path) -> Pieces:
    """What is right of the text, when something of it is not: its other holes are checked too."""
    text = scalar.text.rstrip("\n")
    written = Written(walker.file.text, walker.inside(path, scalar), text)
    found: list[str | Hole] = []
    words = ""
    done = 0
    for match in _PIECE.finditer(text):
        words += text[done : match.start()]
        done = match.end()
        if match[0] in ("{{", "}}"):
            words += match[0][0]
            continue
        place = written.place(match.start(), match.end())
        if match[2]:
            walker.fail("template-brace", place, sign=match[2])
            continue
        if not match[1].strip():
            walker.fail("template-hole-empty", place)
            continue
        if words:
            found.append(words)
            words = ""
        inside = written.place(match.start(1), match.end(1))
        found.append(_hole(match[1], inside))
    words += text[done:]
    if words:
        found.append(words)
    return tuple(found)


def _hole(inner: str, at: Position) -> Hole:
    parts = _FORM.match(inner)
    path, form = (parts[1], parts[2]) if parts else (inner, None)
    return Hole(Formula(path.strip(), at), form)
