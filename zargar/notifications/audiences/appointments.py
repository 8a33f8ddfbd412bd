"""What is told of tomorrow's appointments. Pure; hours and days are Tehran's.

An appointment is named by its own time too: one that was moved is told again. Nothing is told after it has begun.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import jdatetime

from zargar.calendars.jalali import MONTHS, WEEKDAYS
from zargar.clock import TEHRAN
from zargar.customers.people import Booked
from zargar.notifications.audiences.reminders import Reminder
from zargar.notifications.kinds import Kind
from zargar.persian import digits, number


def tomorrow(now: datetime) -> tuple[datetime, datetime]:
    """Return when tomorrow begins and ends in Tehran, in UTC."""
    day = now.astimezone(TEHRAN).date() + timedelta(days=1)
    begins = datetime.combine(day, time(0), TEHRAN).astimezone(UTC)
    return begins, begins + timedelta(days=1)


def remind(found: Iterable[Booked]) -> Iterator[Reminder]:
    """Yield a reminder of each appointment."""
    for one in found:
        local = one.at.astimezone(TEHRAN)
        day, clock = _day(local.date()), digits(f"{local:%H:%M}")
        yield Reminder(
            event_key=f"{Kind.APPOINTMENT}:{one.id}:{one.at.astimezone(UTC):%Y%m%dT%H%M}",
            kind=Kind.APPOINTMENT,
            customer_id=one.customer_id,
            values={"day": day, "time": clock, "subject": one.subject},
            line=f"قرار {day}، ساعت {clock}",
            expires_at=one.at,
        )


def _day(day: date) -> str:
    jalali = jdatetime.date.fromgregorian(date=day)
    return f"{WEEKDAYS[day.weekday()]} {number(jalali.day)} {MONTHS[jalali.month - 1]}"
