"""TGJU: the board that most shops look at. `current.<key>.p`, in Rial with thousands separators; `ons` is in dollars.

`ts` is Tehran local time, `YYYY-MM-DD HH:MM:SS`. `d` and `dp` are unsigned (the sign is in `dt`) and are not read. `p`
has been junk (`"-123"`), and one production host was locked out for five weeks in 2026: ask rarely.

By the board's own construction `geram24` is `geram18` x 4/3 and `mesghal` is `geram18` x 4.3318 (2,963 days), and the
740 follows too: it is one family and one opinion, of which the consensus takes `geram18`. The other keys are kept for
reports; where one is absent nothing is said (recorded answers exist with `geram18` alone), where one is bad it is
rejected.

Copying needs written consent of the owner, who sells the same data as PersianAPI. Recorded 2024-03-09; 20 public
readers.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer, JsonObject
from zargar.pricing.board import Board, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit
from zargar.pricing.stamps import tehran_with_space

BOARD: Final = Board(
    name="tgju",
    family="tgju",
    url="https://call1.tgju.org/ajax.json",
    at_most_every=timedelta(seconds=30),
    terms=Terms.CONSENT_NEEDED,
    unit=Unit.RIAL,
)
REQUIRED: Final = "geram18"
KEYS: Final = {
    REQUIRED: Instrument.GOLD_750,
    "gold_740k": Instrument.GOLD_740,
    "geram24": Instrument.GOLD_1000,
    "mesghal": Instrument.MESGHAL,
    "sekee": Instrument.EMAMI,
    "ons": Instrument.OUNCE,
    "price_dollar_rl": Instrument.USD,
}


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote for each key that is there. Raises `BadAnswer` when `current` itself is not as documented."""
    current = answer.json_object().child("current")
    for key, instrument in KEYS.items():
        if key == REQUIRED or current.has(key):
            yield _one(current, key, instrument)


def _one(current: JsonObject, key: str, instrument: Instrument) -> Quote | Rejection:
    try:
        item = current.child(key)
        price = item.positive_decimal("p", grouped=True)
        stamp = item.moment("ts", tehran_with_space)
    except BadAnswer as bad:
        return bad.rejection
    unit = Unit.US_DOLLAR if instrument.in_dollars else BOARD.unit
    return Quote.one_sided(instrument, price, unit, source_time=stamp)
