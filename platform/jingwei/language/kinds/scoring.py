"""Kind scoring: the rules by which a year is assessed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from jingwei.language.kinds.common import common, own
from jingwei.language.shapes import (
    BOOLEAN,
    CONDITION,
    FORMULA,
    INTEGER,
    NAME,
    NUMBER,
    TEXT,
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
from jingwei.language.standards import Band, Guard, Scoring, ScoringItem, ScoringRule, Veto
from jingwei.language.values import Formula
from jingwei.language.walker import BAD, Walker, reads
from jingwei.reading.yaml_file import Data, Path, Scalar

_AMOUNT: Schema = {"jingwei": "amount", "type": ["number", "string"]}
_SHAPE = re.compile(r"([+-]?\d+(?:\.\d+)?)(%|pp)?\Z")
_UNITS = {None: Decimal(1), "%": Decimal("0.01"), "pp": Decimal("0.01")}


@reads("amount")
def read_amount(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """A number, a share (`3%`) or percentage points (`1pp`)."""
    scalar = walker.scalar(data, path, "things.number")
    if scalar is None:
        return BAD
    found = _SHAPE.match(scalar.text)
    if found is None:
        return walker.fail("bad-amount", walker.value_at(path), value=scalar.text[:40])
    return Decimal(found[1]) * _UNITS[found[2]]


_BAND = keys(
    "band",
    {
        "ge": _AMOUNT,
        "lt": _AMOUNT,
        "score": by_shape(scalar={"jingwei": "band_score", "type": ["number", "string"]}),
        "per": _AMOUNT,
        "points": NUMBER,
    },
)


@reads("band_score")
def read_band_score(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if isinstance(data, Scalar) and data.text == "full":
        return "full"
    return read_amount(walker, schema, data, path)


_RULE = keys(
    "scoring_rule",
    {
        "type": enum(
            "step", "bands", "efficiency_coefficient", "proportional", "table", "deduct", "formula"
        ),
        "per": _AMOUNT,
        "points": NUMBER,
        "cap": _AMOUNT,
        "cap_up": NUMBER,
        "cap_down": NUMBER,
        "steps": else_(enum("whole", "proportional"), "whole"),
        "of": NAME,
        "bands": list_of(_BAND),
        "benchmark": ref("benchmark"),
        "tiers": list_of(NUMBER),
        "rows": map_of(NUMBER, names="code"),
        "score": FORMULA,
    },
    ("type",),
)
# type of rule → keys it cannot do without
_NEEDS = {
    "step": ("per", "points"),
    "bands": ("bands",),
    "efficiency_coefficient": ("tiers",),
    "proportional": (),
    "table": ("rows",),
    "deduct": ("per", "points"),
    "formula": ("score",),
}
_BASE_OF_TIER = keys("base_of_tier", {"benchmark": NAME}, ("benchmark",))
_ITEM = keys(
    "scoring_item",
    {
        "title": TEXT,
        "weight": NUMBER,
        "base": by_shape(scalar=FORMULA, keyed=_BASE_OF_TIER),
        "rule": _RULE,
        "constraint": BOOLEAN,
        "from": keys(
            "scoring_from",
            {"form": ref("form"), "value": FORMULA, "where": CONDITION},
            ("form", "value"),
        ),
        "manual": keys("manual", {"who": WHO, "max": NUMBER}, ("who", "max")),
        "cap_override": NUMBER,
    },
)
SCORING = kind(
    "scoring",
    {
        "applies_to": CONDITION,
        "total": NUMBER,
        "items": map_of(_ITEM, thing="scoring_item"),
        "weights_from": as_written(
            keys(
                "weights_from",
                {
                    "form": ref("form"),
                    "each": NAME,
                    "indicator": NAME,
                    "weight": NAME,
                    "target": NAME,
                },
                ("form", "indicator", "weight"),
            )
        ),
        "adjust": keys(
            "adjust",
            {
                "multiplier": FORMULA,
                "bonus_max": NUMBER,
                "deductions": keys(
                    "deductions",
                    {"form": ref("form"), "where": CONDITION, "points": FORMULA},
                    ("form", "points"),
                ),
            },
        ),
        "guards": list_of(
            keys(
                "guard",
                {
                    "if": CONDITION,
                    "then": keys(
                        "guard_then", {"others": enum("cap_at_basic"), "multiplier": NUMBER}
                    ),
                },
                ("if", "then"),
            )
        ),
        "veto": list_of(
            keys("veto", {"when": CONDITION, "grade_max": WORD}, ("when", "grade_max"))
        ),
        "grades": map_of(NUMBER, names="code"),
        "rank": keys(
            "rank",
            {
                "within": WORD,
                "ties": else_(enum("competition", "dense"), "competition"),
                "tiebreak": list_of(NAME),
                "exclude": CONDITION,
            },
        ),
        "missing": else_(enum("zero", "reweight", "pending"), "pending"),
        "rounding": keys("rounding", {"item": INTEGER, "total": INTEGER, "mode": enum("half_up")}),
    },
    ("items",),
)


def build_scoring(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    items = {}
    for item, given in values["items"].items():
        built = _item(walker, item, given)
        if built is BAD:
            return BAD
        items[item] = built
    adjust = values.get("adjust", {})
    rounding = values.get("rounding", {})
    grades = sorted(values.get("grades", {}).items(), key=lambda one: -one[1])
    arguments = own(values, "applies_to", "total", "rank", "missing")
    return Scoring(
        **common(walker, name, values),
        items=items,
        multiplier=adjust.get("multiplier"),
        bonus_max=adjust.get("bonus_max"),
        deductions=adjust.get("deductions"),
        guards=tuple(
            Guard(
                when=one["if"],
                others_capped="others" in one["then"],
                multiplier=one["then"].get("multiplier"),
            )
            for one in values.get("guards", ())
        ),
        veto=tuple(Veto(**one) for one in values.get("veto", ())),
        grades=tuple(grades),
        item_places=rounding.get("item", 2),
        total_places=rounding.get("total", 2),
        **arguments,
    )


def _item(walker: Walker, name: str, given: dict[str, Any]) -> Any:
    path: Path = ("items", name)
    rule = _rule(walker, given.get("rule"), (*path, "rule"))
    if rule is BAD:
        return BAD
    manual, source = given.get("manual"), given.get("from")
    if rule is None and manual is None and (*path, "rule") not in walker.meant:
        return walker.fail("one-of-keys", walker.key_at(path), keys="rule, manual")
    if manual is None and source is None:
        walker.reference("indicator", name, walker.key_at(path))
    base, tier = _base(given.get("base"))
    return ScoringItem(
        name=name,
        base=base,
        base_tier=tier,
        rule=rule,
        manual_who=manual["who"] if manual else (),
        manual_max=manual["max"] if manual else None,
        value=source["value"] if source else None,
        value_form=source["form"] if source else None,
        value_where=source.get("where") if source else None,
        **own(given, "title", "weight", "constraint"),
    )


def _base(given: Any) -> tuple[Any, str | None]:
    if isinstance(given, dict):
        return "target", given["benchmark"]
    if isinstance(given, Formula):
        word = given.source.strip()
        return (word if word in ("target", "last_year") else given), None
    return "target", None


def _rule(walker: Walker, given: Any, path: Path) -> Any:
    if given is None:
        return None
    for key in _NEEDS[given["type"]]:
        if key not in given and (*path, key) not in walker.meant:
            at = walker.value_at((*path, "type"))
            return walker.fail("key-for-type-missing", at, key=key, type=given["type"])
    per_points = False
    if "per" in given:
        data: Any = walker.file.data
        for step in (*path, "per"):
            data = data[step]
        per_points = isinstance(data, Scalar) and data.text.endswith("pp")
    return ScoringRule(
        **{
            **given,
            "per_points": per_points,
            "bands": tuple(Band(**one) for one in given.get("bands", ())),
            "tiers": tuple(given.get("tiers", ())),
        }
    )
