"""Cells of a workbook row by row, in little memory however long it is.

Rows as every program writes them are read by one regular expression, which takes a quarter of the
time of an XML parser. A row that is written in any other way goes through the parser.
"""

from __future__ import annotations

import codecs
import math
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any
from xml.parsers import expat

from xlsxwriter.utility import xl_col_to_name

from jingwei.gateways.sheet_kinds import refuse_zips
from jingwei.gateways.xlsx_parts import (
    NUMBER,
    PIECE,
    Around,
    SharedWords,
    SheetPart,
    day_words,
    read_around,
)
from jingwei.gateways.xlsx_survey import (
    Survey,
    blank_rows,
    column_of,
    head_of,
    refuse_declared,
    survey,
)
from jingwei.gateways.xlsx_words import held, unescaped
from jingwei.refusals import Refused
from jingwei.services.sheet_rows import Unread

MOST_COLUMNS = 500
MOST_EXPANSION = 100  # an XLSX is a zip: how much more it may hold than it weighs
MOST_UNPACKED = 2 * 1024**3
MOST_NAMED = 5  # merged places that are told
_MOST_PARTS = 10_000
_LONGEST_ROW = 64 * 1024 * 1024
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    UnicodeDecodeError,
    IndexError,
)
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCKED = 0x1 | 0x20 | 0x40  # flags of a part that is encrypted, or a patch of another one
_END = "</sheetData>"
_XML = (".xml", ".rels")
_ROWS = re.compile(r"\s*((?:<row(?: [^<>]*)?/>\s*)*)<row((?: [^<>]*)?)>")
_NUMBER_OF = re.compile(r' r="([0-9]{1,7})"')
_HIDDEN = re.compile(r' (?:hidden="(?:1|true)"|zeroHeight="1")')
_CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})[0-9]{1,7}")?(?: s="([0-9]{1,5})")?(?: t="([a-zA-Z]{1,9})")?(?: cm="1")?'
    r"(?:/>|>(<f[^<>]*?(?:/>|>[^<]*</f>))?"
    r'(?:<v>([^<]*)</v>|<v/>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_LETTERS = re.compile(r"[A-Z]{1,3}\Z")
_SHORT = 16  # characters; a number with fewer has no more than fifteen digits
_MOST_KNOWN = 10**15
Cell = Any  # words, Unread, or None where nothing stands


@dataclass(slots=True)
class SheetLine:
    """A row that holds something, its cells from the first column on."""

    number: int
    cells: list[Cell]
    is_hidden: bool = False
    numbers: Sequence[int] = ()  # columns of codes in which a number stands


