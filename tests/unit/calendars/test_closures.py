"""Closed days: how they are proposed, written and judged."""

from datetime import UTC, date, datetime, timedelta

import pytest

from zargar.calendars.closures import Closure, Kind
from zargar.calendars.days import BadDayError, read_day
from zargar.calendars.jalali import NotJalaliError, first_and_last
from zargar.calendars.proposals import UnknownYearError, closures_of
from zargar.calendars.sessions import session_at
from zargar.clock import TEHRAN

THURSDAY = date(2026, 6, 25)
"""Ashura 1448, a day on which markets are otherwise awake from 09:00."""


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TEHRAN).astimezone(UTC)


def test_the_official_days_of_1405_are_known_and_the_far_ones_are_marked_estimated() -> None:
    found = {closure.day: closure for closure in closures_of(1405) if closure.kind is Kind.OFFICIAL}
    assert found[date(2026, 6, 25)].name == "عاشورای حسینی"
    assert found[date(2026, 3, 21)].name == "جشن نوروز; عید سعید فطر"
    assert not found[date(2026, 6, 25)].estimated
    assert found[date(2027, 3, 10)] == Closure(date(2027, 3, 10), Kind.OFFICIAL, "عید سعید فطر", estimated=True)
    assert first_and_last(1405) == (date(2026, 3, 21), date(2027, 3, 20))
    assert (min(found), max(found)) == (date(2026, 3, 21), date(2027, 3, 20))


def test_the_bazaar_closes_from_the_7th_to_the_12th_of_muharram_always_as_an_estimate() -> None:
    found = [closure for closure in closures_of(1405) if closure.kind is Kind.BAZAAR]
    assert [closure.day for closure in found] == [date(2026, 6, 22) + timedelta(days=n) for n in range(6)]
    assert all(closure.estimated for closure in found)
    # 12 to 17 Tir 1404, as the press had it; the library's Ashura of that year was right.
    assert [c.day for c in closures_of(1404) if c.kind is Kind.BAZAAR] == [date(2025, 7, 3 + n) for n in range(6)]


def test_every_year_that_people_deal_with_has_its_bazaar_days_and_no_day_twice() -> None:
    for year in range(1390, 1431):
        found = closures_of(year)
        first, last = first_and_last(year)
        keys = [(closure.day, closure.kind) for closure in found]
        assert len(keys) == len(set(keys))
        assert all(first <= closure.day <= last for closure in found)
        assert sum(closure.kind is Kind.BAZAAR for closure in found) >= 6


def test_a_year_whose_moon_the_library_does_not_know_is_refused_rather_than_proposed_in_part() -> None:
    with pytest.raises(UnknownYearError, match="1490"):
        closures_of(1490)
    with pytest.raises(NotJalaliError):
        closures_of(2026)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1405/09/02", date(2026, 11, 23)),
        ("۱۴۰۵/۹/۲", date(2026, 11, 23)),
        ("2026-11-23", date(2026, 11, 23)),
        (" 2026/11/23 ", date(2026, 11, 23)),
    ],
)
def test_a_day_is_read_in_either_calendar(text: str, day: date) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize("text", ["", "tomorrow", "1405/13/01", "1405/12/31", "2026-02-30", "0099-01-01", "1700/01/01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(BadDayError):
        read_day(text)


def test_a_holiday_is_a_quiet_day_with_the_hours_of_a_friday_and_not_a_closed_one() -> None:
    plain, holiday = session_at(at(THURSDAY, 15)), session_at(at(THURSDAY, 15), closed={THURSDAY})
    assert (plain.quiet, holiday.quiet) == (False, True)
    assert holiday.open
    assert (holiday.opened_at, holiday.closes_at) == (at(THURSDAY, 11, 30), at(THURSDAY, 22))


def test_before_a_holiday_opens_the_session_is_the_day_s_before() -> None:
    now = at(THURSDAY, 11)
    assert session_at(now).opened_at == at(THURSDAY, 9)
    session = session_at(now, closed={THURSDAY})
    assert (session.opened_at, session.quiet) == (at(THURSDAY - timedelta(days=1), 9), False)


def test_the_morning_after_two_holidays_looks_back_into_the_second_one_s_evening() -> None:
    closed = {THURSDAY, THURSDAY - timedelta(days=1)}
    saturday = THURSDAY + timedelta(days=2)
    now = at(THURSDAY, 12)
    assert session_at(now, closed=closed).back(now, timedelta(minutes=90)) == at(THURSDAY - timedelta(days=1), 21)
    assert session_at(at(saturday, 12), closed=closed) == session_at(at(saturday, 12))


def test_a_friday_is_quiet_without_anybody_saying_so() -> None:
    assert session_at(at(THURSDAY + timedelta(days=1), 15)).quiet
