"""What expressions may ask beyond the record: links, relations, organisations, people, measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from jingwei.catalogue.scopes import check_leading
from jingwei.language.expressions.environment import Environment, Values
from jingwei.language.expressions.links import held
from jingwei.language.expressions.tree import Expression, Node, Source
from jingwei.refusals import Refused
from jingwei.services import workdays
from jingwei.services.beyond import Space
from jingwei.services.rights import Viewing
from jingwei.services.whole import Together
from jingwei.storage import people
from jingwei.storage.query import ALL_ROWS, Page, Query, RowScope

MOST_ROWS = 20_000  # folded outside the database
_KINDS: tuple[people.Held, ...] = ("post", "role")


def variables(view: Viewing, **more: Any) -> dict[str, Any]:
    """`me`, `today`, `now`, and what the caller adds."""
    login = None if view.actor.is_system else view.actor.login
    found = {"me": login, "today": view.today, "now": getattr(view, "now", None)}
    found.update(more)
    return found


class Late(Mapping[str, Any]):
    """A namespace that is filled when something is looked up in it."""

    def __init__(self, space: Space, view: Viewing, record: Mapping[str, Any]) -> None:
        self._ask = (space, view, record)
        self._found: Mapping[str, Any] | None = None

    @property
    def found(self) -> Mapping[str, Any]:
        if self._found is None:
            space, view, record = self._ask
            self._found = space(view, record)
        return self._found

    def __bool__(self) -> bool:
        return True  # whether it is empty is not worth a look

    def get(self, name: str, otherwise: Any = None) -> Any:
        return self.found.get(name, otherwise)

    def __getitem__(self, name: str) -> Any:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def environment(
    view: Viewing,
    record: Mapping[str, Any],
    *,
    parent: Mapping[str, Any] | None = None,
    old: Mapping[str, Any] | None = None,
    row: Mapping[str, Any] | None = None,
    this: Mapping[str, Any] | None = None,
    locale: str = "zh",
    **more: Any,
) -> Environment:
    """The environment of one record as the platform sees it. `locale`: of the titles it names."""
    whole = record if parent is None else parent
    late = {name: Late(space, view, whole) for name, space in view.beyond.spaces.items()}
    return Environment(
        record,
        parent,
        this,
        row,
        old,
        late.get("previous_version"),
        variables(view, **{**late, **more}),
        StoredWorld(view, locale),
        view.clock.zone if hasattr(view, "clock") else Environment().zone,
    )


class StoredWorld:
    """The world as the database of this moment tells it. Reads as the definition, not as a person:
    what people type is compiled by the query compiler instead."""

    def __init__(self, view: Viewing, locale: str = "zh") -> None:
        self._view = view
        self._locale = locale
        self._records: dict[tuple[str, int], Values | None] = {}

    # --- organisations and people ---------------------------------------------------------------

    def org_member(self, org: str, name: str) -> Any:
        catalogue = self._view.catalogue
        definition = catalogue.orgs.get(org)
        if definition is None:
            return None
        if name in catalogue.org_types.types:
            return catalogue.tree.of_type(org, name, self._view.today)
        match name:
            case "code":
                return definition.code
            case "type":
                return definition.type
            case "parent":
                return catalogue.tree.parent(org, self._view.today)
            case "title":
                return definition.title(self._locale)
            case "profile":
                return catalogue.tree.profile(org, self._view.today)
        return definition.facts.get(name)

    def person_member(self, login: str, name: str) -> Any:
        row = people.find_person(self._view.connection, login)
        if row is None:
            return None
        if name == "orgs":
            held = (
                h.org
                for kind in _KINDS
                for h in people.held_by(
                    self._view.connection,
                    kind,
                    row.id,
                    self._view.today,
                )
            )
            return list(dict.fromkeys((row.org, *held)))
        return getattr(row, name, None)

    def named_member(self, kind: str, name: str, member: str) -> Any:
        catalogue = self._view.catalogue
        definitions: Mapping[str, Any] = {
            "indicator": catalogue.indicators,
            "profile": catalogue.profiles,
            "post": catalogue.posts,
            "role": catalogue.roles,
        }[kind]
        definition = definitions.get(name)
        found = getattr(definition, member, None)
        return found(self._locale) if member == "title" and found is not None else found

    # --- records --------------------------------------------------------------------------------

    def linked(self, form: str, id: int) -> Values | None:
        self._look_up([(form, id)])
        return self._records[form, id]

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        form, _, table = source.name.partition(".")
        if source.origin == "link":
            return [(record, None) for record in self._held(source, environment)]
        if source.origin == "related":
            return self._related(source, environment)
        found = self.all_of(form)
        if table or source.table:
            part = table or source.table or ""
            return [(row, record) for record in found for row in record.get(part) or ()]
        return [(record, None) for record in found]

    def _related(
        self, source: Source, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        this = environment.this or {}
        form = source.type.form or ""
        owner = this.get("id")
        by = getattr(source, "by", None)
        if owner is None or by is None:
            return []
        of_owner = check_leading(self._view.catalogue, form, by, owner)
        return [(record, None) for record in self.all_of(form, of_owner)]

    def _held(self, source: Source, environment: Environment) -> Iterator[Values]:
        """The living records that a link of many holds, in its order; with what they are of, where
        they may be of several forms."""
        pairs = held(source, environment)
        self._look_up(pairs)
        for form, identity in pairs:
            record = self._records[form, identity]
            if record is None or record.get("deleted_at") is not None:
                continue
            shown = self.shown(form, record)
            if shown is None:
                continue
            if source.form is None:
                shown = {**shown, "id": {"form": form, "id": identity}, "form": form}
            yield shown

    def _look_up(self, pairs: Iterable[tuple[str, int]]) -> None:
        """Load those of these records that were not looked up yet, form by form."""
        wanted: dict[str, list[int]] = {}
        for form, identity in pairs:
            if (form, identity) not in self._records:
                wanted.setdefault(form, []).append(identity)
        for form, ids in wanted.items():
            found = self._whole(form, ids)
            self._records.update({(form, one): found.get(one) for one in ids})

    def _whole(self, form: str, ids: Sequence[int]) -> Mapping[int, Values]:
        """Records by id; their live fields are worked out when they are asked for."""
        found = self._view.store.load(self._view.connection, form, ids)
        return Together(self._view, form, variables(self._view)).whole(found)

    def shown(self, form: str, record: Values) -> Values | None:
        """A record as it is in this world; None where it is not."""
        return record

    def scope(self, form: str) -> RowScope:
        """The records of a form that there are in this world."""
        return ALL_ROWS

    def all_of(self, form: str, where: Expression | None = None) -> list[Values]:
        view = self._view
        query = Query(
            form,
            ("id",),
            self.scope(form),
            where=where,
            page=Page(MOST_ROWS + 1),
            variables=variables(view),
        )
        ids = [row["id"] for row in view.store.select(view.connection, query).items]
        if len(ids) > MOST_ROWS:
            raise Refused("too-many-to-fold", form=view.catalogue.forms[form].title, most=MOST_ROWS)
        found = self._whole(form, ids)
        return [found[i] for i in ids if i in found]

    # --- functions ------------------------------------------------------------------------------

    def call(self, function: str, arguments: Sequence[Any], environment: Environment) -> Any:
        own = _OWN.get(function)
        if own is not None:
            return own(self._view, arguments)
        answer = self._view.beyond.answers.get(function)
        if answer is None:
            raise LookupError(f"nothing answers {function}()")
        return answer(self._view, arguments, environment)


def head_of(view: Viewing, org: str | None) -> str | None:
    """Who holds the post that the org's type names as head; None where nobody does."""
    definition = view.catalogue.orgs.get(org or "")
    if definition is None:
        return None
    post = view.catalogue.org_types.types[definition.type].head
    if post is None:
        return None
    held = people.holders(view.connection, "post", post, definition.code, view.today)
    return held[0].person if held else None


