"""How far apart the slots of an entry are, at whatever hour it is asked."""

from datetime import datetime, timedelta

import pytest

from zargar.clock import TEHRAN
from zargar.schedules.cadence import Cron, Every, period

FIVE_MINUTES_BY_DAY = Cron("*/5 8-17 * * *")


@pytest.mark.parametrize("at", ["03:00", "07:59", "12:02", "17:47", "17:52", "17:57", "23:59"])
def test_the_night_between_two_windows_is_no_period(at: str) -> None:
    now = datetime.fromisoformat(f"2026-11-23T{at}").replace(tzinfo=TEHRAN)
    assert period(FIVE_MINUTES_BY_DAY, now) == timedelta(minutes=5)


def test_a_daily_entry_has_a_day_and_a_weekly_one_a_week() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=TEHRAN)
    assert period(Cron("0 3 * * *"), now) == timedelta(days=1)
    assert period(Cron("0 2 * * 0"), now) == timedelta(weeks=1)
    assert period(Every(5), now) == timedelta(seconds=5)
