"""`/f/FORM/live.js`: the form's own expressions as a script, for what a browser can know.

What reads a field that this person may not see, or asks the world, is left to the server; the
page is told which fields those are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jingwei.language.expressions.javascript import javascript
from jingwei.language.expressions.tree import Expression
from jingwei.language.field_types.numbers import scale_of
from jingwei.language.form import Field, Form, Section
from jingwei.language.sections import sections_over
from jingwei.language.values import Formula, Literal_
from jingwei.screens.cells import NUMERIC
from jingwei.services.commands import Reading
from jingwei.services.filling import rules_of
from jingwei.services.plans import form_plan
from jingwei.services.rights import FieldRights
from jingwei.services.writable import made_of


@dataclass(slots=True)
class Live:
    """Lines of the script, and what the server has to be asked for."""

    conditions: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"visible": {}, "required": {}, "readonly": {}}
    )
    computes: list[str] = field(default_factory=list)
    asks: set[str] = field(default_factory=set)

    def script(self) -> str:
        parts = [_object(name, lines) for name, lines in self.conditions.items()]
        parts.append(f"export const computes=[{','.join(self.computes)}];")
        return "\n".join(parts) + "\n"

    def mark(self) -> str:
        return hashlib.sha256(self.script().encode()).hexdigest()[:12]


def live(view: Reading, form: Form, rights: FieldRights) -> Live:
    """Everything of the form that changes while somebody types."""
    found = Live()
    over = sections_over(form)
    for f in every_field(form):
        if f.path in rights.visible:
            _conditions(view, form, rights, f, over.get(f.path, ()), found)
    _computes(view, form, rights, found)
    return found


def every_field(form: Form) -> Iterator[Field]:
    """The fields of the form, and the columns of its tables."""
    for f in form.fields.values():
        yield f
        yield from f.fields.values()


def _conditions(
    view: Reading,
    form: Form,
    rights: FieldRights,
    f: Field,
    over: Sequence[Section],
    found: Live,
) -> None:
    """`over`: the sections the field stands in, which hide and lock it too."""
    for name, joint, formulas in (
        ("visible", "&&", [f.visible_if, *(s.visible_if for s in over)]),
        ("required", "||", [f.required_if]),
        ("readonly", "||", [f.readonly_if, *(s.readonly_if for s in over)]),
    ):
        wanted = [one for one in formulas if one is not None]
        texts = [_text(view, rights, form, one, f) for one in wanted]
        known = [text for text in texts if text is not None]
        if len(known) < len(wanted):
            if f.table is None:
                found.asks.add(f.path)
        elif len(known) == 1:
            found.conditions[name][f.path] = known[0]
        elif known:
            each = joint.join(f"({text})(x,e)===true" for text in known)
            found.conditions[name][f.path] = f"(x,e)=>{each}"


def _computes(view: Reading, form: Form, rights: FieldRights, found: Live) -> None:
    plan = form_plan(view.store, view.catalogue, form.name)
    made = [name for name, table in form.tables.items() if made_of(table)]
    found.asks |= {name for name in (*plan.scorecards, *made) if name in rights.visible}
    for one in (*plan.computes, *plan.live):
        f = one.field
        if f.path not in rights.visible or f.path in rights.masked or f.compute is None:
            continue
        scale = None if f.type not in NUMERIC else 0 if f.type == "integer" else scale_of(f)
        text = _text(view, rights, form, f.compute, f, scale)
        if text is None:
            found.asks.add(f.path)
            continue
        always = f.mode == "always"
        found.computes.append(
            f"[{json.dumps(one.table)},{json.dumps(one.name)},{json.dumps(always)},{text}]"
        )
    for f in every_field(form):
        if isinstance(f.default, Formula) and f.path in rights.visible and f.table is not None:
            text = _text(view, rights, form, f.default, f)
            if text is None:
                found.asks.add(f.path)
        if f.filter is not None and f.type == "link":
            continue


def _text(
    view: Reading,
    rights: FieldRights,
    form: Form,
    formula: Formula,
    f: Field | None,
    scale: int | None = None,
) -> str | None:
    """The script of a formula, or None where this person's browser must not, or cannot, know."""
    expression: Expression = view.catalogue.expression(formula)
    open_ = rights.visible - rights.masked
    if any(not _seen(read, form, f, open_) for read in expression.reads):
        return None
    return javascript(expression, scale)


def _seen(read: str, form: Form, f: Field | None, open_: frozenset[str]) -> bool:
    """Whether what the formula reads is on this person's page."""
    table = f.table if f is not None else None
    candidates = [read, read.removeprefix("parent."), read.removeprefix("this.")]
    if table is not None:
        candidates.append(f"{table}.{read}")
    known = [c for c in candidates if _is_field(form, c)]
    if not known:
        return read.split(".")[0] not in form.fields
    return any(c in open_ for c in known)


def _is_field(form: Form, path: str) -> bool:
    first, _, rest = path.partition(".")
    if first not in form.fields:
        return first == "org"
    return not rest or rest in form.fields[first].fields


def _object(name: str, lines: dict[str, str]) -> str:
    inside = ",".join(f"{json.dumps(path)}:{text}" for path, text in lines.items())
    return f"export const {name}={{__proto__:null,{inside}}};"  # a field may be `constructor`


def row_defaults(form: Form, rights: FieldRights) -> dict[str, dict[str, object]]:
    """What a new row of each table begins with, as far as it is written in the definition."""
    found: dict[str, dict[str, object]] = {}
    for name, table in form.tables.items():
        given = {
            column: f.default.value
            for column, f in table.fields.items()
            if isinstance(f.default, Literal_) and f.path in rights.visible
        }
        if given:
            found[name] = given
    return found


def fills_of(form: Form, rights: FieldRights) -> dict[str, dict[str, str]]:
    """What each link brings along, as far as it is seen: {path of the link: {field: mode}}."""
    found = {}
    for link in every_field(form):
        before = f"{link.table}." if link.table else ""
        seen = {n: mode for n, _, mode in rules_of(link) if f"{before}{n}" in rights.visible}
        if seen and link.path in rights.visible:
            found[link.path] = seen
    return found
