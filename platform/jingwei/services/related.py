"""Records of other forms that link to a record."""

from __future__ import annotations

from dataclasses import replace

from jingwei.catalogue.scopes import check_leading
from jingwei.refusals import NotFound
from jingwei.services import listing, record_views
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, RecordPage
from jingwei.services.rights import both


def related(
    view: Reading, form: str, record: int, name: str, wish: ListWish
) -> tuple[str, RecordPage]:
    """The form of the relation, and one page of it as the reader may see that form.

    Raises NotFound where the record would, and for a relation that is not there.
    """
    record_views.readable(view, form, record)
    relation = view.catalogue.forms[form].related.get(name)
    if relation is None:
        raise NotFound("no-such-relation", name=name[:60])
    where = check_leading(view.catalogue, relation.form, relation.by, record)
    if relation.where is not None:
        where = both(where, view.catalogue.expression(relation.where))
    if wish.and_where is not None:
        where = both(where, wish.and_where)
    sort = wish.sort or relation.sort
    found = listing.listing(view, relation.form, replace(wish, and_where=where, sort=sort))
    return relation.form, found
