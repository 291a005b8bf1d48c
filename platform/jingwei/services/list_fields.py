"""Which fields a list shows, is searched in and ordered by, as far as its reader may see them."""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.language.field_types.listed import is_sortable
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import SHOWN_SYSTEM, Form
from jingwei.refusals import FieldRefusal, Malformed
from jingwei.services.commands import Reading
from jingwei.services.linked import is_masked
from jingwei.services.plans import form_plan
from jingwei.services.rights import FieldRights
from jingwei.storage.query import SortKey


def scanned_fields(form: Form) -> tuple[str, ...]:
    """Of a form that marks no field for search its number and every text, for which the newest
    records are looked through."""
    if any(one.search for one in form.fields.values()):
        return ()
    numbered = ("number",) if form.number is not None else ()
    texts = (name for name, f in form.fields.items() if FIELD_TYPES[f.type].searchable)
    return (*numbered, *texts)


def default_sort(form: Form) -> tuple[str, ...]:
    """As the form's list says; newest first where it says nothing."""
    return form.list.sort or ("-id",)


def wanted_fields(
    view: Reading, form: Form, rights: FieldRights, fields: Sequence[str] | None
) -> list[str]:
    """The fields to show: those that were asked for, or all. Raises Malformed for one that is not
    there for this reader."""
    if fields is None:
        own = [n for n in kept_fields(view, form) if n in rights.visible]
        return list(dict.fromkeys((*SHOWN_SYSTEM, *own)))
    unknown = [path for path in fields if not may_name(view, form, rights, path)]
    if unknown:
        refused = [FieldRefusal(p, "unknown-field", {"name": p}) for p in unknown]
        raise Malformed("unknown-fields", fields=refused)
    return list(dict.fromkeys(("id", "revision", *fields)))


def kept_fields(view: Reading, form: Form) -> tuple[str, ...]:
    """Fields that have a column."""
    return form_plan(view.store, view.catalogue, form.name).kept


def may_name(view: Reading, form: Form, rights: FieldRights, path: str) -> bool:
    """A visible field, or a visible field of a record it links to (depth 3)."""
    first, _, rest = path.partition(".")
    if first not in rights.visible or first == "deleted_at":
        return False
    definition = form.fields.get(first)
    if not rest:
        return definition is None or definition.type not in ("heading", "note")
    if definition is None or definition.type != "link" or len(definition.to) != 1:
        return False
    target = view.catalogue.forms.get(definition.to[0])
    if target is None or rest.count(".") > 1:
        return False
    return may_name(view, target, view.rights.fields(view, target.name), rest)


def sort_key(view: Reading, form: Form, rights: FieldRights, key: str) -> SortKey:
    """What to order by, as `-total` says it. Raises Malformed."""
    path = key.removeprefix("-")
    if not _may_order_by(view, form, rights, path):
        raise unsortable(form, rights, path)
    return SortKey(path, key.startswith("-"))


def order_of(view: Reading, form: Form, rights: FieldRights, asked: Sequence[str]) -> list[SortKey]:
    """What was asked for; else what the form's list says, but for what its reader may not see.
    Raises Malformed."""
    if asked:
        return [sort_key(view, form, rights, key) for key in asked]
    keys = [
        key
        for key in default_sort(form)
        if _may_order_by(view, form, rights, key.removeprefix("-"))
    ]
    return [SortKey(key.removeprefix("-"), key.startswith("-")) for key in keys or ("-id",)]


def _may_order_by(view: Reading, form: Form, rights: FieldRights, path: str) -> bool:
    if not may_name(view, form, rights, path) or path in rights.masked:
        return False
    definition = form.fields.get(path)
    fits = definition is None or is_sortable(definition)
    return fits and not is_masked(view, form, path)


def unsortable(form: Form, rights: FieldRights, path: str) -> Malformed:
    """That nothing is ordered by this path, with what it could be ordered by."""
    names = [
        n
        for n in dict.fromkeys((*SHOWN_SYSTEM, *form.fields))
        if n in rights.visible
        and n not in rights.masked
        and (n not in form.fields or is_sortable(form.fields[n]))
    ]
    return Malformed("sort", name=path, names=", ".join(names))
