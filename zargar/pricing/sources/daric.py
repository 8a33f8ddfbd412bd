"""Daric: the best bid and the best offer of an order book, in Toman per gram of 750, without a clock.

The public book answers `bestBuy.price` and `bestSell.price`; the older address of its loans
(`.../User/Collateral/GetGoldlPrice`) answers `Data.BestBuyPrice` and `Data.BestSellPrice`, as strings. Either side may
be null when nobody offers: half a book has no middle, so there is no price then. It answers 403 to addresses abroad on
many days. Recorded 2026-08-06; six public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit

BOARD: Final = Board(
    name="daric",
    family="daric",
    url="https://apie.daric.gold/public/general/topprice/GOLD18TMN",
    at_most_every=timedelta(seconds=30),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`. Raises `BadAnswer` for what is not as documented, and for half a book."""
    body = answer.json_object()
    if body.has("Data"):
        data = body.child("Data")
        bid, ask = data.positive_decimal("BestBuyPrice"), data.positive_decimal("BestSellPrice")
    else:
        bid, ask = (body.child(side).positive_decimal("price") for side in ("bestBuy", "bestSell"))
    yield Quote.two_sided(Instrument.GOLD_750, bid, ask, BOARD.unit, source_time=None)
