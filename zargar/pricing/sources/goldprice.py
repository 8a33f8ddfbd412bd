"""goldprice.org: the world's price of gold as its own charts read it, in US dollars for a troy ounce.

`items[curr=USD].xauPrice`; `tsj` is when it was priced, in milliseconds since 1970 (`ts`, some seconds later, is when
the answer was made, and `date` is in words of New York). The same row holds silver and yesterday's close, which are
not read. Unofficial: it answers nobody who does not say from which page he comes. Recorded 2025-04-24, still answering
2026-09-29; at least ten public readers.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import epoch_seconds

BOARD: Final = Board(
    name="goldprice",
    family="world",
    url="https://data-asg.goldprice.org/dbXRates/USD",
    at_most_every=timedelta(seconds=60),
    terms=Terms.UNSTATED,
    unit=Unit.US_DOLLAR,
    headers={"Referer": "https://goldprice.org/"},
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of the ounce. Raises `BadAnswer` for what is not as documented."""
    body = answer.json_object()
    price = body.named("items", by="curr", name="USD").positive_decimal("xauPrice")
    stamp = body.instant("tsj", _milliseconds)
    yield Quote.one_sided(Instrument.OUNCE, price, BOARD.unit, source_time=stamp)


def _milliseconds(number: Decimal) -> datetime:
    return epoch_seconds(number / 1000)
