"""Code lists whose codes are records of a form: suppliers, cost centres, kinds of contract.

Who chooses is offered what he may read of the form, as with a link; a code that a record has
already stays, whatever became of its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.choices import MOST_CHOICES
from jingwei.language.form import Choice
from jingwei.language.organisation import CodeList
from jingwei.language.text import Text
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, listing


def is_sourced(view: Reading, name: Any) -> bool:
    """Whether the choices of a field, as its definition has them, are records."""
    return isinstance(name, str) and view.catalogue.code_lists[name].source is not None


def items(view: Reading, name: str) -> Mapping[str, Choice]:
    """The choices of a code list by code, as its reader has them."""
    code_list = view.catalogue.code_lists.get(name)
    if code_list is None:
        return {}
    if code_list.source is None:
        return code_list.items
    kept = view.memo.setdefault(code_list.source["form"], {})
    key = (id(code_list), view.actor.id)
    if key not in kept:
        kept[key] = _records(view, code_list)
    found: Mapping[str, Choice] = kept[key]
    return found


def _records(view: Reading, code_list: CodeList) -> dict[str, Choice]:
    source = code_list.source or {}
    form, code, title = source["form"], source["code"], source.get("title", source["code"])
    if not view.rights.row_scope(view, form).terms:
        return {}
    seen = view.rights.fields(view, form)
    open_ = seen.visible - seen.masked
    if code not in open_:
        return {}
    title = title if title in open_ else code
    where = source.get("where")
    wish = ListWish(
        fields=tuple(dict.fromkeys((code, title))),
        sort=(code,),
        size=MOST_CHOICES,
        count=None,
        and_where=None if where is None else view.catalogue.expression(where),
    )
    found: dict[str, Choice] = {}
    for row in listing(view, form, wish, most=MOST_CHOICES).items:
        if row[code] is not None:
            words = str(row[title] if row[title] is not None else row[code])
            found.setdefault(str(row[code]), Choice(code=str(row[code]), title=Text.plain(words)))
    return found
