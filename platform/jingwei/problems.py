"""Problems of definitions: where, what, how to fix it, and a stable code.

The sentences live in `texts/<locale>/problems.toml`, one table a code:
`title`, `explanation`, `what`, `fix`, and optionally `fix_suggestion` (used when the
problem carries a `suggestion`), `wrong` and `right` (examples for the manual).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from jingwei.texts import DEFAULT_LOCALE, has_text, text

Severity = Literal["error", "warning"]
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a definition file. Lines and columns count characters from 1.

    `paragraph`: of a Word template, from 1, which has no lines.
    """

    file: str
    line: int = 1
    column: int = 1
    end_column: int = 0
    paragraph: int | None = None

    def __str__(self) -> str:
        return self.words("en")

    def words(self, locale: str) -> str:
        """`forms/plan.yaml:14:11`, `report_templates/letter.docx paragraph 12`."""
        if self.paragraph is None:
            return f"{self.file}:{self.line}:{self.column}"
        if self.paragraph == 0:
            return self.file
        return text("reports.paragraph", locale, file=self.file, number=self.paragraph)

    def shifted(self, start: int, end: int) -> Position:
        """The part `start..end` (0-based characters) of a one-line scalar that begins here."""
        return Position(self.file, self.line, self.column + start, self.column + end)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of the catalogue that fill a hole of a message, in the message's language.

    `bare`: without the stop at the end, to stand inside a sentence.
    """

    key: str
    holes: tuple[tuple[str, object], ...] = ()
    bare: bool = False

    def __call__(self, locale: str) -> str:
        words = text(self.key, locale, **dict(self.holes))
        return _inside(words) if self.bare else words

    def __str__(self) -> str:
        return self(DEFAULT_LOCALE)


def _inside(sentence: str) -> str:
    """A sentence as part of another one: without its stop and its capital."""
    words = sentence.rstrip(".。")
    return words[:1].lower() + words[1:] if words[1:2].islower() or words[1:2] == " " else words


def _quoted(sentence: str, said: Mapping[str, object]) -> str:
    """A quotation mark that is itself quoted stands in marks of another shape."""
    for hole in said.values():
        if isinstance(hole, str) and ("“" in hole or "”" in hole):
            sentence = sentence.replace(f"“{hole}”", f"「{hole}」")
    return sentence


def _worded(sentence: str, said: Mapping[str, object], locale: str) -> str:
    """The sentence with its quotations, and in English its articles, as what fills it asks."""
    sentence = _quoted(sentence, said)
    for hole in said.values() if locale == "en" else ():
        if isinstance(hole, str) and hole[:1] in ("a", "e", "i", "o"):
            sentence = sentence.replace(f" a {hole}", f" an {hole}")
    return sentence


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing an author must mend."""

    code: str
    at: Position
    holes: Mapping[str, object] = field(default_factory=dict)
    severity: Severity = "error"
    suggestion: str | None = None
    note: Phrase | None = None  # what is known beside it, such as since when a name is gone

    def what(self, locale: str = DEFAULT_LOCALE) -> str:
        said = self._said(locale)
        what = _worded(text(f"problems.{self.code}.what", locale, **said), said, locale)
        if self.note is None:
            return what
        return f"{what}{'；' if locale == 'zh' else '; '}{self.note(locale)}"

    def fix(self, locale: str = DEFAULT_LOCALE) -> str:
        key = f"problems.{self.code}.fix"
        if self.suggestion is not None and has_text(f"{key}_suggestion", locale):
            key = f"{key}_suggestion"
        said = self._said(locale) | {"suggestion": self.suggestion or ""}
        return _worded(text(key, locale, **said), said, locale)

    def _said(self, locale: str) -> dict[str, object]:
        return {
            name: hole(locale) if isinstance(hole, Phrase) else hole
            for name, hole in self.holes.items()
        } | ({"known": "–"} if self.holes.get("known") == "" else {})

    def message(self, locale: str = DEFAULT_LOCALE) -> str:
        """`file:line:col: what. How to fix it. [code]`"""
        return f"{self.at.words(locale)}: {self.sentences(locale)} [{self.code}]"

    def sentences(self, locale: str = DEFAULT_LOCALE) -> str:
        """What is wrong and how to fix it."""
        stop = "。" if locale == "zh" else ". "
        return f"{self.what(locale)}{stop}{self.remedy(locale)}"

    def remedy(self, locale: str = DEFAULT_LOCALE) -> str:
        """How to fix it, as a whole sentence: a question has its own mark."""
        fix = self.fix(locale)
        if fix.endswith(("?", "？")):
            return fix
        return f"{fix}{'。' if locale == 'zh' else '.'}"

    def to_json(self, locale: str = DEFAULT_LOCALE) -> dict[str, object]:
        """For tools: where, what and how to fix it, apart."""
        return {
            "file": self.at.file,
            "line": self.at.line,
            "column": self.at.column,
            "end_column": max(self.at.end_column, self.at.column + 1),
            "code": self.code,
            "severity": self.severity,
            "message": self.what(locale),
            "fix": self.fix(locale),
            "suggestion": self.suggestion,
        }


