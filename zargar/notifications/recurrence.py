"""When a recurring message comes again: rules of the Jalali calendar, written as a person would say them. Pure.

    weekly thursday            every Thursday
    monthly 1                  the first of every Jalali month
    monthly 31 omit            the 31st; months without one are passed over (`backward`, the default: their last day,
                               `forward`: the first of the next)
    monthly last thursday      first, second, third, fourth, last
    yearly 9/30                30 Azar of every year; with `backward`, `forward` or `omit` for 12/30
    before nowruz 7            seven days before an event of the calendar (`calendars.events`); 0: on its first day

A day becomes a moment by the message's hour of Tehran.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final, TypeAlias

import jdatetime

from zargar.calendars.anniversaries import Missing, day_of_month
from zargar.calendars.events import Event, Override, occur
from zargar.calendars.jalali import YEARS, first_and_last, last_day_of
from zargar.clock import TEHRAN
from zargar.refusals import InvalidError

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""By `date.weekday()`."""
ORDINALS: Final = ("first", "second", "third", "fourth", "last")
MOST_DAYS_BEFORE: Final = 90
PREVIEWED: Final = 10
_HORIZON: Final = timedelta(days=366 * 50)
"""How far ahead a preview looks: ten times 30 Esfand, which comes every four or five years."""
_STEP: Final = timedelta(days=366)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_MONTHS: Final = 12


