"""The schedule's cron lines as Persian sentences. Pure; only the shapes that the catalogue uses are put into words.

Libraries that describe cron lines leave half of a Persian sentence in English; an unknown shape is shown as the line.
"""

import re
from typing import Final

from zargar.persian import digits
from zargar.schedules.cadence import Cron, Every

_WEEKDAYS: Final = ("یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه")
"""By cron's number, Sunday first."""

_EVERY_MINUTES: Final = re.compile(r"\*/(\d+) (\d+)-(\d+) \* \* \*")
_HOURLY: Final = re.compile(r"(\d+) \* \* \* \*")
_AT: Final = re.compile(r"(\d+) (\d+) \* \* (\*|[0-6])")


def in_persian(cadence: Cron | Every) -> str:
    """Say when an entry is due; times are Tehran's."""
    if isinstance(cadence, Every):
        return digits(f"هر {cadence.seconds} ثانیه")
    return digits(_sentence(cadence.line))


def _sentence(line: str) -> str:
    if line == "* * * * *":
        return "هر دقیقه"
    if found := _EVERY_MINUTES.fullmatch(line):
        every, opens, last = found.groups()
        return f"هر {every} دقیقه، از ساعت {opens} تا {int(last) + 1}"
    if found := _HOURLY.fullmatch(line):
        return f"هر ساعت، دقیقه {found[1]}" if int(found[1]) else "سر هر ساعت"
    if found := _AT.fullmatch(line):
        minute, hour, weekday = found.groups()
        day = "هر روز" if weekday == "*" else f"{_WEEKDAYS[int(weekday)]}‌ها"
        return f"{day}، ساعت {hour}:{int(minute):02}"
    return line
