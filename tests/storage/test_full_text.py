"""Words to find: Chinese by pairs of characters, on both databases, one row a field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from storage_small import HERE, a_catalogue, a_field, a_form, ask, ids, published_by

from jingwei.language.template import Template
from jingwei.language.text import Text
from jingwei.storage.apply import apply
from jingwei.storage.database import Database
from jingwei.storage.full_text import terms_of, words_asked, words_of
from jingwei.storage.query import all_of
from jingwei.storage.records import RowChange
from jingwei.storage.runtime import Installation, load

TEXTS = {
    1: ("集团经营分析报告", "机密"),
    2: ("经济运行 Report 2026", None),
    3: ("营业分析", "经营"),
    4: ("C-HY01-2026-007 ＡＢＣ", 'o\'neil "x" -y'),
    5: (None, None),
}


def opened(database: Database, **marks: bool) -> Installation:
    form = a_form(
        "letter",
        a_field("title", "text", search=marks.get("title", True)),
        a_field("note", "long_text", search=marks.get("note", True)),
    )
    catalogue = a_catalogue(form, note=str(marks))
    release = apply(database, catalogue, published_by())
    return load(database, release.id, lambda files: catalogue)


@pytest.fixture(scope="module")
def letters(shared_database: Database) -> Installation:
    return with_letters(shared_database)


@pytest.fixture
def own_letters(database: Database) -> Installation:
    """For what writes."""
    return with_letters(database)


def with_letters(database: Database) -> Installation:
    installation = opened(database)
    records: list[dict[str, Any]] = [
        {"id": i, "revision": 1, "org": "A", "title": title, "note": note}
        for i, (title, note) in TEXTS.items()
    ]
    with database.writing() as connection:
        installation.store.insert(connection, "letter", records)
    return installation


def found(letters: Installation, text: str, *fields: str) -> list[int]:
    return ids(
        ask(
            letters,
            form="letter",
            text=all_of(*terms_of(text)),
            search_fields=fields or ("title", "note"),
        )
    )


def test_words_are_pairs_of_chinese_characters_and_words_of_everything_else() -> None:
    assert words_of("经营分析report 2026") == ["经营", "营分", "分析", "析", "report", "2026"]
    assert words_asked("经营") == ["经营"]
    assert words_asked("经") == ["经"]
    assert words_asked("析Rep") == ["析", "rep"]
    assert words_asked(" %_'\" ") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("经营", [1, 3]),
        ("经", [1, 2, 3]),
        ("告", [1]),
        ("营分析", [1]),
        ("分析", [1, 3]),
        ("析分", []),
        ("report", [2]),
        ("REP", [2]),
        ("运行 report 2026", [2]),
        ("hy01-2026", [4]),
        ("ABC", [4]),
        ("o'neil", [4]),
        ('x" -y', [4]),
        ("2026", [2, 4]),
        ("%", []),
        ("", []),
        ('" OR 1=1', []),
        ("NEAR(", []),
        ("title:经营", []),
        ("a & !b | c", []),
    ],
)
def test_what_is_asked_is_found_and_nothing_in_it_is_an_operator(
    letters: Installation, text: str, expected: list[int]
) -> None:
    assert found(letters, text) == expected


def test_a_field_that_may_not_be_seen_is_not_searched(letters: Installation) -> None:
    assert found(letters, "经营", "title") == [1]
    assert found(letters, "机密", "title") == []
    assert found(letters, "机密", "note") == [1]


def test_words_follow_what_is_written(own_letters: Installation) -> None:
    store = own_letters.store
    with own_letters.database.writing() as connection:
        store.update(
            connection,
            "letter",
            [RowChange(1, None, {"title": "安全生产"}), RowChange(3, None, {"note": None})],
        )
    assert found(own_letters, "经营") == []
    assert found(own_letters, "安全") == [1]
    assert found(own_letters, "分析") == [3]


def test_a_field_that_is_searched_from_now_on_is_read_once(database: Database) -> None:
    before = opened(database, title=False, note=False)
    assert before.store.searched("letter") == ("title",)  # which it is called by
    with database.writing() as connection:
        before.store.insert(
            connection, "letter", [{"id": 9, "revision": 1, "org": "A", "title": "经营分析"}]
        )
    assert found(before, "营分") == [9]

    after = opened(database, title=True, note=False)
    assert found(after, "营分", "title") == [9]
    assert found(after, "析") == [9]

    nothing = opened(database, title=False, note=True)
    assert found(nothing, "营分", "note") == []


def test_the_number_is_found_with_the_words(database: Database) -> None:
    form = a_form("letter", a_field("title", "text", search=True))
    numbered = replace(form, number=Template(("N",), ("N",), Text.plain("N"), HERE))
    catalogue = a_catalogue(numbered)
    release = apply(database, catalogue, published_by())
    installation = load(database, release.id, lambda files: catalogue)
    with database.writing() as connection:
        record = {"id": 1, "revision": 1, "org": "A", "title": "x", "number": "LT-2026-007"}
        installation.store.insert(connection, "letter", [record])
    assert found(installation, "lt-2026", "number") == [1]