class RecurrenceError(InvalidError):
    """The rule is none, such as `monthly 1`, `monthly last thursday`, `weekly saturday` or `before nowruz 7`."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """On a day of every week."""

    weekday: int

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"weekly {WEEKDAYS[self.weekday]}"

    def dates(self, first: date, last: date) -> Iterator[date]:
        """Yield its days in [first, last]."""
        day = first + (self.weekday - first.weekday()) % _WEEK * _DAY
        while day <= last:
            yield day
            day += _WEEK * _DAY


@dataclass(frozen=True, slots=True)
class Monthly:
    """On a day of every Jalali month."""

    day: int
    missing: Missing

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"monthly {self.day} {self.missing}"

    def dates(self, first: date, last: date) -> Iterator[date]:
        """Yield its days in [first, last]."""
        for year, month in _months(first, last):
            if self.day <= last_day_of(year, month, longest=True):
                found = day_of_month(year, month, self.day, missing=self.missing)
            else:  # no year has this day in this month
                found = _instead(year, month, self.missing)
            if found is not None and first <= found <= last:
                yield found


@dataclass(frozen=True, slots=True)
class MonthlyWeekday:
    """On a weekday of every Jalali month, counted from its start, or the last (`ordinal` 4)."""

    ordinal: int
    weekday: int

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"monthly {ORDINALS[self.ordinal]} {WEEKDAYS[self.weekday]}"

    def dates(self, first: date, last: date) -> Iterator[date]:
        """Yield its days in [first, last]."""
        for year, month in _months(first, last):
            begins: date = jdatetime.date(year, month, 1).togregorian()
            ends = begins + (last_day_of(year, month) - 1) * _DAY
            if ORDINALS[self.ordinal] == "last":
                found = ends - (ends.weekday() - self.weekday) % _WEEK * _DAY
            else:
                found = begins + ((self.weekday - begins.weekday()) % _WEEK + self.ordinal * _WEEK) * _DAY
            if first <= found <= last:
                yield found


@dataclass(frozen=True, slots=True)
class Yearly:
    """On a day of every Jalali year."""

    month: int
    day: int
    missing: Missing

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"yearly {self.month}/{self.day} {self.missing}"

    def dates(self, first: date, last: date) -> Iterator[date]:
        """Yield its days in [first, last]."""
        for year, month in _months(first, last):
            if month == self.month:
                found = day_of_month(year, month, self.day, missing=self.missing)
                if found is not None and first <= found <= last:
                    yield found


@dataclass(frozen=True, slots=True)
class Before:
    """So many days before an event, or on its first day."""

    event: Event
    days: int

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"before {self.event} {self.days}"


Rule: TypeAlias = Weekly | Monthly | MonthlyWeekday | Yearly | Before


@dataclass(frozen=True, slots=True)
class Owed:
    """What is to be sent now, if anything, and what was missed: of several owed dates only the newest is made up."""

    run: datetime | None
    missed: tuple[datetime, ...]


def read(text: str) -> Rule:
    """Read a rule. Raises `RecurrenceError`."""
    try:
        return _read(text.casefold().split())
    except ValueError as bad:
        message = f"{text!r} is no rule: {RecurrenceError.__doc__}"
        raise RecurrenceError(message) from bad


def dates(rule: Rule, *, first: date, last: date, overrides: Iterable[Override] = ()) -> Iterator[date]:
    """Yield the days of a rule in [first, last], in order."""
    if not isinstance(rule, Before):
        yield from rule.dates(first, last)
        return
    back = rule.days * _DAY
    for one in occur(rule.event, since=first + back, until=last + back, overrides=overrides):
        if first <= one.first - back <= last:
            yield one.first - back


def moments(
    rule: Rule, at: time, *, after: datetime, until: datetime, overrides: Iterable[Override] = ()
) -> Iterator[datetime]:  # fmt: skip
    """Yield the moments (UTC) of a rule in (after, until], in order."""
    first, last = after.astimezone(TEHRAN).date(), until.astimezone(TEHRAN).date()
    for day in dates(rule, first=first, last=last, overrides=overrides):
        moment = datetime.combine(day, at, TEHRAN).astimezone(UTC)
        if after < moment <= until:
            yield moment


def preview(
    rule: Rule, at: time, *, now: datetime, overrides: Iterable[Override] = (), count: int = PREVIEWED
) -> tuple[datetime, ...]:
    """Return the next moments of a rule; fewer where the calendar of so far a year is not known, or none is named."""
    told = tuple(overrides)

    def ahead() -> Iterator[datetime]:
        since = now
        while since < now + _HORIZON:
            yield from moments(rule, at, after=since, until=since + _STEP, overrides=told)
            since += _STEP

    return tuple(islice(ahead(), count))


def owed(
    rule: Rule,
    at: time,
    *,
    seen_until: datetime,
    good_for: timedelta,
    now: datetime,
    overrides: Iterable[Override] = (),
) -> Owed:
    """Say what is owed of the dates in (seen_until, now]: the newest, unless it is no longer good either."""
    due = tuple(moments(rule, at, after=seen_until, until=now, overrides=overrides))
    if due and now < due[-1] + good_for:
        return Owed(due[-1], due[:-1])
    return Owed(None, due)


def _read(words: list[str]) -> Rule:
    match words:
        case ["weekly", weekday]:
            return Weekly(WEEKDAYS.index(weekday))
        case ["monthly", ordinal, weekday] if ordinal in ORDINALS:
            return MonthlyWeekday(ORDINALS.index(ordinal), WEEKDAYS.index(weekday))
        case ["monthly", day, *missing]:
            return Monthly(_within(day, 1, 31), _missing(missing))
        case ["yearly", day, *missing]:
            month, _, number = day.partition("/")
            found = Yearly(_within(month, 1, _MONTHS), int(number), _missing(missing))
            day_of_month(YEARS.start, found.month, found.day, missing=found.missing)  # judges the day
            return found
        case ["before", event, days]:
            return Before(Event(event), _within(days, 0, MOST_DAYS_BEFORE))
        case _:
            message = "not one of the forms"
            raise ValueError(message)


def _within(word: str, least: int, most: int) -> int:
    value = int(word)
    if not least <= value <= most:
        message = f"{value} is not from {least} to {most}"
        raise ValueError(message)
    return value


def _missing(words: list[str]) -> Missing:
    if not words:
        return Missing.BACKWARD
    (word,) = words
    return Missing(word)


def _instead(year: int, month: int, missing: Missing) -> date | None:
    """Return what stands for a day that this month has in no year."""
    if missing is Missing.OMIT:
        return None
    last: date = jdatetime.date(year, month, last_day_of(year, month)).togregorian()
    return last if missing is Missing.BACKWARD else last + _DAY


def _months(first: date, last: date) -> Iterator[tuple[int, int]]:
    """Yield the Jalali months that touch [first, last], and the one before: its missing day may be moved forward."""
    before, after = (jdatetime.date.fromgregorian(date=day) for day in (first - 31 * _DAY, last))
    for number in range(before.year * _MONTHS + before.month - 1, after.year * _MONTHS + after.month):
        year, month = divmod(number, _MONTHS)
        if year in YEARS and first_and_last(year)[0] <= last:
            yield year, month + 1
