"""What a form says that has no effect, or cannot work as it stands: numbers that repeat, rights
to what is not there, versions that nothing cuts, keys that wait for another key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.language.values import Due, Literal_
from jingwei.problems import Problems, Severity, nearest

# what many records have in common
_SHARED = frozenset({"org", "date", "datetime", "period", "choice", "boolean", "person"})
_MONTHS = {"mo": 1, "q": 3, "y": 12}
# keys of a field, and the one without which each does nothing
_WAITS = (("mode", "compute"), ("freeze", "compute"), ("public", "compute"))


def check_form_doubts(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """Adds a problem for each; `catalogue`: what else gives the form a flow."""
    has_flow = bool(form.workflow or form.workflows or form.name in _given_flows(catalogue))
    _check_rights(form, has_flow or form.submit is not None, problems)
    _check_versions(form, has_flow or form.submit is not None, problems)
    _check_views(form, problems)
    _check_collect(form, problems)
    for name, action in form.actions.items():
        if action.bulk and action.place.startswith("row "):
            at = form.origin.key("actions", name, "bulk")
            needs = "place: record"
            problems.add("without-effect", at, severity="warning", key="bulk", needs=needs)
    for field in _every(form):
        _check_waiting(form, field, problems)
        _check_freeze(form, field, problems)
        _check_renamed(form, field, problems)
        _check_places(form, field, problems)


def repeats(form: Form, names: list[str]) -> bool:
    """Whether records may share what these fields hold, so that a number made of them repeats."""
    fields = [form.fields[name] for name in names]
    if any(field.type not in _SHARED or field.unique for field in fields):
        return False
    return not any(
        rule.unique and rule.each is None and set(rule.unique) <= {*names, "org"}
        for rule in form.rules.values()
    )


def _given_flows(catalogue: Catalogue) -> set[str]:
    """Forms that a profile, or a layer, gives a flow."""
    given = {name for profile in catalogue.profiles.values() for name in profile.workflows}
    for layer in catalogue.layers.values():
        if any(patch.path.partition(".")[0] in ("workflow", "workflows") for patch in layer.sets):
            given.add(layer.of_name)
    return given


def _every(form: Form) -> Iterator[Field]:
    for field in form.fields.values():
        yield field
        yield from field.fields.values()


def _path(field: Field) -> tuple[str, ...]:
    return ("fields", *((field.table, "fields") if field.table else ()), field.name)


def _check_rights(form: Form, is_submitted: bool, problems: Problems) -> None:
    for name, grant in form.permissions.items():
        if not grant.can:
            at = form.origin.value("permissions", name, "can")
            problems.add("empty-value", at, severity="warning", key="can")
        for index, word in enumerate(grant.can):
            if word == "submit" and not is_submitted:
                at = form.origin.value("permissions", name, "can", index)
                problems.add("right-to-nothing", at, severity="warning", right=word, form=form.name)


def _check_versions(form: Form, is_submitted: bool, problems: Problems) -> None:
    if form.versions == "on_approval" and not is_submitted:
        at = form.origin.key("versions")
        problems.add("without-effect", at, severity="warning", key="versions", needs="workflow")
    if form.submit is not None and (form.workflow or form.workflows):
        at = form.origin.key("submit")
        problems.add("submit-and-workflow", at, severity="warning", form=form.name)


def _check_views(form: Form, problems: Problems) -> None:
    for name, view in form.list.views.items():
        if view["type"] == "tree" and form.tree is None:
            at = form.origin.value("list", "views", name, "type")
            problems.add("key-for-type-missing", at, key="tree", type="tree")


def _check_waiting(form: Form, field: Field, problems: Problems) -> None:
    """Keys that do nothing without another one."""
    written = form.origin.keys
    for key, needed in _WAITS:
        if (*_path(field), key) in written and field.compute is None:
            _say_waits(form, field, key, needed, problems)
    if (*_path(field), "when_hidden") in written and field.visible_if is None:
        _say_waits(form, field, "when_hidden", "visible_if", problems)
    if not FIELD_TYPES[field.type].is_value and field.type in ("heading", "note"):
        for key in ("compute", "required", "required_if", "default", "unique"):
            if (*_path(field), key) in written:
                at = form.origin.key(*_path(field), key)
                severity: Severity = "error" if key in ("compute", "default") else "warning"
                holes = {"key": key, "name": field.name, "type": field.type}
                problems.add("holds-nothing", at, severity=severity, **holes)


def _say_waits(form: Form, field: Field, key: str, needed: str, problems: Problems) -> None:
    if field.scorecard is not None:
        return  # made by its scheme
    at = form.origin.key(*_path(field), key)
    problems.add("without-effect", at, severity="warning", key=key, needs=needed)


def _check_freeze(form: Form, field: Field, problems: Problems) -> None:
    known = ("create", "submit", *form.states)
    if field.freeze is not None and field.freeze not in known:
        at = form.origin.value(*_path(field), "freeze")
        guess = nearest(field.freeze, known)
        some = ", ".join(known)
        problems.add("unknown-value", at, suggestion=guess, value=field.freeze[:40], known=some)


def _check_renamed(form: Form, field: Field, problems: Problems) -> None:
    """What a field was called before is no name of another one now."""
    beside = form.fields[field.table].fields if field.table else form.fields
    if field.renamed_from is not None and field.renamed_from in beside:
        at = form.origin.value(*_path(field), "renamed_from")
        problems.add("renamed-from-another", at, name=field.name, other=field.renamed_from)


def _check_places(form: Form, field: Field, problems: Problems) -> None:
    """A default is not finer than the field is."""
    value: Any = field.default.value if isinstance(field.default, Literal_) else None
    if field.precision is None or field.type not in ("number", "money", "percent"):
        return
    if not hasattr(value, "as_tuple"):
        return
    scaled = value * 100 if field.type == "percent" else value
    if scaled != round(scaled, max(field.precision, 0)):
        at = form.origin.value(*_path(field), "default")
        shown = f"{scaled:f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        unit = "%" if field.type == "percent" else ""
        limit = str(field.precision)
        problems.add(
            "default-breaks-limit", at, default=f"{shown}{unit}", key="precision", limit=limit
        )


# -- collections


def _check_collect(form: Form, problems: Problems) -> None:
    collect = form.collect
    if collect is None:
        return
    opens, due = _offset(collect.opens), _offset(collect.due)
    if opens is not None and due is not None and opens > due:
        problems.add("opens-after-due", form.origin.key("collect", "opens"), form=form.name)
    period = form.fields.get("period")
    grain = period.grain if period is not None else None
    if grain is not None and isinstance(collect.every, str) and grain != collect.every:
        at = form.origin.value("collect", "every")
        problems.add("collect-of-another-grain", at, every=collect.every, grain=grain)


def _offset(due: Due | None) -> tuple[int, int] | None:
    """Months after the period's end, and the day; None where working days or an expression say."""
    if due is None or due.date is not None:
        return None
    if due.lag is None:
        return (0, due.day or 31)
    if due.lag.unit not in _MONTHS:
        return None
    return (due.lag.amount * _MONTHS[due.lag.unit], due.day or 31)
