"""A day as people write it to a command: Jalali (1405/09/02) or Gregorian (2026-11-23). Pure.

Which of the two it is follows from the year: no Jalali year that anybody means is a Gregorian one (`jalali.YEARS`).
"""

import re
from datetime import date
from typing import Final

from zargar.calendars.jalali import NotJalaliError, read_date
from zargar.refusals import InvalidError

_GREGORIAN: Final = range(1900, 2122)
_DATE: Final = re.compile(r"\s*(\d{4})\s*[/\-.]\s*(\d{1,2})\s*[/\-.]\s*(\d{1,2})\s*")


class BadDayError(InvalidError):
    """A day is Jalali, such as 1405/09/02, or Gregorian, such as 2026-11-23."""


def read_day(text: str) -> date:
    """Read a day of either calendar, in Persian or Latin digits, with /, - or a point between. Raises `BadDayError`."""
    message = f"{text!r} is no day: {BadDayError.__doc__}"
    found = _DATE.fullmatch(text)
    if found is None:
        raise BadDayError(message)
    year, month, day = (int(part) for part in found.groups())
    try:
        return date(year, month, day) if year in _GREGORIAN else read_date(text)
    except (NotJalaliError, ValueError) as bad:
        raise BadDayError(message) from bad
