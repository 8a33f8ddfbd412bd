"""The periods that are reported on: a Tehran day, an Iranian week, a Jalali month. Pure; moments are aware UTC.

A day is reported on in its evening, when the boards are no longer asked; a week and a month when they are over. Asked
at any other time, the answer is the newest period whose time has come, so that a slot that is caught up after midnight
still reports on the day that it was meant for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final

import jdatetime

from zargar.calendars import jalali
from zargar.clock import TEHRAN
from zargar.pricing.bars import Period, end_of, midnight, start_of

EVENING: Final = timedelta(hours=19)
"""When the report of a day is due, after its midnight in Tehran: the hour of the schedule's entry."""

MOST_OWED: Final = 8
"""Periods that one call makes up for; older ones are asked for by hand."""


class Kind(StrEnum):
    """What a report covers. The words are stored, and are the arguments of the task."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Span:
    """A period [start, end) of some kind."""

    kind: Kind
    start: datetime
    end: datetime

    @property
    def first_day(self) -> date:
        """Its first day in Tehran."""
        return self.start.astimezone(TEHRAN).date()

    @property
    def last_day(self) -> date:
        """Its last day in Tehran."""
        return self.end.astimezone(TEHRAN).date() - timedelta(days=1)


def span_of(kind: Kind, moment: datetime) -> Span:
    """Return the period of this kind that a moment lies in."""
    if kind is Kind.WEEKLY:
        start = start_of(Period.WEEK, moment)
        return Span(kind, start, end_of(Period.WEEK, start))
    day = moment.astimezone(TEHRAN).date()
    if kind is Kind.MONTHLY:
        first = day - timedelta(days=jdatetime.date.fromgregorian(date=day).day - 1)
        return Span(kind, midnight(first), midnight(jalali.add_months(first, 1)))
    return Span(kind, midnight(day), midnight(day + timedelta(days=1)))


def before(span: Span) -> Span:
    """Return the period before."""
    return span_of(span.kind, span.start - timedelta(microseconds=1))


def newest_due(kind: Kind, *, now: datetime) -> Span:
    """Return the newest period whose report's time has come."""
    if kind is Kind.DAILY:
        return span_of(kind, now - EVENING)
    return before(span_of(kind, now))


def owed(kind: Kind, *, last: datetime | None, now: datetime) -> tuple[Span, ...]:
    """Return the periods to report on now, oldest first: the newest, and those since the last report there is.

    `last` is when the newest reported period began, None when there never was one; then only the newest is owed.
    """
    newest = newest_due(kind, now=now)
    if last is None:
        return (newest,)
    missing = list(takewhile(lambda span: span.start > last, _backwards(newest)))[:MOST_OWED]
    return tuple(reversed(missing)) or (newest,)


def _backwards(span: Span) -> Iterator[Span]:
    while True:
        yield span
        span = before(span)
