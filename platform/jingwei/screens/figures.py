"""Figures of indicators as people read them: the unit that suits their size, changes, sparks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_decimal

from jingwei.screens.cells import NOTHING, as_decimal, rounded
from jingwei.texts import has_text, text

# unit kept → where its larger words begin: (from this value on, key of the words, what one is)
Step = tuple[Decimal, str, Decimal]
_STEPS: Mapping[str, Mapping[str, Sequence[Step]]] = {
    "zh": {
        "CNY": (
            (Decimal(10**8), "yi", Decimal(10**8)),
            (Decimal(10**4), "wan", Decimal(10**4)),
        ),
        "CNY_per_person": ((Decimal(10**4), "wan_per_person", Decimal(10**4)),),
    },
    "en": {
        "CNY": (
            (Decimal(10**9), "billion", Decimal(10**9)),
            (Decimal(10**6), "million", Decimal(10**6)),
        ),
        "CNY_per_person": ((Decimal(10**3), "thousand_per_person", Decimal(10**3)),),
    },
}
# a column stays in the smaller unit until its largest figure has five digits before the point
COLUMN_PATIENCE = Decimal(100)
SPARK_WIDTH, SPARK_HEIGHT = 120, 30


@dataclass(frozen=True, slots=True)
class Scale:
    """What figures are divided by and called. `digits` None: as many as there are."""

    words: str
    size: Decimal = Decimal(1)
    digits: int | None = 2
    after: str = ""  # right behind the digits, as % is


@dataclass(frozen=True, slots=True)
class Change:
    """A comparison in words. `tone`: good, bad or empty; `way`: up, down or empty."""

    title: str
    text: str
    tone: str = ""
    way: str = ""
    hint: str = ""


def scale_of(unit: str | None, values: Iterable[Any], words: str, precision: int = 2,
             patience: Decimal = Decimal(1)) -> Scale:  # fmt: skip
    """The scale that suits the largest of the values."""
    known = [abs(v) for v in (as_decimal(v) for v in values if v is not None) if v is not None]
    if unit == "percent":
        return Scale("%", Decimal("0.01"), precision, "%")
    steps = _STEPS[words].get(unit or "")
    if steps is None:
        return Scale(unit_words(unit, words), Decimal(1), _digits(known, precision))
    most = max(known, default=Decimal(0))
    for number, (start, key, size) in enumerate(steps):
        last = number == len(steps) - 1
        if most >= start * (1 if last else patience):
            return Scale(text(f"screens.scales.{key}", words), size, 2)
    return Scale(unit_words(unit, words), Decimal(1), 2)


def _digits(values: Sequence[Decimal], precision: int) -> int:
    """Whole numbers need no zeros behind the point."""
    return 0 if all(v == v.to_integral_value() for v in values) else precision


def unit_words(unit: str | None, words: str) -> str:
    key = f"screens.units.{unit}"
    return text(key, words) if unit and has_text(key, words) else (unit or "")


def written(value: Any, scale: Scale, words: str) -> str:
    """The digits of a value in its scale."""
    number = as_decimal(value) if value is not None else None
    if number is None:
        return NOTHING
    shown = number / scale.size
    if scale.digits is None:
        return format_decimal(shown.normalize(), locale=words, decimal_quantization=False)
    pattern = "#,##0" + ("." + "0" * scale.digits if scale.digits else "")
    digits = format_decimal(rounded(shown, scale.digits), format=pattern, locale=words)
    return f"{digits}{scale.after}"


def exact(value: Any, unit: str | None, words: str) -> str:
    """The whole value with its unit, for whoever points at a shortened one."""
    number = as_decimal(value) if value is not None else None
    if number is None:
        return ""
    if unit == "percent":
        number *= 100
    digits = format_decimal(number.normalize(), locale=words, decimal_quantization=False)
    said = unit_words(unit, words)
    return f"{digits}%" if unit == "percent" else f"{digits} {said}".strip()


def change_of(beside: Mapping[str, Any], direction: str, words: str) -> Change:
    """One comparison of a tile: `beside` as `services/dashboards.py` gives it."""
    title = str(beside["title"])
    if beside.get("partial") and beside.get("value") is not None:
        title = text("screens.figures.comparable", words, title=title)
    if beside.get("label_title"):
        bad = beside["label"] in ("turned_negative", "loss_widened")
        return Change(title, str(beside["label_title"]), "bad" if bad else "good")
    value = as_decimal(beside["value"]) if beside.get("value") is not None else None
    if value is None:
        return Change(title, NOTHING, hint=str(beside.get("reason") or ""))
    if beside.get("word") == "attainment":
        return Change(title, written(value, Scale("%", Decimal("0.01"), 2, "%"), words))
    sign = "+" if value > 0 else ""
    if beside.get("unit") == "percent":
        points = beside.get("type") == "number"
        digits = written(value, Scale("", Decimal("0.01"), 2), words)
        said = text("screens.figures.points", words, digits=digits) if points else f"{digits}%"
    else:
        scale = scale_of(beside.get("unit"), [value], words)
        said = f"{written(value, scale, words)} {scale.words}".strip()
    return Change(title, sign + said, _tone(value, direction), _way(value))


def _tone(value: Decimal, direction: str) -> str:
    if not value or direction not in ("higher_better", "lower_better"):
        return ""
    return "good" if (value > 0) == (direction == "higher_better") else "bad"


def _way(value: Decimal) -> str:
    return "" if not value else "up" if value > 0 else "down"


@dataclass(frozen=True, slots=True)
class Spark:
    """A small line: `line` as `points` of SVG through `dots`, where there are figures."""

    line: str
    dots: tuple[tuple[str, str], ...]


def spark_of(values: Sequence[Any]) -> Spark | None:
    """The line through the figures there are; its dots show where that is. None: too few."""
    known = [
        (place, number)
        for place, value in enumerate(values)
        if value is not None and (number := as_decimal(value)) is not None
    ]
    if len(known) < 2:
        return None
    low, high = (pick(number for _, number in known) for pick in (min, max))
    span = high - low or Decimal(1)
    step = Decimal(SPARK_WIDTH - 6) / max(1, len(values) - 1)
    dots = tuple(
        (
            f"{3 + step * place:.1f}",
            f"{Decimal(SPARK_HEIGHT - 4) - (number - low) / span * (SPARK_HEIGHT - 8):.1f}",
        )
        for place, number in known
    )
    return Spark(" ".join(f"{x},{y}" for x, y in dots), dots)


def drill_address(drill: Mapping[str, Any] | None, way: str = "") -> str | None:
    """Where a figure is taken apart."""
    if not drill:
        return None
    asked = {
        "org": drill["org"],
        "period": str(drill["period"]),
        "view": None if drill["view"] == "actual" else drill["view"],
        "way": way,
    }
    query = urlencode({k: v for k, v in asked.items() if v})
    return f"/indicators/{drill['indicator']}/drill?{query}"


def version_words(version: str | None, words: str, period: Callable[[str], str]) -> str:
    """What data versions are called: final, restated in a report; several where a sum has them."""
    said = [_version(one.strip(), words, period) for one in (version or "").split(",")]
    return text("screens.joint", words).join(one for one in said if one)


def _version(version: str, words: str, period: Callable[[str], str]) -> str:
    stem, _, rest = version.partition("_in_")
    key = f"screens.versions.{stem}"
    if not stem or not has_text(key, words):
        return version
    said = text(key, words)
    return text("screens.versions.in", words, version=said, period=period(rest)) if rest else said
