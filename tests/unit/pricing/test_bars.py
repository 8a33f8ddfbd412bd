"""Bars are what their ticks were, in whatever order these are given, and a bar of bars is the bar of its ticks."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.clock import TEHRAN
from zargar.pricing.bars import (
    Bar,
    BarError,
    Gap,
    Period,
    Point,
    Provenance,
    Shown,
    bars_of,
    chosen,
    end_of,
    gaps,
    merge,
    midnight,
    open_time,
    start_of,
)
from zargar.pricing.quotes import Toman

SATURDAY = date(2026, 11, 21)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def at(hour: int, minute: int = 0, *, day: date = SATURDAY) -> datetime:
    """A time of day in Tehran."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TEHRAN).astimezone(UTC)


def point(tick: int, when: datetime, price: int) -> Point:
    return Point(tick, when, Toman(Decimal(price)))


def bar(start: datetime, *prices: int, provenance: Provenance = Provenance.TICKS, period: Period = Period.DAY) -> Bar:
    first, high, low, last = (Toman(Decimal(price)) for price in prices)
    own = provenance is Provenance.TICKS
    return Bar(
        period=period, start=start, open=first, high=high, low=low, close=last, ticks=3 if own else 0,
        provenance=provenance, shown=Shown(open=1, high=2, low=3, close=4) if own else None,
    )  # fmt: skip


POINTS = st.lists(
    st.tuples(st.integers(0, 20 * 24 * 60), st.integers(1, 50)).map(
        lambda told: (midnight(SATURDAY) + told[0] * MINUTE, told[1])
    ),
    min_size=1,
    max_size=60,
).map(lambda told: [point(tick, when, price) for tick, (when, price) in enumerate(told, start=1)])


@given(points=POINTS, seed=st.integers())
def test_the_order_in_which_ticks_are_given_does_not_matter(points: list[Point], seed: int) -> None:
    shuffled = random.Random(seed).sample(points, len(points))  # noqa: S311 -- a shuffle, no secret
    for period in Period:
        assert bars_of(shuffled, period) == bars_of(points, period)


@given(points=POINTS)
def test_a_bar_of_bars_is_the_bar_of_the_ticks(points: list[Point]) -> None:
    hours = bars_of(points, Period.HOUR)
    days = merge(hours, Period.DAY)
    assert days == bars_of(points, Period.DAY)
    assert merge(days, Period.WEEK) == merge(hours, Period.WEEK) == bars_of(points, Period.WEEK)


@given(points=POINTS)
def test_every_tick_is_in_one_bar_and_every_price_of_a_bar_is_that_of_the_tick_it_names(points: list[Point]) -> None:
    by_id = {one.tick: one for one in points}
    for period in Period:
        made = bars_of(points, period)
        assert sum(one.ticks for one in made) == len(points)
        for one in made:
            assert one.shown is not None
            assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
            shown = [by_id[tick] for tick in (one.shown.open, one.shown.high, one.shown.low, one.shown.close)]
            assert [each.price for each in shown] == [one.open, one.high, one.low, one.close]
            assert all(one.start <= each.at < one.end for each in shown)


@given(points=POINTS)
def test_spans_follow_each_other_without_overlap(points: list[Point]) -> None:
    for period in Period:
        made = bars_of(points, period)
        assert all(one.end <= other.start for one, other in itertools.pairwise(made))


def test_of_several_ticks_with_the_highest_price_the_first_is_named() -> None:
    (one,) = bars_of([point(7, at(11, 5), 9), point(5, at(11, 0), 9), point(6, at(11, 10), 3)], Period.HOUR)
    assert one.shown == Shown(open=5, high=5, low=6, close=6)


def test_an_hour_begins_with_tehran_s_though_that_is_half_past_in_utc() -> None:
    assert start_of(Period.HOUR, at(11, 59)) == at(11) == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


