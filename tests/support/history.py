"""Ticks at moments of a test's choosing, written as the engine writes them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from zargar.clock import TEHRAN
from zargar.pricing.models import QuoteRecord, Tick, Verdict
from zargar.pricing.readings import State

SATURDAY = date(2026, 11, 14)
"""The first day of an Iranian week, 23 Aban 1405."""


def tehran(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a time of day in Tehran."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TEHRAN)


def tick(at: datetime, price: int | str | None, *, state: State = State.ACCEPTED, reason: str = "they agree") -> Tick:
    """Write one tick; `price` is its price, or its candidate when it is held."""
    amount = None if price is None else Decimal(price)
    return Tick.objects.create(
        at=at, trigger="scheduled", state=state, reason=reason, latency_ms=300, deadline_hit=False,
        toman_per_gram_18k=amount if state is State.ACCEPTED else None,
        candidate=amount if state is State.HELD else None,
    )  # fmt: skip


def quote(of: Tick, source: str, price: int | None, *, verdict: Verdict = Verdict.USED, why: str = "") -> QuoteRecord:
    """Write what a board said in a tick: a price of gold, or nothing but why it gave none."""
    amount = None if price is None else Decimal(price)
    return QuoteRecord.objects.create(
        tick=of, source=source, family=source, instrument="gold_750" if amount else "", bid=amount, ask=amount,
        verdict=verdict, why=why, changed_at=of.at if amount else None,
    )  # fmt: skip


def trading_day(day: date, level: int, *, hours: Iterable[int] = range(9, 18)) -> list[Tick]:
    """Write a day of ticks, two an hour, that walk up and down around a level."""
    return [
        tick(tehran(day, hour, minute), level + (hour * 7919 + minute * 104_729) % 20_011)
        for hour in hours
        for minute in (0, 30)
    ]


def trading_days(first: date, count: int, level: int) -> list[Tick]:
    """Write so many days, one after the other."""
    return [one for n in range(count) for one in trading_day(first + timedelta(days=n), level + n * 1000)]
