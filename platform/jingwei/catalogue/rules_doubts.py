"""What is allowed and can hardly be meant: warned of, never refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_effects import every_effect
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import Aggregate
from jingwei.language.form import Field, Form
from jingwei.language.values import Literal_
from jingwei.language.workflow import Workflow
from jingwei.language.workflow import walk as walk_steps
from jingwei.problems import Problems, nearest

MAJOR = "major_decision"


def check_doubts(catalogue: Catalogue, problems: Problems) -> None:
    """Nothing is said beside an error: a state that nobody enters may be misspelt elsewhere."""
    if problems.errors:
        return
    written = _fields_written(catalogue)
    entered = _states_entered(catalogue)
    for form in catalogue.forms.values():
        _check_states(form, entered.get(form.name, frozenset()), problems)
        for field in _fields(form):
            _check_default(form, field, problems)
            if field.name not in written:
                _check_shown(catalogue, field, problems)
            _check_codes(form, field, problems)
            _check_reach(catalogue, field, problems)
    for workflow in catalogue.workflows.values():
        _check_tags(workflow, problems)
        _check_known_in_time(catalogue, workflow, problems)
    _check_menus(catalogue, problems)


def _fields(form: Form) -> Iterator[Field]:
    for field in form.fields.values():
        yield field
        yield from field.fields.values()


def _path(field: Field) -> tuple[str, ...]:
    return ("fields", *((field.table, "fields") if field.table else ()), field.name)


# -- states


def _states_entered(catalogue: Catalogue) -> Mapping[str, frozenset[str]]:
    """The states of each form that something enters; `*` where an expression says which."""
    found: dict[str, set[str]] = {}
    for name, form in catalogue.forms.items():
        found[name] = {action.to for action in form.actions.values() if action.to is not None}
        found[name] |= {s.name for s in form.states.values() if s.enter_when or s.initial}
    for _, form_of, effect in every_effect(catalogue):
        target = effect.args.get("form") or (form_of.name if form_of is not None else None)
        if effect.verb == "enter" and form_of is not None:
            found[form_of.name].add(str(effect.args["state"]))
        elif "state" in effect.values and effect.verb == "update" and "form" not in effect.args:
            for states in found.values():
                states.add("*")  # of whichever form the record is
        elif "state" in effect.values and target in found:
            value = effect.values["state"]
            found[target].add(str(value.value) if isinstance(value, Literal_) else "*")
    for alert in catalogue.alerts.values():
        set_to = alert.todo.set.get("state") if alert.todo is not None else None
        if alert.todo is not None and set_to is not None:
            found[alert.todo.form].add(str(set_to.value) if isinstance(set_to, Literal_) else "*")
    return {name: frozenset(states) for name, states in found.items()}


def _check_states(form: Form, entered: frozenset[str], problems: Problems) -> None:
    for state in form.states.values():
        if "*" not in entered and state.name not in entered:
            at = form.origin.key("states", state.name)
            problems.add("state-never-entered", at, severity="warning", state=state.name)
    for name, action in form.actions.items():
        if action.from_ and set(action.from_) == {action.to}:
            at = form.origin.value("actions", name, "to")
            problems.add(
                "state-unchanged", at, severity="warning", action=name, state=action.to or ""
            )
            continue
        for index, state_name in enumerate(action.from_):
            left = form.states.get(state_name)
            if left is not None and left.final and action.to is not None:
                at = form.origin.value("actions", name, "from", index)
                problems.add(
                    "leaves-final-state", at, severity="warning", action=name, state=state_name
                )


# -- fields


def _check_default(form: Form, field: Field, problems: Problems) -> None:
    """What is always computed never takes its default."""
    if field.compute is None or field.mode != "always" or field.type == "classification":
        return
    if field.default is not None:
        at = form.origin.key(*_path(field), "default")
        problems.add("default-and-computed", at, severity="warning", name=field.name)


def _fields_written(catalogue: Catalogue) -> frozenset[str]:
    """Names of fields that some effect fills in, of whichever form."""
    return frozenset(n for _, _, effect in every_effect(catalogue) for n in effect.values)


def _check_shown(catalogue: Catalogue, field: Field, problems: Problems) -> None:
    """A field that decides itself whether it is shown: what is hidden cannot be entered."""
    shown = catalogue.expressions.get(field.visible_if) if field.visible_if else None
    entered = field.compute is None and field.default is None and not field.readonly
    if shown is None or field.visible_if is None or not entered:
        return
    if field.name not in shown.reads:
        return
    problems.add("shown-by-itself", field.visible_if.at, severity="warning", name=field.name)


def _check_codes(form: Form, field: Field, problems: Problems) -> None:
    """Codes that differ in capitals only: nobody tells them apart in a filter or a sheet."""
    if not isinstance(field.choices, tuple):
        return
    seen: dict[str, str] = {}
    for choice in field.choices:
        other = seen.setdefault(choice.code.lower(), choice.code)
        if other != choice.code:
            at = form.origin.key(*_path(field), "choices", choice.code)
            problems.add("codes-alike", at, severity="warning", choice=choice.code, other=other)


def _check_reach(catalogue: Catalogue, field: Field, problems: Problems) -> None:
    """What is summed over another form is summed over every org, unless something says which."""
    expression = catalogue.expressions.get(field.compute) if field.compute else None
    if expression is None or field.compute is None:
        return
    for node in walk(expression.root):
        if isinstance(node, Aggregate) and node.source.origin == "form" and node.where is None:
            at = field.compute.at.shifted(node.start, node.end)
            problems.add("reads-all-orgs", at, severity="warning", form=node.source.name)


# -- workflows


def _check_tags(workflow: Workflow, problems: Problems) -> None:
    """Tags are free; one that is nearly a tag with a meaning is hardly another."""
    for index, tag in enumerate(workflow.tags):
        if tag != MAJOR and nearest(tag, (MAJOR,)):
            at = workflow.origin.value("tags", index)
            problems.add("tag-almost", at, severity="warning", suggestion=MAJOR, tag=tag)


def _check_known_in_time(catalogue: Catalogue, workflow: Workflow, problems: Problems) -> None:
    """A branch looks at what is filled in before it."""
    form = catalogue.forms[workflow.form]
    late = {name for name in form.fields if _is_closed_at_first(form, name)}
    written: set[str] = set()
    steps = walk_steps(workflow.steps)
    for step in steps:
        written |= {*step.fields.write, *(n for e in step.do for n in e.values)}
        for branch in step.branches if late else ():
            expression = catalogue.expressions.get(branch.when) if branch.when else None
            reads = expression.reads if expression is not None else frozenset()
            for name in sorted((reads & late) - written):
                later = next((s.id for s in steps if name in s.fields.write), None)
                if later is not None and branch.when is not None:
                    at = branch.when.at
                    problems.add(
                        "decided-too-early", at, severity="warning", name=name, id=step.id, to=later
                    )


def _is_closed_at_first(form: Form, name: str) -> bool:
    """Whether nobody who creates a record can fill the field in, and nothing else does."""
    field = form.fields[name]
    if field.compute is not None or field.default is not None:
        return False
    creating = [grant for grant in form.permissions.values() if "create" in grant.can]
    shut = creating and all(name in (*grant.hide, *grant.readonly) for grant in creating)
    return field.readonly or bool(shut)


# -- menus


def _check_menus(catalogue: Catalogue, problems: Problems) -> None:
    """Where there are menus, a form that none shows and no other form leads to."""
    if not catalogue.modules:
        return
    listed = {
        name.removeprefix("form/")
        for module in catalogue.modules.values()
        for entry in module.menu
        for name in ((entry,) if isinstance(entry, str) else entry[1])
        if name.startswith("form/")
    }
    for form in catalogue.forms.values():
        listed |= {related.form for related in form.related.values()}
        if any(field.owner for field in form.fields.values()) or form.retired is not None:
            listed.add(form.name)
    for name, form in catalogue.forms.items():
        if name not in listed:
            at = form.origin.value("kind")
            problems.add("in-no-menu", at, severity="warning", form=name)
