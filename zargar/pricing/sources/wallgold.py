"""WallGold: one number for both sides, in Toman per gram of 750 gold, as a decimal string.

`result[symbol=GLD_18C_750TMN].marketCap.lastPrice`; `lastBuyPrice` and `lastSellPrice` equal it. The answer has no
clock. `buyStatus`/`sellStatus` other than "enable", or `IsEnableBuySide`/`IsEnableSellSide` false, mean that the
venue has stopped trading: its number is then what it was, not what gold costs. A flag that is absent says nothing.
Markets without a trade (silver since 2026-08) hold null prices. The trap in public code: `minQty` 0.007 is an amount
of gold, no scale.

The only venue with documentation for developers; 10 public readers agree on the shape. Recorded 2026-08-06.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, JsonObject
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why

BOARD: Final = Board(
    name="wallgold",
    family="wallgold",
    url="https://api.wallgold.ir/api/v1/markets",
    at_most_every=timedelta(seconds=30),
    terms=Terms.DOCUMENTED,
    unit=Unit.TOMAN,
)
SYMBOL: Final = "GLD_18C_750TMN"


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote of `gold_750`, or why there is none. Raises `BadAnswer` for what is not as documented."""
    market = answer.json_object().named("result", by="symbol", name=SYMBOL)
    cap = market.child("marketCap")
    closed = [key for key in _CLOSED_SIGNS if _says_closed(market, key)]
    if closed:
        yield Rejection(cap.field("lastPrice"), Why.SUSPENDED, closed[0])
        return
    price = cap.positive_decimal("lastPrice")
    yield Quote.one_sided(Instrument.GOLD_750, price, BOARD.unit, source_time=None)


_CLOSED_SIGNS: Final = ("buyStatus", "sellStatus", "IsEnableBuySide", "IsEnableSellSide")


def _says_closed(market: JsonObject, key: str) -> bool:
    if key.startswith("IsEnable"):
        return not market.flag(key, absent=True)
    return market.has(key) and market.text(key) != "enable"
