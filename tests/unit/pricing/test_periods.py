"""Which period a report is about, and which reports are owed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from zargar.clock import TEHRAN
from zargar.pricing.periods import MOST_OWED, Kind, Span, before, newest_due, owed, span_of


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=TEHRAN).astimezone(UTC)


def days(span: Span) -> tuple[date, date]:
    return span.first_day, span.last_day


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (at(11, 22, 19), date(2026, 11, 22)),
        (at(11, 22, 18, 59), date(2026, 11, 21)),
        (at(11, 23, 0, 10), date(2026, 11, 22)),
    ],
)
def test_a_day_is_reported_on_from_its_evening_until_the_next_one_s(now: datetime, first: date) -> None:
    assert days(newest_due(Kind.DAILY, now=now)) == (first, first)


@pytest.mark.parametrize("now", [at(11, 21, 0), at(11, 22, 20), at(11, 27, 23, 59)])
def test_a_week_is_reported_on_when_it_is_over(now: datetime) -> None:
    assert days(newest_due(Kind.WEEKLY, now=now)) == (date(2026, 11, 14), date(2026, 11, 20))


def test_a_month_is_a_jalali_one() -> None:
    assert days(newest_due(Kind.MONTHLY, now=at(11, 22, 9))) == (date(2026, 10, 23), date(2026, 11, 21))  # Aban 1405
    assert days(span_of(Kind.MONTHLY, at(3, 20, 12))) == (date(2026, 2, 20), date(2026, 3, 20))  # Esfand 1404: 29 days


@pytest.mark.parametrize("kind", Kind)
def test_periods_follow_each_other_without_a_gap(kind: Kind) -> None:
    span = span_of(kind, at(11, 22, 9))
    for _ in range(40):
        earlier = before(span)
        assert earlier.end == span.start
        assert span_of(kind, earlier.start) == span_of(kind, earlier.end - timedelta(seconds=1)) == earlier
        span = earlier


def test_the_first_report_ever_is_of_the_newest_period_alone() -> None:
    assert [days(one) for one in owed(Kind.DAILY, last=None, now=at(11, 22, 19))] == [(date(2026, 11, 22),) * 2]


def test_periods_without_a_report_since_the_last_one_are_owed_oldest_first() -> None:
    found = owed(Kind.DAILY, last=at(11, 19, 0), now=at(11, 22, 19))
    assert [one.first_day.day for one in found] == [20, 21, 22]


def test_a_period_that_has_its_report_is_named_again_so_that_it_can_be_looked_at() -> None:
    found = owed(Kind.DAILY, last=at(11, 22, 0), now=at(11, 22, 19, 5))
    assert [one.first_day.day for one in found] == [22]


def test_no_call_makes_up_for_more_than_so_many_periods() -> None:
    found = owed(Kind.DAILY, last=at(1, 1, 0), now=at(11, 22, 19))
    assert [one.first_day.day for one in found] == list(range(22 - MOST_OWED + 1, 23))
