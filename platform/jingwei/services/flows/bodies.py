"""Which keys the body of an operation may have: one that it would not look at is refused."""

from __future__ import annotations

from collections.abc import Mapping

ALWAYS = frozenset({"comment", "reason"})
BEGIN = "begin"  # submitting a record that is not on its way
_DECIDES = frozenset({"fields", "chosen"})
_OF: Mapping[str, frozenset[str]] = {
    BEGIN: frozenset({"chosen"}),
    "approve": _DECIDES,
    "submit": _DECIDES,
    "reject": frozenset({"fields"}),
    "return": frozenset({"to", "fields"}),
    "transfer": frozenset({"to"}),
    "delegate": frozenset({"to"}),
    "reassign": frozenset({"to"}),
    "add_sign": frozenset({"position", "people", "to", "fields"}),
    "drop_sign": frozenset({"people", "to"}),
    "cc": frozenset({"people", "to"}),
    "jump": frozenset({"to", "step"}),
    "reopen": frozenset({"chosen"}),
    "migrate": frozenset({"map", "dry_run"}),
}


def foreign_keys(action: str, body: Mapping[str, object], *, of_task: bool) -> list[str]:
    """The keys that this operation does not know. Fields with a task are refused for not being
    offered there, not for being unknown."""
    later = {"fields"} if of_task else set()
    return sorted(set(body) - ALWAYS - _OF.get(action, frozenset()) - later)
