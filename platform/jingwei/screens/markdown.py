"""Markdown that people typed, as HTML that may be shown: it holds no HTML of its own, no picture
from elsewhere, and no link but to a page."""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from jingwei.catalogue.guides import anchor

TYPES = frozenset(("markdown", "rich_text"))
_BELOW = 2  # a page has titles of its own: the highest heading of a text is an h3
_LOWEST = 6


def html(text: str) -> Markup:
    """The text as HTML."""
    return Markup(_READER.render(text))  # noqa: S704  # whatever was typed was escaped


def chapters(text: str) -> Markup:
    """The same with a place at each heading, to which `guide#heading` leads."""
    return Markup(_GUIDES.render(text))  # noqa: S704  # as above


def _reader() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    made.core.ruler.push("settled", _settle)
    return made


def _settle(state: Any) -> None:
    """Headings below those of the page; links that take nothing along to where they lead."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + _BELOW, _LOWEST)}"
        for inner in token.children or ():
            if inner.type == "link_open":
                inner.attrSet("rel", "noopener noreferrer nofollow")


def _place(state: Any) -> None:
    known: set[str] = set()
    for heading, words in zip(state.tokens, state.tokens[1:], strict=False):
        if heading.type == "heading_open" and anchor(words.content) not in known:
            known.add(anchor(words.content))
            heading.attrSet("id", anchor(words.content))


_READER = _reader()
_GUIDES = _reader()
_GUIDES.core.ruler.push("placed", _place)
