"""Bars: what a gram of 750 cost over an hour, a day or a week, in four prices. Pure; prices are exact Toman.

A bar has the first, highest, lowest and last accepted price of its span, and of each the id of the tick that showed it,
so that a figure made of bars can be followed back to a tick. Spans are Tehran's: an hour begins with its full hour
there, a day at its midnight, a week on its Saturday. They nest, so that the bar of a day's hours is the bar of its
ticks, and days and weeks outlive the ticks that they were made of.

A span in which nothing was accepted has no bar; nothing is carried over it. Whether its absence is a gap is judged
against the hours in which the market is open: see `gaps`.

`Provenance` says what a bar was made of. A day that has a bar of our own ticks is never described by another's.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final

from zargar.calendars.sessions import session_at
from zargar.clock import TEHRAN
from zargar.pricing.quotes import Toman

_DAYS_A_WEEK: Final = 7
_SATURDAY_AFTER_MONDAY: Final = 2
"""Days by which `date.weekday`, Monday first, lags behind a week that begins on Saturday."""


class Period(StrEnum):
    """How long a bar is. The words are stored."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Provenance(StrEnum):
    """What a bar was made of. The words are stored."""

    TICKS = "ticks"
    TGJU = "backfill:tgju"


class BarError(ValueError):
    """A bar's prices must be positive and its extremes enclose the others; its start is aware."""


@dataclass(frozen=True, slots=True)
class Point:
    """An accepted tick: its id, when the boards were asked (aware), and what they agreed on."""

    tick: int
    at: datetime
    price: Toman


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The ids of the ticks that showed a bar's four prices; of several with one price, the first in time."""

    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Four prices of one span, of so many ticks. `shown` is None for a bar that was not made of ticks of ours.

    Raises `BarError` for prices that cannot be a bar's.
    """

    period: Period
    start: datetime
    open: Toman
    high: Toman
    low: Toman
    close: Toman
    ticks: int
    provenance: Provenance = Provenance.TICKS
    shown: Shown | None = None

    def __post_init__(self) -> None:
        """Refuse what is no bar."""
        if not 0 < self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise BarError(BarError.__doc__)
        if self.start.tzinfo is None:
            raise BarError(BarError.__doc__)

    @property
    def end(self) -> datetime:
        """When its span ends, aware UTC; that moment itself belongs to the next."""
        return end_of(self.period, self.start)

    @property
    def day(self) -> date:
        """The day in Tehran on which it begins."""
        return self.start.astimezone(TEHRAN).date()


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch [start, end) of whole spans without a bar, in which the market was open for `open_for`."""

    start: datetime
    end: datetime
    open_for: timedelta


def start_of(period: Period, moment: datetime) -> datetime:
    """Return when the span that a moment (aware) lies in began, aware UTC."""
    local = moment.astimezone(TEHRAN)
    if period is Period.HOUR:
        return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    day = local.date()
    if period is Period.WEEK:
        day -= timedelta(days=(day.weekday() + _SATURDAY_AFTER_MONDAY) % _DAYS_A_WEEK)
    return midnight(day)


