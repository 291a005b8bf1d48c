"""How the small things of a definition are read: words, names, numbers, dates, expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.date import day_of
from jingwei.language.field_types.numbers import integer_of, written_number
from jingwei.language.meant import meant_boolean, meant_duration, meant_value
from jingwei.language.meant_words import meant_schedule, meant_word
from jingwei.language.misplaced import too_deep
from jingwei.language.shapes import DURATION, INTEGER, WHO, WORD, Schema, enum, keys, list_of
from jingwei.language.small import never_fires, parse_at, parse_duration, whole_number
from jingwei.language.text import Text
from jingwei.language.values import Due, Formula, Literal_, Rung
from jingwei.language.walker import BAD, Walker, reads, well_named, wrong_shape
from jingwei.problems import Phrase, nearest
from jingwei.reading.yaml_file import Data, Path, Scalar, plain_data

__all__ = ["plain_data"]

DUE_KEYS = keys("due", {"lag": DURATION, "day": INTEGER, "shift": enum("next_workday")})
RUNG_KEYS = keys("rung", {"after": DURATION, "to": WHO, "channels": list_of(WORD)}, ("after",))
_CALL = re.compile(r"[a-z_]{2,30}\(.*\)", re.DOTALL)
_BARE_HOLE = re.compile(r"\{\s*([a-z_][\w.]*)\s*\}")
_HOLE = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
MOST_FORMULA_CHARACTERS = 60_000  # of one file


@reads("text")
def read_text(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """Words, or `{zh, en}`; a language that is missing borrows the other, with a warning."""
    if isinstance(data, dict):
        return _two_languages(walker, schema, data, path)
    scalar = walker.scalar(data, path, "things.words")
    if scalar is None or not short_enough(walker, schema, scalar, path):
        return BAD
    if not scalar.text.strip():
        return walker.empty(path)
    warn_of_holes(walker, scalar, path)
    return Text.plain(scalar.text.rstrip("\n"))


def _two_languages(walker: Walker, schema: Schema, data: dict[str, Data], path: Path) -> Any:
    words: dict[str, str] = {}
    bad = False
    for key, part in data.items():
        here = (*path, key)
        if key not in ("zh", "en"):
            bad = True
            if not too_deep(walker, part, here):
                walker.fail("unknown-locale", walker.key_at(here), locale=key)
            continue
        scalar = walker.scalar(part, here, "things.words")
        if scalar is None or not short_enough(walker, schema, scalar, here):
            bad = True
            continue
        if not scalar.text.strip():
            bad = True
            walker.empty(here)
            continue
        warn_of_holes(walker, scalar, here)
        words[key] = scalar.text.rstrip("\n")
    if bad:
        return BAD
    if not words:
        return walker.empty(path)
    if len(words) == 1:
        lacking = "en" if "zh" in words else "zh"
        walker.warn("missing-translation", walker.value_at(path), locale=lacking)
    given = next(iter(words.values()))
    return Text(words.get("zh", given), words.get("en", given))


def warn_of_holes(walker: Walker, scalar: Scalar, path: Path) -> None:
    """`{{ name }}`, as other systems write what is filled in, and `{name}` in a title."""
    found = _HOLE.search(scalar.text) if "{{" in scalar.text else None
    if found is None and "title" in path[-2:]:
        found = _BARE_HOLE.search(scalar.text) if "{" in scalar.text else None
    if found is None or scalar.style in ("literal", "folded"):
        return
    at = walker.inside(path, scalar).shifted(found.start(), found.end())
    meant = f"{{{found[1]}}}"
    walker.problems.add("hole-in-text", at, severity="warning", suggestion=meant, written=found[0])


def short_enough(walker: Walker, schema: Schema, scalar: Scalar, path: Path) -> bool:
    most = schema.get("most", 2_000)
    if len(scalar.text) <= most:
        return True
    at = walker.value_at(path)
    walker.fail("text-too-long", at, most=most, length=len(scalar.text))
    return False


@reads("word")
def read_word(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.words")
    return BAD if scalar is None else scalar.text


COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "grey")


@reads("color")
def read_color(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """One of the colours that badges have; any other word is shown grey, which is warned of."""
    scalar = walker.scalar(data, path, "things.words")
    if scalar is None:
        return BAD
    if scalar.text not in (*COLORS, "gray"):
        meant = nearest(scalar.text, COLORS) or meant_word(scalar.text, COLORS)
        known, at = ", ".join(COLORS), walker.value_at(path)
        facts = {"value": scalar.text[:40], "known": known}
        walker.problems.add("unknown-color", at, severity="warning", suggestion=meant, **facts)
    return scalar.text


@reads("name")
@reads("code")
def read_name(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.words")
    if scalar is None:
        return BAD
    names = schema["jingwei"]
    return scalar.text if well_named(walker, scalar.text, names, walker.value_at(path)) else BAD


@reads("ref")
def read_ref(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.words")
    if scalar is None:
        return BAD
    return walker.reference(schema["kind"], scalar.text, walker.value_at(path))


@reads("enum")
def read_enum(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.words")
    if scalar is None:
        return BAD
    if scalar.text in schema["enum"]:
        return scalar.text
    return walker.fail(
        "unknown-value",
        walker.value_at(path),
        suggestion=_of_another_standard(scalar.text, schema["enum"])
        or nearest(scalar.text, schema["enum"])
        or _begun_alike(scalar.text, schema["enum"])
        or _of_other_systems(scalar.text, schema["enum"])
        or meant_word(scalar.text, schema["enum"]),
        value=scalar.text[:60],
        known=", ".join(schema["enum"]),
    )


_LOCALES = {"cn": "zh", "zh-cn": "zh", "zh_cn": "zh", "chinese": "zh", "en-us": "en", "en_us": "en"}
_WEEK = {f"{day}day": day[:3] for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")}


def _of_another_standard(written: str, known: Sequence[str]) -> str | None:
    """`cn` is the country, and `zh` the language; a day has three letters."""
    meant = _LOCALES.get(written.lower()) or _WEEK.get(written.lower())
    return meant if meant in known else None


def _begun_alike(written: str, known: Sequence[str]) -> str | None:
    """`warn` for `warning`, and the other way round."""
    small = written.lower()
    alike = (o for o in known if len(o) > 3 and (small.startswith(o) or o.startswith(small)))
    return next(alike, None) if len(small) > 3 else None


_OTHER_TILES = {
    **dict.fromkeys(("bar", "line", "pie", "column", "area", "graph"), "chart"),
    **dict.fromkeys(("kpi", "card", "metric", "stat"), "number"),
    **dict.fromkeys(("grid", "pivot"), "table"),
    "heatmap": "heat",
    "markdown": "text",
}


def _of_other_systems(written: str, known: Sequence[str]) -> str | None:
    meant = _OTHER_TILES.get(written.lower())
    return meant if meant in known else None


@reads("boolean")
def read_boolean(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.yes_or_no")
    if scalar is None:
        return BAD
    if scalar.style == "plain" and scalar.text in ("true", "false"):
        return scalar.text == "true"
    suggestion = None
    if scalar.text in ("true", "false"):
        suggestion = scalar.text
    else:
        suggestion = meant_boolean(scalar.text)
    code = "quoted-boolean" if scalar.text in ("true", "false") else "expected-boolean"
    at = walker.value_at(path)
    return walker.fail(code, at, suggestion=suggestion, value=scalar.text[:40])


@reads("integer")
def read_integer(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    number = read_number(walker, schema, data, path)
    if number is BAD:
        return BAD
    try:
        return integer_of(number)
    except ValueRefused:
        return walker.fail("expected-integer", walker.value_at(path), value=f"{number:f}")


@reads("number")
def read_number(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.number")
    if scalar is None:
        return BAD
    try:
        return written_number(scalar.text)
    except ValueRefused as refused:
        return refused_value(walker, refused, scalar, path)


def refused_value(walker: Walker, refused: ValueRefused, scalar: Scalar, path: Path) -> Any:
    """A field type's refusal, as a problem of the definition."""
    at = walker.value_at(path)
    if refused.code == "number-leading-zero":
        return walker.fail("leading-zero", at, value=scalar.text, write=scalar.text.lstrip("0"))
    why = Phrase(f"refusals.{refused.code}", tuple(refused.holes.items()), bare=True)
    suggestion = meant_value(refused.code, scalar.text)
    if suggestion is None and _CALL.fullmatch(scalar.text):
        suggestion = f"={scalar.text}"  # an expression, which begins with its sign
    return walker.fail("bad-value", at, suggestion=suggestion, value=scalar.text[:40], why=why)


