"""`post`: the name of a post."""

from __future__ import annotations

from jingwei.language.field_types.named import NamedType


class PostType(NamedType):
    name = "post"
    expressed = "post"
    widget = "post"


TYPE = PostType()
