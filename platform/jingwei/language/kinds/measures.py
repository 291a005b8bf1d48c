"""Kinds indicator and indicator_set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.kinds.common import common, own
from jingwei.language.measures import (
    Indicator,
    IndicatorSet,
    Member,
    Threshold,
    ThresholdSet,
    TimeRule,
)
from jingwei.language.shapes import (
    BOOLEAN,
    CONDITION,
    DATE,
    DUE,
    DURATION,
    FORMULA,
    INTEGER,
    NAME,
    WHO,
    WORD,
    Schema,
    as_written,
    by_shape,
    else_,
    enum,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.walker import Walker

_TIME = keys(
    "time",
    {
        "kind": enum("flow", "flow_ytd", "balance", "average_balance", "rate", "event"),
        "grain": enum("month", "quarter", "year"),
        "at": enum("first", "last"),
        "coarser": enum("sum", "last", "average", "first"),
        "default_view": else_(enum("period", "ytd"), "period"),
        "annualize": BOOLEAN,
    },
    ("kind", "grain"),
)
_LEVELS = map_of(CONDITION, thing="threshold")
_THRESHOLD_SET = keys(
    "threshold_set",
    {
        "applies_to": CONDITION,
        "valid_from": DATE,
        "levels": _LEVELS,
        "release": CONDITION,
        "for": DURATION,
    },
    ("levels",),
)
COMPARISONS = (
    "yoy",
    "yoy_pp",
    "mom",
    "mom_pp",
    "vs_target",
    "attainment",
    "tier",
    "rank",
)
_KEYS: Mapping[str, Schema] = {
    "type": enum("simple", "ratio", "derived", "cumulative", "input", "qualitative"),
    "source": keys("indicator_source", {"from": WORD, "map": WORD}),
    "measure": keys(
        "measure",
        {
            "form": ref("form"),
            "value": FORMULA,
            "time": WORD,
            "org": WORD,
            "where": CONDITION,
        },
        ("form", "value"),
    ),
    "numerator": ref("indicator"),
    "denominator": ref("indicator"),
    "formula": FORMULA,
    "of": ref("indicator"),
    "window": WORD,
    "to_date": enum("month", "quarter", "year"),
    "scale": ref("code_list"),
    "unit": WORD,
    "precision": INTEGER,
    "direction": else_(enum("higher_better", "lower_better", "in_range"), "higher_better"),
    "time": _TIME,
    "org_agg": enum(
        "sum",
        "sum_with_elimination",
        "ratio_of_aggregates",
        "weighted_average",
        "last",
        "max",
        "min",
        "count",
        "none",
        "reported",
    ),
    "weight": ref("indicator"),
    "levels": list_of(ref("org_type")),
    "applies_to": CONDITION,
    "availability": DUE,
    "owner": WHO,
    "decompose": keys(
        "decompose",
        {
            "mode": enum("strict_sum", "shared", "task", "none"),
            "period": enum("month", "quarter", "year"),
            "tolerance": WORD,
        },
        ("mode",),
    ),
    "benchmark": keys(
        "benchmark_of",
        {"set": ref("benchmark"), "indicator": NAME, "industry": FORMULA, "size": FORMULA},
    ),
    "thresholds": by_shape(keyed=_LEVELS, items=list_of(_THRESHOLD_SET)),
    "comparisons": list_of(enum(*COMPARISONS)),
}
# what was otherwise between two days: any of the keys
_VERSION = keys("indicator", {**_KEYS, "valid_from": DATE, "valid_to": DATE})
INDICATOR = kind(
    "indicator",
    {**_KEYS, "versions": list_of(as_written(_VERSION))},
    ("type", "unit", "time", "org_agg"),
)
# type → the keys it needs; every other of these keys is for another type
OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "simple": (),
    "ratio": ("numerator", "denominator"),
    "derived": ("formula",),
    "cumulative": ("of",),
    "input": (),
    "qualitative": ("scale",),
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "simple": ("source", "measure"),
    "ratio": ("numerator", "denominator"),
    "derived": ("formula",),
    "cumulative": ("of", "window", "to_date"),
    "input": (),
    "qualitative": ("scale",),
}
_TYPE_KEYS = {key for keys_ in ALLOWED.values() for key in keys_}


def build_indicator(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    _check_type_keys(walker, values)
    arguments = own(values, *_PLAIN)
    return Indicator(
        **common(walker, name, values),
        time=TimeRule(**values["time"]),
        thresholds=_thresholds(values.get("thresholds", ())),
        **arguments,
    )


_PLAIN = tuple(
    key
    for key in INDICATOR["properties"]
    if key not in ("time", "thresholds", "kind", "layering")
    and key not in ("title", "description", "help", "renamed_from", "retired", "tags")
)


def _check_type_keys(walker: Walker, values: dict[str, Any]) -> None:
    type_ = values["type"]
    for key in OF_TYPE[type_]:
        if key not in values and (key,) not in walker.meant:
            at = walker.value_at(("type",))
            walker.fail("key-for-type-missing", at, key=key, type=type_)
    for key in values:
        if key in _TYPE_KEYS and key not in ALLOWED[type_]:
            types = [t for t, allowed in ALLOWED.items() if key in allowed]
            at = walker.key_at((key,))
            walker.fail("key-not-for-type", at, key=key, type=type_, types=", ".join(types))


def _thresholds(given: Any) -> tuple[ThresholdSet, ...]:
    if isinstance(given, dict):
        given = ({"levels": given},) if given else ()
    return tuple(
        ThresholdSet(
            levels=tuple(
                Threshold(level=level, when=when) for level, when in one["levels"].items()
            ),
            for_=one.get("for"),
            **own(one, "applies_to", "valid_from", "release"),
        )
        for one in given
    )


_MEMBER: Mapping[str, Schema] = {
    "from": DATE,
    "to": DATE,
    "required": BOOLEAN,
    "order": INTEGER,
}
INDICATOR_SET = kind("indicator_set", {"members": map_of(keys("member", _MEMBER))}, ("members",))


def build_indicator_set(walker: Walker, name: str, values: dict[str, Any]) -> IndicatorSet:
    members = {}
    for indicator, given in values["members"].items():
        walker.reference("indicator", indicator, walker.key_at(("members", indicator)))
        members[indicator] = Member(
            indicator=indicator, from_=given.get("from"), **own(given, "to", "required", "order")
        )
    return IndicatorSet(**common(walker, name, values), members=members)
