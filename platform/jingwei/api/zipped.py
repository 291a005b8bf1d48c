"""Pages and JSON are sent zipped to whoever takes them so.

What is sent over TLS and zipped tells its length, and who sees the length and may put words of his
own into the answer can guess what else is in it (BREACH). So an answer is zipped only where nobody
else can have made the browser ask for it: the browser says that a page of ours asked, or the person
(`Sec-Fetch-Site`); or the caller showed a token, which no foreign page can make a browser send; or
there is no TLS, and nothing to guess. For what an insider writes into a record that somebody else
then opens, the zipped length is blurred: each answer carries a name of a random length.

Streams (exports, files) and what is zipped already (style sheets, workbooks) are left alone.
"""

from __future__ import annotations

import secrets
import struct
import zlib

from flask import Flask, Response, request

KINDS = frozenset(("text/html", "application/json", "text/javascript"))
LEAST_BYTES = 1_400  # what one packet carries
LEVEL = 5  # of a list's page, the highest saves three hundredths more and takes twice as long
MOST_BLUR = 100
_HEAD = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"  # deflated, with a name, of no time and system


def zip_answers(app: Flask) -> None:
    app.after_request(_zip)


def _zip(response: Response) -> Response:
    if response.mimetype not in KINDS or response.is_streamed or response.direct_passthrough:
        return response
    length = response.calculate_content_length() or 0
    if length < LEAST_BYTES or "Content-Encoding" in response.headers:
        return response
    response.vary.update(("Accept-Encoding", "Sec-Fetch-Site"))
    if _takes() and _asked_by_itself():
        # `ETag` stays: it names the revision of a record, which is the same in every encoding
        response.set_data(gzipped(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _takes() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _asked_by_itself() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return "Authorization" in request.headers or not request.is_secure


def gzipped(plain: bytes) -> bytes:
    """As RFC 1952 has it, with a name of up to a hundred random letters."""
    name = secrets.token_hex(MOST_BLUR // 2)[: secrets.randbelow(MOST_BLUR + 1)].encode()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(plain) + packer.flush()
    ends = struct.pack("<II", zlib.crc32(plain), len(plain) & 0xFFFFFFFF)
    return b"".join((_HEAD, name, b"\0", packed, ends))
