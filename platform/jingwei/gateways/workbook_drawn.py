"""How a workbook looks that is filled in and comes back: drop-downs, locked cells, marks where
something is wrong, and what it says of itself on sheets that nobody sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol
from xml.sax.saxutils import escape, quoteattr

from xlsxwriter.utility import xl_col_to_name

LISTS, ABOUT = "_lists", "_about"
MOST_NEW = 5_000  # rows below those that are there in which the drop-downs go on
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
PLAIN, BOLD, DAY, PERCENT = range(4)  # formats of a plain sheet, in the order of `STYLES`
OPEN, OPEN_TEXT, OPEN_DAY, OPEN_PERCENT, SHUT, SHUT_DAY, SHUT_PERCENT, HEAD = range(4, 12)
WRONG, WRONG_TEXT, WRONG_DAY, WRONG_PERCENT, OWED = range(12, 17)
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORDS = ("text", "long_text", "barcode", "phone", "email", "code", "markdown", "tags")


class Column(Protocol):
    """A column that is drawn. `is_locked`: it is not for people to change."""

    @property
    def type(self) -> str: ...
    @property
    def is_locked(self) -> bool: ...
    @property
    def is_required(self) -> bool: ...
    @property
    def choices(self) -> Sequence[str]: ...


class Look(NamedTuple):
    """Formats of one column: of words, of numbers, of days."""

    words: int
    number: int
    day: int


@dataclass(slots=True)
class Drawing:
    """How the sheets of one workbook are drawn. `refusal`: what whoever writes into a column of the
    system is told, heading and words. `is_loose`: rows may be deleted, as of tables."""

    refusal: tuple[str, str]
    about: Mapping[str, str]
    lists: list[Sequence[str]] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)  # places that are filtered, by sheet

    def tail(self, columns: Sequence[Column], name: str, count: int, *, is_loose: bool) -> bytes:
        """What follows the rows of a sheet."""
        last = min(count + 1 + MOST_NEW, LAST_ROW)
        width = xl_col_to_name(max(len(columns) - 1, 0))
        quoted = name.replace("'", "''")
        self.filtered.append(escape(f"'{quoted}'!$A$1:${width}${count + 1}"))
        rules = []
        for at, column in enumerate(columns):
            letter = xl_col_to_name(at)
            if column.is_locked and is_loose and count:
                rules.append(self._closed(f"{letter}2:{letter}{count + 1}"))
            elif column.choices and not column.is_locked:
                rules.append(self._list(column.choices, f"{letter}2:{letter}{last}"))
        listed = f'<dataValidations count="{len(rules)}">{"".join(rules)}</dataValidations>'
        return (
            '</sheetData><sheetProtection sheet="1" objects="1" scenarios="1" formatCells="0" '
            'formatColumns="0" formatRows="0" insertRows="0" deleteRows="0" sort="0" '
            f'autoFilter="0"/><autoFilter ref="A1:{width}{count + 1}"/>'
            f"{listed if rules else ''}</worksheet>"
        ).encode()

    def _list(self, words: Sequence[str], place: str) -> str:
        if words not in self.lists:
            self.lists.append(words)
        letter = xl_col_to_name(self.lists.index(words))
        return (
            '<dataValidation type="list" allowBlank="1" showErrorMessage="1" '
            f'sqref="{place}"><formula1>{LISTS}!${letter}$1:${letter}${len(words)}</formula1>'
            "</dataValidation>"
        )

    def _closed(self, place: str) -> str:
        title, words = (quoteattr(one) for one in self.refusal)
        return (
            f'<dataValidation type="custom" showErrorMessage="1" errorTitle={title} '
            f'error={words} sqref="{place}"><formula1>FALSE</formula1></dataValidation>'
        )

    def hidden(self) -> Iterator[tuple[str, bytes]]:
        """The sheets that nobody sees: name and content."""
        yield LISTS, _sheet_of(zip_longest(*self.lists))
        yield ABOUT, _sheet_of(self.about.items())

    def names(self) -> str:
        """Names that a workbook defines: where its sheets are filtered."""
        named = "".join(
            f'<definedName name="_xlnm._FilterDatabase" localSheetId="{at}" hidden="1">'
            f"{place}</definedName>"
            for at, place in enumerate(self.filtered)
        )
        return f"<definedNames>{named}</definedNames>" if named else ""


def looks(columns: Sequence[Column], *, is_loose: bool) -> list[Look]:
    return [_look(column, is_loose) for column in columns]


def _look(column: Column, is_loose: bool) -> Look:
    is_percent = column.type == "percent"
    if column.is_locked and not is_loose:
        return Look(SHUT, SHUT_PERCENT if is_percent else SHUT, SHUT_DAY)
    return Look(OPEN_TEXT, OPEN_PERCENT if is_percent else OPEN, OPEN_DAY)


def wrong(look: Look) -> Look:
    number = WRONG_PERCENT if look.number in (OPEN_PERCENT, SHUT_PERCENT) else WRONG
    return Look(WRONG_TEXT, number, WRONG_DAY)


def columns_xml(columns: Sequence[Column], *, is_loose: bool) -> str:
    """Formats of the cells that hold nothing yet."""
    found = []
    for at, (column, look) in enumerate(
        zip(columns, looks(columns, is_loose=is_loose), strict=True), 1
    ):
        style = look.words if column.type in _WORDS else look.number
        style = look.day if column.type == "date" else style
        found.append(f'<col min="{at}" max="{at}" width="18" style="{style}" customWidth="1"/>')
    if is_loose and len(columns) < LAST_COLUMN:  # a row is deleted only when all of it is open
        found.append(
            f'<col min="{len(columns) + 1}" max="{LAST_COLUMN}" width="9" style="{OPEN}"/>'
        )
    return f"<cols>{''.join(found)}</cols>"


def heads(columns: Sequence[Column]) -> list[int]:
    return [OWED if column.is_required and not column.is_locked else HEAD for column in columns]


def _sheet_of(rows: Any) -> bytes:
    lines = []
    for row in rows:
        cells = "".join(
            "<c/>" if word is None
            else f'<c t="inlineStr"><is><t xml:space="preserve">{escape(word)}</t></is></c>'
            for word in row
        )  # fmt: skip
        lines.append(f"<row>{cells}</row>")
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="{_SHEETS}">'
        f"<sheetData>{''.join(lines)}</sheetData></worksheet>"
    ).encode()


def _xf(number: int = 0, font: int = 0, fill: int = 0, *, is_open: bool = False) -> str:
    given = f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"'
    given += ' applyNumberFormat="1"' if number else ""
    given += ' applyFont="1"' if font else ""
    given += ' applyFill="1"' if fill else ""
    shut = ' applyProtection="1"><protection locked="0"/></xf>'
    return given + (shut if is_open else "/>")


def _fill(colour: str) -> str:
    return (
        f'<fill><patternFill patternType="solid"><fgColor rgb="FF{colour}"/>'
        '<bgColor indexed="64"/></patternFill></fill>'
    )


_GREY, _RED, _BLUE, _ORANGE = range(2, 6)
_FORMATS = (
    _xf(), _xf(font=1), _xf(164), _xf(10),
    _xf(is_open=True), _xf(49, is_open=True), _xf(164, is_open=True), _xf(10, is_open=True),
    _xf(fill=_GREY), _xf(164, fill=_GREY), _xf(10, fill=_GREY), _xf(font=1, fill=_BLUE),
    _xf(fill=_RED, is_open=True), _xf(49, fill=_RED, is_open=True),
    _xf(164, fill=_RED, is_open=True), _xf(10, fill=_RED, is_open=True), _xf(font=1, fill=_ORANGE),
)  # fmt: skip
STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><styleSheet xmlns="{_SHEETS}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="6"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    f"{_fill('EFEFEF')}{_fill('FFC7CE')}{_fill('E8EEF5')}{_fill('FCE8D9')}</fills>"
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    f'<cellXfs count="{len(_FORMATS)}">{"".join(_FORMATS)}</cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
