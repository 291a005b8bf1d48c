"""The types of an application's fields, orgs, people and periods, for its expressions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from jingwei.language.expressions.scope import NamesBehind, Symbol
from jingwei.language.expressions.tree import Root, Type, TypeName
from jingwei.language.expressions.types import NUMBER, TEXT
from jingwei.language.form import STATUSES, SYSTEM_FIELDS, Field, Form
from jingwei.language.text import Text
from jingwei.language.values import Literal_
from jingwei.texts import text

_ORG = Type("org")
_PERSON = Type("person")
_INSTANT = Type("datetime")
_NO_VALUE = frozenset(("heading", "note"))

_TYPE_NAMES: dict[str, TypeName] = {
    **dict.fromkeys(
        ("text", "long_text", "rich_text", "markdown", "code", "email", "phone", "url", "color"),
        "text",
    ),
    **dict.fromkeys(("barcode", "region", "form", "definition"), "text"),
    **dict.fromkeys(("integer", "number", "money", "rating"), "number"),
    **dict.fromkeys(("json", "geolocation", "file", "image", "signature"), "any"),
    "secret": "secret",
    "boolean": "boolean",
    "percent": "percent",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "duration": "duration",
    "period": "period",
    "choice": "choice",
    "classification": "choice",
    "tags": "text",
    "org": "org",
    "person": "person",
    "role": "role",
    "post": "post",
    "indicator": "indicator",
    "link": "record",
    "table": "rows",
}
_SEVERAL = frozenset(("tags",))

_PERSON_MEMBERS = {
    **dict.fromkeys(("name", "login", "title", "email", "phone"), TEXT),
    "org": _ORG,
    "orgs": Type("list", of=_ORG),
}
# a viewer may not ask of others' addresses, which nothing shows him
_SHOWN_OF_PEOPLE = {n: t for n, t in _PERSON_MEMBERS.items() if n not in ("email", "phone")}
_PERIOD_MEMBERS = dict.fromkeys(("year", "quarter", "month"), NUMBER)
_NAMED_MEMBERS: dict[str, dict[str, Type]] = {
    "indicator": dict.fromkeys(("title", "unit", "direction", "type"), TEXT),
    "profile": dict.fromkeys(("title", "indicator_set", "scoring"), TEXT),
    "post": {"title": TEXT},
    "role": {"title": TEXT},
    "choice": {},
}
_ORG_MEMBERS: dict[str, Type] = {
    "code": TEXT,
    "title": TEXT,
    "parent": _ORG,
    "profile": Type("profile"),
}


class CatalogueTypes:
    """Answers the checker from a catalogue. `hidden` are field paths by form that this viewer
    may not name, `elsewhere` gives them for other forms; `blocks` are a report's data blocks."""

    def __init__(
        self,
        catalogue: Any,
        hidden: Mapping[str, frozenset[str]] | None = None,
        elsewhere: Callable[[str], Collection[str]] | None = None,
        blocks: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._hidden = hidden or {}
        self._elsewhere = elsewhere
        self._blocks = blocks or {}
        self._fields: dict[str, dict[str, tuple[Type, Literal["table"] | None]]] = {}

    def fields_of(self, form: Form) -> dict[str, tuple[Type, Literal["table"] | None]]:
        """Every bare name of a record with its type, and whether it stands for rows."""
        found = self._fields.get(form.name)
        if found is None:
            found = self._fields[form.name] = dict(_typed_fields(self, form))
        return found

    def hidden(self, form: str) -> Collection[str]:
        if form in self._hidden:
            return self._hidden[form]
        return self._elsewhere(form) if self._elsewhere else ()

    def member(self, of: Type, name: str) -> Type | None:
        return self._members(of).get(name)

    def members(self, of: Type) -> Collection[str]:
        return self._members(of).keys()

    def _members(self, of: Type) -> Mapping[str, Type]:
        if of.name == "record" and of.form:
            symbols = self.row_symbols(of, "record")
            return {name: symbol.type for name, symbol in symbols.items()}
        if of.name == "record":
            return _of_several(of)
        if of.name == "org":
            return self._org_members()
        if of.name == "person":
            return _PERSON_MEMBERS if self._elsewhere is None else _SHOWN_OF_PEOPLE
        if of.name == "period":
            return _PERIOD_MEMBERS
        return _NAMED_MEMBERS.get(of.name, {})

    def _org_members(self) -> dict[str, Type]:
        types = self.catalogue.org_types
        facts = {name: field_type(self, field) for name, field in types.facts.items()}
        type_ = Type("text", choices=frozenset(types.types))
        return {**facts, **dict.fromkeys(types.types, _ORG), **_ORG_MEMBERS, "type": type_}

    def called(self, form: str) -> Sequence[tuple[bool, str]]:
        known = self.catalogue.forms[form]
        if known.display is not None:
            pieces = known.display.pieces(self.catalogue.manifest.locales[0])
            return [
                (True, piece) if isinstance(piece, str) else (False, piece.formula.source)
                for piece in pieces
            ]
        if known.number is not None:
            return [(False, "number")]
        texts = (n for n, f in known.fields.items() if f.type in ("text", "long_text"))
        return [(False, name) for name in texts][:1]

    def row_symbols(self, rows: Type, root: Root) -> Mapping[str, Symbol]:
        if rows.form is None and rows.choices is not None:  # of a link to several forms
            return {name: Symbol(type_, root, name) for name, type_ in _of_several(rows).items()}
        if rows.form is None:
            columns = self._blocks.get(rows.table or "", ())
            return {name: Symbol(Type("any"), root, name) for name in columns}
        form = self.catalogue.forms[rows.form]
        if rows.table is None:
            return form_symbols(self, form, root)
        symbols = _table_symbols(self, form, rows.table, root)
        if root == "record":
            symbols["parent"] = Symbol(
                Type("record", form=form.name),
                "parent",
                "id",
                members=names_behind(self, form, "parent"),
            )
        return symbols

    def form(self, name: str) -> Symbol | None:
        if name not in self.catalogue.forms:
            return None
        return Symbol(Type("rows", form=name), "record", name, origin="form")

    def known(self, kind: str) -> Collection[str] | None:
        if kind.startswith("key:"):
            form, _, table = kind.removeprefix("key:").partition(".")
            field = self.catalogue.forms[form].fields.get(table) if form in self.forms else None
            return field.unique_rows if field is not None else ()
        reach = _KNOWN.get(kind)
        return reach(self.catalogue) if reach is not None else None

    def of_indicator(self, name: str) -> Type | None:
        indicator = self.catalogue.indicators.get(name)
        return unit_type(indicator.unit) if indicator is not None else None

    def titled(self, words: str) -> Iterator[str]:
        kept: dict[str, list[str]] = self.catalogue._titled
        if not kept:  # the statuses are in it always
            found: dict[str, list[str]] = {}
            for name, title in _titles(self.catalogue):
                for called in {title.zh, title.en}:
                    found.setdefault(called, []).append(name)
            kept.update(found)
        yield from kept.get(words, ())

    @property
    def forms(self) -> Mapping[str, Form]:
        forms: Mapping[str, Form] = self.catalogue.forms
        return forms


_KNOWN: dict[str, Callable[[Any], Collection[str]]] = {
    "scoring": lambda catalogue: catalogue.scorings,
    "tier": lambda catalogue: {tier for b in catalogue.benchmarks.values() for tier in b.tiers},
    "org": lambda catalogue: catalogue.orgs.keys(),
    "role": lambda catalogue: catalogue.roles.keys(),
    "post": lambda catalogue: catalogue.posts.keys(),
    "indicator": lambda catalogue: catalogue.indicators.keys(),
    "indicator_set": lambda catalogue: catalogue.indicator_sets.keys(),
    "profile": lambda catalogue: catalogue.profiles.keys(),
    "org_type": lambda catalogue: catalogue.org_types.types.keys(),
    "form": lambda catalogue: catalogue.forms.keys(),
}


def _titles(catalogue: Any) -> Iterator[tuple[str, Text]]:
    """Everything that an expression may name, with what people call it."""
    for form in catalogue.forms.values():
        for outer in form.fields.values():
            for field in (outer, *outer.fields.values()):
                yield field.name, field.title
                if isinstance(field.choices, tuple):
                    yield from ((choice.code, choice.title) for choice in field.choices)
        yield from ((state.name, state.title) for state in form.states.values())
    for status in STATUSES:
        yield status, Text(text(f"statuses.{status}", "zh"), text(f"statuses.{status}", "en"))
    for code_list in catalogue.code_lists.values():
        yield from ((choice.code, choice.title) for choice in code_list.items.values())
    for kind in ("orgs", "roles", "posts", "indicators", "indicator_sets", "profiles", "forms"):
        yield from ((name, one.title) for name, one in getattr(catalogue, kind).items())


def unit_type(unit: str | None) -> Type:
    """The type of an indicator's value."""
    return Type("percent") if unit in ("percent", "%") else Type("number", unit=unit)


def field_type(types: CatalogueTypes, field: Field) -> Type:
    """The type of a field's value: a list where it holds several."""
    name = _TYPE_NAMES.get(field.type, "any")
    type_ = _plain_type(types, field, name)
    several = field.many or field.type in _SEVERAL
    return Type("list", of=type_) if several and name != "rows" else type_


def _plain_type(types: CatalogueTypes, field: Field, name: TypeName) -> Type:
    if name == "number":
        return Type("number", unit=_unit(field))
    if name == "period":
        return Type("period", grain=field.grain)
    if name == "choice":
        return Type("choice", choices=_choices(types, field))
    if name == "record":
        return _linked(types, field)
    return Type(name)


def _unit(field: Field) -> str | None:
    if isinstance(field.unit, Literal_) and isinstance(field.unit.value, str):
        return field.unit.value
    return None


def _linked(types: CatalogueTypes, field: Field) -> Type:
    """A record of the form that a link leads to; of a link to several, one of these."""
    if len(field.to) != 1:
        forms = field.to or types.forms.keys()
        return Type("record", choices=frozenset(to.partition(".")[0] for to in forms))
    form, _, table = field.to[0].partition(".")
    known = form if form in types.forms else None
    return Type("record", form=known, table=table or None if field.many else None)


def _of_several(of: Type) -> dict[str, Type]:
    """What is known of a record of one of several forms: what all have, and which form it is."""
    found = _system_types(None)
    if of.choices is not None:
        found["form"] = Type("text", choices=of.choices)
    return found


def _choices(types: CatalogueTypes, field: Field) -> frozenset[str] | None:
    if field.type == "classification":
        one = types.catalogue.classifications.get(field.of[0]) if field.of else None
        return frozenset(one.levels) if one is not None else None
    if isinstance(field.choices, str):
        code_list = types.catalogue.code_lists.get(field.choices)
        if code_list is None or code_list.source is not None:
            return None
        return frozenset(code_list.items)
    return frozenset(c.code for c in field.choices) if field.choices else None


def _system_types(form: Form | None) -> dict[str, Type]:
    """The types of the fields that every form has."""
    name = form.name if form is not None else None
    states = frozenset(form.states) if form is not None and form.states else None
    known: dict[str, Type] = {
        "id": Type("record", form=name),
        "revision": NUMBER,
        "number": TEXT,
        "org": _ORG,
        "owner": _PERSON,
        "status": Type("choice", choices=frozenset(STATUSES)),
        "state": Type("choice", choices=states),
        "created_at": _INSTANT,
        "created_by": _PERSON,
        "updated_at": _INSTANT,
        "updated_by": _PERSON,
        "deleted_at": _INSTANT,
    }
    return {field: known[field] for field in SYSTEM_FIELDS}


def form_symbols(types: CatalogueTypes, form: Form, root: Root) -> dict[str, Symbol]:
    """The bare names of a record: system fields, then its own."""
    hidden = types.hidden(form.name)
    return {
        name: Symbol(type_, root, name, origin=origin)
        for name, (type_, origin) in types.fields_of(form).items()
        if name not in hidden
    }


def names_behind(types: CatalogueTypes, form: Form, root: Root) -> NamesBehind:
    """The same names behind a prefix: `old.amount`."""
    return NamesBehind(lambda: form_symbols(types, form, root))


def _typed_fields(
    types: CatalogueTypes, form: Form
) -> Iterator[tuple[str, tuple[Type, Literal["table"] | None]]]:
    for name, type_ in _system_types(form).items():
        yield name, (type_, None)
    for name, field in form.fields.items():
        if field.type == "table":
            yield name, (Type("rows", form=form.name, table=name), "table")
        elif field.type not in _NO_VALUE:
            yield name, (field_type(types, field), None)


def value_symbols(
    types: CatalogueTypes, fields: Mapping[str, Field], prefix: str
) -> dict[str, Symbol]:
    """The fields of a dialog, as variables below `prefix`."""
    return {
        name: Symbol(field_type(types, field), "variable", f"{prefix}.{name}")
        for name, field in fields.items()
        if field.type not in _NO_VALUE
    }


def _table_symbols(types: CatalogueTypes, form: Form, table: str, root: Root) -> dict[str, Symbol]:
    return dict(_columns(types, form, table, root))


def _columns(
    types: CatalogueTypes, form: Form, table: str, root: Root
) -> Iterator[tuple[str, Symbol]]:
    hidden = types.hidden(form.name)
    make = partial(Symbol, root=root)
    yield "id", make(Type("record", form=form.name, table=table), name="id")
    field = form.fields.get(table)
    for name, column in (field.fields if field is not None else {}).items():
        if f"{table}.{name}" not in hidden and column.type not in _NO_VALUE:
            yield name, make(field_type(types, column), name=name)
