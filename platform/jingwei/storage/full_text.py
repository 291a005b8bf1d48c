"""Words to find: Chinese by pairs of characters, everything else by words.

`经营 report 2026` is kept as `经营 营 report 2026`: each run of Chinese as its pairs and its last
character, so that any part of it is a phrase of pairs, and one character the beginning of a pair.
Both databases are given these words; neither takes a text apart by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import TSQUERY

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.extensions import extensions
from jingwei.language.form import Form
from jingwei.language.template import Hole
from jingwei.storage.tables_lists import sys_words

MOST_WORDS = 16_000  # PostgreSQL counts the places of words no further
MOST_ASKED = 40
MOST_TERMS = 20
BATCH = 500  # records that are read for words at once
_TEXTS = ("text", "long_text", "rich_text", "markdown", "code", "tags", "email", "phone", "barcode")
SEARCHED = (*_TEXTS, "integer", "date", "period")  # found by the words of their values
_FTS = "sys_words_fts"
_CHINESE = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"(?P<chinese>[{_CHINESE}]+)|(?:(?![{_CHINESE}])[^\W_])+")
_PLAIN_WORD = re.compile(r"[a-z0-9]+")
_NAME = re.compile(r"(?<![\w.])[a-z_]\w*")
_SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {_FTS} USING fts5(words, content='sys_words', "
    "content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER IF NOT EXISTS sys_words_added AFTER INSERT ON sys_words BEGIN "
    f"INSERT INTO {_FTS} (rowid, words) VALUES (new.id, new.words); END",
    f"CREATE TRIGGER IF NOT EXISTS sys_words_gone AFTER DELETE ON sys_words BEGIN "
    f"INSERT INTO {_FTS} ({_FTS}, rowid, words) VALUES ('delete', old.id, old.words); END",
    f"CREATE TRIGGER IF NOT EXISTS sys_words_moved AFTER UPDATE ON sys_words BEGIN "
    f"INSERT INTO {_FTS} ({_FTS}, rowid, words) VALUES ('delete', old.id, old.words); "
    f"INSERT INTO {_FTS} (rowid, words) VALUES (new.id, new.words); END",
)
_POSTGRESQL = ("CREATE INDEX IF NOT EXISTS ix_sys_words_fts ON sys_words USING gin (words)",)


def make_indexes(connection: Connection) -> None:
    """What MetaData cannot say: the full-text table of SQLite, the inverted index of PostgreSQL."""
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)


# --- words ---------------------------------------------------------------------------------------


def words_of(text: str) -> list[str]:
    """The words a text is found by, in order."""
    found: list[str] = []
    for run, chinese in _runs(text):
        if chinese:
            found += [run[i : i + 2] for i in range(len(run))]
        else:
            found.append(run)
        if len(found) >= MOST_WORDS:
            break
    return found[:MOST_WORDS]


def words_asked(text: str) -> list[str]:
    """The words of a question, the last one only begun. Empty: nothing can be found by it."""
    found: list[str] = []
    runs = list(_runs(text))
    for place, (run, chinese) in enumerate(runs):
        if not chinese:
            found.append(run)
            continue
        # what goes on behind the question's end is not known: its last pair may be a single
        ends_here = place == len(runs) - 1
        found += [run[i : i + 2] for i in range(max(len(run) - ends_here, 1))]
    return found[:MOST_ASKED]


def terms_of(text: str) -> tuple[str, ...]:
    """What is looked for one by one, wherever it stands: `水泵 000123`. What is written together is
    found together."""
    found = tuple(dict.fromkeys(one for one in text.split() if words_asked(one)))
    return found[:MOST_TERMS] or (text.strip(),)


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of Chinese, and words of everything else."""
    if text.isascii():
        for word in _PLAIN_WORD.findall(text.casefold()):
            yield word, False
        return
    for found in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield found[0], found.lastgroup == "chinese"


def searched(form: Form) -> tuple[str, ...]:
    """The fields that are kept as words: those marked `search`, and what records are called by:
    their number, and the fields of their `display`."""
    fields = form.fields
    marked = [n for n, f in fields.items() if f.search and f.type in SEARCHED]
    named = [n for n in named_by(form) if n in fields and fields[n].type in SEARCHED]
    return tuple(dict.fromkeys((*marked, *named, *(("number",) if form.number else ()))))


def named_by(form: Form) -> tuple[str, ...]:
    """What the names of records are made of: of a form without `display`, its first text."""
    if form.display is None:
        texts = (n for n, f in form.fields.items() if f.type in ("text", "long_text"))
        return tuple(texts)[:1]
    holes = [p for p in (*form.display.zh, *form.display.en) if isinstance(p, Hole)]
    words = [w for hole in holes for w in _NAME.findall(hole.formula.source)]
    return tuple(dict.fromkeys(w for w in words if w in form.fields or w == "org"))


