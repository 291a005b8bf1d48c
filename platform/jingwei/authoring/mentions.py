"""Fields and indicators that definitions name without an expression: columns, rights, layouts …"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.scorecards import schemes_of
from jingwei.language.effects import Effect, Effects
from jingwei.language.form import Field, Form
from jingwei.language.measures import Indicator
from jingwei.language.output import Alert, DataBlock
from jingwei.language.values import Formula
from jingwei.language.workflow import Workflow, walk
from jingwei.problems import Position


@dataclass(frozen=True, slots=True)
class Mention:
    """`by` (kind/name) names `target` at `path`; see `lineage.Use`."""

    at: Position
    by: str
    path: str
    target: str
    made: str | None = None
    writes: bool = False


def mentions(catalogue: Catalogue) -> Iterator[Mention]:
    for form in catalogue.forms.values():
        yield from _form(catalogue, form)
    for workflow in catalogue.workflows.values():
        yield from _workflow(catalogue, workflow)
    for indicator in catalogue.indicators.values():
        yield from _indicator(catalogue, indicator)
    for set_ in catalogue.indicator_sets.values():
        for name in set_.members:
            at = set_.origin.key("members", name)
            yield Mention(at, f"indicator_set/{set_.name}", f"members.{name}", name)
    for alert in catalogue.alerts.values():
        yield from _alert(catalogue, alert)
    for report in catalogue.reports.values():
        by = f"report/{report.name}"
        for name, block in report.data.items():
            yield from _block(catalogue, block, by, f"data.{name}")
        for name, chart in report.charts.items():
            if chart.indicator is not None:
                at = report.origin.value("charts", name, "indicator")
                yield Mention(at, by, f"charts.{name}.indicator", chart.indicator)
    yield from _of_indicators(catalogue)
    yield from _of_code_lists(catalogue)
    for schedule in catalogue.schedules.values():
        yield from _effects(None, schedule.do, f"schedule/{schedule.name}", "do")
    for dashboard in catalogue.dashboards.values():
        by = f"dashboard/{dashboard.name}"
        for name, tile in dashboard.tiles.items():
            yield from _block(catalogue, tile.block, by, f"tiles.{name}")


def _of_code_lists(catalogue: Catalogue) -> Iterator[Mention]:
    """The fields that codes and their titles are taken from."""
    for code_list in catalogue.code_lists.values():
        source = code_list.source or {}
        form = catalogue.forms.get(source.get("form", ""))
        for key in ("code", "title"):
            if form is not None and key in source:
                at = code_list.origin.value("source", key)
                for target in follow(catalogue, form, source[key]):
                    yield Mention(at, f"code_list/{code_list.name}", f"source.{key}", target)


def _of_indicators(catalogue: Catalogue) -> Iterator[Mention]:
    """Indicators that scoring schemes and scenarios name."""
    for scheme in catalogue.scorings.values():
        by = f"scoring/{scheme.name}"
        for name in scheme.items:
            if name in catalogue.indicators:
                yield Mention(scheme.origin.key("items", name), by, f"items.{name}", name)
        deductions = scheme.deductions or {}
        form = catalogue.forms.get(str(deductions.get("form", "")))
        if form is not None:
            at = scheme.origin.value("adjust", "deductions")
            for target in follow(catalogue, form, str(deductions.get("points", ""))):
                yield Mention(at, by, "adjust.deductions.points", target)
    for scenario in catalogue.scenarios.values():
        by = f"scenario/{scenario.name}"
        for name in scenario.drivers:
            yield Mention(scenario.origin.key("drivers", name), by, f"drivers.{name}", name)
        for index, name in enumerate(scenario.show):
            yield Mention(scenario.origin.value("show", index), by, "show", name)


def follow(catalogue: Catalogue, form: Form, path: str) -> Iterator[str]:
    """The fields that a path names, each step through a link: `plan.amount` names two."""
    head, _, rest = path.removeprefix("-").partition(".")
    field = form.fields.get(head)
    if field is None:
        return
    yield f"{form.name}.{head}"
    if not rest:
        return
    if field.type == "table" and rest in field.fields:
        yield f"{form.name}.{head}.{rest}"
    elif field.type == "link" and len(field.to) == 1 and field.to[0] in catalogue.forms:
        yield from follow(catalogue, catalogue.forms[field.to[0]], rest)


def _form(catalogue: Catalogue, form: Form) -> Iterator[Mention]:
    by = f"form/{form.name}"

    def named(paths: Iterable[str], *where: str | int, of: Form = form) -> Iterator[Mention]:
        for index, path in enumerate(paths):
            at = form.origin.value(*where, index)
            place = ".".join(str(part) for part in where)
            for target in follow(catalogue, of, path):
                yield Mention(at, by, place, target)

    for key in ("columns", "filters", "sort", "group"):
        yield from named(getattr(form.list, key), "list", key)
    for number, section in enumerate(form.layout):
        yield from named((n for row in section.rows for n in row), "layout", number)
    for name, grant in form.permissions.items():
        for key in ("hide", "readonly", "mask"):
            yield from named(getattr(grant, key), "permissions", name, key)
    for name, restriction in form.restrict.items():
        yield from named(restriction.fields, "restrict", name, "fields")
    for name, rule in form.rules.items():
        prefix = f"{rule.each}." if rule.each else ""
        yield from named((prefix + one for one in rule.unique), "rules", name, "unique")
        yield from named((rule.field_at,) if rule.field_at else (), "rules", name, "at")
        at = form.origin.value("rules", name, "each")
        for target in follow(catalogue, form, rule.each or ""):
            yield Mention(at, by, f"rules.{name}.each", target)
    for name, fact in form.facts.items():
        for target in follow(catalogue, form, fact.each or ""):
            yield Mention(form.origin.value("facts", name, "each"), by, f"facts.{name}", target)
    if isinstance(form.versions, Mapping):
        for key in ("effective", "reason"):
            for target in follow(catalogue, form, str(form.versions.get(key) or "")):
                yield Mention(form.origin.value("versions", key), by, f"versions.{key}", target)
    for name, view in form.list.views.items():
        for key, word in view.items():
            for target in follow(catalogue, form, word) if isinstance(word, str) else ():
                at = form.origin.value("list", "views", name, key)
                yield Mention(at, by, f"list.views.{name}.{key}", target)
    for target in follow(catalogue, form, form.tree or ""):
        yield Mention(form.origin.value("tree"), by, "tree", target)
    for name, related in form.related.items():
        other = catalogue.forms[related.form]
        yield from named((related.by,), "related", name, "by", of=other)
        yield from named(related.columns, "related", name, "columns", of=other)
        yield from named(related.sort, "related", name, "sort", of=other)
    for name, field in form.fields.items():
        if field.scorecard is not None:
            yield from _scored(catalogue, form, field, by)
            continue
        for key, columns in (("unique", field.unique_rows), ("totals", field.totals)):
            inside = (f"{name}.{column}" for column in columns)
            yield from named(inside, "fields", name, key)
        yield from _filled(catalogue, form, name, by)
    for name, action in form.actions.items():
        yield from _effects(form, action.do, by, f"actions.{name}.do")
    for name, effects in form.events.items():
        yield from _effects(form, effects, by, f"events.{name}")
    for name, receipt in form.receipts.items():
        yield from _effects(form, receipt.then, by, f"receipts.{name}.then")


def _scored(catalogue: Catalogue, form: Form, field: Field, by: str) -> Iterator[Mention]:
    """A score sheet is made of the indicators of its scheme, or of those of every scheme."""
    at = form.origin.value("fields", field.name, "scheme")
    for scheme in schemes_of(field, catalogue.scorings):
        for name in scheme.items:
            if name in catalogue.indicators:
                made = f"{form.name}.{field.name}"
                yield Mention(at, by, f"fields.{field.name}.scheme", name, made)


def _filled(catalogue: Catalogue, form: Form, name: str, by: str) -> Iterator[Mention]:
    """`fill:` of a link copies fields of the linked record into fields of this one."""
    field = form.fields[name]
    if len(field.to) != 1 or field.to[0] not in catalogue.forms:
        return
    other = catalogue.forms[field.to[0]]
    for target, given in field.fill.items():
        path = given.get("from", "") if isinstance(given, dict) else given
        at = form.origin.value("fields", name, "fill", target)
        for read in follow(catalogue, other, str(path)):
            yield Mention(at, by, f"fields.{name}.fill", read, f"{form.name}.{target}")


def _effects(form: Form | None, effects: Effects, by: str, path: str) -> Iterator[Mention]:
    """The fields that effects fill. `form`: the one whose record they are written on."""
    for effect in effects:
        prefix = _written(form, effect)
        if prefix is not None:
            for name, value in effect.values.items():
                at = value.at if isinstance(value, Formula) else effect.at
                yield Mention(at, by, f"{path}.{effect.verb}", f"{prefix}.{name}", writes=True)


def _written(form: Form | None, effect: Effect) -> str | None:
    """Whose fields the effect's `set` fills."""
    match effect.verb:
        case "set" if form is not None:
            return form.name
        case "create" | "update" if effect.args.get("form"):
            return str(effect.args["form"])
        case "append" if form is not None:
            return f"{form.name}.{effect.args['to']}"
    return None


