"""The sheet of a benchmark: a row for each year, industry, size and indicator, best tier first."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.standards import Benchmark

PERCENT = "%"


@dataclass(frozen=True, slots=True)
class StandardRow:
    """`values`: by tier, in the unit that the indicator keeps (percents as fractions); a tier that
    the book does not give is missing."""

    keys: Mapping[str, str]
    values: Mapping[str, Decimal]


def sheet_path(benchmark: Benchmark) -> str:
    return (PurePosixPath(benchmark.origin.file).parent / benchmark.source).as_posix()


def sheet_of(catalogue: Catalogue, benchmark: Benchmark) -> tuple[list[str], list[dict[str, str]]]:
    """The header and the lines, as written."""
    content = catalogue.files.get(sheet_path(benchmark), b"")
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""))
    lines = [{k: (v or "").strip() for k, v in line.items() if k} for line in reader]
    return list(reader.fieldnames or ()), lines


def standard_rows(catalogue: Catalogue, benchmark: Benchmark) -> list[StandardRow]:
    """The rows with their numbers. A column `unit` that says `%` divides by a hundred; without it,
    numbers are those of the indicator's own unit."""
    found = []
    for line in sheet_of(catalogue, benchmark)[1]:
        many = Decimal("0.01") if line.get("unit") == PERCENT else Decimal(1)
        values = {
            tier: number * many
            for tier in benchmark.tiers
            if (number := _number(line.get(tier, ""))) is not None
        }
        found.append(StandardRow({key: line.get(key, "") for key in benchmark.keys}, values))
    return found


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
