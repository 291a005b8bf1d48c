"""What the YAML parser stumbled over, said at the place of the cause."""

from __future__ import annotations

import re

import yaml

from jingwei.problems import Position, Problem
from jingwei.reading import lookalikes

_OPENING = {"[": "]", "{": "}"}
_KEY = re.compile(r"""\s*["']?([A-Za-z_][\w-]*)["']?:(?:\s|$)""")
_ANY_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s"'#{\[-][^:]*):(\s|$)""")
_ENTRY = re.compile(  # of a flow map, with its text; an apostrophe within a word is no quote
    r"""(?P<key>[\w.-]+):\s+(?P<text>(?:[^,\[\]{}"':]|(?<=\w)')*(?:[^,\[\]{}"':\s]|(?<=\w)')\s*)$"""
)
_PLACE = re.compile(r"\s*(?:- +)*")  # where the words of a line begin
MOST_LINES = 20  # of braces that are looked through for what cuts them
_SPACELESS = re.compile(r"(\s*(?:- +)*)([A-Za-z_][\w.-]*):(?=[^\s:/\\])")


def missing_space(path: str, text: str, line: int) -> Problem | None:
    """`type:text` at the beginning of a line (from 0)."""
    lines = text.split("\n")
    match = _SPACELESS.match(lines[line]) if line < len(lines) else None
    if match is None:
        return None
    at = Position(path, line + 1, match.end(), match.end() + 1)
    return Problem("missing-space", at, {"key": match[2]})


