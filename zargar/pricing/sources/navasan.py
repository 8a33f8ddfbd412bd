"""Navasan: one number for both sides, in Toman per gram of 750, with a key. A string, in older answers an integer.

`18ayar.value`; the clock is `timestamp`, seconds since 1970 (its `date` is then a Jalali text). Answers in the shape of
its own page have no `timestamp` and seconds in `date`. Either is when it last looked, not when the price last changed:
for 683 hours of 2026 the price stood still under a clock that was never older than six minutes. A clock of
`1656484.352` has been seen, too. Coins and the melted mesghal were in thousands of Toman in 2022 and in Toman in 2026:
they are not read. A failure may be 200 with `error 789`.

The address is plain `http`: a key travels readably. Free keys allow 120 requests a month, so this board has a slow
cadence of its own. Recorded 2022 (API) and 2026-03 (page); twelve public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Key, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import epoch_seconds

BOARD: Final = Board(
    name="navasan",
    family="navasan",
    url="http://api.navasan.tech/latest/?item=18ayar",
    at_most_every=timedelta(minutes=9),
    terms=Terms.CONTRACT,
    unit=Unit.TOMAN,
    key=Key("api_key"),
)
ITEM: Final = "18ayar"


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`. Raises `BadAnswer` for what is not as documented."""
    item = answer.json_object().child(ITEM)
    price = item.positive_decimal("value")
    stamp = item.instant("timestamp" if item.has("timestamp") else "date", epoch_seconds)
    yield Quote.one_sided(Instrument.GOLD_750, price, BOARD.unit, source_time=stamp)
