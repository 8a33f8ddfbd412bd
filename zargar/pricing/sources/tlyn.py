"""Tlyn (Taline): two sides of several rows, in thousands of Toman; the row `XAU` is in US dollars.

`prices[symbol=GOLD18].price.{buy,sell}` from the dealer's view, so that `sell` is the larger one; names are not
believed. Each row has its own clock, of which only `utc_timestamp` is read: the coins' `jdatetime` is corrupt (a Jalali
date converted twice, year 2647). It stands in the row's `date`. A `status` other than "enabled" means that the row is
not traded. Rows other than `GOLD18` are read where they are. The price host's robots file disallows everything, its
terms say nothing. Recorded 2026-08-06; five public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer, JsonObject
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why
from zargar.pricing.stamps import iso_with_zone

BOARD: Final = Board(
    name="tlyn",
    family="tlyn",
    url="https://price.tlyn.ir/api/v1/price",
    at_most_every=timedelta(seconds=30),
    terms=Terms.ROBOTS_DISALLOWED,
    unit=Unit.THOUSAND_TOMAN,
)
REQUIRED: Final = "GOLD18"
ROWS: Final = {
    REQUIRED: Instrument.GOLD_750,
    "GOLD_MITHQAL17": Instrument.MESGHAL,
    "SEKEH_E": Instrument.EMAMI,
    "XAU": Instrument.OUNCE,
}


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote for each row that is there. Raises `BadAnswer` when `prices` itself is not as documented."""
    body = answer.json_object()
    there = body.names("prices", by="symbol")
    for symbol, instrument in ROWS.items():
        if symbol == REQUIRED or symbol in there:
            yield _one(body, symbol, instrument)


def _one(body: JsonObject, symbol: str, instrument: Instrument) -> Quote | Rejection:
    try:
        row = body.named("prices", by="symbol", name=symbol)
        price = row.child("price")
        if row.has("status") and row.text("status") != "enabled":
            return Rejection(price.path, Why.SUSPENDED, "status")
        buy, sell = price.positive_decimal("buy"), price.positive_decimal("sell")
        clock = row.child("date") if row.has("date") else row
        stamp = clock.moment("utc_timestamp", iso_with_zone)
    except BadAnswer as bad:
        return bad.rejection
    unit = Unit.US_DOLLAR if instrument.in_dollars else BOARD.unit
    return Quote.two_sided(instrument, buy, sell, unit, source_time=stamp)
