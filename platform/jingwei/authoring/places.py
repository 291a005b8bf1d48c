"""Every expression of a definition, with the place it stands at and what its bare names mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from jingwei.authoring.resolved import WORDS
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.effects import Effect
from jingwei.language.expressions.tree import Type
from jingwei.language.form import Action, FactRule, Field, Form, Generate, Related, Rule
from jingwei.language.measures import Indicator
from jingwei.language.organisation import CodeList
from jingwei.language.output import Alert, DataBlock, Report
from jingwei.language.template import Template
from jingwei.language.timing import Schedule
from jingwei.language.values import Formula
from jingwei.language.workflow import Step, Workflow
from jingwei.problems import Position

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What the names of an expression belong to: the bare ones, `this.x` and `row.x`. A form, and
    a table of it where the names are those of a row."""

    record: tuple[str, str | None] | None = None
    this: str | None = None
    row: Type | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One expression. `path`: the keys that lead to it, steps by their id."""

    kind: str
    name: str
    path: Path
    formula: Formula
    around: Around

    @property
    def at(self) -> Position:
        return self.formula.at


def expressions(catalogue: Catalogue, kind: str, definition: Any) -> Iterator[Place]:
    """Every expression of one definition, in reading order."""
    walker = _Walker(catalogue, kind, definition.name)
    yield from walker.walk(definition, (), _first(definition))


def _first(definition: Any) -> Around:
    match definition:
        case Form(name=name):
            return Around((name, None), name)
        case Workflow(form=form):
            return Around((form, None), form)
        case Alert(watch_form=form, watch_each=each) if form is not None:
            row = Type("rows", form=form, table=each) if each is not None else None
            return Around((form, None), form, row)
        case Report(of=form) if form is not None:
            return Around((form, None), form)
        case Indicator(measure=measure) if measure is not None:
            return Around((measure["form"], None), measure["form"])
        case CodeList(source=source) if source is not None:
            return Around((source["form"], None))
    return Around()


class _Walker:
    """Goes through the dataclasses of a definition; what stands where decides what names mean."""

    def __init__(self, catalogue: Catalogue, kind: str, name: str) -> None:
        self.catalogue = catalogue
        self.kind = kind
        self.name = name

    def walk(self, value: Any, path: Path, around: Around) -> Iterator[Place]:
        if isinstance(value, Formula):
            yield Place(self.kind, self.name, path, value, around)
        elif isinstance(value, Template):
            for piece in dict.fromkeys((*value.zh, *value.en)):
                if not isinstance(piece, str):
                    yield Place(self.kind, self.name, path, piece.formula, around)
        elif isinstance(value, Mapping):
            for key, part in value.items():
                yield from self.walk(part, (*path, str(key)), around)
        elif isinstance(value, tuple | list):
            for index, part in enumerate(value):
                word = part.id if isinstance(part, Step) else str(index)
                yield from self.walk(part, (*path, word), around)
        elif is_dataclass(value) and not isinstance(value, Position):
            yield from self.parts(value, path, around)

    def parts(self, value: Any, path: Path, around: Around) -> Iterator[Place]:
        inner = self.inside(value, around)
        for one in fields(value):
            if one.name in ("origin", "at", "fingerprint", "title"):
                continue
            # the block of a tile, and what a score sheet is of, are written among its other keys
            among = one.name in ("block", "scorecard")
            here = path if among else (*path, WORDS.get(one.name, one.name))
            part = getattr(value, one.name)
            # what an `each` runs over is not yet inside it; a filter is about the candidate
            if one.name in ("each", "of", "from"):
                yield from self.walk(part, here, around)
            elif one.name == "filter" and isinstance(value, Field):
                yield from self.walk(part, here, self.candidate(value, around))
            else:
                yield from self.walk(part, here, inner)

    def inside(self, value: Any, around: Around) -> Around:
        form = around.this
        match value:
            case Field(table=table) if table is not None and form is not None:
                return Around((form, table), form)
            case Rule(each=each) if each is not None and form is not None:
                return Around((form, each), form)
            case FactRule(each=each) if each is not None:
                return Around(around.record, form, Type("rows", form=form, table=each))
            case Action(place=place) if place.startswith("row "):
                row = Type("rows", form=form, table=place.removeprefix("row "))
                return Around(around.record, form, row)
            case Generate(each=each) | Effect(each=each) | Step(of=each) | Schedule(each=each) if (
                each is not None
            ):
                return Around(around.record, form, self.type_of(each))
            case Related(form=other):
                return Around((other, None), form)
            case DataBlock(form=block) if block is not None:
                name, _, table = block.partition(".")
                return Around((name, table or None), name)
        return around

    def candidate(self, field: Field, around: Around) -> Around:
        """In a link's filter bare names are those of the record that may be chosen."""
        forms = [to for to in field.to if to in self.catalogue.forms]
        return Around((forms[0], None) if forms else None, around.this, around.row)

    def type_of(self, formula: Formula) -> Type | None:
        expression = self.catalogue.expressions.get(formula)
        return expression.type if expression is not None else None
