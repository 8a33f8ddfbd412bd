"""The Tehran gold session: when the price of 18-karat gold moves at all.

Measured over 2,157 changes of a public board (2025-12 to 2026-08): on weekdays the price moves from 09:00 to 22:30
Tehran time and never between midnight and 09:00; on Fridays mostly from 11:30 to 22:00. Tehran keeps UTC+3:30 all year
(no daylight saving since 2022-09-21). Bazaar closures for mourning days are not in here: online quotes go on in them.

A price does not age while the market sleeps, so ages are judged in session time: see `Session.back`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from zargar.clock import TEHRAN

WEEKDAY: Final = (time(9, 0), time(22, 30))
FRIDAY: Final = (time(11, 30), time(22, 0))
_FRIDAY_NUMBER: Final = 4


@dataclass(frozen=True)
class Session:
    """The session that is open, or the last one when the market is closed. All moments are aware UTC."""

    open: bool
    opened_at: datetime
    closes_at: datetime
    previous_closed_at: datetime

    @property
    def on_friday(self) -> bool:
        """Whether it is a Friday's, when little is traded."""
        return self.opened_at.astimezone(TEHRAN).weekday() == _FRIDAY_NUMBER

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


def session_at(now: datetime) -> Session:
    """Return the session that `now` (aware) lies in, or the last one before it."""
    today = now.astimezone(TEHRAN).date()
    opened_at, closes_at = _hours(today)
    if now < opened_at:
        today -= timedelta(days=1)
        opened_at, closes_at = _hours(today)
    _, previous_closed_at = _hours(today - timedelta(days=1))
    return Session(
        open=opened_at <= now < closes_at,
        opened_at=opened_at,
        closes_at=closes_at,
        previous_closed_at=previous_closed_at,
    )


def _hours(day: date) -> tuple[datetime, datetime]:
    opens, closes = FRIDAY if day.weekday() == _FRIDAY_NUMBER else WEEKDAY
    return (
        datetime.combine(day, opens, TEHRAN).astimezone(UTC),
        datetime.combine(day, closes, TEHRAN).astimezone(UTC),
    )
