"""When the ounce is traded: New York's week, seen from UTC and from Tehran, over both changes of its clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.calendars.world import in_world_weekend, last_world_close, next_world_open, world_open
from zargar.clock import TEHRAN

MOMENTS = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)).map(  # noqa: DTZ001 -- UTC below
    lambda moment: moment.replace(tzinfo=UTC)
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last_moment", "close", "reopening"),
    [
        ("2026-01-09T21:59:59", "2026-01-09T22:00", "2026-01-11T23:00"),  # New York in winter
        ("2026-07-10T20:59:59", "2026-07-10T21:00", "2026-07-12T22:00"),  # and in summer
        ("2026-03-06T21:59:59", "2026-03-06T22:00", "2026-03-08T22:00"),  # its clocks go forward on Sunday 2026-03-08
        ("2026-10-30T20:59:59", "2026-10-30T21:00", "2026-11-01T23:00"),  # and back on Sunday 2026-11-01
    ],
)
def test_a_week_of_gold_ends_on_friday_at_17_and_begins_on_sunday_at_18_of_new_york(
    last_moment: str, close: str, reopening: str
) -> None:
    assert world_open(utc(last_moment))
    for closed in (utc(close), utc(close) + timedelta(hours=30), utc(reopening) - timedelta(seconds=1)):
        assert not world_open(closed)
        assert in_world_weekend(closed)
        assert last_world_close(closed) == utc(close)
        assert next_world_open(closed) == utc(reopening)
    assert world_open(utc(reopening))
    assert last_world_close(utc(reopening)) == utc(close)


def test_each_day_has_a_break_of_an_hour_that_is_no_weekend() -> None:
    monday_break = utc("2026-01-12T22:30")
    assert not world_open(monday_break)
    assert not in_world_weekend(monday_break)
    assert last_world_close(monday_break) == utc("2026-01-12T22:00")
    assert next_world_open(monday_break) == utc("2026-01-12T23:00")
    assert world_open(utc("2026-01-12T23:00"))


def test_the_weekend_in_tehran_lasts_from_saturday_early_to_monday_early_while_tehran_trades() -> None:
    assert in_world_weekend(datetime(2026, 1, 10, 1, 30, tzinfo=TEHRAN))
    assert in_world_weekend(datetime(2026, 1, 11, 12, 0, tzinfo=TEHRAN))
    assert not in_world_weekend(datetime(2026, 1, 12, 2, 30, tzinfo=TEHRAN))


@given(MOMENTS)
def test_the_last_close_is_never_ahead_and_never_older_than_a_weekend_and_a_day(now: datetime) -> None:
    closed_for = now - last_world_close(now)
    assert timedelta() <= closed_for <= timedelta(hours=74)
    if not world_open(now):
        assert closed_for <= timedelta(hours=50)
        assert not world_open(now - closed_for)
        assert world_open(now - closed_for - timedelta(seconds=1))


@given(MOMENTS)
def test_the_market_opens_at_the_next_opening_and_not_before(now: datetime) -> None:
    opening = next_world_open(now)
    assert world_open(opening)
    assert opening == now if world_open(now) else not world_open(opening - timedelta(seconds=1))
