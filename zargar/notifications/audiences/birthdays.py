"""Who is greeted today, by the Jalali calendar. Pure.

30 Esfand follows the shop's policy (`calendars.anniversaries`). A greeting is named by the customer and the Jalali year
of the birthday, so that one that was moved to 1 Farvardin does not stand in the way of the next one, at the end of that
same year.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from zargar.calendars.anniversaries import Missing, age_on, births_of, has_birthday
from zargar.calendars.jalali import month_of
from zargar.customers.people import Born
from zargar.notifications.audiences.reminders import Reminder, end_of_day
from zargar.notifications.kinds import SPECS, Kind

OLDEST: Final = 120
"""Who would be older has a mistyped day of birth."""


def days_of_birth(today: date, *, missing: Missing) -> tuple[date, ...]:
    """Return the days on which those were born who have birthday today; the day of birth itself is no birthday."""
    return tuple(day for day in births_of(today, missing=missing, oldest=OLDEST) if day < today)


def greet(found: Iterable[Born], *, today: date, missing: Missing) -> Iterator[Reminder]:
    """Yield a greeting for each whose birthday is today."""
    for one in found:
        if one.birth_date < today and has_birthday(one.birth_date, today=today, missing=missing):
            year = month_of(one.birth_date)[0] + age_on(one.birth_date, today=today)
            yield Reminder(
                event_key=f"{Kind.BIRTHDAY}:{one.customer_id}:{year}",
                kind=Kind.BIRTHDAY,
                customer_id=one.customer_id,
                values={},
                line=SPECS[Kind.BIRTHDAY].title,
                expires_at=end_of_day(today),
            )
