"""When a scheduled backup is owed, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from zargar.backups import timetable
from zargar.backups.timetable import BadCronError, Turn
from zargar.clock import TEHRAN

DAILY = "30 14 * * *"


def tehran(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN).astimezone(UTC)


def decided(now: str, *, next_due: str = "2026-11-22T14:30", settled_at: str = "2026-11-21T14:30") -> Turn | None:
    return timetable.turn(DAILY, next_due=tehran(next_due), settled_at=tehran(settled_at), now=tehran(now))


def test_before_its_time_nothing_is_done() -> None:
    assert decided("2026-11-22T14:29:59") is None


def test_at_its_time_it_is_owed_and_the_next_one_follows() -> None:
    assert decided("2026-11-22T14:30") == Turn(owed=tehran("2026-11-22T14:30"), next_due=tehran("2026-11-23T14:30"))


def test_after_a_long_pause_one_is_owed_and_not_one_for_each_time() -> None:
    assert decided("2027-03-01T09:00") == Turn(owed=tehran("2026-11-22T14:30"), next_due=tehran("2027-03-01T14:30"))


def test_a_clock_that_was_set_back_does_not_leave_a_schedule_waiting_for_years() -> None:
    turn = decided("2026-11-22T09:00", next_due="2031-01-02T14:30", settled_at="2031-01-01T15:00")
    assert turn == Turn(owed=None, next_due=tehran("2026-11-22T14:30"))


def test_one_time_of_one_schedule_is_one_run_and_another_is_another() -> None:
    due, other = tehran("2026-11-22T14:30"), tehran("2026-11-23T14:30")
    assert timetable.run_id(1, due) == timetable.run_id(1, due)
    assert len({timetable.run_id(1, due), timetable.run_id(2, due), timetable.run_id(1, other)}) == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("tomorrow", "five fields"),
        ("* * * * * *", "five fields"),
        ("61 3 * * *", "no cron line"),
        ("0 0 30 2 *", "never comes|no cron line"),
        ("*/5 3 * * *", "every 15 minutes"),
        ("0,5 0 1 1 *", "every 15 minutes"),
        ("* * * * *", "every 15 minutes"),
    ],
)
def test_a_line_that_no_schedule_may_have_is_refused(line: str, says: str) -> None:
    with pytest.raises(BadCronError, match=says):
        timetable.first(line, now=tehran("2026-11-22T12:00"))


@pytest.mark.parametrize("line", ["*/15 * * * *", "30 14 * * 6", "0 0 1 * *", "0 0 29 2 *"])
def test_other_lines_are_taken_and_come_after_now(line: str) -> None:
    now = tehran("2026-11-22T12:00")
    assert timetable.first(line, now=now) > now
    assert timetable.first(line, now=now) - now < timedelta(days=4 * 366)
