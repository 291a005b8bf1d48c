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
        ("曾国藩", "zgf"),
        ("安哲", "az"),
        ("贺齐", "hq"),
        ("", ""),
        ("😀", ""),
    ],
)
def test_a_name_has_initials(name: str, expected: str) -> None:
    assert initials(name) == expected
