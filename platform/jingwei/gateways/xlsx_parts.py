"""What surrounds the cells of a workbook: its sheets, its shared words, and which of its numbers
are dates."""

from __future__ import annotations

import mmap
import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO, Any
from xml.etree.ElementTree import ParseError, fromstring

from jingwei.gateways.xlsx_words import unescaped, words_of
from jingwei.language.small import whole_number
from jingwei.refusals import Refused

MOST_PART = 20 * 1024 * 1024  # of a part that is read as a whole
PIECE = 1024 * 1024
_LONGEST_CODE = 255  # of a number format, as Excel has it
_LONGEST_WORDS = 16 * 1024 * 1024  # of one cell, with its formats
_KEPT = 50_000  # shared words in memory; more of them lie in a file
_PLAIN = re.compile(r"\s*<si>\s*<t(?: xml:space=\"preserve\")?>([^<]*)</t>\s*\Z")
_DATES = {*range(14, 18), 22, *range(27, 32), *range(34, 37), *range(50, 59)}
_TIMES = {18, 19, 20, 21, 32, 33, 45, 46, 47}
_SAID = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\[\]]*\]', re.IGNORECASE)
_DAY_ZERO, _DAY_ZERO_1904 = date(1899, 12, 30), date(1904, 1, 1)
_MOST_DAYS = 2_958_465  # 9999-12-31
Kind = int
NUMBER, DAY, CLOCK = range(3)


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet of a workbook. `path`: of its part in the package."""

    name: str
    path: str
    is_visible: bool


@dataclass(frozen=True, slots=True)
class Around:
    """`kinds`: what a number in a cell is, by the number of the cell's style. `zeros`: with how
    many digits it is shown at least, by the same."""

    sheets: tuple[SheetPart, ...]
    kinds: tuple[Kind, ...]
    first_day: date
    zeros: Mapping[str, int]

    @property
    def from_1904(self) -> bool:
        return self.first_day is _DAY_ZERO_1904


def read_around(archive: zipfile.ZipFile) -> Around:
    """Raises Refused `sheet-broken` for a package that is no workbook."""
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names:
        raise Refused("sheet-broken", file="xlsx")
    book = _tree(archive, "xl/workbook.xml")
    targets = {}
    if "xl/_rels/workbook.xml.rels" in names:
        for one in _tree(archive, "xl/_rels/workbook.xml.rels"):
            targets[one.get("Id")] = _path(one.get("Target") or "")
    sheets = []
    for one in _below(book, "sheet"):
        id_ = next((v for k, v in one.attrib.items() if k.endswith("}id")), None)
        path = targets.get(id_, "")
        if path in names:
            visible = one.get("state", "visible") == "visible"
            sheets.append(SheetPart(one.get("name", ""), path, visible))
    from_1904 = any(
        one.get("date1904", "0") in ("1", "true", "on") for one in _below(book, "workbookPr")
    )
    styles = _tree(archive, "xl/styles.xml") if "xl/styles.xml" in names else None
    kinds, zeros = ((), {}) if styles is None else (_kinds(styles), _zeros(styles))
    first_day = _DAY_ZERO_1904 if from_1904 else _DAY_ZERO
    return Around(tuple(sheets), kinds, first_day, zeros)


def _tree(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > MOST_PART:
        raise Refused("sheet-broken", file="xlsx")
    try:  # declarations were refused before
        return fromstring(archive.read(name))
    except ParseError:
        raise Refused("sheet-broken", file="xlsx") from None


def _path(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _below(tree: Any, name: str) -> Iterator[Any]:
    return (one for one in tree.iter() if one.tag.rpartition("}")[2] == name)


def _kinds(styles: Any) -> tuple[Kind, ...]:
    own = {one.get("numFmtId"): one.get("formatCode", "") for one in _below(styles, "numFmt")}
    cells = next(_below(styles, "cellXfs"), ())
    known: dict[str, Kind] = {}
    found = []
    for one in cells:
        number = one.get("numFmtId", "0")
        if number not in known:
            known[number] = _kind(number, own)
        found.append(known[number])
    return tuple(found)


def _zeros(styles: Any) -> dict[str, int]:
    """Styles that show numbers with zeros in front, as of codes: `000000`."""
    own = {one.get("numFmtId"): one.get("formatCode", "") for one in _below(styles, "numFmt")}
    codes = {n: len(code) for n, code in own.items() if set(code) == {"0"} and len(code) > 1}
    cells = enumerate(next(_below(styles, "cellXfs"), ()))
    return {str(at): codes[n] for at, one in cells if (n := one.get("numFmtId")) in codes}


def _kind(number: str, own: dict[Any, str]) -> Kind:
    if number not in own:
        known = whole_number(number, 4) or 0
        return DAY if known in _DATES else CLOCK if known in _TIMES else NUMBER
    code = _SAID.sub("", own[number][:_LONGEST_CODE].partition(";")[0]).lower()
    if "general" in code or "e+" in code:
        return NUMBER
    if any(letter in code for letter in "yd年日"):
        return DAY
    if any(letter in code for letter in "hs时秒"):
        return CLOCK
    return DAY if "m" in code else NUMBER


def day_words(number: str, kind: Kind, first_day: date) -> str:
    """A number that is shown as a date, an instant or a time of day, as ISO text."""
    value = float(number)
    days = int(value // 1)
    seconds = round((value - days) * 86_400, 3)
    if kind == CLOCK and 0 <= value < 1:
        moment = datetime(2000, 1, 1) + timedelta(seconds=round(seconds))
        return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
    if not 0 <= days <= _MOST_DAYS:
        return number
    if first_day is _DAY_ZERO and days < 60:  # Excel has a 29 February 1900
        days += 1
    day = first_day + timedelta(days)
    if round(seconds) == 0:
        return day.isoformat()
    moment = datetime(day.year, day.month, day.day) + timedelta(seconds=round(seconds))
    return moment.isoformat()


class SharedWords:
    """The words of a workbook by their number. Most of many lie in a file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._kept: list[str] = []
        self._ends = array("Q", [0])
        self._file: IO[bytes] | None = None
        self._map: mmap.mmap | None = None
        if "xl/sharedStrings.xml" in archive.namelist():
            with archive.open("xl/sharedStrings.xml") as part:
                self._read(part)

    def said(self, raw: str) -> str:
        """The words that a cell names by their number. Raises IndexError."""
        if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
            raise IndexError(raw[:10])
        number = int(raw)
        if number < len(self._kept):
            return self._kept[number]
        at = number - _KEPT
        if self._map is None or at + 1 >= len(self._ends):
            raise IndexError(number)
        return self._map[self._ends[at] : self._ends[at + 1]].decode()

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
        if self._file is not None:
            self._file.close()

    def _read(self, part: IO[bytes]) -> None:
        pending: list[bytes] = []
        rest = b""
        begun = False
        while piece := part.read(PIECE):
            rest += piece
            *entries, rest = rest.split(b"</si>")
            if len(rest) > _LONGEST_WORDS:
                raise Refused("sheet-broken", file="xlsx")
            for entry in entries:
                if not begun:
                    entry, begun = entry[max(entry.find(b"<si"), 0) :], True
                self._add(_entry(entry.decode()), pending)
            if self._file is not None and pending:
                self._file.write(b"".join(pending))
                pending.clear()
        if self._file is not None and self._ends[-1]:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def _add(self, words: str, pending: list[bytes]) -> None:
        if len(self._kept) < _KEPT:
            self._kept.append(words)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        content = words.encode()
        pending.append(content)
        self._ends.append(self._ends[-1] + len(content))


def _entry(xml: str) -> str:
    """The words of one entry: `<si>` and what follows, without its end."""
    plain = _PLAIN.match(xml)
    if plain is not None:
        words = plain[1]
        return unescaped(words) if "&" in words or "_x" in words else words
    return words_of(xml + "</si>")
