"""Which days of somebody else's history are believed: one that stands alone among its neighbours is refused. Pure.

A public board's daily history holds junk: single days at ten times or a tenth of their neighbours. Of one such board
exactly three days in fifteen years lie beyond 1.6 times the median of the seven days on each side, and all three are
junk; the largest real move of a day was far below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Final

from zargar.pricing.bars import Bar
from zargar.pricing.quotes import Why, plain

NEIGHBOURS: Final = 7
"""Days on each side."""

FEWEST_NEIGHBOURS: Final = 3
"""Days, on both sides together, without which nobody can say whether a day is junk, so that it is not believed."""

FARTHEST: Final = Decimal("1.6")
"""By how many times a price may exceed the median of its neighbours' closes, or fall short of it."""


@dataclass(frozen=True, slots=True)
class RefusedDay:
    """A day that is not kept, and why, with what was seen."""

    day: date
    why: Why
    detail: str


def believed(days: Sequence[Bar]) -> tuple[tuple[Bar, ...], tuple[RefusedDay, ...]]:
    """Split bars of days into those that are believed and those that are not, both in order of time."""
    ordered = sorted(days, key=lambda bar: bar.start)
    kept: list[Bar] = []
    refused: list[RefusedDay] = []
    for place, bar in enumerate(ordered):
        around = [*ordered[max(place - NEIGHBOURS, 0) : place], *ordered[place + 1 : place + 1 + NEIGHBOURS]]
        found = _judge(bar, around)
        if found is None:
            kept.append(bar)
        else:
            refused.append(found)
    return tuple(kept), tuple(refused)


def _judge(bar: Bar, around: Sequence[Bar]) -> RefusedDay | None:
    if len(around) < FEWEST_NEIGHBOURS:
        return RefusedDay(bar.day, Why.MISSING, f"{len(around)} neighbours, {FEWEST_NEIGHBOURS} are needed to judge it")
    middle = median(other.close for other in around)
    for price in (bar.low, bar.high, bar.open, bar.close):
        if price > middle * FARTHEST or price * FARTHEST < middle:
            detail = f"{plain(price)} Toman, while its neighbours' median is {plain(middle)}"
            return RefusedDay(bar.day, Why.FAR_FROM_OTHERS, detail)
    return None
