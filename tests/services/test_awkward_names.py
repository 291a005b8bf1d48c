"""Field names that mean something to databases, Python or browsers are names like others."""

from __future__ import annotations

from pathlib import Path

import pytest
from services_house import FILES, House

from jingwei.catalogue.compile import compile_catalogue
from jingwei.problems import DefinitionErrors
from jingwei.services import grouping
from jingwei.services.grouping import GroupWish

# one more letter would be too many
LONG = "a_name_of_sixty_characters_which_goes_on_until_there_it_ends"
AWKWARD = (
    "user", "order", "xmin", "ctid", "oid", "select", "metadata", "query", "registry", "group",
    "table", "desc", "limit", "constructor", "class", "items", "keys", "values",
    "nothing", "returning",
    "record_id", "position", "tableoid", "rowid", LONG, LONG[:-1] + "x",
)  # fmt: skip
NOT_NAMES = (
    'a"; drop table users;--', "a b", "User", "名称", "a\u200bb", "__proto__", LONG + "y", "1st",
    "",
)  # fmt: skip


def form(names: tuple[str, ...]) -> str:
    fields = "".join(f'  "{n}": {{type: text, title: T, index: true}}\n' for n in names)
    rows = "".join(f'      "{n}": {{type: text, title: T}}\n' for n in names[:10])
    return (
        "kind: form\ntitle: 怪名\nfields:\n"
        f"{fields}  parts:\n    type: table\n    title: 行\n    fields:\n{rows}"
        "permissions:\n  planner: {post: planner, can: [read, create, update], scope: org}\n"
    )


@pytest.fixture
def awkward(house: House) -> House:
    house.publish({"forms/awkward.yaml": form(AWKWARD)})
    return house


def test_a_field_may_be_called_what_a_database_calls_its_own(awkward: House) -> None:
    values = {name: f"v-{name}" for name in AWKWARD}
    parts = [{name: f"r-{name}" for name in AWKWARD[:10]}]
    made = awkward.create("li.na", "awkward", **values, parts=parts)

    shown = awkward.show("li.na", "awkward", made["id"])
    assert {name: shown[name] for name in AWKWARD} == values
    assert {name: shown["parts"][0][name] for name in AWKWARD[:10]} == parts[0]
    for name in AWKWARD:
        wish = {"filter": f'{name} == "v-{name}"', "sort": (f"-{name}",), "fields": (name,)}
        if name in ("group", "table", "desc", "limit"):
            wish["filter"] = None  # a word of SQL is none of the filter's
        found = awkward.list("li.na", "awkward", **wish)
        assert [item[name] for item in found.items] == [f"v-{name}"]


def test_groups_keep_their_own_words_apart_from_fields_that_are_called_so(house: House) -> None:
    words = ("level", "count", "keys", "n", "values")
    choice = "{type: choice, title: T, choices: {a: A, b: B}}"
    choices = ", ".join(f"{name}: {choice}" for name in words)
    house.publish(
        {
            "forms/awkward.yaml": "kind: form\ntitle: 怪名\n"
            f"fields: {{{choices}, pieces: {{type: integer, title: P}}}}\n"
            "permissions:\n  planner: {post: planner, can: [read, create], scope: org}\n"
        }
    )
    for code in "abb":
        house.create("li.na", "awkward", **dict.fromkeys(words, code), pieces=1)
    with house.read("li.na") as view:
        for name in words:
            found = grouping.grouped(view, "awkward", GroupWish((name,), ("sum(pieces)",)))
            shown = [
                (item["level"], item.get("keys", item)[name], item["count"], item["sum(pieces)"])
                for item in found["items"][1:]
            ]
            assert shown == [(1, "a", 1, 1), (1, "b", 2, 2)], name
            assert found["total"] == 2
        both = grouping.grouped(view, "awkward", GroupWish(("level", "n"), subtotals=False))
    assert both["items"] == [
        {"level": 2, "keys": {"level": "a"}, "n": "a", "count": 1},
        {"level": 2, "keys": {"level": "b"}, "n": "b", "count": 2},
    ]


def test_what_is_no_name_is_refused_where_it_stands(tmp_path: Path) -> None:
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip("\n"), encoding="utf-8")
    for name in NOT_NAMES:
        (tmp_path / "forms/awkward.yaml").write_text(form((name,)), encoding="utf-8")
        with pytest.raises(DefinitionErrors) as refused:
            compile_catalogue(tmp_path)
        places = [str(problem.at) for problem in refused.value.problems]
        assert any(one.startswith("forms/awkward.yaml:4:") for one in places), (name, places)
