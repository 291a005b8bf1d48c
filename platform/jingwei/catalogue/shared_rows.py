"""Tables `of:` a row form get its columns and rules, as if they had been written there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from jingwei.language.form import Field, Form, Rule
from jingwei.language.rows import RowForm


def with_shared_rows(forms: Mapping[str, Form], rows: Mapping[str, RowForm]) -> dict[str, Form]:
    """The forms with their tables written out. Names that do not exist were refused before."""
    return {name: _written_out(form, rows) if rows else form for name, form in forms.items()}


def _written_out(form: Form, rows: Mapping[str, RowForm]) -> Form:
    used = {
        name: rows[field.of[0]]
        for name, field in form.fields.items()
        if field.type == "table" and not field.fields and field.of and field.of[0] in rows
    }
    if not used:
        return form
    fields = {
        name: _table(field, used[name]) if name in used else field
        for name, field in form.fields.items()
    }
    rules: dict[str, Rule] = dict(form.rules)
    for table, shared in used.items():
        for name, rule in shared.rules.items():
            key = f"{table}_{name}"
            rules.setdefault(key, replace(rule, name=key, each=table))
    texts = form.fingerprint + "".join(one.fingerprint for one in used.values())
    return replace(form, fields=fields, rules=rules, fingerprint=sha256(texts.encode()).hexdigest())


def _table(table: Field, shared: RowForm) -> Field:
    columns = {name: replace(column, table=table.name) for name, column in shared.fields.items()}
    return replace(table, fields=columns, layout=table.layout or shared.layout)
