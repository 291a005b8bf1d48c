"""`role`: the name of a role."""

from __future__ import annotations

from jingwei.language.field_types.named import NamedType


class RoleType(NamedType):
    name = "role"
    expressed = "role"
    widget = "role"


TYPE = RoleType()
