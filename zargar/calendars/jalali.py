"""The Jalali (solar Hijri) calendar: reading and writing its dates, and counting its months.

Dates are kept and computed as `datetime.date`; Jalali is how people write them. Months 1 to 6 have 31 days, 7 to 11
have 30, and Esfand (12) 29, or 30 in a leap year; the arithmetic is jdatetime's. Moments are read and written in Tehran
time.
"""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final

import jdatetime

from zargar.clock import TEHRAN
from zargar.persian import digits
from zargar.refusals import InvalidError

MONTHS: Final = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
WEEKDAYS: Final = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
"""By `date.weekday()`, Monday first."""

YEARS: Final = range(1250, 1500)
"""Years that a person may mean; what lies outside is a Gregorian year or a slip of the finger."""

_MONTHS_A_YEAR: Final = 12
_WRITTEN: Final = 4096
"""Days that are remembered as they are written: reminders of a shop name the same few due days over and over."""
_LONG_MONTHS: Final = 6
_DATE: Final = re.compile(r"\s*(\d{4})\s*[/\-.]\s*(\d{1,2})\s*[/\-.]\s*(\d{1,2})\s*")
_MOMENT: Final = re.compile(rf"{_DATE.pattern}[ ،,]\s*(\d{{1,2}})\s*:\s*(\d{{2}})(?::(\d{{2}}))?\s*")


class NotJalaliError(InvalidError):
    """The text is no Jalali date such as 1405/09/01, or no moment such as 1405/09/01 17:30."""


def read_date(text: str) -> date:
    """Read `1405/09/01` or `۱۴۰۵/۹/۱` (also with - or .). Raises `NotJalaliError`."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise NotJalaliError(NotJalaliError.__doc__)
    return _gregorian(*(int(part) for part in found.groups()))


def read_moment(text: str) -> datetime:
    """Read `1405/09/01 17:30`, Tehran time, into aware UTC. Raises `NotJalaliError`."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise NotJalaliError(NotJalaliError.__doc__)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        clock = time(hour, minute, second)
    except ValueError as bad:
        raise NotJalaliError(NotJalaliError.__doc__) from bad
    return datetime.combine(_gregorian(year, month, day), clock, TEHRAN).astimezone(UTC)


@lru_cache(maxsize=_WRITTEN)
def write_date(day: date) -> str:
    """Write `۱۴۰۵/۰۹/۰۱`."""
    jalali = jdatetime.date.fromgregorian(date=day)
    return digits(f"{jalali.year:04}/{jalali.month:02}/{jalali.day:02}")


def write_moment(moment: datetime) -> str:
    """Write an aware moment in Tehran time, to the second: `۱۴۰۵/۰۹/۰۱ ۱۷:۳۰:۰۵`."""
    local = moment.astimezone(TEHRAN)
    return f"{write_date(local.date())} {write_time(moment)}"


def write_time(moment: datetime) -> str:
    """Write the time of day of an aware moment in Tehran: `۱۷:۳۰:۰۵`."""
    return digits(f"{moment.astimezone(TEHRAN):%H:%M:%S}")


def write_long(day: date) -> str:
    """Write `یکشنبه ۱ آذر ۱۴۰۵`."""
    jalali = jdatetime.date.fromgregorian(date=day)
    return digits(f"{WEEKDAYS[day.weekday()]} {jalali.day} {MONTHS[jalali.month - 1]} {jalali.year}")


def add_months(day: date, months: int) -> date:
    """Return the same day of the Jalali month `months` later; a day that this month lacks becomes its last."""
    jalali = jdatetime.date.fromgregorian(date=day)
    years, month = divmod(jalali.year * _MONTHS_A_YEAR + jalali.month - 1 + months, _MONTHS_A_YEAR)
    found: date = jdatetime.date(years, month + 1, min(jalali.day, last_day_of(years, month + 1))).togregorian()
    return found


def year_of(moment: datetime) -> int:
    """Return the Jalali year of an aware moment in Tehran."""
    year: int = jdatetime.date.fromgregorian(date=moment.astimezone(TEHRAN).date()).year
    return year


def first_and_last(year: int) -> tuple[date, date]:
    """Return the first and the last day of a Jalali year. Raises `NotJalaliError` for a year that nobody means."""
    return _gregorian(year, 1, 1), _gregorian(year, _MONTHS_A_YEAR, last_day_of(year, _MONTHS_A_YEAR))


def month_of(day: date) -> tuple[int, int]:
    """Return the Jalali year and month that a day lies in: (1405, 9)."""
    jalali = jdatetime.date.fromgregorian(date=day)
    return jalali.year, jalali.month


def last_day_of(year: int, month: int, *, longest: bool = False) -> int:
    """Return how many days a Jalali month has; with `longest`, in the longest year. `ValueError` for no month."""
    if month not in range(1, _MONTHS_A_YEAR + 1):
        message = f"a year has twelve months; got {month}"
        raise ValueError(message)
    if month < _MONTHS_A_YEAR:
        return 31 if month <= _LONG_MONTHS else 30
    return 30 if longest or jdatetime.date(year, month, 1).isleap() else 29


def _gregorian(year: int, month: int, day: int) -> date:
    if year not in YEARS:
        raise NotJalaliError(NotJalaliError.__doc__)
    try:
        found: date = jdatetime.date(year, month, day).togregorian()
    except ValueError as bad:
        raise NotJalaliError(NotJalaliError.__doc__) from bad
    return found
