"""What gold in Tehran may cost by the world's price: the ounce in dollars times the free dollar in Toman. Pure.

One gram of 750 is worth `ounce x dollar / 31.1034768 x 0.750`, and Tehran pays a premium on it that may be negative:
of 1,268 polls with all three moving, the median was -0.4 % and the extremes -4.4 and +5.1 %. So this is a band, never
a price. It is asked only where the last price says nothing: for the first price of all, and for a jump after a pause.

An ounce that stands still or a board that is years behind would make the band lie (one board said 4,046 dollars when
the ounce cost 4,260), so each of the two must be said by two that agree; with fewer there is no band, and no opinion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from zargar.calendars.world import last_world_close, world_open
from zargar.pricing.quotes import Instrument, Quote, Toman
from zargar.pricing.rules import Rules

GRAMS_PER_OUNCE: Final = Decimal("31.1034768")
FINENESS: Final = Decimal("0.750")
SAID_BY: Final = 2
"""How many must say the ounce, and how many the dollar, and agree."""


@dataclass(frozen=True)
class Band:
    """What one gram of 750 is worth by the world's price, and between which prices Tehran has ever paid for it."""

    value: Toman
    low: Toman
    high: Toman

    def holds(self, price: Toman) -> bool:
        """Say whether a price lies inside."""
        return self.low <= price <= self.high


def world_band(quotes: Sequence[Quote], *, now: datetime, rules: Rules) -> Band | None:
    """Return the band that all quotes of a tick make, or None where too few say the ounce or the dollar, or disagree.

    While the world's market is closed its last price counts; a stamp must then be of the close or later.
    """
    oldest_ounce = (now if world_open(now) else last_world_close(now)) - rules.ounce_age
    ounce = _agreed(_fresh(quotes, Instrument.OUNCE, oldest_ounce, now, rules), rules.ounce_agreement)
    dollar = _agreed(_fresh(quotes, Instrument.USD, now - rules.dollar_age, now, rules), rules.dollar_agreement)
    if ounce is None or dollar is None:
        return None
    value = ounce * dollar / GRAMS_PER_OUNCE * FINENESS
    return Band(Toman(value), Toman(value * (1 - rules.premium)), Toman(value * (1 + rules.premium)))


def _fresh(
    quotes: Sequence[Quote], instrument: Instrument, oldest: datetime, now: datetime, rules: Rules
) -> list[Decimal]:
    """Return what is said of an instrument under a stamp that is neither old nor ahead; no stamp is no proof."""
    newest = now + max(rules.future_skew, timedelta())
    return [
        Decimal(quote.mid)
        for quote in quotes
        if quote.instrument is instrument and quote.source_time is not None and oldest <= quote.source_time <= newest
    ]


def _agreed(said: Sequence[Decimal], limit: Decimal) -> Decimal | None:
    """Return the median of those near the median of all, if they are at least two and more than half."""
    if not said:
        return None
    middle = Decimal(median(said))
    near = [one for one in said if abs(one - middle) <= middle * limit]
    return Decimal(median(near)) if len(near) >= SAID_BY and 2 * len(near) > len(said) else None
