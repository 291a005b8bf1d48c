"""What is sent of a new record: which fields may be, and which it must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.form import Field, Form


def may_be_sent(field: Field) -> bool:
    """Whether a person may give its value: what is worked out always, or read only, is not sent."""
    computed = field.compute is not None and field.mode == "always"
    return not (computed or field.readonly)


def owed(form: Form, names: Mapping[str, Any]) -> list[str]:
    """Of what may be sent, what a new record must have: nothing of one that may be unfinished."""
    if form.workflow or form.workflows or form.submit is not None:
        return []
    return [n for n in names if n in form.fields and is_owed(form.fields[n])]


def is_owed(field: Field) -> bool:
    """Whether a new record must have it: nothing gives it a value, and it is always shown."""
    given = field.default is not None or field.compute is not None or field.generate is not None
    return field.required and not given and field.visible_if is None
