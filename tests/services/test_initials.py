"""People are found by the initials of their names."""

from __future__ import annotations

import pytest

from jingwei.storage.initials import initials


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("李娜", "ln"),
        ("王五", "ww"),
        ("陈洁", "cj"),
        ("赵副总", "zfz"),
        ("欧阳锋", "oyf"),
        ("张三 Li", "zsli"),
        ("曾国华", "zgh cgh"),
        ("安哲", "az"),
        ("贺齐", "hq"),
        ("重庆", "cq zq"),
        ("长乐 A3", "cla3 cya3 zla3 zya3"),
        ("", ""),
        ("😀", ""),
    ],
)
def test_a_name_has_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_a_name_has_no_more_than_some_readings() -> None:
    assert len(initials("重长乐单查曾区").split()) == 8
