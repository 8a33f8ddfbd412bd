"""The union of gold sellers (estjt.ir): the price that customers compare with. A page for screens, in Toman.

`<span data-field="IRG18">` holds the gram of 750 in Persian digits, `IRG17` the mesghal, `IRCNEW` the Emami coin. The
sign U+066B, a decimal point elsewhere, parts thousands here, and is a decimal point in the changes
(`data-field-delta`), which are not read; nor is `IRG24`, of 999.9 per mille, nor the ounce. A field that occurs twice
must say one thing.

`#tt-price-date` holds the Jalali day and the time in Tehran, as `1405/05/15 - 11:42` or `15 مرداد 1405 ساعت 11:42`
among other words. Without a digit in it there is no clock; with digits that are none it is refused.

The page takes 1.5 or 30 to 40 seconds to begin, alternately (measured 2026-09-28): the hourly check has that patience.
tala.ir shows the same prices and is of this family. The shape is known from public readers (eight of them), 2026-09.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Final

from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.board import Board, Terms
from zargar.pricing.figures import BadFigure, positive, shown
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why
from zargar.pricing.stamps import jalali_tehran

BOARD: Final = Board(
    name="union",
    family="union",
    url="https://www.estjt.ir/tv/",
    at_most_every=timedelta(minutes=9),
    terms=Terms.UNSTATED,
    unit=Unit.TOMAN,
    patience=timedelta(seconds=75),
)
REQUIRED: Final = "IRG18"
FIELDS: Final = {REQUIRED: Instrument.GOLD_750, "IRG17": Instrument.MESGHAL, "IRCNEW": Instrument.EMAMI}
CLOCK: Final = "tt-price-date"
_ASCII: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫٬يك", "01234567890123456789,,یک", "\u200e\u200f")
_UNIT: Final = "تومان"
_VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})


def read(answer: Answer) -> Iterator[Quote | Rejection]:
    """Read one quote for each field that is there. Raises `BadAnswer` for a page without them or a corrupt clock."""
    page = _Page()
    page.feed(answer.text())
    page.close()
    stamp = _clock(page.found.get(CLOCK, []))
    for field, instrument in FIELDS.items():
        if field == REQUIRED or field in page.found:
            yield _one(page.found.get(field, []), field, instrument, stamp)


def _one(texts: list[str], field: str, instrument: Instrument, stamp: datetime | None) -> Quote | Rejection:
    prices: set[Decimal] = set()
    for text in texts:
        try:
            prices.add(positive(text.translate(_ASCII).strip().removesuffix(_UNIT).strip(), grouped=True))
        except BadFigure as bad:
            return Rejection(field, bad.why, shown(text.strip()))
    if len(prices) != 1:
        return Rejection(field, Why.WRONG_TYPE if prices else Why.MISSING, f"{len(prices)} of them")
    return Quote.one_sided(instrument, prices.pop(), BOARD.unit, source_time=stamp)


def _clock(texts: list[str]) -> datetime | None:
    text = " ".join(texts).translate(_ASCII)
    if not re.search(r"[0-9]", text):
        return None
    try:
        return jalali_tehran(text)
    except ValueError as bad:
        raise BadAnswer(Why.NOT_A_TIME, CLOCK, shown(text.strip())) from bad


class _Page(HTMLParser):
    """Collects the text inside each element that has a `data-field` or is the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = defaultdict(list)
        self._open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("data-field") or (CLOCK if given.get("id") == CLOCK else None)
        if name is not None:
            self.found[name].append("")
        if tag not in _VOID:
            self._open.append((tag, name))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth][0] == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            if name is not None:
                self.found[name][-1] += data
