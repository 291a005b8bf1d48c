"""Where an effect runs: the record as it is now, the element in hand, and who caused it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jingwei.language.effects import Effect
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.numbers import rounded
from jingwei.language.expressions.tree import Name
from jingwei.language.field_types.base import Kept
from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form, Related
from jingwei.language.values import Formula, Literal_, Value
from jingwei.language.who import Whos
from jingwei.refusals import Refused
from jingwei.services.commands import Reading, Work
from jingwei.services.display import display
from jingwei.services.flows import who
from jingwei.services.people import SYSTEM
from jingwei.services.reader_world import as_reader
from jingwei.services.record_ids import find_ids, of_relation
from jingwei.services.world import environment

WIDEST = 5_000  # records that one trigger may touch


@dataclass(slots=True)
class Outcome:
    """What effects did. `open`: the record that the screen should go to."""

    created: list[tuple[str, int]] = field(default_factory=list)
    open: tuple[str, int] | None = None


@dataclass(slots=True)
class Scene:
    """One trigger. `work` acts as the system; `form` and `record_id` are what the effects are
    written on, None for a schedule. `trigger`: names the occasion; the same occasion runs once."""

    work: Work
    form: Form | None
    record_id: int | None
    trigger: str | None = None
    initiator: str | None = None
    row: Any = None
    old: Mapping[str, Any] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    width: int = 0
    _record: Mapping[str, Any] | None = None

    # --- the record -----------------------------------------------------------------------------

    @property
    def record(self) -> Mapping[str, Any]:
        if self._record is None:
            self._record = self._loaded()
        return self._record

    def forget(self) -> None:
        """The record was changed."""
        self._record = None

    def _loaded(self) -> Mapping[str, Any]:
        if self.form is None or self.record_id is None:
            return {}
        store = self.work.store
        found = store.load(self.work.connection, self.form.name, [self.record_id])
        record = found.get(self.record_id, {})
        if not record:
            return {}
        return {**record, "display": display(self.work, self.form.name, record, "zh")}

    @property
    def org(self) -> str | None:
        return self.record.get("org")

    def the_form(self) -> tuple[Form, int]:
        """The record's form and id; `check` refused effects that need one where there is none."""
        if self.form is None or self.record_id is None:
            raise Refused("effect-without-record")
        return self.form, self.record_id

    # --- expressions ----------------------------------------------------------------------------

    @property
    def actor(self) -> Reading:
        """The moment as whoever caused it sees it."""
        behalf = self.work.on_behalf_of
        return as_reader(self.work, behalf if behalf is not None else SYSTEM)

    def environment(self, row: Any = None) -> Environment:
        """The record's names; `row` is the element of an `each`, or the row of the button."""
        behalf = self.work.on_behalf_of
        element = self.row if row is None else row
        more = {
            "me": None if behalf is None or behalf.is_system else behalf.login,
            "initiator": self.initiator,
            **self.variables,
        }
        held = element if isinstance(element, Mapping) else None
        env = environment(self.work, self.record, old=self.old, row=held, **more)
        env.variables = {**env.variables, "row": element}
        return env

    def holds(self, formula: Formula | None, env: Environment) -> bool:
        return formula is None or bool(self.work.catalogue.closure(formula)(env))

    def elements(self, effect: Effect, env: Environment) -> list[Environment]:
        """One environment for each element of `each` that its `where` keeps. Raises Refused when
        there are too many."""
        if effect.each is None:
            found = [env]
        else:
            found = [self.environment(row) for row in self.listed(effect.each, env)]
        if effect.verb != "update" or effect.args.get("form") is None:
            found = [one for one in found if self.holds(effect.where, one)]
        self.count(len(found))
        return found

    def listed(self, formula: Formula, env: Environment) -> Sequence[Any]:
        """What an `each` yields: rows of a table, related records, or plain values."""
        expression = self.work.catalogue.expression(formula)
        node = expression.root
        if isinstance(node, Name) and node.type.name == "rows" and self.form is not None:
            related = self.form.related.get(node.name)
            if related is not None and node.type.form == related.form and node.type.table is None:
                return self._related(related)
        return list(self.work.catalogue.closure(formula)(env) or ())

    def _related(self, relation: Related) -> list[Mapping[str, Any]]:
        if self.record_id is None:
            return []
        form, wanted = relation.form, of_relation(self.work, relation, self.record)
        ids = find_ids(self.work, form, wanted, WIDEST + 1)  # one too many is refused
        found = self.work.store.load(self.work.connection, form, ids)
        return [found[i] for i in ids if i in found]

    def count(self, more: int) -> None:
        """Raises Refused when the trigger touches more records than may be."""
        self.width += more
        if self.width > WIDEST:
            raise Refused("effects-too-wide", most=WIDEST)

    # --- values ---------------------------------------------------------------------------------

    def values(
        self, fields: Mapping[str, Field], given: Mapping[str, Value], env: Environment
    ) -> dict[str, Any]:
        """What a `set` wants, as JSON values fit for the write path."""
        return {name: self._json(fields.get(name), value, env) for name, value in given.items()}

    def _json(self, definition: Field | None, value: Value, env: Environment) -> Any:
        if isinstance(value, Formula):
            found = self.work.catalogue.closure(value)(env)
            form = self.work.catalogue.expression(value).type.form
        else:
            assert isinstance(value, Literal_)
            found, form = value.value, None
        return found if definition is None else fitted(definition, found, form)

    # --- people ---------------------------------------------------------------------------------

    def people(self, whos: Whos, env: Environment) -> list[str]:
        """Logins of everybody the rule names; disabled people are left out."""
        around = who.Around(env, self.record, self.initiator or self.record.get("created_by") or "")
        return who.people(self.actor, whos, around)


def fitted(definition: Field, value: Any, form: str | None = None) -> Any:
    """An engine value as the JSON value that this field takes, rounded to its scale."""
    if value is None or value == []:
        return [] if definition.many else None
    if definition.many:
        many = value if isinstance(value, list | tuple) else [value]
        return [_fitted(definition, one, form) for one in many]
    return _fitted(definition, value, form)


def _fitted(definition: Field, value: Any, form: str | None) -> Any:
    if definition.type == "link" and isinstance(value, int):
        return {"form": form, "id": value} if is_polymorphic(definition) else value
    if isinstance(value, float):
        value = Decimal(repr(value))
    type_ = FIELD_TYPES[definition.type]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        stored = type_.stored_as(definition)
        if stored.kept is Kept.INTEGER:
            return int(rounded(Decimal(value), 0))
        if stored.kept is Kept.DECIMAL:
            value = rounded(Decimal(value), stored.scale)
    return type_.present(definition, value)
