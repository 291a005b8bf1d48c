"""How long an address may be: as long as a condition of 10,000 characters makes it."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestLine
from gunicorn.http.parser import RequestParser

from jingwei.cli.long_addresses import LONGEST_LINE, Worker, allow_long_lines


def asked(characters: int) -> str:
    """The address that a server would read of a condition of so many characters."""
    allow_long_lines()
    config = Config()
    config.set("limit_request_line", LONGEST_LINE)
    line = f"GET /api/v1/forms/job/records?filter={quote('长' * characters)} HTTP/1.1\r\n"
    request = f"{line}Host: a\r\n\r\n".encode()
    return str(next(RequestParser(config, iter([request]), ("127.0.0.1", 1))).query)


def test_a_condition_of_ten_thousand_characters_is_read() -> None:
    assert len(asked(10_000)) == len("filter=") + 90_000
    with pytest.raises(LimitRequestLine):
        asked(20_000)


def test_a_longer_address_is_refused_as_everything_else_is() -> None:
    ours, theirs = socket.socketpair()
    worker = SimpleNamespace()
    Worker.handle_error(worker, None, ours, None, LimitRequestLine(200_000, LONGEST_LINE))
    ours.close()
    head, _, body = theirs.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 414 ") and b"application/json" in head
    error = json.loads(body)["error"]
    assert (error["code"], error["fields"]) == ("address-too-long", [])
    assert error["message"] == "地址超过 128 KB。 The address is longer than 128 KB."
    assert f"X-Request-Id: {error['request_id']}\r\n".encode() in head
