"""The world's market of gold: when the ounce (XAU, US dollars) is traded at all. Pure: the moment is an argument.

The rules are New York's, which keeps daylight saving: open from Sunday 18:00 to Friday 17:00, but for a break of an
hour each day from 17:00 to 18:00 (the hours of CME's Globex, by which brokers of XAU go). In Tehran, which keeps none,
that is closed from Saturday 01:30 to Monday 02:30 while New York has winter time, and an hour earlier in its summer;
eight winter weekends of a public recording were frozen from 01:45 to 02:25, give or take its polls. Tehran trades on
Saturday and Sunday all the same: what the ounce then says is Friday's.

The exchange's own holidays (Christmas, Good Friday, early closes) are not in here: a feed's stamp, or a value that does
not change, tells of them.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

NEW_YORK: Final = ZoneInfo("America/New_York")
CLOSES: Final = time(17, 0)
OPENS: Final = time(18, 0)
_FRIDAY: Final = 4
_SATURDAY: Final = 5
_SUNDAY: Final = 6


def world_open(now: datetime) -> bool:
    """Say whether the ounce is traded at `now` (aware): neither the weekend nor the daily break.

    The moment of opening is open, that of closing is closed.
    """
    local = _local(now)
    if CLOSES <= local.time() < OPENS:
        return False
    return not in_world_weekend(now)


def in_world_weekend(now: datetime) -> bool:
    """Say whether `now` (aware) lies between Friday 17:00 and Sunday 18:00 of New York."""
    local = _local(now)
    if local.weekday() == _FRIDAY:
        return local.time() >= CLOSES
    return local.weekday() == _SATURDAY or (local.weekday() == _SUNDAY and local.time() < OPENS)


def last_world_close(now: datetime) -> datetime:
    """Return when trading ended last, at or before `now` (aware), in UTC: that of a day's break, or of the week.

    While the market is closed this is when the price that it still shows was made.
    """
    day = _local(now).date()
    while (close := _close_of(day)) is None or close > now:
        day -= timedelta(days=1)
    return close


def next_world_open(now: datetime) -> datetime:
    """Return when trading begins again, after `now` (aware); while it is open, `now` itself, in UTC."""
    if world_open(now):
        return now.astimezone(UTC)
    day = _local(now).date()
    while day.weekday() in {_FRIDAY, _SATURDAY} or _at(day, OPENS) < now:
        day += timedelta(days=1)
    return _at(day, OPENS)


def _close_of(day: date) -> datetime | None:
    """Return when trading ends on a day of New York; None on Saturday and Sunday, when none does."""
    return None if day.weekday() in {_SATURDAY, _SUNDAY} else _at(day, CLOSES)


def _at(day: date, clock: time) -> datetime:
    """Return a moment of New York in UTC. Its clocks change at 02:00, so that 17:00 and 18:00 happen once each day."""
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)


def _local(now: datetime) -> datetime:
    return now.astimezone(NEW_YORK)