class DefinitionErrors(Exception):
    """All problems at once, for the authors of definitions. `rest`: the catalogue of what is sound,
    where there is one, for those who look at more than definitions."""

    def __init__(self, problems: Iterable[Problem], rest: object = None) -> None:
        self.problems = tuple(problems)
        self.rest = rest
        super().__init__()

    def __str__(self) -> str:
        return "\n".join(p.message("en") for p in self.problems)


class Problems:
    """Collects problems; nothing is raised until a stage ends."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._places: set[tuple[str, Position, Severity]] = set()

    def add(
        self,
        code: str,
        at: Position,
        *,
        severity: Severity = "error",
        suggestion: str | None = None,
        **holes: object,
    ) -> None:
        self.extend([Problem(code, at, holes, severity, suggestion)])

    def extend(self, problems: Iterable[Problem]) -> None:
        """Those of which nothing is said yet at their place."""
        for problem in problems:
            key = (problem.code, problem.at, problem.severity)
            # A key that several things lack has one place and many names.
            if key not in self._places or problem not in self._found:
                self._places.add(key)
                self._found.append(problem)

    def suggest(self, code: str, meant: Callable[[Problem], str | None]) -> None:
        """Says what was meant by those of a code that do not say it yet."""
        for place, problem in enumerate(self._found):
            if problem.code == code and problem.suggestion is None:
                self._found[place] = replace(problem, suggestion=meant(problem))

    def at_line(self, file: str, line: int) -> bool:
        """Whether something is already said about this line."""
        return any(p.at.file == file and p.at.line == line for p in self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(self._found, key=lambda p: (p.at, p.code)))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> list[Problem]:
        return [p for p in self if p.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [p for p in self if p.severity == "warning"]

    def stop_here_if_any(self, rest: object = None) -> None:
        """Raises DefinitionErrors when this stage, or one before, found an error."""
        if self.errors:
            raise DefinitionErrors(self, rest)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate at most two edits from `word` (did you mean …), or None."""
    if len(word) < 2:
        return None  # every other letter is one edit away
    limit = 1 if len(word) <= 3 else 2
    small, letters = word.lower(), _letters(word.lower())
    best: tuple[int, str] | None = None
    for candidate in sorted(candidates):
        if abs(len(candidate) - len(word)) > limit:
            continue
        # Each edit changes at most two letters of the set.
        if (_letters(candidate.lower()) ^ letters).bit_count() > 2 * limit:
            continue
        distance = _edits(small, candidate.lower(), limit)
        if distance <= limit and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


@lru_cache(maxsize=10_000)
def _letters(word: str) -> int:
    """The set of letters as bits."""
    found = 0
    for char in word:
        found |= 1 << (ord(char) % 64)
    return found


def _edits(a: str, b: str, limit: int) -> int:
    """Edit distance with swaps of neighbours counted as one (Damerau, restricted); above `limit`
    any number above it."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        after = [i] + [0] * len(b)
        for j, other in enumerate(b, 1):
            after[j] = min(row[j] + 1, after[j - 1] + 1, row[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                after[j] = min(after[j], before[j - 2] + 1)
        if min(after) > limit and min(row) > limit:
            return limit + 1
        before, row = row, after
    return row[-1]