def end_of(period: Period, start: datetime) -> datetime:
    """Return when the span that began at `start` ends, aware UTC."""
    if period is Period.HOUR:
        return start + timedelta(hours=1)
    days = 1 if period is Period.DAY else _DAYS_A_WEEK
    return midnight(start.astimezone(TEHRAN).date() + timedelta(days=days))


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Tehran, aware UTC."""
    return datetime.combine(day, time(), TEHRAN).astimezone(UTC)


def bars_of(points: Iterable[Point], period: Period) -> tuple[Bar, ...]:
    """Make the bars of accepted ticks, in order of time; the order in which the ticks are given does not matter."""
    ordered = sorted(points, key=lambda point: (point.at, point.tick))
    spans = groupby(ordered, key=lambda point: start_of(period, point.at))
    return tuple(_bar_of(period, start, list(within)) for start, within in spans)


def merge(bars: Iterable[Bar], period: Period) -> tuple[Bar, ...]:
    """Make the longer bars of shorter ones, apart for each provenance. Their periods must nest in `period`."""
    ordered = sorted(bars, key=lambda bar: (bar.provenance, bar.start))
    spans = groupby(ordered, key=lambda bar: (bar.provenance, start_of(period, bar.start)))
    made = [whole(list(within), period=period, start=start) for (_, start), within in spans]
    return tuple(sorted(made, key=lambda bar: (bar.start, bar.provenance)))


def whole(bars: Sequence[Bar], *, period: Period, start: datetime) -> Bar:
    """Make one bar of some in order of time, at least one. It is of ticks if all of them are.

    Of bars with and without ticks of ours, nothing is said about which tick showed a price.
    """
    first, last = bars[0], bars[-1]
    high = max(bars, key=lambda bar: bar.high)  # of equals the first
    low = min(bars, key=lambda bar: bar.low)
    shown = None
    if first.shown and last.shown and high.shown and low.shown and all(bar.shown for bar in bars):
        shown = Shown(open=first.shown.open, high=high.shown.high, low=low.shown.low, close=last.shown.close)
    foreign = [bar.provenance for bar in bars if bar.provenance is not Provenance.TICKS]
    return Bar(
        period=period, start=start, open=first.open, high=high.high, low=low.low, close=last.close,
        ticks=sum(bar.ticks for bar in bars), provenance=foreign[0] if foreign else Provenance.TICKS, shown=shown,
    )  # fmt: skip


def chosen(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Return one bar for each span, in order of time: that of our own ticks, or else the back-filled one."""
    found: dict[datetime, Bar] = {}
    for bar in bars:
        known = found.get(bar.start)
        if known is None or known.provenance is not Provenance.TICKS:
            found[bar.start] = bar
    return tuple(found[start] for start in sorted(found))


def gaps(
    bars: Iterable[Bar], period: Period, *, since: datetime, until: datetime, closed: Container[date] = frozenset()
) -> tuple[Gap, ...]:
    """Name the stretches of [since, until) without a bar in which the market was open; neighbours are one gap.

    `closed` holds the holidays of Tehran's calendar, on which it is open for as long as on a Friday. A closed night is
    no gap, and none lies between the gaps on both sides of it: it belongs to the stretch.
    """
    there = {bar.start for bar in bars}
    found: list[Gap] = []
    joined = False
    start = start_of(period, since)
    while start < until:
        end = end_of(period, start)
        open_for = open_time(max(start, since), min(end, until), closed=closed)
        if start in there:
            joined = False
        elif open_for:
            own = Gap(max(start, since), min(end, until), open_for)
            found[-1:] = [_join(found[-1], own)] if joined else [*found[-1:], own]
            joined = True
        start = end
    return tuple(found)


def open_time(start: datetime, end: datetime, *, closed: Container[date] = frozenset()) -> timedelta:
    """Return for how long the market is open in [start, end); `closed` as for `gaps`."""
    total = timedelta()
    day = start.astimezone(TEHRAN).date()
    while midnight(day) < end:
        session = session_at(midnight(day + timedelta(days=1)) - timedelta(microseconds=1), closed=closed)
        if session.opened_at >= midnight(day):  # else the day had none, and this is an earlier one's
            total += max(min(session.closes_at, end) - max(session.opened_at, start), timedelta())
        day += timedelta(days=1)
    return total


def _bar_of(period: Period, start: datetime, points: Sequence[Point]) -> Bar:
    high = max(points, key=lambda point: point.price)
    low = min(points, key=lambda point: point.price)
    first, last = points[0], points[-1]
    return Bar(
        period=period, start=start, open=first.price, high=high.price, low=low.price, close=last.price,
        ticks=len(points), shown=Shown(open=first.tick, high=high.tick, low=low.tick, close=last.tick),
    )  # fmt: skip


def _join(one: Gap, other: Gap) -> Gap:
    return Gap(one.start, other.end, one.open_for + other.open_for)
