"""How figures are shown in documents, and the filters that templates may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import format_decimal

from jingwei.language.periods import Period
from jingwei.refusals import Refused
from jingwei.services.display import AMOUNTS
from jingwei.services.report_data import Figure
from jingwei.texts import has_text, text

NONE = "—"
DIGITS = "零一二三四五六七八九"
_SCALES = {"zh": Decimal(10_000), "en": Decimal(1_000_000)}  # money in reports: 万元, CNY million
_PER_PERSON = {"zh": Decimal(10_000), "en": Decimal(1_000)}
MONEY = "CNY"
MONEY_PER_PERSON = "CNY_per_person"
NUMBERS = ("money", "number", "integer", "percent", "points")
_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATE_FORM = re.compile(r"(?:%[Ymd]|%-[md]|[^%])*\Z")


def sayable(words: str) -> str:
    """The text without characters that XML cannot hold."""
    return _UNSAYABLE.sub("", words.replace("\r\n", "\n"))


def is_money(figure: Figure) -> bool:
    return figure.unit == MONEY or (figure.type == "money" and figure.unit in (None, MONEY))


def shown(figure: Figure, locale: str) -> str:
    """A figure as a table cell says it; its unit, but for `%`, stands in the heading."""
    if figure.value is None:
        return NONE
    if figure.title is not None:
        return sayable(figure.title)
    if isinstance(figure.value, Decimal | int | float) and not isinstance(figure.value, bool):
        return _figure_number(figure, Decimal(str(figure.value)), locale)
    return plain(figure.value, locale)


def plain(value: Any, locale: str) -> str:
    """A value without a unit."""
    match value:
        case None:
            return NONE
        case bool():
            return text(f"reports.{'yes' if value else 'no'}", locale)
        case Period():
            return period_words(value, locale)
        case datetime():
            return f"{day_words(value.date(), locale)} {value:%H:%M}"
        case date():
            return day_words(value, locale)
        case time():
            return f"{value:%H:%M}"
        case Decimal() | int() | float():
            return _separated(Decimal(str(value)), None, locale)
        case list() | tuple() | set() | frozenset():
            return text("reports.list_mark", locale).join(plain(one, locale) for one in value)
    return sayable(str(value))


def unit_words(figure_type: str, unit: str | None, locale: str) -> str:
    """What stands as the unit of a figure: `万元`, `%`, `人`; nothing for text."""
    if unit == MONEY_PER_PERSON:
        return text("reports.unit.money_per_person", locale)
    if unit == MONEY or (figure_type == "money" and unit is None):
        return text("reports.unit.money", locale)
    if figure_type == "percent" or unit in ("percent", "%"):
        return "%"
    if unit and has_text(f"reports.unit.{unit}", locale):
        return text(f"reports.unit.{unit}", locale)
    return unit or ""


def scaled(figure: Figure, locale: str) -> Decimal | None:
    """The number as it is shown, for charts: money in its shown unit, percent times 100."""
    value = figure.value
    if value is None or isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        return None
    number = Decimal(str(value))
    if is_money(figure):
        return number / _SCALES[locale]
    if figure.unit == MONEY_PER_PERSON:
        return number / _PER_PERSON[locale]
    if figure.type == "percent" or figure.unit in ("percent", "%"):
        return number * 100
    return number


def _figure_number(figure: Figure, value: Decimal, locale: str) -> str:
    if is_money(figure):
        return _separated(value / _SCALES[locale], 2, locale)
    if figure.unit == MONEY_PER_PERSON:
        return _separated(value / _PER_PERSON[locale], 2, locale)
    if figure.type == "points":
        return text("reports.points", locale, number=_separated(value * 100, 2, locale))
    if figure.type == "percent" or figure.unit in ("percent", "%"):
        return f"{_separated(value * 100, 2, locale)}%"
    return _separated(value, None, locale)


def _separated(value: Decimal, digits: int | None, locale: str) -> str:
    if digits is None:
        return format_decimal(_rounded(value, 4), "#,##0.####", locale, decimal_quantization=False)
    places = "." + "0" * digits if digits else ""
    return format_decimal(_rounded(value, digits), f"#,##0{places}", locale)


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def day_words(day: date, locale: str) -> str:
    return text("reports.day", locale, year=day.year, month=day.month, day=day.day)


def period_words(period: Period, locale: str) -> str:
    """`2026年3月`, `2026年一季度`, `2026年上半年`, `2026年`."""
    number = text(f"reports.{period.grain}_{period.number}", locale) if period.number else ""
    return text(f"reports.period_{period.grain}", locale, year=period.year, part=number)


# --- inside templates ----------------------------------------------------------------------------


class Shown:
    """A figure inside a template: said as its text, compared by its value."""

    __slots__ = ("_figure", "_locale")

    def __init__(self, figure: Figure, locale: str) -> None:
        self._figure = figure
        self._locale = locale

    @property
    def figure(self) -> Figure:
        return self._figure

    def part(self, name: str) -> Any:
        """`value`, `text`, `title`, `unit`, `code`; the only names after a figure."""
        match name:
            case "value" | "code":
                return self._figure.value
            case "text" | "title":
                return str(self)
            case "unit":
                return unit_words(self._figure.type, self._figure.unit, self._locale)
        raise KeyError(name)

    def __str__(self) -> str:
        return shown(self._figure, self._locale)

    def __bool__(self) -> bool:
        return bool(self._figure.value)

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        return bool(self._figure.value == _raw(other))

    def __lt__(self, other: object) -> bool:
        return self._compared(other, lambda a, b: a < b)

    def __le__(self, other: object) -> bool:
        return self._compared(other, lambda a, b: a <= b)

    def __gt__(self, other: object) -> bool:
        return self._compared(other, lambda a, b: a > b)

    def __ge__(self, other: object) -> bool:
        return self._compared(other, lambda a, b: a >= b)

    def _compared(self, other: object, how: Callable[[Any, Any], Any]) -> bool:
        mine, theirs = self._figure.value, _raw(other)
        if mine is None or theirs is None:
            return False
        if isinstance(theirs, float):
            theirs = Decimal(str(theirs))
        try:
            return bool(how(mine, theirs))
        except TypeError:
            raise Refused("template-compares-unlike") from None


class Absent(Shown):
    """What is not there for this reader: shown as nothing, and no rows."""

    __slots__ = ()

    def __init__(self, locale: str) -> None:
        super().__init__(Figure(None), locale)

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _raw(value: Any) -> Any:
    return value.figure.value if isinstance(value, Shown) else value


def filters(locale: str) -> Mapping[str, Callable[..., Any]]:
    """The filters of templates, and no others."""

    def money(value: Any, unit: str = "", digits: int = 2) -> str:
        number = _number(value)
        if unit and unit not in AMOUNTS:
            raise Refused("template-unknown-unit", unit=unit, known=", ".join(AMOUNTS))
        divisor = AMOUNTS[unit] if unit else _SCALES[locale]
        return NONE if number is None else _separated(number / divisor, _places(digits), locale)

    def percent(value: Any, digits: int = 2) -> str:
        number = _number(value)
        return NONE if number is None else f"{_separated(number * 100, _places(digits), locale)}%"

    def number_(value: Any, digits: int | None = None) -> str:
        found = _number(value)
        places = None if digits is None else _places(digits)
        return NONE if found is None else _separated(found, places, locale)

    def date_(value: Any, form: str = "") -> str:
        raw = _raw(value)
        if isinstance(raw, Period):
            raw = raw.start if form else raw
        if not form or not isinstance(raw, date):
            return plain(raw, locale)
        return _dated(raw, form)

    def default(value: Any, instead: Any = NONE) -> Any:
        raw = _raw(value)
        return instead if raw is None or raw == "" or raw == [] else value

    return {
        "money": money,
        "percent": percent,
        "date": date_,
        "number": number_,
        "upper_number": upper_number,
        "default": default,
    }


def _number(value: Any) -> Decimal | None:
    raw = _raw(value)
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, Decimal | int | float):
        raise Refused("template-not-a-number", value=str(value)[:40])
    return Decimal(str(raw))


def _places(digits: Any) -> int:
    if not isinstance(digits, int) or not 0 <= digits <= 6:
        raise Refused("template-digits")
    return digits


def _dated(day: date, form: str) -> str:
    if not _DATE_FORM.match(form):
        raise Refused("template-date-form", form=form)
    parts = {
        "%Y": str(day.year),
        "%m": f"{day.month:02d}",
        "%d": f"{day.day:02d}",
        "%-m": str(day.month),
        "%-d": str(day.day),
    }
    return re.sub(r"%-?[Ymd]", lambda match: parts[match[0]], form)


def upper_number(value: Any) -> str:
    """一, 十二, 一百零五 … up to 99,999,999: the numbers of Chinese headings."""
    number = _number(value)
    if number is None:
        return NONE
    if number != int(number) or not 0 <= number < 100_000_000:
        raise Refused("template-not-countable", value=str(value)[:40])
    high, low = divmod(int(number), 10_000)
    if not high:
        return _below_ten_thousand(low, leading=True)
    words = _below_ten_thousand(high, leading=True) + "万"
    if not low:
        return words
    return words + ("零" if low < 1_000 else "") + _below_ten_thousand(low, leading=False)


def _below_ten_thousand(number: int, *, leading: bool) -> str:
    if number == 0:
        return DIGITS[0]
    words, gap = "", False
    for size, unit in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            words += ("零" if gap and words else "") + DIGITS[digit] + unit
            gap = False
        else:
            gap = True
    if leading and words.startswith("一十"):
        words = words[1:]
    return words
