"""The typing of one expression, of who, of effects and of templates, in a given scope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jingwei.catalogue import scopes
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.named_values import check_name
from jingwei.catalogue.scope_types import CatalogueTypes
from jingwei.language.effects import Effect, Effects
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.measured import of_another_unit
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.secrets import secrets_read
from jingwei.language.expressions.shares import doubted_share, hundreds, numbers_beside_shares
from jingwei.language.expressions.tree import Constant, Expression, Node, Type, TypeName
from jingwei.language.expressions.truth import never_true
from jingwei.language.expressions.types import ANY, NUMERIC, TEMPORAL
from jingwei.language.expressions.words import type_words, unit_words
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.language.meant import meant_value
from jingwei.language.template import AMOUNTS, DATE_PARTS, Hole, Template
from jingwei.language.text import Text
from jingwei.language.values import Due, Formula, Literal_, Rung, Value
from jingwei.language.who import Whos
from jingwei.problems import Phrase, Position, Problem, Problems, nearest
from jingwei.reading.places import place_within

MOST_FAILED = 100  # of one file: no more are shown
MOST_NAMES = 5  # of one expression that are told
_WORDS = frozenset({"unknown-name", "unknown-function", "unknown-code"})
# holes of a record's number that are no expressions
NUMBER_WORDS = frozenset({"seq"})
_DIGITS = tuple(str(digits) for digits in range(1, 11))  # how wide `seq` may be
PARTS_OF_DAY = {
    **dict.fromkeys(("yyyy", "year"), "today:%Y"),
    "yy": "today:%y",
    **dict.fromkeys(("mm", "month"), "today:%m"),
    **dict.fromkeys(("dd", "day"), "today:%d"),
    "yyyymm": "today:%Y%m",
    "yyyy-mm": "today:%Y-%m",
    **dict.fromkeys(("yyyymmdd", "date"), "today:%Y%m%d"),
    "yyyy-mm-dd": "today:%Y-%m-%d",
}


class Typing:
    """Collects the typed trees of a catalogue."""

    def __init__(self, catalogue: Catalogue, texts: Mapping[str, str], problems: Problems) -> None:
        self.catalogue = catalogue
        self.texts = texts
        self.problems = problems
        self.expressions: dict[Formula, Expression] = {}
        self.failed: dict[str, int] = {}  # expressions of a file that were refused
        self._records: dict[str, Scope] = {}
        self._rows: dict[tuple[str, str], Scope] = {}

    # -- scopes, made once

    def record(self, form: Form) -> Scope:
        if form.name not in self._records:
            self._records[form.name] = scopes.record_scope(self.catalogue, form)
        return self._records[form.name]

    def row(self, form: Form, table: str) -> Scope:
        key = (form.name, table)
        if key not in self._rows:
            self._rows[key] = scopes.row_scope(self.catalogue, form, table)
        return self._rows[key]

    def of_field(self, form: Form, field: Field) -> Scope:
        return self.row(form, field.table) if field.table else self.record(form)

    # -- one expression

    def formula(
        self, formula: Formula | None, scope: Scope, expected: TypeName | Type | None = None
    ) -> Expression | None:
        """The typed tree, or None after adding a problem at the word that is wrong."""
        if formula is None or self.failed.get(formula.at.file, 0) >= MOST_FAILED:
            return None
        try:
            expression = check(formula.source, scope, expected)
        except ExpressionError as error:
            self.fail(formula, error)
            self._others(formula, scope, expected, error)
            return None
        self.expressions[formula] = expression
        for node in secrets_read(expression.root):
            name = formula.source[node.start : node.end]
            self.problems.add("secret-read", self.place(formula, node.start, node.end), name=name)
        self._doubt_shares(formula, expression, expected)
        return expression

    def _others(
        self,
        formula: Formula,
        scope: Scope,
        expected: TypeName | Type | None,
        error: ExpressionError,
    ) -> None:
        """The further words of an expression that name nothing."""
        while error.code == "unknown-name" and len(scope.guessed) < MOST_NAMES:
            name = str(error.holes["name"])
            if name in scope.guessed:
                return  # a name of something else is wanted there
            scope = replace(scope, guessed=scope.guessed | {name})
            try:
                check(formula.source, scope, expected)
                return
            except ExpressionError as next_:
                error = next_
            if error.code in _WORDS:
                self.fail(formula, error)

    def _doubt_shares(
        self, formula: Formula, expression: Expression, expected: TypeName | Type | None
    ) -> None:
        for node in numbers_beside_shares(expression.root, expected):
            at = self.place(formula, node.start, node.end)
            self.problems.add(
                "percent-as-number", at, severity="warning", **doubted_share(node.value)
            )
        if isinstance(expected, Type) and (one := of_another_unit(expression.root, expected)):
            at = self.place(formula, one.start, one.end)
            self.problems.add(
                "unit-of-product",
                at,
                severity="warning",
                left=unit_words(one.left.type),
                op=one.op,
                right=unit_words(one.right.type),
                unit=unit_words(expected),
            )
        if isinstance(expected, Type) and expected.name == "percent":
            for node in hundreds(expression.root):
                at = self.place(formula, node.start, node.end)
                self.problems.add("percent-times-hundred", at, severity="warning")

    def place(self, formula: Formula, start: int, end: int) -> Position:
        """Where a part of an expression is written."""
        text = self.texts.get(formula.at.file, "")
        return place_within(text, formula.at, formula.source, start, end)

    def fail(self, formula: Formula, error: ExpressionError) -> None:
        at = formula.at
        self.failed[at.file] = self.failed.get(at.file, 0) + 1
        place = self.place(formula, error.start, max(error.end, error.start + 1))
        problem = error.problem(at)
        self.problems.extend(
            [Problem(problem.code, place, problem.holes, "error", problem.suggestion)]
        )

    def condition(self, formula: Formula | None, scope: Scope) -> None:
        expression = self.formula(formula, scope, "boolean")
        if formula is not None and expression is not None and never_true(expression.root):
            at = self.place(formula, expression.root.start, expression.root.end)
            self.problems.add("never-true", at, severity="warning")

    def value(self, value: Value | None, scope: Scope, expected: Type | None = None) -> None:
        """The expression of a `V` that has one."""
        if isinstance(value, Formula):
            self.formula(value, scope, expected)

    def each(self, formula: Formula | None, scope: Scope) -> Scope:
        """The scope under an `each`: what it yields is `row`."""
        if formula is None:
            return scope
        expression = self.formula(formula, scope, "list")
        if expression is None:
            return scopes.with_row(scope, ANY)
        return scopes.with_row(scope, expression.type)

    # -- the small languages

    def template(self, template: Template | None, scope: Scope, words: bool = False) -> None:
        """Every hole; with `words`, `seq` is allowed (numbers of records)."""
        if template is None:
            return
        for piece in dict.fromkeys((*template.zh, *template.en)):
            if isinstance(piece, str):
                continue
            if words and piece.formula.source in NUMBER_WORDS:
                if piece.form is not None and piece.form not in _DIGITS:
                    self._no_such_format(piece, "seq", _DIGITS)
                continue
            if self._part_of_day(piece, scope):
                continue
            expression = self.formula(piece.formula, scope)
            if expression is not None and piece.form is not None:
                self._form_of_hole(piece, expression.type)

    def _form_of_hole(self, hole: Hole, type_: Type) -> None:
        form = hole.form or ""
        if type_.name in NUMERIC:
            known: tuple[str, ...] = ("percent", *AMOUNTS, "2")
            fits = form in known or (form.isdigit() and int(form) <= 10)
        elif type_.name in TEMPORAL:
            known = ("%Y", "%Y%m", "%Y-%m-%d", "%m-%d", "%H:%M")
            letters = re.findall("%(.?)", form)
            fits = bool(letters) and all(letter and letter in DATE_PARTS for letter in letters)
        else:
            known, fits = (), type_.name == "any"
        if not fits:
            self._no_such_format(hole, type_words(type_), known)

    def _no_such_format(self, hole: Hole, type_: object, known: tuple[str, ...]) -> None:
        form, path = hole.form or "", hole.formula
        start = len(path.source) + 1
        whole = Formula(f"{path.source}:{form}", path.at)
        place = self.place(whole, start, start + len(form))
        self.problems.add(
            "unknown-format",
            place,
            suggestion=nearest(form, known),
            form=form,
            type=type_,
            known=", ".join(known),
        )

    def _part_of_day(self, hole: Hole, scope: Scope) -> bool:
        """Whether the hole is `{YYYY}` of other systems, which is a form of today."""
        word = hole.formula.source
        meant = PARTS_OF_DAY.get(word.lower())
        if meant is None or word in scope.symbols:
            return False
        place = self.place(hole.formula, 0, len(word))
        self.problems.add("unknown-name", place, suggestion=meant, name=word, known="today")
        return True

    def who(self, whos: Whos, scope: Scope) -> None:
        """The orgs and fields that rules about people name."""
        for who in whos:
            self.org(who.org, scope)
            self.org(who.covering, scope)
            self._person_path(who.path, scope)
            self.who(who.of, scope)
            self.who(who.exclude, scope)

    def org(self, formula: Formula | None, scope: Scope) -> None:
        """An expression that yields an org, or several."""
        code = formula.source if formula is not None else ""
        if formula is not None and code in self.catalogue.orgs and code not in scope.names():
            # `at: "HQ"`: those are YAML's quotation marks, the expression is HQ without any
            self.fail(formula, ExpressionError("org-unquoted", 0, len(code), org=code))
            return
        self._one_of(formula, scope, ("org",), "org")

    def _person_path(self, formula: Formula | None, scope: Scope) -> None:
        self._one_of(formula, scope, ("person", "org"), "person")

    def _one_of(
        self, formula: Formula | None, scope: Scope, names: tuple[str, ...], wanted: str
    ) -> None:
        expression = self.formula(formula, scope)
        if expression is None or formula is None:
            return
        found = expression.type
        if found.name == "list" and found.of is not None:
            found = found.of
        if wanted == "org" and self._is_code_of_org(expression.root):
            return
        if found.name not in (*names, "any", "null"):
            self.problems.add(
                f"not-{'an-org' if wanted == 'org' else 'a-person'}",
                self.place(formula, 0, len(formula.source)),
                source=formula.source,
            )

    def _is_code_of_org(self, node: Node) -> bool:
        """One org by its code: `at: '"HQ"'`."""
        return isinstance(node, Constant) and node.value in self.catalogue.orgs

    def due(self, due: Due | None, scope: Scope) -> None:
        if due is not None:
            self.formula(due.date, scope, "date")

    def ladder(self, rungs: tuple[Rung, ...], scope: Scope) -> None:
        for rung in rungs:
            if rung.to:
                self.who(rung.to, scope)

    # -- effects

    def effects(self, effects: Effects, form: Form | None, scope: Scope) -> None:
        """`form` is the one whose record the effects are written on."""
        for effect in effects:
            self._effect(effect, form, scope)

    def _effect(self, effect: Effect, form: Form | None, scope: Scope) -> None:
        self.condition(effect.when, scope)
        inner = self.each(effect.each, scope)
        self.condition(effect.where, self._where_scope(effect, form, inner))
        self.who(effect.args.get("who", ()), inner)
        self.template(effect.args.get("message"), inner)
        self.template(effect.args.get("label"), inner)
        if effect.verb == "append":
            inner = self.each(effect.args.get("from"), inner)
        self._record_of(effect.args.get("record"), inner)
        for value in effect.args.get("body", {}).values():
            self.value(value, inner)
        fields, place = self._target(effect, form)
        if fields is not None:
            self.assignments(effect.values, fields, place, inner)
            self._columns_exist(effect, fields, place)
        elif effect.values:
            for value in effect.values.values():
                self.value(value, inner)

    def _record_of(self, formula: Formula | None, scope: Scope) -> None:
        """What `update` changes: a record, or several."""
        expression = self.formula(formula, scope)
        if expression is None or formula is None:
            return
        found = expression.type
        found = found.of if found.name == "list" and found.of is not None else found
        if found.name not in ("record", "rows", "any", "null"):
            at = self.place(formula, 0, len(formula.source))
            wanted = type_words(Type("record"))
            self.problems.add("wrong-type", at, found=type_words(found), wanted=wanted)

    def _where_scope(self, effect: Effect, form: Form | None, scope: Scope) -> Scope:
        target = effect.args.get("form")
        if effect.verb != "update" or target is None:
            return scope
        if form is None:  # a schedule: there is no record that `this` could be
            found = scopes.data_scope(self.catalogue, target)
        else:
            found = scopes.filter_scope(self.catalogue, form, link_to(target, effect.at))
        around = {name: scope.symbols[name] for name in ("row", "ask") if name in scope.symbols}
        return replace(found, symbols={**found.symbols, **around})

    def _target(self, effect: Effect, form: Form | None) -> tuple[Mapping[str, Field] | None, str]:
        """The fields that the effect's `set` writes, and whose they are."""
        if effect.verb == "set" and form is not None:
            return form.fields, form.name
        if effect.verb in ("create", "update") and effect.args.get("form"):
            target = self.catalogue.forms[effect.args["form"]]
            return target.fields, target.name
        if effect.verb == "append" and form is not None:
            table = form.fields.get(str(effect.args["to"]))
            if table is None or table.type != "table":
                self.problems.add(
                    "unknown-table",
                    effect.place("to"),
                    suggestion=nearest(str(effect.args["to"]), form.tables),
                    name=effect.args["to"],
                    form=form.name,
                )
                return None, ""
            return table.fields, f"{form.name}.{table.name}"
        return None, ""

    def _columns_exist(self, effect: Effect, fields: Mapping[str, Field], place: str) -> None:
        for index, name in enumerate(effect.args.get("once_per", ())):
            if name not in fields and name != "org":
                self.unknown_field(name, fields, place, effect.place("once_per", index))

    def assignments(
        self, values: Mapping[str, Value], fields: Mapping[str, Field], place: str, scope: Scope
    ) -> None:
        """`set: {field: V}`: the fields exist, expressions fit, literals become engine values."""
        for name, value in values.items():
            field = fields.get(name)
            if field is None and name in ("org", "owner", "state"):
                self.value(value, scope)
            elif field is None:
                self.unknown_field(name, fields, place, value.at)
            elif field.type == "secret":
                self._secret(field, value, scope)
            elif isinstance(value, Formula):
                self.formula(value, scope, self.type_of(field))
            else:
                self._literal(values, name, field, value)

    def _secret(self, field: Field, value: Value, scope: Scope) -> None:
        """A secret may be emptied; its value comes from a person alone."""
        found = self.formula(value, scope) if isinstance(value, Formula) else None
        if found is None or found.type.name != "null":
            self.problems.add("secret-written", value.at, name=field.name)

    def type_of(self, field: Field) -> Type:
        """What an expression that fills this field must yield."""
        types = CatalogueTypes(self.catalogue)
        return scopes.field_type(types, field)

    def unknown_field(
        self, name: str, fields: Mapping[str, Field], place: str, at: Position
    ) -> None:
        self.problems.add(
            "no-such-field",
            at,
            suggestion=nearest(name, fields),
            name=name,
            place=place,
            known=", ".join(fields),
        )

    def _literal(self, values: Any, name: str, field: Field, value: Literal_) -> None:
        """The literal typed by its field; it was read before the field was known."""
        if not isinstance(value.value, str):
            return
        type_ = FIELD_TYPES[field.type]
        try:
            typed = type_.written(field, value.value)
        except ValueRefused as refused:
            why = Phrase(f"refusals.{refused.code}", tuple(refused.holes.items()), bare=True)
            meant = meant_value(refused.code, value.value)
            self.problems.add(
                "bad-value", value.at, suggestion=meant, value=value.value[:40], why=why
            )
            return
        values[name] = Literal_([typed] if field.many else typed, value.at)
        check_name(self.catalogue, None, field, values[name], self.problems)


def link_to(form: str, at: Position) -> Field:
    """A link that stands for the records of `form` where a condition names their fields."""
    return Field(name="record", type="link", title=Text.plain(form), at=at, to=(form,))
