"""Search by what values are called: titles of definitions, orgs and choices, names of people and of
linked records, which stand in no record. They are looked for at each search, so that a name that
changes is found from then on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, islice
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
from jingwei.services.world import variables
from jingwei.storage.full_text import named_by, terms_of, words_asked, words_of
from jingwei.storage.people import people_called
from jingwei.storage.query import Asked, Page, Query, Search, SortKey

MOST_CODES = 200  # of one field, that a search stands for
MOST_READINGS = 8  # of one word that has what names have between their values
_PLACES = {
    "form": "forms", "indicator": "indicators", "role": "roles", "post": "posts", "org": "orgs",
}  # fmt: skip
BY_TITLE = ("choice", "classification", "definition", "person", "link", *_PLACES)
_BOOLEAN = Type("boolean")


def fields_by_title(form: Form) -> tuple[str, ...]:
    """The fields that are found by what their values are called: those marked `search`, and those
    in the names of records; of a form that marks none all but links, which are of other forms."""
    marked = any(field.search for field in form.fields.values())
    named = named_by(form)
    wanted = [
        name
        for name, field in form.fields.items()
        if field.type in BY_TITLE
        and (field.search or name in named or not (marked or field.type == "link"))
    ]
    return (*wanted, *(("org",) if "org" in named and "org" not in form.fields else ()))


def searched_for(view: Reading, form: Form, names: tuple[str, ...], typed: str) -> Search | None:
    """What is looked for: each word that was typed, wherever it stands; None: nothing was typed.
    What a record is shown as is found, too: what `display` puts between values is no word of
    them."""
    if not typed.strip():
        return None
    known: dict[str, Asked] = {}

    def asked(words: str) -> Asked:
        if words not in known:
            known[words] = Asked(words, called(view, form, names, words))
        return known[words]

    return _searched(_readings(form, typed), asked)


def called(view: Reading, form: Form, names: tuple[str, ...], asked: str) -> Expression | None:
    """That one of these fields has a value that is called so, in any language; None: there is no
    such value."""
    words = tuple(words_asked(asked))
    nodes = [
        _is_one_of(view, form, name, codes)
        for name in names
        if words and (codes := _called_so(view, form, name, asked, words))
    ]
    return finished("@called", _any(nodes)) if nodes else None


def _called_so(
    view: Reading, form: Form, name: str, asked: str, words: tuple[str, ...]
) -> list[Any]:
    """The values of a field that are called so."""
    field = form.fields.get(name)
    if field is None:
        found = (c for c, org in view.catalogue.orgs.items() if _has(org.title, words))
    elif field.type == "person":
        return list(people_called(view.connection, asked, limit=MOST_CODES))
    elif field.type == "link":
        return _records_called(view, field, asked)
    else:
        found = (code for code, title in _titled(view, field) if _has(title, words))
    return list(dict.fromkeys(found))[:MOST_CODES]


def _records_called(view: Reading, field: Field, asked: str) -> list[int]:
    """The newest records to which a link may lead that the reader may list, and finds so."""
    ids: list[int] = []
    for name in field.to:
        target = view.catalogue.forms.get(name)
        if target is None:
            continue
        rights = view.rights.fields(view, name)
        open_ = rights.visible - rights.masked
        kept = tuple(n for n in named_by(target) if n in view.store.searched(name))
        fields = tuple(n for n in (*kept, "number") if n in open_)
        scope = view.rights.row_scope(view, name)
        if fields and scope.terms:
            query = Query(
                name,
                ("id",),
                scope,
                text=_searched(_readings(target, asked), Asked),
                search_fields=fields,
                sort=(SortKey("id", True),),
                page=Page(MOST_CODES),
                variables=variables(view),
            )
            ids += [row["id"] for row in view.store.select(view.connection, query).items]
    return ids


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


def _is_one_of(view: Reading, form: Form, name: str, codes: list[Any]) -> Node:
    field = form.fields.get(name)
    type_ = Type("org") if field is None else field_type(CatalogueTypes(view.catalogue), field)
    of = type_.of or type_
    value = Name(0, 0, type_, "record", name)
    written = [Constant(0, 0, of, code) for code in codes]
    if type_.name != "list":
        listed = ListOf(0, 0, Type("list", of=of), tuple(written))
        return Binary(0, 0, _BOOLEAN, "in", value, listed)
    held: list[Node] = [Binary(0, 0, _BOOLEAN, "in", code, value) for code in written]
    return _any(held)


def _searched(words: Iterable[Iterable[Iterable[str]]], asked: Callable[[str], Asked]) -> Search:
    return tuple(tuple(tuple(map(asked, reading)) for reading in one) for one in words)


def _readings(form: Form, typed: str) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Of each word that was typed how it may be read; without those that stand in all names."""
    between = _between(form)
    spoken = {tuple(words_asked(word)) for mark in between for word in mark.split()}
    terms = terms_of(typed)
    for term in tuple(t for t in terms if tuple(words_asked(t)) not in spoken) or terms:
        yield ((term,), *_parted(term, between))


def _between(form: Form) -> tuple[str, ...]:
    """What the names of records have between their values."""
    template = form.display
    pieces = () if template is None else (*template.zh, *template.en)
    marks = (piece.strip() for piece in pieces if isinstance(piece, str))
    return tuple(dict.fromkeys(mark for mark in marks if mark))


def _parted(term: str, between: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The values that a word may be put together from, where that stands between them."""
    marks = "|".join(re.escape(mark) for mark in sorted(between, key=len, reverse=True))
    cuts = [one.span() for one in re.finditer(marks, term)] if marks else []
    some = (c for size in range(1, len(between) + 1) for c in combinations(cuts, size))
    for chosen in islice(some, MOST_READINGS):
        ends = [0, *(place for cut in chosen for place in cut), len(term)]
        parts = (term[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))
        found = tuple(part for part in parts if words_asked(part))
        if found:
            yield found


def _any(nodes: list[Node]) -> Node:
    """One of many, as a tree of little height."""
    if len(nodes) == 1:
        return nodes[0]
    middle = len(nodes) // 2
    return Binary(0, 0, _BOOLEAN, "or", _any(nodes[:middle]), _any(nodes[middle:]))
