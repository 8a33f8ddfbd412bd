"""Technogold: two sides of a gram of 750, in Toman, without a clock.

`results.{buy_price,sell_price}`; `buy_price` is the larger one, names are not believed. `succeed` false means that the
answer is an error in spite of its status 200. Older addresses (`api.technogold.gold/level/prices`) are gone. Recorded
2026-08-06; seven public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why

BOARD: Final = Board(
    name="technogold",
    family="technogold",
    url="https://api2.technogold.gold/customer/tradeables/only-price/1",
    at_most_every=timedelta(seconds=30),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`, or why there is none. Raises `BadAnswer` for what is not as documented."""
    body = answer.json_object()
    if not body.flag("succeed", absent=True):
        yield Rejection("succeed", Why.REFUSED, "false")
        return
    sides = body.child("results")
    buy, sell = sides.positive_decimal("buy_price"), sides.positive_decimal("sell_price")
    yield Quote.two_sided(Instrument.GOLD_750, buy, sell, BOARD.unit, source_time=None)
