"""The Tehran gold session."""

from datetime import UTC, datetime, timedelta

import pytest

from zargar.calendars.sessions import session_at
from zargar.clock import TEHRAN

SUNDAY = 22  # of November 2026
FRIDAY = 27


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=TEHRAN).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "awake"),
    [
        (SUNDAY, 8, 59, False),
        (SUNDAY, 9, 0, True),
        (SUNDAY, 22, 29, True),
        (SUNDAY, 22, 30, False),
        (FRIDAY, 11, 29, False),
        (FRIDAY, 11, 30, True),
        (FRIDAY, 22, 0, False),
    ],
)
def test_the_market_is_awake_in_its_hours_and_later_on_fridays(
    day: int, hour: int, minute: int, *, awake: bool
) -> None:
    assert session_at(at(day, hour, minute)).open is awake


def test_while_the_market_sleeps_the_session_is_the_last_one() -> None:
    before_dawn = session_at(at(SUNDAY, 3))
    assert (before_dawn.opened_at, before_dawn.closes_at) == (at(SUNDAY - 1, 9), at(SUNDAY - 1, 22, 30))


def test_ninety_minutes_back_are_ninety_minutes_in_the_middle_of_a_session() -> None:
    now = at(SUNDAY, 15)
    assert session_at(now).back(now, timedelta(minutes=90)) == at(SUNDAY, 13, 30)


def test_closed_hours_do_not_age_a_price() -> None:
    for now in (at(SUNDAY, 23), at(SUNDAY + 1, 3), at(SUNDAY + 1, 8, 59)):
        assert session_at(now).back(now, timedelta(minutes=90)) == at(SUNDAY, 21)


def test_right_after_the_opening_the_evening_before_still_counts() -> None:
    now = at(SUNDAY, 9, 5)
    assert session_at(now).back(now, timedelta(minutes=90)) == at(SUNDAY - 1, 21, 5)


def test_on_saturday_morning_the_evening_before_is_a_fridays() -> None:
    now = at(FRIDAY + 1, 9, 30)
    assert session_at(now).back(now, timedelta(minutes=90)) == at(FRIDAY, 21)
