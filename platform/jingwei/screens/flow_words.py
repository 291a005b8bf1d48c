"""Words for what a step of a workflow says of itself: whom it asks, when, and how it goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jingwei.authoring.resolved import resolved
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Form
from jingwei.language.values import Duration
from jingwei.language.who import Who
from jingwei.language.workflow import Step, Workflow
from jingwei.texts import has_text, text


def field_names(form: Form | None, locale: str) -> dict[str, str]:
    """What fields are called, by the paths of conditions: `amount`, `lines.amount`, `row.amount`
    where all tables call it the same."""
    found: dict[str, str] = {}
    rows: dict[str, set[str]] = {}
    for name, field in form.fields.items() if form is not None else ():
        found[name] = field.title(locale)
        for column, below in field.fields.items():
            found[f"{name}.{column}"] = f"{field.title(locale)}·{below.title(locale)}"
            rows.setdefault(column, set()).add(below.title(locale))
    found |= {f"row.{name}": next(iter(one)) for name, one in rows.items() if len(one) == 1}
    return found


def rule_words(catalogue: Catalogue, locale: str) -> Callable[[Who], str]:
    """Words for a rule of people, with the titles that posts, roles and orgs have."""

    def words(who: Who) -> str:
        org = _org_words(catalogue, who, locale)
        named: Mapping[str, Any] = {"post": catalogue.posts, "role": catalogue.roles}.get(
            who.kind, {}
        )
        known = named.get(who.name or "")
        if known is not None:
            title = str(known.title(locale))
            if not org or title.startswith(org):  # 集团 and 集团领导
                return title
            return text("flow_diagram.rules.at", locale, org=org, who=title)
        if who.of:
            inside = text("flow_diagram.listing", locale).join(words(one) for one in who.of)
            return text(f"flow_diagram.rules.{who.kind}", locale, who=inside)
        key = f"flow_diagram.rules.{who.kind}"
        if not has_text(key):
            return rule_name(who)
        return text(key, locale, who=who.name or "", org=org)

    return words


def _org_words(catalogue: Catalogue, who: Who, locale: str) -> str:
    """The record's own org, the one above it, the nearest of a type; else as it is written."""
    source = who.org.source.strip() if who.org is not None else ""
    types = catalogue.org_types.types if catalogue.org_types else {}
    if source in ("org", "org.parent"):
        return text(f"flow_diagram.orgs.{source.replace('.', '_')}", locale)
    last = source.split(".")[-1]
    return types[last].title(locale) if last in types else source


def rule_name(who: Who) -> str:
    """A rule of people as it is written, in short."""
    return who.name or (who.org.source if who.org is not None else who.kind)


def details(
    workflow: Workflow, step: Step, locale: str, condition: Callable[[str], str]
) -> Iterator[str]:
    """What a definition says of a step beside its kind and its people, a line each. `condition`:
    words for an expression."""

    def say(key: str, **holes: object) -> str:
        return text(f"flow_diagram.details.{key}", locale, **holes)

    if step.when is not None:
        yield say("only_if", words=condition(step.when.source))
    if step.wait_until is not None:
        yield say("until", words=condition(step.wait_until.source))
    if step.wait_for is not None:
        yield say("for", words=span_words(step.wait_for, locale))
    if step.at_most is not None:
        yield say("at_most", words=span_words(step.at_most, locale))
    if step.due is not None:
        lag = step.due if isinstance(step.due, Duration) else step.due.lag
        whole = isinstance(resolved(step.due), str) and lag is not None
        yield say("due", words=span_words(lag, locale)) if lag and whole else say("due_day")
    if step.max is not None:
        yield say("most", count=step.max)
    if step.on_reject != "end":
        yield say("rejected_to", title=target_title(workflow, step.on_reject, locale))


def kind_words(workflow: Workflow, step: Step, locale: str, flows: Mapping[str, str]) -> str:
    """What a step does, in a word or two. `flows`: titles of workflows by name."""

    def say(key: str, **holes: object) -> str:
        return text(f"flow_diagram.{key}", locale, **holes)

    match step.kind:
        case "approve":
            passes = ""
            if step.mode == "vote" and step.pass_share:
                passes = f" {share_words(step.pass_share, locale)}"
            return say(f"modes.{step.mode}") + passes
        case "end":
            return say(f"ends.{step.outcome or 'approved'}")
        case "return":
            return say("return_to", title=target_title(workflow, step.return_to or "", locale))
        case "subflow":
            name = str((step.subflow or {}).get("workflow", ""))
            return say("details.subflow", title=flows.get(name, name))
    return say(f"kinds.{step.kind}")


def span_words(span: Duration, locale: str) -> str:
    """How long that is, in words: three working days."""
    return text(f"flow_diagram.spans.{span.unit}", locale, count=span.amount)


def share_words(written: str, locale: str) -> str:
    """What passes a vote, in words; `50%` and `2/3` say it themselves."""
    found = re.fullmatch(r"(weight|share)\s*(>=|≥|>)\s*(\S+)", written.strip())
    if found is None:
        return written
    word, than, amount = found.groups()
    key = f"{word}_{'more' if than == '>' else 'least'}"
    return text(f"flow_diagram.passes.{key}", locale, amount=amount)


def target_title(workflow: Workflow, word: str, locale: str) -> str:
    """Where a return leads to: the title of the step, or who is meant."""
    target = workflow.step(word)
    if target is not None:
        return target.title(locale)
    key = f"flow_diagram.targets.{word}"
    return text(key, locale) if has_text(key) else word
