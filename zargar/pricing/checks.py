"""What a check of the boards finds, and when it may ask them at all. Pure.

A check asks each board once beside the schedule of prices, so it has to keep the boards' pace together with it: see
`wait_until`. It judges nothing and changes no price; it says which board answers, how fast, and how far it is off. A
board that takes longer than a tick can wait is asked here alone, and what it says is kept for the ticks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from zargar.outcomes import JSON, Summary
from zargar.pricing.board import Board, Said
from zargar.pricing.politeness import LeftAlone
from zargar.pricing.ports import Asked
from zargar.pricing.quotes import Rejection, Toman

SLOWEST: Final = timedelta(minutes=2)
"""The slowest pace of a board that is checked: twice that fits between two ticks of the schedule."""

SLOW_FOR: Final = timedelta(hours=2)
"""How long ticks use what a board with patience said: one check may fail, and the union's price changes a few times a
day. Its own stamp is judged like any other."""

_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True)
class BoardCheck:
    """What came of asking one board.

    Attributes:
        answered: whether anything came back over HTTP in time, be it an error.
        readable: whether it holds the price of one gram of 750, without which a board is of no use.
        rejected: the fields that could not be read, or why there is no answer.
        latency: from asking to the whole answer, hand-shake included, or to giving up.
        price: Toman for one gram of 750, the middle of two sides; None when not readable.
        deviation: how far that is from the median of the other boards' prices, in per mille, signed; None when there is
            no other, since nothing deviates from itself.
    """

    source: str
    answered: bool
    readable: bool
    rejected: tuple[Rejection, ...]
    latency: timedelta
    price: Toman | None
    deviation: Decimal | None


def check(said: Mapping[str, Said], asked: Asked) -> tuple[BoardCheck, ...]:
    """Say of each board what its answer was worth. `said` is what each board's own reader made of `asked`."""
    prices = {name: price for name, what in said.items() if (price := _price(what)) is not None}
    return tuple(
        BoardCheck(
            source=name,
            answered=not isinstance(asked.answers[name], Rejection),
            readable=name in prices,
            rejected=what.rejections,
            latency=asked.took[name],
            price=prices.get(name),
            deviation=_deviation(name, prices),
        )
        for name, what in said.items()
    )


def wait_until(*, last: datetime | None, next_price: datetime, pace: timedelta, now: datetime) -> datetime | None:
    """Return when the boards may be asked, None for now. No board is to be asked twice within `pace`.

    `last` is when they were asked last; `next_price` the first slot of the price schedule after `now - pace`: its tick
    may be about to ask, or be asking just now without having said so, and it goes first.
    """
    moments = [moment for moment in (last, next_price) if moment is not None and abs(now - moment) < pace]
    return max(moments) + pace if moments else None


def checkable(board: Board) -> bool:
    """Say whether a check asks this board: it alone asks those with patience, of the others all that keep pace."""
    return board.patience is not None or board.at_most_every <= SLOWEST


def as_json(checks: Sequence[BoardCheck], *, left: Mapping[str, LeftAlone] | None = None) -> Summary:
    """Say it in JSON: per board, with prices and per mille as strings and latencies in whole milliseconds.

    `left_alone` holds the boards that were not asked, until when and why.
    """
    boards: dict[str, JSON] = {one.source: _one_as_json(one) for one in checks}
    alone: dict[str, JSON] = {
        name: {"cause": one.cause, "until": one.until.isoformat(), "because": one.because}
        for name, one in (left or {}).items()
    }
    return {
        "asked": len(checks),
        "answered": sum(one.answered for one in checks),
        "readable": sum(one.readable for one in checks),
        "boards": boards,
        "left_alone": alone,
    }


def _one_as_json(one: BoardCheck) -> Summary:
    rejected: list[JSON] = [{"field": each.field, "why": each.why, "detail": each.detail} for each in one.rejected]
    return {
        "answered": one.answered,
        "readable": one.readable,
        "rejected": rejected,
        "latency_ms": one.latency // timedelta(milliseconds=1),
        "toman_per_gram_18k": None if one.price is None else str(one.price.quantize(Decimal(1))),
        "deviation_per_mille": None if one.deviation is None else str(one.deviation),
    }


def _price(said: Said) -> Toman | None:
    found = [quote.toman_per_gram_18k for quote in said.quotes if quote.instrument == "gold_750"]
    return found[0] if found else None


def _deviation(source: str, prices: Mapping[str, Toman]) -> Decimal | None:
    others = [price for name, price in prices.items() if name != source]
    if source not in prices or not others:
        return None
    middle = Decimal(median(others))
    return ((prices[source] - middle) / middle * 1000).quantize(_TENTH)
