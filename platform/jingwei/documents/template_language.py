"""The language of templates: values, `if`, `for` and six filters; a template as a tree, its names
and what the language does not have. Nothing is filled in here: `check` needs no more than this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jingwei.language.output import OPINIONS
from jingwei.refusals import Refused

PARTS = ("value", "code", "text", "title", "unit")
REPORT = ("title", "organisation", "fingerprint", "date")
BESIDE = ("unit", "light", "status")  # of a row of indicators, beside its columns
FILTERS = ("money", "percent", "date", "number", "upper_number", "default")

MOST_DEPTH = 50  # blocks and brackets in one another, written by hand a handful
MOST_LEVELS = 4 * MOST_DEPTH  # of the tree: a block is two levels, a name in brackets three
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_BLOCKS, _BLOCK_ENDS = ("for", "if"), ("endfor", "endif")

# What may stand after a name: a mapping of names, a list (its one element is what a round gets), or
# None for a figure.
Known = Mapping[str, Any] | list[Any] | None

_PLAIN: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Keyword,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.List,
    nodes.Tuple,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a template. The sentence is `refusals.<code>`.

    `line`: of the text; in Word the number of the paragraph, 0 for what stands in no paragraph
    of the body: headers, footers, notes, properties. `column`: of a page, where it is known.
    """

    code: str
    name: str
    line: int = 0
    column: int = 0

    def refusal(self) -> Refused:
        return Refused(self.code, name=self.name)


def parsed(source: str) -> tuple[nodes.Template | None, list[Fault]]:
    """The tree of one part of a template, and what the language does not have."""
    plain = ImmutableSandboxedEnvironment(autoescape=True)
    try:
        line = _too_deep(plain.lex(source))
        if line is not None:
            return None, [Fault("template-too-deep", str(MOST_DEPTH), line)]
        tree = plain.parse(source)
    except TemplateSyntaxError as error:
        return None, [_misread(source, error)]
    line = _grown_too_deep(tree)
    if line is not None:
        return None, [Fault("template-too-deep", str(MOST_DEPTH), line)]
    return tree, list(forbidden(tree))


# --- what Jinja cannot read, in words of ours ----------------------------------------------------

_CLOSES = {"{{": "}}", "{%": "%}", "{#": "#}"}
_TAG = re.compile(r"\{[{%#]")
_STOP = re.compile(r"\{[{%#]|[}%]\}")
_FIRST_WORD = re.compile(r"[-+]?\s*(\w+)")
_ENDS = {"endfor": "for", "endif": "if", "elif": "if", "else": ""}
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_NOT_OURS = re.compile(r"(?:[Uu]nknown tag|needs to be closed is) '([^']*)'")
_MISSING = re.compile(r"(?:got|unexpected) 'end of |expected name or number|tag name expected")
_NO_BRACKET = re.compile(r", expected '([)\]}])'$")
_STRAY = re.compile(r"(?:got|unexpected|unexpected char) (['\"])(.+?)\1(?: at \d+)?$")
_WHOLE_TAG = re.compile(r"\{([{%])(?:(?!\{[{%]|[}%]\}).)*[}%]\}")


def _misread(source: str, error: TemplateSyntaxError) -> Fault:
    """The cause of what stopped the parser, which only knows where it stopped."""
    return _unpaired(source) or _misplaced(source, str(error.message), error.lineno)


def _unpaired(source: str) -> Fault | None:
    """The first tag that is not closed, or block without its end or its beginning."""
    opened: list[tuple[str, int]] = []
    stray: Fault | None = None
    at = 0
    while found := _TAG.search(source, at):
        sign, start = found[0], found.start()
        if sign == "{#":
            at = source.find("#}", found.end()) + 2
            if at < 2:
                return _fault_at(source, "template-tag-open", sign, start)
            continue
        stop = _STOP.search(source, found.end())
        if stop is None or stop[0] != _CLOSES[sign]:
            return _fault_at(source, "template-tag-open", sign, start)
        at = stop.end()
        word = _FIRST_WORD.match(source, found.end(), stop.start()) if sign == "{%" else None
        if word is None or stray is not None:
            continue
        name = word[1]
        if name in _BLOCKS:
            opened.append((name, start))
        elif name in _ENDS and (not opened or _ENDS[name] not in ("", opened[-1][0])):
            stray = _fault_at(source, "template-end-stray", name, start)
        elif name in _BLOCK_ENDS:
            opened.pop()
    if stray is None and opened:
        return _fault_at(source, "template-block-open", *opened[-1])
    return stray


def _misplaced(source: str, said: str, line: int) -> Fault:
    """A word or sign that does not belong where it stands, or that is missing."""
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    tags = list(_WHOLE_TAG.finditer(text))
    unknown = _NOT_OURS.search(said)
    if unknown is not None:
        return Fault("template-forbidden", unknown[1], line)
    bracket, stray = _NO_BRACKET.search(said), _STRAY.search(said)
    if bracket is not None:
        code, name = "template-tag-open", _BRACKETS[bracket[1]]
    elif stray is not None and stray[2] in ("'", '"'):
        code, name = "template-tag-open", stray[2]
    elif stray is not None and not _MISSING.search(said):
        code, name = "template-stray-word", stray[2]
    else:
        code = "template-name-missing" if _MISSING.search(said) else "template-syntax"
        name = " ".join(tag[0] for tag in tags)[:60] or "{% … %}"
        return Fault(code, name, line, tags[0].start() + 1 if len(tags) == 1 else 0)
    edge = r"\b" if name.isidentifier() else ""
    word = re.compile(f"{edge}{re.escape(name)}{edge}")
    columns = [at.start() + 1 for tag in tags for at in word.finditer(text, *_inside(tag))]
    return Fault(code, name, line, columns[0] if len(columns) == 1 else 0)