def _workflow(catalogue: Catalogue, workflow: Workflow) -> Iterator[Mention]:
    form = catalogue.forms[workflow.form]
    by = f"workflow/{workflow.name}"
    for step in walk(workflow.steps):
        for key in ("write", "require", "hide"):
            for path in getattr(step.fields, key):
                for target in follow(catalogue, form, path):
                    place = f"steps.{step.id}.fields.{key}"
                    yield Mention(step.at, by, place, target, writes=key == "write")
        if step.signature is not None:
            for target in follow(catalogue, form, step.signature):
                yield Mention(step.at, by, f"steps.{step.id}.signature", target, writes=True)
        yield from _effects(form, step.do, by, f"steps.{step.id}.do")
    for index, path in enumerate(workflow.policy.return_.walk_again_if_changed or ()):
        where = ("defaults", "return", "walk_again_if_changed")
        at = workflow.origin.value(*where, index)
        for target in follow(catalogue, form, path):
            yield Mention(at, by, ".".join(where), target)
    for outcome, effects in workflow.end.items():
        yield from _effects(form, effects, by, f"end.{outcome}")


def _indicator(catalogue: Catalogue, indicator: Indicator) -> Iterator[Mention]:
    by = f"indicator/{indicator.name}"
    for key in ("numerator", "denominator", "of", "weight"):
        name = getattr(indicator, key)
        if name is not None:
            yield Mention(indicator.origin.value(key), by, key, name, indicator.name)
    if indicator.measure is not None:
        form = catalogue.forms[indicator.measure["form"]]
        for key in ("time", "org"):
            at = indicator.origin.value("measure", key)
            for target in follow(catalogue, form, str(indicator.measure.get(key, ""))):
                yield Mention(at, by, f"measure.{key}", target, indicator.name)


