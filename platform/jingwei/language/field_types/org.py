"""`org`: the code of an organisation."""

from __future__ import annotations

from jingwei.language.field_types.base import Kept
from jingwei.language.field_types.named import NamedType


class OrgType(NamedType):
    name = "org"
    kept = Kept.ORG
    expressed = "org"
    widget = "org"


TYPE = OrgType()
