"""What an uploaded file is: told by its content, not by its name or by who sent it.

A name that says something else than the content is refused: people and programs go by names.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from jingwei.refusals import Invalid

UNKNOWN = "application/octet-stream"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # any browser shows
HEAD = 64 * 1024  # bytes that are looked at
ZIP, OLE = "application/zip", "application/x-ole-storage"

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (0, b"Rar!", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
_OFFICE = "application/vnd.openxmlformats-officedocument."
# What lies in a zip or an OLE file is told by its name: the containers are the same.
_IN_ZIP: Mapping[str, str] = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".ofd": "application/ofd",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".zip": ZIP,
}
_IN_OLE: Mapping[str, str] = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".wps": "application/vnd.ms-works",
    ".et": "application/vnd.ms-excel",
}
# Names that promise a signature: without it the file is something else.
_PROMISED: Mapping[str, frozenset[str]] = {
    ".pdf": frozenset({"application/pdf"}),
    ".png": frozenset({"image/png"}),
    ".jpg": frozenset({"image/jpeg"}),
    ".jpeg": frozenset({"image/jpeg"}),
    ".gif": frozenset({"image/gif"}),
    ".bmp": frozenset({"image/bmp"}),
    ".webp": frozenset({"image/webp"}),
    **{ending: frozenset({kind}) for ending, kind in {**_IN_ZIP, **_IN_OLE}.items()},
}
_MARKUP = (b"<!doctype", b"<html", b"<svg", b"<?xml", b"<script", b"<head", b"<body")
_DECLARATIONS = (b"<!doctype", b"<!entity")


def type_of(path: Path, name: str) -> str:
    """The media type of a file by its first bytes.

    Raises Invalid for a program, for a name that promises something else, and for XML that
    declares entities. Pages and pictures with script in them are plain text to us.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    ending = PurePosixPath(name.lower()).suffix
    if not head:  # an empty file is refused when its row is made
        return UNKNOWN
    if head.startswith(_PROGRAMS):
        raise Invalid("file-program")
    found = _told(head, ending)
    promised = _PROMISED.get(ending)
    if promised is not None and found not in promised:
        raise Invalid("file-other-type", name=name, type=found)
    return found


def pixels_of(content: bytes) -> int:
    """How many pixels a PNG, JPEG or WebP unpacks to, by its header; 0 where it does not say."""
    if content[1:4] == b"PNG":
        return _area(content[16:20], content[20:24])
    if content[8:12] == b"WEBP":
        return _of_webp(content)
    at = 2
    while content[:2] == b"\xff\xd8" and at + 9 <= len(content) and content[at] == 0xFF:
        mark = content[at + 1]
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):  # a frame of the picture
            return _area(content[at + 5 : at + 7], content[at + 7 : at + 9])
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return 0


def _of_webp(content: bytes) -> int:
    match content[12:16]:
        case b"VP8X":
            wide, high = (int.from_bytes(content[n : n + 3], "little") for n in (24, 27))
            return (wide + 1) * (high + 1)
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    wide, high = (int.from_bytes(content[n : n + 2], "little") & 0x3FFF for n in (26, 28))
    return wide * high


def _area(one: bytes, other: bytes) -> int:
    return int.from_bytes(one) * int.from_bytes(other)


def _told(head: bytes, ending: str) -> str:
    for at, mark, kind in _SIGNATURES:
        if head[at : at + len(mark)] == mark:
            return _IN_ZIP.get(ending, ZIP) if kind == ZIP else _in_ole(kind, ending)
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP):
        if not start.startswith(b"<!doctype html") and any(
            word in head.lower() for word in _DECLARATIONS
        ):
            raise Invalid("file-entities")
        return "text/plain"
    if _is_text(head):
        guessed = mimetypes.guess_type(f"x{ending}")[0] or "text/plain"
        return guessed if guessed in ("text/csv", "application/json") else "text/plain"
    return UNKNOWN


def _in_ole(kind: str, ending: str) -> str:
    return _IN_OLE.get(ending, OLE) if kind == OLE else kind


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head[: len(head) - 4 if len(head) == HEAD else None].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
