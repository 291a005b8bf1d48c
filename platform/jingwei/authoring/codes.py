"""What a definition may compare a choice with, and what a `set:` writes to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jingwei.authoring.cursor import ITEM
from jingwei.authoring.words_in_scope import field_of, form_of, scope_at, type_of
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Type
from jingwei.language.form import STATUSES, Field
from jingwei.texts import text

# `status == "dr`, `state not in ["a", "b`: as far as the cursor; a quote of YAML's own is escaped
_COMPARED = re.compile(
    r"(?P<chain>[^\W\d]\w*(?:\.\w+)*)\s*"
    r"(?:==|!=|(?<=\s)(?:not\s+)?in\s*\[(?:[^\[\]]*,)?)\s*"
    r"(?P<quote>\\?[\"']|)(?P<word>[\w.-]*)\Z"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison that is being written: with what (`codes`: code → title), the letters that
    stand there, and the quote before them (empty: none yet)."""

    codes: Mapping[str, str]
    word: str
    quote: str


def compared_at(
    catalogue: Catalogue, scope: Scope, form: str | None, before: str, locale: str
) -> Compared | None:
    """The comparison with a choice that ends `before` the cursor."""
    found = _COMPARED.search(before)
    if found is None or (not found["quote"] and "." in found["word"]):
        return None  # `status == parent.`: a member is being written
    chain = found["chain"].split(".")
    type_ = type_of(scope, chain)
    if type_ is None:
        return None
    codes = _codes_of_type(type_)
    if not codes:
        return None
    field = field_of(catalogue, scope, form, chain)
    titles = codes_of(catalogue, field, locale) if field is not None else {}
    titles = titles or _system_titles(catalogue, form, chain[-1], locale)
    # in the order of the definition, where that is known
    order = [code for code in titles if code in codes] + sorted(codes - titles.keys())
    return Compared({code: titles.get(code, "") for code in order}, found["word"], found["quote"])


def _codes_of_type(type_: Type) -> frozenset[str]:
    inner = type_.of if type_.name == "list" and type_.of is not None else type_
    return inner.choices or frozenset()


def codes_of(catalogue: Catalogue, field: Field, locale: str) -> dict[str, str]:
    """The codes of a choice field, its own or those of its code list, with their titles."""
    if isinstance(field.choices, str):
        listed = catalogue.code_lists.get(field.choices)
        items = listed.items if listed is not None else {}
        return {code: choice.title(locale) for code, choice in items.items()}
    return {choice.code: choice.title(locale) for choice in field.choices or ()}


def _system_titles(
    catalogue: Catalogue, form: str | None, name: str, locale: str
) -> dict[str, str]:
    if name == "status":
        return {one: text(f"statuses.{one}", locale) for one in STATUSES}
    definition = catalogue.forms.get(form or "")
    if name == "state" and definition is not None:
        return {one: state.title(locale) for one, state in definition.states.items()}
    return {}


# --- what `set:` writes to -----------------------------------------------------------------------


def fields_set(
    catalogue: Catalogue, kind: str, name: str, path: tuple[str, ...], before: str
) -> Mapping[str, Field]:
    """The fields that the `set:` at `path` writes: of the record at hand, of the form that is made
    or changed, or of the rows that are added. `before`: the text as far as the cursor."""
    own = form_of(catalogue, kind, name)
    verb = next((part for part in reversed(path[:-1]) if part != ITEM), "")
    if verb == "generate":
        table = own.fields.get(path[1]) if own is not None and len(path) > 1 else None
        return table.fields if table is not None else {}
    if verb == "append":
        return _columns(catalogue, kind, name, _beside(before, verb, "to"))
    if verb in ("create", "update", "todo"):
        wanted = _beside(before, verb, "form") or _form_of_record(
            catalogue, kind, name, _beside(before, verb, "record")
        )
        target = catalogue.forms.get(wanted) if wanted else None
        return target.fields if target is not None else {}
    return own.fields if own is not None else {}


def _beside(before: str, verb: str, word: str) -> str:
    """What the map of the verb that is being written says for `word`."""
    parts = re.split(rf"\b{verb}:", before)
    found = re.search(rf"\b{word}:[ ]*([\w.]+)", parts[-1]) if len(parts) > 1 else None
    return found[1] if found is not None else ""


def _columns(catalogue: Catalogue, kind: str, name: str, chain: str) -> Mapping[str, Field]:
    own = form_of(catalogue, kind, name)
    scope = scope_at(catalogue, kind, name, ())
    field = field_of(catalogue, scope, own.name if own else None, chain.split("."))
    return field.fields if field is not None else {}


def _form_of_record(catalogue: Catalogue, kind: str, name: str, chain: str) -> str | None:
    if not chain:
        return None
    type_ = type_of(scope_at(catalogue, kind, name, ()), chain.split("."))
    return type_.form if type_ is not None else None


def codes_set(
    fields: Mapping[str, Field], catalogue: Catalogue, name: str, locale: str
) -> Iterator[tuple[str, str]]:
    """What a field may be set to, where that is one of few: (code, title)."""
    field = fields.get(name)
    if field is None:
        return
    if field.type == "boolean":
        yield from (("true", ""), ("false", ""))
    yield from codes_of(catalogue, field, locale).items()