def searched_anywhere(catalogue: Catalogue, form: Form) -> tuple[str, ...]:
    """The fields that are kept as words for some org: the form's own, and those that layers add."""
    own = searched(form)
    added = [
        f.name
        for one in extensions(catalogue).fields
        if (one.form, one.table) == (form.name, "")
        for f in one.fields
        if f.search and f.type in SEARCHED
    ]
    numbered = ("number",) if added and form.number is not None else ()
    return tuple(dict.fromkeys((*own, *added, *numbered)))


def text_of(value: Any) -> str | None:
    """The text of a value of a searched field."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)) or None
    if isinstance(value, int) and abs(value) > 999:
        return f"{value} {value:,}"  # as it is typed, and as names have it
    return str(value) if value not in (None, "") else None


# --- rows ----------------------------------------------------------------------------------------


def write_texts(
    connection: Connection,
    form: int,
    texts: Mapping[tuple[int, str], str | None],
    *,
    late: bool = False,
) -> None:
    """What is found of fields of records, by (record, field) → text; None: nothing any more.
    `late`: where nothing stands yet, of values that stood there before."""
    sqlite = connection.dialect.name == "sqlite"
    mark, cast = ("?", "") if sqlite else ("%s", "::tsvector")
    gone = [(record, field) for (record, field), text in texts.items() if not text]
    kept = [
        (form, record, field, words_kept(words_of(text), sqlite))
        for (record, field), text in texts.items()
        if text
    ]
    if gone:
        connection.exec_driver_sql(
            f"DELETE FROM sys_words WHERE record = {mark} AND field = {mark}", gone
        )
    if kept:
        values = f"{mark}, {mark}, {mark}, {mark}{cast}"
        connection.exec_driver_sql(
            f"INSERT INTO sys_words (form, record, field, words) VALUES ({values}) "
            "ON CONFLICT (record, field) DO "
            + ("NOTHING" if late else "UPDATE SET words = excluded.words"),
            kept,
        )


def forget_fields(connection: Connection, kept: Mapping[int, Sequence[str]]) -> None:
    """Fields that are searched no longer. `kept`: those that are, by the form's key."""
    for form in _forms_kept(connection):
        gone = fields_kept(connection, form) - set(kept.get(form, ()))
        if form in kept and gone:
            forget_fields_of(connection, form, sorted(gone))


def _forms_kept(connection: Connection) -> list[int]:
    """Forms of which anything was read: one step in the index for each of them."""
    found: list[int] = []
    statement = sa.select(sa.func.min(sys_words.c.form))
    last = connection.execute(statement).scalar()
    while last is not None:
        found.append(last)
        last = connection.execute(statement.where(sys_words.c.form > last)).scalar()
    return found


def forget_fields_of(connection: Connection, form: int, fields: Sequence[str]) -> None:
    """These fields of a form are searched no longer."""
    connection.execute(
        sa.delete(sys_words).where(sys_words.c.form == form, sys_words.c.field.in_(fields))
    )


def fields_kept(connection: Connection, form: int) -> set[str]:
    """Fields of a form that have been read already: one step in the index for each, where DISTINCT
    would walk through every record."""
    found: set[str] = set()
    statement = sa.select(sa.func.min(sys_words.c.field)).where(sys_words.c.form == form)
    last = connection.execute(statement).scalar()
    while last is not None:
        found.add(last)
        last = connection.execute(statement.where(sys_words.c.field > last)).scalar()
    return found


def words_kept(words: Sequence[str], sqlite: bool) -> str:
    """The words of one text as this database keeps them, in order."""
    if sqlite:
        return " ".join(words)
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words, 1):
        places.setdefault(word, []).append(place)
    # a lexeme has at most 255 places and 2 KB
    return " ".join(
        f"'{word[:200]}':{','.join(map(str, found[:255]))}" for word, found in places.items()
    )


# --- the question --------------------------------------------------------------------------------


def question(text: str, dialect: str) -> str:
    """What `finds` is given for a text; every word was taken apart here, so nothing in it can be
    an operator."""
    words = words_asked(text)
    if dialect == "sqlite":
        return f'"{" ".join(words)}" *' if words else '""'
    *whole, last = [f"'{word[:200]}'" for word in words] or ["''"]
    return " <-> ".join([*whole, f"{last}:*"]) if words else ""


def finds(
    record: sa.ColumnElement[int],
    form: int,
    fields: Sequence[str],
    asked: sa.BindParameter[str],
    dialect: str,
) -> sa.ColumnElement[bool]:
    """Whether one of these fields of a record has the words of `asked`."""
    if dialect == "sqlite":
        fts = sa.table(_FTS, sa.column("rowid"))
        rows = sa.select(fts.c.rowid).where(
            sa.literal_column(_FTS).op("MATCH", is_comparison=True)(asked)
        )
        hit = sys_words.c.id.in_(rows)
    else:
        hit = sys_words.c.words.op("@@", is_comparison=True)(sa.cast(asked, TSQUERY))
    named = sa.or_(*(sys_words.c.field == name for name in fields)) if fields else sa.false()
    found = sa.select(sys_words.c.record).where(sys_words.c.form == form, named, hit)
    return record.in_(found)