def _alert(catalogue: Catalogue, alert: Alert) -> Iterator[Mention]:
    by = f"alert/{alert.name}"
    if alert.watch_indicator is not None:
        at = alert.origin.value("watch", "indicator")
        yield Mention(at, by, "watch.indicator", alert.watch_indicator)
    if alert.todo is not None:
        for name in alert.todo.set:
            at = alert.origin.key("todo", "set", name)
            yield Mention(at, by, "todo.set", f"{alert.todo.form}.{name}", writes=True)


def _block(catalogue: Catalogue, block: DataBlock, by: str, path: str) -> Iterator[Mention]:
    for name in _indicators(catalogue, block.indicators):
        yield Mention(block.at, by, f"{path}.indicators", name)
    if block.form is None:
        return
    form_name, _, table = block.form.partition(".")
    form = catalogue.forms[form_name]
    prefix = f"{table}." if table else ""
    named: list[tuple[str, Any]] = [("columns", n) for n, formula in block.columns if not formula]
    named += [("group", name) for name in block.group]
    named += [("sort", name.removeprefix("-")) for name in block.sort]
    named += [("by", block.by)] if block.by else []
    for key, name in named:
        for target in follow(catalogue, form, prefix + name):
            yield Mention(block.at, by, f"{path}.{key}", target)


def _indicators(catalogue: Catalogue, names: Iterable[str]) -> Iterator[str]:
    """Names of indicators; a set stands for its members."""
    for name in names:
        if name.startswith("set."):
            yield from catalogue.indicator_sets[name.removeprefix("set.")].members
        else:
            yield name
