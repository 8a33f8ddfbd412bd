"""What a board said about a price, as values that carry their unit, and why something it said is not used.

Amounts are `Decimal`. A board's unit is declared by its source file, never guessed from a magnitude: Rial and Toman
differ by ten, and after the redenomination of the rial (law of 2025-10) a new rial is 10,000 old ones, which are 1,000
Toman, and has 100 qiran. From about 2027 on both may be quoted side by side for years, so that a number of any size is
possible in any of them. Prices are kept in Toman of today throughout.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType, Self, TypeAlias

Toman = NewType("Toman", Decimal)
Rial = NewType("Rial", Decimal)
NewRial = NewType("NewRial", Decimal)
Qiran = NewType("Qiran", Decimal)
UsDollar = NewType("UsDollar", Decimal)
Amount: TypeAlias = Toman | UsDollar
"""A price as it is kept: dollars for the ounce, Toman for everything else (see `Instrument.in_dollars`)."""

RIALS_PER_TOMAN: Final = Decimal(10)
TOMAN_PER_NEW_RIAL: Final = Decimal(1000)
"""A new rial is 10,000 old ones."""
QIRAN_PER_NEW_RIAL: Final = Decimal(100)
GRAMS_PER_MESGHAL_OF_750: Final = Decimal("4.3318")
"""A mesghal is 4.6083 g of 705 per mille: 4.6083 x 705/750 = 4.3318 g of 750. Boards divide by the rounded figure:
of 4,345 recorded pairs 90 % fit 4.3318 better than 4.331802."""


def toman_of(amount: Rial) -> Toman:
    """Turn Rial into Toman: ten Rial are one Toman."""
    return Toman(amount / RIALS_PER_TOMAN)


def rial_of(amount: Toman) -> Rial:
    """Turn Toman into Rial: one Toman is ten Rial."""
    return Rial(amount * RIALS_PER_TOMAN)


def toman_of_new_rial(amount: NewRial) -> Toman:
    """Turn new rial into Toman: one new rial is a thousand Toman."""
    return Toman(amount * TOMAN_PER_NEW_RIAL)


def new_rial_of(amount: Toman) -> NewRial:
    """Turn Toman into new rial: a thousand Toman are one new rial."""
    return NewRial(amount / TOMAN_PER_NEW_RIAL)


def toman_of_qiran(amount: Qiran) -> Toman:
    """Turn qiran into Toman: a hundred qiran are one new rial, so one qiran is ten Toman."""
    return Toman(amount * TOMAN_PER_NEW_RIAL / QIRAN_PER_NEW_RIAL)


def qiran_of(amount: Toman) -> Qiran:
    """Turn Toman into qiran: ten Toman are one qiran."""
    return Qiran(amount * QIRAN_PER_NEW_RIAL / TOMAN_PER_NEW_RIAL)


def plain(amount: Decimal) -> str:
    """Write an amount without exponent and without trailing zeros: `18611000`, `4258.49`."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Unit(StrEnum):
    """What one unit of a board's number is worth; `amount` turns the number into Toman or dollars, `number` back.

    The words are stored with each quote, so that it can be read again: adding one is fine, renaming is not.
    """

    TOMAN = "Toman"
    RIAL = "Rial"
    HUNDRED_TOMAN = "100 Toman"
    THOUSAND_TOMAN = "1000 Toman"
    TOMAN_PER_MILLIGRAM = "Toman per milligram"
    NEW_RIAL = "new rial"
    QIRAN = "qiran"
    US_DOLLAR = "US dollar"

    def amount(self, number: Decimal) -> Amount:
        """Return the number in Toman, for `US_DOLLAR` in dollars. Exact."""
        if self is Unit.US_DOLLAR:
            return UsDollar(number)
        return Toman(number * _TOMAN[self])

    def number(self, amount: Amount) -> Decimal:
        """Return the number by which this unit says an amount: the inverse of `amount`. Exact, a shift of the point."""
        return Decimal(amount) / self.amount(Decimal(1))


_TOMAN: Final = {
    Unit.TOMAN: Decimal(1),
    Unit.RIAL: toman_of(Rial(Decimal(1))),
    Unit.HUNDRED_TOMAN: Decimal(100),
    Unit.THOUSAND_TOMAN: Decimal(1000),
    Unit.TOMAN_PER_MILLIGRAM: Decimal(1000),
    Unit.NEW_RIAL: toman_of_new_rial(NewRial(Decimal(1))),
    Unit.QIRAN: toman_of_qiran(Qiran(Decimal(1))),
}
"""What one of each unit is worth in Toman: powers of ten, so that no conversion rounds."""


