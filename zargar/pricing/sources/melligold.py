"""Melligold: two sides of a gram of 750, in Toman, mostly equal (the fee is hidden elsewhere).

`data.{price_buy,price_sell}`; `data.timestamp` is seconds since 1970. Its guard (ArvanCloud) answers the first request
with 307 and a cookie `__arcsco...`, and the same request with that cookie with the price. Older addresses
(`/buying/selling/price/XAU18/`) are gone. Its terms say nothing against programs. Read 2026-08-06; six public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import epoch_seconds

BOARD: Final = Board(
    name="melligold",
    family="melligold",
    url="https://melligold.com/api/v1/exchange/buy-sell-price/?format=json",
    at_most_every=timedelta(seconds=30),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
    cookie_first=True,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`. Raises `BadAnswer` for what is not as documented."""
    data = answer.json_object().child("data")
    buy, sell = data.positive_decimal("price_buy"), data.positive_decimal("price_sell")
    stamp = data.instant("timestamp", epoch_seconds)
    yield Quote.two_sided(Instrument.GOLD_750, buy, sell, BOARD.unit, source_time=stamp)
