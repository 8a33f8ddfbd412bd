"""Bonbast: a board in Toman (not Rial), behind a token that its page hands out. All numbers are strings.

First GET `/`, whose script holds `$.post('/json', {param: "<token>"`; then POST that token to `/json` with the page's
cookies. A token that is no longer good is answered with 200 and `{"rest": "1"}`. `gol18` is `mithqal` / 4.3318 by
construction; `usd1`/`usd2` and `emami1`/`emami12` are two sides, `ounce` is in US dollars. `last_modified` is UTC
without saying so (`August 06, 2026 04:46`); the Jalali parts beside it are Tehran's. It bans addresses that ask more
often than its own page does, every 30 seconds. Recorded 2026-08-06; ten public readers.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer, JsonObject
from zargar.pricing.board import Board, Handshake, Terms
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why
from zargar.pricing.stamps import english_utc

PAGE: Final = "https://bonbast.com/"
_TOKEN: Final = re.compile(r"""\$\.post\(\s*['"]/json['"]\s*,\s*\{\s*param\s*:\s*['"]([^'"]+)['"]""")


def token_form(page: Answer) -> dict[str, str]:
    """Find the token in the page. Raises `BadAnswer` when the page is none or holds no token."""
    found = _TOKEN.search(page.text())
    if found is None:
        raise BadAnswer(Why.MISSING, "param", "no token in the page")
    return {"param": found[1]}


BOARD: Final = Board(
    name="bonbast",
    family="bonbast",
    url="https://bonbast.com/json",
    at_most_every=timedelta(seconds=30),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
    handshake=Handshake(PAGE, token_form, {"Referer": PAGE, "X-Requested-With": "XMLHttpRequest"}),
)
REQUIRED: Final = "gol18"
FIELDS: Final = {
    (REQUIRED,): Instrument.GOLD_750,
    ("mithqal",): Instrument.MESGHAL,
    ("emami1", "emami12"): Instrument.EMAMI,
    ("ounce",): Instrument.OUNCE,
    ("usd1", "usd2"): Instrument.USD,
}


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote for each field that is there. Raises `BadAnswer` for what is not as documented."""
    body = answer.json_object()
    if body.has("rest"):
        yield Rejection("rest", Why.STALE_TOKEN)
        return
    stamp = body.moment("last_modified", english_utc)
    for fields, instrument in FIELDS.items():
        if REQUIRED in fields or any(body.has(field) for field in fields):
            yield _one(body, fields, instrument, stamp)


def _one(body: JsonObject, fields: tuple[str, ...], instrument: Instrument, stamp: datetime) -> Quote | Rejection:
    try:
        prices = [body.positive_decimal(field) for field in fields]
    except BadAnswer as bad:
        return bad.rejection
    unit = Unit.US_DOLLAR if instrument.in_dollars else BOARD.unit
    return Quote.two_sided(instrument, prices[0], prices[-1], unit, source_time=stamp)
