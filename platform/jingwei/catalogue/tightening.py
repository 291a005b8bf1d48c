"""Whether a change of a value makes a definition stricter; what cannot be told is no tightening."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.numbers import written_number
from jingwei.language.small import parse_duration
from jingwei.reading.yaml_file import Data, Path, Scalar

_SCOPES = ("own", "org", "org_and_below", "all")
_ASKS_MORE = frozenset({"signature", "remind"})
_DAYS = {"min": Decimal(1) / 1440, "h": Decimal(1) / 24, "d": Decimal(1), "w": Decimal(7)}


def tightens(path: Path, old: Data | None, new: Data) -> bool:
    """Whether `new` in place of `old` (None: nothing was written) is as strict or stricter."""
    word = str(path[-1])
    if path[0] == "permissions" and word == "readonly":
        return _more(old, new)
    rule = _RULES.get(word)
    if rule is not None:
        return rule(old, new)
    # Nothing is known of other words: a rule or a step that is new adds to what is asked, and so
    # do these of its keys. Any other new key, such as `when`, may ask for less.
    return old is None and (
        (path[0] in ("rules", "steps") and len(path) == 2)
        or (path[0] == "rules" and word == "at")
        or (path[0] == "steps" and word in _ASKS_MORE)
    )


def _text(data: Data | None) -> str | None:
    return data.text if isinstance(data, Scalar) else None


def _on(old: Data | None, new: Data) -> bool:
    """A truth that may only become true."""
    return _text(new) == "true" or (_text(old) != "true" and _text(new) == "false")


def _number(data: Data | None) -> Decimal | None:
    try:
        return written_number(_text(data) or "")
    except ValueRefused:
        return None


def _higher(old: Data | None, new: Data) -> bool:
    before, after = _number(old), _number(new)
    if after is None:
        return False
    return old is None or (before is not None and after >= before)


def _lower(old: Data | None, new: Data) -> bool:
    before, after = _number(old), _number(new)
    if after is None:
        return False
    return old is None or (before is not None and after <= before)


def _words(data: Data | None) -> set[str] | None:
    if data is None:
        return set()
    parts = data if isinstance(data, list) else [data]
    words = {part.text for part in parts if isinstance(part, Scalar)}
    return words if len(words) == len(parts) else None


def _more(old: Data | None, new: Data) -> bool:
    before, after = _words(old), _words(new)
    return before is not None and after is not None and before <= after


def _fewer(old: Data | None, new: Data) -> bool:
    before, after = _words(old), _words(new)
    return old is not None and before is not None and after is not None and after <= before


def _narrower(old: Data | None, new: Data) -> bool:
    before, after = _text(old) or "org", _text(new)
    if before not in _SCOPES or after not in _SCOPES:
        return False
    return _SCOPES.index(after) <= _SCOPES.index(before)


def _sooner(old: Data | None, new: Data) -> bool:
    after = parse_duration(_text(new) or "")
    if after is None:
        return False
    before = parse_duration(_text(old) or "")
    if old is None:
        return True
    if before is None:
        return False
    if before.unit == after.unit:
        return after.amount <= before.amount
    if before.unit in _DAYS and after.unit in _DAYS:
        return after.amount * _DAYS[after.unit] <= before.amount * _DAYS[before.unit]
    return False


def _one_of(*ranks: str) -> Callable[[Data | None, Data], bool]:
    """Words from the loosest to the strictest; the first stands where nothing is written."""

    def stricter(old: Data | None, new: Data) -> bool:
        before, after = _text(old) or ranks[0], _text(new)
        if before not in ranks or after not in ranks:
            return False
        return ranks.index(after) >= ranks.index(before)

    return stricter


def _at_every_save(old: Data | None, new: Data) -> bool:
    """When a rule is asked: at every save is the strictest, and what is said of none."""
    return _text(new) == "save" or (old is not None and _text(new) == _text(old))


def _level(old: Data | None, new: Data) -> bool:
    """A rule refuses unless it says that it only warns."""
    return _text(new) == "error" or (_text(new) == "warn" and _text(old) == "warn")


_RULES: Mapping[str, Callable[[Data | None, Data], bool]] = {
    "required": _on,
    "readonly": _on,
    "unique": _on,
    "set_once": _on,
    "min": _higher,
    "min_rows": _higher,
    "max": _lower,
    "max_rows": _lower,
    "can": _fewer,
    "write": _fewer,
    "hide": _more,
    "mask": _more,
    "require": _more,
    "scope": _narrower,
    "due": _sooner,
    "level": _level,
    "on": _at_every_save,
    "opinion": _one_of("optional", "required"),
    "mode": _one_of("any", "all"),
    "reject_needs": _one_of("all", "one"),
}
