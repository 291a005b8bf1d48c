"""What is wrong with an expression, and at which word."""

from __future__ import annotations

from jingwei.problems import Position, Problem


class ExpressionError(Exception):
    """One thing wrong in an expression. `start`, `end`: 0-based characters of its text.

    The sentences are those of `problems.<code>`; `holes` fill them.
    """

    def __init__(
        self,
        code: str,
        start: int,
        end: int,
        *,
        suggestion: str | None = None,
        **holes: object,
    ) -> None:
        self.code = code
        self.start = start
        self.end = end
        self.suggestion = suggestion
        self.holes = holes
        super().__init__(f"{code} at {start}..{end} {holes}")

    def problem(self, at: Position) -> Problem:
        """As a problem of the definition in which the expression begins at `at`."""
        place = at.shifted(self.start, self.end)
        return Problem(self.code, place, self.holes, suggestion=self.suggestion)
