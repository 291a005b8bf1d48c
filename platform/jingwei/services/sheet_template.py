"""What a sheet for a form looks like: its columns, the words of its drop-downs, its fingerprint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.compile import form_fingerprint
from jingwei.language.form import Field, Form
from jingwei.services import definitions
from jingwei.services.commands import Reading
from jingwei.services.import_batches import may_import
from jingwei.services.listing import may_open
from jingwei.services.sheet_cells import NOT_TAKEN
from jingwei.services.sheet_headings import sheet_title
from jingwei.services.titles import choices
from jingwei.texts import has_text, text

MOST_CHOICES = 2_000


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A column to fill in; `choices` are titles, which the import understands."""

    name: str
    title: str
    type: str
    required: bool
    choices: tuple[str, ...]
    hint: str


def template_fields(view: Reading, form: str, locale: str) -> list[TemplateField]:
    """The columns this person may fill in. Raises NotFound, NotAllowed."""
    definition = may_import(view, form)
    rights = view.rights.create_fields(view, form)
    found = []
    if "org" not in definition.fields and "org" in rights.writable:
        title = text("system_fields.org", locale)
        found.append(TemplateField("org", title, "org", False, org_words(view, form, locale), ""))
    for name, field in definition.fields.items():
        if field.type in NOT_TAKEN or name not in rights.writable:
            continue
        if is_closed(field):
            continue
        found.append(_field(view, definition, field, locale, definition.fields.values()))
    if any(name in rights.writable for name in definition.tables):
        found.insert(0, join_field(locale))
    return found


@dataclass(frozen=True, slots=True)
class TemplateTable:
    """A further sheet to fill in: the rows of one table."""

    title: str
    columns: tuple[TemplateField, ...]


def template_tables(view: Reading, form: str, locale: str) -> list[TemplateTable]:
    """The tables this person may fill in, each as a sheet that names the row it belongs to."""
    definition = may_import(view, form)
    rights = view.rights.create_fields(view, form)
    found = []
    for name, table in definition.tables.items():
        if name not in rights.writable:
            continue
        columns = tuple(
            _field(view, definition, column, locale, table.fields.values())
            for column in table.fields.values()
            if column.type not in NOT_TAKEN and column.path in rights.writable
            if not is_closed(column)
        )
        found.append(
            TemplateTable(sheet_title(table.title(locale)), (join_field(locale), *columns))
        )
    return found


def join_field(locale: str) -> TemplateField:
    """The column by which rows of tables name the row they belong to."""
    title = text("exchange.join", locale)
    return TemplateField("", title, "text", False, (), text("exchange.hint.join", locale))


def template_fingerprint(view: Reading, form: str) -> str:
    """Changes when the form, and so its template, does."""
    return form_fingerprint(view.catalogue, form)


def is_closed(field: Field) -> bool:
    """Whether nobody writes into a field."""
    return field.readonly or (field.compute is not None and field.mode == "always")


def _field(
    view: Reading, form: Form, field: Field, locale: str, beside: Iterable[Field]
) -> TemplateField:
    titles = [f.title(locale) for f in beside]
    title = field.title(locale)
    return TemplateField(
        field.name,
        title if titles.count(title) == 1 else field.name,
        "text" if field.many else field.type,
        field.required,
        () if field.many else words_of(view, form, field, locale),
        _hint(field, locale),
    )


def words_of(view: Reading, form: Form, field: Field, locale: str) -> tuple[str, ...]:
    """The words of a drop-down; none where there is no choice."""
    match field.type:
        case "choice":
            offered = (c for c in choices(view, field) if c.offered_on(view.today))
            return _titles({c.code: c for c in offered}, locale)
        case "boolean":
            return (text("reports.yes", locale), text("reports.no", locale))
        case "org":
            return (
                org_words(view, form.name, locale)
                if field.name == "org"
                else _titles(view.catalogue.orgs, locale)
            )
        case "role" | "post" | "indicator":
            return _titles(getattr(view.catalogue, f"{field.type}s"), locale)
        case "form":
            known = view.catalogue.forms
            return _titles({n: one for n, one in known.items() if may_open(view, n)}, locale)
        case "definition":
            return _titles(dict(definitions.offered(view, field)), locale)
    return ()


def org_words(view: Reading, form: str, locale: str) -> tuple[str, ...]:
    """Those for which the person may create."""
    within = view.rights.create_orgs(view, form)
    known = view.catalogue.orgs
    return _titles({c: o for c, o in known.items() if within is None or c in within}, locale)


def _titles(known: Any, locale: str) -> tuple[str, ...]:
    titles = [one.title(locale) for one in known.values()]
    shown = (
        title if titles.count(title) == 1 else name
        for name, title in zip(known, titles, strict=True)
    )
    return tuple(shown)[:MOST_CHOICES]


def _hint(field: Field, locale: str) -> str:
    key = f"exchange.hint.{field.type}"
    parts = [text("exchange.hint.required", locale)] if field.required else []
    if has_text(key, locale):
        parts.append(text(key, locale))
    if field.many:
        parts.append(text("exchange.hint.many", locale))
    if field.help is not None and callable(field.help):
        parts.append(str(field.help(locale)))
    return "\n".join(parts)
