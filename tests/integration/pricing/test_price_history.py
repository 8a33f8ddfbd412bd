"""Bars in the database are the bars of its ticks, however and whenever these came, and outlive them."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection

from tests.support.history import SATURDAY, tehran, tick, trading_days
from zargar.audit.models import AuditRecord
from zargar.calendars import operations as calendar
from zargar.calendars.closures import Closure, Kind
from zargar.core.gold_price_tasks import cleanup_gold_price_cache
from zargar.pricing import history, history_store
from zargar.pricing.bars import Period, Provenance, bars_of, midnight
from zargar.pricing.models import BarRecord, Tick
from zargar.pricing.readings import State

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
EVER = {"since": datetime(2020, 1, 1, tzinfo=UTC), "until": datetime(2030, 1, 1, tzinfo=UTC)}

pytestmark = pytest.mark.usefixtures("database")


def assert_bars_are_those_of_the_ticks() -> None:
    """Compare what SQL made with what the pure bars make of the same ticks."""
    points = history_store.points(**EVER)
    for period in Period:
        assert tuple(history_store.bars(period, **EVER)) == bars_of(points, period)


def test_what_sql_rolls_up_is_what_the_pure_bars_make_of_the_same_ticks() -> None:
    chance = random.Random(1405)  # noqa: S311 -- prices of a test
    start = tehran(SATURDAY, 0)
    for _ in range(400):
        at = start + timedelta(seconds=chance.randrange(16 * 24 * 3600))
        tick(at, chance.choice(["18500000", "18500000.5", f"{chance.randrange(18_000_000, 19_000_000)}"]))
    for at in (tehran(SATURDAY, 0), tehran(SATURDAY, 11), tehran(SATURDAY, 11)):
        tick(at, 18_000_000)
    for state in (State.HELD, State.STALE):
        tick(tehran(SATURDAY, 12), 1 if state is State.HELD else None, state=state)
    written = history.roll_up(now=NOW)
    assert_bars_are_those_of_the_ticks()
    assert written == {period.value: BarRecord.objects.filter(period=period).count() for period in Period}


def test_bars_grow_with_their_ticks_and_a_second_roll_up_writes_nothing() -> None:
    chance = random.Random(5)  # noqa: S311 -- prices of a test
    for minute in range(0, 3000, 7):
        tick(tehran(SATURDAY, 9) + timedelta(minutes=minute), chance.randrange(18_000_000, 19_000_000))
        if chance.random() < 0.1:
            history.roll_up(now=NOW)
    history.roll_up(now=NOW)
    assert_bars_are_those_of_the_ticks()
    before = list(BarRecord.objects.order_by("id").values())
    assert history.roll_up(now=NOW + timedelta(hours=1)) == {"hour": 0, "day": 0, "week": 0}
    assert list(BarRecord.objects.order_by("id").values()) == before


def test_a_late_tick_corrects_the_bars_that_it_belongs_to() -> None:
    trading_days(SATURDAY, 3, 18_500_000)
    history.roll_up(now=NOW)
    late = tick(tehran(SATURDAY, 11, 17), 30_000_000)
    assert history.roll_up(now=NOW) == {"hour": 1, "day": 1, "week": 1}
    assert_bars_are_those_of_the_ticks()
    assert {row.high_tick for row in BarRecord.objects.filter(high=30_000_000)} == {late.pk}


def test_ticks_are_rolled_up_before_retention_takes_them_and_bars_stay_when_they_have_gone(cache_server: str) -> None:
    assert cache_server
    first = date(2020, 6, 6)  # a Saturday, older than any period of retention, when Tehran's summer was an hour ahead
    trading_days(first, 8, 7_000_000)
    expected = {period: bars_of(history_store.points(**EVER), period) for period in Period}
    summary = cleanup_gold_price_cache()
    left = Tick.objects.count()
    for _ in range(3):
        cleanup_gold_price_cache()
    tick(tehran(SATURDAY, 11), 18_500_000)
    history.roll_up(now=NOW)
    assert summary["rolled_up"] == {"hour": 72, "day": 8, "week": 2}
    assert left <= 240
    own = {
        period: tuple(bar for bar in history_store.bars(period, **EVER) if bar.day.year == 2020) for period in Period
    }
    assert own == expected


def test_a_bar_is_not_made_smaller_by_ticks_that_have_gone() -> None:
    trading_days(SATURDAY, 1, 18_500_000)
    history.roll_up(now=NOW)
    before = history_store.bars(Period.DAY, **EVER)
    Tick.objects.all().delete()
    tick(tehran(SATURDAY, 11, 5), 40_000_000)
    assert history.roll_up(now=NOW) == {"hour": 0, "day": 0, "week": 0}
    assert history_store.bars(Period.DAY, **EVER) == before


def test_roll_ups_at_the_same_time_make_the_same_bars() -> None:
    trading_days(SATURDAY, 5, 18_500_000)

    def roll_up() -> int:
        try:
            return sum(history_store.roll_up(now=NOW).values())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        written = [one.result() for one in [threads.submit(roll_up) for _ in range(4)]]
    assert sorted(written) == [0, 0, 0, BarRecord.objects.count()]
    assert_bars_are_those_of_the_ticks()


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 2},
        {"high": 0},
        {"close": 5},
        {"ticks": 0},
        {"open_tick": None},
        {"period": "year"},
        {"provenance": "me"},
    ],
)
def test_a_row_that_is_no_bar_is_refused_by_the_database(wrong: dict[str, Any]) -> None:
    fine: dict[str, Any] = {
        "period": "day", "start": midnight(SATURDAY), "provenance": "ticks", "open": 1, "high": 2, "low": 1, "close": 2,
        "ticks": 1, "open_tick": 1, "high_tick": 1, "low_tick": 1, "close_tick": 1, "newest_tick": 1, "made_at": NOW,
    }  # fmt: skip
    with pytest.raises(IntegrityError):
        BarRecord.objects.create(**{**fine, **wrong})


def test_history_shows_bars_with_their_gaps() -> None:
    trading_days(SATURDAY, 1, 18_500_000)
    trading_days(SATURDAY + timedelta(days=2), 1, 18_500_000)
    history.roll_up(now=NOW)
    since, until = history.range_of(since=SATURDAY, until=SATURDAY + timedelta(days=2))
    days = history.show(period=Period.DAY, since=since, until=until, now=NOW)
    assert [bar.day.day for bar in days.bars] == [14, 16]
    assert [gap.start for gap in days.gaps] == [midnight(SATURDAY + timedelta(days=1))]
    hours = history.show(period=Period.HOUR, since=since, until=until, now=tehran(SATURDAY, 20))
    assert [(gap.start, gap.end) for gap in hours.gaps] == [(tehran(SATURDAY, 18), tehran(SATURDAY, 20))]
    assert Provenance.TICKS in {bar.provenance for bar in hours.bars}
    assert AuditRecord.objects.count() == 0
    assert isinstance(days.bars[0].open, Decimal)


def test_the_gaps_of_a_holiday_are_judged_by_its_hours() -> None:
    trading_days(SATURDAY, 1, 18_500_000)
    history.roll_up(now=NOW)
    since, until = history.range_of(since=SATURDAY, until=SATURDAY + timedelta(days=1))
    closure = Closure(SATURDAY + timedelta(days=1), Kind.BAZAAR, "a holiday", estimated=False)
    calendar.close_day(closure=closure, actor="test", reason="the trustees decided", now=NOW)
    hours = history.show(period=Period.HOUR, since=since, until=until, now=NOW)
    assert [gap.open_for for gap in hours.gaps] == [timedelta(hours=4.5 + 10.5)]
