"""Ecogold: two sides of a gram of 750, in Toman, as strings with eight decimals.

`data[symbol=GOLD18-IRT].{buy_price,sell_price}`; `IRT` is Toman here. `created_at` (UTC) is the clock; `valid_at`,
about two minutes later, ends the venue's offer and is not read, since the price does not become wrong with it. Each
price carries a signature that only the venue can check. Recorded 2026-08-06; two public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import iso_with_zone

BOARD: Final = Board(
    name="ecogold",
    family="ecogold",
    url="https://backend.ecogold.ir/api/prices/otc",
    at_most_every=timedelta(seconds=30),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
)
SYMBOL: Final = "GOLD18-IRT"


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`. Raises `BadAnswer` for what is not as documented."""
    row = answer.json_object().named("data", by="symbol", name=SYMBOL)
    buy, sell = row.positive_decimal("buy_price"), row.positive_decimal("sell_price")
    stamp = row.moment("created_at", iso_with_zone)
    yield Quote.two_sided(Instrument.GOLD_750, buy, sell, BOARD.unit, source_time=stamp)
