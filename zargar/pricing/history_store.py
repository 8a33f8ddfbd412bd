"""The SQL of history: bars rolled up from ticks, set-based, and those read back or back-filled.

Note [Rolled up to]
-------------------
Ticks are written under the judge's lock (`store`, Note [One judge at a time]), so that their ids become visible in
order: whoever sees an id sees all below it. The greatest id that is in a bar of an hour is therefore how far history
has come. What lies above it names the hours to make anew, whatever moment its ticks are of: a late tick corrects its
bar. Hours are made of ticks, days of hours and weeks of days, so that retention, which takes ticks and never bars,
takes nothing from a day or a week; and a bar is only ever replaced by one of more ticks.

The clock of the spans is PostgreSQL's `Asia/Tehran`; tests compare with `bars`, which has Python's.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from zargar.audit import operations as audit
from zargar.outcomes import Summary
from zargar.pricing.bars import Bar, Period, Point, Provenance, Shown
from zargar.pricing.models import BarRecord
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State

LOCK_OF_HISTORY: Final = 0x5A41_5250_5248  # "ZARPRH"

_UPSERT: Final = """
    INSERT INTO pricing_bar (period, start, provenance, open, high, low, close, ticks,
                             open_tick, high_tick, low_tick, close_tick, newest_tick, made_at)
    {select}
    ON CONFLICT (period, start, provenance) DO UPDATE SET
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        ticks = excluded.ticks, open_tick = excluded.open_tick, high_tick = excluded.high_tick,
        low_tick = excluded.low_tick, close_tick = excluded.close_tick, newest_tick = excluded.newest_tick,
        made_at = excluded.made_at
    WHERE excluded.ticks > pricing_bar.ticks
    RETURNING start
"""

_HOURS: Final = _UPSERT.format(
    select="""
    SELECT 'hour', touched.start, 'ticks', made.*, %(now)s
    FROM (
        SELECT DISTINCT date_trunc('hour', at, 'Asia/Tehran') AS start FROM pricing_tick
        WHERE state = 'accepted' AND id > coalesce(
            (SELECT newest_tick FROM pricing_bar ORDER BY newest_tick DESC NULLS LAST LIMIT 1), 0)
    ) AS touched
    CROSS JOIN LATERAL (
        SELECT (array_agg(price ORDER BY at, id))[1], max(price), min(price),
               (array_agg(price ORDER BY at DESC, id DESC))[1], count(*),
               (array_agg(id ORDER BY at, id))[1], (array_agg(id ORDER BY price DESC, at, id))[1],
               (array_agg(id ORDER BY price, at, id))[1], (array_agg(id ORDER BY at DESC, id DESC))[1], max(id)
        FROM (SELECT id, at, toman_per_gram_18k AS price FROM pricing_tick
              WHERE state = 'accepted' AND at >= touched.start AND at < touched.start + interval '1 hour') AS tick
    ) AS made
    """
)
"""For each hour one step into the index of accepted ticks; joined by its range, two years took 200 times as long."""

_LONGER: Final = _UPSERT.format(
    select="""
    SELECT %(period)s, touched.start, 'ticks', made.*, %(now)s
    FROM (
        SELECT DISTINCT date_trunc(%(period)s, shorter + %(shift)s::interval, 'Asia/Tehran') - %(shift)s::interval
               AS start
        FROM unnest(%(touched)s::timestamptz[]) AS shorter
    ) AS touched
    CROSS JOIN LATERAL (
        SELECT (array_agg(open ORDER BY start))[1], max(high), min(low), (array_agg(close ORDER BY start DESC))[1],
               sum(ticks), (array_agg(open_tick ORDER BY start))[1],
               (array_agg(high_tick ORDER BY high DESC, start))[1],
               (array_agg(low_tick ORDER BY low, start))[1], (array_agg(close_tick ORDER BY start DESC))[1],
               max(newest_tick)
        FROM pricing_bar AS bar
        WHERE bar.period = %(shorter)s AND bar.provenance = 'ticks'
          AND bar.start >= touched.start AND bar.start < touched.start + %(length)s::interval
    ) AS made
    """
)
"""PostgreSQL's week begins on Monday: two days later than Tehran's. Tehran has no daylight saving to lengthen a day."""


@contextmanager
def writing() -> Iterator[None]:
    """Hold the lock under which bars and reports are written, in one transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_HISTORY])
        yield


