"""`form`: the name of a form."""

from __future__ import annotations

from jingwei.language.field_types.named import NamedType


class FormType(NamedType):
    name = "form"
    widget = "form"


TYPE = FormType()
