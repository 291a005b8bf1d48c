"""Files that people call sheets, told apart: each that cannot be read has its own remedy."""

from __future__ import annotations

import codecs
import zipfile
from typing import IO

from jingwei.refusals import Refused

MOST_BYTES = 50 * 1024 * 1024
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of old workbooks, and of those with a password
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_PAGE = (b"<html", b"<!doctype html", b"<table", b"<meta", b"<?xml version", b"<head")
_WORKBOOKS = (".xlsx", ".xlsm", ".xltx", ".xls", ".xlsb", ".et", ".ett")
_OTHERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"Rar!", b"7z\xbc\xaf")


def is_zip(file: IO[bytes]) -> bool:
    file.seek(0)
    found = file.read(2) == b"PK"
    file.seek(0)
    return found


def refuse_others(file: IO[bytes], name: str) -> None:
    """Raises Refused for what is neither a zip nor text."""
    file.seek(0)
    content = file.read(1024)
    if content.startswith(_COMPOUND):
        file.seek(0)
        whole = file.read(MOST_BYTES)
        raise Refused("sheet-password" if _PASSWORD in whole else "sheet-old", file=name)
    head = content.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith(_PAGE):
        raise Refused("sheet-page", file=name)
    if content.startswith(_OTHERS):
        raise Refused("sheet-other-kind", file=name)
    if not content.strip():
        raise Refused("sheet-empty", file=name)
    if name.lower().endswith(_WORKBOOKS) and _is_text(content):
        raise Refused("sheet-not-a-workbook", file=name)
    file.seek(0)


def _is_text(content: bytes) -> bool:
    """Whether the beginning of a file is words; it may be cut in the middle of one."""
    if b"\x00" in content:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(content)
        except UnicodeDecodeError:
            continue
        return True
    return False


def refuse_zips(archive: zipfile.ZipFile) -> None:
    """Raises Refused for a zip that is something else than a workbook."""
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise Refused("sheet-binary", file="xlsx")
    if "content.xml" in names or any(name.startswith("Index/") for name in names):
        raise Refused("sheet-foreign", file="xlsx")
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise Refused("sheet-other-kind", file="xlsx")