def _inside(tag: re.Match[str]) -> tuple[int, int]:
    return tag.start() + 2, tag.end() - 2


def _fault_at(source: str, code: str, name: str, start: int) -> Fault:
    before = source[:start]
    return Fault(code, name, before.count("\n") + 1, start - before.rfind("\n"))


def _too_deep(tokens: Iterable[tuple[int, str, str]]) -> int | None:
    """The line where blocks, brackets and signs before a value lie too deep in one another: the
    parser calls itself for each of them."""
    depth = signs = 0
    block = False
    for line, kind, word in tokens:
        if kind == "whitespace":
            continue
        sign = (kind == "name" and word == "not") or (kind == "operator" and word in "+-")
        signs = signs + 1 if sign else 0
        opens = word in _OPENING if kind == "operator" else block and word in _BLOCKS
        closes = word in _CLOSING if kind == "operator" else block and word in _BLOCK_ENDS
        depth += int(opens) - int(closes)
        block = kind == "block_begin"
        if depth + signs > MOST_DEPTH:
            return line
    return None


def _grown_too_deep(tree: nodes.Template) -> int | None:
    """The line of a node that lies too deep: a long chain (`a.b.c`, `a and b and c`) is a deep
    tree, though its parser goes round."""
    level: list[nodes.Node] = [tree]
    for _ in range(MOST_LEVELS):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return None
    return level[0].lineno or 1


def forbidden(tree: nodes.Template) -> Iterator[Fault]:
    """Everything that is not the template language."""
    for node in tree.iter_child_nodes():
        yield from _forbidden_below(node)


def _forbidden_below(node: nodes.Node) -> Iterator[Fault]:
    fault = _forbidden_here(node)
    if fault is not None:
        yield fault
        return
    for child in node.iter_child_nodes():
        yield from _forbidden_below(child)


def _forbidden_here(node: nodes.Node) -> Fault | None:
    line = node.lineno or 1
    if not isinstance(node, _PLAIN):
        return Fault("template-forbidden", type(node).__name__.lower(), line)
    if isinstance(node, nodes.Name | nodes.Getattr):
        name = node.name if isinstance(node, nodes.Name) else node.attr
        return Fault("template-unknown-name", name, line) if name.startswith("_") else None
    if isinstance(node, nodes.Getitem):
        key = node.arg
        if not isinstance(key, nodes.Const) or not isinstance(key.value, int | str):
            return Fault("template-forbidden", "[…]", line)
        if isinstance(key.value, str) and key.value.startswith("_"):
            return Fault("template-unknown-name", key.value, line)
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return Fault("template-unknown-filter", node.name, line)
    if isinstance(node, nodes.For) and (
        node.recursive or node.test is not None or not isinstance(node.target, nodes.Name)
    ):
        return Fault("template-forbidden", "for", line)
    return None


# --- names ---------------------------------------------------------------------------------------

_NOTHING = object()
_FIGURE = dict.fromkeys(PARTS)


def names_of(tree: nodes.Template) -> dict[str, int]:
    """Every name a template asks for, from the outermost (`summary.rows.*.actual`), and the line
    of the first time."""
    found: dict[str, int] = {}
    for node in tree.body:
        _walk(node, {}, found)
    return found


def _walk(node: nodes.Node, inner: Mapping[str, str], found: dict[str, int]) -> None:
    path = _path(node, inner)
    if path is not None:
        if not path.startswith("loop."):
            found.setdefault(path, node.lineno or 1)
        return
    if isinstance(node, nodes.For):
        over = _path(node.iter, inner)
        _walk(node.iter, inner, found)
        assert isinstance(node.target, nodes.Name)
        below = {**inner, node.target.name: f"{over}.*"} if over else dict(inner)
        for child in node.body:
            _walk(child, below, found)
        for child in node.else_:
            _walk(child, inner, found)
        return
    for child in node.iter_child_nodes():
        _walk(child, inner, found)


def _path(node: nodes.Node, inner: Mapping[str, str]) -> str | None:
    if isinstance(node, nodes.Name):
        return inner.get(node.name, node.name)
    if isinstance(node, nodes.Getattr):
        before = _path(node.node, inner)
        return None if before is None else f"{before}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        before = _path(node.node, inner)
        part = "*" if isinstance(node.arg.value, int) else node.arg.value
        return None if before is None else f"{before}.{part}"
    return None


def opinion_names() -> dict[str, Any]:
    """The names below `approvals`. A signature is a picture: nothing may be asked of it."""
    row: dict[str, Any] = {**dict.fromkeys(OPINIONS), "signature": {}, "cells": [None]}
    return {
        "columns": [{"name": None, "title": None, "unit": None}],
        "rows": [row],
        "notes": [None],
    }


def unknown_names(names: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    """Those names that lead nowhere in what a report knows; sorted."""
    return sorted(name for name in names if not _leads(name.split("."), known))


def _leads(path: list[str], known: Any) -> bool:
    here = known
    for part in path:
        if here is None:
            here = _FIGURE
        if isinstance(here, list):
            if part != "*":
                return False
            here = here[0] if here else _NOTHING
            continue
        if here is _NOTHING:
            return True  # what no row was given for cannot be judged
        if not isinstance(here, Mapping) or part not in here:
            return False
        here = here[part]
    return True