def roll_up(*, now: datetime) -> dict[Period, int]:
    """Write the bars of what was accepted since the last roll-up; return how many of each period were written."""
    with writing(), connection.cursor() as cursor:
        cursor.execute(_HOURS, {"now": now})
        hours = [start for (start,) in cursor.fetchall()]
        days = _lengthen(Period.DAY, of=Period.HOUR, touched=hours, now=now)
        weeks = _lengthen(Period.WEEK, of=Period.DAY, touched=days, now=now)
    return {Period.HOUR: len(hours), Period.DAY: len(days), Period.WEEK: len(weeks)}


def bars(period: Period, *, since: datetime, until: datetime) -> list[Bar]:
    """Return the bars that begin in [since, until), of every provenance, in order of time."""
    rows = BarRecord.objects.filter(period=period, start__gte=since, start__lt=until).order_by("start", "provenance")
    return [_bar(row) for row in rows]


def write_backfill(found: Sequence[Bar], *, actor: str, reason: str, now: datetime) -> int:
    """Keep back-filled bars of days, and their audit record, both or neither; return how many were new or different.

    A day that has a bar of our own ticks gets none. Raises `InvalidError` for a blank reason.
    """
    with writing():
        own = _starts(found, provenance=Provenance.TICKS)
        known = {bar.start: bar for bar in _those(found) if bar.provenance is not Provenance.TICKS}
        fresh = [bar for bar in found if bar.start not in own and known.get(bar.start) != bar]
        BarRecord.objects.bulk_create(
            [_record(bar, now=now) for bar in fresh],
            update_conflicts=True,
            unique_fields=["period", "start", "provenance"],
            update_fields=["open", "high", "low", "close", "made_at"],
        )
        after: Summary = {"days": len(fresh)}
        if fresh:
            after |= {"first": fresh[0].day.isoformat(), "last": fresh[-1].day.isoformat()}
        audit.record(actor=actor, action="price.backfill", subject="gold_750", reason=reason, after=after)
    return len(fresh)


def points(*, since: datetime, until: datetime) -> list[Point]:
    """Return the accepted ticks of [since, until), in order of time, as far as retention has left them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, at, toman_per_gram_18k FROM pricing_tick "
            "WHERE state = %s AND at >= %s AND at < %s ORDER BY at, id",
            [State.ACCEPTED.value, since, until],
        )
        return [Point(tick, at, Toman(price)) for tick, at, price in cursor.fetchall()]


def _lengthen(period: Period, *, of: Period, touched: Sequence[datetime], now: datetime) -> list[datetime]:
    if not touched:
        return []
    shift, length = ("2 days", "7 days") if period is Period.WEEK else ("0", "1 day")
    with connection.cursor() as cursor:
        cursor.execute(
            _LONGER,
            {
                "period": period.value, "shorter": of.value, "touched": list(touched), "shift": shift,
                "length": length, "now": now,
            },
        )  # fmt: skip
        return [start for (start,) in cursor.fetchall()]


def _those(found: Sequence[Bar]) -> list[Bar]:
    if not found:
        return []
    starts = [bar.start for bar in found]
    span = bars(Period.DAY, since=min(starts), until=max(bar.end for bar in found))
    return [bar for bar in span if bar.start in set(starts)]


def _starts(found: Sequence[Bar], *, provenance: Provenance) -> Collection[datetime]:
    return {bar.start for bar in _those(found) if bar.provenance is provenance}


def _record(bar: Bar, *, now: datetime) -> BarRecord:
    return BarRecord(
        period=bar.period, start=bar.start, provenance=bar.provenance, open=bar.open, high=bar.high, low=bar.low,
        close=bar.close, ticks=bar.ticks, made_at=now,
    )  # fmt: skip


def _bar(row: BarRecord) -> Bar:
    first, high, low, last = row.open_tick, row.high_tick, row.low_tick, row.close_tick
    shown = None
    if first is not None and high is not None and low is not None and last is not None:
        shown = Shown(open=first, high=high, low=low, close=last)
    return Bar(
        period=Period(row.period), start=row.start, open=Toman(row.open), high=Toman(row.high), low=Toman(row.low),
        close=Toman(row.close), ticks=row.ticks, provenance=Provenance(row.provenance), shown=shown,
    )  # fmt: skip