class Workbook:
    """An XLSX that was looked over: what it unpacks to is known, and it declares nothing."""

    def __init__(
        self, file: IO[bytes], size: int, surveys: dict[str, Survey] | None = None
    ) -> None:
        """`surveys`: what is known of the sheets of this file, which is kept there. Raises Refused
        for what is no workbook, or is not to be unpacked."""
        try:
            self._archive = _archive(file)
            self._surveys = {} if surveys is None else surveys
            self._measure(size)
            refuse_zips(self._archive)
            self.around: Around = read_around(self._archive)
            self._words = SharedWords(self._archive)
        except _BROKEN:
            raise Refused("sheet-broken", file="xlsx") from None
        if not self.around.sheets:
            raise Refused("sheet-broken", file="xlsx")

    @property
    def visible(self) -> Sequence[SheetPart]:
        """The sheets that people see; all, where every one is hidden."""
        return [s for s in self.around.sheets if s.is_visible] or self.around.sheets

    def close(self) -> None:
        self._words.close()
        self._archive.close()

    def survey(self, sheet: SheetPart) -> Survey:
        """What is known of a sheet before its cells are read; walked through once."""
        found = self._surveys.get(sheet.path)
        if found is None:
            try:
                found = self._surveys[sheet.path] = survey(self._archive, sheet.path)
            except _BROKEN:
                raise Refused("sheet-broken", file="xlsx") from None
        return found

    def lines(self, sheet: SheetPart, codes: Collection[int] = ()) -> Iterator[SheetLine]:
        """The rows of a sheet that hold something. `codes`: columns in which numbers are codes."""
        reader = _Reader(self.around, self._words, self.survey(sheet).filled, codes)
        try:
            with self._archive.open(sheet.path) as part:
                yield from reader.lines(part)
        except _BROKEN:
            raise Refused("sheet-broken", file="xlsx") from None

    def refuse_merged(self, sheet: SheetPart, head: int) -> None:
        """Of merged cells only the first has a value: the others would silently be empty. What ends
        above the row of the headings, or there from above, is no content. Raises Refused."""
        found = [
            m.place
            for m in self.survey(sheet).merged
            if m.last_row > head or (m.last_row == head and m.row == head)
            or (m.last_row == head and m.column != m.last_column)
        ]  # fmt: skip
        if found:
            said = ", ".join(found[:MOST_NAMED]) + (" …" if len(found) > MOST_NAMED else "")
            raise Refused("sheet-merged", cell=said, sheet=sheet.name)

    def _measure(self, weight: int) -> None:
        """Refuse what unpacks to far more than it weighs, and what declares entities. A table of
        contents that lies is of no use: no more than it says is unpacked."""
        entries = self._archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > min(max(weight, 1) * MOST_EXPANSION, MOST_UNPACKED):
            raise Refused("sheet-bomb", most=MOST_EXPANSION)
        if len(entries) > _MOST_PARTS or any(
            entry.flag_bits & _LOCKED or entry.compress_type not in _PACKED for entry in entries
        ):
            raise Refused("sheet-broken", file="xlsx")
        for entry in entries:
            if entry.filename.endswith(_XML):
                refuse_declared(head_of(self._archive, entry.filename))


