"""tala.ir: a board in Toman, as strings with thousands separators; a mesghal, a gram of 750, coins.

`gold.gold_18k.v`, `gold.gold_bazaruser.v` (mesghal) and `sekke.sekke-jad.v` (Emami); `v_fa` repeats them in Persian
digits and is not read. `m` is seconds since 1970, of the page and not of the field. Each field needs its own check: in
one recorded answer the dollar was 0, the ounce 5 % off and the official dollar years old, so that none of these is
read. `gold_24k` is of 999.9 per mille (x 1.3332) and is not read as pure gold. `gold_bazarstatus` says at 08:11 that
the bazaar is closed: that is what the calendar says, too, and no reason to doubt the number.

It shows the union's prices and is of one family with it. Recorded 2026-08-06; eight public readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer, JsonObject
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import epoch_seconds

BOARD: Final = Board(
    name="talair",
    family="union",
    url="https://www.tala.ir/ajax/price/talair",
    at_most_every=timedelta(seconds=60),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
)
REQUIRED: Final = "gold_18k"
FIELDS: Final = {
    ("gold", REQUIRED): Instrument.GOLD_750,
    ("gold", "gold_bazaruser"): Instrument.MESGHAL,
    ("sekke", "sekke-jad"): Instrument.EMAMI,
}


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote for each field that is there. Raises `BadAnswer` when `gold` itself is not as documented."""
    body = answer.json_object()
    body.child("gold")
    for (group, key), instrument in FIELDS.items():
        if key == REQUIRED or (body.given(group) and body.child(group).has(key)):
            yield _one(body.child(group), key, instrument)


def _one(group: JsonObject, key: str, instrument: Instrument) -> Quote | Rejection:
    try:
        item = group.child(key)
        price = item.positive_decimal("v", grouped=True)
        stamp = item.instant("m", epoch_seconds)
    except BadAnswer as bad:
        return bad.rejection
    return Quote.one_sided(instrument, price, BOARD.unit, source_time=stamp)
