"""One tick as a trader looks at it: each venue's two sides, how far venues are apart, the mesghal and the coin. Pure.

All of it is from the quotes of that tick and its accepted price; what they do not hold is None and never filled in.

- The mesghal (4.6083 g of 705 per mille, the unit of the bazaar) is the accepted price times 4.3318, the figure that
  the boards themselves use (`quotes.GRAMS_PER_MESGHAL_OF_750`), exactly.
- The Emami coin is no weight of gold: it has a premium of its own, so it is not derived. It is the median of the
  families that quote it, where at least two agree within `Rules.unit_alarm`; there is no better measure of what coins
  may differ by than what tells a slip of a unit.
- A venue's spread is ask less bid, in per mille of the middle; a board that gives one number for both sides has none.
  Round trips seen in 2026 cost from 2 (Ecogold) to 24 per mille (Goldika).
- The spread between venues is the dearest less the cheapest of those that carried the price, in per mille of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Final

from zargar.calendars.sessions import Session
from zargar.pricing.agreement import agree
from zargar.pricing.quotes import GRAMS_PER_MESGHAL_OF_750, Instrument, Toman
from zargar.pricing.readings import State
from zargar.pricing.rules import Rules

FAMILIES_OF_COIN: Final = 2
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True)
class Shown:
    """A price of one board in a tick (Toman): its two sides, its own clock, and whether it carried the decision."""

    source: str
    family: str
    instrument: Instrument
    bid: Decimal
    ask: Decimal
    source_time: datetime | None
    used: bool
    why: str = ""

    @property
    def mid(self) -> Toman:
        """The middle of the two sides."""
        return Toman((self.bid + self.ask) / 2)


@dataclass(frozen=True)
class ShownTick:
    """A stored tick: when boards were asked, how it ended, its accepted price (None unless accepted), its quotes."""

    at: datetime
    state: State
    price: Toman | None
    quotes: Sequence[Shown]


@dataclass(frozen=True)
class Venue:
    """A board's price of one gram of 750. `spread` and `off` are per mille to a tenth, `off` signed; None: not known.

    `off` is its distance from the accepted price; `unit_suspected`: so far that its unit is doubted, not its figure.
    """

    shown: Shown
    spread: Decimal | None
    off: Decimal | None
    unit_suspected: bool


@dataclass(frozen=True)
class Coin:
    """The Emami coin: Toman for one, the families that agree on it and those that quote something else."""

    price: Toman
    families: tuple[str, ...]
    apart: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """What a tick says of the market. `between` is the spread between venues in per mille, to a tenth."""

    tick: ShownTick
    mesghal: Toman | None
    emami: Coin | None
    venues: tuple[Venue, ...]
    between: Decimal | None


def view(tick: ShownTick, *, session: Session, rules: Rules) -> View:
    """Look at a tick. `session` is the market's at that moment, by which the age of a coin's price is judged."""
    venues = tuple(
        _venue(shown, tick.price, rules)
        for shown in sorted(tick.quotes, key=lambda shown: shown.source)
        if shown.instrument is Instrument.GOLD_750
    )
    return View(
        tick=tick,
        mesghal=None if tick.price is None else Toman(tick.price * GRAMS_PER_MESGHAL_OF_750),
        emami=_emami(tick, session, rules),
        venues=venues,
        between=_between([venue.shown.mid for venue in venues if venue.shown.used], tick.price),
    )


def _venue(shown: Shown, price: Toman | None, rules: Rules) -> Venue:
    off = None if price is None else (shown.mid - price) / price
    return Venue(
        shown=shown,
        spread=None if shown.bid == shown.ask else _per_mille((shown.ask - shown.bid) / shown.mid),
        off=None if off is None else _per_mille(off),
        unit_suspected=off is not None and abs(off) > rules.unit_alarm,
    )


def _emami(tick: ShownTick, session: Session, rules: Rules) -> Coin | None:
    oldest = session.back(tick.at, rules.quiet_source_age if session.quiet else rules.source_age)
    prices: dict[str, list[Toman]] = {}
    for shown in tick.quotes:
        fresh = shown.source_time is None or oldest <= shown.source_time <= tick.at + rules.future_skew
        if shown.instrument is Instrument.EMAMI and fresh:
            prices.setdefault(shown.family, []).append(shown.mid)
    families: Mapping[str, Toman] = {family: Toman(median(said)) for family, said in prices.items()}
    agreement = agree(families, rules.unit_alarm)
    if len(agreement.together) < FAMILIES_OF_COIN:
        return None
    middle = Toman(median(agreement.together.values()))
    return Coin(middle, tuple(sorted(agreement.together)), tuple(sorted(agreement.apart)))


def _between(mids: Sequence[Toman], price: Toman | None) -> Decimal | None:
    if price is None or len(mids) < FAMILIES_OF_COIN:
        return None
    return _per_mille((max(mids) - min(mids)) / price)


def _per_mille(ratio: Decimal) -> Decimal:
    return (ratio * 1000).quantize(_TENTH)
