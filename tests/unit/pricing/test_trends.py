"""Trend and volatility come from history alone, and are not stated where it does not reach."""

import itertools
import math
import statistics
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.pricing.bars import Bar, Period, Provenance, Shown, midnight
from zargar.pricing.quotes import Toman
from zargar.pricing.trends import FEWEST_RETURNS, change_per_mille, trend, volatility

FIRST = date(2026, 10, 1)


def days(closes: Sequence[int], *, missing: frozenset[int] = frozenset(), backfilled: int = 0) -> list[Bar]:
    """Bars of one day after the other, the first so many of them back-filled, some missing."""
    return [
        Bar(
            period=Period.DAY, start=midnight(FIRST + timedelta(days=number)), open=Toman(Decimal(close)),
            high=Toman(Decimal(close)), low=Toman(Decimal(close)), close=Toman(Decimal(close)),
            ticks=0 if number < backfilled else 1,
            provenance=Provenance.TGJU if number < backfilled else Provenance.TICKS,
            shown=None if number < backfilled else Shown(open=1, high=1, low=1, close=1),
        )
        for number, close in enumerate(closes) if number not in missing
    ]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "moved"), [(1000, 1010, "10"), (1000, 985, "-15"), (3, 4, "333.33")])
def test_a_change_is_in_per_mille_with_its_sign(before: int, after: int, moved: str) -> None:
    assert change_per_mille(Decimal(before), Decimal(after)) == Decimal(moved)


def test_a_trend_goes_from_the_close_of_that_day_to_the_newest() -> None:
    found = trend(days([100, 101, 102, 103, 104, 105, 106, 110]), over=7)
    assert found is not None
    assert (found.base, found.base_close, found.per_mille, found.backfilled) == (
        FIRST,
        Decimal(100),
        Decimal(100),
        False,
    )


def test_history_that_does_not_reach_back_has_no_trend() -> None:
    assert trend(days([100] * 7), over=7) is None
    assert trend([], over=7) is None


def test_a_few_missing_days_are_bridged_and_a_hole_is_not() -> None:
    assert trend(days([100] * 12, missing=frozenset({2, 3, 4})), over=7) is not None
    assert trend(days([100] * 14, missing=frozenset({3, 4, 5, 6})), over=7) is None


def test_a_trend_says_that_it_stands_on_a_back_filled_day() -> None:
    found = trend(days([100] * 8, backfilled=1), over=7)
    assert found is not None
    assert found.backfilled


@given(closes=st.lists(st.integers(10_000_000, 30_000_000), min_size=FEWEST_RETURNS + 1, max_size=40))
def test_volatility_is_the_sample_deviation_of_daily_log_returns(closes: list[int]) -> None:
    found = volatility(days(closes), over=100)
    assert found is not None
    expected = 1000 * statistics.stdev(math.log(b / a) for a, b in itertools.pairwise(closes))
    assert float(found.per_mille) == pytest.approx(expected, abs=0.0051)
    assert found.returns == len(closes) - 1


def test_volatility_is_not_stated_below_ten_daily_returns() -> None:
    assert volatility(days([100, 101] * 5), over=30) is None
    assert volatility([], over=30) is None


def test_a_step_over_a_missing_day_is_no_daily_return() -> None:
    closes = [100, 101] * 6 + [500]
    found = volatility(days(closes, missing=frozenset({11})), over=30)
    assert found is not None
    assert (found.returns, found.per_mille < 20) == (10, True)


def test_only_the_last_days_count_and_the_back_filled_among_them_are_said() -> None:
    found = volatility(days([100, 900] * 10 + [100] * 21, backfilled=25), over=20)
    assert found is not None
    assert (found.returns, found.per_mille, found.backfilled) == (20, Decimal(0), 5)