def _archive(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except RuntimeError:  # of a later version of the format than zipfile reads
        raise zipfile.BadZipFile from None


def _begin(xml: str) -> int | None:
    """Where the rows of a sheet begin; None: not as programs write it."""
    sheet = xml.find("<worksheet")
    at = xml.find("<sheetData", max(sheet, 0))
    end = xml.find(">", max(at, 0))
    if -1 in (sheet, at, end) or xml[end - 1] == "/":
        return None
    plain = xml[sheet + len("<worksheet")] in " >" and xml[at + len("<sheetData")] in " >"
    return end + 1 if plain else None


# --- rows ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    around: Around
    words: SharedWords
    filled: int  # bytes, behind which nothing is worth reading
    codes: Collection[int] = ()
    days: dict[tuple[str, int], str] = field(default_factory=dict)
    number: int = 0  # of the row that was read last
    kinds: dict[str, int] = field(default_factory=dict)  # of styles that show days or times

    def __post_init__(self) -> None:
        shown = enumerate(self.around.kinds)
        self.kinds = {str(style): kind for style, kind in shown if kind != NUMBER}

    def lines(self, part: IO[bytes]) -> Iterator[SheetLine]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        rest = ""
        begun = False
        read = 0
        while piece := part.read(PIECE):
            blank = blank_rows(piece) if begun and not decoder.getstate()[0] else None
            if blank is not None:
                first, last, count = blank
                rest += piece[:first].decode()
            else:
                rest += decoder.decode(piece)
            read += len(piece)
            if not begun:
                begin = _begin(rest)
                if begin is None and len(rest) < PIECE and len(piece) == PIECE:
                    continue
                if begin is None or "<!" in rest:
                    yield from self._all_parsed(part, rest, decoder)
                    return
                begun, rest = True, rest[begin:]
            elif b"<!" in piece:
                rest = f"<worksheet><sheetData>{rest}"
                yield from self._all_parsed(part, rest, decoder)
                return
            if len(rest) > _LONGEST_ROW:
                raise Refused("sheet-broken", file="xlsx")
            *rows, rest = rest.split("</row>")
            for row in rows:
                line = self._line(row)
                if line is not None:
                    yield line
            if blank is not None:
                self.number += count + rest.count("<row")
                rest = piece[last:].decode()
            if read >= self.filled and "</c" not in rest:
                return  # the survey saw the end
        if not begun:
            yield from self._all_parsed(part, rest, decoder)
        elif _END not in rest:  # it was cut off
            raise Refused("sheet-broken", file="xlsx")

    def _line(self, xml: str) -> SheetLine | None:
        begin = _ROWS.match(xml)
        if begin is None:
            return self._parsed(xml)
        for blank in re.findall("<row([^<>]*)/>", begin[1]) if begin[1] else ():
            self._counted(blank)
        number = self._counted(begin[2])
        body = xml[begin.end() :]
        cells = _CELL.findall(body)
        if len(cells) != body.count("<c ") + body.count("<c>") + body.count("<c/>"):
            return self._parsed(f'<row r="{number}"{_hidden(begin[2])}>{body}')
        if [cell[0] for cell in cells] != _IN_ORDER[: len(cells)]:
            cells = self._placed(cells)
        values: list[Cell] = []
        add, words, kinds = values.append, self.words, self.kinds
        for letters, style, kind, formula, raw, inline in cells:
            if kind == "s":
                add(words.said(raw) if raw else None)
            elif raw and (kind == "" or kind == "n"):
                if kinds.get(style):
                    add(self._day(raw, kinds[style]))
                else:
                    is_plain = raw.isdigit() or raw.replace(".", "", 1).isdigit()
                    add(raw if is_plain and len(raw) < _SHORT else _number(raw))
            elif inline:
                add(unescaped(inline) if "&" in inline or "_x" in inline else inline)
            elif not (raw or formula or kind):
                add(None)
            else:
                add(self._other(letters, number, kind, formula, raw))
        if values.count(None) == len(values):
            return None
        line = SheetLine(number, values, bool(_hidden(begin[2])))
        for at in self.codes:
            if at < len(cells) and cells[at][2] in ("", "n") and cells[at][4]:
                self.take_code(line, at, cells[at][1])
        return line

    def take_code(self, line: SheetLine, at: int, style: str) -> None:
        """A number in a column of codes: with the zeros that it is shown with; where there are
        none, whoever reads it is told."""
        word = line.cells[at]
        if type(word) is str and word.isdigit():
            line.cells[at] = word.zfill(self.around.zeros.get(style, 0))
            if style not in self.around.zeros:
                line.numbers = (*line.numbers, at)

    @staticmethod
    def _placed(cells: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """The cells, with empty ones where some were left out."""
        placed: list[tuple[str, ...]] = []
        for cell in cells:
            at = column_of(cell[0]) if cell[0] else len(placed)
            if at < len(placed):  # out of their order
                raise Refused("sheet-broken", file="xlsx")
            if at > MOST_COLUMNS + 100:
                raise Refused("sheet-too-many-columns", most=MOST_COLUMNS)
            placed += [("",) * 6] * (at - len(placed))
            placed.append(cell)
        return placed

    def _counted(self, attributes: str) -> int:
        said = _NUMBER_OF.search(attributes)
        self.number = int(said[1]) if said else self.number + 1
        return self.number

    def _day(self, raw: str, kind: int) -> Cell:
        key = raw, kind
        found = self.days.get(key)
        if found is None:
            try:
                found = day_words(raw, kind, self.around.first_day)
            except (ValueError, OverflowError):
                found = raw
            if len(self.days) < 50_000:
                self.days[key] = found
        return found

    def _other(self, letters: str, number: int, kind: str, formula: str, raw: str) -> Cell:
        """What is neither a number nor words."""
        place = f"{letters}{number}"
        if kind == "e":
            return Unread("sheet-cell-error", {"cell": place, "error": unescaped(raw)})
        if formula and not raw:
            return None if kind == "str" else Unread("sheet-formula", {"cell": place})
        if not raw:
            return None
        if kind == "b":
            return "true" if raw == "1" else "false"
        return unescaped(raw)  # of a formula (`str`), or a day (`d`)

    # --- as XML may be written, too --------------------------------------------------------------

    def _parsed(self, xml: str) -> SheetLine | None:
        """The row of one piece, by the parser."""
        parser = _Parser(self)
        parser.feed(f"<sheetData>{xml}</row>")
        return parser.lines[-1] if parser.lines else None

    def _all_parsed(self, part: IO[bytes], rest: str, decoder: Any) -> Iterator[SheetLine]:
        """The rows of the whole sheet, by the parser."""
        parser = _Parser(self)
        piece = rest
        while True:
            parser.feed(piece)
            yield from parser.lines
            parser.lines.clear()
            content = part.read(PIECE)
            if not content:
                parser.end()
                return
            piece = decoder.decode(content)


class _Parser:
    """Rows from XML, whatever its prefixes, comments and the order of its attributes."""

    def __init__(self, reader: _Reader) -> None:
        self.lines: list[SheetLine] = []
        self._reader = reader
        self._path: list[str] = []
        self._line: SheetLine | None = None
        self._cell: dict[str, str] = {}
        self._raw: list[str] = []
        self._formula = False
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _declared
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take

    def end(self) -> None:
        """Raises Refused when more was to come."""
        self.feed("", is_all=True)

    def feed(self, xml: str, *, is_all: bool = False) -> None:
        try:
            self._parser.Parse(xml.encode(), is_all)
        except expat.ExpatError:
            raise Refused("sheet-broken", file="xlsx") from None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._path.append(name)
        if name == "row":
            said = "".join(f' {k}="{v}"' for k, v in attributes.items())
            number = self._reader._counted(said)
            self._line = SheetLine(number, [], bool(_hidden(said)))
        elif name == "c":
            self._cell, self._raw, self._formula = attributes, [], False
        elif name == "f":
            self._formula = True

    def _take(self, words: str) -> None:
        inside = self._path[-1]
        if inside == "v" or (inside == "t" and "rPh" not in self._path):
            self._raw.append(words)

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self._path.pop()
        line = self._line
        if line is None:
            return
        if name == "row":
            if any(cell is not None for cell in line.cells):
                self.lines.append(line)
            self._line = None
        elif name == "c":
            letters = self._cell.get("r", "").rstrip("0123456789")
            if letters:
                if not _LETTERS.match(letters):
                    raise Refused("sheet-broken", file="xlsx")
                at = column_of(letters)
                if at < len(line.cells):
                    raise Refused("sheet-broken", file="xlsx")
                if at > MOST_COLUMNS + 100:
                    raise Refused("sheet-too-many-columns", most=MOST_COLUMNS)
                line.cells += [None] * (at - len(line.cells))
            line.cells.append(self._value(letters, line.number))
            at = len(line.cells) - 1
            if at in self._reader.codes and self._cell.get("t", "n") == "n":
                self._reader.take_code(line, at, self._cell.get("s", "0"))

    def _value(self, letters: str, number: int) -> Cell:
        raw = "".join(self._raw)
        kind = self._cell.get("t", "n")
        reader = self._reader
        if kind == "s":
            return reader.words.said(raw) if raw else None
        if kind == "inlineStr":
            return held(raw) or None
        if kind == "n" and raw:
            style = self._cell.get("s", "0")
            if reader.kinds.get(style):
                return reader._day(raw, reader.kinds[style])
            return _number(raw)
        if kind == "str":
            return held(raw) or None
        return reader._other(letters, number, kind, "f" if self._formula else "", raw)


def _declared(*_: object) -> None:
    raise Refused("sheet-entities")


def _hidden(attributes: str) -> str:
    return ' hidden="1"' if _HIDDEN.search(attributes) else ""


def _number(raw: str) -> Cell:
    """The digits that Excel shows: a cell holds a binary number of fifteen of them. Of a longer one
    the last are not known."""
    try:
        value = float(raw)
    except ValueError:
        return Unread("sheet-number-wrong", {"words": unescaped(raw)[:40]})
    if not math.isfinite(value):
        return Unread("sheet-number-wrong", {"words": raw[:40]})
    words = f"{value:.15g}"
    words = f"{Decimal(words):f}" if "e" in words else words
    if abs(value) >= _MOST_KNOWN:
        return Unread("sheet-digits-lost", {"words": words[:40]})
    return words


_IN_ORDER = [xl_col_to_name(column) for column in range(MOST_COLUMNS + 100)]
