"""The operations of history: roll ticks up into bars, show them with their gaps, and back-fill days before our own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError

from zargar.calendars import operations as calendar
from zargar.clock import TEHRAN
from zargar.outcomes import JSON, Retryable, Summary
from zargar.pricing import history_store as store
from zargar.pricing.answers import BadAnswer
from zargar.pricing.backfill import NEIGHBOURS, RefusedDay, believed
from zargar.pricing.bars import Bar, Gap, Period, chosen, gaps, merge, midnight, start_of
from zargar.pricing.ports import Boards
from zargar.pricing.quotes import Rejection, plain
from zargar.pricing.sources import tgju_history
from zargar.refusals import InvalidError, RefusedError

MOST_DAYS: Final = 5_000
"""What a back-fill asks for at most; TGJU's history began in 2011."""


BACKFILL_DEADLINE: Final = timedelta(seconds=60)
"""Nobody waits for it, and the whole history is 646 kB from an owner who is slow under load."""


class BadRangeError(InvalidError):
    """A range of history must have days in it, and a back-fill between 1 and 5,000 of them."""


class BackfillRefusedError(RefusedError):
    """Nothing was back-filled: the board may not be asked here, or what it answered cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The bars of [since, until), one for each span, and the gaps between them, both in order of time."""

    period: Period
    since: datetime
    until: datetime
    bars: tuple[Bar, ...]
    gaps: tuple[Gap, ...]


def roll_up(*, now: datetime) -> Summary:
    """Bring the bars up to the newest tick; answer how many were written. Raises `Retryable` without a database."""
    try:
        return {period.value: count for period, count in store.roll_up(now=now).items()}
    except (OperationalError, InterfaceError) as error:
        message = f"the history was not brought up to date: {type(error).__name__}"
        raise Retryable(message) from error


def show(*, period: Period, since: datetime, until: datetime, now: datetime) -> History:
    """Return the bars of the spans that begin in [since, until), and where they are missing up to `now`.

    Weeks before our own ticks are made of the days that were back-filled. It shows what was rolled up; call `roll_up`
    for the newest. Raises `BadRangeError`.
    """
    if since >= until:
        message = f"{since.isoformat()} is not before {until.isoformat()}: {BadRangeError.__doc__}"
        raise BadRangeError(message)
    first = start_of(period, since)
    found = store.bars(period, since=first, until=until)
    if period is Period.WEEK:
        days = store.bars(Period.DAY, since=first, until=until)
        found += [bar for bar in merge(chosen(days), Period.WEEK) if not bar.ticks]
    shown = chosen(found)
    return History(
        period=period, since=first, until=until, bars=shown,
        gaps=missing(shown, period, since=first, until=min(until, now)),
    )  # fmt: skip


def missing(bars: Sequence[Bar], period: Period, *, since: datetime, until: datetime) -> tuple[Gap, ...]:
    """Name the gaps of [since, until) by the hours of the market, holidays known."""
    days = (since.astimezone(TEHRAN).date(), until.astimezone(TEHRAN).date())
    closed = calendar.closed_days(since=days[0], until=days[1])
    return gaps(bars, period, since=since, until=until, closed=closed)


def days(*, since: datetime, until: datetime) -> tuple[Bar, ...]:
    """Return the bars of days that begin in [since, until), our own or else back-filled."""
    return chosen(store.bars(Period.DAY, since=since, until=until))


def backfill(
    *, boards: Boards, allowed: bool, days: int, reason: str, actor: str, deadline: timedelta, now: datetime
) -> Summary:
    """Ask TGJU once for the last so many days, and keep those before our own ticks that are believed; it is audited.

    `allowed` says whether this deployment may ask that board. Answers how many days were asked for, written and
    refused, the latter by name. Raises `BadRangeError`, `BackfillRefusedError`, `InvalidError` for a blank reason.
    """
    if not 0 < days <= MOST_DAYS:
        raise BadRangeError(BadRangeError.__doc__)
    if not allowed:
        message = "tgju is not among the boards that this deployment asks, and copying its history needs their consent"
        raise BackfillRefusedError(message)
    today = now.astimezone(TEHRAN).date()
    found, rejected = _ask(boards, rows=days + NEIGHBOURS, today=today, deadline=deadline, now=now)
    kept, refused = believed(found)
    first = today - timedelta(days=days)
    wanted = [bar for bar in kept if bar.day >= first]
    written = store.write_backfill(wanted, actor=actor, reason=reason, now=now)
    return {
        "days": days,
        "answered": len(found),
        "written": written,
        "unchanged_or_our_own": len(wanted) - written,
        "refused": [*_refused_as_json(refused, first=first), *_rejected_as_json(rejected)],
    }


def as_json(history: History) -> Summary:
    """Say it in JSON: prices are strings in Toman per gram of 750, times ISO 8601 in UTC."""
    return {
        "period": history.period.value,
        "from": history.since.isoformat(),
        "to": history.until.isoformat(),
        "bars": [bar_as_json(bar) for bar in history.bars],
        "gaps": [gap_as_json(gap) for gap in history.gaps],
    }


def bar_as_json(bar: Bar) -> Summary:
    """Say a bar in JSON; `shown` has the ids of the ticks behind its prices, null where it was back-filled."""
    shown: Summary | None = None
    if bar.shown:
        shown = {"open": bar.shown.open, "high": bar.shown.high, "low": bar.shown.low, "close": bar.shown.close}
    return {
        "start": bar.start.isoformat(),
        "open": plain(bar.open),
        "high": plain(bar.high),
        "low": plain(bar.low),
        "close": plain(bar.close),
        "ticks": bar.ticks,
        "provenance": bar.provenance.value,
        "shown": shown,
    }


def gap_as_json(gap: Gap) -> Summary:
    """Say a gap in JSON."""
    return {
        "start": gap.start.isoformat(),
        "end": gap.end.isoformat(),
        "open_seconds": int(gap.open_for.total_seconds()),
    }


def range_of(*, since: date, until: date) -> tuple[datetime, datetime]:
    """Return the moments at which a range of days in Tehran begins and, its last day included, ends."""
    return midnight(since), midnight(until + timedelta(days=1))


def _ask(
    boards: Boards, *, rows: int, today: date, deadline: timedelta, now: datetime
) -> tuple[list[Bar], list[Rejection]]:
    board = tgju_history.board(rows=rows)
    answer = boards.ask_all([board], deadline=deadline, now=now).answers[board.name]
    if isinstance(answer, Rejection):
        message = f"{board.name} did not answer: {answer.why} {answer.detail}".rstrip()
        raise BackfillRefusedError(message)
    try:
        said = list(tgju_history.read(answer, today=today))
    except BadAnswer as bad:
        message = f"{board.name} answered something else: {bad}"
        raise BackfillRefusedError(message) from bad
    return [one for one in said if isinstance(one, Bar)], [one for one in said if isinstance(one, Rejection)]


def _refused_as_json(refused: Sequence[RefusedDay], *, first: date) -> list[JSON]:
    return [
        {"day": one.day.isoformat(), "why": one.why.value, "detail": one.detail} for one in refused if one.day >= first
    ]


def _rejected_as_json(rejected: Sequence[Rejection]) -> list[JSON]:
    return [{"day": None, "why": one.why.value, "detail": f"{one.field} {one.detail}"} for one in rejected]
