"""What a database may say that the caller can act on."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, DontWrapMixin

from jingwei.refusals import Malformed, NoSpace

# serialisation failure, deadlock, lock not available
_AGAIN = {"40001", "40P01", "55P03"}
_DROPPED = "26000"  # a prepared statement that somebody threw away
_UNSUPPORTED = "0A000"  # said, too, of one whose table has other columns since
_OF_PLANS = "RevalidateCachedQuery"  # the place that says so, whatever the server's language

# a number or a day out of range; SQLite says so of a function of ours that overflows, and of sums
_TOO_FAR = {"22003", "22008"}
_MISTYPED = {"22P02", "22007"}  # a text that is no value of its column's type
# that a statement has more parts, or deeper ones, than the database takes
_TOO_LARGE = {"54000", "54001", "54011", "54023"}
_TOO_LARGE_IN_SQLITE = (
    "parser stack overflow",
    "Expression tree is too large",
    "too many arguments on function",
    "too many SQL variables",
)
_TOO_FAR_IN_SQLITE = ("string or blob too big", "integer overflow")


class Untouched(DontWrapMixin, Exception):
    """What is raised while a statement runs and is none of the database's: it arrives as it is."""


class TryAgain(Exception):
    """The transaction lost a race and wrote nothing; run again, it may well succeed."""


class NoTurn(TryAgain):
    """SQLite's one writer wrote for longer than anybody waits."""


class Duplicate(Exception):
    """A unique key is taken. `constraint` names it where the database tells."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


def is_stale(error: BaseException) -> bool:
    """Whether only the connection is to blame: it is gone, or what it had prepared is. On another
    one the same statement may well succeed."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    place = getattr(getattr(error.orig, "diag", None), "source_function", None)
    return state == _DROPPED or (state == _UNSUPPORTED and place == _OF_PLANS)


def is_mistyped(error: DBAPIError) -> bool:
    """Whether a value is none of the type that its place has."""
    return getattr(error.orig, "sqlstate", None) in _MISTYPED


def as_ours(error: DBAPIError) -> Exception | None:
    """The same news in our words, or None when only a programmer can act on it."""
    original = error.orig
    state = getattr(original, "sqlstate", None)
    words = str(original)
    if "database is locked" in words:
        return NoTurn(words)
    if state in _AGAIN or is_stale(error):
        return TryAgain(words)
    if state in _TOO_FAR or any(said in words for said in _TOO_FAR_IN_SQLITE):
        return Malformed("out-of-range")
    if state in _TOO_LARGE or any(said in words for said in _TOO_LARGE_IN_SQLITE):
        return Malformed("too-nested")
    if "NUL (0x00)" in words:
        return Malformed("text-with-nul")
    if state == "53100" or "database or disk is full" in words:
        return NoSpace("disk-full")
    if state == "23505":
        diagnostics = getattr(original, "diag", None)
        return Duplicate(getattr(diagnostics, "constraint_name", None) or words)
    if "UNIQUE constraint failed" in words:
        return Duplicate(words.partition(": ")[2])
    return None
