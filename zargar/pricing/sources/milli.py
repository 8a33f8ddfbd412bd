"""Milli: one number for both sides, in hundreds of Toman per gram of 750 gold (a thousandth of a Rial price).

`data.price18` 185380 is 18,538,000 Toman: public code that divides by ten or multiplies by ten is wrong. `data.date` is
`YYYY-MM-DDTHH:MM:SS`, Tehran local time that does not say so. Its terms forbid data mining by users. Behind a challenge
page it answers 200 with HTML. Recorded 2026-08-06; nine public readers agree.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import tehran_with_t

BOARD: Final = Board(
    name="milli",
    family="milli",
    url="https://milli.gold/api/v1/public/milli-price/external",
    at_most_every=timedelta(seconds=30),
    terms=Terms.RESTRICTED,
    unit=Unit.HUNDRED_TOMAN,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`. Raises `BadAnswer` for what is not as documented."""
    data = answer.json_object().child("data")
    price = data.positive_decimal("price18")
    stamp = data.moment("date", tehran_with_t)
    yield Quote.one_sided(Instrument.GOLD_750, price, BOARD.unit, source_time=stamp)
