"""Records of other forms that link to a record."""

from __future__ import annotations

from dataclasses import replace

from jingwei.refusals import NotFound
from jingwei.services import listing, record_views
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, RecordPage
from jingwei.services.record_ids import of_relation
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
    there = view.store.load(view.connection, form, [record])[record]
    where = of_relation(view, relation, there)
    if wish.and_where is not None:
        where = both(where, wish.and_where)
    sort = wish.sort or relation.sort
    found = listing.listing(view, relation.form, replace(wish, and_where=where, sort=sort))
    return relation.form, found
