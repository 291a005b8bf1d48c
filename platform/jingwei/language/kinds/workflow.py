"""Kind `workflow`: schema and builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.effects import Effect
from jingwei.language.kinds.common import common, own
from jingwei.language.shapes import (
    BOOLEAN,
    CONDITION,
    DUE,
    DURATION,
    EFFECTS,
    FORMULA,
    INTEGER,
    NAME,
    TEXT,
    VALUE,
    WHO,
    WORD,
    Schema,
    by_shape,
    else_,
    enum,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.text import Text
from jingwei.language.walker import BAD, Walker, reads, unknown_key, wrong_shape
from jingwei.language.who import Who
from jingwei.language.workflow import Branch, Policy, ReturnRule, Step, StepFields, Workflow
from jingwei.problems import Phrase
from jingwei.reading.yaml_file import Data, Path

OPERATIONS = (
    "approve",
    "reject",
    "return",
    "transfer",
    "delegate",
    "add_sign",
    "drop_sign",
    "take_back",
    "cc",
    "urge",
    "comment",
    "acknowledge",
    "claim",
)
STEPS: Schema = {"jingwei": "steps", "type": "array"}
_FIELDS = keys(
    "step_fields",
    {"write": list_of(WORD), "require": list_of(WORD), "hide": list_of(WORD)},
)
_RETURN = keys(
    "return_rule",
    {
        "to": else_(WORD, "any_earlier"),
        "resume": else_(enum("returner", "walk"), "returner"),
        "walk_again_if_changed": list_of(WORD),
    },
)
_EMPTY = by_shape(
    scalar=enum("pass", "reject", "block_start", "flow_admin"),
    keyed=WHO,
)
_POLICY: Mapping[str, Schema] = {
    "empty": _EMPTY,
    "self_approval": enum("allow", "skip", "superior", "forbid"),
    "same_person": enum("none", "consecutive", "any_earlier", "keep_last"),
    "return": _RETURN,
    "rerun": enum("branch", "block"),
    "vote_withdraw": enum("while_open", "never"),
    "remind": keys("remind", {"first": DURATION, "every": DURATION, "max": INTEGER}),
}
# what `defaults` means where it does not say: the class Policy has the same, and a test compares
_UNSAID: Mapping[str, str] = {
    "empty": "flow_admin",
    "self_approval": "superior",
    "same_person": "consecutive",
    "rerun": "branch",
    "vote_withdraw": "while_open",
}
POLICIES = tuple(_POLICY)
_DEFAULTS: Mapping[str, Schema] = {
    key: else_(schema, _UNSAID[key]) if key in _UNSAID else schema
    for key, schema in _POLICY.items()
}
_OVERDUE = keys(
    "overdue",
    {
        "after": DURATION,
        "notify": WHO,
        "urge": WHO,
        "transfer": WHO,
        "return_to": WORD,
        "then": WORD,
        "decide": enum("approve", "reject"),
    },
    ("after",),
)
_APPROVE: Mapping[str, Schema] = {
    "who": WHO,
    "mode": else_(enum("one", "any", "all", "sequential", "vote"), "one"),
    "holders": else_(enum("any", "all", "claim"), "any"),
    "pass": WORD,
    "on_reject": else_(
        by_shape(scalar=enum("end"), keyed=keys("on_reject", {"return_to": WORD}, ("return_to",))),
        "end",
    ),
    "reject_needs": else_(enum("one", "all"), "one"),
    "add_sign": else_(list_of(enum("before", "after", "with")), "before", "after", "with"),
    "opinion": else_(enum("required", "optional"), "optional"),
    "signature": NAME,
    "fields": _FIELDS,
    "labels": map_of(TEXT),
}
# step kind → the schema of what stands under it
BLOCKS: Mapping[str, Schema] = {
    "fill": keys("fill", {"who": WHO, "fields": _FIELDS, "labels": map_of(TEXT)}, ("who",)),
    "approve": keys("approve", _APPROVE, ("who",)),
    "cc": keys("cc", {"who": WHO, "more": enum("initiator")}, ("who",)),
    "acknowledge": keys("acknowledge", {"who": WHO, "wait": BOOLEAN}, ("who",)),
    "branch": {"jingwei": "branches"},
    "inclusive": {"jingwei": "branches"},
    "parallel": map_of(keys("parallel_branch", {"title": TEXT, "steps": STEPS}, ("steps",))),
    "each": keys(
        "each",
        {
            "of": FORMULA,
            "distinct": FORMULA,
            "steps": STEPS,
            "order": else_(enum("together", "one_by_one"), "together"),
            "fields": _FIELDS,
        },
        ("of", "steps"),
    ),
    "wait": keys("wait", {"for": DURATION, "until": CONDITION, "at_most": DURATION, "then": WORD}),
    "return": keys("return_step", {"to": WORD, "when": CONDITION, "max": INTEGER}, ("to",)),
    "end": enum("approved", "rejected"),
    "do": EFFECTS,
    "subflow": keys(
        "subflow",
        {
            "workflow": ref("workflow"),
            "create": keys(
                "effect", {"form": ref("form"), "set": map_of(VALUE, thing="effect")}, ("form",)
            ),
            "each": FORMULA,
            "wait": else_(enum("all", "any", "none"), "all"),
        },
        ("workflow", "create"),
    ),
}
STEP_KEYS: Mapping[str, Schema] = {
    "id": NAME,
    "title": TEXT,
    "when": CONDITION,
    "due": DUE,
    "overdue": list_of(_OVERDUE),
    "can": list_of(enum(*OPERATIONS)),
    "help": WORD,
    "reason": TEXT,
    **_POLICY,
}
SCHEMA = kind(
    "workflow",
    {
        "form": ref("form"),
        "start": keys(
            "start",
            {
                "who": WHO,
                "when": CONDITION,
                "recall": else_(
                    enum("never", "until_first_decision", "until_end"), "until_first_decision"
                ),
            },
        ),
        "policy": else_(enum("standard", "strict"), "standard"),
        "defaults": keys("defaults", _DEFAULTS),
        "steps": STEPS,
        "end": keys(
            "flow_end",
            {
                "approved": EFFECTS,
                "rejected": EFFECTS,
                "recalled": EFFECTS,
                "terminated": EFFECTS,
            },
        ),
        "migrate": map_of(WORD, names="any"),
    },
    ("form", "steps"),
)


@reads("steps")
def read_steps(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if not isinstance(data, list):
        return wrong_shape(walker, "things.list", data, path)
    found = [_step(walker, part, (*path, index)) for index, part in enumerate(data)]
    return BAD if any(step is BAD for step in found) else tuple(found)


def _step(walker: Walker, data: Data, path: Path) -> Any:
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    # `return` is both a step and a rule of returning; the step has `to` alone or with when, max
    kinds = [key for key in data if key in BLOCKS and not _is_return_rule(key, data)]
    if len(kinds) != 1:
        return _which(walker, data, kinds, path)
    block = kinds[0]
    known = {**STEP_KEYS, block: BLOCKS[block]}
    values: dict[str, Any] = {}
    bad = False
    for key, part in data.items():
        here = (*path, key)
        if key not in known:
            bad = True
            inside = key in BLOCKS[block].get("properties", {})
            meant = f"{block}: {{{key}: …}}" if inside else None
            unknown_key(walker, key, known, Phrase("things.step"), here, meant)
            continue
        value = walker.read(known[key], part, here)
        bad = bad or value is BAD
        values[key] = value
    if "id" not in data:
        bad = True
        thing = Phrase("things.step")
        walker.fail("missing-key", walker.value_at(path), key="id", thing=thing)
    return BAD if bad else _build_step(walker, block, values, path)


def _is_return_rule(key: str, data: dict[str, Data]) -> bool:
    return key == "return" and any(other in BLOCKS for other in data if other != "return")


def _which(walker: Walker, data: dict[str, Data], kinds: list[str], path: Path) -> Any:
    if kinds:
        at = walker.key_at((*path, kinds[1]))
        return walker.fail("step-twice", at, one=kinds[0], other=kinds[1])
    for key, part in data.items():
        if key not in STEP_KEYS:
            known = {**dict.fromkeys(BLOCKS), **STEP_KEYS}
            at = walker.key_at((*path, key))
            named = isinstance(part, dict) and any(inner in BLOCKS for inner in part)
            if named and len(data) == 1:  # `- review: {approve: …}`
                return walker.fail("step-by-name", at, suggestion=f"id: {key[:40]}", name=key[:40])
            unknown_key(walker, key, known, Phrase("things.step"), (*path, key))
            return BAD
    return walker.fail("step-without-kind", walker.value_at(path), known=", ".join(BLOCKS))


@reads("branches")
def read_branches(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """`- when: …, steps: […]` and at last `- else: […]`."""
    if not isinstance(data, list):
        return wrong_shape(walker, "things.list", data, path)
    found = [_branch(walker, part, (*path, index)) for index, part in enumerate(data)]
    return BAD if any(branch is BAD for branch in found) else tuple(found)


WAY = keys("branch_way", {"when": CONDITION, "steps": STEPS, "title": TEXT}, ("when", "steps"))
OTHERWISE = keys("branch_way", {"else": STEPS, "title": TEXT}, ("else",))


_OTHER_ELSE = frozenset({"otherwise", "default", "否则", "其他", "其它"})


def _branch(walker: Walker, data: Data, path: Path) -> Any:
    if isinstance(data, dict) and data.keys().isdisjoint(("when", "else")):
        meant = next((key for key in data if key.lower() in _OTHER_ELSE), None)
        if meant is not None:
            here, known = (*path, meant), OTHERWISE["properties"]
            unknown_key(walker, meant, known, Phrase("things.branch_way"), here, "else")
            walker.read(STEPS, data[meant], here)
            return BAD
    otherwise = isinstance(data, dict) and "else" in data
    values = walker.read(OTHERWISE if otherwise else WAY, data, path)
    if values is BAD:
        return BAD
    steps = values["else"] if otherwise else values["steps"]
    return Branch(when=values.get("when"), steps=steps, title=values.get("title"))


def _build_step(walker: Walker, block: str, values: dict[str, Any], path: Path) -> Step:
    inner = values[block]
    arguments: dict[str, Any] = own(values, "when", "due", "overdue", "can", "help", "reason")
    arguments["policy"] = {key: values[key] for key in _POLICY if key in values and key != block}
    arguments.update(_BUILDERS[block](inner))
    if block == "subflow":
        arguments["do"] = (_creation(walker, inner, path),)
    return Step(
        id=values["id"],
        kind=block,  # type: ignore[arg-type]  # BLOCKS has the words of StepKind
        title=values.get("title", Text.plain(values["id"])),
        at=walker.value_at((*path, "id")),
        **arguments,
    )


def _with_returns(steps: tuple[Step, ...], given: Mapping[str, Any]) -> tuple[Step, ...]:
    """The rules of returning of the steps, key by key: what a step does not say of it, the workflow
    does."""
    return tuple(_with_return(step, given) for step in steps)


def _with_return(step: Step, given: Mapping[str, Any]) -> Step:
    if "return" in step.policy:
        rule = ReturnRule(**{**given, **step.policy["return"]})
        step = replace(step, policy={**step.policy, "return": rule})
    if step.steps or step.branches:
        branches = tuple(replace(b, steps=_with_returns(b.steps, given)) for b in step.branches)
        step = replace(step, steps=_with_returns(step.steps, given), branches=branches)
    return step


def _fill(inner: dict[str, Any]) -> dict[str, Any]:
    return {**own(inner, "who", "labels"), "fields": StepFields(**inner.get("fields", {}))}


def _approve(inner: dict[str, Any]) -> dict[str, Any]:
    found = own(inner, "mode", "holders", "reject_needs", "add_sign", "opinion", "signature")
    on_reject = inner.get("on_reject", "end")
    found["on_reject"] = on_reject if isinstance(on_reject, str) else on_reject["return_to"]
    found["pass_share"] = inner.get("pass")
    return {**_fill(inner), **found}


def _ways(inner: tuple[Branch, ...]) -> dict[str, Any]:
    return {"branches": inner}


def _parallel(inner: dict[str, Any]) -> dict[str, Any]:
    branches = tuple(
        Branch(when=None, steps=way["steps"], name=name, title=way.get("title"))
        for name, way in inner.items()
    )
    return {"branches": branches}


def _each(inner: dict[str, Any]) -> dict[str, Any]:
    return {
        **own(inner, "of", "distinct", "steps", "order"),
        "fields": StepFields(**inner.get("fields", {})),
    }


def _wait(inner: dict[str, Any]) -> dict[str, Any]:
    return {
        "wait_for": inner.get("for"),
        "wait_until": inner.get("until"),
        **own(inner, "at_most", "then"),
    }


def _creation(walker: Walker, inner: dict[str, Any], path: Path) -> Effect:
    """A subflow begins with the records it is about: an effect `create`."""
    here = (*path, "subflow", "create")
    return Effect(
        verb="create",
        at=walker.value_at(here),
        path="/".join(str(part) for part in here),
        args={"form": inner["create"]["form"]},
        values=inner["create"].get("set", {}),
        each=inner.get("each"),
    )


def _cc(inner: dict[str, Any]) -> dict[str, Any]:
    """`more: initiator` lets the initiator name people besides, when the request is submitted."""
    found = own(inner, "who", "more")
    if found.get("more") == "initiator":
        found["who"] = (*found["who"], Who("chosen_by", found["who"][0].at, name="initiator"))
    return found


def _return(inner: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"return_to": inner["to"], "max": inner.get("max")}
    if "when" in inner:
        found["when"] = inner["when"]
    return found


_BUILDERS: Mapping[str, Any] = {
    "fill": _fill,
    "approve": _approve,
    "cc": _cc,
    "acknowledge": lambda inner: own(inner, "who", "wait"),
    "branch": _ways,
    "inclusive": _ways,
    "parallel": _parallel,
    "each": _each,
    "wait": _wait,
    "return": _return,
    "end": lambda inner: {"outcome": inner},
    "do": lambda inner: {"do": inner},
    "subflow": lambda inner: {"subflow": inner},
}
# `policy:` names one of these; `defaults:` overrides it key by key
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "strict": {
        "empty": "block_start",
        "self_approval": "forbid",
        "same_person": "none",
        "rerun": "block",
        "vote_withdraw": "never",
    },
}


def build(walker: Walker, name: str, values: dict[str, Any]) -> Workflow:
    start = values.get("start", {})
    policy = {**PRESETS[values.get("policy", "standard")], **values.get("defaults", {})}
    returns = policy.pop("return", {})
    return Workflow(
        **common(walker, name, values),
        form=values["form"],
        start_who=start.get("who", ()),
        start_when=start.get("when"),
        recall=start.get("recall", "until_first_decision"),
        policy=Policy(**policy, return_=ReturnRule(**returns)),
        steps=_with_returns(values["steps"], returns),
        **own(values, "end", "migrate"),
    )