def test_a_day_begins_at_midnight_in_tehran() -> None:
    assert start_of(Period.DAY, at(0, 1)) == datetime(2026, 11, 20, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(("day", "first"), [(SATURDAY, SATURDAY), (date(2026, 11, 27), SATURDAY)])
def test_a_week_runs_from_saturday_to_friday(day: date, first: date) -> None:
    start = start_of(Period.WEEK, at(23, 59, day=day))
    assert start == midnight(first)
    assert end_of(Period.WEEK, start) == midnight(date(2026, 11, 28))


def test_prices_that_cannot_be_a_bar_s_are_refused() -> None:
    with pytest.raises(BarError):
        bar(at(0), 10, 9, 8, 8)
    with pytest.raises(BarError):
        bar(at(0), 1, 1, 0, 1)


def test_a_day_of_our_own_ticks_hides_the_back_filled_one() -> None:
    own, told = bar(at(0), 5, 6, 4, 5), bar(at(0), 9, 9, 9, 9, provenance=Provenance.TGJU)
    earlier = bar(midnight(date(2026, 11, 20)), 9, 9, 9, 9, provenance=Provenance.TGJU)
    assert chosen([told, own, earlier]) == chosen([own, earlier, told]) == (earlier, own)


def test_bars_of_different_origin_are_not_made_into_one() -> None:
    own, told = bar(at(0), 5, 6, 4, 5), bar(midnight(date(2026, 11, 22)), 9, 9, 9, 9, provenance=Provenance.TGJU)
    assert [one.provenance for one in merge([own, told], Period.WEEK)] == [Provenance.TGJU, Provenance.TICKS]


def test_a_closed_night_is_no_gap() -> None:
    hours = [bar(at(hour), 5, 6, 4, 5, period=Period.HOUR) for hour in range(9, 23)]
    assert gaps(hours, Period.HOUR, since=midnight(SATURDAY), until=at(9, day=date(2026, 11, 22))) == ()


def test_hours_of_the_market_without_a_price_are_one_gap_and_a_closed_night_between_them_belongs_to_it() -> None:
    sunday = date(2026, 11, 22)
    hours = [bar(at(hour), 5, 6, 4, 5, period=Period.HOUR) for hour in (9, 10, 13, 14, 15, 16, 17, 18, 19, 20)]
    hours += [bar(at(hour, day=sunday), 5, 6, 4, 5, period=Period.HOUR) for hour in (10, 11)]
    found = gaps(hours, Period.HOUR, since=midnight(SATURDAY), until=at(12, day=sunday))
    assert found == (Gap(at(11), at(13), 2 * HOUR), Gap(at(21), at(10, day=sunday), 2.5 * HOUR))


def test_what_has_not_happened_yet_is_no_gap() -> None:
    assert gaps([], Period.HOUR, since=midnight(SATURDAY), until=at(9, 30)) == (Gap(at(9), at(9, 30), 30 * MINUTE),)
    assert gaps([], Period.DAY, since=midnight(SATURDAY), until=at(8)) == ()


def test_a_holiday_is_open_for_as_long_as_a_friday() -> None:
    found = gaps([], Period.DAY, since=midnight(SATURDAY), until=at(23), closed={SATURDAY})
    assert [one.open_for for one in found] == [10.5 * HOUR]
    hours = gaps([], Period.HOUR, since=midnight(SATURDAY), until=at(23), closed={SATURDAY})
    assert [one.start for one in hours] == [at(11)]


@given(start=st.integers(0, 3000), length=st.integers(0, 3000), cut=st.integers(0, 3000))
def test_the_market_s_hours_add_up_however_they_are_cut(start: int, length: int, cut: int) -> None:
    first = midnight(SATURDAY) + start * MINUTE
    last = first + length * MINUTE
    middle = min(first + cut * MINUTE, last)
    assert open_time(first, middle) + open_time(middle, last) == open_time(first, last)
    assert open_time(midnight(SATURDAY), midnight(SATURDAY + timedelta(days=7))) == 6 * 13.5 * HOUR + 10.5 * HOUR


def test_the_gaps_of_an_empty_range_hold_all_of_the_market_s_time() -> None:
    week = midnight(SATURDAY), midnight(SATURDAY + timedelta(days=7))
    for period in Period:
        found = gaps([], period, since=week[0], until=week[1])
        assert sum((one.open_for for one in found), timedelta()) == open_time(*week)
