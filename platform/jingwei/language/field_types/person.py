"""`person`: the login of a person."""

from __future__ import annotations

from jingwei.language.field_types.base import Kept
from jingwei.language.field_types.named import NamedType


class PersonType(NamedType):
    name = "person"
    kept = Kept.PERSON
    expressed = "person"
    widget = "person"


TYPE = PersonType()