def explain(path: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    """The parser's complaint as a problem an author can act on."""
    return _Explainer(path, text, error).problem()


def _comment(line: str, start: int) -> int | None:
    """Where a comment begins in a line, outside quotes."""
    quote = ""
    before = "{"
    for column in range(start, len(line)):
        char = line[column]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and before in "{[,:":
            quote = char  # only at the beginning of a value: an apostrophe is none
        elif char == "#" and column and line[column - 1] in " \t":
            return column
        before = before if char in " \t" else char
    return None


class _Explainer:
    def __init__(self, path: str, text: str, error: yaml.MarkedYAMLError) -> None:
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.said = error.problem or ""
        self.while_ = error.context or ""
        mark = error.problem_mark or error.context_mark
        begun = error.context_mark or mark
        self.line, self.column = (mark.line, mark.column) if mark else (0, 0)
        self.from_line, self.from_column = (begun.line, begun.column) if begun else (0, 0)

    def at(self, line: int, column: int) -> Position:
        return Position(self.path, line + 1, column + 1, column + 2)

    @property
    def here(self) -> Position:
        return self.at(self.line, self.column)

    @property
    def begun(self) -> Position:
        return self.at(self.from_line, self.from_column)

    def line_text(self, line: int) -> str:
        return self.lines[line] if line < len(self.lines) else ""

    def problem(self) -> Problem:
        for rule in (
            self.tab,
            self.escape,
            self.open_quote,
            self.look_alike,
            self.reference,
            self.spaceless,
            self.block_header,
            self.comment_in_flow,
            self.after_quote,
            self.flow_entry,
            self.flow,
            self.second_document,
            self.entry_after_key,
            self.among_others,
            self.colon_in_text,
            self.no_colon,
            self.reserved,
            self.indentation,
        ):
            found = rule()
            if found:
                return found
        return Problem("yaml-syntax", self.here)

    def tab(self) -> Problem | None:
        for line in range(max(self.line - 1, 0), min(self.line + 1, len(self.lines))):
            indent = re.match(r"[ \t]*", self.lines[line])
            if indent and "\t" in indent[0]:
                return Problem("tab", self.at(line, indent[0].index("\t")))
        return None

    def escape(self) -> Problem | None:
        if "escape" not in self.said and "Unicode" not in self.said:
            return None
        if self.while_ != "while parsing a quoted scalar" and "quoted" not in self.while_:
            return None
        line = self.line_text(self.line)
        back = line.rfind("\\", 0, self.column + 1)
        column = back if back >= 0 else self.column
        word = re.match(r"\\(?:[uUx][0-9A-Fa-f]*|.)?", line[column:])
        written = word[0] if word else line[column : column + 2]
        return Problem("bad-escape", self.at(self.line, column), {"word": written})

    def open_quote(self) -> Problem | None:
        unended = "end of stream" in self.said or "document" in self.said
        if "quoted scalar" in self.while_ and unended:
            return Problem("open-quote", self.begun)
        return None

    def look_alike(self) -> Problem | None:
        for line in (self.line, self.from_line, self.line - 1):
            found = lookalikes.first_in_line(self.path, self.text, line) if line >= 0 else None
            if found:
                code, at = found
                sign = self.line_text(at.line - 1)[at.column - 1]
                return Problem(code, at, {"count": 2, "sign": sign})
        return None

    def reference(self) -> Problem | None:
        if "alias" in self.while_:
            return Problem("alias", self.begun, {"word": self.word_at(self.begun)})
        if "anchor" in self.while_:
            return Problem("anchor", self.begun, {"word": self.word_at(self.begun)})
        if "tag" in self.while_ or "tag" in self.said:
            word = self.word_at(self.begun)
            negated = re.fullmatch(r"!([A-Za-z_][\w.]*)", word)
            suggestion = f"not {negated[1]}" if negated else None
            return Problem("tag", self.begun, {"word": word}, suggestion=suggestion)
        return None

    def word_at(self, at: Position) -> str:
        return re.split(r"[\s,\]}]", self.line_text(at.line - 1)[at.column - 1 :], maxsplit=1)[0]

    def after_quote(self) -> Problem | None:
        """`a: "x" y`: the quotes close before the text ends."""
        before = self.line_text(self.line)[: self.column].rstrip()
        rest = self.line_text(self.line)[self.column :]
        opened = self.opened_above(before)
        if opened:
            return Problem("open-quote", opened)
        if before.endswith(('"', "'", "]", "}")) and "flow" in self.while_ and _KEY.match(rest):
            return Problem("missing-comma", self.here, {"word": _KEY.split(rest, maxsplit=1)[1]})
        if before.endswith(('"', "'")) and rest and rest[0] not in ",]}:#":
            return Problem("after-quote", self.here, {"text": rest.strip()[:40]})
        if before.endswith(("]", "}")) and rest.strip() and "flow" not in self.while_:
            text = rest.strip()[:40]
            stray = text if re.fullmatch("[，、；。,;.]+", text) else None
            return Problem("after-bracket", self.here, {"text": text}, suggestion=stray)
        return None

    def opened_above(self, before: str) -> Position | None:
        """Where the quotation began, when the mark that seems to close it begins another one."""
        mark = before[-1:]
        if mark not in ('"', "'") or before.count(mark) % 2 == 0:
            return None
        for line in range(self.line - 1, max(self.line - 50, -1), -1):
            if self.line_text(line).count(mark) % 2:
                return self.at(line, self.line_text(line).rindex(mark))
        return None

    def comment_in_flow(self) -> Problem | None:
        """`{en: The total #1 is}`: what follows the sign is gone, the closing bracket with it."""
        if "flow" not in self.while_:
            return None
        for line in range(self.from_line, min(self.line, self.from_line + MOST_LINES) + 1):
            start = self.from_column if line == self.from_line else 0
            column = _comment(self.line_text(line), start)
            if column is not None and re.search(r"[\]}]", self.line_text(line)[column:]):
                return Problem("comment-cuts", self.at(line, column))
        return None

    def flow_entry(self) -> Problem | None:
        """A text in a flow map that goes on with a sign of YAML: `{help: a: b, when: c in [x]}`."""
        if "flow" not in self.while_:
            return None
        line = self.line_text(self.line)
        sign = line[self.column : self.column + 1]
        if sign == "," or (sign in ("]", "}") and "node" in self.while_):
            return Problem("empty-entry", self.here, {"sign": sign})
        entry = _ENTRY.search(line[: self.column])
        if entry is None or sign not in ("[", "{", ":", '"', "'"):
            return None
        rest = re.match(r"\[[^\[\]]*\]|\{[^{}]*\}|[^,}\]]*", line[self.column :])
        written = (entry["text"] + (rest[0] if rest else "")).strip()
        words = re.fullmatch(r"(.*\S\s+)([A-Za-z_][\w-]*)\s*", entry["text"])
        # among words of a language no key of ours follows
        prose = entry["key"] in ("zh", "en") or "'" in entry["text"]
        if words and sign == ":" and not prose:
            column = entry.start("text") + len(words[1])
            return Problem("missing-comma", self.at(self.line, column), {"word": words[2]})
        if sign == ":":
            return Problem("colon-in-text", self.here, {"text": written[:60]})
        quote = "'" if '"' in written else '"'
        holes = {"sign": sign, "text": f"{quote}{written[:80]}{quote}"}
        return Problem("unquoted-sign", self.here, holes)

    def spaceless(self) -> Problem | None:
        """`type:text` with keys beside it: the parser stumbles over the neighbour."""
        if "flow" in self.while_ or "quoted" in self.while_:
            return None
        for line in {self.from_line, self.line, self.before(self.line)}:
            found = missing_space(self.path, self.text, line)
            if found and not self.line_text(line)[found.at.column :].count(": "):
                return found
        return None

    def before(self, line: int) -> int:
        """The line before, blank ones left out."""
        line -= 1
        while line > 0 and not self.line_text(line).strip():
            line -= 1
        return max(line, 0)

    def block_header(self) -> Problem | None:
        """`check: > 3`: a sign that begins a block of text."""
        if "block scalar" not in self.while_ or "comment or line break" not in self.said:
            return None
        sign = self.line_text(self.from_line)[self.from_column : self.from_column + 1]
        return Problem("reserved-character", self.begun, {"sign": sign})

    def second_document(self) -> Problem | None:
        if "document start" not in self.said:
            return None
        first = next(line for line, text in enumerate(self.lines) if text.strip(" \ufeff"))
        indent = re.match(r" +(?=[^ #])", self.line_text(first))
        if indent and self.column == 0 and not self.line_text(self.line).startswith("---"):
            return Problem("indentation", self.at(first, len(indent[0])))
        return Problem("many-documents", self.here)

    def entry_after_key(self) -> Problem | None:
        """`columns: - a`: an entry of a list on the line of its key, or inside braces."""
        if "block sequence entries are not allowed" not in self.said:
            return None
        return Problem("entry-after-key", self.here)

    def among_others(self) -> Problem | None:
        """An entry of a list between keys, or a key between entries of a list."""
        if "block collection" in self.while_:
            entries, keys = self.neighbours()
            odd = self.line_text(entries[0])[self.column + 2 :] if entries else ""
            if len(keys) > len(entries) == 1 and not _KEY.match(odd):
                return Problem("entry-among-keys", self.at(entries[0], self.column))
            return Problem("key-among-entries", self.here)
        if "block mapping" in self.while_ and self.line_text(self.line)[self.column :][:2] == "- ":
            entries, keys = self.neighbours()
            if len(entries) > len(keys) == 1:
                return Problem("key-among-entries", self.at(keys[0], self.column))
            return Problem("entry-among-keys", self.here)
        return None

    def neighbours(self) -> tuple[list[int], list[int]]:
        """The lines of the same block in this column: entries of a list, and keys. The odd one
        among many is the mistake, though the parser stumbles over what follows it."""
        entries: list[int] = []
        keys: list[int] = []
        first = self.line
        while first > 0 and self.indent(first - 1) >= self.column:
            first -= 1
        owned = False  # below a key without a value: its list may stand in the same column
        for line in range(first, len(self.lines)):
            indent, text = self.indent(line), self.line_text(line).strip()
            if indent < self.column:
                break
            if indent > self.column or not text:
                continue
            if text == "-" or text.startswith("- "):
                entries += [] if owned else [line]
            elif _ANY_KEY.match(text):
                keys.append(line)
                owned = text.endswith(":")
        return entries, keys

    def indent(self, line: int) -> int:
        """How deep a line stands; one that says nothing belongs to what is around it."""
        text = self.line_text(line)
        says = text.strip() and not text.lstrip().startswith("#")
        return len(text) - len(text.lstrip()) if says else len(self.text)

    def flow(self) -> Problem | None:
        if "flow" not in self.while_:
            return None
        opening = self.line_text(self.from_line)[self.from_column : self.from_column + 1]
        if opening not in _OPENING:
            return None
        holes = {"sign": opening, "close": _OPENING[opening]}
        if not self.closes(opening):
            return Problem("open-bracket", self.begun, holes)
        return Problem("flow-syntax", self.here, holes)

    def closes(self, opening: str) -> bool:
        """Whether the bracket finds its partner before a line that begins a new key."""
        depth = 0
        quote = before = ""
        for number, line in enumerate(self.lines[self.from_line :], self.from_line):
            start = self.from_column if number == self.from_line else 0
            if start == 0 and re.match(r"\s*[\w-]+:(\s|$)", line) and number > self.from_line + 20:
                return False
            for char in line[start:]:
                if quote:
                    quote = "" if char == quote else quote
                elif char in "\"'" and not before.isalnum():
                    quote = char  # an apostrophe is none
                elif char in "[{":
                    depth += 1
                elif char in "]}":
                    depth -= 1
                    if depth == 0:
                        return char == _OPENING[opening]
                before = char
        return False

    def colon_in_text(self) -> Problem | None:
        if "mapping values are not allowed" not in self.said:
            return None
        line = self.line_text(self.line)
        key = re.match(r"(\s*(?:- +)*)[^\s:]+$", line[: self.column])
        if key:  # the first colon of its line: the line above already has its value, or is none
            column = len(key[1])
            cause = self.first_without_colon(column)
            if cause is None:
                return Problem("indentation", self.at(self.line, column))
            text = self.line_text(cause)[column:].strip()[:40]
            return Problem("missing-colon", self.at(cause, column), {"text": text})
        value = re.match(r"\s*(?:- +)*[\w.-]+:\s+(.*)", line)
        written = value[1] if value else line.strip()
        return Problem("colon-in-text", self.here, {"text": written.replace('"', "'")[:60]})

    def first_without_colon(self, column: int) -> int | None:
        """The line above that begins a map in this column and has no colon: `office 办公用品`. Not
        the second line of a text that began beside its key."""
        line = self.before(self.line)
        while line > 0 and self.wordless(line, column) and "-" not in self.prefix(line):
            above = self.before(line)
            if not self.wordless(above, column):
                opens = self.line_text(above).rstrip().endswith(":")
                return line if opens and len(self.prefix(above)) < column else None
            line = above
        return line if self.wordless(line, column) else None

    def wordless(self, line: int, column: int) -> bool:
        """Whether the line begins in this column and holds no key."""
        text = self.line_text(line)
        begins = len(self.prefix(line)) == column and text[column : column + 1] not in "#\"'{["
        return begins and not re.search(r":(\s|$)", text)

    def prefix(self, line: int) -> str:
        found = _PLACE.match(self.line_text(line))
        return found[0] if found else ""

    def no_colon(self) -> Problem | None:
        if "could not find expected ':'" not in self.said:
            return None
        text = self.line_text(self.from_line).strip()
        if "\t" in text:
            return Problem("copied-cells", self.begun)
        return Problem("missing-colon", self.begun, {"text": text[:40]})

    def reserved(self) -> Problem | None:
        if "cannot start any token" not in self.said:
            return None
        char = self.line_text(self.line)[self.column : self.column + 1]
        return Problem("reserved-character", self.here, {"sign": char})

    def indentation(self) -> Problem | None:
        if "block" in self.while_ or "did not find expected" in self.said:
            return Problem("indentation", self.here)
        return None
