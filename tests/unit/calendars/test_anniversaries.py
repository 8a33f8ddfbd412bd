"""Birthdays on 30 Esfand and monthly days that a month lacks, over fifty years."""

from datetime import date, timedelta

import jdatetime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.published_days import LEAP_YEARS
from zargar.calendars.anniversaries import (
    Missing,
    age_on,
    birthday_in,
    births_of,
    day_of_month,
    has_birthday,
    jalali_birthdays,
)
from zargar.calendars.jalali import first_and_last, last_day_of, write_date

LEAP_BORN = jdatetime.date(1403, 12, 30).togregorian()
births = st.dates(date(1925, 1, 1), date(2026, 1, 1))
missings = st.sampled_from(Missing)


def birthdays(born: date, missing: Missing, years: range) -> list[date]:
    """Every day of these Jalali years on which somebody has birthday, asked day by day."""
    first, last = first_and_last(years.start)[0], first_and_last(years.stop - 1)[1]
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if has_birthday(born, today=day, missing=missing)]


def test_the_leap_years_are_the_published_ones() -> None:
    assert {year for year in range(1395, 1450) if last_day_of(year, 12) == 30} == LEAP_YEARS


def test_backward_a_leap_day_birthday_is_there_once_in_each_of_fifty_years() -> None:
    found = birthdays(LEAP_BORN, Missing.BACKWARD, range(1403, 1453))
    assert len(found) == 50
    for year, day in zip(range(1403, 1453), found, strict=True):
        assert write_date(day) == write_date(first_and_last(year)[1])
        assert age_on(LEAP_BORN, today=day) == year - 1403


def test_forward_it_is_nowruz_after_a_common_year_and_none_is_lost_in_fifty_years() -> None:
    found = birthdays(LEAP_BORN, Missing.FORWARD, range(1403, 1453))
    # That of 1452, no leap year, is on the first day of 1453, which lies outside.
    assert len(found) == 49 + (1452 in LEAP_YEARS)
    for year, day in zip(range(1403, 1453), found, strict=False):
        expected = first_and_last(year)[1] if year in LEAP_YEARS else first_and_last(year + 1)[0]
        assert day == expected
        assert age_on(LEAP_BORN, today=day) == year - 1403


def test_omitted_it_comes_in_leap_years_alone() -> None:
    found = birthdays(LEAP_BORN, Missing.OMIT, range(1403, 1453))
    assert {jdatetime.date.fromgregorian(date=day).year for day in found} == {y for y in LEAP_YEARS if 1403 <= y < 1453}


def test_the_four_common_years_after_1403_are_not_skipped() -> None:
    found = [birthday_in(year, LEAP_BORN, missing=Missing.BACKWARD) for year in range(1404, 1408)]
    assert [write_date(day) for day in found if day] == [f"۱۴۰{n}/۱۲/۲۹" for n in "۴۵۶۷"]


@settings(deadline=None)
@given(births, missings, st.integers(0, 90))
def test_a_birthday_is_on_its_own_jalali_day_wherever_the_year_has_it(born: date, missing: Missing, age: int) -> None:
    birth = jdatetime.date.fromgregorian(date=born)
    found = birthday_in(birth.year + age, born, missing=missing)
    if (birth.month, birth.day) != (12, 30):
        assert found is not None
        jalali = jdatetime.date.fromgregorian(date=found)
        assert (jalali.year, jalali.month, jalali.day) == (birth.year + age, birth.month, birth.day)
        assert has_birthday(born, today=found, missing=missing)
        assert age_on(born, today=found) == age


@settings(deadline=None, max_examples=30)
@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), missings)
@example(first_and_last(1404)[1], Missing.BACKWARD)
@example(first_and_last(1405)[0], Missing.FORWARD)
def test_the_days_of_birth_that_a_database_is_asked_for_are_those_of_the_rule(today: date, missing: Missing) -> None:
    found = set(births_of(today, missing=missing, oldest=5))
    year = jdatetime.date.fromgregorian(date=today).year
    first = first_and_last(year - 5)[0]
    span = (first + timedelta(days=n) for n in range((today - first).days + 1))
    assert found == {born for born in span if has_birthday(born, today=today, missing=missing)}


def test_a_common_year_gives_29_esfand_two_birthdays_backward_and_one_else() -> None:
    today = first_and_last(1404)[1]
    assert jalali_birthdays(today, missing=Missing.BACKWARD) == {(12, 29), (12, 30)}
    assert jalali_birthdays(today, missing=Missing.FORWARD) == {(12, 29)}
    nowruz = first_and_last(1405)[0]
    assert jalali_birthdays(nowruz, missing=Missing.FORWARD) == {(1, 1), (12, 30)}
    assert jalali_birthdays(first_and_last(1404)[0], missing=Missing.FORWARD) == {(1, 1)}


def test_nobody_has_birthday_before_birth() -> None:
    assert birthday_in(1402, LEAP_BORN, missing=Missing.BACKWARD) is None
    assert LEAP_BORN in set(births_of(LEAP_BORN, missing=Missing.OMIT, oldest=1))


@settings(deadline=None)
@given(st.integers(1380, 1440), st.integers(7, 11))
def test_a_day_that_no_year_has_is_refused(year: int, month: int) -> None:
    with pytest.raises(ValueError, match="no year has a day 31"):
        day_of_month(year, month, 31, missing=Missing.BACKWARD)


def test_a_month_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="twelve months"):
        last_day_of(1405, 13)
