"""Sheets for tests: workbooks as Excel writes them, and as nobody should."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from services_house import FILES, House, open_house

from jingwei.gateways.sheets import SheetFile

FORM = """
kind: form
title: 台账
number: "T-{seq:3}"
display: "{name}"
fields:
  name: {type: text, title: 名称, required: true, max: 40, unique: true}
  amount: {type: money, unit: CNY, title: 金额, min: 0}
  rate: {type: percent, title: 比例}
  day: {type: date, title: 日期}
  month: {type: period, grain: month, title: 月份}
  kind: {type: choice, title: 类别, choices: {a: 甲类, b: 乙类}}
  tags: {type: choice, title: 标签, many: true, choices: {x: 急, y: 重}}
  done: {type: boolean, title: 完成}
  note: {type: long_text, title: 说明}
  count: {type: integer, title: 数量}
  who: {type: person, title: 负责人}
  main: {type: link, to: ledger, title: 上级}
permissions:
  planner: {post: planner, can: [read, create, update, delete, import, export], scope: org}
  ops: {role: group_ops, can: [read, export], scope: all, hide: [note]}
"""


def ledger(folder: Path, database_url: str) -> House:
    """An installation with one form of every kind of column."""
    return open_house(folder / "application", database_url, {**FILES, "forms/ledger.yaml": FORM})


def workbook(*rows: Sequence[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def rewritten(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The same package with some parts exchanged."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)), zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def part(content: bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def sheet_file(folder: Path, content: bytes | str, name: str = "a.csv") -> SheetFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return SheetFile(path, name)
