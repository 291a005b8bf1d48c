"""How long an address may be, and what is said of a longer one: a condition of 10,000 Chinese
characters is 90,000 bytes of it."""

from __future__ import annotations

import json
import secrets
from typing import Any

import structlog
from gunicorn.http import message  # type: ignore[import-untyped]  # has no types
from gunicorn.http.errors import LimitRequestLine  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from jingwei.texts import LOCALES, text

log = structlog.get_logger(__name__)
LONGEST_LINE = 128 * 1024  # bytes: the method, the address and the protocol


def allow_long_lines() -> None:
    """Lift what gunicorn allows at most, however it is set; without a limit a request line would
    fill the memory."""
    message.MAX_REQUEST_LINE = LONGEST_LINE + 1


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Answers an address that is too long as everything else is refused."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        # In every language: which one is asked for stands behind what was not read.
        holes = {"most": LONGEST_LINE // 1024}
        said = [text("refusals.address-too-long", locale, **holes) for locale in LOCALES]
        request = secrets.token_hex(8)
        log.info("address_too_long", request=request)
        error: dict[str, Any] = {
            "code": "address-too-long",
            "message": " ".join(said),
            "fields": [],
            "request_id": request,
        }
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
        head = (
            f"HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nX-Request-Id: {request}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body)
