"""Talasea: one number for both sides, in Toman per milligram of 750 gold, as a decimal string.

The answer has no clock. `disableBuy` or `disableSell` means that the venue has stopped trading: its number is then what
it was, not what gold costs. `fee` is the venue's own and no part of the price. Talasea is the engine behind several
shops (SnappPay, Bale, Tara, Alibaba gold): whoever adds one of those gives it this family. Recorded 2026-08-06.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why

BOARD: Final = Board(
    name="talasea",
    family="talasea",
    url="https://api.talasea.ir/api/market/getGoldPrice",
    at_most_every=timedelta(seconds=30),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN_PER_MILLIGRAM,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`, or why there is none. Raises `BadAnswer` for what is not as documented."""
    body = answer.json_object()
    closed = [key for key in ("disableBuy", "disableSell") if body.flag(key, absent=False)]
    if closed:
        yield Rejection("price", Why.SUSPENDED, closed[0])
        return
    yield Quote.one_sided(Instrument.GOLD_750, body.positive_decimal("price"), BOARD.unit, source_time=None)
