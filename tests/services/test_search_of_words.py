"""What search finds: every word that was typed, somewhere in what one may see of a record."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.services.commands import Work
from jingwei.services.grouping import GroupWish, grouped
from jingwei.storage.late_words import read_late
from jingwei.storage.people import update_person

FILES = {
    "forms/device.yaml": """
kind: form
title: 设备
display: "{code}-{name}"
fields:
  code: {type: text, title: 编码}
  name: {type: text, title: 名称}
  place: {type: text, title: 位置, search: true}
  price: {type: text, title: 底价, search: true}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [price, code]}
""",
    "forms/repair.yaml": """
kind: form
title: 报修
display: "{org.title} {year} 年报修 {device}"
fields:
  year: {type: integer, title: 年度}
  device: {type: link, to: device, title: 设备}
  others: {type: link, to: device, many: true, search: true, title: 相关}
  boss: {type: person, search: true, title: 负责人}
  crew: {type: person, many: true, search: true, title: 班组}
  watcher: {type: person, title: 监督}
  site: {type: org, search: true, title: 地点}
  due: {type: date, search: true, title: 期限}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [boss]}
""",
    "forms/memo.yaml": """
kind: form
title: 便条
fields:
  what: {type: text, title: 标题}
  body: {type: long_text, title: 内容}
  who: {type: person, title: 人}
permissions: {all: {post: planner, can: [read, create, update], scope: org}}
""",
}


@pytest.fixture
def known(house: House) -> House:
    house.publish(FILES)
    return house


def total(house: House, login: str, form: str, words: str) -> int:
    found: int = house.list(login, form, q=words).total
    return found


def test_each_word_is_found_in_any_field_that_its_reader_may_see(known: House) -> None:
    known.create("li.na", "device", code="P-1-2", name="北方水泵", place="二层 100%_x", price="77")
    known.create("li.na", "device", code="P-1-3", name="风机", place="三层")
    for words, count in {
        "水泵 P-1-2": 1,
        "p-1-2 北方": 1,
        "北方 泵": 1,
        "100 二层": 1,
        "二层 100%_x": 1,
        "P-1": 2,
        "p-1 层": 2,
        "P-1-2-北方水泵": 1,
        "P-1-2-风机": 0,
        "水泵 三层": 0,
        "水泵 风机": 0,
        "—— 水泵 —": 1,
        "水泵 77": 1,
    }.items():
        assert total(known, "li.na", "device", words) == count, words
    for words, count in {"水泵 二层": 1, "水泵 77": 0, "P-1-2": 0, "水泵 P-1-2": 0}.items():
        assert total(known, "chen.jie", "device", words) == count, words


def test_nothing_that_was_typed_is_the_whole_list(known: House) -> None:
    known.create("li.na", "memo", what="甲", body="乙")
    for words in ("", " ", "\u3000"):
        assert total(known, "li.na", "memo", words) == 1
        with known.read("li.na") as view:
            assert grouped(view, "memo", GroupWish(("org",), q=words))["total"] == 1
    assert total(known, "li.na", "memo", "——") == 0


def test_records_are_found_by_the_names_of_people_orgs_and_linked_records(known: House) -> None:
    pump = known.create("li.na", "device", code="000124", name="水泵")["id"]
    fan = known.create("li.na", "device", code="7", name="风机")["id"]
    one = {"device": pump, "year": 2026, "boss": "li.na", "watcher": "ops", "site": "B"}
    known.create("li.na", "repair", **one, others=[fan], due="2026-03-01")
    known.create("li.na", "repair", device=fan, year=1999, crew=["wang.wu", "chen.jie"])
    for words, count in {
        "李娜": 1,
        "ln": 1,
        "li.na": 1,
        "ww": 1,
        "王五 陈洁": 1,
        "李娜 王五": 0,
        "运营": 0,  # whom an unmarked field names
        "乙公司": 1,
        "甲公司": 2,  # in the name of both
        "000124": 1,
        "风机": 2,
        "风机 水泵": 1,
        "2026-03-01": 1,
        "甲公司 2026 年报修 000124-水泵": 1,
        "甲公司 1,999 年报修 7-风机": 1,
        "甲公司 2026 年报修 7-风机": 1,  # that is linked to, too
        "甲公司 1,999 年报修 000124-水泵": 0,
    }.items():
        assert total(known, "li.na", "repair", words) == count, words
    # a field that is hidden is not asked, nor what is hidden of a linked record
    for words, count in {"李娜": 0, "000124": 0, "水泵": 1, "陈洁": 1}.items():
        assert total(known, "chen.jie", "repair", words) == count, words


def test_a_name_that_changes_is_found_anew_and_whoever_left_too(known: House) -> None:
    known.create("li.na", "repair", year=2026, boss="wang.wu")

    def renamed(work: Work) -> None:
        key = work.store.people.ids["wang.wu"]
        update_person(work.connection, key, {"name": "赵六", "active": False})

    known.do("li.na", renamed)
    for words, count in {"王五": 0, "赵六": 1, "zl": 1, "wang": 1}.items():
        assert total(known, "li.na", "repair", words) == count, words


def test_of_a_form_that_marks_nothing_old_records_are_found_by_their_names(
    known: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ("甲方", "乙方", "丙方"):
        known.create("li.na", "memo", what=words, body=f"{words}说明", who="li.na")
    monkeypatch.setattr("jingwei.storage.compiler.MOST_SCANNED", 1)
    for words, count in {"方": 3, "李娜": 3, "方说": 1, "丙方说": 1, "甲方说": 0}.items():
        assert total(known, "li.na", "memo", words) == count, words


def test_words_that_an_earlier_engine_did_not_read_are_read_once(known: House) -> None:
    old = [known.create("li.na", "memo", what=words)["id"] for words in ("甲方", "乙方")]
    with known.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM sys_words")
    new = known.create("li.na", "memo", what="丙方")["id"]
    known.update("li.na", "memo", old[0], what="甲方二")  # before anybody looks what is missing
    running = known.commands.active.current
    assert read_late(known.database, running.catalogue, running.names) == ["memo.what"]
    assert read_late(known.database, running.catalogue, running.names) == []
    with known.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT record FROM sys_words ORDER BY record")
        assert list(kept.scalars()) == [*old, new]
