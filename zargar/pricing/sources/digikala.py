"""Digikala: one number for both sides, in hundreds of Toman per gram of 750 (a thousandth of a Rial price).

`gold18.price` 185946 is 18,594,600 Toman. It has no clock; `gold18.ttl` says for how many seconds a page may keep it.
Silver stands beside it. The terms, the same boilerplate as elsewhere, call prices its property and ban robots. Recorded
2026-08-06; four public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit

BOARD: Final = Board(
    name="digikala",
    family="digikala",
    url="https://api.digikala.com/non-inventory/v1/prices/",
    at_most_every=timedelta(seconds=60),
    terms=Terms.RESTRICTED,
    unit=Unit.HUNDRED_TOMAN,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`. Raises `BadAnswer` for what is not as documented."""
    price = answer.json_object().child("gold18").positive_decimal("price")
    yield Quote.one_sided(Instrument.GOLD_750, price, BOARD.unit, source_time=None)
