"""What a report says about a period, composed purely of bars and of counted ticks. Prices are Toman per gram of 750.

Every figure can be followed back: the four prices name the ticks that showed them, the counts are of the ticks of
[start, through), and what was back-filled is named by its days. Where there is no price there are no figures made of
one: the report of a period without an accepted tick says so, with how often the boards were asked and what came of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from zargar.pricing.bars import Bar, Gap, Period, Provenance, Shown, whole
from zargar.pricing.karats import STANDARD, Fineness, five_karats
from zargar.pricing.periods import Span, before
from zargar.pricing.quotes import Toman
from zargar.pricing.trends import Trend, Volatility, change_per_mille, trend, volatility

TRENDS: Final = (7, 30, 90)
"""Days over which a trend is told."""

VOLATILITY_DAYS: Final = 30
REACH_BACK_DAYS: Final = max(TRENDS) + 10
"""Days of history before a period that its report looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What a board did in a period: ticks in which it was asked, gave a price of gold, and carried the decision.

    `rejected` counts by reason what was not used, the most frequent first.
    """

    source: str
    asked: int
    answered: int
    used: int
    rejected: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickFacts:
    """The ticks of a period: how many ended in each way, and why those that were not accepted did not.

    `reasons` are (state, the judge's words, how often), the most frequent first. `with_quotes` is of how many ticks it
    is still kept what each board said; `sources` are counted in those alone.
    """

    accepted: int
    held: int
    stale: int
    reasons: tuple[tuple[str, str, int], ...]
    with_quotes: int
    sources: tuple[SourceFacts, ...]

    @property
    def asked(self) -> int:
        """How many ticks there were."""
        return self.accepted + self.held + self.stale


@dataclass(frozen=True, slots=True)
class AskedGap:
    """A gap, and how many ticks fell into it: 0 when the boards were not asked, else none of them was accepted."""

    gap: Gap
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The four prices of a period, of so many ticks and of the days named in `backfilled`.

    `shown` has the ids of the ticks behind them; None where a day was back-filled.
    """

    open: Toman
    high: Toman
    low: Toman
    close: Toman
    ticks: int
    shown: Shown | None
    backfilled: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The way from the close of the period before, in per mille and in Toman, with its sign."""

    from_close: Toman
    toman: Toman
    per_mille: Decimal
    backfilled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report of `span`, of which [start, through) had passed when it was made.

    `prices` is None when nothing was accepted, and so are then `change`, `trends`, `volatility` and `karats`; each of
    these is also None where history does not reach back. `trends` is by days.
    """

    span: Span
    through: datetime
    prices: Prices | None
    change: Change | None
    trends: Mapping[int, Trend | None]
    volatility: Volatility | None
    karats: Mapping[int, Toman]
    facts: TickFacts
    gaps: tuple[AskedGap, ...] = field(default=())

    @property
    def over(self) -> bool:
        """Whether the period had ended."""
        return self.through >= self.span.end


def compose(
    span: Span, *, through: datetime, days: Sequence[Bar], facts: TickFacts, gaps: Sequence[AskedGap],
    fineness: Fineness = STANDARD,
) -> Report:  # fmt: skip
    """Compose the report of a period. `days` are the bars of days up to its end, in order of time, one for each day."""
    inside = [bar for bar in days if span.start <= bar.start < through]
    prices = _prices(inside)
    if prices is None:
        return Report(
            span=span, through=through, prices=None, change=None, trends=dict.fromkeys(TRENDS), volatility=None,
            karats={}, facts=facts, gaps=tuple(gaps),
        )  # fmt: skip
    known = [bar for bar in days if bar.start < through]
    earlier = before(span)
    return Report(
        span=span,
        through=through,
        prices=prices,
        change=_change([bar for bar in days if earlier.start <= bar.start < earlier.end], inside[-1]),
        trends={over: trend(known, over=over) for over in TRENDS},
        volatility=volatility(known, over=VOLATILITY_DAYS),
        karats=five_karats(prices.close, fineness),
        facts=facts,
        gaps=tuple(gaps),
    )


def _prices(inside: Sequence[Bar]) -> Prices | None:
    if not inside:
        return None
    bar = whole(inside, period=Period.DAY, start=inside[0].start)
    return Prices(
        open=bar.open, high=bar.high, low=bar.low, close=bar.close, ticks=bar.ticks, shown=bar.shown,
        backfilled=tuple(one.day for one in inside if one.provenance is not Provenance.TICKS),
    )  # fmt: skip


def _change(earlier: Sequence[Bar], last: Bar) -> Change | None:
    if not earlier:
        return None
    base = earlier[-1]
    return Change(
        from_close=base.close, toman=Toman(last.close - base.close), per_mille=change_per_mille(base.close, last.close),
        backfilled=any(bar.provenance is not Provenance.TICKS for bar in (base, last)),
    )  # fmt: skip
