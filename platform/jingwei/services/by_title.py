"""Search by what values are called: the titles of definitions, orgs and choices, which stand in no
record. They are looked for at each search, so that a title that changes is found from then on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jingwei.catalogue.by_kind import definitions_of
from jingwei.catalogue.extensions import added_choices
from jingwei.catalogue.scope_types import CatalogueTypes
from jingwei.catalogue.scopes import field_type
from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.tree import (
    Binary,
    Constant,
    Expression,
    ListOf,
    Name,
    Node,
    Type,
)
from jingwei.language.form import Field, Form
from jingwei.language.text import Text
from jingwei.services.commands import Reading
from jingwei.storage.full_text import words_asked, words_of

MOST_CODES = 200  # of one field, that a search stands for
_PLACES = {
    "form": "forms", "indicator": "indicators", "role": "roles", "post": "posts", "org": "orgs",
}  # fmt: skip
_CHOSEN = ("choice", "classification")
_BOOLEAN = Type("boolean")


def fields_by_title(form: Form) -> tuple[str, ...]:
    """The fields that are found by what their values are called: those marked `search`; of a form
    that marks none, all of them."""
    marked = any(field.search for field in form.fields.values())
    return tuple(
        name
        for name, field in form.fields.items()
        if field.type in (*_CHOSEN, "definition", *_PLACES) and (field.search or not marked)
    )


def called(view: Reading, form: Form, names: tuple[str, ...], asked: str) -> Expression | None:
    """That one of these fields has a value that is called so, in any language; None: there is no
    such value."""
    words = tuple(words_asked(asked))
    root: Node | None = None
    for name in names if words else ():
        field = form.fields[name]
        found = (code for code, title in _titled(view, field) if _has(title, words))
        codes = list(dict.fromkeys(found))[:MOST_CODES]
        if codes:
            one = _is_one_of(view, field, codes)
            root = one if root is None else Binary(0, 0, _BOOLEAN, "or", root, one)
    return None if root is None else finished("@called", root)


def _titled(view: Reading, field: Field) -> Iterator[tuple[str, Text]]:
    """The values that a field may have, with their titles. Choices that are records are told to
    those who may read them only, and are found in the list of their form."""
    catalogue: Any = view.catalogue
    if field.type == "classification":
        one = catalogue.classifications.get(field.of[0]) if field.of else None
        yield from () if one is None else ((c.code, c.title) for c in one.levels.values())
    elif field.type == "choice":
        own = field.choices
        if isinstance(own, str):
            listed = catalogue.code_lists.get(own)
            own = () if listed is None or listed.source is not None else listed.items.values()
        for choice in (*(own or ()), *added_choices(catalogue, field)):
            yield choice.code, choice.title
    else:
        known: Mapping[str, Any] = (
            definitions_of(catalogue, field)
            if field.type == "definition"
            else getattr(catalogue, _PLACES[field.type])
        )
        yield from ((name, one.title) for name, one in known.items())


def _has(title: Text, asked: tuple[str, ...]) -> bool:
    return any(_stands_in(asked, _words(words)) for words in {title.zh, title.en})


@lru_cache(maxsize=20_000)
def _words(title: str) -> tuple[str, ...]:
    return tuple(words_of(title))


def _stands_in(asked: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether these words follow each other there, the last of them as a beginning."""
    *whole, last = asked
    return any(
        list(words[at : at + len(whole)]) == whole and words[at + len(whole)].startswith(last)
        for at in range(len(words) - len(whole))
    )


def _is_one_of(view: Reading, field: Field, codes: list[str]) -> Node:
    type_ = field_type(CatalogueTypes(view.catalogue), field)
    of = type_.of or type_
    value = Name(0, 0, type_, "record", field.name)
    written = [Constant(0, 0, of, code) for code in codes]
    if type_.name != "list":
        listed = ListOf(0, 0, Type("list", of=of), tuple(written))
        return Binary(0, 0, _BOOLEAN, "in", value, listed)
    held: list[Node] = [Binary(0, 0, _BOOLEAN, "in", code, value) for code in written]
    return _any(held)


def _any(nodes: list[Node]) -> Node:
    """One of many, as a tree of little height."""
    if len(nodes) == 1:
        return nodes[0]
    middle = len(nodes) // 2
    return Binary(0, 0, _BOOLEAN, "or", _any(nodes[:middle]), _any(nodes[middle:]))
