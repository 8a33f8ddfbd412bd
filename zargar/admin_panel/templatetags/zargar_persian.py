"""Filters that write values for Persian readers; each answers «ناموجود» for a value that is not there.

`|jdate` a date or an aware moment in the Jalali calendar and Tehran time, `|jlong` a date in words, `|jtime` the time
of day, `|fa` digits, `|toman` an amount, `|ago:now` the age of a moment, `|span` a length of time, `|word:"state"` a
stored word, `|cadence` a schedule.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django import template

from zargar import persian
from zargar.admin_panel import cadences, words
from zargar.calendars import jalali
from zargar.clock import TEHRAN
from zargar.persian import UNKNOWN
from zargar.schedules.cadence import Cron, Every

register = template.Library()


@register.filter
def jdate(value: date | datetime | None) -> str:
    """Write `۱۴۰۵/۰۹/۰۱`, and for a moment the time of day with it."""
    if value is None:
        return UNKNOWN
    return jalali.write_moment(value) if isinstance(value, datetime) else jalali.write_date(value)


@register.filter
def jlong(value: datetime | None) -> str:
    """Write the day of a moment, in Tehran, as `یکشنبه ۱ آذر ۱۴۰۵`."""
    return UNKNOWN if value is None else jalali.write_long(value.astimezone(TEHRAN).date())


@register.filter
def jtime(value: datetime | None) -> str:
    """Write the time of day of a moment, in Tehran."""
    return UNKNOWN if value is None else jalali.write_time(value)


@register.filter
def fa(value: object) -> str:
    """Write a number with separators, or the digits of a text, in Persian."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return persian.number(value)
    return persian.digits(value)


@register.filter
def toman(value: Decimal | int | None) -> str:
    """Write an amount in whole Toman, without the unit."""
    return UNKNOWN if value is None else persian.toman(value)


@register.filter
def ago(value: datetime | None, now: datetime) -> str:
    """Write how long before `now` a moment was."""
    return UNKNOWN if value is None else persian.ago(now - value)


@register.filter
def span(value: timedelta | None) -> str:
    """Write a length of time in its largest unit."""
    return UNKNOWN if value is None else persian.span(value)


@register.filter
def word(value: str | None, table: str) -> str:
    """Write a stored word of a table (`state`, `reason`, `task`, `entry`) in Persian."""
    return words.word(value, table) if value else UNKNOWN


@register.filter
def cadence(value: Cron | Every) -> str:
    """Write when an entry is due."""
    return cadences.in_persian(value)
