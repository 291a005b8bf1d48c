"""Score sheets in records: a table of the items of a scheme, with columns of its own beside the
author's.

The rows are made and scored by the services; here is what they are, so that forms, expressions,
sheets and the API know them as they know every other table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from jingwei.catalogue.typed import Typing
from jingwei.language.form import Choice, Field, Form
from jingwei.language.measures import Indicator
from jingwei.language.standards import Scoring
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.problems import Phrase, nearest
from jingwei.texts import text

# what a scheme adds to its items, or takes from them, and what comes out: a row each. A name with a
# dot is no item's.
BONUS, MULTIPLIER, DEDUCTIONS = "adjust.bonus_max", "adjust.multiplier", "adjust.deductions"
TOTAL = "result.total"
BESIDE_ITEMS = (BONUS, MULTIPLIER, DEDUCTIONS, TOTAL)
_NUMBERS = ("weight", "target", "actual", "base")
# name → type, in reading order; all but `manual` are the engine's
COLUMNS: Mapping[str, str] = {
    "item": "choice",
    **dict.fromkeys(_NUMBERS, "number"),
    "rule": "long_text",
    "automatic": "number",
    "manual": "number",
    "score": "number",
    "explanation": "long_text",
    "source_changed": "boolean",
}
BY_HAND, SOURCE_CHANGED = "manual", "source_changed"
_NAME = re.compile("[a-z][a-z0-9_]*")


def is_of_scheme(table: Field, column: str) -> bool:
    """Whether the engine fills in this column."""
    return table.scorecard is not None and column in COLUMNS and column != BY_HAND


def with_scorecards(
    forms: Mapping[str, Form], schemes: Mapping[str, Scoring], indicators: Mapping[str, Indicator]
) -> dict[str, Form]:
    """The forms with the columns of their score sheets."""
    return {name: _written_out(form, schemes, indicators) for name, form in forms.items()}


def _written_out(
    form: Form, schemes: Mapping[str, Scoring], indicators: Mapping[str, Indicator]
) -> Form:
    sheets = {name: f for name, f in form.fields.items() if f.scorecard is not None}
    if not sheets:
        return form
    fields = dict(form.fields)
    texts = form.fingerprint
    for name, field in sheets.items():
        used = schemes_of(field, schemes)
        fields[name] = _with_columns(field, used, indicators)
        texts += "".join(scheme.fingerprint for scheme in used)
    # the page has the titles of the items
    return replace(form, fields=fields, fingerprint=sha256(texts.encode()).hexdigest())


def schemes_of(field: Field, schemes: Mapping[str, Scoring]) -> tuple[Scoring, ...]:
    """The schemes that a score sheet may be of: the one it names, or any."""
    named = None if field.scorecard is None else field.scorecard.scheme
    one = schemes.get(named.source.strip()) if named is not None else None
    return (one,) if one is not None else tuple(schemes.values())


def _with_columns(
    table: Field, schemes: Sequence[Scoring], indicators: Mapping[str, Indicator]
) -> Field:
    by_hand = sorted({n for s in schemes for n, item in s.items.items() if item.is_manual})
    # people see where they give a score; the write path asks the scheme itself, and who they are
    closed = Formula(f"item not in [{', '.join(map(json.dumps, by_hand))}]", table.at)
    own: dict[str, Field] = {}
    for name, type_ in COLUMNS.items():
        own[name] = Field(
            name=name,
            type=type_,
            title=_said(f"columns.{name}"),
            at=table.at,
            table=table.name,
            readonly=name != BY_HAND or not by_hand,
            readonly_if=closed if name == BY_HAND and by_hand else None,
            choices=tuple(_items(schemes, indicators)) if name == "item" else None,
        )
    columns = {name: column for name, column in table.fields.items() if name not in own}
    return replace(table, fields={**own, **columns}, unique_rows=("item",))


def _items(schemes: Iterable[Scoring], indicators: Mapping[str, Indicator]) -> Iterator[Choice]:
    known: dict[str, Text] = {}
    for scheme in schemes:
        for name, item in scheme.items.items():
            indicator = indicators.get(name)
            title = item.title or (indicator.title if indicator is not None else None)
            known.setdefault(name, title or Text.plain(name))
    yield from (Choice(code=name, title=title) for name, title in known.items())
    for name in BESIDE_ITEMS:
        yield Choice(code=name, title=_said(f"rows.{name.replace('.', '_')}"))


def _said(key: str) -> Text:
    return Text(text(f"scorecards.{key}", "zh"), text(f"scorecards.{key}", "en"))


def type_scorecard(typing: Typing, form: Form, field: Field) -> None:
    """The expressions of a score sheet, in the scope of its record."""
    sheet = field.scorecard
    assert sheet is not None
    scope = typing.record(form)
    typing.formula(sheet.org, scope, "org")
    typing.formula(sheet.period, scope, "period")
    typing.formula(sheet.as_of, scope, "date")
    if sheet.scheme is None or is_named(typing.catalogue.scorings, sheet.scheme):
        return
    name = sheet.scheme.source.strip()
    if _NAME.fullmatch(name) and name not in scope.symbols:
        typing.problems.add(
            "unknown-reference",
            sheet.scheme.at,
            suggestion=nearest(name, [*typing.catalogue.scorings, *form.fields]),
            kind=Phrase("things.kind_scoring"),
            name=name[:60],
            file=f"definitions/scoring/{name[:60]}.yaml",
        )
        return
    typing.formula(sheet.scheme, scope, "text")


def is_named(schemes: Mapping[str, Scoring], scheme: Formula) -> bool:
    """Whether a scheme is named by itself, not worked out for each record."""
    return scheme.source.strip() in schemes
