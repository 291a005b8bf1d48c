"""What must hold of secrets: a person types one, a record keeps it, and no definition knows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Field, Form
from jingwei.problems import Problems

# what would have to look at the value, by day or when it is kept
_LOOKING = ("compute", "unique", "index", "search")


def check_secrets(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    for field in _every(form.fields.values()):
        path = ("fields", field.table, "fields") if field.table else ("fields",)
        if field.type == "secret":
            _check_keys(form, (*path, field.name), field, problems)
        for key in field.unique_rows:
            if _is_secret(field.fields, key):
                at = form.origin.key(*path, field.name, "unique")
                problems.add("secret-key", at, key="unique", name=key)
        if field.type == "link":
            _check_fill(catalogue, form, (*path, field.name, "fill"), field, problems)
    for name, rule in form.rules.items():
        table = form.fields.get(rule.each or "")
        known = form.fields if table is None else table.fields
        for index, one in enumerate(rule.unique):
            if _is_secret(known, one):
                at = form.origin.value("rules", name, "unique", index)
                problems.add("secret-key", at, key="unique", name=one)
    for name, action in form.actions.items():
        for asked in action.ask.values():
            if asked.type == "secret":
                at = form.origin.value("actions", name, "ask", asked.name, "type")
                problems.add("secret-asked", at, name=asked.name)


def _check_keys(form: Form, path: tuple[str, ...], field: Field, problems: Problems) -> None:
    for key in _LOOKING:
        if getattr(field, key) not in (None, False):
            problems.add("secret-key", form.origin.key(*path, key), key=key, name=field.name)
    if field.default is not None:
        problems.add("secret-written", form.origin.value(*path, "default"), name=field.name)


def _check_fill(
    catalogue: Catalogue, form: Form, path: tuple[str, ...], link: Field, problems: Problems
) -> None:
    """A link brings no secret along, and fills none."""
    beside = form.fields[link.table].fields if link.table else form.fields
    for name, rule in link.fill.items():
        source = rule["from"] if isinstance(rule, dict) else rule
        found = list(_sources(catalogue, link, source))
        target = beside.get(name)
        rows = target.fields if target is not None else {}
        secret = [one for at in found for one in _brought(at, rows) if one.type == "secret"]
        if secret or _is_secret(beside, name):
            named = secret[0].name if secret else name
            problems.add("secret-read", form.origin.key(*path, name), name=named)


def _brought(source: Field, rows: Mapping[str, Field]) -> Iterator[Field]:
    """A field that is brought along, and of a table the columns that are there to take them."""
    yield source
    yield from (column for name, column in source.fields.items() if name in rows)


def _sources(catalogue: Catalogue, link: Field, path: str) -> Iterator[Field]:
    """The fields from which a path through links brings a value along."""
    name, _, rest = path.partition(".")
    for to in link.to:
        field = catalogue.forms[to].fields.get(name) if to in catalogue.forms else None
        if field is not None and not rest:
            yield field
        elif field is not None and field.type == "link" and not field.many:
            yield from _sources(catalogue, field, rest)


def _is_secret(fields: Mapping[str, Field], name: str) -> bool:
    return name in fields and fields[name].type == "secret"


def _every(fields: Iterable[Field]) -> list[Field]:
    return [one for field in fields for one in (field, *field.fields.values())]
