"""Literals that name something: an org, a role, a post, an indicator or a form that exists."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.scopes import record_scope
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.form import Field, Form
from jingwei.language.kinds.table import KINDS
from jingwei.language.values import Literal_
from jingwei.problems import Phrase, Problems, nearest


def check_name(
    catalogue: Catalogue, form: Form | None, field: Field, value: object, problems: Problems
) -> None:
    """Adds a problem for each literal of a field's value that names nothing.

    People are those of the installation, so of a person only what reads as an expression is told.
    """
    if not isinstance(value, Literal_) or field.type not in (*_named(catalogue), "person"):
        return
    known = _named(catalogue).get(field.type)
    for name in value.value if isinstance(value.value, list) else [value.value]:
        if not isinstance(name, str) or (known is not None and name in known):
            continue
        expression = _as_expression(catalogue, form, field, name)
        if known is None and expression is None:
            continue
        if expression is not None:
            why = Phrase("things.needs_equals")
            problems.add("bad-value", value.at, suggestion=expression, value=name[:40], why=why)
            continue
        problems.add(
            "unknown-reference",
            value.at,
            suggestion=nearest(name, known or ()),
            kind=Phrase(f"things.kind_{field.type}"),
            name=name[:60],
            file=f"{KINDS[field.type].folder}/{name[:60]}.yaml",
        )


def _named(catalogue: Catalogue) -> Mapping[str, Collection[str]]:
    return {
        "org": catalogue.orgs,
        "role": catalogue.roles,
        "post": catalogue.posts,
        "indicator": catalogue.indicators,
        "form": catalogue.forms,
    }


def _as_expression(
    catalogue: Catalogue, form: Form | None, field: Field, written: str
) -> str | None:
    """`me.org`, which is an expression where it begins with its sign."""
    if form is None or field.type in ("form", "indicator"):
        return None
    try:
        expression = check(written, record_scope(catalogue, form))
    except ExpressionError:
        return None
    return f"={written}" if expression.root.type.name == field.type else None
