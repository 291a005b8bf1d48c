"""Kind `test`: schema and builder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jingwei.language.kinds.common import common
from jingwei.language.shapes import (
    ANYTHING,
    INTEGER,
    NAME,
    WORD,
    Schema,
    by_shape,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.text import Text
from jingwei.language.trial import TASK_ACTIONS, GivenRecord, Trial, TrialCase, TrialStep
from jingwei.language.walker import BAD, Walker, reads, wrong_shape
from jingwei.problems import Phrase, nearest
from jingwei.reading.yaml_file import Data, Path, Scalar

_PERSON = keys(
    "test_person",
    {"name": WORD, "org": ref("org"), "posts": WORD, "roles": WORD, "email": WORD},
    ("org",),
)
_FACT = keys(
    "test_fact",
    {
        "indicator": ref("indicator"),
        "org": ref("org"),
        "period": WORD,
        "value": WORD,
        "view": WORD,
        "data_version": WORD,
        "unit": WORD,
    },
    ("indicator", "org", "period", "value"),
)
_BESIDE: Mapping[str, Schema] = {
    "as": WORD,
    "record": NAME,
    "step": NAME,
    "comment": WORD,
    "to": WORD,
    "fields": map_of(ANYTHING, names="any"),
    "ask": map_of(ANYTHING, names="any"),
}
_VERBS: Mapping[str, Schema] = {
    "submit": by_shape(scalar=WORD),
    "change": map_of(ANYTHING, names="any"),
    "create": map_of(ANYTHING, names="any"),
    "do": NAME,
    "clock": WORD,
    **dict.fromkeys(TASK_ACTIONS, WORD),
}
STEP = keys("test_step", {**_VERBS, **_BESIDE})
THEN = keys(
    "test_outcome",
    {
        "status": WORD,
        "state": WORD,
        "waiting_for": list_of(WORD, one=True),
        "hidden": list_of(WORD, one=True),
        "value": map_of(ANYTHING, names="any"),
        "refused": WORD,
        "records": map_of(INTEGER, names="any"),
        "sent": list_of(WORD, one=True),
    },
)
CASE = keys(
    "test_case",
    {
        "as": WORD,
        "given": list_of(NAME, one=True),
        "when": list_of({"jingwei": "test_step"}, one=True),
        "then": THEN,
    },
    ("as", "then"),
)
SCHEMA = kind(
    "test",
    {
        "now": WORD,
        "people": map_of(_PERSON, names="any", thing="test_person"),
        "records": map_of({"jingwei": "test_record"}, thing="test_record"),
        "facts": list_of(_FACT),
        "cases": map_of(CASE, names="code", thing="test_case"),
    },
    ("cases",),
    titled=False,
)


@reads("test_step")
def read_step(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """`submit`, or `{as: chen.jie, approve: finance}`: one verb, and what it needs."""
    at = walker.value_at(path)
    if isinstance(data, Scalar):
        if data.text == "submit":
            return TrialStep("submit", None, at)
        known = ", ".join(_VERBS)
        suggestion = nearest(data.text, _VERBS)
        return walker.fail(
            "unknown-value", at, suggestion=suggestion, value=data.text[:60], known=known
        )
    values = walker.read(STEP, data, path)
    if values is BAD:
        return BAD
    verbs = [key for key in values if key in _VERBS]
    if len(verbs) > 1 and "comment" in verbs:
        verbs.remove("comment")  # said along with something else that is done
    if len(verbs) != 1:
        at = walker.key_at((*path, verbs[1])) if verbs else at
        return walker.fail("one-of-keys", at, keys=", ".join(_VERBS))
    verb = verbs[0]
    more = {key: part for key, part in values.items() if key not in (verb, "as")}
    return TrialStep(verb, values[verb], walker.key_at((*path, verb)), values.get("as"), more)


@reads("test_record")
def read_record(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """`{form: F, field: value …}`: the fields are those of the form."""
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    if "form" not in data:
        thing = Phrase("things.test_record")
        return walker.fail("missing-key", walker.key_at(path), key="form", thing=thing)
    form = walker.read(ref("form"), data["form"], (*path, "form"))
    if form is BAD:
        return BAD
    values = {
        key: walker.read(ANYTHING, part, (*path, key))
        for key, part in data.items()
        if key != "form"
    }
    return GivenRecord(form, values, walker.key_at(path))


def build(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    now = _instant(walker, values["now"]) if "now" in values else None
    records = values.get("records", {})
    cases = {n: _case(walker, n, c, records) for n, c in values["cases"].items()}
    if now is BAD or any(case is BAD for case in cases.values()):
        return BAD
    return Trial(
        **{"title": Text.plain(name), **common(walker, name, values)},
        now=now,
        people=values.get("people", {}),
        records=records,
        facts=values.get("facts", ()),
        cases=cases,
    )


def _instant(walker: Walker, written: str) -> Any:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        why = Phrase("refusals.not-a-datetime", (), bare=True)
        at = walker.value_at(("now",))
        return walker.fail("bad-value", at, value=written[:40], why=why)


def _case(walker: Walker, name: str, case: dict[str, Any], records: Mapping[str, Any]) -> Any:
    for index, given in enumerate(case.get("given", ())):
        if given not in records:
            at = walker.value_at(("cases", name, "given", index))
            return walker.fail(
                "unknown-value",
                at,
                suggestion=nearest(given, records),
                value=given,
                known=", ".join(records) or "–",
            )
    return TrialCase(
        name,
        walker.key_at(("cases", name)),
        case["as"],
        case.get("given", ()),
        case.get("when", ()),
        case["then"],
    )
