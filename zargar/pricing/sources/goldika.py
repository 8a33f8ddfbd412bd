"""Goldika: two sides of a gram of 750 with the venue's commission, a middle without it, and a mesghal, all in Rial.

Version 2 of its API: `data.mid_price` per gram and `data.base_price` per mesghal, of which the former is made (`base /
4.6083 x 750 / 705`). `data.old_price` repeats the same price in the shape of version 1 (`buy`, `sell`) with the only
clock, `created_at`, UTC; it belongs to the price as long as both show one `base_price`. Where it does not, or is
absent, there is the middle alone, without a clock. Version 1, where it still answers, is
`data.price.{buy,sell,createdAt}`. `buy` is the larger side; names are not believed.

A content network has served an 18 days old copy to addresses abroad, which only the clock shows. Its terms call the
price its property and ban robots. Recorded 2026-08-06; ten public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, JsonObject
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import iso_with_zone

BOARD: Final = Board(
    name="goldika",
    family="goldika",
    url="https://goldika.ir/api/v2/public/price",
    at_most_every=timedelta(seconds=30),
    terms=Terms.RESTRICTED,
    unit=Unit.RIAL,
)


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read `gold_750` and, in version 2, the mesghal. Raises `BadAnswer` for what is not as documented."""
    data = answer.json_object().child("data")
    if data.given("price"):
        yield _two_sided(data.child("price"), stamp="createdAt")
        return
    mid = data.positive_decimal("mid_price")
    base = data.positive_decimal("base_price") if data.given("base_price") else None
    older = data.child("old_price") if data.given("old_price") else None
    if older is not None and base is not None and older.positive_decimal("base_price") == base:
        gold = _two_sided(older, stamp="created_at")
    else:
        gold = Quote.one_sided(Instrument.GOLD_750, mid, BOARD.unit, source_time=None)
    yield gold
    if base is not None:
        yield Quote.one_sided(Instrument.MESGHAL, base, BOARD.unit, source_time=gold.source_time)


def _two_sided(sides: JsonObject, *, stamp: str) -> Quote:
    buy, sell = sides.positive_decimal("buy"), sides.positive_decimal("sell")
    clock = sides.moment(stamp, iso_with_zone)
    return Quote.two_sided(Instrument.GOLD_750, buy, sell, BOARD.unit, source_time=clock)
