"""Amounts that name no unit are in the application's currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from jingwei.language.form import Field, Form
from jingwei.language.values import Literal_


def with_currency(forms: Mapping[str, Form], currency: str | None) -> dict[str, Form]:
    """The forms with the unit of their amounts written out."""
    if currency is None:
        return dict(forms)
    return {name: _in(form, currency) for name, form in forms.items()}


def _in(form: Form, currency: str) -> Form:
    changed = {name: _field(field, currency) for name, field in form.fields.items()}
    if all(changed[name] is field for name, field in form.fields.items()):
        return form
    texts = f"{form.fingerprint}\0{currency}"
    return replace(form, fields=changed, fingerprint=sha256(texts.encode()).hexdigest())


def _field(field: Field, currency: str) -> Field:
    if field.type == "money" and field.unit is None:
        return replace(field, unit=Literal_(currency, field.at))
    columns = {name: _field(column, currency) for name, column in field.fields.items()}
    if all(columns[name] is column for name, column in field.fields.items()):
        return field
    return replace(field, fields=columns)
