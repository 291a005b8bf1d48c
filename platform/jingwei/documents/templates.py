"""Filling templates: nothing runs but the language of templates.

A template is parsed and every name followed before anything is filled in, so that what the check
says of a template is what filling it would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jingwei.documents.template_language import PARTS, forbidden
from jingwei.documents.values import Absent, Shown, filters
from jingwei.refusals import Refused

MOST_ROUNDS = 200_000  # of all loops of one document together
LOOP = ("index", "index0", "first", "last", "length")


class Rounds:
    """How many rounds the loops of one document may still make."""

    def __init__(self, most: int = MOST_ROUNDS) -> None:
        self._left = most

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused("template-too-long", most=MOST_ROUNDS)


class Rows:
    """A list that counts its rounds."""

    __slots__ = ("_items", "_rounds")

    def __init__(self, items: Iterable[Any], rounds: Rounds) -> None:
        self._items = list(items)
        self._rounds = rounds

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            self._rounds.take()
            yield item

    def __len__(self) -> int:
        return len(self._items)

    def at(self, index: int) -> Any:
        """Raises IndexError."""
        return self._items[index]

    def __bool__(self) -> bool:
        return bool(self._items)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja with everything taken away but what the template language has.

    Names are checked before: one that is not among the values belongs to something this reader may
    not see, or to a row that is not there, and is shown as nothing.
    """

    def __init__(self, locale: str) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self._locale = locale
        self.globals.clear()
        self.tests.clear()
        self.filters.clear()
        self.filters.update(filters(locale))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for fault in forbidden(tree):
            raise fault.refusal()
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._member(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._member(obj, argument)

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def _member(self, obj: Any, name: Any) -> Any:
        """Data only: an attribute of a Python object is never looked at."""
        if isinstance(obj, Mapping):
            return obj[name] if name in obj else Absent(self._locale)
        if isinstance(obj, Rows) and isinstance(name, int):
            return obj.at(name) if -len(obj) <= name < len(obj) else Absent(self._locale)
        if isinstance(obj, Absent) and (isinstance(name, int) or name not in PARTS):
            return obj
        if isinstance(obj, Shown) and name in PARTS:
            return obj.part(name)
        if isinstance(obj, LoopContext) and name in LOOP:
            return getattr(obj, name)
        raise Refused("template-unknown-name", name=str(name))
