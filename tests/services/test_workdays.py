"""Working days of China in 2026, with 调休, and due dates that count from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from jingwei.catalogue.org_tree import OrgTree
from jingwei.language.definition import Origin
from jingwei.language.organisation import Calendar
from jingwei.language.text import Text
from jingwei.language.values import Due, Duration
from jingwei.services import workdays

ORIGIN = Origin("test.yaml", {}, {})
CHINA = Calendar(kind="calendar", name="cn", title=Text.plain("cn"), origin=ORIGIN, base="CN")


@dataclass(frozen=True)
class Only:
    """A catalogue with nothing but calendars."""

    calendars: Mapping[str, Calendar] = field(default_factory=lambda: {"cn": CHINA})
    tree: OrgTree = field(default_factory=lambda: OrgTree({}))


def test_the_national_day_week_is_off_and_its_weekends_are_worked() -> None:
    assert not workdays.is_workday(CHINA, date(2025, 10, 1))
    assert not workdays.is_workday(CHINA, date(2025, 10, 8))
    assert workdays.is_workday(CHINA, date(2025, 9, 28))  # a Sunday worked in exchange
    assert workdays.is_workday(CHINA, date(2025, 10, 11))  # a Saturday worked in exchange
    assert not workdays.is_workday(CHINA, date(2025, 10, 12))


def test_what_the_author_adds_beats_the_library() -> None:
    own = Calendar(
        kind="calendar",
        name="own",
        title=Text.plain("own"),
        origin=ORIGIN,
        base="CN",
        holidays=((date(2025, 11, 3), date(2025, 11, 4)),),
        workdays=(date(2025, 10, 12),),
    )
    assert not workdays.is_workday(own, date(2025, 11, 3))
    assert workdays.is_workday(own, date(2025, 10, 12))


def test_three_working_days_after_the_eve_of_the_national_day() -> None:
    assert workdays.add_workdays(Only(), date(2025, 9, 30), 3, None) == date(2025, 10, 11)
    assert workdays.add_workdays(Only(), date(2025, 10, 11), -3, None) == date(2025, 9, 30)
    assert workdays.add_workdays(Only(), date(2025, 10, 1), 0, None) == date(2025, 10, 1)


def test_working_days_count_both_ends() -> None:
    assert workdays.working_days(Only(), date(2025, 9, 29), date(2025, 10, 10), None) == 4
    assert workdays.working_days(Only(), date(2025, 10, 10), date(2025, 9, 29), None) == -4


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    assert workdays.add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert workdays.add_months(date(2026, 1, 31), -2) == date(2025, 11, 30)


@pytest.mark.parametrize(
    ("due", "start", "wanted"),
    [
        (Due(lag=Duration(1, "mo"), day=12), date(2026, 2, 28), date(2026, 3, 12)),
        (Due(lag=Duration(1, "mo"), day=31), date(2026, 1, 31), date(2026, 2, 28)),
        (Due(lag=Duration(3, "wd")), date(2025, 9, 30), date(2025, 10, 11)),
        (
            Due(lag=Duration(1, "mo"), day=3, shift="next_workday"),
            date(2025, 9, 30),
            date(2025, 10, 9),
        ),
    ],
)
def test_due_rules(due: Due, start: date, wanted: date) -> None:
    assert workdays.due_day(Only(), due, start, None) == wanted


def test_days_keep_the_local_time_and_hours_run_through() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    at = datetime(2025, 9, 30, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
    assert workdays.add_duration(Only(), at, Duration(1, "wd"), None, zone) == datetime(
        2025, 10, 9, 2, 0, tzinfo=UTC
    )
    assert workdays.add_duration(Only(), at, Duration(8, "h"), None, zone) == datetime(
        2025, 9, 30, 10, 0, tzinfo=UTC
    )


def test_time_counts_on_working_days_only() -> None:
    zone = ZoneInfo("Asia/Shanghai")

    def hours(start: datetime, end: datetime) -> float:
        is_worked = partial(workdays.is_workday, CHINA)
        found = workdays.worked_time(is_worked, start, end, zone)
        return found.total_seconds() / 3600

    friday, monday = datetime(2026, 3, 6, 9, tzinfo=UTC), datetime(2026, 3, 9, 2, tzinfo=UTC)
    assert hours(friday, monday) == 7 + 10, "17:00 to midnight, and till 10:00 there"
    assert hours(friday, friday.replace(hour=11)) == 2
    assert hours(datetime(2026, 3, 7, 1, tzinfo=UTC), datetime(2026, 3, 8, 9, tzinfo=UTC)) == 0
    assert hours(monday, friday) == 0
