"""`signature`: a signature drawn by hand."""

from __future__ import annotations

from jingwei.language.field_types.file import FileType


class SignatureType(FileType):
    name = "signature"
    widget = "signature"


TYPE = SignatureType()
