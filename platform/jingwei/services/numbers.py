"""Business numbers: gap-free per rendered prefix, given once, never used again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.form import Form
from jingwei.services.commands import Work
from jingwei.services.display import shown
from jingwei.services.world import environment
from jingwei.storage.counters import next_value

LOCALE = "zh"


def next_number(work: Work, form: Form, record: Mapping[str, Any]) -> str | None:
    """The next number of this record's prefix, or None for a form that gives none.

    The counter is locked until the transaction ends, so a refused save leaves no gap.
    """
    if form.number is None:
        return None
    env = environment(work, record)
    pieces: list[str | None] = []
    digits = 0
    for piece in form.number.pieces(LOCALE):
        if isinstance(piece, str):
            pieces.append(piece)
        elif piece.formula.source.strip() == "seq":
            pieces.append(None)
            digits = int(piece.form or 1)
        else:
            value = work.catalogue.closure(piece.formula)(env)
            pieces.append(shown(value, piece.form, LOCALE, env.zone))
    if None not in pieces:
        return "".join(p for p in pieces if p is not None)
    prefix = f"{form.name}:" + "".join("{}" if p is None else p for p in pieces)
    count = f"{next_value(work.connection, prefix):0{digits}d}"
    return "".join(count if p is None else p for p in pieces)
