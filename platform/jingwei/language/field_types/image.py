"""`image`: a picture, shown as one."""

from __future__ import annotations

from jingwei.language.field_types.file import FileType


class ImageType(FileType):
    name = "image"
    widget = "image"


TYPE = ImageType()