@reads("date")
def read_date(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.date")
    if scalar is None:
        return BAD
    try:
        return day_of(scalar.text)
    except ValueRefused as refused:
        return refused_value(walker, refused, scalar, path)


@reads("duration")
def read_duration(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.duration")
    if scalar is None:
        return BAD
    duration = parse_duration(scalar.text)
    if duration is None:
        return _bad_duration(walker, scalar, path)
    return duration


def _bad_duration(walker: Walker, scalar: Scalar, path: Path) -> Any:
    return walker.fail(
        "bad-duration",
        walker.value_at(path),
        suggestion=_periods(scalar.text, path) or meant_duration(scalar.text[:40]),
        value=scalar.text[:40],
    )


def _periods(written: str, path: Path) -> str | None:
    """`for_at_least: 2` counts periods."""
    counts = path[-1:] in (("for_at_least",), ("for",)) and whole_number(written, 3) is not None
    return f"{written} periods" if counts else None


@reads("at")
def read_at(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    scalar = walker.scalar(data, path, "things.schedule")
    if scalar is None:
        return BAD
    at = parse_at(scalar.text)
    if at is None:
        meant = meant_schedule(scalar.text[:40])
        at_ = walker.value_at(path)
        return walker.fail("bad-schedule", at_, suggestion=meant, value=scalar.text[:40])
    if never_fires(at):
        return walker.fail("never-fires", walker.value_at(path), value=scalar.text[:40])
    return at


@reads("due")
def read_due(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """`{lag, day, shift}`, a duration, or a date expression."""
    if isinstance(data, dict):
        from_keys = walker.read(DUE_KEYS, data, path)
        if from_keys is BAD:
            return BAD
        day = from_keys.get("day")
        if day is not None and not 1 <= day <= 31:
            at = walker.value_at((*path, "day"))
            return walker.fail("out-of-range", at, value=day, low=1, high=31)
        return Due(**from_keys)
    scalar = walker.scalar(data, path, "things.duration")
    if scalar is None:
        return BAD
    duration = parse_duration(scalar.text)
    if duration is not None:
        return Due(lag=duration)
    if scalar.text[:1].isdigit() or scalar.text[:1] in "+-" or meant_duration(scalar.text[:40]):
        return _bad_duration(walker, scalar, path)
    formula = formula_of(walker, scalar, path)
    return BAD if formula is BAD else Due(date=formula)


@reads("formula")
def read_formula(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if isinstance(data, dict | list):
        return walker.fail("expression-not-text", walker.value_at(path))
    scalar = walker.scalar(data, path, "things.expression")
    return BAD if scalar is None else formula_of(walker, scalar, path)


def formula_of(walker: Walker, scalar: Scalar, path: Path) -> Any:
    """The expression, or BAD once a file's expressions are more than anybody would write."""
    before = walker.formula_characters
    walker.formula_characters += len(scalar.text)
    if walker.formula_characters <= MOST_FORMULA_CHARACTERS:
        return Formula(scalar.text.rstrip("\n"), walker.inside(path, scalar))
    if before <= MOST_FORMULA_CHARACTERS:
        at = walker.value_at(path)
        walker.fail("too-many-expressions", at, most=f"{MOST_FORMULA_CHARACTERS:,}")
    return BAD


@reads("value")
def read_value(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """`V`: a value typed later by its field, or an expression after `=`."""
    if isinstance(data, Scalar):
        if data.is_empty:
            return walker.empty(path)
        at = walker.inside(path, data)
        if data.text.startswith("="):
            source = data.text[1:].rstrip("\n")
            return Formula(source, at.shifted(1, max(1, at.end_column - at.column)))
        return Literal_(data.text, at)
    return Literal_(plain_data(data), walker.value_at(path))


@reads("anything")
def read_anything(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    return plain_data(data)


@reads("ladder")
def read_ladder(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """Offsets from the anchor date: `-3d`, or `{after: 3d, to: superior}`."""
    if not isinstance(data, list):
        return wrong_shape(walker, "things.list", data, path)
    rungs = [_rung(walker, part, (*path, index)) for index, part in enumerate(data)]
    return BAD if any(rung is BAD for rung in rungs) else tuple(rungs)


def _rung(walker: Walker, data: Data, path: Path) -> Any:
    if isinstance(data, dict):
        values = walker.read(RUNG_KEYS, data, path)
        if values is BAD:
            return BAD
        return Rung(values["after"], values.get("to"), values.get("channels", ()))
    offset = walker.read(DURATION, data, path)
    return BAD if offset is BAD else Rung(offset)
