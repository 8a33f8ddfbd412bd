"""Rules of the Jalali calendar: read, written, and walked over years."""

from datetime import UTC, date, datetime, time, timedelta

import jdatetime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zargar.calendars.anniversaries import Missing
from zargar.calendars.events import Event, Override
from zargar.calendars.jalali import last_day_of
from zargar.clock import TEHRAN
from zargar.notifications.recurrence import (
    ORDINALS,
    WEEKDAYS,
    Before,
    Monthly,
    MonthlyWeekday,
    Owed,
    RecurrenceError,
    Rule,
    Weekly,
    Yearly,
    dates,
    moments,
    owed,
    preview,
    read,
)

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TEN = time(10)

weekdays = st.integers(0, 6)
missings = st.sampled_from(Missing)
rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Weekly, weekdays),
    st.builds(Monthly, st.integers(1, 31), missings),
    st.builds(MonthlyWeekday, st.integers(0, 4), weekdays),
    st.builds(Yearly, st.integers(1, 12), st.integers(1, 29), missings),
    st.builds(Yearly, st.just(12), st.just(30), missings),
    st.builds(Before, st.sampled_from([e for e in Event if e is not Event.GIRLS_DAY]), st.integers(0, 90)),
)
days = st.dates(date(2015, 1, 1), date(2040, 1, 1))


def jalali(moment: datetime) -> str:
    day = jdatetime.date.fromgregorian(date=moment.astimezone(TEHRAN).date())
    return f"{day.year}/{day.month:02}/{day.day:02}"


@settings(deadline=None)
@given(rules)
def test_a_rule_is_read_as_it_is_written(rule: Rule) -> None:
    assert read(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "", "monthly", "monthly 0", "monthly 32", "monthly first", "monthly fifth friday", "weekly 3", "weekly jomeh",
        "yearly 13/1", "yearly 7/31", "yearly 0/1", "before easter 3", "before nowruz", "before nowruz -1",
        "before nowruz 91", "monthly 31 sideways", "monthly 1 omit now", "daily",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RecurrenceError, match="such as `monthly 1`"):
        read(text)


@pytest.mark.parametrize(
    ("text", "first_three"),
    [
        ("monthly 1", ["1405/10/01", "1405/11/01", "1405/12/01"]),
        ("monthly last thursday", ["1405/09/26", "1405/10/24", "1405/11/29"]),
        ("monthly first saturday", ["1405/09/07", "1405/10/05", "1405/11/03"]),
        ("weekly thursday", ["1405/09/05", "1405/09/12", "1405/09/19"]),
        ("monthly 31", ["1405/09/30", "1405/10/30", "1405/11/30"]),
        ("monthly 31 omit", ["1406/01/31", "1406/02/31", "1406/03/31"]),
        ("monthly 31 forward", ["1405/10/01", "1405/11/01", "1405/12/01"]),
        ("before nowruz 7", ["1405/12/23", "1406/12/23", "1407/12/23"]),
        ("before yalda 3", ["1405/09/27", "1406/09/27", "1407/09/27"]),
        ("before yalda 0", ["1405/09/30", "1406/09/30", "1407/09/30"]),
        ("yearly 12/30 omit", ["1408/12/30", "1412/12/30", "1416/12/30"]),
        ("before chaharshanbe_suri 0", ["1405/12/25", "1406/12/24", "1407/12/23"]),
    ],
)
def test_a_preview_tells_the_next_ten(text: str, first_three: list[str]) -> None:
    found = preview(read(text), TEN, now=NOW)
    assert len(found) == 10
    assert [jalali(moment) for moment in found[:3]] == first_three
    assert {moment.astimezone(TEHRAN).time() for moment in found} == {TEN}


def test_a_preview_of_what_only_operators_name_tells_what_they_named() -> None:
    rule = read("before girls_day 2")
    assert preview(rule, TEN, now=NOW) == ()
    told = [Override(Event.GIRLS_DAY, 1448, date(2027, 4, 8))]
    assert [jalali(moment) for moment in preview(rule, TEN, now=NOW, overrides=told)] == ["1406/01/17"]


