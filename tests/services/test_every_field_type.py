"""Every field type from end to end: sent, kept, shown, changed, filtered, told in the history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from services_house import House

from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.refusals import Invalid
from jingwei.services import history
from jingwei.services.records import create

# type → extra keys, what is sent, what is shown, another value, what is shown of it, a condition
# that holds for the first only (none: such a field is not filtered by its value)
CASES: dict[str, tuple[str, Any, Any, Any, Any, str | None]] = {
    "text": ("", "桥 a'b", "桥 a'b", "路", "路", 'f == "桥 a\'b"'),
    "long_text": ("", "一\n二", "一\n二", "三", "三", 'contains(f, "二")'),
    "rich_text": ("", "<p>一</p>", "<p>一</p>", "<p>二</p>", "<p>二</p>", None),
    "markdown": ("", "# 一", "# 一", "二", "二", None),
    "code": ("", "a = 1", "a = 1", "b", "b", None),
    "boolean": ("", True, True, False, False, "f"),
    "integer": ("", 7, 7, -3, -3, "f > 5"),
    "number": ("", "1.2345", Decimal("1.2345"), 2, 2, "f < 2"),
    "money": (", unit: CNY", "12.30", Decimal("12.30"), 99, 99, "f == 12.3"),
    "percent": ("", 0.125, Decimal("0.125"), "0.5", Decimal("0.5"), "f < 20%"),
    "date": ("", "2026-02-28", "2026-02-28", "2026-03-01", "2026-03-01", "f < 2026-03-01"),
    "datetime": (
        "",
        "2026-02-28T09:30:00+08:00",
        "2026-02-28T01:30:00.000Z",
        "2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00.000Z",
        "f is not empty and date(f) < 2026-03-01",
    ),
    "time": ("", "09:30", "09:30", "10:00", "10:00", None),
    "duration": ("", "3d", 259_200, "8h", 28_800, None),
    "period": (", grain: month", "2026-03", "2026-03", "2026-04", "2026-04", None),
    "choice": (", choices: {x: 甲, y: 乙}", "x", "x", "y", "y", 'f == "x"'),
    "tags": ("", ["急", "重"], ["急", "重"], ["缓"], ["缓"], '"急" in f'),
    "link": (", to: contract", "LINK", "LINK", "OTHER", "OTHER", "f == LINK"),
    "org": ("", "A", "A", "B", "B", 'f == "A"'),
    "person": ("", "li.na", "li.na", "boss.a", "boss.a", 'f == "li.na"'),
    "role": ("", "group_ops", "group_ops", "flow_admin", "flow_admin", 'f == "group_ops"'),
    "post": ("", "planner", "planner", "general_manager", "general_manager", 'f == "planner"'),
    "form": ("", "contract", "contract", "sample", "sample", 'f == "contract"'),
    "definition": (
        ", of: [form, role]",
        "role/group_ops",
        "role/group_ops",
        "form/sample",
        "form/sample",
        'f in ["role/group_ops", "form/x"]',
    ),
    "email": ("", "a@b.cn", "a@b.cn", "c@d.cn", "c@d.cn", 'f == "a@b.cn"'),
    "phone": ("", "010-123", "010-123", "+86 10 1234", "+86 10 1234", None),
    "url": ("", "https://a.cn/x", "https://a.cn/x", "https://b.cn", "https://b.cn", None),
    "color": ("", "#aabbcc", "#aabbcc", "#000000", "#000000", None),
    "rating": (", max: 5", 4, 4, 1, 1, "f >= 4"),
    "barcode": ("", "690123", "690123", "690124", "690124", 'f == "690123"'),
    "json": ("", {"a": [1, None, 10**30]}, {"a": [1, None, 10**30]}, [], [], None),
    "secret": ("", "s1", "•••", "s2", "•••", None),
    "geolocation": (
        "",
        {"lat": 31.2, "lon": 121.5},
        {"lat": Decimal("31.2"), "lon": Decimal("121.5")},
        {"lat": 30, "lon": 120},
        {"lat": 30.0, "lon": 120.0},
        None,
    ),
    "region": ("", "310000", "310000", "320000", "320000", None),
}
WRONG: dict[str, Any] = {
    "boolean": "x", "integer": 1.5, "number": "x", "money": "1.234", "percent": "x",
    "date": "2026-02-30", "datetime": "x", "time": "25:00", "period": "2026-13", "choice": "z",
    "link": 999_999, "org": "X", "person": "ghost", "role": "x", "post": "x", "form": "x",
    "definition": "post/planner",
    "email": "x", "url": "javascript:alert(1)", "color": "red", "rating": 99, "text": 5,
    "tags": "x", "duration": "x", "long_text": {}, "geolocation": {"lat": 200, "lon": 0},
}  # fmt: skip
NOT_HERE = {
    "table", "heading", "note", "file", "image", "signature", "indicator", "classification",
    "scorecard",
}  # fmt: skip


@pytest.fixture
def sampled(house: House) -> House:
    fields = "\n".join(
        f"  f_{name}: {{type: {name}, title: {name}{case[0]}}}" for name, case in CASES.items()
    )
    grants = "permissions:\n  all: {post: planner, can: [read, create, update], scope: org}\n"
    house.publish({"forms/sample.yaml": f"kind: form\ntitle: 样品\nfields:\n{fields}\n{grants}"})
    return house


def test_every_type_is_tried_here_or_elsewhere() -> None:
    assert set(FIELD_TYPES) == set(CASES) | NOT_HERE


def test_every_type_goes_all_the_way(sampled: House) -> None:
    links = {
        word: sampled.create("li.na", "contract", name=word, amount=1)["id"]
        for word in ("LINK", "OTHER")
    }

    def real(value: Any) -> Any:
        return links.get(value, value) if isinstance(value, str) else value

    first = {f"f_{n}": real(case[1]) for n, case in CASES.items()}
    second = {f"f_{n}": real(case[3]) for n, case in CASES.items()}
    made = sampled.create("li.na", "sample", **first)
    other = sampled.create("li.na", "sample", **second)

    shown = sampled.show("li.na", "sample", made["id"])
    row = sampled.list("li.na", "sample", filter=f"id == {made['id']}").items[0]
    for name, case in CASES.items():
        assert shown[f"f_{name}"] == row[f"f_{name}"] == real(case[2]), name
        if case[5] is not None:
            source = real(case[5]).replace("LINK", str(links["LINK"]))
            condition = source.replace("f ", f"f_{name} ").replace("(f", f"(f_{name}")
            condition = f"f_{name}" if condition == "f" else condition
            condition = condition.replace("in f", f"in f_{name}")
            found = sampled.list("li.na", "sample", filter=condition).items
            assert [item["id"] for item in found] == [made["id"]], (name, condition)
        empty = sampled.list("li.na", "sample", filter=f"f_{name} is empty").total
        assert empty == 0, name

    changed = sampled.update("li.na", "sample", made["id"], **second)
    told = {f"f_{name}" for name in CASES} - {"f_secret"}  # the same word is never sealed alike
    assert {n: changed[n] for n in told} == {n: other[n] for n in told}
    with sampled.read("li.na") as view:
        last, begun = history.history(view, "sample", made["id"])
    assert set(last["changes"]) >= {f"f_{name}" for name in CASES}
    assert set(begun["changes"]) >= {f"f_{name}" for name in CASES}

    cleared = sampled.update("li.na", "sample", made["id"], **dict.fromkeys(first))
    for name in CASES:
        assert cleared[f"f_{name}"] in (None, [], False), name


def test_a_wrong_value_is_refused_at_its_field(sampled: House) -> None:
    for name, wrong in WRONG.items():
        with pytest.raises(Invalid) as refused:
            sampled.do("li.na", lambda w, n=name, v=wrong: create(w, "sample", {f"f_{n}": v}))
        assert [f.path.partition(".")[0] for f in refused.value.fields] == [f"f_{name}"], name
        for words in refused.value.fields:
            assert words.message("zh") and words.message("en")
    assert sampled.list("li.na", "sample").total == 0
