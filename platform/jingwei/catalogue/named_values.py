"""Literals that name something: an org, a role, a post, an indicator, a form or another definition
that exists."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jingwei.catalogue.by_kind import definitions_of, kinds_of
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.scopes import record_scope
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.form import Field, Form
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.language.values import Literal_
from jingwei.problems import Phrase, Problems, nearest

FOLDERS = {**{kind.name: kind.folder for kind in KINDS.values()}, **LATER}


def check_name(
    catalogue: Catalogue, form: Form | None, field: Field, value: object, problems: Problems
) -> None:
    """Adds a problem for each literal of a field's value that names nothing.

    People are those of the installation, so of a person only what reads as an expression is told.
    """
    if not isinstance(value, Literal_) or field.type not in (*_named(catalogue), "person"):
        return
    known = _named(catalogue).get(field.type)
    if field.type == "definition":
        known = definitions_of(catalogue, field)
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
        kind, plain = _apart(field, name)
        if kind not in FOLDERS:
            some = ", ".join(kinds_of(field))
            guess = nearest(name, known or ())
            problems.add("unknown-value", value.at, suggestion=guess, value=name[:40], known=some)
            continue
        problems.add(
            "unknown-reference",
            value.at,
            suggestion=nearest(name, known or ()),
            kind=Phrase(f"things.kind_{kind}"),
            name=plain[:60],
            file=f"{FOLDERS[kind]}/{plain[:60]}.{'md' if kind == 'guide' else 'yaml'}",
        )


def _apart(field: Field, name: str) -> tuple[str, str]:
    """The kind of what is named, and its name."""
    if field.type != "definition":
        return field.type, name
    kind, _, plain = name.partition("/")
    return kind, plain


def _named(catalogue: Catalogue) -> Mapping[str, Collection[str]]:
    return {
        "org": catalogue.orgs,
        "role": catalogue.roles,
        "post": catalogue.posts,
        "indicator": catalogue.indicators,
        "form": catalogue.forms,
        "definition": catalogue.definitions,
    }


def _as_expression(
    catalogue: Catalogue, form: Form | None, field: Field, written: str
) -> str | None:
    """`me.org`, which is an expression where it begins with its sign."""
    if form is None or field.type in ("form", "indicator", "definition"):
        return None
    try:
        expression = check(written, record_scope(catalogue, form))
    except ExpressionError:
        return None
    return f"={written}" if expression.root.type.name == field.type else None
