"""BrsApi: an aggregator in Toman with a key. Each row says its unit and has its own clock.

`gold[symbol=IR_GOLD_18K].{price,unit,time_unix}`; `IR_GOLD_24K` is 750 x 4/3, `IR_GOLD_MELTED` a mesghal, and the
coins' rows are hours older than the rest. `unit` must be what is documented ("تومان", for the ounce "دلار"): a row in
another unit is refused and not converted. Without a good key it answers 200 with `{"successful": false,
"message_error": ...}`.

It does not say whose prices it repeats; until that is known it is a family of its own. Free keys allow 1,500 requests
a day. It is said to turn away clients that do not look like browsers; we say who we are. Recorded 2025-07-24; ten
readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer, JsonObject
from zargar.pricing.board import Board, Key, Terms
from zargar.pricing.figures import shown
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why
from zargar.pricing.stamps import epoch_seconds

BOARD: Final = Board(
    name="brsapi",
    family="brsapi",
    url="https://api.brsapi.ir/Market/Gold_Currency.php",
    at_most_every=timedelta(seconds=60),
    terms=Terms.CONTRACT,
    unit=Unit.TOMAN,
    key=Key("key"),
)
REQUIRED: Final = "IR_GOLD_18K"
ROWS: Final = {
    REQUIRED: Instrument.GOLD_750,
    "IR_GOLD_24K": Instrument.GOLD_1000,
    "IR_GOLD_MELTED": Instrument.MESGHAL,
    "IR_COIN_EMAMI": Instrument.EMAMI,
    "XAUUSD": Instrument.OUNCE,
}
UNITS: Final = {Unit.TOMAN: "تومان", Unit.US_DOLLAR: "دلار"}


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote for each row that is there. Raises `BadAnswer` when `gold` itself is not as documented."""
    body = answer.json_object()
    if not body.flag("successful", absent=True):
        yield Rejection("successful", Why.REFUSED, "false")
        return
    there = body.names("gold", by="symbol")
    for symbol, instrument in ROWS.items():
        if symbol == REQUIRED or symbol in there:
            yield _one(body, symbol, instrument)


def _one(body: JsonObject, symbol: str, instrument: Instrument) -> Quote | Rejection:
    unit = Unit.US_DOLLAR if instrument.in_dollars else BOARD.unit
    try:
        row = body.named("gold", by="symbol", name=symbol)
        if (said := row.text("unit").strip()) != UNITS[unit]:
            return Rejection(row.field("unit"), Why.WRONG_UNIT, shown(said))
        price = row.positive_decimal("price")
        stamp = row.instant("time_unix", epoch_seconds)
    except BadAnswer as bad:
        return bad.rejection
    return Quote.one_sided(instrument, price, unit, source_time=stamp)
