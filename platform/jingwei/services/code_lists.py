"""Code lists whose codes are records of a form: suppliers, cost centres, kinds of contract.

Who chooses is offered what he may read of the form, as with a link; a code that a record has
already stays, whatever became of its source. Offered are some; any other that he may read is taken
as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.choices import MOST_CHOICES
from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.tree import Binary, Constant, Expression, Name, Type
from jingwei.language.field_types.base import ValueRefused, text_of
from jingwei.language.form import Choice
from jingwei.language.organisation import CodeList
from jingwei.language.text import Text
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, listing
from jingwei.services.rights import both


def is_sourced(view: Reading, name: Any) -> bool:
    """Whether the choices of a field, as its definition has them, are records."""
    return isinstance(name, str) and view.catalogue.code_lists[name].source is not None


@dataclass(slots=True)
class _Offer:
    """What one reader may choose of records. `whole`: they are all in it; else the others are asked
    for one by one."""

    choices: dict[str, Choice]
    whole: bool
    asked: dict[str, Choice | None] = field(default_factory=dict)


def items(view: Reading, name: str) -> Mapping[str, Choice]:
    """The choices of a code list by code, as they are offered to the reader: of records the first
    MOST_CHOICES."""
    code_list = view.catalogue.code_lists.get(name)
    if code_list is None:
        return {}
    return code_list.items if code_list.source is None else _offer(view, code_list).choices


def choice_of(view: Reading, name: str, code: str) -> Choice | None:
    """What a code stands for, whether it is among those that are offered or beyond them."""
    found = items(view, name).get(code)
    if found is not None or not is_sourced(view, name):
        return found
    code_list = view.catalogue.code_lists[name]
    offer = _offer(view, code_list)
    if offer.whole or not _may_be_kept(code):
        return None
    if code not in offer.asked:
        offer.asked[code] = _records(view, code_list, code).choices.get(code)
    return offer.asked[code]


def _offer(view: Reading, code_list: CodeList) -> _Offer:
    kept = view.memo.setdefault((code_list.source or {})["form"], {})
    key = (id(code_list), view.actor.id)
    if key not in kept:
        kept[key] = _records(view, code_list)
    found: _Offer = kept[key]
    return found


def _records(view: Reading, code_list: CodeList, wanted: str | None = None) -> _Offer:
    """Those that the reader may see, in the order of their codes; `wanted`: of that code alone."""
    source = code_list.source or {}
    form, code, title = source["form"], source["code"], source.get("title", source["code"])
    nothing = _Offer({}, whole=True)
    if not view.rights.row_scope(view, form).terms:
        return nothing
    seen = view.rights.fields(view, form)
    open_ = seen.visible - seen.masked
    if code not in open_:
        return nothing
    title = title if title in open_ else code
    where = None if source.get("where") is None else view.catalogue.expression(source["where"])
    wish = ListWish(
        fields=tuple(dict.fromkeys((code, title))),
        sort=(code,),
        size=MOST_CHOICES if wanted is None else 1,
        count=None,
        and_where=where if wanted is None else both(where, _is(code, wanted)),
    )
    found: dict[str, Choice] = {}
    rows = listing(view, form, wish, most=MOST_CHOICES).items
    for row in rows:
        if row[code] is not None:
            words = str(row[title] if row[title] is not None else row[code])
            found.setdefault(str(row[code]), Choice(code=str(row[code]), title=Text.plain(words)))
    return _Offer(found, whole=len(rows) < MOST_CHOICES)


def _is(field: str, value: str) -> Expression:
    kind = Type("text")
    same = (Name(0, 0, kind, "record", field), Constant(0, 0, kind, value))
    return finished(f"{field}=={value!r}", Binary(0, 0, Type("boolean"), "==", *same))


def _may_be_kept(code: str) -> bool:
    """Whether a text can be one of a record's: not every one can be asked for."""
    try:
        return text_of(code, most=len(code), lines=True) == code
    except ValueRefused:
        return False
