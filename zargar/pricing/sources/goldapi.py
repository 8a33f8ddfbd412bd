"""gold-api.com: the world's price of gold without a key, one number in US dollars for a troy ounce.

`{"name", "price", "symbol": "XAU", "updatedAt": "2026-01-05T11:59:00Z", "updatedAtReadable"}`. `updatedAt` is UTC and
says so. It answers for any metal that the path names, so the symbol is read, too. Free; at least ten public readers,
2026. It is reached from abroad: from inside Iran it needs a route of its own (ZARGAR_PRICES_PROXIES).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.board import Board, Terms
from zargar.pricing.figures import shown
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why
from zargar.pricing.stamps import iso_with_zone

SYMBOL: Final = "XAU"
BOARD: Final = Board(
    name="goldapi",
    family="world",
    url=f"https://api.gold-api.com/price/{SYMBOL}",
    at_most_every=timedelta(seconds=60),
    terms=Terms.DOCUMENTED,
    unit=Unit.US_DOLLAR,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of the ounce. Raises `BadAnswer` for what is not as documented."""
    body = answer.json_object()
    if body.text("symbol") != SYMBOL:
        raise BadAnswer(Why.WRONG_UNIT, "symbol", shown(body.text("symbol")))
    price = body.positive_decimal("price")
    stamp = body.moment("updatedAt", iso_with_zone)
    yield Quote.one_sided(Instrument.OUNCE, price, BOARD.unit, source_time=stamp)
