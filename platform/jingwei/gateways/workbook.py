"""Sheets out: XLSX and CSV, row after row in little memory. Text stays text, whatever it begins
with.

The workbook is written here as plain XML: a library for it makes an object of every cell, and takes
five times as long.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol
from xml.sax.saxutils import escape, quoteattr

from jingwei.gateways.workbook_drawn import (
    BOLD,
    DAY,
    PERCENT,
    PLAIN,
    STYLES,
    Column,
    Drawing,
    Look,
    columns_xml,
    heads,
    looks,
    wrong,
)
from jingwei.gateways.xlsx_words import holding
from jingwei.services.sheet_cells import RISKY_FIRST, quoted
from jingwei.services.sheet_long import DOUBTED, fitted
from jingwei.services.sheet_rows import Wrong
from jingwei.texts import text

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MIMETYPE = "text/csv"  # as UTF-8
EXACT_DIGITS = 15  # more than these a cell cannot hold
MOST_ROWS = 1_048_575  # of one sheet, beside its header
AT_ONCE = 500  # rows that are written together
BOM = "\ufeff"  # by which Excel knows UTF-8
_FIRST_DAY = date(1899, 12, 30)  # day 0 of Excel, right from March 1900 on
_MARCH_1900 = date(1900, 3, 1)
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ODD = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff&<>]|_x")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write_sheet(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook with a header that stays in sight."""
    kept = io.BytesIO()
    write_workbook(kept, titles, rows)
    return kept.getvalue()


def write_workbook(
    target: Any,
    titles: Sequence[str],
    rows: Iterable[Sequence[Any]],
    types: Sequence[str] = (),
    tables: Sequence[Further] = (),
    columns: Sequence[Column] = (),
    drawing: Drawing | None = None,
) -> int:
    """The same into a file (a path, or what can be written to); how many rows. What does not fit
    on one sheet goes on on the next. `types`: of the columns; a percent shows as one. `tables`:
    sheets beside it, whose rows come up while `rows` are walked. `drawing`, with the `columns`: how
    a workbook looks that comes back."""
    rest = iter(rows)
    names: list[str] = []
    beside = [_Beside(table, drawing) for table in tables]
    walked = _walked(rest, beside)
    first = _Form(titles, types, columns if drawing is not None else (), drawing)
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        while True:
            names.append(f"Sheet{len(names) + 1}")
            with _part(archive, len(names)) as part:
                written = _write_sheet(part.write, names[-1], walked, first)
            count += written
            if written < MOST_ROWS:
                break
        for one in beside:
            names.append(one.table.title)
            with _part(archive, len(names)) as part:
                one.copy_to(part.write)
        shown = len(names)
        for name, content in drawing.hidden() if drawing is not None else ():
            names.append(name)
            archive.writestr(f"xl/worksheets/sheet{len(names)}.xml", content)
        for name, xml in _around(names, shown, drawing.names() if drawing is not None else ""):
            archive.writestr(name, xml)
    return count


def write_to_change(target: Any, found: ToChange, locale: str) -> int:
    """A workbook that is changed and comes back: with drop-downs, and what is not to be changed
    locked."""
    refusal = text("exchange.closed_title", locale), text("exchange.closed", locale)
    drawing = Drawing(refusal, found.about)
    return write_workbook(
        target, found.titles, found.rows, found.types, found.tables, found.columns, drawing
    )


class ToChange(Protocol):
    """What is written to be changed."""

    @property
    def titles(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Iterable[Sequence[Any]]: ...
    @property
    def types(self) -> Sequence[str]: ...
    @property
    def tables(self) -> Sequence[Further]: ...
    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def about(self) -> Mapping[str, str]: ...


class _Form:
    """How one sheet is written: plain, or drawn."""

    def __init__(
        self,
        titles: Sequence[str],
        types: Sequence[str],
        columns: Sequence[Column],
        drawing: Drawing | None,
        *,
        is_loose: bool = False,
    ) -> None:
        self._columns, self._drawing, self._is_loose = columns, drawing, is_loose
        self._styles = [PERCENT if kind == "percent" else PLAIN for kind in types]
        self._styles += [PLAIN] * (len(titles) - len(self._styles))
        self._looks = looks(columns, is_loose=is_loose) if drawing is not None else []
        cols = columns_xml(columns, is_loose=is_loose) if columns else _cols_of(len(titles))
        bold = heads(columns) if columns else [BOLD] * len(titles)
        self.head = _head_of(titles, bold, cols)

    def line(self, row: Sequence[Any]) -> str:
        """One row; a cell without a place is the next."""
        if self._looks:
            return f"<row>{''.join(map(_drawn_cell, row, self._looks))}</row>"
        return f"<row>{''.join(map(_cell, row, self._styles))}</row>"

    def tail(self, name: str, count: int) -> bytes:
        if self._drawing is None:
            return _TAIL
        return self._drawing.tail(self._columns, name, count, is_loose=self._is_loose)


def _part(archive: zipfile.ZipFile, number: int) -> Any:
    return archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True)


