"""Jalali days that come again each year or month, and what becomes of one that a year or month lacks. Pure.

Only a leap year has a 30 Esfand, and from Mehr on no month has a 31st. RFC 7529 names the three answers: `omit` it,
move it `backward` to the last day of the month, or `forward` to the first of the next. No custom of Iran's was found;
`backward` is the default here, since the first of Farvardin is Nowruz, when nobody reads greetings of a shop.

A birthday is kept as the Gregorian day of birth, which names its Jalali day without loss: the conversion is one to one,
so that somebody born on 30 Esfand 1403 (2025-03-20) still was. Asking whether *Gregorian* month and day agree would be
wrong by a day in every fourth year; nothing here does so.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import jdatetime

from zargar.calendars.jalali import YEARS, first_and_last, last_day_of

_ESFAND: Final = 12
_MONTHS: Final = 12
_DAY: Final = timedelta(days=1)


class Missing(StrEnum):
    """What becomes of a day in a year or month that lacks it. The words are stored."""

    BACKWARD = "backward"
    FORWARD = "forward"
    OMIT = "omit"


def day_of_month(year: int, month: int, day: int, *, missing: Missing) -> date | None:
    """Return a Jalali day of month (1 to 31); where the month is shorter, what `missing` says (None: it is left out).

    Raises `NotJalaliError` for a year that nobody means, `ValueError` for a month or day that no year has.
    """
    first_and_last(year)  # judges the year
    if not 1 <= day <= last_day_of(year, month, longest=True):
        message = f"no year has a day {day} of month {month}"
        raise ValueError(message)
    last = last_day_of(year, month)
    found: date = jdatetime.date(year, month, min(day, last)).togregorian()
    if day <= last or missing is Missing.BACKWARD:
        return found
    return found + _DAY if missing is Missing.FORWARD else None


def birthday_in(year: int, born: date, *, missing: Missing) -> date | None:
    """Return when somebody born on `born` has birthday in a Jalali year; None before birth, or where it is left out."""
    birth = jdatetime.date.fromgregorian(date=born)
    if year < birth.year:
        return None
    return day_of_month(year, birth.month, birth.day, missing=missing)


def has_birthday(born: date, *, today: date, missing: Missing) -> bool:
    """Say whether somebody has birthday today; on the day of birth itself, too.

    Forward, 30 Esfand falls on the 1 Farvardin after it, which is a year later by number.
    """
    year: int = jdatetime.date.fromgregorian(date=today).year
    candidates = (year, year - 1) if missing is Missing.FORWARD else (year,)
    return any(birthday_in(each, born, missing=missing) == today for each in candidates)


def age_on(born: date, *, today: date) -> int:
    """Return how many Jalali years old somebody is on their birthday: the difference of the years.

    A birthday that was moved forward to 1 Farvardin is still counted for the year that it belongs to.
    """
    birth = jdatetime.date.fromgregorian(date=born)
    now = jdatetime.date.fromgregorian(date=today)
    moved = (birth.month, birth.day) == (_ESFAND, 30) and (now.month, now.day) == (1, 1)
    years: int = now.year - birth.year - (1 if moved else 0)
    return years


def jalali_birthdays(today: date, *, missing: Missing) -> frozenset[tuple[int, int]]:
    """Return which (month, day) of birth have birthday today: one, two, or none.

    None: on a day that is given to others. Two: on the day that another is moved to.
    """
    jalali = jdatetime.date.fromgregorian(date=today)
    found = {(jalali.month, jalali.day)}
    lacks = last_day_of(jalali.year, _ESFAND) < last_day_of(jalali.year, _ESFAND, longest=True)
    if missing is Missing.BACKWARD and lacks and (jalali.month, jalali.day) == (_ESFAND, 29):
        found.add((_ESFAND, 30))
    before_lacks = not jdatetime.date(jalali.year - 1, 1, 1).isleap()
    if missing is Missing.FORWARD and before_lacks and (jalali.month, jalali.day) == (1, 1):
        found.add((_ESFAND, 30))
    return frozenset(found)


def births_of(today: date, *, missing: Missing, oldest: int) -> Iterator[date]:
    """Yield every Gregorian day of birth that has birthday today, up to `oldest` Jalali years back, the newest first.

    A database asks by these days themselves, so that no Jalali arithmetic has to live in it.
    """
    year: int = jdatetime.date.fromgregorian(date=today).year
    days = jalali_birthdays(today, missing=missing)
    for back in range(max(YEARS.start, year - oldest), year + 1)[::-1]:
        for month, day in sorted(days):
            if day <= last_day_of(back, month):
                born: date = jdatetime.date(back, month, day).togregorian()
                if born <= today:
                    yield born
