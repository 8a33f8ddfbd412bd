"""Jalali dates: read strictly in either script of digits, written in Persian, counted by Jalali months."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.calendars import jalali

FIRST_OF_AZAR_1405 = date(2026, 11, 22)


@pytest.mark.parametrize(
    "text", ["1405/09/01", "۱۴۰۵/۰۹/۰۱", "۱۴۰۵/۹/۱", " 1405-9-1 ", "١٤٠٥/٠٩/٠١", "۱۴۰۵.۰۹.۰۱", "1405 / 09 / 01"]
)
def test_a_date_is_read_in_persian_arabic_and_western_digits(text: str) -> None:
    assert jalali.read_date(text) == FIRST_OF_AZAR_1405


@pytest.mark.parametrize(
    "text",
    [
        "", "1405/13/01", "1405/09/31", "1405/12/30", "1405/0/1", "2026/11/22", "05/09/01", "1405/09/01 10:00",
        "اول آذر",
    ],
)  # fmt: skip
def test_what_is_no_jalali_date_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(jalali.NotJalaliError):
        jalali.read_date(text)


def test_the_last_of_esfand_exists_in_a_leap_year_alone() -> None:
    assert jalali.read_date("1403/12/30") == date(2025, 3, 20)
    with pytest.raises(jalali.NotJalaliError):
        jalali.read_date("1404/12/30")


def test_a_moment_is_meant_in_tehran_and_kept_in_utc() -> None:
    moment = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
    assert jalali.read_moment("۱۴۰۵/۰۹/۰۱ ۱۷:۳۰") == moment
    assert jalali.read_moment("1405/09/01، 17:30:00") == moment
    assert jalali.write_moment(moment) == "۱۴۰۵/۰۹/۰۱ ۱۷:۳۰:۰۰"


@pytest.mark.parametrize("text", ["1405/09/01", "1405/09/01 24:00", "1405/09/01 7", "1405/09/01 07:61"])
def test_a_moment_needs_a_time_of_day_that_exists(text: str) -> None:
    with pytest.raises(jalali.NotJalaliError):
        jalali.read_moment(text)


def test_shortly_before_midnight_utc_tehran_is_already_in_the_next_day() -> None:
    assert jalali.write_moment(datetime(2026, 11, 21, 22, 15, tzinfo=UTC)) == "۱۴۰۵/۰۹/۰۱ ۰۱:۴۵:۰۰"


def test_a_date_is_written_out_with_its_weekday() -> None:
    assert jalali.write_long(FIRST_OF_AZAR_1405) == "یکشنبه ۱ آذر ۱۴۰۵"


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2110, 1, 1)))
def test_every_date_that_is_written_is_read_back(day: date) -> None:
    assert jalali.read_date(jalali.write_date(day)) == day


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("1405/06/31", 1, "1405/07/30"),
        ("1405/06/31", 6, "1405/12/29"),
        ("1403/06/31", 6, "1403/12/30"),
        ("1405/10/15", 3, "1406/01/15"),
        ("1405/01/31", 12, "1406/01/31"),
        ("1405/09/01", 0, "1405/09/01"),
    ],
)
def test_a_month_later_is_the_same_day_of_the_jalali_month_or_its_last(start: str, months: int, end: str) -> None:
    assert jalali.add_months(jalali.read_date(start), months) == jalali.read_date(end)


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2080, 1, 1)), st.integers(min_value=0, max_value=120))
def test_later_months_come_later_and_never_skip_one(day: date, months: int) -> None:
    step = jalali.add_months(day, months + 1) - jalali.add_months(day, months)
    assert timedelta(days=29) <= step <= timedelta(days=31)