class Instrument(StrEnum):
    """What is priced. `gold_*` is one gram of that fineness per mille; a mesghal is 4.6083 g of 705 per mille."""

    GOLD_750 = "gold_750"
    GOLD_740 = "gold_740"
    GOLD_1000 = "gold_1000"
    MESGHAL = "mesghal"
    EMAMI = "emami"
    OUNCE = "ounce"
    USD = "usd"

    @property
    def in_dollars(self) -> bool:
        """Whether it is quoted in US dollars: the ounce is, everything else is in Toman."""
        return self is Instrument.OUNCE

    def toman_per_gram_18k(self, amount: Amount) -> Toman | None:
        """Convert a price of this into Toman for one gram of 750; None for what is not a weight of gold in Toman."""
        match self:
            case Instrument.GOLD_750:
                return Toman(Decimal(amount))
            case Instrument.GOLD_740:
                return Toman(amount * 750 / 740)
            case Instrument.GOLD_1000:
                return Toman(amount * 3 / 4)
            case Instrument.MESGHAL:
                return Toman(amount / GRAMS_PER_MESGHAL_OF_750)
            case Instrument.EMAMI | Instrument.OUNCE | Instrument.USD:
                return None


class Why(StrEnum):
    """Why something a board said is not used. The words are stored and shown: adding one is fine, renaming is not."""

    SUSPENDED = "suspended"
    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NOT_POSITIVE = "not_positive"
    NOT_A_TIME = "not_a_time"
    WRONG_TYPE = "wrong_type"
    WRONG_UNIT = "wrong_unit"
    REFUSED = "refused"
    STALE = "stale"
    FUTURE = "future"
    FROZEN = "frozen"
    FAR_FROM_OTHERS = "far_from_others"
    NOT_JSON = "not_json"
    STALE_TOKEN = "stale_token"  # noqa: S105 -- a reason, not a secret
    HTTP_STATUS = "http_status"
    REDIRECTED = "redirected"
    NOT_HTTP = "not_http"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TOO_LARGE = "too_large"
    INCONSISTENT = "inconsistent"
    PRIVATE_ADDRESS = "private_address"
    PROXY = "proxy"
    LEFT_ALONE = "left_alone"


@dataclass(frozen=True)
class Rejection:
    """Something that is not used: which field of the answer (empty: all of it), why, and what was seen (shortened)."""

    field: str
    why: Why
    detail: str = ""


class QuoteError(ValueError):
    """A quote must be positive and finite, its ask not below its bid."""


@dataclass(frozen=True)
class Quote:
    """Two sides of a price. `source_time` is the board's own clock, aware UTC; None where it has none.

    `raw` is the number as the board wrote it (`bid/ask` where they differ) and `unit` what it declares, so that a
    stored quote can be read again when a board changes its unit.
    """

    instrument: Instrument
    bid: Amount
    ask: Amount
    source_time: datetime | None
    raw: str
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse what is no price. Raises `QuoteError`."""
        if not (self.bid.is_finite() and self.ask.is_finite() and 0 < self.bid <= self.ask):
            raise QuoteError(QuoteError.__doc__)
        if self.source_time is not None and self.source_time.tzinfo is None:
            message = "source_time must be aware"
            raise QuoteError(message)

    @classmethod
    def one_sided(cls, instrument: Instrument, number: Decimal, unit: Unit, *, source_time: datetime | None) -> Self:
        """Build from a board that gives one number for both sides."""
        amount = unit.amount(number)
        return cls(instrument, amount, amount, source_time, raw=plain(number), unit=unit)

    @classmethod
    def two_sided(
        cls, instrument: Instrument, one: Decimal, other: Decimal, unit: Unit, *, source_time: datetime | None
    ) -> Self:
        """Build from two numbers; which is the ask follows from their size.

        `buy` and `sell` mean opposite things on different venues (verified on six), so names are not believed.
        """
        low, high = min(one, other), max(one, other)
        raw = plain(low) if low == high else f"{plain(low)}/{plain(high)}"
        return cls(instrument, unit.amount(low), unit.amount(high), source_time, raw=raw, unit=unit)

    @property
    def mid(self) -> Amount:
        """The middle of the two sides, in the same unit as they are."""
        middle = (self.bid + self.ask) / 2
        return UsDollar(middle) if self.instrument.in_dollars else Toman(middle)

    @property
    def toman_per_gram_18k(self) -> Toman | None:
        """The mid as Toman for one gram of 750 per mille, unrounded; None for coins, the ounce and the dollar."""
        return self.instrument.toman_per_gram_18k(self.mid)