def test_today_counts_until_its_hour_has_come() -> None:
    ten = datetime(2026, 12, 22, 10, tzinfo=TEHRAN).astimezone(UTC)
    rule = read("monthly 1")
    assert preview(rule, TEN, now=ten - timedelta(seconds=1))[0] == ten
    assert preview(rule, TEN, now=ten)[0] > ten


@settings(deadline=None)
@given(rules, days, st.integers(0, 800))
def test_dates_are_in_order_in_the_span_and_the_same_however_it_is_cut(rule: Rule, first: date, length: int) -> None:
    last = first + timedelta(days=length)
    middle = first + timedelta(days=length // 3)
    whole = list(dates(rule, first=first, last=last))
    assert whole == sorted(whole)
    assert all(first <= day <= last for day in whole)
    cut = [*dates(rule, first=first, last=middle), *dates(rule, first=middle + timedelta(days=1), last=last)]
    assert whole == cut


@settings(deadline=None)
@given(st.integers(1, 31), st.sampled_from([Missing.BACKWARD, Missing.FORWARD]), st.integers(1390, 1440))
def test_a_monthly_message_that_omits_nothing_comes_twelve_times_a_year(day: int, missing: Missing, year: int) -> None:
    rule = Monthly(day, missing)
    first = jdatetime.date(year, 1, 1).togregorian() + timedelta(days=1)
    last = jdatetime.date(year + 1, 1, 1).togregorian()
    found = list(dates(rule, first=first, last=last))
    # A 1st of Farvardin of the year itself lies before the span, and that of the next within: still twelve.
    assert len(found) == 12


@settings(deadline=None)
@given(weekdays, days)
def test_the_last_weekday_of_a_month_has_no_later_one_in_it(weekday: int, day: date) -> None:
    rule = MonthlyWeekday(ORDINALS.index("last"), weekday)
    for found in dates(rule, first=day, last=day + timedelta(days=200)):
        month = jdatetime.date.fromgregorian(date=found)
        assert found.weekday() == weekday
        assert month.day + 7 > last_day_of(month.year, month.month)
    assert WEEKDAYS[weekday] in str(rule)


def at_ten(year: int, month: int, day: int) -> datetime:
    return datetime.combine(jdatetime.date(year, month, day).togregorian(), TEN, TEHRAN).astimezone(UTC)


def test_of_several_missed_dates_the_newest_is_made_up_once() -> None:
    rule = read("weekly saturday")
    thursday = at_ten(1405, 9, 26)
    found = owed(rule, TEN, seen_until=at_ten(1405, 9, 1), good_for=timedelta(days=7), now=thursday)
    assert (found.run, found.missed) == (at_ten(1405, 9, 21), (at_ten(1405, 9, 7), at_ten(1405, 9, 14)))
    assert owed(rule, TEN, seen_until=thursday, good_for=timedelta(days=7), now=thursday) == Owed(None, ())


def test_what_is_no_longer_good_is_not_made_up() -> None:
    yalda = at_ten(1405, 9, 30)
    found = owed(
        read("before yalda 0"), TEN, seen_until=yalda - timedelta(days=9), good_for=timedelta(hours=24),
        now=yalda + timedelta(hours=24),
    )  # fmt: skip
    assert found == Owed(None, (yalda,))


@settings(deadline=None)
@given(rules, days, st.lists(st.integers(1, 5000), min_size=1, max_size=12))
def test_whoever_looks_at_any_hours_sees_each_date_once(rule: Rule, day: date, steps: list[int]) -> None:
    start = seen = datetime.combine(day, time(3, 33), TEHRAN).astimezone(UTC)
    told: list[datetime] = []
    for step in steps:
        now = seen + timedelta(hours=step)
        found = owed(rule, TEN, seen_until=seen, good_for=timedelta(days=9000), now=now)
        told += [*found.missed, *([found.run] if found.run else [])]
        seen = now
    assert told == list(moments(rule, TEN, after=start, until=seen))


def test_a_clock_that_was_set_back_owes_nothing() -> None:
    rule = read("weekly saturday")
    assert owed(rule, TEN, seen_until=NOW, good_for=timedelta(days=1), now=NOW - timedelta(days=40)) == Owed(None, ())
