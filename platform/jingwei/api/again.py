"""What others at the database do to a request: it is asked once more on another connection where it
only asked, or refused where it had no turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, request

from jingwei.refusals import Busy
from jingwei.storage.errors import TryAgain, is_stale

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
log = structlog.get_logger(__name__)


class Application(Flask):
    """Commands run again by themselves (`Commands.run`); a reader has no transaction to repeat, so
    that the whole request is: it changed nothing, and nothing of its answer has left the house."""

    def preprocess_request(self) -> Any:
        """What comes before the view."""
        return _again(super().preprocess_request)

    def dispatch_request(self) -> Any:
        """The view."""
        return _again(super().dispatch_request)


def _again(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except TryAgain as lost:
        raise Busy from lost
    except Exception as error:
        if request.method not in SAFE or not is_stale(error):
            raise
        log.info("asked_again", path=request.path, reason=str(getattr(error, "orig", error)))
    return ask()
