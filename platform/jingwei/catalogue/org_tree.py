"""The management tree: who stands below whom, on a given day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from jingwei.language.organisation import Org


class OrgTree:
    """Parents change on dates; every answer is as of the day asked for. `valid_to` is inclusive."""

    def __init__(self, orgs: Mapping[str, Org]) -> None:
        self._orgs = orgs
        self._changes = tuple(sorted({m.from_ for org in orgs.values() for m in org.moves}))
        self._children: dict[int, dict[str | None, tuple[str, ...]]] = {}
        self._below: dict[tuple[int, str], tuple[str, ...]] = {}

    @property
    def codes(self) -> Iterable[str]:
        return self._orgs.keys()

    @property
    def root(self) -> str:
        """The one org that reporting begins at: the first without a parent that others stand
        below, else the first without a parent."""
        tops = [code for code, org in self._orgs.items() if org.parent is None]
        parents = {org.parent for org in self._orgs.values()}
        return next((code for code in tops if code in parents), tops[0])

    def exists(self, code: str, at: date) -> bool:
        org = self._orgs.get(code)
        if org is None or at < org.valid_from:
            return False
        return org.valid_to is None or at <= org.valid_to

    def type_of(self, code: str) -> str:
        return self._orgs[code].type

    def parent(self, code: str, at: date) -> str | None:
        """The org above on that day."""
        org = self._orgs[code]
        parent = org.parent
        for move in org.moves:
            if move.from_ <= at:
                parent = move.parent
        return parent

    def children(self, code: str, at: date) -> tuple[str, ...]:
        """The orgs directly below that exist on that day, in order of their files."""
        return tuple(c for c in self._by_parent(at).get(code, ()) if self.exists(c, at))

    def below(self, code: str, at: date, type: str | None = None) -> tuple[str, ...]:  # noqa: A002
        """This org and all below it that exist on that day, from the top down."""
        found = [c for c in self._all_below(code, at) if self.exists(c, at)]
        return tuple(c for c in found if type is None or self._orgs[c].type == type)

    def under(self, code: str, at: date) -> tuple[str, ...]:
        """This org and all that stand below it on that day, those that are closed by then too:
        what they did is still answered for above."""
        return self._all_below(code, at)

    def ancestors(self, code: str, at: date) -> tuple[str, ...]:
        """This org, the one above it, and so on to the top."""
        chain = [code]
        above = self.parent(code, at)
        while above is not None and above not in chain:
            chain.append(above)
            above = self.parent(above, at)
        return tuple(chain)

    def of_type(self, code: str, type: str, at: date) -> str | None:  # noqa: A002
        """The nearest org of this type: itself or above."""
        return next((c for c in self.ancestors(code, at) if self._orgs[c].type == type), None)

    def is_below(self, code: str, above: str, at: date) -> bool:
        """Whether `code` is `above`, or stands below it."""
        return above in self.ancestors(code, at)

    def profile(self, code: str, at: date) -> str | None:
        """The profile in force: its own, else that of the nearest org above."""
        for one in self.ancestors(code, at):
            given = [
                name for since, name in self._orgs[one].profile if since is None or since <= at
            ]
            if given:
                return given[-1]
        return None

    def calendar(self, code: str, at: date) -> str | None:
        """The calendar: its own, else that of the nearest org above."""
        calendars = (self._orgs[one].calendar for one in self.ancestors(code, at))
        return next((calendar for calendar in calendars if calendar), None)

    @property
    def changes(self) -> tuple[date, ...]:
        """The days on which some org moves."""
        return self._changes

    def era(self, at: date) -> int:
        """On days of one era nobody has another parent."""
        return sum(1 for change in self._changes if change <= at)

    def _by_parent(self, at: date) -> dict[str | None, tuple[str, ...]]:
        era = self.era(at)
        if era not in self._children:
            found: dict[str | None, list[str]] = {}
            for code in self._orgs:
                found.setdefault(self.parent(code, at), []).append(code)
            self._children[era] = {parent: tuple(codes) for parent, codes in found.items()}
        return self._children[era]

    def _all_below(self, code: str, at: date) -> tuple[str, ...]:
        key = (self.era(at), code)
        if key not in self._below:
            children = self._by_parent(at)
            found = [code]
            for one in found:
                found.extend(c for c in children.get(one, ()) if c not in found)
            self._below[key] = tuple(found)
        return self._below[key]
