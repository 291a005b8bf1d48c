"""How a moment is written wherever the platform writes one for programs."""

from __future__ import annotations

from datetime import UTC, datetime


def written_instant(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-03-02T09:00:00.000Z`. One without a zone is UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