def superior_of(view: Viewing, login: str | None) -> str | None:
    """The head of the person's org; of the org above for the head itself."""
    row = people.find_person(view.connection, login) if login else None
    org = row.org if row else None
    seen: set[str] = set()
    while org is not None and org not in seen:
        seen.add(org)
        head = head_of(view, org)
        if head is not None and head != login:
            return head
        org = view.catalogue.tree.parent(org, view.today)
    return None


def _children(view: Viewing, arguments: Sequence[Any]) -> list[str]:
    return list(view.catalogue.tree.children(arguments[0], view.today)) if arguments[0] else []


def _below(view: Viewing, arguments: Sequence[Any]) -> list[str]:
    if not arguments[0]:
        return []
    type_ = arguments[1] if len(arguments) > 1 else None
    return list(view.catalogue.tree.below(arguments[0], view.today, type_))


def _is_below(view: Viewing, arguments: Sequence[Any]) -> bool:
    org, of = arguments
    if not org or not of:
        return False
    return of in view.catalogue.tree.ancestors(org, view.today)


def _holders(view: Viewing, arguments: Sequence[Any]) -> list[str]:
    post, org = arguments
    return [h.person for h in people.holders(view.connection, "post", post, org, view.today)]


def _has_role(view: Viewing, arguments: Sequence[Any]) -> bool:
    org = arguments[1] if len(arguments) > 1 else None
    return view.actor.has_role(arguments[0], org)


def _has_post(view: Viewing, arguments: Sequence[Any]) -> bool:
    org = arguments[1] if len(arguments) > 1 else None
    return view.actor.has_post(arguments[0], org)


def _add_workdays(view: Viewing, arguments: Sequence[Any]) -> date | None:
    day, count, *org = arguments
    if day is None or count is None:
        return None
    return workdays.add_workdays(
        view.catalogue, day, int(count), org[0] if org else view.actor.org or None
    )


def _working_days(view: Viewing, arguments: Sequence[Any]) -> int | None:
    start, end, *org = arguments
    if start is None or end is None:
        return None
    return workdays.working_days(
        view.catalogue, start, end, org[0] if org else view.actor.org or None
    )


_OWN: Mapping[str, Callable[[Viewing, Sequence[Any]], Any]] = {
    "children": _children,
    "below": _below,
    "is_below": _is_below,
    "head": lambda view, arguments: head_of(view, arguments[0]),
    "superior": lambda view, arguments: superior_of(view, arguments[0]),
    "holders": _holders,
    "has_role": _has_role,
    "has_post": _has_post,
    "add_workdays": _add_workdays,
    "working_days": _working_days,
}
OWN_FUNCTIONS = frozenset(_OWN)