class Further(Protocol):
    """A sheet beside the first; whoever takes what is `waiting` empties it."""

    title: str
    waiting: list[list[Any]]

    @property
    def titles(self) -> Sequence[str]: ...

    @property
    def types(self) -> Sequence[str]: ...

    @property
    def columns(self) -> Sequence[Column]: ...


class _Beside:
    """The rows of a further sheet, kept in a file until the first one is written."""

    def __init__(self, table: Further, drawing: Drawing | None) -> None:
        self.table = table
        self._count = 0
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # closed when it is copied
        columns = table.columns if drawing is not None else ()
        self._form = _Form(table.titles, table.types, columns, drawing, is_loose=True)
        self._file.write(self._form.head)

    def take(self) -> None:
        if self.table.waiting:
            lines = [self._form.line(row) for row in self.table.waiting]
            self._count += len(lines)
            self.table.waiting.clear()
            self._file.write("".join(lines).encode())

    def copy_to(self, write: Callable[[bytes], Any]) -> None:
        self.take()
        self._file.write(self._form.tail(self.table.title, self._count))
        self._file.seek(0)
        while piece := self._file.read(1024 * 1024):
            write(piece)
        self._file.close()


def _walked(rows: Iterator[Sequence[Any]], beside: Sequence[_Beside]) -> Iterator[Sequence[Any]]:
    if not beside:
        yield from rows
        return
    for number, row in enumerate(rows):
        if number % AT_ONCE == 0:
            for one in beside:
                one.take()
        yield row


def _write_sheet(
    write: Callable[[bytes], Any], name: str, rows: Iterator[Sequence[Any]], form: _Form
) -> int:
    """One sheet; how many rows were taken for it."""
    write(form.head)
    lines: list[str] = []
    count = 0
    for row in rows:
        lines.append(form.line(row))
        count += 1
        if count % AT_ONCE == 0:
            write("".join(lines).encode())
            lines.clear()
        if count == MOST_ROWS:
            break
    write("".join(lines).encode())
    write(form.tail(name, count))
    return count


_VERY_HIDDEN = ' state="veryHidden"'
_TAIL = b"</sheetData></worksheet>"


def _cols_of(count: int) -> str:
    return f'<cols><col min="1" max="{max(count, 1)}" width="18" customWidth="1"/></cols>'


def _head_of(titles: Sequence[str], styles: Sequence[int], cols: str) -> bytes:
    head = "".join(map(_text, titles, styles))
    return (
        f'{_HEAD}<worksheet xmlns="{_SHEETS}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews>{cols}<sheetData><row>{head}</row>"
    ).encode()


def _cell(value: Any, style: int) -> str:
    if value is None:
        return "<c/>"
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is bool:
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | Decimal | float):
        if not _is_exact(value):
            return _text(plain(value))
        return f'<c s="{style}"><v>{value:f}</v></c>' if style else f"<c><v>{plain(value)}</v></c>"
    if kind is date and value >= _MARCH_1900:
        return f'<c s="{DAY}"><v>{(value - _FIRST_DAY).days}</v></c>'
    return _text(plain(value))


def _drawn_cell(value: Any, look: Look) -> str:
    """The same in the formats of a drawn column."""
    if type(value) is Wrong:
        value, look = value.value, wrong(look)
    if value is None:
        return f'<c s="{look.words}"/>'
    kind = type(value)
    if kind is str:
        return _text(value, look.words)
    if kind is bool:
        return f'<c s="{look.number}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | Decimal | float) and _is_exact(value):
        return f'<c s="{look.number}"><v>{plain(value)}</v></c>'
    if kind is date and value >= _MARCH_1900:
        return f'<c s="{look.day}"><v>{(value - _FIRST_DAY).days}</v></c>'
    return _text(plain(value), look.words)


def _text(words: str, style: int = PLAIN) -> str:
    if len(words) > DOUBTED:
        words = fitted(words)
    if _ODD.search(words):
        words = holding(_UNSAYABLE.sub("", words))
        words = escape(words, {"\r": "&#13;"})
    look = f' s="{style}"' if style else ""
    return f'<c t="inlineStr"{look}><is><t xml:space="preserve">{words}</t></is></c>'


