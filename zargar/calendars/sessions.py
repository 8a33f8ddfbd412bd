"""The Tehran gold session: when the price of 18-karat gold moves at all.

Measured over 2,157 changes of a public board (2025-12 to 2026-08): on weekdays the price moves from 09:00 to 22:30
Tehran time and never between midnight and 09:00; on Fridays mostly from 11:30 to 22:00. Tehran keeps UTC+3:30 all year
(no daylight saving since 2022-09-21).

On a holiday, official or of the bazaar (`closures`), online quotes go on, but seldom: it is judged as a Friday is, with
its hours and the longer silence that is allowed then, and not as closed. The longest runs without a change on weekdays
(up to 681 minutes, in April 2026) were holidays'.

A price does not age while the market sleeps, so ages are judged in session time: see `Session.back`.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from zargar.clock import TEHRAN

WEEKDAY: Final = (time(9, 0), time(22, 30))
FRIDAY: Final = (time(11, 30), time(22, 0))
DAYS_BEFORE: Final = 2
"""How many days before today a session may look back to: last night's, and the one before it."""

_FRIDAY_NUMBER: Final = 4


@dataclass(frozen=True)
class Session:
    """The session that is open, or the last one when the market is closed. All moments are aware UTC.

    `quiet`: it is a Friday's or a holiday's, when little is traded.
    """

    open: bool
    opened_at: datetime
    closes_at: datetime
    previous_closed_at: datetime
    quiet: bool

    def back(self, now: datetime, span: timedelta) -> datetime:
        """Return the moment that lies `span` of session time before `now`.

        Closed hours do not count: ninety minutes before 09:05 is 21:05 of the evening before (on a weekday).
        `span` may not be longer than two sessions, which no rule about a price comes near.
        """
        counted_from = min(now, self.closes_at)
        elapsed = counted_from - self.opened_at
        if elapsed >= span:
            return counted_from - span
        return self.previous_closed_at - (span - elapsed)


def session_at(now: datetime, *, closed: Container[date] = frozenset()) -> Session:
    """Return the session that `now` (aware) lies in, or the last one before it.

    `closed` holds the holidays of Tehran's calendar, of today and the `DAYS_BEFORE` before it.
    """
    today = now.astimezone(TEHRAN).date()
    if now < _hours(today, closed)[0]:
        today -= timedelta(days=1)
    opened_at, closes_at = _hours(today, closed)
    _, previous_closed_at = _hours(today - timedelta(days=1), closed)
    return Session(
        open=opened_at <= now < closes_at,
        opened_at=opened_at,
        closes_at=closes_at,
        previous_closed_at=previous_closed_at,
        quiet=_is_quiet(today, closed),
    )


def _hours(day: date, closed: Container[date]) -> tuple[datetime, datetime]:
    opens, closes = FRIDAY if _is_quiet(day, closed) else WEEKDAY
    return (
        datetime.combine(day, opens, TEHRAN).astimezone(UTC),
        datetime.combine(day, closes, TEHRAN).astimezone(UTC),
    )


def _is_quiet(day: date, closed: Container[date]) -> bool:
    return day.weekday() == _FRIDAY_NUMBER or day in closed
