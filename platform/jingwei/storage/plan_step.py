"""One effect of a publication, in words: what a plan is a list of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jingwei.texts import has_text, text

Group = Literal["safe", "needs_data", "destructive"]
GROUPS: tuple[Group, ...] = ("safe", "needs_data", "destructive")
# what an effect is about, in the order in which a reader wants to hear of it
Topic = Literal["tables", "data", "flows", "readers", "build"]
TOPICS: tuple[Topic, ...] = ("tables", "data", "flows", "readers", "build")
MOST_EXAMPLES = 5
MASKED = "•••"  # in the place of a sensitive value


@dataclass(frozen=True, slots=True)
class Example:
    """One row that an effect touches: the record's id, its number where it is known, and the value
    in question, as text."""

    record: int
    value: str
    number: str | None = None

    def masked(self) -> Example:
        return replace(self, value=MASKED)

    def to_json(self) -> dict[str, Any]:
        return {"record": self.record, "number": self.number, "value": self.value}

    def to_text(self) -> str:
        named = f"{self.number} (#{self.record})" if self.number else f"#{self.record}"
        return f"{named} {self.value!r}" if self.value else named


@dataclass(frozen=True, slots=True)
class Step:
    """One effect. `code` names the sentence; `rows` are those it touches; `path` is what it is
    about (`plan`, `plan.note`, `alert/late`). One that `blocks` must be mended, or accepted by
    its path, first. `counts`: a plan that was saved holds only while the number stays."""

    group: Group
    code: str
    holes: Mapping[str, object] = field(default_factory=dict)
    rows: int | None = None
    blocks: bool = False
    topic: Topic = "tables"
    path: str | None = None
    examples: tuple[Example, ...] = ()
    counts: bool = False
    is_there: bool = False  # made by a publication of the same that was begun

    def without_values(self) -> Step:
        """What of it may be kept, or shown to who may not read the records."""
        return replace(self, examples=())

    def message(self, locale: str) -> str:
        words = text(f"plan.{self.code}", locale, rows=self.rows or 0, **self.holes)
        return words + text("plan.is_there", locale) if self.is_there else words

    @property
    def is_gone(self) -> bool:
        """Whether it destroys for good; what else is destructive only hides."""
        return self.code in ("purge_table", "purge_column")

    def fix(self, locale: str) -> str | None:
        """What to do about it; None where nothing need be done, or what would be was said."""
        if self.group == "destructive" and self.counts:
            return None
        key = f"plan.fix_{self.code}"
        if not has_text(key, locale):
            return None
        holes = {"rows": self.rows or 0, "path": self.path or "", **self.holes}
        return text(key, locale, **holes)

    def to_json(self, locale: str) -> dict[str, Any]:
        """Keys are only ever added."""
        return {
            "group": self.group,
            "topic": self.topic,
            "code": self.code,
            "path": self.path,
            "rows": self.rows,
            "blocks": self.blocks,
            "message": self.message(locale),
            "fix": self.fix(locale),
            "examples": [example.to_json() for example in self.examples],
        }

    def to_lines(self, locale: str) -> list[str]:
        """For a terminal: the sentence, marked where it blocks; examples, and what to do."""
        mark = f"✗ {text('plan.blocks', locale)}" if self.blocks else "- "
        lines = [f"  {mark}{self.message(locale)}"]
        if self.examples:
            shown = ", ".join(example.to_text() for example in self.examples)
            lines.append(f"      {shown}")
        fix = self.fix(locale)
        if fix:
            lines.append(f"      → {fix}")
        return lines