def _is_exact(value: int | Decimal | float) -> bool:
    """Whether a cell, which holds a binary number, gives the same digits back."""
    if isinstance(value, Decimal):
        return len(value.as_tuple().digits) <= EXACT_DIGITS and value.is_finite()
    if isinstance(value, int):
        return bool(abs(value) < 10**EXACT_DIGITS)
    return _is_exact(Decimal(repr(value)))


def _around(names: Sequence[str], shown: int, defined: str) -> Iterator[tuple[str, str]]:
    """The parts around the sheets, of which the first are `shown`."""
    sheets = len(names)
    numbers = range(1, sheets + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f"{overrides}</Types>",
    )
    yield (
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}"'
        f'{"" if n <= shown else _VERY_HIDDEN} r:id="rId{n}"/>'
        for n, name in enumerate(names, 1)
    )
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_SHEETS}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets>'
        f"{defined}</workbook>",
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" '
        f'Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}<Relationship '
        f'Id="rId{sheets + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    )
    yield "xl/styles.xml", STYLES


def plain(value: Any) -> str:
    """A number with all its digits and no exponent; anything else as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


# --- CSV -----------------------------------------------------------------------------------------


def csv_lines(
    titles: Sequence[str], rows: Iterable[Sequence[Any]], types: Sequence[str] = ()
) -> Iterator[bytes]:
    """UTF-8 with the mark that Excel looks for, some hundred lines at a time. `types`: of the
    columns, where they are known."""
    rest = iter(rows)
    pages = iter(lambda: list(zip(*islice(rest, AT_ONCE), strict=True)), [])
    yield from csv_pages(titles, pages, types)


def csv_pages(
    titles: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]], types: Sequence[str] = ()
) -> Iterator[bytes]:
    """The same of pages with one list a column, which is twice as fast. Nothing is given before the
    first page is there: until then it can still be refused."""
    kept = io.StringIO()
    kept.write(BOM)
    csv.writer(kept, lineterminator="\r\n").writerow([quoted(title) for title in titles])
    head = kept.getvalue()
    makers = [_MAKERS.get(kind, _mixed) for kind in types]
    makers += [_mixed] * (len(titles) - len(makers))
    for page in pages:
        columns = [
            column if make is None else make(column)
            for column, make in zip(page, makers, strict=True)
        ]
        yield f"{head}{_lines(columns)}".encode()
        head = ""
    if head:
        yield head.encode()


def _lines(columns: Sequence[Sequence[Any]]) -> str:
    """What `csv` writes of the rows, by a few calls a column where it looks at each cell."""
    texts = [_cells(column) for column in columns]
    if len(texts) == 1:  # a line of nothing would be no line
        texts = [[text or '""' for text in texts[0]]]
    return "".join(f"{line}\r\n" for line in map(",".join, zip(*texts, strict=True)))


def _cells(column: Sequence[Any]) -> Sequence[str]:
    texts = column if set(map(type, column)) == {str} else [_cell_text(v) for v in column]
    joined = "".join(texts)
    if not any(mark in joined for mark in _MARKS):
        return texts
    return [_marked(text) if any(mark in text for mark in _MARKS) else text for text in texts]


def _cell_text(value: Any) -> str:
    return value if type(value) is str else "" if value is None else str(value)


def _marked(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_MARKS = (",", '"', "\r", "\n")  # what makes a cell stand between quotes
_WORDS = {str, type(None)}


def _mixed(column: Sequence[Any]) -> Sequence[Any]:
    """Words that no spreadsheet takes for a formula, and whatever else as text."""
    if set(map(type, column)) <= _WORDS and RISKY_FIRST.isdisjoint({v[:1] for v in column if v}):
        return column
    return [
        (v if v[:1] not in RISKY_FIRST else quoted(v)) if type(v) is str
        else v if v is None else plain(v)
        for v in column
    ]  # fmt: skip


def _decimals(column: Sequence[Any]) -> Sequence[Any]:
    """Digits without an exponent."""
    if set(map(type, column)) <= _WORDS:  # they are text already
        return column
    words = [v if v is None else str(v) for v in column]
    if any(w is not None and "E" in w for w in words):
        return [v if v is None else plain(v) for v in column]
    return words


# None: what the writer of CSV says of the values is right. A masked value is a text in any column.
_MAKERS: dict[str, Callable[[Sequence[Any]], Sequence[Any]] | None] = {
    "money": _decimals,
    "number": _decimals,
    "percent": _decimals,
    "integer": None,
    "date": None,
    "period": None,
}
