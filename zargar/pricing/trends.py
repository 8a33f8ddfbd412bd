"""Trend and volatility, from bars of days alone. Pure; decimals throughout, and None where history does not reach.

A change is from close to close, in per mille with its sign. Volatility is the sample standard deviation of the daily
log returns, ln(close / close of the day before), in per mille of a day and not annualised. Both are rounded to a
hundredth at the end, half to even. Over a missing day there is no daily return, and none is made up: a change over
three days is not a day's.

Each says how many of the days that it stands on were back-filled, since boards disagree among each other by several
per mille, and so by as much a history may step where its source changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from itertools import pairwise
from typing import Final

from zargar.pricing.bars import Bar, Provenance
from zargar.pricing.quotes import Toman

LONGEST_REACH_BACK: Final = timedelta(days=3)
"""How much older than its range the close may be with which a trend begins: a few days without a price are bridged."""

FEWEST_RETURNS: Final = 10
"""Daily returns below which a standard deviation is not stated: its own error is then more than a fifth of it."""

_PRECISION: Final = 34
_HUNDREDTH: Final = Decimal("0.01")
_PER_MILLE: Final = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The change from the close of one day to that of another, `days` later as it was asked for."""

    days: int
    base: date
    base_close: Toman
    per_mille: Decimal
    backfilled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatility:
    """The standard deviation of the daily log returns in the last `days` days, of which `returns` could be computed.

    `backfilled` says how many of the days were back-filled.
    """

    days: int
    returns: int
    per_mille: Decimal
    backfilled: int


def change_per_mille(before: Decimal, after: Decimal) -> Decimal:
    """Return by how many per mille a price moved, with its sign, to a hundredth."""
    with localcontext(prec=_PRECISION):
        return ((after - before) * _PER_MILLE / before).quantize(_HUNDREDTH, ROUND_HALF_EVEN)


def trend(days: Sequence[Bar], *, over: int) -> Trend | None:
    """Return the change of the newest day's close over so many days; `days` are bars of days in order of time.

    None when there is no bar, or none of that long ago: history does not reach back, or has a hole there.
    """
    if not days:
        return None
    last = days[-1]
    wanted = last.day - timedelta(days=over)
    base = next((bar for bar in reversed(days) if bar.day <= wanted), None)
    if base is None or wanted - base.day > LONGEST_REACH_BACK:
        return None
    return Trend(
        days=over, base=base.day, base_close=base.close, per_mille=change_per_mille(base.close, last.close),
        backfilled=any(bar.provenance is not Provenance.TICKS for bar in (base, last)),
    )  # fmt: skip


def volatility(days: Sequence[Bar], *, over: int) -> Volatility | None:
    """Return the volatility of the last so many days up to the newest bar; None with fewer than `FEWEST_RETURNS`."""
    recent = [bar for bar in days if bar.day >= days[-1].day - timedelta(days=over)]
    steps = [(one, other) for one, other in pairwise(recent) if other.day - one.day == timedelta(days=1)]
    if len(steps) < FEWEST_RETURNS:
        return None
    with localcontext(prec=_PRECISION):
        returns = [(other.close / one.close).ln() for one, other in steps]
        mean = sum(returns, Decimal()) / len(returns)
        variance = sum(((each - mean) ** 2 for each in returns), Decimal()) / (len(returns) - 1)
        deviation = (variance.sqrt() * _PER_MILLE).quantize(_HUNDREDTH, ROUND_HALF_EVEN)
    foreign = sum(bar.provenance is not Provenance.TICKS for bar in recent)
    return Volatility(days=over, returns=len(steps), per_mille=deviation, backfilled=foreign)
