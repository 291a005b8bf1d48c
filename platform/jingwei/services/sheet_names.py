"""Whom and what the words of a sheet name: people by their name, records by their number or by
what they are called. Many words are looked up at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jingwei.language.field_types.base import ValueRefused
from jingwei.language.form import Form
from jingwei.language.template import Hole
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.owners import look_ahead
from jingwei.services.parsing import Names
from jingwei.services.plans import form_plan
from jingwei.services.sheet_cells import converter, is_id
from jingwei.services.sheet_rows import Unread
from jingwei.storage.keys import ids_by
from jingwei.storage.people import find_people, people_named
from jingwei.texts import LOCALES

MOST_PARTS = 40  # of a word, where the mark between its pieces stands often
AT_ONCE = 2_000  # records that are read to be called by their names


class PeopleNames:
    """Logins by login or name."""

    def __init__(self, view: Reading) -> None:
        self._view = view

    def find(self, words: Collection[str]) -> Mapping[str, Any]:
        """Login of each word that names one person, Unread where it names several; a word that
        names nobody is missing."""
        known = {word: word for word in find_people(self._view.connection, words)}
        rest = [word for word in words if word not in known]
        found: dict[str, Any] = dict(known)
        for name, logins in people_named(self._view.connection, rest).items():
            several = Unread("several-people-named", {"name": name, "logins": ", ".join(logins)})
            found[name] = logins[0] if len(logins) == 1 else several
        return found


class RecordNames:
    """Ids of the records of a form by number, or by the text they are called by."""

    def __init__(self, view: Reading, target: str) -> None:
        self._view = view
        self._form: Form | None = view.catalogue.forms.get(target.partition(".")[0])

    def find(self, words: Collection[str], *, may_be_ids: bool = True) -> Mapping[str, Any]:
        """Id of each word that names one record the reader may see; Unread for others. What no
        record is called is an id, if it is written so (`12`, `contract/12`). `may_be_ids`: the
        column is headed as programs head it, so that what is a name, and also the id of another
        record, may be meant as either."""
        form, view = self._form, self._view
        if form is None:
            return {}
        listed = sorted(words)
        ids: dict[str, list[int]] = {word: [] for word in listed}
        for name in self._called_by(form):
            open_ = [word for word in listed if not ids[word]]
            if open_:
                values = self._values(form, name, open_)
                hits = ids_by(view.store, view.connection, form.name, name, values)
                ids |= {word: some for word, some in zip(open_, hits, strict=True) if some}
        all_ids = list(dict.fromkeys(i for some in ids.values() for i in some))
        there = dict(view.store.load(view.connection, form.name, all_ids))
        look_ahead(view, form.name, there.values())
        open_ = [word for word in listed if not ids[word]]
        if open_:
            ids |= self._displayed(form, open_, there)
        found = {word: self._one(form, word, some, there) for word, some in ids.items()}
        if may_be_ids:
            found |= self._both(form, found)
        return found

    def _values(self, form: Form, name: str, words: Sequence[str]) -> Sequence[Any]:
        """What words say of a field; None: nothing that it can be."""
        definition = form.fields.get(name)
        if definition is None or definition.type == "text":
            return words
        view = self._view
        parse, names = form_plan(view.store, view.catalogue, form.name).parsers[name], Names(view)
        convert = converter(view, definition)

        def value(word: str) -> Any:
            given = convert(word)
            try:
                return None if isinstance(given, Unread) else parse(given, names)
            except ValueRefused:
                return None

        return [value(word) for word in words]

    def _both(self, form: Form, found: Mapping[str, Any]) -> dict[str, Unread]:
        """Of words that name a record those that are the id of another one."""
        view = self._view
        asked = {int(w): w for w, i in found.items() if type(i) is int and is_id(w) and int(w) != i}
        there = view.store.load(view.connection, form.name, sorted(asked)) if asked else {}
        look_ahead(view, form.name, there.values())
        return {
            asked[identity]: Unread("name-or-id", {"name": asked[identity], "form": form.name})
            for identity, record in there.items()
            if record["deleted_at"] is None
            and view.rights.may_read(view, form.name, record).allowed
        }

    def _displayed(self, form: Form, words: Sequence[str], there: dict[int, Any]) -> dict[str, Any]:
        """The records that are shown as these words; what they are goes into `there`. Those are
        read whose first or last piece a word begins or ends with."""
        found: dict[str, list[int]] = {word: [] for word in words}
        view = self._view
        for locale in LOCALES:
            name, pieces = self._sought(form, locale)
            if name is None:
                continue
            sought = sorted({part for word in words for part in parts_of(word, pieces, name)})
            hits = ids_by(view.store, view.connection, form.name, name, sought)
            candidates = sorted({i for ids in hits for i in ids})
            for start in range(0, len(candidates), AT_ONCE):
                some = candidates[start : start + AT_ONCE]
                for identity, record in view.store.load(view.connection, form.name, some).items():
                    ids = found.get(display(view, form.name, record, locale))
                    if ids is not None and identity not in ids:
                        ids.append(identity)
                        there[identity] = record
        return found

    def _sought(self, form: Form, locale: str) -> tuple[str | None, Sequence[str | Hole]]:
        """The text at one end of what records are called by which they can be found, if there is
        one, and all its pieces."""
        pieces = form.display.pieces(locale) if form.display is not None else ()
        texts = {"number", *(n for n, f in form.fields.items() if f.type == "text")}
        for piece in (pieces[0], pieces[-1]) if len(pieces) > 1 else ():
            if isinstance(piece, Hole) and piece.form is None:
                name = piece.formula.source.strip()
                if name in texts and name in self._findable(form):
                    return name, pieces
        return None, pieces

    def _findable(self, form: Form) -> frozenset[str]:
        """The fields that are kept as columns and open to the reader, and the number."""
        visible = self._view.rights.fields(self._view, form.name)
        kept = form_plan(self._view.store, self._view.catalogue, form.name).kept
        return (visible.visible - visible.masked) & {"number", *kept}

    def words_of(self, ids: Collection[int]) -> Mapping[int, str]:
        """The first of these words that each record has; of records the reader may not see none."""
        form, view = self._form, self._view
        if form is None:
            return {}
        names = self._called_by(form)
        there = view.store.load(view.connection, form.name, sorted(ids))
        look_ahead(view, form.name, there.values())
        return {
            identity: str(next(word for name in names if (word := record.get(name))))
            for identity, record in there.items()
            if any(record.get(name) for name in names)
            and view.rights.may_read(view, form.name, record).allowed
        }

    def _one(self, form: Form, word: str, ids: list[int], there: Mapping[int, Any]) -> Any:
        view = self._view
        seen = [i for i in ids if view.rights.may_read(view, form.name, there[i]).allowed]
        if len(seen) == 1:
            return seen[0]
        holes = {"name": word}
        if not seen:
            identity = word.removeprefix(f"{form.name}/")
            return int(identity) if is_id(identity) else Unread("no-record-named", holes)
        return Unread("several-records-named", {**holes, "count": len(seen)})

    def _called_by(self, form: Form) -> list[str]:
        """The number, and the field that is the display text by itself (or the first text)."""
        findable = self._findable(form)
        names = ["number"] if form.number is not None else []
        pieces = form.display.pieces("zh") if form.display is not None else ()
        if len(pieces) == 1 and isinstance(pieces[0], Hole) and pieces[0].form is None:
            names.append(pieces[0].formula.source.strip())
        else:
            names += [n for n, f in form.fields.items() if f.type == "text"][:1]
        many = {n for n, f in form.fields.items() if f.many or f.type in ("tags", "json")}
        return [n for n in names if n in findable and n not in many]


def parts_of(word: str, pieces: Sequence[str | Hole], name: str) -> list[str]:
    """What the hole of this name may have been in a word that is the whole template filled."""
    first = pieces[0]
    is_first = isinstance(first, Hole) and first.formula.source.strip() == name
    mark = pieces[1] if is_first else pieces[-2]
    text, width = (mark, len(mark)) if isinstance(mark, str) else ("", 0)
    ends = [at for at in range(len(word)) if word.startswith(text, at)]
    parts = [word[:at] if is_first else word[at + width :] for at in ends]
    return [part for part in parts if part][:MOST_PARTS]
